/* Derivatives next to absent samples. Included by rows.h, once per T, FG_TYPE and FG_ISA. */

/* How many of some samples side by side are present, with their neighbours; and how many samples are looked at together,
 * whose marks are a vector. */
enum { FG_NAME(SOME), FG_NAME(ALL) };
enum { FG_NAME(MARKS) = FG_TYPED(FG_VECTOR_BYTES) > 16 ? FG_TYPED(FG_VECTOR_BYTES) : 16 };

/* Whether so many marks are all like one. */
FG_INLINE int FG_NAME(marks_are)(const unsigned char *marks, unsigned char mark)
{
    const uint64_t eight = mark * UINT64_C(0x0101010101010101);
    uint64_t other = 0, word;
    for (int k = 0; k < FG_NAME(MARKS); k += 8) {
        memcpy(&word, marks + k, 8);
        other |= word ^ eight;
    }
    return other == 0;
}

/* Those of n samples from (r, start) on, without a branch. A difference of both neighbours is worth half as much as one to
 * the sample itself; only where quotients cannot be relied on, which is returned, each has its own divisor. `present` and
 * `division` are constants where this is inlined. */
FG_INLINE int FG_NAME(beside_some)(T *FG_RESTRICT out, const fg_beside *s, Py_ssize_t r, Py_ssize_t start, int present,
                                   int division, Py_ssize_t n)
{
    const T *before = (const T *)s->before.samples + r * s->before.stride + start;
    const T *here = (const T *)s->here.samples + r * s->here.stride + start;
    const T *after = (const T *)s->after.samples + r * s->after.stride + start;
    const unsigned char *marks = s->here.marks + r * s->here.marks_stride + start;
    const unsigned char *marks_before = s->before.marks + r * s->before.marks_stride + start;
    const unsigned char *marks_after = s->after.marks + r * s->after.marks_stride + start;
    const T *by = (const T *)s->divisor, *by_both = by + 3;
    const T weight = division == FG_DIVIDE ? *(const T *)s->w : (T)0.5, nan = (T)NAN;
    FG_TYPED(fg_bits) outside = 0;
    (void)by, (void)by_both;
    for (Py_ssize_t j = 0; j < n; j++) {
        T low = before[j], middle = here[j], high = after[j], sum = weight * (high - low);
        int has_low = marks_before[j] != 0, has_high = marks_after[j] != 0, both = 1;
        if (present == FG_NAME(SOME)) {
            both = has_low & has_high;
            sum = (both ? weight : 1) * ((has_high ? high : middle) - (has_low ? low : middle));
            sum = ((marks[j] != 0) & (has_low | has_high)) ? sum : nan;
        }
        if (division == FG_DIVIDE)
            sum /= both ? by_both[0] : by[0];
#ifdef FG_HAS_FMA
        if (division == FG_DIVIDE_BY_FMA) {
            T size = FG_TYPED(fg_abs)(sum);
            T unsafe = ((size > FG_TYPED(FG_MOST)) | (size < FG_TYPED(FG_LEAST))) ? size : 0;
            outside |= FG_TYPED(fg_to_bits)(unsafe);
            sum = FG_NAME(quotient)(sum, by[0], by[1], by[2]);
        }
#endif
        out[j] = sum;
    }
    return !outside;
}

/* The same by groups, for most are far from a coast. */
FG_INLINE int FG_NAME(beside_groups)(T *FG_RESTRICT out, const fg_beside *s, Py_ssize_t r, Py_ssize_t start, int division,
                                     Py_ssize_t n)
{
    enum { MARKS = FG_NAME(MARKS) };
    const unsigned char *marks = s->here.marks + r * s->here.marks_stride + start;
    const unsigned char *marks_before = s->before.marks + r * s->before.marks_stride + start;
    const unsigned char *marks_after = s->after.marks + r * s->after.marks_stride + start;
    Py_ssize_t j = 0;
    int good = 1;
    for (; j + MARKS <= n; j += MARKS)
        if (FG_NAME(marks_are)(marks + j, 1) & FG_NAME(marks_are)(marks_before + j, 1)
            & FG_NAME(marks_are)(marks_after + j, 1))
            good &= FG_NAME(beside_some)(out + j, s, r, start + j, FG_NAME(ALL), division, MARKS);
        else if (FG_NAME(marks_are)(marks + j, 0))
            for (int k = 0; k < MARKS; k++)
                out[j + k] = (T)NAN;
        else
            good &= FG_NAME(beside_some)(out + j, s, r, start + j, FG_NAME(SOME), division, MARKS);
    return good & FG_NAME(beside_some)(out + j, s, r, start + j, FG_NAME(SOME), division, n - j);
}

/* Each way to divide as a function of its own, for the several pieces of a row. */
typedef int (*FG_NAME(beside_fn))(T *out, const fg_beside *s, Py_ssize_t r, Py_ssize_t start, Py_ssize_t n);
#define FG_BESIDE(DIVISION) \
static int FG_NAME(beside_##DIVISION)(T *out, const fg_beside *s, Py_ssize_t r, Py_ssize_t start, Py_ssize_t n) \
{ \
    return FG_NAME(beside_groups)(out, s, r, start, DIVISION, n); \
}
FG_BESIDE(FG_NO_DIVISION)
FG_BESIDE(FG_DIVIDE)
#ifdef FG_HAS_FMA
FG_BESIDE(FG_DIVIDE_BY_FMA)
#endif
#undef FG_BESIDE

/* One row. Whole lines of streams are made in pieces that stay in L1. */
static int FG_NAME(beside_row)(T *out, const fg_beside *s, Py_ssize_t r, FG_NAME(beside_fn) make, Py_ssize_t n)
{
    enum { PIECE = 2048 / sizeof(T) };
    FG_ALIGNED T piece[PIECE];
    Py_ssize_t j = (Py_ssize_t)(-(uintptr_t)out & 63) / (Py_ssize_t)sizeof(T);
    Py_ssize_t end = j + (n - j) / FG_NAME(LINE) * FG_NAME(LINE), m;
    int good;
    if (!s->streamed || n < j + FG_NAME(LINE))
        return make(out, s, r, 0, n);
    good = make(out, s, r, 0, j);
    for (; j < end; j += m) {
        m = end - j < PIECE ? end - j : PIECE;
        good &= make(piece, s, r, j, m);
        FG_NAME(stream)((char *)(out + j), (const char *)piece, m * (Py_ssize_t)sizeof(T),
                        s->ahead ? s->ahead + j * (Py_ssize_t)sizeof(T) : 0);
    }
    return good & make(out + end, s, r, end, n - end);
}

static void FG_NAME(beside)(void *out, Py_ssize_t out_stride, const fg_beside *s, Py_ssize_t rows, Py_ssize_t n)
{
    const int divide = s->division != FG_NO_DIVISION;
    const FG_NAME(beside_fn) make = divide ? FG_NAME(beside_FG_DIVIDE) : FG_NAME(beside_FG_NO_DIVISION);
    for (Py_ssize_t r = 0; r < rows; r++) {
        T *row = (T *)out + r * out_stride;
        if (n == 1 && divide)
            FG_NAME(beside_some)(row, s, r, 0, FG_NAME(SOME), FG_DIVIDE, 1);
        else if (n == 1)
            FG_NAME(beside_some)(row, s, r, 0, FG_NAME(SOME), FG_NO_DIVISION, 1);
#ifdef FG_HAS_FMA
        else if (s->division == FG_DIVIDE_BY_FMA && FG_NAME(beside_row)(row, s, r, FG_NAME(beside_FG_DIVIDE_BY_FMA), n))
            continue;
#endif
        else
            FG_NAME(beside_row)(row, s, r, make, n);
    }
}
