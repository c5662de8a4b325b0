#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_rows.sh - whether tests/MUSTS.md and tests/FAULTS.md tell the truth: every
# row has a test that is there, in a file that `make check` or `./dev keyrings`
# runs, or, in FAULTS.md alone, says that it has none and why; and nothing of the
# lists below is without a row.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

TESTS=$VALETKEY_SRC/tests
ROWS=$VALETKEY_TEST_DIR/rows

# The sections of the standards that have demands.
MUSTS='
RFC 6749: 1.6 2.3 2.3.1 3.1.2 3.3 4.1.1 4.1.2 4.1.3 4.4.3 5.1 5.2 6 7.1 10.9 10.12
RFC 7636: 4.1 4.2 7.2
RFC 8252: 6 7.3 8.3 8.9 8.10 8.12 B.5
RFC 8628: 3.2 3.3.1 3.5 5.4
RFC 9700: 2.1 2.1.1 2.1.2 2.2.2 2.4 2.6 4.14.2
RFC 9207: 2.4
RFC 7009: 2.1 2.2 2.2.1
RFC 8414: 2 3.1 3.3
OpenID Connect Discovery: 4 4.3
RFC 8707: 2 2.1 2.2
RFC 9126: 2 2.2 4 5
RFC 7591: 3.2.1 5'

# numbers PREFIX LAST: PREFIX1 to PREFIXLAST.
numbers()
{
	seq -s ' ' -f "$1%g" "$2"
}

# The faults that were found.
FAULTS="
Found by reading and by random kills: $(numbers A 25) $(numbers F 4)
Reported of programs that do this job: $(numbers C 18)
Met with foreign keyrings, git, languages and servers: $(numbers K 13)"

# HEADING|ID|WHAT|FILE|TEST, a line for each row of a table of this file.
rows()
{
	awk -F ' *[|] *' '
		/^## / { heading = substr($0, 4) }
		/^[|]/ && heading != "Out of scope" && !/^[|](-| [§#])/ {
			print heading "|" $2 "|" $3 "|" $4 "|" $5 }' \
		"$TESTS/$1"
}

# Whether the file has this as a whole text, quoted as C and the shell do, and
# once: a name that is made up while the test runs, or that several have, tells
# of no test in particular.
has_test()
{
	case $2 in *[$%]*) return 1 ;; esac
	[ "$(find "$TESTS" -name "$1" \
		-exec grep -oF -e "'$2'" -e "\"$2\"" {} + | wc -l)" -eq 1 ]
}

# Whether `make check` runs it: its name stands in a list of tests. Or a verb of
# ./dev does, because its packages are too large.
is_run()
{
	cat "$TESTS"/*.am "$TESTS"/*/*.am |
		grep -q "^[[:blank:]]*tests/[a-z]*/${1%.c}\( \\\\\)*\$" ||
		grep -q "^[^#]*\<$1\>" "$TESTS/dev/keyrings.sh"
}

# bad_rows TABLE: those of $ROWS that name no test that is there and run. Where
# the file is "open" the test is the reason why there is none.
bad_rows()
{
	while IFS='|' read -r heading id what file test; do
		if [ -z "$what" ] || [ -z "$test" ]; then
			echo "$heading $id: not all is said"
		elif [ "$1,$file" = FAULTS.md,open ]; then
			:
		elif ! has_test "$file" "$test"; then
			echo "$heading $id: $file has no such test: $test"
		elif ! is_run "$file"; then
			echo "$heading $id: $file is not run"
		fi
	done <"$ROWS"
}

# missing LIST: what has no row in $ROWS.
missing()
{
	printf '%s\n' "$1" | while IFS=: read -r heading ids; do
		for id in $ids; do
			grep -q "^$heading|$id|" "$ROWS" ||
				echo "$heading $id"
		done
	done
}

# check_table TABLE LIST
check_table()
{
	rows "$1" >"$ROWS"
	is "$(bad_rows "$1")" '' "$1: every row names a test that is run"
	is "$(missing "$2")" '' "$1: nothing has no row"
}

check_table MUSTS.md "$MUSTS"
ok 'the table of demands is there' [ "$(wc -l <"$ROWS")" -gt 90 ]
check_table FAULTS.md "$FAULTS"
tap_note "faults without a test: $(grep -c '|open|' "$ROWS")"

# The check itself: rows that are none.
printf '%s\n' 'h|1|what|open|' 'h|2|what|open|because' 'h|3||test_run.sh|x' \
	'h|4|what|test_rows.sh|no such text' 'h|5|what|lib.sh|a token is one line' \
	>"$ROWS"
is "$(bad_rows FAULTS.md | cut -d : -f 1 | tr '\n' ' ')" 'h 1 h 3 h 4 h 5 ' \
	'rows without a reason or a test are found'
is "$(bad_rows MUSTS.md | wc -l)" 5 'a demand cannot be open'
is "$(missing 'h: 1 6')" 'h 6' 'what has no row is found'
done_testing
