# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# keyrings.sh - `./dev keyrings`: the tests of a keyring on each that we know,
# KeePassXC too, whose packages are too large for `./dev test`. Sourced by ./dev.

# shellcheck disable=SC2154 # $top and $logs are ./dev's

# keyrings_run KEYRING FOLDER SCRIPT SESSION OPTION...: the last line of the output is
# "KEYRING SCRIPT: N of M".
keyrings_run()
{
	keyring=$1 folder=$2 script=$3 output=$logs/keyrings-$1
	shift 3
	mkdir -p "$logs"
	timeout 600 env "VALETKEY_SRC=$top" "VALETKEY_BUILD=$top/build/test" \
		"PATH=$top/build/test/tests/tree:$PATH" "$@" "tests/$folder/$script" >"$output" 2>&1 || :
	passed=$(grep -a '^ok' "$output" | grep -a -c -v '# SKIP' || :)
	planned=$(sed -n 's/^1\.\.//p' "$output" | tail -n 1)
	grep -a -A8 '^not ok' "$output" || :
	printf '%-14s %-20s %s of %s\n' "$keyring" "$script" "$passed" \
		"${planned:-?}"
	[ "$passed" = "$planned" ]
}

do_keyrings()
{
	need build run test keyrings
	step build "build/test" strict_tree test
	step programs "build the tests" make -s -C build/test -j2 check TESTS=
	failed=0
	keyrings_run gnome-keyring fronts test_git_store.sh tests/lib/session sh ||
		failed=1
	for other in kwallet keepassxc; do
		keyrings_run "$other" fronts test_git_store.sh tests/lib/session \
			--no-keyring sh tests/lib/on-keyring.sh "$other" ||
			failed=1
	done
	keyrings_run gnome-keyring keyring test_keyrings.sh tests/lib/session sh || failed=1
	keyrings_run kwallet keyring test_kwallet.sh tests/lib/session sh || failed=1
	keyrings_run keepassxc keyring test_keepassxc.sh tests/lib/session --no-keyring \
		sh || failed=1
	return "$failed"
}
