/* SPDX-License-Identifier: MIT */
/*
 * git_challenge.c - see git_challenge.h. One header may hold several challenges,
 * and commas part both challenges and parameters: a token that '=' follows is a
 * parameter, any other one begins a challenge. libc only; fuzzed.
 */
#include "git_challenge.h"

#include <stdio.h>
#include <string.h>

#define TOKEN                                                 \
	"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* What is too long is nothing that is known here. */
static void put(char *out, size_t size, const char *text, size_t len)
{
	if (len < size)
		snprintf(out, size, "%.*s", (int)len, text);
	else
		strcpy(out, "?");
}

/* A quoted-string at *at, which it passes; false where it does not end. */
static bool take_quoted(const char **at, char *out, size_t size)
{
	size_t len = 0;

	for (++*at; **at && **at != '"'; ++*at) {
		if (**at == '\\' && (*at)[1])
			++*at;
		if (len + 1 < size)
			out[len] = **at;
		len++;
	}
	if (len < size)
		out[len] = '\0';
	else
		strcpy(out, "?");
	if (**at != '"')
		return false;
	++*at;
	return true;
}

static bool take_value(struct git_challenge *challenge)
{
	size_t len;

	challenge->at += strspn(challenge->at, " \t");
	if (*challenge->at == '"')
		return take_quoted(&challenge->at, challenge->value,
				   sizeof(challenge->value));
	len = strcspn(challenge->at, ", \t");
	put(challenge->value, sizeof(challenge->value), challenge->at, len);
	challenge->at += len;
	return true;
}

bool git_challenge_next(struct git_challenge *challenge)
{
	const char *word, *after;
	size_t len;

	challenge->at += strspn(challenge->at, ", \t");
	word = challenge->at;
	len = strspn(word, TOKEN);
	if (!len)
		return false;
	after = word + len + strspn(word + len, " \t");
	*challenge->value = '\0';
	if (*after == '=' && *challenge->scheme) {
		put(challenge->name, sizeof(challenge->name), word, len);
		challenge->at = after + 1;
		return take_value(challenge);
	}
	*challenge->name = '\0';
	put(challenge->scheme, sizeof(challenge->scheme), word, len);
	challenge->at = word + len;
	return true;
}
