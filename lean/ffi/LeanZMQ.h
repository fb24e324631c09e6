/* LeanZMQ: the functions behind the declarations of LeanZMQ.lean.
 *
 * Since Lean 4.26 a function behind an IO declaration takes no world argument. All return an IO result.
 * b_lean_obj_arg arguments are borrowed.
 */
#ifndef LPB_LEAN_ZMQ_H
#define LPB_LEAN_ZMQ_H

#include <stdint.h>

#include <lean/lean.h>

#ifdef __cplusplus
extern "C" {
#endif

lean_obj_res lpb_lean_zmq_version(void);
lean_obj_res lpb_lean_curve_keypair(void);

lean_obj_res lpb_lean_context_new(uint32_t io_threads);
lean_obj_res lpb_lean_context_shutdown(b_lean_obj_arg context);

lean_obj_res lpb_lean_socket_new(b_lean_obj_arg context, uint8_t kind);
lean_obj_res lpb_lean_socket_set_option(b_lean_obj_arg socket, uint8_t option, uint32_t value);
lean_obj_res lpb_lean_socket_set_curve(
    b_lean_obj_arg socket, b_lean_obj_arg server_key, b_lean_obj_arg public_key, b_lean_obj_arg secret_key);
lean_obj_res lpb_lean_socket_set_routing_id(b_lean_obj_arg socket, b_lean_obj_arg id);
lean_obj_res lpb_lean_socket_connect(b_lean_obj_arg socket, b_lean_obj_arg endpoint);
lean_obj_res lpb_lean_socket_send(b_lean_obj_arg socket, b_lean_obj_arg frames);
lean_obj_res lpb_lean_socket_send_frames(b_lean_obj_arg socket, b_lean_obj_arg frames);
lean_obj_res lpb_lean_socket_receive(b_lean_obj_arg socket);
lean_obj_res lpb_lean_socket_poll(b_lean_obj_arg socket, uint32_t timeout_ms);
lean_obj_res lpb_lean_socket_close(b_lean_obj_arg socket);

#ifdef __cplusplus
}
#endif

#endif
