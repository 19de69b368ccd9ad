"""Contours spelled out in plain Python, and images of shapes whose contours are known."""

from itertools import pairwise

import numpy as np
from scipy import ndimage
from scipy.special import erf, ive

FAINT, FURTHEST, SAME_POINT = 1e-2, 0.6, 0.5


# the method, a pixel at a time


def contours(edges, gradient, magnitude):
    """Like `fieldgrad.contours.trace`: a list of (points, normals, strength, closed), in any order.

    Links are made from the shortest to the longest, wherever both ends are still free.
    """
    pixels = [tuple(p) for p in np.argwhere(edges).tolist()]
    located = {p: ridge(p, gradient, magnitude) for p in pixels}
    groups = merged(pixels, located)
    points = [mean([located[p] for p in group]) for group in groups]
    links = sorted(
        (detour(points[i], points[j]), i, j)
        for i, group in enumerate(groups)
        for j, other in enumerate(groups)
        if i != j and any(adjacent(p, q) for p in group for q in other) and is_the_way(points[i], points[j])
    )
    following, preceding = {}, {}
    for _, i, j in links:
        if i not in following and j not in preceding:
            following[i], preceding[j] = j, i
    return [(*stacked(points[i] for i in chain), closed) for chain, closed in chains(len(points), following, preceding)]


def stacked(points):
    return tuple(np.array(values) for values in zip(*points, strict=True))


def adjacent(p, q):
    return p != q and max(abs(p[0] - q[0]), abs(p[1] - q[1])) == 1


def ridge(pixel, gradient, magnitude):
    """Point, unit normal and magnitude."""
    place, strength = np.array(pixel, float), float(magnitude[pixel])
    normal = gradient[(slice(None), *pixel)].astype(float)
    length = np.hypot(*normal)
    if length == 0:
        return place, normal, strength
    normal = normal / length
    inside = all(0 < i < n - 1 for i, n in zip(pixel, magnitude.shape, strict=True))
    if not inside or strength == 0:
        return place, normal, strength
    major = int(abs(normal[1]) > abs(normal[0]))
    step = normal / normal[major]
    rises = []
    for side in (-1, 1):
        rows = [pixel + side * np.eye(2, dtype=int)[major] + k * np.eye(2, dtype=int)[1 - major] for k in (-1, 0, 1)]
        values = [np.log(max(float(magnitude[tuple(row)]) / strength, FAINT)) for row in rows]
        rises.append(np.polyval(np.polyfit((-1, 0, 1), values, 2), side * step[1 - major]))
    parabola = np.polyfit((-1, 0, 1), (rises[0], 0, rises[1]), 2)
    if not sum(rises) < 0:
        return place, normal, strength
    top = np.clip(-parabola[1] / (2 * parabola[0]), -FURTHEST, FURTHEST)
    return place + top * step, normal, strength * np.exp(np.polyval([*parabola[:2], 0], top))


def merged(pixels, located):
    """Groups of one pixel, or of two that are each other's closest and see one point."""
    closest = {}
    for p in pixels:
        near = [
            (np.hypot(*(located[q][0] - located[p][0])), q)
            for q in pixels
            if adjacent(p, q) and located[p][1] @ located[q][1] > 0
        ]
        if near and min(near)[0] < SAME_POINT:
            closest[p] = min(near)[1]
    twins = {p: q for p, q in closest.items() if closest.get(q) == p}
    return [(p, twins[p]) if p in twins else (p,) for p in pixels if twins.get(p, p) >= p]


def mean(points):
    if len(points) == 1:
        return points[0]
    place, normal, strength = (sum(values) / 2 for values in zip(*points, strict=True))
    return place, normal / np.hypot(*normal), strength


def is_the_way(a, b):
    """Both see b ahead of a, with the brighter side to the left."""
    way = b[0] - a[0]
    return all(way @ (normal[1], -normal[0]) > 0 for normal in (a[1], b[1])) and a[1] @ b[1] > 0


def detour(a, b):
    way = b[0] - a[0]
    return way @ way + (way @ a[1]) ** 2 + (way @ b[1]) ** 2


def chains(count, following, preceding):
    """Lists of points in order, and whether they close."""
    todo = set(range(count))
    for first in [*(i for i in range(count) if i not in preceding), *range(count)]:
        if first not in todo:
            continue
        chain = [first]
        while following.get(chain[-1], first) != first:
            chain.append(following[chain[-1]])
        todo.difference_update(chain)
        yield chain, chain[-1] in following


# shapes


def ellipse(size, centre, radii, turned=0.0, strips=32):
    """A square image, 1 inside and 0 outside, each pixel the mean over its area.

    Exact along rows; the mean down a pixel is that of `strips` strips. The first radius is along axis 0 before the
    ellipse is turned from axis 0 towards axis 1.
    """
    c, s = np.cos(turned), np.sin(turned)
    turn = np.array([[c, s], [-s, c]])
    (a, b), (_, d) = turn.T @ np.diag(1 / np.square(radii)) @ turn  # a y² + 2 b y x + d x² = 1
    y = (np.arange(size * strips) + 0.5) / strips - 0.5 - centre[0]
    half = np.sqrt(np.maximum((b * y) ** 2 - d * (a * y**2 - 1), 0)) / d
    middle = centre[1] - b * y / d
    left, right = (middle + sign * half for sign in (-1, 1))
    x = np.arange(size)
    covered = np.minimum(right[:, None], x + 0.5) - np.maximum(left[:, None], x - 0.5)
    return np.clip(covered, 0, 1).reshape(size, strips, size).mean(axis=1)


def distance_from_ellipse(points, centre, radii, turned=0.0):
    """To first order, with the sign: positive outside."""
    c, s = np.cos(turned), np.sin(turned)
    y, x = ((points - centre) @ np.array([[c, -s], [s, c]])).T
    value = np.hypot(y / radii[0], x / radii[1])
    return (value - 1) * value / np.hypot(y / radii[0] ** 2, x / radii[1] ** 2)


def blurred(image, blur):
    return ndimage.gaussian_filter(image, blur, mode="nearest", truncate=8)


def total_blur(blur, sigma):
    """Squares of standard deviations add up: the image's blur, the area of a pixel, the detector's smoothing, and
    Sobel's: 1/3 along the derivative, 1/2 across it, between the two for slanted edges."""
    return np.sqrt(blur**2 + 1 / 12 + sigma**2 + 5 / 12)


def ridge_of_disc(radius, total):
    """Where the slope of a disc under a Gaussian is steepest: nearer to the centre, by about total²/(2 radius).

    At a distance r from the centre it is proportional to exp(-(r² + radius²) / (2 total²)) I₁(r radius / total²).
    """
    r = np.linspace(max(radius - total, 0), radius + total, 200_001)
    return r[np.argmax(ive(1, r * radius / total**2) * np.exp(-((r - radius) ** 2) / (2 * total**2)))]


def half_plane(size, point, angle, blur):
    """A square image, 0 on one side of the line through `point` and 1 on the other, and the unit normal to there."""
    normal = np.array([np.sin(angle), np.cos(angle)])
    y, x = np.mgrid[:size, :size]
    depth = normal[0] * (y - point[0]) + normal[1] * (x - point[1])
    return 0.5 + 0.5 * erf(depth / (np.sqrt(2) * blur)), normal


def steps_between(contour):
    """Distances from each point to the next."""
    points = contour.points
    around = [*points, points[0]] if contour.closed else points
    return np.array([np.hypot(*(b - a)) for a, b in pairwise(around)])
