/* SPDX-License-Identifier: MIT */
/*
 * The provider as a whole: its options, its state and the one lock around
 * the state. Each request runs in a thread of its own; a handler holds the
 * lock while it works and never waits for anything meanwhile, so that a
 * slow answer for one client delays nobody else.
 */
#ifndef PROVIDER_PROVIDER_H
#define PROVIDER_PROVIDER_H

#include "assertion.h"
#include "grants.h"
#include "login.h"
#include "options.h"
#include "request.h"

#include <pthread.h>

/* What /control/stats tells. */
struct stats {
	uint64_t token_requests; /* all, also those that a fault answered */
	uint64_t grant_code;
	uint64_t grant_refresh;
	uint64_t grant_client;
	uint64_t grant_device;
	uint64_t grant_other;
	uint64_t refreshes_ok;
	uint64_t reuses; /* superseded refresh tokens presented again */
	uint64_t code_reuses;
	uint64_t families_revoked;
	uint64_t undelivered; /* rotated answers that did not arrive whole */
	uint64_t revocations;
	uint64_t api_ok;
	uint64_t api_refused;
};

/* A client that registered itself (register.c). */
struct registered {
	struct registered *next;
	unsigned number;
	char *id;
	char *token;
	bool deleted;
	enum given given;
	struct client client;
};

struct provider {
	struct options options;
	int stop_fd; /* readable when the provider is to end */
	int log_fd;  /* -1: no log */

	pthread_mutex_t lock; /* for all that follows */
	char origin[64];      /* http://127.0.0.1:PORT */
	struct faults faults;
	struct stats stats;
	struct grants grants;
	struct logins logins;
	struct device *devices; /* device.c's */
	struct registered *registered;
	unsigned given_number; /* the last one of a family or client */
	int64_t revoke_503;
	struct assertions assertions;
};

void provider_lock(struct provider *provider);
void provider_unlock(struct provider *provider);

/* Ends a family and counts it; the lock is held. */
void provider_kill_family(struct provider *provider, struct family *family);

/*
 * The answer will not arrive whole: if it had a rotated refresh token,
 * counts and logs that, once. Takes the lock.
 */
void provider_note_lost(struct provider *provider, struct request *request);

/* The same for what an answer gave first, read or lost. */
void provider_note_given(struct provider *provider, struct request *request,
			 bool read);

/* Writes the request's line to the log (log.c). */
void log_write(struct provider *provider, const struct request *request);
void log_write_lost(struct provider *provider, const struct request *request);

/* Finds out who answers, and has it answered and logged (route.c). */
void route_request(struct provider *provider, struct request *request);

/* The handlers; each fills in the answer. The lock is held. */
bool metadata_page(struct provider *provider, struct request *request);
void metadata_handle(struct provider *provider, struct request *request);
void authorize_handle(struct provider *provider, struct request *request);
void authorize_error_handle(struct provider *provider, struct request *request);
void login_handle(struct provider *provider, struct request *request);
void consent_handle(struct provider *provider, struct request *request);
void token_handle(struct provider *provider, struct request *request);
void userinfo_handle(struct provider *provider, struct request *request);
void revoke_handle(struct provider *provider, struct request *request);
void api_organizations_handle(struct provider *provider,
			      struct request *request);
void api_devices_handle(struct provider *provider, struct request *request);
void device_handle(struct provider *provider, struct request *request);
void device_page_handle(struct provider *provider, struct request *request);
void device_enter_handle(struct provider *provider, struct request *request);
void control_stats_handle(struct provider *provider, struct request *request);
void control_expire_handle(struct provider *provider, struct request *request);
void control_faults_handle(struct provider *provider, struct request *request);
void control_alive_handle(struct provider *provider, struct request *request);
void register_handle(struct provider *provider, struct request *request);
void register_delete_handle(struct provider *provider, struct request *request);
void register_free(struct provider *provider);

/* The client with that id (it may be NULL), a registered one too; or NULL. */
const struct client *register_find(const struct provider *provider,
				   const char *id);

/* Forgets all device codes. */
void device_free(struct provider *provider);

/* Who gave name and password in a form; NULL: nobody (consent.c). */
const struct user *consent_check_user(const struct options *options,
				      const struct form *form);

/* The access token of a request; NULL: none that is good, the answer is ready. */
const struct token *api_token(struct provider *provider,
			      struct request *request);

/* The HTML pages (page.c). */
/* Where a device's code is entered; both texts may be NULL. */
void page_device(struct request *request, const char *user_code,
		 const char *message);
void page_login(struct request *request, const struct pending *pending,
		const char *message);
void page_consent(struct request *request, const struct pending *pending);
void page_message(struct request *request, int status, const char *title,
		  const char *text);
/* What a hotel's proxy would answer. */
void page_proxy(struct request *request);

#endif
