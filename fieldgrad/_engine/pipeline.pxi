# Flows as Python sees them. Included by core.pyx.

STEP_KINDS = {
    "load": LOAD, "select": SELECT, "filter": FILTER, "slopes": SLOPES, "products": PRODUCTS, "norm": NORMS,
    "ratio": RATIO, "frame": FRAME, "angle": ANGLE, "principal": PRINCIPAL, "stored": STORED, "suppress": SUPPRESS,
}


cdef class Pipeline:
    """A flow of steps, cut into boxes: everything of a call that does not depend on where its arrays are.

    Parameters
    ----------
    shape, side : tuple of int
        Of the field and of a box, axes in the order of memory.
    sample : {0, 1}
        Arithmetic in float or double.
    stored : tuple of (int, bool)
        For each field its kind of numbers, and whether they have foreign byte order.
    steps : list of Step
        As `fieldgrad.stages` describes them, axes in the order of memory.
    values : list of Value
        As `fieldgrad.stages` describes them.
    scratch : int
        Samples of scratch.
    most_rows : int
        Rows that a step takes at once.
    """

    cdef Flow flow
    cdef list kept
    cdef tuple fields
    cdef object stored
    cdef int sample
    cdef bint suppresses
    cdef int bounded

    def __cinit__(self, tuple shape, tuple side, int sample, stored, list steps, list values, scratch,
                  most_rows):
        cdef Flow *flow = &self.flow
        cdef int k, axis, pad = max(0, 3 - <int>len(shape))
        self.kept, self.sample, self.stored = [], sample, stored
        flow.item = 4 if sample == 0 else 8
        flow.pad, flow.dims = pad, pad + len(shape)
        flow.units = 1
        for axis in range(flow.dims):
            flow.shape[axis] = 1 if axis < pad else shape[axis - pad]
            flow.side[axis] = 1 if axis < pad else side[axis - pad]
            flow.boxes[axis] = ceiling(flow.shape[axis], flow.side[axis])
            flow.units *= flow.boxes[axis]
        flow.most_rows = most_rows
        flow.scratch = whole_lines(scratch * flow.item)
        flow.values, flow.steps = len(values), len(steps)
        self.fields = tuple(value.field for value in values)
        flow.value = <Value *>self.room(flow.values * sizeof(Value))
        for k, value in enumerate(values):
            self.place(&flow.value[k], value)
        flow.step = <Step *>self.room(flow.steps * sizeof(Step))
        for k, step in enumerate(steps):
            self.read(&flow.step[k], step)
            if step.kind == "suppress":
                self.suppresses, self.bounded = True, step.bounded

    cdef char *room(self, size_t size):
        """Zeroed memory that lives as long as this."""
        return <char *>self.keep(np.zeros(size + 1, np.uint8), np.uint8)

    cdef const char *keep(self, values, dtype):
        array = np.ascontiguousarray(values, dtype)
        self.kept.append(array)
        return <const char *>cnp.PyArray_DATA(array)

    cdef int place(self, Value *to, value) except -1:
        """Take a value over from Python. Each line begins with a whole cache line."""
        cdef Flow *flow = &self.flow
        cdef Py_ssize_t line = 64 // flow.item, step = value.room[len(value.room) - 1]
        cdef int axis
        steps = np.zeros(flow.dims, np.intp)
        for axis in reversed(range(flow.dims - 1 if len(value.room) > 1 else 0)):
            steps[axis] = step
            step *= value.room[axis - flow.pad] if axis >= flow.pad else 1
        to.step = <Py_ssize_t *>self.keep(steps, np.intp)
        to.offset = (value.offset + ceiling(value.margin, line) * line) * flow.item
        to.line, to.held, to.fetched = value.room[len(value.room) - 1] * flow.item, value.held, value.fetched
        to.components, to.alone = len(value.components), value.alone
        to.component = <const int *>self.keep(value.components, np.intc)
        return 0

    cdef int read(self, Step *to, step) except -1:
        """Take a step over from Python."""
        cdef int k
        to.kind = STEP_KINDS[step.kind]
        to.inputs, to.outputs = len(step.inputs), len(step.outputs)
        if to.outputs > MOST_OUTPUTS:
            raise ValueError(f"a step makes at most {MOST_OUTPUTS} values, got {to.outputs}")
        to.input = <const int *>self.keep(step.inputs, np.intc)
        to.output = <const int *>self.keep(step.outputs, np.intc)
        to.number, to.end = step.number, step.end
        to.numbers = self.keep(step.numbers, np.dtype("fd"[self.sample]))
        to.reach = <const Py_ssize_t *>self.keep((0,) * self.flow.pad + tuple(step.reach), np.intp)
        if step.kind not in ("filter", "slopes"):
            return 0
        to.axis = self.flow.pad + step.axis
        to.behind, to.ahead, to.periodic = step.behind, step.ahead, step.periodic
        to.ghost = <const Py_ssize_t *>self.keep(step.ghosts, np.intp)
        to.taps = <fg_taps *>self.room(len(step.taps) * sizeof(fg_taps))
        for k, taps in enumerate(step.taps):
            to.taps[k].weights = self.keep((taps.centre or 0.0, *taps.weights), np.dtype("fd"[self.sample]))
            to.taps[k].pairs = len(taps.weights)
            to.taps[k].centred, to.taps[k].odd = taps.centre is not None, taps.odd
            to.taps[k].ahead, to.taps[k].behind = taps.ahead, taps.behind
        return 0

    def __call__(self, list fields, cnp.ndarray out, tuple order, bint stacked, bint fresh, int workers, share,
                 mask=None, low=0.0, high=0.0, bound=None, Referee referee=None, most_close=0):
        """Fill `out`; see `Plan`. A suppression takes a mask (of bytes, zero where no edge may be), thresholds, how far
        rounding moves a magnitude (`fieldgrad._close.Bound`), and who decides about pixels that are too close for that,
        if there are no more than `most_close`. Returns whether a magnitude was not a number, and whether there were
        more: then there is no result."""
        cdef PipelineCall call = PipelineCall.__new__(PipelineCall)
        cdef Flow *flow = &call.flow
        cdef Field *field
        cdef Py_ssize_t work
        cdef int k
        memcpy(flow, &self.flow, sizeof(Flow))
        call.pipeline, call.arrays = self, (fields, out, mask, referee)
        if flow.units == 0:
            return False, False
        flow.kernels = fg_variant_kernels(_isa, self.sample)
        table = np.zeros(max(1, flow.values) * sizeof(Field), np.uint8)
        call.table = table
        flow.field = <Field *>cnp.PyArray_DATA(table)
        for k, number in enumerate(self.fields):
            if number is None:
                continue
            field = &flow.field[k]
            kind, swap = self.stored[number]
            field.load, field.swap = flow.kernels.load[<int>kind], swap
            lay(&field.layout, fields[number], order, flow.dims, 0)
            field.plain = (not swap and kind == FG_F32 + self.sample
                           and is_plain(&field.layout, flow.dims, flow.shape, flow.item, flow.item))
        lay(&flow.out, out, order, flow.dims, stacked)
        if mask is not None:
            lay(&flow.mask, mask, order, flow.dims, 0)
            flow.masked = True
        flow.low, flow.high, flow.bounded = low, high, -1
        if bound is not None:
            flow.bounded = self.bounded
            flow.of_largest, flow.of_span, flow.least, flow.most, flow.besides = bound
        if referee is not None:
            call.tie = referee.tie
            call.tie.low, call.tie.high = low, high
            flow.tie, flow.turned, flow.most_close = &call.tie, order == (1, 0), most_close
        work = (<object>out).nbytes
        if self.suppresses:
            flow.mode = IN_PLACE
        elif not is_plain(&flow.out, flow.dims, flow.shape, flow.item, flow.item):
            flow.mode = STRIDED
        else:
            flow.mode = STREAMED if work > STREAM_BYTES and not fresh else IN_PLACE
        run(call, flow.units, workers if work * (1 + flow.steps) > SHARE_REDUCED_BYTES else 1, share)
        return bool(flow.lost), bool(flow.many)


cdef class PipelineCall(Call):
    """A pipeline bound to its arrays."""

    cdef Flow flow
    cdef Tie tie
    cdef Pipeline pipeline
    cdef object arrays, table

    cdef void *open(self) noexcept nogil:
        cdef Hand *hand = <Hand *>malloc(sizeof(Hand))
        if hand != NULL and open_hand(hand, &self.flow) < 0:
            free(hand)
            return NULL
        return hand

    cdef void close(self, void *worker) noexcept nogil:
        close_hand(<Hand *>worker)
        free(worker)

    cdef void begin(self, void *worker, Py_ssize_t unit) noexcept nogil:
        begin_box(<Hand *>worker, unit)

    cdef bint step(self, void *worker) noexcept nogil:
        if (<Hand *>worker).done:
            return False
        run_box(<Hand *>worker)
        if fg_peek(&self.flow.many):
            fg_raise(&self.stopped)
        return True
