/* SPDX-License-Identifier: MIT */
/*
 * item.c - see session.h: what can be done with an item of the keyring,
 * whosever it is. A replacement is SetSecret on the item found, never
 * CreateItem with replace: some keyrings hang on that.
 */
#include "session.h"

#include <valetkey.h>

#define ITEM "org.freedesktop.Secret.Item"

int keyring_get_property(struct keyring *keyring,
			 const struct property *property, GVariant **value,
			 struct problem *problem)
{
	struct call call = {
	    property->path, SECRETS_PROPERTIES, "Get", "(v)",
	    g_variant_new("(ss)", property->interface, property->name)};
	GVariant *answer;
	int rc = keyring_call(keyring, &call, &answer, problem);

	*value = NULL;
	if (rc)
		return rc;
	g_variant_get(answer, "(v)", value);
	g_variant_unref(answer);
	if (!property->type ||
	    g_variant_is_of_type(*value, G_VARIANT_TYPE(property->type)))
		return 0;
	g_clear_pointer(value, g_variant_unref);
	return problem_set(problem, VALETKEY_ERR_DENIED,
			   "The keyring's answer is invalid.");
}

int keyring_property(struct keyring *keyring, const char *item,
		     const char *name, GVariant **value,
		     struct problem *problem)
{
	struct property property = {item, ITEM, name, NULL};

	return keyring_get_property(keyring, &property, value, problem);
}

int keyring_search(struct keyring *keyring, GVariant *attributes,
		   char ***unlocked, char ***locked, struct problem *problem)
{
	struct call call = {SECRETS_PATH, SECRETS_SERVICE, "SearchItems",
			    "(aoao)", g_variant_new("(@a{ss})", attributes)};
	GVariant *owned = g_variant_ref_sink(call.arguments), *answer;
	int rc = keyring_searchable(keyring, problem);

	*unlocked = *locked = NULL;
	if (!rc)
		rc = keyring_call(keyring, &call, &answer, problem);
	g_variant_unref(owned);
	if (rc)
		return rc;
	g_variant_get(answer, "(^ao^ao)", unlocked, locked);
	g_variant_unref(answer);
	return 0;
}

int keyring_find(struct keyring *keyring, GVariant *attributes, char ***items,
		 struct problem *problem)
{
	char **unlocked, **locked;
	int rc =
	    keyring_search(keyring, attributes, &unlocked, &locked, problem);

	*items = NULL;
	if (rc)
		return rc;
	if (*unlocked || !*locked) {
		*items = unlocked;
		g_strfreev(locked);
		return 0;
	}
	*items = locked;
	g_strfreev(unlocked);
	return keyring_unlock(keyring, *locked, problem);
}

int keyring_get(struct keyring *keyring, const char *item, struct buf *text,
		struct problem *problem)
{
	struct call call = {item, ITEM, "GetSecret", "((oayays))", NULL};
	GVariant *answer, *secret;
	SecretValue *value;
	const char *session, *got;
	gsize len;
	int rc = keyring_open_session(keyring, problem);

	if (rc)
		return rc;
	session = secret_service_get_session_dbus_path(keyring->service);
	call.arguments = g_variant_new("(o)", session);
	rc = keyring_call(keyring, &call, &answer, problem);
	if (rc)
		return rc;
	secret = g_variant_get_child_value(answer, 0);
	value = secret_service_decode_dbus_secret(keyring->service, secret);
	g_variant_unref(secret);
	g_variant_unref(answer);
	if (!value)
		return problem_set(problem, VALETKEY_ERR_DENIED,
				   "The keyring's answer cannot be decrypted. "
				   "Start the keyring again.");
	got = secret_value_get(value, &len);
	if (buf_add(text, got, len))
		rc = problem_no_memory(problem);
	secret_value_unref(value);
	return rc;
}

/* Some keyrings make proper text of what is called text. */
static int encode(struct keyring *keyring, const struct buf *text,
		  GVariant **secret, struct problem *problem)
{
	bool is_text = g_utf8_validate(buf_text(text), (gssize)text->len, NULL);
	SecretValue *value;
	int rc = keyring_open_session(keyring, problem);

	if (rc)
		return rc;
	value = secret_value_new(buf_text(text), (gssize)text->len,
				 is_text ? "text/plain"
					 : "application/octet-stream");
	*secret = secret_service_encode_dbus_secret(keyring->service, value);
	secret_value_unref(value);
	return *secret ? 0 : problem_no_memory(problem);
}

int keyring_set(struct keyring *keyring, const char *item,
		const struct buf *text, struct problem *problem)
{
	struct call call = {item, ITEM, "SetSecret", "()", NULL};
	GVariant *secret;
	int rc = encode(keyring, text, &secret, problem);

	if (rc)
		return rc;
	call.arguments = g_variant_new("(@(oayays))", secret);
	return keyring_call(keyring, &call, NULL, problem);
}

int keyring_create(struct keyring *keyring, const char *label,
		   GVariant *attributes, const struct buf *text,
		   struct problem *problem)
{
	struct call call = {NULL, SECRETS_COLLECTION, "CreateItem", "(oo)",
			    NULL};
	GVariant *owned = g_variant_ref_sink(attributes);
	GVariantBuilder builder;
	GVariant *secret;
	int rc = keyring_writable(keyring, problem);

	if (!rc)
		rc = encode(keyring, text, &secret, problem);
	if (!rc) {
		call.path = keyring->collection;
		g_variant_builder_init(&builder, G_VARIANT_TYPE("a{sv}"));
		g_variant_builder_add(&builder, "{sv}", ITEM ".Label",
				      g_variant_new_string(label));
		g_variant_builder_add(&builder, "{sv}", ITEM ".Attributes",
				      owned);
		call.arguments =
		    g_variant_new("(a{sv}@(oayays)b)", &builder, secret, FALSE);
		rc = keyring_call_prompt(keyring, &call, 1, problem);
	}
	g_variant_unref(owned);
	return rc;
}

int keyring_delete(struct keyring *keyring, const char *item,
		   struct problem *problem)
{
	struct call call = {item, ITEM, "Delete", "(o)", NULL};

	return keyring_call_prompt(keyring, &call, 0, problem);
}

int keyring_twice(struct keyring *keyring, keyring_attempt *attempt, void *work,
		  struct problem *problem)
{
	int rc = keyring->service ? 0 : keyring_attach(keyring, problem);

	if (!rc)
		rc = attempt(keyring, work, problem);
	if (rc != VALETKEY_ERR_NO_KEYRING && rc != VALETKEY_ERR_DENIED &&
	    rc != VALETKEY_ERR_LOGIN)
		return rc;
	rc = keyring_attach(keyring, problem);
	return rc ? rc : attempt(keyring, work, problem);
}
