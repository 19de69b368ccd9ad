"""What calls.h offers."""
from libc.stdint cimport int64_t

cdef extern from "calls.h" nogil:
    void fg_stream_end()
    double fg_seconds()
    int64_t fg_draw(int64_t *)
    int fg_peek(const int *)
    void fg_raise(int *)
    int64_t fg_recall(const int64_t *)
    void fg_note(int64_t *, int64_t)
