#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_refused.sh - tokens that a server refused: they do not come back, neither
# from a keyring that could not be told nor from a provider that issues the very
# same again and again.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"
# shellcheck source=tests/hostile/hostile.sh
. "$VALETKEY_SRC/tests/hostile/hostile.sh"

test_again()
{
	lie token json '{"access_token":"the-very-same","token_type":"bearer",
		"expires_in":3600,"refresh_token":"refresh-of-a-0123456789abcdef"}'
	valetkey token work --min-valid 31536000 >/dev/null
	before=$(heard a '^POST /token')
	ok 'the very same token is issued again' \
		env VALETKEY_TEST_ACCOUNT=work "$HOSTS/told" again \
		"rm $LIES/a/token"
	like "$(($(heard a '^POST /token') - before))" '^[3-9]$' \
		'the provider is not asked with every get'
}

keyring=$VALETKEY_BUILD/tests/lib/keyring
liar_start || exit 1
liar_account work || exit 1
test_again
liar_stop
provider_start
{ demo_account demo && demo_login demo; } >/dev/null 2>&1 || exit 1
refresh_cost 1 'an invalidate that fails' \
	"$HOSTS/told" locked "$keyring lock" "$keyring unlock"
remove_accounts demo work
done_testing
