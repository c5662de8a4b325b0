/* SPDX-License-Identifier: MIT */
/*
 * proxy.c - the verb `valetkey proxy`: reads what is wanted, and starts it. What
 * it prints on standard output is for a shell; all else goes to standard error.
 */
#include "proxy.h"

#include "command/child.h"
#include "core/account.h"
#include "proxy_env.h"
#include "proxy_listen.h"
#include "proxy_secret.h"
#include "proxy_serve.h"
#include "proxy_service.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDLE_MAX_S 86400

static const struct cmd_option options[] = {
    {"port", "N", "Listen on this port of 127.0.0.1 (default: a free one)."},
    {"socket", "PATH",
     "Listen on a unix socket instead, which only your own programs can open; "
     "they need no secret."},
    {"host", "HOST",
     "All requests go to this one of the account's hosts. Else, if there are "
     "several, the first part of the path names it: /api.example.com/..."},
    {"env", "NAME=WHAT",
     "Give it to the command under this name too: url, token, id (a client "
     "id) or secret (a client secret). Repeatable."},
    {"cookies", NULL, "Cookies pass, in both directions."},
    {"http2", NULL,
     "Speak HTTP/2 to a server that offers it. It takes up to 32 MiB of memory "
     "for each client that reads slowly."},
    {"secret-in-path", NULL,
     "The secret may also be the first part of the path, for programs that "
     "send no header. It ends up in their logs."},
    {"service", NULL,
     "Set up a service of your systemd that starts when a client comes, with a "
     "secret that stays."},
    {"rotate", NULL, "With --service: make a new secret."},
    {"off", NULL, "With --service: remove the service."},
    {"idle", "SECONDS", "End after so long without a client."},
    {NULL, NULL, NULL},
};

static int run_proxy(const struct cmd_words *words);

const struct cmd_verb cmd_proxy = {
    .name = "proxy",
    .summary = "give programs that want a URL an address with tokens behind it",
    .usage = "proxy ACCOUNT [OPTIONS] [-- COMMAND [ARGUMENT...]]",
    .about =
	"Listens on this computer and passes requests on to the account's "
	"hosts, each with a valid access token; a token that the server "
	"refuses is replaced once. The program that asks has neither token nor "
	"client secret: it shows the proxy's own secret, as Bearer token, as "
	"Basic password, or as client secret of a token request, which the "
	"proxy answers itself.\n\n"
	"A command gets the address and the secret in VALETKEY_PROXY_URL and "
	"VALETKEY_PROXY_TOKEN, and under the names that known clients of the "
	"provider read; the proxy ends with it. Without a command they are "
	"printed, and the proxy runs until Ctrl-C.\n\n"
	"Web pages, other users and requests for other hosts are refused.",
    .options = options,
    .examples =
	"  valetkey proxy work -- node NinjaOneMCP/dist\n"
	"  valetkey proxy work --env API_URL=url --env API_KEY=token -- make\n"
	"  valetkey proxy work --socket \"$XDG_RUNTIME_DIR/work.sock\"\n"
	"  valetkey proxy work --service\n",
    .run_words = run_proxy,
};

/* All that one run needs. */
struct proxy_start {
	const struct cmd_args *args;
	struct client client;
	struct proxy proxy;
	struct proxy_listener listener;
	struct proxy_run run;
	struct record variables;
};

/* ---- what was typed ---- */

static int check_proxy_words(const struct cmd_words *words)
{
	const struct cmd_args *args = &words->args;
	bool service = cmd_option(args, "service");

	if (words->count > 1 && !words->command)
		return cmd_fail(VALETKEY_ERR_ARG,
				"The command comes after --: valetkey proxy %s "
				"-- %s",
				words->words[0], words->words[1]);
	if (words->count != 1 || (words->command && !*words->command))
		return cmd_fail(VALETKEY_ERR_ARG,
				"Which account, and which command? Usage: "
				"valetkey %s",
				cmd_proxy.usage);
	if (service && words->command)
		return cmd_fail(VALETKEY_ERR_ARG,
				"A service runs no command: either --service "
				"or -- COMMAND.");
	if (!service && (cmd_option(args, "rotate") || cmd_option(args, "off")))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--rotate and --off belong to --service.");
	if (cmd_option(args, "port") && cmd_option(args, "socket"))
		return cmd_fail(VALETKEY_ERR_ARG,
				"Either --port or --socket, not both.");
	if (!account_name_ok(words->words[0]))
		return cmd_fail(VALETKEY_ERR_ARG,
				"That is not an account's name.");
	return VALETKEY_OK;
}

static int read_place(struct proxy_start *start)
{
	const char *port = cmd_option(start->args, "port");
	int64_t number =
	    port ? record_get_int(&start->args->options, "port", -1) : 0;

	if (number < 0 || number > UINT16_MAX || (port && !number))
		return cmd_fail(VALETKEY_ERR_ARG,
				"--port needs a number from 1 to 65535.");
	start->listener.port = (uint16_t)number;
	start->listener.path = cmd_option(start->args, "socket");
	if (start->listener.path && *start->listener.path != '/')
		return cmd_fail(VALETKEY_ERR_ARG,
				"--socket needs an absolute path.");
	return cmd_option_seconds(start->args, "idle", IDLE_MAX_S,
				  &start->run.idle_s);
}

static int choose_host(struct proxy_start *start)
{
	const char *wanted = cmd_option(start->args, "host");
	struct proxy_map *map = &start->proxy.map;
	struct buf list = {0};
	int rc;

	map->config = &start->client.config;
	rc = proxy_map_list(map, &list);
	if (!rc && !list.len)
		rc = cmd_fail(VALETKEY_ERR_RESOURCE,
			      "Account %s has no hosts, so its tokens go "
			      "nowhere. Add it again with --host URL.",
			      start->client.account);
	else if (!rc && !proxy_map_choose(map, wanted))
		rc = cmd_fail(VALETKEY_ERR_RESOURCE,
			      "--host must be one of the account's: %s.",
			      list.data);
	buf_free(&list);
	return rc;
}

static int read_account(struct proxy_start *start, const char *account)
{
	struct problem problem = {0};
	struct proxy *proxy = &start->proxy;

	if (client_load(account, &start->client, &problem) != VALETKEY_OK)
		return cmd_fail_problem(&problem);
	proxy->client = &start->client;
	proxy->cookies = cmd_option(start->args, "cookies");
	proxy->http2 = cmd_option(start->args, "http2");
	proxy->guard.in_path = cmd_option(start->args, "secret-in-path");
	proxy->guard.uid = geteuid();
	return choose_host(start);
}

/* ---- running it ---- */

static int fill_variables(struct proxy_start *start)
{
	const struct proxy_env env = {
	    .client = &start->client,
	    .args = start->args,
	    .guard = &start->proxy.guard,
	    .socket = start->listener.path,
	};

	start->proxy.guard.port = start->listener.port;
	return proxy_env_fill(&env, &start->variables);
}

/* To the person at the terminal; not the secret. */
static void tell_what_it_does(const struct proxy_start *start)
{
	struct buf list = {0};

	if (*start->proxy.map.host)
		cmd_fail(0,
			 "Passes requests on to %s, as account %s, until "
			 "Ctrl-C.",
			 start->proxy.map.host, start->client.account);
	else if (proxy_map_list(&start->proxy.map, &list) == VALETKEY_OK)
		cmd_fail(0,
			 "Passes requests on as account %s, until Ctrl-C. "
			 "The first part of the path names the host, as in "
			 "/api.example.com/v1/...: %s",
			 start->client.account, list.data);
	buf_free(&list);
}

static int serve_proxy(struct proxy_start *start)
{
	int rc = fill_variables(start);

	start->run.listener = &start->listener;
	if (!rc)
		rc = proxy_open(&start->proxy, start->listener.fd);
	if (!rc && start->run.command)
		rc = proxy_env_set(&start->variables);
	else if (!rc)
		rc = proxy_env_print(&start->variables);
	if (!rc && !start->run.command)
		tell_what_it_does(start);
	if (rc) {
		proxy_close(&start->proxy);
		proxy_listen_end(&start->listener);
		return rc;
	}
	rc = proxy_serve(&start->proxy, &start->run);
	if (rc || !start->run.command)
		return rc;
	cmd_is_told();
	return cmd_child_end(start->run.status);
}

static int run_here(struct proxy_start *start)
{
	const char *path = start->listener.path;
	int rc = proxy_secret_make(start->proxy.guard.secret);

	if (!rc)
		rc = path ? proxy_listen_socket(path, &start->listener)
			  : proxy_listen_port(start->listener.port,
					      &start->listener);
	return rc ? rc : serve_proxy(start);
}

/* As systemd starts it: what it prints is in the journal. */
static int run_activated(struct proxy_start *start)
{
	int rc = proxy_secret_keep(start->client.account, false,
				   start->proxy.guard.secret);

	if (!rc)
		rc = proxy_listen_take(&start->listener);
	start->proxy.guard.port = start->listener.port;
	start->listener.path = NULL;
	start->run.listener = &start->listener;
	if (!rc)
		rc = proxy_open(&start->proxy, start->listener.fd);
	if (!rc)
		return proxy_serve(&start->proxy, &start->run);
	proxy_close(&start->proxy);
	return rc;
}

static int set_up_service(struct proxy_start *start)
{
	const struct proxy_service service = {
	    .account = start->client.account,
	    .args = start->args,
	};
	bool renew = cmd_option(start->args, "rotate");
	int rc;

	if (proxy_listen_is_given())
		return run_activated(start);
	rc = proxy_service_place(&service, &start->listener);
	if (!rc)
		rc = proxy_secret_keep(start->client.account, renew,
				       start->proxy.guard.secret);
	if (!rc)
		rc = fill_variables(start);
	if (!rc)
		rc = proxy_service_install(&service, &start->listener);
	return rc ? rc : proxy_env_print(&start->variables);
}

/* Also if the account is gone. */
static int remove_service(const struct cmd_words *words)
{
	const struct proxy_service service = {.account = words->words[0],
					      .args = &words->args};

	return proxy_service_remove(&service);
}

static int run_proxy(const struct cmd_words *words)
{
	struct proxy_start start = {.args = &words->args,
				    .listener.fd = -1,
				    .run.command = words->command};
	int rc = check_proxy_words(words);

	if (!rc && cmd_option(start.args, "off"))
		return remove_service(words);
	if (!rc)
		rc = cmd_account_exists(words->words[0]);
	if (!rc)
		rc = read_place(&start);
	if (!rc)
		rc = read_account(&start, words->words[0]);
	if (!rc)
		rc = cmd_option(start.args, "service") ? set_up_service(&start)
						       : run_here(&start);
	record_free(&start.variables);
	explicit_bzero(&start.proxy.guard, sizeof(start.proxy.guard));
	client_free(&start.client);
	return rc;
}
