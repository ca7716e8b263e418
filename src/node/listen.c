/* listen.c -- see listen.h. */
#include <stdio.h>

#include "node/listen.h"

static enum err add(struct slice word, bool may_fail, uint16_t port, struct listen_place *places,
                    uint32_t *count, struct fault *fault)
{
    if (*count == LISTENERS_MAX) {
        return fault_set(fault, ERR_USAGE, "bind names more than %d addresses", LISTENERS_MAX);
    }
    struct listen_place *place = &places[(*count)++];
    *place = (struct listen_place){.may_fail = may_fail};
    place->address.port = port;
    if (word.len >= sizeof place->address.text) {
        return fault_set(fault, ERR_USAGE, "the address %.*s is longer than %zu bytes",
                         (int)word.len, (const char *)word.data, sizeof place->address.text - 1);
    }
    memcpy(place->address.text, word.data, word.len);
    return ERR_OK;
}

static enum err add_bind(const char *bind, uint16_t port, struct listen_place *places,
                         uint32_t *count, struct fault *fault)
{
    static const char blanks[] = " \t,";
    enum err err = ERR_OK;
    for (const char *at = bind + strspn(bind, blanks); *at != '\0' && err == ERR_OK;) {
        struct slice word = slice_of(at, strcspn(at, blanks));
        at += word.len;
        at += strspn(at, blanks);
        bool may_fail = word.data[0] == '-';
        if (may_fail) word = slice_from(word, 1);
        if (slice_eq(word, SLICE("*"))) word = SLICE("0.0.0.0");
        if (slice_eq(word, SLICE("::*"))) word = SLICE("::");
        err = add(word, may_fail, port, places, count, fault);
    }
    return err;
}

enum err listen_places(const struct config *config, struct listen_place *places, uint32_t *count,
                       struct fault *fault)
{
    *count = 0;
    uint16_t port = (uint16_t)config_integer(config, SETTING_PORT);
    const char *socket = config_text(config, SETTING_UNIXSOCKET);
    enum err err = ERR_OK;
    if (port != 0) err = add_bind(config_text(config, SETTING_BIND), port, places, count, fault);
    if (err == ERR_OK && *socket != '\0') {
        err = add(slice_text(socket), false, 0, places, count, fault);
    }
    if (err == ERR_OK && *count == 0) {
        return fault_set(fault, ERR_USAGE,
                         "there is nothing to listen on: give bind and port, or unixsocket");
    }
    return err;
}
