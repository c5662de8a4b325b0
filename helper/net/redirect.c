/* SPDX-License-Identifier: MIT */
/*
 * redirect.c - see redirect.h. Called by listener_answer.c with what any program on
 * this machine, or any page in the person's browser, may have sent.
 */
#include "redirect.h"

#include "core/form.h"
#include "net_module.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const parameter_names[REDIRECT_PARAMETERS] = {
    [REDIRECT_STATE] = "state",
    [REDIRECT_CODE] = "code",
    [REDIRECT_ISS] = "iss",
    [REDIRECT_ERROR] = "error",
    [REDIRECT_ERROR_DESCRIPTION] = "error_description"};

void redirect_add(struct redirect *redirect, const char *key, size_t key_len,
		  const char *value, size_t value_len)
{
	unsigned i;

	/* RFC 6749 3.1: without a value it counts as left out, and none may
	 * come twice */
	if (!value || !value_len)
		return;
	for (i = 0; i < REDIRECT_PARAMETERS; i++) {
		if (strlen(parameter_names[i]) != key_len ||
		    memcmp(parameter_names[i], key, key_len) != 0)
			continue;
		if (redirect->values[i] || strlen(value) != value_len)
			redirect->malformed = true;
		redirect->values[i] = value;
	}
}

void redirect_parse(struct redirect *redirect, char *text, size_t len)
{
	struct form form = {text, text + len};
	struct form_pair pair;
	enum form_step step;

	while ((step = form_next(&form, &pair)) != FORM_END)
		if (step == FORM_MALFORMED)
			redirect->malformed = true;
		else
			redirect_add(redirect, pair.name, pair.name_len,
				     pair.value, pair.value_len);
}

/* Takes the same time wherever the two differ; the length is not secret. */
static bool same_secret(const char *a, const char *b)
{
	size_t len = strlen(a), i;
	unsigned char difference = 0;

	if (!len || strlen(b) != len)
		return false;
	for (i = 0; i < len; i++)
		difference |= (unsigned char)(a[i] ^ b[i]);
	return !difference;
}

bool redirect_matches(const struct redirect *redirect, const char *state)
{
	return !redirect->malformed && redirect->values[REDIRECT_STATE] &&
	       (redirect->values[REDIRECT_CODE] ||
		redirect->values[REDIRECT_ERROR]) &&
	       same_secret(redirect->values[REDIRECT_STATE], state);
}

static int redirect_copy(char **copied, const char *text)
{
	*copied = text ? strdup(text) : NULL;
	return text && !*copied ? -1 : 0;
}

int redirect_answer(const struct redirect *redirect,
		    struct listener_answer *answer)
{
	const char *const *values = redirect->values;

	*answer = (struct listener_answer){0};
	if (redirect_copy(&answer->code, values[REDIRECT_CODE]) ||
	    redirect_copy(&answer->iss, values[REDIRECT_ISS]) ||
	    redirect_copy(&answer->error, values[REDIRECT_ERROR]) ||
	    redirect_copy(&answer->error_description,
			  values[REDIRECT_ERROR_DESCRIPTION])) {
		listener_answer_free(answer);
		return -1;
	}
	return 0;
}

enum redirect_verdict redirect_read(char *query, const char *state,
				    struct listener_answer *answer)
{
	struct redirect redirect = {.malformed = false};

	redirect_parse(&redirect, query, strlen(query));
	if (redirect_matches(&redirect, state))
		return redirect_answer(&redirect, answer) ? REDIRECT_NOMEM
							  : REDIRECT_TAKEN;
	if (redirect.malformed)
		return REDIRECT_DAMAGED;
	return redirect.values[REDIRECT_CODE] || redirect.values[REDIRECT_ERROR]
		   ? REDIRECT_OTHER
		   : REDIRECT_NO_CODE;
}

void listener_answer_free(struct listener_answer *answer)
{
	wipe_free(answer->code);
	wipe_free(answer->iss);
	wipe_free(answer->error);
	wipe_free(answer->error_description);
	*answer = (struct listener_answer){0};
}

bool redirect_is_for_us(const char *host, uint16_t port)
{
	static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
	char suffix[8];
	size_t i, len;

	snprintf(suffix, sizeof(suffix), ":%u", (unsigned)port);
	for (i = 0; host && i < sizeof(names) / sizeof(names[0]); i++) {
		len = strlen(names[i]);
		if (strncasecmp(host, names[i], len) == 0 &&
		    (strcmp(host + len, suffix) == 0 ||
		     (port == 80 && !host[len])))
			return true;
	}
	return false;
}
