# Boxes: whether they have no zero of the gradient, or exactly one; and their halves. Included by zeros.pyx.

cdef enum:
    NEWTON_STEPS = 9

# Zeros that Newton's method has found: its last step but one, in sides of the box, at most.
cdef double CONVERGED = 1e-7
# What Krawczyk's test takes for a contraction.
cdef double CONTRACTION = 0.9


cdef struct Box:
    double low[DIMS]
    double high[DIMS]
    int depth
    double net[NET]

cdef enum Verdict:
    EMPTY, UNIQUE, OPEN

cdef struct Rules:
    int dims, size, deepest
    double margin, wider            # how far boxes, and those for bounds of Krawczyk's test, reach beyond, in sides
    double level, noise             # a range that is flat; what samples may change derivatives over a box by
    double widen[16]                # from a net to that of the wider box
    double half[2][16]              # and to those of the halves
    double half_low[2]
    double half_high[2]


cdef void newton_step(const double *net, int dims, const double *at, double *step, bint *regular) noexcept nogil:
    cdef double gradient[DIMS]
    cdef double hessian[9]
    cdef double inverse[9]
    cdef int i, j
    derivatives(net, dims, at, gradient, hessian)
    regular[0] = invert(hessian, dims, inverse)
    if regular[0]:
        for i in range(dims):
            step[i] = 0
            for j in range(dims):
                step[i] -= inverse[i * dims + j] * gradient[j]


cdef bint newton(const double *net, int dims, double *at) noexcept nogil:
    """From a first guess to the zero near it; False where steps do not come to an end."""
    cdef double step[DIMS]
    cdef double worst
    cdef bint regular, close = False
    cdef int k
    for _ in range(NEWTON_STEPS):
        for k in range(dims):
            at[k] = min(max(at[k], -0.5), 1.5)
        newton_step(net, dims, at, step, &regular)
        if not regular:
            return False
        worst = 0
        for k in range(dims):
            worst = max(worst, fabs(step[k]))
            at[k] += min(max(step[k], -1), 1)
        if close:
            return worst < CONVERGED
        close = worst < CONVERGED
    return False


cdef bint within(const double *at, int dims, double beyond) noexcept nogil:
    cdef int k
    for k in range(dims):
        if not -beyond < at[k] < 1 + beyond:
            return False
    return True


cdef Verdict krawczyk(const Rules *rules, const double *net, double side, double *at) noexcept nogil:
    """Whether a box has no zero, or exactly one, and where, in fractions of it; its side is a part of a piece's."""
    cdef int dims = rules.dims, i, j, k
    cdef double gradient[DIMS]
    cdef double hessian[9]
    cdef double inverse[9]
    cdef double centre[9]
    cdef double radius[9]
    cdef double wider[2][NET]
    cdef double low, high, entry, absolute, shift, scale, error, doubt, noise, worst = 0, stretch = 0
    cdef int source = 0
    for k in range(dims):
        at[k] = 0.5
    derivatives(net, dims, at, gradient, hessian)
    if not invert(hessian, dims, inverse):
        return OPEN
    apply(wider[0], net, rules.widen, dims, 0)
    for k in range(1, dims):
        apply(wider[1 - source], wider[source], rules.widen, dims, k)
        source = 1 - source
    scale = 1 / ((1 + 2 * rules.wider) * (1 + 2 * rules.wider))  # the wider box has longer sides
    for i in range(dims):
        for j in range(i + 1):
            second_range(wider[source], dims, i, j, &low, &high)
            centre[i * dims + j] = centre[j * dims + i] = scale * (low + high) / 2
            radius[i * dims + j] = radius[j * dims + i] = scale * (high - low) / 2
    doubt = rounding(net, rules.size)
    for i in range(dims):
        error = absolute = shift = 0
        for j in range(dims):
            entry = 1.0 if i == j else 0.0
            low = 0
            for k in range(dims):
                entry -= inverse[i * dims + k] * centre[k * dims + j]
                low += fabs(inverse[i * dims + k]) * radius[k * dims + j]
            error += fabs(entry) + low
            absolute += fabs(inverse[i * dims + j])
            shift -= inverse[i * dims + j] * gradient[j]
        if fabs(shift) - error / 2 - absolute * doubt > 0.5:
            return EMPTY
        at[i] += shift
        worst, stretch = max(worst, error), max(stretch, absolute)
    # A contraction has one zero at most, in all of the wider box. If that is beside the box, the box has none.
    # Where the noise of the samples could move it out of the box, nothing is proven of their field; nor where rounding
    # of the net, which is smooth in a piece, could move it beyond the margin, for the piece beside would not have it.
    noise = stretch * rules.noise
    if not (worst < CONTRACTION and noise < rules.wider and noise * side < rules.margin and newton(net, dims, at)):
        return OPEN
    return UNIQUE if within(at, dims, rules.margin) else EMPTY if within(at, dims, rules.wider) else OPEN


cdef inline int half_along(int which, int dims, int axis) noexcept nogil:
    """Whether it is the upper one; the last axis changes first."""
    return which >> (dims - 1 - axis) & 1


cdef void set_half(const Rules *rules, Box *half, const Box *box, const double *net, int which) noexcept nogil:
    """A part of a box, whose net is that."""
    cdef int k, upper
    cdef double side
    memcpy(half.net, net, rules.size * sizeof(double))
    anchor(half.net, rules.size)
    half.depth = box.depth + 1
    for k in range(rules.dims):
        upper = half_along(which, rules.dims, k)
        side = box.high[k] - box.low[k]
        half.low[k] = box.low[k] + rules.half_low[upper] * side
        half.high[k] = box.low[k] + rules.half_high[upper] * side


cdef Py_ssize_t split(const Rules *rules, Box *queue, Box *box, Py_ssize_t tail) noexcept nogil:
    """Halves along each axis, which overlap a little, at the end of the queue if they may have a zero."""
    cdef double part[DIMS][NET]
    cdef int dims = rules.dims, which, changed, k
    for which in range(1 << dims):
        # Axes behind the first one whose half is another than before.
        changed = dims - 1 if which > 0 else 0
        while which >> (dims - 1 - changed) & 1 == 0 and changed > 0:
            changed -= 1
        for k in range(changed, dims):
            apply(part[k], &part[k - 1][0] if k > 0 else &box.net[0], rules.half[half_along(which, dims, k)], dims, k)
        set_half(rules, queue + tail, box, part[dims - 1], which)
        if not one_sign(queue[tail].net, dims, rounding(queue[tail].net, rules.size)):
            tail += 1
    return tail


cdef Rules read_rules(rules, int dims):
    """Taken over from Python."""
    cdef Rules to
    cdef int i, j
    to.dims, to.size, to.deepest = dims, 1 << 2 * dims, rules.deepest
    to.margin, to.wider, to.level, to.noise = rules.margin, rules.wider, rules.level, rules.noise
    for i, (ends, half) in enumerate(zip(rules.half_ends, rules.halves)):
        to.half_low[i], to.half_high[i] = ends
        for j, weight in enumerate(half.flat):
            to.half[i][j] = weight
    for j, weight in enumerate(rules.widen.flat):
        to.widen[j] = weight
    return to
