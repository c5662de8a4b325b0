/* SPDX-License-Identifier: MIT */
/*
 * visitor.c - what is answered to whoever comes to the loopback redirect.
 *
 * Only a GET on the exact path with the right state counts, or where the answer
 * comes by form_post only a POST of a form there. Whatever else browsers and
 * other programs send (an early connection that stays silent, a favicon, a
 * preflight that carries the code, a forged or half request) is answered or
 * dropped and the wait goes on. The browser that brought the answer is suspended
 * until listener_reply(), so that its page tells the truth; one that comes again
 * with the same state (a reload) waits with it.
 */
#include "visitor.h"
#include "page.h"
#include "redirect.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FORM_MAX 16384u

static enum MHD_Result respond(const struct listener *listener,
			       struct MHD_Connection *connection,
			       unsigned status, const struct buf *body)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	response = MHD_create_response_from_buffer(body->len, body->data,
						   MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Security-Policy",
				page_content_security_policy);
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Connection", "close");
	if (body->len)
		MHD_add_response_header(response, "Content-Type",
					"text/html; charset=utf-8");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", listener->method);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result respond_page(const struct listener *listener,
				    struct MHD_Connection *connection,
				    unsigned status, enum page_kind kind)
{
	struct page page = {.kind = kind,
			    .provider = listener->provider,
			    .account = listener->account,
			    .text = buf_text(&listener->text)};
	struct buf body = {0};
	enum MHD_Result result = MHD_NO;

	if (!page_write(&page, &body))
		result = respond(listener, connection, status, &body);
	buf_free(&body);
	return result;
}

static enum MHD_Result respond_settled(const struct listener *listener,
				       struct MHD_Connection *connection)
{
	return respond_page(listener, connection, MHD_HTTP_OK,
			    listener->success ? PAGE_SUCCESS : PAGE_FAILURE);
}

static enum MHD_Result on_parameter(void *context, enum MHD_ValueKind kind,
				    const char *key, size_t key_len,
				    const char *value, size_t value_len)
{
	(void)kind;
	redirect_add(context, key, key_len, value, value_len);
	return MHD_YES;
}

static bool is_our_path(const struct listener *listener, const char *path)
{
	const char *ours = *listener->path ? listener->path : "/";

	return strcmp(path, ours) == 0;
}

/* A request whose body is coming, or that waits for its page. */
struct visitor {
	struct buf body;
	bool too_long;
	bool waiting;
};

static enum MHD_Result wait_for_reply(struct listener *listener,
				      struct MHD_Connection *connection,
				      struct visitor *visitor)
{
	visitor->waiting = true;
	listener->waiters[listener->waiting++] = connection;
	listener->unsent++;
	MHD_suspend_connection(connection);
	return MHD_YES;
}

static enum MHD_Result on_redirect(struct listener *listener,
				   struct MHD_Connection *connection,
				   const struct redirect *redirect,
				   struct visitor *visitor)
{
	if (!redirect_matches(redirect, listener->state))
		return respond_page(listener, connection, MHD_HTTP_BAD_REQUEST,
				    PAGE_STRANGER);
	if (listener->settled)
		return respond_settled(listener, connection);
	if (listener->waiting == VISITOR_WAITERS ||
	    (!listener->answered &&
	     redirect_answer(redirect, &listener->answer)))
		return respond_page(listener, connection,
				    MHD_HTTP_SERVICE_UNAVAILABLE,
				    PAGE_STRANGER);
	listener->untold |= !listener->answered;
	listener->answered = true;
	return wait_for_reply(listener, connection, visitor);
}

static enum MHD_Result on_query(struct listener *listener,
				struct MHD_Connection *connection,
				struct visitor *visitor)
{
	struct redirect redirect = {0};

	MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND,
				    on_parameter, &redirect);
	return on_redirect(listener, connection, &redirect, visitor);
}

static bool is_form(struct MHD_Connection *connection)
{
	static const char form[] = "application/x-www-form-urlencoded";
	const char *type = MHD_lookup_connection_value(
	    connection, MHD_HEADER_KIND, "Content-Type");

	return type && strncasecmp(type, form, sizeof(form) - 1) == 0 &&
	       (!type[sizeof(form) - 1] ||
		strchr("; ", type[sizeof(form) - 1]));
}

/* OAuth 2.0 Form Post Response Mode: the whole body has come. */
static enum MHD_Result on_form(struct listener *listener,
			       struct MHD_Connection *connection,
			       struct visitor *visitor)
{
	struct redirect redirect = {0};
	enum MHD_Result result;

	if (visitor->too_long)
		return respond_page(listener, connection,
				    MHD_HTTP_CONTENT_TOO_LARGE, PAGE_STRANGER);
	if (visitor->body.len)
		redirect_parse(&redirect, visitor->body.data,
			       visitor->body.len);
	result = on_redirect(listener, connection, &redirect, visitor);
	buf_free(&visitor->body);
	return result;
}

static enum MHD_Result take_body(struct visitor *visitor, const char *body,
				 size_t *body_len)
{
	visitor->too_long |= visitor->body.len + *body_len > FORM_MAX;
	if (!visitor->too_long && !visitor->waiting &&
	    buf_add(&visitor->body, body, *body_len))
		return MHD_NO;
	*body_len = 0;
	return MHD_YES;
}

/* Whether what the headers say can be for us: 0, or what to answer. */
static unsigned judge(const struct listener *listener,
		      struct MHD_Connection *connection, const char *path,
		      const char *method)
{
	const char *host =
	    MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");

	if (!redirect_is_for_us(host, listener->port))
		return MHD_HTTP_FORBIDDEN;
	if (strcmp(method, "OPTIONS") == 0)
		return MHD_HTTP_NO_CONTENT;
	if (!is_our_path(listener, path))
		return MHD_HTTP_NOT_FOUND;
	if (strcmp(method, listener->method) != 0)
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	if (listener->form_post && !is_form(connection))
		return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
	return 0;
}

static enum MHD_Result refuse(const struct listener *listener,
			      struct MHD_Connection *connection,
			      unsigned status)
{
	static const struct buf nothing;

	if (status == MHD_HTTP_NO_CONTENT)
		return respond(listener, connection, status, &nothing);
	return respond_page(listener, connection, status,
			    status == MHD_HTTP_METHOD_NOT_ALLOWED ? PAGE_METHOD
			    : status == MHD_HTTP_UNSUPPORTED_MEDIA_TYPE
				? PAGE_STRANGER
				: PAGE_NOT_FOUND);
}

enum MHD_Result visitor_request(void *context,
				struct MHD_Connection *connection,
				const char *path, const char *method,
				const char *version, const char *body,
				size_t *body_len, void **mark)
{
	struct listener *listener = context;
	struct visitor *visitor = *mark;
	unsigned status;

	(void)version;
	if (visitor && *body_len)
		return take_body(visitor, body, body_len);
	if (visitor && visitor->waiting)
		return respond_settled(listener, connection);
	if (visitor)
		return on_form(listener, connection, visitor);
	status = judge(listener, connection, path, method);
	if (status)
		return refuse(listener, connection, status);
	visitor = calloc(1, sizeof(*visitor));
	*mark = visitor;
	if (!visitor)
		return MHD_NO;
	return listener->form_post ? MHD_YES
				   : on_query(listener, connection, visitor);
}

void visitor_gone(void *context, struct MHD_Connection *connection, void **mark,
		  enum MHD_RequestTerminationCode why)
{
	struct listener *listener = context;
	struct visitor *visitor = *mark;

	(void)connection, (void)why;
	if (visitor) {
		listener->unsent -= visitor->waiting;
		buf_free(&visitor->body);
	}
	free(visitor);
	*mark = NULL;
}
