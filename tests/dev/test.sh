# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# test.sh - ./dev test and ./dev sanitize, a part of the script dev. Its
# functions need(), step(), configured(), tree() and strict() are there, and $logs.
# Every result line of the tests ends up in a log, and the logs are counted.

: "${logs:=build/log}"

# explain TREE: what the tests said that did not pass; not to be counted.
explain()
{
	find "$1" -name test-suite.log -exec sed 's/^/| /' {} +
	return 1
}

# check TREE [VARIABLE=VALUE]: two at once, who share a user's quota of kernel keys.
# (In the background a shell has the signals of the keyboard ignored.)
check()
{
	check_tree=$1
	shift
	env --default-signal=INT,QUIT make -C "$check_tree" -k -j2 check "$@" ||
		explain "$check_tree"
}

# What the tests take from npm, in build/npm: exactly what the lock file says,
# and no package's own scripts.
npm_packages()
{
	want=$(cat tests/oidc/package.json tests/oidc/package-lock.json)
	if [ "$want" = "$(cat build/npm/made-from 2>/dev/null)" ]; then
		echo "build/npm is as tests/oidc/package-lock.json says"
		return 0
	fi
	rm -rf build/npm && mkdir -p build/npm &&
		cp tests/oidc/package.json tests/oidc/package-lock.json \
			tests/oidc/.npmrc build/npm/ &&
		(cd build/npm && npm ci --ignore-scripts --no-audit --no-fund) &&
		echo "$want" >build/npm/made-from
}

with_npm_packages()
{
	test_step npm "npm ci into build/npm" npm_packages
	# shellcheck disable=SC2154 # top is of the script dev
	VALETKEY_TEST_NPM=$top/build/npm
	export VALETKEY_TEST_NPM
}

# distcheck includes installcheck: the tests that look at an installed prefix.
distcheck()
{
	make -C "$1" -j2 distcheck DISTCHECK_CONFIGURE_FLAGS="$(strict)" ||
		explain "$1"/valetkey-*/
}

# release_as_user FOLDER: the release, unpacked there for the user "nobody".
release_as_user()
{
	make -s -C build/test dist &&
		tar -xf build/test/valetkey-*.tar.xz -C "$1" \
			--strip-components=1 --no-same-owner &&
		chown -R nobody: "$1"
}

# exec_as_user FOLDER COMMAND...: in our place, as the user "nobody", at home there,
# with a second group for the test that needs one.
exec_as_user()
{
	user_home=$1
	shift
	cd "$user_home" || exit
	exec setpriv --reuid=nobody --regid="$(id -g nobody)" --groups=65533 \
		env -u XDG_RUNTIME_DIR --default-signal=INT,QUIT \
		HOME="$user_home" "$@"
}

distcheck_as_user()
(
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/valetkey-user.XXXXXX") || exit
	trap 'chmod -R u+w "$tmp" && rm -rf "$tmp"' EXIT
	trap 'exit 130' HUP INT TERM
	release_as_user "$tmp" && cp -R build/npm "$tmp/npm" &&
		chown -R nobody: "$tmp/npm" || exit
	# shellcheck disable=SC2016 # expanded in there
	(exec_as_user "$tmp" TMPDIR=/tmp VALETKEY_TEST_NPM="$tmp/npm" sh -c '
		./configure -q &&
		make -j2 distcheck DISTCHECK_CONFIGURE_FLAGS="$1"' sh "$(strict)") ||
		explain "$tmp"
)

# What is more than a remark in the files that sanitizers leave in a build tree.
reports()
{
	found=$(grep -lE 'ERROR: |runtime error: |WARNING: ThreadSanitizer' \
		"$1"/sanitizer.* 2>/dev/null) || return 0
	# shellcheck disable=SC2086 # a list of words
	cat $found
	return 1
}

# Of all tests those whose second run, with a sanitizer, has little to find: of other
# people's programs, of the documents, and of kills, which have a campaign. There are
# 20 minutes for everything; ./dev sanitize runs these too.
sanitized_tests()
{
	make -s -C "$1" list-tests | grep -v -e '^tests/dev/' \
		-e '^tests/foreign/' -e '^tests/bench/' \
		-e '/test_campaign\.sh$' -e '/test_left_behind\.sh$' \
		-e '/test_browser\.sh$' -e '/test_kwallet\.sh$' \
		-e '/test_completion\.sh$' -e '/test_shells\.sh$' \
		-e '/test_node\.sh$' | tr '\n' ' '
}

# sanitized KIND [short]: check with a sanitizer; no process may have left a report.
sanitized()
{
	case $1 in
	address) list=address,undefined ;;
	*) list=$1 ;;
	esac
	strict_tree "$1" --with-sanitizer="$list" || return
	rm -f "build/$1"/sanitizer.*
	status=0
	if [ $# -gt 1 ]; then
		check "build/$1" TESTS="$(sanitized_tests "build/$1")" ||
			status=$?
	else
		check "build/$1" || status=$?
	fi
	reports "build/$1" || status=1
	return "$status"
}

# Counts the results of this kind in all logs.
count()
{
	cat "$logs"/* | grep -cE "^($1): " || :
}

skipped()
{
	grep -HE '^SKIP: ' "$logs"/* | sed "s|^$logs/||; s|:SKIP: |: |"
}

# What need() should have brought, and what only another user can do: a script for
# that runs as one (as_ordinary_user in tests/lib/lib.sh). What only root can do
# was done if root is here.
wrongly_skipped()
{
	skipped | grep -E '\<root\>|is not (here|installed|in )|is missing' |
		grep -v -E '(# SKIP|-) only root can '
}

# summary BROKEN: the result of all steps, of which BROKEN broke without a
# failed test.
summary()
{
	passed=$(count PASS)
	failed=$(($(count 'FAIL|ERROR|XPASS') + $1))
	skips=$(count SKIP)
	if [ "$skips" -gt 0 ]; then
		echo "Skipped:"
		skipped | sed 's/^/  /'
	fi
	wrongly_skipped | sed 's/^/May not be skipped: /'
	failed=$((failed + $(wrongly_skipped | wc -l)))
	echo "$passed passed, $failed failed$(
		[ "$skips" -eq 0 ] || echo ", $skips skipped")"
	[ "$failed" -eq 0 ]
}

# test_step LOG DESCRIPTION COMMAND...: counts a step that broke by itself.
test_step()
{
	if step "$@"; then
		return 0
	fi
	grep -qE '^(FAIL|ERROR|XPASS): ' "$logs/$1" || broken=$((broken + 1))
	return 0
}

# matching NAME: the tests that are meant. NAME is a file (test_login.sh), with or
# without test_ and .sh, or a folder of tests/.
matching()
{
	make -s -C build/test list-tests | awk -v name="$1" '{
		file = folder = $0
		sub(/.*\//, "", file)
		sub(/^tests\//, "", folder)
		sub(/\/.*/, "", folder)
		short = file
		sub(/^test_/, "", short)
		sub(/\.sh$/, "", short)
		if (name == $0 || name == file || name == folder ||
		    name == short || name == file ".c" || name == $0 ".c" ||
		    name ".sh" == file)
			print }'
}

# test_scripts FILE...: these alone, in the one build.
test_scripts()
{
	test_step check "make check of $(echo "$@" | tr '\n' ' ')" \
		check build/test TESTS="$(echo "$@" | tr '\n' ' ')"
	grep -hE '^(PASS|FAIL|ERROR|SKIP): ' "$logs/check" || :
}

# test_some NAME...: these alone, in the one build, as whoever runs it.
test_some()
{
	chosen=
	for name; do
		found=$(matching "$name" | tr '\n' ' ')
		[ -n "$found" ] ||
			die "test: there is no test $name; see tests/*/"
		chosen="$chosen $found"
	done
	# shellcheck disable=SC2086 # a list of words
	test_scripts $chosen
}

# What runs beside another step: its output, and whether it went well.
await_beside()
{
	beside_status=0
	wait "$1" || beside_status=$?
	cat build/beside
	rm build/beside
	return "$beside_status"
}

# Root does both at once, as two users: tests wait for others more than they compute.
test_as_two()
{
	(sanitized address short || exit) >build/beside 2>&1 </dev/null &
	beside=$!
	test_step distcheck "make distcheck as nobody" distcheck_as_user
	test_step sanitizer \
		"make check with address,undefined as root, begun at the same time" \
		await_beside "$beside"
}

# All of them, in the release's own build, and once more with a sanitizer.
test_all()
{
	# shellcheck disable=SC2046 # an option or none
	test_step build "configure in build/test" configured test $(strict)
	if [ "$broken" -gt 0 ]; then
		return 0
	fi
	if [ "$(id -u)" -eq 0 ]; then
		test_as_two
		return
	fi
	test_step distcheck "make distcheck" distcheck build/test
	test_step sanitizer "make check with address,undefined as $(id -un)" \
		sanitized address short
}

do_test()
{
	need build run test
	rm -rf "$logs"
	broken=0
	with_npm_packages
	if [ $# -gt 0 ]; then
		test_step build "build/test" strict_tree test
		[ "$broken" -gt 0 ] || test_some "$@"
	else
		test_all
	fi
	summary "$broken"
}

# Only the test programs themselves: the helper has a session of its own.
valgrind_check()
{
	# shellcheck disable=SC2016 # make's variables
	strict_tree test &&
		make -C build/test -k -j2 check \
			TESTS='$(tap_programs) $(fuzz_tests)' \
			LOG_FLAGS="valgrind -q --error-exitcode=9 \
			--leak-check=full --show-leak-kinds=definite \
			--errors-for-leak-kinds=definite"
}

do_sanitize()
{
	need build run test
	rm -rf "$logs"
	broken=0
	[ $# -gt 0 ] || set -- address thread valgrind
	for kind; do
		case $kind in
		address | thread)
			test_step "$kind" "make check with $kind" \
				sanitized "$kind"
			;;
		valgrind)
			test_step valgrind "test programs under valgrind" \
				valgrind_check
			;;
		*) die "sanitize: address, thread or valgrind, not $kind" ;;
		esac
	done
	summary "$broken"
}
