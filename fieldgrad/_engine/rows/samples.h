/* Samples in and out of scratch. Included by rows.h, once per T, FG_TYPE and FG_ISA. */

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

/* Samples that stand for others, or a constant where their index is negative, at dst, dst + step and so on. */
static void FG_NAME(stand_in)(void *dst, Py_ssize_t step, const void *src, const Py_ssize_t *index, Py_ssize_t n,
                              const void *constant)
{
    for (Py_ssize_t k = 0; k < n; k++)
        ((T *)dst)[k * step] = index[k] < 0 ? *(const T *)constant : ((const T *)src)[index[k]];
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
    else if (stride == 2 * size && lanes == 1 && !swap) /* [::2]: a stride that can be vectorised, */ \
        FG_NAME(convert_##KIND)((T *)dst, src, 2 * size, n, 1, 0); \
    else if (stride == 3 * size && lanes == 1 && !swap) /* and so can colours */ \
        FG_NAME(convert_##KIND)((T *)dst, src, 3 * size, n, 1, 0); \
    else \
        FG_NAME(convert_##KIND)((T *)dst, src, stride, n, lanes, swap); \
}
FG_STORED(FG_LOAD)
#undef FG_LOAD
