/* SPDX-License-Identifier: MIT */
/*
 * relay_fields.c - which fields go on, see relay_fields.h.
 */
#include "relay_fields.h"

#include "core/origin.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct field_name {
	const char *name;
	size_t len;
};

#define FIELD(text)                    \
	{                              \
		text, sizeof(text) - 1 \
	}

/* RFC 9110 7.6.1, and what came before it; the lengths are made anew. */
static const struct field_name fields_of_connection[] = {
    FIELD("Connection"),
    FIELD("Keep-Alive"),
    FIELD("Proxy-Connection"),
    FIELD("Proxy-Authorization"),
    FIELD("Proxy-Authenticate"),
    FIELD("Proxy-Authentication-Info"),
    FIELD("TE"),
    FIELD("Trailer"),
    FIELD("Transfer-Encoding"),
    FIELD("Upgrade"),
    FIELD("HTTP2-Settings"),
    FIELD("Content-Length"),
};

static const struct field_name fields_not_sent[] = {
    FIELD("Host"),
    FIELD("Authorization"),
    FIELD("Expect"),
};

/* An Alt-Svc would lead the client around us, without a token. */
static const struct field_name fields_not_returned[] = {
    FIELD("Alt-Svc"),
};

static bool field_is_in(const struct field_name *names, size_t count,
			const char *name, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].len == len &&
		    strncasecmp(names[i].name, name, len) == 0)
			return true;
	return false;
}

#define IS_IN(names, name, len) \
	field_is_in(names, sizeof(names) / sizeof(*(names)), name, len)

static bool field_begins(const char *name, size_t len, const char *start)
{
	return len >= strlen(start) &&
	       strncasecmp(name, start, strlen(start)) == 0;
}

static bool field_is(const char *name, size_t len, const char *whole)
{
	return len == strlen(whole) && strncasecmp(name, whole, len) == 0;
}

/* Whether a Connection of the request names this field. */
static bool is_named(const struct relay_head *head, const char *name,
		     size_t len)
{
	for (size_t i = 0; i < head->count; i++)
		if (strcasecmp(head->fields[i].name, "Connection") == 0 &&
		    relay_head_lists(head->fields[i].value, name, len))
			return true;
	return false;
}

/* What follows our own address, or its path alone; NULL: it is elsewhere. */
static const char *field_behind_self(const char *value, const char *self)
{
	const char *host = self ? strstr(self, "://") : NULL;
	const char *path = host ? strchr(host + 3, '/') : NULL;
	size_t len;

	if (!host || strncmp(value, "//", 2) == 0)
		return NULL;
	if (*value == '/')
		self = path ? path : "";
	len = strlen(self);
	return strncasecmp(value, self, len) == 0 && strchr("/?", value[len])
		   ? value + len
		   : NULL;
}

static bool is_destination(const struct relay_header *field)
{
	return strcasecmp(field->name, "Destination") == 0;
}

/* Of those that have addresses of ours in them, WebDAV's If for one; a Destination
 * is made the server's own. */
static bool tells_secret(const struct relay_header *field,
			 const struct relay_upstream *upstream)
{
	if (is_destination(field))
		return !field_behind_self(field->value, upstream->self);
	return strcasecmp(field->name, "Referer") == 0 ||
	       strstr(field->value, upstream->secret);
}

bool relay_fields_sent(const struct relay_head *head,
		       const struct relay_header *field,
		       const struct relay_upstream *upstream)
{
	const char *name = field->name;
	size_t len = strlen(name);

	if (IS_IN(fields_of_connection, name, len) ||
	    IS_IN(fields_not_sent, name, len))
		return false;
	if (!upstream->cookies &&
	    (field_is(name, len, "Cookie") || field_is(name, len, "Cookie2")))
		return false;
	if (upstream->secret && tells_secret(field, upstream))
		return false;
	return !is_named(head, name, len);
}

const char *relay_fields_value(const struct relay_header *field,
			       const struct relay_upstream *upstream,
			       const char **before)
{
	const char *rest = is_destination(field)
			       ? field_behind_self(field->value, upstream->self)
			       : NULL;

	*before = rest ? upstream->origin : "";
	return rest ? rest : field->value;
}

/* ---- the head of an answer ---- */

/* One field of it; not ended by NUL. */
struct field_line {
	const char *name;
	size_t name_len;
	const char *value;
	size_t value_len;
};

static bool field_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Folded lines become one (RFC 9112 5.2). */
static void field_unfold(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\r' || text[i] == '\n')
			text[i] = ' ';
}

/* The length of the line at `text`, with those that are folded to it. */
static size_t field_extent(const char *text, size_t len)
{
	size_t at = 0;

	do {
		const char *feed = memchr(text + at, '\n', len - at);

		at = feed ? (size_t)(feed - text) + 1 : len;
	} while (at < len && (text[at] == ' ' || text[at] == '\t'));
	return at;
}

static bool field_read(struct field_line *line, char *text, size_t len)
{
	const char *colon = memchr(text, ':', len);
	const char *end = text + len;

	if (!colon || !relay_head_token(text, (size_t)(colon - text)))
		return false;
	field_unfold(text, len);
	line->name = text;
	line->name_len = (size_t)(colon - text);
	line->value = colon + 1;
	while (line->value < end && field_is_blank(*line->value))
		line->value++;
	while (end > line->value && field_is_blank(end[-1]))
		end--;
	line->value_len = (size_t)(end - line->value);
	for (const char *at = line->value; at < end; at++)
		if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f)
			return false;
	return true;
}

static void fields_read_length(struct relay_fields *fields,
			       const struct field_line *line)
{
	int64_t length = 0;
	size_t i;

	for (i = 0; i < line->value_len && i < 18; i++) {
		if (line->value[i] < '0' || line->value[i] > '9')
			break;
		length = length * 10 + (line->value[i] - '0');
	}
	if (!i || i != line->value_len ||
	    (fields->length >= 0 && fields->length != length))
		fields->garbled = true;
	fields->length = length;
}

/* How much of an address is the server's origin, in any spelling; 0: it is
 * another's. */
static size_t field_origin(const struct relay_fields *fields, const char *value,
			   size_t len)
{
	char text[ORIGIN_MAX], origin[ORIGIN_MAX], own[ORIGIN_MAX];
	bool no_scheme = len > 1 && value[0] == '/' && value[1] == '/';
	size_t size = 0, scheme = 0;

	if (no_scheme && fields->origin)
		scheme = strcspn(fields->origin, "/"); /* with its colon */
	for (int slashes = 0; size < len; size++) {
		slashes += value[size] == '/';
		if (slashes > 2 || value[size] == '?' || value[size] == '#')
			break;
	}
	if (!fields->origin || scheme + size >= sizeof(text))
		return 0;
	memcpy(text, fields->origin, scheme);
	memcpy(text + scheme, value, size);
	text[scheme + size] = '\0';
	return origin_of(text, origin) == 0 &&
		       origin_of(fields->origin, own) == 0 &&
		       strcmp(origin, own) == 0
		   ? size
		   : 0;
}

/* An address on the server's own origin leads back to us. */
static int fields_add_location(const struct relay_fields *fields,
			       const struct field_line *line, struct buf *out)
{
	const char *value = line->value;
	size_t len = line->value_len;
	bool path = len && *value == '/' && (len == 1 || value[1] != '/');
	size_t origin = path ? 0 : field_origin(fields, value, len);
	bool ours = fields->self && (path || origin);

	if (ours) {
		value += origin;
		len -= origin;
	}
	return buf_str(out, "Location: ") ||
	       (ours && buf_str(out, fields->self)) ||
	       (ours && (!len || *value != '/') && buf_char(out, '/')) ||
	       buf_add(out, value, len) || buf_str(out, "\r\n");
}

static bool field_returns(const struct relay_fields *fields,
			  const struct field_line *line)
{
	const char *name = line->name;
	size_t len = line->name_len;

	if (IS_IN(fields_of_connection, name, len) ||
	    IS_IN(fields_not_returned, name, len) ||
	    field_begins(name, len, "Access-Control-") ||
	    (fields->no_referrer && field_is(name, len, "Referrer-Policy")))
		return false;
	return fields->cookies || !field_begins(name, len, "Set-Cookie");
}

static void fields_add(struct relay_fields *fields,
		       const struct field_line *line, struct buf *out)
{
	int rc;

	if (field_is(line->name, line->name_len, "Content-Length"))
		fields_read_length(fields, line);
	if (!field_returns(fields, line))
		return;
	if (field_is(line->name, line->name_len, "Location"))
		rc = fields_add_location(fields, line, out);
	else
		rc = buf_add(out, line->name, line->name_len) ||
		     buf_str(out, ": ") ||
		     buf_add(out, line->value, line->value_len) ||
		     buf_str(out, "\r\n");
	if (rc)
		fields->cut = true;
}

/* HTTP/1.1 200 OK, HTTP/2 200 */
static void fields_read_status(struct relay_fields *fields, const char *text,
			       size_t len)
{
	const char *at = memchr(text, ' ', len);
	size_t left = at ? len - (size_t)(at - text) : 0;
	size_t size = 0;

	if (left < 4 || (left > 4 && !field_is_blank(at[4])))
		return;
	for (int i = 1; i < 4; i++) {
		if (at[i] < '0' || at[i] > '9')
			return;
		fields->status = fields->status * 10 + (at[i] - '0');
	}
	at += 4;
	left -= 4;
	while (left && field_is_blank(*at))
		at++, left--;
	while (left && field_is_blank(at[left - 1]))
		left--;
	for (size_t i = 0; i < left && size + 1 < sizeof(fields->reason); i++)
		if (at[i] >= ' ' && at[i] < 0x7f)
			fields->reason[size++] = at[i];
	fields->reason[size] = '\0';
}

/* The fields that a Connection of the answer names are of no use for anyone
 * behind us, but no server sends such; they are looked for all the same. */
static void fields_mark_named(const char *text, size_t len,
			      char named[static 256])
{
	size_t size = 0;

	named[0] = '\0';
	for (size_t at = 0; at < len;) {
		size_t line = field_extent(text + at, len - at);

		if (field_begins(text + at, line, "Connection:")) {
			size_t more = line - strlen("Connection:");

			if (more > 254 - size)
				more = 254 - size;
			memcpy(named + size, text + at + strlen("Connection:"),
			       more);
			size += more;
			named[size++] = ',';
			named[size] = '\0';
			if (size == 255)
				return;
		}
		at += line;
	}
}

void relay_fields_read(struct relay_fields *fields, char *text, size_t len,
		       struct buf *out)
{
	size_t at = field_extent(text, len);
	bool framed = false;
	char named[256];

	fields->status = 0;
	fields->length = -1;
	fields->cut = fields->garbled = false;
	fields->reason[0] = '\0';
	fields_read_status(fields, text, at);
	if (fields->status < 200 || fields->status > 999)
		fields->garbled = true;
	fields_mark_named(text, len, named);
	for (char *c = named; *c; c++)
		if (*c == '\r' || *c == '\n')
			*c = ',';
	while (at < len && !fields->garbled && !fields->cut) {
		size_t size = field_extent(text + at, len - at);
		struct field_line line;

		if (field_read(&line, text + at, size) &&
		    !relay_head_lists(named, line.name, line.name_len)) {
			framed |= field_is(line.name, line.name_len,
					   "Transfer-Encoding");
			fields_add(fields, &line, out);
		}
		at += size;
	}
	/* Two meanings of where the body ends (RFC 9112 6.3). */
	if (framed && fields->length >= 0)
		fields->garbled = true;
	if (fields->no_referrer &&
	    buf_str(out, "Referrer-Policy: no-referrer\r\n"))
		fields->cut = true;
}

const char *relay_fields_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
	    {200, "OK"},
	    {201, "Created"},
	    {202, "Accepted"},
	    {204, "No Content"},
	    {206, "Partial Content"},
	    {301, "Moved Permanently"},
	    {302, "Found"},
	    {303, "See Other"},
	    {304, "Not Modified"},
	    {307, "Temporary Redirect"},
	    {308, "Permanent Redirect"},
	    {400, "Bad Request"},
	    {401, "Unauthorized"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {405, "Method Not Allowed"},
	    {408, "Request Timeout"},
	    {409, "Conflict"},
	    {413, "Content Too Large"},
	    {414, "URI Too Long"},
	    {417, "Expectation Failed"},
	    {429, "Too Many Requests"},
	    {431, "Request Header Fields Too Large"},
	    {500, "Internal Server Error"},
	    {501, "Not Implemented"},
	    {502, "Bad Gateway"},
	    {503, "Service Unavailable"},
	    {504, "Gateway Timeout"},
	    {505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "";
}
