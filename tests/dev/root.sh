#!/bin/sh
# SPDX-License-Identifier: MIT
#
# root.sh - a bare Debian in a folder, for ./dev fresh and ./dev package. Needs root
# and debootstrap.
#
#	root.sh make FOLDER SUITE[:ARCHITECTURE] [MIRROR]
#	root.sh enter FOLDER COMMAND [ARGUMENT...]
#
# COMMAND runs there as root, in /. All mounts are in a namespace of its own and go
# with it, and its processes too, however it ends.

set -eu

# Where this machine gets its Debian from: this suite, or any.
find_mirror()
{
	# shellcheck disable=SC2016 # apt-get's own variables
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 2>/dev/null | sort -u |
		awk -v suite="$1" -v own="$(
			. /etc/os-release && echo "${VERSION_CODENAME-sid}")" '
			$3 != "main" { next }
			$2 == suite && !exact { exact = $1 }
			$2 == own && !any { any = $1 }
			END { print exact ? exact : any }'
}

# What lets this machine reach it: name service, proxies, certificates.
copy_network()
{
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
	for path in apt/apt.conf apt/auth.conf apt/auth.conf.d \
		ssl/certs/ca-certificates.crt; do
		[ -e "/etc/$path" ] || continue
		mkdir -p "$root/etc/$(dirname "$path")"
		cp -rL "/etc/$path" "$root/etc/$(dirname "$path")/"
	done
	apt-config dump 'Acquire' | grep -iE '(proxy|check-)' \
		>"$root/etc/apt/apt.conf.d/80host" || :
	if [ -d /usr/local/share/ca-certificates ]; then
		mkdir -p "$root/usr/local/share"
		cp -rL /usr/local/share/ca-certificates "$root/usr/local/share/"
	fi
}

root_make()
{
	root=$1 suite=${2%:*} architecture=$(dpkg --print-architecture)
	[ "$suite" = "$2" ] || architecture=${2#*:}
	mirror=${3-}
	[ -n "$mirror" ] || mirror=$(find_mirror "$suite")
	[ -n "$mirror" ] || {
		echo "apt has no source of Debian here; name a mirror" >&2
		return 1
	}
	rm -rf --one-file-system "$root"
	mkdir -p "$root"
	debootstrap --variant=minbase --arch="$architecture" "$suite" "$root" \
		"$mirror"
	copy_network
	echo "deb $mirror $suite main" >"$root/etc/apt/sources.list"
}

# In the namespace: the file systems that every Debian has, then the work.
root_inside()
{
	root=$1
	shift
	mount --bind "$root" "$root" # what is no mount cannot be / of unshare(1)
	mount -t proc proc "$root/proc"
	mount -t sysfs -o ro sysfs "$root/sys" 2>/dev/null ||
		mount --rbind /sys "$root/sys"
	mount -t tmpfs -o mode=755 dev "$root/dev"
	for device in null zero full random urandom tty; do
		: >"$root/dev/$device"
		mount --bind "/dev/$device" "$root/dev/$device"
	done
	mkdir "$root/dev/pts" "$root/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts \
		"$root/dev/pts"
	mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
	ln -s pts/ptmx "$root/dev/ptmx"
	ln -s /proc/self/fd "$root/dev/fd"
	# A 32-bit system is told that the machine is one.
	set -- chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 \
		NO_COLOR="${NO_COLOR-}" "$@"
	[ "$(cat "$root/var/lib/dpkg/arch" 2>/dev/null ||
		chroot "$root" dpkg --print-architecture)" != i386 ] ||
		set -- setarch i386 "$@"
	exec "$@"
}

root_enter()
{
	exec unshare --mount --propagation private --pid --fork --kill-child \
		sh "$0" inside "$@"
}

what=$1
shift
"root_$what" "$@"
