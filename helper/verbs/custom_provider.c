/* SPDX-License-Identifier: MIT */
/*
 * custom_provider.c - `valetkey add` for a provider without a file: its endpoints
 * come from its issuer's metadata, which the helper asks for, or from options.
 */
#include "client/client.h"
#include "command/command.h"
#include "core/origin.h"
#include "command/terminal.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#define REDIRECT_URI "http://127.0.0.1:{port}/callback"

/* What the client proves itself with, as far as the options say; "ask": they do
 * not, but a person or the server may. */
static int known_proof(const struct cmd_adding *adding, const char **proof)
{
	const char *id = cmd_option(adding->args, "client-id");
	bool mcp = record_get(&adding->keys, "mcp") != NULL;
	/* Whoever reads it there knows all of it. */
	bool known = mcp && id && strncmp(id, "https://", 8) == 0;
	int fd;
	int rc = cmd_secret_source(adding->args, &fd);

	if (record_get(&adding->keys, "client_certificate"))
		*proof = "certificate";
	else if (record_get(&adding->keys, "client_key"))
		*proof = "key";
	else if (fd >= 0 || adding->machine)
		*proof = "secret";
	else if (!known &&
		 (adding->person || cmd_option(adding->args, "register") ||
		  (mcp && !id)))
		*proof = "ask";
	else
		*proof = "none";
	return rc;
}

/* Of a client that exists already the person knows whether it has a secret. */
static int ask_if_secret(struct cmd_adding *adding, const char *proof)
{
	bool yes = true;
	int rc = VALETKEY_OK;

	if (adding->person && strcmp(proof, "ask") == 0 &&
	    !adding->registration.pairs.len &&
	    !cmd_option(adding->args, "auth") &&
	    strcmp(record_get(&adding->keys, "auth"), "none") != 0)
		rc = cmd_answers_yes("Does the client have a client secret? "
				     "[y/N]",
				     &yes);
	if (!rc && !yes && record_set(&adding->keys, "auth", "none"))
		rc = VALETKEY_ERR_NOMEM;
	return rc;
}

static void tell_warnings(const struct record *answer)
{
	const char *text = NULL;

	while ((text = record_next(answer, "warning[]", text)))
		terminal_say(TERMINAL_WARNING, "%s\n", text);
}

/* A client id that is a URL is read there by the server, if it knows how. */
static void warn_client_url(const struct cmd_adding *adding,
			    const struct record *found)
{
	const char *id = cmd_option(adding->args, "client-id");

	if (id && strncmp(id, "https://", 8) == 0 &&
	    !record_get(found, "client_id_metadata_document_supported"))
		terminal_say(TERMINAL_WARNING,
			     "The server does not say that it takes a URL as "
			     "client id. If it does not know this one, leave "
			     "--client-id out or register a client there.\n");
}

/* What was given by hand stands over what the server says. Endpoints that are
 * all the server's own are asked for again from time to time (verbs/login.c). */
static int take_found(struct cmd_adding *adding, const struct record *answer)
{
	static const char *const no_keys[] = {
	    "result",
	    "warning[]",
	    "client_id_metadata_document_supported",
	    "grant_types[]",
	    "registration_auth",
	    "registration_endpoint",
	    "scope_choice[]",
	    NULL,
	};
	struct record found = {0};
	const char *key, *value;
	bool by_hand =
	    record_get(&adding->keys, "token_endpoint") ||
	    record_get(&adding->keys, "authorization_endpoint") ||
	    record_get(&adding->keys, "device_authorization_endpoint") ||
	    record_get(&adding->keys, "revocation_endpoint");
	size_t at = 0;
	int rc = record_append(&found, answer);

	for (const char *const *no = no_keys; *no; no++)
		record_remove(&found, *no);
	if (cmd_option(adding->args, "scope"))
		record_remove(&found, "scope");
	if (!by_hand)
		rc |= record_add_int(&found, "metadata_at", time(NULL));
	while (!rc && (key = record_each(&found, &at, &value)))
		if (strstr(key, "[]") || !record_get(&adding->keys, key))
			rc = record_add(&adding->keys, key, value);
	record_free(&found);
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

/* What the server says of itself, into `answer`. */
static int ask_server(struct cmd_adding *adding, const char *issuer,
		      const char *proof, struct record *answer)
{
	struct record request = {0};
	int rc = VALETKEY_ERR_NOMEM;

	record_free(answer);
	if (record_add(&request, "issuer", issuer) == 0 &&
	    record_add(&request, "proof", proof) == 0 &&
	    record_add(&request, "machine", adding->machine ? "1" : NULL) ==
		0 &&
	    record_add(&request, "choices", adding->person ? "1" : NULL) == 0 &&
	    record_add(&request, "mcp",
		       record_get(&adding->keys, "mcp") ? "1" : NULL) == 0)
		rc = cmd_discover(&request, &adding->keys, answer);
	record_free(&request);
	return rc;
}

/* Without its https:// an address is one, too. */
static int ask_issuer(struct buf *issuer)
{
	struct buf answer = {0};
	int rc = VALETKEY_OK;

	buf_clear(issuer);
	while (!rc && !answer.len)
		rc = terminal_ask("The server's address (its issuer), such as "
				  "https://login.example.com",
				  &answer);
	if (!rc &&
	    ((!strstr(answer.data, "://") && buf_str(issuer, "https://")) ||
	     buf_str(issuer, answer.data)))
		rc = VALETKEY_ERR_NOMEM;
	buf_free(&answer);
	return rc;
}

/* Whether another address may help; why this one does not was told. */
static bool asks_again(const struct cmd_adding *adding, int rc)
{
	return adding->asks_issuer &&
	       (rc == VALETKEY_ERR_ARG || rc == VALETKEY_ERR_NETWORK ||
		rc == VALETKEY_ERR_DENIED || rc == VALETKEY_ERR_TIMEOUT);
}

/* `issuer` may be empty, if it is to be asked for. */
static int find_server(struct cmd_adding *adding, struct buf *issuer,
		       const char *proof, struct record *answer)
{
	int rc = issuer->len ? VALETKEY_OK : ask_issuer(issuer);

	if (!rc)
		rc = ask_server(adding, issuer->data, proof, answer);
	while (asks_again(adding, rc)) {
		rc = ask_issuer(issuer);
		if (!rc)
			rc = ask_server(adding, issuer->data, proof, answer);
	}
	return rc;
}

/* A scope that the server does not list may be there all the same (RFC 8414 2). */
static int choose_custom_scope(struct cmd_adding *adding,
			       const struct record *found)
{
	const struct cmd_scopes scopes = {
	    .known = found,
	    .commas = record_get(found, "scope_choice[]") != NULL};
	struct buf scope = {0};
	int rc = VALETKEY_OK;

	if (!adding->person || cmd_option(adding->args, "scope") ||
	    record_get(&adding->keys, "mcp"))
		return rc;
	rc = cmd_scopes_ask(&scopes, &scope);
	if (!rc && scope.len && record_set(&adding->keys, "scope", scope.data))
		rc = VALETKEY_ERR_NOMEM;
	buf_free(&scope);
	return rc;
}

static int discover_endpoints(struct cmd_adding *adding, struct buf *issuer)
{
	struct record answer = {0};
	const char *proof;
	int rc = known_proof(adding, &proof);

	if (!rc)
		rc = find_server(adding, issuer, proof, &answer);
	if (!rc) {
		tell_warnings(&answer);
		rc = take_found(adding, &answer);
	}
	if (!rc)
		warn_client_url(adding, &answer);
	if (!rc)
		rc = choose_custom_scope(adding, &answer);
	if (!rc)
		rc = cmd_register_offer(adding, &answer);
	if (!rc)
		rc = ask_if_secret(adding, proof);
	if (!rc)
		adding->no_secret = strncmp(record_get(&adding->keys, "auth"),
					    "client_secret_", 14) != 0;
	record_free(&answer);
	return rc;
}

/* The tokens are for the server's own host, unless options say otherwise. */
static int default_host(struct cmd_adding *adding)
{
	const char *url = record_get(&adding->keys, "token_endpoint");
	char origin[ORIGIN_MAX];

	if (record_get(&adding->keys, "hosts[]") || !url ||
	    origin_of(url, origin) != 0)
		return VALETKEY_OK;
	return record_add(&adding->keys, "hosts[]", origin) ? VALETKEY_ERR_NOMEM
							    : VALETKEY_OK;
}

/* Everything that is known without a question. */
static int check_custom_options(const struct cmd_adding *adding,
				enum grant_type grant)
{
	if (cmd_option(adding->args, "instance"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--instance belongs to a --provider. See: "
				"valetkey providers");
	if (grant == GRANT_TYPE_UNKNOWN)
		return cmd_fail(VALETKEY_ERR_ARG,
				"Without --provider the kind of client is "
				"authorization_code, device_code or "
				"client_credentials.");
	if (grant == GRANT_TYPE_DEVICE_CODE &&
	    cmd_option(adding->args, "register"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--register cannot make a client for the "
				"device login only: leave --client out.");
	if (!adding->asks_issuer && !cmd_option(adding->args, "issuer") &&
	    !cmd_option(adding->args, "mcp") &&
	    !record_get(&adding->keys, "token_endpoint"))
		return cmd_fail(
		    VALETKEY_ERR_ARG,
		    "Which provider? Give --provider NAME (see: "
		    "valetkey providers), or --issuer URL, or "
		    "--mcp URL, or --authorization-endpoint URL and "
		    "--token-endpoint URL.");
	return VALETKEY_OK;
}

/*
 * RFC 8252 8.10, RFC 9700 2.1: a redirect URI for each authorization server, so
 * that the answer of one cannot pass for another's. Its path is made of the
 * issuer, and always the same.
 */
static int unique_redirect(const struct cmd_adding *adding, struct buf *uri)
{
	const char *of = record_get(&adding->keys, "issuer");
	int rc = buf_str(uri, REDIRECT_URI);

	if (!of)
		of = record_get(&adding->keys, "authorization_endpoint");
	for (of = of ? strstr(of, "://") + 2 : ""; !rc && *of; of++) {
		bool start = uri->data[uri->len - 1] == '/';

		if (isalnum((unsigned char)*of) ||
		    (strchr("-._", *of) && !(start && *of == '.')))
			rc = buf_char(uri, *of);
		else if (*of != '/')
			rc = buf_char(uri, '-');
		else if (of[1] && !start)
			rc = buf_char(uri, '/');
	}
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

static int put_custom_redirect(struct cmd_adding *adding)
{
	struct buf unique = {0};
	const char *uri;
	int rc = cmd_answers_option(adding->args, "redirect-uri", &uri);

	if (!rc && !uri)
		rc = unique_redirect(adding, &unique);
	if (!rc &&
	    record_add(&adding->keys, "redirect_uri", uri ? uri : unique.data))
		rc = VALETKEY_ERR_NOMEM;
	buf_free(&unique);
	return rc;
}

static int put_custom_keys(struct cmd_adding *adding, enum grant_type grant)
{
	bool device = grant == GRANT_TYPE_DEVICE_CODE;
	bool browser = !adding->machine && !device;
	const char *scope;
	int rc = cmd_answers_option(adding->args, "scope", &scope);

	if (!rc && browser &&
	    !record_get(&adding->keys, "authorization_endpoint"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"Where do people log in? Give it: "
				"--authorization-endpoint URL.");
	if (!rc && device &&
	    !record_get(&adding->keys, "device_authorization_endpoint"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"Where does a device log in? Give it: "
				"--device-authorization-endpoint URL.");
	if (!rc && browser)
		rc = put_custom_redirect(adding);
	if (!rc &&
	    (record_add(&adding->keys, "grant", grant_type_name(grant)) ||
	     record_add(&adding->keys, "scope", scope)))
		rc = VALETKEY_ERR_NOMEM;
	return rc;
}

/* What to register there. It is nowhere else to be seen. */
static void show_redirect(const struct cmd_adding *adding)
{
	const char *uri = record_get(&adding->keys, "redirect_uri");
	const char *port = uri ? strstr(uri, ":{port}") : NULL;
	const char *id = cmd_option(adding->args, "client-id");
	struct buf text = {0};
	int rc;

	if (!uri)
		return;
	rc = id && strncmp(id, "https://", 8) == 0
		 ? buf_fmt(&text, "What is at %s must list the redirect URI ",
			   id)
		 : buf_str(&text,
			   "Register a client there with the redirect URI ");
	if (port)
		rc = rc ||
		     buf_fmt(
			 &text,
			 "%.*s%s (its port changes; if the provider compares "
			 "it, give a fixed one with --redirect-uri).",
			 (int)(port - uri), uri, port + strlen(":{port}"));
	else
		rc = rc || buf_str(&text, uri);
	if (!rc)
		terminal_wrap(0, text.data);
	buf_free(&text);
}

int cmd_custom_walk(struct cmd_adding *adding)
{
	const char *given = cmd_option(adding->args, "issuer");
	const char *client = cmd_option(adding->args, "client");
	enum grant_type grant =
	    client ? grant_type_of(client) : GRANT_TYPE_AUTHORIZATION_CODE;
	bool mcp = cmd_option(adding->args, "mcp") != NULL;
	struct buf issuer = {0};
	int rc = check_custom_options(adding, grant);

	adding->machine = grant == GRANT_TYPE_CLIENT_CREDENTIALS;
	if (!rc && mcp)
		rc = cmd_mcp_find(adding, &issuer);
	else if (!rc && given && buf_str(&issuer, given))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc && (issuer.len || adding->asks_issuer))
		rc = discover_endpoints(adding, &issuer);
	if (!rc)
		rc = put_custom_keys(adding, grant);
	if (!rc)
		rc = default_host(adding);
	if (!rc && mcp)
		rc = cmd_mcp_agree_adding(adding);
	buf_free(&issuer);
	if (!rc && !adding->registration.pairs.len &&
	    !cmd_option(adding->args, "refresh-token-stdin") &&
	    (adding->person || !cmd_option(adding->args, "redirect-uri")))
		show_redirect(adding);
	return rc;
}
