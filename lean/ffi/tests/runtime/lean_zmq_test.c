/* LeanZMQ.c against Lean's real runtime library: values, errors, reference counts, finalizers.
 *
 * Prints "ok NAME" for each case. Linked with --wrap on lpb_socket_free, lpb_context_release and lpb_socket_send, to see
 * finalizers run and where the bytes of a frame lie.
 */
#define _POSIX_C_SOURCE 200809L
#include "LeanZMQ.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zmq.h>

#include "bridge_socket.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("%s:%d: %s does not hold; last error: %s\n", __FILE__, __LINE__, #condition, lpb_error_text());     \
            fflush(stdout);                                                                                            \
            _Exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)

/* The constructors of IO.Error, in the order of their declaration. */
enum {
    OTHER_ERROR = 1,
    RESOURCE_VANISHED = 3,
    UNSUPPORTED_OPERATION = 4,
    ILLEGAL_OPERATION = 7,
    PROTOCOL_ERROR = 8,
    TIME_EXPIRED = 9,
    INVALID_ARGUMENT = 12
};

/* --- what is watched ------------------------------------------------------------------------------------------ */

static atomic_int sockets_freed, contexts_released;
static lpb_frame last_frames[16];

void __real_lpb_socket_free(lpb_socket *socket);
void __wrap_lpb_socket_free(lpb_socket *socket);
void __wrap_lpb_socket_free(lpb_socket *socket) {
    atomic_fetch_add(&sockets_freed, 1);
    __real_lpb_socket_free(socket);
}
void __real_lpb_context_release(lpb_context *context);
void __wrap_lpb_context_release(lpb_context *context);
void __wrap_lpb_context_release(lpb_context *context) {
    atomic_fetch_add(&contexts_released, 1);
    __real_lpb_context_release(context);
}
int __real_lpb_socket_send(lpb_socket *socket, const lpb_frame *frames, size_t count);
int __wrap_lpb_socket_send(lpb_socket *socket, const lpb_frame *frames, size_t count);
int __wrap_lpb_socket_send(lpb_socket *socket, const lpb_frame *frames, size_t count) {
    for (size_t i = 0; i < count && i < 16; i++)
        last_frames[i] = frames[i];
    return __real_lpb_socket_send(socket, frames, count);
}

/* --- helpers -------------------------------------------------------------------------------------------------- */

static lean_object *value_of(lean_object *result) {
    if (result->m_tag != 0)
        printf("   error: %s\n", lean_string_cstr(lean_ctor_get(lean_ctor_get(result, 0), 0)));
    CHECK(result->m_tag == 0);
    lean_object *value = lean_ctor_get(result, 0);
    lean_inc(value);
    lean_dec(result);
    return value;
}

static void expect_unit(lean_object *result) { CHECK(value_of(result) == lean_box(0)); }

/* A string among the fields of the error contains `part`. */
static void expect_error(lean_object *result, unsigned constructor, const char *part) {
    CHECK(result->m_tag == 1);
    lean_object *error = lean_ctor_get(result, 0);
    CHECK(error->m_tag == constructor);
    bool found = false;
    for (unsigned i = 0; i < error->m_other; i++) {
        lean_object *field = lean_ctor_get(error, i);
        found |= lean_obj_tag(field) == LPB_TAG_STRING && strstr(lean_string_cstr(field), part) != NULL;
    }
    CHECK(found);
    lean_dec(result);
}

static int count_of(lean_object *object) { return __atomic_load_n(&object->m_rc, __ATOMIC_ACQUIRE); }

static void expect_count(lean_object *object, int expected) {
    for (int i = 0; count_of(object) != expected && i < 10000; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    CHECK(count_of(object) == expected);
}

static void expect_number(atomic_int *number, int expected) {
    CHECK(atomic_load(number) == expected);
    atomic_store(number, 0);
}

static lean_object *bytes(size_t size, int fill) {
    lean_object *array = lean_alloc_sarray(1, size, size);
    memset(lean_sarray_cptr(array), fill, size);
    return array;
}

static lean_object *array_of(size_t count, lean_object **items) {
    lean_object *array = lean_alloc_array(count, count);
    for (size_t i = 0; i < count; i++) {
        lean_inc(items[i]);
        lean_array_set_core(array, i, items[i]);
    }
    return array;
}

static lean_object *open_context(void) { return value_of(lpb_lean_context_new(1)); }

static lean_object *open_socket(lean_object *context, uint8_t kind) {
    return value_of(lpb_lean_socket_new(context, kind));
}

static void connect_to(lean_object *socket, const char *endpoint) {
    lean_object *text = lean_mk_string(endpoint);
    expect_unit(lpb_lean_socket_connect(socket, text));
    CHECK(count_of(text) == 1); /* borrowed */
    lean_dec(text);
}

/* --- a peer --------------------------------------------------------------------------------------------------- */

static void *peer_context, *peer_router;
static char peer_endpoint[128];

static void peer_start(void) {
    peer_context = zmq_ctx_new();
    peer_router = zmq_socket(peer_context, ZMQ_ROUTER);
    int patience = 10000;
    CHECK(zmq_setsockopt(peer_router, ZMQ_RCVTIMEO, &patience, sizeof patience) == 0);
    CHECK(zmq_bind(peer_router, "tcp://127.0.0.1:*") == 0);
    size_t size = sizeof peer_endpoint;
    CHECK(zmq_getsockopt(peer_router, ZMQ_LAST_ENDPOINT, peer_endpoint, &size) == 0);
}

static void peer_echo(void) {
    int more = 1;
    while (more) {
        zmq_msg_t frame;
        zmq_msg_init(&frame);
        CHECK(zmq_msg_recv(&frame, peer_router, 0) >= 0);
        more = zmq_msg_more(&frame);
        CHECK(zmq_msg_send(&frame, peer_router, more ? ZMQ_SNDMORE : 0) >= 0);
    }
}

static void peer_stop(void) {
    zmq_close(peer_router);
    zmq_ctx_term(peer_context);
}

/* --- cases ---------------------------------------------------------------------------------------------------- */

static void values(void) {
    lean_object *version = value_of(lpb_lean_zmq_version());
    int major, minor, patch;
    char expected[64];
    zmq_version(&major, &minor, &patch);
    snprintf(expected, sizeof expected, "%d.%d.%d", major, minor, patch);
    CHECK(strcmp(lean_string_cstr(version), expected) == 0);
    lean_dec(version);
    lean_object *pair = value_of(lpb_lean_curve_keypair());
    CHECK(strlen(lean_string_cstr(lean_ctor_get(pair, 0))) == 40 && strlen(lean_string_cstr(lean_ctor_get(pair, 1))) == 40);
    lean_dec(pair);
}

static void finalizers(void) {
    lean_object *context = open_context();
    lean_object *socket = open_socket(context, LPB_DEALER);
    CHECK(count_of(context) == 1); /* held by bridge_socket, not by a Lean reference */
    lean_dec(context);
    expect_number(&contexts_released, 1);
    connect_to(socket, "tcp://127.0.0.1:9");
    lean_inc(socket);
    lean_dec(socket);
    expect_number(&sockets_freed, 0);
    lean_dec(socket);
    expect_number(&sockets_freed, 1);

    context = open_context();
    socket = open_socket(context, LPB_REQ);
    expect_unit(lpb_lean_socket_close(socket));
    expect_unit(lpb_lean_socket_close(socket));
    expect_number(&sockets_freed, 0); /* closed, but the object still stands for it */
    lean_dec(socket);
    lean_dec(context);
    expect_number(&sockets_freed, 1);
    expect_number(&contexts_released, 1);
}

static void *drop(void *object) {
    lean_initialize_thread();
    lean_dec(object);
    lean_finalize_thread();
    return NULL;
}

static void finalizer_in_another_thread(void) {
    lean_object *context = open_context();
    lean_object *socket = open_socket(context, LPB_DEALER);
    lean_mark_mt(socket); /* as Lean does with what a task captures; it visits external objects through their class */
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, drop, socket) == 0 && pthread_join(thread, NULL) == 0);
    expect_number(&sockets_freed, 1);
    lean_dec(context);
    expect_number(&contexts_released, 1);
}

static void round_trip_without_copy(uint8_t kind) {
    lean_object *context = open_context();
    lean_object *socket = open_socket(context, kind);
    connect_to(socket, peer_endpoint);
    lean_object *items[] = {bytes(1000000, 'a'), bytes(0, 0), bytes(3, 'c')};
    lean_object *frames = array_of(3, items);
    for (int i = 0; i < 3; i++)
        CHECK(count_of(items[i]) == 2);
    expect_unit(lpb_lean_socket_send(socket, frames));
    CHECK(count_of(frames) == 1); /* borrowed, and left to its thread */
    for (int i = 0; i < 3; i++) {
        CHECK(last_frames[i].data == lean_sarray_cptr(items[i]));
        CHECK(last_frames[i].release != NULL);
        CHECK(count_of(items[i]) < 0); /* marked for several threads before ZeroMQ's could see it */
    }
    peer_echo();
    lean_object *ready = value_of(lpb_lean_socket_poll(socket, 10000));
    CHECK(ready == lean_box(1));
    lean_object *reply = value_of(lpb_lean_socket_receive(socket));
    CHECK(count_of(reply) == 1 && lean_array_size(reply) == 3);
    for (size_t i = 0; i < 3; i++) {
        lean_object *item = lean_array_get_core(reply, i);
        CHECK(count_of(item) == 1 && item->m_tag == LPB_TAG_SCALAR_ARRAY && item->m_other == 1);
        CHECK(lean_sarray_size(item) == lean_sarray_size(items[i]));
        CHECK(memcmp(lean_sarray_cptr(item), lean_sarray_cptr(items[i]), lean_sarray_size(item)) == 0);
    }
    lean_dec(reply);
    for (int i = 0; i < 3; i++)
        expect_count(items[i], -2); /* ZeroMQ gave its reference back */
    lean_dec(frames);
    for (int i = 0; i < 3; i++) {
        expect_count(items[i], -1);
        lean_dec(items[i]);
    }
    CHECK(value_of(lpb_lean_socket_poll(socket, 0)) == lean_box(0));
    lean_dec(socket);
    lean_dec(context);
    expect_number(&sockets_freed, 1);
    expect_number(&contexts_released, 1);
}

static void send_and_receive(void) {
    peer_start();
    round_trip_without_copy(LPB_REQ);
    round_trip_without_copy(LPB_DEALER);
    peer_stop();
}

static void floats(void) {
    peer_start();
    lean_object *context = open_context();
    lean_object *socket = open_socket(context, LPB_DEALER);
    connect_to(socket, peer_endpoint);
    const double numbers[] = {1.5, -0.0, 5e-324};
    lean_object *array = lean_alloc_sarray(sizeof(double), 3, 3);
    memcpy(lean_sarray_cptr(array), numbers, sizeof numbers);
    lean_object *text = bytes(5, 't');
    lean_object *boxed[2] = {lean_alloc_ctor(0, 1, 0), lean_alloc_ctor(1, 1, 0)};
    lean_ctor_set(boxed[0], 0, text);
    lean_ctor_set(boxed[1], 0, array);
    lean_object *frames = array_of(2, boxed);
    expect_unit(lpb_lean_socket_send_frames(socket, frames));
    CHECK(last_frames[0].data == lean_sarray_cptr(text) && last_frames[0].size == 5);
    CHECK(last_frames[1].data == lean_sarray_cptr(array) && last_frames[1].size == sizeof numbers);
    peer_echo();
    lean_object *reply = value_of(lpb_lean_socket_receive(socket));
    lean_object *item = lean_array_get_core(reply, 1);
    CHECK(lean_sarray_size(item) == sizeof numbers && memcmp(lean_sarray_cptr(item), numbers, sizeof numbers) == 0);
    lean_dec(reply);
    expect_count(array, -1);
    expect_count(text, -1);
    lean_dec(frames);
    lean_dec(boxed[0]);
    lean_dec(boxed[1]);
    lean_dec(socket);
    lean_dec(context);
    peer_stop();
    expect_number(&sockets_freed, 1);
    expect_number(&contexts_released, 1);
}

static void many_frames(void) {
    peer_start();
    lean_object *context = open_context();
    lean_object *socket = open_socket(context, LPB_DEALER);
    connect_to(socket, peer_endpoint);
    enum { MANY = 100 };
    lean_object *items[MANY];
    for (int i = 0; i < MANY; i++)
        items[i] = bytes(100, i);
    lean_object *frames = array_of(MANY, items);
    expect_unit(lpb_lean_socket_send(socket, frames));
    peer_echo();
    lean_object *reply = value_of(lpb_lean_socket_receive(socket));
    CHECK(lean_array_size(reply) == MANY);
    for (size_t i = 0; i < MANY; i++)
        CHECK(lean_sarray_cptr(lean_array_get_core(reply, i))[99] == i);
    lean_dec(reply);
    lean_dec(frames);
    for (int i = 0; i < MANY; i++) {
        expect_count(items[i], -1);
        lean_dec(items[i]);
    }
    lean_dec(socket);
    lean_dec(context);
    peer_stop();
    expect_number(&sockets_freed, 1);
    expect_number(&contexts_released, 1);
}

static lean_object *shared_socket, *shared_frames;

static void *use_elsewhere(void *unused) {
    (void)unused;
    lean_initialize_thread();
    expect_error(lpb_lean_socket_send(shared_socket, shared_frames), ILLEGAL_OPERATION, "belongs to thread");
    expect_error(lpb_lean_socket_receive(shared_socket), ILLEGAL_OPERATION, "belongs to thread");
    lean_finalize_thread();
    return NULL;
}

static void errors(void) {
    expect_error(lpb_lean_context_new(0), INVALID_ARGUMENT, "io_threads");
    expect_error(lpb_lean_context_new(UINT32_MAX), INVALID_ARGUMENT, "io_threads is 4294967295, not 1 to 64");
    lean_object *context = open_context();
    expect_error(lpb_lean_socket_new(context, 2), INVALID_ARGUMENT, "kind of socket");
    lean_object *socket = open_socket(context, LPB_DEALER);
    lean_object *item = bytes(1000, 'x');
    lean_object *items[] = {item, item};
    lean_object *frames = array_of(2, items), *none = array_of(0, NULL);

    expect_error(lpb_lean_socket_send(socket, frames), ILLEGAL_OPERATION, "not connected");
    expect_count(item, -3); /* nothing is held after a failure */
    expect_error(lpb_lean_socket_set_option(socket, LPB_LINGER_MS, UINT32_MAX), INVALID_ARGUMENT, "linger");
    expect_error(lpb_lean_socket_set_option(socket, 200, 1), INVALID_ARGUMENT, "no option 200");
    expect_unit(lpb_lean_socket_set_option(socket, LPB_MAX_FRAMES, 2));
    expect_unit(lpb_lean_socket_set_option(socket, LPB_RECEIVE_TIMEOUT_MS, 10000));
    lean_object *id = bytes(3, 'i'), *empty = bytes(0, 0);
    expect_error(lpb_lean_socket_set_routing_id(socket, empty), INVALID_ARGUMENT, "routing id");
    expect_unit(lpb_lean_socket_set_routing_id(socket, id));
    lean_dec(id);
    lean_dec(empty);

    lean_object *key = lean_mk_string("no key");
    expect_error(lpb_lean_socket_set_curve(socket, key, key, key), INVALID_ARGUMENT, "server key");
    lean_dec(key);

    lean_object *wrong = lean_mk_string("nonsense");
    expect_error(lpb_lean_socket_connect(socket, wrong), INVALID_ARGUMENT, "nonsense: Invalid argument");
    lean_dec(wrong);
    wrong = lean_mk_string("carrier-pigeon://loft");
    expect_error(lpb_lean_socket_connect(socket, wrong), UNSUPPORTED_OPERATION, "Protocol not supported");
    ((lpb_string *)wrong)->text[9] = '\0'; /* a Lean string may contain any character */
    expect_error(lpb_lean_socket_connect(socket, wrong), INVALID_ARGUMENT, "NUL");
    expect_error(lpb_lean_socket_set_curve(socket, wrong, wrong, wrong), INVALID_ARGUMENT, "NUL");
    lean_dec(wrong);

    peer_start();
    connect_to(socket, peer_endpoint);
    expect_error(lpb_lean_socket_send(socket, none), INVALID_ARGUMENT, peer_endpoint);
    lean_object *three[] = {item, item, item};
    lean_object *too_many = array_of(3, three);
    expect_unit(lpb_lean_socket_send(socket, too_many));
    peer_echo();
    expect_error(lpb_lean_socket_receive(socket), PROTOCOL_ERROR, "more than 2 frames");
    lean_dec(too_many);
    expect_unit(lpb_lean_socket_set_option(socket, LPB_RECEIVE_TIMEOUT_MS, 50));
    expect_error(lpb_lean_socket_receive(socket), TIME_EXPIRED, peer_endpoint);
    expect_error(lpb_lean_socket_receive(socket), TIME_EXPIRED, "50 ms");

    lean_mark_mt(socket);
    lean_mark_mt(frames);
    shared_socket = socket;
    shared_frames = frames;
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, use_elsewhere, NULL) == 0 && pthread_join(thread, NULL) == 0);
    expect_count(item, -3);

    expect_unit(lpb_lean_context_shutdown(context));
    expect_error(lpb_lean_socket_receive(socket), RESOURCE_VANISHED, "Context was terminated");
    expect_error(lpb_lean_socket_send(socket, frames), RESOURCE_VANISHED, peer_endpoint);
    expect_unit(lpb_lean_socket_close(socket));
    expect_error(lpb_lean_socket_poll(socket, 0), RESOURCE_VANISHED, "closed");
    expect_error(lpb_lean_socket_new(context, LPB_REQ), RESOURCE_VANISHED, "terminated");
    expect_count(item, -3);
    lean_dec(frames);
    lean_dec(none);
    expect_count(item, -1);
    lean_dec(item);
    lean_dec(socket);
    lean_dec(context);
    peer_stop();
    expect_number(&sockets_freed, 1);
    expect_number(&contexts_released, 1);
}

int main(void) {
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {
        {"values", values},
        {"finalizers", finalizers},
        {"finalizer_in_another_thread", finalizer_in_another_thread},
        {"send_and_receive", send_and_receive},
        {"floats", floats},
        {"many_frames", many_frames},
        {"errors", errors},
    };
    lean_initialize_runtime_module();
    lean_io_mark_end_initialization();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cases[i].run();
        printf("ok %s\n", cases[i].name);
        fflush(stdout);
    }
    return 0;
}
