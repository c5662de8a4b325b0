/* SPDX-License-Identifier: MIT */
/*
 * test_origin.c - the origin of a URL (RFC 6454), which decides where a token
 * goes: one spelling for what is good, and a refusal for all else.
 */
#include "core/origin.h"
#include "lib/tap.h"

#include <string.h>

static const struct {
	const char *url, *origin;
} good[] = {
    {"https://a.example", "https://a.example"},
    {"https://a.example/", "https://a.example"},
    {"HTTPS://A.Example/Path", "https://a.example"},
    {"https://a.example:443/x", "https://a.example"},
    {"https://a.example:0443", "https://a.example"},
    {"https://a.example:8443/x", "https://a.example:8443"},
    {"https://a.example?q", "https://a.example"},
    {"https://a.example#f", "https://a.example"},
    {"https://a.example/@b", "https://a.example"},
    {"https://a.example/?u=https://b.example", "https://a.example"},
    {"https://1.2.3.4/", "https://1.2.3.4"},
    {"https://[2001:db8::A]:1/", "https://[2001:db8::a]:1"},
    {"http://127.0.0.1:8080/", "http://127.0.0.1:8080"},
    {"http://127.255.0.9/", "http://127.255.0.9"},
    {"http://localhost:80", "http://localhost"},
    {"http://LOCALHOST", "http://localhost"},
    {"http://[::1]:1", "http://[::1]:1"},
    {"https://xn--bcher-kva.example", "https://xn--bcher-kva.example"},
};

/* Of a resource, but never of an endpoint. */
static const struct {
	const char *url, *origin;
} services[] = {
    {"imaps://a.example", "imaps://a.example"},
    {"imap://a.example", "imaps://a.example"},
    {"IMAP://A.Example/INBOX;UID=1", "imaps://a.example"},
    {"imap://a.example:143", "imaps://a.example"},
    {"imap://a.example:993", "imaps://a.example"},
    {"imaps://a.example:143", "imaps://a.example"},
    {"imaps://a.example:1993", "imaps://a.example:1993"},
    {"imap://a.example:1143", "imaps://a.example:1143"},
    {"imaps://a.example:443", "imaps://a.example:443"},
    {"imaps://a.example:0", NULL},
    {"imaps://a.example:65536", NULL},
    {"imaps://127.0.0.1", "imaps://127.0.0.1"},
    {"imaps://[2001:DB8::1]:993", "imaps://[2001:db8::1]"},
    {"smtps://a.example", "smtps://a.example"},
    {"smtp://a.example:25", "smtps://a.example"},
    {"smtp://a.example:465", "smtps://a.example"},
    {"smtp://a.example:587", "smtps://a.example"},
    {"smtp://a.example:2525", "smtps://a.example:2525"},
    {"pop3s://a.example:995", "pop3s://a.example"},
    {"pop3://a.example:110", "pop3s://a.example"},
    {"pop3://a.example:993", "pop3s://a.example:993"},
    {"ldaps://a.example:636", "ldaps://a.example"},
    {"ldap://a.example:389/dc=x?uid", "ldaps://a.example"},
    {"imaps://me@a.example", NULL},
    {"imaps://me;AUTH=*@a.example", NULL},
    {"imaps://a.example.", NULL},
    {"imaps:a.example", NULL},
    {"imap", NULL},
    {"imapss://a.example", NULL},
    {"imapx://a.example", NULL},
    {"pop://a.example", NULL},
    {"ldapi://%2frun%2fldapi", NULL},
    {"imaps://*.example", NULL},
    {"imaps://a.example\n", NULL},
};

static const char *const bad[] = {
    "",
    "a.example",
    "//a.example",
    "ftp://a.example",
    "https:a.example",
    "https:/a.example",
    "https://",
    "https:///x",
    "https://user@a.example",
    "https://user:pass@a.example",
    "https://a.example@b.example",
    "https://a.example:80@b.example",
    "https://@a.example",
    "https://a.example.",
    "https://a.example./",
    "https://.a.example",
    "https://-a.example",
    "https://a_b.example",
    "https://a.example:",
    "https://a.example:0",
    "https://a.example:65536",
    "https://a.example:99999999999999999999",
    "https://a.example:+1",
    "https://a.example:1x",
    "https://a.example: 1",
    "https://a.example\\.b.example",
    "https://a.example%2eb.example",
    "https://a.example/ x",
    "https://a.example/\n",
    "https://a.example/\x7f",
    "https://a.example/\xc3\xa4",
    "https://b\xc3\xbc.example",
    "https://a.example/\x01",
    " https://a.example",
    "https://[::1",
    "https://[]",
    "https://[::1]x",
    "https://[::g]",
    "https://*.example",
    "http://a.example",
    "http://127.0.0.1.example",
    "http://127.1",
    "http://1270.0.0.1.",
    "http://localhost.example",
    "http://128.0.0.1",
    "http://127.0.0.x",
    "http://[::2]",
    "javascript:alert(1)",
};

static void test_long(void)
{
	char url[600] = "https://", origin[ORIGIN_MAX];

	memset(url + 8, 'a', 253);
	tap_ok(origin_of(url, origin) == 0 && strcmp(url, origin) == 0,
	       "a host of 253 characters");
	url[8 + 253] = 'a';
	tap_ok(origin_of(url, origin) != 0, "and not of 254");
	memset(url + 8, '0', 400);
	memcpy(url + 8, "[", 1);
	url[8 + 400] = ']';
	tap_ok(origin_of(url, origin) != 0, "a long address");
	memset(url + 8, 'a', 590 - 8);
	memcpy(url + 8, "a.example/", 10);
	tap_ok(origin_of(url, origin) == 0, "a long path");
}

static void test_services(void)
{
	char origin[ORIGIN_MAX];

	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++) {
		const char *url = services[i].url, *own = services[i].origin;
		int rc = origin_of_resource(url, origin);

		tap_ok(own ? rc == 0 && strcmp(origin, own) == 0 &&
				 origin_is(url, own)
			   : rc != 0,
		       "a resource: %zu", i);
		tap_ok(origin_of(url, origin) != 0, "never an endpoint: %zu",
		       i);
	}
	tap_ok(!origin_is("imaps://a.example", "https://a.example") &&
		   !origin_is("imaps://a.example", "smtps://a.example") &&
		   !origin_is("https://a.example", "imaps://a.example") &&
		   !origin_is("imaps://b.example", "imaps://a.example"),
	       "another service or host is another origin");
}

int main(void)
{
	char origin[ORIGIN_MAX];

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		tap_ok(origin_of(good[i].url, origin) == 0 &&
			   strcmp(origin, good[i].origin) == 0 &&
			   origin_is(good[i].url, origin) &&
			   origin_of_resource(good[i].url, origin) == 0 &&
			   strcmp(origin, good[i].origin) == 0,
		       "%s", good[i].url);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		tap_ok(origin_of(bad[i], origin) != 0 &&
			   origin_of_resource(bad[i], origin) != 0 &&
			   !origin_is(bad[i], "https://a.example"),
		       "refused %zu", i);
	test_services();
	test_long();
	tap_ok(!origin_is("https://a.example:8443", "https://a.example") &&
		   !origin_is("http://localhost", "https://localhost") &&
		   !origin_is("https://b.a.example", "https://a.example"),
	       "another port, scheme or host is another origin");
	tap_ok(origin_is_loopback("http://127.0.0.1:1") &&
		   origin_is_loopback("https://[::1]") &&
		   origin_is_loopback("http://localhost") &&
		   !origin_is_loopback("https://127.0.0.1.example") &&
		   !origin_is_loopback("nothing"),
	       "which ones are loopback");
	return tap_done();
}
