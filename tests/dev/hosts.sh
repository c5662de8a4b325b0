# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# hosts.sh - the verb hosts of dev, which sources this: programs of other
# people that are too large for ./dev test, see tests/foreign/large.sh. cargo, go,
# docker and kubectl are not installed for it, but used if they are there: Debian 12's
# are too old, or crash.

hosts_tree()
{
	strict_tree test && make -s -C build/test -j2 check TESTS=
}

do_hosts()
{
	need build run test hosts
	step hosts "build/test" hosts_tree
	# shellcheck disable=SC2154 # top is of the script dev
	env VALETKEY_SRC="$top" VALETKEY_BUILD="$top/build/test" \
		VALETKEY_LIB="$top/build/test/tests/tree/.libs/libvaletkey.so.1" \
		PATH="$top/build/test/tests/tree:$PATH" \
		tests/lib/session sh tests/foreign/large.sh
}
