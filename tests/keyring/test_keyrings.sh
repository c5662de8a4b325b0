#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_keyrings.sh - what a host is told when the keyring is locked, stopped,
# killed or was never there: its own code, in time, without any dialog, and
# before a refresh token is spent.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

LOGIN=21 LOCKED=23 NO_KEYRING=24 NO_BUS=25 TIMEOUT=31
calls=$VALETKEY_TEST_DIR/calls

keyring()
{
	"$VALETKEY_BUILD/tests/lib/keyring" "$@"
}

# Whether the bus has carried the call of which the log is made sure to tell.
monitored()
{
	dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
		org.freedesktop.DBus.NameHasOwner "string:$1" >/dev/null &&
		grep -q "$1" "$calls"
}

# A call that needs the keyring, whatever the caches hold.
need_keyring()
{
	ask -t 10000 -m 1000000
}

test_locked()
{
	before=$(counted token_requests)
	keyring lock
	dbus-monitor --session >"$calls" 2>/dev/null &
	monitor=$!
	wait_until monitored valetkey.test.start
	exits "$LOCKED" 'a locked keyring: LOCKED' need_keyring
	exits "$LOCKED" 'a locked keyring: invalidate too' ask -x
	like "$(valetkey token demo --min-valid 1000000 2>&1)" \
		'locked\. Unlock it: .* --interactive$' \
		'a locked keyring: what to type'
	wait_until monitored valetkey.test.end
	kill "$monitor"
	ok 'a locked keyring: the bus was listened to' \
		grep -q 'member=SearchItems' "$calls"
	is "$(grep -cE 'member=(Unlock|Prompt|BeginPrompting)' "$calls")" 0 \
		'a locked keyring: no dialog was asked for'
	is "$(counted token_requests)" "$before" \
		'a locked keyring: no refresh token was spent'
	like "$(valetkey login demo --no-browser --timeout 5 2>&1)" \
		'dialog was closed.*Unlock the keyring.*repeat the command' \
		'a locked keyring: what a login says'
	keyring unlock
	ok 'an unlocked keyring: a token' need_keyring
}

nobody_refreshes()
{
	[ -z "$(helper_of demo)" ]
}

# The helper may have begun a moment later than the host: its time is over later.
test_stopped()
{
	before=$(counted token_requests)
	kill -s STOP "$VALETKEY_TEST_KEYRING_PID"
	exits "$TIMEOUT" 'a keyring that hangs: TIMEOUT when it is due' \
		ask -t 1000 -m 1000000 -l 2000
	wait_until nobody_refreshes
	kill -s CONT "$VALETKEY_TEST_KEYRING_PID"
	is "$(counted token_requests)" "$before" \
		'a keyring that hangs: no refresh token was spent'
	ok 'a keyring that goes on: a token' ask -t 20000 -m 1000000
}

# At whichever call the time is over: the provider was not asked, so the next
# get need not leave it alone for a while.
test_slow()
{
	refused=0
	for ms in 120 124 128 132 136 140 144 148; do
		kill -s STOP "$VALETKEY_TEST_KEYRING_PID"
		ask -t 150 -m 1000000 2>/dev/null &
		sleep "0.$ms"
		kill -s CONT "$VALETKEY_TEST_KEYRING_PID"
		wait "$!"
		need_keyring 2>/dev/null || refused=$((refused + 1))
	done
	is "$refused" 0 'a keyring that is slow: no get after it is refused'
}

test_no_item()
{
	keyring delete grant "$(account_id second)"
	exits "$LOGIN" 'no grant in the keyring: LOGIN' \
		ask -a second -m 1000000
	exits "$LOGIN" 'a grant that was never there: LOGIN' ask -a third
}

# The keyring goes away between the look and the store; what the provider gave
# is in safety, or the host is told.
test_killed()
{
	before=$(counted token_requests)
	provider_fault none slow=1000
	ask -t 20000 -m 1000000 >"$VALETKEY_TEST_DIR/killed" 2>&1 &
	host=$!
	wait_until counted_above token_requests "$before"
	kill -s KILL "$VALETKEY_TEST_KEYRING_PID"
	wait "$host"
	like $? "^(0|$NO_KEYRING)\$" 'killed during a refresh: parked, or told'
	provider_fault none
	exits "$NO_KEYRING" 'a killed keyring: NO_KEYRING' need_keyring
}

# in_session MODE CODE DESCRIPTION [COMMAND]: the same account elsewhere.
in_session()
{
	# shellcheck disable=SC2016 # expanded in there
	exits "$2" "$3" "$VALETKEY_SRC/tests/lib/session" "$1" sh -c '
		cp -r "$1" "$XDG_CONFIG_HOME/" &&
			chmod -R go= "$XDG_CONFIG_HOME" || exit 99
		eval "$2"
		exec "$3" -t 10000 -m 1000000' \
		sh "$XDG_CONFIG_HOME/valetkey" "${4:-}" "$HOSTS/ask"
}

provider_start
{ demo_account demo && demo_login demo; } >/dev/null 2>&1 || exit 1
{ demo_account second native && demo_login second; } >/dev/null 2>&1 ||
	exit 1
demo_account third native >/dev/null 2>&1 || exit 1

test_locked
test_stopped
test_slow
test_no_item
in_session --locked "$LOCKED" 'a locked keyring that shows nothing: LOCKED'
in_session --no-keyring "$NO_KEYRING" 'no keyring: NO_KEYRING'
in_session --no-bus "$NO_BUS" 'no bus: NO_BUS'
# shellcheck disable=SC2016
in_session --no-keyring "$NO_BUS" 'a bus that is gone: NO_BUS' \
	'kill "$VALETKEY_TEST_BUS_PID"; sleep 0.2'
# shellcheck disable=SC2016
in_session --no-keyring "$NO_BUS" 'a bus of another kind: NO_BUS' \
	'rm "$XDG_RUNTIME_DIR/bus"
	export DBUS_SESSION_BUS_ADDRESS=tcp:host=127.0.0.1,port=1'
test_killed
remove_accounts demo second third
done_testing
