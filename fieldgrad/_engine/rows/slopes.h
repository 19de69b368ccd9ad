/* Gradients of three samples each way, and their norms. Included by rows.h, once per T, FG_TYPE and FG_ISA. */

/* The same arithmetic as filters across rows and then along them have, but what the first ones make stays in L1. */
static void FG_NAME(slopes)(void *down, void *right, void *size, const void *const *rows, const fg_taps *taps, Py_ssize_t n)
{
    enum { EDGE = 64 / sizeof(T) };  /* where the first sample is; there is one more at either end */
    FG_ALIGNED T steps[FG_SLOPES + 2 * EDGE], means[FG_SLOPES + 2 * EDGE];
    void *const both[2] = {down, right};
    T *FG_RESTRICT d = (T *)down, *FG_RESTRICT r = (T *)right, *FG_RESTRICT sums = (T *)size;
    FG_TYPED(fg_bits) bad = 0;
    const T *above = (const T *)rows[0], *here = (const T *)rows[1], *below = (const T *)rows[2];
    const T step = ((const T *)taps[0].weights)[1], steps_centre = ((const T *)taps[1].weights)[0];
    const T steps_side = ((const T *)taps[1].weights)[1], mean_centre = ((const T *)taps[2].weights)[0];
    const T mean_side = ((const T *)taps[2].weights)[1], step_of_means = ((const T *)taps[3].weights)[1];
#define FG_ACROSS(j) \
    steps[EDGE + (j)] = (below[j] - above[j]) * step, \
    means[EDGE + (j)] = here[j] * mean_centre + (below[j] + above[j]) * mean_side
    for (Py_ssize_t j = 0; j < n; j++)
        FG_ACROSS(j);
    FG_ACROSS(-1), FG_ACROSS(n);
#undef FG_ACROSS
    for (Py_ssize_t j = 0; j < n; j++) {
        const T *s = steps + EDGE + j, *mean = means + EDGE + j;
        T first = s[0] * steps_centre + (s[1] + s[-1]) * steps_side, second = (mean[1] - mean[-1]) * step_of_means;
        T sum = first * first + second * second;
        d[j] = first, r[j] = second, sums[j] = sum;
        bad |= FG_NAME(unsafe_sum)(sum, FG_TYPED(fg_abs)(first) + FG_TYPED(fg_abs)(second));
    }
    if (bad)
        FG_NAME(norm)(size, both, 2, 1, n, 0);
    else
        FG_NAME(roots)(sums, n, 1, 0);
}
