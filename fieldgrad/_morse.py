"""Critical points of a field that is linear between its samples: which, and how they pair.

Linear on each simplex of the Freudenthal triangulation, where samples are joined whose indices differ by 0 or 1 along
every axis, all in one direction. Samples are ordered by value, equal ones by index in C order, so any field whatever
has a definite answer: that of the sublevel sets that grow by one sample after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ._arrays import as_field
from ._config import as_workers
from ._engine.morse import OFFSETS, Field, changes, classify, find_arms, merge, reduce_loops
from ._engine.pool import share

_NEVER = -1
_NO_VERTICES = np.empty(0, np.int64)


def critical_vertices(f: Any, periodic: Sequence[bool], workers: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Samples at which the homology of the sublevel sets changes.

    Parameters
    ----------
    f : array of real numbers
        1-D to 3-D.
    periodic : sequence of bool
        For each axis whether it closes on itself, which takes at least 3 samples.
    workers : int, optional

    Returns
    -------
    vertices : ndarray of int64, (n,)
        Indices in the flattened field, in the order of samples.
    index : ndarray of int8, (n,)
        Morse index: the dimension of what the sample adds, or one more than the dimension of what it fills. A sample
        that does so k times is there k times. The sum of (-1)**index is the Euler characteristic of the domain: 1, or
        0 where an axis is periodic. A maximum on an open side of the field changes nothing, and is none.

    Raises
    ------
    TypeError
        The field is not of real numbers, or masked.
    ValueError
        It has no samples, more than three axes, NaN, or too few samples along a periodic axis; or `periodic` does not
        have one entry per axis.

    Notes
    -----
    A sample adds a cone over its lower link, the lower ones of its neighbours and the simplices between them [1]_. So
    it changes homology as the reduced homology of that link says, one dimension higher.

    References
    ----------
    .. [1] T. F. Banchoff, "Critical points and curvature for embedded polyhedral surfaces", American Mathematical
       Monthly 77 (1970) 475-485.

    Examples
    --------
    >>> import numpy as np
    >>> x = 2 * np.pi * np.arange(5) / 5
    >>> vertices, index = critical_vertices(np.cos(x)[:, None] + np.cos(x), (True, True))
    >>> index
    array([0, 1, 1, 2], dtype=int8)
    """
    skeleton = _skeleton(f, periodic, as_workers(workers))
    units = skeleton.units[skeleton.order]
    indices = np.broadcast_to(np.arange(4, dtype=np.int8), units.shape).ravel()
    return np.repeat(skeleton.vertices[skeleton.order], units.sum(axis=1)), np.repeat(indices, units.ravel())


def pairs(
    f: Any, periodic: Sequence[bool], workers: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where homology classes of the sublevel sets begin and end.

    Parameters
    ----------
    f, periodic, workers
        As in `critical_vertices`.

    Returns
    -------
    birth, death : ndarray of int64, (n,)
        Indices in the flattened field; a class that never ends has the death -1. Each entry of `critical_vertices`
        is one birth or one death.
    dimension : ndarray of int8, (n,)
        Of the class: the Morse index of its birth, one less than that of its death. Classes come in an order that
        depends on the field alone.

    Raises
    ------
    TypeError, ValueError
        As in `critical_vertices`.

    Notes
    -----
    Components (dimension 0) begin at minima. Where a saddle joins some, the older one lives on. From each component of
    the saddle's lower link any way down leads to one of its minima, so only critical samples need be ordered. Maxima
    end classes of the highest dimension: the same upside down, where a way up may leave the domain through an open
    side. In 3-D there are loops, too, that begin at one saddle and end at another. A loop that a 2-saddle fills lies in
    its lower link; it slides down the field until it stands on a 1-saddle that no loop before has taken, as in [1]_.
    A 2-saddle fills fewer loops than its link has where those around parts of its upper link are filled already, for
    these parts lead to different maxima: such loops need not be tried.

    Besides what critical samples and loops take, memory is a byte per sample, up to 8 more where ways from saddles are
    everywhere, and a copy of fields that are not float64 in C order. In the worst case loops are as slow to reduce as
    any matrix.

    References
    ----------
    .. [1] P. Guillou, J. Vidal, J. Tierny, "Discrete Morse Sandwich: fast computation of persistence diagrams for
       scalar data", IEEE Trans. Vis. Comput. Graph. 30 (2024) 1897-1915;
       arXiv:2206.13932.

    Examples
    --------
    >>> birth, death, dimension = pairs([0.0, 3.0, 1.0, 2.0], (False,))
    >>> birth, death, dimension
    (array([0, 2]), array([-1,  1]), array([0, 0], dtype=int8))
    """
    skeleton = _skeleton(f, periodic, as_workers(workers))
    return _columns(_classes(skeleton))


def components(f: Any, periodic: Sequence[bool], workers: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Where components of the sublevel sets begin and end: the births and deaths of `pairs` of dimension 0."""
    skeleton = _skeleton(f, periodic, as_workers(workers))
    return _components(skeleton, skeleton.of_index(1))[:2]


def pairs_of_lower_dimension(
    f: Any, periodic: Sequence[bool], axis: int, circles: np.ndarray, workers: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `pairs`, where circles of equal samples are filled, each by a disc that comes with the last of them: classes
    of dimension 0, and in 3-D of dimension 1.

    Parameters
    ----------
    axis : int
        Along which the circles are.
    circles : ndarray of int64
        The last sample of each.
    """
    skeleton = _skeleton(f, periodic, as_workers(workers))
    joins = skeleton.of_index(1)
    births, deaths, below = _components(skeleton, joins)
    classes = [(births, deaths, 0)]
    if skeleton.ndim > 2:
        fills = skeleton.of_index(2)
        _, above = _merge_above(skeleton, fills)
        step = tuple(int(k == axis) for k in range(3))
        filled, began = _reduce(skeleton, joins, fills, above, circles, OFFSETS.index(step))
        met = began != _NEVER
        ended = began[met]
        classes += [(joins.vertices[ended], filled[met], 1), (*_endless_loops(joins, below, ended), 1)]
    return _columns(classes)


class _Vertices(NamedTuple):
    """Critical vertices of one Morse index."""

    vertices: np.ndarray  # ascending
    units: np.ndarray  # how often each is there
    order: np.ndarray  # of these, from the lowest to the highest


class _Skeleton(NamedTuple):
    """A field, and what changes the homology of its sublevel sets."""

    field: Field
    values: np.ndarray  # of its samples, flattened
    ndim: int  # without axes of one sample
    is_open: bool  # some axis has ends
    vertices: np.ndarray  # critical ones, ascending
    units: np.ndarray  # (n, 4): how often each has which Morse index
    order: np.ndarray  # of the vertices, from the lowest to the highest
    workers: int

    def of_index(self, index: int) -> _Vertices:
        units = self.units[:, index]
        chosen = units > 0
        number = np.cumsum(chosen) - 1
        return _Vertices(self.vertices[chosen], units[chosen], number[self.order[chosen[self.order]]])


def _skeleton(f: Any, periodic: Sequence[bool], workers: int) -> _Skeleton:
    values = sortable(f)
    loops = _loops(periodic, values.shape)
    missing = 3 - values.ndim
    shape, loops = (1,) * missing + values.shape, (False,) * missing + loops
    field = Field(values.reshape(shape), *_surroundings(shape, loops))
    change = np.empty(values.size, np.uint8)
    classify(field, _changes(), change, workers, share)
    vertices = np.flatnonzero(change).astype(np.int64, copy=False)
    units = change[vertices, None] >> np.array([0, 1, 4, 7], np.uint8) & np.array([1, 7, 7, 1], np.uint8)
    flat = values.ravel()
    order = np.argsort(flat[vertices], kind="stable")
    ndim = sum(n > 1 for n in shape)
    is_open = any(n > 1 and not loop for n, loop in zip(shape, loops, strict=True))
    return _Skeleton(field, flat, ndim, is_open, vertices, units.view(np.int8), order, workers)


def sortable(f: Any) -> np.ndarray:
    """The field in C order, in doubles that compare as its samples do."""
    field = as_field(f)
    if isinstance(field, np.ma.MaskedArray):
        raise TypeError("f must not be masked")
    if field.dtype.kind not in "biuf":
        raise TypeError(f"f must be real numbers, got dtype {field.dtype}")
    if field.ndim > 3:
        raise ValueError(f"f must have 1 to 3 axes, got {field.ndim}")
    if field.size == 0:
        raise ValueError(f"f must have samples, got shape {field.shape}")
    if field.dtype.kind == "f" and np.isnan(field.min()):
        raise ValueError("f must not be NaN anywhere")
    if field.dtype.itemsize > (8 if field.dtype.kind == "f" else 4):  # a double may not tell them apart, ranks do
        field = np.unique(field, return_inverse=True)[1].reshape(field.shape)
    return np.ascontiguousarray(field, np.float64)


def _loops(periodic: Sequence[bool], shape: tuple[int, ...]) -> tuple[bool, ...]:
    loops = tuple(bool(loop) for loop in periodic)
    if len(loops) != len(shape):
        raise ValueError(f"periodic needs one entry per axis ({len(shape)}), got {len(loops)}")
    for k, (n, loop) in enumerate(zip(shape, loops, strict=True)):
        if loop and n < 3:  # or a sample would be its own neighbour, or another one's on two sides
            raise ValueError(f"a periodic axis needs at least 3 samples, axis {k} of f has {n}")
    return loops


@cache
def _changes() -> np.ndarray:
    return changes()


def _surroundings(shape: tuple[int, ...], loops: tuple[bool, ...]) -> tuple[np.ndarray, np.ndarray]:
    """What surrounds a sample, by its place along each axis: 0 in the middle, 1 at the low end, 2 at the high end, 3
    both.

    Returns
    -------
    delta : ndarray of int64, (4, 4, 4, 14)
        How far each neighbour is in memory, 0 where there is none.
    rim : ndarray of uint16, (4, 4, 4)
        Sets of neighbours on the same open side, and in bit 14 whether there is one.
    """
    place = np.indices((4, 4, 4))[..., None]
    step, n, loop = (np.array(of).reshape(3, 1, 1, 1, -1) for of in (np.transpose(OFFSETS), shape, loops))
    stride = np.array([shape[1] * shape[2], shape[2], 1]).reshape(n.shape)
    beyond = (place >> 1) * (step > 0) - (place & 1) * (step < 0)
    absent = ((beyond != 0) & ~loop).any(axis=0)
    delta = np.where(absent, 0, ((step - n * beyond) * stride).sum(axis=0))
    at_side = (place > 0) & ~loop & (n > 1)
    members = np.concatenate([(at_side & (step == 0)).any(axis=0), at_side.any(axis=0)], axis=-1)
    return delta.astype(np.int64), (members << np.arange(15)).sum(axis=-1).astype(np.uint16)


class _Merger(NamedTuple):
    """What becomes of components as a field is swept from one end."""

    killers: np.ndarray  # the number of the saddle at which the component of each extremum ends, or -1
    saddles: np.ndarray  # of each arm the number of its saddle
    arms: np.ndarray  # sets of neighbours
    idle: np.ndarray  # whether an arm connects nothing new


def _merge(skeleton: _Skeleton, saddles: _Vertices, extrema: np.ndarray, up: bool) -> _Merger:
    """Extrema in the order in which they are met; with `up`, components are those above."""
    outside = int(up and skeleton.is_open)  # met before all others
    extrema = np.concatenate([np.full(outside, _NEVER), extrema])
    starts = _starts(saddles)
    arms, ends = find_arms(skeleton.field, saddles.vertices, starts, extrema, up, skeleton.workers, share)
    order = np.ascontiguousarray(saddles.order[::-1]) if up else saddles.order
    killers, idle = merge(order, starts, ends, len(extrema))
    return _Merger(killers[outside:], np.repeat(np.arange(len(order)), saddles.units + 1), arms, idle)


def _starts(saddles: _Vertices) -> np.ndarray:
    """Where the arms of each saddle, one more than it has units, begin in a list of them all."""
    return np.concatenate([[0], np.cumsum(saddles.units + 1, dtype=np.int64)])


def _columns(
    classes: Iterable[tuple[np.ndarray, np.ndarray, int]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    births, deaths, dimensions = zip(*classes, strict=True)
    birth, death = np.concatenate(births), np.concatenate(deaths)
    return birth, death, np.repeat(np.array(dimensions, np.int8), [len(some) for some in births])


def _classes(skeleton: _Skeleton) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """Births and deaths of classes, and their dimension."""
    joins = skeleton.of_index(1)
    births, deaths, below = _components(skeleton, joins)
    yield births, deaths, 0
    ended = _NO_VERTICES
    if skeleton.ndim > 1:
        top = skeleton.ndim - 1
        fills = skeleton.of_index(top)
        highest_first, above = _merge_above(skeleton, fills)
        met = above.killers != _NEVER
        ended = above.killers[met]
        yield fills.vertices[ended], highest_first[met], top
        yield *_endless(highest_first[~met]), top + 1
        if skeleton.ndim > 2:
            filled, began = _reduce(skeleton, joins, fills, above)
            met = began != _NEVER
            ended = began[met]
            yield joins.vertices[ended], filled[met], 1
            yield *_endless(filled[~met]), 2
    yield *_endless_loops(joins, below, ended), 1


def _components(skeleton: _Skeleton, joins: _Vertices) -> tuple[np.ndarray, np.ndarray, _Merger]:
    """Births and deaths of components of the sublevel sets, and how they merge."""
    minima = skeleton.of_index(0)
    lowest_first = minima.vertices[minima.order]
    below = _merge(skeleton, joins, lowest_first, up=False)
    return lowest_first, np.append(joins.vertices, _NEVER)[below.killers], below


def _merge_above(skeleton: _Skeleton, fills: _Vertices) -> tuple[np.ndarray, _Merger]:
    """Maxima from the highest, and how the components above merge."""
    maxima = skeleton.of_index(skeleton.ndim)
    highest_first = maxima.vertices[maxima.order[::-1]]
    return highest_first, _merge(skeleton, fills, highest_first, up=True)


def _endless_loops(joins: _Vertices, below: _Merger, ended: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Loops begin where arms connect nothing new; without those that ended, each known by the number of its saddle."""
    loops = np.bincount(below.saddles[below.idle], minlength=len(joins.vertices))
    return _endless(np.repeat(joins.vertices, loops - np.bincount(ended, minlength=len(loops))))


def _endless(births: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return births, np.full(len(births), _NEVER)


def _reduce(
    skeleton: _Skeleton,
    joins: _Vertices,
    fills: _Vertices,
    above: _Merger,
    circles: np.ndarray = _NO_VERTICES,
    ahead: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """The 2-saddles that fill loops, once for each, and the last samples of circles, from the lowest; and the number of
    the 1-saddle where it began."""
    vertices = np.concatenate([fills.vertices[above.saddles[above.idle]], circles])
    arms = np.concatenate([above.arms[above.idle], np.zeros(len(circles), np.uint16)])
    order = np.lexsort((vertices, skeleton.values[vertices]))
    filled = vertices[order]
    return filled, reduce_loops(skeleton.field, filled, arms[order], joins.vertices, _starts(joins), ahead)
