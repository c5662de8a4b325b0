/* SPDX-License-Identifier: MIT */
/*
 * fuzz_redirect.c - any form or query into redirect_parse(). Only one with our
 * state, once, and with a code or an error is an answer; its texts are the ones
 * that came. The bytes up to the first newline are the Host header.
 */
#include "net/redirect.h"
#include "net/net_module.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STATE "st4te-_~"
#define PORT 8080

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_values(const struct redirect *redirect, const char *text,
			 size_t len)
{
	for (int i = 0; i < REDIRECT_PARAMETERS; i++) {
		const char *value = redirect->values[i];

		if (value && (value < text || value > text + len ||
			      strlen(value) > (size_t)(text + len - value)))
			abort();
	}
}

static void check_match(const struct redirect *redirect)
{
	const char *const *values = redirect->values;
	struct listener_answer answer;

	if (!redirect_matches(redirect, STATE))
		return;
	if (redirect->malformed || !values[REDIRECT_STATE] ||
	    strcmp(values[REDIRECT_STATE], STATE) != 0 ||
	    (!values[REDIRECT_CODE] && !values[REDIRECT_ERROR]))
		abort();
	if (redirect_answer(redirect, &answer))
		return;
	if (!answer.code != !values[REDIRECT_CODE] ||
	    (answer.code && values[REDIRECT_CODE] &&
	     strcmp(answer.code, values[REDIRECT_CODE]) != 0))
		abort();
	listener_answer_free(&answer);
}

static void check_host(const char *host)
{
	if (redirect_is_for_us(host, PORT) &&
	    strncmp(host, "127.0.0.1:", 10) != 0 &&
	    strncasecmp(host, "localhost:", 10) != 0 &&
	    strncmp(host, "[::1]:", 6) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
	size_t head = line ? (size_t)(line - data) : 0;
	struct redirect redirect = {0};
	char *text = malloc(size + 1);
	char *form;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0'; /* its end is watched */
	if (line) {
		text[head] = '\0';
		check_host(text);
		head++;
	}
	form = text + head;
	redirect_parse(&redirect, form, size - head);
	check_values(&redirect, form, size - head);
	check_match(&redirect);
	free(text);
	return 0;
}
