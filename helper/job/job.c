/* SPDX-License-Identifier: MIT */
/*
 * job.c - see job.h.
 */
#include "job.h"

#include "core/clock.h"
#include "store/account_state.h"
#include "store/sealed_file.h"
#include <valetkey.h>

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TELL_MS 2000 /* how long a host may take to read a message */

static int job_tell(struct job *job, const struct record *message)
{
	return channel_write(job->host, message, deadline_in(TELL_MS));
}

__attribute__((format(printf, 3, 0))) static void
tell_text(struct job *job, const char *kind, const char *format, va_list args)
{
	struct record message = {0};
	struct problem text = {0};

	vsnprintf(text.text, sizeof(text.text), format, args);
	if (record_add(&message, "message", kind) == 0 &&
	    record_add(&message, "text", text.text) == 0)
		job_tell(job, &message);
	record_free(&message);
}

void job_info(struct job *job, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell_text(job, "info", format, args);
	va_end(args);
}

void job_debug(struct job *job, const char *format, ...)
{
	va_list args;

	if (!job->debug)
		return;
	va_start(args, format);
	tell_text(job, "debug", format, args);
	va_end(args);
}

static int64_t seconds_left(int64_t deadline)
{
	int64_t left = (deadline - clock_ms() + 999) / 1000;

	return left > 0 ? left : 0;
}

static bool tell_timed(struct job *job, struct record *message,
		       int64_t deadline)
{
	return record_add_int(message, "seconds_left",
			      seconds_left(deadline)) == 0 &&
	       job_tell(job, message) == 0;
}

/* Who asks comes first: the person may have started something else. */
static int job_add_text(const struct job *job, struct record *message,
			const char *text)
{
	const char *program = record_get(&job->request, "program");
	char quoted[PROBLEM_QUOTE_MAX];
	struct buf all = {0};
	int rc = 0;

	if (program && strcmp(program, "valetkey") != 0)
		rc = buf_fmt(&all, "%s asks for a login. ",
			     problem_quote(quoted, program));
	if (!rc)
		rc = buf_str(&all, text) ||
		     record_add(message, "text", all.data);
	buf_free(&all);
	return rc;
}

bool job_open_url(struct job *job, const struct job_page *page)
{
	struct record message = {0};
	bool told = record_add(&message, "message", "open") == 0 &&
		    record_add(&message, "url", page->url) == 0 &&
		    record_add(&message, "local_url", page->local_url) == 0 &&
		    job_add_text(job, &message, page->text) == 0 &&
		    tell_timed(job, &message, page->deadline);

	record_free(&message);
	return told;
}

bool job_show_code(struct job *job, const struct job_code *code)
{
	struct record message = {0};
	bool told = record_add(&message, "message", "code") == 0 &&
		    record_add(&message, "url", code->url) == 0 &&
		    record_add(&message, "code", code->code) == 0 &&
		    job_add_text(job, &message, code->text) == 0 &&
		    tell_timed(job, &message, code->deadline);

	record_free(&message);
	return told;
}

bool job_wait(struct job *job, const char *text, int64_t deadline)
{
	struct record message = {0};
	bool told = record_add(&message, "message", "wait") == 0 &&
		    record_add(&message, "text", text) == 0 &&
		    tell_timed(job, &message, deadline);

	record_free(&message);
	return told;
}

int job_ask(struct job *job, const char *text, struct buf *reply)
{
	struct record message = {0}, answer = {0};
	int rc = VALETKEY_ERR_NOMEM;

	/* What the host has to say comes before its time has run out. */
	if (record_add(&message, "message", "ask") ||
	    record_add(&message, "text", text) ||
	    record_add_int(&message, "seconds_left",
			   seconds_left(job->deadline - 1000)))
		goto out;
	rc = job_tell(job, &message);
	if (!rc)
		rc = channel_read(job->host, &answer, job->deadline);
	if (rc)
		rc = rc == CHANNEL_TIMEOUT ? VALETKEY_ERR_TIMEOUT
					   : VALETKEY_ERR_CANCELED;
	else if (record_get(&answer, "reply") &&
		 buf_str(reply, record_get(&answer, "reply")))
		rc = VALETKEY_ERR_NOMEM;
out:
	record_free(&message);
	record_free(&answer);
	return rc;
}

bool job_host_gone(struct job *job)
{
	struct pollfd host = {.fd = job->host->fd, .events = POLLRDHUP};

	return poll(&host, 1, 0) > 0 &&
	       (host.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

struct store *job_store(struct job *job)
{
	struct store **store = &job->stores[job->place];
	int64_t began = clock_ms();

	if (!*store) {
		store_open(job->place, job->interactive, job->deadline, store,
			   &job->problem);
		job_debug(job, "Opened the %s store%s: %lld ms.",
			  store_place_name(job->place),
			  *store ? "" : ", in vain",
			  (long long)(clock_ms() - began));
	}
	job->store = *store;
	return job->store;
}

int job_store_writable(struct job *job)
{
	struct store *store = job_store(job);
	int rc;

	if (!store)
		return job->problem.result;
	store_set_prompt(store, false);
	rc = store_writable(store, &job->problem);
	store_set_prompt(store, job->interactive);
	if (!job->interactive || job->place != STORE_KEYRING ||
	    (rc != VALETKEY_ERR_LOCKED && rc != VALETKEY_ERR_NO_KEYRING))
		return rc;
	job_info(job, "%s",
		 rc == VALETKEY_ERR_LOCKED
		     ? "The keyring is locked. Its dialog on the desktop waits "
		       "for your password."
		     : "The keyring has no default collection yet. Its dialog "
		       "on the desktop waits for you to choose a password for "
		       "one.");
	return store_writable(store, &job->problem);
}

void job_use_store(struct job *job, enum store_place place)
{
	job->place = place;
	job->store = job->stores[place];
}

int job_use_store_of(struct job *job, const struct record *keys)
{
	enum store_place place;

	if (!store_place_of(record_get(keys, "store"), &place))
		return problem_set(&job->problem, VALETKEY_ERR_ARG,
				   "store must be keyring or sealed.");
	job_use_store(job, place);
	return VALETKEY_OK;
}

static int see_place(const char *name, void *data)
{
	bool *any = data;
	struct record keys = {0};
	enum store_place place;

	if (account_read(name, &keys, NULL) == VALETKEY_OK &&
	    store_place_of(record_get(&keys, "store"), &place))
		any[place] = true;
	record_free(&keys);
	return 0;
}

bool job_has_place(enum store_place place)
{
	bool any[STORE_PLACES] = {false};

	if (place == STORE_SEALED)
		return true;
	account_each(see_place, any);
	return any[STORE_KEYRING] || !any[STORE_SEALED];
}

void job_close_stores(struct job *job)
{
	job->store = NULL;
	for (size_t i = 0; i < STORE_PLACES; i++) {
		store_close(job->stores[i]);
		job->stores[i] = NULL;
	}
}

int job_follow(struct job *job, const struct client *client)
{
	enum store_place before = job->place;
	struct record keys = {0};
	int rc = VALETKEY_OK;

	if (account_read(client->account, &keys, NULL) == VALETKEY_OK &&
	    record_is(&keys, "id", client->id))
		rc = job_use_store_of(job, &keys);
	if (!rc && job->place != before && !job_store(job))
		rc = job->problem.result;
	record_free(&keys);
	return rc;
}

int job_lock(struct job *job, const struct client *client, enum lock_kind kind,
	     int *lock)
{
	int rc =
	    lock_take(client->id, kind, job->deadline, lock, &job->problem);

	return rc ? rc : job_follow(job, client);
}

void job_note(const struct job *job, int lock, int result)
{
	const struct backoff_try this_time = {
	    .result = result,
	    .text = job->problem.text,
	    .retry_after_s = job->retry_after_s,
	    .reached = job->provider_reached,
	};

	backoff_note(lock, &this_time);
}

/* To be rid of an account must not need that its provider is known. */
static int use_store_of_unusable(struct job *job, const char *name, int rc)
{
	struct problem kept = job->problem;
	struct record keys = {0};

	if (account_read(name, &keys, NULL) == VALETKEY_OK)
		job_use_store_of(job, &keys);
	record_free(&keys);
	job->problem = kept;
	return rc;
}

int job_client(struct job *job, struct client *client)
{
	const char *name = record_get(&job->request, "account");
	int rc;

	if (!name)
		return problem_set(&job->problem, VALETKEY_ERR_ARG,
				   "The request names no account.");
	rc = client_load(name, client, &job->problem);
	return rc ? use_store_of_unusable(job, name, rc)
		  : job_use_store_of(job, &client->config);
}

struct store_key job_item_key(const struct client *client, enum store_kind kind)
{
	return (struct store_key){.kind = kind,
				  .id = client->id,
				  .account = client->account,
				  .provider = client->provider};
}

int job_load_item(struct job *job, const struct client *client,
		  enum store_kind kind, struct record *item, bool *found)
{
	const struct store_key key = job_item_key(client, kind);
	struct store *store = job_store(job);
	const char *how = "there is none";
	int64_t began = clock_ms();
	int rc;

	*found = false;
	if (!store)
		return job->problem.result;
	rc = store_load(store, &key, item, found, &job->problem);
	if (rc)
		how = "failed";
	else if (*found)
		how = "found";
	job_debug(job, "Looked for the %s there: %s, %lld ms.",
		  sealed_kind(kind), how, (long long)(clock_ms() - began));
	return rc;
}

int job_add_program(const struct job *job, struct record *about)
{
	char quoted[PROBLEM_QUOTE_MAX];

	problem_quote(quoted, record_get(&job->request, "program"));
	return record_add(about, "program", *quoted ? quoted : NULL);
}
