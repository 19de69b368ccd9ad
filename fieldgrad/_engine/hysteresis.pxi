# Hysteresis: what is kept and connected to something strong becomes strong. Included by core.pyx.

cdef enum:
    REJECTED, WEAK, STRONG
    SLAB_BYTES = 1 << 17

# Bytes of one of these are STRONG in a word of eight.
cdef uint64_t ANY_STRONG = 0x0202020202020202

cdef struct Marks:
    unsigned char *data             # planes x rows x columns, dense
    Py_ssize_t planes, rows, columns
    Py_ssize_t lines, slab, slabs   # lines of all planes, and how many go together

cdef struct Stack:
    Py_ssize_t *item
    Py_ssize_t size, room


cdef int push(Stack *stack, Py_ssize_t i) noexcept nogil:
    cdef Py_ssize_t *larger
    if stack.size == stack.room:
        larger = <Py_ssize_t *>realloc(stack.item, max(1024, 2 * stack.room) * sizeof(Py_ssize_t))
        if larger == NULL:
            return -1
        stack.item, stack.room = larger, max(1024, 2 * stack.room)
    stack.item[stack.size] = i
    stack.size += 1
    return 0


cdef int strengthen_around(const Marks *marks, Stack *stack, Py_ssize_t line, Py_ssize_t column, Py_ssize_t first,
                           Py_ssize_t end) noexcept nogil:
    """Make weak neighbours of a sample strong, in lines first ... end - 1, and note them."""
    cdef Py_ssize_t plane = line // marks.rows if marks.planes > 1 else 0, row = line - plane * marks.rows, p, r, c
    cdef Py_ssize_t left = max(0, column - 1), right = min(marks.columns, column + 2)
    cdef unsigned char *data
    for p in range(max(0, plane - 1), min(marks.planes, plane + 2)):
        for r in range(max(0, row - 1, first - p * marks.rows), min(marks.rows, row + 2, end - p * marks.rows)):
            data = marks.data + (p * marks.rows + r) * marks.columns
            for c in range(left, right):
                if data[c] == WEAK:
                    data[c] = STRONG
                    if push(stack, data + c - marks.data) < 0:
                        return -1
    return 0


cdef int spread(const Marks *marks, Stack *stack, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t first,
                Py_ssize_t end) noexcept nogil:
    """Spread from the strong samples of lines start ... stop - 1 over lines first ... end - 1."""
    cdef Py_ssize_t line, column, i
    cdef uint64_t word
    for line in range(start, stop):
        column = 0
        while column < marks.columns:
            i = line * marks.columns + column
            if column + 8 <= marks.columns:
                memcpy(&word, marks.data + i, 8)
                if not word & ANY_STRONG:
                    column += 8
                    continue
            if marks.data[i] == STRONG:
                if strengthen_around(marks, stack, line, column, first, end) < 0:
                    return -1
                while stack.size:
                    stack.size -= 1
                    i = stack.item[stack.size]
                    if strengthen_around(marks, stack, i // marks.columns, i % marks.columns, first, end) < 0:
                        return -1
            column += 1
    return 0


cdef void tell(unsigned char *data, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        data[i] >>= 1


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
        cdef Py_ssize_t first = unit[0] * self.marks.slab, end = min(self.marks.lines, first + self.marks.slab)
        if unit[0] < 0:
            return False
        unit[0] = -1
        if self.telling:
            tell(self.marks.data + first * self.marks.columns, (end - first) * self.marks.columns)
        elif spread(&self.marks, <Stack *>worker, first, end, first, end) < 0:
            fg_raise(&self.failed)
        return True

    cdef int join_slabs(self) noexcept nogil:
        """Spread over the seams between slabs, as far as it goes."""
        cdef Marks *marks = &self.marks
        cdef Stack stack
        cdef Py_ssize_t k, near = 1 if marks.planes == 1 else marks.rows + 1, seam
        cdef int failed = 0
        memset(&stack, 0, sizeof(stack))
        for k in range(1, marks.slabs):
            seam = k * marks.slab
            failed |= spread(marks, &stack, max(0, seam - near), min(marks.lines, seam + near), 0, marks.lines)
        free(stack.item)
        return failed


def hysteresis(cnp.ndarray marks, int workers, share):
    """Turn marks (0 rejected, 1 weak, 2 strong; dense, 2-D or 3-D in the order of memory) into 0 and 1: strong, or
    connected to a strong one by weak ones, diagonally too."""
    cdef HysteresisCall call = HysteresisCall.__new__(HysteresisCall)
    cdef Marks *it = &call.marks
    it.data = <unsigned char *>cnp.PyArray_DATA(marks)
    it.planes = marks.shape[0] if marks.ndim == 3 else 1
    it.rows, it.columns = marks.shape[marks.ndim - 2], marks.shape[marks.ndim - 1]
    it.lines = it.planes * it.rows
    if it.lines == 0 or it.columns == 0:
        return
    it.slab = max(1, SLAB_BYTES // it.columns)
    it.slabs = ceiling(it.lines, it.slab)
    run(call, it.slabs, workers, share)
    with nogil:
        call.failed |= call.join_slabs()
    if call.failed:
        raise MemoryError("no memory for the edges that wait")
    call.telling = True
    run(call, it.slabs, workers, share)
