/* SPDX-License-Identifier: MIT */
/*
 * metadata.h - what an authorization server says of itself (RFC 8414, OpenID
 * Connect Discovery), turned into the keys of an account's file (client.h,
 * provider.h). Nothing of it is believed before the document has named the very
 * issuer that was asked for (RFC 8414 3.3), and no endpoint is taken that is
 * not https; on this computer's own addresses only if the issuer is too.
 */
#ifndef VALETKEY_METADATA_H
#define VALETKEY_METADATA_H

#include "core/text.h"
#include "core/record.h"

#include <stdbool.h>
#include <stddef.h>

/* Whose metadata, and for which client. */
struct metadata_wish {
	const char *issuer;
	const char *auth;  /* the client's method; NULL: choose */
	const char *proof; /* what it has to choose by: secret, key,
			      certificate, none (also NULL), or ask: a secret
			      if the server takes any, nobody was asked yet */
	bool machine;	   /* client_credentials: nobody logs in */
	bool choices;	   /* a person is asked for the scopes */
	bool mcp;	   /* for an MCP server: PKCE must be promised, and the
			      scopes are that server's */
};

/* Whether it can be an issuer: https without query and fragment. */
bool metadata_issuer_ok(const char *issuer);

/* The places, in the order that they are asked in (the one that MCP has too).
 */
enum metadata_place {
	METADATA_OAUTH = 0,	      /* RFC 8414's: between host and path */
	METADATA_OPENID_INSERTED = 1, /* OpenID's there */
	METADATA_OPENID = 2,	      /* OpenID's: behind the path */
	METADATA_PLACES = 3
};

/*
 * Adds the place's URL; nothing if it is the same as OpenID's, because the
 * issuer has no path. 0 or -1 for memory.
 */
int metadata_place(const char *issuer, enum metadata_place place,
		   struct buf *url);

/*
 * Reads a document. 0, and in `found` the keys issuer, *_endpoint, auth,
 * offline_scope, scope, authorize_parameter[],
 * authorization_response_iss_parameter_supported and
 * require_pushed_authorization_requests as far as they are known; beside them
 * registration_endpoint with the grant_types[] to register for and
 * registration_auth (if that is to be another than auth),
 * client_id_metadata_document_supported, scope_choice[] (provider.h) if there
 * are choices to be made, and warning[] for the person. ERR_NETWORK if it is not
 * metadata, ERR_DENIED if it must not be used, ERR_NOMEM.
 */
int metadata_read(const struct metadata_wish *wish, const char *text,
		  size_t len, struct record *found, struct problem *problem);

#endif
