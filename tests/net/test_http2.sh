#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_http2.sh - token requests over HTTP/2: what a server has not looked at is
# asked again at once, and what it may have answered is not (RFC 9113 8.7, RFC
# 9700 4.14.2). The provider is behind tests/oidc/http2.js, which counts.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"
# shellcheck source=tests/lib/keys.sh
. "$VALETKEY_SRC/tests/lib/keys.sh"
# shellcheck source=tests/oidc/oidc.sh
. "$VALETKEY_SRC/tests/oidc/oidc.sh"

oidc_node || skip_all 'no node that is new enough'

LOG=$KEYS/http2.log
TOKEN=/ws/oauth/token

# In front of the provider, wherever that listens; its port to $port.
front_start()
{
	: >"$LOG"
	setpriv --pdeathsig KILL "$NODE" "$VALETKEY_SRC/tests/oidc/http2.js" \
		"$KEYS" "$PROVIDER_PORT" </dev/null >"$KEYS/port" \
		2>"$VALETKEY_TEST_DIR/http2.err" &
	front=$!
	until [ -s "$KEYS/port" ]; do
		process_runs "$front" || {
			sed 's/^/# /' "$VALETKEY_TEST_DIR/http2.err"
			return 1
		}
		sleep 0.05
	done
	port=$(cat "$KEYS/port")
}

# The browser talks to the provider itself.
# shellcheck disable=SC2317 # called by ok
add_two()
{
	valetkey add two --client-id web-client --ca-file "$KEYS/ca.crt" \
		--authorization-endpoint "$PROVIDER_URL/ws/oauth/authorize" \
		--token-endpoint "https://127.0.0.1:$port$TOKEN" \
		--redirect-uri "$PROVIDER_REDIRECT" \
		--scope 'monitoring offline_access' \
		--secret-stdin <"$(secret_file web-secret)"
}

# renew [FAULT...]: a refresh, which meets these one after another.
renew()
{
	printf '%s\n' "$@" >"$KEYS/faults"
	mark=$(wc -l <"$LOG")
	taken=$(token_requests)
	run valetkey token two --min-valid 1000000
}

# asked LINES DESCRIPTION: what the front was asked since.
asked()
{
	is "$(tail -n "+$((mark + 1))" "$LOG" | cut -d ' ' -f 1,3- |
		paste -s -d ,)" "$1" "$2"
}

# again FAULT HOW: nothing was looked at, so the same request is sent again.
again()
{
	renew "$1"
	is "$status" 0 "$1: a token all the same" || tap_note "$text"
	asked "HTTP/2.0 $1,$2" "$1: asked once more"
	is $(($(token_requests) - taken)) 1 "$1: the provider got it once"
}

# once FAULT: it may have been looked at, so it is not sent again. The next get
# tries once.
once()
{
	renew "$1"
	is "$status" "$NETWORK" "$1: an error" || tap_note "$text"
	like "$text" 'broke off' "$1: the answer never came"
	asked "HTTP/2.0 $1" "$1: not asked again"
	is $(($(token_requests) - taken)) 1 "$1: the provider had it"
	forget_failures two
	renew
	is "$status" 0 "$1: nothing is lost" || tap_note "$text"
	asked 'HTTP/2.0 ' "$1: the next get tries once"
}

# libcurl may repeat this as well, or leave it to the next get.
goes_away()
{
	renew goaway
	[ "$status" -eq 0 ] || {
		forget_failures two
		run valetkey token two --min-valid 1000000
	}
	is "$status" 0 'goaway: nothing is lost' || tap_note "$text"
	asked 'HTTP/2.0 goaway,HTTP/2.0 ' 'goaway: asked once more'
	is $(($(token_requests) - taken)) 1 'goaway: the provider got it once'
}

# The provider rotates, and takes a refresh token that comes twice as stolen.
test_again()
{
	ok 'an account' add_two
	ok 'a login' demo_login two
	is "$(sort -u "$LOG")" "HTTP/2.0 $TOKEN " 'by HTTP/2 alone'
	renew
	is "$status" 0 'a refresh' || tap_note "$text"
	again refuse 'HTTP/2.0 '
	again http1 'HTTP/1.1 '
	renew refuse refuse refuse
	is "$status" 0 'refused three times: a token all the same'
	goes_away
	is "$(counted reuse_detected)" 0 'no refresh token came twice'
}

# One that does not rotate: here nothing may be lost at all.
test_once()
{
	provider_stop
	provider_start --no-rotation || return
	ok 'a login where nothing rotates' demo_login two
	for fault in CANCEL INTERNAL_ERROR NO_ERROR part gone; do
		once "$fault"
	done
}

authority_new || exit 1
provider_start || exit 1
front_start || exit 1
test_again
test_once
remove_accounts two
kill "$front" && wait "$front" 2>/dev/null
done_testing
