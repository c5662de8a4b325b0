/* SPDX-License-Identifier: MIT */
/*
 * keyring - looks at and changes the keyring of a tests/lib/session behind the
 * helper's back: test equipment, never installed.
 *
 *	keyring lock | unlock          the default collection, no dialog
 *	keyring open                   the same, as any program asks for it
 *	keyring create NAME            a collection, the default one from now
 *	keyring destroy NAME           deletes a collection
 *	keyring default NAME           makes it the default one
 *	keyring list                   our items' attributes, one item a line
 *	keyring all                    for each of them a line "item KIND ID", and
 *	                               below it the secret
 *	keyring dump KIND ID           prints the secret (client, grant, pending)
 *	keyring replace KIND ID <TEXT  changes the secret
 *	keyring delete KIND ID
 *	keyring add KIND ID <TEXT      one more item, as if it had always been there
 *
 * Exits with 1 and a sentence if that fails or there is no such item.
 */
#define SECRET_API_SUBJECT_TO_CHANGE
#include <libsecret/secret.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRETS_PATH "/org/freedesktop/secrets"
#define SERVICE "org.freedesktop.Secret.Service"
#define SEARCHES 10
#define GUILT "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"

static const SecretSchema schema = {
    .name = "org.valetkey.Item",
    .flags = SECRET_SCHEMA_NONE,
    .attributes = {{"account", SECRET_SCHEMA_ATTRIBUTE_STRING},
		   {"kind", SECRET_SCHEMA_ATTRIBUTE_STRING},
		   {"provider", SECRET_SCHEMA_ATTRIBUTE_STRING},
		   {NULL, SECRET_SCHEMA_ATTRIBUTE_STRING}},
};

static void check(GError *error)
{
	if (!error)
		return;
	fprintf(stderr, "keyring: %s\n", error->message);
	exit(1);
}

static SecretService *service(void)
{
	GError *error = NULL;
	SecretService *service =
	    secret_service_get_sync(SECRET_SERVICE_OPEN_SESSION, NULL, &error);

	check(error);
	return service;
}

static GVariant *call(const char *interface, const char *method,
		      GVariant *arguments)
{
	GError *error = NULL;
	GDBusConnection *bus =
	    g_dbus_proxy_get_connection(G_DBUS_PROXY(service()));
	GVariant *answer = g_dbus_connection_call_sync(
	    bus, "org.freedesktop.secrets", SECRETS_PATH, interface, method,
	    arguments, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);

	check(error);
	return answer;
}

static const char *default_collection(void)
{
	const char *path;

	g_variant_get(
	    call(SERVICE, "ReadAlias", g_variant_new("(s)", "default")), "(&o)",
	    &path);
	return path;
}

static void lock(void)
{
	const char *paths[] = {default_collection(), NULL};

	call(SERVICE, "Lock", g_variant_new("(^ao)", paths));
}

static GVariant *master_password(void)
{
	const char *file = getenv("VALETKEY_TEST_KEYRING_PASSWORD_FILE");
	char *password;
	gsize len;
	GError *error = NULL;

	if (!file) {
		fputs("keyring: run it under tests/lib/session\n", stderr);
		exit(1);
	}
	g_file_get_contents(file, &password, &len, &error);
	check(error);
	return secret_service_encode_dbus_secret(
	    service(), secret_value_new(password, (gssize)len, "text/plain"));
}

static void unlock(void)
{
	call(GUILT, "UnlockWithMasterPassword",
	     g_variant_new("(o@(oayays))", default_collection(),
			   master_password()));
}

static void open_collection(void)
{
	const char *paths[] = {default_collection(), NULL};
	GError *error = NULL;

	secret_service_unlock_dbus_paths_sync(service(), paths, NULL, NULL,
					      &error);
	check(error);
}

static const char *collection(const char *name)
{
	return g_strconcat(SECRETS_PATH "/collection/", name, NULL);
}

static void make_default(const char *name)
{
	call(SERVICE, "SetAlias",
	     g_variant_new("(so)", "default", collection(name)));
}

static void create(const char *name)
{
	GVariantBuilder properties;

	g_variant_builder_init(&properties, G_VARIANT_TYPE("a{sv}"));
	g_variant_builder_add(&properties, "{sv}",
			      "org.freedesktop.Secret.Collection.Label",
			      g_variant_new_string(name));
	call(GUILT, "CreateWithMasterPassword",
	     g_variant_new("(a{sv}@(oayays))", &properties, master_password()));
	make_default(name);
}

static void destroy(const char *name)
{
	GError *error = NULL;

	g_dbus_connection_call_sync(
	    g_dbus_proxy_get_connection(G_DBUS_PROXY(service())),
	    "org.freedesktop.secrets", collection(name),
	    "org.freedesktop.Secret.Collection", "Delete", NULL, NULL,
	    G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
	check(error);
}

/* An item that somebody deletes between the search and the reading of what it found
 * is an error to libsecret: then it is searched once more. */
static GList *search(GHashTable *attributes, SecretSearchFlags flags)
{
	GError *error = NULL;
	GList *items = NULL;

	for (int tries = 0; tries == 0 || (error && tries < SEARCHES);
	     tries++) {
		g_clear_error(&error);
		items = secret_service_search_sync(
		    service(), &schema, attributes, SECRET_SEARCH_ALL | flags,
		    NULL, &error);
	}
	check(error);
	return items;
}

static void list(void)
{
	GHashTable *all = g_hash_table_new(g_str_hash, g_str_equal);

	for (GList *at = search(all, SECRET_SEARCH_NONE); at; at = at->next) {
		GHashTable *found = secret_item_get_attributes(at->data);
		GList *keys = g_list_sort(g_hash_table_get_keys(found),
					  (GCompareFunc)strcmp);

		for (; keys; keys = keys->next)
			printf("%s=%s ", (char *)keys->data,
			       (char *)g_hash_table_lookup(found, keys->data));
		printf("label=%s\n", secret_item_get_label(at->data));
	}
}

static const char *attribute(SecretItem *item, const char *name)
{
	const char *value =
	    g_hash_table_lookup(secret_item_get_attributes(item), name);

	return value ? value : "-";
}

static void all(void)
{
	GHashTable *every = g_hash_table_new(g_str_hash, g_str_equal);
	GList *at = search(every, SECRET_SEARCH_LOAD_SECRETS);

	for (; at; at = at->next) {
		SecretValue *value = secret_item_get_secret(at->data);

		printf("item %s %s\n", attribute(at->data, "kind"),
		       attribute(at->data, "account"));
		if (value)
			printf("%s\n", secret_value_get_text(value));
	}
}

static SecretItem *find(const char *kind, const char *id)
{
	GList *items = search(
	    secret_attributes_build(&schema, "kind", kind, "account", id, NULL),
	    SECRET_SEARCH_LOAD_SECRETS);

	if (items)
		return items->data;
	fputs("keyring: no such item\n", stderr);
	exit(1);
}

static void dump(SecretItem *item)
{
	SecretValue *value = secret_item_get_secret(item);
	const char *text;
	gsize len;

	if (!value) {
		fputs("keyring: the item is locked\n", stderr);
		exit(1);
	}
	text = secret_value_get(value, &len);
	fwrite(text, 1, len, stdout);
}

static void replace(SecretItem *item)
{
	static char text[2 << 20];
	size_t len = fread(text, 1, sizeof(text), stdin);
	GError *error = NULL;

	secret_item_set_secret_sync(
	    item, secret_value_new(text, (gssize)len, "text/plain"), NULL,
	    &error);
	check(error);
}

static void delete_item(SecretItem *item)
{
	GError *error = NULL;

	secret_item_delete_sync(item, NULL, &error);
	check(error);
}

static void add(const char *kind, const char *id)
{
	static char text[2 << 20];
	size_t len = fread(text, 1, sizeof(text), stdin);
	GHashTable *attributes = secret_attributes_build(
	    &schema, "kind", kind, "account", id, "provider", "ninjaone", NULL);
	GError *error = NULL;

	secret_item_create_sync(
	    secret_collection_for_alias_sync(
		service(), SECRET_COLLECTION_DEFAULT, SECRET_COLLECTION_NONE,
		NULL, &error),
	    &schema, attributes, "valetkey: a test",
	    secret_value_new(text, (gssize)len, "text/plain"),
	    SECRET_ITEM_CREATE_NONE, NULL, &error);
	check(error);
}

static bool run(const char *command, const char *kind, const char *id)
{
	if (id && strcmp(command, "dump") == 0)
		dump(find(kind, id));
	else if (id && strcmp(command, "replace") == 0)
		replace(find(kind, id));
	else if (id && strcmp(command, "delete") == 0)
		delete_item(find(kind, id));
	else if (id && strcmp(command, "add") == 0)
		add(kind, id);
	else if (kind && strcmp(command, "create") == 0)
		create(kind);
	else if (kind && strcmp(command, "destroy") == 0)
		destroy(kind);
	else if (kind && strcmp(command, "default") == 0)
		make_default(kind);
	else if (!kind && strcmp(command, "list") == 0)
		list();
	else if (!kind && strcmp(command, "all") == 0)
		all();
	else if (!kind && strcmp(command, "lock") == 0)
		lock();
	else if (!kind && strcmp(command, "unlock") == 0)
		unlock();
	else if (!kind && strcmp(command, "open") == 0)
		open_collection();
	else
		return false;
	return true;
}

/* One command a process: nothing is freed, and no leak checker told. */
int main(int argc, char **argv)
{
	if ((argc == 2 && run(argv[1], NULL, NULL)) ||
	    (argc == 3 && run(argv[1], argv[2], NULL)) ||
	    (argc == 4 && run(argv[1], argv[2], argv[3])))
		_exit(fflush(stdout) ? 1 : 0);
	fputs("usage: keyring lock|unlock|open|list|all\n"
	      "       keyring create|destroy|default NAME\n"
	      "       keyring dump|replace|delete|add "
	      "client|grant|pending ID\n",
	      stderr);
	return 2;
}
