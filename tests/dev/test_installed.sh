#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_installed.sh - make installcheck: what is installed, and as what: modules that
# nobody can start, nothing that only libtool reads, completions where the shells look.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

lib=${VALETKEY_LIB%/*}

# variable NAME: of valetkey.pc.
variable()
{
	PKG_CONFIG_PATH=$lib/pkgconfig pkg-config --variable="$1" valetkey
}

prefix=$(variable prefix)
helper=$(variable helper)
modules=$(find "${helper%/*}" "$(variable sasldir)" -name '*.so' 2>/dev/null)
like "$modules" '/valetkey-net\.so$' 'the modules are there'
for module in $modules; do
	is "$(stat -c %a "$module")" 644 "${module##*/} is not to be started"
done
is "$(stat -c %a "$helper")" 755 'the helper is'
is "$(find "$lib" "${helper%/*}" -name '*.la' -path '*valetkey*')" '' \
	'nothing is for libtool alone'
is "$(find "$lib" -maxdepth 1 -name 'libvaletkey.*' -printf '%f\n' | sort)" \
	"$(printf '%s\n' libvaletkey.so libvaletkey.so.1 \
		"$(basename "$(readlink -f "$VALETKEY_LIB")")")" \
	'the library has its three names'
is "$(find "$prefix/share/zsh" -name _valetkey -printf '%P\n')" \
	"$(sh "$VALETKEY_SRC/helper/completions/zsh-folder.sh" "$prefix" |
		sed 's|^/share/zsh/||')/_valetkey" "zsh's completion"
ok 'what software centres show' \
	[ -f "$prefix/share/metainfo/org.valetkey.valetkey.metainfo.xml" ]
done_testing
