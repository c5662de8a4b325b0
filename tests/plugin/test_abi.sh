#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_abi.sh - what is fixed between the library and programs that were built
# long ago, or will be: names, sizes, dependencies; and that header, map,
# library and man page tell the same.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

header=$VALETKEY_SRC/plugin/valetkey.h
map=$VALETKEY_SRC/plugin/valetkey.map
page=$VALETKEY_SRC/plugin/valetkey.3
work=$VALETKEY_TEST_DIR/abi
mkdir "$work"

# ---- names ----

# NAME@VERSION of each, as it is and as the map has it.
exported()
{
	nm -D --defined-only "$VALETKEY_LIB" |
		awk '$2 != "A" { sub(/@@/, "@", $3); print $3 }' | sort
}

in_map()
{
	awk '/{$/ { node = $1 }
		/^\t[a-z_0-9]+;$/ { sub(/;/, ""); print $1 "@" node }' "$map" |
		sort
}

names()
{
	sed 's/@.*//' | sort
}

# The header without its comments.
bare_header()
{
	"${CC:-cc}" -fpreprocessed -dD -E -P "$header" 2>/dev/null
}

declared()
{
	bare_header | tr '\n' ' ' | sed 's/;/;\n/g' |
		sed -n '/VALETKEY_API/s/.*[ *]\(valetkey_[a-z_]*\)(.*/\1/p' |
		sort
}

# NAME=VALUE of every constant.
constants()
{
	bare_header | sed -n 's/^[[:space:]]*\(VALETKEY_[A-Z_]*\) = \([0-9]*\).*/\1=\2/p'
}

test_names()
{
	is "$(exported)" "$(in_map)" 'the library exports what the map has'
	is "$(declared)" "$(in_map | names)" 'the header declares what the map has'
	is "$(sed -n 's/^\.Fo //p' "$page" | sort)" "$(in_map | names)" \
		'the man page has each function'
	is "$(sed -n 's/^\.Nm \([a-z_]*\).*/\1/p' "$page" | sort)" \
		"$(in_map | names)" 'and names it at its head'
	is "$(sed -n 's/^\.It Dv \([A-Z_]*\).*/\1/p' "$page" | sort)" \
		"$(constants | sed 's/=.*//' | sort)" \
		'the man page has each constant'
	is "$(sed -n 's/^\.It Dv \([A-Z_]*\) No (\([0-9]*\))/\1=\2/p' "$page")" \
		"$(constants | grep -E '^VALETKEY_(OK|PENDING|ERR_[A-Z_]*)=')" \
		'and the value of each result'
}

test_version()
{
	is "$(bare_header | sed -n 's/^#define VALETKEY_VERSION //p')" \
		"\"$(sed -n 's/^AC_INIT(\[valetkey\], \[\(.*\)\])/\1/p' \
			"$VALETKEY_SRC/configure.ac")\"" \
		"the header's version is the package's"
}

# Every structure with its members, one a line.
structures()
{
	sed -n '/^struct [a-z_]* {/,/^};/p' | tr -s ' \t\n' ' ' |
		sed 's/ *}; */};\n/g' | sort
}

test_page()
{
	is "$(structures <"$page")" "$(bare_header | structures)" \
		'the man page has the structures as they are'
	need_program mandoc 'the man page is well-formed' || return
	is "$(mandoc -Tlint -Wwarning "$page" 2>&1)" '' \
		'the man page is well-formed'
}

# ---- the library ----

needed()
{
	readelf -dW "$1" |
		sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' '
}

# The compiler's own frame_dummy is one of each.
hooks()
{
	one=000008
	! readelf -hW "$VALETKEY_LIB" | grep -q 'ELF32$' || one=000004
	readelf -SW "$VALETKEY_LIB" | tr -d '[]' | awk -v one="$one" '
		$2 ~ /^\.(init|fini)_array/ && $6 != one { print $2 }'
}

test_library()
{
	is "$(readelf -dW "$VALETKEY_LIB" |
		sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')" libvaletkey.so.1 \
		'its name is libvaletkey.so.1'
	if sanitized; then
		skip 'built with a sanitizer' 'it needs libc alone'
		skip 'built with a sanitizer' 'the command needs libc alone'
		skip 'built with a sanitizer' 'nothing runs when it is loaded'
		return
	fi
	is "$(needed "$VALETKEY_LIB")" 'libc.so.6 ' 'it needs libc alone'
	is "$(needed "$(command -v valetkey)")" 'libc.so.6 ' \
		'the command needs libc alone'
	is "$(hooks)" '' 'nothing runs when it is loaded or unloaded'
	is "$(readelf -dW "$VALETKEY_LIB" | grep -cE 'NODELETE|TEXTREL|INIT\)')" \
		1 'it can be unloaded'
}

# tests/plugin/valetkey.abi is made of a build with -g by:
#
#	abidw --exported-interfaces-only --header-file plugin/valetkey.h \
#	    --drop-private-types --no-comp-dir-path --no-corpus-path \
#	    --no-show-locs LIBRARY | sed "s| path='[^']*/plugin/| path='plugin/|"
# tests/plugin/valetkey-1.abi is the same of the first release, and stays as it is.
same_abi()
{
	described=$VALETKEY_SRC/tests/plugin/$1
	shift
	abidiff "$@" --no-show-locs --header-file2 "$VALETKEY_SRC/plugin/valetkey.h" \
		--drop-private-types "$described" "$VALETKEY_LIB"
}

test_abidiff()
{
	description='the ABI is the one of tests/plugin/valetkey.abi'
	if ! need_program abidiff "$description"; then
		:
	elif [ "$(uname -m)" != x86_64 ] || sanitized; then
		skip 'described for another build' "$description"
	elif ! readelf -SW "$VALETKEY_LIB" | grep -q '\.debug_info'; then
		skip 'built without -g' "$description"
	else
		ok "$description" same_abi valetkey.abi
		ok 'and in it the one of VALETKEY_1, for ever' \
			same_abi valetkey-1.abi --no-added-syms
	fi
	is "$(cat "$VALETKEY_SRC"/tests/plugin/*.abi | grep -c "='/[^>]")" 0 \
		'the description has no path of a machine'
}

# ---- the header, and the example in the man page ----

# Another compiler may warn of what is right.
if grep -q '^PROJECT_CFLAGS.* -Werror ' "$VALETKEY_BUILD/Makefile"; then
	WERROR=-Werror
else
	WERROR=-Werror=padded
fi

compiles()
{
	printf '#include <valetkey.h>\n#include <valetkey.h>\n' >"$work/$1"
	shift
	"$@" -Wall -Wextra -Wundef -pedantic "$WERROR" -fsyntax-only \
		-I "$VALETKEY_SRC/plugin"
}

test_header()
{
	ok 'the header is C99' compiles c99.c "${CC:-cc}" -std=c99 \
		"$work/c99.c" -Wstrict-prototypes
	ok 'no structure has hidden padding' compiles padded.c "${CC:-cc}" \
		-std=c11 "$work/padded.c" -Wpadded
	if need_program "${CXX:-c++}" 'the header is C++'; then
		ok 'the header is C++' compiles cxx.cc "${CXX:-c++}" \
			-std=c++11 "$work/cxx.cc"
	fi
	ok 'sizes, offsets and numbers are as ever' "$HOSTS/layout"
}

example()
{
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$page" |
		sed -n '/^\.Bd/,/^\.Ed/p' | sed -e '/^\./d' -e 's/\\e/\\/g'
}

test_example()
{
	if sanitized; then
		skip 'built with a sanitizer' "the man page's example"
		return
	fi
	example >"$work/example.c"
	ok "the man page's example compiles" "${CC:-cc}" -std=c99 -Wall -Wextra \
		"$WERROR" -I "$VALETKEY_SRC/plugin" -o "$work/example" \
		"$work/example.c" "$VALETKEY_LIB"
	like "$("$work/example" 2>&1)" '^Authorization: Bearer [!-~]{20,}$' \
		'and prints what it is for'
}

test_names
test_version
test_page
test_library
test_abidiff
test_header
test_rounds()
{
	description='1,000 rounds of dlopen and dlclose'
	if sanitized; then
		skip 'built with a sanitizer' "$description under valgrind"
	elif need_program valgrind "$description under valgrind"; then
		ok "$description under valgrind" valgrind -q --leak-check=full \
			--error-exitcode=9 --child-silent-after-fork=yes \
			"$HOSTS/rounds" 1000 50
		return
	fi
	ok "$description" "$HOSTS/rounds" 1000 50
}

# Programs that were built with the first release's header.
test_old()
{
	is "$(readelf -VW "$HOSTS/old_linked" | grep -o 'VALETKEY_[0-9]*' |
		sort -u)" VALETKEY_1 'an old program wants VALETKEY_1 alone'
	ok 'an old program that is linked' "$HOSTS/old_linked"
	ok 'an old program with an event loop' "$HOSTS/old_loop" DONE
	ok 'an old program that invalidates' "$HOSTS/old_invalidate"
}

provider_start
{ demo_account demo && demo_login demo; } >/dev/null 2>&1 || exit 1
test_example
ok 'older and newer structures' "$HOSTS/grow"
test_old
test_rounds
remove_accounts demo
done_testing
