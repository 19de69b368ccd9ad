"""A level surface in three dimensions and its normals.

The gyroid is a level set of a periodic field, here sampled with another step along each axis and triangulated
by scikit-image's marching cubes. Its normals are those of the field, from `fieldgrad.normals`, interpolated
at the vertices. The exact ones are known: with `accuracy` the error falls, down to that of the interpolation.
"""

from pathlib import Path

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from mpl_toolkits.mplot3d.art3d import Poly3DCollection
from numpy import cos, sin
from scipy.ndimage import map_coordinates
from skimage.measure import marching_cubes

import fieldgrad as fg

from ._style import new_figure, save
from ._timing import Timing, compare, numpy_normals

SHAPE = 48, 64, 96  # samples of one period
STEPS = 2 * np.pi / np.array(SHAPE)


def field(x, y, z):
    return sin(x) * cos(y) + sin(y) * cos(z) + sin(z) * cos(x)


def exact_normals(x, y, z):
    gradient = np.stack([
        cos(x) * cos(y) - sin(z) * sin(x),
        cos(y) * cos(z) - sin(x) * sin(y),
        cos(z) * cos(x) - sin(y) * sin(z),
    ])
    return gradient / np.linalg.norm(gradient, axis=0)


def at_points(vectors, points):
    """Unit vectors on the periodic grid, interpolated at points (m, 3) counted in steps."""
    found = np.stack([map_coordinates(v, points.T, order=5, mode="grid-wrap") for v in vectors])
    return found / np.linalg.norm(found, axis=0)


def main(out: Path) -> list[Timing]:
    phi = field(*(h * i for h, i in zip(STEPS, np.indices(SHAPE), strict=True)))
    across_the_seam = np.pad(phi, (0, 1), mode="wrap")
    vertices, triangles, _, _ = marching_cubes(across_the_seam, level=0.0)  # vertices in steps
    vertices = vertices.astype(float)
    exact = exact_normals(*(STEPS * vertices).T)

    grid = fg.Grid.cartesian(*STEPS, shape=SHAPE, periodic=True)
    angles = {}
    for accuracy in (2, 4, 6):
        normals = at_points(fg.normals(phi, grid, accuracy=accuracy), vertices)
        sine = np.linalg.norm(np.cross(normals, exact, axis=0), axis=0)
        angles[accuracy] = np.degrees(np.arcsin(sine))
        print(f"  accuracy={accuracy}: largest angle to the exact normals {angles[accuracy].max():.1e}°")

    draw(STEPS * vertices[triangles], normals.T[triangles].mean(axis=1), angles, out / "level_surface.png")
    job = f"normals, {' x '.join(map(str, SHAPE))} gyroid"
    return [compare(job, "numpy", numpy_normals, fg.normals, phi, *STEPS)]


def draw(corners, normals, angles, path):
    figure = new_figure("A gyroid, shaded by the normals of its field", 11, 4.8)
    left = figure.add_subplot(1, 2, 1, projection="3d")
    right = figure.add_subplot(1, 2, 2)

    palette = ScalarMappable(Normalize(-1, 1), "coolwarm")
    colours = palette.to_rgba(normals[:, 2])
    light = np.array([0.3, -0.6, 0.74])
    colours[:, :3] *= (0.45 + 0.55 * np.abs(normals @ light))[:, None]
    left.add_collection3d(Poly3DCollection(corners, facecolors=colours, edgecolors=colours, linewidths=0.2))
    ends, names = (0, np.pi, 2 * np.pi), ("0", "π", "2π")
    for axis in "xyz":
        left.set(**{f"{axis}lim": (0, 2 * np.pi), f"{axis}label": f"{axis} (radians)"})
        left.set(**{f"{axis}ticks": ends, f"{axis}ticklabels": names})
    left.set_box_aspect((1, 1, 1))
    left.set_title("sin x cos y + sin y cos z + sin z cos x = 0")
    figure.colorbar(palette, ax=left, label="z component of the normal", shrink=0.7, pad=0.12)

    for accuracy, angle in angles.items():
        right.plot(np.sort(angle), np.linspace(0, 100, angle.size), label=f"accuracy={accuracy}")
    right.set(xscale="log", xlim=(1e-10, 1), xlabel="angle to the exact normal (°)")
    right.set_ylabel("vertices below this angle (%)")
    right.set_title(f"Error of the normals, {' x '.join(map(str, SHAPE))} samples per period")
    right.grid(alpha=0.3)
    right.legend(loc="upper left")
    save(figure, path)
