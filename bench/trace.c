/*
 * trace.c -- what a cache is asked: a generated trace of keys, each asked for with GET and, when it
 * is missing, put there with SET. Prints asked and found.
 *
 *   trace PORT zipf|scans|shifting REQUESTS KEYS VALUE_BYTES SEED
 *
 *   zipf      keys by Zipf's law, exponent 0.99
 *   scans     the same, and every 200,000 requests a walk over 100,000 keys that nobody asks twice
 *   shifting  the same, and every 200,000 requests a twentieth of the popular keys are others
 *
 * The first fifth of the requests fills the cache and is not counted.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BATCH = 64,
    KEY_BYTES = 20,
    VALUE_BYTES_MAX = 4096,
    REQUEST_BYTES_MAX = BATCH * (VALUE_BYTES_MAX + 128),
    EPISODE = 200 * 1000,
    SCAN_KEYS = 100 * 1000,
    SHIFT_PARTS = 20,
};

struct trace {
    const char *kind;
    uint64_t requests, keys, random, scan_next, shift;
    uint64_t at; /* requests so far */
    uint64_t scan_left;
    double *cumulative; /* of Zipf's law, by rank */
};

struct link {
    int fd;
    char in[REQUEST_BYTES_MAX];
    size_t in_bytes, in_at;
};

static void die(const char *what)
{
    fprintf(stderr, "trace: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t chance(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15ULL;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebULL;
    return mixed ^ mixed >> 31;
}

static void zipf_prepare(struct trace *trace)
{
    trace->cumulative = malloc(trace->keys * sizeof *trace->cumulative);
    if (trace->cumulative == NULL) die("memory");
    double sum = 0;
    for (uint64_t i = 0; i < trace->keys; i++) {
        sum += 1 / pow((double)(i + 1), 0.99);
        trace->cumulative[i] = sum;
    }
    for (uint64_t i = 0; i < trace->keys; i++) trace->cumulative[i] /= sum;
}

static uint64_t zipf_rank(struct trace *trace)
{
    double wanted = (double)(chance(&trace->random) >> 11) / 9007199254740992.0;
    uint64_t low = 0, high = trace->keys - 1;
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        if (trace->cumulative[middle] < wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint64_t key_next(struct trace *trace)
{
    uint64_t at = trace->at++;
    if (at > 0 && at % EPISODE == 0) {
        if (strcmp(trace->kind, "scans") == 0) trace->scan_left = SCAN_KEYS;
        if (strcmp(trace->kind, "shifting") == 0) trace->shift++;
    }
    if (trace->scan_left > 0) {
        trace->scan_left--;
        return trace->keys * 2 + trace->scan_next++;
    }
    uint64_t rank = zipf_rank(trace);
    /* A key of a part that has shifted is another key than the one of before. */
    uint64_t part = rank % SHIFT_PARTS;
    uint64_t moved = trace->shift / SHIFT_PARTS + (part < trace->shift % SHIFT_PARTS);
    return rank + (moved << 40);
}

static void link_send(struct link *link, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(link->fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0) die("send");
        bytes += sent;
        len -= (size_t)sent;
    }
}

static void link_fill(struct link *link)
{
    memmove(link->in, link->in + link->in_at, link->in_bytes - link->in_at);
    link->in_bytes -= link->in_at;
    link->in_at = 0;
    ssize_t got = recv(link->fd, link->in + link->in_bytes, sizeof link->in - link->in_bytes, 0);
    if (got <= 0) die("recv");
    link->in_bytes += (size_t)got;
}

/* One reply to GET or SET: was there a value? */
static bool link_reply(struct link *link)
{
    char *end;
    while ((end = memchr(link->in + link->in_at, '\n', link->in_bytes - link->in_at)) == NULL) {
        link_fill(link);
    }
    char first = link->in[link->in_at];
    long bytes = strtol(link->in + link->in_at + 1, NULL, 10);
    if (first == '-') {
        fprintf(stderr, "trace: the server said %.*s", (int)(end - link->in), link->in);
        exit(1);
    }
    size_t whole = (size_t)(end - link->in) - link->in_at + 1;
    if (first == '$' && bytes >= 0) whole += (size_t)bytes + 2;
    while (link->in_bytes - link->in_at < whole) link_fill(link);
    link->in_at += whole;
    return first == '$' && bytes >= 0;
}

static uint64_t batch_run(struct link *link, struct trace *trace, size_t value_bytes)
{
    static const char value[VALUE_BYTES_MAX] = {0};
    char keys[BATCH][KEY_BYTES + 1];
    char *out = malloc(REQUEST_BYTES_MAX);
    if (out == NULL) die("memory");
    size_t len = 0;
    for (int i = 0; i < BATCH; i++) {
        snprintf(keys[i], sizeof keys[i], "key:%016llx", (unsigned long long)key_next(trace));
        len += (size_t)snprintf(out + len, REQUEST_BYTES_MAX - len,
                                "*2\r\n$3\r\nGET\r\n$%zu\r\n%s\r\n", strlen(keys[i]), keys[i]);
    }
    link_send(link, out, len);
    uint64_t found = 0;
    len = 0;
    uint64_t missing = 0;
    for (int i = 0; i < BATCH; i++) {
        if (link_reply(link)) {
            found++;
            continue;
        }
        missing++;
        len += (size_t)snprintf(out + len, REQUEST_BYTES_MAX - len,
                                "*3\r\n$3\r\nSET\r\n$%zu\r\n%s\r\n$%zu\r\n", strlen(keys[i]),
                                keys[i], value_bytes);
        memcpy(out + len, value, value_bytes);
        memcpy(out + len + value_bytes, "\r\n", 2);
        len += value_bytes + 2;
    }
    link_send(link, out, len);
    for (uint64_t i = 0; i < missing; i++) (void)link_reply(link);
    free(out);
    return found;
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: trace PORT zipf|scans|shifting REQUESTS KEYS VALUE_BYTES SEED\n");
        return 2;
    }
    struct trace trace = {.kind = argv[2],
                          .requests = strtoull(argv[3], NULL, 10),
                          .keys = strtoull(argv[4], NULL, 10),
                          .random = strtoull(argv[6], NULL, 10)};
    size_t value_bytes = strtoull(argv[5], NULL, 10);
    if (value_bytes > VALUE_BYTES_MAX || trace.keys == 0) return 2;
    zipf_prepare(&trace);
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL) die("memory");
    link->fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(argv[1])),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(link->fd, (struct sockaddr *)&to, sizeof to) != 0) die("connect");
    int on = 1;
    setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    uint64_t asked = 0, found = 0;
    while (trace.at < trace.requests) {
        bool counted = trace.at >= trace.requests / 5;
        uint64_t hits = batch_run(link, &trace, value_bytes);
        if (counted) {
            asked += BATCH;
            found += hits;
        }
    }
    printf("%llu %llu\n", (unsigned long long)asked, (unsigned long long)found);
    return 0;
}
