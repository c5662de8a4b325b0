#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A scripted browser for tests: browser.sh URL, as $BROWSER would be called.
# Opens the URL, logs in, presses Allow, and follows every redirect to the
# end, the loopback redirect URI of the waiting client included. Returns at
# once and works on in the background, as xdg-open does. No secret, code or
# password is ever in an argument list.
#
#   VALETKEY_BROWSER_USER           who logs in (demo)
#   VALETKEY_BROWSER_PASSWORD_FILE  the password; needed
#   VALETKEY_BROWSER_ANSWER         allow (the default) or deny
#   VALETKEY_BROWSER_SAVE           gets the HTML of the last page
#   VALETKEY_BROWSER_URL            gets the address of the last page
#   VALETKEY_BROWSER_WAIT           1: stay until done, tell how it went
#
# Needs curl, which honours CURL_CA_BUNDLE for a provider with https.

set -eu

if [ $# -ne 1 ] || [ -z "${VALETKEY_BROWSER_PASSWORD_FILE:-}" ]; then
	echo "usage: VALETKEY_BROWSER_PASSWORD_FILE=FILE browser.sh URL" >&2
	exit 2
fi

complain() {
	echo "browser.sh: $*" >&2
	exit 1
}

# A value inside the quotation marks of a curl config file.
quoted() {
	printf '%s' "$1" | sed 's/["\\]/\\&/g'
}

# fetch URL [CURL OPTION]...: the page, after all redirects, goes to
# $dir/page. The URL travels by standard input.
fetch() {
	fetch_url=$(quoted "$1")
	shift
	printf 'url = "%s"\n' "$fetch_url" |
		curl -q -sS -K - -L --max-redirs 10 --max-time 60 \
			--noproxy '*' -b "$dir/cookies" -c "$dir/cookies" \
			-o "$dir/page" -w '%{http_code} %{num_redirects} %{url_effective}' \
			"$@" >"$dir/status"
}

# The hidden key of the page's form, into a file of its own.
take_key() {
	sed -n 's/.*name="sessionKey" value="\([^"]*\)".*/\1/p' "$dir/page" |
		head -n 1 | tr -d '\n' >"$dir/key"
}

# Does the page have something with this id?
has() {
	grep -q "id=\"$1\"" "$dir/page"
}

log_in() {
	take_key
	printf '%s' "${VALETKEY_BROWSER_USER:-demo}" >"$dir/user"
	password=$(cat "$VALETKEY_BROWSER_PASSWORD_FILE")
	printf '%s' "$password" >"$dir/password"
	fetch "$origin/ws/login" --data-urlencode "sessionKey@$dir/key" \
		--data-urlencode "username@$dir/user" \
		--data-urlencode "password@$dir/password"
}

consent() {
	take_key
	printf '%s' "${VALETKEY_BROWSER_ANSWER:-allow}" >"$dir/answer"
	fetch "$origin/ws/consent" --data-urlencode "sessionKey@$dir/key" \
		--data-urlencode "answer@$dir/answer"
}

save() {
	if [ -n "${VALETKEY_BROWSER_URL:-}" ] && [ -f "$dir/status" ]; then
		cut -d ' ' -f 3 "$dir/status" >"$VALETKEY_BROWSER_URL.part"
		mv "$VALETKEY_BROWSER_URL.part" "$VALETKEY_BROWSER_URL"
	fi
	[ -n "${VALETKEY_BROWSER_SAVE:-}" ] || return 0
	[ -f "$dir/page" ] || : >"$dir/page"
	cp "$dir/page" "$VALETKEY_BROWSER_SAVE.part"
	mv "$VALETKEY_BROWSER_SAVE.part" "$VALETKEY_BROWSER_SAVE"
}

browse() {
	umask 077
	dir=$(mktemp -d)
	trap 'save; rm -rf "$dir"' EXIT
	trap 'exit 1' HUP INT TERM
	fetch "$1" || complain "cannot open the page"
	# scheme://host:port of the provider, for its two forms
	origin=$(sed 's|^.* \([a-z]*://[^/?#]*\).*|\1|' "$dir/status")
	if has login; then
		log_in || complain "cannot send the login"
	fi
	if has login; then
		complain "the login was refused"
	fi
	read -r status redirects rest <"$dir/status" || :
	has allow || complain "no consent page, status $status"
	consent || complain "cannot reach the redirect URI"
	read -r status redirects rest <"$dir/status" || :
	[ "$redirects" -gt 0 ] || complain "nowhere to go, status $status"
}

if [ "${VALETKEY_BROWSER_WAIT:-}" = 1 ]; then
	browse "$1"
else
	(browse "$1") </dev/null >/dev/null 2>&1 &
fi
