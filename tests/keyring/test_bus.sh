#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_bus.sh - where the session bus is: a variable that has outlived its session
# (in a terminal multiplexer), none at all (from cron), lists and other spellings of
# addresses, and what must never be taken for one.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

NO_BUS=25
bus=$XDG_RUNTIME_DIR/bus
gone=unix:path=$VALETKEY_TEST_DIR/gone
elsewhere=$VALETKEY_TEST_DIR/elsewhere
mkdir -m 700 "$elsewhere"

# with ADDRESS [VARIABLE=VALUE...]: a get that needs the keyring.
with()
{
	address=$1
	shift
	env "DBUS_SESSION_BUS_ADDRESS=$address" "$@" "$HOSTS/ask" -t 10000 \
		-m 1000000
}

test_stale()
{
	ok 'a bus that is gone, and a good one in the runtime directory' \
		with "$gone"
	exits "$NO_BUS" 'a bus that is gone, and no other' \
		with "$gone" "XDG_RUNTIME_DIR=$elsewhere"
	like "$(with "$gone" "XDG_RUNTIME_DIR=$elsewhere" 2>&1)" \
		"DBUS_SESSION_BUS_ADDRESS.*ended.*$gone" \
		'a bus that is gone, and no other: the variable is named'
	like "$(env "DBUS_SESSION_BUS_ADDRESS=$gone" \
		"XDG_RUNTIME_DIR=$elsewhere" valetkey add new \
		--provider ninjaone --instance demo --client native \
		--client-id native-client </dev/null 2>&1)" \
		'without a desktop.*--store sealed' 'add names the other store'
}

test_spellings()
{
	ln -s "$bus" "$elsewhere/a b;c"
	ok 'a list whose first is gone' with "$gone;unix:path=$bus,guid=" \
		"XDG_RUNTIME_DIR=$elsewhere"
	ok 'a path with escapes' \
		with "unix:path=$elsewhere/a%20b%3bc" \
		"XDG_RUNTIME_DIR=$elsewhere"
	ok 'a list with empty ones' with ";unix:path=$bus;" \
		"XDG_RUNTIME_DIR=$elsewhere"
	ok 'unix:runtime=yes' with unix:runtime=yes
	ok 'what cannot be read, and a good one in the runtime directory' \
		with 'unix:path=%zz'
	exits "$NO_BUS" 'what cannot be read, and no other' \
		with 'unix:path=%zz' "XDG_RUNTIME_DIR=$elsewhere"
}

# A bus may be started, or be far away: for others.
test_foreign()
{
	ok 'a list with one that would start a program' \
		with "unixexec:path=/usr/bin/touch,argv1=$elsewhere/started;unix:path=$bus"
	exits "$NO_BUS" 'nothing but that' \
		with "unixexec:path=/usr/bin/touch,argv1=$elsewhere/started" \
		"XDG_RUNTIME_DIR=$elsewhere"
	ok 'the program was not started' [ ! -e "$elsewhere/started" ]
	exits "$NO_BUS" 'a bus far away' with tcp:host=127.0.0.1,port=1 \
		"XDG_RUNTIME_DIR=$elsewhere"
}

# The bus of another user: root may connect to each, so only root can see this.
test_other_user()
{
	other=$(mktemp -d /tmp/valetkey.XXXXXX)
	sed "s|<listen>.*</listen>|<listen>unix:path=$other/bus</listen>|" \
		"$VALETKEY_TEST_DIR/bus.conf" >"$other/conf"
	chown -R nobody "$other"
	setpriv --pdeathsig KILL --reuid=nobody --clear-groups dbus-daemon \
		--nofork --nopidfile "--config-file=$other/conf" \
		2>"$VALETKEY_TEST_DIR/other.log" &
	other_pid=$!
	wait_until [ -S "$other/bus" ]
	exits "$NO_BUS" 'the bus of another user' \
		with "unix:path=$other/bus" "XDG_RUNTIME_DIR=$elsewhere"
	ok 'the bus of another user, and our own' with "unix:path=$other/bus"
	kill "$other_pid"
	rm -r "$other"
}

# cron MODE: from cron, with /run/user/UID of that mode. Root's mounts are seen
# by nobody else.
cron()
{
	ln -sfn "$XDG_CONFIG_HOME" "$HOME/.config"
	# shellcheck disable=SC2016 # expanded in there
	unshare -m sh -c 'mount -t tmpfs -o mode=755 none /run/user &&
		mkdir -m "$1" "/run/user/$(id -u)" &&
		ln -s "$2" "/run/user/$(id -u)/bus" && shift 2 &&
		exec env -i "HOME=$HOME" PATH=/usr/bin:/bin "$@"' \
		sh "$1" "$bus" "$(command -v valetkey)" token demo \
		--min-valid 1000000
}

test_cron()
{
	ok 'cron: a token' cron 700
	exits "$NO_BUS" 'cron: others may look into /run/user/UID' cron 755
	exits "$NO_BUS" 'cron: others may write into /run/user/UID' cron 770
}

provider_start
{ demo_account demo && demo_login demo; } >/dev/null 2>&1 || exit 1
test_stale
test_spellings
test_foreign
if [ "$(id -u)" -eq 0 ]; then
	test_other_user
	test_cron
fi
remove_accounts demo
done_testing
