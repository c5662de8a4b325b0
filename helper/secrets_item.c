/* SPDX-License-Identifier: MIT */
/*
 * secrets_item.c - see secrets.h: what can be done with an item of the keyring,
 * whoever's it is. A replacement is SetSecret on the item found, never
 * CreateItem with replace: some keyrings hang on that.
 */
#include "secrets.h"

#include "valetkey.h"

#include <string.h>

#define ITEM "org.freedesktop.Secret.Item"

int secrets_get_property(struct store *store, const struct property *property,
			 GVariant **value, struct problem *problem)
{
	struct call call = {
	    property->path, SECRETS_PROPERTIES, "Get", "(v)",
	    g_variant_new("(ss)", property->interface, property->name)};
	GVariant *answer;
	int rc = secrets_call(store, &call, &answer, problem);

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

int secrets_property(struct store *store, const char *item, const char *name,
		     GVariant **value, struct problem *problem)
{
	struct property property = {item, ITEM, name, NULL};

	return secrets_get_property(store, &property, value, problem);
}

int secrets_search(struct store *store, GVariant *attributes, char ***unlocked,
		   char ***locked, struct problem *problem)
{
	struct call call = {SECRETS_PATH, SECRETS_SERVICE, "SearchItems",
			    "(aoao)", g_variant_new("(@a{ss})", attributes)};
	GVariant *owned = g_variant_ref_sink(call.arguments), *answer;
	int rc = secrets_searchable(store, problem);

	*unlocked = *locked = NULL;
	if (!rc)
		rc = secrets_call(store, &call, &answer, problem);
	g_variant_unref(owned);
	if (rc)
		return rc;
	g_variant_get(answer, "(^ao^ao)", unlocked, locked);
	g_variant_unref(answer);
	return 0;
}

int secrets_find(struct store *store, GVariant *attributes, char ***items,
		 struct problem *problem)
{
	char **unlocked, **locked;
	int rc = secrets_search(store, attributes, &unlocked, &locked, problem);

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
	return secrets_unlock(store, *locked, problem);
}

int secrets_get(struct store *store, const char *item, SecretValue **value,
		struct problem *problem)
{
	struct call call = {item, ITEM, "GetSecret", "((oayays))", NULL};
	GVariant *answer, *secret;
	const char *session;
	int rc = secrets_open_session(store, problem);

	if (rc)
		return rc;
	session = secret_service_get_session_dbus_path(store->service);
	call.arguments = g_variant_new("(o)", session);
	rc = secrets_call(store, &call, &answer, problem);
	if (rc)
		return rc;
	secret = g_variant_get_child_value(answer, 0);
	*value = secret_service_decode_dbus_secret(store->service, secret);
	g_variant_unref(secret);
	g_variant_unref(answer);
	return *value ? 0
		      : problem_set(problem, VALETKEY_ERR_DENIED,
				    "The keyring's answer cannot be decrypted. "
				    "Start the keyring again.");
}

/* Some keyrings make proper text of what is called text. */
static int encode(struct store *store, const struct buf *text,
		  GVariant **secret, struct problem *problem)
{
	bool is_text = g_utf8_validate(buf_text(text), (gssize)text->len, NULL);
	SecretValue *value;
	int rc = secrets_open_session(store, problem);

	if (rc)
		return rc;
	value = secret_value_new(buf_text(text), (gssize)text->len,
				 is_text ? "text/plain"
					 : "application/octet-stream");
	*secret = secret_service_encode_dbus_secret(store->service, value);
	secret_value_unref(value);
	return *secret
		   ? 0
		   : problem_set(problem, VALETKEY_ERR_NOMEM, "Out of memory.");
}

int secrets_set(struct store *store, const char *item, const struct buf *text,
		struct problem *problem)
{
	struct call call = {item, ITEM, "SetSecret", "()", NULL};
	GVariant *secret;
	int rc = encode(store, text, &secret, problem);

	if (rc)
		return rc;
	call.arguments = g_variant_new("(@(oayays))", secret);
	return secrets_call(store, &call, NULL, problem);
}

int secrets_create(struct store *store, const char *label, GVariant *attributes,
		   const struct buf *text, struct problem *problem)
{
	struct call call = {NULL, SECRETS_COLLECTION, "CreateItem", "(oo)",
			    NULL};
	GVariant *owned = g_variant_ref_sink(attributes);
	GVariantBuilder builder;
	GVariant *secret;
	int rc = secrets_writable(store, problem);

	if (!rc)
		rc = encode(store, text, &secret, problem);
	if (!rc) {
		call.path = store->collection;
		g_variant_builder_init(&builder, G_VARIANT_TYPE("a{sv}"));
		g_variant_builder_add(&builder, "{sv}", ITEM ".Label",
				      g_variant_new_string(label));
		g_variant_builder_add(&builder, "{sv}", ITEM ".Attributes",
				      owned);
		call.arguments =
		    g_variant_new("(a{sv}@(oayays)b)", &builder, secret, FALSE);
		rc = secrets_call_prompt(store, &call, 1, problem);
	}
	g_variant_unref(owned);
	return rc;
}

int secrets_delete(struct store *store, const char *item,
		   struct problem *problem)
{
	struct call call = {item, ITEM, "Delete", "(o)", NULL};

	return secrets_call_prompt(store, &call, 0, problem);
}

int secrets_twice(struct store *store, secrets_attempt *attempt, void *work,
		  struct problem *problem)
{
	int rc = store->service ? 0 : secrets_attach(store, problem);

	if (!rc)
		rc = attempt(store, work, problem);
	if (rc != VALETKEY_ERR_NO_KEYRING && rc != VALETKEY_ERR_DENIED &&
	    rc != VALETKEY_ERR_LOGIN)
		return rc;
	rc = secrets_attach(store, problem);
	return rc ? rc : attempt(store, work, problem);
}
