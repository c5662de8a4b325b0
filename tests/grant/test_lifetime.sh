#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_lifetime.sh - when a login ends, as `status` tells it: from the provider's
# answer, from its file, or learned; and who refreshed last. Ages are made by what
# the keyring has of the grant.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

KEYRING=$VALETKEY_BUILD/tests/lib/keyring
DAY=86400
REFRESH_LIFE=$((20 * DAY))

# idle DAYS [LOGIN-DAYS]: the last answer is so old, and the login; the access token
# is gone.
idle()
{
	idle_id=$(account_id work)
	"$KEYRING" dump grant "$idle_id" | awk -F= -v now="$(date +%s)" \
		-v idle="$(($1 * DAY))" -v login="$((${2:-$1} * DAY))" '
		$1 == "boot" || $1 == "access_token" { next }
		$1 == "refresh_until" { $0 = $1 "=" $2 - idle }
		$1 == "issued_at" { $0 = $1 "=" now - idle }
		$1 == "login_at" { $0 = $1 "=" now - login }
		{ print }' >"$VALETKEY_TEST_DIR/item"
	"$KEYRING" replace grant "$idle_id" <"$VALETKEY_TEST_DIR/item"
	rm "$VALETKEY_TEST_DIR/item"
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$idle_id"
}

member()
{
	valetkey status work --json | sed -n "s/.*\"$1\":\"*\([^\",}]*\).*/\1/p"
}

# dies DAYS BY DESCRIPTION: in so many days, to a minute; 0: that is not known.
dies()
{
	dies_left=$(($(member dies_on) + 0))
	[ "$dies_left" -eq 0 ] ||
		dies_left=$(((dies_left - $(date +%s) + 60) / DAY))
	is "$dies_left $(member dies_by)" "$1 $2" "$3"
}

# ended DAYS [LOGIN-DAYS]: then the refresh token is refused. And another login.
ended()
{
	idle "$@"
	provider_fault none answer=error-object
	said "$LOGIN" 'The grant has ended' "after $1 days it is refused" \
		valetkey token work
	provider_fault none
	demo_login work >/dev/null 2>&1
}

# refreshed DAYS [LOGIN-DAYS]
refreshed()
{
	idle "$@"
	ok "after $1 days it is refreshed" valetkey token work
}

login()
{
	provider_fault none "$@"
	ok 'a login' demo_login work
}

test_told()
{
	login
	dies 0 '' 'nothing is told'
	is "$(member refreshed_at)" '' 'there was no refresh yet'
	login answer=told
	dies 20 told 'refresh_token_expires_in'
	like "$(valetkey status work)" \
		'^  dies on +[0-9-]+, in (19|20) days \(told by the provider\)' \
		'status says so'
	login answer=told-otherwise
	dies 20 told 'refresh_expires_in'
	idle 5
	dies 15 told 'five days later'
	provider_fault none
	ok 'a refresh that tells nothing' valetkey token work
	dies 0 '' 'nothing is told of the new refresh token'
	login answer=told-never
	dies 0 '' 'a refresh token without an end'
}

test_data()
{
	login
	printf '%s\n' refresh_idle_days=30 refresh_max_days=90 \
		>>"$XDG_CONFIG_HOME/valetkey/providers/ninjaone.conf"
	dies 30 data 'known from its file'
	like "$(valetkey status work)" 'in (29|30) days \(as the provider doc' \
		'status says so'
	idle 5 80
	dies 10 data 'the login is old'
	login answer=told
	dies 20 told 'the earliest counts'
	provider_file
}

test_learned()
{
	login
	ended 0
	dies 0 '' 'of one that was in use nothing is learned'
	ended 40
	dies 40 learned 'forty days'
	like "$(valetkey status work)" '\(learned: an earlier login ended so\)$' \
		'status says so'
	ended 25
	dies 25 learned 'the shortest counts'
	refreshed 10
	dies 25 learned 'what lives on within that proves nothing'
	refreshed 26
	dies 0 '' 'what lives on beyond that was learned wrongly'
	ended 20
	dies 0 '' 'an age that was survived is not learned from'
	refreshed 3 50
	ended 3 60
	dies 60 learned 'so old a login'
	refreshed 3 61
	dies 0 '' 'nor was that true'
	idle 30000
	ok 'a clock that was wrong' valetkey token work
	ended 40
	dies 40 learned 'nothing was learned of that'
	login answer=told
	ended 30
	dies 40 learned 'nothing is learned of an end that was told'
}

test_last_refresh()
{
	login
	unlike "$(valetkey status work)" '^  last refresh' 'no refresh yet'
	ok 'another token' valetkey token work --min-valid 1000000
	like "$(valetkey status work)" '^  last refresh +. seconds? ago, by valetkey$' \
		'a refresh by the command'
	like "$(member refreshed_at)" '^[0-9]{10}$' 'and when'
	idle 1
	ok 'a refresh by a host' "$HOSTS/ask" -a work
	is "$(member refreshed_by)" ask 'and by which'
}

provider_start --access-lifetime 3600 --refresh-lifetime "$REFRESH_LIFE"
demo_account work >/dev/null 2>&1 || exit 1

test_told
test_last_refresh
test_data
test_learned
is "$(counted reuse_detected)" 0 'no refresh token was used twice'
remove_accounts work
done_testing
