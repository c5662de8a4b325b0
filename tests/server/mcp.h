/* SPDX-License-Identifier: MIT */
/*
 * The MCP server of --mcp (mcp.c), as far as the rest of the provider knows it.
 */
#ifndef PROVIDER_MCP_H
#define PROVIDER_MCP_H

#include "provider.h"

#define MCP_METADATA_PATH "/.well-known/oauth-protected-resource/mcp"

/* Without --mcp any request is good; with it, only for this resource. */
bool mcp_resource_ok(const struct provider *provider, const struct form *form);

bool mcp_is_path(const char *path);

/* Why a token is not enough; error NULL: there was none. */
void mcp_challenge(const struct provider *provider, struct request *request,
		   const char *error, const char *scope);

void mcp_handle(struct provider *provider, struct request *request);
void mcp_metadata_handle(struct provider *provider, struct request *request);

#endif
