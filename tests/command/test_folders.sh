#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_folders.sh - folders and files that do not count because others may write
# them, and whatever else can be wrong with where accounts are kept: no verb ends
# with a status and without a word, and none says that there are no accounts.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"
# shellcheck source=tests/lib/git.sh
. "$VALETKEY_SRC/tests/lib/git.sh"

# What lets that user see a build in root's folder lets him read what he may not read.
if [ "$(id -u)" -eq 0 ] && ! others_see_build; then
	skip_all "others cannot look into the folder of the build"
fi
as_ordinary_user

ERRORS=$VALETKEY_TEST_DIR/errors
HOLD=$VALETKEY_TEST_DIR/hold

# verb COMMAND...: its status to $status, what it says to $text and, of that,
# standard error's to $errors.
verb()
{
	status=0
	"$@" </dev/null >"$OUT" 2>"$ERRORS" || status=$?
	errors=$(cat "$ERRORS")
	text=$(cat "$OUT" "$ERRORS")
}

cat >"$VALETKEY_TEST_DIR/verbs.sh" <<'END'
add()
{
	valetkey add "$1" --provider own --instance demo --client native \
		--client-id native-client --scope monitoring
}

refuse_token()
{
	echo another-one | valetkey invalidate "$1"
}

open_store()
{
	echo 'a passphrase of these tests' | valetkey unlock --passphrase-stdin --for 1m
}

ask_git()
{
	printf '%s\n' "protocol=http" "host=${PROVIDER_URL#*//}" \
		"username=${2:-demo}" ${2:+"password=$3"} '' |
		git-credential-valetkey "$1"
}

ask_front()
{
	printf '{"uri":"%s/"}' "$PROVIDER_URL" |
		VALETKEY_ACCOUNT=demo valetkey front credential-helper get
}
END
. "$VALETKEY_TEST_DIR/verbs.sh"

# Every verb, one a line: a name and the words.
verbs()
{
	cat <<-END
	status valetkey status
	status-json valetkey status --json
	status-of valetkey status demo
	list valetkey list
	add add fresh
	add-again add demo
	edit valetkey edit demo --scope monitoring
	login valetkey login demo
	token valetkey token demo
	token-by-url valetkey token --resource $PROVIDER_URL/
	token-new valetkey token demo --new
	invalidate refuse_token demo
	run valetkey run demo -- true
	curl valetkey curl demo -- -sS $PROVIDER_URL/v2/organizations
	proxy valetkey proxy demo -- true
	keepalive valetkey keepalive demo
	share valetkey share demo --host $PROVIDER_URL
	share-off valetkey share demo --off
	add-far valetkey add fresh --far --socket $VALETKEY_TEST_DIR/far
	logout valetkey logout demo
	remove valetkey remove demo --yes
	unlock open_store
	move valetkey move demo --store sealed
	lock valetkey lock
	git-setup valetkey git-setup demo
	front ask_front
	providers valetkey providers
	provider valetkey providers own
	git-get ask_git get
	git-store ask_git store user word
	git-erase ask_git erase user word
	END
}

# every STATE [PATTERN]: no verb says nothing; those that look where accounts are
# say what the pattern has.
every()
{
	verbs >"$VALETKEY_TEST_DIR/verbs"
	while read -r name words; do
		eval "verb $words"
		if [ "$status" -ne 0 ] && [ -z "$errors" ]; then
			tap_result 1 "$1: $name: ends with $status and a word"
		elif [ $# -gt 1 ] &&
			! printf '%s\n' "$text" | grep -Eq -e "$2"; then
			tap_result 1 "$1: $name: says what is wrong" || :
			tap_note "$text"
		elif printf '%s\n' "$text" | grep -q 'no accounts yet'; then
			tap_result 1 "$1: $name: knows of accounts"
		else
			tap_result 0 "$1: $name"
		fi
	done <"$VALETKEY_TEST_DIR/verbs"
}

# restored: the account is as it was.
restored()
{
	ok "$1: nothing was changed" valetkey token demo
	[ ! -e "$CONFIG/fresh.conf" ] || valetkey remove fresh --yes
}

# group_writable STATE PATH
group_writable()
{
	chmod g+w "$2"
	every "$1" "^valetkey: $2 is not used: .*group .*chmod go-w $2\\)"
	verb valetkey status
	is "$status" "$ACCOUNT" "$1: the exit status of status"
	chmod g-w "$2"
	restored "$1"
}

test_folder()
{
	group_writable 'a folder for a group' "$CONFIG"
	chmod o+w "$CONFIG"
	every 'a folder for all' "$CONFIG is not used: .*chmod go-w $CONFIG"
	chmod o-w "$CONFIG"
	restored 'a folder for all'
}

# A host without the command hears the same.
test_host()
{
	chmod g+w "$CONFIG"
	verb ask
	is "$status" "$ACCOUNT" 'a host and a folder for a group'
	like "$text" "$CONFIG is not used: .*chmod go-w" 'and it is told why'
	chmod g-w "$CONFIG"
	chmod g+w "$CONFIG/demo.conf"
	verb ask
	is "$status" "$ACCOUNT" 'a host and a file for a group'
	like "$text" 'demo.conf is not used: .*chmod go-w' 'and it is told why'
	chmod g-w "$CONFIG/demo.conf"
}

# What the folder itself is not.
test_kinds()
{
	chmod 000 "$CONFIG"
	every 'a folder that cannot be read' "$CONFIG .*Permission denied"
	chmod 700 "$CONFIG"
	chmod 300 "$CONFIG"
	verb valetkey status
	is "$status" "$ACCOUNT" 'a folder that cannot be listed'
	like "$text" "$CONFIG .*Permission denied" 'and why'
	chmod 700 "$CONFIG"
	restored 'a folder that cannot be read'
	chmod 500 "$CONFIG"
	verb add fresh
	is "$status" "$ACCOUNT" 'a folder that cannot be written'
	like "$text" "$CONFIG/.*Permission denied" 'and why'
	chmod 700 "$CONFIG"
	mv "$CONFIG" "$HOLD"
	: >"$CONFIG"
	every 'a file instead of a folder' "$CONFIG is not used: .*folder"
	rm "$CONFIG"
	ln -s "$VALETKEY_TEST_DIR/nowhere" "$CONFIG"
	every 'a link to nothing' "$CONFIG is not used: .*link"
	rm "$CONFIG"
	mv "$HOLD" "$CONFIG"
	restored 'a link to nothing'
}

# One file of several; the others go on.
test_file()
{
	chmod g+w "$CONFIG/demo.conf"
	verb ask_git get
	like "$errors" 'demo.conf is not used: .*chmod go-w' \
		'git and a file for a group: says so'
	verb valetkey token demo
	like "$errors" "demo.conf is not used: .*chmod go-w $CONFIG/demo.conf\\)" \
		'a file for a group'
	chmod g-w "$CONFIG/demo.conf"
	chmod 000 "$CONFIG/demo.conf"
	verb valetkey token demo
	is "$status" "$ACCOUNT" 'a file that cannot be read'
	like "$errors" 'demo.conf .*Permission denied' 'and why'
	chmod 600 "$CONFIG/demo.conf"
	restored 'a file for a group'
}

test_providers()
{
	chmod g+w "$CONFIG/providers"
	for words in 'valetkey providers' 'valetkey providers own' 'add fresh' \
		'valetkey login demo'; do
		eval "verb $words"
		[ "$status" -ne 0 ]
		is $? 0 "providers/ for a group: $words"
		like "$errors" \
			"providers is not used: .*chmod go-w $CONFIG/providers" \
			"providers/ for a group: $words: says so"
	done
	verb valetkey providers
	like "$text" '^github ' 'the installed ones are listed'
	verb valetkey providers github
	like "$text" '^--client ' 'and shown'
	chmod g-w "$CONFIG/providers"
	restored 'providers/ for a group'
}

# What the environment names does not count either, and the default is used.
test_environment()
{
	chmod g+w "$XDG_CONFIG_HOME"
	every 'another XDG_CONFIG_HOME' \
		"^valetkey: $XDG_CONFIG_HOME is not used: .*chmod go-w $XDG_CONFIG_HOME\).*XDG_CONFIG_HOME; $HOME/.config is"
	verb valetkey status
	is "$status" "$ACCOUNT" 'another XDG_CONFIG_HOME: status'
	verb valetkey add fresh --client-id native-client --auth none \
		--authorization-endpoint "$PROVIDER_URL/ws/oauth/authorize" \
		--token-endpoint "$PROVIDER_URL/ws/oauth/token"
	is "$status" 0 'another XDG_CONFIG_HOME: add' || tap_note "$text"
	ok 'adds there' test -e "$HOME/.config/valetkey/fresh.conf"
	verb valetkey status
	like "$text" '^fresh: ' 'and status shows it'
	is "$status" 0 'for that one there are accounts'
	valetkey remove fresh --yes 2>/dev/null
	chmod g-w "$XDG_CONFIG_HOME"
	restored 'another XDG_CONFIG_HOME'
	verb env XDG_CONFIG_HOME=relative valetkey status
	like "$errors" 'relative is not used: it does not begin with /' \
		'a relative XDG_CONFIG_HOME'
	verb env XDG_CONFIG_HOME="$VALETKEY_TEST_DIR/file/x" valetkey status
	like "$errors" 'file/x cannot be read: Not a directory' \
		'an XDG_CONFIG_HOME below a file'
	chmod g+w "$HOME"
	verb env -u XDG_CONFIG_HOME valetkey status
	is "$status" "$ACCOUNT" 'a home for a group that is not the database'"'"'s'
	like "$errors" "^valetkey: $HOME is not used: .*It is .HOME; /[^ ]* is used" \
		'and which one is used'
	chmod g-w "$HOME"
	chmod 770 "$HOME/.config/valetkey"
	verb env -u XDG_CONFIG_HOME valetkey status
	is "$status" "$ACCOUNT" 'a folder for a group, by default'
	like "$errors" "$HOME/.config/valetkey is not used" 'and says so'
	rm -r "$HOME/.config"
}

# A file system of one page, which is used up.
test_full()
{
	mkdir "$VALETKEY_TEST_DIR/full"
	if ! unshare --user --map-root-user --mount mount -t tmpfs none \
		"$VALETKEY_TEST_DIR/full" 2>/dev/null; then
		skip 'no file system can be mounted here' 'a full disk'
		return
	fi
	# shellcheck disable=SC2016 # the inner shell's
	verb unshare --user --map-root-user --mount sh -c '
		mount -t tmpfs -o size=4k,mode=700 none "$1" || exit
		head -c 4096 /dev/zero >"$1/used"
		export XDG_CONFIG_HOME="$1"
		exec unshare --user --map-user="$2" --map-group="$3" valetkey add fresh \
			--client-id x --auth none \
			--authorization-endpoint "$PROVIDER_URL/ws/oauth/authorize" \
			--token-endpoint "$PROVIDER_URL/ws/oauth/token"' \
		sh "$VALETKEY_TEST_DIR/full" "$(id -u)" "$(id -g)"
	is "$status" "$ACCOUNT" 'a full disk'
	like "$errors" 'Cannot write .*No space left' 'a full disk: and why'
}

test_runtime()
{
	if [ -e "/run/user/$(id -u)" ]; then
		skip 'the usual one takes its place' \
			'a runtime directory for a group'
		return
	fi
	chmod g+w "$XDG_RUNTIME_DIR"
	verb env -u DBUS_SESSION_BUS_ADDRESS valetkey logout demo
	[ "$status" -ne 0 ]
	is $? 0 'a runtime directory for a group'
	like "$errors" 'XDG_RUNTIME_DIR.*not yours alone to write' 'and why'
	chmod g-w "$XDG_RUNTIME_DIR"
	restored 'a runtime directory for a group'
}

# in_namespace COMMAND...: as a user whom the database does not know, and whom
# nothing here belongs to but our own files.
in_namespace()
{
	unshare --user --map-user=54321 "$@"
}

test_strangers()
{
	if ! in_namespace true 2>/dev/null; then
		skip 'no user namespaces here' 'a user without a home'
		skip 'no user namespaces here' "another user's folder"
		return
	fi
	for words in 'valetkey status' 'valetkey token demo' 'add fresh' \
		'valetkey providers' 'ask_git get'; do
		verb in_namespace env -u HOME -u XDG_CONFIG_HOME \
			sh -c ". '$VALETKEY_TEST_DIR/verbs.sh'; $words"
		like "$errors" '^valetkey: There is no home directory' \
			"a user without a home: $words"
	done
	mv "$CONFIG" "$HOLD"
	ln -s /usr "$CONFIG"
	verb in_namespace valetkey status
	is "$status" "$ACCOUNT" "another user's folder"
	like "$errors" "$CONFIG is not used: .*it belongs to user [0-9]" \
		"another user's folder: says so"
	rm "$CONFIG"
	mv "$HOLD" "$CONFIG"
	restored "another user's folder"
}

: >"$VALETKEY_TEST_DIR/file"
provider_start || exit 1
export PROVIDER_URL
cp "$CONFIG/providers/ninjaone.conf" "$CONFIG/providers/own.conf"
demo_account demo >/dev/null 2>&1 && demo_login demo >/dev/null 2>&1
test_folder
test_host
test_kinds
test_file
test_providers
test_environment
test_runtime
test_full
test_strangers
remove demo
done_testing
