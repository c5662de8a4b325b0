#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_left_behind.sh - what is left by a run that was killed, by two at once, or
# on a file system without hard links: after the next run of any verb nothing.
# strace kills whoever makes the Nth call of a kind, be it the command or the
# helper, so that every run ends at another instant, always the same ones.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/lib/git.sh
. "$VALETKEY_SRC/tests/lib/git.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

strace -o /dev/null true 2>/dev/null || skip_all 'strace does not work here'

PAGE=$VALETKEY_TEST_DIR/page
OPEN=/.well-known/oauth-authorization-server/open
provider_start --page "$OPEN=$PAGE-open" --page "/reg=$PAGE-reg" \
	--page "/reg/1=$PAGE-client" || exit 1
WEB_SECRET=$(secret_file web-secret)
IDS=$VALETKEY_TEST_DIR/ids
: >"$IDS"

# ---- what is there ----

account_ids()
{
	cat "$CONFIG"/*.conf "$CONFIG"/.*.adding 2>/dev/null |
		sed -n 's/^id=//p'
}

# Whose they are is known while there is a file alone.
note_ids()
{
	account_ids >>"$IDS"
}

# What the folder, the keyring and the kernel have that is no account's. A key
# that was given up has a byte until the kernel's collector comes; one that was in
# no keyring yet is there as long, which can take seconds.
left()
{
	tries=20
	while stays=$(left_now) && [ -n "$stays" ] && [ "$tries" -gt 0 ]; do
		tries=$((tries - 1))
		sleep 0.25
	done
	[ -z "$stays" ] || echo "$stays"
}

left_now()
{
	for conf in "$CONFIG"/*.conf; do
		[ -e "$conf" ] && sed -n 's/^id=//p' "$conf"
	done >"$VALETKEY_TEST_DIR/good"
	echo revocations >>"$VALETKEY_TEST_DIR/good"
	{
		find "$CONFIG" -maxdepth 1 -name '*.new*' -o -maxdepth 1 \
			-name '.*' ! -name "$(basename "$CONFIG")"
		"$VALETKEY_BUILD/tests/lib/keyring" list
		awk 'NR == FNR { ids[$1]; next }
			$10 > 1 {
				for (id in ids)
					if (index($9, id))
						print $9
			}' "$IDS" /proc/keys
	} | grep -vFf "$VALETKEY_TEST_DIR/good" || :
}

# The next run, of any verb: none of them needs the account that was killed.
next_run()
{
	valetkey status >"$VALETKEY_TEST_DIR/status" 2>&1
}

# ---- killing ----

# What both halves call where something is or was changed; 32-bit x86 has other names.
TRUNCATE=ftruncate SEND=sendmsg
! readelf -hW "$VALETKEY_LIB" | grep -q 'ELF32$' ||
	TRUNCATE=ftruncate64 SEND=socketcall
CALLS="fsync flock $TRUNCATE renameat2 rename unlink pwrite64 add_key keyctl $SEND"

# killed CALL N COMMAND...: whether somebody was killed.
killed()
{
	killed_call=$1 killed_n=$2
	shift 2
	strace -f -qq -o "$VALETKEY_TEST_DIR/trace" -e "trace=$killed_call" \
		-e "inject=$killed_call:signal=KILL:when=$killed_n" \
		"$@" </dev/null >"$OUT" 2>&1 3<"$WEB_SECRET"
	grep -q 'killed by SIGKILL' "$VALETKEY_TEST_DIR/trace"
}

# survives WHAT LEAST PREPARE COMMAND...: at least LEAST instants to be killed at.
survives()
{
	what=$1 least=$2 prepare=$3 instants=0 bad=
	shift 3
	for call in $CALLS; do
		n=1
		while $prepare && note_ids && killed "$call" "$n" "$@"; do
			instants=$((instants + 1))
			note_ids
			${judge:-:}
			next_run
			rest=$(left)
			[ -z "$rest" ] || bad="$bad $call:$n $rest"
			# The later ones are much the same.
			n=$((n + 1 + n / 2))
		done
	done
	is "$bad" '' "$what: killed at any instant, nothing is left"
	[ "$instants" -ge "$least" ]
	tap_result $? "$what: at many instants" || tap_note "$instants"
	tap_note "$what: $instants instants"
	remove k
}

no_account()
{
	[ ! -e "$CONFIG/k.conf" ] || valetkey remove k --yes >/dev/null 2>&1
}

an_account()
{
	[ -e "$CONFIG/k.conf" ] && [ "$(items)" -ge 1 ] &&
		return
	no_account
	demo_account k >/dev/null 2>&1
}

a_login()
{
	an_account
	calm k
	valetkey token k >/dev/null 2>&1 || {
		no_account
		demo_account k >/dev/null 2>&1
		demo_login k >/dev/null 2>&1
	}
}

ADD_K="valetkey add k --provider ninjaone --instance demo --client web
	--client-id web-client --redirect-uri $PROVIDER_REDIRECT --secret-fd 3"

# A refresh token that another program has, which goes without a word to the provider.
a_given_token()
{
	no_account
	demo_account other >/dev/null 2>&1 && demo_login other >/dev/null 2>&1
	other=$(sed -n 's/^id=//p' "$CONFIG/other.conf")
	"$VALETKEY_BUILD/tests/lib/keyring" dump grant "$other" |
		sed -n 's/^refresh_token=//p' >"$VALETKEY_TEST_DIR/given"
	"$VALETKEY_BUILD/tests/lib/keyring" delete grant "$other"
	remove other
}

# The endpoints were looked up long ago: a login writes the file anew.
an_old_account()
{
	no_account
	valetkey add k --issuer "$PROVIDER_URL/" --client-id native-client \
		--auth none >/dev/null 2>&1
	sed -i 's/^metadata_at=.*/metadata_at=1/' "$CONFIG/k.conf"
}

test_killed()
{
	# shellcheck disable=SC2086 # words
	survives add 8 no_account $ADD_K
	survives 'add --refresh-token-stdin' 8 a_given_token sh -c \
		"exec $(printf %s "$ADD_K" | tr '\n' ' ') --refresh-token-stdin --yes \
		<'$VALETKEY_TEST_DIR/given'"
	survives remove 8 a_login valetkey remove k --yes
	survives logout 8 a_login valetkey logout k
	browser_setup
	survives login 8 an_account valetkey login k --timeout 2
	CALLS='flock fsync rename' survives 'a file written anew' 3 \
		an_old_account valetkey login k --timeout 1 --no-browser
	survives invalidate 5 a_login env VALETKEY_TEST_ACCOUNT=k \
		"$VALETKEY_BUILD/tests/hosts/invalidate"
}

# ---- a client that the server has made ----

# open_server MEMBER,...: what a registration there answers beside the usual.
open_server()
{
	cat >"$PAGE-open" <<-END
	{"issuer":"$PROVIDER_URL/open",
	"authorization_endpoint":"$PROVIDER_URL/ws/oauth/authorize",
	"token_endpoint":"$PROVIDER_URL/ws/oauth/token",
	"registration_endpoint":"$PROVIDER_URL/reg",
	"response_types_supported":["code"],
	"code_challenge_methods_supported":["S256"]}
	END
	cat >"$PAGE-reg" <<-END
	201 {"client_id":"web-client","client_secret":"$(cat "$WEB_SECRET")",
	$1"token_endpoint_auth_method":"client_secret_post"}
	END
	echo 204 >"$PAGE-client"
	rm -f "$PAGE-client.body"
}

MANAGEMENT="\"registration_access_token\":\"manage-it\",
	\"registration_client_uri\":\"$PROVIDER_URL/reg/1\","

add_registered()
{
	valetkey add "$1" --issuer "$PROVIDER_URL/open" --register \
		--redirect-uri "$PROVIDER_REDIRECT"
}

# What the run before knew of a client is an account's then, or was deleted.
judge_client()
{
	rm -f "$PAGE-client.body"
	[ -s "$CONFIG/.k.answer" ] || return
	told=$((told + 1))
	next_run
	[ -e "$CONFIG/k.conf" ] || [ -s "$PAGE-client.body" ] ||
		bad="$bad $call:$n client"
}

test_registered()
{
	told=0 judge=judge_client
	open_server ''
	survives 'add --register' 8 no_account valetkey add k \
		--issuer "$PROVIDER_URL/open" --register \
		--redirect-uri "$PROVIDER_REDIRECT"
	judge=
	[ "$told" -gt 2 ]
	tap_result $? 'a client that the server told us of is finished'
	tap_note "$told"
}

# The name was taken meanwhile.
test_registered_late()
{
	open_server "$MANAGEMENT"
	no_account
	killed renameat2 1 valetkey add k --issuer "$PROVIDER_URL/open" \
		--register --redirect-uri "$PROVIDER_REDIRECT"
	note_ids
	sed 's/^id=.*/id=00000000000000000000000000000000/' \
		"$CONFIG/.k.adding" >"$CONFIG/k.conf"
	rm -f "$PAGE-client.body"
	next_run
	is "$(cat "$PAGE-client.body" 2>/dev/null)" 'DELETE Bearer manage-it' \
		'a client that nothing can come of is deleted at the server'
	is "$(left)" '' 'a client that nothing can come of: nothing is left'
	no_account
}

test_not_as_asked()
{
	open_server "$MANAGEMENT\"grant_types\":[\"implicit\"],"
	said "$DENIED" 'grant types are not' 'a client that is not as asked' \
		add_registered k
	is "$(cat "$PAGE-client.body" 2>/dev/null)" 'DELETE Bearer manage-it' \
		'a client that is not as asked is deleted at the server'
	is "$(left)" '' 'a client that is not as asked: nothing is left'
}

# ---- two at once ----

# twice COMMAND...: both at the same time; their statuses, sorted.
twice()
{
	first=0 second=0
	"$@" </dev/null >"$OUT.1" 2>&1 3<"$WEB_SECRET" & one=$!
	"$@" </dev/null >"$OUT.2" 2>&1 3<"$WEB_SECRET" & two=$!
	wait "$one" || first=$?
	wait "$two" || second=$?
	printf '%s\n' "$first" "$second" | sort -n | tr '\n' ' '
}

# two_adds WHAT COMMAND...
two_adds()
{
	what=$1 ends=
	shift
	for _ in 1 2 3 4 5; do
		no_account
		ends="$ends$(twice "$@")"
		cat "$OUT.1" "$OUT.2" >"$OUT.both"
		grep -q 'an account "k" already' "$OUT.both" || ends="$ends? "
		note_ids
		ends="$ends$(left)$(items)$(grep -c '^id=' "$CONFIG/k.conf") "
	done
	is "$ends" "0 $ARG 11 0 $ARG 11 0 $ARG 11 0 $ARG 11 0 $ARG 11 " \
		"$what: one is there, the other says so, and nothing is left"
	no_account
}

# Without hard links, and where the system knows no rename without replacing.
bare_files()
{
	strace -f -qq -o /dev/null -e trace=link,linkat,renameat2 \
		-e inject=link,linkat:error=EPERM \
		-e inject=renameat2:error=EINVAL "$@"
}

test_two()
{
	# shellcheck disable=SC2086 # words
	two_adds 'two adds of a name' $ADD_K
	# shellcheck disable=SC2086 # words
	said 0 'k is added' 'a file system without hard links' \
		bare_files $ADD_K 3<"$WEB_SECRET"
	note_ids
	is "$(left)$(items)" 1 'a file system without hard links: nothing is left'
	# shellcheck disable=SC2086 # words
	two_adds 'two adds without hard links' bare_files $ADD_K
	open_server "$MANAGEMENT"
	before=$(provider_count ' POST /reg ')
	two_adds 'two registrations of a name' valetkey add k \
		--issuer "$PROVIDER_URL/open" --register \
		--redirect-uri "$PROVIDER_REDIRECT"
	is $(($(provider_count ' POST /reg ') - before)) 5 \
		'two registrations of a name: the server makes one client'
	an_account
	note_ids
	twice valetkey remove k --yes >/dev/null
	next_run
	is "$(left)" '' 'two removes at once: nothing is left'
}

# ---- git's store ----

# How many items of the host there are; "?" if the keyring does not say.
git_items()
{
	dbus-send --session --print-reply --dest=org.freedesktop.secrets \
		/org/freedesktop/secrets \
		org.freedesktop.Secret.Service.SearchItems \
		"dict:string:string:server,$1" >"$OUT" 2>&1 || {
		echo '?'
		return
	}
	grep -c 'object path' "$OUT" || :
}

# git_helper VERB HOST PASSWORD
git_helper()
{
	printf 'protocol=https\nhost=%s\nusername=u\npassword=%s\n\n' \
		"$2" "$3" >"$VALETKEY_TEST_DIR/git.$3"
	git-credential-valetkey "$1" <"$VALETKEY_TEST_DIR/git.$3" \
		2>>"$VALETKEY_TEST_DIR/git.errors"
}

test_git_two()
{
	many=
	for host in a b c d e; do
		git_helper store "$host.example" one & one=$!
		git_helper store "$host.example" two & two=$!
		git_helper store "$host.example" three
		wait "$one"
		wait "$two"
		many="$many$(git_items "$host.example")"
	done
	is "$many" 11111 'git store, three at once: one item' ||
		tap_note "$(cat "$VALETKEY_TEST_DIR/git.errors" "$OUT")"
	is "$(find "$CONFIG" -name '.git*')" '' 'git store: no lock is left'
}

test_git_killed()
{
	bad='' instants=0
	for verb in store erase; do
		for n in 1 3 5 7 9 11 13 15; do
			git_helper store k.example old >/dev/null 2>&1
			printf 'protocol=https\nhost=k.example\nusername=u\n%s\n' \
				"$([ "$verb" = erase ] || echo password=new)" \
				>"$VALETKEY_TEST_DIR/git.in"
			strace -f -qq -o "$VALETKEY_TEST_DIR/trace" \
				-e "trace=$SEND" \
				-e "inject=$SEND:signal=KILL:when=$n" \
				git-credential-valetkey "$verb" \
				<"$VALETKEY_TEST_DIR/git.in" >/dev/null 2>&1
			instants=$((instants + $(grep -c 'killed by' \
				"$VALETKEY_TEST_DIR/trace")))
			found=$(git_items k.example)
			[ "$found" -le 1 ] || bad="$bad $verb:$n:$found"
			secret=$(printf 'protocol=https\nhost=k.example\n\n' |
				git-credential-valetkey get |
				sed -n 's/^password=//p')
			case $secret in
			old | new | '') ;;
			*) bad="$bad $verb:$n:$secret" ;;
			esac
		done
	done
	is "$bad" '' 'git store and erase, killed: an item is whole and alone'
	[ "$instants" -ge 8 ]
	tap_result $? 'git store and erase, killed: at many instants' ||
		tap_note "$instants"
}

# ---- what is not ours to judge ----

# A file that is elsewhere for a while, or an item of another machine's.
test_others()
{
	no_account
	a_login
	note_ids
	id=$(account_ids)
	valetkey token k --min-valid 100000 >/dev/null 2>&1
	mv "$CONFIG/k.conf" "$CONFIG/k.away"
	next_run
	run valetkey status
	like "$text" 'without an account here' 'items without an account are told'
	like "$text" "^  valetkey: k .ninjaone. - login\$" 'and what they are'
	like "$text" "valetkey remove $id" 'and the way to be rid of them'
	run valetkey status --json
	like "$text" "\"account\":\"\",\"state\":\"no_account\",.*\"id\":\"$id\",\"items\":\[\"valetkey: k [^,]*\",\"valetkey: k [^,]*\"\]" \
		'as JSON, too'
	printf '%s' "$text" >"$VALETKEY_TEST_DIR/json"
	ok 'which is JSON' "$VALETKEY_BUILD/tests/lib/json" \
		<"$VALETKEY_TEST_DIR/json"
	mv "$CONFIG/k.away" "$CONFIG/k.conf"
	ok 'they are as they were' valetkey token k
	said "$ARG" 'That is account k\. Run: valetkey remove k' \
		'the id of an account is not taken for another' \
		valetkey remove "$id" --yes
	rm "$CONFIG/k.conf"
	said "$ARG" 'no terminal to ask at\. Run: valetkey remove .* --yes' 'they are never deleted unasked' \
		valetkey remove "$id"
	terminal valetkey remove "$id" <<-END
	expect [y/N]
	send n
	END
	is "$status $(items)" "$CANCELED 2" 'a person is asked'
	ok 'they are deleted by their id' valetkey remove "$id" --yes
	is "$(left)" '' 'they are deleted by their id: nothing is left'
	said "$ACCOUNT" 'nothing of' 'an id of nothing' valetkey remove "$id" --yes
	run valetkey status
	is "$status $text" '0 There are no accounts yet. Add one: valetkey add NAME --provider ninjaone' \
		'then there is nothing to tell'
}

test_killed
test_registered
test_registered_late
test_not_as_asked
test_two
test_git_two
test_git_killed
test_others
done_testing
