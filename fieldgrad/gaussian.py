"""Derivatives of images smoothed by a Gaussian."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from ._arrays import check_out
from ._images import MODES, as_choice, as_image, as_mask, as_number, per_axis
from ._programs import as_axes
from .stages import evaluate, gaussian_taps

__all__ = ["gaussian_gradient", "gaussian_gradient_magnitude", "gaussian_laplace", "hessian_of_gaussian"]


def gaussian_derivative(stages, value, axes, sigma, steps, mode, cval, truncate, *, extended=False):
    """A derivative of a smoothed value, axis by axis as in scipy.ndimage: each finds `cval` beyond the ends; or, if
    the value is `extended` by that constant, what became of it."""
    for k in range(len(sigma)):
        order = axes.count(k)
        taps = gaussian_taps(sigma[k], order, truncate).times(1 / steps[k] ** order)
        value = stages.filter(value, k, taps, mode, cval)
        if extended:
            cval *= taps.sum
    return value


class _Smoothed:
    """Derivatives of the smoothed field or, with a mask, of the normalised convolution q = N / M."""

    def __init__(self, stages, masked, settings):
        self._stages, self._masked, self._settings = stages, masked, settings

    def _plain(self, field, *axes):
        sigma, steps, mode, cval, truncate = self._settings
        outside = cval if field == 0 else 1.0  # beyond constant ends there are samples
        value = self._stages.load(field)
        if self._masked and field == 0:
            value = self._stages.select(value, self._stages.load(1))
        return gaussian_derivative(
            self._stages, value, axes, sigma, steps, mode, outside, truncate, extended=self._masked
        )

    def derivative(self, *axes):
        """Along these axes. By Leibniz' rule N_A is the sum of q_B M_(A without B) over the subsets B of A."""
        top = self._plain(0, *axes)
        if not self._masked:
            return top
        terms = [(1.0, top, None)]
        for size in range(len(axes)):
            for kept in combinations(range(len(axes)), size):
                others = [axis for k, axis in enumerate(axes) if k not in kept]
                terms.append((-1.0, self.derivative(*(axes[k] for k in kept)), self._plain(1, *others)))
        return self._stages.ratio(self._stages.products(*terms), self._plain(1))


def gaussian_components(stages, ndim, axes, masked, *settings):
    """The derivatives along these axes."""
    smoothed = _Smoothed(stages, masked, settings)
    return tuple(smoothed.derivative(k) for k in axes)


def _one_derivative(*arguments):
    return gaussian_components(*arguments)[0]


def _magnitude(stages, *arguments):
    return stages.norm(gaussian_components(stages, *arguments))


def _laplace(stages, ndim, axes, masked, *settings):
    smoothed = _Smoothed(stages, masked, settings)
    return stages.products(*((1.0, smoothed.derivative(k, k), None) for k in axes))


def _hessian(stages, ndim, axes, masked, *settings):
    smoothed = _Smoothed(stages, masked, settings)
    return tuple(smoothed.derivative(*sorted((j, k))) for j in axes for k in axes)


def _gaussian_family(build, image, sigma, spacing, mode, cval, truncate, mask, axis, out, workers):
    image, present, sample = as_image(image)
    mask = as_mask(mask, present, image.shape)
    axes, _ = as_axes(axis, image.ndim)
    as_choice(mode, MODES, "mode")
    cval = as_number(cval, "cval")
    truncate = as_number(truncate, "truncate", 0)
    steps = per_axis(spacing, image.ndim, "spacing")
    sigmas = tuple(s / h for s, h in zip(per_axis(sigma, image.ndim, "sigma"), steps, strict=True))
    for s in sigmas:
        if truncate * s < 0.5:
            reach = f"truncate * sigma / spacing is {truncate * s:.3g}"
            raise ValueError(f"sigma must reach the next sample, half a sample at least: {reach}")
    fields = [image] if mask is None else [image, mask]
    options = (axes, mask is not None, sigmas, steps, mode, cval, truncate)
    result = evaluate(build, fields, sample, options, out, workers)
    if mask is not None:
        result[..., ~mask] = 0
    return result


def gaussian_gradient(
    image: Any,
    sigma: Any,
    *,
    spacing: Any = 1.0,
    mode: str = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    mask: Any = None,
    axis: int | tuple[int, ...] | None = None,
    out: np.ndarray | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Return the gradient of the image smoothed by a Gaussian.

    Parameters
    ----------
    image : array_like, shape S
        In any number of dimensions; see `sobel` for the types. Integers are taken as they are.
    sigma : float or sequence of float
        Standard deviation of the Gaussian, for all axes or for each: a length, in the unit of `spacing`.
    spacing : float or sequence of float
        Distance of samples, for all axes or for each.
    mode, cval
        What is beyond the ends; see `sobel`.
    truncate : float
        Where the Gaussian ends, in standard deviations.
    mask : array_like of bool, shape S, optional
        Samples that exist. The result is the exact derivative of the normalised convolution ``G*(f m) / G*m``, and zero
        where `mask` is False. Beyond ends of mode "constant" samples exist.
    axis : int or tuple of int, optional
        Components to compute. An int gives the bare component.
    out : ndarray, optional
        Where to put the result. It may overlap `image`.
    workers : int, optional
        Most threads to use; by default `get_workers`. The result does not depend on it.

    Returns
    -------
    ndarray, shape (d, *S)
        In units of `image` per unit of `spacing`; at spacing 1 the numbers of `scipy.ndimage.gaussian_filter`.

    Raises
    ------
    TypeError, ValueError
        An argument is not of the right type, or out of its range: `sigma` too small for the kernel to reach the next
        sample, say. Nothing is written to `out` then.

    Notes
    -----
    The kernel is the sampled Gaussian, its sum 1, times the factor that derives a Gaussian. The cost grows with the sum
    of the kernel's lengths along the axes.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> ct = np.arange(40.0).reshape(40, 1) * np.ones(40)
    >>> fg.gaussian_gradient(ct, 2.0, spacing=(0.5, 1.0))[:, 20, 20].round(2) + 0.0
    array([2., 0.])
    """
    _, bare = as_axes(axis, as_image(image)[0].ndim)
    build = _one_derivative if bare else gaussian_components
    return _gaussian_family(build, image, sigma, spacing, mode, cval, truncate, mask, axis, out, workers)


def gaussian_gradient_magnitude(
    image: Any,
    sigma: Any,
    *,
    spacing: Any = 1.0,
    mode: str = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    mask: Any = None,
    out: np.ndarray | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Return the length of the gradient of the image smoothed by a Gaussian, without storing a component.

    Parameters
    ----------
    image, sigma, spacing, mode, cval, truncate, mask
        As in `gaussian_gradient`.
    out : ndarray, optional
        Where to put the result. It may overlap `image`.
    workers : int, optional
        Most threads to use; by default `get_workers`.

    Returns
    -------
    ndarray, shape S
        `scipy.ndimage.gaussian_gradient_magnitude`'s numbers at spacing 1.

    Raises
    ------
    TypeError, ValueError
        As `gaussian_gradient`.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:40, :40] - 20.0
    >>> round(float(fg.gaussian_gradient_magnitude(3 * x + 4 * y, 2.0)[20, 20]), 2)
    5.0
    """
    return _gaussian_family(_magnitude, image, sigma, spacing, mode, cval, truncate, mask, None, out, workers)


def gaussian_laplace(
    image: Any,
    sigma: Any,
    *,
    spacing: Any = 1.0,
    mode: str = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    mask: Any = None,
    out: np.ndarray | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Return the Laplacian of the image smoothed by a Gaussian.

    Parameters
    ----------
    image, sigma, spacing, mode, cval, truncate, mask
        As in `gaussian_gradient`.
    out : ndarray, optional
        Where to put the result. It may overlap `image`.
    workers : int, optional
        Most threads to use; by default `get_workers`.

    Returns
    -------
    ndarray, shape S
        `scipy.ndimage.gaussian_laplace`'s numbers at spacing 1; per unit of `spacing` squared.

    Raises
    ------
    TypeError, ValueError
        As `gaussian_gradient`.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:40, :40] - 20.0
    >>> round(float(fg.gaussian_laplace(x**2 + y**2, 2.0)[20, 20]), 1)
    4.0
    """
    return _gaussian_family(_laplace, image, sigma, spacing, mode, cval, truncate, mask, None, out, workers)


def hessian_of_gaussian(
    image: Any,
    sigma: Any,
    *,
    spacing: Any = 1.0,
    mode: str = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    mask: Any = None,
    out: np.ndarray | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Return the second derivatives of the image smoothed by a Gaussian.

    Parameters
    ----------
    image, sigma, spacing, mode, cval, truncate, mask
        As in `gaussian_gradient`.
    out : ndarray, optional
        Where to put the result. It may overlap `image`.
    workers : int, optional
        Most threads to use; by default `get_workers`.

    Returns
    -------
    ndarray, shape (d, d, *S)
        Symmetric; per unit of `spacing` squared.

    Raises
    ------
    TypeError, ValueError
        As `gaussian_gradient`.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:40, :40] - 20.0
    >>> fg.hessian_of_gaussian(x * y + x**2, 2.0)[:, :, 20, 20].round(1) + 0.0
    array([[0., 1.],
           [1., 2.]])
    """
    array, _, sample = as_image(image)
    shape = array.shape
    pairs = (len(shape),) * 2
    flat = _flat(out, pairs + shape, np.dtype("fd"[sample]))
    result = _gaussian_family(_hessian, image, sigma, spacing, mode, cval, truncate, mask, None, flat, workers)
    if out is None:
        return result.reshape(pairs + shape)
    if flat is None:
        out[...] = result.reshape(pairs + shape)
    return out


def _flat(out, shape, dtype):
    """`out` of that shape with its first two axes as one, or None where they can't be."""
    if out is None:
        return None
    check_out(out, shape, dtype)
    flat = out.view()
    try:
        flat.shape = (shape[0] * shape[1], *shape[2:])
    except AttributeError:
        return None
    return flat
