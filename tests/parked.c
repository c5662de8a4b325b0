/* SPDX-License-Identifier: MIT */
/*
 * parked - what somebody else does with a parked login: shows it, and puts it
 * back, or one of his own, as a file beside the account's.
 *
 *	parked show ID SEAL
 *	parked put ID SEAL <TEXT
 */
#include "park.h"
#include "park_file.h"

#include <stdio.h>
#include <string.h>

static int show(const struct park_place *place)
{
	struct buf plain = {0};
	enum park_state state = park_read(place, &plain);

	fwrite(buf_text(&plain), 1, plain.len, stdout);
	buf_free(&plain);
	return state == PARK_SEALED ? 0 : 1;
}

static int put(const struct park_place *place)
{
	const struct park_file file = {place->id, "parked-login"};
	struct buf plain = {0}, sealed = {0};
	struct sealer *sealer = NULL;
	bool done;
	int c;

	while ((c = getchar()) != EOF)
		if (buf_char(&plain, (char)c))
			return 1;
	done = sealer_open(place->seal, &sealer) == 0 &&
	       sealer_seal(sealer, &plain, &sealed) == 0 &&
	       park_file_put(&file, &sealed);
	sealer_close(sealer);
	buf_free(&plain);
	buf_free(&sealed);
	return done ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct park_place place = {.slot = PARK_LOGIN};

	if (argc != 4)
		return 2;
	place.id = argv[2];
	place.seal = argv[3];
	return strcmp(argv[1], "put") == 0 ? put(&place) : show(&place);
}
