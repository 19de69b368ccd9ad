"""Slow versions that are right at a glance, in extended precision; and numpy's own gradient, stacked.

Derivatives are taken along axis 0, sample by sample, from the polynomial through the samples of a window;
`numpy.pad` continues the field beyond its ends.
"""

import math

import numpy as np

ONE_SIDED = "one-sided"

# scipy.ndimage's words for the continuation of a field, and numpy.pad's
PAD_MODES = {
    "periodic": "wrap",
    "reflect": "symmetric",
    "mirror": "reflect",
    "nearest": "edge",
    "constant": "constant",
}


def numpy_gradient(f, *spacing, **options):
    """numpy's components as one array, without the warnings for NaN and infinities."""
    with np.errstate(all="ignore"):
        components = np.gradient(f, *spacing, **options)
    return np.stack(components) if isinstance(components, tuple) else components


def pad(f, width, side, cval=0.0):
    """`f` continued along axis 0 by a pair of widths, in the way that one of scipy.ndimage's words says."""
    mode = PAD_MODES[side]
    options = {"constant_values": cval} if mode == "constant" else {}
    return np.pad(f, [width, *[(0, 0)] * (f.ndim - 1)], mode, **options)


def even(n, step):
    """Coordinates of n samples `step` apart, free of the rounding that they have in double precision."""
    return np.arange(n, dtype=np.longdouble) * np.longdouble(step)


def derivative_weights(x, at):
    """Weights w such that sum(w * f) is the slope at `at` of the polynomial through the points (x, f)."""
    others = [np.delete(x, j) for j in range(len(x))]
    return np.array(
        [
            sum(np.prod(at - np.delete(rest, k)) for k in range(len(rest))) / np.prod(x[j] - rest)
            for j, rest in enumerate(others)
        ]
    )


def window(i, n, accuracy, edge_order, low, high):
    """First and last sample of the stencil at sample i of n; only a one-sided end limits it."""
    to_low = i if low == ONE_SIDED else n + accuracy
    to_high = n - 1 - i if high == ONE_SIDED else n + accuracy
    radius = min(to_low, to_high, accuracy // 2)
    if radius == accuracy // 2 or 2 * radius >= edge_order:
        return i - radius, i + radius
    return (0, edge_order) if to_low < to_high else (n - 1 - edge_order, n - 1)


def extend(f, x, reach, low, high, cval=0.0, period=None):
    """Field and coordinates with `reach` more samples beyond each end that is not one-sided."""
    before, after = (0 if side == ONE_SIDED else reach for side in (low, high))
    parts = [f]
    if before:
        parts.insert(0, pad(f, (before, 0), low, cval)[:before])
    if after:
        parts.append(pad(f, (0, after), high, cval)[len(f) :])
    if low == "periodic":
        x = np.array([x[k % len(x)] + k // len(x) * period for k in range(-reach, len(x) + reach)])
    elif before or after:
        x = np.pad(x, (before, after), "reflect", reflect_type="odd")
    return np.concatenate(parts), x


def derivative(f, x, accuracy=2, edge_order=None, boundary=(ONE_SIDED, ONE_SIDED), cval=0.0, period=None):
    """The derivative along axis 0, and the scale of its rounding: sum of |weights| times largest |sample|."""
    edge_order = edge_order or (1 if accuracy == 2 else accuracy)
    f = np.asarray(f)
    values = f.astype(np.clongdouble if f.dtype.kind == "c" else np.longdouble)
    reach = accuracy // 2
    values, x = extend(values, np.asarray(x, np.longdouble), reach, *boundary, cval, period)
    origin = 0 if boundary[0] == ONE_SIDED else reach
    slope, scale = np.empty(f.shape, values.dtype), np.empty(f.shape, np.longdouble)
    for i in range(len(f)):
        first, last = window(i, len(f), accuracy, edge_order, *boundary)
        part = slice(origin + first, origin + last + 1)
        weights = derivative_weights(x[part], x[origin + i])
        slope[i] = np.tensordot(weights, values[part], 1)
        scale[i] = np.abs(weights).sum() * np.abs(values[part]).max(axis=0)
    return slope, scale


def partial(f, x, axis, **options):
    """The derivative along any axis, and its scale."""
    return tuple(np.moveaxis(a, 0, axis) for a in derivative(np.moveaxis(np.asarray(f), axis, 0), x, **options))


def magnitude(components):
    """Root of the sum of squares, in axis order, in a type where no square overflows."""
    wide = np.asarray(components)
    wide = wide.astype(np.clongdouble if wide.dtype.kind == "c" else np.longdouble)
    return np.sqrt(sum(c.real**2 + c.imag**2 for c in wide))


def weights_of_order(x, at, order):
    """Weights of a derivative at `at` of the polynomial through the points (x, f): from its Taylor coefficients."""
    weights = np.empty(len(x), np.longdouble)
    for j in range(len(x)):
        taylor = np.ones(1, np.longdouble)
        for other in np.delete(x, j):
            taylor = np.convolve(taylor, np.array([at - other, 1], np.longdouble) / (x[j] - other))
        weights[j] = taylor[order] * math.factorial(order)
    return weights


def derivative_with_gaps(f, present, x, accuracy, edge_order, boundary, cval, period, order=1):
    """A derivative of a line where samples may be absent, and the scale of its rounding. NaN where there is none.

    Central if there are as many neighbours as it takes; otherwise from `edge_order` + `order` samples, or as many as
    are there side by side, as central as they allow; fewer, if they are central and good for `edge_order`.
    """
    reach = accuracy + edge_order + order
    full = (accuracy + order - 1) // 2  # a central stencil of so many neighbours on either side has that accuracy
    line, positions = extend(f.astype(np.longdouble), x.astype(np.longdouble), reach, *boundary, cval, period)
    marks = extend(present.astype(float), x, reach, *boundary, 1.0, period)[0] > 0
    shift = 0 if boundary[0] == ONE_SIDED else reach
    result, scale = np.full(len(f), np.nan, np.longdouble), np.zeros(len(f), np.longdouble)
    for i in np.flatnonzero(present):
        at = i + shift
        before = next((k for k in range(at) if not marks[at - k - 1]), at)
        after = next((k for k in range(len(line) - 1 - at) if not marks[at + k + 1]), len(line) - 1 - at)
        radius = min(before, after, full)
        order_of_central = 2 * radius - order + (1 if order % 2 else 2)
        if radius == full or (2 * radius >= order and order_of_central >= edge_order):
            first, last = at - radius, at + radius
        else:
            wanted = edge_order + order - 1
            points = min(wanted, before + after)
            if points < order:
                continue
            fitting = [k for k in range(points + 1) if k <= before and points - k <= after]
            back = min(fitting, key=lambda k: abs(k - wanted // 2))
            first, last = at - back, at - back + points
        some = slice(first, last + 1)
        weights = weights_of_order(positions[some], positions[at], order)
        result[i] = weights @ line[some]
        scale[i] = np.abs(weights).sum() * np.abs(line[some]).max()
    return result, scale
