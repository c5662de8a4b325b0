// SPDX-License-Identifier: MIT
//
// throw - a C++ conversation that throws through the library: the handle goes
// on, and close leaves no descriptor. The account has no grant.

#include "valetkey.h"

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <unistd.h>

static int descriptors()
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF;
	return count;
}

static int talk(const valetkey_message *, char *, size_t, void *)
{
	throw std::runtime_error("of the host");
}

static bool throws(valetkey *handle, const valetkey_request &request)
{
	const valetkey_token *token;

	try {
		valetkey_get(handle, &request, &token);
	} catch (const std::runtime_error &) {
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	valetkey_options options = {};
	valetkey_request request = {};
	valetkey *handle;
	int before = descriptors();

	options.size = sizeof(options);
	options.converse = talk;
	request.size = sizeof(request);
	request.account = argc > 1 ? argv[1] : "demo";
	if (valetkey_open(&options, &handle) != VALETKEY_OK)
		return 2;
	for (int i = 0; i < 3; i++)
		if (!throws(handle, request)) {
			std::fprintf(stderr, "round %d does not throw\n", i);
			return 1;
		}
	int rc = valetkey_close(handle);
	if (rc != VALETKEY_OK || descriptors() != before) {
		std::fprintf(stderr, "close: %s, %d descriptors, then %d\n",
			     valetkey_strerror(rc), before, descriptors());
		return 1;
	}
	return 0;
}
