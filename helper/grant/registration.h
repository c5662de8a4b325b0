/* SPDX-License-Identifier: MIT */
/*
 * registration.h - the client registration's keyring item: the client secret and
 * what it is pinned to (client.h). Every client has one, so that a change of its
 * endpoints is noticed whether it has a secret or not.
 *
 * Keys: client_secret (if any), proof, registration_client_uri and
 * registration_access_token (RFC 7592, if we registered it), seal, pin.*; and
 * while an account is edited, or if that was ended half way, "was." before
 * client_secret, proof and pin.*: those of the file that there was. Of the two
 * the one counts that the account's file fits.
 */
#ifndef VALETKEY_REGISTRATION_H
#define VALETKEY_REGISTRATION_H

#include "job/job.h"

struct grant;

/* Writes the item, pinned to the client as it is configured now. What is kept of
 * a registration that we made ourselves stays. */
int registration_save(struct job *job, const struct client *client,
		      const char *secret, const char *proof);

/* The same with an item that holds all but the pins. */
int registration_save_item(struct job *job, const struct client *client,
			   struct record *item);

/* The item, without what does not count. */
int registration_load(struct job *job, const struct client *client,
		      struct record *item, bool *found);

/* Before the account's file becomes what `client` is: its secret (NULL: none) and
 * pins; the present ones stay beside them until registration_settle(). */
int registration_replace(struct job *job, const struct client *client,
			 const char *secret, const char *proof);

/* The file fits what counts for `client`: what stayed beside it goes. */
int registration_settle(struct job *job, const struct client *client);

/*
 * Adds the key that a login's answer is parked with (park.h): it is in the item
 * from the first login on. Nothing is added if there is no item.
 */
int registration_seal(struct job *job, const struct client *client,
		      struct buf *seal);

/* What became of a registration at the server. */
enum registration_end {
	REGISTRATION_NOT_OURS = 0, /* or the server lets nobody delete it */
	REGISTRATION_DELETED = 1,
	REGISTRATION_LEFT = 2 /* the server was not reached, or refused */
};

/* RFC 7592 2.3: a registration that we made ourselves is deleted at the server,
 * if it can be; nothing depends on it. */
enum registration_end registration_end(struct job *job,
				       const struct client *client);

/* The same with its item at hand; the proxy is the account's. */
enum registration_end registration_end_item(const struct record *item,
					    const char *proxy);

/* Whether the server lets us delete it: it is one of ours. */
bool registration_is_ours(const struct record *item);

/*
 * The item of a client with a secret, or with a key or certificate, whose item
 * has but the pins; `item` stays empty for one with nothing to show. Missing, or
 * pinned to other endpoints than are configured: ERR_LOGIN. Whether anything else
 * has changed is registration_check()'s and grant_load()'s to tell.
 */
int registration_secret(struct job *job, const struct client *client,
			struct record *item);

/*
 * The item for what ends a grant: the secret may go where the grant's own pins
 * say, whatever is configured now. ERR_LOGIN if it was not made for that.
 */
int registration_secret_for(struct job *job, const struct client *client,
			    const struct grant *grant, struct record *item);

/*
 * Before a login, and before a client that nobody logs in to asks for its first
 * token: whether anything that registration or grant are pinned to has changed
 * since. What has is ERR_LOGIN, unless the person said that it may (`accepted`);
 * a client secret never goes to another endpoint than the one it was added for.
 * What a client has gained that has no secret in the keyring and no grant is
 * nothing to accept, see CLIENT_PINS_UNUSED.
 */
int registration_check(struct job *job, const struct client *client,
		       bool accepted);

/* After a login that was let pass: the registration is pinned to what the grant
 * is. */
int registration_adopt(struct job *job, const struct client *client);

#endif
