"""Calls of fieldgrad that do not take fields and give arrays, as functions that do."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

import fieldgrad as fg

from . import fields

SAMPLES = 128  # along each axis of the field that is interpolated


def along_diagonal(f: np.ndarray, *spacing: Any, direction: Any, **options: Any) -> np.ndarray:
    return fg.directional_derivative(f, direction, *spacing, **options)


def along_directions(f: np.ndarray, *spacing: Any, **options: Any) -> np.ndarray:
    """One for each sample, to be made unit vectors."""
    return fg.directional_derivative(f, directions(f.shape), *spacing, **options)


@cache
def directions(shape: tuple[int, ...]) -> np.ndarray:
    return fields.vectors(shape, "f8")


class Linear(NamedTuple):
    """A gradient as an operator, and as the matrix that it spares."""

    operator: Any
    matrix: Callable[[], Any]


def linear(make_spacing: Callable[[Any], tuple], **options: Any) -> Callable[[Any], tuple[Linear]]:
    """What takes a shape to the gradient on it."""

    def make(shape: tuple[int, ...]) -> tuple[Linear]:
        spacing = make_spacing(shape)
        operator = fg.gradient_operator(shape, *spacing, **options)
        return (Linear(operator, lambda: fg.gradient_matrix(shape, *spacing, **options)),)

    return make


def product(f: np.ndarray, linear: Linear) -> np.ndarray:
    return linear.operator.matvec(f.ravel())


def adjoint(vectors: np.ndarray, linear: Linear) -> np.ndarray:
    return linear.operator.rmatvec(vectors.ravel())


@cache
def _sea(shape: tuple[int, ...]) -> np.ndarray:
    return fields.coastline(shape)


def gradient_at_sea(f: np.ndarray, *spacing: Any, **options: Any) -> np.ndarray:
    """With three tenths of the samples absent, in blobs."""
    return fg.gradient(f, *spacing, where=_sea(f.shape), **options)


def critical_points(f: np.ndarray, *spacing: Any, **options: Any) -> np.ndarray:
    """Their places."""
    return fg.critical_points(f, *spacing, **options).points


def spline_coefficients(f: np.ndarray, *spacing: Any, **options: Any) -> np.ndarray:
    """What an interpolant finds out when it is made; of a field around zero, those of SciPy's."""
    return fg.Interpolant(f, *spacing, **options)._spline.coefficients


@cache
def field_between() -> np.ndarray:
    return fields.dense((SAMPLES,) * 3, "f8")


@cache
def interpolant() -> fg.Interpolant:
    return fg.Interpolant(field_between(), boundary="periodic")


def values(points: np.ndarray, **options: Any) -> np.ndarray:
    return interpolant()(SAMPLES * points, **options)


def gradients(points: np.ndarray, **options: Any) -> np.ndarray:
    """With the values on the way."""
    return interpolant().gradient(SAMPLES * points, **options)
