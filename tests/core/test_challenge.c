/* SPDX-License-Identifier: MIT */
/*
 * test_challenge.c - what is read of WWW-Authenticate (RFC 9110 11.6.1): the
 * parameters of the Bearer challenge among others, and nothing of what is malformed.
 */
#include "core/challenge.h"
#include "lib/tap.h"

#include <stdlib.h>
#include <string.h>

/* The lines that come of a text: "name=value ", or "malformed". */
static const struct {
	const char *what, *text, *read;
} cases[] = {
    {"nothing", "", ""},
    {"blanks and commas", " ,\t, ", ""},
    {"a scheme alone", "Bearer", ""},
    {"one parameter", "Bearer realm=x", "realm=x "},
    {"in capitals", "BEARER Scope=\"Read\"", "scope=Read "},
    {"two, with blanks", "Bearer a = 1 ,, b=\"2 3\" ", "a=1 b=2 3 "},
    {"a comma in quotes", "Bearer a=\"1, Basic b=2\"", "a=1, Basic b=2 "},
    {"an escaped quote", "Bearer a=\"say \\\"hi\\\\\\\"\"", "a=say \"hi\\\" "},
    {"an empty value", "Bearer error=\"\"", "error= "},
    {"behind another scheme", "Basic realm=\"r\", Bearer a=1", "a=1 "},
    {"in front of another", "Bearer a=1, Basic realm=r", "a=1 "},
    {"behind credentials in one word", "Negotiate YWJj/+==, Bearer a=1",
     "a=1 "},
    {"the first of two", "Bearer a=1, DPoP a=2, Bearer a=3", "a=1 "},
    {"its parameters behind a comma", "Bearer, a=1", "a=1 "},
    {"another scheme that begins alike", "Bearers a=1", ""},
    {"the challenge of MCP's specification",
     "Bearer resource_metadata=\"https://m.example/x\", scope=\"a:b c\"",
     "resource_metadata=https://m.example/x scope=a:b c "},
    {"a name that no record can have", "Bearer a!=1, b=2", "b=2 "},
    {"a name twice", "Bearer a=1, A=2", "malformed"},
    {"a name twice in another scheme", "Basic a=1, a=2, Bearer b=3",
     "malformed"},
    {"no comma between", "Bearer a=1 b=2", "malformed"},
    {"a quote that is not closed", "Bearer a=\"1", "malformed"},
    {"an escape at the end", "Bearer a=\"1\\", "malformed"},
    {"a control character in quotes", "Bearer a=\"1\r2\"", "malformed"},
    {"what follows a quote", "Bearer a=\"1\"2", "malformed"},
    {"no value", "Bearer a=, b=1", "malformed"},
    {"no value at the end", "Bearer b=1, a=", "malformed"},
    {"no name", "Bearer =1", "malformed"},
    {"a parameter in front of any scheme", "a=1, Bearer b=2", "malformed"},
    {"a malformed one behind it", "Bearer a=1, Basic b=\"", "malformed"},
    {"quotes for a scheme", "\"Bearer\" a=1", "malformed"},
};

static void show(const char *text, struct buf *out)
{
	struct record params = {0};
	const char *name, *value;
	size_t at = 0;

	if (challenge_read(text, "Bearer", &params) != RECORD_OK)
		buf_str(out, params.pairs.len ? "left over" : "malformed");
	while ((name = record_each(&params, &at, &value)))
		buf_fmt(out, "%s=%s ", name, value);
	record_free(&params);
}

static void test_long(void)
{
	struct record params = {0};
	char *text = malloc(CHALLENGE_MAX + 2);

	if (!text)
		return;
	memset(text, ',', CHALLENGE_MAX + 1);
	text[CHALLENGE_MAX] = '\0';
	tap_ok(challenge_read(text, "Bearer", &params) == RECORD_OK,
	       "as long as it may be");
	text[CHALLENGE_MAX] = ',';
	text[CHALLENGE_MAX + 1] = '\0';
	tap_ok(challenge_read(text, "Bearer", &params) == RECORD_MALFORMED,
	       "a byte longer");
	free(text);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out = {0};

		show(cases[i].text, &out);
		if (!tap_ok(strcmp(buf_text(&out), cases[i].read) == 0, "%s",
			    cases[i].what))
			printf("# %s\n", buf_text(&out));
		buf_free(&out);
	}
	test_long();
	tap_ok(challenge_scope_ok("a:b https://x.example/y!"), "scopes");
	tap_ok(!challenge_scope_ok("") && !challenge_scope_ok(" a") &&
		   !challenge_scope_ok("a\"b") && !challenge_scope_ok("a\\b") &&
		   !challenge_scope_ok("\xc3\xa4") &&
		   !challenge_scope_ok("a\n"),
	       "what are none");
	return tap_done();
}
