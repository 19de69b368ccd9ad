"""Matrices, operators and potentials on curved grids."""

import numpy as np
import pytest

import fieldgrad as fg
from curved_cases import COMPONENTS, SPACES, Waves, bent, geographic, known, polar


def assert_matrix_is(function, make, grid, **options):
    f = np.random.default_rng(0).normal(size=grid.shape)
    result = function(f, grid, **options)
    matrix = make(grid.shape, grid, **options)
    product, known = (matrix @ f.ravel()).reshape(result.shape), ~np.isnan(result)
    np.testing.assert_allclose(product[known], result[known], rtol=0, atol=1e-14 * np.abs(result[known]).max())
    if "where" in options:
        np.testing.assert_array_equal((np.diff(matrix.indptr) > 0).reshape(result.shape), known)


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("options", ({}, {"accuracy": 4}, {"where": None}), ids=("plain", "accuracy", "where"))
def test_matrices_are_the_kernels(name, options):
    grid = SPACES[name](9).grid
    if "where" in options:
        options = {"where": np.random.default_rng(1).random(grid.shape) > 0.1}
    assert_matrix_is(fg.gradient, fg.gradient_matrix, grid, **options)
    assert_matrix_is(fg.laplacian, fg.laplacian_matrix, grid, **options)


@pytest.mark.parametrize("measured", (False, True))
@pytest.mark.parametrize("dims", (2, 3))
@pytest.mark.parametrize("gaps", (False, True))
def test_matrices_in_oblique_coordinates(measured, dims, gaps):
    grid, _, _ = bent(9, dims, measured)
    options = {"where": np.random.default_rng(1).random(grid.shape) > 0.1} if gaps else {"accuracy": 4}
    assert_matrix_is(fg.gradient, fg.gradient_matrix, grid, **options)
    assert_matrix_is(fg.laplacian, fg.laplacian_matrix, grid, **options)


@pytest.mark.parametrize("components", ("covariant", "contravariant"))
def test_matrices_of_other_components(components):
    for grid in (SPACES["shell"](7).grid, polar(7, 0.5).grid, bent(8)[0]):
        assert_matrix_is(
            lambda f, grid: fg.gradient(f, grid, components=components),
            lambda shape, grid: fg.gradient_matrix(shape, grid, components=components),
            grid,
        )


@pytest.mark.parametrize("components", COMPONENTS)
def test_adjoint_of_the_operator(components):
    grids = [SPACES[name](8).grid for name in ("annulus", "tube", "shell")] + [bent(8)[0], bent(8, measured=True)[0]]
    grids.append(fg.Grid.geographic(np.linspace(-60, 60, 9), np.arange(0, 360, 20), ellipsoid=(1.0, 0.1)))
    grids += [SPACES[name](8).grid for name in SPACES] if components == "physical" else []
    for grid in grids:
        operator = fg.gradient_operator(grid.shape, grid, components=components)
        matrix = fg.gradient_matrix(grid.shape, grid, components=components)
        v = np.random.default_rng(0).normal(size=matrix.shape[0])
        np.testing.assert_allclose(operator.rmatvec(v), matrix.T @ v, atol=1e-12 * np.abs(matrix).max())


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("gaps", (False, True))
def test_potential_has_the_gradient(name, gaps):
    space = SPACES[name](16 if SPACES[name](5).grid.ndim == 2 else 9)
    f = known(space).f
    where = np.random.default_rng(2).random(f.shape) > 0.05 if gaps else None
    F = fg.gradient(f, space.grid, where=where)
    found, info = fg.potential(F, space.grid, where=where, return_info=True)
    assert info.residual < 1e-8
    again = fg.gradient(found, space.grid, where=where)
    usable = ~np.isnan(F)
    np.testing.assert_allclose(again[usable], F[usable], atol=1e-7 * np.abs(F[usable]).max())


def test_potential_says_how_much_is_no_gradient():
    space = geographic(12)
    lat = np.radians(space.grid.coords[0])[:, None] + np.zeros(space.grid.shape)
    rotation = np.array([0 * lat, np.cos(lat)])
    assert fg.potential(rotation, space.grid, return_info=True)[1].residual > 0.9


def test_potential_in_oblique_coordinates():
    grid, x, _ = bent(16)
    f = Waves(2)(x)
    np.testing.assert_allclose(fg.potential(fg.gradient(f, grid), grid, reference=f.mean()), f, atol=1e-8)
