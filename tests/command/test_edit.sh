#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_edit.sh - valetkey edit: what it changes and what it leaves, that a client
# secret is never lost and never sent elsewhere, and what comes of an edit that
# is killed.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

# file: the account's, as it is.
file()
{
	cat "$CONFIG/work.conf"
}

id()
{
	sed -n 's/^id=//p' "$CONFIG/work.conf"
}

# same DESCRIPTION: the file is as it was, and the secret brings another token.
same()
{
	is "$(file)" "$before" "$1: the file is as it was"
	ok "$1: there are tokens" valetkey token work --min-valid 1000000
}

# accepts DESCRIPTION: the client and its secret still work, at a new login.
accepts()
{
	said 0 'work is logged in' "$1: the secret still works" \
		demo_login work --accept-change
}

# with_secret SECRET COMMAND...: which reads it from descriptor 3.
with_secret()
{
	secret=$1
	shift
	"$@" 3<"$secret"
}

test_options()
{
	said "$ARG" 'What is to be changed\? .*valetkey edit work' 'nothing' \
		valetkey edit work
	said "$ACCOUNT" 'no account "wrok"\. Did you mean: work' 'a slip' \
		valetkey edit wrok --scope x
	said "$ARG" 'never|not taken' 'a secret on the command line' \
		valetkey edit work --client-secret x
	said "$ARG" '--scope needs a value.*--unset scope' 'an empty value' \
		valetkey edit work --scope ''
	said "$ARG" '--unset takes one of' 'what cannot go' \
		valetkey edit work --unset client-id
	said "$ARG" 'Leave out one of the two' 'a value and none' \
		valetkey edit work --scope monitoring --unset scope
	said "$ARG" 'must be an https URL' 'a host that is none' \
		valetkey edit work --host ftp://example.com
	said "$ARG" 'not NAME=VALUE of what the provider asks' \
		'a parameter that there is not' valetkey edit work --set a=b
	said "$ARG" . 'an instance that there is not' \
		valetkey edit work --instance nowhere
	said "$ARG" 'redirect' 'a redirect URI that leads elsewhere' \
		valetkey edit work --redirect-uri http://example.com/
	for uri in http://127.0.0.1 'http://[::1]' http://localhost; do
		said "$ARG" "no port.*--redirect-uri 'http://.*:\{port\}/x'$" \
			'a redirect URI without a port' \
			valetkey edit work --redirect-uri "$uri/x"
	done
	same 'what is refused'
}

test_file()
{
	sed -i '1i# mine' "$CONFIG/work.conf"
	printf '# the last line\n' >>"$CONFIG/work.conf"
	said 0 'work is changed' 'another scope' \
		valetkey edit work --scope 'monitoring management'
	like "$text" '^  scope was monitoring, and is monitoring management$' \
		'another scope: what was and what is'
	like "$text" '^Next: valetkey login work$' 'another scope: what is next'
	is "$(file)" "$(printf '# mine\n%s\n# the last line' "$before" |
		sed 's/^scope=.*/scope=monitoring management/')" \
		'another scope: and nothing else'
	said 0 'work is changed' 'back again' valetkey edit work --scope monitoring
	sed -i -e '/^# mine$/d' -e '/^# the last line$/d' "$CONFIG/work.conf"
	said 0 'proxy was what is usual, and is none' 'a new line' \
		valetkey edit work --proxy none
	said 0 'proxy was none, and is what is usual' 'it goes' \
		valetkey edit work --unset proxy
	same 'there and back'
}

# What is registered there was another one: nothing is lost.
test_redirect()
{
	said 0 'Next: valetkey login work$' 'a wrong redirect URI' \
		valetkey edit work --redirect-uri http://127.0.0.1:1234/wrong
	said "$DENIED" 'valetkey edit work followed by --redirect-uri URI' \
		'a wrong redirect URI: the login says what to type' \
		demo_login work
	unlike "$text" 'valetkey remove' 'and nothing that loses the secret'
	said 0 'work is changed' 'and that mends it' \
		valetkey edit work --redirect-uri "$PROVIDER_REDIRECT"
	accepts 'a redirect URI'
}

test_hosts()
{
	said 0 'valetkey login work --accept-change$' 'another host' \
		valetkey edit work --host https://a.example --host "$PROVIDER_URL"
	is "$(grep -c '^hosts\[\]=' "$CONFIG/work.conf")" 2 'two hosts, two lines'
	said "$LOGIN" 'accept-change' 'a token is not for a host unasked' \
		valetkey token work --min-valid 1000000
	said 0 'work is changed' 'back' valetkey edit work --host "$PROVIDER_URL"
	same 'the hosts'
}

# Another client: its secret must come along.
test_client()
{
	requests_before=$(token_requests)
	said "$LOGIN" 'not sent elsewhere\. Nothing was changed, and the secret is kept' \
		'another client id' valetkey edit work --client-id other-client
	same 'another client id, no secret'
	requests_before=$(token_requests)
	said "$DENIED" . 'another client id with the old secret' with_secret \
		"$(secret_file web-secret)" valetkey edit work \
		--client-id other-client --secret-fd 3
	requests 1 'it is tried once'
	same 'another client id, a wrong secret'
	said 0 'The provider accepted the client secret' \
		'another client id with its secret' with_secret \
		"$(secret_file second-secret)" valetkey edit work \
		--client-id second-client --secret-fd 3
	like "$text" 'client_id was web-client, and is second-client' 'and says so'
	said "$LOGIN" 'accept-change' 'the login was of the other client' \
		valetkey token work --min-valid 1000000
	accepts 'another client'
	is "$("$VALETKEY_BUILD/tests/lib/keyring" dump client "$(id)" |
		grep -c -e '^was' -e "$(cat "$(secret_file web-secret)")")" 0 \
		'another client: nothing is kept of the one before'
	ok 'and back' with_secret "$(secret_file web-secret)" valetkey edit work \
		--client-id web-client --secret-fd 3
	accepts 'and back'
	is "$(file)" "$before" 'and back: the file is as it was'
}

# A secret that was changed at the provider, and one that the keyring has lost.
test_secret()
{
	said 0 'accepted the client secret' 'the secret alone' with_secret \
		"$(secret_file web-secret)" valetkey edit work --secret-fd 3
	same 'the secret alone'
	said "$DENIED" 'run: valetkey edit work --secret-stdin' \
		'a wrong secret' with_secret \
		"$(secret_file password)" valetkey edit work --secret-fd 3
	same 'a wrong secret'
	terminal valetkey edit work --client-id second-client <<-END
	expect Client secret
	key C
	END
	is "$status" "$CANCELED" 'Ctrl-C instead of a secret'
	same 'Ctrl-C instead of a secret'
	ok 'the keyring loses it' "$VALETKEY_BUILD/tests/lib/keyring" delete \
		client "$(id)"
	said "$LOGIN" 'not in the keyring.*valetkey edit work --secret-stdin$' \
		'a lost secret: what to type' demo_login work
	ok 'a lost secret: is given again' with_secret \
		"$(secret_file web-secret)" valetkey edit work --secret-fd 3
	accepts 'a lost secret'
}

# Another secret is not taken for a good one, because nobody could be asked.
test_unreached()
{
	ok 'a server without a provider file' with_secret \
		"$(secret_file web-secret)" valetkey add own --no-prompt \
		--authorization-endpoint "$PROVIDER_URL/ws/oauth/authorize" \
		--token-endpoint "$PROVIDER_URL/ws/oauth/token" \
		--host "$PROVIDER_URL" --scope monitoring \
		--client-id web-client --redirect-uri "$PROVIDER_REDIRECT" \
		--secret-fd 3
	before_own=$(cat "$CONFIG/own.conf")
	said "$NETWORK" 'could not be tried: .*Nothing was changed' \
		'a server that cannot be reached' with_secret \
		"$(secret_file second-secret)" valetkey edit own \
		--token-endpoint http://127.0.0.1:1/token --secret-fd 3
	is "$(cat "$CONFIG/own.conf")" "$before_own" '  the file is as it was'
	ok '  the secret is too' demo_login own
	remove own
}

# Without a secret all is a matter of the next login.
test_native()
{
	demo_account native native >/dev/null 2>&1
	said 0 'work|native is changed' 'a public client' \
		valetkey edit native --client-id stranger
	ok 'and back' valetkey edit native --client-id native-client
	ok 'logs in' demo_login native
	said "$ARG" 'has no secret' 'a secret for who has none' with_secret \
		"$(secret_file web-secret)" valetkey edit native --secret-fd 3
	said "$ARG" 'has a client secret, which would be of no use' \
		'to a client without a secret' valetkey edit work --auth none
	same 'to a client without a secret'
	remove native
}

test_machine()
{
	demo_account robot api-services >/dev/null 2>&1
	said 0 'Next: valetkey token robot --new$' 'a machine' \
		valetkey edit robot --scope 'monitoring management'
	run valetkey token robot --new --format json
	like "$text" '"scope":"monitoring management"' 'a machine: has the scope'
	said "$SCOPE" 'valetkey edit robot --scope' 'one that it has not' \
		valetkey token robot --scope control
	remove robot
}

# Killed at any moment it is one or the other, and the secret works.
test_killed()
{
	for ms in 0 10 20 40 60 80 100 130 160 200 250; do
		setsid sh -c 'exec valetkey edit work --client-id second-client \
			--secret-fd 3' 3<"$(secret_file second-secret)" \
			>/dev/null 2>&1 &
		sleep "$(printf '0.%03d' "$ms")"
		kill -KILL -"$!" 2>/dev/null
		wait "$!" 2>/dev/null
		ok "killed after $ms ms: the secret still works" \
			demo_login work --accept-change
		with_secret "$(secret_file web-secret)" valetkey edit work \
			--client-id web-client --secret-fd 3 >/dev/null 2>&1
		demo_login work --accept-change >/dev/null 2>&1
	done
	is "$(file)" "$before" 'killed: the file is as it was'
}

PROVIDER_REDIRECT=http://127.0.0.1:$(free_port)/callback
provider_start --client \
	"second-client,web,$(secret_file second-secret),$PROVIDER_REDIRECT" ||
	exit 1
demo_account work >/dev/null 2>&1
demo_login work >/dev/null 2>&1
before=$(file)
test_options
test_file
test_redirect
test_hosts
test_client
test_secret
test_unreached
test_native
test_machine
test_killed
remove work
nothing_left 'edit'
done_testing
