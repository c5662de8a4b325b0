#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_tiers.sh - the kernel's keyring as a cache: who can read it, when it
# forgets, what happens where it is full or forbidden; and tokens that are
# renewed before anybody has to wait.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

# What /proc/keys shows of the account's published token: time-out and mask.
key_of()
{
	awk -v name="valetkey:$(account_id "${1:-demo}"):" \
		'$9 == name { print $4, $5 }' /proc/keys
}

keys_with_id()
{
	awk -v id="$id" 'index($9, id)' /proc/keys
}

# is_gone NAME COMMAND...: it prints nothing. A key that was taken out is still
# shown for an instant, until the kernel has collected it.
is_gone()
{
	name=$1
	shift
	for _ in $(seq 100); do
		[ "$("$@")" ] || break
		sleep 0.02
	done
	is "$("$@")" '' "$name"
}

# With no way to the helper's keyring: only a cache can answer.
cached()
{
	env DBUS_SESSION_BUS_ADDRESS="unix:path=$VALETKEY_TEST_DIR/nowhere" \
		XDG_RUNTIME_DIR="$HOME" "$@"
}

forget()
{
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$(account_id demo)" \
		"valetkey-ahead:$(account_id demo)"
}

test_published()
{
	forget
	first=$(valetkey token demo)
	like "$(key_of)" '^([0-9]+[smh]|1h) 3f030000$' \
		'a published token has a time-out, and the mask'
	is "$(cached valetkey token demo)" "$first" \
		'it is read without the helper'
	is "$(cached "$HOSTS/seccomp" SESSION valetkey token demo)" "$first" \
		'in another login session too'
	second=$(valetkey token demo --min-valid 1000000)
	is "$(cached valetkey token demo)" "$second" \
		'a refresh replaces it'
	like "$(key_of)" '^([0-9]+[smh]|1h) 3f030000$' \
		'the replaced one has its time-out again'
}

test_withdrawn()
{
	ok 'a token is invalidated' ask -x
	is_gone 'then it is not in the kernel any more' key_of
	exits 25 'and nobody is given it' cached valetkey token demo
	valetkey token demo >/dev/null
	ok 'the file names another host' sed -i.old \
		's|^hosts\[\]=.*|hosts[]=https://elsewhere.example|' \
		"$XDG_CONFIG_HOME/valetkey/demo.conf"
	exits 25 'what was published for other hosts is a miss' \
		cached valetkey token demo
	mv "$XDG_CONFIG_HOME/valetkey/demo.conf.old" \
		"$XDG_CONFIG_HOME/valetkey/demo.conf"
	valetkey token demo >/dev/null
	ok 'logout' valetkey logout demo
	is_gone 'takes it out of the kernel' key_of
	demo_login demo >/dev/null 2>&1
	valetkey token demo >/dev/null
	id=$(account_id demo)
	like "$(keys_with_id)" "valetkey:$id:" 'published again'
	ok 'remove' valetkey remove demo --yes
	is_gone 'takes it out, and all that belongs to it' keys_with_id
	demo_account demo >/dev/null 2>&1 && demo_login demo >/dev/null 2>&1
}

test_none()
{
	forget
	cp "$XDG_CONFIG_HOME/valetkey/demo.conf" saved
	echo cache=none >>"$XDG_CONFIG_HOME/valetkey/demo.conf"
	ok 'cache=none: a token' valetkey token demo
	ok 'cache=none: a refresh' valetkey token demo --min-valid 1000000
	is_gone 'cache=none: nothing is in the kernel' key_of
	cp saved "$XDG_CONFIG_HOME/valetkey/demo.conf"
}

test_forbidden()
{
	for error in EPERM ENOSYS; do
		forget
		token=$(valetkey token demo)
		forget
		is "$("$HOSTS/seccomp" "$error" valetkey token demo)" \
			"$token" "$error: the token of the keyring"
		is_gone "$error: nothing is in the kernel" key_of
		before=$(refreshes)
		ok "$error: a refresh" "$HOSTS/seccomp" "$error" \
			valetkey token demo --min-valid 1000000
		is "$(refreshes)" $((before + 1)) "$error: it is one refresh"
		unlike "$(valetkey token demo)" "^$token\$" \
			"$error: and was stored"
	done
	is "$(counted reuse_detected)" 0 'no refresh token was used twice'
}

# segments: how many this user has in the kernel.
segments()
{
	awk -v uid="$(id -u)" '$8 == uid' /proc/sysvipc/shm | wc -l
}

# in_turn COMMAND...: how many of the twelve give their token by it.
in_turn()
{
	given=0
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		[ "$("$@" valetkey token "quota$i" 2>/dev/null | wc -c)" -ne 2001 ] ||
			given=$((given + 1))
	done
	echo "$given"
}

# unlocked COMMAND...: no memory may be locked, as where root says so; then none is
# used that might be swapped.
unlocked()
{
	prlimit --memlock=0:0 "$@"
}

# Whether there is shared memory, and twelve pages may be locked.
has_segments()
{
	[ -r /proc/sysvipc/shm ] || return
	may_lock=$(prlimit --memlock --output SOFT --noheadings | tr -d ' ')
	[ "$may_lock" = unlimited ] || [ "$may_lock" -ge 262144 ]
}

forget_twelve()
{
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		"$VALETKEY_BUILD/tests/lib/forget" \
			"valetkey:$(account_id "quota$i")"
	done
}

# With all twelve cached. Other tests of this user may lack room meanwhile, which is
# told for an hour.
nothing_told()
{
	told='they are not all cached'
	for _ in 1 2 3 4 5; do
		forget_twelve
		"$VALETKEY_BUILD/tests/lib/forget" valetkey-crowded
		[ "$(in_turn env)" -eq 12 ] || break
		told=$(valetkey status --json | grep no_room
			valetkey doctor --json | grep 'too little room')
		[ -n "$told" ] || return 0
	done
	tap_note "$told"
	return 1
}

test_segments()
{
	has_segments || {
		skip 'no memory may be locked here, or shared' 'segments'
		return
	}
	is "$(in_turn env)" 12 'twelve accounts with 2,000-byte tokens'
	is "$(in_turn cached)" 12 'the kernel has them all'
	ok 'some in segments' test "$(segments)" -gt "$before"
	quota=$(awk -v uid="$(id -u):" '$1 == uid { print $NF }' /proc/key-users)
	ok 'a quarter of the quota is free' \
		test "${quota%/*}" -le $((limit * 3 / 4))
	ok 'status and doctor have nothing to tell' nothing_told
	forget_twelve
	is "$(in_turn prlimit --fsize=0)" 12 'who may write no file has them too'
	is "$(in_turn cached)" 12 'and the kernel keeps them'
	old=$(valetkey token quota12)
	new=$(valetkey token quota12 --min-valid 1000000)
	unlike "$new" "^$old\$" 'a refresh'
	is "$(cached valetkey token quota12)" "$new" 'replaces the one in a segment'
	printf %s "$new" >refused
	valetkey invalidate quota12 <refused >/dev/null
	exits 25 'what is invalidated is given to nobody' cached valetkey token quota12
	valetkey token quota11 >/dev/null
	ok 'another one is logged out' valetkey logout quota11
	exits 25 'nor that one' cached valetkey token quota11
	valetkey token quota10 >/dev/null
	ok 'the file of a third changes' sed -i \
		's|^hosts\[\]=.*|hosts[]=https://elsewhere.example|' \
		"$XDG_CONFIG_HOME/valetkey/quota10.conf"
	exits 25 'nor what was for other hosts' cached valetkey token quota10
	forget_twelve
	is "$(segments)" "$before" 'what is forgotten leaves no segment'
	sed -i "s|^hosts\[\]=.*|hosts[]=$PROVIDER_URL|" \
		"$XDG_CONFIG_HOME/valetkey/quota10.conf"
}

test_crowded()
{
	unlocked true 2>/dev/null || {
		skip 'no limit can be set' 'a full quota'
		return
	}
	is "$(in_turn unlocked)" 12 \
		'twelve accounts, where no memory may be locked'
	is "$(segments)" "$before" 'have no segments'
	like "$(key_of quota12)" '3f030000' 'the newest is published'
	is_gone 'the oldest has given way' key_of quota1
	is "$(cached valetkey token quota12 | wc -c)" 2001 'and is whole'
	like "$(valetkey status --json | grep quota1\")" '"no_room":true' \
		'status tells which one has no room'
	unlike "$(valetkey status --json | grep quota12)" no_room \
		'and which one has'
	like "$(valetkey status quota1)" 'kernel  *has no room.*valetkey doctor' \
		'and what to do'
	like "$(valetkey doctor --json)" 'too little room.*maxbytes' \
		'doctor tells how root makes more'
}

# An ordinary user's: 20,000 bytes.
test_quota()
{
	limit=$(cat /proc/sys/kernel/keys/maxbytes)
	if [ "$limit" -gt 20000 ]; then
		skip 'a larger quota than usual' 'a full quota'
		return
	fi
	before=$(segments)
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		demo_account "quota$i" api-services >/dev/null 2>&1
	done
	test_segments
	test_crowded
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		remove_accounts "quota$i"
	done
	"$VALETKEY_BUILD/tests/lib/forget" valetkey-crowded
}

# age SECONDS: the stored grant of demo is made that much older.
age()
{
	"$VALETKEY_BUILD/tests/lib/keyring" dump grant "$(account_id demo)" |
		awk -F= -v age="$1" '
		$1 == "issued_at" { printf "%s=%.0f\n", $1, $2 - age; next }
		$1 == "issued_clock" {
			printf "%s=%.0f\n", $1, $2 - age * 1000
			next
		}
		{ print }' >grant.txt &&
		"$VALETKEY_BUILD/tests/lib/keyring" replace grant \
			"$(account_id demo)" <grant.txt
	rm grant.txt
	forget
}

# A machine that ran for less than an hour has no such clock.
test_ahead()
{
	if [ "$(cut -d . -f 1 /proc/uptime)" -lt 3400 ]; then
		age_life=$(cut -d . -f 1 /proc/uptime)
		skip "this machine runs for $age_life s only" 'refresh ahead'
		return
	fi
	age 3400
	old=$(valetkey token demo)
	before=$(refreshes)
	provider_fault none slow=1000
	is "$(valetkey token demo)" "$old" \
		'in its last fifth the token is given at once'
	is "$(cached valetkey token demo)" "$old" 'again, while it is renewed'
	ok 'it is renewed in the background' wait_until counted_above refreshes_ok "$before"
	provider_fault none
	sleep 1.5
	new=$(valetkey token demo)
	unlike "$new" "^$old\$" 'then there is a new one'
	is "$(cached valetkey token demo)" "$new" 'in the kernel too'
	is "$(refreshes)" $((before + 1)) 'it was one refresh'

	age 3400
	valetkey token demo >/dev/null
	before=$(refreshes)
	asked=0
	pids=
	while [ "$asked" -lt 20 ]; do
		asked=$((asked + 1))
		valetkey token demo >/dev/null &
		pids="$pids $!"
	done
	failed=0
	for pid in $pids; do
		wait "$pid" || failed=$((failed + 1))
	done
	is "$failed" 0 'twenty processes ask at once'
	wait_until counted_above refreshes_ok "$before"
	sleep 2
	is "$(refreshes)" $((before + 1)) 'and it is renewed once'

	age 3560
	before=$(refreshes)
	ok 'with less than is asked for one waits' valetkey token demo
	is "$(refreshes)" $((before + 1)) 'for the refresh'
	is "$(counted reuse_detected)" 0 'no refresh token was used twice'
}

# The id is the one that test_park takes.
test_left()
{
	id=00112233445566778899aabbccddeeff
	ok 'a session in which a grant was parked' "$VALETKEY_SRC/tests/lib/session" \
		"$VALETKEY_BUILD/tests/store/test_park"
	is_gone 'leaves no key of it' keys_with_id
}

as_ordinary_user
need_keys 18000
cd "$VALETKEY_TEST_DIR" || exit 1
provider_start --token-length 2000
demo_account demo >/dev/null 2>&1 && demo_login demo >/dev/null 2>&1 || exit 1
test_published
test_withdrawn
test_none
test_forbidden
test_quota
test_ahead
test_left
remove_accounts demo
done_testing
