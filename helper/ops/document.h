/* SPDX-License-Identifier: MIT */
/*
 * document.h - a document that a server publishes of itself (RFC 8414, RFC 9728,
 * OpenID Connect Discovery), for op_discover() and op_resource().
 *
 * Redirects are followed here and nowhere else, and only within their origin: the
 * request has no secrets, and what is found must name whom it was asked for all the
 * same.
 */
#ifndef VALETKEY_DOCUMENT_H
#define VALETKEY_DOCUMENT_H

#include "job/job.h"

/* What came of one place. */
enum document_look {
	DOCUMENT_DONE = 0, /* found, or the end of it: job->problem says why */
	DOCUMENT_NOTHING = 1 /* try the next place; job->problem may say what
				was wrong here */
};

/* Takes the text of an answer into job->answer: 0, or why it is not used. */
typedef int document_read(struct job *job, const struct buf *text,
			  const void *data, struct problem *problem);

/* Asks there, with the request's ca_file and proxy. `url` becomes the address at
 * the end of the redirects. */
enum document_look document_look(struct job *job, struct buf *url,
				 document_read *read, const void *data);

#endif
