"""Slow versions of the image filters that are right at a glance: scipy.ndimage, in double precision throughout.

Where scikit-image or SciPy define the numbers, tests compare with them as well.
"""

import functools
import itertools

import numpy as np
from scipy import ndimage as ndi

MODES = ("reflect", "mirror", "nearest", "constant", "wrap")

# smoothing weights, the sum that scikit-image divides them by, edge weights
OPERATORS = {
    "sobel": ([1, 2, 1], 4, [-1, 0, 1]),
    "scharr": ([3, 10, 3], 16, [-1, 0, 1]),
    "prewitt": ([1, 1, 1], 3, [-1, 0, 1]),
    "farid": (
        [0.0376593171958126, 0.249153396177344, 0.426374573253687, 0.249153396177344, 0.0376593171958126],
        1,
        [-0.109603762960254, -0.276690988455557, 0, 0.276690988455557, 0.109603762960254],
    ),
}


def result_dtype(dtype):
    """What float32 holds exactly becomes float32, everything else float64."""
    return np.dtype(np.float32 if np.dtype(dtype).char in "?bBhHef" else np.float64)


def full_scale(dtype):
    """What scikit-image takes for white: the largest integer, or 1."""
    return np.iinfo(dtype).max if np.dtype(dtype).kind in "iu" else 1


def as_float(image):
    """In double precision, integers rescaled to -1 ... 1 as `skimage.util.img_as_float` does."""
    values = np.float64(image) / full_scale(image.dtype)
    return np.maximum(values, -1) if image.dtype.kind == "i" else values


def norm(components):
    return np.sqrt(sum(np.square(c) for c in components))


# derivative filters


def weights(operator, normalize):
    """Smoothing and edge weights of a derivative filter."""
    smooth, unit, edge = (np.array(part, float) for part in OPERATORS[operator])
    if normalize == "skimage":
        return smooth / unit, edge
    if normalize == "derivative":
        positions = np.arange(len(edge)) - len(edge) // 2
        return smooth / smooth.sum(), edge / (edge @ positions)
    return smooth, edge


def kernel(operator, normalize, axis, ndim):
    """Edge weights along one axis, times smoothing weights along all others."""
    smooth, edge = weights(operator, normalize)
    return functools.reduce(np.multiply.outer, [edge if k == axis else smooth for k in range(ndim)])


def component(image, operator, axis, *, mode="reflect", cval=0.0, normalize="skimage", spacing=1.0):
    """The image, continued beyond its ends in all directions, under the whole kernel."""
    values = as_float(image) if normalize == "skimage" else np.float64(image)
    steps = np.broadcast_to(spacing, image.ndim)
    return ndi.correlate(values, kernel(operator, normalize, axis, image.ndim), mode=mode, cval=cval) / steps[axis]


def derivative_filter(image, operator, mask=None, *, axis=None, normalize="skimage", magnitude=True, **options):
    """`fieldgrad.sobel` and its like, with their arguments."""
    ndim = image.ndim
    axes = range(ndim) if axis is None else np.atleast_1d(axis) % ndim
    components = [component(image, operator, k, normalize=normalize, **options) for k in axes]
    single = isinstance(axis, int) or (magnitude and axis is not None and len(axes) == 1)
    if single:
        result = components[0]
    elif magnitude:
        result = norm(components) / (np.sqrt(ndim) if normalize == "skimage" else 1)
    else:
        result = np.stack(components)
    return within(mask, result)


def within(mask, result):
    """The result where all neighbours are in the mask, zero elsewhere and on the rim."""
    if mask is None:
        return result
    return np.where(ndi.binary_erosion(mask, np.ones((3,) * mask.ndim), border_value=0), result, 0)


def largest(image, operator, *, normalize="skimage", spacing=1.0, cval=0.0):
    """The size of the numbers that a component is a sum of: what its rounding is measured by."""
    values = as_float(image) if normalize == "skimage" else np.float64(image)
    total = np.abs(kernel(operator, normalize, 0, image.ndim)).sum()
    return max(np.abs(values).max(initial=0), abs(cval)) * total / np.min(spacing)


def roberts(image, mask=None):
    """Differences across both diagonals of the square of a sample and the next ones."""
    padded = np.pad(as_float(image), ((0, 1), (0, 1)), "symmetric")
    falling = padded[1:, 1:] - padded[:-1, :-1]
    rising = padded[:-1, 1:] - padded[1:, :-1]
    return within(mask, np.sqrt((falling**2 + rising**2) / 2))


# Gaussian family


def gaussian_derivative(image, sigma, *axes, spacing=1.0, mode="reflect", cval=0.0, truncate=4.0, mask=None):
    """The smoothed image, derived along each of `axes`; with a mask, the normalised convolution is."""
    if mask is not None:
        return _masked_derivative(image, sigma, axes, mask, spacing=spacing, mode=mode, cval=cval, truncate=truncate)
    steps = np.broadcast_to(spacing, image.ndim)
    order = [axes.count(k) for k in range(image.ndim)]
    pixels = np.broadcast_to(sigma, image.ndim) / steps
    values = ndi.gaussian_filter(np.float64(image), pixels, order, mode=mode, cval=cval, truncate=truncate)
    return values / np.prod([steps[k] for k in axes])


def _masked_derivative(image, sigma, axes, mask, *, spacing, mode, cval, truncate):
    """Of q = N / M with N = G * (f m), M = G * m, by the quotient rule; zero at absent samples."""
    field, present = np.where(mask, np.float64(image), 0), np.float64(mask)
    ends = (slice(None),) * image.ndim
    if mode == "constant":  # samples exist beyond the ends
        pixels = np.broadcast_to(sigma, image.ndim) / np.broadcast_to(spacing, image.ndim)
        reach = [int(truncate * s + 1) for s in pixels]
        ends = tuple(slice(r, r + n) for r, n in zip(reach, image.shape, strict=True))
        widths = [(r, r) for r in reach]
        field, present = np.pad(field, widths, constant_values=cval), np.pad(present, widths, constant_values=1)
        mode = "nearest"  # never asked
    options = {"spacing": spacing, "mode": mode, "truncate": truncate}

    def numerator(*axes):
        return gaussian_derivative(field, sigma, *axes, **options)[ends]

    def divisor(*axes):
        return gaussian_derivative(present, sigma, *axes, **options)[ends]

    def quotient(*axes):
        terms = [(axes[:k] + axes[k + 1 :], axes[k : k + 1]) for k in range(len(axes))]
        if len(axes) == 2:
            terms.append(((), axes))
        rest = numerator(*axes) - sum(quotient(*a) * divisor(*b) for a, b in terms)
        return np.divide(rest, divisor(), out=np.zeros(image.shape), where=mask)

    return quotient(*axes)


def gaussian_gradient(image, sigma, *, axis=None, **options):
    if isinstance(axis, int):
        return gaussian_derivative(image, sigma, axis % image.ndim, **options)
    axes = range(image.ndim) if axis is None else [k % image.ndim for k in axis]
    return np.stack([gaussian_derivative(image, sigma, k, **options) for k in axes])


def gaussian_gradient_magnitude(image, sigma, **options):
    return norm(gaussian_gradient(image, sigma, **options))


def gaussian_laplace(image, sigma, **options):
    return sum(gaussian_derivative(image, sigma, k, k, **options) for k in range(image.ndim))


def hessian_of_gaussian(image, sigma, **options):
    ndim = range(image.ndim)
    return np.stack([[gaussian_derivative(image, sigma, j, k, **options) for k in ndim] for j in ndim])


# orientation and structure


def orientation(image, operator, sigma=None, **options):
    """The angle of the gradient from axis 1 towards axis 0."""
    if operator == "gaussian":
        across, along = gaussian_gradient(image, sigma, **options)
    else:
        across, along = derivative_filter(image, operator, normalize="scipy", magnitude=False, **options)
    return np.arctan2(across, along)


def structure_tensor(image, sigma=1.0, *, mode="constant", cval=0.0):
    """The upper triangle of the smoothed products of SciPy's Sobel derivatives, row by row."""
    values = as_float(image)
    slopes = [ndi.sobel(values, k, mode=mode, cval=cval) for k in range(image.ndim)]
    products = [a * b for a, b in itertools.combinations_with_replacement(slopes, 2)]
    return np.stack([ndi.gaussian_filter(p, sigma, mode=mode, cval=cval) for p in products])


def color_tensor(channels, sigma=0.0, **options):
    """The sum of g g^T over the channels of a 2-D image, shape (..., 2, 2)."""

    def slopes(channel):
        if np.any(sigma):
            return gaussian_gradient(channel, sigma, **options)
        return derivative_filter(channel, "sobel", normalize="derivative", magnitude=False, **options)

    return sum(np.einsum("j...,k...->...jk", g, g) for g in map(slopes, channels))


def color_gradient(channels, sigma=0.0, **options):
    """Root of the largest eigenvalue of the tensor, and the angle of its eigenvector in [-pi / 2, pi / 2]."""
    values, vectors = np.linalg.eigh(color_tensor(channels, sigma, **options))
    across, along = np.moveaxis(vectors[..., 1], -1, 0)
    angle = np.arctan2(across, along)
    return np.sqrt(np.maximum(values[..., 1], 0)), (angle + np.pi / 2) % np.pi - np.pi / 2
