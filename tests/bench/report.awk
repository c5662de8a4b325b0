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
		variants[f[2]] = f[7]
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
		return sprintf("%.1f µs", value / 1000)
	if (u == "ms")
		return sprintf("%.2f ms", value / 1000000)
	if (u == "ns")
		return sprintf("%.1f ns", value)
	if (u == "KB")
		return sprintf("%.0f KB", value / 1024)
	return sprintf("%.0f", value)
}

# What has been measured above ours is no floor, whatever it was meant to be.
function is_floor(r, n) {
	return n == lowest[r] && (!((r, ours[r]) in median) || \
		median[r, n] <= median[r, ours[r]])
}

# To the right; to some an awk µ is two characters.
function column(text, width, one) {
	one = text
	sub(/µ/, "u", one)
	return sprintf("%" (width - length(one)) "s%s", "", text)
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

# What a proxy adds: no more than the other one's, and 0.1 ms.
function judge_added(r) {
	if (((r, "valetkey") in median) && ((r, "nginx") in median))
		add_bar(r, "valetkey",
			(median[r, "valetkey"] - median[r, "nginx"]) / 1e6,
			0.1, "ms more than nginx")
}

# Bars that are no ratio of two medians.
function judge_others(i, n, list) {
	if (median["storm", "valetkey"] > 0)
		add_bar("storm", "valetkey",
			median["storm", "valetkey"] / 1e6,
			(2 * median["refresh", "valetkey"] + \
			 median["storm", "starts"]) / 1e6, "ms")
	judge_added("proxy-kept")
	judge_added("proxy-kept-tls")
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
			if (is_floor(r, name))
				name = name " (floor)"
			printf "  %-50s %s %s %8s %8s\n", name,
				column(shown(median[r, list[j]], u), 12),
				column(shown(p95[r, list[j]], u), 12),
				ratio(median[r, list[j]], r, ours[r]),
				is_floor(r, lowest[r]) ? ratio(median[r, \
					list[j]], r, lowest[r]) : "-"
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
				is_floor(r, list[j]) ? "true" : "false"
		printf "]}"
	}
	printf "],\n\"bars_met\":%d,\"bars\":%d}\n", met, verdicts
}

# ---- the plot: one line a row, time on a logarithmic axis ----

function x_of(ns) {
	return 330 + (log(ns) / log(10) - 1) * 62
}

function plotted(r) {
	return names[r] != "" && unit[r] ~ /^(ns|us|ms)$/ && \
		r !~ /^(accounts|turn|other|.*-foreign)$/
}

function class_of(r, n) {
	if (n == ours[r])
		return "ours"
	if (is_floor(r, n))
		return "floor"
	return index(" " variants[r] " ", " " n " ") ? "variant" : "peer"
}

function mark(class, ns, y, name) {
	printf "<circle class=\"%s\" cx=\"%.1f\" cy=\"%d\" r=\"%s\">" \
		"<title>%s: %s</title></circle>\n", class, x_of(ns), y,
		class == "ours" ? "6.5" : "4", name,
		ns < 1e3 ? shown(ns, "ns") : ns < 1e6 ? shown(ns, "us") : \
		shown(ns, "ms")
}

function label(class, ns, y, name) {
	printf "<text class=\"%s\" x=\"%.1f\" y=\"%d\" " \
		"text-anchor=\"middle\">%s</text>\n", class, x_of(ns), y, name
}

# The names of a row, from left to right; how many.
function from_left(r, list, i, j, n, x) {
	n = split(names[r], list, " ")
	for (i = 2; i <= n; i++) {
		x = list[i]
		for (j = i - 1; j > 0 && median[r, list[j]] > median[r, x]; j--)
			list[j + 1] = list[j]
		list[j + 1] = x
	}
	return n
}

# Puts each label below its mark, above it, or further below: in the first lane
# that the labels before leave free. A character is 5.5 wide.
function place(r, i, n, list, lane, end, half) {
	n = from_left(r, list)
	lanes[r] = 0
	for (lane = 1; lane <= n; lane++)
		end[lane] = 0
	for (i = 1; i <= n; i++) {
		if (class_of(r, list[i]) !~ /peer|variant/ || \
		    list[i] == "nosyscall")
			continue
		half = length(list[i]) * 2.75 + 2
		for (lane = 1; lane < n; lane++)
			if (x_of(median[r, list[i]]) - half > end[lane])
				break
		end[lane] = x_of(median[r, list[i]]) + half
		lane_of[r, list[i]] = lane
		if (lane > lanes[r])
			lanes[r] = lane
	}
}

function row_height(r) {
	return 46 + (lanes[r] > 2 ? 12 * (lanes[r] - 2) : 0)
}

function label_y(y, lane) {
	return lane == 2 ? y : y + 26 + (lane > 2 ? 12 * (lane - 2) : 0)
}

function svg_head(height, power, list) {
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" " \
		"viewBox=\"0 0 960 %d\" font-family=\"sans-serif\" " \
		"font-size=\"12\">\n", height + 30
	print "<style>.ground{fill:#fff}text{fill:#333}" \
		".small{font-size:10px;fill:#666}.grid{stroke:#ddd}" \
		".ours{fill:#0a6cc4}" \
		".floor{fill:none;stroke:#333;stroke-width:1.5}" \
		".peer,.variant{stroke:#fff;stroke-width:.7}" \
		".peer{fill:#c77700}.variant{fill:#5ba3e6}" \
		"@media(prefers-color-scheme:dark){.ground{fill:#0d1117}" \
		"text{fill:#ddd}.small{fill:#aaa}.grid{stroke:#333}" \
		".ours{fill:#58a6ff}.floor{stroke:#eee}" \
		".peer,.variant{stroke:#0d1117}" \
		".peer{fill:#e3a34f}.variant{fill:#2f6db5}}</style>"
	print "<rect class=\"ground\" width=\"100%\" height=\"100%\"/>"
	split("10 ns|100 ns|1 µs|10 µs|100 µs|1 ms|10 ms|100 ms|1 s", list, "|")
	for (power = 1; power <= 9; power++) {
		printf "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" " \
			"y1=\"24\" y2=\"%d\"/>\n", x_of(10 ^ power),
			x_of(10 ^ power), height
		label("small", 10 ^ power, 16, list[power])
	}
}

# Ours comes first: it is larger, and hides nobody.
function svg_row(r, y, i, n, list, class) {
	printf "<text x=\"8\" y=\"%d\">%s</text>\n", y + 14, title[r]
	if ((r, ours[r]) in median)
		mark("ours", median[r, ours[r]], y + 10, ours[r])
	n = from_left(r, list)
	for (i = 1; i <= n; i++) {
		class = class_of(r, list[i])
		if (class == "ours" || list[i] == "nosyscall")
			continue
		mark(class, median[r, list[i]], y + 10, list[i])
		if (class != "floor")
			label("small", median[r, list[i]],
				label_y(y, lane_of[r, list[i]]), list[i])
	}
}

function svg(i, y) {
	y = 40
	for (i = 1; i <= rows; i++)
		if (plotted(row[i])) {
			place(row[i])
			y += row_height(row[i])
		}
	svg_head(y)
	y = 40
	for (i = 1; i <= rows; i++)
		if (plotted(row[i])) {
			svg_row(row[i], y)
			y += row_height(row[i])
		}
	printf "<circle class=\"ours\" cx=\"16\" cy=\"%d\" r=\"6.5\"/>" \
		"<text x=\"28\" y=\"%d\">valetkey</text>" \
		"<circle class=\"floor\" cx=\"106\" cy=\"%d\" r=\"4\"/>" \
		"<text x=\"116\" y=\"%d\">what nothing can be below</text>" \
		"<circle class=\"peer\" cx=\"316\" cy=\"%d\" r=\"4\"/>" \
		"<text x=\"326\" y=\"%d\">others</text>\n</svg>\n",
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
