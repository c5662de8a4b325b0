# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# sshd.sh - a real sshd on this computer, and a connection to it that carries the
# socket of share.sh, after which this is sourced.

SSH=$VALETKEY_TEST_DIR/ssh
SSHD=$(PATH=$PATH:/usr/sbin command -v sshd)

# The one who runs this logs in as himself, by a key that is made here.
sshd_start()
{
	mkdir -m 700 "$SSH"
	[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
	for key in host user; do
		ssh-keygen -q -t ed25519 -N '' -f "$SSH/$key" </dev/null
	done
	cp "$SSH/user.pub" "$SSH/authorized"
	SSH_PORT=$(free_port)
	cat >"$SSH/sshd_config" <<-END
	ListenAddress 127.0.0.1
	Port $SSH_PORT
	HostKey $SSH/host
	AuthorizedKeysFile $SSH/authorized
	PidFile none
	UsePAM no
	StrictModes no
	PasswordAuthentication no
	PermitRootLogin prohibit-password
	MaxSessions 200
	MaxStartups 200
	END
	cat >"$SSH/config" <<-END
	Host far
	    HostName 127.0.0.1
	    Port $SSH_PORT
	    User $(id -un)
	    IdentityFile $SSH/user
	    IdentitiesOnly yes
	    UserKnownHostsFile $SSH/known
	    StrictHostKeyChecking accept-new
	    ControlPath $SSH/master
	    LogLevel ERROR
	END
	setpriv --pdeathsig KILL "$SSHD" -D -e -f "$SSH/sshd_config" \
		</dev/null >"$SSH/log" 2>&1 &
	SSHD_PID=$!
	until grep -q 'Server listening' "$SSH/log"; do
		process_runs "$SSHD_PID" || return 1
		sleep 0.02
	done
}

to_far()
{
	ssh -F "$SSH/config" "$@" </dev/null
}

# link_start: a connection for the socket alone, as the manual has it.
# $LINK is its process.
link_start()
{
	setpriv --pdeathsig KILL ssh -F "$SSH/config" -N \
		-o ExitOnForwardFailure=yes \
		-R "$FAR_SOCKET:$HOME_SOCKET" far </dev/null \
		>"$SSH/link.log" 2>&1 &
	LINK=$!
	until [ -S "$FAR_SOCKET" ]; do
		process_runs "$LINK" || return 1
		sleep 0.02
	done
}

link_end()
{
	kill "$LINK" 2>/dev/null
	wait "$LINK" 2>/dev/null
}

sshd_stop()
{
	kill "$SSHD_PID" 2>/dev/null
}
