# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# bash completion for valetkey: verbs, options, accounts (the names of their
# files) and providers.

_valetkey_files()
{
	local folder file
	for folder; do
		for file in "$folder"/*.conf; do
			[[ -e $file ]] || continue
			file=${file##*/}
			printf '%s\n' "${file%.conf}"
		done
	done
}

_valetkey_options()
{
	case $1 in
	add)
		echo '--provider --instance --set --client --client-id --register
			--resource-indicator --secret-stdin
			--secret-fd --scope --redirect-uri --host --ca-file
			--issuer --authorization-endpoint --token-endpoint
			--revocation-endpoint --auth --client-key --client-key-id
			--client-certificate --proxy --no-prompt'
		;;
	login) echo '--flow --no-browser --no-qr --accept-change --timeout' ;;
	token)
		echo '--format --user --resource --min-valid --scope --timeout
			--interactive'
		;;
	run) echo '--fd --resource --min-valid' ;;
	curl) echo '--min-valid' ;;
	git-setup) echo '--apply' ;;
	status) echo '--json' ;;
	providers) echo '--check' ;;
	logout) echo '--drop-revocations --yes' ;;
	remove) echo '--yes' ;;
	esac
	echo '--help'
}

# What the provider of the line has for an option: the codes of its instances
# or its kinds of client.
_valetkey_of_provider()
{
	local i name=
	for ((i = 2; i < ${#COMP_WORDS[@]}; i++)); do
		[[ ${COMP_WORDS[i]} != --provider ]] || name=${COMP_WORDS[i + 1]}
		[[ $name != = ]] || name=${COMP_WORDS[i + 2]}
		[[ -z $name ]] || break
	done
	[[ -n $name ]] || return
	valetkey providers "$name" 2>/dev/null | sed -n "$1"
}

# What may follow an option; fails where it takes a value of its own.
_valetkey_value()
{
	local config=${XDG_CONFIG_HOME:-$HOME/.config}/valetkey
	case $1/$2 in
	add/--provider)
		# The installed ones by the command: it knows where they are.
		_valetkey_files "$config/providers"
		valetkey providers 2>/dev/null | sed -n 's/^\([a-z0-9-]\{1,\}\) .*/\1/p'
		;;
	add/--instance)
		_valetkey_of_provider \
			's/^[-a-z ]\{16\}\([^ ]*\) https\{0,1\}:.*/\1/p'
		;;
	add/--client)
		_valetkey_of_provider 's/^--client \([^:]*\):.*/\1/p' |
			grep . || echo 'authorization_code client_credentials'
		;;
	add/--auth)
		echo 'client_secret_post client_secret_basic private_key_jwt
			tls_client_auth none'
		;;
	login/--flow) echo 'code paste device' ;;
	token/--format) echo 'plain header json netrc curl env kubectl xoauth2' ;;
	*/--set | */--check | */--ca-file | */--client-key | */--client-key-id | \
		*/--client-certificate | */--proxy | */--client-id | */--secret-fd | */--scope | */--host | \
		*/--resource-indicator | \
		*/--redirect-uri | */--issuer | */--*-endpoint | */--timeout | \
		*/--min-valid | */--resource | */--user) ;;
	*) return 1 ;;
	esac
}

_valetkey()
{
	local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words
	local verbs='add login token status logout remove providers run curl
		git-setup help'
	local config=${XDG_CONFIG_HOME:-$HOME/.config}/valetkey

	COMPREPLY=()
	if [[ " ${COMP_WORDS[*]:0:COMP_CWORD} " == *' -- '* ]]; then
		mapfile -t COMPREPLY < <(compgen -cf -- "$word")
		return
	elif ((COMP_CWORD == 1)); then
		words="$verbs --help --version"
	elif words=$(_valetkey_value "$verb" "${COMP_WORDS[COMP_CWORD - 1]}"); then
		if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --@(ca-file|check|client-key|client-certificate) ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
			return
		fi
	elif [[ $word == -* ]]; then
		words=$(_valetkey_options "$verb")
	else
		case $verb in
		help) words=$verbs ;;
		providers) words=$(_valetkey_value add --provider) ;;
		login | token | status | logout | remove | run | curl | git-setup)
			words=$(_valetkey_files "$config")
			;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _valetkey valetkey
