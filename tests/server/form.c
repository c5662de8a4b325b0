/* SPDX-License-Identifier: MIT */
/*
 * Parameters of a query or of a posted form: see form.h.
 */
#include "form.h"

#include "encode.h"

#include <stdlib.h>
#include <string.h>

static bool form_has(const struct form *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++)
		if (!strcmp(form->fields[i].name, name))
			return true;
	return false;
}

static enum form_result form_add(struct form *form, const char *pair,
				 size_t len)
{
	const char *equals = memchr(pair, '=', len);
	size_t name_len = equals ? (size_t)(equals - pair) : len;
	size_t value_len = equals ? len - name_len - 1 : 0;
	char *name = NULL, *value = NULL;
	enum form_result result = FORM_MALFORMED;

	if (encode_form_decode(pair, name_len, &name))
		goto out;
	if (encode_form_decode(pair + len - value_len, value_len, &value))
		goto out;
	result = FORM_DUPLICATE;
	if (form_has(form, name))
		goto out;
	result = FORM_TOO_MANY;
	if (form->count == FORM_MAX_FIELDS)
		goto out;
	form->fields[form->count++] = (struct form_field){name, value};
	return FORM_OK;
out:
	free(name);
	free(value);
	return result;
}

enum form_result form_parse(const char *text, struct form *form)
{
	enum form_result result = FORM_OK;

	memset(form, 0, sizeof(*form));
	while (*text && result == FORM_OK) {
		size_t len = strcspn(text, "&");

		if (len)
			result = form_add(form, text, len);
		text += len;
		if (*text)
			text++;
	}
	return result;
}

const char *form_problem(enum form_result result)
{
	switch (result) {
	case FORM_OK:
		return "none";
	case FORM_MALFORMED:
		return "malformed-form";
	case FORM_DUPLICATE:
		return "duplicate-parameter";
	case FORM_TOO_MANY:
		return "too-many-parameters";
	}
	return "unknown";
}

const char *form_get(const struct form *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++)
		if (!strcmp(form->fields[i].name, name))
			return *form->fields[i].value ? form->fields[i].value
						      : NULL;
	return NULL;
}

void form_clear(struct form *form)
{
	for (size_t i = 0; i < form->count; i++) {
		free(form->fields[i].name);
		free(form->fields[i].value);
	}
	memset(form, 0, sizeof(*form));
}
