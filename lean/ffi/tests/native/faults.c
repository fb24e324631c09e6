/* Fault cases of bridge_socket, for AddressSanitizer, UndefinedBehaviorSanitizer and valgrind.
 *
 *     faults            runs every case and prints "ok NAME" for each
 *     faults NAME       runs one
 *
 * The peer is a ROUTER socket of libzmq itself, driven step by step. Linked with --wrap, so that each call which can
 * fail inside bridge_socket can be made to.
 */
#define _POSIX_C_SOURCE 200809L
#include "bridge_socket.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zmq.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("%s:%d: %s does not hold; last error: %s\n", __FILE__, __LINE__, #condition, lpb_error_text());     \
            fflush(stdout);                                                                                            \
            _Exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)
#define CHECK_STATUS(call, expected)                                                                                   \
    do {                                                                                                               \
        int status_ = (call);                                                                                          \
        if (status_ != (expected)) {                                                                                   \
            printf(                                                                                                    \
                "%s:%d: %s gave %s, not %s: %s\n", __FILE__, __LINE__, #call, lpb_status_name(status_), #expected,     \
                lpb_error_text());                                                                                     \
            fflush(stdout);                                                                                            \
            _Exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)

enum { PATIENCE_MS = 10000, SHORT_MS = 150 };

/* --- calls that fail on demand -------------------------------------------------------------------------------- */

static _Thread_local int calls_until_fault; /* 0: none will fail */
static _Thread_local int fault_errno;
static _Thread_local bool faults_armed;

static bool fault(void) {
    if (!faults_armed || calls_until_fault == 0 || --calls_until_fault > 0)
        return false;
    errno = fault_errno;
    return true;
}

#define WRAP(type, name, failure, parameters, arguments)                                                               \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters { return fault() ? (failure) : __real_##name arguments; }
/* An allocator fails in one way only. */
#define WRAP_ALLOCATOR(type, name, parameters, arguments)                                                              \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters {                                                                                    \
        if (fault()) {                                                                                                 \
            errno = ENOMEM;                                                                                            \
            return NULL;                                                                                               \
        }                                                                                                              \
        return __real_##name arguments;                                                                                \
    }

WRAP_ALLOCATOR(void *, malloc, (size_t size), (size))
WRAP_ALLOCATOR(void *, calloc, (size_t count, size_t size), (count, size))
WRAP_ALLOCATOR(char *, strdup, (const char *text), (text))
WRAP(void *, zmq_ctx_new, NULL, (void), ())
WRAP(int, zmq_ctx_set, -1, (void *context, int option, int value), (context, option, value))
WRAP(int, zmq_ctx_term, -1, (void *context), (context))
WRAP(void *, zmq_socket, NULL, (void *context, int type), (context, type))
WRAP(int, zmq_setsockopt, -1, (void *s, int option, const void *value, size_t size), (s, option, value, size))
WRAP(int, zmq_connect, -1, (void *s, const char *endpoint), (s, endpoint))
WRAP(int, zmq_msg_init_size, -1, (zmq_msg_t * message, size_t size), (message, size))
WRAP(
    int, zmq_msg_init_data, -1, (zmq_msg_t * message, void *data, size_t size, zmq_free_fn *release, void *hint),
    (message, data, size, release, hint))
WRAP(int, zmq_msg_send, -1, (zmq_msg_t * message, void *s, int flags), (message, s, flags))
WRAP(int, zmq_msg_recv, -1, (zmq_msg_t * message, void *s, int flags), (message, s, flags))
WRAP(int, zmq_poll, -1, (zmq_pollitem_t * items, int count, long timeout), (items, count, timeout))

/* --- the peer ------------------------------------------------------------------------------------------------- */

typedef struct peer {
    void *context;
    void *router;
    char endpoint[128];
} peer;

static void peer_set(peer *peer, int option, int value) {
    CHECK(zmq_setsockopt(peer->router, option, &value, sizeof value) == 0);
}

static void peer_open(peer *peer) {
    peer->context = zmq_ctx_new();
    CHECK(peer->context != NULL);
    peer->router = zmq_socket(peer->context, ZMQ_ROUTER);
    CHECK(peer->router != NULL);
    peer_set(peer, ZMQ_LINGER, 0);
    peer_set(peer, ZMQ_RCVTIMEO, PATIENCE_MS);
    peer_set(peer, ZMQ_SNDTIMEO, PATIENCE_MS);
    peer_set(peer, ZMQ_ROUTER_MANDATORY, 1);
}

static void peer_bind(peer *peer, const char *endpoint) {
    /* A port just given up may take a moment to be free again. */
    for (int i = 0; zmq_bind(peer->router, endpoint) != 0; i++) {
        CHECK(errno == EADDRINUSE && i < 500);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    size_t size = sizeof peer->endpoint;
    CHECK(zmq_getsockopt(peer->router, ZMQ_LAST_ENDPOINT, peer->endpoint, &size) == 0);
}

static peer peer_start(void) {
    peer started;
    peer_open(&started);
    peer_bind(&started, "tcp://127.0.0.1:*");
    return started;
}

static void peer_stop(peer *peer) {
    CHECK(zmq_close(peer->router) == 0);
    CHECK(zmq_ctx_term(peer->context) == 0);
}

enum { MOST_FRAMES = 64 };
typedef struct parts {
    size_t count;
    zmq_msg_t frames[MOST_FRAMES];
} parts;

static void peer_receive(peer *peer, parts *parts) {
    parts->count = 0;
    do {
        CHECK(parts->count < MOST_FRAMES);
        CHECK(zmq_msg_init(&parts->frames[parts->count]) == 0);
        CHECK(zmq_msg_recv(&parts->frames[parts->count], peer->router, 0) >= 0);
    } while (zmq_msg_more(&parts->frames[parts->count++]));
}

static bool peer_has_message(peer *peer, long timeout_ms) {
    zmq_pollitem_t item = {.socket = peer->router, .events = ZMQ_POLLIN};
    return zmq_poll(&item, 1, timeout_ms) == 1;
}

static void peer_send(peer *peer, parts *parts) {
    for (size_t i = 0; i < parts->count; i++)
        CHECK(zmq_msg_send(&parts->frames[i], peer->router, i + 1 < parts->count ? ZMQ_SNDMORE : 0) >= 0);
}

static void parts_free(parts *parts) {
    for (size_t i = 0; i < parts->count; i++)
        zmq_msg_close(&parts->frames[i]);
    parts->count = 0;
}

static void peer_echo(peer *peer) {
    parts parts;
    peer_receive(peer, &parts);
    peer_send(peer, &parts);
    parts_free(&parts);
}

/* Answers the sender of `request`, whose first frame is its address, with other frames. */
static void peer_answer(peer *peer, parts *request, size_t count, size_t size) {
    void *bytes = calloc(1, size + 1);
    CHECK(bytes != NULL);
    zmq_msg_t address;
    CHECK(zmq_msg_init(&address) == 0 && zmq_msg_copy(&address, &request->frames[0]) == 0);
    CHECK(zmq_msg_send(&address, peer->router, ZMQ_SNDMORE) >= 0);
    for (size_t i = 0; i < count; i++)
        CHECK(zmq_send(peer->router, bytes, size, i + 1 < count ? ZMQ_SNDMORE : 0) >= 0);
    free(bytes);
}

/* --- the client ----------------------------------------------------------------------------------------------- */

static atomic_int releases;

static void count_release(void *data, void *hint) {
    CHECK(data == hint);
    atomic_fetch_add(&releases, 1);
}

static void expect_releases(int expected) {
    for (int i = 0; atomic_load(&releases) < expected && i < PATIENCE_MS; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL); /* time for one too many */
    CHECK(atomic_load(&releases) == expected);
    atomic_store(&releases, 0);
}

static lpb_frame copied(const char *text) { return (lpb_frame){text, strlen(text), NULL, NULL}; }

static lpb_frame lent(const char *text) {
    return (lpb_frame){text, strlen(text), count_release, (void *)(uintptr_t)text};
}

static lpb_context *open_context(void) {
    lpb_context *context;
    CHECK_STATUS(lpb_context_new(1, &context), LPB_OK);
    return context;
}

static lpb_socket *open_socket(lpb_context *context, int kind) {
    lpb_socket *socket;
    CHECK_STATUS(lpb_socket_new(context, kind, &socket), LPB_OK);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_RECEIVE_TIMEOUT_MS, PATIENCE_MS), LPB_OK);
    return socket;
}

static lpb_socket *connect_to(lpb_context *context, int kind, const char *endpoint) {
    lpb_socket *socket = open_socket(context, kind);
    CHECK_STATUS(lpb_socket_connect(socket, endpoint), LPB_OK);
    return socket;
}

static void send_text(lpb_socket *socket, const char *text) {
    lpb_frame frame = copied(text);
    CHECK_STATUS(lpb_socket_send(socket, &frame, 1), LPB_OK);
}

static void expect_text(lpb_socket *socket, const char *text) {
    lpb_message *message;
    CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_OK);
    CHECK(lpb_message_count(message) == 1);
    CHECK(lpb_message_size(message, 0) == strlen(text));
    CHECK(memcmp(lpb_message_data(message, 0), text, strlen(text)) == 0);
    lpb_message_free(message);
}

static void expect_not_writable(lpb_socket *socket) {
    int ready = LPB_WRITABLE;
    for (int i = 0; ready != 0 && i < PATIENCE_MS; i++) {
        CHECK_STATUS(lpb_socket_poll(socket, LPB_WRITABLE, 0, &ready), LPB_OK);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    CHECK(ready == 0);
}

static void expect_error(const char *part) { CHECK(strstr(lpb_error_text(), part) != NULL); }

static int64_t clock_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- cases ---------------------------------------------------------------------------------------------------- */

static void echo(void) {
    for (int kind = LPB_REQ; kind <= LPB_DEALER; kind++) {
        peer peer = peer_start();
        lpb_context *context = open_context();
        lpb_socket *socket = connect_to(context, kind, peer.endpoint);
        static char large[300000];
        memset(large, 'x', sizeof large);
        lpb_frame frames[] = {
            copied("copied"), lent("lent"), copied(""), lent(""), {NULL, 0, NULL, NULL}, {large, sizeof large, NULL, NULL},
            {large, sizeof large, count_release, large}};
        size_t count = sizeof frames / sizeof frames[0];
        for (int turn = 0; turn < 3; turn++) {
            CHECK_STATUS(lpb_socket_send(socket, frames, count), LPB_OK);
            peer_echo(&peer);
            int ready;
            CHECK_STATUS(lpb_socket_poll(socket, LPB_READABLE, PATIENCE_MS, &ready), LPB_OK);
            CHECK(ready == LPB_READABLE);
            lpb_message *message;
            CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_OK);
            CHECK(lpb_message_count(message) == count);
            for (size_t i = 0; i < count; i++) {
                CHECK(lpb_message_size(message, i) == frames[i].size);
                CHECK(frames[i].size == 0 || memcmp(lpb_message_data(message, i), frames[i].data, frames[i].size) == 0);
            }
            CHECK(lpb_message_data(message, count) == NULL && lpb_message_size(message, count) == 0);
            lpb_message_free(message);
        }
        lpb_socket_free(socket);
        lpb_context_release(context);
        peer_stop(&peer);
        expect_releases(9);
    }
}

static void server_never_there(void) {
    peer peer = peer_start();
    peer_stop(&peer); /* now nobody listens at its port */
    lpb_context *context = open_context();
    lpb_socket *socket = connect_to(context, LPB_DEALER, peer.endpoint);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_RECEIVE_TIMEOUT_MS, SHORT_MS), LPB_OK);
    lpb_frame frame = lent("hello");
    CHECK_STATUS(lpb_socket_send(socket, &frame, 1), LPB_OK); /* queued until there is a connection */
    lpb_message *message;
    CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_TIMEOUT);
    CHECK(message == NULL && lpb_error_number() == EAGAIN);
    expect_error(peer.endpoint);
    CHECK_STATUS(lpb_socket_close(socket), LPB_OK);
    lpb_socket_free(socket);
    lpb_context_release(context);
    expect_releases(1);

    context = open_context();
    socket = open_socket(context, LPB_DEALER);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_IMMEDIATE, 1), LPB_OK);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_SEND_TIMEOUT_MS, SHORT_MS), LPB_OK);
    CHECK_STATUS(lpb_socket_connect(socket, peer.endpoint), LPB_OK);
    lpb_frame frames[] = {lent("one"), copied("two"), lent("three")};
    CHECK_STATUS(lpb_socket_send(socket, frames, 3), LPB_TIMEOUT);
    expect_error(peer.endpoint);
    expect_releases(2);
    int ready;
    CHECK_STATUS(lpb_socket_poll(socket, LPB_READABLE | LPB_WRITABLE, 20, &ready), LPB_OK);
    CHECK(ready == 0);
    lpb_socket_free(socket);
    lpb_context_release(context);
}

static void server_restarts(void) {
    peer first = peer_start();
    lpb_context *context = open_context();
    lpb_socket *socket = connect_to(context, LPB_DEALER, first.endpoint);
    send_text(socket, "before");
    peer_echo(&first);
    expect_text(socket, "before");
    send_text(socket, "lost");
    parts request;
    peer_receive(&first, &request);
    parts_free(&request);
    peer_stop(&first);
    peer second;
    peer_open(&second);
    peer_bind(&second, first.endpoint);
    /* What is sent before the loss of the connection is noticed is lost with it: sent again, as Lazy Pirate does. */
    int tries = 0;
    do {
        CHECK(tries++ < PATIENCE_MS / SHORT_MS);
        send_text(socket, "after");
    } while (!peer_has_message(&second, SHORT_MS));
    peer_echo(&second);
    expect_text(socket, "after");
    lpb_socket_free(socket);
    lpb_context_release(context);
    peer_stop(&second);
}

static void timeouts(void) {
    peer peer = peer_start();
    lpb_context *context = open_context();
    lpb_socket *socket = connect_to(context, LPB_REQ, peer.endpoint);
    send_text(socket, "unanswered");
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_RECEIVE_TIMEOUT_MS, SHORT_MS), LPB_OK);
    lpb_message *message;
    int64_t start = clock_ms();
    CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_TIMEOUT);
    CHECK(clock_ms() - start >= SHORT_MS);
    expect_error("150 ms");
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_RECEIVE_TIMEOUT_MS, 0), LPB_OK);
    CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_TIMEOUT);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_RECEIVE_TIMEOUT_MS, PATIENCE_MS), LPB_OK);
    peer_echo(&peer);
    expect_text(socket, "unanswered"); /* a timeout loses nothing */
    lpb_socket_free(socket);
    lpb_context_release(context);
    peer_stop(&peer);
}

static void oversized_frame(void) {
    peer peer = peer_start();
    lpb_context *context = open_context();
    lpb_socket *socket = open_socket(context, LPB_DEALER);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_MAX_FRAME_BYTES, 1000), LPB_OK);
    CHECK_STATUS(lpb_socket_connect(socket, peer.endpoint), LPB_OK);
    send_text(socket, "too much, please");
    parts request;
    peer_receive(&peer, &request);
    peer_answer(&peer, &request, 1, 1001);
    parts_free(&request);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_RECEIVE_TIMEOUT_MS, SHORT_MS), LPB_OK);
    lpb_message *message;
    CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_TIMEOUT);
    expect_not_writable(socket); /* ZeroMQ dropped the connection */
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_SEND_TIMEOUT_MS, SHORT_MS), LPB_OK);
    lpb_frame frames[] = {lent("to"), lent("nobody")};
    CHECK_STATUS(lpb_socket_send(socket, frames, 2), LPB_TIMEOUT); /* and makes no new one */
    lpb_socket_free(socket);
    expect_releases(2);

    socket = open_socket(context, LPB_DEALER);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_MAX_FRAME_BYTES, 1000), LPB_OK);
    CHECK_STATUS(lpb_socket_connect(socket, peer.endpoint), LPB_OK);
    send_text(socket, "less, please");
    peer_receive(&peer, &request);
    peer_answer(&peer, &request, 1, 1000);
    parts_free(&request);
    CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_OK);
    CHECK(lpb_message_size(message, 0) == 1000);
    lpb_message_free(message);
    lpb_socket_free(socket);
    lpb_context_release(context);
    peer_stop(&peer);
}

static void too_many_frames(void) {
    peer peer = peer_start();
    lpb_context *context = open_context();
    lpb_socket *socket = connect_to(context, LPB_DEALER, peer.endpoint);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_MAX_FRAMES, 5), LPB_OK);
    send_text(socket, "hello");
    parts request;
    peer_receive(&peer, &request);
    peer_answer(&peer, &request, 6, 100);
    peer_answer(&peer, &request, 40, 100);
    peer_answer(&peer, &request, 5, 100);
    parts_free(&request);
    lpb_message *message;
    CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_TOO_LARGE);
    expect_error("more than 5 frames");
    CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_TOO_LARGE);
    CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_OK); /* whole: nothing of the others is left over */
    CHECK(lpb_message_count(message) == 5);
    lpb_message_free(message);
    lpb_socket_free(socket);
    lpb_context_release(context);
    peer_stop(&peer);
}

static void *receive_until_closed(void *argument) {
    lpb_context *context = argument;
    lpb_socket *socket = connect_to(context, LPB_DEALER, "tcp://127.0.0.1:9");
    lpb_message *message;
    CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_CLOSED);
    expect_error("tcp://127.0.0.1:9");
    lpb_frame frame = lent("late");
    CHECK_STATUS(lpb_socket_send(socket, &frame, 1), LPB_CLOSED);
    lpb_socket_free(socket);
    return NULL;
}

static void closed_context(void) {
    lpb_context *context = open_context();
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, receive_until_closed, context) == 0);
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    CHECK_STATUS(lpb_context_shutdown(context), LPB_OK);
    CHECK(pthread_join(thread, NULL) == 0);
    lpb_socket *socket;
    CHECK_STATUS(lpb_socket_new(context, LPB_REQ, &socket), LPB_CLOSED);
    CHECK(socket == NULL);
    CHECK_STATUS(lpb_context_shutdown(context), LPB_OK); /* again is allowed */
    lpb_context_release(context);
    expect_releases(1);
}

static void context_released_first(void) {
    peer peer = peer_start();
    lpb_context *context = open_context();
    lpb_socket *one = connect_to(context, LPB_DEALER, peer.endpoint);
    lpb_socket *two = connect_to(context, LPB_DEALER, peer.endpoint);
    lpb_context_release(context); /* the sockets hold it */
    send_text(one, "still here");
    peer_echo(&peer);
    expect_text(one, "still here");
    lpb_socket_free(one);
    send_text(two, "and here");
    peer_echo(&peer);
    expect_text(two, "and here");
    lpb_socket_free(two);
    peer_stop(&peer);
}

static void closed_socket(void) {
    lpb_context *context = open_context();
    lpb_socket *socket = connect_to(context, LPB_DEALER, "tcp://127.0.0.1:9");
    CHECK_STATUS(lpb_socket_close(socket), LPB_OK);
    CHECK_STATUS(lpb_socket_close(socket), LPB_OK);
    lpb_message *message;
    CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_CLOSED);
    expect_error("tcp://127.0.0.1:9: the socket is closed");
    lpb_frame frame = lent("late");
    CHECK_STATUS(lpb_socket_send(socket, &frame, 1), LPB_CLOSED);
    int ready;
    CHECK_STATUS(lpb_socket_poll(socket, LPB_READABLE, 0, &ready), LPB_CLOSED);
    CHECK_STATUS(lpb_socket_connect(socket, "tcp://127.0.0.1:9"), LPB_CLOSED);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_LINGER_MS, 0), LPB_CLOSED);
    lpb_socket_free(socket);
    lpb_context_release(context);
    expect_releases(1);
}

/* EINTR: a helper thread keeps sending signals to the one that waits. */
static atomic_int signals_seen;
static atomic_bool signalling;

static void on_signal(int number) {
    (void)number;
    atomic_fetch_add(&signals_seen, 1);
}

static void *send_signals(void *argument) {
    while (atomic_load(&signalling)) {
        CHECK(pthread_kill(*(pthread_t *)argument, SIGUSR1) == 0);
        nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
    }
    return NULL;
}

static void *echo_late(void *argument) {
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    peer_echo(argument);
    return NULL;
}

static void signals(void) {
    struct sigaction action = {.sa_handler = on_signal}; /* without SA_RESTART: system calls end with EINTR */
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    peer peer = peer_start();
    lpb_context *context = open_context();
    lpb_socket *socket = connect_to(context, LPB_REQ, peer.endpoint);
    pthread_t self = pthread_self(), signaller, echoer;
    atomic_store(&signalling, true);
    CHECK(pthread_create(&signaller, NULL, send_signals, &self) == 0);

    send_text(socket, "through signals");
    CHECK(pthread_create(&echoer, NULL, echo_late, &peer) == 0);
    expect_text(socket, "through signals");
    CHECK(pthread_join(echoer, NULL) == 0);

    send_text(socket, "unanswered");
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_RECEIVE_TIMEOUT_MS, 300), LPB_OK);
    lpb_message *message;
    int64_t start = clock_ms();
    CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_TIMEOUT); /* signals neither end the wait nor prolong it */
    CHECK(clock_ms() - start >= 300 && clock_ms() - start < PATIENCE_MS);
    int ready;
    start = clock_ms();
    CHECK_STATUS(lpb_socket_poll(socket, LPB_READABLE, 100, &ready), LPB_OK);
    CHECK(ready == 0 && clock_ms() - start >= 100);
    lpb_socket_free(socket);
    lpb_context_release(context);

    atomic_store(&signalling, false);
    CHECK(pthread_join(signaller, NULL) == 0);
    peer_stop(&peer);
    CHECK(atomic_load(&signals_seen) > 10);
}

static void *use_as_stranger(void *argument) {
    lpb_socket *socket = argument;
    lpb_message *message;
    int ready;
    lpb_frame frame = lent("stranger");
    CHECK_STATUS(lpb_socket_send(socket, &frame, 1), LPB_WRONG_THREAD);
    expect_error("belongs to thread");
    CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_WRONG_THREAD);
    CHECK_STATUS(lpb_socket_poll(socket, LPB_READABLE, 0, &ready), LPB_WRONG_THREAD);
    CHECK_STATUS(lpb_socket_connect(socket, "tcp://127.0.0.1:9"), LPB_WRONG_THREAD);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_LINGER_MS, 0), LPB_WRONG_THREAD);
    CHECK_STATUS(lpb_socket_set_routing_id(socket, "x", 1), LPB_WRONG_THREAD);
    CHECK_STATUS(lpb_socket_set_curve(socket, "", "", ""), LPB_WRONG_THREAD);
    CHECK_STATUS(lpb_socket_close(socket), LPB_WRONG_THREAD);
    return NULL;
}

static void *free_as_stranger(void *argument) {
    lpb_socket_free(argument);
    return NULL;
}

static void wrong_thread(void) {
    peer peer = peer_start();
    lpb_context *context = open_context();
    lpb_socket *socket = connect_to(context, LPB_REQ, peer.endpoint);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, use_as_stranger, socket) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    expect_releases(1);
    send_text(socket, "mine");
    peer_echo(&peer);
    expect_text(socket, "mine");
    /* A finalizer runs wherever the last reference goes. */
    CHECK(pthread_create(&thread, NULL, free_as_stranger, socket) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    lpb_context_release(context);
    peer_stop(&peer);
}

static void *use_context(void *argument) {
    for (int i = 0; i < 20; i++)
        lpb_socket_free(connect_to(argument, LPB_DEALER, "tcp://127.0.0.1:9"));
    return NULL;
}

static void context_in_many_threads(void) {
    enum { THREADS = 4 };
    lpb_context *context = open_context();
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, use_context, context) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    lpb_context_release(context);
}

static void request_out_of_turn(void) {
    peer peer = peer_start();
    lpb_context *context = open_context();
    lpb_socket *socket = connect_to(context, LPB_REQ, peer.endpoint);
    lpb_message *message;
    CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_WRONG_STATE);
    expect_error(peer.endpoint);
    send_text(socket, "first");
    lpb_frame frames[] = {lent("second"), lent("second")};
    CHECK_STATUS(lpb_socket_send(socket, frames, 2), LPB_WRONG_STATE);
    expect_releases(2);
    peer_echo(&peer);
    expect_text(socket, "first");
    lpb_socket_free(socket);
    lpb_context_release(context);
    peer_stop(&peer);
}

static void bad_arguments(void) {
    lpb_context *context;
    CHECK_STATUS(lpb_context_new(1, NULL), LPB_INVALID);
    CHECK_STATUS(lpb_context_new(0, &context), LPB_INVALID);
    CHECK_STATUS(lpb_context_new(65, &context), LPB_INVALID);
    CHECK_STATUS(lpb_context_new(4294967297, &context), LPB_INVALID); /* 1 in 32 bits */
    CHECK(context == NULL);
    CHECK_STATUS(lpb_context_shutdown(NULL), LPB_INVALID);
    lpb_context_release(NULL);
    lpb_socket_free(NULL);
    lpb_message_free(NULL);
    CHECK(lpb_message_count(NULL) == 0 && lpb_message_size(NULL, 0) == 0 && lpb_message_data(NULL, 0) == NULL);

    context = open_context();
    lpb_socket *socket;
    CHECK_STATUS(lpb_socket_new(NULL, LPB_REQ, &socket), LPB_INVALID);
    CHECK_STATUS(lpb_socket_new(context, LPB_REQ, NULL), LPB_INVALID);
    CHECK_STATUS(lpb_socket_new(context, 2, &socket), LPB_INVALID);
    CHECK_STATUS(lpb_socket_close(NULL), LPB_INVALID);

    socket = open_socket(context, LPB_DEALER);
    lpb_message *message;
    int ready;
    lpb_frame frame = lent("unsent"), no_data = {NULL, 3, NULL, NULL};
    CHECK_STATUS(lpb_socket_send(socket, &frame, 1), LPB_WRONG_STATE); /* not connected yet */
    CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_WRONG_STATE);
    CHECK_STATUS(lpb_socket_set_routing_id(socket, "", 0), LPB_INVALID);
    CHECK_STATUS(lpb_socket_set_routing_id(socket, "\0x", 2), LPB_INVALID);
    CHECK_STATUS(lpb_socket_set_routing_id(socket, NULL, 2), LPB_INVALID);
    CHECK_STATUS(lpb_socket_set_routing_id(socket, "name", 4), LPB_OK);
    CHECK_STATUS(lpb_socket_set_option(socket, -1, 0), LPB_INVALID);
    CHECK_STATUS(lpb_socket_set_option(socket, 8, 0), LPB_INVALID);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_LINGER_MS, -1), LPB_INVALID); /* closing would wait for ever */
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_RECEIVE_TIMEOUT_MS, -1), LPB_INVALID);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_SEND_TIMEOUT_MS, (int64_t)INT32_MAX + 1), LPB_INVALID);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_MAX_FRAMES, 0), LPB_INVALID);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_IMMEDIATE, 2), LPB_INVALID);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_SEND_HIGH_WATER_MARK, 10), LPB_OK);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_RECEIVE_HIGH_WATER_MARK, 10), LPB_OK);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_MAX_FRAME_BYTES, 0), LPB_OK);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_MAX_FRAME_BYTES, INT64_MAX), LPB_OK);
    CHECK_STATUS(lpb_socket_connect(socket, NULL), LPB_INVALID);
    CHECK_STATUS(lpb_socket_connect(socket, ""), LPB_INVALID);
    CHECK_STATUS(lpb_socket_connect(socket, "nonsense"), LPB_INVALID);
    expect_error("connect to nonsense: Invalid argument");
    CHECK_STATUS(lpb_socket_connect(socket, "carrier-pigeon://loft"), LPB_UNSUPPORTED);
    expect_error("carrier-pigeon://loft: Protocol not supported");
    CHECK_STATUS(lpb_socket_connect(socket, "tcp://127.0.0.1"), LPB_INVALID);
    CHECK_STATUS(lpb_socket_connect(socket, "tcp://127.0.0.1:9"), LPB_OK);
    CHECK_STATUS(lpb_socket_connect(socket, "tcp://127.0.0.1:10"), LPB_WRONG_STATE);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_SEND_HIGH_WATER_MARK, 10), LPB_WRONG_STATE);
    CHECK_STATUS(lpb_socket_set_routing_id(socket, "name", 4), LPB_WRONG_STATE);
    CHECK_STATUS(lpb_socket_send(socket, NULL, 1), LPB_INVALID);
    CHECK_STATUS(lpb_socket_send(socket, &frame, 0), LPB_INVALID); /* no frame is none to release either */
    CHECK_STATUS(lpb_socket_send(socket, &no_data, 1), LPB_INVALID);
    CHECK_STATUS(lpb_socket_receive(socket, NULL), LPB_INVALID);
    CHECK_STATUS(lpb_socket_poll(socket, 0, 0, &ready), LPB_INVALID);
    CHECK_STATUS(lpb_socket_poll(socket, 4, 0, &ready), LPB_INVALID);
    CHECK_STATUS(lpb_socket_poll(socket, LPB_READABLE, -1, &ready), LPB_INVALID);
    CHECK_STATUS(lpb_socket_poll(socket, LPB_READABLE, 0, NULL), LPB_INVALID);
    lpb_socket_free(socket);

    /* A text longer than the buffer is cut, not overrun. */
    socket = open_socket(context, LPB_DEALER);
    char endpoint[2000];
    memset(endpoint, 'e', sizeof endpoint);
    endpoint[sizeof endpoint - 1] = '\0';
    CHECK(lpb_socket_connect(socket, endpoint) != LPB_OK);
    CHECK(strlen(lpb_error_text()) < 600);
    lpb_socket_free(socket);
    lpb_context_release(context);
    expect_releases(1);
}

static void curve(void) {
    char server_public[41], server_secret[41], public_key[41], secret_key[41];
    lpb_context *context = open_context();
    int status = lpb_curve_keypair(server_public, server_secret);
    if (status == LPB_UNSUPPORTED) { /* a libzmq without CURVE must say so everywhere */
        lpb_socket *plain = open_socket(context, LPB_DEALER);
        CHECK_STATUS(lpb_socket_set_curve(plain, "", "", ""), LPB_UNSUPPORTED);
        lpb_socket_free(plain);
        lpb_context_release(context);
        return;
    }
    CHECK_STATUS(status, LPB_OK);
    CHECK_STATUS(lpb_curve_keypair(public_key, secret_key), LPB_OK);
    CHECK_STATUS(lpb_curve_keypair(NULL, secret_key), LPB_INVALID);
    CHECK(strlen(public_key) == LPB_CURVE_KEY_LENGTH && strcmp(public_key, server_public) != 0);
    peer peer;
    peer_open(&peer);
    peer_set(&peer, ZMQ_CURVE_SERVER, 1);
    CHECK(zmq_setsockopt(peer.router, ZMQ_CURVE_SECRETKEY, server_secret, 41) == 0);
    peer_bind(&peer, "tcp://127.0.0.1:*");

    lpb_socket *socket = open_socket(context, LPB_DEALER);
    CHECK_STATUS(lpb_socket_set_curve(socket, "short", public_key, secret_key), LPB_INVALID);
    expect_error("server key");
    CHECK_STATUS(lpb_socket_set_curve(socket, server_public, NULL, secret_key), LPB_INVALID);
    CHECK_STATUS(
        lpb_socket_set_curve(socket, server_public, public_key, "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~"),
        LPB_INVALID);
    expect_error("secret key");
    CHECK(strstr(lpb_error_text(), "~~~") == NULL); /* a secret is never repeated */
    CHECK_STATUS(lpb_socket_set_curve(socket, server_public, public_key, secret_key), LPB_OK);
    CHECK_STATUS(lpb_socket_connect(socket, peer.endpoint), LPB_OK);
    send_text(socket, "in secret");
    peer_echo(&peer);
    expect_text(socket, "in secret");
    lpb_socket_free(socket);

    /* The wrong server key: the handshake fails, which shows as silence. */
    socket = open_socket(context, LPB_DEALER);
    CHECK_STATUS(lpb_socket_set_curve(socket, public_key, public_key, secret_key), LPB_OK);
    CHECK_STATUS(lpb_socket_connect(socket, peer.endpoint), LPB_OK);
    CHECK_STATUS(lpb_socket_set_option(socket, LPB_RECEIVE_TIMEOUT_MS, SHORT_MS), LPB_OK);
    send_text(socket, "to a stranger");
    lpb_message *message;
    CHECK_STATUS(lpb_socket_receive(socket, &message), LPB_TIMEOUT);
    lpb_socket_free(socket);
    lpb_context_release(context);
    peer_stop(&peer);
}

/* One whole conversation, in which the n-th call that can fail does. Says whether it came that far. */
static bool conversation_with_fault(peer *peer, int number, int at) {
#define FAULTY(call) (faults_armed = true, status = (call), faults_armed = false, status)
    int status;
    lpb_context *context = NULL;
    lpb_socket *socket = NULL;
    lpb_message *message = NULL;
    int lent_frames = 0;
    calls_until_fault = at;
    fault_errno = number;
    lpb_frame frames[] = {lent("one"), copied("two"), lent("three"), copied("")};
    if (FAULTY(lpb_context_new(1, &context)) == LPB_OK && FAULTY(lpb_socket_new(context, LPB_DEALER, &socket)) == LPB_OK
        && FAULTY(lpb_socket_set_option(socket, LPB_RECEIVE_TIMEOUT_MS, PATIENCE_MS)) == LPB_OK
        && FAULTY(lpb_socket_set_option(socket, LPB_SEND_HIGH_WATER_MARK, 5)) == LPB_OK
        && FAULTY(lpb_socket_set_option(socket, LPB_MAX_FRAME_BYTES, 5000)) == LPB_OK
        && FAULTY(lpb_socket_set_routing_id(socket, "name", 4)) == LPB_OK
        && FAULTY(lpb_socket_connect(socket, peer->endpoint)) == LPB_OK) {
        lent_frames = 2;
        if (FAULTY(lpb_socket_send(socket, frames, 4)) == LPB_OK) {
            parts parts;
            peer_receive(peer, &parts);
            CHECK(parts.count == 5);
            /* two more, so that the received message has to grow */
            CHECK(zmq_msg_init_size(&parts.frames[5], 3) == 0 && zmq_msg_init_size(&parts.frames[6], 3) == 0);
            parts.count = 7;
            peer_send(peer, &parts);
            parts_free(&parts);
            if (FAULTY(lpb_socket_receive(socket, &message)) == LPB_OK) {
                CHECK(lpb_message_count(message) == 6);
                lpb_message_free(message);
            } else
                CHECK(message == NULL);
        }
    }
    bool came_that_far = calls_until_fault == 0;
    if (status != LPB_OK) {
        CHECK(came_that_far && lpb_error_text()[0] != '\0');
        CHECK(status == LPB_NO_MEMORY || lpb_error_number() == number || number == EAGAIN);
    }
    if (number == EINTR && came_that_far && socket != NULL && lent_frames > 0)
        CHECK(status == LPB_OK || status == LPB_NO_MEMORY || status == LPB_SYSTEM);
    lpb_socket_free(socket);
    lpb_context_release(context);
    calls_until_fault = 0;
    expect_releases(lent_frames);
    return came_that_far;
}

static void every_call_fails_in_turn(void) {
    static const int numbers[] = {ENOMEM, ETERM, EINTR, EAGAIN, EMFILE};
    int faults = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int at = 1;
        for (;; at++, faults++) {
            /* A fresh one each time: a ROUTER does not take a name again whose connection it still holds. */
            peer peer = peer_start();
            bool came_that_far = conversation_with_fault(&peer, numbers[i], at);
            peer_stop(&peer);
            if (!came_that_far)
                break;
        }
        CHECK(at > 20);
    }
    printf("   %d faults\n", faults);
}

/* A connection lost within a message: the next message is whole. */
static void connection_lost_within_message(void) {
    peer peer = peer_start();
    lpb_context *context = open_context();
    lpb_socket *socket = connect_to(context, LPB_DEALER, peer.endpoint);
    lpb_frame frames[] = {lent("one"), lent("two"), lent("three")};
    int status;
    calls_until_fault = 6; /* calloc, three frames, the first send, and then this one */
    fault_errno = EAGAIN;
    CHECK_STATUS(FAULTY(lpb_socket_send(socket, frames, 3)), LPB_CONNECTION_LOST);
    expect_error(peer.endpoint);
    parts parts;
    peer_receive(&peer, &parts);
    CHECK(parts.count == 3); /* the message has its end: address, first and last frame */
    parts_free(&parts);
    send_text(socket, "whole");
    peer_echo(&peer);
    expect_text(socket, "whole");
    lpb_socket_free(socket);
    lpb_context_release(context);
    peer_stop(&peer);
    expect_releases(3);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"echo", echo},
    {"server_never_there", server_never_there},
    {"server_restarts", server_restarts},
    {"timeouts", timeouts},
    {"oversized_frame", oversized_frame},
    {"too_many_frames", too_many_frames},
    {"closed_context", closed_context},
    {"context_released_first", context_released_first},
    {"closed_socket", closed_socket},
    {"signals", signals},
    {"wrong_thread", wrong_thread},
    {"context_in_many_threads", context_in_many_threads},
    {"request_out_of_turn", request_out_of_turn},
    {"bad_arguments", bad_arguments},
    {"curve", curve},
    {"every_call_fails_in_turn", every_call_fails_in_turn},
    {"connection_lost_within_message", connection_lost_within_message},
};

int main(int count, char **arguments) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (count > 1 && strcmp(arguments[1], cases[i].name) != 0)
            continue;
        cases[i].run();
        printf("ok %s\n", cases[i].name);
        fflush(stdout);
    }
    return 0;
}
