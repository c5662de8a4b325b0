# SPDX-License-Identifier: MIT
#
# fish completion for valetkey: verbs, options, and the names that `valetkey
# complete` tells: its lines are candidates, which fish quotes.

function __valetkey_names
    valetkey complete $argv 2>/dev/null
end

# Of the provider of the line.
function __valetkey_of_provider
    __valetkey_names $argv (commandline -opc | string join ' ' |
        string match -rg -- '--provider[ =]([a-z0-9-]+)')
end

function __valetkey_behind_dashes
    contains -- -- (commandline -opc)
end

function __valetkey_in
    not __valetkey_behind_dashes; and __fish_seen_subcommand_from $argv
end

complete -c valetkey -f
complete -c valetkey -n __valetkey_behind_dashes -F
complete -c valetkey -l debug -d 'Say what is asked of whom, and how long it takes'
complete -c valetkey -n __fish_use_subcommand -l help -d 'Show help'
complete -c valetkey -n __fish_use_subcommand -s V -l version -d 'Show the version'
complete -c valetkey -n __fish_use_subcommand -a add -d 'Add an account'
complete -c valetkey -n __fish_use_subcommand -a edit -d 'Change what add took'
complete -c valetkey -n __fish_use_subcommand -a login -d 'Log in with the browser'
complete -c valetkey -n __fish_use_subcommand -a token -d 'Print a valid access token'
complete -c valetkey -n __fish_use_subcommand -a invalidate -d 'Tell that a server refused a token'
complete -c valetkey -n __fish_use_subcommand -a status -d 'Show the accounts'
complete -c valetkey -n __fish_use_subcommand -a doctor -d 'Look for what is wrong'
complete -c valetkey -n __fish_use_subcommand -a list -d 'Name the accounts'
complete -c valetkey -n __fish_use_subcommand -a logout -d 'End the login'
complete -c valetkey -n __fish_use_subcommand -a remove -d 'Forget the account'
complete -c valetkey -n __fish_use_subcommand -a move -d 'Take an account to another store'
complete -c valetkey -n __fish_use_subcommand -a unlock -d 'Unlock the sealed store'
complete -c valetkey -n __fish_use_subcommand -a lock -d 'Lock the sealed store'
complete -c valetkey -n __fish_use_subcommand -a providers -d 'List the providers'
complete -c valetkey -n __fish_use_subcommand -a run -d 'Run a command with a token'
complete -c valetkey -n __fish_use_subcommand -a curl -d 'Run curl with a token'
complete -c valetkey -n __fish_use_subcommand -a proxy -d 'Give programs an address with tokens behind it'
complete -c valetkey -n __fish_use_subcommand -a keepalive -d 'Refresh logins that nobody uses'
complete -c valetkey -n __fish_use_subcommand -a share -d 'Let another machine have tokens'
complete -c valetkey -n __fish_use_subcommand -a git-setup -d 'Change the configuration of git'
complete -c valetkey -n __fish_use_subcommand -a front -d 'Answer another program'
complete -c valetkey -n __fish_use_subcommand -a help -d 'Show help'
complete -c valetkey -n __fish_use_subcommand -a version -d 'Show the version'

complete -c valetkey -n '__valetkey_in edit login token invalidate status doctor logout remove move run curl proxy keepalive share git-setup' -a '(__valetkey_names accounts)' -d Account
complete -c valetkey -n '__valetkey_in help' -a 'add edit login token invalidate status doctor list logout remove move unlock lock providers run curl proxy keepalive share git-setup front'
complete -c valetkey -n '__valetkey_in add edit login token invalidate status doctor list logout remove move unlock lock providers run curl proxy keepalive share git-setup front' -l help -d 'Show help'

complete -c valetkey -n '__valetkey_in add' -l provider -x -a '(__valetkey_names providers)' -d 'A provider that valetkey knows'
complete -c valetkey -n '__valetkey_in add' -l instance -x -a '(__valetkey_of_provider instances)' -d 'Which region, or your own host'
complete -c valetkey -n '__valetkey_in add edit' -l set -x -d 'What else the provider asks for'
complete -c valetkey -n '__valetkey_in add' -l client -x -a '(__valetkey_of_provider clients)' -d 'Which kind of client app'
complete -c valetkey -n '__valetkey_in add edit' -l client-id -x -d 'The client id'
complete -c valetkey -n '__valetkey_in add' -l register -d 'Have the server register a client'
complete -c valetkey -n '__valetkey_in add edit' -l resource-indicator -x -d 'What the tokens should be good for'
complete -c valetkey -n '__valetkey_in add edit' -l secret-stdin -d 'Read the client secret from standard input'
complete -c valetkey -n '__valetkey_in add edit' -l secret-fd -x -d 'Read the client secret from a descriptor'
complete -c valetkey -n '__valetkey_in add' -l refresh-token-stdin -d 'Read a refresh token that you have'
complete -c valetkey -n '__valetkey_in add edit' -l scope -x -d 'What the tokens may do'
complete -c valetkey -n '__valetkey_in add edit' -l redirect-uri -x -d 'The registered redirect URI'
complete -c valetkey -n '__valetkey_in add edit' -l host -x -d 'A host that the tokens are for'
complete -c valetkey -n '__valetkey_in add edit' -l ca-file -r -F -d 'Certificates to trust'
complete -c valetkey -n '__valetkey_in add edit' -l client-key -r -F -d 'Private key instead of a secret'
complete -c valetkey -n '__valetkey_in add edit' -l client-key-id -x -d 'Name of the key (kid)'
complete -c valetkey -n '__valetkey_in add edit' -l client-certificate -r -F -d 'Certificate of the client'
complete -c valetkey -n '__valetkey_in add edit' -l proxy -x -d 'Proxy of this account'
complete -c valetkey -n '__valetkey_in add' -l issuer -x -d 'A provider by its issuer'
complete -c valetkey -n '__valetkey_in add' -l mcp -x -d 'An MCP server by its URL'
complete -c valetkey -n '__valetkey_in add edit' -l authorization-endpoint -x -d 'A provider by its endpoints'
complete -c valetkey -n '__valetkey_in add edit' -l token-endpoint -x -d 'A provider by its endpoints'
complete -c valetkey -n '__valetkey_in add edit' -l device-authorization-endpoint -x -d 'A provider by its endpoints'
complete -c valetkey -n '__valetkey_in add edit' -l revocation-endpoint -x -d 'A provider by its endpoints'
complete -c valetkey -n '__valetkey_in add edit' -l auth -x -a 'client_secret_post client_secret_basic private_key_jwt tls_client_auth none' -d 'How the client authenticates'
complete -c valetkey -n '__valetkey_in add' -l far -d 'Another machine keeps the login'
complete -c valetkey -n '__valetkey_in add' -l socket -r -F -d 'Where that machine answers'
complete -c valetkey -n '__valetkey_in add move' -l store -x -a 'keyring sealed' -d 'Where secrets are kept'
complete -c valetkey -n '__valetkey_in add edit' -l keepalive -x -a 'yes no' -d 'Refresh it when nobody uses it'
complete -c valetkey -n '__valetkey_in add edit' -l no-prompt -d 'Ask nothing'

complete -c valetkey -n '__valetkey_in edit' -l instance -x -d 'Which region, or your own host'
complete -c valetkey -n '__valetkey_in edit' -l unset -x -a 'scope redirect-uri instance ca-file proxy auth client-key client-key-id client-certificate resource-indicator authorization-endpoint token-endpoint device-authorization-endpoint revocation-endpoint' -d 'Back to what is usual'

complete -c valetkey -n '__valetkey_in login' -l accept-change -d 'The endpoints or the person may have changed'
complete -c valetkey -n '__valetkey_in login' -l json -d 'Tell of the login as a JSON object'
complete -c valetkey -n '__valetkey_in login' -l add-scope -x -d 'Ask for these scopes as well'
complete -c valetkey -n '__valetkey_in login' -l flow -x -a 'code paste device' -d 'The way to log in'
complete -c valetkey -n '__valetkey_in login' -l no-qr -d 'Show no QR code'
complete -c valetkey -n '__valetkey_in login' -l no-browser -d 'Only print the address'
complete -c valetkey -n '__valetkey_in login token' -l timeout -x -d 'Give up after that many seconds'

complete -c valetkey -n '__valetkey_in token' -l format -x -a 'plain bearer header headers json netrc curl env kubectl xoauth2' -d 'How to print it'
complete -c valetkey -n '__valetkey_in token run curl' -l min-valid -x -d 'Must be good for that many seconds'
complete -c valetkey -n '__valetkey_in token' -l scope -x -d 'Must have these scopes'
complete -c valetkey -n '__valetkey_in token' -l interactive -d 'A person is there'

complete -c valetkey -n '__valetkey_in token' -l user -x -d 'For xoauth2 and netrc'
complete -c valetkey -n '__valetkey_in token' -l id-token -d 'The ID token instead'
complete -c valetkey -n '__valetkey_in token' -l new -d 'Another one although the present one is good'
complete -c valetkey -n '__valetkey_in token run invalidate' -l resource -x -d 'What the token is for'
complete -c valetkey -n '__valetkey_in run' -l fd -d 'Put the token into a descriptor'
complete -c valetkey -n '__valetkey_in share' -l host -x -d 'Only for this host'
complete -c valetkey -n '__valetkey_in share' -l scope -x -d 'No token with more scopes'
complete -c valetkey -n '__valetkey_in keepalive' -l install -d 'Have systemd do it'
complete -c valetkey -n '__valetkey_in keepalive' -l off -d 'No longer'
complete -c valetkey -n '__valetkey_in share' -l off -d 'Share it no more'

complete -c valetkey -n '__valetkey_in proxy' -l port -x -d 'Listen on this port'
complete -c valetkey -n '__valetkey_in proxy' -l socket -r -F -d 'Listen on a unix socket'
complete -c valetkey -n '__valetkey_in proxy' -l host -x -d 'One of the hosts of the account'
complete -c valetkey -n '__valetkey_in proxy' -l env -x -d 'Another name for the command'
complete -c valetkey -n '__valetkey_in proxy' -l cookies -d 'Cookies pass'
complete -c valetkey -n '__valetkey_in proxy' -l http2 -d 'Speak HTTP/2 to servers'
complete -c valetkey -n '__valetkey_in proxy' -l secret-in-path -d 'The secret may be in the path'
complete -c valetkey -n '__valetkey_in proxy' -l service -d 'Set up a service'
complete -c valetkey -n '__valetkey_in proxy' -l rotate -d 'Make a new secret'
complete -c valetkey -n '__valetkey_in proxy' -l off -d 'Remove the service'
complete -c valetkey -n '__valetkey_in proxy' -l idle -x -d 'End after so many seconds without a client'

complete -c valetkey -n '__valetkey_in git-setup' -l apply -d 'Change the configuration'

complete -c valetkey -n '__valetkey_in providers' -l check -r -F -d 'Explain a file and find what is wrong'
complete -c valetkey -n '__valetkey_in providers' -l json -d 'An array of objects'
complete -c valetkey -n '__valetkey_in providers' -a '(__valetkey_names providers)' -d 'A provider'
complete -c valetkey -n '__valetkey_in front' -a 'git docker cargo goauth credential-helper' -d 'A front'
complete -c valetkey -n '__valetkey_in status doctor' -l json -d 'An array of objects'
complete -c valetkey -n '__valetkey_in logout' -l drop-revocations -d 'Forget the revocations that wait'
complete -c valetkey -n '__valetkey_in unlock' -l for -x -d 'Lock again after this long'
complete -c valetkey -n '__valetkey_in unlock' -l passphrase-stdin -d 'Read the passphrase from standard input'
complete -c valetkey -n '__valetkey_in unlock' -l passphrase-fd -x -d 'Read the passphrase from a descriptor'
complete -c valetkey -n '__valetkey_in unlock' -l holder -x -a 'passphrase systemd credential' -d 'Who holds the key'
complete -c valetkey -n '__valetkey_in unlock' -l change -d 'Choose another passphrase or holder'
complete -c valetkey -n '__valetkey_in unlock' -l reset -d 'Delete all that is sealed'
complete -c valetkey -n '__valetkey_in add login logout remove unlock' -l yes -d 'Do not ask'
