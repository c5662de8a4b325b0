/* SPDX-License-Identifier: MIT */
/*
 * net.c - loads the private module, see net.h. Called by the flows that need
 * the network, at the moment they need it: a get that the keyring answers
 * never comes here. The path is compiled in; neither the environment nor a
 * search path has a say. The module stays loaded until the process ends, for
 * the libraries below it do not unload cleanly.
 */
#include "net.h"

#include "core/clock.h"
#include "core/paths.h"
#include <valetkey.h>

#include <dlfcn.h>

/* ---- who is told of each exchange ---- */

static struct {
	void (*tell)(const struct net_exchange *exchange, void *data);
	void *data;
	struct net net; /* the module's, but for the one function */
	const struct net *module;
} net_observer;

static int send_observed(const struct http_request *request,
			 struct http_answer *answer, struct problem *problem)
{
	int64_t began = clock_ms();
	int rc = net_observer.module->http_send(request, answer, problem);
	const struct net_exchange exchange = {.request = request,
					      .answer = answer,
					      .problem = problem,
					      .result = rc,
					      .ms = clock_ms() - began};

	net_observer.tell(&exchange, net_observer.data);
	return rc;
}

void net_observe(void (*observer)(const struct net_exchange *exchange,
				  void *data),
		 void *data)
{
	net_observer.tell = observer;
	net_observer.data = data;
}

static const struct net *net_observed(const struct net *module)
{
	net_observer.module = module;
	net_observer.net = *module;
	net_observer.net.http_send = send_observed;
	return &net_observer.net;
}

/* ---- the module ---- */

const struct net *net_load(struct problem *problem)
{
	static const struct net *loaded;
	char quoted[PROBLEM_QUOTE_MAX];
	void *module;

	if (loaded)
		return loaded;
	module = dlopen(paths_net_module, RTLD_NOW | RTLD_LOCAL);
	if (module)
		loaded = dlsym(module, "valetkey_net");
	if (!loaded)
		problem_set(problem, VALETKEY_ERR_HELPER,
			    "The network module of valetkey cannot be loaded "
			    "(%s). Reinstall valetkey.",
			    problem_quote(quoted, dlerror()));
	else if (net_observer.tell)
		loaded = net_observed(loaded);
	return loaded;
}
