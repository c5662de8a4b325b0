/* SPDX-License-Identifier: MIT */
/*
 * What the authorization endpoint shares with the login and the consent
 * form that follow it.
 */
#ifndef PROVIDER_AUTHORIZE_H
#define PROVIDER_AUTHORIZE_H

#include "provider.h"

#define AUTHORIZE_COOKIE "ninjaone_visit"

/* Sends the browser back to the client with name=value and the state. */
void authorize_return(struct request *request, const struct pending *pending,
		      const char *name, const char *value);

void authorize_set_cookie(const struct provider *provider,
			  struct request *request, const struct visit *visit);

#endif
