#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_free_port.sh - a client that we register comes back to one port, at a certified
# OpenID provider (npm's oidc-provider): once as RFC 8252 wants it, where any port
# will do, and once comparing the port as many servers do.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/oidc/oidc.sh
. "$VALETKEY_SRC/tests/oidc/oidc.sh"

need_npm oidc-provider

key()
{
	sed -n "s/^$2=//p" "$CONFIG/$1.conf"
}

register()
{
	valetkey add "$1" --issuer "$OIDC_URL" --ca-file "$OIDC_CA" \
		--register --scope openid --no-prompt </dev/null
}

# came_back: the ports that the logins were to come back to.
came_back()
{
	sed -n 's|.* redirect_uri=http://127.0.0.1:\([0-9]*\)/.*|\1|p' \
		"$OIDC_FOLDER/log" | sort -u
}

# occupy PORT
occupy()
{
	setpriv --pdeathsig KILL python3 -c '
import socket, sys, time
taken = socket.socket()
taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
taken.bind(("127.0.0.1", int(sys.argv[1])))
taken.listen()
print("taken", flush=True)
time.sleep(600)' "$1" >"$VALETKEY_TEST_DIR/taken" &
	OCCUPIER=$!
	until [ -s "$VALETKEY_TEST_DIR/taken" ]; do
		process_runs "$OCCUPIER" || return 1
		sleep 0.02
	done
}

vacate()
{
	kill "$OCCUPIER"
	wait "$OCCUPIER" 2>/dev/null || :
	rm "$VALETKEY_TEST_DIR/taken"
}

is_outside_ephemeral()
{
	# (At once: who reads it byte by byte, as a shell may, gets the first alone.)
	cat /proc/sys/net/ipv4/ip_local_port_range >"$VALETKEY_TEST_DIR/range"
	read -r first last <"$VALETKEY_TEST_DIR/range"
	[ "$1" -lt "$first" ] || [ "$1" -gt "$last" ]
}

test_exact()
{
	said 0 'mine is added' 'a server that compares the port' register mine
	port=$(key mine redirect_port)
	ok 'the port is none that the kernel gives out' \
		is_outside_ephemeral "$port"
	like "$(key mine redirect_uri)" ':\{port\}/' \
		'and stands beside the redirect URI'
	said 0 'mine is logged in' 'a login there' oidc_login mine --timeout 25
	said 0 'mine is logged in' 'and one more' oidc_login mine --timeout 25
	is "$(came_back)" "$port" 'all come back to the port that was registered'
	occupy "$port" || exit 1
	started=$(date +%s)
	said "$DENIED" "port $port .*in use by another program.*ss -ltnp" \
		'the port is taken' oidc_login mine --timeout 25
	like "$text" 'invalid_redirect_uri' 'and what the server says to another'
	ok 'and that at once' test $(($(date +%s) - started)) -lt 60
	vacate
	said 0 'mine is logged in' 'it is free again' oidc_login mine --timeout 25
	remove mine
}

# An account from before, whose registration has no port.
test_exact_without_port()
{
	register mine >/dev/null 2>&1
	sed -i '/^redirect_port=/d' "$CONFIG/mine.conf"
	said "$DENIED" 'invalid_redirect_uri' \
		'any port, which such a server refuses' \
		oidc_login mine --timeout 25
	like "$text" 'redirect_port=' 'and the remedy'
	remove mine
}

test_any_port()
{
	said 0 'mine is added' 'a server as RFC 8252 wants it' register mine
	occupy "$(key mine redirect_port)" || exit 1
	said 0 'mine is logged in' 'its port is taken: another will do' \
		oidc_login mine --timeout 25
	like "$text" "Port $(key mine redirect_port).*in use" 'and says so'
	unlike "$(came_back | tail -n 1)" "^$(key mine redirect_port)\$" \
		'another one'
	vacate
	remove mine
}

oidc_start OIDC_EXACT=1 || exit 1
test_exact
test_exact_without_port
oidc_stop
rm "$OIDC_FOLDER/ready" "$OIDC_FOLDER/log"
: >"$OIDC_FOLDER/log"
oidc_start || exit 1
test_any_port
oidc_stop
done_testing
