#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_mcp.sh - the official SDK of MCP, both ends of it: its example server with
# its own authorization server, and its client, with accounts that were added by the
# server's URL alone. What its authorization server cannot do (refreshes, scopes) its
# client does at the tests' own provider.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/oidc/oidc.sh
. "$VALETKEY_SRC/tests/oidc/oidc.sh"

need_npm @modelcontextprotocol/sdk
SDK=$VALETKEY_TEST_DIR/sdk
EXAMPLES=$NPM/node_modules/@modelcontextprotocol/sdk/dist/esm/examples/server
SDK_PORT=$(free_port)
SDK_URL=http://localhost:$SDK_PORT/mcp

key()
{
	sed -n "s/^$2=//p" "$CONFIG/$1.conf"
}

# sdk_start: the example server, which takes tokens for itself alone.
sdk_start()
{
	mkdir -m 700 "$SDK" && cp "$VALETKEY_SRC/tests/oidc/mcp.js" \
		"$VALETKEY_SRC/tests/oidc/package.json" "$SDK" &&
		ln -s "$NPM/node_modules" "$SDK/node_modules" || return
	MCP_PORT=$SDK_PORT MCP_AUTH_PORT=$(free_port) \
		setpriv --pdeathsig KILL "$NODE" \
		"$EXAMPLES/simpleStreamableHttp.js" --oauth --oauth-strict \
		</dev/null >"$SDK/out" 2>&1 &
	SDK_PID=$!
	until curl -q -s -o "$SDK/page" --noproxy '*' --max-time 10 "$SDK_URL"
	do
		process_runs "$SDK_PID" || {
			sed 's/^/# /' "$SDK/out"
			return 1
		}
		sleep 0.1
	done
}

# client URL ACCOUNT [TOOL [TIMES]]: the SDK's, see mcp.js.
client()
{
	"$NODE" "$SDK/mcp.js" "$@"
}

# A browser that follows every redirect.
follow()
{
	cat >"$SDK/browser" <<-'END'
	#!/bin/sh
	(curl -q -s -L --max-time 20 --noproxy '*' -o /dev/null "$1") \
		</dev/null >/dev/null 2>&1 &
	END
	chmod +x "$SDK/browser"
	BROWSER=$SDK/browser
	export BROWSER
}

test_sdk_server()
{
	said 0 'registered a client' 'the SDK'\''s server by its URL' \
		valetkey add sdk --mcp "$SDK_URL" --yes
	like "$text" '^  scopes +mcp:tools$' 'its scopes'
	is "$(key sdk auth) $(key sdk 'resource\[\]')" "none $SDK_URL" \
		'a client without a secret, for this server'
	follow
	said 0 'sdk is logged in' 'a login at a server that wants it' \
		valetkey login sdk
	run client "$SDK_URL" sdk greet 2
	is "$status" 0 'the SDK'\''s client' || tap_note "$text"
	like "$text" '(^| )greet( |$)' 'the SDK'\''s client: has the tools'
	is "$(printf '%s\n' "$text" | grep -c '^Hello, Ada')" 2 \
		'the SDK'\''s client: and calls one'
	remove sdk
}

test_sdk_client()
{
	provider_start --mcp --register --access-lifetime 50 || return
	mcp=$PROVIDER_URL/mcp
	said 0 'registered a client' 'the tests'\'' provider by its URL' \
		valetkey add notes --mcp "$mcp" --yes
	said 0 'notes is logged in' 'a login' demo_login notes
	run client "$mcp" notes organizations 30
	is "$status $(printf '%s\n' "$text" | grep -c '^done$')" '0 30' \
		'tokens that never last: every call of the SDK'\''s client works' ||
		tap_note "$text"
	resource=http+++127.0.0.1+$PROVIDER_PORT+mcp
	refreshes=$(provider_count 'grant=refresh_token')
	ok 'and there were refreshes' test "$refreshes" -gt 0
	is "$(grep grant=refresh_token "$PROVIDER_LOG" |
		grep -c "resource=$resource")" "$refreshes" \
		'all of them with resource'
	run client "$mcp" notes retire
	like "$text" 'failed: 403' 'a tool that needs another scope'
	run valetkey curl notes -- -sS --json \
		'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"retire"}}' \
		"$mcp"
	like "$text" 'run: valetkey login notes --add-scope management$' \
		'another scope: what to type is said'
	said 0 'notes is logged in' 'another scope: that login' \
		demo_login notes --add-scope management --yes
	run client "$mcp" notes retire
	is "$status" 0 'another scope: the tool works' || tap_note "$text"
	remove notes
}

sdk_start || exit 1
test_sdk_server
kill "$SDK_PID"
wait "$SDK_PID" 2>/dev/null
test_sdk_client
nothing_left 'all of it'
done_testing
