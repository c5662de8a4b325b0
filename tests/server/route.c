/* SPDX-License-Identifier: MIT */
/*
 * Which handler answers which path. What is not in the table, or is
 * switched off, gets the bare JSON 404 that NinjaOne gives for everything
 * that it does not know.
 */
#include "provider.h"

#include "mcp.h"

#include <stdlib.h>
#include <string.h>

enum route_flag {
	ROUTE_FAULTS = 1,     /* the token endpoint: faults apply */
	ROUTE_CONTROL = 2,    /* only with --control */
	ROUTE_ERROR_PAGE = 4, /* only with --error-page */
	ROUTE_DEVICE = 8,     /* only with --device */
	ROUTE_REGISTER = 16,  /* only with --register */
	ROUTE_MCP = 32,	      /* only with --mcp */
};

struct route {
	const char *path;
	const char *method;
	void (*handle)(struct provider *provider, struct request *request);
	unsigned flags;
};

static const struct route routes[] = {
    {"/.well-known/oauth-authorization-server", "GET", metadata_handle, 0},
    {"/ws/oauth/authorize", "GET", authorize_handle, 0},
    {"/ws/login", "POST", login_handle, 0},
    {"/ws/consent", "POST", consent_handle, 0},
    {"/ws/error", "GET", authorize_error_handle, ROUTE_ERROR_PAGE},
    {"/ws/oauth/token", "POST", token_handle, ROUTE_FAULTS},
    {"/ws/oauth/refresh", "POST", token_handle, ROUTE_FAULTS},
    {"/ws/oauth/revoke", "POST", revoke_handle, 0},
    {"/ws/oauth/userinfo", "GET", userinfo_handle, 0},
    {"/ws/oauth/device_authorization", "POST", device_handle, ROUTE_DEVICE},
    {"/ws/oauth/register", "POST", register_handle, ROUTE_REGISTER},
    {"/ws/oauth/client", "DELETE", register_delete_handle, ROUTE_REGISTER},
    {MCP_METADATA_PATH, "GET", mcp_metadata_handle, ROUTE_MCP},
    {"/mcp", "POST", mcp_handle, ROUTE_MCP},
    {"/ws/device", "GET", device_page_handle, ROUTE_DEVICE},
    {"/ws/device/enter", "POST", device_enter_handle, ROUTE_DEVICE},
    {"/v2/organizations", "GET", api_organizations_handle, 0},
    {"/v2/devices", "GET", api_devices_handle, 0},
    {"/control/stats", "GET", control_stats_handle, ROUTE_CONTROL},
    {"/control/expire", "POST", control_expire_handle, ROUTE_CONTROL},
    {"/control/faults", "POST", control_faults_handle, ROUTE_CONTROL},
    {"/control/alive", "GET", control_alive_handle, ROUTE_CONTROL},
};

/* Paths that clients try and that NinjaOne does not have: log them. */
static const char *const route_strangers[] = {
    "/",
    "/favicon.ico",
    "/oauth/token",
    "/oauth/authorize",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-protected-resource",
    "/mcp",
};

static const struct route *route_find(const struct options *options,
				      const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		unsigned flags = routes[i].flags;

		if (strcmp(routes[i].path, path))
			continue;
		if ((flags & ROUTE_CONTROL && !options->control) ||
		    (flags & ROUTE_DEVICE && !options->device) ||
		    (flags & ROUTE_REGISTER && !options->registers) ||
		    (flags & ROUTE_MCP && !options->mcp) ||
		    (flags & ROUTE_ERROR_PAGE && !options->error_page))
			return NULL;
		return &routes[i];
	}
	return NULL;
}

/* Words that nobody knows might hold anything; the log must not. */
static void route_hide_method(struct request *request)
{
	if (!strcmp(request->method, "GET") ||
	    !strcmp(request->method, "POST") ||
	    !strcmp(request->method, "DELETE"))
		return;
	free(request->method);
	request->method = util_strdup("(other)");
}

static void route_hide_path(struct request *request)
{
	const size_t count = sizeof(route_strangers) / sizeof(char *);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(route_strangers[i], request->path))
			return;
	free(request->path);
	request->path = util_strdup("(other)");
}

static bool route_refuse(const struct route *route, struct request *request)
{
	if (!route) {
		route_hide_path(request);
		request_fail(request, 404, "no-such-path");
	} else if (strcmp(route->method, request->method)) {
		answer_header(&request->answer, "Allow", route->method);
		request_fail(request, 405, "method");
	} else if (request->too_big) {
		request_fail(request, 413, "body-too-big");
	} else {
		return false;
	}
	return true;
}

static void route_handle(struct provider *provider, struct request *request,
			 const struct route *route)
{
	provider_lock(provider);
	route->handle(provider, request);
	provider_unlock(provider);
}

void route_request(struct provider *provider, struct request *request)
{
	const struct route *route =
	    route_find(&provider->options, request->path);
	bool faults;

	if (metadata_page(provider, request)) {
		route_hide_method(request);
		log_write(provider, request);
		return;
	}
	route_hide_method(request);
	if (route_refuse(route, request)) {
		log_write(provider, request);
		return;
	}
	faults = route->flags & ROUTE_FAULTS;
	if (faults)
		fault_take(provider, request);
	if (!faults || !fault_before(provider, request))
		route_handle(provider, request, route);
	log_write(provider, request);
	if (faults && request->answer.delivery != DELIVERY_CLOSE)
		fault_after(provider, request);
}
