"""The geometry of orthogonal coordinates: lengths per unit of each, as products of functions of one coordinate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import pi, prod
from typing import Any

import numpy as np

#: A function of one coordinate: its values, and the derivatives of its logarithm, both 0 where that is infinite.
Factor = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Product:
    """A number times functions of one coordinate each: by axis, their values at the samples."""

    number: float = 1.0
    along: tuple[tuple[int, np.ndarray], ...] = ()

    def __mul__(self, other: Product) -> Product:
        along = dict(self.along)
        for k, values in other.along:
            along[k] = along[k] * values if k in along else values
        return Product(self.number * other.number, tuple(sorted(along.items())))

    def power(self, exponent: int) -> Product:
        """Zero, where a negative power is infinite."""
        along = []
        for k, values in self.along if exponent else ():
            one = np.ones((), values.dtype)
            inverse = np.divide(one, values, out=np.zeros_like(values), where=values != 0)
            along.append((k, (values if exponent > 0 else inverse) ** abs(exponent)))
        return Product(self.number**exponent, tuple(along))

    def spread(self, ndim: int) -> np.ndarray:
        """As an array that broadcasts to all samples."""
        parts = [np.expand_dims(v, [*range(k), *range(k + 1, ndim)]) for k, v in self.along]
        return np.asarray(prod(parts, start=np.float64(self.number)), np.float64)

    def taken(self, axis: int, samples: np.ndarray) -> Product:
        """At some of the samples of an axis."""
        return replace(self, along=tuple((k, v[samples] if k == axis else v) for k, v in self.along))


@dataclass(frozen=True, eq=False)
class Pole:
    """An end of an axis where all samples of other axes, its angles, are at one place.

    Beyond it the field goes on where the first angle is turned by half a circle.
    """

    axis: int
    last: bool  # it is the last sample of the axis, not the first
    angles: tuple[int, ...]  # a full circle, and for a point in space the colatitude before it
    distinct: int  # samples of the circle
    signs: tuple[int, ...]  # of vector components, for each axis, on the way through
    frame: np.ndarray  # (m, m, *angles): unit vectors [:, j] of `axis` and of the angles in turn, in fixed axes

    @property
    def circle(self) -> int:
        return self.angles[-1]

    @property
    def mirrored(self) -> tuple[int, ...]:
        """Axes that turn round on the way through."""
        return self.angles[:-1]


@dataclass(frozen=True, eq=False)
class Orthogonal:
    """Coordinates whose lines meet at right angles."""

    scales: tuple[Product, ...]
    slopes: dict[tuple[int, int], np.ndarray]  # [k, j]: derivative of the logarithm of scale k along axis j
    factors: tuple[Mapping[int, Factor], ...]  # of each scale, by axis: what it is between the samples
    poles: tuple[Pole, ...] = ()
    hand: int = 1  # of the axes in two dimensions: whether the second is to the left of the first

    @classmethod
    def of(
        cls, factors: tuple[Mapping[int, Factor], ...], coords: Sequence[np.ndarray], poles: tuple[Pole, ...], hand: int
    ) -> Orthogonal:
        """With scales that are products of these factors, at samples with these coordinates."""
        known = [{k: factor(coords[k]) for k, factor in of_scale.items()} for of_scale in factors]
        scales = tuple(Product(along=tuple((k, values) for k, (values, _) in one.items())) for one in known)
        slopes = {(i, k): slope for i, one in enumerate(known) for k, (_, slope) in one.items()}
        return cls(scales, slopes, factors, poles, hand)

    def power(self, exponents: Sequence[int]) -> Product:
        """The product of powers of the scales."""
        return prod((s.power(e) for s, e in zip(self.scales, exponents, strict=True)), start=Product())

    def slope(self, axis: int, exponents: Sequence[int]) -> Product | None:
        """The derivative along an axis of the logarithm of that product; None if it is zero."""
        parts = [e * self.slopes[k, axis] for k, e in enumerate(exponents) if e and (k, axis) in self.slopes]
        total: Any = sum(parts)
        return Product(along=((axis, total),)) if parts and np.any(total) else None

    def taken(self, axis: int, samples: np.ndarray, poles: tuple[Pole, ...]) -> Orthogonal:
        """At some of the samples of an axis, and with those poles."""
        return replace(
            self,
            scales=tuple(s.taken(axis, samples) for s in self.scales),
            slopes={(k, j): v[samples] if j == axis else v for (k, j), v in self.slopes.items()},
            poles=poles,
        )


# ---- factors -------------------------------------------------------------------------------------------------


def reciprocal(x: np.ndarray) -> np.ndarray:
    """Zero where it is infinite."""
    return np.divide(1, x, out=np.zeros_like(x), where=x != 0)


def distance(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From an origin or an axis."""
    return x, reciprocal(x)


def sine(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of a colatitude."""
    values = np.sin(np.where(x > pi - 1e-3, pi - x, x))  # next to a pole its distance counts,
    values[(x <= 0) | (x >= pi)] = 0  # and the nearest number to pi is not pi
    return values, np.cos(x) * reciprocal(values)


@dataclass(frozen=True)
class Meridian:
    """Lengths to the north, per degree, on an ellipsoid."""

    equatorial: float
    squared: float  # eccentricity

    def __call__(self, degrees: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sine, cosine, w, degree = _latitude(degrees, self.squared)
        lengths = self.equatorial * (1 - self.squared) / w**1.5 * degree
        return lengths, 3 * self.squared * sine * cosine / w * degree


@dataclass(frozen=True)
class Parallel:
    """Lengths to the east, per degree, on an ellipsoid."""

    equatorial: float
    squared: float  # eccentricity

    def __call__(self, degrees: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sine, cosine, w, degree = _latitude(degrees, self.squared)
        lengths = self.equatorial * cosine / np.sqrt(w) * degree
        return lengths, -(1 - self.squared) / w * sine * reciprocal(cosine) * degree


def _latitude(degrees: np.ndarray, squared: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, Any]:
    degree = np.longdouble(pi) / 180 if degrees.dtype.char == "g" else pi / 180
    x, left = degrees * degree, 90 - np.abs(degrees)
    sine, cosine = np.sin(x), np.where(left < 0.1, np.sin(left * degree), np.cos(x))  # as for the sine
    cosine[left <= 0] = 0
    return sine, cosine, 1 - squared * sine**2, degree
