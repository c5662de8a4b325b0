#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_session.sh - what a person has in the environment does not reach the tests,
# or one of them would fail on that person's computer alone.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

# session [OPTION] COMMAND...: as that person starts it.
session()
{
	env NO_COLOR=1 LANG=de_DE.UTF-8 LC_ALL=tr_TR.UTF-8 LANGUAGE=de TERM=xterm \
		https_proxy=http://proxy.example:3128 ALL_PROXY=socks5h://x.example \
		SSL_CERT_FILE=/nowhere CURL_CA_BUNDLE=/nowhere \
		REQUESTS_CA_BUNDLE=/nowhere GIT_DIR=/nowhere POSIXLY_CORRECT=1 \
		BROWSER=firefox EDITOR=vi SASL_PATH=/nowhere DISPLAY=:7 \
		CDPATH=/ PYTHONPATH=/nowhere dir=/nowhere mode=x command=x name=x \
		odd="$(printf 'several\nLC_TIME=lines\nPATH=/nowhere')" \
		"$VALETKEY_SRC/tests/lib/session" "$@"
}

seen=$(session --no-bus env -0 | tr '\n\0' '~\n' | sort)
like "$seen" '^PATH=.*/bin' 'programs are found'
like "$seen" '^VALETKEY_TEST_DIR=/' 'a session of its own'
is "$(printf '%s\n' "$seen" | grep -E '^(LANG|LC_|TERM)')" \
	"$(printf 'LANG=C.UTF-8\nTERM=dumb')" \
	'the language and the terminal are the same for all'
is "$(printf '%s\n' "$seen" | sed 's/=.*//' | grep -vE \
	'^(VALETKEY_.*|XDG_[A-Z]*_(HOME|DIR)|HOME|[ACLTU]+SAN_OPTIONS|_)$' |
	grep -vxE 'PATH|PWD|OLDPWD|SHLVL|LANG|TERM|TMPDIR|MANPATH|srcdir|PKG_CONFIG_PATH')" \
	'' 'nothing else is there'
seen=$(session --person --no-bus env)
like "$seen" '^EDITOR=vi' 'a session for a person has an editor'
like "$seen" '^LC_ALL=tr_TR' 'and a language'
unlike "$seen" '^(https_proxy|DISPLAY)=' 'but neither proxy nor screen'
done_testing
