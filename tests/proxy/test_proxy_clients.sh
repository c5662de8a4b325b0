#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_proxy_clients.sh - programs of other people through `valetkey proxy`, none of
# which knows of valetkey: a client library that logs in by itself, MCP's own client
# and bridge, and rclone. Tokens end after three seconds; nothing may fail.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/lib/keys.sh
. "$VALETKEY_SRC/tests/lib/keys.sh"
# shellcheck source=tests/oidc/oidc.sh
. "$VALETKEY_SRC/tests/oidc/oidc.sh"
# shellcheck source=tests/foreign/foreign.sh
. "$VALETKEY_SRC/tests/foreign/foreign.sh"
# shellcheck source=tests/proxy/proxy.sh
. "$VALETKEY_SRC/tests/proxy/proxy.sh"

need_npm simple-oauth2
need_npm mcp-remote

# Scripts find their packages beside themselves only.
scripts()
{
	mkdir js && cp "$VALETKEY_SRC"/tests/proxy/*.js \
		"$VALETKEY_SRC/tests/oidc/package.json" js &&
		ln -s "$NPM/node_modules" js/node_modules
}

refreshes()
{
	provider_count ' /ws/oauth/token .*grant=refresh_token .*result=ok'
}

# At the provider's own API, which looks at each token. 500 calls of 15 ms and more
# are three lifetimes at least.
test_calls()
{
	before=$(refreshes)
	tells simple-oauth2 valetkey proxy demo -- "$NODE" js/calls.js 500 15
	made=$(($(refreshes) - before))
	ok "and its tokens have ended meanwhile ($made refreshes)" [ "$made" -ge 3 ]
	ok 'but none was renewed for each call' [ "$made" -le 200 ]
}

# The token ends at the provider, and nobody has told the proxy.
test_refused()
{
	valetkey token demo >/dev/null
	provider_expire
	run valetkey proxy demo -- "$NODE" js/calls.js 5 0
	is "$(echo "$text" | grep -c '^ok .* 5 calls')" 1 \
		'a token that the provider refuses is replaced' ||
		tap_note "$text"
}

mcp_start()
{
	mkdir -m 700 "$UPSTREAM" && cp "$KEYS/server.crt" "$KEYS/server.key" \
		"$UPSTREAM" || return
	start_server "$UPSTREAM/ready" "$UPSTREAM/out" "$NODE" js/mcp.js server \
		"$UPSTREAM" "$PROVIDER_URL/ws/oauth/userinfo" || return
	UPSTREAM_PID=$SERVED
	UPSTREAM_URL=$(cat "$UPSTREAM/ready")
}

test_mcp()
{
	ok 'an MCP server' mcp_start || return
	ok 'an account for it' proxy_account tools || return
	# shellcheck disable=SC2016 # for the command
	tells MCP valetkey proxy tools -- sh -c 'umask 077
		echo "Authorization: Bearer $VALETKEY_PROXY_TOKEN" >header
		exec "$@"' sh "$NODE" js/mcp.js client header \
		"$NPM/node_modules/mcp-remote/dist/proxy.js"
	is "$(grep -c ' no$' "$UPSTREAM/log")" 0 'and the server took every token'
	like "$(refreshes)" '^[1-9]' 'of which there were several'
}

# Only if it is asked for; then all share a connection.
test_http2()
{
	kill "$UPSTREAM_PID" && rm -rf "$UPSTREAM" && mkdir -m 700 "$UPSTREAM" &&
		cp "$KEYS/server.crt" "$KEYS/server.key" "$UPSTREAM"
	ok 'a server that offers HTTP/2' start_server "$UPSTREAM/ready" \
		"$UPSTREAM/out" "$NODE" js/http2.js "$UPSTREAM" || return
	ok 'an account for it' proxy_account two "$(cat "$UPSTREAM/ready")"
	ok 'a proxy' proxy_start two
	is "$(through /a)" '1.1 1 0' 'HTTP/1.1 is what it speaks'
	proxy_stop
	ok 'one with HTTP/2' proxy_start two --http2
	is "$(through /a)$(through /b)" '2.0 2 02.0 2 0' \
		'HTTP/2, and the connection is kept'
	head -c 3000000 /dev/zero >upload
	is "$(through /c -T upload)" '2.0 2 3000000' 'an upload'
	is "$(through /c -T - <upload)" '2.0 2 3000000' 'of unknown length'
	is "$(through /big/5000000 | wc -c)" 5000000 'a download'
	is "$(through /old)" '2.0 2 0' 'a refused token is replaced'
	is "$(for _ in 1 2 3 4 5 6 7 8; do through /d & done; wait)" \
		"$(for _ in 1 2 3 4 5 6 7 8; do echo '2.0 2 0'; done)" \
		'eight at once share it'
	proxy_stop
}

# It is given the proxy's secret for a token that does not end; at a server that
# has every token looked at.
test_rclone()
{
	need_program rclone 'rclone' || return
	mkdir "$FOREIGN" && : >"$FOREIGN/log" && servers_start || return
	ok 'an account for files' proxy_account files \
		"http://127.0.0.1:$WEB_PORT"
	head -c 20000000 /dev/urandom >upload
	# shellcheck disable=SC2016 # for the command
	run valetkey proxy files -- sh -c 'umask 077
		printf "[dav]\ntype = webdav\nurl = %s/\nvendor = other\nbearer_token = %s\n" \
			"$VALETKEY_PROXY_URL" "$VALETKEY_PROXY_TOKEN" >rclone.conf
		rclone --config rclone.conf -q copy upload dav: && sleep 4 &&
			rclone --config rclone.conf -q copyto dav:upload download'
	is "$status" 0 'rclone: works' || tap_note "$text"
	ok 'rclone: what comes back is what was sent' cmp upload download
	is "$(foreign_log '^rclone no')" 0 'rclone: by tokens alone'
	foreign_stop
}

cd "$VALETKEY_TEST_DIR" || exit
scripts
ok 'a provider' provider_start --access-lifetime 3
ok 'a certificate' authority_new
ok 'an account' demo_account demo
ok 'a login' demo_login demo
test_calls
test_refused
test_mcp
test_http2
test_rclone
done_testing
