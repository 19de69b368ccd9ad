"""How the pictures look, and how they get to disk."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from fieldgrad import CriticalPoints

KINDS = "minimum", "saddle", "maximum"
#: Of indices, by how many there are.
COLOURS = {3: ("tab:blue", "tab:green", "tab:red"), 4: ("tab:blue", "tab:orange", "tab:green", "tab:red")}

rcParams.update({
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "figure.titlesize": 12,
    "figure.titleweight": "bold",
    "figure.dpi": 150,
    "lines.linewidth": 1.8,
})


def new_figure(title: str, width: float, height: float) -> Figure:
    """An empty figure, in inches; it belongs to no window, so it needs no display."""
    figure = Figure(figsize=(width, height), layout="compressed")
    figure.suptitle(title)
    return figure


def draw_critical_points(axes: Axes, points: CriticalPoints, places=None, names: Sequence[str] = KINDS) -> None:
    """Mark each kind in its colour, and name it in a legend.

    `places` are x and y, (n, 2), if they are not the coordinates; `names` those of indices 0, 1 and so on.
    """
    places = points.points if places is None else places
    for index, (name, colour) in enumerate(zip(names, COLOURS[len(names)], strict=True)):
        x, y = places[points.index == index].T
        if len(x):
            axes.plot(x, y, "o", color=colour, ms=6, mec="white", mew=0.8, ls="", label=f"{name} ({len(x)})", zorder=4)
    axes.legend(loc="best", framealpha=0.9)


def draw_directions(axes: Axes, x, y, vectors) -> None:
    """Arrows of one length at points of a grid: vectors (2, len(x), len(y)), components along x and y."""
    length = np.hypot(*vectors)
    unit = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    size = {"units": "inches", "scale": 7, "width": 0.012}
    axes.quiver(x, y, *unit.transpose(0, 2, 1), color="0.55", pivot="mid", **size, zorder=3)


def save(figure: Figure, path: Path) -> None:
    """Write a picture; nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    figure.savefig(unfinished, format="png", bbox_inches="tight")
    unfinished.replace(path)


def save_small(picture: Path, path: Path, width: int) -> None:
    """Write a picture again, `width` pixels wide and in 256 colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with Image.open(picture) as image:
        height = round(width * image.height / image.width)
        small = image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    small = small.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=1)  # keeps colour bars
    small.save(unfinished, format="png", optimize=True)
    unfinished.replace(path)
