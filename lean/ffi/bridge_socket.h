/* bridge_socket: what the bridge needs of ZeroMQ, in plain C.
 *
 * REQ and DEALER sockets that send and receive whole multipart messages, with finite waits and errors that name the
 * endpoint. There is no Lean in here: the same library serves LeanZMQ.c, Python (ctypes) and Node (koffi), and can be
 * tested on its own.
 *
 * Calls return an lpb_status. After anything but LPB_OK, lpb_error_text() and lpb_error_number() say more; they belong
 * to the calling thread and keep their value until that thread's next failed call.
 *
 * Threads: a context may be used by all threads at once. A socket belongs to the thread that made it: calls from
 * another thread are refused with LPB_WRONG_THREAD and change nothing. lpb_socket_free is the exception.
 */
#ifndef LPB_BRIDGE_SOCKET_H
#define LPB_BRIDGE_SOCKET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define LPB_API __declspec(dllexport)
#else
#define LPB_API __attribute__((visibility("default")))
#endif

/* Raised whenever a caller compiled against an older header could misread the library. */
#define LPB_INTERFACE_VERSION 2

/* Every wait is finite: the defaults hold until lpb_socket_set_option changes them. */
#define LPB_DEFAULT_SEND_TIMEOUT_MS 5000
#define LPB_DEFAULT_RECEIVE_TIMEOUT_MS 30000
/* Nothing unsent outlives its socket, so that closing never blocks. */
#define LPB_DEFAULT_LINGER_MS 0
/* A reply of more frames than this is refused. */
#define LPB_DEFAULT_MAX_FRAMES 65536

/* The length of a CURVE key in Z85, without the final NUL. */
#define LPB_CURVE_KEY_LENGTH 40

typedef enum lpb_status {
    LPB_OK = 0,
    LPB_TIMEOUT = 1,         /* the time ran out; the call may be repeated */
    LPB_CLOSED = 2,          /* the socket was closed or its context shut down */
    LPB_WRONG_THREAD = 3,    /* the socket belongs to another thread */
    LPB_INVALID = 4,         /* an argument was refused */
    LPB_WRONG_STATE = 5,     /* not now: a REQ socket out of turn, an option after connect */
    LPB_TOO_LARGE = 6,       /* the message had more frames than allowed; it was discarded */
    LPB_NO_MEMORY = 7,
    LPB_UNSUPPORTED = 8,     /* this libzmq was built without it */
    LPB_CONNECTION_LOST = 9, /* the connection went away within a message; the peer sees none of it */
    LPB_SYSTEM = 10          /* anything else: see lpb_error_number */
} lpb_status;

typedef enum lpb_socket_kind {
    LPB_REQ = 0,
    LPB_DEALER = 1
} lpb_socket_kind;

typedef enum lpb_option {
    LPB_SEND_TIMEOUT_MS = 0,         /* 0 to INT32_MAX; any time */
    LPB_RECEIVE_TIMEOUT_MS = 1,      /* 0 to INT32_MAX; any time */
    LPB_LINGER_MS = 2,               /* 0 to INT32_MAX; any time */
    LPB_SEND_HIGH_WATER_MARK = 3,    /* messages; 0 is no limit; before connect */
    LPB_RECEIVE_HIGH_WATER_MARK = 4, /* messages; 0 is no limit; before connect */
    LPB_MAX_FRAME_BYTES = 5,         /* 0 is no limit; before connect. ZeroMQ drops a peer that sends more and does not
                                        connect to it again: it falls silent, and takes a new socket to reach */
    LPB_MAX_FRAMES = 6,              /* of one received message; 1 or more; any time */
    LPB_IMMEDIATE = 7                /* 1: queue nothing for a peer that is not connected yet; before connect */
} lpb_option;

enum { LPB_READABLE = 1, LPB_WRITABLE = 2 };

typedef struct lpb_context lpb_context;
typedef struct lpb_socket lpb_socket;
typedef struct lpb_message lpb_message;

/* Gives a frame's bytes back to their owner. It may run on ZeroMQ's own thread, before or after the send returns. */
typedef void lpb_release(void *data, void *hint);

/* One frame to send. Without `release` the bytes are copied before the call returns. With it they are not copied, must
 * not change, and are released exactly once, whatever the send returns. */
typedef struct lpb_frame {
    const void *data;
    size_t size;
    lpb_release *release;
    void *hint;
} lpb_frame;

/* --- errors and versions -------------------------------------------------------------------------------------- */

/* The calling thread's last failure as text; never NULL. It names the action and, where there is one, the endpoint. */
LPB_API const char *lpb_error_text(void);

/* The errno of the calling thread's last failure, 0 when none was involved. */
LPB_API int lpb_error_number(void);

/* A status as a word, such as "timeout". Never NULL. */
LPB_API const char *lpb_status_name(int status);

/* LPB_INTERFACE_VERSION as it was when the library was compiled. */
LPB_API int lpb_interface_version(void);

/* The version of the libzmq that is loaded. */
LPB_API void lpb_zmq_version(int *major, int *minor, int *patch);

/* --- contexts ------------------------------------------------------------------------------------------------- */

/* A new context with `io_threads` (1 to 64) threads of ZeroMQ's. The caller holds it until lpb_context_release. */
LPB_API int lpb_context_new(int64_t io_threads, lpb_context **context);

/* Makes every wait on the context's sockets end with LPB_CLOSED, and every new one. Does not wait for them. */
LPB_API int lpb_context_shutdown(lpb_context *context);

/* Gives up the caller's hold. The context ends when its last socket is closed as well; that waits for linger times.
 * NULL is ignored. */
LPB_API void lpb_context_release(lpb_context *context);

/* --- sockets -------------------------------------------------------------------------------------------------- */

/* A new socket, which keeps the context alive and belongs to the calling thread. It ends with lpb_socket_free. */
LPB_API int lpb_socket_new(lpb_context *context, int kind, lpb_socket **socket);

LPB_API int lpb_socket_set_option(lpb_socket *socket, int option, int64_t value);

/* Encrypts and authenticates by CURVE: the server's public key and the client's pair, each 40 characters of Z85.
 * Before connect. */
LPB_API int lpb_socket_set_curve(
    lpb_socket *socket, const char *server_key, const char *public_key, const char *secret_key);

/* The name under which a ROUTER knows this socket: 1 to 255 bytes, not beginning with 0. Before connect. */
LPB_API int lpb_socket_set_routing_id(lpb_socket *socket, const void *data, size_t size);

/* Connects to one endpoint, such as "tcp://127.0.0.1:5555". Returns before the connection stands: a peer that is not
 * there shows in timeouts. A second connect is refused. */
LPB_API int lpb_socket_connect(lpb_socket *socket, const char *endpoint);

/* Sends all frames as one message, or none of them. */
LPB_API int lpb_socket_send(lpb_socket *socket, const lpb_frame *frames, size_t count);

/* Receives one whole message, to be freed by lpb_message_free. */
LPB_API int lpb_socket_receive(lpb_socket *socket, lpb_message **message);

/* Waits until the socket can do one of `events` (LPB_READABLE, LPB_WRITABLE) and stores which in `ready`. When the time
 * runs out, `ready` is 0 and the status LPB_OK. */
LPB_API int lpb_socket_poll(lpb_socket *socket, int events, int64_t timeout_ms, int *ready);

/* Closes the connection. What is called on the socket afterwards answers LPB_CLOSED; closing again is allowed. */
LPB_API int lpb_socket_close(lpb_socket *socket);

/* Closes the socket where it is open and frees it. Allowed from every thread, for finalizers: the caller sees to it
 * that no thread uses the socket any more. NULL is ignored. */
LPB_API void lpb_socket_free(lpb_socket *socket);

/* --- received messages, which belong to no thread ------------------------------------------------------------- */

LPB_API size_t lpb_message_count(const lpb_message *message);

/* The bytes of one frame, valid until lpb_message_free; NULL when there is no such frame. */
LPB_API const void *lpb_message_data(const lpb_message *message, size_t index);

/* The size of one frame in bytes; 0 when there is no such frame. */
LPB_API size_t lpb_message_size(const lpb_message *message, size_t index);

/* NULL is ignored. */
LPB_API void lpb_message_free(lpb_message *message);

/* --- CURVE keys ----------------------------------------------------------------------------------------------- */

/* Draws a key pair in Z85. Both buffers hold at least 41 bytes. */
LPB_API int lpb_curve_keypair(char *public_key, char *secret_key);

#ifdef __cplusplus
}
#endif

#endif
