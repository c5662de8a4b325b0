/* SPDX-License-Identifier: MIT */
/*
 * token.c - `valetkey token`: a valid access token on standard output, in the
 * form that the next program reads.
 */
#include "command/command.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct cmd_option options[] = {
    {"format", "FORMAT",
     "plain: the token and a newline (default). bearer: \"Bearer TOKEN\". "
     "header: \"Authorization: Bearer TOKEN\". headers: the same as a JSON "
     "object, for Claude Code's headersHelper. json: an object with token, "
     "expiry, scope and account. netrc: a line for each of the account's "
     "hosts. curl: for curl -K. env: VALETKEY_TOKEN=TOKEN. kubectl: for its "
     "credential plugins. xoauth2: for IMAP's and SMTP's AUTH."},
    {"user", "NAME", "For xoauth2 the mailbox, for netrc the login name."},
    {"resource", "URL",
     "What the token is for: an error if that is not one of the account's "
     "hosts. Without ACCOUNT it is the account that has this host."},
    {"new", NULL,
     "A new token, although the present one is still good: for a server that "
     "has refused it. At most once a minute for each account; within that "
     "minute everybody gets the newest one."},
    {"id-token", NULL,
     "The ID token instead, which says who logged in: for a Kubernetes "
     "cluster, "
     "or whoever asks for one. Its own expiry counts."},
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
    .usage = "token [ACCOUNT] [--format FORMAT] [--min-valid SECONDS]",
    .about = "Prints an access token that is good for at least --min-valid "
	     "seconds. A cached one is printed at once; one that has expired "
	     "is refreshed first, without asking anybody.\n\n"
	     "Ask for it each time you need it, rather than keeping a copy. "
	     "Without ACCOUNT it is the only one there is, or the one of "
	     "--resource.\n\n"
	     "A server that answers 401 has refused the token: get another one "
	     "with --new, or name the one that it refused to valetkey "
	     "invalidate.",
    .options = options,
    .examples = "  curl -H \"$(valetkey token work --format header)\" \\\n"
		"      https://eu.ninjarmm.com/v2/organizations\n"
		"  TOKEN=$(valetkey token work --min-valid 600)\n"
		"  valetkey token work --new\n"
		"  valetkey token work --format curl |\n"
		"      curl -K - https://eu.ninjarmm.com/v2/devices\n",
    .account = true,
    .account_optional = true,
    .run = run_token,
};

/* ---- formats ---- */

/* The forms in which a token can be printed, for the programs that want to read
 * one. All of them go through one buffer that is wiped. */

struct token_format {
	const char *name; /* one of formats[] */
	const char *user; /* may be NULL */
	bool id_token;	  /* that is what is printed */
};

typedef int format_writer(const struct token_format *format,
			  const struct valetkey_token *token, struct buf *out);

static int write_plain(const struct token_format *format,
		       const struct valetkey_token *token, struct buf *out)
{
	(void)format;
	return buf_str(out, token->access_token) || buf_char(out, '\n');
}

static int write_bearer(const struct token_format *format,
			const struct valetkey_token *token, struct buf *out)
{
	return buf_str(out, "Bearer ") || write_plain(format, token, out);
}

static int write_header(const struct token_format *format,
			const struct valetkey_token *token, struct buf *out)
{
	return buf_str(out, "Authorization: ") ||
	       write_bearer(format, token, out);
}

/* All headers of a request as one flat object. */
static int write_headers(const struct token_format *format,
			 const struct valetkey_token *token, struct buf *out)
{
	struct buf value = {0};
	int rc = buf_str(&value, "Bearer ") ||
		 buf_str(&value, token->access_token) ||
		 buf_str(out, "{\"Authorization\":") ||
		 text_json_string(out, value.data) || buf_str(out, "}\n");

	(void)format;
	buf_free(&value);
	return rc;
}

static int write_json(const struct token_format *format,
		      const struct valetkey_token *token, struct buf *out)
{
	int64_t left = token->expires_at - (int64_t)time(NULL);
	int rc = format->id_token
		     ? buf_str(out, "{\"id_token\":") ||
			   text_json_string(out, token->access_token)
		     : buf_str(out, "{\"access_token\":") ||
			   text_json_string(out, token->access_token) ||
			   buf_str(out, ",\"token_type\":\"Bearer\"");

	/* Absent if the provider does not say. */
	if (!rc && token->expires_at)
		rc = buf_fmt(out, ",\"expires_at\":%lld,\"expires_in\":%lld",
			     (long long)token->expires_at,
			     (long long)(left > 0 ? left : 0));
	if (!rc && *token->scope)
		rc = buf_str(out, ",\"scope\":") ||
		     text_json_string(out, token->scope);
	return rc || buf_str(out, ",\"account\":") ||
	       text_json_string(out, token->account) || buf_str(out, "}\n");
}

/* A curl config file (curl -K): a value in quotes has escapes. */
static int write_curl(const struct token_format *format,
		      const struct valetkey_token *token, struct buf *out)
{
	const char *at = token->access_token;
	int rc = buf_str(out, "header = \"Authorization: Bearer ");

	(void)format;
	for (; !rc && *at; at++)
		rc = (strchr("\"\\", *at) && buf_char(out, '\\')) ||
		     buf_char(out, *at);
	return rc || buf_str(out, "\"\n");
}

/* What a shell and an env file both take: quotes only if needed. */
static int write_env(const struct token_format *format,
		     const struct valetkey_token *token, struct buf *out)
{
	const char *at = token->access_token;
	bool safe = !at[strspn(at, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-._~+/=")];
	int rc = buf_str(out, "VALETKEY_TOKEN=");

	if (safe)
		return rc || write_plain(format, token, out);
	rc = rc || buf_char(out, '\'');
	for (; !rc && *at; at++)
		rc = *at == '\'' ? buf_str(out, "'\\''") : buf_char(out, *at);
	return rc || buf_str(out, "'\n");
}

/* netrc(5) knows neither scheme nor port: one line for each of the hosts. */
static int write_netrc(const struct token_format *format,
		       const struct valetkey_token *token, struct buf *out)
{
	struct record account = {0};
	const char *url = NULL;
	int rc = account_read(token->account, &account, NULL);

	while (!rc && (url = record_next(&account, "hosts[]", url))) {
		const char *host = strstr(url, "://");
		size_t len;

		if (!host)
			continue;
		host += 3;
		len = *host == '[' ? strcspn(host, "]") : strcspn(host, ":/");
		host += *host == '[';
		len -= host[-1] == '[';
		rc = buf_str(out, "machine ") || buf_add(out, host, len) ||
		     buf_fmt(out, " login %s password ",
			     format->user ? format->user : "oauth2") ||
		     write_plain(format, token, out);
	}
	record_free(&account);
	return rc;
}

/* What kubectl asks a credential plugin for; it says in which version, and the
 * answer must be in the same. */
static int write_kubectl(const struct token_format *format,
			 const struct valetkey_token *token, struct buf *out)
{
	const char *asked = getenv("KUBERNETES_EXEC_INFO");
	time_t end = (time_t)token->expires_at;
	char expiry[sizeof("9999-12-31T23:59:59Z")] = "";
	struct tm utc;
	int rc;

	(void)format;
	rc = buf_fmt(out,
		     "{\"apiVersion\":\"client.authentication.k8s.io/%s\","
		     "\"kind\":\"ExecCredential\",\"status\":{",
		     asked && strstr(asked, "k8s.io/v1beta1\"") ? "v1beta1"
								: "v1");
	/* Without it kubectl keeps the token as long as it runs, or until 401. */
	if (!rc && end && end == token->expires_at && gmtime_r(&end, &utc) &&
	    strftime(expiry, sizeof(expiry), "%Y-%m-%dT%H:%M:%SZ", &utc))
		rc = buf_fmt(out, "\"expirationTimestamp\":\"%s\",", expiry);
	return rc || buf_str(out, "\"token\":") ||
	       text_json_string(out, token->access_token) ||
	       buf_str(out, "}}\n");
}

/* The initial response of IMAP's and SMTP's AUTH XOAUTH2. */
static int write_xoauth2(const struct token_format *format,
			 const struct valetkey_token *token, struct buf *out)
{
	struct buf text = {0};
	int rc = buf_fmt(&text, "user=%s\001auth=Bearer ", format->user) ||
		 buf_str(&text, token->access_token) ||
		 buf_str(&text, "\001\001") ||
		 buf_base64(out, text.data, text.len) || buf_char(out, '\n');

	buf_free(&text);
	return rc;
}

static const struct {
	const char *name;
	format_writer *write;
	bool needs_user;
	bool id_token; /* also for that */
} formats[] = {
    {"plain", write_plain, false, true},
    {"bearer", write_bearer, false, true},
    {"header", write_header, false, true},
    {"headers", write_headers, false, true},
    {"json", write_json, false, true},
    {"netrc", write_netrc, false, false},
    {"curl", write_curl, false, true},
    {"env", write_env, false, false},
    {"kubectl", write_kubectl, false, true},
    {"xoauth2", write_xoauth2, true, false},
};

#define FORMATS (sizeof(formats) / sizeof(*formats))

static size_t find_format(const char *name)
{
	size_t i = 0;

	while (i < FORMATS && strcmp(formats[i].name, name) != 0)
		i++;
	return i;
}

/* Whether it can be written: 0 or ERR_ARG. */
static int check_format(const struct token_format *format)
{
	size_t i = find_format(format->name);
	const char *at = format->user;

	if (i == FORMATS)
		return cmd_fail(
		    VALETKEY_ERR_ARG,
		    "\"%s\" is not a format. Choose --format plain, bearer, "
		    "header, headers, json, netrc, curl, env, kubectl or "
		    "xoauth2.",
		    format->name);
	if (format->id_token && !formats[i].id_token)
		return cmd_fail(VALETKEY_ERR_ARG,
				"--format %s is for access tokens. An ID token "
				"is printed by --format plain, bearer, header, "
				"headers, json, curl or kubectl.",
				format->name);
	if (formats[i].needs_user && !at)
		return cmd_fail(VALETKEY_ERR_ARG,
				"--format %s needs --user: the mailbox's "
				"address.",
				format->name);
	if (at && (strchr(at, ' ') || !text_plain(at, strlen(at))))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--user must not contain spaces or control "
				"characters.");
	return VALETKEY_OK;
}

static int write_token(const struct token_format *format,
		       const struct valetkey_token *token, struct buf *out)
{
	return formats[find_format(format->name)].write(format, token, out)
		   ? VALETKEY_ERR_NOMEM
		   : VALETKEY_OK;
}

/* ---- the verb ---- */

/* One write of one buffer: the token is in no stdio buffer that stays. */
static int print_token(const struct valetkey_token *token,
		       const struct token_format *format)
{
	struct buf out = {0};
	int rc;

	setvbuf(stdout, NULL, _IONBF, 0);
	rc = write_token(format, token, &out);
	if (!rc)
		fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	return rc ? rc : cmd_flush();
}

static int read_token_options(const struct cmd_args *args,
			      struct valetkey_request *request)
{
	uint32_t min_valid_s;
	int64_t timeout = 0;
	int rc = cmd_option_min_valid(args, &min_valid_s);

	if (!rc)
		rc = cmd_option_seconds(args, "timeout", 3600, &timeout);
	*request = (struct valetkey_request){
	    .size = sizeof(*request),
	    .account = args->account,
	    .resource = cmd_option(args, "resource"),
	    .scope = cmd_option(args, "scope"),
	    .min_valid_s = min_valid_s,
	    .timeout_ms = (uint32_t)timeout * 1000,
	    .flags =
		(cmd_option(args, "interactive") ? VALETKEY_INTERACTIVE : 0) |
		(cmd_option(args, "id-token") ? VALETKEY_ID_TOKEN : 0),
	};
	return rc;
}

/* Claude Code tells in its environment for which server it wants headers. */
static void take_mcp_server(const struct token_format *format,
			    struct valetkey_request *request)
{
	if (!request->account && !request->resource &&
	    strcmp(format->name, "headers") == 0)
		request->resource =
		    cmd_environment("CLAUDE_CODE_MCP_SERVER_URL");
}

static int choose_token_account(struct valetkey_request *request,
				char name[ACCOUNT_NAME_MAX + 1])
{
	const struct cmd_target target = {.account = request->account,
					  .resource = request->resource,
					  .verb = "token",
					  .before_url = " --resource "};
	int rc = cmd_account_choose(&target, name);

	request->account = name;
	return rc;
}

#define NEW_S 30
#define NEW_INTERACTIVE_S 300

/* op get with new=1: the library has no such request, since a program tells it
 * which token was refused. */
static int ask_for_new(const struct valetkey_request *request,
		       struct record *answer)
{
	bool interactive = request->flags & VALETKEY_INTERACTIVE;
	struct record to_helper = {0};
	struct cmd_call call = {
	    .request = &to_helper,
	    .answer = answer,
	    .timeout_s = request->timeout_ms ? request->timeout_ms / 1000
			 : interactive	     ? NEW_INTERACTIVE_S
					     : NEW_S,
	    .interactive = interactive,
	    .talk = {.account = request->account, .browser = interactive}};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_add(&to_helper, "op", "get") == 0 &&
	    record_add(&to_helper, "new", "1") == 0 &&
	    record_add(&to_helper, "id_token",
		       request->flags & VALETKEY_ID_TOKEN ? "1" : NULL) == 0 &&
	    record_add(&to_helper, "account", request->account) == 0 &&
	    record_add(&to_helper, "scope", request->scope) == 0 &&
	    record_add(&to_helper, "resource", request->resource) == 0 &&
	    (!request->min_valid_s ||
	     record_add_int(&to_helper, "min_valid_s", request->min_valid_s) ==
		 0))
		rc = cmd_call(&call);
	record_free(&to_helper);
	return rc;
}

static int print_new(const struct valetkey_request *request,
		     const struct token_format *format)
{
	struct record answer = {0};
	int rc = ask_for_new(request, &answer);
	const char *text =
	    record_get(&answer, format->id_token ? "id_token" : "access_token");
	const char *scope = record_get(&answer, "scope");
	const struct valetkey_token token = {
	    .size = sizeof(token),
	    .access_token = text,
	    .length = text ? strlen(text) : 0,
	    .expires_at = record_get_int(&answer, "expires_at", 0),
	    .account = request->account,
	    .scope = scope ? scope : "",
	};

	if (!rc && !text)
		rc = VALETKEY_ERR_HELPER;
	if (!rc)
		rc = print_token(&token, format);
	record_free(&answer);
	return rc;
}

static int print_current(const struct valetkey_request *request,
			 const struct token_format *format)
{
	const struct valetkey_token *token = NULL;
	struct valetkey *handle = NULL;
	int rc = cmd_get_token("valetkey", request, &handle, &token);

	if (!rc)
		rc = print_token(token, format);
	valetkey_token_free(token);
	valetkey_close(handle);
	return rc;
}

static int run_token(struct cmd_args *args)
{
	const char *name = cmd_option(args, "format");
	const struct token_format format = {
	    name ? name : "plain", cmd_option(args, "user"),
	    cmd_option(args, "id-token") != NULL};
	bool is_new = cmd_option(args, "new");
	char account[ACCOUNT_NAME_MAX + 1];
	struct valetkey_request request;
	int rc = read_token_options(args, &request);

	if (!rc)
		rc = check_format(&format);
	if (rc)
		return rc;
	take_mcp_server(&format, &request);
	/* What is named is looked for once, by the library. */
	if (is_new || !request.account || request.resource)
		rc = choose_token_account(&request, account);
	if (rc)
		return rc;
	return is_new ? print_new(&request, &format)
		      : print_current(&request, &format);
}
