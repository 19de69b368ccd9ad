"""Operators on any grid as sparse matrices: the same programs, slabs and limits, with rows in place of results."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import _by_metric, _orthogonal
from ._axes import Lattice
from ._calls import POWERS
from ._curved import poles_of, settings
from ._geometry import Product
from ._matrices import along_axis
from ._metric import Curved
from ._orthogonal import exponents
from ._poles import Slab, at, slab_at
from ._programs import Program, as_pairs, tables_of


class _Place(NamedTuple):
    """Some samples, and how derivatives of them are taken."""

    lattice: Lattice
    shape: tuple[int, ...]
    options: tuple[Any, ...]  # accuracy, edge_order, boundary
    present: np.ndarray | None

    def matrices(self, program: Program, arrays: Any = ()) -> list[Any]:
        """Of each result; rows are empty where there are not the samples that it takes. Fields 1, 2, ... of the program
        are derivatives along axes 0, 1, ..."""
        from scipy.sparse import diags_array

        firsts = [self._along(k, 1) for k in range(max(field for field, *_ in program.components))]
        place = self
        if self.present is not None and firsts:
            had = np.all([np.diff(first.indptr) > 0 for first in firsts], axis=0)
            place = self._replace(present=self.present & had.reshape(self.shape))
        parts = []
        for field, axis, order in program.components:
            part = place._along(axis, order)
            parts.append((part @ firsts[field - 1]).tocsr() if field else part)
        if program.mixtures is None:
            return parts

        def weighted(component: int, weight: Any, array: int) -> Any:
            factor = weight.spread(len(self.shape)) if isinstance(weight, Product) else weight
            if array >= 0:
                factor = factor * arrays[array]
            return diags_array(np.broadcast_to(factor, self.shape).ravel().astype(float)) @ parts[component]

        results = []
        for terms in program.mixtures:
            results.append(_sum([weighted(*term) for term in terms], [parts[component] for component, *_ in terms]))
        return results

    def _along(self, axis: int, order: int) -> Any:
        """The matrix of a derivative."""
        from scipy.sparse import diags_array

        if not order:
            there = np.ones(self.shape) if self.present is None else self.present.astype(float)
            return diags_array(there.ravel()).tocsr()
        accuracy, edge_order, boundary = self.options
        program, gaps = Program(((0, axis, order),)), self.present is not None
        axes = tuple(range(len(self.shape)))
        tables = tables_of(self.shape, (self.lattice,), axes, program, accuracy, edge_order, boundary, gaps)
        return along_axis(tables[axis, order], self.shape, axis, self.present)


def _sum(matrices: list[Any], needed: list[Any]) -> Any:
    """A sum, with empty rows where those of a matrix that is needed are."""
    from scipy.sparse import diags_array

    total = sum(matrices).tocsr()
    if needed:
        had = np.all([np.diff(one.indptr) > 0 for one in needed], axis=0)
        if not had.all():
            total = (diags_array(had.astype(float)) @ total).tocsr()
            total.eliminate_zeros()
    return total


def gradient(grid: Any, shape: tuple[int, ...], options: Any, present: Any, components: str) -> list[Any]:
    """A matrix for each component."""
    axes, geometry = tuple(range(len(shape))), grid.geometry
    grid.lattice.axes_for(shape)
    if isinstance(geometry, Curved):
        program, arrays = _by_metric.gradient_program(
            np.empty(shape), grid.lattice, geometry, options, axes, False, "stack", components
        )
        return _Place(grid.lattice, shape, options, present).matrices(program, arrays)

    def whole(place: _Place, geometry: Any) -> list[Any]:
        return place.matrices(_orthogonal.gradient(geometry, len(axes), axes, False, "stack", components))

    def limit(place: _Place, slab: Slab, beyond: Any) -> list[Any]:
        found = [_derivative(place, slab, k) @ beyond for k in axes]
        through = found[slab.pole.axis]
        for j, k in enumerate(slab.directions.axes):
            found[k] = _fitted(slab, through, lambda unit, j=j: slab.directions.components_of(unit)[j]) @ through
        scales = (slab.spread(slab.geometry.power(exponents(len(axes), (k, POWERS[components])))) for k in axes)
        return [_scaled(matrix, scale, _across(slab)) for matrix, scale in zip(found, scales, strict=True)]

    poles = poles_of(grid)
    place = _Place(grid.lattice, shape, settings(options, poles, 0, False), present)
    return _through_poles(whole, limit, place, geometry, poles)


def along_axes(F: np.ndarray, grid: Any, options: tuple[Any, ...], components: str) -> np.ndarray:
    """The transposed step from derivatives along axes to components of the gradient, without poles."""
    d, geometry = len(F), grid.geometry
    if isinstance(geometry, Curved):
        shape, axes = F.shape[1:], tuple(range(d))
        program, arrays = _by_metric.gradient_program(
            np.empty(shape), grid.lattice, geometry, options, axes, False, "stack", components
        )
        result = np.zeros(F.shape, F.dtype)
        for part, terms in zip(F, program.mixtures, strict=True):
            for i, weight, array in terms:
                result[i] += weight * part * (arrays[array] if array >= 0 else 1)
        return result
    scales = _scales(geometry, d, components)
    return np.stack([part * scale.spread(d) for part, scale in zip(F, scales, strict=True)])


def weights_across(geometry: Any, d: int, components: str) -> list[Product] | None:
    """What makes derivatives along axes components of the gradient, if it is the same all along each one's own axis."""
    if isinstance(geometry, Curved):
        return None
    weights = _scales(geometry, d, components)
    varying = any(axis == k for k, weight in enumerate(weights) for axis, _ in weight.along)
    return None if varying else weights


def _scales(geometry: Any, d: int, components: str) -> list[Product]:
    return [geometry.power(exponents(d, (k, POWERS[components] - 1))) for k in range(d)]


def laplacian(grid: Any, shape: tuple[int, ...], options: Any, present: Any) -> Any:
    geometry, d = grid.geometry, len(shape)
    grid.lattice.axes_for(shape)
    poles = poles_of(grid)
    place = _Place(grid.lattice, shape, settings(options, poles, 2, True), present)
    if isinstance(geometry, Curved):
        program, arrays = _by_metric.laplacian_program(np.empty(shape), grid.lattice, geometry, place.options, False)
        return place.matrices(program, arrays)[0]

    def whole(place: _Place, geometry: Any) -> list[Any]:
        return place.matrices(_orthogonal.laplacian(geometry, d))

    def limit(place: _Place, slab: Slab, beyond: Any) -> list[Any]:
        rows = _row_of(slab)
        directions = slab.directions

        def second(k: int) -> Any:
            return place.matrices(_orthogonal.second_derivative(slab.geometry, d, k, k, 0, False))[0][rows] @ beyond

        through = second(slab.pole.axis)

        def trace(unit: np.ndarray) -> np.ndarray:
            turned = directions.quadratic_of(unit)
            return sum(turned[k, k] for k in range(len(turned)))

        others = [second(k) for k in range(d) if k not in directions.axes]
        return [_sum([_fitted(slab, through, trace) @ through, *others], others)]

    return _through_poles(whole, limit, place, geometry, poles)[0]


def _through_poles(whole: Any, limit: Any, place: _Place, geometry: Any, poles: Any) -> list[Any]:
    """The matrices of an operator, with the rows of slabs and limits where there are poles."""
    from scipy.sparse import csr_array

    result = whole(place, geometry)
    every = np.arange(int(np.prod(place.shape))).reshape(place.shape)
    for i, pole in enumerate(poles):
        others = tuple(p for p in poles[:i] if p.axis != pole.axis)
        reach, with_gaps = place.options[0] // 2, place.present is not None
        slab = slab_at(pole, others, place.shape, reach, with_gaps, place.lattice, geometry)
        source = slab.continued(every, 0).ravel()
        beyond = csr_array((np.ones(len(source)), (np.arange(len(source)), source)), shape=(len(source), every.size))
        pairs = list(as_pairs(place.options[2], len(place.shape)))
        pairs[pole.axis] = "one-sided", "one-sided"
        near = _Place(
            slab.lattice,
            slab.shape,
            (*place.options[:2], tuple(pairs)),
            None if place.present is None else slab.continued(place.present, 0),
        )
        parts = _through_poles(whole, limit, near, slab.geometry, others)
        found = np.arange(len(source)).reshape(slab.shape)[at(pole.axis, slab.found)].ravel()
        wanted, end = every[at(pole.axis, slab.wanted)].ravel(), every[at(pole.axis, slab.end)].ravel()
        limits = limit(near, slab, beyond)
        if place.present is not None:  # absent samples have no limit
            limits = [_scaled(part, place.present[at(pole.axis, slab.end)], _across(slab)) for part in limits]
        for k, part in enumerate(parts):
            result[k] = _replaced(result[k], wanted, part[found] @ beyond)
            result[k] = _replaced(result[k], end, limits[k])
    return result


def _replaced(matrix: Any, rows: np.ndarray, by: Any) -> Any:
    """Some rows by others."""
    from scipy.sparse import csr_array, diags_array

    keep = np.ones(matrix.shape[0])
    keep[rows] = 0
    place = csr_array((np.ones(len(rows)), (rows, np.arange(len(rows)))), shape=(matrix.shape[0], len(rows)))
    return (diags_array(keep) @ matrix + place @ by).tocsr()


def _row_of(slab: Slab) -> np.ndarray:
    """The samples of a slab that are on its pole."""
    return np.arange(int(np.prod(slab.shape))).reshape(slab.shape)[at(slab.pole.axis, slab.row)].ravel()


def _derivative(place: _Place, slab: Slab, axis: int) -> Any:
    """On the pole, per unit of length."""
    matrix = place.matrices(Program(((0, axis, 1),)))[0][_row_of(slab)]
    scale = slab.spread(slab.geometry.power(exponents(slab.ndim, (axis, -1))))
    return _scaled(matrix, scale, _across(slab))


def _across(slab: Slab) -> tuple[int, ...]:
    return tuple(slab.shape[k] for k in slab.across)


def _scaled(matrix: Any, scale: Any, shape: tuple[int, ...]) -> Any:
    from scipy.sparse import diags_array

    scaled = (diags_array(np.broadcast_to(scale, shape).ravel().astype(float)) @ matrix).tocsr()
    if not np.all(scale):
        scaled.eliminate_zeros()
    return scaled


def _fitted(slab: Slab, through: Any, what: Any) -> Any:
    """The matrix that takes derivatives on the way through a pole to what is fitted to them; rows that are empty are
    not known. `what` takes columns of such derivatives to columns of results."""
    from scipy.sparse import coo_array

    shape = _across(slab)
    places = slab.directions.flat(np.arange(int(np.prod(shape))).reshape(shape))
    known = np.diff(through.indptr)[places] > 0
    rows, columns, values = [], [], []
    unit = np.eye(len(places))
    for line, there in zip(places.T, known.T, strict=True):
        matrix = what(np.where(there[:, None], unit, np.nan))
        rows.append(np.repeat(line, len(line)))
        columns.append(np.tile(line, len(line)))
        values.append(matrix.ravel())
    entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    return coo_array(entries, shape=(places.size, places.size)).tocsr()
