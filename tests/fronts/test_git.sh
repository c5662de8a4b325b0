#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_git.sh - git-credential-valetkey as a generator: which account answers,
# in which of git's ways, for how long its token is good, and what an erase
# does. By the protocol itself, so that what newer gits say is tested with any.

. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"
# shellcheck source=tests/lib/git.sh
. "$VALETKEY_SRC/tests/lib/git.sh"

CONF=$XDG_CONFIG_HOME/valetkey
EXAMPLE='protocol=https
host=git.example.com'
CAPABLE='capability[]=authtype
capability[]=state'

key()
{
	sed -n "s/^$1=//p"
}

# get LINE...: for https://git.example.com, which refuses more here than a
# server does.
get()
{
	calm
	helper get "$EXAMPLE" "$@"
}

# Moves the stored grant of demo back in time: age SECONDS [LIFETIME].
age()
{
	id=$(account_id demo)
	"$VALETKEY_BUILD/tests/lib/keyring" dump grant "$id" >stored &&
		awk -F= -v s="$1" -v l="${2:-}" '
		$1 == "issued_at" { $0 = $1 "=" $2 - s }
		$1 == "issued_clock" { $0 = $1 "=" $2 - s * 1000 }
		$1 == "expires_in" && l { $0 = $1 "=" l }
		{ print }' stored >aged &&
		"$VALETKEY_BUILD/tests/lib/keyring" replace grant "$id" <aged
	rm -f stored aged
}

answers()
{
	token=$(valetkey token demo)
	now=$(date +%s)
	out=$(get)
	is "$(echo "$out" | key username)" oauth2 'a user name'
	is "$(echo "$out" | key password)" "$token" 'the token as password'
	expiry=$(echo "$out" | key password_expiry_utc)
	ok 'its expiry' [ $((expiry - now)) -gt 3500 ]
	is "$(echo "$out" | wc -l)" 3 'and nothing else for an old git'
	is "$(get 'username=demo' | key password)" "$token" \
		'the account as user name'
	is "$(get 'username=oauth2' | key password)" "$token" \
		'our own user name again'
	is "$(helper get protocol=https host=other.example.com)" '' \
		'another host: nothing'
	is "$(helper get protocol=https host=git.example.com:8443)" '' \
		'another port: nothing'
	is "$(helper get protocol=http host=git.example.com)" '' \
		'http: nothing'
	is "$(helper get url=https://git.example.com/a/b.git | key password)" \
		"$token" 'url='
	is "$(helper get protocol=https 'host=GIT.example.com:443' 'path=a.git' |
		key password)" "$token" 'the same host, written otherwise'
	like "$(fill "$EXAMPLE")" "^password=$token\$" 'git credential fill'
}

# A user name in the URL that is nobody's here: Bitbucket and Azure DevOps show
# such URLs. It is a password's, or nothing but the URL's.
foreign_names()
{
	token=$(valetkey token demo)
	url=url=https://jdoe@git.example.com/r.git
	out=$(helper get "$url")
	is "$(echo "$out" | key password)" "$token" \
		'a name that nothing is stored for: the token'
	is "$(echo "$out" | key username)" oauth2 'with the name that it needs'
	like "$(fill "$url")" '^username=oauth2$' 'which git takes for its own'
	echo 'git_username=x-token-auth' >>"$CONF/demo.conf"
	is "$(helper get "$url" | key username)" x-token-auth \
		'the one that the provider says'
	sed -i '/^git_username=/d' "$CONF/demo.conf"
	out=$(helper get "$CAPABLE" "$url" 'wwwauth[]=Bearer')
	is "$(echo "$out" | key credential)" "$token" 'Bearer needs no name'
	is "$(echo "$out" | key username)" '' 'and says none'
	before=$(refreshes)
	helper erase "$CAPABLE" "$EXAMPLE" username=jdoe authtype=Bearer \
		"credential=$token"
	isnt_same "$(get | key password)" "$token" 'refused, it goes'
	helper erase "$EXAMPLE" username=jdoe
	is $(($(refreshes) - before)) 1 'erase of the name alone is no refusal'
	helper store "$EXAMPLE" username=jdoe password=own
	is "$(get username=jdoe)" 'username=jdoe
password=own' 'a password that is stored for the name goes first'
	is "$(get username=other | key username)" oauth2 'for that name alone'
	helper erase "$EXAMPLE" username=jdoe password=own
	is "$(helper get "$url" | key username)" oauth2 \
		'it can be erased'
	is "$(keyring_items)" 0 'and nothing of it is left'
}

# Which of git's ways: its capabilities and the server's challenges decide.
ways()
{
	token=$(valetkey token demo)
	out=$(get "$CAPABLE" 'wwwauth[]=Bearer realm="x"')
	is "$(echo "$out" | key authtype)" Bearer 'Bearer'
	is "$(echo "$out" | key credential)" "$token" 'the credential'
	is "$(echo "$out" | key ephemeral)" 1 'ephemeral'
	is "$(echo "$out" | key continue)" 1 'git may ask again'
	is "$(echo "$out" | head -n 2)" "$CAPABLE" 'the capabilities first'
	is "$(echo "$out" | key password)" '' 'no password'
	is "$(get "$CAPABLE" 'wwwauth[]=Basic realm="x"' | key password)" \
		"$token" 'Basic only: as password'
	is "$(get "$CAPABLE" 'wwwauth[]=Basic realm="a, Bearer b"' |
		key authtype)" '' 'a scheme inside quotes is none'
	is "$(get "$CAPABLE" 'wwwauth[]=Basic realm="x", Bearer' |
		key authtype)" Bearer 'both in one header: Bearer'
	is "$(get "$CAPABLE" 'wwwauth[]=Basic' 'wwwauth[]=Bearer' |
		key authtype)" Bearer 'both in two: Bearer'
	is "$(get "$CAPABLE" 'wwwauth[]=Negotiate')" '' 'neither: nothing'
	is "$(get 'wwwauth[]=Basic realm="x"' | wc -l)" 3 \
		'without the capability nothing new is said'
	like "$(get 'wwwauth[]=Bearer' 2>&1)" '2\.46' \
		'Bearer only, and an old git: says why not'
	is "$(get 'capability[]=authtype' 'wwwauth[]=Bearer' |
		grep -c -e state -e continue)" 0 \
		'state only with its own capability'
	is "$(helper capability </dev/null)" 'version 0
capability authtype
capability state' 'capability'
}

# What git brings back when the server has refused.
again()
{
	first=$(get "$CAPABLE" 'wwwauth[]=Bearer')
	state=$(echo "$first" | key 'state\[\]')
	before=$(refreshes)
	second=$(get "$CAPABLE" 'wwwauth[]=Bearer' "state[]=$state")
	is $(($(refreshes) - before)) 1 'refused: one refresh'
	isnt_same "$(echo "$second" | key credential)" \
		"$(echo "$first" | key credential)" 'another token'
	is "$(echo "$second" | key continue)" '' 'and that was the last try'
	third=$(get "$CAPABLE" 'wwwauth[]=Bearer' "state[]=$state")
	is $(($(refreshes) - before)) 1 \
		'who comes later with the same refused token: no refresh'
	is "$(echo "$third" | key credential)" \
		"$(echo "$second" | key credential)" 'but the new token'
	get "$CAPABLE" 'wwwauth[]=Basic' "state[]=$state" >/dev/null
	is $(($(refreshes) - before)) 1 'another scheme is no refused token'
	get "$CAPABLE" 'wwwauth[]=Bearer' 'state[]=other:1' \
		'state[]=valetkey:9:9:x' 'state[]=valetkey:' >/dev/null
	is $(($(refreshes) - before)) 1 'nor is a state that is not ours'
	expiry=$(echo "$third" | key password_expiry_utc)
	get "$CAPABLE" 'wwwauth[]=Bearer' authtype=Bearer \
		"password_expiry_utc=$expiry" >/dev/null
	is $(($(refreshes) - before)) 2 \
		'in the middle of a clone the expiry tells which one it was'
	get "$CAPABLE" 'wwwauth[]=Bearer' authtype=Bearer \
		"password_expiry_utc=$((expiry - 900))" >/dev/null
	is $(($(refreshes) - before)) 2 'or that it is an older one'
	echo 'cache=none' >>"$CONF/demo.conf"
	first=$(get "$CAPABLE" 'wwwauth[]=Bearer')
	state=$(echo "$first" | key 'state\[\]')
	second=$(get "$CAPABLE" 'wwwauth[]=Bearer' "state[]=$state")
	isnt_same "$(echo "$second" | key credential)" \
		"$(echo "$first" | key credential)" 'without a cache: another too'
	sed -i '/^cache=none/d' "$CONF/demo.conf"
}

isnt_same()
{
	same=0
	[ -n "$1" ] && [ "$1" != "$2" ] || same=1
	tap_result "$same" "$3"
}

erases()
{
	token=$(valetkey token demo)
	before=$(refreshes)
	ok 'erase of another password' helper erase "$EXAMPLE" \
		username=oauth2 password=other
	is "$(valetkey token demo)" "$token" 'changes nothing'
	ok 'erase of our token' helper erase "$EXAMPLE" username=oauth2 \
		"password=$token"
	isnt_same "$(get | key password)" "$token" 'means a new one next time'
	is $(($(refreshes) - before)) 1 'at one refresh'
	token=$(valetkey token demo)
	ok 'erase of our credential' helper erase "$CAPABLE" "$EXAMPLE" \
		"credential=$token" authtype=Bearer
	isnt_same "$(get | key password)" "$token" 'means the same'
	ok 'store of our token' helper store "$EXAMPLE" username=oauth2 \
		"password=$(valetkey token demo)"
	ok 'and of a credential' helper store "$CAPABLE" "$EXAMPLE" \
		authtype=Bearer credential=x ephemeral=1
	is "$(keyring_items)" 0 'put nothing into the keyring'
}

keyring_items()
{
	secret-tool search --all protocol https 2>&1 | grep -c '^label' || :
}

# Good for ten minutes where that is possible, and no storm where it is not.
lifetimes()
{
	echo 'cache=none' >>"$CONF/demo.conf"
	age 3100
	before=$(refreshes)
	expiry=$(get | key password_expiry_utc)
	ok 'a token with 500 s left is not for git' \
		[ $((expiry - $(date +%s))) -gt 600 ]
	is $(($(refreshes) - before)) 1 'it was refreshed'
	age 2800
	get >/dev/null
	is $(($(refreshes) - before)) 1 'one with 800 s left is'
	age -2700 300
	get >/dev/null
	get >/dev/null
	is $(($(refreshes) - before)) 1 \
		'where the provider gives five minutes, half of them will do'
	sed -i '/^cache=none/d' "$CONF/demo.conf"
}

# Several accounts of one host.
routes()
{
	sed "s/^id=.*/id=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')/" \
		"$CONF/demo.conf" >"$CONF/twin.conf"
	chmod 600 "$CONF/twin.conf"
	like "$(get 2>&1)" 'credential.https://git.example.com.username' \
		'two accounts, and nothing to tell them apart: says what to do'
	like "$(get 2>/dev/null)" '^quit=1$' 'and git does not ask a person'
	like "$(get username=jdoe 2>&1)" \
		'jdoe is not one of them.*https://ACCOUNT@git.example.com/' \
		'a name of neither: says what to do'
	is "$(get username=jdoe 2>/dev/null)" '' \
		'and git asks for the password, which jdoe may have'
	token=$(valetkey token demo)
	is "$(get username=demo | key password)" "$token" 'a user name does'
	is "$(printf '%s\n' "$EXAMPLE" |
		git-credential-valetkey --account demo get | key password)" \
		"$token" 'a pin does'
	is "$(printf '%s\n' "$EXAMPLE" username=twin |
		git-credential-valetkey --account demo get | key password)" \
		"$token" 'and wins'
	is "$(printf '%s\n' protocol=https host=elsewhere.example.com |
		git-credential-valetkey --account demo get)" '' \
		'but never sends a token elsewhere'
	sed -i -e '/^provider=/d; /^instance=/d; /^client=/d' \
		-e '$a issuer=https://other.example.com/' \
		-e '$a authorization_endpoint=https://other.example.com/a' \
		-e '$a token_endpoint=https://other.example.com/t' \
		-e '$a auth=none' "$CONF/twin.conf"
	is "$(get "wwwauth[]=Bearer authorization_uri=\"$PROVIDER_URL/ws/oauth/authorize\", Basic" |
		key password)" "$token" 'the server names its provider'
	rm "$CONF/twin.conf"
}

refusals()
{
	exits 10 'a carriage return is refused' \
		helper get protocol=https "host=git.example.com$(printf '\r')"
	exits 10 'so is a line without =' helper get protocol=https host
	printf 'protocol=https\nhost=git.example.com\0.evil\n' >nul
	exits 10 'and a NUL' sh -c 'git-credential-valetkey get <nul'
	exits 10 'a line break in disguise too' \
		helper get 'url=https://git.example.com/%0ahost=x'
	exits 10 'an empty pattern erases nothing' helper erase ''
	exits 0 'an unknown verb' helper frobnicate "$EXAMPLE"
	is "$(helper frobnicate "$EXAMPLE" 2>&1)" '' 'is ignored in silence'
	is "$(get 'colour=green' 'shape[]=round' | wc -l)" 3 \
		'so are unknown keys'
	is "$(get 'wwwauth[]=Bearer' 'wwwauth[]=' 'wwwauth[]=Basic' | wc -l)" 3 \
		'an empty value begins a list anew'
	long=$(printf '%070000d' 0)
	exits 10 'a line that is too long' helper get "$EXAMPLE" "x=$long"
}

# Nobody is asked; git ends rather than ask for a password of no use.
failures()
{
	expire
	"$VALETKEY_BUILD/tests/lib/keyring" lock
	like "$(get 2>&1 </dev/null)" 'locked' 'a locked keyring is told'
	like "$(fill "$EXAMPLE")" 'told us to quit' 'and git gives up'
	"$VALETKEY_BUILD/tests/lib/keyring" unlock
	ok 'unlocked, it goes on' fill "$EXAMPLE"
}

# As git with a person at a terminal would: the helper's standard error is one.
at_terminal()
{
	cat >ask.sh <<-'END'
	printf 'protocol=https\nhost=git.example.com\n' |
		git-credential-valetkey get >answer
	END
	rm -f answer
	echo 'until [ -s answer ]' | (
		browser_setup
		TERM=dumb "$VALETKEY_BUILD/tests/lib/terminal" "$@" sh ask.sh
	) >shown 2>&1
}

logs_in()
{
	expire
	valetkey logout demo >/dev/null 2>&1
	like "$(get 2>&1)" 'valetkey login demo' 'no login: says what to do'
	at_terminal env
	is "$(cat answer)" quit=1 'GIT_TERMINAL_PROMPT=0: not at a terminal either'
	git config --global credential.interactive false
	at_terminal env -u GIT_TERMINAL_PROMPT
	is "$(cat answer)" quit=1 'nor with credential.interactive=false'
	git config --global --unset credential.interactive
	at_terminal env -u GIT_TERMINAL_PROMPT
	is "$(key password <answer)" "$(valetkey token demo)" \
		'else a person at a terminal logs in'
	like "$(cat shown)" 'Log in with your browser' 'who is told to'
}

no_glib()
{
	if ! strace -o /dev/null true 2>/dev/null; then
		skip 'strace does not work here' 'a hit loads no GLib'
		return
	fi
	get >/dev/null
	strace -f -o trace -e trace=openat,execve git credential fill \
		>/dev/null <<-END
	$EXAMPLE
	END
	ok 'git asks us' grep -q 'execve.*git-credential-valetkey' trace
	unlike "$(cat trace)" 'libglib|libsecret|libcurl|valetkey-helper' \
		'a hit loads no GLib, and starts no helper'
}

cd "$VALETKEY_TEST_DIR" && provider_start || exit
ok 'an account' demo_account demo web --host https://git.example.com
ok 'logs in' demo_login demo
answers
foreign_names
ways
again
erases
lifetimes
routes
refusals
no_glib
failures
logs_in
remove_accounts demo
done_testing
