#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_proxy.sh - `valetkey proxy`: who is let in, what a client sees that logs in
# by itself, refused tokens, several hosts, unix sockets, commands, and the service.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

need_programs curl python3
PROXY=

# Until its address and its secret are in $URL and $SECRET.
wait_for_proxy()
{
	until grep -q '^VALETKEY_PROXY_TOKEN=' printed; do
		process_runs "$PROXY" || return
		sleep 0.02
	done
	URL=$(sed -n 's/^VALETKEY_PROXY_URL=//p' printed)
	SECRET=$(sed -n 's/^VALETKEY_PROXY_TOKEN=//p' printed)
}

# proxy_start OPTION...: of the account demo; what it says is in the file said.
proxy_start()
{
	: >printed
	setpriv --pdeathsig KILL env --default-signal=INT \
		valetkey proxy demo "$@" >printed 2>said &
	PROXY=$!
	wait_for_proxy
}

# Ends it as Ctrl-C does; its exit status.
proxy_stop()
{
	kill -s "${1:-INT}" "$PROXY"
	wait "$PROXY"
}

# ask CURL-ARGUMENT...: the status; the answer is in the file answer.
ask()
{
	curl -q -sS --noproxy '*' --max-time 60 -o answer -D head \
		-w '%{http_code}' "$@"
}

with_secret()
{
	ask -H "Authorization: Bearer $SECRET" "$@"
}

sent_upstream()
{
	provider_count ' GET /v2/'
}

refreshes()
{
	provider_count 'grant=refresh_token .*result=ok'
}

# ---- who may ----

test_who()
{
	like "$SECRET" '^[0-9a-f]{64}$' 'the secret has 256 bits'
	like "$URL" '^http://127\.0\.0\.1:[0-9]+$' 'an address of this computer'
	is "$(with_secret "$URL/v2/devices")" 200 'Bearer'
	like "$(cat answer)" ALDER-DC01 'brings what the server has'
	is "$(ask -u "anybody:$SECRET" "$URL/v2/devices")" 200 'Basic'
	is "$(with_secret "http://localhost:${URL##*:}/v2/devices")" 200 \
		'by the name localhost'
	sent=$(sent_upstream)
	is "$(ask "$URL/v2/devices")" 401 'without the secret'
	is "$(grep -ci '^WWW-Authenticate: \(Bearer\|Basic\)' head)" 2 \
		'which is a challenge'
	unlike "$(cat head answer)" "$SECRET" 'and tells no secret'
	is "$(ask -H "Authorization: Bearer $(echo "$SECRET" | tr 0-9 1-90)" \
		"$URL/v2/devices")" 401 'another secret'
	is "$(ask -u "$SECRET:" "$URL/v2/devices")" 401 \
		'the secret as user name'
	is "$(ask "$URL/$SECRET/v2/devices")" 401 \
		'in the path, which was not asked for'
	is "$(with_secret -H "Host: evil.example:${URL##*:}" \
		"$URL/v2/devices")" 403 'a name that leads here'
	is "$(with_secret -H 'Host: 127.0.0.1:1' "$URL/v2/devices")" 403 \
		'another port'
	is "$(with_secret -H 'Origin: https://evil.example' \
		"$URL/v2/devices")" 403 'a web page'
	is "$(with_secret -H 'Sec-Fetch-Site: cross-site' \
		"$URL/v2/devices")" 403 'a browser'
	is "$(ask -X OPTIONS -H 'Origin: https://evil.example' \
		-H 'Access-Control-Request-Method: GET' "$URL/v2/devices")" \
		403 'a preflight request'
	is "$(sent_upstream)" "$sent" 'none of these reaches the server'
}

# ---- a client that logs in by itself ----

# token_request FORM [PATH]: the status.
token_request()
{
	ask -d "$1" "$URL${2:-/ws/oauth/token}"
}

# member NAME: of the JSON answer.
member()
{
	python3 -c 'import json, sys
print(json.load(open("answer")).get(sys.argv[1]))' "$1"
}

test_token()
{
	good="grant_type=client_credentials&client_id=x&client_secret=$SECRET"
	asked=$(token_requests)
	is "$(token_request "$good")" 200 'the token endpoint'
	is "$(member access_token) $(member token_type) $(member expires_in)" \
		"$SECRET Bearer 3600" 'gives the secret for a token'
	is "$(member scope)" monitoring 'with the scopes'
	like "$(cat head)" '^[Cc]ache-[Cc]ontrol: no-store' 'which is not kept'
	is "$(token_request "$good" /oauth/token)" 200 'its other spelling'
	is "$(token_request "$good" '/oauth/token?x=y')" 200 'with a query'
	is "$(ask -u "x:$SECRET" -d grant_type=client_credentials \
		"$URL/oauth/token")" 200 'with Basic'
	is "$(token_request "grant_type=refresh_token&refresh_token=old&client_secret=$SECRET")" \
		200 'a refresh'
	is "$(member refresh_token)" "$SECRET" 'with a refresh token again'
	is "$(token_request 'grant_type=client_credentials&client_secret=x')" \
		401 'a wrong client secret'
	is "$(member error)" invalid_client 'and its error'
	is "$(token_request "grant_type=authorization_code&code=x&client_secret=$SECRET")" \
		400 'a code'
	is "$(member error)" unsupported_grant_type 'and its error'
	head -c 70000 /dev/zero | tr '\0' a >large
	is "$(token_request @large)" 413 'a body that is none'
	is "$(token_requests)" "$asked" 'nothing of it reaches the provider'
	is "$(with_secret "$URL/api/v2/devices")" 200 'a path spelled otherwise'
	like "$(cat answer)" ALDER-DC01 'and its answer'
	is "$(with_secret "$URL/v2/nothing")" 404 'a 404 of the server'
	unlike "$(cat answer)" 'valetkey proxy' 'which is its own'
}

# A client as people write them: its own token request, then calls.
test_client()
{
	cat >client.py <<-'END'
	import json, os, urllib.parse, urllib.request
	base = os.environ["NINJA_BASE_URL"]
	form = {"grant_type": "client_credentials", "scope": "monitoring",
	        "client_id": os.environ["NINJA_CLIENT_ID"],
	        "client_secret": os.environ["NINJA_CLIENT_SECRET"]}
	with urllib.request.urlopen(base + "/ws/oauth/token",
	        urllib.parse.urlencode(form).encode()) as answer:
	    token = json.load(answer)["access_token"]
	ask = urllib.request.Request(base + "/v2/devices",
	        headers={"Authorization": "Bearer " + token})
	with urllib.request.urlopen(ask) as answer:
	    print(json.load(answer)[0]["systemName"])
	END
	is "$(valetkey proxy demo -- python3 client.py)" ALDER-DC01 \
		'a client with its own token request, and the known names'
}

# ---- tokens ----

# Calls at once, each in a process of its own; how many of them were good.
many()
{
	seq 50 | xargs -P 50 -I{} curl -q -s --noproxy '*' --max-time 60 \
		-o /dev/null -w '%{http_code}\n' \
		-H "Authorization: Bearer $SECRET" "$URL/v2/organizations" |
		grep -c '^200$'
}

test_refused()
{
	before=$(refreshes)
	sent=$(provider_count ' GET /v2/devices')
	provider_expire
	is "$(with_secret "$URL/v2/devices")" 200 'a refused token'
	is $(($(refreshes) - before)) 1 'costs one refresh'
	is $(($(provider_count ' GET /v2/devices') - sent)) 2 \
		'and the request again'
	before=$(refreshes)
	provider_expire
	is "$(many)" 50 'many at once with a refused token'
	is $(($(refreshes) - before)) 1 'cost one refresh as well'
}

test_no_token()
{
	valetkey logout demo --yes >/dev/null 2>&1
	proxy_start
	is "$(with_secret "$URL/v2/devices")" 502 'nobody is logged in'
	like "$(cat answer)" 'valetkey login demo' 'what to do, for the client'
	like "$(cat said)" 'valetkey login demo' 'and for the person'
	demo_login demo >/dev/null 2>&1
	is "$(with_secret "$URL/v2/devices")" 200 'after a login it goes on'
	proxy_stop
}

# A provider that takes its time, and one that fails.
test_waiting()
{
	demo_login demo >/dev/null 2>&1
	ok 'another proxy' proxy_start
	sent=$(sent_upstream)
	began=$(date +%s)
	provider_fault none slow-before=20000 count=1
	provider_expire
	curl -q -s --noproxy '*' -o slow -w '%{http_code}\n' \
		-H "Authorization: Bearer $SECRET" "$URL/v2/devices" >slow.status &
	slow=$!
	curl -q -s --noproxy '*' -o /dev/null \
		-H "Authorization: Bearer $SECRET" "$URL/v2/devices" &
	gone=$!
	until [ $(($(sent_upstream) - sent)) -eq 2 ] ||
		! process_runs "$slow"; do
		sleep 0.1
	done
	kill "$gone" 2>/dev/null
	is "$(ask -u "x:$SECRET" -d grant_type=client_credentials \
		"$URL/oauth/token")" 200 'a request that needs no token'
	if [ $(($(date +%s) - began)) -lt 15 ]; then
		ok 'does not wait for one that does' process_runs "$slow"
	else
		skip 'this took too long' 'does not wait for one that does'
	fi
	wait "$slow"
	is "$(cat slow.status)" 200 'which has its answer in the end'
	provider_fault none http-503
	provider_expire
	is "$(with_secret "$URL/v2/devices")" 401 \
		'no other token: the 401 goes back'
	is "$(with_secret "$URL/v2/devices")" 503 'and the next has none at all'
	like "$(cat head)" '^Retry-After: [0-9]+' 'and when to try again'
	like "$(cat answer)" '^valetkey proxy: .*503' 'and why'
	provider_fault none
	proxy_stop
	is "$?" 0 'Ctrl-C ends it'
	demo_login demo >/dev/null 2>&1
}

# ---- several hosts ----

# A server that says where it is and what it got.
cat >"$VALETKEY_TEST_DIR/host.py" <<'END'
import http.server, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def send(self, status, name, value, text=b""):
        self.send_response(status)
        self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send(401, "WWW-Authenticate", "Bearer", b"Not you.")
    def do_GET(self):
        if self.path == "/away":
            return self.send(302, "Location", "http://127.0.0.1:%d/there" %
                             self.server.server_port)
        if self.path == "/near":
            return self.send(302, "Location", "/there")
        if self.path == "/refuse":
            return self.send(401, "WWW-Authenticate",
                             'Bearer realm="there"', b"Not you.")
        text = "%d %s\n%s" % (self.server.server_port, self.path, self.headers)
        self.send_response(200)
        self.send_header("Set-Cookie", "a=b")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
    def log_message(self, *args):
        pass
first, second = (http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
                 for i in range(2))
print(first.server_port, second.server_port, flush=True)
threading.Thread(target=first.serve_forever, daemon=True).start()
second.serve_forever()
END

# hosts_proxy OPTION...: of the account hosts.
hosts_proxy()
{
	: >printed
	setpriv --pdeathsig KILL env --default-signal=INT \
		valetkey proxy hosts "$@" >printed 2>said &
	PROXY=$!
	wait_for_proxy
}

# What is too large to be sent again, and refused whatever the token.
test_unrepeatable()
{
	before=$(refreshes) began=$(date +%s)
	head -c 2000000 /dev/zero >large
	for _ in 1 2 3 4 5; do
		with_secret -T large "$1/refuse" >status
	done
	is "$(cat status) $(cat answer)" '401 Not you.' \
		'a large upload that no token mends'
	is "$(with_secret "$1/")" 200 'takes no token from others'
	if [ $(($(date +%s) - began)) -lt 50 ]; then
		is $(($(refreshes) - before)) 1 \
			'and costs one refresh, however often'
	else
		skip 'this took too long' 'and costs one refresh, however often'
	fi
}

test_hosts()
{
	: >ports
	setpriv --pdeathsig KILL python3 host.py >ports &
	servers=$!
	until [ -s ports ]; do sleep 0.02; done
	read -r one two <ports
	demo_account hosts web --host "http://127.0.0.1:$one" \
		--host "http://127.0.0.1:$two" >/dev/null 2>&1
	demo_login hosts >/dev/null 2>&1
	real=$(valetkey token hosts)
	ok 'a proxy for several hosts' hosts_proxy
	is "$(with_secret "$URL/x")" 404 'none is named'
	like "$(cat answer)" "http://127.0.0.1:$one, http://127.0.0.1:$two" \
		'which ones there are'
	for port in "$one" "$two"; do
		is "$(with_secret --path-as-is \
			"$URL/127.0.0.1:$port/a%2Fb/../c?d")" 200 \
			'one is named'
		like "$(cat answer)" "^$port /a%2Fb/\\.\\./c\\?d$" \
			'and has the rest, byte for byte'
	done
	is "$(grep -c -e "^Authorization: Bearer $real" answer)" 1 \
		'with the real token'
	is "$(grep -ci -e '^Authorization' -e "$SECRET" answer)" 1 \
		'and nothing of ours'
	for away in away near; do
		is "$(with_secret "$URL/127.0.0.1:$one/$away")" 302 \
			"a redirect: $away"
		like "$(cat head)" \
			"^[Ll]ocation: $URL/127.0.0.1:$one/there" \
			'leads back here'
	done
	test_unrepeatable "$URL/127.0.0.1:$two"
	before=$(refreshes)
	for _ in 1 2 3 4 5; do
		with_secret "$URL/127.0.0.1:$two/refuse" >status
	done
	is "$(cat status)" 401 'a 401 that no token mends goes back'
	like "$(cat answer head)" 'Not you.|realm="there"' 'as it came'
	is $(($(refreshes) - before)) 1 'at one refresh for all of them'
	is "$(with_secret -b c=d "$URL/127.0.0.1:$one/")" 200 \
		'a request with a cookie'
	unlike "$(cat answer head)" '[Cc]ookie' 'cookies pass neither way'
	unlike "$(cat head)" 'Access-Control' 'nor what lets pages in'
	proxy_stop
	ok 'one of them alone' hosts_proxy --host "127.0.0.1:$two" --cookies
	is "$(with_secret -b c=d "$URL/127.0.0.1:$one/x")" 200 'has all'
	like "$(cat answer)" "^$two /127.0.0.1:$one/x$" 'of the path'
	like "$(cat answer)" '^Cookie: c=d' 'a cookie passes'
	like "$(cat head)" '^[Ss]et-[Cc]ookie: a=b' 'in both directions'
	proxy_stop
	ok 'the secret in the path' hosts_proxy --host "127.0.0.1:$two" \
		--secret-in-path
	is "${URL##*/}" "$SECRET" 'is in the address'
	is "$(ask "$URL/x?y")" 200 'and all that it takes'
	like "$(cat answer)" "^$two /x\\?y$" 'and does not go on'
	like "$(cat head)" '^[Rr]eferrer-[Pp]olicy: no-referrer' \
		'nor in a Referer'
	is "$(ask "$URL/away")" 302 'a redirect'
	like "$(cat head)" "^[Ll]ocation: $URL/there" 'keeps it'
	unlike "$(cat said)" "$SECRET" 'and it is in no message'
	proxy_stop
	said 27 "one of the account's: .*$one" 'no host of the account' \
		valetkey proxy hosts --host evil.example
	kill "$servers"
	remove hosts
}

# ---- unix sockets ----

test_socket()
{
	socket=$XDG_RUNTIME_DIR/proxies/demo.sock
	ok 'on a unix socket' proxy_start --socket "$socket"
	is "$(stat -c '%a %F' "$socket")" '600 socket' 'for its own user alone'
	like "$(cat printed)" "^VALETKEY_PROXY_SOCKET=$socket" 'and where it is'
	is "$(ask --unix-socket "$socket" http://localhost/v2/devices)" 200 \
		'no secret is needed'
	is "$(ask --unix-socket "$socket" -d grant_type=client_credentials \
		http://any.host/oauth/token)" 200 'nor for a token'
	is "$(ask --unix-socket "$socket" -H 'Origin: https://evil.example' \
		http://localhost/v2/devices)" 403 'no page'
	said 41 'a program listens there' 'a second one' \
		valetkey proxy demo --socket "$socket" -- true
	is "$(ask --unix-socket "$socket" http://localhost/v2/devices)" 200 \
		'does not disturb the first'
	proxy_stop
	is "$?" 0 'it ends by Ctrl-C'
	[ ! -e "$socket" ]
	is $? 0 'its file is gone'
	proxy_start --socket "$socket"
	kill -s KILL "$PROXY"
	wait "$PROXY" 2>/dev/null
	ok 'after a crash' proxy_start --socket "$socket"
	is "$(ask --unix-socket "$socket" http://localhost/v2/devices)" 200 \
		'the file that is left is replaced'
	proxy_stop
	: >"$socket"
	said 41 'something else is there' 'a file that is no socket' \
		valetkey proxy demo --socket "$socket" -- true
	chmod 777 "$XDG_RUNTIME_DIR/proxies"
	said 41 'folder must be yours' 'a folder that others can write' \
		valetkey proxy demo --socket "$socket.2" -- true
	chmod 700 "$XDG_RUNTIME_DIR/proxies"
	said 10 'absolute' 'a relative path' \
		valetkey proxy demo --socket demo.sock -- true
}

# Somebody else, for whom the file would be no obstacle.
test_other_user()
{
	if [ "$(id -u)" -ne 0 ]; then
		skip 'only root can be somebody else' 'another user'
		return
	fi
	chmod 755 "$VALETKEY_TEST_DIR" "$XDG_RUNTIME_DIR"
	mkdir -p "$XDG_RUNTIME_DIR/open"
	socket=$XDG_RUNTIME_DIR/open/demo.sock
	proxy_start --socket "$socket"
	chmod 755 "$XDG_RUNTIME_DIR/open"
	chmod 666 "$socket"
	sent=$(sent_upstream)
	is "$(setpriv --reuid=nobody --clear-groups curl -q -s -o /dev/null \
		-w '%{http_code}' --unix-socket "$socket" \
		http://localhost/v2/devices)" 403 'another user'
	is "$(sent_upstream)" "$sent" 'reaches nothing'
	proxy_stop
	chmod 700 "$VALETKEY_TEST_DIR" "$XDG_RUNTIME_DIR"
}

# ---- a command ----

# shellcheck disable=SC2016 # the command's
test_command()
{
	real=$(valetkey token demo)
	run valetkey proxy demo --env MY_URL=url --env MY_KEY=token \
		--env MY_ID=id --env MY_SECRET=secret -- sh -c '
		tr "\0" "\n" </proc/$$/environ >environment
		tr "\0" " " </proc/$PPID/cmdline >argv
		[ "$MY_URL" = "$VALETKEY_PROXY_URL" ] &&
		[ "$MY_KEY$MY_ID" = "${VALETKEY_PROXY_TOKEN}valetkey" ] &&
		[ "$MY_SECRET" = "$NINJAONE_CLIENT_SECRET" ] &&
		curl -q -sS --noproxy "*" -H "Authorization: Bearer $MY_KEY" \
			"$MY_URL/v2/devices"'
	is "$status" 0 'a command'
	like "$text" ALDER-DC01 'which uses what it was given'
	is "$(printf '%s' "$text" | cat - environment argv |
		grep -cFe "$real")" 0 'and never sees the real token'
	run valetkey proxy demo -- sh -c 'exit 7'
	is "$status" 7 'its exit status'
	run valetkey proxy demo -- sh -c 'kill -s TERM $$'
	is "$status" 143 'a signal that ends it'
	run valetkey proxy demo -- no-such-program
	is "$status" 127 'no such command'
	like "$text" 'no-such-program cannot be run' 'and says so'
	run valetkey proxy demo -- sh -c 'trap "exit 9" TERM
		kill -s TERM $PPID; while :; do sleep 0.1; done'
	is "$status" 9 'SIGTERM is handed on'
	run env --default-signal=INT valetkey proxy demo -- sh -c '
		kill -s INT $PPID; sleep 0.3; exit 5'
	is "$status" 5 'SIGINT is for the command to decide'
	is "$(valetkey proxy demo -- sh -c 'echo "$0 $1"' a b)" 'a b' \
		'its arguments'
}

test_arguments()
{
	said 10 'NAME=url' 'a variable for nothing' \
		valetkey proxy demo --env A=b -- true
	said 10 'another name' 'a variable that is taken' \
		valetkey proxy demo --env PATH=url -- true
	said 10 'not a VARIABLE' 'a bad name' \
		valetkey proxy demo --env 1A=url -- true
	said 10 '1 to 65535' 'a bad port' valetkey proxy demo --port 70000
	said 10 'not both' 'a port and a socket' \
		valetkey proxy demo --port 7000 --socket /x/y
	said 10 'after --' 'a command without --' valetkey proxy demo true
	said 10 'Which account' 'nothing' valetkey proxy
	said 20 'no account' 'no such account' valetkey proxy nobody -- true
	said 10 'belong to --service' '--off alone' valetkey proxy demo --off
	said 10 'no command' 'a service with a command' \
		valetkey proxy demo --service -- true
	port=$(free_port)
	ok 'a port of choice' proxy_start --port "$port"
	is "$URL" "http://127.0.0.1:$port" 'is taken'
	said 41 'cannot be used' 'by one at a time' \
		valetkey proxy demo --port "$port" -- true
	proxy_stop TERM
	is "$?" 0 'SIGTERM ends it'
}

# ---- the service ----

# What systemd does: runs COMMAND... with a socket that listens at WHERE.
cat >"$VALETKEY_TEST_DIR/activated.py" <<'END'
import os, socket, sys
where = sys.argv[1]
if where.startswith("/"):
    s = socket.socket(socket.AF_UNIX)
    s.bind(where)
else:
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("0.0.0.0" if where[0] == "*" else "127.0.0.1",
            int(where.strip("*"))))
s.listen(10)
if s.fileno() != 3:
    os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
print("ready", flush=True)
os.execvp(sys.argv[2], sys.argv[2:])
END

# activated WHERE: the service on that socket, until it is idle.
activated()
{
	: >ready
	setpriv --pdeathsig KILL python3 activated.py "$1" valetkey proxy demo \
		--service --idle 2 >ready 2>journal &
	PROXY=$!
	until [ -s ready ]; do
		process_runs "$PROXY" || return
		sleep 0.02
	done
}

activated_wait()
{
	python3 activated.py "$1" valetkey proxy demo --service --idle 2
}

# What --service has printed.
read_printed()
{
	URL=$(sed -n 's/^VALETKEY_PROXY_URL=//p' "$OUT")
	SECRET=$(sed -n 's/^VALETKEY_PROXY_TOKEN=//p' "$OUT")
}

verify_units()
{
	if ! command -v systemd-analyze >/dev/null; then
		skip 'systemd-analyze is not here' 'the units are good'
		return
	fi
	is "$(cd "$units" && systemd-analyze verify --user --man=no \
		./valetkey-proxy-demo.socket ./valetkey-proxy-demo.service 2>&1 |
		grep valetkey-proxy)" '' 'the units are good'
}

test_units()
{
	run valetkey proxy demo --service
	is "$status" 0 'a service'
	like "$text" "systemctl --user enable --now 'valetkey-proxy-demo.socket" \
		'what to type'
	read_printed
	like "$(cat "$units/valetkey-proxy-demo.socket")" \
		"^ListenStream=127.0.0.1:${URL##*:}$" 'the unit of its socket'
	like "$(cat "$units/valetkey-proxy-demo.service")" \
		'^ExecStart="/.*" proxy "demo" --service --idle 300$' \
		'and of itself'
	is "$(cat "$units"/* | grep -c -e "$SECRET")" 0 'without the secret'
	verify_units
	is "$(stat -c %a "$XDG_STATE_HOME" "$XDG_STATE_HOME/valetkey" \
		"$XDG_STATE_HOME/valetkey"/proxy-* | tr '\n' ' ')" \
		'700 700 600 ' 'which nobody else can read'
	is "$(cat "$XDG_STATE_HOME/valetkey"/proxy-*)" "$SECRET" 'it is there'
}

test_activated()
{
	ok 'started by its socket' activated "${URL##*:}"
	is "$(with_secret "$URL/v2/devices")" 200 'it serves'
	is "$(ask "$URL/v2/devices")" 401 'those who know the secret'
	wait "$PROXY"
	is "$?" 0 'and ends when it has been idle'
	is "$(cat ready journal)" ready 'nothing is in the journal'
	ok 'on a unix socket' activated "$XDG_RUNTIME_DIR/service.sock"
	is "$(ask --unix-socket "$XDG_RUNTIME_DIR/service.sock" \
		http://localhost/v2/devices)" 200 'it serves too'
	wait "$PROXY"
	said 10 'this computer alone' 'a socket for other computers' \
		activated_wait "*$(free_port)"
	mkdir -m 777 "$XDG_RUNTIME_DIR/shared"
	chmod 777 "$XDG_RUNTIME_DIR/shared"
	said 41 'folder must be yours' 'one that others could replace' \
		activated_wait "$XDG_RUNTIME_DIR/shared/service.sock"
}

test_rotation()
{
	run valetkey proxy demo --service
	is "$(sed -n 's/^VALETKEY_PROXY_[UT].*=//p' "$OUT" | tr '\n' ' ')" \
		"$URL $SECRET " 'once more: address and secret stay'
	chmod 644 "$XDG_STATE_HOME/valetkey"/proxy-*
	run valetkey proxy demo --service
	unlike "$text" "$SECRET" 'a secret that others could read is renewed'
	read_printed
	run valetkey proxy demo --service --cookies
	like "$(cat "$units/valetkey-proxy-demo.service")" '--cookies$' \
		'an option is in the unit'
	run valetkey proxy demo --service --rotate
	unlike "$text" "$SECRET" '--rotate renews it'
	like "$text" "^VALETKEY_PROXY_URL=$URL$" 'where it was'
	like "$(cat "$units/valetkey-proxy-demo.service")" '--cookies$' \
		'and leaves the units'
	ok 'started again' activated "${URL##*:}"
	is "$(with_secret "$URL/v2/devices")" 401 'the old secret is refused'
	wait "$PROXY"
}

# systemd, as far as its program tells: what it is told is in the file told.
test_systemd()
{
	mkdir bin
	printf '#!/bin/sh\necho "$*" >>%s/told\n' "$PWD" >bin/systemctl
	chmod +x bin/systemctl
	run env PATH="$PWD/bin:$PATH" valetkey proxy demo --service
	is "$(cat told)" "--user show-environment
--user stop valetkey-proxy-demo.service
--user daemon-reload
--user enable valetkey-proxy-demo.socket
--user restart valetkey-proxy-demo.socket" 'systemd takes the units'
	unlike "$text" 'systemctl --user' 'then there is nothing to type'
	run env PATH="$PWD/bin:$PATH" valetkey proxy demo --service --off
	like "$(cat told)" '^--user disable --now valetkey-proxy-demo.socket$' \
		'--off ends it'
	rm -r bin told
	said 41 'folder must be yours' 'a folder that others can write' \
		valetkey proxy demo --service \
		--socket "$XDG_RUNTIME_DIR/shared/s.sock"
	said 10 'at most 107 bytes' 'a path that is too long' \
		valetkey proxy demo --service \
		--socket "$XDG_RUNTIME_DIR/$(printf '%0108d' 0)"
	said 10 'control characters' 'a path of two lines' \
		valetkey proxy demo --service \
		--socket "$XDG_RUNTIME_DIR/d
ListenStream=7000"
	is "$(find "$units" -type f | wc -l)" 0 'none of these writes a unit'
	run valetkey proxy demo --service --socket "$XDG_RUNTIME_DIR/%d/s.sock"
	like "$(cat "$units/valetkey-proxy-demo.socket")" \
		"^ListenStream=$XDG_RUNTIME_DIR/%%d/s.sock$" \
		'systemd reads the path as it was given'
	run valetkey proxy demo --service
	like "$text" "^VALETKEY_PROXY_SOCKET='$XDG_RUNTIME_DIR/%d/s.sock'$" \
		'a unix socket stays where it is'
	verify_units
	valetkey proxy demo --service --off 2>/dev/null
	said 10 'no service yet' 'no service to rotate' \
		valetkey proxy demo --service --rotate
	run valetkey proxy gone --service --off
	is "$status" 0 'nor does it need the account'
}

test_service()
{
	units=$XDG_CONFIG_HOME/systemd/user
	XDG_STATE_HOME=$VALETKEY_TEST_DIR/state
	export XDG_STATE_HOME
	test_units
	test_activated
	test_rotation
	run valetkey proxy demo --service --off
	is "$status" 0 '--off'
	is "$(find "$units" "$XDG_STATE_HOME" -type f | wc -l)" 0 \
		'takes all of it away'
	test_systemd
	unset XDG_STATE_HOME
}

cd "$VALETKEY_TEST_DIR" && provider_start || exit
ok 'an account' demo_account demo
ok 'logs in' demo_login demo
ok 'a proxy' proxy_start
test_who
test_token
test_refused
real=$(valetkey token demo)
is "$(cat printed said | grep -cFe "$real")" 0 'it prints no real token'
proxy_stop
is "$?" 0 'Ctrl-C ends it'
test_client
test_waiting
test_hosts
test_socket
test_other_user
test_command
test_arguments
test_service
test_no_token
remove demo
done_testing
