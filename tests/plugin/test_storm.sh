#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_storm.sh - fifty threads, and fifty processes, at the moment of expiry:
# one refresh, and a valid token for each.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

MANY=50 ACCOUNT=20
tokens=$VALETKEY_TEST_DIR/tokens
mkdir -m 700 "$tokens"

# Whether the API takes the token in this file.
valid()
{
	printf 'header = "Authorization: Bearer %s"\n' "$(cat "$1")" |
		curl -q -sS -f --noproxy '*' --max-time 10 -K - -o /dev/null \
			"$PROVIDER_URL/v2/organizations"
}

processes()
{
	rm -f "$tokens"/*
	started=
	for n in $(seq "$MANY"); do
		ask -a "$1" -o "$tokens/$n" &
		started="$started $!"
	done
	failed=0
	for process in $started; do
		wait "$process" || failed=$((failed + 1))
	done
	[ "$failed" -eq 0 ]
}

storm()
{
	what=$1
	shift
	refresh_cost 1 "$what" "$@"
	is "$(find "$tokens" -type f -size +0 | wc -l)" "$expected" \
		"$what: each has a token"
	is "$(cat "$tokens"/* | wc -c)" \
		"$(($(wc -c <"$tokens/1") * expected))" \
		"$what: all of one length"
	is "$(find "$tokens" -type f -exec cksum {} + | cut -d ' ' -f 1 |
		sort -u | wc -l)" 1 "$what: all the same"
	ok "$what: the API takes it" valid "$tokens/1"
}

# hold FILE: locks it until $holder ends.
hold()
{
	: >"$VALETKEY_TEST_DIR/held"
	# shellcheck disable=SC2016 # the inner shell's
	setpriv --pdeathsig KILL flock -F "$1" \
		sh -c 'echo >"$1"; exec sleep 60' sh "$VALETKEY_TEST_DIR/held" &
	holder=$!
	wait_until test -s "$VALETKEY_TEST_DIR/held"
}

release()
{
	kill "$holder"
	wait "$holder" 2>/dev/null
}

# Whether somebody waits for the lock on this file.
awaited()
{
	grep -q -e "-> FLOCK .*:$(stat -c %i "$1") " /proc/locks
}

# Two must not both have "the" lock, because one waited for a deleted file.
test_lock_deleted()
{
	lock=$XDG_CONFIG_HOME/valetkey/.$(account_id demo).lock
	expire
	hold "$lock"
	ask -t 30000 &
	host=$!
	wait_until awaited "$lock"
	first=$holder
	rm "$lock"
	hold "$lock"
	kill "$first"
	ok 'a deleted lock: who waited for it waits for the new one' \
		wait_until awaited "$lock"
	release
	wait "$host"
	is $? 0 'a deleted lock: and has a token then'
}

# The account goes while a get waits for its turn.
test_removed()
{
	lock=$XDG_CONFIG_HOME/valetkey/.$(account_id "$1").lock
	conf=$XDG_CONFIG_HOME/valetkey/$1.conf
	expire "$1"
	hold "$lock"
	before=$(counted token_requests)
	ask -t 30000 -a "$1" 2>"$VALETKEY_TEST_DIR/removed" &
	host=$!
	wait_until awaited "$lock"
	mv "$conf" "$VALETKEY_TEST_DIR/conf"
	release
	wait "$host"
	is $? "$ACCOUNT" "$1 removed while a get waits: ACCOUNT"
	is "$(counted token_requests)" "$before" \
		"$1 removed while a get waits: nothing was asked for"
	mv "$VALETKEY_TEST_DIR/conf" "$conf"
}

provider_start
{ demo_account demo && demo_login demo; } >/dev/null 2>&1 || exit 1
# Without the kernel's copy all must go by the keyring and the lock.
demo_account bare >/dev/null 2>&1 || exit 1
echo 'cache=none' >>"$XDG_CONFIG_HOME/valetkey/bare.conf"
demo_login bare >/dev/null 2>&1 || exit 1

expected=1
expire && storm "$MANY threads, one handle" \
	"$HOSTS/threads" "$MANY" "$tokens/1"
expire && storm "$MANY threads, a handle each" \
	"$HOSTS/threads" "$MANY" "$tokens/1" own
expected=$MANY
expire && storm "$MANY processes" processes demo
age bare && storm "$MANY processes without a cache" processes bare
demo_account robot api-services >/dev/null 2>&1 || exit 1
test_lock_deleted
test_removed demo
test_removed robot
is "$(counted reuse_detected)" 0 'no refresh token was ever used twice'
remove_accounts demo bare robot
done_testing
