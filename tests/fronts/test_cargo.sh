#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_cargo.sh - cargo-credential-valetkey: cargo's credential-provider protocol,
# line by line. The real cargo: ./dev hosts, tests/foreign/large.sh.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/fronts/fronts.sh
. "$VALETKEY_SRC/tests/fronts/fronts.sh"

# request KIND URL [HEADER]: a line of cargo's.
request()
{
	printf '{"v":1,"kind":"%s","operation":"read","registry":{"index-url":"%s","name":"demo","headers":[%s]},"args":[]}\n' \
		"$1" "$2" "${3-}"
}

# Our answers to the lines on standard input, without the hello; to $text.
plugin()
{
	status=0
	cargo-credential-valetkey --cargo-plugin "$@" >answers 2>errors ||
		status=$?
	is "$status $(sed -n 1p answers)$(cat errors)" '0 {"v":[1]}' 'the hello'
	text=$(sed 1d answers)
}

# member NAME: of the one answer.
member()
{
	printf '%s\n' "$text" | json_value "$1"
}

test_get()
{
	request get "sparse+$HERE/cargo/index/" >lines
	plugin <lines
	is "$(member Ok.kind)" get 'get'
	is "$(member Ok.token)" "Bearer $(valetkey token demo)" 'get: the token'
	is "$(member Ok.cache)" expires 'get: cargo may keep it'
	is "$(member Ok.operation_independent)" True 'get: for all it does'
	left=$(($(member Ok.expiration) - $(date +%s)))
	ok "get: until it expires, in $left s" [ "$left" -gt 3300 ] &&
		ok 'get: and no longer' [ "$left" -le 3570 ]
	plugin --plain <lines
	is "$(member Ok.token)" "$(valetkey token demo)" '--plain'
	plugin demo <lines
	is "$(member Ok.kind)" get 'an account that is named'
	request get "$HERE/" | sed 's/"args":\[\]/"args":["demo","--plain"]/' >lines
	plugin <lines
	is "$(member Ok.token)" "$(valetkey token demo)" 'both, as cargo says it'
	request get "$HERE/" | sed 's/"args":\[\]/"args":["demo","x"]/' >lines
	plugin <lines
	is "$(member Err.kind)" other 'and something else'
	request get "$HERE/index.git" >lines
	plugin <lines
	is "$(member Ok.kind)" get 'an index in git'
}

test_others()
{
	request get 'sparse+https://registry.example.com/' >lines
	plugin <lines
	is "$text" '{"Err":{"kind":"url-not-supported"}}' 'another host'
	request get '' >lines
	plugin <lines
	is "$text" '{"Err":{"kind":"url-not-supported"}}' 'no host'
	for kind in login logout unknown; do
		request "$kind" "sparse+$HERE/" >lines
		plugin <lines
		is "$text" '{"Err":{"kind":"operation-not-supported"}}' "$kind"
	done
	: >lines
	plugin <lines
	is "$text" '' 'no request at all'
	for line in '{' '[]' 'null' '{"kind":1}' '{"kind":"get","kind":{}}' \
		'{"kind":"get\u0000"}'; do
		printf '%s\n' "$line" >lines
		plugin <lines
		is "$(member Err.kind | grep -xE 'other|operation-not-supported|url-not-supported')" \
			"$(member Err.kind)" "an error: $line"
	done
	{ request get 'sparse+https://other.example/' && request login x &&
		request get "sparse+$HERE/"; } | tr -d '\r' >lines
	plugin <lines
	is "$(echo "$text" | cut -c 1-12 | tr '\n' ' ')" \
		'{"Err":{"kin {"Err":{"kin {"Ok":{"kind ' 'several requests'
	exits "$ARG" 'not by cargo' cargo-credential-valetkey
	exits "$ARG" 'an argument too many' cargo-credential-valetkey \
		--cargo-plugin one two
	exits 0 'its help' cargo-credential-valetkey --help
}

# It shows us the challenge, but does not tell whether it had sent a token.
test_refused()
{
	before=$(valetkey token demo)
	request get "sparse+$HERE/" \
		'"www-authenticate: Bearer realm=\"x\""' >lines
	plugin <lines
	is "$(member Ok.token)" "Bearer $before" \
		'a challenge to nobody: the same token'
	minute_later demo
	valetkey token demo --new >/dev/null
	before=$(valetkey token demo)
	sleep 11
	request get "sparse+$HERE/" \
		'"WWW-Authenticate: Basic realm=\"x\", Bearer error=\"invalid_token\""' \
		>lines
	plugin <lines
	is "$(member Ok.token)" "Bearer $before" \
		'a token that is new: perhaps it was not sent'
	minute_later demo
	requests_before=$(token_requests)
	plugin <lines
	ok 'a minute later: another one' \
		[ "$(member Ok.token)" != "Bearer $before" ]
	requests 1 'by one request'
	for _ in 1 2 3; do
		plugin <lines
	done
	requests 0 'which stays for a minute'
	is "$(member Ok.kind)" get 'however often the server says so'
	token=$(valetkey token demo)
	minute_later demo
	provider_fault none http-503=60
	plugin <lines
	is "$(member Ok.token)" "Bearer $token" \
		'the provider is out of order: the one that there is'
	provider_fault none
}

test_told()
{
	request get "sparse+$HERE/" >lines
	ok 'a second account' demo_account second web --host "$HERE"
	plugin <lines
	is "$(member Err.kind)" other 'two accounts'
	like "$(member Err.message)" 'Several accounts .* demo, second' \
		'two accounts: and says which'
	plugin second <lines
	like "$(member Err.message)" 'valetkey login second' 'not logged in'
	plugin third <lines
	like "$(member Err.message)" 'no account "third"' 'no such account'
	remove second
	valetkey logout demo --yes </dev/null >/dev/null 2>&1
	plugin <lines
	like "$(member Err.message)" 'valetkey login demo' 'logged out'
}

need_programs python3
cd "$VALETKEY_TEST_DIR" || exit
ok 'an account, and a registry' fronts_start
test_get
test_others
test_refused
test_told
fronts_stop demo
done_testing
