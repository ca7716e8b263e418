/*
 * load.c -- a load generator for servers: many clients in one thread, each with so many requests
 * under way. Speaks RESP, memcached's text protocol, and etcd's: gRPC, which is HTTP/2 and
 * protobuf.
 *
 *   load PROTOCOL [HOST:]PORT CLIENTS PIPELINE SECONDS KEYS SEED WORD...
 *
 * The words are the command; in them {key} is one of KEYS keys ("key:000000000042", by chance),
 * {number} a number below KEYS of twelve digits, and {x:N} N bytes. A word \n begins a second
 * command of the same request. For etcd they are `put KEY VALUE` or `range KEY`. Prints one line:
 * operations, seconds, the latency of a batch in microseconds at 50, 99, 99.9 and 100 percent, and
 * the CPU seconds that this program took. Replies that are errors end it. SECONDS 0: each key of
 * KEYS once, in order ({key}), then done.
 *
 * For etcd PIPELINE is how many of its clients share a connection, each with one request under
 * way, which is a stream; there are CLIENTS connections. The header block is the same bytes each
 * time (RFC 7541, static table and literals); a stream that ends without a message is a refusal
 * (gRPC's "trailers only"). What many streams ask in one turn goes out in one call.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    DIGITS = 12,
    HOLES_MAX = 64,
    REPLY_BYTES = 1 << 20,
    EVENTS_MAX = 512,
    BUCKETS = 64 * 1024,  /* of latency: exact to about 1.6% */
    FRAME_HEAD_BYTES = 9, /* HTTP/2 (RFC 9113) */
    FRAME_DATA = 0,
    FRAME_HEADERS = 1,
    FRAME_RST_STREAM = 3,
    FRAME_SETTINGS = 4,
    FRAME_PING = 6,
    FRAME_GOAWAY = 7,
    FRAME_WINDOW_UPDATE = 8,
    FLAG_ACK = 1,
    FLAG_END_STREAM = 1,
    FLAG_END_HEADERS = 4,
    PING_BYTES = 8,
    WINDOW_FIRST = 65535,
    WINDOW_GRANT = 1 << 30,
};

enum protocol { RESP, MEMCACHED, ETCD };

struct text {
    char *bytes;
    size_t len, capacity;
};

/* A request with holes of twelve digits. */
struct request {
    struct text text;
    size_t holes[HOLES_MAX];
    size_t holes_count;
    uint32_t replies;    /* to one request */
    size_t data_at;      /* etcd: where the frame with the message begins */
    uint32_t data_bytes; /* etcd: of that frame, without its head */
};

/* A request of etcd's protocol under way. */
struct stream {
    uint32_t id; /* 0: none */
    bool message_came;
    int64_t began_ns;
};

struct client {
    int fd;
    char *batch; /* PIPELINE requests, holes filled */
    size_t batch_bytes;
    uint32_t replies_left;
    uint32_t batch_requests;
    char *reply;
    size_t reply_bytes;
    int64_t began_ns;
    struct stream *streams; /* etcd: PIPELINE of them */
    uint32_t stream_next;
    uint32_t streams_active;
    int64_t send_window; /* bytes of messages that the server still takes */
    int64_t receive_window;
};

struct run {
    enum protocol protocol;
    uint32_t clients_count, pipeline;
    uint64_t keys, next_key, done;
    bool once; /* each key once */
    uint64_t random;
    struct request request;
    struct client *clients;
    int epoll;
    uint32_t latencies[BUCKETS];
    uint64_t batches;
    int64_t end_ns;
};

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static uint64_t chance(struct run *run)
{
    uint64_t mixed = run->random += 0x9e3779b97f4a7c15ULL;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebULL;
    return mixed ^ mixed >> 31;
}

/* --- the request ----------------------------------------------------------------------------- */

static void text_add(struct text *text, const char *bytes, size_t len)
{
    if (text->len + len + 1 > text->capacity) {
        text->capacity = (text->len + len) * 2 + 64;
        text->bytes = realloc(text->bytes, text->capacity);
        if (text->bytes == NULL) die("memory");
    }
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    text->bytes[text->len] = 0;
}

static void hole_add(struct text *word, size_t *holes, size_t *count)
{
    if (*count == HOLES_MAX) die("too many holes");
    holes[(*count)++] = word->len;
    text_add(word, "000000000000", DIGITS);
}

/* One word with its holes; their places are relative to the word. */
static void word_expand(const char *word, struct text *out, size_t *holes, size_t *count)
{
    while (*word != 0) {
        if (strncmp(word, "{key}", 5) == 0) {
            text_add(out, "key:", 4);
            hole_add(out, holes, count);
            word += 5;
        } else if (strncmp(word, "{number}", 8) == 0) {
            hole_add(out, holes, count);
            word += 8;
        } else if (strncmp(word, "{x:", 3) == 0) {
            long bytes = strtol(word + 3, NULL, 10);
            for (long i = 0; i < bytes; i++) text_add(out, "x", 1);
            word = strchr(word, '}') + 1;
        } else {
            text_add(out, word++, 1);
        }
    }
}

static void request_add_word(struct run *run, const char *word, bool first)
{
    struct request *request = &run->request;
    struct text text = {0};
    size_t holes[HOLES_MAX], count = 0;
    text_add(&text, "", 0);
    word_expand(word, &text, holes, &count);
    char head[32] = "";
    if (run->protocol == RESP) {
        snprintf(head, sizeof head, "$%zu\r\n", text.len);
    } else if (run->protocol == MEMCACHED && !first) {
        snprintf(head, sizeof head, " ");
    }
    text_add(&request->text, head, strlen(head));
    for (size_t i = 0; i < count; i++) {
        request->holes[request->holes_count++] = request->text.len + holes[i];
    }
    text_add(&request->text, text.bytes, text.len);
    if (run->protocol == RESP) text_add(&request->text, "\r\n", 2);
    free(text.bytes);
}

static bool word_is_separator(const char *word)
{
    return strcmp(word, "\\n") == 0;
}

/* RESP: each command is an array. memcached: its lines. */
static void request_build_words(struct run *run, char **words, int count)
{
    for (int begin = 0, end; begin < count; begin = end + 1) {
        for (end = begin; end < count && !word_is_separator(words[end]); end++) continue;
        char head[32] = "";
        if (run->protocol == RESP) snprintf(head, sizeof head, "*%d\r\n", end - begin);
        text_add(&run->request.text, head, strlen(head));
        for (int i = begin; i < end; i++) request_add_word(run, words[i], i == begin);
        if (run->protocol == MEMCACHED) text_add(&run->request.text, "\r\n", 2);
        run->request.replies += run->protocol == RESP;
    }
    if (run->protocol == MEMCACHED) run->request.replies = 1;
}

/* --- etcd's requests -------------------------------------------------------------------------- */

static void big_endian_put(char *at, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--) {
        at[i] = (char)(value & 255);
        value >>= 8;
    }
}

static uint32_t big_endian_get(const char *at, int bytes)
{
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++) value = value << 8 | (unsigned char)at[i];
    return value;
}

static void frame_head_add(struct text *out, size_t bytes, int type, int flags)
{
    char head[FRAME_HEAD_BYTES] = {0};
    big_endian_put(head, bytes, 3);
    head[3] = (char)type;
    head[4] = (char)flags;
    text_add(out, head, sizeof head);
}

/* A literal that is not to be remembered: `name` is an index of the static table, or bytes. */
static void header_add(struct text *out, const char *name, size_t name_bytes, const char *value)
{
    text_add(out, name, name_bytes);
    char len = (char)strlen(value);
    text_add(out, &len, 1);
    text_add(out, value, strlen(value));
}

static void varint_add(struct text *out, uint64_t value)
{
    do {
        char byte = (char)((value & 127) | (value > 127 ? 128 : 0));
        text_add(out, &byte, 1);
        value >>= 7;
    } while (value > 0);
}

/* PutRequest {1: key, 2: value} or RangeRequest {1: key}. */
static void etcd_message_build(struct run *run, char **words, int count)
{
    struct text message = {0};
    for (int i = 1; i < count; i++) {
        struct text field = {0};
        size_t holes[HOLES_MAX], holes_count = 0;
        text_add(&field, "", 0);
        word_expand(words[i], &field, holes, &holes_count);
        varint_add(&message, (uint64_t)i << 3 | 2);
        varint_add(&message, field.len);
        for (size_t h = 0; h < holes_count; h++) {
            run->request.holes[run->request.holes_count++] = message.len + holes[h];
        }
        text_add(&message, field.bytes, field.len);
        free(field.bytes);
    }
    struct text *out = &run->request.text;
    char prefix[5] = {0}; /* not compressed; its length */
    big_endian_put(prefix + 1, message.len, 4);
    run->request.data_at = out->len;
    run->request.data_bytes = (uint32_t)(message.len + sizeof prefix);
    frame_head_add(out, run->request.data_bytes, FRAME_DATA, FLAG_END_STREAM);
    text_add(out, prefix, sizeof prefix);
    for (size_t h = 0; h < run->request.holes_count; h++) run->request.holes[h] += out->len;
    text_add(out, message.bytes, message.len);
    free(message.bytes);
}

static void request_build_etcd(struct run *run, char **words, int count)
{
    bool range = strcmp(words[0], "range") == 0;
    struct text headers = {0};
    text_add(&headers, "\x83\x86", 2); /* :method POST, :scheme http */
    header_add(&headers, "\x04", 1, range ? "/etcdserverpb.KV/Range" : "/etcdserverpb.KV/Put");
    header_add(&headers, "\x01", 1, "etcd"); /* :authority */
    header_add(&headers, "\x0f\x10", 2, "application/grpc");
    header_add(&headers, "\x00\x02te", 4, "trailers");
    frame_head_add(&run->request.text, headers.len, FRAME_HEADERS, FLAG_END_HEADERS);
    text_add(&run->request.text, headers.bytes, headers.len);
    free(headers.bytes);
    etcd_message_build(run, words, count);
    run->request.replies = 1;
}

static void hole_fill(char *at, uint64_t value)
{
    for (int i = DIGITS - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

/* --- clients --------------------------------------------------------------------------------- */

static void client_send(struct client *client, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t sent = send(client->fd, bytes, count, MSG_NOSIGNAL);
        if (sent < 0) die("send");
        bytes += sent;
        count -= (size_t)sent;
    }
}

static void etcd_grant(struct client *client)
{
    char frame[FRAME_HEAD_BYTES + 4] = {0, 0, 4, FRAME_WINDOW_UPDATE};
    big_endian_put(frame + FRAME_HEAD_BYTES, WINDOW_GRANT, 4);
    client_send(client, frame, sizeof frame);
    client->receive_window += WINDOW_GRANT;
}

static void etcd_greet(struct client *client)
{
    static const char settings[FRAME_HEAD_BYTES] = {0, 0, 0, FRAME_SETTINGS};
    client_send(client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    client_send(client, settings, sizeof settings);
    client->stream_next = 1;
    client->send_window = client->receive_window = WINDOW_FIRST;
    etcd_grant(client);
}

static struct sockaddr_in address_parse(const char *text)
{
    char host[64] = "127.0.0.1";
    const char *colon = strrchr(text, ':');
    if (colon != NULL) snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    struct sockaddr_in to = {.sin_family = AF_INET};
    to.sin_port = htons((uint16_t)atoi(colon == NULL ? text : colon + 1));
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1) die("the address");
    return to;
}

static void client_connect(struct run *run, struct client *client, const char *address)
{
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = address_parse(address);
    if (connect(client->fd, (struct sockaddr *)&to, sizeof to) != 0) die("connect");
    int on = 1;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    client->batch_bytes = run->request.text.len * run->pipeline;
    client->batch = malloc(client->batch_bytes);
    client->reply = malloc(REPLY_BYTES);
    client->streams = calloc(run->pipeline, sizeof *client->streams);
    if (client->batch == NULL || client->reply == NULL || client->streams == NULL) die("memory");
    for (uint32_t i = 0; i < run->pipeline; i++) {
        memcpy(client->batch + i * run->request.text.len, run->request.text.bytes,
               run->request.text.len);
    }
    if (run->protocol == ETCD) etcd_greet(client);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0) die("epoll_ctl");
}

/* False: there is nothing more to ask. */
static bool client_fill(struct run *run, struct client *client)
{
    client->batch_requests = run->pipeline;
    if (run->once) {
        uint64_t left = run->keys - run->next_key;
        if (left == 0) return false;
        if (left < run->pipeline) client->batch_requests = (uint32_t)left;
    }
    for (uint32_t i = 0; i < client->batch_requests; i++) {
        char *at = client->batch + i * run->request.text.len;
        uint64_t key = run->once ? run->next_key++ : chance(run) % run->keys;
        for (size_t h = 0; h < run->request.holes_count; h++) {
            hole_fill(at + run->request.holes[h], key);
            if (!run->once) key = chance(run) % run->keys;
        }
    }
    return true;
}

static bool client_begin(struct run *run, struct client *client)
{
    if (!client_fill(run, client)) return false;
    client->replies_left = client->batch_requests * run->request.replies;
    client->began_ns = now_ns();
    client_send(client, client->batch, client->batch_requests * run->request.text.len);
    return true;
}

/* --- replies --------------------------------------------------------------------------------- */

static const char *line_end(const char *at, const char *end)
{
    const char *found = memchr(at, '\n', (size_t)(end - at));
    return found == NULL ? NULL : found + 1;
}

/* The byte behind one reply; NULL: it is not whole. */
static const char *resp_reply(const char *at, const char *end)
{
    uint64_t left = 1; /* values still to come */
    while (left > 0) {
        const char *next = at == end ? NULL : line_end(at, end);
        if (next == NULL) return NULL;
        if (*at == '-') {
            fprintf(stderr, "load: the server said: %.*s\n", (int)(next - at), at);
            exit(1);
        }
        long count = strtol(at + 1, NULL, 10);
        left--;
        if (*at == '*' && count > 0) left += (uint64_t)count;
        if (*at == '$' && count >= 0) next += count + 2;
        if (next > end) return NULL;
        at = next;
    }
    return at;
}

static const char *memcached_reply(const char *at, const char *end)
{
    const char *next = at == end ? NULL : line_end(at, end);
    if (next == NULL || strncmp(at, "VALUE ", 6) != 0) return next;
    const char *size = memchr(at + 6, ' ', (size_t)(next - at - 6));
    size = memchr(size + 1, ' ', (size_t)(next - size - 1));
    next += strtol(size, NULL, 10) + 2;
    return next + 5 > end ? NULL : next + 5; /* END */
}

static void latency_note(struct run *run, int64_t ns)
{
    uint64_t us = (uint64_t)ns / 1000;
    uint32_t shift = us < 1024 ? 0 : (uint32_t)(54 - __builtin_clzll(us));
    uint64_t bucket = ((uint64_t)shift << 10) + (us >> shift);
    run->latencies[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    run->batches++;
}

static void client_receive(struct client *client)
{
    ssize_t got =
        recv(client->fd, client->reply + client->reply_bytes, REPLY_BYTES - client->reply_bytes, 0);
    if (got <= 0) die("the server closed the connection");
    client->reply_bytes += (size_t)got;
}

static void client_read(struct run *run, struct client *client)
{
    client_receive(client);
    const char *at = client->reply, *end = client->reply + client->reply_bytes;
    while (client->replies_left > 0) {
        const char *next =
            run->protocol == MEMCACHED ? memcached_reply(at, end) : resp_reply(at, end);
        if (next == NULL) break;
        at = next;
        client->replies_left--;
    }
    client->reply_bytes = (size_t)(end - at);
    memmove(client->reply, at, client->reply_bytes);
    if (client->replies_left > 0) return;
    latency_note(run, now_ns() - client->began_ns);
    run->done += client->batch_requests;
}

/* --- etcd's streams --------------------------------------------------------------------------- */

/* Puts the stream's next request at `at`; false: there is nothing more to ask. */
static bool stream_begin(struct run *run, struct client *client, struct stream *stream, char *at)
{
    if (run->once && run->next_key == run->keys) return false;
    memcpy(at, run->request.text.bytes, run->request.text.len);
    for (size_t h = 0; h < run->request.holes_count; h++) {
        hole_fill(at + run->request.holes[h], run->once ? run->next_key : chance(run) % run->keys);
    }
    run->next_key += run->once;
    stream->id = client->stream_next;
    stream->message_came = false;
    stream->began_ns = now_ns();
    client->stream_next += 2;
    client->streams_active++;
    big_endian_put(at + 5, stream->id, 4);
    big_endian_put(at + run->request.data_at + 5, stream->id, 4);
    client->send_window -= run->request.data_bytes;
    if (client->send_window < 0) die("too much is under way for the server's window");
    return true;
}

/* Begins a request on each stream that has none. */
static void streams_begin(struct run *run, struct client *client)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < run->pipeline; i++) {
        if (client->streams[i].id != 0) continue;
        if (!stream_begin(run, client, &client->streams[i], client->batch + bytes)) break;
        bytes += run->request.text.len;
    }
    client_send(client, client->batch, bytes);
}

static struct stream *stream_find(struct run *run, struct client *client, uint32_t id)
{
    for (uint32_t i = 0; i < run->pipeline; i++) {
        if (client->streams[i].id == id) return &client->streams[i];
    }
    die("a reply to what was not asked");
    return NULL;
}

static void stream_frame(struct run *run, struct client *client, const char *at, uint32_t bytes)
{
    struct stream *stream = stream_find(run, client, big_endian_get(at + 5, 4));
    if (at[3] == FRAME_DATA && bytes > 0) {
        stream->message_came = true;
        client->receive_window -= bytes;
        if (client->receive_window < WINDOW_FIRST) etcd_grant(client);
    }
    if ((at[4] & FLAG_END_STREAM) == 0) return;
    if (!stream->message_came) {
        fprintf(stderr, "load: etcd refused a request\n");
        exit(1);
    }
    stream->id = 0;
    client->streams_active--;
    latency_note(run, now_ns() - stream->began_ns);
    run->done++;
}

/* What the connection itself needs: its window, and answers to settings and pings. */
static void connection_frame(struct client *client, const char *at)
{
    const char *body = at + FRAME_HEAD_BYTES;
    char type = at[3];
    if (type == FRAME_GOAWAY || type == FRAME_RST_STREAM) die("the server ended the stream");
    if (type == FRAME_WINDOW_UPDATE && big_endian_get(at + 5, 4) == 0) {
        client->send_window += big_endian_get(body, 4);
    }
    if ((type != FRAME_SETTINGS && type != FRAME_PING) || (at[4] & FLAG_ACK) != 0) return;
    char answer[FRAME_HEAD_BYTES + PING_BYTES] = {0, 0, 0, type, FLAG_ACK};
    if (type == FRAME_PING) {
        answer[2] = PING_BYTES;
        memcpy(answer + FRAME_HEAD_BYTES, body, PING_BYTES);
    }
    client_send(client, answer, FRAME_HEAD_BYTES + (size_t)answer[2]);
}

static void streams_read(struct run *run, struct client *client)
{
    client_receive(client);
    const char *at = client->reply, *end = client->reply + client->reply_bytes;
    while (end - at >= FRAME_HEAD_BYTES) {
        uint32_t bytes = big_endian_get(at, 3);
        if ((size_t)(end - at) < FRAME_HEAD_BYTES + bytes) break;
        if (at[3] == FRAME_DATA || at[3] == FRAME_HEADERS) {
            stream_frame(run, client, at, bytes);
        } else {
            connection_frame(client, at);
        }
        at += FRAME_HEAD_BYTES + bytes;
    }
    client->reply_bytes = (size_t)(end - at);
    memmove(client->reply, at, client->reply_bytes);
}

/* --- the run --------------------------------------------------------------------------------- */

static double percentile_us(const struct run *run, double part)
{
    uint64_t wanted = (uint64_t)((double)run->batches * part), seen = 0;
    for (uint64_t i = 0; i < BUCKETS; i++) {
        seen += run->latencies[i];
        if (seen > wanted || seen == run->batches) {
            uint32_t shift = (uint32_t)(i >> 10);
            return (double)((i & 1023) << shift);
        }
    }
    return 0;
}

/* Asks what can be asked now; false: nothing is under way any more. */
static bool client_ask(struct run *run, struct client *client)
{
    bool over = !run->once && now_ns() >= run->end_ns;
    if (run->protocol == ETCD) {
        if (!over) streams_begin(run, client);
        return client->streams_active > 0;
    }
    return client->replies_left > 0 || (!over && client_begin(run, client));
}

static void run_all(struct run *run)
{
    struct epoll_event events[EVENTS_MAX];
    uint32_t active = 0;
    for (uint32_t i = 0; i < run->clients_count; i++) active += client_ask(run, &run->clients[i]);
    while (active > 0) {
        int count = epoll_wait(run->epoll, events, EVENTS_MAX, 10000);
        if (count == 0) die("no reply within ten seconds");
        for (int i = 0; i < count; i++) {
            struct client *client = events[i].data.ptr;
            bool asked = client->replies_left > 0 || client->streams_active > 0;
            if (run->protocol == ETCD) {
                streams_read(run, client);
            } else {
                client_read(run, client);
            }
            if (asked && !client_ask(run, client)) active--;
        }
    }
}

static enum protocol protocol_parse(const char *name)
{
    if (strcmp(name, "resp") == 0) return RESP;
    if (strcmp(name, "memcached") == 0) return MEMCACHED;
    if (strcmp(name, "etcd") == 0) return ETCD;
    fprintf(stderr, "load: no protocol %s\n", name);
    exit(2);
}

static double cpu_s(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    if (argc < 9) {
        fprintf(stderr, "usage: load resp|memcached|etcd [HOST:]PORT CLIENTS PIPELINE SECONDS "
                        "KEYS SEED WORD...\n");
        return 2;
    }
    static struct run run;
    run.protocol = protocol_parse(argv[1]);
    run.clients_count = (uint32_t)atoi(argv[3]);
    run.pipeline = (uint32_t)atoi(argv[4]);
    double seconds = atof(argv[5]);
    run.once = seconds == 0;
    run.keys = strtoull(argv[6], NULL, 10);
    run.random = strtoull(argv[7], NULL, 10);
    if (run.protocol == ETCD) {
        request_build_etcd(&run, argv + 8, argc - 8);
    } else {
        request_build_words(&run, argv + 8, argc - 8);
    }
    run.epoll = epoll_create1(0);
    run.clients = calloc(run.clients_count, sizeof *run.clients);
    if (run.clients == NULL) die("memory");
    for (uint32_t i = 0; i < run.clients_count; i++) {
        client_connect(&run, &run.clients[i], argv[2]);
    }
    int64_t began = now_ns();
    run.end_ns = began + (int64_t)(seconds * 1e9);
    run_all(&run);
    printf("%llu %.6f %.0f %.0f %.0f %.0f %.6f\n", (unsigned long long)run.done,
           (double)(now_ns() - began) / 1e9, percentile_us(&run, 0.5), percentile_us(&run, 0.99),
           percentile_us(&run, 0.999), percentile_us(&run, 1), cpu_s());
    return 0;
}
