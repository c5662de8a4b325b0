#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_token.sh - what `valetkey token --format` prints, read by the programs
# that it is for.

. "$VALETKEY_SRC/tests/lib/lib.sh"

# api CURL-OPTION...: the status of a call.
api()
{
	curl -q -sS -o /dev/null -w '%{http_code}' --noproxy '*' "$@" \
		"$PROVIDER_URL/v2/organizations"
}

print()
{
	valetkey token demo --format "$@"
}

cd "$VALETKEY_TEST_DIR" && provider_start || exit
ok 'an account' demo_account demo web --host https://git.example.com:8443
ok 'logs in' demo_login demo
token=$(valetkey token demo)

is "$(print plain)" "$token" 'plain'
is "$(print bearer)" "Bearer $token" 'bearer'
is "$(print header)" "Authorization: Bearer $token" 'header'
is "$(print headers)" "{\"Authorization\":\"Bearer $token\"}" 'headers'
is "$(print header | api -H @-)" 200 'header, read by curl -H @-'
is "$(print curl | api -K -)" 200 'curl, read by curl -K -'
like "$(print json)" \
	"^\\{\"access_token\":\"$token\",\"token_type\":\"Bearer\",\"expires_at\":[0-9]+,\"expires_in\":[0-9]+,\"scope\":\"[^\"]*\",\"account\":\"demo\"\\}\$" \
	'json'
is "$(eval "$(print env)" && echo "$VALETKEY_TOKEN")" "$token" \
	'env, read by a shell'
credential='{"apiVersion":"client.authentication.k8s.io/%s","kind":"ExecCredential","status":{"expirationTimestamp":"%s","token":"%s"}}\n'
end=$(print json | sed 's/.*"expires_at":\([0-9]*\).*/\1/')

# with_end COMMAND...: END for the time when the token ends, which is a second more or
# less if the helper is asked, because the kernel has no room for the token.
with_end()
{
	"$@" | sed "$(for at in $((end - 1)) "$end" $((end + 1)); do
		date -u -d "@$at" "+s/%Y-%m-%dT%H:%M:%SZ/END/"
	done)"
}

# shellcheck disable=SC2059 # the format is ours
is "$(with_end print kubectl)" "$(printf "$credential" v1 END "$token")" \
	'kubectl'
# shellcheck disable=SC2059
is "$(KUBERNETES_EXEC_INFO='{"apiVersion":"client.authentication.k8s.io/v1beta1"}' \
	with_end print kubectl)" "$(printf "$credential" v1beta1 END "$token")" \
	'in the version that it asks for'
is "$(print netrc)" "machine 127.0.0.1 login oauth2 password $token
machine git.example.com login oauth2 password $token" \
	'netrc: the hosts of the account and no other'
is "$(print netrc --user me | sed 's/.* login \([^ ]*\).*/\1/; q')" me \
	'with another login'
print netrc >netrc-file
like "$(curl -q -sS -o /dev/null -v --noproxy '*' --netrc-file netrc-file \
	"$PROVIDER_URL/v2/organizations" 2>&1)" 'Authorization: Basic' \
	'netrc, read by curl'
is "$(print xoauth2 --user me@example.com | base64 -d | tr '\001' '|')" \
	"user=me@example.com|auth=Bearer $token||" 'xoauth2'
exits 10 'xoauth2 needs a mailbox' print xoauth2
exits 10 'one without spaces' print xoauth2 --user 'a b'
exits 10 'a format that is none' print yaml
is "$(valetkey token demo --resource "$PROVIDER_URL/v2/devices")" "$token" \
	'for a host of the account'
exits 27 'not for another' valetkey token demo --resource https://example.net/
like "$(valetkey token demo --resource https://example.net/ 2>&1)" \
	'valetkey status demo$' 'and where the hosts are is told'
valetkey remove demo --yes >/dev/null 2>&1
done_testing
