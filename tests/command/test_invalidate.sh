#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_invalidate.sh - `valetkey invalidate`: the token on standard input is
# forgotten if it is the current one, and nothing is done otherwise.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

# refuse TEXT [ARGUMENT...]: with that on standard input.
refuse()
{
	refused=$1
	shift
	printf '%s' "$refused" | valetkey invalidate "$@" 2>&1
}

# refused STATUS PATTERN DESCRIPTION TEXT [ARGUMENT...]
refused()
{
	expected=$1 pattern=$2 what=$3
	shift 3
	text=$(refuse "$@")
	is "$?" "$expected" "$what" || tap_note "$text"
	like "$text" "$pattern" "$what: and says so"
}

GONE='^The token of demo is invalidated; the next one is new\.$'
NOTHING='^That is not the current token of demo, so nothing was done\. The current one: valetkey token demo$'

test_current()
{
	before=$(refreshes)
	token=$(valetkey token demo)
	refused 0 "$GONE" 'the current one' "$token" demo
	is "$(refuse "$token" demo 2>/dev/null | grep -cF -e "$token")" 0 \
		'it is not repeated'
	new=$(valetkey token demo)
	ok 'the next one is another' [ "$new" != "$token" ]
	is $(($(refreshes) - before)) 1 'by one refresh'
	refused 0 "$NOTHING" 'told once more' "$token" demo
	is "$(valetkey token demo)" "$new" 'and the new one stays'
	refused 0 "$GONE" 'white space around it' "
	  $new	
" demo
	calm
	new=$(valetkey token demo)
	refused 0 "$GONE" 'by the URL' "$new" --resource "$PROVIDER_URL/v2/devices"
	calm
	new=$(valetkey token demo)
	refused 0 "$GONE" 'the only account' "$new"
	calm
	is $(($(refreshes) - before)) 3 'each costs one refresh, with the next get'
	valetkey token demo >/dev/null
}

test_others()
{
	before=$(refreshes)
	token=$(valetkey token demo)
	refused 0 "$NOTHING" 'one that is not ours' 'some-other-token' demo
	refused 0 "$NOTHING" 'the beginning of ours' \
		"$(printf %.20s "$token")" demo
	refused 0 "$NOTHING" 'ours and more' "${token}x" demo
	refused "$ARG" 'from standard input, which is empty' 'none' '' demo
	refused "$ARG" 'which is empty' 'white space' ' 
	 ' demo
	refused "$ARG" 'is not a token: it must be one word' 'two words' \
		"Bearer $token" demo
	refused "$ARG" 'is not a token' 'a control character' \
		"a$(printf '\033')b" demo
	refused "$ARG" 'longer than 32000 bytes' 'too long' \
		"$(printf '%032001d' 0)" demo
	exits "$ARG" 'what never ends' valetkey invalidate demo </dev/zero
	refused 27 'not one of the hosts of account demo' 'another server' \
		"$token" demo --resource https://example.net/
	refused 27 'No account has the host https://example.net' 'nobody'"'"'s' \
		"$token" --resource https://example.net/
	refused "$ACCOUNT" 'no account "dmeo"\. Did you mean: demo' 'a slip' \
		"$token" dmeo
	is "$(valetkey token demo)" "$token" 'after all that it is as it was'
	is $(($(refreshes) - before)) 0 'without a refresh'
}

# Refused by a server that refuses all.
test_limit()
{
	for _ in 1 2 3; do
		valetkey token demo 2>/dev/null |
			valetkey invalidate --resource "$PROVIDER_URL" 2>/dev/null
	done
	said "$DENIED" "$PROVIDER_URL refused 3 new access tokens of account demo" \
		'three within a minute' valetkey token --resource "$PROVIDER_URL"
	demo_login demo >/dev/null 2>&1
	ok 'a login ends that' valetkey token demo --resource "$PROVIDER_URL"
}

test_terminal()
{
	token=$(valetkey token demo)
	terminal valetkey invalidate demo <<-END
	expect The token that was refused (not shown)
	send $token
	END
	is "$status" 0 'on a terminal'
	like "$text" 'token of demo is invalidated' 'it is asked for'
	unlike "$text" "$token" 'and not shown'
	calm
}

test_locked()
{
	token=$(valetkey token demo)
	"$VALETKEY_BUILD/tests/lib/keyring" lock
	refused 23 'locked' 'a locked keyring' "$token" demo
	"$VALETKEY_BUILD/tests/lib/keyring" unlock
	refused 0 "$GONE" 'then unlocked' "$token" demo
	calm
}

# As a tool does that can only run commands.
test_by_hand()
{
	url=$PROVIDER_URL/v2/organizations
	token=$(valetkey token demo)
	provider_expire
	code=$(printf 'header = "Authorization: Bearer %s"' "$token" |
		curl -q -sS -o /dev/null -w '%{http_code}' --noproxy '*' \
			-K - "$url")
	is "$code" 401 'a token that the server does not take'
	printf '%s\n' "$token" | valetkey invalidate --resource "$url" 2>/dev/null
	is "$(valetkey token --resource "$url" --format curl |
		curl -q -sS -o /dev/null -w '%{http_code}' --noproxy '*' \
			-K - "$url")" 200 'and the next one, which it does'
}

provider_start
{ demo_account demo && demo_login demo; } >/dev/null 2>&1 || exit 1
test_current
test_others
test_limit
test_terminal
test_locked
test_by_hand
is "$(counted reuse_detected)" 0 'no refresh token was ever used twice'
remove demo
done_testing
