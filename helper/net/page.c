/* SPDX-License-Identifier: MIT */
/*
 * page.c - the landing page, see page.h. Called by listener_answer.c alone.
 *
 * What comes from outside (names, a server's reason) enters through escape()
 * only. A status is announced to screen readers by its role, colours keep a
 * contrast of at least 4.5:1 in both schemes, and the page reads well at 320
 * pixels.
 */
#include "page.h"

#include <string.h>

const char page_content_security_policy[] =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static const char style[] =
    ":root{color-scheme:light dark;--paper:#f4f2ee;--card:#fff;--ink:#1d2126;"
    "--soft:#5a626c;--line:#e2ddd4;--good:#1a7f4b;--bad:#b3372b;--note:#7a5b12}"
    "@media(prefers-color-scheme:dark){:root{--paper:#14171a;--card:#1d2126;"
    "--ink:#eceae5;--soft:#a3abb5;--line:#31373e;--good:#4cc38a;--bad:#f0816f;"
    "--note:#e0b458}}"
    "*{box-sizing:border-box;margin:0}"
    "body{min-height:100vh;display:grid;place-items:center;padding:1.25rem;"
    "background:var(--paper);color:var(--ink);"
    "font:1rem/1.55 system-ui,-apple-system,'Segoe UI',Roboto,Cantarell,"
    "'Noto Sans',sans-serif}"
    "main{width:100%;max-width:29rem;padding:2.5rem 2.25rem 2rem;"
    "background:var(--card);border:1px solid var(--line);border-radius:1rem;"
    "box-shadow:0 1px 2px #0000000d,0 12px 32px -12px #00000024}"
    ".sign{display:block;width:3.5rem;height:3.5rem;"
    "margin:0 0 1.25rem -2px;"
    "color:var(--tone)}"
    "h1{font-size:1.6rem;line-height:1.2;font-weight:650;"
    "letter-spacing:-.015em;text-wrap:balance}"
    "p{margin-top:.75rem;overflow-wrap:anywhere}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.35rem 1.25rem;"
    "margin:1.25rem 0;padding:.9rem 0;border:solid var(--line);"
    "border-width:1px 0}"
    "dt{color:var(--soft)}dd{font-weight:600;overflow-wrap:anywhere}"
    ".reason{margin-top:1.25rem;padding:.1rem 0 .1rem 1rem;"
    "border-left:3px solid var(--tone)}"
    "code{display:block;margin-top:.6rem;padding:.7rem .9rem;"
    "background:var(--paper);border:1px solid var(--line);"
    "border-radius:.5rem;font:.95rem/1.4 ui-monospace,'Cascadia Code',"
    "'DejaVu Sans Mono',monospace;overflow-wrap:anywhere;user-select:all}"
    "footer{display:flex;align-items:center;gap:.5rem;margin-top:1.75rem;"
    "color:var(--soft);font-size:.875rem}"
    "footer svg{width:1.25rem;height:1.25rem;flex:none}"
    ".good{--tone:var(--good)}.bad{--tone:var(--bad)}.note{--tone:var(--note)}"
    "@media(max-width:24rem){main{padding:1.75rem 1.35rem 1.5rem}"
    "h1{font-size:1.4rem}}";

static const char check_mark[] = "<path d=\"M17 28.5l8 8 15-17\"/>";
static const char cross[] = "<path d=\"M19.5 19.5l17 17m0-17l-17 17\"/>";
static const char key[] =
    "<svg viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" "
    "stroke-width=\"2\" stroke-linecap=\"round\" stroke-linejoin=\"round\" "
    "aria-hidden=\"true\"><circle cx=\"7\" cy=\"12\" r=\"4\"/>"
    "<path d=\"M11 12h10v4m-4-4v3\"/></svg>";
static const char dash[] = "<path d=\"M18 28h20\"/>";
static const char bang[] = "<path d=\"M28 16v15m0 8.2v.3\"/>";

struct look {
	const char *tone;
	const char *role; /* of the part that says what happened */
	const char *sign;
	const char *heading;
};

static const struct look looks[] = {
    [PAGE_SUCCESS] = {"good", "status", check_mark, "You are logged in"},
    [PAGE_FAILURE] = {"bad", "alert", cross, "The login did not work"},
    [PAGE_DECLINED] = {"note", "status", dash,
		       "You declined, and nothing was changed"},
    [PAGE_STRANGER] = {"note", "alert", bang,
		       "This page is not from the login in progress"},
    [PAGE_NOT_FOUND] = {"note", "alert", bang, "There is nothing here"},
    [PAGE_METHOD] = {"note", "alert", bang, "This is not the way to get here"},
    [PAGE_UNKNOWN] = {"note", "alert", bang, "Whose browser is this?"},
    [PAGE_ASKING] = {"note", "status", bang, "Please go to the terminal"},
};

static int escape(struct buf *out, const char *text)
{
	int rc = 0;

	for (; !rc && *text; text++) {
		if (*text == '&')
			rc = buf_str(out, "&amp;");
		else if (*text == '<')
			rc = buf_str(out, "&lt;");
		else if (*text == '>')
			rc = buf_str(out, "&gt;");
		else if (*text == '"')
			rc = buf_str(out, "&quot;");
		else if (*text == '\'')
			rc = buf_str(out, "&#39;");
		else if ((unsigned char)*text >= 0x20 && *text != 0x7f)
			rc = buf_char(out, *text);
	}
	return rc;
}

/* before and after are ours, text is not. */
static int around(struct buf *out, const char *before, const char *text,
		  const char *after)
{
	return buf_str(out, before) || escape(out, text) || buf_str(out, after);
}

/* The key above, in a colour for both schemes; or browsers ask for a file. */
static const char icon[] =
    "<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg xmlns='http://"
    "www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23"
    "3b82c4' stroke-width='2.5' stroke-linecap='round'%3E%3Ccircle cx='7' "
    "cy='12' r='4'/%3E%3Cpath d='M11 12h10v4m-4-4v3'/%3E%3C/svg%3E\">\n";

static int open_page(const struct look *look, struct buf *out)
{
	return buf_str(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
			    "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
			    "content=\"width=device-width,initial-scale=1\">\n"
			    "<meta name=\"robots\" content=\"noindex\">\n") ||
	       buf_str(out, icon) ||
	       (look == &looks[PAGE_ASKING] &&
		buf_str(out, "<meta http-equiv=\"refresh\" "
			     "content=\"1\">\n")) ||
	       around(out, "<title>", look->heading,
		      " - valetkey</title>\n<style>") ||
	       buf_str(out, style) ||
	       around(out, "</style>\n</head>\n<body>\n<main class=\"",
		      look->tone, "\">\n") ||
	       buf_str(out, "<svg class=\"sign\" viewBox=\"0 0 56 56\" "
			    "fill=\"none\" "
			    "stroke=\"currentColor\" stroke-width=\"4\" "
			    "stroke-linecap=\"round\" stroke-linejoin=\"round\""
			    " aria-hidden=\"true\"><circle cx=\"28\" cy=\"28\""
			    " r=\"26\" fill=\"currentColor\" "
			    "fill-opacity=\".12\" stroke=\"none\"/>") ||
	       buf_str(out, look->sign) ||
	       around(out, "</svg>\n<div role=\"", look->role, "\">\n<h1>") ||
	       around(out, "", look->heading, "</h1>\n");
}

static int write_names(const struct page *page, const char *person,
		       struct buf *out)
{
	return around(out, "<dl>\n<dt>Provider</dt><dd>", page->provider,
		      "</dd>\n") ||
	       around(out, "<dt>Account</dt><dd>", page->account, "</dd>\n") ||
	       (person &&
		around(out, "<dt>Person</dt><dd>", person, "</dd>\n")) ||
	       (page->program && *page->program &&
		around(out, "<dt>Asked by</dt><dd>", page->program,
		       "</dd>\n")) ||
	       buf_str(out, "</dl>\n");
}

static int write_command(const struct page *page, struct buf *out)
{
	return around(out, "<code>valetkey login ", page->account, "</code>\n");
}

static int write_success(const struct page *page, struct buf *out)
{
	const char *who = page->text && *page->text ? page->text : NULL;

	return write_names(page, who, out) ||
	       buf_str(out, "</div>\n<p>You can close this tab and go back to "
			    "the terminal or to your program.</p>\n");
}

/* The reason, without the advice at its end that the page gives by itself. */
static int write_reason(const struct page *page, struct buf *out)
{
	static const char advice[] = " To try again: valetkey login ";
	const char *text = page->text ? page->text : "";
	const char *end = strstr(text, advice);
	struct buf reason = {0};
	int rc = 0;

	if (end && strcmp(end + strlen(advice), page->account) != 0)
		end = NULL;
	if (*text)
		rc = buf_add(&reason, text,
			     end ? (size_t)(end - text) : strlen(text)) ||
		     around(out, "<p class=\"reason\">", buf_text(&reason),
			    "</p>\n");
	buf_free(&reason);
	return rc;
}

static int write_failure(const struct page *page, struct buf *out)
{
	return write_reason(page, out) || write_names(page, NULL, out) ||
	       around(out, "</div>\n<p>",
		      page->kind == PAGE_DECLINED ? "To log in after all"
						  : "To try again",
		      ", type this in a terminal:</p>\n") ||
	       write_command(page, out);
}

static int write_stranger(const struct page *page, struct buf *out)
{
	return around(out,
		      "<p>It may be an old tab, a page that was loaded twice, "
		      "or a link that somebody else sent you. Nothing was "
		      "changed, and valetkey still waits for the login with ",
		      page->provider, ".</p>\n</div>\n") ||
	       buf_str(out,
		       "<p>Finish the login in the tab that was opened for it. "
		       "To start again, type this in a terminal:</p>\n") ||
	       write_command(page, out);
}

static int write_unknown(const struct page *page, struct buf *out)
{
	return around(out,
		      "<p>This system does not tell which user of this "
		      "computer has opened this page. To log in with ",
		      page->provider,
		      ", open the address that the terminal shows.</p>\n"
		      "</div>\n");
}

static int write_asking(const struct page *page, struct buf *out)
{
	return write_names(page, NULL, out) ||
	       buf_str(out,
		       "</div>\n<p>A question waits there before this login is "
		       "kept. When it is answered, this page says how the "
		       "login ended.</p>\n");
}

static int write_other(const struct page *page, struct buf *out)
{
	return around(out, "<p>valetkey is waiting here for the login with ",
		      page->provider,
		      ". Nothing was changed.</p>\n</div>\n<p>Finish the "
		      "login in the tab that was opened for it.</p>\n");
}

int page_write(const struct page *page, struct buf *out)
{
	int rc = open_page(&looks[page->kind], out);

	if (!rc && page->kind == PAGE_SUCCESS)
		rc = write_success(page, out);
	else if (!rc &&
		 (page->kind == PAGE_FAILURE || page->kind == PAGE_DECLINED))
		rc = write_failure(page, out);
	else if (!rc && page->kind == PAGE_STRANGER)
		rc = write_stranger(page, out);
	else if (!rc && page->kind == PAGE_UNKNOWN)
		rc = write_unknown(page, out);
	else if (!rc && page->kind == PAGE_ASKING)
		rc = write_asking(page, out);
	else if (!rc)
		rc = write_other(page, out);
	return rc || buf_str(out, "<footer>") || buf_str(out, key) ||
		       buf_str(out, "<span>valetkey, on this computer</span>"
				    "</footer>\n</main>\n</body>\n</html>\n")
		   ? -1
		   : 0;
}
