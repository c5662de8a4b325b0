/* SPDX-License-Identifier: MIT */
/*
 * share.c - see share.h. One socket for all shared accounts: systemd starts the
 * helper for each connection, which finds in the account's file whether it is
 * shared.
 */
#include "share.h"

#include "client/account_change.h"
#include "command/terminal.h"
#include "core/challenge.h"
#include "core/far.h"
#include "core/paths.h"
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#define SHARE_SOCKET "valetkey-share.socket"
#define SHARE_SERVICE "valetkey-share@.service"

static const struct cmd_option options[] = {
    {"host", "URL",
     "Only for this host of the account; may be repeated. Usually: for all."},
    {"scope", "SCOPES",
     "Give no token that has more scopes than these, separated by spaces."},
    {"off", NULL, "Share it no more."},
    {NULL, NULL, NULL},
};

static int run_share(struct cmd_args *args);

const struct cmd_verb cmd_share = {
    .name = "share",
    .summary = "let another machine or a container have tokens",
    .usage = "share ACCOUNT [--host URL]... [--scope SCOPES] | --off",
    .about =
	"Another machine, or a container on this one, gets access tokens of "
	"the account from here, where its login stays: through a socket that "
	"ssh carries there. It may ask for a token and tell that a server "
	"refused one, and nothing else; it never has the refresh token or the "
	"client secret. Writes a socket and a service for systemd, and shows "
	"what to type for ssh. See: man 7 valetkey-share",
    .options = options,
    .examples = "  valetkey share work\n"
		"  valetkey share work --host https://api.example.com\n"
		"  valetkey share work --off\n",
    .account = true,
    .run = run_share,
};

/* ---- the account's file ---- */

/* What is not given is everything: an empty value takes the key away. */
static int put_share_limits(const struct cmd_args *args,
			    const struct record *account,
			    struct record *changes)
{
	const char *scope = cmd_option(args, "scope"), *host = NULL;
	struct buf hosts = {0};
	char origin[ORIGIN_MAX];
	int rc = VALETKEY_OK;

	if (scope && !challenge_scope_ok(scope))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--scope takes scopes with spaces between "
				"them (RFC 6749 3.3).");
	while (!rc && (host = record_next(&args->options, "host", host))) {
		rc = cmd_origin_of(host, origin);
		if (!rc && !account_has_origin(account, origin))
			rc = cmd_fail(VALETKEY_ERR_RESOURCE,
				      "%s is not one of the account's hosts.",
				      origin);
		if (!rc && ((hosts.len && buf_char(&hosts, ' ')) ||
			    buf_str(&hosts, origin)))
			rc = VALETKEY_ERR_NOMEM;
	}
	if (!rc && (record_add(changes, "share_hosts", buf_text(&hosts)) ||
		    record_add(changes, "share_scope", scope ? scope : "")))
		rc = VALETKEY_ERR_NOMEM;
	buf_free(&hosts);
	return rc;
}

static int change_share(const struct cmd_args *args,
			const struct record *account)
{
	bool off = cmd_option(args, "off");
	struct record changes = {0};
	int rc = put_share_limits(args, account, &changes);

	if (!rc && record_add(&changes, "share", off ? "" : "yes"))
		rc = VALETKEY_ERR_NOMEM;
	if (!rc) {
		rc = account_change(args->account, &changes);
		if (rc)
			rc = cmd_fail(rc,
				      "The file of account %s cannot be "
				      "written.",
				      args->account);
	}
	record_free(&changes);
	return rc;
}

static int see_shared(const char *name, void *any)
{
	struct record account = {0};

	if (account_read(name, &account, NULL) == VALETKEY_OK &&
	    record_is(&account, "share", "yes") && !far_socket(&account))
		*(bool *)any = true;
	record_free(&account);
	return VALETKEY_OK;
}

/* ---- the units ---- */

/* Many programs may come at once, and each is one connection: that must not make
 * systemd give up, nor fill its journal. A helper that is at work on a refresh is
 * left to finish it. */
static int write_share_units(void)
{
	struct buf socket = {0}, service = {0};
	int rc =
	    buf_str(&socket, "[Unit]\n"
			     "Description=valetkey: tokens for other machines\n"
			     "\n[Socket]\n"
			     "ListenStream=%t/valetkey/share\n"
			     "SocketMode=0600\n"
			     "DirectoryMode=0700\n"
			     "RemoveOnStop=yes\n"
			     "Accept=yes\n"
			     "MaxConnections=256\n"
			     "TriggerLimitIntervalSec=0\n"
			     "\n[Install]\nWantedBy=sockets.target\n") ||
		    buf_str(&service,
			    "[Unit]\n"
			    "Description=valetkey: a token for another "
			    "machine\n"
			    "CollectMode=inactive-or-failed\n"
			    "\n[Service]\nExecStart=") ||
		    unit_add_quoted(&service, paths_helper) ||
		    buf_str(&service, " share\n") ||
		    unit_add_folders(&service) ||
		    buf_str(&service,
			    "UnsetEnvironment=LD_PRELOAD LD_LIBRARY_PATH "
			    "LD_AUDIT GIO_EXTRA_MODULES GIO_USE_VFS "
			    "SSLKEYLOGFILE\n"
			    "LogLevelMax=notice\n"
			    "StandardOutput=null\n"
			    "StandardError=null\n"
			    "KillMode=process\n"
			    "KillSignal=SIGCONT\n"
			    "LimitCORE=0\n")
		? VALETKEY_ERR_NOMEM
		: VALETKEY_OK;

	if (!rc)
		rc = unit_write(SHARE_SOCKET, &socket);
	if (!rc)
		rc = unit_write(SHARE_SERVICE, &service);
	buf_free(&socket);
	buf_free(&service);
	return rc;
}

/* ---- what to type ---- */

static int runtime_folder(struct buf *path)
{
	const char *given = cmd_environment("XDG_RUNTIME_DIR");
	int rc = given && *given == '/'
		     ? buf_str(path, given)
		     : buf_fmt(path, "/run/user/%u", (unsigned)geteuid());

	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

static int tell_share_lines(const char *account, bool limited)
{
	unsigned user = (unsigned)geteuid();
	struct buf here = {0};
	int rc = runtime_folder(&here);

	if (!rc && buf_str(&here, "/valetkey/share"))
		rc = VALETKEY_ERR_NOMEM;
	if (rc)
		goto out;
	terminal_say(TERMINAL_GOOD, "%s is shared%s, at %s\n", account,
		     limited ? " as you said"
			     : " for all its hosts and with all its scopes",
		     here.data);
	terminal_say(
	    TERMINAL_PLAIN,
	    "For a machine HOST (%u is your number there: id -u), here:\n"
	    "  ssh HOST mkdir -p -m 700 /run/user/%u/valetkey\n"
	    "  ssh -R /run/user/%u/valetkey/far:%s HOST\n"
	    "and there, once:\n"
	    "  valetkey add %s --far\n"
	    "For every connection, in ~/.ssh/config here:\n"
	    "  Host HOST\n"
	    "      RemoteForward /run/user/%u/valetkey/far %s\n"
	    "For a container: man 7 valetkey-share\n",
	    user, user, user, here.data, account, user, here.data);
out:
	buf_free(&here);
	return rc;
}

/* ---- the verb ---- */

static int share_start(const char *account, bool limited)
{
	bool answers = unit_systemd_answers();
	int rc = write_share_units();

	if (!rc && !answers)
		cmd_fail(0, "systemd does not answer here. Where it does, "
			    "run:");
	if (!rc)
		rc = unit_start(SHARE_SOCKET, answers);
	return rc ? rc : tell_share_lines(account, limited);
}

static int share_end(const char *account)
{
	bool any = false;
	int rc = account_each(see_shared, &any);

	if (!rc && !any)
		rc = unit_discard(SHARE_SOCKET, SHARE_SERVICE);
	if (!rc)
		terminal_say(TERMINAL_GOOD,
			     "%s is not shared any more. Tokens that were "
			     "given out are good until they expire.\n",
			     account);
	return rc;
}

static int run_share(struct cmd_args *args)
{
	struct record account = {0};
	int rc = cmd_account_read(args->account, &account);

	if (!rc && far_socket(&account))
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "Another machine keeps the login of %s, and "
			      "shares it. Run this there: valetkey share %s",
			      args->account, args->account);
	if (!rc && cmd_option(args, "off") &&
	    (cmd_option(args, "host") || cmd_option(args, "scope")))
		rc = cmd_fail(VALETKEY_ERR_ARG,
			      "--off takes no --host and no --scope.");
	if (!rc)
		rc = change_share(args, &account);
	if (!rc)
		rc = cmd_option(args, "off")
			 ? share_end(args->account)
			 : share_start(args->account,
				       cmd_option(args, "host") ||
					   cmd_option(args, "scope"));
	record_free(&account);
	return rc;
}
