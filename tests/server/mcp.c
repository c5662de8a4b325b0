/* SPDX-License-Identifier: MIT */
/*
 * An MCP server behind the provider's tokens, with --mcp: one endpoint (Streamable
 * HTTP, answers in JSON, no sessions) with two tools, and what RFC 9728 has it say
 * of itself. Then the provider wants `resource` in every request, and it must be
 * this one (RFC 8707).
 */
#include "provider.h"

#include "encode.h"
#include "mcp.h"
#include "scope.h"

#include <string.h>
#include <yajl/yajl_tree.h>

#define MCP_PATH "/mcp"

void mcp_metadata_handle(struct provider *provider, struct request *request)
{
	buf_printf(&request->answer.body,
		   "{\"resource\":\"%s" MCP_PATH "\","
		   "\"authorization_servers\":[\"%s/\"],"
		   "\"scopes_supported\":[\"monitoring\",\"management\"],"
		   "\"bearer_methods_supported\":[\"header\"]}",
		   provider->origin, provider->origin);
	request->answer.status = 200;
	request->answer.type = "application/json";
	request_log(request, "result", "ok");
}

void mcp_challenge(const struct provider *provider, struct request *request,
		   const char *error, const char *scope)
{
	struct buf text = {0};

	buf_printf(&text, "Bearer %s%s%sscope=\"%s\", resource_metadata=\"%s",
		   error ? "error=\"" : "", error ? error : "",
		   error ? "\", " : "", scope, provider->origin);
	buf_adds(&text, MCP_METADATA_PATH "\"");
	answer_header(&request->answer, "WWW-Authenticate", buf_text(&text));
	buf_clear(&text);
}

bool mcp_is_path(const char *path)
{
	return !strcmp(path, MCP_PATH);
}

bool mcp_resource_ok(const struct provider *provider, const struct form *form)
{
	const char *resource = form_get(form, "resource");
	size_t len = strlen(provider->origin);

	if (!provider->options.mcp)
		return true;
	return resource && !strncmp(resource, provider->origin, len) &&
	       mcp_is_path(resource + len);
}

/* ---- JSON-RPC ---- */

static const char *mcp_string(yajl_val tree, const char **path)
{
	return YAJL_GET_STRING(yajl_tree_get(tree, path, yajl_t_string));
}

static void mcp_result(struct request *request, yajl_val tree,
		       const char *result)
{
	static const char *path[] = {"id", NULL};
	yajl_val id = yajl_tree_get(tree, path, yajl_t_any);
	struct buf *body = &request->answer.body;

	buf_adds(body, "{\"jsonrpc\":\"2.0\",\"id\":");
	if (YAJL_IS_STRING(id))
		encode_json(body, YAJL_GET_STRING(id));
	else
		buf_adds(body, YAJL_IS_NUMBER(id) ? YAJL_GET_NUMBER(id) : "0");
	buf_printf(body, ",%s}", result);
	request->answer.status = 200;
	request->answer.type = "application/json";
	request_log(request, "result", "ok");
}

static void mcp_call(struct provider *provider, struct request *request,
		     yajl_val tree, const struct token *token)
{
	static const char *path[] = {"params", "name", NULL};
	const char *name = mcp_string(tree, path);

	if (!name ||
	    (strcmp(name, "organizations") && strcmp(name, "retire"))) {
		mcp_result(request, tree,
			   "\"error\":{\"code\":-32602,\"message\":\"Unknown "
			   "tool\"}");
	} else if (!strcmp(name, "retire") &&
		   !(token->scope & SCOPE_MANAGEMENT)) {
		mcp_challenge(provider, request, "insufficient_scope",
			      "management");
		request_fail(request, 403, "scope");
	} else {
		mcp_result(request, tree,
			   "\"result\":{\"content\":[{\"type\":\"text\","
			   "\"text\":\"done\"}]}");
	}
}

static void mcp_answer(struct provider *provider, struct request *request,
		       yajl_val tree, const struct token *token)
{
	static const char *path[] = {"method", NULL};
	const char *method = mcp_string(tree, path);

	if (method && !strcmp(method, "initialize"))
		mcp_result(request, tree,
			   "\"result\":{\"protocolVersion\":\"2025-11-25\","
			   "\"capabilities\":{\"tools\":{}},\"serverInfo\":{"
			   "\"name\":\"ninjaone\",\"version\":\"1\"}}");
	else if (method && !strncmp(method, "notifications/", 14))
		request->answer.status = 202;
	else if (method && !strcmp(method, "tools/list"))
		mcp_result(
		    request, tree,
		    "\"result\":{\"tools\":[{\"name\":\"organizations\","
		    "\"inputSchema\":{\"type\":\"object\"}},{\"name\":"
		    "\"retire\",\"inputSchema\":{\"type\":\"object\"}}]}");
	else if (method && !strcmp(method, "tools/call"))
		mcp_call(provider, request, tree, token);
	else
		mcp_result(request, tree,
			   "\"error\":{\"code\":-32601,\"message\":\"Method "
			   "not found\"}");
}

void mcp_handle(struct provider *provider, struct request *request)
{
	const struct token *token = api_token(provider, request);
	yajl_val tree;

	if (!token)
		return;
	tree = yajl_tree_parse(buf_text(&request->body), NULL, 0);
	if (tree)
		mcp_answer(provider, request, tree, token);
	else
		request_fail(request, 400, "body");
	yajl_tree_free(tree);
}
