/*
 * hiredis.c -- a small client of a cluster on hiredis, which knows none: hiredis HOST:PORT... It
 * asks for the map, sends each key to who leads its slot, and follows -MOVED. A line a check.
 */
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 16384, NODES_MAX = 16, HOST_MAX = 64, KEYS = 2000, HOPS_MAX = 5 };

struct node {
    char host[HOST_MAX];
    int port;
    redisContext *context;
};

struct cluster {
    struct node nodes[NODES_MAX];
    int nodes_count;
    int of_slot[SLOTS]; /* index of the node; -1: nobody */
    int moved_count;
};

static void check(const char *name, bool holds, const char *why)
{
    if (holds) {
        printf("ok %s\n", name);
    } else {
        printf("not ok %s: %s\n", name, why);
    }
}

static void die(const char *what, const char *why)
{
    printf("not ok %s: %s\n", what, why);
    exit(1);
}

static int node_at(struct cluster *cluster, const char *host, int port)
{
    for (int i = 0; i < cluster->nodes_count; i++)
        if (cluster->nodes[i].port == port && strcmp(cluster->nodes[i].host, host) == 0) return i;
    if (cluster->nodes_count == NODES_MAX) die("nodes", "too many");
    struct timeval timeout = {10, 0};
    struct node *node = &cluster->nodes[cluster->nodes_count];
    snprintf(node->host, sizeof node->host, "%s", host);
    node->port = port;
    node->context = redisConnectWithTimeout(host, port, timeout);
    if (node->context == NULL || node->context->err != 0)
        die("connect", node->context == NULL ? "no memory" : node->context->errstr);
    return cluster->nodes_count++;
}

static void read_map(struct cluster *cluster, redisContext *context)
{
    redisReply *reply = redisCommand(context, "CLUSTER SLOTS");
    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) die("CLUSTER SLOTS", context->errstr);
    for (int slot = 0; slot < SLOTS; slot++) cluster->of_slot[slot] = -1;
    for (size_t i = 0; i < reply->elements; i++) {
        redisReply **range = reply->element[i]->element;
        int node = node_at(cluster, range[2]->element[0]->str, (int)range[2]->element[1]->integer);
        for (long long slot = range[0]->integer; slot <= range[1]->integer; slot++)
            cluster->of_slot[slot] = node;
    }
    freeReplyObject(reply);
}

static int slot_of(struct cluster *cluster, const char *key)
{
    redisReply *reply = redisCommand(cluster->nodes[0].context, "CLUSTER KEYSLOT %s", key);
    if (reply == NULL || reply->type != REDIS_REPLY_INTEGER) die("KEYSLOT", "no number");
    int slot = (int)reply->integer;
    freeReplyObject(reply);
    return slot;
}

/* Beginning at a node, and then where it says; the caller frees. */
static redisReply *ask(struct cluster *cluster, int node, const char *word, const char *key,
                       const char *value)
{
    for (int hop = 0; hop < HOPS_MAX; hop++) {
        redisContext *context = cluster->nodes[node].context;
        redisReply *reply = value == NULL ? redisCommand(context, "%s %s", word, key)
                                          : redisCommand(context, "%s %s %s", word, key, value);
        if (reply == NULL) die("ask", context->errstr);
        if (reply->type != REDIS_REPLY_ERROR || strncmp(reply->str, "MOVED ", 6) != 0) return reply;
        int slot, port;
        char host[HOST_MAX];
        if (sscanf(reply->str, "MOVED %d %63[^:]:%d", &slot, host, &port) != 3)
            die("MOVED", reply->str);
        freeReplyObject(reply);
        cluster->moved_count++;
        node = cluster->of_slot[slot] = node_at(cluster, host, port);
    }
    die("ask", "MOVED again and again");
    return NULL;
}

static void where_they_belong(struct cluster *cluster)
{
    bool set = true, same = true;
    for (int i = 0; i < KEYS; i++) {
        char key[32], value[32];
        snprintf(key, sizeof key, "hi:%d", i);
        snprintf(value, sizeof value, "%d", i);
        int node = cluster->of_slot[slot_of(cluster, key)];
        redisReply *reply = ask(cluster, node, "SET", key, value);
        set = set && reply->type == REDIS_REPLY_STATUS;
        freeReplyObject(reply);
        reply = ask(cluster, node, "GET", key, NULL);
        same = same && reply->type == REDIS_REPLY_STRING && strcmp(reply->str, value) == 0;
        freeReplyObject(reply);
    }
    check("set where the map says", set, "no OK");
    check("get", same, "another value");
    check("nobody is redirected who knows the map", cluster->moved_count == 0, "-MOVED");
}

/* Of each node, whether it has the key or not: they all answer, for none of them was asked for the
 * map. */
static void from_anywhere(const struct cluster *cluster)
{
    bool same = true;
    for (int i = 0; i < KEYS; i++) {
        char value[32];
        const struct node *node = &cluster->nodes[i % cluster->nodes_count];
        redisContext *context = node->context;
        redisReply *reply = redisCommand(context, "GET hi:%d", i);
        snprintf(value, sizeof value, "%d", i);
        same = same && reply != NULL && reply->type == REDIS_REPLY_STRING &&
               strcmp(reply->str, value) == 0;
        freeReplyObject(reply);
    }
    check("a plain connection gets each key from any node", same, "an error, or another value");
}

/* All of them know the map now. */
static void followed(struct cluster *cluster)
{
    bool same = true;
    for (int i = 0; i < cluster->nodes_count; i++) {
        redisReply *reply = redisCommand(cluster->nodes[i].context, "CLUSTER SLOTS");
        freeReplyObject(reply);
    }
    for (int i = 0; i < KEYS / 10; i++) {
        char key[32], value[32];
        snprintf(key, sizeof key, "hi:%d", i);
        snprintf(value, sizeof value, "%d", i);
        redisReply *reply = ask(cluster, i % cluster->nodes_count, "GET", key, NULL);
        same = same && reply->type == REDIS_REPLY_STRING && strcmp(reply->str, value) == 0;
        freeReplyObject(reply);
    }
    check("-MOVED leads to every key", same, "an error, or another value");
    if (cluster->nodes_count > 1)
        check("and there was some of it", cluster->moved_count > 0, "nobody was redirected");
}

static void pipelined(struct cluster *cluster)
{
    bool good = true;
    for (int i = 0; i < cluster->nodes_count; i++) {
        redisContext *context = cluster->nodes[i].context;
        redisReply *reply = redisCommand(context, "RESET");
        freeReplyObject(reply);
        for (int k = 0; k < KEYS; k++) redisAppendCommand(context, "INCR pipe:%d:%d", i, k);
        for (int k = 0; k < KEYS; k++) {
            if (redisGetReply(context, (void **)&reply) != REDIS_OK) die("pipe", context->errstr);
            good = good && reply->type == REDIS_REPLY_INTEGER;
            freeReplyObject(reply);
        }
    }
    check("a pipeline over all slots to each node", good, "an error among the answers");
}

int main(int argc, char **argv)
{
    static struct cluster cluster;
    struct timeval timeout = {10, 0};
    for (int i = 1; i < argc; i++) {
        char *colon = strrchr(argv[i], ':');
        if (colon == NULL) die("arguments", argv[i]);
        *colon = '\0';
        redisContext *context = redisConnectWithTimeout(argv[i], atoi(colon + 1), timeout);
        if (context == NULL || context->err != 0) die("connect", argv[i]);
        if (i == 1) read_map(&cluster, context);
        redisFree(context);
    }
    where_they_belong(&cluster);
    from_anywhere(&cluster);
    followed(&cluster);
    pipelined(&cluster);
    for (int i = 0; i < cluster.nodes_count; i++) redisFree(cluster.nodes[i].context);
    return 0;
}
