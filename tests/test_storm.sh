#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_storm.sh - fifty threads, and fifty processes, at the moment of expiry:
# one refresh, and a valid token for each.

# shellcheck source=tests/lib.sh
. "$VALETKEY_SRC/tests/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

MANY=50
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
is "$(counted reuse_detected)" 0 'no refresh token was ever used twice'
remove_accounts demo bare
done_testing
