#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_docker.sh - docker-credential-valetkey: the protocol of container tools word
# for word, and skopeo, which speaks it, at a registry that takes tokens.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/fronts/fronts.sh
. "$VALETKEY_SRC/tests/fronts/fronts.sh"

NOT_FOUND='credentials not found in native keychain'

# helper VERB TEXT: as container tools call it: text, and on standard output alone.
helper()
{
	status=0
	text=$(printf %s "$2" | docker-credential-valetkey "$1" \
		2>"$VALETKEY_TEST_DIR/errors") || status=$?
}

# answers VERB TEXT STATUS OUTPUT DESCRIPTION
answers()
{
	helper "$1" "$2"
	is "$status $text" "$3 $4" "$5"
	is "$(cat "$VALETKEY_TEST_DIR/errors")" '' "$5: nothing beside it"
}

# ---- the protocol ----

test_get()
{
	for server in "$REGISTRY" "$REGISTRY
" "$HERE" "$HERE/v1/"; do
		helper get "$server"
		is "$status" 0 'get'
		is "$(echo "$text" | json_value ServerURL)" "${server%
}" 'get: the server as it was asked for'
		is "$(echo "$text" | json_value Username)" oauth2 \
			'get: the usual name'
		is "$(echo "$text" | json_value Secret)" \
			"$(valetkey token demo)" 'get: the token'
	done
	echo client.web.docker_username=web-user \
		>>"$CONFIG/providers/ninjaone.conf"
	helper get "$REGISTRY"
	is "$(echo "$text" | json_value Username)" web-user \
		'get: the name that the provider says'
	sed -i '/docker_username/d' "$CONFIG/providers/ninjaone.conf"
	echo docker_username=somebody >>"$CONFIG/demo.conf"
	helper get "$REGISTRY"
	is "$(echo "$text" | json_value Username)" somebody \
		'get: the name that the account says'
}

# What container tools know by its words.
test_errors()
{
	answers get registry.example.com 1 "$NOT_FOUND" 'another host'
	answers get "https://index.docker.io/v1/" 1 "$NOT_FOUND" 'the usual one'
	answers get "user@$REGISTRY" 1 "$NOT_FOUND" 'with a user'
	answers get "127.0.0.1:1" 1 "$NOT_FOUND" 'another port'
	answers get "$REGISTRY and more" 1 "$NOT_FOUND" 'two words'
	answers get '' 1 'no credentials server URL' 'no server'
	answers get ' 
' 1 'no credentials server URL' 'a blank server'
	helper store "{\"ServerURL\":\"$REGISTRY\",\"Username\":\"a\",\"Secret\":\"hush\"}"
	is "$status" 1 'store is refused'
	like "$text" '^valetkey keeps no passwords' 'store: and says why'
	unlike "$text" hush 'store: the password is not repeated'
	helper erase "$REGISTRY"
	is "$status" 1 'erase is refused'
	like "$text" 'valetkey logout' 'erase: and says what to do'
	head -c 2000000 /dev/zero | tr '\0' a >long
	status=0
	docker-credential-valetkey get <long >out || status=$?
	is "$status" 1 'a name without end'
}

test_others()
{
	helper version ''
	like "$text" '^docker-credential-valetkey \(valetkey\) [0-9]' version
	is "$(valetkey front docker version)" "$text" 'by the verb front'
	echo 'hosts[]=imaps://mail.example.com' >>"$CONFIG/demo.conf"
	ok 'a second account' demo_account second web --host "$HERE"
	echo docker_username=another >>"$CONFIG/second.conf"
	helper list unused
	is "$text" "{\"$(provider_host)\":\"somebody\",\"$REGISTRY\":\"somebody\"}" \
		'list: the web hosts of accounts that have docker_username, each once'
	remove second
	sed -i -e '/^docker_username/d' -e '/imaps:/d' "$CONFIG/demo.conf"
	answers list unused 0 '{}' 'list: and of no other'
	helper frobnicate ''
	is "$status" 1 'an unknown verb'
	ok 'its help' docker-credential-valetkey --help
}

provider_host()
{
	echo "${PROVIDER_URL#http://}"
}

# ---- skopeo ----

pull()
{
	rm -rf image
	skopeo copy --src-tls-verify=false "docker://$REGISTRY/demo/hello" \
		dir:image
}

# How often the server saw a token, since the last time.
seen()
{
	seen_now=$(server_log here "$1")
	seen_before=${seen_last:-0} seen_last=$seen_now
	echo $((seen_now - seen_before))
}

test_skopeo()
{
	need_program skopeo 'skopeo' || return
	printf '{"credHelpers":{"%s":"valetkey"}}\n' "$REGISTRY" >auth.json
	export REGISTRY_AUTH_FILE="$PWD/auth.json"
	mkdir -p "$HOME/.config/containers"
	printf '{"default":[{"type":"insecureAcceptAnything"}]}\n' \
		>"$HOME/.config/containers/policy.json"
	ok 'skopeo: fetches an image' pull
	ok 'skopeo: which is here' [ -s image/manifest.json ]
	is "$(server_log here '^v2 oauth2 yes')" \
		"$(server_log here '^v2 [^-]')" 'skopeo: by tokens alone'
	expire demo
	requests_before=$(token_requests)
	ok 'skopeo: after the token has expired' pull
	requests 1 'skopeo: by a new one'
	skopeo_refused
	skopeo_told
}

# It asks once and does not tell of a refusal.
skopeo_refused()
{
	revoke
	requests_before=$(token_requests)
	said 1 'unauthorized|authentication required|401' \
		'skopeo: a token that was revoked' pull
	renew demo
	ok 'skopeo: after a new one was asked for' pull
	touch here/refuse
	said 1 'unauthorized|authentication required|401' \
		'skopeo: a server that refuses all' pull
	rm here/refuse
	ok 'skopeo: no loop' [ "$(token_requests)" -le $((requests_before + 4)) ]
}

skopeo_told()
{
	ok 'a second account' demo_account second web --host "$HERE"
	said 1 'Several accounts have the host .*: demo, second\. Set VALETKEY_ACCOUNT' \
		'skopeo: two accounts' pull
	ok 'skopeo: one of two' env VALETKEY_ACCOUNT=demo \
		skopeo inspect --tls-verify=false \
		"docker://$REGISTRY/demo/hello"
	VALETKEY_ACCOUNT=second
	export VALETKEY_ACCOUNT
	said 1 'second is not logged in\. Run: valetkey login second' \
		'skopeo: one that is not logged in' pull
	unset VALETKEY_ACCOUNT
	remove second
	valetkey logout demo --yes </dev/null >/dev/null 2>&1
	said 1 'valetkey login demo' 'skopeo: logged out' pull
	ok 'a login again' demo_login demo
	said 1 'unauthorized|authentication required|401' \
		'skopeo: a host that is not the account'\''s' \
		skopeo inspect --tls-verify=false \
		"docker://localhost:${REGISTRY##*:}/demo/hello"
}

need_programs python3
cd "$VALETKEY_TEST_DIR" || exit
ok 'an account, and a registry' fronts_start
REGISTRY=${HERE#http://}
test_get
test_errors
test_others
test_skopeo
fronts_stop demo
done_testing
