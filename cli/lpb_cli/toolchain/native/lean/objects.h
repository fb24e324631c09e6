/* Objects: their header, reference counts, constructors, closures and external objects.
 *
 * An object is an eight-byte header (reference count, size, other, tag), then the fields. A count above 0 belongs to
 * one thread and is plain; below 0 it is shared and atomic; 0 is never counted. A pointer whose lowest bit is set is no
 * object but a number in the other bits.
 */
#ifndef LPB_LEAN_OBJECTS_H
#define LPB_LEAN_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEAN_EXPORT

typedef struct lean_object {
    int m_rc;
    unsigned m_cs_sz : 16;
    unsigned m_other : 8;
    unsigned m_tag : 8;
} lean_object;
_Static_assert(sizeof(lean_object) == 8, "the header of an object is eight bytes");
_Static_assert(sizeof(void *) == 8, "a small Int is a number of 32 bits in a pointer of 64");

typedef lean_object *lean_obj_arg;
typedef lean_object *b_lean_obj_arg;
typedef lean_object *lean_obj_res;
typedef lean_object *b_lean_obj_res;

enum {
    LPB_TAG_CLOSURE = 245,
    LPB_TAG_ARRAY = 246,
    LPB_TAG_SCALAR_ARRAY = 248,
    LPB_TAG_STRING = 249,
    LPB_TAG_EXTERNAL = 254
};

/* --- what the runtime library exports ----------------------------------------------------------------------------- */

typedef void (*lean_external_finalize_proc)(void *);
typedef void (*lean_external_foreach_proc)(void *, b_lean_obj_arg);
typedef struct lean_external_class {
    lean_external_finalize_proc finalize;
    lean_external_foreach_proc foreach;
} lean_external_class;

void lean_initialize_runtime_module(void);
void lean_initialize_thread(void);
void lean_finalize_thread(void);
void lean_init_task_manager(void);
void lean_finalize_task_manager(void);
void lean_io_mark_end_initialization(void);
void lean_set_panic_messages(bool shown);

/* For arrays and strings, whose size stands in the object: the size in the header becomes 0. */
lean_object *lean_alloc_object(size_t size);
/* For all others, in whole words; the size is noted in the header. */
lean_object *lean_alloc_small_object_core(unsigned size);
void lean_free_object(lean_object *object);
void lean_dec_ref_cold(lean_object *object);
void lean_mark_mt(lean_object *object);
void lean_mark_persistent(lean_object *object);
lean_external_class *lean_register_external_class(lean_external_finalize_proc, lean_external_foreach_proc);

lean_obj_res lean_apply_1(lean_obj_arg closure, lean_obj_arg);
lean_obj_res lean_apply_2(lean_obj_arg closure, lean_obj_arg, lean_obj_arg);
lean_obj_res lean_apply_3(lean_obj_arg closure, lean_obj_arg, lean_obj_arg, lean_obj_arg);
lean_obj_res lean_apply_4(lean_obj_arg closure, lean_obj_arg, lean_obj_arg, lean_obj_arg, lean_obj_arg);
lean_obj_res lean_apply_5(lean_obj_arg closure, lean_obj_arg, lean_obj_arg, lean_obj_arg, lean_obj_arg, lean_obj_arg);
lean_obj_res lean_apply_6(lean_obj_arg closure, lean_obj_arg, lean_obj_arg, lean_obj_arg, lean_obj_arg, lean_obj_arg, lean_obj_arg);

/* --- boxes and reference counts ----------------------------------------------------------------------------------- */

static inline bool lean_is_scalar(lean_object *object) { return ((uintptr_t)object & 1) != 0; }
static inline lean_object *lean_box(size_t value) { return (lean_object *)(uintptr_t)(value << 1 | 1); }
static inline size_t lean_unbox(lean_object *object) { return (uintptr_t)object >> 1; }

static inline void lean_inc_ref_n(lean_object *object, unsigned n) {
    if (object->m_rc > 0)
        object->m_rc += (int)n;
    else if (object->m_rc != 0)
        __atomic_fetch_sub(&object->m_rc, (int)n, __ATOMIC_RELAXED);
}
static inline void lean_inc_ref(lean_object *object) { lean_inc_ref_n(object, 1); }
static inline void lean_inc_n(lean_object *object, unsigned n) {
    if (!lean_is_scalar(object))
        lean_inc_ref_n(object, n);
}
static inline void lean_inc(lean_object *object) { lean_inc_n(object, 1); }

static inline void lean_dec_ref(lean_object *object) {
    if (object->m_rc > 1)
        object->m_rc--;
    else if (object->m_rc != 0)
        lean_dec_ref_cold(object);
}
static inline void lean_dec(lean_object *object) {
    if (!lean_is_scalar(object))
        lean_dec_ref(object);
}

/* Whether nobody else holds the object, so that it may be changed in place. */
static inline bool lean_is_exclusive(lean_object *object) { return object->m_rc == 1; }

static inline unsigned lean_obj_tag(lean_object *object) {
    return lean_is_scalar(object) ? (unsigned)lean_unbox(object) : object->m_tag;
}

static inline lean_object *lpb_begin(lean_object *object, unsigned tag, unsigned other) {
    object->m_rc = 1;
    object->m_tag = tag & 255u;
    object->m_other = other & 255u;
    return object;
}
static inline lean_object *lpb_allocate_big(size_t size, unsigned tag, unsigned other) {
    return lpb_begin(lean_alloc_object(size), tag, other);
}
/* What fills up the last word is 0: the runtime compares objects byte for byte. */
static inline lean_object *lpb_allocate_small(size_t size, unsigned tag, unsigned other) {
    size_t words = (size + 7) / 8;
    lean_object *object = lean_alloc_small_object_core((unsigned)(8 * words));
    if (size % 8 != 0)
        ((uint64_t *)(void *)object)[words - 1] = 0;
    return lpb_begin(object, tag, other);
}

/* --- constructors: objects first, then scalars, whose offset counts from the first field -------------------------- */

typedef struct {
    lean_object header;
    lean_object *fields[];
} lpb_constructor;

static inline lean_object **lpb_fields(lean_object *object) { return ((lpb_constructor *)object)->fields; }
static inline void *lpb_scalar(lean_object *object, unsigned offset) { return (char *)lpb_fields(object) + offset; }

static inline lean_object *lean_alloc_ctor(unsigned tag, unsigned fields, unsigned scalar_size) {
    return lpb_allocate_small(sizeof(lpb_constructor) + fields * sizeof(void *) + scalar_size, tag, fields);
}
static inline lean_object *lean_ctor_get(lean_object *object, unsigned field) { return lpb_fields(object)[field]; }
static inline void lean_ctor_set(lean_object *object, unsigned field, lean_object *value) {
    lpb_fields(object)[field] = value;
}
static inline void lean_ctor_set_tag(lean_object *object, unsigned tag) { object->m_tag = tag & 255u; }
static inline void lean_ctor_release(lean_object *object, unsigned field) {
    lean_dec(lpb_fields(object)[field]);
    lpb_fields(object)[field] = lean_box(0);
}

#define LPB_SCALAR_FIELD(NAME, TYPE)                                                                                   \
    static inline TYPE lean_ctor_get_##NAME(lean_object *object, unsigned offset) {                                    \
        return *(TYPE *)lpb_scalar(object, offset);                                                                    \
    }                                                                                                                  \
    static inline void lean_ctor_set_##NAME(lean_object *object, unsigned offset, TYPE value) {                        \
        *(TYPE *)lpb_scalar(object, offset) = value;                                                                   \
    }
LPB_SCALAR_FIELD(uint8, uint8_t)
LPB_SCALAR_FIELD(uint16, uint16_t)
LPB_SCALAR_FIELD(uint32, uint32_t)
LPB_SCALAR_FIELD(uint64, uint64_t)
LPB_SCALAR_FIELD(usize, size_t)
LPB_SCALAR_FIELD(float, double)
#undef LPB_SCALAR_FIELD

/* Numbers too wide for a pointer's bits are boxed in a constructor without fields. */
#define LPB_BOXED(NAME, TYPE)                                                                                          \
    static inline lean_object *lean_box_##NAME(TYPE value) {                                                           \
        lean_object *object = lean_alloc_ctor(0, 0, sizeof(TYPE));                                                     \
        lean_ctor_set_##NAME(object, 0, value);                                                                        \
        return object;                                                                                                 \
    }                                                                                                                  \
    static inline TYPE lean_unbox_##NAME(lean_object *object) { return lean_ctor_get_##NAME(object, 0); }
LPB_BOXED(uint64, uint64_t)
LPB_BOXED(usize, size_t)
LPB_BOXED(float, double)
#undef LPB_BOXED

static inline lean_object *lean_box_uint32(uint32_t value) { return lean_box(value); }
static inline uint32_t lean_unbox_uint32(lean_object *object) { return (uint32_t)lean_unbox(object); }

/* --- closures ----------------------------------------------------------------------------------------------------- */

typedef struct {
    lean_object header;
    void *function;
    uint16_t arity, fixed_count;
    lean_object *fixed[];
} lpb_closure;

static inline lean_object *lean_alloc_closure(void *function, unsigned arity, unsigned fixed_count) {
    lpb_closure *closure =
        (lpb_closure *)lpb_allocate_small(sizeof(lpb_closure) + fixed_count * sizeof(void *), LPB_TAG_CLOSURE, 0);
    closure->function = function;
    closure->arity = (uint16_t)arity;
    closure->fixed_count = (uint16_t)fixed_count;
    return &closure->header;
}
static inline void lean_closure_set(lean_object *closure, unsigned index, lean_object *value) {
    ((lpb_closure *)closure)->fixed[index] = value;
}

/* --- external objects --------------------------------------------------------------------------------------------- */

typedef struct {
    lean_object header;
    lean_external_class *class;
    void *data;
} lpb_external;

static inline lean_object *lean_alloc_external(lean_external_class *class, void *data) {
    lpb_external *object = (lpb_external *)lpb_allocate_small(sizeof *object, LPB_TAG_EXTERNAL, 0);
    object->class = class;
    object->data = data;
    return &object->header;
}
static inline void *lean_get_external_data(lean_object *object) { return ((lpb_external *)object)->data; }

#endif
