# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# release.sh - ./dev release, a part of the script dev: the archive of the last commit.
# Whoever has the commit and Debian's tools of the same version can pack it again, and
# gets these bytes.

# release_pack FOLDER UMASK [VARIABLE=VALUE...]: from a clone there.
release_pack()
(
	folder=$1
	umask "$2"
	shift 2
	# shellcheck disable=SC2154 # top is of the script dev
	git clone -q "$top" "$folder" && cd "$folder" && autoreconf -fi || exit
	# shellcheck disable=SC2016 # expanded in there
	env "$@" sh -c './configure -q && make -s dist'
)

# What a person, a computer and a day make different.
release_pack_again()
{
	# shellcheck disable=SC2154 # release_work is set by do_release
	release_pack "$release_work/two/with/a/longer/name" 077 \
		TZ=Pacific/Kiritimati LC_ALL=C XZ_OPT=-1 TAR_OPTIONS=--mode=777
}

release_compare()
{
	mkdir -p build/release &&
		cmp "$release_work"/one/valetkey-*.tar.xz \
			"$release_work"/two/with/a/longer/name/valetkey-*.tar.xz &&
		cp "$release_work"/one/valetkey-*.tar.xz build/release/
}

do_release()
{
	[ $# -eq 0 ] || die "release takes no argument"
	[ -e .git ] || die "release needs the repository"
	need build
	command -v git >/dev/null || die "release needs git"
	release_work=$(mktemp -d "${TMPDIR:-/tmp}/valetkey-release.XXXXXX")
	trap 'rm -rf "$release_work"' EXIT
	trap 'exit 130' HUP INT TERM
	rm -rf build/release
	step release-one "the archive" release_pack "$release_work/one" 022
	step release-two "once more, elsewhere" release_pack_again
	step release-compare "the same, bit for bit" release_compare
	(cd build/release && sha256sum -- *)
	git log -1 --format='of %h, %cd: %s'
}
