#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_completion.sh - what TAB does in bash, zsh and fish on a terminal: the
# names that there are are offered, what is inserted is one word, and no text of
# a file is ever run.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

COMPLETIONS=$VALETKEY_SRC/helper/completions
SCRIPT=$VALETKEY_TEST_DIR/script
EXPECTED=$VALETKEY_TEST_DIR/expected

# ---- the shells ----

# The start-up files of a person who has our completion and nothing else, and a
# command that tells of its words.
shells_setup()
{
	cat >"$HOME/bashrc" <<-END
	bind 'set show-all-if-ambiguous on'
	PS1='ready> '
	words() { printf '[%s]' "\$@" >>words; echo >>words; }
	. '$COMPLETIONS/valetkey.bash'
	END
	cat >"$HOME/.zshrc" <<-END
	fpath=('$COMPLETIONS' \$fpath)
	autoload -Uz compinit && compinit -u -D
	PROMPT='ready> '
	words() { printf '[%s]' "\$@" >>words; echo >>words; }
	END
	cat >"$HOME/start.fish" <<-END
	function fish_greeting; end
	function fish_prompt; printf 'ready> '; end
	function words; printf '[%s]' \$argv >>words; echo >>words; end
	source '$COMPLETIONS/valetkey.fish'
	END
	# Without it fish reads all the manual pages now.
	mkdir -p "$XDG_DATA_HOME/fish/generated_completions"
}

# at SHELL: it on a terminal; standard input says what is typed.
at()
{
	case $1 in
	bash) set -- bash --noprofile --rcfile "$HOME/bashrc" -i ;;
	zsh) set -- env ZDOTDIR="$HOME" zsh -d -i ;;
	fish) set -- fish -C "source $HOME/start.fish" ;;
	esac
	terminal "$@"
}

# inserts WORDS BEGUN: TAB is to make of the line BEGUN one that $shell reads as
# WORDS, "[one][two]" behind valetkey; in the next session.
inserts()
{
	printf '%s\n' "[valetkey]$1" >>"$EXPECTED"
	cat >>"$SCRIPT" <<-END
	expect ready>
	type valetkey $2
	key I
	key A
	send words 
	END
}

# offers BEGUN NAME...: TAB is to show them all; in the next session.
offers()
{
	offered=$1
	shift
	cat >>"$SCRIPT" <<-END
	expect ready>
	type valetkey $offered
	key I
	key I
	$(printf 'expect %s\n' "$@")
	key A
	key K
	send 
	END
}

# session DESCRIPTION: does all that was said so far.
session()
{
	rm -f words
	printf 'expect ready>\nsend exit 0\n' >>"$SCRIPT"
	at "$shell" <"$SCRIPT"
	# shellcheck disable=SC2154 # of terminal()
	is "$status $(cat words 2>/dev/null)" "0 $(cat "$EXPECTED")" \
		"$shell: $1" || tap_note "$text"
	rm -f "$SCRIPT" "$EXPECTED"
}

# harmless DESCRIPTION: the same, and no trap has left its file.
harmless()
{
	session "$1"
	ok "$shell: and nothing is run: $1" [ ! -e pwned ]
	rm -f pwned
}

# ---- what there is to complete ----

test_verbs()
{
	inserts '[status]' 'stat'
	offers '' login logout
	inserts '[help][providers]' 'help prov'
	inserts '[status][--json]' 'status --j'
	offers 'run --' fd min-valid resource
	inserts '[login][work][--flow][device]' 'login work --flow dev'
	inserts '[token][work][--format][header]' 'token work --format h'
	inserts '[add][x][--auth][private_key_jwt]' 'add x --auth pri'
	inserts '[add][x][--store][sealed]' 'add x --store sea'
	inserts '[unlock][--for]' 'unlock --fo'
	inserts '[unlock][--holder][credential]' 'unlock --holder cre'
	inserts '[unlock][--holder][systemd]' 'unlock --holder sys'
	inserts '[move][work][--store][keyring]' 'move work --store key'
	inserts '[token][work][--debug]' 'token work --deb'
	inserts '[token][work][--scope]' 'token work --scope '
	session 'verbs, options and their values'
}

test_accounts()
{
	inserts '[login][work]' 'login w'
	inserts '[token][me@home.example]' 'token me@h'
	inserts '[token][me@home.example]' 'token "me@h'
	offers 'token ' me@home.example robot work
	offers 'remove ' me@home.example robot work
	[ "$shell" = fish ] ||
		inserts '[run][work][--][setpriv]' 'run work -- setpr'
	session 'accounts'
}

test_providers()
{
	inserts '[add][x][--provider][ninjaone]' 'add x --provider nin'
	inserts '[add][x][--provider][acme]' 'add x --provider ac'
	inserts '[providers][microsoft]' 'providers mic'
	inserts '[add][x][--provider][ninjaone][--client][api-services]' \
		'add x --provider ninjaone --client api'
	inserts '[add][x][--client][client_credentials]' 'add x --client client'
	inserts '[add][x][--provider][ninjaone][--instance][ca]' \
		'add x --provider ninjaone --instance c'
	offers 'add x --provider gitlab --instance ' com freedesktop gnome salsa
	inserts '[add][x][--provider][nobody][--instance]' \
		'add x --provider nobody --instance '
	inserts '[add][x][--instance]' 'add x --instance '
	# (zsh's has a word for each value.)
	if [ "$shell" != zsh ]; then
		inserts '[add][x][--provider=ninjaone]' 'add x --provider=nin'
		inserts '[add][x][--provider=gitlab][--instance=freedesktop]' \
			'add x --provider=gitlab --instance=free'
	fi
	session 'providers, their instances and kinds of client'
}

# ---- hostile files ----

# One word, whatever is in it: a space, quotes, a command, a glob.
# shellcheck disable=SC2016 # nothing here is to be expanded
test_paths()
{
	odd='cert '\''"; $(id>pwned) `id>pwned` * a.pem'
	: >"$odd"
	inserts "[add][x][--ca-file][$odd]" 'add x --ca-file cert'
	inserts "[add][x][--client-key][$odd]" 'add x --client-key cert'
	inserts "[add][x][--client-certificate][$odd]" \
		'add x --client-certificate cert'
	inserts "[providers][--check][$odd]" 'providers --check cert'
	inserts "[run][work][--][cat][$odd]" 'run work -- cat cert'
	harmless 'a path is one word'
	rm "$odd"
}

# hostile_names FOLDER FILE: copies of the file by names that no provider and no
# account has.
hostile_names()
{
	cat >names <<-'END'
	$(id>pwned)
	`id>pwned`
	zz$(id>pwned)
	zz;id>pwned;
	zz&&id>pwned
	zz|id>pwned
	zz'id'
	zz"$(id>pwned)"
	zz a b
	zz*
	zz:$(id>pwned):x
	zz[$(id>pwned)]
	zz~
	zz{a,$(id>pwned)}
	zz\$(id>pwned)
	-zz
	--zz
	END
	while IFS= read -r name; do
		cp -p "$2" "$1/$name.conf"
	done <names
	cp -p "$2" "$1/zz
$(head -n 1 names).conf"
	rm names
}

test_hostile_names()
{
	hostile_names "$CONFIG" "$CONFIG/work.conf"
	hostile_names "$CONFIG/providers" "$CONFIG/providers/acme.conf"
	for verb in login run 'run work' providers 'add x --provider'; do
		words="[$(echo "$verb" | sed 's/ /][/g')]"
		inserts "$words" "$verb "
		inserts "${words}[zz]" "$verb zz"
	done
	offers 'token ' me@home.example robot work
	harmless 'names of files are not offered'
	find "$CONFIG" \( -name 'zz*' -o -name '*pwned*' -o -name '-*' \) \
		-delete
}

# hostile_provider LINE...: what the provider "hostile" has besides.
hostile_provider()
{
	{
		cat "$CONFIG/providers/acme.conf"
		printf '%s\n' "$@"
	} >"$CONFIG/providers/hostile.conf"
}

# hostile_code CODE: of an instance and of a kind of client.
hostile_code()
{
	hostile_provider "instance[]=eu https://eu.acme.example Europe" \
		"instance[]=$1 https://zz.acme.example Elsewhere" "client[]=$1"
	for option in instance client; do
		words="[add][x][--provider][hostile][--$option]"
		inserts "$words" "add x --provider hostile --$option "
		inserts "${words}[zz]" "add x --provider hostile --$option zz"
	done
	harmless "$2"
}

# shellcheck disable=SC2016 # nothing here is to be expanded
test_hostile_codes()
{
	hostile_code '$(id>pwned)' 'a command as a code'
	hostile_code 'zz$(id>pwned)' 'a code with a command'
	hostile_code '`id>pwned`' 'the same with backquotes'
	hostile_code 'zz"$(id>pwned)"' 'a code with quotes'
	hostile_code 'zz;id>pwned;' 'a code with semicolons'
	hostile_code 'zz:$(id>pwned)' 'a code with a colon'
	hostile_code '-zz' 'a code that would be an option'
	# Behind the bad ones' backs: what is good is offered.
	hostile_provider 'name=$(id>pwned)' 'scope=$(id>pwned) https://zz.example' \
		'documentation=https://a.example/$(id>pwned)' \
		'instance[]=zeta https://z.acme.example $(id>pwned)' \
		'client[]=zeta' 'client.zeta.name=$(id>pwned)' \
		'client.zeta.use=$(id>pwned)' 'client.zeta.step[]=$(id>pwned)'
	for option in instance client; do
		inserts "[add][x][--provider][hostile][--$option][zeta]" \
			"add x --provider hostile --$option z"
	done
	inserts '[add][x][--provider][$(id>pwned)][--instance]' \
		"add x --provider '\$(id>pwned)' --instance "
	harmless 'texts of a provider are not looked at'
	rm "$CONFIG/providers/hostile.conf"
}

# Whatever `valetkey complete` would tell, it is one word and no more.
# shellcheck disable=SC2016 # nothing here is to be expanded
test_quoted()
{
	odd='zz $(id>pwned) `id>pwned` "a" *;{b,c}~\\d'
	mkdir bin
	printf '#!/bin/sh\necho odd\ncat <<"END"\n%s\nEND\n' "$odd" >bin/valetkey
	chmod +x bin/valetkey
	inserts "[login][$odd]" 'login z'
	inserts "[add][x][--provider][$odd]" 'add x --provider z'
	inserts "[add][x][--instance][$odd]" 'add x --instance z'
	inserts "[add][x][--client][$odd]" 'add x --client z'
	offers 'login ' odd
	PATH=$HOME/bin:$PATH
	harmless 'any name is one word'
	PATH=${PATH#*:}
	rm -r bin
}

# ---- where zsh's is installed ----

# zsh_folder PREFIX: where configure puts it.
zsh_folder()
{
	printf '%s' "$1"
	sh "$COMPLETIONS/zsh-folder.sh" "$1"
}

# Without zsh, which a build need not have, it is the same place.
test_zsh_folder()
{
	functions=$(zsh -dfc 'print -lr -- $fpath')
	mkdir nowhere
	for tool in sh sed sort head; do
		ln -s "$(command -v "$tool")" nowhere/
	done
	for prefix in /usr /usr/local; do
		folder=$(zsh_folder "$prefix")
		like "$functions" "^$folder\$" "a zsh looks in $folder"
		is "$prefix$(PATH=$PWD/nowhere sh \
			"$COMPLETIONS/zsh-folder.sh" "$prefix")" "$folder" \
			'which is known without asking it'
	done
	is "$(zsh_folder /opt/own)" /opt/own/share/zsh/site-functions \
		'elsewhere it is the usual folder'
	rm -r nowhere
}

# ---- all ----

cd "$HOME" || exit
provider_start || exit 1
shells_setup
demo_account work >/dev/null 2>&1
demo_account me@home.example >/dev/null 2>&1
demo_account robot api-services >/dev/null 2>&1
awk '/^name=Acme/ { on = 1 } /^\.Ed/ { on = 0 } on' \
	"$VALETKEY_SRC/helper/man/valetkey-provider.5" >"$CONFIG/providers/acme.conf"
chmod 600 "$CONFIG/providers/acme.conf"
for shell in bash zsh fish; do
	need_program "$shell" "completion in $shell" || continue
	test_verbs
	test_accounts
	test_providers
	test_paths
	test_hostile_names
	test_hostile_codes
	test_quoted
done
remove work me@home.example robot
! command -v zsh >/dev/null || test_zsh_folder
done_testing
