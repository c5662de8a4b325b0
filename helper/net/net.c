/* SPDX-License-Identifier: MIT */
/*
 * net.c - loads the private module, see net.h. Called by the flows that need
 * the network, at the moment they need it: a get that the keyring answers
 * never comes here. The path is compiled in; neither the environment nor a
 * search path has a say. The module stays loaded until the process ends, for
 * the libraries below it do not unload cleanly.
 */
#include "net.h"

#include "core/paths.h"
#include <valetkey.h>

#include <dlfcn.h>

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
	return loaded;
}
