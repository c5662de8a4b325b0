/* SPDX-License-Identifier: MIT */
/*
 * add.c - `valetkey add`: takes a person (or a script) from nothing to an
 * account whose client secret was proven and is in the keyring. The secret is
 * typed without echo or read from a descriptor, never taken from argv or the
 * environment. The helper makes the account's file.
 */
#include "client/provider.h"
#include "client/unusable.h"
#include "command/command.h"
#include "core/account.h"
#include "command/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define ADD_S 120
#define REGISTER_S 60

static const struct cmd_option options[] = {
    {"provider", "NAME", "A provider that valetkey knows: valetkey providers."},
    {"instance", "CODE",
     "Which region, or your own host, such as eu or "
     "acme.rmmservice.com."},
    {"set", "NAME=VALUE",
     "What else the provider asks for, such as tenant=organizations; may be "
     "repeated."},
    {"client", "KIND",
     "Which kind of client app, such as web, native or "
     "api-services; without --provider: authorization_code, "
     "device_code or client_credentials."},
    {"client-id", "ID", "The client id that the provider shows."},
    {"register", NULL,
     "Have the server register a client, if it supports that (with --issuer)."},
    {"secret-stdin", NULL,
     "Read the client secret from standard input; on a terminal without "
     "showing "
     "it."},
    {"secret-fd", "N", "Read the client secret from descriptor N."},
    {"refresh-token-stdin", NULL,
     "Read a refresh token that you have from standard input, on a terminal "
     "without showing it. It is used once, to prove it; another program that "
     "uses it will lose its login."},
    {"client-secret", "X", NULL},
    {"scope", "SCOPES", "What the tokens may do, separated by spaces."},
    {"store", "STORE",
     "Where logins and secrets are kept: keyring (the desktop's, the default) "
     "or sealed: files that need no desktop, for servers; see valetkey "
     "unlock."},
    {"redirect-uri", "URI", "The redirect URI that is registered there."},
    {"host", "URL", "A host that the tokens are for; may be repeated."},
    {"ca-file", "FILE", "Certificates to trust instead of the system's."},
    {"issuer", "URL", "A provider by its issuer: the rest is looked up."},
    {"mcp", "URL",
     "An MCP server: it says itself which provider it trusts and which scopes "
     "it wants; that is shown first, and the rest is looked up."},
    {"authorization-endpoint", "URL", "A provider by its endpoints."},
    {"token-endpoint", "URL", "See above."},
    {"device-authorization-endpoint", "URL", "See above; optional."},
    {"revocation-endpoint", "URL", "See above; optional."},
    {"auth", "METHOD",
     "client_secret_post, client_secret_basic, private_key_jwt, "
     "tls_client_auth or none."},
    {"client-key", "FILE",
     "The client's private key (PEM), instead of a secret."},
    {"client-key-id", "ID", "The key's name at the provider (kid)."},
    {"client-certificate", "FILE",
     "The client's certificate (PEM), for TLS with --client-key."},
    {"proxy", "URL",
     "Use this proxy, whatever the environment says; \"none\": use none."},
    {"resource-indicator", "URI",
     "What the tokens should be good for (RFC 8707); may be repeated."},
    {"keepalive", "YES",
     "yes or no: whether valetkey keepalive refreshes it when nobody uses it."},
    {"far", NULL,
     "Another machine keeps the login: valetkey share, which see."},
    {"socket", "PATH",
     "With --far: where that machine answers, instead of the usual place."},
    {"yes", NULL, "With --mcp or --refresh-token-stdin: go on without asking."},
    {"no-prompt", NULL, "Ask nothing; what is missing is an error."},
    {NULL, NULL, NULL},
};

static int run_add(struct cmd_args *args);

const struct cmd_verb cmd_add = {
    .name = "add",
    .summary = "add an account: register a client app, step by step",
    .usage = "add [ACCOUNT] [--provider NAME] [OPTIONS]",
    .about =
	"Walks you through registering a client app at the provider, takes "
	"its client id and client secret, tries the secret with one live "
	"request while the page that shows it is still open, and keeps it in "
	"the keyring. ACCOUNT is a name of your choice. On a terminal it asks "
	"for all that is missing, the provider and the name too. Every answer "
	"can be given as an option; the secret only on standard input or a "
	"descriptor, because command lines and environments can be read by "
	"others.",
    .options = options,
    .examples =
	"  valetkey add\n"
	"  valetkey add work --provider ninjaone\n"
	"  valetkey add robot --provider ninjaone --instance eu \\\n"
	"      --client api-services --client-id ID --secret-stdin <FILE\n"
	"  valetkey add mine --issuer https://login.example.com "
	"--client-id ID\n"
	"  valetkey add notes --mcp https://mcp.example.com/mcp\n"
	"  valetkey add work --far\n",
    .account = true,
    .account_optional = true,
    .run = run_add,
};

static int make_id(struct record *keys)
{
	unsigned char bytes[ACCOUNT_ID_LENGTH / 2];
	char id[ACCOUNT_ID_LENGTH + 1];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return cmd_fail(VALETKEY_ERR_HELPER,
				"Random numbers are not available: %s.",
				strerror(errno));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return record_add(keys, "id", id) ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

static int refuse_existing(const char *account)
{
	struct problem problem = {0};
	struct buf path = {0};
	int rc = unusable_folder(NULL, &problem);

	if (rc)
		return cmd_fail_problem(&problem);
	rc = account_path(&path, account);
	if (!rc && buf_str(&path, ".conf"))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc && access(path.data, F_OK) == 0)
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "There is an account \"%s\" already. Choose "
			      "another name, or change that one: valetkey edit "
			      "%s",
			      account, account);
	buf_free(&path);
	return rc;
}

/* ---- registration at the server ---- */

/* A client that nobody has registered yet, at a server that registers it itself
 * (RFC 7591): the person is asked, a script says --register. The helper does it,
 * because the answer may hold a secret. */

static int take_offer(struct cmd_adding *adding, const struct record *found)
{
	struct record *to = &adding->registration;
	const char *auth = record_get(found, "registration_auth");
	const char *grant = NULL;
	int rc = record_add(to, "registration_endpoint",
			    record_get(found, "registration_endpoint"));

	while (!rc && (grant = record_next(found, "grant_types[]", grant)))
		rc = record_add(to, "grant_types[]", grant);
	if (!rc && auth)
		rc = record_set(&adding->keys, "auth", auth);
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

int cmd_register_offer(struct cmd_adding *adding, const struct record *found)
{
	bool yes = cmd_option(adding->args, "register") != NULL;
	bool offered = record_get(found, "registration_endpoint") != NULL;
	bool mcp = record_get(&adding->keys, "mcp") != NULL;
	int rc = VALETKEY_OK;

	/* Of an MCP server it is shown before it is done. */
	if (mcp && offered && !cmd_option(adding->args, "client-id"))
		yes = true;
	if (yes && cmd_option(adding->args, "client-id"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--register makes a new client: leave out "
				"either --client-id or --register.");
	if (yes && !offered)
		return cmd_fail(VALETKEY_ERR_ARG,
				"The server does not register clients by "
				"itself. Register one by hand on its pages and "
				"give it: --client-id ID.");
	if (!yes && offered && adding->person &&
	    !cmd_option(adding->args, "refresh-token-stdin") &&
	    !cmd_option(adding->args, "client-id"))
		rc = cmd_answers_yes("The server registers clients by itself. "
				     "Have one registered now? [y/N]",
				     &yes);
	return !rc && yes ? take_offer(adding, found) : rc;
}

/* Keys get what the server answers; a secret is in the keyring already. */
static int have_client_registered(struct cmd_adding *adding)
{
	static const char *const keys[] = {"client_id", "auth", "scope",
					   "client_secret_expires_at", NULL};
	struct record request = {0}, answer = {0};
	struct cmd_call call = {
	    .request = &request,
	    .answer = &answer,
	    .timeout_s = REGISTER_S,
	    .interactive = adding->person,
	};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_append(&request, &adding->keys) == 0 &&
	    record_append(&request, &adding->registration) == 0 &&
	    record_set(&request, "op", "register") == 0 &&
	    record_set(&request, "account", adding->account) == 0)
		rc = cmd_call(&call);
	for (const char *const *key = keys; !rc && *key; key++)
		if (record_get(&answer, *key) &&
		    record_set(&adding->keys, *key, record_get(&answer, *key)))
			rc = VALETKEY_ERR_NOMEM;
	if (!rc)
		terminal_say(TERMINAL_GOOD,
			     "The server has registered a client: %s\n",
			     record_get(&adding->keys, "client_id"));
	record_free(&request);
	record_free(&answer);
	return rc;
}

/* ---- proving and keeping ---- */

/* One request to the helper for one secret. */
static int submit_account(struct cmd_adding *adding, const struct buf *secret,
			  struct record *answer)
{
	struct record request = {0};
	struct cmd_call call = {
	    .request = &request,
	    .answer = answer,
	    .timeout_s = ADD_S,
	    .interactive = adding->person,
	};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_append(&request, &adding->keys) == 0 &&
	    record_set(&request, "op", "add") == 0 &&
	    record_set(&request, "account", adding->account) == 0 &&
	    record_set(&request, "client_secret",
		       secret->len ? secret->data : NULL) == 0 &&
	    record_add(&request, "refresh_token", adding->refresh_token.data) ==
		0)
		rc = cmd_call(&call);
	record_free(&request);
	return rc;
}

static void tell_proof(const struct record *answer, const char *next, bool key)
{
	const char *proof = record_get(answer, "proof");
	const char *text = record_get(answer, "proof_text");

	if (!proof || strcmp(proof, "none") == 0)
		return;
	if (strcmp(proof, "accepted") == 0)
		terminal_say(TERMINAL_GOOD, "%s\n", text ? text : "");
	else
		terminal_say(
		    TERMINAL_WARNING,
		    "The %s, but not proven yet; the %s will show. %s\n",
		    key ? "client's key can be used" : "client secret is kept",
		    next, text ? text : "");
}

/* Removes what was all but done when a Ctrl-C came. */
static int take_back(const struct cmd_adding *adding)
{
	struct record request = {0}, answer = {0};
	struct cmd_call call = {
	    .request = &request, .answer = &answer, .timeout_s = ADD_S};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_add(&request, "op", "remove") == 0 &&
	    record_add(&request, "account", adding->account) == 0)
		rc = cmd_call(&call);
	record_free(&request);
	record_free(&answer);
	return rc ? rc : VALETKEY_ERR_CANCELED;
}

/* The result, if a Ctrl-C came before it or not; the next one acts at once. A
 * refresh token that was given has been replaced by then: it is not thrown away. */
static int end_hold(const struct cmd_adding *adding, int rc)
{
	if (cmd_signal_held() && (rc || !adding->refresh_token.len))
		rc = rc ? VALETKEY_ERR_CANCELED : take_back(adding);
	cmd_release_signals();
	return rc;
}

/* Meanwhile a Ctrl-C waits, so that nothing half done is left. *refused: it was
 * the secret that was not good. */
static int try_secret(struct cmd_adding *adding, const struct buf *secret,
		      struct record *answer, bool *refused)
{
	int rc, end;

	cmd_hold_signals();
	rc = submit_account(adding, secret, answer);
	end = end_hold(adding, rc);
	*refused = rc == VALETKEY_ERR_DENIED && end == rc &&
		   !adding->refresh_token.len;
	return end;
}

static void tell_added(const struct cmd_adding *adding,
		       const struct record *answer)
{
	bool given = adding->refresh_token.len;
	const char *next = adding->machine || given ? "token" : "login";

	if (given)
		terminal_say(TERMINAL_GOOD,
			     "The provider accepted the refresh token.\n");
	tell_proof(answer, next, adding->no_secret);
	terminal_say(TERMINAL_GOOD, "%s is added.\n", adding->account);
	terminal_say(TERMINAL_PLAIN, "Next: valetkey %s %s\n", next,
		     adding->account);
}

/* Until the provider accepts the secret, or the person gives up. */
static int keep_proven(struct cmd_adding *adding, int fd)
{
	bool again = adding->person && fd < 0 && !adding->no_secret;
	struct record answer = {0};
	struct buf secret = {0};
	bool refused;
	int rc = VALETKEY_OK;

	if (cmd_option(adding->args, "refresh-token-stdin"))
		rc = cmd_given_token_take(adding);
	if (rc)
		return rc;
	do {
		refused = false;
		record_free(&answer);
		rc = cmd_answers_client_id(adding);
		if (!rc)
			rc = cmd_secret_take(adding, fd, &secret);
		if (!rc)
			rc = try_secret(adding, &secret, &answer, &refused);
		if (refused && again)
			terminal_say(TERMINAL_WARNING,
				     "Nothing was kept. Copy them again "
				     "(Ctrl-C to stop).\n");
	} while (refused && again);
	if (!rc)
		tell_added(adding, &answer);
	record_free(&answer);
	buf_free(&secret);
	return rc;
}

/* A client that the server registers for us. */
static int keep_registered(struct cmd_adding *adding)
{
	const struct record none = {0};
	int rc;

	cmd_hold_signals();
	rc = end_hold(adding, have_client_registered(adding));
	if (!rc)
		tell_added(adding, &none);
	return rc;
}

/* ---- the whole ---- */

/* With a provider's file, or without one. */
static int walk_provider(struct cmd_adding *adding)
{
	const char *provider = cmd_option(adding->args, "provider");
	struct problem problem = {0};
	int rc;

	if (!provider) {
		rc = cmd_answers_overrides(adding);
		return rc ? rc : cmd_custom_walk(adding);
	}
	if (cmd_option(adding->args, "issuer") ||
	    cmd_option(adding->args, "mcp"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"A --provider already has its issuer: leave "
				"out one of the two.");
	rc = provider_load(provider, &adding->provider, &problem);
	if (rc)
		return cmd_fail_provider(provider, &problem);
	if (record_add(&adding->keys, "provider", provider))
		return VALETKEY_ERR_NOMEM;
	rc = cmd_steps_walk(adding);
	return rc ? rc : cmd_answers_overrides(adding);
}

/* Into keys, if it is not the usual one. A secret that is shown once must not have
 * been made before there is a place for it. */
static int choose_store(struct cmd_adding *adding)
{
	const char *store = cmd_option(adding->args, "store");
	bool sealed = store && strcmp(store, "sealed") == 0;
	int rc;

	if (!store)
		store = "keyring";
	if (!sealed && strcmp(store, "keyring") != 0)
		return cmd_fail(VALETKEY_ERR_ARG,
				"--store must be keyring or sealed.");
	if (sealed && record_add(&adding->keys, "store", store))
		return VALETKEY_ERR_NOMEM;
	rc = cmd_store_ready(store, adding->person);
	if (!sealed &&
	    (rc == VALETKEY_ERR_NO_BUS || rc == VALETKEY_ERR_NO_KEYRING))
		terminal_say(TERMINAL_PLAIN,
			     "On a computer without a desktop, keep it in "
			     "sealed files instead: --store sealed, see man "
			     "valetkey-headless\n");
	return rc;
}

static bool is_far(const struct cmd_args *args)
{
	return cmd_option(args, "far") || cmd_option(args, "socket");
}

/* Who it is, and where its secrets go: before the first question about a client. */
static int begin_adding(struct cmd_adding *adding, struct cmd_args *args,
			char name[ACCOUNT_NAME_MAX + 1])
{
	int rc = VALETKEY_OK;

	if (args->account)
		rc = refuse_existing(args->account);
	if (!rc && (args->account || adding->person) && !is_far(args))
		rc = choose_store(adding);
	if (!rc)
		rc = cmd_wizard_begin(adding, args, name);
	return rc ? rc : make_id(&adding->keys);
}

static int run_add(struct cmd_args *args)
{
	struct cmd_adding adding = {
	    .args = args,
	    .person = terminal_person() && !cmd_option(args, "no-prompt"),
	};
	char name[ACCOUNT_NAME_MAX + 1];
	int fd;
	int rc = cmd_secret_source(args, &fd);

	if (!rc && cmd_option(args, "register") &&
	    !cmd_option(args, "issuer") && !cmd_option(args, "mcp"))
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "--register needs the server's --issuer URL.");
	if (!rc)
		rc = cmd_given_token_check(&adding);
	if (!rc)
		rc = begin_adding(&adding, args, name);
	if (!rc && is_far(args)) {
		rc = cmd_add_far(&adding);
		goto out;
	}
	if (!rc)
		rc = walk_provider(&adding);
	if (!rc)
		rc = adding.registration.pairs.len ? keep_registered(&adding)
						   : keep_proven(&adding, fd);
out:
	if (rc == VALETKEY_ERR_CANCELED)
		cmd_fail_untold(rc, "Nothing was saved.");
	buf_free(&adding.refresh_token);
	record_free(&adding.registration);
	record_free(&adding.provider);
	record_free(&adding.keys);
	return rc;
}
