/* SPDX-License-Identifier: MIT */
/*
 * answer - what the helper says to a host, to the last byte: answer KEY=VALUE...
 * sends this request and prints the whole answer. The plugin is linked in.
 */
#include "call.h"
#include "core/clock.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct record request = {0}, answer = {0};
	struct buf out = {0};
	const struct call call = {.request = &request,
				  .deadline = deadline_in(30000)};
	int rc = VALETKEY_OK;

	for (int i = 1; i < argc && !rc; i++)
		rc = record_parse_line(&request, argv[i], strlen(argv[i]));
	if (!rc)
		rc = call_helper(&call, &answer);
	if (!rc && record_write(&answer, &out) == 0)
		fputs(buf_text(&out), stdout);
	buf_free(&out);
	record_free(&answer);
	record_free(&request);
	return rc;
}
