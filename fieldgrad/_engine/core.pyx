# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: freethreading_compatible=True
"""The row pass: stencils along the axes of a field, then a reduction, a block of rows at a time.

README.md in this folder tells how a call becomes rows. Arguments are trusted: Python has checked them.
"""
from cpython.exc cimport PyErr_CheckSignals
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.stdint cimport int64_t, uintptr_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset
cimport numpy as cnp

import numpy as np

cnp.import_array()

cdef extern from "rows.h" nogil:
    ctypedef void (*fg_load_fn)(void *, const char *, Py_ssize_t, Py_ssize_t, int, int) noexcept nogil
    enum: FG_VARIANTS, FG_MOST_TERMS, FG_F32
    ctypedef struct fg_sources:
        const void *a[FG_MOST_TERMS]
        const void *b[FG_MOST_TERMS]
        const void *centre
        Py_ssize_t a_stride[FG_MOST_TERMS]
        Py_ssize_t b_stride[FG_MOST_TERMS]
        Py_ssize_t centre_stride
        const void *w
        const void *ahead
        const void *behind
        const void *w_row[FG_MOST_TERMS]
        const void *ahead_row[FG_MOST_TERMS]
        const void *behind_row[FG_MOST_TERMS]
        const void *divisor
        int terms, division, centred, varying
    ctypedef struct fg_kernels:
        void (*combine)(void *, Py_ssize_t, const fg_sources *, Py_ssize_t, Py_ssize_t) noexcept nogil
        int (*prepare_divisor)(void *) noexcept nogil
        void (*norm)(void *, void **, int, int, Py_ssize_t, const char *) noexcept nogil
        void (*unit)(void **, int, int, Py_ssize_t, const char *) noexcept nogil
        void (*stream)(char *, const char *, Py_ssize_t, const char *) noexcept nogil
        void (*store)(char *, Py_ssize_t, const void *, Py_ssize_t, int) noexcept nogil
        void (*store_half)(char *, Py_ssize_t, const void *, Py_ssize_t, int) noexcept nogil
        fg_load_fn *load
    const char *fg_variant_name(int)
    int fg_variant_runs_here(int)
    const fg_kernels *fg_variant_kernels(int, int)
    const char *fg_compiler()
    void fg_stream_end()
    double fg_seconds()
    int64_t fg_draw(int64_t *)
    int fg_peek(const int *)
    void fg_raise(int *)

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
    TILE_BYTES = 256 << 10
    SEGMENT_PLANES = 64
    # Results that outgrow the caches go past them; work that is shorter than waking a thread takes is not shared.
    STREAM_BYTES = 8 << 20
    SHARE_BYTES = 2 << 20
    MOST_RANGES = 64

# Looking for a pending Ctrl-C takes the GIL, which may take a while to be had.
cdef double SECONDS_BETWEEN_LOOKS = 0.1

cdef enum Reduction:
    STACK, NORM, UNIT
REDUCTIONS = {"stack": STACK, "norm": NORM, "unit": UNIT}

cdef enum OutMode:
    IN_PLACE, STREAMED, STRIDED


# ---- instruction sets ------------------------------------------------------------------------------------

cdef int _isa = 0


def available_isas():
    """Names of the variants that this processor runs, plainest first."""
    return tuple(fg_variant_name(i).decode() for i in range(FG_VARIANTS) if fg_variant_runs_here(i))


def current_isa():
    return fg_variant_name(_isa).decode()


def use_isa(name):
    """Choose the variant for the calls to come; None is the widest."""
    global _isa
    names = available_isas()
    if name is None:
        name = names[len(names) - 1]
    if name not in names:
        raise ValueError(f"FIELDGRAD_ISA: this machine has {', '.join(names)}; got {name!r}")
    for i in range(FG_VARIANTS):
        if fg_variant_name(i).decode() == name:
            _isa = i


def compiler():
    return fg_compiler().decode()


# ---- what a call is made of ------------------------------------------------------------------------------

cdef struct Stencil:
    Py_ssize_t axis, n, lo, hi      # samples lo..hi-1 share the interior's offsets; the others have rows of their own
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
    int components, slots
    bint has_constant, direct
    OutMode mode
    Py_ssize_t item, out_item
    int dims                                        # padded: outer axes, rows, columns
    Py_ssize_t shape[MAX_DIMS]
    Py_ssize_t plane_step[MAX_DIMS]
    Py_ssize_t planes, rows, columns                # columns count lanes
    Py_ssize_t block_columns, block_rows, tile_rows, segment
    Py_ssize_t column_tiles, row_tiles, units
    Py_ssize_t reach_planes, reach_rows, reach_columns, far
    long double cval
    Stencil *stencil
    Layout field, out

cdef struct Worker:
    Job *job
    char *memory
    char *scratch                   # components x block
    char *constants                 # two rows: zeros, and the constant
    char *far                       # samples beyond the tile, where samples are converted
    char *slot                      # converted planes of the tile
    Py_ssize_t slot_size
    int64_t *tag
    int64_t *stamp
    int64_t clock
    Tile tile
    Py_ssize_t first_plane, last_plane
    Py_ssize_t index[2 * FG_MOST_TERMS]     # the samples of the terms at hand, a and b in turn
    fg_sources sources
    long double weight[FG_MOST_TERMS]       # of any type, aligned for all
    long double ahead[FG_MOST_TERMS]
    long double behind[FG_MOST_TERMS]


cdef inline Py_ssize_t plane_offset(const Job *job, const Layout *layout, Py_ssize_t plane) noexcept nogil:
    cdef Py_ssize_t offset = 0
    cdef int axis
    for axis in range(job.dims - 2):
        offset += plane // job.plane_step[axis] * layout.stride[axis]
        plane = plane % job.plane_step[axis]
    return offset


cdef inline const char *stored(const Job *job, Py_ssize_t plane, Py_ssize_t row, Py_ssize_t column) noexcept nogil:
    """The field's own sample; columns count lanes."""
    return (job.field.data + plane_offset(job, &job.field, plane) + row * job.field.stride[job.dims - 2]
            + column // job.lanes * job.field.stride[job.dims - 1])


cdef Source source(Worker *worker, Py_ssize_t plane) noexcept nogil:
    """The samples of a plane that the tile needs, converted if the field's own can't be used as they are."""
    cdef Job *job = worker.job
    cdef Tile *tile = &worker.tile
    cdef Source result
    cdef Py_ssize_t r, width = tile.cb - tile.ca
    cdef int k, slot = 0
    cdef char *data
    if job.direct:
        result.data = job.field.data + plane_offset(job, &job.field, plane)
        result.row = job.field.stride[job.dims - 2] // job.item
        return result
    worker.clock += 1
    for k in range(job.slots):
        if worker.tag[k] == plane:
            slot = k
            break
        if worker.stamp[k] < worker.stamp[slot]:
            slot = k
    data = worker.slot + slot * worker.slot_size
    if worker.tag[slot] != plane:
        worker.tag[slot] = plane
        for r in range(tile.ra, tile.rb):
            job.load(data + (r - tile.ra) * width * job.item, stored(job, plane, r, tile.ca),
                     job.field.stride[job.dims - 1], width // job.lanes, job.lanes, job.swap)
    worker.stamp[slot] = worker.clock
    result.row = width
    result.data = <const char *><uintptr_t>(<uintptr_t>data - (tile.ra * width + tile.ca) * job.item)
    return result


cdef void find_terms(Worker *worker, const Stencil *stencil, Py_ssize_t i) noexcept nogil:
    """The row of the stencil's table for sample i: samples and weights."""
    cdef fg_sources *sources = &worker.sources
    cdef Py_ssize_t item = worker.job.item, edge, t, at
    sources.varying = sources.centred = False
    if stencil.lo <= i < stencil.hi:
        sources.terms = stencil.terms
        sources.divisor, sources.division = stencil.divisor, stencil.division
        sources.w = stencil.weight
        for t in range(2 * stencil.terms):
            worker.index[t] = i + stencil.offset[t]
        if stencil.uneven:
            sources.centred = True
            sources.w, sources.ahead, sources.behind = worker.weight, worker.ahead, worker.behind
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


cdef inline const void *constant_row(const Worker *worker, Py_ssize_t which) noexcept nogil:
    return worker.constants + (0 if which == ZERO else worker.job.block_columns * worker.job.item)


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
    cdef Py_ssize_t i = plane // step % job.shape[stencil.axis]
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
                job.load(far, stored(job, plane, row, tile.c0), job.field.stride[job.dims - 1],
                         width // job.lanes, job.lanes, job.swap)
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
    i = tile.c0 // lanes
    while i < tile.c1 // lanes:
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
                job.load(far, stored(job, plane, r0, column), job.field.stride[job.dims - 2], rows, job.lanes, job.swap)
                set_source(sources, which, far, lanes)
                far += rows * lanes * job.item
        job.kernels.combine(dst + (i * lanes - tile.c0) * job.item, stride, sources, rows, lanes)
        i += 1


cdef void component(Worker *worker, int k, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1,
                    char *dst, Py_ssize_t stride) noexcept nogil:
    cdef const Stencil *stencil = &worker.job.stencil[k]
    if stencil.axis == worker.job.dims - 1:
        within_rows(worker, stencil, plane, r0, r1, dst, stride)
    elif stencil.axis == worker.job.dims - 2:
        across_rows(worker, stencil, plane, r0, r1, dst, stride)
    else:
        along_planes(worker, stencil, plane, r0, r1, dst, stride)


# ---- results --------------------------------------------------------------------------------------------

cdef inline char *destination(Worker *worker, int k, Py_ssize_t plane, Py_ssize_t row) noexcept nogil:
    cdef Job *job = worker.job
    return (job.out.data + k * job.out.component + plane_offset(job, &job.out, plane)
            + row * job.out.stride[job.dims - 2] + worker.tile.c0 // job.lanes * job.out.stride[job.dims - 1])


cdef void emit(Worker *worker, int k, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1, const char *block,
               int lanes) noexcept nogil:
    """Write a dense block of results to where they belong."""
    cdef Job *job = worker.job
    cdef Py_ssize_t samples = (worker.tile.c1 - worker.tile.c0) // job.lanes
    cdef Py_ssize_t width = samples * lanes * job.item, stride = job.out.stride[job.dims - 2]
    cdef Py_ssize_t rows = r1 - r0, r
    cdef char *dst = destination(worker, k, plane, r0)
    cdef const char *ahead = look_ahead(worker, plane, r1) if k == 0 and job.reduction == STACK else NULL
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


cdef inline const char *look_ahead(Worker *worker, Py_ssize_t plane, Py_ssize_t r1) noexcept nogil:
    """Where the samples begin that the next block will be the first to read."""
    cdef Job *job = worker.job
    cdef Source rows
    if not job.direct or job.mode != STREAMED:
        return NULL
    rows = source(worker, min(job.planes - 1, plane + job.reach_planes))
    return rows.data + (min(job.rows, r1 + job.reach_rows) * rows.row + worker.tile.c0) * job.item


cdef void run_block(Worker *worker, Py_ssize_t plane, Py_ssize_t r0, Py_ssize_t r1) noexcept nogil:
    cdef Job *job = worker.job
    cdef Py_ssize_t width = worker.tile.c1 - worker.tile.c0
    cdef Py_ssize_t block = job.block_rows * job.block_columns * job.item
    cdef Py_ssize_t samples = (r1 - r0) * width // job.lanes
    cdef void *parts[MAX_DIMS]
    cdef char *norms
    cdef int k
    if job.reduction == STACK:
        for k in range(job.components):
            if job.mode == IN_PLACE:
                component(worker, k, plane, r0, r1, destination(worker, k, plane, r0),
                          job.out.stride[job.dims - 2] // job.item)
            else:
                component(worker, k, plane, r0, r1, worker.scratch, width)
                emit(worker, k, plane, r0, r1, worker.scratch, job.lanes)
        return
    for k in range(job.components):
        parts[k] = worker.scratch + k * block
        component(worker, k, plane, r0, r1, <char *>parts[k], width)
    norms = worker.scratch + job.components * block
    if job.reduction == NORM:
        job.kernels.norm(norms, parts, job.components, job.lanes, samples, look_ahead(worker, plane, r1))
        emit(worker, 0, plane, r0, r1, norms, 1)
    else:
        job.kernels.unit(parts, job.components, job.lanes, samples, look_ahead(worker, plane, r1))
        for k in range(job.components):
            emit(worker, k, plane, r0, r1, <char *>parts[k], job.lanes)


cdef void begin_unit(Worker *worker, Py_ssize_t unit) noexcept nogil:
    """One tile of lines through a segment of planes."""
    cdef Job *job = worker.job
    cdef Tile *tile = &worker.tile
    cdef int k
    tile.c0 = unit % job.column_tiles * job.block_columns
    tile.c1 = min(job.columns, tile.c0 + job.block_columns)
    unit //= job.column_tiles
    tile.r0 = unit % job.row_tiles * job.tile_rows
    tile.r1 = min(job.rows, tile.r0 + job.tile_rows)
    worker.first_plane = unit // job.row_tiles * job.segment
    worker.last_plane = min(job.planes, worker.first_plane + job.segment)
    tile.ra, tile.rb = max(0, tile.r0 - job.reach_rows), min(job.rows, tile.r1 + job.reach_rows)
    tile.ca, tile.cb = max(0, tile.c0 - job.reach_columns), min(job.columns, tile.c1 + job.reach_columns)
    if not job.direct:
        for k in range(job.slots):
            worker.tag[k] = worker.stamp[k] = -1


cdef void run_plane(Worker *worker, Py_ssize_t plane) noexcept nogil:
    cdef Py_ssize_t r = worker.tile.r0
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
    cdef Py_ssize_t blocks = 0, constants = 0, far = 0, slots = 0, j
    if job.reduction != STACK:
        blocks = whole_lines((job.components + 1) * job.block_rows * row)
    elif job.mode != IN_PLACE:
        blocks = whole_lines(job.block_rows * row)
    if job.has_constant:
        constants = whole_lines(2 * row)
    if not job.direct:
        far = whole_lines(job.far * max(row, job.block_rows * job.lanes * job.item))
        worker.slot_size = whole_lines((job.tile_rows + 2 * job.reach_rows)
                                       * (job.block_columns + 2 * job.reach_columns) * job.item)
        slots = job.slots * (worker.slot_size + 2 * <Py_ssize_t>sizeof(int64_t))
    worker.job = job
    worker.clock = 0
    worker.memory = NULL
    if blocks + constants + far + slots == 0:
        return 0
    worker.memory = <char *>malloc(blocks + constants + far + slots + 64)
    if worker.memory == NULL:
        return -1
    worker.scratch = <char *>whole_lines(<Py_ssize_t>worker.memory)
    worker.constants = worker.scratch + blocks
    worker.far = worker.constants + constants
    worker.slot = worker.far + far
    worker.tag = <int64_t *>(worker.slot + job.slots * worker.slot_size)
    worker.stamp = worker.tag + job.slots
    if job.has_constant:
        memset(worker.constants, 0, row)
        for j in range(job.block_columns):
            memcpy(worker.constants + row + j * job.item, &job.cval, job.item)
    return 0


# ---- from Python ----------------------------------------------------------------------------------------

cdef class Plan:
    """Everything of a call that does not depend on where its arrays are.

    Parameters
    ----------
    shape : tuple of int
        Of the field, its axes in the order of memory, slowest first.
    stencils : list of (int, Stencil)
        For each component the axis in that order, and its table.
    reduction : {"stack", "norm", "unit"}
    sample : {0, 1, 2}
        Arithmetic in float, double or long double.
    lanes : {1, 2}
        Numbers per sample: 2 for complex fields.
    stored : int
        Kind of the numbers in the field's memory, in the order of FG_STORED.
    swap : bool
        The field has foreign byte order.
    half : bool
        Results are half precision.
    cval : float
        Value beyond constant edges.
    """

    cdef Job job
    cdef Stencil *stencil
    cdef list tables
    cdef object sample_type
    cdef int sample, stored
    cdef bint native

    def __cinit__(self, shape, stencils, str reduction, int sample, int lanes, int stored, bint swap, bint half, cval):
        cdef Job *job = &self.job
        cdef int k, pad
        self.sample, self.stored = sample, stored
        job.swap, job.lanes, job.half = swap, lanes, half
        job.reduction = REDUCTIONS[reduction]
        self.sample_type = np.dtype("fdg"[sample])
        self.native = not swap and stored == FG_F32 + sample
        job.item = self.sample_type.itemsize
        job.out_item = 2 if half else job.item * (1 if reduction == "norm" else lanes)

        pad = max(0, 3 - len(shape))
        job.dims = pad + len(shape)
        for k in range(job.dims):
            job.shape[k] = 1 if k < pad else shape[k - pad]
        job.rows, job.columns = job.shape[job.dims - 2], job.shape[job.dims - 1] * lanes
        job.planes = 1
        for k in reversed(range(job.dims - 2)):
            job.plane_step[k] = job.planes
            job.planes *= job.shape[k]

        job.components = len(stencils)
        self.tables = []
        self.stencil = job.stencil = <Stencil *>PyMem_Calloc(max(1, job.components), sizeof(Stencil))
        if self.stencil == NULL:
            raise MemoryError()
        constant = np.array(cval).astype(self.sample_type)
        memcpy(&job.cval, cnp.PyArray_DATA(constant), job.item)
        job.slots = 1
        for k, (axis, table) in enumerate(stencils):
            self.read(&self.stencil[k], pad + axis, table)
        self.cut()

    def __dealloc__(self):
        PyMem_Free(self.stencil)

    cdef const char *keep(self, array, dtype):
        """The address of an array's data, of that type, alive as long as this plan."""
        with np.errstate(over="ignore"):  # steps too small for the type: infinite, as in numpy
            array = np.ascontiguousarray(array, dtype)
        self.tables.append(array)
        return <const char *>cnp.PyArray_DATA(array)

    cdef const char *keep_weights(self, weights, int axis):
        """Weights of the interior; along a row each lane has its own."""
        if weights.ndim == 2 and axis == self.job.dims - 1:
            weights = np.repeat(weights, self.job.lanes, axis=1)
        return self.keep(weights, self.sample_type)

    cdef tuple divisors(self, values):
        """Divisors as the kernels want them, and how to divide."""
        cdef const fg_kernels *kernels = fg_variant_kernels(0, self.sample)
        cdef int k
        table = np.zeros((len(values), 3), self.sample_type)
        with np.errstate(over="ignore"):
            table[:, 0] = values
        modes = np.empty(len(values), np.intc)
        for k in range(len(values)):
            modes[k] = kernels.prepare_divisor(<char *>cnp.PyArray_DATA(table) + 3 * k * self.job.item)
        return table, modes

    cdef int read(self, Stencil *stencil, int axis, table) except -1:
        """Take a table over from Python."""
        cdef Job *job = &self.job
        cdef Py_ssize_t taps = 2 * max(table.edge_index.shape[1], len(table.offsets))
        if len(table.offsets) > FG_MOST_TERMS or table.edge_index.shape[1] > FG_MOST_TERMS:
            raise ValueError(f"a stencil has more than {FG_MOST_TERMS} terms")
        stencil.axis, stencil.n, stencil.lo, stencil.hi = axis, table.n, table.lo, table.hi
        stencil.terms, stencil.edge_terms = len(table.offsets), table.edge_index.shape[1]
        stencil.uneven = table.ahead is not None
        stencil.weight = self.keep_weights(table.weights, axis)
        if stencil.uneven:
            stencil.ahead = self.keep_weights(table.ahead, axis)
            stencil.behind = self.keep_weights(table.behind, axis)
        stencil.reach = int(np.abs(table.offsets).max(initial=0))
        stencil.offset = <const Py_ssize_t *>self.keep(table.offsets, np.intp)
        divisor, division = self.divisors([table.divisor])
        stencil.divisor, stencil.division = self.keep(divisor, None), division[0]
        stencil.edge_index = <const Py_ssize_t *>self.keep(table.edge_index, np.intp)
        stencil.edge_weight = self.keep(table.edge_weights, self.sample_type)
        stencil.edge_count = <const int *>self.keep(table.edge_count, np.intc)
        divisor, division = self.divisors(table.edge_divisor)
        stencil.edge_divisor = self.keep(divisor, None)
        stencil.edge_division = <const int *>self.keep(division, np.intc)

        job.has_constant |= (table.edge_index <= CONSTANT).any()
        job.far = max(job.far, taps)
        if axis == job.dims - 1:
            job.reach_columns = max(job.reach_columns, stencil.reach * job.lanes)
        elif axis == job.dims - 2:
            job.reach_rows = max(job.reach_rows, stencil.reach)
        else:
            job.slots += taps
            if axis == job.dims - 3:
                job.reach_planes = stencil.reach
        return 0

    cdef int cut(self) except -1:
        """Sizes of blocks, tiles and segments."""
        cdef Job *job = &self.job
        cdef Py_ssize_t block = BLOCK_BYTES if job.reduction == STACK else REDUCED_BYTES // max(1, job.components)
        cdef Py_ssize_t limit = max(512, block // job.item), quantum = 64 * job.lanes
        job.block_columns = job.columns
        if job.columns > limit:  # equal pieces that begin with whole cache lines
            job.block_columns = ceiling(ceiling(job.columns, ceiling(job.columns, limit)), quantum) * quantum
        job.block_columns = max(1, job.block_columns)
        job.block_rows = min(max(1, job.rows), max(1, limit // job.block_columns))
        job.tile_rows = max(1, TILE_BYTES // (job.block_columns * job.item) // job.block_rows) * job.block_rows
        job.tile_rows = min(job.tile_rows, max(1, job.rows))
        job.segment = min(SEGMENT_PLANES, max(1, job.planes))
        job.column_tiles = ceiling(job.columns, job.block_columns)
        job.row_tiles = ceiling(job.rows, job.tile_rows)
        job.units = job.column_tiles * job.row_tiles * ceiling(job.planes, job.segment)
        return 0

    cdef void lay(self, Layout *layout, cnp.ndarray array, tuple order, int first):
        """Where an array's samples are. `first` is 1 where components come first."""
        cdef int k, dims = self.job.dims, pad = dims - len(order)
        layout.data = <char *>cnp.PyArray_DATA(array)
        layout.component = cnp.PyArray_STRIDE(array, 0) if first else 0
        for k in range(dims):
            layout.stride[k] = 0 if k < pad else cnp.PyArray_STRIDE(array, first + <int>order[k - pad])

    cdef bint is_plain(self, const Layout *layout, Py_ssize_t item):
        """Whether rows are contiguous and everything is aligned."""
        cdef Job *job = &self.job
        cdef Py_ssize_t bits = <Py_ssize_t>layout.data | layout.component
        cdef int k
        for k in range(job.dims - 1):
            bits |= layout.stride[k]
        if job.shape[job.dims - 1] > 1 and layout.stride[job.dims - 1] != item:
            return False
        return bits % job.item == 0

    def __call__(self, cnp.ndarray field, cnp.ndarray out, tuple order, bint stacked, bint fresh, int workers, share):
        """Fill `out`.

        `order` has the axes of the field as memory has them; `stacked` says that axis 0 of `out` counts
        components; `fresh` that it was just allocated. `share(call, helpers)` runs a call on more threads.
        """
        cdef Call call = Call.__new__(Call)
        cdef Job *job = &call.job
        cdef Py_ssize_t work
        memcpy(job, &self.job, sizeof(Job))
        call.plan, call.field, call.array = self, field, out
        if job.units == 0 or job.components == 0:
            return
        job.kernels = fg_variant_kernels(_isa, self.sample)
        job.load = job.kernels.load[self.stored]
        self.lay(&job.field, field, order, 0)
        self.lay(&job.out, out, order, stacked)
        job.direct = self.native and self.is_plain(&job.field, job.item * job.lanes)
        work = job.planes * job.rows * job.columns * job.item * (job.components + 1)
        if job.half or not self.is_plain(&job.out, job.out_item):
            job.mode = STRIDED
        elif work > STREAM_BYTES and not fresh:
            job.mode = STREAMED
        else:
            job.mode = IN_PLACE
        workers = <int>min(<Py_ssize_t>workers, min(job.units, work // SHARE_BYTES))
        call.open_ranges(max(1, min(workers, MOST_RANGES)))
        if workers > 1:
            share(call, workers - 1)
        else:
            call.work(look=True)


cdef class Call:
    """A plan bound to its arrays. Any number of threads may `work` on it at once."""

    cdef Job job
    cdef Plan plan
    cdef cnp.ndarray field, array
    cdef int64_t next_unit[MOST_RANGES]
    cdef int64_t threads
    cdef int ranges, stopped

    cdef void open_ranges(self, int ranges) noexcept:
        """Give each thread a range of units to begin with: far from each other's, for two threads that touch a
        fresh page at once make the system clear it twice."""
        cdef int k
        self.ranges = ranges
        for k in range(ranges):
            self.next_unit[k] = k * self.job.units // ranges

    cdef int64_t take(self, int64_t home) noexcept nogil:
        """The next unit of that range or, when it is done, of another; -1 when all are."""
        cdef int64_t k, at, unit
        for k in range(self.ranges):
            at = (home + k) % self.ranges
            unit = fg_draw(&self.next_unit[at])
            if unit < (at + 1) * self.job.units // self.ranges:
                return unit
        return -1

    def work(self, bint look=False):
        """Do units until none is left; with `look`, raise what a signal handler raises."""
        cdef Worker worker
        cdef Py_ssize_t unit, plane
        cdef int64_t home = fg_draw(&self.threads)
        cdef double due = fg_seconds() + SECONDS_BETWEEN_LOOKS
        if open_worker(&worker, &self.job) < 0:
            raise MemoryError("no memory for the scratch rows")
        try:
            with nogil:
                unit = self.take(home)
                while unit >= 0 and not fg_peek(&self.stopped):
                    begin_unit(&worker, unit)
                    for plane in range(worker.first_plane, worker.last_plane):
                        run_plane(&worker, plane)
                        if look and fg_seconds() > due:
                            due = fg_seconds() + SECONDS_BETWEEN_LOOKS
                            with gil:
                                PyErr_CheckSignals()
                        if fg_peek(&self.stopped):
                            break
                    unit = self.take(home)
                fg_stream_end()
        finally:
            free(worker.memory)

    def stop(self):
        """Let every thread end after its present plane."""
        fg_raise(&self.stopped)
