#!/bin/sh
# SPDX-License-Identifier: MIT
#
# paths.sh [TOP] - whether the files that texts and comments name are there. Prints
# each name that is of no file or folder, as FILE:LINE: NAME; the exit status is 1
# then. A file may be named by the end of its path: lock.h, store/lock.h. A name in
# capitals, such as op_NAME.c, stands for many.

set -eu
cd "${1:-.}"

{
	find plugin helper tests examples tutorials -type f
	find . -maxdepth 1 -type f | sed 's|^\./||'
} | awk '
BEGIN {
	# What examples and tutorials call by name.
	known["report.sh"] = known["example.c"] = 1
	known["report.py"] = known["HOME/report.py"] = known["host.c"] = 1
	name = "[A-Za-z0-9_][A-Za-z0-9_./-]*[.](am|awk|cc|c|h|js|map|md|mjs|py|sh)"
	folder = "`(plugin|helper|tests)/[a-z0-9_/]*/`"
}

{
	files[NR] = $0
	n = split($0, part, "/")
	path = ""
	for (i = 1; i < n; i++) {
		path = path part[i] "/"
		known[path] = 1
	}
	path = part[n]
	known[path] = 1
	for (i = n - 1; i > 0; i--) {
		path = part[i] "/" path
		known[path] = 1
	}
}

# What the text of such a file looks like: all of it, or its comments.
function text_of(file)
{
	if (file ~ /\.(md|[1-8])$/)
		return "."
	if (file ~ /\.[ch]$/)
		return "^[[:blank:]]*(/[*]|[*])"
	if (file ~ /\.(am|ac|py|sh)$|(^|\/)(dev|session)$/)
		return "^[[:blank:]]*#"
	return ""
}

function missing(word)
{
	print file ":" at ": " word
	bad = 1
}

function check(line,   word)
{
	gsub(/<[a-z\/]+\.h>/, "", line)
	while (match(line, name)) {
		word = substr(line, RSTART, RLENGTH)
		line = substr(line, RSTART + RLENGTH)
		sub(/^VALETKEY_SRC\//, "", word)
		if (line !~ /^[A-Za-z0-9_(]/ && word !~ /[A-Z]\.[ch]$/ &&
		    !(word in known))
			missing(word)
	}
}

function check_folders(line,   word)
{
	while (match(line, folder)) {
		word = substr(line, RSTART + 1, RLENGTH - 2)
		line = substr(line, RSTART + RLENGTH)
		if (!(word in known))
			missing(word)
	}
}

END {
	for (f = 1; f <= NR; f++) {
		file = files[f]
		text = text_of(file)
		if (text == "")
			continue
		at = 0
		while ((getline line <file) > 0) {
			at++
			if (line ~ text) {
				check(line)
				check_folders(line)
			}
		}
		close(file)
	}
	exit bad
}'
