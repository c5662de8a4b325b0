/* SPDX-License-Identifier: MIT */
/*
 * challenge.c - see challenge.h. A comma stands between challenges and between the
 * parameters of one: a word with "=" behind it is a parameter of the challenge that
 * was begun last, any other word begins one.
 */
#include "challenge.h"

#include <string.h>
#include <strings.h>

/* RFC 9110 5.6.2. */
static const char token_chars[] = "!#$%&'*+-.^_`|~0123456789"
				  "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/* RFC 9110 11.2. */
static const char token68_chars[] = "-._~+/0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char name_chars[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

struct challenge_reader {
	const char *at;
	const char *scheme;    /* the one that is looked for */
	struct record *params; /* its parameters */
	struct record seen;    /* names of the challenge that is being read */
	bool begun;	       /* there is a challenge */
	bool wanted;	       /* and it is the one */
	bool done;	       /* the one was there */
};

static void skip_blanks(struct challenge_reader *reader)
{
	reader->at += strspn(reader->at, " \t");
}

static bool ends_here(const struct challenge_reader *reader)
{
	return !*reader->at || *reader->at == ',';
}

/* RFC 9110 5.6.4: from the opening quote to behind the closing one. */
static enum record_error read_quoted(struct challenge_reader *reader,
				     struct buf *value)
{
	const char *at = reader->at + 1;

	for (; *at != '"'; at++) {
		at += *at == '\\';
		if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7f)
			return RECORD_MALFORMED; /* the end as well */
		if (buf_char(value, *at))
			return RECORD_NOMEM;
	}
	reader->at = at + 1;
	return RECORD_OK;
}

static enum record_error read_value(struct challenge_reader *reader,
				    struct buf *value)
{
	size_t len;

	if (*reader->at == '"')
		return read_quoted(reader, value);
	len = strspn(reader->at, token_chars);
	if (!len)
		return RECORD_MALFORMED;
	reader->at += len;
	return buf_add(value, reader->at - len, len) ? RECORD_NOMEM : RECORD_OK;
}

static void lower_name(char *name)
{
	for (; *name; name++)
		if (*name >= 'A' && *name <= 'Z')
			*name = (char)(*name + ('a' - 'A'));
}

/* RFC 9110 11.2: no name twice. */
static enum record_error keep_param(struct challenge_reader *reader,
				    const char *name, const char *value)
{
	if (record_get(&reader->seen, name))
		return RECORD_MALFORMED;
	if (record_add(&reader->seen, name, ""))
		return RECORD_NOMEM;
	if (!reader->wanted || name[strspn(name, name_chars)])
		return RECORD_OK;
	return record_add(reader->params, name, value) ? RECORD_NOMEM
						       : RECORD_OK;
}

/* Its name has been read; `at` is the "=". */
static enum record_error read_param(struct challenge_reader *reader,
				    const char *start, size_t len)
{
	struct buf name = {0}, value = {0};
	enum record_error rc = RECORD_OK;

	reader->at++;
	skip_blanks(reader);
	if (!reader->begun)
		rc = RECORD_MALFORMED;
	else if (buf_add(&name, start, len))
		rc = RECORD_NOMEM;
	if (!rc)
		rc = read_value(reader, &value);
	if (!rc) {
		lower_name(name.data);
		rc = keep_param(reader, name.data, buf_text(&value));
	}
	buf_free(&name);
	buf_free(&value);
	return rc;
}

/* Credentials in one word, such as Negotiate has. */
static bool skip_token68(struct challenge_reader *reader)
{
	const char *at = reader->at + strspn(reader->at, token68_chars);

	if (at == reader->at)
		return false;
	at += strspn(at, "=");
	at += strspn(at, " \t");
	if (*at && *at != ',')
		return false;
	reader->at = at;
	return true;
}

static void begin_challenge(struct challenge_reader *reader, const char *scheme,
			    size_t len)
{
	reader->done |= reader->wanted;
	reader->begun = true;
	reader->wanted = !reader->done && strlen(reader->scheme) == len &&
			 strncasecmp(reader->scheme, scheme, len) == 0;
	record_free(&reader->seen);
}

/* What stands between two commas; of a challenge's first parameter also what
 * stands before it: the scheme. */
static enum record_error read_element(struct challenge_reader *reader)
{
	const char *word = reader->at;
	size_t len = strspn(word, token_chars), blanks;
	enum record_error rc = RECORD_OK;

	if (!len)
		return RECORD_MALFORMED;
	blanks = strspn(word + len, " \t");
	reader->at = word + len + blanks;
	if (*reader->at == '=') {
		rc = read_param(reader, word, len);
	} else {
		begin_challenge(reader, word, len);
		if (ends_here(reader) || (blanks && skip_token68(reader)))
			return RECORD_OK;
		len = blanks ? strspn(reader->at, token_chars) : 0;
		word = reader->at;
		reader->at += len;
		skip_blanks(reader);
		rc = len && *reader->at == '=' ? read_param(reader, word, len)
					       : RECORD_MALFORMED;
	}
	skip_blanks(reader);
	return !rc && !ends_here(reader) ? RECORD_MALFORMED : rc;
}

enum record_error challenge_read(const char *text, const char *scheme,
				 struct record *params)
{
	struct challenge_reader reader = {
	    .at = text, .scheme = scheme, .params = params};
	enum record_error rc = RECORD_OK;

	if (strlen(text) > CHALLENGE_MAX)
		rc = RECORD_MALFORMED;
	while (!rc && *reader.at) {
		skip_blanks(&reader);
		if (!ends_here(&reader))
			rc = read_element(&reader);
		reader.at += !rc && *reader.at == ',';
	}
	record_free(&reader.seen);
	if (rc)
		record_free(params);
	return rc;
}

bool challenge_scope_ok(const char *scope)
{
	size_t len = strlen(scope);

	for (size_t i = 0; i < len; i++)
		if (scope[i] < 0x20 || scope[i] > 0x7e || scope[i] == '"' ||
		    scope[i] == '\\')
			return false;
	return len && len <= CHALLENGE_MAX && *scope != ' ' &&
	       scope[len - 1] != ' ';
}
