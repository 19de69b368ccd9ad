/* Arithmetic of rows, sample by sample. Included by rows.h, once per T, FG_TYPE and FG_ISA. */

/* out = a, or zero where the mask is zero: NaN and infinities there are gone. */
static void FG_NAME(select)(void *out, const void *a, const void *mask, Py_ssize_t n)
{
    for (Py_ssize_t j = 0; j < n; j++)
        ((T *)out)[j] = ((const T *)mask)[j] != 0 ? ((const T *)a)[j] : 0;
}

static void FG_NAME(pick)(void *out, const void *from, const unsigned char *kinds, int kind, Py_ssize_t n)
{
    const T *row = (const T *)from;
    T *to = (T *)out;
    for (Py_ssize_t j = 0; j < n; j++)
        to[j] = kinds[j] == kind ? row[j] : to[j];
}

/* Not a number where a sample is absent. */
static void FG_NAME(blank)(void *out, const unsigned char *present, Py_ssize_t n, int lanes)
{
    const T nan = (T)NAN;
    if (lanes == 1)
        for (Py_ssize_t j = 0; j < n; j++)
            ((T *)out)[j] = present[j] ? ((const T *)out)[j] : nan;
    else
        for (Py_ssize_t j = 0; j < n * lanes; j++)
            ((T *)out)[j] = present[j / lanes] ? ((const T *)out)[j] : nan;
}

/* Up to three terms of a sum, onto what is there or not. All but the addresses are constants where this is inlined. */
FG_INLINE void FG_NAME(add_products)(T *FG_RESTRICT out, const T *const *a, const T *const *b, const T *w, int count,
                                     int both, int onto, Py_ssize_t n)
{
    for (Py_ssize_t j = 0; j < n; j++) {
        T sum = onto ? out[j] : 0;
        for (int k = 0; k < count; k++) {
            T term = w[k] * (both ? a[k][j] * b[k][j] : a[k][j]);
            sum = onto || k ? sum + term : term;
        }
        out[j] = sum;
    }
}

/* out = sum over k of w[k] * a[k] * b[k], or w[k] * a[k] where b[k] is NULL; in that order. */
static void FG_NAME(products)(void *out, const void *const *a, const void *const *b, const void *w, int count, Py_ssize_t n)
{
    for (int k = 0, more; k < count; k += more) {
        const T *const *x = (const T *const *)a + k, *const *y = (const T *const *)b + k, *weight = (const T *)w + k;
        for (more = 1; more < 3 && k + more < count && !y[more] == !y[0]; more++)
            ;
#define FG_ADD(COUNT, BOTH) \
        if (k == 0) \
            FG_NAME(add_products)((T *)out, x, y, weight, COUNT, BOTH, 0, n); \
        else \
            FG_NAME(add_products)((T *)out, x, y, weight, COUNT, BOTH, 1, n)
        if (y[0])
            switch (more) { case 1: FG_ADD(1, 1); break; case 2: FG_ADD(2, 1); break; default: FG_ADD(3, 1); }
        else
            switch (more) { case 1: FG_ADD(1, 0); break; case 2: FG_ADD(2, 0); break; default: FG_ADD(3, 0); }
#undef FG_ADD
    }
}

/* out = a / (b + plus), zero where that divides by zero. `out` may be `a`. */
static void FG_NAME(ratio)(void *out, const void *a, const void *b, double plus, Py_ssize_t n)
{
    T *to = (T *)out;
    for (Py_ssize_t j = 0; j < n; j++) {
        T below = ((const T *)b)[j] + (T)plus;
        to[j] = below != 0 ? ((const T *)a)[j] / below : 0;
    }
}

/* out = a + plus, or the root of a^2 + b^2: what is made of floats and stored as floats. */
static void FG_NAME(as_floats)(void *out, const void *a, const void *b, double plus, Py_ssize_t n)
{
    const T *x = (const T *)a, *y = (const T *)b;
    if (!y)
        for (Py_ssize_t j = 0; j < n; j++)
            ((T *)out)[j] = (T)(float)(x[j] + (T)plus);
    else
        for (Py_ssize_t j = 0; j < n; j++)
            ((T *)out)[j] = (T)sqrtf((float)(x[j] * x[j]) + (float)(y[j] * y[j]));
}

/* The range of samples that are numbers, kept as FG_RANGES ranges of every so many samples, for vectors: their least and
 * then their largest ones. */
static void FG_NAME(begin_range)(void *range, double least, double most)
{
    for (int k = 0; k < FG_RANGES; k++)
        ((T *)range)[k] = (T)least, ((T *)range)[FG_RANGES + k] = (T)most;
}

static void FG_NAME(extend_range)(void *range, const void *row, Py_ssize_t n)
{
    const T *x = (const T *)row;
    T low[FG_RANGES], high[FG_RANGES];
    Py_ssize_t j = 0;
    memcpy(low, range, sizeof low), memcpy(high, (T *)range + FG_RANGES, sizeof high);
    for (; j + FG_RANGES <= n; j += FG_RANGES)
        for (int k = 0; k < FG_RANGES; k++) {
            low[k] = x[j + k] < low[k] ? x[j + k] : low[k];
            high[k] = x[j + k] > high[k] ? x[j + k] : high[k];
        }
    for (int k = 0; j + k < n; k++) {
        low[k] = x[j + k] < low[k] ? x[j + k] : low[k];
        high[k] = x[j + k] > high[k] ? x[j + k] : high[k];
    }
    memcpy(range, low, sizeof low), memcpy((T *)range + FG_RANGES, high, sizeof high);
}

static void FG_NAME(end_range)(const void *range, double *least, double *most)
{
    const T *low = (const T *)range, *high = low + FG_RANGES;
    *least = (double)low[0], *most = (double)high[0];
    for (int k = 1; k < FG_RANGES; k++) {
        *least = low[k] < *least ? (double)low[k] : *least;
        *most = high[k] > *most ? (double)high[k] : *most;
    }
}

static void FG_NAME(divide)(void *row, const void *by, Py_ssize_t n)
{
    const T below = *(const T *)by;
    if (below == 1)
        return;
    for (Py_ssize_t j = 0; j < n; j++)
        ((T *)row)[j] /= below;
}

/* The angle of (x, y), times `factor`, within two units in the last place; without a branch, unlike a C library's.
 *
 * The ratio of the smaller to the larger side is brought below tan(pi / 8), u: its angle is u + u^3 p(u^2). What follows
 * undoes in turn the step of pi / 4, the exchange of the sides and the signs. */
static void FG_NAME(angle)(void *out, const void *y, const void *x, double factor, Py_ssize_t n)
{
    const T *weights = FG_TYPED(fg_arctangent), most = FG_TYPED(FG_MAX), by = (T)factor;
    const T quarter = (T)0.785398163397448309616L, rest = (T)(0.785398163397448309616L - (long double)quarter);
    for (Py_ssize_t j = 0; j < n; j++) {
        T down = ((const T *)y)[j], right = ((const T *)x)[j], high = FG_TYPED(fg_abs)(down), wide = FG_TYPED(fg_abs)(right);
        T less = high < wide ? high : wide, more = high < wide ? wide : high, above, below, u, z, sum = 0, angle, turn;
        T shrink = more > most / 2 ? (T)0.5 : 1;  /* for the sum of both */
        int endless = more > most, far;
        less = endless ? (less > most ? 1 : 0) : less * shrink, more = endless ? 1 : more * shrink;
        far = less > (T)0.4142135623730950488L * more;
        above = far ? less - more : less, below = far ? less + more : more;
        u = below == 0 ? 0 : above / below;
        z = u * u;
        for (int k = FG_TYPED(FG_ARCTANGENT_TERMS) - 1; k >= 0; k--)
            sum = sum * z + weights[k];
        angle = (far ? rest : 0) + u * z * sum + u + (far ? quarter : 0);
        turn = 2 * rest - angle;
        angle = high > wide ? 2 * quarter + turn : angle;
        turn = 4 * rest - angle;
        angle = FG_TYPED(fg_copysign)(1, right) < 0 ? 4 * quarter + turn : angle;
        angle = by * FG_TYPED(fg_copysign)(angle, down);
        ((T *)out)[j] = down == down && right == right ? angle : down + right;  /* NaN */
    }
}

/* The root of the largest eigenvalue, and an eigenvector of it, of a symmetric 2 x 2 tensor (00, 01, 11). One loop for
 * each result, for compilers make branches of several selections in one. */
static void FG_NAME(principal_two)(T *size, T *const *vector, const T *const *tensor, Py_ssize_t n)
{
    const T *first = tensor[0], *across = tensor[1], *second = tensor[2];
    T *FG_RESTRICT length = size, *FG_RESTRICT down = vector[0], *FG_RESTRICT right = vector[1];
    for (Py_ssize_t j = 0; j < n; j++) {
        T half = (first[j] - second[j]) / 2, mean = (first[j] + second[j]) / 2;
        T radius = FG_TYPED(fg_sqrt)(half * half + across[j] * across[j]);
        length[j] = mean + radius;
        down[j] = radius + FG_TYPED(fg_abs)(half);
    }
    for (Py_ssize_t j = 0; j < n; j++)
        length[j] = FG_TYPED(fg_sqrt)(length[j] < 0 ? 0 : length[j]);  /* NaN stays NaN */
    /* Of the two forms of the vector the one without cancellation. */
    for (Py_ssize_t j = 0; j < n; j++)
        right[j] = first[j] >= second[j] ? across[j] : down[j];
    for (Py_ssize_t j = 0; j < n; j++)
        down[j] = first[j] >= second[j] ? down[j] : across[j];
}

/* The same in three dimensions (00, 01, 02, 11, 12, 22), by Jacobi's rotations. */
static void FG_NAME(principal_three)(T *size, T *const *vector, const T *const *tensor, Py_ssize_t n)
{
    for (Py_ssize_t j = 0; j < n; j++) {
        double a[3][3], v[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
        int largest = 0;
        for (int i = 0, k = 0; i < 3; i++)
            for (int l = i; l < 3; l++, k++)
                a[i][l] = a[l][i] = (double)tensor[k][j];
        for (int turn = 0; turn < 18; turn++) {
            int p = turn % 3 == 2 ? 1 : 0, q = turn % 3 == 0 ? 1 : 2;
            double far = a[p][q];
            if (far == 0)
                continue;
            double theta = (a[q][q] - a[p][p]) / (2 * far);
            double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
            double c = 1 / sqrt(t * t + 1), s = t * c;
            for (int k = 0; k < 3; k++) {
                double x = a[k][p], y = a[k][q];
                a[k][p] = c * x - s * y, a[k][q] = s * x + c * y;
            }
            for (int k = 0; k < 3; k++) {
                double x = a[p][k], y = a[q][k];
                a[p][k] = c * x - s * y, a[q][k] = s * x + c * y;
                x = v[k][p], y = v[k][q];
                v[k][p] = c * x - s * y, v[k][q] = s * x + c * y;
            }
        }
        for (int k = 1; k < 3; k++)
            if (a[k][k] > a[largest][largest])
                largest = k;
        size[j] = (T)sqrt(a[largest][largest] < 0 ? 0 : a[largest][largest]);
        for (int k = 0; k < 3; k++)
            vector[k][j] = (T)v[k][largest];
    }
}

static void FG_NAME(principal)(void *size, void *const *vector, const void *const *tensor, int dims, Py_ssize_t n)
{
    if (dims == 2)
        FG_NAME(principal_two)((T *)size, (T *const *)vector, (const T *const *)tensor, n);
    else
        FG_NAME(principal_three)((T *)size, (T *const *)vector, (const T *const *)tensor, n);
}
