#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_hosts.sh - runs the host programs, each a promise of valetkey.h, against
# the provider: what they themselves can see, and what only the provider sees.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

# 77: the host could not be what it wanted to be.
setgid_copy()
{
	if [ "$(id -u)" -eq 0 ]; then
		group=65534
	else
		group=$(id -G | tr ' ' '\n' | grep -vx "$(id -g)" | head -n 1)
	fi
	[ -n "$group" ] || return 77
	cp "$HOSTS/setgid" "$VALETKEY_TEST_DIR/setgid" &&
		chgrp "$group" "$VALETKEY_TEST_DIR/setgid" &&
		chmod 2755 "$VALETKEY_TEST_DIR/setgid" || return 77
	chmod 711 "$VALETKEY_TEST_DIR"
	"$VALETKEY_TEST_DIR/setgid"
}

test_setgid()
{
	setgid_status=0
	setgid_copy || setgid_status=$?
	if [ "$setgid_status" -eq 77 ]; then
		skip 'no second group, or set-group-ID has no effect here' \
			'a set-group-ID program is refused'
	else
		is "$setgid_status" 0 'a set-group-ID program is refused'
	fi
}

# killed SIGNAL DESCRIPTION: the host's process group gets it while the provider
# works on the refresh. What was begun is finished, once.
killed()
{
	expire
	before=$(counted token_requests)
	done_before=$(refreshes)
	provider_fault none slow=1000
	setsid env --default-signal=INT "$HOSTS/ask" &
	host=$!
	ok "$2: the refresh has begun" \
		wait_until counted_above token_requests "$before"
	kill -s "$1" -- "-$host"
	wait "$host"
	is $? $((128 + $3)) "$2: the host is gone"
	provider_fault none
	ok "$2: the next get has a token" ask
	is "$(refreshes) $(counted token_requests)" \
		"$((done_before + 1)) $((before + 1))" \
		"$2: the rotated token was kept, one refresh in all"
	ok "$2: and its refresh token is good" ask -m 1000000
}

# The helper itself, during a slow refresh. Only root may see its environment; what
# others see: test_user.sh.
test_real_helper()
{
	expire
	before=$(counted token_requests)
	provider_fault none slow=1500
	GIO_EXTRA_MODULES=/nowhere/evil SSLKEYLOGFILE=/nowhere/evil \
		LD_DEBUG_OUTPUT=/nowhere/evil G_MESSAGES_DEBUG=all \
		LD_BIND_NOW=1 "$HOSTS/ask" &
	host=$!
	wait_until counted_above token_requests "$before"
	helper=/proc/$(helper_of demo)
	is "$(cat "$helper/comm")" valetkey-helper 'the helper is at work'
	is "$(awk '/^Max core/ { print $5, $6 }' "$helper/limits")" '0 0' \
		'it leaves no core'
	is "$(awk '{ print $6, $4 == host }' "host=$host" "$helper/stat")" \
		"${helper#/proc/} 0" 'it is not our child, in its own session'
	if [ "$(id -u)" -eq 0 ]; then
		variables=$(tr '\0' '\n' <"$helper/environ")
		like "$variables" "^XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR\$" \
			'it has an environment'
		unlike "$variables" 'evil|^LD_|^GIO|^G_|^SSLKEY' \
			"and none of the host's settings"
	fi
	wait "$host"
	is $? 0 'the host got its token'
	provider_fault none
}

test_throw()
{
	thrown=$VALETKEY_TEST_DIR/throw
	if sanitized || ! command -v "${CXX:-c++}" >/dev/null; then
		skip 'no C++ compiler, or built with a sanitizer' \
			'a conversation that throws'
		return
	fi
	ok 'a C++ host compiles' "${CXX:-c++}" -o "$thrown" \
		-I "$VALETKEY_SRC/plugin" "$VALETKEY_SRC/tests/hosts/converse/throw.cc" \
		"$VALETKEY_LIB"
	ok 'a conversation that throws' "$thrown" second
}

provider_start
{ demo_account demo && demo_login demo; } >/dev/null 2>&1 || exit 1

refresh_cost 1 'a plain host' "$HOSTS/plain"
ok 'a host that is linked' "$HOSTS/linked"
ok 'what a request may ask' "$HOSTS/requests" "$PROVIDER_URL"
refresh_cost 1 'a token that must be fresh' "$HOSTS/fresh"
refresh_cost 1 'an invalidated token' "$HOSTS/invalidate"
ok 'a refused token never comes back' "$HOSTS/refused"
ok 'SIGCHLD is ignored' "$HOSTS/sigchld_ignored"
ok 'SIGCHLD is counted' "$HOSTS/sigchld_counted"
ok 'a thread reaps all children' "$HOSTS/reaper"
# (A thread sanitizer that ignores modules misses the end of a canceled thread.)
ok 'threads are canceled inside get' env TSAN_OPTIONS= "$HOSTS/cancel"
# (It would end a child of threads that has some of its own.)
ok 'forks while threads are inside get' \
	env TSAN_OPTIONS="${TSAN_OPTIONS-}:die_after_fork=0" "$HOSTS/fork_threads"
ok 'no descriptor is free' "$HOSTS/nofile"
ok 'every allocation fails once' "$HOSTS/nomem" "$PROVIDER_URL/"
if sanitized; then
	skip 'a sanitizer handles signals' 'a hostile environment'
else
	ok 'a hostile environment' "$HOSTS/environment" "$VALETKEY_TEST_DIR"
fi
test_setgid
if sanitized; then
	skip 'a sanitizer has its own malloc' 'no helper'
else
	ok 'no helper can be started' "$HOSTS/no_helper" demo
fi
ok 'who takes cached tokens alone starts no helper' "$HOSTS/last_fifth" demo

provider_fault none slow=400
expire && refresh_cost 1 'descriptors 0 to 2 are closed' "$HOSTS/closed_stdio"
# So slow that a busy machine can do much meanwhile, and that to wait shows.
provider_fault none slow=3000
expire && refresh_cost 1 'programs are started meanwhile' "$HOSTS/descriptors"
expire && refresh_cost 1 'a handle is closed under a call' "$HOSTS/close_busy"
expire && refresh_cost 1 'an event loop' "$HOSTS/loop" PENDING
provider_fault none
ok 'an event loop, with a token at hand' "$HOSTS/loop" DONE

demo_account second >/dev/null 2>&1
demo_account third >/dev/null 2>&1
demo_account fourth >/dev/null 2>&1
browser_setup
ok 'calls from within a conversation' \
	env VALETKEY_TEST_ACCOUNT=second "$HOSTS/busy" demo
if sanitized; then
	stacks=one
else
	stacks=coroutine
fi
ok 'a conversation that never returns' \
	env VALETKEY_TEST_ACCOUNT=second "$HOSTS/unwind" "$stacks"
test_throw
ok 'a conversation that shows nothing' \
	env VALETKEY_TEST_ACCOUNT=fourth "$HOSTS/answers" "$BROWSER"
ok 'forks within a conversation' \
	env VALETKEY_TEST_ACCOUNT=third "$HOSTS/fork_talk" "$BROWSER"

provider_fault none slow=1500
expire && refresh_cost 1 'a slow account beside another' \
	"$HOSTS/slow_other" third
provider_fault none

killed INT 'Ctrl-C' 2
killed KILL 'kill -9' 9
test_real_helper
is "$(counted reuse_detected)" 0 'no refresh token was ever used twice'
remove_accounts demo second third fourth
done_testing
