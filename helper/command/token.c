/* SPDX-License-Identifier: MIT */
/*
 * token.c - `valetkey token`: a valid access token on standard output, by
 * the public ABI like any other host.
 */
#include "command.h"
#include "terminal.h"

#include <stdio.h>

static const struct cmd_option options[] = {
    {"format", "FORMAT",
     "plain: the token and a newline (default). header: \"Authorization: "
     "Bearer TOKEN\". json: an object with token, expiry, scope and account. "
     "netrc: a line for each of the account's hosts. curl: for curl -K. env: "
     "VALETKEY_TOKEN=TOKEN. kubectl: for its credential plugins. xoauth2: for "
     "IMAP's and SMTP's AUTH."},
    {"user", "NAME", "For xoauth2 the mailbox, for netrc the login name."},
    {"resource", "URL",
     "What the token is for: an error if that is not one of the account's "
     "hosts."},
    {"min-valid", "SECONDS",
     "The token must be good for at least this long (default 60)."},
    {"scope", "\"SCOPE ...\"",
     "The token must have these scopes (default: the account's)."},
    {"timeout", "SECONDS", "Give up after this long (default 30)."},
    {"interactive", NULL,
     "A person is there: may ask to unlock the keyring, and may log in with "
     "the browser if that is needed."},
    {NULL, NULL, NULL},
};

static int run_token(struct cmd_args *args);

const struct cmd_verb cmd_token = {
    .name = "token",
    .summary = "print a valid access token",
    .usage = "token ACCOUNT [--format FORMAT] [--min-valid SECONDS]",
    .about = "Prints an access token that is good for at least --min-valid "
	     "seconds. A cached one is printed at once; one that has expired "
	     "is refreshed first, without asking anybody.\n\n"
	     "Ask for it each time you need it, rather than keeping a copy.",
    .options = options,
    .examples = "  curl -H \"$(valetkey token work --format header)\" \\\n"
		"      https://eu.ninjarmm.com/v2/organizations\n"
		"  TOKEN=$(valetkey token work --min-valid 600)\n"
		"  valetkey token work --format curl |\n"
		"      curl -K - https://eu.ninjarmm.com/v2/devices\n",
    .account = true,
    .run = run_token,
};

/* One write of one buffer: the token is in no stdio buffer that stays. */
static int print(const struct valetkey_token *token,
		 const struct cmd_format *format)
{
	struct buf out = {0};
	int rc;

	setvbuf(stdout, NULL, _IONBF, 0);
	rc = cmd_format_write(format, token, &out);
	if (rc)
		rc = cmd_fail(rc, "Out of memory.");
	else
		fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	return rc ? rc : cmd_flush();
}

static int read_request(const struct cmd_args *args,
			struct valetkey_request *request)
{
	int64_t min_valid = 0, timeout = 0;
	int rc = cmd_option_seconds(args, "min-valid", 86400 * 365, &min_valid);

	if (!rc)
		rc = cmd_option_seconds(args, "timeout", 3600, &timeout);
	*request = (struct valetkey_request){
	    .size = sizeof(*request),
	    .account = args->account,
	    .resource = cmd_option(args, "resource"),
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
	const char *name = cmd_option(args, "format");
	const struct cmd_format format = {name ? name : "plain",
					  cmd_option(args, "user")};
	const struct valetkey_token *token = NULL;
	struct valetkey *handle = NULL;
	struct valetkey_request request;
	int rc = read_request(args, &request);

	if (!rc)
		rc = cmd_format_check(&format);
	if (!rc)
		rc = cmd_account_exists(args->account);
	if (rc)
		return rc;
	rc = valetkey_open(&how, &handle);
	if (!rc)
		rc = valetkey_get(handle, &request, &token);
	if (rc)
		cmd_tell_failure(rc, &talk);
	else
		rc = print(token, &format);
	valetkey_token_free(token);
	valetkey_close(handle);
	return rc;
}
