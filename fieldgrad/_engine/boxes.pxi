# The walk of a flow of steps, without the GIL: one box of results at a time, each step on as much of its value as
# the steps after it ask for. Included by core.pyx.

cdef enum:
    # Rows of a filter across lines lie in L1 together.
    CHUNK_BYTES = 24 << 10
    # Samples that can be used as they are are read in place by short filters; by long ones, rows that are a power of
    # two apart would drive each other out of the caches.
    READ_IN_PLACE = 4
    FEWEST_COLUMNS = 256
    # Results are made as soon as so many of them have their rows: while they are, the next rows come.
    ROWS_AT_ONCE = 4
    MOST_OUTPUTS = 8                # of a step
    MOST_HELD = 3

cdef enum StepKind:
    LOAD, SELECT, FILTER, SLOPES, PRODUCTS, NORMS, RATIO, FRAME, ANGLE, PRINCIPAL, STORED, SUPPRESS

cdef struct Step:
    StepKind kind
    int inputs, outputs
    int end                         # of its run, which is done a line at a time; 0 if it is done by itself
    const int *input                # values; pairs of them for products, with -1 for none
    const int *output
    int axis
    fg_taps *taps                   # one for each output of a filter; of slopes as rows.h has them
    Py_ssize_t ahead, behind        # the reach of all of them
    bint periodic
    # Samples that stand for -1, -2, ..., -behind and for n, n + 1, ..., n + ahead - 1; of slopes, for -1 and n along
    # both axes.
    const Py_ssize_t *ghost
    const char *numbers             # the constant outside; weights of products; steps of a suppression; a frame
    const Py_ssize_t *reach         # of a frame, for each axis
    double number                   # what is added below, or stored besides; an angle's factor; whether all are floats

# A field to read.
cdef struct Field:
    Layout layout
    fg_load_fn load
    int swap
    Py_ssize_t item
    bint plain

cdef struct Value:
    bint fetched                    # a field that is never copied whole: filters take rows of it as they need them
    int components                  # of the results that it is, and which
    const int *component
    bint alone                      # it is one, and no step reads it: it can be made where the result is to be
    Py_ssize_t offset               # of its scratch, in bytes
    Py_ssize_t *step                # samples from line to line, for each axis: none if it has one line only
    Py_ssize_t line                 # its bytes in scratch
    int held                        # lines of a field that are converted, and stay for those after them

cdef struct Flow:
    const fg_kernels *kernels
    Py_ssize_t item
    int dims, pad, steps, values
    Py_ssize_t shape[MAX_DIMS]
    Py_ssize_t side[MAX_DIMS]       # of a box
    Py_ssize_t boxes[MAX_DIMS]
    Py_ssize_t units, scratch, most_rows    # rows that a step takes at once
    Step *step
    Value *value
    Field *field
    Layout out, mask
    bint masked
    OutMode mode
    double low, high                # thresholds
    int bounded                     # the value whose samples say how far rounding moves a magnitude, or -1
    double of_largest, of_span      # by so much times the largest one and times their range,
    double least, most              # beside which there are these,
    double besides                  # and by so much
    int lost                        # whether a magnitude was not a number
    # Who decides what is close, or NULL; whether its axes are those of memory the other way round.
    const Tie *tie
    bint turned
    int64_t close, most_close       # how many pixels there were so far, and when there are too many to go on
    int many

cdef struct Hand:
    Flow *flow
    char *memory
    char *scratch
    char *chunk                     # rows of a field, for a filter
    char *constant                  # a row of it
    Py_ssize_t *held                # for each value the lines of the field that are in its scratch
    const void **rows
    Py_ssize_t *lo                  # values x dims: where each value is needed
    Py_ssize_t *hi
    Py_ssize_t box_lo[MAX_DIMS]
    Py_ssize_t box_hi[MAX_DIMS]
    double range[2 * FG_RANGES]     # of the box's samples; see rows/pointwise.h
    Sheet *sheet                    # to decide on
    bint done


cdef Py_ssize_t NOWHERE = <Py_ssize_t>1 << (8 * sizeof(Py_ssize_t) - 2)


# ---- where values are needed ------------------------------------------------------------------------------

cdef void widen(Hand *hand, int value, int axis, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef Py_ssize_t at = value * hand.flow.dims + axis
    hand.lo[at], hand.hi[at] = min(hand.lo[at], lo), max(hand.hi[at], hi)


cdef void ask(Hand *hand, const Step *step) noexcept nogil:
    """Let a step say what it needs of its inputs for what is needed of its outputs."""
    cdef Flow *flow = hand.flow
    cdef Py_ssize_t lo, hi, n, first
    cdef int axis, k
    for axis in range(flow.dims):
        n = flow.shape[axis]
        lo, hi = hand.box_lo[axis], hand.box_hi[axis]
        if step.kind != SUPPRESS:
            first = step.output[0] * flow.dims + axis
            for k in range(1, step.outputs):
                widen(hand, step.output[0], axis, hand.lo[step.output[k] * flow.dims + axis],
                      hand.hi[step.output[k] * flow.dims + axis])
            for k in range(1, step.outputs):
                widen(hand, step.output[k], axis, hand.lo[first], hand.hi[first])
            lo, hi = hand.lo[first], hand.hi[first]
        if step.kind == FILTER and axis == step.axis:
            lo, hi = lo - step.behind, hi + step.ahead
            if not step.periodic:
                lo, hi = max(0, lo), min(n, hi)
        elif step.kind == SLOPES and axis >= flow.pad:
            lo, hi = max(0, lo - 1), min(n, hi + 1)
        for k in range(step.inputs):
            if step.input[k] < 0:
                continue
            widen(hand, step.input[k], axis, lo, hi)
            if step.kind == SUPPRESS and k == step.inputs - 1:
                widen(hand, step.input[k], axis, max(0, lo - 1), min(n, hi + 1))


cdef void begin_box(Hand *hand, Py_ssize_t unit) noexcept nogil:
    cdef Flow *flow = hand.flow
    cdef int axis, k
    for axis in reversed(range(flow.dims)):
        hand.box_lo[axis] = unit % flow.boxes[axis] * flow.side[axis]
        hand.box_hi[axis] = min(flow.shape[axis], hand.box_lo[axis] + flow.side[axis])
        unit //= flow.boxes[axis]
    for k in range(flow.values * MOST_HELD):
        hand.held[k] = -1
    for k in range(flow.values * flow.dims):
        hand.lo[k], hand.hi[k] = NOWHERE, -NOWHERE
        if flow.value[k // flow.dims].components > 0:
            hand.lo[k], hand.hi[k] = hand.box_lo[k % flow.dims], hand.box_hi[k % flow.dims]
    for k in reversed(range(flow.steps)):
        ask(hand, &flow.step[k])
    if flow.bounded >= 0:
        flow.kernels.begin_range(hand.range, flow.least, flow.most)
    hand.done = False


# ---- lines ------------------------------------------------------------------------------------------------

cdef inline void begin_lines(const Flow *flow, const Py_ssize_t *lo, Py_ssize_t *at) noexcept nogil:
    """The indices of the first sample of the first line of a region."""
    memcpy(at, lo, flow.dims * sizeof(Py_ssize_t))


cdef inline bint next_line(const Flow *flow, const Py_ssize_t *lo, const Py_ssize_t *hi, int across,
                           Py_ssize_t *at) noexcept nogil:
    """Go on to the next line of a region, if there is one; lines that differ along the axis `across` count once."""
    cdef int axis
    for axis in reversed(range(flow.dims - 1)):
        if axis != across:
            at[axis] += 1
            if at[axis] < hi[axis]:
                return True
            at[axis] = lo[axis]
    return False


cdef inline Py_ssize_t width(const Hand *hand, int value) noexcept nogil:
    cdef Py_ssize_t last = value * hand.flow.dims + hand.flow.dims - 1
    return hand.hi[last] - hand.lo[last]


cdef inline char *sample(const Hand *hand, int value, const Py_ssize_t *at) noexcept nogil:
    """A value's sample in scratch."""
    cdef Flow *flow = hand.flow
    cdef const Py_ssize_t *lo = hand.lo + value * flow.dims
    cdef const Py_ssize_t *step = flow.value[value].step
    cdef Py_ssize_t offset = at[flow.dims - 1] - lo[flow.dims - 1]
    cdef int axis
    # There are two axes at least before the last. As a loop this would be vectorised, and wait for `at` to be written.
    offset += (at[0] - lo[0]) * step[0] + (at[1] - lo[1]) * step[1]
    for axis in range(2, flow.dims - 1):
        offset += (at[axis] - lo[axis]) * step[axis]
    return hand.scratch + flow.value[value].offset + offset * flow.item


cdef inline Py_ssize_t pitch(const Hand *hand, int value, int axis) noexcept nogil:
    """Bytes from a line of a value to the next one along an axis."""
    return hand.flow.value[value].step[axis] * hand.flow.item


cdef inline Py_ssize_t modulo(Py_ssize_t i, Py_ssize_t n) noexcept nogil:
    if 0 <= i < n:
        return i
    i %= n
    return i + n if i < 0 else i


cdef char *stored_line(const Flow *flow, const Layout *layout, const Py_ssize_t *at) noexcept nogil:
    """Where the line through a sample begins in an array; lines beyond its ends are those of a periodic one."""
    cdef char *data = layout.data
    cdef int axis
    for axis in range(flow.dims - 1):
        data += modulo(at[axis], flow.shape[axis]) * layout.stride[axis]
    return data


cdef void fetch(const Flow *flow, const Field *field, const Py_ssize_t *at, Py_ssize_t first, Py_ssize_t n,
                char *dst) noexcept nogil:
    """Convert samples first ... first + n - 1 of the line through `at`."""
    cdef Py_ssize_t columns = flow.shape[flow.dims - 1], stride = field.layout.stride[flow.dims - 1], column, count
    cdef const char *line = stored_line(flow, &field.layout, at)
    while n > 0:
        column = modulo(first, columns)
        count = min(n, columns - column)
        field.load(dst, line + column * stride, stride, count, 1, field.swap)
        dst += count * flow.item
        first += count
        n -= count


cdef inline void bound(Hand *hand, int value, const char *row, Py_ssize_t n) noexcept nogil:
    """Take note of a row of the samples that errors depend on."""
    if value == hand.flow.bounded:
        hand.flow.kernels.extend_range(hand.range, row, n)


cdef double error_in_box(const Hand *hand) noexcept nogil:
    """How far rounding moves a magnitude there."""
    cdef const Flow *flow = hand.flow
    cdef double least, most
    if flow.bounded < 0:
        return 0
    flow.kernels.end_range(hand.range, &least, &most)
    if flow.of_largest == INFINITY or least > most:
        return flow.of_largest
    return flow.of_largest * max(most, -least) + flow.of_span * (most - least) + flow.besides


# ---- filters ----------------------------------------------------------------------------------------------

cdef Py_ssize_t ghost(const Step *step, Py_ssize_t i, Py_ssize_t n) noexcept nogil:
    """The sample that stands for index i."""
    if 0 <= i < n or step.periodic:
        return i
    return step.ghost[-1 - i] if i < 0 else step.ghost[step.behind + i - n]


cdef void set_constant(Hand *hand, const Step *step, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(n):
        memcpy(hand.constant + j * hand.flow.item, step.numbers, hand.flow.item)


cdef void filter_across(Hand *hand, const Step *step) noexcept nogil:
    """Filters along an axis other than the last: whole rows, a chunk of columns at a time."""
    cdef Flow *flow = hand.flow
    cdef int axis = step.axis, last = flow.dims - 1, parent = step.input[0], k
    cdef const Py_ssize_t *lo = hand.lo + step.output[0] * flow.dims
    cdef const Py_ssize_t *hi = hand.hi + step.output[0] * flow.dims
    cdef Py_ssize_t first = lo[axis], count = hi[axis] - first, reads = step.behind + count + step.ahead
    cdef Py_ssize_t together = min(count, ROWS_AT_ONCE), near = step.behind + together + step.ahead
    cdef Py_ssize_t chunk = max(64, CHUNK_BYTES // (near * flow.item) // 64 * 64)
    cdef Py_ssize_t apart = chunk * flow.item + 64  # an odd number of lines, or rows would share their places in L1
    cdef Py_ssize_t at[MAX_DIMS]
    cdef Py_ssize_t base = 0 if flow.value[parent].fetched else hand.lo[parent * flow.dims + axis], row_step
    cdef Py_ssize_t column, n, m, i, ready, done
    cdef const char *row
    cdef const Field *field = &flow.field[parent]
    cdef bint fetched = flow.value[parent].fetched
    cdef bint in_place = (fetched and field.plain and parent != flow.bounded
                          and step.behind + step.ahead <= READ_IN_PLACE
                          and lo[last] >= 0 and hi[last] <= flow.shape[last])
    cdef bint constant_set = False
    if in_place:
        chunk = max(chunk, FEWEST_COLUMNS)
    row_step = field.layout.stride[axis] if in_place else 0 if fetched else pitch(hand, parent, axis)
    begin_lines(flow, lo, at)
    while True:
        column = lo[last]
        while column < hi[last]:
            n = min(chunk, hi[last] - column)
            at[last], at[axis] = column, base
            row = NULL
            if in_place:
                row = stored_line(flow, &field.layout, at) + column * flow.item
            elif not fetched:
                row = sample(hand, parent, at)
            done = 0
            for m in range(reads):
                i = ghost(step, first - step.behind + m, flow.shape[axis])
                if i == CONSTANT and not step.periodic:
                    if not constant_set:
                        set_constant(hand, step, min(chunk, hi[last] - lo[last]))
                        constant_set = True
                    hand.rows[m] = hand.constant
                elif in_place:
                    hand.rows[m] = row + modulo(i, flow.shape[axis]) * row_step
                elif fetched:
                    at[axis] = i
                    hand.rows[m] = hand.chunk + m % near * apart
                    fetch(flow, field, at, column, n, <char *>hand.rows[m])
                    bound(hand, parent, <const char *>hand.rows[m], n)
                    # A few lines here, a few of the row below: what no hardware foresees.
                    fg_ask_for(stored_line(flow, &field.layout, at), column + n, n, flow.shape[last],
                               field.layout.stride[last])
                else:
                    hand.rows[m] = row + (i - base) * row_step
                ready = m + 1 - step.behind - step.ahead
                if ready - done >= together or (ready == count and ready > done):
                    at[axis] = first + done
                    for k in range(step.outputs):
                        flow.kernels.filter(sample(hand, step.output[k], at), flow.value[step.output[k]].step[axis],
                                            hand.rows + step.behind + done, ready - done, &step.taps[k], n)
                    done = ready
            column += n
        at[last] = lo[last]
        if not next_line(flow, lo, hi, axis, at):
            return


cdef void fill_margins(Hand *hand, const Step *step, char *row, Py_ssize_t first, Py_ssize_t end) noexcept nogil:
    """Put ghosts before and after a row's samples, which are first ... end - 1; scratch has room for them. There are
    ghosts at the ends of the axis only."""
    cdef Flow *flow = hand.flow
    cdef Py_ssize_t value = step.output[0] * flow.dims + flow.dims - 1
    cdef Py_ssize_t before = first - (hand.lo[value] - step.behind), after = hand.hi[value] + step.ahead - end
    cdef char *zero = row - first * flow.item  # where sample 0 would be
    if before > 0:
        flow.kernels.stand_in(row - flow.item, -1, zero, step.ghost, before, step.numbers)
    if after > 0:
        flow.kernels.stand_in(zero + end * flow.item, 1, zero, step.ghost + step.behind, after, step.numbers)


cdef void filter_line(Hand *hand, const Step *step, Py_ssize_t *at, Py_ssize_t n, char **out) noexcept nogil:
    """Filters along the last axis: the rows are one row, shifted."""
    cdef Flow *flow = hand.flow
    cdef int last = flow.dims - 1, parent = step.input[0], k
    cdef Py_ssize_t first = at[last], m
    cdef Py_ssize_t parent_lo = hand.lo[parent * flow.dims + last], parent_hi = hand.hi[parent * flow.dims + last]
    cdef char *row
    at[last] = parent_lo
    row = sample(hand, parent, at)
    at[last] = first
    if not step.periodic:
        fill_margins(hand, step, row, parent_lo, parent_hi)
    for m in range(step.behind + 1 + step.ahead):
        hand.rows[m] = row + (first - step.behind + m - parent_lo) * flow.item
    for k in range(step.outputs):
        flow.kernels.filter(out[k], 0, hand.rows + step.behind, 1, &step.taps[k], n)


cdef char *held_line(Hand *hand, int value, Py_ssize_t *at, Py_ssize_t i) noexcept nogil:
    """Where line i of a field begins that was converted, or is now."""
    cdef Flow *flow = hand.flow
    cdef const Value *it = &flow.value[value]
    cdef int last = flow.dims - 1, slot = <int>(i % it.held)
    cdef char *data = hand.scratch + it.offset + slot * it.line
    cdef Py_ssize_t *held = hand.held + value * MOST_HELD + slot
    cdef Py_ssize_t here = at[last - 1]
    if held[0] != i:
        held[0] = i
        at[last - 1] = i
        fetch(flow, &flow.field[value], at, hand.lo[value * flow.dims + last], width(hand, value), data)
        bound(hand, value, data, width(hand, value))
        at[last - 1] = here
    return data


cdef void slopes_line(Hand *hand, const Step *step, Py_ssize_t *at, Py_ssize_t n, char **out) noexcept nogil:
    """One line of both components and of their norm, from three lines."""
    cdef Flow *flow = hand.flow
    cdef int last = flow.dims - 1, parent = step.input[0], k
    cdef Py_ssize_t here = at[last - 1], first = at[last], i
    cdef Py_ssize_t parent_lo = hand.lo[parent * flow.dims + last], parent_hi = hand.hi[parent * flow.dims + last]
    cdef Py_ssize_t done = 0, m
    cdef const char *coming = NULL
    cdef char *row
    at[last] = parent_lo
    for k in range(3):
        i = here + k - 1
        if not 0 <= i < flow.shape[last - 1]:
            i = step.ghost[0 if i < 0 else 1]
        if flow.value[parent].fetched:
            row = held_line(hand, parent, at, i)
        else:
            at[last - 1] = i
            row = sample(hand, parent, at)
            at[last - 1] = here
        if parent_lo == first:
            flow.kernels.stand_in(row - flow.item, -1, row, step.ghost + 2, 1, NULL)
        if parent_hi == first + n:
            flow.kernels.stand_in(row + (parent_hi - parent_lo) * flow.item, 1, row - parent_lo * flow.item,
                                  step.ghost + 3, 1, NULL)
        hand.rows[k] = row + (first - parent_lo) * flow.item
    at[last] = first
    if flow.value[parent].fetched and here + 2 < flow.shape[last - 1]:
        coming = stored_line(flow, &flow.field[parent].layout, at) + 2 * flow.field[parent].layout.stride[last - 1]
    while done < n:
        m = min(FG_SLOPES, n - done)
        if coming != NULL:  # the line that will be the last one of three
            fg_ask_for(coming, first + done, m, flow.shape[last], flow.field[parent].layout.stride[last])
        flow.kernels.slopes(out[0] + done * flow.item, out[1] + done * flow.item, out[2] + done * flow.item, hand.rows,
                            step.taps, m)
        for k in range(3):
            hand.rows[k] = <const char *>hand.rows[k] + m * flow.item
        done += m


# ---- the other steps --------------------------------------------------------------------------------------

cdef void divide_by_frame(Hand *hand, const Step *step, const Py_ssize_t *at, char *row, Py_ssize_t n) noexcept nogil:
    """Divide a row by a table that is constant except near the ends of each axis, where it has a sample for each."""
    cdef Flow *flow = hand.flow
    cdef int last = flow.dims - 1, axis
    cdef Py_ssize_t offset = 0, i, j = 0, size, reach = step.reach[last], columns = flow.shape[last], many
    cdef const char *table
    for axis in range(last):
        size = min(flow.shape[axis], 2 * step.reach[axis] + 1)
        offset = offset * size + in_frame(at[axis], flow.shape[axis], step.reach[axis])
    table = step.numbers + offset * min(columns, 2 * reach + 1) * flow.item
    while j < n:
        i = at[last] + j
        many = 1
        if reach <= i < columns - reach:
            many = min(n - j, columns - reach - i)
        flow.kernels.divide(row + j * flow.item, table + in_frame(i, columns, reach) * flow.item, many)
        j += many


cdef inline Py_ssize_t in_frame(Py_ssize_t i, Py_ssize_t n, Py_ssize_t reach) noexcept nogil:
    """Where sample i of n is in a frame's table: all that are `reach` from both ends share one place."""
    if n <= 2 * reach + 1 or i < reach:
        return i
    return reach if i < n - reach else i - n + 2 * reach + 1


cdef void combine_line(Hand *hand, const Step *step, const Py_ssize_t *at, Py_ssize_t n, char **out) noexcept nogil:
    """Steps that need nothing but the same sample of their inputs."""
    cdef Flow *flow = hand.flow
    cdef const void **row = hand.rows
    cdef int k
    for k in range(step.inputs):
        row[k] = sample(hand, step.input[k], at) if step.input[k] >= 0 else NULL
    if step.kind == LOAD:
        fetch(flow, &flow.field[step.output[0]], at, at[flow.dims - 1], n, out[0])
    elif step.kind == SELECT:
        flow.kernels.select(out[0], row[0], row[1], n)
    elif step.kind == PRODUCTS:
        flow.kernels.products(out[0], row, row + step.inputs // 2, step.numbers, step.inputs // 2, n)
    elif step.kind == NORMS:
        flow.kernels.norm(out[0], <void **>row, step.inputs, 1, n, NULL)
    elif step.kind == RATIO:
        flow.kernels.ratio(out[0], row[0], row[1], step.number, n)
    elif step.kind == FRAME:
        divide_by_frame(hand, step, at, out[0], n)
    elif step.kind == ANGLE:
        flow.kernels.angle(out[0], row[0], row[1], step.number, n)
    elif step.kind == PRINCIPAL:
        flow.kernels.principal(out[0], <void **>(out + 1), row, step.outputs - 1, n)
    elif step.kind == STORED:
        flow.kernels.as_floats(out[0], row[0], row[1] if step.inputs > 1 else NULL, step.number, n)
    bound(hand, step.output[0], out[0], n)


cdef void suppress(Hand *hand, const Step *step) noexcept nogil:
    """Write which samples of the box are edges; those on the rim of the field never are."""
    cdef Flow *flow = hand.flow
    cdef int dims = flow.dims - flow.pad, last = flow.dims - 1, magnitude = step.inputs - 1, axis, k
    cdef Py_ssize_t line[MAX_DIMS]
    cdef Py_ssize_t at[MAX_DIMS]
    cdef const void *gradient[3]
    cdef Py_ssize_t first, end, j, stride = flow.mask.stride[last]
    cdef Py_ssize_t row_step = pitch(hand, step.input[magnitude], last - 1)
    cdef Py_ssize_t plane_step = pitch(hand, step.input[magnitude], last - 2)
    cdef const char *here
    cdef unsigned char *out
    cdef const char *mask
    cdef bint rim, more = True
    cdef double error = error_in_box(hand)
    begin_lines(flow, hand.box_lo, line)
    while more:
        memcpy(at, line, sizeof(at))
        more = next_line(flow, hand.box_lo, hand.box_hi, -1, line)
        out = <unsigned char *>stored_line(flow, &flow.out, at) + at[last]
        first, end = hand.box_lo[last], hand.box_hi[last]
        rim = False
        for axis in range(flow.pad, last):
            rim |= at[axis] == 0 or at[axis] == flow.shape[axis] - 1
        if rim:
            memset(out, 0, end - first)
            continue
        if first == 0:
            out[0] = 0
            first = 1
        if end == flow.shape[last]:
            out[end - 1 - hand.box_lo[last]] = 0
            end -= 1
        if first >= end:
            continue
        at[last] = first
        for k in range(dims):
            gradient[k] = sample(hand, step.input[k], at)
        here = sample(hand, step.input[magnitude], at)
        for k in range(3):
            hand.rows[k] = here + (k - 1) * row_step
        if dims == 3:
            for k in range(9):
                hand.rows[k] = here + (k % 3 - 1) * row_step + (k // 3 - 1) * plane_step
        out += first - hand.box_lo[last]
        if flow.kernels.suppress(out, gradient, hand.rows, step.numbers, dims, flow.low, flow.high, error,
                                 step.number != 0, end - first):
            fg_raise(&flow.lost)
        if flow.masked:
            mask = stored_line(flow, &flow.mask, at) + first * stride
            for j in range(end - first):
                if mask[j * stride] == 0:
                    out[j] = 0


cdef void settle(Hand *hand) noexcept nogil:
    """Decide what is close in the box, while its samples are near."""
    cdef Flow *flow = hand.flow
    cdef int last = flow.dims - 1
    cdef Py_ssize_t at[MAX_DIMS]
    cdef unsigned char *mark
    cdef unsigned char *end
    begin_lines(flow, hand.box_lo, at)
    while True:
        mark = <unsigned char *>stored_line(flow, &flow.out, at) + hand.box_lo[last]
        end = mark + hand.box_hi[last] - hand.box_lo[last]
        while True:
            mark = <unsigned char *>memchr(mark, FG_CLOSE, end - mark)
            if mark == NULL:
                break
            if fg_draw(&flow.close) >= flow.most_close:
                fg_raise(&flow.many)
                return
            at[last] = hand.box_hi[last] - (end - mark)
            if flow.turned:
                surround(flow.tie, hand.sheet, at[last], at[last - 1])
            else:
                surround(flow.tie, hand.sheet, at[last - 1], at[last])
            mark[0] = decided(flow.tie, hand.sheet.smooth)
            mark += 1
        at[last] = hand.box_lo[last]
        if not next_line(flow, hand.box_lo, hand.box_hi, -1, at):
            return


# ---- results ----------------------------------------------------------------------------------------------

cdef inline char *result_line(const Hand *hand, int component, const Py_ssize_t *at) noexcept nogil:
    cdef Flow *flow = hand.flow
    cdef int last = flow.dims - 1
    return (stored_line(flow, &flow.out, at) + component * flow.out.component
            + hand.box_lo[last] * flow.out.stride[last])


cdef void write_line(const Hand *hand, const Value *value, const char *row, const Py_ssize_t *at) noexcept nogil:
    """Write the box's part of a line of samples, which begins at `row`."""
    cdef Flow *flow = hand.flow
    cdef int last = flow.dims - 1, k
    cdef Py_ssize_t n = hand.box_hi[last] - hand.box_lo[last]
    cdef char *dst
    for k in range(value.components):
        dst = result_line(hand, value.component[k], at)
        if flow.mode == STREAMED:
            flow.kernels.stream(dst, row, n * flow.item, NULL)
        elif flow.mode == IN_PLACE:
            memcpy(dst, row, n * flow.item)
        else:
            flow.kernels.store(dst, flow.out.stride[last], row, n, 1)


cdef void write_results(Hand *hand, const Step *step) noexcept nogil:
    """Write what a step has made that is a result."""
    cdef Flow *flow = hand.flow
    cdef Py_ssize_t at[MAX_DIMS]
    cdef int k
    for k in range(step.outputs):
        if flow.value[step.output[k]].components > 0:
            begin_lines(flow, hand.box_lo, at)
            write_line(hand, &flow.value[step.output[k]], sample(hand, step.output[k], at), at)
            while next_line(flow, hand.box_lo, hand.box_hi, -1, at):
                write_line(hand, &flow.value[step.output[k]], sample(hand, step.output[k], at), at)


# ---- steps line by line -----------------------------------------------------------------------------------

cdef inline bint within(const Py_ssize_t *lo, const Py_ssize_t *hi, int axes, const Py_ssize_t *at) noexcept nogil:
    cdef int axis
    for axis in range(axes):
        if not lo[axis] <= at[axis] < hi[axis]:
            return False
    return True


cdef void make_line(Hand *hand, const Step *step, Py_ssize_t *at, bint in_box) noexcept nogil:
    """One line of what a step makes; if it is a result, write it."""
    cdef Flow *flow = hand.flow
    cdef int last = flow.dims - 1, k
    cdef Py_ssize_t first = hand.lo[step.output[0] * flow.dims + last], n = width(hand, step.output[0])
    cdef const Value *value
    cdef char *out[MOST_OUTPUTS]
    at[last] = first
    for k in range(step.outputs):
        value = &flow.value[step.output[k]]
        if value.alone and flow.mode == IN_PLACE:
            out[k] = result_line(hand, value.component[0], at)
        else:
            out[k] = sample(hand, step.output[k], at)
    if step.kind == FILTER:
        filter_line(hand, step, at, n, out)
    elif step.kind == SLOPES:
        slopes_line(hand, step, at, n, out)
    else:
        combine_line(hand, step, at, n, out)
    for k in range(step.outputs):
        value = &flow.value[step.output[k]]
        if in_box and not (value.alone and flow.mode == IN_PLACE):
            write_line(hand, value, out[k] + (hand.box_lo[last] - first) * flow.item, at)


cdef void make_lines(Hand *hand, int begin, int end) noexcept nogil:
    """Steps that need of their inputs the same line only, or lines that are there, a line at a time: what one makes is
    in L1 when the next one reads it."""
    cdef Flow *flow = hand.flow
    cdef Py_ssize_t lo[MAX_DIMS]
    cdef Py_ssize_t hi[MAX_DIMS]
    cdef Py_ssize_t at[MAX_DIMS]
    cdef int last = flow.dims - 1, axis, k, value, corner
    for axis in range(last):
        lo[axis], hi[axis] = NOWHERE, -NOWHERE
        for k in range(begin, end):
            corner = flow.step[k].output[0] * flow.dims + axis
            lo[axis], hi[axis] = min(lo[axis], hand.lo[corner]), max(hi[axis], hand.hi[corner])
    lo[last] = 0
    begin_lines(flow, lo, at)
    while True:
        for k in range(begin, end):
            value = flow.step[k].output[0]
            corner = value * flow.dims
            if not flow.value[value].fetched and within(hand.lo + corner, hand.hi + corner, last, at):
                make_line(hand, &flow.step[k], at, within(hand.box_lo, hand.box_hi, last, at))
        if not next_line(flow, lo, hi, -1, at):
            return


# ---- a box ------------------------------------------------------------------------------------------------

cdef void run_box(Hand *hand) noexcept nogil:
    cdef Flow *flow = hand.flow
    cdef int k = 0
    while k < flow.steps:
        if flow.step[k].end > 0:
            make_lines(hand, k, flow.step[k].end)
            k = flow.step[k].end
            continue
        if flow.step[k].kind == SUPPRESS:
            suppress(hand, &flow.step[k])
            if flow.tie != NULL:
                settle(hand)
        else:
            filter_across(hand, &flow.step[k])
            write_results(hand, &flow.step[k])
        k += 1
    hand.done = True


cdef int open_hand(Hand *hand, Flow *flow) noexcept nogil:
    """Scratch for one thread, in one piece."""
    cdef Py_ssize_t rows = whole_lines(flow.most_rows * <Py_ssize_t>sizeof(void *))
    # The columns of a chunk fill CHUNK_BYTES, but for the fewest that there may be.
    cdef Py_ssize_t constant = whole_lines(max(CHUNK_BYTES, FEWEST_COLUMNS * flow.item))
    cdef Py_ssize_t held = whole_lines(flow.values * MOST_HELD * <Py_ssize_t>sizeof(Py_ssize_t))
    cdef Py_ssize_t chunk = whole_lines(CHUNK_BYTES + flow.most_rows * (FEWEST_COLUMNS * flow.item + 64))
    cdef Py_ssize_t corners, table
    corners = whole_lines(flow.values * flow.dims * <Py_ssize_t>sizeof(Py_ssize_t))
    table = flow.scratch + chunk + constant + rows + held + 2 * corners
    hand.flow = flow
    hand.memory = <char *>malloc(table + 64)
    if hand.memory == NULL:
        return -1
    hand.scratch = <char *>whole_lines(<Py_ssize_t>hand.memory)
    hand.chunk = hand.scratch + flow.scratch
    hand.constant = hand.chunk + chunk
    hand.rows = <const void **>(hand.constant + constant)
    hand.held = <Py_ssize_t *>(<char *>hand.rows + rows)
    hand.lo = <Py_ssize_t *>(<char *>hand.held + held)
    hand.hi = <Py_ssize_t *>(<char *>hand.lo + corners)
    hand.sheet = NULL if flow.tie == NULL else new_sheet(flow.tie)
    if flow.tie != NULL and hand.sheet == NULL:
        free(hand.memory)
        return -1
    return 0


cdef void close_hand(Hand *hand) noexcept nogil:
    free(hand.sheet)
    free(hand.memory)
