/* SPDX-License-Identifier: MIT */
/*
 * page.h - the pages that the loopback listener shows in the person's browser:
 * self-contained HTML, no script, nothing loaded from anywhere.
 */
#ifndef VALETKEY_PAGE_H
#define VALETKEY_PAGE_H

#include "core/buf.h"

enum page_kind {
	PAGE_SUCCESS = 1,   /* the login worked; the text says for whom */
	PAGE_FAILURE = 2,   /* it did not; the text says why */
	PAGE_STRANGER = 3,  /* a redirect that is not the awaited one */
	PAGE_NOT_FOUND = 4, /* nothing is here */
	PAGE_METHOD = 5,    /* only GET is answered */
	PAGE_UNKNOWN = 6,   /* nobody knows whose browser this is */
	PAGE_DECLINED = 7,  /* the person said no; the text says to what */
	PAGE_ASKING = 8	    /* a question waits in the terminal; loads itself */
};

struct page {
	enum page_kind kind;
	const char *provider; /* plain text, as the rest; escaped inside */
	const char *account;
	const char *program; /* who asked; NULL or "": nobody that says so */
	const char *text;    /* SUCCESS: who logged in; FAILURE, DECLINED: the
			     reason; NULL if that is not known */
};

/* The headers that forbid a page everything it does not need. */
extern const char page_content_security_policy[];

/* Writes the whole document. 0, or -1 for memory. */
int page_write(const struct page *page, struct buf *out);

#endif
