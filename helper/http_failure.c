/* SPDX-License-Identifier: MIT */
/*
 * http_failure.c - the sentences, see http_failure.h. Each says what happened
 * with which host and what to do next; none shows a path, a query or anything
 * that was sent or received.
 */
#include "http_failure.h"

#include "valetkey.h"

struct words {
	const char *before; /* the host stands between the two */
	const char *after;
};

static const struct words words[] = {
    [HTTP_FAILURE_OTHER] = {"The exchange with ",
			    " failed. Check the network or proxy and try "
			    "again."},
    [HTTP_FAILURE_NOMEM] = {"Out of memory while talking to ", "."},
    [HTTP_FAILURE_NAME] = {"The name ",
			   " was not found. Check the network, and the "
			   "endpoints in the provider's file."},
    [HTTP_FAILURE_CONNECT] = {"The server ",
			      " cannot be reached: the connection was refused "
			      "or there is no route. Check the network or "
			      "proxy."},
    [HTTP_FAILURE_SILENT] = {"The server ",
			     " did not take the connection within 15 seconds. "
			     "Check the network or proxy."},
    [HTTP_FAILURE_DEADLINE] = {"The server ",
			       " did not answer in time. Try again later."},
    [HTTP_FAILURE_PROXY_NAME] = {"The name of the proxy on the way to ",
				 " was not found. Check https_proxy in the "
				 "environment."},
    [HTTP_FAILURE_PROXY] = {"The proxy on the way to ",
			    " failed or refused the connection. Check "
			    "https_proxy and no_proxy in the environment."},
    [HTTP_FAILURE_UNTRUSTED] = {"The TLS certificate of ",
				" is not signed by an authority that this "
				"machine trusts, so nothing was sent. Behind "
				"a company's proxy, set ca_file to the "
				"company's CA certificate."},
    [HTTP_FAILURE_EXPIRED] = {"The TLS certificate of ",
			      " has expired or is not valid yet, so nothing "
			      "was sent. Check this machine's clock, then "
			      "tell the server's operator."},
    [HTTP_FAILURE_WRONG_NAME] = {"The TLS certificate of ",
				 " was made for another name, so nothing was "
				 "sent. Check the host name and the network "
				 "(a login portal?)."},
    [HTTP_FAILURE_CA_FILE] = {"The CA certificates for ",
			      " cannot be read. Check ca_file: it must be a "
			      "readable PEM file."},
    [HTTP_FAILURE_TLS] = {"No TLS connection with ",
			  " came about: it speaks no TLS 1.2, or something "
			  "on the way interferes. Check the network or "
			  "proxy."},
    [HTTP_FAILURE_CUT_OFF] = {"The connection with ",
			      " broke off before the whole answer was there. "
			      "Check the network or proxy and try again."},
    [HTTP_FAILURE_TOO_LONG] = {"The answer is too long: ",
			       " sent more than 256 KiB. Check the endpoints "
			       "in the provider's file."},
    [HTTP_FAILURE_GARBLED] = {"The answer of ",
			      " is not HTTP. Check the endpoints in the "
			      "provider's file, and the proxy."},
};

int http_failure_set(struct problem *problem, enum http_failure failure,
		     const char *host)
{
	char quoted[PROBLEM_QUOTE_MAX];
	int result = VALETKEY_ERR_NETWORK;

	if (failure == HTTP_FAILURE_NOMEM)
		result = VALETKEY_ERR_NOMEM;
	if (failure == HTTP_FAILURE_DEADLINE)
		result = VALETKEY_ERR_TIMEOUT;
	return problem_set(problem, result, "%s%s%s", words[failure].before,
			   problem_quote(quoted, host), words[failure].after);
}
