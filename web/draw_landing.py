"""Draw both nets to one scale for the first page: `python -m web.draw_landing`.

It writes book/nets.svg from a trace of each net, and with Chromium the same as
web/static/preview.png, for those who share a page. One unit is one pixel of a map.
A box is a layer's output: as high and as deep as its maps, and a sixth as thick as
they are many; a vector is a square of as many pixels. The site's styles colour it.
"""

import math
from collections.abc import Iterator
from pathlib import Path

from d2l_lite import alexnet, lenet, trace
from d2l_lite.shapes import Trace
from web.make_pdf import chromium

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "book" / "nets.svg"
PREVIEW = ROOT / "web" / "static" / "preview.png"
KINDS = {"Conv2d": "conv", "AvgPool2d": "pool", "MaxPool2d": "pool", "Linear": "linear"}
THIN, THICKNESS = 1.2, 1 / 6  # of one map at least; of each map
DEPTH = (0.35, -0.2)  # how far one unit of depth goes right and up
FLOOR = 285  # where the boxes stand
NETS = [  # name, year, net, side of its image; left end, gaps, left end of the words
    ("LeNet", 1998, lenet, 28, 4, 5, 4),
    ("AlexNet", 2012, alexnet, 224, 105, 12, 280),
]
WIDTH, HEIGHT = 760, 350


def draw() -> str:
    """Return the drawing as SVG, to be put into a page."""
    parts, words = [], []
    for name, year, make_net, side, left, gap, label in NETS:
        net = trace(make_net(), (1, 1, side, side))
        parts += boxes(net, left, gap)
        size = f"{net.parameters:,} parameters"
        words.append(f"{name}: {size}")
        place = f'<text x="{label}" y="'
        parts.append(f'{place}{FLOOR + 28}" class="net-name">{name}, {year}</text>')
        parts.append(f'{place}{FLOOR + 54}">{size}</text>')
    described = f"Both nets drawn to one scale. {'; '.join(words)}."
    return (
        f'<svg class="nets" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{described}">\n' + "\n".join(parts) + "\n</svg>\n"
    )


def boxes(net: Trace, left: float, gap: float) -> Iterator[str]:
    """Yield the outputs of a net from left to right, each as an SVG path of a box."""
    outputs = [("input", net.input_shape)]
    outputs += [
        (KINDS[row.layer], row.output_shape) for row in net.rows if row.layer in KINDS
    ]
    tallest = outputs[0][1][-1]
    for kind, shape in outputs:
        side = shape[-1] if len(shape) == 4 else math.sqrt(shape[-1])
        width = max(THIN, THICKNESS * shape[1]) if len(shape) == 4 else THIN
        yield box(kind, left, FLOOR - (tallest - side) / 2, width, side)
        left += width + DEPTH[0] * side + gap


def box(kind: str, x: float, y: float, width: float, side: float) -> str:
    """Return a box whose front's lower left corner is (x, y): front, top and right."""
    right, up = (part * side for part in DEPTH)
    front = f"M{x:.1f} {y:.1f}h{width:.1f}v{-side:.1f}h{-width:.1f}z"
    top = f"M{x:.1f} {y - side:.1f}l{right:.1f} {up:.1f}h{width:.1f}"
    top += f"l{-right:.1f} {-up:.1f}z"
    end = f"M{x + width:.1f} {y:.1f}l{right:.1f} {up:.1f}v{-side:.1f}"
    end += f"l{-right:.1f} {-up:.1f}z"
    paths = "".join(f'<path d="{side}"/>' for side in (front, top, end))
    return f'<g class="net-{kind}">{paths}</g>'


def preview(svg: str) -> bytes:
    """Return a page with the drawing and the book's title as PNG, 1200 by 630."""
    style = (ROOT / "web" / "static" / "book.css").read_text("utf-8")
    page_style = """
      :root { --pst-color-background: #fff; --pst-color-text-base: #1f2430;
        --pst-color-text-muted: #5b6270; }
      body { margin: 40px 60px; font-family: sans-serif; }
      h1 { margin: 0; font-size: 60px; }
    """
    html = (
        f"<html><style>{style}{page_style}</style>"
        f"<h1>From LeNet to AlexNet</h1>{svg}</html>"
    )
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1200, "height": 630})
        page.set_content(html)
        return page.screenshot()


if __name__ == "__main__":
    TARGET.write_text(draw(), encoding="utf-8")
    PREVIEW.write_bytes(preview(draw()))
