/* safety.c -- see safety.h. */
#include "sim/safety.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "core/raft/raft.h"
#include "lane/replica.h"

enum { DIGEST_EACH = 32 /* positions */, HASH_SEED = 1, DIGESTS_KEPT = 64 };
enum { GROUPS_MAX = SIM_SHARDS_MAX + 1 };

struct agreed { /* an entry that some host has committed */
    uint64_t term, hash;
    uint32_t host; /* who showed it first */
};

struct led { /* a term and who leads in it */
    uint64_t term;
    uint32_t host;
};

struct digested {
    uint64_t index;
    uint32_t host;
    uint8_t digest[DIGEST_BYTES];
};

struct standing { /* while it is the same, there is nothing new to check */
    enum raft_role role;
    uint64_t term, last, commit;
};

struct seen {      /* of one host's replica, while its node lives and has it */
    uint64_t turn; /* when it was last here; 0: never */
    uint32_t lane;
    uint64_t commit;
    uint64_t compared; /* entries up to here are compared */
    uint64_t led_term; /* the last in which it was seen to lead */
    uint64_t digested; /* the last position */
    struct standing standing;
};

struct group {
    struct buffer agreed;                  /* of struct agreed; the first is index 1 */
    struct buffer led;                     /* of struct led, rising */
    struct digested digests[DIGESTS_KEPT]; /* a ring by position */
    struct seen seen[SIM_HOSTS_MAX];
    struct raft_hard promised[SIM_HOSTS_MAX]; /* by each host, and durable; all their lives long */
};

struct safety {
    struct hash_secret secret;
    struct group groups[GROUPS_MAX]; /* by shard; the root is the last */
    uint64_t turns_count;
};

struct looking { /* at one replica */
    struct safety *safety;
    struct sim *sim;
    struct group *group;
    struct seen *seen;
    struct lane *lane;
    struct shard *shard;
    const struct raft *raft;
    uint32_t host, number; /* of the shard */
};

struct safety *safety_new(void)
{
    struct safety *safety = (struct safety *)calloc(1, sizeof *safety);
    ASSERT(safety != NULL);
    hash_secret_fill(&safety->secret, HASH_SEED);
    return safety;
}

void safety_free(struct safety *safety)
{
    if (safety == NULL) return;
    for (size_t i = 0; i < GROUPS_MAX; i++) {
        buffer_free(&safety->groups[i].agreed);
        buffer_free(&safety->groups[i].led);
    }
    free(safety);
}

void safety_gone(struct safety *safety, uint32_t host)
{
    for (size_t i = 0; i < GROUPS_MAX; i++) safety->groups[i].seen[host] = (struct seen){0};
}

static struct agreed *agreed_at(struct group *group, uint64_t index)
{
    return (struct agreed *)(void *)group->agreed.data + (index - 1);
}

static uint64_t agreed_count(const struct group *group)
{
    return group->agreed.len / sizeof(struct agreed);
}

/* --- elections ------------------------------------------------------------------------------- */

static void check_only_leader(struct looking *looking, uint64_t term)
{
    struct buffer *led = &looking->group->led;
    struct led *all = (struct led *)(void *)led->data;
    size_t at = led->len / sizeof *all;
    while (at > 0 && all[at - 1].term > term) at--;
    if (at > 0 && all[at - 1].term == term) {
        if (all[at - 1].host == looking->host) return;
        sim_fail(looking->sim, "election safety", "hosts %u and %u both lead shard %u in term %llu",
                 all[at - 1].host + 1, looking->host + 1, looking->number,
                 (unsigned long long)term);
        return;
    }
    struct led new = {term, looking->host};
    (void)buffer_reserve(led, sizeof new);
    all = (struct led *)(void *)led->data;
    memmove(all + at + 1, all + at, led->len - at * sizeof new);
    all[at] = new;
    led->len += sizeof new;
}

/* What was committed in earlier terms, as far as somebody has shown it, is in its log. */
static void check_completeness(struct looking *looking, uint64_t term)
{
    struct group *group = looking->group;
    uint64_t index = agreed_count(group), has = 0;
    while (index > 0 && agreed_at(group, index)->term >= term) index--;
    if (index == 0) return;
    const struct agreed *agreed = agreed_at(group, index);
    bool known = raft_term_at(looking->raft, index, &has);
    if (raft_last(looking->raft).index >= index && (!known || has == agreed->term)) return;
    sim_fail(looking->sim, "leader completeness",
             "host %u leads shard %u in term %llu without entry %llu of term %llu, which was "
             "committed; its last is %llu",
             looking->host + 1, looking->number, (unsigned long long)term,
             (unsigned long long)index, (unsigned long long)agreed->term,
             (unsigned long long)raft_last(looking->raft).index);
}

static void check_leader(struct looking *looking)
{
    uint64_t term = raft_term(looking->raft);
    if (raft_role(looking->raft) != RAFT_LEADER || term == looking->seen->led_term) return;
    looking->seen->led_term = term;
    check_only_leader(looking, term);
    check_completeness(looking, term);
}

/* What was durable is kept, but by who has lost it and knows. */
static void check_promise(struct looking *looking)
{
    struct raft_hard *promised = &looking->group->promised[looking->host], now;
    bool durable = raft_hard(looking->raft, &now);
    bool other =
        now.term == promised->term && promised->vote.n != 0 && !node_eq(now.vote, promised->vote);
    if (!now.recovering && (now.term < promised->term || other)) {
        sim_fail(looking->sim, "promises",
                 "host %u, shard %u, has voted for %u in term %llu; now it is in term %llu, and "
                 "its vote is for %u",
                 looking->host + 1, looking->number, promised->vote.n,
                 (unsigned long long)promised->term, (unsigned long long)now.term, now.vote.n);
    }
    if (durable || now.recovering) *promised = now;
}

/* --- entries --------------------------------------------------------------------------------- */

static void check_entry(struct looking *looking, const struct raft_entry *entry)
{
    struct group *group = looking->group;
    uint64_t hash = hash_bytes(&looking->safety->secret, entry->payload) ^ (uint64_t)entry->kind;
    uint64_t index = entry->pos.index;
    struct agreed new = {entry->pos.term, hash, looking->host};
    if (index == agreed_count(group) + 1) {
        buffer_append(&group->agreed, slice_of(&new, sizeof new));
        return;
    }
    if (index > agreed_count(group)) { /* those between were gone before they were shown */
        struct agreed unknown = {0};
        while (agreed_count(group) + 1 < index)
            buffer_append(&group->agreed, slice_of(&unknown, sizeof unknown));
        buffer_append(&group->agreed, slice_of(&new, sizeof new));
        return;
    }
    struct agreed *old = agreed_at(group, index);
    if (old->term == 0) *old = new;
    if (old->term == new.term && old->hash == new.hash) return;
    sim_fail(looking->sim, "state machine safety",
             "entry %llu of shard %u is of term %llu on host %u, and of term %llu with other bytes "
             "on host %u; both committed it",
             (unsigned long long)index, looking->number, (unsigned long long)old->term,
             old->host + 1, (unsigned long long)new.term, looking->host + 1);
}

static void check_entries(struct looking *looking)
{
    uint64_t commit = raft_commit(looking->raft);
    struct seen *seen = looking->seen;
    if (commit < seen->commit) {
        sim_fail(looking->sim, "commit", "that of host %u, shard %u went back from %llu to %llu",
                 looking->host + 1, looking->number, (unsigned long long)seen->commit,
                 (unsigned long long)commit);
    }
    seen->commit = commit;
    while (seen->compared < commit) {
        struct raft_span span;
        struct raft_entry entry;
        if (!raft_entries(looking->raft, seen->compared + 1, commit, &span)) {
            seen->compared = commit; /* a snapshot has them */
            return;
        }
        while (raft_span_next(&span, &entry) && entry.pos.index <= commit) {
            check_entry(looking, &entry);
            seen->compared = entry.pos.index;
        }
    }
}

/* --- stores ---------------------------------------------------------------------------------- */

static void check_digest(struct looking *looking, uint64_t index)
{
    struct digested *kept = &looking->group->digests[index / DIGEST_EACH % DIGESTS_KEPT];
    struct digested new = {.index = index, .host = looking->host};
    looking->seen->digested = index;
    shard_digest(looking->shard, new.digest);
    if (kept->index != index) {
        *kept = new;
        return;
    }
    if (memcmp(kept->digest, new.digest, DIGEST_BYTES) == 0) return;
    sim_fail(looking->sim, "equal state",
             "the stores of hosts %u and %u, shard %u, differ, both at entry %llu", kept->host + 1,
             looking->host + 1, looking->number, (unsigned long long)index);
}

/* A leader's store is at the end of its log, a follower's at most at what is committed. */
static void check_store(struct looking *looking)
{
    bool leads = raft_role(looking->raft) == RAFT_LEADER;
    uint64_t index = leads ? raft_last(looking->raft).index : raft_commit(looking->raft);
    if (index == 0 || index % DIGEST_EACH != 0 || index == looking->seen->digested) return;
    /* Who is alone logs no time when a key expires: after a start it is there a little longer. */
    if (!lane_is_replicated(looking->lane)) return;
    /* Who has ceased to lead may have seen more than it knows to be committed. */
    struct shard_replication told;
    shard_tell_replication(looking->shard, &told);
    if (told.applied == index && shard_last(looking->shard) == index) check_digest(looking, index);
}

static bool is_as_before(struct looking *looking)
{
    const struct raft *raft = looking->raft;
    struct standing *before = &looking->seen->standing;
    struct standing now = {raft_role(raft), raft_term(raft), raft_last(raft).index,
                           raft_commit(raft)};
    bool same = before->role == now.role && before->term == now.term && before->last == now.last &&
                before->commit == now.commit;
    *before = now;
    return same;
}

static void look_at(struct looking *looking)
{
    looking->raft = shard_raft(looking->shard);
    check_promise(looking);
    check_store(looking);
    if (is_as_before(looking)) return;
    raft_check(looking->raft);
    check_leader(looking);
    check_entries(looking);
}

/* A replica that was here and is not any more: it is gone with all that it had promised. It may
 * come back, and begins anew: as one that has no vote until it has what the others have. */
static void forget_dropped(struct safety *safety, uint32_t host, uint32_t lane)
{
    for (size_t i = 0; i < GROUPS_MAX; i++) {
        struct seen *seen = &safety->groups[i].seen[host];
        if (seen->turn == 0 || seen->lane != lane || seen->turn == safety->turns_count) continue;
        *seen = (struct seen){0};
        safety->groups[i].promised[host] = (struct raft_hard){0};
    }
}

void safety_turned(struct safety *safety, struct sim *sim, uint32_t host, uint32_t number)
{
    struct node_lane *of = sim_lane(sim, host, number);
    if (of == NULL) return;
    struct lane *lane = node_lane_lane(of);
    safety->turns_count++;
    for (struct shard *shard = lane_shard_first(lane); shard != NULL;
         shard = lane_shard_next(lane, shard)) {
        bool is_root = shard_eq(shard_number(shard), SHARD_ROOT);
        uint32_t at = is_root ? SIM_SHARDS_MAX : shard_number(shard).n;
        ASSERT(at < GROUPS_MAX);
        struct group *group = &safety->groups[at];
        struct seen *seen = &group->seen[host];
        struct looking looking = {safety, sim, group, seen, lane, shard, NULL, host, at};
        seen->turn = safety->turns_count;
        seen->lane = number;
        look_at(&looking);
    }
    forget_dropped(safety, host, number);
}
