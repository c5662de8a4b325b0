/* SPDX-License-Identifier: MIT */
/*
 * forget - removes keys of the kernel's user keyring, which would outlive the
 * session that tests/lib/session makes.
 *
 *	forget NAME...
 */
#include "core/kernel.h"

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		keyctl_discard(argv[i]);
	return 0;
}
