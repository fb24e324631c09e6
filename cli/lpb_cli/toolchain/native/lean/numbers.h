/* Numbers: Nat and Int, small ones in the pointer and big ones in the runtime library; machine words; floats.
 *
 * A Nat below 2^63 is boxed. An Int of 32 bits is boxed as the unsigned number of the same bits; what is wider is an
 * object. So a number between 2^31 and 2^63 is an object as an Int, and none as a Nat.
 */
#ifndef LPB_LEAN_NUMBERS_H
#define LPB_LEAN_NUMBERS_H

#include "objects.h"

/* --- what the runtime library exports ----------------------------------------------------------------------------- */

lean_obj_res lean_cstr_to_nat(const char *digits);
lean_obj_res lean_big_uint64_to_nat(uint64_t value);
lean_obj_res lean_nat_big_succ(b_lean_obj_arg);
lean_obj_res lean_nat_big_add(b_lean_obj_arg, b_lean_obj_arg);
lean_obj_res lean_nat_big_sub(b_lean_obj_arg, b_lean_obj_arg);
lean_obj_res lean_nat_big_mul(b_lean_obj_arg, b_lean_obj_arg);
lean_obj_res lean_nat_overflow_mul(size_t, size_t);
lean_obj_res lean_nat_big_div(b_lean_obj_arg, b_lean_obj_arg);
lean_obj_res lean_nat_big_mod(b_lean_obj_arg, b_lean_obj_arg);
lean_obj_res lean_nat_big_land(b_lean_obj_arg, b_lean_obj_arg);
lean_obj_res lean_nat_big_lor(b_lean_obj_arg, b_lean_obj_arg);
lean_obj_res lean_nat_big_xor(b_lean_obj_arg, b_lean_obj_arg);
lean_obj_res lean_nat_big_shiftr(b_lean_obj_arg, b_lean_obj_arg);
bool lean_nat_big_eq(b_lean_obj_arg, b_lean_obj_arg);
bool lean_nat_big_le(b_lean_obj_arg, b_lean_obj_arg);
bool lean_nat_big_lt(b_lean_obj_arg, b_lean_obj_arg);
lean_obj_res lean_nat_shiftl(b_lean_obj_arg, b_lean_obj_arg);
lean_obj_res lean_nat_pow(b_lean_obj_arg, b_lean_obj_arg);
lean_obj_res lean_nat_log2(b_lean_obj_arg);

lean_obj_res lean_big_int64_to_int(int64_t value);
lean_obj_res lean_big_size_t_to_int(size_t value);
lean_obj_res lean_big_int_to_nat(lean_obj_arg);
lean_obj_res lean_int_big_neg(b_lean_obj_arg);
lean_obj_res lean_int_big_add(b_lean_obj_arg, b_lean_obj_arg);
lean_obj_res lean_int_big_sub(b_lean_obj_arg, b_lean_obj_arg);
lean_obj_res lean_int_big_mul(b_lean_obj_arg, b_lean_obj_arg);
bool lean_int_big_eq(b_lean_obj_arg, b_lean_obj_arg);
bool lean_int_big_le(b_lean_obj_arg, b_lean_obj_arg);
bool lean_int_big_lt(b_lean_obj_arg, b_lean_obj_arg);

uint8_t lean_uint8_of_big_nat(b_lean_obj_arg);
uint32_t lean_uint32_of_big_nat(b_lean_obj_arg);
uint64_t lean_uint64_of_big_nat(b_lean_obj_arg);

double lean_float_of_nat(b_lean_obj_arg);
double lean_float_of_bits(uint64_t bits);
uint64_t lean_float_to_bits(double value);
uint8_t lean_float_isnan(double value);
lean_obj_res lean_float_to_string(double value);

/* --- Nat ---------------------------------------------------------------------------------------------------------- */

static inline bool lpb_both_small(b_lean_obj_arg a, b_lean_obj_arg b) { return lean_is_scalar(a) && lean_is_scalar(b); }

static inline lean_obj_res lean_uint64_to_nat(uint64_t value) {
    return value >> 63 ? lean_big_uint64_to_nat(value) : lean_box(value);
}
static inline lean_obj_res lean_unsigned_to_nat(unsigned value) { return lean_box(value); }

static inline lean_obj_res lean_nat_succ(b_lean_obj_arg a) {
    return lean_is_scalar(a) ? lean_uint64_to_nat(lean_unbox(a) + 1) : lean_nat_big_succ(a);
}
static inline lean_obj_res lean_nat_add(b_lean_obj_arg a, b_lean_obj_arg b) {
    return lpb_both_small(a, b) ? lean_uint64_to_nat(lean_unbox(a) + lean_unbox(b)) : lean_nat_big_add(a, b);
}
static inline lean_obj_res lean_nat_sub(b_lean_obj_arg a, b_lean_obj_arg b) {
    if (!lpb_both_small(a, b))
        return lean_nat_big_sub(a, b);
    return lean_box(lean_unbox(a) < lean_unbox(b) ? 0 : lean_unbox(a) - lean_unbox(b));
}
static inline lean_obj_res lean_nat_mul(b_lean_obj_arg a, b_lean_obj_arg b) {
    if (!lpb_both_small(a, b))
        return lean_nat_big_mul(a, b);
    size_t product;
    if (__builtin_mul_overflow(lean_unbox(a), lean_unbox(b), &product) || product >> 63)
        return lean_nat_overflow_mul(lean_unbox(a), lean_unbox(b));
    return lean_box(product);
}
static inline lean_obj_res lean_nat_div(b_lean_obj_arg a, b_lean_obj_arg b) {
    if (!lpb_both_small(a, b))
        return lean_nat_big_div(a, b);
    return lean_box(lean_unbox(b) == 0 ? 0 : lean_unbox(a) / lean_unbox(b));
}
static inline lean_obj_res lean_nat_mod(b_lean_obj_arg a, b_lean_obj_arg b) {
    if (!lpb_both_small(a, b))
        return lean_nat_big_mod(a, b);
    return lean_box(lean_unbox(b) == 0 ? lean_unbox(a) : lean_unbox(a) % lean_unbox(b));
}
static inline lean_obj_res lean_nat_land(b_lean_obj_arg a, b_lean_obj_arg b) {
    return lpb_both_small(a, b) ? lean_box(lean_unbox(a) & lean_unbox(b)) : lean_nat_big_land(a, b);
}
static inline lean_obj_res lean_nat_lor(b_lean_obj_arg a, b_lean_obj_arg b) {
    return lpb_both_small(a, b) ? lean_box(lean_unbox(a) | lean_unbox(b)) : lean_nat_big_lor(a, b);
}
static inline lean_obj_res lean_nat_lxor(b_lean_obj_arg a, b_lean_obj_arg b) {
    return lpb_both_small(a, b) ? lean_box(lean_unbox(a) ^ lean_unbox(b)) : lean_nat_big_xor(a, b);
}
static inline lean_obj_res lean_nat_shiftr(b_lean_obj_arg a, b_lean_obj_arg b) {
    if (!lpb_both_small(a, b))
        return lean_nat_big_shiftr(a, b);
    return lean_box(lean_unbox(b) < 64 ? lean_unbox(a) >> lean_unbox(b) : 0);
}
static inline uint8_t lean_nat_dec_eq(b_lean_obj_arg a, b_lean_obj_arg b) {
    return lpb_both_small(a, b) ? a == b : lean_nat_big_eq(a, b);
}
static inline uint8_t lean_nat_dec_le(b_lean_obj_arg a, b_lean_obj_arg b) {
    return lpb_both_small(a, b) ? lean_unbox(a) <= lean_unbox(b) : lean_nat_big_le(a, b);
}
static inline uint8_t lean_nat_dec_lt(b_lean_obj_arg a, b_lean_obj_arg b) {
    return lpb_both_small(a, b) ? lean_unbox(a) < lean_unbox(b) : lean_nat_big_lt(a, b);
}

/* --- Int ---------------------------------------------------------------------------------------------------------- */

static inline lean_obj_res lean_int64_to_int(int64_t value) {
    return value == (int32_t)value ? lean_box((uint32_t)value) : lean_big_int64_to_int(value);
}
/* The value of a boxed Int. */
static inline int64_t lean_scalar_to_int64(b_lean_obj_arg a) { return (int32_t)(uint32_t)lean_unbox(a); }

static inline lean_obj_res lean_nat_to_int(lean_obj_arg a) {
    return lean_is_scalar(a) && lean_unbox(a) > INT32_MAX ? lean_big_size_t_to_int(lean_unbox(a)) : a;
}
static inline lean_obj_res lean_int_neg(b_lean_obj_arg a) {
    return lean_is_scalar(a) ? lean_int64_to_int(-lean_scalar_to_int64(a)) : lean_int_big_neg(a);
}
static inline lean_obj_res lean_int_neg_succ_of_nat(lean_obj_arg a) {
    lean_object *positive = lean_nat_to_int(lean_nat_succ(a));
    lean_object *negative = lean_int_neg(positive);
    lean_dec(a);
    lean_dec(positive);
    return negative;
}
static inline lean_obj_res lean_int_add(b_lean_obj_arg a, b_lean_obj_arg b) {
    if (!lpb_both_small(a, b))
        return lean_int_big_add(a, b);
    return lean_int64_to_int(lean_scalar_to_int64(a) + lean_scalar_to_int64(b));
}
static inline lean_obj_res lean_int_sub(b_lean_obj_arg a, b_lean_obj_arg b) {
    if (!lpb_both_small(a, b))
        return lean_int_big_sub(a, b);
    return lean_int64_to_int(lean_scalar_to_int64(a) - lean_scalar_to_int64(b));
}
static inline lean_obj_res lean_int_mul(b_lean_obj_arg a, b_lean_obj_arg b) {
    if (!lpb_both_small(a, b))
        return lean_int_big_mul(a, b);
    return lean_int64_to_int(lean_scalar_to_int64(a) * lean_scalar_to_int64(b));
}
static inline uint8_t lean_int_dec_eq(b_lean_obj_arg a, b_lean_obj_arg b) {
    return lpb_both_small(a, b) ? a == b : lean_int_big_eq(a, b);
}
static inline uint8_t lean_int_dec_le(b_lean_obj_arg a, b_lean_obj_arg b) {
    return lpb_both_small(a, b) ? lean_scalar_to_int64(a) <= lean_scalar_to_int64(b) : lean_int_big_le(a, b);
}
static inline uint8_t lean_int_dec_lt(b_lean_obj_arg a, b_lean_obj_arg b) {
    return lpb_both_small(a, b) ? lean_scalar_to_int64(a) < lean_scalar_to_int64(b) : lean_int_big_lt(a, b);
}
static inline lean_obj_res lean_nat_abs(b_lean_obj_arg a) {
    if (lean_is_scalar(a)) {
        int64_t value = lean_scalar_to_int64(a);
        return lean_box((size_t)(value < 0 ? -value : value));
    }
    if (lean_int_big_lt(a, lean_box(0)))
        return lean_big_int_to_nat(lean_int_big_neg(a));
    lean_inc_ref(a);
    return lean_big_int_to_nat(a);
}

/* --- machine words ------------------------------------------------------------------------------------------------ */

static inline uint8_t lean_uint8_of_nat(b_lean_obj_arg a) {
    return lean_is_scalar(a) ? (uint8_t)lean_unbox(a) : lean_uint8_of_big_nat(a);
}
static inline uint32_t lean_uint32_of_nat(b_lean_obj_arg a) {
    return lean_is_scalar(a) ? (uint32_t)lean_unbox(a) : lean_uint32_of_big_nat(a);
}
static inline uint64_t lean_uint64_of_nat(b_lean_obj_arg a) {
    return lean_is_scalar(a) ? lean_unbox(a) : lean_uint64_of_big_nat(a);
}
static inline lean_obj_res lean_uint8_to_nat(uint8_t a) { return lean_box(a); }
static inline lean_obj_res lean_uint32_to_nat(uint32_t a) { return lean_box(a); }
static inline uint8_t lean_uint8_dec_eq(uint8_t a, uint8_t b) { return a == b; }
static inline uint8_t lean_uint32_dec_eq(uint32_t a, uint32_t b) { return a == b; }
static inline uint8_t lean_uint32_dec_le(uint32_t a, uint32_t b) { return a <= b; }
static inline uint8_t lean_uint64_dec_eq(uint64_t a, uint64_t b) { return a == b; }
static inline uint64_t lean_uint8_to_uint64(uint8_t a) { return a; }
static inline uint8_t lean_uint64_to_uint8(uint64_t a) { return (uint8_t)a; }
static inline uint64_t lean_uint64_add(uint64_t a, uint64_t b) { return a + b; }
/* Lean shifts by the number of bits modulo 64. */
static inline uint64_t lean_uint64_shift_left(uint64_t a, uint64_t b) { return a << (b & 63); }
static inline uint64_t lean_uint64_shift_right(uint64_t a, uint64_t b) { return a >> (b & 63); }

/* --- floats ------------------------------------------------------------------------------------------------------- */

static inline double lean_float_negate(double a) { return -a; }
static inline double lean_float_add(double a, double b) { return a + b; }
static inline double lean_float_sub(double a, double b) { return a - b; }
static inline double lean_float_div(double a, double b) { return a / b; }
static inline uint8_t lean_float_beq(double a, double b) { return a == b; }

#endif
