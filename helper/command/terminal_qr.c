/* SPDX-License-Identifier: MIT */
/*
 * terminal_qr.c - terminal_qr(): a URL as a QR code, for a telephone's camera.
 * Two modules a character, in colours of its own, so that it reads on dark and
 * on light terminals. libqrencode is loaded when the first code is shown: the
 * command links libc only, and without the library there is no code.
 */
#include "terminal.h"

#include <dlfcn.h>
#include <langinfo.h>
#include <locale.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LIBRARY "libqrencode.so.4"
#define QUIET 4 /* modules around it, which the standard wants */
/* Black and white of the fixed part of the palette, which no theme changes. */
#define COLOURS "\033[38;5;16;48;5;231m"
#define RESET "\033[0m"

static bool utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool is;

	if (!locale)
		return false;
	is = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
	freelocale(locale);
	return is;
}

/* What we use of the library, as its header declares it. */
struct library {
	__typeof__(QRcode_encodeString) *encode;
	__typeof__(QRcode_free) *release;
	void *handle;
};

static bool load(struct library *library)
{
	void *encode, *release;

	library->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library->handle)
		return false;
	encode = dlsym(library->handle, "QRcode_encodeString");
	release = dlsym(library->handle, "QRcode_free");
	/* POSIX has a function's address fit into a pointer. */
	memcpy(&library->encode, &encode, sizeof(encode));
	memcpy(&library->release, &release, sizeof(release));
	if (encode && release)
		return true;
	dlclose(library->handle);
	return false;
}

static bool fits(int size)
{
	struct winsize window;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 &&
	       size <= window.ws_col && (size + 1) / 2 < window.ws_row;
}

/* Whether it is dark there; the quiet zone is light. */
static bool dark(const QRcode *code, int x, int y)
{
	return x >= 0 && y >= 0 && x < code->width && y < code->width &&
	       (code->data[y * code->width + x] & 1);
}

static void print(const QRcode *code)
{
	static const char *const blocks[] = {" ", "\u2580", "\u2584", "\u2588"};
	int end = code->width + QUIET;

	putc('\n', stderr);
	for (int y = -QUIET; y < end; y += 2) {
		fputs(COLOURS, stderr);
		for (int x = -QUIET; x < end; x++)
			fputs(blocks[dark(code, x, y) | dark(code, x, y + 1)
							    << 1],
			      stderr);
		fputs(RESET "\n", stderr);
	}
	fflush(stderr);
}

void terminal_qr(const char *url)
{
	struct library library;
	QRcode *code;

	if (!terminal_colour() || !utf8() || !load(&library))
		return;
	code = library.encode(url, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
	if (code && fits(code->width + 2 * QUIET)) {
		terminal_wait_end();
		print(code);
	}
	library.release(code);
	dlclose(library.handle);
}
