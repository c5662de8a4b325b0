#!/bin/sh
# SPDX-License-Identifier: MIT
#
# packaged.sh - Debian's packages as a person has them, in tests/lib/session.
#
#	packaged.sh use
#	packaged.sh life OLD NEW
#
# use: the command, git and programs in C and Python with what is installed. life: the
# same after an upgrade from the packages in the folder OLD to those in NEW, and then
# removal and purge; the computer must be as it was, but for the person's accounts. By
# sudo, so for a system that is made for this: ./dev package does so.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

# ---- with what is installed ----

# (git.sh asks for our command.)
account()
{
	# shellcheck source=tests/lib/git.sh
	. "$VALETKEY_SRC/tests/lib/git.sh"
	gate_prepare && provider_start && gate_start || exit
	is "$(command -v valetkey)" /usr/bin/valetkey 'the command is installed'
	ok 'add' demo_account demo web --host "$GATE_URL"
	ok 'login' demo_login demo
	ok 'token' token
}

token()
{
	valetkey token demo
}

# With what valetkey.pc says of libvaletkey-dev.
compile()
{
	# shellcheck disable=SC2046 # options
	cc -o linked "$VALETKEY_SRC/tests/hosts/linked.c" \
		$(pkg-config --cflags --libs valetkey)
}

python()
{
	python3 -c 'import valetkey; print(valetkey.Valetkey().token("demo"))'
}

use()
{
	ok 'git clone' git clone -q "$GATE_URL/basic/one.git" "$1"
	ok 'a program in C: compiled' compile
	ok 'and run' ./linked
	ok 'a program in C that loads the library' \
		"$VALETKEY_BUILD/tests/hosts/devices" libvaletkey.so.1 demo \
		"$PROVIDER_URL/v2/devices"
	ok 'a program in Python' python
	is "$(python)" "$(token)" 'has the token that the command has'
	ok 'the manual page is there' \
		[ -e /usr/share/man/man1/valetkey.1.gz ]
}

# ---- what the shells and systemd make of it ----

# Nobody has told them where to look. (What loads a completion in bash is a function
# that has another name in each of its versions.)
shells()
{
	# shellcheck disable=SC2016 # zsh's variable
	is "$(zsh -fc 'autoload -Uz compinit && compinit -D &&
		print -r -- $_comps[valetkey]')" _valetkey 'zsh finds the completion'
	like "$(bash -c '. /usr/share/bash-completion/bash_completion
		eval "$(complete -p -D | sed "s/.* -F //; s/ .*//")" valetkey
		complete -p valetkey')" '-F [a-z_]+ valetkey$' 'bash too'
	like "$(fish -c 'complete -C "valetkey stat"')" '^status' 'and fish'
}

# All units that valetkey can write: systemd has nothing to say of them.
units()
{
	units=$XDG_CONFIG_HOME/systemd/user
	ok 'units: keepalive' valetkey keepalive --install
	ok 'units: share' valetkey share demo
	ok 'units: proxy' valetkey proxy demo --service
	is "$(cd "$units" && grep -h '^ExecStart=' valetkey-* | cut -d ' ' -f 1 |
		sort -u)" "$(printf 'ExecStart="%s"\n' /usr/bin/valetkey \
		/usr/libexec/valetkey/valetkey-helper)" 'of what is installed'
	is "$(cd "$units" && find . -name 'valetkey-*' -exec systemd-analyze \
		verify --user --man=no {} + 2>&1 | grep valetkey)" '' \
		'systemd takes them'
	ok 'no keepalive' valetkey keepalive --off
	ok 'no share' valetkey share demo --off
	ok 'no proxy' valetkey proxy demo --service --off
	is "$(find "$units" -name 'valetkey-*')" '' 'none is left'
}

# ---- what runs all the while ----

# A program that has the library loaded, and a proxy: they stay of the earlier version.
# The program has a line for each that it reads: whether the token after a refusal is
# another one.
residents_start()
{
	mkfifo ask told
	python3 -c 'import sys, valetkey
host = valetkey.Valetkey()
for line in sys.stdin:
    token = host.token("demo")
    host.invalidate(token)
    print(host.token("demo") != token, flush=True)' <ask >told &
	program=$!
	exec 7>ask 8<told
	valetkey proxy demo --socket "$PWD/proxy" --host "$PROVIDER_URL" \
		>/dev/null 2>&1 7>&- 8<&- &
	proxy=$!
}

# residents WHEN
residents()
{
	echo >&7
	read -r answer <&8
	is "$answer" True "$1: a program that runs since then gets new tokens"
	like "$(curl -q -s --retry 9 --retry-delay 1 --retry-all-errors \
		--unix-socket proxy http://proxy/v2/devices)" \
		ALDER-DC01 "$1: and so does a proxy"
}

residents_end()
{
	exec 7>&- 8<&-
	wait "$program"
	is "$?" 0 'the program ends well'
	kill "$proxy"
	wait "$proxy"
}

# ---- from the first version to the purge ----

names='valetkey libvaletkey1 libvaletkey-dev libsasl2-modules-valetkey
	python3-valetkey'

apt()
{
	sudo DEBIAN_FRONTEND=noninteractive apt-get -qq -y "$@"
}

install_from()
{
	# shellcheck disable=SC2046 # names of files
	apt install $(find "$1" -name '*.deb' ! -name '*-dbgsym_*')
}

# By the README's own line.
install_as_told()
{
	# shellcheck disable=SC2046 # words, and patterns
	(cd "$1" && apt $(sed -n 's/^sudo apt \(install .*_\*\.deb\)$/\1/p' \
		"$VALETKEY_SRC/README.md"))
}

# What packages can leave: files, states of packages; not what apt, man and logs
# remember.
computer()
{
	sudo find / -xdev \( -path /tmp -o -path /var/log -o -path /var/lib/apt \
		-o -path /var/cache/apt -o -path /var/cache/man \
		-o -path "$VALETKEY_SRC" \) -prune -o \
		-printf '%p %y %m %u %g %l\n' | sort
	dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n'
	getent passwd
}

version()
{
	dpkg-query -W -f '${Version}' "$1"
}

# The person's own files, by what they are.
accounts()
{
	find "$XDG_CONFIG_HOME" "$XDG_DATA_HOME" "$XDG_CACHE_HOME" -type f \
		-exec sha256sum {} + | sort
}

# gone remove|purge PACKAGE...: and those that need them. (autoremove keeps what others
# merely suggest.)
gone()
{
	ok "$1" apt "$@"
	ok "$1: and what came along" apt autoremove --purge \
		-o APT::AutoRemove::RecommendsImportant=false \
		-o APT::AutoRemove::SuggestsImportant=false
	ok "$1: no command, no library" sh -c \
		'! command -v valetkey && ! ls /usr/lib/*/libvaletkey* 2>/dev/null'
	is "$(accounts)" "$(cat mine)" "$1: the accounts stay"
	computer >after
	is "$(diff before after)" '' "$1: nothing else stays"
}

life()
{
	computer >before
	ok 'the earlier version: installed' install_from "$1"
	earlier=$(version valetkey)
	account
	use earlier
	residents_start
	residents 'before the upgrade'
	token >first
	ok 'upgrade' install_from "$2"
	ok 'it is a newer version' \
		dpkg --compare-versions "$(version valetkey)" gt "$earlier"
	# shellcheck disable=SC2086 # a list of words
	is "$(dpkg-query -W -f '${Version}\n' $names | sort -u)" \
		"$(version valetkey)" 'all of them are'
	is "$(token)" "$(cat first)" 'after the upgrade: the token as before'
	residents 'after the upgrade'
	residents_end
	ok 'and a new one' valetkey token demo --new
	use newer
	shells
	units
	accounts >mine
	# shellcheck disable=SC2086 # a list of words
	gone remove $names
	ok 'installed again, as the README says' install_as_told "$2"
	ok 'the account is as it was' valetkey token demo --new
	accounts >mine
	gone purge valetkey
}

need_programs cc git lighttpd openssl pkg-config python3
cd "$VALETKEY_TEST_DIR" || exit
case ${1-} in
use)
	account
	use tree
	ok 'remove' valetkey remove demo --yes
	;;
life)
	need_programs bash fish systemd-analyze zsh
	life "$2" "$3"
	;;
esac
gate_stop
done_testing
