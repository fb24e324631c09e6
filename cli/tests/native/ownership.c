/* Counts the references that a Lean function leaves: see Ownership.lean. */
#include <stdio.h>

#include <lean/lean.h>

lean_obj_res lpb_probe(b_lean_obj_arg name, b_lean_obj_arg make, b_lean_obj_arg use);
lean_obj_res lpb_probe_io(b_lean_obj_arg name, b_lean_obj_arg make, b_lean_obj_arg use);

static lean_object *make_new(lean_object *make) {
    lean_inc(make);
    return lean_apply_1(make, lean_box(7));
}

/* Prints the references to the object but for the one that was held back; "not new" where nothing is counted. */
static lean_obj_res report(lean_object *name, lean_object *object, lean_object *result) {
    lean_dec(result);
    if (lean_is_scalar(object) || object->m_rc <= 0)
        printf("%s: not new\n", lean_string_cstr(name));
    else
        printf("%s: %d\n", lean_string_cstr(name), object->m_rc);
    fflush(stdout);
    return lean_io_result_mk_ok(lean_box(0));
}

lean_obj_res lpb_probe(b_lean_obj_arg name, b_lean_obj_arg make, b_lean_obj_arg use) {
    lean_object *object = make_new(make);
    lean_inc(object);
    lean_inc(use);
    return report(name, object, lean_apply_1(use, object));
}

lean_obj_res lpb_probe_io(b_lean_obj_arg name, b_lean_obj_arg make, b_lean_obj_arg use) {
    lean_object *object = make_new(make);
    lean_inc(object);
    lean_inc(use);
    return report(name, object, lean_apply_2(use, object, lean_box(0)));
}
