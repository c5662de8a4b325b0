#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_sealed_systemd.sh - the sealed store's key held by systemd (256 or later), over
# its real socket if this machine has that program, and over that of a server of the
# tests, which can also answer as systemd would in trouble, or as nobody should: the
# key is never lost by it, and nothing waits for ever. As an ordinary user; the
# servers are root's.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

SERVER=$VALETKEY_BUILD/tests/store/credentials_server

systemd_is_new()
{
	case $(systemd-creds --version 2>/dev/null) in
	systemd\ 25[6-9]* | systemd\ 2[6-9]?* | systemd\ [3-9]??*) ;;
	*) return 1 ;;
	esac
}

# As systemd's own unit starts it.
start_systemd()
{
	setpriv --pdeathsig KILL systemd-socket-activate -a \
		-l "$SHARED/systemd" --fdname=varlink systemd-creds \
		</dev/null >"$SHARED/systemd.log" 2>&1 &
	servers="$servers $!"
	left=250
	until [ -S "$SHARED/systemd" ] || [ "$left" -eq 0 ]; do
		sleep 0.02
		left=$((left - 1))
	done
	chmod 666 "$SHARED/systemd" || sed "s/^/# /" "$SHARED/systemd.log"
}

# What the servers and the user share: the socket that counts is a link, which is
# changed to try one and another.
if [ -z "${VALETKEY_SHARED-}" ]; then
	chmod 711 "$VALETKEY_TEST_DIR"
	SHARED=$VALETKEY_TEST_DIR/shared
	export VALETKEY_SHARED="$SHARED"
	mkdir "$SHARED"
	: >"$SHARED/log"
	echo good >"$SHARED/mode"
	chmod 777 "$SHARED"
	chmod 666 "$SHARED/log" "$SHARED/mode"
	ln -sfn "$SHARED/socket" "$VALETKEY_BUILD/tests/tree/credentials" ||
		skip_all 'the build tree cannot be written'
	if [ "$(id -u)" -eq 0 ]; then
		start_server "$SHARED/ready" "$SHARED/out" "$SERVER" \
			"$SHARED/own" "$SHARED/mode" "$SHARED/log" \
			"$SHARED/ready" || exit
		servers=$SERVED
		! systemd_is_new || start_systemd
		(as_ordinary_user)
		status=$?
		# shellcheck disable=SC2086 # a list of processes
		kill $servers
		exit "$status"
	fi
fi
SHARED=$VALETKEY_SHARED
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

NO_KEYRING=24
KEY=$CONFIG/sealed/key
KEPT=$VALETKEY_TEST_DIR/key
unset DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR

use()
{
	ln -sfn "$SHARED/$1" "$SHARED/socket"
}

# mode LINE...: what the server of the tests does, connection by connection.
mode()
{
	printf '%s\n' "$@" >"$SHARED/mode.new"
	chmod 644 "$SHARED/mode.new"
	mv -f "$SHARED/mode.new" "$SHARED/mode"
	: >"$SHARED/log"
}

calls()
{
	wc -l <"$SHARED/log"
}

typed()
{
	printf '%b' "$1" >"$VALETKEY_TEST_DIR/typed"
	shift
	"$@" --passphrase-fd 3 3<"$VALETKEY_TEST_DIR/typed"
}

# Neither token nor data key are left in the kernel, as after a restart.
restart()
{
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$ID" \
		"valetkey-data-key:$(sed -n 's/^id=//p' "$KEY")"
}

# after_restart COMMAND...
after_restart()
{
	restart
	"$@"
}

in_kernel()
{
	grep -q "valetkey-data-key:$(sed -n 's/^id=//p' "$KEY")" /proc/keys
}

# ---- nobody to hold it ----

unlock_by_systemd()
{
	valetkey unlock --holder systemd "$@"
}

said $NO_KEYRING 'does not hold keys here.*No such file.*256.*valetkey-headless' \
	'no socket' unlock_by_systemd
run demo_account work web --store sealed
unlike "$text" 'systemd' 'it is not offered'
start_server "$SHARED/ready.nobody" "$SHARED/out.nobody" "$SERVER" \
	"$SHARED/nobody" "$SHARED/mode" "$SHARED/log" "$SHARED/ready.nobody"
if [ ! -O / ] && [ "$(id -u)" -ne 0 ]; then
	use nobody
	said $DENIED 'not root who listens' 'a socket of somebody else' \
		unlock_by_systemd
	is "$(tr -d ' \n' <"$SHARED/log" | grep -c method)" 0 \
		'which is told nothing'
	run demo_account work web --store sealed
	unlike "$text" 'holder systemd' 'and is not offered'
fi
kill "$SERVED"
wait "$SERVED" 2>/dev/null
said $NO_KEYRING 'Connection refused' 'nobody listens' unlock_by_systemd
ok 'nothing was made' test ! -e "$KEY"

if [ ! -S "$SHARED/own" ]; then
	skip 'only root can have the socket' 'a key that systemd holds'
	done_testing
	exit
fi

# ---- it holds ----

# As in many containers.
keyless()
{
	"$VALETKEY_BUILD/tests/hosts/seccomp" EPERM "$@"
}

# What costs a file's mapping, see test_sealed.sh.
few_libraries()
{
	restart
	strace -f -e trace='?mmap,?mmap2' -o "$VALETKEY_TEST_DIR/trace" \
		valetkey token work >/dev/null 2>&1 || :
	limit=8
	! ldd "$(command -v valetkey)" | grep -q libasan || limit=18
	mapped=$(grep -c 'PROT_EXEC.*MAP_DENYWRITE' "$VALETKEY_TEST_DIR/trace")
	[ "$mapped" -gt 2 ] && [ "$mapped" -lt "$limit" ]
}

# An altered blob: the digit in the middle is another one.
alter_blob()
{
	awk '/^blob=/ {
		at = int(length($0) / 2)
		with = substr($0, at, 1) == "A" ? "B" : "A"
		$0 = substr($0, 1, at - 1) with substr($0, at + 1)
	} { print }' "$1"
}

holds()
{
	use "$1"
	said 23 'no key yet.*valetkey unlock --holder systemd' \
		"$1: it is offered" demo_account work web --store sealed
	said 0 'open.*systemd' "$1: a key without anything typed" unlock_by_systemd
	like "$(cat "$KEY")" '^holder=systemd$' "$1: the file says who holds it"
	ok "$1: add" demo_account work web --store sealed
	ID=$(sed -n 's/^id=//p' "$CONFIG/work.conf")
	ok "$1: login" demo_login work
	token=$(valetkey token work)
	is "$(after_restart valetkey token work)" "$token" \
		"$1: after a restart nothing is typed"
	ok "$1: then the kernel has the key" in_kernel
	mv "$SHARED/socket" "$SHARED/away"
	ok "$1: and systemd is not asked again" \
		valetkey token work --min-valid 86400
	mv "$SHARED/away" "$SHARED/socket"
	if need_program strace "$1: no GLib is loaded"; then
		ok "$1: no library of the desktop is loaded" few_libraries
	fi
	if keyless true; then
		ok "$1: unlock if the kernel keeps no keys" keyless \
			valetkey unlock
		ok "$1: and a token" keyless valetkey token work
	else
		skip 'no seccomp here' "$1: if the kernel keeps no keys"
	fi
	like "$(valetkey status work)" 'store +.*systemd' "$1: status names it"
	like "$(valetkey status --json)" '"holder":"systemd"' "$1: for programs"
	like "$(valetkey doctor work 2>&1)" 'ok +store +.*systemd' "$1: doctor too"
	said $DENIED 'cannot be locked.*--change --holder passphrase' \
		"$1: lock says so" valetkey lock
	ok "$1: and a token comes" valetkey token work --min-valid 86400

	cp -p "$KEY" "$KEPT"
	alter_blob "$KEPT" >"$KEY"
	before=$(provider_count ' /ws/')
	said $LOGIN 'unlock --reset.*unlock --holder systemd.*log in' \
		"$1: an altered key" after_restart valetkey token work
	said $LOGIN 'unlock --reset' "$1: is no use to a login" demo_login work
	is "$(provider_count ' /ws/')" "$before" "$1: and the provider not asked"
	cat "$KEPT" >"$KEY"
	ok "$1: the file put back" after_restart valetkey token work

	said 0 'held by passphrase now' "$1: to a passphrase" \
		typed 'long enough for now\n' \
		valetkey unlock --change --holder passphrase
	valetkey lock 2>/dev/null
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$ID"
	said 23 'valetkey unlock' "$1: which is needed then" valetkey token work
	said 0 'held by systemd now' "$1: and back" typed 'long enough for now\n' \
		unlock_by_systemd --change
	ok "$1: a token" after_restart valetkey token work --min-valid 86400
}

give_up()
{
	ok "$1: logout" valetkey logout work
	ok "$1: remove" valetkey remove work --yes
	ok "$1: reset" valetkey unlock --reset --yes
}

provider_start
if [ -S "$SHARED/systemd" ]; then
	holds systemd
	give_up systemd
elif systemd_is_new; then
	ok 'systemd-creds listens' false
else
	skip 'systemd here is older than 256' 'the real systemd-creds'
fi
holds own

# ---- it refuses ----

# told STATUS PATTERN MODE: to a program that needs a token.
told()
{
	mode "$3"
	said "$1" "$2" "$3" after_restart valetkey token work
}

cp -p "$KEY" "$KEPT"
told $LOGIN 'BadFormat.*unlock --reset' 'error io.systemd.Credentials.BadFormat {}'
like "$(calls)" '^ *[12]$' 'systemd is not asked over and over'
told $LOGIN 'host key.*unlock --reset' 'error io.systemd.System {"errno":2}'
told $DENIED 'errno 131' 'error io.systemd.System {"errno":131}'
told $DENIED 'administrator' \
	'error io.systemd.InteractiveAuthenticationRequired {}'
told $DENIED 'does not know this user' \
	'error io.systemd.Credentials.NoSuchUser {}'
told $DENIED 'refuses.*NameMismatch' 'error io.systemd.Credentials.NameMismatch {}'
told $DENIED 'refuses.*MethodNotFound' \
	'error org.varlink.service.MethodNotFound {"method":"x"}'
told $DENIED 'cannot be understood' garbage
told $DENIED 'cannot be understood' other
told $DENIED 'ends in its middle' cut
told $DENIED 'too long' huge
told $DENIED 'without an answer' end
mode end end end good
ok 'too busy for a moment' after_restart valetkey token work
told $TIMEOUT 'in time' silent
told $TIMEOUT 'in time' trickle
mode good
ok 'nothing of it was lost' after_restart valetkey token work --min-valid 86400
ok 'the key is as it was' cmp -s "$KEY" "$KEPT"

# A new key, and one that moves: only to what gives it back.
mkdir -m 700 "$VALETKEY_TEST_DIR/elsewhere"
mode 'error io.systemd.System {"errno":131}'
said $DENIED 'errno 131.*--holder passphrase' 'no TPM and no disk' \
	env XDG_CONFIG_HOME="$VALETKEY_TEST_DIR/elsewhere" \
	valetkey unlock --holder systemd
is "$(find "$VALETKEY_TEST_DIR/elsewhere" -type f -name key)" '' 'no key then'
mode good
typed 'long enough for now\n' valetkey unlock --change --holder passphrase \
	2>/dev/null
cp -p "$KEY" "$KEPT"
mode good 'error io.systemd.Credentials.BadFormat {}'
said $DENIED 'does not give back.*nothing was changed' 'what would not open again' \
	typed 'long enough for now\n' unlock_by_systemd --change
unlike "$text" 'reset' 'is no reason to give up the key'
ok 'which is as it was' cmp -s "$KEY" "$KEPT"
mode good
ok 'and opens' typed 'long enough for now' valetkey unlock
give_up own

done_testing
