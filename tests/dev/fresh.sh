#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fresh.sh - ./dev fresh: the files of this checkout, committed or not, in
# a bare Debian 12 that has nothing else; there ./dev try and ./dev test. Needs
# root and debootstrap.
#
# All mounts are in a namespace of their own and go with it, and the processes
# too, however this ends.

set -eu
suite=bookworm
root=$(pwd)/build/fresh
log=build/log/debootstrap

# Where this machine gets its Debian from.
mirror()
{
	# shellcheck disable=SC2016 # apt-get's own variables
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 2>/dev/null |
		sort -u | sed -n "s/ $suite main\$//p" | head -n 1
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
	echo "deb $1 $suite main" >"$root/etc/apt/sources.list"
}

# What git knows or would take, as it is in the working tree.
copy_checkout()
{
	mkdir -p "$root/root/valetkey"
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard
	else
		find . -name .git -prune -o -path ./build -prune -o \
			-type f -print
	fi | while read -r file; do
		[ ! -e "$file" ] || echo "$file"
	done | tar -cf - -T - | tar -xf - -C "$root/root/valetkey"
}

make_root()
{
	from=$(mirror)
	[ -n "$from" ] || {
		echo "apt has no source for Debian $suite here" >&2
		return 1
	}
	rm -rf --one-file-system "$root"
	mkdir -p "$root" build/log
	debootstrap --variant=minbase "$suite" "$root" "$from" >"$log" 2>&1 || {
		tail "$log"
		return 1
	}
	copy_network "$from"
	copy_checkout
}

# In the namespace: the file systems that every Debian has, then the work.
inside()
{
	mount -t proc proc "$root/proc"
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
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		TERM="${TERM:-dumb}" LANG=C.UTF-8 NO_COLOR="${NO_COLOR-}" \
		sh -c 'cd /root/valetkey && ./dev try && ./dev test'
}

if [ "${1-}" = inside ]; then
	inside
	exit
fi

trap 'rm -rf --one-file-system "$root"' EXIT
trap 'exit 130' HUP INT TERM
began=$(date +%s)
printf '==> debootstrap --variant=minbase %s ... ' "$suite"
make_root
echo "$(($(date +%s) - began)) s"
unshare --mount --propagation private --pid --fork --kill-child \
	sh "$0" inside
