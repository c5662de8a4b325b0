/* SPDX-License-Identifier: MIT */
/*
 * The small things that every part of the provider uses: see util.h.
 *
 * Running out of memory or of random numbers ends the program at once:
 * a test that goes on with half an answer would prove nothing.
 */
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX_BYTES (1024 * 1024)

static void util_die(const char *what)
{
	fprintf(stderr, "ninjaone-provider: %s\n", what);
	abort();
}

void *util_alloc(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		util_die("out of memory");
	return memory;
}

char *util_strndup(const char *text, size_t len)
{
	char *copy = util_alloc(len + 1);

	memcpy(copy, text, len);
	return copy;
}

char *util_strdup(const char *text)
{
	return util_strndup(text, strlen(text));
}

static void buf_reserve(struct buf *buf, size_t more)
{
	size_t cap = buf->cap ? buf->cap : 256;
	char *data;

	while (cap - buf->len <= more)
		cap *= 2;
	if (cap == buf->cap)
		return;
	data = realloc(buf->data, cap);
	if (!data)
		util_die("out of memory");
	buf->data = data;
	buf->cap = cap;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
	buf_reserve(buf, len);
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_adds(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		util_die("bad format");
	buf_reserve(buf, (size_t)len);
	va_start(args, format);
	vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
}

const char *buf_text(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

void buf_clear(struct buf *buf)
{
	free(buf->data);
	memset(buf, 0, sizeof(*buf));
}

int64_t util_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void util_random_bytes(void *out, size_t len)
{
	unsigned char *at = out;

	while (len) {
		ssize_t got = getrandom(at, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			util_die("no random numbers");
		at += got;
		len -= (size_t)got;
	}
}

char *util_random(size_t chars)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789-_";
	char *text = util_alloc(chars + 1);

	util_random_bytes(text, chars);
	for (size_t i = 0; i < chars; i++)
		text[i] = alphabet[(unsigned char)text[i] % 64];
	return text;
}

bool util_same(const char *left, const char *right)
{
	size_t len = strlen(left);
	unsigned char differ = 0;

	if (len != strlen(right))
		return false;
	for (size_t i = 0; i < len; i++)
		differ |= (unsigned char)(left[i] ^ right[i]);
	return differ == 0;
}

int util_number(const char *text, int64_t min, int64_t max, int64_t *out)
{
	char *end = NULL;
	long long number;

	*out = 0;
	if (!text || *text < '0' || *text > '9')
		return -1;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno || *end || number < min || number > max)
		return -1;
	*out = number;
	return 0;
}

static int util_slurp(int fd, struct buf *buf)
{
	char part[4096];
	ssize_t got;

	while ((got = read(fd, part, sizeof(part))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		buf_add(buf, part, (size_t)got);
		if (buf->len > FILE_MAX_BYTES) {
			errno = EFBIG;
			return -1;
		}
	}
	return 0;
}

int util_read_file(const char *path, char **out)
{
	struct buf buf = {0};
	int fd, rc = -1;

	*out = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || util_slurp(fd, &buf)) {
		fprintf(stderr, "ninjaone-provider: %s: %s\n", path,
			strerror(errno));
		goto out;
	}
	if (buf.len && buf.data[buf.len - 1] == '\n')
		buf.data[--buf.len] = '\0';
	*out = util_strdup(buf_text(&buf));
	rc = 0;
out:
	if (fd >= 0)
		close(fd);
	buf_clear(&buf);
	return rc;
}

bool util_wait(int peer_fd, int stop_fd, int64_t ms)
{
	struct pollfd fds[2] = {{.fd = peer_fd, .events = POLLRDHUP},
				{.fd = stop_fd, .events = POLLIN}};
	int64_t deadline = util_clock_ms() + ms;
	int ready, left = -1;

	do {
		if (ms >= 0) {
			int64_t rest = deadline - util_clock_ms();

			left = rest > 0 ? (int)rest : 0;
		}
		ready = poll(fds, 2, left);
	} while (ready < 0 && errno == EINTR);
	return ready != 0;
}
