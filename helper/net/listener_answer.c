/* SPDX-License-Identifier: MIT */
/*
 * listener_answer.c - what is answered to whoever comes to the listener.
 *
 * The browser's first visit is to the start, which sends it to the provider. It
 * comes back to the redirect URI, where only a GET with the right state counts,
 * or, if the answer comes by form_post, only a POST of a form. From there it is
 * sent on at once, so that neither address bar nor history keeps a code, to the
 * landing page: that waits until listener_reply(), so that it tells the truth.
 * Start and landing page have names that nobody can guess. Whatever else browsers
 * and other programs send (an early connection that stays silent, a favicon, a
 * preflight that carries the code, a forged or half request) is answered or
 * dropped and the wait goes on.
 */
#include "listener.h"

#include "page.h"
#include "redirect.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FORM_MAX 16384u

/* What is at a path. */
enum listener_place {
	LISTENER_NOWHERE = 0,
	LISTENER_REDIRECT = 1,
	LISTENER_START = 2,
	LISTENER_LANDING = 3
};

/* A request whose body is coming, or that waits for its page. */
struct visitor {
	enum listener_place place;
	struct buf body;
	bool too_long;
	bool waiting;
	bool brings; /* the answer */
};

struct reply {
	unsigned status;
	const char *location;
	const char *allow;
	struct buf body;
};

static enum MHD_Result respond(struct MHD_Connection *connection,
			       const struct reply *reply)
{
	const char *const headers[][2] = {
	    {"Content-Security-Policy", page_content_security_policy},
	    {"Referrer-Policy", "no-referrer"},
	    {"Cache-Control", "no-store"},
	    {"X-Content-Type-Options", "nosniff"},
	    {"Connection", "close"},
	    {"Content-Type",
	     reply->body.len ? "text/html; charset=utf-8" : NULL},
	    {"Allow", reply->allow},
	    {"Location", reply->location},
	};
	struct MHD_Response *response;
	enum MHD_Result result;
	size_t i;

	response = MHD_create_response_from_buffer(
	    reply->body.len, reply->body.data, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	for (i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		if (headers[i][1])
			MHD_add_response_header(response, headers[i][0],
						headers[i][1]);
	result = MHD_queue_response(connection, reply->status, response);
	MHD_destroy_response(response);
	return result;
}

/* See Other: a GET, whatever brought it here. */
static enum MHD_Result send_on(struct MHD_Connection *connection,
			       const char *location)
{
	const struct reply reply = {.status = MHD_HTTP_SEE_OTHER,
				    .location = location};

	return respond(connection, &reply);
}

static enum MHD_Result respond_page(const struct listener *listener,
				    struct MHD_Connection *connection,
				    unsigned status, enum page_kind kind)
{
	struct page page = {.kind = kind,
			    .provider = listener->provider,
			    .account = listener->account,
			    .program = listener->program,
			    .text = buf_text(&listener->text)};
	struct reply reply = {.status = status};
	enum MHD_Result result = MHD_NO;

	if (!page_write(&page, &reply.body))
		result = respond(connection, &reply);
	buf_free(&reply.body);
	return result;
}

static enum MHD_Result respond_settled(const struct listener *listener,
				       struct MHD_Connection *connection)
{
	static const enum page_kind kinds[] = {
	    [LISTENER_FAILED] = PAGE_FAILURE,
	    [LISTENER_LOGGED_IN] = PAGE_SUCCESS,
	    [LISTENER_DECLINED] = PAGE_DECLINED,
	    [LISTENER_ASKING] = PAGE_ASKING};

	return respond_page(listener, connection, MHD_HTTP_OK,
			    kinds[listener->end]);
}

static struct guest *guest_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection,
				       MHD_CONNECTION_INFO_SOCKET_CONTEXT)
	    ->socket_context;
}

static enum MHD_Result on_parameter(void *context, enum MHD_ValueKind kind,
				    const char *key, size_t key_len,
				    const char *value, size_t value_len)
{
	(void)kind;
	redirect_add(context, key, key_len, value, value_len);
	return MHD_YES;
}

static enum listener_place listener_find_place(const struct listener *listener,
					       const char *path)
{
	const char *redirect = *listener->path ? listener->path : "/";

	if (strcmp(path, redirect) == 0)
		return LISTENER_REDIRECT;
	if (listener->answered && strcmp(path, listener->landing) == 0)
		return LISTENER_LANDING;
	return *listener->start && strcmp(path, listener->start) == 0
		   ? LISTENER_START
		   : LISTENER_NOWHERE;
}

/* Its address was in a command line, so anybody may know it. */
static enum MHD_Result on_start(const struct listener *listener,
				struct MHD_Connection *connection)
{
	if (guest_of(connection)->owner != PEER_OURS)
		return respond_page(listener, connection, MHD_HTTP_FORBIDDEN,
				    PAGE_UNKNOWN);
	if (!listener->to->len)
		return respond_page(listener, connection, MHD_HTTP_NOT_FOUND,
				    PAGE_NOT_FOUND);
	return send_on(connection, listener->to->data);
}

static enum MHD_Result on_landing(struct listener *listener,
				  struct MHD_Connection *connection,
				  struct visitor *visitor)
{
	if (listener->settled)
		return respond_settled(listener, connection);
	if (listener->waiting == LISTENER_WAITERS)
		return respond_page(listener, connection,
				    MHD_HTTP_SERVICE_UNAVAILABLE,
				    PAGE_STRANGER);
	visitor->waiting = guest_of(connection)->waiting = true;
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
	if (!listener->answered) {
		if (redirect_answer(redirect, &listener->answer))
			return MHD_NO;
		listener->answer.unseen =
		    guest_of(connection)->owner == PEER_UNKNOWN;
		listener->answered = visitor->brings = true;
	}
	return send_on(connection, listener->landing);
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

/* What is answered here. */
static const char *method_of(const struct listener *listener,
			     enum listener_place place)
{
	return place == LISTENER_REDIRECT && listener->form_post ? "POST"
								 : "GET";
}

/* Whether what the headers say can be for us: 0, or what to answer. */
static unsigned check_headers(const struct listener *listener,
			      struct MHD_Connection *connection,
			      enum listener_place place, const char *method)
{
	const char *host =
	    MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");

	if (!redirect_is_for_us(host, listener->port))
		return MHD_HTTP_FORBIDDEN;
	if (strcmp(method, "OPTIONS") == 0)
		return MHD_HTTP_NO_CONTENT;
	if (place == LISTENER_NOWHERE)
		return MHD_HTTP_NOT_FOUND;
	if (strcmp(method, method_of(listener, place)) != 0)
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	if (strcmp(method, "POST") == 0 && !is_form(connection))
		return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
	return 0;
}

static enum MHD_Result listener_refuse(const struct listener *listener,
				       struct MHD_Connection *connection,
				       unsigned status,
				       enum listener_place place)
{
	struct page page = {.kind = PAGE_NOT_FOUND,
			    .provider = listener->provider,
			    .account = listener->account};
	struct reply reply = {.status = status};
	enum MHD_Result result = MHD_NO;

	if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
		page.kind = PAGE_METHOD;
		reply.allow = method_of(listener, place);
	} else if (status == MHD_HTTP_UNSUPPORTED_MEDIA_TYPE) {
		page.kind = PAGE_STRANGER;
	}
	if (status == MHD_HTTP_NO_CONTENT || !page_write(&page, &reply.body))
		result = respond(connection, &reply);
	buf_free(&reply.body);
	return result;
}

/* One that nothing was known of may have been another user's, who has shown
 * himself or gone by now. */
static bool still_welcome(const struct listener *listener,
			  struct MHD_Connection *connection)
{
	const struct guest *guest = guest_of(connection);

	if (!guest || guest->owner != PEER_UNKNOWN)
		return guest != NULL;
	return peer_is_welcome(
	    peer_owner(&listener->peers,
		       MHD_get_connection_info(
			   connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
			   ->client_addr));
}

/* Its headers have come. */
static enum MHD_Result listener_begin(struct listener *listener,
				      struct MHD_Connection *connection,
				      struct visitor *visitor)
{
	if (visitor->place == LISTENER_START)
		return on_start(listener, connection);
	if (visitor->place == LISTENER_LANDING)
		return on_landing(listener, connection, visitor);
	return listener->form_post ? MHD_YES
				   : on_query(listener, connection, visitor);
}

enum MHD_Result listener_request(void *context,
				 struct MHD_Connection *connection,
				 const char *path, const char *method,
				 const char *version, const char *body,
				 size_t *body_len, void **mark)
{
	struct listener *listener = context;
	struct visitor *visitor = *mark;
	enum listener_place place;
	unsigned status;

	(void)version;
	if (visitor && *body_len)
		return take_body(visitor, body, body_len);
	if (visitor && visitor->waiting)
		return respond_settled(listener, connection);
	if (visitor)
		return on_form(listener, connection, visitor);
	if (!still_welcome(listener, connection))
		return MHD_NO;
	place = listener_find_place(listener, path);
	status = check_headers(listener, connection, place, method);
	if (status)
		return listener_refuse(listener, connection, status, place);
	visitor = calloc(1, sizeof(*visitor));
	*mark = visitor;
	if (!visitor)
		return MHD_NO;
	visitor->place = place;
	return listener_begin(listener, connection, visitor);
}

/* The answer is told of only now, when the browser has been sent on: the program
 * has no time for it while it redeems the code. */
void listener_gone(void *context, struct MHD_Connection *connection,
		   void **mark, enum MHD_RequestTerminationCode why)
{
	struct listener *listener = context;
	struct visitor *visitor = *mark;

	(void)connection;
	if (visitor) {
		listener->unsent -= visitor->waiting;
		listener->untold |= visitor->brings;
		listener->shown |= visitor->place == LISTENER_LANDING &&
				   listener->settled &&
				   why == MHD_REQUEST_TERMINATED_COMPLETED_OK;
		buf_free(&visitor->body);
	}
	free(visitor);
	*mark = NULL;
}
