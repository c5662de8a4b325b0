#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_wizard.sh - `valetkey add` on a terminal with nothing but its name: which
# provider, which name, which scopes; on wide and narrow terminals, and with every
# way to answer wrongly or not at all.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

provider_start || exit 1
WEB_SECRET=$(secret_file web-secret)
API_SECRET=$(secret_file api-secret)

key()
{
	sed -n "s/^$2=//p" "$CONFIG/$1.conf"
}

# wizard COLUMNS [OPTION...]: on a terminal of that width.
wizard()
{
	# shellcheck disable=SC2016 # for the inner shell
	terminal sh -c 'stty cols "$0"; exec valetkey add "$@"' "$@"
}

# What the terminal showed, as a person reads it. A blank and a carriage return
# begin a new row (terminal_ask.c).
shown()
{
	sed "s/$ESCAPE\[[0-9;?]*[a-zA-Z]//g" "$OUT" |
		sed 's/ \r\([^\r]\)/\n\1/g' | tr -d '\r'
}

# fits COLUMNS DESCRIPTION: the terminal itself broke no line.
fits()
{
	is "$(shown | LC_ALL=C.UTF-8 grep -E ".{$(($1 + 1))}")" '' \
		"$2: no line is wider than $1 columns"
}

# ---- the whole ----

whole_walk()
{
	wizard "$@" --redirect-uri "$PROVIDER_REDIRECT" <<-END
	expect Number or name
	send ninja
	expect Enter takes it
	expect [ninjaone]
	send
	expect [ninjaone]
	send
	expect own host
	send demo
	expect Number [1]
	send 1
	expect commas [monitoring]
	send 1, management
	expect Client ID
	send web-client
	expect (not shown)
	secret $WEB_SECRET
	END
}

test_whole()
{
	whole_walk 80
	is "$status" 0 'from nothing to an account' || tap_note "$text"
	is "$(key ninjaone provider) $(key ninjaone instance) $(key ninjaone scope)" \
		'ninjaone demo monitoring management' 'the answers are in the file'
	like "$text" '^ 15  ninjaone +NinjaOne$|  15  ninjaone +NinjaOne$' \
		'the providers are listed by name and title'
	like "$text" '  1  monitoring Read devices' 'scopes say what they are for'
	like "$text" "$ESCAPE\[32mninjaone is added" 'in colour'
	unlike "$text" "$(cat "$WEB_SECRET")" 'no secret is on the terminal'
	fits 80 'the whole'
	is "$(shown | grep -n 'Number or name' | head -n 1 | cut -d: -f1)" 24 \
		'the list and its question fill 24 rows'
	remove ninjaone
	NO_COLOR=1
	export NO_COLOR
	whole_walk 40
	is "$status" 0 'the same at 40 columns' || tap_note "$text"
	fits 40 'at 40 columns'
	unlike "$text" "$ESCAPE\[[0-9]*m" 'without colour'
	unset NO_COLOR
	remove ninjaone
	nothing_left 'after remove'
}

# ---- names ----

test_names()
{
	demo_account ninjaone native >/dev/null 2>&1
	wizard 80 --provider ninjaone --instance demo --client native \
		--scope monitoring --client-id native-client <<-END
	expect [ninjaone-2]
	send ninjaone
	expect already. Choose another
	expect [ninjaone-2]
	send two words
	expect cannot be an account
	expect [ninjaone-2]
	send mine
	END
	is "$status $(key mine provider)" '0 ninjaone' 'a name is asked for' ||
		tap_note "$text"
	remove ninjaone mine
	wizard 80 work --no-prompt </dev/null
	is "$status" "$ARG" '--no-prompt asks nothing'
	like "$text" 'Which provider. Give' '--no-prompt: and says what to give'
}

# ---- providers ----

test_providers()
{
	wizard 80 work --client native --scope monitoring <<-END
	expect Number or name
	send
	expect Number or name
	send 99
	expect no provider "99". Type a number
	expect Number or name
	send nothing-like-it
	expect Type a number
	expect Number or name
	send NinjaOne
	expect own host
	send demo
	expect Client ID
	send native-client
	END
	is "$status $(key work provider)" '0 ninjaone' \
		'until it is one of the list, capitals or not' || tap_note "$text"
	remove work
	(umask 077
	cat >"$CONFIG/providers/single.conf" <<-END
	name=Single
	authorization_endpoint=$PROVIDER_URL/ws/oauth/authorize
	token_endpoint=$PROVIDER_URL/ws/oauth/token
	hosts[]=$PROVIDER_URL
	client[]=desktop
	client.desktop.auth=none
	client.desktop.redirect_uri=$PROVIDER_REDIRECT
	END
	)
	wizard 80 work <<-END
	expect Number or name
	send singel
	expect [single]
	send
	expect Scopes
	send read,write
	expect Client ID
	send native-client
	END
	is "$status $(key work client) $(key work scope)" \
		'0 desktop read write' 'one kind of client is not asked for' ||
		tap_note "$text"
	unlike "$text" 'What kind' 'nor shown'
	remove work
	rm "$CONFIG/providers/single.conf"
}

# ---- any other server ----

test_issuer()
{
	wizard 40 <<-END
	expect Number or name
	send issuer
	expect [work]
	send
	expect login.example.com
	send ftp://nowhere.example
	expect must be an https
	expect login.example.com
	send $PROVIDER_URL
	expect another issuer
	expect login.example.com
	send $PROVIDER_URL/
	expect monitoring
	expect (Enter: none)
	send 1 another
	expect [y/N]
	send n
	expect Client ID
	send native-client
	END
	is "$status $(key work issuer)" "0 $PROVIDER_URL/" \
		'a server by its address, until there is one' || tap_note "$text"
	is "$(key work scope)" 'monitoring another' \
		'its list of scopes may lack some'
	fits 46 'a server by its address, but for a URL'
	remove work
	wizard 80 work <<-END
	expect Number or name
	send $PROVIDER_URL/
	expect (Enter: none)
	send 9
	expect no number 9
	expect (Enter: none)
	send
	expect [y/N]
	send y
	expect Client ID
	send web-client
	expect (not shown)
	secret $WEB_SECRET
	END
	is "$status $(key work scope)" '0 ' \
		'an address instead of a name; no scopes' || tap_note "$text"
	remove work
}

# ---- scopes ----

test_scopes()
{
	wizard 80 work --provider ninjaone --instance demo --client native <<-END
	expect commas [monitoring]
	send 4
	expect There is no number 4 in the list
	expect commas [monitoring]
	send monitoring montoring
	expect "montoring" is not one of these
	expect commas [monitoring]
	send  ,2,,monitoring , 2 offline_access
	expect Client ID
	send native-client
	END
	is "$status $(key work scope)" '0 management monitoring offline_access' \
		'scopes are checked when they are typed' || tap_note "$text"
	remove work
	said 0 added 'commas in an option' valetkey add work \
		--provider ninjaone --instance demo --client native \
		--client-id native-client --scope monitoring,management
	is "$(key work scope)" 'monitoring management' 'become spaces'
	said 0 . 'and in edit' valetkey edit work --scope control,monitoring
	is "$(key work scope)" 'control monitoring' 'too'
	remove work
	said 0 added 'a scope that the list lacks' valetkey add work \
		--provider ninjaone --instance demo --client native \
		--client-id native-client --scope monitoring,new
	is "$(key work scope)" 'monitoring new' 'is for the provider to judge'
	remove work
	said 0 added 'commas of a server without a list' valetkey add work \
		--issuer "$PROVIDER_URL/" --client-id native-client --scope a,b
	is "$(key work scope)" 'a,b' 'belong to the scope'
	remove work
	valetkey add robot --provider ninjaone --instance demo \
		--client api-services --client-id api-client \
		--scope monitoring,nonsense --secret-fd 3 </dev/null \
		3<"$API_SECRET" >/dev/null 2>&1
	said "$SCOPE" 'Asked for: monitoring nonsense\. Tick these scopes' \
		'the error names the scopes' valetkey token robot
	remove robot
	valetkey add greedy --provider ninjaone --instance demo \
		--client native --client-id native-client \
		--scope nonsense </dev/null >/dev/null 2>&1
	said "$SCOPE" 'scopes "nonsense offline_access"' \
		'and of a login' demo_login greedy
	remove greedy
	nothing_left 'scopes'
}

# ---- no answer ----

# Ctrl-D at each question: the words that the questions before it take.
test_end()
{
	set --
	for step in 'expect Number or name' 'send ninjaone' \
		'expect [ninjaone]' 'send' 'expect own host' 'send demo' \
		'expect Number [1]' 'send' 'expect commas' 'send' \
		'expect Client ID' 'send web-client' 'expect (not shown)'; do
		set -- "$@" "$step"
		[ "${step#expect}" != "$step" ] || continue
		{
			printf '%s\n' "$@"
			echo 'key D'
		} >"$VALETKEY_TEST_DIR/script"
		wizard 80 <"$VALETKEY_TEST_DIR/script"
		is "$status" "$CANCELED" "Ctrl-D: $step"
		like "$text" '^valetkey: Nothing was saved\.$' 'and says so'
		nothing_left "Ctrl-D: $step"
	done
	wizard 80 <<-END
	expect Number or name
	key C
	END
	is "$status" "$CANCELED" 'Ctrl-C at the first question'
	nothing_left 'Ctrl-C at the first question'
}

# ---- another width in the middle ----

test_resize()
{
	wizard 80 work --provider ninjaone --instance demo --client native <<-END
	expect commas [monitoring]
	type manage
	resize 30
	type ment
	send
	expect Client ID
	type native-client-with-a-tail
	resize 80
	key U
	expect Client ID
	send native-client
	END
	is "$status $(key work scope) $(key work client_id)" \
		'0 management native-client' 'the width changes in a question' ||
		tap_note "$text"
	like "$(shown)" '^      http://127.0.0.1:[0-9]+$|^     http://127.0.0.1:[0-9]+$' \
		'what comes after it has the new one'
	remove work
	# In a row of its own a character is taken back in the row above.
	wizard 40 work --provider ninjaone --instance demo --client native \
		--scope monitoring <<-END
	expect Client ID
	type native-client$(printf '%017d' 0)
	expect 00 $(printf '\r')
	type 0
	$(for _ in $(seq 18); do printf 'key ?\n'; done)
	send
	END
	is "$status $(key work client_id)" '0 native-client' \
		'Backspace over the end of a row' || tap_note "$text"
	like "$text" "$ESCAPE\[A$ESCAPE\[40G$ESCAPE\[K" \
		'the cursor goes up'
	remove work
	nothing_left 'another width'
}

# ---- without a terminal ----

test_script()
{
	said "$ARG" '^valetkey: Which account. Usage: valetkey add ACCOUNT --provider NAME' \
		'no name and no terminal' valetkey add
	said "$ARG" '^valetkey: Which provider. Give --provider NAME .*--issuer URL' \
		'no provider and no terminal' valetkey add work
	said "$ARG" 'no provider "ninja".*Did you mean: ninjaone$' \
		'the beginning of a name' valetkey add work --provider ninja
	said "$ARG" 'no provider "x"; .valetkey providers. lists them all\.$' \
		'a name that is near to none' valetkey add work --provider x
	nothing_left 'without a terminal'
}

test_whole
test_names
test_providers
test_issuer
test_scopes
test_end
test_resize
test_script
done_testing
