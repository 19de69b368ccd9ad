"""Critical points: the reaction paths of an energy surface, the peaks and passes of a landscape.

`fieldgrad.critical_points` finds every point of the spline through the samples and proves it; with ``method="linear"``
it takes noisy data as they are, and `by_persistence` keeps what stands out by so many metres.
"""

from pathlib import Path

import numpy as np
from matplotlib.cbook import get_sample_data

import fieldgrad as fg

from ._style import new_figure, save
from ._timing import Timing

PROMINENCE = 60  # m
COLOURS = {"minimum": "tab:blue", "saddle": "tab:green", "maximum": "tab:red"}


def main(out: Path) -> list[Timing]:
    figure = new_figure("Critical points", 12, 5)
    surface, land = figure.subplots(1, 2)
    draw_surface(surface)
    draw_land(land)
    save(figure, out / "critical.png")
    return []


def draw_surface(axes):
    """Minima and transition states of the surface of Müller and Brown, and which way the energy falls."""
    x, y = np.linspace(-1.6, 1.2, 141), np.linspace(-0.3, 2.0, 116)
    energy = mueller_brown(*np.meshgrid(x, y, indexing="ij"))
    points = fg.critical_points(energy, x, y)
    for kind, some in (("minimum", points.minima), ("transition state", points.saddles)):
        for (a, b), value in zip(some.points, some.values, strict=True):
            print(f"  {kind:<16} ({a:6.3f}, {b:6.3f})  energy {value:9.3f}")
    force = -fg.gradient(energy, x, y)[:, ::8, ::8]
    force /= np.maximum(np.hypot(*force), 1e-300)
    axes.contour(x, y, energy.T, np.arange(-150, 100, 10), colors="0.6", linewidths=0.7)
    axes.quiver(x[::8], y[::8], force[0].T, force[1].T, color="0.8", scale=40, width=0.002)
    mark(axes, points, points.points.T)
    axes.set(title="energy of Müller and Brown: minima and transition states", xlabel="x", ylabel="y")
    axes.legend()


def mueller_brown(x, y):
    """K. Müller, L. D. Brown, Theor. Chim. Acta 53 (1979) 75-93."""
    terms = (
        (-200, -1, 0, -10, 1, 0),
        (-100, -1, 0, -10, 0, 0.5),
        (-170, -6.5, 11, -6.5, -0.5, 1.5),
        (15, 0.7, 0.6, 0.7, -1, 1),
    )
    return sum(
        scale * np.exp(a * (x - p) ** 2 + b * (x - p) * (y - q) + c * (y - q) ** 2) for scale, a, b, c, p, q in terms
    )


def draw_land(axes):
    """Peaks and passes that stand out, by persistence: for peaks that is their prominence."""
    with get_sample_data("jacksboro_fault_dem.npz") as sample:
        z = sample["elevation"].astype(float)  # m
    points = fg.critical_points(z, method="linear", persistence=True)
    some = points.by_persistence(PROMINENCE)
    print(f"  {len(points)} critical samples of the landscape, {len(some)} with a persistence of {PROMINENCE} m")
    axes.imshow(z, cmap="gray")
    mark(axes, some, some.points.T[::-1])
    axes.set(title=f"peaks, passes and hollows that stand out by {PROMINENCE} m", xticks=[], yticks=[])


def mark(axes, points, places):
    for kind, colour in COLOURS.items():
        x, y = places[:, points.kind == kind]
        axes.plot(x, y, "o", color=colour, ms=6, mec="white", mew=0.8, label=kind, ls="")
