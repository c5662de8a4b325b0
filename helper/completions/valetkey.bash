# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# bash completion for valetkey: verbs, options, and the names that `valetkey
# complete` tells.
#
# No text of a file may be expanded here: candidates are lines, which are
# compared and quoted. (compgen -W expands its words.)

# Of standard input's lines those that begin as $value, quoted, without what
# stands before the word that readline replaces: a word ends for it at = and @.
_valetkey_take()
{
	local line
	while IFS= read -r line; do
		[[ $line == "$value"* ]] || continue
		line=${line#"${value%"$replaced"}"}
		printf -v line %q "$line"
		COMPREPLY+=("$line")
	done
}

_valetkey_options()
{
	case $1 in
	add)
		printf '%s\n' --provider --instance --set --client --client-id \
			--register --resource-indicator --secret-stdin \
			--secret-fd --refresh-token-stdin --scope \
			--redirect-uri --host --ca-file --issuer --mcp \
			--authorization-endpoint \
			--token-endpoint \
			--device-authorization-endpoint \
			--revocation-endpoint --auth --client-key \
			--client-key-id --client-certificate --proxy --far \
			--socket --store --keepalive --yes --no-prompt
		;;
	login)
		printf '%s\n' --flow --no-browser --no-qr --accept-change \
			--add-scope --yes --timeout --json
		;;
	token)
		printf '%s\n' --format --user --resource --new --id-token \
			--min-valid --scope --timeout --interactive
		;;
	invalidate) echo --resource ;;
	run) printf '%s\n' --fd --resource --min-valid ;;
	curl) echo --min-valid ;;
	proxy)
		printf '%s\n' --port --socket --host --env --cookies \
			--http2 --secret-in-path --service --rotate --off --idle
		;;
	share) printf '%s\n' --host --scope --off ;;
	keepalive) printf '%s\n' --install --off ;;
	git-setup) echo --apply ;;
	status | doctor) echo --json ;;
	providers) printf '%s\n' --check --json ;;
	logout) printf '%s\n' --drop-revocations --yes ;;
	remove) echo --yes ;;
	move) echo --store ;;
	unlock)
		printf '%s\n' --for --passphrase-stdin --passphrase-fd \
			--holder --change --reset --yes
		;;
	esac
	printf '%s\n' --debug --help
}

# The provider of the line, nothing where there is none.
_valetkey_provider()
{
	local i
	for ((i = 2; i < ${#words[@]}; i++)); do
		case ${words[i]} in
		--provider) echo "${words[i + 1]}" ;;
		--provider=*) echo "${words[i]#*=}" ;;
		*) continue ;;
		esac
		return
	done
}

# What may follow an option; fails where none takes a value here.
_valetkey_value()
{
	local provider
	case $1/$2 in
	add/--provider) valetkey complete providers ;;
	add/--instance | add/--client)
		provider=$(_valetkey_provider)
		valetkey complete "${2#--}s" ${provider:+"$provider"}
		;;
	add/--auth | edit/--auth)
		printf '%s\n' client_secret_post client_secret_basic \
			private_key_jwt tls_client_auth none
		;;
	add/--store | move/--store) printf '%s\n' keyring sealed ;;
	unlock/--holder) printf '%s\n' passphrase systemd credential ;;
	edit/--unset)
		printf '%s\n' scope redirect-uri instance ca-file proxy auth \
			client-key client-key-id client-certificate \
			resource-indicator authorization-endpoint \
			token-endpoint device-authorization-endpoint \
			revocation-endpoint
		;;
	*/--keepalive) printf '%s\n' yes no ;;
	login/--flow) printf '%s\n' code paste device ;;
	token/--format)
		printf '%s\n' plain bearer header headers json netrc curl env \
			kubectl xoauth2
		;;
	edit/--instance | */--set | */--client-key-id | */--proxy | */--client-id | \
		*/--secret-fd | */--passphrase-fd | */--for | */--scope | \
		*/--host | */--resource-indicator | \
		*/--redirect-uri | */--issuer | */--mcp | */--*-endpoint | \
		*/--timeout | */--add-scope | */--min-valid | */--resource | \
		*/--user | */--port | */--env | */--idle) ;;
	*) return 1 ;;
	esac 2>/dev/null
}

_valetkey_verbs()
{
	printf '%s\n' add edit login token invalidate status doctor list \
		logout remove move unlock lock providers run curl proxy \
		keepalive share \
		git-setup front help version
}

_valetkey_words()
{
	if [[ $value == -* ]]; then
		_valetkey_options "$1"
		return
	fi
	case $1 in
	help) _valetkey_verbs ;;
	providers) valetkey complete providers ;;
	front) printf '%s\n' git docker cargo goauth credential-helper ;;
	edit | login | token | invalidate | status | doctor | logout | \
		remove | run | curl | proxy | keepalive | share | \
		git-setup)
		valetkey complete accounts
		;;
	esac 2>/dev/null
}

_valetkey()
{
	local line=${COMP_LINE:0:COMP_POINT} replaced=$2 option value i IFS=$' \t\n'
	local -a words
	# (COMP_WORDS are cut at = and @.)
	read -rd '' -a words <<<"$line"
	[[ $line != *[[:blank:]] ]] || words+=('')
	value=${words[${#words[@]} - 1]}
	option=${words[${#words[@]} - 2]}

	COMPREPLY=()
	for ((i = 2; i < ${#words[@]} - 1; i++)); do
		[[ ${words[i]} == -- ]] || continue
		compopt -o default
		[[ $option != -- || ${words[1]} != @(run|proxy) ]] ||
			_valetkey_take < <(compgen -c -- "$value")
		return
	done
	if ((${#words[@]} == 2)); then
		_valetkey_take < <(_valetkey_verbs && printf '%s\n' --help --version)
		return
	fi
	if [[ $value == --*=* ]]; then
		option=${value%%=*}
		value=${value#*=}
	fi
	value=${value#[\"\']}
	if [[ $option == --@(ca-file|check|client-key|client-certificate|socket) ]]; then
		# By readline, which quotes what files are called.
		compopt -o default
		return
	fi
	_valetkey_take < <(_valetkey_value "${words[1]}" "$option" ||
		_valetkey_words "${words[1]}")
}

complete -F _valetkey valetkey
