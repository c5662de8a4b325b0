#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_move.sh - valetkey move, between a real keyring and the sealed store: what is
# kept of an account is in the one or in the other, whatever ends it in between, and
# it goes on with its newest grant.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

LOCKED=23
KEYRING=$VALETKEY_BUILD/tests/lib/keyring
SEALED=$VALETKEY_BUILD/tests/lib/sealed

# in_keyring, in_sealed: the kinds of items that the account "work" has there.
in_keyring()
{
	"$KEYRING" all | sed -n "s/^item \([a-z]*\) $ID\$/\1/p" | sort | xargs
}

in_sealed()
{
	"$SEALED" all | sed -n "s/^item \([a-z]*\) $ID\$/\1/p" | sort | xargs
}

where()
{
	echo "keyring: $(in_keyring); sealed: $(in_sealed)"
}

NOWHERE='keyring: ; sealed: '
ONLY_KEYRING='keyring: client grant; sealed: '
ONLY_SEALED='keyring: ; sealed: client grant'

to()
{
	valetkey move work --store "$1"
}

unlock()
{
	printf 'four words and a number 7' >"$VALETKEY_TEST_DIR/passphrase"
	valetkey unlock --passphrase-fd 3 3<"$VALETKEY_TEST_DIR/passphrase"
}

forget_cached()
{
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$ID"
}

# A token that costs a refresh.
renewed()
{
	valetkey token work --min-valid 86400
}

# Refresh tokens that came twice, at a provider that ends the grant then.
reused()
{
	provider_count 'reason=reused'
}

no_note()
{
	find "$CONFIG" -name '.*.moving'
}

provider_start --revoke-503 1
demo_account work web >/dev/null 2>&1
demo_login work >/dev/null 2>&1
ID=$(sed -n 's/^id=//p' "$CONFIG/work.conf")
cp "$CONFIG/work.conf" "$VALETKEY_TEST_DIR/before.conf"
renewed >/dev/null

# ---- what is not moved ----

said $ARG 'store keyring or --store sealed' 'no --store' valetkey move work
said $ARG 'store keyring or --store sealed' 'another store' to file
said $ACCOUNT 'nobody' 'no such account' valetkey move nobody --store sealed
said $LOCKED 'no key yet.*valetkey unlock' 'a store without a key' to sealed
unlock 2>/dev/null
valetkey lock 2>/dev/null
said $LOCKED 'is locked.*valetkey unlock' 'a store that is locked' to sealed
is "$(where)" "$ONLY_KEYRING" 'then nothing has moved'
unlock 2>/dev/null
(umask 077 && printf 'id=%s\nfar=%s\n' 0123456789abcdef0123456789abcdef \
	"$VALETKEY_TEST_DIR/far" >"$CONFIG/far.conf")
said $ARG 'Another machine keeps' 'an account of another machine' \
	valetkey move far --store sealed
rm "$CONFIG/far.conf"

# ---- there and back ----

"$KEYRING" dump grant "$ID" >"$VALETKEY_TEST_DIR/grant"
token=$(valetkey token work)
said 0 'work is in the sealed store now' 'move' to sealed
is "$(where)" "$ONLY_SEALED" 'all is there, and nothing is left'
is "$("$SEALED" dump grant "$ID")" "$(cat "$VALETKEY_TEST_DIR/grant")" \
	'as it was'
is "$(no_note)" '' 'no note is left'
is "$(valetkey token work)" "$token" 'the token stays good'
forget_cached
is "$(env -i HOME="$HOME" XDG_CONFIG_HOME="$XDG_CONFIG_HOME" \
	"$(command -v valetkey)" token work)" "$token" 'and is read without a bus'
ok 'a refresh' renewed
like "$(valetkey status work)" 'store +sealed' 'status tells it'
said 0 'work is in the sealed store already' 'move where it is' to sealed
is "$(where)" "$ONLY_SEALED" 'which changes nothing'
"$KEYRING" lock
said $LOCKED 'locked' 'to a keyring that is locked' to keyring
is "$(in_sealed)" 'client grant' 'moves nothing'
said 0 'already' 'where it is, beside a locked keyring' to sealed
"$KEYRING" unlock
said 0 'work is in the keyring now' 'back' to keyring
is "$(where)" "$ONLY_KEYRING" 'all is there again'
ok 'the file is as it was' cmp "$CONFIG/work.conf" \
	"$VALETKEY_TEST_DIR/before.conf"
ok 'and a refresh works' renewed
is "$(reused)" 0 'no refresh token came twice'

# ---- an answer that is parked ----

# The keyring is locked before the provider's answer comes, so it stays parked.
parked_refresh()
{
	asked=$(provider_count 'rotated=1')
	provider_fault none slow=1000
	renewed >/dev/null 2>&1 &
	asking=$!
	until [ "$(provider_count 'rotated=1')" -gt "$asked" ] ||
		! process_runs "$asking"; do
		sleep 0.02
	done
	"$KEYRING" lock
	wait "$asking"
	provider_fault none
	"$KEYRING" unlock
}

parked_refresh
to sealed >/dev/null 2>&1
forget_cached
ok 'an answer that was parked before is found after' renewed
is "$(where)" "$ONLY_SEALED" 'by an account that has moved'
is "$(reused)" 0 'and the old token is not sent'

# ---- revocations that wait ----

valetkey logout work >/dev/null 2>&1
like "$("$SEALED" all)" '^item pending revocations' 'a revocation waits'
to keyring >/dev/null 2>&1
like "$("$KEYRING" all)" '^item pending revocations' 'and moves, too'
unlike "$("$SEALED" all)" '^item pending' 'and is not left'
before=$(provider_count ' /ws/oauth/revoke')
# How often since: the helper sends it when the command has its answer.
sent()
{
	echo $(($(provider_count ' /ws/oauth/revoke') - before))
}
is_sent()
{
	[ "$(sent)" -gt 0 ]
}
# It is time to try again.
rm -f "$CONFIG/.revocations.login"
valetkey status >/dev/null 2>&1
valetkey status >/dev/null 2>&1
wait_until is_sent
is "$(sent)" 1 'it is sent once'
unlike "$("$KEYRING" all)" '^item pending' 'and waits no more'
is "$(where)" 'keyring: client; sealed: ' 'the client secret has moved'
demo_login work >/dev/null 2>&1

# ---- what was left by one that was killed ----

cp "$CONFIG/work.conf" "$VALETKEY_TEST_DIR/keyring.conf"
"$KEYRING" dump grant "$ID" | "$SEALED" replace grant "$ID"
: >"$CONFIG/.$ID.moving"
valetkey lock 2>/dev/null
ok 'a copy in a locked store' renewed
is "$(no_note)" '' 'is deleted by the next command'
unlock 2>/dev/null
is "$(where)" "$ONLY_KEYRING" 'whatever that is'

to sealed >/dev/null 2>&1
"$SEALED" dump grant "$ID" | "$KEYRING" add grant "$ID"
: >"$CONFIG/.$ID.moving"
"$KEYRING" lock
ok 'a copy in a locked keyring harms nobody' renewed
said 0 'work is in the sealed store already' 'move is content' to sealed
like "$text" 'could not.*locked' 'and tells why it is not deleted'
"$KEYRING" unlock
ok 'unlocked' valetkey status
is "$(where)" "$ONLY_SEALED" 'it goes'
is "$(no_note)" '' 'and the note'

# Somebody has changed the file by hand.
cp "$VALETKEY_TEST_DIR/keyring.conf" "$CONFIG/work.conf"
forget_cached
exits $LOGIN 'a file that was changed by hand has no login' renewed
said 0 'work is in the keyring already' 'move' to keyring
is "$(where)" "$ONLY_KEYRING" 'takes what there is to where it says'
ok 'and it is used' renewed
is "$(reused)" 0 'once'

# ---- two at once ----

renewed >/dev/null 2>&1 &
one=$!
to sealed >/dev/null 2>&1 &
two=$!
renewed >/dev/null 2>&1 &
three=$!
to sealed >/dev/null 2>&1 &
four=$!
failed=
for pid in $one $two $three $four; do
	wait "$pid" || failed="$failed $?"
done
is "$failed" '' 'two moves and two refreshes at once'
is "$(where)" "$ONLY_SEALED" 'end in one store'
ok 'and the newest grant is there' renewed
is "$(reused)" 0 'none was sent twice'

# ---- killed, and failing, at each step ----

# at CALL N HOW: a move to the other store, in which the Nth CALL of each process is
# an error or a kill; whether it came so far.
at()
{
	other=sealed
	! grep -q '^store=sealed' "$CONFIG/work.conf" || other=keyring
	strace -f -qq -o "$VALETKEY_TEST_DIR/trace" -e "trace=$1" \
		-e "inject=$1:$3:when=$2" \
		valetkey move work --store "$other" </dev/null >"$OUT" 2>&1
	grep -Eq 'INJECTED|killed by SIGKILL' "$VALETKEY_TEST_DIR/trace"
}

# A kill or a failure; then one command, and all must be in one place.
judge()
{
	forget_cached
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey-parked:$ID"
	renewed >/dev/null 2>&1 || bad="$bad $1:no-token"
	case $(where) in
	"$ONLY_KEYRING") ! grep -q '^store=' "$CONFIG/work.conf" ;;
	"$ONLY_SEALED") grep -q '^store=sealed' "$CONFIG/work.conf" ;;
	*) false ;;
	esac || bad="$bad $1:$(where)"
	[ -z "$(no_note)" ] || bad="$bad $1:note"
}

# each HOW CALL...
each()
{
	how=$1 bad='' instants=0
	shift
	for call; do
		n=1
		while at "$call" "$n" "$how"; do
			instants=$((instants + 1))
			judge "$call:$n"
			n=$((n + 1 + n / 3))
		done
		judge "$call:end"
	done
}

if need_program strace 'a kill at each step'; then
	each signal=KILL openat unlink unlinkat rename renameat fsync flock \
		sendmsg write
	is "$bad" '' 'killed at each step: it goes on with its newest grant'
	ok "in $instants places" [ "$instants" -ge 40 ]
	each error=EIO unlink unlinkat rename renameat fsync
	is "$bad" '' 'an error at each step: the same'
	ok "in $instants places" [ "$instants" -ge 8 ]
	is "$(reused)" 0 'no refresh token came twice'
fi

to keyring >/dev/null 2>&1
like "$( (ulimit -f 0; valetkey move work --store sealed 2>&1) )" \
	'cannot be written|Nothing can be written' 'no room for a file'
is "$(where)" "$ONLY_KEYRING" 'then it stays where it is'
is "$(no_note)" '' 'and no note stays'

# ---- the end ----

to sealed >/dev/null 2>&1
: >"$CONFIG/.$ID.moving"
ok 'remove' valetkey remove work --yes
is "$(where)" "$NOWHERE" 'takes all of it away'
is "$(find "$CONFIG" -name ".$ID.*")" '' 'and the note'

done_testing
