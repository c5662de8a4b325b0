#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_paste.sh - `valetkey login` where the browser cannot come back: the person
# pastes the address that it ended at. And the QR code, for a browser elsewhere.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

HOSTED='https://callback.example/done?app=1'
provider_start --device --device-interval 1 \
	--client "hosted-client,web,$(secret_file web-secret),$HOSTED" || exit 1
browser_setup
unset DISPLAY WAYLAND_DISPLAY SSH_CONNECTION
# The address that the browser ends at, and what is made of it.
ENDED=$VALETKEY_TEST_DIR/ended
PASTED=$VALETKEY_TEST_DIR/pasted
VALETKEY_BROWSER_URL=$ENDED
export VALETKEY_BROWSER_URL

demo_account work native >/dev/null 2>&1
demo_account hosted web --client-id hosted-client --redirect-uri "$HOSTED" \
	>/dev/null 2>&1

# paste SED [COMMAND...]: logs in; what the browser ended at is pasted as the
# sed script leaves it. What is typed before comes from standard input.
paste_as()
{
	paste_script=$1
	shift
	[ $# -gt 0 ] || set -- valetkey login work --flow paste
	rm -f "$ENDED" "$PASTED"
	{
		echo 'expect browser ends at'
		cat
		printf "until sed '%s' '%s' >'%s' 2>/dev/null\n" \
			"$paste_script" "$ENDED" "$PASTED"
		if [ -n "${MARKED:-}" ]; then
			printf 'paste %s\nsend\n' "$PASTED"
		else
			printf 'secret %s\n' "$PASTED"
		fi
	} >"$VALETKEY_TEST_DIR/script"
	# its own newline is Enter already
	terminal "$@" <"$VALETKEY_TEST_DIR/script"
}

# pasted STATUS PATTERN DESCRIPTION
pasted()
{
	is "$status" "$1" "$3" || tap_note "$text"
	like "$text" "$2" "$3: and says so"
}

# ---- it works ----

test_loopback()
{
	paste_as '' </dev/null
	pasted 0 'work is logged in' 'a loopback redirect, pasted'
	like "$text" 'address bar' 'it says what to do'
	like "$text" 'redirect_uri=http%3A%2F%2F127.0.0.1%3A[0-9]{5}' \
		'with a port'
	like "$(cat "$ENDED")" '^http://127.0.0.1:[0-9]{5}/\?code=' \
		'where nobody listens'
	unlike "$text" 'ssh -L' 'no tunnel is wanted'
	ok 'there is a token' valetkey token work
	paste_as 's/^[^?]*?//' </dev/null
	pasted 0 'work is logged in' 'only the query'
	paste_as 's/$/#_=_/' </dev/null
	pasted 0 'work is logged in' 'with a fragment behind'
}

test_hosted()
{
	paste_as '' valetkey login hosted </dev/null
	pasted 0 'hosted is logged in' "somebody else's https page: of itself"
	like "$(cat "$ENDED")" '^https://callback.example/done\?app=1&code=' \
		'that is where the browser ended'
	said "$ARG" 'redirect_uri .* not on this machine.*--flow paste' \
		'which code cannot do' valetkey login hosted --flow code
	said "$ARG" 'on a terminal: valetkey login .* --flow paste' \
		'nor is there paste without a terminal' \
		valetkey login hosted
}

# ---- it does not ----

test_wrong()
{
	paste_as '' <<-'END'
	send nonsense
	expect not an address with an answer
	expect browser ends at
	send http://127.0.0.1:1/?code=x&state=guessed
	expect belongs to another login
	expect browser ends at
	END
	pasted 0 'work is logged in' 'the third is the right one'
	requests_before=$(token_requests)
	terminal valetkey login work --flow paste --no-browser <<-'END'
	expect browser ends at
	send nonsense
	expect not an address with an answer
	expect browser ends at
	send http://127.0.0.1:1/?code=a&state=b&state=c
	expect damaged
	expect browser ends at
	send http://127.0.0.1:1/?state=b
	expect no code in that address
	END
	pasted "$CANCELED" '^(valetkey: .*3 times.*)?valetkey login work --flow paste$' 'three wrong ones'
	terminal valetkey login work --flow paste --no-browser <<-'END'
	expect browser ends at
	send http://127.0.0.1:1/?code=%zz&state=b
	expect damaged
	expect browser ends at
	send http://127.0.0.1:1/#code=a&state=b
	expect not an address with an answer
	expect browser ends at
	send http://127.0.0.1:1/?code=a
	expect belongs to another login
	END
	requests 0 'no code of them is redeemed'
}

test_refused()
{
	VALETKEY_BROWSER_ANSWER=deny paste_as '' </dev/null
	pasted "$CANCELED" 'declined in the browser' 'the person says no'
	paste_as 's/$/\&iss=https%3A%2F%2Fevil.example/' </dev/null
	pasted "$DENIED" 'another authorization server' 'another issuer'
	paste_as 's/code=[^\&]*/code=stale/' </dev/null
	pasted "$DENIED" 'invalid_grant' 'a code that is none'
	ok 'the grant is as before' valetkey token work
}

test_given_up()
{
	terminal valetkey login work --flow paste --no-browser <<-END
	expect browser ends at
	key C
	END
	pasted "$CANCELED" '^valetkey: Canceled' 'Ctrl-C'
	terminal valetkey login work --flow paste --no-browser <<-END
	expect browser ends at
	key D
	END
	is "$status" "$CANCELED" 'end of file'
	terminal valetkey login work --flow paste --no-browser --timeout 2 \
		</dev/null
	pasted "$TIMEOUT" 'browser in time\. To try' 'nobody pastes'
}

# ---- what people's terminals make of it ----

# A paste that may have more than one line, with marks or without.
test_shapes()
{
	long=$(printf '%020000d' 0)
	paste_as "s/?/?padding=$long\\&/" </dev/null
	pasted 0 'work is logged in' 'an address of 20,000 characters'
	paste_as 's/&state/\n  &/; s/code=.../&\n/' </dev/null
	pasted 0 'work is logged in' 'a wrapped address, its lines with blanks'
	paste_as 's/.*/"&"/' </dev/null
	pasted 0 'work is logged in' 'quotes around it'
	paste_as 's/.*/ <&> /' </dev/null
	pasted 0 'work is logged in' 'others, and blanks'
	MARKED=1 paste_as '' </dev/null
	pasted 0 'work is logged in' 'marked by the terminal'
	like "$text" "$ESCAPE"'\[\?2004h' 'which was asked to do so'
	like "$text" "$ESCAPE"'\[\?2004l' 'and not to, afterwards'
	MARKED=1 paste_as 's/&state/\n&/; s/.*/<&>\n/' </dev/null
	pasted 0 'work is logged in' 'marked, with lines in it'
	paste_as '' env TERM=dumb valetkey login work --flow paste </dev/null
	pasted 0 'work is logged in' 'on a terminal that knows nothing'
	unlike "$text" '2004' 'it is asked for nothing'
}

test_keys()
{
	paste_as '' <<-'END'
	send
	expect browser ends at
	send
	expect browser ends at
	send
	expect browser ends at
	send
	expect browser ends at
	END
	pasted 0 'work is logged in' 'an empty line is no try'
	unlike "$text" 'no address' 'nor worth a word'
	paste_as '' <<-'END'
	type http://wrong.example/?code=x
	key U
	expect browser ends at
	type typö
	key ?
	key ?
	key ?
	key ?
	END
	pasted 0 'work is logged in' 'Ctrl-U and Backspace take all back'
	paste_as '' <<-END
	type some words
	key W
	key W
	type ${ESCAPE}[A${ESCAPE}OB
	END
	pasted 0 'work is logged in' 'Ctrl-W; cursor keys are nothing'
}

# left: what the shell would get, and how the terminal is.
left='stty -g >after; stty -icanon -echo min 0 time 3; cat >rest'

# leaves STATUS DESCRIPTION: nothing of the paste, and a good terminal.
leaves()
{
	is "$status" "$1" "$2" || tap_note "$text"
	ok "$2: the terminal is as before" cmp before after
	is "$(cat rest)" '' "$2: nothing is left for the shell"
}

# shell COMMAND: one with job control, at the login; $? is its status.
at_shell()
{
	terminal sh -mc "stty -g >before; sh -c 'echo \$\$ >pid
		exec valetkey login work --flow paste --no-browser'
		code=\$?; $1; $left; exit \$code"
}

test_left()
{
	cd "$VALETKEY_TEST_DIR" || return
	printf 'http://127.0.0.1:1/?code=a\nhttp://127.0.0.1:1/?code=leak\n' \
		>wrong
	at_shell : <<-END
	expect browser ends at
	send wrong
	expect browser ends at
	send wrong
	expect browser ends at
	secret wrong
	END
	leaves "$CANCELED" 'after the last try'
	at_shell : <<-END
	expect browser ends at
	type http://127.0.0.1:1/?code=half
	key C
	END
	leaves "$CANCELED" 'Ctrl-C'
	for try in $(seq 20); do
		at_shell : <<-END
		expect browser ends at
		type $(printf '%03000d' 0)
		until true
		key C
		END
		leaves "$CANCELED" "Ctrl-C while much is read, $try"
	done
	# shellcheck disable=SC2016 # for the inner shell
	at_shell 'echo stopped; stty -g >during; fg >/dev/null; code=$?' <<-END
	expect browser ends at
	type half
	key Z
	expect stopped
	expect browser ends at
	key C
	END
	leaves "$CANCELED" 'Ctrl-Z, fg and Ctrl-C'
	ok 'in between the terminal is as before' cmp before during
	at_shell : <<-END
	expect browser ends at
	type half
	until kill \$(cat pid)
	END
	leaves "$CANCELED" 'SIGTERM'
	at_shell : <<-END
	expect browser ends at
	type half
	until kill -CONT \$(cat pid)
	expect browser ends at
	key C
	END
	leaves "$CANCELED" 'SIGCONT, after a stop that nobody can catch: asked again'
	cd - >/dev/null || return
}

# ---- which way ----

test_ways()
{
	terminal env SSH_CONNECTION='1 2 3 4' valetkey login work <<-END
	expect browser ends at
	key C
	END
	is "$status" "$CANCELED" 'SSH, no device grant: paste'
	unlike "$text" 'No browser was started' 'no browser is tried'
	terminal env -u BROWSER valetkey login work <<-END
	expect browser ends at
	key C
	END
	is "$status" "$CANCELED" 'no display, no device grant: paste'
}

# ---- the QR code ----

# What the terminal showed of it, as qrencode's ASCII.
qr_shown()
{
	python3 -c '
import sys
text = open(sys.argv[1], encoding="utf-8", errors="replace").read()
black = "\033[38;5;16;48;5;231m"
for line in text.replace("\r", "").split("\n"):
    if line.startswith(black):
        cells = line[len(black):].split("\033")[0]
        for half in (1, 2):
            print("".join("##" if " \u2580\u2584\u2588".index(c) & half else "  "
                          for c in cells))' "$OUT"
}

# shows_qr COMMAND...: on a terminal of 80 columns and 60 lines, or what $size
# says, until the time is over.
shows_qr()
{
	# shellcheck disable=SC2016 # for the inner shell
	TERMINAL_SIZE=${size:-80 60} terminal env LC_ALL=C.UTF-8 sh -c \
		'set -- $TERMINAL_SIZE "$@"; stty cols $1 rows $2; shift 2
		"$@" --timeout 1' - "$@" </dev/null
	qr_shown >"$VALETKEY_TEST_DIR/qr"
}

no_qr()
{
	is "$(wc -c <"$VALETKEY_TEST_DIR/qr")" 0 "$1: no QR code"
}

# The same as another program makes of the same address; ours ends with half a
# line more.
is_qr_of()
{
	printf %s "$1" | qrencode -l L -m 4 -t ASCII -o - |
		sed "\$a\\$(printf '%*s' "$(head -n 1 "$VALETKEY_TEST_DIR/qr" |
		tr -d '\n' | wc -c)" '')" >"$VALETKEY_TEST_DIR/wanted"
	ok "$2" diff "$VALETKEY_TEST_DIR/wanted" "$VALETKEY_TEST_DIR/qr"
}

test_qr()
{
	valetkey add device --issuer "$PROVIDER_URL/" --auth none \
		--client-id native-client --scope monitoring --no-prompt \
		</dev/null >/dev/null 2>&1
	login='valetkey login device --flow device --no-browser'
	# shellcheck disable=SC2086 # words
	set -- $login
	size='80 26' shows_qr "$@"
	is_qr_of "$PROVIDER_URL/ws/device" 'the address of the device grant'
	is "$(sed '/Waiting/q' "$OUT" | wc -l)" 26 \
		'with its text it fills the terminal, and no more'
	size='80 25' shows_qr "$@"
	no_qr 'a terminal too low for the code and its text'
	like "$text" 'Code: [A-Z]' 'which has the text alone'
	size='30 60' shows_qr "$@"
	no_qr 'a terminal too narrow'
	size='80 12' shows_qr "$@"
	no_qr 'a terminal too low'
	shows_qr "$@" --no-qr
	no_qr '--no-qr'
	shows_qr env NO_COLOR=1 "$@"
	no_qr 'NO_COLOR'
	shows_qr env LC_ALL=C "$@"
	no_qr 'a locale without the characters'
	run "$@" --timeout 1
	unlike "$text" "$ESCAPE" 'nor without a terminal'
	shows_qr valetkey login work --flow paste --no-browser
	no_qr 'an address for pasting'
	shows_qr valetkey login work --flow code --no-browser
	no_qr 'a browser on this machine'
	remove device
}

test_loopback
test_hosted
test_shapes
test_keys
test_left
test_wrong
test_refused
test_given_up
test_ways
test_qr
done_testing
