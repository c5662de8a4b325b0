# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# far.sh - the rows of an account whose login another machine keeps, behind a real
# sshd on this computer. Sourced by bench.sh.

# shellcheck source=tests/ops/share.sh
. "$VALETKEY_SRC/tests/ops/share.sh"
# shellcheck source=tests/ops/sshd.sh
. "$VALETKEY_SRC/tests/ops/sshd.sh"

# The other machine's environment is that of all its processes; so the same at home
# is measured after it, not between.
run_far_row()
{
	# shellcheck disable=SC2154 # of bench.sh
	far "$bench/alternate" "$rounds" "$PWD/list" 2>failures | row "$1"
	sed -n 's/ fails: .*//p' failures | while read -r name; do
		missing "$1" "$name" "it prints no token"
	done
}

far_rows()
{
	[ -x "$SSHD" ] && command -v systemd-socket-activate >/dev/null || return
	share_mark demo
	serve "$HOME_SOCKET" && sshd_start && link_start &&
		far valetkey add demo --far >/dev/null 2>&1 || return
	far valetkey token demo >/dev/null
	competitors
	idler true
	competitor valetkey - - "valetkey token demo"
	run_far_row far
	competitors
	competitor valetkey "$VALETKEY_BUILD/tests/lib/forget valetkey:$(far_id)" \
		- "valetkey token demo"
	run_far_row far-miss
	competitors
	competitor home \
		"$VALETKEY_BUILD/tests/lib/forget valetkey:$(account_id demo)" \
		- "valetkey token demo"
	run_row far-miss
	link_end
	sshd_stop
	serve_stop
	:
}
