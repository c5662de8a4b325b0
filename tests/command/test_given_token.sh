#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_given_token.sh - `valetkey add --refresh-token-stdin`: a refresh token from
# elsewhere is proved by one refresh after a yes; what the provider gives in its
# place is never lost, and of what it refuses nothing is kept.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

provider_start || exit 1
WEB_SECRET=$(secret_file web-secret)
GIVEN=$VALETKEY_TEST_DIR/given

# refresh_token ACCOUNT: that of its grant in the keyring.
refresh_token()
{
	"$VALETKEY_BUILD/tests/lib/keyring" dump grant "$(account_id "$1")" |
		sed -n 's/^refresh_token=//p'
}

# another_token: into $GIVEN one that another program has. The account it came
# from goes without a word to the provider.
another_token()
{
	demo_account other >/dev/null 2>&1 &&
		demo_login other >/dev/null 2>&1 || return
	(umask 077
	refresh_token other >"$GIVEN")
	"$VALETKEY_BUILD/tests/lib/keyring" delete grant "$(account_id other)"
	remove other
}

# give [OPTION...]: a script's way. $give may be exec, in a shell of its own.
give()
{
	${give:-} valetkey add given --provider ninjaone --instance demo --client web \
		--client-id web-client --redirect-uri "$PROVIDER_REDIRECT" \
		--scope monitoring --refresh-token-stdin --secret-fd 3 "$@" \
		<"$GIVEN" 3<"$WEB_SECRET"
}

# gives STATUS PATTERN DESCRIPTION [OPTION...]
gives()
{
	gives_status=$1 gives_pattern=$2 gives_what=$3
	shift 3
	status=0
	give "$@" >"$OUT" 2>&1 || status=$?
	text=$(cat "$OUT")
	is "$status" "$gives_status" "$gives_what" || tap_note "$text"
	like "$text" "$gives_pattern" "$gives_what: and says so"
}

# sent: how many refreshes the provider has seen.
sent()
{
	provider_count 'grant=refresh_token'
}

test_good()
{
	another_token
	before=$(sent)
	gives "$ARG" 'no terminal to ask at.*--yes$' 'nobody agrees'
	is "$(sent)" "$before" 'nobody agrees: it is not sent'
	like "$text" 'any other program that uses this one will lose its login' \
		'nobody agrees: what would become of it was said'
	nothing_left 'nobody agrees'
	gives 0 'accepted the refresh token' 'with --yes' --yes
	is "$(($(sent) - before))" 1 'one refresh proves it'
	like "$text" '^Next: valetkey token given$' 'no login is needed'
	unlike "$text$(cat "$CONFIG/given.conf")" "$(cat "$GIVEN")" \
		'it is nowhere to be seen'
	[ "$(refresh_token given)" != "$(cat "$GIVEN")" ]
	is $? 0 'the one that came in its place is kept'
	ok 'there is a token' valetkey token given
	is "$(($(sent) - before))" 1 'which the refresh has brought'
	age given
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$(account_id given)"
	ok 'and another one later' valetkey token given
	remove given
	nothing_left 'after remove'
}

# With a person, who is asked.
test_person()
{
	another_token
	before=$(sent)
	person='valetkey add given --provider ninjaone --instance demo
		--client native --client-id native-client --scope monitoring
		--refresh-token-stdin'
	# shellcheck disable=SC2086 # words
	terminal $person <<-END
	expect lose its login
	expect Go on? [y/N]
	send n
	END
	is "$status" "$CANCELED" 'a person says no' || tap_note "$text"
	like "$text" 'valetkey: Nothing was saved\.$' 'a person says no: that is all'
	unlike "$text" 'Register a client' 'the client is there already'
	is "$(sent)" "$before" 'a person says no: it is not sent'
	nothing_left 'a person says no'
	terminal valetkey add given --provider ninjaone --instance demo \
		--client web --client-id web-client --scope monitoring \
		--redirect-uri "$PROVIDER_REDIRECT" --refresh-token-stdin <<-END
	expect Go on? [y/N]
	send y
	expect Refresh token (not shown)
	secret $GIVEN
	expect Client secret (not shown)
	secret $WEB_SECRET
	END
	is "$status" 0 'a person says yes' || tap_note "$text"
	unlike "$text" "$(cat "$GIVEN")" 'it is not shown'
	ok 'a person says yes: there is a token' valetkey token given
	remove given
	nothing_left 'after remove'
}

test_refused()
{
	printf 'not-one-that-was-given-out\n' >"$GIVEN"
	gives "$LOGIN" 'invalid_grant.*has expired, was revoked.*Nothing was kept\.$' \
		'one that the provider does not know' --yes
	unlike "$text" 'valetkey login' 'no login of an account that is not there'
	nothing_left 'one that the provider does not know'
	printf 'two words\n' >"$GIVEN"
	gives "$ARG" 'no refresh token: one word' 'what is none' --yes
	: >"$GIVEN"
	gives "$ARG" 'no refresh token: one word' 'nothing' --yes
	gives "$ARG" '--secret-fd N' 'two secrets at standard input' --yes \
		--secret-stdin
	said "$ARG" 'Nobody logs in' 'a client of a machine' valetkey add given \
		--provider ninjaone --instance demo --client api-services \
		--client-id api-client --refresh-token-stdin --yes --secret-fd 3
	nothing_left 'refused'
}

test_failing()
{
	another_token
	provider_fault none http-503
	gives "$NETWORK" 'Nothing was kept\.$' 'a provider with problems' --yes
	nothing_left 'a provider with problems'
	provider_fault none
	gives 0 'accepted the refresh token' 'it is good as before' --yes
	remove given
	another_token
	provider_fault none reset-before
	gives "$NETWORK" 'may be used up\. Nothing was kept\.$' 'no answer' --yes
	nothing_left 'no answer'
	provider_fault none
}

# An answer that is of no use but for the refresh token in it.
test_brought()
{
	another_token
	provider_fault none token-type=mac
	gives "$DENIED" 'given is kept, because the provider has replaced' \
		'a useless answer with another refresh token' --yes
	provider_fault none
	ok 'a useless answer: the next one is good' valetkey token given
	remove given
	nothing_left 'a useless answer'
}

# The command and its helper end at any moment: then the account is there or it
# is not, and nothing else is left.
test_ended()
{
	ended=0
	for tenths in 0 1 2 3 4 5 6 7; do
		another_token
		provider_fault none slow=200
		(give='exec' && give --yes) >"$OUT" 2>&1 &
		giving=$!
		sleep "0.$tenths"
		# shellcheck disable=SC2046 # the helper, if it runs
		kill -KILL $(pgrep -P "$giving") "$giving" 2>/dev/null
		wait "$giving" 2>/dev/null
		[ "$?" -ne 137 ] || ended=$((ended + 1))
		provider_fault none
		sleep 0.5
		if valetkey list 2>/dev/null | grep -q '^given '; then
			run valetkey token given
			like "$status" "^(0|$LOGIN)$" "ended after 0.$tenths s"
			remove given
		fi
		run valetkey status # which clears what was begun
		nothing_left "ended after 0.$tenths s"
	done
	like "$ended" '^[2-9]' 'some of them were killed in the middle'
}

# The answer is there, and the helper is killed before the keyring takes it.
test_killed()
{
	another_token
	refused=$(provider_count 'grant=refresh_token.*result=invalid_grant')
	like "$refused" '^[1-9]' 'what is refused can be counted'
	asked=$(counted refreshes_ok)
	provider_fault none slow=1500
	give --yes >"$OUT" 2>&1 &
	giving=$!
	wait_until test -e "$CONFIG/given.conf"
	wait_until counted_above refreshes_ok "$asked"
	helper=$(helper_of given)
	kill -STOP "$VALETKEY_TEST_KEYRING_PID"
	sleep 2.5
	kill -KILL "$helper"
	kill -CONT "$VALETKEY_TEST_KEYRING_PID"
	wait "$giving"
	provider_fault none
	ok 'killed before it is stored: the account is there' \
		test -e "$CONFIG/given.conf"
	ok 'and has a token' valetkey token given
	is "$(provider_count 'grant=refresh_token.*result=invalid_grant')" \
		"$refused" 'the old refresh token is not sent again'
	[ "$(refresh_token given)" != "$(cat "$GIVEN")" ]
	is $? 0 'with the new refresh token'
	remove given
	nothing_left 'after remove'
}

test_good
test_person
test_refused
test_failing
test_brought
test_ended
test_killed
done_testing
