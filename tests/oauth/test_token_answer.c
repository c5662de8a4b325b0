/* SPDX-License-Identifier: MIT */
/*
 * test_token_answer.c - what an answer of the token endpoint means: the shapes
 * that providers give it, each with the provider's data that say so, and what
 * is refused whatever the data say.
 */
#include "oauth/token_answer.h"
#include "lib/tap.h"
#include "oauth/endpoint.h"
#include "valetkey.h"

#include <stdlib.h>
#include <string.h>

#define NOW 1700000000

struct good {
	const char *name;
	const char *data; /* of the provider's file */
	const char *body;
	const char *fields; /* what is taken, as lines */
};

static const struct good goods[] = {
    {"the standard's", "",
     "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":60,"
     "\"refresh_token\":\"r\",\"scope\":\"x y\",\"more\":[1,{\"z\":2}]}",
     "refresh_token=r\naccess_token=a\nscope=x y\nexpires_in=60\n"},
    {"nothing but a token", "", "{\"access_token\":\"a\"}", "access_token=a\n"},
    {"expires_in null", "", "{\"access_token\":\"a\",\"expires_in\":null}",
     "access_token=a\n"},
    {"expires_in as text", "",
     "{\"access_token\":\"a\",\"expires_in\":\"3600\"}",
     "access_token=a\nexpires_in=3600\n"},
    {"milliseconds", "expires_in_unit=ms",
     "{\"access_token\":\"a\",\"expires_in\":3600000}",
     "access_token=a\nexpires_in=3600\n"},
    {"a time", "expires_in_unit=at",
     "{\"access_token\":\"a\",\"expires_in\":1700000090}",
     "access_token=a\nexpires_in=90\n"},
    {"a time of its own name", "expires_in_unit=at",
     "{\"access_token\":\"a\",\"expires_in\":5,\"expires_at\":1700000090}",
     "access_token=a\nexpires_in=90\n"},
    {"a time that is past", "expires_in_unit=at",
     "{\"access_token\":\"a\",\"expires_in\":1600000000}",
     "access_token=a\nexpires_in=1\n"},
    {"a negative lifetime", "", "{\"access_token\":\"a\",\"expires_in\":-1}",
     "access_token=a\nexpires_in=1\n"},
    {"a lifetime beyond all", "",
     "{\"access_token\":\"a\",\"expires_in\":1e300}",
     "access_token=a\nexpires_in=315360000\n"},
    {"a lifetime by default", "expires_in=7200", "{\"access_token\":\"a\"}",
     "access_token=a\nexpires_in=7200\n"},
    {"the answer's lifetime first", "expires_in=7200",
     "{\"access_token\":\"a\",\"expires_in\":60}",
     "access_token=a\nexpires_in=60\n"},
    {"for ever", "expires_in=0", "{\"access_token\":\"a\"}",
     "access_token=a\nexpires_in=0\n"},
    {"scopes with commas", "", "{\"access_token\":\"a\",\"scope\":\"x,y:z\"}",
     "access_token=a\nscope=x y:z\n"},
    {"a comma in a scope", "", "{\"access_token\":\"a\",\"scope\":\"x,y z\"}",
     "access_token=a\nscope=x,y z\n"},
    {"the provider's separator", "scope_separator=|",
     "{\"access_token\":\"a\",\"scope\":\"x|y z\"}",
     "access_token=a\nscope=x y z\n"},
    {"scopes in a list", "", "{\"access_token\":\"a\",\"scope\":[\"x\",\"y\"]}",
     "access_token=a\nscope=x y\n"},
    {"a scope that cannot be one", "",
     "{\"access_token\":\"a\",\"scope\":\"x\\ny\"}", "access_token=a\n"},
    {"a list with one", "",
     "{\"access_token\":\"a\",\"scope\":[\"x\\u0001\",\"y\"]}",
     "access_token=a\nscope=y\n"},
    {"no scope at all", "", "{\"access_token\":\"a\",\"scope\":\"\"}",
     "access_token=a\nscope=\n"},
    {"a name of its own for Bearer", "token_type[]=user",
     "{\"access_token\":\"a\",\"token_type\":\"User\"}", "access_token=a\n"},
    {"tokens inside a member", "token_path=authed_user",
     "{\"access_token\":\"bot\",\"token_type\":\"mac\",\"scope\":\"b\","
     "\"authed_user\":{\"access_token\":\"a\",\"refresh_token\":\"r\","
     "\"scope\":\"x,y\",\"expires_in\":60}}",
     "refresh_token=r\naccess_token=a\nscope=x y\nexpires_in=60\n"},
    {"tokens inside two", "token_path=a.b",
     "{\"a\":{\"b\":{\"access_token\":\"a\"}}}", "access_token=a\n"},
    {"a refresh without that member", "token_path=authed_user",
     "{\"access_token\":\"a\"}", "access_token=a\n"},
    {"an error that is none", "",
     "{\"access_token\":\"a\",\"error\":\"\",\"ok\":true,\"error\":false,"
     "\"status\":\"success\",\"code\":0}",
     "access_token=a\n"},
    {"an id_token", "", "{\"access_token\":\"a\",\"id_token\":\"x.y.z\"}",
     "access_token=a\nid_token=x.y.z\nid_token_date=1700000000\n"},
    {"an id_token with a space", "",
     "{\"access_token\":\"a\",\"id_token\":\"x y\"}", "access_token=a\n"},
    {"a refresh token that is empty", "",
     "{\"access_token\":\"a\",\"refresh_token\":\"\"}", "access_token=a\n"},
    {"one that is blank", "",
     "{\"access_token\":\"a\",\"refresh_token\":\" \\n\"}", "access_token=a\n"},
    {"one that is null", "", "{\"access_token\":\"a\",\"refresh_token\":null}",
     "access_token=a\n"},
    {"one that is the word null", "",
     "{\"access_token\":\"a\",\"refresh_token\":\"null\"}", "access_token=a\n"},
    {"one that is the word undefined", "",
     "{\"access_token\":\"a\",\"refresh_token\":\"undefined\"}",
     "access_token=a\n"},
    {"one with a space in it", "",
     "{\"access_token\":\"a\",\"refresh_token\":\"r s\"}",
     "refresh_token=r s\naccess_token=a\n"},
    {"token_type empty", "", "{\"access_token\":\"a\",\"token_type\":\"\"}",
     "access_token=a\n"},
    {"token_type blank", "", "{\"access_token\":\"a\",\"token_type\":\"\\t \"}",
     "access_token=a\n"},
    {"token_type with white space around it", "token_type[]=user",
     "{\"access_token\":\"a\",\"token_type\":\" bearer \"}",
     "access_token=a\n"},
    {"its own name with white space", "token_type[]=user",
     "{\"access_token\":\"a\",\"token_type\":\"User\\n\"}", "access_token=a\n"},
    {"a byte order mark", "", "\xef\xbb\xbf{\"access_token\":\"a\"}\r\n",
     "access_token=a\n"},
    {"a list", "", "[{\"access_token\":\"a\",\"refresh_token\":\"r\"}]",
     "refresh_token=r\naccess_token=a\n"},
    {"a list of members", "", "[{\"access_token\":\"a\"},{\"expires_in\":60}]",
     "access_token=a\nexpires_in=60\n"},
    {"a form", "",
     "access_token=a%2Fb&token_type=bearer&expires_in=60&scope=x+y"
     "&refresh_token=r&user[name]=z",
     "refresh_token=r\naccess_token=a/b\nscope=x y\nexpires_in=60\n"},
    {"a form with odd ends", "", "\r\n&access_token=a&&expires_in=60&empty=&\n",
     "access_token=a\nexpires_in=60\n"},
    {"a form where members are named", "token_path=authed_user",
     "access_token=a&scope=", "access_token=a\nscope=\n"},
    {"errors that are none", "",
     "{\"access_token\":\"a\",\"errors\":[],\"success\":true,\"error\":[]}",
     "access_token=a\n"},
    {"who it is", "identity=owner.user.email\nidentity_id=owner.user.id",
     "{\"access_token\":\"a\",\"owner\":{\"user\":{\"email\":\"e\",\"id\":7}}}",
     "access_token=a\nidentity=e\nidentity_id=7\n"},
};

struct bad {
	const char *name;
	const char *data;
	long status;
	const char *body;
	int result;
	const char *error; /* of the standard */
	const char *says;
	const char *kept; /* the refresh token that must not be lost */
};

static const struct bad bads[] = {
    {"the standard's", "", 400,
     "{\"error\":\"invalid_grant\",\"error_description\":\"gone\"}",
     VALETKEY_ERR_LOGIN, "invalid_grant", "invalid_grant: gone", NULL},
    {"with HTTP 401", "", 401, "{\"error\":\"invalid_client\"}",
     VALETKEY_ERR_DENIED, "invalid_client", "client secret", NULL},
    {"with HTTP 200", "", 200, "{\"error\":\"invalid_grant\"}",
     VALETKEY_ERR_LOGIN, "invalid_grant", "invalid_grant", NULL},
    {"with HTTP 200 and a token", "", 200,
     "{\"error\":\"invalid_scope\",\"access_token\":\"a\","
     "\"refresh_token\":\"r\"}",
     VALETKEY_ERR_SCOPE, "invalid_scope", "invalid_scope", "r"},
    {"another name", "error[]=bad_refresh_token=invalid_grant", 200,
     "{\"error\":\"bad_refresh_token\",\"error_description\":\"expired\"}",
     VALETKEY_ERR_LOGIN, "invalid_grant", "bad_refresh_token: expired", NULL},
    {"a name that begins like it", "error[]=bad=invalid_grant", 400,
     "{\"error\":\"ba\"}", VALETKEY_ERR_DENIED, "ba", "answered ba", NULL},
    {"not ok", "error[]=token_revoked=invalid_grant", 200,
     "{\"ok\":false,\"error\":\"token_revoked\"}", VALETKEY_ERR_LOGIN,
     "invalid_grant", "token_revoked", NULL},
    {"not ok, and no more", "", 200, "{\"ok\":false}", VALETKEY_ERR_DENIED, "",
     "with an error", NULL},
    {"an object", "", 400,
     "{\"error\":{\"code\":\"invalid_grant\",\"message\":\"gone\"}}",
     VALETKEY_ERR_LOGIN, "invalid_grant", "invalid_grant: gone", NULL},
    {"an object with a number", "", 400,
     "{\"error\":{\"code\":190,\"message\":\"gone\"}}", VALETKEY_ERR_DENIED,
     "190", "190: gone", NULL},
    {"a message", "error[]=BAD_REFRESH_TOKEN=invalid_grant", 400,
     "{\"status\":\"BAD_REFRESH_TOKEN\",\"message\":\"gone\"}",
     VALETKEY_ERR_LOGIN, "invalid_grant", "BAD_REFRESH_TOKEN: gone", NULL},
    {"a message alone", "", 403, "{\"message\":\"no\\u001b[2Jway\"}",
     VALETKEY_ERR_DENIED, "", "with an error: no?[2Jway", NULL},
    {"something else", "", 400, "{\"x\":1}", VALETKEY_ERR_NETWORK, "",
     "not an OAuth answer", NULL},
    {"no JSON", "", 400, "<html>", VALETKEY_ERR_NETWORK, "",
     "not an OAuth answer", NULL},
    {"no such page", "", 404, "{\"message\":\"Not Found\"}",
     VALETKEY_ERR_NETWORK, "", "no token endpoint", NULL},
    {"slow down", "", 429, "{\"error\":\"invalid_grant\"}",
     VALETKEY_ERR_THROTTLED, "", "slow down", NULL},
    {"a problem of its own", "", 503, "{\"error\":\"invalid_grant\"}",
     VALETKEY_ERR_NETWORK, "", "HTTP 503", NULL},
    {"no token", "", 200, "{\"token\":\"a\",\"refresh_token\":\"r\"}",
     VALETKEY_ERR_NETWORK, "", "not an OAuth answer", "r"},
    {"a token that is a number", "", 200, "{\"access_token\":17}",
     VALETKEY_ERR_NETWORK, "", "not an OAuth answer", NULL},
    {"a token with a space", "", 200, "{\"access_token\":\"a b\"}",
     VALETKEY_ERR_NETWORK, "", "not an OAuth answer", NULL},
    {"a refresh token with a newline", "", 200,
     "{\"access_token\":\"a\",\"refresh_token\":\"r\\n\"}",
     VALETKEY_ERR_NETWORK, "", "not an OAuth answer", NULL},
    {"token_type mac", "", 200,
     "{\"access_token\":\"a\",\"token_type\":\"mac\",\"refresh_token\":\"r\"}",
     VALETKEY_ERR_DENIED, "", "only Bearer", "r"},
    {"token_type DPoP", "token_type[]=user", 200,
     "{\"access_token\":\"a\",\"token_type\":\"DPoP\"}", VALETKEY_ERR_DENIED,
     "", "only Bearer", NULL},
    {"token_type with more behind", "", 200,
     "{\"access_token\":\"a\",\"token_type\":\"Bearer2\"}", VALETKEY_ERR_DENIED,
     "", "only Bearer", NULL},
    {"a token_type's own name", "token_type[]=user", 200,
     "{\"access_token\":\"a\",\"token_type\":\"B\\u001bT\"}",
     VALETKEY_ERR_DENIED, "", "\"B?T\"; only Bearer", NULL},
    {"what to do about a token_type", "", 200,
     "{\"access_token\":\"a\",\"token_type\":\"BearerToken\"}",
     VALETKEY_ERR_DENIED, "", "'token_type[]=BearerToken'", NULL},
    {"a 204", "", 204, "", VALETKEY_ERR_NETWORK, "", "(HTTP 204) is empty",
     NULL},
    {"white space", "", 200, " \r\n", VALETKEY_ERR_NETWORK, "", "is empty",
     NULL},
    {"no body, and no success", "", 400, "", VALETKEY_ERR_NETWORK, "",
     "not an OAuth answer", NULL},
    {"with HTTP 201", "", 201, "{\"error\":\"invalid_grant\"}",
     VALETKEY_ERR_LOGIN, "invalid_grant", "invalid_grant", NULL},
    {"a list of errors", "", 401,
     "{\"errors\":[{\"errorType\":\"invalid_grant\",\"message\":\"gone\"},"
     "{\"errorType\":\"request\",\"message\":\"bad\"}],\"success\":false}",
     VALETKEY_ERR_LOGIN, "invalid_grant", "invalid_grant: gone", NULL},
    {"a list of errors with HTTP 200", "", 200,
     "{\"errors\":[{\"code\":\"invalid_grant\",\"detail\":\"gone\"}]}",
     VALETKEY_ERR_LOGIN, "invalid_grant", "invalid_grant: gone", NULL},
    {"an error in a list", "", 400, "{\"error\":[\"invalid_grant\"]}",
     VALETKEY_ERR_LOGIN, "invalid_grant", "invalid_grant", NULL},
    {"a list around the error", "", 400, "[{\"error\":\"invalid_grant\"}]",
     VALETKEY_ERR_LOGIN, "invalid_grant", "invalid_grant", NULL},
    {"no success", "", 200, "{\"success\":false,\"message\":\"gone\"}",
     VALETKEY_ERR_DENIED, "", "with an error: gone", NULL},
    {"a form", "", 400, "error=invalid_grant&error_description=it+is%20gone",
     VALETKEY_ERR_LOGIN, "invalid_grant", "invalid_grant: it is gone", NULL},
    {"a form that is broken", "", 200, "refresh_token=r&access_token=%x",
     VALETKEY_ERR_NETWORK, "", "not an OAuth answer", "r"},
    {"JSON that is broken behind it", "", 200,
     "{\"refresh_token\":\"r\",\"access_token\":\"a\"", VALETKEY_ERR_NETWORK,
     "", "not an OAuth answer", "r"},
    {"a sentence", "", 200, "Nothing = access_token & more",
     VALETKEY_ERR_NETWORK, "", "not an OAuth answer", NULL},
    {"a token that is blank", "", 200, "{\"access_token\":\"  \"}",
     VALETKEY_ERR_NETWORK, "", "not an OAuth answer", NULL},
    {"a token that is null", "", 200,
     "{\"access_token\":null,\"refresh_token\":\"r\"}", VALETKEY_ERR_NETWORK,
     "", "not an OAuth answer", "r"},
    {"token_type a number", "", 200,
     "{\"access_token\":\"a\",\"token_type\":1}", VALETKEY_ERR_DENIED, "",
     "only Bearer", NULL},
    {"the bot's token where a person's is meant", "token_path=authed_user", 200,
     "{\"access_token\":\"bot\",\"authed_user\":{\"id\":\"U1\"}}",
     VALETKEY_ERR_NETWORK, "", "not an OAuth answer", NULL},
};

static bool make_client(const char *data, struct client *client)
{
	*client = (struct client){.provider_name = "Example",
				  .account = "test",
				  .token_endpoint = "https://op.example/t"};
	return record_parse_text(&client->config, data, strlen(data), NULL) ==
	       0;
}

static bool make_answer(long status, const char *body, struct http_answer *http)
{
	*http = (struct http_answer){
	    .status = status, .date = NOW, .retry_after_s = -1};
	return buf_str(&http->body, body) == 0;
}

static void test_good(const struct good *good, long status)
{
	struct token_answer answer = {0};
	struct problem problem = {0};
	struct http_answer http;
	struct client client;
	struct buf lines = {0};
	bool ready = make_client(good->data, &client) &&
		     make_answer(status, good->body, &http);
	int rc =
	    ready ? token_answer_read(&client, &http, &answer, &problem) : -1;

	if (record_write(&answer.fields, &lines)) /* could not be stored */
		rc = -1;
	if (!tap_ok(rc == 0 && strcmp(buf_text(&lines), good->fields) == 0,
		    "good: %s, HTTP %ld", good->name, status))
		printf("# %d %s\n# %s\n", rc, problem.text, buf_text(&lines));
	buf_free(&lines);
	buf_free(&http.body);
	record_free(&client.config);
	token_answer_free(&answer);
}

static void test_bad(const struct bad *bad)
{
	struct token_answer answer = {0};
	struct problem problem = {0};
	struct http_answer http;
	struct client client;
	bool ready = make_client(bad->data, &client) &&
		     make_answer(bad->status, bad->body, &http);
	int rc =
	    ready ? token_answer_read(&client, &http, &answer, &problem) : -1;
	const char *kept = record_get(&answer.fields, "refresh_token");

	if (!tap_ok(rc == bad->result && problem.result == rc &&
			strcmp(answer.error, bad->error) == 0 &&
			strstr(problem.text, bad->says) &&
			!record_get(&answer.fields, "access_token") &&
			(kept ? bad->kept && strcmp(kept, bad->kept) == 0
			      : !bad->kept),
		    "bad: %s", bad->name))
		printf("# %d %s: %s\n", rc, answer.error, problem.text);
	buf_free(&http.body);
	record_free(&client.config);
	token_answer_free(&answer);
}

/* ---- what it says of the refresh token that was sent ---- */

struct refresh {
	const char *name;
	const char *data;
	const char *body;
	enum refresh_verdict whole;
	enum refresh_verdict cut; /* where it ended without being complete */
	const char *token;
};

#define PAIR "\"access_token\":\"a\",\"refresh_token\":"

static const struct refresh refreshes[] = {
    {"a new one", "", "{" PAIR "\"new\",\"x\":1}", REFRESH_NEW, REFRESH_NEW,
     "new"},
    {"an echo of ours", "", "{" PAIR "\"ours\"}", REFRESH_NEW, REFRESH_NEW,
     "ours"},
    {"spaces inside", "", "{" PAIR "\"n e\"}", REFRESH_NEW, REFRESH_NEW, "n e"},
    {"with an error beside it", "",
     "{\"error\":\"x\",\"refresh_token\":\"new\"}", REFRESH_NEW, REFRESH_NEW,
     "new"},
    {"without an access token", "", "{\"refresh_token\":\"new\"}", REFRESH_NEW,
     REFRESH_NEW, "new"},
    {"behind a byte order mark", "", "\xef\xbb\xbf{" PAIR "\"new\"}",
     REFRESH_NEW, REFRESH_NEW, "new"},
    {"in a list", "", "[{\"x\":1},{" PAIR "\"new\"}]", REFRESH_NEW, REFRESH_NEW,
     "new"},
    {"in the provider's member", "token_path=a.b",
     "{\"a\":{\"b\":{" PAIR "\"new\"}},\"refresh_token\":\"bot\"}", REFRESH_NEW,
     REFRESH_NEW, "new"},
    {"without the provider's member", "token_path=a.b", "{" PAIR "\"new\"}",
     REFRESH_NEW, REFRESH_NEW, "new"},
    {"a form", "", "access_token=a&refresh_token=n%2Bw&expires_in=60",
     REFRESH_NEW, REFRESH_NEW, "n+w"},
    {"a form's last", "", "\r\naccess_token=a&refresh_token=new\r\n",
     REFRESH_NEW, REFRESH_NOTHING, "new"},

    {"none", "", "{\"access_token\":\"a\"}", REFRESH_NOTHING, REFRESH_NOTHING,
     NULL},
    {"an empty one", "", "{" PAIR "\"\"}", REFRESH_NOTHING, REFRESH_NOTHING,
     NULL},
    {"a blank one", "", "{" PAIR "\" \\t\\r\\n\"}", REFRESH_NOTHING,
     REFRESH_NOTHING, NULL},
    {"null", "", "{" PAIR "null}", REFRESH_NOTHING, REFRESH_NOTHING, NULL},
    {"false", "", "{" PAIR "false}", REFRESH_NOTHING, REFRESH_NOTHING, NULL},
    {"the word null", "", "{" PAIR "\"null\"}", REFRESH_NOTHING,
     REFRESH_NOTHING, NULL},
    {"the word undefined", "", "{" PAIR "\"undefined\"}", REFRESH_NOTHING,
     REFRESH_NOTHING, NULL},
    {"an empty list", "", "{" PAIR "[]}", REFRESH_NOTHING, REFRESH_NOTHING,
     NULL},
    {"a form without", "", "access_token=a&refresh_token_expires_in=5",
     REFRESH_NOTHING, REFRESH_NOTHING, NULL},
    {"a form with an empty one", "", "access_token=a&refresh_token=&x=y",
     REFRESH_NOTHING, REFRESH_NOTHING, NULL},
    {"the word in an error", "",
     "{\"error\":\"x\",\"error_description\":\"no refresh_token\"}",
     REFRESH_NOTHING, REFRESH_NOTHING, NULL},
    {"somebody else's beside the provider's member", "token_path=user",
     "{\"refresh_token\":\"bot\",\"user\":{\"access_token\":\"a\"}}",
     REFRESH_NOTHING, REFRESH_NOTHING, NULL},
    {"another grant's beside it", "",
     "{\"access_token\":\"a\",\"other_tokens\":[{" PAIR "\"other\"}]}",
     REFRESH_NOTHING, REFRESH_NOTHING, NULL},
    {"no bytes", "", "", REFRESH_NOTHING, REFRESH_NOTHING, NULL},
    {"a page", "", "<html>Log in</html>", REFRESH_NOTHING, REFRESH_NOTHING,
     NULL},
    {"text", "", "OK", REFRESH_NOTHING, REFRESH_NOTHING, NULL},
    {"broken JSON", "", "{\"access_token\":\"a\"", REFRESH_NOTHING,
     REFRESH_NOTHING, NULL},

    {"a newline in it", "", "{" PAIR "\"n\\n\"}", REFRESH_NOTHING,
     REFRESH_NOTHING, NULL},
    {"a space at its end", "", "{" PAIR "\"n \"}", REFRESH_NOTHING,
     REFRESH_NOTHING, NULL},
    {"not ASCII", "", "{" PAIR "\"\xc3\xa9\"}", REFRESH_NOTHING,
     REFRESH_NOTHING, NULL},
    {"a number", "", "{" PAIR "17}", REFRESH_NOTHING, REFRESH_NOTHING, NULL},
    {"an object", "", "{" PAIR "{\"token\":\"n\"}}", REFRESH_NOTHING,
     REFRESH_NOTHING, NULL},
    {"a list of them", "", "{" PAIR "[\"n\"]}", REFRESH_NOTHING,
     REFRESH_NOTHING, NULL},
    {"in a member that nobody named", "",
     "{\"https://x/\":{" PAIR "\"n\"},\"status\":\"ok\"}", REFRESH_UNREADABLE,
     REFRESH_NOTHING, NULL},
    {"a page with the word", "", "<p>refresh_token</p>", REFRESH_UNREADABLE,
     REFRESH_NOTHING, NULL},
    {"XML", "", "<refresh_token>n</refresh_token>", REFRESH_UNREADABLE,
     REFRESH_NOTHING, NULL},
    {"text with the word", "", "no refresh_token=x here", REFRESH_UNREADABLE,
     REFRESH_NOTHING, NULL},
    {"an address with it", "", "https://x/?a=b&refresh_token=n&c=d",
     REFRESH_UNREADABLE, REFRESH_NOTHING, NULL},
    {"a form that is broken", "", "refresh_token=%&", REFRESH_UNREADABLE,
     REFRESH_NOTHING, NULL},
    {"half an answer with the token", "", "{" PAIR "\"new\",\"expires_in\":36",
     REFRESH_NEW, REFRESH_NEW, "new"},
    {"half an answer that ends in the token", "", "{" PAIR "\"ne",
     REFRESH_UNREADABLE, REFRESH_NOTHING, NULL},
    {"half an answer with an escape in the token", "", "{" PAIR "\"ne\\",
     REFRESH_UNREADABLE, REFRESH_NOTHING, NULL},
    {"half an answer that ends in the word", "",
     "{\"access_token\":\"a\",\"refresh_token", REFRESH_UNREADABLE,
     REFRESH_NOTHING, NULL},
    {"half a list", "", "[{" PAIR "\"new\"}", REFRESH_NEW, REFRESH_NEW, "new"},
    {"half a form's escape", "", "refresh_token=n%2", REFRESH_UNREADABLE,
     REFRESH_NOTHING, NULL},
};

static void test_refresh(const struct refresh *refresh, bool whole)
{
	enum refresh_verdict verdict,
	    wanted = whole ? refresh->whole : refresh->cut;
	const char *token = wanted == REFRESH_NEW ? refresh->token : "";
	struct buf body = {0}, found = {0};
	struct client client;

	make_client(refresh->data, &client);
	buf_str(&body, refresh->body);
	verdict = token_answer_refresh(&client, &body, whole, &found);
	if (!tap_ok(verdict == wanted && strcmp(buf_text(&found), token) == 0,
		    "refresh token, %s: %s", whole ? "whole" : "cut off",
		    refresh->name))
		printf("# %d %s\n", (int)verdict, buf_text(&found));
	buf_free(&found);
	buf_free(&body);
	record_free(&client.config);
}

/* Up to what a keyring's item takes. */
static void test_refresh_size(size_t size, enum refresh_verdict wanted)
{
	struct client client;
	struct buf body = {0}, found = {0};

	make_client("", &client);
	buf_str(&body, "{\"refresh_token\":\"");
	for (size_t i = 0; i < size; i++)
		buf_char(&body, 'x');
	buf_str(&body, "\"}");
	tap_ok(token_answer_refresh(&client, &body, true, &found) == wanted &&
		   found.len == (wanted == REFRESH_NEW ? size : 0),
	       "a refresh token of %zu bytes", size);
	buf_free(&found);
	buf_free(&body);
	record_free(&client.config);
}

static int allocations = -1; /* how many more succeed; -1: all */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
	if (!allocations)
		return NULL;
	if (allocations > 0)
		allocations--;
	return __real_malloc(size);
}

/* What is said where memory ends after 0, 1, 2 ... allocations, until it does
 * not; true where that is `wanted` each time, and then `at_last`. */
static bool without_memory(const char *text, bool whole,
			   enum refresh_verdict wanted,
			   enum refresh_verdict at_last)
{
	enum refresh_verdict verdict = wanted;
	struct client client;
	struct buf body = {0}, found = {0};
	bool good = true, ended = true;

	make_client("", &client);
	buf_str(&body, text);
	for (int n = 0; ended && n < 100; n++) {
		allocations = n;
		verdict = token_answer_refresh(&client, &body, whole, &found);
		ended = !allocations;
		allocations = -1;
		if (ended && verdict != wanted && verdict != at_last)
			good = false;
		if (!n && verdict != wanted)
			good = false;
		buf_free(&found);
	}
	buf_free(&body);
	record_free(&client.config);
	return good && !ended && verdict == at_last;
}

static void test_refresh_memory(void)
{
	tap_ok(without_memory("{" PAIR "\"new\"}", true, REFRESH_UNREADABLE,
			      REFRESH_NEW) &&
		   without_memory("{" PAIR "\"new\"", false, REFRESH_UNREADABLE,
				  REFRESH_NEW) &&
		   without_memory("access_token=a&refresh_token=new&", false,
				  REFRESH_UNREADABLE, REFRESH_NEW),
	       "refresh token, no memory: it is not passed over");
	tap_ok(without_memory("{\"access_token\":\"a\"}", true, REFRESH_NOTHING,
			      REFRESH_NOTHING) &&
		   without_memory("access_token=a", true, REFRESH_NOTHING,
				  REFRESH_NOTHING),
	       "refresh token, no memory: without the word it is none");
}

/* ---- requests ---- */

static void test_parameters(void)
{
	struct buf form = {0};
	struct client client;

	make_client("token_parameter[]=audience=a b\n"
		    "token_parameter[]=code=stolen\n"
		    "token_parameter[]=client_secret=x\n"
		    "token_parameter[]=redirect_uri=https://evil.example\n"
		    "token_parameter[]=empty=\n"
		    "token_parameter[]=nothing\n"
		    "refresh_parameter[]=other=1",
		    &client);
	buf_str(&form, "grant_type=authorization_code&code=c%26d");
	tap_ok(endpoint_add_parameters(&client, "token_parameter[]", &form) ==
		       0 &&
		   strcmp(buf_text(&form),
			  "grant_type=authorization_code&code=c%26d"
			  "&audience=a%20b&empty=") == 0,
	       "parameters of the provider, none of ours");
	buf_free(&form);
	record_free(&client.config);
}

static void test_json(void)
{
	struct buf form = {0}, json = {0};

	buf_str(&form, "grant_type=x&code=c%26d%22%C3%A9&scope=a%20b&e="
		       "&resource=r1&resource=r2");
	tap_ok(endpoint_json(&form, &json) == 0 &&
		   strcmp(buf_text(&json),
			  "{\"grant_type\":\"x\",\"code\":\"c&d\\\"\xc3\xa9\","
			  "\"scope\":\"a b\",\"e\":\"\","
			  "\"resource\":[\"r1\",\"r2\"]}") == 0,
	       "a form as JSON");
	buf_free(&form);
	buf_free(&json);
}

int main(void)
{
	static const long good[] = {200, 201, 299};

	for (size_t i = 0; i < sizeof(goods) / sizeof(*goods); i++)
		for (size_t n = 0; n < sizeof(good) / sizeof(*good); n++)
			test_good(&goods[i], good[n]);
	for (size_t i = 0; i < sizeof(bads) / sizeof(*bads); i++)
		test_bad(&bads[i]);
	for (size_t i = 0; i < sizeof(refreshes) / sizeof(*refreshes); i++) {
		test_refresh(&refreshes[i], true);
		test_refresh(&refreshes[i], false);
	}
	test_refresh_size(32000, REFRESH_NEW);
	test_refresh_size(32001, REFRESH_NOTHING);
	test_refresh_memory();
	test_parameters();
	test_json();
	return tap_done();
}
