#!/bin/sh
# SPDX-License-Identifier: MIT
#
# gone.sh - whether a session has left anything behind.
#
#	gone.sh FILE
#
# FILE has two lines, by tests/dev/try.sh: the session's folder, which no
# process may know any more, and the id of an account, which names its kernel
# keys. Prints what is left, and then fails.

set -u
left=0

# The folder stands in the environment of whatever was started there. That of a
# process which guards its memory only root can read: there its name must do.
processes()
{
	me=$(id -u)
	for process in /proc/[0-9]*; do
		[ "$process" != "/proc/$$" ] || continue
		if grep -qsF "$folder" "$process/environ" ||
			{ [ ! -r "$process/environ" ] &&
			  grep -qsx valetkey-helper "$process/comm" &&
			  grep -qs "^Uid:.$me	" "$process/status"; }; then
			echo "${process#/proc/} $(cat "$process/comm")"
		fi
	done
}

remains()
{
	echo "LEFT BEHIND: $1"
	left=1
}

{
	read -r folder
	read -r id
} <"$1" || exit
[ -n "$folder" ] && [ -n "$id" ] || exit

keys()
{
	[ ! -r /proc/keys ] ||
		awk -v id="$id" 'index($0, id)' /proc/keys
}

# A helper may still be about to end, and a key about to be collected.
tries=50
while [ -n "$(processes)$(keys)" ] && [ "$tries" -gt 0 ]; do
	sleep 0.1
	tries=$((tries - 1))
done
found=$(processes)
[ -z "$found" ] || remains "processes: $found"
[ ! -e "$folder" ] || remains "the folder $folder"
found=$(keys)
[ -z "$found" ] || remains "kernel keys: $found"
[ "$left" -eq 0 ] || exit
echo "Nothing is left of it: no process, no file of the session, no kernel key."
