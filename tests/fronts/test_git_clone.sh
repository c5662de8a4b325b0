#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_git_clone.sh - real clones, fetches and pushes over https, from a smart
# HTTP server that takes the provider's tokens as Bearer, as Basic or as both.
# What only git 2.46 and newer can do is tested where git is.

. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"
# shellcheck source=tests/lib/git.sh
. "$VALETKEY_SRC/tests/lib/git.sh"

NEWEST=2.46 # knows authtype and state

clone()
{
	git clone -q "$@" 2>&1
}

# commit_and_push FOLDER
commit_and_push()
{
	date +%s.%N >"$1/stamp"
	git -C "$1" add stamp &&
		git -C "$1" commit -q -m Stamp &&
		git -C "$1" push -q origin HEAD:main
}

# The refresh that is to come waits for nobody's clock: the token is refused.
serves()
{
	before=$(refreshes)
	ok "$1 only: clone" clone "$GATE_URL/$1/one.git" "$1"
	ok "$1 only: push" commit_and_push "$1"
	is "$(git -C "$1" rev-parse HEAD)" \
		"$(git -C "$GATE_DIR/repos/one.git" rev-parse main)" \
		"$1 only: it arrived"
	is $(($(refreshes) - before)) 0 "$1 only: the token at hand served"
}

schemes()
{
	serves basic
	if git_is_at_least "$NEWEST"; then
		serves bearer
	else
		skip "needs git $NEWEST" 'bearer only'
		like "$(clone "$GATE_URL/bearer/one.git" x)" \
			'Authentication failed|2\.46' \
			'bearer only, and an older git: fails'
	fi
	ok 'both: clone with a submodule' clone --recurse-submodules \
		"$GATE_URL/both/two.git" two
	ok 'both: the submodule is there' cmp two/one/data "$GATE_DIR/tree/data"
	: >"$GATE_DIR/log"
	git -C two fetch -q
	if git_is_at_least "$NEWEST"; then
		is "$(gate_count '^Basic')" 0 'both: Bearer is preferred'
	else
		is "$(gate_count '^Bearer')" 0 'both: an older git takes Basic'
	fi
	ok 'both: push' commit_and_push two
	ok 'a name in the URL: clone' \
		clone "https://jdoe@${GATE_URL#https://}/basic/one.git" named
	ok 'a name in the URL: push' commit_and_push named
	unlike "$(cat "$GIT_CONFIG_GLOBAL" ./*/.git/config)" \
		"$(valetkey token demo)" 'no token is in a configuration'
}

# Twenty at once.
fetch_all()
{
	fetches=
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		git -C "clone$i" fetch -q >"fetch$i" 2>&1 &
		fetches="$fetches $!"
	done
	fetch_failed=0
	for fetch in $fetches; do
		wait "$fetch" || fetch_failed=$((fetch_failed + 1))
	done
	cat fetch*
	[ "$fetch_failed" -eq 0 ]
}

crowd()
{
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		git clone -q two "clone$i" && git -C "clone$i" remote set-url \
			origin "$GATE_URL/both/two.git"
	done
	expire
	refresh_cost 1 '20 fetches at the moment of expiry' fetch_all
	refresh_cost 0 '20 fetches with a good token' fetch_all
	provider_expire
	if git_is_at_least "$NEWEST"; then
		refresh_cost 1 '20 fetches with a token that is refused' \
			fetch_all
	else
		before=$(refreshes)
		like "$(git -C two fetch 2>&1)" 'Authentication failed' \
			'a token that is refused: an older git fails'
		ok 'and the next run succeeds' git -C two fetch -q
		is $(($(refreshes) - before)) 1 'at one refresh'
	fi
}

# The token's end comes between two requests of one clone.
mid_clone()
{
	before=$(refreshes)
	echo 5 >"$GATE_DIR/slow"
	: >"$GATE_DIR/log"
	if git_is_at_least "$NEWEST"; then
		ok 'a token ends in the middle of a clone: asked again' \
			clone "$GATE_URL/both/one.git" middle
		ok 'it did' [ "$(gate_count '^invalid 401 POST')" -gt 0 ]
	else
		like "$(clone "$GATE_URL/both/one.git" middle)" \
			'Authentication failed|HTTP 401|error: 401' \
			'a token ends in the middle of a clone: it fails'
		ok 'for that reason' \
			[ "$(gate_count '^invalid 401 POST')" -gt 0 ]
		ok 'cleanly' [ ! -e middle ]
		ok 'and the next succeeds' clone "$GATE_URL/both/one.git" middle
	fi
	tap_note "$(($(refreshes) - before)) refreshes"
}

need_programs lighttpd openssl
cd "$VALETKEY_TEST_DIR" && gate_prepare && provider_start || exit
ok 'an account' demo_account demo web --host "$GATE_URL"
ok 'logs in' demo_login demo
ok 'the server starts' gate_start
schemes
crowd
provider_stop
provider_start --access-lifetime 4
ok 'logs in where tokens live for 4 seconds' demo_login demo
mid_clone
gate_stop
remove_accounts demo
done_testing
