/* SPDX-License-Identifier: MIT */
/*
 * test_record.c - key=value lines: what record.h promises of each function, and
 * of the text of a file and of a socket.
 */
#include "core/record.h"
#include "lib/tap.h"

#include <stdlib.h>
#include <string.h>

/* Whether the record, written, reads like this; it is freed. */
static bool reads(struct record *record, const char *expected)
{
	struct buf out = {0};
	bool good = record_write(record, &out) == 0 &&
		    strcmp(buf_text(&out), expected) == 0;

	if (!good)
		printf("# got: %s\n", buf_text(&out));
	buf_free(&out);
	record_free(record);
	return good;
}

static int text(struct record *record, const char *input, unsigned *bad_line)
{
	return record_parse_text(record, input, strlen(input), bad_line);
}

static int line(struct record *record, const char *input)
{
	return record_parse_line(record, input, strlen(input));
}

static void test_pairs(void)
{
	struct record record = {0}, more = {0};
	const char *first, *second;

	tap_ok(!record_get(&record, "a") && !record_next(&record, "a", NULL),
	       "an empty record has nothing");
	record_add(&record, "a", "1");
	record_add(&record, "b", NULL);
	record_add(&record, "a", "2");
	record_add_int(&record, "n", INT64_MIN);
	tap_ok(strcmp(record_get(&record, "a"), "2") == 0,
	       "the last one counts");
	tap_ok(!record_get(&record, "b"), "NULL adds nothing");
	tap_ok(record_get_int(&record, "n", 0) == INT64_MIN, "a number");
	first = record_next(&record, "a", NULL);
	second = record_next(&record, "a", first);
	tap_ok(first && second && strcmp(first, "1") == 0 &&
		   strcmp(second, "2") == 0 &&
		   !record_next(&record, "a", second),
	       "one after the other");
	record_set(&record, "a", "3");
	record_add(&more, "a", "4");
	record_append(&record, &more);
	record_free(&more);
	tap_ok(reads(&record, "n=-9223372036854775808\na=3\na=4\n"),
	       "replaced, appended, written");
}

static void test_numbers(void)
{
	static const char *const bad[] = {"",
					  " 1",
					  "1 ",
					  "1x",
					  "x",
					  "1.5",
					  "0x1",
					  "1e3",
					  "\t1",
					  "--1",
					  "9223372036854775808"};
	struct record record = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		record_set(&record, "n", bad[i]);
		tap_ok(record_get_int(&record, "n", -7) == -7,
		       "\"%s\" is no number", bad[i]);
	}
	tap_ok(record_get_int(&record, "absent", 5) == 5, "absent: fallback");
	record_free(&record);
}

static void test_text(void)
{
	struct record record = {0};
	unsigned bad_line = 0;

	tap_ok(text(&record,
		    "# comment\n\n  a = 1 \n\tb=two words\t\n l[]=x\nl[]=y\n"
		    "empty=\nlast=no newline",
		    &bad_line) == 0 &&
		   reads(&record, "a=1\nb=two words\nl[]=x\nl[]=y\nempty=\n"
				  "last=no newline\n"),
	       "a file");
	tap_ok(text(&record, "l[]=x\nl[]=\nl[]=z\n", NULL) == 0 &&
		   reads(&record, "l[]=z\n"),
	       "a list is emptied");
	tap_ok(text(&record, "a==b=c\n", NULL) == 0 &&
		   reads(&record, "a==b=c\n"),
	       "the first = counts");
	tap_ok(text(&record, "", NULL) == 0 && reads(&record, ""), "nothing");
	tap_ok(text(&record, "a=1\n\nnothing\nb=2\n", &bad_line) ==
		       RECORD_MALFORMED &&
		   bad_line == 3,
	       "the bad line's number");
	record_free(&record);
}

static void test_malformed(void)
{
	static const char *const bad[] = {
	    "=x",  "a",	   "a b=c",  "\x01=c",	"a=\x01",     "a=b\x7f",
	    "[]=", "a[=x", "a[x]=1", "a[][]=1", "\xc3\xa4=1", "a=b\rc"};
	struct record record = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		tap_ok(line(&record, bad[i]) == RECORD_MALFORMED &&
			   text(&record, bad[i], NULL) == RECORD_MALFORMED &&
			   !record.pairs.len,
		       "malformed line %zu", i);
	tap_ok(line(&record, " a=1") == RECORD_MALFORMED &&
		   line(&record, "a =1") == RECORD_MALFORMED &&
		   line(&record, "# a=1") == RECORD_MALFORMED,
	       "no white space or comments on a socket");
	tap_ok(line(&record, "a= 1 ") == 0 && reads(&record, "a= 1 \n"),
	       "but in a value there");
	tap_ok(record_parse_line(&record, "a=x\0y", 5) == RECORD_MALFORMED &&
		   record_parse_text(&record, "a=x\0y\n", 6, NULL) ==
		       RECORD_MALFORMED,
	       "NUL is refused");
	record_free(&record);
}

static void test_limits(void)
{
	struct record record = {0};
	struct buf out = {0};
	char *long_line = malloc(RECORD_LINE_MAX + 2);
	char *long_text = malloc(RECORD_TEXT_MAX + 2);

	memset(long_line, 'x', RECORD_LINE_MAX + 1);
	long_line[RECORD_LINE_MAX + 1] = '\0';
	memset(long_text, '\n', RECORD_TEXT_MAX + 1);
	memcpy(long_line, "a=", 2);
	tap_ok(record_parse_line(&record, long_line, RECORD_LINE_MAX) == 0,
	       "a line of 65,535 bytes");
	tap_ok(strlen(record_get(&record, "a")) == RECORD_LINE_MAX - 2,
	       "comes whole");
	record_free(&record);
	tap_ok(record_parse_line(&record, long_line, RECORD_LINE_MAX + 1) ==
		   RECORD_MALFORMED,
	       "one more is refused");
	tap_ok(record_parse_text(&record, long_text, RECORD_TEXT_MAX, NULL) ==
		       0 &&
		   record_parse_text(&record, long_text, RECORD_TEXT_MAX + 1,
				     NULL) == RECORD_MALFORMED,
	       "a text of 1 MiB, and no more");
	record_add(&record, "a", long_line);
	tap_ok(record_write(&record, &out) == RECORD_MALFORMED,
	       "what could not be read is not written");
	record_set(&record, "a", "x\ny=z");
	tap_ok(record_write(&record, &out) == RECORD_MALFORMED,
	       "no line is smuggled in");
	record_free(&record);
	buf_free(&out);
	free(long_text);
	free(long_line);
}

int main(void)
{
	test_pairs();
	test_numbers();
	test_text();
	test_malformed();
	test_limits();
	return tap_done();
}
