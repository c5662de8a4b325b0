#!/bin/sh
# SPDX-License-Identifier: MIT
#
# git-gate.sh - a CGI program in front of git http-backend, for the tests: lets
# in anybody with an access token that the provider's API accepts.
#
# /bearer/, /basic/ and /both/ name the schemes that are taken. From its web
# server it has GATE_DIR (repos/ in it, and what it keeps), and GATE_API. A file
# GATE_DIR/slow holds the next POST up for that many seconds before its token is
# looked at. One line for each request goes to GATE_DIR/log: scheme, status, request.

note()
{
	echo "$1 $2 $REQUEST_METHOD $REQUEST_URI" >>"$GATE_DIR/log"
}

challenge()
{
	note "$1" 401
	printf 'Status: 401 Unauthorized\r\n'
	case $SCRIPT_NAME in
	/bearer | /both)
		printf 'WWW-Authenticate: Bearer realm="git", error="%s"\r\n' \
			"$1"
		;;
	esac
	case $SCRIPT_NAME in
	/basic | /both)
		printf 'WWW-Authenticate: Basic realm="git"\r\n'
		;;
	esac
	printf 'Content-Type: text/plain\r\n\r\nNo.\n'
	exit
}

# Whether the API takes it; the token is in no argument list.
good()
{
	printf 'Authorization: Bearer %s\n' "$1" |
		curl -q -sS -f -o /dev/null --noproxy '*' -H @- "$GATE_API"
}

if [ "$REQUEST_METHOD" = POST ] &&
	mv "$GATE_DIR/slow" "$GATE_DIR/slow.$$" 2>/dev/null; then
	sleep "$(cat "$GATE_DIR/slow.$$")"
fi
scheme=${HTTP_AUTHORIZATION%% *} token=${HTTP_AUTHORIZATION#* }
case $SCRIPT_NAME:$scheme in
/bearer:Bearer | /both:Bearer) ;;
/basic:Basic | /both:Basic)
	token=$(printf '%s' "$token" | base64 -d)
	[ "${token%%:*}" = oauth2 ] || challenge bad-user
	token=${token#*:}
	;;
*) challenge none ;;
esac
good "$token" || challenge invalid
note "$scheme" 200
unset HTTP_AUTHORIZATION
REMOTE_USER=demo GIT_PROJECT_ROOT=$GATE_DIR/repos GIT_HTTP_EXPORT_ALL=1
export REMOTE_USER GIT_PROJECT_ROOT GIT_HTTP_EXPORT_ALL
exec git http-backend
