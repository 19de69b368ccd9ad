"""Canny's edge detector, in two and three dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._arrays import memory_order, new_result
from ._close import BLOCK, TRUNCATE, Chain, extent, gradient_error, referee, share_of_ones
from ._config import as_workers
from ._engine.core import hysteresis
from ._engine.pool import share
from ._images import (
    MODES,
    as_choice,
    as_image,
    as_mask,
    as_number,
    eroded,
    full_scale,
    per_axis,
    within_scale,
)
from .contours import Contour, trace
from .edges import OPERATORS, derivative, sobel_in_turn, split_channels, summed_products
from .stages import evaluate, gaussian_taps, pipeline_of

__all__ = ["canny", "canny_contours"]

# Where more than this share of pixels is close, doing all of them in scikit-image's arithmetic is less work.
_MANY = 1 / 256
_FEW = 32


# ---- the chain ---------------------------------------------------------------------------------------------


def _smoothed(stages, value, ndim, sigma, scale, mode, cval):
    """A value times `scale`, smoothed axis by axis; and what it is to be multiplied by still."""
    for k in range(ndim):
        if sigma[k] > 0:
            taps = gaussian_taps(sigma[k], 0, TRUNCATE)
            value = stages.filter(value, k, taps.times(scale), mode, cval / scale)
            scale = 1.0
    return value, scale


def _frame(ndim, sizes, sigma, cval, eps):
    """The smoothed image of ones, as far as it varies near the ends of axes, and how far that is."""
    reach = _reach(sigma)
    table = np.ones([min(n, 2 * r + 1) for n, r in zip(sizes, reach, strict=True)])
    for k, s in enumerate(sigma):
        if s > 0:
            table = _filtered(table, k, gaussian_taps(s, 0, TRUNCATE), cval)
    table += eps
    middle = table[tuple(r if r < n else 0 for r, n in zip(reach, table.shape, strict=True))]
    if eps > 1e-10 and abs(middle - 1) < 4 * eps:  # what all samples have in common, float32 may leave out
        table /= middle
        table[np.abs(table - 1) < eps / 2] = 1
    return table, reach


def _reach(sigma):
    return tuple(len(gaussian_taps(s, 0, TRUNCATE).weights) if s > 0 else 0 for s in sigma)


def _filtered(table, axis, taps, outside):
    """A symmetric filter along an axis, summed in the engine's order."""
    reach, n = len(taps.weights), table.shape[axis]
    width = [(reach, reach) if k == axis else (0, 0) for k in range(table.ndim)]
    padded = np.moveaxis(np.pad(table, width, constant_values=outside), axis, 0)
    total = taps.centre * padded[reach : reach + n]
    for p in range(reach, 0, -1):
        total += taps.weights[p - 1] * (padded[reach + p : reach + p + n] + padded[reach - p : reach - p + n])
    return np.moveaxis(total, 0, axis)


def _slopes(stages, ndim, channels, shape, sigma, steps, scale, masked, mode, cval, eps, exact):
    """For each channel the components of 8 times the gradient of the smoothed image, by Sobel's filter."""
    slopes = []
    mask = stages.load(channels) if masked else None
    for channel in range(channels):
        value = stages.load(channel)
        if exact and scale != 1:  # as scikit-image does it, for the same bits
            value = stages.products((scale, value, None))
        if masked:
            value = stages.select(value, mask)
        value, factor = _smoothed(stages, value, ndim, sigma, 1.0 if exact else scale, mode, cval)
        if masked:
            value = stages.ratio(value, _smoothed(stages, mask, ndim, sigma, 1.0, mode, cval)[0], eps)
        elif mode == "constant" and (any(sigma) or exact):
            value = stages.over_frame(value, *_frame(ndim, shape, sigma, cval, eps))
        slopes.append(
            tuple(_slope(stages, value, k, ndim, factor * 4.0 ** (2 - ndim) / steps[k], exact) for k in range(ndim))
        )
    return slopes


def _slope(stages, value, axis, ndim, scale, exact):
    """A component by Sobel's filter: in scikit-image's order of operations, or in the one that is faster."""
    if exact:
        return sobel_in_turn(stages, value, axis, ndim, scale, "reflect")
    smooth, edge, _ = OPERATORS["sobel"]
    return derivative(stages, value, axis, ndim, smooth, edge.times(scale), "reflect", 0.0)


def _slopes_in_floats(stages, shape, sigma, masked, mode, cval, eps):
    """The same of a 2-D image in float32, in double precision, each pass stored in float32: scikit-image's bits."""
    mask = stages.load(1) if masked else None
    value = stages.load()
    if masked:
        value = stages.select(value, mask)
    value = _smoothed_in_floats(stages, value, sigma, mode, cval)
    if masked:
        below = stages.stored(_smoothed_in_floats(stages, mask, sigma, mode, cval), plus=eps)
        value = stages.stored(stages.ratio(value, below))
    elif mode == "constant":
        reach = _reach(sigma)
        value = stages.stored(stages.over_frame(value, share_of_ones(shape, sigma, cval, np.float32), reach))
    slopes = []
    for axis in range(2):
        smooth, edge, _ = OPERATORS["sobel"]
        slope = stages.stored(stages.filter(value, axis, edge, "reflect"))
        slopes.append(stages.stored(stages.filter(slope, 1 - axis, smooth, "reflect")))
    return tuple(slopes)


def _smoothed_in_floats(stages, value, sigma, mode, cval):
    for axis, s in enumerate(sigma):
        if s > 0:
            value = stages.stored(stages.filter(value, axis, gaussian_taps(s, 0, TRUNCATE), mode, cval))
    return value


def _edge_strength(stages, ndim, slopes):
    """Direction and magnitude of the gradient, of all channels together."""
    if len(slopes) == 1:
        return slopes[0], stages.norm(slopes[0])
    magnitude, *direction = stages.principal(summed_products(stages, slopes), ndim)
    return tuple(direction), magnitude


def _magnitude(stages, ndim, *settings):
    return _edge_strength(stages, ndim, _slopes(stages, ndim, *settings))[1]


def _ridges(stages, ndim, *settings):
    """The direction of the gradient, the sum of the channels' own gradients, and the magnitude."""
    slopes = _slopes(stages, ndim, *settings)
    direction, magnitude = _edge_strength(stages, ndim, slopes)
    sums = (stages.products(*((1.0, g[k], None) for g in slopes)) for k in range(ndim))
    return (*direction, *sums, magnitude)


def _suppressed(stages, ndim, *settings):
    gradient, magnitude = _edge_strength(stages, ndim, _slopes(stages, ndim, *settings))
    steps = settings[3]
    # Across the edge as the lattice has it: where steps are uneven, lines along the gradient in space run along edges,
    # and the maxima that they find have gaps between them.
    stages.suppress(gradient, magnitude, steps, bounded=_samples(stages, settings))
    return ()


def _samples(stages, settings):
    """The value that magnitudes are made from; none of several channels."""
    channels, masked = settings[0], settings[5]
    if channels > 1:
        return -1
    return stages.select(stages.load(), stages.load(1)) if masked else stages.load()


def _suppressed_in_floats(stages, ndim, *settings):
    gradient = _slopes_in_floats(stages, *settings)
    stages.suppress(gradient, stages.stored(*gradient), (1.0, 1.0), floats=True)
    return ()


# ---- thresholds --------------------------------------------------------------------------------------------


def _thresholds(low, high, use_quantiles, thresholds, full):
    """Low and high as numbers on the scale of the magnitude, as fractions for quantiles, or None to be found."""
    if thresholds is not None:
        as_choice(thresholds, ("otsu", "median"), "thresholds")
        if low is not None or high is not None or use_quantiles:
            raise ValueError(f"thresholds={thresholds!r} excludes low_threshold, high_threshold and use_quantiles")
        return None, None
    found = []
    for name, value, default in (("low_threshold", low, 0.1), ("high_threshold", high, 0.2)):
        if value is None:
            found.append(default)
            continue
        number = as_number(value, name, 0)
        if use_quantiles and number > 1:
            raise ValueError(f"{name} must be between 0 and 1 as a quantile, got {value!r}")
        found.append(number if use_quantiles else number / full)
    low, high = found
    if low > high:
        raise ValueError(f"low_threshold must not exceed high_threshold, got {low} and {high}")
    return low, high


def _otsu(magnitude):
    """The threshold between two classes of a histogram of 256 bins whose means differ most; N. Otsu, IEEE Trans. Syst.
    Man Cybern. 9 (1979) 62-66."""
    counts, edges = np.histogram(magnitude, 256)
    centres = (edges[:-1] + edges[1:]) / 2
    below, above = np.cumsum(counts), np.cumsum(counts[::-1])[::-1]
    moments = counts * centres
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_below = np.cumsum(moments) / below
        mean_above = np.cumsum(moments[::-1])[::-1] / above
    between = below[:-1].astype(float) * above[1:] * (mean_below[:-1] - mean_above[1:]) ** 2
    return float(centres[int(np.argmax(between))])


def _from_magnitude(magnitude, thresholds):
    if not magnitude.size:
        return np.inf, np.inf
    if thresholds == "otsu":
        high = _otsu(magnitude)
        return high / 2, high
    median = float(np.median(magnitude, overwrite_input=True))
    return 2 * median, 4 * median


# ---- the detector ------------------------------------------------------------------------------------------


class Detection:
    """A checked call of the detector: its fields, and the settings of its chain."""

    def __init__(self, image, sigma, mask, mode, cval, spacing, channel_axis):
        image, present, self.sample = as_image(image)
        as_choice(mode, MODES, "mode")
        cval = as_number(cval, "cval")
        scaled = not (image.dtype.kind in "iu" and image.dtype.itemsize == 8)
        self.full = full_scale(image.dtype) if scaled else 1.0
        if scaled:
            image = within_scale(image)
        channels = [image] if channel_axis is None else split_channels(image, channel_axis)
        if present is not None and channel_axis is not None:
            present = present.all(channel_axis)
        self.shape, self.integer = channels[0].shape, image.dtype.kind != "f"
        self.ndim = len(self.shape)
        if self.ndim not in (2, 3):
            raise ValueError(f"image must have two or three axes beside channels, got shape {image.shape}")
        self.steps = steps = (1.0,) * self.ndim if spacing is None else per_axis(spacing, self.ndim, "spacing")
        lengths = per_axis(sigma, self.ndim, "sigma", zero=True)
        sigmas = tuple(s / h if s / h > 1e-15 else 0.0 for s, h in zip(lengths, steps, strict=True))
        eps = float(np.finfo(np.float32 if image.dtype.kind == "f" and self.sample == 0 else np.float64).eps)
        self._channels = channels
        self._smoothing = sigmas, steps, 1 / self.full
        self._outside = mode, cval, eps
        # What scikit-image has too, and float32 may decide otherwise.
        self._close_to = self.sample == 0 and self.ndim == 2 and len(channels) == 1 and steps == (1.0, 1.0)
        self._leave_out(as_mask(mask, present, self.shape))

    def _leave_out(self, mask):
        """Samples where the mask is False; none if it is None."""
        channels, masked = self._channels, mask is not None
        self.mask = eroded(mask) if masked else None
        self.fields = [*channels, mask] if masked else list(channels)
        self._settings = len(channels), self.shape, *self._smoothing, masked, *self._outside

    @property
    def settings(self):
        return *self._settings, self.sample == 1

    def chain(self):
        sigma, (mode, cval, _) = self._smoothing[0], self._outside
        return Chain(self.fields[0], self.fields[1] if self.mask is not None else None, sigma, mode, cval, self.full)

    def bound(self):
        """How far magnitudes may be from scikit-image's; None if there are none, or the same."""
        return gradient_error(self.chain()) if self._close_to else None

    def error(self, workers):
        """That for the whole image, as a number."""
        bound = self.bound()
        if bound is None:
            return 0.0
        least, most = extent(self.fields[0], self.fields[1] if self.mask is not None else None, workers)
        if np.isnan(least) and self.leave_out_nan():
            return self.error(workers)
        return bound.error(least, most)

    def leave_out_nan(self):
        """Mask what is NaN. Whether there was any that counted."""
        missing = [np.isnan(c) for c in self._channels if c.dtype.kind == "f" and c.size and np.isnan(c.min())]
        if not missing:
            return False
        present = ~np.logical_or.reduce(missing)
        if self.mask is not None:
            present &= self.fields[-1]
            if np.array_equal(present, self.fields[-1]):
                return False
        self._leave_out(present)
        return True

    def noise(self):
        """The largest magnitude that rounding can make of a constant image."""
        which = {"initial": 0, "where": True if self.mask is None else self.fields[-1]}
        largest = max(max(float(c.max(**which)), -float(c.min(**which))) for c in self._channels) / self.full
        return 16 * float(np.finfo("fd"[self.sample]).eps) * largest / min(self.steps)

    def magnitude(self, workers, out=None):
        return evaluate(_magnitude, self.fields, self.sample, self.settings, out, workers)

    def quantiles(self, low, high, workers):
        """Quantiles of the magnitude, scikit-image's where it has them."""
        percents = [100.0 * low, 100.0 * high]
        if self._close_to and self.integer:
            self._be_exact()
        error = self.error(as_workers(workers))
        magnitude = self.magnitude(workers)
        if error > 0:
            self._correct_near(magnitude, percents, error, workers)
        low, high = np.percentile(magnitude, percents, overwrite_input=True)
        return float(low), float(high)

    def _correct_near(self, magnitude, percents, error, workers):
        """Put scikit-image's magnitudes where they may be those between which the percentiles lie.

        Errors move ordered magnitudes no further than magnitudes: those more than two errors from the ones in question
        stay on the same side of them, so whichever they are, the percentiles are the same.
        """
        ends = [np.percentile(magnitude, percents, method=m, overwrite_input=True) for m in ("lower", "higher")]
        self.magnitude(workers, magnitude)  # once more, for its order is lost
        judge, workers = referee(self.chain()), as_workers(workers)
        lines = max(1, BLOCK // magnitude.shape[1])
        for first in range(0, len(magnitude), lines):
            block = magnitude[first : first + lines]
            near = np.zeros(block.shape, bool)
            for below, above in zip(*ends, strict=True):
                margin = 2 * error + 8 * np.finfo(np.float32).eps * float(above)
                near |= (block >= below - margin) & (block <= above + margin)
            places = np.argwhere(near)
            if len(places):
                block[near] = judge.magnitudes(np.ascontiguousarray(places + np.array((first, 0))), workers, share)

    def _be_exact(self):
        """Go on in double precision: its bits are scikit-image's for integers."""
        self.sample, self._close_to = 1, False

    def edges(self, low, high, workers):
        """Suppression and hysteresis."""
        workers = as_workers(workers)
        if 0 in self.shape:
            return np.zeros(self.shape, bool)
        order = memory_order(self.fields[0])
        edges = new_result((), self.fields[0], order, np.dtype(bool))
        marks, bound = edges.view(np.uint8), self.bound()
        # A magnitude of zero is no edge, whatever the threshold; scikit-image compares with a float.
        low = float(np.float32(low) or np.float32(1e-14))
        lost, many = self._mark(marks, order, low, high, workers, bound)
        if (lost or many) and self.leave_out_nan():
            return self.edges(low, high, workers)
        if many:
            self._mark_exactly(marks, order, low, high, workers)
        hysteresis(marks.transpose(order), workers, share)
        return edges

    def _mark(self, marks, order, low, high, workers, bound):
        """Say of each pixel whether it is kept and strong; what is close, as scikit-image says. Whether there was a
        magnitude that is not a number, and whether all pixels had better be done as scikit-image does them."""
        pipeline = pipeline_of(_suppressed, self.fields, self.sample, self.settings)[0]
        judge = () if bound is None else (referee(self.chain()), max(_FEW, int(marks.size * _MANY)))
        return pipeline(self.fields, marks, order, False, True, workers, share, self.mask, low, high, bound, *judge)

    def _mark_exactly(self, marks, order, low, high, workers):
        """The same in scikit-image's arithmetic: of integers, double precision."""
        if self.integer:
            self._be_exact()
            self._mark(marks, order, low, high, workers, None)
            return
        _, shape, sigma, _, _, *outside = self._settings
        pipeline = pipeline_of(_suppressed_in_floats, self.fields, 1, (shape, sigma, *outside))[0]
        pipeline(self.fields, marks, order, False, True, workers, share, self.mask, low, high)


def canny(
    image: Any,
    sigma: Any = 1.0,
    low_threshold: float | None = None,
    high_threshold: float | None = None,
    mask: Any = None,
    use_quantiles: bool = False,
    *,
    mode: str = "constant",
    cval: float = 0.0,
    spacing: Any = None,
    channel_axis: int | None = None,
    thresholds: str | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Find edges with Canny's detector: scikit-image's call and its pixels, in two dimensions and in three.

    Parameters
    ----------
    image : array_like, shape S
        A 2-D or 3-D image. Integers up to 32 bits are rescaled to 0 ... 1, those of 64 bits are taken as float64; see
        `sobel` for the arithmetic. NaN counts as masked, and so do the masked samples of a masked array.
    sigma : float or sequence of float
        Standard deviation of the Gaussian, for all axes or for each: a length, in the unit of `spacing`.
    low_threshold, high_threshold : float, optional
        Bounds on 8 times the length of the smoothed image's gradient, in the image's own units for integers, per unit
        of `spacing`. Edges begin at the high one and go on above the low one. The defaults are 0.1 and 0.2, of the full
        scale of integers.
    mask : array_like of bool, shape S, optional
        Samples that exist.
    use_quantiles : bool
        The thresholds are quantiles of the magnitude, between 0 and 1.
    mode, cval
        What is beyond the ends; see `sobel`. In mode ``"constant"`` the smoothed image is divided by the smoothed image
        of ones, whose outside is `cval` as well, as in scikit-image: a `cval` of 0 ignores what is beyond the ends, any
        other one does not continue the image by that constant.
    spacing : float or sequence of float, optional
        Distance of samples, for all axes or for each; 1 by default.
    channel_axis : int, optional
        The axis of colour channels: edges are where all of them together change fastest (see `color_gradient`).
    thresholds : {"otsu", "median"}, optional
        Choose thresholds by the magnitude: high is Otsu's threshold and low half of it, or low and high are 2 and 4
        medians, for images whose magnitude is mostly noise. With a mask, that of samples that may be edges.
    workers : int, optional
        Most threads to use; by default `get_workers`. The result does not depend on it.

    Returns
    -------
    ndarray of bool, shape S

    Raises
    ------
    TypeError, ValueError
        An argument is not of the right type, or out of its range.

    Notes
    -----
    J. Canny, "A computational approach to edge detection", IEEE Trans. Pattern Anal. Mach. Intell. 8 (1986) 679-698:
    a Gaussian, Sobel's filter, suppression of what is not a maximum along the gradient with respect to indices
    (magnitudes interpolated where it meets the faces of the 3 x 3 (x 3) neighbourhood), hysteresis over all 8 or 26
    neighbours. The rim of an image is never an edge.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> step = np.zeros((6, 8))
    >>> step[:, 4:] = 1
    >>> fg.canny(step)[2].astype(int)
    array([0, 0, 0, 0, 1, 0, 0, 0])
    """
    return _detect(
        Detection(image, sigma, mask, mode, cval, spacing, channel_axis),
        low_threshold, high_threshold, use_quantiles, thresholds, workers,
    )  # fmt: skip


def _detect(detection, low_threshold, high_threshold, use_quantiles, thresholds, workers):
    low, high = _thresholds(low_threshold, high_threshold, use_quantiles, thresholds, detection.full)
    if 0 not in detection.shape and (use_quantiles or thresholds is not None):
        low, high = _chosen(detection, low, high, thresholds, workers)
    elif detection.sample == 0 and not detection.integer:
        high = float(np.float32(high))  # NumPy compares float32 with a number in float32
    return detection.edges(low, high, workers)


def _chosen(detection, low, high, thresholds, workers):
    """Thresholds that the magnitude decides."""
    detection.leave_out_nan()
    if thresholds is None:  # quantiles are of the whole image, as in scikit-image
        return detection.quantiles(low, high, workers)
    magnitude = detection.magnitude(workers)
    if detection.mask is not None:
        magnitude = magnitude[detection.mask]
    return tuple(max(t, detection.noise()) for t in _from_magnitude(magnitude, thresholds))


def canny_contours(
    image: Any,
    sigma: Any = 1.0,
    low_threshold: float | None = None,
    high_threshold: float | None = None,
    mask: Any = None,
    use_quantiles: bool = False,
    *,
    mode: str = "constant",
    cval: float = 0.0,
    spacing: Any = None,
    channel_axis: int | None = None,
    thresholds: str | None = None,
    workers: int | None = None,
) -> list[Contour]:
    """Find edges as chains of points between the pixels of a 2-D image.

    Parameters
    ----------
    image, sigma, low_threshold, high_threshold, mask, use_quantiles
        As in `canny`; the image has two axes beside channels.
    mode, cval, spacing, channel_axis, thresholds, workers
        As in `canny`.

    Returns
    -------
    list of Contour
        Each with ``points`` (n, 2) in index coordinates, axis 0 first, unit ``normals`` (n, 2) towards the brighter
        side, ``strength`` (n,), the magnitude there, and ``closed``: a closed chain does not repeat its first point.

    Raises
    ------
    TypeError, ValueError
        As `canny`; `image` has not two axes.

    Notes
    -----
    Points are where the magnitude is largest along the normal, by a parabola through its logarithm. Smoothing moves
    that place: a Gaussian of `sigma` pulls an edge with the radius of curvature R inwards by about sigma^2 / (2 R), and
    so does the blur of the picture itself.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:40, :40]
    >>> disc = 1 / (1 + np.exp(np.hypot(y - 20, x - 20) - 12))
    >>> [circle] = fg.canny_contours(disc)
    >>> circle.closed, round(float(np.hypot(*(circle.points - 20).T).mean()))
    (True, 12)
    """
    detection = Detection(image, sigma, mask, mode, cval, spacing, channel_axis)
    if detection.ndim != 2:
        raise ValueError(f"image must have two axes beside channels, got shape {np.shape(image)}")
    edges = _detect(detection, low_threshold, high_threshold, use_quantiles, thresholds, workers)
    if edges.size == 0:
        return []
    ridges = evaluate(_ridges, detection.fields, detection.sample, detection.settings, None, workers)
    direction, slope, magnitude = ridges[:2], ridges[2:4], ridges[4]
    # An eigenvector has no sign; the sum of the channels has.
    direction = direction * np.where((direction * slope).sum(0) < 0, -1, 1).astype(direction.dtype)
    steps = np.reshape(detection.steps, (2, 1, 1))
    gradient = np.ascontiguousarray(direction * steps, direction.dtype)
    return trace(np.ascontiguousarray(edges), gradient, np.ascontiguousarray(magnitude))
