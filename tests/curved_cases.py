"""Grids in curved coordinates, and smooth fields whose derivatives on them are known.

A field lives in Cartesian space, as a sum of plane waves; components along the coordinates are those in Cartesian axes,
turned. On a globe, which is a surface, derivatives are what is tangent to it.
"""

from typing import NamedTuple

import numpy as np

import fieldgrad as fg


class Space(NamedTuple):
    """A grid, where its samples are, and unit vectors [a, k]: Cartesian component a of the one of axis k."""

    grid: fg.Grid
    positions: np.ndarray
    frame: np.ndarray
    radius: float | None = None  # of a globe


def circle(n, repeated=False):
    return np.linspace(0, 2 * np.pi, n + repeated, endpoint=repeated)


def polar(n, inner=0.0, turn=None):
    r, theta = np.linspace(inner, 1, n), circle(2 * n) if turn is None else turn
    return Space(fg.Grid.polar(r, theta), *in_plane(*np.meshgrid(r, theta, indexing="ij")))


def in_plane(r, theta):
    c, s = np.cos(theta), np.sin(theta)
    return np.array([r * c, r * s]), np.array([[c, -s], [s, c]])


def cylindrical(n, inner=0.0):
    r, theta, z = np.linspace(inner, 1, n), circle(2 * n, repeated=True), np.linspace(-0.8, 0.8, n)
    z = z + z**3 / 3
    return Space(fg.Grid.cylindrical(r, theta, z), *around_axis(*np.meshgrid(r, theta, z, indexing="ij")))


def around_axis(r, theta, z):
    c, s, zero = np.cos(theta), np.sin(theta), np.zeros(r.shape)
    return np.array([r * c, r * s, z]), np.array([[c, -s, zero], [s, c, zero], [zero, zero, zero + 1]])


def spherical(n, inner=0.0, first=0.0, last=np.pi):
    r, theta, phi = np.linspace(inner, 1, n), np.linspace(first, last, n), circle(2 * n)
    return Space(fg.Grid.spherical(r, theta, phi), *around_origin(*np.meshgrid(r, theta, phi, indexing="ij")))


def around_origin(r, theta, phi):
    c, s, cp, sp, zero = np.cos(theta), np.sin(theta), np.cos(phi), np.sin(phi), np.zeros(r.shape)
    frame = np.array([[s * cp, c * cp, -sp], [s * sp, c * sp, cp], [c, -s, zero]])
    return r * frame[:, 0], frame


def geographic(n, descending=True, north=90.0):
    lat, lon = np.linspace(-90, north, n), np.linspace(0, 360, 2 * n, endpoint=False)
    lat = lat[::-1] if descending else lat
    grid = fg.Grid.geographic(lat, lon, radius=2.0)
    return Space(grid, *on_globe(*np.meshgrid(lat, lon, indexing="ij")), 2.0)


def on_globe(lat, lon):
    theta, phi = np.radians(lat), np.radians(lon)
    c, s, cp, sp, zero = np.cos(theta), np.sin(theta), np.cos(phi), np.sin(phi), np.zeros(theta.shape)
    frame = np.array([[-s * cp, -sp], [-s * sp, cp], [c, zero]])
    return 2 * np.array([c * cp, c * sp, s]), frame


COMPONENTS = ("physical", "covariant", "contravariant")

SPACES = {
    "polar": polar,
    "annulus": lambda n: polar(n, 0.5),
    "sector": lambda n: polar(n, 0.5, np.linspace(0.3, 1.3, n)),
    "wedge": lambda n: polar(n, 0.0, np.linspace(0.3, 1.3, n)),
    "cylindrical": cylindrical,
    "tube": lambda n: cylindrical(n, 0.5),
    "spherical": spherical,
    "shell": lambda n: spherical(n, 0.5),
    "cone": lambda n: spherical(n, 0.0, 0.0, 1.2),
    "geographic": geographic,
    "ascending": lambda n: geographic(n, descending=False),
    "cap": lambda n: geographic(n, north=30.0),
}


def space_at(name, grid, points):
    """A space of those points (m, d) in place of samples."""
    if name.startswith(("spherical", "shell", "cone")):
        return Space(grid, *around_origin(*points.T))
    if grid.ndim == 3:
        return Space(grid, *around_axis(*points.T))
    if repr(grid).startswith("Grid.geographic"):
        return Space(grid, *on_globe(*points.T), 2.0)
    return Space(grid, *in_plane(*points.T))


class Waves:
    """A sum of plane waves, with their gradient and their Hessian."""

    def __init__(self, dims, seed=0):
        rng = np.random.default_rng(seed)
        self.k = rng.uniform(-1.5, 1.5, (3, dims))
        self.phase, self.size = rng.uniform(0, 6, 3), rng.uniform(0.5, 1, 3)

    def _angle(self, x):
        return np.tensordot(self.k, x, 1) + self.phase.reshape(-1, *[1] * (x.ndim - 1))

    def __call__(self, x):
        return np.tensordot(self.size, np.sin(self._angle(x)), 1)

    def gradient(self, x):
        return np.tensordot(self.size[:, None] * self.k, np.cos(self._angle(x)), (0, 0))

    def hessian(self, x):
        weights = -self.size[:, None, None] * self.k[:, :, None] * self.k[:, None, :]
        return np.tensordot(weights, np.sin(self._angle(x)), (0, 0))


class Known(NamedTuple):
    """What derivatives should be: physical components."""

    f: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray
    F: np.ndarray
    divergence: np.ndarray
    curl: np.ndarray


def known(space, seed=0):
    """Of a field f, and of a vector field F that is no gradient."""
    x, frame = space.positions, space.frame
    waves = [Waves(len(x), seed + k) for k in range(1 + len(x))]
    f = waves[0]
    if space.radius is None:
        slopes = np.array([w.gradient(x) for w in waves[1:]])  # [a, b]: of component a along b
        F, divergence = np.array([w(x) for w in waves[1:]]), np.einsum("aa...->...", slopes)
        if len(x) == 2:
            curl = slopes[1, 0] - slopes[0, 1]
        else:
            vector = np.array([slopes[2, 1] - slopes[1, 2], slopes[0, 2] - slopes[2, 0], slopes[1, 0] - slopes[0, 1]])
            curl = np.einsum("ak...,a...->k...", frame, vector)
        hessian = np.einsum("ai...,ab...,bk...->ik...", frame, f.hessian(x), frame)
        return Known(
            f(x),
            np.einsum("ak...,a...->k...", frame, f.gradient(x)),
            hessian,
            np.einsum("ak...,a...->k...", frame, F),
            divergence,
            curl,
        )
    # On a globe: F is the surface gradient of f and, turned to the left, that of another field.
    (g, H), (g2, H2) = (surface(w, space) for w in waves[:2])
    F = g + np.array([g2[1], -g2[0]])  # up times (north, east) is (east, -north)
    return Known(f(x), g, H, F, np.einsum("kk...->...", H), np.einsum("kk...->...", H2))


def surface(wave, space):
    """Gradient and Hessian on a sphere."""
    x, frame = space.positions, space.frame
    up, gradient = x / space.radius, wave.gradient(x)
    inward = np.einsum("a...,a...->...", up, gradient) / space.radius
    hessian = np.einsum("ai...,ab...,bk...->ik...", frame, wave.hessian(x), frame)
    identity = np.eye(2).reshape(2, 2, *[1] * (x.ndim - 1))
    return np.einsum("ak...,a...->k...", frame, gradient), hessian - inward * identity


def bent(n, dims=2, measured=False):
    """Coordinates that are nowhere at right angles, given by positions or by their metric; derivatives of those."""
    u = np.array(np.meshgrid(*[np.linspace(0, 1, n + k) for k in range(dims)], indexing="ij"))
    steps = [1 / (n + k - 1) for k in range(dims)]
    turn = np.eye(dims) + 0.4 * np.tri(dims, k=-1)
    wave = Waves(dims, 7)
    x = np.tensordot(turn, u, 1) + 0.08 * wave(u)
    jacobian = turn.reshape(dims, dims, *[1] * dims) + 0.08 * wave.gradient(u)[None]
    if measured:
        grid = fg.Grid.riemannian(np.einsum("ai...,ak...->ik...", jacobian, jacobian), *steps)
    else:
        grid = fg.Grid.curvilinear(*x)
        jacobian = jacobian * np.reshape(steps, (dims, *[1] * dims))
    return grid, x, jacobian


def known_on(jacobian, x, components, seed=0):
    """Of a scalar and of a vector field, in the components of coordinates with that Jacobian matrix [a, i]."""
    waves = [Waves(len(x), seed + k) for k in range(1 + len(x))]
    g = np.einsum("ai...,ak...->ik...", jacobian, jacobian)
    inverse = np.moveaxis(np.linalg.inv(np.moveaxis(jacobian, (0, 1), (-2, -1))), (-2, -1), (0, 1))  # [i, a]
    size = np.sqrt(np.einsum("kk...->k...", g))
    turns = {"covariant": jacobian.swapaxes(0, 1), "contravariant": inverse, "physical": size[:, None] * inverse}
    turn = turns[components]
    f, F = waves[0], np.array([w(x) for w in waves[1:]])
    slopes = np.array([w.gradient(x) for w in waves[1:]])
    if len(x) == 2:
        curl = slopes[1, 0] - slopes[0, 1]
    else:
        curl = np.array([slopes[2, 1] - slopes[1, 2], slopes[0, 2] - slopes[2, 0], slopes[1, 0] - slopes[0, 1]])
        curl = np.einsum("ka...,a...->k...", turn, curl)
    return Known(
        f(x),
        np.einsum("ka...,a...->k...", turn, f.gradient(x)),
        np.einsum("ia...,ab...,kb...->ik...", turn, f.hessian(x), turn),
        np.einsum("ka...,a...->k...", turn, F),
        np.einsum("aa...->...", slopes),
        curl,
    ), f
