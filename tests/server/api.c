/* SPDX-License-Identifier: MIT */
/*
 * Two calls of NinjaOne's API, behind a bearer token (RFC 6750) with the
 * scope monitoring. The data are a small made-up world of three customers
 * and six devices; the times in it move with the clock.
 */
#include "provider.h"

#include "encode.h"
#include "mcp.h"
#include "scope.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const struct organization {
	int id;
	const char *name;
	const char *description;
} organizations[] = {
    {1, "Alder & Sons Joinery", "Workshop and two sites"},
    {2, "Birch Street Dental", "Practice with four rooms"},
    {3, "Cedar Logistics", "Depot and dispatch office"},
};

static const struct device {
	int id;
	int organization;
	const char *node_class;
	const char *name;
	int seen_ago; /* seconds since the last contact */
} devices[] = {
    {101, 1, "WINDOWS_SERVER", "ALDER-DC01", 12},
    {102, 1, "WINDOWS_WORKSTATION", "ALDER-CAD02", 47},
    {103, 2, "WINDOWS_WORKSTATION", "BIRCH-FRONT", 31},
    {104, 2, "MAC", "birch-xray", 93600},
    {105, 3, "LINUX_SERVER", "cedar-wms", 8},
    {106, 3, "CLOUD_MONITOR_TARGET", "cedar-portal", 5400},
};

#define ORGANIZATION_COUNT (sizeof(organizations) / sizeof(*organizations))
#define DEVICE_COUNT (sizeof(devices) / sizeof(*devices))
#define ONLINE_SECONDS 300

static void api_refuse(struct provider *provider, struct request *request,
		       int status, const char *reason)
{
	provider->stats.api_refused++;
	if (mcp_is_path(request->path)) {
		mcp_challenge(provider, request,
			      request->authorization ? "invalid_token" : NULL,
			      "monitoring");
		request_fail(request, status, reason);
		return;
	}
	answer_header(&request->answer, "WWW-Authenticate",
		      status == 403 ? "Bearer realm=\"NinjaOne\", "
				      "error=\"insufficient_scope\", "
				      "scope=\"monitoring\""
				    : "Bearer realm=\"NinjaOne\", "
				      "error=\"invalid_token\"");
	request_fail(request, status, reason);
}

const struct token *api_token(struct provider *provider,
			      struct request *request)
{
	const char *header = request->authorization;
	const struct token *token = NULL;
	const char *problem;

	if (!header || strncasecmp(header, "Bearer ", 7)) {
		api_refuse(provider, request, 401, "no-token");
		return NULL;
	}
	token = grants_find_token(&provider->grants, header + 7);
	if (!token || token->kind != TOKEN_ACCESS) {
		api_refuse(provider, request, 401, "unknown-token");
		return NULL;
	}
	request_log(request, "client", token->family->client->id);
	problem = grants_token_problem(&provider->grants, token);
	if (problem) {
		api_refuse(provider, request, 401, problem);
		return NULL;
	}
	return token;
}

/* False when the caller may not read; the answer is then ready. */
static bool api_allowed(struct provider *provider, struct request *request)
{
	const struct token *token = api_token(provider, request);

	if (!token)
		return false;
	if (!(token->scope & SCOPE_MONITORING)) {
		api_refuse(provider, request, 403, "scope");
		return false;
	}
	return true;
}

static void api_finish(struct provider *provider, struct request *request)
{
	provider->stats.api_ok++;
	request->answer.status = 200;
	request->answer.type = "application/json";
	answer_header(&request->answer, "Cache-Control", "no-store");
	request_log(request, "result", "ok");
}

static void api_member(struct buf *body, const char *name, const char *value)
{
	buf_printf(body, ",\"%s\":", name);
	encode_json(body, value);
}

void api_organizations_handle(struct provider *provider,
			      struct request *request)
{
	struct buf *body = &request->answer.body;

	if (!api_allowed(provider, request))
		return;
	for (size_t i = 0; i < ORGANIZATION_COUNT; i++) {
		buf_printf(body, "%s{\"id\":%d", i ? "," : "[",
			   organizations[i].id);
		api_member(body, "name", organizations[i].name);
		api_member(body, "description", organizations[i].description);
		api_member(body, "nodeApprovalMode", "AUTOMATIC");
		buf_adds(body, "}");
	}
	buf_adds(body, "]");
	api_finish(provider, request);
}

static void api_device(struct buf *body, const struct device *device,
		       int64_t now)
{
	bool online = device->seen_ago < ONLINE_SECONDS;

	buf_printf(body, "{\"id\":%d,\"organizationId\":%d,\"locationId\":%d",
		   device->id, device->organization, device->organization);
	api_member(body, "nodeClass", device->node_class);
	api_member(body, "approvalStatus", "APPROVED");
	api_member(body, "systemName", device->name);
	api_member(body, "displayName", device->name);
	buf_printf(body,
		   ",\"online\":%s,\"offline\":%s,\"lastContact\":%" PRId64
		   ",\"lastUpdate\":%" PRId64 "}",
		   online ? "true" : "false", online ? "false" : "true",
		   now - device->seen_ago, now - device->seen_ago);
}

void api_devices_handle(struct provider *provider, struct request *request)
{
	struct buf *body = &request->answer.body;
	int64_t now = (int64_t)time(NULL);

	if (!api_allowed(provider, request))
		return;
	for (size_t i = 0; i < DEVICE_COUNT; i++) {
		buf_adds(body, i ? "," : "[");
		api_device(body, &devices[i], now);
	}
	buf_adds(body, "]");
	api_finish(provider, request);
}
