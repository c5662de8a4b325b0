# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# package.sh - ./dev package, a part of the script dev: Debian's packages of this
# checkout, committed or not. They are built twice in a bare Debian, and tried in
# another one that has nothing but what they bring. fresh.sh and root.sh make both.

: "${logs:=build/log}"

package_usage="package [--keep] [SUITE[:ARCHITECTURE] [MIRROR]]"

# The archive as it is released, with debian/ beside it. (What make dist packs has the
# commit's date; a package has its changelog's.)
package_source()
{
	strict_tree test && make -s -C build/test dist || return
	archive=$(echo build/test/valetkey-*.tar.xz)
	version=${archive##*/valetkey-}
	version=${version%.tar.xz}
	# shellcheck disable=SC2154 # package_work is set by do_package
	rm -rf "$package_work" && mkdir -p "$package_work/source" &&
		cp "$archive" "$package_work/valetkey_$version.orig.tar.xz" &&
		tar -xf "$archive" -C "$package_work/source" \
			--strip-components=1 --no-same-owner &&
		cp -R debian "$package_work/source/" &&
		sh tests/dev/root.sh enter "$package_root/build" \
			chown -R person: /home/person
}

# package_make: both systems; the second is the first one's copy before it got more.
package_make()
{
	# shellcheck disable=SC2154 # package_root, suite and mirror: do_package
	sh tests/dev/root.sh make "$package_root/use" "$suite" \
		${mirror:+"$mirror"} &&
		fresh_user "$package_root/use" &&
		cp -a "$package_root/use" "$package_root/build"
}

# package_apt SYSTEM ARGUMENT...: apt-get there.
package_apt()
{
	system=$1
	shift
	sh tests/dev/root.sh enter "$package_root/$system" \
		env DEBIAN_FRONTEND=noninteractive apt-get -qq -y "$@"
}

# package_do SYSTEM COMMAND...: there, as the person, where the work is.
package_do()
{
	system=$1
	shift
	# shellcheck disable=SC2034 # for fresh_run
	fresh_home=/home/person
	fresh_run "$package_root/$system" "$@"
}

package_tools()
{
	package_apt build install --no-install-recommends build-essential lintian \
		appstream blhc &&
		package_apt build --no-install-recommends build-dep \
			/home/person/valetkey/source
}

# package_build FOLDER UMASK [VARIABLE=VALUE...]
package_build()
{
	# shellcheck disable=SC2016 # expanded in there
	package_do build sh -c '
		mkdir -p "$1" && cp -a source "$1/valetkey" &&
		cp valetkey_*.orig.tar.xz "$1/" && cd "$1/valetkey" &&
		umask "$2" && shift 2 && env "$@" dpkg-buildpackage -us -uc' \
		sh "$@"
}

# The same again, where nearly all else is different.
package_build_again()
{
	package_build two/with/a/longer/name 027 TZ=Pacific/Kiritimati \
		LC_ALL=C HOME=/nonexistent DEB_BUILD_OPTIONS=parallel=3
}

# Bit for bit, the source too.
package_compare()
(
	cd "$package_work" || exit
	same=0
	for file in one/*.deb one/*.dsc one/*.debian.tar.xz; do
		cmp "$file" "two/with/a/longer/name/${file#one/}" || exit
		same=$((same + 1))
	done
	echo "$same files are the same"
)

# Whether each line of the compiler has what hardening=+all stands for.
package_hardening()
{
	cp "$logs/package-one" "$package_work/build.log" &&
		package_do build blhc --all --debian build.log
}

# Warnings and errors count. (Debian's first upload of a package closes the bug that
# asked for it; nobody has asked yet. Newer versions want the URL of a site in the
# metadata for software centres, and there is none; older ones do not know that tag, and
# refuse it in a file of overrides.)
package_lintian()
{
	# shellcheck disable=SC2016 # expanded in there
	package_do build sh -c '
		tags=initial-upload-closes-no-bugs
		newer=appstream-metadata-validation-failed
		! lintian-explain-tags $newer >/dev/null 2>&1 || tags=$tags,$newer
		lintian -I --fail-on error,warning --suppress-tags $tags \
			one/*.changes'
}

# Who has another keyring gets no gnome-keyring beside it. (Not each of them is in every
# Debian.)
package_keyrings()
{
	tried=0
	for keyring in kwallet6 libkf5wallet-bin keepassxc; do
		brings=$(package_do build sh -c "apt-get -s --install-recommends \
			install $keyring ./one/valetkey_*.deb") || continue
		echo "$brings"
		case $brings in *"Inst gnome-keyring "*) return 1 ;; esac
		tried=$((tried + 1))
	done
	[ "$tried" -ge 2 ]
}

# The packages again, as an earlier version: only that is different.
package_earlier()
{
	# shellcheck disable=SC2016 # expanded in there
	package_do build sh -c '
		mkdir -p old new && cp one/*.deb new/ || exit
		for package in new/*.deb; do
			case $package in *-dbgsym_*) continue ;; esac
			rm -rf unpacked && dpkg-deb -R "$package" unpacked &&
			version=$(dpkg-deb -f "$package" Version) &&
			sed -i "s/\([ (]\)$version\()*\)/\1$version~earlier\2/" \
				unpacked/DEBIAN/control &&
			dpkg-deb --root-owner-group -b unpacked old/ || exit
		done
		rm -rf unpacked'
}

# debian/tests, where the packages are built: they want what a build needs.
package_autopkgtest()
{
	# shellcheck disable=SC2016,SC2086 # expanded in there; a list of words
	wanted=$(sed -n 's/^ \([a-z].*\),$/\1/p' debian/tests/control) &&
		sh tests/dev/root.sh enter "$package_root/build" sh -c \
			'apt-get -qq -y install --no-install-recommends \
			$(find /home/person/valetkey/new -name "*.deb") "$@"' \
			sh $wanted || return
	# shellcheck disable=SC2016 # expanded in there
	package_do build sh -c 'mkdir -p autopkgtest &&
		AUTOPKGTEST_TMP=$PWD/autopkgtest && export AUTOPKGTEST_TMP &&
		cd source && debian/tests/installed && debian/tests/used'
}

# From the first version to the purge, where nothing else is but a desktop's keyring,
# a compiler, shells and the tests' servers.
package_life()
{
	package_apt use install --no-install-recommends bash-completion \
		ca-certificates curl dbus-bin dbus-daemon fish gcc git \
		gnome-keyring libc6-dev lighttpd lighttpd-mod-openssl openssl \
		pkg-config procps python3 systemd util-linux zsh &&
		cp -a "$package_work" "$package_root/use/home/person/" || return
	# shellcheck disable=SC2016 # expanded in there
	package_do use sh -c '
		VALETKEY_SRC=$PWD/source VALETKEY_BUILD=$PWD/autopkgtest \
		VALETKEY_LIB=libvaletkey.so.1 sh source/tests/lib/session \
		sh source/tests/dev/packaged.sh life "$PWD/old" "$PWD/new"'
}

package_keep()
{
	rm -rf "build/package/$package_name" &&
		mkdir -p "build/package/$package_name" &&
		cp "$package_work"/one/*_* "build/package/$package_name/"
}

# What the logs say, for the one who reads no more.
package_table()
{
	printf '\n%s: the packages are in build/package/%s\n' "$suite" \
		"$package_name"
	printf '  %-24s %s\n' \
		'built twice' "$(tail -n 1 "$logs"/package-compare)" \
		lintian "$(grep -c '^[EW]:' "$logs"/package-lintian || :) errors and warnings, \
$(grep -c '^[IN]:' "$logs"/package-lintian || :) remarks" \
		autopkgtest "$(package_count package-autopkgtest)" \
		'used, upgraded, purged' "$(package_count package-life)"
}

# package_count LOG: its results, of TAP and of automake.
package_count()
{
	echo "$(grep -cE '^(ok |PASS: )' "$logs/$1" || :) passed,"\
		"$(grep -cE '^(not ok |FAIL: |ERROR: )' "$logs/$1" || :) failed,"\
		"$(grep -ciE '^(ok .*# SKIP|SKIP: )' "$logs/$1" || :) skipped"
}

do_package()
{
	keep=no suite=bookworm mirror=
	[ "${1-}" != --keep ] || {
		keep=yes
		shift
	}
	case ${1-} in -*) die "$package_usage" ;; esac
	[ $# -le 2 ] || die "$package_usage"
	suite=${1:-$suite} mirror=${2-}
	[ "$(id -u)" -eq 0 ] || die "package must be run by root"
	need build fresh
	package_name=$(echo "$suite" | tr : -)
	# shellcheck disable=SC2154 # top is of the script dev
	package_root=$top/build/fresh/package-$package_name
	package_work=$package_root/build/home/person/valetkey
	if [ "$keep" = no ]; then
		trap 'rm -rf --one-file-system "$package_root"' EXIT
		trap 'exit 130' HUP INT TERM
	fi
	package_steps
}

# Each needs the one before.
package_steps()
{
	if [ ! -e "$package_root/made" ]; then
		step package-systems "two bare systems, $suite" package_make
		: >"$package_root/made"
	fi
	step package-source "the archive, and debian/" package_source
	step package-tools "what a build needs" package_tools
	step package-one "the packages" package_build one 022
	step package-two "and once more" package_build_again
	step package-compare "the same, bit for bit" package_compare
	step package-hardening "blhc" package_hardening
	step package-lintian "lintian" package_lintian
	step package-keyrings "no second keyring" package_keyrings
	step package-earlier "an earlier version" package_earlier
	step package-autopkgtest "debian/tests" package_autopkgtest
	step package-life "used, upgraded, removed, purged" package_life
	step package-keep "build/package/$package_name" package_keep
	package_table
}
