"""Linear fields in two dimensions where all samples of a row are one: those at a pole. It is an end of axis 0.

The complex is a quotient of the lattice's: the row is one vertex, its link the ring beside it. Samples of the row are
equal and follow each other in the order of equal samples, so they enter sublevel sets together; and what is connected
stays so when a connected row becomes one vertex. Hence the components of sublevel sets are those of the lattice, and
other vertices change them as they do there. The same is true upside down. On a disc and on a sphere every class of
loops ends where components of what is above meet, so these two tell all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ._geometry import Pole
from ._morse import components, critical_vertices, pairs, sortable

Classes = tuple[np.ndarray, np.ndarray, np.ndarray]


def critical_vertices_of(
    f: np.ndarray, periodic: Sequence[bool], poles: Sequence[Pole], workers: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """As `_morse.critical_vertices`. A pole is the first sample of its row.

    Raises
    ------
    TypeError, ValueError
        As `_morse.critical_vertices`; the field has more than two axes.
    """
    if f.ndim != 2:
        raise ValueError(
            "samples at a pole are served by method='linear', and with persistence=True, in two dimensions; "
            f"f has {f.ndim} axes"
        )
    vertices, index = critical_vertices(f, periodic, workers)
    others = _names(vertices, f.shape, poles) == vertices
    for pole in poles:
        others &= vertices != _first(f.shape, pole)
    added = [(_first(f.shape, pole), i) for pole in poles for i in _indices(f, pole, periodic[1])]
    vertex, kind = np.array(added, np.int64).reshape(-1, 2).T
    vertices = np.concatenate([vertices[others], vertex])
    index = np.concatenate([index[others], kind.astype(np.int8)])
    order = np.lexsort((index, vertices, f.ravel()[vertices]))
    return vertices[order], index[order]


def pairs_of(f: np.ndarray, periodic: Sequence[bool], poles: Sequence[Pole], workers: int | None) -> Classes:
    """As `_morse.pairs`."""
    if not periodic[1]:  # the row has an end: as a whole it can be drawn together
        return _of_others(*pairs(f, periodic, workers), f.shape, poles)
    below = components(f, periodic, workers)
    above = _from_above(f, periodic, poles, workers)
    zero = _of_others(*below, np.zeros(len(below[0]), np.int8), f.shape, poles)
    maxima, saddles, _ = _of_others(*above, np.zeros(len(above[0]), np.int8), f.shape, poles)
    ended = saddles >= 0
    births, deaths = np.where(ended, saddles, maxima), np.where(ended, maxima, saddles)
    dimensions = np.where(ended, 1, 2).astype(np.int8)
    birth, death, dimension = map(np.concatenate, zip(zero, (births, deaths, dimensions), strict=True))
    return birth, death, dimension


def _first(shape: tuple[int, ...], pole: Pole) -> int:
    return (shape[0] - 1) * shape[1] if pole.last else 0


def _names(vertices: np.ndarray, shape: tuple[int, ...], poles: Sequence[Pole]) -> np.ndarray:
    """Vertices, where those of a pole are its first one."""
    row, result = vertices // shape[1], vertices
    for pole in poles:
        first = _first(shape, pole)
        result = np.where((vertices >= 0) & (row == first // shape[1]), first, result)
    return result


def _indices(f: np.ndarray, pole: Pole, loop: bool) -> list[int]:
    """Morse indices of a pole: as its link, a circle or a piece of one, is lower in some parts."""
    value, ring = (f[-1, 0], f[-2]) if pole.last else (f[0, 0], f[1])
    lower = (ring <= value) if pole.last else (ring < value)  # of equal samples the first one is lower
    before = np.roll(lower, 1)
    if not loop:
        before[0] = False
    elif lower.all():
        return [2]
    parts = int((lower & ~before).sum())
    return [1] * (parts - 1) if parts else [0]


def _of_others(
    birth: np.ndarray, death: np.ndarray, dimension: np.ndarray, shape: tuple[int, ...], poles: Sequence[Pole]
) -> Classes:
    """Classes, but for those that a pole begins and ends."""
    birth, death = _names(birth, shape, poles), _names(death, shape, poles)
    last = birth != death
    return birth[last], death[last], dimension[last]


def _from_above(
    f: np.ndarray, periodic: Sequence[bool], poles: Sequence[Pole], workers: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Where components of what is above begin and end. At an open side they meet the outside, which is above all."""
    values = sortable(f)
    if values.max() == np.inf:  # nothing is above that
        values = np.unique(values, return_inverse=True)[1].reshape(f.shape).astype(float)
    turned = np.flip(-values)  # so that equal samples are in the opposite order, too
    first, last = (not any(pole.last == end for pole in poles) for end in (True, False))
    turned = np.pad(turned, ((first, last), (0, 0)), constant_values=-np.inf if first or last else 0)
    birth, death = components(turned, periodic, workers)
    outside = first * f.shape[1]
    birth, death = f.size - 1 - birth + outside, np.where(death < 0, -1, f.size - 1 - death + outside)
    inside = (birth >= 0) & (birth < f.size)
    return birth[inside], death[inside]
