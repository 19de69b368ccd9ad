"""Operators in orthogonal coordinates, as programs: sums of derivatives along the axes, times products of functions of
one coordinate each."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ._calls import POWERS, TURNS
from ._geometry import Orthogonal, Product
from ._programs import Program


def exponents(d: int, *entries: tuple[int, int]) -> tuple[int, ...]:
    """Exponents of the scales: zeros, and those that are named."""
    powers = [0] * d
    for k, e in entries:
        powers[k] += e
    return tuple(powers)


@lru_cache(maxsize=128)
def gradient(
    geometry: Orthogonal, d: int, axes: tuple[int, ...], bare: bool, reduction: str, components: str
) -> Program:
    power = POWERS[components] - 1
    mixtures = tuple(((i, geometry.power(exponents(d, (k, power))), -1),) for i, k in enumerate(axes))
    leading = () if bare or reduction == "norm" else (len(axes),)
    return Program(tuple((0, k, 1) for k in axes), leading, mixtures, reduction)


@lru_cache(maxsize=32)
def along(geometry: Orthogonal, d: int, vector: tuple[float, ...] | None) -> Program:
    """The derivative along a vector of physical components; or along one for each sample, given by arrays."""
    numbers = [(1.0, k) for k in range(d)] if vector is None else [(v, -1) for v in vector]
    terms = ((k, Product(v) * geometry.power(exponents(d, (k, -1))), array) for k, (v, array) in enumerate(numbers))
    return Program(tuple((0, k, 1) for k in range(d)), (), (tuple(terms),))


class _Sum:
    """A program's only result, term by term; each derivative is taken once."""

    def __init__(self) -> None:
        self.components: dict[tuple[int, Any, int], int] = {}
        self.terms: list[tuple[int, Any, int]] = []

    def add(self, derivative: tuple[int, Any, int], weight: Product | None, by: Product | None = None) -> None:
        """A derivative (field, axis, order), times both; None is zero."""
        if weight is not None:
            k = self.components.setdefault(derivative, len(self.components))
            self.terms.append((k, weight if by is None else weight * by, -1))


def _program(*sums: _Sum, leading: tuple[int, ...] = ()) -> Program:
    """Sums, of one list of derivatives."""
    listed: dict[tuple[int, Any, int], int] = {}
    mixtures = {}
    for one in sums:
        names = list(one.components)
        mixtures[one] = tuple((listed.setdefault(names[k], len(listed)), w, a) for k, w, a in one.terms)
    return Program(tuple(listed), leading, tuple(mixtures[one] for one in sums))


@lru_cache(maxsize=32)
def laplacian(geometry: Orthogonal, d: int) -> Program:
    total = _Sum()
    for k in range(d):
        by = geometry.power(exponents(d, (k, -2)))
        total.add((0, k, 2), by)
        total.add((0, k, 1), geometry.slope(k, [1 if j != k else -1 for j in range(d)]), by)
    return _program(total)


@lru_cache(maxsize=32)
def divergence(geometry: Orthogonal, d: int, components: str) -> Program:
    total, power = _Sum(), POWERS[components]
    for k in range(d):
        by = geometry.power(exponents(d, (k, -1 - power)))
        total.add((k, k, 1), by)
        total.add((k, k, 0), geometry.slope(k, [1 if j != k else -power for j in range(d)]), by)
    return _program(total)


@lru_cache(maxsize=32)
def curl(geometry: Orthogonal, d: int, components: str) -> Program:
    power = POWERS[components]
    sums = []
    for i, (j, k) in enumerate(TURNS[d]):
        total, hand = _Sum(), geometry.hand if d == 2 else 1
        for along, of, sign in ((j, k, hand), (k, j, -hand)):
            powers = exponents(d, (j, -1), (k, -1), (of, 1 - power), *([] if d == 2 else [(i, power)]))
            by = Product(float(sign)) * geometry.power(powers)
            total.add((of, along, 1), by)
            total.add((of, along, 0), geometry.slope(along, exponents(d, (of, 1 - power))), by)
        sums.append(total)
    return _program(*sums, leading=() if d == 2 else (3,))


@lru_cache(maxsize=64)
def second_derivative(geometry: Orthogonal, d: int, i: int, k: int, power: int, in_one: bool) -> Program:
    """A component of the Hessian. If i is not k, field 1 is the derivative along i, unless all is done in one."""
    return _program(_second(geometry, d, i, k, power, in_one))


@lru_cache(maxsize=32)
def hessian(geometry: Orthogonal, d: int, power: int) -> Program:
    """All components, row by row."""
    sums = {(i, k): _second(geometry, d, i, k, power, True) for i in range(d) for k in range(i, d)}
    return _program(*(sums[min(i, k), max(i, k)] for i in range(d) for k in range(d)), leading=(d * d,))


def _second(geometry: Orthogonal, d: int, i: int, k: int, power: int, in_one: bool) -> _Sum:
    total = _Sum()
    by = geometry.power(exponents(d, (i, power - 1), (k, power - 1)))
    minus = Product(-1.0) * by
    if i == k:
        total.add((0, i, 2), by)
        total.add((0, i, 1), geometry.slope(i, exponents(d, (i, 1))), minus)
        for j in range(d):
            if j != i:
                weight = geometry.power(exponents(d, (j, -2), (i, power + power)))
                total.add((0, j, 1), geometry.slope(j, exponents(d, (i, 1))), weight)
    else:
        total.add((0, (i, k), 1) if in_one else (1, k, 1), by)
        total.add((0, i, 1), geometry.slope(k, exponents(d, (i, 1))), minus)
        total.add((0, k, 1), geometry.slope(i, exponents(d, (k, 1))), minus)
    return total
