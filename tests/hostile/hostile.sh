# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# hostile.sh - for the scripts that talk to server.py, which lies. Sourced after
# command.sh.

LIES=$VALETKEY_TEST_DIR/hostile
LIAR_PID=

# Two servers: $A, where the accounts are, and $B, which should hear nothing.
# With certificates there are $C and $D as well. Their names are for the tests.
# shellcheck disable=SC2034
liar_start()
{
	python3 -c 'import http.server' 2>/dev/null ||
		skip_all 'python3 with http.server is not here'
	mkdir -p "$LIES"
	start_server "$LIES/ready" "$LIES/out" \
		python3 "$VALETKEY_SRC/tests/hostile/server.py" "$LIES" || return
	LIAR_PID=$SERVED
	{ read -r A; read -r B; read -r C; read -r D; } <"$LIES/ready"
	follow_setup
}

# certificate NAME SUBJECT: that nobody has signed but itself.
certificate()
{
	mkdir -p "$LIES"
	(umask 077
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 2 -subj /CN=liar -addext "subjectAltName=$2" \
		-keyout "$LIES/$1.key" -out "$LIES/$1.crt" 2>/dev/null &&
		cat "$LIES/$1.key" "$LIES/$1.crt" >"$LIES/$1.pem")
}

# proxy_start MODE: see tests/lib/proxy.py; its URL to $PROXY, its log is
# $LIES/proxy.log.
# shellcheck disable=SC2034
proxy_start()
{
	setpriv --pdeathsig KILL python3 "$VALETKEY_SRC/tests/lib/proxy.py" "$1" \
		"$LIES/proxy.log" >"$LIES/proxy" 2>&1 &
	proxy_pid=$!
	until [ -s "$LIES/proxy" ]; do
		process_runs "$proxy_pid" || return 1
		sleep 0.02
	done
	PROXY=http://127.0.0.1:$(cat "$LIES/proxy")
}

liar_stop()
{
	kill "$LIAR_PID"
	wait "$LIAR_PID" 2>/dev/null || :
}

# lie NAME HOW [BODY]: how $A answers for NAME from now on, see server.py.
lie()
{
	printf '%s\n%s' "$2" "${3-}" >"$LIES/a/.$1"
	mv "$LIES/a/.$1" "$LIES/a/$1"
}

# It answers everything as it should again.
honest()
{
	rm -f "$LIES"/a/*
}

# forget_failures ACCOUNT: what the account's lock remembers of them.
forget_failures()
{
	: >"$CONFIG/.$(sed -n 's/^id=//p' "$CONFIG/$1.conf").lock"
}

# liar_account NAME [OPTION...]: a client with a secret at $A, logged in.
liar_account()
{
	if ! valetkey add "$@" --issuer "$A" --client-id me --scope read \
		--secret-fd 3 </dev/null >"$OUT" 2>&1 \
		3<"$(secret_file liar-secret)" ||
		! valetkey login "$1" </dev/null >"$OUT" 2>&1; then
		cat "$OUT" >&2
		return 1
	fi
}

# A browser that follows every redirect, and is seen through: $SEEN gets what it
# was shown.
follow_setup()
{
	SEEN=$LIES/seen
	cat >"$LIES/browser" <<-END
	#!/bin/sh
	(curl -q -s -L --max-time 20 --noproxy '*' -o '$SEEN.part' "\$1"
	mv '$SEEN.part' '$SEEN') </dev/null >/dev/null 2>&1 &
	END
	chmod +x "$LIES/browser"
	BROWSER=$LIES/browser
	export BROWSER
}

# heard SERVER PATTERN: how many lines of what it was sent match.
heard()
{
	LC_ALL=C grep -a -c -e "$2" "$LIES/$1.log" || :
}

# clean TEXT DESCRIPTION: nothing in it that a terminal would obey, or that
# would show another text than is there.
clean()
{
	is "$(printf '%s' "$1" | LC_ALL=C tr -d '\n\040-\176' | od -An -c)" \
		'' "$2"
}
