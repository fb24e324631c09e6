/* Results of IO, errors and mutable references. Since Lean 4.26 a result holds its value alone, and no world. */
#ifndef LPB_LEAN_RESULTS_H
#define LPB_LEAN_RESULTS_H

#include "objects.h"

/* --- what the runtime library exports ----------------------------------------------------------------------------- */

lean_obj_res lean_mk_io_error_time_expired(uint32_t number, lean_obj_arg text);
lean_obj_res lean_mk_io_error_resource_vanished(uint32_t number, lean_obj_arg text);
lean_obj_res lean_mk_io_error_illegal_operation(uint32_t number, lean_obj_arg text);
lean_obj_res lean_mk_io_error_invalid_argument(uint32_t number, lean_obj_arg text);
lean_obj_res lean_mk_io_error_protocol_error(uint32_t number, lean_obj_arg text);
lean_obj_res lean_mk_io_error_resource_exhausted(uint32_t number, lean_obj_arg text);
lean_obj_res lean_mk_io_error_unsupported_operation(uint32_t number, lean_obj_arg text);
lean_obj_res lean_mk_io_error_other_error(uint32_t number, lean_obj_arg text);
void lean_io_result_show_error(b_lean_obj_arg result);

lean_obj_res lean_io_get_random_bytes(size_t count);
lean_obj_res lean_st_mk_ref(lean_obj_arg value);
lean_obj_res lean_st_ref_get(b_lean_obj_arg reference);
lean_obj_res lean_st_ref_swap(b_lean_obj_arg reference, lean_obj_arg value);

/* --- results ------------------------------------------------------------------------------------------------------ */

enum { LPB_RESULT_OK = 0, LPB_RESULT_ERROR = 1 };

static inline lean_obj_res lean_io_result_mk_ok(lean_obj_arg value) {
    lean_object *result = lean_alloc_ctor(LPB_RESULT_OK, 1, 0);
    lean_ctor_set(result, 0, value);
    return result;
}
static inline lean_obj_res lean_io_result_mk_error(lean_obj_arg error) {
    lean_object *result = lean_alloc_ctor(LPB_RESULT_ERROR, 1, 0);
    lean_ctor_set(result, 0, error);
    return result;
}
static inline bool lean_io_result_is_ok(b_lean_obj_arg result) { return result->m_tag == LPB_RESULT_OK; }
static inline bool lean_io_result_is_error(b_lean_obj_arg result) { return result->m_tag == LPB_RESULT_ERROR; }
static inline b_lean_obj_res lean_io_result_get_value(b_lean_obj_arg result) { return lean_ctor_get(result, 0); }

/* --- references --------------------------------------------------------------------------------------------------- */

/* The engine's Lean 4.28 calls it and the runtime library of 4.35 no longer has it. */
static inline lean_obj_res lean_st_ref_set(b_lean_obj_arg reference, lean_obj_arg value) {
    lean_dec(lean_st_ref_swap(reference, value));
    return lean_box(0);
}

#endif
