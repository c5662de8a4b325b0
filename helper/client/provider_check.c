/* SPDX-License-Identifier: MIT */
/*
 * provider_check.c - see provider_check.h: reads the lines, finds their keys, and
 * judges what concerns a kind of client or the file as a whole. Each line goes
 * through the parser that a login uses.
 */
#include "provider_check.h"

#include "client.h"
#include "core/origin.h"
#include "core/text.h"
#include "provider.h"
#include "provider_keys.h"
#include <valetkey.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FINDING_MAX 600
#define NAME_MAX_LENGTH 200

void provider_say(struct provider_check *check, unsigned number, bool error,
		  const char *format, ...)
{
	char text[FINDING_MAX], known[FINDING_MAX + 32];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(known, sizeof(known), "%u %s", number, text);
	if (record_has(&check->said, "said", known))
		return;
	if (record_add(&check->said, "said", known))
		check->no_memory = true;
	check->reader->finding(check->reader->data, number, error, text);
}

/* ---- one line ---- */

/* The name after "client.KIND.", NULL if the key is not like that. */
static const char *name_after_kind(const char *key)
{
	const char *dot;

	if (strncmp(key, "client.", 7) != 0)
		return NULL;
	dot = strchr(key + 7, '.');
	return dot && dot > key + 7 ? dot + 1 : NULL;
}

static void unknown_key(struct provider_check *check, unsigned number,
			const char *key, const char *name, bool of_kind)
{
	const char *nearest = provider_key_nearest(name, of_kind);
	char quoted[PROBLEM_QUOTE_MAX];

	problem_quote(quoted, key);
	if (!of_kind && provider_key_of_account(name))
		provider_say(check, number, true,
			     "%s belongs in an account's file.", quoted);
	else if (provider_key_find(name, !of_kind))
		provider_say(check, number, true,
			     of_kind ? "%s cannot differ between the kinds of "
				       "client: remove the kind."
				     : "%s belongs to a kind of client: write "
				       "client.KIND.%s.",
			     quoted, name);
	else if (nearest)
		provider_say(check, number, true,
			     "There is no key %s. Is it %.*s%s?", quoted,
			     (int)(name - key), key, nearest);
	else
		provider_say(check, number, true, "There is no key %s.",
			     quoted);
}

static bool has_value(const struct record *record, const char *key,
		      const char *wanted, size_t len)
{
	const char *value = NULL;

	while ((value = record_next(record, key, value)))
		if (strlen(value) == len && strncmp(value, wanted, len) == 0)
			return true;
	return false;
}

static void check_kind_of(struct provider_check *check,
			  const struct provider_line *line)
{
	const char *kind = line->key + 7;
	size_t len = strcspn(kind, ".");
	char quoted[PROBLEM_QUOTE_MAX];

	problem_quote(quoted, line->key);
	if (!has_value(&check->provider, "client[]", kind, len))
		provider_say(check, line->number, true,
			     "%s: there is no such kind of client; add a "
			     "line client[]=%.*s",
			     quoted, (int)len, kind);
}

static void check_twice(struct provider_check *check,
			const struct provider_line *line)
{
	char quoted[PROBLEM_QUOTE_MAX];
	int64_t last = record_get_int(&check->numbers, line->key, 0);

	if (!strchr(line->key, '[') && last != line->number)
		provider_say(
		    check, line->number, true,
		    "%s is there again in line %d, and that one counts.",
		    problem_quote(quoted, line->key), (int)last);
}

static void judge_line(struct provider_check *check, unsigned number,
		       const char *key, const char *value)
{
	const char *name = name_after_kind(key);
	bool of_kind = name != NULL;
	const struct provider_key *known =
	    provider_key_find(of_kind ? name : key, of_kind);
	const struct provider_line line = {number, key, value,
					   known ? known->meaning : NULL};

	check->reader->line(check->reader->data, &line);
	if (!known) {
		unknown_key(check, number, key, of_kind ? name : key, of_kind);
		return;
	}
	if (of_kind)
		check_kind_of(check, &line);
	check_twice(check, &line);
	provider_check_value(check, &line, known->name, of_kind);
}

/* ---- all lines ---- */

/* Calls `see` for each line that holds a key, `bad` for those that cannot. */
static void
each_line(struct provider_check *check, const char *text, size_t len,
	  void (*see)(struct provider_check *check, unsigned number,
		      const char *key, const char *value),
	  void (*bad)(struct provider_check *check, unsigned number))
{
	unsigned number = 0;

	for (size_t at = 0; at < len; at++) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t size = end ? (size_t)(end - text) - at : len - at;
		struct record one = {0};
		const char *key, *value;
		size_t pair = 0;
		int rc = record_parse_text(&one, text + at, size, NULL);

		number++;
		if (rc == RECORD_NOMEM)
			check->no_memory = true;
		else if (rc)
			bad(check, number);
		else if ((key = record_each(&one, &pair, &value)))
			see(check, number, key, value);
		record_free(&one);
		at += size;
	}
}

static void keep_line(struct provider_check *check, unsigned number,
		      const char *key, const char *value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	if (record_add(&check->provider, key, value) ||
	    record_add(&check->numbers, key, text))
		check->no_memory = true;
}

static void ignore_line(struct provider_check *check, unsigned number)
{
	(void)check;
	(void)number;
}

static void say_malformed(struct provider_check *check, unsigned number)
{
	provider_say(check, number, true,
		     "This is not KEY=VALUE: a key has letters, digits, . _ - "
		     "and perhaps [] at its end; no control characters.");
}

/* ---- a kind of client as a whole ---- */

/* What a provider's file says for each kind of client, put together as a login
 * does it: what is missing, what contradicts itself, and where secrets and
 * tokens would go. */

struct kind {
	struct provider_check *check;
	const char *name;	/* NULL: the file has no kinds */
	struct record resolved; /* at some instance */
	enum grant_type grant_type;
	enum auth_method auth_method;
};

/* The line that a key of this kind comes from; 0 if it is in none. */
static unsigned line_of_key(const struct kind *kind, const char *key)
{
	const struct record *numbers = &kind->check->numbers;
	char own[300];

	snprintf(own, sizeof(own), "client.%s.%s", kind->name ? kind->name : "",
		 key);
	if (record_get(numbers, own))
		return (unsigned)record_get_int(numbers, own, 0);
	return (unsigned)record_get_int(numbers, key, 0);
}

/* "client web: " if there are kinds. */
static const char *label_of_kind(const struct kind *kind,
				 char out[PROBLEM_QUOTE_MAX + 16])
{
	char quoted[PROBLEM_QUOTE_MAX];

	*out = '\0';
	if (kind->name)
		snprintf(out, PROBLEM_QUOTE_MAX + 16,
			 "client %s: ", problem_quote(quoted, kind->name));
	return out;
}

static void say_of_kind(const struct kind *kind, const char *key, bool error,
			const char *text)
{
	char of[PROBLEM_QUOTE_MAX + 16];

	provider_say(kind->check, line_of_key(kind, key), error, "%s%s %s.",
		     label_of_kind(kind, of), key, text);
}

static bool has_key(const struct kind *kind, const char *key)
{
	return record_get(&kind->resolved, key) != NULL;
}

/* ---- what is missing ---- */

static void check_missing(const struct kind *kind)
{
	if (!has_key(kind, "token_endpoint"))
		say_of_kind(kind, "token_endpoint", true, "is missing");
	if (kind->grant_type == GRANT_TYPE_AUTHORIZATION_CODE) {
		if (!has_key(kind, "authorization_endpoint"))
			say_of_kind(kind, "authorization_endpoint", true,
				    "is missing, and nobody can log in");
		if (!has_key(kind, "redirect_uri"))
			say_of_kind(kind, "redirect_uri", true,
				    "is missing, and no login can come back");
	}
	if (kind->grant_type == GRANT_TYPE_DEVICE_CODE &&
	    !has_key(kind, "device_authorization_endpoint"))
		say_of_kind(kind, "device_authorization_endpoint", true,
			    "is missing, which the grant device_code needs");
	if (!has_key(kind, "hosts[]"))
		say_of_kind(kind, "hosts[]", true,
			    "is missing: the tokens would be for no host");
	if (kind->name && !has_key(kind, "step[]"))
		say_of_kind(kind, "step[]", false,
			    "is missing: how to register such a client");
}

/* ---- what contradicts itself ---- */

static void check_machine(const struct kind *kind)
{
	if (kind->grant_type != GRANT_TYPE_CLIENT_CREDENTIALS)
		return;
	if (has_key(kind, "offline_scope"))
		say_of_kind(
		    kind, "offline_scope", true,
		    "asks for a refresh token, which client_credentials never "
		    "gives; remove it with an empty value");
	if (kind->auth_method == AUTH_NONE)
		say_of_kind(
		    kind, "auth", true,
		    "is none, but with client_credentials nothing else proves "
		    "who asks");
}

static void check_public(const struct kind *kind)
{
	if (kind->auth_method == AUTH_NONE && has_key(kind, "pkce") &&
	    kind->grant_type == GRANT_TYPE_AUTHORIZATION_CODE)
		say_of_kind(
		    kind, "pkce", true,
		    "is none and auth is none too: whoever sees the code has "
		    "the token");
	if (kind->grant_type != GRANT_TYPE_AUTHORIZATION_CODE &&
	    has_key(kind, "redirect_uri"))
		say_of_kind(kind, "redirect_uri", false,
			    "is of no use if no browser comes back");
}

/* Whether a step speaks of a secret that there is. */
static bool step_has_secret(const char *step)
{
	return strstr(step, "ecret") && !strstr(step, "no secret") &&
	       !strstr(step, "no client secret");
}

/* A {word} that is still there stands for nothing. */
static bool step_has_template(const char *step)
{
	while ((step = strchr(step, '{'))) {
		size_t len =
		    strspn(++step, "abcdefghijklmnopqrstuvwxyz0123456789_");

		if (len && step[len] == '}')
			return true;
	}
	return false;
}

static void check_steps(const struct kind *kind)
{
	const char *step = NULL;
	bool secret = auth_method_has_secret(kind->auth_method);
	bool told = false, open = false;

	while ((step = record_next(&kind->resolved, "step[]", step))) {
		told = told || step_has_secret(step);
		open = open || step_has_template(step);
	}
	if (open)
		say_of_kind(kind, "step[]", false,
			    "has a {word} that stands for nothing, and is "
			    "shown as it is");
	if (kind->auth_method == AUTH_NONE && told)
		say_of_kind(kind, "auth", true,
			    "is none, but a step speaks of a secret");
	if (secret && !told && has_key(kind, "step[]"))
		say_of_kind(
		    kind, "auth", true,
		    "needs a client secret, but no step says where it is");
}

static void check_scope_parameter(const struct kind *kind)
{
	static const char list[] = "authorize_parameter[]";
	const char *name = record_get(&kind->resolved, "scope_parameter");
	const char *pair = NULL;

	while (name && (pair = record_next(&kind->resolved, list, pair)))
		if (strncmp(pair, name, strlen(name)) == 0 &&
		    pair[strlen(name)] == '=')
			say_of_kind(
			    kind, list, true,
			    "names the parameter that scopes are sent as "
			    "(scope_parameter)");
}

/* ---- where things go ---- */

static bool is_host(const struct kind *kind, const char *origin)
{
	const char *host = NULL;

	while ((host = record_next(&kind->resolved, "hosts[]", host)))
		if (origin_is(host, origin))
			return true;
	return false;
}

/* The secret goes there as well, but people look at the token endpoint. */
static void check_secret_places(const struct kind *kind)
{
	static const char *const keys[] = {
	    "refresh_endpoint", "revocation_endpoint",
	    "device_authorization_endpoint",
	    "pushed_authorization_request_endpoint", NULL};
	const char *token = record_get(&kind->resolved, "token_endpoint");
	char origin[ORIGIN_MAX], of[PROBLEM_QUOTE_MAX + 16];

	for (const char *const *key = keys; token && *key; key++) {
		const char *url = record_get(&kind->resolved, *key);

		if (url && origin_of(token, origin) == 0 &&
		    !origin_is(url, origin) && origin_of(url, origin) == 0)
			provider_say(kind->check, line_of_key(kind, *key),
				     false,
				     "%s%s is on another host than "
				     "token_endpoint: secrets go to %s too.",
				     label_of_kind(kind, of), *key, origin);
	}
}

static void check_token_places(const struct kind *kind)
{
	const char *url = record_get(&kind->resolved, "userinfo_endpoint");
	const char *token = record_get(&kind->resolved, "token_endpoint");
	char origin[ORIGIN_MAX], of[PROBLEM_QUOTE_MAX + 16];

	if (url && token && origin_of(url, origin) == 0 &&
	    !origin_is(token, origin) && !is_host(kind, origin))
		provider_say(kind->check,
			     line_of_key(kind, "userinfo_endpoint"), true,
			     "%suserinfo_endpoint gets the token, but %s is "
			     "not one of the hosts[].",
			     label_of_kind(kind, of), origin);
}

/* ---- each kind ---- */

/* A base that can be chosen, "" if there is nothing to choose. */
static void any_base(const struct record *provider,
		     char base[PROVIDER_BASE_MAX])
{
	const char *instance = record_next(provider, "instance[]", NULL);
	const char *domain = record_next(provider, "instance_domain[]", NULL);
	struct problem ignored = {0};
	char host[ORIGIN_MAX];

	*base = '\0';
	if (instance)
		snprintf(host, sizeof(host), "%.*s",
			 (int)strcspn(instance, " "), instance);
	else if (domain)
		snprintf(host, sizeof(host), "host%s",
			 *domain == '*' ? ".example" : domain);
	if (instance || domain)
		provider_instance(provider, host, base, &ignored);
}

static void check_kind(struct provider_check *check, const char *name)
{
	struct kind kind = {.check = check, .name = name};
	struct record keys = {0};
	struct problem ignored = {0};
	char base[PROVIDER_BASE_MAX];
	const struct provider_choice choice = {name, base, &keys};
	const char *grant, *auth;

	any_base(&check->provider, base);
	if (provider_any_values(&check->provider, NULL, &keys) == 0 &&
	    provider_resolve(&check->provider, &choice, &kind.resolved,
			     &ignored) == 0) {
		grant = record_get(&kind.resolved, "grant");
		auth = record_get(&kind.resolved, "auth");
		kind.grant_type = grant ? grant_type_of(grant)
					: GRANT_TYPE_AUTHORIZATION_CODE;
		kind.auth_method =
		    auth ? auth_method_of(auth) : AUTH_CLIENT_SECRET_BASIC;
		check_missing(&kind);
		check_machine(&kind);
		check_public(&kind);
		check_steps(&kind);
		check_scope_parameter(&kind);
		check_secret_places(&kind);
		check_token_places(&kind);
	}
	record_free(&keys);
	record_free(&kind.resolved);
}

static void check_kinds(struct provider_check *check)
{
	const char *kind = NULL;

	if (!record_get(&check->provider, "client[]"))
		check_kind(check, NULL);
	while ((kind = record_next(&check->provider, "client[]", kind)))
		check_kind(check, kind);
}

/* ---- the file as a whole ---- */

static bool mentions(const struct record *provider, const char *word)
{
	const char *value;
	size_t at = 0;

	while (record_each(provider, &at, &value))
		if (strstr(value, word))
			return true;
	return false;
}

static void check_parameters(struct provider_check *check)
{
	struct provider_parameter parameter;
	const char *line = NULL;
	char word[sizeof(parameter.name) + 2];

	while ((line = record_next(&check->provider, "parameter[]", line))) {
		if (!provider_parameter_read(line, &parameter))
			continue;
		snprintf(word, sizeof(word), "{%s}", parameter.name);
		if (!mentions(&check->provider, word))
			provider_say(check, 0, false,
				     "Nothing contains %s: the parameter makes "
				     "no difference.",
				     word);
	}
}

static void check_whole(struct provider_check *check)
{
	const struct record *provider = &check->provider;
	bool instances = record_get(provider, "instance[]") ||
			 record_get(provider, "instance_domain[]");

	if (!record_get(provider, "name"))
		provider_say(check, 0, true,
			     "name is missing: what people call the provider.");
	if (!record_get(provider, "documentation"))
		provider_say(check, 0, false,
			     "documentation is missing: the page that this "
			     "was made from.");
	if (instances && !mentions(provider, "{origin}"))
		provider_say(check, 0, false,
			     "Nothing contains {origin}: the instances make no "
			     "difference.");
	check_parameters(check);
}

int provider_check(const char *text, size_t len,
		   const struct provider_reader *reader)
{
	struct provider_check check = {.reader = reader};

	each_line(&check, text, len, keep_line, ignore_line);
	each_line(&check, text, len, judge_line, say_malformed);
	if (!check.no_memory)
		check_whole(&check);
	if (!check.no_memory)
		check_kinds(&check);
	record_free(&check.provider);
	record_free(&check.numbers);
	record_free(&check.said);
	return check.no_memory ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}
