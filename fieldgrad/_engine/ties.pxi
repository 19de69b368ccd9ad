# Canny's decisions in scikit-image's arithmetic, pixel by pixel. Included by core.pyx.
#
# SciPy's passes sum in double precision: the centre, then pairs from the outermost to the innermost. Of float32 images
# it stores each of them, and scikit-image whatever it makes of them, in float32.

cdef enum:
    SIDE = 5                        # a decision needs magnitudes at 3 x 3 pixels, those 5 x 5 smoothed samples
    ACROSS = 8                      # as many are made of each row: a vector of them
    PLACES_AT_ONCE = 32
    AHEAD = 2                       # places whose samples are on their way

cdef struct Tie:
    Py_ssize_t shape[2]
    Py_ssize_t reach[2]             # of the Gaussian along each axis
    const fg_kernels *kernels
    fg_taps taps[2]                 # without weights: no pass along that axis
    const Py_ssize_t *source[2]     # the sample that stands for -reach, ..., n + reach - 1; negative for the constant
    Layout image
    fg_load_fn load
    int swap
    double scale                    # of samples
    double outside                  # the constant
    const unsigned char *mask       # dense; NULL for no mask
    const double *share             # what smoothed samples are divided by, except near ends the same; or NULL
    double eps                      # what is added to the smoothed mask
    bint single                     # float32 is stored
    double low, high

# What one thread works on.
cdef struct Sheet:
    double *samples                 # around a pixel
    const double **row              # of them, or samples of a row
    double *middle                  # smoothed along axis 0
    double *smooth                  # SIDE x SIDE, ACROSS apart
    double *below                   # the same of the mask
    Py_ssize_t unit


cdef inline double rounded(const Tie *tie, double value) noexcept nogil:
    return <float>value if tie.single else value


cdef inline Py_ssize_t sample_for(const Tie *tie, int axis, Py_ssize_t i) noexcept nogil:
    """The sample that stands for index i, which lies in reach of the image."""
    return tie.source[axis][i + tie.reach[axis]]


cdef void gather_row(const Tie *tie, bint of_mask, Py_ssize_t y, Py_ssize_t first, Py_ssize_t end,
                     double *out) noexcept nogil:
    """Samples first ... end - 1 of row y, or of the mask's, all of them in the image."""
    cdef Py_ssize_t x
    cdef const unsigned char *present = NULL
    if tie.mask != NULL:
        present = tie.mask + y * tie.shape[1]
    if of_mask:
        for x in range(first, end):
            out[x - first] = present[x] != 0
        return
    tie.load(<char *>out, tie.image.data + y * tie.image.stride[0] + first * tie.image.stride[1], tie.image.stride[1],
             end - first, 1, tie.swap)
    for x in range(first, end):
        out[x - first] = 0 if present != NULL and present[x] == 0 else out[x - first] * tie.scale


cdef void gather(const Tie *tie, bint of_mask, Py_ssize_t y, Py_ssize_t x, Py_ssize_t wide, double *out) noexcept nogil:
    """A row of samples from x on, ghosts included. Row y may be one that nothing is made of."""
    cdef Py_ssize_t j, k, first = max(0, x), end = min(tie.shape[1], x + wide)
    if not -tie.reach[0] <= y < tie.shape[0] + tie.reach[0]:
        return
    y = sample_for(tie, 0, y)
    if y < 0:
        for j in range(wide):
            out[j] = tie.outside
        return
    gather_row(tie, of_mask, y, first, end, out + first - x)
    for j in range(wide):
        if not first <= x + j < end and -tie.reach[1] <= x + j < tie.shape[1] + tie.reach[1]:
            k = sample_for(tie, 1, x + j)
            if k >= 0:
                gather_row(tie, of_mask, y, k, k + 1, out + j)


cdef void pass_over(const Tie *tie, int axis, const double **rows, double *out, Py_ssize_t count,
                    Py_ssize_t n) noexcept nogil:
    """A Gaussian pass: `count` dense rows of n results; rows[i] is the samples' own row for result i."""
    cdef Py_ssize_t j
    if tie.taps[axis].weights == NULL:
        for j in range(count):
            memcpy(out + j * n, rows[j], n * sizeof(double))
        return
    tie.kernels.filter(out, n, <const void **>rows, count, &tie.taps[axis], n)
    if tie.single:
        for j in range(count * n):
            out[j] = <float>out[j]


cdef void smoothed(const Tie *tie, bint of_mask, Py_ssize_t y, Py_ssize_t x, Sheet *sheet, double *out) noexcept nogil:
    """The 5 x 5 smoothed samples from (y, x) on; nothing is made of those that are not in the image."""
    cdef Py_ssize_t high = SIDE + 2 * tie.reach[0], wide = ACROSS + 2 * tie.reach[1], left = x - tie.reach[1], k, j
    for k in range(high):
        sheet.row[k] = sheet.samples + k * wide
        gather(tie, of_mask, y - tie.reach[0] + k, left, wide, sheet.samples + k * wide)
    pass_over(tie, 0, sheet.row + tie.reach[0], sheet.middle, SIDE, wide)
    for j in range(wide):
        if -tie.reach[1] <= left + j < tie.shape[1] + tie.reach[1] and sample_for(tie, 1, left + j) < 0:
            for k in range(SIDE):
                sheet.middle[k * wide + j] = tie.outside
    for k in range(SIDE):
        for j in range(wide):
            sheet.row[j] = sheet.middle + k * wide + j
        pass_over(tie, 1, sheet.row + tie.reach[1], out + k * ACROSS, 1, ACROSS)


cdef void recalibrate(const Tie *tie, Py_ssize_t y, Py_ssize_t x, Sheet *sheet) noexcept nogil:
    """Divide by the share of samples that are there."""
    cdef Py_ssize_t across = min(tie.shape[1], 2 * tie.reach[1] + 1), i, k
    cdef double below
    if tie.mask != NULL:
        smoothed(tie, True, y, x, sheet, sheet.below)
    elif tie.share == NULL:
        return
    for i in range(SIDE):
        for k in range(SIDE):
            if not (0 <= y + i < tie.shape[0] and 0 <= x + k < tie.shape[1]):
                continue
            if tie.mask != NULL:
                below = rounded(tie, sheet.below[i * ACROSS + k] + tie.eps)
            else:
                below = tie.share[in_frame(y + i, tie.shape[0], tie.reach[0]) * across
                                  + in_frame(x + k, tie.shape[1], tie.reach[1])]
            sheet.smooth[i * ACROSS + k] = rounded(tie, sheet.smooth[i * ACROSS + k] / below)


cdef void mirror_rim(const Tie *tie, Py_ssize_t y, Py_ssize_t x, double *smooth) noexcept nogil:
    """Beyond the rim Sobel's filters see its samples once more."""
    cdef Py_ssize_t i, k
    for i in range(SIDE):
        for k in range(SIDE):
            if not (0 <= y + i < tie.shape[0] and 0 <= x + k < tie.shape[1]):
                smooth[i * ACROSS + k] = smooth[(min(max(y + i, 0), tie.shape[0] - 1) - y) * ACROSS
                                                + min(max(x + k, 0), tie.shape[1] - 1) - x]


cdef inline double sobel_at(const Tie *tie, const double *at, Py_ssize_t along, Py_ssize_t across) noexcept nogil:
    """Sobel's filter among smoothed samples: the difference, then the smoothing."""
    cdef double before = rounded(tie, at[along - across] - at[-along - across])
    cdef double here = rounded(tie, at[along] - at[-along])
    cdef double after = rounded(tie, at[along + across] - at[across - along])
    return rounded(tie, here * 2 + (before + after))


cdef inline double magnitude_at(const Tie *tie, double *smooth, int i, int k) noexcept nogil:
    cdef double *at = smooth + i * ACROSS + k
    cdef double g0 = sobel_at(tie, at, ACROSS, 1), g1 = sobel_at(tie, at, 1, ACROSS)
    return rounded(tie, sqrt(rounded(tie, rounded(tie, g0 * g0) + rounded(tie, g1 * g1))))


cdef inline double interpolated(const Tie *tie, double near, double far, double w) noexcept nogil:
    """In double precision but for one product, as C has it of a double 1.0 and floats."""
    return rounded(tie, far * w) + near * (1.0 - w)


cdef unsigned char decided(const Tie *tie, double *smooth) noexcept nogil:
    """What `suppress` would have said of the pixel in the middle."""
    cdef double m = magnitude_at(tie, smooth, 2, 2)
    cdef double *at = smooth + 2 * ACROSS + 2
    cdef double g0 = sobel_at(tie, at, ACROSS, 1), g1 = sobel_at(tie, at, 1, ACROSS)
    cdef double size0 = fabs(g0), size1 = fabs(g1), w, near, far
    cdef int right = 1 if (g0 > 0) == (g1 > 0) else -1, sign     # the neighbours on the line: (1, right), or opposite
    if not m >= tie.low:
        return REJECTED
    if size0 > size1:
        w = rounded(tie, size1 / size0)
    else:
        w = rounded(tie, size0 / size1)
    for sign in range(-1, 2, 2):
        far = magnitude_at(tie, smooth, 2 + sign, 2 + sign * right)
        if size0 > size1:
            near = magnitude_at(tie, smooth, 2 + sign, 2)
        else:
            near = magnitude_at(tie, smooth, 2, 2 + sign * right)
        if not interpolated(tie, near, far, w) <= m:
            return REJECTED
    return STRONG if m >= tie.high else WEAK


cdef void surround(const Tie *tie, Sheet *sheet, Py_ssize_t y, Py_ssize_t x) noexcept nogil:
    """Make what decides about a pixel: the smoothed samples around it."""
    smoothed(tie, False, y - 2, x - 2, sheet, sheet.smooth)
    recalibrate(tie, y - 2, x - 2, sheet)
    mirror_rim(tie, y - 2, x - 2, sheet.smooth)


cdef Sheet *new_sheet(const Tie *tie) noexcept nogil:
    cdef Py_ssize_t wide = ACROSS + 2 * tie.reach[1], high = SIDE + 2 * tie.reach[0]
    cdef Py_ssize_t numbers = wide * (high + SIDE) + 2 * SIDE * ACROSS, rows = max(high, wide)
    cdef Sheet *sheet = <Sheet *>calloc(1, sizeof(Sheet) + numbers * sizeof(double) + rows * sizeof(double *))
    if sheet != NULL:
        sheet.samples = <double *>(sheet + 1)
        sheet.middle = sheet.samples + wide * high
        sheet.smooth = sheet.middle + wide * SIDE
        sheet.below = sheet.smooth + SIDE * ACROSS
        sheet.row = <const double **>(sheet.below + SIDE * ACROSS)
    return sheet


cdef class TieCall(Call):
    """Magnitudes at some places."""

    cdef Tie tie
    cdef Py_ssize_t places
    cdef const Py_ssize_t *place
    cdef double *magnitude

    cdef void *open(self) noexcept nogil:
        return new_sheet(&self.tie)

    cdef void close(self, void *worker) noexcept nogil:
        free(worker)

    cdef void begin(self, void *worker, Py_ssize_t unit) noexcept nogil:
        (<Sheet *>worker).unit = unit

    cdef bint step(self, void *worker) noexcept nogil:
        cdef Sheet *sheet = <Sheet *>worker
        cdef const Tie *tie = &self.tie
        cdef Py_ssize_t k, y, x, j
        if sheet.unit < 0:
            return False
        for k in range(sheet.unit * PLACES_AT_ONCE, min(self.places, (sheet.unit + 1) * PLACES_AT_ONCE)):
            if k + AHEAD < self.places:
                y, x = self.place[2 * (k + AHEAD)] - 2, self.place[2 * (k + AHEAD) + 1] - 2
                for j in range(max(0, y - tie.reach[0]), min(tie.shape[0], y + SIDE + tie.reach[0])):
                    fg_ask_for(tie.image.data + j * tie.image.stride[0], x - tie.reach[1], ACROSS + 2 * tie.reach[1],
                               tie.shape[1], tie.image.stride[1])
            surround(tie, sheet, self.place[2 * k], self.place[2 * k + 1])
            self.magnitude[k] = magnitude_at(tie, sheet.smooth, 2, 2)
        sheet.unit = -1
        return True


cdef class Referee:
    """scikit-image's arithmetic for one image; see `fieldgrad._close.Chain`, and `Tie`."""

    cdef Tie tie
    cdef list kept

    def __cinit__(self, image, kind_and_swap, mask, weights, sources, share, double scale, double outside,
                  double eps, bint single):
        cdef Tie *tie = &self.tie
        cdef int axis
        kind, swap = kind_and_swap
        lay(&tie.image, image, (0, 1), 2, 0)
        tie.kernels = fg_variant_kernels(_isa, 1)
        tie.load, tie.swap = tie.kernels.load[<int>kind], swap
        self.kept = [image]
        for axis in range(2):
            tie.shape[axis] = image.shape[axis]
            tie.reach[axis] = (len(sources[axis]) - image.shape[axis]) // 2
            tie.source[axis] = <const Py_ssize_t *>self.keep(sources[axis], np.intp)
            if weights[axis] is not None:
                tie.taps[axis].weights = self.keep(weights[axis], np.float64)
                tie.taps[axis].pairs, tie.taps[axis].centred = tie.reach[axis], True
                tie.taps[axis].ahead = tie.taps[axis].behind = 1
        if mask is not None:
            tie.mask = <const unsigned char *>self.keep(mask, bool)
        if share is not None:
            tie.share = <const double *>self.keep(share, np.float64)
        tie.scale, tie.outside, tie.eps, tie.single = scale, outside, eps, single

    cdef const char *keep(self, values, dtype):
        array = np.ascontiguousarray(values, dtype)
        self.kept.append(array)
        return <const char *>cnp.PyArray_DATA(array)

    def magnitudes(self, cnp.ndarray places, int workers, share):
        """The magnitudes at `places`, (n, 2) dense."""
        cdef TieCall call = TieCall.__new__(TieCall)
        result = np.empty(len(places))
        call.tie = self.tie
        call.magnitude = <double *>cnp.PyArray_DATA(result)
        call.places, call.place = places.shape[0], <const Py_ssize_t *>cnp.PyArray_DATA(places)
        run(call, ceiling(call.places, PLACES_AT_ONCE), workers, share)
        return result
