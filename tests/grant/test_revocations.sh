#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_revocations.sh - what is revoked (RFC 7009), when, and by whom: a logout that the
# provider cannot hear, a login that another one replaces, and what waits for it.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hostile/hostile.sh
. "$VALETKEY_SRC/tests/hostile/hostile.sh"

grants()
{
	"$VALETKEY_BUILD/tests/lib/keyring" list | grep -c 'kind=grant' || :
}

# no_pending: status tells of none.
no_pending()
{
	! valetkey status | grep -q 'Revocations that wait'
}

nothing_waits()
{
	! "$VALETKEY_BUILD/tests/lib/keyring" list | grep -q kind=pending
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

test_later()
{
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
	wait_until nothing_waits
}

# ---- a login that replaces another ----

# serve [OPTION...]: the provider, anew, which has counted nothing yet, and of
# whose failures nobody knows.
serve()
{
	provider_stop
	: >"$CONFIG/.revocations.login"
	provider_start "$@" || exit 1
}

# ended COUNT DESCRIPTION: so many grants have ended at the provider, in the end.
ended()
{
	wait_until counted_above families_revoked $(($1 - 1))
	is "$(counted families_revoked)" "$1" "$2"
}

# A revocation that is under way has arrived by then.
settled()
{
	wait_until no_pending
	sleep 0.3
}

twice()
{
	run demo_login "$1"
	run demo_login "$@"
	is "$status" 0 "$1: a second login" || tap_note "$text"
}

works()
{
	ok "$1: the new login is good" \
		valetkey token "$1" --min-valid 1000000
}

# A revocation ends one grant alone.
test_replaced()
{
	serve
	odd_account alone monitoring || exit 1
	twice alone
	ended 1 'alone: the first login has ended'
	works alone
	no_waiting alone
	remove alone
	ended 2 'alone: and the second with the account'
}

# no_waiting NAME: nothing waits for its revocation.
no_waiting()
{
	ok "$1: nothing waits" wait_until nothing_waits
}

# The provider ends all that the person has given.
test_replaced_person()
{
	serve --revoke-person
	odd_account person monitoring revocation_ends=person || exit 1
	twice person
	settled
	is "$(counted revocations)" 0 'person: nothing is revoked meanwhile'
	works person
	like "$(valetkey status)" 'revocations +1 with the next logout' \
		'person: status tells of it'
	like "$(valetkey status --json)" \
		'"revocations":1,"revocations_held":1,"revocations_since":' \
		'person: and so does --json'
	unlike "$(valetkey status)" 'wait to be sent' \
		'person: and does not promise to send it'
	settled
	works person
	said 0 'was revoked' 'person: the logout' valetkey logout person
	ended 2 'person: both logins have ended'
	no_waiting person
	remove person
}

# It waits for as long as the login lasts, whatever the limit is.
test_replaced_long()
{
	serve
	odd_account long monitoring revocation_ends=person || exit 1
	twice long
	older
	ok 'long: a status' valetkey status
	sleep 0.3
	like "$(valetkey status)" '1 with the next logout' \
		'long: after more than a month'
	ok 'long: a removal' valetkey remove long --yes
	ended 2 'long: both logins have ended'
	no_waiting long
}

# To where the old one came from, whatever the file says by now.
test_replaced_change()
{
	serve
	odd_account change monitoring || exit 1
	demo_account change-public native --provider change >/dev/null 2>&1
	run demo_login change-public
	printf '%s\n' "revocation_endpoint=$PROVIDER_URL/elsewhere" \
		'hosts[]=https://other.example' >>"$CONFIG/change-public.conf"
	run demo_login change-public --accept-change
	is "$status" 0 'change: accepted' || tap_note "$text"
	ended 1 'change: the first login has ended where it was made'
	is "$(provider_count ' /elsewhere ')" 0 'change: and nothing went elsewhere'
	works change-public
	run demo_login change
	printf '%s\n' 'hosts[]=https://other.example' >>"$CONFIG/change.conf"
	run demo_login change --accept-change
	is "$status" 0 'change: accepted, with a secret' || tap_note "$text"
	ended 2 'change: with a secret'
	works change
	remove change change-public
}

# A machine's token may be in use elsewhere, and ends by itself.
test_replaced_machine()
{
	serve
	demo_account robot api-services >/dev/null 2>&1 || exit 1
	twice robot
	settled
	is "$(counted revocations)" 0 'a machine: nothing is revoked'
	no_waiting robot
	provider_stop
	ok 'a machine: a logout without the provider' valetkey logout robot
	provider_start || exit 1
	wait_until valetkey token robot >"$OUT" 2>&1
	ok 'a machine: and the next token' valetkey token robot
	no_waiting robot
	remove robot
}

# A keyring that was copied brings another machine's login along.
test_replaced_elsewhere()
{
	serve
	odd_account copied monitoring || exit 1
	run demo_login copied
	id=$(account_id copied)
	(umask 077
	"$VALETKEY_BUILD/tests/lib/keyring" dump grant "$id" |
		sed '/^machine=/d; $a machine=another' >"$VALETKEY_TEST_DIR/item")
	"$VALETKEY_BUILD/tests/lib/keyring" replace grant "$id" \
		<"$VALETKEY_TEST_DIR/item"
	rm -f "$VALETKEY_TEST_DIR/item"
	run demo_login copied
	is "$status" 0 'copied: a login on this machine' || tap_note "$text"
	settled
	if [ -s /etc/machine-id ]; then
		is "$(counted revocations)" 0 "copied: the other machine's stays"
	else
		skip 'this machine has no id' "copied: the other machine's stays"
	fi
	works copied
	remove copied
}

# A provider that gives the same refresh token again, at $A: it is in use.
test_same_token()
{
	liar_start || exit 1
	liar_account same || exit 1
	valetkey login same </dev/null >"$OUT" 2>&1
	no_waiting same
	is "$(heard a '^POST /revoke')" 0 'the same token again: is not revoked'
	lie revoke 'json 503' '{}'
	said 0 'cannot be reached' 'the same token again: a logout' \
		valetkey logout same
	valetkey login same </dev/null >"$OUT" 2>&1
	no_waiting same
	honest
	sent=$(heard a '^POST /revoke')
	said 0 . 'the same token again: a refresh' \
		valetkey token same --min-valid 31536000
	sleep 0.3
	is "$(heard a '^POST /revoke')" "$sent" \
		'the same token again: nor later'
	lie revoke 'json 503' '{}'
	ok 'the same token again: removed' valetkey remove same --yes
	liar_account again || exit 1
	no_waiting again
	remove again
	liar_stop
}

# ---- what waits, and nobody is there any more ----

# As if it had waited for more than a month.
older()
{
	(umask 077
	"$VALETKEY_BUILD/tests/lib/keyring" dump pending revocations |
		sed 's/\.since=.*/.since=1/' >"$VALETKEY_TEST_DIR/pending")
	"$VALETKEY_BUILD/tests/lib/keyring" replace pending revocations \
		<"$VALETKEY_TEST_DIR/pending"
	rm -f "$VALETKEY_TEST_DIR/pending"
}

# The last account is removed while the provider is away.
gone()
{
	serve
	demo_account last >/dev/null 2>&1 && demo_login last >/dev/null 2>&1 ||
		exit 1
	provider_stop
	said 0 'token and the client secret are kept in the keyring, until 20[0-9-]{8} at most' \
		"$1: the removal" valetkey remove last --yes
}

test_no_accounts()
{
	gone 'no accounts'
	like "$text" 'valetkey logout --drop-revocations' \
		'no accounts: and says how to drop it'
	said 0 '^last: removed, but not revoked' 'no accounts: status' \
		valetkey status
	like "$text" 'provider +NinjaOne' 'no accounts: at which provider'
	like "$text" 'revocations +1 to be sent, since 20[0-9-]{8}$' \
		'no accounts: how many, since when'
	like "$text" 'wait to be sent: 1' 'no accounts: and what becomes of it'
	like "$(valetkey status --json)" \
		'^\[\{"account":"last","provider":"ninjaone",.*"state":"removed".*"revocations":1,"revocations_held":0,"revocations_since":[0-9]{10}' \
		'no accounts: --json'
	sent=$(provider_count '/ws/oauth/revoke .*result=ok')
	provider_start || exit 1
	ok 'no accounts: a status sends it' wait_until no_pending
	is "$(provider_count '/ws/oauth/revoke .*result=ok')" $((sent + 1)) \
		'no accounts: the provider has it'
	no_waiting 'no accounts'
	said 0 'There are no accounts yet' 'no accounts: and nothing to tell' \
		valetkey status
}

test_limit()
{
	gone 'the limit'
	older
	ok 'the limit: any command' valetkey status
	no_waiting 'the limit'
}

test_drop()
{
	gone 'dropping'
	said "$ARG" 'add --yes' 'dropping: nobody can be asked' \
		valetkey logout --drop-revocations
	terminal valetkey logout --drop-revocations <<-END
	expect [y/N]
	send n
	END
	is "$status" "$CANCELED" 'dropping: a no'
	is "$(items)" 1 'dropping: and it is still there'
	terminal valetkey logout --drop-revocations <<-END
	expect [y/N]
	send y
	END
	is "$status" 0 'dropping: a yes'
	is "$(items)" 0 'dropping: and it is gone'
	gone 'dropping unasked'
	said 0 'dropped: 1' 'dropping unasked: --yes' \
		valetkey logout --drop-revocations --yes
	is "$(items)" 0 'dropping unasked: it is gone'
	said "$ARG" 'takes no account' 'dropping: of one account' \
		valetkey logout last --drop-revocations --yes
	said "$ARG" 'Which account' 'a logout of nobody' valetkey logout
}

# Without a keyring nothing is known, and nothing is wrong.
test_no_keyring()
{
	said 0 '^There are no accounts yet' 'no keyring: status' \
		env DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere \
		XDG_RUNTIME_DIR=/nowhere valetkey status
	is "$text" 'There are no accounts yet. Add one: valetkey add NAME --provider ninjaone' \
		'no keyring: and nothing else is said'
}

test_later
test_replaced
test_replaced_person
test_replaced_long
test_replaced_change
test_replaced_machine
test_replaced_elsewhere
test_no_accounts
test_limit
test_drop
test_no_keyring
test_same_token
done_testing
