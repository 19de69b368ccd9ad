"""Polar, spherical and cylindrical coordinates beside py-pde's, where fields do not depend on angles.

Samples are where py-pde has them: in the middle of cells, none at r = 0. Its ghost cells are mirror images here, which
is what ``boundary="reflect"`` says.

Deviations:

* Components of vectors on a cylinder are in the order r, z, phi; here they are in the order of the axes.
* On spheres py-pde's Laplacian and divergence are those of fluxes through the surfaces of shells, unless it is told
  ``conservative=False``. They have the same order.
* At r = 0 py-pde has no sample; here there may be one, with the limit, and stencils go on through it.
"""

from functools import cache

import numpy as np
import pytest

import fieldgrad as fg

pytestmark = [pytest.mark.pde, pytest.mark.uninstrumented]

AROUND = np.linspace(0, 2 * np.pi, 8, endpoint=False)
DOWN = np.linspace(0.4, 2.7, 7)
RANKS = {"gradient": (0, 1), "laplace": (0, 0), "divergence": (1, 0)}  # of arguments, of results
FUNCTIONS = {"gradient": fg.gradient, "laplace": fg.laplacian, "divergence": fg.divergence}
KINDS = ("disc", "ball", "shell", "cylinder")


@cache
def peer(kind, cells):
    import pde

    return {
        "disc": lambda: pde.PolarSymGrid(1.0, cells),
        "ball": lambda: pde.SphericalSymGrid(1.0, cells),
        "shell": lambda: pde.SphericalSymGrid((0.5, 1.0), cells),
        "cylinder": lambda: pde.CylindricalSymGrid(1.0, (-1, 1), (cells, cells + 5)),
    }[kind]()


def theirs(kind, cells, name, field, **options):
    """py-pde's operator on a field whose ghost cells are its mirror image."""
    grid, (rank, result_rank) = peer(kind, cells), RANKS[name]
    out = np.empty((grid.dim,) * result_rank + grid.shape)
    padded = np.pad(field, [(0, 0)] * rank + [(1, 1)] * grid.num_axes, "symmetric")
    operator(kind, cells, name, **options)(padded, out)
    return out


@cache
def operator(kind, cells, name, **options):
    return peer(kind, cells).make_operator_no_bc(name, **options)


def ours(kind, grid, name, field):
    """The same at one of several angles, with components in py-pde's order."""
    r, *z = grid.axes_coords
    order, angles, boundary = slice(None), (1,), ("reflect", "one-sided")
    if kind == "cylinder":
        order, boundary, made = [0, 2, 1], (*boundary, "reflect"), fg.Grid.cylindrical(r, AROUND, *z)
    elif kind in ("ball", "shell"):
        angles, boundary, made = (1, 2), (*boundary, "one-sided"), fg.Grid.spherical(r, DOWN, AROUND)
    else:
        made = fg.Grid.polar(r, AROUND)
    rank, result_rank = RANKS[name]
    spread = np.expand_dims(field[order] if rank else field, [rank + k for k in angles])
    result = FUNCTIONS[name](np.broadcast_to(spread, (*field.shape[:rank], *made.shape)), made, boundary=boundary)
    for axis in reversed(angles):
        result = result.take(3, result_rank + axis)
    return result[order] if result_rank else result


def radial(vectors, kind):
    """Without what depends on angles as soon as it is not zero, or what py-pde has no derivatives of."""
    vectors[2 if kind == "cylinder" else 1 :] = 0
    return vectors


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", RANKS)
def test_formulas(kind, name):
    grid = peer(kind, 24)
    field = np.random.default_rng(0).normal(size=(grid.dim,) * RANKS[name][0] + grid.shape)
    if name == "divergence":
        field = radial(field, kind)
    options = {"conservative": False} if kind in ("ball", "shell") and name != "gradient" else {}
    desired = theirs(kind, 24, name, field, **options)
    np.testing.assert_allclose(ours(kind, grid, name, field), desired, rtol=0, atol=1e-13 * np.abs(desired).max())


@pytest.mark.parametrize("name", ("laplace", "divergence"))
def test_fluxes_through_shells(name):
    differences = []
    for cells in (24, 48):
        grid = peer("ball", cells)
        [r] = grid.axes_coords
        field = np.cos(2 * r) if name == "laplace" else np.array([np.sin(2 * r), 0 * r, 0 * r])
        inside = ours("ball", grid, name, field)[1:-1]
        differences.append(np.abs(inside - theirs("ball", cells, name, field)[1:-1]).max() / np.abs(inside).max())
    assert np.log2(differences[0] / differences[1]) > 1.8


@pytest.mark.parametrize("kind", ("disc", "ball"))
def test_samples_at_the_origin(kind):
    """Twice as many, with one at r = 0, beside those in the middle of cells."""
    differences = []
    for cells in (24, 48):
        grid = peer(kind, cells)
        r = np.arange(2 * cells) * 0.5 * grid.discretization[0]
        made = fg.Grid.polar(r, AROUND) if kind == "disc" else fg.Grid.spherical(r, np.linspace(0, np.pi, 7), AROUND)
        field = np.cos(2 * r).reshape(-1, *[1] * (made.ndim - 1))
        finer = fg.laplacian(np.broadcast_to(field, made.shape), made)[:, 0, ...].reshape(len(r), -1)[:, 0]
        coarser = theirs(kind, cells, "laplace", np.cos(2 * grid.axes_coords[0]))
        differences.append(np.abs(finer[1::2] - coarser)[:-1].max() / np.abs(coarser).max())
    assert np.log2(differences[0] / differences[1]) > 1.8
