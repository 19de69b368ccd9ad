"""The same jobs with other libraries, as their users write them."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from importlib.util import find_spec
from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from .job import Job


class Rival(NamedTuple):
    call: Callable[[], Any]
    margin: int = 0  # samples at each end where its formulas are others
    same: bool = True  # False: another operator for the same purpose


def numpy(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    components = {"periodic": _rolled, "reflect": _padded}.get(job.options.get("boundary"), _gradient)
    edge_order = job.options.get("edge_order", 1)

    def gradient():
        return components(f, spacing, edge_order)

    def magnitude():
        return np.sqrt(reduce(add, (g * g for g in gradient())))

    def normals():
        components = gradient()
        length = np.sqrt(reduce(add, (g * g for g in components)))
        return [g / length for g in components]

    return Rival({"gradient": gradient, "gradient_magnitude": magnitude, "normals": normals}[job.function])


def _gradient(f, spacing, edge_order):
    return np.gradient(f, *spacing, edge_order=edge_order)


def _rolled(f, spacing, edge_order):
    return [(np.roll(f, -1, k) - np.roll(f, 1, k)) / 2 for k in range(f.ndim)]


def _padded(f, spacing, edge_order):
    p = np.pad(f, 1, mode="symmetric")
    return [(p[2:, 1:-1] - p[:-2, 1:-1]) / 2, (p[1:-1, 2:] - p[1:-1, :-2]) / 2]


def findiff(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    from findiff import Diff

    accuracy = job.options.get("accuracy", 2)
    operators = [Diff(k, 1.0, acc=accuracy) for k in range(f.ndim)]
    margin = 0 if job.options.get("edge_order") == accuracy == 2 else accuracy
    return Rival(lambda: [operator(f) for operator in operators], margin)


def scipy(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    from scipy.ndimage import correlate1d

    def magnitude():
        gy, gx = (correlate1d(f, [-0.5, 0, 0.5], k, mode=job.options["boundary"]) for k in range(2))
        return np.sqrt(gy * gy + gx * gx)

    return Rival(magnitude)


def opencv(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    import cv2

    def magnitude():
        gx, gy = (
            cv2.Sobel(f, cv2.CV_32F, *order, ksize=1, scale=0.5, borderType=cv2.BORDER_REFLECT)
            for order in ((1, 0), (0, 1))
        )
        return cv2.magnitude(gx, gy)

    return Rival(magnitude)


def scikit_image(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    from skimage.filters import sobel

    return Rival(lambda: sobel(f, mode="reflect"), same=False)


#: What a rival needs installed, if it has another name.
MODULES = {
    "opencv": "cv2",
    "py_pde": "pde",
    "sparse": "scipy",
    "matvec": "fieldgrad",
    "scikit_image": "skimage",
    "one_worker": "fieldgrad",
    "make_interp_spline": "scipy",
    "spline_filter": "scipy",
    "map_coordinates": "scipy",
    "NdBSpline": "scipy",
}


def installed(rival) -> bool:
    name = rival.__name__
    return find_spec(MODULES.get(name, name)) is not None
