"""Derivatives beside findiff's, of all accuracies.

Deviations:

* Next to the ends of even axes, where a central stencil does not fit, findiff moves its one-sided stencil along with
  the sample; here all these samples take the stencil's samples at the end, which is more central and as accurate. On
  uneven axes findiff does so, too.
* With accuracy 2 the ends are of second order in findiff, of first order here, unless ``edge_order=2``.
* Second derivatives on uneven axes are of a central stencil here, and of one more sample on one side in findiff.
"""

import findiff
import numpy as np
import pytest

import fieldgrad as fg

SHAPE = (20, 18, 17)
STEPS = (0.3, 0.5, 2.0)
RNG = np.random.default_rng(0)
COORDINATES = tuple(np.cumsum(RNG.uniform(0.5, 1.5, n)) for n in SHAPE)
FIELD, VECTORS = RNG.normal(size=SHAPE), RNG.normal(size=(3, *SHAPE))


def orders(accuracy):
    return {"accuracy": accuracy, "edge_order": 2 if accuracy == 2 else None}


def assert_close(actual, desired, samples=...):
    np.testing.assert_allclose(actual[samples], desired[samples], rtol=0, atol=1e-10 * np.abs(desired).max())


@pytest.mark.parametrize("accuracy", (2, 4, 6))
@pytest.mark.parametrize("order", (1, 2))
@pytest.mark.parametrize("axis", (0, 1, 2))
def test_even_axes(axis, order, accuracy):
    actual = fg.partial(FIELD, *STEPS, axis=axis, order=order, **orders(accuracy))
    desired = (findiff.Diff(axis, STEPS[axis], acc=accuracy) ** order)(FIELD)
    inside = range(accuracy // 2, SHAPE[axis] - accuracy // 2)
    assert_close(np.moveaxis(actual, axis, 0), np.moveaxis(desired, axis, 0), [0, *inside, -1])


@pytest.mark.parametrize("accuracy", (2, 4, 6, 8))
@pytest.mark.parametrize("axis", (0, 1, 2))
def test_uneven_axes(axis, accuracy):
    actual = fg.partial(FIELD, *COORDINATES, axis=axis, **orders(accuracy))
    assert_close(actual, findiff.Diff(axis, COORDINATES[axis], acc=accuracy)(FIELD))


@pytest.mark.parametrize("accuracy", (2, 4))
@pytest.mark.parametrize(
    "function, peer, field",
    [
        (fg.gradient, findiff.Gradient, FIELD),
        (fg.laplacian, findiff.Laplacian, FIELD),
        (fg.divergence, findiff.Divergence, VECTORS),
        (fg.curl, findiff.Curl, VECTORS),
    ],
)
def test_vector_calculus(function, peer, field, accuracy):
    actual, desired = function(field, *STEPS, **orders(accuracy)), peer(h=STEPS, acc=accuracy)(field)
    inside = slice(None) if accuracy == 2 else slice(accuracy // 2, -accuracy // 2)
    assert_close(actual, desired, (..., inside, inside, inside))


def test_matrices():
    for axis, matrix in enumerate(np.split(fg.gradient_matrix((7, 6), 0.5, edge_order=2).toarray(), 2)):
        desired = findiff.Diff(axis, 0.5).matrix((7, 6))
        np.testing.assert_allclose(matrix, desired.toarray(), atol=1e-12)
