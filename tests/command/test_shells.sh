#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_shells.sh - what valetkey hands to other programs stays what it is, where
# a shell reads it too: addresses for the browser, tokens for eval, lines to paste.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hostile/hostile.sh
. "$VALETKEY_SRC/tests/hostile/hostile.sh"
# shellcheck source=tests/lib/git.sh
. "$VALETKEY_SRC/tests/lib/git.sh"

# Where every trap leaves its file.
cd "$HOME" || exit
nothing_run()
{
	ok "$1: nothing was run" [ ! -e pwned ]
	rm -f pwned
}

# A browser that writes its words down, a line each, and one that is a script
# of the careless kind.
browsers()
{
	cat >noting <<-END
	#!/bin/sh
	printf '%s\n' "\$@" >'$HOME/noted.part'
	mv '$HOME/noted.part' '$HOME/noted'
	END
	# shellcheck disable=SC2016 # the script's own
	printf '#!/bin/sh\neval "./noting \\"$1\\""\n' >careless
	# shellcheck disable=SC2016
	printf "#!/bin/sh\neval \"./noting '\$1'\"\n" >careless-too
	chmod +x noting careless careless-too
}

# opened BROWSER: its words, at a device login that is given up.
opened()
{
	rm -f noted
	run env BROWSER="$1" valetkey login work --flow device --timeout 3
	cat noted 2>&1
}

# shellcheck disable=SC2016 # nothing here is to be expanded
test_browser()
{
	lie token 'json 400' '{"error":"authorization_pending"}'
	lie device json '{"device_code":"d","user_code":"WDJB-MJHT",
		"interval":1,"expires_in":600,"verification_uri":"{self}/enter",
		"verification_uri_complete":
			"{self}/enter?a=$(id>pwned)&b=`id>pwned`'\''\";id>pwned;\""}'
	page="$A/enter?a=%24(id>pwned)&b=%60id>pwned%60%27%22;id>pwned;%22"
	is "$(opened "$HOME/noting")" "$page" 'an address is one word'
	is "$(opened "$HOME/noting -x %s;id>pwned \$(id>pwned) 100%%")" \
		"-x
$page;id>pwned
\$(id>pwned)
100%" 'BROWSER is words, and no line of a shell'
	for script in careless careless-too; do
		is "$(opened "$HOME/$script")" "$page" "the same by $script"
	done
	nothing_run 'an address with commands'
	honest
}

# shellcheck disable=SC2016 # nothing here is to be expanded
test_token()
{
	odd='a$(id>pwned)`id>pwned`'\''"\;|&*~#'
	lie token json "$(printf '{"access_token":"%s","token_type":"Bearer",
		"expires_in":3600,"refresh_token":"r2"}' \
		"$(printf %s "$odd" | sed 's/["\\]/\\&/g')")"
	is "$(valetkey token work --min-valid 31536000 2>/dev/null)" "$odd" \
		'a token with commands'
	for shell in sh bash zsh; do
		need_program "$shell" "--format env in $shell" || continue
		is "$("$shell" -c 'eval "$(valetkey token work --format env)"
			printf %s "$VALETKEY_TOKEN"')" "$odd" \
			"--format env, read by $shell"
	done
	is "$(valetkey run work:T -- sh -c 'printf %s "$T"')" "$odd" \
		'run puts it into a variable as it is'
	nothing_run 'a token'
	honest
}

test_git_setup()
{
	host='https://[2001:db8::1]:8443'
	valetkey add six --issuer "$A" --client-id me --scope read \
		--auth none --host "$host" </dev/null >"$OUT" 2>&1
	rm -f "$GIT_CONFIG_GLOBAL"
	valetkey git-setup six >lines 2>/dev/null
	for shell in sh bash zsh; do
		need_program "$shell" "git-setup's lines in $shell" || continue
		"$shell" ./lines
		is "$(git config --global --get-all "credential.$host.helper" |
			tr '\n' '|')" '|valetkey|' \
			"git-setup's lines, pasted into $shell"
		rm -f "$GIT_CONFIG_GLOBAL"
		valetkey git-setup six --apply 2>&1 |
			sed -n 's/.*To undo that, run: //p' >back
		"$shell" ./back
		is "$(git config --global --get-regexp '^credential')" '' \
			"and its way back, in $shell"
	done
	remove six
}

liar_start || exit 1
liar_account work || exit 1
browsers
test_browser
test_token
test_git_setup
remove work
liar_stop
done_testing
