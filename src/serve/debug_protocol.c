/* debug_protocol.c -- see debug_protocol.h. The values are those that Redis's test suite expects.
 */
#include "serve/debug_protocol.h"
#include "cmd/call.h"
#include "serve/reply_lines.h"

enum { ITEMS = 3 };

static void string_value(struct reply *reply)
{
    reply_bulk_text(reply, "Hello World");
}

static void integer_value(struct reply *reply)
{
    reply_integer(reply, 12345);
}

static void double_value(struct reply *reply)
{
    reply_double(reply, 3.141);
}

static void null_value(struct reply *reply)
{
    reply_null(reply);
}

static void array_value(struct reply *reply)
{
    reply_array(reply, ITEMS);
    for (int i = 0; i < ITEMS; i++) reply_integer(reply, i);
}

static void set_value(struct reply *reply)
{
    reply_set(reply, ITEMS);
    for (int i = 0; i < ITEMS; i++) reply_integer(reply, i);
}

static void map_value(struct reply *reply)
{
    reply_map(reply, ITEMS);
    for (int i = 0; i < ITEMS; i++) {
        reply_integer(reply, i);
        reply_bool(reply, i == 1);
    }
}

static void attribute_value(struct reply *reply)
{
    if (reply->protocol >= 3) {
        reply_attribute(reply, 1);
        reply_bulk_text(reply, "key-popularity");
        reply_array(reply, 2);
        reply_bulk_text(reply, "key:123");
        reply_integer(reply, 90);
    }
    reply_bulk_text(reply, "Some real reply following the attribute");
}

static void push_value(struct reply *reply)
{
    if (reply->protocol < 3) {
        reply_error(reply, "ERR RESP2 is not supported by this command");
        return;
    }
    reply_push(reply, 2);
    reply_bulk_text(reply, "server-cpu-usage");
    reply_integer(reply, 42);
    /* A client that passes over pushes still waits for a reply. */
    reply_bulk_text(reply, "Some real reply following the push reply");
}

static void verbatim_value(struct reply *reply)
{
    reply_verbatim(reply, "txt", SLICE("This is a verbatim\nstring"));
}

static void true_value(struct reply *reply)
{
    reply_bool(reply, true);
}

static void false_value(struct reply *reply)
{
    reply_bool(reply, false);
}

static void big_number_value(struct reply *reply)
{
    reply_big_number(reply, SLICE("1234567999999999999999999999999999999"));
}

void debug_protocol(struct session_call *call)
{
    static const struct {
        const char *word;
        void (*reply)(struct reply *reply);
    } kinds[] = {
        {"STRING", string_value},     {"INTEGER", integer_value},  {"DOUBLE", double_value},
        {"NULL", null_value},         {"ARRAY", array_value},      {"SET", set_value},
        {"MAP", map_value},           {"ATTRIB", attribute_value}, {"PUSH", push_value},
        {"VERBATIM", verbatim_value}, {"TRUE", true_value},        {"FALSE", false_value},
        {"BIGNUM", big_number_value},
    };
    if (call->argc != 3) {
        reply_unknown_subcommand(call, "DEBUG");
        return;
    }
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (!word_is(call->argv[2], kinds[i].word)) continue;
        kinds[i].reply(&call->reply);
        return;
    }
    reply_error(&call->reply, "ERR Wrong protocol type name. Please use one of the following: "
                              "string|integer|double|null|array|set|map|attrib|push|verbatim|true|"
                              "false|bignum");
}
