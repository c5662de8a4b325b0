#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_account_state.sh - which grant is the newest, and whose: two boots, keyrings
# that go back, that are copied, or that several machines use. Each ends in the
# newest grant or in a sentence that says what happened, and never in a refresh
# token that is sent twice: the provider here rotates and ends the grant then.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

PATH=$VALETKEY_BUILD/tests/lib:$PATH
OTHER_MACHINE=00000000000000000000000000000000000000000000000000000000000000aa
OTHER_BOOT=11111111-2222-3333-4444-555555555555

refresh()
{
	valetkey token demo --min-valid 31536000
}

item()
{
	keyring dump grant "$(account_id demo)"
}

# change SED-SCRIPT: the item, as somebody else has written it.
change()
{
	(umask 077
	item | sed "$1" >"$VALETKEY_TEST_DIR/changed"
	keyring replace grant "$(account_id demo)" \
		<"$VALETKEY_TEST_DIR/changed")
}

# keep NAME, back NAME: the keyring is as it was then.
keep()
{
	(umask 077
	item >"$VALETKEY_TEST_DIR/item.$1")
}

back()
{
	keyring replace grant "$(account_id demo)" \
		<"$VALETKEY_TEST_DIR/item.$1"
}

# The machine starts anew: nothing is left in the kernel, and all that is dated by
# the boot is of another one.
reboot()
{
	id=$(account_id demo)
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$id" "valetkey-ahead:$id" \
		"valetkey-parked:$id" "valetkey-login:$id"
	change "s/^boot=.*/boot=$OTHER_BOOT/; s/^issued_at=.*/issued_at=1/"
	sed -i "s/^boot=.*/boot=$OTHER_BOOT/" "$CONFIG/.$id.lock"
}

generation()
{
	item | sed -n 's/^generation=//p'
}

relogin()
{
	demo_login demo >/dev/null 2>&1
}

# Whatever came of it.
counted_sent()
{
	echo "$(counted refreshes_ok) $(counted reuse_detected)"
}

# unsent STATUS PATTERN DESCRIPTION: a refresh ends so and says that, and nothing
# is sent.
unsent()
{
	before=$(counted_sent)
	said "$1" "$2" "$3" refresh
	is "$(counted_sent)" "$before" "$3: nothing is sent"
}

test_numbers()
{
	is "$(generation)" 1 'the first login is the first generation'
	refresh >/dev/null
	is "$(generation)" 2 'a refresh is the next'
	relogin
	is "$(generation)" 3 'a login too'
	change '/^generation=/d'
	ok 'a grant of an earlier version is refreshed' refresh
	is "$(generation)" 4 'and comes after what was noted'
}

test_two_boots()
{
	keep old
	refresh >/dev/null
	reboot
	ok 'after a reboot: refreshed' refresh
	keep new
	back old
	reboot
	unsent "$LOGIN" 'older login .* than was stored before' \
		'after a reboot, the keyring of a backup'
	like "$(valetkey status demo)" 'older login' \
		'after a reboot, the keyring of a backup: status tells'
	back new
	ok 'the newest one is back: refreshed' refresh
	back old
	relogin
	ok 'a login ends it' refresh
}

test_went_back()
{
	keep old
	refresh >/dev/null
	refresh >/dev/null
	back old
	ok 'two behind, in this boot: what is parked is taken' refresh
	is "$(counted reuse_detected)" 0 'no token was sent twice'
}

test_copied()
{
	change "s/^machine=.*/machine=$OTHER_MACHINE/"
	unsent "$LOGIN" 'made on another machine.*valetkey login demo' \
		'a copied keyring'
	like "$(valetkey status demo)" 'another machine' \
		'a copied keyring: status tells'
	echo 'shared=yes' >>"$CONFIG/demo.conf"
	ok 'shared=yes: refreshed' refresh
	unlike "$(item)" "^machine=$OTHER_MACHINE" \
		'shared=yes: it is of this machine now'
	sed -i '/^shared=/d' "$CONFIG/demo.conf"
	ok 'of this machine: refreshed' refresh
	change "s/^machine=.*/machine=$OTHER_MACHINE/"
	relogin
	ok 'a login here ends it' refresh
	change '/^machine=/d'
	ok 'of no machine: not checked' refresh
	change "\$a machine=$OTHER_MACHINE"
	revoked=$(counted revocations)
	said 0 'made on another machine .* not revoked' \
		'a logout of a copied keyring' valetkey logout demo
	is "$(counted revocations)" "$revoked" \
		"a logout of a copied keyring: the other machine's login stays"
	relogin
}

# The keyring is synchronized, what this machine has noted is not.
test_in_turn()
{
	echo 'shared=yes' >>"$CONFIG/demo.conf"
	mkdir -m 700 "$VALETKEY_TEST_DIR/there"
	cp -R "$CONFIG" "$VALETKEY_TEST_DIR/there/"
	failed=0
	for turn in 1 2 3; do
		refresh || failed=$((failed + 1))
		(
			XDG_CONFIG_HOME=$VALETKEY_TEST_DIR/there
			refresh
		) || failed=$((failed + 1))
		change "s/^machine=.*/machine=$OTHER_MACHINE/"
	done >"$VALETKEY_TEST_DIR/turns" 2>&1
	is "$turn:$failed" 3:0 'two machines in turn: all good'
	is "$(counted reuse_detected)" 0 'two machines in turn: no token twice'
	ok 'and here again' refresh
	sed -i '/^shared=/d' "$CONFIG/demo.conf"
}

# Both have refreshed from the same grant, and the file of the other one won.
test_as_quick()
{
	keep before
	refresh >/dev/null
	keep ours
	change 's/^refresh_token=.*/refresh_token=of-the-other-machine/'
	ok 'another of the same generation, which is refused: ours is tried' \
		refresh
	is "$(counted reuse_detected)" 0 'and it was not lost'
	ok 'and is good' refresh
}

refresh_token()
{
	item | sed -n 's/^refresh_token=//p'
}

# What the lock has noted of the grant stays.
try_at_once()
{
	provider_fault none
	sed -i '/^until=/d' "$CONFIG/.$(account_id demo).lock"
}

# The same, and the provider is out of order meanwhile.
test_as_quick_unlucky()
{
	refresh >/dev/null
	ours=$(refresh_token)
	change 's/^refresh_token=.*/refresh_token=of-the-other-machine/'
	for fault in http-503 reset-before; do
		provider_fault none "$fault"
		exits "$NETWORK" "another of the same generation, and $fault" \
			refresh
		try_at_once
	done
	provider_fault slow-before=1000
	refresh >"$OUT" 2>&1 &
	wait_until is_stored "$ours"
	is $? 0 'another of the same generation is refused: ours is stored'
	ok 'before it is tried' kill -0 $!
	ok 'and it is good' wait $!
	try_at_once
	is "$(counted reuse_detected)" 0 'and was not lost meanwhile'
}

is_stored()
{
	[ "$(refresh_token)" = "$1" ]
}

# A merge of two keyrings' files makes two items of one.
test_double()
{
	keep old
	refresh >/dev/null
	keyring add grant "$(account_id demo)" <"$VALETKEY_TEST_DIR/item.old"
	parked=valetkey-parked:$(account_id demo)
	"$VALETKEY_BUILD/tests/lib/forget" "$parked"
	ok 'an older item beside the good one: refreshed' refresh
	is "$(counted reuse_detected)" 0 'an older item beside: no token twice'
	is "$(item | sed -n 's/^generation=//p')" "$(generation)" \
		'an older item beside: both are the new one now'
}

# Somebody has written into the lock's file.
test_forged()
{
	lock=$CONFIG/.$(account_id demo).lock
	for number in 9007199254740991 9007199254740992 4611686018427387902 \
		4611686018427387903 9223372036854775807; do
		printf 'kept.generation=%s\nkept.token=00\n' "$number" >"$lock"
		refresh >/dev/null 2>&1
		relogin
		ok "a generation of $number was noted: a login ends it" refresh
		ok "a generation of $number was noted: for good" refresh
		printf 'kept.generation=%s\nkept.token=%s\n' "$number" \
			"$(item | sed -n 's/^refresh_token=//p' | tr -d '\n' |
				sha256sum | cut -d' ' -f1)" >"$lock"
		ok "a generation of $number of this token: refreshed" refresh
		ok "a generation of $number of this token: and again" refresh
	done
	for until in 9223372036854775807 -9223372036854775808; do
		printf 'boot=%s\nfailures=%s\nuntil=%s\nresult=30\ntext=Later.\n' \
			"$(cat /proc/sys/kernel/random/boot_id)" \
			"$until" "$until" >"$lock"
		ok "failures until $until: refreshed all the same" refresh
	done
}

# The real file, where we may put another one there.
test_machine_id()
{
	echo 0123456789abcdef0123456789abcdef >"$VALETKEY_TEST_DIR/machine-id"
	for place in /etc/machine-id /var/lib/dbus/machine-id; do
		[ ! -e "$place" ] || set -- "$@" "$place"
	done
	if [ $# -eq 0 ] || ! unshare -m true 2>/dev/null; then
		tap_note 'no machine-id here, or no namespaces for this user'
		return
	fi
	elsewhere()
	{
		# shellcheck disable=SC2016
		unshare -m sh -c '
			id=$1
			shift
			while [ "$1" != -- ]; do
				mount --bind "$id" "$1"
				shift
			done
			shift
			exec "$@"' sh "$VALETKEY_TEST_DIR/machine-id" "$@"
	}
	before=$(counted_sent)
	said "$LOGIN" 'made on another machine' 'a cloned machine' \
		elsewhere "$@" -- valetkey token demo --min-valid 31536000
	is "$(counted_sent)" "$before" \
		'a cloned machine: nothing is sent'
	echo uninitialized >"$VALETKEY_TEST_DIR/machine-id"
	ok 'a machine without an id: not checked' \
		elsewhere "$@" -- valetkey token demo --min-valid 31536000
}

# shellcheck disable=SC2119
provider_start
{ demo_account demo && demo_login demo; } >/dev/null 2>&1 || exit 1
test_numbers
test_two_boots
test_went_back
test_copied
test_in_turn
test_as_quick
test_as_quick_unlucky
test_double
test_forged
test_machine_id
done_testing
