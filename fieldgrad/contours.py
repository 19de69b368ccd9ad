"""Contours of edges: ordered points between the pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._engine.chains import chain

__all__ = ["Contour"]


class Contour(NamedTuple):
    """A chain of points along an edge, about one pixel from each other.

    Along the chain the brighter side is always to the left, as images are shown (axis 0 downwards): a bright spot
    is walked around anticlockwise.

    Attributes
    ----------
    points : ndarray, (n, 2)
        Index coordinates in the order of the axes; the centre of the first pixel is (0, 0).
    normals : ndarray, (n, 2)
        Unit vectors across the edge, towards its brighter side.
    strength : ndarray, (n,)
        Magnitude of the gradient on the edge.
    closed : bool
        The first point follows the last one, and is not repeated.
    """

    points: np.ndarray
    normals: np.ndarray
    strength: np.ndarray
    closed: bool


def trace(edges: np.ndarray, gradient: np.ndarray, magnitude: np.ndarray) -> list[Contour]:
    """Contours through thinned edge pixels.

    Parameters
    ----------
    edges : ndarray of bool, (rows, columns)
    gradient : ndarray of float32 or float64, (2, rows, columns)
        Component k along axis k, per step of the index.
    magnitude : ndarray of the same type, (rows, columns)
        What has its ridge at the edges.

    Returns
    -------
    list of Contour
        In the order of their first pixels, row by row. Every edge pixel has a point in exactly one of them; two
        pixels beside each other that see the same point of the edge share it.

    Notes
    -----
    Along the normal, between the places where it leaves the 3 x 3 neighbourhood, the *logarithm* of the magnitude is
    a parabola: exactly so across a straight edge under Gaussian smoothing, so its top has no bias. The contour is the
    ridge of the smoothed image. On a curve of radius R that lies nearer to the centre by about sigma²/(2 R), as
    every edge detector that smooths has it [1]_.

    Neighbouring points are then matched as in [2]_: each has at most one successor and one predecessor, and no two
    points would both prefer each other to what they have. What counts is the distance, more so across the edge.

    References
    ----------
    .. [1] P. W. Verbeek, L. J. van Vliet, "On the location error of curved edges in low-pass filtered 2-D and 3-D
       images", IEEE Trans. Pattern Anal. Mach. Intell. 16 (1994) 726-733.
    .. [2] D. Gale, L. S. Shapley, "College admissions and the stability of marriage", American Mathematical Monthly
       69 (1962) 9-15.
    """
    pixels = np.flatnonzero(edges)
    if pixels.size == 0:
        return []
    table, ends, closed = chain(pixels, np.ascontiguousarray(gradient), np.ascontiguousarray(magnitude))
    points, normals, strength = table[:, :2].copy(), table[:, 2:4].copy(), table[:, 4].copy()
    contours, start = [], 0
    for end, loop in zip(ends.tolist(), closed.tolist(), strict=True):
        contours.append(Contour(points[start:end], normals[start:end], strength[start:end], loop))
        start = end
    return contours
