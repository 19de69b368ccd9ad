"""Peaks and passes of a landscape, by prominence.

Measured elevations are full of critical points. With ``method="linear"`` `fieldgrad.critical_points` takes the samples
as they are and pairs every peak with the pass that one has to go down to for higher ground: the difference is its
prominence. What is beyond the edge of the map counts as higher, for nobody knows.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.cbook import get_sample_data

import fieldgrad as fg

from ._style import draw_critical_points, draw_directions, new_figure, save
from ._timing import Timing
from .terrain import EARTH_RADIUS

PROMINENCE = 80  # m
CROSS_MOUNTAIN = 36.1983, -84.2306, 1077  # the highest one around: degrees north and east, m; as maps have it


class Land(NamedTuple):
    elevation: np.ndarray  # m; rows go south, columns east
    latitude: np.ndarray  # degrees, of rows
    longitude: np.ndarray  # degrees, of columns


def land() -> Land:
    """The Jacksboro fault, Tennessee; from SRTM, comes with matplotlib."""
    with get_sample_data("jacksboro_fault_dem.npz") as sample:
        z = sample["elevation"].astype(float)
        rows, columns = (np.arange(n) + 0.5 for n in z.shape)
        return Land(z, sample["ymax"] - rows * sample["dy"], sample["xmin"] + columns * sample["dx"])


def find(some: Land) -> fg.CriticalPoints:
    return fg.critical_points(some.elevation, some.latitude, some.longitude, method="linear", persistence=True)


def main(out: Path) -> list[Timing]:
    some = land()
    points = find(some)
    prominent = points.by_persistence(PROMINENCE)
    print(f"  {len(points)} critical samples, {len(prominent)} stand out by {PROMINENCE} m; the highest peaks:")
    peaks = prominent.maxima
    for peak in [peaks[k] for k in np.argsort(-peaks.values)[:5]]:
        (latitude, longitude), height, gap = peak.points[0], peak.values[0], peak.persistence[0]
        print(f"  {latitude:.3f}° N {-longitude:.3f}° W  {height:.0f} m, {gap:.0f} m above its pass")
    latitude, longitude, height = CROSS_MOUNTAIN
    print(f"  on maps the highest is Cross Mountain, {latitude:.3f}° N {-longitude:.3f}° W, {height} m")
    draw(some, prominent, out / "summits.png")
    return []


def draw(some, points, path):
    figure = new_figure(f"Peaks, passes and hollows that stand out by {PROMINENCE} m", 8.6, 7)
    axes = figure.subplots()
    x, y = some.longitude, some.latitude
    image = axes.pcolormesh(x, y, some.elevation, cmap="gist_earth", vmin=0, vmax=1300, shading="nearest")
    figure.colorbar(image, ax=axes, label="elevation (m)", shrink=0.85)
    axes.contour(x, y, some.elevation, np.arange(300, 1100, 100), colors="black", linewidths=0.3)
    metre = 1 / (EARTH_RADIUS * np.radians([1, np.cos(np.radians(y.mean()))]))  # in degrees, north and east
    steps = np.array([y[0] - y[1], x[1] - x[0]]) / metre
    south, east = fg.gaussian_gradient(some.elevation, 500, spacing=steps)
    draw_directions(axes, x[8::18], y[8::18], np.stack([east.T, -south.T])[:, 8::18, 8::18])
    draw_critical_points(axes, points, points.points[:, ::-1], names=("hollow", "pass", "peak"))
    axes.set(title="Arrows: uphill, smoothed over 500 m", xlabel="longitude (°)", ylabel="latitude (°)")
    axes.set_aspect(metre[1] / metre[0])
    save(figure, path)
