"""Linear fields where samples at poles are one: those of a circle, or at an origin all of an end of an axis.

The complex is a quotient of the lattice's: each pole is one vertex. Its samples are equal and follow each other in the
order of samples, so they enter sublevel sets together. Where they are no full circle, what becomes one vertex can be
drawn together, and classes stay what they were. So do components in any case, below and above; and on a ball, a shell
or a ring, as on a disc and on a sphere, classes of the highest dimension end where components of what is above meet.
To make a full circle one vertex is to fill it with a disc, and what is between the discs of neighbours with solid
pieces, which no loop feels. So loops, in three dimensions, are those of the lattice with its circles filled. At an
origin one of them is enough.

The link of a pole is beside it, so what it changes is the same when there are no more samples than these.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ._geometry import Pole
from ._morse import components, critical_vertices, pairs, pairs_of_lower_dimension, sortable

Classes = tuple[np.ndarray, np.ndarray, np.ndarray]


def critical_vertices_of(
    f: np.ndarray, periodic: Sequence[bool], poles: Sequence[Pole], workers: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """As `_morse.critical_vertices`. A pole is the first of its samples."""
    vertices, index = critical_vertices(f, periodic, workers)
    others = ~np.any([_is_at(pole, vertices, f.shape) for pole in poles], axis=0)
    parts = [(vertices[others], index[others])]
    parts += [_critical_poles(f, periodic, poles, i, workers) for i in range(len(poles))]
    vertices, index = map(np.concatenate, zip(*parts, strict=True))
    order = np.lexsort((index, vertices, f.ravel()[vertices]))
    return vertices[order], index[order]


def pairs_of(f: np.ndarray, periodic: Sequence[bool], poles: Sequence[Pole], workers: int | None) -> Classes:
    """As `_morse.pairs`."""
    circle = poles[0].circle
    f = _one_after_the_other(f, poles)
    if not periodic[circle]:
        return _of_others(*pairs(f, periodic, workers), f.shape, poles)
    circles = np.concatenate([_last_of_circles(pole, f.shape) for pole in poles])
    lower = pairs_of_lower_dimension(f, periodic, circle, circles, workers)
    parts = (_of_others(*lower, f.shape, poles), _of_highest_dimension(f, periodic, poles, workers))
    birth, death, dimension = map(np.concatenate, zip(*parts, strict=True))
    return birth, death, dimension


def _row(pole: Pole, shape: tuple[int, ...]) -> int:
    return shape[pole.axis] - 1 if pole.last else 0


def _is_at(pole: Pole, vertices: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.unravel_index(vertices, shape)[pole.axis] == _row(pole, shape)


def _names(vertices: np.ndarray, shape: tuple[int, ...], poles: Sequence[Pole]) -> np.ndarray:
    """Vertices, where those of a pole are its first one; -1 stays what it is."""
    place = list(np.unravel_index(np.maximum(vertices, 0), shape))
    for pole in poles:
        there = place[pole.axis] == _row(pole, shape)
        for k in pole.angles:
            place[k] = np.where(there, 0, place[k])
    return np.where(vertices < 0, vertices, np.ravel_multi_index(tuple(place), shape))


def _last_of_circles(pole: Pole, shape: tuple[int, ...]) -> np.ndarray:
    """At an origin it is the last circle that comes last."""
    numbers = np.arange(np.prod(shape)).reshape(shape).take([_row(pole, shape)], axis=pole.axis)
    for k in pole.angles:
        numbers = numbers.take([-1], axis=k)
    return numbers.ravel()


def _one_after_the_other(f: np.ndarray, poles: Sequence[Pole]) -> np.ndarray:
    """The field with samples of each pole next to each other in the order of samples. On an axis whose circles are not
    next to each other in memory, they are if no two of them are equal."""
    pole = poles[0]
    if f.ndim == 2 or pole.circle == 2:
        return f
    axis = f[_row(pole, f.shape), 0]
    if len(np.unique(axis)) == len(axis):
        return f
    ranks = np.unique(f, return_inverse=True)[1].reshape(f.shape).astype(float)
    ranks[_row(pole, f.shape)] += (np.arange(len(axis)) - len(axis)) / (len(axis) + 1)
    return ranks


def _critical_poles(
    f: np.ndarray, periodic: Sequence[bool], poles: Sequence[Pole], i: int, workers: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """What one of the poles changes, from the samples beside it. Where several meet, it is up to the last."""
    pole = poles[i]
    first = max(0, f.shape[pole.axis] - 2) if pole.last else 0
    near = f[(*[slice(None)] * pole.axis, slice(first, first + 2))]
    beside = [other for other in poles if other.axis != pole.axis or other is pole]
    birth, death, dimension = pairs_of(near, periodic, beside, workers)
    ended = death >= 0
    vertices, index = np.concatenate([birth, death[ended]]), np.concatenate([dimension, dimension[ended] + 1])
    mine = _is_at(pole, vertices, near.shape)
    for other in poles[i + 1 :]:
        if other.axis != pole.axis:
            mine &= ~_is_at(other, vertices, near.shape)
    place = list(np.unravel_index(vertices[mine], near.shape))
    place[pole.axis] = place[pole.axis] + first
    return np.ravel_multi_index(tuple(place), f.shape), index[mine].astype(np.int8)


def _of_others(
    birth: np.ndarray, death: np.ndarray, dimension: np.ndarray, shape: tuple[int, ...], poles: Sequence[Pole]
) -> Classes:
    """Classes, but for those that a pole begins and ends."""
    birth, death = _names(birth, shape, poles), _names(death, shape, poles)
    last = birth != death
    return birth[last], death[last], dimension[last]


def _of_highest_dimension(
    f: np.ndarray, periodic: Sequence[bool], poles: Sequence[Pole], workers: int | None
) -> Classes:
    """Classes that end at maxima, and endless ones: those begin where sides of the outside meet, or, if there is none,
    at the highest sample."""
    above, below = _from_above(f, periodic, poles, workers)
    top = sum(n > 1 for n in f.shape) - 1
    met = below >= 0
    birth, death = np.where(met, below, above), np.where(met, above, -1)
    return _of_others(birth, death, np.where(met, top, top + 1).astype(np.int8), f.shape, poles)


def _from_above(
    f: np.ndarray, periodic: Sequence[bool], poles: Sequence[Pole], workers: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Where components of what is above begin and end, -1 being the outside and never. At an open side they meet the
    outside, which is above all."""
    values = sortable(f)
    if values.max() == np.inf:  # nothing is above that
        values = np.unique(values, return_inverse=True)[1].reshape(f.shape).astype(float)
    closed = {(pole.axis, pole.last) for pole in poles}
    sides = [
        tuple(int(n > 1 and not loop and (k, last) not in closed) for last in (True, False))
        for k, (n, loop) in enumerate(zip(f.shape, periodic, strict=True))
    ]
    turned = np.pad(np.flip(values), sides, constant_values=np.inf)  # equal samples in the opposite order, too
    np.negative(turned, out=turned)
    birth, death = (_turned_back(v, turned.shape, sides, f.shape) for v in components(turned, periodic, workers))
    inside = (birth >= 0) | (death >= 0)
    return birth[inside], death[inside]


def _turned_back(
    vertices: np.ndarray, turned: tuple[int, ...], sides: Sequence[tuple[int, ...]], shape: tuple[int, ...]
) -> np.ndarray:
    """Vertices of the field, where those of the outside are -1."""
    places = zip(np.unravel_index(np.maximum(vertices, 0), turned), sides, shape, strict=True)
    place = np.array([n - 1 - (at - first) for at, (first, _), n in places])
    inside = (vertices >= 0) & ((place >= 0) & (place < np.reshape(shape, (-1, 1)))).all(axis=0)
    return np.where(inside, np.ravel_multi_index(tuple(place), shape, mode="clip"), -1)
