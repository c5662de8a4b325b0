/* SPDX-License-Identifier: MIT */
/*
 * provider_resolve.c - what a provider's data says for one kind of client at
 * one instance: the kind's keys put in place of the general ones, the templates
 * filled in. See provider.h.
 */
#include "provider.h"
#include "valetkey.h"

#include <string.h>

static bool has_kind(const struct record *provider, const char *kind)
{
	const char *one = NULL;

	while ((one = record_next(provider, "client[]", one)))
		if (strcmp(one, kind) == 0)
			return true;
	return false;
}

/* Keys that describe the choice itself and are no part of the result. */
static bool is_choice(const char *key)
{
	return strncmp(key, "client.", 7) == 0 ||
	       strcmp(key, "client[]") == 0 || strcmp(key, "instance[]") == 0 ||
	       strcmp(key, "instance_domain[]") == 0;
}

static int copy_general(const struct record *provider, struct record *merged)
{
	const char *key, *value;
	size_t at = 0;

	while ((key = record_each(provider, &at, &value)))
		if (!is_choice(key) && record_add(merged, key, value))
			return VALETKEY_ERR_NOMEM;
	return VALETKEY_OK;
}

/* The part after "client.KIND.", NULL for another kind's. The kind's own name
 * must not pass for the provider's. */
static const char *kind_key(const char *key, const char *kind)
{
	size_t len = strlen(kind);

	if (strncmp(key, "client.", 7) != 0 ||
	    strncmp(key + 7, kind, len) != 0 || key[7 + len] != '.')
		return NULL;
	key += 8 + len;
	return strcmp(key, "name") == 0 || strcmp(key, "use") == 0 ? NULL : key;
}

static int put_kind(const struct record *provider, const char *kind,
		    struct record *merged)
{
	const char *key, *value, *own;
	size_t at = 0;

	while ((key = record_each(provider, &at, &value))) {
		own = kind_key(key, kind);
		if (own)
			record_remove(merged, own);
	}
	at = 0;
	while ((key = record_each(provider, &at, &value))) {
		own = kind_key(key, kind);
		if (own && record_add(merged, own, value))
			return VALETKEY_ERR_NOMEM;
	}
	return VALETKEY_OK;
}

struct template
{
	const char *name;
	const char *value;
};

/* Fills {name} in; braces that mean nothing here, like {port}, stay. */
static int expand(const char *text, const struct template *templates,
		  struct buf *out)
{
	while (*text) {
		const struct template *t = templates;

		while (t->name && (!t->value || strncmp(text, t->name,
							strlen(t->name)) != 0))
			t++;
		if (t->name ? buf_str(out, t->value) : buf_char(out, *text))
			return VALETKEY_ERR_NOMEM;
		text += t->name ? strlen(t->name) : 1;
	}
	return VALETKEY_OK;
}

/* An empty value takes a general key back: it is not in the result. */
static int expand_all(const struct record *merged, const char *origin,
		      struct record *resolved)
{
	const struct template templates[] = {
	    {"{origin}", origin && *origin ? origin : NULL},
	    {"{redirect_uri}", record_get(merged, "redirect_uri")},
	    {"{scope}", record_get(merged, "scope")},
	    {NULL, NULL},
	};
	const char *key, *value;
	size_t at = 0;
	int rc = VALETKEY_OK;

	while (!rc && (key = record_each(merged, &at, &value))) {
		struct buf text = {0};

		if (!*value)
			continue;
		rc = expand(value, templates, &text);
		if (!rc && record_add(resolved, key, buf_text(&text)))
			rc = VALETKEY_ERR_NOMEM;
		buf_free(&text);
	}
	return rc;
}

int provider_resolve(const struct record *provider, const char *kind,
		     const char *origin, struct record *resolved)
{
	struct record merged = {0};
	int rc;

	if (!kind)
		kind = record_next(provider, "client[]", NULL);
	if (kind && !has_kind(provider, kind))
		return VALETKEY_ERR_ARG;
	rc = copy_general(provider, &merged);
	if (!rc && kind)
		rc = put_kind(provider, kind, &merged);
	if (!rc)
		rc = expand_all(&merged, origin, resolved);
	record_free(&merged);
	return rc;
}
