#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ./dev help lists exactly the verbs that there are.

. "$VALETKEY_SRC/tests/lib.sh"

cd "$VALETKEY_SRC" || exit
listed=$(./dev help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p' | sort)
there=$(sed -n 's/^do_\([a-z]*\)()$/\1/p' dev tests/dev-*.sh | sort)
is "$listed" "$there" 'every verb is listed, and every listed one is there'
is "$(./dev)" "$(./dev help)" 'without a verb it shows the list'
exits 1 'an unknown verb is refused' ./dev nonsense
done_testing
