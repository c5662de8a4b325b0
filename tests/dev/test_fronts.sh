#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_fronts.sh - whether every front has all that CONTRIBUTING.md lists: a row in
# the table, a file, a test that is run, a section of the manual, its name where
# it is installed, and a place in the completions.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

FRONTS=$VALETKEY_SRC/helper/fronts
MANUAL=$VALETKEY_SRC/helper/man/valetkey-fronts.7

# Those of the table; of a file the one that it defines.
listed()
{
	sed -n '/^static const struct front \*const fronts/,/^};/p' \
		"$FRONTS/fronts.c" | grep -o 'front_[a-z_]*' | sort
}

defined()
{
	sed -n 's/^const struct front \(front_[a-z_]*\) = {$/\1/p' \
		"$FRONTS"/*.c | sort
}

# unfinished NAME FILE PROGRAM: what it lacks.
unfinished()
{
	[ -e "$FRONTS/$2.c" ] || echo "no $2.c"
	grep -q "[[:blank:]]helper/fronts/$2\.c" "$VALETKEY_SRC/Makefile.am" ||
		echo "$2.c is not built"
	grep -q "[[:blank:]]tests/fronts/test_$2\.sh" \
		"$VALETKEY_SRC/tests/tests.am" || echo "no test_$2.sh is run"
	[ -e "$VALETKEY_SRC/tests/fronts/test_$2.sh" ] || echo "no test_$2.sh"
	[ "$1" = git ] || grep -q "^\.Ss $1:" "$MANUAL" || echo 'no .Ss'
	[ "$3" = - ] || sed -n '/^front_programs/,/[^\\]$/p' \
		"$VALETKEY_SRC/Makefile.am" | tr -s '[:blank:]' '\n' | grep -qx "$3" ||
		echo "$3 is not installed"
	for completion in valetkey.bash _valetkey valetkey.fish; do
		grep front "$VALETKEY_SRC/helper/completions/$completion" |
			grep -q -e "[ (']$1[ )']" || echo "not in $completion"
	done
}

is "$(listed)" "$(defined)" 'the table has every front'
is "$(valetkey front | wc -l)" "$(listed | wc -l)" 'front lists every one'
valetkey front >"$VALETKEY_TEST_DIR/list"
while read -r name program _; do
	is "$(unfinished "$name" "$(echo "$name" | tr - _)" "$program")" '' \
		"$name: nothing is missing"
done <"$VALETKEY_TEST_DIR/list"
is "$(unfinished nothing nothing nothing-valetkey | wc -l)" 9 \
	'what is missing is found'
done_testing
