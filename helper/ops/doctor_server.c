/* SPDX-License-Identifier: MIT */
/*
 * doctor_server.c - see doctor.h: an account's servers, one step after the other,
 * each with a limit of its own. Only what anybody may know is sent: the client id
 * and the redirect URI, as a browser would, and no code comes back.
 */
#include "client/provider.h"
#include "core/clock.h"
#include "core/origin.h"
#include "doctor.h"
#include "document.h"
#include "net/net.h"
#include "oauth/authorize.h"
#include "oauth/metadata.h"
#include <valetkey.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STEP_LIMIT_MS 10000
#define OTHER_LIMIT_MS 4000
#define CLOCK_LIMIT_S 60
#define SOME_FREE_PORT 49152 /* of the dynamic ones */

/* ---- name, connection, clock ---- */

/* "host" of "https://host:port". */
static void host_of(const char *origin, char host[ORIGIN_MAX])
{
	const char *at = strstr(origin, "://");
	size_t len;

	at = at ? at + 3 : origin;
	len = *at == '[' ? strcspn(at, "]") : strcspn(at, ":/");
	snprintf(host, ORIGIN_MAX, "%.*s", (int)len - (*at == '['),
		 at + (*at == '['));
}

static const char *proxy_of(const struct client *client)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY",
					    "all_proxy", "ALL_PROXY"};

	if (client->proxy)
		return strcmp(client->proxy, "none") == 0 ? NULL
							  : client->proxy;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return value;
	}
	return NULL;
}

/* A password in it is nobody's. */
static void tell_proxy(struct job *job, const struct client *client)
{
	const char *proxy = proxy_of(client);
	const char *at = proxy ? strrchr(proxy, '@') : NULL;
	char quoted[PROBLEM_QUOTE_MAX];

	if (proxy)
		finding_add(job, "proxy", FINDING_NOTE, 0,
			    "Requests go by the proxy %s, as %s. To go "
			    "without one: valetkey edit %s --proxy none",
			    problem_quote(quoted, at ? at + 1 : proxy),
			    client->proxy ? "the account's file says"
					  : "the environment says (unless "
					    "no_proxy has the host)",
			    client->account);
}

/* What a proxy would look up is not looked up here. */
static bool check_name(struct job *job, const char *host)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	char text[NI_MAXHOST] = "";
	int rc = getaddrinfo(host, NULL, &hints, &found);

	if (!rc)
		getnameinfo(found->ai_addr, found->ai_addrlen, text,
			    sizeof(text), NULL, 0, NI_NUMERICHOST);
	if (rc)
		finding_add(job, "name", FINDING_PROBLEM, VALETKEY_ERR_NETWORK,
			    "%s has no address: %s. Is the name right, and is "
			    "this computer online? See: getent hosts %s",
			    host, gai_strerror(rc), host);
	else
		finding_add(job, "name", FINDING_OK, 0, "%s is %s.", host,
			    text);
	if (found)
		freeaddrinfo(found);
	return rc == 0;
}

static void check_clock(struct job *job, const char *host, int64_t date)
{
	int64_t ahead = (int64_t)time(NULL) - date;

	if (!date)
		return;
	if (ahead <= CLOCK_LIMIT_S && ahead >= -CLOCK_LIMIT_S)
		finding_add(job, "clock", FINDING_OK, 0,
			    "This computer's clock and that of %s agree.",
			    host);
	else
		finding_add(job, "clock", FINDING_PROBLEM, VALETKEY_ERR_DENIED,
			    "This computer's clock is %lld seconds %s that of "
			    "%s, so signatures and ID tokens may be refused. "
			    "Run: sudo timedatectl set-ntp true",
			    (long long)(ahead < 0 ? -ahead : ahead),
			    ahead < 0 ? "behind" : "ahead of", host);
}

/* TCP, TLS and HTTP: whatever it answers, it is there. */
static bool check_connection(struct job *job, const struct client *client,
			     const char *origin)
{
	char url[ORIGIN_MAX + 1];
	const struct http_request request = {
	    .url = url,
	    .head = true,
	    .ca_file = client->ca_file,
	    .proxy = client->proxy,
	    .deadline = deadline_in(STEP_LIMIT_MS),
	};
	struct http_answer answer = {0};
	struct problem problem = {0};
	const struct net *net = net_load(&problem);
	char host[ORIGIN_MAX];
	bool plain = strncmp(origin, "http:", 5) == 0;
	int rc;

	snprintf(url, sizeof(url), "%s/", origin);
	host_of(origin, host);
	tell_proxy(job, client);
	if (!proxy_of(client) && !check_name(job, host))
		return false;
	rc = net ? net->http_send(&request, &answer, &problem) : problem.result;
	if (rc)
		finding_add_problem(job, "connection", &problem);
	else
		finding_add(job, "connection", FINDING_OK, 0,
			    "%s answers%s%s%s.", host,
			    plain ? "" : ", with a certificate that is trusted",
			    client->ca_file && !plain ? " by " : "",
			    client->ca_file && !plain ? client->ca_file : "");
	if (!rc)
		check_clock(job, host, answer.date);
	if (net)
		net->http_answer_free(&answer);
	return rc == 0;
}

/* ---- metadata ---- */

struct looking {
	struct metadata_wish wish;
	struct record *found;
};

static int doctor_read(struct job *job, const struct buf *text,
		       const void *data, struct problem *problem)
{
	const struct looking *looking = data;

	(void)job;
	return metadata_read(&looking->wish, buf_text(text), text->len,
			     looking->found, problem);
}

/* What the file has and the server says otherwise. */
static bool compare_metadata(struct job *job, const struct client *client,
			     const struct record *found)
{
	bool looked_up = record_get(&client->config, "metadata_at") != NULL;
	char here[PROBLEM_QUOTE_MAX], there[PROBLEM_QUOTE_MAX];
	bool same = true;

	for (const char *const *key = client_endpoints; *key; key++) {
		const char *now = record_get(found, *key);
		const char *then = record_get(&client->config, *key);

		if (!now || !then || strcmp(now, then) == 0)
			continue;
		same = false;
		finding_add(
		    job, "metadata", looked_up ? FINDING_PROBLEM : FINDING_NOTE,
		    looked_up ? VALETKEY_ERR_LOGIN : 0,
		    "The server says that its %s is %s, and here it is "
		    "%s. If the provider has announced that, see: "
		    "valetkey edit --help",
		    *key, problem_quote(there, now), problem_quote(here, then));
	}
	return same;
}

static void check_metadata(struct job *job, const struct client *client)
{
	struct record found = {0};
	const struct looking looking = {
	    .wish = {.issuer = client->issuer,
		     .auth = auth_method_name(client->auth_method),
		     .machine =
			 client->grant_type == GRANT_TYPE_CLIENT_CREDENTIALS},
	    .found = &found,
	};
	enum document_look look = DOCUMENT_NOTHING;

	if (!client->issuer || !metadata_issuer_ok(client->issuer))
		return;
	record_set(&job->request, "ca_file", client->ca_file);
	record_set(&job->request, "proxy", client->proxy);
	for (int i = 0; i < METADATA_PLACES && look == DOCUMENT_NOTHING; i++) {
		struct buf url = {0};

		if (metadata_place(client->issuer, (enum metadata_place)i,
				   &url) == 0 &&
		    url.len)
			look = document_look(job, &url, doctor_read, &looking);
		buf_free(&url);
	}
	if (look == DOCUMENT_DONE && !job->problem.result) {
		if (compare_metadata(job, client, &found))
			finding_add(job, "metadata", FINDING_OK, 0,
				    "The server's metadata is as it is here.");
	} else if (job->problem.result == VALETKEY_ERR_DENIED) {
		finding_add(job, "metadata", FINDING_PROBLEM,
			    VALETKEY_ERR_DENIED,
			    "%s The issuer here is %s; a slash at its end "
			    "counts.",
			    job->problem.text, client->issuer);
	} else if (job->problem.result) {
		finding_add(job, "metadata", FINDING_NOTE, 0, "%s",
			    job->problem.text);
	} else {
		finding_add(job, "metadata", FINDING_NOTE, 0,
			    "The server has no metadata; its endpoints are "
			    "those of the %s.",
			    strcmp(client->provider, "custom") == 0
				? "account's file"
				: "provider's file");
	}
	job->problem = (struct problem){0};
	record_free(&found);
}

/* ---- the client ---- */

/* Whether a login could come back to its port. */
static void check_port(struct job *job, const struct client *client,
		       uint16_t port)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(port),
					    .sin_addr.s_addr =
						htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (!port || fd < 0)
		goto out;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 &&
	    errno == EADDRINUSE)
		finding_add(job, "redirect", FINDING_PROBLEM,
			    VALETKEY_ERR_DENIED,
			    "Port %u of this computer, which logins of account "
			    "%s come back to, is in use: by a login that "
			    "waits, or by another program. To see which: ss "
			    "-ltnp",
			    port, client->account);
out:
	if (fd >= 0)
		close(fd);
}

/* The login request as the browser would make it. */
static int make_request(const struct client *client, struct authorization *to,
			struct problem *problem)
{
	int rc = authorize_begin(client, NULL, to, problem);

	return rc ? rc
		  : authorize_url(client, to->port ? to->port : SOME_FREE_PORT,
				  to, problem);
}

/* Whether the provider's other instance knows the client. */
static bool is_known_at(const struct client *client)
{
	struct authorization to = {0};
	struct problem ignored = {0};
	struct http_answer answer = {0};
	const struct net *net = net_load(&ignored);
	bool known = false;

	if (net && make_request(client, &to, &ignored) == VALETKEY_OK) {
		const struct http_request request = {
		    .url = to.url.data,
		    .head = true,
		    .ca_file = client->ca_file,
		    .proxy = client->proxy,
		    .deadline = deadline_in(OTHER_LIMIT_MS),
		};

		known = net->http_send(&request, &answer, &ignored) ==
			    VALETKEY_OK &&
			answer.status >= 200 && answer.status < 400;
		net->http_answer_free(&answer);
	}
	authorize_end(&to);
	return known;
}

/* A client of another region is a bare 404 (NinjaOne): asks those that the
 * provider's file lists. */
static void look_elsewhere(struct job *job, const struct client *client)
{
	struct record provider = {0}, keys = {0};
	struct problem ignored = {0};
	const char *line = NULL;

	if (!record_is(&client->config, "preflight", "404") ||
	    account_read(client->account, &keys, NULL) != VALETKEY_OK ||
	    provider_load(client->provider, &provider, &ignored) != VALETKEY_OK)
		goto out;
	while ((line = record_next(&provider, "instance[]", line))) {
		struct client other = {0};
		char code[65];

		snprintf(code, sizeof(code), "%.*s", (int)strcspn(line, " "),
			 line);
		if (record_set(&keys, "instance", code) == 0 &&
		    client_from_record(client->account, &keys, &other,
				       &ignored) == VALETKEY_OK &&
		    strcmp(other.token_endpoint, client->token_endpoint) != 0 &&
		    is_known_at(&other))
			finding_add(job, "region", FINDING_PROBLEM,
				    VALETKEY_ERR_DENIED,
				    "The instance \"%s\" knows this client "
				    "with this redirect URI. Run: valetkey "
				    "edit %s --instance %s",
				    code, client->account, code);
		client_free(&other);
	}
out:
	record_free(&provider);
	record_free(&keys);
}

static void check_client(struct job *job, const struct client *client)
{
	struct authorization to = {0};
	struct problem problem = {0};
	int rc;

	if (client->grant_type == GRANT_TYPE_CLIENT_CREDENTIALS) {
		finding_add(job, "client", FINDING_NOTE, 0,
			    "Only a request with the client's secret tells "
			    "whether the provider knows it. To make one, run: "
			    "valetkey token %s --new",
			    client->account);
		return;
	}
	if (client->grant_type != GRANT_TYPE_AUTHORIZATION_CODE ||
	    !client->redirect_uri) {
		finding_add(job, "client", FINDING_NOTE, 0,
			    "Only a login tells whether the provider knows the "
			    "client. Run: valetkey login %s",
			    client->account);
		return;
	}
	if (authorize_pushes(client)) {
		finding_add(job, "client", FINDING_NOTE, 0,
			    "The provider takes login requests beforehand "
			    "(PAR), with the client's secret: only a login "
			    "tells whether it knows the client. Run: valetkey "
			    "login %s",
			    client->account);
		return;
	}
	rc = make_request(client, &to, &problem);
	if (!rc)
		rc = authorize_preflight(client, &to, &problem);
	if (rc)
		finding_add_problem(job, "client", &problem);
	else if (to.refusal)
		finding_add(job, "client", FINDING_NOTE, 0,
			    "%s answers a login request with HTTP %ld. If a "
			    "browser gets that too, compare the client id %s "
			    "and the redirect URI %s with what is registered "
			    "there; to change one: valetkey edit %s",
			    client->provider_name, to.refusal,
			    client->client_id, client->redirect_uri,
			    client->account);
	else
		finding_add(job, "client", FINDING_OK, 0,
			    "%s has nothing against the client id %s and the "
			    "redirect URI %s.",
			    client->provider_name, client->client_id,
			    client->redirect_uri);
	check_port(job, client, to.port);
	authorize_end(&to);
	if (rc == VALETKEY_ERR_DENIED)
		look_elsewhere(job, client);
}

void doctor_server(struct job *job, const struct client *client)
{
	char token[ORIGIN_MAX] = "", login[ORIGIN_MAX] = "";
	bool reached;

	/* Of the resolver, which has no other limit. */
	setenv("RES_OPTIONS", "timeout:3 attempts:1", 1);
	origin_of(client->token_endpoint, token);
	if (client->authorization_endpoint)
		origin_of(client->authorization_endpoint, login);
	reached = check_connection(job, client, token);
	if (reached && *login && strcmp(token, login) != 0)
		reached = check_connection(job, client, login);
	if (!reached)
		return;
	check_metadata(job, client);
	check_client(job, client);
}
