#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_faults.sh - what a host is told when the provider does not do its part,
# and that nothing is lost where the provider has rotated nothing.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

NETWORK=30 TIMEOUT=31 THROTTLED=33 DENIED=41

# refused CODE FAULT...: a get at the moment of expiry gives CODE, and once the
# fault is over the grant is as good as before.
refused()
{
	code=$1
	shift
	forget_failures
	expire || return
	provider_fault none "$@"
	exits "$code" "$*: result $code" ask -t 20000 -m 1000000
	provider_fault none
	forget_failures
	ok "$*: nothing was lost" ask
}

# in_time TIMEOUT_MS: TIMEOUT comes when it is due. Up to three attempts, for a
# busy machine.
in_time()
{
	for attempt in 1 2 3; do
		ask -t "$1" -m 1000000 -l 300 -c "$TIMEOUT" && return
		tap_note "attempt $attempt was late"
		sleep 3
	done
	return 1
}

# The provider answers after the host's time-out: the answer is not lost.
test_slow()
{
	expire
	before=$(refreshes)
	provider_fault none slow=1500
	ok 'a slow provider: TIMEOUT when it is due' in_time 500
	provider_fault none
	ok 'a slow provider: the next get has the token' ask
	is $(($(refreshes) - before)) "$attempt" \
		'a slow provider: no second refresh'
	ok 'a slow provider: and its refresh token is good' ask -m 1000000
	is "$(counted reuse_detected)" 0 'a slow provider: no token used twice'
}

# The answer trickles: the caller's deadline counts for the whole of it.
test_drip()
{
	expire
	provider_fault none drip=10
	ok 'a dripping provider: TIMEOUT when it is due' in_time 500
	provider_fault none
	ok 'a dripping provider: the next get has the token' ask -t 60000
}

# Never answers: the helper goes on waiting, the host does not.
test_silent()
{
	expire
	provider_fault none silent
	ok 'a silent provider: TIMEOUT when it is due' in_time 500
	ok 'a silent provider: so does who waits behind' \
		ask -t 500 -m 1000000 -l 300 -c "$TIMEOUT"
	ok 'a silent provider: another account has its token' ask -a second
	provider_stop
	forget_failures
	exits "$NETWORK" 'a provider that is gone: NETWORK' \
		ask -t 20000 -m 1000000
}

# A strict provider: it rotates, and takes a refresh token that comes twice as
# stolen. Where it did not process the request nothing is lost.
provider_start
{ demo_account demo && demo_login demo; } >/dev/null 2>&1 || exit 1
refused "$NETWORK" reset-before
refused "$NETWORK" http-500
refused "$NETWORK" http-503
refused "$THROTTLED" http-429
refused "$NETWORK" html
refused "$NETWORK" garbage
refused "$NETWORK" redirect=http://127.0.0.1:1/
is "$(counted reuse_detected)" 0 'no refresh token was ever used twice'
test_slow
test_drip
provider_stop
remove_accounts demo

# One that does not rotate: nothing may be lost, whatever its answer was.
provider_start --no-rotation
{ demo_account demo && demo_login demo; } >/dev/null 2>&1 || exit 1
{ demo_account second native && demo_login second; } >/dev/null 2>&1 ||
	exit 1
refused "$NETWORK" reset-after
refused "$NETWORK" truncate
refused "$NETWORK" huge
refused "$NETWORK" deep
refused "$NETWORK" wrong-type
refused "$DENIED" token-type=mac
refused "$NETWORK" garbage after
test_silent
remove_accounts demo second
done_testing
