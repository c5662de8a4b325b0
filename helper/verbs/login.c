/* SPDX-License-Identifier: MIT */
/*
 * login.c - `valetkey login`: the helper runs the flow and waits for the
 * redirect; the command shows the address and opens the browser.
 */
#include "client/account_change.h"
#include "client/client.h"
#include "client/flow_way.h"
#include "command/command.h"
#include "core/account.h"
#include "core/challenge.h"
#include "core/scope.h"
#include "command/terminal.h"

#include <string.h>
#include <time.h>

#define TIMEOUT_S 300
#define TIMEOUT_ELSEWHERE_S 900 /* another device is to be fetched first */

static const struct cmd_option options[] = {
    {"flow", "WAY",
     "code: a browser on this computer. paste: a browser anywhere; its last "
     "address is pasted here. device: a short code, entered in a browser "
     "anywhere. Default: what the account's file says, otherwise what can work "
     "here."},
    {"no-browser", NULL, "Only print the address; open it by hand."},
    {"no-qr", NULL, "Show no QR code of the address."},
    {"accept-change", NULL,
     "Log in even if the provider's endpoints or the account's hosts have "
     "changed since the account was added or last logged in, or if somebody "
     "else logs in than before."},
    {"add-scope", "SCOPES",
     "Ask for these scopes, separated by spaces, beside the account's; they "
     "are "
     "shown first, and kept in the account's file."},
    {"yes", NULL, "With --add-scope: go on without asking."},
    {"timeout", "SECONDS",
     "Give up after this long (default 300; paste and device 900)."},
    {"json", NULL,
     "Tell who logged in, and what was granted, as a JSON object on standard "
     "output."},
    {NULL, NULL, NULL},
};

static int ask_for_login(struct cmd_args *args);

const struct cmd_verb cmd_login = {
    .name = "login",
    .summary = "log in with a browser, here or elsewhere",
    .usage = "login ACCOUNT [OPTIONS]",
    .about = "Opens the provider's login page in the browser ($BROWSER, else "
	     "xdg-open), waits until you have agreed there, and keeps what "
	     "came back in the keyring. The address is always printed as well. "
	     "If no browser here could come back (over SSH, or without a "
	     "display), it shows a short code to enter on another device, or "
	     "asks for the address that another browser ends at. Needed once, "
	     "and again if the provider has ended the grant.",
    .options = options,
    .examples =
	"  valetkey login work\n"
	"  valetkey login work --no-browser   prints the address only\n"
	"  valetkey login work --flow device  a code for another device\n"
	"  valetkey login work --add-scope files:write\n",
    .account = true,
    .run = ask_for_login,
};

/* ---- have the endpoints changed? ---- */

/* Before a login, endpoints that were looked up more than a day ago are looked up
 * again. What is as before is good for another day; a change is told, and taken
 * over only if the person says so; if the server does not answer, what is known
 * is used. */

#define DAY_S 86400
#define PROMISE "authorization_response_iss_parameter_supported"

/* A change of these is told. One that the account did not have is not a change:
 * what is pinned would be lost for something that worked without it. */
static const char *const watched[] = {"authorization_endpoint",
				      "token_endpoint",
				      "revocation_endpoint",
				      "device_authorization_endpoint",
				      "pushed_authorization_request_endpoint",
				      "userinfo_endpoint",
				      PROMISE,
				      NULL};

static bool is_due(const struct record *keys)
{
	int64_t age = time(NULL) - record_get_int(keys, "metadata_at", 0);

	return record_get(keys, "metadata_at") && record_get(keys, "issuer") &&
	       (age < 0 || age > DAY_S);
}

static int look_up_endpoints(const struct record *keys, struct record *found)
{
	bool machine = grant_type_of(record_get(keys, "grant")) ==
		       GRANT_TYPE_CLIENT_CREDENTIALS;
	struct record request = {0};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_add(&request, "issuer", record_get(keys, "issuer")) == 0 &&
	    record_add(&request, "machine", machine ? "1" : NULL) == 0 &&
	    record_add(&request, "mcp", record_get(keys, "mcp") ? "1" : NULL) ==
		0)
		rc = cmd_discover(&request, keys, found);
	record_free(&request);
	return rc;
}

/* Into `changes`, with an empty value for what is no longer there; tells each. */
static int compare_endpoints(const struct record *keys,
			     const struct record *found, struct record *changes)
{
	int rc = 0;

	for (const char *const *key = watched; *key && !rc; key++) {
		const char *before = record_get(keys, *key);
		const char *now = record_get(found, *key);

		if (!before || (now && strcmp(before, now) == 0))
			continue;
		terminal_say(TERMINAL_WARNING,
			     "The server's metadata has changed: %s was %s and "
			     "is %s.\n",
			     *key, before, now ? now : "no longer there");
		rc = record_add(changes, *key, now ? now : "");
	}
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

/* By a secret, a key or a certificate; Basic is the default. */
static bool proves_itself(const struct record *keys)
{
	const char *auth = record_get(keys, "auth");

	return !auth || auth_method_of(auth) != AUTH_NONE;
}

/* A secret goes only where it was added for. */
static int refuse_change(const char *account, const struct record *keys)
{
	bool secret = !record_get(keys, "client_key") &&
		      !record_get(keys, "client_certificate");

	if (proves_itself(keys))
		return cmd_fail(
		    VALETKEY_ERR_LOGIN,
		    "The client of %s was added for the old one. "
		    "If the provider has announced this change, "
		    "give the new one%s: valetkey edit %s "
		    "--token-endpoint URL %s",
		    account, secret ? " and the client's secret" : "", account,
		    secret ? "--secret-stdin" : "--auth METHOD");
	return cmd_fail(VALETKEY_ERR_LOGIN,
			"If the provider has announced this change, run: "
			"valetkey login %s --accept-change",
			account);
}

/* A new promise makes us stricter, and nobody has to agree. */
static int take_over(const char *account, const struct record *keys,
		     const struct record *found, struct record *changes)
{
	bool changed = changes->pairs.len != 0;
	int rc;

	if (record_add_int(changes, "metadata_at", time(NULL)) ||
	    (!record_get(keys, PROMISE) &&
	     record_add(changes, PROMISE, record_get(found, PROMISE))))
		return VALETKEY_ERR_NOMEM;
	rc = account_change(account, changes);
	if (rc && changed)
		return cmd_fail(rc, "The file of account %s cannot be written.",
				account);
	return VALETKEY_OK;
}

/* `accept`: a change is fine. */
static int renew_endpoints(const char *account, bool accept)
{
	struct record keys = {0}, found = {0}, changes = {0};
	int rc = VALETKEY_OK;

	if (account_read(account, &keys, NULL) != VALETKEY_OK || !is_due(&keys))
		goto out;
	rc = record_get(&keys, "mcp") ? cmd_mcp_same_server(account, &keys)
				      : VALETKEY_OK;
	if (rc == VALETKEY_ERR_LOGIN)
		goto out;
	if (!rc)
		rc = look_up_endpoints(&keys, &found);
	if (rc == VALETKEY_ERR_NETWORK || rc == VALETKEY_ERR_TIMEOUT ||
	    (rc == VALETKEY_ERR_DENIED && accept)) {
		terminal_say(TERMINAL_WARNING,
			     "The endpoints of %s could not be looked up "
			     "again; the known ones are used.\n",
			     account);
		rc = VALETKEY_OK;
		goto out;
	}
	if (!rc)
		rc = compare_endpoints(&keys, &found, &changes);
	if (!rc && changes.pairs.len && !(accept && !proves_itself(&keys)))
		rc = refuse_change(account, &keys);
	if (!rc)
		rc = take_over(account, &keys, &found, &changes);
out:
	record_free(&keys);
	record_free(&found);
	record_free(&changes);
	return rc;
}

/* ---- more scopes ---- */

/* The account asks for them from then on; if that cannot be written, a later login
 * asks for less than this one. */
static int adopt_scope(struct cmd_args *args, const struct buf *scope)
{
	struct record change = {0};
	int rc = record_add(&change, "scope", scope->data)
		     ? VALETKEY_ERR_NOMEM
		     : account_change(args->account, &change);

	record_free(&change);
	if (rc)
		cmd_fail(0,
			 "The file of account %s cannot be written: put "
			 "scope=%s into it.",
			 args->account, scope->data);
	return rc;
}

/* Those of the account and these: asked for together, so that none is lost (RFC
 * 6749 6 has no other way). `all` stays empty if it has them already. */
static int widen_scope(struct cmd_args *args, struct cmd_call *call,
		       struct buf *all)
{
	struct problem problem = {0};
	struct client client = {0};
	struct buf scopes = {0};
	const char *more;
	int rc = cmd_answers_option(args, "add-scope", &more);

	if (rc || !more)
		return rc;
	if (!challenge_scope_ok(more))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--add-scope takes scopes with spaces between "
				"them (RFC 6749 3.3).");
	rc = client_load(args->account, &client, &problem);
	if (rc)
		rc = cmd_fail_problem(&problem);
	else if (client.grant_type == GRANT_TYPE_CLIENT_CREDENTIALS)
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "Nobody logs in to account %s. To change its "
			      "scopes, run: valetkey edit %s --scope SCOPES",
			      args->account, args->account);
	else if (cmd_scopes_given(&client.config, more, &scopes) ||
		 scope_add(all, client.scope) ||
		 scope_add(all, buf_text(&scopes)) ||
		 record_add(call->request, "scope", buf_text(&scopes)))
		rc = VALETKEY_ERR_NOMEM;
	else
		rc = cmd_mcp_agree_scope(args, &client, scopes.data);
	buf_free(&scopes);
	client_free(&client);
	return rc;
}

/* ---- the login ---- */

static void tell_logged_in(const char *account, const struct record *answer)
{
	const char *identity = record_get(answer, "identity");
	const char *scope = record_get(answer, "scope");
	const char *lacking = record_get(answer, "not_granted");
	int64_t expires = record_get_int(answer, "expires_in", 0);
	char duration[32];

	terminal_say(TERMINAL_GOOD, "%s is logged in%s%s.\n", account,
		     identity ? " as " : "", identity ? identity : "");
	if (scope && *scope)
		terminal_say(TERMINAL_PLAIN, "  scopes         %s\n", scope);
	if (lacking)
		terminal_say(TERMINAL_WARNING,
			     "  not granted    %s (or by other names)\n",
			     lacking);
	if (expires > 0)
		terminal_say(TERMINAL_PLAIN, "  access token   good for %s\n",
			     cmd_duration(duration, sizeof(duration), expires));
	if (record_get(answer, "refresh_token"))
		terminal_say(TERMINAL_PLAIN, "  refresh token  %s\n",
			     record_get_int(answer, "refresh_token", 0) ? "yes"
									: "no");
	terminal_say(TERMINAL_PLAIN, "Next: valetkey token %s\n", account);
}

static int add_login_text(struct buf *out, const struct record *answer,
			  const char *key)
{
	const char *text = record_get(answer, key);

	return text &&
	       (buf_fmt(out, ",\"%s\":", key) || text_json_string(out, text));
}

static int print_login_json(const char *account, const struct record *answer)
{
	int64_t expires = record_get_int(answer, "expires_in", 0);
	struct buf out = {0};
	int rc = buf_str(&out, "{\"account\":") ||
		 text_json_string(&out, account) ||
		 add_login_text(&out, answer, "identity") ||
		 add_login_text(&out, answer, "scope") ||
		 add_login_text(&out, answer, "not_granted");

	if (!rc && expires > 0)
		rc = buf_fmt(&out, ",\"expires_in\":%lld", (long long)expires);
	if (!rc && record_get(answer, "refresh_token"))
		rc = buf_fmt(&out, ",\"refresh_token\":%s",
			     record_get_int(answer, "refresh_token", 0)
				 ? "true"
				 : "false");
	rc = rc || buf_str(&out, "}\n");
	if (!rc)
		fputs(out.data, stdout);
	buf_free(&out);
	return rc ? VALETKEY_ERR_NOMEM : cmd_flush();
}

/* Whether the person would not see a browser that is started here, or it would
 * not find its way back to this machine. */
static bool is_remote(void)
{
	return cmd_environment("SSH_CONNECTION") ||
	       (!cmd_environment("DISPLAY") &&
		!cmd_environment("WAYLAND_DISPLAY") &&
		!cmd_environment("BROWSER"));
}

/* How a person logs in, if one has to. */
static int pick_login_way(struct cmd_args *args, struct cmd_call *call)
{
	const struct flow_wish wish = {
	    .word = cmd_option(args, "flow"),
	    .remote = is_remote(),
	    .typing = terminal_person(),
	};
	struct problem problem = {0};
	struct client client = {0};
	enum flow_way way;
	int rc = client_load(args->account, &client, &problem);

	if (!rc && client.grant_type == GRANT_TYPE_CLIENT_CREDENTIALS) {
		if (wish.word)
			rc = problem_set(&problem, VALETKEY_ERR_ARG,
					 "Nobody logs in to account %s; its "
					 "client does. Leave --flow out.",
					 args->account);
		goto out;
	}
	if (!rc)
		rc = flow_way_pick(&client, &wish, &way, &problem);
	if (!rc && way == FLOW_WAY_PASTE && !wish.typing)
		rc = problem_set(&problem, VALETKEY_ERR_ARG,
				 "To paste an address, run this on a terminal: "
				 "valetkey login %s --flow paste",
				 args->account);
	if (!rc && record_add(call->request, "flow", flow_way_name(way)))
		rc = problem_no_memory(&problem);
	if (!rc && way != FLOW_WAY_CODE) {
		call->timeout_s = TIMEOUT_ELSEWHERE_S;
		call->talk.browser = call->talk.browser && !wish.remote;
		call->talk.paste = way == FLOW_WAY_PASTE;
		call->talk.qr = !cmd_option(args, "no-qr");
	}
out:
	client_free(&client);
	return rc ? cmd_fail_problem(&problem) : VALETKEY_OK;
}

/* What cannot be read the helper tells. */
static int check_kept_here(const char *account)
{
	struct problem problem = {0};
	struct client client = {0};
	int rc = VALETKEY_OK;

	if (client_load(account, &client, &problem) == VALETKEY_OK)
		rc = client_elsewhere(&client, "login", &problem);
	client_free(&client);
	return rc ? cmd_fail_problem(&problem) : VALETKEY_OK;
}

static int ask_for_login(struct cmd_args *args)
{
	struct record request = {0}, answer = {0};
	struct cmd_call call = {
	    .request = &request,
	    .answer = &answer,
	    .timeout_s = TIMEOUT_S,
	    .interactive = true,
	    .talk = {.account = args->account,
		     .browser = !cmd_option(args, "no-browser")},
	};
	struct buf scope = {0};
	int rc = cmd_account_exists(args->account);

	if (!rc)
		rc = check_kept_here(args->account);
	if (!rc)
		rc = renew_endpoints(args->account,
				     cmd_option(args, "accept-change") != NULL);
	if (!rc)
		rc = widen_scope(args, &call, &scope);
	if (!rc)
		rc = pick_login_way(args, &call);
	if (!rc)
		rc = cmd_option_seconds(args, "timeout", 3600, &call.timeout_s);
	if (rc)
		goto out;
	if (record_add(&request, "op", "login") ||
	    record_add(&request, "account", args->account) ||
	    record_add(&request, "accept_change",
		       cmd_option(args, "accept-change")))
		rc = VALETKEY_ERR_NOMEM;
	if (rc)
		goto out;
	rc = cmd_call(&call);
	terminal_wait_end();
	if (!rc && scope.len)
		rc = adopt_scope(args, &scope);
	if (!rc)
		tell_logged_in(args->account, &answer);
	if (!rc && cmd_option(args, "json"))
		rc = print_login_json(args->account, &answer);
out:
	buf_free(&scope);
	record_free(&request);
	record_free(&answer);
	return rc;
}
