# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: freethreading_compatible=True
"""Critical vertices of a field that is linear on each simplex of the Freudenthal triangulation, and their pairs.

The triangulation joins samples whose indices differ by 0 or 1 along every axis, all in one direction: 14 neighbours in
3-D. Fields of fewer axes have axes of length 1 in front, where neighbours are absent, so there is one code for all.
Samples are ordered by value, equal ones by index: no two are the same. Arguments are trusted: Python has checked them.
"""
from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memset

from .calls cimport fg_draw, fg_note, fg_peek, fg_raise, fg_recall, fg_seconds, fg_stream_end

import itertools

import numpy as np

include "calls.pxi"

cdef enum:
    NEIGHBOURS = 14
    MASKS = 1 << NEIGHBOURS         # a set of neighbours is a number: bit k is neighbour k
    EVERYWHERE = MASKS - 1
    OUTSIDE = 1 << NEIGHBOURS       # one more neighbour of the samples on open sides, above all others
    NONE = -1
    FROM_OUTSIDE = -1               # the note of ways that lead outside, extremum number 0
    # Of the number that says what a sample changes in the homology of what lies below it
    ONE_MINIMUM = 1
    ONE_JOIN = 1 << 1               # components that become one, less 1: at most 5
    ONE_FILL = 1 << 4               # loops that are filled: at most 5
    ONE_MAXIMUM = 1 << 7
    # Parts of a call, short enough to look for Ctrl-C between them
    SAMPLES_AT_ONCE = 1024
    VERTICES_AT_ONCE = 256
    EDGES_AT_ONCE = 4096

#: Neighbour k, and its opposite 13 - k; the first half comes before the sample itself in the order of the array.
OFFSETS = tuple(o for o in itertools.product((-1, 0, 1), repeat=3) if any(o) and (min(o) >= 0 or max(o) <= 0))

# What surrounds a sample is a sphere of triangles: those of three neighbours that are beside each other.
cdef uint16_t beside[NEIGHBOURS]            # the neighbours beside each
cdef int seen_from[NEIGHBOURS][NEIGHBOURS]  # which neighbour of the first the second one is, where beside each other
cdef int bit_of[19]                         # k at 2**k modulo 19: no two are the same
cdef int _a, _b
for _a in range(NEIGHBOURS + 1):
    bit_of[(1 << _a) % 19] = _a
for _a in range(NEIGHBOURS):
    beside[_a] = 0
    for _b in range(NEIGHBOURS):
        _offset = tuple(q - p for p, q in zip(OFFSETS[_a], OFFSETS[_b], strict=True))
        seen_from[_a][_b] = OFFSETS.index(_offset) if _offset in OFFSETS else NONE
        beside[_a] |= (_offset in OFFSETS) << _b


# ---- sets of neighbours ----------------------------------------------------------------------------------

cdef inline int first_of(int members) noexcept nogil:
    return bit_of[(members & -members) % 19]


cdef inline int component(int members, int rim) noexcept nogil:
    """Those connected to the outside, where it is a member and beside all others on the rim, or else to the first."""
    cdef int found = OUTSIDE if members & OUTSIDE else members & -members, ahead = found, k
    while ahead:
        k = first_of(ahead)
        ahead &= ahead - 1
        k = (rim if k == NEIGHBOURS else beside[k] | (OUTSIDE if rim >> k & 1 else 0)) & members & ~found
        found |= k
        ahead |= k
    return found


cdef int change(int lower) noexcept nogil:
    """What a sample adds to those below it: a cone over its lower neighbours, hence their reduced homology, one
    dimension higher."""
    cdef int joins = NONE, rest = lower, characteristic = 0, full = lower == EVERYWHERE, a, b, joint
    if lower == 0:
        return ONE_MINIMUM
    while rest:
        rest &= ~component(rest, 0)
        joins += 1
    for a in range(NEIGHBOURS):
        if lower >> a & 1:
            characteristic += 1
            for b in range(a):
                if lower & beside[a] & 1 << b:
                    characteristic -= 1
                    joint = beside[a] & beside[b] & lower & ((1 << b) - 1)
                    while joint:
                        characteristic += 1
                        joint &= joint - 1
    return joins * ONE_JOIN + (1 + joins - characteristic + full) * ONE_FILL + full * ONE_MAXIMUM


def changes():
    """`change` of every set of lower neighbours, as uint8."""
    table = np.empty(MASKS, np.uint8)
    cdef uint8_t[::1] view = table
    cdef int lower
    for lower in range(MASKS):
        view[lower] = change(lower)
    return table


# ---- a field and its triangulation -----------------------------------------------------------------------

cdef struct Complex:
    const double *f
    Py_ssize_t shape[3]
    # For each place of a sample (in the middle of each axis, at its low end, at its high end, or both):
    const int64_t *delta            # how far each neighbour is in memory, 0 where absent
    const uint16_t *rim             # the neighbours on the same open side, and whether there is an outside


cdef inline int place(Py_ssize_t i, Py_ssize_t n) noexcept nogil:
    return (i == 0) | (i == n - 1) << 1


cdef inline int place_of(const Complex *on, Py_ssize_t v) noexcept nogil:
    cdef Py_ssize_t line = v // on.shape[2]
    return (place(line // on.shape[1], on.shape[0]) << 4 | place(line % on.shape[1], on.shape[1]) << 2
            | place(v % on.shape[2], on.shape[2]))


cdef inline bint is_below(const Complex *on, Py_ssize_t u, Py_ssize_t v) noexcept nogil:
    return on.f[u] < on.f[v] or (on.f[u] == on.f[v] and u < v)


cdef inline int lower_neighbours(const Complex *on, Py_ssize_t v, const int64_t *delta) noexcept nogil:
    cdef int lower = 0, k
    for k in range(NEIGHBOURS):
        lower |= (delta[k] != 0 and is_below(on, v + delta[k], v)) << k
    return lower


cdef inline int upper_neighbours(const Complex *on, Py_ssize_t v, const int64_t *delta, int rim) noexcept nogil:
    """The outside included."""
    cdef int upper = rim & OUTSIDE, k
    for k in range(NEIGHBOURS):
        upper |= (delta[k] != 0 and not is_below(on, v + delta[k], v)) << k
    return upper


cdef class Field:
    """A triangulated field.

    Parameters
    ----------
    f : ndarray of float64, (planes, rows, columns)
    delta : ndarray of int64, (4, 4, 4, 14)
    rim : ndarray of uint16, (4, 4, 4)
    """

    cdef Complex on
    cdef Py_ssize_t size
    cdef tuple arrays

    def __cinit__(self, const double[:, :, ::1] f, const int64_t[:, :, :, ::1] delta, const uint16_t[:, :, ::1] rim):
        cdef int k
        self.arrays = f, delta, rim
        self.on.f, self.on.delta, self.on.rim = &f[0, 0, 0], &delta[0, 0, 0, 0], &rim[0, 0, 0]
        for k in range(3):
            self.on.shape[k] = f.shape[k]
        self.size = f.size


cdef class FieldCall(Call):
    """Work on a field; a thread needs to know only where in its unit it is."""

    cdef Field field
    cdef const Complex *on
    cdef Py_ssize_t size, portion   # of what units are portions of

    cdef void *open(self) noexcept nogil:
        return malloc(sizeof(Py_ssize_t))

    cdef void close(self, void *worker) noexcept nogil:
        free(worker)

    cdef void begin(self, void *worker, Py_ssize_t unit) noexcept nogil:
        (<Py_ssize_t *>worker)[0] = unit

    cdef bint step(self, void *worker) noexcept nogil:
        cdef Py_ssize_t *unit = <Py_ssize_t *>worker
        if unit[0] < 0:
            return False
        self.do(unit[0] * self.portion, min(self.size, (unit[0] + 1) * self.portion))
        unit[0] = NONE
        return True

    cdef void do(self, Py_ssize_t first, Py_ssize_t end) noexcept nogil:
        pass

    cdef int start_on(self, Field field, Py_ssize_t size, Py_ssize_t portion, int workers, share) except -1:
        self.field, self.on, self.size, self.portion = field, &field.on, size, portion
        return run(self, (size + portion - 1) // portion, workers, share)


# ---- critical vertices -----------------------------------------------------------------------------------

cdef void compare_line(const double *f, Py_ssize_t n, const int64_t *delta, uint64_t *lower) noexcept nogil:
    """Lower neighbours of n samples in the same place of their axes. Sets are as wide as samples, for vectors' sake."""
    cdef const double *near
    cdef uint64_t member
    cdef Py_ssize_t i
    cdef int k
    memset(lower, 0, n * sizeof(uint64_t))
    for k in range(NEIGHBOURS):
        near, member = f + delta[k], 1 << k
        if delta[k] < 0:
            for i in range(n):
                lower[i] |= member if near[i] <= f[i] else 0
        elif delta[k] > 0:
            for i in range(n):
                lower[i] |= member if near[i] < f[i] else 0


cdef class Classification(FieldCall):
    cdef const uint8_t *change
    cdef uint8_t *result

    cdef void do(self, Py_ssize_t first, Py_ssize_t end) noexcept nogil:
        """Samples of whole lines, or of pieces of one."""
        cdef uint64_t lower[SAMPLES_AT_ONCE]
        cdef Py_ssize_t columns = self.on.shape[2], column, n, i
        cdef int where
        while first < end:
            column = first % columns
            where = place_of(self.on, first)
            n = 1 if column in (0, columns - 1) else min(columns - 1 - column, end - first)
            n = min(n, <Py_ssize_t>SAMPLES_AT_ONCE)
            compare_line(self.on.f + first, n, self.on.delta + where * NEIGHBOURS, lower)
            for i in range(n):
                self.result[first + i] = self.change[lower[i]]
            first += n


def classify(Field field, const uint8_t[::1] table, uint8_t[::1] result, int workers, share):
    """What each sample changes in the homology of those below it, from the table of `changes`."""
    cdef Classification call = Classification.__new__(Classification)
    call.change, call.result = &table[0], &result[0]
    call.start_on(field, result.shape[0], 16 * SAMPLES_AT_ONCE, workers, share)


# ---- arms: from a saddle to extrema ----------------------------------------------------------------------

cdef class Search(FieldCall):
    """The way from a sample goes to the highest (or lowest) neighbour, as long as there is one on that side. Where a
    way leads is noted along it, or many that are long and meet would take forever. Threads may change each other's
    notes: all say something that is true."""

    cdef const int64_t *vertex
    cdef const int64_t *start
    cdef uint16_t *arm
    cdef int64_t *end
    cdef int64_t *note              # for each sample a later one on its way, plus 1; or the number of the extremum
    cdef bint up                    # there, minus 1 and negative; or 0 if neither is known

    def __dealloc__(self):
        free(self.note)

    cdef int ahead(self, Py_ssize_t v, int where) noexcept nogil:
        cdef const int64_t *delta = self.on.delta + where * NEIGHBOURS
        if self.up:
            return upper_neighbours(self.on, v, delta, self.on.rim[where])
        return lower_neighbours(self.on, v, delta)

    cdef int64_t farthest(self, int64_t v, int arm, int where) noexcept nogil:
        """Of a set of neighbours the highest or lowest one; NONE is the outside."""
        cdef const int64_t *delta = self.on.delta + where * NEIGHBOURS
        cdef int64_t best = NONE, near
        while arm and not arm & OUTSIDE:
            near = v + delta[first_of(arm)]
            arm &= arm - 1
            if best == NONE or is_below(self.on, near, best) != self.up:
                best = near
        return best

    cdef int64_t read(self, int64_t v) noexcept nogil:
        """What is noted at v; if nothing is, the next sample of its way. At extrema something is."""
        cdef int64_t note = fg_recall(&self.note[v])
        cdef int where
        if note == 0:
            where = place_of(self.on, v)
            note = self.farthest(v, self.ahead(v, where), where)
            note = FROM_OUTSIDE if note == NONE else note + 1
            fg_note(&self.note[v], note)
        return note

    cdef int64_t follow(self, int64_t first) noexcept nogil:
        """The number of the extremum to which the way from a sample leads, and note it."""
        cdef int64_t end = FROM_OUTSIDE if first == NONE else first + 1, note = end, v
        while end > 0:
            end = self.read(end - 1)
        while note > 0:
            v = note - 1
            note = self.read(v)
            fg_note(&self.note[v], end)
        return -1 - end

    cdef void do(self, Py_ssize_t first, Py_ssize_t end) noexcept nogil:
        cdef Py_ssize_t i, at
        cdef int where, rest, arm
        for i in range(first, end):
            at = self.start[i]
            where = place_of(self.on, self.vertex[i])
            rest = self.ahead(self.vertex[i], where)
            while rest:
                arm = component(rest, self.on.rim[where] if self.up else 0)
                rest &= ~arm
                self.arm[at] = arm
                self.end[at] = self.follow(self.farthest(self.vertex[i], arm, where))
                at += 1


def find_arms(Field field, const int64_t[::1] vertices, const int64_t[::1] starts, const int64_t[::1] extrema, bint up,
              int workers, share):
    """The components of what is below (or above) each vertex, and the extremum that each belongs to.

    Parameters
    ----------
    vertices : ndarray of int64, (n,)
    starts : ndarray of int64, (n + 1,)
        Where the components of each vertex go in the results, the last entry being the number of them all.
    extrema : ndarray of int64
        All of them; -1 is the outside, the first if at all.

    Returns
    -------
    arms : ndarray of uint16
        Sets of neighbours.
    ends : ndarray of int64
        Which of the extrema.
    """
    cdef Search call = Search.__new__(Search)
    arms, ends = np.empty(starts[vertices.shape[0]], np.uint16), np.empty(starts[vertices.shape[0]], np.int64)
    cdef uint16_t[::1] arm = arms
    cdef int64_t[::1] end = ends
    cdef Py_ssize_t i
    if vertices.shape[0]:
        call.vertex, call.start, call.arm, call.end, call.up = &vertices[0], &starts[0], &arm[0], &end[0], up
        call.note = <int64_t *>calloc(field.size, sizeof(int64_t))  # takes the memory that is written to
        if call.note == NULL:
            raise MemoryError("no memory for the ways to extrema")
        for i in range(extrema.shape[0]):
            if extrema[i] != NONE:
                call.note[extrema[i]] = -1 - i
        call.start_on(field, vertices.shape[0], VERTICES_AT_ONCE, workers, share)
    return arms, ends


# ---- components that merge -------------------------------------------------------------------------------

cdef class Sweep(Call):
    """Work that has an order: one thread does it."""

    cdef Py_ssize_t at, size

    cdef void *open(self) noexcept nogil:
        return <void *>self


cdef class Merging(Sweep):
    cdef const int64_t *order
    cdef const int64_t *start
    cdef const int64_t *end
    cdef int64_t *parent
    cdef int64_t *killer
    cdef uint8_t *idle

    cdef int64_t root(self, int64_t i) noexcept nogil:
        while self.parent[i] != i:
            self.parent[i] = self.parent[self.parent[i]]
            i = self.parent[i]
        return i

    cdef bint step(self, void *worker) noexcept nogil:
        cdef Py_ssize_t last = min(self.size, self.at + VERTICES_AT_ONCE), k
        cdef int64_t saddle, one, other
        while self.at < last:
            saddle = self.order[self.at]
            one = self.root(self.end[self.start[saddle]])
            for k in range(self.start[saddle] + 1, self.start[saddle + 1]):
                other = self.root(self.end[k])
                self.idle[k] = one == other
                if one != other:
                    one, other = min(one, other), max(one, other)
                    self.parent[other], self.killer[other] = one, saddle
            self.at += 1
        return self.at < self.size


def merge(const int64_t[::1] order, const int64_t[::1] starts, const int64_t[::1] ends, Py_ssize_t count):
    """Join the components that saddles connect, one saddle after the other; the older one lives on.

    Parameters
    ----------
    order : ndarray of int64, (n,)
        The saddles, as they come.
    starts : ndarray of int64, (n + 1,)
        Where the arms of each saddle are.
    ends : ndarray of int64
        The component at the end of each arm, from the oldest, 0, to the youngest, `count` - 1.

    Returns
    -------
    killers : ndarray of int64, (count,)
        The saddle at which each component ends; -1 for those that never do.
    idle : ndarray of bool
        Arms, besides the first of each saddle, that lead to a component already connected.
    """
    cdef Merging call = Merging.__new__(Merging)
    killers, idle = np.full(count, NONE, np.int64), np.zeros(ends.shape[0], bool)
    cdef int64_t[::1] parent = np.arange(count, dtype=np.int64), killer = killers
    cdef uint8_t[::1] is_idle = idle.view(np.uint8)
    call.size = order.shape[0]
    if call.size:
        call.order, call.start, call.end, call.idle = &order[0], &starts[0], &ends[0], &is_idle[0]
        call.parent, call.killer = &parent[0], &killer[0]
        run(call, 1, 1, None)
    return killers, idle


# ---- loops that are filled (3-D) -------------------------------------------------------------------------

# An edge is known by its upper vertex and the neighbour where the lower one is. A chain of edges, modulo 2, is a heap
# with the highest upper vertex on top; an edge that is in it twice is not in it.
cdef struct Edge:
    double value                    # at the upper vertex
    int64_t name                    # 16 times the upper vertex, plus the neighbour

cdef struct Chain:
    Edge *edge
    Py_ssize_t size, room
    int odd                         # components below the highest vertex that it ends in


cdef inline bint is_lower(const Edge *a, const Edge *b) noexcept nogil:
    return a.value < b.value or (a.value == b.value and a.name < b.name)


cdef int push(Chain *chain, Edge edge) noexcept nogil:
    cdef Py_ssize_t at = chain.size, above, room
    cdef Edge *larger
    if chain.size == chain.room:
        room = max(64, 2 * chain.room)
        larger = <Edge *>realloc(chain.edge, room * sizeof(Edge))
        if larger == NULL:
            return -1
        chain.edge, chain.room = larger, room
    chain.size += 1
    while at:
        above = (at - 1) >> 1
        if not is_lower(&chain.edge[above], &edge):
            break
        chain.edge[at] = chain.edge[above]
        at = above
    chain.edge[at] = edge
    return 0


cdef Edge pop(Chain *chain) noexcept nogil:
    cdef Edge top = chain.edge[0], last
    cdef Py_ssize_t at = 0, below = 1
    chain.size -= 1
    last = chain.edge[chain.size]
    while below < chain.size:
        if below + 1 < chain.size and is_lower(&chain.edge[below], &chain.edge[below + 1]):
            below += 1
        if not is_lower(&last, &chain.edge[below]):
            break
        chain.edge[at] = chain.edge[below]
        at, below = below, 2 * below + 1
    chain.edge[at] = last
    return top


cdef int64_t pop_highest(Chain *chain, int *ends) noexcept nogil:
    """Take all edges down from the highest vertex: the vertex, and where they end."""
    cdef int64_t vertex = chain.edge[0].name >> 4
    ends[0] = 0
    while chain.size and chain.edge[0].name >> 4 == vertex:
        ends[0] ^= 1 << (pop(chain).name & 15)
    return vertex


cdef int keep(Chain *kept, Chain *chain) noexcept nogil:
    """Move a chain; what is in it twice is left out. (A sorted array is a heap.)"""
    cdef Edge edge
    while chain.size:
        edge = pop(chain)
        if chain.size and chain.edge[0].name == edge.name:
            pop(chain)
        elif push(kept, edge) < 0:
            return -1
    return 0


cdef class Reduction(Sweep):
    """Loops, from the lowest, slide down until they are nothing, or stand on two sides of a saddle whose sides no loop
    before has connected. What a loop before has connected it is added for, and on they slide."""

    cdef Field field
    cdef const int64_t *vertex      # of each loop: around which vertex it is
    cdef const uint16_t *arm        # and around which of the components above it; none for a circle through it
    cdef int ahead                  # the neighbour that comes next on a circle
    cdef const int64_t *saddle      # ascending
    cdef const int64_t *start
    cdef Py_ssize_t saddles
    cdef int64_t *owner             # of each side of each saddle: the loop that ends there, reduced
    cdef int64_t *result
    cdef Chain *chain               # of each loop
    cdef Chain moving
    cdef bint begun
    cdef int failed

    def __dealloc__(self):
        cdef Py_ssize_t i
        if self.chain != NULL:
            for i in range(self.size):
                free(self.chain[i].edge)
        free(self.chain)
        free(self.moving.edge)

    cdef void join(self, Py_ssize_t u, Py_ssize_t v, int k) noexcept nogil:
        """The edge from u to v, which is its neighbour k."""
        cdef Complex *on = &self.field.on
        cdef Edge edge
        if is_below(on, u, v):
            u, k = v, NEIGHBOURS - 1 - k
        edge.value, edge.name = on.f[u], u << 4 | k
        self.failed |= push(&self.moving, edge)

    cdef void add(self, Py_ssize_t v, const int64_t *delta, int a, int b) noexcept nogil:
        """The edge from neighbour a of v to neighbour b."""
        self.join(v + delta[a], v + delta[b], seen_from[a][b])

    cdef void begin_circle(self) noexcept nogil:
        cdef Py_ssize_t first = self.vertex[self.at], v = first, after = NONE
        while after != first:
            after = v + self.field.on.delta[place_of(&self.field.on, v) * NEIGHBOURS + self.ahead]
            self.join(v, after, self.ahead)
            v = after
        self.begun = True

    cdef void begin_loop(self) noexcept nogil:
        """The rim of all triangles around a vertex that touch a component above it: it lies below the vertex."""
        cdef Py_ssize_t v = self.vertex[self.at]
        cdef const int64_t *delta = self.field.on.delta + place_of(&self.field.on, v) * NEIGHBOURS
        cdef int lower = lower_neighbours(&self.field.on, v, delta), a, b, tips
        for a in range(NEIGHBOURS):
            for b in range(a):
                if lower >> a & lower >> b & beside[a] >> b & 1:
                    tips = beside[a] & beside[b] & self.arm[self.at]
                    if tips and tips & (tips - 1) == 0:
                        self.add(v, delta, a, b)
        self.begun = True

    cdef int slide(self, Py_ssize_t v, int ends) noexcept nogil:
        """Replace edges from v down to `ends` by ways below v to the first neighbour of each component. Returns the
        components to which an odd number leads."""
        cdef const int64_t *delta = self.field.on.delta + place_of(&self.field.on, v) * NEIGHBOURS
        cdef int rest = lower_neighbours(&self.field.on, v, delta), odd = 0, side = 0
        cdef int order[NEIGHBOURS]
        cdef int before[NEIGHBOURS]
        cdef int done, known, fresh, a
        while rest:
            order[0] = first_of(rest)
            rest &= rest - 1
            done, known = 0, 1
            while done < known:
                a = order[done]
                fresh = beside[a] & rest
                rest &= ~fresh
                while fresh:
                    order[known] = first_of(fresh)
                    before[order[known]] = a
                    fresh &= fresh - 1
                    known += 1
                done += 1
            while known > 1:
                known -= 1
                a = order[known]
                if ends >> a & 1:
                    ends ^= 1 << before[a]
                    self.add(v, delta, a, before[a])
            odd |= (ends >> order[0] & 1) << side
            side += 1
        return odd

    cdef Py_ssize_t number(self, int64_t v) noexcept nogil:
        """Of a saddle, among the others."""
        cdef Py_ssize_t low = 0, high = self.saddles, middle
        while low < high:
            middle = (low + high) >> 1
            if self.saddle[middle] < v:
                low = middle + 1
            else:
                high = middle
        return low

    cdef void stand(self, int64_t v, int odd) noexcept nogil:
        """The loop stands on several sides of v: the last is what counts."""
        cdef Chain *other
        cdef Py_ssize_t saddle = self.number(v), side, i
        while odd:
            side = self.start[saddle]
            while odd >> (side - self.start[saddle]) > 1:
                side += 1
            if self.owner[side] == NONE:
                self.owner[side], self.result[self.at] = self.at, saddle
                self.chain[self.at].odd = odd
                self.failed |= keep(&self.chain[self.at], &self.moving)
                self.at += 1
                self.begun = False
                return
            other = &self.chain[self.owner[side]]
            odd ^= other.odd
            for i in range(other.size):
                self.failed |= push(&self.moving, other.edge[i])

    cdef bint step(self, void *worker) noexcept nogil:
        cdef Py_ssize_t _
        cdef int64_t v
        cdef int ends, odd
        for _ in range(EDGES_AT_ONCE):
            if self.at == self.size or self.failed:
                return False
            if not self.begun and self.arm[self.at] == 0:
                self.begin_circle()
            elif not self.begun:
                self.begin_loop()
            elif self.moving.size == 0:
                self.at += 1
                self.begun = False
            else:
                v = pop_highest(&self.moving, &ends)
                odd = self.slide(v, ends) if ends else 0
                if odd:
                    self.stand(v, odd)
        return True


def reduce_loops(Field field, const int64_t[::1] vertices, const uint16_t[::1] arms, const int64_t[::1] saddles,
                 const int64_t[::1] starts, int ahead):
    """Which 1-saddle each loop that is filled, at a 2-saddle or elsewhere, began at.

    Parameters
    ----------
    vertices : ndarray of int64, (n,)
        The 2-saddle of each loop, or the last sample of a circle, lowest first.
    arms : ndarray of uint16, (n,)
        The component of its upper neighbours around which the loop is; 0 for a circle.
    saddles : ndarray of int64, (m,)
        1-saddles, in the order of the array.
    starts : ndarray of int64, (m + 1,)
        Where the components of lower neighbours of each begin in a list of them all.
    ahead : int
        The neighbour that comes next on a circle.

    Returns
    -------
    ndarray of int64, (n,)
        -1 where the loop was filled before, so that it is a void that begins.
    """
    cdef Reduction call = Reduction.__new__(Reduction)
    births, owners = np.full(vertices.shape[0], NONE, np.int64), np.full(starts[saddles.shape[0]], NONE, np.int64)
    cdef int64_t[::1] result = births, owner = owners
    if vertices.shape[0] == 0:
        return births
    call.chain = <Chain *>calloc(vertices.shape[0], sizeof(Chain))
    if call.chain == NULL:
        raise MemoryError("no memory for the loops of saddles")
    call.field, call.size, call.saddles, call.ahead = field, vertices.shape[0], saddles.shape[0], ahead
    call.vertex, call.arm, call.result, call.start = &vertices[0], &arms[0], &result[0], &starts[0]
    if call.saddles:
        call.saddle, call.owner = &saddles[0], &owner[0]
    run(call, 1, 1, None)
    if call.failed:
        raise MemoryError("no memory for the loops of saddles")
    return births
