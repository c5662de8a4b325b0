#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_status.sh - `valetkey status` on terminals of 80 and 40 columns, with colour
# and without it: the table of all accounts, one in full. What programs and pipes
# see is in test_command.sh, what is told of a login's end in grant/test_lifetime.sh.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

KEYRING=$VALETKEY_BUILD/tests/lib/keyring

# at COLUMNS COMMAND...: on a terminal that wide; $plain is $text without colours.
at()
{
	at_columns=$1
	shift
	# shellcheck disable=SC2016 # the shell on the terminal
	terminal sh -c 'stty cols "$0" && exec "$@"' "$at_columns" "$@" \
		</dev/null
	plain=$(printf '%s\n' "$text" | sed "s/$ESCAPE\[[0-9;]*m//g")
}

# fits COLUMNS DESCRIPTION: no line is as wide as the terminal.
fits()
{
	is "$(printf '%s\n' "$plain" | LC_ALL=C.UTF-8 awk -v most="$1" \
		'length($0) >= most')" '' "$2: every line fits"
}

# The columns' titles that are shown.
titles()
{
	printf '%s\n' "$plain" | sed -n '1s/  */ /gp'
}

# learned ACCOUNT DAYS: an earlier login of it has ended after so many days.
learned()
{
	lock=$CONFIG/.$(sed -n 's/^id=//p' "$CONFIG/$1.conf").lock
	sed '/^$/d' "$lock" >"$VALETKEY_TEST_DIR/lock"
	echo "kept.idle.died=$(($2 * 86400))" >>"$VALETKEY_TEST_DIR/lock"
	echo >>"$VALETKEY_TEST_DIR/lock"
	cat "$VALETKEY_TEST_DIR/lock" >"$lock"
}

# identity ACCOUNT NAME: who logged in.
identity()
{
	id=$(sed -n 's/^id=//p' "$CONFIG/$1.conf")
	"$KEYRING" dump grant "$id" |
		sed "s/^identity=.*//; 1i identity=$2" | sed '/^$/d' \
			>"$VALETKEY_TEST_DIR/grant"
	"$KEYRING" replace grant "$id" <"$VALETKEY_TEST_DIR/grant"
}

test_wide()
{
	day=$(date -d '+30 days' +%Y-%m-%d)
	at 80 valetkey status
	is "$status" 0 'the table, at 80 columns'
	fits 80 'at 80 columns'
	like "$(titles)" '^ACCOUNT PROVIDER LOGGED IN AS TOKEN DIES ON STATE$' \
		'its titles'
	like "$plain" \
		"^work +NinjaOne +somebody\.with\..*\.\. +9 h +$day\? +ready\$" \
		'an account that works: who is cut, the end is marked'
	like "$plain" '^fresh +NinjaOne +- +needs login$' 'one without a login'
	like "$plain" '^robot +NinjaOne +9 h +ready$' \
		'one that nobody logs in to'
	like "$plain" '^fresh: .*valetkey login fresh$' 'what is to be done'
	# Other tests of this user may have the kernel's room, which is told.
	unlike "$(printf '%s\n' "$plain" | grep -v ': The kernel has no room')" \
		'^(work|robot):' 'and nothing for who is well'
	like "$plain" '^\? learned: an earlier login ended so$' 'the mark'
	unlike "$plain" '^\* ' 'and no other mark'
}

test_narrow()
{
	at 40 valetkey status
	fits 40 'at 40 columns'
	like "$(titles)" '^ACCOUNT DIES ON STATE$' \
		'at 40 columns the end and the state are left'
	like "$plain" '^fresh: Not logged in\.' 'what is to be done'
	like "$plain" '^ *valetkey login fresh$|Run: valetkey login fresh$' \
		'the command is not broken'
	at 10 valetkey status
	like "$(titles)" '^ACCOUNT STATE$' 'at 10 columns no more is left than this'
}

test_colour()
{
	at 80 valetkey status
	like "$text" "$ESCAPE\[32mready$ESCAPE\[0m" 'ready is green'
	like "$text" "$ESCAPE\[33mneeds login$ESCAPE\[0m" 'a login is yellow'
	coloured=$plain
	at 80 env NO_COLOR=1 valetkey status
	unlike "$text" "$ESCAPE" 'NO_COLOR'
	is "$text" "$coloured" 'the same words without colour'
	at 80 env TERM=dumb valetkey status
	unlike "$text" "$ESCAPE" 'a terminal without colour'
	at 80 env NO_COLOR=1 valetkey status work
	unlike "$text" "$ESCAPE" 'NO_COLOR, one account'
}

test_soon()
{
	learned soon 2
	at 80 valetkey status
	like "$text" "$ESCAPE\[33m$(date -d '+2 days' +%Y-%m-%d)\?" \
		'an end within three days is yellow'
}

test_full()
{
	at 80 valetkey status work
	is "$status" 0 'one account'
	fits 80 'one account'
	like "$plain" '^work: ready$' 'its state'
	like "$plain" '^  access token +=+-*  good for ' 'the bar, and in words'
	is "$(printf '%s\n' "$plain" | sed -n \
		's/^  access token *\([=-]*\) .*/\1/p' | tr -d '\n' | wc -c)" 19 \
		'the bar is a quarter of the line'
	like "$plain" '^  logged in as +somebody\.with\.a\.name@example\.com$' 'who'
	like "$plain" '^  dies on +.*\(learned: an earlier login ended so\)$' \
		'its end'
	identity work somebody@example.com
	at 40 valetkey status work
	fits 40 'one account at 40 columns'
	like "$plain" '^  dies on +....-..-.., in' 'its end at 40 columns'
	id=$(sed -n 's/^id=//p' "$CONFIG/work.conf")
	"$KEYRING" dump grant "$id" | sed -e '/^boot=/d' \
		-e "s/^issued_at=.*/issued_at=$(($(date +%s) - 18000))/" \
		>"$VALETKEY_TEST_DIR/grant"
	"$KEYRING" replace grant "$id" <"$VALETKEY_TEST_DIR/grant"
	at 80 valetkey status work
	like "$plain" '^  access token +={9,10}-{9,10}  good for [45] hours' \
		'half of its life is half of the bar'
	run valetkey status work
	unlike "$text" '==|--  ' 'no bar in a pipe'
	like "$text" '^  access token +good for [45] hours' 'but words'
}

test_names()
{
	identity work "$(printf 'J\303\266rg \342\200\256\302\23331m %040d' 0)"
	at 80 valetkey status
	fits 80 'a long name'
	like "$plain" "^work +NinjaOne +J$(printf '\303\266')rg \?+31m 0+\.\. " \
		'it is cut between characters, and can turn and colour nothing'
}

test_pipe()
{
	run valetkey status
	like "$text" '^work: ready$' 'a pipe has the accounts in full'
	unlike "$text" 'ACCOUNT +PROVIDER' 'and no table'
	at 80 sh -c 'valetkey status | cat'
	unlike "$text" 'ACCOUNT +PROVIDER' 'a pipe at a terminal neither'
}

# A locked keyring hides what is in it, not what is cached.
test_locked()
{
	valetkey token work >/dev/null
	"$KEYRING" lock
	said 0 'access token +good for 9 hours' 'a locked keyring, a cached token' \
		valetkey status work
	like "$text" '^work: ready$' 'is ready'
	like "$text" '^  note +The keyring is locked.* it is given\.$' 'and why not all'
	like "$(valetkey status work --json)" \
		'"state":"ok","state_text":"The keyring is locked.*"expires_in":' \
		'for programs too'
	said 23 '^fresh: cannot be used$' 'without a cached token' \
		valetkey status fresh
	unlike "$text" 'is given' 'nothing is promised'
	"$KEYRING" unlock
}

# What the provider does not tell is not passed over.
test_unknown()
{
	provider_stop
	provider_start --omit expires_in
	{ demo_account mute && demo_login mute; } >/dev/null 2>&1
	run valetkey status mute
	like "$text" '^  access token +good, for how long' 'a token of unknown life'
	like "$text" '^  dies on +not known: ' 'a login of unknown life'
}

provider_start --access-lifetime 36000
{
	demo_account work && demo_login work
	demo_account fresh
	demo_account robot api-services && valetkey token robot
	demo_account soon && demo_login soon
} >/dev/null 2>&1 || exit 1
learned work 30
identity work somebody.with.a.name@example.com
sleep 1 # all have nine hours left, and some seconds less than ten

test_wide
test_narrow
test_colour
test_soon
test_full
test_names
test_pipe
test_locked
test_unknown
remove work fresh robot soon mute
done_testing
