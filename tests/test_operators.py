"""The other operators: sums of derivatives that an oracle takes one by one, in every kind and layout of numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fieldgrad as fg
import nasty
from fieldgrad._engine import core
from helpers import assert_same_bits
from oracles import ONE_SIDED, PAD_MODES, derivative_with_gaps

BOUNDARIES = (ONE_SIDED, *PAD_MODES)


def oracle(f, coords, axis, order, accuracy, edge_order, boundary, cval, present):
    """A derivative along an axis, and its scale."""
    at_edges = edge_order or (1 if accuracy == 2 and order == 1 else accuracy)
    lines, marks = (np.moveaxis(a, axis, 0).reshape(f.shape[axis], -1) for a in (f, present))
    x, period = coords[axis]
    result, scale = np.empty(lines.shape, np.longdouble), np.empty(lines.shape, np.longdouble)
    for k in range(lines.shape[1]):
        result[:, k], scale[:, k] = derivative_with_gaps(
            lines[:, k], marks[:, k], x, accuracy, at_edges, boundary[axis], cval, period, order
        )
    shape = np.moveaxis(f, axis, 0).shape
    return tuple(np.moveaxis(a.reshape(shape), 0, axis) for a in (result, scale))


@st.composite
def problems(draw, dims=(1, 3), sizes=(1, 8), least=None):
    """A grid, how to derive, and which samples are there."""
    ndim = draw(st.integers(*dims))
    accuracy = draw(st.sampled_from((2, 4)))
    edge_order = draw(st.sampled_from((None, 1, 2)))
    boundary, coords, spacing, periodic, periods, shape = [], [], [], [], [], []
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    order = draw(st.integers(1, 4))
    for _ in range(ndim):
        n = max(draw(st.integers(*sizes)), (edge_order or accuracy) + max(order, 2))
        even, loop = draw(st.booleans()), draw(st.booleans())
        step = float(rng.uniform(0.5, 2))
        x = step * np.arange(n) if even else np.cumsum(rng.uniform(0.5, 1.5, n))
        period = n * step if even else x[-1] - x[0] + 1
        words = ("periodic",) * 2 if loop else tuple(draw(st.sampled_from(BOUNDARIES)) for _ in range(2))
        if "periodic" in words and not loop:
            words = (ONE_SIDED, "mirror")
        shape.append(n)
        coords.append((x, period))
        spacing.append(step if even else x)
        boundary.append(words)
        periodic.append(loop)
        periods.append(None if even or not loop else period)
    grid = fg.Grid.cartesian(*spacing, shape=shape, periodic=periodic, period=periods)
    words = tuple(ONE_SIDED if loop else pair for pair, loop in zip(boundary, periodic, strict=True))
    options = {"accuracy": accuracy, "edge_order": edge_order, "boundary": words, "cval": 0.7}
    present = np.ones(shape, bool)
    if draw(st.booleans()):
        present = rng.random(shape) > draw(st.sampled_from((0.1, 0.5)))
        options["where"] = present
    return rng, grid, tuple(shape), coords, tuple(boundary), order, present, options


def assert_close(actual, expected, scale, factor=16):
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    known = ~np.isnan(expected)
    limit = factor * np.finfo(float).eps * scale[known]
    assert (np.abs(actual[known] - expected[known]) <= limit).all()


def derivatives(problem, fields, wanted):
    """Those of the oracle, summed with signs: wanted are (sign, field, axis, order)."""
    _, _, _, coords, boundary, _, present, options = problem
    total, scale = 0, 0
    for sign, k, axis, order in wanted:
        result, size = oracle(
            fields[k], coords, axis, order, options["accuracy"], options["edge_order"], boundary, 0.7, present
        )
        total, scale = total + sign * result, scale + size
    return total, scale


@given(problems())
def test_partial_derivatives_are_those_of_the_oracle(problem):
    rng, grid, shape, _, _, order, present, options = problem
    f = rng.standard_normal(shape)
    for axis in range(len(shape)):
        seen = np.where(present, f, np.nan)
        actual = fg.partial(seen, grid, axis=axis, order=order, **options)
        assert_close(actual, *derivatives(problem, [f], [(1, 0, axis, order)]), 64)


@given(problems())
def test_laplacians_are_sums_of_second_derivatives(problem):
    rng, grid, shape, _, _, _, present, options = problem
    f = rng.standard_normal(shape)
    wanted = [(1, 0, k, 2) for k in range(len(shape))]
    assert_close(fg.laplacian(np.where(present, f, 1e300), grid, **options), *derivatives(problem, [f], wanted))


@given(problems())
def test_divergences_are_sums_of_derivatives(problem):
    rng, grid, shape, _, _, _, present, options = problem
    vectors = rng.standard_normal((len(shape), *shape))
    wanted = [(1, k, k, 1) for k in range(len(shape))]
    actual = fg.divergence(np.where(present, vectors, np.inf), grid, **options)
    assert_close(actual, *derivatives(problem, vectors, wanted))


@given(problems(dims=(2, 3)))
def test_curls_are_differences_of_derivatives(problem):
    rng, grid, shape, _, _, _, present, options = problem
    vectors = rng.standard_normal((len(shape), *shape))
    actual = fg.curl(np.where(present, vectors, np.nan), grid, **options)
    if len(shape) == 2:
        assert_close(actual, *derivatives(problem, vectors, [(1, 1, 0, 1), (-1, 0, 1, 1)]))
        return
    for i, (j, k) in enumerate(((1, 2), (2, 0), (0, 1))):
        assert_close(actual[i], *derivatives(problem, vectors, [(1, k, j, 1), (-1, j, k, 1)]))


@given(problems(sizes=(1, 6)), st.integers(1, 4))
def test_jacobians_are_stacks_of_gradients(problem, count):
    rng, grid, shape, _, _, _, _, options = problem
    fields = rng.standard_normal((count, *shape))
    actual = fg.jacobian(fields, grid, **options)
    assert actual.shape == (count, len(shape), *shape)
    for field, derivative in zip(fields, actual, strict=True):
        assert_same_bits(derivative, fg.gradient(field, grid, axis=tuple(range(len(shape))), **options))


@given(problems(dims=(1, 3), sizes=(1, 6)))
def test_hessians_are_derivatives_of_derivatives(problem):
    """Beyond a constant edge, derivatives along it are zero."""
    rng, grid, shape, coords, boundary, _, present, options = problem
    f = rng.standard_normal(shape)
    actual = fg.hessian(np.where(present, f, np.nan), grid, **options)
    d, how = len(shape), (options["accuracy"], options["edge_order"] or options["accuracy"], boundary)
    assert actual.shape == (d, d, *shape)
    for i in range(d):
        assert_same_bits(actual[i, i], fg.partial(f, grid, axis=i, order=2, **options))
        first, size = oracle(f, coords, i, 1, *how, 0.7, present)
        there = ~np.isnan(first)
        for k in range(i + 1, d):
            expected, _ = oracle(first, coords, k, 1, *how, 0.0, there)
            _, scale = oracle(size, coords, k, 1, *how, 0.0, there)
            assert_close(actual[i, k], expected, scale)
            assert_same_bits(actual[k, i], actual[i, k])
    if "where" not in options:
        np.testing.assert_allclose(np.trace(actual), fg.laplacian(f, grid, **options), rtol=1e-12, atol=1e-12)


@given(problems(), st.booleans())
def test_directional_derivatives_are_products_with_the_gradient(problem, normalize):
    rng, grid, shape, _, _, _, _, options = problem
    f = rng.standard_normal(shape)
    gradient = fg.gradient(f, grid, axis=tuple(range(len(shape))), **options)
    for direction in (rng.standard_normal(len(shape)), rng.standard_normal((len(shape), *shape))):
        size = np.sqrt((direction**2).sum(axis=0)) if normalize else 1
        unit = (direction / size).reshape(len(shape), *np.shape(direction)[1:] or (1,) * len(shape))
        expected = (unit * gradient).sum(axis=0)
        actual = fg.directional_derivative(f, direction, grid, normalize=normalize, **options)
        np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)


def shell(shape):
    return fg.Grid.spherical(*(np.linspace(1, 2, n) for n in shape))


def uneven(shape):
    return fg.Grid.cartesian(*(np.linspace(1, 2, n) ** 2 for n in shape))


@pytest.mark.parametrize("make", (lambda shape: 1.0, uneven, shell), ids=("even", "uneven", "shell"))
def test_directions_may_have_any_length(make):
    """Above the largest square and below the smallest, side by side, more of them than are made at once."""
    rng, shape = np.random.default_rng(0), (45, 47, 46)
    grid = make(shape)
    f, v = rng.standard_normal(shape), rng.standard_normal((3, *shape))
    expected = fg.directional_derivative(f, v, grid)
    unit = v / np.sqrt((v**2).sum(axis=0))
    np.testing.assert_allclose(expected, (unit * fg.gradient(f, grid)).sum(axis=0), rtol=1e-12, atol=1e-10)
    sizes = 2.0 ** rng.integers(-1000, 1020, shape)
    np.testing.assert_allclose(fg.directional_derivative(f, v * sizes, grid), expected, rtol=1e-12, atol=1e-10)
    v[:, 3, 4, 5] = 0, 5e-324, -5e-324
    v[:, 40, 40, 40] = 1.7e308, 1.7e308, 1.7e308
    actual, slopes = fg.directional_derivative(f, v, grid), fg.gradient(f, grid)
    np.testing.assert_allclose(actual[3, 4, 5], (slopes[1] - slopes[2])[3, 4, 5] / 2**0.5)
    np.testing.assert_allclose(actual[40, 40, 40], slopes[:, 40, 40, 40].sum() / 3**0.5)


@pytest.mark.parametrize(("wrong", "normalize"), ((np.nan, True), (np.nan, False), (np.inf, True), (0.0, True)))
@pytest.mark.parametrize("curved", (False, True))
def test_one_wrong_direction_among_many_is_refused(wrong, normalize, curved):
    shape = 60, 61, 62
    f, v, out = np.ones(shape), np.ones((3, *shape)), np.full(shape, 7.0)
    v[:, 50, 3, 61] = wrong
    grid = shell(shape) if curved else 1.0
    with pytest.raises(ValueError, match="direction must"):
        fg.directional_derivative(f, v, grid, normalize=normalize, out=out)
    assert (out == 7).all()


@pytest.mark.parametrize("normalize", (False, True))
@pytest.mark.parametrize("curved", (False, True))
def test_results_may_take_the_place_of_directions(normalize, curved):
    rng, shape = np.random.default_rng(0), (45, 47, 46)
    f, v = rng.standard_normal(shape), rng.standard_normal((3, *shape))
    grid = shell(shape) if curved else 1.0
    expected = fg.directional_derivative(f, v, grid, normalize=normalize)
    assert_same_bits(fg.directional_derivative(f, v, grid, normalize=normalize, out=v[1]), expected)


# ---- kinds of arrays -------------------------------------------------------------------------------------------

OPERATORS = {
    "partial": lambda f, **o: fg.partial(f, axis=f.ndim - 1, order=2, **o),
    "laplacian": fg.laplacian,
    "divergence": lambda f, **o: fg.divergence(stacked(f), **o),
    "curl": lambda f, **o: fg.curl(stacked(f), **o),
    "jacobian": lambda f, **o: fg.jacobian(stacked(f), **o),
    "hessian": fg.hessian,
    "directional": lambda f, **o: fg.directional_derivative(f, (1.0, 2.0), **o),
    "along a field": lambda f, **o: fg.directional_derivative(
        f, np.stack([np.ones(f.shape), np.arange(float(f.size)).reshape(f.shape)]), **o
    ),
}


def stacked(f):
    """Two components with the field's layout, as parts of one array."""
    pair = np.empty((2, *f.shape), f.dtype)
    pair[0], pair[1] = f, f[::-1, ::-1]
    return pair


@pytest.mark.parametrize("name", OPERATORS)
@given(dtype=st.sampled_from(nasty.DTYPES), layout=st.sampled_from(tuple(nasty.LAYOUTS)), workers=st.integers(1, 3))
def test_layouts_and_kinds_of_numbers_do_not_matter(name, dtype, layout, workers):
    rng = np.random.default_rng(1)
    f = rng.integers(0, 2 if dtype.kind == "b" else 9, (7, 8)).astype(dtype)
    expected = OPERATORS[name](f)
    assert expected.dtype == nasty.result_dtype(dtype)
    assert_same_bits(OPERATORS[name](nasty.LAYOUTS[layout](f), workers=workers), expected)
    out = np.empty_like(expected)
    assert OPERATORS[name](f, out=out) is out
    assert_same_bits(out, expected)
    wide = OPERATORS[name](f.astype(np.clongdouble if dtype.kind == "c" else np.longdouble))
    size = np.abs(wide).max()
    np.testing.assert_allclose(expected, wide, rtol=0, atol=8 * np.finfo(expected.dtype).eps * size)


@pytest.mark.parametrize("name", OPERATORS)
def test_large_fields_have_the_bits_of_every_instruction_set(name, isa):
    f = np.random.default_rng(2).standard_normal((900, 700))
    core.use_isa("baseline")
    expected = OPERATORS[name](f, workers=1)
    core.use_isa(isa)
    actual = OPERATORS[name](f, workers=2)
    assert_same_bits(actual, expected)
    part = OPERATORS[name](np.ascontiguousarray(f[400:460, 300:360]), workers=1)
    if name not in ("along a field", "divergence", "curl", "jacobian"):
        inner = (..., slice(4, -4), slice(4, -4))
        assert_same_bits(actual[..., 400:460, 300:360][inner], part[inner])
    out = np.empty_like(actual)
    OPERATORS[name](f, out=out, workers=1)
    assert_same_bits(out, actual)


@pytest.mark.parametrize("name", OPERATORS)
def test_results_may_overlap_the_field(name):
    rng = np.random.default_rng(3)
    of_vectors = name in ("divergence", "curl", "jacobian")
    function = getattr(fg, name) if of_vectors else OPERATORS[name]
    f = rng.standard_normal((2, 24, 30) if of_vectors else (24, 30))
    expected = function(f)
    room = np.empty(expected.size + f.size)
    mine = room[5 : 5 + f.size].reshape(f.shape)
    mine[...] = f
    out = room[: expected.size].reshape(expected.shape)
    assert_same_bits(function(mine, out=out), expected)


@pytest.mark.parametrize("name", OPERATORS)
def test_masked_arrays_give_masked_results(name):
    rng = np.random.default_rng(4)
    f = np.ma.array(rng.standard_normal((9, 10)), mask=rng.random((9, 10)) < 0.2)
    if name in ("divergence", "curl", "jacobian"):
        function = getattr(fg, name)
        result = function(np.ma.stack([f, f]))
        plain = function(np.stack([f.data, f.data]), where=~f.mask)
    else:
        result = OPERATORS[name](f)
        plain = OPERATORS[name](f.data, where=~f.mask)
    assert isinstance(result, np.ma.MaskedArray)
    np.testing.assert_array_equal(np.ma.getmaskarray(result), np.isnan(plain))
    assert_same_bits(result.filled(np.nan), plain)


@pytest.mark.parametrize(
    "grid", ((), (fg.Grid.polar(np.arange(9.0), np.arange(10) * np.pi / 5),)), ids=("straight", "polar")
)
@pytest.mark.parametrize("mask", (np.ma.nomask, False, np.zeros((9, 10), bool)), ids=("none", "False", "zeros"))
def test_masked_arrays_without_gaps_give_masked_results(grid, mask):
    f = np.random.default_rng(4).standard_normal((9, 10))
    masked = np.ma.array(f, mask=mask)
    for function in (fg.gradient, fg.gradient_magnitude, fg.normals, fg.laplacian, fg.hessian):
        result = function(masked, *grid)
        assert isinstance(result, np.ma.MaskedArray)
        assert not np.ma.is_masked(result)
        assert_same_bits(result.data, function(f, *grid))
    for function in (fg.divergence, fg.curl, fg.jacobian):
        assert isinstance(function(np.ma.stack([masked, masked]), *grid), np.ma.MaskedArray)


@pytest.mark.parametrize(
    "grid", ((), (fg.Grid.polar(np.arange(9.0), np.arange(10) * np.pi / 5),)), ids=("straight", "polar")
)
def test_masked_results_are_masked_anew(grid):
    rng = np.random.default_rng(4)
    f = np.ma.array(rng.standard_normal((9, 10)), mask=rng.random((9, 10)) < 0.2)
    F = np.ma.stack([f, f])
    for function, field in ((fg.laplacian, f), (fg.hessian, f), (fg.gradient, f), (fg.divergence, F), (fg.jacobian, F)):
        expected = function(field, *grid)
        out = np.ma.array(np.zeros(expected.shape), mask=True)
        assert function(field, *grid, out=out) is out
        np.testing.assert_array_equal(out.mask, expected.mask)
        assert_same_bits(out.filled(np.nan), expected.filled(np.nan))


@pytest.mark.parametrize("wrong", (0.0, np.nan, np.inf))
@pytest.mark.parametrize("curved", (False, True))
def test_directions_of_absent_samples_do_not_matter(wrong, curved):
    rng, present = np.random.default_rng(5), np.ones((9, 10), bool)
    present[3, 4] = False
    f, directions = rng.standard_normal((9, 10)), rng.standard_normal((2, 9, 10))
    grid = (fg.Grid.polar(np.arange(9.0), np.arange(10) * np.pi / 5),) if curved else ()
    expected = fg.directional_derivative(f, directions, *grid, where=present)
    directions[:, 3, 4] = wrong
    assert_same_bits(fg.directional_derivative(f, directions, *grid, where=present), expected)
    with_nan = np.where(present, f, np.nan)
    assert_same_bits(fg.directional_derivative(with_nan, directions, *grid, nan="omit"), expected)
    masked = fg.directional_derivative(np.ma.array(f, mask=~present), directions, *grid)
    assert_same_bits(masked.filled(np.nan), expected)
    unknown = np.ma.array(np.nan_to_num(directions), mask=np.broadcast_to(~present, directions.shape))
    assert_same_bits(fg.directional_derivative(f, unknown, *grid, where=present), expected)
    with pytest.raises(ValueError, match="direction must be finite"):
        fg.directional_derivative(f, unknown, *grid)
    with pytest.raises(ValueError, match="direction must"):
        fg.directional_derivative(f, directions, *grid)


# ---- what they are in analysis -----------------------------------------------------------------------------------


def field(x, y):
    return np.sin(x + 0.3) * np.cos(y - 0.2)


def along_x(x, y):
    return np.cos(x + 0.3) * np.cos(y - 0.2)


def along_y(x, y):
    return -np.sin(x + 0.3) * np.sin(y - 0.2)


ORDERS = {  # the operator of a field and its coordinates, and what it should be
    "partial 1": (lambda f, *x, **o: fg.partial(f, *x, axis=0, **o), along_x),
    "partial 2": (lambda f, *x, **o: fg.partial(f, *x, axis=1, order=2, **o), lambda *x: -field(*x)),
    "partial 3": (lambda f, *x, **o: fg.partial(f, *x, axis=0, order=3, **o), lambda *x: -along_x(*x)),
    "partial 4": (lambda f, *x, **o: fg.partial(f, *x, axis=1, order=4, **o), field),
    "laplacian": (fg.laplacian, lambda *x: -2 * field(*x)),
    "hessian": (
        lambda f, *x, **o: fg.hessian(f, *x, **o)[0, 1],
        lambda x, y: -np.cos(x + 0.3) * np.sin(y - 0.2),
    ),
    "divergence": (
        lambda f, *x, **o: fg.divergence(np.stack([f, 2 * f]), *x, **o),
        lambda *x: along_x(*x) + 2 * along_y(*x),
    ),
    "curl": (
        lambda f, *x, **o: fg.curl(np.stack([f, 2 * f]), *x, **o),
        lambda *x: 2 * along_x(*x) - along_y(*x),
    ),
    "directional": (
        lambda f, *x, **o: fg.directional_derivative(f, (3, 4), *x, **o),
        lambda *x: 0.6 * along_x(*x) + 0.8 * along_y(*x),
    ),
}


@pytest.mark.parametrize("accuracy", (2, 4, 6, 8))
@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("even", (True, False), ids=("even", "stretched"))
def test_orders_of_accuracy(name, accuracy, even):
    function, exact = ORDERS[name]
    errors, counts = [], (60, 90) if accuracy < 8 else (30, 45)
    for n in counts:
        xi = np.linspace(0, 1, n, dtype=np.longdouble)  # or rounding would be all that is seen of higher orders
        coords = [length * (xi if even else xi + np.sin(2 * xi) / 13) for length in (3, 2.5)]
        at = np.meshgrid(*coords, indexing="ij")
        first_at_ends = accuracy == 2 and name in ("partial 1", "divergence", "curl", "directional")
        actual = function(field(*at), *coords, accuracy=accuracy, edge_order=2 if first_at_ends else None)
        errors.append(np.abs(actual - exact(*at)).max())
    order = np.log(errors[0] / errors[1]) / np.log((counts[1] - 1) / (counts[0] - 1))
    # One-sided stencils of even order have a point more than central ones, and may be better than they should.
    assert accuracy - (0.2 if accuracy < 8 else 0.5) < order < accuracy + 0.6


def test_identities():
    rng = np.random.default_rng(6)
    grid = fg.Grid.cartesian(0.5, shape=(9, 10, 11), periodic=True)
    f, vectors = rng.standard_normal((9, 10, 11)), rng.standard_normal((3, 9, 10, 11))
    np.testing.assert_allclose(fg.curl(fg.gradient(f, grid), grid), 0, atol=1e-13)
    np.testing.assert_allclose(fg.divergence(fg.curl(vectors, grid), grid), 0, atol=1e-13)
    total = fg.divergence(vectors, grid).sum()
    assert abs(total) < 1e-11
    for function in (fg.laplacian, fg.hessian):
        np.testing.assert_array_equal(function(np.full((8, 9), 1e8 / 3), 0.1), 0)


@pytest.mark.parametrize("order", (1, 2, 3, 4))
@pytest.mark.parametrize("accuracy", (2, 4, 6, 8))
def test_polynomials_are_exact(order, accuracy):
    rng = np.random.default_rng(order)
    x = np.cumsum(rng.uniform(0.5, 1.5, 30)) / 10
    polynomial = np.polynomial.Polynomial(rng.uniform(-1, 1, accuracy + order - (order % 2 == 0)))
    for coords in (x, np.linspace(0, 3, 30)):
        actual = fg.partial(polynomial(coords), coords, axis=0, order=order, accuracy=accuracy, edge_order=None)
        if accuracy == 2 and order == 1:
            actual = fg.partial(polynomial(coords), coords, axis=0, accuracy=2, edge_order=2)
        expected = polynomial.deriv(order)(coords)
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-9 * np.abs(expected).max())


# ---- bad input -------------------------------------------------------------------------------------------------

F = np.ones((5, 6))


@pytest.mark.parametrize(
    ("error", "match", "call"),
    [
        (TypeError, "axis must be an int, got None", lambda: fg.partial(F, axis=None)),
        (TypeError, "axis must be an int", lambda: fg.partial(F, axis=(0, 1))),
        (ValueError, "order must be 1, 2, 3 or 4, got 5", lambda: fg.partial(F, axis=0, order=5)),
        (ValueError, "axis", lambda: fg.partial(F, axis=2)),
        (ValueError, "needs at least 11", lambda: fg.partial(F, axis=0, order=3, accuracy=8)),
        (ValueError, "needs at least 4", lambda: fg.laplacian(np.ones((3, 9)))),
        (ValueError, "one component for each of its 2 other axes, got 3", lambda: fg.divergence(np.ones((3, 5, 6)))),
        (ValueError, "F must have an axis of components", lambda: fg.divergence(np.ones(4))),
        (ValueError, "2 or 3 components for its curl, got 1", lambda: fg.curl(np.ones((1, 5)))),
        (ValueError, "2 or 3 components for its curl, got 4", lambda: fg.curl(np.ones((4, 5, 5, 5, 5)))),
        (TypeError, "F must be an array of numbers", lambda: fg.jacobian(np.ones((2, 4), "m8[s]"))),
        (ValueError, "direction must not be zero", lambda: fg.directional_derivative(F, (0, 0))),
        (ValueError, "direction must have shape", lambda: fg.directional_derivative(F, (1, 0, 0))),
        (ValueError, "direction must be finite", lambda: fg.directional_derivative(F, (1, np.nan))),
        (TypeError, "direction must be real numbers", lambda: fg.directional_derivative(F, (1j, 0))),
        (ValueError, "out must have shape", lambda: fg.hessian(F, out=np.empty((2, 2, 5, 5)))),
        (TypeError, "out must have dtype", lambda: fg.laplacian(F, out=np.empty((5, 6), np.float32))),
        (TypeError, "f must be an array of numbers", lambda: fg.hessian(np.ones((4, 5), "m8[s]"))),
        (TypeError, "spacing needs", lambda: fg.laplacian(F, 1.0, 2.0, 3.0)),
    ],
)
def test_bad_input_is_named(error, match, call):
    with pytest.raises(error, match=match):
        call()


@pytest.mark.parametrize("boundary", PAD_MODES)
@pytest.mark.parametrize("shape", ((1, 5), (1, 1, 4), (3, 1, 4), (4, 3, 1)))
def test_second_derivatives_of_short_axes(shape, boundary):
    f = np.random.default_rng(1).random(shape)
    hessian = fg.hessian(f, boundary=boundary)
    for i in range(len(shape)):
        for k in range(i + 1, len(shape)):
            both = fg.partial(fg.partial(f, axis=i, boundary=boundary), axis=k, boundary=boundary)
            np.testing.assert_allclose(hessian[i, k], both, atol=1e-15)
