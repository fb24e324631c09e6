/* See bridge_socket.h for what each function promises. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L /* clock_gettime and strdup under -std=c11 */
#endif

#include "bridge_socket.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zmq.h>

struct lpb_context {
    void *zmq;
    atomic_size_t holders; /* the caller, and every open socket */
};

struct lpb_socket {
    void *zmq; /* NULL once closed */
    lpb_context *context;
    char *endpoint; /* NULL until connected */
    uint64_t owner;
    int64_t send_timeout_ms;
    int64_t receive_timeout_ms;
    size_t max_frames;
};

struct lpb_message {
    size_t count;
    size_t capacity;
    zmq_msg_t *frames;
};

/* --- errors --------------------------------------------------------------------------------------------------- */

enum { ERROR_TEXT_SIZE = 512 };
static _Thread_local char error_text[ERROR_TEXT_SIZE];
static _Thread_local int error_number;

const char *lpb_error_text(void) { return error_text; }

int lpb_error_number(void) { return error_number; }

const char *lpb_status_name(int status) {
    switch (status) {
    case LPB_OK: return "ok";
    case LPB_TIMEOUT: return "timeout";
    case LPB_CLOSED: return "closed";
    case LPB_WRONG_THREAD: return "wrong_thread";
    case LPB_INVALID: return "invalid";
    case LPB_WRONG_STATE: return "wrong_state";
    case LPB_TOO_LARGE: return "too_large";
    case LPB_NO_MEMORY: return "no_memory";
    case LPB_UNSUPPORTED: return "unsupported";
    case LPB_CONNECTION_LOST: return "connection_lost";
    case LPB_SYSTEM: return "system";
    default: return "unknown";
    }
}

static void set_error_text(const char *format, va_list arguments) {
    /* A text that is too long loses its end, which is the least of it. */
    if (vsnprintf(error_text, sizeof error_text, format, arguments) < 0)
        error_text[0] = '\0';
}

/* A failure of the caller's own making, without an errno. */
static int refuse(lpb_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int refuse(lpb_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    set_error_text(format, arguments);
    va_end(arguments);
    error_number = 0;
    return status;
}

static lpb_status status_of(int number) {
    switch (number) {
    case EAGAIN: return LPB_TIMEOUT;
    case ETERM:
    case ENOTSOCK: return LPB_CLOSED;
    case EFSM: return LPB_WRONG_STATE;
    case EINVAL:
    case ENODEV:
    case ENOCOMPATPROTO:
    case ENAMETOOLONG: return LPB_INVALID;
    case ENOMEM: return LPB_NO_MEMORY;
    case EPROTONOSUPPORT:
    case ENOTSUP: return LPB_UNSUPPORTED;
    default: return LPB_SYSTEM;
    }
}

static int fail_with(int number, lpb_status status, const char *action, const char *where) {
    bool named = where != NULL && where[0] != '\0';
    char code[32] = "";
    if (number < ZMQ_HAUSNUMERO) /* ZeroMQ's own numbers say nothing to anyone */
        snprintf(code, sizeof code, " (errno %d)", number);
    refuse(status, "%s%s%s: %s%s", action, named ? " " : "", named ? where : "", zmq_strerror(number), code);
    error_number = number;
    return status;
}

/* A failed call into libzmq or the C library, described by errno. */
static int fail(const char *action, const char *where) {
    int number = errno;
    return fail_with(number, status_of(number), action, where);
}

static const char *endpoint_of(const lpb_socket *socket) {
    return socket->endpoint != NULL ? socket->endpoint : "(not connected)";
}

int lpb_interface_version(void) { return LPB_INTERFACE_VERSION; }

void lpb_zmq_version(int *major, int *minor, int *patch) {
    int numbers[3];
    zmq_version(&numbers[0], &numbers[1], &numbers[2]);
    if (major != NULL)
        *major = numbers[0];
    if (minor != NULL)
        *minor = numbers[1];
    if (patch != NULL)
        *patch = numbers[2];
}

/* --- threads and time ----------------------------------------------------------------------------------------- */

/* The system hands a dead thread's id to the next one, so threads get numbers of our own, never used twice. */
static uint64_t current_thread(void) {
    static atomic_uint_fast64_t last;
    static _Thread_local uint64_t number;
    if (number == 0)
        number = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    return number;
}

static int64_t now_ms(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- contexts ------------------------------------------------------------------------------------------------- */

int lpb_context_new(int64_t io_threads, lpb_context **context) {
    if (context == NULL)
        return refuse(LPB_INVALID, "create a context: no place to store it");
    *context = NULL;
    if (io_threads < 1 || io_threads > 64)
        return refuse(LPB_INVALID, "create a context: io_threads is %lld, not 1 to 64", (long long)io_threads);
    lpb_context *created = malloc(sizeof *created);
    if (created == NULL)
        return fail("create a context", NULL);
    created->zmq = zmq_ctx_new();
    if (created->zmq == NULL) {
        int status = fail("create a context", NULL);
        free(created);
        return status;
    }
    atomic_init(&created->holders, 1);
    if (zmq_ctx_set(created->zmq, ZMQ_IO_THREADS, (int)io_threads) != 0) {
        int status = fail("set the context's io_threads", NULL);
        lpb_context_release(created);
        return status;
    }
    *context = created;
    return LPB_OK;
}

int lpb_context_shutdown(lpb_context *context) {
    if (context == NULL)
        return refuse(LPB_INVALID, "shut a context down: there is none");
    return zmq_ctx_shutdown(context->zmq) == 0 ? LPB_OK : fail("shut a context down", NULL);
}

void lpb_context_release(lpb_context *context) {
    /* Release and acquire: what other threads did with the context happens before it is freed. */
    if (context == NULL || atomic_fetch_sub_explicit(&context->holders, 1, memory_order_acq_rel) != 1)
        return;
    while (zmq_ctx_term(context->zmq) != 0 && errno == EINTR) {
        /* A signal arrived: termination goes on where it was. */
    }
    free(context);
}

/* --- sockets -------------------------------------------------------------------------------------------------- */

/* Whether the socket can be used by the caller: the first check of every function that takes one. */
static int check(const lpb_socket *socket, const char *action) {
    if (socket == NULL)
        return refuse(LPB_INVALID, "%s: there is no socket", action);
    uint64_t caller = current_thread();
    if (socket->owner != caller)
        return refuse(
            LPB_WRONG_THREAD, "%s %s: the socket belongs to thread %llu, the call came from thread %llu", action,
            endpoint_of(socket), (unsigned long long)socket->owner, (unsigned long long)caller);
    if (socket->zmq == NULL)
        return refuse(LPB_CLOSED, "%s %s: the socket is closed", action, endpoint_of(socket));
    return LPB_OK;
}

static int check_unconnected(const lpb_socket *socket, const char *action) {
    int status = check(socket, action);
    if (status == LPB_OK && socket->endpoint != NULL)
        return refuse(LPB_WRONG_STATE, "%s: the socket is already connected to %s", action, socket->endpoint);
    return status;
}

static int set_number(lpb_socket *socket, int option, int value, const char *action) {
    return zmq_setsockopt(socket->zmq, option, &value, sizeof value) == 0 ? LPB_OK : fail(action, endpoint_of(socket));
}

int lpb_socket_new(lpb_context *context, int kind, lpb_socket **socket) {
    if (socket == NULL)
        return refuse(LPB_INVALID, "create a socket: no place to store it");
    *socket = NULL;
    if (context == NULL)
        return refuse(LPB_INVALID, "create a socket: there is no context");
    if (kind != LPB_REQ && kind != LPB_DEALER)
        return refuse(LPB_INVALID, "create a socket: %d is not a kind of socket", kind);
    lpb_socket *created = calloc(1, sizeof *created);
    if (created == NULL)
        return fail("create a socket", NULL);
    created->owner = current_thread();
    created->send_timeout_ms = LPB_DEFAULT_SEND_TIMEOUT_MS;
    created->receive_timeout_ms = LPB_DEFAULT_RECEIVE_TIMEOUT_MS;
    created->max_frames = LPB_DEFAULT_MAX_FRAMES;
    created->zmq = zmq_socket(context->zmq, kind == LPB_REQ ? ZMQ_REQ : ZMQ_DEALER);
    if (created->zmq == NULL) {
        int status = fail("create a socket", NULL);
        free(created);
        return status;
    }
    atomic_fetch_add_explicit(&context->holders, 1, memory_order_relaxed);
    created->context = context;
    int status = set_number(created, ZMQ_LINGER, LPB_DEFAULT_LINGER_MS, "create a socket");
    if (status != LPB_OK) {
        lpb_socket_free(created);
        return status;
    }
    *socket = created;
    return LPB_OK;
}

int lpb_socket_set_option(lpb_socket *socket, int option, int64_t value) {
    static const struct {
        const char *action;
        int zmq; /* 0: kept by ourselves */
        int64_t least;
        int64_t most;
        bool unconnected;
    } options[] = {
        [LPB_SEND_TIMEOUT_MS] = {"set the send timeout", 0, 0, INT_MAX, false},
        [LPB_RECEIVE_TIMEOUT_MS] = {"set the receive timeout", 0, 0, INT_MAX, false},
        [LPB_LINGER_MS] = {"set the linger time", ZMQ_LINGER, 0, INT_MAX, false},
        [LPB_SEND_HIGH_WATER_MARK] = {"set the send high-water mark", ZMQ_SNDHWM, 0, INT_MAX, true},
        [LPB_RECEIVE_HIGH_WATER_MARK] = {"set the receive high-water mark", ZMQ_RCVHWM, 0, INT_MAX, true},
        [LPB_MAX_FRAME_BYTES] = {"set the largest frame", ZMQ_MAXMSGSIZE, 0, INT64_MAX, true},
        [LPB_MAX_FRAMES] = {"set the most frames", 0, 1, INT_MAX, false},
        [LPB_IMMEDIATE] = {"set immediate", ZMQ_IMMEDIATE, 0, 1, true},
    };
    if (option < 0 || (size_t)option >= sizeof options / sizeof options[0])
        return refuse(LPB_INVALID, "set an option: there is no option %d", option);
    const char *action = options[option].action;
    int status = options[option].unconnected ? check_unconnected(socket, action) : check(socket, action);
    if (status != LPB_OK)
        return status;
    if (value < options[option].least || value > options[option].most)
        return refuse(
            LPB_INVALID, "%s: %lld is not %lld to %lld", action, (long long)value, (long long)options[option].least,
            (long long)options[option].most);
    switch (option) {
    case LPB_SEND_TIMEOUT_MS: socket->send_timeout_ms = value; return LPB_OK;
    case LPB_RECEIVE_TIMEOUT_MS: socket->receive_timeout_ms = value; return LPB_OK;
    case LPB_MAX_FRAMES: socket->max_frames = (size_t)value; return LPB_OK;
    case LPB_MAX_FRAME_BYTES: {
        int64_t most = value == 0 ? -1 : value; /* ZeroMQ's word for no limit */
        return zmq_setsockopt(socket->zmq, ZMQ_MAXMSGSIZE, &most, sizeof most) == 0 ? LPB_OK : fail(action, NULL);
    }
    default: return set_number(socket, options[option].zmq, (int)value, action);
    }
}

static bool is_curve_key(const char *key) {
    uint8_t decoded[32];
    return key != NULL && strlen(key) == LPB_CURVE_KEY_LENGTH && zmq_z85_decode(decoded, key) != NULL;
}

int lpb_socket_set_curve(
    lpb_socket *socket, const char *server_key, const char *public_key, const char *secret_key) {
    const struct {
        const char *name;
        const char *value;
        int option;
    } keys[] = {
        {"server key", server_key, ZMQ_CURVE_SERVERKEY},
        {"public key", public_key, ZMQ_CURVE_PUBLICKEY},
        {"secret key", secret_key, ZMQ_CURVE_SECRETKEY},
    };
    const char *action = "set the CURVE keys";
    int status = check_unconnected(socket, action);
    if (status != LPB_OK)
        return status;
    if (!zmq_has("curve"))
        return refuse(LPB_UNSUPPORTED, "%s: this libzmq was built without CURVE", action);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) /* all are looked at before one is set */
        if (!is_curve_key(keys[i].value))
            return refuse(
                LPB_INVALID, "%s: the %s is not %d characters of Z85", action, keys[i].name, LPB_CURVE_KEY_LENGTH);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (zmq_setsockopt(socket->zmq, keys[i].option, keys[i].value, LPB_CURVE_KEY_LENGTH + 1) != 0)
            return fail(action, keys[i].name);
    return LPB_OK;
}

int lpb_socket_set_routing_id(lpb_socket *socket, const void *data, size_t size) {
    const char *action = "set the routing id";
    int status = check_unconnected(socket, action);
    if (status != LPB_OK)
        return status;
    if (data == NULL || size < 1 || size > 255 || *(const unsigned char *)data == 0)
        return refuse(LPB_INVALID, "%s: it must be 1 to 255 bytes of which the first is not 0", action);
    return zmq_setsockopt(socket->zmq, ZMQ_ROUTING_ID, data, size) == 0 ? LPB_OK : fail(action, NULL);
}

/* Whether a tcp endpoint ends in a port. libzmq takes it modulo 2^16: 70991 would reach port 5455. */
static int names_a_port(const char *endpoint) {
    const char *digits = strrchr(endpoint, ':') + 1;
    size_t length = strspn(digits, "0123456789");
    if (length == 0 || length > 5 || digits[length] != '\0')
        return 0;
    long port = strtol(digits, NULL, 10);
    return port >= 1 && port <= 65535;
}

int lpb_socket_connect(lpb_socket *socket, const char *endpoint) {
    int status = check_unconnected(socket, "connect");
    if (status != LPB_OK)
        return status;
    if (endpoint == NULL || endpoint[0] == '\0')
        return refuse(LPB_INVALID, "connect: there is no endpoint");
    if (strncmp(endpoint, "tcp://", 6) == 0 && !names_a_port(endpoint))
        return refuse(LPB_INVALID, "connect to %s: its port is none from 1 to 65535", endpoint);
    char *kept = strdup(endpoint);
    if (kept == NULL)
        return fail("connect to", endpoint);
    if (zmq_connect(socket->zmq, endpoint) != 0) {
        status = fail("connect to", endpoint);
        free(kept);
        return status;
    }
    socket->endpoint = kept;
    return LPB_OK;
}

/* Waits for `events` until `deadline_ms`; `ready` is 0 when it passed. Signals do not end the wait. */
static int wait_until(lpb_socket *socket, short events, int64_t deadline_ms, const char *action, short *ready) {
    for (;;) {
        zmq_pollitem_t item = {.socket = socket->zmq, .events = events};
        int64_t left = deadline_ms - now_ms();
        if (left < 0)
            left = 0;
        int count = zmq_poll(&item, 1, (long)left); /* no timeout is longer than INT_MAX */
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return fail(action, endpoint_of(socket));
        *ready = count > 0 ? item.revents : 0;
        return LPB_OK;
    }
}

/* Waits for the socket to become ready after it answered EAGAIN. */
static int wait_or_time_out(
    lpb_socket *socket, short events, int64_t deadline_ms, int64_t timeout_ms, const char *action) {
    short ready = 0;
    int status = wait_until(socket, events, deadline_ms, action, &ready);
    if (status == LPB_OK && ready == 0) {
        status = refuse(
            LPB_TIMEOUT, "%s %s: not done within %lld ms", action, endpoint_of(socket), (long long)timeout_ms);
        error_number = EAGAIN;
    }
    return status;
}

int lpb_socket_poll(lpb_socket *socket, int events, int64_t timeout_ms, int *ready) {
    if (ready == NULL)
        return refuse(LPB_INVALID, "poll: no place to store what is ready");
    *ready = 0;
    int status = check(socket, "poll");
    if (status != LPB_OK)
        return status;
    if (events == 0 || (events & ~(LPB_READABLE | LPB_WRITABLE)) != 0)
        return refuse(LPB_INVALID, "poll: %d does not stand for events", events);
    if (timeout_ms < 0 || timeout_ms > INT_MAX)
        return refuse(LPB_INVALID, "poll: a timeout of %lld ms is not 0 to %d", (long long)timeout_ms, INT_MAX);
    short wanted = (short)((events & LPB_READABLE ? ZMQ_POLLIN : 0) | (events & LPB_WRITABLE ? ZMQ_POLLOUT : 0));
    short found = 0;
    status = wait_until(socket, wanted, now_ms() + timeout_ms, "poll", &found);
    if (status == LPB_OK)
        *ready = (found & ZMQ_POLLIN ? LPB_READABLE : 0) | (found & ZMQ_POLLOUT ? LPB_WRITABLE : 0);
    return status;
}

/* --- sending -------------------------------------------------------------------------------------------------- */

static void release_frames(const lpb_frame *frames, size_t from, size_t count) {
    for (size_t i = from; frames != NULL && i < count; i++)
        if (frames[i].release != NULL)
            frames[i].release((void *)(uintptr_t)frames[i].data, frames[i].hint);
}

/* Makes a ZeroMQ message of a frame. When that fails the frame is still the caller's to release. */
static int message_of(zmq_msg_t *message, const lpb_frame *frame) {
    if (frame->release != NULL)
        return zmq_msg_init_data(
            message, (void *)(uintptr_t)frame->data, frame->size, frame->release, frame->hint);
    if (zmq_msg_init_size(message, frame->size) != 0)
        return -1;
    if (frame->size > 0)
        memcpy(zmq_msg_data(message), frame->data, frame->size);
    return 0;
}

static int check_frames(const lpb_socket *socket, const lpb_frame *frames, size_t count) {
    if (frames == NULL || count == 0)
        return refuse(LPB_INVALID, "send to %s: a message has at least one frame", endpoint_of(socket));
    for (size_t i = 0; i < count; i++)
        if (frames[i].data == NULL && frames[i].size > 0)
            return refuse(LPB_INVALID, "send to %s: frame %zu has no data", endpoint_of(socket), i);
    if (socket->endpoint == NULL)
        return refuse(LPB_WRONG_STATE, "send: the socket is not connected");
    return LPB_OK;
}

/* Sends a made message, waiting for room. Only the first of a message can wait: ZeroMQ takes the rest or loses all. */
static int send_one(lpb_socket *socket, zmq_msg_t *message, int flags, bool may_wait, int64_t deadline_ms) {
    for (;;) {
        if (zmq_msg_send(message, socket->zmq, flags | ZMQ_DONTWAIT) >= 0)
            return LPB_OK;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return fail("send to", endpoint_of(socket));
        if (!may_wait)
            return fail_with(errno, LPB_CONNECTION_LOST, "send the whole message to", endpoint_of(socket));
        int status = wait_or_time_out(socket, ZMQ_POLLOUT, deadline_ms, socket->send_timeout_ms, "send to");
        if (status != LPB_OK)
            return status;
    }
}

int lpb_socket_send(lpb_socket *socket, const lpb_frame *frames, size_t count) {
    int status = check(socket, "send to");
    if (status == LPB_OK)
        status = check_frames(socket, frames, count);
    if (status != LPB_OK) {
        release_frames(frames, 0, count);
        return status;
    }
    /* All messages are made before the first is sent: running out of memory must not leave half a message behind. */
    zmq_msg_t *messages = calloc(count, sizeof *messages);
    size_t made = 0;
    if (messages != NULL)
        while (made < count && message_of(&messages[made], &frames[made]) == 0)
            made++;
    if (made < count) {
        status = fail("send to", endpoint_of(socket));
        release_frames(frames, made, count);
    }
    int64_t deadline_ms = now_ms() + socket->send_timeout_ms;
    for (size_t i = 0; i < count && status == LPB_OK; i++) {
        status = send_one(socket, &messages[i], i + 1 < count ? ZMQ_SNDMORE : 0, i == 0, deadline_ms);
        if (status == LPB_CONNECTION_LOST)
            /* ZeroMQ now drops frames up to the end of this message: without that end it would drop the next one. */
            for (size_t j = i + 1; j < count; j++)
                zmq_msg_send(&messages[j], socket->zmq, (j + 1 < count ? ZMQ_SNDMORE : 0) | ZMQ_DONTWAIT);
    }
    for (size_t i = 0; i < made; i++)
        zmq_msg_close(&messages[i]); /* one that was sent is empty by now; any other releases its frame here */
    free(messages);
    return status;
}

/* --- receiving ------------------------------------------------------------------------------------------------ */

static int receive_one(lpb_socket *socket, zmq_msg_t *frame, int64_t deadline_ms) {
    for (;;) {
        if (zmq_msg_recv(frame, socket->zmq, ZMQ_DONTWAIT) >= 0)
            return LPB_OK;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return fail("receive from", endpoint_of(socket));
        int status = wait_or_time_out(socket, ZMQ_POLLIN, deadline_ms, socket->receive_timeout_ms, "receive from");
        if (status != LPB_OK)
            return status;
    }
}

/* Room for one more frame. */
static int grow(lpb_message *message) {
    if (message->count < message->capacity)
        return 0;
    size_t capacity = message->capacity == 0 ? 4 : message->capacity * 2;
    zmq_msg_t *frames = calloc(capacity, sizeof *frames);
    if (frames == NULL)
        return -1;
    for (size_t i = 0; i < message->count; i++) { /* a zmq_msg_t may not be moved by memcpy */
        zmq_msg_init(&frames[i]);
        zmq_msg_move(&frames[i], &message->frames[i]);
        zmq_msg_close(&message->frames[i]);
    }
    free(message->frames);
    message->frames = frames;
    message->capacity = capacity;
    return 0;
}

/* Takes the rest of a message off the socket: the next receive must begin with a message. */
static void discard_rest(lpb_socket *socket, zmq_msg_t *frame, int64_t deadline_ms) {
    while (zmq_msg_more(frame) && receive_one(socket, frame, deadline_ms) == LPB_OK) {
    }
}

int lpb_socket_receive(lpb_socket *socket, lpb_message **message) {
    if (message == NULL)
        return refuse(LPB_INVALID, "receive: no place to store the message");
    *message = NULL;
    int status = check(socket, "receive from");
    if (status != LPB_OK)
        return status;
    if (socket->endpoint == NULL)
        return refuse(LPB_WRONG_STATE, "receive: the socket is not connected");
    lpb_message *created = calloc(1, sizeof *created);
    if (created == NULL)
        return fail("receive from", endpoint_of(socket));
    int64_t deadline_ms = now_ms() + socket->receive_timeout_ms;
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    bool more = true;
    while (more) {
        status = receive_one(socket, &frame, deadline_ms);
        if (status != LPB_OK)
            break;
        more = zmq_msg_more(&frame) != 0;
        if (created->count == socket->max_frames) {
            discard_rest(socket, &frame, deadline_ms);
            status = refuse(
                LPB_TOO_LARGE, "receive from %s: the message has more than %zu frames", endpoint_of(socket),
                socket->max_frames);
            break;
        }
        if (grow(created) != 0) {
            status = fail("receive from", endpoint_of(socket));
            int number = error_number;
            discard_rest(socket, &frame, deadline_ms);
            fail_with(number, (lpb_status)status, "receive from", endpoint_of(socket));
            break;
        }
        zmq_msg_init(&created->frames[created->count]);
        zmq_msg_move(&created->frames[created->count++], &frame);
    }
    zmq_msg_close(&frame);
    if (status != LPB_OK)
        lpb_message_free(created);
    else
        *message = created;
    return status;
}

size_t lpb_message_count(const lpb_message *message) { return message == NULL ? 0 : message->count; }

const void *lpb_message_data(const lpb_message *message, size_t index) {
    return message == NULL || index >= message->count ? NULL : zmq_msg_data(&message->frames[index]);
}

size_t lpb_message_size(const lpb_message *message, size_t index) {
    return message == NULL || index >= message->count ? 0 : zmq_msg_size(&message->frames[index]);
}

void lpb_message_free(lpb_message *message) {
    if (message == NULL)
        return;
    for (size_t i = 0; i < message->count; i++)
        zmq_msg_close(&message->frames[i]);
    free(message->frames);
    free(message);
}

/* --- the end -------------------------------------------------------------------------------------------------- */

static void close_socket(lpb_socket *socket) {
    if (socket->zmq == NULL)
        return;
    zmq_close(socket->zmq); /* fails only for what is not a socket */
    socket->zmq = NULL;
    lpb_context_release(socket->context);
    socket->context = NULL;
}

int lpb_socket_close(lpb_socket *socket) {
    int status = check(socket, "close");
    if (status == LPB_CLOSED)
        return LPB_OK;
    if (status == LPB_OK)
        close_socket(socket);
    return status;
}

void lpb_socket_free(lpb_socket *socket) {
    if (socket == NULL)
        return;
    close_socket(socket);
    free(socket->endpoint);
    free(socket);
}

int lpb_curve_keypair(char *public_key, char *secret_key) {
    if (public_key == NULL || secret_key == NULL)
        return refuse(LPB_INVALID, "draw CURVE keys: no place to store them");
    if (!zmq_has("curve"))
        return refuse(LPB_UNSUPPORTED, "draw CURVE keys: this libzmq was built without CURVE");
    return zmq_curve_keypair(public_key, secret_key) == 0 ? LPB_OK : fail("draw CURVE keys", NULL);
}
