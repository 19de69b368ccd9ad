"""Curved grids: derivatives against closed forms and a slow oracle, their order, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fieldgrad as fg
from curved_cases import COMPONENTS, SPACES, Waves, bent, circle, geographic, known, known_on, polar, spherical
from helpers import assert_same_bits
from test_operators import assert_close, oracle


def errors(space, accuracy, seed=0):
    """The largest, relative, of each operator."""
    k, options = known(space, seed), {"accuracy": accuracy, "edge_order": 2 if accuracy == 2 else None}
    pairs = {
        "gradient": (fg.gradient(k.f, space.grid, **options), k.gradient),
        "magnitude": (fg.gradient_magnitude(k.f, space.grid, **options), np.sqrt((k.gradient**2).sum(axis=0))),
        "laplacian": (fg.laplacian(k.f, space.grid, **options), np.einsum("kk...->...", k.hessian)),
        "hessian": (fg.hessian(k.f, space.grid, **options), k.hessian),
        "divergence": (fg.divergence(k.F, space.grid, **options), k.divergence),
        "curl": (fg.curl(k.F, space.grid, **options), k.curl),
    }
    return {name: np.abs(actual - wanted).max() / np.abs(wanted).max() for name, (actual, wanted) in pairs.items()}


# ---- order ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("accuracy", (2, 4))
def test_errors_fall_with_the_order_asked_for(name, accuracy):
    coarse, fine = (32, 60) if SPACES[name](5).grid.ndim == 3 else (96, 192) if name == "sector" else (48, 96)
    first, second = errors(SPACES[name](coarse), accuracy), errors(SPACES[name](fine), accuracy)
    for operator in first:
        measured = np.log2(first[operator] / second[operator]) / np.log2((fine - 1) / (coarse - 1))
        expected, rounding = accuracy, 2e-9
        if name in ("cone", "wedge") and operator not in ("gradient", "magnitude"):
            # Their origin has no opposite directions, and errors there are divided by distances.
            expected, rounding = accuracy - 1, 2e-6
        assert measured > expected - 0.2 or second[operator] < rounding, (operator, measured)


@pytest.mark.parametrize("name", ("polar", "annulus", "geographic", "cap"))
@pytest.mark.parametrize("accuracy", (6, 8))
def test_high_orders(name, accuracy):
    coarse, fine = 50, 75
    first, second = errors(SPACES[name](coarse), accuracy), errors(SPACES[name](fine), accuracy)
    for operator in first:
        measured = np.log2(first[operator] / second[operator]) / np.log2((fine - 1) / (coarse - 1))
        assert measured > accuracy - 0.5 or second[operator] < 2e-9, (operator, measured)  # rounding


@pytest.mark.parametrize("measured", (False, True), ids=("curvilinear", "riemannian"))
@pytest.mark.parametrize("components", COMPONENTS)
@pytest.mark.parametrize("dims, accuracy", ((2, 2), (2, 4), (3, 2)))
def test_order_of_oblique_coordinates(measured, components, dims, accuracy):
    sizes, found = ((20, 40) if dims == 2 else (14, 28)), []
    for n in sizes:
        grid, x, jacobian = bent(n, dims, measured)
        k, wave = known_on(jacobian, x, components)
        options = {"accuracy": accuracy, "edge_order": 2 if accuracy == 2 else None}
        also = {**options, "components": components}
        pairs = [
            (fg.gradient(k.f, grid, **also), k.gradient),
            (fg.gradient_magnitude(k.f, grid, **options), np.sqrt((wave.gradient(x) ** 2).sum(axis=0))),
            (fg.laplacian(k.f, grid, **options), np.einsum("aa...->...", wave.hessian(x))),
            (fg.hessian(k.f, grid, **also), k.hessian),
            (fg.divergence(k.F, grid, **also), k.divergence),
            (fg.curl(k.F, grid, **also), k.curl),
        ]
        found.append([np.abs(actual - wanted).max() / np.abs(wanted).max() for actual, wanted in pairs])
    orders = np.log2(np.divide(*found)) / np.log2(sizes[1] / sizes[0])
    assert (orders > accuracy - 0.35).all(), orders


@pytest.mark.parametrize("dims", (2, 3))
def test_normals_in_oblique_coordinates_have_unit_length(dims):
    grid, x, jacobian = bent(20, dims)
    k, wave = known_on(jacobian, x, "physical")
    wanted = k.gradient / np.sqrt((wave.gradient(x) ** 2).sum(axis=0))
    np.testing.assert_allclose(fg.normals(k.f, grid, accuracy=6), wanted, atol=1e-4)


# ---- closed forms --------------------------------------------------------------------------------------------


def test_squares_of_distances():
    for make, dims in ((polar, 2), (spherical, 3)):
        grid = make(9).grid
        r = grid.coords[0].reshape(-1, *[1] * (dims - 1))
        f = np.broadcast_to(r**2, grid.shape)
        np.testing.assert_allclose(fg.gradient(f, grid, edge_order=2)[0], 2 * r + 0 * f, atol=1e-13)
        np.testing.assert_allclose(fg.gradient(f, grid)[1:], 0, atol=1e-13)
        np.testing.assert_allclose(fg.laplacian(f, grid), 2 * dims, atol=1e-10)
        identity = np.eye(dims).reshape(dims, dims, *[1] * dims)
        np.testing.assert_allclose(fg.hessian(f, grid), 2 * identity + 0 * f, atol=1e-10)


def test_spherical_harmonics_are_eigenfunctions_on_the_globe():
    space = geographic(91)
    x, y, z = space.positions / 2
    for degree, f in ((1, x), (1, z), (2, x * y), (2, 3 * z**2 - 1), (3, z * (5 * z**2 - 3))):
        wanted = -degree * (degree + 1) * f / 4
        np.testing.assert_allclose(fg.laplacian(f, space.grid, accuracy=4), wanted, atol=1e-5)


def test_solid_rotation_of_the_globe():
    space = geographic(61)
    lat = np.radians(space.grid.coords[0])[:, None] + np.zeros(space.grid.shape)
    wind = np.array([0 * lat, 2.0 * np.cos(lat)])  # at unit angular speed
    np.testing.assert_allclose(fg.curl(wind, space.grid, accuracy=4), 2 * np.sin(lat), atol=1e-6)
    np.testing.assert_allclose(fg.divergence(wind, space.grid), 0, atol=1e-12)


def test_ellipsoid_has_the_lengths_of_its_meridian():
    grid = fg.Grid.geographic(np.linspace(-90, 90, 181), np.arange(0, 360, 10), ellipsoid="WGS84")
    quarter = np.trapezoid(grid.scale_factors[0, 90:, 0])
    np.testing.assert_allclose(quarter, 10001965.729, rtol=1e-6)
    area = np.trapezoid(grid.volume_element[:, 0]) * 360
    np.testing.assert_allclose(area, 5.10065621724e14, rtol=1e-4)


def test_ellipsoid_of_no_flattening_is_a_sphere():
    lat, lon = np.linspace(-90, 90, 13), np.arange(0, 360, 20)
    sphere, flat = fg.Grid.geographic(lat, lon, radius=3.0), fg.Grid.geographic(lat, lon, ellipsoid=(3.0, 0.0))
    f = np.random.default_rng(0).normal(size=(13, 18))
    assert_same_bits(fg.laplacian(f, sphere), fg.laplacian(f, flat))


def test_laplacian_on_the_ellipsoid_is_the_divergence_of_the_gradient():
    lat, lon = np.linspace(-80, 80, 321), np.linspace(0, 360, 240, endpoint=False)
    grid = fg.Grid.geographic(lat, lon, ellipsoid=(1.0, 0.2))
    f = np.sin(2 * np.radians(lat))[:, None] * np.cos(np.radians(lon)) * np.cos(np.radians(lat))[:, None]
    twice = fg.divergence(fg.gradient(f, grid, accuracy=6), grid, accuracy=6)
    np.testing.assert_allclose(fg.laplacian(f, grid, accuracy=6), twice, atol=2e-6)


@pytest.mark.parametrize("name", ("annulus", "tube", "sector", "shell", "cap"))
def test_gradient_is_the_straight_one_over_scale_factors(name):
    grid = SPACES[name](9).grid
    f = np.random.default_rng(1).normal(size=grid.shape)
    straight = fg.Grid.cartesian(*grid.coords)
    inside = (..., *[slice(1, -1)] * grid.ndim)
    covariant = fg.gradient(f, straight)[inside]
    scales = grid.scale_factors[inside]
    for components, power in zip(COMPONENTS, (1, 0, 2), strict=True):
        result = fg.gradient(f, grid, components=components)[inside]
        np.testing.assert_allclose(result, covariant / scales**power, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ("annulus", "tube", "shell", "geographic", "polar"))
@pytest.mark.parametrize("components", ("covariant", "contravariant"))
def test_components_describe_one_vector(name, components):
    space = SPACES[name](12)
    k, h = known(space), space.grid.scale_factors
    finite = h > 0
    other = np.where(finite, k.F * h if components == "covariant" else k.F / np.where(finite, h, 1), 0)
    options = {"accuracy": 4, "components": components}
    inside = finite.all(axis=0)
    size = {"geographic": 0.03, "annulus": 0.05}.get(name, 0.01)  # of errors, relative to the largest number
    divergence = fg.divergence(other, space.grid, **options)
    np.testing.assert_allclose(divergence[inside], k.divergence[inside], atol=size * np.abs(k.divergence).max())
    curl = fg.curl(other, space.grid, **options)
    if curl.ndim > space.grid.ndim:
        with np.errstate(invalid="ignore"):
            curl = curl / h if components == "covariant" else curl * h
    np.testing.assert_allclose(curl[..., inside], k.curl[..., inside], atol=size * np.abs(k.curl).max())


def test_metric_and_volume_follow_from_scale_factors():
    for name in ("polar", "cylindrical", "spherical", "geographic"):
        grid = SPACES[name](5).grid
        h = grid.scale_factors
        np.testing.assert_array_equal(np.einsum("kk...->k...", grid.metric), h**2)
        np.testing.assert_array_equal(grid.volume_element, h.prod(axis=0))
    grid, _, jacobian = bent(12)
    np.testing.assert_allclose(grid.metric, np.einsum("ai...,ak...->ik...", jacobian, jacobian), atol=1e-3)
    np.testing.assert_allclose(grid.volume_element**2, grid.metric[0, 0] * grid.metric[1, 1] - grid.metric[0, 1] ** 2)
    np.testing.assert_allclose(grid.scale_factors**2, np.einsum("kk...->k...", grid.metric))


def test_curvilinear_polar_coordinates_agree_with_polar_ones():
    space = polar(40, 0.5)
    f = Waves(2)(space.positions)
    mapped = fg.Grid.curvilinear(*space.positions, periodic=(False, True))
    for function in (fg.gradient, fg.laplacian, fg.hessian):
        np.testing.assert_allclose(function(f, mapped, accuracy=8), function(f, space.grid, accuracy=8), atol=1e-6)


def test_left_handed_maps_turn_the_same_way():
    y, x = np.mgrid[:12, :12] / 11
    right, left = fg.Grid.curvilinear(x.T, y.T), fg.Grid.curvilinear(x, y)  # axes (x, y) and (y, x)
    turn = fg.curl(np.array([-y.T, x.T]), right), fg.curl(np.array([x, -y]), left)
    np.testing.assert_allclose(turn[0], 2, atol=1e-12)
    np.testing.assert_allclose(turn[1], 2, atol=1e-12)


def test_laplacian_is_the_trace_of_the_hessian_and_it_is_symmetric():
    for name in ("annulus", "tube", "shell", "cap"):
        space = SPACES[name](9)
        f = np.random.default_rng(2).normal(size=space.grid.shape)
        second = fg.hessian(f, space.grid, accuracy=4)
        assert_same_bits(second, np.ascontiguousarray(second.swapaxes(0, 1)))
        trace, scale = np.einsum("kk...->...", second), np.abs(second).max()
        np.testing.assert_allclose(fg.laplacian(f, space.grid, accuracy=4), trace, atol=1e-12 * scale)


def test_flux_through_the_surface_is_the_integral_of_the_divergence():
    space = spherical(41, 0.5)
    k = known(space)
    r, theta, _ = space.grid.coords
    inside = fg.divergence(k.F, space.grid, accuracy=6) * space.grid.volume_element
    turn = 2 * np.pi / space.grid.shape[2]

    def over_angles(values):
        return np.trapezoid(values.sum(axis=-1) * turn, theta, axis=-1)

    flux = over_angles(k.F[0] * space.grid.volume_element)
    np.testing.assert_allclose(np.trapezoid(over_angles(inside), r), flux[-1] - flux[0], rtol=5e-3)


# ---- operators -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("even", (True, False))
@pytest.mark.parametrize("accuracy", (6, 8))
@pytest.mark.parametrize("word", ("one-sided", "mirror", "periodic"))
@pytest.mark.parametrize("edge_order", (None, 1))
def test_sums_of_many_terms(even, accuracy, word, edge_order):
    """Constants have no derivatives, whatever there is to sum for that."""
    n = 18
    x = np.arange(n) / 4 if even else np.linspace(0, 1, n) + 0.3 * np.linspace(0, 1, n) ** 2
    for d in (2, 3):
        metric = np.eye(d)[(..., *[None] * d)] * np.ones((n,) * d)
        loop = {"periodic": True, "period": 5.0} if word == "periodic" else {}
        grid = fg.Grid.riemannian(metric, *[x] * d, **loop)
        options = {} if loop else {"boundary": word}
        for function in (fg.laplacian, fg.hessian):
            result = function(np.full(grid.shape, 1 / 3), grid, accuracy=accuracy, edge_order=edge_order, **options)
            np.testing.assert_array_equal(result, 0)
    if word != "periodic":
        grid, others = fg.Grid.polar(x, circle(24) + 0.2 * np.sin(circle(24)), periodic=True), "one-sided"
        for function in (fg.laplacian, fg.hessian):
            result = function(np.full(grid.shape, 1 / 3), grid, accuracy=accuracy, boundary=(word, others))
            np.testing.assert_allclose(result, 0, atol=1e-12)


def test_no_axes():
    for name in ("polar", "spherical"):
        grid = SPACES[name](6).grid
        assert fg.gradient(np.zeros(grid.shape), grid, axis=()).shape == (0, *grid.shape)


def test_chosen_axes():
    space = spherical(8)
    f = known(space).f
    whole = fg.gradient(f, space.grid)
    assert_same_bits(fg.gradient(f, space.grid, axis=2), whole[2])
    assert_same_bits(fg.gradient(f, space.grid, axis=(2, 0)), whole[[2, 0]])
    grid, _, _ = bent(8)
    g = np.random.default_rng(0).normal(size=(8, 9))
    assert_same_bits(fg.gradient(g, grid, axis=-1), fg.gradient(g, grid)[1])


def test_jacobian_takes_components_one_by_one():
    space = polar(9)
    F = known(space).F
    result = fg.jacobian(F, space.grid)
    assert_same_bits(result, np.array([fg.gradient(part, space.grid) for part in F]))


@pytest.mark.parametrize("order", (1, 2, 3, 4))
@pytest.mark.parametrize("accuracy", (2, 4, 6))
def test_partial_derivatives_on_the_way_through_poles_are_those_of_a_line(order, accuracy):
    options = {"order": order, "accuracy": accuracy}
    rng = np.random.default_rng(order)
    disc, f = polar(13), rng.standard_normal((13, 26))
    f[0] = f[0, 0]
    r = disc.grid.coords[0]
    found = fg.partial(f, disc.grid, axis=0, **options)
    diameters = np.concatenate([np.roll(f, 13, axis=1)[:0:-1], f])
    along = fg.partial(diameters, np.concatenate([-r[:0:-1], r]), 1.0, axis=0, **options)
    np.testing.assert_allclose(found, along[12:], rtol=1e-9, atol=1e-9 * np.abs(along).max())
    globe = geographic(13, descending=False)
    meridians = rng.standard_normal((13, 26))
    meridians[0], meridians[-1] = meridians[0, 0], meridians[-1, 0]
    found = fg.partial(meridians, globe.grid, axis=0, **options)
    circles = np.concatenate([meridians, np.roll(meridians, 13, axis=1)[-2:0:-1]])
    along = fg.partial(circles, np.diff(globe.grid.coords[0])[0], 1.0, axis=0, boundary="periodic", **options)
    np.testing.assert_allclose(found, along[:13], rtol=1e-9, atol=1e-9 * np.abs(along).max())


def test_partial_derivatives_are_those_by_coordinates():
    space = polar(12)
    f = known(space).f
    covariant = fg.gradient(f, space.grid, components="covariant")
    np.testing.assert_allclose(fg.partial(f, space.grid, axis=0)[1:], covariant[0, 1:], atol=1e-13)
    np.testing.assert_allclose(fg.partial(f, space.grid, axis=1)[1:], covariant[1, 1:], atol=1e-13)


@pytest.mark.parametrize("name", ("polar", "shell", "geographic"))
def test_directional_derivatives(name):
    space = SPACES[name](10)
    k, d = known(space), space.grid.ndim
    slopes = fg.gradient(k.f, space.grid, accuracy=4)
    direction = np.arange(1.0, d + 1)
    unit = direction / np.linalg.norm(direction)
    result = fg.directional_derivative(k.f, direction, space.grid, accuracy=4)
    np.testing.assert_allclose(result, np.tensordot(unit, slopes, 1), atol=1e-12)
    result = fg.directional_derivative(k.f, k.F, space.grid, accuracy=4, normalize=False)
    np.testing.assert_allclose(result, (k.F * slopes).sum(axis=0), atol=1e-12)


def test_laplacian_by_stencils_of_many_samples():
    """Of a metric of constants, at uneven coordinates: there are more differences than one sum has room for."""
    rng = np.random.default_rng(0)
    n = 20
    x = [np.linspace(0, 1, n) + 0.1 * np.linspace(0, 1, n) ** 2 for _ in range(3)]
    half = rng.normal(size=(3, 3))
    metric = half @ half.T + np.eye(3)
    grid = fg.Grid.riemannian(metric[..., None, None, None] * np.ones((n, n, n)), *x)
    u = rng.normal(size=(3, 3))
    u += u.T
    p = np.array(np.meshgrid(*x, indexing="ij"))
    f = np.einsum("ij,i...,j...->...", u, p, p) / 2 + p[0] * p[1] * p[2]
    second = np.broadcast_to(u[..., None, None, None], (3, 3, n, n, n)).copy()
    for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        second[a, b] += p[c]
        second[b, a] += p[c]
    expected = np.einsum("ij,ij...->...", np.linalg.inv(metric), second)
    np.testing.assert_allclose(fg.laplacian(f, grid, accuracy=8), expected, atol=1e-8)


@pytest.mark.parametrize("function", (fg.gradient, fg.laplacian, fg.gradient_magnitude, fg.hessian))
def test_maps_that_degenerate_by_better_derivatives_are_refused(function):
    """One-sided differences of two samples do not see that the square of a coordinate begins with no slope."""
    t, out = np.linspace(0, 1, 20), np.full(20, 7.0)
    grid = fg.Grid.curvilinear(t**2)
    np.testing.assert_allclose(fg.gradient(t**2, grid)[1:-1], 1, rtol=1e-12)
    with pytest.raises(ValueError, match=r"positions must not fold or degenerate.* at \(0,\)"):
        function(t**2, grid, accuracy=4, **({"out": out} if function is not fg.hessian else {}))
    assert (out == 7).all()


def test_directional_derivatives_in_oblique_coordinates():
    grid, x, jacobian = bent(40)
    k, wave = known_on(jacobian, x, "physical")
    fixed = np.array([0.6, 0.8])  # in Cartesian axes
    inverse = np.moveaxis(np.linalg.inv(np.moveaxis(jacobian, (0, 1), (-2, -1))), (-2, -1), (0, 1))
    physical = np.einsum("ka...,a->k...", inverse, fixed) * np.sqrt((jacobian**2).sum(axis=0))
    wanted = np.tensordot(fixed, wave.gradient(x), 1)
    for scale, normalize in ((1.0, False), (7.0, True)):
        result = fg.directional_derivative(k.f, scale * physical, grid, accuracy=6, normalize=normalize)
        np.testing.assert_allclose(result, wanted, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(sorted(SPACES)),
    accuracy=st.sampled_from((2, 4)),
    seed=st.integers(0, 999),
    holes=st.sampled_from((0.0, 0.05)),
)
def test_absent_samples_never_matter(name, accuracy, seed, holes):
    rng = np.random.default_rng(seed)
    grid = SPACES[name](9).grid
    f = rng.normal(size=grid.shape)
    present = rng.random(grid.shape) >= holes
    for function in (fg.gradient, fg.laplacian):
        a = function(f, grid, where=present, accuracy=accuracy)
        b = function(np.where(present, f, np.nan), grid, where=present, accuracy=accuracy)
        assert_same_bits(a, b)
        if not holes:
            assert_same_bits(a, function(f, grid, accuracy=accuracy))
    F = rng.normal(size=(grid.ndim, *grid.shape))
    for function in (fg.divergence, fg.curl):
        a = function(F, grid, where=present, accuracy=accuracy)
        assert_same_bits(a, function(np.where(present, F, 1e300), grid, where=present, accuracy=accuracy))


# ---- the slow oracle -----------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(("annulus", "sector", "tube", "shell", "cap-less")),
    accuracy=st.sampled_from((2, 4)),
    words=st.lists(st.sampled_from(("one-sided", "reflect", "mirror", "nearest", "constant")), min_size=6, max_size=6),
    holes=st.sampled_from((0.0, 0.1)),
    seed=st.integers(0, 999),
)
def test_orders_boundaries_and_gaps_against_the_oracle(name, accuracy, words, holes, seed):
    """Derivatives by coordinates, one by one in extended precision, and the formulas of the textbook."""
    rng = np.random.default_rng(seed)
    if name == "cap-less":
        grid = fg.Grid.geographic(np.linspace(-70, 60, 8), np.arange(0, 360, 40), ellipsoid=(2.0, 0.1))
    elif name == "shell":  # without the polar axis
        grid = fg.Grid.spherical(np.linspace(0.5, 1, 7), np.linspace(0.4, 2.6, 8), circle(8))
    else:
        grid = SPACES[name](8).grid
    d, shape, f = grid.ndim, grid.shape, rng.normal(size=grid.shape)
    present = rng.random(shape) >= holes
    pairs, coords = [], []
    for k, x in enumerate(grid.coords):
        pairs.append(("periodic",) * 2 if grid.periodic[k] else (words[2 * k], words[2 * k + 1]))
        turn = 360.0 if name == "cap-less" else 2 * np.pi
        repeated = grid.periodic[k] and np.isclose(abs(x[-1] - x[0]), turn)
        if repeated:
            return  # the oracle does not know such circles; they have a test of their own
        coords.append((x, turn))
    boundary = tuple("one-sided" if loop else pair for loop, pair in zip(grid.periodic, pairs, strict=True))
    options = {"accuracy": accuracy, "boundary": boundary, "cval": 0.7, "where": present}
    result = fg.gradient(f, grid, **options)
    for k in range(d):
        wanted, size = oracle(f, coords, k, 1, accuracy, None, tuple(pairs), 0.7, present)
        h = grid.scale_factors[k]
        assert_close(result[k], wanted / h, size / h, factor=32)
    second = fg.laplacian(f, grid, **options)
    # The sum over k of 1 / V d/dk (V / h[k]^2 d/dk), where the quotient is differentiated by its logarithm.
    total, scale, h = 0, 0, grid.scale_factors
    for k in range(d):
        edge_order = 2 if accuracy == 2 else None
        one, one_size = oracle(f, coords, k, 1, accuracy, edge_order, tuple(pairs), 0.7, present)
        two, two_size = oracle(f, coords, k, 2, accuracy, edge_order, tuple(pairs), 0.7, present)
        drift = logarithmic_slope(grid, name, k)
        total = total + (two + drift * one) / h[k] ** 2
        scale = scale + (two_size + np.abs(drift) * one_size) / h[k] ** 2
    assert_close(second, total, scale, factor=64)


def logarithmic_slope(grid, name, k):
    """That of V / h[k]^2 along axis k, for volume elements V."""
    x = np.meshgrid(*grid.coords, indexing="ij")
    if name in ("annulus", "sector", "tube"):
        return 1 / x[0] if k == 0 else 0
    if name == "shell":
        return (2 / x[0], 1 / np.tan(x[1]), 0)[k]
    y, squared = np.radians(x[0]), 0.1 * 1.9  # h[1] / h[0] is cos(y) w, but for constants
    w = 1 - squared * np.sin(y) ** 2
    return np.radians(-np.tan(y) - 2 * squared * np.sin(y) * np.cos(y) / w) if k == 0 else 0


# ---- what is refused -----------------------------------------------------------------------------------------

R, ANGLE = np.linspace(0, 1, 5), circle(8)
EYE = np.eye(2)[..., None, None] * np.ones((4, 5))


@pytest.mark.parametrize(
    "make, error, words",
    (
        (lambda: fg.Grid.polar([-1.0, 0, 1], ANGLE), ValueError, "r must not be negative, got -1.0 at 0"),
        (lambda: fg.Grid.polar([2.0, 1.0], ANGLE), ValueError, "r must ascend"),
        (lambda: fg.Grid.polar(1.0, ANGLE), TypeError, "r must be a 1-D array"),
        (lambda: fg.Grid.polar(R, np.linspace(0, 7, 9)), ValueError, "theta must not go round more than once"),
        (lambda: fg.Grid.polar(R, [0.0, 2.0, 1.0]), ValueError, "theta must increase or decrease"),
        (lambda: fg.Grid.polar(R, ANGLE, periodic="yes"), TypeError, "periodic must be"),
        (lambda: fg.Grid.spherical(R, [-0.1, 1.0], ANGLE), ValueError, "theta must be within .* got -0.1 at 0"),
        (lambda: fg.Grid.geographic([0, 91], ANGLE), ValueError, "lat must be within -90 ... 90, got 91.0 at 1"),
        (lambda: fg.Grid.geographic([0, 1], ANGLE, radius=-1), ValueError, "radius must be finite and positive"),
        (lambda: fg.Grid.geographic([0, 1], ANGLE, ellipsoid="Mars"), ValueError, "ellipsoid must be one of WGS84"),
        (lambda: fg.Grid.geographic([0, 1], ANGLE, ellipsoid=(-1, 0.1)), ValueError, "radius of the ellipsoid must be"),
        (lambda: fg.Grid.geographic([0, 1], ANGLE, radius=3.0, ellipsoid="WGS84"), ValueError, "give it or ellipsoid"),
        (lambda: fg.Grid.geographic([0, 1], ANGLE, ellipsoid=(1.0, 2.0)), ValueError, "flattening"),
        (lambda: fg.Grid.cylindrical(R, ANGLE, [0.0, 1.0], periodic=(True, True, False)), ValueError, "for r"),
        (lambda: fg.Grid.cylindrical(R, ANGLE, [0.0, 1.0], period=2.0), ValueError, "period"),
        (lambda: fg.Grid.curvilinear(), ValueError, "positions"),
        (lambda: fg.Grid.curvilinear(np.ones((4, 5))), ValueError, "positions must be 2 arrays"),
        (lambda: fg.Grid.curvilinear(np.ones((4, 5)), np.ones((4, 6))), ValueError, "positions must have one shape"),
        (lambda: fg.Grid.curvilinear(*np.mgrid[:1, :3]), ValueError, "positions must have at least 2 samples"),
        (lambda: fg.Grid.curvilinear(*np.mgrid[:4, :5].astype(complex)), TypeError, r"positions\[0\] must be real"),
        (lambda: fg.Grid.curvilinear(*np.abs(np.mgrid[-3:4, :5])), ValueError, r"fold or degenerate.*at \(3, 0\)"),
        (lambda: fg.Grid.riemannian(np.eye(2)), ValueError, "metric must have shape"),
        (lambda: fg.Grid.riemannian(EYE[:, :1]), ValueError, "metric must have shape"),
        (lambda: fg.Grid.riemannian(EYE * 1j), TypeError, "metric must be made of real"),
        (lambda: fg.Grid.riemannian(-EYE), ValueError, r"metric must be positive definite, got .* at \(0, 0\)"),
        (lambda: fg.Grid.riemannian(EYE * np.nan), ValueError, "metric must be finite"),
        (lambda: fg.Grid.riemannian(EYE + np.tri(2)[..., None, None]), ValueError, "metric must be symmetric"),
        (lambda: fg.Grid.riemannian(EYE, np.arange(3.0), 1.0), ValueError, "3 coordinates"),
    ),
)
def test_grids_that_are_none(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_calls_that_make_no_sense():
    grid, ring, f = polar(5).grid, polar(5, 0.5).grid, np.zeros((5, 10))
    out = np.full((2, 5, 10), 7.0)
    for call, error, words in (
        (lambda: fg.gradient(f, grid, components="up", out=out), ValueError, "components must be one of"),
        (lambda: fg.gradient(np.zeros((2, 3)), 1.0, components="up"), ValueError, "components must be one of"),
        (lambda: fg.gradient(np.zeros((5, 9)), grid), ValueError, "10 samples along axis 1"),
        (lambda: fg.gradient(f, grid, accuracy=3, out=out), ValueError, "accuracy must be 2, 4, 6 or 8, got 3"),
        (lambda: fg.laplacian(f, grid, accuracy=8), ValueError, "5 samples along axis 0"),
        (lambda: fg.divergence(np.zeros((3, 5, 10)), grid), ValueError, "F must have one component"),
        (lambda: fg.gradient(f, grid, boundary=("one-sided", "mirror"), out=out), ValueError, "periodic"),
        (lambda: fg.gradient(f, grid, boundary=("periodic", "one-sided"), out=out), ValueError, "axis 0 must"),
        (lambda: fg.gradient_matrix((5, 10), grid, boundary=("periodic", "one-sided")), ValueError, "axis 0 must"),
        (lambda: fg.laplacian_matrix((5, 10), grid, boundary=("periodic", "one-sided")), ValueError, "axis 0 must"),
        (lambda: fg.gradient_operator((5, 10), ring, boundary=("periodic", "one-sided")), ValueError, "axis 0 must"),
        (lambda: fg.potential(np.zeros((2, 5, 10)), grid, boundary="periodic"), ValueError, "axis 0 must"),
        (lambda: fg.critical_points(f * 1j, grid), TypeError, "f must be made of real numbers"),
        (lambda: fg.gradient(f, grid, grid), TypeError, "one Grid"),
        (lambda: fg.Interpolant(f, grid, boundary="periodic"), ValueError, "boundary must be one-sided"),
        (lambda: fg.potential(np.zeros((2, 5, 9)), grid), ValueError, "10 samples along axis 1"),
        (lambda: fg.gradient_matrix((5, 9), grid), ValueError, "10 samples along axis 1"),
        (lambda: fg.laplacian_matrix((5, 10), 1.0, accuracy=10), ValueError, "accuracy must be"),
    ):
        with pytest.raises(error, match=words):
            call()
    assert (out == 7).all()
