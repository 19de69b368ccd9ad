"""How the pictures look, and how they get to disk."""

from pathlib import Path

from matplotlib import rcParams
from matplotlib.figure import Figure
from PIL import Image

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
