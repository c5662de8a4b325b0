#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_collections.sh - the keyring changes under an account: another collection
# becomes the default one, ours is deleted, there is none any more, it cannot be
# written, its service is started anew during a refresh. Each has its own
# result and says what to do, and no refresh token is spent in vain.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

LOGIN=21 LOCKED=23 NO_KEYRING=24

keyring()
{
	"$VALETKEY_BUILD/tests/lib/keyring" "$@"
}

refresh()
{
	ask -t 20000 -m 1000000
}

# unspent DESCRIPTION: no refresh token was, since $before.
unspent()
{
	is "$(counted token_requests)" "$before" "$1: no refresh token was spent"
}

start_keyring()
{
	setpriv --pdeathsig KILL --no-new-privs gnome-keyring-daemon \
		--foreground --unlock --components=secrets \
		<"$VALETKEY_TEST_KEYRING_PASSWORD_FILE" \
		>>"$VALETKEY_TEST_DIR/keyring.log" 2>&1 &
	keyring_pid=$!
	wait_until keyring unlock 2>/dev/null
}

# Its service gets no more descriptors, so it can read and write no file. It is
# started anew afterwards: after a failed write it may have lost the item from its
# memory, though not from the file.
test_refusing()
{
	prlimit --pid "$keyring_pid" --nofile=8:
	file=$XDG_DATA_HOME/keyrings/login.keyring
	cp "$file" "$VALETKEY_TEST_DIR/kept"
	before=$(refreshes)
	ok 'it cannot be written: the token is good' refresh
	is "$(refreshes)" $((before + 1)) 'it cannot be written: one refresh'
	ok 'it cannot be written: nothing was' \
		cmp "$file" "$VALETKEY_TEST_DIR/kept"
	kill -s KILL "$keyring_pid"
	start_keyring
	ok 'it can be written again: what was parked is good' refresh
}

test_restarted()
{
	before=$(counted token_requests)
	provider_fault none slow=2000
	refresh >"$VALETKEY_TEST_DIR/restarted" 2>&1 &
	host=$!
	wait_until counted_above token_requests "$before"
	kill -s KILL "$keyring_pid"
	start_keyring
	wait "$host"
	is $? 0 'its service was started anew during a refresh: a token'
	provider_fault none
	ok 'its service was started anew: a token' refresh
}

# The desktop ends during a refresh: its keyring first, then the kernel's.
test_shut_down()
{
	before=$(counted token_requests)
	provider_fault none slow=1000
	refresh >"$VALETKEY_TEST_DIR/restarted" 2>&1 &
	host=$!
	wait_until counted_above token_requests "$before"
	kill -s KILL "$keyring_pid"
	wait "$host"
	is $? 0 'a shutdown during a refresh: a token'
	provider_fault none
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$(account_id demo)" \
		"valetkey-parked:$(account_id demo)"
	start_keyring
	ok 'a shutdown during a refresh: the grant is still good' refresh
	ok 'a shutdown during a refresh: and the next one' refresh
	is "$(find "$XDG_CONFIG_HOME/valetkey" -name '.*.parked')" '' \
		'a shutdown during a refresh: no copy is left'
}

test_other_default()
{
	keyring create new
	ok 'a new default collection: a token' refresh
	before=$(counted token_requests)
	keyring lock
	exits "$LOCKED" 'a new default collection, locked: LOCKED' refresh
	keyring unlock
	keyring default login && keyring lock && keyring default new
	exits "$LOCKED" 'the old collection is locked: LOCKED' refresh
	unspent 'one of two collections is locked'
	keyring default login && keyring unlock && keyring default new
	ok 'two collections, both unlocked: a token' refresh
}

test_deleted()
{
	before=$(counted token_requests)
	keyring destroy login
	exits "$LOGIN" 'the collection is deleted: LOGIN' refresh
	like "$(refresh 2>&1)" 'Run: valetkey login demo' \
		'the collection is deleted: and what to do'
	unspent 'the collection is deleted'
	ok 'the collection is deleted: a login goes into the new one' \
		demo_login demo
	ok 'the collection is deleted: a token after it' refresh
}

test_none()
{
	before=$(counted token_requests)
	keyring destroy new
	exits "$LOGIN" 'no collection: LOGIN' refresh
	exits "$NO_KEYRING" 'no collection: a login says NO_KEYRING' \
		demo_login demo
	like "$(demo_login demo 2>&1)" 'Create one in the keyring.s manager' \
		'no collection: and what to do'
	exits "$NO_KEYRING" 'no collection: add says NO_KEYRING, before it asks' \
		valetkey add other --provider ninjaone --no-prompt </dev/null
}

# shellcheck disable=SC2119
provider_start
{ demo_account demo native && demo_login demo; } >/dev/null 2>&1 || exit 1
keyring_pid=$VALETKEY_TEST_KEYRING_PID
test_refusing
test_restarted
test_shut_down
test_other_default
test_deleted
test_none
is "$(counted reuse_detected)" 0 'no refresh token was used twice'
remove_accounts demo
kill "$keyring_pid"
done_testing
