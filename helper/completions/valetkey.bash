# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Completion of valetkey for bash: verbs, options, and the names of accounts and
# providers, which are names of files; nothing is asked of the keyring.

_valetkey_accounts()
{
	local file

	for file in "${XDG_CONFIG_HOME:-$HOME/.config}"/valetkey/*.conf; do
		[[ -f $file ]] || continue
		file=${file##*/}
		printf '%s\n' "${file%.conf}"
	done
}

# The values of an option; false where it is not known which there are.
_valetkey_values()
{
	case $1 in
	--provider) valetkey providers 2>/dev/null |
		sed -n 's/^\([a-z0-9-][a-z0-9-]*\) .*/\1/p' ;;
	--format) printf '%s\n' plain header json ;;
	--auth) printf '%s\n' client_secret_post client_secret_basic none ;;
	--instance) printf '%s\n' app us2 eu ca oc fed ;;
	--client) printf '%s\n' web native api-services \
		authorization_code client_credentials ;;
	*) return 1 ;;
	esac
}

_valetkey_options()
{
	case $1 in
	add) printf -- '--%s\n' provider instance client client-id \
		secret-stdin secret-fd scope redirect-uri host ca-file issuer \
		authorization-endpoint token-endpoint revocation-endpoint \
		auth no-prompt help ;;
	login) printf -- '--%s\n' no-browser timeout help ;;
	token) printf -- '--%s\n' format min-valid scope timeout interactive \
		help ;;
	status) printf -- '--%s\n' json help ;;
	remove) printf -- '--%s\n' yes help ;;
	*) printf -- '--help\n' ;;
	esac
}

_valetkey()
{
	local word=${COMP_WORDS[COMP_CWORD]}
	local before=${COMP_WORDS[COMP_CWORD - 1]}
	local verb=${COMP_WORDS[1]}
	local verbs='add login token status logout remove providers help'
	local words

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		words="$verbs --help --version"
	elif [[ $before == --ca-file ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
	elif words=$(_valetkey_values "$before"); then
		:
	elif [[ $word == -* ]]; then
		words=$(_valetkey_options "$verb")
	elif [[ $verb == help ]]; then
		words=$verbs
	elif [[ " login token status logout remove " == *" $verb "* ]]; then
		words=$(_valetkey_accounts)
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _valetkey valetkey
