/* SPDX-License-Identifier: MIT */
/*
 * flow.h - the ways to an access token: by a refresh and for the client itself
 * (flow.c), and by a login (login/login.c). All store the new grant before they
 * return it. The caller holds the account's lock, except for flow_login().
 */
#ifndef VALETKEY_FLOW_H
#define VALETKEY_FLOW_H

#include "grant.h"

#include <stdbool.h>

/*
 * RFC 6749 6: `grant` is the stored one and becomes the new one. If the
 * server says invalid_grant the keyring is read once more: if it holds another
 * refresh token by now, that one is tried. ERR_LOGIN then means that the grant
 * is dead, which is recorded; or that `lock` (the account's, held) knows of a
 * newer one (account_state.h). Every other error changes nothing.
 */
int flow_refresh(struct job *job, const struct client *client, int lock,
		 struct grant *grant);

/*
 * Whether a refresh of the stored grant would be tried, for `status`: 0;
 * ERR_LOGIN and why only a login helps; ERR_NETWORK: it would, and the last one
 * was interrupted in between.
 */
int flow_refresh_check(struct job *job, const struct client *client, int lock,
		       const struct grant *grant);

/* RFC 6749 4.4. `grant` must be empty. */
int flow_client_credentials(struct job *job, const struct client *client,
			    struct grant *grant);

/*
 * A login by a person, see login.h for the ways. Takes the login lock while the
 * person thinks and the account's lock to store. With accept_other a grant that
 * somebody else got while we waited for the login lock is taken instead, if it
 * has the scope.
 */
struct flow_options {
	bool accept_other;  /* see above */
	const char *scope;  /* wanted, NULL: the client's */
	bool accept_change; /* see registration_check() */
	const char *flow;   /* see flow_way.h; NULL: what the account says */
};
int flow_login(struct job *job, const struct client *client,
	       const struct flow_options *options, struct grant *grant);

#endif
