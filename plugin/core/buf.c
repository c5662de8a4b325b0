/* SPDX-License-Identifier: MIT */
/*
 * buf.c - see buf.h. Used by both halves for everything that may be secret.
 */
#include "buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int buf_reserve(struct buf *buf, size_t more)
{
	size_t cap = buf->cap ? buf->cap : 64;
	char *data;

	if (more >= BUF_MAX || buf->len > BUF_MAX - more)
		return -1;
	if (buf->cap > buf->len + more)
		return 0;
	while (cap <= buf->len + more)
		cap *= 2;
	data = malloc(cap);
	if (!data)
		return -1;
	if (buf->data) {
		memcpy(data, buf->data, buf->len);
		explicit_bzero(buf->data, buf->cap);
		free(buf->data);
	}
	data[buf->len] = '\0';
	buf->data = data;
	buf->cap = cap;
	return 0;
}

int buf_add(struct buf *buf, const void *data, size_t len)
{
	if (len >= buf->cap - buf->len && buf_reserve(buf, len))
		return -1;
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return 0;
}

int buf_str(struct buf *buf, const char *text)
{
	return buf_add(buf, text, strlen(text));
}

int buf_char(struct buf *buf, char c)
{
	return buf_add(buf, &c, 1);
}

int buf_fmt(struct buf *buf, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0 || buf_reserve(buf, (size_t)len))
		return -1;
	va_start(args, format);
	vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
	return 0;
}

#define BASE64_MOST                  \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"abcdefghijklmnopqrstuvwxyz0123456789"

/* The 64 digits, and the padding; NUL: none. */
static int add_base64(struct buf *buf, const void *data, size_t len,
		      const char digits[66])
{
	const unsigned char *in = data;
	char *out;

	if (len >= BUF_MAX || buf_reserve(buf, (len + 2) / 3 * 4))
		return -1;
	out = buf->data + buf->len;
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		unsigned long bits = (unsigned long)in[i] << 16;

		if (left > 1)
			bits |= (unsigned long)in[i + 1] << 8;
		if (left > 2)
			bits |= in[i + 2];
		for (size_t n = 0; n < 4; n++)
			if (n <= left)
				*out++ = digits[bits >> (18 - 6 * n) & 63];
			else if (digits[64])
				*out++ = digits[64];
	}
	*out = '\0';
	buf->len = (size_t)(out - buf->data);
	return 0;
}

int buf_base64(struct buf *buf, const void *data, size_t len)
{
	return add_base64(buf, data, len, BASE64_MOST "+/=");
}

int buf_base64url(struct buf *buf, const void *data, size_t len)
{
	return add_base64(buf, data, len, BASE64_MOST "-_\0");
}

const char *buf_text(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

void buf_eat(struct buf *buf, size_t len)
{
	size_t rest = buf->len - len;

	if (!len)
		return;
	memmove(buf->data, buf->data + len, rest);
	explicit_bzero(buf->data + rest, len);
	buf->len = rest;
}

void buf_clear(struct buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->cap);
	buf->len = 0;
}

void buf_free(struct buf *buf)
{
	if (buf->data) {
		explicit_bzero(buf->data, buf->cap);
		free(buf->data);
	}
	*buf = (struct buf){0};
}

void wipe_free(char *text)
{
	if (!text)
		return;
	explicit_bzero(text, strlen(text));
	free(text);
}
