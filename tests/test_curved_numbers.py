"""On curved grids kinds of numbers, layouts, workers and pieces do not matter."""

import numpy as np
import pytest

import fieldgrad as fg
from curved_cases import COMPONENTS, SPACES, bent, circle, known, known_on
from fieldgrad import _pieces
from helpers import assert_same_bits


@pytest.mark.parametrize("function", (fg.divergence, fg.curl))
@pytest.mark.parametrize("dtype", ("?", "u1", "i4", "f4", "c8"))
def test_vectors_of_any_numbers_change_signs_at_poles(function, dtype):
    grid = fg.Grid.polar(np.linspace(0, 1, 7), circle(8))
    F = (np.arange(2 * 7 * 8) % 2).reshape(2, 7, 8)
    exact = function(F.astype(float), grid)
    np.testing.assert_allclose(function(F.astype(dtype), grid), exact, atol=1e-4 if dtype in ("f4", "c8") else 0)


@pytest.mark.parametrize("name", ("polar", "shell", "geographic"))
@pytest.mark.parametrize("dtype", ("f4", "c16", "i4", ">f8", "f2"))
def test_types(name, dtype):
    space = SPACES[name](10)
    f = (100 * known(space).f).astype(dtype)
    if dtype == "c16":
        f = f * (1 + 2j)
    exact = f.astype(complex if dtype == "c16" else float)
    tolerance = {"f2": 2e-2, "f4": 1e-4}.get(dtype, 1e-11)
    for function in (fg.gradient, fg.gradient_magnitude, fg.laplacian, fg.hessian):
        with np.errstate(over="ignore"):
            result = function(f, space.grid)
        wanted = function(exact, space.grid)
        assert result.dtype == ("f8" if dtype in ("i4", ">f8") or (dtype == "c16" and wanted.dtype == "f8") else dtype)
        finite = np.isfinite(result)
        scale = np.abs(wanted).max() * (30 if dtype in ("f2", "f4") else 1)
        np.testing.assert_allclose(result[finite], wanted[finite], atol=tolerance * scale)


@pytest.mark.parametrize("name", ("polar", "spherical", "cap", "tube"))
def test_layouts_out_and_workers(name):
    space = SPACES[name](12)
    k = known(space)
    for function, field in ((fg.gradient, k.f), (fg.laplacian, k.f), (fg.divergence, k.F), (fg.curl, k.F)):
        result = function(field, space.grid, workers=1)
        assert_same_bits(function(field, space.grid, workers=3), result)
        np.testing.assert_allclose(function(np.asfortranarray(field), space.grid), result, atol=1e-11)
        out = np.empty_like(result)
        assert function(field, space.grid, out=out) is out
        assert_same_bits(out, result)
    overlapping = k.f.copy()
    assert_same_bits(fg.laplacian(overlapping, space.grid, out=overlapping), fg.laplacian(k.f, space.grid))


@pytest.mark.parametrize("measured", (False, True))
def test_layouts_of_oblique_coordinates(measured):
    grid, x, jacobian = bent(12, 3, measured)
    k, _ = known_on(jacobian, x, "physical")
    for function, field in ((fg.gradient, k.f), (fg.laplacian, k.f), (fg.divergence, k.F), (fg.curl, k.F)):
        result = function(field, grid, workers=1)
        assert_same_bits(function(field, grid, workers=3), result)
        np.testing.assert_allclose(function(np.asfortranarray(field), grid), result, atol=1e-11)
        single = function(field.astype(np.float32), grid)
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, result, atol=2e-3 * np.abs(result).max())


def vectors_like(f):
    return np.stack([np.asarray((k + 1) * f + k * f.T.reshape(f.shape), f.dtype) for k in range(f.ndim)])


def directions_like(f):
    return np.random.default_rng(5).normal(size=(f.ndim, *f.shape))


OF_FIELDS = {
    "gradient": fg.gradient,
    "magnitude": fg.gradient_magnitude,
    "normals": fg.normals,
    "partial": lambda f, grid, **o: fg.partial(f, grid, axis=0, order=2, **o),
    "laplacian": fg.laplacian,
    "hessian": fg.hessian,
    "direction": lambda f, grid, **o: fg.directional_derivative(f, range(1, f.ndim + 1), grid, **o),
    "directions": lambda f, grid, **o: fg.directional_derivative(f, directions_like(f), grid, **o),
    "vectors": lambda f, grid, **o: fg.directional_derivative(f, directions_like(f), grid, normalize=False, **o),
    "divergence": lambda f, grid, **o: fg.divergence(vectors_like(f), grid, **o),
    "curl": lambda f, grid, **o: fg.curl(vectors_like(f), grid, **o),
    "jacobian": lambda f, grid, **o: fg.jacobian(vectors_like(f), grid, **o),
}
ORDERS = {
    "Fortran": np.asfortranarray,
    "turned": lambda f: np.moveaxis(np.ascontiguousarray(np.moveaxis(f, 0, -1)), -1, 0),
    "backwards": lambda f: f[::-1].copy()[::-1],
}


@pytest.mark.parametrize("operator", OF_FIELDS)
@pytest.mark.parametrize("name", (*SPACES, "oblique", "metric"))
def test_kinds_and_orders_of_numbers_do_not_matter(name, operator):
    """Of all operators, around absent samples, too."""
    rng = np.random.default_rng(0)
    grid = bent(12, 3, name == "metric")[0] if name in ("oblique", "metric") else SPACES[name](12).grid
    f, function = rng.integers(-9, 9, grid.shape) + 0.0, OF_FIELDS[operator]
    for options in ({}, {"accuracy": 4, "where": rng.random(grid.shape) > 0.05}):
        expected = function(f, grid, **options)
        size = np.nanmax(np.abs(expected))
        for order in ORDERS.values():
            result = function(order(f), grid, **options)
            np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12 * size)
        for kind, precision in (("f4", 1e-4), ("f2", 1e-2), ("i2", 1e-12), ("g", 1e-12), ("c16", 1e-12), ("c8", 1e-4)):
            unit = 1 if operator == "normals" else 2.0**-12 if kind == "f2" else 1  # the largest half is 65504
            result = function((f * unit).astype(kind), grid, **options)
            np.testing.assert_allclose(result, expected * unit, rtol=0, atol=precision * size * unit)
        turned = function(f * (0.6 + 0.8j), grid, **options)
        wanted = expected if operator == "magnitude" else expected * (0.6 + 0.8j)
        np.testing.assert_allclose(turned, wanted, rtol=0, atol=1e-12 * size)


@pytest.mark.parametrize("dims", (2, 3))
@pytest.mark.parametrize("gaps", (False, True), ids=("whole", "gaps"))
@pytest.mark.parametrize("uneven", (False, True), ids=("curvilinear", "uneven"))
def test_pieces_do_not_show(monkeypatch, dims, gaps, uneven):
    """Whatever is cut where, next to ends and across seams."""
    shape = (64, 61) if dims == 2 else (40, 37, 26)
    rng = np.random.default_rng(dims)
    f, F = rng.normal(size=shape), rng.normal(size=(dims, *shape))
    where = rng.random(shape) > 0.03 if gaps else None
    ends = ("mirror", "reflect") if uneven else ("periodic", ("nearest", "constant"))
    calls = [
        {"accuracy": 2, "where": where},
        {"accuracy": 4, "where": where, "boundary": (*ends, "one-sided")[:dims], "cval": 0.5},
    ]
    if uneven:  # closed along the first axis
        calls[1]["boundary"] = ("periodic", *calls[1]["boundary"][1:])

    def results():
        grid = loop(shape) if uneven else bent_box(shape)
        for options in calls:
            for function in (fg.laplacian, fg.hessian, along_range):
                yield function(f, grid, **options)
            for function in (fg.divergence, fg.curl):
                for components in COMPONENTS:
                    yield function(F, grid, components=components, **options)

    found = []
    for samples in (1 << 9, 1 << 11, 1 << 40):
        monkeypatch.setattr(_pieces, "_SAMPLES", samples)
        _pieces.pieces.cache_clear()
        found.append(list(results()))
    _pieces.pieces.cache_clear()
    for parts in zip(*found, strict=True):
        for part in parts[:-1]:
            if gaps and uneven:  # across a seam, terms of derivatives of derivatives are added in another order
                np.testing.assert_allclose(part, parts[-1], rtol=0, atol=1e-12 * np.nanmax(np.abs(part)))
            else:
                assert_same_bits(part, parts[-1])


def along_range(f, grid, **options):
    return fg.directional_derivative(f, range(1, f.ndim + 1), grid, **options)


def bent_box(shape):
    u = np.meshgrid(*[np.linspace(0, 1, n) for n in shape], indexing="ij")
    return fg.Grid.curvilinear(*[x + 0.1 * np.sin(2 * y) for x, y in zip(u, u[1:] + u[:1], strict=True)])


def loop(shape):
    """A metric that closes along the first axis, whose steps differ."""
    d, steps = len(shape), np.random.default_rng(0).uniform(0.8, 1.2, shape[0])
    x = np.cumsum(steps)
    turn = 2 * np.pi * x / steps.sum()
    size = np.stack([1 + 0.2 * np.sin(turn + k) for k in range(d)]).reshape(d, -1, *[1] * (d - 1))
    g = np.einsum("i...,k...->ik...", size, size) * (0.7 * np.eye(d) + 0.3).reshape(d, d, *[1] * d)
    closed = (True, *[False] * (d - 1))
    period = (steps.sum(), *[None] * (d - 1))
    return fg.Grid.riemannian(g * np.ones(shape), x, *[0.5] * (d - 1), periodic=closed, period=period)


@pytest.mark.parametrize("dtype", (np.complex64, np.complex128, np.float16, np.longdouble, np.int16))
def test_types_in_oblique_coordinates(dtype):
    grid = bent_box((60, 61))
    scale = 0.1 if dtype is np.float16 else 100  # second derivatives are finite
    F = (scale * np.random.default_rng(0).normal(size=(2, *grid.shape))).astype(dtype)
    wide = F.astype(np.result_type(dtype, np.float64))
    size = {"e": 1e-2, "F": 1e-3}.get(np.dtype(dtype).char, 1e-11)
    for function, field in ((fg.gradient, 0), (fg.laplacian, 0), (fg.hessian, 0), (fg.divergence, ...), (fg.curl, ...)):
        result, wanted = function(F[field], grid), function(wide[field], grid)
        np.testing.assert_allclose(result, wanted, rtol=0, atol=size * np.abs(wanted).max())
        turned = function(np.asfortranarray(F[field]), grid)
        np.testing.assert_allclose(turned, result, rtol=0, atol=size * np.abs(wanted).max())
