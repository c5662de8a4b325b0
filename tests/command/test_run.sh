#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_run.sh - valetkey run: where the token is and where it is not, and that
# the command is what its caller deals with.

# shellcheck disable=SC2016 # the inner shell's variables
. "$VALETKEY_SRC/tests/lib/lib.sh"

# The program that asks before each request.
mcp()
{
	printf '%s\n' \
		'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}' \
		'{"jsonrpc":"2.0","method":"notifications/initialized"}' \
		'{"jsonrpc":"2.0","id":2,"method":"tools/list"}' \
		'{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"devices","arguments":{}}}' |
		PYTHONPATH=$VALETKEY_SRC/plugin PYTHONDONTWRITEBYTECODE=1 \
		LD_LIBRARY_PATH=$(dirname "$VALETKEY_LIB") \
		python3 "$VALETKEY_SRC/examples/ninjaone-mcp" demo \
			"$PROVIDER_URL"
}

# It with a library that cannot be loaded.
mcp_without()
{
	mkdir -p "$VALETKEY_TEST_DIR/broken" &&
		: >"$VALETKEY_TEST_DIR/broken/libvaletkey.so.1"
	PYTHONPATH=$VALETKEY_SRC/plugin PYTHONDONTWRITEBYTECODE=1 \
	LD_LIBRARY_PATH=$VALETKEY_TEST_DIR/broken \
		python3 "$VALETKEY_SRC/examples/ninjaone-mcp" 2>&1 </dev/null
}

cd "$VALETKEY_TEST_DIR" && provider_start || exit
ok 'an account' demo_account demo
ok 'logs in' demo_login demo
ok 'another one' demo_account robot api-services
token=$(valetkey token demo)
robot=$(valetkey token robot)

is "$(valetkey run demo -- sh -c 'echo "$VALETKEY_TOKEN"')" "$token" \
	'the token in the environment'
is "$(valetkey run demo:NINJA -- sh -c 'echo "$NINJA$VALETKEY_TOKEN"')" \
	"$token" 'in a variable of choice'
is "$(valetkey run demo:A robot:B -- sh -c 'echo "$A $B"')" "$token $robot" \
	'two of them'
is "$(valetkey run demo --fd -- sh -c \
	'read -r t </dev/fd/$VALETKEY_TOKEN_FD; echo "$t"')" "$token" \
	'from a descriptor'
is "$(valetkey run demo --fd -- sh -c 'env; tr "\0" " " </proc/$$/cmdline' |
	grep -cFe "$token")" 0 'which is not in the environment, nor in argv'
is "$(valetkey run demo -- sh -c 'tr "\0" " " </proc/$$/cmdline' |
	grep -cFe "$token")" 0 'nor is a variable in argv'
is "$(env | grep -cFe "$token")" 0 'nor in ours'
is "$(valetkey run demo -- printf '%s|' a 'b c' --fd -- -x)" 'a|b c|--fd|--|-x|' \
	'arguments are passed as they are'
exits 7 'the exit status is the command'"'"'s' \
	valetkey run demo -- sh -c 'exit 7'
valetkey run demo -- sh -c 'kill -TERM $$' 2>/dev/null
is $? 143 'so is its death by a signal'
is "$(echo in | valetkey run demo -- cat)" in 'and its standard input'
valetkey run demo -- sh -c 'trap "echo caught; exit 3" USR1; echo $$ >pid
	while :; do sleep 0.05; done' >out &
child=$!
until [ -s pid ]; do sleep 0.02; done
is "$(cat pid)" "$child" 'it is the very process'
kill -USR1 "$child"
wait "$child"
is "$?$(cat out)" 3caught 'that signals go to'
exits 127 'no such command' valetkey run demo -- ./none
mkdir -m 0 closed
exits 127 'nor in a PATH with a folder that is not ours' \
	env PATH="$PWD/closed:$PATH" valetkey run demo -- no-such-program
: >text
exits 126 'a file that is no program' \
	env PATH="$PWD:$PATH" valetkey run demo -- text
exits 20 'no such account' valetkey run none -- true
exits 10 'no command' valetkey run demo
exits 10 'no account' valetkey run -- true
like "$(valetkey run demo 2>&1)" 'valetkey run demo COMMAND$' 'and what to type'
is "$(valetkey run demo sh -c 'echo "$VALETKEY_TOKEN"')" "$token" 'without --'
is "$(valetkey run demo:A robot:B sh -c 'echo "$A $B"')" "$token $robot" \
	'without --, two of them'
is "$(valetkey run demo --fd printf '%s|' a --fd --help -x demo:A)" \
	'a|--fd|--help|-x|demo:A|' 'without --, arguments are passed as they are'
exits 20 'without --, no such account' valetkey run none true
exits 10 'without --, an option that is none' valetkey run demo --frob true
exits 10 'a command with -- of its own' valetkey run demo printf '%s' -- x
like "$(valetkey run true 2>&1)" 'If that is the command, run: valetkey run -- true$' \
	'a command alone'
exits 10 'two tokens in one variable' valetkey run demo robot -- true
exits 10 'in one that is named' valetkey run demo:A robot:A -- true
exits 10 'a variable that is none' valetkey run demo:1X -- true
like "$(valetkey run demo:1X -- true 2>&1)" '"1X".*must begin with a letter or _' \
	'and the reason'
exits 10 'what the command finds its libraries by' \
	valetkey run demo:LD_LIBRARY_PATH -- true
exits 10 'its home' valetkey run demo:HOME --fd -- true
like "$(valetkey run demo:PATH -- true 2>&1)" '"PATH" means something' \
	'a variable that has a meaning'
exits 10 'an option that is none' valetkey run demo --frob -- true
exits 27 'a resource that is none of its hosts' \
	valetkey run demo --resource https://example.net/ -- true
ok 'one that is' valetkey run demo --resource "$PROVIDER_URL/v2/" -- true
like "$(valetkey run --help)" 'variable lives as long as' \
	'the help says how long a variable lives'

# (A sanitizer's library must be loaded first of all.)
if python3 -c 'import ctypes, json, urllib.request' 2>/dev/null &&
	! grep -q __.san_init "$VALETKEY_LIB"; then
	like "$(mcp)" '"id": *3.*ALDER-DC01' 'an MCP server asks for devices'
	before=$(provider_count 'grant=refresh_token .*result=ok')
	provider_expire
	like "$(mcp)" '"id": *3.*ALDER-DC01' 'after a 401 as well'
	is $(($(provider_count 'grant=refresh_token .*result=ok') - before)) 1 \
		'at one refresh'
	problem=$(mcp_without)
	is "$? $(echo "$problem" | wc -l)" '1 1' \
		'without the library it ends with a sentence'
	like "$problem" '^ninjaone-mcp: .*libvaletkey.so.1: .*LD_LIBRARY_PATH=' \
		'that says what to do'
else
	skip 'python3 cannot load the library' 'an MCP server'
fi
valetkey remove demo --yes >/dev/null 2>&1
valetkey remove robot --yes >/dev/null 2>&1
done_testing
