#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_dev.sh - ./dev help lists exactly the verbs that there are, and ./dev test
# installs what its scripts need and lets no test be skipped that could run.

. "$VALETKEY_SRC/tests/lib/lib.sh"

# What ./dev installs before it tests.
listed_packages()
{
	eval "$(sed -n '/^debian_version()/,/^}/p; /^packages()/,/^}/p' dev)"
	packages | sed -n 's/^\(build\|run\|test\)  *\([^ ]*\) .*/\2/p' |
		tr '|' '\n'
}

# The programs that scripts here ask for by name.
needed_programs()
{
	sed -n 's/^[[:space:]]*\(if \|elif \)\{0,1\}\(! \)\{0,1\}need_programs\{0,1\} //p' \
		tests/*/test_*.sh |
		sed "s/ [\"'].*//; s/[;|].*//" | tr ' ' '\n' |
		grep -x '[a-z][a-z0-9-]*' | sort -u
}

# Those that no listed package brings. (From OpenSSH 10.6 on the client depends on the
# package that has ssh-keygen.)
unlisted()
{
	needed_programs | while read -r program; do
		path=$(PATH=/usr/bin:/usr/sbin command -v "$program") ||
			continue
		dpkg-query -S "$path" "$(realpath "$path")" 2>/dev/null |
			sed 's/:.*//; s/-minimal$//; s/^openssh-common$/openssh-client/' |
			grep -qxFf "$VALETKEY_TEST_DIR/listed" ||
			echo "$program"
	done
}

cd "$VALETKEY_SRC" || exit
listed=$(./dev help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p' | sort)
there=$(sed -n 's/^do_\([a-z]*\)()$/\1/p' dev tests/dev/*.sh | sort)
is "$listed" "$there" 'every verb is listed, and every listed one is there'
is "$(./dev)" "$(./dev help)" 'without a verb it shows the list'
exits 1 'an unknown verb is refused' ./dev nonsense
listed_packages >"$VALETKEY_TEST_DIR/listed"
is "$(needed_programs | grep -cxE 'secret-tool|wget|lighttpd')" 3 \
	'what the scripts need is known'
if command -v dpkg-query >/dev/null; then
	is "$(unlisted)" '' './dev test installs what the scripts need'
fi

# strict_with MACHINE VERSION: the option for a compiler that says this of itself.
# shellcheck disable=SC2016,SC2034 # a script; for strict()
strict_with()
(
	printf '#!/bin/sh\ncase $1 in -dumpmachine) echo %s ;; *) echo %s ;; esac\n' \
		"$1" "$2" >"$VALETKEY_TEST_DIR/compiler"
	chmod +x "$VALETKEY_TEST_DIR/compiler"
	CC=$VALETKEY_TEST_DIR/compiler
	eval "$(sed -n '/^strict()/,/^}/p' dev)"
	strict
)
is "$(strict_with x86_64-linux-gnu 12)" --enable-werror \
	"warnings of CI's compiler are errors"
is "$(strict_with i686-linux-gnu 12)" '' 'those on another machine are not'
is "$(strict_with x86_64-linux-gnu 99)" '' 'nor of another version'

# summary_of LINE...: how ./dev test ends with these in its logs.
summary_of()
(
	logs=$VALETKEY_TEST_DIR/logs
	mkdir -p "$logs" && printf '%s\n' "$@" >"$logs/check"
	# shellcheck source=tests/dev/test.sh
	. tests/dev/test.sh
	summary 0
)

skip='SKIP: tests/test_x.sh'
ok 'a skip that has a reason is none of ./dev test' summary_of \
	'PASS: tests/test_x.sh 1 - a' "$skip 2 - b # SKIP a larger quota"
exits 0 'but for what only root can do' summary_of \
	'PASS: tests/test_x.sh 1 - a' "$skip 2 - b # SKIP only root can see it" \
	"$skip - only root can be a user without keys"
exits 1 'a test that is skipped for root is a failure' summary_of \
	'PASS: tests/test_x.sh 1 - a' "$skip 2 - b # SKIP root may do all"
exits 1 'a test that is skipped for want of a package is a failure' summary_of \
	'PASS: tests/test_x.sh 1 - a' "$skip - secret-tool (libsecret-tools) is not here"
done_testing
