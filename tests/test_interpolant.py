"""Interpolants: SciPy's spline, cubics exactly, periods and ends."""

import copy
import math
import multiprocessing
import pickle
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from fieldgrad._engine.splines import Spline
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.interpolate import BSpline

import fieldgrad as fg
import nasty
from fieldgrad._engine.pool import share
from helpers import assert_same_bits, child_environment, output_of
from interpolant_oracle import Oracle, exact_coefficients
from spline_cases import axes, extents, fields, interpolant_of, points_between, seeds

EITHER = (TypeError, ValueError)
DERIVATIVES = ("value", "gradient", "hessian")


def shortest_step(x):
    return np.abs(np.diff(x)).min()


def evaluate(it, points, *arguments, **options):
    return (
        it(points, *arguments, **options),
        it.gradient(points, *arguments, **options),
        it.hessian(points, *arguments, **options),
    )


def assert_agrees(it, oracle, points, coordinates, tolerance, **options):
    """Within a tolerance relative to the field, each derivative per shortest step of its axis."""
    per_step = 1 / np.array([shortest_step(x) for x in coordinates])
    scales = (np.ones(()), per_step, np.multiply.outer(per_step, per_step))
    actual = evaluate(it, points, **options)
    for result, name, scale in zip(actual, DERIVATIVES, scales, strict=True):
        expected = getattr(oracle, name)(points)
        assert result.dtype == np.float64
        assert result.shape == expected.shape
        np.testing.assert_array_less(np.abs(result - expected) / scale, tolerance, err_msg=name)


# the spline


@given(case=fields(), seed=seeds)
def test_any_field_has_the_spline_of_scipy(case, seed):
    _, coordinates, periods, it, oracle = case
    points = points_between(*extents(coordinates, periods), 30, seed)
    size = np.abs(oracle.coefficients).max()
    assert_agrees(it, oracle, points, coordinates, 1e-12 * size)


@given(case=fields(max_dims=1, most=12, uneven=1e6))
def test_coefficients_are_stable_however_much_steps_differ(case):
    """Coefficients that give the samples back, to rounding of the largest one, are those of samples as close."""
    f, (x,), _, it, _ = case
    np.testing.assert_allclose(it(x[:, None]), f, rtol=0, atol=1e-14 * (np.abs(it._spline.coefficients).max() + 1))


@given(axis=axes(8, 1e4), seed=seeds)
@settings(max_examples=60)
def test_coefficients_are_as_exact_as_the_condition_of_the_equations_allows(axis, seed):
    x, period = np.sort(axis[0]), axis[1]
    f = np.random.default_rng(seed).uniform(-1, 1, len(x))
    expected, condition = exact_coefficients(f, x, period)
    it = interpolant_of(f, [x], [period])
    rounding = np.finfo(float).eps * np.abs(expected).max()
    # Elimination in a band of three rounds each number up to three times; the condition says what becomes of that.
    assert np.abs(it._spline.coefficients + it._spline.constant - expected).max() <= 3 * condition * rounding


@pytest.mark.parametrize("periodic", (False, True))
@pytest.mark.parametrize(
    "shape", ((4,), (5,), (6,), (1000,), (40, 50), (9, 130, 20), (5, 4, 6, 7), (4, 4, 5, 4, 4)), ids=str
)
def test_even_fields_have_the_spline_of_scipy(shape, periodic):
    f = np.random.default_rng(1).uniform(-1, 1, shape)
    coordinates = [np.arange(n) * 0.5 for n in shape]
    periods = [n * 0.5 if periodic else None for n in shape]
    it = fg.Interpolant(f, 0.5, boundary="periodic" if periodic else "one-sided")
    points = points_between(*extents(coordinates, periods), 200, 2)
    assert_agrees(it, Oracle(f, coordinates, periods), points, coordinates, 1e-12 * np.ptp(f) * 3 ** len(shape))


@given(case=fields())
def test_it_passes_through_the_samples(case):
    f, coordinates, _, it, oracle = case
    points = np.stack(np.meshgrid(*coordinates, indexing="ij"), axis=-1).reshape(f.size, f.ndim)
    np.testing.assert_allclose(it(points).reshape(f.shape), f, rtol=0, atol=1e-13 * np.abs(oracle.coefficients).max())


@given(case=fields())
def test_its_coefficients_and_knots_are_those_of_scipy(case):
    _, _, periods, it, oracle = case
    for axis, expected, period in zip(it._spline.axes, oracle.knots, periods, strict=True):
        size = np.abs(expected).max() + (period or 0)
        np.testing.assert_allclose(axis.knots, expected, rtol=0, atol=4 * np.finfo(float).eps * size)
    actual = it._spline.coefficients + it._spline.constant
    size = np.abs(oracle.coefficients).max()
    np.testing.assert_allclose(actual, oracle.coefficients, rtol=0, atol=1e-12 * size)


@pytest.mark.parametrize("ndim", (1, 2, 3, 4))
def test_cubics_are_reproduced_to_rounding_even_beyond_the_ends(ndim):
    rng = np.random.default_rng(ndim)
    coordinates = [np.cumsum(rng.uniform(0.5, 1.5, 4 + k)) for k in range(ndim)]
    polynomials = [np.polynomial.Polynomial(rng.uniform(-1, 1, 4)) for _ in range(ndim)]
    f = np.ones(())
    for polynomial, x in zip(polynomials, coordinates, strict=True):
        f = np.multiply.outer(f, polynomial(x))
    it = fg.Interpolant(f, *coordinates)
    points = rng.uniform(-1, 5, (100, ndim))
    table = [[p.deriv(m)(x) if m else p(x) for m in range(3)] for p, x in zip(polynomials, points.T, strict=True)]
    unit = np.eye(ndim, dtype=int)

    def expected(orders):
        return math.prod(table[k][m] for k, m in enumerate(orders))

    value, gradient, hessian = evaluate(it, points, extrapolate=True)
    scale = 1e-11 * np.abs(f).max()
    np.testing.assert_allclose(value, expected([0] * ndim), rtol=1e-11, atol=scale)
    for i in range(ndim):
        np.testing.assert_allclose(gradient[:, i], expected(unit[i]), rtol=1e-11, atol=10 * scale)
        for j in range(ndim):
            np.testing.assert_allclose(hessian[:, i, j], expected(unit[i] + unit[j]), rtol=1e-11, atol=100 * scale)


@pytest.mark.parametrize("boundary", ("one-sided", "periodic"))
def test_orders_of_convergence_are_4_3_and_2(boundary):
    errors = []
    for n in (40, 80):
        h = 2 * np.pi / n
        x = np.arange(n + (boundary == "one-sided")) * h
        it = fg.Interpolant(np.sin(x)[:, None] * np.cos(x), h, boundary=boundary)
        points = points_between((0, 0), (2 * np.pi,) * 2, 4000, 3)
        (sa, cb), (ca, sb) = (np.sin(points[:, 0]), np.cos(points[:, 1])), (np.cos(points[:, 0]), np.sin(points[:, 1]))
        true = (sa * cb, np.stack((ca * cb, -sa * sb), -1), np.array([[-sa * cb, -ca * sb], [-ca * sb, -sa * cb]]).T)
        errors.append([np.abs(a - b).max() for a, b in zip(evaluate(it, points), true, strict=True)])
    orders = np.log2(np.divide(*errors))
    np.testing.assert_allclose(orders, (4, 3, 2), atol=0.3)


@pytest.mark.parametrize("period", (None, 13.0))
def test_second_derivatives_are_continuous_across_knots_and_the_seam(period):
    rng = np.random.default_rng(5)
    x = np.cumsum(rng.uniform(0.5, 1.5, 12))
    f = rng.uniform(-1, 1, 12)
    it = interpolant_of(f, [x], [x[-1] - x[0] + 1 if period else None])
    knots = x if period else x[1:-1]
    before, after = np.nextafter(knots, -np.inf)[:, None], np.nextafter(knots, np.inf)[:, None]
    for a, b in zip(evaluate(it, before), evaluate(it, after), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-11)


@pytest.mark.parametrize("n", (4, 5, 6, 9))
def test_third_derivatives_do_not_jump_at_the_second_sample_and_the_last_but_one(n):
    x = np.cumsum(np.linspace(0.5, 1.5, n))
    it = fg.Interpolant(np.random.default_rng(n).uniform(-1, 1, n), x)
    for knot in (x[1], x[-2]):
        slopes = [np.diff(it.hessian([[knot + d], [knot + 2 * d]]).ravel()) / d for d in (-0.1, 0.1)]
        np.testing.assert_allclose(*slopes, rtol=1e-9, atol=1e-9)


# what samples may be


def test_any_layout_gives_the_same_bits():
    f = np.random.default_rng(0).uniform(-1, 1, (6, 5, 7))
    points = points_between((0, 0, 0), (5, 4, 6), 50, 0)
    expected = evaluate(fg.Interpolant(f), points)
    for name, layout in nasty.LAYOUTS.items():
        for actual, wanted in zip(evaluate(fg.Interpolant(layout(f)), points), expected, strict=True):
            np.testing.assert_array_equal(actual, wanted, err_msg=name)
        np.testing.assert_array_equal(fg.Interpolant(f)(layout(points)), expected[0], err_msg=name)


@pytest.mark.parametrize("dtype", [d for d in nasty.DTYPES if d.kind != "c"], ids=str)
def test_any_real_type_is_taken_as_float64(dtype):
    f = (np.random.default_rng(0).uniform(0, 3, (6, 5)) * (1 if dtype.kind in "b?" else 20)).astype(dtype)
    points = points_between((0, 0), (5, 4), 50, 0)
    for actual, expected in zip(
        evaluate(fg.Interpolant(f), points), evaluate(fg.Interpolant(f.astype(np.float64)), points), strict=True
    ):
        assert_same_bits(actual, expected)


def test_integers_do_not_wrap():
    f = np.array([[0, 2**64 - 1] * 3] * 4, np.uint64)
    assert fg.Interpolant(f)([[1.0, 1.0]])[0] == pytest.approx(2.0**64, rel=1e-15)
    f = np.array([-(2**63), 2**63 - 1] * 3, np.int64)
    np.testing.assert_allclose(fg.Interpolant(f)([[0.0], [5.0]]), [-(2.0**63), 2.0**63], rtol=1e-14)


@given(scale=st.sampled_from((1e-12, 1.0, 1e12)), offset=st.sampled_from((0.0, 2.0**30, -(2.0**61))), seed=seeds)
def test_rounding_is_relative_to_the_range_of_the_field(scale, offset, seed):
    f = np.random.default_rng(seed).integers(-100, 100, (7, 6)).astype(float)
    points = points_between((0, 0), (6, 5), 20, seed)
    plain = evaluate(fg.Interpolant(f), points)
    scaled = evaluate(fg.Interpolant(f * scale), points)
    shifted = evaluate(fg.Interpolant(f * 2.0**9 + offset), points)  # exact
    tolerance = 1e-12 * np.ptp(f)
    for k in range(3):
        np.testing.assert_allclose(scaled[k] / scale, plain[k], rtol=0, atol=tolerance)
    for k in (1, 2):
        np.testing.assert_allclose(shifted[k] / 2.0**9, plain[k], rtol=0, atol=tolerance)


def test_constants_have_no_gradient_at_all():
    value, gradient, hessian = evaluate(fg.Interpolant(np.full((6, 7), 0.1)), points_between((0, 0), (5, 6), 50, 0))
    assert np.all(value == 0.1)
    assert not gradient.any()
    assert not hessian.any()


# where samples may be


def test_spacings_are_read_as_by_gradient():
    f = np.random.default_rng(0).uniform(-1, 1, (5, 6))
    x, y = np.arange(5) * 0.5, np.arange(6) * 0.25
    points = points_between((0, 0), (2, 1.25), 20, 0)
    expected = fg.Interpolant(f, x, y)(points)
    for spacing in ((0.5, 0.25), (x, 0.25), (fg.Grid.cartesian(0.5, 0.25),), (fg.Grid.cartesian(x, y),)):
        assert_same_bits(fg.Interpolant(f, *spacing)(points), expected)
    assert_same_bits(fg.Interpolant(f)(points), fg.Interpolant(f, 1.0)(points))


@given(case=fields())
def test_descending_coordinates_are_the_reversed_field(case):
    f, coordinates, periods, it, _ = case
    points = points_between(*extents(coordinates, periods), 20, 0)
    backwards = f[(slice(None, None, -1),) * f.ndim]
    other = interpolant_of(backwards, [x[::-1] for x in coordinates], periods)
    for actual, expected in zip(evaluate(other, points), evaluate(it, points), strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_negative_steps_descend():
    f = np.random.default_rng(0).uniform(-1, 1, 6)
    for boundary in ("one-sided", "periodic"):
        it = fg.Interpolant(f, -0.5, boundary=boundary)
        np.testing.assert_allclose(it(np.arange(6)[:, None] * -0.5), f, rtol=0, atol=1e-14)
        assert (it.gradient([[-0.25]]) < 0) == (f[1] > f[0])


@pytest.mark.parametrize("boundary", ("one-sided", ("periodic", "one-sided"), ("periodic", ("periodic", "periodic"))))
def test_grid_says_where_the_samples_are(boundary):
    f = np.random.default_rng(0).uniform(-1, 1, (5, 6))
    x = np.arange(6) * -0.5
    it = fg.Interpolant(f, 2.0, x, boundary=boundary)
    assert (it.shape, it.ndim, it.grid.shape) == ((5, 6), 2, (5, 6))
    per_axis = (boundary,) * 2 if isinstance(boundary, str) else boundary
    assert it.grid.periodic == tuple("periodic" in entry for entry in per_axis)
    np.testing.assert_array_equal(it.grid.coords[0], np.arange(5) * 2.0)
    np.testing.assert_array_equal(it.grid.coords[1], x)
    points = points_between((0, -2.5), (8, 0), 20, 0)
    assert_same_bits(fg.Interpolant(f, it.grid)(points), it(points))
    assert_same_bits(fg.gradient(f, it.grid), fg.gradient(f, 2.0, x, boundary=boundary))
    assert repr(it) == f"Interpolant(shape=(5, 6), periodic={it.grid.periodic})"


def test_grids_keep_the_periods_of_uneven_axes():
    x = np.array([0.0, 1.0, 2.5, 3.0])
    it = fg.Interpolant(x**2, fg.Grid.cartesian(x, periodic=True, period=5.0))
    np.testing.assert_allclose(it(x[:, None] - 5.0), x**2, atol=1e-13)
    assert_same_bits(fg.Interpolant(x**2, it.grid)(x[:, None]), it(x[:, None]))


# where points may be


@given(case=fields(max_dims=2), seed=seeds)
def test_outside_is_nan_or_the_polynomial_of_the_last_piece(case, seed):
    _, coordinates, periods, it, oracle = case
    low, high = extents(coordinates, periods)
    points = points_between(low - 0.3 * (high - low), high + 0.3 * (high - low), 40, seed)
    closed = np.array([period is not None for period in periods])
    outside = (~closed & ((points < low) | (points > high))).any(axis=1)
    for inner, everywhere in zip(evaluate(it, points), evaluate(it, points, extrapolate=True), strict=True):
        assert np.isnan(inner[outside]).all()
        np.testing.assert_array_equal(inner[~outside], everywhere[~outside])
    assert_agrees(it, oracle, points, coordinates, 1e-10 * np.abs(oracle.coefficients).max(), extrapolate=True)


@given(case=fields())
def test_ends_belong_to_the_field_and_their_neighbours_do_not(case):
    _, coordinates, periods, it, _ = case
    low, high = extents(coordinates, periods)
    assert np.isfinite(it([low, high])).all()
    for k, period in enumerate(periods):
        if period is None:
            beyond = np.array([low, high])
            beyond[0, k], beyond[1, k] = np.nextafter(low[k], -np.inf), np.nextafter(high[k], np.inf)
            assert np.isnan(it(beyond)).all()
            assert np.isfinite(it(beyond, extrapolate=True)).all()


@given(turns=st.integers(-5, 5), seed=seeds, shift=st.sampled_from((0.0, -1.5, 10.0)))
def test_points_are_taken_into_the_period(turns, seed, shift):
    n = 8
    f = np.random.default_rng(seed).uniform(-1, 1, n)
    x = shift + np.arange(n) * 0.25
    it = fg.Interpolant(f, x, boundary="periodic")
    points = shift + np.random.default_rng(seed).integers(0, 2**10, (20, 1)) * 2.0**-9
    for actual, expected in zip(evaluate(it, points + 2.0 * turns), evaluate(it, points), strict=True):
        assert_same_bits(actual, expected)
    assert_same_bits(it([[shift + 2.0 * turns]]), it([[shift]]))


@pytest.mark.parametrize("first", (0.0, 0.3, -1e5))
def test_a_hair_before_the_seam_is_at_the_seam(first):
    x = first + np.arange(9) * 0.1
    it = fg.Interpolant(np.sin(np.arange(9.0)), fg.Grid.cartesian(x, periodic=True, period=0.9))
    seam = it([[first]])
    hairs = np.array([-1e-300, -1e-18, 0.0, 0.9, np.nextafter(0.9, 0), np.nextafter(0.9, 1), -0.9, 1.8, 9e5])
    np.testing.assert_allclose(it(first + hairs[:, None]), np.repeat(seam, len(hairs)), rtol=0, atol=1e-8)


@pytest.mark.parametrize("boundary", ("one-sided", "periodic"))
def test_points_that_are_not_numbers_are_nowhere(boundary):
    it = fg.Interpolant(np.arange(20.0).reshape(4, 5), boundary=boundary)
    points = [[np.nan, 1], [1, np.nan], [np.inf, 1], [1, -np.inf], [1, 1]]
    for extrapolate in (False, True):
        for result in evaluate(it, points, extrapolate):
            assert np.isnan(result[:4]).all()
            assert np.isfinite(result[4]).all()


@pytest.mark.parametrize("ndim", (1, 2, 3))
def test_no_points_have_no_values(ndim):
    it = fg.Interpolant(np.ones((4,) * ndim))
    shapes = [result.shape for result in evaluate(it, np.empty((0, ndim)))]
    assert shapes == [(0,), (0, ndim), (0, ndim, ndim)]


@given(data=st.data())
def test_pieces_are_found_however_knots_lie(data):
    steps = data.draw(hnp.arrays(float, st.integers(4, 40), elements=st.sampled_from((1e-6, 1e-3, 1.0, 1e3))))
    x = np.cumsum(steps)
    it = fg.Interpolant(np.zeros(len(x)), x)
    axis = it._spline.axes[0]
    points = np.concatenate((x, np.nextafter(x, -np.inf), np.nextafter(x, np.inf)))
    points = points[(points >= x[0]) & (points <= x[-1])]
    first, weights = axis.weights(points)
    expected = BSpline.design_matrix(points, axis.knots, 3).toarray()
    actual = np.zeros_like(expected)
    np.put_along_axis(actual, first[:, None] + np.arange(4), weights, axis=1)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-13)
    for unit, expected in zip(np.eye(axis.size), actual.T, strict=True):
        spline = Spline(unit, [axis], 0.0)
        values = spline.evaluate(points[:, None], 0, False, 1, share)[0]
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-14)


@given(axis=axes(12), order=st.integers(0, 2), seed=seeds)
def test_weights_are_those_of_scipy(axis, order, seed):
    x, period = axis
    it = interpolant_of(np.zeros(len(x)), [x], [period])
    along = it._spline.axes[0]
    points = points_between(*extents([x], [period]), 30, seed)[:, 0]
    first, weights = along.weights(points, order)
    scale = shortest_step(x) ** -order
    for k in range(along.size):
        expected = BSpline(along.knots, np.eye(along.size)[k], 3)(points, order)
        found = np.where((first <= k) & (k <= first + 3), weights[np.arange(30), np.clip(k - first, 0, 3)], 0)
        np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=1e-12)


@given(axis=axes(9))
def test_cells_are_in_the_piece_of_their_lower_sample(axis):
    x, period = axis
    along = interpolant_of(np.zeros(len(x)), [x], [period])._spline.axes[0]
    low, high = along.sites[:-1], along.sites[1:]
    piece = along.piece_of(low)
    assert (along.breaks[piece] <= low).all()
    assert (high <= along.breaks[piece + 1]).all()
    assert len(along.basis) == (len(x) - 3 if period is None else len(x))


# workers


@pytest.mark.parametrize("shape", ((200_000,), (300, 311), (60, 3, 70, 5), (50, 61, 40)), ids=str)
@pytest.mark.parametrize("boundary", ("one-sided", "periodic"))
def test_same_bits_for_any_workers(shape, boundary):
    shape = tuple(max(n, 4) for n in shape)
    f = np.random.default_rng(0).uniform(-1, 1, shape)
    points = points_between(np.zeros(len(shape)), np.array(shape) - 1.0, 20_000, 0)
    its = [fg.Interpolant(f, boundary=boundary, workers=workers) for workers in (1, 2, 5)]
    for other in its[1:]:
        assert_same_bits(other._spline.coefficients, its[0]._spline.coefficients)
    results = [evaluate(its[0], points, workers=workers) for workers in (1, 2, 5)]
    for other in results[1:]:
        for actual, expected in zip(other, results[0], strict=True):
            assert_same_bits(actual, expected)


def test_points_do_not_depend_on_each_other():
    f = np.random.default_rng(0).uniform(-1, 1, (7, 8, 9))
    it = fg.Interpolant(f)
    points = points_between((-1, -1, -1), (7, 8, 9), 1500, 0)
    for all_at_once, k in zip(evaluate(it, points), range(3), strict=True):
        alone = np.concatenate([evaluate(it, points[i : i + 1])[k] for i in range(0, 1500, 7)])
        assert_same_bits(alone, all_at_once[::7])


@pytest.mark.linux
@pytest.mark.uninstrumented
@pytest.mark.parametrize("workers", (1, 2))
def test_interrupt_ends_a_long_call_within_a_second(workers):
    code = (
        "import children, numpy as np, fieldgrad as fg\n"
        "children.heed_interrupts()\n"
        "it = fg.Interpolant(np.zeros((4,) * 6))\n"
        "points = np.ones((4_000_000, 6))\n"
        "print('go', flush=True)\n"
        f"it.hessian(points, workers={workers})\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], env=child_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "go\n"
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=1)
    assert "KeyboardInterrupt" in errors


# copies


COPIES = (copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing)))


@pytest.mark.parametrize("copied", COPIES, ids=("copy", "deepcopy", "pickle"))
@pytest.mark.parametrize("period", (None, 9.0))
def test_copies_are_the_same_function(copied, period):
    x = np.array([0.0, 1.0, 2.5, 3.0, 5.0])[::-1]
    it = interpolant_of(np.random.default_rng(0).uniform(-1, 1, (5, 6)), (x, np.arange(6.0)), (period, None))
    points = points_between((-1, -1), (6, 6), 50, 0)
    other = copied(it)
    for actual, expected in zip(evaluate(other, points), evaluate(it, points), strict=True):
        assert_same_bits(actual, expected)
    assert (other.shape, other.ndim, repr(other)) == (it.shape, it.ndim, repr(it))
    assert other.grid.periodic == it.grid.periodic
    near = it.linearize([1.0, 2.0])
    again = copied(near)
    assert (again.value, again([0.1, 0.2]), again.error_bound(0.3)) == (
        near.value,
        near([0.1, 0.2]),
        near.error_bound(0.3),
    )


def test_copies_work_in_other_processes():
    it = fg.Interpolant(np.random.default_rng(0).uniform(-1, 1, (5, 6)), boundary="periodic")
    parts = np.split(points_between((0, 0), (5, 6), 60, 0), 3)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for actual, part in zip(pool.map(it, parts), parts, strict=True):
            assert_same_bits(actual, it(part))


# what is refused

SAMPLES = np.random.default_rng(0).uniform(-1, 1, (5, 6))
X, Y = np.arange(5.0), np.arange(6.0)

BAD_FIELDS = {
    "complex": (SAMPLES + 0j, TypeError, "real numbers, got dtype complex128"),
    "dates": (SAMPLES.astype("M8[s]"), TypeError, "real numbers"),
    "objects": (SAMPLES.astype(object), TypeError, "f must be"),
    "strings": (SAMPLES.astype(str), TypeError, "f must be"),
    "ragged": ([[1], [1, 2]], ValueError, "f must be"),
    "a number": (1.0, ValueError, "at least one axis"),
    "short": (SAMPLES[:3], ValueError, "3 samples along axis 0, a cubic spline needs at least 4"),
    "empty": (SAMPLES[:, :0], ValueError, "0 samples along axis 1"),
    "NaN": (np.where(SAMPLES[2, 2] == SAMPLES, np.nan, SAMPLES), ValueError, "finite"),
    "infinity": (np.where(SAMPLES[2, 2] == SAMPLES, np.inf, SAMPLES), ValueError, "finite"),
    "minus infinity": (np.where(SAMPLES[2, 2] == SAMPLES, -np.inf, SAMPLES), ValueError, "finite"),
    "masked": (np.ma.masked_greater(SAMPLES, 0.5), ValueError, "masked"),
    "too large": (SAMPLES.astype(np.longdouble) * np.longdouble("1e400"), ValueError, "finite float64"),
}


@pytest.mark.parametrize("name", BAD_FIELDS)
def test_bad_fields_are_refused(name):
    f, error, words = BAD_FIELDS[name]
    with pytest.raises(error, match=words):
        fg.Interpolant(f)


@pytest.mark.parametrize("spacing", ((X,), (X, X), (Y, X), (1, 1, 1), (0.0,), (np.nan, 1.0), (X, Y * 0), (1j,), ("1",)))
def test_bad_spacings_are_refused(spacing):
    with pytest.raises(EITHER, match="spacing"):
        fg.Interpolant(SAMPLES, *spacing)


@pytest.mark.parametrize("h", (1e-200, 1e200, 5e-324))
def test_steps_that_leave_no_second_derivative_are_refused(h):
    for spacing in ((h, 1.0), (X * h, 1.0)):
        with pytest.raises(ValueError, match="spacing along axis 0 must have steps whose squares"):
            fg.Interpolant(SAMPLES, *spacing)
    with pytest.raises(ValueError, match="spacing along axis 1"):
        fg.Interpolant(SAMPLES, 1.0, np.longdouble(1) + Y * np.longdouble(1e-18))


@pytest.mark.parametrize("boundary", ("mirror", "wrap", None, ("periodic",), (("periodic", "one-sided"), "periodic")))
def test_bad_boundaries_are_refused(boundary):
    with pytest.raises(EITHER, match="boundary"):
        fg.Interpolant(SAMPLES, boundary=boundary)


def test_boundaries_do_not_contradict_grids():
    grid = fg.Grid.cartesian(1.0, 1.0, periodic=(True, False))
    with pytest.raises(ValueError, match="axis 0 of the grid is periodic"):
        fg.Interpolant(SAMPLES, grid, boundary="mirror")
    with pytest.raises(ValueError, match="uneven"):
        fg.Interpolant(SAMPLES, X**2, Y, boundary=("periodic", "one-sided"))


BAD_POINTS = {
    "a number": 1.0,
    "a point": [1.0, 1.0],
    "one coordinate": [[1.0]],
    "three coordinates": [[1.0, 1.0, 1.0]],
    "three axes": [[[1.0, 1.0]]],
    "no coordinates": np.empty((2, 0)),
    "complex": [[1j, 1]],
    "strings": [["1", "1"]],
    "ragged": [[1], [1, 2]],
}


@pytest.mark.parametrize("points", BAD_POINTS.values(), ids=BAD_POINTS)
def test_bad_points_are_refused(points):
    it = fg.Interpolant(SAMPLES)
    for method in (it, it.gradient, it.hessian):
        with pytest.raises(EITHER, match="points must"):
            method(points)


def test_masked_points_are_refused():
    with pytest.raises(ValueError, match="points must have no masked"):
        fg.Interpolant(SAMPLES)(np.ma.masked_less([[1.0, 0.0]], 0.5))


@pytest.mark.parametrize("workers", (0, -1, 1.5, "2", True))
def test_bad_workers_are_refused(workers):
    with pytest.raises(EITHER, match="workers"):
        fg.Interpolant(SAMPLES, workers=workers)
    with pytest.raises(EITHER, match="workers"):
        fg.Interpolant(SAMPLES)([[1.0, 1.0]], workers=workers)


def test_importing_the_interpolant_imports_nothing_of_scipy():
    code = "import fieldgrad, sys; fieldgrad.Interpolant([1, 2, 3, 4]); print(any('scipy' in m for m in sys.modules))"
    assert output_of(code) == "False"
