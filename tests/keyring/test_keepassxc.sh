#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_keepassxc.sh - the third keyring: KeePassXC. Unlocked, it answers every
# creation and deletion with a prompt that ends by itself; locked, a search with
# its unlock dialog. Run by `./dev keyrings`, because its packages are large.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"
# shellcheck source=tests/lib/keyrings.sh
. "$VALETKEY_SRC/tests/lib/keyrings.sh"

LOCKED=23

refresh()
{
	ask -t 20000 -m 1000000
}

# quick MILLISECONDS DESCRIPTION: it took less, since $began.
quick()
{
	took=$(($(date +%s%3N) - began))
	ok "$2 (in $took ms)" [ "$took" -lt "$1" ]
}

# What a person does without a terminal.
test_unlocked()
{
	ok 'unlocked: an account with a secret is added' demo_account demo
	ok 'unlocked: a login' demo_login demo
	for round in 1 2 3 4 5; do
		ok "unlocked: refresh $round" refresh
	done
	ok 'unlocked: logged out' valetkey logout demo
	ok 'unlocked: removed' valetkey remove demo --yes
	like "$(printf '%s\n' 'send n' |
		TERM=xterm "$VALETKEY_BUILD/tests/lib/terminal" valetkey add demo \
		--provider ninjaone --instance demo --client native \
		--client-id native-client --scope monitoring --no-prompt)" \
		'demo is added' 'unlocked: added at a terminal with --no-prompt'
}

# The windows that there are, by their names.
windows()
{
	DISPLAY=:$(cat "$VALETKEY_TEST_DIR/display") xwininfo -root -tree |
		sed -n 's/^ *0x[0-9a-f]* "\(.*\)": .*/\1/p' | sort
}

test_locked()
{
	keepassxc_end
	keepassxc_starts locked
	windows >"$VALETKEY_TEST_DIR/windows"
	before=$(counted token_requests)
	for what in 'token demo --min-valid 1000000' 'logout demo' \
		'remove demo --yes'; do
		began=$(date +%s%3N)
		# shellcheck disable=SC2086 # a list of words
		exits "$LOCKED" "locked: ${what%% *}: LOCKED" valetkey $what
		quick 1000 "locked: ${what%% *}: at once"
	done
	began=$(date +%s%3N)
	exits "$LOCKED" 'locked: a password for git: LOCKED' sh -c \
		'printf "protocol=https\nhost=example.com\n\n" |
			git-credential-valetkey get'
	quick 1000 'locked: a password for git: at once'
	is "$(windows)" "$(cat "$VALETKEY_TEST_DIR/windows")" \
		'locked: no dialog was shown'
	is "$(counted token_requests)" "$before" \
		'locked: no refresh token was spent'
	keepassxc_end
	keepassxc_start
	ok 'unlocked again: a token' refresh
}

# restart SETTING...
restart()
{
	keepassxc_end
	keepassxc_settings "$@"
	keepassxc_start
}

# What it asks before, it asks only who is there.
test_confirm()
{
	restart ConfirmAccessItem=true
	began=$(date +%s%3N)
	exits "$LOCKED" 'it asks before it gives a secret: LOCKED' refresh
	quick 1000 'it asks before it gives a secret: at once'
	like "$(valetkey token demo --min-valid 1000000 2>&1)" \
		'wants to ask you something' \
		'it asks before it gives a secret: and we say so'
	restart ConfirmDeleteItem=true
	began=$(date +%s%3N)
	exits "$LOCKED" 'it asks before it deletes: LOCKED' \
		valetkey remove demo --yes
	quick 5000 'it asks before it deletes: soon'
	restart
}

for program in keepassxc keepassxc-cli Xvfb xwininfo; do
	command -v "$program" >/dev/null || skip_all "there is no $program"
done
git_name=$VALETKEY_TEST_DIR/bin
mkdir "$git_name" &&
	ln -s "$(command -v valetkey)" "$git_name/git-credential-valetkey"
PATH=$git_name:$PATH
ok 'KeePassXC runs' keyring_make keepassxc || done_testing
provider_start
test_unlocked
remove_accounts demo
{ demo_account demo && demo_login demo; } >/dev/null 2>&1 || exit 1
test_locked
test_confirm
is "$(counted reuse_detected)" 0 'no refresh token was used twice'
remove_accounts demo
keyring_end
done_testing
