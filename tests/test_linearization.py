"""Tangents of an interpolant, and a bound of what they leave out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import BSpline

import fieldgrad as fg
from fieldgrad._splines import restricted
from helpers import assert_same_bits
from spline_cases import extents, fields, seeds

EITHER = (TypeError, ValueError)
SAMPLES = np.random.default_rng(0).uniform(-1, 1, (5, 6))


@given(case=fields(max_dims=3), seed=seeds, part=st.sampled_from((0.0, 1e-3, 0.1, 0.5, 2.0)))
def test_error_bound_is_never_exceeded(case, seed, part):
    _, coordinates, periods, it, oracle = case
    low, high = extents(coordinates, periods)
    rng = np.random.default_rng(seed)
    point = rng.uniform(low, high) if seed % 3 else rng.choice([low, high])
    near = it.linearize(point)
    radius = part * min(high - low)
    h = rng.normal(size=(400, len(low)))
    h *= radius * rng.choice((1.0, 0.9, 0.3), (400, 1)) / np.linalg.norm(h, axis=1, keepdims=True)
    actual = it(point + h)
    inside = ~np.isnan(actual)
    excess = np.abs(actual - near(h))[inside] - near.error_bound(radius)
    assert excess.max(initial=-1) <= 1e-13 * np.abs(oracle.coefficients).max() * (1 + part * 100)


@given(data=st.data(), seed=seeds)
def test_error_bound_of_a_quadratic_is_its_error(data, seed):
    d = data.draw(st.integers(1, 3))
    rng = np.random.default_rng(seed)
    a = rng.uniform(-1, 1, (d, d))
    a += a.T
    coordinates = [np.cumsum(rng.uniform(0.5, 1.5, 6)) for _ in range(d)]
    at = np.meshgrid(*coordinates, indexing="ij")
    f = 0.5 * np.einsum("i...,ij,j...->...", at, a, at)
    low, high = extents(coordinates, [None] * d)
    radius = data.draw(st.floats(0.01, 1))
    near = fg.Interpolant(f, *coordinates).linearize((low + high) / 2)
    expected = 0.5 * radius**2 * np.linalg.norm(a, 2)
    np.testing.assert_allclose(near.error_bound(radius), expected, rtol=1e-10)


def test_error_bound_closes_in_on_the_error():
    x = np.linspace(0, 3, 25)
    it = fg.Interpolant(np.sin(x)[:, None] * np.exp(-x), x, x)
    point = np.array([1.03, 0.77])
    near = it.linearize(point)
    direction = np.linalg.eigh(it.hessian([point])[0])
    steepest = direction.eigenvectors[:, np.argmax(np.abs(direction.eigenvalues))]
    ratios = []
    for radius in (0.3, 0.03, 0.003):
        h = radius * steepest
        ratios.append(near.error_bound(radius) / np.abs(it([point + h, point - h]) - near([h, -h])).max())
    assert ratios[0] > ratios[1] > ratios[2] > 1
    assert ratios[1] < 1.3
    assert ratios[2] < 1.03


@given(data=st.data(), degree=st.integers(1, 3), seed=seeds)
def test_part_of_a_spline_is_the_same_spline_and_its_coefficients_lie_between(data, degree, seed):
    rng = np.random.default_rng(seed)
    knots = np.cumsum(rng.uniform(0.1, 1, data.draw(st.integers(2, 7)) + 2 * degree))
    if data.draw(st.booleans()):
        knots[:degree], knots[len(knots) - degree :] = knots[degree], knots[-degree - 1]
    breaks = knots[degree : len(knots) - degree]
    low, high = rng.uniform(breaks[:2].min(), breaks[:2].max()), rng.uniform(breaks[-2], breaks[-1])
    low, high = min(low, high), max(low, high)
    inner = breaks[1:-1]
    own = np.concatenate(([low] * (degree + 1), inner[(inner > low) & (inner < high)], [high] * (degree + 1)))
    coefficients = rng.uniform(-1, 1, len(knots) - degree - 1)
    conversion = restricted(knots, degree, low, high)
    x = np.linspace(low, high, 50)
    expected = BSpline(knots, coefficients, degree)(x)
    np.testing.assert_allclose(BSpline(own, conversion @ coefficients, degree)(x), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(conversion.sum(axis=1), 1, rtol=0, atol=1e-13)
    assert conversion.min() >= -1e-14


def test_error_bound_does_not_look_beyond_open_ends_and_goes_around_closed_ones():
    near = fg.Interpolant(np.arange(6.0) ** 3).linearize([5.0])
    for radius in (1.0, 2.5, 100.0):
        assert near.error_bound(radius) == pytest.approx(radius**2 / 2 * 6 * 5.0)  # the second derivative is 6 x
    x = np.arange(12) * (2 * np.pi / 12)
    it = fg.Interpolant(np.sin(x), x, boundary="periodic")
    everywhere = np.abs(it.hessian(np.linspace(0, 2 * np.pi, 1000)[:, None])).max()
    for point in (0.0, 3.0, -20.0):
        for radius in (3.2, 10.0):
            bound = it.linearize([point]).error_bound(radius)
            assert 0.5 * radius**2 * everywhere <= bound <= 0.6 * radius**2 * everywhere
    # Across the seam as anywhere else.
    bounds = [it.linearize([x[k]]).error_bound(0.7) for k in range(12)]
    np.testing.assert_allclose(bounds[:6], bounds[6:], rtol=1e-12)


def test_linearization_is_the_value_and_the_gradient():
    f = np.random.default_rng(0).uniform(-1, 1, (6, 7))
    it = fg.Interpolant(f)
    near = it.linearize((1.5, 2.5))
    assert isinstance(near, fg.Linearization)
    assert isinstance(near.value, float)
    assert near.value == it([[1.5, 2.5]])[0]
    assert_same_bits(near.gradient, it.gradient([[1.5, 2.5]])[0])
    h = np.random.default_rng(1).normal(size=(3, 4, 2))
    expected = near.value + h[..., 0] * near.gradient[0] + h[..., 1] * near.gradient[1]
    np.testing.assert_allclose(near(h), expected, rtol=0, atol=1e-15)
    assert near([0, 0]) == near.value
    assert near.error_bound(0) == 0
    assert near.error_bound(np.float32(0.5)) == near.error_bound(0.5)


# what is refused


@pytest.mark.parametrize("point", (1.0, [1.0], [[1.0, 1.0]], [1.0, 7.0], [np.nan, 1.0], [1j, 1.0], [True, False]))
def test_bad_points_of_linearizations_are_refused(point):
    with pytest.raises(EITHER, match="point must"):
        fg.Interpolant(SAMPLES).linearize(point)


@pytest.mark.parametrize("radius", (-1.0, np.nan, np.inf, "1", None, True, 1j, [1.0]))
def test_bad_radii_are_refused(radius):
    with pytest.raises(EITHER, match="radius"):
        fg.Interpolant(SAMPLES).linearize([1.0, 1.0]).error_bound(radius)


@pytest.mark.parametrize("displacement", (1.0, [1.0], [1.0, 1.0, 1.0], [1j, 0], [["1", "2"]]))
def test_bad_displacements_are_refused(displacement):
    with pytest.raises(EITHER, match="displacement"):
        fg.Interpolant(SAMPLES).linearize([1.0, 1.0])(displacement)
