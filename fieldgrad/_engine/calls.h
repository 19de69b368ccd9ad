/* What threads that share a call need of the machine. */
#ifndef FG_CALLS_H
#define FG_CALLS_H

#include <stdint.h>
#include <time.h>

#if defined(__x86_64__) || defined(_M_X64)
#define FG_X86 1
#include <immintrin.h>
#endif

/* Streamed lines must be visible before another thread is told that the work is done. */
static inline void fg_stream_end(void)
{
#ifdef FG_X86
    _mm_sfence();
#endif
}

/* For measuring short spans. */
static inline double fg_seconds(void)
{
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The next number of a counter that several threads draw from; flags, and notes that any of them may write. */
#if defined(__GNUC__)
static inline int64_t fg_draw(int64_t *counter) { return __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED); }
static inline int fg_peek(const int *flag) { return __atomic_load_n(flag, __ATOMIC_RELAXED); }
static inline void fg_raise(int *flag) { __atomic_store_n(flag, 1, __ATOMIC_RELAXED); }
static inline int64_t fg_recall(const int64_t *note) { return __atomic_load_n(note, __ATOMIC_RELAXED); }
static inline void fg_note(int64_t *note, int64_t value) { __atomic_store_n(note, value, __ATOMIC_RELAXED); }
#else
#include <intrin.h>
static inline int64_t fg_draw(int64_t *counter) { return _InterlockedExchangeAdd64((volatile __int64 *)counter, 1); }
static inline int fg_peek(const int *flag) { return *(const volatile int *)flag; }
static inline void fg_raise(int *flag) { *(volatile int *)flag = 1; }
static inline int64_t fg_recall(const int64_t *note) { return *(const volatile int64_t *)note; }
static inline void fg_note(int64_t *note, int64_t value) { *(volatile int64_t *)note = value; }
#endif

#endif
