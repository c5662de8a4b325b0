#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_new.sh - `valetkey token --new`: a new token though the present one is
# good, one refresh a minute for each account however many ask, and none at all
# where the provider or a server has had enough.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

MANY=100
TOKENS=$VALETKEY_TEST_DIR/tokens

# new ACCOUNT [OPTION...]
new()
{
	valetkey token "$@" --new
}

# many ACCOUNT: all at once.
many()
{
	rm -rf "$TOKENS" && mkdir -m 700 "$TOKENS" || return
	started='' failed=0
	for n in $(seq "$MANY"); do
		new "$1" --timeout 300 >"$TOKENS/$n" &
		started="$started $!"
	done
	for process in $started; do
		wait "$process" || failed=$((failed + 1))
	done
	[ "$failed" -eq 0 ]
}

test_new()
{
	before=$(refreshes)
	old=$(valetkey token demo)
	is "$(new demo)" "$old" 'what is not a minute old is new'
	is $(($(refreshes) - before)) 0 'and costs nothing'
	is "$(new demo 2>/dev/null)" "$old" 'on standard output is the token alone'
	like "$(new demo 2>&1 >/dev/null)" \
		'got [0-9]+ s ago: .*one new token a minute, and the next one in [1-6]?[0-9] s' \
		'and why it is the same is said beside it'
	minute_later demo
	is "$(valetkey token demo)" "$old" 'without --new it stays'
	minute_later demo
	token=$(new demo)
	ok 'with it there is another one' [ "$token" != "$old" ]
	minute_later demo
	is "$(new demo 2>&1 >/dev/null)" '' 'of which nothing is said'
	token=$(valetkey token demo)
	is $(($(refreshes) - before)) 2 'by one refresh each'
	is "$(new demo)$(valetkey token demo)" "$token$token" \
		'which is what everybody has then'
	is $(($(refreshes) - before)) 2 'without another refresh'
	like "$(new demo --format json)" \
		"^\{\"access_token\":\"$token\",.*\"expires_at\":[0-9]+,.*\"scope\":\"[^\"]*monitoring[^\"]*\",\"account\":\"demo\"\}\$" \
		'in every format'
	is "$(new demo --resource "$PROVIDER_URL/v2")" "$token" \
		'for a host of the account'
	exits 27 'and for no other' new demo --resource https://example.net/
	exits 22 'with the scopes that were granted' new demo --scope control
}

test_many()
{
	minute_later "$1"
	refresh_cost 1 "$1: $MANY at once" many "$1"
	is "$(cat "$TOKENS"/* | sort -u | wc -l)" 1 "$1: all have the same"
	is "$(cat "$TOKENS"/* | wc -l)" "$MANY" "$1: and each has it"
}

# Nobody is asked more often than without --new.
test_limits()
{
	for _ in 1 2 3; do
		ask -a demo -r "$PROVIDER_URL" -R
	done
	before=$(counted token_requests)
	said "$DENIED" 'refused 3 new access tokens' 'a server that refuses all' \
		new demo --resource "$PROVIDER_URL"
	is "$(counted token_requests)" "$before" 'and nobody is asked for more'
	calm
	new demo >/dev/null
	minute_later demo
	good=$(valetkey token demo)
	minute_later demo
	provider_fault none http-503=60
	said "$NETWORK" 'problem of its own' 'a provider that is out of order' \
		new demo
	before=$(counted token_requests)
	said "$NETWORK" 'will ask again in' 'is left alone' new demo
	is "$(counted token_requests)" "$before" 'without a request'
	is "$(valetkey token demo)" "$good" 'and the token that was good still is'
	provider_fault none
	forget_failures
	ok 'then there is a new one' new demo
}

test_machine()
{
	old=$(valetkey token robot)
	is "$(new robot)" "$old" 'a machine: what is not a minute old is new'
	minute_later robot
	ok 'a machine: another one' [ "$(new robot)" != "$old" ]
}

# What nobody can renew.
test_without_refresh_token()
{
	provider_stop
	provider_start --omit refresh_token
	demo_login demo >/dev/null 2>&1
	token=$(valetkey token demo)
	minute_later demo
	said "$LOGIN" 'only another login brings a new token.*valetkey login demo$' \
		'without a refresh token' new demo
	is "$(valetkey token demo)" "$token" 'and the one there is stays'
}

provider_start
{ demo_account demo && demo_login demo; } >/dev/null 2>&1 || exit 1
demo_account bare >/dev/null 2>&1 || exit 1
echo 'cache=none' >>"$CONFIG/bare.conf"
demo_login bare >/dev/null 2>&1 || exit 1
demo_account robot api-services >/dev/null 2>&1 || exit 1
test_new
test_many demo
test_many bare
test_limits
test_machine
is "$(counted reuse_detected)" 0 'no refresh token was ever used twice'
test_without_refresh_token
remove demo bare robot
done_testing
