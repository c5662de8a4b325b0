#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_loop.sh - event loops of two kinds, and many threads at once.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"
# shellcheck source=tests/oidc/oidc.sh
. "$VALETKEY_SRC/tests/oidc/oidc.sh"

# Other tests of the same user may have used up the kernel's room for a while.
is_published()
{
	valetkey token demo >/dev/null 2>&1 &&
		grep -q " valetkey:$(account_id demo):" /proc/keys
}

test_on()
{
	loop=$HOSTS/$1
	wait_until is_published
	ok "$1: a hit" "$loop" hit
	refresh_cost 1 "$1: an invalidate" "$loop" invalidate
	provider_fault none slow=1500
	expire && expire other
	before=$(refreshes)
	ok "$1: four gets at once, a slow provider" "$loop" slow other
	is "$(refreshes)" $((before + 2)) "$1: one refresh for each account"
	expire
	before=$(refreshes)
	ok "$1: cancel" "$loop" cancel
	ok "$1: the helper finishes what was canceled" \
		wait_until counted_above refreshes_ok "$before"
	provider_fault none
	ok "$1: its token is there" ask
	is "$(refreshes)" $((before + 1)) "$1: without another refresh"
	provider_fault none slow=1500
	expire
	ok "$1: a time-out" "$loop" deadline
	provider_fault none
	ok "$1: the next get has a token" ask
	demo_account "talk-$1" >/dev/null 2>&1
	(
		browser_setup
		VALETKEY_TEST_ACCOUNT=talk-$1
		export VALETKEY_TEST_ACCOUNT
		"$loop" talk "$BROWSER"
	) >talk.out 2>&1
	is "$?" 0 "$1: a login in finish" || sed 's/^/# /' talk.out
	remove_accounts "talk-$1"
}

# lent DESCRIPTION COMMAND...: another program's loop watches a copy.
lent()
{
	lent_what=$1
	shift
	provider_fault none slow=1500
	expire
	took=$("$HOSTS/lend" 0 0 "$@")
	ok "$lent_what: a slow provider" [ "${took:-0}" -ge 1200 ]
	expire
	provider_fault none slow=9000
	took=$("$HOSTS/lend" 31 700 "$@")
	ok "$lent_what: a time-out, in time" \
		[ "${took:-0}" -ge 700 -a "${took:-0}" -lt 8000 ]
	provider_fault none
	ok "$lent_what: the token is there" ask
	ok "$lent_what: a token at hand" "$HOSTS/lend" 0 0 "$@"
}

test_node()
{
	if oidc_node; then
		lent node "$NODE" "$VALETKEY_SRC/tests/hosts/loops/lent.mjs"
		ok 'node takes the descriptor' "$HOSTS/lend" 0 0 \
			"$NODE" "$VALETKEY_SRC/tests/hosts/loops/lent.mjs"
	else
		skip 'no node that is new enough' "node's own socket"
	fi
}

test_asyncio()
{
	if sanitized || ! python3 -c 'import asyncio, ctypes' 2>/dev/null; then
		skip 'no python3, or built with a sanitizer' asyncio
		return
	fi
	provider_fault none slow=700
	expire
	export PYTHONPATH="$VALETKEY_SRC/plugin" PYTHONDONTWRITEBYTECODE=1
	refresh_cost 1 'asyncio: a get' "$VALETKEY_SRC/examples/asyncio-host" \
		demo
	is "$(cat ok.out)" "Authorization: Bearer $(valetkey token demo)" \
		'asyncio: with its token'
	refresh_cost 1 'asyncio: an invalidate' \
		"$VALETKEY_SRC/examples/asyncio-host" demo invalidate
	provider_fault none
	exits 20 'asyncio: an error' "$VALETKEY_SRC/examples/asyncio-host" none
}

cd "$VALETKEY_TEST_DIR" || exit 1
provider_start
for account in demo other; do
	demo_account "$account" >/dev/null 2>&1 &&
		demo_login "$account" >/dev/null 2>&1 || exit 1
done
test_on epoll
test_on glib_loop
test_node
test_asyncio
remove_accounts other
provider_stop
provider_start --access-lifetime 3
demo_login demo >/dev/null 2>&1
# The thread sanitizer would end a child that starts the helper.
ok 'a storm of threads on one handle' \
	env TSAN_OPTIONS="${TSAN_OPTIONS-}:die_after_fork=0" \
	"$VALETKEY_BUILD/tests/plugin/storm_threads" 6
tap_note "$(cat ok.out)"
is "$(counted reuse_detected)" 0 'no refresh token was used twice'
remove_accounts demo
done_testing
