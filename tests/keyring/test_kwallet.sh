#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_kwallet.sh - the other keyring: KWallet's Secret Service. It loses one
# encrypted session in a hundred, mostly in silence, and none of that may be
# seen. A wallet is opened as the login does it, by a hash of the password, and
# KWallet must have been started once before it shows a new wallet.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

# shellcheck source=tests/lib/keyrings.sh
. "$VALETKEY_SRC/tests/lib/keyrings.sh"

if [ -z "${VALETKEY_TEST_KWALLET-}" ]; then
	need_kwallet
	export VALETKEY_TEST_KWALLET=1
	exec "$VALETKEY_SRC/tests/lib/session" --no-keyring sh "$0"
fi

# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

ROUNDS=60 LOGIN=21 LOCKED=23 NO_KEYRING=24

# Refreshes one after another; how many did not succeed.
rounds()
{
	failed=0
	for _ in $(seq "$1"); do
		ask -t 20000 -m 1000000 2>>"$VALETKEY_TEST_DIR/asked" ||
			failed=$((failed + 1))
	done
	echo "$failed"
}

test_refresh()
{
	before=$(refreshes)
	is "$(rounds "$ROUNDS")" 0 "KWallet: $ROUNDS refreshes, all stored"
	is $(($(refreshes) - before)) "$ROUNDS" 'KWallet: each was one refresh'
}

# It says that it has stored, and writes five seconds later.
test_killed_after()
{
	sleep 6
	ok 'KWallet: a refresh' ask -t 20000 -m 1000000
	kwallet_end -KILL
	kwallet_start
	ok 'KWallet killed before it wrote: the parked grant is good' \
		ask -t 20000 -m 1000000
	sleep 6
}

test_killed()
{
	provider_fault none slow=1000
	before=$(counted token_requests)
	ask -t 20000 -m 1000000 >"$VALETKEY_TEST_DIR/killed" 2>&1 &
	host=$!
	wait_until counted_above token_requests "$before"
	kwallet_end -KILL
	wait "$host"
	like $? "^(0|$NO_KEYRING)\$" 'KWallet killed in a refresh: parked, or told'
	provider_fault none
	exits "$NO_KEYRING" 'KWallet killed: NO_KEYRING' \
		ask -t 10000 -m 1000000
	kwallet_starts keyring_is locked
	exits "$LOCKED" 'KWallet with a closed wallet: LOCKED, no dialog' \
		ask -t 5000 -m 1000000
	wait_until kwallet_is_open
	is "$(keyring_locked)" true 'KWallet is back: it says that it is locked'
	ok 'KWallet is back: the parked grant is good' ask -t 20000 -m 1000000
}

kwallet_make >"$VALETKEY_TEST_DIR/make.log" 2>&1 ||
	skip_all "$KWALLETD does not start here"
provider_start
is "$(keyring_locked)" true 'KWallet: opened by the login it calls itself locked'
ok 'KWallet: an account with a secret is added' demo_account demo
ok 'KWallet: a login' demo_login demo
test_refresh
test_killed_after
test_killed
ok 'KWallet: logged out' valetkey logout demo
exits "$LOGIN" 'KWallet: and nothing is left' ask -t 20000 -m 1000000
is "$(counted reuse_detected)" 0 'KWallet: no refresh token was used twice'
remove_accounts demo
kwallet_end -TERM
done_testing
