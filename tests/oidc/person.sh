#!/bin/sh
# SPDX-License-Identifier: MIT
#
# person.sh - a scripted person at tests/oidc/server.js: person.sh URL, as
# $BROWSER would be called. Opens the URL, fills every form that comes (login,
# consent, the device's code, a form_post) until none does, the waiting client's
# page included. Returns at once and works on in the background, as xdg-open
# does. No secret is in an argument list.
#
#	OIDC_FOLDER    the server's; password and ca.crt are read
#	OIDC_USER      who logs in (alice)
#	OIDC_ANSWER    allow (the default) or deny
#	OIDC_SAVE      gets the HTML of the last page
#	OIDC_LAST      gets the last page's URL, which may be one of
#	               https://hosted.example (see clients.js)
#	OIDC_WAIT      1: stay until done

set -eu

# A value inside the quotation marks of a curl config file.
quoted()
{
	printf '%s' "$1" | sed 's/["\\]/\\&/g'
}

# fetch URL [CURL OPTION]...: the page goes to $dir/page, its address to $dir/url.
# That of hosted.example cannot be fetched.
fetch()
{
	url=$(quoted "$1")
	shift
	printf 'url = "%s"\n' "$url" | curl -q -sS -K - -L --max-redirs 10 \
		--max-time 60 --noproxy '*' --cacert "$OIDC_FOLDER/ca.crt" \
		--resolve 'hosted.example:443:127.0.0.1' --connect-timeout 5 \
		-b "$dir/cookies" -c "$dir/cookies" -o "$dir/page" \
		-w '%{url_effective}' "$@" >"$dir/url" && return
	: >"$dir/page"
	[ -n "${OIDC_LAST:-}" ]
}

has()
{
	grep -q "$1" "$dir/page"
}

# The hidden fields of the page's form, as curl options in a file: unescaped,
# for a value of ours never holds more than &amp;.
hidden_fields()
{
	sed -n 's/.*type="hidden" name="\([^"]*\)" value="\([^"]*\)".*/\1=\2/p' \
		"$dir/page" | sed -e 's/&amp;/\&/g' -e 's/["\\]/\\&/g' \
		-e 's/.*/data-urlencode = "&"/' >"$dir/fields"
}

# submit [CURL OPTION...]: the page's form, with its hidden fields.
submit()
{
	action=$(sed -n 's/.*<form.* action="\([^"]*\)".*/\1/p' "$dir/page" |
		head -n 1)
	case $action in
	/*) action=$(sed 's|^\([a-z]*://[^/?#]*\).*|\1|' "$dir/url")$action ;;
	esac
	hidden_fields
	fetch "$action" -K "$dir/fields" "$@"
}

log_in()
{
	printf '%s' "${OIDC_USER:-alice}" >"$dir/user"
	submit --data-urlencode "user@$dir/user" \
		--data-urlencode "password@$OIDC_FOLDER/password"
}

# The form that is there; fails where none is.
next_form()
{
	if has 'id="wrong"'; then
		return 1
	elif has 'id="login"'; then
		log_in
	elif has 'id="consent"'; then
		submit -d "answer=${OIDC_ANSWER:-allow}"
	elif has 'op.deviceInputForm'; then
		code=$(sed 's/.*user_code=//' "$dir/url")
		submit -d "user_code=$code"
	elif has 'op.deviceConfirmForm'; then
		case ${OIDC_ANSWER:-allow} in
		allow) submit ;;
		*) submit -d abort=yes ;;
		esac
	elif has '<title>Submitting Callback'; then
		submit
	else
		return 1
	fi
}

# shellcheck disable=SC2317 # called by trap
save()
{
	for pair in "page:${OIDC_SAVE:-}" "url:${OIDC_LAST:-}"; do
		to=${pair#*:}
		[ -n "$to" ] || continue
		cp "$dir/${pair%%:*}" "$to.part" && mv "$to.part" "$to"
	done
	rm -rf "$dir"
}

browse()
{
	umask 077
	dir=$(mktemp -d)
	: >"$dir/page"
	trap save EXIT
	trap 'exit 1' HUP INT TERM
	fetch "$1"
	forms=6
	while [ "$forms" -gt 0 ] && next_form; do
		forms=$((forms - 1))
	done
}

if [ "${OIDC_WAIT:-}" = 1 ]; then
	browse "$1"
else
	(browse "$1") </dev/null >/dev/null 2>&1 &
fi
