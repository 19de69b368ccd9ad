"""Splines with SciPy, as its users write them; and one gradient, the yardstick of what searches a whole field."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from . import ours
from .edge_rivals import one_worker
from .rivals import Rival

if TYPE_CHECKING:
    from .job import Job

__all__ = ["NdBSpline", "make_interp_spline", "map_coordinates", "numpy", "one_worker", "spline_filter"]


def numpy(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    return Rival(partial(np.gradient, f, *spacing), same=False)


def make_interp_spline(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    """Along one axis after the other."""
    from scipy import interpolate

    def coefficients():
        c = f
        for k, n in enumerate(f.shape):
            c = np.moveaxis(interpolate.make_interp_spline(np.arange(float(n)), c, axis=k).c, 0, k)
        return c

    return Rival(coefficients)


def spline_filter(job: Job, f: np.ndarray, spacing: tuple) -> Rival:
    """Its splines have no slope at the ends."""
    from scipy import ndimage

    return Rival(partial(ndimage.spline_filter, f), same=False)


def map_coordinates(job: Job, points: np.ndarray, spacing: tuple) -> Rival:
    """Values alone."""
    from scipy import ndimage

    options = {"mode": "grid-wrap", "prefilter": False}
    return Rival(
        lambda: ndimage.map_coordinates(_coefficients(), ours.SAMPLES * points.T, **options),
        same=job.function is ours.values,
    )


def NdBSpline(job: Job, points: np.ndarray, spacing: tuple) -> Rival:
    """Gradients alone."""
    from scipy import interpolate

    knots = np.arange(-3.0, ours.SAMPLES + 4)
    spline = interpolate.NdBSpline((knots,) * 3, np.pad(_coefficients(), (1, 2), mode="wrap"), 3)
    directions = np.eye(3, dtype=int)
    return Rival(lambda: np.stack([spline(ours.SAMPLES * points, nu=nu) for nu in directions], axis=1))


@cache
def _coefficients():
    from scipy import ndimage

    return ndimage.spline_filter(ours.field_between(), mode="grid-wrap")
