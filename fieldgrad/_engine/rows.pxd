"""What rows.h offers."""

cdef extern from "rows.h" nogil:
    ctypedef void (*fg_load_fn)(void *, const char *, Py_ssize_t, Py_ssize_t, int, int) noexcept nogil
    enum: FG_VARIANTS, FG_MOST_TERMS, FG_MOST_SUMMED, FG_SWEPT_ROWS, FG_F32, FG_CLOSE, FG_SLOPES, FG_RANGES
    ctypedef struct fg_sources:
        const void *a[FG_MOST_SUMMED]
        const void *b[FG_MOST_SUMMED]
        const void *centre
        Py_ssize_t a_stride[FG_MOST_SUMMED]
        Py_ssize_t b_stride[FG_MOST_SUMMED]
        Py_ssize_t centre_stride
        const void *w
        const void *ahead_w
        const void *behind_w
        const void *w_row[FG_MOST_SUMMED]
        const void *ahead_row[FG_MOST_TERMS]
        const void *behind_row[FG_MOST_TERMS]
        const void *array[FG_MOST_SUMMED]
        Py_ssize_t array_stride[FG_MOST_SUMMED]
        Py_ssize_t w_step
        Py_ssize_t w_stride
        const void *divisor
        int terms, division, centred, varying, streamed
        const char *ahead
    ctypedef struct fg_side:
        const void *samples
        const unsigned char *marks
        Py_ssize_t stride, marks_stride
    ctypedef struct fg_beside:
        fg_side before, here, after
        const void *w
        const void *divisor
        int division, streamed
        const char *ahead
    ctypedef struct fg_taps:
        const void *weights
        int pairs, ahead, behind, centred, odd
    ctypedef struct fg_kernels:
        void (*combine)(void *, Py_ssize_t, const fg_sources *, Py_ssize_t, Py_ssize_t) noexcept nogil
        void (*sum)(void *, Py_ssize_t, const fg_sources *, Py_ssize_t, Py_ssize_t) noexcept nogil
        void (*beside)(void *, Py_ssize_t, const fg_beside *, Py_ssize_t, Py_ssize_t) noexcept nogil
        void (*weigh)(void *, Py_ssize_t, int, const void *, const void *, const void *, Py_ssize_t, const void *,
                      Py_ssize_t, int) noexcept nogil
        int (*prepare_divisor)(void *) noexcept nogil
        void (*norm)(void *, void **, int, int, Py_ssize_t, const char *) noexcept nogil
        void (*unit)(void **, int, int, Py_ssize_t, const char *) noexcept nogil
        void (*stream)(char *, const char *, Py_ssize_t, const char *) noexcept nogil
        void (*store)(char *, Py_ssize_t, const void *, Py_ssize_t, int) noexcept nogil
        void (*store_half)(char *, Py_ssize_t, const void *, Py_ssize_t, int) noexcept nogil
        void (*stand_in)(char *, Py_ssize_t, const char *, const Py_ssize_t *, Py_ssize_t, const char *) noexcept nogil
        void (*filter)(void *, Py_ssize_t, const void **, Py_ssize_t, const fg_taps *, Py_ssize_t) noexcept nogil
        void (*slopes)(void *, void *, void *, const void **, const fg_taps *, Py_ssize_t) noexcept nogil
        void (*select)(void *, const void *, const void *, Py_ssize_t) noexcept nogil
        void (*pick)(void *, const void *, const unsigned char *, int, Py_ssize_t) noexcept nogil
        void (*blank)(void *, const unsigned char *, Py_ssize_t, int) noexcept nogil
        void (*products)(void *, const void **, const void **, const void *, int, Py_ssize_t) noexcept nogil
        void (*ratio)(void *, const void *, const void *, double, Py_ssize_t) noexcept nogil
        void (*divide)(void *, const void *, Py_ssize_t) noexcept nogil
        void (*as_floats)(void *, const void *, const void *, double, Py_ssize_t) noexcept nogil
        void (*begin_range)(void *, double, double) noexcept nogil
        void (*extend_range)(void *, const void *, Py_ssize_t) noexcept nogil
        void (*end_range)(const void *, double *, double *) noexcept nogil
        void (*angle)(void *, const void *, const void *, double, Py_ssize_t) noexcept nogil
        void (*principal)(void *, void **, const void **, int, Py_ssize_t) noexcept nogil
        int (*suppress)(unsigned char *, const void **, const void **, const void *, int, double, double, double,
                        int, Py_ssize_t) noexcept nogil
        fg_load_fn *load
    void fg_ask_for(const char *, Py_ssize_t, Py_ssize_t, Py_ssize_t, Py_ssize_t)
    const char *fg_variant_name(int)
    int fg_variant_runs_here(int)
    const fg_kernels *fg_variant_kernels(int, int)
    const char *fg_compiler()
