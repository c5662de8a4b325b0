# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# turn.sh - the row of a hundred accounts that are asked in turn: more tokens than an
# ordinary user's quota of kernel keys has room for. Sourced by bench.sh.

TURNS=100

# What other rows have published would fill the quota.
forget_published()
{
	sed -n 's/^id *= */valetkey:/p' "$XDG_CONFIG_HOME"/valetkey/*.conf |
		xargs "$VALETKEY_BUILD/tests/lib/forget" valetkey-crowded
}

# turn_accounts STORE: a hundred in that store; their names in turn-STORE.
turn_accounts()
{
	i=0
	: >"turn-$1"
	while [ "$i" -lt "$TURNS" ]; do
		i=$((i + 1))
		demo_account "$1$i" api-services --store "$1" \
			--ca-file "$PWD/ca.pem" >turn.log 2>&1 || return
		echo "$1$i" >>"turn-$1"
	done
}

# turn_row STORE LENGTH: with new tokens of that length, each asked for twice before.
turn_row()
{
	forget_published
	while read -r name; do
		valetkey token "$name" --min-valid 1000000
	done <"turn-$1" >/dev/null 2>&1
	xargs -n 1 valetkey token <"turn-$1" >/dev/null 2>&1
	competitors
	idler true
	competitor "$1-$2" - - "valetkey token %turn-$1"
	run_row turn "$TURNS"
}

turn_rows()
{
	for length in 1200 2200; do
		say "a hundred accounts in turn, tokens of $length bytes"
		provider_stop
		# shellcheck disable=SC2034 # of bench.sh
		TOKEN_LENGTH=$length
		provider_start --https server.pem server.key --any-scope \
			--token-length "$length" || return
		for store in sealed keyring; do
			[ -s "turn-$store" ] || turn_accounts "$store" || return
			turn_row "$store" "$length"
		done
	done
}
