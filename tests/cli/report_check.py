# SPDX-License-Identifier: MIT
# report_check.py page OUT.html: what a browser would complain about, without one: tags that are not
#     closed, SVG that is not well-formed, names that are given twice or refer to nothing, anything
#     that would be loaded.
# report_check.py shot SHOT.png light|dark: a screenshot of the page has that background, and the
#     lines and marks of its pictures.
# Prints what is wrong; the exit status is 1 then.
import html.parser
import re
import struct
import sys
import xml.etree.ElementTree as tree
import zlib

# HTML lets these stand alone, or end by themselves.
SINGLE = {"meta", "link", "br", "hr"}
OPTIONAL = {"td", "th", "tr", "li", "p", "thead", "tbody"}
# The first two colours of src/cli/bench_series.c.
COLORS = [(0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)]


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.wrong, self.ids, self.references = [], [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in SINGLE:
            self.open.append(tag)
        self.look(tag, attributes)

    def handle_startendtag(self, tag, attributes):
        self.look(tag, attributes)

    def look(self, tag, attributes):
        for name, value in attributes:
            value = value or ""
            if name == "id":
                self.ids.append(value)
            self.references += re.findall(r"url\(['\"]?#([^)'\"]*)", value)
            if name.endswith("href") and value.startswith("#"):
                self.references.append(value[1:])
            elif name in ("src", "data") or name.endswith("href") and value != "data:,":
                self.wrong.append("<%s %s=%r> would be loaded" % (tag, name, value))

    def handle_endtag(self, tag):
        while self.open and self.open[-1] != tag and self.open[-1] in OPTIONAL:
            self.open.pop()
        if not self.open or self.open[-1] != tag:
            self.wrong.append("line %d: </%s> closes nothing" % (self.getpos()[0], tag))
        else:
            self.open.pop()


def check_page(text):
    page = Page()
    page.feed(text)
    page.close()
    wrong = page.wrong + ["<%s> is not closed" % t for t in page.open if t not in OPTIONAL]
    wrong += ["id %s is given twice" % i for i in set(page.ids) if page.ids.count(i) > 1]
    wrong += ["#%s refers to nothing" % r for r in set(page.references) - set(page.ids)]
    pictures = re.findall(r"^<svg.*?</svg>", text, re.MULTILINE | re.DOTALL)
    for number, picture in enumerate(pictures):
        try:
            root = tree.fromstring(picture)
        except tree.ParseError as error:
            wrong.append("picture %d: %s" % (number + 1, error))
            continue
        shapes = [e for e in root.iter() if e.tag.rpartition("}")[2] in ("path", "use", "polygon")]
        words = [e for e in root.iter() if e.tag.endswith("text")]
        if len(shapes) < 5 or len(words) < 3:
            wrong.append("picture %d is empty" % (number + 1))
    return wrong


# PNG without interlacing, 8 bits a channel, as Chromium writes it: RFC 2083, 6 (filters).
def pixels(data):
    chunks, at = {}, 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        chunks[kind] = chunks.get(kind, b"") + data[at + 8:at + 8 + length]
        at += length + 12
    width, height, depth, color = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert depth == 8 and color in (2, 6), "another kind of PNG"
    step = 4 if color == 6 else 3
    raw, above = zlib.decompress(chunks[b"IDAT"]), bytes(width * step)
    for y in range(height):
        begin = y * (width * step + 1)
        above = unfilter(raw[begin], bytearray(raw[begin + 1:begin + 1 + width * step]), above, step)
        yield above, step


def unfilter(kind, line, above, step):
    if kind == 2:
        return bytes((a + b) & 255 for a, b in zip(line, above))
    for i in range(len(line) if kind else 0):
        left = line[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        guess = {1: left, 3: (left + above[i]) // 2}.get(kind)
        if kind == 4:
            p = left + above[i] - corner
            guess = min((abs(p - v), n, v) for n, v in enumerate((left, above[i], corner)))[2]
        line[i] = (line[i] + guess) & 255
    return bytes(line)


def check_shot(data, theme):
    found, background = [0] * len(COLORS), None
    for line, step in pixels(data):
        background = background or line[:3]
        seen = [line[c::step] for c in range(3)]
        for n, (red, green, blue) in enumerate(COLORS):
            found[n] += sum(abs(r - red) + abs(g - green) + abs(b - blue) < 40
                            for r, g, b in zip(*seen))
    wrong = ["colour %d has %d points" % (n + 1, k) for n, k in enumerate(found) if k < 50]
    if (sum(background) > 3 * 128) != (theme == "light"):
        wrong.append("the background is %s" % background.hex())
    return wrong


if __name__ == "__main__":
    if sys.argv[1] == "page":
        problems = check_page(open(sys.argv[2], encoding="utf-8").read())
    else:
        problems = check_shot(open(sys.argv[2], "rb").read(), sys.argv[3])
    print("\n".join(problems[:20]))
    sys.exit(1 if problems else 0)
