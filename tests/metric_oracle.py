"""Vector calculus from a map to Cartesian space, or from a metric, by SymPy.

Nothing is known here of scale factors or of the formulas of any particular coordinates: the metric is made of the
derivatives of the positions, Christoffel's symbols of the derivatives of the metric, and all the rest of these.
"""

from functools import cached_property
from itertools import product

import mpmath
import numpy as np
import sympy as sp

COMPONENTS = ("physical", "covariant", "contravariant")


class Chart:
    """Coordinates, and the derivatives of a scalar and of a vector field in them.

    Parameters
    ----------
    coordinates : sequence of Symbol
    metric : Matrix
    scalar : Expr
        Of the coordinates.
    covector : sequence of Expr
        Covariant components of the vector field.
    hand : {1, -1}
        Whether the coordinates make a right-handed system.
    parameters : sequence of Symbol
        What else the metric depends on.
    """

    def __init__(self, coordinates, metric, scalar, covector, hand=1, parameters=()):
        u, d = tuple(coordinates), len(coordinates)
        axes, pairs = range(d), list(product(range(d), repeat=2))
        g, w = sp.Matrix(metric), list(covector)
        det = g.det(method="berkowitz")
        volume, up = sp.sqrt(det), g.adjugate(method="berkowitz") / det
        slope = {(i, k, m): sp.diff(g[i, k], u[m]) for i, k in pairs for m in axes}
        lowered = {(m, i, k): (slope[k, m, i] + slope[i, m, k] - slope[i, k, m]) / 2 for m in axes for i, k in pairs}
        christoffel = {(m, i, k): sum(up[m, n] * lowered[n, i, k] for n in axes) for m in axes for i, k in pairs}

        def covariant_derivatives(of):
            """[i, k]: of component i along coordinate k."""
            return [sp.diff(of[i], u[k]) - sum(christoffel[m, i, k] * of[m] for m in axes) for i, k in pairs]

        df = [sp.diff(scalar, x) for x in u]
        self._hand, self._arguments = hand, (*coordinates, *parameters)
        self._named = {
            "metric": (g, (d, d)),
            "inverse": (up, (d, d)),
            "volume": ([volume], ()),
            "christoffel": ([*christoffel.values()], (d, d, d)),
            "scalar": ([scalar], ()),
            "slopes": (df, (d,)),
            "second": (covariant_derivatives(df), (d, d)),
            "covector": (w, (d,)),
            "changes": (covariant_derivatives(w), (d, d)),
        }

    @classmethod
    def of_map(cls, coordinates, positions, scalar, vector, hand=1, parameters=()):
        """Of coordinates on a plane, in space, or on a surface in it; fields are functions of the positions.

        The hand of coordinates on a surface is that of (coordinates..., outward).
        """
        jacobian = sp.Matrix(positions).jacobian(coordinates)
        covector = jacobian.T * sp.Matrix(vector(*positions))
        return cls(coordinates, jacobian.T * jacobian, scalar(*positions), covector, hand, parameters)

    @cached_property
    def _in_doubles(self):
        return self._function("numpy")

    @cached_property
    def _in_many_digits(self):
        return self._function("mpmath")

    @cached_property
    def _common(self):
        """Subexpressions, each of them once, and the results in terms of them."""
        return sp.cse(self._flat(), order="none", list=False)

    def _flat(self):
        return [x for values, _ in self._named.values() for x in values]

    def _function(self, modules):
        return sp.lambdify(self._arguments, self._flat(), modules, cse=lambda _: self._common)

    def at(self, *arguments):
        """All that is known, by name, at arrays of coordinates that go together."""
        shape = np.broadcast_shapes(*[np.shape(x) for x in arguments])
        return self._shaped(self._in_doubles(*arguments), shape, float)

    def beside(self, point, inward, digits=200):
        """All that is known next to a point, as near to it, in that direction, as to leave no trace in doubles."""
        with mpmath.workdps(digits):
            place = [mpmath.mpf(x) + mpmath.mpf(10) ** -20 * step for x, step in zip(point, inward, strict=True)]
            results = self._shaped(self._in_many_digits(*place), (), object)
        return {name: np.asarray(values, float) for name, values in results.items()}

    def _shaped(self, values, shape, dtype):
        rest = iter(values)
        known = {
            name: np.array([np.broadcast_to(next(rest), shape) for _ in part], dtype).reshape((*lead, *shape))
            for name, (part, lead) in self._named.items()
        }
        g, up, slopes, second, changes = (known[x] for x in ("metric", "inverse", "slopes", "second", "changes"))
        size = known["size"] = np.array([g[k, k] ** 0.5 for k in range(len(g))])
        known["magnitude"] = np.einsum("ik...,i...,k...->...", up, slopes, slopes) ** 0.5
        known["laplacian"] = np.einsum("ik...,ik...->...", up, second)
        known["divergence"] = np.einsum("ik...,ik...->...", up, changes)
        turns = [(1, 2), (2, 0), (0, 1)] if len(g) == 3 else [(0, 1)]
        curl = self._hand * np.array([changes[k, j] - changes[j, k] for j, k in turns]) / known["volume"]
        for components, turn in {"physical": size[:, None] * up, "covariant": None, "contravariant": up}.items():
            for name, of in (("gradient", slopes), ("vector", known["covector"])):
                known[name, components] = of if turn is None else np.einsum("ik...,k...->i...", turn, of)
            known["hessian", components] = (
                second if turn is None else np.einsum("ia...,kb...,ab...->ik...", turn, turn, second)
            )
            known["curl", components] = curl[0]
        if len(g) == 3:
            known["curl", "physical"] = size * curl
            known["curl", "covariant"] = np.einsum("ik...,k...->i...", g, curl)
            known["curl", "contravariant"] = curl
        return known
