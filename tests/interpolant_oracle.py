"""The spline through samples, as SciPy makes it: along one axis after the other."""

from fractions import Fraction

import numpy as np
from scipy.interpolate import NdBSpline, make_interp_spline


class Oracle:
    """Coordinates ascend or descend; a period, one per axis, is None where the axis is open."""

    def __init__(self, f, coordinates, periods):
        coefficients, knots = np.float64(f), []
        self.first, self.periods = [], periods
        for k, (x, period) in enumerate(zip(coordinates, periods, strict=True)):
            x, samples = np.float64(x), np.moveaxis(coefficients, k, 0)
            if x[0] > x[-1]:
                x, samples = x[::-1], samples[::-1]
            kind = "not-a-knot"
            if period is not None:
                x, samples, kind = np.append(x, x[0] + period), np.concatenate((samples, samples[:1])), "periodic"
            spline = make_interp_spline(x, samples, k=3, bc_type=kind)
            coefficients = np.moveaxis(spline.c, 0, k)
            knots.append(spline.t)
            self.first.append(x[0])
        self.knots, self.coefficients = tuple(knots), np.ascontiguousarray(coefficients)
        self.spline = NdBSpline(self.knots, self.coefficients, 3)

    def derivative(self, points, orders):
        points = np.array(points, np.float64)
        for k, period in enumerate(self.periods):
            if period is not None:
                points[:, k] = self.first[k] + np.mod(points[:, k] - self.first[k], period)
        return self.spline(points, nu=orders, extrapolate=True)

    def value(self, points):
        return self.derivative(points, [0] * len(self.knots))

    def gradient(self, points):
        return np.stack([self.derivative(points, orders) for orders in np.eye(len(self.knots), dtype=int)], axis=-1)

    def hessian(self, points):
        unit = np.eye(len(self.knots), dtype=int)
        return np.stack([np.stack([self.derivative(points, a + b) for a in unit], axis=-1) for b in unit], axis=-1)


def exact_coefficients(f, x, period):
    """Coefficients on ascending sites along one axis, in rational arithmetic, and the condition of their equations."""
    n, sites = len(f), [Fraction(site) for site in x]
    if period is None:
        knots = [sites[0]] * 4 + sites[2:-2] + [sites[-1]] * 4
    else:
        shift = Fraction(period)
        knots = [site - shift for site in sites[-3:]] + sites + [site + shift for site in sites[:4]]
    count = len(knots) - 4
    rows = [[Fraction(0)] * n + [Fraction(sample)] for sample in f]
    for row, site in zip(rows, sites, strict=True):
        for j in range(count):
            row[j % n] += _b_spline(knots, j, 3, site)
    condition = np.linalg.cond(np.array([row[:-1] for row in rows], float), np.inf)
    solution = _solved(rows)
    return np.array([float(solution[j % n]) for j in range(count)]), condition


def _b_spline(knots, j, degree, x):
    """By the definition; the last knot belongs to the last interval."""
    if degree == 0:
        return Fraction(knots[j] <= x < knots[j + 1] or knots[j] < x == knots[j + 1] == knots[-1])
    value = Fraction(0)
    for first, sign in ((j, 1), (j + 1, -1)):
        low, high = knots[first], knots[first + degree]
        if low < high:
            share = (x - low if sign > 0 else high - x) / (high - low)
            value += share * _b_spline(knots, first, degree - 1, x)
    return value


def _solved(rows):
    """Gauss and Jordan, on rows that end with their right-hand side."""
    for i in range(len(rows)):
        pivot = next(r for r in range(i, len(rows)) if rows[r][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r, row in enumerate(rows):
            if r != i and row[i]:
                factor = row[i] / rows[i][i]
                rows[r] = [a - factor * b for a, b in zip(row, rows[i], strict=True)]
    return [row[-1] / row[i] for i, row in enumerate(rows)]
