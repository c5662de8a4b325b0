/* SPDX-License-Identifier: MIT */
/*
 * http_exchange.c - from what libcurl tells of a failed exchange to the kind of
 * failure, see http_exchange.h. By its codes and times if it has one for the
 * case; by its text only if neither TLS library leaves anything else.
 */
#include "http_exchange.h"

#include "core/buf.h"
#include "core/clock.h"
#include <valetkey.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>

/* A name server that knows nothing of a name says so faster than this. */
#define NAME_QUICK_MS 3000

static curl_off_t time_of(const struct exchange *ex, CURLINFO what)
{
	curl_off_t time = 0;

	curl_easy_getinfo(ex->curl, what, &time);
	return time;
}

/* ---- names ---- */

/* libcurl does not say why, so the resolver is asked once more. */
static enum http_failure name_failure(const struct exchange *ex)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	int rc;

	if (clock_ms() - ex->began > NAME_QUICK_MS)
		return HTTP_FAILURE_NAME_SERVER;
	if (ex->hurried)
		return HTTP_FAILURE_NAME;
	rc = getaddrinfo(ex->host, NULL, &hints, &found);
	if (rc == 0)
		freeaddrinfo(found);
	return rc == EAI_AGAIN || rc == EAI_SYSTEM || rc == EAI_FAIL
		   ? HTTP_FAILURE_NAME_SERVER
		   : HTTP_FAILURE_NAME;
}

static bool is_name(const char *host)
{
	struct in_addr v4;

	return *host != '[' && inet_pton(AF_INET, host, &v4) != 1;
}

/* ---- the proxy ---- */

static bool tunneled(const struct exchange *ex)
{
	long status = 0;

	curl_easy_getinfo(ex->curl, CURLINFO_HTTP_CONNECTCODE, &status);
	return status / 100 == 2;
}

/*
 * Whether the connection that failed was the one to the proxy: there may be one
 * that no_proxy forbids for this host. Before 8.7 libcurl's text names the
 * address that it tried.
 */
static bool by_proxy(const struct exchange *ex)
{
	char host[256] = "";
	size_t len = strlen(ex->host);

	if (!*ex->proxy)
		return false;
	if (ex->request->proxy)
		return true;
#if CURL_AT_LEAST_VERSION(8, 7, 0)
	long used = 0;

	if (curl_easy_getinfo(ex->curl, CURLINFO_USED_PROXY, &used) == 0)
		return used;
#endif
	if (len >= sizeof(host) || !*ex->error)
		return false;
	memcpy(host, ex->host, len + 1);
	if (*host == '[' && len > 2) {
		memmove(host, host + 1, len);
		host[len - 2] = '\0';
	}
	return !strcasestr(ex->error, host);
}

static enum http_failure proxy_status(long status)
{
	return status == 407 ? HTTP_FAILURE_PROXY_LOGIN
			     : HTTP_FAILURE_PROXY_REFUSES;
}

bool http_verdict_of_proxy(const struct exchange *ex, long status)
{
	/* RFC 9110 15.5.8: no server says that, but for our proxy. */
	return status == 407 && *ex->proxy;
}

static enum http_failure connect_failure(const struct exchange *ex)
{
	long error = 0;

	if (by_proxy(ex))
		return HTTP_FAILURE_PROXY;
	curl_easy_getinfo(ex->curl, CURLINFO_OS_ERRNO, &error);
	return error == ENETUNREACH || error == EHOSTUNREACH
		   ? HTTP_FAILURE_ROUTE
		   : HTTP_FAILURE_CONNECT;
}

/* ---- time ---- */

static enum http_failure time_failure(const struct exchange *ex)
{
	bool proxied = *ex->proxy && by_proxy(ex);

	if (!proxied && is_name(ex->host) &&
	    !time_of(ex, CURLINFO_NAMELOOKUP_TIME_T))
		return HTTP_FAILURE_NAME_SERVER;
	if (!ex->connected && !time_of(ex, CURLINFO_CONNECT_TIME_T))
		return proxied ? HTTP_FAILURE_PROXY : HTTP_FAILURE_SILENT;
	if (!ex->https || time_of(ex, CURLINFO_APPCONNECT_TIME_T))
		return HTTP_FAILURE_DEADLINE;
	return proxied && !tunneled(ex) ? HTTP_FAILURE_PROXY
					: HTTP_FAILURE_TLS_SILENT;
}

/* ---- TLS ---- */

/*
 * Which of the three complaints about a certificate it is: OpenSSL says so in
 * the text, GnuTLS in the bits of the result that mean "expired" and "not yet
 * valid" (OpenSSL's results are smaller than these).
 */
static enum http_failure certificate_failure(const struct exchange *ex)
{
	const char *error = ex->error;
	long verdict = 0;

	curl_easy_getinfo(ex->curl, CURLINFO_SSL_VERIFYRESULT, &verdict);
	if (strcasestr(error, "expired") ||
	    strcasestr(error, "not yet valid") || (verdict & (3 << 9)))
		return HTTP_FAILURE_EXPIRED;
	if (strcasestr(error, "subject name") ||
	    strcasestr(error, "does not match"))
		return HTTP_FAILURE_WRONG_NAME;
	return ex->request->ca_file ? HTTP_FAILURE_UNTRUSTED_BY_FILE
				    : HTTP_FAILURE_UNTRUSTED;
}

/* An alert ends the handshake, with TLS 1.3 also what seems to come after. */
static enum http_failure alert_failure(const struct exchange *ex,
				       enum http_failure otherwise)
{
	const char *error = ex->error;
	bool alert = strcasestr(error, "alert");

	if (strcasestr(error, "certificate required") ||
	    strcasestr(error, "certificate is required"))
		return ex->request->certificate
			   ? HTTP_FAILURE_CERTIFICATE_REFUSED
			   : HTTP_FAILURE_CERTIFICATE_WANTED;
	if (alert && ex->request->certificate)
		return HTTP_FAILURE_CERTIFICATE_REFUSED;
	return alert ? HTTP_FAILURE_TLS : otherwise;
}

static enum http_failure tls_failure(const struct exchange *ex, CURLcode code)
{
	/* A proxy that is spoken to with TLS, before it has connected us. */
	if (*ex->proxy && !tunneled(ex) && by_proxy(ex))
		return HTTP_FAILURE_PROXY;
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return certificate_failure(ex);
	/* libcurl with GnuTLS reads ours only when the connection begins. */
	if (strcasestr(ex->error, "certificate file"))
		return HTTP_FAILURE_CERTIFICATE_FILE;
	if (ex->request->certificate)
		return HTTP_FAILURE_CERTIFICATE_REFUSED;
	return alert_failure(ex, HTTP_FAILURE_TLS);
}

/* ---- all ---- */

static enum http_failure transfer_failure(const struct exchange *ex,
					  CURLcode code)
{
	switch (code) {
	case CURLE_OUT_OF_MEMORY:
		return HTTP_FAILURE_NOMEM;
	case CURLE_COULDNT_RESOLVE_HOST:
		return name_failure(ex);
	case CURLE_COULDNT_RESOLVE_PROXY:
		return HTTP_FAILURE_PROXY_NAME;
	case CURLE_PROXY:
		return HTTP_FAILURE_PROXY;
	case CURLE_COULDNT_CONNECT:
		return connect_failure(ex);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
		return tls_failure(ex, code);
	case CURLE_SSL_CACERT_BADFILE:
		return HTTP_FAILURE_CA_FILE;
	case CURLE_SSL_CERTPROBLEM:
		return alert_failure(ex, HTTP_FAILURE_CERTIFICATE_FILE);
	case CURLE_OK: /* the connection ended among the headers */
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return alert_failure(ex, HTTP_FAILURE_CUT_OFF);
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return HTTP_FAILURE_GARBLED;
	default:
		return HTTP_FAILURE_OTHER;
	}
}

enum http_failure http_verdict(const struct exchange *ex, CURLcode code)
{
	long status = 0;

	if (ex->nomem)
		return HTTP_FAILURE_NOMEM;
	if (ex->too_long)
		return HTTP_FAILURE_TOO_LONG;
	if (code == CURLE_OPERATION_TIMEDOUT ||
	    code == CURLE_ABORTED_BY_CALLBACK)
		return time_failure(ex);
	curl_easy_getinfo(ex->curl, CURLINFO_HTTP_CONNECTCODE, &status);
	if (status && status / 100 != 2)
		return proxy_status(status);
	return transfer_failure(ex, code);
}

/* ---- the sentences ---- */

/* The sentences. Each says what happened with which host and what to do next;
 * none shows a path, a query or anything that was sent or received. */

#define SEE_PROXY                                                          \
	" Check https_proxy and no_proxy in the environment, or --proxy, " \
	"which is 'proxy' in the account's file."
#define SEE_ENDPOINTS " Check the endpoints in the provider's file."

/* {host} and {proxy} are filled in. */
static const char *const texts[] = {
    [HTTP_FAILURE_OTHER] = "The exchange with {host} failed. Check the network "
			   "or proxy and try again.",
    [HTTP_FAILURE_NOMEM] = "Out of memory while talking to {host}.",
    [HTTP_FAILURE_NAME] = "The name {host} was not found. Check the network, "
			  "and the issuer, instance or endpoint with it.",
    [HTTP_FAILURE_NAME_SERVER] =
	"No name server answers, so {host} was not found. Check the network: "
	"is this computer online, and does it need a VPN? (resolvectl status)",
    [HTTP_FAILURE_CONNECT] =
	"The server {host} cannot be reached: the connection was refused. "
	"Check the port in the endpoint, or try again later.",
    [HTTP_FAILURE_ROUTE] =
	"The server {host} cannot be reached: there is no route to it. Check "
	"the network: is this computer online, and does it need a VPN?",
    [HTTP_FAILURE_SILENT] = "The server {host} did not accept the connection "
			    "in time. Check the network: a firewall may drop "
			    "it, and a proxy may be needed (https_proxy).",
    [HTTP_FAILURE_DEADLINE] = "The server {host} did not answer in time. Try "
			      "again later.",
    [HTTP_FAILURE_PROXY_NAME] =
	"The name of the proxy {proxy} on the way to {host} was not "
	"found." SEE_PROXY,
    [HTTP_FAILURE_PROXY] = "The proxy {proxy} on the way to {host} cannot be "
			   "reached, or fails." SEE_PROXY,
    [HTTP_FAILURE_PROXY_LOGIN] =
	"The proxy {proxy} on the way to {host} asks for a user name and "
	"password (HTTP 407). Give them in the environment: "
	"https_proxy=http://USER:PASSWORD@{proxy}",
    [HTTP_FAILURE_PROXY_REFUSES] =
	"The proxy {proxy} refuses to connect to {host}. Ask whoever runs it "
	"to allow this host, or bypass the proxy with no_proxy.",
    [HTTP_FAILURE_UNTRUSTED] =
	"The TLS certificate of {host} is not signed by an authority that this "
	"machine trusts, so nothing was sent. If it comes from a CA of your "
	"own, or of a company's proxy, give that CA's certificate: --ca-file "
	"FILE, which is ca_file in the account's file.",
    [HTTP_FAILURE_UNTRUSTED_BY_FILE] =
	"The TLS certificate of {host} is not signed by an authority in the "
	"account's CA file, which is used instead of the system's, so nothing "
	"was sent. Put the certificate of the server's CA there: --ca-file "
	"FILE, which is ca_file in the account's file.",
    [HTTP_FAILURE_EXPIRED] =
	"The TLS certificate of {host} has expired or is not valid yet, so "
	"nothing was sent. Check this machine's clock, then tell the server's "
	"operator.",
    [HTTP_FAILURE_WRONG_NAME] =
	"The TLS certificate of {host} was made for another name, so nothing "
	"was sent. Check the host name and the network (a login portal?).",
    [HTTP_FAILURE_CA_FILE] = "The CA certificates for {host} cannot be read. "
			     "Check ca_file: it must be a readable PEM file.",
    [HTTP_FAILURE_TLS] =
	"No TLS connection with {host} could be made: it does not speak TLS "
	"1.2, wants a client certificate, or something on the way interferes. "
	"Check the network or proxy, and the port in the endpoint.",
    [HTTP_FAILURE_TLS_SILENT] =
	"The server {host} accepted the connection, but did not finish the TLS "
	"handshake in time. Check the port in the endpoint, and the network.",
    [HTTP_FAILURE_CERTIFICATE_FILE] =
	"The client certificate for {host} cannot be used. Check "
	"client_certificate and client_key: two PEM files that belong "
	"together.",
    [HTTP_FAILURE_CERTIFICATE_KEY] =
	"The client certificate for {host} cannot be used: the private key in "
	"client_key is that of another certificate, so nothing was sent. Give "
	"two PEM files that belong together: client_certificate and "
	"client_key.",
    [HTTP_FAILURE_CERTIFICATE_REFUSED] =
	"The server {host} refused our client certificate, or ended TLS for "
	"another reason. Check that client_certificate has not expired and is "
	"the one that is registered there.",
    [HTTP_FAILURE_CERTIFICATE_WANTED] =
	"The server {host} wants a client certificate, which this account does "
	"not have. Give one: --client-certificate FILE --client-key FILE.",
    [HTTP_FAILURE_CUT_OFF] =
	"The connection with {host} broke off before the whole answer had "
	"arrived. Check the network or proxy and try again.",
    [HTTP_FAILURE_TOO_LONG] =
	"The answer is too long: {host} sent more than 256 KiB." SEE_ENDPOINTS,
    [HTTP_FAILURE_GARBLED] = "The answer from {host} is not HTTP. Check the "
			     "endpoints in the provider's file, and the proxy.",
};

static int add_named(struct buf *out, const char **at,
		     const struct http_failure_place *place)
{
	bool host = strncmp(*at, "{host}", 6) == 0;
	char quoted[PROBLEM_QUOTE_MAX];

	*at += strlen(host ? "{host}" : "{proxy}");
	return buf_str(
	    out, problem_quote(quoted, host ? place->host : place->proxy));
}

static int http_exchange_fill_in(const char *text,
				 const struct http_failure_place *place,
				 struct buf *out)
{
	int rc = 0;

	while (*text && !rc) {
		size_t len = strcspn(text, "{");

		rc = buf_add(out, text, len);
		text += len;
		if (*text && !rc)
			rc = add_named(out, &text, place);
	}
	return rc;
}

int http_failure_set(struct problem *problem, enum http_failure failure,
		     const struct http_failure_place *place)
{
	struct buf text = {0};
	int result = VALETKEY_ERR_NETWORK;

	if (failure == HTTP_FAILURE_NOMEM)
		result = VALETKEY_ERR_NOMEM;
	if (failure == HTTP_FAILURE_CERTIFICATE_FILE ||
	    failure == HTTP_FAILURE_CERTIFICATE_KEY)
		result = VALETKEY_ERR_DENIED;
	if (failure == HTTP_FAILURE_DEADLINE ||
	    (place->late &&
	     (failure == HTTP_FAILURE_NAME_SERVER ||
	      failure == HTTP_FAILURE_SILENT || failure == HTTP_FAILURE_PROXY ||
	      failure == HTTP_FAILURE_TLS_SILENT)))
		result = VALETKEY_ERR_TIMEOUT;
	if (http_exchange_fill_in(texts[failure], place, &text))
		problem_no_memory(problem);
	else
		problem_set(problem, result, "%s", text.data);
	buf_free(&text);
	return problem->result;
}
