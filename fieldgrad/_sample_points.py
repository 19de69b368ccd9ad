"""Critical points of a field that is linear between its samples: places, persistence, and what is absent."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._domain import Ends, Part, Samples, euler_characteristic, samples_of
from ._geometry import Pole
from ._morse import critical_vertices, pairs


def points_of_samples(f: Any, spacing: tuple, box: Any, persistence: bool, workers: int | None) -> dict[str, Any]:
    """The columns of `CriticalPoints` and what is said of all of them."""
    samples = samples_of(f, spacing)
    coords, ends = samples.coords, samples.domain(box)
    inside = [
        np.arange(len(x)) if pair is None else np.flatnonzero((x >= pair[0]) & (x <= pair[1]))
        for x, pair in zip(coords, ends, strict=True)
    ]
    if not all(len(some) for some in inside):
        raise ValueError(f"box must have samples along every axis, got {box!r}")
    ends = _with_one_angle(inside, ends, _poles_in(samples, ends))
    absent = None if samples.absent is None else samples.absent[np.ix_(*inside)]
    part = samples._replace(field=samples.field[np.ix_(*inside)], absent=absent)
    vertices, index, gap, partner = of_filtration(part, ends, persistence, workers)
    place = np.stack(np.unravel_index(vertices, part.field.shape), axis=1)
    indices = np.stack([some[place[:, k]] for k, some in enumerate(inside)], axis=1)
    n, d = indices.shape
    nothing = np.full((n, d, d), np.nan)
    index_sum = int(((-1) ** index.astype(int)).sum())
    euler = euler_characteristic(ends, _poles_in(samples, ends))
    return {
        "points": samples.places(indices),
        "indices": indices.astype(float),
        "values": part.field.ravel()[vertices].astype(float),
        "hessian": nothing,
        "eigenvalues": nothing[:, 0],
        "eigenvectors": nothing,
        "index": index,
        "persistence": gap,
        "partner": partner,
        "undecided": [],
        "unsearched": [] if absent is None else _parts_of(absent, coords, inside),
        "complete": absent is None,
        "euler": (index_sum, euler if absent is None else index_sum),
    }


def of_filtration(samples: Samples, ends: Ends, persistence: bool, workers: int | None) -> tuple[Any, ...]:
    """Critical vertices and their Morse indices; if asked for, their persistence and partners, too.

    Absent samples come last in the filtration. What they change does not count, nor does their order.
    """
    field, absent = samples.field, samples.absent
    periodic = [pair is None for pair in ends]
    ranks = field if absent is None else _ranks(field, absent)
    poles = _poles_in(samples, ends)
    if poles:
        from ._collapsed import critical_vertices_of, pairs_of

        vertices, index = critical_vertices_of(ranks, periodic, poles, workers)
        classes = pairs_of(ranks, periodic, poles, workers) if persistence else None
    else:
        vertices, index = critical_vertices(ranks, periodic, workers)
        classes = pairs(ranks, periodic, workers) if persistence else None
    gap, partner = (None, None) if classes is None else _paired(field, classes, vertices, index)
    if absent is None:
        return vertices, index, gap, partner
    there = ~absent.ravel()[vertices]
    if gap is not None and partner is not None:
        row_of = np.full(len(vertices) + 1, -1)  # the last one is for those without a partner
        row_of[:-1][there] = np.arange(there.sum())
        partner = row_of[partner[there]]
        gap = np.where(partner < 0, np.inf, gap[there])
    return vertices[there], index[there], gap, partner


def _poles_in(samples: Samples, ends: Ends) -> list[Pole]:
    """Those whose samples are in the domain, all around them or not."""
    return [pole for pole in samples.poles if samples.end(pole) in ends[pole.axis]]


def _with_one_angle(inside: list[np.ndarray], ends: Ends, poles: list[Pole]) -> Ends:
    """The ends of a domain where those that are nothing but a pole have one sample of each of its angles."""
    sides = list(ends)
    for pole in poles:
        if len(inside[pole.axis]) == 1:
            for k in pole.angles:
                inside[k], sides[k] = inside[k][:1], (0.0, 0.0)
    return tuple(sides)


def names_of(vertices: np.ndarray, samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    """Indices (n, d) of vertices, all that there are for the ones at poles; and which vertex each belongs to."""
    shape = samples.field.shape
    place = np.stack(np.unravel_index(vertices, shape), axis=1)
    places, numbers = [place], [np.arange(len(vertices))]
    for pole in samples.poles:
        row = shape[pole.axis] - 1 if pole.last else 0
        for number in np.flatnonzero(place[:, pole.axis] == row):
            angles = list(pole.angles)
            turned = np.indices([shape[k] for k in angles]).reshape(len(angles), -1).T[1:]
            names = np.repeat(place[[number]], len(turned), axis=0)
            names[:, angles] = turned
            places.append(names)
            numbers.append(np.full(len(names), number))
    return np.concatenate(places).astype(float), np.concatenate(numbers)


def _ranks(field, absent):
    """Integers in the order of samples; absent ones are higher than any."""
    ranks = np.empty(field.shape, np.int64)
    values, ranks[~absent] = np.unique(field[~absent], return_inverse=True)
    ranks[absent] = len(values)
    return ranks


def _paired(field, classes, vertices, index):
    """Persistence and partner of each critical vertex, of which each is one birth or one death."""
    birth, death, dimension = classes
    mortal = death >= 0
    rows = np.lexsort((index, vertices))
    event_vertex = np.concatenate([birth, death[mortal]])
    event_index = np.concatenate([dimension, dimension[mortal] + 1])
    events = np.lexsort((event_index, event_vertex))
    row_of = np.empty(len(events), np.intp)
    row_of[events] = rows
    born, dead = row_of[: len(birth)][mortal], row_of[len(birth) :]
    partner = np.full(len(vertices), -1)
    partner[born], partner[dead] = dead, born
    flat = field.ravel()
    gap = np.full(len(vertices), np.inf)
    gap[born] = gap[dead] = flat[death[mortal]].astype(float) - flat[birth[mortal]].astype(float)
    return gap, partner


def _parts_of(absent, coords, inside):
    """Connected parts of absent samples, as far as their cells reach."""
    from scipy.ndimage import find_objects, label

    parts = []
    for part in find_objects(label(absent, np.ones((3,) * absent.ndim))[0]):
        ends = [
            np.sort(x[some[[max(0, one.start - 1), min(len(some) - 1, one.stop)]]])
            for one, some, x in zip(part, inside, coords, strict=True)
        ]
        parts.append(Part(*np.transpose(ends)))
    return parts
