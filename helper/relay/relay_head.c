/* SPDX-License-Identifier: MIT */
/*
 * relay_head.c - reads the head of a request, see relay_head.h. Lines may end
 * with LF alone (RFC 9112 2.2); a CR elsewhere, NUL and other control bytes,
 * folded lines, blanks around names, more than one length, host or coding are
 * refused.
 */
#include "relay_head.h"

#include <string.h>
#include <strings.h>

static int head_refuse(struct relay_head *head, int status, const char *reason)
{
	head->status = status;
	head->reason = reason;
	return -1;
}

/* ---- bytes ---- */

/* RFC 9110 5.6.2. */
static bool is_token_byte(unsigned char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z'))
		return true;
	return c && strchr("!#$%&'*+-.^_`|~", c);
}

bool relay_head_token(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_token_byte((unsigned char)text[i]))
			return false;
	return len;
}

static bool is_field_value(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

bool relay_head_lists(const char *list, const char *token, size_t len)
{
	while (*list) {
		size_t size;

		list += strspn(list, " \t,");
		size = strcspn(list, " \t,");
		if (size == len && strncasecmp(list, token, len) == 0)
			return true;
		list += size;
	}
	return false;
}

/* ---- the end ---- */

size_t relay_head_end(const char *data, size_t len, size_t *seen)
{
	size_t at = *seen;

	while (at < len) {
		const char *line = memchr(data + at, '\n', len - at);
		size_t next;

		if (!line)
			break;
		next = (size_t)(line - data) + 1;
		if (next < len && data[next] == '\n')
			return next + 1;
		if (next + 1 < len && data[next] == '\r' &&
		    data[next + 1] == '\n')
			return next + 2;
		/* The next bytes decide; look at this line's end again. */
		if (next == len || (next + 1 == len && data[next] == '\r')) {
			*seen = next - 1;
			return 0;
		}
		at = next;
	}
	*seen = len;
	return 0;
}

void relay_head_too_long(struct relay_head *head, const char *data, size_t len)
{
	const char *line = memchr(data, '\n', len);

	if (!line || (size_t)(line - data) > RELAY_LINE_MAX)
		head_refuse(head, 414, "The address is longer than 16 KiB.");
	else
		head_refuse(head, 431,
			    "The request's head is longer than 32 KiB.");
}

/* ---- the request line ---- */

/* RFC 9110 9.3, RFC 5789, and those of WebDAV (RFC 4918, 3253, 5323) and caches. */
static const char *const head_methods[] = {
    "GET",   "HEAD",	 "POST",      "PUT",	"PATCH", "DELETE", "OPTIONS",
    "QUERY", "PROPFIND", "PROPPATCH", "MKCOL",	"COPY",	 "MOVE",   "LOCK",
    "LINK",  "UNLINK",	 "REPORT",    "SEARCH", "PURGE", "UNLOCK", "MERGE"};

static int read_method(struct relay_head *head, const char *text, size_t len)
{
	if (!relay_head_token(text, len))
		return head_refuse(head, 400, "The method is not a word.");
	if (strcmp(text, "CONNECT") == 0 || strcmp(text, "TRACE") == 0)
		return head_refuse(head, 405,
				   "CONNECT and TRACE are not served: this "
				   "proxy passes on requests to one server, "
				   "and its address is the base URL.");
	for (size_t i = 0; i < sizeof(head_methods) / sizeof(*head_methods);
	     i++)
		if (strcmp(text, head_methods[i]) == 0) {
			head->method = text;
			return 0;
		}
	return head_refuse(head, 501, "This method is not known here.");
}

static int read_target(struct relay_head *head, const char *text, size_t len)
{
	if (*text != '/')
		return head_refuse(head, 400,
				   "The address in the request must begin with "
				   "\"/\". This is not a forward proxy: give "
				   "its address as base URL, and not as "
				   "http_proxy.");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x21 || c > 0x7e || c == '#')
			return head_refuse(head, 400,
					   "The address in the request has a "
					   "character that must be encoded as "
					   "%XX.");
	}
	head->target = text;
	return 0;
}

static int read_version(struct relay_head *head, const char *text)
{
	if (strcmp(text, "HTTP/1.1") == 0)
		return 0;
	if (strcmp(text, "HTTP/1.0") == 0) {
		head->old = head->close = true;
		return 0;
	}
	if (strncmp(text, "HTTP/", 5) == 0 && text[5] >= '0' &&
	    text[5] <= '9' && text[6] == '.' && text[7] >= '0' &&
	    text[7] <= '9' && !text[8])
		return head_refuse(head, 505,
				   "Only HTTP/1.1 and HTTP/1.0 are spoken.");
	return head_refuse(head, 400, "The request line is not HTTP/1.1.");
}

/* METHOD SP target SP version, one blank each; the line ends with NUL. */
static int read_request_line(struct relay_head *head, char *line, size_t len)
{
	char *target = strchr(line, ' ');
	char *version;

	if (strlen(line) != len || !target)
		return head_refuse(head, 400,
				   "The request line is not HTTP/1.1.");
	if (len > RELAY_LINE_MAX)
		return head_refuse(head, 414,
				   "The address is longer than 16 KiB.");
	*target++ = '\0';
	version = strrchr(target, ' ');
	if (!version)
		return head_refuse(head, 400,
				   "The request line is not HTTP/1.1.");
	*version++ = '\0';
	return read_version(head, version) ||
		       read_method(head, line, strlen(line)) ||
		       read_target(head, target, strlen(target))
		   ? -1
		   : 0;
}

/* ---- the fields ---- */

/* RFC 9112 3.3 knows no other form; twice the same is refused as well. */
static int read_length(struct relay_head *head, const char *value)
{
	int64_t length = 0;

	if (head->length >= 0)
		return head_refuse(head, 400, "Content-Length comes twice.");
	if (!*value)
		return head_refuse(head, 400, "Content-Length is empty.");
	for (; *value; value++) {
		if (*value < '0' || *value > '9')
			return head_refuse(head, 400,
					   "Content-Length is not a number.");
		if (length > INT64_MAX / 10 - 10)
			return head_refuse(head, 413,
					   "Content-Length is too large.");
		length = length * 10 + (*value - '0');
	}
	head->length = length;
	return 0;
}

static int read_coding(struct relay_head *head, const char *value)
{
	if (head->chunked)
		return head_refuse(head, 400, "Transfer-Encoding comes twice.");
	if (head->old)
		return head_refuse(head, 400,
				   "HTTP/1.0 has no Transfer-Encoding.");
	if (strcasecmp(value, "chunked") != 0)
		return head_refuse(head, 501,
				   "The only Transfer-Encoding known here is "
				   "\"chunked\".");
	head->chunked = true;
	return 0;
}

static int read_expect(struct relay_head *head, const char *value)
{
	if (strcasecmp(value, "100-continue") != 0)
		return head_refuse(head, 417,
				   "The only Expect known here is "
				   "\"100-continue\".");
	head->awaits_100 = !head->old;
	return 0;
}

/* RFC 9112 9.3. A keep-alive of HTTP/1.0 is not known here. */
static void read_connection(struct relay_head *head, const char *value)
{
	if (relay_head_lists(value, "close", strlen("close")))
		head->close = true;
}

static int read_known(struct relay_head *head, const char *name,
		      const char *value)
{
	if (strcasecmp(name, "Content-Length") == 0)
		return read_length(head, value);
	if (strcasecmp(name, "Transfer-Encoding") == 0)
		return read_coding(head, value);
	if (strcasecmp(name, "Expect") == 0)
		return read_expect(head, value);
	if (strcasecmp(name, "Upgrade") == 0 &&
	    relay_head_lists(value, "websocket", strlen("websocket")))
		return head_refuse(head, 501,
				   "Websockets are not passed on. Use the "
				   "server's address, with a token from "
				   "\"valetkey token\".");
	if (strcasecmp(name, "Connection") == 0)
		read_connection(head, value);
	return 0;
}

/* One line, which ends with NUL. */
static int read_field(struct relay_head *head, char *line, size_t len)
{
	char *colon = memchr(line, ':', len);
	char *value, *end = line + len;
	struct relay_header *field;

	if (!colon || !relay_head_token(line, (size_t)(colon - line)))
		return head_refuse(head, 400,
				   "A line of the request's head is not "
				   "\"Name: value\".");
	value = colon + 1 + strspn(colon + 1, " \t");
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	if (!is_field_value(value, (size_t)(end - value)))
		return head_refuse(head, 400,
				   "A field of the request's head has a "
				   "control character.");
	if (head->count == RELAY_FIELDS_MAX)
		return head_refuse(head, 431,
				   "The request's head has more than 128 "
				   "fields.");
	*colon = '\0';
	field = &head->fields[head->count++];
	field->name = line;
	field->value = value;
	return read_known(head, line, value);
}

/* RFC 9112 3.2, and whatever it names is one host. */
static int head_check_host(struct relay_head *head)
{
	const char *host = NULL;
	size_t i, hosts = 0;

	for (i = 0; i < head->count; i++)
		if (strcasecmp(head->fields[i].name, "Host") == 0) {
			host = head->fields[i].value;
			hosts++;
		}
	if (hosts != 1 || !host || !*host || host[strcspn(host, " \t,/@\\")])
		return head_refuse(head, 400,
				   "A request has one Host, which names one "
				   "host.");
	return 0;
}

static int head_check_whole(struct relay_head *head)
{
	bool body = head->length > 0 || head->chunked;

	if (head->length >= 0 && head->chunked)
		return head_refuse(head, 400,
				   "Content-Length and Transfer-Encoding do "
				   "not go together.");
	if (body && strcmp(head->method, "HEAD") == 0)
		return head_refuse(head, 400, "HEAD has no body.");
	if (!body)
		head->awaits_100 = false;
	return head_check_host(head);
}

/* Takes the next line off, ends it with NUL. NULL: there is none. */
static char *next_line(char **at, char *end, size_t *len)
{
	char *line = *at;
	char *feed =
	    line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;

	if (!feed)
		return NULL;
	*at = feed + 1;
	if (feed > line && feed[-1] == '\r')
		feed--;
	*feed = '\0';
	*len = (size_t)(feed - line);
	return line;
}

int relay_head_read(struct relay_head *head, char *data, size_t len)
{
	char *at = data, *end = data + len;
	char *line;
	size_t size;

	head->method = head->target = NULL;
	head->count = 0;
	head->length = -1;
	head->chunked = head->old = head->close = head->awaits_100 = false;
	head->status = 0;
	head->reason = NULL;
	line = next_line(&at, end, &size);
	if (!line || read_request_line(head, line, size))
		return head->status
			   ? -1
			   : head_refuse(head, 400, "The request is empty.");
	while ((line = next_line(&at, end, &size)) && size)
		if (read_field(head, line, size))
			return -1;
	return head_check_whole(head);
}
