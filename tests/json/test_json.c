/* SPDX-License-Identifier: MIT */
/*
 * test_json.c - JSON in both directions: what json.h promises to take, where it
 * puts it, and what it refuses.
 */
#include "json/json.h"
#include "lib/tap.h"

#include <stdlib.h>
#include <string.h>

static bool refused(const char *text, size_t len)
{
	struct json json = {0};
	int rc = json_parse(text, len, &json);

	json_free(&json);
	return rc == -1;
}

static bool equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void test_good(void)
{
	static const char text[] =
	    " {\"access_token\":\"a\\u0041\\/\\n\\\"\", \"expires_in\":3600,"
	    "\"ok\":true,\"no\":false,\"none\":null,\"big\":1e400,"
	    "\"error\":{\"message\":\"m\",\"deep\":{\"code\":-1.50}},"
	    "\"scopes\":[\"x\",\"y\",7,null,{\"in\":\"hidden\"},[\"hidden\"]],"
	    "\"a b\":\"hidden\",\"a b2\":{\"c\":\"hidden\"},\"\":\"hidden\","
	    "\"after\":\"\xc3\xa9\",\"twice\":\"1\",\"twice\":\"2\"}\n";
	struct json json = {0};
	const struct record *s = &json.strings, *n = &json.scalars;
	const char *value;
	bool hidden = true;
	size_t at = 0;

	tap_ok(!json_parse(text, sizeof(text) - 1, &json), "a good object");
	tap_ok(equal(record_get(s, "access_token"), "aA/\n\""), "escapes");
	tap_ok(record_get_int(n, "expires_in", 0) == 3600, "a number");
	tap_ok(!record_get(s, "expires_in"), "a number is not a string");
	tap_ok(!record_get(n, "access_token"), "a string is not a number");
	tap_ok(equal(record_get(n, "ok"), "true") &&
		   equal(record_get(n, "no"), "false"),
	       "booleans");
	tap_ok(!record_get(s, "none") && !record_get(n, "none"), "null");
	tap_ok(equal(record_get(n, "big"), "1e400"), "a number's own text");
	tap_ok(equal(record_get(s, "error.message"), "m") &&
		   equal(record_get(n, "error.deep.code"), "-1.50"),
	       "nested objects");
	value = record_next(s, "scopes[]", NULL);
	tap_ok(equal(value, "x") &&
		   equal(record_next(s, "scopes[]", value), "y"),
	       "an array");
	tap_ok(equal(record_get(n, "scopes[]"), "7"), "a number in an array");
	tap_ok(equal(record_get(s, "after"), "\xc3\xa9"), "UTF-8");
	tap_ok(equal(record_get(s, "twice"), "2"), "the last of a key counts");
	while (record_each(s, &at, &value))
		if (strcmp(value, "hidden") == 0)
			hidden = false;
	tap_ok(hidden, "what has no name in a record is passed over");
	json_free(&json);
	tap_ok(!json_parse("{}", 2, &json), "an empty object");
	json_free(&json);
	tap_ok(!json_parse("\xef\xbb\xbf{}", 5, &json),
	       "a byte order mark in front");
	json_free(&json);
}

static void test_generous(void)
{
	static const char text[] =
	    "[\"s\",{\"a\":\"1\",\"errors\":[{\"code\":7},[{\"name\":\"n\"}]],"
	    "\"x y\":{\"in\":\"z\"}},{\"b\":\"2\"}, {\"c\":\"3\",\"d\":\"cut";
	struct json json = {0};
	const struct record *s = &json.strings;

	tap_ok(json_parse_answer(text, sizeof(text) - 1, false, &json) ==
		   RECORD_OK,
	       "half an array");
	tap_ok(equal(record_get(s, "[]"), "s") &&
		   equal(record_get(s, "a"), "1") &&
		   equal(record_get(s, "b"), "2"),
	       "its objects' members");
	tap_ok(equal(record_get(&json.scalars, "errors.code"), "7") &&
		   equal(record_get(s, "errors.name"), "n"),
	       "those of a member that is an array");
	tap_ok(equal(record_get(s, "?.in"), "z"), "a key of its own kind");
	tap_ok(equal(record_get(s, "c"), "3") && !record_get(s, "d"),
	       "what came completely");
	json_free(&json);
	tap_ok(json_parse_answer(text, sizeof(text) - 1, true, &json) ==
		       RECORD_MALFORMED &&
		   equal(record_get(s, "c"), "3"),
	       "half of one as a whole");
	json_free(&json);
}

struct bad {
	const char *name;
	const char *text;
};

static const struct bad bads[] = {
    {"nothing", ""},
    {"white space", " \n"},
    {"an array on top", "[\"a\"]"},
    {"a string on top", "\"a\""},
    {"a number on top", "1"},
    {"null on top", "null"},
    {"two objects", "{}{}"},
    {"trailing text", "{} x"},
    {"a comma too many", "{\"a\":1,}"},
    {"a comment", "{/* */\"a\":1}"},
    {"an open object", "{\"a\":\"b\""},
    {"an open string", "{\"a\":\"b"},
    {"a key that is no string", "{1:2}"},
    {"U+0000 in a value", "{\"a\":\"x\\u0000y\"}"},
    {"U+0000 in a key", "{\"a\\u0000\":\"x\"}"},
    {"a stray continuation byte", "{\"a\":\"\x80\"}"},
    {"an overlong slash", "{\"a\":\"\xc0\xaf\"}"},
    {"a raw surrogate", "{\"a\":\"\xed\xa0\x80\"}"},
    {"a low surrogate alone", "{\"a\":\"\\udc00\"}"},
    {"a character above U+10FFFF", "{\"a\":\"\xf4\x90\x80\x80\"}"},
    {"a cut character", "{\"a\":\"\xe2\x82\"}"},
    {"a bad key", "{\"\xff\":\"x\"}"},
    {"a raw newline in a string", "{\"a\":\"\n\"}"},
    {"a bad escape", "{\"a\":\"\\x41\"}"},
    {"a bad number", "{\"a\":01}"},
    {"NaN", "{\"a\":NaN}"},
    {"a byte order mark behind white space", " \xef\xbb\xbf{}"},
    {"half a byte order mark", "\xef\xbb{}"},
};

static void test_bad(void)
{
	size_t i;

	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++)
		tap_ok(refused(bads[i].text, strlen(bads[i].text)),
		       "refused: %s", bads[i].name);
	tap_ok(refused("{}\0", 3), "refused: a NUL behind");
	tap_ok(refused("{\"a\":\"x\0y\"}", 11), "refused: a raw NUL");
}

/* depth objects, or an object around depth - 1 arrays. */
static bool deep(unsigned depth, bool arrays)
{
	struct buf text = {0};
	struct json json = {0};
	unsigned i;
	int rc;

	for (i = 0; i < depth; i++)
		buf_str(&text, i && arrays ? "[" : "{\"a\":");
	buf_str(&text, "1");
	for (i = depth; i-- > 0;)
		buf_str(&text, i && arrays ? "]" : "}");
	rc = json_parse(text.data, text.len, &json);
	json_free(&json);
	buf_free(&text);
	return !rc;
}

static void test_depth(void)
{
	tap_ok(deep(JSON_DEPTH_MAX, false), "16 levels");
	tap_ok(!deep(JSON_DEPTH_MAX + 1, false), "refused: 17 levels");
	tap_ok(deep(JSON_DEPTH_MAX, true), "16 levels with arrays");
	tap_ok(!deep(JSON_DEPTH_MAX + 1, true), "refused: 17 with arrays");
	tap_ok(!deep(20000, true), "refused: 20,000 levels");
}

/* One string of len bytes, half of them escapes where `escapes`. */
static int big(size_t len, bool escapes, const char *end)
{
	struct buf text = {0};
	struct json json = {0};
	size_t i;
	int rc;

	buf_str(&text, "{\"a\":\"");
	for (i = 0; i + 2 <= len; i += 2)
		buf_str(&text, escapes ? "\\n" : "xx");
	buf_str(&text, end);
	rc = json_parse(text.data, text.len, &json);
	if (!rc &&
	    strlen(record_get(&json.strings, "a")) != (escapes ? len / 2 : len))
		rc = -2;
	json_free(&json);
	buf_free(&text);
	return rc;
}

static void test_size(void)
{
	static const size_t million = 1000000;

	tap_ok(big(million, false, "\"}") == 0, "a megabyte of text");
	tap_ok(big(million, true, "\"}") == 0, "a megabyte of escapes");
	tap_ok(big(million, true, "") == -1, "refused: it does not end");
	tap_ok(big(1048576, false, "\"}") == -1, "refused: more than 1 MiB");
}

static const char *const bare[] = {"n", "list[]", NULL};

static void test_write(void)
{
	struct record record = {0};
	struct buf out = {0};
	struct json back = {0};

	record_add(&record, "s", "q\" b\\ \n\x01 \xc3\xa9");
	record_add(&record, "n", "old");
	record_add(&record, "status.token", "t");
	record_add(&record, "status.list[]", "1");
	record_add(&record, "n", "-12.5e+3");
	record_add(&record, "status.list[]", "2");
	record_add(&record, "list[]", "true");
	record_add(&record, "list[]", "01");
	record_add(&record, "m", "5");
	tap_ok(!json_write(&record, bare, &out), "write");
	tap_ok(equal(out.data,
		     "{\"s\":\"q\\\" b\\\\ \\n\\u0001 \xc3\xa9\","
		     "\"status\":{\"token\":\"t\",\"list\":[\"1\",\"2\"]},"
		     "\"n\":-12.5e+3,\"list\":[true,\"01\"],\"m\":\"5\"}"),
	       "members, lists, nested objects, bare values");
	tap_ok(
	    !json_parse(out.data, out.len, &back) &&
		equal(record_get(&back.strings, "s"), record_get(&record, "s")),
	    "and back");
	buf_clear(&out);
	record_free(&record);
	tap_ok(!json_write(&record, NULL, &out) && equal(out.data, "{}"),
	       "an empty record");
	record_add(&record, "bad", "\xff");
	tap_ok(json_write(&record, NULL, &out) == -1 && out.len == 2,
	       "what is not UTF-8 is not written");
	json_free(&back);
	buf_free(&out);
	record_free(&record);
}

int main(void)
{
	test_good();
	test_generous();
	test_bad();
	test_depth();
	test_size();
	test_write();
	return tap_done();
}
