"""Derivatives of sampled fields."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._arrays import as_field
from ._calls import as_components, geometry_of
from ._programs import carry_out

__all__ = ["gradient", "gradient_magnitude", "normals"]


def gradient(
    f: Any,
    *spacing: Any,
    axis: int | tuple[int, ...] | None = None,
    accuracy: int = 2,
    edge_order: int | None = None,
    boundary: Any = "one-sided",
    cval: float = 0.0,
    where: Any = None,
    nan: str = "propagate",
    components: str = "physical",
    out: np.ndarray | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Return the gradient of a sampled field.

    Component ``k`` is the derivative along **axis k** of the array, in units of `f` per unit of that axis.

    Parameters
    ----------
    f : array_like, shape S
        Samples of a scalar field, in any number of dimensions. Floating and complex types are kept, integers and
        booleans are taken as float64, dates as `numpy.gradient` takes them. Masked samples are absent, as if `where`
        said so, and give a masked result.
    *spacing : float, 1-D array or Grid
        Where the samples are, as in `numpy.gradient`: nothing (steps of 1), one step for all axes, one step or
        array of coordinates for each axis (of the array, or of `axis`), or one `Grid`.
    axis : int or tuple of int, optional
        Differentiate along these axes only. An int gives the bare derivative.
    accuracy : {2, 4, 6, 8}
        Order of the truncation error.
    edge_order : {1, 2}, optional
        Order at one-sided ends alone. The default is 1 with ``accuracy=2``, as in NumPy, and otherwise `accuracy`.
    boundary : str or tuple
        What is beyond the ends: ``"one-sided"`` (nothing, the stencil turns one-sided), ``"periodic"``,
        or `scipy.ndimage`'s ``"reflect"`` (d c b a | a b c d), ``"mirror"`` (d c b | a b c d),
        ``"nearest"``, ``"constant"``. One for all axes or one per axis of `f`, each a word or a pair of words
        (low, high). Uneven coordinates continue with their own steps mirrored.
    cval : float
        Value beyond constant ends.
    where : array_like of bool, shape S, optional
        Which samples exist; the others do not touch the result, whatever they are. Stencils turn one-sided next to
        them, as at an end, with the order `edge_order`, or the highest one that the samples on either side allow. Where
        a sample is absent, or has no neighbour along the axis, the derivative is NaN.
    nan : {"propagate", "omit"}
        Whether samples that are NaN take part, as in NumPy, or are absent.
    components : {"physical", "covariant", "contravariant"}
        On a curved `Grid`, the components: along the unit vectors of the coordinates' directions, so per unit of
        length; the derivatives with respect to the coordinates themselves; or those raised by the inverse metric. NaN
        where contravariant ones have no limit, at poles.
    out : ndarray, optional
        Where to put the result. It may overlap `f`.
    workers : int, optional
        Most threads to use; by default `get_workers`. The result does not depend on it.

    Returns
    -------
    ndarray, shape (d, *S)
        The components, stacked first. Of shape S if `axis` is an int, or if `f` has one axis and `axis` is None.

    Raises
    ------
    TypeError
        `f`, a spacing or another argument is not of the right type, or the number of spacings is wrong.
    ValueError
        A spacing is zero, not finite, not strictly monotonic or of the wrong length; there are too few samples for
        the stencil; another argument is out of its range. Nothing is written to `out` then.

    Notes
    -----
    Inside, with an even step h and ``accuracy=2``, the derivative is ``(f[i+1] - f[i-1]) / (2 h)``, in every bit
    what `numpy.gradient` gives. (With a step of type `numpy.float32` and ``edge_order=2`` NumPy rounds the weights at
    the ends, such as -1.5 / h, to float32; here they are of float64, and float64 fields differ there.) Coordinates
    give Fornberg's weights [1]_ in the form of differences: with weights
    p and -q of the neighbours,

    ``m (f[i+1] - f[i-1]) + (p - m) (f[i+1] - f[i]) + (q - m) (f[i] - f[i-1])``,  m = min(p, q),

    exactly zero for constant fields, free of the cancellation that a sum of weighted samples suffers, and the
    formula above where steps are even.

    References
    ----------
    .. [1] B. Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids", Math. Comp. 51
       (1988) 699-706.

    Examples
    --------
    The field between two plates, from their potential:

    >>> import numpy as np, fieldgrad as fg
    >>> V = np.linspace(0, 10, 5)[:, None] * np.ones(3)       # volts, plates 0.02 m apart
    >>> E = -fg.gradient(V, 0.005, 0.01)
    >>> E.shape
    (2, 5, 3)
    >>> float(E[0, 2, 1])                                     # volts per metre
    -500.0

    One axis, uneven coordinates:

    >>> x = np.array([0.0, 1.0, 3.0, 4.0])
    >>> fg.gradient(x**2, x, edge_order=2)
    array([0., 2., 6., 8.])
    """
    options = (axis, accuracy, edge_order, boundary, cval)
    return _differentiate("stack", f, spacing, options, (where, nan), out, workers, components)


def gradient_magnitude(
    f: Any,
    *spacing: Any,
    accuracy: int = 2,
    edge_order: int | None = None,
    boundary: Any = "one-sided",
    cval: float = 0.0,
    where: Any = None,
    nan: str = "propagate",
    out: np.ndarray | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Return the length of the gradient of a sampled field, without storing a component.

    Parameters
    ----------
    f : array_like, shape S
        Samples of a scalar field; see `gradient`.
    *spacing : float, 1-D array or Grid
        Where the samples are; see `gradient`.
    accuracy, edge_order, boundary, cval, where, nan
        The stencil, and which samples exist; see `gradient`.
    out : ndarray, optional
        Where to put the result. It may overlap `f`.
    workers : int, optional
        Most threads to use; by default `get_workers`.

    Returns
    -------
    ndarray, shape S
        ``sqrt(sum of squares)`` of the components, in units of `f` per unit of length; real if `f` is complex.
        It neither overflows nor underflows where the true length is finite.

    Raises
    ------
    TypeError, ValueError
        As `gradient`.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:4, :5]
    >>> float(fg.gradient_magnitude(3 * x + 4 * y)[1, 2])
    5.0
    """
    options = (None, accuracy, edge_order, boundary, cval)
    return _differentiate("norm", f, spacing, options, (where, nan), out, workers)


def normals(
    f: Any,
    *spacing: Any,
    accuracy: int = 2,
    edge_order: int | None = None,
    boundary: Any = "one-sided",
    cval: float = 0.0,
    where: Any = None,
    nan: str = "propagate",
    out: np.ndarray | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Return the unit normals of a field's level sets: its gradient divided by the gradient's length.

    Parameters
    ----------
    f : array_like, shape S
        Samples of a scalar field; see `gradient`.
    *spacing : float, 1-D array or Grid
        Where the samples are; see `gradient`.
    accuracy, edge_order, boundary, cval, where, nan
        The stencil, and which samples exist; see `gradient`.
    out : ndarray, optional
        Where to put the result. It may overlap `f`.
    workers : int, optional
        Most threads to use; by default `get_workers`.

    Returns
    -------
    ndarray, shape (d, *S)
        Unit vectors towards larger values, components first. Zero where the gradient is zero, NaN where it is NaN.

    Raises
    ------
    TypeError, ValueError
        As `gradient`.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:4, :5]
    >>> fg.normals(3 * x + 4 * y)[:, 1, 2]
    array([0.8, 0.6])
    """
    options = (None, accuracy, edge_order, boundary, cval)
    return _differentiate("unit", f, spacing, options, (where, nan), out, workers)


def _differentiate(reduction, f, spacing, options, presence, out, workers, components="physical"):
    """What all three do."""
    if geometry_of(spacing) is not None:
        from . import _curved  # imported when first needed: much of fieldgrad is for these grids only

        return _curved.gradient(reduction, as_field(f), spacing, options, presence, out, workers, components)
    if components != "physical":
        as_components(components)
    return carry_out(reduction, f, False, spacing, options, presence, out, workers)
