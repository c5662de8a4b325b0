#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_node.sh - examples/node-host.mjs, at a server that refuses.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/fronts/fronts.sh
. "$VALETKEY_SRC/tests/fronts/fronts.sh"
# shellcheck source=tests/oidc/oidc.sh
. "$VALETKEY_SRC/tests/oidc/oidc.sh"

ask()
{
	"$NODE" "$VALETKEY_SRC/examples/node-host.mjs" "$@"
}

need_programs python3
cd "$VALETKEY_TEST_DIR" || exit
oidc_node || skip_all 'no node that is new enough'
ok 'an account, and a server' fronts_start
said 0 '^200 .*a device' 'a request' ask demo "$HERE/api"
revoke
said 0 '^200 .*a device' 'once more after a 401' ask demo "$HERE/api"
: >here/refuse
before=$(server_log here api)
said 0 '^401 ' 'a server that refuses all' ask demo "$HERE/api"
is "$(server_log here api)" $((before + 2)) 'twice, no loop'
rm here/refuse
ok 'a server at another port' server_start other
said 0 '^302' 'a redirect to it' ask demo "$HERE/elsewhere$SERVER/api"
is "$(server_log other .)" 0 'which hears nothing'
said 27 'not one of the hosts' 'another host' ask demo http://127.0.0.1:1/api
said "$ACCOUNT" 'no account "none"' 'no such account' ask none "$HERE/api"
valetkey logout demo --yes </dev/null >/dev/null 2>&1
said "$LOGIN" 'valetkey login demo' 'logged out' ask demo "$HERE/api"
fronts_stop demo
done_testing
