/* SPDX-License-Identifier: MIT */
/*
 * git_challenge.h - WWW-Authenticate headers (RFC 9110 11.6.1), as git hands
 * them on in wwwauth[]: which schemes a server takes, and which authorization
 * server a Bearer challenge names.
 */
#ifndef VALETKEY_GIT_CHALLENGE_H
#define VALETKEY_GIT_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>

/* Each text is "?" where it is too long. */
struct git_challenge {
	const char *at; /* the header's text; moves on */
	char scheme[32];
	char name[32];	 /* of the parameter, "" with the scheme itself */
	char value[512]; /* of the parameter, unquoted */
};

/* The next scheme or parameter; false at the end, or where the text makes no
 * sense any more. */
bool git_challenge_next(struct git_challenge *challenge);

#endif
