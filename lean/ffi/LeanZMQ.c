/* Moves values between Lean objects and bridge_socket; everything else is there. */
#include "LeanZMQ.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge_socket.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the wire is little endian, and float arrays are sent as they lie in memory"
#endif

/* --- external objects ----------------------------------------------------------------------------------------- */

static void finalize_context(void *context) { lpb_context_release(context); }

static void finalize_socket(void *socket) { lpb_socket_free(socket); }

static void no_children(void *data, b_lean_obj_arg visitor) {
    (void)data;
    (void)visitor;
}

typedef _Atomic(lean_external_class *) class_slot;
static class_slot context_class;
static class_slot socket_class;

/* Registers a class on first use. When two threads are first, one registration stays unused, which is harmless. */
static lean_external_class *class_in(class_slot *slot, lean_external_finalize_proc finalize) {
    lean_external_class *known = atomic_load_explicit(slot, memory_order_acquire);
    if (known == NULL) {
        lean_external_class *fresh = lean_register_external_class(finalize, no_children);
        if (atomic_compare_exchange_strong(slot, &known, fresh))
            known = fresh;
    }
    return known;
}

static lpb_context *context_of(b_lean_obj_arg object) { return lean_get_external_data(object); }

static lpb_socket *socket_of(b_lean_obj_arg object) { return lean_get_external_data(object); }

/* --- results -------------------------------------------------------------------------------------------------- */

static lean_obj_res ok(lean_obj_arg value) { return lean_io_result_mk_ok(value); }

/* The IO.Error constructor for a status; LeanZMQ.lean's table says the same. */
static lean_obj_res error_of(int status, uint32_t number, lean_obj_arg text) {
    switch (status) {
    case LPB_TIMEOUT: return lean_mk_io_error_time_expired(number, text);
    case LPB_CLOSED:
    case LPB_CONNECTION_LOST: return lean_mk_io_error_resource_vanished(number, text);
    case LPB_WRONG_THREAD:
    case LPB_WRONG_STATE: return lean_mk_io_error_illegal_operation(number, text);
    case LPB_INVALID: return lean_mk_io_error_invalid_argument(number, text);
    case LPB_TOO_LARGE: return lean_mk_io_error_protocol_error(number, text);
    case LPB_NO_MEMORY: return lean_mk_io_error_resource_exhausted(number, text);
    case LPB_UNSUPPORTED: return lean_mk_io_error_unsupported_operation(number, text);
    default: return lean_mk_io_error_other_error(number, text);
    }
}

static lean_obj_res fail(int status) {
    lean_object *text = lean_mk_string(lpb_error_text());
    return lean_io_result_mk_error(error_of(status, (uint32_t)lpb_error_number(), text));
}

static lean_obj_res refuse(const char *text) {
    return lean_io_result_mk_error(error_of(LPB_INVALID, 0, lean_mk_string(text)));
}

static lean_obj_res unit_or_fail(int status) { return status == LPB_OK ? ok(lean_box(0)) : fail(status); }

/* Whether the text ends where C thinks it does. */
static bool has_no_nul(b_lean_obj_arg string) {
    return strlen(lean_string_cstr(string)) + 1 == lean_string_size(string);
}

static lean_obj_res byte_array(const void *data, size_t size) {
    lean_object *array = lean_alloc_sarray(1, size, size);
    if (size > 0)
        memcpy(lean_sarray_cptr(array), data, size);
    return array;
}

/* --- library and contexts ------------------------------------------------------------------------------------- */

lean_obj_res lpb_lean_zmq_version(void) {
    int major, minor, patch;
    lpb_zmq_version(&major, &minor, &patch);
    char text[64];
    snprintf(text, sizeof text, "%d.%d.%d", major, minor, patch);
    return ok(lean_mk_string(text));
}

lean_obj_res lpb_lean_curve_keypair(void) {
    char public_key[LPB_CURVE_KEY_LENGTH + 1], secret_key[LPB_CURVE_KEY_LENGTH + 1];
    int status = lpb_curve_keypair(public_key, secret_key);
    if (status != LPB_OK)
        return fail(status);
    lean_object *pair = lean_alloc_ctor(0, 2, 0);
    lean_ctor_set(pair, 0, lean_mk_string(public_key));
    lean_ctor_set(pair, 1, lean_mk_string(secret_key));
    return ok(pair);
}

lean_obj_res lpb_lean_context_new(uint32_t io_threads) {
    lpb_context *context;
    int status = lpb_context_new(io_threads, &context);
    if (status != LPB_OK)
        return fail(status);
    return ok(lean_alloc_external(class_in(&context_class, finalize_context), context));
}

lean_obj_res lpb_lean_context_shutdown(b_lean_obj_arg context) {
    return unit_or_fail(lpb_context_shutdown(context_of(context)));
}

/* --- sockets -------------------------------------------------------------------------------------------------- */

lean_obj_res lpb_lean_socket_new(b_lean_obj_arg context, uint8_t kind) {
    lpb_socket *socket;
    int status = lpb_socket_new(context_of(context), kind, &socket);
    if (status != LPB_OK)
        return fail(status);
    return ok(lean_alloc_external(class_in(&socket_class, finalize_socket), socket));
}

lean_obj_res lpb_lean_socket_set_option(b_lean_obj_arg socket, uint8_t option, uint32_t value) {
    return unit_or_fail(lpb_socket_set_option(socket_of(socket), option, value));
}

lean_obj_res lpb_lean_socket_set_curve(
    b_lean_obj_arg socket, b_lean_obj_arg server_key, b_lean_obj_arg public_key, b_lean_obj_arg secret_key) {
    if (!has_no_nul(server_key) || !has_no_nul(public_key) || !has_no_nul(secret_key))
        return refuse("set the CURVE keys: a key contains the character NUL");
    return unit_or_fail(lpb_socket_set_curve(
        socket_of(socket), lean_string_cstr(server_key), lean_string_cstr(public_key), lean_string_cstr(secret_key)));
}

lean_obj_res lpb_lean_socket_set_routing_id(b_lean_obj_arg socket, b_lean_obj_arg id) {
    return unit_or_fail(lpb_socket_set_routing_id(socket_of(socket), lean_sarray_cptr(id), lean_sarray_size(id)));
}

lean_obj_res lpb_lean_socket_connect(b_lean_obj_arg socket, b_lean_obj_arg endpoint) {
    if (!has_no_nul(endpoint))
        return refuse("connect: the endpoint contains the character NUL");
    return unit_or_fail(lpb_socket_connect(socket_of(socket), lean_string_cstr(endpoint)));
}

/* --- messages ------------------------------------------------------------------------------------------------- */

/* Runs on ZeroMQ's thread as a rule, which is why the array was marked for use by several threads. */
static void release_array(void *data, void *array) {
    (void)data;
    lean_dec(array);
}

/* Lends an array of bytes or floats to ZeroMQ: the reference taken here is given back by release_array. */
static lpb_frame lend(b_lean_obj_arg array, size_t element_size) {
    lean_mark_mt(array);
    lean_inc(array);
    /* ByteArray and FloatArray are scalar arrays both: the bytes lie in the same place. */
    return (lpb_frame){lean_sarray_cptr(array), lean_sarray_size(array) * element_size, release_array, array};
}

static lpb_frame lend_bytes(b_lean_obj_arg bytes) { return lend(bytes, 1); }

enum { FRAME_BYTES = 0, FRAME_FLOATS = 1 }; /* the constructors of Frame */

static lpb_frame lend_frame(b_lean_obj_arg frame) {
    return lend(lean_ctor_get(frame, 0), lean_obj_tag(frame) == FRAME_FLOATS ? sizeof(double) : 1);
}

static lean_obj_res send(b_lean_obj_arg socket, b_lean_obj_arg array, lpb_frame (*lend_one)(b_lean_obj_arg)) {
    enum { FEW = 8 };
    lpb_frame few[FEW] = {{NULL, 0, NULL, NULL}};
    size_t count = lean_array_size(array);
    lpb_frame *frames = count <= FEW ? few : calloc(count, sizeof *frames);
    if (frames == NULL)
        return lean_io_result_mk_error(error_of(LPB_NO_MEMORY, 0, lean_mk_string("send: no memory for the frames")));
    for (size_t i = 0; i < count; i++)
        frames[i] = lend_one(lean_array_get_core(array, i));
    int status = lpb_socket_send(socket_of(socket), frames, count);
    if (frames != few)
        free(frames);
    return unit_or_fail(status);
}

lean_obj_res lpb_lean_socket_send(b_lean_obj_arg socket, b_lean_obj_arg frames) {
    return send(socket, frames, lend_bytes);
}

lean_obj_res lpb_lean_socket_send_frames(b_lean_obj_arg socket, b_lean_obj_arg frames) {
    return send(socket, frames, lend_frame);
}

lean_obj_res lpb_lean_socket_receive(b_lean_obj_arg socket) {
    lpb_message *message;
    int status = lpb_socket_receive(socket_of(socket), &message);
    if (status != LPB_OK)
        return fail(status);
    size_t count = lpb_message_count(message);
    lean_object *frames = lean_alloc_array(count, count);
    for (size_t i = 0; i < count; i++)
        lean_array_set_core(frames, i, byte_array(lpb_message_data(message, i), lpb_message_size(message, i)));
    lpb_message_free(message);
    return ok(frames);
}

lean_obj_res lpb_lean_socket_poll(b_lean_obj_arg socket, uint32_t timeout_ms) {
    int ready;
    int status = lpb_socket_poll(socket_of(socket), LPB_READABLE, timeout_ms, &ready);
    return status == LPB_OK ? ok(lean_box(ready != 0)) : fail(status);
}

lean_obj_res lpb_lean_socket_close(b_lean_obj_arg socket) { return unit_or_fail(lpb_socket_close(socket_of(socket))); }
