/* Arrays of objects, arrays of bytes and floats, and strings. */
#ifndef LPB_LEAN_ARRAYS_H
#define LPB_LEAN_ARRAYS_H

#include "objects.h"

typedef struct {
    lean_object header;
    size_t size, capacity;
    lean_object *items[];
} lpb_array;

typedef struct {
    lean_object header;
    size_t size, capacity;
    uint8_t bytes[];
} lpb_scalar_array;

/* UTF-8; the size counts the bytes with a final NUL, the length the characters. */
typedef struct {
    lean_object header;
    size_t size, capacity, length;
    char text[];
} lpb_string;

/* --- what the runtime library exports ----------------------------------------------------------------------------- */

lean_obj_res lean_array_push(lean_obj_arg array, lean_obj_arg item);
lean_obj_res lean_byte_array_push(lean_obj_arg bytes, uint8_t byte);
lean_obj_res lean_byte_array_data(lean_obj_arg bytes);
lean_obj_res lean_float_array_mk(lean_obj_arg floats);
lean_obj_res lean_float_array_push(lean_obj_arg floats, double value);

lean_obj_res lean_mk_string(const char *text);
lean_obj_res lean_mk_string_unchecked(const char *text, size_t bytes, size_t characters);
lean_obj_res lean_string_mk(lean_obj_arg characters);
lean_obj_res lean_string_data(lean_obj_arg string);
lean_obj_res lean_string_push(lean_obj_arg string, uint32_t character);
lean_obj_res lean_string_append(lean_obj_arg string, b_lean_obj_arg more);
lean_obj_res lean_string_to_utf8(b_lean_obj_arg string);
bool lean_string_eq_cold(b_lean_obj_arg, b_lean_obj_arg);

/* --- arrays ------------------------------------------------------------------------------------------------------- */

static inline lean_object *lean_alloc_array(size_t size, size_t capacity) {
    lpb_array *array = (lpb_array *)lpb_allocate_big(sizeof *array + capacity * sizeof(void *), LPB_TAG_ARRAY, 0);
    array->size = size;
    array->capacity = capacity;
    return &array->header;
}
/* A capacity that is no small number is out of memory anyway: the array grows as it is filled. */
static inline lean_object *lean_mk_empty_array_with_capacity(b_lean_obj_arg capacity) {
    return lean_alloc_array(0, lean_is_scalar(capacity) ? lean_unbox(capacity) : 0);
}
static inline size_t lean_array_size(b_lean_obj_arg array) { return ((lpb_array *)array)->size; }
static inline b_lean_obj_res lean_array_get_core(b_lean_obj_arg array, size_t index) {
    return ((lpb_array *)array)->items[index];
}
static inline void lean_array_set_core(lean_object *array, size_t index, lean_obj_arg value) {
    ((lpb_array *)array)->items[index] = value;
}

/* --- arrays of bytes and floats ----------------------------------------------------------------------------------- */

static inline lean_object *lean_alloc_sarray(unsigned element_size, size_t size, size_t capacity) {
    size_t bytes = sizeof(lpb_scalar_array) + capacity * element_size;
    lpb_scalar_array *array = (lpb_scalar_array *)lpb_allocate_big(bytes, LPB_TAG_SCALAR_ARRAY, element_size);
    array->size = size;
    array->capacity = capacity;
    return &array->header;
}
static inline size_t lean_sarray_size(b_lean_obj_arg array) { return ((lpb_scalar_array *)array)->size; }
static inline uint8_t *lean_sarray_cptr(lean_object *array) { return ((lpb_scalar_array *)array)->bytes; }

static inline lean_object *lean_byte_array_size(b_lean_obj_arg bytes) { return lean_box(lean_sarray_size(bytes)); }
static inline lean_object *lean_float_array_size(b_lean_obj_arg floats) { return lean_box(lean_sarray_size(floats)); }
/* An element, or 0 where there is none. */
static inline double lean_float_array_get(b_lean_obj_arg floats, b_lean_obj_arg index) {
    bool inside = lean_is_scalar(index) && lean_unbox(index) < lean_sarray_size(floats);
    return inside ? ((double *)(void *)lean_sarray_cptr(floats))[lean_unbox(index)] : 0.0;
}

static inline uint8_t lean_byte_array_get(b_lean_obj_arg bytes, b_lean_obj_arg index) {
    bool inside = lean_is_scalar(index) && lean_unbox(index) < lean_sarray_size(bytes);
    return inside ? lean_sarray_cptr(bytes)[lean_unbox(index)] : 0;
}

/* --- strings ------------------------------------------------------------------------------------------------------ */

static inline const char *lean_string_cstr(b_lean_obj_arg string) { return ((lpb_string *)string)->text; }
static inline size_t lean_string_size(b_lean_obj_arg string) { return ((lpb_string *)string)->size; }
static inline lean_object *lean_string_utf8_byte_size(b_lean_obj_arg string) {
    return lean_box(lean_string_size(string) - 1);
}
static inline uint8_t lean_string_dec_eq(b_lean_obj_arg a, b_lean_obj_arg b) {
    return a == b || (lean_string_size(a) == lean_string_size(b) && lean_string_eq_cold(a, b));
}

#endif
