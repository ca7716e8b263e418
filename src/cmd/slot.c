/* slot.c -- CLUSTER COUNTKEYSINSLOT and GETKEYSINSLOT: a walk over the shard that has the slot. */
#include "base/crc.h"
#include "cmd/handlers.h"

struct slot_walk {
    uint32_t slot;
    uint64_t count, most;
    struct reply *reply; /* NULL: they are only counted */
};

static void look(void *context, struct entry *entry)
{
    struct slot_walk *walk = context;
    struct slice key = entry_key(entry);
    if (walk->count == walk->most || slot_of_key(key) != walk->slot) return;
    if (walk->reply != NULL) reply_bulk(walk->reply, key);
    walk->count++;
}

static void walk_all(const struct call *call, struct slot_walk *walk)
{
    uint64_t cursor = 0;
    if (walk->most == 0) return;
    do {
        cursor = store_scan(call->store, call->database, cursor, look, walk);
    } while (cursor != 0 && walk->count < walk->most);
}

void cmd_cluster_countkeysinslot(struct call *call)
{
    int64_t slot;
    if (!call_integer(call, 2, &slot)) return;
    if (slot < 0 || slot >= KEY_SLOTS) {
        reply_error(&call->reply, "ERR Invalid slot");
        return;
    }
    struct slot_walk walk = {.slot = (uint32_t)slot, .most = UINT64_MAX};
    walk_all(call, &walk);
    reply_integer(&call->reply, (int64_t)walk.count);
}

void cmd_cluster_getkeysinslot(struct call *call)
{
    int64_t slot, most;
    if (!call_integer(call, 2, &slot) || !call_integer(call, 3, &most)) return;
    if (slot < 0 || slot >= KEY_SLOTS || most < 0) {
        reply_error(&call->reply, "ERR Invalid slot or number of keys");
        return;
    }
    struct slot_walk walk = {.slot = (uint32_t)slot, .most = (uint64_t)most, .reply = &call->reply};
    size_t opened = reply_open(&call->reply);
    walk_all(call, &walk);
    reply_close_array(&call->reply, opened, walk.count);
}
