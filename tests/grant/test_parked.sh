#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_parked.sh - what the provider answered is parked before it is understood:
# what becomes of the refresh token that was sent when the answer is odd, and of
# a login that is killed before the keyring has it.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hostile/hostile.sh
. "$VALETKEY_SRC/tests/hostile/hostile.sh"

# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

FAR=31536000 # each call refreshes
NEW='"refresh_token":"the-new-one"'
PARKED=$VALETKEY_BUILD/tests/old/parked

refresh()
{
	valetkey token work --min-valid "$FAR"
}

# sent TOKEN: how many refreshes have sent it.
sent()
{
	heard a "grant_type=refresh_token.*refresh_token=$1\b"
}

# again: a login makes everything as it was.
again()
{
	honest
	valetkey login work </dev/null >"$OUT" 2>&1 || cat "$OUT" >&2
}

# odd DESCRIPTION STATUS HOW BODY: a refresh that is answered so ends so, and the
# one after it sends the token that came.
odd()
{
	lie token "$3" "$4"
	run refresh
	is "$status" "$2" "$1: how it ends"
	before=$(sent the-new-one)
	forget_failures work
	run refresh
	is "$(($(sent the-new-one) - before))" 1 "$1: the new token is sent"
	again
}

# kept DESCRIPTION STATUS HOW BODY: likewise, and the one after it sends the old
# token, once.
kept()
{
	lie token "$3" "$4"
	run refresh
	is "$status" "$2" "$1: how it ends"
	honest
	before=$(sent refresh-of-a)
	forget_failures work
	ok "$1: the next one is good" refresh
	is "$(($(sent refresh-of-a) - before))" 1 "$1: the old token is sent"
}

test_answers()
{
	odd '201' 0 'json 201' \
		"{\"access_token\":\"x\",\"token_type\":\"Bearer\",$NEW}"
	odd 'an error beside it' "$SCOPE" 'json' \
		"{\"error\":\"invalid_scope\",$NEW}"
	odd 'no access token' "$NETWORK" 'json' "{$NEW}"
	odd 'a form' 0 'json' \
		'access_token=x&token_type=bearer&refresh_token=the-new-one&z=1'
	odd 'half an answer, the token in it' "$NETWORK" 'raw' \
		"$(printf 'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{%s,"a' \
			"$NEW")"
	kept 'half an answer that ends in the token' "$NETWORK" 'raw' \
		"$(printf 'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{%s' \
			'"access_token":"x","refresh_token":"the-ne')"
	kept 'the word null' 0 'json' \
		'{"access_token":"x","refresh_token":"null"}'
	kept 'an empty one' 0 'json' '{"access_token":"x","refresh_token":""}'
	kept 'an echo' 0 'json' \
		'{"access_token":"x","refresh_token":"refresh-of-a-0123456789abcdef"}'
	kept 'a page' "$NETWORK" 'html 200' '<html>Log in to this network</html>'
}

# A server that has rotated and says so in a way that nobody can read.
test_unreadable()
{
	lie token 'html 200' '<p>refresh_token: the-new-one</p>'
	run refresh
	is "$status" "$LOGIN" 'unreadable: LOGIN'
	like "$text" 'valetkey login work' 'unreadable: and what to do'
	before=$(sent refresh-of-a)
	honest
	forget_failures work
	run refresh
	is "$status" "$LOGIN" 'unreadable: it stays so'
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey-parked:$(account_id work)"
	run refresh
	is "$status" "$LOGIN" 'unreadable: after a reboot as well'
	is "$(sent refresh-of-a)" "$before" 'unreadable: nothing is sent any more'
	like "$(valetkey status work)" 'cannot be read' 'unreadable: status tells'
	again
	ok 'unreadable: a login ends it' refresh
}

# The helper is killed while the provider thinks.
test_interrupted()
{
	before=$(heard a 'grant_type=refresh_token')
	lie token 'later 3' '{}'
	refresh >/dev/null 2>&1 &
	asking=$!
	wait_until refresh_was_sent
	kill -KILL "$(helper_of work)"
	wait "$asking"
	honest
	(umask 077
	keyring=$VALETKEY_BUILD/tests/lib/keyring
	"$keyring" dump grant "$(account_id work)" |
		sed 's/^expires_in=.*/expires_in=1/' >"$VALETKEY_TEST_DIR/short"
	sleep 2
	"$keyring" replace grant "$(account_id work)" \
		<"$VALETKEY_TEST_DIR/short")
	like "$(valetkey status work)" 'interrupted before its answer came' \
		'an interrupted refresh: status tells'
	ok 'an interrupted refresh: the next one is good' refresh
	unlike "$(valetkey status work)" 'interrupted' \
		'an interrupted refresh: and is forgotten'
}

refresh_was_sent()
{
	[ "$(heard a 'grant_type=refresh_token')" -gt "$before" ]
}

# The helper that holds the lock of a login.
login_helper()
{
	inode=$(stat -c %i "$CONFIG/.$(account_id "$1").login")
	awk -v inode="$inode" '
		$2 == "FLOCK" && $6 ~ ":" inode "$" { print $5; exit }' \
		/proc/locks
}

redeemed()
{
	[ "$(heard a 'grant_type=authorization_code')" -gt "$codes" ]
}

# The reservation is longer than the answer.
login_is_parked()
{
	awk -v name="valetkey-login:$(account_id "$1"):" '
		$9 == name && $10 < 2000 { found = 1 }
		END { exit !found }' /proc/keys
}

# killed_login ACCOUNT TOKEN: a login that is killed once its answer, with this
# refresh token, is parked, and before the keyring, which hangs, has it.
killed_login()
{
	codes=$(heard a 'grant_type=authorization_code')
	lie token 'later 0.3' "{\"access_token\":\"of-$2\",\"token_type\":\"Bearer\",
		\"expires_in\":3600,\"refresh_token\":\"$2\"}"
	valetkey login "$1" </dev/null >"$OUT" 2>&1 &
	login=$!
	wait_until redeemed
	kill -STOP "$VALETKEY_TEST_KEYRING_PID"
	wait_until login_is_parked "$1"
	parked=$?
	helper=$(login_helper "$1")
	kill -KILL "$helper" "$login"
	wait "$login" 2>/dev/null
	kill -CONT "$VALETKEY_TEST_KEYRING_PID"
	honest
	is "$parked" 0 "a login that is killed: $2 was parked"
}

test_login()
{
	run valetkey logout work
	killed_login work first-login
	run valetkey token work
	is "$status:$text" 0:of-first-login \
		'a killed login: the next get has its token'
	ok 'a killed login: nothing of it is left' not_parked work
	killed_login work second-login
	run refresh
	is "$(sent second-login)" 1 'a killed login over another: it is used'
	again
	killed_login work third-login
	run valetkey logout work
	is "$(heard a 'token=third-login.*token_type_hint\|token_type_hint.*token=third-login')" 1 \
		'a killed login: a logout revokes it'
	killed_login work fourth-login
	sed -i 's/^scope=.*/&\nhosts[]=https:\/\/elsewhere.example/' \
		"$CONFIG/work.conf"
	run valetkey token work
	is "$status" "$LOGIN" 'a killed login, and a file that was changed: LOGIN'
	sed -i '/elsewhere/d' "$CONFIG/work.conf"
	again
	is "$(heard a 'token=fourth-login')" 1 \
		'a killed login, and a file that was changed: it is revoked'
}

# copy_login ACCOUNT: what is parked of its login, and the seal, to $COPY.
COPY=$VALETKEY_TEST_DIR/copy
copy_login()
{
	(umask 077
	"$PARKED" read "valetkey-login:$(account_id "$1")" >"$COPY"
	"$VALETKEY_BUILD/tests/lib/keyring" dump client "$(account_id "$1")" |
		sed -n 's/^seal=//p' >"$COPY.seal")
}

# put_back ACCOUNT <SEALED: as a file.
put_back()
{
	"$PARKED" file "$CONFIG/.$(account_id "$1").parked-login"
}

# The file may come back (a backup, a synchronized folder), and whoever is killed
# between keyring and parked copy leaves what is in the keyring already.
test_login_again()
{
	killed_login work of-the-login
	copy_login work
	run valetkey token work
	lie token json "{\"access_token\":\"x\",$NEW}"
	run refresh
	lie token json '{"access_token":"y"}'
	before=$(sent the-new-one)
	revoked=$(heard a 'token=the-new-one&token_type_hint')
	put_back work <"$COPY"
	run refresh
	is "$status:$(sent the-new-one):$(sent of-the-login)" \
		"0:$((before + 1)):1" \
		'a login that was taken before: what came after it is kept'
	is "$(heard a 'token=the-new-one&token_type_hint')" "$revoked" \
		'a login that was taken before: nothing is revoked'
	ok 'a login that was taken before: nothing of it is left' \
		not_parked work
	again
	put_back work <"$COPY"
	run refresh
	is "$status:$(sent of-the-login)" 0:1 'an older login is not taken'
	again
}

# Without the registration in the keyring there is no seal, and so none that
# somebody else can know.
test_planted()
{
	valetkey add public --issuer "$A" --client-id it --scope read \
		</dev/null >"$OUT" 2>&1 || cat "$OUT" >&2
	valetkey login public </dev/null >"$OUT" 2>&1 || cat "$OUT" >&2
	killed_login public planted
	copy_login public
	run valetkey logout public
	"$VALETKEY_BUILD/tests/lib/keyring" delete client "$(account_id public)"
	echo >"$COPY.none"
	"$PARKED" open "$COPY.seal" <"$COPY" | "$PARKED" seal "$COPY.none" |
		put_back public
	run valetkey token public
	is "$status" "$LOGIN" 'a planted login is not taken'
	remove public
}

# A key that was given up has a byte until the kernel's collector comes.
not_parked()
{
	awk -v name="valetkey-login:$(account_id "$1"):" '
		$9 == name && $10 > 1 { found = 1 }
		END { exit found }' /proc/keys &&
		[ ! -e "$CONFIG/.$(account_id "$1").parked-login" ]
}

liar_start
liar_account work
test_answers
test_unreadable
test_interrupted
test_login
test_login_again
test_planted
done_testing
