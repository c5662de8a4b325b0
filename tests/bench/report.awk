# SPDX-License-Identifier: MIT
#
# report.awk - the samples of bench.sh as a table, as JSON and as a plot.
#
#	awk -f report.awk -v format=table|json|svg rows missing samples

# In `samples` ROW NAME VALUE; in `missing` ROW NAME and why; `rows` says itself.
FILENAME ~ /rows$/ {
	if (split($0, f, "|") < 2 || /^#/)
		next
	if (f[1] == "row") {
		row[++rows] = f[2]
		title[f[2]] = f[3]
		unit[f[2]] = f[4]
		ours[f[2]] = f[5]
		lowest[f[2]] = f[6]
	} else {
		bar[++bars] = $0
	}
	next
}

FILENAME ~ /missing$/ {
	why = $0
	sub(/^[^ ]+ [^ ]+ /, "", why)
	absent[$1] = absent[$1] "  (no " $2 ": " why ")\n"
	next
}

{
	if (!($1 SUBSEP $2 in count))
		names[$1] = names[$1] " " $2
	sample[$1, $2, ++count[$1, $2]] = $3
}

# Sorts a competitor's samples, and finds its median and 95th percentile.
function judge(r, n, i, j, x, m) {
	m = count[r, n]
	for (i = 2; i <= m; i++) {
		x = sample[r, n, i]
		for (j = i - 1; j > 0 && sample[r, n, j] > x; j--)
			sample[r, n, j + 1] = sample[r, n, j]
		sample[r, n, j + 1] = x
	}
	median[r, n] = (sample[r, n, int((m + 1) / 2)] + \
			sample[r, n, int(m / 2) + 1]) / 2
	p95[r, n] = sample[r, n, int(m * 0.95 + 0.999)]
}

function shown(value, u) {
	if (u == "us")
		return sprintf("%.1f us", value / 1000)
	if (u == "ms")
		return sprintf("%.2f ms", value / 1000000)
	if (u == "ns")
		return sprintf("%.1f ns", value)
	if (u == "KB")
		return sprintf("%.0f KB", value / 1024)
	return sprintf("%.0f", value)
}

function ratio(a, r, n) {
	if (n == "" || !(median[r, n] > 0))
		return "-"
	return sprintf("%.2f", a / median[r, n])
}

function add_bar(r, n, value, limit, what) {
	if (value == "" || limit == "")
		return
	verdict[++verdicts] = sprintf("%-6s  %-14s %-10s %-12s %s",
		value <= limit ? "met" : "MISSED", r, n, what,
		"(" sprintf("%.4g", value) " of " sprintf("%.4g", limit) ")")
	met += value <= limit
}

function judge_bar(text, f, value) {
	split(text, f, "|")
	if (!((f[2], f[3]) in median))
		return
	value = median[f[2], f[3]]
	if (f[5] == "") {
		add_bar(f[2], f[3], value, f[4], "")
	} else if (median[f[5], f[6]] > 0) {
		add_bar(f[2], f[3], value / median[f[5], f[6]], f[4],
			"/ " f[6])
	}
}

# How much more than `true` was at the same time: the machine's load changes.
function steady(r, n, t) {
	return median[r, t] > 0 ? median[r, n] / median[r, t] : 0
}

# Bars that are no ratio of two medians.
function judge_others(i, n, list) {
	if (median["storm", "valetkey"] > 0)
		add_bar("storm", "valetkey",
			median["storm", "valetkey"] / 1e6,
			(2 * median["refresh", "valetkey"] + \
			 median["storm", "starts"]) / 1e6, "ms")
	if (steady("other", "valetkey-alone", "true-alone"))
		add_bar("other", "valetkey",
			steady("other", "valetkey", "true") / \
			steady("other", "valetkey-alone", "true-alone"), 1.2,
			"/ alone")
	n = split(names["accounts"], list, " ")
	for (i = 1; i <= n; i++) {
		if (list[i] ~ /^hit-/ && list[i] != "hit-1")
			add_bar("accounts", list[i],
				median["accounts", list[i]] / \
				median["accounts", "hit-1"], 1.1, "/ hit-1")
		if (list[i] ~ /^one-/ && list[i] != "one-1")
			add_bar("accounts", list[i],
				steady("accounts", list[i],
					"true-" substr(list[i], 5)) / \
				steady("accounts", "one-1", "true-1"), 1.1,
				"/ one-1")
	}
}

function table(i, j, n, list, r, u, name) {
	printf "%-52s %12s %12s %8s %8s\n", "", "median", "p95", "/ ours",
		"/ floor"
	for (i = 1; i <= rows; i++) {
		r = row[i]
		n = split(names[r], list, " ")
		if (!n)
			continue
		printf "%s\n", title[r]
		for (j = 1; j <= n; j++) {
			u = list[j] ~ /^hit-/ ? "ns" : unit[r]
			if (list[j] == "nosyscall") {
				print "  (no system call in 2,000 hits)"
				continue
			}
			name = list[j]
			if (name == lowest[r])
				name = name " (floor)"
			printf "  %-50s %12s %12s %8s %8s\n", name,
				shown(median[r, list[j]], u),
				shown(p95[r, list[j]], u),
				ratio(median[r, list[j]], r, ours[r]),
				ratio(median[r, list[j]], r, lowest[r])
		}
		printf "%s", absent[r]
	}
	print ""
	for (i = 1; i <= verdicts; i++)
		print verdict[i]
	printf "%d of %d met\n", met, verdicts
}

function json(i, j, n, list, r) {
	printf "{\"rows\":["
	for (i = 1; i <= rows; i++) {
		r = row[i]
		printf "%s\n{\"row\":\"%s\",\"title\":\"%s\",\"competitors\":[",
			(i > 1 ? "," : ""), r, title[r]
		n = split(names[r], list, " ")
		for (j = 1; j <= n; j++)
			printf "%s\n {\"name\":\"%s\",\"samples\":%d," \
				"\"median\":%.1f,\"p95\":%.1f,\"floor\":%s}",
				(j > 1 ? "," : ""), list[j], count[r, list[j]],
				median[r, list[j]], p95[r, list[j]],
				list[j] == lowest[r] ? "true" : "false"
		printf "]}"
	}
	printf "],\n\"bars_met\":%d,\"bars\":%d}\n", met, verdicts
}

# ---- the plot: one line a row, time on a logarithmic axis ----

function x_of(ns) {
	return 330 + (log(ns) / log(10) - 1) * 62
}

function mark(class, ns, y, name) {
	printf "<circle class=\"%s\" cx=\"%.1f\" cy=\"%d\" r=\"%s\">" \
		"<title>%s: %s</title></circle>\n", class, x_of(ns), y,
		class == "ours" ? "6" : "4.5", name,
		ns < 1e3 ? shown(ns, "ns") : ns < 1e6 ? shown(ns, "us") : \
		shown(ns, "ms")
}

function label(class, ns, y, name) {
	printf "<text class=\"%s\" x=\"%.1f\" y=\"%d\" " \
		"text-anchor=\"middle\">%s</text>\n", class, x_of(ns), y, name
}

function svg(i, j, n, list, r, y, above, power, parts) {
	y = 40
	for (i = 1; i <= rows; i++)
		if (names[row[i]] != "" && unit[row[i]] ~ /^(ns|us|ms)$/ && \
		    row[i] !~ /^(accounts|other|.*-foreign)$/)
			parts++
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" " \
		"viewBox=\"0 0 960 %d\" font-family=\"sans-serif\" " \
		"font-size=\"12\">\n", 70 + parts * 46
	print "<style>text{fill:#333}.small{font-size:10px;fill:#666}" \
		".grid{stroke:#ddd}.ours{fill:#0a6cc4}" \
		".floor{fill:none;stroke:#888;stroke-width:1.5}" \
		".peer{fill:#c77700}" \
		"@media(prefers-color-scheme:dark){text{fill:#ddd}" \
		".small{fill:#aaa}.grid{stroke:#444}.ours{fill:#58a6ff}" \
		".floor{stroke:#999}.peer{fill:#e3a34f}}</style>"
	split("10 ns|100 ns|1 us|10 us|100 us|1 ms|10 ms|100 ms|1 s", list, "|")
	for (power = 1; power <= 9; power++) {
		printf "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" " \
			"y1=\"24\" y2=\"%d\"/>\n", x_of(10 ^ power),
			x_of(10 ^ power), 40 + parts * 46
		label("small", 10 ^ power, 16, list[power])
	}
	for (i = 1; i <= rows; i++) {
		r = row[i]
		if (names[r] == "" || unit[r] !~ /^(ns|us|ms)$/ || \
		    r ~ /^(accounts|other|.*-foreign)$/)
			continue
		printf "<text x=\"8\" y=\"%d\">%s</text>\n", y + 14,
			substr(title[r], 1, 48)
		n = split(names[r], list, " ")
		above = 0
		for (j = 1; j <= n; j++) {
			if (list[j] == "nosyscall")
				continue
			mark(list[j] == ours[r] ? "ours" : \
				list[j] == lowest[r] ? "floor" : "peer",
				median[r, list[j]], y + 10, list[j])
			if (list[j] != ours[r] && list[j] != lowest[r])
				label("small", median[r, list[j]],
					y + (above++ % 2 ? 0 : 26), list[j])
		}
		y += 46
	}
	printf "<circle class=\"ours\" cx=\"16\" cy=\"%d\" r=\"6\"/>" \
		"<text x=\"28\" y=\"%d\">valetkey</text>" \
		"<circle class=\"floor\" cx=\"106\" cy=\"%d\" r=\"4.5\"/>" \
		"<text x=\"116\" y=\"%d\">what nothing can be below</text>" \
		"<circle class=\"peer\" cx=\"286\" cy=\"%d\" r=\"4.5\"/>" \
		"<text x=\"296\" y=\"%d\">others</text>\n</svg>\n",
		y + 10, y + 14, y + 10, y + 14, y + 10, y + 14
}

END {
	for (i = 1; i <= rows; i++) {
		n = split(names[row[i]], list, " ")
		for (j = 1; j <= n; j++)
			judge(row[i], list[j])
	}
	for (i = 1; i <= bars; i++)
		judge_bar(bar[i])
	judge_others()
	if (format == "json")
		json()
	else if (format == "svg")
		svg()
	else
		table()
}
