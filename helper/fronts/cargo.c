/* SPDX-License-Identifier: MIT */
/*
 * cargo.c - cargo-credential-valetkey: cargo gets an account's token for a
 * registry (its credential-provider protocol: a JSON object a line, until it closes
 * standard input). It keeps the token until that expires, asks for none after a
 * 401 to that, and shows the message of an error.
 */
#include "front.h"

#include "command/terminal.h"
#include "core/text.h"
#include "git_message.h"

#include <string.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#define MARGIN_S 30 /* a request that has begun must still arrive */

/* What stands behind our name in cargo's configuration. */
struct cargo_options {
	const char *account; /* NULL: none */
	bool plain;	     /* the registry wants the token without "Bearer" */
};

static bool take_cargo_word(const char *word, struct cargo_options *options)
{
	if (strcmp(word, "--plain") == 0) {
		options->plain = true;
		return true;
	}
	if (options->account || !account_name_ok(word))
		return false;
	options->account = word;
	return true;
}

/* ---- answers ---- */

static int write_error(struct buf *out, const char *kind, const char *message)
{
	int rc = buf_fmt(out, "{\"Err\":{\"kind\":\"%s\"", kind);

	if (!rc && message)
		rc = buf_str(out, ",\"message\":") ||
		     text_json_string(out, message) ||
		     buf_str(out, ",\"caused-by\":[]");
	return rc || buf_str(out, "}}\n");
}

static int write_cargo_token(const struct cargo_options *options,
			     const struct valetkey_token *token,
			     struct buf *out)
{
	struct buf value = {0};
	int rc = buf_str(out, "{\"Ok\":{\"kind\":\"get\",\"token\":") ||
		 buf_str(&value, options->plain ? "" : "Bearer ") ||
		 buf_str(&value, token->access_token) ||
		 text_json_string(out, value.data);

	if (!rc && token->expires_at)
		rc = buf_fmt(out, ",\"cache\":\"expires\",\"expiration\":%lld",
			     (long long)token->expires_at - MARGIN_S);
	else if (!rc)
		rc = buf_str(out, ",\"cache\":\"session\"");
	buf_free(&value);
	return rc || buf_str(out, ",\"operation_independent\":true}}\n");
}

/* ---- get ---- */

/* Whether the registry's challenge says that a token was refused. cargo's first
 * request has none, and some registries say so of that as well. */
static enum front_refusal read_refused(const struct record *request)
{
	static const char name[] = "WWW-Authenticate:";
	const char *header = NULL;

	while ((header = record_next(request, "registry.headers[]", header)))
		if (strncasecmp(header, name, strlen(name)) == 0 &&
		    git_challenge_refuses(header + strlen(name)))
			return FRONT_PERHAPS_REFUSED;
	return FRONT_NOT_REFUSED;
}

static int answer_cargo_get(const struct cargo_options *options,
			    const struct record *request, struct buf *out)
{
	const char *url = record_get(request, "registry.index-url");
	struct front_asking asking = {.program = "cargo",
				      .account = options->account,
				      .url = url ? url : "",
				      .refused = read_refused(request)};
	struct front_token token = {0};
	int rc;

	if (strncmp(asking.url, "sparse+", 7) == 0)
		asking.url += 7;
	rc = front_token_get(&asking, &token);
	if (rc == VALETKEY_ERR_RESOURCE)
		rc = write_error(out, "url-not-supported", NULL);
	else if (rc)
		rc = write_error(out, "other", token.problem.text);
	else
		rc = write_cargo_token(options, token.token, out);
	front_token_close(&token);
	return rc;
}

/* ---- the talk ---- */

static int answer_line(const struct cargo_options *options,
		       const struct buf *line, struct buf *out)
{
	struct cargo_options given = {0};
	struct record request = {0};
	const char *kind, *word = NULL;
	bool good = true;
	int rc = front_json(line, &request);

	if (rc)
		return write_error(out, "other",
				   rc == VALETKEY_ERR_ARG
				       ? "This is not a request from cargo."
				       : valetkey_strerror(rc));
	kind = record_get(&request, "kind");
	/* cargo says them here, and may do so on our command line. */
	while ((word = record_next(&request, "args[]", word)))
		good = take_cargo_word(word, &given) && good;
	if (!given.account)
		given.account = options->account;
	given.plain = given.plain || options->plain;
	if (!good)
		rc = write_error(out, "other",
				 "Behind cargo-credential-valetkey there may "
				 "be an account's name, and --plain.");
	else if (kind && strcmp(kind, "get") == 0)
		rc = answer_cargo_get(&given, &request, out);
	else
		rc = write_error(out, "operation-not-supported", NULL);
	record_free(&request);
	return rc;
}

/* A line at a time; input keeps what came behind it. */
static int next_line(struct buf *input, struct buf *line)
{
	const char *end = input->len ? strchr(input->data, '\n') : NULL;
	int rc = end ? VALETKEY_OK : front_read(input, "\n");

	if (rc || !input->len)
		return rc;
	end = strchr(input->data, '\n');
	if (!end)
		end = input->data + strlen(input->data);
	if (buf_add(line, input->data, (size_t)(end - input->data)))
		return VALETKEY_ERR_NOMEM;
	buf_eat(input, line->len + (*end == '\n'));
	return VALETKEY_OK;
}

static int talk_to_cargo(const struct cargo_options *options)
{
	struct buf input = {0}, line = {0}, out = {0};
	int rc = buf_str(&out, "{\"v\":[1]}\n") ? VALETKEY_ERR_NOMEM
						: front_write(&out);

	while (!rc && (rc = next_line(&input, &line)) == VALETKEY_OK &&
	       line.len) {
		buf_clear(&out);
		if (answer_line(options, &line, &out))
			rc = VALETKEY_ERR_NOMEM;
		else
			rc = front_write(&out);
		buf_clear(&line);
	}
	buf_free(&input);
	buf_free(&line);
	buf_free(&out);
	return cmd_end(rc);
}

static int fail_cargo_usage(int rc)
{
	terminal_say(
	    TERMINAL_PLAIN,
	    "cargo runs this, if its configuration has:\n"
	    "  [registries.NAME]\n"
	    "  credential-provider = [\"cargo-credential-valetkey\"]\n"
	    "Behind it: \"ACCOUNT\", if several accounts have the registry's "
	    "host; \"--plain\", if\nthe registry takes a token without "
	    "\"Bearer\". See: man valetkey-fronts\n");
	return rc;
}

static int run_cargo(int argc, char **argv)
{
	struct cargo_options options = {0};

	if (argc < 2 || strcmp(argv[1], "--cargo-plugin") != 0)
		return fail_cargo_usage(argc == 2 &&
						strcmp(argv[1], "--help") == 0
					    ? VALETKEY_OK
					    : VALETKEY_ERR_ARG);
	for (int i = 2; i < argc; i++)
		if (!take_cargo_word(argv[i], &options))
			return fail_cargo_usage(VALETKEY_ERR_ARG);
	return talk_to_cargo(&options);
}

const struct front front_cargo = {
    .name = "cargo",
    .program = "cargo-credential-valetkey",
    .summary = "cargo, for a registry",
    .run = run_cargo,
};
