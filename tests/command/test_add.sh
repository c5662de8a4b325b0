#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_add.sh - `valetkey add`: by options, step by step on a terminal, and what
# is left behind where it does not work: nothing.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

provider_start || exit 1
WEB_SECRET=$(secret_file web-secret)
API_SECRET=$(secret_file api-secret)
WRONG_SECRET=$(secret_file wrong-secret)

# add SECRET_FILE ACCOUNT [OPTION...]: a script's way.
add()
{
	add_secret=$1
	shift
	valetkey add "$@" --secret-fd 3 3<"$add_secret"
}

# add_web SECRET_FILE ACCOUNT [OPTION...]
add_web()
{
	web_secret=$1
	shift
	add "$web_secret" "$@" --provider ninjaone --instance demo \
		--client web --client-id web-client \
		--redirect-uri "$PROVIDER_REDIRECT"
}

key()
{
	sed -n "s/^$2=//p" "$CONFIG/$1.conf"
}

by_stdin()
{
	valetkey add "$1" --provider ninjaone --instance "$PROVIDER_URL" \
		--client-id web-client --redirect-uri "$PROVIDER_REDIRECT" \
		--secret-stdin <"$WEB_SECRET"
}

# ---- by options ----

test_options()
{
	said 0 'provider accepted the client secret' 'a web client' \
		add_web "$WEB_SECRET" work
	requests 1 'a web client: one token request'
	like "$text" '^Next: valetkey login work$' 'a web client: what is next'
	is "$(key work client) $(key work instance) $(key work client_id)" \
		'web demo web-client' 'its file'
	is "$(stat -c %a "$CONFIG/work.conf")" 600 'its file is private'
	unlike "$(cat "$CONFIG/work.conf")" "$(cat "$WEB_SECRET")" \
		'the secret is not in its file'
	is "$(items)" 1 'the secret is in the keyring'
	said "$ARG" 'an account "work" already.*valetkey edit work' \
		'an account of that name exists' add_web "$WEB_SECRET" work
	requests 0 'an account of that name exists: no token request'
	said 0 'accepted' 'standard input, and an instance by its host' \
		by_stdin second
	remove work second
	nothing_left 'after remove'
}

test_kinds()
{
	requests_before=$(token_requests)
	said 0 'Next: valetkey token robot' 'api-services' \
		add "$API_SECRET" robot --provider ninjaone --instance demo \
		--client api-services --client-id api-client
	requests 1 'api-services: one token request'
	ok 'api-services: a token without a login' valetkey token robot
	requests 1 'api-services: by one more token request'
	said 0 'native is added' 'native needs no secret' \
		valetkey add native --provider ninjaone --instance demo \
		--client native --client-id native-client
	requests 0 'native: no token request'
	remove robot native
	nothing_left 'after remove'
}

test_custom()
{
	said 0 'accepted' 'a provider by its endpoints' \
		add "$WEB_SECRET" mine \
		--authorization-endpoint "$PROVIDER_URL/ws/oauth/authorize" \
		--token-endpoint "$PROVIDER_URL/ws/oauth/token" \
		--client-id web-client --redirect-uri "$PROVIDER_REDIRECT" \
		--scope monitoring --host "$PROVIDER_URL/v2/" \
		--host https://api.example.com
	is "$(key mine 'hosts\[\]' | tr '\n' ' ')" \
		"$PROVIDER_URL https://api.example.com " 'its hosts are origins'
	is "$(key mine redirect_uri)" "$PROVIDER_REDIRECT" 'its redirect URI'
	said 0 'accepted' 'a provider by its issuer' \
		add "$WEB_SECRET" found --issuer "$PROVIDER_URL/" \
		--client-id web-client --auth client_secret_basic
	is "$(key found token_endpoint)" "$PROVIDER_URL/ws/oauth/token" \
		'its endpoints are looked up'
	is "$(key found auth)" client_secret_basic \
		'what is given stands over what is looked up'
	is "$(key found 'hosts\[\]')" "$PROVIDER_URL" 'its host is the default'
	said 0 'added' 'a public client by issuer' \
		valetkey add public --issuer "$PROVIDER_URL/" --auth none \
		--client-id native-client
	said 0 'accepted' 'client credentials by issuer' \
		add "$API_SECRET" robot --issuer "$PROVIDER_URL/" \
		--client client_credentials --client-id api-client \
		--scope monitoring
	ok 'client credentials by issuer: a token' valetkey token robot
	remove mine found public robot
	nothing_left 'after remove'
}

# A provider's file with neither instances nor kinds of client.
test_bare_provider()
{
	(umask 077
	cat >"$CONFIG/providers/bare.conf" <<-END
	authorization_endpoint=$PROVIDER_URL/ws/oauth/authorize
	token_endpoint=$PROVIDER_URL/ws/oauth/token
	redirect_uri=$PROVIDER_REDIRECT
	END
	)
	said 0 'accepted' 'a provider of endpoints alone' \
		add "$WEB_SECRET" plain --provider bare --client-id web-client
	remove plain
	rm "$CONFIG/providers/bare.conf"
}

# ---- refused ----

test_refused()
{
	requests_before=$(token_requests)
	said "$DENIED" 'invalid_client' 'a wrong secret' \
		add_web "$WRONG_SECRET" work
	unlike "$text" 'valetkey edit' 'there is nothing to edit yet'
	requests 1 'a wrong secret: one token request'
	nothing_left 'a wrong secret'
	said "$DENIED" 'invalid_client' 'a wrong secret of api-services' \
		add "$WRONG_SECRET" robot --provider ninjaone --instance demo \
		--client api-services --client-id api-client
	requests 1 'a wrong secret of api-services: one token request'
	said "$ARG" 'command line can be read' '--client-secret X' \
		valetkey add work --provider ninjaone --client-secret hush
	unlike "$text" hush '--client-secret X: is not repeated'
	said "$ARG" 'command line can be read' '--client-secret=X' \
		valetkey add work --provider ninjaone --client-secret=hush
	unlike "$text" hush '--client-secret=X: is not repeated'
	said "$ARG" 'secret is empty' 'an empty secret' add_web /dev/null work
	said "$ARG" 'longer than 4096' 'a secret without end' \
		add_web /dev/zero work
	printf 'one\ntwo\n' >"$VALETKEY_TEST_DIR/lines"
	said "$ARG" 'one line' 'a secret of two lines' \
		add_web "$VALETKEY_TEST_DIR/lines" work
	requests 0 'none of them: no token request'
	nothing_left 'all of these'
}

# missing PATTERN DESCRIPTION OPTION...: no secret is asked for.
missing()
{
	pattern=$1 what=$2
	shift 2
	said "$ARG" "$pattern" "$what" valetkey add work "$@"
}

test_missing()
{
	missing 'Which provider' 'no provider'
	missing 'no provider "nobody"' 'an unknown one' --provider nobody
	missing 'needs an instance: .*us2, .*: --instance' 'no instance' \
		--provider ninjaone
	missing 'not an instance of NinjaOne' 'an unknown instance' \
		--provider ninjaone --instance evil.example.com
	missing 'no kind of client' 'an unknown kind' \
		--provider ninjaone --instance eu --client webb
	missing 'Which client' 'no client id' --provider ninjaone --instance eu
	missing 'secret is missing' 'no secret' \
		--provider ninjaone --instance eu --client-id x
	missing 'number of a descriptor' 'a descriptor that is none' \
		--provider ninjaone --secret-fd x
	missing 'cannot be read' 'a closed descriptor' --provider ninjaone \
		--instance eu --client-id x --secret-fd 9
	missing 'is not an instance' 'a token endpoint elsewhere' \
		--provider ninjaone --instance eu --client native \
		--client-id x --token-endpoint https://evil.example.com/token
	missing 'https URL' 'a token endpoint without TLS' \
		--provider ninjaone --instance eu --client-id x \
		--token-endpoint http://eu.ninjarmm.com/ws/oauth/token
	missing 'control characters' 'a client id with an escape sequence' \
		--provider ninjaone --instance eu --client-id "${ESCAPE}[2J"
	missing 'a space' 'a client id with a blank behind' \
		--provider ninjaone --instance eu --client-id 'x '
	# Nobody is asked before: that one would say what its port says.
	for proxy in foo socks5://127.0.0.1:1 ftp://127.0.0.1; do
		missing '^valetkey: --proxy must be "none", or http://HOST' \
			"--proxy $proxy" --issuer http://127.0.0.1:1/ \
			--client-id x --proxy "$proxy"
	done
	missing '^valetkey: --auth must be client_secret_post, ' '--auth foo' \
		--issuer http://127.0.0.1:1/ --client-id x --auth foo
	for file in ca-file client-key client-certificate; do
		missing "^valetkey: --$file /nonexistent cannot be read: No such" \
			"--$file /nonexistent" --issuer http://127.0.0.1:1/ \
			--client-id x "--$file" /nonexistent
	done
	missing 'leave out one of the two' '--provider and --issuer' \
		--provider ninjaone --issuer https://eu.ninjarmm.com/
	missing 'belongs to a --provider' '--instance without --provider' \
		--issuer https://eu.ninjarmm.com/ --instance eu
	missing 'device_code or client_credentials' \
		'a kind of client without --provider' \
		--token-endpoint https://as.example.com/token --client web
	missing 'Where do people log in' 'no authorization endpoint' \
		--token-endpoint https://as.example.com/token
	said "$DENIED" 'names another issuer' 'an issuer without its slash' \
		valetkey add work --issuer "$PROVIDER_URL" --client-id x
	nothing_left 'all of these'
}

# ---- unproven ----

test_unproven()
{
	provider_fault none http-503
	said 0 'not proven yet; the login will show' \
		'a provider with problems' add_web "$WEB_SECRET" work
	provider_fault none
	said "$LOGIN" 'stored, not proven' 'status says unproven' \
		valetkey status work
	provider_fault none garbage
	said 0 'not proven yet; the token will show' \
		'api-services at a provider with problems' \
		add "$API_SECRET" robot --provider ninjaone --instance demo \
		--client api-services --client-id api-client
	provider_fault none
	remove work robot
	nothing_left 'after remove'
}

# ---- on a terminal ----

test_walk()
{
	requests_before=$(token_requests)
	terminal valetkey add work --provider ninjaone \
		--redirect-uri "$PROVIDER_REDIRECT" <<-END
	expect own host
	send nowhere
	expect own host
	send 1
	expect Number [1]
	send 9
	expect Number [1]
	send
	expect [monitoring]
	send monitoring management
	expect Client ID
	send
	expect Client ID
	send   web-clientt
	expect (not shown)
	send
	expect (not shown)
	secret $WRONG_SECRET
	expect Client ID [web-clientt]
	send web-client
	expect (not shown)
	secret $WEB_SECRET
	END
	is "$status" 0 'the walk leads to an account' || tap_note "$text"
	requests 2 'one token request for each secret that was typed'
	unlike "$text" "$(cat "$WEB_SECRET")|$(cat "$WRONG_SECRET")" \
		'no secret is on the terminal'
	like "$text" 'Administration > Apps > API > Client App IDs' \
		'the steps are shown, in the provider'\''s own names'
	like "$text" "^ +$PROVIDER_REDIRECT\$|: $PROVIDER_REDIRECT\$" \
		'with the redirect URI to copy'
	like "$text" 'tick monitoring management' 'with the scopes to tick'
	like "$text" '"nowhere" is not an instance' 'a wrong answer is told'
	like "$text" "$ESCAPE\[32mwork is added" 'in colour'
	is "$(key work scope)/$(key work client_id)" \
		'monitoring management/web-client' 'the answers are in the file'
	remove work
}

test_walk_native()
{
	terminal valetkey add native --provider ninjaone --instance demo <<-END
	expect Number [1]
	send 2
	expect [monitoring]
	send
	expect Client ID
	send native-client
	END
	is "$status" 0 'a walk without a secret' || tap_note "$text"
	unlike "$text" 'Client secret' 'asks for none'
	terminal valetkey remove native <<-END
	expect [y/N]
	send n
	END
	is "$status" "$CANCELED" 'remove asks'
	terminal valetkey remove native <<-END
	expect [y/N]
	key C
	END
	is "$status" "$CANCELED" 'Ctrl-C where remove asks'
	terminal valetkey remove native <<-END
	expect [y/N]
	send y
	END
	is "$status" 0 'and does as it is told'
	nothing_left 'after remove'
}

# Ctrl-C at a question, at the secret, and while the provider is asked.
test_interrupted()
{
	terminal valetkey add work --provider ninjaone <<-END
	expect own host
	key C
	END
	is "$status" "$CANCELED" 'Ctrl-C at a question'
	like "$text" '^valetkey: Canceled' 'Ctrl-C at a question: and says so'
	terminal valetkey add work --provider ninjaone <<-END
	expect own host
	key D
	END
	is "$status" "$CANCELED" 'end of file at a question'
	like "$text" '^valetkey: Nothing was saved\.$' \
		'end of file at a question: and says so'
	terminal sh -c 'trap : INT
		valetkey add work --provider ninjaone --instance demo \
		--client web --client-id web-client; echo "status $?"; stty' <<-END
	expect [monitoring]
	send
	expect (not shown)
	key C
	expect speed
	END
	like "$text" "status $CANCELED" 'Ctrl-C at the secret'
	unlike "$text" ' -echo( |$)' 'the terminal echoes again'
	nothing_left 'Ctrl-C at a question'
	echo "curl -q -sf --noproxy '*' $PROVIDER_URL/control/stats |
		grep -q '\"token_requests\":1[,}]'" >"$VALETKEY_TEST_DIR/asked"
	provider_stop
	provider_start --fault slow=1000
	terminal valetkey add work --provider ninjaone --instance demo \
		--client web --client-id web-client --scope monitoring <<-END
	expect (not shown)
	secret $WEB_SECRET
	until sh $VALETKEY_TEST_DIR/asked
	key C
	expect One moment
	END
	provider_fault none
	is "$status" "$CANCELED" 'Ctrl-C while the provider is asked'
	nothing_left 'Ctrl-C while the provider is asked'
}

# typed COMMAND: by the shell, on a terminal where the secret is typed.
typed()
{
	terminal sh -c "$1" <<-END
	expect (not shown)
	secret $WEB_SECRET
	END
}

# A secret for standard input, or for a descriptor, where that is a terminal.
test_typed()
{
	command="valetkey add work --provider ninjaone --instance demo \
		--client web --client-id web-client --scope monitoring \
		--redirect-uri $PROVIDER_REDIRECT"
	typed "$command --secret-stdin"
	is "$status" 0 '--secret-stdin on a terminal' || tap_note "$text"
	unlike "$text" "$(cat "$WEB_SECRET")" '--secret-stdin: is not shown'
	remove work
	typed "$command --secret-stdin 2>$OUT.errors"
	is "$status" 0 '--secret-stdin with a log' || tap_note "$text"
	unlike "$text" "$(cat "$WEB_SECRET")" \
		'--secret-stdin with a log: is not shown'
	unlike "$(cat "$OUT.errors")" 'not shown' \
		'--secret-stdin with a log: the question is on the terminal'
	remove work
	typed "$command --no-prompt --secret-fd 3 3</dev/tty </dev/null"
	is "$status" 0 '--secret-fd of a terminal' || tap_note "$text"
	unlike "$text" "$(cat "$WEB_SECRET")" '--secret-fd: is not shown'
	remove work
	terminal sh -c "trap : INT; $command --secret-stdin
		echo \"status \$?\"; stty" <<-END
	expect (not shown)
	key C
	expect speed
	END
	like "$text" "status $CANCELED" '--secret-stdin and Ctrl-C'
	unlike "$text" ' -echo( |$)' \
		'--secret-stdin and Ctrl-C: the terminal echoes again'
	nothing_left '--secret-stdin on a terminal'
	(umask 077
	printf '%s\r\n' "$(cat "$WEB_SECRET")" >"$VALETKEY_TEST_DIR/crlf")
	said 0 'accepted' 'a line that ends with CR LF' \
		add_web "$VALETKEY_TEST_DIR/crlf" work
	remove work
}

test_plain()
{
	terminal env NO_COLOR=1 valetkey add native --provider ninjaone \
		--instance demo --client native --scope monitoring \
		--client-id native-client </dev/null
	unlike "$text" "$ESCAPE" 'NO_COLOR: no colour on a terminal'
	remove native
	run valetkey add native --provider ninjaone --instance demo \
		--client native --client-id native-client
	unlike "$text" "$ESCAPE" 'no colour without a terminal'
	remove native
	terminal valetkey add native --provider ninjaone --no-prompt </dev/null
	is "$status" "$ARG" '--no-prompt asks nothing on a terminal'
}

test_options
test_kinds
test_custom
test_bare_provider
test_refused
test_missing
test_unproven
test_walk
test_walk_native
test_interrupted
test_typed
test_plain
done_testing
