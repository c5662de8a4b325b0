#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_own_memory.sh - what others can get at of the memory of the command and of
# the helper, and that what they start is as their caller's.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

as_ordinary_user

PID_FILE=$VALETKEY_TEST_DIR/pid

# A sanitizer's heap is another one.
LEAST=1024
! sanitized || LEAST=8

# locked PID: how many kB of it are.
locked()
{
	awk '/^VmLck:/ { print $2 }' "/proc/$1/status"
}

# Starts "$@" under its caller's limits, and leaves its id.
cat >"$VALETKEY_TEST_DIR/start" <<'END'
echo $$ >"$PID_FILE"
exec prlimit --core="$(ulimit -Hc)" --memlock="${MEMLOCK:-8388608}" "$@"
END
# Waits for nothing: it looks, once, and is content.
cat >"$VALETKEY_TEST_DIR/look" <<'END'
pid=$(cat "$PID_FILE")
stat -c %u "/proc/$pid/mem" >"$SEEN.owner"
awk '/^VmLck:/ { print $2 }' "/proc/$pid/status" >"$SEEN.locked"
(: <"/proc/$pid/mem") 2>/dev/null
echo $? >"$SEEN.attach"
END
SEEN=$VALETKEY_TEST_DIR/seen
export PID_FILE SEEN MEMLOCK

# at_prompt MEMLOCK: the command as it is while a secret is typed.
at_prompt()
{
	rm -f "$SEEN".*
	MEMLOCK=$1
	terminal sh "$VALETKEY_TEST_DIR/start" valetkey add asked \
		--provider ninjaone --instance demo --client web \
		--client-id web-client --scope monitoring <<-END
	expect (not shown)
	until sh $VALETKEY_TEST_DIR/look
	secret $(secret_file web-secret)
	END
	is "$status" 0 "an account, with $1 bytes to lock" || tap_note "$text"
	remove asked
}

test_prompt()
{
	at_prompt 8388608
	is "$(cat "$SEEN.owner")" 0 'at the prompt its memory is not for others'
	[ "$(cat "$SEEN.attach")" -ne 0 ]
	is $? 0 'nor can another program of the user open it'
	ok 'it is locked, heap and stack' \
		test "$(cat "$SEEN.locked")" -ge "$LEAST"
	at_prompt 65536
	if sanitized; then
		skip 'a sanitizer has a heap of its own' \
			'with a small limit a part of it is'
	else
		ok 'with a small limit a part of it is' \
			test "$(cat "$SEEN.locked")" -ge 8
	fi
	unlike "$text" lock 'which is no trouble'
	at_prompt 0
	is "$(cat "$SEEN.locked")" 0 'with none nothing is'
	unlike "$text" lock 'which is none either'
}

# crash COMMAND...: whether one of its core dumps comes to lie in an own folder.
crash()
(
	rm -rf "$VALETKEY_TEST_DIR/cores"
	mkdir "$VALETKEY_TEST_DIR/cores" && cd "$VALETKEY_TEST_DIR/cores" &&
		"$@" >/dev/null 2>&1
	find . -name '*core*' | wc -l
)

crash_at_prompt()
{
	MEMLOCK=0 terminal sh "$VALETKEY_TEST_DIR/start" valetkey add asked \
		--provider ninjaone --instance demo --client web \
		--client-id web-client --scope monitoring <<-END
	expect (not shown)
	until kill -ABRT \$(cat $PID_FILE)
	END
}

test_core()
{
	is "$(crash crash_at_prompt)" 0 'a command that crashes leaves no core'
	# shellcheck disable=SC2016 # the inner shell's
	control=$(crash sh -c 'ulimit -Sc "$(ulimit -Hc)"; sleep 9 & kill -ABRT $!
		wait $!')
	case $(cat /proc/sys/kernel/core_pattern) in
	core | core.%p) ;;
	*) control=1 ;;
	esac
	case $(prlimit --noheadings --core --output=HARD) in
	*[1-9]* | unlimited) ;;
	*) control=1 ;;
	esac
	is "$control" 1 'where another program leaves one'
}

# While a refresh token is under way.
test_helper()
{
	expire
	before=$(counted token_requests)
	provider_fault none slow-before=2000
	prlimit --memlock=8388608 "$HOSTS/ask" -t 20000 >/dev/null 2>&1 &
	host=$!
	wait_until counted_above token_requests "$before"
	helper=$(helper_of demo)
	ok 'the helper is locked beyond what libsecret locks' \
		test "$(locked "$helper")" -ge "$LEAST"
	is "$(stat -c %u "/proc/$helper/mem")" 0 \
		'nor is its memory the user'\''s'
	wait "$host"
	is $? 0 'and it answers'
	provider_fault none
}

# limits COMMAND...: under limits that are not the usual ones. A sanitizer would
# lower one of them by itself.
limits()
{
	ASAN_OPTIONS="${ASAN_OPTIONS-}:disable_coredump=0" \
		prlimit --core=4096:8192 --memlock=40960:49152 "$@" 2>&1
}

# The same, and whether it can be looked into, in a program that is started.
mkdir "$VALETKEY_TEST_DIR/bin"
cat >"$VALETKEY_TEST_DIR/bin/tell" <<'END'
#!/bin/sh
echo $(prlimit --noheadings --core --memlock --output=SOFT,HARD) $(
	stat -c %u /proc/$$/mem)
END
cat >"$VALETKEY_TEST_DIR/bin/curl" <<'END'
#!/bin/sh
tell >"$SEEN.curl"
exec /usr/bin/curl "$@"
END
cat >"$VALETKEY_TEST_DIR/bin/browser" <<'END'
#!/bin/sh
tell >"$SEEN.browser"
exec "$VALETKEY_SRC/tests/server/browser.sh" "$@"
END
chmod +x "$VALETKEY_TEST_DIR"/bin/*

test_started()
{
	PATH=$VALETKEY_TEST_DIR/bin:$PATH
	as_caller=$(limits tell)
	is "$as_caller" "4096 8192 40960 49152 $(id -u)" 'the limits of a caller'
	is "$(limits valetkey run demo -- tell)" "$as_caller" \
		'a command that is run has them'
	limits valetkey curl demo -- -sS -o "$OUT" \
		"$PROVIDER_URL/v2/organizations"
	is "$(cat "$SEEN.curl")" "$as_caller" 'and curl'
	browser_setup
	export BROWSER="$VALETKEY_TEST_DIR/bin/browser"
	limits valetkey login demo >/dev/null
	is "$(cat "$SEEN.browser")" "$as_caller" 'and the browser'
}

provider_start || exit 1
demo_account demo >/dev/null 2>&1 && demo_login demo >/dev/null 2>&1
test_prompt
test_core
test_helper
test_started
remove demo
done_testing
