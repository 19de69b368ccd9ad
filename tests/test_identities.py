"""What vector calculus says of any field: curls of gradients, divergences of curls, sums of divergences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import simpson

import fieldgrad as fg
from curved_cases import SPACES, bent, circle, known, spherical
from edge_checks import assert_same_bits_however_it_runs
from nasty import uneven_coordinates

EPS = np.finfo(float).eps


# ---- exactly, but for rounding: derivatives along different axes commute --------------------------------------


@st.composite
def boxes(draw, dims=(2, 3)):
    """Spacing, options and shape of a field on straight axes, whatever is beyond their ends."""
    shape = tuple(draw(st.integers(9, 12)) for _ in range(draw(st.sampled_from(dims))))
    words = ("one-sided", "periodic", "reflect", "mirror", "nearest", "constant")
    boundary = tuple(draw(st.sampled_from(words)) for _ in shape)
    spacing = tuple(
        uneven_coordinates(n) if word != "periodic" and draw(st.booleans()) else draw(st.floats(0.5, 2))
        for n, word in zip(shape, boundary, strict=True)
    )
    options = {"accuracy": draw(st.sampled_from((2, 4, 8))), "boundary": boundary}
    return shape, spacing, options


def largest(spacing, shape, **options):
    """Of two derivatives one after the other: the sum of their weights."""
    return abs(fg.gradient_matrix(shape, *spacing, **options)).sum(axis=1).max() ** 2


@settings(max_examples=60)
@given(boxes())
def test_curl_of_a_gradient_is_zero(box):
    shape, spacing, options = box
    f = np.random.default_rng(sum(shape)).normal(size=shape)
    curl = fg.curl(fg.gradient(f, *spacing, **options), *spacing, **options)
    assert np.abs(curl).max() <= 4 * EPS * np.abs(f).max() * largest(spacing, shape, **options)


@settings(max_examples=60)
@given(boxes(dims=(3,)))
def test_divergence_of_a_curl_is_zero(box):
    shape, spacing, options = box
    F = np.random.default_rng(sum(shape)).normal(size=(3, *shape))
    divergence = fg.divergence(fg.curl(F, *spacing, **options), *spacing, **options)
    assert np.abs(divergence).max() <= 4 * EPS * np.abs(F).max() * largest(spacing, shape, **options)


@pytest.mark.parametrize("measured", (False, True), ids=("curvilinear", "riemannian"))
@pytest.mark.parametrize("accuracy", (2, 4))
def test_so_they_are_in_any_coordinates(measured, accuracy):
    """In components that are differentiated as they are."""
    rng = np.random.default_rng(0)
    for dims in (2, 3):
        grid, _, _ = bent(12, dims, measured)
        volume = grid.volume_element.min()
        options = {"accuracy": accuracy, "components": "covariant"}
        weights = largest((grid,), grid.shape, **options) / volume
        f = rng.normal(size=grid.shape)
        curl = fg.curl(fg.gradient(f, grid, **options), grid, **options)
        metric = 1 if dims == 2 else np.abs(grid.metric).max()  # it lowers vectors
        assert np.abs(curl).max() <= 8 * EPS * np.abs(f).max() * metric * weights
    F, options["components"] = rng.normal(size=(3, *grid.shape)), "contravariant"
    divergence = fg.divergence(fg.curl(F, grid, **options), grid, **options)
    assert np.abs(divergence).max() <= 8 * EPS * np.abs(F).sum(axis=0).max() * metric * weights


@pytest.mark.parametrize("accuracy", (2, 4, 8))
def test_on_a_torus_no_flux_is_lost(accuracy):
    """A ring in space, by its metric: periodic both ways, nowhere flat. Sums by parts have no ends."""
    n, m = 24, 30
    grid = torus(n, m)
    rng = np.random.default_rng(0)
    f, F = rng.normal(size=(n, m)), rng.normal(size=(2, n, m))
    options = {"accuracy": accuracy, "components": "contravariant"}
    outflow = fg.divergence(F, grid, **options) * grid.volume_element
    assert abs(outflow.sum()) <= 8 * EPS * np.abs(outflow).sum()
    along = np.einsum("k...,k...->...", F, fg.gradient(f, grid, accuracy=accuracy, components="covariant"))
    by_parts = (along * grid.volume_element).sum() + (f * outflow).sum()
    assert abs(by_parts) <= 8 * EPS * np.abs(f * outflow).sum()


def torus(n, m):
    around, along = np.arange(n) * 2 * np.pi / n, np.arange(m) * 2 * np.pi / m
    far = np.broadcast_to(3 + np.cos(around)[:, None], (n, m))
    zero = np.zeros((n, m))
    return fg.Grid.riemannian(np.array([[1 + zero, zero], [zero, far**2]]), around, along, periodic=True)


# ---- with the order of the stencils ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ("polar", "annulus", "tube", "shell", "spherical", "geographic"))
def test_identities_converge_in_physical_components(name):
    found = []
    sizes = (20, 40) if SPACES[name](5).grid.ndim == 3 else (32, 64)
    for n in sizes:
        space = SPACES[name](n)
        k, options = known(space), {"accuracy": 4}
        inside = (..., *[slice(None) if loop else slice(n // 8, -(n // 8)) for loop in space.grid.periodic])
        slopes = fg.gradient(k.f, space.grid, **options)
        sizes_of = [np.abs(fg.curl(slopes, space.grid, **options)[inside]).max() / np.abs(slopes).max()]
        if space.grid.ndim == 3:
            turn = fg.curl(k.F, space.grid, **options)
            sizes_of.append(np.abs(fg.divergence(turn, space.grid, **options)[inside]).max() / np.abs(turn).max())
        found.append(sizes_of)
    orders = np.log(np.divide(*found)) / np.log((sizes[1] - 1) / (sizes[0] - 1))
    assert (orders > 3.7).all(), orders


def solid_torus(n):
    """The hollow one between two tubes, by its metric, and components of a vector field along its axes."""
    coords = np.linspace(0.5, 1, n), circle(2 * n), circle(2 * n)
    r, around, along = np.meshgrid(*coords, indexing="ij")
    lengths = np.array([1 + 0 * r, r, 3 + r * np.cos(around)])
    grid = fg.Grid.riemannian(np.einsum("k...,ik->ik...", lengths**2, np.eye(3)), *coords, periodic=(False, True, True))
    return grid, np.array([np.exp(r) * np.cos(around) ** 2, np.sin(around + along), r * np.cos(along + 1)])


def shell(n):
    space = spherical(n, 0.5)
    return space.grid, known(space).F


@pytest.mark.parametrize("make", (solid_torus, shell))
def test_what_flows_out_comes_from_inside(make):
    errors = []
    for n in (17, 33):
        grid, F = make(n)

        def over(values, axes, grid=grid):
            """The integral; that over a period is a sum."""
            for axis in axes:
                x = grid.coords[axis]
                if grid.periodic[axis]:
                    values = values.sum(axis=axis, keepdims=True) * (x[1] - x[0])
                else:
                    values = np.expand_dims(simpson(values, x, axis=axis), axis)
            return values.ravel()

        inner, *_, outer = over(F[0] * grid.volume_element, (1, 2))
        [inside] = over(fg.divergence(F, grid, accuracy=4) * grid.volume_element, (0, 1, 2))
        assert abs(outer - inner) > 0.1
        errors.append(abs(inside - (outer - inner)))
    assert np.log2(errors[0] / errors[1]) > 3.7


# ---- however it runs -------------------------------------------------------------------------------------------

#: With as many samples as several workers share: less than some megabytes stay with one.
GRIDS = {
    "polar": lambda: SPACES["polar"](430).grid,
    "geographic": lambda: SPACES["geographic"](430).grid,
    "cylindrical": lambda: SPACES["cylindrical"](52).grid,
    "spherical": lambda: SPACES["spherical"](52).grid,
    "curvilinear": lambda: bent(400)[0],
    "riemannian": lambda: bent(48, 3, measured=True)[0],
}


@pytest.mark.uninstrumented
@pytest.mark.parametrize("name", GRIDS)
def test_neither_workers_nor_instruction_sets_change_a_bit(name):
    grid, rng = GRIDS[name](), np.random.default_rng(0)
    f, F = rng.normal(size=grid.shape), rng.normal(size=(grid.ndim, *grid.shape))
    for function in (fg.gradient, fg.gradient_magnitude, fg.normals, fg.laplacian, fg.hessian, along):
        assert_same_bits_however_it_runs(function, f, grid, accuracy=4)
    for function in (fg.divergence, fg.curl):
        assert_same_bits_however_it_runs(function, F, grid, accuracy=4)


def along(f, grid, **options):
    return fg.directional_derivative(f, range(1, f.ndim + 1), grid, **options)
