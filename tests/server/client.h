/* SPDX-License-Identifier: MIT */
/*
 * The registered clients, in the three kinds that NinjaOne calls
 * application platforms, and how each of them proves who it is.
 */
#ifndef PROVIDER_CLIENT_H
#define PROVIDER_CLIENT_H

#include "form.h"

#include <stdbool.h>

struct provider;
struct request;

enum client_kind {
	CLIENT_WEB = 1,
	CLIENT_NATIVE = 2,
	CLIENT_API = 3,
};

struct client {
	char *id;
	enum client_kind kind;
	char *secret;	   /* NULL for native */
	char *redirect;	   /* NULL for native (but if it registered itself) and
			      when an api has none */
	bool refresh;	   /* is the Refresh Token grant ticked? */
	char *public_key;  /* instead of the secret: PEM, for assertions */
	char *key_id;	   /* NULL: any */
	char *fingerprint; /* instead of the secret: of its certificate */
};

/* Reads ID,KIND,SECRET_FILE,REDIRECT[,refresh|norefresh]; -1 when bad. */
int client_read(struct client *client, const char *text);
/* Reads ID=FILE[,KID], a public key of a client that is there. */
int client_read_key(struct client *clients, size_t count, const char *text);
/* Reads ID=FILE, its certificate. */
int client_read_certificate(struct client *clients, size_t count,
			    const char *text);
void client_clear(struct client *client);

/* NULL when there is none with that id; the id may be NULL. */
const struct client *client_find(const struct client *clients, size_t count,
				 const char *id);

/* May this client be sent back to that URI? */
bool client_allows_redirect(const struct client *client, const char *uri);

/*
 * Client authentication at the token and the revocation endpoint (RFC
 * 6749, section 2.3). -1 when refused; the answer is then ready.
 */
int client_authenticate(struct provider *provider, struct request *request,
			const struct form *form, const struct client **out);

#endif
