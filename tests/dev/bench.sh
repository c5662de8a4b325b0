# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# bench.sh - the verb bench of dev, which sources this: builds and installs
# what is measured, makes git's libsecret helper, and runs tests/bench/bench.sh
# in a private session, as an ordinary user because the kernel's key quota is
# different for root.

# shellcheck disable=SC2154 # top and logs are dev's

bench_folder=build/bench

# The product as it is installed, optimized, and the programs of the benchmark.
bench_tree()
{
	tree bench --prefix="$top/$bench_folder/prefix" CFLAGS='-O2 -g' &&
		make -s -C "$bench_folder" install &&
		make -s -C "$bench_folder" bench-programs || return
	contrib=/usr/share/doc/git/contrib/credential/libsecret
	# shellcheck disable=SC2046 # options
	cc -O2 -w -o "$bench_folder/git-credential-libsecret" \
		"$contrib/git-credential-libsecret.c" \
		$(pkg-config --cflags --libs libsecret-1)
}

# An account that exists (D-Bus insists) and has no keys in the kernel.
bench_user()
{
	for name in games news uucp list irc backup nobody; do
		uid=$(id -u "$name" 2>/dev/null) || continue
		grep -q "^ *$uid:" /proc/key-users 2>/dev/null ||
			break
	done
	echo "$name"
}

bench_as_user()
{
	if [ "$(id -u)" -ne 0 ]; then
		"$@"
		return
	fi
	user=$(bench_user)
	echo "  as $user" >&2
	chown -R "$user" "$results"
	setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
}

bench_report()
{
	(cd "$results" && awk -f "$top/tests/bench/report.awk" \
		-v format="$1" "$top/tests/bench/rows" missing samples)
}

do_bench()
{
	json='' svg='' length=full
	while [ $# -gt 0 ]; do
		case $1 in
		--quick) length=quick ;;
		--json | --svg)
			[ $# -gt 1 ] || die "bench: $1 needs a file"
			if [ "$1" = --json ]; then json=$2; else svg=$2; fi
			shift
			;;
		*) die "bench [--json FILE] [--svg FILE] [--quick]" ;;
		esac
		shift
	done
	need build run bench peer
	step bench "build and install into $bench_folder" bench_tree
	results=$(mktemp -d "${TMPDIR:-/tmp}/valetkey-bench.XXXXXX")
	trap 'rm -rf "$results"' EXIT
	trap 'exit 130' HUP INT TERM
	chmod 755 "$results"
	cp "$bench_folder/git-credential-libsecret" "$results"
	status=0
	bench_as_user env -u XDG_RUNTIME_DIR VALETKEY_SRC="$top" \
		VALETKEY_BUILD="$top/$bench_folder" \
		VALETKEY_PREFIX="$top/$bench_folder/prefix" \
		VALETKEY_LIB="$top/$bench_folder/prefix/lib/libvaletkey.so.1" \
		PATH="$top/$bench_folder/prefix/bin:$PATH" \
		tests/lib/session sh tests/bench/bench.sh "$results" "$length" \
		</dev/null || status=$?
	[ "$status" -eq 0 ] || die "the benchmark did not come to its end"
	bench_report table
	cd "$here" || exit
	[ -z "$json" ] || bench_report json >"$json"
	[ -z "$svg" ] || bench_report svg >"$svg"
}
