#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_git_setup.sh - valetkey git-setup: the lines that it shows are those that
# it makes, git then asks us first, and other helpers in the chain are told of.

. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/git.sh
. "$VALETKEY_SRC/tests/lib/git.sh"

ONE=https://git.example.com
TWO=https://git2.example.com:8443

config()
{
	git config --global "$@"
}

setup()
{
	valetkey git-setup "$@" 2>&1
}

# Who is asked for a host: a helper that only notes it was.
asked()
{
	rm -f asked
	printf '%s\n' "url=$1" | git credential fill 2>/dev/null |
		sed -n 's/^password=//p'
	[ ! -e asked ] || cat asked
}

cd "$VALETKEY_TEST_DIR" && provider_start || exit
ok 'an account' demo_account demo web --host "$ONE" --host "$TWO"
ok 'logs in' demo_login demo
token=$(valetkey token demo)
rm "$GIT_CONFIG_GLOBAL"

shown=$(valetkey git-setup demo 2>/dev/null)
like "$shown" "^git config --global --add credential.$ONE.helper valetkey\$" \
	'shows a line for a host'
like "$shown" "^git config --global --add credential.$TWO.helper valetkey\$" \
	'and for the other'
ok 'and changes nothing' [ ! -e "$GIT_CONFIG_GLOBAL" ]
eval "$shown"
cp "$GIT_CONFIG_GLOBAL" by-hand
rm "$GIT_CONFIG_GLOBAL"
applied=$(setup demo --apply)
like "$applied" "git now asks valetkey for $ONE\\. To undo that, run: git " \
	'--apply says what it did'
ok 'makes just these lines' cmp "$GIT_CONFIG_GLOBAL" by-hand
is "$(asked $ONE/a.git)" "$token" 'git has the token'
is "$(asked $TWO)" "$token" 'for both'
is "$(asked https://other.example.com)" '' 'not for a third'
like "$(setup demo --apply)" "git already asks valetkey for $TWO" 'once more'
ok 'adds nothing' cmp "$GIT_CONFIG_GLOBAL" by-hand
like "$(setup demo)" "git already asks valetkey for $TWO" 'shown once more'
unlike "$(setup demo)" '--apply' '--apply would do nothing'
config --add "credential.$ONE.helper" theirs
eval "$(printf '%s\n' "$applied" | sed -n 's/.*To undo that, run: //p')"
is "$(config --get-regexp '^credential')" "credential.$ONE.helper theirs" \
	'what it says takes it back, and no more'

# ---- remove takes it back ----

rm "$GIT_CONFIG_GLOBAL"
ok 'an account by a name with a dot' demo_account a.b web --host "$ONE"
ok 'a set-up of it, beside the first' setup a.b --apply
ok 'and of the first' setup demo --apply
config --add "credential.$ONE.helper" theirs
config --add "credential.$ONE.username" axb
removed=$(valetkey remove a.b --yes 2>&1)
like "$removed" "^Removed from git's configuration: credential.$ONE.username\$" \
	'remove takes its lines back and says so'
unlike "$removed" "credential.$ONE.helper" 'but not what another account needs'
is "$(config --get-all "credential.$ONE.username" | tr '\n' '|')" 'demo|axb|' \
	'nor the names of others'
is "$(asked $ONE)" "$token" 'git still has the token of the other account'
ok 'the first one again, after it' demo_account spare web --host "$TWO"
removed=$(valetkey remove spare --yes 2>&1)
unlike "$removed" "credential.$TWO.helper" 'one that was not set up has none'
removed=$(valetkey remove demo --yes 2>&1)
like "$removed" "^Removed from git's configuration: credential.$ONE.helper\$" \
	'the last one takes the helper'
is "$(config --get-regexp '^credential' | tr '\n' '|')" \
	"credential.$ONE.helper theirs|credential.$ONE.username axb|" \
	'and what is of others stays'
ok 'an account again' demo_account demo web --host "$ONE" --host "$TWO"
ok 'that logs in' demo_login demo
token=$(valetkey token demo)

rm "$GIT_CONFIG_GLOBAL"
# shellcheck disable=SC2016 # for git's shell
config credential.helper '!f() { echo "$1" >>asked; }; f'
like "$(setup demo)" 'asks the helper.*first.*shadows' \
	'a helper that is asked first is told of'
unlike "$(setup demo --apply)" Warning 'and no more when it is set up'
is "$(asked $ONE)" "$token" 'it is not asked, and not told'
like "$(asked https://other.example.com)" get 'but for others'
printf '[credential]\n\thelper = store\n' >>"$GIT_CONFIG_GLOBAL"
like "$(setup demo)" 'gives the helper "store" each of our tokens' \
	'a helper that would keep our tokens'

rm "$GIT_CONFIG_GLOBAL"
config credential.helper libsecret
ok 'for everything' setup --apply
is "$(config --get-all credential.helper | tr '\n' '|')" \
	'libsecret||valetkey|' 'behind a new beginning; the old is still there'
is "$(asked $ONE)" "$token" 'tokens'
printf 'url=https://other.example.com\nusername=u\npassword=p\n' |
	git credential approve
is "$(asked https://other.example.com)" p 'and passwords'

sed "s/^id=.*/id=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')/" \
	"$XDG_CONFIG_HOME/valetkey/demo.conf" >twin.conf
cp -p twin.conf "$XDG_CONFIG_HOME/valetkey/twin.conf"
like "$(setup demo)" "credential.$ONE.username demo" \
	'two accounts of one host: which one'
like "$(setup demo --apply)" "unset-all credential.$ONE.username '\^demo\\$'\$" \
	'set up, and how to take it back'
is "$(asked $ONE)" "$token" 'is clear'
like "$(setup demo --apply)" 'already' 'and again: nothing is left to do'
is "$(git config --global --get-all "credential.$ONE.username")" demo \
	'and nothing is there twice'
exits 20 'no such account' valetkey git-setup none
rm "$XDG_CONFIG_HOME/valetkey/twin.conf"
valetkey remove demo --yes >/dev/null 2>&1
done_testing
