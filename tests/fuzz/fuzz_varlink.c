/* SPDX-License-Identifier: MIT */
/*
 * fuzz_varlink.c - any bytes as what io.systemd.Credentials answers. What is taken
 * is one word; what is not taken leaves nothing, and has a result and a sentence.
 */
#include "store/sealed_systemd.h"
#include "store/varlink.h"
#include <valetkey.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_answer(const struct buf *answer, const char *member)
{
	struct problem problem = {0};
	struct buf value = {0};
	int rc = sealed_systemd_read(answer, member, &value, &problem);

	if (!rc && !text_word(buf_text(&value), VARLINK_ANSWER_MAX))
		abort();
	if (rc && (value.len || problem.result != rc || !*problem.text ||
		   !text_utf8(problem.text, strlen(problem.text))))
		abort();
	if (rc && rc != VALETKEY_ERR_DENIED && rc != VALETKEY_ERR_LOGIN)
		abort();
	buf_free(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf answer = {0};

	if (buf_add(&answer, data, size) == 0) {
		fuzz_answer(&answer, "data");
		fuzz_answer(&answer, "blob");
	}
	buf_free(&answer);
	return 0;
}
