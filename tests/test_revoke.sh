#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_revoke.sh - a logout that the provider cannot hear: the local copy goes at
# once, and the revocation arrives later (RFC 7009, 2.2.1).

# shellcheck source=tests/lib.sh
. "$VALETKEY_SRC/tests/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

LOGIN=21

grants()
{
	"$VALETKEY_BUILD/tests/keyring" list | grep -c 'kind=grant' || :
}

# no_pending: status tells of none.
no_pending()
{
	! valetkey status | grep -q 'Revocations that wait'
}

# Gets of another account send what waits.
other_sends()
{
	ask -a other -m 1000000 && no_pending
}

# later DESCRIPTION: demo is logged in, the provider does not take revocations.
later()
{
	ok "$1: the logout succeeds" valetkey logout demo
	exits "$LOGIN" "$1: the local copy is gone" ask -m 1000000
	is "$(grants)" 1 "$1: gone from the keyring too"
	like "$(valetkey status)" 'Revocations that wait to be sent: 1' \
		"$1: status shows what is pending"
}

provider_start --revoke-503 1
demo_account demo >/dev/null 2>&1 && demo_login demo >/dev/null 2>&1 || exit 1
demo_account other native >/dev/null 2>&1 &&
	demo_login other >/dev/null 2>&1 || exit 1

later 'a 503'
ok 'a 503: another refresh sends it' wait_until other_sends
is "$(counted revocations)" 1 'a 503: the provider has it'

demo_login demo >/dev/null 2>&1 || exit 1
provider_stop
later 'no provider'
# It has forgotten everything, and says of an unknown token what RFC 7009 asks.
provider_start
demo_login other >/dev/null 2>&1 || exit 1
ok 'no provider: sent once it is back' wait_until no_pending

# Some providers end all grants with one: not the one that comes later.
demo_login demo >/dev/null 2>&1 || exit 1
provider_stop
later 'a login after it'
provider_start
demo_login demo >/dev/null 2>&1 || exit 1
is "$(grep -oE -e '/oauth/(token|revoke)' "$PROVIDER_LOG" | tail -n 2 |
	tr '\n' ' ')" '/oauth/revoke /oauth/token ' \
	'a login after it: first it is sent'
ok 'a login after it: and not again' no_pending
ok 'a login after it: the new grant is good' ask -m 1000000
remove_accounts demo other
done_testing
