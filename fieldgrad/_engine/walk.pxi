# The walk over a field, without the GIL: units, tiles, blocks, components, results. Included by core.pyx.

# Indices that name no sample, in the tables of edges: a row of zeros, and the constant beyond the edge.
cdef enum:
    ZERO = -2
    CONSTANT = -1

cdef enum:
    MAX_DIMS = 66
    # A block lies in L1 beside the rows it is made of, its components too where they are reduced; a tile's
    # neighbouring planes lie in L2.
    BLOCK_BYTES = 16 << 10
    REDUCED_BYTES = 24 << 10
    # A sum's block need not: it is written once, and what setting out for some rows takes is shared by more of them.
    SUMMED_BYTES = 48 << 10
    TILE_BYTES = 64 << 10
    SEGMENT_PLANES = 64
    TILES_OF_A_PLANE = 16
    # Results that outgrow the caches go past them; work that is shorter than waking a thread takes is not shared.
    STREAM_BYTES = 8 << 20
    SHARE_BYTES = 4 << 20
    SHARE_REDUCED_BYTES = 3 << 19
    MOST_FACTORS = 4                # of a term, across rows
    MOST_ORDER = 4
    MOST_PARTS = 132
    MOST_TERMS = 24                 # of one mixture; no more than a worker has room for weights

cdef enum Reduction:
    STACK, NORM, UNIT

cdef enum OutMode:
    IN_PLACE, STREAMED, STRIDED


# ---- what a call is made of ------------------------------------------------------------------------------

# For samples next to absent ones.
cdef struct Gaps:
    int order                       # of the derivative
    int most                        # neighbours that are looked at on either side
    int terms
    bint uneven
    const Py_ssize_t *ghost         # 2 x most: samples that stand for those beyond either end
    const int *choice               # (most + 1)^2: a row by the neighbours before and after
    const Py_ssize_t *window        # rows x 2: its first sample and its last one, from the sample itself
    const Py_ssize_t *index         # rows x terms x 2, counted from the first sample
    const char *weight              # rows x terms
    const int *count                # rows
    const char *divisor             # rows x 3
    const int *division             # rows
    const long double *position     # n + 2 most
    # Where one neighbour on either side is enough, and coordinates are even: by both of them.
    const char *pair_weight         # NULL elsewhere
    const char *pair_divisor        # 2 x 3, the first one for one neighbour alone
    int pair_division               # by that one

cdef struct Stencil:
    int source                      # the field
    Py_ssize_t axis                 # negative: no derivative, the samples themselves
    Py_ssize_t lo, hi               # samples lo..hi-1 share the interior's offsets; the others have rows of their own
    Py_ssize_t reach
    int terms, edge_terms, division
    bint uneven                     # weights vary along the axis, and the centre counts
    const Py_ssize_t *offset        # terms x 2
    const char *weight              # terms, or terms x (hi - lo)
    const char *ahead               # terms x (hi - lo)
    const char *behind              # terms x (hi - lo)
    const char *divisor             # 3
    const Py_ssize_t *edge_index    # edges x edge_terms x 2
    const char *edge_weight         # edges x edge_terms
    const int *edge_count           # edges
    const char *edge_divisor        # edges x 3
    const int *edge_division        # edges
    # The same as plain differences, weights over the divisor; uneven ones are two each, both from the sample itself.
    int pairs
    const char *exact               # pairs, or (hi - lo) x pairs
    const char *exact_row           # pairs x (hi - lo), once per lane, where they vary along rows
    const char *edge_exact          # edges x edge_terms
    # And as weights of single samples: those of the pairs and of the sample itself, or a and b in turn.
    const char *line                # 2 x pairs, or (hi - lo) x (pairs + 1)
    const char *edge_line           # edges x edge_terms x 2
    int through                     # what it derives is a derivative, by this stencil; -1 if it is the field
    Gaps gaps

# A part of a mixture: a component times a number, functions of one coordinate each, and an array.
cdef struct Term:
    int component, factors
    int array                       # -1 if there is none
    long double number
    int axis[MOST_FACTORS]
    const long double *factor[MOST_FACTORS]
    const char *row                 # the factor along rows, once per lane; NULL if there is none
    const char *across              # the one across rows; NULL if there is none
    int like                        # an earlier term of the same samples, and of weights that can be added; or -1

# What becomes of components before they are reduced: sums of some of them, weighted.
cdef struct Mixture:
    int terms
    bint varies                     # from row to row, or along rows
    bint alone                      # it is one term, whose component no other one takes: it is made in its place
    bint as_is                      # it is that component
    Term *term
    # As the sum of all terms of its stencils:
    int pairs
    bint rows_differ                # in weights
    int same                        # an earlier mixture that it equals, or -1
    Py_ssize_t inner_rows[2]        # where all stencils are those of the interior
    Py_ssize_t inner_columns[2]

cdef struct Layout:
    char *data
    Py_ssize_t component
    Py_ssize_t stride[MAX_DIMS]     # bytes, of the padded axes

# Sample (r, c) of a plane is at data + (r * row + c) * item. Columns count lanes.
cdef struct Source:
    const char *data
    Py_ssize_t row

cdef struct Tile:
    Py_ssize_t r0, r1, c0, c1       # the results of this tile
    Py_ssize_t ra, rb, ca, cb       # the samples it keeps of each plane, where samples are converted

cdef struct Job:
    const fg_kernels *kernels
    fg_load_fn load
    int swap, lanes, half
    Reduction reduction
    int fields
    int components, mixtures, parts, slots          # parts: what is reduced, mixtures or else components
    int side_by_side                                # blocks of those in scratch
    bint joined                                     # each mixture is made as one sum over all its stencils
    bint repeats                                    # one mixture equals another
    bint has_constant, direct
    OutMode mode
    Py_ssize_t item, out_item
    int dims                                        # padded: outer axes, rows, columns
    Py_ssize_t shape[MAX_DIMS]
    Py_ssize_t plane_step[MAX_DIMS]
    Py_ssize_t planes, rows, columns                # columns count lanes
    Py_ssize_t wanted_from[MAX_DIMS]                # results that are wanted; the last axis counts lanes, too
    Py_ssize_t wanted_to[MAX_DIMS]
    Py_ssize_t block_columns, block_rows, tile_rows, segment
    Py_ssize_t column_tiles, row_tiles, units
    Py_ssize_t reach_planes, reach_rows, reach_columns, far
    long double cval
    const char *one
    Stencil *stencil
    Mixture *mixture
    const Layout *field             # of each source
    const Layout *array             # of each array that terms name
    Layout out
    const unsigned char *mask       # of the samples in the order of memory, zero where one is absent; NULL without gaps

cdef struct Worker:
    Job *job
    char *memory
    char *scratch                   # a block for each component that is reduced and for their norms, or one
    char *constants                 # two rows: zeros, and the constant
    char *far                       # samples beyond the tile, where samples are converted
    char *far_at                    # what is left of that
    char *weights                   # of a sum, for each of some rows
    char *slot                      # converted planes of the tile
    Py_ssize_t slot_size
    int64_t *tag
    int64_t *stamp
    int64_t clock
    const Layout *field             # the one at hand
    Tile tile
    Py_ssize_t first_plane, last_plane
    Py_ssize_t index[2 * FG_MOST_TERMS]     # the samples of the terms at hand, a and b in turn
    fg_sources sources
    long double weight[FG_MOST_TERMS]       # of any type, aligned for all
    long double ahead[FG_MOST_TERMS]
    long double behind[FG_MOST_TERMS]
    unsigned char *whole                    # of a block: results that took in no absent sample
    unsigned char *kinds                    # by the neighbours that the others have
    unsigned char *unbroken                 # those with neighbours side by side so far
    char *mended                            # a block, by one stencil
    long double near[4 * FG_MOST_TERMS]     # samples around one, two lanes each
    long double divisor[3]


cdef void lay(Layout *layout, cnp.ndarray array, tuple order, int dims, int first):
    """Where samples are: `order` has the axes as memory has them, `first` is 1 where components come first."""
    cdef int k, pad = dims - len(order)
    layout.data = <char *>cnp.PyArray_DATA(array)
    layout.component = cnp.PyArray_STRIDE(array, 0) if first else 0
    for k in range(dims):
        layout.stride[k] = 0 if k < pad else cnp.PyArray_STRIDE(array, first + <int>order[k - pad])


cdef bint is_plain(const Layout *layout, int dims, const Py_ssize_t *shape, Py_ssize_t item, Py_ssize_t step):
    """Whether rows are contiguous, samples `step` bytes apart, and numbers of `item` bytes aligned."""
    cdef Py_ssize_t bits = <Py_ssize_t>layout.data | layout.component
    cdef int k
    for k in range(dims - 1):
        bits |= layout.stride[k]
    if shape[dims - 1] > 1 and layout.stride[dims - 1] != step:
        return False
    return bits % item == 0


cdef inline Py_ssize_t plane_offset(const Job *job, const Layout *layout, Py_ssize_t plane) noexcept nogil:
    cdef Py_ssize_t offset = 0
    cdef int axis
    if job.dims == 3:   # divisions would take as long as the differences of a short row
        return plane * layout.stride[0]
    for axis in range(job.dims - 2):
        offset += plane // job.plane_step[axis] * layout.stride[axis]
        plane = plane % job.plane_step[axis]
    return offset


cdef inline Py_ssize_t per_lane(const Job *job, Py_ssize_t columns) noexcept nogil:
    """Columns of samples, which have one lane or two."""
    return columns >> (job.lanes - 1)


cdef inline const char *placed(const Job *job, const Layout *layout, Py_ssize_t plane, Py_ssize_t row,
                               Py_ssize_t column) noexcept nogil:
    """Where a sample is; columns count lanes."""
    return (layout.data + plane_offset(job, layout, plane) + row * layout.stride[job.dims - 2]
            + per_lane(job, column) * layout.stride[job.dims - 1])


cdef inline const char *stored(const Worker *worker, Py_ssize_t plane, Py_ssize_t row,
                               Py_ssize_t column) noexcept nogil:
    """The field's own sample."""
    return placed(worker.job, worker.field, plane, row, column)


cdef Source source(Worker *worker, Py_ssize_t plane) noexcept nogil:
    """The samples of a plane that the tile needs, converted if the field's own can't be used as they are."""
    cdef Job *job = worker.job
    cdef Tile *tile = &worker.tile
    cdef Source result
    cdef Py_ssize_t r, width = tile.cb - tile.ca
    cdef int64_t tag = plane + (worker.field - job.field) * job.planes
    cdef int k, slot = 0
    cdef char *data
    if job.direct:
        result.data = worker.field.data + plane_offset(job, worker.field, plane)
        result.row = worker.field.stride[job.dims - 2] // job.item
        return result
    worker.clock += 1
    for k in range(job.slots):
        if worker.tag[k] == tag:
            slot = k
            break
        if worker.stamp[k] < worker.stamp[slot]:
            slot = k
    data = worker.slot + slot * worker.slot_size
    if worker.tag[slot] != tag:
        worker.tag[slot] = tag
        for r in range(tile.ra, tile.rb):
            job.load(data + (r - tile.ra) * width * job.item, stored(worker, plane, r, tile.ca),
                     worker.field.stride[job.dims - 1], per_lane(job, width), job.lanes, job.swap)
    worker.stamp[slot] = worker.clock
    result.row = width
    result.data = <const char *><uintptr_t>(<uintptr_t>data - (tile.ra * width + tile.ca) * job.item)
    return result


cdef void find_terms(Worker *worker, const Stencil *stencil, Py_ssize_t i) noexcept nogil:
    """The row of the stencil's table for sample i: samples and weights."""
    cdef fg_sources *sources = &worker.sources
    cdef Py_ssize_t item = worker.job.item, edge, t, at
    sources.varying = sources.centred = False
    sources.w_step, sources.w_stride = 1, 0
    if stencil.lo <= i < stencil.hi:
        sources.terms = stencil.terms
        sources.divisor, sources.division = stencil.divisor, stencil.division
        sources.w = stencil.weight
        for t in range(2 * stencil.terms):
            worker.index[t] = i + stencil.offset[t]
        if stencil.uneven:
            sources.centred = True
            sources.w, sources.ahead_w, sources.behind_w = worker.weight, worker.ahead, worker.behind
            for t in range(stencil.terms):
                at = (t * (stencil.hi - stencil.lo) + i - stencil.lo) * item
                memcpy(<char *>worker.weight + t * item, stencil.weight + at, item)
                memcpy(<char *>worker.ahead + t * item, stencil.ahead + at, item)
                memcpy(<char *>worker.behind + t * item, stencil.behind + at, item)
        return
    edge = i if i < stencil.lo else stencil.lo + i - stencil.hi
    sources.terms = stencil.edge_count[edge]
    sources.divisor, sources.division = stencil.edge_divisor + 3 * edge * item, stencil.edge_division[edge]
    sources.w = stencil.edge_weight + edge * stencil.edge_terms * item
    memcpy(worker.index, stencil.edge_index + edge * stencil.edge_terms * 2, 2 * sources.terms * sizeof(Py_ssize_t))


cdef inline Py_ssize_t constants_of(const Job *job) noexcept nogil:
    """How many there are: a row; next to gaps rows of a block may be taken end to end."""
    return job.block_columns * (1 if job.mask == NULL else job.block_rows)


cdef inline const void *constant_row(const Worker *worker, Py_ssize_t which) noexcept nogil:
    return worker.constants + (0 if which == ZERO else constants_of(worker.job) * worker.job.item)


cdef inline void set_source(fg_sources *sources, Py_ssize_t which, const void *data, Py_ssize_t stride) noexcept nogil:
    """Source `which` of a and b in turn."""
    if which % 2 == 0:
        sources.a[which // 2], sources.a_stride[which // 2] = data, stride
    else:
        sources.b[which // 2], sources.b_stride[which // 2] = data, stride


# ---- one component of one block: derivatives along an outer axis, across rows, within rows --------------

cdef void along_planes(Worker *worker, const Stencil *stencil, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1,
                       char *dst, Py_ssize_t stride) noexcept nogil:
    cdef Job *job = worker.job
    cdef fg_sources *sources = &worker.sources
    cdef Py_ssize_t step = job.plane_step[stencil.axis], which
    cdef Py_ssize_t i = along(job, <int>stencil.axis, plane, r0)
    cdef Source rows
    find_terms(worker, stencil, i)
    for which in range(2 * sources.terms):
        if worker.index[which] <= CONSTANT:
            set_source(sources, which, constant_row(worker, worker.index[which]), 0)
        else:
            rows = source(worker, plane + (worker.index[which] - i) * step)
            set_source(sources, which, rows.data + (r0 * rows.row + worker.tile.c0) * job.item, rows.row)
    if sources.centred:
        rows = source(worker, plane)
        sources.centre, sources.centre_stride = rows.data + (r0 * rows.row + worker.tile.c0) * job.item, rows.row
    job.kernels.combine(dst, stride, sources, r1 - r0, worker.tile.c1 - worker.tile.c0)


cdef void across_rows(Worker *worker, const Stencil *stencil, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1,
                      char *dst, Py_ssize_t stride) noexcept nogil:
    cdef Job *job = worker.job
    cdef Tile *tile = &worker.tile
    cdef fg_sources *sources = &worker.sources
    cdef Py_ssize_t r = r0, row, which, rows, width = tile.c1 - tile.c0
    cdef Source here = source(worker, plane)
    cdef char *far
    while r < r1:
        # Rows that share their weights go together.
        rows = 1
        if not stencil.uneven and stencil.lo <= r < stencil.hi:
            rows = min(r1, stencil.hi) - r
        find_terms(worker, stencil, r)
        far = worker.far
        for which in range(2 * sources.terms):
            row = worker.index[which]
            if row <= CONSTANT:
                set_source(sources, which, constant_row(worker, row), 0)
            elif job.direct or tile.ra <= row < tile.rb:
                set_source(sources, which, here.data + (row * here.row + tile.c0) * job.item, here.row)
            else:
                job.load(far, stored(worker, plane, row, tile.c0), worker.field.stride[job.dims - 1],
                         per_lane(job, width), job.lanes, job.swap)
                set_source(sources, which, far, width)
                far += width * job.item
        sources.centre, sources.centre_stride = here.data + (r * here.row + tile.c0) * job.item, here.row
        job.kernels.combine(dst + (r - r0) * stride * job.item, stride, sources, rows, width)
        r += rows


cdef void within_rows(Worker *worker, const Stencil *stencil, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1,
                      char *dst, Py_ssize_t stride) noexcept nogil:
    cdef Job *job = worker.job
    cdef Tile *tile = &worker.tile
    cdef fg_sources *sources = &worker.sources
    cdef Source here = source(worker, plane)
    cdef Py_ssize_t lanes = job.lanes, width = tile.c1 - tile.c0, rows = r1 - r0, i, column, which, t, at
    cdef Py_ssize_t c0 = max(tile.c0, stencil.lo * lanes), c1 = min(tile.c1, stencil.hi * lanes), n = c1 - c0
    cdef const char *origin = here.data + r0 * here.row * job.item
    cdef char *far
    if n > 0:
        find_terms(worker, stencil, stencil.lo)
        for which in range(2 * stencil.terms):
            set_source(sources, which, origin + (c0 + stencil.offset[which] * lanes) * job.item, here.row)
        if stencil.uneven:
            sources.varying = True
            sources.centre, sources.centre_stride = origin + c0 * job.item, here.row
            for t in range(stencil.terms):
                at = ((t * (stencil.hi - stencil.lo) - stencil.lo) * lanes + c0) * job.item
                sources.w_row[t] = stencil.weight + at
                sources.ahead_row[t], sources.behind_row[t] = stencil.ahead + at, stencil.behind + at
        if not stencil.uneven and width == job.columns and here.row == width and stride == width:
            # Whole rows, end to end, are one long row; what this writes to their ends is mended below.
            job.kernels.combine(dst + c0 * job.item, stride, sources, 1, (rows - 1) * width + n)
        else:
            job.kernels.combine(dst + (c0 - tile.c0) * job.item, stride, sources, rows, n)
    i = per_lane(job, tile.c0)
    while i < per_lane(job, tile.c1):
        if stencil.lo <= i < stencil.hi:
            i = stencil.hi
            continue
        find_terms(worker, stencil, i)
        far = worker.far
        for which in range(2 * sources.terms):
            column = worker.index[which] * lanes
            if column <= CONSTANT:
                set_source(sources, which, constant_row(worker, worker.index[which]), 0)
            elif job.direct or tile.ca <= column < tile.cb:
                set_source(sources, which, origin + column * job.item, here.row)
            else:
                job.load(far, stored(worker, plane, r0, column), worker.field.stride[job.dims - 2], rows, job.lanes,
                         job.swap)
                set_source(sources, which, far, lanes)
                far += rows * lanes * job.item
        job.kernels.combine(dst + (i * lanes - tile.c0) * job.item, stride, sources, rows, lanes)
        i += 1


cdef void samples_themselves(Worker *worker, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1, char *dst,
                             Py_ssize_t stride) noexcept nogil:
    cdef Job *job = worker.job
    cdef Source here = source(worker, plane)
    cdef Py_ssize_t r
    for r in range(r0, r1):
        memcpy(dst + (r - r0) * stride * job.item, here.data + (r * here.row + worker.tile.c0) * job.item,
               (worker.tile.c1 - worker.tile.c0) * job.item)


cdef void *where_they_are(Worker *worker, int k, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1) noexcept nogil:
    """A component that is the samples themselves, dense and only to be read; NULL if there is none."""
    cdef Job *job = worker.job
    cdef const Stencil *stencil = &job.stencil[k]
    cdef Source here
    if stencil.axis >= 0 or not job.direct or job.reduction != NORM or job.mask != NULL:
        return NULL
    worker.field = job.field + stencil.source
    here = source(worker, plane)
    if r1 - r0 > 1 and here.row != worker.tile.c1 - worker.tile.c0:
        return NULL
    return <void *>(here.data + (r0 * here.row + worker.tile.c0) * job.item)


cdef void component(Worker *worker, int k, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1,
                    char *dst, Py_ssize_t stride) noexcept nogil:
    cdef const Stencil *stencil = &worker.job.stencil[k]
    worker.field = worker.job.field + stencil.source
    if stencil.axis < 0:
        samples_themselves(worker, plane, r0, r1, dst, stride)
    elif is_by_neighbours(worker.job, stencil):
        by_neighbours(worker, stencil, plane, r0, r1, dst, stride)
        return
    elif stencil.axis == worker.job.dims - 1:
        within_rows(worker, stencil, plane, r0, r1, dst, stride)
    elif stencil.axis == worker.job.dims - 2:
        across_rows(worker, stencil, plane, r0, r1, dst, stride)
    else:
        along_planes(worker, stencil, plane, r0, r1, dst, stride)
    if worker.job.mask != NULL:
        mend(worker, stencil, plane, r0, r1, dst, stride)


# ---- results --------------------------------------------------------------------------------------------

cdef inline char *destination(Worker *worker, int k, Py_ssize_t plane, Py_ssize_t row) noexcept nogil:
    cdef Job *job = worker.job
    return (job.out.data + k * job.out.component + plane_offset(job, &job.out, plane)
            + row * job.out.stride[job.dims - 2] + per_lane(job, worker.tile.c0) * job.out.stride[job.dims - 1])


cdef void emit(Worker *worker, int k, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1, const char *block,
               int lanes) noexcept nogil:
    """Write a dense block of results to where they belong."""
    cdef Job *job = worker.job
    cdef Py_ssize_t samples = per_lane(job, worker.tile.c1 - worker.tile.c0)
    cdef Py_ssize_t width = samples * lanes * job.item, stride = job.out.stride[job.dims - 2]
    cdef Py_ssize_t rows = r1 - r0, r
    cdef char *dst = destination(worker, k, plane, r0)
    cdef const char *ahead = look_ahead(worker, k, plane, r1) if job.reduction == STACK else NULL
    if job.mode != STRIDED and stride == width:
        width, rows = width * rows, 1
    for r in range(rows):
        if job.mode == STREAMED:
            job.kernels.stream(dst + r * stride, block + r * width, width, ahead)
        elif job.mode != STRIDED:
            memcpy(dst + r * stride, block + r * width, width)
        elif job.half:
            job.kernels.store_half(dst + r * stride, job.out.stride[job.dims - 1], block + r * width, samples, lanes)
        else:
            job.kernels.store(dst + r * stride, job.out.stride[job.dims - 1], block + r * width, samples, lanes)


cdef inline const char *look_ahead(Worker *worker, int k, Py_ssize_t plane, Py_ssize_t r1) noexcept nogil:
    """Where the samples of field k begin that the next block will be the first to read."""
    cdef Job *job = worker.job
    cdef Source rows
    if not job.direct or job.mode != STREAMED or k >= job.fields:
        return NULL
    worker.field = job.field + k
    rows = source(worker, min(job.planes - 1, plane + job.reach_planes))
    return rows.data + (min(job.rows, r1 + job.reach_rows) * rows.row + worker.tile.c0) * job.item


cdef inline void weigh_plane(Worker *worker, const Term *term, Py_ssize_t plane, char *number) noexcept nogil:
    """What a term counts in a plane, but for what varies there."""
    cdef Job *job = worker.job
    cdef long double product = term.number
    cdef int k
    for k in range(term.factors):
        product *= term.factor[k][along(job, term.axis[k], plane, 0)]
    job.kernels.load[FG_F32 + 2](number, <const char *>&product, sizeof(long double), 1, 1, 0)


cdef void mix(Worker *worker, const Mixture *mixture, void **parts, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1,
              char *dst) noexcept nogil:
    """One mixture of the components of a block."""
    cdef Job *job = worker.job
    cdef Py_ssize_t width = worker.tile.c1 - worker.tile.c0, shift, r = r0
    cdef Py_ssize_t rows = 1 if mixture.varies else r1 - r0     # at once
    cdef const void *a[MOST_TERMS]
    cdef const void *b[MOST_TERMS]
    cdef long double number
    cdef const char *across
    cdef const Term *term
    cdef int t
    while r < r1:
        shift = (r - r0) * width * job.item
        for t in range(mixture.terms):
            term = &mixture.term[t]
            a[t] = <const char *>parts[term.component] + shift
            b[t] = NULL
            if term.row != NULL:
                b[t] = term.row + worker.tile.c0 * job.item
            elif term.array >= 0:
                b[t] = placed(job, &job.array[term.array], plane, r, 0) + worker.tile.c0 * job.item
            weigh_plane(worker, term, plane, <char *>&number)
            across = term.across
            if across != NULL:
                across += r * job.item
            job.kernels.weigh(<char *>worker.weight + t * job.item, 1, 1, &number, across, job.one, 0, job.one, 0, 0)
        job.kernels.products(dst + shift, a, b, worker.weight, mixture.terms, rows * width)
        r += rows


cdef int derive(Worker *worker, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1, char *scratch,
                void **reduced) noexcept nogil:
    """What is to be reduced, as dense blocks of the tile's columns in scratch; how many of them there are."""
    cdef Job *job = worker.job
    cdef Py_ssize_t width = worker.tile.c1 - worker.tile.c0
    cdef Py_ssize_t block = job.block_rows * width * job.item
    cdef void *parts[MOST_PARTS]
    cdef int k, blocks = job.components
    for k in range(job.components):
        parts[k] = where_they_are(worker, k, plane, r0, r1)
        if parts[k] == NULL:
            parts[k] = scratch + k * block
            component(worker, k, plane, r0, r1, <char *>parts[k], width)
        if job.mixtures == 0:
            reduced[k] = parts[k]
    for k in range(job.mixtures):
        if job.mixture[k].alone:
            reduced[k] = parts[job.mixture[k].term[0].component]
        else:
            reduced[k] = scratch + blocks * block
            blocks += 1
        if not job.mixture[k].as_is:
            mix(worker, &job.mixture[k], parts, plane, r0, r1, <char *>reduced[k])
    return blocks


cdef void run_block(Worker *worker, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1) noexcept nogil:
    cdef Job *job = worker.job
    cdef Py_ssize_t width = worker.tile.c1 - worker.tile.c0
    cdef int k
    if job.reduction == STACK and job.mixtures == 0:
        for k in range(job.components):
            worker.sources.streamed = (job.mode == STREAMED and job.stencil[k].axis != job.dims - 1
                                       and (job.mask == NULL or is_by_neighbours(job, &job.stencil[k])))
            worker.sources.ahead = look_ahead(worker, k, plane, r1) if worker.sources.streamed else NULL
            if job.mode == IN_PLACE or worker.sources.streamed:
                component(worker, k, plane, r0, r1, destination(worker, k, plane, r0),
                          job.out.stride[job.dims - 2] // job.item)
            else:
                component(worker, k, plane, r0, r1, worker.scratch, width)
                emit(worker, k, plane, r0, r1, worker.scratch, job.lanes)
        return
    worker.sources.streamed = False
    worker.sources.ahead = NULL
    if job.joined and job.reduction == STACK:
        for k in range(job.mixtures):
            if job.mixture[k].same < 0:
                sweep_to_results(worker, k, plane, r0, r1)
    else:
        reduce_rows(worker, plane, r0, r1)


cdef void reduce_rows(Worker *worker, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1) noexcept nogil:
    """A block, by way of scratch."""
    cdef Job *job = worker.job
    cdef Py_ssize_t width = worker.tile.c1 - worker.tile.c0, samples = per_lane(job, (r1 - r0) * width)
    cdef void *reduced[MOST_PARTS]
    cdef char *norms
    cdef int k, blocks = job.mixtures
    if job.joined:
        for k in range(job.mixtures):
            reduced[k] = worker.scratch + k * job.block_rows * width * job.item
            sweep_rows(worker, &job.mixture[k], plane, r0, r1, <char *>reduced[k], width)
    else:
        blocks = derive(worker, plane, r0, r1, worker.scratch, reduced)
    norms = worker.scratch + blocks * job.block_rows * width * job.item
    if job.reduction == NORM:
        job.kernels.norm(norms, reduced, job.parts, job.lanes, samples, look_ahead(worker, 0, plane, r1))
        emit(worker, 0, plane, r0, r1, norms, 1)
        return
    if job.reduction == UNIT:
        job.kernels.unit(reduced, job.parts, job.lanes, samples, look_ahead(worker, 0, plane, r1))
    for k in range(job.parts):
        emit(worker, k, plane, r0, r1, <char *>reduced[k], job.lanes)


# ---- mixtures as one sum ---------------------------------------------------------------------------------

# Where a sum is made: rows and columns all of whose stencils are those of the interior, or one of them.
cdef struct Patch:
    Py_ssize_t plane, r0, r1, c0, c1


cdef void sweep_to_results(Worker *worker, int k, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1) noexcept nogil:
    """A mixture, for a block, and those that equal it; to where it belongs at once if that does no harm."""
    cdef Job *job = worker.job
    cdef const Mixture *mixture = &job.mixture[k]
    cdef Tile *tile = &worker.tile
    cdef bint whole = mixture.inner_columns[0] <= tile.c0 and tile.c1 <= mixture.inner_columns[1]
    cdef int other
    worker.sources.streamed = job.mode == STREAMED and whole and mixture.pairs <= 4
    if not job.repeats and (worker.sources.streamed or job.mode == IN_PLACE):
        worker.sources.ahead = look_ahead(worker, k, plane, r1)
        sweep_rows(worker, mixture, plane, r0, r1, destination(worker, k, plane, r0),
                   job.out.stride[job.dims - 2] // job.item)
        return
    worker.sources.streamed = False
    sweep_rows(worker, mixture, plane, r0, r1, worker.scratch, tile.c1 - tile.c0)
    for other in range(k, job.mixtures):
        if other == k or job.mixture[other].same == k:
            emit(worker, other, plane, r0, r1, worker.scratch, job.lanes)


cdef void sweep_rows(Worker *worker, const Mixture *mixture, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1,
                     char *dst, Py_ssize_t stride) noexcept nogil:
    """A mixture, for some rows of a tile."""
    cdef Job *job = worker.job
    cdef Tile *tile = &worker.tile
    cdef Py_ssize_t first = max(tile.c0, mixture.inner_columns[0]), last = min(tile.c1, mixture.inner_columns[1])
    cdef Py_ssize_t r = r0, end, c
    cdef char *row
    if mixture.as_is and job.stencil[mixture.term[0].component].through < 0:
        component(worker, mixture.term[0].component, plane, r0, r1, dst, stride)
        return
    while r < r1:
        end = r + 1
        if mixture.inner_rows[0] <= r < mixture.inner_rows[1]:
            end = min(r1, mixture.inner_rows[1])
            if mixture.rows_differ:
                end = min(end, r + FG_SWEPT_ROWS)
        row = dst + (r - r0) * stride * job.item
        if first < last:
            sweep(worker, mixture, Patch(plane, r, end, first, last), row + (first - tile.c0) * job.item, stride)
        c = tile.c0
        while c < tile.c1:
            if first <= c < last:
                c = last
                continue
            sweep(worker, mixture, Patch(plane, r, end, c, c + job.lanes), row + (c - tile.c0) * job.item, stride)
            c += job.lanes
        r = end


cdef void sweep(Worker *worker, const Mixture *mixture, Patch patch, char *dst, Py_ssize_t stride) noexcept nogil:
    """A mixture as the sum of the terms of all its stencils."""
    cdef Job *job = worker.job
    cdef fg_sources *sources = &worker.sources
    cdef Py_ssize_t rows = patch.r1 - patch.r0, n = patch.c1 - patch.c0, width = job.columns, k
    cdef int differing = <int>rows if mixture.rows_differ else 1, t
    cdef bint long_row = stride == width == worker.tile.c1 - worker.tile.c0 and differing == 1 < rows and n > job.lanes
    cdef int start[MOST_TERMS]
    sources.terms = 0
    worker.far_at = worker.far
    for t in range(mixture.terms):
        add_term(worker, &mixture.term[t], &patch, differing, start, t)
    if sources.terms == 0:  # between constants
        add_nothing(worker)
    sources.w, sources.w_step, sources.w_stride = worker.weights, FG_SWEPT_ROWS, 1 if differing > 1 else 0
    for k in range(sources.terms):
        long_row &= sources.a_stride[k] == width and sources.b_stride[k] == width and sources.array[k] == NULL
    if long_row:    # whole rows, end to end; what this writes to their ends is made afterwards
        n, rows = n + (rows - 1) * width, 1
    job.kernels.sum(dst, stride, sources, rows, n)


cdef void add_nothing(Worker *worker) noexcept nogil:
    """Add a difference that is zero."""
    cdef Job *job = worker.job
    cdef fg_sources *sources = &worker.sources
    set_source(sources, 0, constant_row(worker, ZERO), 0)
    set_source(sources, 1, constant_row(worker, ZERO), 0)
    sources.array[0] = sources.w_row[0] = NULL
    job.kernels.weigh(worker.weights, FG_SWEPT_ROWS, 1, job.one, NULL, job.one, 0, job.one, 0, 0)
    sources.terms = 1


cdef inline char *weights_of(Worker *worker, int term) noexcept nogil:
    """Those of a term of a sum, for each row."""
    return worker.weights + term * FG_SWEPT_ROWS * worker.job.item


cdef void add_term(Worker *worker, const Term *term, const Patch *patch, int rows, int *start, int t) noexcept nogil:
    """Add the differences of term `t` to the sources, and their weights in some rows; `start` has the first of each."""
    cdef Job *job = worker.job
    cdef fg_sources *sources = &worker.sources
    cdef const Stencil *stencil = &job.stencil[term.component]
    cdef const Stencil *outer
    cdef Py_ssize_t index[4 * FG_MOST_TERMS]
    cdef Py_ssize_t line[4 * FG_MOST_TERMS]
    cdef const char *weight
    cdef const char *line_weight
    cdef const char *across = term.across
    cdef Py_ssize_t i = index_of(job, stencil, patch), at, step, line_step
    cdef int count = differences(job, stencil, i, index, &weight, &step), lines, m
    cdef bint added = term.like >= 0 and stencil.lo <= i < stencil.hi
    cdef long double number
    cdef Patch there
    if across != NULL:
        across += patch.r0 * job.item
    weigh_plane(worker, term, patch.plane, <char *>&number)
    start[t] = start[term.like] if added else sources.terms
    worker.field = job.field + stencil.source
    if stencil.through < 0:
        if not added:
            add_differences(worker, term, stencil, patch, patch, i, count, index)
        job.kernels.weigh(weights_of(worker, start[t]), rows, count, &number, across, job.one, 0, weight, step, added)
        return
    outer = &job.stencil[stencil.through]
    at = index_of(job, outer, patch)
    lines = lines_of(job, outer, at, line, &line_weight, &line_step)
    for m in range(lines):
        if line[m] > CONSTANT:      # beyond, nothing varies
            there = moved(job, outer, patch, line[m] - at)
            job.kernels.weigh(weights_of(worker, sources.terms), rows, count, &number, across,
                              line_weight + m * job.item, line_step, weight, step, 0)
            add_differences(worker, term, stencil, patch, &there, i, count, index)


cdef void add_differences(Worker *worker, const Term *term, const Stencil *stencil, const Patch *patch,
                          const Patch *there, Py_ssize_t i, int count, const Py_ssize_t *index) noexcept nogil:
    """Add differences of a stencil, taken `there`, to the sources of a patch."""
    cdef Job *job = worker.job
    cdef fg_sources *sources = &worker.sources
    cdef Source here = source(worker, there.plane)
    cdef const char *origin = here.data + (there.r0 * here.row + there.c0) * job.item
    cdef Py_ssize_t step = worker.field.stride[stencil.axis] if stencil.axis >= 0 else 0
    cdef bint along_row = is_along_row(job, stencil, i)
    cdef int k, which
    for k in range(count):
        for which in range(2):
            if index[2 * k + which] <= CONSTANT:
                set_source(sources, 2 * sources.terms + which, constant_row(worker, index[2 * k + which]), 0)
            elif job.direct:
                set_source(sources, 2 * sources.terms + which, origin + (index[2 * k + which] - i) * step, here.row)
            else:
                convert(worker, stencil, 2 * sources.terms + which, index[2 * k + which] - i, there)
        weigh(worker, term, patch)
        if along_row:
            weigh_along_row(worker, stencil, k, patch.c0)
        sources.terms += 1


cdef inline Patch moved(const Job *job, const Stencil *stencil, const Patch *patch, Py_ssize_t shift) noexcept nogil:
    """A patch further on along the axis of a stencil."""
    cdef Patch there = patch[0]
    if stencil.axis == job.dims - 1:
        there.c0, there.c1 = patch.c0 + shift * job.lanes, patch.c1 + shift * job.lanes
    elif stencil.axis == job.dims - 2:
        there.r0, there.r1 = patch.r0 + shift, patch.r1 + shift
    elif stencil.axis >= 0:
        there.plane += shift * job.plane_step[stencil.axis]
    return there


cdef inline Py_ssize_t index_of(const Job *job, const Stencil *stencil, const Patch *patch) noexcept nogil:
    """The index of a patch along the axis of a stencil."""
    if stencil.axis < 0:
        return 0
    if stencil.axis == job.dims - 1:
        return per_lane(job, patch.c0)
    return along(job, <int>stencil.axis, patch.plane, patch.r0)


cdef int differences(const Job *job, const Stencil *stencil, Py_ssize_t i, Py_ssize_t *index, const char **weight,
                     Py_ssize_t *step) noexcept nogil:
    """The row of a stencil's table for sample i as plain differences: how many, of which samples, how they are weighed;
    and how far on the weights in the next row are."""
    cdef Py_ssize_t edge
    cdef int t
    step[0] = 0
    if stencil.axis < 0:
        index[0], index[1], weight[0] = i, ZERO, job.one
        return 1
    if not stencil.lo <= i < stencil.hi:
        edge = i if i < stencil.lo else stencil.lo + i - stencil.hi
        memcpy(index, stencil.edge_index + edge * stencil.edge_terms * 2,
               2 * stencil.edge_count[edge] * sizeof(Py_ssize_t))
        weight[0] = stencil.edge_exact + edge * stencil.edge_terms * job.item
        return stencil.edge_count[edge]
    weight[0] = stencil.exact
    if not stencil.uneven:
        for t in range(2 * stencil.terms):
            index[t] = i + stencil.offset[t]
        return stencil.terms
    if stencil.axis < job.dims - 1:         # within rows, weights are rows, too
        weight[0] += (i - stencil.lo) * stencil.pairs * job.item
    if stencil.axis == job.dims - 2:
        step[0] = stencil.pairs
    for t in range(2 * stencil.terms):
        index[2 * t], index[2 * t + 1] = i + stencil.offset[t], i
    return stencil.pairs


cdef int lines_of(const Job *job, const Stencil *stencil, Py_ssize_t i, Py_ssize_t *line, const char **weight,
                  Py_ssize_t *step) noexcept nogil:
    """The same, as single samples."""
    cdef int count = differences(job, stencil, i, line, weight, step), t
    if not stencil.lo <= i < stencil.hi:
        weight[0] = stencil.edge_line + 2 * (weight[0] - stencil.edge_exact)
        return 2 * count
    weight[0] = stencil.line
    if not stencil.uneven:
        return 2 * count
    weight[0] += (i - stencil.lo) * (count + 1) * job.item
    step[0] += step[0] > 0
    for t in range(count):
        line[t] = line[2 * t]
    line[count] = i
    return count + 1


cdef inline bint is_along_row(const Job *job, const Stencil *stencil, Py_ssize_t i) noexcept nogil:
    """Whether weights vary along rows."""
    return stencil.axis == job.dims - 1 and stencil.uneven and stencil.lo <= i < stencil.hi


cdef void convert(Worker *worker, const Stencil *stencil, Py_ssize_t which, Py_ssize_t shift,
                  const Patch *patch) noexcept nogil:
    """Let a source be the samples of a patch, shifted along the stencil's axis: converted, beyond the tile, too."""
    cdef Job *job = worker.job
    cdef Tile *tile = &worker.tile
    cdef Py_ssize_t rows = patch.r1 - patch.r0, n = patch.c1 - patch.c0
    cdef Patch there = moved(job, stencil, patch, shift)
    cdef const char *first
    cdef Source here
    if tile.ra <= there.r0 and there.r1 <= tile.rb and tile.ca <= there.c0 and there.c1 <= tile.cb:
        here = source(worker, there.plane)
        set_source(&worker.sources, which, here.data + (there.r0 * here.row + there.c0) * job.item, here.row)
        return
    first = stored(worker, there.plane, there.r0, there.c0)
    if rows == 1:
        job.load(worker.far_at, first, worker.field.stride[job.dims - 1], per_lane(job, n), job.lanes, job.swap)
    else:           # of a column
        job.load(worker.far_at, first, worker.field.stride[job.dims - 2], rows, job.lanes, job.swap)
    set_source(&worker.sources, which, worker.far_at, n)
    worker.far_at += rows * n * job.item


cdef inline void weigh(Worker *worker, const Term *term, const Patch *patch) noexcept nogil:
    """Let the next difference be multiplied by the numbers of its term along rows."""
    cdef Job *job = worker.job
    cdef fg_sources *sources = &worker.sources
    cdef int k = sources.terms
    sources.w_row[k] = sources.array[k] = NULL
    if term.row != NULL:
        sources.array[k], sources.array_stride[k] = term.row + patch.c0 * job.item, 0
    elif term.array >= 0:
        sources.array[k] = placed(job, &job.array[term.array], patch.plane, patch.r0, 0) + patch.c0 * job.item
        sources.array_stride[k] = job.array[term.array].stride[job.dims - 2] // job.item


cdef inline void weigh_along_row(Worker *worker, const Stencil *stencil, int k, Py_ssize_t column) noexcept nogil:
    """Let the next difference be multiplied by the weights of difference k of a stencil within rows."""
    cdef Job *job = worker.job
    cdef fg_sources *sources = &worker.sources
    cdef Py_ssize_t lo = stencil.lo * job.lanes, hi = stencil.hi * job.lanes
    cdef const char *weights = stencil.exact_row + (k * (hi - lo) + column - lo) * job.item
    if sources.array[sources.terms] == NULL:
        sources.array[sources.terms], sources.array_stride[sources.terms] = weights, 0
    else:
        sources.w_row[sources.terms] = weights


cdef void begin_unit(Worker *worker, Py_ssize_t unit) noexcept nogil:
    """One tile of lines through a segment of planes."""
    cdef Job *job = worker.job
    cdef Tile *tile = &worker.tile
    cdef int k
    tile.c0 = unit % job.column_tiles * job.block_columns
    tile.c1 = min(job.wanted_to[job.dims - 1], tile.c0 + job.block_columns)
    tile.c0 = max(job.wanted_from[job.dims - 1], tile.c0)
    unit //= job.column_tiles
    tile.r0 = unit % job.row_tiles * job.tile_rows
    tile.r1 = min(job.wanted_to[job.dims - 2], tile.r0 + job.tile_rows)
    tile.r0 = max(job.wanted_from[job.dims - 2], tile.r0)
    worker.first_plane = unit // job.row_tiles * job.segment
    worker.last_plane = min(job.planes, worker.first_plane + job.segment)
    if tile.c0 >= tile.c1 or tile.r0 >= tile.r1:
        worker.last_plane = worker.first_plane
        return
    tile.ra, tile.rb = max(0, tile.r0 - job.reach_rows), min(job.rows, tile.r1 + job.reach_rows)
    tile.ca, tile.cb = max(0, tile.c0 - job.reach_columns), min(job.columns, tile.c1 + job.reach_columns)
    if not job.direct:
        for k in range(job.slots):
            worker.tag[k] = worker.stamp[k] = -1


cdef bint is_wanted(const Job *job, Py_ssize_t plane) noexcept nogil:
    cdef Py_ssize_t i
    cdef int axis
    for axis in range(job.dims - 2):
        i = plane // job.plane_step[axis]
        plane = plane % job.plane_step[axis]
        if not job.wanted_from[axis] <= i < job.wanted_to[axis]:
            return False
    return True


cdef void run_plane(Worker *worker, Py_ssize_t plane) noexcept nogil:
    cdef Py_ssize_t r = worker.tile.r0
    if not is_wanted(worker.job, plane):
        return
    while r < worker.tile.r1:
        run_block(worker, plane, r, min(worker.tile.r1, r + worker.job.block_rows))
        r += worker.job.block_rows


cdef inline Py_ssize_t ceiling(Py_ssize_t n, Py_ssize_t size) noexcept nogil:
    return (n + size - 1) // size


cdef inline Py_ssize_t whole_lines(Py_ssize_t size) noexcept nogil:
    return (size + 63) & ~63


cdef int open_worker(Worker *worker, Job *job) noexcept nogil:
    """Scratch for one thread, in one piece; nothing where results are made in place."""
    cdef Py_ssize_t row = job.block_columns * job.item
    cdef Py_ssize_t blocks = 0, constants = 0, far = 0, slots = 0, whole = 0, mended = 0, weights = 0, j
    if job.reduction != STACK or job.mixtures > 0:
        blocks = whole_lines((job.side_by_side + 1) * job.block_rows * row)
    elif job.mode != IN_PLACE:
        blocks = whole_lines(job.block_rows * row)
    if job.has_constant:
        constants = whole_lines(2 * constants_of(job) * job.item)
    worker.slot_size = 0
    if not job.direct:
        far = whole_lines(job.far * max(row, job.block_rows * job.lanes * job.item))
        worker.slot_size = whole_lines((job.tile_rows + 2 * job.reach_rows)
                                       * (job.block_columns + 2 * job.reach_columns) * job.item)
        slots = job.slots * (worker.slot_size + 2 * <Py_ssize_t>sizeof(int64_t))
    if job.joined:
        weights = FG_SWEPT_ROWS * FG_MOST_SUMMED * job.item
    if job.mask != NULL:
        whole = whole_lines(job.block_rows * job.block_columns // job.lanes)
        mended = whole_lines(job.block_rows * row)
    worker.job, worker.field = job, job.field
    worker.clock = 0
    worker.memory = NULL
    if blocks + constants + far + slots + whole + weights == 0:
        return 0
    worker.memory = <char *>malloc(blocks + constants + far + slots + 3 * whole + mended + weights + 64)
    if worker.memory == NULL:
        return -1
    worker.scratch = <char *>whole_lines(<Py_ssize_t>worker.memory)
    worker.weights = worker.scratch + blocks
    worker.constants = worker.weights + weights
    worker.far = worker.constants + constants
    worker.mended = worker.far + far
    worker.whole = <unsigned char *>(worker.mended + mended)
    worker.kinds, worker.unbroken = worker.whole + whole, worker.whole + 2 * whole
    worker.slot = worker.mended + mended + 3 * whole
    worker.tag = <int64_t *>(worker.slot + job.slots * worker.slot_size)
    worker.stamp = worker.tag + job.slots
    if job.has_constant:
        memset(worker.constants, 0, constants_of(job) * job.item)
        for j in range(constants_of(job)):
            memcpy(worker.constants + (constants_of(job) + j) * job.item, &job.cval, job.item)
    return 0
