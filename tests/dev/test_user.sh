#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_user.sh - what holds for an ordinary user alone: root may look into every
# process.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

as_ordinary_user
unlike "$(id -u)" '^0$' 'this is an ordinary user'
provider_start
{ demo_account demo && demo_login demo; } >/dev/null 2>&1 || exit 1

# During a slow refresh it holds all that there is to hold.
expire
before=$(counted token_requests)
provider_fault none slow=1500
"$HOSTS/ask" &
host=$!
ok 'a refresh is under way' wait_until counted_above token_requests "$before"
helper=/proc/$(helper_of demo)
is "$(cat "$helper/comm")" valetkey-helper 'the helper is at work'
is "$(stat -c %u "$helper/mem" "$helper/environ" | sort -u)" 0 \
	"its memory and environment are root's"
for what in mem environ maps auxv fd/0; do
	is "$(head -c 1 "$helper/$what" 2>/dev/null | wc -c)" 0 \
		"the user cannot look into the helper: $what"
done
wait "$host"
is $? 0 'the host got its token'
provider_fault none
remove_accounts demo
done_testing
