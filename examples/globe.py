"""Hills, hollows and passes on a drum and on a globe: also where the coordinates of the grid have a pole.

The drum is a sum of two of its modes, on a polar grid. The globe has the angular part of the orbital f(xyz), which has
the symmetry of a cube, tilted at random: where its extrema and passes are is known, and that its poles are nothing
special is what the table has to show.
"""

from pathlib import Path

import numpy as np
from scipy.optimize import brentq
from scipy.special import j0, j1, jn_zeros, jvp

import fieldgrad as fg

from ._style import draw_critical_points, new_figure, save
from ._timing import Timing

NAMES = "hollow", "pass", "hill"
TILT = 0.7  # of the mode with one nodal diameter
RADIAL, ACROSS = jn_zeros(0, 3)[2], jn_zeros(1, 1)[0]  # wave numbers of modes that are zero at the rim


# ---- the drum ----------------------------------------------------------------------------------------------


def drum(rings: int = 48) -> tuple[fg.Grid, np.ndarray]:
    r, theta = np.linspace(0, 1, rings), np.linspace(0, 2 * np.pi, 3 * rings, endpoint=False)
    return fg.Grid.polar(r, theta), height(r[:, np.newaxis], theta)


def height(r, theta):
    return j0(RADIAL * r) + TILT * j1(ACROSS * r) * np.cos(theta)


def on_the_axis() -> np.ndarray:
    """Where the drum is level on its axis of symmetry: all there is, for elsewhere it has a slope around the centre."""

    def slope(x):
        return -RADIAL * j1(RADIAL * x) + TILT * ACROSS * jvp(1, ACROSS * x)

    x = np.linspace(-1, 1, 1000)
    changes = np.flatnonzero(slope(x[:-1]) * slope(x[1:]) < 0)
    return np.array([brentq(slope, x[k], x[k + 1], xtol=1e-14) for k in changes])


def flat(points: np.ndarray) -> np.ndarray:
    """Polar coordinates as x and y."""
    r, theta = points.T
    return np.stack([r * np.cos(theta), r * np.sin(theta)], axis=1)


# ---- the globe ---------------------------------------------------------------------------------------------

AXES = np.linalg.qr(np.random.default_rng(4).standard_normal((3, 3)))[0]  # of the cube, in rows
FACES, CORNERS = np.concatenate([AXES, -AXES]), np.array(np.meshgrid(*[(-1, 1)] * 3)).reshape(3, 8).T @ AXES / 3**0.5


def globe(step: float = 3.0) -> tuple[fg.Grid, np.ndarray]:
    lat, lon = np.arange(-90, 90 + step, step), np.arange(0, 360, step)
    grid = fg.Grid.geographic(lat, lon, radius=1)
    directions = in_space(np.stack(np.meshgrid(lat, lon, indexing="ij"), axis=-1))
    return grid, np.prod(directions @ AXES.T, axis=-1)


def in_space(points: np.ndarray) -> np.ndarray:
    lat, lon = np.moveaxis(np.radians(points), -1, 0)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def from_above(lat, lon) -> tuple[np.ndarray, np.ndarray]:
    """The northern hemisphere around its pole: distances from it are right."""
    return (90 - lat) * np.cos(np.radians(lon)), (90 - lat) * np.sin(np.radians(lon))


# ---- both --------------------------------------------------------------------------------------------------


def main(out: Path) -> list[Timing]:
    on_drum, on_globe = fg.critical_points(*reversed(drum())), fg.critical_points(*reversed(globe()))
    for where, points in (("drum", on_drum), ("globe", on_globe)):
        counts = ", ".join(f"{(points.index == k).sum()} x {name}" for k, name in enumerate(NAMES))
        print(f"  {where}: {counts}; index sum {points.euler[0]}, Euler characteristic {points.euler[1]}")
    distance = np.abs(flat(on_drum.points)[:, np.newaxis] - [[x, 0] for x in on_the_axis()]).max(axis=2)
    print(f"  drum, off the roots by {distance.min(axis=1).max():.1e} of the radius at most")
    known = np.concatenate([FACES, CORNERS])
    distance = np.linalg.norm(in_space(on_globe.points)[:, np.newaxis] - known, axis=2)
    print(f"  globe, off the cube by {np.degrees(distance.min(axis=1).max()):.1e}° at most")
    draw(on_drum, on_globe, out / "globe.png")
    return []


def draw(on_drum: fg.CriticalPoints, on_globe: fg.CriticalPoints, path: Path) -> None:
    figure = new_figure("Every hill, hollow and pass, through the poles", 12, 4.2)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1.9, 1))
    grid, f = drum()
    r, theta = grid.coords
    around = np.append(theta, 2 * np.pi)
    closed = np.concatenate([f, f[:, :1]], axis=1)
    left.contourf(r[:, np.newaxis] * np.cos(around), r[:, np.newaxis] * np.sin(around), closed, 24, cmap="RdBu_r")
    draw_critical_points(left, on_drum, flat(on_drum.points), NAMES)
    left.set(title="a drum, polar grid", aspect="equal")

    grid, f = globe()
    lat, lon = grid.coords
    levels = np.linspace(-0.2, 0.2, 25)
    middle.contourf(lon, lat, f, levels, cmap="RdBu_r")
    draw_critical_points(middle, on_globe, on_globe.points[:, ::-1], NAMES)
    middle.set(title="a globe", xlabel="longitude (°)", ylabel="latitude (°)")
    north, every = lat >= 0, np.append(lon, 360)
    closed = np.concatenate([f, f[:, :1]], axis=1)[north]
    right.contourf(*from_above(lat[north, np.newaxis], every), closed, levels, cmap="RdBu_r")
    there = on_globe[on_globe.points[:, 0] >= 0]
    draw_critical_points(right, there, np.stack(from_above(*there.points.T), axis=1), NAMES)
    right.set(title="its northern half", aspect="equal")
    for axes in (left, right):
        axes.set_axis_off()
    save(figure, path)
