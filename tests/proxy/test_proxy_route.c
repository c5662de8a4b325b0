/* SPDX-License-Identifier: MIT */
/*
 * test_proxy_route.c - which of an account's hosts a request goes to, and by
 * which path.
 */
#include "lib/tap.h"
#include "proxy/proxy_route.h"

#include <string.h>

static struct record config;
static struct proxy_map map = {.config = &config};

/* "" as origin: no host is named. */
static void check(const char *target, const char *origin, const char *there)
{
	struct proxy_route route = {0};
	int rc = proxy_route_find(&map, target, &route);

	if (!tap_ok(
		!rc && !route.token && strcmp(route.origin, origin) == 0 &&
		    (!*origin || strcmp(buf_text(&route.target), there) == 0),
		"%s goes to %s%s", target, origin, there))
		printf("# %s %s\n", route.origin, buf_text(&route.target));
	proxy_route_free(&route);
}

static void check_token(const char *target, bool token)
{
	struct proxy_route route = {0};

	proxy_route_find(&map, target, &route);
	tap_ok(route.token == token, "%s is%s for the token endpoint", target,
	       token ? "" : " not");
	proxy_route_free(&route);
}

static void test_one_host(void)
{
	const char *api = "https://api.example";

	record_add(&config, "hosts[]", "https://API.example:443");
	record_add(&config, "token_endpoint", "https://login.example/ws/token");
	record_add(&config, "proxy_token_path[]", "/oauth/token");
	record_add(&config, "proxy_path[]", "/api/v2=/v2");
	record_add(&config, "proxy_path[]", "/strip=/");
	tap_ok(proxy_map_choose(&map, NULL) && strcmp(map.host, api) == 0,
	       "the only host is taken");
	check("/", api, "/");
	check("/v2/x?y=/api/v2", api, "/v2/x?y=/api/v2");
	check("/a%2Fb/../c//d;e?f=%zz&&", api, "/a%2Fb/../c//d;e?f=%zz&&");
	check("/api.example/v2", api, "/api.example/v2");
	check("/api/v2", api, "/v2");
	check("/api/v2/x", api, "/v2/x");
	check("/api/v2?x", api, "/v2?x");
	check("/api/v20/x", api, "/api/v20/x");
	check("/x/api/v2", api, "/x/api/v2");
	check("/strip", api, "/");
	check("/strip?x", api, "/?x");
	check("/strip/x", api, "/x");
	check_token("/ws/token", true);
	check_token("/ws/token?x=y", true);
	check_token("/oauth/token", true);
	check_token("/oauth/token/", false);
	check_token("/x/oauth/token", false);
	check_token("/oauth/toke", false);
	tap_ok(!proxy_map_choose(&map, "https://other.example"),
	       "another host is not taken");
	tap_ok(!proxy_map_choose(&map, "http://api.example"),
	       "nor another scheme");
	tap_ok(proxy_map_choose(&map, "api.example"), "a bare name is");
}

static void test_several_hosts(void)
{
	struct buf list = {0};

	record_add(&config, "hosts[]", "https://up.example:8443");
	record_add(&config, "hosts[]", "no URL");
	tap_ok(proxy_map_choose(&map, NULL) && !*map.host,
	       "of several none is taken");
	check("/", "", "");
	check("/v2/api.example", "", "");
	check("/api.example", "https://api.example", "/");
	check("/api.example?x", "https://api.example", "/?x");
	check("/API.example/v2/x?y", "https://api.example", "/v2/x?y");
	check("/api.example/api/v2/x", "https://api.example", "/v2/x");
	check("/api.example//x", "https://api.example", "//x");
	check("/up.example:8443/x", "https://up.example:8443", "/x");
	check("/up.example/x", "", "");
	check("/api.example.evil/x", "", "");
	check("/api.exampl/x", "", "");
	check_token("/oauth/token", true);
	check_token("/up.example:8443/oauth/token", true);
	tap_ok(proxy_map_list(&map, &list) == 0 &&
		   strcmp(list.data, "https://api.example, "
				     "https://up.example:8443") == 0,
	       "the list");
	buf_free(&list);
	tap_ok(proxy_map_choose(&map, "up.example:8443") &&
		   strcmp(map.host, "https://up.example:8443") == 0,
	       "one of them");
	check("/api.example/x", "https://up.example:8443", "/api.example/x");
}

int main(void)
{
	test_one_host();
	test_several_hosts();
	record_free(&config);
	return tap_done();
}
