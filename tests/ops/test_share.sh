#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_share.sh - what another machine may ask this one for, which keeps the login:
# the list of all that the helper does, of which three requests are answered; how
# many refreshes that can cost; what is shared of an account; and the units and
# lines of `valetkey share`.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/ops/share.sh
. "$VALETKEY_SRC/tests/ops/share.sh"

RESOURCE=27
THROTTLED=33

need_programs systemd-socket-activate

# ask LINE...: its result to $result, all of it to $text.
ask()
{
	text=$(exchange "$HOME_SOCKET" "$@")
	result=$(printf '%s\n' "$text" | sed -n 's/^result=//p')
}

token_of()
{
	printf '%s\n' "$text" | sed -n 's/^access_token=//p'
}

# asked RESULT DESCRIPTION LINE...
asked()
{
	asked_result=$1 asked_what=$2
	shift 2
	ask "$@"
	is "$result" "$asked_result" "$asked_what" || tap_note "$text"
}

# Of a minute ago: nothing of the other machines' counts any more.
forget_count()
{
	sed -i '/^shared\[\]=/d' "$CONFIG/.$(sed -n 's/^id=//p' \
		"$CONFIG/$1.conf").lock"
}

test_list()
{
	ops=$(sed -n 's/^    {"\([a-z_]*\)", op_[a-z_]*},$/\1/p' \
		"$VALETKEY_SRC/helper/helper.c")
	like "$(echo "$ops" | wc -l)" '^1[6-9]$|^[2-9][0-9]$' \
		'the helper does sixteen things or more'
	for op in $ops no_such_request; do
		case $op in
		get | invalidate) continue ;;
		esac
		asked "$DENIED" "$op is refused" "op=$op" account=work \
			'account[]=work' protocol=https server=example.com
		unlike "$text" 'access_token|password|state|client' \
			"$op: nothing is told"
	done
	asked "$DENIED" 'a request without a name is refused' account=work
	asked "$DENIED" 'two names: the last one counts, and is refused' op=get \
		op=status account=work
	for key in new=1 id_token=1 flow=code client_id=x; do
		asked "$DENIED" "get with $key is refused" op=get account=work \
			"$key"
		is "$(token_of)" '' "get with $key: there is no token"
	done
	requests 0 'and the provider has not heard of it'
}

test_get()
{
	token=$(valetkey token work)
	asked 0 'a token is given' op=get account=work interactive=1 program=x
	is "$(token_of)" "$token" 'it is the one that there is'
	unlike "$text" 'refresh|secret' 'and nothing else'
	for name in other none far ../work ''; do
		asked "$ACCOUNT" "no account \"$name\" is shared" op=get \
			"account=$name"
		is "$(token_of)" '' "of \"$name\" there is no token"
	done
	like "$text" 'On the machine that keeps this login' \
		'a failure says where it is'
	asked 0 'invalidate of another token' op=invalidate account=work \
		access_token=x
	like "$text" '^invalidated=0$' 'does nothing'
	asked 0 'about' op=about account=work
	like "$text" "^hosts\[\]=$PROVIDER_URL\$" 'tells the hosts'
	unlike "$text" 'client|token' 'and no more'
	requests 0 'all that without the provider'
}

# More than half of a life is not to be had by asking for it.
test_min_valid()
{
	for seconds in 1700 3000 1000000000; do
		asked 0 "good for $seconds s" op=get account=work \
			"min_valid_s=$seconds"
	done
	requests 0 'a token in the first half of its life is good for anything'
	older work 1900
	asked 0 'in the second half' op=get account=work min_valid_s=1000000
	requests 1 'there is a new one'
	asked 0 'and again' op=get account=work min_valid_s=1000000
	requests 0 'which will do'
}

# older ACCOUNT SECONDS: the stored token is that much older.
older()
{
	id=$(sed -n 's/^id=//p' "$CONFIG/$1.conf")
	"$VALETKEY_BUILD/tests/lib/keyring" dump grant "$id" |
		awk -F= -v age="$2" '
		$1 == "issued_at" { printf "%s=%.0f\n", $1, $2 - age; next }
		$1 == "issued_clock" {
			printf "%s=%.0f\n", $1, $2 - age * 1000
			next
		}
		{ print }' >"$VALETKEY_TEST_DIR/older"
	"$VALETKEY_BUILD/tests/lib/keyring" replace grant "$id" \
		<"$VALETKEY_TEST_DIR/older"
	rm "$VALETKEY_TEST_DIR/older"
	"$VALETKEY_BUILD/tests/lib/forget" "valetkey:$id"
}

# One that invalidates whatever it is given, in both ways that there are.
test_loop()
{
	throttled=0
	for _ in 1 2 3 4 5 6 7 8; do
		ask op=get account=work
		ask op=invalidate account=work "access_token=$(token_of)"
		[ "$result" != "$THROTTLED" ] || throttled=$((throttled + 1))
	done
	requests 2 'a loop of invalidates costs two refreshes'
	is "$throttled" 6 'the others are told to wait'
	like "$text" 'no more for [0-9]+ s' 'for how long'
	refused=$(valetkey token work)
	asked "$THROTTLED" 'so is who names it in a get' op=get account=work \
		"refused=$refused"
	requests 0 'which costs nothing either'
	asked "$THROTTLED" 'and who invalidates it' op=invalidate account=work \
		"access_token=$refused"
	ok 'which is still there for the programs here' env \
		DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent \
		valetkey token work
	forget_count work
	ask op=get account=work
	asked 0 'a minute later' op=invalidate account=work \
		"access_token=$(token_of)"
	like "$text" '^invalidated=1$' 'one is taken'
	ask op=get account=work
	requests 1 'for a refresh'
	printf '%s\n' "$(token_of)" | valetkey invalidate work >/dev/null 2>&1
	ok 'who keeps the login may as ever' valetkey token work
	requests 1 'and gets another one'
	forget_count work
}

test_part()
{
	said 0 'is shared as you said, at' 'share for one host' valetkey share work \
		--host "$PROVIDER_URL"
	asked 0 'a token for that host' op=get account=work \
		"resource=$PROVIDER_URL/v2/devices"
	sed -i 's|^share_hosts=.*|share_hosts=https://one.example|' \
		"$CONFIG/work.conf"
	asked "$RESOURCE" 'not for another one' op=get account=work \
		"resource=$PROVIDER_URL/v2/devices"
	ask op=about account=work
	is "$(printf '%s\n' "$text" | sed -n 's/^hosts\[\]=//p')" \
		https://one.example 'about tells the shared hosts'
	said 0 'is shared as you said, at' 'share with fewer scopes than it has' \
		valetkey share work --scope management
	asked "$SCOPE" 'its token is kept here' op=get account=work
	is "$(token_of)" '' 'there is none in the answer'
	said 0 'is shared as you said, at' 'share with its scopes' valetkey share work \
		--scope 'monitoring offline_access other'
	asked 0 'its token is given' op=get account=work
	said 0 'is shared for all its hosts and with all its scopes, at' \
		'share all' valetkey share work
	unlike "$(cat "$CONFIG/work.conf")" 'share_' 'nothing of that is left'
	said "$RESOURCE" 'not one of the account' 'a host that it does not have' \
		valetkey share work --host https://elsewhere.example
	said "$ARG" 'takes no --host' 'off with a host' valetkey share work \
		--off --host "$PROVIDER_URL"
	said "$ACCOUNT" 'no account' 'no such account' valetkey share nobody
}

test_units()
{
	units=$XDG_CONFIG_HOME/systemd/user
	said 0 'ssh -R /run/user/[0-9]*/valetkey/far:.*/valetkey/share HOST' \
		'share shows the line for ssh' valetkey share work
	like "$text" 'RemoteForward /run/user/' 'and the one for its file'
	like "$text" 'valetkey add work --far' 'and what to type there'
	for line in Accept=yes SocketMode=0600 TriggerLimitIntervalSec=0 \
		'MaxConnections=[0-9]+' 'ListenStream=%t/valetkey/share'; do
		like "$(cat "$units/valetkey-share.socket")" "^$line\$" \
			"the socket has $line"
	done
	for line in KillMode=process KillSignal=SIGCONT LogLevelMax=notice \
		CollectMode=inactive-or-failed 'ExecStart=".*valetkey-helper" share'; do
		like "$(cat "$units/valetkey-share@.service")" "^$line\$" \
			"the service has $line"
	done
	if need_program systemd-analyze 'the units are well formed'; then
		ok 'systemd finds nothing wrong with the units' \
			systemd_verifies
	fi
	said 0 'shared *with other machines' 'status tells' valetkey status work
	share_mark other
	said 0 'not shared any more' 'share --off' valetkey share work --off
	ok 'the units stay as long as another account is shared' \
		test -e "$units/valetkey-share.socket"
	asked "$ACCOUNT" 'work is not given any more' op=get account=work
	said 0 'not shared any more' 'share --off of the last' \
		valetkey share other --off
	is "$(find "$units" -name 'valetkey-share*')" '' 'the units are gone'
	is "$(cat "$CONFIG/work.conf" "$CONFIG/other.conf" | grep ^share)" '' 'and no file says it'
	ok 'one more' demo_account more native
	ok 'shared' valetkey share more
	ok 'and removed' valetkey remove more --yes
	is "$(find "$units" -name 'valetkey-share*')" '' 'its units are gone, too'
}

# What systemd itself makes of it: `systemd --user --test` shows Environment= with %
# for %%, and with $$ as it is.
test_odd_folder()
{
	odd=$VALETKEY_TEST_DIR/a\$b%c
	mkdir -m 700 "$odd" && cp -Rp "$CONFIG" "$odd/"
	ok 'share in a folder with $ and %' \
		env XDG_CONFIG_HOME="$odd" valetkey share work
	is "$(sed -n 's/^Environment="XDG_CONFIG_HOME=\(.*\)"$/\1/p' \
		"$odd/systemd/user/valetkey-share@.service")" \
		"$VALETKEY_TEST_DIR/a\$b%%c" \
		'systemd reads the folder as it is'
}

# (Of the machine's own units it may say something, too.)
systemd_verifies()
{
	systemd-analyze --user verify "$units/valetkey-share.socket" \
		"$units/valetkey-share@.service" >"$OUT" 2>&1
	! grep valetkey-share "$OUT"
}

provider_start
for account in work other; do
	demo_account "$account" >/dev/null 2>&1
	demo_login "$account" >/dev/null 2>&1
done
printf '%s\n' id=00112233445566778899aabbccddeeff share=yes \
	"far=$HOME_SOCKET" >"$CONFIG/far.conf"
chmod 600 "$CONFIG/far.conf"
share_mark work
serve "$HOME_SOCKET" || skip_all 'systemd-socket-activate does not start'
requests_before=$(token_requests)
test_list
test_get
test_min_valid
test_loop
test_part
test_units
test_odd_folder
serve_stop
remove work other
done_testing
