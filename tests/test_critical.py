"""What Hessians tell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fieldgrad as fg

KINDS = {(False, True): "minimum", (True, False): "maximum", (True, True): "saddle"}
SIGNS = st.lists(st.sampled_from((-1, 1)), min_size=1, max_size=5)


def rotation(d, seed):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))[0]


def with_eigenvalues(eigenvalues, seed, dtype=np.float64):
    turn = rotation(len(eigenvalues), seed)
    matrix = turn @ np.diag(eigenvalues) @ turn.T
    return ((matrix + matrix.T) / 2).astype(dtype)


@given(signs=SIGNS, seed=st.integers(0, 99), ratio=st.floats(1, 1e9), scale=st.sampled_from((1e-300, 1.0, 1e290)))
def test_kind_is_that_of_the_signs(signs, seed, ratio, scale):
    sizes = np.geomspace(1, ratio, len(signs))
    kind = KINDS[-1 in signs, 1 in signs]
    hessian = with_eigenvalues(np.array(signs) * sizes, seed) * scale
    assert fg.second_derivative_test(hessian) == kind
    assert fg.second_derivative_test(-hessian) == KINDS[1 in signs, -1 in signs]


@given(signs=SIGNS, seed=st.integers(0, 99), small=st.floats(-1e-17, 1e-17), dtype=st.sampled_from("efdg"))
def test_rounding_is_no_sign(signs, seed, small, dtype):
    assert fg.second_derivative_test(with_eigenvalues([small, *signs], seed, dtype)) == "degenerate"


@pytest.mark.parametrize("dtype", "efd")
def test_what_is_more_than_rounding_is_a_sign(dtype):
    small = 20 * 2 * float(np.finfo(dtype).eps)
    kinds = fg.second_derivative_test(np.array([[[1, 0], [0, small]], [[1, 0], [0, -small]]], dtype))
    assert kinds.tolist() == ["minimum", "saddle"]


def test_many_at_once():
    rng = np.random.default_rng(0)
    hessian = rng.standard_normal((4, 3, 3, 3))
    hessian += np.swapaxes(hessian, -1, -2)
    kinds = fg.second_derivative_test(hessian)
    assert kinds.shape == (4, 3)
    assert kinds.dtype.kind == "U"
    for at in np.ndindex(4, 3):
        low, high = np.linalg.eigvalsh(hessian[at])[[0, -1]]
        assert kinds[at] == KINDS[low < 0, high > 0]
    assert fg.second_derivative_test(np.empty((0, 5, 2, 2))).shape == (0, 5)


@pytest.mark.parametrize("wrong", (np.nan, np.inf, -np.inf))
def test_what_is_not_finite_is_degenerate(wrong):
    hessian = np.broadcast_to(np.eye(2), (3, 2, 2)).copy()
    hessian[1, 0, 1] = wrong
    assert fg.second_derivative_test(hessian).tolist() == ["minimum", "degenerate", "minimum"]


def test_integers_are_numbers_as_they_are():
    assert fg.second_derivative_test(np.array([[200, 0], [0, 1]], np.uint8)) == "minimum"
    assert fg.second_derivative_test([[-(2**62), 0], [0, -(2**62)]]) == "maximum"
    assert fg.second_derivative_test([[-128]]) == "maximum"
    assert fg.second_derivative_test(np.zeros((1, 1), bool)) == "degenerate"


@pytest.mark.parametrize(
    ("hessian", "error", "message"),
    [
        (1.0, ValueError, "hessian must have at least one axis"),
        ([1.0], ValueError, r"hessian must have shape \(..., d, d\), got \(1,\)"),
        (np.zeros((2, 3)), ValueError, r"hessian must have shape \(..., d, d\), got \(2, 3\)"),
        (np.zeros((2, 2, 5)), ValueError, r"got \(2, 2, 5\)"),
        (np.zeros((4, 0, 0)), ValueError, r"got \(4, 0, 0\)"),
        ([[1.0, 2.0], [2.1, 1.0]], ValueError, "hessian must be symmetric"),
        ([[1j]], TypeError, "hessian must be real numbers, got dtype complex128"),
        ([["a"]], TypeError, "hessian must be an array of numbers"),
        (np.zeros((1, 1), "m8[s]"), TypeError, "hessian must be real numbers"),
        (np.ma.zeros((1, 1)), TypeError, "hessian must not be masked"),
    ],
)
def test_refuses(hessian, error, message):
    with pytest.raises(error, match=message):
        fg.second_derivative_test(hessian)
