# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# git.sh - for the scripts that test git's credential helper: git without
# anybody's configuration, our helper in PATH, and a smart HTTP server behind TLS
# (lighttpd, tests/lib/git-gate.sh, git http-backend). Sourced after lib.sh.

GATE_DIR=$VALETKEY_TEST_DIR/gate
GATE_PID=
GATE_URL=
export GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=true \
	GIT_AUTHOR_NAME=demo GIT_AUTHOR_EMAIL=demo@example.com \
	GIT_COMMITTER_NAME=demo GIT_COMMITTER_EMAIL=demo@example.com \
	GIT_CONFIG_GLOBAL="$VALETKEY_TEST_DIR/gitconfig"

# The name that git calls; the build tree has it under the other one only.
if ! command -v git-credential-valetkey >/dev/null; then
	mkdir "$VALETKEY_TEST_DIR/bin"
	ln -s "$(command -v valetkey)" \
		"$VALETKEY_TEST_DIR/bin/git-credential-valetkey"
	PATH=$VALETKEY_TEST_DIR/bin:$PATH
fi
git config --global credential.helper valetkey
git config --global init.defaultBranch main
git config --global protocol.file.allow always

# helper VERB LINE...: what the helper says to these lines.
helper()
{
	helper_verb=$1
	shift
	printf '%s\n' "$@" | git-credential-valetkey "$helper_verb"
}

# fill LINE...: what git would go on with.
fill()
{
	printf '%s\n' "$@" | git credential fill 2>&1
}

# git_is_at_least MAJOR.MINOR
git_is_at_least()
{
	printf '%s\n%s\n' "$1" "$(git version | sed 's/[^0-9]*//; s/ .*//')" |
		sort -V -c 2>/dev/null
}

gate_answers()
{
	curl -q -s -o /dev/null --noproxy '*' --cacert "$GATE_DIR/cert.pem" \
		"$GATE_URL/both/"
}

gate_config()
{
	cat <<-END
	server.modules = ("mod_setenv", "mod_alias", "mod_cgi", "mod_openssl")
	server.document-root = "$GATE_DIR"
	server.bind = "127.0.0.1"
	server.port = $1
	server.feature-flags = ("server.h2proto" => "disable")
	server.errorlog = "$GATE_DIR/errors"
	server.breakagelog = "$GATE_DIR/errors"
	server.upload-dirs = ("$GATE_DIR")
	ssl.engine = "enable"
	ssl.pemfile = "$GATE_DIR/cert.pem"
	ssl.privkey = "$GATE_DIR/key.pem"
	alias.url = (
		"/bearer" => "$VALETKEY_SRC/tests/lib/git-gate.sh",
		"/basic" => "$VALETKEY_SRC/tests/lib/git-gate.sh",
		"/both" => "$VALETKEY_SRC/tests/lib/git-gate.sh")
	cgi.assign = ("" => "/bin/sh")
	setenv.set-environment = (
		"PATH" => env.PATH,
		"HOME" => env.HOME,
		"GIT_CONFIG_NOSYSTEM" => "1",
		"GATE_DIR" => "$GATE_DIR",
		"GATE_API" => "$PROVIDER_URL/v2/organizations")
	END
}

# The repositories "one", and "two" with one as a submodule.
gate_repositories()
(
	mkdir "$GATE_DIR/repos" && cd "$GATE_DIR/repos" || exit
	git init -q --bare one.git
	git init -q --bare two.git
	git init -q "$GATE_DIR/tree" && cd "$GATE_DIR/tree" || exit
	head -c 300000 /dev/urandom >data
	git add data
	git commit -q -m 'One'
	git push -q "$GATE_DIR/repos/one.git" main
	git submodule --quiet add --name one "$GATE_DIR/repos/one.git" one
	git config -f .gitmodules submodule.one.url ../one.git
	git add .gitmodules
	git commit -q -m 'Two'
	git push -q "$GATE_DIR/repos/two.git" main
)

# gate_prepare: its address is known, and so can be an account's host.
gate_prepare()
{
	mkdir "$GATE_DIR" && : >"$GATE_DIR/log"
	gate_port=$(free_port)
	GATE_URL=https://127.0.0.1:$gate_port
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 \
		-addext subjectAltName=IP:127.0.0.1 -keyout "$GATE_DIR/key.pem" \
		-out "$GATE_DIR/cert.pem" 2>"$GATE_DIR/errors" &&
		gate_repositories
}

# gate_start: needs the provider.
gate_start()
{
	export GIT_SSL_CAINFO="$GATE_DIR/cert.pem"
	gate_config "$gate_port" >"$GATE_DIR/conf"
	PATH=$PATH:/usr/sbin setpriv --pdeathsig KILL lighttpd -D \
		-f "$GATE_DIR/conf" </dev/null >"$GATE_DIR/out" 2>&1 &
	GATE_PID=$!
	gate_tries=250
	until gate_answers; do
		gate_tries=$((gate_tries - 1))
		if [ "$gate_tries" -eq 0 ] || ! process_runs "$GATE_PID"; then
			cat "$GATE_DIR/out" "$GATE_DIR/errors" >&2
			return 1
		fi
		sleep 0.02
	done
}

gate_stop()
{
	[ -z "$GATE_PID" ] || kill "$GATE_PID"
}

# gate_count PATTERN: the lines of its log that match.
gate_count()
{
	grep -c -e "$1" "$GATE_DIR/log" || :
}
