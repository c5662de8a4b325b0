/* SPDX-License-Identifier: MIT */
/*
 * http_failure.c - the sentences, see http_failure.h. Each says what happened
 * with which host and what to do next; none shows a path, a query or anything
 * that was sent or received.
 */
#include "http_failure.h"

#include "core/buf.h"
#include <valetkey.h>

#include <string.h>

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

static int fill_in(const char *text, const struct http_failure_place *place,
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
	if (failure == HTTP_FAILURE_CERTIFICATE_FILE)
		result = VALETKEY_ERR_DENIED;
	if (failure == HTTP_FAILURE_DEADLINE ||
	    (place->late &&
	     (failure == HTTP_FAILURE_NAME_SERVER ||
	      failure == HTTP_FAILURE_SILENT || failure == HTTP_FAILURE_PROXY ||
	      failure == HTTP_FAILURE_TLS_SILENT)))
		result = VALETKEY_ERR_TIMEOUT;
	if (fill_in(texts[failure], place, &text))
		problem_set(problem, VALETKEY_ERR_NOMEM, "Out of memory.");
	else
		problem_set(problem, result, "%s", text.data);
	buf_free(&text);
	return problem->result;
}
