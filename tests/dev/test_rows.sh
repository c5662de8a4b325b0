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
OpenID Connect Core: 12.2
RFC 8707: 2 2.1 2.2
RFC 9728: 3.1 3.3 5.1 7.4 7.6 7.7
RFC 9110: 11.2 11.6.1
RFC 9126: 2 2.2 4 5
RFC 7591: 3.2.1 5
RFC 7628: 3 3.1 3.2.3
RFC 9110: 7.2 7.6.1 7.8 8.6 10.1.1 15.5.2
RFC 9112: 3.2 5.2 6.3 8'

# numbers PREFIX LAST: PREFIX1 to PREFIXLAST.
numbers()
{
	seq -s ' ' -f "$1%g" "$2"
}

# The faults that were found.
FAULTS="
Found by reading and by random kills: $(numbers A 25) $(numbers F 4)
Reported of programs that do this job: $(numbers C 18)
Met with foreign keyrings, git, languages and servers: $(numbers K 13)
Met on other systems: $(numbers P 11)
Met by people who were new to it: $(numbers U 8)"

# HEADING|ID|WHAT|FILE|TEST, a line for each row of a table of this file.
rows()
{
	awk -F ' *[|] *' '
		/^## / { heading = substr($0, 4) }
		/^[|]/ && heading != "Out of scope" && !/^[|](-| [§#])/ {
			print heading "|" $2 "|" $3 "|" $4 "|" $5 }' \
		"$TESTS/$1"
}

# What `make check` runs, because it stands in a list of tests, or a verb of ./dev,
# because its packages are too large.
run_files()
{
	sed -n 's|^[[:blank:]]*tests/[a-z/]*/\([^ /]*\)\( \\\)*$|\1|p' \
		"$TESTS"/*.am "$TESTS"/*/*.am
	sed -n 's/^[^#]*\<\(test_[a-z]*\.sh\)\>.*/\1/p' "$TESTS/dev/keyrings.sh"
}

# bad_rows TABLE: those of $ROWS that name no test that is there and run. A test is
# there if the file has its name as a whole text, quoted as C and the shell do, and
# once: a name that is made up while the test runs, or that several have, tells of
# no test in particular. If the file is "open" the test is the reason why there is
# none.
bad_rows()
{
	awk -F '|' -v table="$1" '
	FNR == 1 { input++ }
	input == 1 { run[$0] = 1; next }
	input == 2 {
		file = $0
		sub(/.*\//, "", file)
		paths[file] = paths[file] " " $0
		next
	}
	{
		row = $1 " " $2 ": "
		if ($3 == "" || $5 == "")
			print row "not all is said"
		else if (table == "FAULTS.md" && $4 == "open")
			next
		else if (!has_test($4, $5))
			print row $4 " has no such test: " $5
		else if (!is_run($4))
			print row $4 " is not run"
	}

	function is_run(file)
	{
		sub(/\.c$/, "", file)
		return file in run
	}

	function read_whole(file,   n, i, path, line)
	{
		whole[file] = ""
		n = split(paths[file], path, " ")
		for (i = 1; i <= n; i++) {
			while ((getline line <path[i]) > 0)
				whole[file] = whole[file] line "\n"
			close(path[i])
		}
	}

	function times(text, part,   n, at)
	{
		for (n = 0; at = index(text, part); n++)
			text = substr(text, at + length(part))
		return n
	}

	function has_test(file, name,   found)
	{
		if (name ~ /[$%]/)
			return 0
		if (!(file in whole))
			read_whole(file)
		found = times(whole[file], "\"" name "\"")
		return found + times(whole[file], "\047" name "\047") == 1
	}' "$VALETKEY_TEST_DIR/run" "$VALETKEY_TEST_DIR/there" "$ROWS"
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

run_files >"$VALETKEY_TEST_DIR/run"
find "$TESTS" -type f >"$VALETKEY_TEST_DIR/there"
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
