/* SPDX-License-Identifier: MIT */
/*
 * Answers and requests of the token endpoint in the shapes that other
 * providers give them: the fault answer=SHAPE, and json.
 */
#ifndef PROVIDER_SHAPE_H
#define PROVIDER_SHAPE_H

#include "request.h"

bool shape_is(const struct faults *faults, const char *shape);

/* True when the request is refused, in some shape; the answer is ready. */
bool shape_refuse(struct request *request);

/*
 * A body of JSON, where one is wanted, becomes the form that it stands for.
 * -1 when the body is not what is wanted.
 */
int shape_take_json(struct request *request);

/* The value for expires_in, and the member scope with a comma before it. */
int64_t shape_lifetime(const struct faults *faults, int64_t lifetime);
/* The member that tells the refresh token's life, or nothing. */
void shape_refresh_lifetime(const struct faults *faults, int64_t lifetime,
			    struct buf *body);
void shape_scope(const struct faults *faults, unsigned scope, struct buf *body);

/* Puts the tokens into authed_user, with a bot's token outside. */
void shape_nest(struct buf *body);

#endif
