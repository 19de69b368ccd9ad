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
 * - The magnitudes that it is made of move it by `error`, and m moves as far: by 2.1 error with what rounding does to
 *   this bound.
 * - Rounding w, 1 - w, two products and a sum costs 5 units (of half an epsilon) of L there. Here, where all is
 *   multiplied by the longer component, a difference, two products and a sum cost 4 units of L, and one more product and
 *   a difference 2 of m and 1 of L. Both thresholds and magnitudes are rounded: 8 epsilon, 16 units, of L and m is more
 *   than all that.
 *
 * Where m is smaller than that, nothing is known but that it is small.
 *
 * So what the larger magnitude has more than m is compared with (L + m) (2.1 error / m + 8 epsilon): both multiplied by
 * the longer component and by m, for then there is nothing to divide, and scaled by a power of two, `unit`, that makes
 * `error` 2^-16 and them neither large nor small.
 */

FG_INLINE T FG_NAME(larger)(T a, T b) { return a > b ? a : b; }
FG_INLINE T FG_NAME(smaller)(T a, T b) { return a > b ? b : a; }

typedef struct {
    T low, high, error, unit;
} FG_NAME(limits);

/* A weighted sum of samples; of floats, with the roundings of C where the weight is a float and 1 a double. */
FG_INLINE T FG_NAME(between)(T near, T far, T w, int floats)
{
    return (floats ? (T)(float)(far * w) : far * w) + near * (1 - w);
}

/* Whole groups of samples of a row, in two dimensions, without a branch. `wary` and `floats` are constants where this is
 * inlined. */
FG_INLINE void FG_NAME(suppress_pixels)(unsigned char *out, const T *const *gradient, const T *const *rows,
                                        const T *step, FG_NAME(limits) limits, int wary, int floats, Py_ssize_t n)
{
    FG_TYPED(fg_bits) kept[FG_BLOCK];
    const T *g0 = gradient[0], *g1 = gradient[1], *above = rows[0], *here = rows[1], *below = rows[2];
    const T step0 = step[0], step1 = step[1], low = limits.low, high = limits.high, error = limits.error;
    const T unit = limits.unit, small = 8 * FG_TYPED(FG_EPSILON), moved = (T)2.1 * error * unit;
    for (Py_ssize_t j = 0; j < n; j++) {
        T d0 = g0[j] * step0, d1 = g1[j] * step1, size0 = FG_TYPED(fg_abs)(d0), size1 = FG_TYPED(fg_abs)(d1);
        T up = above[j], down = below[j], left = here[j - 1], right = here[j + 1], m = here[j];
        T up_left = above[j - 1], up_right = above[j + 1], down_left = below[j - 1], down_right = below[j + 1];
        int along0 = size0 > size1, same = (d0 > 0) == (d1 > 0);
        T near_plus = along0 ? (same ? down : up) : right, near_minus = along0 ? (same ? up : down) : left;
        T far_plus = same ? down_right : up_right, far_minus = same ? up_left : down_left;
        T shorter = FG_NAME(smaller)(size0, size1), longer = FG_NAME(larger)(size0, size1);
        if (wary) {
            T sides = FG_NAME(larger)(FG_NAME(larger)(up, down), FG_NAME(larger)(left, right));
            T corners = FG_NAME(larger)(FG_NAME(larger)(up_left, up_right), FG_NAME(larger)(down_left, down_right));
            T whole = longer * unit, part = shorter * unit, rest = whole - part, off = error + small * m, large = m * unit;
            T plus = far_plus * part + near_plus * rest, minus = far_minus * part + near_minus * rest;
            T more = (FG_NAME(larger)(plus, minus) - m * whole) * large;
            T doubt = whole * (FG_NAME(larger)(sides, corners) + m) * (moved + small * large);
            int clear = m > 16 * error;  /* and not zero */
            int possible = !((more > doubt) & clear) & (m >= low - off);
            int certain = (more < -doubt) & clear & (m >= low + off) & (FG_TYPED(fg_abs)(m - high) > off);
            kept[j] = certain ? 1 + (m >= high) : possible ? FG_CLOSE : 0;
        } else {
            T w = floats ? (T)(float)(shorter / longer) : shorter / longer;
            T plus = FG_NAME(between)(near_plus, far_plus, w, floats), minus = FG_NAME(between)(near_minus, far_minus, w, floats);
            int some = (plus <= m) & (minus <= m) & (m >= low);
            kept[j] = some + (some & (m >= high));
        }
    }
    for (Py_ssize_t j = 0; j < n; j++)
        out[j] = (unsigned char)kept[j];
}

static void FG_NAME(suppress_plane)(unsigned char *out, const T *const *gradient, const T *const *rows, const T *step,
                                    FG_NAME(limits) limits, int floats, Py_ssize_t n)
{
    unsigned char mark[FG_BLOCK];
    const Py_ssize_t whole = (n + FG_GROUP - 1) / FG_GROUP * FG_GROUP;
    if (limits.error > 0)
        FG_NAME(suppress_pixels)(mark, gradient, rows, step, limits, 1, 0, whole);
    else if (floats)
        FG_NAME(suppress_pixels)(mark, gradient, rows, step, limits, 0, 1, whole);
    else
        FG_NAME(suppress_pixels)(mark, gradient, rows, step, limits, 0, 0, whole);
    memcpy(out, mark, (size_t)n);
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
    FG_TYPED(fg_bits) across[FG_BLOCK], first[FG_BLOCK], second[FG_BLOCK];  /* offsets of neighbours: to the face, and along its sides */
    T size0[FG_BLOCK], size1[FG_BLOCK], size2[FG_BLOCK], other[FG_BLOCK], longest[FG_BLOCK];
    T w_first[FG_BLOCK], w_second[FG_BLOCK];
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
        w_first[j] = (((size2[j] > other[j]) | (size1[j] > size0[j])) ? size0[j] : size1[j]) / longest[j];
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
            out[j] = (unsigned char)(((plus <= m) & (minus <= m)) ? 1 + (m >= high) : 0);
        }
    }
}

/* Which of n samples, FG_BLOCK at most, are at least that large, one byte each. Returns whether one is not a number. */
static int FG_NAME(find_large)(unsigned char *large, const T *x, T least, Py_ssize_t n)
{
    FG_TYPED(fg_bits) bad = 0, found[FG_BLOCK];
    for (Py_ssize_t j = 0; j < n; j++)
        found[j] = x[j] >= least, bad |= x[j] != x[j];
    for (Py_ssize_t j = 0; j < n; j++)
        large[j] = (unsigned char)found[j];
    for (Py_ssize_t j = n; j % FG_GROUP != 0; j++)
        large[j] = 0;
    return bad != 0;
}

/* `rows` are the magnitudes of the 3 or 9 lines around, in the order of memory and equally far apart; samples before the
 * first and after the last of each must be there, and in two dimensions so must be memory of FG_GROUP more behind these
 * and the gradient's. `step` scales the gradient's components to indices. An `error` of zero asks for decisions as they
 * are, with `floats` as they are for samples that are floats. Returns whether a magnitude is not a number.
 *
 * Only groups of samples are looked at in which one may be an edge. */
static int FG_NAME(suppress)(unsigned char *out, const void *const *gradient, const void *const *rows, const void *step,
                             int dims, double low, double high, double error, int floats, Py_ssize_t n)
{
    const int lines = dims == 2 ? 3 : 9;
    const T bound = (T)low, off = (T)error, least = off > 0 ? bound - 2 * off - 16 * FG_TYPED(FG_EPSILON) * bound : bound;
    const FG_NAME(limits) limits = {bound, (T)high, off, off > 0 ? (T)fg_unit(error) : 1};
    unsigned char large[FG_BLOCK + FG_GROUP];
    int lost = 0;
    for (Py_ssize_t start = 0; start < n; start += FG_BLOCK) {
        const Py_ssize_t count = n - start < FG_BLOCK ? n - start : FG_BLOCK;
        lost |= FG_NAME(find_large)(large, (const T *)rows[lines / 2] + start, least, count);
        for (Py_ssize_t first = 0, end; first < count; first = end) {
            const T *g[3], *m[9];
            for (end = first; end < count && fg_any(large + end); end += FG_GROUP)
                ;
            if (end == first) {
                end += FG_GROUP;
                if (end <= count)
                    memset(out + start + first, 0, FG_GROUP);
                else
                    memset(out + start + first, 0, (size_t)(count - first));
                continue;
            }
            const Py_ssize_t at = start + first, many = (end < count ? end : count) - first;
            for (int k = 0; k < dims; k++)
                g[k] = (const T *)gradient[k] + at;
            for (int k = 0; k < lines; k++)
                m[k] = (const T *)rows[k] + at;
            if (dims == 2)
                FG_NAME(suppress_plane)(out + at, g, m, (const T *)step, limits, floats, many);
            else
                FG_NAME(suppress_volume)(out + at, g, m, (const T *)step, bound, (T)high, many);
        }
    }
    return lost;
}
