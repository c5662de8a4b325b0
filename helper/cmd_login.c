/* SPDX-License-Identifier: MIT */
/*
 * cmd_login.c - `valetkey login`: the helper runs the flow and waits for the
 * redirect; the command shows the address and opens the browser.
 */
#include "cmd.h"
#include "terminal.h"

#include <stdio.h>

#define TIMEOUT_S 300

static const struct cmd_option options[] = {
    {"no-browser", NULL, "Only print the address; open it by hand."},
    {"accept-change", NULL,
     "Log in although the provider's endpoints or the account's hosts have "
     "changed since the last login, or as somebody else than then."},
    {"timeout", "SECONDS", "Give up after that long (default 300)."},
    {NULL, NULL, NULL},
};

static int run_login(struct cmd_args *args);

const struct cmd_verb cmd_login = {
    .name = "login",
    .summary = "log in with the browser",
    .usage = "login ACCOUNT [OPTIONS]",
    .about = "Opens the provider's login page in the browser ($BROWSER, else "
	     "xdg-open), waits until you have agreed there, and keeps what "
	     "came back in the keyring. The address is always printed as "
	     "well. Needed once; again where the provider has ended the "
	     "grant.",
    .options = options,
    .examples =
	"  valetkey login work\n"
	"  valetkey login work --no-browser   prints the address only\n",
    .account = true,
    .run = run_login,
};

static void tell(const char *account, const struct record *answer)
{
	const char *identity = record_get(answer, "identity");
	const char *scope = record_get(answer, "scope");
	int64_t expires = record_get_int(answer, "expires_in", 0);
	char duration[32];

	terminal_say(TERMINAL_GOOD, "%s is logged in%s%s.\n", account,
		     identity ? " as " : "", identity ? identity : "");
	if (scope && *scope)
		terminal_say(TERMINAL_PLAIN, "  scopes         %s\n", scope);
	if (expires > 0)
		terminal_say(TERMINAL_PLAIN, "  access token   good for %s\n",
			     cmd_duration(duration, sizeof(duration), expires));
	if (record_get(answer, "refresh_token"))
		terminal_say(TERMINAL_PLAIN, "  refresh token  %s\n",
			     record_get_int(answer, "refresh_token", 0) ? "yes"
									: "no");
	terminal_say(TERMINAL_PLAIN, "Next: valetkey token %s\n", account);
}

static int run_login(struct cmd_args *args)
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
	int rc = cmd_option_seconds(args, "timeout", 3600, &call.timeout_s);

	if (!rc)
		rc = cmd_account_exists(args->account);
	if (rc)
		return rc;
	if (record_add(&request, "op", "login") ||
	    record_add(&request, "account", args->account) ||
	    record_add(&request, "accept_change",
		       cmd_option(args, "accept-change")))
		return cmd_fail(VALETKEY_ERR_NOMEM, "Out of memory.");
	cmd_cancel_on_signals();
	rc = cmd_call(&call);
	terminal_wait_end();
	if (!rc)
		tell(args->account, &answer);
	record_free(&request);
	record_free(&answer);
	return rc;
}
