"""Critical points of fields: where the gradient is zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._arrays import as_field

__all__ = ["second_derivative_test"]

_KINDS = np.array(["degenerate", "minimum", "maximum", "saddle"])


def second_derivative_test(hessian: Any) -> np.ndarray:
    """Tell minima, saddles and maxima from each other by their second derivatives.

    Parameters
    ----------
    hessian : array of real numbers, (..., d, d)
        Symmetric matrices of second derivatives at critical points, in any one unit. (`hessian_of_gaussian` has
        the components first: move its first two axes to the end.)

    Returns
    -------
    kind : ndarray of str, (...)
        ``"minimum"`` where all eigenvalues are positive, ``"maximum"`` where all are negative, ``"saddle"`` where there
        are both. ``"degenerate"`` where one is zero, for then second derivatives do not tell: where its magnitude,
        relative to that of the largest, is no more than rounding: ``8 d`` times the machine epsilon of float64, or
        of the input where that is a shorter float. Matrices with NaN or infinities are degenerate, too. A single
        matrix gives a str.

    Raises
    ------
    TypeError
        The input is not of real numbers, or masked.
    ValueError
        It has no two equal, last axes of at least 1, or a matrix is not symmetric: opposite entries differ by more than
        the square root of the machine epsilon, relative to the largest entry.

    Notes
    -----
    The result does not change when the field is multiplied by a positive number, however small or large, nor when all
    coordinates are. The eigenvalues come from LAPACK through `numpy.linalg.eigvalsh`; their errors are a few roundings
    of the largest.

    Examples
    --------
    >>> import fieldgrad as fg
    >>> fg.second_derivative_test([[[2, 0], [0, 1]], [[0, 1], [1, 0]], [[1, 1], [1, 1]]])
    array(['minimum', 'saddle', 'degenerate'], dtype='<U10')
    """
    matrices = as_field(hessian, "hessian")
    if isinstance(matrices, np.ma.MaskedArray):
        raise TypeError("hessian must not be masked")
    if matrices.dtype.kind not in "biuf":
        raise TypeError(f"hessian must be real numbers, got dtype {matrices.dtype}")
    d = matrices.shape[-1]
    if matrices.ndim < 2 or matrices.shape[-2] != d or d == 0:
        raise ValueError(f"hessian must have shape (..., d, d), got {matrices.shape}")
    epsilon = np.finfo(matrices.dtype if matrices.dtype.char in "ef" else np.float64).eps
    scaled = _scaled(matrices)
    if (np.abs(scaled - np.swapaxes(scaled, -1, -2)) > np.sqrt(epsilon)).any():
        raise ValueError("hessian must be symmetric: opposite entries differ by more than rounding")
    eigenvalues = np.linalg.eigvalsh(scaled)
    size = np.abs(eigenvalues)
    degenerate = (size <= 8 * d * epsilon * size.max(axis=-1, keepdims=True)).any(axis=-1)
    signs = (eigenvalues > 0).any(axis=-1) + 2 * (eigenvalues < 0).any(axis=-1)
    return _KINDS[np.where(degenerate, 0, signs)]


def _scaled(matrices: np.ndarray) -> np.ndarray:
    """Each divided by its largest entry, as float64; zero where some entry is not finite."""
    numbers = np.asarray(matrices, np.result_type(matrices, np.float64))
    largest = np.abs(numbers).max(axis=(-2, -1), keepdims=True)
    usable = np.isfinite(largest) & (largest > 0)
    return np.divide(numbers, largest, out=np.zeros_like(numbers), where=usable).astype(np.float64)
