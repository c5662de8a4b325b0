#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_examples.sh - the examples, which people copy, at a server that lies: the
# token goes to its one origin and nowhere else.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hostile/hostile.sh
. "$VALETKEY_SRC/tests/hostile/hostile.sh"

# The MCP server's answer to one call.
mcp()
{
	echo '{"id":1,"method":"tools/call","params":{"name":"devices"}}' |
		PYTHONPATH=$VALETKEY_SRC/plugin PYTHONDONTWRITEBYTECODE=1 \
		LD_LIBRARY_PATH=$(dirname "$VALETKEY_LIB") \
		"$VALETKEY_SRC/examples/ninjaone-mcp" work "$A"
}

# With a host that is ours too, but not the one that was asked.
test_redirects()
{
	lie devices 'json 200' '["a device"]'
	lie elsewhere 'json 200' '["another"]'
	like "$(mcp)" 'a device' 'the MCP server asks for devices'
	elsewhere_before=$(heard a '^GET /v2/elsewhere')
	for status in 301 302 303 307 308; do
		for to in "$B/v2/elsewhere" \
			"http://localhost:${A##*:}/v2/elsewhere" \
			"https://localhost:${A##*:}/v2/elsewhere" \
			"$A/v2/elsewhere" /v2/elsewhere; do
			lie devices "redirect $status $to"
			answer=$(mcp)
			like "$answer" '"isError": true' "$status to $to"
			like "$answer" "HTTP Error $status: .*not followed.*$A" \
				"$status to $to: and says why"
		done
	done
	lie devices 'redirect 302 http://[::1/'
	like "$(mcp)" '"isError": true' 'to what is no address'
	is "$(heard b .)" 0 'the MCP server: no other server heard anything'
	is "$(heard a '^GET /v2/elsewhere')" "$elsewhere_before" \
		'the MCP server: no redirect is followed'
	honest
}

# (A sanitizer's library must be loaded first of all.)
if ! python3 -c 'import ctypes, json, urllib.request' 2>/dev/null ||
	grep -q __.san_init "$VALETKEY_LIB"; then
	skip_all 'python3 cannot load the library'
fi
liar_start || exit 1
liar_account work || exit 1
test_redirects
remove work
liar_stop
done_testing
