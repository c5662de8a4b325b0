/* SPDX-License-Identifier: MIT */
/*
 * left.c - what a verb has left behind that nobody owns any more, looked for
 * after the next run of any verb. An account owns the items in its store, files and
 * kernel keys that have its id, and the client that its file names. A grant at the
 * provider is owned by the item that has its newest refresh token, be it to use
 * it or to revoke it later, or by a parked answer; a client, too, by what waits
 * in the keyring. What the provider gave in an answer that nobody read is in
 * nobody's power: it is counted apart.
 */
#include "campaign.h"
#include "core/kernel.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDS 64
#define SEEN 16384
#define TEXT_MAX (4 << 20)
#define OPEN_MS 3000

/* Of this trial, gone or not. */
static char ids[IDS][40];
static unsigned id_count;

/* The accounts that are there: their ids, and their files' text. */
static char accounts[IDS][40];
static bool sealed[IDS]; /* where its items are */
static unsigned account_count;
static char files[1 << 16];

/* Of the keyring, and then of the sealed store. */
static char items[TEXT_MAX], alive[TEXT_MAX];
static const char *sealed_items;

static const char *config_folder(void)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/valetkey", getenv("XDG_CONFIG_HOME"));
	return path;
}

static bool has_id(char list[IDS][40], unsigned count, const char *id)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(list[i], id) == 0)
			return true;
	return false;
}

/* Of an account in this store. */
static bool is_owner(const char *id, bool in_sealed)
{
	for (unsigned i = 0; i < account_count; i++)
		if (strcmp(accounts[i], id) == 0)
			return sealed[i] == in_sealed;
	return false;
}

static void add_id(char list[IDS][40], unsigned *count, const char *id)
{
	if (*id && *count < IDS && !has_id(list, *count, id))
		snprintf(list[(*count)++], 40, "%s", id);
}

static bool is_account(const char *id)
{
	return has_id(accounts, account_count, id);
}

/* Each file of the folder, or of the one in it; what it does may delete it. */
static void each_file(const char *below,
		      void (*work)(const char *name, const char *path,
				   void *data),
		      void *data)
{
	const struct dirent *entry;
	char folder[4200], path[8192];
	DIR *directory;

	snprintf(folder, sizeof(folder), "%s%s", config_folder(), below);
	directory = opendir(folder);
	while (directory && (entry = readdir(directory))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (strcmp(entry->d_name, "providers") != 0 &&
		    strcmp(entry->d_name, "sealed") != 0 &&
		    strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			work(entry->d_name, path, data);
	}
	if (directory)
		closedir(directory);
}

static bool ends_in(const char *name, const char *end)
{
	size_t len = strlen(name);

	return len >= strlen(end) && strcmp(name + len - strlen(end), end) == 0;
}

/* Half a file as well: it tells of an id. */
static void read_account(const char *name, const char *path, void *data)
{
	char text[8192], id[40] = "";
	size_t len = strlen(files);
	const char *at;

	(void)data;
	if (!strstr(name, ".new-") && !ends_in(name, ".conf"))
		return;
	world_read(path, text, sizeof(text));
	at = strstr(text, "\nid=");
	if (at)
		snprintf(id, sizeof(id), "%.*s", (int)strcspn(at + 4, "\n"),
			 at + 4);
	add_id(ids, &id_count, id);
	if (strstr(name, ".new-"))
		return;
	if (account_count < IDS)
		sealed[account_count] = strstr(text, "\nstore=sealed") != NULL;
	add_id(accounts, &account_count, id);
	snprintf(files + len, sizeof(files) - len, "%s\n", text);
}

/* The id in .ID.lock and the like; "" in other names. */
static void id_of_file(const char *name, char id[40])
{
	const char *end = strrchr(name, '.');

	*id = '\0';
	if (*name == '.' && end - name == 33)
		snprintf(id, 40, "%.32s", name + 1);
}

static void note_file(const char *name, const char *path, void *data)
{
	char id[40];

	(void)path;
	(void)data;
	id_of_file(name, id);
	add_id(ids, &id_count, id);
}

static void read_accounts(void)
{
	account_count = 0;
	*files = '\0';
	each_file("", read_account, NULL);
}

void left_begin(void)
{
	id_count = 0;
	left_note();
}

void left_note(void)
{
	read_accounts();
	each_file("", note_file, NULL);
}

/* The next word of a line; where the one after it begins. */
static const char *next_word(const char *at, char *out, size_t size)
{
	size_t len = strcspn(at, " \n");

	snprintf(out, size, "%.*s", (int)len, at);
	return at + len + (at[len] == ' ');
}

static const char *next_line(const char *at)
{
	at = strchr(at, '\n');
	return at ? at + 1 : "";
}

/* ---- here ---- */

static void count_file(const char *name, const char *path, void *data)
{
	struct row *row = data;
	char id[40];

	id_of_file(name, id);
	if (strstr(name, ".new-"))
		row->left[LEFT_NEW_FILE]++;
	else if (*id && (!is_account(id) || ends_in(name, ".moving")))
		row->left[LEFT_FILE]++;
	else
		return;
	unlink(path);
}

/* .ID.KIND.new, on its way to be an item. */
static void count_half_sealed(const char *name, const char *path, void *data)
{
	struct row *row = data;
	char id[40];

	snprintf(id, sizeof(id), "%.32s", name + 1);
	if (*name != '.' || !ends_in(name, ".new") || strlen(name) < 40 ||
	    is_account(id))
		return;
	row->left[LEFT_FILE]++;
	unlink(path);
}

static void count_keys(struct row *row)
{
	static const char *const names[] = {
	    "valetkey", "valetkey-ahead", "valetkey-parked", "valetkey-login"};
	char name[64];

	for (unsigned i = 0; i < id_count; i++)
		for (unsigned n = 0; n < 4 && !is_account(ids[i]); n++) {
			snprintf(name, sizeof(name), "%s:%.40s", names[n],
				 ids[i]);
			if (keyctl_find(name) < 0)
				continue;
			row->left[LEFT_KEY]++;
			keyctl_discard(name);
		}
}

/* The output of the tool that shows a store, behind what there is. */
static void read_store(const char *store)
{
	char line[4096];
	size_t got = strlen(items), n;
	FILE *from;

	snprintf(line, sizeof(line), "'%s/tests/lib/%s' all", world.build,
		 store);
	from = popen(line, "re");
	while (from &&
	       (n = fread(items + got, 1, sizeof(items) - 1 - got, from)) > 0)
		got += n;
	items[got] = '\0';
	if (!from || pclose(from) != 0) {
		fprintf(stderr, "campaign: %s cannot be looked at\n", store);
		exit(99);
	}
}

static void read_items(void)
{
	*items = '\0';
	read_store("keyring");
	sealed_items = items + strlen(items);
	read_store("sealed");
}

static void delete_item(bool in_sealed, const char *kind, const char *id)
{
	char tool[4096];

	snprintf(tool, sizeof(tool), "%s/tests/lib/%s", world.build,
		 in_sealed ? "sealed" : "keyring");
	world_run(
	    (const char *const[]){tool, "delete", kind, id, (char *)NULL});
}

static void count_items(struct row *row)
{
	char what[8], kind[16], id[40];

	for (const char *at = items; *at; at = next_line(at)) {
		bool in_sealed = at >= sealed_items;

		next_word(next_word(next_word(at, what, sizeof(what)), kind,
				    sizeof(kind)),
			  id, sizeof(id));
		if (strcmp(what, "item") != 0)
			continue;
		add_id(ids, &id_count, id);
		if (strcmp(kind, "pending") == 0 || is_owner(id, in_sealed))
			continue;
		row->left[LEFT_ITEM]++;
		delete_item(in_sealed, kind, id);
	}
}

/* ---- at the provider ---- */

/* In an item of revocations, whichever store has it. */
static bool waits_to_be_sent(const char *text)
{
	const char *pending = items, *end, *found;

	while ((pending = strstr(pending, "item pending "))) {
		end = strstr(pending, "\nitem ");
		found = strstr(pending, text);
		if (found && (!end || found < end))
			return true;
		pending++;
	}
	return false;
}

/* How many answers lie parked, by which a grant may be owned. */
static unsigned count_parked(void)
{
	unsigned parked = 0;

	for (unsigned i = 0; i < account_count; i++)
		parked += login_state(accounts[i]) == 2;
	return parked;
}

/* What it gave is counted once. */
static unsigned seen[SEEN], seen_count;

static bool is_remembered(unsigned number)
{
	for (unsigned i = 0; i < seen_count; i++)
		if (seen[i] == number)
			return true;
	return false;
}

static void remember_gift(unsigned number)
{
	if (seen_count == SEEN) {
		fputs("campaign: too much is left behind\n", stderr);
		exit(99);
	}
	seen[seen_count++] = number;
}

/* Until it knows what became of each of its answers. */
static void read_alive(void)
{
	int64_t until = world_ms() + OPEN_MS;

	do {
		world_sleep_us(2000);
		world_get("/control/alive", alive, sizeof(alive));
	} while (strstr(alive, " open ") && world_ms() < until);
}

/* A line of it, in words. */
struct gift {
	bool is_grant, is_lost;
	unsigned number;
	char text[1024]; /* the refresh token or the client's id */
};

static void read_gift(const char *at, struct gift *gift)
{
	char what[8], number[16], given[8];

	at = next_word(at, what, sizeof(what));
	at = next_word(at, number, sizeof(number));
	at = next_word(at, given, sizeof(given));
	next_word(at, gift->text, sizeof(gift->text));
	gift->is_grant = strcmp(what, "grant") == 0;
	gift->is_lost = strcmp(given, "lost") == 0;
	gift->number = (unsigned)strtoul(number, NULL, 10);
}

static bool is_owned(const struct gift *gift)
{
	return gift->is_grant
		   ? strstr(items, gift->text) != NULL
		   : strstr(files, gift->text) || waits_to_be_sent(gift->text);
}

static void count_alive(struct row *row, bool in_window)
{
	unsigned parked = count_parked();
	struct gift gift;

	for (const char *at = alive; *at; at = next_line(at)) {
		read_gift(at, &gift);
		if (is_owned(&gift) || is_remembered(gift.number))
			continue;
		if (gift.is_grant && parked) {
			parked--;
			continue;
		}
		remember_gift(gift.number);
		if (gift.is_lost)
			row->unread++;
		else if (in_window)
			row->lost_window++, in_window = false;
		else
			row->left[gift.is_grant ? LEFT_GRANT : LEFT_CLIENT]++;
	}
}

void left_count(struct row *row, bool in_window)
{
	row->has_left = true;
	left_note();
	read_items();
	read_alive();
	count_alive(row, in_window);
	count_items(row);
	count_keys(row);
	each_file("", count_file, row);
	each_file("/sealed", count_half_sealed, row);
}
