# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# proxy.sh - for the scripts that go through `valetkey proxy`: an API behind it
# (upstream.py), an account for that API, and the proxy. Sourced after lib.sh,
# command.sh and keys.sh.

UPSTREAM=$VALETKEY_TEST_DIR/upstream
UPSTREAM_URL=''
PROXY_PID=''
PROXY_URL=''
PROXY_SAID=$VALETKEY_TEST_DIR/proxy.said
PROXY_READY=$VALETKEY_TEST_DIR/proxy.ready
PROXY_AUTH=$VALETKEY_TEST_DIR/proxy.auth

# upstream_start [USERINFO_URL]: over TLS; see upstream.py.
upstream_start()
{
	[ -e "$KEYS/server.crt" ] || authority_new || return
	mkdir -p "$UPSTREAM"
	cp "$KEYS/server.crt" "$KEYS/server.key" "$UPSTREAM" || return
	start_server "$UPSTREAM/ready" "$UPSTREAM/out" \
		python3 "$VALETKEY_SRC/tests/proxy/upstream.py" "$UPSTREAM" "$@" ||
		return
	# shellcheck disable=SC2034 # for the tests that end it
	UPSTREAM_PID=$SERVED
	UPSTREAM_URL=$(cat "$UPSTREAM/ready")
}

# proxy_account NAME [ORIGIN]: logged in at the provider, for the API alone.
proxy_account()
{
	demo_account "$1" web --ca-file "$KEYS/ca.crt" &&
		sed -i "s|^hosts\[\]=.*|hosts[]=${2:-$UPSTREAM_URL}|" \
			"$CONFIG/$1.conf" &&
		demo_login "$1" --accept-change
}

# proxy_start ACCOUNT [OPTION...]: beside us, until proxy_stop. Its address is
# $PROXY_URL, its secret in the header of the file $PROXY_AUTH, and what it says in
# $PROXY_SAID.
proxy_start()
{
	rm -f "$PROXY_READY"
	# shellcheck disable=SC2016 # for the command that it starts
	setpriv --pdeathsig TERM valetkey proxy "$@" -- sh -c 'umask 077
		printf "%s %s\n" "$VALETKEY_PROXY_URL" "$VALETKEY_PROXY_TOKEN" \
			>"$0.new" && mv "$0.new" "$0"
		exec setpriv --pdeathsig KILL sleep 100000' "$PROXY_READY" \
		</dev/null >"$PROXY_SAID" 2>&1 &
	PROXY_PID=$!
	until [ -s "$PROXY_READY" ]; do
		process_runs "$PROXY_PID" || {
			sed 's/^/# /' "$PROXY_SAID"
			return 1
		}
		sleep 0.02
	done
	read -r PROXY_URL proxy_secret <"$PROXY_READY"
	(umask 077 && printf 'Authorization: Bearer %s\n' "$proxy_secret" \
		>"$PROXY_AUTH")
}

proxy_stop()
{
	kill "$PROXY_PID" && wait "$PROXY_PID" 2>/dev/null
}

# through PATH [CURL OPTION...]: a request with the secret.
through()
{
	through_path=$1
	shift
	curl -q -sS --path-as-is --noproxy '*' -H "@$PROXY_AUTH" --max-time 100 "$@" \
		"$PROXY_URL$through_path"
}

# status_of [CURL OPTION...] URL: of a request without.
status_of()
{
	curl -q -s --path-as-is --noproxy '*' -o "$OUT" -w '%{http_code}' \
		--max-time 30 "$@"
}

# upstream_count PATTERN: the lines of its log that match.
upstream_count()
{
	grep -c -e "$1" "$UPSTREAM/log" || :
}

# What the API has heard: any byte makes a line.
upstream_heard()
{
	wc -l <"$UPSTREAM/log"
}

# proxy_memory VmHWM|VmRSS: in KB.
proxy_memory()
{
	sed -n "s/^$1:[^0-9]*\([0-9]*\) kB/\1/p" "/proc/$PROXY_PID/status"
}

proxy_descriptors()
{
	find "/proc/$PROXY_PID/fd" -mindepth 1 2>/dev/null | wc -l
}

# wait_for COMMAND...: until it succeeds; up to half a minute.
wait_for()
{
	wait_left=600
	until "$@"; do
		wait_left=$((wait_left - 1))
		[ "$wait_left" -gt 0 ] || return
		sleep 0.05
	done
}

# with_proxy COMMAND...: in the environment that the proxy gives a command.
with_proxy()
{
	VALETKEY_PROXY_URL=$PROXY_URL VALETKEY_PROXY_TOKEN=$proxy_secret "$@"
}

# tells NAME COMMAND...: its lines "ok TEXT" and "not ok TEXT" are results of ours,
# and it ends well.
tells()
{
	tells_name=$1 tells_status=0
	shift
	"$@" >"$VALETKEY_TEST_DIR/told" 2>&1 || tells_status=$?
	while read -r tells_word tells_rest; do
		case $tells_word in
		ok) tap_result 0 "$tells_rest" ;;
		not) tap_result 1 "${tells_rest#ok }" ;;
		*) tap_note "$tells_word $tells_rest" ;;
		esac || :
	done <"$VALETKEY_TEST_DIR/told"
	is "$tells_status" 0 "$tells_name: comes to its end"
}
