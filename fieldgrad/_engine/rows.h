/* The row loops of fieldgrad: everything that touches samples.
 *
 * This file includes itself once per sample type and instruction set (see the middle). Only the functions of
 * such an inclusion are compiled for the wider set, so importing the module never runs an instruction that
 * the processor lacks. Loops are plain C for the compiler to vectorise; products and sums are never fused
 * (-ffp-contract=off), so every variant gives the same bits. Quotients and roots ask for fma() because a correctly
 * rounded result does not depend on how it was found.
 */
#ifndef FG_ROWS_H
#define FG_ROWS_H

#include <Python.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__) || defined(_M_X64)
#define FG_X86 1
#include <immintrin.h>
#endif

#if defined(__GNUC__)
#define FG_INLINE static inline __attribute__((always_inline))
#define FG_RESTRICT __restrict__
#else
#define FG_INLINE static __forceinline
#define FG_RESTRICT __restrict
#endif

/* How a stencil's sum is divided at the end. Where there is no fma, FG_DIVIDE_BY_FMA is a plain division, too. */
enum { FG_NO_DIVISION, FG_DIVIDE, FG_DIVIDE_BY_FMA };

/* Terms of a stencil, at most. */
enum { FG_MOST_TERMS = 32 };

/* Kinds of stored numbers, in the order of FG_STORED below. */
enum { FG_U8, FG_I8, FG_U16, FG_I16, FG_U32, FG_I32, FG_U64, FG_I64, FG_F16, FG_F32, FG_F64, FG_FLD, FG_KINDS };

#define FG_STORED(X) \
    X(FG_U8, uint8_t, ) X(FG_I8, int8_t, ) X(FG_U16, uint16_t, ) X(FG_I16, int16_t, ) \
    X(FG_U32, uint32_t, ) X(FG_I32, int32_t, ) X(FG_U64, uint64_t, ) X(FG_I64, int64_t, ) \
    X(FG_F16, uint16_t, fg_from_half) X(FG_F32, float, ) X(FG_F64, double, ) X(FG_FLD, long double, )

typedef void (*fg_load_fn)(void *dst, const char *src, Py_ssize_t stride, Py_ssize_t n, int lanes, int swap);

/* A stencil that found its samples: for sample j of row r, with a[t] for a[t][r * a_stride[t] + j] and so on,
 *
 *     (sum over t of w[t] * (a[t] - b[t]) + ahead[t] * (a[t] - centre) + behind[t] * (centre - b[t])) / divisor[0]
 *
 * Without a centre the first difference is all. The weights are w[t], ahead_w[t], behind_w[t] or, where they vary,
 * w_row[t][j] and so on. */
typedef struct {
    const void *a[FG_MOST_TERMS], *b[FG_MOST_TERMS], *centre;
    Py_ssize_t a_stride[FG_MOST_TERMS], b_stride[FG_MOST_TERMS], centre_stride;
    const void *w, *ahead_w, *behind_w;
    const void *w_row[FG_MOST_TERMS], *ahead_row[FG_MOST_TERMS], *behind_row[FG_MOST_TERMS];
    const void *divisor;  /* three samples, as prepare_divisor left them; so is `division` */
    int terms, division, centred, varying;
    int streamed;         /* the result is far from the caches: write whole lines past them, */
    const char *ahead;    /* and fetch as many bytes from here, unless it is NULL */
} fg_sources;

/* One variant: the kernels of one sample type for one instruction set. Strides and lengths count samples. */
typedef struct {
    /* out = a stencil applied to its sources, for rows of n samples. */
    void (*combine)(void *out, Py_ssize_t out_stride, const fg_sources *sources, Py_ssize_t rows, Py_ssize_t n);
    int (*prepare_divisor)(void *divisor);
    /* Euclidean norms of n samples of `count` components; `lanes` neighbours (re, im) make one sample. Each of these
     * three fetches on its way as many bytes as a component has from `ahead`, which may be NULL. */
    void (*norm)(void *out, void *const *component, int count, int lanes, Py_ssize_t n, const char *ahead);
    /* The components divided by their norm, in place. */
    void (*unit)(void *const *component, int count, int lanes, Py_ssize_t n, const char *ahead);
    /* Copy past the caches. */
    void (*stream)(char *dst, const char *src, Py_ssize_t bytes, const char *ahead);
    void (*store)(char *dst, Py_ssize_t stride, const void *src, Py_ssize_t n, int lanes);
    void (*store_half)(char *dst, Py_ssize_t stride, const void *src, Py_ssize_t n, int lanes);
    fg_load_fn load[FG_KINDS];
} fg_kernels;

/* IEEE half precision. Shifting the bits into a float leaves the exponent 112 too small; the product mends
 * that, subnormal numbers included. */
static inline float fg_from_half(uint16_t half)
{
    uint32_t bits = (uint32_t)(half & 0x7fff) << 13;
    float value;
    if (bits >= 0x0f800000u)
        bits |= 0x7f800000u;  /* inf and NaN keep their exponent of ones */
    memcpy(&value, &bits, 4);
    if (bits < 0x7f800000u)
        value *= 0x1p112f;
    return (half & 0x8000) ? -value : value;
}

/* Round to nearest even. Adding a power of two whose last bit weighs as much as the half's last bit rounds. */
static inline uint16_t fg_to_half(float value)
{
    uint32_t bits, sign;
    float magnitude = fabsf(value);
    memcpy(&bits, &value, 4);
    sign = bits >> 16 & 0x8000;
    if (magnitude != magnitude)
        return (uint16_t)(sign | 0x7e00);
    if (magnitude >= 65520.0f)
        return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x1p-14f) {
        magnitude += 0.5f;  /* the last bit of 0.5f is 2^-24 as that of a subnormal half */
        memcpy(&bits, &magnitude, 4);
        return (uint16_t)(sign | (bits - 0x3f000000u));
    }
    bits &= 0x7fffffffu;
    bits += 0xfffu + (bits >> 13 & 1);
    return (uint16_t)(sign | ((bits - (112u << 23)) >> 13));
}

/* Streamed lines must be visible before another thread is told that the work is done. */
static inline void fg_stream_end(void)
{
#ifdef FG_X86
    _mm_sfence();
#endif
}

/* Ask for a line that will be needed soon; addresses beyond the array do no harm. */
#if defined(__GNUC__)
#define FG_PREFETCH(address) __builtin_prefetch(address)
#else
#define FG_PREFETCH(address) ((void)(address))
#endif

/* The other byte order. */
static inline void fg_swap(void *value, size_t size)
{
#if defined(__GNUC__)
    uint16_t two; uint32_t four; uint64_t eight;
    switch (size) {
    case 2: memcpy(&two, value, 2); two = __builtin_bswap16(two); memcpy(value, &two, 2); return;
    case 4: memcpy(&four, value, 4); four = __builtin_bswap32(four); memcpy(value, &four, 4); return;
    case 8: memcpy(&eight, value, 8); eight = __builtin_bswap64(eight); memcpy(value, &eight, 8); return;
    }
#endif
    unsigned char *bytes = (unsigned char *)value;
    for (size_t k = 0; k < size / 2; k++) {
        unsigned char byte = bytes[k];
        bytes[k] = bytes[size - 1 - k];
        bytes[size - 1 - k] = byte;
    }
}

/* For measuring short spans. */
static inline double fg_seconds(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The next number of a counter that several threads draw from. */
#if defined(__GNUC__)
static inline int64_t fg_draw(int64_t *counter) { return __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED); }
static inline int fg_peek(const int *flag) { return __atomic_load_n(flag, __ATOMIC_RELAXED); }
static inline void fg_raise(int *flag) { __atomic_store_n(flag, 1, __ATOMIC_RELAXED); }
#else
#include <intrin.h>
static inline int64_t fg_draw(int64_t *counter) { return _InterlockedExchangeAdd64((volatile __int64 *)counter, 1); }
static inline int fg_peek(const int *flag) { return *(const volatile int *)flag; }
static inline void fg_raise(int *flag) { *(volatile int *)flag = 1; }
#endif

#define FG_PASTE3(a, b, c) a##_##b##_##c
#define FG_PASTE2(a, b, c) FG_PASTE3(a, b, c)
#define FG_NAME(name) FG_PASTE2(name, FG_TYPE, FG_ISA)

/* Per type: between LEAST and MOST a quotient's remainder is exact and nothing under- or overflows as long as the
 * divisor lies within 2^±REACH. A sum of squares of at least LEAST has lost nothing to underflow. */
#define FG_LEAST_f32 0x1p-100f
#define FG_MOST_f32 0x1p100f
#define FG_REACH_f32 20
#define FG_LEAST_f64 0x1p-960
#define FG_MOST_f64 0x1p960
#define FG_REACH_f64 50
#define FG_LEAST_fld ((long double)0x1p-960)
#define FG_MOST_fld ((long double)0x1p960)
#define FG_REACH_fld -1  /* never: there is no such fma */
/* Numbers as wide as a sample, zero only for zeros: vectors of both have the same lanes. */
typedef int32_t fg_bits_f32;
typedef int64_t fg_bits_f64;
typedef int fg_bits_fld;
static inline int32_t fg_to_bits_f32(float x) { int32_t bits; memcpy(&bits, &x, sizeof bits); return bits; }
static inline int64_t fg_to_bits_f64(double x) { int64_t bits; memcpy(&bits, &x, sizeof bits); return bits; }
static inline int fg_to_bits_fld(long double x) { return x != 0; }
#define FG_MAX_f32 FLT_MAX
#define FG_MAX_f64 DBL_MAX
#define FG_MAX_fld LDBL_MAX
#define fg_sqrt_f32 sqrtf
#define fg_sqrt_f64 sqrt
#define fg_sqrt_fld sqrtl
#define fg_abs_f32 fabsf
#define fg_abs_f64 fabs
#define fg_abs_fld fabsl
#define FG_TYPED2(name, type) name##_##type
#define FG_TYPED1(name, type) FG_TYPED2(name, type)
#define FG_TYPED(name) FG_TYPED1(name, FG_TYPE)

/* ---- one inclusion per type, for each instruction set ------------------------------------------------- */
#if defined(__aarch64__)
#define FG_HAS_FMA 1
#endif
#ifdef FG_X86
#define FG_QUARTER(dst, src, k) _mm_stream_si128((__m128i *)(dst) + k, _mm_loadu_si128((const __m128i *)(src) + k))
#define FG_STREAM_LINE(dst, src) \
    (FG_QUARTER(dst, src, 0), FG_QUARTER(dst, src, 1), FG_QUARTER(dst, src, 2), FG_QUARTER(dst, src, 3))
#else
#define FG_STREAM_LINE(dst, src) memcpy(dst, src, 64)
#endif
#define FG_ISA baseline
#define FG_TYPE f32
#define T float
#include "rows.h"
#define FG_TYPE f64
#define T double
#include "rows.h"
#undef FG_HAS_FMA
#define FG_TYPE fld
#define T long double
#include "rows.h"
#undef FG_ISA

#if defined(FG_X86) && defined(__GNUC__)
#define FG_HAS_FMA 1

#undef FG_STREAM_LINE
#define FG_HALF(dst, src, k) _mm256_stream_si256((__m256i *)(dst) + k, _mm256_loadu_si256((const __m256i *)(src) + k))
#define FG_STREAM_LINE(dst, src) (FG_HALF(dst, src, 0), FG_HALF(dst, src, 1))
#define FG_ISA avx2
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define FG_TYPE f32
#define T float
#include "rows.h"
#define FG_TYPE f64
#define T double
#include "rows.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#undef FG_ISA

#undef FG_STREAM_LINE
#define FG_STREAM_LINE(dst, src) _mm512_stream_si512((__m512i *)(dst), _mm512_loadu_si512(src))
#define FG_HAS_RSQRT 1
#define FG_VEC_f32 __m512
#define FG_VEC_f64 __m512d
#define FG_OP_f32(name) _mm512_##name##_ps
#define FG_OP_f64(name) _mm512_##name##_pd
#define FG_IS_f32(a, how, b) _mm512_cmp_ps_mask(a, b, how)
#define FG_IS_f64(a, how, b) _mm512_cmp_pd_mask(a, b, how)
#define FG_ULPS_f32(x, k) _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(k)))
#define FG_ULPS_f64(x, k) _mm512_castsi512_pd(_mm512_add_epi64(_mm512_castpd_si512(x), _mm512_set1_epi64(k)))
#define FG_ROOT_STEPS_f32 1
#define FG_ROOT_STEPS_f64 2
#define FG_ISA avx512
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,fma,prefer-vector-width=512")
#endif
#define FG_TYPE f32
#define T float
#include "rows.h"
#define FG_TYPE f64
#define T double
#include "rows.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#undef FG_ISA
#undef FG_HAS_RSQRT
#undef FG_HAS_FMA
#endif

/* ---- what the rest of the engine sees ----------------------------------------------------------------- */
static const char *fg_compiler(void)
{
#define FG_QUOTE1(x) #x
#define FG_QUOTE(x) FG_QUOTE1(x)
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "msvc " FG_QUOTE(_MSC_VER);
#endif
}

static int fg_always(void) { return 1; }

#if defined(FG_X86) && defined(__GNUC__)
/* These checks include what the operating system saves on a context switch. */
static int fg_cpu_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
static int fg_cpu_avx512(void)
{
    return fg_cpu_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
#endif

/* From the plainest to the widest; arm64's baseline is NEON. Long doubles have no vectors. */
static const struct {
    const char *name;
    int (*runs_here)(void);
    const fg_kernels *kernels[3];
} fg_variants[] = {
#if defined(__aarch64__) || defined(_M_ARM64)
    {"neon", fg_always, {&kernels_f32_baseline, &kernels_f64_baseline, &kernels_fld_baseline}},
#else
    {"baseline", fg_always, {&kernels_f32_baseline, &kernels_f64_baseline, &kernels_fld_baseline}},
#endif
#if defined(FG_X86) && defined(__GNUC__)
    {"avx2", fg_cpu_avx2, {&kernels_f32_avx2, &kernels_f64_avx2, &kernels_fld_baseline}},
    {"avx512", fg_cpu_avx512, {&kernels_f32_avx512, &kernels_f64_avx512, &kernels_fld_baseline}},
#endif
};
enum { FG_VARIANTS = sizeof fg_variants / sizeof fg_variants[0] };

static const char *fg_variant_name(int k) { return fg_variants[k].name; }
static int fg_variant_runs_here(int k) { return fg_variants[k].runs_here(); }
static const fg_kernels *fg_variant_kernels(int k, int sample) { return fg_variants[k].kernels[sample]; }

#else /* FG_ROWS_H: the body, for one T, FG_TYPE and FG_ISA ------------------------------------------------ */

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

/* What is constant where the row loop is inlined: without a centre divided or not, with one varying or not; and what
 * becomes of the sums. */
enum { FG_NAME(DIFFERENCES), FG_NAME(QUOTIENTS), FG_NAME(CENTRED), FG_NAME(VARYING) };
enum { FG_NAME(WRITE), FG_NAME(ADD), FG_NAME(STREAM), FG_NAME(LINE) = 64 / sizeof(T) };

/* Up to four terms. Streams take whole lines. Returns whether quotients can be relied on: whether no sum was outside
 * the range that is safe for them. */
FG_INLINE int FG_NAME(combine_four)(T *FG_RESTRICT out, const fg_sources *s, Py_ssize_t r, Py_ssize_t start, int first,
                                    int count, int form, int how, Py_ssize_t n)
{
    const int centred = form >= FG_NAME(CENTRED), varying = form == FG_NAME(VARYING), onto = how == FG_NAME(ADD);
    const T *a[4], *b[4], *w_row[4], *ahead_row[4], *behind_row[4], *centre = 0, *divisor = (const T *)s->divisor;
    const Py_ssize_t chunk = how == FG_NAME(STREAM) ? FG_NAME(LINE) : n;
    const char *fetch = s->ahead ? s->ahead + start * (Py_ssize_t)sizeof(T) : 0;
    T w[4], ahead[4], behind[4];
    _Alignas(64) T line[FG_NAME(LINE)];
    FG_TYPED(fg_bits) outside = 0;
    (void)divisor, (void)fetch, (void)line;
    for (int t = 0; t < count; t++) {
        a[t] = (const T *)s->a[first + t] + r * s->a_stride[first + t] + start;
        b[t] = (const T *)s->b[first + t] + r * s->b_stride[first + t] + start;
        if (varying) {
            w_row[t] = (const T *)s->w_row[first + t] + start;
            ahead_row[t] = (const T *)s->ahead_row[first + t] + start;
            behind_row[t] = (const T *)s->behind_row[first + t] + start;
        } else {
            w[t] = ((const T *)s->w)[first + t];
            ahead[t] = centred ? ((const T *)s->ahead_w)[first + t] : 0;
            behind[t] = centred ? ((const T *)s->behind_w)[first + t] : 0;
        }
    }
    if (centred)
        centre = (const T *)s->centre + r * s->centre_stride + start;
    for (Py_ssize_t from = 0; from < n; from += chunk) {
        T *FG_RESTRICT to = how == FG_NAME(STREAM) ? line : out + from;
        for (Py_ssize_t j = from; j < from + chunk; j++) {
            T sum = onto ? out[j] : 0;
            for (int t = 0; t < count; t++) {
                T term = (varying ? w_row[t][j] : w[t]) * (a[t][j] - b[t][j]);
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
typedef int (*FG_NAME(four_fn))(T *out, const fg_sources *s, Py_ssize_t r, Py_ssize_t start, int first, Py_ssize_t n);
#define FG_FOUR(FORM, HOW, COUNT) \
static int FG_NAME(FORM##_##HOW##_##COUNT)(T *out, const fg_sources *s, Py_ssize_t r, Py_ssize_t start, int first, \
                                           Py_ssize_t n) \
{ \
    return FG_NAME(combine_four)(out, s, r, start, first, COUNT, FG_NAME(FORM), FG_NAME(HOW), n); \
}
#define FG_FOURS(FORM, HOW) FG_FOUR(FORM, HOW, 1) FG_FOUR(FORM, HOW, 2) FG_FOUR(FORM, HOW, 3) FG_FOUR(FORM, HOW, 4)
#define FG_ENTRIES(FORM, HOW) \
    {FG_NAME(FORM##_##HOW##_1), FG_NAME(FORM##_##HOW##_2), FG_NAME(FORM##_##HOW##_3), FG_NAME(FORM##_##HOW##_4)}
#define FG_EACH_FORM(FORM) FG_FOURS(FORM, WRITE) FG_FOURS(FORM, ADD) FG_FOURS(FORM, STREAM)
#define FG_FORM(FORM) \
    [FG_NAME(FORM)] = {FG_ENTRIES(FORM, WRITE), FG_ENTRIES(FORM, ADD), FG_ENTRIES(FORM, STREAM)}
FG_EACH_FORM(DIFFERENCES)
FG_EACH_FORM(CENTRED)
FG_EACH_FORM(VARYING)
#ifdef FG_HAS_FMA
FG_EACH_FORM(QUOTIENTS)
#endif
static const FG_NAME(four_fn) FG_NAME(fours)[4][3][4] = {
    FG_FORM(DIFFERENCES), FG_FORM(CENTRED), FG_FORM(VARYING),
#ifdef FG_HAS_FMA
    FG_FORM(QUOTIENTS),
#endif
};
#undef FG_FOUR
#undef FG_FOURS
#undef FG_ENTRIES
#undef FG_EACH_FORM
#undef FG_FORM

/* One row: four terms at a time, of which the last divide, or whole lines in one go and its ends besides. */
static int FG_NAME(combine_row)(T *out, const fg_sources *s, Py_ssize_t r, int form, Py_ssize_t n)
{
    Py_ssize_t head = (Py_ssize_t)(-(uintptr_t)out & 63) / (Py_ssize_t)sizeof(T);
    Py_ssize_t lines = (n - head) / FG_NAME(LINE) * FG_NAME(LINE);
    if (s->streamed && s->terms <= 4 && lines > 0) {
        const FG_NAME(four_fn) *plain = FG_NAME(fours)[form][FG_NAME(WRITE)];
        int last = s->terms - 1;
        int good = FG_NAME(fours)[form][FG_NAME(STREAM)][last](out + head, s, r, head, 0, lines);
        good &= plain[last](out, s, r, 0, 0, head);
        return good & plain[last](out + head + lines, s, r, head + lines, 0, n - head - lines);
    }
    int first = 0, before = form == FG_NAME(QUOTIENTS) ? FG_NAME(DIFFERENCES) : form;
    for (; first + 4 < s->terms; first += 4)
        FG_NAME(fours)[before][first > 0][3](out, s, r, 0, first, n);
    return FG_NAME(fours)[form][first > 0][s->terms - first - 1](out, s, r, 0, first, n);
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

/* ---- norms -------------------------------------------------------------------------------------------- */

/* Sums of squares of up to three components more. Returns whether the sums are good: neither overflowed nor built from
 * squares that underflowed. `count`, `lanes` and `onto` are constants where this is inlined. */
FG_INLINE int FG_NAME(add_squares)(const T *const *component, int count, int lanes, int onto, Py_ssize_t n,
                                   T *FG_RESTRICT sum)
{
    FG_TYPED(fg_bits) bad = 0;
    for (Py_ssize_t j = 0; j < n; j++) {
        T total = onto ? sum[j] : 0, some = 0, unsafe;
        for (int k = 0; k < count * lanes; k++) {
            T value = component[k / lanes][j * lanes + k % lanes];
            total = onto || k ? total + value * value : value * value;
            some = FG_TYPED(fg_abs)(value) + some;
        }
        sum[j] = total;
        unsafe = ((total > FG_TYPED(FG_MAX)) | (total < FG_TYPED(FG_LEAST))) ? some : 0;
        bad |= FG_TYPED(fg_to_bits)(unsafe);
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
        /* Correctly rounded, in half the time of the instruction: Goldschmidt's iteration from an estimate of 14 bits,
         * a step with an exact remainder, then Tuckerman's test against both neighbours, exact thanks to fma
         * (Markstein 1990). */
#define OP FG_TYPED(FG_OP)
        typedef FG_TYPED(FG_VEC) vec;
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

enum { FG_NAME(GROUP) = 64 };

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

/* ---- samples in and out of scratch --------------------------------------------------------------------- */

/* Whole cache lines only, for a partial line written past the caches costs several times more; and in as few
 * stores as can be, for they wait in the store buffer while the next block is computed. */
static void FG_NAME(stream)(char *dst, const char *src, Py_ssize_t bytes, const char *ahead)
{
    Py_ssize_t head = (Py_ssize_t)(-(uintptr_t)dst & 63);
    if (bytes >= head + 64) {
        memcpy(dst, src, (size_t)head);
        dst += head, src += head, bytes -= head;
        for (; bytes >= 64; bytes -= 64, dst += 64, src += 64) {
            FG_STREAM_LINE(dst, src);
            if (ahead)
                FG_PREFETCH(ahead), ahead += 64;
        }
    }
    memcpy(dst, src, (size_t)bytes);
}

static void FG_NAME(store)(char *dst, Py_ssize_t stride, const void *src, Py_ssize_t n, int lanes)
{
    for (Py_ssize_t j = 0; j < n; j++)
        memcpy(dst + j * stride, (const T *)src + j * lanes, sizeof(T) * (size_t)lanes);
}

static void FG_NAME(store_half)(char *dst, Py_ssize_t stride, const void *src, Py_ssize_t n, int lanes)
{
    (void)lanes;
    for (Py_ssize_t j = 0; j < n; j++) {
        uint16_t half = fg_to_half((float)((const T *)src)[j]);
        memcpy(dst + j * stride, &half, 2);
    }
}

/* `swap`, `lanes` and a dense stride are constants where this is inlined. */
#define FG_LOAD(KIND, STORED, CONVERT) \
FG_INLINE void FG_NAME(convert_##KIND)(T *FG_RESTRICT out, const char *src, Py_ssize_t stride, Py_ssize_t n, int lanes, \
                                       int swap) \
{ \
    for (Py_ssize_t j = 0; j < n; j++) \
        for (int lane = 0; lane < lanes; lane++) { \
            STORED value; \
            memcpy(&value, src + j * stride + lane * (Py_ssize_t)sizeof value, sizeof value); \
            if (swap) \
                fg_swap(&value, sizeof value); \
            out[j * lanes + lane] = (T)CONVERT(value); \
        } \
} \
static void FG_NAME(load_##KIND)(void *dst, const char *src, Py_ssize_t stride, Py_ssize_t n, int lanes, int swap) \
{ \
    const Py_ssize_t size = sizeof(STORED); \
    if (stride == size * lanes) \
        n *= lanes, lanes = 1, stride = size; \
    if (stride == size && swap) \
        FG_NAME(convert_##KIND)((T *)dst, src, size, n, 1, 1); \
    else if (stride == size) \
        FG_NAME(convert_##KIND)((T *)dst, src, size, n, 1, 0); \
    else if (stride == 2 * size && lanes == 1 && !swap) /* [::2]: a stride that can be vectorised */ \
        FG_NAME(convert_##KIND)((T *)dst, src, 2 * size, n, 1, 0); \
    else \
        FG_NAME(convert_##KIND)((T *)dst, src, stride, n, lanes, swap); \
}
FG_STORED(FG_LOAD)
#undef FG_LOAD

#define FG_ENTRY(KIND, STORED, CONVERT) FG_NAME(load_##KIND),
static const fg_kernels FG_NAME(kernels) = {
    FG_NAME(combine), FG_NAME(prepare_divisor), FG_NAME(norm), FG_NAME(unit),
    FG_NAME(stream), FG_NAME(store), FG_NAME(store_half), {FG_STORED(FG_ENTRY)},
};
#undef FG_ENTRY
#undef FG_TYPE
#undef T
#endif
