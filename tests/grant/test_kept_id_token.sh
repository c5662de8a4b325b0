#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_kept_id_token.sh - ID tokens: kept with the grant, refreshed with it, and
# given to nobody who does not ask for one.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

FAR=1000000 # no token is good for so long
LIFE=600
KEYRING=$VALETKEY_BUILD/tests/lib/keyring

id_token()
{
	valetkey token demo --id-token "$@"
}

# Of the token on standard input.
claims()
{
	cut -d . -f 2 | tr -- '-_' '+/' | sed 's/$/===/' | base64 -d 2>/dev/null
}

claim()
{
	claims | sed -n "s/.*\"$1\":\"*\([^\",}]*\).*/\1/p"
}

# item SED-COMMAND...: changes what the keyring has of the grant.
item()
{
	"$KEYRING" dump grant "$(account_id demo)" | sed "$@" >item
	"$KEYRING" replace grant "$(account_id demo)" <item
	rm item
}

# As if it had expired long ago, or an earlier version had stored the grant.
id_token_expired()
{
	item 's/^id_token_expires_in=.*/id_token_expires_in=-5/'
}

id_token_unknown()
{
	item '/^id_token/d'
}

# Its tokens were issued a minute ago.
minute_later()
{
	item -e "s/^issued_at=.*/issued_at=$(($(date +%s) - 61))/" -e '/^boot=/d'
	forget
}

forget()
{
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$(account_id demo)"
}

refresh()
{
	valetkey token demo --min-valid "$FAR" >/dev/null
}

# ---- who gets one ----

test_given()
{
	before=$(refreshes)
	token=$(valetkey token demo)
	jwt=$(id_token)
	is "$(echo "$jwt" | claim sub)" user-demo 'an ID token, about the person'
	is "$(echo "$jwt" | claim aud)" web-client 'for this client'
	unlike "$token" '\.' 'the access token is another'
	is "$(valetkey token demo)$(id_token)" "$token$jwt" 'each stays what it is'
	is $(($(refreshes) - before)) 0 'without a refresh'
	for format in bearer header headers json curl kubectl; do
		like "$(id_token --format "$format")" "$jwt" "as $format"
		unlike "$(valetkey token demo --format "$format")" "$jwt" \
			"as $format nobody gets it unasked"
	done
	like "$(id_token --format json)" \
		"^\{\"id_token\":\"$jwt\",\"expires_at\":[0-9]+,\"expires_in\":[0-9]+,\"scope\":\"[^\"]*openid[^\"]*\",\"account\":\"demo\"\}\$" \
		'as JSON it has its own name'
	expires=$(id_token --format json |
		sed 's/.*"expires_at":\([0-9]*\).*/\1/')
	like "$((expires - $(echo "$jwt" | claim exp)))" '^-?[0-2]$' \
		'and its own expiry'
	for format in netrc env xoauth2; do
		said "$ARG" "$format is for access tokens" "not as $format" \
			valetkey token demo --id-token --format "$format" \
			--user me
	done
	is "$(valetkey token --id-token --resource "$PROVIDER_URL/")" "$jwt" \
		'by the URL'
	exits 27 'for no other host' id_token --resource https://example.net/
	exits "$SCOPE" 'with the scopes that were granted' id_token --scope control
	refresh_cost 2 'a host' "$HOSTS/id_token" "$PROVIDER_URL" "$LIFE"
}

test_nobody()
{
	demo_account plain >/dev/null 2>&1 && demo_login plain >/dev/null 2>&1
	demo_account robot api-services >/dev/null 2>&1
	before=$(counted token_requests)
	said "$SCOPE" "does not ask for the scope openid\. Run: valetkey login plain --add-scope openid\$" \
		'without openid' valetkey token plain --id-token
	said "$SCOPE" 'Nobody logs in to account robot' 'a machine' \
		valetkey token robot --id-token
	is "$(counted token_requests)" "$before" 'and nobody is asked for one'
	exits "$SCOPE" 'a host hears the same' ask -a plain -f 4
	remove plain robot
}

# ---- refreshes ----

test_refreshed()
{
	old=$(id_token)
	refresh
	new=$(id_token)
	ok 'a refresh brings a new one' [ "$new" != "$old" ]
	is "$(echo "$new" | claim sub)" user-demo 'about the same person'
	id_token_expired
	refresh_cost 1 'one that has expired costs a refresh' id_token
	ok 'which brings another' [ "$(id_token)" != "$new" ]
	refresh_cost 0 'and that is it' id_token
	id_token_unknown
	refresh_cost 1 'a login of an earlier version' id_token
	refresh_cost 0 'that then has one' id_token
	refresh_cost 1 'good for longer than they are: each is new' \
		id_token --min-valid "$FAR"
}

# bad KIND DESCRIPTION: a refresh brings that, and the old one stays.
bad()
{
	provider_fault none
	refresh
	old=$(id_token)
	provider_fault none "id-token=$1"
	refresh_cost 1 "$1: the refresh itself" refresh
	is "$(id_token)" "$old" "$2"
}

# What a refresh brings that is no good does no harm.
test_bad()
{
	bad missing 'a refresh without one: the old one stays'
	bad iss 'one of another issuer is not kept'
	bad other 'one about somebody else is not kept'
	bad aud 'one for another client is not kept'
	bad azp 'one that another party was given is not kept'
	bad expired 'one that has expired is not kept'
	bad future 'one from the future is not kept'
	bad nobody 'one about nobody is not kept'
	bad garbage 'one that is none is not kept'
	bad huge 'one that is huge is not kept'
	provider_fault none
	id_token_expired
	said "$LOGIN" 'gave no ID token with the last refresh.*valetkey login demo$' \
		'when that has expired, only a login helps' id_token
	refresh_cost 0 'and no refresh is tried for it' \
		sh -c '! valetkey token demo --id-token'
	ok 'the access token is as good as before' valetkey token demo
	age demo
	forget
	refresh_cost 1 'with the next refresh it is looked at again' id_token
}

# A provider that never gives one with a refresh.
test_never()
{
	provider_fault none id-token=missing
	id_token_expired
	refresh_cost 1 'expired: the provider is asked once' \
		sh -c '! valetkey token demo --id-token'
	refresh_cost 0 'and not again' sh -c '! valetkey token demo --id-token'
	id_token_unknown
	refresh_cost 1 'a login of an earlier version: once' \
		sh -c '! valetkey token demo --id-token'
	refresh_cost 0 'a login of an earlier version: not again' \
		sh -c '! valetkey token demo --id-token'
	said "$LOGIN" 'valetkey login demo$' 'a login is needed' id_token
	provider_fault none
	browser_setup
	ok 'which a person can do at once' id_token --interactive
	ok 'then there is one' id_token
}

many()
{
	started='' failed=0
	for n in $(seq 20); do
		id_token --timeout 300 >"many.$n" &
		started="$started $!"
	done
	for process in $started; do
		wait "$process" || failed=$((failed + 1))
	done
	[ "$failed" -eq 0 ] && [ "$(cat many.* | sort -u | wc -l)" -eq 1 ]
}

test_many()
{
	id_token_expired
	refresh_cost 1 '20 at once when it has expired' many
}

# ---- refused ----

test_refused()
{
	jwt=$(id_token)
	token=$(valetkey token demo)
	like "$(echo "$jwt" | valetkey invalidate demo 2>&1)" 'is invalidated' \
		'one that was refused'
	calm
	is "$("$KEYRING" dump grant "$(account_id demo)" |
		grep -c '^id_token_expires_in=')" 0 \
		'the keyring has it for comparison alone'
	is "$(valetkey token demo)" "$token" 'the access token stays'
	refresh_cost 1 'the next one costs a refresh' id_token
	ok 'and is another' [ "$(id_token)" != "$jwt" ]
	jwt=$(id_token)
	echo "$jwt" | valetkey invalidate demo 2>/dev/null
	provider_fault none id-token=other
	refresh_cost 1 'one about somebody else is not kept after a refusal either' \
		sh -c '! valetkey token demo --id-token'
	provider_fault none
	minute_later
	ok '--new: another one' [ "$(id_token --new)" != "$jwt" ]
	jwt=$(id_token)
	is "$(id_token --new)" "$jwt" '--new: not twice a minute'
	provider_fault none id-token=missing
	minute_later
	refresh_cost 1 '--new: none comes' \
		sh -c '! valetkey token demo --id-token --new'
	refresh_cost 0 '--new: not again within a minute' \
		sh -c '! valetkey token demo --id-token --new'
	said "$LOGIN" 'gave no ID token' '--new: and that is said' id_token --new
	is "$(id_token)" "$jwt" 'without --new the old one is good'
	provider_fault none
}

# A provider whose ID tokens are over as they come.
test_over()
{
	provider_stop
	provider_start --id-token-lifetime 0
	demo_login demo >/dev/null 2>&1
	refresh_cost 1 'over as they come: the provider is asked once' \
		sh -c '! valetkey token demo --id-token'
	refresh_cost 0 'over as they come: and not again' \
		sh -c '! valetkey token demo --id-token'
	ok 'over as they come: the access token is good' valetkey token demo
}

# Without a grant there is none.
test_ended()
{
	id_token >/dev/null
	valetkey logout demo >/dev/null 2>&1
	said "$LOGIN" 'not logged in' 'after a logout' id_token
}

cd "$VALETKEY_TEST_DIR" || exit
provider_start --id-token-lifetime "$LIFE" || exit
{ demo_account demo web --scope 'monitoring openid' && demo_login demo; } \
	>/dev/null 2>&1 || exit 1
test_given
test_nobody
test_refreshed
test_bad
test_never
test_many
test_refused
test_ended
is "$(counted reuse_detected)" 0 'no refresh token was ever used twice'
test_over
remove demo
done_testing
