/* SPDX-License-Identifier: MIT */
/*
 * table.c - what the campaign has found, as one table, and where the helper was
 * when it was killed.
 */
#include "campaign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS_MAX 96
#define WINDOWS_MAX 20000

static struct row rows[ROWS_MAX];
static unsigned count;

static const char *const phase_names[PHASE_COUNT] = {
    [PHASE_BEFORE] = "before anything was sent",
    [PHASE_RESERVED] = "room reserved",
    [PHASE_PROCESSED] = "provider rotated, answer not read",
    [PHASE_WINDOW] = "answer read, not yet parked",
    [PHASE_PARKED] = "parked",
    [PHASE_STORED] = "stored",
    [PHASE_DONE] = "stored, never parked",
};

static const char *const left_names[LEFT_KINDS] = {
    [LEFT_ITEM] = "stored items without an account",
    [LEFT_NEW_FILE] = "halves of account files",
    [LEFT_FILE] = "other files of no account",
    [LEFT_KEY] = "kernel keys of no account",
    [LEFT_GRANT] = "grants alive at the provider",
    [LEFT_CLIENT] = "clients registered at the provider",
};

const char *table_phase_name(enum phase phase)
{
	return phase < PHASE_COUNT ? phase_names[phase] : "not known";
}

struct row *table_row(const char *name)
{
	struct row *row = &rows[count++];

	if (count > ROWS_MAX) {
		fputs("campaign: too many rows\n", stderr);
		exit(99);
	}
	row->name = name;
	fprintf(stderr, "# %s\n", name);
	return row;
}

struct row *table_skip(const char *name, const char *reason)
{
	struct row *row = table_row(name);

	row->skipped = reason;
	return row;
}

static unsigned left_of(const struct row *row)
{
	unsigned all = 0;

	for (unsigned i = 0; i < LEFT_KINDS; i++)
		all += row->left[i];
	return all;
}

static void print_row(const struct row *row)
{
	if (row->skipped) {
		printf("%-34s skipped: %s\n", row->name, row->skipped);
		return;
	}
	printf("%-34s %6u %5u %8u %7u %5u %6u %5u %9lld", row->name, row->tried,
	       row->lost, row->lost_network, row->lost_window, row->duplicates,
	       row->wrong, row->late, (long long)row->worst_ms);
	if (row->has_left)
		printf(" %6u %6u\n", left_of(row), row->unread);
	else
		printf(" %6s %6s\n", "-", "-");
}

static void print_left(const struct row *row)
{
	if (!left_of(row))
		return;
	printf("\n%s, left behind:\n", row->name);
	for (unsigned i = 0; i < LEFT_KINDS; i++)
		if (row->left[i])
			printf("  %-34s %6u\n", left_names[i], row->left[i]);
}

static void print_phases(const struct row *row)
{
	if (!row->has_phases)
		return;
	printf("\n%s, where it was:\n", row->name);
	for (unsigned i = 0; i < PHASE_COUNT; i++)
		printf("  %-34s %6u\n", phase_names[i], row->phases[i]);
}

struct sums table_sums(bool peer)
{
	struct sums sums = {0};

	for (unsigned i = 0; i < count; i++) {
		if (rows[i].peer != peer)
			continue;
		sums.tried += rows[i].tried;
		sums.lost += rows[i].lost;
		sums.lost_network += rows[i].lost_network;
		sums.lost_window += rows[i].lost_window;
		sums.duplicates += rows[i].duplicates;
		sums.wrong += rows[i].wrong;
		sums.late += rows[i].late;
		sums.left += left_of(&rows[i]);
		sums.unread += rows[i].unread;
		sums.has_left |= rows[i].has_left;
		if (rows[i].worst_ms > sums.worst_ms)
			sums.worst_ms = rows[i].worst_ms;
	}
	return sums;
}

static void print_sums(const char *name, bool peer)
{
	struct sums sums = table_sums(peer);
	const struct row all = {
	    .name = name,
	    .tried = sums.tried,
	    .lost = sums.lost,
	    .lost_network = sums.lost_network,
	    .lost_window = sums.lost_window,
	    .duplicates = sums.duplicates,
	    .wrong = sums.wrong,
	    .late = sums.late,
	    .worst_ms = sums.worst_ms,
	    .has_left = sums.has_left,
	    .left = {sums.left}, /* all kinds in one */
	    .unread = sums.unread,
	};

	print_row(&all);
}

static void print_rows(bool peer)
{
	for (unsigned i = 0; i < count; i++)
		if (rows[i].peer == peer)
			print_row(&rows[i]);
}

/* Who we are, and the room for kernel keys: root has far more than others. */
static void print_user(void)
{
	const char *root = geteuid() == 0 ? "root_" : "";
	char path[64], bytes[32], keys[32];

	snprintf(path, sizeof(path), "/proc/sys/kernel/keys/%smaxbytes", root);
	world_read(path, bytes, sizeof(bytes));
	snprintf(path, sizeof(path), "/proc/sys/kernel/keys/%smaxkeys", root);
	world_read(path, keys, sizeof(keys));
	bytes[strcspn(bytes, "\n")] = keys[strcspn(keys, "\n")] = '\0';
	printf("\nuid %ld, for kernel keys %s bytes and %s keys%s\n",
	       (long)geteuid(), *bytes ? bytes : "?", *keys ? keys : "?",
	       *root ? ": NOT an ordinary user's" : "");
}

void table_print(void)
{
	print_user();
	printf("\n%-34s %6s %5s %8s %7s %5s %6s %5s %9s %6s %6s\n", "", "", "",
	       "lost by", "in the", "dupl.", "wrong", "late", "worst", "left",
	       "never");
	printf("%-34s %6s %5s %8s %7s %5s %6s %5s %9s %6s %6s\n", "fault",
	       "tried", "lost", "network", "window", "refr.", "answer", "answ.",
	       "answer ms", "behind", "read");
	print_rows(false);
	print_sums("all", false);
	print_rows(true);
	if (table_sums(true).tried)
		print_sums("oidc-agent: all", true);
	for (unsigned i = 0; i < count; i++)
		print_phases(&rows[i]);
	for (unsigned i = 0; i < count; i++)
		print_left(&rows[i]);
}

static int ascending(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

/* From the last byte read to parked, as the traced helper measured it. */
static void print_windows(const char *where)
{
	static long windows[WINDOWS_MAX];
	char path[4096], line[64];
	size_t n = 0;
	FILE *in;

	snprintf(path, sizeof(path), "%s/campaign-windows-%s",
		 getenv("XDG_RUNTIME_DIR"), where);
	in = fopen(path, "re");
	while (in && n < WINDOWS_MAX && fgets(line, sizeof(line), in))
		windows[n++] = strtol(line, NULL, 10);
	if (in)
		fclose(in);
	if (!n)
		return;
	qsort(windows, n, sizeof(*windows), ascending);
	printf("the window, last byte read to parked in a %s, microseconds, "
	       "%zu times: median %ld, 95%% %ld, most %ld\n",
	       where, n, windows[n / 2] / 1000, windows[n * 95 / 100] / 1000,
	       windows[n - 1] / 1000);
}

void table_windows(void)
{
	putchar('\n');
	print_windows("key");
	print_windows("file");
}
