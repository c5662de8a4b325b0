#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_far.sh - accounts whose login another machine keeps: added through its
# socket, their tokens from there and then from the kernel's keyring; what a
# connection that ends, hangs or lies comes to, whose sockets count, and that all
# programs of both machines together cost one refresh.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/ops/share.sh
. "$VALETKEY_SRC/tests/ops/share.sh"

RESOURCE=27
HELPER_FAILED=40
UNREACHED='^valetkey: The machine that keeps this login cannot be reached: '

need_programs systemd-socket-activate

test_add()
{
	rmdir "$FAR_RUNTIME/valetkey"
	said "$NETWORK" "${UNREACHED}there is no socket at $FAR_SOCKET\\." \
		'add before anybody is there' far valetkey add demo --far
	is "$(stat -c %a "$FAR_RUNTIME/valetkey")" 700 \
		'the folder is there then'
	serve "$FAR_SOCKET" || skip_all 'systemd-socket-activate does not start'
	said "$ARG" 'leave out --client-id' 'add --far with a client' \
		far valetkey add demo --far --client-id x
	said "$ARG" 'add --far' '--socket without --far' \
		far valetkey add demo --socket "$FAR_SOCKET"
	said "$ARG" 'absolute path' 'a relative path' \
		far valetkey add demo --far --socket far
	said "$ACCOUNT" 'No account "other" is shared here' \
		'an account that is not shared' far valetkey add other --far
	ok 'no file has come of that' test ! -e "$FAR_HOME/.config/valetkey"
	said 0 'another machine keeps its login' 'add' \
		far valetkey add demo --far
	file=$FAR_HOME/.config/valetkey/demo.conf
	is "$(sed -n 's/=.*//p' "$file" | sort -u | xargs)" \
		'far hosts[] id name provider' \
		'the file has who, where and for which hosts'
	is "$(stat -c %a "$file")" 600 'and is nobody else'\''s'
	unlike "$(cat "$file")" "$(sed -n 's/^id=//p' "$CONFIG/demo.conf")" \
		'its id is its own'
	said "$ARG" 'already' 'add once more' far valetkey add demo --far
}

test_token()
{
	token=$(valetkey token demo)
	is "$(far valetkey token demo)" "$token" 'the token of the other machine'
	is "$(far valetkey token --resource "$PROVIDER_URL/v2")" "$token" \
		'by the address of a server, too'
	serve_stop
	is "$(far valetkey token demo)" "$token" \
		'then from the kernel, though nobody is there'
	serve "$FAR_SOCKET"
	said "$RESOURCE" '' 'no token for another host' far valetkey token demo \
		--resource https://elsewhere.example
	said "$DENIED" 'no ID token' 'no ID token' far valetkey token demo --id-token
	said "$DENIED" 'as it is' 'none is made new for it' \
		far valetkey token demo --new
	far_forget
	said 0 '' 'a person is not asked there' far valetkey token demo --interactive
	far_forget
	said 0 '' 'that machine says nothing of its work' \
		far valetkey token demo --debug
	unlike "$text" 'The helper' 'whatever is asked of it'
	requests 0 'all that without the provider'
	printf '%s\n' "$token" | far valetkey invalidate demo >"$OUT" 2>&1
	like "$(cat "$OUT")" 'is invalidated' 'it is told of a refused token'
	new=$(far valetkey token demo)
	unlike "$new" "^$token\$" 'then there is another one'
	is "$(valetkey token demo)" "$new" 'for both'
	requests 1 'after one refresh'
}

test_programs()
{
	like "$(far valetkey curl demo -- -sS "$PROVIDER_URL/v2/organizations")" \
		'"name"' 'curl'
	# shellcheck disable=SC2016 # for the inner shell
	like "$(far valetkey proxy demo -- sh -c 'curl -sS \
		-H "Authorization: Bearer $VALETKEY_PROXY_TOKEN" \
		"$VALETKEY_PROXY_URL/v2/organizations"')" '"name"' 'the proxy'
	is "$(printf '%s\n' protocol=http "host=${PROVIDER_URL#http://}" '' |
		far valetkey front git get | sed -n 's/^password=//p')" \
		"$(valetkey token demo)" 'git'
}

test_loops()
{
	far_forget
	ok 'an event loop gets it, has it refused and gets another one' \
		far "$VALETKEY_BUILD/tests/hosts/epoll" invalidate
	serve_stop
	is "$(far valetkey token demo)" "$(valetkey token demo)" \
		'which is in the kernel then'
	serve "$FAR_SOCKET"
	requests 1 'after one refresh'
}

# In its last fifth a token is renewed from there as well, but not if the one that
# is kept there has more than half of its life before it.
test_renewal()
{
	ok 'in the last fifth it is renewed' \
		far "$VALETKEY_BUILD/tests/hosts/last_fifth" demo
	until_renewed=100
	while [ "$(far_left)" -lt 3000 ] && [ "$until_renewed" -gt 0 ]; do
		until_renewed=$((until_renewed - 1))
		sleep 0.1
	done
	ok 'the kernel has the whole life of it again' \
		test "$(far_left)" -ge 3000
	requests 0 'for which nobody asked the provider'
}

far_left()
{
	far valetkey token demo --format json |
		sed -n 's/.*"expires_in":\([0-9]*\).*/\1/p'
}

# crowd COUNT COMMAND...: as many at once; their answers to crowd.*.
crowd()
{
	crowd_count=$1
	shift
	while [ "$crowd_count" -gt 0 ]; do
		crowd_count=$((crowd_count - 1))
		"$@" >"$VALETKEY_TEST_DIR/crowd.$1.$crowd_count" 2>&1 &
		crowd_pids="$crowd_pids $!"
	done
}

test_crowd()
{
	age demo
	"$VALETKEY_BUILD/tests/lib/forget" \
		"valetkey:$(sed -n 's/^id=//p' "$CONFIG/demo.conf")"
	far_forget
	crowd_pids=
	crowd 50 far valetkey token demo
	crowd 50 valetkey token demo
	crowd_failed=0
	for pid in $crowd_pids; do
		wait "$pid" || crowd_failed=$((crowd_failed + 1))
	done
	is "$crowd_failed" 0 'a hundred programs on both machines get a token'
	is "$(cat "$VALETKEY_TEST_DIR"/crowd.* | sort -u)" \
		"$(valetkey token demo)" 'the same one'
	requests 1 'after one refresh'
}

# liar SCRIPT: what is run there instead, with the connection as descriptor 3.
liar()
{
	serve_stop
	rm -f "$FAR_SOCKET"
	setpriv --pdeathsig KILL systemd-socket-activate --accept \
		--listen "$FAR_SOCKET" sh -c "$1" </dev/null >/dev/null 2>&1 &
	SERVING=$!
	until [ -S "$FAR_SOCKET" ]; do
		sleep 0.02
	done
	far_forget
}

answers_with()
{
	printf 'head -n 1 <&3 >/dev/null; printf "%s" >&3' "$1"
}

test_liars()
{
	liar 'exit 0'
	said "$NETWORK" "${UNREACHED}the connection to it ended" \
		'a connection that is cut' far valetkey token demo
	echo x >"$VALETKEY_TEST_DIR/refused"
	# shellcheck disable=SC2016 # for the inner shell
	said "$NETWORK" "${UNREACHED}the connection to it ended" \
		'by way of the helper' far sh -c \
		'valetkey invalidate demo <"$1"' - "$VALETKEY_TEST_DIR/refused"
	liar 'sleep 20'
	said "$TIMEOUT" 'has not answered in time' 'nobody answers' \
		far valetkey token demo --timeout 1
	liar "while printf 'valetkey=1\nmessage=info\ntext=x\n\n' >&3; do :; done"
	said "$TIMEOUT" '' 'somebody who never stops talking' \
		far timeout 10 valetkey token demo --timeout 1
	liar "$(answers_with 'valetkey=1\nresult=0\n\n')"
	said "$HELPER_FAILED" '' 'no token' far valetkey token demo
	liar "$(answers_with 'valetkey=1\nresult=0\naccess_token=a b\n\n')"
	said "$HELPER_FAILED" '' 'half a token' far valetkey token demo
	liar "$(answers_with 'HTTP/1.1 200 OK\n\n')"
	said "$HELPER_FAILED" '' 'another program' far valetkey token demo
	liar "$(answers_with 'valetkey=1\nmessage=open\nurl=https://x/\ntext=x\n\n')"
	said "$LOGIN" '' 'no browser is opened for it' far env BROWSER=false \
		valetkey token demo --interactive
	liar "$(answers_with 'valetkey=1\nresult=0\naccess_token=x\nexpires_in=9223372036854775807\nlifetime=9223372036854775807\n\n')"
	said 0 '^x$' 'a life that is none' far valetkey token demo
	liar 'exit 0'
	said "$NETWORK" '' 'which is not kept' far valetkey token demo
	serve_stop
	said "$NETWORK" "${UNREACHED}nobody listens at" 'a stale socket' \
		far valetkey token demo
	rm "$FAR_SOCKET"
	said "$NETWORK" "${UNREACHED}there is no socket" 'none' \
		far valetkey token demo
	like "$text" 'valetkey-share\(7\)' 'what to read is said'
}

test_whose()
{
	serve "$FAR_SOCKET"
	chmod 770 "$FAR_RUNTIME/valetkey"
	said "$DENIED" 'others can write in its folder' \
		'a folder that others can write' far valetkey token demo
	chmod 700 "$FAR_RUNTIME/valetkey"
	rm "$FAR_SOCKET"
	echo no >"$FAR_SOCKET"
	said "$DENIED" 'it is not a socket' 'a file' far valetkey token demo
	rm "$FAR_SOCKET"
	serve_stop
	serve "$FAR_SOCKET"
	if [ "$(id -u)" -eq 0 ]; then
		chown nobody "$FAR_SOCKET"
		said "$DENIED" "it is another user's" "another user's socket" \
			far valetkey token demo
		chown root "$FAR_SOCKET"
		chown nobody "$FAR_RUNTIME/valetkey"
		said "$DENIED" "its folder is another user's" \
			"another user's folder" far valetkey token demo
		chown root "$FAR_RUNTIME/valetkey"
	else
		skip 'only root can give files away' "another user's socket"
	fi
	ok 'as it was' far valetkey token demo
}

# add --far, killed at any moment: the file is there whole, or not at all, and what
# is half is gone after the next run.
test_killed()
{
	share_mark other
	killed_wrong=
	for moment in 0 0.002 0.004 0.006 0.008 0.01 0.012 0.014 0.016 0.02; do
		# (Not by a function, whose shell would be killed.)
		env -i PATH="$PATH" HOME="$FAR_HOME" \
			XDG_RUNTIME_DIR="$FAR_RUNTIME" \
			valetkey add other --far >/dev/null 2>&1 &
		adding=$!
		sleep "$moment"
		kill -s KILL "$adding" 2>/dev/null
		wait "$adding" 2>/dev/null
		file=$FAR_HOME/.config/valetkey/other.conf
		[ ! -e "$file" ] || far valetkey remove other --yes \
			>/dev/null 2>&1 || killed_wrong="$killed_wrong $moment"
	done
	is "$killed_wrong" '' 'add --far, killed: whole or not at all'
	far valetkey status >/dev/null 2>&1
	is "$(find "$FAR_HOME/.config/valetkey" -name '*.new-*')" '' \
		'and nothing of it is left'
	ok 'then it can be added' far valetkey add other --far
	ok 'and removed' far valetkey remove other --yes
}

test_verbs()
{
	said 0 '^demo: ready$' 'status' far valetkey status demo
	like "$text" "kept by +another machine, at $FAR_SOCKET" 'tells where'
	like "$(far valetkey status demo --json)" "\"far\":\"$FAR_SOCKET\"" \
		'in JSON, too'
	serve_stop
	said "$NETWORK" 'cannot be reached' 'status of one that is not there' \
		far valetkey status demo
	like "$text" 'good for' 'tells how long the token is good all the same'
	for verb in login logout; do
		said "$ARG" "Run this there: valetkey $verb demo" "$verb" \
			far valetkey "$verb" demo
	done
	said "$ARG" 'Run this there: valetkey share demo' 'share' \
		far valetkey share demo
	ok 'remove' far valetkey remove demo --yes
	is "$(find "$FAR_HOME" -type f)" '' 'leaves nothing there'
	ok 'and the login is where it was' valetkey token demo
}

provider_start
for account in demo other; do
	demo_account "$account" >/dev/null 2>&1
	demo_login "$account" >/dev/null 2>&1
done
share_mark demo
requests_before=$(token_requests)
test_add
test_token
test_programs
test_loops
test_renewal
test_crowd
test_liars
test_whose
test_killed
test_verbs
serve_stop
remove demo other
done_testing
