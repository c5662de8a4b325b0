/* SPDX-License-Identifier: MIT */
/*
 * The small things that every part of the provider uses: a growing buffer,
 * allocation that cannot fail, random strings, secrets from files, waiting.
 *
 * This is test equipment: when memory runs out, the program says so and
 * ends. No function here returns NULL for lack of memory.
 */
#ifndef PROVIDER_UTIL_H
#define PROVIDER_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes with a zero byte after them; all zero is a valid empty buffer. */
struct buf {
	char *data;
	size_t len;
	size_t cap;
};

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_adds(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull(2)));
/* The text of the buffer, "" when nothing was added yet. */
const char *buf_text(const struct buf *buf);
/* Frees the bytes and leaves a valid empty buffer. */
void buf_clear(struct buf *buf);

/* Zeroed memory. */
void *util_alloc(size_t size);
char *util_strdup(const char *text);
char *util_strndup(const char *text, size_t len);

/* Milliseconds on a clock that nobody sets and that runs in suspend. */
int64_t util_clock_ms(void);

void util_random_bytes(void *out, size_t len);
/* A random string of that many characters of the base64url alphabet. */
char *util_random(size_t chars);

/* Equal? In a time that depends on the lengths only. */
bool util_same(const char *left, const char *right);

/* A whole decimal number from min to max; -1 when it is anything else. */
int util_number(const char *text, int64_t min, int64_t max, int64_t *out);

/* A whole file; its last newline is dropped. -1 with a message on stderr. */
int util_read_file(const char *path, char **out);

/*
 * Waits that many milliseconds, up to INT32_MAX (-1: for ever). Returns
 * true at once when the peer of the connection has gone or when stop_fd
 * becomes readable.
 */
bool util_wait(int peer_fd, int stop_fd, int64_t ms);

#endif
