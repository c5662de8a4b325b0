# SPDX-License-Identifier: MIT
#
# Completion of valetkey for fish.

function __valetkey_accounts
    set -l config $XDG_CONFIG_HOME
    test -n "$config"; or set config ~/.config
    for file in $config/valetkey/*.conf
        string replace -r '.*/(.*)\.conf$' '$1' $file
    end
end

function __valetkey_providers
    valetkey providers 2>/dev/null | string match -rg '^([a-z0-9-]+) '
end

set -l with_account login token status logout remove
set -l is __fish_seen_subcommand_from

complete -c valetkey -f
complete -c valetkey -n __fish_use_subcommand -l version
complete -c valetkey -l help -d 'Tell more'
complete -c valetkey -n __fish_use_subcommand -a add -d 'Add an account'
complete -c valetkey -n __fish_use_subcommand -a login -d 'Log in with the browser'
complete -c valetkey -n __fish_use_subcommand -a token -d 'Print a valid access token'
complete -c valetkey -n __fish_use_subcommand -a status -d 'Show the accounts'
complete -c valetkey -n __fish_use_subcommand -a logout -d 'End the login'
complete -c valetkey -n __fish_use_subcommand -a remove -d 'Forget the account'
complete -c valetkey -n __fish_use_subcommand -a providers -d 'List the providers'
complete -c valetkey -n __fish_use_subcommand -a help -d 'Tell about a verb'
complete -c valetkey -n "$is $with_account" -a '(__valetkey_accounts)'

complete -c valetkey -n "$is add" -l provider -xa '(__valetkey_providers)'
complete -c valetkey -n "$is add" -l instance -xa 'app us2 eu ca oc fed'
complete -c valetkey -n "$is add" -l client -xa 'web native api-services'
complete -c valetkey -n "$is add" -l auth -xa 'client_secret_post client_secret_basic none'
complete -c valetkey -n "$is add" -l ca-file -rF
for option in client-id secret-fd scope redirect-uri host issuer authorization-endpoint token-endpoint revocation-endpoint
    complete -c valetkey -n "$is add" -l $option -x
end
complete -c valetkey -n "$is add" -l secret-stdin
complete -c valetkey -n "$is add" -l no-prompt
complete -c valetkey -n "$is login" -l no-browser
complete -c valetkey -n "$is login token" -l timeout -x
complete -c valetkey -n "$is token" -l format -xa 'plain header json'
complete -c valetkey -n "$is token" -l min-valid -x
complete -c valetkey -n "$is token" -l scope -x
complete -c valetkey -n "$is token" -l interactive
complete -c valetkey -n "$is status" -l json
complete -c valetkey -n "$is remove" -l yes
