/* SPDX-License-Identifier: MIT */
/*
 * client.h - an account as a flow needs it: the client registration with the
 * endpoints of its provider. The account's file stands over the provider's:
 *
 *   id              32 hex digits, random; names lock, keys, keyring items
 *   provider        NAME of a provider file; absent: endpoints stand here
 *   instance        which of the provider's instances
 *   client          which KIND of the provider's clients
 *   client_id       RFC 6749 2.2
 *   scope           space separated; the provider's by default
 *   ca_file         certificates to trust instead of the system's
 *   proxy           instead of the environment's, "none" for none
 *   client_key, client_key_id, client_certificate
 *                   absolute path of a private key (PEM), its kid, absolute
 *                   path of its certificate: private_key_jwt, tls_client_auth
 *   flow            code, paste or device; absent: what can work here
 *   shared          yes: several machines use the keyring in turn
 *   redirect_port   which one a login comes back to for {port} in redirect_uri,
 *                   if it is free; it is registered there. Absent: any
 *   store           keyring (the usual one) or sealed, see store/store.h
 *   mcp             URL of the MCP server that the account was added for
 *   metadata_at     when the endpoints were discovered, Unix seconds
 *   client_secret_expires_at
 *                   of a client that we registered, Unix seconds
 *   and all that a provider file has for a client
 *
 * Secrets are pinned: the keyring item of a secret records what client_pin()
 * tells, and the secret goes nowhere else.
 */
#ifndef VALETKEY_CLIENT_H
#define VALETKEY_CLIENT_H

#include "core/account.h"
#include "core/text.h"
#include "core/record.h"

#include <stdbool.h>

/* RFC 6749 2.3: how the client shows the token endpoint who it is. */
enum auth_method {
	AUTH_UNKNOWN = 0,
	AUTH_CLIENT_SECRET_BASIC = 1,
	AUTH_CLIENT_SECRET_POST = 2,
	AUTH_PRIVATE_KEY_JWT = 3, /* RFC 7523 */
	AUTH_TLS_CLIENT_AUTH = 4, /* RFC 8705 */
	AUTH_NONE = 5
};

/* Who consents, and how. */
enum grant_type {
	GRANT_TYPE_UNKNOWN = 0,
	GRANT_TYPE_AUTHORIZATION_CODE = 1,
	GRANT_TYPE_DEVICE_CODE = 2,	  /* the device flow alone */
	GRANT_TYPE_CLIENT_CREDENTIALS = 3 /* nobody logs in */
};

/* By their names in files; _UNKNOWN: NULL, or not a name. */
enum auth_method auth_method_of(const char *name);
enum grant_type grant_type_of(const char *name);

/* NULL: _UNKNOWN. */
const char *auth_method_name(enum auth_method method);
const char *grant_type_name(enum grant_type type);

/* Whether the method sends a client secret. */
bool auth_method_has_secret(enum auth_method method);

struct client {
	char account[ACCOUNT_NAME_MAX + 1];
	struct record config; /* all keys; the pointers below point into it */
	const char *id;
	const char *provider;	   /* "custom": no provider file */
	const char *provider_name; /* for people; never NULL */
	const char *client_id;
	enum grant_type grant_type;
	enum auth_method auth_method;
	const char *scope; /* without offline_scope; may be NULL */
	const char *issuer;
	const char *authorization_endpoint;
	const char *token_endpoint;
	const char *revocation_endpoint; /* may be NULL, as the next */
	const char *device_authorization_endpoint;
	const char *redirect_uri;
	const char *ca_file; /* may be NULL, as the next */
	const char *proxy;
	const char *client_key;
	const char *client_key_id;
	const char *client_certificate;
	bool assertion_to_endpoint; /* else to the issuer, see assertion.c */
	bool unsaved;		    /* not an account yet: it is being added */
};

/*
 * The keys of all addresses that a secret, a code or a token may be sent to; the
 * last is NULL. What is in here is checked as a URL, stays with the provider's
 * file, and is pinned.
 */
extern const char *const client_endpoints[];

/*
 * From an account's keys (its file's, or what `add` is about to write). 0, or
 * ERR_ACCOUNT, _ARG, _NOMEM with *problem set: which key is missing or bad.
 */
int client_from_record(const char *account, const struct record *keys,
		       struct client *client, struct problem *problem);

/* From the account's file. */
int client_load(const char *account, struct client *client,
		struct problem *problem);

/* What names its secrets alone (id, account), of an account whose provider is
 * gone or that contradicts itself. */
int client_load_id(const char *account, struct client *client,
		   struct problem *problem);

/* The ids of all accounts, each with a name. ERR_ACCOUNT and the like if one
 * cannot be read: then nobody knows whose an id is. */
int client_list_ids(struct record *ids);

/* Whether the account's file is still there, with the same id. */
bool client_still_there(const struct client *client);

/* The same, under the account's lock: 0, or ERR_ACCOUNT. */
int client_check(const struct client *client, struct problem *problem);

void client_free(struct client *client);

/* Whether the client has a secret. */
bool client_has_secret(const struct client *client);

/* Whether it can be a resource[]: an absolute URI without fragment. */
bool client_resource_ok(const char *uri);

/* What it shows who it is by, for a text: "client secret", "client's key" or
 * "client certificate"; NULL: nothing. */
const char *client_credential(const struct client *client);

/* 0, or ERR_ARG if another machine keeps its login (core/far.h), where the verb is
 * to be typed. */
int client_elsewhere(const struct client *client, const char *verb,
		     struct problem *problem);

/* Whether the id can be one: 0 or ERR_ARG. */
int client_check_id(const struct client *client, struct problem *problem);

/* A value by itself, NULL is good; auth, proxy, and the files: 0 or ERR_ARG. */
int client_check_auth(const char *auth, struct problem *problem);
int client_check_proxy(const char *proxy, struct problem *problem);
int client_check_reach(const struct client *client, struct problem *problem);

/* Adds the keys that a secret is pinned to: pin.issuer and so on. */
int client_pin(const struct client *client, struct record *item);

/*
 * Whether a keyring item was made for this client as it is configured now;
 * if not, `what` names the first key that differs ("token_endpoint").
 */
enum client_pins {
	CLIENT_PINS_ALL = 1,
	/* What a client secret is sent by: it does not go to the hosts, and
	 * pkce protects a code. */
	CLIENT_PINS_SECRET = 2,
	/* Of a client that has no secret and no grant: nothing can go astray
	 * by what it has gained, a ca_file or an endpoint on the server of its
	 * token endpoint. */
	CLIENT_PINS_UNUSED = 3
};
bool client_pinned(const struct client *client, const struct record *item,
		   enum client_pins pins, const char **what);

/* The same as 0 or ERR_LOGIN, which says what has changed. */
int client_check_pins(const struct client *client, const struct record *item,
		      enum client_pins pins, struct problem *problem);

/* What the item has as this pin; "" if nothing. */
const char *client_pin_of(const struct record *item, const char *key);

#endif
