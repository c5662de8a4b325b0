#!/bin/sh
# SPDX-License-Identifier: MIT
#
# layers.sh [TOP] - which folder may include from which. Prints each include line
# that is not allowed, as FILE:LINE: FOLDER may not include WHAT; the exit status is
# 1 then. A folder may include from itself, from those in its row, and the single
# headers named there. Every file may include <valetkey.h>, as hosts do.

set -eu
cd "${1:-.}"

# shellcheck disable=SC2016 # awk's variables
find plugin helper -name '*.[ch]' | sort | xargs awk '
BEGIN {
	for (i = 1; i < ARGC; i++)
		known[ARGV[i]] = 1
	grant = "job oauth store crypto json net/net.h client core"
	login = "grant " grant
	ops = "login " login
	row["core"] = ""
	row["plugin"] = "core"
	row["sasl"] = ""
	row["client"] = "core"
	row["json"] = "core"
	row["crypto"] = "core"
	row["net"] = "core"
	row["relay"] = "net core"
	row["keyring"] = "core"
	row["store"] = "keyring/keyring.h json crypto client core"
	row["oauth"] = "net/net.h json crypto client core"
	row["job"] = "store client core"
	row["grant"] = grant
	row["login"] = login
	row["ops"] = ops
	row["helper"] = "ops " ops
	row["command"] = "client core plugin"
	row["verbs"] = "command " row["command"]
	row["fronts"] = "command " row["command"]
	row["service"] = "command " row["command"]
	row["proxy"] = "net/net.h service command " row["command"]
	row["valetkey"] = "proxy service fronts verbs " row["verbs"]
}

# The folder of a file; the two mains have a row of their own.
function unit(file)
{
	if (file == "helper/helper.c")
		return "helper"
	if (file == "helper/valetkey.c")
		return "valetkey"
	if (file ~ /^plugin\/[^\/]*$/)
		return "plugin"
	sub(/\/[^\/]*$/, "", file)
	sub(/.*\//, "", file)
	return file
}

# An include line without a folder: a file beside, or one of plugin/.
function plain(what,   beside)
{
	beside = FILENAME
	sub(/[^\/]*$/, what, beside)
	return (beside in known) ? from : "plugin"
}

FNR == 1 { from = unit(FILENAME) }

/^[[:blank:]]*#[[:blank:]]*include "/ {
	split($0, quoted, "\"")
	what = quoted[2]
	if (what == "config.h")
		next
	to = what
	if (!sub(/\/[^\/]*$/, "", to))
		to = plain(what)
	if (to == from)
		next
	if (!(from in row)) {
		print FILENAME ":" FNR ": " from " has no row in tests/dev/layers.sh"
		bad = 1
	} else if (!allowed(row[from], to, what)) {
		print FILENAME ":" FNR ": " from " may not include " what
		bad = 1
	}
}

function allowed(list, to, what,   words, n, i)
{
	n = split(list, words, " ")
	for (i = 1; i <= n; i++)
		if (words[i] == to || words[i] == what)
			return 1
	return 0
}

END { exit bad }
' || exit 1
