/* Euclidean norms and unit vectors. Included by rows.h, once per T, FG_TYPE and FG_ISA. */

/* Whether a sum of squares overflowed or was built from squares that underflowed; `some` is zero if all parts are. */
FG_INLINE FG_TYPED(fg_bits) FG_NAME(unsafe_sum)(T sum, T some)
{
    T unsafe = ((sum > FG_TYPED(FG_MAX)) | (sum < FG_TYPED(FG_LEAST))) ? some : 0;
    return FG_TYPED(fg_to_bits)(unsafe);
}

/* Sums of squares of up to three components more. Returns whether the sums are good: neither overflowed nor built from
 * squares that underflowed. `count`, `lanes` and `onto` are constants where this is inlined. */
FG_INLINE int FG_NAME(add_squares)(const T *const *component, int count, int lanes, int onto, Py_ssize_t n,
                                   T *FG_RESTRICT sum)
{
    FG_TYPED(fg_bits) bad = 0;
    for (Py_ssize_t j = 0; j < n; j++) {
        T total = onto ? sum[j] : 0, some = 0;
        for (int k = 0; k < count * lanes; k++) {
            T value = component[k / lanes][j * lanes + k % lanes];
            total = onto || k ? total + value * value : value * value;
            some = FG_TYPED(fg_abs)(value) + some;
        }
        sum[j] = total;
        bad |= FG_NAME(unsafe_sum)(total, some);
    }
    return !bad;
}

/* The same for all components. */
static int FG_NAME(squares)(void *const *component, int count, int lanes, Py_ssize_t start, Py_ssize_t n, T *sum)
{
    int good = 1;
    for (int first = 0; first < count; first += 3) {
        const T *c[3];
        int more = count - first < 3 ? count - first : 3;
        for (int k = 0; k < more; k++)
            c[k] = (const T *)component[first + k] + start * lanes;
#define FG_ADD(COUNT, LANES) \
        good &= first ? FG_NAME(add_squares)(c, COUNT, LANES, 1, n, sum) \
                      : FG_NAME(add_squares)(c, COUNT, LANES, 0, n, sum)
        if (lanes == 2)
            switch (more) { case 1: FG_ADD(1, 2); break; case 2: FG_ADD(2, 2); break; default: FG_ADD(3, 2); }
        else
            switch (more) { case 1: FG_ADD(1, 1); break; case 2: FG_ADD(2, 1); break; default: FG_ADD(3, 1); }
#undef FG_ADD
    }
    return good;
}

/* The norm of one sample whose plain sum of squares may not be good: scaled by a power of two so that the largest part
 * is near 1. Sets the power; 0 where the plain sum is good after all. Rare, so slow. */
static long double FG_NAME(careful_norm)(void *const *component, int count, int lanes, Py_ssize_t j, T sum, int *exponent)
{
    T largest = 0;
    long double scaled = 0;
    for (int part = 0; part < count * lanes; part++) {
        T size = FG_TYPED(fg_abs)(((const T *)component[part / lanes])[j * lanes + part % lanes]);
        largest = size > largest ? size : largest;
    }
    *exponent = 0;
    if (!((sum > FG_TYPED(FG_MAX) && largest <= FG_TYPED(FG_MAX)) || (sum < FG_TYPED(FG_LEAST) && largest > 0)))
        return FG_TYPED(fg_sqrt)(sum);
    *exponent = ilogbl((long double)largest);
    for (int part = 0; part < count * lanes; part++) {
        T value = ((const T *)component[part / lanes])[j * lanes + part % lanes];
        long double small = ldexpl((long double)value, -*exponent);
        scaled += small * small;
    }
    return sqrtl(scaled);
}

/* Square roots, in place; none may be infinite. One line is fetched for every line of component that this makes. */
static void FG_NAME(roots)(T *x, Py_ssize_t n, int lanes, const char *ahead)
{
    const Py_ssize_t line = 64 / (Py_ssize_t)sizeof(T);
    Py_ssize_t j = 0;
    for (; j + line <= n; j += line) {
        for (int lane = 0; ahead && lane < lanes; lane++, ahead += 64)
            FG_PREFETCH(ahead);
#ifdef FG_HAS_RSQRT
        /* The instruction keeps the divider busy but leaves other units free for the next lines' roots by arithmetic.
         * Those are correctly rounded, too: Goldschmidt's iteration from an estimate of 14 bits,
         * a step with an exact remainder, then Tuckerman's test against both neighbours, exact thanks to fma
         * (Markstein 1990). */
#define OP FG_TYPED(FG_OP)
        typedef FG_TYPED(FG_VEC) vec;
        if (j / line % 2 == 0) {
            OP(storeu)(x + j, OP(sqrt)(OP(loadu)(x + j)));
            continue;
        }
        const vec half = OP(set1)((T)0.5), zero = OP(setzero)();
        vec value = OP(loadu)(x + j), estimate = OP(rsqrt14)(value);
        vec root = OP(mul)(value, estimate), inverse = OP(mul)(half, estimate), above, below, result;
        for (int k = 0; k < FG_TYPED(FG_ROOT_STEPS); k++) {
            vec error = OP(fnmadd)(root, inverse, half);
            root = OP(fmadd)(root, error, root);
            inverse = OP(fmadd)(inverse, error, inverse);
        }
        root = OP(fmadd)(OP(fnmadd)(root, root, value), inverse, root);
        above = FG_TYPED(FG_ULPS)(root, 1), below = FG_TYPED(FG_ULPS)(root, -1);
        result = OP(mask_mov)(root, FG_TYPED(FG_IS)(OP(fnmadd)(root, above, value), _CMP_GT_OQ, zero), above);
        result = OP(mask_mov)(result, FG_TYPED(FG_IS)(OP(fnmadd)(root, below, value), _CMP_LE_OQ, zero), below);
        result = OP(mask_mov)(result, FG_TYPED(FG_IS)(value, _CMP_EQ_OQ, zero), zero);
        OP(storeu)(x + j, result);
#undef OP
#else
        for (Py_ssize_t k = j; k < j + line; k++)
            x[k] = FG_TYPED(fg_sqrt)(x[k]);
#endif
    }
    for (; j < n; j++)
        x[j] = FG_TYPED(fg_sqrt)(x[j]);
}

/* Norms of a group of samples, small enough for registers and L1. Returns whether they are good. */
FG_INLINE int FG_NAME(plain_norms)(T *norms, void *const *component, int count, int lanes, Py_ssize_t start,
                                   Py_ssize_t n, const char *ahead)
{
    int good = FG_NAME(squares)(component, count, lanes, start, n, norms);
    if (good)
        FG_NAME(roots)(norms, n, lanes, ahead ? ahead + start * lanes * (Py_ssize_t)sizeof(T) : 0);
    return good;
}

enum { FG_NAME(GROUP) = 2048 / sizeof(T) };

static void FG_NAME(norm)(void *out, void *const *component, int count, int lanes, Py_ssize_t n, const char *ahead)
{
    for (Py_ssize_t start = 0; start < n; start += FG_NAME(GROUP)) {
        T *norms = (T *)out + start;
        Py_ssize_t m = n - start < FG_NAME(GROUP) ? n - start : FG_NAME(GROUP);
        if (FG_NAME(plain_norms)(norms, component, count, lanes, start, m, ahead))
            continue;
        for (Py_ssize_t j = 0; j < m; j++) {
            int exponent;
            long double root = FG_NAME(careful_norm)(component, count, lanes, start + j, norms[j], &exponent);
            norms[j] = (T)ldexpl(root, exponent);
        }
    }
}

static void FG_NAME(unit)(void *const *component, int count, int lanes, Py_ssize_t n, const char *ahead)
{
    T scale[FG_NAME(GROUP)];
    for (Py_ssize_t start = 0; start < n; start += FG_NAME(GROUP)) {
        Py_ssize_t m = n - start < FG_NAME(GROUP) ? n - start : FG_NAME(GROUP);
        if (!FG_NAME(plain_norms)(scale, component, count, lanes, start, m, ahead))
            for (Py_ssize_t j = 0; j < m; j++) {
                int exponent;
                long double root = FG_NAME(careful_norm)(component, count, lanes, start + j, scale[j], &exponent);
                scale[j] = exponent ? 1 : (T)root;
                for (int part = 0; exponent && part < count * lanes; part++) {
                    T *c = (T *)component[part / lanes] + (start + j) * lanes + part % lanes;
                    *c = (T)(ldexpl((long double)*c, -exponent) / root);
                }
            }
        /* 1 / 0 would make NaN of a zero gradient; a NaN norm must stay NaN. */
        for (Py_ssize_t j = 0; j < m; j++)
            scale[j] = scale[j] > 0 ? 1 / scale[j] : scale[j];
        for (int k = 0; k < count; k++) {
            T *FG_RESTRICT c = (T *)component[k] + start * lanes;
            if (lanes == 1)
                for (Py_ssize_t j = 0; j < m; j++)
                    c[j] *= scale[j];
            else
                for (Py_ssize_t j = 0; j < m * lanes; j++)
                    c[j] *= scale[j / lanes];
        }
    }
}
