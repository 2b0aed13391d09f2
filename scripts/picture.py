#!/usr/bin/env python3
"""Draws a terminal: what `tmux capture-pane -peN` says on standard input becomes an SVG on standard output.

Every word stands at its column and has the width of its cells, and lines and blocks are drawn instead of written, so
that the picture is the same whatever the fonts are where it is looked at. It is self-contained.
"""

import argparse
import re
import sys
import unicodedata
from collections import Counter
from dataclasses import dataclass, field, replace
from xml.sax.saxutils import escape, quoteattr

# The size of a cell, in the picture's units: the usual monospaced font has characters of 0.6 times its size.
WIDTH, HEIGHT, FONT, BASELINE = 9, 19, 15, 14
# Around the cells, and above them.
PADDING, BAR = 14, 34
FONTS = "ui-monospace, 'SF Mono', Menlo, 'DejaVu Sans Mono', 'Liberation Mono', Consolas, monospace"

# What a terminal shows where a program says nothing of colours, and its 16 colours.
TERMINALS = {
    "dark": (
        "#d8dee9 #14171f #1d212b #3a4150 #8b93a5",
        "#2a2f3a #e5616b #8cc570 #e0b860 #62a4ef #c583dc #56b8c4 #c5ccd9"
        " #5f6778 #f0808a #a6d98c #f0cd80 #86bdfa #d7a1ea #7ed0da #f2f5fa",
    ),
    "light": (
        "#2b303b #fbfbfd #ececf1 #c9ccd6 #6d7383",
        "#2b303b #c0313c #3c7d22 #96680a #1f63c0 #8b3aa8 #0f7683 #8f95a3"
        " #6d7383 #d7434e #4c9430 #b07d12 #3479db #a24ec0 #1c8d9b #d9dce4",
    ),
}
TOKEN = re.compile(
    r"\x1b\[(?P<sgr>[\d;:]*)m"
    r"|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]P_^X](?:[^\x07\x1b]|\x1b(?!\\))*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]"
    r"|(?P<set>[\x0e\x0f])|(?P<end>\n)|(?P<character>.)",
    re.DOTALL,
)
# The letters that are lines in the line drawing set (SO and SI switch it on and off).
LINE_DRAWING = dict(zip("`afgjklmnopqrstuvwxyz{|}~", "◆▒°±┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·"))


@dataclass(frozen=True)
class Style:
    """How a cell looks: colours as `#rrggbb`, none where the terminal's own is meant."""

    colour: str | None = None
    ground: str | None = None
    line: str | None = None
    marks: frozenset = field(default_factory=frozenset)

    def mark(self, *marks):
        return replace(self, marks=self.marks | set(marks))

    def unmark(self, *marks):
        return replace(self, marks=self.marks - set(marks))


MARKS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 8: "hidden", 9: "strike", 21: "underline"}
UNMARKS = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",), 28: ("hidden",), 29: ("strike",)}
COLOURED = {38: "colour", 48: "ground", 58: "line"}
# The codes of the 16 colours: what they colour, and the first of them.
SIXTEEN = {
    first + index: (what, bright + index)
    for first, what, bright in ((30, "colour", 0), (40, "ground", 0), (90, "colour", 8), (100, "ground", 8))
    for index in range(8)
}


def palette(index, sixteen):
    """A colour of the 256."""
    if index < 16:
        return sixteen[index]
    if index < 232:
        steps = (0, 95, 135, 175, 215, 255)
        red, rest = divmod(index - 16, 36)
        return "#%02x%02x%02x" % (steps[red], steps[rest // 6], steps[rest % 6])
    return "#%02x%02x%02x" % ((8 + 10 * (index - 232),) * 3)


def colour_of(parts, sixteen):
    """The colour that begins after 38, 48 or 58, which takes its parts from the list; none where it is wrong."""
    kind = parts.pop(0) if parts else None
    count = {2: 3, 5: 1}.get(kind, 0)
    values, parts[:count] = parts[:count], []
    if len(values) < count or not count or not all(0 <= value < 256 for value in values):
        return None
    return "#%02x%02x%02x" % tuple(values) if kind == 2 else palette(values[0], sixteen)


def styled(style, parameters, sixteen):
    """The style after a sequence `ESC [ parameters m`."""
    parts = []
    for parameter in parameters.split(";"):
        values = [int(value or 0) for value in parameter.split(":")]
        if values[0] in COLOURED and len(values) > 1:
            # ISO 8613-6 has a colour space between the 2 and the red.
            colour = values[1:2] + (values[3:6] if values[1] == 2 and len(values) > 5 else values[2:])
            style = replace(style, **{COLOURED[values[0]]: colour_of(colour, sixteen)})
        elif values[:2] == [4, 0]:
            parts.append(24)
        else:
            parts.append(values[0])
    while parts:
        code = parts.pop(0)
        if code == 0:
            style = Style()
        elif code in MARKS:
            style = style.mark(MARKS[code])
        elif code in UNMARKS:
            style = style.unmark(*UNMARKS[code])
        elif code in COLOURED:
            style = replace(style, **{COLOURED[code]: colour_of(parts, sixteen)})
        elif code in (39, 49, 59):
            style = replace(style, **{COLOURED[code - 1]: None})
        elif code in SIXTEEN:
            what, index = SIXTEEN[code]
            style = replace(style, **{what: sixteen[index]})
    return style


def width_of(character):
    """How many cells a character takes."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def rows_of(capture, sixteen):
    """The rows of a capture, each a list of `[column, cells, text, style]`, one for each character that is shown."""
    rows, row, column, style, drawing = [], [], 0, Style(), False
    for token in TOKEN.finditer(capture):
        if token["sgr"] is not None:
            style = styled(style, token["sgr"], sixteen)
        elif token["set"]:
            drawing = token["set"] == "\x0e"
        elif token["end"]:
            rows.append(row)
            row, column = [], 0
        elif token["character"]:
            character = token["character"]
            # XML has no place for these, not even escaped.
            if character < " " or character in "\x7f\ufffe\uffff" or unicodedata.category(character) == "Cs":
                character = "\ufffd"
            if drawing:
                character = LINE_DRAWING.get(character, character)
            cells = width_of(character)
            if cells:
                row.append([column, cells, character, style])
                column += cells
            elif row:
                row[-1][2] += character
    return rows + [row] if row else rows


def mixed(colour, other):
    """The colour in the middle of two."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(other[1:]))
    return "#" + "".join(f"{(one + two) // 2:02x}" for one, two in pairs)


def seen(style, terminal):
    """The colours that a style comes to: of the text, of the ground, of the line under it."""
    own_colour, own_ground = terminal[:2]
    colour, ground = style.colour or own_colour, style.ground or own_ground
    if "reverse" in style.marks:
        colour, ground = ground, colour
    if "dim" in style.marks:
        colour = mixed(colour, ground)
    return colour, ground, style.line or colour


# Lines from the middle of a cell to its left, right, upper and lower edge: 0 none, 1 thin, 2 thick.
ARMS = {
    "─": "1100", "━": "2200", "│": "0011", "┃": "0022", "┌": "0101", "┏": "0202", "┐": "1001", "┓": "2002",
    "└": "0110", "┗": "0220", "┘": "1010", "┛": "2020", "├": "0111", "┣": "0222", "┤": "1011", "┫": "2022",
    "┬": "1101", "┳": "2202", "┴": "1110", "┻": "2220", "┼": "1111", "╋": "2222", "╴": "1000", "╵": "0010",
    "╶": "0100", "╷": "0001", "╸": "2000", "╹": "0020", "╺": "0200", "╻": "0002", "┝": "0211", "┠": "0122",
    "┥": "2011", "┨": "1022", "┯": "2201", "┷": "2210", "┿": "2211", "╂": "1122",
}  # fmt: skip
# Around a corner: which edges it joins.
CORNERS = {"╭": (1, 1), "╮": (-1, 1), "╰": (1, -1), "╯": (-1, -1)}
SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}
# The quarters of a cell: left and right of the upper half, and of the lower one.
QUARTERS = dict(zip("▘▝▀▖▌▞▛▗▚▐▜▄▙▟", range(1, 15)))


# So that there are no seams between cells.
CRISP = ' shape-rendering="crispEdges"'


def number(value):
    return f"{value:g}"


def rectangle(x, y, width, height, colour, more=""):
    x, y, width, height = (number(value) for value in (x, y, width, height))
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{colour}"{more}/>'


def drawn(character, x, y, colour):
    """A character of lines or blocks as shapes in its cell; none where it is another one."""
    middle, centre = x + WIDTH / 2, y + HEIGHT / 2
    stroke = f'<path fill="none" stroke="{colour}" stroke-width="%s" d="%s"/>'
    if arms := ARMS.get(character):
        ends = (f"H{number(x)}", f"H{number(x + WIDTH)}", f"V{number(y)}", f"V{number(y + HEIGHT)}")
        shapes = []
        for weight, thickness in (("1", "1.2"), ("2", "2.4")):
            path = "".join(f"M{number(middle)} {number(centre)}{end}" for arm, end in zip(arms, ends) if arm == weight)
            shapes += [stroke % (thickness, path)] if path else []
        return "".join(shapes)
    if corner := CORNERS.get(character):
        side, edge = x + WIDTH * (corner[0] > 0), y + HEIGHT * (corner[1] > 0)
        turn = centre + corner[1] * WIDTH / 2
        places = [number(value) for value in (side, centre, middle, centre, middle, turn, edge)]
        return stroke % ("1.2", "M{} {}Q{} {} {} {}V{}".format(*places))
    if "▁" <= character <= "█":
        part = HEIGHT * (ord(character) - ord("▁") + 1) / 8
        return rectangle(x, y + HEIGHT - part, WIDTH, part, colour, CRISP)
    if "▉" <= character <= "▏":
        return rectangle(x, y, WIDTH * (ord("▏") - ord(character) + 1) / 8, HEIGHT, colour, CRISP)
    if character in SHADES:
        return rectangle(x, y, WIDTH, HEIGHT, colour, f' fill-opacity="{SHADES[character]}"')
    if character in ("▔", "▕"):
        thin = (x, y, WIDTH, HEIGHT / 8) if character == "▔" else (x + WIDTH * 7 / 8, y, WIDTH / 8, HEIGHT)
        return rectangle(*thin, colour)
    if quarters := QUARTERS.get(character):
        return "".join(
            rectangle(x + WIDTH / 2 * (quarter % 2), y + HEIGHT / 2 * (quarter // 2), WIDTH / 2, HEIGHT / 2, colour)
            for quarter in range(4)
            if quarters >> quarter & 1
        )
    return None


def common_ground(rows, terminal):
    """The ground that most cells have."""
    counts = Counter(seen(style, terminal)[1] for row in rows for _, _, _, style in row)
    return counts.most_common(1)[0][0] if counts else terminal[1]


def grounds(row, y, terminal, common):
    """The grounds of a row but the common one, the same ones beside each other as one."""
    joined = []
    for column, cells, _, style in row:
        ground = seen(style, terminal)[1]
        if joined and joined[-1][2] == ground:
            joined[-1][1] += cells
        else:
            joined.append([column, cells, ground])
    return [
        rectangle(column * WIDTH, y, cells * WIDTH, HEIGHT, ground, CRISP)
        for column, cells, ground in joined
        if ground != common
    ]


def words(row):
    """The words of a row, as `[column, cells, text, style]`: ASCII in one style, and each other character alone."""
    joined = []
    for column, cells, text, style in row:
        before = joined[-1] if joined else None
        if text == " ":
            continue
        if before and before[0] + before[1] == column and before[3] == style and (before[2] + text).isascii():
            before[1] += cells
            before[2] += text
        else:
            joined.append([column, cells, text, style])
    return joined


def written(word, y, terminal):
    """A word as text that has the width of its cells, or as shapes."""
    column, cells, text, style = word
    colour = seen(style, terminal)[0]
    if "hidden" in style.marks:
        return ""
    shapes = drawn(text, column * WIDTH, y, colour)
    if shapes is not None:
        return shapes
    weight = ' font-weight="bold"' if "bold" in style.marks else ""
    slant = ' font-style="italic"' if "italic" in style.marks else ""
    place = f'x="{column * WIDTH}" y="{y + BASELINE}" textLength="{cells * WIDTH}" lengthAdjust="spacingAndGlyphs"'
    return f'<text {place} fill="{colour}"{weight}{slant}>{escape(text)}</text>'


def lines(row, y, terminal):
    """The lines under and through the cells of a row."""
    for column, cells, _, style in row:
        for mark, down in (("underline", BASELINE + 2), ("strike", HEIGHT / 2)):
            if mark in style.marks:
                yield rectangle(column * WIDTH, y + down, cells * WIDTH, 1, seen(style, terminal)[2])


def frame(columns, rows, title, terminal, ground):
    """The window around the cells: its beginning and its end."""
    _, _, bar, edge, quiet = terminal
    width, height = columns * WIDTH + 2 * PADDING, rows * HEIGHT + 2 * PADDING + BAR
    box = f'x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="9"'
    dots = "".join(f'<circle cx="{22 + 20 * index}" cy="{BAR / 2:g}" r="6" fill="{edge}"/>' for index in range(3))
    begin = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" aria-label={quoteattr(title)}>',
        f"<title>{escape(title)}</title>",
        f'<rect {box} fill="{ground}"/>',
        f'<path d="M0.5 {BAR}V9.5a9 9 0 0 1 9 -9H{width - 9.5}a9 9 0 0 1 9 9V{BAR}z" fill="{bar}"/>{dots}',
        f'<text x="{width / 2:g}" y="{BAR / 2 + 5:g}" fill="{quiet}" text-anchor="middle"'
        f' font-family="system-ui, sans-serif" font-size="13">{escape(title)}</text>',
        f'<rect {box} fill="none" stroke="{edge}"/>',
        f'<g transform="translate({PADDING} {BAR + PADDING})" font-family="{FONTS}" font-size="{FONT}">',
    ]
    return begin, ["</g>", "</svg>"]


def picture(capture, columns, rows, title, terminal):
    """The SVG of a capture, a line an element or a few."""
    names, sixteen = (line.split() for line in TERMINALS[terminal])
    captured = rows_of(capture, sixteen)[:rows]
    common = common_ground(captured, names)
    begin, end = frame(columns, rows, title, names, common)
    body = []
    for index, row in enumerate(captured):
        row = [cell for cell in row if cell[0] + cell[1] <= columns]
        y = index * HEIGHT
        body += grounds(row, y, names, common)
        body += filter(None, (written(word, y, names) for word in words(row)))
        body += lines(row, y, names)
    return "\n".join(begin + body + end) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--columns", type=int, required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--title", default="")
    parser.add_argument("--terminal", choices=TERMINALS, default="dark")
    asked = parser.parse_args()
    capture = sys.stdin.buffer.read().decode(errors="replace")
    svg = picture(capture, asked.columns, asked.rows, asked.title, asked.terminal)
    sys.stdout.buffer.write(svg.encode())


if __name__ == "__main__":
    main()
