/* The row loops of fieldgrad: everything that touches samples.
 *
 * This file includes itself, and so the files in rows/, once per sample type and instruction set (see the middle).
 * Only the functions of such an inclusion are compiled for the wider set, so importing the module never runs an
 * instruction that the processor lacks. Loops are plain C for the compiler to vectorise; products and sums are never fused
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

#include "calls.h"

#if defined(__GNUC__)
#define FG_INLINE static inline __attribute__((always_inline))
#define FG_RESTRICT __restrict__
#define FG_ALIGNED __attribute__((aligned(64)))
/* Before a loop whose results are not among what it reads: too many pointers for the compiler to make sure. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed"  /* loops over long doubles stay as they are */
#define FG_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define FG_INDEPENDENT _Pragma("GCC ivdep")
#endif
#else
#define FG_INLINE static __forceinline
#define FG_RESTRICT __restrict
#define FG_ALIGNED __declspec(align(64))
#define FG_INDEPENDENT __pragma(loop(ivdep))
#endif

/* How a stencil's sum is divided at the end. Where there is no fma, FG_DIVIDE_BY_FMA is a plain division, too. */
enum { FG_NO_DIVISION, FG_DIVIDE, FG_DIVIDE_BY_FMA };

/* Terms of a stencil, at most; and of a sum of several. */
enum { FG_MOST_TERMS = 32, FG_MOST_SUMMED = 320 };

/* Rows of a sum that have weights of their own, at once. */
enum { FG_SWEPT_ROWS = 32 };

/* What a suppression says of a sample that rounding may decide; how many it looks at together, and how many at once. See
 * rows/suppress.h. */
enum { FG_CLOSE = 8, FG_GROUP = 16, FG_BLOCK = 256 };

/* Whether any of FG_GROUP bytes is not zero. */
static inline int fg_any(const unsigned char *bytes)
{
    uint64_t words[FG_GROUP / 8];
    memcpy(words, bytes, FG_GROUP);
    return (words[0] | words[1]) != 0;
}

/* A power of two that makes an error about 2^-16; 0 if there is no bound. */
static inline double fg_unit(double error) { return error < HUGE_VAL ? ldexp(0x1p-16, -ilogb(error)) : 0; }

/* Gradients that are made at once, at most: while they are, no more lines are on their way than the processor can wait
 * for. */
enum { FG_SLOPES = 256 };

/* Ranges side by side; see rows/pointwise.h. */
enum { FG_RANGES = 32 };

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
 * w_row[t][j] and so on.
 *
 * Sums are not divided and have no centre. Their weights are w[t * w_step + r * w_stride], times array[t][r * array_stride[t] + j]
 * unless that is NULL, times w_row[t][j] unless that is. */
typedef struct {
    const void *a[FG_MOST_SUMMED], *b[FG_MOST_SUMMED], *centre;
    Py_ssize_t a_stride[FG_MOST_SUMMED], b_stride[FG_MOST_SUMMED], centre_stride;
    const void *w, *ahead_w, *behind_w;
    const void *w_row[FG_MOST_SUMMED], *ahead_row[FG_MOST_TERMS], *behind_row[FG_MOST_TERMS];
    const void *array[FG_MOST_SUMMED];
    Py_ssize_t array_stride[FG_MOST_SUMMED], w_step, w_stride;
    const void *divisor;  /* three samples, as prepare_divisor left them; so is `division` */
    int terms, division, centred, varying;
    int streamed;         /* the result is far from the caches: write whole lines past them, */
    const char *ahead;    /* and fetch as many bytes from here, unless it is NULL */
} fg_sources;

/* Samples on one side of others, or those themselves, and whether they are present; strides are from row to row. */
typedef struct {
    const void *samples;
    const unsigned char *marks;
    Py_ssize_t stride, marks_stride;
} fg_side;

/* Derivatives by one neighbour on either side, or by one and the sample itself where the other one is absent:
 *
 *     w * (after - before) / divisor[3]    or    (after - here) / divisor[0]    or    (here - before) / divisor[0]
 *
 * and not a number at absent samples and lonely ones. */
typedef struct {
    fg_side before, here, after;
    const void *w, *divisor;    /* two of them, as prepare_divisor left them; so is `division`, of the first one */
    int division, streamed;
    const char *ahead;          /* these two as in fg_sources */
} fg_beside;

/* A filter of one axis that is symmetric or, if it is odd, antisymmetric: with w[0] for the centre, if that counts,
 *
 *     w[0] * rows[0][j] + sum over p of w[1 + p] * (rows[ahead + p][j] +- rows[-behind - p][j]) */
typedef struct {
    const void *weights;
    int pairs, ahead, behind, centred, odd;
} fg_taps;

/* One variant: the kernels of one sample type for one instruction set. Strides and lengths count samples. */
typedef struct {
    /* out = a stencil applied to its sources, for rows of n samples. */
    void (*combine)(void *out, Py_ssize_t out_stride, const fg_sources *sources, Py_ssize_t rows, Py_ssize_t n);
    void (*sum)(void *out, Py_ssize_t out_stride, const fg_sources *sources, Py_ssize_t rows, Py_ssize_t n);
    void (*beside)(void *out, Py_ssize_t out_stride, const fg_beside *sources, Py_ssize_t rows, Py_ssize_t n);
    /* Weights of `count` terms of a sum, FG_SWEPT_ROWS apart, in some rows: those of a row of a table, rows `step` apart,
     * times a number, one for each row unless `factor` is NULL, and one that is `line_step` apart from row to row. */
    void (*weigh)(void *w, Py_ssize_t rows, int count, const void *by, const void *factor, const void *line,
                  Py_ssize_t line_step, const void *weight, Py_ssize_t step, int add);
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
    void (*stand_in)(void *dst, Py_ssize_t step, const void *src, const Py_ssize_t *index, Py_ssize_t n, const void *constant);
    /* A filter of n samples for `count` rows of results, `stride` apart; rows[i] is the sample's own row for result i. */
    void (*filter)(void *out, Py_ssize_t stride, const void *const *rows, Py_ssize_t count, const fg_taps *taps,
                   Py_ssize_t n);
    /* Both components of a gradient and their norm, from rows -1, 0 and 1 of n samples (FG_SLOPES at most) and one more
     * at either end. Each
     * component is a filter across the rows, taps[0] and taps[2], and then one along them, taps[1] and taps[3]; the first
     * and the last of the four are odd, and all are of three samples. */
    void (*slopes)(void *down, void *right, void *size, const void *const *rows, const fg_taps *taps, Py_ssize_t n);
    void (*select)(void *out, const void *a, const void *mask, Py_ssize_t n);
    /* Take over the samples of one kind. */
    void (*pick)(void *out, const void *from, const unsigned char *kinds, int kind, Py_ssize_t n);
    void (*blank)(void *out, const unsigned char *present, Py_ssize_t n, int lanes);
    void (*products)(void *out, const void *const *a, const void *const *b, const void *w, int count, Py_ssize_t n);
    void (*ratio)(void *out, const void *a, const void *b, double plus, Py_ssize_t n);
    void (*divide)(void *row, const void *by, Py_ssize_t n);
    void (*as_floats)(void *out, const void *a, const void *b, double plus, Py_ssize_t n);
    void (*begin_range)(void *range, double least, double most);
    void (*extend_range)(void *range, const void *row, Py_ssize_t n);
    void (*end_range)(const void *range, double *least, double *most);
    void (*angle)(void *out, const void *y, const void *x, double factor, Py_ssize_t n);
    void (*principal)(void *size, void *const *vector, const void *const *tensor, int dims, Py_ssize_t n);
    int (*suppress)(unsigned char *out, const void *const *gradient, const void *const *rows, const void *step, int dims,
                    double low, double high, double error, int floats, Py_ssize_t n);
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

/* Ask for a line that will be needed soon; addresses beyond the array do no harm. */
#if defined(__GNUC__)
#define FG_PREFETCH(address) __builtin_prefetch(address)
#else
#define FG_PREFETCH(address) ((void)(address))
#endif

/* Loops whose variables change places, until each is where it was. */
#if defined(__clang__)
#define FG_UNROLL_4 _Pragma("unroll 4")
#elif defined(__GNUC__)
#define FG_UNROLL_4 _Pragma("GCC unroll 4")
#else
#define FG_UNROLL_4
#endif

/* Ask for samples first ... first + n - 1 of a line of them, `stride` bytes apart, as far as they are there. In functions
 * that do nothing else compilers see no effect, so this is no function. */
FG_INLINE void fg_ask_for(const char *line, Py_ssize_t first, Py_ssize_t n, Py_ssize_t samples, Py_ssize_t stride)
{
    const Py_ssize_t begin = first < 0 ? 0 : first, end = first + n < samples ? first + n : samples;
    for (Py_ssize_t at = begin; at < end; at += stride > 0 && stride < 64 ? 64 / stride : 1)
        FG_PREFETCH(line + at * stride);
    if (begin < end)
        FG_PREFETCH(line + (end - 1) * stride);
}

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
#define FG_EPSILON_f32 FLT_EPSILON
#define FG_EPSILON_f64 DBL_EPSILON
#define FG_EPSILON_fld LDBL_EPSILON
#define fg_sqrt_f32 sqrtf
#define fg_sqrt_f64 sqrt
#define fg_sqrt_fld sqrtl
#define fg_abs_f32 fabsf
#define fg_abs_f64 fabs
#define fg_abs_fld fabsl
#define fg_copysign_f32 copysignf
#define fg_copysign_f64 copysign
#define fg_copysign_fld copysignl

/* (atan(u) / u - 1) / u^2 as a polynomial of u^2, from the constant term on, for u up to tan(pi / 8): the relative error
 * of u + u^3 p(u^2) is 2^-30 and 2^-59 (Remez's algorithm). */
enum { FG_ARCTANGENT_TERMS_f32 = 5, FG_ARCTANGENT_TERMS_f64 = 11, FG_ARCTANGENT_TERMS_fld = 11 };
static const float fg_arctangent_f32[] = {
    -0.3333331550514389008f, 0.19998489427492883515f, -0.14243848513494531234f, 0.10595999623501367688f,
    -0.060834480440943402341f,
};
#define FG_ARCTANGENT \
    -0.33333333333333199113L, 0.19999999999954083746L, -0.1428571428024870673L, 0.11111110786148138579L, \
    -0.090908978367453943155L, 0.076920616422924071197L, -0.06663120441200971218L, 0.058480093213654320176L, \
    -0.05039847285485042464L, 0.038078364837348996963L, -0.017922326169521462235L
static const double fg_arctangent_f64[] = {FG_ARCTANGENT};
static const long double fg_arctangent_fld[] = {FG_ARCTANGENT};
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
#define FG_VECTOR_BYTES_f32 16
#define FG_VECTOR_BYTES_f64 16
#define FG_VECTOR_BYTES_fld 0
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
#undef FG_VECTOR_BYTES_f32
#undef FG_VECTOR_BYTES_f64
#define FG_VECTOR_BYTES_f32 32
#define FG_VECTOR_BYTES_f64 32
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
#undef FG_VECTOR_BYTES_f32
#undef FG_VECTOR_BYTES_f64
#define FG_VECTOR_BYTES_f32 64
#define FG_VECTOR_BYTES_f64 64
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

#include "rows/stencils.h"
#include "rows/norms.h"
#include "rows/samples.h"
#include "rows/gaps.h"
#include "rows/filters.h"
#include "rows/slopes.h"
#include "rows/pointwise.h"
#include "rows/suppress.h"

#define FG_ENTRY(KIND, STORED, CONVERT) FG_NAME(load_##KIND),
static const fg_kernels FG_NAME(kernels) = {
    FG_NAME(combine), FG_NAME(sum), FG_NAME(beside), FG_NAME(weigh), FG_NAME(prepare_divisor), FG_NAME(norm),
    FG_NAME(unit), FG_NAME(stream), FG_NAME(store), FG_NAME(store_half), FG_NAME(stand_in), FG_NAME(filter), FG_NAME(slopes),
    FG_NAME(select),
    FG_NAME(pick), FG_NAME(blank),
    FG_NAME(products), FG_NAME(ratio), FG_NAME(divide), FG_NAME(as_floats), FG_NAME(begin_range), FG_NAME(extend_range),
    FG_NAME(end_range), FG_NAME(angle), FG_NAME(principal), FG_NAME(suppress), {FG_STORED(FG_ENTRY)},
};
#undef FG_ENTRY
#undef FG_TYPE
#undef T
#endif
