#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_tutorials.sh - does what tutorials/ tells, as it is written there: files are made
# of their blocks, commands are run one after the other. Only the servers' addresses are
# the test provider's.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

# block LANGUAGE NUMBER: that one of the tutorial's blocks.
block()
{
	awk -v fence="\`\`\`$1" -v number="$2" '
		$0 == "```" { on = 0 }
		on { print }
		$0 == fence && ++n == number { on = 1 }' "$TUTORIAL" |
		sed "s|https://app\.ninjarmm\.com|$PROVIDER_URL|g
			s|https://acme\.example|$PROVIDER_URL|g
			s|~/\.config|$XDG_CONFIG_HOME|g"
}

# does NUMBER PATTERN: the block of commands succeeds, and its output is so.
does()
{
	block sh "$1" >commands
	commands=$(tr '\n' ';' <commands)
	like "$commands" . "there is a block $1"
	text=$(sh -e ./commands </dev/null 2>&1)
	is "$?" 0 "$commands" || tap_note "$text"
	like "$text" "$2" 'and says what it should'
}

# begin NAME: that tutorial, in a folder of its own.
begin()
{
	TUTORIAL=$VALETKEY_SRC/tutorials/$1.md
	mkdir "$VALETKEY_TEST_DIR/$1" && cd "$VALETKEY_TEST_DIR/$1" || exit
}

# (A sanitizer's library must be loaded first of all.)
can_load()
{
	! grep -q __.san_init "$VALETKEY_LIB"
}

test_report()
{
	begin ninjaone-report
	block sh 1 >commands
	terminal sh ./commands <<-END
	expect own host
	send demo
	expect Number [1]
	send 2
	expect [monitoring]
	send
	expect Client ID
	send native-client
	END
	is "$status" 0 "$(cat commands)" || tap_note "$text"
	does 2 'work is logged in'
	does 3 'Alder & Sons Joinery'
	block python 1 >report.py
	if can_load && python3 -c 'import requests' 2>/dev/null; then
		does 4 "$(block text 1 | head -n 1)"
		is "$text" "$(block text 1)" 'which is the table that is shown'
	else
		skip 'python3 cannot load the library' 'report.py'
	fi
	does 5 'https?://'
	draw_session
}

test_host()
{
	begin host-program
	cat >valetkey.pc <<-END
	Name: valetkey
	Description: the one that is tested
	Version: 0
	Libs: $VALETKEY_LIB
	Cflags: -I$VALETKEY_SRC/plugin
	END
	export PKG_CONFIG_PATH="$PWD"
	if ! can_load; then
		skip 'built with a sanitizer' 'a host program'
		return
	fi
	block c 1 >host.c
	does 1 '^Authorization: Bearer .{20}'
	does 2 '^exit status 20$'
	like "$text" '^host: .*valetkey' 'and which command helps'
}

test_provider()
{
	begin own-provider
	block ini 1 >"$XDG_CONFIG_HOME/valetkey/providers/acme.conf"
	does 1 ' 0 errors, 0 warnings'
	does 2 '^acme +Acme$'
	does 3 'ALDER-DC01'
}

# tests/pictures/session.svg of the build tree; the README's tutorials/session.svg is one
# of these.
draw_session()
{
	mkdir -p "$VALETKEY_BUILD/tests/pictures"
	picture=$VALETKEY_BUILD/tests/pictures/session.svg
	for command in 'valetkey login work' \
		'valetkey curl work /v2/organizations' 'valetkey status work'; do
		echo "\$ $command"
		TERM=xterm "$VALETKEY_BUILD/tests/lib/terminal" sh -c "$command" \
			</dev/null
		printf '\n\n'
	done | awk -f "$VALETKEY_SRC/tests/lib/picture.awk" >"$picture"
	for shown in 'work.*is.*logged.*in' 'Alder.*&amp;.*Sons' 'ready'; do
		like "$(cat "$picture")" "$shown" "the picture of it: $shown"
	done
	is "$(grep -c "$(printf '\033')" "$picture")" 0 \
		'without what only a terminal understands'
}

provider_start || exit 99
browser_setup
LD_LIBRARY_PATH=$(dirname "$VALETKEY_LIB")
PYTHONPATH=$VALETKEY_SRC/plugin PYTHONDONTWRITEBYTECODE=1
export LD_LIBRARY_PATH PYTHONPATH PYTHONDONTWRITEBYTECODE
test_report
test_host
test_provider
valetkey remove work --yes >/dev/null 2>&1
valetkey remove mine --yes >/dev/null 2>&1
done_testing
