#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_providers.sh - the providers' files: all that are shipped pass the check
# and can be added, each bad line gets a sentence of its own, and a file by the
# manual page's ten lines works.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/lib/command.sh
. "$VALETKEY_SRC/tests/lib/command.sh"

SHIPPED=$VALETKEY_SRC/helper/providers
FILE=$VALETKEY_TEST_DIR/acme.conf
SECRET=$(secret_file some-secret)
CLOSED=http://127.0.0.1:$(free_port)

# ---- the shipped ones ----

test_shipped()
{
	for shipped in "$SHIPPED"/*.conf; do
		own=$VALETKEY_TEST_DIR/${shipped##*/}
		install -m 600 "$shipped" "$own"
		said 0 ', 0 errors, 0 warnings$' "${shipped##*/} is good" \
			valetkey providers --check "$own"
		ok "${shipped##*/} is installed" grep -q \
			"helper/providers/${shipped##*/}" \
			"$VALETKEY_SRC/Makefile.am"
		name=${shipped##*/} name=${name%.conf}
		unlike "$(valetkey providers "$name")" '[{}]' \
			"$name: no place is left raw"
	done
	said 0 '^ninjaone .*NinjaOne' 'the list' valetkey providers
	like "$text" '^  hosts below .*\(any host\)' 'any host, in the list'
	unlike "$text" '.{80}' 'the list: no line is wider than a terminal'
	said 0 '^--set +tenant common ' 'one in full' \
		valetkey providers microsoft
	like "$text" '^     1\. Go to ' 'one in full: its steps'
	unlike "$text" '^[^d].{79}' 'one in full: nor wider, but for its page'
	like "$text" '^ *tenant TENANT\.' 'in capitals: what is not chosen'
	run valetkey providers keycloak
	like "$text" 'console of https://your-host choose the realm REALM' \
		'an instance and a parameter'
	like "$text" '^tokens are for +https://your-host$' 'where the tokens go'
	run valetkey providers ninjaone
	like "$text" 'http://127\.0\.0\.1:PORT by itself' 'any port'
	like "$text" 'tick monitoring' 'the scopes'
	said "$ARG" 'no provider "nobody"' 'one that there is not' \
		valetkey providers nobody
	said "$ARG" 'stands alone' 'a name and a file' \
		valetkey providers github --check "$FILE"
	said "$ARG" 'cannot be read' 'no file' \
		valetkey providers --check "$FILE.not"
	head -c 70000 /dev/zero | tr '\0' '#' >"$FILE"
	said "$ARG" 'too long' 'a file that is none' \
		valetkey providers --check "$FILE"
}

# Everything that a provider asks for, offline: whatever is not this computer is
# behind a proxy where nobody listens.
# shellcheck disable=SC2317 # said() runs it
add_offline()
{
	https_proxy=$CLOSED valetkey add "$@" --client-id me --no-prompt \
		--secret-fd 3 </dev/null 3<"$SECRET"
}

# What comes after --provider for it.
choices()
{
	case $1 in
	okta | auth0 | zendesk | salesforce)
		sed -n 's/^instance_domain\[\]=\./--instance acme./p' \
			"$SHIPPED/$1.conf" | head -n 1
		;;
	*) sed -n 's/^instance\[\]=\([^ ]*\) .*/--instance \1/p
		s/^instance_domain\[\]=\*$/--instance git.example/p' \
		"$SHIPPED/$1.conf" | head -n 1 ;;
	esac
}

test_add()
{
	for shipped in "$SHIPPED"/*.conf; do
		name=${shipped##*/} name=${name%.conf}
		# shellcheck disable=SC2046 # words
		said 0 "^Next: valetkey login $name" "$name can be added" \
			add_offline "$name" --provider "$name" $(choices "$name")
		# shellcheck disable=SC2154 # of said()
		[ "$status" -ne 0 ] || valetkey remove "$name" --yes 2>/dev/null
	done
	nothing_left 'after all'
}

key()
{
	sed -n "s/^$2=//p" "$CONFIG/$1.conf"
}

test_own_host()
{
	said 0 'not proven' 'Keycloak on this computer' add_offline own \
		--provider keycloak --instance "$CLOSED" --set realm=a-realm \
		--client web
	is "$(key own 'parameter\.realm')" a-realm 'its realm is kept'
	is "$(key own 'hosts\[\]')" "$CLOSED" 'its host is where tokens go'
	printf 'token_endpoint=https://evil.example/t\n' >>"$CONFIG/own.conf"
	said "$ARG" 'token_endpoint is at https://evil.example.*not an instance' \
		'and no other host gets its secret' valetkey login own
	sed -i '$d' "$CONFIG/own.conf"
	valetkey remove own --yes 2>/dev/null
	said "$ARG" 'letters, digits' 'a realm that would be a path' \
		add_offline own --provider keycloak --instance a.example \
		--set realm=../x
	said "$ARG" 'does not ask for "tenant=x"' 'what nobody asks for' \
		add_offline own --provider keycloak --instance a.example \
		--set tenant=x
	said "$ARG" 'Choose one of' 'http on another computer' add_offline own \
		--provider keycloak --instance http://a.example
	nothing_left 'a host of its own'
}

# A server that anybody may run gets no answer of another's: RFC 8252 8.10.
test_redirect()
{
	is "$(grep -lx 'instance_domain\[\]=\*' "$SHIPPED"/*.conf | tr '\n' '\0' |
		xargs -0 grep -h '\.redirect_uri=' | grep -vc '/callback/{host}$')" 0 \
		'any host: redirect URIs have it in their path'
	for origin in git.example https://git.example:8443; do
		add_offline own --provider gitlab --instance "$origin" \
			--client native >"$OUT" 2>&1
		run valetkey login own --flow code --no-browser --timeout 1
		redirects="${redirects:-}$(sed -n \
			's|.*redirect_uri=[^&]*%2Fcallback%2F\([^&]*\)&.*|\1|p' \
			"$OUT") "
		valetkey remove own --yes 2>/dev/null
	done
	is "$redirects" 'git.example git.example-8443 ' \
		'each host has a redirect URI of its own'
}

# A client for mail has mail servers and nothing else among its hosts.
test_mail()
{
	for name in google microsoft; do
		said 0 'own is added' "$name: a client for mail" \
			add_offline own --provider "$name" --client mail
		is "$(grep -c '^hosts\[\]=\(imaps\|smtps\|pop3s\)://' \
			"$CONFIG/own.conf")" \
			"$(grep -c '^hosts' "$CONFIG/own.conf")" \
			"$name: its hosts are mail servers alone"
		like "$(cat "$CONFIG/own.conf")" '^hosts..=imaps://' \
			"$name: IMAP is one of them"
		said "$LOGIN" . "$name: a token for its mail server" \
			valetkey token own --resource "$(sed -n \
			's/^hosts..=\(imaps:.*\)/\1/p' "$CONFIG/own.conf")"
		said 27 . "$name: none for its API" valetkey token own \
			--resource https://gmail.googleapis.com/
		valetkey remove own --yes 2>/dev/null
	done
}

# Over SSH the device flow is for clients whose steps register them for it.
test_ssh()
{
	for name in auth0 github github-enterprise google keycloak microsoft \
		okta zoom; do
		case $name in
		google) kind=desktop ;;
		github*) kind=web ;;
		*) kind=native ;;
		esac
		# shellcheck disable=SC2046 # words
		add_offline own --provider "$name" $(choices "$name") \
			--client "$kind" >"$OUT" 2>&1
		terminal env SSH_CONNECTION='1 2 3 4' valetkey login own <<-END
		expect browser ends at
		key C
		END
		is "$status" "$CANCELED" "$name over SSH, a client of kind $kind" ||
			tap_note "$text"
		valetkey remove own --yes 2>/dev/null
	done
}

# A person is asked for the host and the realm, again where they cannot be.
test_asked()
{
	terminal valetkey add own --provider keycloak <<-END
	expect Your own host
	send http://a.example
	expect Choose one of
	expect Your own host
	send login.example
	expect Realm [master]
	send a/b
	expect letters, digits
	expect Realm [master]
	send staff
	expect Number [1]
	send 1
	expect Scopes
	send
	expect https://login.example choose the realm staff
	expect 127.0.0.1/callback/login.example
	expect Client ID
	send me
	END
	is "$status" 0 'a walk with a realm' || tap_note "$text"
	is "$(key own instance) $(key own 'parameter\.realm')" \
		'login.example staff' 'the answers are in the file'
	valetkey remove own --yes 2>/dev/null
}

# ---- the check ----

good_file()
{
	cat <<'END'
name=Acme
documentation=https://acme.example/docs
instance[]=eu https://eu.acme.example Europe
instance[]=us https://us.acme.example America
parameter[]=tenant common Your tenant
issuer={origin}
authorization_endpoint={origin}/{tenant}/authorize
token_endpoint={origin}/{tenant}/token
hosts[]={origin}
scope=read
client[]=web
client[]=robot
client.web.name=Web
client.web.auth=client_secret_post
client.web.redirect_uri=http://127.0.0.1:{port}/callback/{host}
client.web.step[]=Copy the client ID and the client secret.
client.robot.grant=client_credentials
client.robot.step[]=Copy the client ID and the client secret.
END
}

# bad NUMBER PATTERN LINE: the good file with one more line; NUMBER is the line
# that is told of, "-" the file as a whole, "w" that it is but a warning.
bad()
{
	good_file >"$FILE"
	printf '%s\n' "$3" >>"$FILE"
	case $1 in
	-) bad_status=$ARG bad_where='acme.conf: error: ' ;;
	w) bad_status=0 bad_where='acme.conf(:[0-9]+)?: warning: ' ;;
	*) bad_status=$ARG bad_where="acme.conf:$1: error: " ;;
	esac
	said "$bad_status" "$bad_where.*$2" "$(printf %s "$3" | tr "\n" " ")" valetkey providers --check "$FILE"
}

# bad_without KEY WHERE PATTERN: the good file without a key.
bad_without()
{
	good_file | grep -v "^$1" >"$FILE"
	case $2 in
	w) bad_status=0 ;;
	*) bad_status=$ARG ;;
	esac
	said "$bad_status" "$3" "without $1" valetkey providers --check "$FILE"
}

test_lines()
{
	bad 19 'not KEY=VALUE' 'what is this'
	bad 19 'There is no key tokenendpoint. Is it token_endpoint\?' \
		'tokenendpoint=https://a.example'
	bad 19 'Is it client.web.redirect_uri\?' 'client.web.redirect_url=x'
	bad 19 'There is no key whatever_else\.' 'whatever_else=1'
	bad 19 'client_id belongs in an account' 'client_id=me'
	bad 19 'use belongs to a kind of client' 'use=always'
	bad 19 'cannot differ between the kinds' 'client.web.instance[]=a https://a.example A'
	bad 19 'no such kind of client; add a line client\[\]=wed' 'client.wed.pkce=none'
	bad 10 'again in line 19, and that one counts' 'scope=write'
	bad 11 'is there twice' 'client[]=web'
	bad 19 'of \[a-z0-9-\]' 'client[]=Web'
}

test_urls()
{
	bad 19 'revocation_endpoint must be https' 'revocation_endpoint=http://acme.example/r'
	bad 19 'must be a clean https URL' 'revocation_endpoint=acme.example/r'
	bad 19 'a .word. that no parameter' 'revocation_endpoint={origin}/{realm}'
	bad 19 'in the host, where parameters are not' 'revocation_endpoint=https://{tenant}.example/r'
	bad 19 'is an origin: only' 'hosts[]=https://api.acme.example/v1'
	bad 19 'is an origin: only' 'hosts[]=imaps://mail.acme.example/INBOX'
	bad 19 'must be a clean https URL' 'hosts[]=imaps://me@mail.acme.example'
	bad 19 'must be a clean https URL' 'revocation_endpoint=imaps://acme.example'
	bad 19 'documentation must be an https page' 'documentation=the manual'
	bad 19 'absolute URI without' 'resource[]=api'
	bad 19 'needs a port' 'client.web.redirect_uri=http://127.0.0.1/callback'
	bad 19 'no .. but .port. and' 'client.web.redirect_uri=http://127.0.0.1:1024/{hots}'
	bad 19 'http://127.0.0.1 or http://localhost' 'client.web.redirect_uri=http://acme.example:80/'
	bad 19 'port. is invalid' 'client.web.redirect_uri=https://acme.example:{port}/'
	bad 19 'gets the token, but https://who.example is not one of the hosts' \
		'userinfo_endpoint=https://who.example/me'
	bad w 'on another host than token_endpoint: secrets go to https://r.example' \
		'revocation_endpoint=https://r.example/'
}

# shellcheck disable=SC2016 # nothing here is to be expanded
test_values()
{
	bad 19 'grant must be authorization_code, device_code or client_credentials' \
		'client.web.grant=password'
	bad 19 'pkce must be none' 'pkce=S256'
	bad 19 'expires_in_unit must be ms or at' 'expires_in_unit=hours'
	bad 19 'whole number of seconds' 'expires_in=1h'
	bad 19 'one character' 'scope_separator=comma'
	bad 19 'word without spaces' 'token_path=a b'
	bad 19 'NAME=VALUE' 'authorize_parameter[]=prompt'
	bad 19 'valetkey sends itself' 'authorize_parameter[]=state=1'
	bad 19 'valetkey sends itself' 'authorize_parameter[]=nonce=1'
	bad 19 'valetkey sends itself' 'scope_parameter=redirect_uri'
	bad 19 'NAME=ERROR' 'error[]=bad'
	bad 19 'such as invalid_grant' 'error[]=bad=worse'
	bad 19 'CODE ORIGIN TEXT' 'instance[]=ca'
	bad 19 'CODE ORIGIN TEXT' 'instance[]=ca http://ca.acme.example Canada'
	for code in 'a$(id)' 'a`id`' "a'" 'a;id' 'a:b' 'a*' 'a/b' '-a' '.a' 'ä' \
		"$(printf '%65s' '' | tr ' ' a)"; do
		bad 19 'CODE of \[A-Za-z0-9._-\], a letter or digit first' \
			"instance[]=$code https://ca.acme.example Canada"
		bad 19 'client\[\] must be of \[a-z0-9-\], a letter or digit' \
			"client[]=$code"
	done
	bad 19 'top-level domain' 'instance_domain[]=.com'
	bad 19 'in lower case' 'instance_domain[]=acme.example'
	bad 19 'NAME USUAL TEXT' 'parameter[]=origin - Origin'
	bad w 'refresh_scope has no value' 'refresh_scope='
	bad w 'Nothing contains .realm.' 'parameter[]=realm - Realm'
}

test_kinds()
{
	bad 19 'client robot: offline_scope asks for a refresh token' 'offline_scope=offline'
	bad 19 'client robot: auth is none, but' 'client.robot.auth=none'
	bad 19 'client web: auth is none, but a step speaks of a secret' 'client.web.auth=none'
	bad - 'client dev: device_authorization_endpoint is missing' "client[]=dev
client.dev.grant=device_code"
	bad w 'redirect_uri is of no use' 'client.robot.redirect_uri=http://127.0.0.1:{port}/'
	bad 20 'whoever sees the code has the token' "client.web.auth=none
client.web.pkce=none"
	bad w 'client web: step\[\] has a .word. that stands for nothing' \
		'client.web.step[]=Log in to {orign} and copy the secret.'
	bad 19 'must be SCOPE TEXT' 'scope_choice[]=read'
	bad 19 'must be SCOPE TEXT' 'scope_choice[]=read,write Both'
	bad 19 'must be SCOPE TEXT' 'scope_choice[]=7 Seven'
	bad_without name - 'error: name is missing'
	bad_without documentation w 'warning: documentation is missing'
	bad_without token_ - 'client web: token_endpoint is missing'
	bad_without authorization_ - 'nobody can log in'
	bad_without client.web.redirect - 'no login can come back'
	bad_without hosts - 'the tokens would be for no host'
	bad_without client.web.step w 'how to register such a client'
	bad_without instance - 'no instance\[\] or instance_domain\[\] to choose'
}

test_explained()
{
	good_file >"$FILE"
	said 0 '^18 keys, 0 errors, 0 warnings$' 'a good file' \
		valetkey providers --check "$FILE"
	like "$text" 'acme.conf:8: token_endpoint={origin}/{tenant}/token$' \
		'each line is told'
	like "$text" '^ +where codes, credentials' 'and explained'
	{ good_file; printf 'name=\033[2J\n'; } >"$FILE"
	said "$ARG" ':19: error: This is not KEY' 'a line with an escape' \
		valetkey providers --check "$FILE"
	unlike "$text" "$ESCAPE" 'which is not shown'
}

# What has another code or another name is not used, and says so.
# shellcheck disable=SC2016 # nothing here is to be expanded
test_limits()
{
	mkdir -p "$CONFIG/providers"
	for line in 'instance[]=a$(id) https://a.acme.example A' 'client[]=a$(id)'
	do
		{ good_file; echo "$line"; } >"$CONFIG/providers/acme.conf"
		said "$ARG" 'acme.conf is not used: a code of .* --check FILE$' \
			"not read: $line" valetkey providers acme
		unlike "$text" '[$]\(id' 'and what it has is not shown'
		said "$ARG" 'acme.conf is not used' "nothing is added: $line" \
			add_offline own --provider acme --instance eu
	done
	run valetkey providers
	like "$text" '^ninjaone ' 'the others are listed'
	good_file >"$CONFIG/providers/acme.conf"
	for name in Acme 'a b' 'a$(id)' -acme; do
		cp "$CONFIG/providers/acme.conf" "$CONFIG/providers/$name.conf"
		said 0 'warning: It is not used under this name. Call it NAME' \
			"the name $name.conf" valetkey providers --check \
			"$CONFIG/providers/$name.conf"
		rm -- "$CONFIG/providers/$name.conf"
	done
	chmod g+w "$CONFIG/providers/acme.conf"
	said 0 'warning: .*acme.conf is not used: .*chmod go-w' \
		'a file that a group can write' \
		valetkey providers --check "$CONFIG/providers/acme.conf"
	rm "$CONFIG/providers/acme.conf"
	nothing_left 'limits'
}

# ---- the manual page's ten lines ----

test_manual()
{
	mkdir -p "$CONFIG/providers"
	awk '/^name=Acme/ { on = 1 } /^\.Ed/ { on = 0 } on' \
		"$VALETKEY_SRC/helper/man/valetkey-provider.5" \
		>"$CONFIG/providers/acme.conf"
	chmod 600 "$CONFIG/providers/acme.conf"
	is "$(wc -l <"$CONFIG/providers/acme.conf")" 10 'ten lines'
	said 0 ', 0 errors, 0 warnings$' 'the example of the manual page' \
		valetkey providers --check "$CONFIG/providers/acme.conf"
	said 0 'work is added' 'it can be added' \
		add_offline work --provider acme
	valetkey remove work --yes 2>/dev/null
	grep -q '^name=Acme' "$VALETKEY_SRC/README.md" &&
		awk '/^name=Acme/ { on = 1 } /^```/ { on = 0 } on' \
			"$VALETKEY_SRC/README.md" >"$FILE"
	ok 'the README has the same one' \
		cmp "$FILE" "$CONFIG/providers/acme.conf"
}

test_shipped
test_add
test_own_host
test_redirect
test_mail
test_ssh
test_asked
test_explained
test_lines
test_urls
test_values
test_kinds
test_limits
test_manual
done_testing
