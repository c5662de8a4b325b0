#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_old_data.sh - what the first versions left goes on working. tests/old has
# it as they wrote it: account files, the texts of keyring items, notes beside the
# lock, a published token, and what was parked; the tokens and secrets in it were
# good at a tests' provider that has long ended. What cannot be fixed beforehand
# is filled in here: @PORT@ and @REDIRECT@ of today's provider, @NOW@ (a minute
# ago), @EXPIRES@ (in an hour), the same as @CLOCK@ and @UNTIL@ (milliseconds since
# the boot), and @BOOT@. All else is of another boot. A sealed copy holds the port
# too, so it is sealed here, by old/parked.c; that this is their seal is seen by
# opening one of theirs.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

OLD=$VALETKEY_SRC/tests/old
KEYRING=$VALETKEY_BUILD/tests/lib/keyring
PARKED=$VALETKEY_BUILD/tests/old/parked
FAR=1000000 # no token is good for so long

# filled FILE: its text, complete.
filled()
{
	now=$(($(date +%s) - 60))
	sed -e "s|@PORT@|$PROVIDER_PORT|; s|@REDIRECT@|$PROVIDER_REDIRECT|" \
		-e "s|@NOW@|$now|; s|@EXPIRES@|$((now + 3600))|" \
		-e "s|@CLOCK@|$clock|; s|@UNTIL@|$((clock + 3600000))|" \
		-e "s|@BOOT@|$(cat /proc/sys/kernel/random/boot_id)|" "$OLD/$1"
}

# field FILE NAME: a value of it.
field()
{
	sed -n "s/^$2=//p" "$OLD/$1"
}

# token_file FILE NAME: a file that has this value.
token_file()
{
	token_path=$VALETKEY_TEST_DIR/old.$1.${2#0.}
	(umask 077 && field "$1" "$2" >"$token_path")
	echo "$token_path"
}

id_of()
{
	field "$1.conf" id
}

# given CLIENT FILE: a grant whose tokens are in this file, as an option.
given()
{
	echo "--grant=$1,$(token_file "$2" access_token),$(token_file "$2" refresh_token)"
}

# The account as it was left; with a lock's file where there is one.
restore_account()
{
	id=$(id_of "$1")
	filled "$1.conf" >"$CONFIG/$1.conf"
	filled "$1.grant" | "$KEYRING" add grant "$id"
	filled "$1.client" | "$KEYRING" add client "$id"
	[ ! -f "$OLD/$1.lock" ] || filled "$1.lock" >"$CONFIG/.$id.lock"
}

# sealed ACCOUNT: what was parked for it.
sealed()
{
	filled "$1.parked" | "$PARKED" seal "$(token_file "$1.grant" seal)"
}

# Whether the provider has revoked the grant that waited for it.
waiting_is_sent()
{
	[ "$(provider_count '/ws/oauth/revoke client=web-client result=ok kind=refresh')" -eq 1 ]
}

# renews ACCOUNT DESCRIPTION: by one refresh, which is not refused.
renews()
{
	before=$(provider_count 'rotated=1')
	refused=$(provider_count 'result=invalid_grant')
	ok "$2" valetkey token "$1" --min-valid "$FAR"
	is "$(($(provider_count 'rotated=1') - before)) $(
		provider_count 'result=invalid_grant')" "1 $refused" \
		"$2: in one request"
}

need_keys 8000
clock=$(awk '{ printf "%d", ($1 - 60) * 1000 }' /proc/uptime)
cp "$OLD/web-secret" "$OLD/api-secret" "$VALETKEY_TEST_DIR/"
provider_start --token-length 64 \
	"$(given web-client web.grant)" "$(given native-client native.grant)" \
	"$(given web-client key.parked)" "$(given native-client file.parked)" \
	"$(given native-client flight.grant)" \
	"--grant=web-client,,$(token_file revocations.pending 0.token)" || exit 1
umask 077
for account in web native machine key file flight; do
	restore_account "$account"
done
filled revocations.pending | "$KEYRING" add pending revocations

# ---- what they sealed ----

is "$(base64 -d "$OLD/key.sealed" |
	"$PARKED" open "$(token_file key.grant seal)")" \
	"$(sed 's/@PORT@/36323/' "$OLD/key.parked")" \
	'what is sealed here is what they sealed'

# ---- nothing is asked ----

run valetkey status
is "$status" 0 'status'
is "$(printf '%s\n' "$text" | grep -cE '^(web|native|machine|key|file|flight): ')" \
	6 'status knows every account'
like "$text" 'Revocations that wait to be sent: 1' \
	'status tells of the revocation that waits'
is "$(valetkey token web)" "$(field web.grant access_token)" \
	'a stored token that is still good is given out'
filled native.cached | "$PARKED" key "valetkey:$(id_of native)"
is "$(valetkey token native)" "$(field native.grant access_token)" \
	'a published token is given out'
"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$(id_of native)"
said "$NETWORK" 'HTTP 503.*will ask again in' \
	'a provider that asked for a pause still gets it' valetkey token native
is "$(token_requests)" 0 'for all this no token was requested'

# ---- refreshes ----

: >"$CONFIG/.$(id_of native).lock"
renews native 'a public client refreshes'
ok 'the revocation that waited is sent after it' wait_until waiting_is_sent
renews native 'and once more, with what came'
renews web 'a client with a secret refreshes'
sealed key | "$PARKED" key "valetkey-parked:$(id_of key)"
renews key 'what was parked in a key is used'
sealed file | "$PARKED" file "$CONFIG/.$(id_of file).parked"
renews file 'what was parked in a file is used'
awk '{ printf "%-2980s", $0 }' "$OLD/flight.parked" |
	"$PARKED" key "valetkey-parked:$(id_of flight)"
: >"$CONFIG/.$(id_of flight).lock"
renews flight 'after a request without an answer the old one is sent once'
ok 'a machine gets a token' valetkey token machine --min-valid "$FAR"
is "$(provider_count 'grant=client_credentials.*result=ok')" 1 \
	'a machine gets a token: with its old secret'

said "$SCOPE" 'does not ask for the scope openid.*valetkey login web --add-scope openid$' \
	'without an ID token, which nobody kept then, the remedy is told' \
	valetkey token web --id-token
said "$SCOPE" 'Nobody logs in' 'a machine has none' \
	valetkey token machine --id-token
renews web 'and it refreshes as before'

# ---- where they belong ----

echo 'hosts[]=https://elsewhere.example' >>"$CONFIG/file.conf"
said "$LOGIN" 'hosts of account file has changed' \
	'what was pinned is still compared' valetkey token file --min-valid "$FAR"
filled file.conf >"$CONFIG/file.conf"
ok 'a login takes the old pins for its own' demo_login file
ok 'a login with the old secret' demo_login web

# ---- the end ----

nothing_waits()
{
	! valetkey status | grep -q 'Revocations that wait'
}

# They are sent after the answer.
ok 'no revocation waits any more' wait_until nothing_waits
revoked=$(provider_count 'result=ok kind=refresh')
ok 'logout' valetkey logout native
ok 'remove' valetkey remove key --yes
is "$(($(provider_count 'result=ok kind=refresh') - revoked))" 2 \
	'logout and remove: both are revoked'
remove web native machine file flight
is "$(items)" 0 'nothing is left in the keyring'
done_testing
