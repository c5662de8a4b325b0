/* SPDX-License-Identifier: MIT */
/*
 * The HTML pages that a person, or a scripted browser, meets. No scripts,
 * labels on every field, and ids that stay the same: username, password,
 * login, allow, deny.
 */
#include "provider.h"

#include "encode.h"
#include "scope.h"

static void page_begin(struct request *request, int status, const char *title)
{
	struct answer *answer = &request->answer;

	answer->status = status;
	answer->type = "text/html; charset=utf-8";
	answer_header(answer, "Cache-Control", "no-store");
	answer_header(answer, "Referrer-Policy", "no-referrer");
	answer_header(answer, "Content-Security-Policy",
		      "default-src 'none'; style-src 'unsafe-inline'; "
		      "frame-ancestors 'none'");
	buf_clear(&answer->body);
	buf_printf(&answer->body,
		   "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		   "<meta charset=\"utf-8\">\n"
		   "<meta name=\"viewport\" content=\"width=device-width\">\n"
		   "<title>%s</title>\n"
		   "<style>body{font:16px sans-serif;max-width:24em;"
		   "margin:4em auto;padding:0 1em}label{display:block;"
		   "margin:1em 0 .3em}form{display:inline}"
		   "button{margin:1em .5em 0 0}</style>\n"
		   "</head>\n<body>\n<main>\n<h1>%s</h1>\n",
		   title, title);
}

static void page_end(struct request *request)
{
	buf_adds(&request->answer.body, "</main>\n</body>\n</html>\n");
}

static void page_form(struct request *request, const char *action,
		      const struct pending *pending)
{
	buf_printf(&request->answer.body,
		   "<form method=\"post\" action=\"%s\">\n"
		   "<input type=\"hidden\" name=\"sessionKey\" value=\"%s\">\n",
		   action, pending->key);
}

void page_login(struct request *request, const struct pending *pending,
		const char *message)
{
	struct buf *body = &request->answer.body;

	page_begin(request, message ? 403 : 200, "Log in");
	if (message)
		buf_printf(body, "<p id=\"message\" role=\"alert\">%s</p>\n",
			   message);
	page_form(request, "/ws/login", pending);
	buf_adds(body, "<label for=\"username\">User name</label>\n"
		       "<input id=\"username\" name=\"username\" type=\"text\""
		       " autocomplete=\"username\" required>\n"
		       "<label for=\"password\">Password</label>\n"
		       "<input id=\"password\" name=\"password\""
		       " type=\"password\" autocomplete=\"current-password\""
		       " required>\n"
		       "<div><button id=\"login\" type=\"submit\">Log in"
		       "</button></div>\n</form>\n");
	page_end(request);
}

static void page_answer(struct request *request, const struct pending *pending,
			const char *answer, const char *label)
{
	page_form(request, "/ws/consent", pending);
	buf_printf(&request->answer.body,
		   "<input type=\"hidden\" name=\"answer\" value=\"%s\">\n"
		   "<button id=\"%s\" type=\"submit\">%s</button>\n</form>\n",
		   answer, answer, label);
}

void page_consent(struct request *request, const struct pending *pending)
{
	struct buf *body = &request->answer.body;

	page_begin(request, 200, "Allow access?");
	buf_adds(body, "<p>The application <strong id=\"client\">");
	encode_html(body, pending->client->id);
	buf_adds(body, "</strong> asks for access as <strong id=\"user\">");
	encode_html(body, pending->visit->user);
	buf_adds(body, "</strong>.</p>\n<p>Scopes: <span id=\"scopes\">");
	scope_print(body, pending->scope);
	buf_adds(body, "</span></p>\n");
	page_answer(request, pending, "allow", "Allow");
	page_answer(request, pending, "deny", "Deny");
	page_end(request);
}

void page_device(struct request *request, const char *user_code,
		 const char *message)
{
	struct buf *body = &request->answer.body;

	page_begin(request, message ? 403 : 200, "Connect a device");
	if (message)
		buf_printf(body, "<p id=\"message\" role=\"alert\">%s</p>\n",
			   message);
	buf_adds(body, "<p>Enter the code that your device shows, only if you "
		       "have just begun this there yourself.</p>\n"
		       "<form method=\"post\" action=\"/ws/device/enter\">\n"
		       "<label for=\"user_code\">Code</label>\n"
		       "<input id=\"user_code\" name=\"user_code\" "
		       "type=\"text\" required value=\"");
	encode_html(body, user_code ? user_code : "");
	buf_adds(body, "\">\n<label for=\"username\">User name</label>\n"
		       "<input id=\"username\" name=\"username\" type=\"text\""
		       " autocomplete=\"username\" required>\n"
		       "<label for=\"password\">Password</label>\n"
		       "<input id=\"password\" name=\"password\""
		       " type=\"password\" autocomplete=\"current-password\""
		       " required>\n<div>"
		       "<button id=\"allow\" name=\"answer\" value=\"allow\" "
		       "type=\"submit\">Allow</button>\n"
		       "<button id=\"deny\" name=\"answer\" value=\"deny\" "
		       "type=\"submit\">Deny</button></div>\n</form>\n");
	page_end(request);
}

void page_message(struct request *request, int status, const char *title,
		  const char *text)
{
	page_begin(request, status, title);
	buf_printf(&request->answer.body, "<p id=\"message\">%s</p>\n", text);
	page_end(request);
}

void page_proxy(struct request *request)
{
	page_message(request, 200, "Welcome to the guest network",
		     "Please accept the terms of use to go on.");
}
