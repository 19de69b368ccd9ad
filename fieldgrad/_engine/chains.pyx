# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: freethreading_compatible=True
"""Edge pixels become contours: each finds its point on the ridge of the magnitude, then its successor.

Arguments are trusted: Python has checked them.
"""
from libc.math cimport INFINITY, exp, fabs, fmax, fmin, hypot, log

import numpy as np

ctypedef fused real:
    float
    double

cdef enum:
    NONE = -1
    WRITTEN = -2
    MOST_NEIGHBOURS = 16    # of two pixels

# A ratio of magnitudes below this one says only that there is nothing.
cdef double FAINT = 1e-2
# The furthest ridge that a pixel answers for, in steps along its normal to the next row or column. Suppression
# leaves half a step; it interpolates more coarsely than we do, hence a little more.
cdef double FURTHEST = 0.6
# Points closer than half a pixel (here squared) are one point, seen by two pixels.
cdef double SAME_POINT = 0.25


cdef struct Point:
    double y, x         # index coordinates
    double ny, nx       # unit normal, or zero
    double strength


# What is known of each pixel; arrays of the same length.
cdef struct Graph:
    Py_ssize_t count, width
    const Py_ssize_t *key       # ascending; neighbours in a row differ by 1, in a column by `width`
    const Py_ssize_t *above     # the first pixel that may be a neighbour in the row before
    const Py_ssize_t *below     # the same in the row after
    Point *point
    Py_ssize_t *twin            # the pixel that shares the point; the first of the two stands for both
    Py_ssize_t *next
    Py_ssize_t *previous


# ---- from pixels to points of the ridge ------------------------------------------------------------------

cdef double rise(const real *sample, double centre) noexcept nogil:
    return log(fmax(sample[0] / centre, FAINT))


cdef double rise_between(const real *sample, Py_ssize_t stride, double at, double centre) noexcept nogil:
    """At -1 <= at <= 1 among three samples, by the parabola through them."""
    cdef double before = rise(sample - stride, centre), after = rise(sample + stride, centre)
    cdef double middle = rise(sample, centre)
    return middle + 0.5 * at * ((after - before) + at * ((after + before) - 2 * middle))


cdef void climb(const real *sample, Py_ssize_t columns, Point *point) noexcept nogil:
    """Move a point from its pixel to the ridge, along the normal.

    Across a blurred edge the magnitude is a Gaussian and its logarithm a parabola: three values give the top of it
    without bias. The values before and after are where the normal meets the next row or column, whichever is nearer.
    """
    cdef bint upright = fabs(point.ny) >= fabs(point.nx)
    cdef Py_ssize_t along = columns if upright else 1, across = 1 if upright else columns
    cdef double slant = point.nx / point.ny if upright else point.ny / point.nx
    cdef double centre = sample[0]
    cdef double after = rise_between(sample + along, across, slant, centre)
    cdef double before = rise_between(sample - along, across, -slant, centre)
    cdef double curvature = after + before, steps
    if not curvature < 0:
        return
    steps = fmax(-FURTHEST, fmin(0.5 * (before - after) / curvature, FURTHEST))
    point.y += steps if upright else steps * slant
    point.x += steps * slant if upright else steps
    point.strength = centre * exp(0.5 * steps * ((after - before) + steps * curvature))


cdef void locate(const Py_ssize_t[::1] pixels, const real[:, :, ::1] gradient, const real[:, ::1] magnitude,
                 Point *point) noexcept nogil:
    """Pixels at the rim of the image, and those without a finite gradient, keep their centre."""
    cdef Py_ssize_t rows = magnitude.shape[0], columns = magnitude.shape[1], i, row, column
    cdef double length
    for i in range(pixels.shape[0]):
        row, column = pixels[i] // columns, pixels[i] % columns
        point.y, point.x = row, column
        point.ny, point.nx = gradient[0, row, column], gradient[1, row, column]
        point.strength = magnitude[row, column]
        length = hypot(point.ny, point.nx)
        if not 0 < length < INFINITY:
            point.ny = point.nx = 0
        else:
            point.ny, point.nx = point.ny / length, point.nx / length
            if point.strength > 0 and 0 < row < rows - 1 and 0 < column < columns - 1:
                climb(&magnitude[row, column], columns, point)
        point += 1


# ---- points that two pixels see --------------------------------------------------------------------------

cdef int add_neighbours(const Graph *graph, Py_ssize_t i, Py_ssize_t *found, int size) noexcept nogil:
    """Append the edge pixels among the eight around pixel i."""
    cdef Py_ssize_t key = graph.key[i], j
    for j in range(graph.above[i], i):
        if graph.key[j] > key - graph.width + 1:
            break
        found[size] = j
        size += 1
    if i > 0 and graph.key[i - 1] == key - 1:
        found[size] = i - 1
        size += 1
    if i + 1 < graph.count and graph.key[i + 1] == key + 1:
        found[size] = i + 1
        size += 1
    for j in range(graph.below[i], graph.count):
        if graph.key[j] > key + graph.width + 1:
            break
        found[size] = j
        size += 1
    return size


cdef Py_ssize_t closest(const Graph *graph, Py_ssize_t i) noexcept nogil:
    """The neighbour that sees the same edge at almost the same place."""
    cdef Py_ssize_t found[MOST_NEIGHBOURS]
    cdef Py_ssize_t best = NONE
    cdef const Point *p = &graph.point[i]
    cdef const Point *q
    cdef double least = SAME_POINT, distance
    cdef int k
    for k in range(add_neighbours(graph, i, found, 0)):
        q = &graph.point[found[k]]
        distance = (q.y - p.y) * (q.y - p.y) + (q.x - p.x) * (q.x - p.x)
        if distance < least and p.ny * q.ny + p.nx * q.nx > 0:
            best, least = found[k], distance
    return best


cdef void merge(Point *p, const Point *q) noexcept nogil:
    """The mean: whichever pixel comes first, the point is the same."""
    cdef double length
    p.y, p.x = 0.5 * (p.y + q.y), 0.5 * (p.x + q.x)
    p.ny, p.nx = p.ny + q.ny, p.nx + q.nx
    length = hypot(p.ny, p.nx)
    p.ny, p.nx = p.ny / length, p.nx / length
    p.strength = 0.5 * (p.strength + q.strength)


cdef void merge_twins(Graph *graph) noexcept nogil:
    """Where the edge is two pixels thick, both see the same ridge. Pairs that choose each other become one."""
    cdef Py_ssize_t i, j
    for i in range(graph.count):
        graph.next[i] = closest(graph, i)
    for i in range(graph.count):
        j = graph.next[i]
        graph.twin[i] = j if j != NONE and graph.next[j] == i else NONE
    for i in range(graph.count):
        if graph.twin[i] > i:
            merge(&graph.point[i], &graph.point[graph.twin[i]])


cdef Py_ssize_t owner(const Graph *graph, Py_ssize_t i) noexcept nogil:
    """The pixel that stands for the point of pixel i."""
    return graph.twin[i] if graph.twin[i] != NONE and graph.twin[i] < i else i


# ---- from points to chains -------------------------------------------------------------------------------

cdef double detour(const Point *p, const Point *q) noexcept nogil:
    """The cost of going from p to q: the distance, and more if q is beside the edge at p, or p beside that at q.

    Negative if that is not the way: the brighter side is always to the left, as images are shown.
    """
    cdef double y = q.y - p.y, x = q.x - p.x
    cdef double aside_p = y * p.ny + x * p.nx, aside_q = y * q.ny + x * q.nx
    if y * p.nx - x * p.ny > 0 and y * q.nx - x * q.ny > 0 and p.ny * q.ny + p.nx * q.nx > 0:
        return y * y + x * x + aside_p * aside_p + aside_q * aside_q
    return -1


cdef Py_ssize_t best_successor(const Graph *graph, Py_ssize_t i) noexcept nogil:
    """The nearest point that has no predecessor, or a worse one than i."""
    cdef Py_ssize_t found[MOST_NEIGHBOURS]
    cdef Py_ssize_t best = NONE, j
    cdef double cost, least = 0
    cdef int k, size = add_neighbours(graph, i, found, 0)
    if graph.twin[i] != NONE:
        size = add_neighbours(graph, graph.twin[i], found, size)
    for k in range(size):
        j = owner(graph, found[k])
        cost = detour(&graph.point[i], &graph.point[j])
        if cost < 0 or (best != NONE and cost >= least):
            continue
        if graph.previous[j] == NONE or cost < detour(&graph.point[graph.previous[j]], &graph.point[j]):
            best, least = j, cost
    return best


cdef void link(Graph *graph) noexcept nogil:
    """A stable marriage of points and successors: no two that would rather have each other are left apart.

    So the shortest links win, each point has at most one link on either side, and the order in which points are
    asked has no influence. A point that loses its successor to another one asks again; it never asks one twice.
    """
    cdef Py_ssize_t first, i, j, rival
    for i in range(graph.count):
        graph.next[i] = graph.previous[i] = NONE
    for first in range(graph.count):
        i = first if owner(graph, first) == first else NONE
        while i != NONE:
            j = best_successor(graph, i)
            if j == NONE:
                break
            rival = graph.previous[j]
            graph.next[i], graph.previous[j] = j, i
            if rival != NONE:
                graph.next[rival] = NONE
            i = rival


cdef Py_ssize_t walk(Graph *graph, Py_ssize_t *order, Py_ssize_t *ends, char *closed) noexcept nogil:
    """Write down the points chain by chain, and where each chain ends. Return the number of chains."""
    cdef Py_ssize_t chains = 0, written = 0, first, i
    for first in range(graph.count):
        if owner(graph, first) != first or graph.previous[first] == WRITTEN:
            continue
        i = first
        while graph.previous[i] != NONE:
            i = graph.previous[i]
            if i == first:
                break
        closed[chains] = graph.previous[i] != NONE
        while i != NONE and graph.previous[i] != WRITTEN:
            graph.previous[i] = WRITTEN
            order[written] = i
            written += 1
            i = graph.next[i]
        ends[chains] = written
        chains += 1
    return chains


cdef void bracket_neighbours(const Graph *graph, Py_ssize_t *above, Py_ssize_t *below) noexcept nogil:
    cdef Py_ssize_t i, high = 0, low = 0
    for i in range(graph.count):
        while graph.key[high] < graph.key[i] - graph.width - 1:
            high += 1
        while low < graph.count and graph.key[low] < graph.key[i] + graph.width - 1:
            low += 1
        above[i], below[i] = high, low


def chain(const Py_ssize_t[::1] pixels, const real[:, :, ::1] gradient, const real[:, ::1] magnitude):
    """Chains of points through edge pixels.

    Parameters
    ----------
    pixels : ndarray of intp
        Indices in the flat image, ascending, at least one.
    gradient : ndarray, (2, rows, columns)
    magnitude : ndarray, (rows, columns)

    Returns
    -------
    points : ndarray, (n, 5)
        Position, unit normal and magnitude, chain by chain.
    ends : ndarray of intp
        Where each chain ends.
    closed : ndarray of bool
        Whether its last point precedes its first one.
    """
    cdef Py_ssize_t count = pixels.shape[0], columns = magnitude.shape[1]
    flat = np.asarray(pixels)
    table = np.empty((count, 5))
    order, ends, closed = np.empty(count, np.intp), np.empty(count, np.intp), np.empty(count, bool)
    cdef const Py_ssize_t[::1] keys = flat + flat // columns  # a gap of one between rows
    cdef Py_ssize_t[:, ::1] links = np.empty((5, count), np.intp)
    cdef double[:, ::1] points = table
    cdef Py_ssize_t[::1] order_view = order, ends_view = ends
    cdef char[::1] closed_view = closed.view(np.int8)
    cdef Py_ssize_t chains
    cdef Graph graph
    graph.count, graph.width, graph.key = count, columns + 1, &keys[0]
    graph.point = <Point *>&points[0, 0]
    graph.above, graph.below, graph.twin = &links[0, 0], &links[1, 0], &links[2, 0]
    graph.next, graph.previous = &links[3, 0], &links[4, 0]
    with nogil:
        locate(pixels, gradient, magnitude, graph.point)
        bracket_neighbours(&graph, &links[0, 0], &links[1, 0])
        merge_twins(&graph)
        link(&graph)
        chains = walk(&graph, &order_view[0], &ends_view[0], &closed_view[0])
    ends, closed = ends[:chains], closed[:chains]
    return table[order[:ends[chains - 1]]], ends, closed
