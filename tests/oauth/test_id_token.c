/* SPDX-License-Identifier: MIT */
/*
 * test_id_token.c - ID tokens, good and bad: their form, and each rule of OpenID
 * Connect Core 3.1.3.7 that id_token.h promises.
 */
#include "oauth/id_token.h"
#include "lib/tap.h"
#include "valetkey.h"

#include <stdlib.h>
#include <string.h>

#define NOW 1700000000
#define HEADER "{\"alg\":\"RS256\"}"
#define START "{\"iss\":\"https://op.example/\",\"aud\":\"me\",\"sub\":\"s\","
#define TIMES "\"iat\":1700000000,\"exp\":1700000600"
#define GOOD START TIMES ",\"nonce\":\"n\"}"

static const struct id_token_expect expect = {
    .issuer = "https://op.example/",
    .client_id = "me",
    .nonce = "n",
    .now = NOW,
};

/* base64url, written here anew. */
static void encode(struct buf *out, const char *text, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz"
				     "0123456789-_";

	for (size_t bit = 0; bit < len * 8; bit += 6) {
		size_t at = bit / 8;
		unsigned two = (unsigned char)text[at] * 256u;

		if (at + 1 < len)
			two += (unsigned char)text[at + 1];
		buf_char(out, digits[two >> (10 - bit % 8) & 63]);
	}
}

static void make(struct buf *token, const char *header, const char *claims)
{
	encode(token, header, strlen(header));
	buf_char(token, '.');
	encode(token, claims, strlen(claims));
	buf_str(token, ".c2ln");
}

/* NULL where it is good, else what is said. */
static const char *judged(const char *token,
			  const struct id_token_expect *expected)
{
	static struct problem problem;
	struct json claims = {0};
	int rc = id_token_read(token, expected, &claims, &problem);

	if (!rc && !record_get(&claims.strings, "sub"))
		strcpy(problem.text, "no claims");
	else if (!rc)
		problem.text[0] = '\0';
	else if (rc != VALETKEY_ERR_DENIED)
		strcpy(problem.text, "another result");
	json_free(&claims);
	return *problem.text ? problem.text : NULL;
}

static const struct {
	const char *name;
	const char *claims;
	const char *says; /* NULL: it is good */
} tokens[] = {
    {"good", GOOD, NULL},
    {"an audience list of us",
     "{\"iss\":\"https://op.example/\",\"aud\":"
     "[\"me\"],\"sub\":\"s\",\"nonce\":\"n\"," TIMES "}",
     NULL},
    {"others too, issued to us",
     "{\"iss\":\"https://op.example/\",\"aud\":"
     "[\"x\",\"me\"],\"azp\":\"me\",\"sub\":\"s\",\"nonce\":\"n\"," TIMES "}",
     NULL},
    {"others too",
     "{\"iss\":\"https://op.example/\",\"aud\":[\"me\",\"x\"],"
     "\"sub\":\"s\",\"nonce\":\"n\"," TIMES "}",
     "aud"},
    {"issued to another", START "\"azp\":\"x\",\"nonce\":\"n\"," TIMES "}",
     "azp"},
    {"another audience",
     "{\"iss\":\"https://op.example/\",\"aud\":\"you\","
     "\"sub\":\"s\",\"nonce\":\"n\"," TIMES "}",
     "aud"},
    {"an audience that begins like us",
     "{\"iss\":\"https://op.example/\","
     "\"aud\":\"me2\",\"sub\":\"s\",\"nonce\":\"n\"," TIMES "}",
     "aud"},
    {"no audience",
     "{\"iss\":\"https://op.example/\",\"sub\":\"s\","
     "\"nonce\":\"n\"," TIMES "}",
     "aud"},
    {"an issuer without its slash",
     "{\"iss\":\"https://op.example\",\"aud\":"
     "\"me\",\"sub\":\"s\",\"nonce\":\"n\"," TIMES "}",
     "iss"},
    {"no issuer", "{\"aud\":\"me\",\"sub\":\"s\",\"nonce\":\"n\"," TIMES "}",
     "iss"},
    {"an issuer twice",
     "{\"iss\":\"https://op.example/\",\"aud\":\"me\","
     "\"sub\":\"s\",\"nonce\":\"n\"," TIMES ",\"iss\":\"https://x/\"}",
     "iss"},
    {"expired", START "\"nonce\":\"n\",\"iat\":1699999000,\"exp\":1699999700}",
     "expired"},
    {"just not expired",
     START "\"nonce\":\"n\",\"iat\":1699999000,\"exp\":1699999701}", NULL},
    {"from the future",
     START "\"nonce\":\"n\",\"iat\":1700000301,\"exp\":1700000900}", "future"},
    {"no exp", START "\"nonce\":\"n\",\"iat\":1700000000}", "exp"},
    {"no iat", START "\"nonce\":\"n\",\"exp\":1700000600}", "iat"},
    {"exp as text",
     START "\"nonce\":\"n\",\"iat\":1700000000,\"exp\":\"1700000600\"}", "exp"},
    {"exp beyond all",
     START "\"nonce\":\"n\",\"iat\":1700000000,\"exp\":1e400}", "exp"},
    {"times with a fraction",
     START "\"nonce\":\"n\",\"iat\":1.7e9,\"exp\":1700000600.5}", NULL},
    {"another nonce", START "\"nonce\":\"m\"," TIMES "}", "nonce"},
    {"no nonce", START TIMES "}", "nonce"},
    {"a nonce that is a number", START "\"nonce\":1," TIMES "}", "nonce"},
    {"no subject",
     "{\"iss\":\"https://op.example/\",\"aud\":\"me\","
     "\"nonce\":\"n\"," TIMES "}",
     "sub"},
    {"an empty subject",
     "{\"iss\":\"https://op.example/\",\"aud\":\"me\","
     "\"sub\":\"\",\"nonce\":\"n\"," TIMES "}",
     "sub"},
    {"a subject with a newline",
     "{\"iss\":\"https://op.example/\",\"aud\":"
     "\"me\",\"sub\":\"a\\nb\",\"nonce\":\"n\"," TIMES "}",
     "sub"},
    {"no JSON", "iss", "malformed"},
    {"a JSON list", "[]", "malformed"},
    {"an empty object", "{}", "iss"},
};

static void test_claims(void)
{
	for (size_t i = 0; i < sizeof(tokens) / sizeof(*tokens); i++) {
		struct buf token = {0};
		const char *says;

		make(&token, HEADER, tokens[i].claims);
		says = judged(token.data, &expect);
		if (!tap_ok(tokens[i].says
				? says && strstr(says, tokens[i].says)
				: !says,
			    "claims: %s", tokens[i].name))
			printf("# %s\n", says ? says : "taken");
		buf_free(&token);
	}
}

static void test_subject_length(void)
{
	for (int len = ID_TOKEN_SUBJECT_MAX; len <= ID_TOKEN_SUBJECT_MAX + 1;
	     len++) {
		struct buf token = {0}, claims = {0};

		buf_fmt(&claims,
			"{\"iss\":\"https://op.example/\",\"aud\":\"me\","
			"\"nonce\":\"n\"," TIMES ",\"sub\":\"%0*d\"}",
			len, 0);
		make(&token, HEADER, claims.data);
		tap_ok(!judged(token.data, &expect) ==
			   (len == ID_TOKEN_SUBJECT_MAX),
		       "claims: a subject of %d", len);
		buf_free(&token);
		buf_free(&claims);
	}
}

static void test_header(void)
{
	static const struct {
		const char *name;
		const char *header;
		bool good;
	} headers[] = {
	    {"none", "{\"alg\":\"none\"}", true}, /* TLS vouches for it */
	    {"without alg", "{}", false},
	    {"what must be understood",
	     "{\"alg\":\"RS256\",\"crit\":[\"b64\"]}", false},
	    {"no JSON", "x", false},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		struct buf token = {0};

		make(&token, headers[i].header, GOOD);
		tap_ok(!judged(token.data, &expect) == headers[i].good,
		       "header: %s", headers[i].name);
		buf_free(&token);
	}
}

static void test_nonce_not_sent(void)
{
	struct id_token_expect none = expect;
	struct buf token = {0};

	none.nonce = NULL;
	make(&token, HEADER, START TIMES "}");
	tap_ok(!judged(token.data, &none), "no nonce where none was sent");
	buf_free(&token);
}

/* `change` of a good token is malformed. */
static void malformed(const char *name, void (*change)(struct buf *token))
{
	struct buf token = {0};
	const char *says;

	make(&token, HEADER, GOOD);
	change(&token);
	says = judged(token.data, &expect);
	tap_ok(says && strstr(says, "malformed"), "form: %s", name);
	buf_free(&token);
}

static void two_parts(struct buf *token)
{
	*strrchr(token->data, '.') = '\0';
}

static void four_parts(struct buf *token)
{
	buf_str(token, ".c2ln");
}

static void padding(struct buf *token)
{
	buf_str(token, "A==");
}

static void space(struct buf *token)
{
	buf_char(token, ' ');
}

static void plus(struct buf *token)
{
	token->data[token->len - 1] = '+';
}

static void odd_length(struct buf *token)
{
	buf_char(token, 'A');
}

static void left_over_bits(struct buf *token)
{
	buf_str(token, "AB");
}

static void too_long(struct buf *token)
{
	while (token->len <= ID_TOKEN_MAX)
		buf_str(token, "AAAAAAAAAAAAAAAA");
}

static void empty(struct buf *token)
{
	buf_clear(token);
	buf_str(token, "");
}

static void dots(struct buf *token)
{
	buf_clear(token);
	buf_str(token, "..");
}

int main(void)
{
	test_claims();
	test_subject_length();
	test_header();
	test_nonce_not_sent();
	malformed("two parts", two_parts);
	malformed("four parts", four_parts);
	malformed("padding", padding);
	malformed("a space", space);
	malformed("base64 of another kind", plus);
	malformed("an impossible length", odd_length);
	malformed("bits left over", left_over_bits);
	malformed("too long", too_long);
	malformed("nothing", empty);
	malformed("dots", dots);
	return tap_done();
}
