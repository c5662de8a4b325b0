/* SPDX-License-Identifier: MIT */
/*
 * OpenID Connect, which NinjaOne does not have: who logged in, for the
 * scope openid, at a login and at each refresh. The faults id-token and userinfo spoil it.
 */
#ifndef PROVIDER_OPENID_H
#define PROVIDER_OPENID_H

#include "provider.h"

/* Adds the member id_token to an answer that is complete otherwise. */
void openid_add_token(const struct provider *provider, struct request *request,
		      const struct family *family);

#endif
