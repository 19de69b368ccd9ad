"""Interpolants on curved grids, and refine: fields of Cartesian space, poles, seams, maps and metrics."""

import pickle

import numpy as np
import pytest

import fieldgrad as fg
from curved_cases import SPACES, Waves, bent, circle, known, known_on, space_at
from helpers import assert_same_bits
from test_interpolant import evaluate

FLAT = {"polar", "annulus", "sector", "cylindrical", "tube", "spherical", "shell", "cone", "wedge"}
GLOBES = set(SPACES) - FLAT


def made(name, n, seed=0):
    """An interpolant of plane waves."""
    space = SPACES[name](n)
    return fg.Interpolant(Waves(len(space.positions), seed)(space.positions), space.grid)


def extents(grid):
    return np.array([[x.min(), x.max()] for x in grid.coords]).T


def exact(name, grid, points):
    """Values, gradients and Hessians of the waves."""
    k = known(space_at(name, grid, points))
    return k.f, k.gradient.T, np.moveaxis(k.hessian, -1, 0)


def errors(name, it, points):
    pairs = zip(evaluate(it, points), exact(name, it.grid, points), strict=True)
    return [np.abs(mine - other).max() for mine, other in pairs]


def lattice_points(grid):
    return np.stack(np.meshgrid(*grid.coords, indexing="ij"), axis=-1).reshape(-1, grid.ndim)


def polar(n=24, **options):
    grid = fg.Grid.polar(np.linspace(0, 1, n), circle(2 * n, **options))
    r, theta = np.meshgrid(*grid.coords, indexing="ij")
    return grid, r * np.cos(theta), r * np.sin(theta)


# ---- the orders ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SPACES)
def test_orders_of_convergence_are_4_3_and_2(name):
    """Everywhere, next to poles and at them, but next to a pole on the rim."""
    sizes, found = (12, 24, 48) if SPACES[name](8).grid.ndim == 2 else (10, 20, 40), []
    for n in sizes:
        it = made(name, n)
        low, high = extents(it.grid)
        points = np.random.default_rng(0).uniform(low, high, (2000, it.ndim))
        if name in ("cone", "wedge"):
            points[:, 0] = 0.2 + 0.8 * points[:, 0]
        found.append(errors(name, it, points))
    rates = np.log2(np.divide(found[0], found[2])) / 2
    assert (rates > (3.7, 2.7, 1.7)).all(), rates
    assert (np.array(found[2]) < (5e-5, 2e-3, 5e-2)).all(), found[2]


@pytest.mark.parametrize("name", sorted(set(SPACES) - {"annulus", "sector", "tube", "cone", "wedge"}))
def test_poles_have_one_value_and_a_vector_in_the_frame_of_each_angle(name):
    it = made(name, 24)
    low, high = extents(it.grid)
    beside = 1e-5 if name in GLOBES else 1e-7
    poles = [(1, 0.0, beside), (1, np.pi, -beside)] if name == "shell" else [(0, 0.0, beside)]
    if name in GLOBES:
        poles = [(0, x, -np.sign(x) * beside) for x in (low[0], high[0]) if abs(x) == 90]
    if name == "spherical":
        poles += [(1, 0.0, beside), (1, np.pi, -beside)]
    for axis, end, step in poles:
        points = np.random.default_rng(1).uniform(low, high, (200, it.ndim))
        points[:, 0] = np.maximum(points[:, 0], low[0] + 1e-3)
        points[:, axis] = end
        np.testing.assert_array_less(errors(name, it, points), (2e-4, 2e-3, 5e-2))
        value, gradient, hessian = evaluate(it, points)
        if axis == 0 and name not in ("cylindrical", "shell"):
            np.testing.assert_allclose(value, value[0], rtol=0, atol=1e-14)
            frame = space_at(name, it.grid, points).frame
            vectors = np.einsum("akn,nk->na", frame, gradient)
            np.testing.assert_allclose(vectors, np.broadcast_to(vectors[0], vectors.shape), atol=1e-8)
            if it.grid.ndim != 2 or name == "polar":
                tensors = np.einsum("ain,nij,bjn->nab", frame, hessian, frame)
                np.testing.assert_allclose(tensors, np.broadcast_to(tensors[0], tensors.shape), atol=1e-6)
        points[:, axis] += step  # they are limits
        for here, there in zip(evaluate(it, points), (value, gradient, hessian), strict=True):
            np.testing.assert_allclose(here, there, atol=1e-5)


@pytest.mark.parametrize("name", ("polar", "cylindrical", "spherical", "shell", "geographic"))
def test_samples_have_the_derivatives_that_calculus_gives(name):
    space = SPACES[name](32 if SPACES[name](8).grid.ndim == 2 else 20)
    f = Waves(len(space.positions))(space.positions)
    value, gradient, hessian = evaluate(fg.Interpolant(f, space.grid), lattice_points(space.grid))
    np.testing.assert_allclose(value.reshape(f.shape), f, atol=2e-4)
    expected = fg.gradient(f, space.grid, accuracy=8)
    np.testing.assert_allclose(gradient.T.reshape(expected.shape), expected, atol=3e-3)
    expected = fg.hessian(f, space.grid, accuracy=8)
    np.testing.assert_allclose(np.moveaxis(hessian, 0, -1).reshape(expected.shape), expected, atol=0.15)


@pytest.mark.parametrize("name", ("annulus", "sector", "tube"))
def test_without_poles_it_passes_through_the_samples(name):
    space = SPACES[name](9)
    f = np.random.default_rng(0).normal(size=space.grid.shape)
    if name == "tube":
        f[:, -1] = f[:, 0]  # the end point of the circle
    np.testing.assert_allclose(fg.Interpolant(f, space.grid)(lattice_points(space.grid)), f.ravel(), rtol=0, atol=1e-12)


def test_an_ellipsoid_has_its_own_lengths():
    def gradient(lat, lon, x):
        """Of sin(lat) + cos(lat) cos(lon), per unit of length."""
        square = 6.694379990141316e-3
        w = 1 - square * np.sin(lat) ** 2
        north, east = 6378137 * (1 - square) / w**1.5, 6378137 / np.sqrt(w)
        return np.array([(np.cos(lat) - np.sin(lat) * np.cos(lon)) / north, -np.sin(lon) / east]).T

    grid = fg.Grid.geographic(np.linspace(-90, 90, 91), np.arange(0, 360, 4), ellipsoid="WGS84")
    lat, lon = np.radians(np.meshgrid(*grid.coords, indexing="ij"))
    it = fg.Interpolant(np.sin(lat) + np.cos(lat) * np.cos(lon), grid)
    points = np.random.default_rng(0).uniform([-90, 0], [90, 360], (500, 2))
    points[:20, 0] = 90
    expected = gradient(*np.radians(points.T), it)
    np.testing.assert_allclose(it.gradient(points), expected, rtol=0, atol=2e-4 / 6.4e6)


# ---- one smooth function -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ("polar", "cylindrical", "spherical", "geographic"))
def test_gradients_and_hessians_are_the_derivatives_of_the_values(name):
    """Of noise, on lines across the pole, its cap, and the circles where charts meet: no jumps."""
    space = SPACES[name](14)
    it = fg.Interpolant(np.random.default_rng(0).normal(size=space.grid.shape), space.grid)
    low, high = extents(it.grid)
    start = np.random.default_rng(1).uniform(low, high, it.ndim)
    t = np.linspace(low[0], high[0], 20_001)[1:-1]
    points = np.tile(start, (len(t), 1))
    points[:, 0] = t
    step = (t[1] - t[0]) * (2 * np.pi / 180 if name == "geographic" else 1)
    value, gradient, hessian = evaluate(it, points)
    slopes = np.diff(value) / step
    middle = (gradient[1:, 0] + gradient[:-1, 0]) / 2
    np.testing.assert_allclose(slopes, middle, atol=1e-5 * np.abs(gradient).max())
    slopes = np.diff(gradient[:, 0]) / step
    middle = (hessian[1:, 0, 0] + hessian[:-1, 0, 0]) / 2
    np.testing.assert_allclose(slopes, middle, atol=1e-3 * np.abs(hessian).max())
    assert np.abs(np.diff(hessian, axis=0)).max() < 0.02 * np.abs(hessian).max()


def test_seams_of_angles_and_full_turns_do_not_matter():
    for repeated in (False, True):
        grid, x, y = polar(repeated=repeated)
        it = fg.Interpolant(np.sin(3 * x + 1) * np.cos(y - 2 * x), grid)
        points = np.random.default_rng(0).uniform([0, 0], [1, 2 * np.pi], (200, 2))
        for turns in (-3, 1, 10):
            for one, other in zip(
                evaluate(it, points), evaluate(it, points + np.array([0, 2 * np.pi * turns])), strict=True
            ):
                np.testing.assert_allclose(one, other, atol=1e-10)


def test_samples_at_a_pole_are_taken_for_their_mean():
    grid, x, _ = polar()
    f = x + 0.0
    f[0] = np.linspace(-0.1, 0.1, grid.shape[1])
    assert abs(fg.Interpolant(f, grid)([[0.0, 1.0]])[0]) < 1e-15


# ---- where there is something --------------------------------------------------------------------------------


def test_outside_is_nan_and_nothing_is_beyond_a_pole():
    grid, x, y = polar()
    it = fg.Interpolant(x**2 - y, grid)
    outside = [[-0.1, 0.0], [1.01, 0.0], [np.nan, 1.0], [0.5, np.nan], [np.inf, 0.0]]
    for result in evaluate(it, outside):
        assert np.isnan(result).all()
    np.testing.assert_allclose(
        it([[1.01, 0.3], [-0.1, 0.3]], True), [1.01**2 * np.cos(0.3) ** 2 - 1.01 * np.sin(0.3), np.nan], atol=1e-4
    )
    globe = SPACES["geographic"](16)
    it = fg.Interpolant(globe.positions[2], globe.grid)
    assert np.isnan(it([[90.001, 0.0], [-90.001, 0.0]], True)).all()
    assert not np.isnan(it([[90.0, 777.0], [-90.0, -5.0]])).any()


def test_at_a_pole_on_the_rim_there_are_values_alone():
    grid = fg.Grid.polar(np.linspace(0, 1, 9), np.linspace(0, 1, 7))
    r, theta = np.meshgrid(*grid.coords, indexing="ij")
    it = fg.Interpolant(r * np.cos(theta), grid)
    assert abs(it([[0.0, 0.5]])[0]) < 1e-15
    assert np.isnan(it.gradient([[0.0, 0.5]])).all()
    assert np.isnan(it.hessian([[0.0, 0.5]])).all()
    with pytest.raises(ValueError, match="pole on the rim"):
        it.linearize([0.0, 0.5])


# ---- maps and metrics ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("measured", (False, True), ids=("curvilinear", "riemannian"))
@pytest.mark.parametrize("dims", (2, 3))
def test_derivatives_on_maps_and_by_metrics_are_physical_ones(measured, dims):
    """At samples, where positions and metrics are known without error."""
    found = []
    for n in (8, 16, 32):
        grid, x, jacobian = bent(n, dims, measured)
        k, f = known_on(jacobian, x, "physical")
        it = fg.Interpolant(f(x), grid)
        points = lattice_points(grid) if measured else np.reshape(x, (dims, -1)).T
        value, gradient, hessian = evaluate(it, points)
        np.testing.assert_allclose(value, k.f.ravel(), rtol=0, atol=1e-12)
        gradient, hessian = gradient.T.reshape(k.gradient.shape), np.moveaxis(hessian, 0, -1).reshape(k.hessian.shape)
        found.append([np.abs(gradient - k.gradient).max(), np.abs(hessian - k.hessian).max()])
    rates = np.log2(np.divide(found[0], found[2])) / 2
    assert (rates > (2.6, 1.7)).all(), rates


def test_points_on_maps_are_positions():
    found = []
    for n in (12, 24, 48):
        grid, x, _ = bent(n)
        it = fg.Interpolant(Waves(2)(x), grid)
        u = np.random.default_rng(0).uniform(0, n - 1, (500, 2)) * [1, n / (n - 1)]
        places = np.stack([fg.Interpolant(one)(u) for one in x], axis=1)
        found.append(np.abs(it(places) - Waves(2)(places.T)).max())
    assert np.log2(found[0] / found[2]) / 2 > 3.6
    assert np.isnan(it([[5.0, 5.0], [-3.0, 0.1], [np.nan, 0.5], [1e300, 0.0]])).all()
    corner = x[:, -1, -1] + 1e-3
    assert np.isnan(it([corner]))[0]
    np.testing.assert_allclose(it([corner], True), Waves(2)(corner), atol=1e-6)


def test_a_closed_map_is_an_annulus():
    r, theta = np.meshgrid(np.linspace(0.5, 1, 16), circle(48), indexing="ij")
    grid = fg.Grid.curvilinear(r * np.cos(theta), r * np.sin(theta), periodic=(False, True))
    it = fg.Interpolant(r**2 * np.cos(2 * theta) + r * np.sin(theta), grid)
    t = np.linspace(-10, 10, 101)
    x, y = 0.77 * np.cos(t), 0.77 * np.sin(t)
    np.testing.assert_allclose(it(np.stack([x, y], axis=1)), x**2 - y**2 + y, atol=2e-5)
    radial = (2 * x**2 - 2 * y**2 + y) / 0.77
    np.testing.assert_allclose(it.gradient(np.stack([x, y], axis=1))[:, 0], radial, atol=2e-3)
    assert np.isnan(it([[0.0, 0.0], [0.4, 0.1]])).all()


# ---- tangents ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ("polar", "geographic", "shell"))
def test_tangents_take_physical_displacements(name):
    it = made(name, 24)
    low, high = extents(it.grid)
    point = low + 0.4 * (high - low)
    near = it.linearize(point)
    assert near.value == it([point])[0]
    assert_same_bits(near.gradient, it.gradient([point])[0])
    h = np.random.default_rng(0).normal(size=(3, it.ndim))
    np.testing.assert_allclose(near(h), near.value + h @ near.gradient, rtol=1e-14)
    with pytest.raises(ValueError, match="error_bound is for straight axes"):
        near.error_bound(0.1)


def test_displacements_along_oblique_axes_have_scalar_products_of_their_own():
    i, j = np.mgrid[:6, :7].astype(float)
    x, y = 2 * i + j, j  # unit vectors (1, 0) and (1, 1) / sqrt(2)
    near = fg.Interpolant(3 * x - 5 * y, fg.Grid.curvilinear(x, y)).linearize([4.0, 2.0])
    np.testing.assert_allclose(near.value, 2, atol=1e-12)
    np.testing.assert_allclose(near([[1.0, 0.0], [0.0, np.sqrt(2)]]), [2 + 3, 2 + 3 - 5], atol=1e-12)
    np.testing.assert_allclose(near.gradient, [8, -5 * np.sqrt(2)], atol=1e-12)


# ---- refine --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("curvatures", ((2.0, 6.0), (2.0, -6.0)))
def test_refine_finds_a_point_exactly_at_the_pole(curvatures):
    grid, x, y = polar()
    seeds = [[0.0, 2.0], [0.03, 1.0], [0.05, -4.0], [0.12, 0.3], [0.2, 5.0]]
    found = fg.refine(seeds, (curvatures[0] * x**2 + curvatures[1] * y**2) / 2, grid)
    np.testing.assert_allclose(found[:, 0], 0, atol=1e-8)
    globe = SPACES["geographic"](24)
    found = fg.refine([[90.0, 0], [85.0, 30], [-80.0, 200]], globe.positions[2], globe.grid)
    np.testing.assert_allclose(found[:, 0], [90, 90, -90], atol=1e-6)
    ball = SPACES["spherical"](16)
    found = fg.refine([[0.1, 1.0, 2.0], [0.0, 0.0, 0.0]], (ball.positions**2).sum(axis=0), ball.grid)
    np.testing.assert_allclose(found[:, 0], 0, atol=1e-8)


def test_refine_finds_the_points_of_the_field():
    grid, x, y = polar(40)
    f = np.sin(3 * x + 1) * np.cos(4 * y - 0.3)
    exact = np.array([[(np.pi / 2 - 1) / 3, 0.3 / 4], [-1 / 3, (0.3 + np.pi / 2) / 4]])  # a maximum and a saddle
    polar_of = np.stack([np.hypot(*exact.T), np.arctan2(exact[:, 1], exact[:, 0])], axis=1)
    found = fg.refine(polar_of + np.array([[0.02, -0.1], [-0.03, 0.1]]), f, grid)
    places = np.stack([found[:, 0] * np.cos(found[:, 1]), found[:, 0] * np.sin(found[:, 1])], axis=1)
    np.testing.assert_allclose(places, exact, atol=1e-4)
    # Those that critical_points has, but for what is between a cap and the rest.
    cp = fg.critical_points(f, grid)
    np.testing.assert_allclose(fg.refine(cp.points, f, grid), cp.points, atol=1e-4)
    far = cp.points[:, 0] > 0.2
    np.testing.assert_allclose(fg.refine(cp.points[far] + 1e-3, f, grid), cp.points[far], atol=1e-9)
    assert np.abs(fg.Interpolant(f, grid).gradient(found)).max() < 1e-9


def test_refine_on_maps_gives_positions():
    grid, x, _ = bent(24)
    f = (x[0] - 0.6) ** 2 + (x[1] - 0.7) ** 2 * 2 + (x[0] - 0.6) * (x[1] - 0.7)
    np.testing.assert_allclose(fg.refine([[0.5, 0.8], [0.9, 1.0]], f, grid), [[0.6, 0.7]] * 2, atol=1e-4)


def test_refine_has_no_number_where_it_does_not_end():
    grid, x, y = polar()
    assert np.isnan(fg.refine([[0.5, 1.0], [0.02, 1.0], [3.0, 0.0], [0.1, np.inf]], x + 0.1 * y, grid)).all()
    assert fg.refine(np.empty((0, 2)), x, grid).shape == (0, 2)


# ---- as on straight grids ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ("polar", "spherical", "geographic"))
def test_copies_are_the_same_function(name):
    it = made(name, 12)
    low, high = extents(it.grid)
    points = np.random.default_rng(0).uniform(low, high, (300, it.ndim))
    other = pickle.loads(pickle.dumps(it))
    for one, two in zip(evaluate(it, points), evaluate(other, points), strict=True):
        assert_same_bits(one, two)
    assert repr(other) == repr(it)
    for grid, x, _ in (bent(9), bent(9, measured=True)):
        it = fg.Interpolant(x[0], grid)
        assert_same_bits(pickle.loads(pickle.dumps(it)).hessian([[0.4, 0.5]]), it.hessian([[0.4, 0.5]]))


def test_same_bits_for_any_workers_and_points_do_not_depend_on_each_other():
    space = SPACES["spherical"](12)
    f = np.random.default_rng(0).normal(size=space.grid.shape)
    low, high = extents(space.grid)
    points = np.random.default_rng(0).uniform(low, high, (3000, 3))
    one, three = (fg.Interpolant(f, space.grid, workers=workers) for workers in (1, 3))
    for mine, other in zip(evaluate(one, points, workers=1), evaluate(three, points, workers=3), strict=True):
        assert_same_bits(mine, other)
    for mine, other in zip(evaluate(one, points), evaluate(one, points[:7]), strict=True):
        np.testing.assert_allclose(mine[:7], other, rtol=1e-12, atol=1e-12)


def test_bad_input_is_refused():
    grid, x, _ = polar(8)
    it = fg.Interpolant(x, grid)
    assert (it.shape, it.ndim, it.grid) == (grid.shape, 2, grid)
    for bad in (1.0, [1.0, 1.0], [[1.0]], [["1", "1"]], [[1j, 1]]):
        for method in (it, it.gradient, it.hessian, lambda points: fg.refine(points, x, grid)):
            with pytest.raises((TypeError, ValueError), match="points must"):
                method(bad)
    for bad in (np.where(x == x[3, 3], np.nan, x), np.where(x == x[3, 3], np.inf, x)):
        with pytest.raises(ValueError, match="finite"):
            fg.Interpolant(bad, grid)
    with pytest.raises(ValueError, match="masked"):
        fg.Interpolant(np.ma.masked_greater(x, 0.5), grid)
    with pytest.raises(TypeError, match="real numbers"):
        fg.Interpolant(x + 0j, grid)
    with pytest.raises(ValueError, match="samples"):
        fg.Interpolant(x[:-1], grid)
    with pytest.raises(ValueError, match="at least 4"):
        fg.Interpolant(np.zeros((3, 8)), fg.Grid.polar(np.linspace(0, 1, 3), circle(8)))
    for boundary in ("periodic", "mirror", ("one-sided", "periodic")):
        with pytest.raises(ValueError, match="boundary must be one-sided on a curved grid"):
            fg.Interpolant(x, grid, boundary=boundary)
    with pytest.raises(ValueError, match="point must lie within"):
        it.linearize([2.0, 0.0])
