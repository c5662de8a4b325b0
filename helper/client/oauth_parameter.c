/* SPDX-License-Identifier: MIT */
/*
 * oauth_parameter.c - see oauth_parameter.h. RFC 6749, 7521, 7636, 8628, 8707,
 * 9101 and OpenID Connect.
 */
#include "oauth_parameter.h"

#include <string.h>

static const char *const ours[] = {"assertion",
				   "client_assertion",
				   "client_assertion_type",
				   "client_id",
				   "client_secret",
				   "code",
				   "code_challenge",
				   "code_challenge_method",
				   "code_verifier",
				   "device_code",
				   "grant_type",
				   "nonce",
				   "password",
				   "redirect_uri",
				   "refresh_token",
				   "request",
				   "request_uri",
				   "resource",
				   "response_mode",
				   "response_type",
				   "scope",
				   "state",
				   NULL};

bool oauth_parameter_is_ours(const char *name, size_t len)
{
	for (const char *const *one = ours; *one; one++)
		if (strlen(*one) == len && strncmp(*one, name, len) == 0)
			return true;
	return false;
}
