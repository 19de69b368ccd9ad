"""Curved grids beside SymPy, which knows nothing but the map to Cartesian space, or the metric."""

from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
import sympy as sp

import fieldgrad as fg
from metric_oracle import COMPONENTS, Chart

pytestmark = pytest.mark.uninstrumented

U, V, W = U3 = sp.symbols("u v w")
STEPS = sp.symbols("p q r", positive=True)
MAJOR, MINOR = 6378137, sp.Rational("6356752.314245179")  # WGS84, metres: NIMA TR8350.2


class Case(NamedTuple):
    """A grid, and where SymPy is to be asked: next to poles in place of on them, but for the last digits."""

    grid: fg.Grid
    arguments: tuple[np.ndarray | float, ...]
    #: Some samples on poles, and which way is off them.
    poles: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = ()

    @property
    def regular(self):
        """Which samples are on no pole."""
        return self.grid.volume_element > 0


# ---- fields --------------------------------------------------------------------------------------------------


def scalar(x, y, z=0):
    return sp.sin(x + y / 2 - z + 1) + sp.cos(3 * x / 2 - y + z / 2) / 2


def vector(x, y, z=0):
    return [sp.sin(y + x / 3 + z), sp.cos(x - y / 2 + z / 3), sp.sin(z - x + y / 4)]


def plane_vector(x, y):
    return vector(x, y)[:2]


# ---- charts --------------------------------------------------------------------------------------------------


def ball(r, theta, phi):
    return [r * sp.sin(theta) * sp.cos(phi), r * sp.sin(theta) * sp.sin(phi), r * sp.cos(theta)]


def globe(lat, lon, major, minor):
    """Geodetic coordinates in degrees: the normal of the ellipsoid has the latitude's slope."""
    lat, lon = lat * sp.pi / 180, lon * sp.pi / 180
    normal = major**2 / sp.sqrt(major**2 * sp.cos(lat) ** 2 + minor**2 * sp.sin(lat) ** 2)
    up = (minor / sp.Integer(major)) ** 2 * normal * sp.sin(lat)
    return [normal * sp.cos(lat) * sp.cos(lon), normal * sp.cos(lat) * sp.sin(lon), up]


def ring(u, v):
    """Once round along v, nowhere at right angles."""
    r, angle = 1 + u + sp.sin(2 * v) / 10, v + 2 * u / 5
    return [r * sp.cos(angle), r * sp.sin(angle)]


def parcel(u, v, w):
    """Bent, and left-handed."""
    return [v + u * w / 4, u + sp.sin(v) / 5, w + sp.cos(u) / 4 - v / 3]


def indexed(positions, coordinates):
    """Of indices, where parameters are the steps."""
    steps = STEPS[: len(coordinates)]
    return positions(*[h * u for h, u in zip(steps, coordinates, strict=True)]), steps


SURFACE = sp.Matrix([[1 + U**2, sp.sin(U + V) / 3], [sp.sin(U + V) / 3, 2 + sp.cos(V)]])
BODY = sp.Matrix(
    [
        [2 + sp.sin(V), U * W / 4, sp.cos(U) / 5],
        [U * W / 4, 1 + W**2 / 2, sp.sin(W) / 3],
        [sp.cos(U) / 5, sp.sin(W) / 3, 2 + sp.cos(U + V) / 2],
    ]
)


@cache
def chart(name):
    if name == "polar":
        return Chart.of_map((U, V), [U * sp.cos(V), U * sp.sin(V)], scalar, plane_vector)
    if name == "cylindrical":
        return Chart.of_map(U3, [U * sp.cos(V), U * sp.sin(V), W], scalar, vector)
    if name == "spherical":
        return Chart.of_map(U3, ball(*U3), scalar, vector)
    if name == "sphere":
        return Chart.of_map((U, V), globe(U, V, 2, 2), scalar, vector, hand=-1)
    if name == "WGS84":

        def in_radii(function):
            return lambda *x: function(*[a / MAJOR for a in x])

        positions = globe(U, V, MAJOR, MINOR)
        return Chart.of_map((U, V), positions, in_radii(scalar), in_radii(vector), hand=-1)
    if name == "ring":
        positions, steps = indexed(ring, (U, V))
        return Chart.of_map((U, V), positions, scalar, plane_vector, parameters=steps)
    if name == "parcel":
        positions, steps = indexed(parcel, U3)
        return Chart.of_map(U3, positions, scalar, vector, hand=-1, parameters=steps)
    # Metrics of spaces that are curved themselves: no map to Cartesian space has them.
    if name == "surface":  # once round along V
        f = sp.sin(V + 1) * sp.cos(U) + U**2 / 2
        return Chart((U, V), SURFACE, f, [sp.cos(V) * U, sp.sin(2 * V) + U**2])
    assert name == "body"
    return Chart(U3, BODY, scalar(*U3), vector(*U3))


# ---- samples -------------------------------------------------------------------------------------------------


def circle(n, turn=2 * np.pi):
    return np.linspace(0, turn, n, endpoint=False)


def uneven(n, low, high):
    """Steps that change smoothly."""
    t = np.linspace(0, 1, n)
    return low + (high - low) * (4 * t + t**2) / 5


def lattice(*coords, singular=()):
    """With the coordinates that are named moved off poles, no further than rounding allows."""
    moved = [np.array(x) for x in coords]
    for axis, at, way in singular:
        moved[axis][at] += way * 1e-12
    return np.meshgrid(*moved, indexing="ij", sparse=True)


def eighths(n):
    return range(0, n, n // 8)


def polar(n, inner=0.0):
    if inner:
        coords = uneven(n, inner, 1), uneven(n, 0.3, 2)
        return Case(fg.Grid.polar(*coords), lattice(*coords))
    coords = np.linspace(0, 1, n), circle(2 * n - 2)
    poles = tuple(((0, j), (1, 0)) for j in eighths(2 * n - 2))
    return Case(fg.Grid.polar(*coords), lattice(*coords, singular=[(0, 0, 1)]), poles)


def cylindrical(n, inner=0.0):
    coords = uneven(n, inner, 1) if inner else np.linspace(0, 1, n), circle(2 * n - 2), uneven(n, -1, 0.5)
    grid = fg.Grid.cylindrical(*coords)
    if inner:
        return Case(grid, lattice(*coords))
    poles = tuple(((0, j, n // 2), (1, 0, 0)) for j in eighths(2 * n - 2))
    return Case(grid, lattice(*coords, singular=[(0, 0, 1)]), poles)


def spherical(n, inner=0.0):
    if inner:
        coords = uneven(n, inner, 1), uneven(n, 1.0, 2.0), circle(2 * n - 2)
        return Case(fg.Grid.spherical(*coords), lattice(*coords))
    coords = np.linspace(0, 1, n), np.linspace(0, np.pi, n), circle(2 * n - 2)
    half = (n - 1) // 2
    poles = tuple(
        place
        for j in eighths(2 * n - 2)
        for place in (
            ((0, half // 2, j), (1, 0, 0)),
            ((0, 0, j), (1, 1, 0)),
            ((half, 0, j), (0, 1, 0)),
            ((half, n - 1, j), (0, -1, 0)),
        )
    )
    singular = [(0, 0, 1), (1, 0, 1), (1, -1, -1)]
    return Case(fg.Grid.spherical(*coords), lattice(*coords, singular=singular), poles)


def geographic(n, north, **figure):
    """From north to south."""
    coords = np.linspace(north, -north, n), circle(2 * n - 2, 360)
    grid = fg.Grid.geographic(*coords, **figure)
    if north < 90:
        return Case(grid, lattice(*coords))
    poles = tuple(place for j in eighths(2 * n - 2) for place in (((0, j), (-1, 0)), ((n - 1, j), (1, 0))))
    return Case(grid, lattice(*coords, singular=[(0, 0, -1), (0, -1, 1)]), poles)


def mapped(n, name):
    """Positions by NumPy, from the expressions of the map."""
    if name == "ring":
        sizes, steps, periodic, make = (n, 3 * n), (1 / (n - 1), 2 * np.pi / (3 * n)), (False, True), ring
    else:
        sizes, periodic, make = (n, n + 1, n + 2), False, parcel
        steps = tuple(1 / (m - 1) for m in sizes)
    indices = lattice(*[np.arange(float(m)) for m in sizes])
    u = U3[: len(sizes)]
    positions = sp.lambdify(u, make(*u))(*[h * i for h, i in zip(steps, indices, strict=True)])
    grid = fg.Grid.curvilinear(*np.broadcast_arrays(*positions), periodic=periodic)
    return Case(grid, (*indices, *steps))


def measured(n, name):
    line = np.linspace(0, 1, n)
    coords = (uneven(n, 0, 1), circle(2 * n)) if name == "surface" else (uneven(n, 0, 1), line, line)
    u = lattice(*coords)
    metric = chart(name).at(*u)["metric"]
    return Case(fg.Grid.riemannian(metric, *coords, periodic=(False, True) if name == "surface" else False), u)


#: By name: chart, samples, coarse and fine.
CASES = {
    "polar": ("polar", polar, (49, 97)),
    "sector": ("polar", lambda n: polar(n, 0.5), (65, 129)),
    "cylindrical": ("cylindrical", cylindrical, (25, 49)),
    "tube": ("cylindrical", lambda n: cylindrical(n, 0.5), (25, 49)),
    "spherical": ("spherical", spherical, (25, 49)),
    "shell": ("spherical", lambda n: spherical(n, 0.5), (25, 49)),
    "sphere": ("sphere", lambda n: geographic(n, 90, radius=2.0), (49, 97)),
    "WGS84": ("WGS84", lambda n: geographic(n, 90, ellipsoid="WGS84"), (49, 97)),
    "zone": ("WGS84", lambda n: geographic(n, 50, ellipsoid="WGS84"), (65, 129)),
    "ring": ("ring", lambda n: mapped(n, "ring"), (25, 49)),
    "parcel": ("parcel", lambda n: mapped(n, "parcel"), (17, 33)),
    "surface": ("surface", lambda n: measured(n, "surface"), (33, 65)),
    "body": ("body", lambda n: measured(n, "body"), (17, 33)),
}
MAPPED, MEASURED = ("ring", "parcel"), ("surface", "body")
WITH_POLES = ("polar", "cylindrical", "spherical", "sphere", "WGS84")
WITHOUT_POLES = tuple(name for name in CASES if name not in WITH_POLES)


@cache
def known(name, n):
    of, samples, _ = CASES[name]
    case = samples(n)
    return case, chart(of).at(*case.arguments)


#: Of an order of convergence: measured ones come from below.
SLACK = 0.3


# ---- derivatives ---------------------------------------------------------------------------------------------

#: Made of first derivatives alone, so of no terms that grow without limit next to poles.
FIRST = ("gradient", "magnitude", "normals", "directional")


def found_and_known(case, k, accuracy):
    """By operator and components: the result, and what SymPy says."""
    grid, options = case.grid, {"accuracy": accuracy, "edge_order": 2 if accuracy == 2 else None}
    f = k["scalar"]
    along = np.einsum("k...,k...->...", k["vector", "contravariant"], k["slopes"])
    pairs = {
        ("magnitude", ""): (fg.gradient_magnitude(f, grid, **options), k["magnitude"]),
        # Where there is next to no gradient, it has no direction to speak of.
        ("normals", ""): (fg.normals(f, grid, **options) * k["magnitude"], k["gradient", "physical"]),
        ("laplacian", ""): (fg.laplacian(f, grid, **options), k["laplacian"]),
        ("directional", ""): (
            fg.directional_derivative(f, k["vector", "physical"], grid, normalize=False, **options),
            along,
        ),
    }
    for kind in ("physical",) if case.poles else COMPONENTS:  # on poles others have no limit
        F, also = k["vector", kind], {**options, "components": kind}
        pairs |= {
            ("gradient", kind): (fg.gradient(f, grid, **also), k["gradient", kind]),
            ("hessian", kind): (fg.hessian(f, grid, **also), k["hessian", kind]),
            ("divergence", kind): (fg.divergence(F, grid, **also), k["divergence"]),
            ("curl", kind): (fg.curl(F, grid, **also), k["curl", kind]),
        }
    return pairs


def error(found, wanted, there):
    """The largest, relative to the largest value."""
    return np.abs(found - wanted)[..., there].max() / np.abs(wanted[..., there]).max()


def orders(coarse, fine, sizes):
    return np.log(np.divide(coarse, fine)) / np.log((sizes[1] - 1) / (sizes[0] - 1))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("accuracy", (2, 4))
def test_derivatives_converge_to_those_of_the_map(name, accuracy):
    sizes, errors = CASES[name][2], []
    for n in sizes:
        case, k = known(name, n)
        every = np.ones(case.grid.shape, bool)
        pairs = found_and_known(case, k, accuracy)
        errors.append([error(*pair, every if what[0] in FIRST else case.regular) for what, pair in pairs.items()])
    measured = dict(zip(pairs, orders(*errors, sizes), strict=True))
    assert min(measured.values()) > accuracy - SLACK, measured


@pytest.mark.parametrize("name", WITH_POLES)
def test_derivatives_on_poles_converge_to_the_limit(name):
    """Where SymPy's expressions are singular it says, in many digits, what they are next to the pole."""
    sizes, errors = CASES[name][2], []
    for n in sizes:
        case, k = known(name, n)
        pairs = found_and_known(case, k, 4)
        errors.append([])
        places = [[x[i] for x, i in zip(case.grid.coords, at, strict=True)] for at, _ in case.poles]
        limits = [chart(CASES[name][0]).beside(x, way) for x, (_, way) in zip(places, case.poles, strict=True)]
        for which in ("gradient", "hessian", "laplacian", "divergence", "curl"):
            [(key, result)] = [(key, found) for key, (found, _) in pairs.items() if key[0] == which]
            found = np.array([result[(..., *at)] for at, _ in case.poles])
            wanted = np.array([limit[key if key in limit else which] for limit in limits])
            errors[-1].append(error(found, wanted, slice(None)))
    measured = orders(*errors, sizes)
    assert (measured > 4 - SLACK).all(), measured


@pytest.mark.parametrize("name", CASES)
def test_metric_is_that_of_the_map(name):
    errors = []
    for n in CASES[name][2]:
        case, k = known(name, n)
        grid, size, there = case.grid, k["size"], case.regular.copy()
        for axis in range(grid.ndim) if name in MAPPED else ():  # their Jacobian is of lower order at the ends
            np.moveaxis(there, axis, 0)[[0, -1]] = False
        differences = (
            (grid.metric - k["metric"]) / (size[:, None] * size),
            grid.scale_factors / size - 1,
            grid.volume_element / k["volume"] - 1,
        )
        errors.append([np.abs(difference[..., there]).max() for difference in differences])
    if name in MAPPED:
        measured = orders(*errors, CASES[name][2])
        assert (measured > 2 - SLACK).all(), measured
    else:
        assert np.max(errors) < 1e-14


@pytest.mark.parametrize("name", WITHOUT_POLES)
def test_hessians_of_coordinates_are_christoffels_symbols(name):
    """With a minus sign."""
    sizes, errors = CASES[name][2], []
    for n in sizes:
        case, k = known(name, n)
        grid, wanted = case.grid, -k["christoffel"]
        coordinates = np.meshgrid(*grid.coords, indexing="ij")
        found = np.array([fg.hessian(x, grid, accuracy=4, components="covariant") for x in coordinates])
        there = np.ones(grid.shape, bool)
        for axis in np.flatnonzero(grid.periodic):  # coordinates jump at the seam
            np.moveaxis(there, axis, 0)[[*range(4), *range(-4, 0)]] = False
        errors.append(error(found, wanted, there))
    if name in MAPPED + MEASURED:
        assert orders(*errors, sizes) > 4 - SLACK
    else:  # scale factors are differentiated by formulas
        assert max(errors) < 1e-11
