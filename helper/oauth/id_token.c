/* SPDX-License-Identifier: MIT */
/*
 * id_token.c - see id_token.h. The compact form of a JWS (RFC 7515 7.1) is read
 * strictly: three parts of base64url without padding, two of them JSON. The
 * header is looked at for nothing but `crit`; without the signature its `alg`
 * means nothing.
 */
#include "id_token.h"

#include <valetkey.h>

#include <stdlib.h>
#include <string.h>

#define SKEW_S 300 /* between two clocks, the server's own among them */
#define TIME_MAX 1e15

/* ---- the form ---- */

static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* RFC 4648 5, without padding; bits that are left over must be zero (3.5).
 * False if it is not that. */
static bool decode(const char *text, size_t len, struct buf *out)
{
	unsigned bits = 0, count = 0;

	if (len % 4 == 1 || buf_reserve(out, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		int digit = digit_of(text[i]);

		if (digit < 0)
			return false;
		bits = bits << 6 | (unsigned)digit;
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		out->data[out->len++] = (char)(bits >> count);
		bits &= (1u << count) - 1;
	}
	out->data[out->len] = '\0';
	return bits == 0;
}

static bool read_part(const char *part, size_t len, struct json *json)
{
	struct buf text = {0};
	bool good = decode(part, len, &text) &&
		    json_parse(buf_text(&text), text.len, json) == 0;

	buf_free(&text);
	return good;
}

/* RFC 7515 4.1.11: what must be understood and is not. */
static bool header_ok(const char *part, size_t len)
{
	struct json header = {0};
	bool good = read_part(part, len, &header) &&
		    record_get(&header.strings, "alg") &&
		    !record_get(&header.strings, "crit[]") &&
		    !record_get(&header.strings, "crit");

	json_free(&header);
	return good;
}

static bool signature_ok(const char *part, size_t len)
{
	struct buf bytes = {0};
	bool good = decode(part, len, &bytes);

	buf_free(&bytes);
	return good;
}

static bool take_apart(const char *token, struct json *claims)
{
	size_t header = strcspn(token, "."), payload;
	const char *at = token + header + 1;

	if (strlen(token) > ID_TOKEN_MAX || !token[header])
		return false;
	payload = strcspn(at, ".");
	return at[payload] && header_ok(token, header) &&
	       signature_ok(at + payload + 1, strlen(at + payload + 1)) &&
	       read_part(at, payload, claims);
}

/* ---- the claims ---- */

/* A NumericDate (RFC 7519 2). */
static bool take_time(const struct json *claims, const char *name,
		      double *seconds)
{
	const char *text = record_get(&claims->scalars, name);
	char *end;

	if (!text)
		return false;
	*seconds = strtod(text, &end);
	return end != text && !*end && *seconds > 0 && *seconds < TIME_MAX;
}

/* Rules 3 to 5: an audience beside ours only if the token says that we are
 * the party it was issued to. */
static bool audience_ok(const struct json *claims, const char *client_id)
{
	const struct record *strings = &claims->strings;
	const char *azp = record_get(strings, "azp"), *one = NULL;
	bool found = record_is(strings, "aud", client_id);
	unsigned others = 0;

	while ((one = record_next(strings, "aud[]", one)))
		if (text_same(one, client_id))
			found = true;
		else
			others++;
	return found && (azp ? text_same(azp, client_id) : !others);
}

/* Core 2: at most 255 ASCII characters. */
static bool subject_ok(const char *subject)
{
	size_t len = subject ? strlen(subject) : 0;

	return len > 0 && len <= ID_TOKEN_SUBJECT_MAX &&
	       text_printable(subject, len);
}

/* What is wrong, NULL: nothing. */
static const char *id_token_judge(const struct json *claims,
				  const struct id_token_expect *expect)
{
	const struct record *strings = &claims->strings;
	double expires, issued, now = (double)expect->now;

	if (!record_is(strings, "iss", expect->issuer))
		return "is from another issuer (iss)";
	if (!audience_ok(claims, expect->client_id))
		return "is for another client (aud, azp)";
	if (!take_time(claims, "exp", &expires) ||
	    !take_time(claims, "iat", &issued))
		return "does not say how long it is valid (exp, iat)";
	if (expires <= now - SKEW_S)
		return "has expired (exp)";
	if (issued > now + SKEW_S)
		return "is from the future (iat); is this computer's clock "
		       "right?";
	if (expect->nonce && !record_is(strings, "nonce", expect->nonce))
		return "belongs to another login (nonce)";
	if (!subject_ok(record_get(strings, "sub")))
		return "names nobody (sub)";
	return NULL;
}

int id_token_read(const char *token, const struct id_token_expect *expect,
		  struct json *claims, struct problem *problem)
{
	const char *wrong = "is malformed";

	if (take_apart(token, claims))
		wrong = id_token_judge(claims, expect);
	if (!wrong)
		return VALETKEY_OK;
	return problem_set(problem, VALETKEY_ERR_DENIED,
			   "The login was not used: its ID token %s.", wrong);
}

int64_t id_token_expiry(const struct json *claims)
{
	double expires;

	return take_time(claims, "exp", &expires) ? (int64_t)expires : 0;
}

/* Absent in both, or the same in both. */
static bool same_claim(const struct json *before, const struct json *after,
		       const char *name)
{
	return text_same(record_get(&before->strings, name),
			 record_get(&after->strings, name)) ||
	       !(record_get(&before->strings, name) ||
		 record_get(&after->strings, name));
}

bool id_token_same_login(const char *token, const struct json *claims)
{
	const char *time = record_get(&claims->scalars, "auth_time");
	const char *nonce = record_get(&claims->strings, "nonce");
	struct json before = {0};
	bool same = take_apart(token, &before) &&
		    same_claim(&before, claims, "sub") &&
		    same_claim(&before, claims, "azp") &&
		    (!nonce || same_claim(&before, claims, "nonce")) &&
		    (!time || !record_get(&before.scalars, "auth_time") ||
		     text_same(time, record_get(&before.scalars, "auth_time")));

	json_free(&before);
	return same;
}
