"""Depth from normals: a landscape from the directions that its surface faces, as photometric stereo gives them.

Normals know slopes, not heights; `potential` finds the surface whose slopes they are, up to a constant, and around
places where there are none.
"""

from pathlib import Path

import numpy as np
from matplotlib import cbook

import fieldgrad as fg

from ._style import new_figure, save
from ._timing import Timing

METRES = 111_195.0  # in a degree


def landscape() -> tuple[np.ndarray, tuple[float, float]]:
    """Heights, and the distances of samples along both axes, in metres."""
    with cbook.get_sample_data("jacksboro_fault_dem.npz") as data:
        height = data["elevation"].astype(float)
        dy, dx = data["dy"] * METRES, data["dx"] * METRES * np.cos(np.radians(36.4))
    return height, (float(dy), float(dx))


def normals_of(height: np.ndarray, spacing: tuple[float, float]) -> np.ndarray:
    """Unit vectors out of the ground: components along both axes, and upwards."""
    slopes = fg.gradient(height, *spacing, edge_order=2)
    normals = np.concatenate([-slopes, np.ones((1, *height.shape))])
    return normals / np.sqrt((normals**2).sum(axis=0))


def depth_from(normals: np.ndarray, spacing: tuple[float, float], mean: float, seen: np.ndarray | None = None):
    slopes = -normals[:2] / normals[2]
    return fg.potential(slopes, *spacing, edge_order=2, reference=mean, where=seen, return_info=True)


def main(out: Path) -> list[Timing]:
    height, spacing = landscape()
    normals = normals_of(height, spacing)
    found, info = depth_from(normals, spacing, height.mean())
    print(f"  heights {height.min():.0f} ... {height.max():.0f} m, found again to {np.abs(found - height).max():.1e} m")
    noisy = normals + 0.05 * np.random.default_rng(0).standard_normal(normals.shape)
    rough, info = depth_from(noisy, spacing, height.mean())
    error = np.sqrt(np.mean((rough - height) ** 2))
    print(f"  with 5 % of noise in the normals: {error:.1f} m rms; {info.residual:.0%} of the slopes fit no surface")

    figure = new_figure("Depth from normals", 9, 3.2)
    for k, (title, picture, cmap) in enumerate((
        ("normals (noisy)", np.clip((noisy.transpose(1, 2, 0) + 1) / 2, 0, 1), None),
        ("depth from them", rough, "terrain"),
        ("the landscape", height, "terrain"),
    )):
        axes = figure.add_subplot(1, 3, k + 1, title=title)
        axes.imshow(picture, cmap=cmap)
        axes.set_axis_off()
    save(figure, out / "relief.png")
    return []
