/*
 * load.c -- a load generator for servers: many clients in one thread, each with so many requests
 * under way. Speaks RESP and memcached's text protocol.
 *
 *   load PROTOCOL PORT CLIENTS PIPELINE SECONDS KEYS SEED WORD...
 *
 * The words are the command; in them {key} is one of KEYS keys ("key:000000000042", by chance),
 * {number} a number below KEYS of twelve digits, and {x:N} N bytes. Prints one line: operations,
 * seconds, and the latency of a batch in microseconds at 50, 99, 99.9 and 100 percent. Replies that
 * are errors end it. SECONDS 0: each key of KEYS once, in order ({key}), then done.
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
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    DIGITS = 12,
    HOLES_MAX = 64,
    REPLY_BYTES = 1 << 20,
    EVENTS_MAX = 512,
    BUCKETS = 64 * 1024, /* of latency: exact to about 1.6% */
    WORD_BYTES_MAX = 1 << 20,
};

struct text {
    char *bytes;
    size_t len, capacity;
};

/* A request with holes of twelve digits. */
struct request {
    struct text text;
    size_t holes[HOLES_MAX];
    size_t holes_count;
};

struct client {
    int fd;
    char *batch; /* PIPELINE requests, holes filled */
    size_t batch_bytes, sent_bytes;
    uint32_t replies_left;
    uint32_t batch_requests;
    char *reply;
    size_t reply_bytes;
    int64_t began_ns;
};

struct run {
    bool memcached;
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
    if (!run->memcached) {
        snprintf(head, sizeof head, "$%zu\r\n", text.len);
    } else if (!first && strcmp(word, "\\n") != 0) {
        snprintf(head, sizeof head, " ");
    }
    text_add(&request->text, head, strlen(head));
    for (size_t i = 0; i < count; i++) {
        request->holes[request->holes_count++] = request->text.len + holes[i];
    }
    if (strcmp(word, "\\n") == 0) {
        text_add(&request->text, "\r\n", 2);
    } else {
        text_add(&request->text, text.bytes, text.len);
    }
    if (!run->memcached) text_add(&request->text, "\r\n", 2);
    free(text.bytes);
}

static void request_build(struct run *run, char **words, int count)
{
    if (!run->memcached) {
        char head[32];
        snprintf(head, sizeof head, "*%d\r\n", count);
        text_add(&run->request.text, head, strlen(head));
    }
    bool first = true;
    for (int i = 0; i < count; i++) {
        request_add_word(run, words[i], first);
        first = strcmp(words[i], "\\n") == 0;
    }
    if (run->memcached) text_add(&run->request.text, "\r\n", 2);
}

static void hole_fill(char *at, uint64_t value)
{
    for (int i = DIGITS - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

/* --- clients --------------------------------------------------------------------------------- */

static void client_connect(struct run *run, struct client *client, uint16_t port)
{
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(client->fd, (struct sockaddr *)&to, sizeof to) != 0) die("connect");
    int on = 1;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    client->batch_bytes = run->request.text.len * run->pipeline;
    client->batch = malloc(client->batch_bytes);
    client->reply = malloc(REPLY_BYTES);
    if (client->batch == NULL || client->reply == NULL) die("memory");
    for (uint32_t i = 0; i < run->pipeline; i++) {
        memcpy(client->batch + i * run->request.text.len, run->request.text.bytes,
               run->request.text.len);
    }
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
    client->replies_left = client->batch_requests;
    client->began_ns = now_ns();
    size_t bytes = client->batch_requests * run->request.text.len;
    for (client->sent_bytes = 0; client->sent_bytes < bytes;) {
        ssize_t sent = send(client->fd, client->batch + client->sent_bytes,
                            bytes - client->sent_bytes, MSG_NOSIGNAL);
        if (sent < 0) die("send");
        client->sent_bytes += (size_t)sent;
    }
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

static void client_read(struct run *run, struct client *client)
{
    ssize_t got =
        recv(client->fd, client->reply + client->reply_bytes, REPLY_BYTES - client->reply_bytes, 0);
    if (got <= 0) die("the server closed the connection");
    client->reply_bytes += (size_t)got;
    const char *at = client->reply, *end = client->reply + client->reply_bytes;
    while (client->replies_left > 0) {
        const char *next = run->memcached ? memcached_reply(at, end) : resp_reply(at, end);
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

static void run_all(struct run *run)
{
    struct epoll_event events[EVENTS_MAX];
    uint32_t active = 0;
    for (uint32_t i = 0; i < run->clients_count; i++) active += client_begin(run, &run->clients[i]);
    while (active > 0) {
        int count = epoll_wait(run->epoll, events, EVENTS_MAX, 10000);
        if (count == 0) die("no reply within ten seconds");
        for (int i = 0; i < count; i++) {
            struct client *client = events[i].data.ptr;
            client_read(run, client);
            if (client->replies_left > 0) continue;
            bool over = !run->once && now_ns() >= run->end_ns;
            if (over || !client_begin(run, client)) active--;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 9) {
        fprintf(stderr, "usage: load resp|memcached PORT CLIENTS PIPELINE SECONDS KEYS SEED "
                        "WORD...\n");
        return 2;
    }
    struct run run = {0};
    run.memcached = strcmp(argv[1], "memcached") == 0;
    run.clients_count = (uint32_t)atoi(argv[3]);
    run.pipeline = (uint32_t)atoi(argv[4]);
    double seconds = atof(argv[5]);
    run.once = seconds == 0;
    run.keys = strtoull(argv[6], NULL, 10);
    run.random = strtoull(argv[7], NULL, 10);
    request_build(&run, argv + 8, argc - 8);
    run.epoll = epoll_create1(0);
    run.clients = calloc(run.clients_count, sizeof *run.clients);
    if (run.clients == NULL) die("memory");
    for (uint32_t i = 0; i < run.clients_count; i++) {
        client_connect(&run, &run.clients[i], (uint16_t)atoi(argv[2]));
    }
    int64_t began = now_ns();
    run.end_ns = began + (int64_t)(seconds * 1e9);
    run_all(&run);
    printf("%llu %.6f %.0f %.0f %.0f %.0f\n", (unsigned long long)run.done,
           (double)(now_ns() - began) / 1e9, percentile_us(&run, 0.5), percentile_us(&run, 0.99),
           percentile_us(&run, 0.999), percentile_us(&run, 1));
    return 0;
}
