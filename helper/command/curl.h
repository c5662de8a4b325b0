/* SPDX-License-Identifier: MIT */
/*
 * curl.h - `valetkey curl`: what its two files share.
 */
#ifndef VALETKEY_CURL_H
#define VALETKEY_CURL_H

#include "command.h"
#include "core/account.h"

struct cmd_curl {
	const char *name;	      /* the account's */
	const struct record *account; /* its file */
	const char *url;	      /* one of those that were given */
	bool tls, plain;	      /* there is an https, an http one */
	bool follows;		      /* redirects */
};

/* Reads what is meant for curl, and refuses what could take the token to
 * another place. 0, ERR_ARG, ERR_RESOURCE, told. */
int cmd_curl_check(struct cmd_curl *curl, char *const *words);

#endif
