/* SPDX-License-Identifier: MIT */
/*
 * provider.c - see provider.h. Finds, lists and reads the files, and chooses an
 * instance. Judges no endpoint: client.c does that, when the account's own keys
 * have been put over these.
 */
#include "provider.h"

#include "core/account.h"
#include "core/origin.h"
#include "core/paths.h"
#include "unusable.h"
#include <valetkey.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define NAME_MAX_LENGTH 64
#define SUFFIX ".conf"

static bool name_part_ok(const char *name, size_t len)
{
	return len && len <= NAME_MAX_LENGTH && *name != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") >= len;
}

bool provider_name_ok(const char *name)
{
	return name_part_ok(name, strlen(name));
}

bool provider_file_ok(const char *file)
{
	size_t len = strlen(file), suffix = strlen(SUFFIX);

	return len > suffix && strcmp(file + len - suffix, SUFFIX) == 0 &&
	       name_part_ok(file, len - suffix);
}

bool provider_code_ok(const char *text)
{
	size_t len = strcspn(text, " ");

	return len && len <= NAME_MAX_LENGTH && !strchr("._-", *text) &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789._-") == len;
}

static bool codes_ok(const struct record *provider, const char *key)
{
	const char *line = NULL;

	while ((line = record_next(provider, key, line)))
		if (!provider_code_ok(line))
			return false;
	return true;
}

/* ---- the files ---- */

/* The person's own folder, or the installed one. */
static int folder_path(bool own, struct buf *path)
{
	if (own)
		return account_path(path, "providers");
	return buf_str(path, paths_providers) ? VALETKEY_ERR_NOMEM
					      : VALETKEY_OK;
}

static int file_path(bool own, const char *name, struct buf *path)
{
	int rc = folder_path(own, path);

	if (!rc && (buf_char(path, '/') || buf_str(path, name) ||
		    buf_str(path, SUFFIX)))
		rc = VALETKEY_ERR_NOMEM;
	return rc;
}

/* 0, ERR_ACCOUNT if there is no such file, or an error with its reason. */
static int load_from(const char *path, bool own, struct record *provider,
		     struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];
	unsigned line = 0;
	int rc;

	if (access(path, F_OK) != 0)
		return VALETKEY_ERR_ACCOUNT;
	if (own && unusable_folder("providers", problem))
		return problem->result = VALETKEY_ERR_ARG;
	rc = account_read_file(path, !own, provider, &line);
	problem_quote(quoted, path);
	if (rc == VALETKEY_ERR_ARG)
		return problem_set(problem, rc,
				   "%s is malformed in line %u. See: valetkey "
				   "providers --check FILE",
				   quoted, line);
	if (rc == VALETKEY_ERR_ACCOUNT) {
		unusable_because(path, false, problem);
		return problem->result = VALETKEY_ERR_ARG;
	}
	if (rc)
		return problem_set(
		    problem, rc, "%s cannot be read: %s.", quoted,
		    rc == VALETKEY_ERR_NOMEM ? "out of memory"
					     : "too many files are open");
	if (!codes_ok(provider, "instance[]") ||
	    !codes_ok(provider, "client[]"))
		return problem_set(
		    problem, VALETKEY_ERR_ARG,
		    "%s is not used: a code of instance[] or client[] has "
		    "characters other than A-Z a-z 0-9 . _ - in it. See: "
		    "valetkey providers --check FILE",
		    quoted);
	return VALETKEY_OK;
}

int provider_load(const char *name, struct record *provider,
		  struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX];
	int rc = VALETKEY_ERR_ACCOUNT;

	for (int own = 1;
	     provider_name_ok(name) && own >= 0 && rc == VALETKEY_ERR_ACCOUNT;
	     own--) {
		struct buf path = {0};

		rc = file_path(own, name, &path);
		if (!rc)
			rc = load_from(path.data, own, provider, problem);
		else if (rc == VALETKEY_ERR_NOMEM)
			problem_no_memory(problem);
		buf_free(&path);
	}
	if (rc)
		record_free(provider);
	if (rc == VALETKEY_ERR_ACCOUNT && unusable_folder("providers", problem))
		return problem->result = VALETKEY_ERR_ARG;
	if (rc == VALETKEY_ERR_ACCOUNT)
		return problem_set(problem, VALETKEY_ERR_ARG,
				   "There is no provider \"%s\"; 'valetkey "
				   "providers' lists them all.",
				   problem_quote(quoted, name));
	return rc;
}

/* ---- the list of all ---- */

struct names {
	char **list;
	size_t count;
};

static int add_file_name(struct names *names, const char *file)
{
	char **more;

	if (!provider_file_ok(file))
		return VALETKEY_OK;
	more = reallocarray(names->list, names->count + 1, sizeof(*more));
	if (!more)
		return VALETKEY_ERR_NOMEM;
	names->list = more;
	more[names->count] = strndup(file, strlen(file) - strlen(SUFFIX));
	if (!more[names->count])
		return VALETKEY_ERR_NOMEM;
	names->count++;
	return VALETKEY_OK;
}

/* A folder that is not there, or that does not count, has none. */
static int add_folder(bool own, struct names *names)
{
	struct buf path = {0};
	int rc = folder_path(own, &path);
	DIR *dir = rc || (own && !account_directory_ok(path.data))
		       ? NULL
		       : opendir(path.data);
	struct dirent *entry;

	buf_free(&path);
	while (!rc && dir && (entry = readdir(dir)))
		rc = add_file_name(names, entry->d_name);
	if (dir)
		closedir(dir);
	return rc == VALETKEY_ERR_ACCOUNT ? VALETKEY_OK : rc;
}

static int compare_file_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int provider_each(int (*see)(const char *name, void *data), void *data)
{
	struct names names = {0};
	int rc = add_folder(true, &names);

	if (!rc)
		rc = add_folder(false, &names);
	if (names.count)
		qsort(names.list, names.count, sizeof(*names.list),
		      compare_file_names);
	for (size_t i = 0; !rc && i < names.count; i++)
		if (!i || strcmp(names.list[i - 1], names.list[i]) != 0)
			rc = see(names.list[i], data);
	for (size_t i = 0; i < names.count; i++)
		free(names.list[i]);
	free(names.list);
	return rc;
}

/* ---- instances ---- */

static bool is_folder(const char *path, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._~%+@:,=-/";
	size_t n = 0;

	while (n < len && strchr(allowed, path[n]) &&
	       strncmp(path + n, "//", 2) != 0 &&
	       strncmp(path + n, "/.", 2) != 0)
		n++;
	return n == len;
}

/* The base of a URL of at most `len` characters, without a query or fragment. */
static bool base_of(const char *url, size_t len, char base[PROVIDER_BASE_MAX])
{
	struct buf text = {0};
	char origin[ORIGIN_MAX];
	const char *path;
	size_t rest;
	bool ok =
	    buf_add(&text, url, len) == 0 && origin_of(text.data, origin) == 0;

	if (ok) {
		path = strstr(text.data, "://") + 3;
		path += strcspn(path, "/?#");
		rest = strlen(path);
		if (rest && path[rest - 1] == '/')
			rest--;
		ok = is_folder(path, rest) &&
		     strlen(origin) + rest < PROVIDER_BASE_MAX;
		if (ok)
			snprintf(base, PROVIDER_BASE_MAX, "%s%.*s", origin,
				 (int)rest, path);
	}
	buf_free(&text);
	return ok;
}

/* Splits "CODE ORIGIN TEXT"; false if it is not that. */
static bool split_instance(const char *line, size_t *code,
			   char base[PROVIDER_BASE_MAX])
{
	const char *start;
	size_t len;

	*code = strcspn(line, " ");
	start = line + *code + strspn(line + *code, " ");
	len = strcspn(start, " ");
	return *code && len && base_of(start, len, base);
}

/* What a person gave as a URL: that, or a host of its own. */
static int given_url(const char *given, struct buf *url)
{
	if (strstr(given, "://"))
		return buf_str(url, given);
	return strcspn(given, "?#@") == strlen(given)
		   ? buf_fmt(url, "https://%s", given)
		   : -1;
}

/* Of a host that the provider knows the path of a URL means nothing: it is some
 * page's. */
static bool given_origin(const char *given, char origin[ORIGIN_MAX])
{
	struct buf url = {0};
	bool ok = (strstr(given, "://") || !strchr(given, '/')) &&
		  given_url(given, &url) == 0 &&
		  origin_of(url.data, origin) == 0;

	buf_free(&url);
	return ok;
}

static bool in_list(const struct record *provider, const char *instance,
		    char base[PROVIDER_BASE_MAX])
{
	char given[ORIGIN_MAX] = "";
	const char *line = NULL;
	size_t code;

	given_origin(instance, given);
	while ((line = record_next(provider, "instance[]", line))) {
		if (!split_instance(line, &code, base))
			continue;
		if ((strncasecmp(line, instance, code) == 0 &&
		     !instance[code]) ||
		    origin_is(base, given) ||
		    strcasecmp(strstr(base, "://") + 3, instance) == 0)
			return true;
	}
	return false;
}

/* One label, then the domain. */
static bool in_domain(const struct record *provider, const char *instance,
		      char base[PROVIDER_BASE_MAX])
{
	const char *domain = NULL;
	const char *dot;

	if (!given_origin(instance, base) || strncmp(base, "https://", 8) != 0)
		return false;
	dot = strchr(base + 8, '.');
	while (dot &&
	       (domain = record_next(provider, "instance_domain[]", domain)))
		if (*domain == '.' && strcmp(dot, domain) == 0)
			return true;
	return false;
}

/* Software that people run themselves: where the person says that it is. */
static bool anywhere(const struct record *provider, const char *instance,
		     char base[PROVIDER_BASE_MAX])
{
	struct buf url = {0};
	bool ok = record_has(provider, "instance_domain[]", "*") &&
		  given_url(instance, &url) == 0 &&
		  base_of(url.data, url.len, base);
	buf_free(&url);
	return ok;
}

bool provider_has_origin(const struct record *provider, const char *origin)
{
	char found[PROVIDER_BASE_MAX];

	return in_list(provider, origin, found);
}

/* "app, us2, eu or a host below .example.com". */
static void list_instances(const struct record *provider, struct buf *out)
{
	const char *line = NULL, *domain = NULL;

	while ((line = record_next(provider, "instance[]", line))) {
		if (out->len)
			buf_str(out, ", ");
		buf_add(out, line, strcspn(line, " "));
	}
	while ((domain = record_next(provider, "instance_domain[]", domain)))
		if (strcmp(domain, "*") == 0)
			buf_fmt(out, "%syour own https host",
				out->len ? ", " : "");
		else
			buf_fmt(out, "%sa host below %s", out->len ? ", " : "",
				domain);
}

static int no_instance(const struct record *provider, const char *instance,
		       struct problem *problem)
{
	char quoted[PROBLEM_QUOTE_MAX], name[PROBLEM_QUOTE_MAX];
	struct buf choices = {0};

	problem_quote(name, record_get(provider, "name"));
	if (!*name)
		strcpy(name, "The provider");
	list_instances(provider, &choices);
	if (!choices.len)
		problem_set(problem, VALETKEY_ERR_ARG,
			    "%s has no instances to choose from.", name);
	else if (instance)
		problem_set(problem, VALETKEY_ERR_ARG,
			    "\"%s\" is not an instance of %s. Choose one of "
			    "%s.",
			    problem_quote(quoted, instance), name,
			    buf_text(&choices));
	else
		problem_set(problem, VALETKEY_ERR_ARG,
			    "%s needs an instance: %s.", name,
			    buf_text(&choices));
	buf_free(&choices);
	return VALETKEY_ERR_ARG;
}

int provider_instance(const struct record *provider, const char *instance,
		      char base[PROVIDER_BASE_MAX], struct problem *problem)
{
	const char *first = record_next(provider, "instance[]", NULL);
	size_t code;

	*base = '\0';
	if (!instance || !*instance) {
		bool others =
		    record_get(provider, "instance_domain[]") ||
		    (first && record_next(provider, "instance[]", first));

		if (!first && !others)
			return VALETKEY_OK;
		if (first && !others && split_instance(first, &code, base))
			return VALETKEY_OK;
	} else if (in_list(provider, instance, base) ||
		   in_domain(provider, instance, base) ||
		   anywhere(provider, instance, base)) {
		return VALETKEY_OK;
	}
	*base = '\0';
	return no_instance(provider, instance, problem);
}
