/* SPDX-License-Identifier: MIT */
/*
 * authorize_answer.h - whether an authorization response brings a code that may
 * be redeemed (RFC 6749 4.1.2, RFC 9207), however it reached us: by the
 * loopback redirect or pasted by the person. Its state was compared before.
 */
#ifndef VALETKEY_AUTHORIZE_ANSWER_H
#define VALETKEY_AUTHORIZE_ANSWER_H

#include "client/client.h"
#include "core/problem.h"
#include "net/net.h"

/*
 * 0: answer->code is there and comes from the client's issuer. Otherwise
 * *problem is set: ERR_CANCELED the person said no; ERR_DENIED another issuer,
 * or the provider refused; ERR_NETWORK there is no code.
 */
int authorize_answer_check(const struct client *client,
			   const struct listener_answer *answer,
			   struct problem *problem);

#endif
