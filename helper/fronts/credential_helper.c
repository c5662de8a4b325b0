/* SPDX-License-Identifier: MIT */
/*
 * credential_helper.c - credential-helper-valetkey: Bazel and other programs that
 * ask which headers a URI needs (the "credential helper" protocol). They do not
 * tell of a 401, and show standard error.
 */
#include "front.h"

#include "command/terminal.h"
#include "core/text.h"

#include <stdio.h>
#include <string.h>

static int write_headers(const struct valetkey_token *token, struct buf *out)
{
	struct buf value = {0};
	int rc = buf_str(out, "{\"headers\":{\"Authorization\":[") ||
		 buf_str(&value, "Bearer ") ||
		 buf_str(&value, token->access_token) ||
		 text_json_string(out, value.data) || buf_str(out, "]}");

	if (!rc && token->expires_at)
		rc = buf_str(out, ",\"expires\":\"") ||
		     front_time(out, token->expires_at) || buf_char(out, '"');
	buf_free(&value);
	return rc || buf_str(out, "}\n");
}

/* A host of nobody's needs no header: they may ask for every URI that there is. */
static int answer_uri(const char *uri, struct buf *out)
{
	const struct front_asking asking = {.program = "credential helper",
					    .url = uri};
	struct front_token token = {0};
	int rc = front_token_get(&asking, &token);

	if (rc == VALETKEY_ERR_RESOURCE)
		rc = buf_str(out, "{\"headers\":{}}\n") ? VALETKEY_ERR_NOMEM
							: VALETKEY_OK;
	else if (rc)
		rc = cmd_fail_problem(&token.problem);
	else if (write_headers(token.token, out))
		rc = VALETKEY_ERR_NOMEM;
	front_token_close(&token);
	return rc;
}

static int get_headers(void)
{
	struct buf input = {0}, out = {0};
	struct record request = {0};
	const char *uri = NULL;
	int rc = front_read(&input, NULL);

	if (!rc)
		rc = front_json(&input, &request);
	if (!rc)
		uri = record_get(&request, "uri");
	if (rc == VALETKEY_ERR_ARG || (!rc && !uri))
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "This is not a request: it must be like "
			      "{\"uri\":\"https://example.com/\"}.");
	if (!rc)
		rc = answer_uri(uri, &out);
	if (!rc)
		rc = front_write(&out);
	buf_free(&input);
	buf_free(&out);
	record_free(&request);
	return cmd_end(rc);
}

static int run_credential_helper(int argc, char **argv)
{
	const char *verb = argc == 2 ? argv[1] : "";

	if (strcmp(verb, "get") == 0)
		return get_headers();
	terminal_say(TERMINAL_PLAIN,
		     "Usage: credential-helper-valetkey get <REQUEST\n"
		     "Bazel runs this: bazel build --credential_helper="
		     "example.com=/usr/bin/credential-helper-valetkey\n"
		     "See: man valetkey-fronts\n");
	return strcmp(verb, "--help") == 0 ? VALETKEY_OK : VALETKEY_ERR_ARG;
}

const struct front front_credential_helper = {
    .name = "credential-helper",
    .program = "credential-helper-valetkey",
    .summary = "Bazel, and what asks as Bazel does",
    .run = run_credential_helper,
};
