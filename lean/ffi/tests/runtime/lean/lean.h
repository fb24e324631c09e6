/* The part of Lean's C interface that LeanZMQ.c uses, for tests only: Lean's own lean.h comes with a native toolchain.
 *
 * Written from the layout of Lean's objects: an eight-byte header (reference count, size, other, tag), then the fields.
 * A count above 0 belongs to one thread and is plain; below 0 it is shared and atomic; 0 is never counted.
 */
#ifndef LPB_TEST_LEAN_H
#define LPB_TEST_LEAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lean_object {
    int m_rc;
    unsigned m_cs_sz : 16;
    unsigned m_other : 8;
    unsigned m_tag : 8;
} lean_object;
_Static_assert(sizeof(lean_object) == 8, "the header of an object is eight bytes");

typedef lean_object *lean_obj_arg;
typedef lean_object *b_lean_obj_arg;
typedef lean_object *lean_obj_res;
typedef lean_object *b_lean_obj_res;

enum { TAG_ARRAY = 246, TAG_SCALAR_ARRAY = 248, TAG_STRING = 249, TAG_EXTERNAL = 254 };

typedef void (*lean_external_finalize_proc)(void *);
typedef void (*lean_external_foreach_proc)(void *, b_lean_obj_arg);
typedef struct lean_external_class {
    lean_external_finalize_proc finalize;
    lean_external_foreach_proc foreach;
} lean_external_class;

typedef struct {
    lean_object header;
    lean_external_class *class;
    void *data;
} test_external;
typedef struct {
    lean_object header;
    size_t size, capacity;
    lean_object *items[];
} test_array;
typedef struct {
    lean_object header;
    size_t size, capacity;
    uint8_t bytes[];
} test_scalar_array;
typedef struct {
    lean_object header;
    size_t size, capacity, length;
    char text[];
} test_string;
typedef struct {
    lean_object header;
    lean_object *fields[];
} test_constructor;

/* What the runtime library itself exports. */
void lean_initialize_runtime_module(void);
void lean_initialize_thread(void);
void lean_finalize_thread(void);
void lean_io_mark_end_initialization(void);
lean_object *lean_alloc_object(size_t size);
lean_object *lean_mk_string(const char *text);
void lean_dec_ref_cold(lean_object *object);
void lean_mark_mt(lean_object *object);
lean_external_class *lean_register_external_class(lean_external_finalize_proc, lean_external_foreach_proc);
lean_obj_res lean_mk_io_error_time_expired(uint32_t number, lean_obj_arg text);
lean_obj_res lean_mk_io_error_resource_vanished(uint32_t number, lean_obj_arg text);
lean_obj_res lean_mk_io_error_illegal_operation(uint32_t number, lean_obj_arg text);
lean_obj_res lean_mk_io_error_invalid_argument(uint32_t number, lean_obj_arg text);
lean_obj_res lean_mk_io_error_protocol_error(uint32_t number, lean_obj_arg text);
lean_obj_res lean_mk_io_error_resource_exhausted(uint32_t number, lean_obj_arg text);
lean_obj_res lean_mk_io_error_unsupported_operation(uint32_t number, lean_obj_arg text);
lean_obj_res lean_mk_io_error_other_error(uint32_t number, lean_obj_arg text);

static inline bool lean_is_scalar(lean_object *object) { return ((uintptr_t)object & 1) != 0; }
static inline lean_object *lean_box(size_t value) { return (lean_object *)(uintptr_t)(value << 1 | 1); }
static inline size_t lean_unbox(lean_object *object) { return (uintptr_t)object >> 1; }

static inline void lean_inc(lean_object *object) {
    if (lean_is_scalar(object) || object->m_rc == 0)
        return;
    if (object->m_rc > 0)
        object->m_rc++;
    else
        __atomic_fetch_sub(&object->m_rc, 1, __ATOMIC_RELAXED);
}

static inline void lean_dec(lean_object *object) {
    if (lean_is_scalar(object) || object->m_rc == 0)
        return;
    if (object->m_rc > 1)
        object->m_rc--;
    else
        lean_dec_ref_cold(object);
}

/* The allocator has noted the size in the header: leave it there. */
static inline lean_object *test_allocate(size_t size, unsigned tag, unsigned other) {
    lean_object *object = lean_alloc_object(size);
    object->m_rc = 1;
    object->m_tag = tag & 255u;
    object->m_other = other & 255u;
    return object;
}

static inline unsigned lean_obj_tag(lean_object *object) {
    return lean_is_scalar(object) ? (unsigned)lean_unbox(object) : object->m_tag;
}

static inline lean_object *lean_alloc_ctor(unsigned tag, unsigned fields, unsigned scalar_size) {
    return test_allocate(sizeof(test_constructor) + fields * sizeof(void *) + scalar_size, tag, fields);
}
static inline lean_object *lean_ctor_get(lean_object *object, unsigned field) {
    return ((test_constructor *)object)->fields[field];
}
static inline void lean_ctor_set(lean_object *object, unsigned field, lean_object *value) {
    ((test_constructor *)object)->fields[field] = value;
}

static inline lean_object *lean_alloc_external(lean_external_class *class, void *data) {
    test_external *object = (test_external *)test_allocate(sizeof *object, TAG_EXTERNAL, 0);
    object->class = class;
    object->data = data;
    return &object->header;
}
static inline void *lean_get_external_data(lean_object *object) { return ((test_external *)object)->data; }

static inline lean_object *lean_alloc_array(size_t size, size_t capacity) {
    test_array *array = (test_array *)test_allocate(sizeof *array + capacity * sizeof(void *), TAG_ARRAY, 0);
    array->size = size;
    array->capacity = capacity;
    return &array->header;
}
static inline size_t lean_array_size(lean_object *array) { return ((test_array *)array)->size; }
static inline lean_object *lean_array_get_core(lean_object *array, size_t index) {
    return ((test_array *)array)->items[index];
}
static inline void lean_array_set_core(lean_object *array, size_t index, lean_object *value) {
    ((test_array *)array)->items[index] = value;
}

static inline lean_object *lean_alloc_sarray(unsigned element_size, size_t size, size_t capacity) {
    test_scalar_array *array =
        (test_scalar_array *)test_allocate(sizeof *array + capacity * element_size, TAG_SCALAR_ARRAY, element_size);
    array->size = size;
    array->capacity = capacity;
    return &array->header;
}
static inline size_t lean_sarray_size(lean_object *array) { return ((test_scalar_array *)array)->size; }
static inline uint8_t *lean_sarray_cptr(lean_object *array) { return ((test_scalar_array *)array)->bytes; }

static inline const char *lean_string_cstr(lean_object *string) { return ((test_string *)string)->text; }
static inline size_t lean_string_size(lean_object *string) { return ((test_string *)string)->size; }

/* Since Lean 4.26 a result holds its value alone, and no world. */
static inline lean_obj_res lean_io_result_mk_ok(lean_obj_arg value) {
    lean_object *result = lean_alloc_ctor(0, 1, 0);
    lean_ctor_set(result, 0, value);
    return result;
}
static inline lean_obj_res lean_io_result_mk_error(lean_obj_arg error) {
    lean_object *result = lean_alloc_ctor(1, 1, 0);
    lean_ctor_set(result, 0, error);
    return result;
}

#endif
