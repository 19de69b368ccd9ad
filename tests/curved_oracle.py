"""Critical points of polynomials on discs, balls and spheres, in Cartesian space: Newton's method from very many seeds.

Nothing here knows of angles or of poles.
"""

import itertools

import numpy as np

STEPS = 60


class Polynomial:
    """A polynomial of some degree with random coefficients, its gradient and its Hessian."""

    def __init__(self, dims, degree, seed):
        rng = np.random.default_rng(seed)
        self.powers = np.array([p for p in itertools.product(range(degree + 1), repeat=dims) if 0 < sum(p) <= degree])
        self.size = rng.standard_normal(len(self.powers))

    def _terms(self, x, orders):
        """Of points (..., d), differentiated so often along each axis."""
        total = np.zeros(x.shape[:-1])
        for size, powers in zip(self.size, self.powers, strict=True):
            term = size
            for k, (power, order) in enumerate(zip(powers, orders, strict=True)):
                factor = np.prod(power - np.arange(order))
                term = term * factor * x[..., k] ** max(power - order, 0)
            total = total + term
        return total

    def __call__(self, x):
        return self._terms(x, [0] * x.shape[-1])

    def gradient(self, x):
        return np.stack([self._terms(x, e) for e in np.eye(x.shape[-1], dtype=int)], axis=-1)

    def hessian(self, x):
        units = np.eye(x.shape[-1], dtype=int)
        return np.stack([np.stack([self._terms(x, a + b) for a in units], axis=-1) for b in units], axis=-1)


def in_ball(f, dims, per_axis):
    """Places (n, d) and Morse indices of critical points within the unit disc or ball."""
    line = np.linspace(-1, 1, per_axis)
    at = np.stack(np.meshgrid(*[line] * dims, indexing="ij"), axis=-1).reshape(-1, dims)
    for _ in range(STEPS):
        at = at - _short(np.linalg.solve(_regular(f.hessian(at)), f.gradient(at)[..., None])[..., 0])
        at = at[np.linalg.norm(at, axis=1) < 1.5]
    at = at[np.linalg.norm(f.gradient(at), axis=1) < 1e-10]
    at = _once(at[np.linalg.norm(at, axis=1) <= 1])
    return at, (np.linalg.eigvalsh(f.hessian(at)) < 0).sum(axis=1)


def on_sphere(f, per_axis):
    """Places (n, 3) and Morse indices of critical points of the restriction to the unit sphere: ∇f = λ x."""
    line = np.linspace(-1, 1, per_axis)
    at = np.stack(np.meshgrid(*[line] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    at = at[np.abs(np.linalg.norm(at, axis=1) - 1) < 2 / per_axis]
    at /= np.linalg.norm(at, axis=1, keepdims=True)
    for _ in range(STEPS):
        tangents, hessian, gradient = _on_tangents(f, at)
        step = _short(np.linalg.solve(_regular(hessian), gradient[..., None])[..., 0])
        at = at - np.einsum("nai,ni->na", tangents, step)
        at /= np.linalg.norm(at, axis=1, keepdims=True)
    _, hessian, gradient = _on_tangents(f, at)
    at = _once(at[np.linalg.norm(gradient, axis=1) < 1e-10])
    return at, (np.linalg.eigvalsh(_on_tangents(f, at)[1]) < 0).sum(axis=1)


def _on_tangents(f, at):
    """Two unit tangents (n, 3, 2); the Hessian and the gradient of the restriction along them."""
    tangents = np.linalg.svd(at[:, None])[2].swapaxes(1, 2)[..., 1:]
    gradient = f.gradient(at)
    radial = np.einsum("na,na->n", gradient, at)
    hessian = np.einsum("nai,nab,nbj->nij", tangents, f.hessian(at), tangents) - radial[:, None, None] * np.eye(2)
    return tangents, hessian, np.einsum("nai,na->ni", tangents, gradient)


def _regular(hessian):
    return hessian + 1e-30 * np.eye(hessian.shape[-1])


def _short(step):
    return step / np.maximum(1, 5 * np.linalg.norm(step, axis=1, keepdims=True))


def _once(points):
    rough = np.unique(points.round(6), axis=0)
    kept = []
    for point in rough:
        if all(np.linalg.norm(point - other) > 1e-5 for other in kept):
            kept.append(point)
    return np.array(kept).reshape(-1, points.shape[1])
