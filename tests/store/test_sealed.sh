#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_sealed.sh - accounts in the sealed store, on a computer without a bus or a
# keyring: the passphrase once, tokens from an empty environment, refreshes, two
# programs at once; and what does not open: locked, damaged, put back, copied, without
# room. As an ordinary user.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
as_ordinary_user
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

LOCKED=23
SEALED=$CONFIG/sealed
GRANT=
RUNTIME=$XDG_RUNTIME_DIR
unset DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR

passphrase()
{
	printf '%s' "$1" >"$VALETKEY_TEST_DIR/passphrase"
}

# shellcheck disable=SC2120 # by other names
unlock()
{
	valetkey unlock --passphrase-fd 3 "$@" 3<"$VALETKEY_TEST_DIR/passphrase"
}

# As cron starts it.
bare()
{
	env -i HOME="$HOME" XDG_CONFIG_HOME="$XDG_CONFIG_HOME" \
		"$(command -v valetkey)" "$@"
}

forget_cached()
{
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$ID"
}

# A token that costs a refresh.
renewed()
{
	bare token work --min-valid 86400
}

asked()
{
	provider_count ' /ws/oauth/token '
}

# flip FILE: another byte near the end.
flip()
{
	printf '\377' | dd of="$1" bs=1 seek=$(($(stat -c %s "$1") - 9)) \
		conv=notrunc status=none
}

mode()
{
	stat -c %a "$1"
}

provider_start
passphrase 'four words and a number 7'

# ---- the key ----

said $LOCKED 'no key yet.*valetkey unlock' 'no key yet' \
	demo_account work web --store sealed
said $ARG 'keyring or sealed' 'another store' demo_account work web --store file
printf 'short\n' >"$VALETKEY_TEST_DIR/short"
exits $DENIED 'a short passphrase is refused' sh -c \
	"valetkey unlock --passphrase-fd 3 3<'$VALETKEY_TEST_DIR/short'"
said $ARG 'no terminal to ask' 'nobody to ask' valetkey unlock
said $ARG 'number with s, m, h or d' 'a time that is none' unlock --for 8
ok 'unlock makes the key' unlock
is "$(mode "$SEALED") $(mode "$SEALED/key")" '700 600' 'for the user alone'
unlike "$(cat "$SEALED/key")" 'four words' 'the passphrase is not in it'

# ---- an account ----

ok 'add' demo_account work web --store sealed
ID=$(sed -n 's/^id=//p' "$CONFIG/work.conf")
GRANT=$SEALED/$ID.grant
ok 'login' demo_login work
is "$(mode "$GRANT")" 600 'its file is for the user alone'
like "$(valetkey status work)" 'store +sealed files' 'status tells the store'
like "$(valetkey status --json)" '"store":"sealed"' 'for programs too'
token=$(valetkey token work)
unlike "$(cat "$GRANT" "$SEALED/$ID.client")" \
	"$token|$(cat "$(secret_file web-secret)")" 'nothing is in plain text'
forget_cached
is "$(bare token work)" "$token" 'a token with an empty environment'
like "$(valetkey status)" 'work: ready' 'status of all, without a bus'
cp -p "$GRANT" "$VALETKEY_TEST_DIR/older"
ok 'a refresh' renewed
unlike "$(valetkey token work)" "$token" 'brings another token'
like "$(head -n 1 "$GRANT" | tr -d '\0')" ' 2$' 'the generation counts'

# What is not shown of a process that hides its memory: which files it opens. But how
# many libraries are mapped to be run is.
libraries()
{
	forget_cached
	strace -f -e trace='?mmap,?mmap2' -o "$VALETKEY_TEST_DIR/trace" \
		"$@" >/dev/null 2>&1 || :
	grep -c 'PROT_EXEC.*MAP_DENYWRITE' "$VALETKEY_TEST_DIR/trace"
}

if need_program strace 'no GLib is loaded'; then
	few=$(libraries valetkey token work)
	many=$(libraries valetkey logout --drop-revocations --yes)
	# (Sanitizers bring libraries of their own, into both programs.)
	limit=8
	! ldd "$(command -v valetkey)" | grep -q libasan || limit=18
	ok 'no library of the desktop is loaded' \
		test "$few" -gt 2 -a "$few" -lt "$limit"
	is "$many" "$few" 'nor by what concerns all accounts'
	XDG_RUNTIME_DIR=$RUNTIME demo_account desk web >/dev/null 2>&1
	many=$(XDG_RUNTIME_DIR=$RUNTIME libraries valetkey status desk)
	ok 'an account in the keyring needs more' test "$many" -gt $((few + 5))
	XDG_RUNTIME_DIR=$RUNTIME valetkey remove desk --yes >/dev/null 2>&1
fi

# With `error` instead of a key of the kernel; in a user namespace, if there are any,
# whose keys are its own: what is cached would give way, also what other tests have.
unlock_without_key()
{
	valetkey lock 2>/dev/null
	apart=
	! unshare -U --map-current-user test -x "$(command -v valetkey)" \
		2>/dev/null || apart='unshare -U --map-current-user'
	# shellcheck disable=SC2086 # words
	$apart strace -f -qq -o "$VALETKEY_TEST_DIR/trace" -e trace=add_key \
		-e "inject=add_key:error=$1" valetkey unlock --passphrase-fd 3 \
		3<"$VALETKEY_TEST_DIR/passphrase"
}

if need_program strace 'the kernel takes no key'; then
	said 24 'room for your keys is full.*maxkeys' \
		'the quota of keys is full' unlock_without_key EDQUOT
	said 24 'keeps no key.*containers' 'no keys at all' \
		unlock_without_key ENOSYS
	unlock 2>/dev/null
fi

# ---- two at once ----

valetkey token work | valetkey invalidate work >/dev/null 2>&1
before=$(asked)
pids=
for n in 1 2 3 4 5 6 7 8; do
	bare token work >"$VALETKEY_TEST_DIR/at-once.$n" 2>&1 &
	pids="$pids $!"
done
failed=0
for pid in $pids; do
	wait "$pid" || failed=1
done
is "$failed" 0 'eight programs at once have a token'
is "$(sort -u "$VALETKEY_TEST_DIR"/at-once.* | wc -l)" 1 'the same one'
is $(($(asked) - before)) 1 'of one refresh'
ok 'and it is good' valetkey token work

# ---- locked ----

ok 'lock' valetkey lock
valetkey token work >/dev/null
is $? 0 'a cached token is still given'
said 0 'valetkey unlock Until the access token expires it is given' \
	'and status says so' valetkey status work
forget_cached
said $LOCKED 'valetkey unlock' 'locked: no token' bare token work
said $LOCKED 'valetkey unlock' 'locked: status' valetkey status work
like "$(valetkey status)" 'work: cannot be used' 'locked: status of all'
said $LOCKED 'valetkey unlock' 'locked: no login' demo_login work
said $LOCKED 'is locked' 'locked: no other account' \
	demo_account other web --store sealed
printf 'another passphrase\n' >"$VALETKEY_TEST_DIR/wrong"
said $DENIED 'passphrase is wrong' 'a wrong passphrase' sh -c \
	"valetkey unlock --passphrase-fd 3 3<'$VALETKEY_TEST_DIR/wrong'"
said $LOCKED 'valetkey unlock' 'it stays locked' bare token work
ok 'unlock for a second' unlock --for 1s
sleep 1.2
said $LOCKED 'valetkey unlock' 'which is over' bare token work
ok 'unlock' unlock
ok 'a token again' bare token work

# Another passphrase for the same key.
printf 'four words and a number 7\nsomething quite different\n' \
	>"$VALETKEY_TEST_DIR/both"
ok 'another passphrase' sh -c "valetkey unlock --change --passphrase-fd 3 \
	3<'$VALETKEY_TEST_DIR/both'"
exits $DENIED 'the old one is none any more' unlock
passphrase 'something quite different'
valetkey lock 2>/dev/null
ok 'the new one is' unlock
ok 'and opens what there was' valetkey status work

# A person.
valetkey lock 2>/dev/null
printf 'never mind this' >"$VALETKEY_TEST_DIR/typed-wrong"
terminal valetkey unlock <<END
expect Passphrase
secret $VALETKEY_TEST_DIR/typed-wrong
expect wrong
expect Passphrase
secret $VALETKEY_TEST_DIR/passphrase
expect unlocked
END
is "$status" 0 'a person may mistype it'
unlike "$text" 'quite different|never mind' 'and sees nothing of it'

# ---- damaged, put back, copied ----

cp -p "$GRANT" "$VALETKEY_TEST_DIR/good"
flip "$GRANT"
forget_cached
said $DENIED 'not as it was written' 'a damaged file' bare token work
unlike "$text" 'valetkey login' 'is no reason to log in'
said $DENIED 'not as it was written' 'nor to remove what was damaged' \
	valetkey remove work --yes
cp -p "$VALETKEY_TEST_DIR/good" "$GRANT"
ok 'whole again' bare token work

cp -p "$VALETKEY_TEST_DIR/older" "$GRANT"
forget_cached
"$VALETKEY_BUILD/tests/lib/forget" "valetkey-parked:$ID" # as after a restart
before=$(asked)
said $LOGIN 'older login.*backup' 'an older file that was put back' renewed
is "$(asked)" "$before" 'is not sent'
cp -p "$VALETKEY_TEST_DIR/good" "$GRANT"
forget_cached
ok 'the newest one goes on' renewed

mv "$SEALED/key" "$VALETKEY_TEST_DIR/key"
forget_cached
said $LOCKED 'no key yet' 'without its key' bare token work
said $DENIED 'missing.*sealed.*backup' 'no new key beside what is sealed' unlock
mkdir -m 700 "$VALETKEY_TEST_DIR/elsewhere" "$VALETKEY_TEST_DIR/elsewhere/valetkey"
XDG_CONFIG_HOME=$VALETKEY_TEST_DIR/elsewhere unlock 2>/dev/null
cp -p "$VALETKEY_TEST_DIR/elsewhere/valetkey/sealed/key" "$SEALED/key"
said $DENIED 'another key' 'with another key' bare token work
mv "$VALETKEY_TEST_DIR/key" "$SEALED/key"
ok 'with its own key' bare token work

# The store, the account and no note of the generations: another home.
other=$VALETKEY_TEST_DIR/other
mkdir -m 700 "$other" && cp -Rp "$CONFIG" "$other/"
rm "$other/valetkey/sealed/key"
said $LOCKED 'no key yet' 'copied to another home without the key' \
	env XDG_CONFIG_HOME="$other" valetkey token work --min-valid 86400

# ---- folders, disks ----

chmod 750 "$SEALED"
forget_cached
said $ACCOUNT 'yours alone.*chmod 700' 'a folder that others may see' \
	bare token work
chmod 700 "$SEALED"
chmod 640 "$GRANT"
said $DENIED 'yours alone.*chmod 600' 'a file that others may see' \
	bare token work
chmod 600 "$GRANT"

before=$(asked)
chmod 500 "$SEALED"
said $ACCOUNT 'yours alone' 'a read-only folder' renewed
chmod 700 "$SEALED"
said $DENIED 'cannot be written.*Nothing' 'no room for what comes' \
	sh -c 'ulimit -f 1; exec valetkey token work --min-valid 86400'
is "$(asked)" "$before" 'then nothing is sent'
ok 'with room there is a token' renewed
is "$(find "$SEALED" -name '.*' -type f)" '' 'nothing is left beside the files'

# ---- the end ----

cp -p "$GRANT" "$SEALED/.$ID.grant.new" # of a run that was killed
ok 'logout' valetkey logout work
is "$(provider_count ' /ws/oauth/revoke')" 1 'the grant was revoked'
ok 'remove' valetkey remove work --yes
is "$(ls -A "$SEALED")" key 'only the key is left'
ok 'another account' demo_account robot api-services --store sealed
ok 'of a machine: a token' valetkey token robot
ok 'reset' valetkey unlock --reset --yes
is "$(ls -A "$SEALED")" '' 'nothing is left'
said $LOGIN 'not in the sealed store' 'the account says what is missing' \
	valetkey token robot --min-valid 86400
ok 'and can be removed' valetkey remove robot --yes

done_testing
