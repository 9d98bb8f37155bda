/* The selective scan of skspectral.nn.scan for float32, fused: states, decays and their gradients never leave the
 * processor's first cache. Compiled for one number of states (STATES) and for the machine at hand.
 *
 * Arrays are contiguous: u, delta, y (rows, length, channels), B, C (rows, length, STATES), A (STATES, channels).
 * Sixteen channels go side by side; a last block that is not full is padded with zeros, which a step of zero leaves
 * alone.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WIDTH 16
typedef float vec __attribute__((vector_size(4 * WIDTH)));
typedef int32_t ints __attribute__((vector_size(4 * WIDTH)));

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

static inline float total(vec value)
{
    float sum = 0;
    for (int k = 0; k < WIDTH; k++)
        sum += value[k];
    return sum;
}

/* 2**x for x up to zero, to the last digit; NaN stays NaN, and what would be denormal ends at 2**-126. */
static inline vec power_of_two(vec x)
{
    const vec lowest = -126.0f - (vec){0};
    ints low = x < lowest;
    x = (vec)(((ints)x & ~low) | ((ints)lowest & low));
    vec rounded = (x + 12582912.0f) - 12582912.0f;
    vec f = x - rounded;
    vec p = f * POLY6 + POLY5;
    p = p * f + POLY4;
    p = p * f + POLY3;
    p = p * f + POLY2;
    p = p * f + POLY1;
    p = p * f + 1.0f;
    ints exponent = (__builtin_convertvector(rounded, ints) + 127) << 23;
    return p * (vec)exponent;
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
        r->halvings[n] = a * 1.44269504088896341f;
        r->inverse[n] = 1.0f / a;
    }
}

void scan_forward(const float *u, const float *delta, const float *A, const float *B, const float *C, float *y,
                  ptrdiff_t rows, ptrdiff_t length, ptrdiff_t channels, int reverse)
{
    for (ptrdiff_t d = 0; d < channels; d += WIDTH) {
        ptrdiff_t count = channels - d;
        rates r;
        read_rates(&r, A, channels, d, count);
        for (ptrdiff_t row = 0; row < rows; row++) {
            vec h[STATES] = {0};
            for (ptrdiff_t s = 0; s < length; s++) {
                ptrdiff_t t = row * length + (reverse ? length - 1 - s : s), place = t * channels + d;
                vec step = load(delta + place, count), input = load(u + place, count), output = {0};
                for (int n = 0; n < STATES; n++) {
                    vec a = power_of_two(step * r.halvings[n]);
                    vec driven = (a - 1.0f) * r.inverse[n] * (B[t * STATES + n] * input);
                    h[n] = a * h[n] + driven;
                    output += C[t * STATES + n] * h[n];
                }
                store(y + place, output, count);
            }
        }
    }
}

/* work holds 4 * length * STATES * WIDTH floats. grad_A gets A times the gradient, added to what it holds. */
void scan_backward(const float *u, const float *delta, const float *A, const float *B, const float *C,
                   const float *grad_y, float *grad_u, float *grad_delta, float *grad_A, float *grad_B, float *grad_C,
                   float *work, ptrdiff_t rows, ptrdiff_t length, ptrdiff_t channels, int reverse)
{
    const ptrdiff_t size = length * STATES;
    vec *states = (vec *)work, *decays = states + size, *of_B = decays + size, *of_C = of_B + size;
    for (ptrdiff_t row = 0; row < rows; row++) {
        memset(of_B, 0, 2 * size * sizeof(vec));
        for (ptrdiff_t d = 0; d < channels; d += WIDTH) {
            ptrdiff_t count = channels - d;
            rates r;
            read_rates(&r, A, channels, d, count);
            vec h[STATES] = {0}, after[STATES] = {0}, of_A[STATES] = {0};
            for (ptrdiff_t s = 0; s < length; s++) {
                ptrdiff_t t = row * length + (reverse ? length - 1 - s : s), place = t * channels + d;
                vec step = load(delta + place, count), input = load(u + place, count);
                for (int n = 0; n < STATES; n++) {
                    vec a = power_of_two(step * r.halvings[n]);
                    h[n] = a * h[n] + (a - 1.0f) * r.inverse[n] * (B[t * STATES + n] * input);
                    states[s * STATES + n] = h[n];
                    decays[s * STATES + n] = a;
                }
            }
            for (ptrdiff_t s = length - 1; s >= 0; s--) {
                ptrdiff_t t = row * length + (reverse ? length - 1 - s : s), place = t * channels + d;
                vec step = load(delta + place, count), input = load(u + place, count);
                vec of_y = load(grad_y + place, count), of_u = {0}, of_step = {0};
                for (int n = 0; n < STATES; n++) {
                    ptrdiff_t k = s * STATES + n;
                    vec g = after[n] + C[t * STATES + n] * of_y;
                    vec a = decays[k], driven = B[t * STATES + n] * input;
                    vec gain = (a - 1.0f) * r.inverse[n] * g;
                    vec seen = g * (r.rate[n] * states[k] + driven);
                    of_C[k] += states[k] * of_y;
                    of_B[k] += gain * input;
                    of_u += gain * B[t * STATES + n];
                    of_step += seen;
                    of_A[n] += step * seen - driven * gain;
                    after[n] = a * g;
                }
                store(grad_u + place, of_u, count);
                store(grad_delta + place, of_step, count);
            }
            for (int n = 0; n < STATES; n++) {
                float *place = grad_A + n * channels + d;
                store(place, load(place, count) + of_A[n], count);
            }
        }
        for (ptrdiff_t s = 0; s < length; s++) {
            ptrdiff_t t = row * length + (reverse ? length - 1 - s : s);
            for (int n = 0; n < STATES; n++) {
                grad_B[t * STATES + n] = total(of_B[s * STATES + n]);
                grad_C[t * STATES + n] = total(of_C[s * STATES + n]);
            }
        }
    }
}
