# Calls: work in units that any number of threads draw from. Included by core.pyx, morse.pyx, splines.pyx and zeros.pyx.

cdef enum:
    MOST_RANGES = 64

# Looking for a pending Ctrl-C takes the GIL, which may take a while to be had.
cdef double SECONDS_BETWEEN_LOOKS = 0.1


cdef class Call:
    """Something bound to its arrays that is done unit by unit. Any number of threads may `work` on it at once."""

    cdef int64_t next_unit[MOST_RANGES]
    cdef int64_t threads
    cdef Py_ssize_t units
    cdef int ranges, stopped

    cdef void *open(self) noexcept nogil:
        """What a thread needs; NULL if there is no memory."""
        return NULL

    cdef void close(self, void *worker) noexcept nogil:
        pass

    cdef void begin(self, void *worker, Py_ssize_t unit) noexcept nogil:
        pass

    cdef bint step(self, void *worker) noexcept nogil:
        """Do the next part of the unit, if there is one."""
        return False

    cdef void open_ranges(self, Py_ssize_t units, int ranges) noexcept:
        """Give each thread a range of units to begin with: far from each other's, for two threads that touch a
        fresh page at once make the system clear it twice."""
        cdef int k
        self.units, self.ranges = units, ranges
        for k in range(ranges):
            self.next_unit[k] = k * units // ranges

    cdef int64_t take(self, int64_t home) noexcept nogil:
        """The next unit of that range or, when it is done, of another; -1 when all are."""
        cdef int64_t k, at, unit
        for k in range(self.ranges):
            at = (home + k) % self.ranges
            unit = fg_draw(&self.next_unit[at])
            if unit < (at + 1) * self.units // self.ranges:
                return unit
        return -1

    def work(self, bint look=False):
        """Do units until none is left; with `look`, raise what a signal handler raises."""
        cdef Py_ssize_t unit
        cdef int64_t home = fg_draw(&self.threads)
        cdef double due = fg_seconds() + SECONDS_BETWEEN_LOOKS
        cdef void *worker = self.open()
        if worker == NULL:
            raise MemoryError("no memory for the scratch rows")
        try:
            with nogil:
                unit = self.take(home)
                while unit >= 0 and not fg_peek(&self.stopped):
                    self.begin(worker, unit)
                    while not fg_peek(&self.stopped) and self.step(worker):
                        if look and fg_seconds() > due:
                            due = fg_seconds() + SECONDS_BETWEEN_LOOKS
                            with gil:
                                PyErr_CheckSignals()
                    unit = self.take(home)
                fg_stream_end()
        finally:
            self.close(worker)

    def stop(self):
        """Let every thread end after its present part."""
        fg_raise(&self.stopped)


cdef int run(Call call, Py_ssize_t units, int workers, share) except -1:
    """Do a call, on up to that many threads."""
    workers = <int>max(1, min(<Py_ssize_t>workers, min(units, MOST_RANGES)))
    call.open_ranges(units, workers)
    if workers > 1:
        share(call, workers - 1)
    else:
        call.work(look=True)
    return 0
