"""The gradient as linear algebra: its matrix, and its inverse."""

from __future__ import annotations

import math
import operator
from math import prod
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from . import _curved_matrices
from ._adjoint import Adjoint
from ._arrays import as_field
from ._calls import PHYSICAL, as_components, geometry_of
from ._config import as_workers
from ._curved import poles_of
from ._matrices import along_axis, along_line, total
from ._programs import Program, as_present, tables_of
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


def _has_poles(spacing):
    return geometry_of(spacing) is not None and bool(poles_of(spacing[0]))


def _adjoint(sizes, spacing, options):
    """A function of components and workers."""
    accuracy, edge_order, boundary, components = options.values()
    geometry = geometry_of(spacing)
    lattice = spacing if geometry is None else (spacing[0].lattice,)
    tables = _derivatives(sizes, lattice, 1, (accuracy, edge_order, boundary), False)
    if geometry is None:
        return Adjoint(tables)
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
    axes = tuple(range(len(shape)))
    program = Program(tuple((0, k, order) for k in axes))
    return list(tables_of(shape, spacing, axes, program, *options, with_gaps).values())


def as_shape(shape: Any) -> tuple[int, ...]:
    """Check the shape of fields."""
    try:
        sizes = tuple(map(operator.index, shape if isinstance(shape, (tuple, list)) else (shape,)))
    except TypeError:
        raise TypeError(f"shape must be an integer or a tuple of integers, got {shape!r}") from None
    if not sizes or min(sizes) < 0:
        raise ValueError(f"shape must have at least one axis, and no negative sizes, got {shape!r}")
    return sizes


# ---- the inverse -------------------------------------------------------------------------------------------


class PotentialInfo(NamedTuple):
    """How well a potential fits.

    Attributes
    ----------
    residual : float
        The norm of ``gradient(f) - F``, relative to that of `F`: what part of `F` is no gradient.
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
        constant boundaries, which determine the mean. NaN where samples are absent; next to those it may not be the
        shortest where more than constants is undetermined.
    info : PotentialInfo
        If asked for.

    Raises
    ------
    TypeError, ValueError
        As `gradient`; `F` does not have one component per axis, or is not finite where it counts.

    Notes
    -----
    Along straight axes the normal equations are a sum of matrices that each belong to one axis. Their eigenvectors
    solve the sum directly [1]_; those of even, periodic axes are Fourier's. Where samples are absent, conjugate
    gradients find the solution, with the direct one of the whole box as preconditioner. On curved grids, where `F` has
    physical components, they do with the matrix of the gradient.

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
    from scipy.sparse import vstack

    vectors, masked = _as_vectors(F)
    sizes = vectors.shape[1:]
    if isinstance(reference, bool) or not isinstance(reference, Real) or not math.isfinite(reference):
        raise ValueError(f"reference must be a finite number, got {reference!r}")
    present = as_present(where, nan, vectors.sum(axis=0))
    if masked is not None:
        present = ~masked if present is None else present & ~masked
    if geometry_of(spacing) is not None:
        parts = _gradient_rows(sizes, spacing, (accuracy, edge_order, boundary), present, PHYSICAL)
        matrix = vstack([part.matrix for part in parts], format="csr")
        everywhere = np.ones(sizes, bool) if present is None else present
        solution, residual, iterations = _solve(matrix, None, vectors, everywhere, reference)
        return _answer(solution, residual, iterations, vectors, masked, present, return_info)
    tables = _derivatives(sizes, spacing, 1, (accuracy, edge_order, boundary), present is not None)
    lines = [along_line(table) for table in tables]
    box = _Box(lines)
    if present is None:
        _check_finite(vectors, np.True_)
        solution, iterations = box.solve(_divergence_in_box(lines, vectors)), 0
        if not any(np.abs(line @ np.ones(line.shape[1])).max(initial=0) > _FREE * np.abs(line).max() for line in lines):
            solution = solution + reference
        residual = _norm(_gradient_in_box(lines, solution) - vectors) / (_norm(vectors) or 1.0)
    else:
        parts = [along_axis(table, sizes, k, present).matrix for k, table in enumerate(tables)]
        solution, residual, iterations = _solve(vstack(parts, format="csr"), box, vectors, present, reference)
    return _answer(solution, residual, iterations, vectors, masked, present, return_info)


def _answer(solution, residual, iterations, vectors, masked, present, return_info):
    """In the type of the components, masked if they are."""
    result = solution.astype(np.result_type(vectors.dtype.type(0), np.float32))
    if masked is not None:
        result = np.ma.array(result, mask=~present)
    return (result, PotentialInfo(float(residual), iterations)) if return_info else result


def _as_vectors(F):
    """Components as floating numbers, and which samples are masked."""
    field = as_field(F, "F")
    if field.dtype.kind in "mM":
        raise TypeError(f"F must be an array of numbers, got dtype {field.dtype}")
    if field.ndim == 1:
        field = field[None]
    if field.shape[0] != field.ndim - 1:
        raise ValueError(f"F must have one component for each of its {field.ndim - 1} other axes, got {field.shape[0]}")
    masked = np.ma.getmaskarray(field).any(axis=0) if np.ma.is_masked(field) else None
    if field.dtype.kind not in "fc":
        field = field.astype(np.float64)
    return np.asarray(field), masked


def _check_finite(vectors, used):
    if not np.isfinite(vectors[np.broadcast_to(used, vectors.shape)]).all():
        raise ValueError("F must be finite where samples exist; where= and nan='omit' leave others out")


def _norm(x):
    return float(np.linalg.norm(np.ravel(x)))


def _applied(matrix, x, axis):
    """A matrix along an axis."""
    moved = np.moveaxis(x, axis, 0)
    result = matrix @ moved.reshape(moved.shape[0], prod(moved.shape[1:]))
    return np.moveaxis(result.reshape(result.shape[0], *moved.shape[1:]), 0, axis)


def _gradient_in_box(lines, f):
    return np.stack([_applied(line, f, k) for k, line in enumerate(lines)])


def _divergence_in_box(lines, vectors):
    """The transposed gradient."""
    return sum(_applied(line.T, component, k) for k, (line, component) in enumerate(zip(lines, vectors, strict=True)))


class _Box:
    """The normal equations of a whole box, in the eigenvectors of each axis's part of them."""

    def __init__(self, lines: list[Any]) -> None:
        self._vectors: list[np.ndarray | None] = []  # None: those of Fourier
        self._values: Any = 0.0
        for k, line in enumerate(lines):
            if _is_circulant(line):
                values = np.abs(np.fft.fft(line[:, [0]].toarray().ravel())) ** 2
                self._vectors.append(None)
            else:
                values, vectors = np.linalg.eigh((line.T @ line).toarray())
                self._vectors.append(vectors)
            self._values = self._values + np.expand_dims(values, [*range(1, len(lines) - k)])
        largest = self._values.max(initial=0)
        zero = self._values <= 8 * max(self._values.shape) * np.finfo(float).eps * largest
        self._inverse = np.divide(1, self._values, out=np.zeros_like(self._values), where=~zero)

    def solve(self, b: np.ndarray) -> np.ndarray:
        """The shortest of the solutions."""
        y = b
        for k, vectors in enumerate(self._vectors):
            y = np.fft.fft(y, axis=k) if vectors is None else _applied(vectors.T, y, k)
        y = self._inverse * y
        for k, vectors in enumerate(self._vectors):
            y = np.fft.ifft(y, axis=k) if vectors is None else _applied(vectors, y, k)
        return y if b.dtype.kind == "c" else y.real


def _is_circulant(line: Any) -> bool:
    """Whether all samples of an axis are alike."""
    shifted = np.roll(np.arange(line.shape[0]), 1)
    difference = np.abs(line[shifted][:, shifted] - line)
    return bool(difference.nnz == 0 or difference.max() <= 1e-14 * np.abs(line).max())


def _solve(matrix, box, vectors, present, reference):
    """Potential, relative residual and the number of iterations, by conjugate gradients; helped by the solution of the
    whole `box`, if there is one."""
    from scipy.sparse.csgraph import connected_components
    from scipy.sparse.linalg import LinearOperator, cg

    shape, size = present.shape, present.size
    used = np.diff(matrix.indptr) > 0
    _check_finite(vectors, used.reshape(vectors.shape))
    wanted = np.where(used, vectors.ravel(), 0)
    normal = (matrix.T @ matrix).tocsr()

    def in_box(x):
        return (present * box.solve(present * x.reshape(shape))).ravel()

    precondition = in_box if box else _nearly_inverse(normal, len(shape))

    iterations = 0

    def count(_):
        nonlocal iterations
        iterations += 1

    right = matrix.T @ wanted
    nearby = LinearOperator((size, size), precondition, dtype=right.dtype)
    f, _ = cg(normal, right, rtol=_RTOL, maxiter=_MOST_ITERATIONS, M=nearby, callback=count)
    # Where constants do not matter, the shortest solution has a mean of zero, part by part.
    part = connected_components(normal, directed=False)[1]
    means = np.zeros(part.max(initial=-1) + 1, f.dtype)
    np.add.at(means, part, f)
    means = means / np.bincount(part) - reference
    means[np.unique(part[np.abs(normal @ np.ones(size)) > _FREE * np.abs(normal).max()])] = 0
    f = f - means[part]
    residual = _norm(matrix @ f - wanted) / (_norm(wanted) or 1.0)
    return np.where(present, f.reshape(shape), np.nan), residual, iterations


def _nearly_inverse(normal, ndim):
    """An approximate inverse of normal equations: by elimination, where it does not fill much; else by the diagonal."""
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import splu

    diagonal = normal.diagonal()
    diagonal = np.where(diagonal > 0, diagonal, 1)
    if normal.shape[0] > (_MOST_ELIMINATED if ndim < 3 else _MOST_ELIMINATED // 64):
        return lambda x: x / diagonal
    definite = (normal + _SHIFT * diags_array(diagonal)).tocsc()
    factors = splu(definite, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    return lambda x: factors.solve(x.real) + 1j * factors.solve(x.imag) if x.dtype.kind == "c" else factors.solve(x)


_RTOL, _MOST_ITERATIONS = 1e-12, 1000
#: Samples, in two dimensions; and what makes normal equations definite, relative to their diagonal.
_MOST_ELIMINATED, _SHIFT = 1 << 20, 1e-8
#: Derivatives of a constant that are zero, relative to the largest weight.
_FREE = 1e-12
