"""gradient: numpy's bits, numpy's arguments, any array."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import fieldgrad as fg
import nasty
import oracles
from helpers import FUNCTIONS, assert_same_bits, assert_within_rounding, assert_within_ulps

EDGE_ORDERS = (1, 2)
AWKWARD_SPACINGS = (1.0, 2, -0.5, 0.1, 1e-3, 3, 1 / 3, 7e5, 5e-324, 1e-310, 1e300, -1.7e308)


# numpy's bits


@pytest.mark.parametrize("edge_order", EDGE_ORDERS)
@pytest.mark.parametrize("spacing", AWKWARD_SPACINGS)
def test_special_values_give_the_bits_of_numpy(isa, spacing, edge_order):
    triples, line = nasty.special_triples(np.float64), nasty.special_line(np.float64)
    for f, axis in ((triples, 0), (np.ascontiguousarray(triples.T), 1), (line, 0)):
        assert_same_bits(
            fg.gradient(f, spacing, axis=axis, edge_order=edge_order),
            oracles.numpy_gradient(f, spacing, axis=axis, edge_order=edge_order),
        )


@pytest.mark.parametrize("edge_order", EDGE_ORDERS)
@pytest.mark.parametrize("spacing", (1.0, 2, -0.5, 0.1, 1e-3, 3, 1 / 3, 7e5, 1e-40, 1e-44, 1e38))
def test_single_precision_special_values_give_the_bits_of_numpy(isa, spacing, edge_order):
    triples, line = nasty.special_triples(np.float32), nasty.special_line(np.float32)
    for f, axis in ((triples, 0), (np.ascontiguousarray(triples.T), 1), (line, 0)):
        assert_same_bits(
            fg.gradient(f, spacing, axis=axis, edge_order=edge_order),
            oracles.numpy_gradient(f, spacing, axis=axis, edge_order=edge_order),
        )


@given(f=nasty.fields(np.float64), spacing=nasty.spacings(), edge_order=st.sampled_from(EDGE_ORDERS))
def test_any_field_gives_the_bits_of_numpy(f, spacing, edge_order):
    assert_same_bits(
        fg.gradient(f, spacing, edge_order=edge_order),
        oracles.numpy_gradient(f, spacing, edge_order=edge_order),
    )


@given(f=nasty.fields(np.float32), spacing=nasty.spacings(32), edge_order=st.sampled_from(EDGE_ORDERS))
def test_any_single_precision_field_gives_the_bits_of_numpy(f, spacing, edge_order):
    assert_same_bits(
        fg.gradient(f, spacing, edge_order=edge_order),
        oracles.numpy_gradient(f, spacing, edge_order=edge_order),
    )


@given(data=st.data(), dtype=st.sampled_from(nasty.INTEGERS), edge_order=st.sampled_from(EDGE_ORDERS))
def test_integers_are_differentiated_as_doubles(data, dtype, edge_order):
    f = data.draw(nasty.fields(dtype))
    assert_same_bits(fg.gradient(f, 0.7, edge_order=edge_order), oracles.numpy_gradient(f, 0.7, edge_order=edge_order))


@pytest.mark.parametrize("shape", nasty.SHAPES)
def test_booleans_are_differentiated_as_doubles(shape):
    f = nasty.field(shape, bool)
    assert_same_bits(fg.gradient(f, 0.7), oracles.numpy_gradient(f.astype(float), 0.7))


@pytest.mark.parametrize("spacing", (0.3, np.float64(0.3), 3, np.int64(3), np.array(0.3), np.array(3)), ids=repr)
@pytest.mark.parametrize("edge_order", EDGE_ORDERS)
def test_every_kind_of_scalar_gives_the_bits_of_numpy(spacing, edge_order):
    f = nasty.field((9, 11))
    assert_same_bits(
        fg.gradient(f, spacing, edge_order=edge_order),
        oracles.numpy_gradient(f, spacing, edge_order=edge_order),
    )


# types of numbers


@given(f=nasty.fields(np.float16), edge_order=st.sampled_from(EDGE_ORDERS))
def test_half_precision_is_rounded_once(f, edge_order):
    with np.errstate(all="ignore"):
        expected = oracles.numpy_gradient(f.astype(np.float32), 0.7, edge_order=edge_order).astype(np.float16)
    assert_same_bits(fg.gradient(f, 0.7, edge_order=edge_order), expected)


@pytest.mark.parametrize("edge_order", EDGE_ORDERS)
def test_extended_precision_is_kept(edge_order):
    f = nasty.field((8, 9)).astype(np.longdouble) / 3
    g = fg.gradient(f, 0.5, edge_order=edge_order)
    assert g.dtype == np.longdouble
    for k, component in enumerate(g):
        expected, scale = oracles.partial(f, oracles.even(f.shape[k], 0.5), k, edge_order=edge_order)
        assert_within_rounding(component, expected, scale, 4)


def test_extended_precision_of_spacings_is_kept():
    f = nasty.field((8, 9)).astype(np.longdouble) / 3
    step = 1 + 8 * np.finfo(np.longdouble).eps
    uneven = nasty.uneven_coordinates(9).astype(np.longdouble) / 3
    for spacing, x in ((step, oracles.even(9, step)), (uneven, uneven)):
        for accuracy in (2, 4):
            expected, scale = oracles.partial(f, x, 1, accuracy=accuracy)
            g = fg.gradient(f, spacing, axis=1, accuracy=accuracy)
            assert_within_rounding(g, expected, scale, 4 + accuracy)


@pytest.mark.parametrize("dtype", nasty.COMPLEXES, ids=str)
@pytest.mark.parametrize("edge_order", EDGE_ORDERS)
def test_complex_fields_are_two_real_ones(dtype, edge_order):
    f = np.empty((3, 4099), dtype)
    f.real, f.imag = nasty.field(f.shape, seed=1), nasty.special_line(f.real.dtype)
    f[1] = f[1, ::-1]
    g = fg.gradient(f, 0.3, edge_order=edge_order)
    assert g.dtype == dtype
    assert_same_bits(g.real, fg.gradient(f.real, 0.3, edge_order=edge_order))
    assert_same_bits(g.imag, fg.gradient(f.imag, 0.3, edge_order=edge_order))


@pytest.mark.parametrize("dtype", ("datetime64[D]", "timedelta64[D]", "timedelta64[ns]"))
def test_dates_are_differentiated_as_numpy_does(dtype):
    f = np.array([[5, 10, 2, -7], [9, 1, 4, 400], [0, 0, 3, 30]]).astype(dtype)
    assert_same_bits(fg.gradient(f), oracles.numpy_gradient(f))


@pytest.mark.parametrize("dtype", nasty.DTYPES, ids=str)
@pytest.mark.parametrize("shape", nasty.SHAPES, ids=str)
def test_memory_layout_does_not_matter(shape, dtype):
    f = nasty.field(shape, dtype)
    expected = fg.gradient(f, 0.7)
    assert expected.dtype == nasty.result_dtype(f.dtype)
    for layout in nasty.LAYOUTS.values():
        same = layout(f)
        assert_same_bits(fg.gradient(same, 0.7), expected)
        np.testing.assert_array_equal(same, f)


@pytest.mark.parametrize("nested", ([1, 4, 9], [[1, 2.5], [3, 4]], ([True, False], [False, False]), [[1j, 2], [3, 4]]))
def test_lists_are_arrays(nested):
    array = np.array(nested)
    assert_same_bits(fg.gradient(nested), fg.gradient(array))


# axes and spacings


def test_one_axis_gives_a_bare_component():
    f = nasty.field((4, 5, 6))
    components = np.gradient(f)
    for axis in range(-3, 3):
        assert_same_bits(fg.gradient(f, axis=axis), components[axis])


@pytest.mark.parametrize("axes", ((0,), (2, 0), (-1, 1), (1, 2, 0)), ids=str)
def test_components_come_in_the_order_of_the_axes(axes):
    f = nasty.field((4, 5, 6))
    components = np.gradient(f)
    assert_same_bits(fg.gradient(f, axis=axes), np.stack([components[k] for k in axes]))


def test_one_dimensional_field_gives_a_bare_component():
    f = nasty.field((12,))
    assert_same_bits(fg.gradient(f), np.gradient(f))
    assert fg.gradient(f, axis=(0,)).shape == (1, 12)


def test_component_k_belongs_to_axis_k():
    y, x = np.mgrid[:5, :7]
    gy, gx = fg.gradient(3.0 * y + 10.0 * x)
    assert np.all(gy == 3)
    assert np.all(gx == 10)


def test_spacings_belong_to_the_requested_axes():
    f = nasty.field((4, 5, 6))
    x = nasty.uneven_coordinates(4)
    z = np.arange(6) * 0.25
    for axis, spacing in (((2, 0), (0.3, 0.7)), ((0, 2), (0.5, z)), ((2, 1), (z, 0.1))):
        assert_same_bits(fg.gradient(f, *spacing, axis=axis), oracles.numpy_gradient(f, *spacing, axis=axis))
    assert_same_bits(fg.gradient(f, 0.3, x, axis=(1, 0))[1], fg.gradient(f, x, axis=0))
    assert_same_bits(fg.gradient(f, 0.3, axis=(1, 0)), oracles.numpy_gradient(f, 0.3, axis=(1, 0)))


def test_spacings_may_be_given_for_all_axes():
    f = nasty.field((4, 5, 6))
    spacings = (nasty.uneven_coordinates(4), 0.5, np.linspace(0, 1, 6))
    whole = fg.gradient(f, *spacings)
    assert_same_bits(fg.gradient(f, *spacings, axis=1), whole[1])
    assert_same_bits(fg.gradient(f, *spacings, axis=(2, 0)), whole[[2, 0]])


def test_reversing_an_axis_reverses_the_sign():
    f = nasty.field((7, 40))
    assert_same_bits(fg.gradient(f[:, ::-1], 0.3, axis=1)[:, ::-1], -fg.gradient(f, 0.3, axis=1))
    assert_same_bits(fg.gradient(f, -0.3), -fg.gradient(f, 0.3))


@given(f=nasty.fields(min_side=2, max_side=5, allow_nan=False))
def test_transposing_the_field_reverses_the_components(f):
    g, transposed = fg.gradient(f, 0.3, axis=tuple(range(f.ndim))), f.T
    again = fg.gradient(transposed, 0.3, axis=tuple(range(f.ndim)))
    for k in range(f.ndim):
        assert_same_bits(again[f.ndim - 1 - k], g[k].T)


# coordinates


@pytest.mark.parametrize("step", (1.0, 0.5, -2.0))
@pytest.mark.parametrize("edge_order", EDGE_ORDERS)
def test_coordinates_with_equal_steps_are_a_spacing(step, edge_order):
    f = nasty.field((9, 33))
    x = 4.0 + step * np.arange(33)
    assert_same_bits(
        fg.gradient(f, x, axis=1, edge_order=edge_order),
        oracles.numpy_gradient(f, step, axis=1, edge_order=edge_order),
    )


COORDINATES = {
    "even": lambda n: np.linspace(0.1, 3.3, n),
    "uneven": nasty.uneven_coordinates,
    "uneven, descending": lambda n: nasty.uneven_coordinates(n, descending=True),
    "uneven, far from zero": lambda n: nasty.uneven_coordinates(n, first=1e6),
    "geometric": lambda n: np.geomspace(1e-3, 1e3, n),
    "logarithmic": lambda n: np.log(np.arange(1, n + 1)),
}


@pytest.mark.parametrize("accuracy", (2, 4, 6, 8))
@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("dtype", (np.float32, np.float64, np.complex128, np.longdouble))
def test_constant_field_has_zero_gradient(coordinates, accuracy, dtype):
    x = COORDINATES[coordinates](50)
    f = np.full((50, 3), 1e8 / 3, dtype)
    for edge_order in (None, 1, 2):
        assert not fg.gradient(f, x, axis=0, accuracy=accuracy, edge_order=edge_order).any()
        assert not fg.gradient(f.T, x, axis=1, accuracy=accuracy, edge_order=edge_order).any()


# White noise is no case here: both are wrong in the last digit alone, and which of the two more is chance.
FIELDS = {
    "offset": lambda seed: 1e8 + nasty.field((1000,), seed=seed),
    "smooth": lambda seed: np.sin(np.linspace(seed, seed + 5, 1000)) + 0.5,
    "random walk": lambda seed: np.cumsum(nasty.field((1000,), seed=seed)),
}


@pytest.mark.uninstrumented
@pytest.mark.parametrize("edge_order", EDGE_ORDERS)
@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("field", FIELDS)
def test_coordinates_are_never_less_accurate_than_in_numpy(field, coordinates, edge_order):
    x = COORDINATES[coordinates](1000)
    for seed in range(3):
        f = FIELDS[field](seed)
        exact, _ = oracles.derivative(f, x, edge_order=edge_order)
        ours = np.abs(fg.gradient(f, x, edge_order=edge_order) - exact)
        theirs = np.abs(np.gradient(f, x, edge_order=edge_order) - exact)
        assert ours.max() <= theirs.max()


@given(data=st.data(), n=st.integers(3, 30), edge_order=st.sampled_from(EDGE_ORDERS))
def test_uneven_coordinates_differentiate_to_rounding(data, n, edge_order):
    f = data.draw(hnp.arrays(np.float64, n, elements=st.floats(-1e6, 1e6)))
    x = nasty.uneven_coordinates(n, data.draw(st.integers(0, 99)), descending=data.draw(st.booleans()))
    expected, scale = oracles.derivative(f, x, edge_order=edge_order)
    assert_within_rounding(fg.gradient(f, x, edge_order=edge_order), expected, scale, 4)


@pytest.mark.parametrize("dtype", (np.float32, np.float64, ">f8", np.int32, np.uint8), ids=str)
def test_coordinates_may_have_any_real_type(dtype):
    x = np.array([0, 1, 3, 4, 9, 11, 12, 20], dtype)
    f = nasty.field((8,))
    assert_same_bits(fg.gradient(f, x), fg.gradient(f, x.astype(float)))
    assert_same_bits(fg.gradient(f, x.tolist()), fg.gradient(f, x.astype(float)))
    assert_same_bits(fg.gradient(f, x[::-1]), fg.gradient(f, x[::-1].astype(float)))


def test_evenly_spaced_coordinates_are_as_good_as_their_step():
    f = np.sin(np.linspace(0, 3, 300))
    x = np.linspace(0, 3, 300)
    assert_within_ulps(fg.gradient(f, x)[1:-1], fg.gradient(f, 3 / 299)[1:-1].astype(np.longdouble), 3000)


# kinds of arrays


MASKS = {
    "none": np.zeros((6, 7), bool),
    "one": np.arange(42).reshape(6, 7) == 17,
    "corner": np.add.outer(np.arange(6), np.arange(7)) < 3,
    "scattered": np.random.default_rng(3).random((6, 7)) < 0.25,
}


@pytest.mark.parametrize("edge_order", EDGE_ORDERS)
@pytest.mark.parametrize("mask", MASKS)
def test_masked_arrays_have_what_numpy_has_of_them(mask, edge_order):
    """And more: numpy masks what a stencil that does not turn one-sided would need."""
    f = np.ma.array(nasty.field((6, 7)), mask=MASKS[mask])
    expected = np.gradient(f, 0.5, edge_order=edge_order)
    g = fg.gradient(f, 0.5, edge_order=edge_order)
    assert isinstance(g, np.ma.MaskedArray)
    for k in range(2):
        component = fg.gradient(f, 0.5, axis=k, edge_order=edge_order)
        assert isinstance(component, np.ma.MaskedArray)
        there = ~np.ma.getmaskarray(expected[k]) & ~MASKS[mask]
        for ours in (g[k], component):
            assert (np.ma.getmaskarray(ours) >= MASKS[mask]).all()
            assert not np.ma.getmaskarray(ours)[there].any()
            if mask == "none":
                assert_same_bits(ours.compressed(), expected[k].compressed())
    np.testing.assert_array_equal(f.mask, MASKS[mask])


def test_masked_values_have_no_influence():
    f = np.ma.array(nasty.field((6, 7)), mask=MASKS["scattered"])
    nan = np.ma.array(np.where(f.mask, np.nan, f.data), mask=f.mask)
    assert_same_bits(fg.gradient(nan).compressed(), fg.gradient(f).compressed())


def test_result_mask_is_not_shared_with_the_field():
    f = np.ma.array(nasty.field((6, 7)), mask=MASKS["one"])
    for result in (fg.gradient(f), fg.gradient(f, axis=0)):
        result.mask[...] = True
    np.testing.assert_array_equal(f.mask, MASKS["one"])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_masked_out_gets_the_mask(function):
    f = np.ma.array(nasty.field((6, 7)), mask=MASKS["scattered"])
    expected = function(f)
    out = np.ma.zeros(expected.shape)
    assert function(f, out=out) is out
    np.testing.assert_array_equal(np.ma.getmaskarray(out), np.ma.getmaskarray(expected))
    assert_same_bits(out.compressed(), expected.compressed())


class Labelled(np.ndarray):
    """A subclass with an attribute of its own, as numpy's guide has it."""

    def __array_finalize__(self, source):
        self.label = getattr(source, "label", None)


def test_subclasses_are_kept():
    f = nasty.field((6, 7)).view(Labelled)
    f.label = "temperature"
    for result in (fg.gradient(f), fg.gradient(f, axis=0), fg.gradient_magnitude(f), fg.normals(f)):
        assert type(result) is Labelled
        assert result.label == "temperature"
    assert_same_bits(fg.gradient(f), fg.gradient(np.asarray(f)))


@pytest.mark.parametrize("layout", nasty.LAYOUTS)
@pytest.mark.parametrize("shape", ((5, 70), (4, 3, 9), (3, 4, 2, 5)), ids=str)
def test_result_has_the_layout_that_empty_like_gives(layout, shape):
    f = nasty.LAYOUTS[layout](nasty.field(shape))
    like = np.empty_like(f)
    for axis in range(f.ndim):
        assert fg.gradient(f, axis=axis).strides == like.strides
    assert fg.gradient_magnitude(f).strides == like.strides


@pytest.mark.parametrize("shape", ((0, 5), (5, 0), (3, 0, 4), (0, 0, 2)), ids=str)
def test_other_axes_may_be_empty(shape):
    f = np.empty(shape, np.float32)
    long_axes = tuple(k for k, n in enumerate(shape) if n)
    assert fg.gradient(f, axis=long_axes[0]).shape == shape
    g = fg.gradient(f, axis=long_axes)
    assert g.shape == (len(long_axes), *shape)
    assert g.dtype == np.float32


@pytest.mark.parametrize("dtype", nasty.DTYPES, ids=str)
def test_out_is_filled_and_returned(dtype):
    f = nasty.field((6, 9), dtype)
    expected = fg.gradient(f, 0.7)
    out = np.empty_like(expected)
    assert fg.gradient(f, 0.7, out=out) is out
    assert_same_bits(out, expected)


@pytest.mark.parametrize(
    "layout",
    (
        "Fortran",
        "axes permuted",
        "every other sample",
        "backwards",
        "part of longer rows",
        "unaligned",
        "unaligned Fortran",
    ),
)
@pytest.mark.parametrize("function", (fg.gradient, fg.normals))
def test_out_may_have_any_layout(function, layout):
    f = nasty.field((6, 9))
    expected = function(f, 0.7)
    out = nasty.LAYOUTS[layout](np.zeros_like(expected))
    assert function(f, 0.7, out=out) is out
    assert_same_bits(out, expected)
