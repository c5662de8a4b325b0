#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_identity.sh - who logged in: found, shown, kept, and pointed out where it
# is somebody else than before.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

PROVIDER_REDIRECT=http://127.0.0.1:$(free_port)/callback
provider_start --user "alice:$(secret_file password)" \
	--user "bob:$(secret_file password)" --device --device-interval 1 ||
	exit 1
browser_setup

# account NAME LINE...
account()
{
	new=$1
	shift
	odd_account "$new" 'monitoring openid' "$@"
}

# as USER NAME [OPTION...]: logs in as that person.
as()
{
	VALETKEY_BROWSER_USER=$1
	export VALETKEY_BROWSER_USER
	shift
	valetkey login "$@"
}

# Revocations of grants that were given back arrive.
revoked()
{
	tries=100
	until [ "$(provider_count '/ws/oauth/revoke ')" -ge "$1" ] ||
		[ "$tries" -eq 0 ]; do
		tries=$((tries - 1))
		sleep 0.05
	done
	is "$(provider_count '/ws/oauth/revoke .*result=ok')" "$1" "$2"
}

# ---- who it is ----

test_id_token()
{
	account work
	said 0 '^work is logged in as alice@example\.com\.' 'an ID token' \
		as alice work
	is "$(provider_count userinfo)" 0 'the ID token is enough'
	like "$(valetkey status work)" 'logged in as +alice@example\.com$' \
		'status shows it'
	like "$(valetkey status --json)" \
		'"identity":"alice@example.com","identity_id":"user-alice"' \
		'and so does --json'
	ok 'a refresh' valetkey token work --min-valid 100000
	like "$(valetkey status work)" 'logged in as +alice@example\.com$' \
		'a refresh keeps it'
	"$VALETKEY_BUILD/tests/lib/keyring" list >"$OUT"
	unlike "$(cat "$OUT")" 'alice' 'it is no attribute of the keyring item'
}

# What an ID token may not say: nothing is kept, and what came is revoked.
test_bad_id_tokens()
{
	revocations=0
	account bad
	while read -r kind says; do
		provider_fault none "id-token=$kind"
		said "$DENIED" "ID token .*$says" "ID token: $kind" \
			as alice bad
		revocations=$((revocations + 1))
	done <<-'END'
	iss \(iss\)
	aud \(aud, azp\)
	azp \(aud, azp\)
	nonce \(nonce\)
	expired \(exp\)
	future \(iat\)
	nobody \(sub\)
	garbage malformed
	END
	provider_fault none
	like "$(valetkey status bad)" 'Not logged in' 'nothing of them is kept'
	revoked "$revocations" 'and each grant was revoked'
	sed -i 's/^scope=.*/scope=monitoring/' "$CONFIG/bad.conf"
	said 0 '^bad is logged in\.' 'nobody is told where nobody was asked' \
		as alice bad
	remove bad
}

test_userinfo()
{
	account info 'userinfo_endpoint={origin}/ws/oauth/userinfo'
	provider_fault none id-token=bare
	said 0 'logged in as alice@example\.com' 'UserInfo for the name' \
		as alice info
	provider_fault none id-token=unverified userinfo=gone
	said 0 'logged in as alice\.' 'an address that is not verified' \
		as alice info
	provider_fault none id-token=bare userinfo=other
	said 0 'logged in as user-alice' "another's UserInfo is not used" \
		as alice info
	for kind in html gone; do
		provider_fault none id-token=bare "userinfo=$kind"
		said 0 'logged in as user-alice' "UserInfo: $kind" as alice info
	done
	provider_fault none id-token=missing
	said 0 'logged in as alice@example\.com' 'UserInfo alone' as alice info
	provider_fault none id-token=missing userinfo=gone
	said 0 'did not say this time.*alice@example.com' 'no word at all' \
		as alice info
	like "$text" '^info is logged in\.' 'no word at all: is no error'
	provider_fault none
	remove info
}

# The token goes to the endpoint that the provider's file or origin allows.
test_userinfo_elsewhere()
{
	account far
	cp "$CONFIG/far.conf" "$VALETKEY_TEST_DIR/far"
	echo 'userinfo_endpoint=http://127.0.0.1:9/userinfo' \
		>>"$CONFIG/far.conf"
	said "$ARG" 'userinfo_endpoint .*not an instance' 'another origin' \
		as alice far
	cp "$VALETKEY_TEST_DIR/far" "$CONFIG/far.conf"
	echo "userinfo_endpoint=$PROVIDER_URL/ws/oauth/other" \
		>>"$CONFIG/far.conf"
	said "$LOGIN" 'userinfo_endpoint .*not sent' 'a changed endpoint' \
		as alice far
	remove far
}

test_keys()
{
	account own identity=preferred_username identity_id=email
	said 0 'logged in as alice\.' 'members of other names' as alice own
	like "$(valetkey status --json)" '"identity_id":"alice@example.com"' \
		'and another id'
	remove own
}

# Without a browser of ours, and so without a nonce.
test_device()
{
	account tv "device_authorization_endpoint={origin}/ws/oauth/device_authorization"
	valetkey login tv --flow device </dev/null >"$OUT" 2>&1 &
	login=$!
	until grep -q '^Code: ' "$OUT" || ! process_runs "$login"; do
		sleep 0.05
	done
	sed -n 's/^Code: //p' "$OUT" | head -n 1 | tr -d '\n' \
		>"$VALETKEY_TEST_DIR/code"
	curl -q -sS -f --noproxy '*' -o /dev/null \
		--data-urlencode "user_code@$VALETKEY_TEST_DIR/code" \
		-d username=alice -d answer=allow \
		--data-urlencode "password@$(secret_file password)" \
		"$PROVIDER_URL/ws/device/enter"
	wait "$login"
	like "$(cat "$OUT")" '^tv is logged in as alice@example\.com' \
		'by the device grant'
	remove tv
}

# ---- somebody else ----

still_alice()
{
	like "$(valetkey status work)" 'logged in as +alice@' \
		"$1: the old login stays"
	ok "$1: and works" valetkey curl work -- -sS -f \
		"$PROVIDER_URL/v2/organizations"
}

test_somebody_else()
{
	before=$(provider_count '/ws/oauth/revoke .*result=ok')
	said 0 'logged in as alice' 'the same person again' as alice work
	revoked $((before + 1)) 'the same person again: the login before'
	before=$((before + 1))
	said "$CANCELED" "work is alice@example.com's.*as bob@example.com" \
		'somebody else, and nobody to ask' as bob work
	like "$text" 'valetkey login work --accept-change' \
		'somebody else: and what to do'
	revoked $((before + 1)) 'somebody else: the new grant is revoked'
	still_alice 'somebody else'

	page=$VALETKEY_TEST_DIR/page
	terminal env VALETKEY_BROWSER_USER=bob VALETKEY_BROWSER_SAVE="$page" \
		valetkey login work <<-END
	expect from now on? [y/N]
	send no
	END
	like "$(cat "$page")" 'Please go to the terminal' \
		'meanwhile the page says where the question is'
	is "$status" "$CANCELED" 'a no'
	like "$text" 'new login was not kept' 'a no: and says so'
	revoked $((before + 2)) 'a no: the new grant is revoked'
	still_alice 'a no'

	terminal env VALETKEY_BROWSER_USER=bob valetkey login work <<-END
	expect from now on? [y/N]
	key C
	END
	is "$status" "$CANCELED" 'Ctrl-C'
	revoked $((before + 3)) 'Ctrl-C: the new grant is revoked'
	still_alice 'Ctrl-C'

	terminal env VALETKEY_BROWSER_USER=bob valetkey login work <<-END
	expect from now on? [y/N]
	send y
	END
	is "$status" 0 'a yes'
	like "$(valetkey status work)" 'logged in as +bob@' 'a yes: it is bob'
	revoked $((before + 4)) "a yes: alice's is revoked"
	said 0 'logged in as alice' '--accept-change' \
		as alice work --accept-change
	revoked $((before + 5)) "--accept-change: bob's is revoked"
}

# A grant that the provider has ended still says whose it was.
test_after_death()
{
	provider_fault none answer=error-object
	exits "$LOGIN" 'the grant has ended' \
		valetkey token work --min-valid 100000
	provider_fault none
	said "$CANCELED" "work is alice@example.com's" 'after it has ended' \
		as bob work
	said 0 'logged in as alice' 'alice may' as alice work
	ok 'after a logout' valetkey logout work
	said 0 'logged in as bob' 'after a logout anybody may' as bob work
}

test_two_accounts()
{
	account other
	said 0 '^other is logged in as alice@' 'a second account' as alice other
	ok 'both work' sh -c 'valetkey token work && valetkey token other'
	like "$(valetkey status work)" 'logged in as +bob@' 'the first is bob'
	like "$(valetkey status other)" 'logged in as +alice@' \
		'the second is alice'
	ok 'a refresh of one' valetkey token other --min-valid 100000
	like "$(valetkey status --json | tr -d '\n' | tr '}' '\n' |
		grep '"account":"work"')" 'bob@' 'they stay apart'
}

test_id_token
test_bad_id_tokens
test_userinfo
test_userinfo_elsewhere
test_keys
test_device
test_somebody_else
test_after_death
test_two_accounts
remove work other
# What was replaced goes after that.
tries=100
while [ "$(items)" -gt 0 ] && [ "$tries" -gt 0 ]; do
	tries=$((tries - 1))
	sleep 0.05
done
nothing_left 'removed'
done_testing
