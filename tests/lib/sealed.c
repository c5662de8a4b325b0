/* SPDX-License-Identifier: MIT */
/*
 * sealed - looks at and changes the sealed store behind the helper's back, as
 * keyring.c does with a keyring: test equipment, never installed.
 *
 *	sealed all                     for each item a line "item KIND ID", and
 *	                               below it what it holds
 *	sealed dump KIND ID            prints that (client, grant, pending)
 *	sealed replace KIND ID <TEXT   changes it, or makes it
 *	sealed delete KIND ID
 *
 * Exits with 1 and a sentence if that fails or there is no such item.
 */
#include "store/sealed.h"
#include "store/sealed_file.h"
#include "store/sealed_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct problem problem;

static void check_result(int rc)
{
	if (!rc)
		return;
	fprintf(stderr, "sealed: %s\n", problem.text);
	exit(1);
}

static struct store_key key_of(const char *kind, const char *id)
{
	struct store_key key = {.id = id, .account = "", .provider = ""};
	static const enum store_kind kinds[] = {STORE_CLIENT, STORE_GRANT,
						STORE_PENDING};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(sealed_kind(kinds[i]), kind) == 0) {
			key.kind = kinds[i];
			return key;
		}
	fputs("sealed: no such kind\n", stderr);
	exit(2);
}

static void print_item(struct sealed *store, const struct store_key *key)
{
	struct record item = {0};
	struct buf text = {0};
	bool found;

	check_result(sealed_load(store, key, &item, &found, &problem));
	if (!found || record_write(&item, &text)) {
		fputs("sealed: no such item\n", stderr);
		exit(1);
	}
	fputs(buf_text(&text), stdout);
	buf_free(&text);
	record_free(&item);
}

/* ID.KIND; the file `key` and what is on its way have other names. */
static int see_item_file(const char *name, void *data)
{
	const char *dot = strchr(name, '.');
	char id[80];

	if (!dot || dot == name || (size_t)(dot - name) >= sizeof(id))
		return 0;
	snprintf(id, sizeof(id), "%.*s", (int)(dot - name), name);
	printf("item %s %s\n", dot + 1, id);
	print_item(data, &(struct store_key){.kind = key_of(dot + 1, id).kind,
					     .id = id,
					     .account = "",
					     .provider = ""});
	return 0;
}

static void print_all(struct sealed *store)
{
	int folder;

	check_result(sealed_folder_open(false, &folder, &problem));
	if (folder >= 0)
		check_result(
		    sealed_folder_each(folder, see_item_file, store, &problem));
}

static void replace_item(struct sealed *store, const struct store_key *key)
{
	static char text[1 << 20];
	struct record item = {0};
	size_t len = fread(text, 1, sizeof(text), stdin);

	if (record_parse_text(&item, text, len, NULL)) {
		fputs("sealed: no such text\n", stderr);
		exit(1);
	}
	check_result(sealed_save(store, key, &item, &problem));
	record_free(&item);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct sealed *store;
	struct store_key key;

	check_result(sealed_open(&store, &problem));
	if (argc == 2 && strcmp(what, "all") == 0) {
		print_all(store);
	} else if (argc == 4) {
		key = key_of(argv[2], argv[3]);
		if (strcmp(what, "dump") == 0)
			print_item(store, &key);
		else if (strcmp(what, "replace") == 0)
			replace_item(store, &key);
		else if (strcmp(what, "delete") == 0)
			check_result(sealed_delete(store, &key, &problem));
		else
			argc = 0;
	} else {
		argc = 0;
	}
	sealed_close(store);
	if (argc)
		return 0;
	fputs("usage: sealed all | dump|replace|delete client|grant|pending "
	      "ID\n",
	      stderr);
	return 2;
}
