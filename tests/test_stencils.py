"""Orders of accuracy and boundaries, against polynomials, waves and padded fields."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fieldgrad as fg
import nasty
import oracles
from helpers import assert_same_bits, assert_within_rounding
from oracles import ONE_SIDED

ACCURACIES = (2, 4, 6, 8)
WORDS = tuple(oracles.PAD_MODES)
OPEN_OR_MIRRORED = (ONE_SIDED, "reflect", "mirror", "nearest", "constant")
SIDES = [(low, high) for low in OPEN_OR_MIRRORED for high in OPEN_OR_MIRRORED] + [("periodic", "periodic")]

POSITIONS = {
    "even step": lambda n: 0.25 * np.arange(n) - 1,
    "even coordinates": lambda n: np.linspace(-1, 1.3, n),
    "uneven coordinates": lambda n: nasty.uneven_coordinates(n, 5) / 5 - 1,
    "descending coordinates": lambda n: nasty.uneven_coordinates(n, 5, descending=True) / 5 + 1,
}


def assert_matches_the_oracle(f, x, spacing, factor, **options):
    """`x` are the coordinates along axis 0, and `spacing` is how to say so to fieldgrad."""
    per_side = options.pop("boundary", (ONE_SIDED, ONE_SIDED))
    expected, scale = oracles.derivative(f, x, boundary=per_side, **options)
    options.pop("period", None)
    per_axis = (per_side, *[ONE_SIDED] * (f.ndim - 1))
    assert_within_rounding(fg.gradient(f, spacing, axis=0, boundary=per_axis, **options), expected, scale, factor)


# exactness


@pytest.mark.parametrize("accuracy", ACCURACIES)
@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("samples", (1, 2, 30), ids="{} more than needed".format)
def test_is_exact_on_polynomials(positions, accuracy, samples):
    n = accuracy + samples
    x = POSITIONS[positions](n)
    spacing = 0.25 if positions == "even step" else x
    for degree in range(accuracy + 1):
        polynomial = np.polynomial.Polynomial(np.linspace(1, 2, degree + 1) * (-1) ** np.arange(degree + 1))
        exact = polynomial.deriv()(x.astype(np.longdouble))
        g = fg.gradient(polynomial(x), spacing, accuracy=accuracy, edge_order=2 if accuracy == 2 else None)
        _, scale = oracles.derivative(polynomial(x), x, accuracy, accuracy)
        assert_within_rounding(g, exact, scale, 2 + accuracy)


@pytest.mark.parametrize("edge_order", (1, 2))
@pytest.mark.parametrize("accuracy", ACCURACIES)
def test_edges_are_exact_on_polynomials_of_their_own_order(accuracy, edge_order):
    x = nasty.uneven_coordinates(20)
    for spacing, at in ((x, x), (0.5, np.arange(20) * 0.5)):
        g = fg.gradient(at**edge_order, spacing, accuracy=accuracy, edge_order=edge_order)
        np.testing.assert_allclose(g, edge_order * at ** (edge_order - 1), rtol=1e-12, atol=1e-12)


@pytest.mark.uninstrumented
@pytest.mark.parametrize("edge_order", (None, 1, 2))
@pytest.mark.parametrize("accuracy", ACCURACIES)
@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("dtype", (np.float32, np.float64, np.longdouble, np.complex128))
def test_every_sample_uses_the_stencil_of_its_distance_from_the_edge(dtype, positions, accuracy, edge_order):
    for n in (9, 11, 16, 17, 60):
        x = POSITIONS[positions](n)
        spacing = 0.25 if positions == "even step" else x
        f = nasty.field((n, 3), dtype)
        assert_matches_the_oracle(f, x, spacing, 4 + accuracy, accuracy=accuracy, edge_order=edge_order)


@given(data=st.data(), accuracy=st.sampled_from(ACCURACIES), edge_order=st.sampled_from((None, 1, 2)))
def test_any_axis_matches_the_oracle(data, accuracy, edge_order):
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    axis = data.draw(st.integers(0, len(shape) - 1))
    shape[axis] = data.draw(st.integers(accuracy + 1, accuracy + 12))
    f = nasty.field(shape, seed=data.draw(st.integers(0, 99)))
    x = nasty.uneven_coordinates(shape[axis], data.draw(st.integers(0, 99)))
    g = fg.gradient(f, x, axis=axis, accuracy=accuracy, edge_order=edge_order)
    expected, scale = oracles.partial(f, x, axis, accuracy=accuracy, edge_order=edge_order)
    assert_within_rounding(g, expected, scale, 4 + accuracy)


# order of convergence


def slope_errors(n, accuracy, edge_order, uneven):
    """Relative errors for a complex wave: moduli without zeros, so that orders can be read off."""
    t = np.linspace(0, 1, n)
    x = t + 0.1 * np.sin(2 * t) if uneven else t
    f = np.exp(6j * x)
    return np.abs(fg.gradient(f, x, accuracy=accuracy, edge_order=edge_order) - 6j * f)


@pytest.mark.parametrize("uneven", (False, True))
@pytest.mark.parametrize(
    "accuracy, edge_order",
    [(a, None) for a in ACCURACIES] + [(a, 1) for a in ACCURACIES] + [(a, 2) for a in ACCURACIES],
)
def test_error_falls_with_the_stated_order(accuracy, edge_order, uneven):
    n = {2: 200, 4: 120, 6: 60, 8: 50}[accuracy]
    coarse, fine = (slope_errors(m, accuracy, edge_order, uneven) for m in (n + 1, 2 * n + 1))
    edge = edge_order or (1 if accuracy == 2 else accuracy)
    inside = slice(accuracy // 2, -(accuracy // 2))
    assert abs(np.log2(coarse[inside].max() / fine[inside].max()) - accuracy) < 0.2
    for end in (0, -1):
        assert abs(np.log2(coarse[end] / fine[end]) - edge) < 0.2


# boundaries


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("shape", ((9,), (9, 70), (3, 5, 4)), ids=str)
@pytest.mark.parametrize("dtype", (np.float32, np.float64, np.uint8))
def test_boundary_gives_the_bits_of_a_padded_field(isa, word, shape, dtype):
    f = nasty.field(shape, dtype)
    inside = f if f.dtype.kind == "f" else f.astype(float)
    g = fg.gradient(f, 0.3, axis=tuple(range(f.ndim)), boundary=word, cval=7)
    for k in range(f.ndim):
        padded = oracles.pad(np.moveaxis(inside, k, 0), (1, 1), word, 7)
        assert_same_bits(np.moveaxis(g[k], k, 0), np.gradient(padded, 0.3, axis=0)[1:-1])


@pytest.mark.parametrize("accuracy", ACCURACIES)
@pytest.mark.parametrize("sides", SIDES, ids="-".join)
@pytest.mark.parametrize("edge_order", (None, 1))
def test_boundary_differentiates_the_continued_field(sides, accuracy, edge_order):
    for n in (9, 10, 30):
        assert_matches_the_oracle(
            nasty.field((n, 2)),
            oracles.even(n, 0.3),
            0.3,
            4 + accuracy,
            boundary=sides,
            accuracy=accuracy,
            edge_order=edge_order,
            cval=1.5,
            period=np.longdouble(0.3) * n,
        )


@pytest.mark.uninstrumented
@pytest.mark.parametrize("accuracy", ACCURACIES)
@pytest.mark.parametrize("sides", SIDES[:-1], ids="-".join)
def test_uneven_coordinates_continue_with_their_steps_mirrored(sides, accuracy):
    for n in (9, 10, 30):
        for x in (nasty.uneven_coordinates(n, 2), nasty.uneven_coordinates(n, 2, descending=True)):
            assert_matches_the_oracle(
                nasty.field((n, 2)), x, x, 4 + accuracy, boundary=sides, accuracy=accuracy, cval=1.5
            )


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("n", range(3, 9))
def test_stencils_may_reach_further_than_the_field(word, n):
    assert_matches_the_oracle(
        nasty.field((n, 2)),
        oracles.even(n, 0.3),
        0.3,
        12,
        boundary=(word, word),
        accuracy=8,
        period=np.longdouble(0.3) * n,
    )


def test_each_axis_and_each_side_has_its_own_boundary():
    f = nasty.field((6, 7, 8))
    boundary = ("mirror", ("nearest", ONE_SIDED), "periodic")
    g = fg.gradient(f, boundary=boundary)
    assert_same_bits(g[0], fg.gradient(f, axis=0, boundary="mirror"))
    assert_same_bits(g[2], fg.gradient(f, axis=2, boundary="periodic"))
    assert_same_bits(g[1][:, :-1], fg.gradient(f, axis=1, boundary="nearest")[:, :-1])
    assert_same_bits(g[1][:, 1:], fg.gradient(f, axis=1)[:, 1:])


def test_boundaries_belong_to_the_axes_of_the_field():
    f = nasty.field((6, 7))
    boundary = ("mirror", "periodic")
    assert_same_bits(fg.gradient(f, axis=1, boundary=boundary), fg.gradient(f, axis=1, boundary="periodic"))
    assert_same_bits(fg.gradient(f, axis=(1, 0), boundary=boundary), fg.gradient(f, boundary=boundary)[::-1])


def test_one_dimensional_field_has_sides_too():
    f = nasty.field((9,))
    g = fg.gradient(f, boundary=(("mirror", ONE_SIDED),))
    assert g[0] == 0
    assert_same_bits(g[1:], np.gradient(f)[1:])


@pytest.mark.parametrize("cval", (np.nan, np.inf, -3, 0.1, np.float32(2), 0.0, -0.0, 0))
def test_constant_boundary_sees_cval(cval):
    f = nasty.field((5, 4))
    f[1] = -0.0, 0.0, -0.0, 1.0
    with np.errstate(all="ignore"):
        expected = np.gradient(oracles.pad(f, (1, 1), "constant", cval), axis=0)[1:-1]
    assert_same_bits(fg.gradient(f, axis=0, boundary="constant", cval=cval), expected)


@given(seed=st.integers(0, 10**6), accuracy=st.sampled_from(ACCURACIES))
def test_slopes_at_mirrors_are_zero(seed, accuracy):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 20))
    x = np.cumsum(rng.uniform(0.1, 2, n)) + rng.uniform(-1e3, 1e3)
    slopes = fg.gradient(rng.standard_normal(n), x, boundary="mirror", accuracy=accuracy)
    np.testing.assert_array_equal(slopes[[0, -1]], 0)


@pytest.mark.parametrize("word", ("periodic", "reflect", "mirror", "nearest"))
@pytest.mark.parametrize("accuracy", ACCURACIES)
def test_constant_field_has_zero_gradient_at_every_boundary(word, accuracy):
    f = np.full((12, 13), 1e9 / 7)
    spacing = (0.3, 0.3) if word == "periodic" else (nasty.uneven_coordinates(12), 0.3)
    assert not fg.gradient(f, *spacing, boundary=word, accuracy=accuracy).any()


@given(f=nasty.fields(max_dims=3), data=st.data(), accuracy=st.sampled_from(ACCURACIES))
def test_rolling_a_periodic_field_rolls_its_gradient(f, data, accuracy):
    axis = data.draw(st.integers(0, f.ndim - 1))
    shift = data.draw(st.integers(1, f.shape[axis] - 1))
    options = {"boundary": "periodic", "accuracy": accuracy, "axis": tuple(range(f.ndim))}
    rolled = fg.gradient(np.roll(f, shift, axis), 0.7, **options)
    assert_same_bits(rolled, np.roll(fg.gradient(f, 0.7, **options), shift, axis + 1))


@given(data=st.data(), sides=st.sampled_from(SIDES), accuracy=st.sampled_from(ACCURACIES))
def test_any_boundary_matches_the_oracle(data, sides, accuracy):
    n = data.draw(st.integers(accuracy + 1, accuracy + 10))
    f = nasty.field((n, 3), seed=data.draw(st.integers(0, 99)))
    cval = data.draw(st.floats(-10, 10))
    x, spacing, period = oracles.even(n, 0.3), 0.3, oracles.even(n + 1, 0.3)[n]
    if sides[0] != "periodic" and data.draw(st.booleans()):
        x = spacing = nasty.uneven_coordinates(n, data.draw(st.integers(0, 99)))
    options = {"boundary": sides, "accuracy": accuracy, "cval": cval, "period": period}
    assert_matches_the_oracle(f, x, spacing, 4 + accuracy, **options)
