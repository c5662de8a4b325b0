/* SPDX-License-Identifier: MIT */
/*
 * faulty.c - linked into tests/campaign/helper-faulty, a helper that fails where
 * it is told to, and tells how it went. Its calls go through here, and so do
 * those of the libraries it loads. $XDG_RUNTIME_DIR/campaign says what to do:
 *
 *	trace              nothing; how many calls there were goes to
 *	                   campaign-calls, the time from the last byte that was
 *	                   read from the provider to parked in a key to
 *	                   campaign-windows-key
 *	trace file         the kernel takes no key; the time to parked in a file
 *	                   goes to campaign-windows-file
 *	kill call N        SIGKILL instead of the Nth call of any kind but memory
 *	fail KIND N        the Nth call of this kind fails; "answer" is memory from
 *	                   the first byte of an answer until it is parked
 */
#undef _FORTIFY_SOURCE /* makes some of these calls inline functions */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define PARKED_KEY "valetkey-parked:"
#define PARKED_FILE ".parked"

enum kind {
	KIND_MEMORY = 0,
	KIND_ANSWER = 1,
	KIND_SOCKET = 2,
	KIND_TRANSFER = 3,
	KIND_KEY = 4,
	KIND_THREAD = 5,
	KIND_FILE = 6,
	KINDS = 7
};

static const char *const names[KINDS] = {
    "memory", "answer", "socket", "transfer", "key", "thread", "file"};

static unsigned counts[KINDS], calls;
static unsigned kill_at, fail_at;
static int fail_kind = -1;
static bool trace, no_keys, answering;
static int64_t last_read_ns;
static int parked_fd = -1; /* the file, while it is open */
static char directory[2048];

/* The next one of this name, looked up once. */
#define NEXT(name)                       \
	static __typeof__(&(name)) next; \
	if (!next)                       \
	next = (__typeof__(&(name)))dlsym(RTLD_NEXT, #name)

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* True where this call is to fail. */
static bool called(enum kind kind)
{
	unsigned n = __atomic_add_fetch(&counts[kind], 1, __ATOMIC_RELAXED);

	if (kind > KIND_ANSWER) {
		unsigned all = __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);

		if (kill_at && all == kill_at)
			kill(getpid(), SIGKILL);
	}
	return fail_kind == (int)kind && n == fail_at;
}

/* ---- memory ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool no_memory(void)
{
	return called(KIND_MEMORY) || (answering && called(KIND_ANSWER));
}

EXPORT void *malloc(size_t size)
{
	if (!no_memory())
		return __libc_malloc(size);
	errno = ENOMEM;
	return NULL;
}

EXPORT void *calloc(size_t count, size_t size)
{
	if (!no_memory())
		return __libc_calloc(count, size);
	errno = ENOMEM;
	return NULL;
}

EXPORT void *realloc(void *old, size_t size)
{
	if (!no_memory())
		return __libc_realloc(old, size);
	errno = ENOMEM;
	return NULL;
}

/* ---- sockets ---- */

EXPORT int socket(int domain, int type, int protocol)
{
	NEXT(socket);
	if (!called(KIND_SOCKET))
		return next(domain, type, protocol);
	errno = EMFILE;
	return -1;
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t size)
{
	NEXT(connect);
	if (!called(KIND_SOCKET))
		return next(fd, address, size);
	errno = ENETUNREACH;
	return -1;
}

static bool is_provider(int fd)
{
	int domain = 0;
	socklen_t size = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
	       (domain == AF_INET || domain == AF_INET6);
}

static ssize_t note_read(int fd, ssize_t n)
{
	if (n > 0 && is_provider(fd)) {
		answering = true;
		last_read_ns = now_ns();
	}
	return n;
}

EXPORT ssize_t recv(int fd, void *data, size_t size, int flags)
{
	NEXT(recv);
	if (!called(KIND_TRANSFER))
		return note_read(fd, next(fd, data, size, flags));
	errno = ECONNRESET;
	return -1;
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	NEXT(recvmsg);
	if (!called(KIND_TRANSFER))
		return note_read(fd, next(fd, message, flags));
	errno = ECONNRESET;
	return -1;
}

EXPORT ssize_t send(int fd, const void *data, size_t size, int flags)
{
	NEXT(send);
	if (!called(KIND_TRANSFER))
		return next(fd, data, size, flags);
	errno = ECONNRESET;
	return -1;
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	NEXT(sendmsg);
	if (!called(KIND_TRANSFER))
		return next(fd, message, flags);
	errno = ECONNRESET;
	return -1;
}

/* ---- the kernel's keyring ---- */

static void note(const char *name, int how, const char *text)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | how, 0600);
	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		close(fd);
	}
}

/* The reservation, or what came in its place. */
static bool is_parked_key(long number, const long *a, long rc)
{
	static long parked_key = -1;

	if (number == SYS_add_key && rc >= 0 &&
	    strncmp((const char *)a[1], PARKED_KEY, strlen(PARKED_KEY)) == 0) {
		parked_key = rc;
		return true;
	}
	return number == SYS_keyctl && a[0] == KEYCTL_UPDATE && rc == 0 &&
	       a[1] == parked_key;
}

/* Safe at last, there where that file tells of. */
static void note_parked(const char *windows)
{
	char text[64];

	answering = false;
	if (!trace || !last_read_ns)
		return;
	snprintf(text, sizeof(text), "%lld\n",
		 (long long)(now_ns() - last_read_ns));
	last_read_ns = 0;
	note(windows, O_APPEND, text);
}

EXPORT long syscall(long number, ...)
{
	long a[6], rc;
	va_list args;

	NEXT(syscall);
	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if ((number == SYS_add_key && no_keys) ||
	    ((number == SYS_add_key || number == SYS_keyctl) &&
	     called(KIND_KEY))) {
		/* Not EDQUOT: then the keys of others would give way. */
		errno = ENOMEM;
		return -1;
	}
	rc = next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (is_parked_key(number, a, rc))
		note_parked("campaign-windows-key");
	return rc;
}

/* ---- threads and files ---- */

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*run)(void *), void *data)
{
	NEXT(pthread_create);
	if (!called(KIND_THREAD))
		return next(thread, attributes, run, data);
	return EAGAIN;
}

static int note_open(int fd, const char *path)
{
	size_t len = strlen(path), end = strlen(PARKED_FILE);

	if (len > end && strcmp(path + len - end, PARKED_FILE) == 0)
		parked_fd = fd;
	else if (fd == parked_fd)
		parked_fd = -1;
	return fd;
}

EXPORT int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	NEXT(open);
	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	if (!called(KIND_FILE))
		return note_open(next(path, flags, mode), path);
	errno = EMFILE;
	return -1;
}

EXPORT int flock(int fd, int operation)
{
	NEXT(flock);
	if (!called(KIND_FILE))
		return next(fd, operation);
	errno = ENOLCK;
	return -1;
}

EXPORT int ftruncate(int fd, off_t size)
{
	NEXT(ftruncate);
	if (!called(KIND_FILE))
		return next(fd, size);
	errno = EIO;
	return -1;
}

static ssize_t note_written(int fd, ssize_t n)
{
	if (n > 0 && fd == parked_fd)
		note_parked("campaign-windows-file");
	return n;
}

EXPORT ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
	NEXT(pwrite);
	if (!called(KIND_FILE))
		return note_written(fd, next(fd, data, size, at));
	errno = ENOSPC;
	return -1;
}

/* ---- the plan ---- */

/* The next word of the plan. */
static const char *word(const char *plan, char out[16])
{
	size_t len = strcspn(plan, " \n");

	snprintf(out, 16, "%.*s", (int)len, plan);
	return plan + len + (plan[len] != '\0');
}

static void obey(const char *plan)
{
	char what[16], kind[16];
	unsigned at;

	plan = word(word(plan, what), kind);
	at = (unsigned)strtoul(plan, NULL, 10);
	trace = strcmp(what, "trace") == 0;
	no_keys = trace && strcmp(kind, "file") == 0;
	if (strcmp(what, "kill") == 0)
		kill_at = at;
	for (int i = 0; strcmp(what, "fail") == 0 && i < KINDS; i++)
		if (strcmp(names[i], kind) == 0) {
			fail_kind = i;
			fail_at = at;
		}
	memset(counts, 0, sizeof(counts));
	calls = 0;
}

__attribute__((constructor)) static void begin(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char path[4096], plan[128];
	ssize_t n;
	int fd;

	if (!runtime || strlen(runtime) >= sizeof(directory))
		return;
	strcpy(directory, runtime);
	snprintf(path, sizeof(path), "%s/campaign", directory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, plan, sizeof(plan) - 1);
	if (fd >= 0)
		close(fd);
	plan[n > 0 ? n : 0] = '\0';
	obey(plan);
}

__attribute__((destructor)) static void end(void)
{
	char text[256];
	int len;

	if (!trace)
		return;
	len = snprintf(text, sizeof(text), "call=%u\n", calls);
	for (int i = 0; i < KINDS; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
				"%s=%u\n", names[i], counts[i]);
	note("campaign-calls", O_TRUNC, text);
}
