# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# lint.sh - ./dev lint, a part of the script dev. Its functions need() and
# step() are there.

# The C files. No name here has a space.
lint_sources()
{
	find plugin helper tests -name "$1" | sort
}

lint_format()
{
	lint_sources '*.[ch]' | xargs clang-format --dry-run -Werror
}

lint_cppcheck()
{
	lint_sources '*.c' | cppcheck -q -j2 --error-exitcode=1 --std=c11 \
		--enable=warning,performance,portability --inline-suppr \
		--suppress=missingIncludeSystem -D_GNU_SOURCE -Iplugin \
		-Ihelper -Ibuild/test --file-list=-
}

# Which checks, and why not others: .clang-tidy. The paths are any string.
lint_tidy()
{
	flags="-std=c11 -D_GNU_SOURCE -Iplugin -Ihelper -Itests -Ibuild/test
		$(grep -ho 'D[A-Z_]*=.".*"' Makefile.am tests/*.am tests/*/*.am |
			sed 's/^/-/; s/=.*/="x"/' | sort -u)
		$(pkg-config --cflags libsecret-1 libcurl yajl libmicrohttpd \
			gnutls)"
	export flags
	# shellcheck disable=SC2016 # for the inner shell
	lint_sources '*.c' | xargs -P2 -n6 \
		sh -c 'clang-tidy --quiet "$@" -- $flags' sh
}

# SC2119: functions here may be called without arguments. SC2317: and by a name
# that is an argument.
lint_scripts()
{
	shellcheck -x -e SC2119,SC2317 dev .ci/run tests/lib/session tests/*/*.sh
}

lint_manuals()
{
	find plugin helper -name '*.[1-8]' -exec \
		mandoc -Tlint -Wwarning {} +
}

do_lint()
{
	need build test lint
	bad=0
	step build "build" strict_tree test
	step layers "what each folder may include" sh tests/dev/layers.sh || bad=1
	step paths "whether the files that are named are there" \
		sh tests/dev/paths.sh || bad=1
	step format "clang-format" lint_format || bad=1
	step cppcheck "cppcheck" lint_cppcheck || bad=1
	step tidy "clang-tidy" lint_tidy || bad=1
	step shellcheck "shellcheck" lint_scripts || bad=1
	step mandoc "mandoc" lint_manuals || bad=1
	return "$bad"
}
