"""Operators on any grid as sparse matrices: the same programs, slabs and limits, with rows in place of results."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import _by_metric, _orthogonal
from ._axes import Lattice
from ._calls import POWERS
from ._curved import check_periodic, poles_of, settings
from ._geometry import Product
from ._matrices import Rows, along_axis, total
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

    def rows(self, program: Program, arrays: Any = ()) -> list[Rows]:
        """Of each result. Fields 1, 2, ... of the program are derivatives along axes 0, 1, ..., and absent where one of
        those is."""
        firsts = [self._along(k, 1) for k in range(max(field for field, *_ in program.components))]
        place = self
        if self.present is not None:
            had = np.all([self.present.ravel(), *(first.known for first in firsts)], axis=0)
            place = self._replace(present=had.reshape(self.shape))
        parts = []
        for field, axis, order in program.components:
            part = place._along(axis, order)
            parts.append(part.of(firsts[field - 1].matrix) if field else part)
        if program.mixtures is None:
            return parts

        def weighted(component: int, weight: Any, array: int) -> Rows:
            factor = weight.spread(len(self.shape)) if isinstance(weight, Product) else weight
            return parts[component].times(factor if array < 0 else factor * arrays[array], self.shape)

        return [total([weighted(*term) for term in terms]) for terms in program.mixtures]

    def _along(self, axis: int, order: int) -> Rows:
        """Of a derivative."""
        accuracy, edge_order, boundary = self.options
        program, gaps = Program(((0, axis, order),)), self.present is not None
        axes = tuple(range(len(self.shape)))
        tables = tables_of(self.shape, (self.lattice,), axes, program, accuracy, edge_order, boundary, gaps)
        return along_axis(tables[axis, order], self.shape, axis, self.present)


def gradient(grid: Any, shape: tuple[int, ...], options: Any, present: Any, components: str) -> list[Rows]:
    """For each component."""
    axes, geometry = tuple(range(len(shape))), grid.geometry
    grid.lattice.axes_for(shape)
    check_periodic(geometry, options[2], len(shape))
    if isinstance(geometry, Curved):
        program, arrays = _by_metric.gradient_program(
            np.empty(shape), grid.lattice, geometry, options, axes, False, "stack", components
        )
        return _Place(grid.lattice, shape, options, present).rows(program, arrays)

    def whole(place: _Place, geometry: Any) -> list[Rows]:
        return place.rows(_orthogonal.gradient(geometry, len(axes), axes, False, "stack", components))

    def limit(place: _Place, slab: Slab) -> list[Rows]:
        found = [_derivative(place, slab, k) for k in axes]
        through = found[slab.pole.axis]
        for j, k in enumerate(slab.directions.axes):
            found[k] = _fitted(slab, through, lambda unit, j=j: slab.directions.components_of(unit)[j])
        return [_as_component(part, slab, k, POWERS[components]) for k, part in enumerate(found)]

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


def laplacian(grid: Any, shape: tuple[int, ...], options: Any, present: Any) -> Rows:
    geometry, d = grid.geometry, len(shape)
    grid.lattice.axes_for(shape)
    check_periodic(geometry, options[2], d)
    poles = poles_of(grid)
    place = _Place(grid.lattice, shape, settings(options, poles, 2, True), present)
    if isinstance(geometry, Curved):
        program, arrays = _by_metric.laplacian_program(np.empty(shape), grid.lattice, geometry, place.options, False)
        return place.rows(program, arrays)[0]

    def whole(place: _Place, geometry: Any) -> list[Rows]:
        return place.rows(_orthogonal.laplacian(geometry, d))

    def limit(place: _Place, slab: Slab) -> list[Rows]:
        directions = slab.directions

        def second(k: int) -> Rows:
            program = _orthogonal.second_derivative(slab.geometry, d, k, k, 0, False)
            return place.rows(program)[0].taken(_row_of(slab))

        def trace(unit: np.ndarray) -> np.ndarray:
            turned = directions.quadratic_of(unit)
            return sum(turned[k, k] for k in range(len(turned)))

        others = [second(k) for k in range(d) if k not in directions.axes]
        return [total([_fitted(slab, second(slab.pole.axis), trace), *others])]

    return _through_poles(whole, limit, place, geometry, poles)[0]


def _through_poles(whole: Any, limit: Any, place: _Place, geometry: Any, poles: Any) -> list[Rows]:
    """The rows of an operator, with those of slabs and limits where there are poles."""
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
        limits = limit(near, slab)
        if place.present is not None:  # absent samples have no limit
            limits = [part.where(place.present[at(pole.axis, slab.end)]) for part in limits]
        for k, (part, on_pole) in enumerate(zip(parts, limits, strict=True)):
            result[k] = result[k].replaced(wanted, part.taken(found).of(beyond)).replaced(end, on_pole.of(beyond))
    return result


def _row_of(slab: Slab) -> np.ndarray:
    """The samples of a slab that are on its pole."""
    return np.arange(int(np.prod(slab.shape))).reshape(slab.shape)[at(slab.pole.axis, slab.row)].ravel()


def _derivative(place: _Place, slab: Slab, axis: int) -> Rows:
    """On the pole, per unit of length."""
    scale = slab.spread(slab.geometry.power(exponents(slab.ndim, (axis, -1))))
    return place.rows(Program(((0, axis, 1),)))[0].taken(_row_of(slab)).times(scale, _across(slab))


def _as_component(physical: Rows, slab: Slab, axis: int, power: int) -> Rows:
    """Another component on the pole, where it has a limit."""
    scale = np.broadcast_to(slab.spread(slab.geometry.power(exponents(slab.ndim, (axis, power)))), _across(slab))
    scaled = physical.times(scale, scale.shape)
    return scaled if power >= 0 else scaled.where(scale != 0)


def _across(slab: Slab) -> tuple[int, ...]:
    return tuple(slab.shape[k] for k in slab.across)


def _fitted(slab: Slab, through: Rows, what: Any) -> Rows:
    """What is fitted to derivatives on the way through a pole, as far as they are known: by `what`, which takes columns
    of them to columns of results."""
    from scipy.sparse import coo_array

    shape = _across(slab)
    places = slab.directions.flat(np.arange(int(np.prod(shape))).reshape(shape))
    known = through.known[places]
    rows, columns, values = [], [], []
    unit = np.eye(len(places))
    for line, there in zip(places.T, known.T, strict=True):
        matrix = what(np.where(there[:, None], unit, np.nan))
        rows.append(np.repeat(line, len(line)))
        columns.append(np.tile(line, len(line)))
        values.append(matrix.ravel())
    entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    fit = coo_array(entries, shape=(places.size, places.size)).tocsr()
    return Rows(fit, np.ones(places.size, bool)).of(through.matrix)
