"""Geostrophic wind on the globe, from the height of a pressure surface: across the date line and the poles.

The wind blows along lines of equal height, v = g / f  k × ∇z. The field is the sum of a belt of westerlies and of
planetary waves of known streamfunction, so that the wind and its vorticity are known, too.
"""

from pathlib import Path

import numpy as np

import fieldgrad as fg

from ._style import new_figure, save
from ._timing import Timing, compare

RADIUS, GRAVITY, ROTATION = 6371008.8, 9.80665, 7.2921e-5  # m, m/s², 1/s
ZONAL, CROSS, WAVES = 1.5e8, 6e7, 4e7  # m²/s: streamfunctions of the belt, of a flow across the poles, of waves


def globe(step: float = 1.0) -> tuple[fg.Grid, np.ndarray, np.ndarray]:
    """A grid, the streamfunction, and its Laplacian by the formula: the vorticity."""
    lat, lon = np.arange(-90, 90 + step, step), np.arange(-180, 180, step)
    grid = fg.Grid.geographic(lat, lon)
    y, x = np.radians(lat)[:, None], np.radians(lon)
    belt, across = -ZONAL * np.sin(y), CROSS * np.sin(y) * np.cos(y) * np.cos(x)  # harmonics of degree 1 and 2
    waves = WAVES * np.sin(y) * np.cos(y) ** 4 * np.cos(4 * x)  # and 5
    return grid, belt + across + waves, -(2 * belt + 6 * across + 30 * waves) / RADIUS**2


def wind(psi: np.ndarray, grid: fg.Grid, accuracy: int = 4) -> np.ndarray:
    """Northward and eastward: k × ∇ψ."""
    north, east = fg.gradient(psi, grid, accuracy=accuracy)
    return np.array([east, -north])


def main(out: Path) -> list[Timing]:
    grid, psi, vorticity = globe()
    v = wind(psi, grid)
    found = fg.curl(v, grid, accuracy=4)
    speed, divergence, largest = np.hypot(*v), fg.divergence(v, grid, accuracy=4), np.abs(vorticity).max()
    pole = speed[-1]
    print(f"  strongest wind {speed.max():.1f} m/s; at the north pole {pole.min():.4f} ... {pole.max():.4f}")
    print(f"  vorticity against the formula: {np.abs(found - vorticity).max() / largest:.1e} of the largest")
    print(f"  divergence, which is zero: {np.abs(divergence).max() / largest:.1e}")
    draw(grid, v, found, out / "wind.png")

    def by_hand(psi, lat, lon):
        y = np.radians(lat)[:, None]
        north, east = np.gradient(psi, RADIUS * np.radians(lat), np.radians(lon))
        with np.errstate(divide="ignore", invalid="ignore"):  # poles are lost, and the seam is an edge
            return np.array([north, east / (RADIUS * np.cos(y))])

    fine, psi, _ = globe(0.25)
    job = f"gradient, globe, {psi.shape[0]} x {psi.shape[1]}"
    return [compare(job, "numpy", lambda f: by_hand(f, *fine.coords), lambda f: fg.gradient(f, fine), psi)]


def draw(grid: fg.Grid, v: np.ndarray, vorticity: np.ndarray, path: Path) -> None:
    lat, lon = grid.coords
    figure = new_figure("Geostrophic wind and its vorticity", 9, 3.6)
    axes = figure.add_subplot(1, 3, (1, 2), title="vorticity and wind", xlabel="longitude", ylabel="latitude")
    axes.pcolormesh(lon, lat, vorticity, cmap="RdBu_r", rasterized=True)
    some = np.s_[::10, ::10]
    axes.quiver(lon[::10], lat[::10], v[1][some], v[0][some], pivot="mid", scale=1200, width=0.002)
    pole = figure.add_subplot(1, 3, 3, aspect="equal", title="north of 50°: no hole at the pole")
    rows = lat >= 50
    angle, distance = np.radians(np.append(lon, lon[0] + 360)), 90 - lat[rows]
    x, y = distance[:, None] * np.sin(angle), -distance[:, None] * np.cos(angle)
    speed = np.hypot(*v)[rows]
    picture = pole.pcolormesh(x, y, np.concatenate([speed, speed[:, :1]], axis=1), shading="gouraud")
    pole.set_axis_off()
    figure.colorbar(picture, ax=pole, label="wind (m/s)", location="bottom")
    save(figure, path)
