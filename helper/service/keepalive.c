/* SPDX-License-Identifier: MIT */
/*
 * keepalive.c - see keepalive.h. Which login needs a refresh, and of whose end a
 * person should hear, the helper decides (op keepalive); here they are told, once: it
 * counts as told only if a desktop took it.
 */
#include "keepalive.h"

#include "command/terminal.h"
#include "core/far.h"
#include "notify.h"
#include "unit.h"

#include <stdio.h>
#include <time.h>

#define TIMEOUT_S 60
#define SERVICE "valetkey-keepalive.service"
#define TIMER "valetkey-keepalive.timer"

static const struct cmd_option options[] = {
    {"install", NULL,
     "Have systemd do this four times a day, for accounts with keepalive=yes."},
    {"off", NULL, "No longer."},
    {NULL, NULL, NULL},
};

static int run_keepalive(struct cmd_args *args);

const struct cmd_verb cmd_keepalive = {
    .name = "keepalive",
    .summary = "refresh logins that would end because nobody uses them",
    .usage = "keepalive [ACCOUNT] | --install | --off",
    .about =
	"Many providers end a login that is not used for some weeks. Refreshes "
	"the account named, or all that have keepalive=yes (valetkey edit NAME "
	"--keepalive yes), if a third of the time has passed that is known "
	"for it, else a week. A desktop notification tells once, days before "
	"a login ends in spite of that, or when it has. Asks nothing.",
    .options = options,
    .examples = "  valetkey edit work --keepalive yes\n"
		"  valetkey keepalive --install\n"
		"  valetkey keepalive work\n",
    .account = true,
    .account_optional = true,
    .run = run_keepalive,
};

/* ---- one account ---- */

static const char *date_of_death(char date[16], const struct record *answer)
{
	time_t when = record_get_int(answer, "dies_on", 0);
	struct tm day;

	*date = '\0';
	if (when && localtime_r(&when, &day))
		strftime(date, 16, "%Y-%m-%d", &day);
	return date;
}

static void print_kept(const char *account, const struct record *answer)
{
	const char *text = record_get(answer, "text");
	char date[16];

	if (record_is(answer, "done", "login")) {
		cmd_fail(0, "%s", text ? text : "A login is needed.");
		return;
	}
	printf("%s: %s", account,
	       record_is(answer, "done", "refreshed") ? "refreshed"
	       : record_is(answer, "done", "machine")
		   ? "nobody logs in to it, so nothing ends"
		   : "needs no refresh yet");
	if (*date_of_death(date, answer))
		printf("; dies on %s", date);
	putchar('\n');
}

static int ask_keepalive(const char *account, const char *notice,
			 struct record *answer)
{
	struct record request = {0};
	struct cmd_call call = {.request = &request,
				.answer = answer,
				.timeout_s = TIMEOUT_S,
				.talk = {.account = account}};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_add(&request, "op", "keepalive") == 0 &&
	    record_add(&request, "account", account) == 0 &&
	    record_add(&request, "notice", notice) == 0)
		rc = cmd_call(&call);
	record_free(&request);
	return rc;
}

/* What cannot be shown now is tried again the next time. */
static int tell_event(const char *account, const struct record *answer)
{
	const char *notice = record_get(answer, "notice");
	bool dead = record_is(answer, "event", "dead");
	struct buf title = {0}, text = {0};
	struct record told = {0};
	char date[16];
	int rc = VALETKEY_ERR_NOMEM;

	if (!notice)
		return VALETKEY_OK;
	if (dead ? !buf_fmt(&title, "The login of %s has ended", account)
		 : !buf_fmt(&title, "The login of %s ends on %s", account,
			    date_of_death(date, answer)))
		rc = buf_fmt(&text, "To log in again, type: valetkey login %s",
			     account)
			 ? VALETKEY_ERR_NOMEM
			 : VALETKEY_OK;
	if (!rc && notify_show(title.data, text.data, dead)) {
		printf("%s: notified\n", account);
		rc = ask_keepalive(account, notice, &told);
	}
	record_free(&told);
	buf_free(&title);
	buf_free(&text);
	return rc;
}

static int keep_account(const char *account)
{
	struct record answer = {0};
	int rc = ask_keepalive(account, NULL, &answer);

	if (!rc) {
		print_kept(account, &answer);
		rc = tell_event(account, &answer);
	}
	if (!rc && record_is(&answer, "done", "login")) {
		cmd_is_told();
		rc = VALETKEY_ERR_LOGIN;
	}
	record_free(&answer);
	return rc;
}

/* ---- all of them ---- */

struct keeping {
	bool any;
	int rc; /* the first failure; the others are kept all the same */
};

static int keep_if_wanted(const char *name, void *data)
{
	struct keeping *keeping = data;
	struct record keys = {0};
	int rc = VALETKEY_OK;

	if (account_read(name, &keys, NULL) == VALETKEY_OK &&
	    record_is(&keys, "keepalive", "yes") && !far_socket(&keys)) {
		keeping->any = true;
		rc = keep_account(name);
	}
	if (!keeping->rc)
		keeping->rc = rc;
	record_free(&keys);
	return VALETKEY_OK;
}

static int keep_all(void)
{
	struct keeping keeping = {0};
	int rc = account_each(keep_if_wanted, &keeping);

	if (!rc && !keeping.any)
		puts("No account has keepalive=yes. To set it: valetkey edit "
		     "NAME --keepalive yes");
	return rc ? rc : keeping.rc;
}

static int keep_named(const char *account)
{
	struct record keys = {0};
	int rc = cmd_account_read(account, &keys);

	if (!rc && far_socket(&keys))
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "Another machine keeps the login of %s. Run this "
			      "there: valetkey keepalive %s",
			      account, account);
	record_free(&keys);
	return rc ? rc : keep_account(account);
}

/* ---- the units ---- */

/* A login that has ended, a locked keyring or no network is no fault of the
 * service: the next time comes. */
static int write_keepalive_units(void)
{
	struct buf timer = {0}, service = {0};
	int rc =
	    buf_str(&timer, "[Unit]\n"
			    "Description=valetkey: keep logins alive\n"
			    "\n[Timer]\n"
			    "OnCalendar=*-*-* 00/6:00:00\n"
			    "RandomizedDelaySec=2h\n"
			    "Persistent=true\n"
			    "\n[Install]\nWantedBy=timers.target\n") ||
		    buf_str(&service,
			    "[Unit]\n"
			    "Description=valetkey: keep logins alive\n"
			    "\n[Service]\nType=oneshot\n") ||
		    unit_add_program(&service) ||
		    buf_str(&service, " keepalive\n") ||
		    unit_add_folders(&service) ||
		    buf_str(&service, "SuccessExitStatus=20 21 23 24 25 30 31 "
				      "33\n"
				      "UnsetEnvironment=LD_PRELOAD "
				      "LD_LIBRARY_PATH LD_AUDIT\n"
				      "LimitCORE=0\n")
		? VALETKEY_ERR_NOMEM
		: VALETKEY_OK;

	if (!rc)
		rc = unit_write(SERVICE, &service);
	if (!rc)
		rc = unit_write(TIMER, &timer);
	buf_free(&timer);
	buf_free(&service);
	return rc;
}

static int install_keepalive(void)
{
	bool answers = unit_systemd_answers();
	int rc = write_keepalive_units();

	if (!rc && !answers)
		cmd_fail(0, "systemd does not answer here. Where it does, "
			    "run:");
	return rc ? rc : unit_start(TIMER, answers);
}

static int run_keepalive(struct cmd_args *args)
{
	bool install = cmd_option(args, "install"),
	     off = cmd_option(args, "off");
	int rc;

	if ((install && off) || ((install || off) && args->account))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--install and --off stand alone.");
	if (install)
		return install_keepalive();
	if (off)
		return unit_discard(TIMER, SERVICE);
	rc = args->account ? keep_named(args->account) : keep_all();
	return rc ? rc : cmd_flush();
}
