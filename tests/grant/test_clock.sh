#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_clock.sh - a token's age is right whatever the wall clock says, and after
# a sleep of the machine; what cannot be known is asked anew.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

LIFETIME=3600

keyring()
{
	"$VALETKEY_BUILD/tests/lib/keyring" "$@"
}

# edit SCRIPT: the stored grant by sed, and no copy anywhere else.
edit()
{
	id=$(account_id demo) && keyring dump grant "$id" |
		sed "$1" >"$VALETKEY_TEST_DIR/edited" &&
		keyring replace grant "$id" <"$VALETKEY_TEST_DIR/edited" &&
		"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$id"
}

# A fresh grant, then stored as SCRIPT makes it, costs so many refreshes.
stored()
{
	ok "$2: a fresh token" ask -f "$flags" -m 1000000
	edit "$3" || tap_result 1 "$2: the keyring takes the change"
	refresh_cost "$1" "$2" ask -f "$flags"
}

now=$(date +%s)
reboot='/^boot=/d'

provider_start --access-lifetime "$LIFETIME"
{ demo_account demo web --scope 'monitoring openid' && demo_login demo; } \
	>/dev/null 2>&1 || exit 1
flags=0

# The same boot: CLOCK_BOOTTIME alone counts.
stored 0 'the wall clock was put forward by a year' \
	"s/^issued_at=.*/issued_at=$((now - 31536000))/"
stored 0 'the wall clock was put back by a year' \
	"s/^issued_at=.*/issued_at=$((now + 31536000))/"
# After a boot there is only the wall clock.
stored 0 'a boot since, a minute ago by the wall clock' \
	"$reboot; s/^issued_at=.*/issued_at=$((now - 60))/"
stored 1 'a boot since, two hours ago by the wall clock' \
	"$reboot; s/^issued_at=.*/issued_at=$((now - 7200))/"
stored 1 'a boot since, and a clock that went back: asked anew' \
	"$reboot; s/^issued_at=.*/issued_at=$((now + 7200))/"
stored 1 'a boot since, and a clock of another century: asked anew' \
	"$reboot; s/^issued_at=.*/issued_at=0/"
stored 1 'numbers that make no sense: asked anew' \
	's/^issued_clock=.*/issued_clock=9223372036854775807/'

# An ID token's own age, by the same clocks; it is good for ten minutes.
flags=4
stored 0 'ID token: the wall clock was put forward by a year' \
	"s/^issued_at=.*/issued_at=$((now - 31536000))/"
stored 0 'ID token: a boot since, a minute ago by the wall clock' \
	"$reboot; s/^issued_at=.*/issued_at=$((now - 60))/"
stored 1 'ID token: a boot since, a quarter of an hour ago' \
	"$reboot; s/^issued_at=.*/issued_at=$((now - 900))/"
stored 1 'ID token: a boot since, and a clock that went back: asked anew' \
	"$reboot; s/^issued_at=.*/issued_at=$((now + 7200))/"
stored 1 'ID token: a lifetime that makes no sense: asked anew' \
	's/^id_token_expires_in=.*/id_token_expires_in=-9223372036854775808/'

# What a server says counts more than any clock.
ok 'a 401: reported' ask -x
refresh_cost 1 'a 401: the next get has another token' ask

# A time namespace; others than root need one of users first.
options='--time'
[ "$(id -u)" -eq 0 ] || options='--user --map-current-user --time'

# asleep SECONDS [COMMAND]: a get on a machine that slept so long.
asleep()
{
	# shellcheck disable=SC2086 # a list of words
	unshare $options --boottime "$1" --fork "${2:-$HOSTS/ask}"
}

printf '#!/bin/sh\nexec "%s/ask" -f 4\n' "$HOSTS" \
	>"$VALETKEY_TEST_DIR/ask_id_token"
chmod +x "$VALETKEY_TEST_DIR/ask_id_token"
if asleep 1 true 2>/dev/null; then
	ok 'sleep: a fresh token' ask -m 1000000
	refresh_cost 0 'sleep: a minute later the token is good' asleep 60
	refresh_cost 1 'sleep: two hours later it is over' asleep 7200
	ok 'sleep: another fresh token' ask -m 1000000
	refresh_cost 1 'sleep: a quarter of an hour later an ID token is over' \
		asleep 900 "$VALETKEY_TEST_DIR/ask_id_token"
else
	skip 'no time namespace can be made here' 'sleep'
fi
is "$(counted reuse_detected)" 0 'no refresh token was used twice'
remove_accounts demo
done_testing
