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

do_campaign()
{
	need build run test
	campaign_peer "$@"
	step campaign "build/test" campaign_tree
	VALETKEY_SRC=$top VALETKEY_BUILD=$top/build/test \
		PATH=$top/build/test/tests/tree:$PATH \
		exec tests/session sh tests/campaign/run.sh "$@"
}
