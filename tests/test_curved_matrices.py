"""Matrices, operators and potentials on curved grids."""

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

import fieldgrad as fg
from curved_cases import COMPONENTS, SPACES, Waves, bent, circle, geographic, known, polar

OPEN_ENDS = ("one-sided", "reflect", "mirror", "nearest", "constant")
#: Grids of sizes n and m, and the axes that are circles.
ANYWHERE = {
    "even": lambda n, m: (fg.Grid.cartesian(0.5, 2.0, shape=(n, m)), ()),
    "one sample wide": lambda n, m: (fg.Grid.cartesian(0.5, 2.0, shape=(n, 1)), ()),
    "round": lambda n, m: (fg.Grid.cartesian(0.5, 2.0, shape=(n, m), periodic=True), (0, 1)),
    "uneven": lambda n, m: (fg.Grid.cartesian(np.arange(n) ** 1.3, np.arange(m) ** 0.8), ()),
    "polar": lambda n, m: (fg.Grid.polar(np.linspace(0, 1, n), circle(2 * m)), (1,)),
    "odd circle": lambda n, m: (fg.Grid.polar(np.linspace(0, 1, n), circle(2 * m + 1)), (1,)),
    "annulus": lambda n, m: (fg.Grid.polar(np.linspace(0.5, 1, n), circle(2 * m, repeated=True)), (1,)),
    "spherical": lambda n, m: (
        fg.Grid.spherical(np.linspace(0, 1, n), np.linspace(0, np.pi, m), circle(2 * m)),
        (2,),
    ),
    "geographic": lambda n, m: (
        fg.Grid.geographic(np.linspace(-90, 90, n), circle(2 * m) * 180 / np.pi, radius=1),
        (1,),
    ),
    "curvilinear": lambda n, m: (bent(n)[0], ()),
    "riemannian": lambda n, m: (bent(n, measured=True)[0], ()),
}


@st.composite
def settings(draw):
    """A grid, how to derive on it, and which samples are there."""
    grid, circles = ANYWHERE[draw(st.sampled_from(list(ANYWHERE)))](draw(st.integers(3, 8)), draw(st.integers(2, 5)))
    accuracy = draw(st.sampled_from((2, 4, 6)))
    boundary = tuple("one-sided" if k in circles else draw(st.sampled_from(OPEN_ENDS)) for k in range(grid.ndim))
    absent = draw(st.sampled_from((None, 0.0, 0.1, 0.4, 0.8)))
    where = None if absent is None else np.random.default_rng(draw(st.integers(0, 10**6))).random(grid.shape) >= absent
    return grid, {"accuracy": accuracy, "boundary": boundary, "where": where}


@given(settings(), st.sampled_from(COMPONENTS))
def test_matrices_and_operators_are_the_kernels_wherever_these_have_results(setting, components):
    grid, options = setting
    f, v = (np.random.default_rng(k).normal(size=(grid.ndim,) * k + grid.shape) for k in (0, 1))
    try:
        gradient = fg.gradient(f, grid, components=components, **options)
        laplacian = fg.laplacian(f, grid, **options)
    except ValueError as error:
        assert "the stencil needs at least" in str(error)
        reject()
    D = fg.gradient_operator(grid.shape, grid, components=components, **options)
    for results, matrix in (
        (gradient, fg.gradient_matrix(grid.shape, grid, components=components, **options)),
        (laplacian, fg.laplacian_matrix(grid.shape, grid, **options)),
    ):
        scale = np.abs(matrix).max() if matrix.nnz else 1
        np.testing.assert_allclose(matrix @ f.ravel(), np.nan_to_num(results).ravel(), rtol=0, atol=1e-12 * (1 + scale))
        assert not np.diff(matrix.indptr)[np.isnan(results).ravel()].any()
    np.testing.assert_array_equal(D @ f.ravel(), np.where(np.isnan(gradient), 0, gradient).ravel())
    sizes = np.linalg.norm(D @ f.ravel()) * np.linalg.norm(v) + np.linalg.norm(f) * np.linalg.norm(D.rmatvec(v.ravel()))
    assert abs((D @ f.ravel()) @ v.ravel() - f.ravel() @ D.rmatvec(v.ravel())) <= 1e-13 * (1 + sizes)


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


@pytest.mark.parametrize("name", ("polar", "annulus", "geographic", "curvilinear", "riemannian"))
@pytest.mark.parametrize("absent", (0.0, 0.1, 0.4))
def test_potential_is_the_shortest_least_squares_solution(name, absent):
    grid, _ = ANYWHERE[name](6, 4)
    distinct = [n - axis.repeated for n, axis in zip(grid.shape, grid.lattice.axes_for(grid.shape), strict=True)]
    number = np.resize(np.arange(np.prod(distinct)), distinct)
    number = np.pad(number, [(0, k) for k in np.subtract(grid.shape, distinct)], "wrap")
    rng = np.random.default_rng(4)
    where, F = rng.random(grid.shape) >= absent, rng.normal(size=(2, *grid.shape))
    found, info = fg.potential(F, grid, where=where, return_info=True)
    spread = np.eye(number.max() + 1)[number.ravel()]
    known = ~np.isnan(fg.gradient(np.zeros(grid.shape), grid, where=where)).ravel()
    matrix, wanted = fg.gradient_matrix(grid.shape, grid, where=where) @ spread, np.where(known, F.ravel(), 0)
    shortest = np.linalg.lstsq(matrix, wanted, rcond=1e-11)[0]
    assert info.residual == pytest.approx(np.linalg.norm(matrix @ shortest - wanted) / np.linalg.norm(wanted), rel=1e-9)
    expected = np.where(where, (spread @ shortest).reshape(grid.shape), np.nan)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7 * np.abs(shortest).max())


def test_both_ends_of_a_closed_circle_are_one_sample():
    grid = fg.Grid.geographic(np.arange(-60, 61, 20.0), np.linspace(0, 360, 9), radius=1.0)
    lat, lon = np.meshgrid(*map(np.radians, grid.coords), indexing="ij")
    f = np.cos(lat) * np.cos(lon)
    np.testing.assert_allclose(fg.potential(fg.gradient(f, grid), grid), f, rtol=0, atol=1e-12)
