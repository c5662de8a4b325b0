/* SPDX-License-Identifier: MIT */
/*
 * answer_body.h - the members of what a server answered, whatever shape it gave
 * them: a JSON object, also in a list or behind a byte order mark, or a form. By
 * what it is: a server that errs in the one errs in the Content-Type too.
 */
#ifndef VALETKEY_ANSWER_BODY_H
#define VALETKEY_ANSWER_BODY_H

#include "json/json.h"

/*
 * RECORD_MALFORMED: it is none of these, or a broken one, of which the members
 * before the break are there. Without `whole` the answer was cut off, and the
 * members count that came completely. `members` must be empty, and is to be
 * freed in any case.
 */
enum record_error answer_body_read(const struct buf *body, bool whole,
				   struct json *members);

/* Nothing but white space. */
bool answer_body_empty(const struct buf *body);

#endif
