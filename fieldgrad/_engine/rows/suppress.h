/* Non-maximum suppression (Canny 1986). Included by rows.h, once per T, FG_TYPE and FG_ISA.
 *
 * A sample is kept if its magnitude is not exceeded by those at both points where the line through it, in the direction
 * of the gradient, meets the faces of the 3 x 3 (x 3) neighbourhood, interpolated there. Results are 0 (suppressed),
 * 1 (kept) and 2 (kept, and at least `high`).
 *
 * In two dimensions results may be FG_CLOSE, too: another arithmetic, whose gradients and magnitudes are less than
 * `error` away, might decide otherwise. Let L be the largest magnitude around a sample, and m its own.
 *
 * - Where m > 16 error, the other gradient's direction is at most asin(error / m) < 1.001 error / m away. The
 *   interpolated magnitude is continuous in the direction, octant after octant; in none does it change by more than L
 *   while w, a tangent, goes from 0 to 1, and the tangent's slope is 2 at most there: so by less than 2.1 L error / m.
 * - The magnitudes that it is made of move it by `error`, and m moves as far.
 * - Rounding w, 1 - w, two products and a sum costs 5 units (of half an epsilon) of L here and as many there, and both
 *   thresholds and magnitudes are rounded: 8 epsilon, 16 units, of L and m is more than all that.
 *
 * Where m is smaller than that, nothing is known but that it is small.
 */

FG_INLINE T FG_NAME(larger)(T a, T b) { return a > b ? a : b; }

/* Samples start ... start + n - 1 of a row, in two dimensions, without a branch. `wary` is a constant where this is
 * inlined. */
FG_INLINE void FG_NAME(suppress_pixels)(unsigned char *out, const T *const *gradient, const T *const *rows,
                                        const T *step, T low, T high, T error, int wary, Py_ssize_t n)
{
    FG_TYPED(fg_bits) kept[64];
    const T *g0 = gradient[0], *g1 = gradient[1], *above = rows[0], *here = rows[1], *below = rows[2];
    const T step0 = step[0], step1 = step[1];
    for (Py_ssize_t j = 0; j < n; j++) {
        T d0 = g0[j] * step0, d1 = g1[j] * step1, size0 = FG_TYPED(fg_abs)(d0), size1 = FG_TYPED(fg_abs)(d1);
        T up = above[j], down = below[j], left = here[j - 1], right = here[j + 1], m = here[j];
        T up_left = above[j - 1], up_right = above[j + 1], down_left = below[j - 1], down_right = below[j + 1];
        int along0 = size0 > size1, same = (d0 > 0) == (d1 > 0);
        T shorter = along0 ? size1 : size0, longer = along0 ? size0 : size1, w = shorter / longer;
        T near_plus = along0 ? (same ? down : up) : right, near_minus = along0 ? (same ? up : down) : left;
        T far_plus = same ? down_right : up_right, far_minus = same ? up_left : down_left;
        T plus = far_plus * w + near_plus * (1 - w), minus = far_minus * w + near_minus * (1 - w);
        int some = (plus <= m) & (minus <= m) & (m >= low);
        if (wary) {
            T sides = FG_NAME(larger)(FG_NAME(larger)(up, down), FG_NAME(larger)(left, right));
            T corners = FG_NAME(larger)(FG_NAME(larger)(up_left, up_right), FG_NAME(larger)(down_left, down_right));
            T largest = FG_NAME(larger)(sides, corners), small = 8 * FG_TYPED(FG_EPSILON);
            T off = error + small * m, doubt = error * (2 + (T)2.1 * largest / m) + small * (largest + m);
            int clear = m > 16 * error;  /* and not zero */
            int possible = ((plus <= m + doubt) & (minus <= m + doubt)) | !clear;
            int certain = (plus <= m - doubt) & (minus <= m - doubt) & (m >= low + off) & clear;
            int close = possible & (m >= low - off) & !(certain & (FG_TYPED(fg_abs)(m - high) > off));
            kept[j] = close ? FG_CLOSE : some + (some & (m >= high));
        } else
            kept[j] = some + (some & (m >= high));
    }
    for (Py_ssize_t j = 0; j < n; j++)
        out[j] = (unsigned char)kept[j];
}

static void FG_NAME(suppress_plane)(unsigned char *out, const T *const *gradient, const T *const *rows, const T *step,
                                    T low, T high, T error, Py_ssize_t n)
{
    if (error > 0)
        FG_NAME(suppress_pixels)(out, gradient, rows, step, low, high, error, 1, n);
    else
        FG_NAME(suppress_pixels)(out, gradient, rows, step, low, high, 0, 0, n);
}

/* The magnitude on a face: bilinear between the sample at `near` and those beside it. */
FG_INLINE T FG_NAME(on_face)(const T *near, Py_ssize_t first, Py_ssize_t second, T w_first, T w_second)
{
    T sum = near[first] * w_first + near[0] * (1 - w_first);
    T beside = near[second + first] * w_first + near[second] * (1 - w_first);
    return beside * w_second + sum * (1 - w_second);
}

/* The same in three dimensions: first, without a branch, through which face each line goes and where. One loop for each
 * result, for compilers make branches of several selections in one. */
static void FG_NAME(suppress_volume)(unsigned char *out, const T *const *gradient, const T *const *rows, const T *step,
                                     T low, T high, Py_ssize_t n)
{
    FG_TYPED(fg_bits) across[64], first[64], second[64];  /* offsets of neighbours: to the face, and along its sides */
    T size0[64], size1[64], size2[64], other[64], longest[64], w_first[64], w_second[64];
    const T *here = rows[4], *g0 = gradient[0], *g1 = gradient[1], *g2 = gradient[2];
    const T step0 = step[0], step1 = step[1], step2 = step[2];
    const FG_TYPED(fg_bits) plane = (FG_TYPED(fg_bits))(rows[7] - here), row = (FG_TYPED(fg_bits))(rows[5] - here);
    for (Py_ssize_t j = 0; j < n; j++) {
        size0[j] = FG_TYPED(fg_abs)(g0[j] * step0), size1[j] = FG_TYPED(fg_abs)(g1[j] * step1);
        size2[j] = FG_TYPED(fg_abs)(g2[j] * step2);
    }
    for (Py_ssize_t j = 0; j < n; j++)
        other[j] = size1[j] > size0[j] ? size1[j] : size0[j];
    for (Py_ssize_t j = 0; j < n; j++)
        longest[j] = size2[j] > other[j] ? size2[j] : other[j];
    for (Py_ssize_t j = 0; j < n; j++)
        w_first[j] = ((size2[j] > other[j]) | (size1[j] > size0[j]) ? size0[j] : size1[j]) / longest[j];
    for (Py_ssize_t j = 0; j < n; j++)
        w_second[j] = (size2[j] > other[j] ? size1[j] : size2[j]) / longest[j];
    for (Py_ssize_t j = 0; j < n; j++) {
        FG_TYPED(fg_bits) to0 = g0[j] * step0 > 0 ? plane : -plane, to1 = g1[j] * step1 > 0 ? row : -row;
        FG_TYPED(fg_bits) to2 = g2[j] * step2 > 0 ? 1 : -1;
        FG_TYPED(fg_bits) along1 = -(FG_TYPED(fg_bits))(size1[j] > size0[j]);
        FG_TYPED(fg_bits) along2 = -(FG_TYPED(fg_bits))(size2[j] > other[j]);
        across[j] = (to2 & along2) | (to1 & along1 & ~along2) | (to0 & ~along1 & ~along2);
        first[j] = (to0 & (along1 | along2)) | (to1 & ~along1 & ~along2);
        second[j] = (to1 & along2) | (to2 & ~along2);
    }
    for (Py_ssize_t j = 0; j < n; j++) {
        T m = here[j];
        out[j] = 0;
        if (m >= low) {
            T plus = FG_NAME(on_face)(here + j + across[j], first[j], second[j], w_first[j], w_second[j]);
            T minus = FG_NAME(on_face)(here + j - across[j], -first[j], -second[j], w_first[j], w_second[j]);
            out[j] = (unsigned char)((plus <= m) & (minus <= m) ? 1 + (m >= high) : 0);
        }
    }
}

/* `rows` are the magnitudes of the 3 or 9 lines around, in the order of memory and equally far apart; samples before the
 * first and after the last of each must be there. `step` scales the gradient's components to indices. An `error` of zero
 * asks for decisions as they are. Returns whether a magnitude is not a number. */
static int FG_NAME(suppress)(unsigned char *out, const void *const *gradient, const void *const *rows, const void *step,
                             int dims, double low, double high, double error, Py_ssize_t n)
{
    const int lines = dims == 2 ? 3 : 9;
    int lost = 0;
    for (Py_ssize_t start = 0; start < n; start += 64) {
        const T *g[3], *m[9], *middle = (const T *)rows[lines / 2] + start;
        const T bound = (T)low, off = (T)error, least = off > 0 ? bound - 2 * off - 16 * FG_TYPED(FG_EPSILON) * bound : bound;
        Py_ssize_t count = n - start < 64 ? n - start : 64;
        int some = 0;
        for (Py_ssize_t j = 0; j < count; j++)
            some |= middle[j] >= least, lost |= middle[j] != middle[j];
        if (!some) {
            memset(out + start, 0, (size_t)count);
            continue;
        }
        for (int k = 0; k < dims; k++)
            g[k] = (const T *)gradient[k] + start;
        for (int k = 0; k < lines; k++)
            m[k] = (const T *)rows[k] + start;
        if (dims == 2)
            FG_NAME(suppress_plane)(out + start, g, m, (const T *)step, bound, (T)high, off, count);
        else
            FG_NAME(suppress_volume)(out + start, g, m, (const T *)step, bound, (T)high, count);
    }
    return lost;
}
