#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_credential_helper.sh - credential-helper-valetkey: the protocol of Bazel and
# others, by its contract.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/fronts/fronts.sh
. "$VALETKEY_SRC/tests/fronts/fronts.sh"

# ask REQUEST: as Bazel does.
ask()
{
	status=0
	text=$(printf %s "$1" | credential-helper-valetkey get 2>errors) ||
		status=$?
	errors=$(cat errors)
}

test_get()
{
	ask "{\"uri\":\"$HERE/some/file.tar.gz?x=1\"}"
	is "$status $errors" '0 ' 'a host of the account'
	is "$(echo "$text" | json_value headers.Authorization.0)" \
		"Bearer $(valetkey token demo)" 'its header'
	expires=$(date -d "$(echo "$text" | json_value expires)" +%s)
	ok 'and when it expires' [ "$expires" -gt $(($(date +%s) + 3300)) ]
	for uri in https://example.com/ 'http://example.com/' file:///etc/passwd \
		"${HERE%:*}:1/" ''; do
		ask "{\"uri\":\"$uri\"}"
		is "$status $errors$text" '0 {"headers":{}}' "nobody's: $uri"
	done
	expire demo
	requests_before=$(token_requests)
	ask "{\"uri\":\"$HERE/\"}"
	is "$(echo "$text" | json_value headers.Authorization.0)" \
		"Bearer $(valetkey token demo)" 'after it has expired'
	requests 1 'by one refresh'
}

test_errors()
{
	for request in '' '{' '[]' '{"uri":1}' '{"url":"x"}' "\"$HERE\"" \
		'{"uri":{"a":"b"}}'; do
		ask "$request"
		is "$status $text" "$ARG " "not a request: $request"
		like "$errors" '^valetkey: This is not a request' 'and says so'
	done
	said "$ARG" '^Usage: ' 'another verb' credential-helper-valetkey put
	said 0 'credential_helper=' 'its help' \
		credential-helper-valetkey --help
	said "$ARG" 'no front "bazil"' 'another front' valetkey front bazil
}

test_told()
{
	ok 'a second account' demo_account second web --host "$HERE"
	ask "{\"uri\":\"$HERE/\"}"
	is "$status $text" "$ACCOUNT " 'two accounts'
	like "$errors" 'Several accounts .*: demo, second' 'and says which'
	VALETKEY_ACCOUNT=second
	export VALETKEY_ACCOUNT
	ask "{\"uri\":\"$HERE/\"}"
	is "$status $text" "$LOGIN " 'one that is not logged in'
	like "$errors" 'valetkey login second' 'and says so'
	unset VALETKEY_ACCOUNT
	remove second
}

need_programs python3
cd "$VALETKEY_TEST_DIR" || exit
ok 'an account, and a server' fronts_start
test_get
test_errors
test_told
fronts_stop demo
done_testing
