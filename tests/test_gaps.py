"""Samples that are absent: stencils turn one-sided next to them, and nothing of them is seen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fieldgrad as fg
import nasty
from helpers import FUNCTIONS, assert_same_bits, assert_within_rounding
from oracles import ONE_SIDED, PAD_MODES, derivative_with_gaps

STRANGE = (np.nan, np.inf, -np.inf, 1e300, 0.0)


def blobs(shape, seed=0, share=0.3):
    """About so many samples are absent, side by side and alone."""
    rng = np.random.default_rng(seed)
    coarse = rng.random([-(-n // 3) for n in shape])
    for axis in range(len(shape)):
        coarse = np.repeat(coarse, 3, axis)
    return (coarse[tuple(slice(n) for n in shape)] > share / 2) & (rng.random(shape) > share / 2)


def spoiled(f, present, seed=0):
    """The field with strange numbers where it is absent."""
    g = f.copy()
    g[~present] = np.resize(np.array(STRANGE).astype(f.dtype), f.size)[: int((~present).sum())]
    return g


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 24),
    accuracy=st.sampled_from((2, 4, 6, 8)),
    edge_order=st.sampled_from((None, 1, 2)),
    low=st.sampled_from((ONE_SIDED, *PAD_MODES)),
    high=st.sampled_from((ONE_SIDED, *PAD_MODES)),
    share=st.sampled_from((0.1, 0.4, 0.8)),
    even=st.booleans(),
    position=st.sampled_from(("alone", "first", "middle", "last")),
)
def test_derivatives_are_those_of_the_oracle(seed, n, accuracy, edge_order, low, high, share, even, position):
    if "periodic" in (low, high):
        low = high = "periodic"
    rng = np.random.default_rng(seed)
    order = edge_order or (1 if accuracy == 2 else accuracy)
    n = max(n, order + 1, 2)
    x = 0.25 * np.arange(n) if even else np.cumsum(rng.uniform(0.5, 1.5, n))
    period = n * 0.25 if even else x[-1] - x[0] + 1
    extra = {"alone": (), "first": (3,), "middle": (2, 3), "last": (4,)}[position]
    axis = {"alone": 0, "first": 0, "middle": 1, "last": 1}[position]
    shape = (*extra[:axis], n, *extra[axis:])
    f, present = rng.standard_normal(shape), rng.random(shape) > share
    grid = [1.0] * len(shape)
    grid[axis] = x
    boundary = [ONE_SIDED] * len(shape)
    boundary[axis] = (low, high)
    grid = fg.Grid.cartesian(
        *(np.arange(n) * 1.0 if k != axis else x for k, n in enumerate(shape)),
        periodic=[k == axis and low == "periodic" for k in range(len(shape))],
        period=[period if k == axis and low == "periodic" else None for k in range(len(shape))],
    )
    options = {"accuracy": accuracy, "edge_order": edge_order, "cval": 0.7}
    if low != "periodic":
        options["boundary"] = tuple(boundary)
    actual = fg.gradient(spoiled(f, present), grid, axis=axis, where=present, **options)
    lines = np.moveaxis(f, axis, 0).reshape(n, -1)
    marks = np.moveaxis(present, axis, 0).reshape(n, -1)
    results = np.moveaxis(actual, axis, 0).reshape(n, -1)
    for line, there, result in zip(lines.T, marks.T, results.T, strict=True):
        expected, scale = derivative_with_gaps(line, there, x, accuracy, order, (low, high), 0.7, period)
        np.testing.assert_array_equal(np.isnan(result), np.isnan(expected))
        known = ~np.isnan(expected)
        assert_within_rounding(result[known], expected[known], scale[known], 4)


@pytest.mark.parametrize("function", FUNCTIONS)
@given(
    dtype=st.sampled_from(nasty.DTYPES),
    shape=st.sampled_from(((17,), (9, 14), (5, 6, 7), (2, 3, 4, 5))),
    layout=st.sampled_from(tuple(nasty.LAYOUTS)),
    accuracy=st.sampled_from((2, 4)),
    seed=st.integers(0, 99),
)
def test_absent_values_and_layouts_do_not_matter(function, dtype, shape, layout, accuracy, seed):
    rng = np.random.default_rng(seed)
    f = rng.integers(0, 2 if dtype.kind == "b" else 100, shape).astype(dtype)
    present = blobs(shape, seed)
    options = {"accuracy": accuracy, "edge_order": 1, "boundary": "nearest"}
    with np.errstate(all="ignore"):
        spoilt = spoiled(f, present)
    expected = function(f, where=present, **options)
    assert np.isnan(expected[..., ~present]).all()
    assert_same_bits(function(nasty.LAYOUTS[layout](spoilt), where=present, **options), expected)
    assert_same_bits(function(spoilt, where=np.asfortranarray(present), workers=3, **options), expected)
    if dtype.kind in "fc":
        spoilt[~present] = np.nan
        assert_same_bits(function(spoilt, nan="omit", **options), expected)
        out = np.empty_like(expected)
        assert function(spoilt, nan="omit", out=out, **options) is out
        assert_same_bits(out, expected)


@pytest.mark.parametrize("accuracy", (2, 4, 6, 8))
@pytest.mark.parametrize("edge_order", (None, 1, 2))
def test_a_coast_is_an_end(accuracy, edge_order, isa):
    rng = np.random.default_rng(accuracy)
    f = rng.standard_normal((40, 41, 42))
    options = {"accuracy": accuracy, "edge_order": edge_order}
    for axis in range(3):
        present = np.zeros(f.shape, bool)
        part = tuple(slice(7, 30) if k == axis else slice(None) for k in range(3))
        present[part] = True
        whole = fg.gradient(f, 0.3, 0.1, 2.0, where=present, **options)
        assert_same_bits(whole[(slice(None), *part)], fg.gradient(f[part], 0.3, 0.1, 2.0, **options))


def test_large_fields_with_coasts(isa):
    """Many tiles and segments, and lines longer than a block."""
    for shape in ((130, 90, 64), (70, 20000), (3, 300, 900)):
        f = np.random.default_rng(1).standard_normal(shape)
        present = blobs(shape, 2)
        expected = []
        for axis in range(len(shape)):
            g, there = (np.moveaxis(a, axis, -1) for a in (f, present))
            pad = [(0, 0)] * (g.ndim - 1)
            difference = np.diff(g)
            ahead = np.pad(difference, [*pad, (0, 1)])
            behind = np.pad(difference, [*pad, (1, 0)])
            has_next = np.pad(there[..., 1:], [*pad, (0, 1)])
            has_previous = np.pad(there[..., :-1], [*pad, (1, 0)])
            central = np.zeros_like(g)
            central[..., 1:-1] = (g[..., 2:] - g[..., :-2]) / 2
            one_sided = np.where(has_next, ahead, np.where(has_previous, behind, np.nan))
            slope = np.where(has_next & has_previous, central, one_sided)
            expected.append(np.moveaxis(np.where(there, slope, np.nan), -1, axis))
        expected = np.stack(expected)
        assert_same_bits(fg.gradient(f, where=present), expected)
        out = np.empty_like(expected)
        assert_same_bits(fg.gradient(spoiled(f, present), where=present, out=out), expected)
        length = np.sqrt((expected**2).sum(axis=0))
        np.testing.assert_allclose(fg.gradient_magnitude(f, where=present), length, rtol=1e-14)


@pytest.mark.parametrize("accuracy", (2, 4, 6, 8))
def test_polynomials_are_exact_at_coasts(accuracy):
    rng = np.random.default_rng(3)
    x, y = (np.cumsum(rng.uniform(0.5, 1.5, n)) / 30 for n in (40, 44))
    order = 2 if accuracy == 2 else accuracy
    polynomial = np.polynomial.Polynomial(rng.uniform(-1, 1, order + 1))
    f = polynomial(x)[:, None] + polynomial(y)
    present = np.ones(f.shape, bool)
    present[10:22, 15:26] = False
    gradient = fg.gradient(f, x, y, where=present, accuracy=accuracy, edge_order=2 if accuracy == 2 else None)
    exact = np.stack(np.broadcast_arrays(polynomial.deriv()(x)[:, None], polynomial.deriv()(y)))
    np.testing.assert_array_equal(np.isnan(gradient), np.broadcast_to(~present, gradient.shape))
    np.testing.assert_allclose(gradient[:, present], exact[:, present], rtol=0, atol=1e-10)


def test_magnitudes_and_normals_are_those_of_the_gradient():
    f = np.random.default_rng(4).standard_normal((12, 13, 14))
    present = blobs(f.shape, 5)
    gradient = fg.gradient(f, 0.5, where=present)
    magnitude = np.sqrt((gradient**2).sum(axis=0))
    np.testing.assert_allclose(fg.gradient_magnitude(f, 0.5, where=present), magnitude, rtol=1e-14)
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(fg.normals(f, 0.5, where=present), gradient / magnitude, rtol=1e-14)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_masked_arrays_bring_their_own(function):
    f = np.random.default_rng(6).standard_normal((15, 16))
    present, other = blobs(f.shape, 7), blobs(f.shape, 8)
    masked = np.ma.array(spoiled(f, present), mask=~present)
    expected = function(f, where=present)
    result = function(masked)
    assert isinstance(result, np.ma.MaskedArray)
    np.testing.assert_array_equal(np.ma.getmaskarray(result), np.isnan(expected))
    assert_same_bits(result.filled(np.nan), expected)
    both = function(masked, where=other)
    assert_same_bits(both.filled(np.nan), function(f, where=present & other))
    unmasked = function(np.ma.array(f))
    assert unmasked.mask is np.ma.nomask
    assert_same_bits(np.asarray(unmasked), function(f))


def test_all_present_and_all_absent():
    f = np.random.default_rng(9).standard_normal((8, 9))
    everywhere = np.ones(f.shape, bool)
    assert_same_bits(fg.gradient(f, where=everywhere), fg.gradient(f))
    assert np.isnan(fg.gradient(f, where=~everywhere)).all()
    assert np.isnan(fg.gradient(np.where(everywhere, np.nan, f), nan="omit")).all()
    assert_same_bits(fg.gradient(f, nan="omit"), fg.gradient(f))
    counts = np.arange(20).reshape(4, 5)
    assert_same_bits(fg.gradient(counts, nan="omit"), fg.gradient(counts))
    assert fg.gradient(np.empty((0, 3)), boundary="nearest", where=np.empty((0, 3), bool)).shape == (2, 0, 3)


def test_the_mask_may_be_the_result():
    f = np.random.default_rng(10).standard_normal((16, 24))
    present = blobs(f.shape, 11)
    expected = fg.gradient(f, axis=0, where=present)
    room = np.zeros(f.shape)
    mask = room.view(bool).reshape(-1)[: f.size].reshape(f.shape)
    mask[...] = present
    assert_same_bits(fg.gradient(f, axis=0, where=mask, out=room), expected)


@pytest.mark.parametrize(
    ("error", "match", "options"),
    [
        (TypeError, "where must be an array of bool, got dtype int64", {"where": np.ones((4, 5), np.int64)}),
        (ValueError, r"where must have the shape of f, \(4, 5\), got \(5,\)", {"where": np.ones(5, bool)}),
        (ValueError, "nan must be 'propagate' or 'omit', got 'skip'", {"nan": "skip"}),
        (ValueError, "nan must be 'propagate' or 'omit', got None", {"nan": None}),
    ],
)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_bad_input_is_named(function, error, match, options):
    out = np.full(function(np.ones((4, 5))).shape, 7.0)
    with pytest.raises(error, match=match):
        function(np.ones((4, 5)), out=out, **options)
    assert (out == 7.0).all()


@pytest.mark.parametrize("boundary", (ONE_SIDED, "periodic", "mirror", "constant"))
@pytest.mark.parametrize("edge_order", (1, 2))
@pytest.mark.parametrize("shape", ((40, 37), (6, 30, 41), (3, 9), (5, 4, 3)))
def test_many_gaps_have_the_bits_of_few(shape, edge_order, boundary):
    """Rows of many are mended together, those of converted samples one by one."""
    rng = np.random.default_rng(5)
    f, present = rng.standard_normal(shape), blobs(shape)
    g = spoiled(f, present)
    options = {"where": present, "edge_order": edge_order, "boundary": boundary, "cval": 0.3}
    for out in (None, np.full((len(shape), *shape), 7.0)):
        result = fg.gradient(g, out=out, **options)
        assert_same_bits(result, fg.gradient(g.astype(">f8"), **options))
    assert_same_bits(fg.gradient_magnitude(g, **options), fg.gradient_magnitude(g.astype(">f8"), **options))


@pytest.mark.parametrize("dtype", ("f4", "f8"))
@pytest.mark.parametrize("spacing", (1.0, 0.5, 0.3, 1e-30, 1e200))
def test_differences_of_any_size_have_the_bits_of_few(dtype, spacing, isa):
    """Made in one go, by groups of samples; those of converted samples are mended one by one."""
    rng = np.random.default_rng(12)
    for shape in ((3, 7, 700), (45, 12000)):
        exponents = rng.integers(-40, 40, shape) * (7 if dtype == "f8" else 1) * (rng.random(shape) > 0.99)
        with np.errstate(all="ignore"):
            f = (rng.standard_normal(shape) * 10.0**exponents).astype(dtype)
        present = np.repeat(rng.random((*shape[:-1], shape[-1] // 100)) > 0.3, 100, -1) & (rng.random(shape) > 0.003)
        g = spoiled(f, present) if dtype == "f8" else np.where(present, f, np.float32(np.inf))
        expected = fg.gradient(g.astype(f.dtype.newbyteorder()), spacing, where=present)
        assert_same_bits(fg.gradient(g, spacing, where=present), expected)
        assert_same_bits(fg.gradient(g, spacing, where=present, out=np.zeros_like(expected)), expected)


def _grids():
    circle = 2 * np.pi * np.arange(24) / 24
    metric = np.zeros((2, 2, 9, 24))
    metric[0, 0], metric[1, 1], metric[0, 1], metric[1, 0] = 2, 3, 1, 1
    radius, colatitude = np.arange(9) / 4, np.linspace(0, np.pi, 9)
    return {
        "straight": fg.Grid.cartesian(0.5, shape=(9, 24)),
        "riemannian": fg.Grid.riemannian(metric),
        "polar": fg.Grid.polar(radius, circle),
        "odd": fg.Grid.polar(radius, 2 * np.pi * np.arange(23) / 23),
        "sector": fg.Grid.polar(radius, np.linspace(0, 1, 24)),
        "geographic": fg.Grid.geographic(np.linspace(-90, 90, 9), np.degrees(circle)),
        "spherical": fg.Grid.spherical(radius, colatitude, circle),
    }


@pytest.mark.parametrize("grid", _grids().values(), ids=_grids())
@pytest.mark.parametrize("beside", (0, 1, 4))
@pytest.mark.parametrize("accuracy", (2, 4))
@pytest.mark.parametrize("numbers", (1.0, 1.0 + 0.0j), ids=("real", "complex"))
def test_nan_spreads_where_others_are_absent(grid, beside, accuracy, numbers):
    """As it does where all are there, into second derivatives and through poles, too."""
    rng = np.random.default_rng(0)
    f, absent = rng.standard_normal(grid.shape) * numbers, np.zeros(grid.shape, bool)
    absent[-1, ..., -1] = True
    number = (beside, *(4,) * (grid.ndim - 2), 10)
    spoilt, F = f.copy(), rng.standard_normal((grid.ndim, *grid.shape)) * numbers
    spoilt[number] = np.nan
    spoilt_F = F.copy()
    spoilt_F[0][number] = np.nan
    calls = [(one, f, spoilt) for one in (fg.gradient, fg.gradient_magnitude, fg.laplacian, fg.hessian)]
    calls += [(one, F, spoilt_F) for one in (fg.divergence, fg.curl)]
    for function, good, bad in calls:
        spread = np.isnan(function(bad, grid, accuracy=accuracy))
        missing = np.isnan(function(good, grid, accuracy=accuracy, where=~absent))
        both = np.isnan(function(bad, grid, accuracy=accuracy, where=~absent))
        np.testing.assert_array_equal(both, spread | missing, err_msg=function.__name__)
