# Hysteresis: what is kept and connected to something strong becomes an edge. Included by core.pyx.

cdef enum:
    REJECTED, WEAK, STRONG
    REACHED = 4                     # weak, and connected to a strong one
    # Slabs are thick enough for seams to be a small part of them.
    LEAST_SLAB_BYTES = 1 << 17
    SLAB_SEAMS = 8
    SEEDS_AT_ONCE = 256

cdef struct Marks:
    unsigned char *data             # planes x rows x columns, dense; nothing on the rim
    Py_ssize_t size, columns
    Py_ssize_t row[9]               # offsets of the rows around a sample, its own included
    int rows
    Py_ssize_t slab, slabs          # bytes of whole lines that go together

cdef struct Stack:
    unsigned char **item
    Py_ssize_t size, room


cdef int push(Stack *stack, unsigned char *mark) noexcept nogil:
    cdef unsigned char **larger
    if stack.size == stack.room:
        larger = <unsigned char **>realloc(stack.item, max(1024, 2 * stack.room) * sizeof(unsigned char *))
        if larger == NULL:
            return -1
        stack.item, stack.room = larger, max(1024, 2 * stack.room)
    stack.item[stack.size] = mark
    stack.size += 1
    return 0


cdef inline int reach_around(const Marks *marks, Stack *stack, const unsigned char *mark, const unsigned char *first,
                             const unsigned char *end) noexcept nogil:
    """Reach weak neighbours of a mark, of those in first ... end - 1, and note them. All neighbours are in the array,
    for no mark is on its rim."""
    cdef unsigned char *near
    cdef int k, c
    for k in range(marks.rows):
        near = <unsigned char *>mark + marks.row[k]
        if near < first or near >= end or not ((near - 1)[0] | near[0] | near[1]) & WEAK:
            continue
        for c in range(-1, 2):
            if near[c] == WEAK:
                near[c] = REACHED
                if push(stack, near + c) < 0:
                    return -1
    return 0


cdef bint find_seeds(const Marks *marks, const unsigned char *mark, int n, const unsigned char *first,
                     const unsigned char *end, unsigned char *found) noexcept nogil:
    """Which of n marks, SEEDS_AT_ONCE at most, are more than weak and have a weak neighbour among first ... end - 1.
    Returns whether there may be one."""
    cdef unsigned char around[SEEDS_AT_ONCE + 2]
    cdef const unsigned char *near
    cdef unsigned char some = 0
    cdef int k, c
    for c in range(n):
        some |= mark[c]
    if some <= WEAK:
        return False
    memset(around, 0, sizeof(around))
    for k in range(marks.rows):
        near = mark + marks.row[k] - 1
        for c in range(<int>max(0, first - near), <int>min(n + 2, end - near)):
            around[c] |= near[c]
    for c in range(n):
        found[c] = (around[c] | around[c + 1] | around[c + 2]) & (mark[c] > WEAK)
    return True


cdef int spread(const Marks *marks, Stack *stack, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t first,
                Py_ssize_t end) noexcept nogil:
    """Spread from marks start ... stop - 1 that are more than weak over marks first ... end - 1."""
    cdef unsigned char seed[SEEDS_AT_ONCE]
    cdef uint64_t word
    cdef Py_ssize_t at = start
    cdef int n, c
    cdef unsigned char *mark
    while at < stop:
        mark = marks.data + at
        n = <int>min(SEEDS_AT_ONCE, stop - at)
        at += n
        if not find_seeds(marks, mark, n, marks.data + first, marks.data + end, seed):
            continue
        c = 0
        while c < n:
            if c + 8 <= n:
                memcpy(&word, seed + c, 8)
                if word == 0:
                    c += 8
                    continue
            if seed[c]:
                if reach_around(marks, stack, mark + c, marks.data + first, marks.data + end) < 0:
                    return -1
                while stack.size:
                    stack.size -= 1
                    if reach_around(marks, stack, stack.item[stack.size], marks.data + first, marks.data + end) < 0:
                        return -1
            c += 1
    return 0


cdef void tell(unsigned char *data, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        data[i] = data[i] > WEAK


cdef class HysteresisCall(Call):
    """Slabs of lines first by themselves, in any number of threads; later, what is left to be told yes or no."""

    cdef Marks marks
    cdef bint telling
    cdef int failed

    cdef void *open(self) noexcept nogil:
        return calloc(1, sizeof(Stack) + sizeof(Py_ssize_t))

    cdef void close(self, void *worker) noexcept nogil:
        free((<Stack *>worker).item)
        free(worker)

    cdef void begin(self, void *worker, Py_ssize_t unit) noexcept nogil:
        (<Py_ssize_t *>(<Stack *>worker + 1))[0] = unit

    cdef bint step(self, void *worker) noexcept nogil:
        cdef Py_ssize_t *unit = <Py_ssize_t *>(<Stack *>worker + 1)
        cdef Py_ssize_t first = unit[0] * self.marks.slab, end = min(self.marks.size, first + self.marks.slab)
        if unit[0] < 0:
            return False
        unit[0] = -1
        if self.telling:
            tell(self.marks.data + first, end - first)
        elif spread(&self.marks, <Stack *>worker, first, end, first, end) < 0:
            fg_raise(&self.failed)
        return True

    cdef int join_slabs(self) noexcept nogil:
        """Spread over the seams between slabs, as far as it goes."""
        cdef Marks *marks = &self.marks
        cdef Stack stack
        cdef Py_ssize_t k, seam, near = marks.row[marks.rows - 1]
        cdef int failed = 0
        memset(&stack, 0, sizeof(stack))
        for k in range(1, marks.slabs):
            seam = k * marks.slab
            failed |= spread(marks, &stack, max(0, seam - near), min(marks.size, seam + near), 0, marks.size)
        free(stack.item)
        return failed


def hysteresis(cnp.ndarray marks, int workers, share):
    """Turn marks (0 rejected, 1 weak, 2 strong; dense, 2-D or 3-D in the order of memory, all 0 on the rim) into 0 and
    1: strong, or connected to a strong one by weak ones, diagonally too."""
    cdef HysteresisCall call = HysteresisCall.__new__(HysteresisCall)
    cdef Marks *it = &call.marks
    cdef Py_ssize_t plane
    cdef int k
    it.data, it.size = <unsigned char *>cnp.PyArray_DATA(marks), marks.size
    if it.size == 0:
        return
    it.columns = marks.shape[marks.ndim - 1]
    plane = marks.shape[marks.ndim - 2] * it.columns
    it.rows = 9 if marks.ndim == 3 else 3
    for k in range(it.rows):
        it.row[k] = (k % 3 - 1) * it.columns + ((k // 3 - 1) * plane if it.rows == 9 else 0)
    it.slab = ceiling(max(LEAST_SLAB_BYTES, SLAB_SEAMS * it.row[it.rows - 1]), it.columns) * it.columns
    it.slabs = ceiling(it.size, it.slab)
    run(call, it.slabs, workers, share)
    with nogil:
        call.failed |= call.join_slabs()
    if call.failed:
        raise MemoryError("no memory for the edges that wait")
    call.telling = True
    run(call, it.slabs, workers, share)
