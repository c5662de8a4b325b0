#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_refused_tokens.sh - servers that refuse every new token: after three of them
# within a minute no more are asked for, and each front says why.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"
# shellcheck source=tests/lib/git.sh
. "$VALETKEY_SRC/tests/lib/git.sh"

DENIED=41
WHY='refused 3 new access tokens of account demo'

key()
{
	sed -n "s/^$1=//p"
}

# start NAME: a server that refuses.
start()
{
	setpriv --pdeathsig KILL python3 "$VALETKEY_SRC/tests/lib/refuser.py" \
		"$VALETKEY_TEST_DIR/$1" </dev/null >/dev/null 2>&1 &
	wait_until [ -s "$VALETKEY_TEST_DIR/$1" ]
}

# of URL: git's words for it.
of()
{
	printf 'protocol=%s\nhost=%s\n' "${1%%:*}" "${1#*://}"
}

# As git does with a password that is refused.
git_is_refused()
{
	helper erase "$(of "$1")" username=oauth2 \
		"password=$(helper get "$(of "$1")" 2>/dev/null | key password)"
}

# A login.
begin_anew()
{
	demo_login demo >/dev/null 2>&1
	before=$(refreshes)
}

says_why()
{
	like "$1" "$WHY.*[0-9]+ s, or after: valetkey login demo" "$2"
}

# ---- the fronts ----

by_git()
{
	begin_anew
	for _ in 1 2 3; do
		git_is_refused "$HERE"
	done
	says_why "$(helper get "$(of "$HERE")" 2>&1)" \
		'git: after three fresh tokens it says why'
	is "$(helper get "$(of "$HERE")" 2>/dev/null)" quit=1 'git: and git quits'
	like "$(fill "$(of "$HERE")")" 'told us to quit' 'git: so it does'
	is $(($(refreshes) - before)) 2 'git: the login, and two refreshes'
	like "$(helper get "$(of "$THERE")" | key password)" . \
		'git: another server of the account gets one'
	is $(($(refreshes) - before)) 3 'git: by one more refresh'
	says_why "$(git_is_refused "$HERE" && helper get "$(of "$HERE")" 2>&1)" \
		'git: which is not given to the first one for long'
	echo 'cache=none' >>"$CONF"
	is "$(helper get "$(of "$HERE")" 2>&1 | grep -c "$WHY")" 1 \
		'git: it is said once, without a cache as well'
	is $(($(refreshes) - before)) 3 'git: nor is one asked for there'
	sed -i '/^cache=none/d' "$CONF"
}

refuse_by_curl()
{
	valetkey curl demo -- -sS -o /dev/null "$HERE/x" 2>&1
}

by_curl()
{
	begin_anew
	like "$(refuse_by_curl)" 'invalidated' 'valetkey curl: a 401'
	refuse_by_curl >/dev/null
	refuse_by_curl >/dev/null
	says_why "$(refuse_by_curl)" 'valetkey curl: the fourth time says why'
	exits "$DENIED" 'valetkey curl: its status' refuse_by_curl
	is $(($(refreshes) - before)) 2 'valetkey curl: two refreshes'
	says_why "$(valetkey token demo --resource "$HERE" 2>&1)" \
		'valetkey token for that server too'
	ok 'valetkey token for another one' valetkey token demo \
		--resource "$THERE"
	like "$(valetkey curl demo -- -sS -w '%{http_code}' "$THERE/fine")" \
		'^200$' 'and valetkey curl'
	is $(($(refreshes) - before)) 3 'by one more refresh'
}

# A host that says for which server, and one that does not.
by_plugin()
{
	begin_anew
	for _ in 1 2 3; do
		ask -a demo -r "$HERE" -R
	done
	says_why "$(ask -a demo -r "$HERE" 2>&1)" \
		'a host that names the server: told why'
	for _ in 1 2 3; do
		ask -a demo -R
	done
	says_why "$(ask -a demo 2>&1)" 'a host that does not: too'
	is $(($(refreshes) - before)) 5 'a host: two refreshes, and three'
	exits "$DENIED" 'who knows of no server stops for all' \
		ask -a demo -r "$THERE"
	begin_anew
	ok 'after a login all is well' ask -a demo -r "$HERE"
	is $(($(refreshes) - before)) 0 'with its token'
}

# ---- what does not count ----

# make_old SECONDS: the token was issued that long ago.
make_old()
{
	id=$(account_id demo)
	"$VALETKEY_BUILD/tests/lib/keyring" dump grant "$id" | awk -F= -v s="$1" '
		$1 == "issued_at" { $0 = $1 "=" $2 - s }
		$1 == "issued_clock" { $0 = $1 "=" $2 - s * 1000 }
		{ print }' >aged
	"$VALETKEY_BUILD/tests/lib/keyring" replace grant "$id" <aged
	rm aged
}

old_tokens()
{
	begin_anew
	for _ in 1 2 3 4 5; do
		valetkey token demo >/dev/null
		make_old 61
		git_is_refused "$HERE"
	done
	ok 'tokens that were good for a minute do not count' valetkey token demo
	is $(($(refreshes) - before)) 5 'five of them, five refreshes'
	begin_anew
	for _ in 1 2 3; do
		helper erase "$(of "$HERE")" username=oauth2 password=other
	done
	ok 'nor do other ones' valetkey token demo
}

# The lock's file as it will be in a minute.
minute_later()
{
	begin_anew
	for _ in 1 2 3; do
		git_is_refused "$HERE"
	done
	lock=$(dirname "$CONF")/.$(account_id demo).lock
	awk -F'[= ]' '/^refused/ { print $1 "=" $2, $3 - 61000, $4; next }
		{ print }' "$lock" >later && cat later >"$lock"
	ok 'a minute later it is tried again' helper get "$(of "$HERE")"
	is $(($(refreshes) - before)) 3 'with one refresh'
}

# ---- git-lfs ----

lfs()
{
	if ! command -v git-lfs >/dev/null; then
		skip 'git-lfs is not here' 'git-lfs'
		return
	fi
	git init -q lfs && cd lfs || return
	echo '*.bin filter=lfs diff=lfs merge=lfs -text' >.gitattributes
	printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 3\n' \
		7 >x.bin
	git add . && git commit -q -m 'A pointer'
	git lfs install --local >/dev/null
	git remote add origin "$HERE/r.git"
	git config lfs.url "$HERE/r.git/info/lfs"
	begin_anew
	timeout 20 git lfs pull >out 2>&1
	lfs_status=$?
	ok 'git-lfs ends' [ "$lfs_status" -ne 124 ]
	cat .git/lfs/logs/* 2>/dev/null | head -40; cat out >&2;
	# git-lfs 3.8 counts the attempts itself, and may end before we say no.
	like "$(cat out)" "$WHY|too many authentication attempts" \
		'git-lfs: and shows why'
	is $(($(refreshes) - before)) 2 'git-lfs: after two refreshes'
	cd ..
}

cd "$VALETKEY_TEST_DIR" && provider_start || exit
start here && start there || exit
HERE=$(cat here) THERE=$(cat there)
ok 'an account' demo_account demo web --host "$HERE" --host "$THERE"
CONF=$XDG_CONFIG_HOME/valetkey/demo.conf
by_git
by_curl
by_plugin
old_tokens
minute_later
lfs
remove_accounts demo
done_testing
