#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_hardened.sh - what a plain build has against its own mistakes, read from
# the files that were built, or installed: checked calls, probed stacks, marked
# targets of jumps, nothing executable but code. An option that the compiler does
# not know is not missed; a plain build has no right to others.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

MACHINE=$(uname -m)

# What the Makefile has in this variable.
made_with()
{
	sed -n "s/^$1 = //p" "$VALETKEY_BUILD/Makefile"
}

# compiles OPTION...: standard input, as the product was compiled.
compiles()
{
	# shellcheck disable=SC2046 # words
	$(made_with CC) $(made_with CPPFLAGS) $(made_with CFLAGS) -Werror "$@" \
		-x c -o "$VALETKEY_TEST_DIR/probe.o" -c - 2>/dev/null
}

# The compiler takes this option.
known()
{
	echo 'int main(void) { return 0; }' | compiles "$1"
}

optimized()
{
	printf '#ifndef __OPTIMIZE__\n#error no\n#endif\n' | compiles
}

# The other parts, by the paths that are compiled in.
path_in()
{
	grep -aoE "/[[:print:]]*/$2" "$1" | head -n 1
}

# The sections of the segments that the processor may execute.
executable()
{
	readelf -lW "$1" | awk '
		/^  LOAD/ { execute[n + 0] = / R[W ]E +0x/ }
		/^  [A-Z_]+ +0x/ { n++ }
		/^   [0-9][0-9] / && execute[$1 + 0] { $1 = ""; print }'
}

# property FILE PATTERN: what its notes promise the loader.
property()
{
	readelf -nW "$1" 2>/dev/null | grep -oE "$2" | sort -u
}

# Whether the C library's own start files have it; else no program can.
runtime_has()
{
	property "$($(made_with CC) -print-file-name=crti.o)" "$1" | grep -q .
}

# memory FILE NAME: its segments.
memory()
{
	is "$(executable "$1" | tr ' ' '\n' |
		grep -vxE '|\.init|\.fini|\.text|\.i?plt(\..*)?' |
		tr '\n' ' ')" '' "$2: nothing but code is executable"
	like "$(executable "$1")" '\.text' "$2: and code is"
	is "$(readelf -lW "$1" | grep -cE ' RWE +0x')" 0 \
		"$2: nothing is both written and executed"
	like "$(readelf -lW "$1")" '^  GNU_STACK .* RW +0x' \
		"$2: nor is the stack executable"
	like "$(readelf -lW "$1")" '^  GNU_RELRO ' \
		"$2: what the loader has set is read-only"
	like "$(readelf -dW "$1")" 'BIND_NOW|FLAGS.* NOW' \
		"$2: and it sets all of it at once"
}

# calls FILE NAME
calls()
{
	like "$(nm -D --undefined-only "$1")" ' __stack_chk_fail(@|$)' \
		"$2: stacks are guarded"
	if optimized; then
		like "$(nm -D --undefined-only "$1")" ' __[a-z]+_chk(@|$)' \
			"$2: calls of the C library are checked"
	fi
}

# A frame larger than a page is touched page by page.
probes()
{
	if [ "$MACHINE" != x86_64 ] || ! known -fstack-clash-protection ||
		! $(made_with CC) --version | grep -q 'Free Software'; then
		return
	fi
	like "$(objdump -d --no-show-raw-insn "$1")" \
		'or[bql]? +[$]0x0,(0x[0-9a-f]+)?\(%rsp' \
		"$2: large frames are probed"
}

# targets FILE NAME
targets()
{
	case $MACHINE in
	x86_64) option=-fcf-protection mark=endbr64 property='IBT|SHSTK' ;;
	aarch64)
		option=-mbranch-protection=standard mark='bti|paciasp'
		property='BTI|PAC'
		;;
	*) return ;;
	esac
	known "$option" || return
	marks=$(objdump -d --no-show-raw-insn "$1" |
		grep -cE "[[:space:]]($mark)( |\$)")
	ok "$2: targets of jumps are marked" [ "$marks" -gt 20 ]
	if runtime_has "$property"; then
		like "$(property "$1" "$property")" "$property" \
			"$2: and the loader is told"
	fi
}

! sanitized || skip_all 'a sanitizer checks in its own way'
helper=$(path_in "$VALETKEY_LIB" valetkey-helper)
net=$(path_in "$helper" valetkey-net.so)
for file in "$VALETKEY_LIB" "$(command -v valetkey)" "$helper" "$net"; do
	name=$(basename "$file")
	memory "$file" "$name"
	calls "$file" "$name"
	probes "$file" "$name"
	targets "$file" "$name"
done
file=$VALETKEY_BUILD/.libs/libvaletkey-sasl.so
if [ -e "$file" ]; then
	memory "$file" "${file##*/}"
	calls "$file" "${file##*/}"
fi
is "$TAP_FAILED" 0 'a plain build is hardened'
done_testing
