#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_curl.sh - valetkey curl: the token reaches the account's hosts, nobody
# else, and no process list; what could lead it elsewhere is refused.

. "$VALETKEY_SRC/tests/lib/lib.sh"

api()
{
	valetkey curl demo -- -sS -o /dev/null -w '%{http_code}' "$@"
}

refused()
{
	exits 10 "refused: $(printf '%s ' "$@" | tr '\n' ' ')" valetkey curl demo -- "$@" "$URL"
}

elsewhere()
{
	exits 27 "not its host: $1" valetkey curl demo -- -sS "$1"
}

cd "$VALETKEY_TEST_DIR" && provider_start || exit
ok 'an account' demo_account demo
ok 'logs in' demo_login demo
URL=$PROVIDER_URL/v2/organizations
token=$(valetkey token demo)

is "$(api "$URL")" 200 'a call'
is "$(api --url "$URL")" 200 'by --url'
like "$(valetkey curl demo -- -sS "$PROVIDER_URL/v2/devices")" ALDER-DC01 \
	'its output'
echo '--bad-option' >"$HOME/.curlrc"
is "$(api "$URL")" 200 'no ~/.curlrc is read'
is "$(http_proxy=http://127.0.0.1:9 api "$URL")" 200 'no proxy sees it'
mkdir bin
cat >bin/curl <<-END
#!/bin/sh
tr '\0' ' ' </proc/\$\$/cmdline >argv
env >environment
exec $(command -v curl) "\$@"
END
chmod +x bin/curl
is "$(PATH=$VALETKEY_TEST_DIR/bin:$PATH api "$URL")" 200 'a curl that watches'
is "$(cat argv environment | grep -cFe "$token")" 0 \
	'the token is neither in argv nor in the environment'
like "$(cat argv)" \
	'curl -q --globoff --proto =http,https --proto-redir =http,https -H @/dev/fd/[0-9]+ ' \
	'how curl is called (https alone, where no URL is loopback'"'"'s http)'

for option in -K --config --next -: --resolve --connect-to \
	--location-trusted --proxy -x --preproxy --socks5 --unix-socket \
	--abstract-unix-socket --interface --dns-servers --doh-url \
	--haproxy-protocol --insecure -k --user -u --netrc -n --oauth2-bearer \
	--verbose -v --trace --trace-ascii --proto --proto-redir --globoffx \
	--no-globoff --request-target --aws-sigv4 --variable --parallel -Z \
	--libcurl --dump-header -D --cookie -b --alt-svc --hsts --loc --; do
	refused "$option" x
done
refused -sSk
refused -H 'Authorization: Bearer other'
refused -H 'hOsT: example.net'
refused -H ' Host: example.net'
refused -w @/dev/fd/3
refused -d @/dev/fd/3
refused -F x=@/proc/self/fd/3
refused -H @headers
refused -H 'X: a
Host: example.net'
refused -X 'GET / HTTP/1.1
Host: example.net'
elsewhere https://example.net/
elsewhere "$PROVIDER_URL@example.net/"
elsewhere "http://user@127.0.0.1:$PROVIDER_PORT/"
elsewhere "http://127.0.0.1:$((PROVIDER_PORT + 1))/"
elsewhere "http://localhost:$PROVIDER_PORT/"
elsewhere "127.0.0.1:$PROVIDER_PORT/"
elsewhere v2/devices
like "$(valetkey curl demo v2/devices 2>&1)" 'begins with a slash' \
	'a path without one: and says so'
elsewhere "file:///etc/passwd"
elsewhere "http://{127.0.0.1:$PROVIDER_PORT,example.net}/"
exits 27 'one good URL does not help a bad one' \
	valetkey curl demo -- -sS "$URL" https://example.net/
like "$(valetkey curl demo -- -v "$URL" 2>&1)" 'valetkey token demo --format' \
	'what to do instead, for this account'
exits 10 'no URL' valetkey curl demo -- -sS
is "$(valetkey curl demo -sS -o /dev/null -w '%{http_code}' "$URL")" 200 \
	'without --'
is "$(valetkey curl "$URL")" "$(valetkey curl demo -- -sS "$URL")" \
	'without an account either'
exits 10 'without --, what is not let through' valetkey curl demo -v "$URL"
exits 27 'without --, not its host' valetkey curl demo https://example.net/
exits 10 'an account alone' valetkey curl demo
exits 20 'no such account' valetkey curl none "$URL"
like "$(valetkey curl demo /v2/devices)" ALDER-DC01 'a path'
like "$(valetkey curl /v2/devices)" ALDER-DC01 'a path of the only account'
is "$(valetkey curl demo /v2/organizations /v2/organizations)" \
	"$(valetkey curl demo "$URL" "$URL")" 'two paths'
is "$(valetkey curl demo -sS -o /dev/null -w '%{url}' //example.net/v2)" \
	"$PROVIDER_URL//example.net/v2" 'two slashes lead nowhere else'
# shellcheck disable=SC2046 # words
exits 10 'no end of paths' valetkey curl demo $(yes /v2 | head -65)
printf 'hosts[]=https://two.example\n' >>"$XDG_CONFIG_HOME/valetkey/demo.conf"
like "$(valetkey curl demo /v2/devices 2>&1)" 'several hosts, so a path' \
	'a path and two hosts'
sed -i '/two\.example/d' "$XDG_CONFIG_HOME/valetkey/demo.conf"
exits 20 'no such account' valetkey curl none -- "$URL"
exits 22 'the exit status is curl'"'"'s' valetkey curl demo -- -sSf \
	"$PROVIDER_URL/none"

# A server that leads astray: one port sends all to the other, which writes down
# what it is told.
cat >astray.py <<'END'
import http.server, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(sys.argv[1], "a") as log:
            print(self.server.server_port, self.headers, file=log, flush=True)
        self.send_response(302 if self.server is first else 200)
        if self.server is first:
            self.send_header("Location",
                             "http://127.0.0.1:%d/" % second.server_port)
        self.end_headers()
    def log_message(self, *args):
        pass
first, second = (http.server.HTTPServer(("127.0.0.1", 0), Handler)
                 for i in range(2))
print(first.server_port, flush=True)
threading.Thread(target=first.serve_forever).start()
second.serve_forever()
END

astray()
{
	: >ports
	setpriv --pdeathsig KILL python3 astray.py seen >ports &
	until [ -s ports ]; do
		process_runs $! || return
		sleep 0.02
	done
	demo_account wanderer web --host "http://127.0.0.1:$(cat ports)" &&
		demo_login wanderer || return
	valetkey curl wanderer -- -sS -L "http://127.0.0.1:$(cat ports)/"
	kill $!
}

if python3 -c 'import http.server' 2>/dev/null; then
	ok 'a redirect to another port' astray
	is "$(grep -c '^[0-9]' seen)" 2 'is followed'
	is "$(grep -c '^Authorization: Bearer' seen)" 1 'without the token'
	valetkey remove wanderer --yes >/dev/null 2>&1
else
	skip 'python3 with http.server is not here' 'a redirect to another port'
fi

refreshes()
{
	provider_count 'grant=refresh_token .*result=ok'
}
before=$(refreshes)
provider_expire
calls=$(provider_count ' GET /v2/organizations')
like "$(valetkey curl demo -- -sS "$URL" 2>&1)" 'repeat the command' \
	'a 401 is told'
is $(($(provider_count ' GET /v2/organizations') - calls)) 1 \
	'nothing is sent twice'
is "$(api "$URL")" 200 'the next call is good'
is $(($(refreshes) - before)) 1 'at one refresh'
valetkey remove demo --yes >/dev/null 2>&1
done_testing
