/* SPDX-License-Identifier: MIT */
/*
 * mcp.c - an account for an MCP server, from its URL: `valetkey add --mcp` learns from
 * the server which authorization server it trusts and which scopes it wants (the
 * helper asks: op resource), shows that, and goes on only if a person or --yes agrees.
 * A login looks whether the server still trusts the same one; and asks in the same
 * way before scopes are added.
 */
#include "client/client.h"
#include "command/command.h"
#include "core/origin.h"
#include "core/scope.h"
#include "command/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RESOURCE_S 60

static int ask_resource(const struct record *keys, const char *url,
			struct record *answer)
{
	struct record request = {0};
	struct cmd_call call = {
	    .request = &request, .answer = answer, .timeout_s = RESOURCE_S};
	int rc = VALETKEY_ERR_NOMEM;

	if (record_add(&request, "op", "resource") == 0 &&
	    record_add(&request, "url", url) == 0 &&
	    record_add(&request, "ca_file", record_get(keys, "ca_file")) == 0 &&
	    record_add(&request, "proxy", record_get(keys, "proxy")) == 0)
		rc = cmd_call(&call);
	record_free(&request);
	return rc;
}

/* ---- which authorization server ---- */

static const char server_key[] = "authorization_server[]";

/* The one with this number (from 1) or name, or NULL. */
static const char *server_of(const struct record *found, const char *text)
{
	const char *server = NULL;
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (record_has(found, server_key, text))
		n = 0;
	else if (*end || !n)
		return NULL;
	while ((server = record_next(found, server_key, server)))
		if (n ? !--n : strcmp(server, text) == 0)
			break;
	return server;
}

static void list_servers(const struct record *found, struct buf *out)
{
	const char *server = NULL;

	while ((server = record_next(found, server_key, server)))
		buf_fmt(out, "%s%s", out->len ? ", " : "", server);
}

static int refuse_server(const struct record *found, const char *issuer)
{
	struct buf names = {0};
	int rc;

	list_servers(found, &names);
	rc = issuer ? cmd_fail(VALETKEY_ERR_ARG,
			       "The MCP server does not trust %s. It names: %s",
			       issuer, buf_text(&names))
		    : cmd_fail(VALETKEY_ERR_ARG,
			       "The MCP server names several authorization "
			       "servers. Choose one: --issuer URL, of %s",
			       buf_text(&names));
	buf_free(&names);
	return rc;
}

static int ask_server(const struct record *found, struct buf *issuer)
{
	const char *server = NULL;
	unsigned n = 0;
	int rc;

	terminal_say(TERMINAL_BOLD, "Which authorization server?\n");
	while ((server = record_next(found, server_key, server)))
		terminal_say(TERMINAL_PLAIN, "  %u  %s\n", ++n, server);
	do {
		struct buf answer = {0};

		rc = terminal_ask("Number", &answer);
		server = rc ? NULL : server_of(found, buf_text(&answer));
		buf_free(&answer);
	} while (!rc && !server);
	return rc ? rc : buf_str(issuer, server) ? VALETKEY_ERR_NOMEM : rc;
}

static int choose_server(const struct cmd_adding *adding,
			 const struct record *found, struct buf *issuer)
{
	const char *first = record_next(found, server_key, NULL);
	const char *given = cmd_option(adding->args, "issuer");
	bool several = first && record_next(found, server_key, first);

	if (given && !record_has(found, server_key, given))
		return refuse_server(found, given);
	if (!given && several && adding->person)
		return ask_server(found, issuer);
	if (!given && several)
		return refuse_server(found, NULL);
	return buf_str(issuer, given ? given : first) ? VALETKEY_ERR_NOMEM
						      : VALETKEY_OK;
}

/* ---- adding ---- */

static int check_mcp_options(const struct cmd_args *args)
{
	static const char *const others[] = {"provider", "instance", "client",
					     "resource-indicator", NULL};

	for (const char *const *other = others; *other; other++)
		if (cmd_option(args, *other))
			return cmd_fail(VALETKEY_ERR_ARG,
					"--mcp learns from the server what "
					"--%s would say: leave out one of the "
					"two.",
					*other);
	return VALETKEY_OK;
}

/* Tokens are for this server alone, whatever else may be on its host. */
static int take_resource(struct cmd_adding *adding, const char *url,
			 const struct record *found)
{
	const char *resource = record_get(found, "resource");
	const char *scope = cmd_option(adding->args, "scope");
	struct record *keys = &adding->keys;
	char origin[ORIGIN_MAX];

	if (!resource || origin_of(resource, origin) != 0)
		return cmd_fail(VALETKEY_ERR_HELPER,
				"The helper found no resource. Are two "
				"versions of valetkey installed?");
	if (record_add(keys, "mcp", url) ||
	    record_add(keys, "resource[]", resource) ||
	    (!record_has(keys, "hosts[]", origin) &&
	     record_add(keys, "hosts[]", origin)) ||
	    (!scope && record_add(keys, "scope", record_get(found, "scope"))))
		return VALETKEY_ERR_NOMEM;
	return VALETKEY_OK;
}

int cmd_mcp_find(struct cmd_adding *adding, struct buf *issuer)
{
	struct record found = {0};
	const char *url;
	int rc = cmd_answers_option(adding->args, "mcp", &url);

	if (!rc)
		rc = check_mcp_options(adding->args);
	if (!rc)
		rc = ask_resource(&adding->keys, url, &found);
	if (!rc)
		rc = choose_server(adding, &found, issuer);
	if (!rc)
		rc = take_resource(adding, url, &found);
	record_free(&found);
	return rc;
}

/* ---- what is agreed to ---- */

static int mcp_agree(const struct cmd_args *args, const char *question)
{
	bool yes = cmd_option(args, "yes") != NULL;
	int rc = VALETKEY_OK;

	if (!yes && (!terminal_person() || cmd_option(args, "no-prompt")))
		return cmd_fail(VALETKEY_ERR_ARG,
				"Nothing was changed: valetkey asks before it "
				"does this, and nobody can be asked here. If "
				"all of it is right, repeat the command with "
				"--yes.");
	if (!yes)
		rc = cmd_answers_yes(question, &yes);
	if (rc == VALETKEY_ERR_CANCELED || (!rc && !yes))
		rc = cmd_fail(VALETKEY_ERR_CANCELED, "Nothing was changed.");
	return rc;
}

static int show_scopes(const struct record *keys, const char *more)
{
	struct buf scope = {0};
	int rc = scope_add(&scope, record_get(keys, "scope")) ||
		 scope_add(&scope, more) ||
		 scope_add(&scope, record_get(keys, "offline_scope"));

	if (!rc)
		terminal_say(TERMINAL_PLAIN, "  scopes                %s\n",
			     scope.len ? scope.data : "none are asked for");
	buf_free(&scope);
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}

static const char *client_told(const struct cmd_adding *adding)
{
	const char *id = cmd_option(adding->args, "client-id");

	if (adding->registration.pairs.len)
		return "is registered there now";
	return id ? id : "one that you have registered there";
}

int cmd_mcp_agree_adding(const struct cmd_adding *adding)
{
	const struct record *keys = &adding->keys;
	int rc;

	terminal_say(TERMINAL_BOLD, "Is this right?\n");
	terminal_say(TERMINAL_PLAIN, "  MCP server            %s\n",
		     record_get(keys, "resource[]"));
	terminal_say(TERMINAL_PLAIN, "  authorization server  %s\n",
		     record_get(keys, "issuer"));
	rc = show_scopes(keys, NULL);
	if (rc)
		return rc;
	terminal_say(TERMINAL_PLAIN, "  client                %s\n",
		     client_told(adding));
	return mcp_agree(adding->args, "Go on? [y/N]");
}

/* ---- at a login ---- */

int cmd_mcp_same_server(const char *account, const struct record *keys)
{
	const char *url = record_get(keys, "mcp");
	const char *issuer = record_get(keys, "issuer");
	struct record found = {0};
	struct buf names = {0};
	int rc = ask_resource(keys, url, &found);

	if (!rc && !record_has(&found, server_key, issuer)) {
		list_servers(&found, &names);
		rc = cmd_fail(VALETKEY_ERR_LOGIN,
			      "The MCP server no longer trusts %s, but %s. A "
			      "client is not taken along to another server. If "
			      "you trust that one, add it by another name than "
			      "%s: valetkey add NAME --mcp %s",
			      issuer, buf_text(&names), account, url);
	}
	buf_free(&names);
	record_free(&found);
	return rc;
}

int cmd_mcp_agree_scope(const struct cmd_args *args,
			const struct client *client, const char *more)
{
	int rc;

	terminal_say(TERMINAL_BOLD, "Log in again, with more scopes?\n");
	terminal_say(TERMINAL_PLAIN, "  authorization server  %s\n",
		     client->issuer ? client->issuer : client->token_endpoint);
	rc = show_scopes(&client->config, more);
	return rc ? rc : mcp_agree(args, "Go on? [y/N]");
}
