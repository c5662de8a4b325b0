/* SPDX-License-Identifier: MIT */
/*
 * first - one fresh process's first secret, and what that adds to its memory.
 *
 *	first valetkey ACCOUNT   libvaletkey: dlopen; open + get
 *	first oidc ACCOUNT       liboidc-agent: dlopen; getAccessToken
 *	first libsecret NAME     libsecret: dlopen; secret_password_lookup of the
 *	                         item with the attribute bench=NAME
 *	first floor KEY          the kernel's keyring: search; read
 *	first expire ACCOUNT     none: the account's token is invalidated
 *
 * Samples: get, and all with the loading; memory is what that adds to the
 * process, in bytes, pages of others shared out (Pss).
 */
#include "lib/calm.h"
#include "bench.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>

static int64_t began, loaded, done;
static char secret[65536];

static long memory(void)
{
	static char text[4096];
	int fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *pss;

	close(fd);
	need(n > 0, "/proc/self/smaps_rollup cannot be read");
	text[n > 0 ? n : 0] = '\0';
	pss = strstr(text, "\nPss:");
	return pss ? strtol(pss + 5, NULL, 10) * 1024 : 0;
}

static void *load(const char *name)
{
	void *object = dlopen(name, RTLD_NOW | RTLD_LOCAL);

	need(object != NULL, "%s", dlerror());
	return object;
}

static void keep(const char *text)
{
	need(text && *text && strlen(text) < sizeof(secret), "no secret");
	strcpy(secret, text);
}

static void valetkey(const char *account)
{
	struct valetkey_request request = {.size = sizeof(request),
					   .account = account};
	const struct valetkey_token *token = NULL;
	struct valetkey *handle = NULL;
	struct bench_library lib = bench_load();
	int rc;

	loaded = now_ns();
	rc = lib.open(NULL, &handle);
	if (!rc)
		rc = lib.get(handle, &request, &token);
	done = now_ns();
	need(!rc, "%s", lib.strerror(rc));
	keep(token->access_token);
}

static void expire(const char *account)
{
	struct valetkey_request request = {.size = sizeof(request),
					   .account = account};
	const struct valetkey_token *token;
	struct valetkey *handle;
	struct bench_library lib = bench_load();

	need(lib.open(NULL, &handle) == VALETKEY_OK &&
		 lib.get(handle, &request, &token) == VALETKEY_OK &&
		 lib.invalidate(handle, token) == VALETKEY_OK,
	     "the token of %s cannot be invalidated", account);
	calm(account);
	exit(0);
}

static void oidc(const char *account)
{
	char *(*get)(const char *, time_t, const char *);

	*(void **)&get =
	    bench_symbol(load("liboidc-agent.so.4"), "getAccessToken");
	loaded = now_ns();
	keep(get(account, 60, NULL));
	done = now_ns();
}

/* As libsecret's header has it, which is not needed for one call. */
struct schema {
	const char *name;
	int flags;
	struct {
		const char *name;
		int type;
	} attributes[32];
	int reserved;
	void *reserved_pointers[7];
};

static void libsecret(const char *name)
{
	static const struct schema schema = {
	    "org.valetkey.Bench", 0, {{"bench", 0}}, 0, {NULL}};
	char *(*lookup)(const struct schema *, void *, void **, ...);

	*(void **)&lookup = bench_symbol(load("libsecret-1.so.0"),
					 "secret_password_lookup_sync");
	loaded = now_ns();
	keep(lookup(&schema, NULL, NULL, "bench", name, NULL));
	done = now_ns();
}

static void kernel(const char *name)
{
	long key, len;

	loaded = now_ns();
	key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user",
		      name, 0);
	len = syscall(SYS_keyctl, KEYCTL_READ, key, secret, sizeof(secret), 0);
	done = now_ns();
	need(key > 0 && len > 0, "no key %s", name);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(const char *what);
	} kinds[] = {{"valetkey", valetkey},
		     {"oidc", oidc},
		     {"libsecret", libsecret},
		     {"expire", expire},
		     {"floor", kernel}};
	long before;

	need(argc == 3, "usage: first valetkey|oidc|libsecret|floor NAME");
	memory();
	before = memory();
	began = now_ns();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].name, argv[1]) == 0)
			kinds[i].run(argv[2]);
	need(done != 0, "what is %s?", argv[1]);
	before = memory() - before;
	sample("get", (double)(done - loaded));
	sample("all", (double)(done - began));
	sample("memory", (double)before);
	return 0;
}
