/* SPDX-License-Identifier: MIT */
/*
 * cmd_add.c - `valetkey add`: takes a person (or a script) from nothing to an
 * account whose client secret was proven and lies in the keyring. The secret is
 * typed without echo or read from a descriptor, never taken from argv or the
 * environment; the account's file appears last.
 */
#include "account.h"
#include "cmd.h"
#include "origin.h"
#include "provider.h"
#include "terminal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define SECRET_MAX 4096
#define ADD_S 120

static const struct cmd_option options[] = {
    {"provider", "NAME", "A provider that valetkey knows: valetkey providers."},
    {"instance", "CODE",
     "Which region, or your own host, such as eu or "
     "acme.rmmservice.com."},
    {"client", "KIND",
     "Which kind of client app, such as web, native or "
     "api-services; without --provider: authorization_code "
     "or client_credentials."},
    {"client-id", "ID", "The client id that the provider shows."},
    {"secret-stdin", NULL, "Read the client secret from standard input."},
    {"secret-fd", "N", "Read the client secret from descriptor N."},
    {"client-secret", "X", NULL},
    {"scope", "SCOPES", "What the tokens may do, with spaces between."},
    {"redirect-uri", "URI", "The redirect URI that is registered there."},
    {"host", "URL", "A host that the tokens are for; may be repeated."},
    {"ca-file", "FILE", "Certificates to trust instead of the system's."},
    {"issuer", "URL", "A provider by its issuer: the rest is looked up."},
    {"authorization-endpoint", "URL", "A provider by its endpoints."},
    {"token-endpoint", "URL", "See above."},
    {"revocation-endpoint", "URL", "See above; optional."},
    {"auth", "METHOD", "client_secret_post, client_secret_basic or none."},
    {"no-prompt", NULL, "Ask nothing; what is missing is an error."},
    {NULL, NULL, NULL},
};

static int run_add(struct cmd_args *args);

const struct cmd_verb cmd_add = {
    .name = "add",
    .summary = "add an account: register a client app, step by step",
    .usage = "add ACCOUNT --provider NAME [OPTIONS]",
    .about =
	"Walks you through registering a client app at the provider, takes "
	"its client id and client secret, tries the secret with one live "
	"request while the page that shows it is still open, and keeps it in "
	"the keyring. ACCOUNT is a name of your choice. Every answer can be "
	"given as an option; the secret only on standard input or a "
	"descriptor, because command lines and environments can be read by "
	"others.",
    .options = options,
    .examples =
	"  valetkey add work --provider ninjaone\n"
	"  valetkey add robot --provider ninjaone --instance eu \\\n"
	"      --client api-services --client-id ID --secret-stdin <FILE\n"
	"  valetkey add mine --issuer https://login.example.com "
	"--client-id ID\n",
    .account = true,
    .run = run_add,
};

int cmd_add_value(const struct cmd_args *args, const char *option,
		  const char **value)
{
	*value = cmd_option(args, option);
	for (const char *c = *value; c && *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return cmd_fail(VALETKEY_ERR_ARG,
					"--%s must not hold control "
					"characters.",
					option);
	return VALETKEY_OK;
}

int cmd_add_endpoint(struct cmd_adding *adding, const char *key)
{
	char option[32], origin[ORIGIN_MAX];
	const char *url;
	size_t i = 0;

	for (; key[i] && i < sizeof(option) - 1; i++)
		option[i] = key[i] == '_' ? '-' : key[i];
	option[i] = '\0';
	url = cmd_option(adding->args, option);
	if (!url)
		return VALETKEY_OK;
	if (origin_of(url, origin) != 0)
		return cmd_fail(VALETKEY_ERR_ARG,
				"--%s must be a https URL (http only for this "
				"computer itself).",
				option);
	return record_set(&adding->keys, key, url) ? VALETKEY_ERR_NOMEM
						   : VALETKEY_OK;
}

static int make_id(struct record *keys)
{
	unsigned char bytes[ACCOUNT_ID_LENGTH / 2];
	char id[ACCOUNT_ID_LENGTH + 1];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return cmd_fail(VALETKEY_ERR_HELPER, "No random numbers: %s.",
				strerror(errno));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return record_add(keys, "id", id) ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

static int refuse_existing(const char *account)
{
	struct buf path = {0};
	int rc = account_path(&path, account);

	if (!rc && buf_str(&path, ".conf"))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc && access(path.data, F_OK) == 0)
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "There is an account \"%s\" already. Choose "
			      "another name, or run: valetkey remove %s",
			      account, account);
	buf_free(&path);
	return rc;
}

/* ---- what the person or the script gives ---- */

static int take_client_id(struct cmd_adding *adding)
{
	const char *id;
	struct buf answer = {0};
	int rc = cmd_add_value(adding->args, "client-id", &id);

	if (!rc && !id && !adding->person)
		return cmd_fail(VALETKEY_ERR_ARG,
				"Which client? Give it: --client-id ID.");
	while (!rc && !id && !answer.len)
		rc = terminal_ask("Client ID", &answer);
	if (!rc &&
	    record_set(&adding->keys, "client_id", id ? id : buf_text(&answer)))
		rc = VALETKEY_ERR_NOMEM;
	buf_free(&answer);
	return rc;
}

/* The descriptor that options name, -1 where they name none. */
static int secret_descriptor(const struct cmd_args *args, int *fd)
{
	const char *text = cmd_option(args, "secret-fd");
	char *end;
	long number;

	*fd = cmd_option(args, "secret-stdin") ? STDIN_FILENO : -1;
	if (!text)
		return VALETKEY_OK;
	number = strtol(text, &end, 10);
	if (!*text || *end || number < 0 || number > INT_MAX)
		return cmd_fail(VALETKEY_ERR_ARG,
				"--secret-fd needs the number of a "
				"descriptor.");
	*fd = (int)number;
	return VALETKEY_OK;
}

/* Everything up to the end, without the newline at it. */
static int read_secret(int fd, struct buf *secret)
{
	ssize_t n;

	do {
		if (buf_reserve(secret, SECRET_MAX))
			return VALETKEY_ERR_NOMEM;
		n = read(fd, secret->data + secret->len, SECRET_MAX);
		if (n > 0)
			secret->len += (size_t)n;
		if (secret->len > SECRET_MAX)
			return cmd_fail(VALETKEY_ERR_ARG,
					"The client secret is longer than %d "
					"bytes.",
					SECRET_MAX);
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return cmd_fail(VALETKEY_ERR_ARG,
				"The client secret cannot be read: %s.",
				strerror(errno));
	secret->data[secret->len] = '\0';
	while (secret->len && strchr("\r\n", secret->data[secret->len - 1]))
		secret->data[--secret->len] = '\0';
	return VALETKEY_OK;
}

static int take_secret(struct cmd_adding *adding, int fd, struct buf *secret)
{
	int rc = VALETKEY_OK;

	if (adding->no_secret)
		return rc;
	if (fd >= 0)
		rc = read_secret(fd, secret);
	else if (!adding->person)
		return cmd_fail(VALETKEY_ERR_ARG,
				"The client secret is missing. Give it by "
				"--secret-stdin or --secret-fd N.");
	else
		rc = terminal_ask_secret("Client secret (not shown)", secret);
	if (!rc && !secret->len)
		return cmd_fail(VALETKEY_ERR_ARG,
				"The client secret is empty.");
	if (!rc && strlen(secret->data) != secret->len)
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "The client secret must not hold NUL bytes.");
	for (size_t i = 0; !rc && i < secret->len; i++)
		if ((unsigned char)secret->data[i] < 0x20 ||
		    secret->data[i] == 0x7f)
			rc = cmd_fail(VALETKEY_ERR_ARG,
				      "The client secret must be one line "
				      "without control characters.");
	return rc;
}

/* What options may change of any provider. */
static int take_overrides(struct cmd_adding *adding)
{
	static const char *const keys[] = {"authorization_endpoint",
					   "token_endpoint",
					   "revocation_endpoint", NULL};
	const char *auth, *ca_file, *host = NULL;
	char origin[ORIGIN_MAX];
	int rc = cmd_add_value(adding->args, "auth", &auth);

	for (const char *const *key = keys; *key && !rc; key++)
		rc = cmd_add_endpoint(adding, *key);
	if (!rc)
		rc = cmd_add_value(adding->args, "ca-file", &ca_file);
	if (!rc && ca_file && *ca_file != '/')
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "--ca-file must be an absolute path.");
	while (!rc &&
	       (host = record_next(&adding->args->options, "host", host)))
		if (origin_of(host, origin) != 0)
			rc = cmd_fail(VALETKEY_ERR_ARG,
				      "--host must be a https URL (http only "
				      "for this computer itself).");
		else if (record_add(&adding->keys, "hosts[]", origin))
			rc = VALETKEY_ERR_NOMEM;
	if (!rc && (record_add(&adding->keys, "auth", auth) ||
		    record_add(&adding->keys, "ca_file", ca_file)))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc && auth)
		adding->no_secret = strcmp(auth, "none") == 0;
	return rc;
}

/* ---- proving and keeping ---- */

/* One request to the helper for one secret. */
static int submit(struct cmd_adding *adding, const struct buf *secret,
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
		       secret->len ? secret->data : NULL) == 0)
		rc = cmd_call(&call);
	record_free(&request);
	return rc;
}

static void tell_proof(const struct record *answer)
{
	const char *proof = record_get(answer, "proof");
	const char *text = record_get(answer, "proof_text");

	if (!proof || strcmp(proof, "none") == 0)
		return;
	if (strcmp(proof, "accepted") == 0)
		terminal_say(TERMINAL_GOOD, "%s\n", text ? text : "");
	else
		terminal_say(TERMINAL_WARNING,
			     "The client secret is kept, but not proven yet; "
			     "the login will show. %s\n",
			     text ? text : "");
}

/* The file is written before the secret goes out and gets its name after. In
 * between a Ctrl-C waits, so that nothing half stays behind. */
static int attempt(struct cmd_adding *adding, const struct buf *secret,
		   struct record *answer)
{
	struct cmd_account_file file = {0};
	int rc;

	cmd_hold_signals();
	rc = cmd_account_prepare(adding->account, &adding->keys, &file);
	if (!rc) {
		rc = submit(adding, secret, answer);
		if (!rc)
			rc = cmd_account_publish(&file);
		else
			cmd_account_discard(&file);
	}
	if (cmd_release_signals() && rc)
		rc = VALETKEY_ERR_CANCELED;
	return rc;
}

/* Until the provider does not refuse it, or the person gives up. */
static int keep(struct cmd_adding *adding)
{
	struct record answer = {0};
	struct buf secret = {0};
	int fd;
	int rc = secret_descriptor(adding->args, &fd);

	while (!rc) {
		buf_clear(&secret);
		rc = take_secret(adding, fd, &secret);
		if (!rc)
			rc = attempt(adding, &secret, &answer);
		if (rc != VALETKEY_ERR_DENIED || !adding->person || fd >= 0)
			break;
		terminal_say(TERMINAL_WARNING,
			     "The provider refused this secret. Copy it again "
			     "(Ctrl-C ends).\n");
		record_free(&answer);
		rc = VALETKEY_OK;
	}
	if (!rc) {
		tell_proof(&answer);
		terminal_say(TERMINAL_GOOD, "%s is added.\n", adding->account);
		terminal_say(TERMINAL_PLAIN, "Next: valetkey %s %s\n",
			     adding->machine ? "token" : "login",
			     adding->account);
	}
	record_free(&answer);
	buf_free(&secret);
	return rc;
}

static int walk(struct cmd_adding *adding, const char *provider)
{
	struct problem problem = {0};
	int rc;

	if (!provider) {
		rc = take_overrides(adding);
		return rc ? rc : cmd_custom_walk(adding);
	}
	rc = provider_load(provider, &adding->provider, &problem);
	if (rc)
		return cmd_fail_problem(&problem);
	if (record_add(&adding->keys, "provider", provider))
		return VALETKEY_ERR_NOMEM;
	rc = cmd_steps_walk(adding);
	return rc ? rc : take_overrides(adding);
}

static int run_add(struct cmd_args *args)
{
	struct cmd_adding adding = {
	    .args = args,
	    .account = args->account,
	    .person = terminal_person() && !cmd_option(args, "no-prompt"),
	};
	int rc;

	if (cmd_option(args, "client-secret"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"A secret on the command line can be read by "
				"every user of this computer, so it is not "
				"taken. Use --secret-stdin, and change the "
				"secret that was just shown.");
	rc = refuse_existing(args->account);
	if (!rc)
		rc = make_id(&adding.keys);
	if (!rc)
		rc = walk(&adding, cmd_option(args, "provider"));
	if (!rc)
		rc = take_client_id(&adding);
	if (!rc)
		rc = keep(&adding);
	record_free(&adding.provider);
	record_free(&adding.keys);
	return rc;
}
