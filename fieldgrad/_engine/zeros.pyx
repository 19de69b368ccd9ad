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
include "nets.pxi"
include "krawczyk.pxi"

cdef enum:
    # Pieces of a unit: their marks stay in L2.
    BLOCK_0 = 8
    BLOCK_1 = 32
    BLOCK_1_OF_2D = 64
    BLOCK_2 = 4096
    # Boxes of one piece, at most. Isolated zeros need some hundred, if they are regular or not.
    QUEUE = 4096
    PIECES_PER_STEP = 64


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

    cdef cnp.ndarray gathered(self, Py_ssize_t units, bint parts):
        """What the first units have found: zeros, or parts."""
        cdef Py_ssize_t unit, count, at = 0
        cdef size_t size = sizeof(Part) if parts else sizeof(Zero)
        cdef const Found *found
        counts = [self.found[unit].parts if parts else self.found[unit].zeros for unit in range(units)]
        result = np.empty(sum(counts), PART if parts else ZERO)
        for unit, count in enumerate(counts):
            found = &self.found[unit]
            if count > 0:
                memcpy(<char *>cnp.PyArray_DATA(result) + at * size,
                       <const void *>found.part if parts else <const void *>found.zero, count * size)
            at += count
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
    where = call.behind(behind) if behind < units else None
    return call.gathered(searched, False), call.gathered(searched, True), where
