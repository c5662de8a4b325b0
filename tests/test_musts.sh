#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_musts.sh - whether tests/MUSTS.md tells the truth: every row has a test
# that is there, in a file that `make check` runs, and every section that the
# standards have demands in has a row.

# shellcheck source=tests/lib.sh
. "$VALETKEY_SRC/tests/lib.sh"

TESTS=$VALETKEY_SRC/tests
ROWS=$VALETKEY_TEST_DIR/rows

# The sections that must have a row.
SECTIONS='
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

# STANDARD|SECTION|DEMAND|FILE|TEST, a line for each row of the table.
rows()
{
	awk -F ' *[|] *' '
		/^## / { standard = substr($0, 4) }
		/^[|]/ && standard != "Out of scope" && !/^[|](-| §)/ {
			print standard "|" $2 "|" $3 "|" $4 "|" $5 }' \
		"$TESTS/MUSTS.md"
}

# Whether the file has this as a whole text, quoted as C and the shell do, and
# once: a name that is made up while the test runs, or that several have, tells
# of no test in particular.
has_test()
{
	case $2 in *[$%]*) return 1 ;; esac
	[ "$(grep -oF -e "'$2'" -e "\"$2\"" "$TESTS/$1" 2>/dev/null |
		wc -l)" -eq 1 ]
}

# Whether `make check` runs it: its name stands in a list of tests.
is_run()
{
	cat "$TESTS"/*.am "$TESTS"/*/*.am |
		grep -q "^[[:blank:]]*tests/${1%.c}\( \\\\\)*\$"
}

rows >"$ROWS"
bad='' unrun=''
while IFS='|' read -r standard section demand file test; do
	if [ -z "$demand" ] || [ -z "$test" ] || ! has_test "$file" "$test"; then
		bad="$bad$standard $section: $file: $test
"
	elif ! is_run "$file"; then
		unrun="$unrun$file
"
	fi
done <"$ROWS"
is "$bad" '' 'every row names a test that is there'
is "$unrun" '' 'in a file that is run'
missing=$(printf '%s\n' "$SECTIONS" | while IFS=: read -r standard sections; do
	for section in $sections; do
		grep -q "^$standard|$section|" "$ROWS" ||
			echo "$standard $section"
	done
done)
is "$missing" '' 'every section has a row'
ok 'the table is there' [ "$(wc -l <"$ROWS")" -gt 90 ]
done_testing
