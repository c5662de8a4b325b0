/* SPDX-License-Identifier: MIT */
/*
 * test_proxy_token.c - the proxy as a token endpoint (RFC 6749 4.4, 5, 6).
 */
#include "lib/tap.h"
#include "proxy/proxy_token.h"

#include <string.h>

#define SECRET                             \
	"0123456789abcdef0123456789abcdef" \
	"fedcba9876543210fedcba9876543210"
#define PROOF "&client_secret=" SECRET

static const struct proxy_guard guard = {.secret = SECRET, .port = 8080};
static struct buf json;

static int answer(const char *form, size_t len, bool known)
{
	struct buf body = {0};
	struct proxy_token_request request = {.guard = &guard,
					      .known = known,
					      .scope = "read \"all\"",
					      .body = &body};
	int status;

	buf_free(&json);
	buf_add(&body, form, len);
	status = proxy_token_answer(&request, &json);
	buf_free(&body);
	return status;
}

static void check(const char *form, bool known, int status, const char *says)
{
	int got = answer(form, strlen(form), known);

	if (!tap_ok(got == status && strstr(buf_text(&json), says), "%d %s: %s",
		    status, says, form))
		printf("# %d %s\n", got, buf_text(&json));
	tap_ok(got == 200 || !strstr(buf_text(&json), SECRET),
	       "an error tells no secret");
}

static void test_answers(void)
{
	static const char credentials[] =
	    "grant_type=client_credentials&client_id=x" PROOF;

	check(credentials, false, 200, "\"access_token\":\"" SECRET "\"");
	tap_ok(strstr(json.data, "\"token_type\":\"Bearer\"") &&
		   strstr(json.data, "\"expires_in\":3600") &&
		   strstr(json.data, "\"scope\":\"read \\\"all\\\"\"") &&
		   !strstr(json.data, "refresh_token"),
	       "all that a client wants, and no refresh token (4.4.3)");
	check("grant_type=client_credentials&scope=a+b", true, 200, SECRET);
	check("grant_type=refresh_token&refresh_token=anything" PROOF, false,
	      200, "\"refresh_token\":\"" SECRET "\"");
	check("grant_type=refresh_token" PROOF, false, 400, "invalid_request");
}

static void test_refusals(void)
{
	check("grant_type=client_credentials", false, 401, "invalid_client");
	check("grant_type=client_credentials&client_secret=", false, 401,
	      "invalid_client");
	check("grant_type=client_credentials" PROOF "0", false, 401,
	      "invalid_client");
	check("grant_type=refresh_token&refresh_token=" SECRET, false, 401,
	      "invalid_client");
	check("", false, 401, "invalid_client");
	check("", true, 400, "invalid_request");
	check("client_secret=" SECRET, false, 400, "invalid_request");
	check("grant_type=authorization_code&code=x" PROOF, false, 400,
	      "unsupported_grant_type");
	check("grant_type=authorization_code&code=x", false, 401,
	      "invalid_client");
	check("grant_type=password" PROOF, false, 400,
	      "unsupported_grant_type");
	check("grant_type=client_credentials" PROOF PROOF, false, 400,
	      "invalid_request");
	check("grant_type=client_credentials&grant_type=x" PROOF, false, 400,
	      "invalid_request");
	check("{\"grant_type\":\"client_credentials\"}", true, 400,
	      "invalid_request");
	check("grant_type=%zz", true, 400, "invalid_request");
	tap_ok(answer("grant_type=a\0b", 14, true) == 400, "a NUL");
	tap_ok(answer("grant_type=%00", 14, true) == 400, "as %%00");
}

int main(void)
{
	test_answers();
	test_refusals();
	buf_free(&json);
	return tap_done();
}
