/* SPDX-License-Identifier: MIT */
/*
 * test_renewal - what an answer to a refresh means for the refresh token that was
 * sent: just come, or parked by a run that ended before it was stored.
 */
#include "grant/renewal.h"
#include "store/lock.h"
#include "net/net.h"
#include "store/account_state.h"
#include "lib/tap.h"
#include "valetkey.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ID "00112233445566778899aabbccddeeff"
#define PAGE "<html><body>refresh_token</body></html>"

static struct client client = {
    .id = ID, .account = "a", .provider_name = "Acme"};
static int lock = -1;

static struct grant make_grant(const char *token, int64_t generation)
{
	struct grant grant = {.generation = generation};

	if (grant_set(&grant.seal, "a seal of many bits") ||
	    grant_set(&grant.refresh_token, token) ||
	    grant_set(&grant.access_token, "old-access"))
		abort();
	return grant;
}

/* What came of this answer to a refresh of the grant, and is parked. */
static void come(struct arrival *arrival, const struct grant *grant,
		 const char *body, bool whole)
{
	struct buf bytes = {0};

	*arrival = (struct arrival){.place = renewal_place(&client, grant)};
	if (record_add_int(&arrival->about, "generation",
			   grant->generation + 1) ||
	    arrival_expect(arrival, &client, 500) || buf_str(&bytes, body))
		abort();
	if (bytes.len)
		arrival_take(&bytes, whole, arrival);
	buf_free(&bytes);
}

static const char *said(enum renewal renewal, const struct grant *renewed)
{
	static char text[128];
	const char *token = renewed->refresh_token;
	const char *access = renewed->access_token;

	if (renewal == RENEWAL_GRANT || renewal == RENEWAL_OTHER)
		snprintf(text, sizeof(text), "%s%s %s %lld",
			 renewal == RENEWAL_OTHER ? "other: " : "",
			 token ? token : "-", access ? access : "-",
			 (long long)renewed->generation);
	else
		strcpy(text, renewal == RENEWAL_NONE	     ? "none"
			     : renewal == RENEWAL_UNREADABLE ? "unreadable"
			     : renewal == RENEWAL_IN_FLIGHT  ? "in flight"
							     : "no memory");
	return text;
}

static const char *left_behind(const struct grant *stored)
{
	struct grant renewed = {0};
	const char *text =
	    said(renewal_find(&client, lock, stored, &renewed), &renewed);

	grant_free(&renewed);
	return text;
}

/* The table of renewal.h. */
static const struct {
	const char *name;
	const char *body;
	bool whole;
	const char *just_come; /* without the fields of a usable answer */
	const char *parked;
} lines[] = {
    {"a new refresh token",
     "{\"access_token\":\"x\",\"refresh_token\":\"new\"}", true,
     "new old-access 4", "new x 4"},
    {"a refresh token and no access token", "{\"refresh_token\":\"new\"}", true,
     "new old-access 4", "new old-access 4"},
    {"a refresh token and an error",
     "{\"error\":\"invalid_scope\",\"refresh_token\":\"new\"}", true,
     "new old-access 4", "new old-access 4"},
    {"a form", "access_token=x&refresh_token=new&token_type=bearer", true,
     "new old-access 4", "new x 4"},
    {"no refresh token", "{\"access_token\":\"x\"}", true, "none", "ours x 4"},
    {"an echo of our own token",
     "{\"error\":\"invalid_scope\",\"refresh_token\":\"ours\"}", true, "none",
     "none"},
    {"a refresh token of the word null",
     "{\"token\":\"x\",\"refresh_token\":\"null\"}", true, "none", "none"},
    {"an empty refresh token", "{\"token\":\"x\",\"refresh_token\":\"\"}", true,
     "none", "none"},
    {"a page that has the word", PAGE, true, "unreadable", "unreadable"},
    {"a page without it", "<html>log in</html>", true, "none", "none"},
    {"half an answer with the token in it",
     "{\"refresh_token\":\"new\",\"access_to", false, "new old-access 4",
     "new old-access 4"},
    {"half an answer that ends in the token",
     "{\"access_token\":\"x\",\"refresh_token\":\"ne", false, "none", "none"},
    {"half a form", "access_token=x&refresh_token=ne", false, "none", "none"},
    {"nothing at all", "", false, "none", "in flight"},
};

static void test_lines(void)
{
	struct grant stored = make_grant("ours", 3);

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct grant renewed = {0};
		struct arrival arrival;
		const char *got;

		come(&arrival, &stored, lines[i].body, lines[i].whole);
		got =
		    said(renewal_of(&client, &stored, &arrival, NULL, &renewed),
			 &renewed);
		tap_ok(strcmp(got, lines[i].just_come) == 0,
		       "%s, just come: %s", lines[i].name, got);
		got = left_behind(&stored);
		tap_ok(strcmp(got, lines[i].parked) == 0, "%s, parked: %s",
		       lines[i].name, got);
		grant_free(&renewed);
		arrival_free(&arrival);
		park_forget(ID);
	}
	grant_free(&stored);
}

/* Who looks later with another grant in the keyring. */
static void later(const char *name, const struct grant *stored,
		  const char *expected, const char *then)
{
	const char *got = left_behind(stored);

	tap_ok(strcmp(got, expected) == 0, "%s: %s", name, got);
	got = left_behind(stored);
	tap_ok(strcmp(got, then) == 0, "%s, and after that: %s", name, got);
}

static void test_generations(void)
{
	struct grant first = make_grant("first", 1),
		     third = make_grant("third", 3),
		     fourth = make_grant("new", 4),
		     other = make_grant("another", 4),
		     fifth = make_grant("fifth", 5),
		     unsealed = make_grant("third", 3);
	struct arrival arrival;

	come(&arrival, &third,
	     "{\"access_token\":\"x\",\"refresh_token\":\"new\"}", true);
	later("the keyring went back by three", &first, "new x 4", "new x 4");
	later("it is stored", &fourth, "none", "none");
	later("another machine was as quick", &other, "other: new x 4",
	      "other: new x 4");
	later("the keyring has a newer one", &fifth, "none", "none");
	later("then what is older goes", &third, "none", "none");
	arrival_free(&arrival);

	come(&arrival, &third, PAGE, true);
	later("unreadable, and stays", &third, "unreadable", "unreadable");
	grant_set(&unsealed.seal, "that of another login");
	later("of another login", &unsealed, "none", "none");
	later("that goes too", &third, "none", "none");
	arrival_free(&arrival);
	park_forget(ID);
	grant_free(&first);
	grant_free(&third);
	grant_free(&fourth);
	grant_free(&other);
	grant_free(&fifth);
	grant_free(&unsealed);
}

static bool is_another(const struct grant *grant)
{
	return generation_is_another(&client, lock, grant->generation,
				     grant->refresh_token);
}

static void note_grant(const struct grant *grant)
{
	generation_note(&client, lock, grant->generation, grant->refresh_token);
}

/* A newer one than the stored was noted: then what is parked, and fits nothing,
 * is not thrown away. */
static void test_noted(void)
{
	struct grant third = make_grant("third", 3),
		     fourth = make_grant("fourth", 4),
		     fifth = make_grant("fifth", 5),
		     same = make_grant("fifth", 2), old = make_grant("old", 0);
	struct problem problem = {0};
	struct arrival arrival;

	if (lock_take(ID, LOCK_GRANT, INT64_MAX, &lock, &problem))
		abort();
	tap_ok(!is_another(&third), "nothing is noted");
	note_grant(&old);
	tap_ok(generation_next(&client, lock, old.generation) == 1,
	       "a grant of an earlier version: the next is the first");
	note_grant(&fifth);
	note_grant(&third);
	tap_ok(is_another(&third) && !is_another(&fifth),
	       "an older one does not take the note");
	tap_ok(!is_another(&same), "the same refresh token is no older one");
	tap_ok(generation_next(&client, lock, 0) == 6 &&
		   generation_next(&client, lock, third.generation) == 6,
	       "the next one comes after what was noted");
	come(&arrival, &third,
	     "{\"access_token\":\"x\",\"refresh_token\":\"new\"}", true);
	grant_set(&third.seal, "that of another login");
	later("outdated: nothing is thrown away", &third, "none", "none");
	later("not outdated", &fifth, "none", "none");
	grant_set(&third.seal, "a seal of many bits");
	later("it went", &third, "none", "none");
	arrival_free(&arrival);
	lock_drop(&lock);
	lock = -1;
	grant_free(&third);
	grant_free(&fourth);
	grant_free(&fifth);
	grant_free(&same);
	grant_free(&old);
}

/* A server that sends its answer bit by bit. */
/* Whatever is cut off or killed after any of them. */
static void test_pieces(void)
{
	struct grant stored = make_grant("ours", 3);
	const char *answer = "{\"access_token\":\"xxxxxxxxxxxxxxxxxxxxxxxxx\","
			     "\"scope\":\"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\","
			     "\"refresh_token\":\"new\",\"more\":1}";
	struct arrival arrival;
	struct buf bytes = {0};
	size_t unparked = 0;

	come(&arrival, &stored, "", false);
	for (size_t i = 0; answer[i]; i++) {
		if (buf_char(&bytes, answer[i]))
			abort();
		arrival_take(&bytes, false, &arrival);
		unparked += !arrival.parked;
	}
	tap_ok(unparked == 0, "bit by bit: each piece is parked");
	while (bytes.len < HTTP_BODY_MAX) {
		if (buf_char(&bytes, ' '))
			abort();
		arrival_take(&bytes, false, &arrival);
	}
	tap_ok(arrival.work < 32u << 20, "bit by bit, 256 KB: sealed were %zu",
	       arrival.work);
	arrival_take(&bytes, true, &arrival);
	tap_ok(arrival.parked &&
		   strncmp(left_behind(&stored), "new xxx", 7) == 0,
	       "bit by bit: all of it is parked in the end");
	buf_free(&bytes);
	arrival_free(&arrival);
	park_forget(ID);
	grant_free(&stored);
}

int main(void)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/valetkey", getenv("XDG_CONFIG_HOME"));
	mkdir(path, 0700);
	test_lines();
	test_generations();
	test_noted();
	test_pieces();
	return tap_done();
}
