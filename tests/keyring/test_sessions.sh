#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_sessions.sh - one user, two login sessions, each with a bus and a
# gnome-keyring of its own over the one file. gnome-keyring reads the file again
# when its time has changed by a second: until then it shows, and writes back,
# what it read before. A refresh token that the other session has replaced must
# not be sent, which would end the grant.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

LOGIN=21
other=$VALETKEY_TEST_DIR/other
file=$XDG_DATA_HOME/keyrings/login.keyring

# there COMMAND...: in the other session.
there()
(
	XDG_RUNTIME_DIR=$other DBUS_SESSION_BUS_ADDRESS=unix:path=$other/bus
	export XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
	"$@"
)

keyring()
{
	"$VALETKEY_BUILD/tests/lib/keyring" "$@"
}

# The refresh token that this session's keyring shows.
shown()
{
	keyring dump grant "$(account_id demo)" |
		sed -n 's/^refresh_token=//p'
}

start_other()
{
	mkdir -m 700 "$other"
	sed "s|<listen>.*</listen>|<listen>unix:path=$other/bus</listen>|" \
		"$VALETKEY_TEST_DIR/bus.conf" >"$other/bus.conf"
	setpriv --pdeathsig KILL dbus-daemon --nofork --nopidfile \
		--config-file="$other/bus.conf" </dev/null \
		>"$other/bus.log" 2>&1 &
	other_bus=$!
	wait_until test -S "$other/bus"
	there setpriv --pdeathsig KILL --no-new-privs gnome-keyring-daemon \
		--foreground --unlock --components=secrets \
		<"$VALETKEY_TEST_KEYRING_PASSWORD_FILE" \
		>"$other/keyring.log" 2>&1 &
	other_keyring=$!
	wait_until there keyring unlock 2>/dev/null
}

# From here on the other session's keyring sees no change of the file.
freeze()
{
	there shown >/dev/null
	time=$(stat -c %Y "$file")
}

keep_frozen()
{
	touch -d "@$time" "$file"
}

refresh()
{
	ask -t 20000 -m 1000000
}

test_in_turn()
{
	failed=0
	for _ in 1 2 3 4 5; do
		refresh || failed=$((failed + 1))
		there refresh || failed=$((failed + 1))
	done 2>"$VALETKEY_TEST_DIR/turns"
	is "$failed" 0 'refreshes in turn: all good'
}

test_one_behind()
{
	freeze
	ok 'one behind: refreshed here' refresh
	keep_frozen
	ok 'one behind: refreshed there' there refresh
	ok 'one behind: refreshed here again' refresh
}

forget_parked()
{
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey-parked:$(account_id demo)"
}

# What is parked is as new as a grant can be.
test_two_behind()
{
	freeze
	ok 'two behind: refreshed here' refresh
	ok 'two behind: refreshed here again' refresh
	keep_frozen
	ok 'two behind: refreshed there' there refresh
	ok 'two behind: refreshed here once more' refresh
}

# An hour later it is not there any more.
test_lost_sight()
{
	freeze
	ok 'out of sight: refreshed here' refresh
	ok 'out of sight: refreshed here again' refresh
	forget_parked
	keep_frozen
	before=$(refreshes)
	exits "$LOGIN" 'out of sight: LOGIN there' there refresh
	like "$(there refresh 2>&1)" 'Lock the keyring .* unlock it again' \
		'out of sight: and what to do'
	new=$(shown)
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$(account_id demo)"
	ok 'out of sight: invalidate there' there ask -x
	sleep 1.1
	is "$(shown)" "$new" 'out of sight: nothing is written over the new one'
	is "$(refreshes)" "$before" 'out of sight: no refresh token was sent'
	ok 'out of sight: good here' refresh
	there keyring lock && there keyring unlock
	ok 'out of sight: good there, once its keyring was opened again' \
		there refresh
}

# The other session's keyring writes all that it knows, and that is old.
test_written_over()
{
	sleep 1.1
	freeze
	ok 'written over: refreshed here' refresh
	keep_frozen
	new=$(shown)
	ok 'written over: something else is stored there' \
		there valetkey logout second
	is "$(refresh_token_in_file)" old 'written over: the file is the old one'
	before=$(counted reuse_detected)
	ok 'written over: good here' refresh
	is "$(counted reuse_detected)" "$before" \
		'written over: by the grant that was parked'
	expire demo
	ok 'written over: refreshed when it was due' ask -t 20000
	like "$(parked_for)" '^(1h|[0-9][0-9]m|no key)$' \
		'written over: it stays parked until it is due again'
}

# How long the kernel keeps what is parked.
parked_for()
{
	awk -v name="valetkey-parked:$(account_id demo):" '
		$9 == name { print $4; found = 1 }
		END { if (!found) print "no key" }' /proc/keys
}

# A keyring that is started now reads what the file says.
refresh_token_in_file()
{
	sleep 1.1
	[ "$(shown)" = "$new" ] && echo new || echo old
}

# shellcheck disable=SC2119
provider_start
{ demo_account demo && demo_login demo; } >/dev/null 2>&1 || exit 1
{ demo_account second native && demo_login second; } >/dev/null 2>&1 || exit 1
start_other || exit 1
is "$(there shown)" "$(shown)" 'both sessions show one grant'
test_in_turn
test_one_behind
test_two_behind
test_lost_sight
test_written_over
is "$(counted reuse_detected)" 0 'no refresh token was used twice'
remove_accounts demo second
kill "$other_keyring" "$other_bus"
done_testing
