/* Symmetric and antisymmetric filters. Included by rows.h, once per T, FG_TYPE and FG_ISA. */

/* The compiler's own vectors where it has them, for it does not keep arrays of sums in registers by itself. */
#if defined(__GNUC__) && FG_TYPED(FG_VECTOR_BYTES) > 0
typedef T FG_NAME(lanes) __attribute__((vector_size(FG_TYPED(FG_VECTOR_BYTES)), aligned(sizeof(T))));
#else
typedef T FG_NAME(lanes);
#endif
enum { FG_NAME(WIDTH) = sizeof(FG_NAME(lanes)) / sizeof(T) };

/* Four neighbouring vectors (or one) of one row of results: the centre, then pairs of samples from the outermost to the
 * innermost, which is the order of scipy.ndimage. All but the addresses are constants where this is inlined. */
#define FG_SUM_COLUMNS(NAME, V, COUNT) \
FG_INLINE void FG_NAME(NAME)(T *out, const T *const *rows, const T *w, int pairs, int ahead, int behind, int centred, \
                             int odd, Py_ssize_t j) \
{ \
    V s0, s1, s2, s3; \
    int p = pairs - 1; \
    if (centred) { \
        const T *c = rows[0] + j; \
        s0 = FG_AT(c, 0) * w[0]; \
        if (COUNT > 1) \
            s1 = FG_AT(c, 1) * w[0], s2 = FG_AT(c, 2) * w[0], s3 = FG_AT(c, 3) * w[0]; \
    } else { \
        const T *a = rows[ahead + p] + j, *b = rows[-behind - p] + j; \
        s0 = FG_BOTH(0) * w[1 + p]; \
        if (COUNT > 1) \
            s1 = FG_BOTH(1) * w[1 + p], s2 = FG_BOTH(2) * w[1 + p], s3 = FG_BOTH(3) * w[1 + p]; \
        p--; \
    } \
    for (; p >= 0; p--) { \
        const T *a = rows[ahead + p] + j, *b = rows[-behind - p] + j; \
        s0 += FG_BOTH(0) * w[1 + p]; \
        if (COUNT > 1) \
            s1 += FG_BOTH(1) * w[1 + p], s2 += FG_BOTH(2) * w[1 + p], s3 += FG_BOTH(3) * w[1 + p]; \
    } \
    *(V *)(out + j) = s0; \
    if (COUNT > 1) { \
        *((V *)(out + j) + 1) = s1; \
        *((V *)(out + j) + 2) = s2; \
        *((V *)(out + j) + 3) = s3; \
    } \
}
#define FG_AT(p, k) (*((const FG_LANES *)(p) + k))
#define FG_BOTH(k) (odd ? FG_AT(a, k) - FG_AT(b, k) : FG_AT(a, k) + FG_AT(b, k))
#define FG_LANES FG_NAME(lanes)
FG_SUM_COLUMNS(sum_four, FG_NAME(lanes), 4)
FG_SUM_COLUMNS(sum_one, FG_NAME(lanes), 1)
#undef FG_LANES
#define FG_LANES T
FG_SUM_COLUMNS(sum_scalar, T, 1)
#undef FG_LANES
#undef FG_BOTH
#undef FG_SUM_COLUMNS

/* The same sums of one vector of four neighbouring rows, of many pairs: what the first row adds as its pair p the second
 * one adds as its pair p - 1 (ahead) or p + 1 (behind), so each sample is loaded once for all. */
FG_INLINE void FG_NAME(sum_rows)(T *out, Py_ssize_t stride, const T *const *rows, const T *w, int pairs, int ahead,
                                 int behind, int centred, int odd, Py_ssize_t j)
{
#define FG_LANES FG_NAME(lanes)
#define FG_BOTH(k) (odd ? a##k - b##k : a##k + b##k)
    int p = pairs - 1;
    const T *const *a = rows + ahead, *const *b = rows - behind;
    FG_LANES a0, a1 = FG_AT(a[p + 1] + j, 0), a2 = FG_AT(a[p + 2] + j, 0), a3 = FG_AT(a[p + 3] + j, 0);
    FG_LANES b0 = FG_AT(b[-p] + j, 0), b1 = FG_AT(b[1 - p] + j, 0), b2 = FG_AT(b[2 - p] + j, 0), b3;
    FG_LANES s0, s1, s2, s3;
#define FG_STEP(ONTO) \
    a0 = FG_AT(a[p] + j, 0), b3 = FG_AT(b[3 - p] + j, 0); \
    s0 = ONTO(s0) FG_BOTH(0) * w[1 + p], s1 = ONTO(s1) FG_BOTH(1) * w[1 + p]; \
    s2 = ONTO(s2) FG_BOTH(2) * w[1 + p], s3 = ONTO(s3) FG_BOTH(3) * w[1 + p]; \
    a3 = a2, a2 = a1, a1 = a0, b0 = b1, b1 = b2, b2 = b3; \
    p--
#define FG_ONTO(sum) sum +
#define FG_FIRST(sum)
    if (centred) {
        s0 = FG_AT(rows[0] + j, 0) * w[0], s1 = FG_AT(rows[1] + j, 0) * w[0];
        s2 = FG_AT(rows[2] + j, 0) * w[0], s3 = FG_AT(rows[3] + j, 0) * w[0];
    } else {
        FG_STEP(FG_FIRST);
    }
    FG_UNROLL_4
    while (p >= 0) {
        FG_STEP(FG_ONTO);
    }
    *(FG_LANES *)(out + j) = s0, *(FG_LANES *)(out + stride + j) = s1;
    *(FG_LANES *)(out + 2 * stride + j) = s2, *(FG_LANES *)(out + 3 * stride + j) = s3;
#undef FG_FIRST
#undef FG_ONTO
#undef FG_STEP
#undef FG_BOTH
#undef FG_LANES
}
#undef FG_AT

FG_INLINE void FG_NAME(filter_form)(T *out, Py_ssize_t stride, const T *const *rows, Py_ssize_t count, const T *w,
                                    int pairs, int ahead, int behind, int centred, int odd, Py_ssize_t n)
{
    enum { W = FG_NAME(WIDTH) };
    Py_ssize_t j = 0;
    if (count == 1)  /* addresses and weights stay in registers */
        for (; j + 4 * W <= n; j += 4 * W)
            FG_NAME(sum_four)(out, rows, w, pairs, ahead, behind, centred, odd, j);
    if (count == 4 && pairs > 1 && W > 1)
        for (; j + W <= n; j += W)
            FG_NAME(sum_rows)(out, stride, rows, w, pairs, ahead, behind, centred, odd, j);
    for (; j + 4 * W <= n; j += 4 * W)
        for (Py_ssize_t i = 0; i < count; i++)
            FG_NAME(sum_four)(out + i * stride, rows + i, w, pairs, ahead, behind, centred, odd, j);
    for (; j + W <= n; j += W)
        for (Py_ssize_t i = 0; i < count; i++)
            FG_NAME(sum_one)(out + i * stride, rows + i, w, pairs, ahead, behind, centred, odd, j);
    if (j < n && n >= W) {  /* the last whole vector, some of it once more */
        for (Py_ssize_t i = 0; i < count; i++)
            FG_NAME(sum_one)(out + i * stride, rows + i, w, pairs, ahead, behind, centred, odd, n - W);
        return;
    }
    for (; j < n; j++)
        for (Py_ssize_t i = 0; i < count; i++)
            FG_NAME(sum_scalar)(out + i * stride, rows + i, w, pairs, ahead, behind, centred, odd, j);
}

/* Each form as a function of its own; three-point filters, the commonest, without a loop over pairs. */
#define FG_FORM(NAME, PAIRS, CENTRED, ODD) \
static void FG_NAME(NAME)(T *out, Py_ssize_t stride, const T *const *rows, Py_ssize_t count, const fg_taps *taps, \
                          Py_ssize_t n) \
{ \
    FG_NAME(filter_form)(out, stride, rows, count, (const T *)taps->weights, PAIRS, taps->ahead, taps->behind, CENTRED, \
                         ODD, n); \
}
FG_FORM(filter_even_1, 1, 1, 0)
FG_FORM(filter_even, taps->pairs, 1, 0)
FG_FORM(filter_odd_1, 1, 0, 1)
FG_FORM(filter_odd, taps->pairs, 0, 1)
FG_FORM(filter_pairs, taps->pairs, 0, 0)
#undef FG_FORM

static void FG_NAME(filter)(void *out, Py_ssize_t stride, const void *const *rows, Py_ssize_t count, const fg_taps *taps,
                            Py_ssize_t n)
{
    T *to = (T *)out;
    const T *const *from = (const T *const *)rows;
    if (taps->odd && taps->pairs == 1)
        FG_NAME(filter_odd_1)(to, stride, from, count, taps, n);
    else if (taps->odd)
        FG_NAME(filter_odd)(to, stride, from, count, taps, n);
    else if (!taps->centred)
        FG_NAME(filter_pairs)(to, stride, from, count, taps, n);
    else if (taps->pairs == 1)
        FG_NAME(filter_even_1)(to, stride, from, count, taps, n);
    else
        FG_NAME(filter_even)(to, stride, from, count, taps, n);
}
