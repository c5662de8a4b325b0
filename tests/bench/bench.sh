# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# bench.sh - measures valetkey and its peers; run inside tests/lib/session, by
# tests/dev/bench.sh, as an ordinary user with the default key quota:
#
#	sh bench.sh FOLDER full|quick
#
# Leaves in FOLDER: samples, lines "ROW NAME VALUE" with nanoseconds, bytes or
# counts, and missing, lines "ROW NAME why". VALETKEY_PREFIX is what is measured,
# VALETKEY_BUILD has the provider and the programs of this folder.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

results=$1
quick=$2
bench=$VALETKEY_BUILD/tests/bench
samples=$results/samples
helper=$VALETKEY_PREFIX/libexec/valetkey/valetkey-helper
libsecret_helper=$results/git-credential-libsecret
TOKEN_LENGTH=1000 # git-credential-libsecret reads lines of 1,023 bytes
cd "$VALETKEY_TEST_DIR" || exit 1
: >"$samples"
: >"$results/missing"

if [ "$quick" = quick ]; then
	rounds=15 hits=100 storms=1 numbers='1 10 50' foreign=50
else
	rounds=100 hits=500 storms=5 numbers='1 10 100 1000' foreign=1000
fi

# shellcheck source=tests/bench/proxy.sh
. "$VALETKEY_SRC/tests/bench/proxy.sh"
# shellcheck source=tests/bench/far.sh
. "$VALETKEY_SRC/tests/bench/far.sh"
# shellcheck source=tests/bench/turn.sh
. "$VALETKEY_SRC/tests/bench/turn.sh"

say()
{
	echo "  $1" >&2
}

# row ROW: samples from standard input.
row()
{
	sed "s/^/$1 /" >>"$samples"
}

value()
{
	echo "$1 $2 $3" >>"$samples"
}

missing()
{
	echo "$1 $2 $3" >>"$results/missing"
	say "$1: no $2: $3"
}

# competitors: empties the list; then competitor NAME BEFORE INPUT COMMAND, which
# has to print a whole token; idler NAME, a process that does nothing.
competitors()
{
	: >list
}

competitor()
{
	printf "%s\\t%s\\t%s\\t$TOKEN_LENGTH\\t%s\\n" "$@" >>list
}

idler()
{
	printf '%s\t-\t-\t-\ttrue\n' "$1" >>list
}

# run_row ROW [ROUNDS]
run_row()
{
	"$bench/alternate" "${2:-$rounds}" list 2>failures | row "$1"
	sed -n 's/ fails: .*//p' failures | while read -r name; do
		missing "$1" "$name" "it prints no token"
	done
}

account_id()
{
	sed -n 's/^id *= *//p' "$XDG_CONFIG_HOME/valetkey/$1.conf"
}

# ---- the world: a provider with TLS, and everybody logged in ----

make_certificates()
{
	cat >tls.conf <<-'END_OF_FILE'
	[req]
	distinguished_name = name
	[name]
	[authority]
	basicConstraints = critical, CA:TRUE
	keyUsage = keyCertSign
	[server]
	subjectAltName = IP:127.0.0.1, DNS:localhost
	END_OF_FILE
	openssl req -x509 -newkey rsa:2048 -nodes -config tls.conf \
		-extensions authority -subj '/CN=bench' -days 2 \
		-keyout ca.key -out ca.pem &&
	openssl req -newkey rsa:2048 -nodes -config tls.conf \
		-subj /CN=127.0.0.1 -keyout server.key -out server.csr &&
	openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key \
		-CAcreateserial -extfile tls.conf -extensions server -days 2 \
		-out server.pem
}

# The account "sealed", in the other store, for hosts of its own.
sealed_account()
{
	echo 'a passphrase of the bench' | valetkey unlock --passphrase-stdin &&
		demo_account sealed web --store sealed --ca-file "$PWD/ca.pem" &&
		sed -i 's|^hosts\[\]=.*|hosts[]=https://sealed.example|' \
			"$XDG_CONFIG_HOME/valetkey/sealed.conf" &&
		demo_login sealed --accept-change
}

set_up()
{
	make_certificates >tls.log 2>&1 && system_certificates || return
	CURL_CA_BUNDLE=$PWD/ca.pem
	export CURL_CA_BUNDLE
	provider_start --https server.pem server.key --token-length "$TOKEN_LENGTH" \
		--any-scope || return
	host=${PROVIDER_URL#https://}
	{
		demo_account demo web --ca-file "$PWD/ca.pem" &&
			demo_login demo &&
			demo_account other web --ca-file "$PWD/ca.pem" &&
			sed -i 's|^hosts\[\]=.*|hosts[]=https://other.example|' \
				"$XDG_CONFIG_HOME/valetkey/other.conf" &&
			demo_login other --accept-change &&
			sealed_account
	} >login.log 2>&1 || return
	valetkey token demo >token.txt && valetkey token other >/dev/null &&
		valetkey token sealed >/dev/null || return
	printf '%s' "$(cat token.txt)" | "$bench/populate" bench one || return
	printf '%s' "$(cat token.txt)" | "$bench/populate" bench floor || return
	printf 'grant_type=client_credentials&scope=monitoring&client_id=%s&client_secret=%s\n' \
		api-client "$(cat "$(secret_file api-secret)")" >body
	printf 'protocol=https\nhost=%s\n\n' "$host" >asked
	printf 'other.example' >asked.docker
	printf '%s\n' '{"v":1,"registry":{"index-url":"sparse+https://other.example/index/","name":"x","headers":[]},"kind":"get","operation":"read","args":[]}' \
		>asked.cargo
}

# oidc_account NAME: with the refresh token of a login of ours.
oidc_account()
{
	demo_account "$1" web --ca-file "$PWD/ca.pem" >/dev/null 2>&1 &&
		demo_login "$1" >/dev/null 2>&1 || return
	id=$(account_id "$1")
	refresh_token=$("$VALETKEY_BUILD/tests/lib/keyring" dump grant "$id" |
		sed -n 's/^refresh_token=//p')
	"$VALETKEY_BUILD/tests/lib/keyring" delete grant "$id"
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$id"
	rm "$XDG_CONFIG_HOME/valetkey/$1.conf"
	oidc-gen "$1" --manual --iss="https://127.0.0.1:$discovery_port/" \
		--client-id=web-client \
		--client-secret="$(cat "$(secret_file web-secret)")" \
		--redirect-uri=http://localhost:4242 --scope=monitoring \
		--cp="$PWD/ca.pem" --flow=refresh --rt="$refresh_token" \
		--pw-env=OIDC_ENCRYPTION_PW --confirm-yes --prompt=none \
		</dev/null
}

# It insists on OpenID's metadata, which the provider does not have: a second
# server tells it where the provider's endpoints are.
oidc_set_up()
{
	discovery_port=$(free_port)
	mkdir -p web/.well-known "$XDG_CONFIG_HOME/oidc-agent"
	{
		printf 'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n'
		printf '{"issuer":"https://127.0.0.1:%s/",' "$discovery_port"
		printf '"%s":"%s",' authorization_endpoint \
			"$PROVIDER_URL/ws/oauth/authorize" token_endpoint \
			"$PROVIDER_URL/ws/oauth/token"
		printf '"scopes_supported":["monitoring"],'
		printf '"response_types_supported":["code"],'
		printf '"grant_types_supported":["refresh_token"]}'
	} >web/.well-known/openid-configuration
	(cd web && exec setpriv --pdeathsig KILL openssl s_server -quiet -HTTP \
		-accept "127.0.0.1:$discovery_port" -cert ../server.pem \
		-key ../server.key) </dev/null >discovery.log 2>&1 &
	discovery=$!
	OIDC_ENCRYPTION_PW=bench
	export OIDC_ENCRYPTION_PW
	oidc-agent >agent.env 2>agent.log </dev/null || return
	tries=100 # it returns before its daemon has written
	until grep -q '^OIDCD_PID' agent.env; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return
		sleep 0.1
	done
	eval "$(grep -v '^echo' agent.env)"
	until curl -q -s -o metadata --noproxy '*' --max-time 5 \
		"https://127.0.0.1:$discovery_port/.well-known/openid-configuration"
	do
		process_runs "$discovery" || return
		sleep 0.1
	done
	oidc_account bench >oidc.log 2>&1 && oidc_account second >>oidc.log 2>&1
}

# With the git that is installed; HOME has no configuration.
git_fill()
{
	printf 'git -c credential.helper= -c credential.helper=%s -c core.askPass=false credential fill' "$1"
}

git_approve()
{
	printf 'protocol=https\nhost=%s\nusername=oauth2\npassword=%s\n\n' \
		"$host" "$(cat token.txt)" |
		git -c credential.helper= -c "credential.helper=$1" \
			credential approve 2>/dev/null
}

git_set_up()
{
	chmod 700 "$HOME"
	git_approve store &&
		git_approve cache &&
		git_approve "$libsecret_helper"
}

# ---- rows ----

kernel_key()
{
	echo "valetkey:$(account_id demo)"
}

hits()
{
	"$bench/hit" "$hits" "$PROVIDER_URL/v2/devices" demo | row hit
}

# A fresh process for each sample; the loading with it is a row of its own.
first_gets()
{
	i=0
	while [ "$i" -lt "$rounds" ]; do
		i=$((i + 1))
		for kind in "valetkey demo" "floor $(kernel_key)" \
			"oidc bench" "libsecret one"; do
			name=${kind%% *}
			# shellcheck disable=SC2086 # two words
			"$bench/first" $kind 2>/dev/null |
				while read -r what figure; do
					value "first-$what" "$name" "$figure"
				done
		done
	done
}

tokens()
{
	competitors
	idler true
	competitor valetkey - - "valetkey token demo"
	competitor sealed - - "valetkey token sealed"
	competitor docker - "$PWD/asked.docker" \
		"docker-credential-valetkey get"
	competitor cargo - "$PWD/asked.cargo" \
		"cargo-credential-valetkey --cargo-plugin"
	competitor oidc-token - - "oidc-token bench"
	competitor secret-tool - - "secret-tool lookup bench one"
	competitor git-cache - "$PWD/asked" \
		"git credential-cache get"
	run_row token
}

fills()
{
	competitors
	idler true
	competitor valetkey - "$PWD/asked" \
		"$(git_fill "$VALETKEY_PREFIX/bin/git-credential-valetkey")"
	competitor store - "$PWD/asked" "$(git_fill store)"
	competitor cache - "$PWD/asked" \
		"$(git_fill cache)"
	competitor libsecret - "$PWD/asked" "$(git_fill "$libsecret_helper")"
	run_row git
}

misses()
{
	competitors
	idler true
	competitor valetkey "$VALETKEY_BUILD/tests/lib/forget $(kernel_key)" - \
		"valetkey token demo"
	competitor sealed \
		"$VALETKEY_BUILD/tests/lib/forget valetkey:$(account_id sealed)" \
		- "valetkey token sealed"
	competitor secret-tool - - "secret-tool lookup bench one"
	competitor git-libsecret - "$PWD/asked" "$libsecret_helper get"
	run_row "$1"
}

# More than the provider gives: every one costs a refresh.
refreshes()
{
	competitors
	competitor floor - - "$bench/floor $PROVIDER_URL/ws/oauth/token $PWD/ca.pem $PWD/body floor"
	competitor valetkey - - "valetkey token demo --min-valid 1000000"
	competitor sealed - - "valetkey token sealed --min-valid 1000000"
	competitor oidc-agent - - "oidc-token --time=1000000 bench"
	run_row refresh $((rounds / 2))
}

requests()
{
	provider_count "grant=refresh_token .*result=ok"
}

# storm_of NAME COMMAND...: its tokens are too old, by two seconds; without a
# request it was no storm.
storm_of()
{
	name=$1
	shift
	before=$(requests)
	"$bench/storm" 100 "$TOKEN_LENGTH" "$@" >storm.out 2>storm.err
	made=$(($(requests) - before))
	if [ "$made" -eq 0 ]; then
		missing storm "$name" "the provider has heard of no storm"
		return
	fi
	value storm "$name" "$(sed -n 's/^slowest //p' storm.out)"
	value storm-requests "$name" "$made"
	value storm-failed "$name" "$(sed -n 's/^failed //p' storm.out)"
}

storms()
{
	i=0
	while [ "$i" -lt "$storms" ]; do
		i=$((i + 1))
		valetkey token demo --min-valid 1000000 >/dev/null
		oidc-token --time=1000000 bench >/dev/null 2>&1
		"$bench/storm" 100 "$TOKEN_LENGTH" valetkey token demo \
			>storm.out
		"$bench/storm" 100 0 "$helper" >>storm.out 2>/dev/null
		value storm starts "$(awk '/^slowest/ { sum += $2 }
			END { printf "%.0f", sum }' storm.out)"
		sleep 12
		storm_of valetkey valetkey token demo --min-valid 3590
		storm_of oidc-agent oidc-token --time=3590 bench
	done
}

# A waits for a slow provider while B, which is published, is asked.
others()
{
	competitors
	idler true-alone
	competitor valetkey-alone - - "valetkey token other"
	competitor oidc-alone - - "oidc-token second"
	run_row other
	provider_fault none slow=2000
	i=0
	while [ "$i" -lt 5 ]; do
		i=$((i + 1))
		valetkey token demo --min-valid 1000000 >/dev/null &
		asker=$!
		sleep 0.5
		competitors
		idler true
		competitor valetkey - - "valetkey token other"
		run_row other 10
		wait "$asker"
		[ "$i" -le 2 ] || continue
		oidc-token --time=1000000 bench >/dev/null 2>&1 &
		asker=$!
		sleep 0.5
		"$bench/storm" 1 "$TOKEN_LENGTH" oidc-token second >storm.out
		if grep -q '^failed 0' storm.out; then
			sed -n 's/^slowest/oidc-agent/p' storm.out | row other
		else
			missing other oidc-agent "it prints no token"
		fi
		wait "$asker"
	done
	provider_fault none
}

# Accounts like demo: a file, and a grant in the keyring.
more_accounts()
{
	folder=$XDG_CONFIG_HOME/valetkey
	id=$(account_id demo)
	"$VALETKEY_BUILD/tests/lib/keyring" dump grant "$id" >grant.txt
	: >new-ids
	while [ "$count" -lt "$1" ]; do
		count=$((count + 1))
		new=$(printf '%032x' $((1000000 + count)))
		sed "s/$id/$new/" "$folder/demo.conf" >"$folder/n$count.conf"
		chmod 600 "$folder/n$count.conf"
		echo "$new" >>new-ids
		echo "n$count" >>names
	done
	"$bench/populate" grants new-ids <grant.txt
	rm grant.txt
}

accounts()
{
	count=0
	: >names
	for number in $numbers; do
		say "$number accounts"
		more_accounts "$number"
		# shellcheck disable=SC2046 # names
		"$bench/hit" $((hits / 2)) - $(cat names) |
			sed -n "s/^hit/hit-$number/p" | row accounts
		valetkey token n1 >/dev/null
		competitors
		idler "true-$number"
		competitor "one-$number" - - "valetkey token n1"
		competitor "turn-$number" - - "valetkey token %names"
		run_row accounts
	done
}

foreign_items()
{
	say "$foreign foreign items in the keyring"
	"$bench/populate" foreign "$foreign" || return
	valetkey token demo >/dev/null
	misses miss-foreign
	rounds_before=$rounds
	rounds=$((rounds / 2))
	competitors
	competitor valetkey - - "valetkey token demo --min-valid 1000000"
	run_row refresh-foreign
	rounds=$rounds_before
}

resident_of()
{
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

# What stays in memory when nobody asks.
idle()
{
	value idle valetkey 0
	[ -z "${OIDCD_PID-}" ] ||
		value idle oidc-agent $(($(resident_of "$OIDCD_PID") * 1024))
	daemon=$(pgrep -u "$(id -u)" -f "cache--daemon $XDG_CACHE_HOME" |
		head -n 1)
	[ -z "$daemon" ] ||
		value idle git-cache $(($(resident_of "$daemon") * 1024))
}

installed()
{
	for file in "$VALETKEY_PREFIX"/lib/libvaletkey.so.1.*.* \
		"$VALETKEY_PREFIX/bin/valetkey" "$helper" \
		"$VALETKEY_PREFIX/libexec/valetkey/valetkey-net.so"; do
		strip -o stripped "$file" && stat -c %s stripped
	done | awk '{ sum += $1 } END { print "installed valetkey " sum }' \
		>>"$samples"
	for package in oidc-agent-cli liboidc-agent4 libsecret-tools; do
		dpkg-query -W -f '${Installed-Size}\n' "$package" 2>/dev/null |
			awk -v name="$package" \
				'{ print "installed", name, $1 * 1024 }' \
				>>"$samples"
	done
}

# The peers' daemons do not end with the session.
end_daemons()
{
	git credential-cache exit
	if [ -n "${OIDCD_PID-}" ]; then
		# shellcheck disable=SC2046 # numbers
		kill "$OIDCD_PID" $(cat "/proc/$OIDCD_PID/task/$OIDCD_PID/children")
	fi
	[ -z "${discovery-}" ] || kill "$discovery"
} 2>/dev/null

trap end_daemons EXIT
trap 'exit 130' HUP INT TERM
say "the provider, the keyring, and logins"
set_up || {
	cat ./*.log >&2
	exit 1
}
git_set_up || missing git peers "git's helpers cannot be set up"
oidc_set_up || {
	missing token oidc-agent "it cannot be set up: $(tail -n 1 oidc.log)"
	cat discovery.log agent.log oidc.log >&2
}
say "hits in a process"
hits
say "first gets of fresh processes"
first_gets
say "valetkey token, oidc-token, secret-tool"
tokens
say "git credential fill"
fills
say "misses that the keyring answers"
misses miss
say "another machine, by sshd"
far_rows || missing far valetkey "there is no sshd or no systemd"
say "refreshes"
refreshes
say "refreshes with the system's certificates"
(SSL_CERT_FILE=$PWD/system.pem && export SSL_CERT_FILE && system_refreshes)
say "100 processes at expiry"
storms
say "one account while another waits"
others
idle
installed
say "the proxy, and nginx beside it"
proxies
accounts
foreign_items
turn_rows || missing turn valetkey "$(tail -n 1 turn.log)"
provider_stop || :
