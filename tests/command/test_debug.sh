#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_debug.sh - --debug: what is asked of whom, how long it took, which tier
# answered, HTTP status and OAuth error; on standard error, and never a secret.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

AT='debug: [0-9]+ ms: '
TOOK='[0-9]+ ms\.$'
TOKEN_URL="http://127\\.0\\.0\\.1:[0-9]+/ws/oauth/token"

# shows PATTERN DESCRIPTION: a line of $text.
shows()
{
	like "$text" "^$AT$1" "$2"
}

test_tiers()
{
	valetkey token demo >/dev/null
	run valetkey token demo --debug
	is "$status" 0 'with --debug'
	shows "The token was in the kernel's keyring\\." 'the tier that answers'
	unlike "$text" 'The helper' 'and no other'
	is "$(valetkey token demo --debug 2>/dev/null)" "$(valetkey token demo)" \
		'standard output has the token alone'
	expire
	run valetkey --debug token demo
	shows 'The helper begins: get demo\.' 'before the verb: what is asked'
	shows "Waited for the account's lock: $TOOK" 'of the lock'
	shows "Opened the keyring store: $TOOK" 'of the store'
	shows "Looked for the grant there: found, $TOOK" 'what is there'
	shows "Stored the grant: $TOOK" 'what is stored'
	shows "The helper is done: result 0, $TOOK" 'and the result'
	expire
	run env VALETKEY_DEBUG=1 valetkey token demo
	shows 'The helper begins: get demo\.' 'by the environment'
	run valetkey token demo
	unlike "$text" 'debug' 'without it nothing of that'
}

test_exchange()
{
	run valetkey token demo --min-valid 1000000 --debug
	shows "POST $TOKEN_URL: HTTP status 200\\. $TOOK" 'a refresh'
	provider_fault none http-500
	run valetkey token demo --min-valid 1000000 --debug
	shows "POST $TOKEN_URL: HTTP status 500\\. $TOOK" "a server's failure"
	forget_failures
	provider_fault none answer=error-200
	run valetkey token demo --min-valid 1000000 --debug
	shows "POST $TOKEN_URL: HTTP status 200, [a-z_]+\\. $TOOK" \
		"an OAuth error, whatever the status"
	forget_failures
	provider_fault none
	ok 'then as before' valetkey token demo --min-valid 1000000
}

test_others()
{
	run valetkey status demo --debug
	shows 'The helper begins: status' 'another verb'
	run valetkey doctor demo --debug
	shows "GET http://127" 'doctor'
	expire
	run valetkey run demo --debug -- printenv VALETKEY_TOKEN
	is "$status" 0 'a command of run'
	shows 'The helper begins: get demo\.' 'and before it'
	expire
	printf 'url=%s\n\n' "$PROVIDER_URL" >"$OUT.in"
	text=$(VALETKEY_DEBUG=1 valetkey front git get <"$OUT.in" 2>&1 >/dev/null)
	shows 'The helper begins: get demo\.' 'a front'
	text=$(VALETKEY_DEBUG=1 valetkey front git get <"$OUT.in" 2>&1 >/dev/null)
	shows "The token was in the kernel's keyring\." 'a front, once more'
}

# A host program sees nothing of it: it has no way to ask.
test_host()
{
	expire
	run env VALETKEY_DEBUG=1 "$HOSTS/ask" -x
	is "$status" 0 'a host program'
	unlike "$text" 'debug' 'which is told nothing'
}

provider_start || exit 99
demo_account demo >/dev/null 2>&1 && demo_login demo >/dev/null 2>&1 || exit 99
test_tiers
test_exchange
test_others
test_host
done_testing
