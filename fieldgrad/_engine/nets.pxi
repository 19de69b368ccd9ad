# Nets: polynomials on a box by their coefficients in the Bernstein basis, which bound them. Included by zeros.pyx.

cdef enum:
    DIMS = 3                        # of fields, at most
    NET = 64
    NET_PER_LINE = 16

cdef double EPSILON = 2.0**-52
# Hessians whose determinant, relative to their largest entry, is smaller are singular.
cdef double SINGULAR = 1e-12


cdef inline void weigh(double *out, const double *net, const double *m, int outer, int inner) noexcept nogil:
    cdef int o, i, j
    cdef const double *a
    for o in range(outer):
        a = net + 4 * o * inner
        for j in range(4):
            for i in range(inner):
                out[(4 * o + j) * inner + i] = (m[4 * j] * a[i] + m[4 * j + 1] * a[inner + i]) \
                    + (m[4 * j + 2] * a[2 * inner + i] + m[4 * j + 3] * a[3 * inner + i])


cdef void apply(double *out, const double *net, const double *m, int dims, int axis) noexcept nogil:
    """A 4 x 4 matrix along an axis of a net."""
    # Sizes that the compiler knows are twice as fast.
    cdef int behind = dims - 1 - axis
    if dims == 3:
        if behind == 2:
            weigh(out, net, m, 1, 16)
        elif behind == 1:
            weigh(out, net, m, 4, 4)
        else:
            weigh(out, net, m, 16, 1)
    else:
        weigh(out, net, m, 1 << 2 * axis, 1 << 2 * behind)


cdef void anchor(double *net, int size) noexcept nogil:
    """Without the constant, whose rounding would hide what is left of the gradient in small boxes."""
    cdef double first = net[0]
    cdef int i
    for i in range(size):
        net[i] -= first


cdef double largest(const double *net, int size) noexcept nogil:
    cdef double most = 0
    cdef int i
    for i in range(size):
        most = max(most, fabs(net[i]))
    return most


cdef inline double rounding(const double *net, int size) noexcept nogil:
    """What arithmetic may have changed a derivative by, at most."""
    return 64 * EPSILON * largest(net, size)


cdef double extent(const double *net, int size) noexcept nogil:
    cdef double low = net[0], high = net[0]
    cdef int i
    for i in range(size):
        low, high = min(low, net[i]), max(high, net[i])
    return high - low


cdef inline void slope_range(const double *net, int outer, int inner, double *low, double *high) noexcept nogil:
    cdef double slope, least = net[inner] - net[0], most = least
    cdef int o, i
    for o in range(outer):
        for i in range(3 * inner):
            slope = net[(4 * o + 1) * inner + i] - net[4 * o * inner + i]
            least, most = min(least, slope), max(most, slope)
    low[0], high[0] = 3 * least, 3 * most


cdef bint one_sign(const double *net, int dims, double doubt) noexcept nogil:
    """Whether some component of the gradient has no zero."""
    cdef double low, high
    cdef int axis
    for axis in range(dims):
        slope_range(net, 1 << 2 * axis, 1 << 2 * (dims - 1 - axis), &low, &high)
        if low > doubt or high < -doubt:
            return True
    return False


cdef void second_range(const double *net, int dims, int i, int j, double *low, double *high) noexcept nogil:
    """Bounds of the second derivative along axes i >= j, per sides of the box."""
    cdef int shift_i = 2 * (dims - 1 - i), shift_j = 2 * (dims - 1 - j), step_i = 1 << shift_i, step_j = 1 << shift_j
    cdef int last_i = 1 if i == j else 2, factor = 6 if i == j else 9, at
    cdef double value, least = 1e308, most = -1e308
    for at in range(1 << 2 * dims):
        if at >> shift_i & 3 <= last_i and at >> shift_j & 3 <= 2:
            value = factor * ((net[at + step_i + step_j] - net[at + step_i]) - (net[at + step_j] - net[at]))
            least, most = min(least, value), max(most, value)
    low[0], high[0] = least, most


cdef void basis_at(double t, double *weights) noexcept nogil:
    """Bernstein's cubics, then their first and their second derivatives."""
    cdef double s = 1 - t
    weights[0], weights[1], weights[2], weights[3] = s * s * s, 3 * t * s * s, 3 * t * t * s, t * t * t
    weights[4], weights[5] = -3 * s * s, 3 * s * s - 6 * t * s
    weights[6], weights[7] = 6 * t * s - 3 * t * t, 3 * t * t
    weights[8], weights[9], weights[10], weights[11] = 6 * s, 6 * t - 12 * s, 6 * s - 12 * t, 6 * t


cdef inline double contracted(const double *net, const double *weights, const int *order, int dims) noexcept nogil:
    """A derivative, of that order along each axis."""
    cdef double values[NET_PER_LINE]
    cdef const double *source = net
    cdef const double *w
    cdef int axis, i, size = 1 << 2 * dims
    for axis in range(dims):
        size //= 4
        w = weights + 12 * axis + 4 * order[axis]
        for i in range(size):
            values[i] = (w[0] * source[i] + w[1] * source[size + i]) \
                + (w[2] * source[2 * size + i] + w[3] * source[3 * size + i])
        source = values
    return values[0]


cdef void derivatives(const double *net, int dims, const double *at, double *gradient, double *hessian) noexcept nogil:
    """Per sides of the box, at a fraction of it."""
    cdef double weights[12 * DIMS]
    cdef int order[DIMS]
    cdef int i, j, k
    for k in range(dims):
        basis_at(at[k], weights + 12 * k)
        order[k] = 0
    for i in range(dims):
        order[i] += 1
        gradient[i] = contracted(net, weights, order, dims)
        for j in range(i + 1):
            order[j] += 1
            hessian[i * dims + j] = hessian[j * dims + i] = contracted(net, weights, order, dims)
            order[j] -= 1
        order[i] -= 1


cdef bint invert(const double *m, int dims, double *inverse) noexcept nogil:
    """Of a symmetric matrix, if it is regular."""
    cdef double a[9]
    cdef double size = 0, det
    cdef int i, j
    for i in range(dims * dims):
        size = max(size, fabs(m[i]))
    if not size > 0:
        return False
    for i in range(dims * dims):
        a[i] = m[i] / size
    if dims == 1:
        inverse[0] = 1 / m[0]
        return True
    if dims == 2:
        det = a[0] * a[3] - a[1] * a[2]
        inverse[0], inverse[1], inverse[2], inverse[3] = a[3], -a[1], -a[2], a[0]
    else:
        for i in range(3):
            for j in range(3):
                # Cofactors of cyclic rows and columns have their sign.
                inverse[3 * j + i] = a[3 * ((i + 1) % 3) + (j + 1) % 3] * a[3 * ((i + 2) % 3) + (j + 2) % 3] \
                    - a[3 * ((i + 1) % 3) + (j + 2) % 3] * a[3 * ((i + 2) % 3) + (j + 1) % 3]
        det = a[0] * inverse[0] + a[1] * inverse[3] + a[2] * inverse[6]
    if not fabs(det) > SINGULAR:
        return False
    for i in range(dims * dims):
        inverse[i] /= det * size
    return True
