"""Edges of photographs, of colours and of a volume, beside scikit-image's.

`fieldgrad.canny` takes scikit-image's call and gives its pixels; the middle picture shows where the two differ. It
also sees colours that are equally bright and works in three dimensions; `fieldgrad.canny_contours` puts the same edges
between the pixels.
"""

from pathlib import Path

import numpy as np
from skimage import data, feature, util

import fieldgrad as fg

from ._style import new_figure, save
from ._timing import Timing, compare

SIGMA = 2


def main(out: Path) -> list[Timing]:
    photo = util.img_as_float(data.camera())
    ours, theirs = fg.canny(photo, SIGMA), feature.canny(photo, SIGMA)
    print(f"  pixels that differ from scikit-image's: {np.count_nonzero(ours != theirs)} of {photo.size}")

    figure = new_figure("Edges", 13, 8.4)
    panels = figure.subplots(2, 3)
    for axes, picture, title in (
        (panels[0, 0], theirs, "skimage.feature.canny"),
        (panels[0, 1], ours ^ theirs, "pixels that differ"),
        (panels[0, 2], ours, "fieldgrad.canny"),
    ):
        axes.imshow(picture, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
        axes.set(title=title, xticks=[], yticks=[])
    draw_colour(panels[1, 0])
    draw_volume(panels[1, 1])
    draw_contours(panels[1, 2])
    save(figure, out / "edges.png")

    job = f"{photo.shape[0]} x {photo.shape[1]} photograph"
    return [compare(f"canny, {job}", "skimage", feature.canny, fg.canny, photo)]


def draw_colour(axes):
    """Where the colour changes but the brightness does not, grey has no edge."""
    photo = util.img_as_float(data.coffee())[200:400, 300:540]
    grey = fg.canny(photo.mean(-1), SIGMA)
    colour = fg.canny(photo / np.sqrt(3), SIGMA, channel_axis=-1)
    axes.imshow(photo)
    picture = np.zeros((*grey.shape, 4))
    picture[colour & ~grey] = (1, 0, 1, 1)
    picture[grey] = (0, 1, 1, 1)
    axes.imshow(picture, interpolation="nearest")
    axes.set(title="edges of grey (cyan), of colour besides (magenta)", xticks=[], yticks=[])


def draw_volume(axes):
    """The surface of noisy blobs, cut in the middle."""
    blobs = data.binary_blobs(64, n_dim=3, blob_size_fraction=0.25, volume_fraction=0.4, rng=2)
    volume = blobs + 0.5 * np.random.default_rng(0).standard_normal(blobs.shape)
    surface = fg.canny(volume, 1.5, thresholds="otsu")
    axes.imshow(volume[32], cmap="gray")
    axes.imshow(np.ma.masked_equal(surface[32], 0), cmap="autumn", interpolation="nearest")
    axes.set(title="one slice of a 3-D surface in noise", xticks=[], yticks=[])


def draw_contours(axes):
    """Sub-pixel contours of coins, with every fourth normal."""
    coins = util.img_as_float(data.coins())
    axes.imshow(coins, cmap="gray", interpolation="nearest")
    for contour in fg.canny_contours(coins, SIGMA):
        y, x = contour.points.T
        axes.plot(x, y, color="tab:orange", lw=1.5)
        axes.quiver(x[::4], y[::4], *contour.normals[::4, ::-1].T, angles="xy", scale=25, width=0.004, color="tab:cyan")
    axes.set(title="contours between the pixels", xlim=(25, 105), ylim=(90, 20), xticks=[], yticks=[])
