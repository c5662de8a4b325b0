#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_proxy_bytes.sh - what passes through `valetkey proxy`, with the programs that
# people have: uploads and downloads of a gibibyte in constant memory, ranges, and
# the request's own bytes; 200 clients at once, slow ones, and those that go;
# servers that hang, cut their answers off, or speak no HTTP.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/lib/keys.sh
. "$VALETKEY_SRC/tests/lib/keys.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"
# shellcheck source=tests/proxy/proxy.sh
. "$VALETKEY_SRC/tests/proxy/proxy.sh"

GIBIBYTE=1073741824
GROWS=4096 # KB at most

# ---- the programs ----

# sum_of: the number of bytes of standard input, and their CRC, as upstream.py
# tells them.
sum_of()
{
	python3 -c '
import sys, zlib
size = total = 0
while piece := sys.stdin.buffer.read(1 << 20):
    size += len(piece)
    total = zlib.crc32(piece, total)
print("%d %08x" % (size, total))'
}

# What /big/BYTES is.
pattern()
{
	python3 -c '
import sys
block = bytes((i * 7 + i // 251) % 256 for i in range(1 << 18))
left = int(sys.argv[1])
while left:
    left -= sys.stdout.buffer.write(block[:left])' "$1"
}

# grown DESCRIPTION: the proxy's memory has not, since it last was told.
grown()
{
	now=$(proxy_memory VmHWM)
	if sanitized; then
		skip "a sanitizer's memory is another one" "$1: constant memory"
	else
		ok "$1: constant memory ($((now - before)) KB more)" \
			[ $((now - before)) -le "$GROWS" ]
	fi
	before=$now
}

test_gibibyte()
{
	through /big/1000000 >/dev/null
	pattern 1000000 | through /upload -T - >/dev/null
	want=$(pattern $GIBIBYTE | sum_of)
	before=$(proxy_memory VmHWM)
	is "$(through /big/$GIBIBYTE | sum_of)" "$want" 'curl: downloads 1 GiB'
	grown 'curl: downloads 1 GiB'
	is "$(pattern $GIBIBYTE | through /upload -T -)" "$want" \
		'curl: uploads 1 GiB, in chunks'
	grown 'curl: uploads 1 GiB'
}

# Each moves 64 MiB down and up, of a length that is told and one that is not.
test_programs()
{
	size=67108864
	pattern $size >big
	want=$(sum_of <big)
	is "$(through /chunked/$size | sum_of)" "$want" 'curl: chunks'
	is "$(through /upload -T big)" "$want" 'curl: uploads a file'
	is "$(through /upload -T big -H 'Expect: 100-continue')" "$want" \
		'curl: uploads it when the server says so'
	if need_program wget 'wget'; then
		ok 'wget: a file of its own' wget_asks -O got "$PROXY_URL/big/$size"
		ok 'wget: downloads' cmp got big
		is "$(wget_asks -O - --post-file big "$PROXY_URL/upload")" \
			"$want" 'wget: uploads'
		head -c 1000000 big >got
		wget_asks -c -O got "$PROXY_URL/big/$size"
		ok 'wget: goes on with half a file' cmp got big
	fi
	tells urllib with_proxy python3 "$VALETKEY_SRC/tests/proxy/programs.py" \
		big "$want"
	if oidc_node; then
		tells fetch with_proxy "$NODE" \
			"$VALETKEY_SRC/tests/proxy/programs.js" big "$want"
	else
		skip 'there is no node' 'fetch'
	fi
}

# Its own configuration file has the secret.
wget_asks()
{
	(umask 077 && echo "header = $(cat "$PROXY_AUTH")" >wgetrc)
	WGETRC=wgetrc wget -q --no-proxy "$@"
}

test_ranges()
{
	is "$(through /big/1000000 -r 1000-1099 | od -An -tx1)" \
		"$(dd if=big bs=100 skip=10 count=1 2>/dev/null | od -An -tx1)" \
		'a range'
	like "$(through /big/1000000 -r 1000-1099 -o got -D -)" \
		'^HTTP/1.1 206 ' 'a range: 206'
	like "$(through /big/1000000 -r 1000-1099 -o got -D -)" \
		'^Content-Range: bytes 1000-1099/1000000' 'a range: which'
	like "$(through /big/1000000 -I)" '^Content-Length: 1000000' \
		'HEAD: the length'
	is "$(through /status/204 -o got -w '%{http_code} %{size_download}')" \
		'204 0' 'an answer without a body'
}

# ---- what a request is for the server ----

# As the API has it: the line, and then the headers in alphabetical order.
echoed()
{
	through "$@" | tr -d '\r' | sed '/^$/d'
}

test_request()
{
	is "$(echoed '/echo/%2F/..//./a%00?q=%zz&x=[]|"' | head -n 1)" \
		'GET /echo/%2F/..//./a%00?q=%zz&x=[]|" HTTP/1.1' \
		'the target passes byte by byte' || :
	is "$(echoed /echo -X PROPFIND | head -n 1)" 'PROPFIND /echo HTTP/1.1' \
		'any method'
	text=$(echoed /echo -H 'X-One: a' -H 'X-One: b' -H 'Accept-Language: de' \
		-H 'Cookie: a=b' -H 'X-Hop: 1' -H 'Connection: X-Hop' \
		-H 'TE: trailers' -H 'Proxy-Authorization: Basic eDp5')
	is "$(echo "$text" | grep -ci '^x-one: [ab]$')" 2 \
		'a header that stands twice'
	like "$text" '^[Aa]ccept-[Ll]anguage: de$' 'a header that is not ours'
	unlike "$text" '^(Cookie|X-Hop|TE|Proxy-Authorization|Connection):' \
		'none that is for the next hop alone, and no cookie'
	is "$(echo "$text" | grep -ci '^host:')" 1 'one Host'
	like "$text" "^[Hh]ost: ${UPSTREAM_URL#https://}\$" "and that the API's"
	is "$(echo "$text" | grep -ci '^authorization:')" 1 'one Authorization'
	unlike "$text" "$proxy_secret" "and not the proxy's secret"
	is "$(echo "$text" | sed -n 's/^[Aa]uthorization: Bearer //p')" \
		"$(valetkey token work)" 'but the token'
	text=$(echoed /echo -H 'Content-Length: 0' -X POST)
	is "$(echo "$text" | grep -ci '^content-length: 0$')" 1 \
		'a POST of nothing says so'
}

test_answer()
{
	text=$(through /headers -D - -o got | tr -d '\r')
	like "$text" '^X-Kept: yes$' 'a header of the answer'
	unlike "$text" '^(Set-Cookie|Access-Control-[A-Za-z-]*|X-Hop):' \
		'but no cookie, and nothing that lets web pages in'
	like "$(through /redirect -D - -o got | tr -d '\r')" \
		"^Location: $PROXY_URL/echo\$" 'a redirect leads back to the proxy'
	is "$(through /redirect/away -D - -o got | tr -d '\r' |
		grep -i '^location: ')" 'Location: https://other.example/echo' \
		'one to another host is as it was'
	for status in 100 404 418 500 503; do
		[ "$status" -ne 100 ] || continue
		is "$(through /status/$status -o got -w '%{http_code}')" \
			"$status" "$status passes"
	done
	ok 'websockets are refused' [ "$(through /echo -o got -w '%{http_code}' \
		-H 'Connection: Upgrade' -H 'Upgrade: websocket' \
		-H 'Sec-WebSocket-Version: 13' \
		-H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==')" -ge 400 ]
	like "$(cat got)" '[Ww]eb ?[Ss]ocket|[Uu]pgrade' 'with a word why'
}

# ---- many, and slow ones ----

crowd()
{
	tells "$1" with_proxy timeout 280 python3 \
		"$VALETKEY_SRC/tests/proxy/crowd.py" "$1"
}

few_descriptors()
{
	[ "$(proxy_descriptors)" -le $((descriptors + 4)) ]
}

test_crowds()
{
	descriptors=$(proxy_descriptors)
	crowd pipeline
	crowd many
	crowd limit
	crowd drip
	before=$(proxy_memory VmHWM)
	crowd slow
	now=$(proxy_memory VmHWM)
	sanitized ||
		ok "slow readers: little memory ($((now - before)) KB more)" \
			[ $((now - before)) -le 16384 ]
	crowd vanish
	ok 'and nothing is kept of them' wait_for few_descriptors ||
		tap_note "$(proxy_descriptors) descriptors, not $descriptors"
}

# ---- bad servers ----

# bad CURL-STATUS|HTTP-STATUS PATH...: what a client is told; no more than that
# came, and the proxy goes on.
bad()
{
	bad_want=$1
	shift
	for bad_path; do
		rm -f got && : >got
		bad_code=$(through "$bad_path" -o got -w '%{http_code}' \
			2>error) && bad_curl=0 || bad_curl=$?
		like "$bad_code $bad_curl" "^($bad_want)\$" "$bad_path" ||
			tap_note "$(cat error)"
		unlike "$(tr -d '\0' <got)" Evil "$bad_path: no more than that"
	done
}

test_bad_servers()
{
	bad '502 0' /cut/head /reset /garbage/noise /garbage/other \
		/garbage/two-lengths /garbage/length \
		/garbage/both /garbage/nul /garbage/huge-head \
		/garbage/endless-head /garbage/interim
	bad '502 0|200 (18|56)' /cut/length /cut/chunk /garbage/chunk \
		/garbage/huge-chunk
	is "$(through /garbage/status -o got -w '%{http_code}' 2>error)" 502 \
		'a status of five digits'
	through /cut/length -o got 2>error
	ok 'an answer that is cut off is no whole one' [ $? -ne 0 ]
	text=$(through /garbage/fold -D - -o got | tr -d '\r')
	unlike "$text" '^ *Set-Cookie' 'a folded header smuggles no cookie'
	through /hang --max-time 2 -o got 2>error
	is $? 28 'a server that hangs: the client may go'
	through /hang --max-time 20 -o got 2>error &
	hanging=$!
	sleep 0.3
	is "$(through /status/200)" So. 'a server that hangs: others are answered'
	kill "$hanging"
	wait "$hanging" 2>/dev/null
	is "$(through /unread -T big -o got -w '%{http_code}' 2>error)" 413 \
		'a server that does not want the body: its answer arrives'
	upstream_kill
	is "$(through /big/10 -o got -w '%{http_code}')" 502 \
		'a server that is not there: 502'
	like "$(cat got)" '127\.0\.0\.1' 'and which one'
	unlike "$(cat got)" '<html' 'as plain text'
}

upstream_kill()
{
	kill "$UPSTREAM_PID"
	wait "$UPSTREAM_PID" 2>/dev/null
}

# ---- events ----

test_events()
{
	through /events/5/300 -N >events &
	reader=$!
	wait_for grep -q '^id: 0' events
	is "$(grep -c '^id:' events)" 1 'an event is here before the next one is'
	wait "$reader"
	is "$(grep -c '^id:' events)" 5 'and then the others'
}

need_programs python3 openssl
# shellcheck source=tests/oidc/oidc.sh
. "$VALETKEY_SRC/tests/oidc/oidc.sh"
cd "$VALETKEY_TEST_DIR" || exit
ok 'a provider' provider_start
ok 'an API' upstream_start
ok 'an account' proxy_account work
ok 'the proxy' proxy_start work || done_testing
test_gibibyte
test_programs
test_ranges
test_request
test_answer
test_events
test_crowds
test_bad_servers
ok 'the proxy still runs' process_runs "$PROXY_PID"
proxy_stop
done_testing
