#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_canary.sh - refresh tokens, the client secret, code verifiers and
# authorization codes are where they belong and nowhere else: in no file of the
# session, no output, no command line or environment, no core, and not in a
# host's memory. Access tokens neither, but for the host that asked.
#
# A relay before the provider writes down what passes; there the test learns
# what it has to look for.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

# What the test itself knows; all else of the session is searched.
own=$VALETKEY_TEST_DIR/known-to-the-test
passed=$own/passed
output=$VALETKEY_TEST_DIR/output
processes=$own/processes
mkdir -m 700 "$own"
# All that the command says of its work is searched too.
export VALETKEY_DEBUG=1

# learn FILE NAME...: the values of these parameters and JSON members that have
# passed, sorted. What is short would be found anywhere.
learn()
{
	file=$1
	shift
	for name in "$@"; do
		grep -aoE "[?&]$name=[^&[:space:]]+|^$name=[^&[:space:]]+|\"$name\":\"[^\"]+" \
			"$passed" | sed 's/.*[="]//'
	done | grep -E '.{16}' | sort -u >"$own/$file"
}

learn_all()
{
	learn secret client_secret
	learn verifier code_verifier
	learn code code
	learn refresh refresh_token
	learn access access_token
	learn id id_token
	cat "$own/secret" "$own/verifier" "$own/code" "$own/refresh" \
		>"$own/all"
	for file in refresh access; do
		tail -n 1 "$own/$file" >"$own/last-$file"
	done
}

# run COMMAND...: its output is kept, to be searched.
run()
{
	"$@" >>"$output" 2>&1
}

relay_start()
{
	port=$(free_port)
	"$HOSTS/relay" "$port" "$PROVIDER_PORT" "$passed" &
	PROVIDER_URL=http://127.0.0.1:$port
	provider_file
	wait_until provider_control stats >/dev/null
}

# Everything that a person and hosts do, and everything that goes wrong.
use()
{
	run demo_account demo
	run demo_login demo
	run valetkey status --json
	run valetkey status demo
	run ask -x
	run ask -m 1000000
	run "$HOSTS/invalidate"
	for fault in html garbage http-500 http-429 wrong-type 'slow=300'; do
		provider_fault none "$fault"
		run ask -t 5000 -m 1000000
		run valetkey token demo --min-valid 1000000 --format json
		forget_failures
	done
	provider_fault none
	run demo_login demo
	run demo_account other native
	run demo_login other
	# (It says who it is in ID tokens, whatever the relay's address.)
	run demo_account who native --scope 'monitoring openid'
	echo "issuer=http://127.0.0.1:$PROVIDER_PORT/" \
		>>"$XDG_CONFIG_HOME/valetkey/who.conf"
	run demo_login who --accept-change
	run valetkey token who --min-valid 1000000 --format json
	run valetkey status who
	run ask -a who -f 4
	valetkey token who --id-token >"$own/asked"
	valetkey invalidate who <"$own/asked" >>"$output" 2>&1
	ask -a who -f 4 -o "$own/asked"
	keep "$VALETKEY_BUILD/tests/lib/keyring" list
}

keep()
{
	"$@" >>"$output"
}

found_in_files()
{
	grep -raFlf "$1" "$VALETKEY_TEST_DIR" --exclude-dir=known-to-the-test |
		grep -vxE "$VALETKEY_TEST_DIR/(${2:-web-secret})"
}

test_learned()
{
	learn_all
	for file in secret verifier code refresh access id; do
		like "$(wc -l <"$own/$file")" '^[1-9]' "the test knows each $file"
	done
	is "$(cat "$own/secret")" "$(cat "$VALETKEY_TEST_DIR/web-secret")" \
		'the client secret is the one that was given'
	"$VALETKEY_BUILD/tests/lib/keyring" dump grant "$(account_id demo)" |
		sed -n 's/^refresh_token=//p' >"$own/stored"
	is "$(grep -cxFf "$own/refresh" "$own/stored")" 1 \
		'and the refresh token in the keyring one that has passed'
}

# What comes through the socket to a host, whatever the plugin makes of it.
test_answers()
{
	expire
	"$HOSTS/answer" op=get account=demo >"$own/get"
	"$HOSTS/answer" op=status "account[]=demo" >"$own/status"
	learn_all
	ok "the helper's answer has the access token" \
		grep -qFf "$own/access" "$own/get"
	is "$(cat "$own/get" "$own/status" | grep -cFf "$own/all")" 0 \
		"and no secret, nor has that to status"
	is "$(cat "$own/access" "$own/id" | grep -cFf - "$own/status")" 0 \
		'which has no access token either'
	"$HOSTS/answer" op=get account=who >"$own/get"
	"$HOSTS/answer" op=get account=who id_token=1 >"$own/get-id"
	learn_all
	is "$(grep -cFf "$own/id" "$own/get") $(grep -cFf "$own/id" "$own/get-id") $(grep -cFf "$own/access" "$own/get-id")" \
		'0 1 0' 'an ID token is in the answer to who asks for it alone'
}

test_files()
{
	ok 'there is output to be searched' test -s "$output"
	is "$(found_in_files "$own/all" 'nothing')" \
		"$VALETKEY_TEST_DIR/web-secret" \
		"the test's own copy of the client secret is found"
	is "$(found_in_files "$own/all")" '' \
		'no secret is in a file of the session, nor in an output'
	is "$(found_in_files "$own/access" 'web-secret|output')" '' \
		'nor an access token, but where it was asked for'
	is "$(found_in_files "$own/id" 'nothing')" '' \
		'nor an ID token anywhere'
	is "$(grep -cF -f "$own/access" "$output")" \
		"$(grep -cE '"(access_token|token)" *:' "$output")" \
		'which is where valetkey token printed it'
}

test_processes()
{
	ok 'processes were seen: a host' grep -aq hosts/ask "$processes"
	ok 'processes were seen: the command' \
		grep -aq 'valetkey.add.demo' "$processes"
	ok 'processes were seen: the helper' grep -aq valetkey-helper \
		"$processes"
	is "$(grep -acFf "$own/all" "$processes")" 0 \
		'no secret is in a command line or an environment'
	is "$(grep -acFf "$own/access" "$processes")" 0 'nor an access token'
	is "$(grep -acFf "$own/id" "$processes")" 0 'nor an ID token'
}

test_memory()
{
	script=$own/learn.sh
	{
		echo "passed='$passed' own='$own'"
		sed -n -e '/^learn()/,/^}/p' -e '/^learn_all()/,/^}/p' "$0"
		echo learn_all
		echo "keyring='$VALETKEY_BUILD/tests/lib/keyring dump grant $(account_id demo)'"
		# shellcheck disable=SC2016
		echo '$keyring | sed -n s/^refresh_token=//p >"$own/last-refresh"'
		# shellcheck disable=SC2016
		echo '$keyring | sed -n s/^access_token=//p >"$own/last-access"'
	} >"$script"
	if sanitized; then
		skip "a sanitizer's memory is too big to be read" \
			"a host's memory has no secret"
		return
	fi
	ok "a host's memory has its access token" \
		"$HOSTS/scan" FOUND "sh $script" "$own/last-access"
	ok 'and neither the refresh token nor the client secret' \
		"$HOSTS/scan" ABSENT "sh $script" "$own/last-refresh" \
		"$own/secret" "$own/verifier" "$own/code"
}

# A helper that crashes while it holds them. The provider forgets the request.
test_core()
{
	expire
	before=$(counted token_requests)
	provider_fault none slow-before=3000
	prlimit --core=unlimited "$HOSTS/ask" -t 20000 >>"$output" 2>&1 &
	host=$!
	wait_until counted_above token_requests "$before"
	helper=$(helper_of demo)
	is "$(awk '/^Max core/ { print $5, $6 }' "/proc/$helper/limits")" \
		'0 0' 'the helper may not write a core'
	touch "$own/before"
	kill -s ABRT "$helper" # a sanitizer leaves that one alone
	wait "$host"
	is $? 40 'a host whose helper crashes is told so'
	is "$(find / /tmp "$VALETKEY_TEST_DIR" -maxdepth 1 -name '*core*' \
		-type f -newer "$own/before" 2>/dev/null)" '' \
		'a helper that crashes leaves no core'
	provider_fault none
	ok 'and the next get has a token' ask -t 20000
}

test_end()
{
	run valetkey logout demo
	run valetkey remove demo --yes
	run valetkey remove other --yes
	run valetkey remove who --yes
	learn_all
	is "$(found_in_files "$own/all")$(grep -acFf "$own/all" "$processes")" \
		0 'nor is anything left by logout and remove'
}

provider_start
relay_start
"$HOSTS/watch" >"$processes" &
watch=$!
use
test_learned
test_answers
test_memory
test_core
learn_all
test_files
test_processes
test_end
kill "$watch"
done_testing
