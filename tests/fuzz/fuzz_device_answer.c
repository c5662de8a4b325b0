/* SPDX-License-Identifier: MIT */
/*
 * fuzz_device_answer.c - any answer of a device authorization endpoint into
 * device_answer_read(): the first byte chooses the HTTP status, the rest is the
 * body. What the person would be shown is clean and a web page; what we would
 * send is visible text; no number makes us ask too often or for ever.
 */
#include "oauth/device_answer.h"

#include "core/origin.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const long statuses[] = {200, 400, 401, 429, 500, 302, 201};

#define STATUSES (sizeof(statuses) / sizeof(*statuses))
#define DAY_S 86400

static void check_text(const char *text, size_t most)
{
	if (!text || !*text || strlen(text) > most)
		abort();
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			abort();
}

static void check_url(const char *url)
{
	char origin[ORIGIN_MAX];

	check_text(url, 2048);
	if (origin_of(url, origin) != 0 || strchr(url, ' '))
		abort();
}

static void check(const struct device_answer *answer)
{
	const struct record *fields = &answer->fields;
	const char *whole = record_get(fields, "verification_uri_complete");

	check_text(record_get(fields, "device_code"), 8192);
	check_text(record_get(fields, "user_code"), 64);
	check_url(record_get(fields, "verification_uri"));
	if (whole)
		check_url(whole);
	if (answer->interval_s < 1 || answer->interval_s > DAY_S ||
	    answer->expires_in_s < -1 || answer->expires_in_s > DAY_S)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct client client = {.provider_name = "Example",
				      .device_authorization_endpoint =
					  "https://as.example/device"};
	struct http_answer http = {.retry_after_s = -1};
	struct device_answer answer = {0};
	struct problem problem = {0};
	int rc;

	if (!size)
		return 0;
	http.status = statuses[*data % STATUSES];
	if (buf_add(&http.body, data + 1, size - 1) == 0) {
		rc = device_answer_read(&client, &http, &answer, &problem);
		if (!rc)
			check(&answer);
		else if (rc != problem.result || !*problem.text)
			abort();
	}
	device_answer_free(&answer);
	buf_free(&http.body);
	return 0;
}
