/* SPDX-License-Identifier: MIT */
/*
 * ask - one get, as the scripts need it.
 *
 *	ask [-a ACCOUNT] [-m MIN_VALID_S] [-t TIMEOUT_MS] [-s SCOPE]
 *	    [-r RESOURCE] [-f FLAGS] [-l LATE_MS] [-o FILE] [-c CODE] [-x | -R]
 *
 * Exits with the result (-c: 0 where it is CODE, else 1). -o: the access token
 * goes there. -x: it is invalidated, so that the next get is one at the moment
 * of expiry. -R: the same, because a server refused it. -l: 99 where the call came back that much after its time-out, or
 * earlier than 50 ms before it. What the helper says of a failure is shown.
 */
#include "lib/calm.h"
#include "host.h"

static struct {
	struct valetkey_request request;
	long late, code;
	bool expire, refused;
	const char *file;
} options = {.code = -1};

static int show(const struct valetkey_message *message, char *reply,
		size_t reply_size, void *data)
{
	(void)reply;
	(void)reply_size;
	(void)data;
	fprintf(stderr, "# message %d: %s\n", message->type, message->text);
	return 0;
}

static void read_options(int argc, char **argv)
{
	struct valetkey_request *request = &options.request;
	int option;

	*request = host_request(0);
	while ((option = getopt(argc, argv, "a:m:t:s:r:f:l:o:c:xR")) != -1)
		switch (option) {
		case 'a':
			request->account = *optarg ? optarg : NULL;
			break;
		case 'm':
			request->min_valid_s =
			    (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 't':
			request->timeout_ms =
			    (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 's':
			request->scope = optarg;
			break;
		case 'r':
			request->resource = optarg;
			break;
		case 'f':
			request->flags = strtoul(optarg, NULL, 10);
			break;
		case 'l':
			options.late = strtol(optarg, NULL, 10);
			break;
		case 'x':
			options.expire = true;
			break;
		case 'R':
			options.refused = true;
			break;
		case 'o':
			options.file = optarg;
			break;
		case 'c':
			options.code = strtol(optarg, NULL, 10);
			break;
		default:
			exit(98);
		}
}

static void save(const char *file, const struct valetkey_token *token)
{
	FILE *out = fopen(file, "we");

	must(out && fprintf(out, "%s", token->access_token) > 0 &&
		 fclose(out) == 0,
	     "cannot write %s", file);
}

static int get_once(struct valetkey *handle)
{
	const struct valetkey_request *request = &options.request;
	const struct valetkey_token *token;
	int64_t began = host_ms(), late;
	int rc = lib.get(handle, request, &token);

	late = host_ms() - began - request->timeout_ms;
	if (options.late && (late < -50 || late > options.late)) {
		fprintf(stderr, "# %s, %lld ms after the time-out\n",
			lib.strerror(rc), (long long)late);
		return 99;
	}
	if (!rc && options.file)
		save(options.file, token);
	if (!rc && (options.expire || options.refused))
		rc = lib.invalidate(handle, token);
	if (!rc && options.expire)
		calm(token->account);
	lib.token_free(token);
	return rc;
}

int main(int argc, char **argv)
{
	const struct valetkey_options open_options = {
	    .size = sizeof(open_options), .program = "ask", .converse = show};
	struct valetkey *handle = host_open(&open_options);
	int rc;

	read_options(argc, argv);
	rc = get_once(handle);
	host_close(handle);
	if (options.code < 0)
		return rc;
	if (rc != options.code)
		fprintf(stderr, "# result %d, not %ld: %s\n", rc, options.code,
			lib.strerror(rc));
	return rc != options.code;
}
