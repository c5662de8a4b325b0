#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_dev.sh - ./dev help lists exactly the verbs that there are, and ./dev test
# lets no test be skipped that could run.

. "$VALETKEY_SRC/tests/lib.sh"

cd "$VALETKEY_SRC" || exit
listed=$(./dev help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p' | sort)
there=$(sed -n 's/^do_\([a-z]*\)()$/\1/p' dev tests/dev-*.sh | sort)
is "$listed" "$there" 'every verb is listed, and every listed one is there'
is "$(./dev)" "$(./dev help)" 'without a verb it shows the list'
exits 1 'an unknown verb is refused' ./dev nonsense

# summary_of LINE...: how ./dev test ends with these in its logs.
summary_of()
(
	logs=$VALETKEY_TEST_DIR/logs
	mkdir -p "$logs" && printf '%s\n' "$@" >"$logs/check"
	# shellcheck source=tests/dev-test.sh
	. tests/dev-test.sh
	summary 0
)

skip='SKIP: tests/test_x.sh'
ok 'a skip that has a reason is none of ./dev test' summary_of \
	'PASS: tests/test_x.sh 1 - a' "$skip 2 - b # SKIP a larger quota"
exits 1 'a test that is skipped for root is a failure' summary_of \
	'PASS: tests/test_x.sh 1 - a' "$skip 2 - b # SKIP root may do all"
exits 1 'a test that is skipped for want of a package is a failure' summary_of \
	'PASS: tests/test_x.sh 1 - a' "$skip - secret-tool (libsecret-tools) is not here"
done_testing
