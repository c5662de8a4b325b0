/* SPDX-License-Identifier: MIT */
/*
 * resource.c - see resource.h. Knows no network: op_resource.c brings the
 * document, the fuzzer brings anything.
 */
#include "resource.h"

#include "core/challenge.h"
#include "core/origin.h"
#include "core/scope.h"
#include "json/json.h"
#include "metadata.h"
#include <valetkey.h>

#include <string.h>

#define WELL_KNOWN "/.well-known/oauth-protected-resource"
#define SERVERS_MAX 16

/* What follows the origin: path, query. */
static const char *after_origin(const char *url)
{
	const char *host = strstr(url, "://") + strlen("://");

	return host + strcspn(host, "/?#");
}

int resource_canonical(const char *url, struct buf *canonical,
		       struct problem *problem)
{
	char origin[ORIGIN_MAX];

	if (origin_of(url, origin) != 0 || strchr(url, '#'))
		return problem_set(problem, VALETKEY_ERR_ARG,
				   "--mcp must be the https URL of an MCP "
				   "server, without a user name and without a "
				   "fragment (http only for this computer "
				   "itself).");
	return buf_str(canonical, origin) ||
		       buf_str(canonical, after_origin(url))
		   ? problem_no_memory(problem)
		   : VALETKEY_OK;
}

/* RFC 9728 3.1: of nothing but a host the slash goes. */
int resource_place(const char *url, enum resource_place place, struct buf *out)
{
	const char *rest = after_origin(url);
	bool none = !*rest || strcmp(rest, "/") == 0;

	if (place == RESOURCE_NAMED || (place == RESOURCE_ROOT && none))
		return 0;
	return buf_add(out, url, (size_t)(rest - url)) ||
	       buf_str(out, WELL_KNOWN) ||
	       buf_str(out, place == RESOURCE_PATH && !none ? rest : "");
}

int resource_named_ok(const char *url, const char *named,
		      struct problem *problem)
{
	char own[ORIGIN_MAX], quoted[PROBLEM_QUOTE_MAX];

	if (origin_of(url, own) == 0 && origin_is(named, own) &&
	    !strchr(named, '#'))
		return VALETKEY_OK;
	return problem_set(
	    problem, VALETKEY_ERR_DENIED,
	    "The MCP server says that its metadata is at \"%s\", which is not "
	    "on the same server, so it is not asked for. Tell its operator; if "
	    "you know its authorization server, give that: valetkey add NAME "
	    "--issuer URL --resource-indicator %.200s --host %.200s",
	    problem_quote(quoted, named), url, own);
}

/* ---- whose it is ---- */

/* A path of "/" is none (RFC 3986 6.2.3), and what the root's document is about
 * has none. */
static bool is_resource(const struct resource_wish *wish, const char *named)
{
	const char *rest = after_origin(wish->url);
	size_t host = (size_t)(rest - wish->url);

	if (strcmp(named, wish->url) == 0)
		return true;
	if (*rest && strcmp(rest, "/") != 0 && wish->place != RESOURCE_ROOT)
		return false;
	return strncmp(named, wish->url, host) == 0 &&
	       (!named[host] || strcmp(named + host, "/") == 0);
}

/* The server's words go into a command for a shell only if they mean nothing to
 * it. */
static int refuse_resource(const struct resource_wish *wish, const char *named,
			   struct problem *problem)
{
	static const char harmless[] = "abcdefghijklmnopqrstuvwxyz"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789.:/_-[]%~";
	char quoted[PROBLEM_QUOTE_MAX], asked[PROBLEM_QUOTE_MAX];
	char own[ORIGIN_MAX];
	bool near = origin_of(wish->url, own) == 0 && origin_is(named, own) &&
		    !named[strspn(named, harmless)];

	problem_quote(quoted, named);
	problem_quote(asked, wish->url);
	return problem_set(
	    problem, VALETKEY_ERR_DENIED,
	    "The server's metadata is about another resource: it was asked for "
	    "\"%s\" and names \"%s\", so it is not used. %s%s",
	    asked, quoted,
	    near ? "If you mean that one, give its URL: --mcp "
		 : "Tell its operator.",
	    near ? quoted : "");
}

/* ---- members ---- */

static int put_servers(const struct json *json, const char *url,
		       struct record *found, struct problem *problem)
{
	static const char key[] = "authorization_servers[]";
	char quoted[PROBLEM_QUOTE_MAX], own[ORIGIN_MAX], origin[ORIGIN_MAX];
	const char *server = NULL;
	unsigned count = 0;

	if (origin_of(url, own) != 0)
		return VALETKEY_ERR_ARG;
	while ((server = record_next(&json->strings, key, server))) {
		if (++count > SERVERS_MAX || !metadata_issuer_ok(server) ||
		    origin_of(server, origin) != 0 ||
		    (origin_is_loopback(origin) && !origin_is_loopback(own)))
			return problem_set(
			    problem, VALETKEY_ERR_DENIED,
			    "The MCP server names an authorization server that "
			    "is not a clean https URL, or too many of them: "
			    "\"%s\". Tell its operator.",
			    problem_quote(quoted, server));
		if (!record_has(found, "authorization_server[]", server) &&
		    record_add(found, "authorization_server[]", server))
			return problem_no_memory(problem);
	}
	return VALETKEY_OK;
}

static int put_scopes(const struct json *json, struct record *found,
		      struct problem *problem)
{
	const char *word = NULL;
	struct buf scope = {0};
	int rc = VALETKEY_OK;

	while (!rc &&
	       (word = record_next(&json->strings, "scopes_supported[]", word)))
		if (*word && scope_add(&scope, word))
			rc = problem_no_memory(problem);
	if (!rc && scope.len && !challenge_scope_ok(scope.data))
		rc = problem_set(problem, VALETKEY_ERR_DENIED,
				 "The MCP server's metadata has scopes that "
				 "are none (RFC 6749 3.3). Tell its operator, "
				 "or give those to ask for: --scope SCOPES.");
	if (!rc && record_add(found, "scope", scope.data))
		rc = problem_no_memory(problem);
	buf_free(&scope);
	return rc;
}

static int resource_take(const struct resource_wish *wish,
			 const struct json *json, struct record *found,
			 struct problem *problem)
{
	const char *named = record_get(&json->strings, "resource");
	int rc;

	if (!named || !*named)
		return problem_set(problem, VALETKEY_ERR_NETWORK,
				   "The MCP server's metadata names no "
				   "resource (RFC 9728).");
	if (!is_resource(wish, named))
		return refuse_resource(wish, named, problem);
	if (record_add(found, "resource", named))
		return problem_no_memory(problem);
	rc = put_servers(json, wish->url, found, problem);
	return rc ? rc : put_scopes(json, found, problem);
}

int resource_read(const struct resource_wish *wish, const struct buf *text,
		  struct record *found, struct problem *problem)
{
	struct json json = {0};
	int rc;

	if (json_parse(buf_text(text), text->len, &json))
		rc = problem_set(problem, VALETKEY_ERR_NETWORK,
				 "The MCP server's metadata is not a JSON "
				 "object.");
	else
		rc = resource_take(wish, &json, found, problem);
	json_free(&json);
	if (rc)
		record_free(found);
	return rc;
}
