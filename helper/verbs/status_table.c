/* SPDX-License-Identifier: MIT */
/*
 * status_table.c - all accounts as a table, for a person at a terminal: a line
 * each, and never wider than the terminal. What does not fit is cut, and then left
 * out, what matters least first: `valetkey status NAME` shows everything.
 */
#include "status.h"

#include "command/command.h"
#include "command/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GAP 2
#define SOON_S (3LL * 86400)

enum table_column {
	COLUMN_ACCOUNT = 0,
	COLUMN_PROVIDER = 1,
	COLUMN_WHO = 2,
	COLUMN_TOKEN = 3,
	COLUMN_DIES = 4,
	COLUMN_STATE = 5,
	COLUMNS = 6
};

static const char *const titles[COLUMNS] = {
    "ACCOUNT", "PROVIDER", "LOGGED IN AS", "TOKEN", "DIES ON", "STATE"};

struct row {
	struct buf cells[COLUMNS];
	enum terminal_style styles[COLUMNS];
};

struct table {
	struct row *rows;
	size_t count;
	size_t widths[COLUMNS]; /* 0: left out */
};

/* ---- what is in it ---- */

static const char *state_word(const struct entry *entry)
{
	static const struct {
		const char *state;
		const char *word;
	} words[] = {{"login", "needs login"},
		     {"changed", "changed"},
		     {"broken", "unusable"},
		     {"removed", "not revoked"}};

	if (entry_is_refused(entry))
		return "refused";
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (entry_is(entry, "state", words[i].state))
			return words[i].word;
	return entry_result(entry) == VALETKEY_ERR_LOGIN ? "no secret"
							 : "ready";
}

static int add_token_cell(const struct entry *entry, struct buf *cell)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	int64_t left = entry_number(entry, "expires_in");
	size_t i = 0;

	if (entry_is(entry, "lifetime", "never"))
		return buf_str(cell, "no end");
	if (left <= 0 || !*entry_text(entry, "expires_at"))
		return buf_str(cell, "-");
	while (i < 3 && left < 2 * units[i].seconds)
		i++;
	return buf_fmt(cell, "%lld %s", (long long)(left / units[i].seconds),
		       units[i].name);
}

/* The mark tells how it is known; what the provider told has none. */
static int add_death_cell(const struct entry *entry, struct buf *cell)
{
	const char *mark = entry_is(entry, "dies_by", "data")	   ? "*"
			   : entry_is(entry, "dies_by", "learned") ? "?"
								   : "";
	char date[16];

	return *entry_text(entry, "dies_on")
		   ? buf_fmt(cell, "%s%s",
			     status_date(date, entry_number(entry, "dies_on")),
			     mark)
		   : 0;
}

static int fill_row(const struct entry *entry, struct row *row)
{
	bool soon = *entry_text(entry, "dies_on") &&
		    entry_number(entry, "dies_on") < time(NULL) + SOON_S;

	row->styles[COLUMN_STATE] =
	    entry_result(entry) || entry_is(entry, "state", "removed")
		? TERMINAL_WARNING
		: TERMINAL_GOOD;
	if (soon)
		row->styles[COLUMN_DIES] = TERMINAL_WARNING;
	return buf_str(&row->cells[COLUMN_ACCOUNT],
		       entry_text(entry, "account")) ||
	       buf_str(&row->cells[COLUMN_PROVIDER],
		       entry_text(entry, "name")) ||
	       buf_str(&row->cells[COLUMN_WHO],
		       entry_text(entry, "identity")) ||
	       add_token_cell(entry, &row->cells[COLUMN_TOKEN]) ||
	       add_death_cell(entry, &row->cells[COLUMN_DIES]) ||
	       buf_str(&row->cells[COLUMN_STATE], state_word(entry));
}

/* ---- how wide ---- */

static size_t cell_width(const struct buf *cell)
{
	return terminal_columns(buf_text(cell), cell->len);
}

static void measure_table(struct table *table)
{
	for (size_t c = 0; c < COLUMNS; c++) {
		size_t most = 0;

		for (size_t r = 0; r < table->count; r++)
			if (cell_width(&table->rows[r].cells[c]) > most)
				most = cell_width(&table->rows[r].cells[c]);
		if (most && most < strlen(titles[c]))
			most = strlen(titles[c]);
		table->widths[c] = most;
	}
}

static size_t table_width(const struct table *table)
{
	size_t sum = 0;

	for (size_t c = 0; c < COLUMNS; c++)
		if (table->widths[c])
			sum += table->widths[c] + (sum ? GAP : 0);
	return sum;
}

/* What goes first; down to 0: the whole column. */
static void fit_table(struct table *table, size_t room)
{
	static const struct {
		enum table_column column;
		size_t least;
	} steps[] = {{COLUMN_WHO, 12},	   {COLUMN_PROVIDER, 9},
		     {COLUMN_PROVIDER, 0}, {COLUMN_ACCOUNT, 20},
		     {COLUMN_WHO, 0},	   {COLUMN_TOKEN, 0},
		     {COLUMN_ACCOUNT, 8},  {COLUMN_DIES, 0}};

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		size_t *width = &table->widths[steps[i].column];
		size_t least = steps[i].least, all = table_width(table);
		size_t over = all > room ? all - room : 0;

		if (over && *width > least)
			*width = least && *width > least + over ? *width - over
								: least;
	}
}

/* ---- showing it ---- */

static void print_cell(enum terminal_style style, const struct buf *cell,
		       size_t width)
{
	struct buf cut = {0};

	if (cell_width(cell) <= width)
		terminal_out(style, buf_text(cell));
	else if (!buf_add(&cut, cell->data,
			  terminal_cut(cell->data, cell->len, width - 2)) &&
		 !buf_str(&cut, ".."))
		terminal_out(style, cut.data);
	buf_free(&cut);
}

static void print_row(const struct table *table, const struct row *row)
{
	size_t pad = 0;

	for (size_t c = 0; c < COLUMNS; c++) {
		size_t width = table->widths[c];
		size_t columns = cell_width(&row->cells[c]);

		if (!width)
			continue;
		printf("%*s", (int)pad, "");
		print_cell(row->styles[c], &row->cells[c], width);
		pad = GAP + (columns < width ? width - columns : 0);
	}
	putchar('\n');
}

static int print_titles(const struct table *table)
{
	struct row row = {0};
	int rc = 0;

	for (size_t c = 0; c < COLUMNS; c++) {
		rc = rc || buf_str(&row.cells[c], titles[c]);
		row.styles[c] = TERMINAL_BOLD;
	}
	if (!rc)
		print_row(table, &row);
	for (size_t c = 0; c < COLUMNS; c++)
		buf_free(&row.cells[c]);
	return rc;
}

/* ---- below it ---- */

/* What a person has to know or to do, and nothing for who is well. */
static int add_notes(const struct entry *entry, struct buf *notes)
{
	const char *account = entry_text(entry, "account");
	const char *text = entry_text(entry, "state_text");
	const char *lacking = entry_text(entry, "not_granted");
	int result = entry_result(entry);
	int rc = 0;

	if (entry_is_refused(entry))
		rc = buf_fmt(notes, " %s", entry_text(entry, "refusal"));
	else if (result && *text)
		rc = buf_fmt(notes, " %s", text);
	else if (entry_is(entry, "secret", "missing"))
		rc = buf_fmt(notes,
			     " Its client secret is missing. Run: valetkey "
			     "edit %s --secret-stdin",
			     account);
	else if (result == VALETKEY_ERR_LOGIN)
		rc = buf_fmt(notes, " Run: valetkey login %s", account);
	if (!rc && entry_number(entry, "no_room"))
		rc = buf_str(notes, " The kernel has no room for its token, "
				    "which comes more slowly. Run: valetkey "
				    "doctor");
	if (!rc && *lacking)
		rc = buf_fmt(notes, " Not granted, or by other names: %s",
			     lacking);
	return rc;
}

static int print_notes(const struct entry *entry)
{
	struct buf notes = {0};
	int rc = buf_fmt(&notes, "%s:", entry_text(entry, "account"));
	size_t name = notes.len;

	rc = rc || add_notes(entry, &notes);
	if (!rc && notes.len > name)
		terminal_out_wrap(2, notes.data);
	buf_free(&notes);
	return rc;
}

static void print_legend(const struct table *table)
{
	bool data = false, learned = false;

	for (size_t r = 0; r < table->count && table->widths[COLUMN_DIES];
	     r++) {
		const char *cell = buf_text(&table->rows[r].cells[COLUMN_DIES]);

		data = data || strchr(cell, '*');
		learned = learned || strchr(cell, '?');
	}
	if (data)
		terminal_out_wrap(2, "* as the provider documents");
	if (learned)
		terminal_out_wrap(2, "? learned: an earlier login ended so");
}

int status_table(const struct record *answer, int64_t count)
{
	struct table table = {.count = (size_t)count};
	int rc;

	table.rows = calloc(table.count, sizeof(*table.rows));
	rc = table.rows ? 0 : -1;
	for (size_t r = 0; !rc && r < table.count; r++) {
		const struct entry entry = {answer, (int64_t)r};

		rc = fill_row(&entry, &table.rows[r]);
	}
	if (!rc) {
		measure_table(&table);
		fit_table(&table, terminal_out_room());
		rc = print_titles(&table);
	}
	for (size_t r = 0; !rc && r < table.count; r++)
		print_row(&table, &table.rows[r]);
	if (!rc)
		print_legend(&table);
	for (size_t r = 0; !rc && r < table.count; r++) {
		const struct entry entry = {answer, (int64_t)r};

		rc = print_notes(&entry);
	}
	for (size_t r = 0; table.rows && r < table.count; r++)
		for (size_t c = 0; c < COLUMNS; c++)
			buf_free(&table.rows[r].cells[c]);
	free(table.rows);
	return rc ? VALETKEY_ERR_NOMEM : VALETKEY_OK;
}
