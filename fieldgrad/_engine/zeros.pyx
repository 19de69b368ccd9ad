# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: freethreading_compatible=True
"""Zeros of the gradient of a tensor product spline: boxes are excluded, certified or split.

../_zeros.py tells what pieces, nets and boxes are, and why. Arguments are trusted: Python has checked them.
"""
from cpython.exc cimport PyErr_CheckSignals
from libc.math cimport fabs
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcpy, memset
cimport numpy as cnp

from .calls cimport fg_draw, fg_note, fg_peek, fg_raise, fg_recall, fg_seconds, fg_stream_end

import numpy as np

cnp.import_array()

include "calls.pxi"

cdef enum:
    DIMS = 3                        # missing axes come first, and have one piece
    NET = 64
    NET_PER_LINE = 16
    # Pieces of a unit: their marks stay in L2.
    BLOCK_0 = 8
    BLOCK_1 = 32
    BLOCK_1_OF_2D = 64
    BLOCK_2 = 4096
    # Boxes of one piece, at most. Isolated zeros need some hundred, if they are regular or not.
    QUEUE = 4096
    PIECES_PER_STEP = 64
    NEWTON_STEPS = 9

cdef double EPSILON = 2.0**-52
# Zeros that Newton's method has found: its last step but one, in sides of the box, at most.
cdef double CONVERGED = 1e-7
# What Krawczyk's test takes for a contraction.
cdef double CONTRACTION = 0.9
# Hessians whose determinant, relative to their largest entry, is smaller are singular.
cdef double SINGULAR = 1e-12


# ---- what is found ---------------------------------------------------------------------------------------

cdef struct Zero:
    Py_ssize_t piece[DIMS]
    double fraction[DIMS]

cdef struct Part:
    Py_ssize_t piece[DIMS]
    double low[DIMS]
    double high[DIMS]

cdef struct Found:
    int64_t boxes
    bint cut                        # the limit was met within the unit
    Py_ssize_t zeros, zeros_room, parts, parts_room
    Zero *zero
    Part *part

ZERO = np.dtype([("piece", np.intp, DIMS), ("fraction", np.float64, DIMS)])
PART = np.dtype([("piece", np.intp, DIMS), ("low", np.float64, DIMS), ("high", np.float64, DIMS)])


cdef void *room_for_one(void *items, Py_ssize_t count, Py_ssize_t *room, size_t size) noexcept nogil:
    """The items, moved if there is no room for one more; NULL if there is no memory."""
    cdef void *larger
    if count < room[0]:
        return items
    larger = realloc(items, (2 * count + 64) * size)
    if larger != NULL:
        room[0] = 2 * count + 64
    return larger


# ---- nets ------------------------------------------------------------------------------------------------

cdef inline void weigh(double *out, const double *net, const double *m, int outer, int inner) noexcept nogil:
    cdef int o, i, j
    cdef const double *a
    for o in range(outer):
        a = net + 4 * o * inner
        for j in range(4):
            for i in range(inner):
                out[(4 * o + j) * inner + i] = (m[4 * j] * a[i] + m[4 * j + 1] * a[inner + i]) \
                    + (m[4 * j + 2] * a[2 * inner + i] + m[4 * j + 3] * a[3 * inner + i])


cdef void apply(double *out, const double *net, const double *m, int dims, int axis) noexcept nogil:
    """A 4 x 4 matrix along an axis of a net."""
    # Sizes that the compiler knows are twice as fast.
    cdef int behind = dims - 1 - axis
    if dims == 3:
        if behind == 2:
            weigh(out, net, m, 1, 16)
        elif behind == 1:
            weigh(out, net, m, 4, 4)
        else:
            weigh(out, net, m, 16, 1)
    else:
        weigh(out, net, m, 1 << 2 * axis, 1 << 2 * behind)


cdef void anchor(double *net, int size) noexcept nogil:
    """Without the constant, whose rounding would hide what is left of the gradient in small boxes."""
    cdef double first = net[0]
    cdef int i
    for i in range(size):
        net[i] -= first


cdef double largest(const double *net, int size) noexcept nogil:
    cdef double most = 0
    cdef int i
    for i in range(size):
        most = max(most, fabs(net[i]))
    return most


cdef inline double rounding(const double *net, int size) noexcept nogil:
    """What arithmetic may have changed a derivative by, at most."""
    return 64 * EPSILON * largest(net, size)


cdef double extent(const double *net, int size) noexcept nogil:
    cdef double low = net[0], high = net[0]
    cdef int i
    for i in range(size):
        low, high = min(low, net[i]), max(high, net[i])
    return high - low


cdef inline void slope_range(const double *net, int outer, int inner, double *low, double *high) noexcept nogil:
    cdef double slope, least = net[inner] - net[0], most = least
    cdef int o, i
    for o in range(outer):
        for i in range(3 * inner):
            slope = net[(4 * o + 1) * inner + i] - net[4 * o * inner + i]
            least, most = min(least, slope), max(most, slope)
    low[0], high[0] = 3 * least, 3 * most


cdef bint one_sign(const double *net, int dims, double doubt) noexcept nogil:
    """Whether some component of the gradient has no zero."""
    cdef double low, high
    cdef int axis
    for axis in range(dims):
        slope_range(net, 1 << 2 * axis, 1 << 2 * (dims - 1 - axis), &low, &high)
        if low > doubt or high < -doubt:
            return True
    return False


cdef void second_range(const double *net, int dims, int i, int j, double *low, double *high) noexcept nogil:
    """Bounds of the second derivative along axes i >= j, per sides of the box."""
    cdef int shift_i = 2 * (dims - 1 - i), shift_j = 2 * (dims - 1 - j), step_i = 1 << shift_i, step_j = 1 << shift_j
    cdef int last_i = 1 if i == j else 2, factor = 6 if i == j else 9, at
    cdef double value, least = 1e308, most = -1e308
    for at in range(1 << 2 * dims):
        if at >> shift_i & 3 <= last_i and at >> shift_j & 3 <= 2:
            value = factor * ((net[at + step_i + step_j] - net[at + step_i]) - (net[at + step_j] - net[at]))
            least, most = min(least, value), max(most, value)
    low[0], high[0] = least, most


cdef void basis_at(double t, double *weights) noexcept nogil:
    """Bernstein's cubics, then their first and their second derivatives."""
    cdef double s = 1 - t
    weights[0], weights[1], weights[2], weights[3] = s * s * s, 3 * t * s * s, 3 * t * t * s, t * t * t
    weights[4], weights[5] = -3 * s * s, 3 * s * s - 6 * t * s
    weights[6], weights[7] = 6 * t * s - 3 * t * t, 3 * t * t
    weights[8], weights[9], weights[10], weights[11] = 6 * s, 6 * t - 12 * s, 6 * s - 12 * t, 6 * t


cdef inline double contracted(const double *net, const double *weights, const int *order, int dims) noexcept nogil:
    """A derivative, of that order along each axis."""
    cdef double values[NET_PER_LINE]
    cdef const double *source = net
    cdef const double *w
    cdef int axis, i, size = 1 << 2 * dims
    for axis in range(dims):
        size //= 4
        w = weights + 12 * axis + 4 * order[axis]
        for i in range(size):
            values[i] = (w[0] * source[i] + w[1] * source[size + i]) \
                + (w[2] * source[2 * size + i] + w[3] * source[3 * size + i])
        source = values
    return values[0]


cdef void derivatives(const double *net, int dims, const double *at, double *gradient, double *hessian) noexcept nogil:
    """Per sides of the box, at a fraction of it."""
    cdef double weights[12 * DIMS]
    cdef int order[DIMS]
    cdef int i, j, k
    for k in range(dims):
        basis_at(at[k], weights + 12 * k)
        order[k] = 0
    for i in range(dims):
        order[i] += 1
        gradient[i] = contracted(net, weights, order, dims)
        for j in range(i + 1):
            order[j] += 1
            hessian[i * dims + j] = hessian[j * dims + i] = contracted(net, weights, order, dims)
            order[j] -= 1
        order[i] -= 1


cdef bint invert(const double *m, int dims, double *inverse) noexcept nogil:
    """Of a symmetric matrix, if it is regular."""
    cdef double a[9]
    cdef double size = 0, det
    cdef int i, j
    for i in range(dims * dims):
        size = max(size, fabs(m[i]))
    if not size > 0:
        return False
    for i in range(dims * dims):
        a[i] = m[i] / size
    if dims == 1:
        inverse[0] = 1 / m[0]
        return True
    if dims == 2:
        det = a[0] * a[3] - a[1] * a[2]
        inverse[0], inverse[1], inverse[2], inverse[3] = a[3], -a[1], -a[2], a[0]
    else:
        for i in range(3):
            for j in range(3):
                # Cofactors of cyclic rows and columns have their sign.
                inverse[3 * j + i] = a[3 * ((i + 1) % 3) + (j + 1) % 3] * a[3 * ((i + 2) % 3) + (j + 2) % 3] \
                    - a[3 * ((i + 1) % 3) + (j + 2) % 3] * a[3 * ((i + 2) % 3) + (j + 1) % 3]
        det = a[0] * inverse[0] + a[1] * inverse[3] + a[2] * inverse[6]
    if not fabs(det) > SINGULAR:
        return False
    for i in range(dims * dims):
        inverse[i] /= det * size
    return True


# ---- boxes -----------------------------------------------------------------------------------------------

cdef struct Box:
    double low[DIMS]
    double high[DIMS]
    int depth
    double net[NET]

cdef enum Verdict:
    EMPTY, UNIQUE, OPEN

cdef struct Rules:
    int dims, size, deepest
    double margin, wider            # how far boxes, and those for bounds of Krawczyk's test, reach beyond, in sides
    double level, noise             # a range that is flat; what samples may change derivatives over a box by
    double widen[16]                # from a net to that of the wider box
    double half[2][16]              # and to those of the halves
    double half_low[2]
    double half_high[2]


cdef void newton_step(const double *net, int dims, const double *at, double *step, bint *regular) noexcept nogil:
    cdef double gradient[DIMS]
    cdef double hessian[9]
    cdef double inverse[9]
    cdef int i, j
    derivatives(net, dims, at, gradient, hessian)
    regular[0] = invert(hessian, dims, inverse)
    if regular[0]:
        for i in range(dims):
            step[i] = 0
            for j in range(dims):
                step[i] -= inverse[i * dims + j] * gradient[j]


cdef bint newton(const double *net, int dims, double *at) noexcept nogil:
    """From a first guess to the zero near it; False where steps do not come to an end."""
    cdef double step[DIMS]
    cdef double worst
    cdef bint regular, close = False
    cdef int k
    for _ in range(NEWTON_STEPS):
        for k in range(dims):
            at[k] = min(max(at[k], -0.5), 1.5)
        newton_step(net, dims, at, step, &regular)
        if not regular:
            return False
        worst = 0
        for k in range(dims):
            worst = max(worst, fabs(step[k]))
            at[k] += min(max(step[k], -1), 1)
        if close:
            return worst < CONVERGED
        close = worst < CONVERGED
    return False


cdef bint within(const double *at, int dims, double beyond) noexcept nogil:
    cdef int k
    for k in range(dims):
        if not -beyond < at[k] < 1 + beyond:
            return False
    return True


cdef Verdict krawczyk(const Rules *rules, const double *net, double side, double *at) noexcept nogil:
    """Whether a box has no zero, or exactly one, and where, in fractions of it; its side is a part of a piece's."""
    cdef int dims = rules.dims, i, j, k
    cdef double gradient[DIMS]
    cdef double hessian[9]
    cdef double inverse[9]
    cdef double centre[9]
    cdef double radius[9]
    cdef double wider[2][NET]
    cdef double low, high, entry, absolute, shift, scale, error, doubt, noise, worst = 0, stretch = 0
    cdef int source = 0
    for k in range(dims):
        at[k] = 0.5
    derivatives(net, dims, at, gradient, hessian)
    if not invert(hessian, dims, inverse):
        return OPEN
    apply(wider[0], net, rules.widen, dims, 0)
    for k in range(1, dims):
        apply(wider[1 - source], wider[source], rules.widen, dims, k)
        source = 1 - source
    scale = 1 / ((1 + 2 * rules.wider) * (1 + 2 * rules.wider))  # the wider box has longer sides
    for i in range(dims):
        for j in range(i + 1):
            second_range(wider[source], dims, i, j, &low, &high)
            centre[i * dims + j] = centre[j * dims + i] = scale * (low + high) / 2
            radius[i * dims + j] = radius[j * dims + i] = scale * (high - low) / 2
    doubt = rounding(net, rules.size)
    for i in range(dims):
        error = absolute = shift = 0
        for j in range(dims):
            entry = 1.0 if i == j else 0.0
            low = 0
            for k in range(dims):
                entry -= inverse[i * dims + k] * centre[k * dims + j]
                low += fabs(inverse[i * dims + k]) * radius[k * dims + j]
            error += fabs(entry) + low
            absolute += fabs(inverse[i * dims + j])
            shift -= inverse[i * dims + j] * gradient[j]
        if fabs(shift) - error / 2 - absolute * doubt > 0.5:
            return EMPTY
        at[i] += shift
        worst, stretch = max(worst, error), max(stretch, absolute)
    # A contraction has one zero at most, in all of the wider box. If that is beside the box, the box has none.
    # Where the noise of the samples could move it out of the box, nothing is proven of their field; nor where rounding
    # of the net, which is smooth in a piece, could move it beyond the margin, for the piece beside would not have it.
    noise = stretch * rules.noise
    if not (worst < CONTRACTION and noise < rules.wider and noise * side < rules.margin and newton(net, dims, at)):
        return OPEN
    return UNIQUE if within(at, dims, rules.margin) else EMPTY if within(at, dims, rules.wider) else OPEN


cdef inline int half_along(int which, int dims, int axis) noexcept nogil:
    """Whether it is the upper one; the last axis changes first."""
    return which >> (dims - 1 - axis) & 1


cdef void set_half(const Rules *rules, Box *half, const Box *box, const double *net, int which) noexcept nogil:
    """A part of a box, whose net is that."""
    cdef int k, upper
    cdef double side
    memcpy(half.net, net, rules.size * sizeof(double))
    anchor(half.net, rules.size)
    half.depth = box.depth + 1
    for k in range(rules.dims):
        upper = half_along(which, rules.dims, k)
        side = box.high[k] - box.low[k]
        half.low[k] = box.low[k] + rules.half_low[upper] * side
        half.high[k] = box.low[k] + rules.half_high[upper] * side


# ---- a unit: pieces side by side -------------------------------------------------------------------------

cdef struct Worker:
    Py_ssize_t unit
    Py_ssize_t first[DIMS]          # piece, and how many
    Py_ssize_t count[DIMS]
    Py_ssize_t rows[DIMS]           # marks: as many as coefficients
    Py_ssize_t next                 # mark to be looked at
    Found found
    unsigned char *mark
    Box *queue


cdef inline void mark_rises(unsigned char *mark, const double *row, const double *next, Py_ssize_t n, int bit,
                            bint more) noexcept nogil:
    """Where the next coefficient is higher, and where it is lower."""
    cdef Py_ssize_t i
    cdef unsigned char rises = <unsigned char>(1 << bit), falls = <unsigned char>(8 << bit)
    for i in range(n):
        mark[i] = (mark[i] if more else 0) | (rises if next[i] > row[i] else 0) | (falls if next[i] < row[i] else 0)


cdef inline void narrow(unsigned char *mark, Py_ssize_t step, unsigned char own, Py_ssize_t n) noexcept nogil:
    """Marks that a piece's coefficients have in common along an axis: four of them, but three differences."""
    cdef Py_ssize_t i
    for i in range(n):
        mark[i] = mark[i] & mark[i + step] & mark[i + 2 * step] & (mark[i + 3 * step] | own)


cdef class ZerosCall(Call):
    """All pieces of a range along each axis."""

    cdef Rules rules
    cdef const double *coefficients
    cdef const unsigned char *skip
    cdef Py_ssize_t stride[DIMS]
    cdef Py_ssize_t start[DIMS]
    cdef Py_ssize_t pieces[DIMS]
    cdef Py_ssize_t block[DIMS]
    cdef Py_ssize_t blocks[DIMS]
    cdef Py_ssize_t skip_stride[DIMS]
    cdef const double *nets[DIMS]   # for each piece of an axis from coefficients to the net
    cdef int64_t most
    cdef Found *found               # of each unit
    cdef int64_t *boxes             # of each unit that is done
    cdef int failed

    def __dealloc__(self):
        cdef Py_ssize_t unit
        if self.found != NULL:
            for unit in range(self.units):
                free(self.found[unit].zero)
                free(self.found[unit].part)
        free(self.found)
        free(self.boxes)

    cdef void open_ranges(self, Py_ssize_t units, int ranges) noexcept:
        # Units in order: then those that are skipped at the limit of boxes are the last ones.
        Call.open_ranges(self, units, 1)

    cdef void *open(self) noexcept nogil:
        cdef Worker *own = <Worker *>calloc(1, sizeof(Worker))
        cdef Py_ssize_t marks = 1
        cdef int k
        if own == NULL:
            return NULL
        for k in range(DIMS):
            marks *= self.block[k] + 3
        own.mark = <unsigned char *>malloc(marks + 64)
        own.queue = <Box *>malloc(QUEUE * sizeof(Box))
        if own.mark == NULL or own.queue == NULL:
            self.close(own)
            return NULL
        return own

    cdef void close(self, void *worker) noexcept nogil:
        cdef Worker *own = <Worker *>worker
        free(own.mark)
        free(own.queue)
        free(own.found.zero)
        free(own.found.part)
        free(own)

    cdef void begin(self, void *worker, Py_ssize_t unit) noexcept nogil:
        cdef Worker *own = <Worker *>worker
        cdef Py_ssize_t rest = unit
        cdef int k
        memset(&own.found, 0, sizeof(Found))
        own.unit = unit
        for k in range(DIMS - 1, -1, -1):
            own.first[k] = rest % self.blocks[k] * self.block[k]
            own.count[k] = min(self.block[k], self.pieces[k] - own.first[k])
            own.rows[k] = own.count[k] + (3 if k >= DIMS - self.rules.dims else 0)
            rest //= self.blocks[k]
        own.next = -1

    cdef bint step(self, void *worker) noexcept nogil:
        cdef Worker *own = <Worker *>worker
        if own.unit < 0:
            return False
        if own.next < 0:
            if self.is_beyond_limit(own.unit):
                self.end(own)
                return True
            self.mark_pieces(own)
            own.next = 0
        if not self.search_some(own):
            self.end(own)
        return True

    cdef bint is_beyond_limit(self, Py_ssize_t unit) noexcept nogil:
        """Whether units before this one are known to reach the limit."""
        cdef int64_t sum = 0
        cdef Py_ssize_t k
        for k in range(unit):
            sum += fg_recall(&self.boxes[k])
        return sum >= self.most

    cdef void end(self, Worker *own) noexcept nogil:
        memcpy(&self.found[own.unit], &own.found, sizeof(Found))
        fg_note(&self.boxes[own.unit], own.found.boxes)
        memset(&own.found, 0, sizeof(Found))
        own.unit = -1

    # ---- pieces -----------------------------------------------------------------------------------------

    cdef void mark_pieces(self, Worker *own) noexcept nogil:
        """For each piece the components of the gradient that have one sign there: those of all differences of its
        coefficients, which bound the gradient. Subtraction never changes a sign, so that is exact."""
        cdef Py_ssize_t *rows = own.rows
        cdef Py_ssize_t n = rows[2], row, plane = rows[1] * n, a, b
        cdef unsigned char *mark
        cdef const double *c
        for a in range(rows[0]):
            for b in range(rows[1]):
                mark = own.mark + a * plane + b * n
                c = (self.coefficients + (self.start[0] + own.first[0] + a) * self.stride[0]
                     + (self.start[1] + own.first[1] + b) * self.stride[1] + self.start[2] + own.first[2])
                mark[n - 1] = 0  # no difference along the last axis, but others
                mark_rises(mark, c, c + 1, n - 1, 2, False)
                if b + 1 < rows[1]:
                    mark_rises(mark, c, c + self.stride[1], n, 1, True)
                if a + 1 < rows[0]:
                    mark_rises(mark, c, c + self.stride[0], n, 0, True)
        for row in range(rows[0] * rows[1]):
            narrow(own.mark + row * n, 1, 0x24, own.count[2])
        if self.rules.dims > 1:
            for a in range(rows[0]):
                for b in range(own.count[1]):
                    narrow(own.mark + a * plane + b * n, n, 0x12, own.count[2])
        if self.rules.dims > 2:
            for a in range(own.count[0]):
                for b in range(own.count[1]):
                    narrow(own.mark + a * plane + b * n, plane, 0x09, own.count[2])

    cdef bint search_some(self, Worker *own) noexcept nogil:
        """Some of the pieces without a mark; False when all are done."""
        cdef Py_ssize_t count = own.count[2], total = own.count[0] * own.count[1] * count, row, column
        cdef Py_ssize_t piece[DIMS]
        cdef const unsigned char *marks
        cdef const unsigned char *hit
        cdef int done = 0
        while own.next < total and done < PIECES_PER_STEP:
            row, column = own.next // count, own.next % count
            marks = own.mark + (row // own.count[1] * own.rows[1] + row % own.count[1]) * own.rows[2]
            hit = <const unsigned char *>memchr(marks + column, 0, count - column)
            if hit == NULL:
                own.next = (row + 1) * count
                continue
            column = hit - marks
            own.next = row * count + column + 1
            piece[0] = self.start[0] + own.first[0] + row // own.count[1]
            piece[1] = self.start[1] + own.first[1] + row % own.count[1]
            piece[2] = self.start[2] + own.first[2] + column
            if not self.is_skipped(piece):
                if own.found.boxes >= self.most:
                    own.found.cut = True
                    return False
                self.search(own, piece)
                done += 1
        return own.next < total and not fg_peek(&self.failed)

    cdef inline bint is_skipped(self, const Py_ssize_t *piece) noexcept nogil:
        return (self.skip != NULL and self.skip[piece[0] * self.skip_stride[0] + piece[1] * self.skip_stride[1]
                                                + piece[2] * self.skip_stride[2]])

    cdef void net_of(self, const Py_ssize_t *piece, double *net) noexcept nogil:
        """The net of a piece, as far as its box reaches."""
        cdef double other[NET]
        cdef const double *c = self.coefficients + piece[0] * self.stride[0] + piece[1] * self.stride[1] + piece[2]
        cdef int dims = self.rules.dims, pad = DIMS - dims, k, row
        # As many axes are left as let the last one end in `net`.
        cdef double *source = net if dims % 2 == 0 else &other[0]
        cdef double *target
        for row in range(self.rules.size // 4):
            memcpy(source + 4 * row, c + row // 4 * self.stride[0] + row % 4 * self.stride[1] if dims > 2
                   else c + row * self.stride[1], 4 * sizeof(double))
        for k in range(dims):
            target = &other[0] if source == net else net
            apply(target, source, self.nets[pad + k] + 16 * piece[pad + k], dims, k)
            source = target
        anchor(net, self.rules.size)

    cdef void search(self, Worker *own, const Py_ssize_t *piece) noexcept nogil:
        """Boxes of a piece, the larger ones first, until each is decided or too small."""
        cdef Rules *rules = &self.rules
        cdef Box *box = own.queue
        cdef double at[DIMS]
        cdef Py_ssize_t head = 0, tail = 1
        cdef bint open = False
        cdef Part part
        cdef Verdict verdict
        cdef int k
        self.net_of(piece, box.net)
        for k in range(rules.dims):
            box.low[k], box.high[k] = -rules.margin, 1 + rules.margin
        box.depth = 0
        if extent(box.net, rules.size) <= rules.level:
            begin_part(&part, piece, rules.dims)
            extend(&part, box, rules.dims)
            self.keep_part(own, &part)
            return
        if one_sign(box.net, rules.dims, rounding(box.net, rules.size)):
            return
        begin_part(&part, piece, rules.dims)
        while head < tail:
            box = own.queue + head
            head += 1
            verdict = krawczyk(rules, box.net, box.high[0] - box.low[0], at)
            if verdict == UNIQUE:
                self.keep_zero(own, piece, box, at)
            elif verdict == OPEN:
                if box.depth == rules.deepest or tail + (1 << rules.dims) > QUEUE:
                    open = True
                    extend(&part, box, rules.dims)
                else:
                    tail = split(rules, own.queue, box, tail)
        own.found.boxes += tail
        if open:
            self.keep_part(own, &part)

    cdef void keep_zero(self, Worker *own, const Py_ssize_t *piece, const Box *box, const double *at) noexcept nogil:
        cdef Found *found = &own.found
        cdef void *items = room_for_one(found.zero, found.zeros, &found.zeros_room, sizeof(Zero))
        cdef Zero *zero
        cdef int k, pad = DIMS - self.rules.dims
        if items == NULL:
            fg_raise(&self.failed)
            return
        found.zero = <Zero *>items
        zero = found.zero + found.zeros
        found.zeros += 1
        memset(zero, 0, sizeof(Zero))
        for k in range(DIMS):
            zero.piece[k] = piece[k]
            if k >= pad:
                zero.fraction[k] = box.low[k - pad] + at[k - pad] * (box.high[k - pad] - box.low[k - pad])

    cdef void keep_part(self, Worker *own, const Part *part) noexcept nogil:
        cdef Found *found = &own.found
        cdef void *items = room_for_one(found.part, found.parts, &found.parts_room, sizeof(Part))
        if items == NULL:
            fg_raise(&self.failed)
            return
        found.part = <Part *>items
        found.part[found.parts] = part[0]
        found.parts += 1

    # ---- results ----------------------------------------------------------------------------------------

    cdef cnp.ndarray zeros_of(self, Py_ssize_t units):
        cdef Py_ssize_t unit, at = 0, total = 0
        for unit in range(units):
            total += self.found[unit].zeros
        result = np.empty(total, ZERO)
        cdef Zero *to = <Zero *>cnp.PyArray_DATA(result)
        for unit in range(units):
            if self.found[unit].zeros > 0:
                memcpy(to + at, self.found[unit].zero, self.found[unit].zeros * sizeof(Zero))
            at += self.found[unit].zeros
        return result

    cdef cnp.ndarray parts_of(self, Py_ssize_t units):
        cdef Py_ssize_t unit, at = 0, total = 0
        for unit in range(units):
            total += self.found[unit].parts
        result = np.empty(total, PART)
        cdef Part *to = <Part *>cnp.PyArray_DATA(result)
        for unit in range(units):
            if self.found[unit].parts > 0:
                memcpy(to + at, self.found[unit].part, self.found[unit].parts * sizeof(Part))
            at += self.found[unit].parts
        return result

    cdef tuple behind(self, Py_ssize_t unit):
        """The slowest axis with several blocks, and where the unit begins along it."""
        cdef Py_ssize_t later = self.units
        cdef int k
        for k in range(DIMS):
            later //= self.blocks[k]
            if self.blocks[k] > 1:
                break
        return k - (DIMS - self.rules.dims), self.start[k] + unit // later * self.block[k]


cdef void begin_part(Part *part, const Py_ssize_t *piece, int dims) noexcept nogil:
    cdef int k
    for k in range(DIMS):
        part.piece[k] = piece[k]
        part.low[k], part.high[k] = (2, -1) if k >= DIMS - dims else (0, 0)


cdef void extend(Part *part, const Box *box, int dims) noexcept nogil:
    cdef int k, pad = DIMS - dims
    for k in range(dims):
        part.low[pad + k] = min(part.low[pad + k], box.low[k])
        part.high[pad + k] = max(part.high[pad + k], box.high[k])


cdef Py_ssize_t split(const Rules *rules, Box *queue, Box *box, Py_ssize_t tail) noexcept nogil:
    """Halves along each axis, which overlap a little, at the end of the queue if they may have a zero."""
    cdef double part[DIMS][NET]
    cdef int dims = rules.dims, which, changed, k
    for which in range(1 << dims):
        # Axes behind the first one whose half is another than before.
        changed = dims - 1 if which > 0 else 0
        while which >> (dims - 1 - changed) & 1 == 0 and changed > 0:
            changed -= 1
        for k in range(changed, dims):
            apply(part[k], &part[k - 1][0] if k > 0 else &box.net[0], rules.half[half_along(which, dims, k)], dims, k)
        set_half(rules, queue + tail, box, part[dims - 1], which)
        if not one_sign(queue[tail].net, dims, rounding(queue[tail].net, rules.size)):
            tail += 1
    return tail


cdef Rules read_rules(rules, int dims):
    """Taken over from Python."""
    cdef Rules to
    cdef int i, j
    to.dims, to.size, to.deepest = dims, 1 << 2 * dims, rules.deepest
    to.margin, to.wider, to.level, to.noise = rules.margin, rules.wider, rules.level, rules.noise
    for i, (ends, half) in enumerate(zip(rules.half_ends, rules.halves)):
        to.half_low[i], to.half_high[i] = ends
        for j, weight in enumerate(half.flat):
            to.half[i][j] = weight
    for j, weight in enumerate(rules.widen.flat):
        to.widen[j] = weight
    return to


# ---- as Python sees it -------------------------------------------------------------------------------------

def find_zeros(cnp.ndarray coefficients, ranges, nets, skip, rules, most, int workers, share):
    """Search pieces of a spline for zeros of its gradient.

    Parameters
    ----------
    coefficients : ndarray of float64, in C order
    ranges : sequence of (int, int)
        The first piece along each axis, and the one behind the last.
    nets : sequence of ndarray, (pieces, 4, 4)
        For each axis and piece, from coefficients to the net of its box.
    skip : ndarray of uint8, one per piece, in C order, or None
        Not zero where nothing is to be found.
    rules : fieldgrad._zeros.Rules
    most : int
        Boxes to look at, beside those of pieces that are excluded at first sight.
    workers, share

    Returns
    -------
    zeros : ndarray of ZERO
    parts : ndarray of PART
        For each piece that has them, where the boxes are that are undecided.
    behind : (int, int) or None
        If the limit was met: an axis, and its first piece behind which not all was searched.
    """
    cdef ZerosCall call = ZerosCall.__new__(ZerosCall)
    cdef cnp.ndarray array
    cdef Py_ssize_t units = 1, searched = 0, behind
    cdef int64_t sum = 0
    cdef int k, axis, pad = DIMS - coefficients.ndim
    kept = [coefficients, skip]
    call.rules = read_rules(rules, coefficients.ndim)
    call.coefficients = <const double *>cnp.PyArray_DATA(coefficients)
    call.most = most
    for k in range(DIMS):
        axis = k - pad
        call.start[k], call.pieces[k] = (ranges[axis][0], ranges[axis][1] - ranges[axis][0]) if axis >= 0 else (0, 1)
        call.stride[k] = coefficients.strides[axis] // <Py_ssize_t>sizeof(double) if axis >= 0 else 0
        call.skip_stride[k] = skip.strides[axis] if axis >= 0 and skip is not None else 0
        call.block[k] = min(call.pieces[k], (BLOCK_0, BLOCK_1 if pad == 0 else BLOCK_1_OF_2D, BLOCK_2)[k])
        call.blocks[k] = (call.pieces[k] + call.block[k] - 1) // call.block[k]
        units *= call.blocks[k]
        if axis >= 0:
            array = np.ascontiguousarray(nets[axis])
            kept.append(array)
            call.nets[k] = <const double *>cnp.PyArray_DATA(array)
    if skip is not None:
        array = skip
        call.skip = <const unsigned char *>cnp.PyArray_DATA(array)
    call.found = <Found *>calloc(units, sizeof(Found))
    call.boxes = <int64_t *>calloc(units, sizeof(int64_t))
    if call.found == NULL or call.boxes == NULL:
        raise MemoryError("no memory for what is found")
    run(call, units, workers, share)
    if call.failed:
        raise MemoryError("no memory for what is found")
    # Of the units that were begun before the limit was known to be met, those behind it do not count.
    while searched < units and sum < call.most:
        sum += call.found[searched].boxes
        searched += 1
    behind = searched - 1 if call.found[searched - 1].cut else searched
    return call.zeros_of(searched), call.parts_of(searched), call.behind(behind) if behind < units else None
