# Derivatives next to absent samples. Included by core.pyx.
#
# Where they take one neighbour on either side, all are made in one go; see the foot. Elsewhere a block is made as if
# all samples were there. Then the few results that took in an absent one are made again, each by a stencil that suits
# the neighbours that it has.

cdef enum:
    MOST_COUNTED = 2                # neighbours on either side: with more, blocks would be made by too many stencils
    NO_KIND = 255


cdef inline const unsigned char *present(const Job *job, Py_ssize_t plane, Py_ssize_t row) noexcept nogil:
    """Marks of a row's samples."""
    return job.mask + (plane * job.rows + row) * per_lane(job, job.columns)


cdef inline Py_ssize_t along(const Job *job, int axis, Py_ssize_t plane, Py_ssize_t row) noexcept nogil:
    """The index of a row's samples along an axis."""
    if axis == job.dims - 2:
        return row
    return plane if job.dims == 3 else plane // job.plane_step[axis] % job.shape[axis]


cdef inline Py_ssize_t stand_in(const Gaps *gaps, Py_ssize_t i, Py_ssize_t n) noexcept nogil:
    """The sample that stands for index i of an axis."""
    if i < 0:
        return gaps.ghost[-1 - i]
    return i if i < n else gaps.ghost[gaps.most + i - n]


cdef int neighbours(const Gaps *gaps, const unsigned char *marks, Py_ssize_t step, Py_ssize_t i, Py_ssize_t n,
                    int direction) noexcept nogil:
    """How many samples are present side by side, before or after one, whose mark is at `marks`."""
    cdef Py_ssize_t other
    cdef int k
    for k in range(gaps.most):
        other = stand_in(gaps, i + (k + 1) * direction, n)
        if other == ZERO or (other != CONSTANT and not marks[(other - i) * step]):
            return k
    return gaps.most


cdef void fornberg(long double *weight, const long double *x, int points, int at, int order) noexcept nogil:
    """Weights of a derivative at point `at` of the polynomial through some; see stencils.fornberg, whose arithmetic
    this is."""
    cdef long double w[FG_MOST_TERMS + 1][MOST_ORDER + 1]
    cdef long double previous = 1, product, gap, behind, ahead = x[0] - x[at]
    cdef int i, j, k
    memset(w, 0, sizeof(w))
    w[0][0] = 1
    for i in range(1, points):
        product = 1
        behind, ahead = ahead, x[i] - x[at]
        for j in range(i):
            gap = x[i] - x[j]
            product *= gap
            if j == i - 1:
                for k in range(min(i, order), 0, -1):
                    w[i][k] = previous * (k * w[j][k - 1] - behind * w[j][k]) / product
                w[i][0] = -previous * behind * w[j][0] / product
            for k in range(min(i, order), 0, -1):
                w[j][k] = (ahead * w[j][k] - k * w[j][k - 1]) / gap
            w[j][0] = ahead * w[j][0] / gap
        previous = product
    for i in range(points):
        weight[i] = w[i][order]


cdef void uneven_terms(Worker *worker, const Gaps *gaps, Py_ssize_t i, const Py_ssize_t *window) noexcept nogil:
    """Terms of a stencil on uneven coordinates: differences to the sample itself."""
    cdef fg_sources *sources = &worker.sources
    cdef const fg_kernels *kernels = worker.job.kernels
    cdef const long double *x = gaps.position + gaps.most + i + window[0]
    cdef int points = <int>(window[1] - window[0]) + 1, at = <int>-window[0], k, t = 0
    cdef long double weight[FG_MOST_TERMS + 1]
    cdef long double width = 1
    if points == 2:
        weight[0], width = 1, x[1] - x[0]
        worker.index[0], worker.index[1] = 1, 0
        t = 1
    else:
        fornberg(weight, x, points, at, gaps.order)
        for k in range(points):
            if k != at:
                worker.index[2 * t], worker.index[2 * t + 1] = k, at
                weight[t] = weight[k]
                t += 1
    kernels.load[FG_F32 + 2](worker.weight, <const char *>weight, sizeof(long double), t, 1, 0)
    kernels.load[FG_F32 + 2](worker.divisor, <const char *>&width, sizeof(long double), 1, 1, 0)
    sources.terms, sources.w, sources.divisor = t, worker.weight, worker.divisor
    sources.division = kernels.prepare_divisor(worker.divisor)


# The samples of a row: where their marks and they themselves are, and how far others along an axis are from them.
cdef struct Line:
    Py_ssize_t n                    # samples of the axis
    const unsigned char *marks
    Py_ssize_t marks_step
    const char *data
    Py_ssize_t data_step


cdef Line line_of(Worker *worker, int axis, Py_ssize_t plane, Py_ssize_t row, Py_ssize_t column) noexcept nogil:
    cdef Job *job = worker.job
    cdef Line line
    line.n = job.shape[axis]
    line.marks = present(job, plane, row) + column
    line.marks_step = 1
    if axis < job.dims - 1:
        line.marks_step = job.shape[job.dims - 1] * (1 if axis == job.dims - 2 else job.plane_step[axis] * job.rows)
    line.data = stored(worker, plane, row, column * job.lanes)
    line.data_step = worker.field.stride[axis]
    return line


cdef inline int choose(const Gaps *gaps, const Line *line, Py_ssize_t i, Py_ssize_t c) noexcept nogil:
    """The stencil for sample c of a line, whose index along the axis is i; -1 if there is none."""
    cdef const unsigned char *marks = line.marks + c
    cdef int before = neighbours(gaps, marks, line.marks_step, i, line.n, -1)
    return gaps.choice[before * (gaps.most + 1) + neighbours(gaps, marks, line.marks_step, i, line.n, 1)]


cdef void mend_samples(Worker *worker, const Gaps *gaps, const Line *line, int choice, Py_ssize_t i, Py_ssize_t c,
                       Py_ssize_t count, char *dst) noexcept nogil:
    """Derivatives at samples from c on by a stencil that suits all of them."""
    cdef Job *job = worker.job
    cdef fg_sources *sources = &worker.sources
    cdef Py_ssize_t size = count * job.lanes * job.item, column = worker.field.stride[job.dims - 1], other
    cdef const char *data = line.data + c * column
    cdef const Py_ssize_t *window = gaps.window + 2 * choice
    cdef char *samples = <char *>worker.near
    cdef int which
    sources.varying = sources.centred = sources.streamed = False
    sources.w_step, sources.w_stride = 1, 0
    if gaps.uneven:
        uneven_terms(worker, gaps, i, window)
    else:
        sources.terms, sources.w = gaps.count[choice], gaps.weight + choice * gaps.terms * job.item
        sources.divisor, sources.division = gaps.divisor + 3 * choice * job.item, gaps.division[choice]
        memcpy(worker.index, gaps.index + choice * gaps.terms * 2, 2 * sources.terms * sizeof(Py_ssize_t))
    for which in range(2 * sources.terms):
        other = worker.index[which]
        if other != ZERO:
            other = stand_in(gaps, i + window[0] + other, line.n)
        if other <= CONSTANT:
            set_source(sources, which, constant_row(worker, other), 0)
        elif job.direct:
            set_source(sources, which, data + (other - i) * line.data_step, 0)
        else:
            job.load(samples, data + (other - i) * line.data_step, column, count, job.lanes, job.swap)
            set_source(sources, which, samples, 0)
            samples += size
    job.kernels.combine(dst, count * job.lanes, sources, 1, count * job.lanes)


cdef void mend_line(Worker *worker, const Gaps *gaps, const Line *line, const unsigned char *whole, bint in_row,
                    Py_ssize_t i, Py_ssize_t n, char *dst) noexcept nogil:
    """Results of a row that took in absent samples. Neighbours in it that have the same stencil go together, unless it
    is along the row, or samples are converted, of which there is room for one of each term."""
    cdef Job *job = worker.job
    cdef const unsigned char *hit = <const unsigned char *>memchr(whole, 0, n)
    cdef unsigned char nowhere = 0
    cdef Py_ssize_t c, end, size = job.lanes * job.item
    cdef int choice
    while hit != NULL:
        c = hit - whole
        end = c + 1
        choice = choose(gaps, line, i + c * in_row, c)
        if choice < 0:
            job.kernels.blank(dst + c * size, &nowhere, 1, job.lanes)
        else:
            while (job.direct and not in_row and end < n and not whole[end]
                   and choose(gaps, line, i, end) == choice):
                end += 1
            mend_samples(worker, gaps, line, choice, i + c * in_row, c, end - c, dst + c * size)
        hit = <const unsigned char *>memchr(whole + end, 0, n - end)


cdef void count_neighbours(Worker *worker, const Gaps *gaps, const Line *line, bint in_row, Py_ssize_t i, Py_ssize_t n,
                           int direction, unsigned char weight) noexcept nogil:
    """Add to the kinds of samples how many are present side by side before or after each of them, times a weight."""
    cdef unsigned char *unbroken = worker.unbroken
    cdef unsigned char *kinds = worker.kinds
    cdef const unsigned char *marks
    cdef Py_ssize_t other, c
    cdef int k
    memset(unbroken, 1, n)
    for k in range(1, gaps.most + 1):
        marks = line.marks + k * direction
        if not in_row:
            other = stand_in(gaps, i + k * direction, line.n)
            if other == ZERO:
                return
            marks = <const unsigned char *>unbroken     # a constant is always there
            if other != CONSTANT:
                marks = line.marks + (other - i) * line.marks_step
        for c in range(n):
            unbroken[c] &= marks[c]
            kinds[c] += (0 - unbroken[c]) & weight


cdef void mend_block(Worker *worker, const Gaps *gaps, const Line *line, unsigned char *whole, bint in_row,
                     Py_ssize_t i, Py_ssize_t n, char *dst) noexcept nogil:
    """Results of several rows, end to end, that took in absent samples: for each kind that there is, all are made by
    its stencil, and those of the kind taken over. Along rows, their ends are left alone."""
    cdef Job *job = worker.job
    cdef unsigned char *kinds = worker.kinds
    cdef unsigned char *others = worker.unbroken
    cdef int rows = gaps.most + 1, kind
    cdef Py_ssize_t columns = job.columns, end, c
    memset(kinds, 0, n)
    count_neighbours(worker, gaps, line, in_row, i, n, -1, <unsigned char>rows)
    count_neighbours(worker, gaps, line, in_row, i, n, 1, 1)
    for c in range(n):
        kinds[c] |= (0 - whole[c]) & NO_KIND
    if in_row:
        end = columns - i
        while end < n:
            memset(kinds + max(0, end - gaps.most), NO_KIND, min(n, end + gaps.most) - max(0, end - gaps.most))
            end += columns
    for kind in range(rows * rows):
        if memchr(kinds, kind, n) == NULL:
            continue
        if gaps.choice[kind] < 0:
            for c in range(n):
                others[c] = kinds[c] != kind
            job.kernels.blank(dst, others, n, 1)
        else:
            mend_samples(worker, gaps, line, gaps.choice[kind], i, 0, n, worker.mended)
            job.kernels.pick(dst, worker.mended, kinds, kind, n)
    for c in range(n):
        whole[c] |= kinds[c] != NO_KIND


cdef void mark_whole(Worker *worker, const Stencil *stencil, Py_ssize_t plane, Py_ssize_t row,
                     unsigned char *whole) noexcept nogil:
    """Which results of a row took in present samples only."""
    cdef Job *job = worker.job
    cdef Py_ssize_t c0 = per_lane(job, worker.tile.c0), c1 = per_lane(job, worker.tile.c1), i, which, shift, c
    cdef int axis = <int>stencil.axis
    cdef const unsigned char *here = present(job, plane, row)
    memset(whole, 1, c1 - c0)
    if axis < job.dims - 1:
        i = along(job, axis, plane, row)
        find_terms(worker, stencil, i)
        for which in range(2 * worker.sources.terms):
            if worker.index[which] > CONSTANT:
                shift = worker.index[which] - i
                narrow(whole, present(job, plane, row + shift) + c0 if axis == job.dims - 2
                       else present(job, plane + shift * job.plane_step[axis], row) + c0, c1 - c0)
        return
    for which in range(2 * stencil.terms):
        i = max(c0, stencil.lo)
        if i < min(c1, stencil.hi):
            narrow(whole + i - c0, here + i + stencil.offset[which], min(c1, stencil.hi) - i)
    for i in range(c0, min(c1, stencil.lo)):
        mark_edge(worker, stencil, here, i, whole + i - c0)
    for i in range(max(c0, stencil.hi), c1):
        mark_edge(worker, stencil, here, i, whole + i - c0)


cdef inline void mark_edge(Worker *worker, const Stencil *stencil, const unsigned char *here, Py_ssize_t i,
                           unsigned char *whole) noexcept nogil:
    cdef int which
    find_terms(worker, stencil, i)
    for which in range(2 * worker.sources.terms):
        if worker.index[which] > CONSTANT:
            whole[0] &= here[worker.index[which]]


cdef inline void narrow(unsigned char *whole, const unsigned char *marks, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t c
    for c in range(n):
        whole[c] &= marks[c]


cdef inline void pass_over_absent(unsigned char *whole, const unsigned char *marks, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t c
    for c in range(n):
        whole[c] |= marks[c] ^ 1


cdef void mend(Worker *worker, const Stencil *stencil, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1, char *dst,
               Py_ssize_t stride) noexcept nogil:
    """Results of a block that took in absent samples."""
    cdef Job *job = worker.job
    cdef Py_ssize_t c0 = per_lane(job, worker.tile.c0), n = per_lane(job, worker.tile.c1 - worker.tile.c0), r
    cdef int axis = <int>stencil.axis
    cdef bint in_row = axis == job.dims - 1
    cdef const Gaps *gaps = &stencil.gaps
    cdef Py_ssize_t first, last, inset, count, i
    cdef unsigned char *whole
    cdef Line line
    if axis < 0:                        # the samples themselves
        for r in range(r0, r1):
            job.kernels.blank(dst + (r - r0) * stride * job.item, present(job, plane, r) + c0, n, job.lanes)
        return
    for r in range(r0, r1):
        line, whole = line_of(worker, axis, plane, r, c0), worker.whole + (r - r0) * n
        mark_whole(worker, stencil, plane, r, whole)
        if memchr(line.marks, 0, n) != NULL:
            job.kernels.blank(dst + (r - r0) * stride * job.item, line.marks, n, job.lanes)
            pass_over_absent(whole, line.marks, n)
    if job.direct and job.lanes == 1 and not gaps.uneven and stride == n == job.columns and gaps.most <= MOST_COUNTED:
        # Whole rows, end to end, whose stencils take samples equally far away.
        first, last = r0, r1
        if axis == job.dims - 2:
            first, last = max(r0, gaps.most), min(r1, job.rows - gaps.most)
        if first < last and worker.field.stride[job.dims - 2] == n * job.item:
            inset = gaps.most if in_row else 0
            count = (last - first) * n - 2 * inset
            line, whole = line_of(worker, axis, plane, first, inset), worker.whole + (first - r0) * n + inset
            if count > 0 and memchr(whole, 0, count) != NULL:
                i = inset if in_row else along(job, axis, plane, first)
                mend_block(worker, gaps, &line, whole, in_row, i, count, dst + ((first - r0) * n + inset) * job.item)
    for r in range(r0, r1):
        line, whole = line_of(worker, axis, plane, r, c0), worker.whole + (r - r0) * n
        mend_line(worker, gaps, &line, whole, in_row, c0 if in_row else along(job, axis, plane, r), n,
                  dst + (r - r0) * stride * job.item)


# ---- by one neighbour on either side ---------------------------------------------------------------------

cdef inline bint is_by_neighbours(const Job *job, const Stencil *stencil) noexcept nogil:
    """Whether derivatives are by one neighbour on either side, or by one of them and the sample itself, of fields that
    are used as they are: then all are made in one go, next to absent samples or not."""
    return job.mask != NULL and job.direct and job.lanes == 1 and stencil.gaps.pair_weight != NULL


cdef void look_aside(Worker *worker, const Stencil *stencil, const Patch *patch, Py_ssize_t i, Py_ssize_t other,
                     fg_side *side) noexcept nogil:
    """Samples and marks as far from those of a patch as `other` is from `i`, along the axis of a stencil."""
    cdef Job *job = worker.job
    cdef Source rows
    cdef Patch there
    if other <= CONSTANT:
        side.samples, side.stride, side.marks_stride = constant_row(worker, other), 0, 0
        side.marks = <const unsigned char *>constant_row(worker, ZERO)
        if other == CONSTANT:
            memset(worker.kinds, 1, patch.c1 - patch.c0)
            side.marks = worker.kinds
        return
    there = moved(job, stencil, patch, other - i)
    rows = source(worker, there.plane)
    side.samples, side.stride = rows.data + (there.r0 * rows.row + there.c0) * job.item, rows.row
    side.marks, side.marks_stride = present(job, there.plane, there.r0) + there.c0, job.columns


cdef void beside(Worker *worker, const Stencil *stencil, const Patch *patch, Py_ssize_t i, char *dst,
                 Py_ssize_t stride) noexcept nogil:
    """Derivatives of a patch, whose samples have index i along the axis, or begin there."""
    cdef Job *job = worker.job
    cdef const Gaps *gaps = &stencil.gaps
    cdef Py_ssize_t rows = patch.r1 - patch.r0, n = patch.c1 - patch.c0, size = job.shape[stencil.axis]
    cdef Py_ssize_t width = worker.tile.c1 - worker.tile.c0
    cdef fg_beside sides
    look_aside(worker, stencil, patch, i, stand_in(gaps, i - 1, size), &sides.before)
    look_aside(worker, stencil, patch, i, i, &sides.here)
    look_aside(worker, stencil, patch, i, stand_in(gaps, i + 1, size), &sides.after)
    sides.w, sides.divisor, sides.division = gaps.pair_weight, gaps.pair_divisor, gaps.pair_division
    sides.streamed, sides.ahead = worker.sources.streamed, worker.sources.ahead
    if n > 1 and job.columns == width == stride == sides.here.stride == sides.before.stride == sides.after.stride:
        n, rows = n + (rows - 1) * width, 1     # rows end to end; what this writes to their ends is made afterwards
    job.kernels.beside(dst, stride, &sides, rows, n)


cdef void by_neighbours(Worker *worker, const Stencil *stencil, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1,
                        char *dst, Py_ssize_t stride) noexcept nogil:
    """A component of a block, next to absent samples or not: inside first, then at either end of the axis."""
    cdef Job *job = worker.job
    cdef Patch patch = Patch(plane, r0, r1, worker.tile.c0, worker.tile.c1)
    cdef Py_ssize_t n = job.shape[stencil.axis], first = index_of(job, stencil, &patch), last = first + 1, step = 0
    cdef Py_ssize_t begin, end
    cdef int part
    if stencil.axis == job.dims - 1:
        last, step = patch.c1, job.item
    elif stencil.axis == job.dims - 2:
        last, step = r1, stride * job.item
    for part in range(3):
        begin, end = max(first, 1), min(last, n - 1)
        if part == 1:
            begin, end = first, min(last, 1)
        elif part == 2:
            begin, end = max(first, 1, n - 1), last
        if begin >= end:
            continue
        if stencil.axis == job.dims - 1:
            patch.c0, patch.c1 = begin, end
        elif stencil.axis == job.dims - 2:
            patch.r0, patch.r1 = begin, end
        beside(worker, stencil, &patch, begin, dst + (begin - first) * step, stride)
