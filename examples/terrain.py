"""Mountains lit by the sun, from the normals of their elevation.

`fieldgrad.normals` says which way is uphill, `fieldgrad.gradient_magnitude` how steep it is. Together they
are the normal of the ground, and the light on it is the scalar product with the direction of the sun.
"""

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.cbook import get_sample_data
from matplotlib.colors import LightSource, ListedColormap

import fieldgrad as fg

from ._style import new_figure, save
from ._timing import Timing, compare, numpy_normals

EARTH_RADIUS = 6371008.8  # m
AZIMUTH, ALTITUDE = 315, 35  # of the sun: degrees clockwise from north, degrees above the horizon


def main(out: Path) -> list[Timing]:
    with get_sample_data("jacksboro_fault_dem.npz") as sample:
        z = sample["elevation"].astype(float)  # m; rows go south, columns east
        latitude = np.radians(sample["ymin"] + sample["ymax"]) / 2
        south = EARTH_RADIUS * np.radians(sample["dy"])  # m per row
        east = EARTH_RADIUS * np.radians(sample["dx"]) * np.cos(latitude)  # m per column
    steps = -south, east  # north is positive

    uphill = fg.normals(z, *steps)  # unit vectors (north, east)
    slope = np.arctan(fg.gradient_magnitude(z, *steps))  # radians

    azimuth, altitude = np.radians([AZIMUTH, ALTITUDE])
    facing = np.cos(azimuth) * uphill[0] + np.sin(azimuth) * uphill[1]
    light = np.sin(altitude) * np.cos(slope) - np.cos(altitude) * np.sin(slope) * facing

    check = LightSource(AZIMUTH, ALTITUDE).hillshade(z, dx=east, dy=south)  # stretched to 0..1
    stretched = (light - light.min()) / np.ptp(light)
    print(f"  steps: {south:.1f} m south, {east:.1f} m east")
    print(f"  slope: median {np.degrees(np.median(slope)):.1f}°, maximum {np.degrees(slope.max()):.1f}°")
    print(f"  light: as matplotlib's LightSource has it, but for {np.abs(stretched - check).max():.1e}")

    draw(z, light, np.degrees(slope), south, east, out / "terrain.png")
    job = f"normals, {z.shape[0]} x {z.shape[1]} elevation"
    return [compare(job, "numpy", numpy_normals, fg.normals, z, *steps)]


def draw(z, light, slope, south, east, path):
    figure = new_figure("Jacksboro fault, Tennessee: light and slope from the normals of the ground", 11, 5.2)
    left, right = figure.subplots(1, 2, sharey=True)
    extent = 0, z.shape[1] * east / 1e3, 0, z.shape[0] * south / 1e3

    without_sea = ListedColormap(colormaps["gist_earth"](np.linspace(0.35, 0.95, 256)))
    elevation = left.imshow(z, cmap=without_sea, extent=extent)
    figure.colorbar(elevation, ax=left, label="elevation (m)", shrink=0.85)
    lit = elevation.to_rgba(z)
    lit[..., :3] *= np.clip(0.15 + 0.85 * light / light.max(), 0, 1)[..., None]
    left.imshow(lit, extent=extent)
    left.set(title="Elevation, lit from the north-west", xlabel="east (km)", ylabel="north (km)")

    image = right.imshow(slope, cmap="magma", vmin=0, extent=extent)
    figure.colorbar(image, ax=right, label="slope (°)", shrink=0.85)
    right.set(title="Slope", xlabel="east (km)")
    save(figure, path)
