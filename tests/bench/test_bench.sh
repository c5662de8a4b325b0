#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_bench.sh - whether the benchmark is honest: who answers without a secret is
# not measured, what was measured above ours is not called a floor, and the plot
# can be read.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

# alternate's columns: name, before, input, length of the secret, command. (grep
# prints the secret and fails.)
test_answers()
{
	head -c 40 /dev/zero | tr '\0' x >secret
	{
		printf 'whole\t-\t-\t40\tcat secret\n'
		printf 'short\t-\t-\t41\tcat secret\n'
		printf 'silent\t-\t-\t40\ttrue\n'
		printf 'failed\t-\t-\t40\tgrep -s . secret none\n'
		printf 'idle\t-\t-\t-\ttrue\n'
	} >list
	"$VALETKEY_BUILD/tests/bench/alternate" 3 list >samples 2>failures
	is "$(cut -d ' ' -f 1 samples | sort -u | tr '\n' ' ')" 'idle whole ' \
		'who prints no whole secret is not measured'
	is "$(sed 's/ fails.*//' failures | sort | tr '\n' ' ')" \
		'failed short silent ' 'and is named'
}

# samples_of WHAT PATH: how many samples it has, and whether it ended well.
samples_of()
{
	"$VALETKEY_BUILD/tests/bench/through" "$1" 3 "$(cat api/ready)$2" \
		/dev/null name >samples 2>failures && status=well || status=badly
	echo "$(grep -c '^name [0-9]' samples) $status"
}

# The clients of the proxy's rows, at an API without TLS.
test_through()
{
	mkdir api
	start_server api/ready api/out python3 \
		"$VALETKEY_SRC/tests/proxy/upstream.py" "$PWD/api" || return
	is "$(samples_of kept /big/100)" '3 well' 'whole answers are measured'
	is "$(samples_of events /events/3/1)" '3 well' 'and events'
	is "$(samples_of cold /big/100)" '1 well' 'and a crowd'
	for path in /status/401 /cut/length /cut/head /garbage/noise /reset; do
		is "$(samples_of kept "$path")" '0 badly' \
			"who answers $path is not measured"
	done
	is "$(samples_of cold /status/502)" '0 badly' 'nor is a crowd without answers'
	kill "$SERVED"
}

# report FORMAT
report()
{
	awk -f "$VALETKEY_SRC/tests/bench/report.awk" -v format="$1" \
		rows missing samples
}

# Milliseconds: a floor that is one, and one that is not; peers in a crowd.
measured()
{
	cp "$VALETKEY_SRC/tests/bench/rows" rows
	: >missing
	for line in 'token true 0.8' 'token valetkey 0.9' 'token oidc-token 1.6' \
		'token git-cache 1.7' 'token secret-tool 1.75' \
		'token one-more 1.8' 'token another 1.81' \
		'refresh floor 60' 'refresh valetkey 30' \
		'first-get valetkey 0.07' 'first-get floor 0.02'; do
		echo "$line"
	done | awk '{ print $1, $2, $3 * 1e6 }' >samples
}

# touching FILE: the words of a plot that touch another one: a character is
# 5.5 wide, and a line 10 high.
touching()
{
	tr '<' '\n' <"$1" | sed -n 's/^text class="small" x="\([0-9.]*\)" y="\([0-9]*\)" text-anchor="middle">/\1 \2 /p' |
		awk '
		function apart(a, b) {
			return a > b ? a - b : b - a
		}
		{
			for (i = 1; i < NR; i++) {
				wide = 2.75 * (length($3) + length(word[i]))
				if (apart(y[i], $2) < 10 &&
				    apart(x[i], $1) < wide)
					print word[i], $3
			}
			x[NR] = $1; y[NR] = $2; word[NR] = $3
		}'
}

test_report()
{
	measured
	report table >table.txt
	report svg >plot.svg
	is "$(grep -c '(floor)' table.txt)" 2 'what is below ours is a floor'
	like "$(cat table.txt)" '^  floor  .* 60\.00 ms' \
		'what is above ours goes by its name'
	is "$(report json | grep -c '"floor":true')" 2 'in JSON as well'
	is "$(grep -c '<circle class="floor".*<title>' plot.svg)" 2 \
		'and in the plot'
	like "$(cat plot.svg)" 'class="peer".*<title>floor: 60' \
		'where it is one of the others'
	is "$(touching plot.svg)" '' 'no word of the plot touches another'
	sed 's/ y="[0-9]*" text-anchor/ y="1" text-anchor/' plot.svg >flat.svg
	like "$(touching flat.svg)" 'git-cache' \
		'as they would all on one line'
	like "$(grep -c 'class="small"' plot.svg)" '^1[4-9]$' 'all are there'
	unlike "$(cat plot.svg table.txt)" '[0-9] us' 'microseconds are not us'
	like "$(cat table.txt)" ' 70\.0 µs' 'but µs'
	like "$(cat plot.svg)" '@media\(prefers-color-scheme:dark\).*\.ground' \
		'the plot has its own ground, light and dark'
}

cd "$VALETKEY_TEST_DIR" || exit
test_answers
test_through
test_report
done_testing
