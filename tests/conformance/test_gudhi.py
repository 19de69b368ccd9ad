"""Persistence beside GUDHI's, of the same triangulation."""

import itertools
import math

import numpy as np
import pytest

import morse_oracle
from fieldgrad import _collapsed, _morse
from fieldgrad._geometry import Pole

pytestmark = [pytest.mark.gudhi, pytest.mark.uninstrumented]


SHAPES = ((400,), (31, 24), (9, 8, 10))
DOMAINS = [(shape, periodic) for shape in SHAPES for periodic in itertools.product((False, True), repeat=len(shape))]


def gudhi_diagram(simplices, values):
    """Births, deaths and dimensions of what lives longer than nothing, where samples come at these values."""
    import gudhi

    tree = gudhi.SimplexTree()
    for simplex in simplices:
        tree.insert(simplex, values[list(simplex)].max())
    diagram = tree.persistence(homology_coeff_field=2, persistence_dim_max=True)
    return sorted((birth, death, dimension) for dimension, (birth, death) in diagram)


#: Shapes, periodic axes, and poles: an axis, a row of it, and its angles.
NORTH, SOUTH, ORIGIN = (1, 0, (2,)), (1, -1, (2,)), (0, 0, (1, 2))
WITH_POLES = {
    "cylinder": ((7, 9, 8), (False, True, False), [(0, 0, (1,))]),
    "ring": ((7, 9, 8), (False, True, True), [(0, 0, (1,))]),
    "wedge": ((7, 9, 8), (False, False, False), [(0, 0, (1,))]),
    "ball": ((7, 8, 9), (False, False, True), [NORTH, SOUTH, ORIGIN]),
    "shell": ((7, 8, 9), (False, False, True), [NORTH, SOUTH]),
    "cone": ((7, 8, 9), (False, False, True), [NORTH]),
    "cone with its tip": ((7, 8, 9), (False, False, True), [NORTH, ORIGIN]),
    "slice of a ball": ((7, 8, 9), (False, False, False), [NORTH, SOUTH, ORIGIN]),
}


@pytest.mark.parametrize("domain", WITH_POLES)
def test_diagrams_around_poles(domain):
    shape, periodic, poles = WITH_POLES[domain]
    names = morse_oracle.pole_names(shape, poles)
    simplices = morse_oracle.collapsed(morse_oracle.simplices(shape, periodic), names)
    at = [Pole(axis, row < 0, angles, 0, (1, 1, 1), None) for axis, row, angles in poles]
    for noise in fields(shape):
        f = noise.ravel()[names].reshape(shape)
        birth, death, dimension = _collapsed.pairs_of(f, periodic, at, None)
        ends = np.where(death < 0, math.inf, f.ravel()[death])
        lives = ends > f.ravel()[birth]
        mine = zip(f.ravel()[birth][lives].tolist(), ends[lives].tolist(), dimension[lives].tolist(), strict=True)
        assert sorted(mine) == gudhi_diagram(simplices, f.ravel())


def fields(shape):
    rng = np.random.default_rng(11)
    noise = rng.standard_normal(shape)
    waves = sum(np.sin(2 * np.pi * x / n + n) for x, n in zip(np.indices(shape), shape, strict=True))
    return noise, np.round(noise), waves + 0.2 * noise


@pytest.mark.parametrize(("shape", "periodic"), DOMAINS)
def test_diagrams(shape, periodic):
    """By rank, every pair counts; by value, those of equal samples are nothing."""
    simplices = morse_oracle.simplices(shape, periodic)
    for f in fields(shape):
        birth, death, dimension = _morse.pairs(f, periodic)
        for values in (morse_oracle.ranks(f).astype(float), f.ravel()):
            ends = np.where(death < 0, math.inf, values[death])
            lives = ends > values[birth]
            mine = zip(values[birth][lives].tolist(), ends[lives].tolist(), dimension[lives].tolist(), strict=True)
            assert sorted(mine) == gudhi_diagram(simplices, values)
