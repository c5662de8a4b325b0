#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_share_ssh.sh - a shared account on another machine, by a real sshd on this
# computer and ssh's RemoteForward, with and without ControlMaster; and in a
# container, made by bubblewrap, that has the socket and nothing else of home.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"
# shellcheck source=tests/ops/share.sh
. "$VALETKEY_SRC/tests/ops/share.sh"
# shellcheck source=tests/ops/sshd.sh
. "$VALETKEY_SRC/tests/ops/sshd.sh"

UNREACHED='^valetkey: The machine that keeps this login cannot be reached: '

need_programs systemd-socket-activate sshd ssh-keygen ssh
case $(getent passwd "$(id -u)") in
*/nologin | */false) skip_all 'this user has no shell to log in to' ;;
esac

test_ssh()
{
	link_start || tap_note "$(cat "$SSH/link.log")"
	is "$(stat -c %a "$FAR_SOCKET")" 600 \
		"sshd's socket is nobody else's"
	said 0 'another machine keeps its login' 'add --far through sshd' \
		far valetkey add demo --far
	token=$(valetkey token demo)
	is "$(far valetkey token demo)" "$token" 'a token comes through sshd'
	for op in status git_get login add; do
		like "$(exchange "$FAR_SOCKET" "op=$op" account=demo)" \
			"^result=$DENIED\$" "$op is refused through it"
	done
	printf '%s\n' "$token" | far valetkey invalidate demo >/dev/null 2>&1
	unlike "$(far valetkey token demo)" "^$token\$" \
		'a refused token is replaced'
	requests 1 'by one refresh'
}

# Both sides at the moment of expiry, each with the socket's queue behind it.
test_ssh_crowd()
{
	age demo
	"$VALETKEY_BUILD/tests/lib/forget" \
		"valetkey:$(sed -n 's/^id=//p' "$CONFIG/demo.conf")"
	far_forget
	pids=
	for n in $(seq 50); do
		far valetkey token demo >"$VALETKEY_TEST_DIR/crowd.far$n" 2>&1 &
		pids="$pids $!"
		valetkey token demo >"$VALETKEY_TEST_DIR/crowd.home$n" 2>&1 &
		pids="$pids $!"
	done
	failed=0
	for pid in $pids; do
		wait "$pid" || failed=$((failed + 1))
	done
	is "$failed" 0 'a hundred programs on both sides of sshd get a token'
	is "$(cat "$VALETKEY_TEST_DIR"/crowd.* | sort -u)" \
		"$(valetkey token demo)" 'the same one'
	requests 1 'after one refresh'
}

test_ssh_cut()
{
	token=$(far valetkey token demo)
	link_end
	is "$(far valetkey token demo)" "$token" \
		'a token that is there outlives the connection'
	far_forget
	said "$NETWORK" "${UNREACHED}nobody listens at" \
		'a connection that was cut' far valetkey token demo
	exits 255 'sshd does not replace the socket that is left' \
		to_far -N -o ExitOnForwardFailure=yes \
		-R "$FAR_SOCKET:$HOME_SOCKET" far
	to_far far rm -f "$FAR_SOCKET"
	link_start || tap_note "$(cat "$SSH/link.log")"
	is "$(far valetkey token demo)" "$token" \
		'once it is removed the connection has it again'
	exits 0 'a second connection goes without it' \
		to_far -R "$FAR_SOCKET:$HOME_SOCKET" far true
	far_forget
	is "$(far valetkey token demo)" "$token" 'and does no harm'
	serve_stop
	rm -f "$HOME_SOCKET"
	far_forget
	said "$NETWORK" "${UNREACHED}the connection to it ended" \
		'home does not share any more' far valetkey token demo
	serve "$HOME_SOCKET"
	link_end
	rm -f "$FAR_SOCKET"
}

test_master()
{
	to_far -o ControlMaster=yes -o ControlPersist=60 \
		-R "$FAR_SOCKET:$HOME_SOCKET" -fN far
	far_forget
	is "$(far valetkey token demo)" "$(valetkey token demo)" \
		'ControlMaster carries it'
	ok 'others use that connection' to_far far true
	far_forget
	ok 'and it stays' far valetkey token demo
	to_far -O exit far >/dev/null 2>&1
	rm -f "$FAR_SOCKET"
	to_far -o ControlMaster=yes -o ControlPersist=60 -fN far
	ok 'ssh -O forward adds it to one that is there' \
		to_far -O forward -R "$FAR_SOCKET:$HOME_SOCKET" far
	far_forget
	is "$(far valetkey token demo)" "$(valetkey token demo)" \
		'which carries it then'
	to_far -O exit far >/dev/null 2>&1
	rm -f "$FAR_SOCKET"
}

# contained COMMAND...: no network, no processes, no home, no runtime folder of
# ours, and a user number of its own.
contained()
{
	bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --tmpfs /run \
		--tmpfs /root --dir "$BOX" --bind "$BOX" "$BOX" \
		--ro-bind "$VALETKEY_SRC" "$VALETKEY_SRC" \
		--ro-bind "$VALETKEY_BUILD" "$VALETKEY_BUILD" \
		--ro-bind "$XDG_RUNTIME_DIR/valetkey" /run/valetkey \
		--unshare-all --uid 1234 --gid 1234 --die-with-parent --clearenv \
		--setenv PATH "$PATH" --setenv HOME "$BOX" \
		${ASAN_OPTIONS:+--setenv ASAN_OPTIONS "$ASAN_OPTIONS"} \
		--chdir / "$@"
}

test_container()
{
	need_program bwrap 'a container' || return 0
	BOX=$VALETKEY_TEST_DIR/box
	mkdir -m 700 "$BOX"
	if ! contained true 2>"$OUT"; then
		skip "no user namespaces here: $(head -n 1 "$OUT")" 'a container'
		return
	fi
	said 0 'another machine keeps its login' 'add in a container' \
		contained valetkey add demo --far --socket /run/valetkey/share
	is "$(contained valetkey token demo)" "$(valetkey token demo)" \
		'a token in a container that has the socket alone'
	is "$(contained sh -c 'id -u; ls /run')" "1234
valetkey" 'it is another user there, with nothing else'
	exits "$NETWORK" 'another socket there' \
		contained valetkey add other --far --socket /run/valetkey/no
	said 0 '^demo: ready' 'status there' contained valetkey status demo
	requests 0 'without the provider'
}

provider_start
demo_account demo >/dev/null 2>&1 && demo_login demo >/dev/null 2>&1
share_mark demo
serve "$HOME_SOCKET" || skip_all 'systemd-socket-activate does not start'
sshd_start || skip_all "sshd does not start: $(tail -n 1 "$SSH/log")"
requests_before=$(token_requests)
test_ssh
test_ssh_crowd
test_ssh_cut
test_master
test_container
sshd_stop
serve_stop
remove demo
done_testing
