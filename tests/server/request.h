/* SPDX-License-Identifier: MIT */
/*
 * One request and its answer, free of any HTTP library's types. http.c
 * makes and sends them, route.c finds who answers, the handlers fill in
 * the answer and the words for the log.
 */
#ifndef PROVIDER_REQUEST_H
#define PROVIDER_REQUEST_H

#include "fault.h"
#include "util.h"

#define ANSWER_MAX_HEADERS 8
#define REQUEST_MAX_BODY (64 * 1024)

/* How the body goes out; all but the first are faults. */
enum delivery {
	DELIVERY_PLAIN = 0,
	DELIVERY_CLOSE = 1,    /* no answer at all */
	DELIVERY_TRUNCATE = 2, /* half of it, then close */
	DELIVERY_DRIP = 3,     /* a byte each amount milliseconds */
	DELIVERY_HUGE = 4,     /* filler up to amount bytes, 0: no end */
};

struct answer {
	int status;
	const char *type;
	struct buf body;
	struct answer_header {
		const char *name;
		char *value;
	} headers[ANSWER_MAX_HEADERS];
	size_t header_count;
	enum delivery delivery;
	int64_t amount;
};

/* What became of an answer that gave something away. */
enum given {
	GIVEN_OPEN = 0, /* it is on its way */
	GIVEN_READ = 1,
	GIVEN_LOST = 2,
};

struct request {
	bool started;
	char *method;
	char *path;
	char *query;	     /* "" when there is none; still encoded */
	char *authorization; /* NULL when missing, as the next two */
	char *content_type;
	char *certificate; /* the fingerprint of the client's, if good */
	char *cookie;	   /* the value of the provider's own cookie */
	struct buf body;
	bool too_big;
	int fd;
	struct faults faults; /* for this request only */
	struct buf log;
	struct answer answer;
	bool rotated;	   /* the answer has a new refresh token */
	bool lost;	   /* and that was seen not to arrive */
	enum given *given; /* of what the answer gives first; or NULL */
	char *client_id;   /* for the log; registered clients only */
};

/* Adds " key=value" to the log line; only words that are no secret. */
void request_log(struct request *request, const char *key, const char *value);

/* An OAuth error answer (RFC 6749, section 5.2), with its log words. */
void request_refuse(struct request *request, int status, const char *error,
		    const char *reason);

/* NinjaOne's bare JSON for errors outside of OAuth. */
void request_fail(struct request *request, int status, const char *reason);

/* A redirect to a URI that is complete. */
void request_redirect(struct request *request, const char *uri);

/* Is the body a form as HTML makes it? */
bool request_is_form(const struct request *request);

void request_free(struct request *request);

/* The value is copied. */
void answer_header(struct answer *answer, const char *name, const char *value);
void answer_retry_after(struct answer *answer, int64_t seconds);
/* Forgets all that was answered so far. */
void answer_reset(struct answer *answer);

#endif
