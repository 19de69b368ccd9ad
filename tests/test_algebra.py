"""The gradient's matrix is the gradient, and the potential is the least-squares solution."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fieldgrad as fg

BOUNDARIES = ("one-sided", "periodic", "reflect", "mirror", "nearest", "constant")


@st.composite
def problems(draw, sizes=(1, 7)):
    """A field, where it is, and how to derive it."""
    shape = tuple(draw(st.integers(*sizes)) for _ in range(draw(st.integers(1, 3))))
    accuracy = draw(st.sampled_from((2, 4)))
    edge_order = draw(st.sampled_from((None, 1, 2)))
    order = edge_order or (1 if accuracy == 2 else accuracy)
    shape = tuple(max(n, order + 1, 2) for n in shape)
    boundary = tuple(draw(st.sampled_from(BOUNDARIES)) for _ in shape)
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    spacing = [
        np.cumsum(rng.uniform(0.5, 1.5, n)) if word != "periodic" and draw(st.booleans()) else rng.uniform(0.5, 2)
        for n, word in zip(shape, boundary, strict=True)
    ]
    where = None
    if draw(st.booleans()):
        where = rng.random(shape) > draw(st.sampled_from((0.1, 0.5)))
    options = {"accuracy": accuracy, "edge_order": edge_order, "boundary": boundary, "where": where}
    return rng.standard_normal(shape), spacing, options


@given(problems())
def test_the_matrix_is_the_gradient(problem):
    f, spacing, options = problem
    expected = fg.gradient(f, *spacing, axis=tuple(range(f.ndim)), **options)
    matrix = fg.gradient_matrix(f.shape, *spacing, **options)
    assert matrix.shape == (f.ndim * f.size, f.size)
    where = options["where"]
    seen = f if where is None else np.where(where, f, 1e6)
    actual = (matrix @ seen.ravel()).reshape(expected.shape)
    known = ~np.isnan(expected)
    np.testing.assert_allclose(actual[known], expected[known], rtol=0, atol=1e-11)
    empty = np.diff(matrix.indptr) == 0
    assert empty[~known.ravel()].all()


def assert_nearest_and_shortest(F, spacing, options, atol=1e-6):
    """A potential is what least squares of the kernels' matrix give, with what the kernels do not have left out."""
    found, info = fg.potential(F, *spacing, return_info=True, **options)
    shape, where = found.shape, options.get("where")
    axes = tuple(range(found.ndim))
    known = ~np.isnan(fg.gradient(np.zeros(shape), *spacing, axis=axes, **options)).ravel()
    matrix = fg.gradient_matrix(shape, *spacing, **options).toarray()
    wanted = np.where(known, F.ravel(), 0)
    shortest = np.linalg.lstsq(matrix, wanted, rcond=1e-10)[0]
    least = np.linalg.norm(matrix @ shortest - wanted) / (np.linalg.norm(wanted) or 1)
    assert info.residual == pytest.approx(least, rel=1e-9, abs=1e-11)
    there = np.ones(shape, bool) if where is None else where
    np.testing.assert_array_equal(np.isnan(found), ~there)
    scale = np.abs(shortest).max(initial=0) + 1e-6
    np.testing.assert_allclose(found[there], shortest.reshape(shape)[there], rtol=0, atol=atol * scale)


@given(problems(), st.booleans())
def test_the_potential_is_the_shortest_least_squares_solution(problem, complex_):
    f, spacing, options = problem
    rng = np.random.default_rng(f.size)
    vectors = rng.standard_normal((f.ndim, *f.shape))
    if complex_:
        vectors = vectors + 1j * rng.standard_normal(vectors.shape)
    assert_nearest_and_shortest(vectors, spacing, options)


@given(problems())
def test_many_samples_have_the_nearest_field_too(problem):
    f, spacing, options = problem
    vectors = np.random.default_rng(f.size).standard_normal((f.ndim, *f.shape))
    expected = fg.potential(vectors, *spacing, return_info=True, **options)[1].residual
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fieldgrad.algebra._ELIMINATED", dict.fromkeys((1, 2, 3), (0, 0)))
        found = fg.potential(vectors, *spacing, return_info=True, **options)[1].residual
        patch.setattr("fieldgrad.algebra._box", lambda *_: None)
        by_diagonal = fg.potential(vectors, *spacing, return_info=True, **options)[1].residual
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert by_diagonal == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_gaps_in_periodic_boxes(seed):
    rng = np.random.default_rng(seed)
    options = {"boundary": "periodic", "where": rng.random((8, 8, 8)) > 0.02}
    gradient = np.nan_to_num(fg.gradient(rng.normal(size=(8, 8, 8)), **options))
    assert fg.potential(gradient, return_info=True, **options)[1].residual < 1e-12


@pytest.mark.parametrize("shape, absent", (((200, 200), 0.3), ((24, 24, 24), 0.02), ((24, 24, 24), 0.3)))
def test_many_gaps(shape, absent):
    rng = np.random.default_rng(0)
    where = rng.random(shape) > absent
    gradient = np.nan_to_num(fg.gradient(rng.normal(size=shape), where=where))
    assert fg.potential(gradient, where=where, return_info=True)[1].residual < 3e-12


def test_potential_along_long_lines():
    f = np.cumsum(np.random.default_rng(0).normal(size=20_000))
    x = np.cumsum(np.random.default_rng(1).uniform(0.5, 1.5, f.size))
    found, info = fg.potential(fg.gradient(f, x), x, reference=f.mean(), return_info=True)
    np.testing.assert_allclose(found, f, rtol=0, atol=1e-7 * np.ptp(f))
    assert info.residual < 1e-11


def test_iterations_without_success_are_told(monkeypatch):
    monkeypatch.setattr("fieldgrad._least_squares._MOST_ITERATIONS", 0)
    where = np.arange(20).reshape(4, 5) > 0
    with pytest.warns(
        RuntimeWarning, match=r"after 0 iterations the normal equations have a relative residual of 1\.0e"
    ):
        fg.potential(np.ones((2, 4, 5)), where=where)


def test_derivatives_that_are_always_zero_count_in_the_residual():
    F = np.array([[10.0, 1, 1, 0, 1]])
    options = {"boundary": (("mirror", "one-sided"),), "where": np.arange(5) != 3}
    assert_nearest_and_shortest(F, (), options)
    assert fg.potential(F, return_info=True, **options)[1].residual == pytest.approx(0.9901475, abs=1e-6)


@pytest.mark.parametrize("boundary", ("reflect", "mirror", "nearest"))
@pytest.mark.parametrize("accuracy", (2, 4, 6, 8))
def test_what_rounding_leaves_of_weights_is_no_derivative(boundary, accuracy):
    y, x, options = np.array([0, 1, 2.3]), np.array([0, 0.7, 2]), {"boundary": boundary, "accuracy": accuracy}
    matrix = fg.gradient_matrix((3, 3), y, x, where=np.eye(3, dtype=bool), **options)
    assert not matrix.data.any()
    assert fg.potential(np.ones((1, 1)), **options) == 0


@pytest.mark.parametrize("gaps", (False, True))
@pytest.mark.parametrize("scale", (1e-310, 1e-200, 1e-160, 1e160, 1e300))
def test_components_of_any_size(scale, gaps):
    f = np.random.default_rng(0).normal(size=(7, 9))
    where = np.arange(63).reshape(f.shape) > 0 if gaps else None
    F = np.nan_to_num(fg.gradient(f, where=where))
    expected = fg.potential(F, where=where)
    found, info = fg.potential(F * scale, where=where, return_info=True)
    np.testing.assert_allclose(found / scale, expected, rtol=0, atol=1e-12)
    assert info.residual < 1e-12


@pytest.mark.parametrize("spacing", ((1e-3, 1e3), (1e-6, 1e6), (1e-200, 1e-200), (1e-200, 1e50), (1e200, 1.0)), ids=str)
def test_steps_of_any_size(spacing):
    f = np.random.default_rng(0).normal(size=(7, 9))
    found = fg.potential(fg.gradient(f, *spacing), *spacing, reference=f.mean())
    np.testing.assert_allclose(found, f, rtol=0, atol=1e-13)


@pytest.mark.parametrize("where", (None, np.ones((0, 3), bool)))
def test_potential_without_samples(where):
    found, info = fg.potential(np.ones((2, 0, 3)), boundary="periodic", where=where, return_info=True)
    assert found.shape == (0, 3)
    assert info == (0.0, 0)
    with pytest.raises(ValueError, match="accuracy"):
        fg.potential(np.ones((2, 0, 3)), boundary="periodic", accuracy=3)


def test_infinities_that_cancel_are_not_left_out():
    F = np.ones((2, 4, 5))
    F[:, 2, 2] = np.inf, -np.inf
    with pytest.raises(ValueError, match="finite"):
        fg.potential(F, nan="omit")


def test_masked_arrays_without_masks_give_masked_results():
    F = np.ones((2, 4, 5))
    found = fg.potential(np.ma.array(F))
    assert isinstance(found, np.ma.MaskedArray)
    assert not found.mask.any()
    np.testing.assert_array_equal(found.data, fg.potential(F))


@pytest.mark.parametrize("shape", ((50,), (30, 41), (12, 13, 14)), ids=str)
@pytest.mark.parametrize("gaps", (False, True))
def test_a_gradient_has_its_field_back(shape, gaps):
    rng = np.random.default_rng(0)
    f = rng.standard_normal(shape)
    where = rng.random(shape) > 0.05 if gaps and len(shape) > 1 else None
    coords = [np.cumsum(rng.uniform(0.5, 1.5, n)) for n in shape]
    gradient = fg.gradient(f, *coords, axis=tuple(range(f.ndim)), where=where)
    mean = f.mean() if where is None else f[where].mean()
    back, info = fg.potential(gradient, *coords, reference=mean, where=where, return_info=True)
    there = slice(None) if where is None else where
    np.testing.assert_allclose(back[there], f[there], atol=1e-8)
    assert info.residual < 1e-9
    assert (info.iterations > 0) == (where is not None)


def test_each_part_has_its_own_mean():
    f = np.arange(12.0).reshape(3, 4) ** 2
    where = np.ones(f.shape, bool)
    where[:, 1] = False
    back = fg.potential(fg.gradient(f, where=where), where=where, reference=5.0)
    for part in ((slice(None), slice(0, 1)), (slice(None), slice(2, 4))):
        np.testing.assert_allclose(back[part], f[part] - f[part].mean() + 5, atol=1e-9)


def test_what_turns_is_left():
    y, x = np.mgrid[-8:9, -8:9].astype(float)
    turning = np.stack([x, -y])
    potential, info = fg.potential(turning, return_info=True)
    assert 0.5 < info.residual < 1
    f = x * y + y
    both, less = fg.potential(fg.gradient(f) + turning, return_info=True)
    np.testing.assert_allclose(both, potential + f, atol=1e-9)
    left = np.linalg.norm(fg.gradient(potential) - turning)
    assert info.residual == pytest.approx(left / np.linalg.norm(turning))
    assert less.residual == pytest.approx(left / np.linalg.norm(fg.gradient(f) + turning))


def test_kinds_of_numbers():
    f = np.random.default_rng(1).standard_normal((6, 7))
    gradient = fg.gradient(f)
    for dtype in (np.float32, np.float64, np.complex64, np.complex128):
        back = fg.potential(gradient.astype(dtype))
        assert back.dtype == dtype
        np.testing.assert_allclose(back, f - f.mean(), atol=1e-5 if dtype in (np.float32, np.complex64) else 1e-12)
    assert fg.potential(np.ones((2, 4, 5), int)).dtype == np.float64
    for dtype, result in ((np.float16, np.float32), (np.longdouble, np.longdouble), (np.clongdouble, np.clongdouble)):
        assert fg.potential(np.ones((2, 4, 5), dtype)).dtype == result
    np.testing.assert_allclose(fg.potential(np.ones(4)), [-1.5, -0.5, 0.5, 1.5])


def test_absent_samples_come_in_three_ways():
    f = np.random.default_rng(2).standard_normal((7, 8))
    where = np.ones(f.shape, bool)
    where[2:4, 3] = False
    gradient = fg.gradient(f, where=where)
    expected = fg.potential(gradient, where=where)
    np.testing.assert_array_equal(fg.potential(gradient, nan="omit"), expected)
    masked = fg.potential(np.ma.masked_invalid(gradient))
    np.testing.assert_array_equal(masked.filled(np.nan), expected)
    np.testing.assert_array_equal(masked.mask, ~where)


@pytest.mark.parametrize(
    ("error", "match", "call"),
    [
        (ValueError, "one component for each of its 2 other axes, got 3", lambda: fg.potential(np.ones((3, 4, 5)))),
        (ValueError, "finite where samples exist", lambda: fg.potential(np.full((2, 4, 5), np.nan))),
        (ValueError, "reference", lambda: fg.potential(np.ones((2, 4, 5)), reference=np.inf)),
        (TypeError, "F must be an array of numbers", lambda: fg.potential([["a"]])),
        (ValueError, "where must have the shape", lambda: fg.potential(np.ones((2, 4, 5)), where=np.ones(4, bool))),
        (ValueError, "needs at least 2", lambda: fg.potential(np.ones((2, 1, 5)))),
        (TypeError, "shape must be an integer", lambda: fg.gradient_matrix((4.5, 2))),
        (ValueError, "no negative sizes", lambda: fg.gradient_matrix((4, -2))),
        (ValueError, "at least one axis", lambda: fg.gradient_matrix(())),
        (TypeError, "where must be an array of bool", lambda: fg.gradient_matrix((2, 3), where=np.ones((2, 3)))),
        (ValueError, "accuracy", lambda: fg.gradient_matrix((4, 5), accuracy=3)),
    ],
)
def test_bad_input_is_named(error, match, call):
    with pytest.raises(error, match=match):
        call()


@pytest.mark.parametrize("options", ({}, {"accuracy": 4}, {"boundary": "periodic"}, {"boundary": "mirror"}))
@pytest.mark.parametrize("gaps", (False, True))
def test_matrix_of_the_laplacian(options, gaps):
    rng = np.random.default_rng(3)
    f, y = rng.normal(size=(9, 11)), np.cumsum(rng.uniform(0.5, 1.5, 9))
    spacing = (0.5, 0.3) if options.get("boundary") == "periodic" else (y, 0.3)
    if gaps:
        options = {**options, "where": rng.random(f.shape) > 0.1}
    result, matrix = fg.laplacian(f, *spacing, **options), fg.laplacian_matrix(f.shape, *spacing, **options)
    known = ~np.isnan(result)
    np.testing.assert_allclose((matrix @ f.ravel()).reshape(f.shape)[known], result[known], atol=1e-12)
    np.testing.assert_array_equal((np.diff(matrix.indptr) > 0).reshape(f.shape), known)


@pytest.mark.parametrize("boundary", ("one-sided", "periodic", "reflect", "mirror", "nearest", "constant"))
@pytest.mark.parametrize("accuracy, edge_order", ((2, None), (2, 2), (4, None), (8, None)))
@pytest.mark.parametrize("uneven", (False, True))
def test_adjoint_of_the_operator_is_the_transposed_matrix(boundary, accuracy, edge_order, uneven):
    shape, rng = (12, 31, 14), np.random.default_rng(5)
    spacing = tuple(np.cumsum(rng.uniform(0.5, 1.5, n)) for n in shape) if uneven else (0.5, 0.3, 2.0)
    if uneven and boundary == "periodic":
        spacing = (fg.Grid.cartesian(*spacing, shape=shape, periodic=True, period=[x[-1] - x[0] + 1 for x in spacing]),)
    options = {"accuracy": accuracy, "edge_order": edge_order, "boundary": boundary}
    if isinstance(spacing[0], fg.Grid):
        options.pop("boundary")
    operator = fg.gradient_operator(shape, *spacing, **options)
    matrix = fg.gradient_matrix(shape, *spacing, **options)
    f, v = rng.normal(size=matrix.shape[1]), rng.normal(size=matrix.shape[0])
    scale = np.abs(matrix).max()
    np.testing.assert_allclose(operator @ f, matrix @ f, atol=1e-13 * scale)
    np.testing.assert_allclose(operator.rmatvec(v), matrix.T @ v, atol=1e-13 * scale)
    np.testing.assert_allclose(operator.rmatvec(v * 1j), matrix.T @ v * 1j, atol=1e-13 * scale)
    np.testing.assert_allclose(v @ (operator @ f), operator.rmatvec(v) @ f, rtol=1e-10, atol=1e-11 * scale)


def test_adjoint_around_gaps():
    rng = np.random.default_rng(5)
    where = rng.random((9, 10)) > 0.2
    operator, matrix = (make((9, 10), where=where) for make in (fg.gradient_operator, fg.gradient_matrix))
    f, v = rng.normal(size=90), rng.normal(size=180)
    np.testing.assert_allclose(operator @ f, matrix @ f, atol=1e-13)
    np.testing.assert_allclose(operator.rmatvec(v), matrix.T @ v, atol=1e-13)


def test_derivatives_that_are_zero_stay_in_sums():
    everywhere = np.ones((6, 1), bool)
    options = {"boundary": "reflect"}
    expected = fg.laplacian_matrix((6, 1), **options).toarray()
    assert np.abs(expected).max() == 2
    np.testing.assert_array_equal(fg.laplacian_matrix((6, 1), where=everywhere, **options).toarray(), expected)


def test_the_operator_has_zeros_only_for_want_of_samples():
    where = np.arange(6) < 5
    x = np.arange(6.0)
    x[2] = np.nan
    np.testing.assert_array_equal(fg.gradient_operator(6, where=where) @ x, [1, np.nan, 1, np.nan, 1, 0])


@pytest.mark.parametrize("where", (None, np.arange(30).reshape(5, 6) > 0))
@pytest.mark.parametrize(
    "spacing, options",
    (
        ((), {"accuracy": 3}),
        ((), {"boundary": "bad"}),
        ((), {"edge_order": 5}),
        ((1.0, 2.0, 3.0), {}),
        ((fg.Grid.polar(np.linspace(0, 1, 5), np.arange(7)),), {}),
        ((fg.Grid.geographic(np.linspace(-90, 90, 5), 60 * np.arange(6), radius=1),), {"accuracy": 3}),
        ((), {"workers": 0}),
        ((), {"workers": 1.5}),
    ),
)
def test_the_operator_checks_its_arguments_when_it_is_made(where, spacing, options):
    with pytest.raises((TypeError, ValueError)):
        fg.gradient_operator((5, 6), *spacing, where=where, **options)


def test_axes_without_samples():
    for where in (None, np.ones((0, 3), bool)):
        operator = fg.gradient_operator((0, 3), boundary="periodic", where=where)
        assert (operator @ np.zeros(0)).shape == operator.rmatvec(np.zeros(0)).shape == (0,)
        assert fg.gradient_matrix((0, 3), boundary="periodic", where=where).shape == (0, 0)
        assert fg.laplacian_matrix((0, 3), boundary="periodic", where=where).shape == (0, 0)


def test_adjoint_of_lines_and_small_fields():
    rng = np.random.default_rng(6)
    for shape in (2, 3, (2, 2), (5,), (3, 2, 4)):
        operator, matrix = fg.gradient_operator(shape), fg.gradient_matrix(shape)
        v = rng.normal(size=matrix.shape[0])
        np.testing.assert_allclose(operator.rmatvec(v), matrix.T @ v, atol=1e-14)
        assert operator.shape == matrix.shape
