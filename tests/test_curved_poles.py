"""Curved grids: poles, full circles, and gaps beside them."""

import numpy as np
import pytest

import fieldgrad as fg
from curved_cases import COMPONENTS, SPACES, Waves, circle, geographic, known, polar, spherical
from helpers import assert_same_bits

# ---- poles ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ("polar", "cylindrical", "spherical", "geographic", "cone", "cap"))
def test_on_a_pole_there_is_one_vector(name):
    """Whatever the angle: also of noise that is single-valued on the poles."""
    space = SPACES[name](8)
    waves = Waves(len(space.positions), 3)
    vectors = np.einsum("ak...,k...->a...", space.frame, fg.gradient(waves(space.positions), space.grid, accuracy=4))
    rows = {"polar": [(0,)], "cylindrical": [(0,)], "spherical": [(0,), (slice(None), 0), (slice(None), -1)]}
    rows |= {"geographic": [(0,), (-1,)], "cone": [(slice(None), 0)], "cap": [(-1,)]}
    for row in rows[name]:
        here = vectors[(slice(None), *row)]
        axis = tuple(range(1, here.ndim)) if row == (0,) and name == "spherical" else (1 if here.ndim == 2 else -1,)
        axis = (1,) if name == "cylindrical" else axis if isinstance(axis, tuple) else (axis,)
        assert np.ptp(here, axis=axis).max() < 1e-13


def test_nothing_is_infinite_where_scales_vanish():
    for name in ("polar", "cylindrical", "spherical", "geographic"):
        grid = SPACES[name](7).grid
        f = np.random.default_rng(4).normal(size=grid.shape)
        for function in (fg.gradient, fg.gradient_magnitude, fg.normals, fg.laplacian, fg.hessian):
            assert np.isfinite(function(f, grid)).all()
        F = np.random.default_rng(5).normal(size=(grid.ndim, *grid.shape))
        for function in (fg.divergence, fg.curl, fg.jacobian):
            assert np.isfinite(function(F, grid)).all()


@pytest.mark.parametrize("name", ("polar", "cylindrical", "spherical", "geographic"))
@pytest.mark.parametrize("size", (1e-300, 1e-200, 1e160, 1e300))
def test_lengths_on_poles_neither_overflow_nor_vanish(name, size):
    grid = SPACES[name](8).grid
    f = np.random.default_rng(0).standard_normal(grid.shape) * (1 + 1j)
    for field in (f.real, f):
        length = fg.gradient_magnitude(field, grid)
        np.testing.assert_allclose(fg.gradient_magnitude(size * field, grid) / size, length, rtol=1e-12)
        np.testing.assert_allclose(fg.normals(size * field, grid), fg.normals(field, grid), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(fg.normals(field, grid) * length, fg.gradient(field, grid), rtol=1e-12, atol=1e-14)


def test_contravariant_components_have_no_limit_at_a_pole():
    grid = polar(7).grid
    result = fg.gradient(np.random.default_rng(0).normal(size=grid.shape), grid, components="contravariant")
    assert np.isnan(result[1, 0]).all()
    assert np.isfinite(result[:, 1:]).all()
    assert np.isfinite(result[0]).all()


def test_an_odd_circle_still_has_a_limit():
    r, theta = np.linspace(0, 1, 33), circle(63)
    x = r[:, None] * np.cos(theta)
    g = fg.gradient(x, fg.Grid.polar(r, theta), accuracy=4)
    np.testing.assert_allclose(g[:, 0], [np.cos(theta), -np.sin(theta)], atol=1e-5)


def test_uneven_circles():
    theta = np.sort(np.random.default_rng(0).uniform(0, 2 * np.pi, 60))
    r = np.linspace(0, 1, 20)
    x = r[:, None] * np.cos(theta)
    assert fg.Grid.polar(r, theta).periodic == (False, False)
    grid = fg.Grid.polar(r, theta, periodic=True)
    assert grid.periodic == (False, True)
    wanted = [np.cos(theta) + 0 * x, -np.sin(theta) + 0 * x]
    np.testing.assert_allclose(fg.gradient(x, grid, accuracy=8), wanted, atol=2e-3)


# ---- circles -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accuracy", (2, 4, 8))
def test_repeated_end_point_is_the_first_one(accuracy):
    r, n = np.linspace(0, 1, 12), 24
    once, twice = fg.Grid.polar(r, circle(n)), fg.Grid.polar(r, circle(n, repeated=True))
    assert once.periodic == twice.periodic == (False, True)
    f = np.random.default_rng(0).normal(size=(12, n))
    g = np.concatenate([f, f[:, :1]], axis=1)
    for function in (fg.gradient, fg.laplacian, fg.hessian):
        a, b = function(f, once, accuracy=accuracy), function(g, twice, accuracy=accuracy)
        np.testing.assert_allclose(b[..., 1:, :-1], a[..., 1:, :], rtol=1e-9, atol=1e-9 * np.abs(a).max())
        np.testing.assert_allclose(b[..., 1:, -1], b[..., 1:, 0], rtol=1e-9, atol=1e-9 * np.abs(a).max())


def test_circles_are_recognised():
    r = [1.0, 2.0]
    for theta, whole in (
        (circle(12), True),
        (circle(12, repeated=True), True),
        (circle(12) - np.pi, True),
        (circle(12)[::-1], True),
        (circle(12).astype(np.float32), True),
        (circle(12)[:-1], False),
        (np.linspace(0, np.pi, 7), False),
    ):
        assert fg.Grid.polar(r, theta).periodic == (False, whole)
    assert fg.Grid.polar(r, circle(12), periodic=False).periodic == (False, False)
    assert fg.Grid.geographic([0, 1], np.arange(-180, 180, 5)).periodic == (False, True)
    assert fg.Grid.geographic([0, 1], np.linspace(0, 359, 36)).periodic == (False, False)
    z = np.arange(5) * 0.1
    assert fg.Grid.cylindrical(r, circle(8), z, periodic=(False, None, True)).periodic == (False, True, True)


def test_rounded_circles_are_recognised():
    """As files have them; and directions still have their opposites."""
    for lon in (np.round(np.arange(512) * 0.703125, 3), (np.arange(36000) * 0.01).astype(np.float32)):
        grid = fg.Grid.geographic(np.linspace(-90, 90, 5), lon)
        assert grid.periodic == (False, True)
        assert all(pole.distinct == len(lon) for pole in grid.geometry.poles)


@pytest.mark.parametrize("away", (1e-17, -6e-17, 1e-12))
def test_samples_within_rounding_of_a_pole_are_on_it(away):
    x, angle = np.linspace(0, 1, 9), circle(24)
    r, theta, lat = x.copy(), np.pi * x, 180 * x - 90
    r[0], theta[0], lat[-1] = away, away, 90 - 90 * away
    for make, spoilt, exact in (
        (lambda r: fg.Grid.polar(r, angle), r, x),
        (lambda theta: fg.Grid.spherical([1.0, 1.5, 2.0, 2.5, 3.0, 3.5], theta, angle), theta, np.pi * x),
        (lambda lat: fg.Grid.geographic(lat, np.degrees(angle)), lat, 180 * x - 90),
    ):
        grid = make(exact)
        f = np.random.default_rng(0).standard_normal(grid.shape)
        expected = fg.laplacian(f, grid)
        np.testing.assert_allclose(fg.laplacian(f, make(spoilt)), expected, atol=1e-7 * np.abs(expected).max())


def test_small_radii_are_no_rounding():
    r = np.geomspace(1, 1e7, 29, dtype=np.float32)
    for radius in (r, np.logspace(-16, 0, 17)):
        grid = fg.Grid.polar(radius, circle(16))
        assert grid.coords[0][0] == radius[0]
        assert not grid.geometry.poles
    grid = fg.Grid.polar([-1e-12, 1.0, 2.0, 3.0, 4.0], circle(16))
    assert grid.coords[0][0] == 0
    assert not grid.coords[0].flags.writeable


def test_descending_angles_give_the_same_vectors():
    r, theta = np.linspace(0, 1, 9), circle(16)
    f = np.random.default_rng(0).normal(size=(9, 16))
    a, b = fg.gradient(f, fg.Grid.polar(r, theta)), fg.gradient(f[:, ::-1], fg.Grid.polar(r, theta[::-1]))
    np.testing.assert_allclose(b[:, 1:, ::-1], a[:, 1:], atol=1e-12)


# ---- gaps ----------------------------------------------------------------------------------------------------


def test_coasts_on_the_globe():
    space = geographic(31)
    k = known(space)
    ocean = np.ones(k.f.shape, bool)
    ocean[10:14, 20:30] = ocean[0, :5] = ocean[-1, 3] = False  # with land at the poles
    for bad in (np.nan, 1e300):
        f = np.where(ocean, k.f, bad)
        g = fg.gradient(f, space.grid, where=ocean, edge_order=2)
        np.testing.assert_array_equal(np.isnan(g).any(axis=0), ~ocean)
        np.testing.assert_allclose(g[:, ocean], k.gradient[:, ocean], atol=0.1)
        again = fg.gradient(np.where(ocean, k.f, 7.0), space.grid, where=ocean, edge_order=2)
        assert_same_bits(g, again)
    masked = fg.laplacian(np.ma.array(k.f, mask=~ocean), space.grid)
    np.testing.assert_array_equal(masked.mask, ~ocean)
    np.testing.assert_allclose(masked.compressed(), np.einsum("kk...->...", k.hessian)[ocean], atol=0.1)
    omitted = fg.gradient(np.where(ocean, k.f, np.nan), space.grid, nan="omit", edge_order=2)
    assert_same_bits(omitted, g)


@pytest.mark.parametrize("space, place, on_pole", ((polar(9), (1, 3), (0,)), (spherical(8), (4, 1, 3), (4, 0))))
def test_nan_beside_a_pole_spreads_to_it_unless_left_out(space, place, on_pole):
    k = known(space)
    f, F = k.f.copy(), k.F.copy()
    f[place] = F[(..., *place)] = np.nan
    for operator in (fg.gradient, fg.gradient_magnitude, fg.normals, fg.laplacian, fg.hessian, fg.divergence, fg.curl):
        field = F if operator in (fg.divergence, fg.curl) else f
        for nan, spreads in (("propagate", True), ("omit", False)):
            result = operator(field, space.grid, nan=nan).reshape(-1, *f.shape)
            assert (np.isnan(result).any(axis=0)[on_pole] == spreads).all(), (operator, nan)


@pytest.mark.parametrize("components", COMPONENTS)
@pytest.mark.parametrize("function", (fg.divergence, fg.curl))
def test_absent_vectors_never_matter_on_poles(components, function):
    grid = polar(9).grid
    F = np.random.default_rng(0).normal(size=(2, *grid.shape))
    there = np.ones(grid.shape, bool)
    there[0, :3] = there[4, 5] = False
    expected = function(np.where(there, F, 7.0), grid, where=there, components=components)
    assert_same_bits(function(np.where(there, F, 1e300), grid, where=there, components=components), expected)
    masked = function(np.ma.array(np.where(there, F, 1e300), mask=np.array([~there] * 2)), grid, components=components)
    np.testing.assert_array_equal(masked.mask, np.isnan(expected))
    np.testing.assert_array_equal(masked.compressed(), expected[~np.isnan(expected)])
    half = function(np.where(there, F, 0).astype(np.float16), grid, where=there, components=components)
    assert half.dtype == np.float16
    np.testing.assert_array_equal(np.isnan(half), np.isnan(expected))
    np.testing.assert_allclose(half[~np.isnan(half)], expected[~np.isnan(half)], rtol=1e-2, atol=3e-2)
    left_out = function(np.where(there, F, np.nan), grid, nan="omit", components=components)
    np.testing.assert_array_equal(left_out, expected)
    assert np.isnan(function(np.full(F.shape, np.nan), grid, nan="omit", components=components)).all()
