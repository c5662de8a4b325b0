/* SPDX-License-Identifier: MIT */
/*
 * test_hit.c - the short way of a get: which characters text may have, that each
 * of thousands of slots is found and no other, and which requests are answered
 * from memory.
 */
#include "core/clock.h"
#include "hit.h"
#include "lib/tap.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 3000

/* One byte of every value at every place of texts of every length. */
static void test_text(void)
{
	unsigned wrong = 0;
	char text[40];

	for (size_t len = 1; len < sizeof(text); len++)
		for (size_t at = 0; at < len; at++)
			for (unsigned c = 0; c < 256; c++) {
				memset(text, 'x', sizeof(text));
				text[at] = (char)c;
				wrong += text_visible(text, len) !=
					 (c > 0x20 && c < 0x7f);
				wrong += text_plain(text, len) !=
					 (c >= 0x20 && c != 0x7f);
			}
	tap_ok(wrong == 0, "text is judged as byte by byte");
	tap_ok(text_visible("", 0) && text_plain("", 0), "no text is good");
	tap_ok(text_visible("~~~~~~~~!", 9) && !text_plain("\x1f\x80\x80", 3) &&
		   text_plain("\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", 8),
	       "its neighbours do not matter");
}

static void name_of(char name[32], size_t i)
{
	snprintf(name, 32, "account-%zu", i);
}

static void test_slots(void)
{
	static struct memory_slot *slots[SLOTS];
	struct memory *memory = memory_new();
	struct memory_key key = {.scope = "", .origin = ""};
	size_t wrong = 0;
	char name[32];

	key.account = name;
	for (size_t i = 0; i < SLOTS; i++) {
		name_of(name, i);
		wrong += memory_find(memory, &key) != NULL;
		slots[i] = memory_slot(memory, &key);
		wrong += !slots[i];
	}
	for (size_t i = 0; i < SLOTS; i++) {
		name_of(name, i);
		wrong += memory_find(memory, &key) != slots[i];
		key.scope = "a";
		wrong += memory_find(memory, &key) != NULL;
		key.scope = "";
		key.origin = "https://a.example";
		key.origin_len = strlen(key.origin);
		wrong += memory_find(memory, &key) != NULL;
		key.origin_len = 0;
	}
	tap_ok(wrong == 0, "%d slots, each found and no other", SLOTS);
	memory_close(memory);
}

static bool hits(struct memory *memory, const struct valetkey_request *request)
{
	const struct valetkey_token *token = hit_take(memory, request);

	memory_release(token);
	return token != NULL;
}

static bool hits_url(struct memory *memory, const char *url)
{
	const struct valetkey_request request = {
	    .size = sizeof(request), .account = "work", .resource = url};

	return hits(memory, &request);
}

static struct memory *with_token(void)
{
	const struct memory_key key = {"work", "", "https://a.example:8443",
				       22};
	const struct memory_token token = {
	    .access_token = "token",
	    .account = "work",
	    .scope = "",
	    .good_until = deadline_in(100000),
	    .renew_at = INT64_MAX,
	};
	struct memory *memory = memory_new();

	memory_release(memory_put(memory, memory_slot(memory, &key), &token));
	return memory;
}

static void test_urls(void)
{
	struct memory *memory = with_token();

	tap_ok(hits_url(memory, "https://a.example:8443") &&
		   hits_url(memory, "https://a.example:8443/") &&
		   hits_url(memory, "https://a.example:8443/v2/devices?a=b#c"),
	       "URLs of the origin");
	tap_ok(!hits_url(memory, "https://a.example") &&
		   !hits_url(memory, "https://a.example:84433/") &&
		   !hits_url(memory, "https://a.example:8443.evil/") &&
		   !hits_url(memory, "https://a.example:8443@evil/") &&
		   !hits_url(memory, "https://evil/https://a.example:8443/") &&
		   !hits_url(memory, "http://a.example:8443/") &&
		   !hits_url(memory, "https:/") && !hits_url(memory, ""),
	       "URLs of another");
	tap_ok(!hits_url(memory, "https://a.example:8443/a b") &&
		   !hits_url(memory, "https://a.example:8443/long/path\n") &&
		   !hits_url(memory, "https://a.example:8443/long/p\xc3\xbc"),
	       "URLs that are none");
	memory_close(memory);
}

static void test_requests(void)
{
	struct memory *memory = with_token();
	struct valetkey_request request = {.size = sizeof(request),
					   .account = "work",
					   .resource =
					       "https://a.example:8443/"};

	tap_ok(hits(memory, &request), "the request");
	request.min_valid_s = 99;
	tap_ok(hits(memory, &request), "good for as long as is asked");
	request.min_valid_s = 101;
	tap_ok(!hits(memory, &request), "not for longer");
	request.min_valid_s = 0;
	request.flags = VALETKEY_CACHED_ONLY | VALETKEY_INTERACTIVE;
	tap_ok(hits(memory, &request), "flags that we know");
	request.flags = VALETKEY_ID_TOKEN;
	tap_ok(!hits(memory, &request), "not an ID token");
	request.flags = 8;
	tap_ok(!hits(memory, &request), "a flag that we do not");
	request.flags = 0;
	request.size = sizeof(request) - 8;
	tap_ok(!hits(memory, &request), "a structure of another size");
	request.size = sizeof(request);
	request.account = NULL;
	tap_ok(!hits(memory, &request), "no account");
	request.account = "";
	tap_ok(!hits(memory, &request), "an empty account");
	memory_close(memory);
}

int main(void)
{
	test_text();
	test_slots();
	test_urls();
	test_requests();
	return tap_done();
}
