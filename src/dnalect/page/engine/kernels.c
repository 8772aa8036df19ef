// The arithmetic of the networks in the browser: float32, four numbers at a time. No library, no allocation: every pointer
// is handed in by network.js. Matrices are row-major; M rows, K inputs, N outputs.
//
// Built twice by `make wasm`: with relaxed SIMD, whose multiply-add is one instruction, and without.

#include <stdint.h>
#include <wasm_simd128.h>

typedef v128_t v4;
#define EXPORT(name) __attribute__((export_name(#name))) void name
#define F(x) wasm_f32x4_splat(x)
#define ADD wasm_f32x4_add
#define SUB wasm_f32x4_sub
#define MUL wasm_f32x4_mul
#define DIV wasm_f32x4_div
#define LOAD wasm_v128_load
#define STORE wasm_v128_store
#ifdef __wasm_relaxed_simd__
#define FMA(a, b, c) wasm_f32x4_relaxed_madd(a, b, c)
#else
#define FMA(a, b, c) ADD(MUL(a, b), c)
#endif

// Columns of the right-hand matrix that lie side by side, and rows of the left one that are read together: with
// more, the sums no longer fit the sixteen registers.
#define PANEL 8
#define ROWS 4
// Rows after which the next panel's turn comes: their K numbers stay in the first cache.
#define STRIP 48

static float sum(v4 x) {
    x = ADD(x, wasm_i32x4_shuffle(x, x, 2, 3, 0, 1));
    x = ADD(x, wasm_i32x4_shuffle(x, x, 1, 0, 3, 2));
    return wasm_f32x4_extract_lane(x, 0);
}

// Half-precision numbers, subnormal ones included. n: how many.
EXPORT(halves)(const uint16_t *from, float *to, int n) {
    for (int i = 0; i < n; i++) {
        uint32_t half = from[i], sign = (half & 0x8000u) << 16, rest = half & 0x7fffu;
        union { uint32_t u; float f; } x;
        // 2^112 puts the exponent right, and makes subnormal numbers normal.
        x.u = rest << 13;
        x.f *= 0x1p112f;
        if (rest >= 0x7c00u) x.u |= 0x7f800000u;
        x.u |= sign;
        to[i] = x.f;
    }
}

// Lay a matrix out for `product`: panels of PANEL columns, K rows each, zeros beyond N.
// Element (k, n) is at from[k * along_k + n * along_n].
EXPORT(pack)(const float *from, float *to, int K, int N, int along_k, int along_n) {
    for (int first = 0; first < N; first += PANEL)
        for (int k = 0; k < K; k++)
            for (int n = first; n < first + PANEL; n++) *to++ = n < N ? from[k * along_k + n * along_n] : 0;
}

#define ROW(r)                                 \
    if (rows > r) {                            \
        v4 x = wasm_v128_load32_splat(a + r * lda + k); \
        low##r = FMA(x, b0, low##r);           \
        high##r = FMA(x, b1, high##r);         \
    }
#define BEGIN(r)                                                     \
    v4 low##r = start0, high##r = start1;                            \
    if (rows > r && added) low##r = ADD(low##r, LOAD(c + r * ldc)), high##r = ADD(high##r, LOAD(c + r * ldc + 4));
#define END(r) \
    if (rows > r) STORE(c + r * ldc, low##r), STORE(c + r * ldc + 4, high##r);

// `rows` is a constant wherever this is inlined.
static inline __attribute__((always_inline)) void tile(const float *a, int lda, const float *b, float *c, int ldc, int K,
                                                       const float *bias, int added, const int rows) {
    v4 start0 = bias ? LOAD(bias) : F(0), start1 = bias ? LOAD(bias + 4) : F(0);
    BEGIN(0) BEGIN(1) BEGIN(2) BEGIN(3)
    for (int k = 0; k < K; k++) {
        v4 b0 = LOAD(b), b1 = LOAD(b + 4);
        b += PANEL;
        ROW(0) ROW(1) ROW(2) ROW(3)
    }
    END(0) END(1) END(2) END(3)
}

// c (M, N) = a (M, K) * b, packed, + bias (or nothing); added: to what is there already.
// lda, ldc: numbers from row to row; a row of c and the bias have room for whole panels.
EXPORT(product)(const float *a, int lda, const float *b, float *c, int ldc, int M, int K, int N, const float *bias, int added) {
    for (int first = 0; first < M; first += STRIP) {
        int last = first + STRIP < M ? first + STRIP : M;
        const float *panel = b;
        for (int n = 0; n < N; n += PANEL, panel += K * PANEL) {
            const float *over = bias ? bias + n : 0;
            int m = first;
            for (; m + ROWS <= last; m += ROWS) tile(a + m * lda, lda, panel, c + m * ldc + n, ldc, K, over, added, ROWS);
            const float *x = a + m * lda;
            float *y = c + m * ldc + n;
            switch (last - m) {
                case 3: tile(x, lda, panel, y, ldc, K, over, added, 3); break;
                case 2: tile(x, lda, panel, y, ldc, K, over, added, 2); break;
                case 1: tile(x, lda, panel, y, ldc, K, over, added, 1); break;
            }
        }
    }
}

// LayerNorm of M rows of n numbers (a multiple of 4), times keep (M) where there is one.
EXPORT(norm)(const float *from, float *to, const float *weight, const float *bias, int M, int n, float eps, const float *keep) {
    for (int m = 0; m < M; m++, from += n, to += n) {
        v4 total = F(0), squares = F(0);
        for (int i = 0; i < n; i += 4) total = ADD(total, LOAD(from + i));
        v4 mean = F(sum(total) / n);
        for (int i = 0; i < n; i += 4) {
            v4 x = SUB(LOAD(from + i), mean);
            squares = FMA(x, x, squares);
        }
        float scale = 1 / __builtin_sqrtf(sum(squares) / n + eps), kept = keep ? keep[m] : 1;
        for (int i = 0; i < n; i += 4) {
            v4 x = MUL(SUB(LOAD(from + i), mean), F(scale));
            STORE(to + i, MUL(FMA(x, LOAD(weight + i), LOAD(bias + i)), F(kept)));
        }
    }
}

// e^x: 2^n times a polynomial (Cephes); the ends are clamped.
static v4 exponential(v4 x) {
    x = wasm_f32x4_pmin(wasm_f32x4_pmax(x, F(-87.3f)), F(88.7f));
    v4 n = wasm_f32x4_nearest(MUL(x, F(1.44269504f)));
    x = SUB(x, MUL(n, F(0.693359375f)));
    x = SUB(x, MUL(n, F(-2.12194440e-4f)));
    v4 p = FMA(F(1.9875691500e-4f), x, F(1.3981999507e-3f));
    p = FMA(p, x, F(8.3334519073e-3f));
    p = FMA(p, x, F(4.1665795894e-2f));
    p = FMA(p, x, F(1.6666665459e-1f));
    p = FMA(p, x, F(5.0000001201e-1f));
    p = ADD(FMA(p, MUL(x, x), x), F(1));
    v4 power = wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127)), 23);
    return MUL(p, power);
}

static v4 sigmoid(v4 x) { return DIV(F(1), ADD(F(1), exponential(wasm_f32x4_neg(x)))); }

// The error function within two units in the last place: a polynomial near 0, 1 - e^-polynomial elsewhere.
static v4 error(v4 x) {
    v4 t = wasm_f32x4_abs(x), s = MUL(x, x);
    v4 far = FMA(F(-1.72853470e-5f), t, F(3.83197126e-4f));
    far = FMA(far, s, FMA(F(-3.88396438e-3f), t, F(2.42546219e-2f)));
    far = FMA(far, t, F(-1.06777877e-1f));
    far = FMA(far, t, F(-6.34846687e-1f));
    far = FMA(far, t, F(-1.28717512e-1f));
    far = SUB(F(1), exponential(FMA(far, t, wasm_f32x4_neg(t))));
    far = wasm_v128_or(far, wasm_v128_and(x, wasm_i32x4_splat((int)0x80000000)));
    v4 near = FMA(F(-5.96761703e-4f), s, F(4.99119423e-3f));
    near = FMA(near, s, F(-2.67681349e-2f));
    near = FMA(near, s, F(1.12819925e-1f));
    near = FMA(near, s, F(-3.76125336e-1f));
    near = FMA(near, s, F(1.28379166e-1f));
    near = FMA(near, x, x);
    return wasm_v128_bitselect(far, near, wasm_f32x4_gt(t, F(0.927734375f)));
}

// GELU by the error function, in place. n: a multiple of 4.
EXPORT(gelu)(float *x, int n) {
    for (int i = 0; i < n; i += 4) {
        v4 v = LOAD(x + i), half = MUL(v, F(0.5f));
        STORE(x + i, FMA(half, error(MUL(v, F(0.70710678f))), half));
    }
}

// to (M, n) = from (M, n) + first half of gated (M, 2 n) * sigmoid of the second.
EXPORT(gate)(const float *gated, const float *from, float *to, int M, int n) {
    for (int m = 0; m < M; m++, gated += 2 * n, from += n, to += n)
        for (int i = 0; i < n; i += 4)
            STORE(to + i, FMA(LOAD(gated + i), sigmoid(LOAD(gated + n + i)), LOAD(from + i)));
}

// to (M, n) = silu of the first n numbers of a row of gated * the next n. Rows have room for whole panels: lda, ldc.
EXPORT(swiglu)(const float *gated, int lda, float *to, int ldc, int M, int n) {
    for (int m = 0; m < M; m++, gated += lda, to += ldc)
        for (int i = 0; i < n; i += 4) {
            v4 x = LOAD(gated + i);
            STORE(to + i, MUL(MUL(x, sigmoid(x)), LOAD(gated + n + i)));
        }
}

// Copy n numbers of each of M rows.
EXPORT(copy)(const float *from, int lda, float *to, int ldc, int M, int n) {
    for (int m = 0; m < M; m++, from += lda, to += ldc)
        for (int i = 0; i < n; i++) to[i] = from[i];
}

// Element by element; n: a multiple of 4.
EXPORT(add)(const float *a, const float *b, float *to, int n) {
    for (int i = 0; i < n; i += 4) STORE(to + i, ADD(LOAD(a + i), LOAD(b + i)));
}
EXPORT(subtract)(const float *a, const float *b, float *to, int n) {
    for (int i = 0; i < n; i += 4) STORE(to + i, SUB(LOAD(a + i), LOAD(b + i)));
}
EXPORT(multiply)(const float *a, const float *b, float *to, int n) {
    for (int i = 0; i < n; i += 4) STORE(to + i, MUL(LOAD(a + i), LOAD(b + i)));
}

// Turn channel c and c + n / 2 of the heads of M rows by the angles of their places (M, n / 2). n: channels of a head.
EXPORT(rotate)(float *x, const float *cosine, const float *sine, int M, int heads, int n) {
    for (int m = 0; m < M; m++, cosine += n / 2, sine += n / 2)
        for (int h = 0; h < heads; h++, x += n)
            for (int i = 0; i < n / 2; i++) {
                float a = x[i], b = x[i + n / 2];
                x[i] = a * cosine[i] - b * sine[i];
                x[i + n / 2] = b * cosine[i] + a * sine[i];
            }
}

// Softmax of scale * x over the first n numbers of M rows that are `stride` long; what comes after them becomes 0.
EXPORT(softmax)(float *x, int M, int n, int stride, float scale) {
    for (int m = 0; m < M; m++, x += stride) {
        float most = x[0];
        for (int i = 1; i < n; i++) most = x[i] > most ? x[i] : most;
        for (int i = n; i < stride; i++) x[i] = most - 200 / scale;
        v4 total = F(0), top = F(most), factor = F(scale);
        for (int i = 0; i < stride; i += 4) {
            v4 e = exponential(MUL(SUB(LOAD(x + i), top), factor));
            STORE(x + i, e);
            total = ADD(total, e);
        }
        v4 one = F(1 / sum(total));
        for (int i = 0; i < stride; i += 4) STORE(x + i, MUL(LOAD(x + i), one));
        for (int i = n; i < stride; i++) x[i] = 0;
    }
}
