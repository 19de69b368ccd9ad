"""The gradient as linear algebra: its matrix, and its inverse."""

from __future__ import annotations

import math
from math import prod
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from . import _curved_matrices
from ._adjoint import Adjoint
from ._arrays import as_field
from ._axes import as_shape
from ._calls import PHYSICAL, as_components, geometry_of
from ._config import as_workers
from ._curved import check_periodic, poles_of
from ._least_squares import Box, Elimination, Solution, by_diagonal, is_circulant, scale_of, solve
from ._matrices import along_axis, along_line, total
from ._programs import Program, as_placements, as_present, tables_of
from .calculus import gradient

__all__ = ["PotentialInfo", "gradient_matrix", "gradient_operator", "laplacian_matrix", "potential"]


def gradient_matrix(
    shape: int | tuple[int, ...],
    *spacing: Any,
    accuracy: int = 2,
    edge_order: int | None = None,
    boundary: Any = "one-sided",
    where: Any = None,
    components: str = "physical",
) -> Any:
    """Return the matrix that takes a field to its gradient.

    Parameters
    ----------
    shape : int or tuple of int
        S, of the fields: of N samples along d axes.
    *spacing : float, 1-D array or Grid
        Where the samples are; see `gradient`.
    accuracy, edge_order, boundary, where
        The stencil, and which samples exist; see `gradient`. Constants beyond the ends are zero.
    components : {"physical", "covariant", "contravariant"}
        On a curved `Grid`; see `gradient`.

    Returns
    -------
    scipy.sparse.csr_array, (d N, N)
        ``(matrix @ f.ravel()).reshape(d, *S)`` is ``gradient(f)``, up to rounding. Rows are empty where the gradient is
        NaN for want of samples. On a pole each row has entries for all directions; at the origin of a spherical grid
        these are the square of the number of directions, which is much. `gradient_operator` takes them for its adjoint
        alone.

    Raises
    ------
    TypeError, ValueError
        As `gradient`; `shape` is not made of non-negative integers.

    Examples
    --------
    >>> import fieldgrad as fg
    >>> fg.gradient_matrix(4, boundary="periodic").toarray()
    array([[ 0. ,  0.5,  0. , -0.5],
           [-0.5,  0. ,  0.5,  0. ],
           [ 0. , -0.5,  0. ,  0.5],
           [ 0.5,  0. , -0.5,  0. ]])
    """
    from scipy.sparse import vstack

    sizes = as_shape(shape)
    as_components(components)
    options = accuracy, edge_order, boundary
    parts = _gradient_rows(sizes, spacing, options, _present(where, sizes), components)
    return vstack([part.matrix for part in parts], format="csr")


def laplacian_matrix(
    shape: int | tuple[int, ...],
    *spacing: Any,
    accuracy: int = 2,
    edge_order: int | None = None,
    boundary: Any = "one-sided",
    where: Any = None,
) -> Any:
    """Return the matrix that takes a field to its Laplacian.

    Parameters
    ----------
    shape : int or tuple of int
        S, of the fields: of N samples.
    *spacing : float, 1-D array or Grid
        Where the samples are; see `gradient`.
    accuracy, edge_order, boundary, where
        The stencil, and which samples exist; see `laplacian`. Constants beyond the ends are zero.

    Returns
    -------
    scipy.sparse.csr_array, (N, N)
        ``(matrix @ f.ravel()).reshape(S)`` is ``laplacian(f)``, up to rounding. Rows are empty where the Laplacian is
        NaN for want of samples.

    Raises
    ------
    TypeError, ValueError
        As `laplacian`; `shape` is not made of non-negative integers.

    Examples
    --------
    >>> import fieldgrad as fg
    >>> fg.laplacian_matrix(4, boundary="periodic").toarray()
    array([[-2.,  1.,  0.,  1.],
           [ 1., -2.,  1.,  0.],
           [ 0.,  1., -2.,  1.],
           [ 1.,  0.,  1., -2.]])
    """
    sizes = as_shape(shape)
    present = _present(where, sizes)
    if geometry_of(spacing) is not None:
        return _curved_matrices.laplacian(spacing[0], sizes, (accuracy, edge_order, boundary), present).matrix
    tables = _derivatives(sizes, spacing, 2, (accuracy, edge_order, boundary), present is not None)
    return total([along_axis(table, sizes, k, present) for k, table in enumerate(tables)]).matrix


def gradient_operator(
    shape: int | tuple[int, ...],
    *spacing: Any,
    accuracy: int = 2,
    edge_order: int | None = None,
    boundary: Any = "one-sided",
    where: Any = None,
    components: str = "physical",
    workers: int | None = None,
) -> Any:
    """Return the gradient as a linear operator, without a matrix.

    Parameters
    ----------
    shape : int or tuple of int
        S, of the fields: of N samples along d axes.
    *spacing : float, 1-D array or Grid
        Where the samples are; see `gradient`.
    accuracy, edge_order, boundary, where
        The stencil, and which samples exist; see `gradient`. Constants beyond the ends are zero.
    components : {"physical", "covariant", "contravariant"}
        On a curved `Grid`; see `gradient`.
    workers : int, optional
        Most threads to use; by default `get_workers`.

    Returns
    -------
    scipy.sparse.linalg.LinearOperator, (d N, N)
        ``operator @ f.ravel()`` is ``gradient(f).ravel()``, with zeros where the gradient is NaN for want of samples.
        ``operator.rmatvec(v)`` is the exact adjoint, ``gradient_matrix(...).T @ v``: what back-propagation through the
        gradient takes.

    Raises
    ------
    TypeError, ValueError
        As `gradient`; `shape` is not made of non-negative integers.

    Notes
    -----
    The adjoint is by stencils, too, unless samples are absent or the grid has poles: then it is by a sparse matrix,
    which is made when it is needed.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> D = fg.gradient_operator((5, 6), 0.5)
    >>> f, v = np.random.default_rng(0).normal(size=30), np.random.default_rng(1).normal(size=60)
    >>> bool(np.isclose(v @ (D @ f), D.rmatvec(v) @ f))
    True
    """
    from scipy.sparse.linalg import LinearOperator

    sizes = as_shape(shape)
    as_components(components)
    as_workers(workers)
    present = _present(where, sizes)
    options = {"accuracy": accuracy, "edge_order": edge_order, "boundary": boundary, "components": components}
    gaps = None
    if present is None and not _has_poles(spacing):
        adjoint = _adjoint(sizes, spacing, options)
    else:
        # A derivative that is NaN of zeros has no samples; of others it may be NaN because they are.
        gaps = np.isnan(gradient(np.zeros(sizes), *spacing, where=present, workers=workers, **options))
        adjoint = _adjoint_by_matrix(sizes, spacing, present, options)

    def matvec(x: np.ndarray) -> np.ndarray:
        result = gradient(np.reshape(x, sizes), *spacing, where=present, workers=workers, **options)
        return (result if gaps is None else np.where(gaps, 0, result)).ravel()

    def rmatvec(v: np.ndarray) -> np.ndarray:
        kind = np.complex128 if np.iscomplexobj(v) else np.float64
        return adjoint(np.ascontiguousarray(np.reshape(v, (len(sizes), *sizes)), kind), workers).ravel()

    return LinearOperator((len(sizes) * prod(sizes), prod(sizes)), matvec, rmatvec, dtype=np.dtype(float))


def _lattice(spacing):
    """Spacings without the geometry of a grid."""
    return spacing if geometry_of(spacing) is None else (spacing[0].lattice,)


def _has_poles(spacing):
    return geometry_of(spacing) is not None and bool(poles_of(spacing[0]))


def _adjoint(sizes, spacing, options):
    """A function of components and workers."""
    accuracy, edge_order, boundary, components = options.values()
    geometry = geometry_of(spacing)
    tables = _derivatives(sizes, _lattice(spacing), 1, (accuracy, edge_order, boundary), False)
    if geometry is None:
        return Adjoint(tables)
    check_periodic(geometry, boundary, len(sizes))
    weights = _curved_matrices.weights_across(geometry, len(sizes), components)
    if weights is not None:
        return Adjoint(tables, weights)
    adjoint = Adjoint(tables)
    return lambda F, workers: adjoint(
        _curved_matrices.along_axes(F, spacing[0], (accuracy, edge_order, boundary), components), workers
    )


def _adjoint_by_matrix(sizes, spacing, present, options):
    """The same, made when it is needed."""
    matrix: Any = None

    def adjoint(F: np.ndarray, workers: Any) -> np.ndarray:
        nonlocal matrix
        if matrix is None:
            matrix = gradient_matrix(sizes, *spacing, where=present, **options).T.tocsr()
        return matrix @ F.ravel()

    return adjoint


def _gradient_rows(sizes, spacing, options, present, components):
    """For each component."""
    if geometry_of(spacing) is not None:
        return _curved_matrices.gradient(spacing[0], sizes, options, present, components)
    tables = _derivatives(sizes, spacing, 1, options, present is not None)
    return [along_axis(table, sizes, k, present) for k, table in enumerate(tables)]


def _present(where, sizes):
    """Marks of the samples of a field that exist; None if all do."""
    return as_present(where, "propagate", np.broadcast_to(0.0, sizes))


def _derivatives(shape, spacing, order, options, with_gaps):
    """The tables of those along all axes."""
    axes, (accuracy, edge_order, boundary) = tuple(range(len(shape))), options
    program = Program(tuple((0, k, order) for k in axes))
    return list(tables_of(shape, spacing, axes, program, accuracy, edge_order, boundary, with_gaps).values())


# ---- the inverse -------------------------------------------------------------------------------------------


class PotentialInfo(NamedTuple):
    """How well a potential fits.

    Attributes
    ----------
    residual : float
        The norm of ``gradient(f) - F``, relative to that of `F`: what part of `F` is no gradient, where a gradient
        can be had.
    iterations : int
        0 where the solution is direct.
    """

    residual: float
    iterations: int


def potential(
    F: Any,
    *spacing: Any,
    reference: float = 0.0,
    accuracy: int = 2,
    edge_order: int | None = None,
    boundary: Any = "one-sided",
    where: Any = None,
    nan: str = "propagate",
    return_info: bool = False,
) -> Any:
    """Return the field whose gradient is nearest to a vector field: the inverse of `gradient`.

    Parameters
    ----------
    F : array_like, shape (d, *S)
        Components of the vector field, along the axes of S. For one axis the bare derivative will do.
    *spacing : float, 1-D array or Grid
        Where the samples are; see `gradient`.
    reference : float
        The mean of the result.
    accuracy, edge_order, boundary, where, nan
        The stencil, and which samples exist; see `gradient`. Constants beyond the ends are zero. With ``nan="omit"``
        samples are absent where a component is NaN.
    return_info : bool
        Also return a `PotentialInfo`.

    Returns
    -------
    f : ndarray, shape S
        Of all fields for which the sum of squares of ``gradient(f) - F`` is least, the one with the least sum of
        squares itself, plus `reference`: so each part that is connected by stencils has the mean `reference`, but for
        constant boundaries, which determine the mean. NaN where samples are absent. With absent samples or on curved
        grids, more than 2**18 of them in two dimensions, or 2**13 in more, are rid of undetermined constants, part by
        part, but maybe not of other fields that stencils do not see. Where the last sample of a circle is the first one
        again, both are one.

        Computed in double precision, of the type of `F`; float32 for float16, which sums soon outgrow. Masked if `F`
        is a masked array.
    info : PotentialInfo
        If asked for.

    Raises
    ------
    TypeError, ValueError
        As `gradient`; `F` does not have one component per axis, or is not finite where it counts.

    Warns
    -----
    RuntimeWarning
        Iterations have not come to the least sum of squares. It says how many there were, and how large the residual of
        the normal equations still is, relative to that of a field of zeros.

    Notes
    -----
    Along straight axes the normal equations are a sum of matrices that each belong to one axis. Their eigenvectors
    solve the sum directly [1]_; those of even, periodic axes are Fourier's. Where samples are absent, and on curved
    grids, where `F` has physical components, conjugate gradients find the solution. Elimination helps them, with the
    normal equations made definite; for many samples, the solution of the whole box. They know `F` as a whole to about
    thirteen digits: components that are much smaller than others have fewer.

    Central differences do not see the highest frequency of a periodic axis with an even number of samples, so the
    result does not have it.

    References
    ----------
    .. [1] R. E. Lynch, J. R. Rice, D. H. Thomas, "Direct solution of partial difference equations by tensor product
       methods", Numerische Mathematik 6 (1964) 185-199.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> f = np.sin(np.arange(6.0))[:, None] * np.cos(np.arange(7.0))
    >>> np.allclose(fg.potential(fg.gradient(f), reference=f.mean()), f)
    True
    """
    vectors, masked = _as_vectors(F)
    if isinstance(reference, bool) or not isinstance(reference, Real) or not math.isfinite(reference):
        raise ValueError(f"reference must be a finite number, got {reference!r}")
    present = as_present(where, nan, vectors, stacked=True)
    if masked is not None:
        present = _present(~masked if present is None else present & ~masked, masked.shape)
    solution, scale = _solution(vectors, spacing, (accuracy, edge_order, boundary), present)
    field = solution.field * scale
    field = np.where(solution.free, field + reference, field).astype(np.result_type(vectors.dtype.type(0), np.float32))
    if present is not None:
        field[~present] = np.nan
    if masked is not None:
        field = np.ma.array(field, mask=False if present is None else ~present)
    return (field, PotentialInfo(solution.residual, solution.iterations)) if return_info else field


def _as_vectors(F):
    """Components as floating numbers, and which samples are masked."""
    field = as_field(F, "F")
    if field.dtype.kind in "mM":
        raise TypeError(f"F must be an array of numbers, got dtype {field.dtype}")
    if field.ndim == 1:
        field = field[None]
    if field.shape[0] != field.ndim - 1:
        raise ValueError(f"F must have one component for each of its {field.ndim - 1} other axes, got {field.shape[0]}")
    masked = np.ma.getmaskarray(field).any(axis=0) if isinstance(field, np.ma.MaskedArray) else None
    if field.dtype.kind not in "fc":
        field = field.astype(np.float64)
    return np.asarray(field), masked


def _solution(vectors, spacing, options, present):
    """Of components over a scale, and that scale."""
    sizes = vectors.shape[1:]
    if not vectors.size:
        _gradient_rows(sizes, spacing, options, present, PHYSICAL)  # its checks are wanted all the same
        return Solution(np.zeros(sizes), False, 0.0, 0), 1.0
    box = None if geometry_of(spacing) is not None else _box(sizes, spacing, options, present is not None)
    if box is not None and present is None:
        wanted, scale = _scaled(vectors, np.ones(vectors.shape, bool))
        return box.solve(wanted), scale
    from scipy.sparse import csr_array, vstack

    rows = _gradient_rows(sizes, spacing, options, present, PHYSICAL)
    wanted, scale = _scaled(vectors.ravel(), np.concatenate([part.known for part in rows]))
    which = _distinct(spacing, sizes)
    spread = csr_array((np.ones(len(which)), (np.arange(len(which)), which)))
    matrix = (vstack([part.matrix for part in rows], format="csr") @ spread).tocsr()
    found = solve(matrix, wanted, _inverses(box, present, sizes))
    return found._replace(field=found.field[which].reshape(sizes), free=found.free[which].reshape(sizes)), scale


def _box(sizes, spacing, options, with_gaps):
    """None if elimination is faster than to take long axes apart."""
    lines = [along_line(table) for table in _derivatives(sizes, spacing, 1, options, with_gaps)]
    few, _ = _eliminated(sizes)
    quick = all(n <= _LONGEST or is_circulant(line) for n, line in zip(sizes, lines, strict=True))
    return Box(lines) if quick or prod(sizes) > few else None


def _inverses(box, present, sizes):
    """What helps to solve normal equations, in turn."""
    few, most = _eliminated(sizes)
    inverses: list[Any] = []
    if box is not None and prod(sizes) > few:
        inverses.append(lambda normal, scale: box.inverse_for(present, scale))
    if prod(sizes) <= most:
        inverses.append(lambda normal, scale: Elimination(normal))
    return inverses or [lambda normal, scale: by_diagonal(normal)]


def _scaled(vectors, used):
    """Those in use, over a power of two near the largest; zeros for others."""
    if not np.isfinite(vectors[used]).all():
        raise ValueError("F must be finite where samples exist; where= and nan='omit' leave others out")
    wanted = np.where(used, vectors, 0).astype(np.result_type(vectors, np.float64))
    scale = scale_of(wanted)
    return (wanted / scale).astype(np.complex128 if wanted.dtype.kind == "c" else np.float64), scale


def _distinct(spacing, sizes):
    """For each sample, in C order, the number of the one that it is: the last of a circle may be the first again."""
    which = np.arange(prod(sizes)).reshape(sizes)
    for k, axis in enumerate(as_placements(_lattice(spacing), sizes, range(len(sizes)))):
        if axis.repeated:
            first, last = ((slice(None),) * k + (end,) for end in (0, -1))
            which[last] = which[first]
    return np.unique(which, return_inverse=True)[1].ravel()


def _eliminated(sizes):
    """Up to how many samples elimination is the first choice, and up to how many it is one at all."""
    return _ELIMINATED[min(len(sizes), 3)]


#: Samples along an axis whose singular vectors are soon found.
_LONGEST = 1024
#: By the number of axes; see `_eliminated`.
_ELIMINATED = {1: (1 << 20, 1 << 24), 2: (1 << 18, 1 << 20), 3: (1 << 13, 1 << 15)}
