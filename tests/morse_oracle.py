"""Sublevel sets, simplex by simplex: the Freudenthal triangulation, ranks over Z/2, and the reduction of the boundary
matrix as textbooks have it. Nothing here knows of links' tables, of arms or of loops that slide."""

import itertools

import numpy as np


def simplices(shape, periodic):
    """All simplices, as sorted tuples of flat indices: chains of corners of a cell, each above the one before."""
    corners = list(itertools.product((0, 1), repeat=len(shape)))
    chains = [
        chain
        for length in range(1, len(shape) + 2)
        for chain in itertools.combinations(corners, length)
        if all(p != q and all(np.less_equal(p, q)) for p, q in itertools.pairwise(chain))
    ]
    found = set()
    cells = np.indices(shape).reshape(len(shape), -1)
    limits = np.reshape([np.inf if loop else n for n, loop in zip(shape, periodic, strict=True)], (-1, 1))
    for chain in chains:
        points = [cells + np.reshape(corner, (-1, 1)) for corner in chain]
        inside = np.all([point < limits for point in points], axis=(0, 1))
        flat = np.sort([np.ravel_multi_index(tuple(point), shape, mode="wrap") for point in points], axis=0)
        found.update(map(tuple, flat[:, inside].T.tolist()))
    return found


def collapsed(complex_, names):
    """With vertices renamed, some to the same name; simplices are sets of names then, so some have fewer."""
    return {tuple(sorted({int(names[v]) for v in simplex})) for simplex in complex_}


def pole_names(shape, poles):
    """Vertices of poles, as the first of each; others as themselves. A pole is an axis, a row of it, and its angles."""
    names = np.arange(np.prod(shape)).reshape(shape)
    for axis, row, angles in poles:
        at = names[(*[slice(None)] * axis, [row])]
        first = at
        for k in angles:
            first = first.take([0], axis=k)
        at[...] = first
        names[(*[slice(None)] * axis, [row])] = at
    return names.ravel()


def ranks(f):
    """The place of each sample in the total order by value and index."""
    order = sorted(range(f.size), key=lambda v: (f.flat[v], v))
    place = np.empty(f.size, int)
    place[order] = range(f.size)
    return place


def boundary(simplex):
    return list(itertools.combinations(simplex, len(simplex) - 1)) if len(simplex) > 1 else []


def rank(rows):
    """Over Z/2, of rows that are sets of columns."""
    by_lead = {}
    for row in rows:
        row = set(row)
        while row and max(row) in by_lead:
            row ^= by_lead[max(row)]
        if row:
            by_lead[max(row)] = row
    return len(by_lead)


def reduced_betti(complex_):
    """Reduced Betti numbers of a set of simplices that has the faces of each, from dimension -1 to 2."""
    sizes = [[s for s in complex_ if len(s) == length] for length in range(1, 5)]
    numbers = [1, *map(len, sizes)]  # the empty simplex is a face of every vertex
    rank_of = [0, int(bool(sizes[0])), *(rank(map(boundary, sizes[k])) for k in range(1, 4)), 0]
    return [numbers[k] - rank_of[k] - rank_of[k + 1] for k in range(4)]


def critical_vertices(f, periodic, present=None, names=None):
    """A sample as often as the reduced homology of its lower link has dimensions, in the order of samples; of those
    present, if not all are. Samples of one name are one."""
    place = ranks(f)
    names = np.arange(f.size) if names is None else names
    there = (np.ones(f.size, bool) if present is None else present.ravel()) & (names == np.arange(f.size))
    links = {v: set() for v in np.flatnonzero(there)}
    for simplex in collapsed(simplices(f.shape, periodic), names):
        if not there[list(simplex)].all():
            continue
        top = max(simplex, key=place.__getitem__)
        links[top].add(tuple(v for v in simplex if v != top))
    found = []
    for v in np.argsort(place):
        if not there[v]:
            continue
        numbers = reduced_betti(links[v] - {()})
        found += [(int(v), index) for index in range(4) for _ in range(numbers[index])]
    return found


def pairs(f, periodic, names=None):
    """Births, deaths (-1: never) and dimensions, of classes that do not end at the sample at which they begin. Samples
    of one name are one."""
    place = ranks(f)
    complex_ = simplices(f.shape, periodic)
    complex_ = complex_ if names is None else collapsed(complex_, names)
    filtration = sorted(complex_, key=lambda s: sorted((place[v] for v in s), reverse=True))
    number = {simplex: k for k, simplex in enumerate(filtration)}
    top = [max(simplex, key=place.__getitem__) for simplex in filtration]
    column_with, endless = {}, set()
    for k, simplex in enumerate(filtration):
        column = {number[face] for face in boundary(simplex)}
        while column and max(column) in column_with:
            column ^= column_with[max(column)][1]
        if column:
            column_with[max(column)] = (k, column)
            endless.discard(max(column))
        else:
            endless.add(k)
    classes = [(top[k], top[other], len(filtration[k]) - 1) for k, (other, _) in column_with.items()]
    classes += [(top[k], -1, len(filtration[k]) - 1) for k in endless]
    return sorted((birth, death, dimension) for birth, death, dimension in classes if birth != death)
