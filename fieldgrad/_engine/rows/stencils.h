/* Stencils as sums of weighted differences, and quotients. Included by rows.h, once per T, FG_TYPE and FG_ISA. */

/* ---- division ----------------------------------------------------------------------------------------- */

/* Fills divisor[1..2] with the reciprocal in two parts where that is safe. Returns the mode of division. */
static int FG_NAME(prepare_divisor)(void *divisor)
{
    T *d = (T *)divisor;
    double size = fabs((double)d[0]);
    d[1] = d[2] = 0;
    if (d[0] == 1)
        return FG_NO_DIVISION;
    if (!(size >= ldexp(1, -FG_TYPED(FG_REACH)) && size <= ldexp(1, FG_TYPED(FG_REACH))))
        return FG_DIVIDE;
    d[1] = 1 / d[0];
    d[2] = (T)((sizeof(T) == 4 ? fmaf(-(float)d[1], (float)d[0], 1) : fma(-(double)d[1], (double)d[0], 1)) / d[0]);
    return FG_DIVIDE_BY_FMA;
}

#ifdef FG_HAS_FMA
FG_INLINE T FG_NAME(fma)(T x, T y, T z) { return sizeof(T) == 4 ? (T)__builtin_fmaf(x, y, z) : (T)__builtin_fma(x, y, z); }
FG_INLINE T FG_NAME(copysign)(T x, T y) { return sizeof(T) == 4 ? (T)__builtin_copysignf(x, y) : (T)__builtin_copysign(x, y); }

/* The correctly rounded quotient without a division (Markstein 1990; Brisebarre, Muller & Raina 2004): the reciprocal
 * in two parts gives a faithful quotient, its exact remainder the last bit. The plain product knows the sign of zero. */
FG_INLINE T FG_NAME(quotient)(T x, T by, T high, T low)
{
    T near = FG_NAME(fma)(x, high, x * low);
    return FG_NAME(copysign)(FG_NAME(fma)(FG_NAME(fma)(-near, by, x), high, near), x * high);
}
#endif

/* ---- tensor stencils ---------------------------------------------------------------------------------- */

/* What is constant where the row loop is inlined: without a centre, whether sums are divided, whether all differences are
 * to the same sample, whether they are weighed along the row once, or twice; with a centre, whether weights vary; and what
 * becomes of the sums. */
enum { FG_NAME(DIFFERENCES), FG_NAME(QUOTIENTS), FG_NAME(TO_ONE), FG_NAME(SCALED), FG_NAME(SCALED_TO_ONE), FG_NAME(TWICE),
       FG_NAME(CENTRED), FG_NAME(VARYING), FG_NAME(FORMS) };
enum { FG_NAME(WRITE), FG_NAME(ADD), FG_NAME(STREAM), FG_NAME(LINE) = 64 / sizeof(T) };
/* Terms that are added in one go; with one sample for all they need half as many pointers. */
enum { FG_NAME(FEW) = 4, FG_NAME(MORE) = 8 };

/* A few terms. Streams take whole lines. Returns whether quotients can be relied on: whether no sum was outside
 * the range that is safe for them. */
FG_INLINE int FG_NAME(combine_few)(T *FG_RESTRICT out, const fg_sources *s, Py_ssize_t r, Py_ssize_t start, int first,
                                    int count, int form, int how, Py_ssize_t n)
{
    const int centred = form >= FG_NAME(CENTRED), varying = form == FG_NAME(VARYING), onto = how == FG_NAME(ADD);
    const int twice = form == FG_NAME(TWICE), scaled = form >= FG_NAME(SCALED) && form <= FG_NAME(TWICE);
    const int to_one = form == FG_NAME(TO_ONE) || form == FG_NAME(SCALED_TO_ONE);
    const T *a[FG_NAME(MORE)], *b[FG_NAME(MORE)], *w_row[FG_NAME(MORE)], *array[FG_NAME(MORE)];
    const T *ahead_row[FG_NAME(MORE)], *behind_row[FG_NAME(MORE)], *centre = 0;
    const T *divisor = (const T *)s->divisor;
    const Py_ssize_t chunk = how == FG_NAME(STREAM) ? FG_NAME(LINE) : n;
    const char *fetch = s->ahead ? s->ahead + start * (Py_ssize_t)sizeof(T) : 0;
    T w[FG_NAME(MORE)], ahead[FG_NAME(MORE)], behind[FG_NAME(MORE)];
    _Alignas(64) T line[FG_NAME(LINE)];
    FG_TYPED(fg_bits) outside = 0;
    (void)divisor, (void)fetch, (void)line;
    for (int t = 0; t < count; t++) {
        a[t] = (const T *)s->a[first + t] + r * s->a_stride[first + t] + start;
        b[t] = (const T *)s->b[first + t] + r * s->b_stride[first + t] + start;
        if (twice || varying)
            w_row[t] = (const T *)s->w_row[first + t] + start;
        if (scaled)
            array[t] = (const T *)s->array[first + t] + r * s->array_stride[first + t] + start;
        if (varying) {
            ahead_row[t] = (const T *)s->ahead_row[first + t] + start;
            behind_row[t] = (const T *)s->behind_row[first + t] + start;
        } else {
            w[t] = ((const T *)s->w)[(first + t) * s->w_step + r * s->w_stride];
            ahead[t] = centred ? ((const T *)s->ahead_w)[first + t] : 0;
            behind[t] = centred ? ((const T *)s->behind_w)[first + t] : 0;
        }
    }
    if (centred)
        centre = (const T *)s->centre + r * s->centre_stride + start;
    for (Py_ssize_t from = 0; from < n; from += chunk) {
        T *FG_RESTRICT to = how == FG_NAME(STREAM) ? line : out + from;
        FG_INDEPENDENT
        for (Py_ssize_t j = from; j < from + chunk; j++) {
            T sum = onto ? out[j] : 0;
            for (int t = 0; t < count; t++) {
                T weight = varying ? w_row[t][j] : twice ? w[t] * w_row[t][j] : w[t];
                T term = (scaled ? weight * array[t][j] : weight) * (a[t][j] - b[to_one ? 0 : t][j]);
                if (centred)
                    term += (varying ? ahead_row[t][j] : ahead[t]) * (a[t][j] - centre[j])
                        + (varying ? behind_row[t][j] : behind[t]) * (centre[j] - b[t][j]);
                sum = onto || t ? sum + term : term;  /* 0 + (-0) would lose the sign */
            }
#ifdef FG_HAS_FMA
            if (form == FG_NAME(QUOTIENTS)) {
                T size = FG_TYPED(fg_abs)(sum);
                T unsafe = ((size > FG_TYPED(FG_MOST)) | (size < FG_TYPED(FG_LEAST))) ? size : 0;
                outside |= FG_TYPED(fg_to_bits)(unsafe);
                sum = FG_NAME(quotient)(sum, divisor[0], divisor[1], divisor[2]);
            }
#endif
            to[j - from] = sum;
        }
        if (how == FG_NAME(STREAM)) {
            FG_STREAM_LINE(out + from, line);
            if (fetch)
                FG_PREFETCH(fetch), fetch += 64;
        }
    }
    return !outside;
}

/* Each of the cases as a function of its own: together they would run out of registers. */
typedef int (*FG_NAME(few_fn))(T *out, const fg_sources *s, Py_ssize_t r, Py_ssize_t start, int first, Py_ssize_t n);
#define FG_CASE(FORM, HOW, COUNT) \
static int FG_NAME(FORM##_##HOW##_##COUNT)(T *out, const fg_sources *s, Py_ssize_t r, Py_ssize_t start, int first, \
                                           Py_ssize_t n) \
{ \
    return FG_NAME(combine_few)(out, s, r, start, first, COUNT, FG_NAME(FORM), FG_NAME(HOW), n); \
}
#define FG_UP_TO_4(FORM, HOW) FG_CASE(FORM, HOW, 1) FG_CASE(FORM, HOW, 2) FG_CASE(FORM, HOW, 3) FG_CASE(FORM, HOW, 4)
#define FG_UP_TO_8(FORM, HOW) FG_UP_TO_4(FORM, HOW) \
    FG_CASE(FORM, HOW, 5) FG_CASE(FORM, HOW, 6) FG_CASE(FORM, HOW, 7) FG_CASE(FORM, HOW, 8)
#define FG_4_ENTRIES(FORM, HOW) \
    FG_NAME(FORM##_##HOW##_1), FG_NAME(FORM##_##HOW##_2), FG_NAME(FORM##_##HOW##_3), FG_NAME(FORM##_##HOW##_4)
#define FG_8_ENTRIES(FORM, HOW) FG_4_ENTRIES(FORM, HOW), \
    FG_NAME(FORM##_##HOW##_5), FG_NAME(FORM##_##HOW##_6), FG_NAME(FORM##_##HOW##_7), FG_NAME(FORM##_##HOW##_8)
#define FG_EACH_CASE(CASES, FORM) CASES(FORM, WRITE) CASES(FORM, ADD) CASES(FORM, STREAM)
#define FG_FORM(ENTRIES, FORM) [FG_NAME(FORM)] = {{ENTRIES(FORM, WRITE)}, {ENTRIES(FORM, ADD)}, {ENTRIES(FORM, STREAM)}}
FG_EACH_CASE(FG_UP_TO_4, DIFFERENCES)
FG_EACH_CASE(FG_UP_TO_8, TO_ONE)
FG_EACH_CASE(FG_UP_TO_4, SCALED)
FG_EACH_CASE(FG_UP_TO_4, SCALED_TO_ONE)
FG_EACH_CASE(FG_UP_TO_4, TWICE)
FG_EACH_CASE(FG_UP_TO_4, CENTRED)
FG_EACH_CASE(FG_UP_TO_4, VARYING)
#ifdef FG_HAS_FMA
FG_EACH_CASE(FG_UP_TO_4, QUOTIENTS)
#endif
static const FG_NAME(few_fn) FG_NAME(few)[FG_NAME(FORMS)][3][FG_NAME(MORE)] = {
    FG_FORM(FG_4_ENTRIES, DIFFERENCES), FG_FORM(FG_8_ENTRIES, TO_ONE), FG_FORM(FG_4_ENTRIES, SCALED),
    FG_FORM(FG_4_ENTRIES, SCALED_TO_ONE), FG_FORM(FG_4_ENTRIES, TWICE), FG_FORM(FG_4_ENTRIES, CENTRED),
    FG_FORM(FG_4_ENTRIES, VARYING),
#ifdef FG_HAS_FMA
    FG_FORM(FG_4_ENTRIES, QUOTIENTS),
#endif
};
#undef FG_CASE
#undef FG_UP_TO_4
#undef FG_UP_TO_8
#undef FG_4_ENTRIES
#undef FG_8_ENTRIES
#undef FG_EACH_CASE
#undef FG_FORM

/* One row: a few terms at a time, of which the last divide, or whole lines in one go and its ends besides. */
static int FG_NAME(combine_row)(T *out, const fg_sources *s, Py_ssize_t r, int form, Py_ssize_t n)
{
    Py_ssize_t head = (Py_ssize_t)(-(uintptr_t)out & 63) / (Py_ssize_t)sizeof(T);
    Py_ssize_t lines = (n - head) / FG_NAME(LINE) * FG_NAME(LINE);
    if (s->streamed && s->terms <= (form == FG_NAME(TO_ONE) ? FG_NAME(MORE) : FG_NAME(FEW)) && lines > 0) {
        const FG_NAME(few_fn) *plain = FG_NAME(few)[form][FG_NAME(WRITE)];
        int last = s->terms - 1;
        int good = FG_NAME(few)[form][FG_NAME(STREAM)][last](out + head, s, r, head, 0, lines);
        good &= plain[last](out, s, r, 0, 0, head);
        return good & plain[last](out + head + lines, s, r, head + lines, 0, n - head - lines);
    }
    int first = 0, before = form == FG_NAME(QUOTIENTS) ? FG_NAME(DIFFERENCES) : form;
    for (; first + FG_NAME(FEW) < s->terms; first += FG_NAME(FEW))
        FG_NAME(few)[before][first > 0][FG_NAME(FEW) - 1](out, s, r, 0, first, n);
    return FG_NAME(few)[form][first > 0][s->terms - first - 1](out, s, r, 0, first, n);
}

/* The ends of rows: columns of one or two samples, without a centre. Nothing but samples is read in the loop. */
static void FG_NAME(combine_short)(T *out, Py_ssize_t out_stride, const fg_sources *s, Py_ssize_t rows, Py_ssize_t n)
{
    const T *a[FG_MOST_TERMS], *b[FG_MOST_TERMS], by = ((const T *)s->divisor)[0];
    T w[FG_MOST_TERMS];
    const int terms = s->terms, divide = s->division != FG_NO_DIVISION;
    for (Py_ssize_t j = 0; j < n; j++) {
        for (int t = 0; t < terms; t++)
            a[t] = (const T *)s->a[t] + j, b[t] = (const T *)s->b[t] + j, w[t] = ((const T *)s->w)[t];
        for (Py_ssize_t r = 0; r < rows; r++) {
            T sum = 0;
            for (int t = 0; t < terms; t++) {
                T term = w[t] * (*a[t] - *b[t]);
                sum = t ? sum + term : term;  /* 0 + (-0) would lose the sign */
                a[t] += s->a_stride[t], b[t] += s->b_stride[t];
            }
            out[r * out_stride + j] = divide ? sum / by : sum;
        }
    }
}

static void FG_NAME(combine)(void *out, Py_ssize_t out_stride, const fg_sources *s, Py_ssize_t rows, Py_ssize_t n)
{
    int dense = !s->varying && out_stride == n && (!s->centred || s->centre_stride == n);
    for (int t = 0; t < s->terms; t++)
        dense = dense && s->a_stride[t] == n && s->b_stride[t] == n;
    if (dense)
        n *= rows, rows = 1;
    if (n <= 2 && !s->centred) {
        FG_NAME(combine_short)((T *)out, out_stride, s, rows, n);
        return;
    }
    for (Py_ssize_t r = 0; r < rows; r++) {
        T *row = (T *)out + r * out_stride;
        if (s->varying)
            FG_NAME(combine_row)(row, s, r, FG_NAME(VARYING), n);
        else if (s->centred)
            FG_NAME(combine_row)(row, s, r, FG_NAME(CENTRED), n);
#ifdef FG_HAS_FMA
        else if (s->division == FG_DIVIDE_BY_FMA && FG_NAME(combine_row)(row, s, r, FG_NAME(QUOTIENTS), n))
            continue;
#endif
        else
            FG_NAME(combine_row)(row, s, r, FG_NAME(DIFFERENCES), n);
        if (s->division != FG_NO_DIVISION)
            for (Py_ssize_t j = 0; j < n; j++)
                row[j] /= ((const T *)s->divisor)[0];
    }
}

/* How many terms from one on are weighed alike, of those that are added in one go, and how. */
FG_INLINE int FG_NAME(alike)(const fg_sources *s, int first, int *form)
{
    int count = 1, to_one = 1, most = s->array[first] ? FG_NAME(FEW) : FG_NAME(MORE);
    while (count < most && first + count < s->terms && !s->array[first] == !s->array[first + count]
           && !s->w_row[first] == !s->w_row[first + count]) {
        int same = s->b[first + count] == s->b[first];
        if (!same && count >= FG_NAME(FEW))
            break;
        if (!same)
            to_one = 0, most = FG_NAME(FEW);
        count++;
    }
    *form = s->w_row[first] ? FG_NAME(TWICE)
        : s->array[first] ? (to_one ? FG_NAME(SCALED_TO_ONE) : FG_NAME(SCALED))
        : (to_one ? FG_NAME(TO_ONE) : FG_NAME(DIFFERENCES));
    return count;
}

/* Columns of one or two samples, as at the ends of rows: setting out for each row would cost more than its sums. */
static void FG_NAME(sum_short)(T *out, Py_ssize_t out_stride, const fg_sources *s, Py_ssize_t rows, Py_ssize_t n)
{
    for (Py_ssize_t r0 = 0; r0 < rows; r0 += FG_SWEPT_ROWS) {
        const Py_ssize_t r1 = r0 + FG_SWEPT_ROWS < rows ? r0 + FG_SWEPT_ROWS : rows;
        for (Py_ssize_t j = 0; j < n; j++) {
            T sums[FG_SWEPT_ROWS];
            for (int t = 0; t < s->terms; t++) {
                const T *w = (const T *)s->w + t * s->w_step, *a = (const T *)s->a[t] + j, *b = (const T *)s->b[t] + j;
                const T *array = s->array[t] ? (const T *)s->array[t] + j : 0;
                const T along = s->w_row[t] ? ((const T *)s->w_row[t])[j] : 1;
                const Py_ssize_t a_step = s->a_stride[t], b_step = s->b_stride[t], array_step = s->array_stride[t];
                for (Py_ssize_t r = r0; r < r1; r++) {
                    T weight = w[r * s->w_stride] * along;
                    T term = (array ? weight * array[r * array_step] : weight) * (a[r * a_step] - b[r * b_step]);
                    sums[r - r0] = t ? sums[r - r0] + term : term;  /* 0 + (-0) would lose the sign */
                }
            }
            for (Py_ssize_t r = r0; r < r1; r++)
                out[r * out_stride + j] = sums[r - r0];
        }
    }
}

static void FG_NAME(sum)(void *out, Py_ssize_t out_stride, const fg_sources *s, Py_ssize_t rows, Py_ssize_t n)
{
    int first[FG_MOST_SUMMED + 1], form[FG_MOST_SUMMED], groups = 0;
    if (n <= 2) {
        FG_NAME(sum_short)((T *)out, out_stride, s, rows, n);
        return;
    }
    for (first[0] = 0; first[groups] < s->terms; groups++)
        first[groups + 1] = first[groups] + FG_NAME(alike)(s, first[groups], &form[groups]);
    for (Py_ssize_t r = 0; r < rows; r++) {
        T *row = (T *)out + r * out_stride;
        if (s->streamed && groups == 1)
            FG_NAME(combine_row)(row, s, r, form[0], n);
        else
            for (int g = 0; g < groups; g++)
                FG_NAME(few)[form[g]][g ? FG_NAME(ADD) : FG_NAME(WRITE)][first[g + 1] - first[g] - 1](
                    row, s, r, 0, first[g], n);
    }
}

static void FG_NAME(weigh)(void *w, Py_ssize_t rows, int count, const void *by, const void *factor, const void *line,
                           Py_ssize_t line_step, const void *weight, Py_ssize_t step, int add)
{
    T numbers[FG_SWEPT_ROWS];
    for (Py_ssize_t r = 0; r < rows; r++) {
        numbers[r] = *(const T *)by * ((const T *)line)[r * line_step];
        if (factor)
            numbers[r] *= ((const T *)factor)[r];
    }
    for (int k = 0; k < count; k++) {
        T *out = (T *)w + k * FG_SWEPT_ROWS;
        for (Py_ssize_t r = 0; r < rows; r++)
            out[r] = (add ? out[r] : 0) + numbers[r] * ((const T *)weight)[r * step + k];
    }
}
