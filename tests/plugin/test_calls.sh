#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_calls.sh - what a get asks of the keyring, which serves one program after
# another, writes its whole file at each change, and grows with every session:
# few calls, and few sessions, however many programs come at once.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

HERD=12
calls=$VALETKEY_TEST_DIR/calls

# Whether the bus has carried the call of which the log is made sure to tell.
monitored()
{
	dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
		org.freedesktop.DBus.NameHasOwner "string:$1" >/dev/null &&
		grep -q "$1" "$calls"
}

# Whether nobody is on the bus but the keyring and who asks: a helper goes on for a
# moment after its answer. (A monitor has no name there.)
bus_is_calm()
{
	[ "$(dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
		org.freedesktop.DBus.ListNames | grep -c '":')" -eq 2 ]
}

monitor_start()
{
	wait_until bus_is_calm
	dbus-monitor --session "type='method_call'" >"$calls" 2>/dev/null &
	monitor=$!
	wait_until monitored valetkey.test.start
}

monitor_end()
{
	wait_until bus_is_calm
	wait_until monitored valetkey.test.end
	kill "$monitor"
}

# called METHOD: how often it was, by our helpers: the monitor itself and the
# tests' dbus-send say Hello as well.
called()
{
	grep -c "member=$1\$" "$calls" || :
}

test_one()
{
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$(account_id demo)"
	monitor_start
	ok 'a token that only the keyring has' ask
	monitor_end
	is "$(called Get) $(called SearchItems) $(called OpenSession)" '1 1 1' \
		'the keyring is asked if it is locked, what it has, for a session'
	is "$(called GetSecret)" 1 'and for one secret'
	is "$(called GetNameOwner) $(called StartServiceByName)" '0 0' \
		'and the bus for nothing more'
	is "$(called Close)" 1 'the session is closed'
}

# All of them come while the token has expired, and it lives but seconds.
test_herd()
{
	provider_stop
	provider_start --access-lifetime 8 >/dev/null
	demo_login demo >/dev/null 2>&1
	expire
	before=$(refreshes)
	monitor_start
	hosts='' failed=0
	for _ in $(seq "$HERD"); do
		ask -t 20000 &
		hosts="$hosts $!"
	done
	for host in $hosts; do
		wait "$host" || failed=$((failed + 1))
	done
	monitor_end
	is "$failed" 0 "$HERD at once: all have a token"
	made=$(($(refreshes) - before))
	ok "$HERD at once: few refreshes" [ "$made" -le 2 ]
	is "$(called OpenSession)" "$made" \
		"$HERD at once: one session for each refresh"
}

provider_start
{ demo_account demo && demo_login demo; } >/dev/null 2>&1 || exit 1
test_one
test_herd
remove_accounts demo
done_testing
