# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: freethreading_compatible=True
"""The row pass: stencils along the axes of a field, then a reduction, a block of rows at a time.

README.md in this folder tells how a call becomes rows. Arguments are trusted: Python has checked them.
"""
from cpython.exc cimport PyErr_CheckSignals
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.math cimport INFINITY, fabs, sqrt
from libc.stdint cimport int64_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy, memset
cimport numpy as cnp

from .calls cimport fg_draw, fg_peek, fg_raise, fg_seconds, fg_stream_end
from .rows cimport (
    FG_CLOSE,
    FG_F32,
    FG_MOST_SUMMED,
    FG_MOST_TERMS,
    FG_RANGES,
    FG_SLOPES,
    FG_SWEPT_ROWS,
    FG_VARIANTS,
    fg_ask_for,
    fg_beside,
    fg_compiler,
    fg_kernels,
    fg_load_fn,
    fg_side,
    fg_sources,
    fg_taps,
    fg_variant_kernels,
    fg_variant_name,
    fg_variant_runs_here,
)

import numpy as np

cnp.import_array()

include "calls.pxi"
include "walk.pxi"
include "gaps.pxi"
include "ties.pxi"
include "boxes.pxi"

#: Differences that one sum has room for.
MOST_SUMMED = FG_MOST_SUMMED

REDUCTIONS = {"stack": STACK, "norm": NORM, "unit": UNIT}


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


# ---- plans and calls ------------------------------------------------------------------------------------

cdef class Plan:
    """Everything of a call that does not depend on where its arrays are.

    Parameters
    ----------
    shape : tuple of int
        Of the field, its axes in the order of memory, slowest first.
    stencils : list of (int, int, Stencil)
        For each component the field that it is of, the axis in that order, and its table; or -1 and None for the
        samples themselves. Second derivatives along two axes, ascending, have a pair of axes and one of tables.
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
    mixtures : sequence of sequences of (int, float, sequence of (int, ndarray), int), or None
        What to reduce in place of the components: for each, the terms of a sum. A term is a component, its weight,
        functions of one coordinate each that it is multiplied by, as axis and values; and an array of the call, or -1,
        which excludes a function along the last axis.
    """

    cdef Job job
    cdef Stencil *stencil
    cdef Mixture *mixture
    cdef list tables
    cdef object sample_type
    cdef int sample, stored
    cdef bint native

    def __cinit__(self, shape, stencils, str reduction, int sample, int lanes, int stored, bint swap, bint half, cval,
                  mixtures=None):
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
        job.one = self.keep(np.ones(FG_MOST_SUMMED), self.sample_type)
        self.stencil = job.stencil = <Stencil *>PyMem_Calloc(max(1, 2 * job.components), sizeof(Stencil))
        if self.stencil == NULL:
            raise MemoryError()
        constant = np.array(cval).astype(self.sample_type)
        memcpy(&job.cval, cnp.PyArray_DATA(constant), job.item)
        job.slots = max(1, len({field for field, *_ in stencils}))
        for k, (field, axis, table) in enumerate(stencils):
            self.stencil[k].source, self.stencil[k].through = field, -1
            if table is None:
                self.stencil[k].axis = -1
            elif isinstance(table, tuple):
                self.stencil[k].through = job.components + k
                self.read(&self.stencil[job.components + k], pad + axis[0], table[0])
                self.read(&self.stencil[k], pad + axis[1], table[1])
            else:
                self.read(&self.stencil[k], pad + axis, table)
        self.read_mixtures(mixtures or (), pad)
        self.join_mixtures()
        self.cut()

    def __dealloc__(self):
        PyMem_Free(self.stencil)
        PyMem_Free(self.mixture)

    cdef int read_mixtures(self, mixtures, int pad) except -1:
        """Take them over from Python."""
        cdef Job *job = &self.job
        cdef Term *term
        cdef int m, t
        used = [component for terms in mixtures for component, *_ in terms]
        job.mixtures = len(mixtures)
        job.parts = job.mixtures or job.components
        job.side_by_side = job.components
        if job.components > MOST_PARTS or job.parts > MOST_PARTS or max(map(len, mixtures), default=0) > MOST_TERMS:
            raise ValueError(f"more than {MOST_PARTS} components, or than {MOST_TERMS} terms of one mixture")
        self.mixture = job.mixture = <Mixture *>PyMem_Calloc(max(1, job.mixtures), sizeof(Mixture))
        if self.mixture == NULL:
            raise MemoryError()
        for m, terms in enumerate(mixtures):
            self.mixture[m].same = next((k for k in range(m) if mixtures[k] is terms), -1)
            room = np.zeros(len(terms) * sizeof(Term), np.uint8)
            self.mixture[m].terms = len(terms)
            self.mixture[m].term = <Term *>self.keep(room, np.uint8)
            self.mixture[m].alone = len(terms) == 1 and used.count(terms[0][0]) == 1
            self.mixture[m].as_is = self.mixture[m].alone and terms[0][1:] == (1.0, [], -1)
            job.side_by_side += not self.mixture[m].alone
            for t, (component, number, factors, array) in enumerate(terms):
                term = &self.mixture[m].term[t]
                term.component, term.number, term.array = component, number, array
                self.mixture[m].varies |= array >= 0
                for axis, factor in factors:
                    self.mixture[m].varies |= pad + axis >= job.dims - 2
                    if pad + axis == job.dims - 1:
                        if term.array >= 0:
                            raise ValueError("a term has both an array and a factor along rows")
                        term.row = self.keep(np.repeat(np.asarray(factor), job.lanes), self.sample_type)
                        continue
                    if pad + axis == job.dims - 2:
                        term.across = self.keep(factor, self.sample_type)
                        continue
                    if term.factors == MOST_FACTORS:
                        raise ValueError(f"a term has more than {MOST_FACTORS} factors")
                    term.axis[term.factors] = pad + axis
                    term.factor[term.factors] = <const long double *>self.keep(factor, np.longdouble)
                    term.factors += 1
        return 0

    cdef int join_mixtures(self) except -1:
        """Find out whether each mixture can be made as one sum, and where its stencils are those of the interior."""
        cdef Job *job = &self.job
        cdef Mixture *mixture
        cdef Stencil *stencil
        cdef int m, t, k
        job.joined = job.mixtures > 0
        for m in range(job.mixtures):
            mixture = &self.mixture[m]
            mixture.inner_rows[0], mixture.inner_rows[1] = 0, job.rows
            mixture.inner_columns[0], mixture.inner_columns[1] = 0, job.columns
            for t in range(mixture.terms):
                mixture.term[t].like = self.alike(mixture, t)
                stencil = &self.stencil[mixture.term[t].component]
                mixture.rows_differ |= mixture.term[t].across != NULL
                job.joined &= stencil.gaps.most == 0
                self.narrow(mixture, stencil)
                k = max(stencil.pairs, stencil.edge_terms)
                if stencil.through >= 0:
                    stencil = &self.stencil[stencil.through]
                    self.narrow(mixture, stencil)
                    k *= 2 * max(stencil.pairs, stencil.edge_terms)
                mixture.pairs += max(1, k)
            job.joined &= mixture.pairs <= FG_MOST_SUMMED
        for m in range(job.mixtures if job.joined else 0):
            job.repeats |= self.mixture[m].same >= 0
            job.far = max(job.far, 2 * self.mixture[m].pairs)
            for t in range(self.mixture[m].terms):
                job.has_constant |= self.stencil[self.mixture[m].term[t].component].axis < 0
        if job.joined:
            job.side_by_side = 1 if job.reduction == STACK else job.mixtures
        elif any(self.stencil[t].through >= 0 for t in range(job.components)):
            raise ValueError("second derivatives along two axes are for sums without gaps, of not too many terms")
        return 0

    cdef int alike(self, Mixture *mixture, int t):
        """An earlier term of a sum that takes the same samples, in the interior, and is weighed likewise; or -1."""
        cdef Term *term = &mixture.term[t]
        cdef Term *other
        cdef Stencil *one = &self.stencil[term.component]
        cdef Stencil *two
        cdef int k
        if one.axis < 0 or one.through >= 0 or term.array >= 0 or term.row != NULL or one.exact_row != NULL:
            return -1
        for k in range(t):
            other = &mixture.term[k]
            two = &self.stencil[other.component]
            if (one.source == two.source and one.axis == two.axis and one.uneven == two.uneven
                    and one.lo == two.lo and one.hi == two.hi and one.terms == two.terms and two.through < 0
                    and other.array < 0 and other.row == NULL
                    and memcmp(one.offset, two.offset, 2 * one.terms * sizeof(Py_ssize_t)) == 0):
                return k
        return -1

    cdef void narrow(self, Mixture *mixture, const Stencil *stencil):
        """Rows and columns where a stencil is that of the interior."""
        cdef Job *job = &self.job
        cdef Py_ssize_t lanes = job.lanes if stencil.axis == job.dims - 1 else 1
        cdef Py_ssize_t *inner = &mixture.inner_columns[0] if stencil.axis == job.dims - 1 else &mixture.inner_rows[0]
        if stencil.axis >= job.dims - 2:
            inner[0], inner[1] = max(inner[0], stencil.lo * lanes), min(inner[1], stencil.hi * lanes)
        mixture.rows_differ |= stencil.axis == job.dims - 2 and stencil.uneven

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
        stencil.axis, stencil.lo, stencil.hi = axis, table.lo, table.hi
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
        self.read_differences(stencil, table)
        if table.gaps is not None:
            self.read_gaps(&stencil.gaps, table.gaps)

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

    cdef int read_differences(self, Stencil *stencil, table) except -1:
        """Weights of plain differences and of single samples, as sums take them."""
        exact = table.weights / table.divisor
        lines = np.stack([exact, -exact], axis=-1)
        if stencil.uneven:
            pairs = np.stack([table.weights + table.ahead, -(table.weights + table.behind)], axis=1)
            exact = pairs.reshape(2 * stencil.terms, stencil.hi - stencil.lo).T / table.divisor
            lines = np.concatenate([exact, -exact.sum(axis=1, keepdims=True)], axis=1)
            if stencil.axis == self.job.dims - 1:
                stencil.exact_row = self.keep_weights(exact.T, stencil.axis)
                exact = np.ones(2 * stencil.terms)
        at_edges = table.edge_weights / table.edge_divisor[:, None]
        stencil.pairs = 2 * stencil.terms if stencil.uneven else stencil.terms
        stencil.exact, stencil.edge_exact = self.keep(exact, self.sample_type), self.keep(at_edges, self.sample_type)
        stencil.line = self.keep(lines, self.sample_type)
        stencil.edge_line = self.keep(np.stack([at_edges, -at_edges], axis=-1), self.sample_type)
        return 0

    cdef int read_gaps(self, Gaps *gaps, table) except -1:
        gaps.order, gaps.most = table.order, table.most
        gaps.terms, gaps.uneven = table.index.shape[1], table.positions is not None
        gaps.ghost = <const Py_ssize_t *>self.keep(table.ghosts, np.intp)
        gaps.choice = <const int *>self.keep(table.choice, np.intc)
        gaps.window = <const Py_ssize_t *>self.keep(table.window, np.intp)
        gaps.index = <const Py_ssize_t *>self.keep(table.index, np.intp)
        gaps.weight = self.keep(table.weights, self.sample_type)
        gaps.count = <const int *>self.keep(table.count, np.intc)
        divisor, division = self.divisors(table.divisor)
        gaps.divisor = self.keep(divisor, None)
        gaps.division = <const int *>self.keep(division, np.intc)
        if gaps.uneven:
            gaps.position = <const long double *>self.keep(table.positions, np.longdouble)
        elif gaps.most == 1:
            alone, pair = table.choice[1]
            gaps.pair_weight = self.keep(table.weights[pair], self.sample_type)
            gaps.pair_divisor, gaps.pair_division = self.keep(divisor[[alone, pair]], None), division[alone]
        self.job.has_constant |= (table.ghosts <= CONSTANT).any() or (table.index <= CONSTANT).any()
        return 0

    cdef int cut(self) except -1:
        """Sizes of blocks, tiles and segments."""
        cdef Job *job = &self.job
        cdef bint plain = job.reduction == STACK and job.mixtures == 0
        # Those in scratch lie in L1 beside the rows of one component, or of one sum.
        cdef int near = job.side_by_side + job.joined
        cdef Py_ssize_t block = BLOCK_BYTES if plain else REDUCED_BYTES // max(1, near)
        cdef Py_ssize_t tile_blocks, limit, quantum = 64 * job.lanes
        if job.joined and job.reduction == STACK:
            block = SUMMED_BYTES
        limit = max(512, block // job.item)
        job.block_columns = job.columns
        if job.columns > limit:  # equal pieces that begin with whole cache lines
            job.block_columns = ceiling(ceiling(job.columns, ceiling(job.columns, limit)), quantum) * quantum
        job.block_columns = max(1, job.block_columns)
        job.block_rows = min(max(1, job.rows), max(1, limit // job.block_columns))
        tile_blocks = max(1, TILE_BYTES // (job.block_columns * job.item) // job.block_rows)
        if job.planes <= 1:  # no other planes to keep near: enough tiles for all threads
            tile_blocks = min(tile_blocks, max(1, ceiling(ceiling(job.rows, job.block_rows), TILES_OF_A_PLANE)))
        job.tile_rows = min(tile_blocks * job.block_rows, max(1, job.rows))
        job.segment = min(SEGMENT_PLANES, max(1, job.planes))
        job.column_tiles = ceiling(job.columns, job.block_columns)
        job.row_tiles = ceiling(job.rows, job.tile_rows)
        job.units = job.column_tiles * job.row_tiles * ceiling(job.planes, job.segment)
        return 0

    def __call__(self, list fields, cnp.ndarray out, tuple order, bint stacked, bint fresh, int workers, share,
                 cnp.ndarray present, list arrays, tuple within=None):
        """Fill `out`.

        `order` has the axes of the fields as memory has them; `stacked` says that axis 0 of `out` counts
        components; `fresh` that it was just allocated. `share(call, helpers)` runs a call on more threads. `present`
        says which samples are there: bytes, dense in the order of memory; its plan has tables for gaps. `arrays` are
        those of mixtures, in the type of the arithmetic, axes in the order of memory, rows dense, with each number once
        per lane. `within` has the slice of each axis, in the order of memory, where results are wanted: `out` has no
        others. None: all of them.
        """
        cdef PlanCall call = PlanCall.__new__(PlanCall)
        cdef Job *job = &call.job
        cdef Layout *layouts
        cdef Py_ssize_t work = 1, share_from
        cdef int k, count = len(fields)
        memcpy(job, &self.job, sizeof(Job))
        call.plan, call.arrays = self, (fields, out, present, arrays)
        if present is not None:
            job.mask = <const unsigned char *>cnp.PyArray_DATA(present)
        if job.units == 0 or job.components == 0:
            return
        job.kernels = fg_variant_kernels(_isa, self.sample)
        job.load = job.kernels.load[self.stored]
        layouts = call.layouts = <Layout *>PyMem_Calloc(count + len(arrays), sizeof(Layout))
        if layouts == NULL:
            raise MemoryError()
        job.field, job.array = layouts, layouts + count
        job.direct, job.fields = self.native, count
        for k, field in enumerate(fields):
            lay(&layouts[k], field, order, job.dims, 0)
            job.direct &= is_plain(&layouts[k], job.dims, job.shape, job.item, job.item * job.lanes)
        for k, array in enumerate(arrays):
            lay(&layouts[count + k], array, tuple(range(len(order))), job.dims, 0)
        lay(&job.out, out, order, job.dims, stacked)
        for k in range(job.dims):
            self.want(job, k, within)
            work *= job.wanted_to[k] - job.wanted_from[k]
        work *= job.item * (count + job.parts)
        if job.half or not is_plain(&job.out, job.dims, job.shape, job.item, job.out_item):
            job.mode = STRIDED
        elif work > STREAM_BYTES and not fresh:
            job.mode = STREAMED
        else:
            job.mode = IN_PLACE
        share_from = SHARE_BYTES if job.reduction == STACK and job.mixtures == 0 else SHARE_REDUCED_BYTES
        run(call, job.units, <int>min(<Py_ssize_t>workers, work // share_from), share)

    cdef int want(self, Job *job, int axis, tuple within) except -1:
        """Take over what is wanted along an axis; results are where they would be if all were."""
        cdef int pad = job.dims - (job.dims if within is None else len(within))
        cdef Py_ssize_t lanes = job.lanes if axis == job.dims - 1 else 1
        job.wanted_from[axis], job.wanted_to[axis] = 0, job.shape[axis] * lanes
        if within is not None and axis >= pad:
            start, stop = within[axis - pad].start, within[axis - pad].stop
            job.wanted_from[axis], job.wanted_to[axis] = start * lanes, stop * lanes
            job.out.data = <char *><uintptr_t>(<uintptr_t>job.out.data - start * job.out.stride[axis])
        return 0


cdef class PlanCall(Call):
    """A plan bound to its arrays."""

    cdef Job job
    cdef Plan plan
    cdef object arrays
    cdef Layout *layouts

    def __dealloc__(self):
        PyMem_Free(self.layouts)

    cdef void *open(self) noexcept nogil:
        cdef Worker *worker = <Worker *>malloc(sizeof(Worker))
        if worker != NULL and open_worker(worker, &self.job) < 0:
            free(worker)
            return NULL
        return worker

    cdef void close(self, void *worker) noexcept nogil:
        free((<Worker *>worker).memory)
        free(worker)

    cdef void begin(self, void *worker, Py_ssize_t unit) noexcept nogil:
        begin_unit(<Worker *>worker, unit)

    cdef bint step(self, void *worker) noexcept nogil:
        cdef Worker *it = <Worker *>worker
        if it.first_plane >= it.last_plane:
            return False
        run_plane(it, it.first_plane)
        it.first_plane += 1
        return True


include "pipeline.pxi"
include "hysteresis.pxi"
