/* SPDX-License-Identifier: MIT */
/*
 * ops.h - what the helper does for a request, a file op_NAME.c for each subject.
 * Channel and messages: plugin/core/channel.h. Every request has `op`, `account`
 * if it concerns one, `timeout_ms`, and may have `program` and `interactive=1`; with
 * `look=1` nothing else is done beside it (what was left is not cleared, what waits
 * to be revoked is not sent).
 *
 * get         a valid access token.
 *             scope, min_valid_s, resource (the URL that it is for), new=1 (not
 *             older than a minute, either), id_token=1 (that instead) ->
 *             access_token, expires_at, expires_in, lifetime, scope, token_type;
 *             or id_token, expires_at, expires_in, scope
 * renew       a new access token if the present one is in the last fifth of its
 *             life; does not wait for the account's lock -> nothing
 * invalidate  access_token (or an ID token), resource (the URL that refused
 *             it) -> invalidated=0|1
 *             (0: it was not the current one any more)
 * login       a new grant through the browser, whatever there is already (for
 *             client_credentials: a token).
 *             accept_change=1 (see registration.h, identity.h), scope (wanted
 *             beside the account's) -> scope,
 *             identity (who logged in, if it is known), expires_in (absent:
 *             never), refresh_token=0|1 (not for those)
 * add         the keys of the account's file (client.h) and client_secret:
 *             proves the secret with one live request, stores it, reads it back,
 *             and makes the account's file; ERR_ARG: there is one. refresh_token:
 *             one from elsewhere, which is proved by a refresh
 *             -> proof=accepted|unproven|none (none: there is no secret),
 *             proof_text for a person; a refused secret is ERR_DENIED and
 *             nothing is stored
 * edit        the keys of the account's file as they are to be, of an account that
 *             there is, and client_secret if the person gave one: sees to it that
 *             the registration in the keyring fits; the command writes the file
 *             afterwards, and asks once more if a secret was replaced.
 *             -> secret=none|kept|replaced|needed (needed: nothing was done),
 *             proof, proof_text as for add; changed=1 (the next login must be told
 *             that the change is fine)
 * register    the keys of the account's file but client_id, registration_endpoint
 *             and the grant_types[] to register for: registers a client (RFC
 *             7591), stores what is secret of it, and makes the account's file.
 *             -> client_id, auth, client_secret_expires_at, and scope if the
 *             server allows less than was asked for
 * discover    issuer, ca_file, auth (absent: choose), proof=none|secret|key|
 *             certificate|ask (what to choose by), machine=1 (nobody logs in),
 *             mcp=1 (it must promise what MCP demands), choices=1 (scope_choice[]
 *             too)
 *             -> what metadata_read() finds (RFC 8414, then OpenID Discovery)
 * doctor      without an account bus and keyring (no_keyring=1: nothing), with one what its servers say
 *             -> version, count, and for N from 0: N.check, N.state =
 *             ok|note|problem, N.text, N.result (the code of a problem, else 0)
 * resource    url of an MCP server, ca_file -> resource (as the server spells it),
 *             authorization_server[], scope: what resource_read() finds (RFC 9728)
 * status      account[], others=1 -> count, and for N from 0: N.account, N.provider,
 *             N.name, N.client_id, N.grant, N.scope (granted), N.state =
 *             ok|expired|login|changed|broken (N.result says why), N.state_text for a
 *             person, N.identity and N.identity_id (who logged in), N.expires_in
 *             and N.expires_at (absent, with N.lifetime=never: it does not), N.store=keyring|sealed,
 *             N.token_life (seconds that it has when it is new), N.logged_in_at,
 *             N.refreshed_at and N.refreshed_by (of the last refresh since; a
 *             program's name, as it told it), N.dies_on (Unix seconds) with
 *             N.dies_by=told|data|learned,
 *             N.holder (of the sealed store's key: passphrase|systemd|credential),
 *             N.refresh_token=0|1, N.secret=none|stored|missing, N.proof,
 *             N.registered=0|1 (remove deletes the client at the server),
 *             N.secret_expires_at, N.no_room=1 (in the kernel, whose room other
 *             accounts' tokens fill), N.hosts, N.not_granted (scopes), N.refusal
 *             and N.refused_at (what the provider refused last), N.revocations
 *             (that wait) and
 *             N.revocations_since (Unix seconds), N.revocations_held (of them:
 *             that wait for the logout); revocations: that wait to be sent, of all
 *             accounts. With others=1 also, behind the accounts, those that are gone
 *             and have revocations that wait, N.state=removed; and
 *             others (how many ids that are no account's here have items), and for
 *             M from 0: other.M.id, other.M.label[]
 * keepalive   refreshes the grant if it would die of being left alone: after a third
 *             of the time that is known, else after a week. -> done=refreshed|not_due|
 *             machine|login (it needs one: text), dies_on, dies_by; and if a person
 *             should hear of the end of the login, event=soon|dead and notice.
 *             With notice: that the person was told; nothing else is done
 * logout      revokes the grant (RFC 7009), deletes it.
 *             -> revoked=0|1, revoked_text (why not; empty: there was nothing)
 * remove      logout, and deletes all else that there is of the account
 *             -> as logout, and of a client that we registered
 *             registration=deleted|left (at the server)
 * drop_revocations
 *             forgets all that wait to be sent -> dropped (how many)
 * forget      id, which is no account's: deletes what remove would -> nothing
 * store       store=keyring|sealed: whether an item can be kept there now, by
 *             the keyring's dialog if a person is there. Of the sealed store
 *             -> key=none|locked|open, holder (of the key), offer[] (who else than a
 *             passphrase can hold a new one); not open is no error
 * move        store=keyring|sealed: takes there what is kept of the account
 *             -> moved=0|1 (0: it was there), left_text (why the copy in the
 *             other store could not be deleted yet)
 * unlock      passphrase, holder, seconds (0: until a reboot): makes the sealed
 *             store's key, or opens it. With change=1: holder and new_passphrase, as
 *             far as they are said, hold it from now on. With reset=1: forgets the
 *             key, and all that it has sealed -> nothing
 * lock        takes the key out of the kernel -> nothing
 * git_get     a stored credential of git's. protocol, server, port, path, username
 *             as far as they are known, want_authtype=1; all values of git_*
 *             are written as record.h says.
 *             -> username, password | authtype, credential,
 *             password_expiry_utc, oauth_refresh_token; nothing if there is
 *             none. What has expired is not answered, but for its refresh token
 * git_store   the same keys with password or credential -> nothing
 * git_erase   the same keys; password or credential only if just that one
 *             shall go -> nothing
 */
#ifndef VALETKEY_OPS_H
#define VALETKEY_OPS_H

#include "job/job.h"

/* Whether the request is about an account whose login another machine keeps; then
 * it is done (op_far.c). */
bool op_far(struct job *job, int *result);

/* Whether that machine answers within some seconds, and shares the account. */
int op_far_about(const struct client *client, int64_t deadline,
		 struct problem *problem);

int op_get(struct job *job);
int op_renew(struct job *job);
int op_invalidate(struct job *job);
int op_login(struct job *job);
int op_add(struct job *job);
int op_edit(struct job *job);
int op_register(struct job *job);
int op_discover(struct job *job);
int op_doctor(struct job *job);
int op_resource(struct job *job);
int op_status(struct job *job);
int op_keepalive(struct job *job);
int op_logout(struct job *job);
int op_remove(struct job *job);
int op_drop_revocations(struct job *job);
int op_forget(struct job *job);
int op_store(struct job *job);
int op_move(struct job *job);
int op_unlock(struct job *job);
int op_lock(struct job *job);
int op_git_get(struct job *job);
int op_git_store(struct job *job);
int op_git_erase(struct job *job);

#endif
