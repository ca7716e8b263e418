/* client.c -- what hiredis does with a server: client PORT. A line a check. */
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIPELINE = 10000, LARGE_BYTES = 8 << 20, BINARY_BYTES = 256 };

static void check(const char *name, bool holds, const redisReply *reply)
{
    if (holds)
        printf("ok %s\n", name);
    else
        printf("not ok %s: %s\n", name, reply != NULL && reply->str != NULL ? reply->str : "?");
}

static redisContext *connected(int port)
{
    struct timeval timeout = {10, 0};
    redisContext *context = redisConnectWithTimeout("127.0.0.1", port, timeout);
    if (context != NULL && context->err == 0) return context;
    printf("not ok connect: %s\n", context != NULL ? context->errstr : "no memory");
    exit(1);
}

__attribute__((format(printf, 2, 3))) static redisReply *ask(redisContext *context,
                                                             const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redisvCommand(context, format, arguments);
    va_end(arguments);
    if (reply != NULL) return reply;
    printf("not ok ask %s: %s\n", format, context->errstr);
    exit(1);
}

static void values(redisContext *context)
{
    redisReply *reply = ask(context, "SET %s %s", "key", "value");
    check("set", reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, "OK") == 0, reply);
    freeReplyObject(reply);
    reply = ask(context, "GET none");
    check("nil", reply->type == REDIS_REPLY_NIL, reply);
    freeReplyObject(reply);
    reply = ask(context, "LPUSH key x");
    check("an error", reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "WRONGTYPE", 9) == 0,
          reply);
    freeReplyObject(reply);
    char bytes[BINARY_BYTES];
    for (int i = 0; i < BINARY_BYTES; i++) bytes[i] = (char)i;
    freeReplyObject(ask(context, "SET %b %b", bytes, sizeof bytes, bytes, sizeof bytes));
    reply = ask(context, "GET %b", bytes, sizeof bytes);
    check("binary", reply->len == sizeof bytes && memcmp(reply->str, bytes, sizeof bytes) == 0,
          reply);
    freeReplyObject(reply);
    char *large = malloc(LARGE_BYTES);
    if (large == NULL) abort();
    memset(large, '\n', LARGE_BYTES);
    freeReplyObject(ask(context, "SET large %b", large, (size_t)LARGE_BYTES));
    reply = ask(context, "GET large");
    check("large", reply->len == LARGE_BYTES && memcmp(reply->str, large, LARGE_BYTES) == 0, reply);
    freeReplyObject(reply);
    free(large);
}

static void pipeline(redisContext *context)
{
    for (int i = 0; i < PIPELINE; i++) redisAppendCommand(context, "INCR counter");
    long long last = 0;
    bool ordered = true;
    for (int i = 0; i < PIPELINE; i++) {
        redisReply *reply = NULL;
        if (redisGetReply(context, (void **)&reply) != REDIS_OK) break;
        ordered = ordered && reply->integer == last + 1;
        last = reply->integer;
        freeReplyObject(reply);
    }
    check("pipeline", ordered && last == PIPELINE, NULL);
    freeReplyObject(ask(context, "MULTI"));
    freeReplyObject(ask(context, "SET t 1"));
    freeReplyObject(ask(context, "INCR t"));
    redisReply *reply = ask(context, "EXEC");
    check("transaction", reply->elements == 2 && reply->element[1]->integer == 2, reply);
    freeReplyObject(reply);
}

static void messages(redisContext *context, int port)
{
    redisContext *listener = connected(port);
    freeReplyObject(ask(listener, "SUBSCRIBE c"));
    freeReplyObject(ask(context, "PUBLISH c hi"));
    redisReply *reply = NULL;
    bool came = redisGetReply(listener, (void **)&reply) == REDIS_OK;
    check("a message", came && reply->elements == 3 && strcmp(reply->element[2]->str, "hi") == 0,
          NULL);
    freeReplyObject(reply);
    freeReplyObject(ask(listener, "UNSUBSCRIBE c"));
    redisAppendCommand(listener, "BLPOP q 10");
    int done = 0;
    redisBufferWrite(listener, &done);
    freeReplyObject(ask(context, "RPUSH q x"));
    came = redisGetReply(listener, (void **)&reply) == REDIS_OK;
    check("blpop", came && reply->elements == 2 && strcmp(reply->element[1]->str, "x") == 0, NULL);
    freeReplyObject(reply);
    reply = ask(listener, "CLIENT ID");
    freeReplyObject(ask(context, "CLIENT KILL ID %lld", reply->integer));
    freeReplyObject(reply);
    reply = redisCommand(listener, "PING");
    check("a closed connection", reply == NULL && listener->err == REDIS_ERR_EOF, reply);
    check("reconnect", redisReconnect(listener) == REDIS_OK, NULL);
    reply = ask(listener, "PING");
    check("ping", strcmp(reply->str, "PONG") == 0, reply);
    freeReplyObject(reply);
    redisFree(listener);
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    int port = atoi(argv[1]);
    redisContext *context = connected(port);
    freeReplyObject(ask(context, "FLUSHALL"));
    values(context);
    pipeline(context);
    messages(context, port);
    redisFree(context);
    return 0;
}
