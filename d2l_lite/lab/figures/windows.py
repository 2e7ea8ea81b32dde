"""Windows drawn: their places in a row of pixels, and what those of two nets see."""

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from d2l_lite.colours import BLUE, CARD, FAINT, INK, RED
from d2l_lite.draw import figure, show


def draw_places(n: int, k: int, s: int, p: int) -> None:
    """Draw every place of a window of k on n pixels with padding p, in steps of s.

    Above stand the pixels, the padding dashed; below, a row a place. What no window
    reaches is red.
    """
    places = (n + 2 * p - k) // s + 1
    reached = (places - 1) * s + k
    drawing, axes = figure(0.32 * (places + 3))
    for i in range(n + 2 * p):
        is_padding = not p <= i < p + n
        text = "0" if is_padding else str(i - p + 1)
        colour = RED if i >= reached else FAINT if is_padding else INK
        square(axes, i, 0, 1, colour, fill=CARD, dashed=is_padding)
        axes.text(i + 0.5, 0.4, text, ha="center", va="center", color=colour)
    for place in range(places):
        square(axes, place * s, place + 1.3, k, BLUE, fill="#d5e3f1")
        axes.text(place * s + k / 2, place + 1.7, f"place {place + 1}", color=BLUE,
                  ha="center", va="center", size=9)  # fmt: skip
    if reached < n + 2 * p:
        axes.text(n + 2 * p, 1.6, "never looked at", color=RED, ha="right", va="center")
    axes.set(xlim=(-0.1, n + 2 * p + 0.1), ylim=(places + 1.4, -0.1))
    axes.axis("off")
    show(drawing)


def draw_fields(image: Tensor, nets: dict[str, tuple[float, float]]) -> None:
    """Draw, on a (28, 28) image, what a net's first window and its last maps see.

    nets gives both sides in pixels of the image.
    """
    drawing, grid = figure(3.4, 1, len(nets), squeeze=False)
    for axes, (name, sides) in zip(grid.flat, nets.items()):
        axes.imshow(image.numpy(), cmap="gray", extent=(0, 28, 28, 0))
        colour = "#ff9d5c" if name == "AlexNet" else "white"  # on black
        for side in sides:
            corner = 14 - side / 2
            square(axes, corner, corner, side, colour, height=side)
        first, last = (f"{round(side, 1):g}" for side in sides)
        axes.set_title(f"{name}\nfirst {first}, last {last} pixels", size=10)
        axes.axis("off")
    show(drawing)


def square(
    axes: Axes, x: float, y: float, width: float, colour: str, *,
    height: float = 0.8, fill: str = "none", dashed: bool = False,
) -> None:  # fmt: skip
    """One rectangle, by its upper left corner."""
    style = {"edgecolor": colour, "facecolor": fill, "ls": "--" if dashed else "-"}
    axes.add_patch(Rectangle((x, y), width, height, lw=1.5, **style))
