/* Non-maximum suppression (Canny 1986). Included by rows.h, once per T, FG_TYPE and FG_ISA.
 *
 * A sample is kept if its magnitude is not exceeded by those at both points where the line through it, in the direction
 * of the gradient, meets the faces of the 3 x 3 (x 3) neighbourhood, interpolated there. Results are 0 (suppressed),
 * 1 (kept) and 2 (kept, and at least `high`).
 */

/* Samples start ... start + n - 1 of a row, in two dimensions, without a branch. */
static void FG_NAME(suppress_plane)(unsigned char *out, const T *const *gradient, const T *const *rows, const T *step,
                                    T low, T high, Py_ssize_t n)
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
        kept[j] = ((plus <= m) & (minus <= m) & (m >= low)) + ((plus <= m) & (minus <= m) & (m >= low) & (m >= high));
    }
    for (Py_ssize_t j = 0; j < n; j++)
        out[j] = (unsigned char)kept[j];
}

/* The magnitude where the line meets the face on the side of `sign`: bilinear between four of its samples. */
FG_INLINE T FG_NAME(on_face)(const T *const *rows, const T *d, int axis, Py_ssize_t j, int sign)
{
    const int p = axis == 0 ? 1 : 0, q = axis == 2 ? 1 : 2;
    T longest = FG_TYPED(fg_abs)(d[axis]), w[2], sum[2];
    int at[3], side[3];
    for (int k = 0; k < 3; k++)
        side[k] = (d[k] > 0) == (sign > 0) ? 1 : -1;
    w[0] = FG_TYPED(fg_abs)(d[p]) / longest, w[1] = FG_TYPED(fg_abs)(d[q]) / longest;
    at[axis] = side[axis];
    for (int k = 0; k < 2; k++) {
        T value[2];
        at[q] = k * side[q];
        for (int l = 0; l < 2; l++) {
            at[p] = l * side[p];
            value[l] = rows[3 * (at[0] + 1) + at[1] + 1][j + at[2]];
        }
        sum[k] = value[1] * w[0] + value[0] * (1 - w[0]);
    }
    return sum[1] * w[1] + sum[0] * (1 - w[1]);
}

static void FG_NAME(suppress_volume)(unsigned char *out, const T *const *gradient, const T *const *rows, const T *step,
                                     T low, T high, Py_ssize_t n)
{
    for (Py_ssize_t j = 0; j < n; j++) {
        T d[3], m = rows[4][j];
        int axis = 0;
        out[j] = 0;
        if (!(m >= low))
            continue;
        for (int k = 0; k < 3; k++) {
            d[k] = gradient[k][j] * step[k];
            axis = FG_TYPED(fg_abs)(d[k]) > FG_TYPED(fg_abs)(d[axis]) ? k : axis;
        }
        if (FG_NAME(on_face)(rows, d, axis, j, 1) <= m && FG_NAME(on_face)(rows, d, axis, j, -1) <= m)
            out[j] = m >= high ? 2 : 1;
    }
}

/* `rows` are the magnitudes of the 3 or 9 lines around, in the order of memory; samples before the first and after the
 * last of each must be there. `step` scales the gradient's components to indices. */
static void FG_NAME(suppress)(unsigned char *out, const void *const *gradient, const void *const *rows, const void *step,
                              int dims, double low, double high, Py_ssize_t n)
{
    const int lines = dims == 2 ? 3 : 9;
    for (Py_ssize_t start = 0; start < n; start += 64) {
        const T *g[3], *m[9], *middle = (const T *)rows[lines / 2] + start, least = (T)low;
        Py_ssize_t count = n - start < 64 ? n - start : 64;
        int some = 0;
        for (Py_ssize_t j = 0; j < count; j++)
            some |= middle[j] >= least;
        if (!some) {
            memset(out + start, 0, (size_t)count);
            continue;
        }
        for (int k = 0; k < dims; k++)
            g[k] = (const T *)gradient[k] + start;
        for (int k = 0; k < lines; k++)
            m[k] = (const T *)rows[k] + start;
        (dims == 2 ? FG_NAME(suppress_plane) : FG_NAME(suppress_volume))(out + start, g, m, (const T *)step, least, (T)high,
                                                                          count);
    }
}
