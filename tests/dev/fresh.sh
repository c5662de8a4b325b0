# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# fresh.sh - ./dev fresh, a part of the script dev: the files of this checkout,
# committed or not, in a bare Debian that has nothing else; there ./dev try and ./dev
# test, or another command. The Debian is made by root.sh.

fresh_usage="fresh [--user] [--keep] [SUITE[:ARCHITECTURE] [MIRROR]] [-- COMMAND...]"

# What git knows or would take, as it is in the working tree.
fresh_copy()
{
	mkdir -p "$1"
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard
	else
		find . -name .git -prune -o -path ./build -prune -o \
			-type f -print
	fi | while read -r file; do
		[ ! -e "$file" ] || echo "$file"
	done | tar -cf - -T - | tar -xf - --no-same-owner -C "$1"
}

# In there, a person with sudo, as Debian's installer makes one.
fresh_user()
{
	# shellcheck disable=SC2016 # expanded in there
	sh tests/dev/root.sh enter "$1" sh -c '
		id person >/dev/null 2>&1 || useradd -m -s /bin/sh person
		apt-get -qq update && apt-get -qq -y install sudo &&
		echo "person ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/person &&
		chown -R person: /home/person'
}

# fresh_run ROOT COMMAND...: where the checkout is, as whoever is to.
fresh_run()
{
	fresh_root=$1
	shift
	if [ "$fresh_home" = /root ]; then
		sh tests/dev/root.sh enter "$fresh_root" env -C /root/valetkey "$@"
	else
		sh tests/dev/root.sh enter "$fresh_root" setpriv --reuid=person \
			--regid=person --init-groups env -C /home/person/valetkey \
			HOME=/home/person USER=person LOGNAME=person "$@"
	fi
}

do_fresh()
{
	fresh_home=/root keep=no suite=bookworm mirror=
	while :; do
		case ${1-} in
		--user) fresh_home=/home/person ;;
		--keep) keep=yes ;;
		*) break ;;
		esac
		shift
	done
	case ${1---} in
	--) ;;
	-*) die "$fresh_usage" ;;
	*)
		suite=$1
		shift
		[ "${1---}" = -- ] || {
			mirror=$1
			shift
		}
		;;
	esac
	[ "${1---}" = -- ] || die "$fresh_usage"
	[ $# -eq 0 ] || shift
	[ $# -gt 0 ] || set -- sh -c './dev try && ./dev test'
	[ "$(id -u)" -eq 0 ] || die "fresh must be run by root"
	need fresh
	# shellcheck disable=SC2154 # top is of the script dev
	fresh_in "$top/build/fresh/$(echo "$suite" | tr : -)" "$@"
}

# fresh_in ROOT COMMAND...
fresh_in()
{
	root=$1
	shift
	if [ "$keep" = no ]; then
		trap 'rm -rf --one-file-system "$root"' EXIT
		trap 'exit 130' HUP INT TERM
	fi
	if [ ! -e "$root/made" ]; then
		step debootstrap "a bare $suite" \
			sh tests/dev/root.sh make "$root" "$suite" ${mirror:+"$mirror"}
		: >"$root/made"
	fi
	fresh_copy "$root$fresh_home/valetkey"
	[ "$fresh_home" = /root ] ||
		step user "a person with sudo" fresh_user "$root"
	fresh_run "$root" "$@"
}
