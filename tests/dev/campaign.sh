# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# campaign.sh - ./dev campaign, a part of the script dev: the fault campaign
# of tests/campaign. Its functions need(), step(), tree() and strict() are there.

: "${top:=$(pwd)}"

campaign_tree()
{
	strict_tree test && make -s -C build/test check TESTS=
}

# The peer if it can be had: the table says so if it is not there.
campaign_peer()
{
	case " $* " in
	*" peer "*) ;;
	*" --short "* | *" --no-peer "* | *" --only "* | *" --sealed "*) return ;;
	esac
	(need peer) || echo "  without oidc-agent"
}

campaign_help()
{
	cat <<-'END'
	Usage: ./dev campaign [OPTION...]

	Disturbs refreshes by every fault we know, kills the other verbs, and prints
	one table: what became of the grants, of ours and of oidc-agent's, and what
	was left behind. Runs as an ordinary user: started by root, as nobody. The
	long run takes two hours. Ctrl-C prints the table as it is then. Exits with
	0 if no grant was lost, no refresh done twice, no answer wrong or late, and
	nothing left behind.

	  --short      three minutes, without oidc-agent; a late answer is no failure
	  --percent N  N % of the long run's trials (but at least one of each)
	  --no-peer    without oidc-agent
	  --sealed     the accounts are in the sealed store instead of the keyring;
	               without oidc-agent
	  --only NAME  this group alone; may be given again: processes steps keyring
	               sealed provider slow tls storm verbs system peer
	  --seed N     other random moments than those of seed 1
	END
}

# Ends with a message if it is none of those above, before anything starts.
campaign_check()
{
	while [ $# -gt 0 ]; do
		case $1,${2-} in
		--short,* | --no-peer,* | --sealed,*) ;;
		--percent,[1-9]* | --seed,[0-9]*)
			case $2 in
			*[!0-9]*) die "campaign: $1 takes a number" ;;
			esac
			shift
			;;
		--only,processes | --only,steps | --only,keyring | \
			--only,sealed | --only,provider | --only,slow | \
			--only,tls | --only,storm | --only,verbs | \
			--only,system | --only,peer) shift ;;
		*) die "campaign: no such option: $1 ${2-}; see ./dev campaign --help" ;;
		esac
		shift
	done
}

# campaign_user_tree FOLDER: the release there, built by the user "nobody", and a
# file system that can be full, which only root can make.
campaign_user_tree()
{
	release_as_user "$1" && (exec_as_user "$1" sh -c '
		mkdir build disk && cd build && ../configure -q &&
		make -s -j2 && make -s -j2 check TESTS=') || return
	mount -t tmpfs -o "size=1m,mode=700,uid=$(id -u nobody)" tmpfs \
		"$1/disk" || echo "no small file system"
}

# Root has a thousand times as much room for kernel keys as others, and may do
# what they may not.
campaign_as_user()
{
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/valetkey-user.XXXXXX") || return
	trap 'umount "$tmp/disk" 2>/dev/null || :; rm -rf "$tmp"' EXIT
	trap 'exit 130' HUP INT TERM
	step campaign-user "the release, built by nobody" campaign_user_tree "$tmp"
	! mountpoint -q "$tmp/disk" || export VALETKEY_CAMPAIGN_DISK="$tmp/disk"
	# In the background, or a signal to us would wait for its end; and one ends
	# our waiting, not the campaign, which has a table to show.
	exec_as_user "$tmp" TMPDIR=/tmp VALETKEY_SRC="$tmp" \
		VALETKEY_BUILD="$tmp/build" PATH="$tmp/build/tests/tree:$PATH" \
		tests/lib/session sh tests/campaign/run.sh "$@" &
	campaign=$!
	trap 'kill "$campaign"' HUP INT TERM
	status=0
	while kill -0 "$campaign" 2>/dev/null; do
		status=0
		wait "$campaign" || status=$?
	done
	return "$status"
}

do_campaign()
{
	case ${1-} in
	-h | --help)
		campaign_help
		return
		;;
	esac
	campaign_check "$@"
	need build run test
	campaign_peer "$@"
	step campaign "build/test" campaign_tree
	if [ "$(id -u)" -eq 0 ]; then
		campaign_as_user "$@"
		return
	fi
	VALETKEY_SRC=$top VALETKEY_BUILD=$top/build/test \
		PATH=$top/build/test/tests/tree:$PATH \
		exec tests/lib/session sh tests/campaign/run.sh "$@"
}
