/* SPDX-License-Identifier: MIT */
/*
 * buf.h - the one growing byte buffer, which wipes what it held.
 *
 * Everything that may be secret lives in one. It grows by allocate, copy and
 * wipe, never by realloc, and data[len] is always NUL once something was added.
 * Functions return 0, or -1 if memory or BUF_MAX is used up.
 */
#ifndef VALETKEY_BUF_H
#define VALETKEY_BUF_H

#include <stdarg.h>
#include <stddef.h>

#define BUF_MAX (4u << 20)

struct buf {
	char *data;
	size_t len;
	size_t cap;
};

int buf_reserve(struct buf *buf, size_t more);
int buf_add(struct buf *buf, const void *data, size_t len);
int buf_str(struct buf *buf, const char *text);
int buf_char(struct buf *buf, char c);
int buf_fmt(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds base64 (RFC 4648 4), or base64url without padding (5). */
int buf_base64(struct buf *buf, const void *data, size_t len);
int buf_base64url(struct buf *buf, const void *data, size_t len);

/* The text, "" if nothing was ever added. */
const char *buf_text(const struct buf *buf);

/* Takes the first len bytes away, and wipes them. */
void buf_eat(struct buf *buf, size_t len);

/* Wipes the content, keeps the memory. */
void buf_clear(struct buf *buf);

/* Wipes and frees; the buffer is empty and usable afterwards. */
void buf_free(struct buf *buf);

/* Wipes and frees a malloc'ed string. NULL is fine. */
void wipe_free(char *text);

#endif
