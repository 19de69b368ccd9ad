"""The other operators of vector calculus: made of the same stencils as the gradient."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import numpy as np

from . import _along, _curved
from ._arrays import apart, as_field
from ._calls import TURNS, Call, after, as_components, geometry_of
from ._metric import whole_matrix
from ._programs import (
    EVERYWHERE,
    Program,
    as_axes,
    carry_out,
    fill_in_rows,
    filled,
    lattice_of,
    second_derivatives,
    whole,
)

__all__ = ["curl", "directional_derivative", "divergence", "hessian", "jacobian", "laplacian", "partial"]

_STENCIL = """    accuracy : {2, 4, 6, 8}
        Order of the truncation error. Derivatives of even order on uneven coordinates have it where steps change
        smoothly, and one less where they do not.
    edge_order : {1, 2}, optional
        Order at one-sided ends alone; see `gradient`. Derivatives of higher order, mixed ones, too, have `accuracy`
        there by default. At the origin of a sector or cone, where directions have no opposites, operators of second
        order, divergence and curl have one order less than it says.
    boundary, cval, where, nan
        What is beyond the ends, and which samples exist; see `gradient`.
    out : ndarray, optional
        Where to put the result. It may overlap the input.
    workers : int, optional
        Most threads to use; by default `get_workers`. The result does not depend on it.
"""


def _documented(function: Any) -> Any:
    """With what all have in common."""
    function.__doc__ = function.__doc__.replace("    <stencil>\n", _STENCIL)
    return function


@_documented
def partial(
    f: Any,
    *spacing: Any,
    axis: int,
    order: int = 1,
    accuracy: int = 2,
    edge_order: int | None = None,
    boundary: Any = "one-sided",
    cval: float = 0.0,
    where: Any = None,
    nan: str = "propagate",
    out: np.ndarray | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Return a derivative along one axis, of the first to the fourth order.

    Parameters
    ----------
    f : array_like, shape S
        Samples of a scalar field; see `gradient`.
    *spacing : float, 1-D array or Grid
        Where the samples are; see `gradient`.
    axis : int
        The axis of `f` to differentiate along. Negative ones count from the last.
    order : {1, 2, 3, 4}
        Of the derivative.
    <stencil>

    Returns
    -------
    ndarray, shape S
        In units of `f` per unit of the axis to the power of `order`, from as few samples as the accuracy takes. On a
        curved `Grid`, the derivative with respect to the coordinate.

    Raises
    ------
    TypeError, ValueError
        As `gradient`; `order` is not 1, 2, 3 or 4.

    Notes
    -----
    The weights are Fornberg's [1]_, of central samples inside and of the nearest ones at one-sided ends.

    References
    ----------
    .. [1] B. Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids", Math. Comp. 51
       (1988) 699-706.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> fg.partial(np.arange(6.0) ** 3, axis=0, order=2)
    array([ 0.,  6., 12., 18., 24., 30.])
    """
    if isinstance(order, bool) or order not in (1, 2, 3, 4):
        raise ValueError(f"order must be 1, 2, 3 or 4, got {order!r}")
    field = as_field(f)
    axes, bare = as_axes(axis, field.ndim)
    if axis is None or not bare:
        raise TypeError(f"axis must be an int, got {axis!r}")
    program = Program(((0, axes[0], int(order)),))
    options = accuracy, edge_order, boundary, cval
    if geometry_of(spacing) is not None:
        return _curved.partial(program, field, spacing, options, (where, nan), out, workers)
    return carry_out(program, field, False, spacing, (axes[0], *options), (where, nan), out, workers)


@_documented
def laplacian(
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
    """Return the Laplacian: the sum of the second derivatives along all axes.

    Parameters
    ----------
    f : array_like, shape S
        Samples of a scalar field; see `gradient`.
    *spacing : float, 1-D array or Grid
        Where the samples are; see `gradient`.
    <stencil>

    Returns
    -------
    ndarray, shape S
        In units of `f` per square of a length. Compact: second differences, not the divergence of the gradient. On a
        curved `Grid`, Laplace and Beltrami's operator.

    Raises
    ------
    TypeError, ValueError
        As `gradient`.

    Notes
    -----
    With the metric ``g_ij`` of the coordinates, its inverse ``g^ij`` and its determinant g it is

    ``1/sqrt(g) d_i(sqrt(g) g^ij d_j f)``,

    summed over i and j; in orthogonal coordinates with the scale factors h_k, and J the product of all, the sum over k
    of ``1/J d_k(J / h_k² d_k f)`` [1]_. What is computed is the expanded form, ``g^ij d_i d_j f`` plus first
    derivatives of f, whose weights are exact in orthogonal coordinates and otherwise differences of the metric, of two
    orders more than asked for. Stencils are Fornberg's [2]_.

    References
    ----------
    .. [1] G. B. Arfken, H. J. Weber, "Mathematical Methods for Physicists", 6th edition, Elsevier 2005, chapter 2,
       "Vector analysis in curved coordinates and tensors".
    .. [2] B. Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids", Math. Comp. 51
       (1988) 699-706.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:5, :6].astype(float)
    >>> fg.laplacian(x**2 + 2 * y**2)[2]
    array([6., 6., 6., 6., 6., 6.])
    """
    field = as_field(f)
    options = accuracy, edge_order, boundary, cval
    if geometry_of(spacing) is not None:
        return _curved.laplacian(field, spacing, options, (where, nan), out, workers)
    program = Program(tuple((0, k, 2) for k in range(field.ndim)), mixtures=_sum(field.ndim))
    return carry_out(program, field, False, spacing, (None, *options), (where, nan), out, workers)


@_documented
def divergence(
    F: Any,
    *spacing: Any,
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
    """Return the divergence of a vector field.

    Parameters
    ----------
    F : array_like, shape (d, *S)
        Samples of the components along the d axes of S, of any kind of numbers that `gradient` takes.
    *spacing : float, 1-D array or Grid
        Where the samples are; see `gradient`.
    <stencil>
    components : {"physical", "covariant", "contravariant"}
        Those of `F` on a curved `Grid`; see `gradient`.

    Returns
    -------
    ndarray, shape S
        The sum of the derivatives of each component along its own axis, and what the metric adds to it.

    Raises
    ------
    TypeError, ValueError
        As `gradient`; `F` does not have one component per axis.

    Notes
    -----
    With the determinant g of the coordinates' metric and the contravariant components ``F^i`` it is

    ``1/sqrt(g) d_i(sqrt(g) F^i)``,

    summed over i; in orthogonal coordinates with the scale factors h_k, J the product of all and physical components
    F_k, the sum over k of ``1/J d_k(J / h_k F_k)`` [1]_.

    References
    ----------
    .. [1] G. B. Arfken, H. J. Weber, "Mathematical Methods for Physicists", 6th edition, Elsevier 2005, chapter 2,
       "Vector analysis in curved coordinates and tensors".

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:4, :5].astype(float)
    >>> fg.divergence([2 * y, x])[1]
    array([3., 3., 3., 3., 3.])
    """
    field = _as_vectors(F)
    options = accuracy, edge_order, boundary, cval
    components = as_components(components)
    if geometry_of(spacing) is not None:
        return _curved.divergence(field, spacing, options, (where, nan), out, workers, components)
    d = len(field)
    program = Program(tuple((k, k, 1) for k in range(d)), mixtures=_sum(d))
    return carry_out(program, field, True, spacing, (None, *options), (where, nan), out, workers)


@_documented
def curl(
    F: Any,
    *spacing: Any,
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
    """Return the curl of a vector field in two or three dimensions.

    Parameters
    ----------
    F : array_like, shape (2, *S) or (3, *S)
        Samples of the components along the axes of S.
    *spacing : float, 1-D array or Grid
        Where the samples are; see `gradient`.
    <stencil>
    components : {"physical", "covariant", "contravariant"}
        Those of `F` and of the result on a curved `Grid`; see `gradient`.

    Returns
    -------
    ndarray, shape (3, *S), or S in two dimensions
        Component i is ``dF[k]/dj - dF[j]/dk`` for i, j, k = 0, 1, 2 and on in turn; in two dimensions it is
        ``dF[1]/d0 - dF[0]/d1``; on a globe, the upward component. Curved grids have what the metric adds to it.

    Raises
    ------
    TypeError, ValueError
        As `gradient`; `F` does not have one component per axis, or not two or three.

    Notes
    -----
    With the determinant g of the coordinates' metric and the covariant components ``F_k`` it has the contravariant
    components

    ``1/sqrt(g) eps^ijk d_j F_k``,

    summed over j and k, with eps 1 for even orders of 0, 1, 2, -1 for odd ones and otherwise 0; in orthogonal
    coordinates with the scale factors h_k and physical components F_k, component i is
    ``(d_j(h_k F_k) - d_k(h_j F_j)) / (h_j h_k)`` [1]_. In two dimensions it is ``(d_0 F_1 - d_1 F_0) / sqrt(g)`` of
    covariant components, positive for a turn from the first axis towards the second: with y before x, as the rows and
    columns of a map, the sign is the opposite of the usual one. On `Grid.geographic` counter-clockwise is positive,
    seen from above; on `Grid.curvilinear` a turn from the first position towards the second, in whatever order the
    axes are.

    References
    ----------
    .. [1] G. B. Arfken, H. J. Weber, "Mathematical Methods for Physicists", 6th edition, Elsevier 2005, chapter 2,
       "Vector analysis in curved coordinates and tensors".

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:4, :5].astype(float)
    >>> fg.curl([-x, y])[1]
    array([2., 2., 2., 2., 2.])
    """
    field = _as_vectors(F)
    if len(field) not in (2, 3):
        raise ValueError(f"F must have 2 or 3 components for its curl, got {len(field)}")
    options = accuracy, edge_order, boundary, cval
    components = as_components(components)
    if geometry_of(spacing) is not None:
        return _curved.curl(field, spacing, options, (where, nan), out, workers, components)
    turns = TURNS[len(field)]
    derivatives = tuple(one for j, k in turns for one in ((k, j, 1), (j, k, 1)))
    mixtures = tuple(((2 * i, 1.0, -1), (2 * i + 1, -1.0, -1)) for i in range(len(turns)))
    program = Program(derivatives, () if len(turns) == 1 else (3,), mixtures)
    return carry_out(program, field, True, spacing, (None, *options), (where, nan), out, workers)


@_documented
def jacobian(
    F: Any,
    *spacing: Any,
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
    """Return all first derivatives of several fields.

    Parameters
    ----------
    F : array_like, shape (m, *S)
        Samples of m fields, or of the components of one.
    *spacing : float, 1-D array or Grid
        Where the samples are; see `gradient`.
    <stencil>
    components : {"physical", "covariant", "contravariant"}
        Along the axes of a curved `Grid`; see `gradient`.

    Returns
    -------
    ndarray, shape (m, d, *S)
        ``[i, k]`` is the derivative of ``F[i]`` along axis k of S: gradients, field by field.

    Raises
    ------
    TypeError, ValueError
        As `gradient`; `F` has less than two axes.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:4, :5].astype(float)
    >>> fg.jacobian([x + 2 * y, x * y, y])[:, :, 1, 2]
    array([[2., 1.],
           [2., 1.],
           [1., 0.]])
    """
    field, presence = _as_stack(F), (where, nan)
    program = Program(tuple((0, k, 1) for k in range(field.ndim - 1)), (field.ndim - 1,))
    options = None, accuracy, edge_order, boundary, cval
    components = as_components(components)
    curved = geometry_of(spacing) is not None

    def fill(fields, there, result):
        for one, derivatives in zip(fields, result, strict=True):
            if curved:
                lead = derivatives if len(derivatives) > 1 else derivatives[0]
                _curved.gradient("stack", one, spacing, options, there, lead, workers, components)
            else:
                carry_out(program, one, False, spacing, options, there, derivatives, workers)

    return filled(fill, field, True, (len(field), field.ndim - 1), presence, out)


@_documented
def hessian(
    f: Any,
    *spacing: Any,
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
    """Return all second derivatives of a sampled field.

    Parameters
    ----------
    f : array_like, shape S
        Samples of a scalar field; see `gradient`.
    *spacing : float, 1-D array or Grid
        Where the samples are; see `gradient`.
    <stencil>
    components : {"physical", "covariant", "contravariant"}
        On a curved `Grid`, where these are second covariant derivatives; see `gradient`.

    Returns
    -------
    ndarray, shape (d, d, *S)
        Symmetric. ``[k, k]`` is the compact second derivative along axis k, ``[i, k]`` the first derivative along axis
        k of that along axis i. All have the order `accuracy` at one-sided ends, too, unless `edge_order` says less.

    Raises
    ------
    TypeError, ValueError
        As `gradient`.

    Notes
    -----
    With the metric ``g_ij`` of the coordinates the covariant components are

    ``d_i d_j f - Gamma^k_ij d_k f``,  ``Gamma^k_ij = g^kl (d_i g_jl + d_j g_il - d_l g_ij) / 2``,

    summed over k and l [1]_. In orthogonal coordinates with the scale factors h_k the physical ones are these divided
    by ``h_i h_j``, and all symbols that are not zero are, for i other than j, ``Gamma^i_ii = d_i h_i / h_i``,
    ``Gamma^i_ij = d_j h_i / h_i`` and ``Gamma^j_ii = -h_i d_j h_i / h_j²``; the trace of the physical components is
    the Laplacian. Stencils are Fornberg's [2]_.

    References
    ----------
    .. [1] G. B. Arfken, H. J. Weber, "Mathematical Methods for Physicists", 6th edition, Elsevier 2005, chapter 2,
       "Vector analysis in curved coordinates and tensors".
    .. [2] B. Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids", Math. Comp. 51
       (1988) 699-706.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:4, :5].astype(float)
    >>> fg.hessian(x**2 + 3 * x * y)[:, :, 1, 2]
    array([[0., 3.],
           [3., 2.]])
    """
    field, presence = as_field(f), (where, nan)
    components = as_components(components)
    if geometry_of(spacing) is not None:
        plain_options = accuracy, edge_order, boundary, cval
        return _curved.hessian(field, spacing, plain_options, presence, out, workers, components)
    d = field.ndim
    options = _curved.settings((accuracy, edge_order, boundary, cval), (), 0, True)

    def fill(samples, there, result):
        if whole(there, samples) and d <= _MOST_AT_ONCE:
            how = spacing, (None, *options), EVERYWHERE
            fill_in_rows(lambda flat: carry_out(_whole_hessian(d), samples, False, *how, flat, workers), result, d)
            return
        call, lattice = Call(options, there, workers), lattice_of(spacing, samples.shape)
        for k in range(d):
            call.run(Program(((0, k, 2),)), samples, False, lattice, result[k, k])
        for i in range(d - 1):
            first = result[d - 1, i]  # where the transposed component will be
            call.run(Program(((0, i, 1),)), samples, False, lattice, first)
            onward = after(call, {i: first}, samples, lattice)
            for k in range(i + 1, d):
                onward.run(Program(((0, k, 1),)), first, False, lattice, result[i, k])
            for k in range(i + 1, d):
                result[k, i] = result[i, k]

    return filled(fill, field, False, (d, d), presence, out)


@_documented
def directional_derivative(
    f: Any,
    direction: Any,
    *spacing: Any,
    normalize: bool = True,
    accuracy: int = 2,
    edge_order: int | None = None,
    boundary: Any = "one-sided",
    cval: float = 0.0,
    where: Any = None,
    nan: str = "propagate",
    out: np.ndarray | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Return the derivative of a sampled field in a direction.

    Parameters
    ----------
    f : array_like, shape S
        Samples of a scalar field; see `gradient`.
    direction : array_like, (d,) or (d, *S)
        Physical components along the axes: of one direction, or of one for each sample.
    *spacing : float, 1-D array or Grid
        Where the samples are; see `gradient`.
    normalize : bool
        Whether a direction counts as the unit vector along it. Otherwise its length is a factor of the result.
    <stencil>

    Returns
    -------
    ndarray, shape S
        The dot product of the direction and the gradient.

    Raises
    ------
    TypeError, ValueError
        As `gradient`; `direction` has another shape, is not finite, or is zero and to be normalised.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> y, x = np.mgrid[:4, :5].astype(float)
    >>> fg.directional_derivative(3 * y + 4 * x, (3, 4))[1]
    array([5., 5., 5., 5., 5.])
    """
    field = as_field(f)
    vectors = _as_direction(direction, field.shape, normalize)
    options, curved = (accuracy, edge_order, boundary, cval), geometry_of(spacing) is not None
    one = vectors.ndim == 1
    if not one:
        lattice = spacing[0].lattice if curved else lattice_of(spacing, field.shape)
        _along.check(vectors, field, lattice, options, normalize, (where, nan), workers)
        if isinstance(out, np.ndarray):
            vectors = apart(vectors, out)
    if curved:
        return _curved.directional_derivative(field, vectors, normalize, spacing, options, (where, nan), out, workers)
    d = field.ndim
    if one or not normalize:
        terms = tuple((k, float(v), -1) if one else (k, 1.0, k) for k, v in enumerate(vectors))
        program, arrays = Program(tuple((0, k, 1) for k in range(d)), (), (terms,)), () if one else vectors
        return carry_out(program, field, False, spacing, (None, *options), (where, nan), out, workers, arrays)

    def fill(samples, there, result):
        call = Call(options, there, workers)
        _along.derivative(samples, lattice, call, result, vectors, True, [None] * d, {})

    return filled(fill, field, False, (), (where, nan), out)


#: Axes of a field whose second derivatives are made in one go.
_MOST_AT_ONCE = 8


@cache
def _whole_hessian(d):
    """All second derivatives, row by row."""
    upper = second_derivatives(d)
    return upper._replace(leading=(d * d,), mixtures=tuple(itertools.chain(*whole_matrix(upper.mixtures, d))))


# ---- arguments -----------------------------------------------------------------------------------------------


def _sum(count):
    return (tuple((k, 1.0, -1) for k in range(count)),)


def _as_stack(F):
    """Several fields, along axis 0."""
    field = as_field(F, "F")
    if field.dtype.kind in "mM":
        raise TypeError(f"F must be an array of numbers, got dtype {field.dtype}")
    if field.ndim < 2:
        raise ValueError(f"F must have an axis of components and those of the samples, got shape {field.shape}")
    if not len(field):
        raise ValueError("F must have at least one component, got none")
    return field


def _as_vectors(F):
    """One component for each axis."""
    field = _as_stack(F)
    if len(field) != field.ndim - 1:
        raise ValueError(f"F must have one component for each of its {field.ndim - 1} other axes, got {len(field)}")
    return field


def _as_direction(direction, shape, normalize):
    """Components of one direction, of length 1 if that is wanted; or of one per sample, as they are."""
    vectors = as_field(direction, "direction")
    if vectors.dtype.kind not in "biuf":
        raise TypeError(f"direction must be real numbers, got dtype {vectors.dtype}")
    d = len(shape)
    if vectors.shape not in ((d,), (d, *shape)):
        raise ValueError(f"direction must have shape ({d},) or {(d, *shape)}, got {vectors.shape}")
    if np.ma.is_masked(vectors):  # no numbers; which does not matter where the field is absent, too
        vectors = np.ma.filled(vectors.astype(np.result_type(vectors, np.float64)), np.nan)
    if vectors.ndim > 1:
        return np.asarray(vectors)
    vectors = np.asarray(vectors, np.result_type(vectors, np.float64))
    if not np.isfinite(vectors).all():
        raise ValueError("direction must be finite")
    if not normalize:
        return vectors
    largest = np.abs(vectors).max()
    if not largest > 0:
        raise ValueError("direction must not be zero, unless normalize=False")
    scaled = vectors / largest  # whose squares neither overflow nor vanish
    return scaled / np.sqrt((scaled**2).sum())
