"""Persistence beside GUDHI's, of the same triangulation."""

import itertools
import math

import numpy as np
import pytest

import morse_oracle
from fieldgrad import _morse

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
