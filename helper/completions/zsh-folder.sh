#!/bin/sh
# SPDX-License-Identifier: MIT
#
# zsh-folder.sh - for configure: prints where below the prefix $1 zsh looks for
# functions of others: zsh itself says so, and if it is not here, a Debian has
# vendor-completions in /usr, all others have site-functions.

set -u

# What zsh says, without the prefix; nothing: it does not look there.
zsh_says()
{
	# shellcheck disable=SC2016 # zsh's variables
	zsh -dfc 'print -lr -- $fpath' 2>/dev/null |
		sed -n "s|^$1\\(/share/zsh/vendor-completions\\)\$|\\1|p
			s|^$1\\(/share/zsh/site-functions\\)\$|\\1|p" |
		sort -r | head -n 1
}

below=$(zsh_says "$1")
if [ -n "$below" ]; then
	echo "$below"
elif [ "$1" = /usr ] && [ -e /etc/debian_version ]; then
	echo /share/zsh/vendor-completions
else
	echo /share/zsh/site-functions
fi
