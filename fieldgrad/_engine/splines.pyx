# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: freethreading_compatible=True
"""Tensor products of cubic B-splines: their coefficients from samples, and their values at many points.

../_splines.py tells what knots, pieces and coefficients are. Arguments are trusted: Python has checked them.
"""
from cpython.exc cimport PyErr_CheckSignals
from libc.math cimport INFINITY, NAN, fabs, fmod
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy
cimport numpy as cnp

from .calls cimport fg_draw, fg_peek, fg_raise, fg_seconds, fg_stream_end

import numpy as np

cnp.import_array()

include "calls.pxi"

cdef enum:
    MAX_DIMS = 64
    # Lines that are solved together stay in L2, and are a whole cache line wide.
    SCRATCH_BYTES = 256 << 10
    LEAST_LINES = 8
    POINTS_AT_ONCE = 512
    # Work that is shorter than waking a thread takes is not shared.
    SHARE_SAMPLES = 1 << 15
    SHARE_ROWS = 1 << 14

# Where a row of a banded matrix has its two diagonals below the main one, and above.
cdef enum:
    BELOW_2, BELOW_1, PIVOT, ABOVE_1, ABOVE_2, BAND


# ---- B-splines -------------------------------------------------------------------------------------------

cdef void raise_degree(double *basis, const double *knot, double origin, int degree) noexcept nogil:
    """The recursion of Cox and de Boor on a piece: from B-splines (powers x 4 functions) to those a degree higher."""
    cdef double raised[16]
    cdef double width = knot[3] - knot[2], low, high
    cdef int k, r
    for k in range(16):
        raised[k] = 0
    for k in range(degree):
        # The share that goes to the next function rises from 0 at `low` to 1 at `high`; this one has the rest.
        low, high = knot[3 - degree + k], knot[3 + k]
        for r in range(degree):
            raised[4 * r + k + 1] += (origin - low) / (high - low) * basis[4 * r + k]
            raised[4 * r + k + 5] += width / (high - low) * basis[4 * r + k]
            raised[4 * r + k] += (high - origin) / (high - low) * basis[4 * r + k]
            raised[4 * r + k + 4] -= width / (high - low) * basis[4 * r + k]
    memcpy(basis, raised, sizeof(raised))


def polynomials(const double[::1] knots, const Py_ssize_t[:] pieces, const double[:] origins):
    """Cubic B-splines as polynomials on pieces between their knots.

    Returns
    -------
    ndarray, (m, 4, 4)
        [i, r, k] is the coefficient of s**r in B-spline p + k on piece p = pieces[i], where s is the distance from
        origins[i] in widths of the piece. Origins are on their pieces: so no digit of a value there is lost.
    """
    cdef Py_ssize_t count = pieces.shape[0], i
    cdef int degree
    result = np.zeros((count, 4, 4))
    cdef double[:, :, ::1] basis = result
    with nogil:
        for i in range(count):
            basis[i, 0, 0] = 1
            for degree in range(1, 4):
                raise_degree(&basis[i, 0, 0], &knots[pieces[i] + 1], origins[i], degree)
    return result


# ---- from samples to coefficients ------------------------------------------------------------------------

cdef inline void subtract(double *row, const double *other, double weight, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    if weight != 0:
        for i in range(n):
            row[i] -= weight * other[i]


cdef void factorise(double *band, Py_ssize_t size) noexcept nogil:
    """L and U in place, without pivoting; pivots become their reciprocals."""
    cdef Py_ssize_t i
    cdef int below, above
    cdef double *row
    cdef double *other
    for i in range(size):
        row = band + i * BAND
        row[PIVOT] = 1 / row[PIVOT]
        for below in range(1, min(2, size - 1 - i) + 1):
            other = row + below * BAND
            other[PIVOT - below] *= row[PIVOT]
            for above in range(1, 3):
                other[PIVOT - below + above] -= other[PIVOT - below] * row[PIVOT + above]


cdef void eliminate(const double *band, Py_ssize_t size, double *rows, Py_ssize_t width) noexcept nogil:
    """Right-hand sides become solutions, `width` of them side by side in each row."""
    cdef Py_ssize_t i, k
    cdef const double *entry
    cdef double *row
    for i in range(1, size):
        entry, row = band + i * BAND, rows + i * width
        if i > 1:
            subtract(row, row - 2 * width, entry[BELOW_2], width)
        subtract(row, row - width, entry[BELOW_1], width)
    for i in range(size - 1, -1, -1):
        entry, row = band + i * BAND, rows + i * width
        if i < size - 1:
            subtract(row, row + width, entry[ABOVE_1], width)
        if i < size - 2:
            subtract(row, row + 2 * width, entry[ABOVE_2], width)
        for k in range(width):
            row[k] *= entry[PIVOT]


cdef class Equations:
    """A factorised matrix: banded, or banded with a border where the axis closes on itself.

    Parameters
    ----------
    band : ndarray, (n, 5)
        The matrix, or all but its last row and column; the main diagonal in the middle.
    seam : ndarray, (3, 4), or None
        Of a periodic axis, what the first, the last but one and the last sample make of the unknowns before, at and
        after them.
    """

    cdef double[:, ::1] band
    cdef double[::1] border         # what the last unknown takes from each of the others
    cdef Py_ssize_t size            # unknowns, the last one of a periodic axis included
    cdef bint periodic
    cdef double to_first, to_last, pivot

    def __init__(self, band, seam):
        cdef Py_ssize_t rows = band.shape[0]
        self.band = band.copy()
        self.periodic = seam is not None
        self.size = rows + self.periodic
        factorise(&self.band[0, 0], rows)
        if self.periodic:
            self.border = np.zeros(rows)
            self.border[0], self.border[rows - 1] = seam[0, 0], seam[1, 2]
            eliminate(&self.band[0, 0], rows, &self.border[0], 1)
            self.to_last, self.to_first = seam[2, 0], seam[2, 2]
            self.pivot = 1 / (seam[2, 1] - self.to_first * self.border[0] - self.to_last * self.border[rows - 1])

    cdef void solve_lines(self, double *rows, Py_ssize_t width) noexcept nogil:
        cdef Py_ssize_t i, k, count = self.band.shape[0]
        cdef double *last = rows + count * width
        eliminate(&self.band[0, 0], count, rows, width)
        if self.periodic:
            subtract(last, rows, self.to_first, width)
            subtract(last, last - width, self.to_last, width)
            for k in range(width):
                last[k] *= self.pivot
            for i in range(count):
                subtract(rows + i * width, last, self.border[i], width)

    def solve(self, cnp.ndarray coefficients, int axis, int workers, share):
        """Turn samples along an axis into coefficients, in place.

        The array is dense; a periodic axis has room for three coefficients more than samples.
        """
        cdef SolveCall call = SolveCall.__new__(SolveCall)
        cdef Py_ssize_t width = SCRATCH_BYTES // (<Py_ssize_t>sizeof(double) * self.size)
        call.equations = self
        call.data = <double *>cnp.PyArray_DATA(coefficients)
        call.count = coefficients.shape[axis]
        call.stride = coefficients.strides[axis] // <Py_ssize_t>sizeof(double)
        call.lines = coefficients.size // call.count
        call.width = min(call.lines, max(LEAST_LINES, width - width % LEAST_LINES))
        if coefficients.size < SHARE_SAMPLES:
            workers = 1
        run(call, (call.lines + call.width - 1) // call.width, workers, share)


cdef struct LinesWorker:
    Py_ssize_t unit
    double scratch[1]               # and more


cdef class SolveCall(Call):
    """Lines along one axis, as many at once as stay in L2: copied there side by side, solved, and copied back."""

    cdef Equations equations
    cdef double *data
    cdef Py_ssize_t lines, count, stride, width     # `stride` lines begin beside each other

    cdef void *open(self) noexcept nogil:
        return malloc(sizeof(LinesWorker) + self.equations.size * self.width * sizeof(double))

    cdef void close(self, void *worker) noexcept nogil:
        free(worker)

    cdef void begin(self, void *worker, Py_ssize_t unit) noexcept nogil:
        (<LinesWorker *>worker).unit = unit

    cdef bint step(self, void *worker) noexcept nogil:
        cdef LinesWorker *own = <LinesWorker *>worker
        cdef Py_ssize_t first = own.unit * self.width
        cdef Py_ssize_t width = min(self.width, self.lines - first)
        if own.unit < 0:
            return False
        own.unit = -1
        self.copy(own.scratch, first, width, False)
        self.equations.solve_lines(own.scratch, width)
        self.copy(own.scratch, first, width, True)
        return True

    cdef void copy(self, double *scratch, Py_ssize_t first, Py_ssize_t width, bint back) noexcept nogil:
        """Lines first ... first + width - 1: their samples to scratch, or their coefficients back."""
        cdef Py_ssize_t done = 0, line, together, i, k, size = self.equations.size
        # Unknown i of a periodic axis is coefficient i + 1.
        cdef Py_ssize_t shift = size - 1 if self.equations.periodic else 0
        cdef double *data
        cdef double *row
        while done < width:
            line = first + done
            together = min(width - done, self.stride - line % self.stride)
            data = self.data + line // self.stride * self.count * self.stride + line % self.stride
            if back:
                for i in range(self.count):
                    row = scratch + (i + shift) % size * width + done
                    for k in range(together):
                        data[i * self.stride + k] = row[k]
            else:
                for i in range(size):
                    row = scratch + i * width + done
                    for k in range(together):
                        row[k] = data[i * self.stride + k]
            done += together


# ---- from coefficients to values and derivatives -----------------------------------------------------------

cdef struct Axis:
    Py_ssize_t pieces, stride
    const double *breaks            # pieces + 1
    const double *basis             # pieces x 4 powers x 4 functions
    const Py_ssize_t *bucket        # pieces + 1: the last piece that begins before the bucket, or the first
    double per_length               # buckets
    double period                   # 0 if there is none


cdef inline Py_ssize_t bucket_of(const Axis *axis, double x) noexcept nogil:
    """Monotonic, as rounding is: what is in a higher bucket is further on the axis."""
    return min(axis.pieces - 1, <Py_ssize_t>((x - axis.breaks[0]) * axis.per_length))


cdef void fill_buckets(const Axis *axis, Py_ssize_t *bucket) noexcept nogil:
    cdef Py_ssize_t piece, b = 0
    for piece in range(axis.pieces):
        while b <= bucket_of(axis, axis.breaks[piece]):
            bucket[b] = max(0, piece - 1)
            b += 1
    while b <= axis.pieces:
        bucket[b] = axis.pieces - 1
        b += 1


cdef inline double into_period(const Axis *axis, double x) noexcept nogil:
    """A hair before the first sample it may be the end of the period, where the last piece has the same value."""
    cdef double first = axis.breaks[0], beyond
    if first <= x < axis.breaks[axis.pieces]:
        return x
    beyond = fmod(x - first, axis.period)
    return first + (beyond + axis.period if beyond < 0 else beyond)


cdef inline Py_ssize_t piece_of(const Axis *axis, double x) noexcept nogil:
    """Of an x on the axis."""
    cdef Py_ssize_t b = bucket_of(axis, x), low = axis.bucket[b], high = axis.bucket[b + 1], middle
    while low < high:
        middle = (low + high + 1) // 2
        if x < axis.breaks[middle]:
            high = middle - 1
        else:
            low = middle
    return low


cdef inline Py_ssize_t place(const Axis *axis, double x, int order, bint extrapolate, double *weights) noexcept nogil:
    """The piece at x, and what its four coefficients weigh, for each derivative up to `order`. Outside they are NaN."""
    cdef double first = axis.breaks[0], last = axis.breaks[axis.pieces], per_width, s
    cdef const double *b
    cdef Py_ssize_t piece
    cdef int k
    if axis.period > 0:
        x = into_period(axis, x)
    elif not (first <= x <= last or (extrapolate and fabs(x) < INFINITY)):
        x = NAN
    piece = piece_of(axis, x) if first <= x <= last else axis.pieces - 1 if x > last else 0
    b = axis.basis + 16 * piece
    per_width = 1 / (axis.breaks[piece + 1] - axis.breaks[piece])
    s = (x - axis.breaks[piece]) * per_width
    for k in range(4):
        weights[k] = b[k] + s * (b[4 + k] + s * (b[8 + k] + s * b[12 + k]))
    if order > 0:
        for k in range(4):
            weights[4 + k] = per_width * (b[4 + k] + s * (2 * b[8 + k] + s * (3 * b[12 + k])))
    if order > 1:
        for k in range(4):
            weights[8 + k] = per_width * (per_width * (2 * b[8 + k] + s * (6 * b[12 + k])))
    return piece


cdef inline void contract(double *out, const double *values, const double *weights, Py_ssize_t size) noexcept nogil:
    """Weigh four neighbours along the first axis that is left; what is behind it has `size` values."""
    cdef Py_ssize_t i
    for i in range(size):
        out[i] = (weights[0] * values[i] + weights[1] * values[size + i]) \
            + (weights[2] * values[2 * size + i] + weights[3] * values[3 * size + i])


cdef inline int pair(int dims, int i, int j) noexcept nogil:
    """Where the second derivative along axes i <= j is, after the value and the first derivatives."""
    return 1 + dims + j * (j + 1) // 2 + i


cdef struct PointsWorker:
    Py_ssize_t unit
    double weights[MAX_DIMS][12]
    double *values                  # those of a point's coefficients that are left, component by component
    double *contracted
    double memory[1]                # and more


cdef class Spline:
    """A tensor product spline, plus a constant.

    Parameters
    ----------
    coefficients : ndarray of float64, dense
    axes : sequence of SplineAxis
    constant : float
    """

    cdef Axis axis[MAX_DIMS]
    cdef const double *coefficients
    cdef Py_ssize_t *row            # where 4**(dims - 1) runs of four coefficients are, beside the first
    cdef Py_ssize_t rows
    cdef double constant
    cdef int dims
    cdef list arrays

    def __init__(self, cnp.ndarray coefficients, axes, double constant):
        cdef Axis *axis
        cdef Py_ssize_t[::1] bucket, row
        cdef Py_ssize_t r, rest
        cdef int k
        self.arrays = [coefficients]
        self.coefficients = <const double *>cnp.PyArray_DATA(coefficients)
        self.dims, self.constant = coefficients.ndim, constant
        for k, table in enumerate(axes):
            axis = &self.axis[k]
            axis.stride = coefficients.strides[k] // <Py_ssize_t>sizeof(double)
            axis.pieces = len(table.basis)
            axis.period = table.period or 0.0
            axis.breaks, axis.basis = self.keep(table.breaks), self.keep(table.basis)
            axis.per_length = axis.pieces / (axis.breaks[axis.pieces] - axis.breaks[0])
            bucket = np.empty(axis.pieces + 1, np.intp)
            fill_buckets(axis, &bucket[0])
            axis.bucket = &bucket[0]
            self.arrays.append(bucket)
        self.rows = 1 << 2 * (self.dims - 1)
        row = np.zeros(self.rows, np.intp)
        for r in range(self.rows):
            rest = r
            for k in range(self.dims - 2, -1, -1):
                row[r] += rest % 4 * self.axis[k].stride
                rest //= 4
        self.row = &row[0]
        self.arrays.append(row)

    cdef const double *keep(self, cnp.ndarray array):
        array = np.ascontiguousarray(array)
        self.arrays.append(array)
        return <const double *>cnp.PyArray_DATA(array)

    def evaluate(self, cnp.ndarray points, int order, bint extrapolate, int workers, share):
        """Values at points (m, d) and, up to that order, gradients (m, d) and Hessians (m, d, d)."""
        cdef PointsCall call = PointsCall.__new__(PointsCall)
        cdef Py_ssize_t count = points.shape[0]
        shapes = (count,), (count, self.dims), (count, self.dims, self.dims)
        results = tuple(np.empty(shapes[k]) for k in range(order + 1))
        call.spline, call.order, call.extrapolate, call.count = self, order, extrapolate, count
        call.components = pair(self.dims, 0, self.dims) if order == 2 else 1 + order * self.dims
        call.points = <const double *>cnp.PyArray_DATA(points)
        call.value = <double *>cnp.PyArray_DATA(results[0])
        call.gradient = <double *>cnp.PyArray_DATA(results[1]) if order > 0 else NULL
        call.hessian = <double *>cnp.PyArray_DATA(results[2]) if order > 1 else NULL
        if count * self.rows < SHARE_ROWS:
            workers = 1
        run(call, (count + POINTS_AT_ONCE - 1) // POINTS_AT_ONCE, workers, share)
        return results


cdef class PointsCall(Call):
    """Points, a block at a time."""

    cdef Spline spline
    cdef int order, components
    cdef bint extrapolate
    cdef Py_ssize_t count
    cdef const double *points
    cdef double *value
    cdef double *gradient
    cdef double *hessian

    cdef void *open(self) noexcept nogil:
        cdef Py_ssize_t room = max(4, self.components) * self.spline.rows
        cdef PointsWorker *own = <PointsWorker *>malloc(sizeof(PointsWorker) + 2 * room * sizeof(double))
        if own != NULL:
            own.values, own.contracted = own.memory, own.memory + room
        return own

    cdef void close(self, void *worker) noexcept nogil:
        free(worker)

    cdef void begin(self, void *worker, Py_ssize_t unit) noexcept nogil:
        (<PointsWorker *>worker).unit = unit

    cdef bint step(self, void *worker) noexcept nogil:
        cdef PointsWorker *own = <PointsWorker *>worker
        cdef Py_ssize_t at, first = own.unit * POINTS_AT_ONCE
        if own.unit < 0:
            return False
        own.unit = -1
        for at in range(first, min(self.count, first + POINTS_AT_ONCE)):
            self.gather(own, self.points + at * self.spline.dims)
            self.contract_axes(own)
            self.store(own, at)
        return True

    cdef void gather(self, PointsWorker *own, const double *point) noexcept nogil:
        """The weights and the coefficients at a point."""
        cdef const double *corner = self.spline.coefficients
        cdef const Py_ssize_t *row = self.spline.row
        cdef const Axis *axis = self.spline.axis
        cdef Py_ssize_t r
        cdef int k
        for k in range(self.spline.dims):
            corner += axis[k].stride * place(&axis[k], point[k], self.order, self.extrapolate, own.weights[k])
        for r in range(self.spline.rows):
            memcpy(own.values + 4 * r, corner + row[r], 4 * sizeof(double))

    cdef void contract_axes(self, PointsWorker *own) noexcept nogil:
        """Axis by axis, the value and the derivatives along the axes before become value and derivatives along one
        axis more."""
        cdef Py_ssize_t room = self.spline.rows, size = room
        cdef double *values
        cdef double *out
        cdef const double *w
        cdef int i, j, k, dims = self.spline.dims
        for k in range(dims):
            values, out, w = own.values, own.contracted, own.weights[k]
            contract(out, values, w, size)
            if self.order > 0:
                contract(out + (1 + k) * room, values, w + 4, size)
                for j in range(k):
                    contract(out + (1 + j) * room, values + (1 + j) * room, w, size)
            if self.order > 1:
                contract(out + pair(dims, k, k) * room, values, w + 8, size)
                for j in range(k):
                    contract(out + pair(dims, j, k) * room, values + (1 + j) * room, w + 4, size)
                    for i in range(j + 1):
                        contract(out + pair(dims, i, j) * room, values + pair(dims, i, j) * room, w, size)
            own.values, own.contracted = out, values
            size //= 4

    cdef void store(self, PointsWorker *own, Py_ssize_t at) noexcept nogil:
        cdef Py_ssize_t room = self.spline.rows
        cdef int i, j, dims = self.spline.dims
        self.value[at] = self.spline.constant + own.values[0]
        if self.order > 0:
            for j in range(dims):
                self.gradient[at * dims + j] = own.values[(1 + j) * room]
        if self.order > 1:
            for j in range(dims):
                for i in range(j + 1):
                    self.hessian[(at * dims + i) * dims + j] = own.values[pair(dims, i, j) * room]
                    self.hessian[(at * dims + j) * dims + i] = own.values[pair(dims, i, j) * room]
