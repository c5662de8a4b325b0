# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# hosts.sh - the verb hosts of dev, which sources this: programs of other people that
# are too large for ./dev test (tests/foreign/large.sh), and those that are not, in the
# versions that this system has. Its functions need() and strict_tree() are there,
# and test_step() and others of test.sh.

# Debian 12's cargo, go and kubectl are too old, or crash.
hosts_roles()
{
	echo hosts
	[ "$(debian_version)" -lt 13 ] || echo since-13
}

# shellcheck disable=SC2154 # logs is of the script dev
do_hosts()
{
	# shellcheck disable=SC2046 # a list of words
	need build run test $(hosts_roles)
	rm -rf "$logs"
	broken=0
	with_npm_packages
	test_step build "build/test" strict_tree test
	[ "$broken" -ne 0 ] ||
		test_scripts tests/foreign/large.sh "$(matching foreign)" \
			"$(matching sasl)" "$(matching docker)" \
			"$(matching git_clone)" "$(matching proxy_clients)"
	summary "$broken"
}
