"""Zeros of the gradient of SciPy's spline, by Newton's method from very many seeds: slow, and it may miss some."""

import numpy as np
from scipy.interpolate import NdBSpline, make_interp_spline


def spline_of(f, coords, periods):
    """The tensor product of interpolating splines along each axis, and its ends."""
    knots, f = [], np.asarray(f, float)
    for k, (x, period) in enumerate(zip(coords, periods, strict=True)):
        if period is not None:
            x = np.append(x, x[0] + period)
            f = np.concatenate([f, f.take([0], axis=k)], axis=k)
        spline = make_interp_spline(x, f, k=3, axis=k, bc_type=None if period is None else "periodic")
        f = np.moveaxis(spline.c, 0, k)
        knots.append(spline.t)
    return NdBSpline(tuple(knots), f, 3)


def gradient_of(f, coords, periods, points):
    """(n, d)"""
    d = np.ndim(f)
    spline = spline_of(f, coords, periods)
    return np.stack([spline(points, nu=nu) for nu in np.eye(d, dtype=int)], axis=1)


def zeros_of_gradient(f, coords, periods, per_cell=4):
    """(n, d): each once, within the field."""
    d = np.ndim(f)
    spline = spline_of(f, coords, periods)
    low = np.array([x[0] for x in coords])
    high = np.array([x[-1] if p is None else x[0] + p for x, p in zip(coords, periods, strict=True)])
    cell = np.array([np.diff(x).min() for x in coords])
    axes = [np.linspace(a, b, per_cell * np.size(x) + 1) for a, b, x in zip(low, high, coords, strict=True)]
    at = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, d)
    loop = np.array([p is not None for p in periods])
    one = np.eye(d, dtype=int)
    for _ in range(25):
        at = np.where(loop, low + np.mod(at - low, high - low), at)
        inside = ((at >= low) & (at <= high)).all(axis=1)
        at = at[inside]
        gradient = np.stack([spline(at, nu=one[i]) for i in range(d)], axis=1)
        hessian = np.stack([[spline(at, nu=one[i] + one[j]) for j in range(d)] for i in range(d)]).transpose(2, 0, 1)
        good = np.abs(np.linalg.det(hessian)) > 1e-12
        at, gradient, hessian = at[good], gradient[good], hessian[good]
        step = -np.linalg.solve(hessian, gradient[..., None])[..., 0]
        at = at + step * np.minimum(1, cell.min() / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
    ended = (np.abs(step) < 1e-9 * cell).all(axis=1)
    at = np.where(loop, low + np.mod(at - low, high - low), at)[ended]
    at = at[((at >= low) & (at <= high)).all(axis=1)]
    found = []
    for point in at:
        difference = np.abs(np.array(found).reshape(-1, d) - point)
        difference = np.where(loop, np.minimum(difference, high - low - difference), difference)
        if not (difference < 1e-5 * cell).all(axis=1).any():
            found.append(point)
    return np.array(found).reshape(-1, d)
