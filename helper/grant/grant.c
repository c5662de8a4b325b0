/* SPDX-License-Identifier: MIT */
/*
 * grant.c - see grant.h. Every rule about what a stored grant means is here.
 */
#include "grant.h"

#include "core/clock.h"
#include "core/kernel.h"
#include "core/scope.h"
#include "crypto/crypto.h"
#include "store/machine.h"
#include "store/park.h"
#include "store/account_state.h"
#include <valetkey.h>

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- its item ---- */

#define PIN "pin."
#define ERRORS "error[]"
#define LIFETIME "expires_in"

enum field_kind { FIELD_TEXT = 0, FIELD_NUMBER = 1, FIELD_LIFETIME = 2 };

/* All keys that have a member of their own, in the order of the item. */
static const struct grant_field {
	const char *key;
	enum field_kind kind;
	size_t at; /* in struct grant */
} grant_fields[] = {
#define TEXT(member) #member, FIELD_TEXT, offsetof(struct grant, member)
#define NUMBER(member) #member, FIELD_NUMBER, offsetof(struct grant, member)
    {TEXT(access_token)},
    {TEXT(refresh_token)},
    {TEXT(scope)},
    {LIFETIME, FIELD_LIFETIME, offsetof(struct grant, expires_in)},
    {NUMBER(issued_at)},
    {NUMBER(issued_clock)},
    {TEXT(boot)},
    {TEXT(machine)},
    {NUMBER(generation)},
    {NUMBER(answer_size)},
    {NUMBER(login)},
    {NUMBER(login_at)},
    {NUMBER(refresh_until)},
    {TEXT(program)},
    {TEXT(seal)},
    {TEXT(id_token)},
    {NUMBER(id_token_expires_in)},
    {NUMBER(id_token_missed)},
    {TEXT(identity)},
    {TEXT(identity_id)},
    {TEXT(needs_login)},
#undef TEXT
#undef NUMBER
};

#define GRANT_FIELDS (sizeof(grant_fields) / sizeof(*grant_fields))

int grant_set(char **text, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return -1;
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = copy;
	return 0;
}

void grant_free(struct grant *grant)
{
	for (size_t i = 0; i < GRANT_FIELDS; i++)
		if (grant_fields[i].kind == FIELD_TEXT)
			grant_set((void *)((char *)grant + grant_fields[i].at),
				  NULL);
	record_free(&grant->errors);
	record_free(&grant->pins);
	record_free(&grant->others);
	*grant = (struct grant){0};
}

void grant_replace(struct grant *grant, struct grant *next)
{
	grant_free(grant);
	*grant = *next;
	*next = (struct grant){0};
}

static int64_t read_number(const char *text, int64_t fallback)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	return errno || end == text || *end ? fallback : number;
}

static void read_lifetime(const char *text, struct grant *grant)
{
	grant->expires_in =
	    text ? read_number(text, GRANT_LIFETIME_UNKNOWN_S) : 0;
	grant->lifetime = !text		      ? GRANT_EXPIRY_UNKNOWN
			  : grant->expires_in ? GRANT_EXPIRES
					      : GRANT_NEVER_EXPIRES;
}

static int read_pair(const char *key, const char *value, struct grant *grant)
{
	const struct grant_field *field = grant_fields;
	void *place;

	if (strncmp(key, PIN, strlen(PIN)) == 0)
		return record_add(&grant->pins, key, value);
	if (strcmp(key, ERRORS) == 0)
		return record_add(&grant->errors, key, value);
	while (field < grant_fields + GRANT_FIELDS &&
	       strcmp(field->key, key) != 0)
		field++;
	if (field == grant_fields + GRANT_FIELDS)
		return record_add(&grant->others, key, value);
	place = (char *)grant + field->at;
	if (field->kind == FIELD_TEXT)
		return grant_set(place, value);
	if (field->kind == FIELD_LIFETIME)
		read_lifetime(value, grant);
	else
		*(int64_t *)place = read_number(value, 0);
	return 0;
}

int grant_read(const struct record *item, struct grant *grant)
{
	const char *key, *value;
	size_t at = 0;
	int rc = 0;

	while (!rc && (key = record_each(item, &at, &value)))
		rc = read_pair(key, value, grant);
	grant->generation = generation_checked(grant->generation);
	grant->login = generation_checked(grant->login);
	if (!grant->answer_size) /* an earlier version's: its like */
		grant->answer_size = (int64_t)item->pairs.len;
	return rc ? -1 : 0;
}

static int write_field(const struct grant_field *field,
		       const struct grant *grant, struct record *item)
{
	const void *place = (const char *)grant + field->at;
	int64_t number;

	if (field->kind == FIELD_TEXT)
		return record_add(item, field->key, *(char *const *)place);
	number = *(const int64_t *)place;
	if (field->kind == FIELD_LIFETIME ? grant->lifetime : number != 0)
		return record_add_int(item, field->key, number);
	return 0;
}

static int grant_write(const struct grant *grant, struct record *item)
{
	int rc = 0;

	for (size_t i = 0; i < GRANT_FIELDS && !rc; i++)
		rc = write_field(&grant_fields[i], grant, item);
	return rc || record_append(item, &grant->errors) ||
	       record_append(item, &grant->pins) ||
	       record_append(item, &grant->others);
}

int grant_copy(const struct grant *from, struct grant *grant)
{
	struct record item = {0};
	int rc = grant_write(from, &item) || grant_read(&item, grant);

	record_free(&item);
	return rc ? -1 : 0;
}

/* ---- in the keyring ---- */

int grant_look(struct job *job, const struct client *client,
	       struct grant *grant, bool *found)
{
	struct record item = {0};
	int rc = job_load_item(job, client, STORE_GRANT, &item, found);

	if (!rc && grant_read(&item, grant))
		rc = problem_no_memory(&job->problem);
	record_free(&item);
	return rc;
}

int grant_load(struct job *job, const struct client *client,
	       struct grant *grant, bool *found)
{
	enum store_place place = job->place;
	int rc = grant_look(job, client, grant, found);

	/* It may have been moved since its file was read. */
	if (!rc && !*found)
		rc = job_follow(job, client);
	if (!rc && job->place != place)
		rc = grant_look(job, client, grant, found);
	if (rc || !*found)
		return rc;
	if (grant->needs_login)
		return problem_set(&job->problem, VALETKEY_ERR_LOGIN,
				   "%s Run: valetkey login %s",
				   grant->needs_login, client->account);
	return client_check_pins(client, &grant->pins, CLIENT_PINS_ALL,
				 &job->problem);
}

int grant_missing(struct job *job, const struct client *client)
{
	return problem_set(&job->problem, VALETKEY_ERR_LOGIN,
			   "Account %s is not logged in. Run: valetkey login "
			   "%s",
			   client->account, client->account);
}

int grant_save(struct job *job, const struct client *client,
	       const struct grant *grant)
{
	const struct store_key key = job_item_key(client, STORE_GRANT);
	struct store *store = job_store(job);
	struct record item = {0};
	int64_t began = clock_ms();
	int rc = store ? VALETKEY_OK : job->problem.result;

	if (!rc && grant_write(grant, &item))
		rc = problem_no_memory(&job->problem);
	if (!rc)
		rc = store_save(store, &key, &item, &job->problem);
	if (!rc)
		grant_publish(client, grant);
	job_debug(job, "Stored the grant%s: %lld ms.", rc ? ", in vain" : "",
		  (long long)(clock_ms() - began));
	record_free(&item);
	return rc;
}

int grant_delete(struct job *job, const struct client *client)
{
	const struct store_key key = job_item_key(client, STORE_GRANT);
	struct store *store = job_store(job);

	kernel_withdraw(&client->config, NULL);
	park_forget(client->id);
	return store ? store_delete(store, &key, &job->problem)
		     : job->problem.result;
}

/* ---- in the kernel's keyring ---- */

void grant_publish(const struct client *client, const struct grant *grant)
{
	int64_t good_for = grant_good_for(grant);
	struct record token = {0};

	if (good_for <= 0) {
		kernel_withdraw(&client->config, NULL);
		return;
	}
	if (record_add(&token, "access_token", grant->access_token) == 0 &&
	    record_add(&token, "scope", grant->scope) == 0 &&
	    (grant->lifetime != GRANT_EXPIRES ||
	     record_add_int(&token, "expires_at", time(NULL) + good_for) ==
		 0) &&
	    record_add_int(&token, "good_until",
			   deadline_in(good_for * 1000)) == 0 &&
	    record_add_int(&token, "issued", grant_issued_clock(grant)) == 0)
		kernel_publish(&client->config, &token);
	record_free(&token);
}

/* What was published has an expiry if it is known; without one a long life is
 * that of a token which never expires. */
static void read_published_lifetime(const struct record *token,
				    struct grant *grant)
{
	int64_t life_s =
	    (record_get_int(token, "good_until", 0) - grant->issued_clock) /
	    1000;

	if (record_get(token, "expires_at")) {
		grant->lifetime = GRANT_EXPIRES;
		grant->expires_in = life_s;
	} else if (life_s > GRANT_LIFETIME_UNKNOWN_S) {
		grant->lifetime = GRANT_NEVER_EXPIRES;
	}
}

bool grant_published(const struct client *client, struct grant *grant)
{
	struct record token = {0};
	char boot[BOOT_ID_SIZE];
	bool found = boot_id(boot) && kernel_read(&client->config, &token);

	grant_free(grant);
	if (found) {
		grant->issued_clock = record_get_int(&token, "issued", 0);
		read_published_lifetime(&token, grant);
		found = grant_set(&grant->access_token,
				  record_get(&token, "access_token")) == 0 &&
			grant_set(&grant->scope, record_get(&token, "scope")) ==
			    0 &&
			grant_set(&grant->boot, boot) == 0;
	}
	record_free(&token);
	return found;
}

/* ---- of a new answer ---- */

/* A refresh does not change who logged in, and when; nor what the provider's
 * names of errors mean. */
static int keep_login(const struct grant *old, struct grant *grant)
{
	grant->login = old->login;
	grant->login_at = old->login_at;
	return grant_set(&grant->identity, old->identity) ||
	       grant_set(&grant->identity_id, old->identity_id) ||
	       record_append(&grant->errors, &old->errors);
}

static int begin_login(const struct client *client,
		       const struct arrival *arrival, struct grant *grant)
{
	const char *line = NULL;
	int rc = 0;

	grant->login_at = grant->issued_at;
	if (arrival)
		grant->login = generation_of_login(&arrival->about);
	while (!rc && (line = record_next(&client->config, ERRORS, line)))
		rc = record_add(&grant->errors, ERRORS, line);
	return rc;
}

/* When it came, and where. */
static int add_origin(const struct arrival *arrival, struct grant *grant)
{
	const struct record *about = arrival ? &arrival->about : NULL;
	char boot[BOOT_ID_SIZE];

	if (!about) {
		boot_id(boot);
		grant->issued_at = time(NULL);
		grant->issued_clock = clock_ms();
		return grant_set(&grant->boot, boot);
	}
	grant->issued_at = record_get_int(about, "issued_at", 0);
	grant->issued_clock = record_get_int(about, "issued_clock", 0);
	grant->generation = generation_of(about);
	grant->answer_size = (int64_t)arrival_body(arrival).len;
	return grant_set(&grant->boot, record_get(about, "boot")) ||
	       grant_set(&grant->program, record_get(about, "program")) ||
	       grant_set(&grant->machine, record_get(about, "machine"));
}

static int add_seal(const struct grant *old, struct grant *grant)
{
	struct buf seal = {0};
	int rc;

	if (old && old->seal)
		return grant_set(&grant->seal, old->seal);
	rc = crypto_random(&seal) || grant_set(&grant->seal, seal.data);
	buf_free(&seal);
	return rc;
}

/* A refresh token that stays keeps its end, if nothing else is told. */
static void read_refresh_lifetime(const struct grant_source *source,
				  struct grant *grant)
{
	int64_t told = record_get_int(source->answer, "refresh_expires_in", -1);

	if (told >= 0 && grant->refresh_token)
		grant->refresh_until = told ? grant->issued_at + told : -1;
	else if (source->old &&
		 text_same(source->old->refresh_token, grant->refresh_token))
		grant->refresh_until = source->old->refresh_until;
}

int grant_from_answer(const struct client *client,
		      const struct grant_source *source, struct grant *grant)
{
	const struct record *answer = source->answer;
	const struct grant *old = source->old;
	const char *refresh = record_get(answer, "refresh_token");
	const char *scope = record_get(answer, "scope");

	if (!refresh && old) /* RFC 6749 6: none means keep the old one */
		refresh = old->refresh_token;
	if (!scope) /* RFC 6749 5.1: none means as asked */
		scope = old ? old->scope : source->asked_scope;
	read_lifetime(record_get(answer, LIFETIME), grant);
	if (grant_set(&grant->refresh_token, refresh) ||
	    add_origin(source->arrival, grant))
		return VALETKEY_ERR_NOMEM;
	read_refresh_lifetime(source, grant);
	return grant_set(&grant->access_token,
			 record_get(answer, "access_token")) ||
		       grant_set(&grant->scope, scope) ||
		       (old ? keep_login(old, grant)
			    : begin_login(client, source->arrival, grant)) ||
		       add_seal(old, grant) || client_pin(client, &grant->pins)
		   ? VALETKEY_ERR_NOMEM
		   : VALETKEY_OK;
}

/* ---- what it means ---- */

/* Within one boot by a clock that nobody sets; otherwise by the wall clock. */
static int64_t age_ms(const struct grant *grant)
{
	if (boot_is(grant->boot))
		return clock_ms() - grant->issued_clock;
	return (time(NULL) - grant->issued_at) * 1000;
}

int64_t grant_lifetime_s(const struct grant *grant)
{
	switch (grant->lifetime) {
	case GRANT_EXPIRES:
		return grant->expires_in;
	case GRANT_NEVER_EXPIRES:
		return GRANT_LIFETIME_NEVER_S;
	case GRANT_EXPIRY_UNKNOWN:
		break;
	}
	return GRANT_LIFETIME_UNKNOWN_S;
}

int64_t grant_good_for(const struct grant *grant)
{
	int64_t lifetime = grant_lifetime_s(grant);
	int64_t age;

	if (!grant->access_token)
		return 0;
	if (grant->lifetime == GRANT_NEVER_EXPIRES)
		return lifetime;
	age = age_ms(grant) / 1000;
	/* A clock that went back tells nothing: ask the provider. */
	return age < 0 || age >= lifetime ? 0 : lifetime - age;
}

int64_t grant_id_token_good_for(const struct grant *grant)
{
	int64_t lifetime = grant->id_token_expires_in;
	int64_t age = age_ms(grant) / 1000;

	if (!grant->id_token)
		return 0;
	return age < 0 || age >= lifetime ? 0 : lifetime - age;
}

int64_t grant_issued_clock(const struct grant *grant)
{
	if (boot_is(grant->boot))
		return grant->issued_clock;
	return clock_ms() - age_ms(grant);
}

bool grant_has_scope(const struct grant *grant, const char *wanted)
{
	return scope_covers(grant->scope, wanted);
}

int grant_scope_lacks(const struct client *client, const struct grant *grant,
		      struct buf *lacking)
{
	const char *granted = grant->scope;
	const char *at = granted && client->scope ? client->scope : "";
	int rc = 0;

	while (!rc && *at) {
		size_t len = strcspn(at, " ");
		struct buf word = {0};

		rc = buf_add(&word, at, len) ||
		     (!scope_covers(granted, word.data) &&
		      scope_add(lacking, word.data));
		buf_free(&word);
		at += len + strspn(at + len, " ");
	}
	return rc ? -1 : 0;
}

int grant_answer(struct job *job, const struct grant *grant)
{
	int64_t good_for = grant_good_for(grant);
	bool known = grant->lifetime == GRANT_EXPIRES;

	if (record_add(&job->answer, "access_token", grant->access_token) ||
	    record_add(&job->answer, "scope", grant->scope) ||
	    record_add(&job->answer, "token_type", "Bearer") ||
	    record_add_int(&job->answer, "expires_in", good_for) ||
	    (grant->lifetime != GRANT_EXPIRY_UNKNOWN &&
	     record_add_int(&job->answer, "lifetime", grant->expires_in)) ||
	    record_add_int(&job->answer, "expires_at",
			   known ? time(NULL) + good_for : 0))
		return problem_no_memory(&job->problem);
	return VALETKEY_OK;
}

int grant_answer_id_token(struct job *job, const struct grant *grant)
{
	int64_t good_for = grant_id_token_good_for(grant);

	if (record_add(&job->answer, "id_token", grant->id_token) ||
	    record_add(&job->answer, "scope", grant->scope) ||
	    record_add_int(&job->answer, "expires_in", good_for) ||
	    record_add_int(&job->answer, "expires_at", time(NULL) + good_for))
		return problem_no_memory(&job->problem);
	return VALETKEY_OK;
}
