"""Critical points of fields: where the gradient is zero."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any

import numpy as np

from ._arrays import as_field, solutions
from ._config import as_workers
from ._sample_points import points_of_samples
from ._spline_points import points_of_spline
from .interpolant import Interpolant

__all__ = ["Box", "CriticalPoints", "critical_points", "refine", "second_derivative_test"]

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


# ---- the table ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Box:
    """A part of a field that is not decided: degenerate, flat, or not searched.

    Attributes
    ----------
    low, high : ndarray, (d,)
        In coordinates, on `Grid.curvilinear` indices; on a periodic axis `high` may be beyond its end.
    poincare_index : int or None
        In two dimensions, how often the gradient turns on the way around: the sum of (-1)^index of what is undecided
        inside. None where it is not known: in other dimensions, at open sides, or where the gradient vanishes on the
        way.
    """

    low: np.ndarray
    high: np.ndarray
    poincare_index: int | None = None


@dataclass(frozen=True, eq=False, repr=False)
class CriticalPoints:
    """Critical points of a field, as a table: what `critical_points` returns.

    Attributes
    ----------
    points : ndarray, (n, d)
        In coordinates: on a curved `Grid` its own, at a pole with the first of its angles; on one that is made of
        positions, in these.
    indices : ndarray, (n, d)
        In samples: cell and fraction.
    values : ndarray, (n,)
    hessian : ndarray, (n, d, d)
        Second derivatives, in coordinates; NaN for ``method="linear"``. On a curved `Grid` per unit of length, along
        the unit vectors of its coordinates' directions as `fieldgrad.hessian` has them, at a pole those of the angles
        that it is given; along positions, if the grid is made of them; with `Grid.riemannian` along perpendicular unit
        vectors, each in the span of the directions of its axis and those before it.
    eigenvalues : ndarray, (n, d)
        Of the Hessian, ascending.
    eigenvectors : ndarray, (n, d, d)
        In columns, as from `numpy.linalg.eigh`.
    index : ndarray of int8, (n,)
        Morse index: the number of negative eigenvalues, or -1 for a degenerate point.
    kind : ndarray of str, (n,)
        ``"minimum"``, ``"saddle"``, ``"maximum"`` or ``"degenerate"``.
    certified : ndarray of bool, (n,)
        The point and its kind are proven.
    persistence : ndarray, (n,), or None
        If asked for: how far the value is from that of the point that it is paired with; inf without one, NaN if
        unknown.
    partner : ndarray of int, (n,), or None
        If asked for: the place of that point in the table, or -1.
    undecided : list of Box
        Degenerate or flat parts, each connected one once.
    unsearched : list of Box
        Parts next to samples that are absent, each connected one once; and what is behind the limit of boxes.
    complete : bool
        Every point is certified, nothing is undecided or unsearched, and `euler` agrees.
    euler : (int, int)
        The sum of (-1)^index, with the terms of open sides, and what it has to be: the Euler characteristic of the
        domain. Of a spline, what is unsearched is missing in the sum.

    Raises
    ------
    IndexError
        What is between the brackets is neither an integer within the table, a slice nor a 1-D array of integers or of
        as many booleans as there are points.
    ValueError
        `by_persistence` without persistence, or with NaN.
    ImportError
        `to_pandas` without pandas.

    Notes
    -----
    With an integer the result is a table, too, of one point. Points that are left out are partners no longer: -1.
    `undecided`, `unsearched`, `complete` and `euler` remain those of the whole search.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> x = np.linspace(-2, 2, 21)
    >>> cp = fg.critical_points(x**3 / 3 - x, x)
    >>> [(str(p.kind[0]), round(float(p.points[0, 0]), 6) + 0.0) for p in cp]
    [('minimum', 1.0), ('maximum', -1.0)]
    """

    points: np.ndarray
    indices: np.ndarray
    values: np.ndarray
    hessian: np.ndarray
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray
    index: np.ndarray
    kind: np.ndarray
    certified: np.ndarray
    persistence: np.ndarray | None
    partner: np.ndarray | None
    undecided: list[Box]
    unsearched: list[Box]
    complete: bool
    euler: tuple[int, int]

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Iterator[CriticalPoints]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, which: Any) -> CriticalPoints:
        """Some of the points, by an integer, a slice, or a 1-D array of either integers or booleans.

        Raises
        ------
        IndexError
            As for an array with one axis.
        """
        rows = np.atleast_1d(np.arange(len(self))[which])
        if rows.ndim > 1:
            raise IndexError(f"points have one axis, got an index for {rows.ndim}")
        columns = {name: getattr(self, name)[rows] for name in _COLUMNS}
        if self.persistence is not None and self.partner is not None:
            place = np.full(len(self) + 1, -1)  # the last one is for points without a partner
            place[rows] = np.arange(len(rows))
            columns |= {"persistence": self.persistence[rows], "partner": place[self.partner[rows]]}
        return replace(self, **columns)

    def by_persistence(self, threshold: float) -> CriticalPoints:
        """Return the points that stand out: whose persistence is at least `threshold`, in units of the field.

        Raises
        ------
        ValueError
            Persistence was not asked for, or the threshold is not a number.
        """
        if self.persistence is None:
            raise ValueError("by_persistence needs critical_points(..., persistence=True)")
        if not isinstance(threshold, Real) or threshold != threshold:
            raise ValueError(f"threshold must be a number, got {threshold!r}")
        return self[self.persistence >= threshold]

    @property
    def minima(self) -> CriticalPoints:
        """The minima."""
        return self[self.kind == "minimum"]

    @property
    def saddles(self) -> CriticalPoints:
        """The saddles, of every index."""
        return self[self.kind == "saddle"]

    @property
    def maxima(self) -> CriticalPoints:
        """The maxima."""
        return self[self.kind == "maximum"]

    def to_dict(self) -> dict[str, np.ndarray]:
        """Return the columns that have one number, or word, per point: coordinates as ``x0``, ``x1`` and so on."""
        columns = {f"x{k}": self.points[:, k] for k in range(self.points.shape[1])}
        columns |= {name: getattr(self, name) for name in ("values", "kind", "index", "certified")}
        columns |= {f"eigenvalue{k}": self.eigenvalues[:, k] for k in range(self.eigenvalues.shape[1])}
        if self.persistence is not None and self.partner is not None:
            columns |= {"persistence": self.persistence, "partner": self.partner}
        return columns

    def to_pandas(self) -> Any:
        """Return `to_dict` as a pandas.DataFrame.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        from pandas import DataFrame

        return DataFrame(self.to_dict())

    def __repr__(self) -> str:
        kinds = [kind for kind in ("minimum", "saddle", "maximum", "degenerate") if (self.kind == kind).any()]
        counts = [_counted(kind, int((self.kind == kind).sum())) for kind in kinds] or ["no points"]
        lines = [f"CriticalPoints: {', '.join(counts)}; {self._state()}"]
        for kind, point, value in zip(self.kind[:_ROWS], self.points, self.values, strict=False):
            lines.append(f"  {kind:<11} ({', '.join(f'{x:.6g}' for x in point)})  value {value:.6g}")
        if len(self) > _ROWS:
            lines.append(f"  ... and {len(self) - _ROWS} more")
        return "\n".join(lines)

    def _state(self) -> str:
        if self.complete:
            return "complete"
        found, expected = self.euler
        reasons = [_counted("undecided part", len(self.undecided))] if self.undecided else []
        reasons += [_counted("part", len(self.unsearched)) + " not searched"] if self.unsearched else []
        reasons += [f"the index sum is {found}, expected {expected}"] if found != expected else []
        return "not complete: " + ("; ".join(reasons) or "an undecided part of a side")


_COLUMNS = ("points", "indices", "values", "hessian", "eigenvalues", "eigenvectors", "index", "kind", "certified")
_ROWS = 12


def _counted(word: str, count: int) -> str:
    plurals = {"minimum": "minima", "maximum": "maxima", "degenerate": "degenerate"}
    return f"{count} {word if count == 1 else plurals.get(word, word + 's')}"


# ---- the search --------------------------------------------------------------------------------------------


def critical_points(
    f: Any,
    *spacing: Any,
    method: str = "spline",
    kinds: str | Sequence[str] | None = None,
    box: Any = None,
    persistence: bool = False,
    max_boxes: int = 10_000_000,
    workers: int | None = None,
) -> CriticalPoints:
    """Find all critical points of a sampled field: minima, saddles and maxima.

    Parameters
    ----------
    f : array_like, shape S
        Real samples in one to three dimensions. Masked ones and NaN are absent: what is next to them is not searched.
    *spacing : float, 1-D array or Grid
        Where the samples are, as in `gradient`. Axes are periodic if a `Grid` says so. It may be curved.
    method : {"spline", "linear"}
        ``"spline"``: the zeros of the gradient of the cubic spline through the samples (see `Interpolant`), of which
        every axis needs four at least: all of them, each once, each certified; what is degenerate or flat is listed as
        undecided. ``"linear"``: the samples where the topology of sublevel sets changes, for noisy and for integer
        data: linear between them on the Freudenthal triangulation, equal samples ordered by index. A multiple saddle is
        there as often as it counts; on an open side only what changes sublevel sets does.
    kinds : str or sequence of str, optional
        Only ``"minimum"``, ``"saddle"``, ``"maximum"`` or ``"degenerate"``. `euler` counts all.
    box : sequence of (low, high) or None, optional
        The part of the field to search, in coordinates (on `Grid.curvilinear` indices), one pair per axis; its sides
        are open. None is all of an axis: ``((0, 0.5), None)`` is a disc.
    persistence : bool
        Also pair the points: how far the value of each is from that of the one that it is born or ends with, as
        sublevel sets grow (in three dimensions saddles pair with saddles, too). For a spline it is that of the nearest
        sample of the same index which the linear field has within one and a half steps, if there is one.
    max_boxes : int
        How many boxes are looked at, about, beside those that have no zero at first sight. The default is enough for
        white noise on 64³ samples.
    workers : int, optional
        Most threads to use; by default `get_workers`. The result does not depend on it.

    Returns
    -------
    CriticalPoints
        Ordered by value.

    Raises
    ------
    TypeError
        `f`, a spacing or `box` is not made of real numbers, `kinds` of words, `max_boxes` is not an integer.
    ValueError
        `f` has more than three axes, too few samples, or none that is present; a spacing does not fit; `method` or
        `kinds` has an unknown word; `box` is not one ascending pair per axis, or not within the field; `max_boxes` is
        not positive.

    Notes
    -----
    Boxes are excluded or certified by bounds of polynomials: their coefficients in Bernstein's basis, and the test of
    Krawczyk [1]_ for the gradient. A certified point is the only one in its box, and its Hessian is regular there;
    arithmetic is that of doubles, with a margin for its rounding. As an alarm, (-1)^index is summed: over the points,
    and over those of the restriction of the field to each side, edge and corner from which the field ascends into the
    domain. The sum must be the Euler characteristic: 1, or 0 if an axis is periodic.

    For the spline, each absent sample is taken to be equal to the nearest one that is present, and pieces of the spline
    with an absent sample are not searched. For the linear field, samples that are absent are no part of the domain.

    Where the gradient is zero does not depend on coordinates, so on a curved `Grid` the spline is that of its
    coordinates. At poles, where these are singular, it goes on, ``f(-r, theta) = f(r, theta + pi)``, and what is around
    them has a spline of its own, in Cartesian coordinates. Samples at a pole are taken for their mean. Of the points of
    the two splines each is there once if their gradients agree along the circle between them; where they do not, as
    next to a pole where a field is too rough, that part of the circle is undecided. The Euler characteristic is that of
    a disc, 1, of a globe, 2, and so on. Next to poles on the rim of the domain, as at the tip of a sector, nothing is
    searched. For the linear field the samples at a pole are one vertex.

    References
    ----------
    .. [1] R. Krawczyk, "Newton-Algorithmen zur Bestimmung von Nullstellen mit Fehlerschranken", Computing 4 (1969)
       187-201.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> x = np.linspace(-2, 2, 41)
    >>> cp = fg.critical_points(x[:, None] ** 3 / 3 - x[:, None] + 2 * (x**3 / 3 - x), x, x)
    >>> cp
    CriticalPoints: 1 minimum, 2 saddles, 1 maximum; complete
      minimum     (1, 1)  value -2
      saddle      (-1, 1)  value -0.666667
      saddle      (1, -1)  value 0.666667
      maximum     (-1, -1)  value 2
    >>> cp.euler
    (1, 1)

    On a disc, with a saddle at its centre:

    >>> r, theta = np.linspace(0, 1, 21), np.linspace(0, 2 * np.pi, 64, endpoint=False)
    >>> x, y = r[:, None] * np.cos(theta), r[:, None] * np.sin(theta)
    >>> cp = fg.critical_points(x**2 - y**2 + y**4, fg.Grid.polar(r, theta))
    >>> cp.kind, cp.points.round(3), cp.euler
    (array(['minimum', 'minimum', 'saddle'], dtype='<U10'), array([[0.707, 1.571],
           [0.707, 4.712],
           [0.   , 0.   ]]), (1, 1))

    Noise, and what stands out:

    >>> noisy = np.array([0.0, 3.0, 2.9, 5.0, 1.0, 4.0])
    >>> fg.critical_points(noisy, method="linear", persistence=True).by_persistence(1.0).points.ravel()
    array([0., 4., 3.])
    """
    if method not in ("spline", "linear"):
        raise ValueError(f"method must be 'spline' or 'linear', got {method!r}")
    wanted = _as_kinds(kinds)
    if isinstance(max_boxes, bool) or not isinstance(max_boxes, Integral):
        raise TypeError(f"max_boxes must be an integer, got {max_boxes!r}")
    if max_boxes < 1:
        raise ValueError(f"max_boxes must be positive, got {max_boxes}")
    if method == "linear":
        found = points_of_samples(f, spacing, box, bool(persistence), workers)
    else:
        found = points_of_spline(f, spacing, box, bool(persistence), int(max_boxes), workers)
    points = _as_table(found)
    return points if wanted is None else points[np.isin(points.kind, wanted)]


def _as_kinds(kinds: Any) -> list[str] | None:
    if kinds is None:
        return None
    if not isinstance(kinds, (str, Sequence, np.ndarray)):
        raise TypeError(f"kinds must be a word or a sequence of words, got {kinds!r}")
    words = [kinds] if isinstance(kinds, str) else list(kinds)
    for word in words:
        if not isinstance(word, str) or word not in _KINDS:
            raise ValueError(f"kinds must be of {', '.join(sorted(_KINDS))}; got {word!r}")
    return words


def _as_table(found: dict[str, Any]) -> CriticalPoints:
    index, ndim = found["index"], found["points"].shape[1]
    kind = np.where(index == 0, "minimum", np.where(index == ndim, "maximum", "saddle")).astype(_KINDS.dtype)
    for name in ("undecided", "unsearched"):
        found[name] = [Box(*part) for part in found[name]]
    return CriticalPoints(kind=kind, certified=np.ones(len(index), bool), **found)


# ---- one's own seeds ---------------------------------------------------------------------------------------


def refine(points: Any, f: Any, *spacing: Any, workers: int | None = None) -> np.ndarray:
    """Move points to critical points nearby, by Newton's method on the cubic spline through the samples.

    Parameters
    ----------
    points : array_like, (m, d)
        Seeds, in coordinates; on `Grid.curvilinear` positions.
    f, *spacing, workers
        As in `critical_points`.

    Returns
    -------
    ndarray, (m, d)
        NaN where the iteration leaves the field or does not come to an end. Different seeds may end at one point. One
        at a pole has the first angle of the grid. Next to poles points may differ from those of `critical_points` by
        the third power of the step, where two splines go over into each other: see `Interpolant`.

    Raises
    ------
    TypeError, ValueError
        As `Interpolant`; `points` have another shape.

    Examples
    --------
    >>> import numpy as np, fieldgrad as fg
    >>> x = np.linspace(-2, 2, 21)
    >>> fg.refine([[0.8]], x**3 / 3 - x, x).round(9)
    array([[1.]])

    On a disc, to a saddle at its centre:

    >>> r, theta = np.linspace(0, 1, 21), np.linspace(0, 2 * np.pi, 64, endpoint=False)
    >>> saddle = r[:, None] ** 2 * np.cos(2 * theta)
    >>> fg.refine([[0.1, 0.7]], saddle, fg.Grid.polar(r, theta)).round(6)
    array([[0., 0.]])
    """
    interpolant = Interpolant(f, *spacing, workers=workers)
    at, spline = interpolant._located(points), interpolant._spline
    size = np.full(len(at), np.inf)
    for _ in range(_NEWTON_STEPS):
        _, gradient, hessian = spline.jets(at, 2, False, as_workers(workers))
        at, size = spline.moved(at, -solutions(hessian, gradient))
    return np.where((size <= 1e-10)[:, None], spline.named(at), np.nan)


_NEWTON_STEPS = 30
