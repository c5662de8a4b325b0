/* SPDX-License-Identifier: MIT */
/*
 * place.c - see place.h. The plugin lets no runtime directory through that others
 * can write; here others may not even look.
 */
#include "place.h"

#include "core/account.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_private(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid() && (st.st_mode & 07777) == 0700;
}

/* What is in a directory like that only we have made. */
static int runtime_path(struct buf *path)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	return !runtime || *runtime != '/' || !is_private(runtime) ||
		       buf_str(path, runtime) || buf_str(path, "/valetkey")
		   ? -1
		   : 0;
}

void place_make_runtime(void)
{
	struct buf path = {0};

	if (runtime_path(&path) == 0)
		mkdir(path.data, 0700);
	buf_free(&path);
}

int place_folder(enum place place, struct buf *path)
{
	int rc = place == PLACE_RUNTIME ? runtime_path(path)
					: account_path(path, NULL);

	return rc ? -1 : 0;
}

int place_path(enum place place, const char *id, const char *name,
	       struct buf *path)
{
	return place_folder(place, path) || buf_fmt(path, "/.%s.%s", id, name)
		   ? -1
		   : 0;
}
