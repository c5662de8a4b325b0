# SPDX-License-Identifier: MIT
#
# picture.awk - what a terminal showed, as an SVG picture of 80 columns: colours and
# bold, lines that were written over as they were in the end, longer ones cut.

BEGIN {
	ESC = "\033"
	COLUMNS = 80
	colour["32"] = "#4cc38a"
	colour["33"] = "#e0b458"
}

function escaped(text)
{
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	gsub(/ /, "\302\240", text) # that nobody makes one of several
	return text
}

# A run of text in one style.
function span(text, style)
{
	if (text == "")
		return ""
	if (style in colour)
		return "<tspan fill=\"" colour[style] "\">" escaped(text) "</tspan>"
	if (style == "1")
		return "<tspan font-weight=\"bold\">" escaped(text) "</tspan>"
	if (style == "2")
		return "<tspan opacity=\".65\">" escaped(text) "</tspan>"
	return escaped(text)
}

{
	gsub(ESC "\\]8;;[^" ESC "]*" ESC "\\\\", "")
	gsub(ESC "\\[[?]2004[hl]", "")
	sub(/\r+$/, "")
	sub(/.*\r/, "")
	gsub(ESC "\\[K", "")
	line = $0
	drawn = ""
	shown = 0
	while (line != "") {
		at = index(line, ESC "[")
		part = at ? substr(line, 1, at - 1) : line
		room = COLUMNS - shown
		if (length(part) > room && room > 0)
			part = substr(part, 1, room - 1) "\342\200\246"
		if (room > 0)
			drawn = drawn span(part, style)
		shown += length(part)
		if (!at)
			break
		line = substr(line, at + 2)
		at = index(line, "m")
		style = substr(line, 1, at - 1)
		line = substr(line, at + 1)
	}
	if (drawn == "" && (!count || text[count] == ""))
		next
	text[++count] = drawn
}

END {
	count -= text[count] == ""
	height = 36 + 19 * count
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"740\" height=\"" \
		height "\" viewBox=\"0 0 740 " height "\">"
	print "<title>A terminal session: a login, a call of the API, the status</title>"
	print "<rect width=\"740\" height=\"" height "\" rx=\"10\" fill=\"#1d2126\"/>"
	print "<g font-family=\"'DejaVu Sans Mono',ui-monospace,monospace\" " \
		"font-size=\"14\" fill=\"#eceae5\">"
	for (i = 1; i <= count; i++)
		print "<text x=\"22\" y=\"" 36 + 19 * (i - 1) "\">" text[i] "</text>"
	print "</g>"
	print "</svg>"
}
