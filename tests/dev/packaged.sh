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
	token >first
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

# What packages can leave: files, states of packages; not what apt and logs remember.
computer()
{
	sudo find / -xdev \( -path /tmp -o -path /var/log -o -path /var/lib/apt \
		-o -path /var/cache/apt -o -path "$VALETKEY_SRC" \) -prune -o \
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

# (autoremove keeps what others merely suggest.)
gone()
{
	# shellcheck disable=SC2086 # a list of words
	ok "$1" apt "$1" $names
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
	ok 'upgrade' install_from "$2"
	ok 'it is a newer version' \
		dpkg --compare-versions "$(version valetkey)" gt "$earlier"
	# shellcheck disable=SC2086 # a list of words
	is "$(dpkg-query -W -f '${Version}\n' $names | sort -u)" \
		"$(version valetkey)" 'all of them are'
	is "$(token)" "$(cat first)" 'after the upgrade: the token as before'
	ok 'and a new one' valetkey token demo --new
	use newer
	accounts >mine
	gone remove
	ok 'installed again' install_from "$2"
	ok 'the account is as it was' valetkey token demo --new
	accounts >mine
	gone purge
}

need_programs cc git lighttpd openssl pkg-config python3
cd "$VALETKEY_TEST_DIR" || exit
case ${1-} in
use)
	account
	use tree
	ok 'remove' valetkey remove demo --yes
	;;
life) life "$2" "$3" ;;
esac
gate_stop
done_testing
