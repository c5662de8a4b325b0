#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_goauth.sh - `valetkey front goauth`: both calls of go's GOAUTH, by its
# contract. The real go: ./dev hosts, tests/foreign/large.sh.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/fronts/fronts.sh
. "$VALETKEY_SRC/tests/fronts/fronts.sh"

MODULES=https://modules.example.com
OTHER=https://other.example.com:8443

# goauth WORD...: the first call, without an input.
goauth()
{
	status=0
	text=$(valetkey front goauth "$@" </dev/null 2>errors) || status=$?
	errors=$(cat errors)
}

# refused STATUS HEADER WORD...: the second one, after this response.
refused()
{
	response=$(printf 'HTTP/1.1 %s\nDate: now\n%s\nX: y' "$1" "$2")
	shift 2
	status=0
	text=$(printf '%s\n\n' "$response" |
		valetkey front goauth "$@" 2>errors) || status=$?
	errors=$(cat errors)
}

# block URL...: what go reads.
block()
{
	printf '%s\n' "$@"
	printf '\nAuthorization: Bearer %s' "$(valetkey token demo)"
}

test_first()
{
	goauth
	is "$status $text$errors" '0 ' 'nobody is named: nothing'
	goauth demo
	is "$status $errors" '0 ' 'an account'
	is "$text" "$(block "$MODULES" "$OTHER")" 'the header for its https hosts'
	goauth demo third
	is "$status" 0 'one of two that is not there'
	is "$text" "$(block "$MODULES" "$OTHER")" 'and the other'
	like "$errors" 'no account "third"' 'and says so'
	goauth third
	is "$status $text" "$ACCOUNT " 'none that is there'
	goauth ../demo
	is "$status" "$ARG" 'not a name'
	goauth --help
	is "$status" 0 'its help'
}

test_second()
{
	token=$(valetkey token demo)
	refused '404 Not Found' 'A: b' "$MODULES/x/@v/list"
	is "$text" "$(block "$MODULES")" 'by the URL'
	refused '401 Unauthorized' 'Www-Authenticate: Bearer' "$MODULES/x"
	is "$text" "$(block "$MODULES")" 'by the URL, after a 401'
	refused '404 Not Found' 'A: b' demo "$MODULES/x"
	is "$text" "$(block "$MODULES")" 'not there: not the fault of the token'
	refused '401 Unauthorized' 'A: b' https://example.com/x
	is "$status $text$errors" '0 ' 'another host'
	refused '401 Unauthorized' 'A: b' demo https://example.com/x
	is "$status $text$errors" '0 ' 'and not the account'\''s'
	is "$(valetkey token demo)" "$token" 'all of it with one token'
	sleep 11 # or it is taken for the new one
	refused '401 Unauthorized' 'A: b' demo "$MODULES/x"
	ok 'after a 401: another one' [ "$(valetkey token demo)" != "$token" ]
	is "$text" "$(block "$MODULES")" 'which go has then'
	requests_before=$(token_requests)
	for _ in 1 2 3 4 5; do
		refused '401 Unauthorized' 'A: b' demo "$MODULES/x"
	done
	requests 0 'fetches that were refused at the same time share it'
	test_unsure
	echo cache=none >>"$CONFIG/demo.conf"
	test_unsure ', no cache'
}

# If nobody is named, go may have sent no token to the server that says so.
test_unsure()
{
	token=$(valetkey token demo)
	minute_later demo
	refused '401 Unauthorized' \
		'WWW-Authenticate: Bearer error="invalid_token", Basic' \
		"$MODULES/x"
	next=$(valetkey token demo)
	ok "nobody is named, but the server says so: another one${1-}" \
		[ "$next" != "$token" ]
	is "$text" "$(block "$MODULES")" 'which go has then'
	refused '401 Unauthorized' \
		'WWW-Authenticate: Bearer error="invalid_token", Basic' \
		"$MODULES/x"
	is "$(valetkey token demo)" "$next" 'for a minute at least'
}

test_told()
{
	ok 'a second account' demo_account second web --host "$MODULES"
	refused '401 Unauthorized' 'A: b' "$MODULES/x"
	like "$errors" 'Several accounts .*: demo, second' 'two accounts'
	refused '401 Unauthorized' 'A: b' second "$MODULES/x"
	is "$status $text" "$LOGIN " 'not logged in'
	like "$errors" 'valetkey login second' 'and says so'
	# go shows nothing of what its commands say.
	printf '%s\n' "valetkey front goauth second $MODULES/x 2>/dev/null" \
		>line.sh
	terminal sh line.sh </dev/null
	like "$text" 'valetkey login second' 'on the terminal too'
	remove second
}

need_programs python3
cd "$VALETKEY_TEST_DIR" || exit
ok 'the provider' provider_start
ok 'an account' demo_account demo web --host "$MODULES" --host "$OTHER"
ok 'a login' demo_login demo
test_first
test_second
test_told
remove demo
done_testing
