"""Edges of images: derivative filters, orientation and structure.

Images may have any number of axes unless a function says otherwise. Component ``k`` is the derivative along axis ``k``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from itertools import combinations_with_replacement
from math import sqrt
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ._arrays import check_out
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
from ._programs import as_axes
from .gaussian import gaussian_components, gaussian_derivative
from .stages import Taps, evaluate, gaussian_taps

__all__ = [
    "ColorGradient",
    "color_gradient",
    "farid",
    "orientation",
    "prewitt",
    "roberts",
    "scharr",
    "sobel",
    "structure_tensor",
]


class Operator(NamedTuple):
    """A derivative filter: its edge weights along one axis, its smoothing along the others."""

    smooth: Taps
    edge: Taps
    unit: float  # the sum that scikit-image divides the smoothing weights by

    def normalized(self, how: str) -> tuple[Taps, Taps]:
        """Smoothing and edge weights in one of the four normalisations."""
        if how == "skimage":
            return self.smooth.times(1 / self.unit), self.edge
        if how == "derivative":
            slope = 2 * sum((1 + k) * w for k, w in enumerate(self.edge.weights))
            return self.smooth.times(1 / self.smooth.sum), self.edge.times(1 / slope)
        return self.smooth, self.edge


_STEP = Taps(None, (1.0,), odd=True)
#: Farid & Simoncelli, "Differentiation of discrete multidimensional signals", IEEE Trans. Image Process. 13 (2004),
#: table 1, five taps.
_FARID = Operator(
    Taps(0.426374573253687, (0.249153396177344, 0.0376593171958126)),
    Taps(None, (0.276690988455557, 0.109603762960254), odd=True),
    1.0,
)
OPERATORS = {
    "sobel": Operator(Taps(2.0, (1.0,)), _STEP, 4.0),
    "scharr": Operator(Taps(10.0, (3.0,)), _STEP, 16.0),
    "prewitt": Operator(Taps(1.0, (1.0,)), _STEP, 3.0),
    "farid": _FARID,
}
NORMALIZATIONS = ("skimage", "derivative", "scipy", "opencv")

F = TypeVar("F", bound=Callable[..., Any])


# ---- derivative filters ------------------------------------------------------------------------------------


def derivative(stages, value, axis, ndim, smooth, edge, mode, outside):
    """The edge weights along one axis, the smoothing weights along the others; the field beyond its ends is constant in
    all directions."""
    for k in range(ndim):
        taps = edge if k == axis else smooth
        value = stages.filter(value, k, taps, mode, outside)
        outside *= taps.sum
    return value


def _filtered(stages, ndim, name, axes, magnitude, normalize, scale, steps, mode, cval):
    """Components of a derivative filter, or their norm."""
    smooth, edge = OPERATORS[name].normalized(normalize)
    if magnitude and normalize == "skimage":
        scale /= sqrt(ndim)
    components = tuple(
        derivative(stages, stages.load(), k, ndim, smooth, edge.times(scale / steps[k]), mode, cval) for k in axes
    )
    if magnitude:
        return stages.norm(components)
    return components


def _one_filtered(*arguments):
    return _filtered(*arguments)[0]


def _derivative_filter(name, image, mask, axis, mode, cval, normalize, spacing, magnitude, out, workers):
    image, present, sample = as_image(image)
    ndim = image.ndim
    mask = as_mask(mask, present, image.shape)
    axes, bare = as_axes(axis, ndim)
    as_choice(mode, MODES, "mode")
    cval = as_number(cval, "cval")
    as_choice(normalize, NORMALIZATIONS, "normalize")
    if spacing is not None and normalize != "derivative":
        raise ValueError(f'spacing needs normalize="derivative", got normalize={normalize!r}')
    steps = (1.0,) * ndim if spacing is None else per_axis(spacing, ndim, "spacing")
    scale = 1.0
    if normalize == "skimage":
        scale = 1 / full_scale(image.dtype)
        image = within_scale(image)
    # scikit-image's magnitude of one axis is the component itself.
    single = bare or (magnitude and len(axes) == 1 and axis is not None)
    build = _one_filtered if single else _filtered
    norm = bool(magnitude) and not single
    options = (name, axes, norm, normalize, scale, steps, mode, cval / scale)
    if norm and not axes:  # no component has no length
        dtype = np.dtype("fd"[sample])
        result = check_out(np.empty(image.shape, dtype) if out is None else out, image.shape, dtype)
        result[...] = 0
        return result
    result = evaluate(build, [image], sample, options, out, workers)
    if mask is not None:
        result[..., ~eroded(mask)] = 0
    return result


_COMMON = """

    Component ``k`` has the filter's edge weights along axis ``k`` and its smoothing weights along the others.

    Parameters
    ----------
    image : array_like, shape S
        In any number of dimensions. Integers of 8 and 16 bits, booleans and float16 give float32, other integers
        float64. The mask of a masked array counts as `mask`.
    mask : array_like of bool, shape S, optional
        Where to compute: the result is zero where it is False, next to such a sample, and on the rim.
    axis : int or tuple of int, optional
        None: the magnitude of all components; an int: that component; a tuple: the magnitude over those axes.
    mode : {"reflect", "mirror", "nearest", "constant", "wrap"}
        What is beyond the ends, in `scipy.ndimage`'s words.
    cval : float
        The constant beyond the ends.
    normalize : {"skimage", "derivative", "scipy", "opencv"}
        ``"skimage"``: scikit-image's numbers, integers rescaled to 0 ... 1, the magnitude divided by sqrt(d).
        The others take integers as they are, and the Euclidean norm: ``"derivative"`` gives 1 for a unit ramp,
        ``"scipy"`` and ``"opencv"`` have the bare integer weights.
    spacing : float or sequence of float, optional
        Distance of samples, for all axes or for each. Needs ``normalize="derivative"``.
    magnitude : bool
        False: the components, stacked.
    out : ndarray, optional
        Where to put the result. It may overlap `image`.
    workers : int, optional
        Most threads to use; by default `get_workers`. The result does not depend on it.

    Returns
    -------
    ndarray, shape S or (len(axis), *S)

    Raises
    ------
    TypeError, ValueError
        An argument is not of the right type, or out of its range. Nothing is written to `out` then.
"""


def _filter_doc(function: F) -> F:
    """Complete the docstring: first paragraph, what all filters share, then notes and examples."""
    summary, _, rest = (function.__doc__ or "").partition("\n")
    function.__doc__ = summary + _COMMON + rest
    return function


@_filter_doc
def sobel(
    image: Any,
    mask: Any = None,
    *,
    axis: int | tuple[int, ...] | None = None,
    mode: str = "reflect",
    cval: float = 0.0,
    normalize: str = "skimage",
    spacing: Any = None,
    magnitude: bool = True,
    out: np.ndarray | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Find edges with the Sobel filter: weights 1 2 1 across.

    Notes
    -----
    Second order for smooth fields; see I. Sobel, "An isotropic 3x3 image gradient operator" (1968).

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:5, :5]
    >>> float(fg.sobel(3.0 * x + 4.0 * y, normalize="derivative")[2, 2])
    5.0
    """
    return _derivative_filter("sobel", image, mask, axis, mode, cval, normalize, spacing, magnitude, out, workers)


@_filter_doc
def scharr(
    image: Any,
    mask: Any = None,
    *,
    axis: int | tuple[int, ...] | None = None,
    mode: str = "reflect",
    cval: float = 0.0,
    normalize: str = "skimage",
    spacing: Any = None,
    magnitude: bool = True,
    out: np.ndarray | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Find edges with the Scharr filter: weights 3 10 3 across.

    Notes
    -----
    Nearly the same for all directions; see H. Scharr, "Optimal operators in digital image processing" (2000).

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:5, :5]
    >>> round(float(fg.scharr(3.0 * x + 4.0 * y, normalize="derivative")[2, 2]), 12)
    5.0
    """
    return _derivative_filter("scharr", image, mask, axis, mode, cval, normalize, spacing, magnitude, out, workers)


@_filter_doc
def prewitt(
    image: Any,
    mask: Any = None,
    *,
    axis: int | tuple[int, ...] | None = None,
    mode: str = "reflect",
    cval: float = 0.0,
    normalize: str = "skimage",
    spacing: Any = None,
    magnitude: bool = True,
    out: np.ndarray | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Find edges with the Prewitt filter: weights 1 1 1 across.

    Notes
    -----
    See J. Prewitt, "Object enhancement and extraction" (1970).

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:5, :5]
    >>> round(float(fg.prewitt(3.0 * x + 4.0 * y, normalize="derivative")[2, 2]), 12)
    5.0
    """
    return _derivative_filter("prewitt", image, mask, axis, mode, cval, normalize, spacing, magnitude, out, workers)


@_filter_doc
def farid(
    image: Any,
    mask: Any = None,
    *,
    axis: int | tuple[int, ...] | None = None,
    mode: str = "reflect",
    cval: float = 0.0,
    normalize: str = "skimage",
    spacing: Any = None,
    magnitude: bool = True,
    out: np.ndarray | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Find edges with the Farid-Simoncelli filter: five taps in each direction.

    Notes
    -----
    See H. Farid and E. P. Simoncelli, "Differentiation of discrete multidimensional signals", IEEE Trans. Image
    Process. 13 (2004) 496-508.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:5, :5]
    >>> round(float(fg.farid(3.0 * x + 4.0 * y, normalize="derivative")[2, 2]), 12)
    5.0
    """
    return _derivative_filter("farid", image, mask, axis, mode, cval, normalize, spacing, magnitude, out, workers)


_ROBERTS_SUM = Taps(None, (1.0,), behind=0)
_ROBERTS_STEP = Taps(None, (1.0,), odd=True, behind=0)


def _roberts(stages, ndim, scale):
    """With S and D the sum and the difference of two neighbours, the diagonal differences are the halves of
    ``D S + S D`` and ``D S - S D``: their squares add up to half of (D S)^2 + (S D)^2."""
    image = stages.load()
    components = tuple(
        derivative(stages, image, k, 2, _ROBERTS_SUM, _ROBERTS_STEP.times(scale / 2), "reflect", 0.0) for k in range(2)
    )
    return stages.norm(components)


def roberts(
    image: Any, mask: Any = None, *, out: np.ndarray | None = None, workers: int | None = None
) -> np.ndarray:
    """Find edges with Roberts' cross: the differences across the diagonals of 2 x 2 samples.

    Parameters
    ----------
    image : array_like, shape (m, n)
        Integers are rescaled to 0 ... 1, as in scikit-image. See `sobel` for the types.
    mask : array_like of bool, shape (m, n), optional
        See `sobel`.
    out : ndarray, optional
        Where to put the result. It may overlap `image`.
    workers : int, optional
        Most threads to use; by default `get_workers`.

    Returns
    -------
    ndarray, shape (m, n)
        The root of half the sum of squares of both differences: scikit-image's numbers.

    Raises
    ------
    TypeError, ValueError
        As `sobel`; `image` has not two axes.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> float(fg.roberts(np.eye(4))[2, 2].round(6))
    0.0
    """
    image, present, sample = as_image(image)
    _need_plane(image)
    mask = as_mask(mask, present, image.shape)
    result = evaluate(_roberts, [within_scale(image)], sample, (1 / full_scale(image.dtype),), out, workers)
    if mask is not None:
        result[..., ~eroded(mask)] = 0
    return result


def _need_plane(image):
    if image.ndim != 2:
        raise ValueError(f"image must have two axes, got shape {image.shape}")


# ---- orientation and structure -----------------------------------------------------------------------------


def _orientation(stages, ndim, name, *settings):
    if name == "gaussian":
        across, along = gaussian_components(stages, ndim, (0, 1), False, *settings)
    else:
        across, along = _filtered(stages, ndim, name, (0, 1), False, "scipy", 1.0, (1.0, 1.0), *settings)
    return stages.angle(across, along)


def orientation(
    image: Any,
    *,
    operator: str = "sobel",
    sigma: Any = None,
    mode: str = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    out: np.ndarray | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Return the direction of the gradient of a 2-D image.

    Parameters
    ----------
    image : array_like, shape (m, n)
        See `sobel` for the types.
    operator : {"sobel", "scharr", "prewitt", "farid", "gaussian"}
        What derives the image.
    sigma : float or pair of float, optional
        Of the Gaussian, in samples; goes with ``operator="gaussian"`` alone, and is needed there.
    mode, cval
        What is beyond the ends; see `sobel`.
    truncate : float
        Where the Gaussian ends, in standard deviations.
    out : ndarray, optional
        Where to put the result. It may overlap `image`.
    workers : int, optional
        Most threads to use; by default `get_workers`.

    Returns
    -------
    ndarray, shape (m, n)
        ``arctan2(component 0, component 1)`` in radians: 0 where the image grows along axis 1 (to the right),
        pi / 2 where it grows along axis 0 (downwards).

    Raises
    ------
    TypeError, ValueError
        As `sobel`; `image` has not two axes; `sigma` is missing or has no use.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:5, :5]
    >>> round(float(np.degrees(fg.orientation(x + y)[2, 2])))
    45
    """
    image, _, sample = as_image(image)
    _need_plane(image)
    as_choice(operator, (*OPERATORS, "gaussian"), "operator")
    as_choice(mode, MODES, "mode")
    cval = as_number(cval, "cval")
    if (sigma is None) == (operator == "gaussian"):
        raise ValueError(f'sigma goes with operator="gaussian", got sigma={sigma!r} and operator={operator!r}')
    options: tuple = (operator, mode, cval)
    if operator == "gaussian":
        truncate = as_number(truncate, "truncate", 0)
        options = (operator, per_axis(sigma, 2, "sigma"), (1.0, 1.0), mode, cval, truncate)
    return evaluate(_orientation, [image], sample, options, out, workers)


def sobel_in_turn(stages, value, axis, ndim, scale, mode, outside=0.0):
    """`scipy.ndimage.sobel`: first the difference, then the smoothing; each finds the constant beyond the ends."""
    value = stages.filter(value, axis, _STEP.times(scale), mode, outside / scale)
    for k in range(ndim):
        if k != axis:
            value = stages.filter(value, k, OPERATORS["sobel"].smooth, mode, outside)
    return value


def _structure(stages, ndim, sigma, scale, mode, cval):
    image = stages.load()
    slopes = [sobel_in_turn(stages, image, k, ndim, scale, mode, cval) for k in range(ndim)]
    elements = []
    for j, k in combinations_with_replacement(range(ndim), 2):
        element = stages.products((1.0, slopes[j], slopes[k]))
        for axis in range(ndim):
            if sigma[axis] > 0:
                element = stages.filter(element, axis, gaussian_taps(sigma[axis], 0, 4.0), mode, cval)
        elements.append(element)
    return tuple(elements)


def structure_tensor(
    image: Any,
    sigma: Any = 1.0,
    *,
    mode: str = "constant",
    cval: float = 0.0,
    out: np.ndarray | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Return the structure tensor: products of the Sobel derivatives, smoothed by a Gaussian.

    Parameters
    ----------
    image : array_like, shape S
        In any number of dimensions; integers are rescaled to 0 ... 1, as in scikit-image. See `sobel` for the types.
    sigma : float or sequence of float
        Of the Gaussian, in samples, for all axes or for each; 0 for none.
    mode, cval
        What is beyond the ends; see `sobel`.
    out : ndarray, optional
        Where to put the result. It may overlap `image`.
    workers : int, optional
        Most threads to use; by default `get_workers`.

    Returns
    -------
    ndarray, shape (d (d + 1) / 2, *S)
        The upper triangle, row by row: it unpacks as scikit-image's list ``Arr, Arc, Acc``.

    Raises
    ------
    TypeError, ValueError
        As `sobel`.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> Arr, Arc, Acc = fg.structure_tensor(np.eye(7), sigma=0.5)
    >>> bool(Arr[3, 3] == Acc[3, 3])
    True
    """
    image, _, sample = as_image(image)
    sigma = per_axis(sigma, image.ndim, "sigma", zero=True)
    as_choice(mode, MODES, "mode")
    options = (sigma, 1 / full_scale(image.dtype), mode, as_number(cval, "cval"))
    return evaluate(_structure, [within_scale(image)], sample, options, out, workers)


class ColorGradient(NamedTuple):
    """Magnitude and orientation of the gradient of a colour image, each of its shape without channels."""

    magnitude: np.ndarray
    orientation: np.ndarray


def summed_products(stages, slopes):
    """The upper triangle of the tensor that sums g g^T over channels; `slopes` has the components g of each."""
    pairs = combinations_with_replacement(range(len(slopes[0])), 2)
    return tuple(stages.products(*((1.0, g[j], g[k]) for g in slopes)) for j, k in pairs)


def _color(stages, ndim, channels, sigma, mode, cval):
    slopes = []
    for channel in range(channels):
        if sigma[0] > 0:
            settings = (sigma, (1.0,) * ndim, mode, cval, 4.0)
            slopes.append([gaussian_derivative(stages, stages.load(channel), (k,), *settings) for k in range(ndim)])
        else:
            smooth, edge = OPERATORS["sobel"].normalized("derivative")
            image = stages.load(channel)
            slopes.append([derivative(stages, image, k, ndim, smooth, edge, mode, cval) for k in range(ndim)])
    tensor = summed_products(stages, slopes)
    size = stages.principal(tensor, ndim)[0]
    half_difference = stages.products((0.5, tensor[2], None), (-0.5, tensor[0], None))
    return size, stages.angle(tensor[1], half_difference, 0.5)


def color_gradient(
    image: Any,
    *,
    channel_axis: int = -1,
    sigma: Any = 0.0,
    mode: str = "reflect",
    cval: float = 0.0,
    workers: int | None = None,
) -> ColorGradient:
    """Return the gradient of a colour image: the direction of fastest change of all channels together.

    Parameters
    ----------
    image : array_like, shape S with an axis for channels
        A 2-D image with any number of channels, as they are. The last of 2 or 4 floating channels is taken for
        alpha and left out. See `sobel` for the types.
    channel_axis : int
        The axis of the channels.
    sigma : float or pair of float
        0: Sobel derivatives; above: derivatives of a Gaussian, in samples.
    mode, cval
        What is beyond the ends; see `sobel`.
    workers : int, optional
        Most threads to use; by default `get_workers`.

    Returns
    -------
    ColorGradient
        ``magnitude``: the root of the largest eigenvalue of the sum of g g^T over the channels; of a grey image the
        length of its gradient, times the root of the number of channels. ``orientation``: the angle of the eigenvector
        in radians, from axis 1 towards axis 0, between -pi / 2 and pi / 2.

    Raises
    ------
    TypeError, ValueError
        As `sobel`; `channel_axis` is out of range; `image` has not two other axes.

    Notes
    -----
    S. Di Zenzo, "A note on the gradient of a multi-image", Comput. Vis. Graph. Image Process. 33 (1986) 116-125.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> red_to_green = np.zeros((4, 6, 3))
    >>> red_to_green[:, :3, 0] = red_to_green[:, 3:, 1] = 1
    >>> magnitude, orientation = fg.color_gradient(red_to_green)
    >>> float(magnitude[2, 2].round(4)), float(orientation[2, 2])
    (0.7071, 0.0)
    """
    image, _, sample = as_image(image)
    channels = split_channels(image, channel_axis)
    if channels[0].ndim != 2:
        raise ValueError(f"image must have two axes beside its channels, got shape {image.shape}")
    sigma = per_axis(sigma, 2, "sigma", zero=True)
    if min(sigma) == 0 < max(sigma):
        raise ValueError(f"sigma must be zero or positive along both axes, got {sigma}")
    if 0 < 4 * min(sigma) < 0.5:
        raise ValueError(f"sigma must reach the next sample: 4 sigma is {4 * min(sigma):.3g} < 0.5")
    as_choice(mode, MODES, "mode")
    options = (len(channels), sigma, mode, as_number(cval, "cval"))
    return ColorGradient(*evaluate(_color, channels, sample, options, None, workers))


def split_channels(image, channel_axis):
    """The colour channels of an image, as views."""
    try:
        if isinstance(channel_axis, bool):
            raise TypeError
        axis = operator.index(channel_axis)
    except TypeError:
        raise TypeError(f"channel_axis must be an int, got {channel_axis!r}") from None
    axis = normalize_axis_index(axis, image.ndim, "channel_axis")
    count = image.shape[axis]
    if count == 0 or image.ndim == 1:
        raise ValueError(f"image must have channels and other axes, got shape {image.shape}")
    if image.dtype.kind == "f" and count in (2, 4):
        count -= 1
    return [image[(slice(None),) * axis + (c,)] for c in range(count)]
