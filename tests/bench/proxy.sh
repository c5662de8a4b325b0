# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# proxy.sh - the rows of bench.sh, which sources this, about `valetkey proxy`. Beside
# it is nginx with one worker: as the API (it lets nobody in without the access
# token), and as the peer, which puts the token in from its configuration. Both keep
# their connections, verify the API's certificate by the system's bundle with the
# tests' authority in it, and are asked by the same clients: wrk, and through.c,
# which count nothing but whole answers.

# shellcheck disable=SC2154 # results, bench, quick and others are bench.sh's

if [ "$quick" = quick ]; then
	proxy_rounds=1 kept=200 rate_s=1 events=50 gibs=1 colds=1 patience=50
else
	proxy_rounds=5 kept=500 rate_s=2 events=300 gibs=3 colds=3 patience=120
fi
CROWD=200
GIBIBYTE=1073741824
proxy_pids=''

# ---- the world ----

nginx_common()
{
	cat <<-END
	daemon off;
	master_process off;
	pid $PWD/$1/pid;
	error_log $PWD/$1/log;
	events { worker_connections 4096; }
	http {
	  access_log off;
	  tcp_nodelay on;
	  sendfile on;
	  keepalive_requests 100000000;
	  keepalive_timeout 600s;
	  map_hash_bucket_size 4096;
	  client_body_temp_path $PWD/$1/body;
	  proxy_temp_path $PWD/$1/proxy;
	  fastcgi_temp_path $PWD/$1/fastcgi;
	  uwsgi_temp_path $PWD/$1/uwsgi;
	  scgi_temp_path $PWD/$1/scgi;
	END
}

# 200 bytes, and a gibibyte; who has the token gets them.
nginx_api()
{
	nginx_common api
	cat <<-END
	  map \$http_authorization \$stranger {
	    default 1;
	    "Bearer $(cat token.txt)" 0;
	  }
	  server {
	    listen 127.0.0.1:$plain_port backlog=1024;
	    listen 127.0.0.1:$tls_port ssl backlog=1024;
	    ssl_certificate $PWD/server.pem;
	    ssl_certificate_key $PWD/server.key;
	    if (\$stranger) { return 401; }
	    location /small { return 200 "$(printf '%0200d' 0)"; }
	    location /gib { root $PWD/api; }
	  }
	}
	END
}

nginx_front()
{
	cat <<-END
	  upstream $1 {
	    server ${2#*://};
	    keepalive 256;
	    keepalive_requests 100000000;
	  }
	  server {
	    listen 127.0.0.1:$3 backlog=1024;
	    location / { proxy_pass ${2%%:*}://$1; }
	  }
	END
}

nginx_peer()
{
	nginx_common peer
	cat <<-END
	  proxy_http_version 1.1;
	  proxy_set_header Connection "";
	  proxy_set_header Authorization "Bearer $(cat token.txt)";
	  proxy_buffering off;
	  proxy_request_buffering off;
	  proxy_buffer_size 64k;
	  proxy_buffers 8 64k;
	  proxy_busy_buffers_size 128k;
	  proxy_ssl_verify on;
	  proxy_ssl_trusted_certificate $PWD/system.pem;
	  proxy_ssl_name localhost;
	END
	nginx_front plain "$plain" "$peer_plain_port"
	nginx_front tls "$tls" "$peer_tls_port"
	nginx_front events "$events_url" "$peer_events_port"
	echo '}'
}

nginx_start()
{
	setpriv --pdeathsig KILL nginx -e "$PWD/$1/log" -p "$PWD/$1" -c "$PWD/$1/conf" \
		</dev/null >"$1/out" 2>&1 &
	nginx_pid=$!
	proxy_pids="$proxy_pids $nginx_pid"
	until [ -s "$1/pid" ]; do
		process_runs "$nginx_pid" || return
		sleep 0.05
	done
}

# Server-sent events, with the time in each.
events_start()
{
	mkdir -p events && cp server.pem events/server.crt &&
		cp server.key events/server.key || return
	setpriv --pdeathsig KILL python3 "$VALETKEY_SRC/tests/proxy/upstream.py" \
		"$PWD/events" </dev/null >events/out 2>&1 &
	proxy_pids="$proxy_pids $!"
	until [ -s events/ready ]; do
		process_runs "${proxy_pids##* }" || return
		sleep 0.05
	done
	events_url=$(cat events/ready)
}

# valetkey_start NAME ORIGIN: its address to $url, its process to $valetkey_pid, and
# its secret to NAME.headers.
valetkey_start()
{
	rm -f "$1.ready"
	# shellcheck disable=SC2016 # for the command
	setpriv --pdeathsig TERM valetkey proxy proxied --host "$2" -- sh -c '
		printf "Authorization: Bearer %s\r\n" "$VALETKEY_PROXY_TOKEN" \
			>"$0.headers"
		echo "$VALETKEY_PROXY_URL" >"$0.new"
		mv "$0.new" "$0.ready"
		exec setpriv --pdeathsig KILL sleep 100000' "$PWD/$1" \
		</dev/null >"$1.said" 2>&1 &
	valetkey_pid=$!
	proxy_pids="$proxy_pids $valetkey_pid"
	until [ -s "$1.ready" ]; do
		process_runs "$valetkey_pid" || return
		sleep 0.05
	done
	url=$(cat "$1.ready")
}

valetkey_stop()
{
	kill "$1"
	wait "$1" 2>/dev/null
}

proxied_account()
{
	demo_account proxied web && sed -i \
		"s|^hosts\[\]=.*|hosts[]=$plain\nhosts[]=$tls\nhosts[]=$events_url|" \
		"$XDG_CONFIG_HOME/valetkey/proxied.conf" &&
		demo_login proxied --accept-change &&
		valetkey token proxied >token.txt
}

# The API hears the token that it knows; it must not be renewed meanwhile.
proxies_set_up()
{
	PATH=$PATH:/usr/sbin
	plain_port=$(free_port) tls_port=$(free_port)
	plain=http://127.0.0.1:$plain_port tls=https://127.0.0.1:$tls_port
	peer_plain_port=$(free_port) peer_tls_port=$(free_port)
	peer_events_port=$(free_port)
	mkdir -p api/gib peer && truncate -s $GIBIBYTE api/gib/file || return
	events_start && proxied_account || return
	nginx_api >api/conf && nginx_start api || return
	printf 'Authorization: Bearer %s\r\n' "$(cat token.txt)" >direct.headers
	: >none.headers
	nginx_peer >peer/conf
	nginx_start peer || missing proxy-kept nginx "$(cat peer/out peer/log)"
	peer_pid=$nginx_pid
	valetkey_start plain "$plain" && plain_url=$url &&
		valetkey_start tls "$tls" && tls_url=$url tls_pid=$valetkey_pid &&
		valetkey_start events "$events_url" && proxied_events_url=$url
}

# ---- rows ----

# through ROW WHAT NUMBER URL HEADERS NAME
through()
{
	through_row=$1 through_name=$6
	shift
	if "$bench/through" "$@" >through.out 2>through.err; then
		row "$through_row" <through.out
	else
		missing "$through_row" "$through_name" "$(cat through.err)"
	fi
}

# three ROW WHAT NUMBER PATH SUFFIX: directly, through nginx and through ours; with
# SUFFIX "-tls" to the API's TLS.
three()
{
	if [ "$5" = -tls ]; then
		set -- "$1$5" "$2" "$3" "$tls$4" \
			"http://127.0.0.1:$peer_tls_port$4" "$tls_url$4" tls
	else
		set -- "$1" "$2" "$3" "$plain$4" \
			"http://127.0.0.1:$peer_plain_port$4" "$plain_url$4" plain
	fi
	through "$1" "$2" "$3" "$4" direct.headers direct
	through "$1" "$2" "$3" "$5" none.headers nginx
	through "$1" "$2" "$3" "$6" "$7.headers" valetkey
}

# rate ROW URL HEADERS NAME: requests a second, by wrk; not if one of them failed.
rate()
{
	header=$(tr -d '\r' <"$3")
	wrk -t1 -c50 -d"${rate_s}s" ${header:+-H "$header"} "$2/small" >wrk.out 2>&1
	if grep -qE 'Non-2xx|Socket errors' wrk.out ||
		! grep -q '^Requests/sec' wrk.out; then
		missing "$1" "$4" "$(grep -E 'Non-2xx|Socket|unable' wrk.out |
			tr '\n' ' ')"
	else
		value "$1" "$4" "$(sed -n 's/^Requests\/sec: *//p' wrk.out)"
	fi
}

proxy_rates()
{
	rate proxy-rate "$plain" direct.headers direct
	rate proxy-rate "http://127.0.0.1:$peer_plain_port" none.headers nginx
	rate proxy-rate "$plain_url" plain.headers valetkey
	rate proxy-rate-tls "$tls" direct.headers direct
	rate proxy-rate-tls "http://127.0.0.1:$peer_tls_port" none.headers nginx
	rate proxy-rate-tls "$tls_url" tls.headers valetkey
}

highest_of()
{
	sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

# By how much the proxy's memory grows, after all the rows of small answers.
proxy_gibs()
{
	before=$(highest_of "$tls_pid")
	i=0
	while [ "$i" -lt "$gibs" ]; do
		i=$((i + 1))
		[ "$quick" = quick ] || three proxy-gib bulk 1 /gib/file ''
		three proxy-gib bulk 1 /gib/file -tls
	done
	value proxy-gib-grows valetkey \
		$((($(highest_of "$tls_pid") - before) * 1024))
}

# No more than the API itself has.
proxy_events()
{
	through proxy-event events "$events" "$events_url/events/$events/4" \
		direct.headers direct
	through proxy-event events "$events" \
		"http://127.0.0.1:$peer_events_port/events/$events/4" \
		none.headers nginx
	through proxy-event events "$events" \
		"$proxied_events_url/events/$events/4" events.headers valetkey
}

# A new proxy; the memory of it when it starts, with 200 that came one by one, and
# after 200 more at once have gone, within a minute.
proxy_memory()
{
	valetkey_start memory "$tls" || return
	start=$(resident_of "$valetkey_pid")
	value proxy-gone start $((start * 1024))
	mkfifo crowd.in
	"$bench/through" crowd "$CROWD" "$url/small" memory.headers crowd \
		<crowd.in >crowd.out 2>&1 &
	crowd_pid=$!
	exec 5>crowd.in
	until grep -q ready crowd.out; do
		process_runs "$crowd_pid" || break
		sleep 0.05
	done
	if grep -q ready crowd.out; then
		value proxy-idle valetkey $(($(resident_of "$valetkey_pid") * 1024))
	else
		missing proxy-idle valetkey "$(cat crowd.out)"
	fi
	exec 5>&-
	wait "$crowd_pid"
	"$bench/through" cold "$CROWD" "$url/small" memory.headers x >/dev/null 2>&1
	i=0
	while [ "$i" -lt "$patience" ]; do
		i=$((i + 1))
		gone=$(resident_of "$valetkey_pid")
		[ "$gone" -gt $((start * 3 / 2)) ] || break
		sleep 0.5
	done
	value proxy-gone valetkey $((gone * 1024))
	valetkey_stop "$valetkey_pid"
}

# Proxies that have no connection yet.
proxy_colds()
{
	i=0
	while [ "$i" -lt "$colds" ]; do
		i=$((i + 1))
		through proxy-cold cold "$CROWD" "$tls/small" direct.headers direct
		kill "$peer_pid"
		wait "$peer_pid" 2>/dev/null
		rm -f peer/pid
		nginx_start peer && peer_pid=$nginx_pid
		through proxy-cold cold "$CROWD" \
			"http://127.0.0.1:$peer_tls_port/small" none.headers nginx
		valetkey_start cold "$tls" || return
		through proxy-cold cold "$CROWD" "$url/small" cold.headers valetkey
		valetkey_stop "$valetkey_pid"
	done
}

proxies()
{
	SSL_CERT_FILE=$PWD/system.pem
	export SSL_CERT_FILE
	proxies_set_up >proxies.log 2>&1 || {
		cat proxies.log api/out api/log ./*.said >&2 2>/dev/null
		missing proxy-kept valetkey "it cannot be set up"
		proxies_end
		return
	}
	i=0
	while [ "$i" -lt "$proxy_rounds" ]; do
		i=$((i + 1))
		three proxy-kept kept "$kept" /small ''
		three proxy-kept kept "$kept" /small -tls
	done
	i=0
	while [ "$i" -lt "$proxy_rounds" ]; do
		i=$((i + 1))
		proxy_rates
	done
	proxy_events
	proxy_gibs
	proxy_memory
	proxy_colds
	proxies_end
}

proxies_end()
{
	# shellcheck disable=SC2086 # numbers
	kill $proxy_pids 2>/dev/null
	# shellcheck disable=SC2086 # numbers
	wait $proxy_pids 2>/dev/null
	unset SSL_CERT_FILE
	rm -rf api/gib
}

# ---- refreshes with the system's certificates ----

# Debian's bundle, and the tests' authority at its end.
system_certificates()
{
	cat /etc/ssl/certs/ca-certificates.crt ca.pem >system.pem
}

# As refreshes(), for an account without a file of its own.
system_refreshes()
{
	if ! demo_account system web >system.log 2>&1 ||
		! demo_login system >>system.log 2>&1; then
		missing refresh-system valetkey "$(tail -n 1 system.log)"
		return
	fi
	competitors
	competitor floor - - "$bench/floor $PROVIDER_URL/ws/oauth/token $PWD/ca.pem $PWD/body floor"
	competitor valetkey - - "valetkey token system --min-valid 1000000"
	run_row refresh-system $((rounds / 2))
}
