# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# dev-campaign.sh - ./dev campaign, a part of the script dev: the fault campaign
# of tests/campaign. Its functions need(), step() and tree() are there.

: "${top:=$(pwd)}"

campaign_tree()
{
	tree test --enable-werror && make -s -C build/test check TESTS=
}

# The peer where it can be had: the table says so where it is not there.
campaign_peer()
{
	case " $* " in
	*" peer "*) ;;
	*" --short "* | *" --no-peer "* | *" --only "*) return ;;
	esac
	(need peer) || echo "  without oidc-agent"
}

campaign_help()
{
	cat <<-'END'
	Usage: ./dev campaign [OPTION...]

	Disturbs refreshes by every fault we know and prints one table: what became
	of the grants, of ours and of oidc-agent's. The long run takes most of an
	hour. Ctrl-C prints the table as it is then. Exits with 0 where no grant was
	lost, no refresh done twice, no answer wrong or late.

	  --short      two minutes, without oidc-agent; a late answer is no failure
	  --percent N  N % of the long run's trials (but at least one of each)
	  --no-peer    without oidc-agent
	  --only NAME  this group alone; may be given again: processes steps keyring
	               provider slow tls storm system verbs peer
	  --seed N     other random moments than those of seed 1
	END
}

# Ends with a message where it is none of those above, before anything starts.
campaign_check()
{
	while [ $# -gt 0 ]; do
		case $1,${2-} in
		--short,* | --no-peer,*) ;;
		--percent,[1-9]* | --seed,[0-9]*)
			case $2 in
			*[!0-9]*) die "campaign: $1 takes a number" ;;
			esac
			shift
			;;
		--only,processes | --only,steps | --only,keyring | \
			--only,provider | --only,slow | --only,tls | \
			--only,storm | --only,system | --only,verbs | --only,peer) shift ;;
		*) die "campaign: no such option: $1 ${2-}; see ./dev campaign --help" ;;
		esac
		shift
	done
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
	VALETKEY_SRC=$top VALETKEY_BUILD=$top/build/test \
		PATH=$top/build/test/tests/tree:$PATH \
		exec tests/session sh tests/campaign/run.sh "$@"
}
