#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_release.sh - the version stands in configure.ac, and all who repeat it say the
# same; the library's soname stays; the archive is complete.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

cd "$VALETKEY_SRC" || exit
version=$(sed -n 's/^AC_INIT(\[valetkey\], \[\(.*\)\])/\1/p' configure.ac)
like "$version" '^[0-9]+\.[0-9]+\.[0-9]+$' 'configure.ac has a version'

# ---- the version ----

is "$(valetkey --version)" "valetkey $version" 'the command tells it'
is "$(sed -n 's/^#define VALETKEY_VERSION "\(.*\)"/\1/p' plugin/valetkey.h)" \
	"$version" 'the header has it'
is "$(sed -n 's/^## \([^ ]*\) .*/\1/p' CHANGELOG.md | head -n 1)" "$version" \
	'the newest heading of the changelog is about it'
is "$(grep -cE '^## .* \(not released yet\)$' CHANGELOG.md)" \
	"$(grep -cE "^## $version \\(not released yet\\)\$" CHANGELOG.md)" \
	'and no older one is unreleased'
is "$(grep '^## ' CHANGELOG.md |
	grep -vE '^## [0-9.]+ \((not released yet|[0-9]{4}-[0-9]{2}-[0-9]{2})\)$')" '' \
	'each heading has a date or is not released yet'
# (The archive has no debian/.)
[ ! -e debian ] ||
	is "$(sed -n '1s/^valetkey (\(.*\)-[0-9]*) .*/\1/p' debian/changelog)" \
		"$version" 'the packages have it'
is "$(grep -nF "$version" dev helper/man/*.[1-8] plugin/*.3 plugin/sasl/*.7 \
	plugin/valetkey.py valetkey.pc.in Makefile.am)" '' \
	'nobody else repeats it'

# ---- what software centres show ----

metainfo=helper/man/org.valetkey.valetkey.metainfo.xml
is "$(sed -n 's/.*<release version="\(.*\)" date="\(.*\)".*/\1 \2/p' $metainfo)" \
	"$(sed -n 's/^## \([0-9.]*\) (\([0-9-]*\))$/\1 \2/p' CHANGELOG.md)" \
	'their releases are those of the changelog'
# What is wrong with it; that there is no URL is not, as the project has no site.
complaints()
{
	appstreamcli validate --no-net "$metainfo" | awk '
		/^[EW]: / && !/: url-homepage-missing$/
		/Validation/ { done = 1 }
		END { if (!done) print "it was not looked at" }'
}

! need_program appstreamcli 'the form' ||
	is "$(complaints)" '' 'the form is right'

# ---- the soname ----

# shellcheck disable=SC2046 # three numbers
set -- $(sed -n 's/.* -version-info \([0-9]*\):\([0-9]*\):\([0-9]*\) .*/\1 \2 \3/p' \
	Makefile.am)
is $(($1 - $3)) 1 'current - age is the number in the soname'
# New functions have a node of their own; other additions need none.
ok 'age counts the additions since the first' \
	[ "$(grep -c '^VALETKEY_[0-9]* {$' plugin/valetkey.map)" -le $(($3 + 1)) ]
[ ! -e debian ] ||
	is "$(sed -n 's/^ \(valetkey_[a-z_]*\)@.*/\1/p' \
		debian/libvaletkey1.symbols | sort)" \
		"$(sed -n 's/^\t\(valetkey_[a-z_]*\);/\1/p' plugin/valetkey.map |
			sort)" "the package's symbols are those"

# ---- the archive ----

# What git knows and the archive lacks, but for what only those with git need; the
# archive's list has folders too.
unpacked()
{
	awk 'NR == FNR { packed[$0]; next }
	/^\.gitignore$|^\.ci\/|^debian\// { next }
	{
		for (path = $0; path; path = up) {
			if (path in packed)
				next
			up = path
			if (!sub(/\/[^\/]*$/, "", up))
				up = ""
		}
		print
	}' "$VALETKEY_TEST_DIR/packed" "$VALETKEY_TEST_DIR/known"
}

# pack UMASK OPTIONS: a folder in which all but names and contents is of this person
# and this moment, as make dist would pack it.
pack()
(
	cd "$VALETKEY_TEST_DIR" && rm -rf folder && umask "$1" &&
		mkdir folder folder/sub || exit
	for name in $3; do
		echo "$name" >"folder/sub/$name"
	done
	chmod u+x folder/sub/b
	# shellcheck disable=SC2016 # make's
	printf 'pack:\n\t@tardir=folder && $(am__tar)\n' >pack.mk
	TAR="tar -C $VALETKEY_TEST_DIR" TAR_OPTIONS=$2 make -s -C "$VALETKEY_BUILD" \
		-f Makefile -f "$VALETKEY_TEST_DIR/pack.mk" pack
)

pack 077 --mode=777 'a b c' >"$VALETKEY_TEST_DIR/one.tar"
pack 002 --mtime=@1 'c b a' >"$VALETKEY_TEST_DIR/two.tar"
is "$(tar -tf "$VALETKEY_TEST_DIR/one.tar" | tr '\n' ' ')" \
	'folder/ folder/sub/ folder/sub/a folder/sub/b folder/sub/c ' \
	'it has what it should'
ok 'and nothing of whoever packs it' \
	cmp "$VALETKEY_TEST_DIR/one.tar" "$VALETKEY_TEST_DIR/two.tar"
if [ -e .git ] && need_program git 'the archive'; then
	make -s -C "$VALETKEY_BUILD" list-dist >"$VALETKEY_TEST_DIR/packed"
	git -c safe.directory='*' ls-files >"$VALETKEY_TEST_DIR/known"
	is "$(unpacked)" '' 'the archive has all that git knows'
fi
done_testing
