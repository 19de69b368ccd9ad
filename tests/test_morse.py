"""Critical vertices and their pairs, beside sublevel sets that are built simplex by simplex."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import morse_oracle
from fieldgrad import _morse
from helpers import output_of

EVERY_LOOP = {d: [tuple(bool(bits >> k & 1) for k in range(d)) for bits in range(2**d)] for d in (1, 2, 3)}
BOX, TORUS = (False,) * 3, (True,) * 3


@st.composite
def domains(draw, least_ndim=1, loops=None):
    """A shape of 1 to 6 samples per axis, and which axes are periodic."""
    ndim = draw(st.integers(least_ndim, 3))
    periodic = draw(st.sampled_from(EVERY_LOOP[ndim])) if loops is None else (loops,) * ndim
    return tuple(draw(st.integers(3 if loop else 1, 6)) for loop in periodic), periodic


@st.composite
def fields(draw, loops=None):
    """Small integers: many samples are equal."""
    shape, periodic = draw(domains(loops=loops))
    most = draw(st.sampled_from((0, 1, 3, 20)))
    return draw(hnp.arrays(np.int8, shape, elements=st.integers(-most, most))), periodic


@st.composite
def permutations(draw, loops=None):
    """No two samples are equal."""
    shape, periodic = draw(domains(loops=loops))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.permutation(math.prod(shape)).reshape(shape).astype(float), periodic


def critical_vertices(f, periodic, **options):
    vertices, index = _morse.critical_vertices(f, periodic, **options)
    return list(zip(vertices.tolist(), index.tolist(), strict=True))


def pairs(f, periodic, **options):
    return list(zip(*(part.tolist() for part in _morse.pairs(f, periodic, **options)), strict=True))


def counts(f, periodic):
    return np.bincount(_morse.critical_vertices(f, periodic)[1], minlength=f.ndim + 1).tolist()


def characteristic(periodic):
    return 0 if any(periodic) else 1


def waves(n, shift=0.0):
    return np.cos(2 * np.pi * (np.arange(n) + shift) / n)


def noise(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


# beside the oracle


@given(fields() | permutations())
def test_critical_vertices_change_the_homology_of_sublevel_sets(case):
    f, periodic = case
    found = critical_vertices(f, periodic)
    assert found == morse_oracle.critical_vertices(f, periodic)
    assert sum((-1) ** index for _, index in found) == characteristic(periodic)


@given(fields() | permutations())
def test_pairs_are_those_of_the_sublevel_sets(case):
    f, periodic = case
    assert sorted(pairs(f, periodic)) == morse_oracle.pairs(f, periodic)


def around(lower, d):
    """A field of 3 samples per axis: 0 in the middle, -1 at the neighbours in a set, 1 elsewhere."""
    offsets = [o for o in itertools.product((-1, 0, 1), repeat=d) if any(o) and (min(o) >= 0 or max(o) <= 0)]
    f = np.ones((3,) * d)
    f[(1,) * d] = 0
    for k, offset in enumerate(offsets):
        if lower >> k & 1:
            f[tuple(np.add(offset, 1))] = -1
    return f


def assert_middle_is_right(f):
    middle, periodic = f.size // 2, (False,) * f.ndim
    mine, expected = critical_vertices(f, periodic), morse_oracle.critical_vertices(f, periodic)
    assert [c for c in mine if c[0] == middle] == [c for c in expected if c[0] == middle]


def test_every_set_of_lower_neighbours_in_a_plane():
    for lower in range(2**6):
        assert_middle_is_right(around(lower, 2))


@given(st.integers(0, 2**14 - 1))
def test_any_set_of_lower_neighbours_in_space(lower):
    assert_middle_is_right(around(lower, 3))


@pytest.mark.parametrize("loops", EVERY_LOOP[3])
@pytest.mark.parametrize("kind", ("noise", "few values", "smooth"))
def test_a_larger_field(loops, kind):
    f = noise((9, 10, 8), 3)
    if kind == "few values":
        f = np.round(f)
    elif kind == "smooth":
        f = 0.1 * f + waves(9, 0.3)[:, None, None] * waves(10, 0.4)[:, None] * np.cos(np.arange(8) * np.pi / 4)
    assert sorted(pairs(f, loops)) == morse_oracle.pairs(f, loops)


def test_long_axes_without_others():
    for shape in ((300,), (1, 300), (300, 1), (1, 1, 300), (300, 1, 1), (1, 300, 1)):
        f = np.round(3 * noise(shape, 7))
        for periodic in ((False,) * len(shape), tuple(n > 1 for n in shape)):
            assert sorted(pairs(f, periodic)) == morse_oracle.pairs(f, periodic)


# in themselves


@given(fields() | permutations())
def test_each_critical_vertex_begins_or_ends_one_class(case):
    f, periodic = case
    birth, death, dimension = _morse.pairs(f, periodic)
    ended = death >= 0
    ends = zip(death[ended].tolist(), (dimension[ended] + 1).tolist(), strict=True)
    begins = zip(birth.tolist(), dimension.tolist(), strict=True)
    assert sorted([*begins, *ends]) == sorted(critical_vertices(f, periodic))
    loops = sum(periodic)
    assert np.bincount(dimension[~ended]).tolist() == [math.comb(loops, k) for k in range(loops + 1)]


@given(fields() | permutations())
def test_what_begins_is_below_its_end(case):
    f, periodic = case
    rank = morse_oracle.ranks(f)
    assert all(rank[birth] < rank[death] for birth, death, _ in pairs(f, periodic) if death >= 0)


@given(fields(loops=True) | permutations(loops=True))
def test_upside_down(case):
    """Reversed, the order of equal samples is upside down, too. Simplices stay simplices."""
    f, periodic = case
    last, d = f.size - 1, f.ndim
    turned = -np.flip(f).astype(float)
    assert sorted(critical_vertices(turned, periodic)) == sorted(
        (last - v, d - index) for v, index in critical_vertices(f, periodic)
    )
    ended = [(last - death, last - birth, d - 1 - k) for birth, death, k in pairs(f, periodic) if death >= 0]
    endless = [(last - birth, -1, d - k) for birth, death, k in pairs(f, periodic) if death < 0]
    found = pairs(turned, periodic)
    assert sorted(pair for pair in found if pair[1] >= 0) == sorted(ended)
    assert len(found) == len(ended) + len(endless)


@given(permutations(loops=True), st.tuples(*[st.integers(-6, 6)] * 3))
def test_a_torus_has_no_beginning(case, shifts):
    f, periodic = case
    axes = tuple(range(f.ndim))
    where = np.arange(f.size).reshape(f.shape)
    before = np.append(np.roll(where, shifts[: f.ndim], axes), -1)  # of each sample; never stays never
    rolled = np.roll(f, shifts[: f.ndim], axes)
    found = [(before[birth], before[death], k) for birth, death, k in pairs(rolled, periodic)]
    assert sorted(found) == sorted(pairs(f, periodic))


@given(permutations(), st.permutations(range(3)))
def test_axes_are_equal(case, order):
    f, periodic = case
    order = [k for k in order if k < f.ndim]
    before = np.append(np.arange(f.size).reshape(f.shape).transpose(order), -1)
    found = pairs(f.transpose(order), [periodic[k] for k in order])
    assert sorted((before[birth], before[death], k) for birth, death, k in found) == sorted(pairs(f, periodic))


# known fields


@pytest.mark.parametrize("n", (4, 5, 8, 33, 64))
def test_cosines_on_a_torus(n):
    for shift in (0.0, 0.3):
        x = waves(n, shift)
        assert counts(x, (True,)) == [1, 1]
        assert counts(x[:, None] + x, (True,) * 2) == [1, 2, 1]
        assert counts(x[:, None, None] + x[:, None] + x, TORUS) == [1, 3, 3, 1]


def test_sines_on_a_torus():
    x = 2 * np.pi * (np.arange(60) + 0.25) / 60
    f = np.sin(3 * x)[:, None] * np.sin(2 * x)
    assert counts(f, (True, True)) == [12, 24, 12]


def test_cubics_in_a_box():
    """Along each axis a minimum on the low side, a maximum and a minimum: the polynomial 2 + t to the power of d."""
    x = np.linspace(-1.9, 1.9, 39)
    f = x**3 / 3 - x
    assert counts(f, (False,)) == [2, 1]
    assert counts(f[:, None] + f, (False,) * 2) == [4, 4, 1]
    assert counts(f[:, None, None] + f[:, None] + f, BOX) == [8, 12, 6, 1]


@pytest.mark.parametrize("d", (1, 2, 3))
@pytest.mark.parametrize("n", (1, 2, 3, 7))
def test_a_constant_is_as_simple_as_its_domain(d, n):
    for periodic in EVERY_LOOP[d]:
        if n >= 3 or not any(periodic):
            loops = sum(periodic)
            expected = [math.comb(loops, k) for k in range(d + 1)]
            assert counts(np.zeros((n,) * d), periodic) == expected


def test_a_maximum_on_the_rim_is_none():
    f = np.zeros((5, 5))
    f[4, 2], f[2, 2] = 1, 2
    assert critical_vertices(f, (False, False)) == [(0, 0), (18, 1), (12, 2)]
    assert pairs(f, (False, False)) == [(0, -1, 0), (18, 12, 1)]
    assert (22, 2) in critical_vertices(f, (True, False))


def test_a_monkey_saddle_counts_twice():
    """Around the middle: up and down, three times."""
    f = np.array([[1, -2, 9], [-1, 0, 2], [9, 3, -3]])
    assert critical_vertices(f, (False, False)) == [(8, 0), (1, 0), (3, 0), (4, 1), (4, 1)]


def test_a_spiral_of_minima_merges_as_the_elder_rule_says():
    f = np.array([0.0, 5, 1, 3, 2, 4, 1.5])
    assert pairs(f, (False,)) == [(0, -1, 0), (2, 1, 0), (6, 5, 0), (4, 3, 0)]


# many ways


@pytest.mark.parametrize("shape", [(301, 400), (40, 41, 83)])
def test_bumps_on_a_slope(shape):
    """As many saddles as maxima, and one minimum to which all ways are long."""
    f = np.zeros(shape)
    for x in np.meshgrid(*map(np.arange, shape), indexing="ij", sparse=True):
        f = f + 0.01 * x
    inner = (slice(2, -2, 4),) * len(shape)
    f[inner] += 1
    bumps = f[inner].size
    birth, death, dimension = _morse.pairs(f, (False,) * len(shape))
    assert counts(f, (False,) * len(shape)) == [1, *[0] * (len(shape) - 2), bumps, bumps]
    assert (birth[0], death[0], dimension[0]) == (0, -1, 0)
    assert np.array_equal(np.sort(death[1:]), np.arange(f.size).reshape(shape)[inner].ravel())
    assert (dimension[1:] == len(shape) - 1).all()


@pytest.mark.parametrize("loops", (BOX, TORUS, (False, True, True)))
def test_any_number_of_workers(loops):
    for f in (noise((50, 51, 52)), np.round(noise((50, 51, 52)))):
        for function in (_morse.critical_vertices, _morse.pairs):
            alone = function(f, loops, workers=1)
            for workers in (2, 5):
                for one, other in zip(alone, function(f, loops, workers=workers), strict=True):
                    np.testing.assert_array_equal(one, other)


def test_interrupt_ends_a_reduction():
    assert output_of("import children; children.interrupt_a_reduction()") == (
        "interrupted in fieldgrad._engine.morse.Call.work\nstill right"
    )


# samples of any kind


@pytest.mark.parametrize("dtype", ("?", "b", "B", "h", "H", "i", "I", "q", "Q", "e", "f", "d", "g", ">f8", ">i4", ">g"))
def test_types(dtype):
    f = np.random.default_rng(5).integers(0, 9, (5, 6, 7)).astype(dtype)
    assert pairs(f, BOX) == pairs(f.astype(np.float64), BOX)


@pytest.mark.parametrize("dtype", ("q", "Q", "g"))
def test_differences_that_a_double_has_not(dtype):
    f = np.array([0, 2, 1, 3, 0], dtype)
    large = 1 + f * np.finfo(dtype).eps if dtype == "g" else f + np.array(2**62, dtype)
    assert pairs(large, (False,)) == pairs(f, (False,)) == [(0, -1, 0), (4, 3, 0), (2, 1, 0)]


def test_layouts():
    f = noise((6, 7, 8))
    for same in (np.asfortranarray(f), f[::-1, :, ::-1].copy()[::-1, :, ::-1], np.repeat(f, 2, axis=1)[:, ::2]):
        assert pairs(same, BOX) == pairs(f, BOX)
    assert pairs(f.tolist(), BOX) == pairs(f, BOX)
    f.flags.writeable = False
    assert pairs(f, BOX) == pairs(f.copy(), BOX)


def test_infinities_and_zeros_are_values():
    f = np.array([0.0, -0.0, np.inf, -np.inf, np.inf, np.inf, 1.0])
    assert pairs(f, (False,)) == pairs([1, 1, 3, 0, 3, 3, 2], (False,))


@pytest.mark.parametrize("function", (_morse.critical_vertices, _morse.pairs))
@pytest.mark.parametrize(
    ("f", "periodic", "error", "message"),
    [
        (1.0, (), ValueError, "f must have at least one axis"),
        (np.zeros((2, 2, 2, 2)), (False,) * 4, ValueError, "f must have 1 to 3 axes, got 4"),
        (np.zeros((3, 0)), (False,) * 2, ValueError, r"f must have samples, got shape \(3, 0\)"),
        ([1.0, np.nan, 2.0], (False,), ValueError, "f must not be NaN"),
        ([1j, 2j, 3j], (False,), TypeError, "f must be real numbers, got dtype complex128"),
        (np.zeros(3, "M8[s]"), (False,), TypeError, "f must be real numbers"),
        (["a", "b"], (False,), TypeError, "f must be an array of numbers"),
        (np.ma.zeros(3), (False,), TypeError, "f must not be masked"),
        (np.zeros((4, 4)), (True,), ValueError, r"periodic needs one entry per axis \(2\), got 1"),
        (np.zeros((4, 2)), (False, True), ValueError, "needs at least 3 samples, axis 1 of f has 2"),
        (np.zeros((1, 4)), (True, False), ValueError, "needs at least 3 samples, axis 0 of f has 1"),
    ],
)
def test_refuses(function, f, periodic, error, message):
    with pytest.raises(error, match=message):
        function(f, periodic)
    with pytest.raises((TypeError, ValueError), match="workers must be"):
        function(np.zeros(3), (False,), workers=0)
