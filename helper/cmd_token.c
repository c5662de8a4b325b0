/* SPDX-License-Identifier: MIT */
/*
 * cmd_token.c - `valetkey token`: a valid access token on standard output, by
 * the public ABI like any other host.
 */
#include "cmd.h"
#include "terminal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct cmd_option options[] = {
    {"format", "plain|header|json",
     "plain: the token and a newline (default). header: \"Authorization: "
     "Bearer TOKEN\". json: an object with token, expiry, scope and account."},
    {"min-valid", "SECONDS",
     "The token must be good for that long (default 60)."},
    {"scope", "\"SCOPE ...\"",
     "The token must have these scopes (default: the account's)."},
    {"timeout", "SECONDS", "Give up after that long (default 30)."},
    {"interactive", NULL,
     "A person is there: may ask to unlock the keyring, and may log in with "
     "the browser where that is needed."},
    {NULL, NULL, NULL},
};

static int run_token(struct cmd_args *args);

const struct cmd_verb cmd_token = {
    .name = "token",
    .summary = "print a valid access token",
    .usage = "token ACCOUNT [--format plain|header|json] [--min-valid SECONDS]",
    .about = "Prints an access token that is good for at least --min-valid "
	     "seconds. A cached one is printed at once; one that is over is "
	     "refreshed first, without a question to anybody.\n\nAsk for it "
	     "each time you need it, rather than keeping a copy.",
    .options = options,
    .examples = "  curl -H \"$(valetkey token work --format header)\" \\\n"
		"      https://eu.ninjarmm.com/v2/organizations\n"
		"  TOKEN=$(valetkey token work --min-valid 600)\n",
    .account = true,
    .run = run_token,
};

static int write_json(const struct valetkey_token *token, struct buf *out)
{
	int64_t left = token->expires_at - (int64_t)time(NULL);
	int rc = buf_str(out, "{\"access_token\":") ||
		 cmd_json_string(out, token->access_token) ||
		 buf_str(out, ",\"token_type\":\"Bearer\"");

	/* Absent where the provider does not say. */
	if (!rc && token->expires_at)
		rc = buf_fmt(out, ",\"expires_at\":%lld,\"expires_in\":%lld",
			     (long long)token->expires_at,
			     (long long)(left > 0 ? left : 0));
	if (!rc && *token->scope)
		rc = buf_str(out, ",\"scope\":") ||
		     cmd_json_string(out, token->scope);
	return rc || buf_str(out, ",\"account\":") ||
	       cmd_json_string(out, token->account) || buf_str(out, "}\n");
}

/* One write of one buffer: the token is in no stdio buffer that stays. */
static int print(const struct valetkey_token *token, const char *format)
{
	struct buf out = {0};
	int rc;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (strcmp(format, "json") == 0)
		rc = write_json(token, &out);
	else
		rc = buf_str(&out, strcmp(format, "header") == 0
				       ? "Authorization: Bearer "
				       : "") ||
		     buf_str(&out, token->access_token) || buf_char(&out, '\n');
	if (rc)
		rc = cmd_fail(VALETKEY_ERR_NOMEM, "Out of memory.");
	else
		fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	return rc ? rc : cmd_flush();
}

static int read_request(const struct cmd_args *args,
			struct valetkey_request *request)
{
	const char *format = cmd_option(args, "format");
	int64_t min_valid = 0, timeout = 0;
	int rc = cmd_option_seconds(args, "min-valid", 86400 * 365, &min_valid);

	if (!rc)
		rc = cmd_option_seconds(args, "timeout", 3600, &timeout);
	if (!rc && format && strcmp(format, "plain") != 0 &&
	    strcmp(format, "header") != 0 && strcmp(format, "json") != 0)
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "\"%s\" is no format. Choose --format plain, "
			      "header or json.",
			      format);
	*request = (struct valetkey_request){
	    .size = sizeof(*request),
	    .account = args->account,
	    .scope = cmd_option(args, "scope"),
	    .min_valid_s = (uint32_t)min_valid,
	    .timeout_ms = (uint32_t)timeout * 1000,
	    .flags = cmd_option(args, "interactive") ? VALETKEY_INTERACTIVE : 0,
	};
	return rc;
}

static int run_token(struct cmd_args *args)
{
	struct cmd_talk talk = {.account = args->account, .browser = true};
	const struct valetkey_options how = {.size = sizeof(how),
					     .program = "valetkey",
					     .converse = cmd_converse,
					     .data = &talk};
	const char *format = cmd_option(args, "format");
	const struct valetkey_token *token = NULL;
	struct valetkey *handle = NULL;
	struct valetkey_request request;
	int rc = read_request(args, &request);

	if (!rc)
		rc = cmd_account_exists(args->account);
	if (rc)
		return rc;
	if (request.flags)
		cmd_cancel_on_signals();
	rc = valetkey_open(&how, &handle);
	if (!rc)
		rc = valetkey_get(handle, &request, &token);
	if (rc)
		cmd_tell_failure(rc, &talk);
	else
		rc = print(token, format ? format : "plain");
	valetkey_token_free(token);
	valetkey_close(handle);
	return rc;
}
