"""Canny's detector in any number of dimensions, in double precision, as one writes it with SciPy and NumPy.

In two dimensions its edges are scikit-image's. Each stage is a function of its own, so that tests can ask how close a
decision was.
"""

from typing import NamedTuple

import numpy as np
from scipy import ndimage as ndi

LEAST_LOW = 1e-14  # in place of a low threshold of zero: nothing is an edge where the magnitude is zero
DEFAULTS = (0.1, 0.2)


class Slopes(NamedTuple):
    """What the decisions are made from."""

    magnitude: np.ndarray
    direction: np.ndarray  # (d, *S), the gradient's with respect to indices
    inside: np.ndarray  # samples that may be edges


def canny_nd(
    image,
    sigma=1.0,
    low=None,
    high=None,
    mask=None,
    use_quantiles=False,
    *,
    mode="constant",
    cval=0.0,
    spacing=None,
    channel_axis=None,
    thresholds=None,
):
    """The edges of `image`, bool; arguments as in `fieldgrad.canny`."""
    image = np.asarray(image)
    slopes = find_slopes(image, sigma, mask, mode=mode, cval=cval, spacing=spacing, channel_axis=channel_axis)
    chosen_by = decisive(slopes, image, mask, thresholds)
    low, high = limits(chosen_by, low, high, use_quantiles, thresholds, full_scale(image.dtype))
    kept = np.zeros(slopes.magnitude.shape, bool)
    candidates = np.flatnonzero(slopes.inside & (slopes.magnitude >= low))
    kept.flat[candidates] = excess(slopes, candidates) <= 0
    return connected(kept, kept & (slopes.magnitude >= high))


# ---- the image and its thresholds ---------------------------------------------------------------------------


def full_scale(dtype):
    """What becomes 1: the largest integer of up to 32 bits; everything else is taken as it is."""
    return float(np.iinfo(dtype).max) if dtype.kind in "iu" and dtype.itemsize <= 4 else 1.0


def as_float(image):
    """In double precision, integers of up to 32 bits rescaled to -1 ... 1, as `skimage.util.img_as_float` does."""
    scale = full_scale(image.dtype)
    return image.astype(float) if scale == 1 else np.maximum(image * (1.0 / scale), -1.0)


def decisive(slopes, image, mask, thresholds):
    """The magnitudes that thresholds are chosen by: where there is a mask, of those samples that may be edges."""
    masked = mask is not None or (image.dtype.kind == "f" and np.isnan(image).any())
    return slopes.magnitude[slopes.inside] if thresholds is not None and masked else slopes.magnitude


def limits(magnitude, low, high, use_quantiles, thresholds, scale):
    """Both thresholds as they apply to the magnitude, the low one rounded as scikit-image rounds it."""
    if thresholds is not None:
        if low is not None or high is not None or use_quantiles:
            raise ValueError("thresholds are either chosen or given")
        low, high = CHOICES[thresholds](magnitude)
    elif use_quantiles:
        low, high = (default if q is None else q for q, default in zip((low, high), DEFAULTS, strict=True))
        low, high = np.percentile(magnitude, [100.0 * low, 100.0 * high]) if magnitude.size else (low, high)
    else:
        low, high = (d if t is None else t / scale for t, d in zip((low, high), DEFAULTS, strict=True))
    return float(np.float32(low)) or float(np.float32(LEAST_LOW)), high


def otsu(magnitude):
    """Otsu's threshold, the one that parts a histogram of 256 bins best into two classes; half of it is low."""
    counts, edges = np.histogram(magnitude, 256)
    centres = (edges[:-1] + edges[1:]) / 2
    below, total = np.cumsum(counts)[:-1], np.cumsum(counts * centres)[:-1]
    above, rest = counts.sum() - below, (counts * centres).sum() - total
    with np.errstate(invalid="ignore"):
        between = below * above * (total / below - rest / above) ** 2
    high = centres[np.argmax(np.nan_to_num(between))]
    return high / 2, high


def median(magnitude):
    noise = np.median(magnitude)
    return 2 * noise, 4 * noise


CHOICES = {"otsu": otsu, "median": median}


# ---- the gradient of the smoothed image ---------------------------------------------------------------------


def find_slopes(image, sigma, mask=None, *, mode="constant", cval=0.0, spacing=None, channel_axis=None):
    """Magnitude and direction of the gradient; of colours by Di Zenzo. NaN are samples that are not there."""
    tiny = np.finfo(np.float32 if image.dtype.char in "ef" else np.float64).eps  # scikit-image's
    image = as_float(image)
    channels = image[np.newaxis] if channel_axis is None else np.moveaxis(image, channel_axis, 0)
    ndim = channels.ndim - 1
    steps = np.broadcast_to(1.0 if spacing is None else spacing, ndim)
    missing = np.isnan(channels).any(0)
    if missing.any():
        mask = ~missing if mask is None else mask & ~missing
    options = {"sigma": np.broadcast_to(sigma, ndim) / steps, "mode": mode, "cval": cval, "tiny": tiny}
    gradients = [sobel(smooth(channel, mask, **options), steps) for channel in channels]
    magnitude, direction = dominant(gradients) if channel_axis is not None else (norm(*gradients), gradients[0])
    present = np.ones(magnitude.shape, bool) if mask is None else np.asarray(mask, bool)
    inside = ndi.binary_erosion(present, np.ones((3,) * ndim))  # the rim has no neighbours either
    return Slopes(magnitude, direction * along(steps, ndim), inside)


def smooth(channel, mask, sigma, mode, cval, tiny):
    """The mean, by a Gaussian weight, of the samples that are there; `tiny` keeps it from being 0 / 0."""
    if mask is None and mode != "constant":
        return gaussian(channel, sigma, mode, cval)
    mask = np.ones(channel.shape, bool) if mask is None else np.asarray(mask, bool)
    weight = gaussian(mask.astype(float), sigma, mode, cval) + tiny
    return gaussian(np.where(mask, channel, 0.0), sigma, mode, cval) / weight


def gaussian(channel, sigma, mode, cval):
    return ndi.gaussian_filter(channel, sigma, mode=mode, cval=cval) if channel.size else channel


def sobel(smoothed, steps):
    """Eight times the gradient per unit of spacing: scikit-image's scale in two dimensions."""
    weight = 4.0 ** (2 - smoothed.ndim)
    if not smoothed.size:
        return np.empty((smoothed.ndim, *smoothed.shape))
    return np.stack([ndi.sobel(smoothed, k) * (weight / step) for k, step in enumerate(steps)])


def norm(gradient):
    return np.sqrt(np.square(gradient).sum(0))


def dominant(gradients):
    """Root and eigenvector of the largest eigenvalue of the sum over channels of g g^T."""
    tensor = sum(np.einsum("i...,j...->...ij", g, g) for g in gradients)
    values, vectors = np.linalg.eigh(tensor)
    return np.sqrt(np.maximum(values[..., -1], 0)), np.moveaxis(vectors[..., -1], -1, 0)


def along(numbers, ndim):
    """One number per component, for arrays with components first."""
    return np.reshape(numbers, (-1,) + (1,) * ndim)


# ---- decisions ----------------------------------------------------------------------------------------------


def excess(slopes, candidates):
    """By how much the magnitude on the line along the gradient, where it leaves the 3 x ... x 3 neighbourhood, exceeds
    the magnitude at the candidates (flat indices): positive where a candidate is no maximum."""
    samples = np.ascontiguousarray(slopes.magnitude)
    strides = np.array(samples.strides)[:, np.newaxis] // samples.itemsize
    direction = slopes.direction.reshape(samples.ndim, -1)[:, candidates]
    largest = np.argmax(np.abs(direction), axis=0)
    result = np.empty(len(candidates))
    for axis in range(samples.ndim):  # the line leaves through a face across this axis
        here = largest == axis
        d, middle = direction[:, here], candidates[here]
        step, size = np.where(d > 0, strides, -strides), np.abs(d)
        weight = np.divide(size, size[axis], out=np.zeros_like(d), where=size[axis] > 0)
        others = [k for k in range(samples.ndim) if k != axis]
        ahead, behind = (
            on_face(samples.ravel(), middle + sign * step[axis], sign * step[others], weight[others])
            for sign in (1, -1)
        )
        result[here] = np.maximum(ahead, behind) - samples.flat[middle]
    return result


def on_face(samples, at, step, weight):
    """Linear interpolation along one axis of a face after the other, from the samples nearest to the axis across it."""
    if not len(step):
        return samples[at]
    near, far = (on_face(samples, start, step[:-1], weight[:-1]) for start in (at, at + step[-1]))
    return far * weight[-1] + near * (1 - weight[-1])


def connected(kept, strong):
    """Kept samples with a strong one among those that they are connected to, diagonally too."""
    labels, _ = ndi.label(kept, np.ones((3,) * kept.ndim))
    has_strong = np.zeros(labels.max(initial=0) + 1, bool)
    has_strong[labels[strong]] = True
    has_strong[0] = False
    return has_strong[labels]


# ---- how close decisions are ---------------------------------------------------------------------------------


def undecided(image, *arguments, **options):
    """Pixels that rounding in the arithmetic of `fieldgrad.canny` may decide either way; arguments as in `canny_nd`."""
    certain, possible = bounds(image, *arguments, **options)
    return possible & ~certain


def bounds(
    image, sigma=1.0, low=None, high=None, mask=None, use_quantiles=False, *, thresholds=None, spacing=None, **options
):
    """Edges that are there however numbers are rounded, and edges that may be there.

    More samples kept, and more of them strong, never make an edge fewer: hysteresis is monotonic.
    """
    image = np.asarray(image)
    slopes = find_slopes(image, sigma, mask, spacing=spacing, **options)
    chosen_by = decisive(slopes, image, mask, thresholds)
    low, high = limits(chosen_by, low, high, use_quantiles, thresholds, full_scale(image.dtype))
    error = rounding(image, high) / np.min(1.0 if spacing is None else spacing)
    magnitude = slopes.magnitude
    candidates = np.flatnonzero(slopes.inside & (magnitude >= low - error))
    surplus, doubt = excess(slopes, candidates), error * sensitivity(magnitude, candidates)
    for sign in (-1, 1):
        kept = np.zeros(magnitude.shape, bool)
        kept.flat[candidates] = (surplus <= sign * doubt) & (magnitude.flat[candidates] >= low - sign * error)
        yield connected(kept, kept & (magnitude >= high - sign * error))


def rounding(image, high):
    """How far rounding moves a magnitude or a threshold. Each of the smoothed samples is within two units in the last
    place of the largest one; the weights of a Sobel filter, without their signs, add up to 8."""
    arithmetic = np.float32 if image.dtype.char in "?bBhHef" else np.float64
    largest = np.nanmax(np.abs(as_float(image)), initial=0)
    return 8 * 2 * np.finfo(arithmetic).eps * max(largest, high)


def sensitivity(magnitude, candidates):
    """How far an error of all magnitudes moves what `excess` says: twice; and through the weights, ratios of two
    components with an error each, by as much as the largest magnitude around."""
    ndim = magnitude.ndim
    largest = ndi.maximum_filter(magnitude, 3).flat[candidates]
    return 2 + 2 * np.sqrt(ndim) * (ndim - 1) * largest / np.maximum(magnitude.flat[candidates], LEAST_LOW)
