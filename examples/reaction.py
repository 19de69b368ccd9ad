"""Minima and transition states of an energy surface, that of Müller and Brown.

`fieldgrad.critical_points` finds every point of the spline through the samples and proves that there is no other. Its
minima are the stable states, its saddles what a reaction has to pass; both are compared with the literature.
"""

from pathlib import Path

import numpy as np

import fieldgrad as fg

from ._style import draw_critical_points, draw_directions, new_figure, save
from ._timing import Timing

# K. Müller, L. D. Brown, "Location of saddle points and minimum energy paths by a constrained simplex optimization
# procedure", Theor. Chim. Acta 53 (1979) 75-93: the surface, and its points to three decimals.
TERMS = (
    (-200, -1, 0, -10, 1, 0),
    (-100, -1, 0, -10, 0, 0.5),
    (-170, -6.5, 11, -6.5, -0.5, 1.5),
    (15, 0.7, 0.6, 0.7, -1, 1),
)
LITERATURE = (
    ("minimum", (-0.558, 1.442), -146.700),
    ("minimum", (0.623, 0.028), -108.167),
    ("minimum", (-0.050, 0.467), -80.768),
    ("saddle", (0.212, 0.293), -72.249),
    ("saddle", (-0.822, 0.624), -40.665),
)
X, Y = np.linspace(-1.6, 1.2, 281), np.linspace(-0.3, 2.0, 231)


def energy(x, y):
    return sum(
        scale * np.exp(a * (x - p) ** 2 + b * (x - p) * (y - q) + c * (y - q) ** 2) for scale, a, b, c, p, q in TERMS
    )


def find() -> fg.CriticalPoints:
    return fg.critical_points(energy(X[:, np.newaxis], Y), X, Y)


def main(out: Path) -> list[Timing]:
    points = find()
    for point, (kind, place, value) in zip(points, LITERATURE, strict=True):
        (x, y), e = point.points[0], point.values[0]
        print(f"  {kind:<7} ({x:6.3f}, {y:5.3f})  energy {e:8.3f}, literature {place} {value:.3f}")
    draw(points, out / "reaction.png")
    return []


def draw(points, path):
    figure = new_figure("Energy of Müller and Brown: stable states and transition states", 7, 5.6)
    axes = figure.subplots()
    surface = energy(X[:, np.newaxis], Y)
    lines = axes.contour(X, Y, surface.T, np.arange(-140, 101, 15), cmap="viridis", linewidths=0.8)
    figure.colorbar(lines, ax=axes, label="energy", shrink=0.85)
    x, y = X[5::12], Y[5::12]
    draw_directions(axes, x, y, -fg.gradient(surface, X, Y)[:, 5::12, 5::12])
    draw_critical_points(axes, points)
    axes.set(title="Arrows: the force, −∇E", xlabel="x", ylabel="y", aspect="equal")
    save(figure, path)
