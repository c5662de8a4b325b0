#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_git_store.sh - git-credential-valetkey as a store of any other credential,
# in the very items of git-credential-libsecret: what git's own tests for outside
# helpers ask for, with the git that is here, and the way there and back.
# secret-tool speaks for the other program: it writes and reads the same schema.

# shellcheck disable=SC2015 # tap_result is always the last word
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/git.sh
. "$VALETKEY_SRC/tests/lib/git.sh"

HOST='protocol=https
host=example.com'

# lines VERB LINE...: approve or reject.
tell()
{
	tell_verb=$1
	shift
	printf '%s\n' "$@" | git credential "$tell_verb"
}

# A person who has no git at hand.
typed()
{
	typed_text=$(TERM=dumb "$VALETKEY_BUILD/tests/lib/terminal" \
		git-credential-valetkey store <<-END
	expect not shown
	send protocol=https
	expect not shown
	send host=typed.example
	expect not shown
	send username=typist
	expect not shown
	send password=typed-by-hand
	expect not shown
	send
	END
	)
	is $? 0 'a credential that is typed' || tap_note "$typed_text"
	unlike "$typed_text" typed-by-hand 'is not shown'
	is "$(get protocol=https host=typed.example | tail -n 1)" \
		password=typed-by-hand 'and is stored'
	helper erase protocol=https host=typed.example
}

get()
{
	helper get "$@"
}

# libsecret USER PASSWORD [ATTRIBUTE VALUE...]: as the other helper stores it.
libsecret()
{
	libsecret_user=$1 libsecret_password=$2
	shift 2
	printf '%s' "$libsecret_password" | secret-tool store --label=Git \
		xdg:schema org.git.Password user "$libsecret_user" \
		protocol https "$@"
}

items()
{
	secret-tool search --all "$@" 2>&1 | grep -c '^label' || :
}

contract()
{
	is "$(get "$HOST")" '' 'nothing at first'
	ok 'a password is stored' tell approve "$HOST" username=store-user \
		password=store-pass
	is "$(get "$HOST")" 'username=store-user
password=store-pass' 'and found'
	is "$(fill "$HOST")" "$HOST
username=store-user
password=store-pass" 'by git as well'
	is "$(get protocol=http host=example.com)" '' \
		'http never gets an https secret'
	is "$(get protocol=https host=other.tld)" '' 'nor another host'
	is "$(get protocol=https host=example.com:8443)" '' 'nor another port'
	is "$(get "$HOST" username=other)" '' 'nor another user'
	tell approve "$HOST" username=store-user password=pass2
	is "$(get "$HOST" | tail -n 1)" password=pass2 'overwritten'
	is "$(items server example.com)" 1 'in place'
	tell approve "$HOST" username=user2 password=pass1
	is "$(get "$HOST" username=user2 | tail -n 1)" password=pass1 \
		'several users: this one'
	is "$(get "$HOST" username=store-user | tail -n 1)" password=pass2 \
		'and that one'
	tell reject "$HOST" username=user2 password=other
	is "$(get "$HOST" username=user2 | tail -n 1)" password=pass1 \
		'reject of another password keeps it'
	tell reject "$HOST" username=user2
	is "$(get "$HOST" username=user2)" '' 'reject of the user'
	is "$(get "$HOST" | tail -n 1)" password=pass2 'keeps the other'
	tell approve "$HOST" username=user2 password=pass1
	tell reject "$HOST"
	is "$(items server example.com)" 0 'reject of the host takes all'
	tell approve protocol=https host=sso.tld username= password=
	is "$(get protocol=https host=sso.tld)" 'username=
password=' 'an empty user name and password'
	ok 'an empty path is no pattern' \
		sh -c 'printf "\n" | git-credential-valetkey erase; [ $? = 10 ]'
	is "$(get protocol=https host=badguy.example.com \
		"wwwauth[]=basic realm=$(printf '%01000d' 0)host=sso.tld")" '' \
		'a long challenge confuses nothing'
}

paths()
{
	git config --global credential.useHttpPath true
	tell approve protocol=https host=path.tld path=foo.git username=u \
		password=p
	is "$(get protocol=https host=path.tld path=bar.git)" '' 'another path'
	is "$(get protocol=https host=path.tld path=foo.git | tail -n 1)" \
		password=p 'the path'
	git config --global --unset credential.useHttpPath
	is "$(items object foo.git)" 1 'is the attribute "object"'
}

expiry()
{
	soon=$(($(date +%s) + 4))
	tell approve "$HOST" username=e password=p \
		password_expiry_utc=9999999999 oauth_refresh_token=xyzzy
	printf '%s\n' "$HOST" username=e2 password=p2 \
		password_expiry_utc=9999999999 oauth_refresh_token=xyzzy |
		git-credential-valetkey store
	is "$(get "$HOST" username=e2)" 'username=e2
password=p2
password_expiry_utc=9999999999
oauth_refresh_token=xyzzy' 'expiry and refresh token'
	is "$(secret-tool lookup server example.com user e2)" 'p2
password_expiry_utc=9999999999
oauth_refresh_token=xyzzy' 'as lines of the secret'
	printf '%s\n' "$HOST" username=e3 password=p3 |
		git-credential-valetkey --timeout=4 store
	printf '%s\n' "$HOST" username=e4 password=p4 oauth_refresh_token=rt \
		"password_expiry_utc=$soon" | git-credential-valetkey store
	like "$(get "$HOST" username=e3)" '^password=p3$' '--timeout: still there'
	sleep 5.1
	is "$(get "$HOST" username=e3)" '' 'and then not'
	is "$(items user e3)" 0 'nor in the keyring'
	is "$(get "$HOST" username=e4)" 'username=e4
oauth_refresh_token=rt' 'a refresh token outlives its password'
	tell reject "$HOST"
}

# The newest protocol: credentials that are no passwords.
authtypes()
{
	able='capability[]=authtype'
	bearer='authtype=Bearer
credential=random-token'
	helper store "$able" "$bearer" "$HOST"
	is "$(get "$able" "$HOST")" "$able
$bearer" 'a Bearer credential'
	is "$(get "$HOST")" '' 'only with the capability'
	helper store "$able" "$HOST" authtype=Bearer credential=two username=u
	like "$(get "$able" "$HOST" username=u)" '^credential=two$' 'a user'"'"'s'
	is "$(get "$able" "$HOST" username=x)" '' 'not another one'"'"'s'
	like "$(get "$able" "$HOST")" '^credential=random-token$' \
		'nor where none is named'
	is "$(items server example.com)" 0 \
		'git-credential-libsecret would take it for a password: elsewhere'
	helper store "$able" "$HOST" authtype=x credential=y ephemeral=1 \
		username=z
	is "$(get "$able" "$HOST" username=z)" '' 'ephemeral is not kept'
	helper store "$able" "$HOST" user=z password=secret ephemeral=1
	is "$(items server example.com)" 0 'nor as a password'
	helper erase "$able" "$HOST" authtype=Bearer credential=other
	like "$(get "$able" "$HOST")" '^credential=' \
		'erase of another credential keeps it'
	helper erase "$able" "$HOST" authtype=Bearer credential=random-token
	like "$(get "$able" "$HOST" username=u)" '^credential=two$' \
		'of this one: this one'
	helper erase "$able" "$HOST"
	is "$(get "$able" "$HOST" username=u)" '' 'of all: all'
}

# There and back.
drop_in()
{
	libsecret bob hunter2 server git.example.org
	is "$(get protocol=https host=git.example.org)" 'username=bob
password=hunter2' 'its password is found'
	libsecret eve 'two
password_expiry_utc=9999999999' server git.example.org port 8443
	is "$(get protocol=https host=git.example.org:8443)" 'username=eve
password=two
password_expiry_utc=9999999999' 'with port and expiry'
	tell approve protocol=https host=git.example.org username=bob \
		password=new
	is "$(items server git.example.org user bob)" 1 'ours replaces it'
	is "$(secret-tool lookup protocol https server git.example.org \
		user bob)" new 'in its item'
	tell approve protocol=https host=git.example.org:8443 username=ann \
		password=ours
	is "$(secret-tool lookup xdg:schema org.git.Password protocol https \
		server git.example.org port 8443 user ann)" ours \
		'what we store it finds'
	like "$(secret-tool search user ann 2>&1)" \
		'^label = Git: https://git.example.org:8443/$' 'under its label'
	tell reject protocol=https host=git.example.org username=bob
	is "$(items server git.example.org user bob)" 0 'and we erase'
	is "$(items server git.example.org)" 2 'no more than that'
}

# A port is part of the host, however little git says.
ports()
{
	able='capability[]=authtype'
	plain='protocol=https
host=port.tld'
	libsecret u of-8443 server port.tld port 8443
	is "$(get "$plain")" '' 'a password of another port is not given'
	is "$(get "$plain" username=u)" '' 'nor by its user'
	is "$(get "$plain:9443")" '' 'nor to a third port'
	tell approve "$plain" username=u password=of-443
	is "$(get "$plain" | tail -n 1)" password=of-443 \
		'the usual port has its own'
	is "$(get "$plain:8443" | tail -n 1)" password=of-8443 \
		'and has not replaced that of another'
	is "$(get "$plain:443" | tail -n 1)" password=of-443 \
		'which may be named'
	tell approve "$plain:443" username=u password=named
	is "$(get "$plain" | tail -n 1)" password=named \
		'when it is stored, too'
	is "$(items server port.tld)" 2 'and is no other item'
	tell reject "$plain"
	is "$(get "$plain:8443" | tail -n 1)" password=of-8443 \
		'what is erased has the port that was meant'
	tell approve "$plain" username=u password=of-443
	tell reject "$plain:8443"
	is "$(get "$plain" | tail -n 1)" password=of-443 \
		'and the other way round'
	helper erase protocol=https username=u
	is "$(items server port.tld)" 0 'without a host: all'
	helper store "$able" "$plain:8443" authtype=Bearer credential=token-8443
	is "$(get "$able" "$plain")" '' 'a Bearer credential has a port as well'
	helper erase "$able" "$plain"
	like "$(get "$able" "$plain:8443")" '^credential=token-8443$' \
		'and keeps it'
	helper erase "$able" "$plain:8443"
}

odd_values()
{
	tab=$(printf 'a\tb%%41\033c') latin=$(printf 'caf\351')
	tell approve protocol=https host=odd.tld username=u "password=$tab"
	is "$(get protocol=https host=odd.tld | tail -n 1)" "password=$tab" \
		'a password with control characters'
	tell approve protocol=https host=odd.tld username=v "password=$latin"
	is "$(get protocol=https host=odd.tld username=v | tail -n 1)" \
		"password=$latin" 'one that is not UTF-8'
	exits 10 'a user name that is not cannot be stored' helper store \
		protocol=https host=odd.tld "username=$latin" password=x
	is "$(get protocol=https host=odd.tld "username=$latin")" '' \
		'nor is it found'
	libsecret w "$(printf 'x\ry')" server odd2.tld
	exits 10 'what git could not take is not answered' \
		get protocol=https host=odd2.tld
	tell approve protocol=https 'host=[::1]' username=a password=one
	tell approve protocol=https 'host=[::2]' username=a password=two
	is "$(get protocol=https 'host=[::1]' | tail -n 1)" password=one \
		'two IPv6 hosts are two'
	tell approve protocol=cert host= path=/home/x.pem username=c password=d
	is "$(get protocol=cert host= path=/home/x.pem | tail -n 1)" \
		password=d 'a path without a host'
}

asking()
{
	"$VALETKEY_BUILD/tests/lib/keyring" lock
	exits 23 'a locked keyring: no dialog, an error' \
		get protocol=https host=odd.tld
	git config --global credential.interactive always
	exits 23 'GIT_TERMINAL_PROMPT=0 forbids it even then' \
		get protocol=https host=odd.tld
	(unset GIT_TERMINAL_PROMPT
	exits 26 'where it may, the keyring asks (and nobody answers here)' \
		get protocol=https host=odd.tld)
	TAP_COUNT=$((TAP_COUNT + 1))
	git config --global credential.interactive false
	unset GIT_TERMINAL_PROMPT
	exits 23 'credential.interactive=false forbids it' \
		get protocol=https host=odd.tld
	"$VALETKEY_BUILD/tests/lib/keyring" unlock
}

need_programs secret-tool
cd "$VALETKEY_TEST_DIR" || exit
contract
typed
paths
expiry
authtypes
drop_in
ports
odd_values
# How the others are locked is their own tests' subject.
[ -n "${VALETKEY_TEST_KEYRING-}" ] || asking
done_testing
