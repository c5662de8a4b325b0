#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_campaign.sh - the short fault campaign, see tests/campaign/campaign.h, and what
# of it concerns a refresh with the sealed store too. How many answers were late is
# told, and no failure: this machine may be busy.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

table=$VALETKEY_TEST_DIR/table

# total FIELD: of the table's last line, whose fields are all, tried, lost, ...
total()
{
	sed -n 's/^all  *//p' "$table" | tr -s ' ' | cut -d ' ' -f "$1"
}

# campaign NAME LEFT OPTION...: it runs in a session of its own, and is content; LEFT
# is what the table says of things left behind.
campaign()
{
	name=$1 left=$2 status=0
	shift 2
	"$VALETKEY_SRC/tests/lib/session" sh "$VALETKEY_SRC/tests/campaign/run.sh" \
		--short "$@" >"$table" 2>"$table.progress" || status=$?
	tap_note "the $name: $(cat "$table")"
	is "$(total 2)" 0 'no grant was lost'
	is "$(total 5)" 0 'no refresh token was used twice'
	is "$(total 6)" 0 'no answer was wrong'
	ok 'lost by the network are only what the provider did not deliver' \
		[ "$(total 3)" -le \
		"$(sed -n 's/.*not read whole: \([0-9]*\);.*/\1/p' "$table")" ]
	is "$(total 9)" "$left" 'no verb left anything behind'
	is "$status" 0 'the campaign was content'
	[ "$status" -eq 0 ] || tap_note "$(grep -e '^[^#]' -e ', try ' "$table.progress")"
	tap_note "late answers: $(total 7), the longest took $(total 8) ms"
}

campaign keyring 0
campaign 'sealed store' - --sealed --only processes --only steps --only sealed
# Another campaign is ended as by Ctrl-C.
cut=$VALETKEY_TEST_DIR/cut
"$VALETKEY_SRC/tests/lib/session" sh "$VALETKEY_SRC/tests/campaign/run.sh" \
	--short --only processes >"$cut" 2>"$cut.progress" &
campaign=$!
until grep -q '^# helper killed' "$cut.progress" || ! process_runs "$campaign"
do
	sleep 0.1
done
kill "$campaign"
wait "$campaign"
is $? 143 'a campaign that is ended says so'
is "$(grep -c -e '^helper killed  *[0-9]' -e '^CUT SHORT' "$cut")" 2 \
	'and its table has what it found until then'

done_testing
