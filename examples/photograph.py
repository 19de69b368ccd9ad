"""The edges of a photograph, beside scikit-image's.

`fieldgrad.gradient_magnitude` takes central differences, (f[i+1] - f[i-1]) / 2, along rows and columns and
returns their Euclidean norm. `skimage.filters.sobel` does not halve the differences, averages three of them
across with weights 1/4, 1/2, 1/4, and returns the root of their mean square. Divided by √2 it is in the same
unit, brightness per pixel, but smoother; like for like is the magnitude spelled out in NumPy.
"""

from pathlib import Path

import numpy as np
from skimage import data, filters, util

import fieldgrad as fg

from ._style import new_figure, save
from ._timing import Timing, compare, numpy_magnitude


def main(out: Path) -> list[Timing]:
    photo = util.img_as_float(data.camera())  # brightness from 0 to 1

    slope = fg.gradient_magnitude(photo)  # brightness per pixel

    sobel = filters.sobel(photo) / np.sqrt(2)
    print(f"  largest difference from NumPy: {np.abs(slope - numpy_magnitude(photo)).max():.1e} per pixel")
    print(f"  correlation with Sobel:        {np.corrcoef(slope.flat, sobel.flat)[0, 1]:.3f}")

    draw(photo, slope, sobel, out / "photograph.png")
    job = f"{photo.shape[0]} x {photo.shape[1]} photograph"
    return [
        compare(f"magnitude, {job}", "numpy", numpy_magnitude, fg.gradient_magnitude, photo),
        compare(f"magnitude, {job}", "skimage sobel*", filters.sobel, fg.gradient_magnitude, photo),
    ]


def draw(photo, slope, sobel, path):
    figure = new_figure("Gradient magnitude of a photograph", 11, 4.7)
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    below = {"orientation": "horizontal", "shrink": 0.8}

    image = panels[0].imshow(photo, cmap="gray", vmin=0, vmax=1)
    figure.colorbar(image, ax=panels[0], label="brightness", **below)
    panels[0].set(title="The photograph\n", xlabel="column (pixel)", ylabel="row (pixel)")
    for axes, values, title in (
        (panels[1], slope, "fieldgrad.gradient_magnitude\ncentral differences"),
        (panels[2], sobel, "skimage.filters.sobel / √2\ncentral differences, averaged across"),
    ):
        image = axes.imshow(values, cmap="magma", vmin=0, vmax=0.25)
        figure.colorbar(image, ax=axes, label="brightness per pixel", extend="max", **below)
        axes.set(title=title, xlabel="column (pixel)")
    save(figure, path)
