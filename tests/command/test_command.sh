#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_command.sh - the command beside add and login: help, options, token,
# status, logout, remove, providers, and what complete tells.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

VERBS='add edit login token invalidate status doctor list logout remove move unlock lock providers run curl proxy keepalive share git-setup front'
MANUAL=$VALETKEY_SRC/helper/man/valetkey.1
COMPLETIONS=$VALETKEY_SRC/helper/completions

# ---- help and options ----

# help_options VERB: as its --help lists them.
help_options()
{
	valetkey "$1" --help | sed -n 's/^  --\([a-z0-9-]*\).*/\1/p'
}

# unmentioned VERB: the options that the manual or a completion lacks.
unmentioned()
{
	for option in $(help_options "$1"); do
		grep -Eq "^\.It (.* , )?Fl Fl $option" "$MANUAL" || echo "man:$option"
		grep -q -e "-$option" "$COMPLETIONS/valetkey.bash" ||
			echo "bash:$option"
		grep -q -e "'[*]*--$option\[" "$COMPLETIONS/_valetkey" ||
			echo "zsh:$option"
		grep -q -e "-l $option " "$COMPLETIONS/valetkey.fish" ||
			echo "fish:$option"
	done
}

test_help()
{
	said 0 '^Usage: valetkey VERB' '--help' valetkey --help
	is "$(valetkey --help)" "$(valetkey help)" 'help is --help'
	is "$(valetkey --help | sed -n 's/^  \([a-z-]*\)  .*/\1/p' | xargs)" \
		"$VERBS" 'no verb is forgotten here'
	said "$ARG" '^Usage: valetkey VERB' 'nothing at all' valetkey
	for word in --version -V version; do
		said 0 '^valetkey [0-9]+\.[0-9]+' "$word" valetkey "$word"
	done
	for verb in $VERBS; do
		said 0 "^Usage: valetkey $verb" "$verb --help" \
			valetkey "$verb" --help
		like "$text" '^Examples:' "$verb --help: with examples"
		is "$(valetkey help "$verb")" "$text" "help $verb"
		is "$(awk 'length > 80' "$OUT")" '' "$verb --help: 80 columns"
		is "$(unmentioned "$verb")" '' \
			"$verb: its options are in the manual and completions"
		like "$(cat "$MANUAL")" "^\.Ss $verb( |\$)" \
			"$verb: is in the manual"
		like "$(valetkey --help)" "^  $verb " "$verb: is in --help"
	done
	said "$ARG" 'Did you mean: valetkey status' 'a verb with a slip' \
		valetkey statsu
	said "$ARG" 'no verb "frobnicate"' 'an unknown verb' \
		valetkey frobnicate
	said "$ARG" 'no verb "frobnicate"' 'help for an unknown verb' \
		valetkey help frobnicate
}

test_options()
{
	said "$ARG" '^valetkey: --jsn is not an option of status' \
		'an unknown option' valetkey status --jsn=hush
	unlike "$text" hush 'an unknown option: its value is not repeated'
	like "$text" 'Did you mean: --json' 'an option that is near'
	said "$ARG" 'fromat .*Did you mean: --format' 'two letters swapped' \
		valetkey token work --fromat json
	said "$ARG" 'See: valetkey token --help$' 'an option near to none' \
		valetkey token work --frobnicate
	said "$ARG" 'See: valetkey add --help$' 'near to one we do not have' \
		valetkey add new --cliant-secret x
	said "$ARG" '--format needs a value' 'an option without its value' \
		valetkey token work --format
	said "$ARG" 'one argument too many' 'two accounts' \
		valetkey token work home
	said "$ARG" 'cannot be an account' 'a path as an account' \
		valetkey token ../work
	said "$ARG" 'cannot be an account' 'a dash first' \
		valetkey token -- -work
	said "$ARG" 'Which account' 'no account' valetkey logout
	said "$ACCOUNT" 'no account "wokr"\. Did you mean: work$' 'a slip' \
		valetkey token wokr
	said "$ARG" 'too many' 'two where one is taken' \
		valetkey providers github work
	unlike "$text" "$ESCAPE" 'no colour without a terminal'
}

test_providers()
{
	said 0 '^ninjaone +NinjaOne$' 'providers' valetkey providers
	like "$text" 'instances +demo app us2 eu ca oc fed' 'with instances'
	like "$text" 'clients +web native api-services' 'with kinds of client'
	said "$ARG" 'no provider "githb".*Did you mean: github' 'a provider' \
		valetkey providers githb
	said "$ARG" 'Did you mean: github' 'and where it is added' \
		valetkey add new --provider githb --client-id x
	printf 'oops\n' >"$CONFIG/providers/bad.conf"
	said "$ARG" 'bad.conf is malformed' 'one that is malformed' \
		valetkey providers bad
	unlike "$text" 'Did you mean' 'is the one that was meant'
	said "$ARG" 'bad.conf is malformed in line 1' 'a malformed file' \
		valetkey providers
	like "$text" '^ninjaone' 'and the others are listed'
	rm "$CONFIG/providers/bad.conf"
}

# ---- lines that fit the terminal ----

# wrapped COLUMNS COMMAND...: on a terminal that is so wide. No line is wider but
# for commands and single words, and the words are those that come without a terminal.
wrapped()
{
	columns=$1
	shift
	run "$@"
	whole=$text
	# shellcheck disable=SC2016 # for the inner shell
	terminal sh -c 'stty cols "$0"; "$@"' "$columns" "$@" </dev/null
	is "$(printf '%s\n' "$text" | tr '\n' ' ')" "$whole " \
		"$columns columns: the same words"
	is "$(printf '%s\n' "$text" | grep -v -e '^valetkey add' -e '^curl -H' |
		grep ' ' | LC_ALL=C.UTF-8 grep -E ".{$columns}")" '' \
		"$columns columns: no line is wider"
}

# A planted account, whose command is wider than most terminals.
test_wrap()
{
	planted=$(printf '%064d' 0)
	for columns in 30 40 60 80 100 200; do
		wrapped "$columns" valetkey token "$planted"
		like "$text" "valetkey add $planted --provider NAME\$" \
			"$columns columns: the command is whole"
		like "$text" '(^| )valetkey status; or' \
			"$columns columns: and so is the short one"
		wrapped "$columns" valetkey curl work -- -K x
		[ "$columns" -lt 60 ] ||
			like "$text" '(^| )curl -H .*--format header\)" \.\.\.$' \
				"$columns columns: a command in quotes"
	done
	unlike "$text" "$ESCAPE" 'no colour in a message'
	is "$(printf '%s\n' "$text" | wc -l)" 1 'a wide one: a line'
	terminal sh -c 'stty cols 10; valetkey token x' </dev/null
	like "$text" '^valetkey: There is$' 'none is narrower than 20 columns'
}

# Letters of two bytes each, in a provider's step.
test_wrap_utf8()
{
	{
		cat "$CONFIG/providers/ninjaone.conf"
		printf 'client.native.step[]=%s\n' "$(printf 'äöüß %.0s' $(seq 40))"
	} >"$CONFIG/providers/umlaut.conf"
	terminal sh -c 'stty cols 60; valetkey add new --provider umlaut \
		--instance demo --client native --scope monitoring' <<-END
	expect Client ID
	key D
	END
	rm "$CONFIG/providers/umlaut.conf"
	is "$(printf '%s\n' "$text" | grep -o 'äöüß' | wc -l)" 40 \
		'UTF-8: all words'
	is "$(printf '%s\n' "$text" | sed "s/$ESCAPE\[[0-9]*m//g" |
		LC_ALL=C.UTF-8 grep -E '.{60}')" '' \
		'UTF-8: no line is wider'
	like "$(printf '%s\n' "$text" | LC_ALL=C.UTF-8 grep -cE '(äöüß ?){10}$')" \
		'^3$' 'UTF-8: and none is half empty'
}

# ---- token ----

test_token()
{
	run valetkey token work
	token=$text
	like "$token" '^[!-~]{600}$' 'plain: the token alone'
	is "$(valetkey token work --format plain)" "$token" '--format plain'
	is "$(valetkey token work --format header)" \
		"Authorization: Bearer $token" '--format header'
	run valetkey token work --format json
	ok '--format json: is JSON' "$VALETKEY_BUILD/tests/lib/json" <"$OUT"
	like "$text" "\"access_token\":\"$token\"" '--format json: token'
	like "$text" '"account":"work"' '--format json: account'
	like "$text" '"expires_in":3[56][0-9][0-9][,}]' '--format json: expiry'
	like "$text" '"scope":"[^"]*monitoring' '--format json: scope'
	is "$(curl -q -s -o /dev/null -w '%{http_code}' --noproxy '*' \
		-H "$(valetkey token work --format header)" \
		"$PROVIDER_URL/v2/organizations")" 200 'it opens the door'
	[ "$(valetkey token work --min-valid 100000)" != "$token" ]
	is $? 0 '--min-valid: a fresh one'
	ok '--scope: one that was granted' \
		valetkey token work --scope monitoring
	said "$SCOPE" 'control' '--scope: one that was not' \
		valetkey token work --scope control
}

test_token_wrong()
{
	said "$ARG" 'is not a format. Choose' 'an unknown format' \
		valetkey token work --format xml
	for number in 0 -1 x '' 1x 99999999999; do
		said "$ARG" '--min-valid needs a whole number' \
			"--min-valid '$number'" \
			valetkey token work "--min-valid=$number"
	done
	said "$ACCOUNT" 'no account "nobody".*valetkey add nobody --provider NAME' \
		'no such account' valetkey token nobody
	said "$LOGIN" 'valetkey login fresh' 'not logged in' \
		valetkey token fresh
	chmod go+w "$CONFIG/fresh.conf"
	said "$ACCOUNT" 'fresh\.conf is not used: .*chmod go-w' \
		'a file that others can write' valetkey token fresh
	chmod go-w "$CONFIG/fresh.conf"
	if [ -e /dev/full ]; then
		exits "$DENIED" 'a full disk' \
			sh -c 'valetkey token work >/dev/full'
	fi
}

# ---- status ----

test_status()
{
	said 0 '^work: ready$' 'status' valetkey status
	like "$text" '^fresh: needs a login' 'status: another account'
	like "$text" '^robot: ready' 'status: a machine'
	like "$text" '^  client id +web-client' 'status: client id'
	like "$text" "^  hosts +$PROVIDER_URL" 'status: hosts'
	like "$text" '^  access token +good for' 'status: expiry'
	like "$text" '^  client secret +stored$' 'status: secret'
	unlike "$text" "$(cat "$(secret_file web-secret)")|$(valetkey token work)" \
		'status: shows no secret'
	said 0 '^work: ready' 'status of one that is usable' \
		valetkey status work
	unlike "$text" '^fresh:' 'status of one: of no other'
	said "$LOGIN" 'valetkey login fresh' 'status of one that is not' \
		valetkey status fresh
	is "$(valetkey status fresh 2>&1 >/dev/null)" '' \
		'status of one that is not: said once, where it is asked for'
	said "$ACCOUNT" 'no account' 'status of none' valetkey status nobody
	requests 0 'status asks no provider'
}

test_status_json()
{
	run valetkey status --json
	is "$status" 0 'status --json'
	ok 'status --json: is JSON' "$VALETKEY_BUILD/tests/lib/json" <"$OUT"
	like "$text" '"account":"work".*"state":"ok"' 'status --json: state'
	like "$text" '"account":"work".*"refresh_token":true' \
		'status --json: refresh token'
	like "$text" "\"account\":\"work\".*\"hosts\":\\[\"$PROVIDER_URL\"\\]" \
		'status --json: hosts'
	run valetkey status fresh --json
	ok 'status --json of one: is JSON' "$VALETKEY_BUILD/tests/lib/json" <"$OUT"
	is "$status" "$LOGIN" 'status --json of one: the exit status too'
}

test_status_broken()
{
	printf 'id\n' >"$CONFIG/bad.conf"
	said 0 '^bad: cannot be used' 'a malformed file' valetkey status
	like "$text" 'bad.conf is malformed in line 1' 'and why'
	like "$text" '^work: ready' 'the others are well'
	said "$ACCOUNT" 'malformed' 'of one alone' valetkey status bad
	rm "$CONFIG/bad.conf"
}

# ---- list ----

test_list()
{
	said 0 "^work +ninjaone $PROVIDER_URL\$" 'list' valetkey list
	is "$(printf '%s\n' "$text" | cut -d ' ' -f 1 | xargs)" \
		'fresh robot work' 'list: sorted, and no more'
	requests 0 'list asks no provider'
	printf 'id\n' >"$CONFIG/bad.conf"
	said 0 '^bad +cannot be used; see: valetkey status bad$' \
		'list: a malformed file' valetkey list
	like "$text" '^work +ninjaone' 'list: and the others'
	rm "$CONFIG/bad.conf"
	printf '%s\n' issuer=https://as.example 'hosts[]=https://a.example' \
		'hosts[]=https://b.example' >"$CONFIG/own.conf"
	said 0 '^own +https://as\.example https://a\.example https://b\.example$' \
		'list: without a provider'"'"'s file' valetkey list
	rm "$CONFIG/own.conf"
	said "$ARG" 'one argument too many' 'list of one' valetkey list work
}

# ---- logout and remove ----

test_logout()
{
	said 0 'work is logged out' 'logout' valetkey logout work
	like "$text" 'revoked at the provider' 'logout: revoked'
	is "$(provider_count '/ws/oauth/revoke .*result=ok')" 1 \
		'logout: the provider says so'
	said "$LOGIN" 'valetkey login work' 'logout: no token' \
		valetkey token work
	said 0 'work is logged out' 'logout, once more' valetkey logout work
	is "$(provider_count /ws/oauth/revoke)" 1 'nothing to revoke'
	demo_login work >/dev/null 2>&1
	ok 'after logout comes login' valetkey token work
	said "$ACCOUNT" 'no account' 'logout of none' valetkey logout nobody
	ok 'a machine has a token' valetkey token robot
	said 0 'Nobody logs in to it: its client gets another one' \
		'logout of a machine' valetkey logout robot
	unlike "$text" 'is logged out' 'logout of a machine: is no logout'
	like "$text" 'valetkey remove robot$' 'logout of a machine: what is'
	ok 'logout of a machine: it is as it says' valetkey token robot
}

test_logout_unreachable()
{
	provider_stop
	said 0 'work is logged out' 'logout without the provider' \
		valetkey logout work
	like "$text" 'kept in the keyring, until' 'and what becomes of it'
	said "$LOGIN" 'valetkey login work' 'there is no token any more' \
		valetkey token work
	run valetkey status
	like "$text" 'Revocations that wait to be sent: 1' 'status says so'
	provider_start
}

# It is asked first; without somebody to be asked it is not done.
test_unasked()
{
	for input in 'echo n' 'echo y' true; do
		run sh -c "$input | valetkey remove fresh"
		is "$status" "$ARG" "remove, after $input" || tap_note "$text"
		like "$text" 'Run: valetkey remove fresh --yes$' \
			"remove, after $input: and says how"
	done
	exits "$ARG" 'remove without an input' sh -c 'valetkey remove fresh <&-'
	exits "$ARG" 'remove of nothing at all' \
		sh -c 'valetkey remove fresh </dev/null'
	terminal sh -c "valetkey remove fresh 2>$OUT.errors" </dev/null
	is "$status" "$ARG" 'remove whose question would not be seen'
	terminal valetkey remove fresh <<-END
	expect [y/N]
	key D
	END
	is "$status" "$CANCELED" 'remove, and the end instead of an answer'
	like "$text" '^valetkey: Nothing was changed' 'and says so'
	like "$text" '^  its client secret' 'remove: says what goes: the secret'
	like "$text" "^  the file $CONFIG/fresh\.conf" 'remove: the file'
	like "$text" 'stays \(client id web-client\): delete it there' \
		'remove: and what does not'
	unlike "$text" 'its login|git' 'remove: and nothing that there is not'
	like "$(valetkey status fresh)" 'client secret +stored' \
		'and nothing of it was done'
}

test_remove()
{
	cp "$CONFIG/providers/ninjaone.conf" "$CONFIG/providers/acme.conf"
	valetkey add gone --provider acme --instance demo --client native \
		--client-id native-client </dev/null >/dev/null 2>&1
	demo_login gone >/dev/null 2>&1
	ok 'an account of a provider of our own' valetkey token gone
	rm "$CONFIG/providers/acme.conf"
	said "$ARG" 'no provider "acme"' 'whose file is gone' \
		valetkey token gone --min-valid 1000000
	said "$ARG" 'no provider "acme"' 'logout: mend it first' \
		valetkey logout gone
	said 0 'gone is removed' 'remove needs no provider' \
		valetkey remove gone --yes
	like "$text" 'Nothing was revoked.*no provider "acme"' 'but says so'
	demo_login work >/dev/null 2>&1
	said 0 'work is removed' 'remove' valetkey remove work --yes
	like "$text" 'revoked at the provider' 'remove: revoked'
	remove fresh robot
	nothing_left 'remove'
	said "$ACCOUNT" 'no account' 'remove, once more' \
		valetkey remove work --yes
	said 0 'There are no accounts yet' 'status without accounts' \
		valetkey status
	is "$(valetkey status --json)" '[]' 'status --json without accounts'
	said 0 'There are no accounts yet' 'list without accounts' valetkey list
	is "$(valetkey list 2>/dev/null)" '' 'list without accounts: no line'
	ok 'a name can be used again' demo_account work
	remove work
}

# ---- what the completions ask ----

test_complete()
{
	said 0 '^work$' 'complete accounts' valetkey complete accounts
	is "$text" "$(printf '%s\n' fresh robot work)" 'sorted, and no more'
	said 0 '^ninjaone$' 'complete providers' valetkey complete providers
	unlike "$text" '[^a-z0-9-]' 'no provider is more than a name'
	said 0 '^demo$' 'complete instances' valetkey complete instances ninjaone
	said 0 '^api-services$' 'complete clients' \
		valetkey complete clients ninjaone
	said 0 '^client_credentials$' 'complete clients of no provider' \
		valetkey complete clients
	said "$ARG" 'no provider "ninjaoen".*Did you mean' \
		'complete instances of nobody' \
		valetkey complete instances ninjaoen
	for wrong in '' nonsense instances 'accounts x' 'clients a b'; do
		# shellcheck disable=SC2086 # words
		said "$ARG" 'Usage: valetkey complete accounts' \
			"complete $wrong" valetkey complete $wrong
	done
	said 0 '^Usage: valetkey complete' 'complete --help' \
		valetkey complete --help
	unlike "$(valetkey --help)" complete 'complete is not in --help'
	like "$(cat "$MANUAL")" '^\.Ss complete ' 'complete is in the manual'
}

provider_start || exit 1
for account in work fresh; do
	demo_account "$account" >/dev/null 2>&1
done
demo_account robot api-services >/dev/null 2>&1
demo_login work >/dev/null 2>&1
test_help
test_options
test_providers
test_wrap
test_wrap_utf8
test_token
test_token_wrong
requests_before=$(token_requests)
test_status
test_status_json
test_list
test_status_broken
test_complete
test_logout
test_logout_unreachable
test_unasked
test_remove
done_testing
