/* A selective state space model of skspectral.nn.ssm for float32: convolution, SiLU, softplus, mask, scan and skip,
 * fused. States, decays and their gradients never leave the processor's first caches. Compiled for one number of states
 * (STATES) and taps (TAPS), and for the machine at hand.
 *
 * Arrays are contiguous but for x, whose rows and tokens lie row_step and step floats apart: u, raw, y (rows, length,
 * channels), B, C (rows, length, STATES), A (STATES, channels), weight (TAPS, channels), mask (rows, length) of zeros
 * and ones. Sixteen channels go side by side; a last block that is not full is padded with zeros. With reverse, time
 * runs from the last token to the first.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WIDTH 16
#define LOG2_E 1.44269504088896341f
typedef float vec __attribute__((vector_size(4 * WIDTH)));
typedef int32_t ints __attribute__((vector_size(4 * WIDTH)));

static const float POWERS[] = {EXP2}, LOGARITHM[] = {LOG1P};
#define LENGTH(list) ((int)(sizeof(list) / sizeof(*list)))

static inline vec load(const float *from, ptrdiff_t count)
{
    vec value = {0};
    if (count >= WIDTH)
        memcpy(&value, from, sizeof value);
    else
        memcpy(&value, from, count * sizeof(float));
    return value;
}

static inline void store(float *to, vec value, ptrdiff_t count)
{
    memcpy(to, &value, (count >= WIDTH ? WIDTH : count) * sizeof(float));
}

static inline void add(float *to, vec value, ptrdiff_t count) { store(to, load(to, count) + value, count); }

static inline float total(vec value)
{
    float sum = 0;
    for (int k = 0; k < WIDTH; k++)
        sum += value[k];
    return sum;
}

static inline vec choose(ints condition, vec yes, vec no)
{
    return (vec)(((ints)yes & condition) | ((ints)no & ~condition));
}

/* 2**x for x up to zero, to the last digit; NaN stays NaN, and what would be denormal ends at 2**-126. */
static inline vec power_of_two(vec x)
{
    const vec lowest = -126.0f - (vec){0};
    x = choose(x < lowest, lowest, x);
    vec rounded = (x + 12582912.0f) - 12582912.0f, f = x - rounded, p = {0};
    for (int k = LENGTH(POWERS) - 1; k >= 0; k--)
        p = (p + POWERS[k]) * f;
    ints exponent = (__builtin_convertvector(rounded, ints) + 127) << 23;
    return (p + 1.0f) * (vec)exponent;
}

/* exp(-|x|), from which sigmoid and softplus follow. */
static inline vec fading(vec x) { return power_of_two((vec)((ints)x | INT32_MIN) * LOG2_E); }

static inline vec sigmoid(vec x)
{
    vec e = fading(x), large = 1.0f / (1.0f + e);
    return choose(x < 0.0f, e * large, large);
}

/* log(1 + exp(x)) */
static inline vec softplus(vec x)
{
    vec e = fading(x), p = {0};
    for (int k = LENGTH(LOGARITHM) - 1; k >= 0; k--)
        p = (p + LOGARITHM[k]) * (k ? e : 1.0f - (vec){0});
    return choose(x < 0.0f, 0.0f * x, x) + e * p;
}

static inline ptrdiff_t place_of(ptrdiff_t s, ptrdiff_t length, int reverse) { return reverse ? length - 1 - s : s; }

/* Mix every token with those before it, channel by channel, and let it through SiLU. */
void convolve(const float *x, const float *weight, const float *bias, float *u, ptrdiff_t row_step, ptrdiff_t step,
              ptrdiff_t rows, ptrdiff_t length, ptrdiff_t channels, int reverse)
{
    for (ptrdiff_t d = 0; d < channels; d += WIDTH) {
        ptrdiff_t count = channels - d;
        vec taps[TAPS], start = load(bias + d, count);
        for (int k = 0; k < TAPS; k++)
            taps[k] = load(weight + k * channels + d, count);
        for (ptrdiff_t row = 0; row < rows; row++) {
            vec seen[TAPS] = {0};
            for (ptrdiff_t s = 0; s < length; s++) {
                ptrdiff_t t = place_of(s, length, reverse);
                for (int k = 0; k + 1 < TAPS; k++)
                    seen[k] = seen[k + 1];
                seen[TAPS - 1] = load(x + row * row_step + t * step + d, count);
                vec mixed = start;
                for (int k = 0; k < TAPS; k++)
                    mixed += taps[k] * seen[k];
                store(u + (row * length + t) * channels + d, mixed * sigmoid(mixed), count);
            }
        }
    }
}

/* grad_weight and grad_bias are added to. work holds 2 * length * WIDTH floats. */
void convolve_back(const float *x, const float *weight, const float *bias, const float *grad_u, float *grad_x,
                   float *grad_weight, float *grad_bias, float *work, ptrdiff_t row_step, ptrdiff_t step,
                   ptrdiff_t rows, ptrdiff_t length, ptrdiff_t channels, int reverse)
{
    vec *tokens = (vec *)work, *of_mixed = tokens + length;
    for (ptrdiff_t d = 0; d < channels; d += WIDTH) {
        ptrdiff_t count = channels - d;
        vec taps[TAPS], of_taps[TAPS] = {0}, of_start = {0}, start = load(bias + d, count);
        for (int k = 0; k < TAPS; k++)
            taps[k] = load(weight + k * channels + d, count);
        for (ptrdiff_t row = 0; row < rows; row++) {
            for (ptrdiff_t s = 0; s < length; s++) {
                ptrdiff_t t = place_of(s, length, reverse);
                tokens[s] = load(x + row * row_step + t * step + d, count);
                vec mixed = start, of_u = load(grad_u + (row * length + t) * channels + d, count);
                for (int k = 0; k < TAPS; k++)
                    if (s - (TAPS - 1 - k) >= 0)
                        mixed += taps[k] * tokens[s - (TAPS - 1 - k)];
                vec open = sigmoid(mixed);
                of_mixed[s] = of_u * open * (1.0f + mixed * (1.0f - open));
                of_start += of_mixed[s];
                for (int k = 0; k < TAPS; k++)
                    if (s - (TAPS - 1 - k) >= 0)
                        of_taps[k] += of_mixed[s] * tokens[s - (TAPS - 1 - k)];
            }
            for (ptrdiff_t s = 0; s < length; s++) {
                vec of_x = {0};
                for (int k = 0; k < TAPS; k++)
                    if (s + TAPS - 1 - k < length)
                        of_x += taps[k] * of_mixed[s + TAPS - 1 - k];
                store(grad_x + (row * length + place_of(s, length, reverse)) * channels + d, of_x, count);
            }
        }
        add(grad_bias + d, of_start, count);
        for (int k = 0; k < TAPS; k++)
            add(grad_weight + k * channels + d, of_taps[k], count);
    }
}

typedef struct {
    vec halvings[STATES], inverse[STATES], rate[STATES];
} rates;

static inline void read_rates(rates *r, const float *A, ptrdiff_t channels, ptrdiff_t d, ptrdiff_t count)
{
    for (int n = 0; n < STATES; n++) {
        vec a = load(A + n * channels + d, count);
        /* Channels beyond the last one need a rate that can be divided by. */
        for (ptrdiff_t k = count; k < WIDTH; k++)
            a[k] = -1.0f;
        r->rate[n] = a;
        r->halvings[n] = a * LOG2_E;
        r->inverse[n] = 1.0f / a;
    }
}

/* Steps are softplus(raw) mask; y is what is read of the states, and skip u. */
void scan(const float *u, const float *raw, const float *mask, const float *A, const float *B, const float *C,
          const float *skip, float *y, ptrdiff_t rows, ptrdiff_t length, ptrdiff_t channels, int reverse)
{
    for (ptrdiff_t d = 0; d < channels; d += WIDTH) {
        ptrdiff_t count = channels - d;
        vec past = load(skip + d, count);
        rates r;
        read_rates(&r, A, channels, d, count);
        for (ptrdiff_t row = 0; row < rows; row++) {
            vec h[STATES] = {0};
            for (ptrdiff_t s = 0; s < length; s++) {
                ptrdiff_t t = row * length + place_of(s, length, reverse), place = t * channels + d;
                vec step = softplus(load(raw + place, count)) * mask[t], input = load(u + place, count);
                vec output = past * input;
                for (int n = 0; n < STATES; n++) {
                    vec a = power_of_two(step * r.halvings[n]);
                    h[n] = a * h[n] + (a - 1.0f) * r.inverse[n] * (B[t * STATES + n] * input);
                    output += C[t * STATES + n] * h[n];
                }
                store(y + place, output, count);
            }
        }
    }
}

/* grad_A, which gets A times the gradient, and grad_skip are added to. work holds 4 * length * STATES * WIDTH floats. */
void scan_back(const float *u, const float *raw, const float *mask, const float *A, const float *B, const float *C,
               const float *skip, const float *grad_y, float *grad_u, float *grad_raw, float *grad_A, float *grad_B,
               float *grad_C, float *grad_skip, float *work, ptrdiff_t rows, ptrdiff_t length, ptrdiff_t channels,
               int reverse)
{
    const ptrdiff_t size = length * STATES;
    vec *states = (vec *)work, *decays = states + size, *of_B = decays + size, *of_C = of_B + size;
    for (ptrdiff_t row = 0; row < rows; row++) {
        memset(of_B, 0, 2 * size * sizeof(vec));
        for (ptrdiff_t d = 0; d < channels; d += WIDTH) {
            ptrdiff_t count = channels - d;
            vec past = load(skip + d, count), of_past = {0};
            rates r;
            read_rates(&r, A, channels, d, count);
            vec h[STATES] = {0}, after[STATES] = {0}, of_A[STATES] = {0};
            for (ptrdiff_t s = 0; s < length; s++) {
                ptrdiff_t t = row * length + place_of(s, length, reverse), place = t * channels + d;
                vec step = softplus(load(raw + place, count)) * mask[t], input = load(u + place, count);
                for (int n = 0; n < STATES; n++) {
                    vec a = power_of_two(step * r.halvings[n]);
                    h[n] = a * h[n] + (a - 1.0f) * r.inverse[n] * (B[t * STATES + n] * input);
                    states[s * STATES + n] = h[n];
                    decays[s * STATES + n] = a;
                }
            }
            for (ptrdiff_t s = length - 1; s >= 0; s--) {
                ptrdiff_t t = row * length + place_of(s, length, reverse), place = t * channels + d;
                vec before = load(raw + place, count), step = softplus(before) * mask[t];
                vec input = load(u + place, count), of_y = load(grad_y + place, count);
                vec of_u = past * of_y, of_step = {0};
                of_past += input * of_y;
                for (int n = 0; n < STATES; n++) {
                    ptrdiff_t k = s * STATES + n;
                    vec g = after[n] + C[t * STATES + n] * of_y;
                    vec a = decays[k], driven = B[t * STATES + n] * input;
                    vec gain = (a - 1.0f) * r.inverse[n] * g;
                    /* a g (A h[t-1] + B u) is what step and A see of the gradient; it is g (A h[t] + B u), too. */
                    vec seen = g * (r.rate[n] * states[k] + driven);
                    of_C[k] += states[k] * of_y;
                    of_B[k] += gain * input;
                    of_u += gain * B[t * STATES + n];
                    of_step += seen;
                    of_A[n] += step * seen - driven * gain;
                    after[n] = a * g;
                }
                store(grad_u + place, of_u, count);
                store(grad_raw + place, of_step * mask[t] * sigmoid(before), count);
            }
            add(grad_skip + d, of_past, count);
            for (int n = 0; n < STATES; n++)
                add(grad_A + n * channels + d, of_A[n], count);
        }
        for (ptrdiff_t s = 0; s < length; s++) {
            ptrdiff_t t = row * length + place_of(s, length, reverse);
            for (int n = 0; n < STATES; n++) {
                grad_B[t * STATES + n] = total(of_B[s * STATES + n]);
                grad_C[t * STATES + n] = total(of_C[s * STATES + n]);
            }
        }
    }
}
