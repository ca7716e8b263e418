/*
 * registry.h -- the cluster's own data: who belongs to it, and which nodes shall hold each shard.
 *
 * Pure. It changes by events, which are entries in the log of the root group, applied in turn by
 * every replica; each that changes something raises the epoch by one. What it says of shards is
 * what shall be: the shards' leaders make it so (lane/keeper.c), and what is comes back in reports,
 * which are not in here (planner.h).
 *
 * It is kept as rows (registry_rows), small and independent, as fields of one hash in the root
 * shard's store; and copied whole (registry_write) to every lane of every node.
 *
 * Invariants, which registry_check asserts:
 *   G1  node numbers rise and are never given twice, not those of removed members either.
 *   G2  a shard has 1 … REGISTRY_REPLICAS_MAX desired voters, which are members and not removed,
 *       once the cluster is formed.
 *   G3  a member that is desired nowhere and LEAVING may become REMOVED; one that is desired
 *       somewhere may not, unless it is forced.
 *   G4  the epoch rises with each change, and equal epochs of one cluster are equal bytes.
 */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/cursor.h"
#include "base/fault.h"

enum {
    REGISTRY_REPLICAS_MAX = 5,
    REGISTRY_ADDRESS_BYTES_MAX = 63,
    REGISTRY_LABEL_BYTES_MAX = 63,
    REGISTRY_VERSION_BYTES_MAX = 31,
    REGISTRY_EVENT_BYTES_MAX = 64 << 10,
    REGISTRY_ROW_NAME_BYTES_MAX = 63,
    REGISTRY_FORM_MEMBERS_MAX = 9,
    REGISTRY_MEMBERS_EVER_MAX = 4096 /* with removed ones, whose oldest are forgotten */
};

enum member_state {
    MEMBER_JOINING = 1, /* has its number; not seen yet */
    MEMBER_ALIVE,
    MEMBER_LEAVING, /* its shards move away */
    MEMBER_DEAD,    /* others say so; its shards are repaired after a while */
    MEMBER_REMOVED  /* refused for ever */
};

enum registry_setting_id {
#define REGISTRY_SETTING(id, ...) REGISTRY_SETTING_##id,
#include "core/registry/registry_setting.def"
#undef REGISTRY_SETTING
    REGISTRY_SETTINGS_COUNT
};

struct registry_text { /* of at most 63 bytes, zero-terminated */
    char bytes[64];
};

struct registry_member {
    node_id node;
    enum member_state state;
    int64_t since_ms; /* in that state; Unix time of the event */
    struct registry_text peer_host, client_host, host, zone, version;
    uint16_t peer_port, client_port; /* of lane 0 */
    uint32_t lanes_count;
    uint32_t weight; /* 100: usual. Placement is in proportion to lanes × weight, within memory */
    uint64_t memory_bytes, disk_bytes;
};

struct registry_shard {                    /* what shall be */
    node_id voters[REGISTRY_REPLICAS_MAX]; /* by rising node */
    uint32_t voters_count;
    node_id leader; /* preferred; NODE_NONE: whoever */
    uint64_t epoch; /* of the registry when this was decided. Of an event: of the place that it is
                       to replace, so that one overtaken changes nothing; 0: whatever it is */
    uint8_t why;    /* enum planner_reason, of the last change */
};

struct registry; /* opaque */

struct registry *registry_new(void); /* not formed, epoch 0; ends with registry_free */
void registry_free(struct registry *registry);
void registry_check(const struct registry *registry);

/* --- events ---------------------------------------------------------------------------------- */

enum registry_event_kind {
    REGISTRY_FORM = 1, /* cluster, shards_count, the first member (or several), all desired there */
                       /* with numbers of their own, rising; alive */
    REGISTRY_JOIN,     /* a new member; its number is registry_next_node */
    REGISTRY_MEMBER_FACTS, /* addresses, lanes, labels … of a member have changed */
    REGISTRY_MEMBER_STATE, /* alive, dead, leaving, removed */
    REGISTRY_PLACE,        /* what a shard (or the root) shall have */
    REGISTRY_SETTING       /* a name and a value: see registry_setting.def */
};

struct registry_event {
    enum registry_event_kind kind;
    int64_t now_ms;        /* Unix time */
    uint64_t cluster;      /* of FORM */
    uint32_t shards_count; /* of FORM */
    uint32_t replicas;     /* of FORM: desired of each shard, while there are so many nodes */
    struct registry_member *members; /* of FORM (count), JOIN and MEMBER_FACTS (1); borrowed */
    uint32_t members_count;
    node_id node; /* of MEMBER_STATE */
    enum member_state state;
    bool force;
    shard_id shard; /* of PLACE; SHARD_ROOT: the voters of the root */
    struct registry_shard place;
    uint32_t setting; /* of SETTING: enum registry_setting_id */
    int64_t value;
};

void registry_event_write(const struct registry_event *event, struct buffer *out);
/* What it points to lives in `arena`. False: it is no event. Any bytes may come. */
MUST_USE bool registry_event_read(struct slice bytes, struct arena *arena,
                                  struct registry_event *event);
/* May it be applied now? ERR_EXISTS, ERR_NOT_FOUND, ERR_LIMIT, ERR_USAGE with words for a person.
 */
MUST_USE enum err registry_may(const struct registry *registry, const struct registry_event *event,
                               struct fault *fault);
/* One that may not be applied changes nothing: it was overtaken. */
void registry_step(struct registry *registry, const struct registry_event *event);

/* --- bytes ----------------------------------------------------------------------------------- */

void registry_write(const struct registry *registry, struct buffer *out); /* all of it */
/* NULL: not such bytes. */
MUST_USE struct registry *registry_read(struct slice bytes);

/* Rows: what the last step has changed, one (name, bytes) each; bytes of len 0: the row goes. And
 * back: rows in any order, then registry_rows_end, which may refuse. */
typedef void (*registry_row_visit)(void *context, struct slice name, struct slice bytes);
void registry_changed_rows(const struct registry *registry, registry_row_visit visit,
                           void *context);
MUST_USE bool registry_row_load(struct registry *registry, struct slice name, struct slice bytes);
MUST_USE bool registry_rows_end(struct registry *registry);
/* Are the bytes of the row "cluster" those of this registry? It changes with each event. */
bool registry_is_cluster_row(const struct registry *registry, struct slice bytes);

/* --- readers --------------------------------------------------------------------------------- */

uint64_t registry_epoch(const struct registry *registry); /* 0: not formed */
uint64_t registry_cluster(const struct registry *registry);
uint32_t registry_shards_count(const struct registry *registry);
uint32_t registry_replicas(const struct registry *registry);
node_id registry_next_node(const struct registry *registry);
uint32_t registry_members_count(const struct registry *registry); /* removed ones too */
const struct registry_member *registry_member_at(const struct registry *registry, uint32_t i);
const struct registry_member *registry_member(const struct registry *registry, node_id node);
/* Of SHARD_ROOT too. */
const struct registry_shard *registry_shard(const struct registry *registry, shard_id shard);
bool registry_shall_hold(const struct registry *registry, shard_id shard, node_id node);
int64_t registry_setting(const struct registry *registry, uint32_t setting);
bool registry_is_desired(const struct registry *registry, node_id node); /* anywhere */
/* Was a number given to it, and is it no member any more? Also when it was forgotten. */
bool registry_is_removed(const struct registry *registry, node_id node);

/* Who of the members that may be there -- joining, alive or leaving -- has one of the ports for
 * other nodes that `place` says, at the same host; `place->node` is passed over. NULL: nobody. */
const struct registry_member *registry_at_place(const struct registry *registry,
                                                const struct registry_member *place);

struct registry_setting_row {
    const char *name, *help;
    int64_t standard, low, high, simulate_low, simulate_high;
};
const struct registry_setting_row *registry_setting_row(uint32_t setting); /* NULL: none such */
const char *member_state_text(enum member_state state);                    /* "alive" … */
bool registry_text_set(struct registry_text *text, struct slice bytes); /* false: too long, or 0 */
