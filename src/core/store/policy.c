/*
 * policy.c -- consistency by prefix. See policy.h.
 *
 * What stays true:
 *   [I1] Policy 0 has the empty prefix; no two have the same; every prefix's length is in
 * `lengths`. [I2] With several policies, of which some are caches: used_bytes of each is what the
 * heap grew by while it was `accounted` for this store. With the root alone nothing is counted, and
 * the heap's own figures are the root's. What stores that share a room have under one prefix is
 * added up in its total. [I3] Queues of a cache policy have an id for each of its keys.
 */
#include "core/store/policy_impl.h"
#include "core/store/store_over.h"

const char *policy_mode_text(enum policy_mode mode)
{
    switch (mode) {
    case POLICY_STRONG: return "strong";
    case POLICY_CACHE: return "cache";
    }
    UNREACHABLE("a mode");
}

/* --- finding --------------------------------------------------------------------------------- */

static struct policy_state *state_at(const struct store *store, uint32_t policy)
{
    ASSERT(policy < store->policies->count);
    return &store->policies->states[policy];
}

bool store_policy_find(const struct store *store, struct slice prefix, uint32_t *policy)
{
    if (UNLIKELY(store->parts != NULL)) store = store_part_first(store);
    const struct policies *policies = store->policies;
    uint64_t slot = hash_bytes(&store->shared->room.secret, prefix) % POLICY_SLOTS;
    for (; policies->slots[slot] != 0; slot = (slot + 1) % POLICY_SLOTS) {
        uint32_t index = policies->slots[slot] - 1u;
        if (!slice_eq(policies->states[index].policy.prefix, prefix)) continue;
        *policy = index;
        return true;
    }
    return false;
}

uint32_t store_policy_of(const struct store *store, struct slice key)
{
    if (UNLIKELY(store->parts != NULL)) store = store_part_first(store);
    const struct policies *policies = store->policies;
    uint32_t policy = 0;
    if (policies->count == 1) return 0;
    for (uint32_t i = 0; i < policies->lengths_count; i++) { /* longest first */
        size_t len = policies->lengths[i];
        if (len > key.len) continue;
        if (store_policy_find(store, slice_of(key.data, len), &policy)) return policy;
    }
    return 0;
}

bool store_policy_is_uniform(const struct store *store)
{
    if (UNLIKELY(store->parts != NULL)) store = store_part_first(store);
    return store->policies->count == 1;
}

enum policy_mode store_policy_mode(const struct store *store, uint32_t policy)
{
    if (UNLIKELY(store->parts != NULL)) store = store_part_first(store);
    return state_at(store, policy)->policy.mode;
}

uint32_t store_policy_count(const struct store *store)
{
    if (UNLIKELY(store->parts != NULL)) store = store_part_first(store);
    return store->policies->count;
}

static int lengths_longest_first(const void *a, const void *b)
{
    return (int)*(const uint16_t *)b - (int)*(const uint16_t *)a;
}

static void policies_index(struct store *store)
{
    struct policies *policies = store->policies;
    memset(policies->slots, 0, sizeof policies->slots);
    policies->lengths_count = 0;
    for (uint32_t i = 0; i < policies->count; i++) { /* [I1] */
        struct slice prefix = policies->states[i].policy.prefix;
        uint64_t slot = hash_bytes(&store->shared->room.secret, prefix) % POLICY_SLOTS;
        while (policies->slots[slot] != 0) slot = (slot + 1) % POLICY_SLOTS;
        policies->slots[slot] = (uint16_t)(i + 1);
        bool is_known = false;
        for (uint32_t k = 0; k < policies->lengths_count; k++) {
            is_known |= policies->lengths[k] == prefix.len;
        }
        if (!is_known) policies->lengths[policies->lengths_count++] = (uint16_t)prefix.len;
    }
    qsort(policies->lengths, policies->lengths_count, sizeof policies->lengths[0],
          lengths_longest_first);
}

/* --- counting -------------------------------------------------------------------------------- */

/* What the heap holds by now is counted. */
static void policy_settle(struct shared *shared)
{
    uint64_t now = shared->room.heap.used_bytes, before = shared->accounted_bytes;
    shared->accounted_bytes = now;
    if (shared->accounted_for == NULL) return;
    const struct policies *policies = shared->accounted_for->policies;
    if (shared->accounted >= policies->count) return;
    struct policy_state *state = &policies->states[shared->accounted]; /* [I2] */
    uint64_t had = state->used_bytes;
    state->used_bytes = had + now > before ? had + now - before : 0;
    state->total->used_bytes = state->total->used_bytes + state->used_bytes - had;
}

/* What the heap grows by from here on is nobody's. */
void policy_account_nobody(struct shared *shared)
{
    policy_settle(shared);
    shared->accounted_for = NULL;
}

void policy_account(struct store *store, uint32_t policy)
{
    struct shared *shared = store->shared;
    if (shared->accounted_for == store && shared->accounted == policy) return;
    policy_settle(shared);
    shared->accounted_for = store;
    shared->accounted = policy;
}

void policy_account_key(struct store *store, struct slice key)
{
    if (store->accounts && store->policies->count > 1) {
        policy_account(store, store_policy_of(store, key));
    } else if (store->shared->accounted_for != NULL) {
        policy_account_nobody(store->shared);
    }
}

uint32_t policy_accounted(const struct store *store)
{
    return store->shared->accounted_for == store ? store->shared->accounted : POLICY_NONE;
}

void policy_key_added(struct store *store, struct found *found)
{
    struct policy_state *state = state_at(store, store_policy_of(store, entry_key(found->entry)));
    found->entry->cache = state->policy.mode == POLICY_CACHE;
    if (!found->entry->cache) return;
    state->keys_count++;
    state->total->keys_count++;
    evict_key_added(store, state, found); /* [I3] */
}

void policy_key_removed(struct store *store, const struct entry *entry)
{
    struct policy_state *state = state_at(store, store_policy_of(store, entry_key(entry)));
    if (state->keys_count == 0) return;
    state->keys_count--;
    state->total->keys_count--;
}

uint64_t policy_used_bytes(const struct store *store, uint32_t policy)
{
    if (store->policies->count == 1) return store->shared->room.heap.used_bytes;
    policy_settle(store->shared);
    return store->policies->states[policy].total->used_bytes;
}

const struct policy *store_policy(const struct store *store, uint32_t policy)
{
    if (UNLIKELY(store->parts != NULL)) store = store_part_first(store);
    struct policy_state *state = state_at(store, policy);
    struct policy *it = &state->policy;
    if (it->mode != POLICY_CACHE) return it;
    it->used_bytes = policy_used_bytes(store, policy);
    it->keys_count = state->total->keys_count;
    return it;
}

int64_t policy_expiry_ms(const struct store *store, struct slice key)
{
    uint64_t ttl_seconds = state_at(store, store_policy_of(store, key))->policy.ttl_seconds;
    if (ttl_seconds == 0) return STORE_NO_EXPIRY;
    uint64_t ttl_ms = u64_min(ttl_seconds, INT64_MAX / 1000 / 2) * 1000;
    return store->now_ms + (int64_t)ttl_ms;
}

/* --- changing -------------------------------------------------------------------------------- */

static struct policy_total *total_of(struct shared *shared, struct slice prefix)
{
    struct policy_total *total = shared->totals;
    ASSERT(prefix.data != NULL || prefix.len == 0);
    while (total != NULL && !slice_eq(slice_of(total->prefix, total->prefix_len), prefix)) {
        total = total->next;
    }
    if (total == NULL) {
        total = heap_take_zeroed(&shared->room.heap, sizeof *total + prefix.len);
        total->prefix_len = (uint32_t)prefix.len;
        if (prefix.len > 0) bytes_copy(total->prefix, prefix);
        total->next = shared->totals;
        shared->totals = total;
    }
    total->users_count++;
    return total;
}

static void total_leave(struct shared *shared, struct policy_total *total)
{
    if (--total->users_count > 0) return;
    struct policy_total **at = &shared->totals;
    while (*at != total) at = &(*at)->next;
    *at = total->next;
    heap_give(&shared->room.heap, total, sizeof *total + total->prefix_len);
}

static void state_forget_keys(struct store *store, struct policy_state *state)
{
    struct heap *heap = &store->shared->room.heap;
    hash_queue_release(&state->fresh, heap);
    hash_queue_release(&state->main, heap);
    hash_ghost_release(&state->ghost, heap);
    state->pool.count = 0;
    state->total->used_bytes -= state->used_bytes;
    state->total->keys_count -= state->keys_count;
    state->used_bytes = 0;
    state->keys_count = 0;
    state->policy.used_bytes = 0;
    state->policy.keys_count = 0;
}

static void database_count(struct store *store, struct database *database)
{
    struct table_walk walk = {0};
    for (struct entry *entry; (entry = table_walk_next(&database->table, &walk)) != NULL;) {
        if (!entry->cache) continue;
        struct found found = {.database = database, .hash = entry_hash(store, entry)};
        found.entry = entry;
        entry->s3_main = 0;
        entry->s3_frequency = 0;
        policy_key_added(store, &found);
        struct policy_state *state = state_at(store, store_policy_of(store, entry_key(entry)));
        uint64_t bytes = entry_bytes(store, entry);
        state->used_bytes += bytes;
        state->total->used_bytes += bytes;
    }
}

static void trash_is_nobodys(struct store *store)
{
    for (uint64_t i = 0; i < store->trash.objects_count; i++) {
        store->trash.objects[i].policy = POLICY_NONE;
    }
}

void policies_forget_keys(struct store *store)
{
    policy_account_nobody(store->shared);
    for (uint32_t i = 0; i < store->policies->count; i++) {
        state_forget_keys(store, &store->policies->states[i]);
    }
    store->policies->pool.count = 0;
    trash_is_nobodys(store);
    store->shared->accounted_bytes = store->shared->room.heap.used_bytes;
}

/* After policies have changed: which keys are whose, from the keys themselves. */
static void policies_count_again(struct store *store)
{
    struct policies *policies = store->policies;
    bool had_caches = store->accounts;
    policies_index(store);
    policy_account_nobody(store->shared); /* nor what the counting takes */
    store->shared->accounts_count -= store->accounts;
    store->accounts = store->notes_s3_frequency = store->notes_frequency = false;
    store->gives_ttl = false;
    for (uint32_t i = 0; i < policies->count; i++) {
        struct policy_state *state = &policies->states[i];
        state_forget_keys(store, state);
        store->gives_ttl |= state->policy.ttl_seconds > 0;
        if (state->policy.mode != POLICY_CACHE) continue;
        store->accounts = true;
        store->notes_s3_frequency |= state->policy.evict == EVICT_S3FIFO;
        store->notes_frequency |= state->policy.evict == EVICT_LFU;
    }
    trash_is_nobodys(store);
    store->shared->accounts_count += store->accounts;
    policies->pool.count = 0;
    if (had_caches) {
        for (uint32_t i = 0; i < STORE_DATABASES; i++) database_count(store, store->databases[i]);
    }
    store->shared->accounted_bytes = store->shared->room.heap.used_bytes;
}

/* Keys that a policy of this prefix would get, or has, other than the wanted mode. Those whose time
 * is over do not count, and go. The name of one of them is copied to `example`. */
struct conflict {
    uint32_t policy; /* that has them now */
    struct slice prefix;
    uint64_t count;
    char example[128];
};

static void conflict_note(struct conflict *conflict, struct slice key)
{
    if (conflict->count++ > 0) return;
    size_t len = u64_min(key.len, sizeof conflict->example - 1);
    memcpy(conflict->example, key.data, len);
    conflict->example[len] = '\0';
}

static void database_find_conflicts(struct store *store, uint32_t database,
                                    struct conflict *conflict)
{
    struct buffer expired = {0}; /* addresses of entries */
    struct table_walk walk = {0};
    const struct table *table = &store->databases[database]->table;
    for (struct entry *entry; (entry = table_walk_next(table, &walk)) != NULL;) {
        struct slice key = entry_key(entry);
        if (!slice_starts_with(key, conflict->prefix)) continue;
        if (store_policy_of(store, key) != conflict->policy) continue;
        if (entry_is_expired(store, entry)) {
            uintptr_t address = (uintptr_t)entry;
            buffer_append(&expired, slice_of(&address, sizeof address));
        } else {
            conflict_note(conflict, key);
        }
    }
    for (size_t i = 0; i < expired.len; i += sizeof(uintptr_t)) {
        uintptr_t address;
        memcpy(&address, expired.data + i, sizeof address);
        struct found found;
        store_found_again(store, database, (struct entry *)address, &found);
        store_tell(store, STORE_DROP_EXPIRED, &found);
        store_remove(store, &found);
    }
    buffer_free(&expired);
}

/* May the keys under `prefix` that are policy `from`'s be in this mode? */
static enum err mode_change_check(struct store *store, uint32_t from, struct slice prefix,
                                  enum policy_mode mode, struct fault *fault)
{
    if (store_policy_mode(store, from) == mode) return ERR_OK;
    struct conflict conflict = {.policy = from, .prefix = prefix};
    for (uint32_t i = 0; i < STORE_DATABASES; i++) database_find_conflicts(store, i, &conflict);
    if (conflict.count == 0) return ERR_OK;
    return fault_set(
        fault, ERR_EXISTS,
        "of the keys under it %llu would have to go from %s to %s, such as '%s'; delete them "
        "first",
        (unsigned long long)conflict.count, policy_mode_text(store_policy_mode(store, from)),
        policy_mode_text(mode), conflict.example);
}

static struct policy_state *states_push(struct store *store)
{
    struct policies *policies = store->policies;
    policy_account_nobody(store->shared); /* they are known by number */
    if (policies->count == policies->capacity) {
        uint32_t had = policies->capacity, capacity = had == 0 ? 1 : had * 2;
        policies->states =
            heap_resize(&store->shared->room.heap, policies->states, had * sizeof *policies->states,
                        capacity * sizeof *policies->states);
        policies->capacity = capacity;
    }
    struct policy_state *state = &policies->states[policies->count++];
    *state = (struct policy_state){0};
    return state;
}

static void state_set(struct store *store, struct policy_state *state, const struct policy *policy)
{
    struct slice prefix = state->policy.prefix;
    if (prefix.data == NULL && policy->prefix.len > 0) {
        uint8_t *copy = heap_take(&store->shared->room.heap, policy->prefix.len);
        memcpy(copy, policy->prefix.data, policy->prefix.len);
        prefix = slice_of(copy, policy->prefix.len);
    }
    state->policy = *policy;
    state->policy.prefix = prefix;
    if (state->total == NULL) state->total = total_of(store->shared, prefix);
}

/* May it be made or changed? Keys whose time is over may go by asking. */
static enum err put_check(struct store *store, const struct policy *policy, struct fault *fault)
{
    struct policies *policies = store->policies;
    uint32_t index;
    if (policy->prefix.len > POLICY_PREFIX_BYTES_MAX) {
        return fault_set(fault, ERR_LIMIT, "the prefix has %zu bytes; %d are the most",
                         policy->prefix.len, POLICY_PREFIX_BYTES_MAX);
    }
    bool is_new = !store_policy_find(store, policy->prefix, &index);
    if (is_new && policies->count == POLICY_COUNT_MAX) {
        return fault_set(fault, ERR_LIMIT, "there are %d policies already; delete one first",
                         POLICY_COUNT_MAX);
    }
    uint32_t from = is_new ? store_policy_of(store, policy->prefix) : index;
    return mode_change_check(store, from, policy->prefix, policy->mode, fault);
}

static void policy_put(struct store *store, const struct policy *policy)
{
    uint32_t index;
    bool is_new = !store_policy_find(store, policy->prefix, &index);
    state_set(store, is_new ? states_push(store) : &store->policies->states[index], policy);
    policies_count_again(store);
}

static enum err drop_check(struct store *store, struct slice prefix, struct fault *fault)
{
    uint32_t index;
    if (!store_policy_find(store, prefix, &index)) {
        return fault_set(fault, ERR_NOT_FOUND, "no policy has the prefix '%.*s'", (int)prefix.len,
                         (const char *)prefix.data);
    }
    if (index == 0) {
        return fault_set(fault, ERR_USAGE,
                         "the root policy cannot be deleted; set it to another mode instead");
    }
    struct slice shorter = slice_of(prefix.data, prefix.len - 1);
    enum policy_mode mode = store_policy_mode(store, store_policy_of(store, shorter));
    return mode_change_check(store, index, prefix, mode, fault);
}

static void policy_drop(struct store *store, struct slice prefix)
{
    struct policies *policies = store->policies;
    uint32_t index;
    bool is_there = store_policy_find(store, prefix, &index);
    ASSERT(is_there);
    struct policy_state *state = &policies->states[index];
    policy_account_nobody(store->shared);
    state_forget_keys(store, state);
    total_leave(store->shared, state->total);
    heap_give(&store->shared->room.heap, (void *)(uintptr_t)state->policy.prefix.data, prefix.len);
    policies->count--;
    memmove(state, state + 1, (policies->count - index) * sizeof *state);
    policies_count_again(store);
}

enum err store_policy_set(struct store *store, const struct policy *policy, struct fault *fault)
{
    uint32_t at = 0;
    enum err err = ERR_OK;
    if (store->parts == NULL) {
        err = put_check(store, policy, fault);
        if (err == ERR_OK) policy_put(store, policy);
        return err;
    }
    for (struct store *part; (part = store_over_next(store, &at)) != NULL && err == ERR_OK;) {
        err = put_check(part, policy, fault);
    }
    if (err != ERR_OK) return err;
    at = 0;
    for (struct store *part; (part = store_over_next(store, &at)) != NULL;)
        policy_put(part, policy);
    return ERR_OK;
}

enum err store_policy_delete(struct store *store, struct slice prefix, struct fault *fault)
{
    uint32_t at = 0;
    enum err err = ERR_OK;
    if (store->parts == NULL) {
        err = drop_check(store, prefix, fault);
        if (err == ERR_OK) policy_drop(store, prefix);
        return err;
    }
    for (struct store *part; (part = store_over_next(store, &at)) != NULL && err == ERR_OK;) {
        err = drop_check(part, prefix, fault);
    }
    if (err != ERR_OK) return err;
    at = 0;
    for (struct store *part; (part = store_over_next(store, &at)) != NULL;)
        policy_drop(part, prefix);
    return ERR_OK;
}

void policies_new(struct store *store)
{
    store->policies = heap_take_zeroed(&store->shared->room.heap, sizeof *store->policies);
    state_set(store, states_push(store),
              &(struct policy){.mode = POLICY_STRONG, .evict = EVICT_S3FIFO});
    policies_count_again(store);
}

void policies_free(struct store *store)
{
    struct policies *policies = store->policies;
    struct heap *heap = &store->shared->room.heap;
    policy_account_nobody(store->shared);
    store->shared->accounts_count -= store->accounts;
    for (uint32_t i = 0; i < policies->count; i++) {
        struct slice prefix = policies->states[i].policy.prefix;
        state_forget_keys(store, &policies->states[i]);
        total_leave(store->shared, policies->states[i].total);
        if (prefix.data != NULL) heap_give(heap, (void *)(uintptr_t)prefix.data, prefix.len);
    }
    heap_give(heap, policies->states, policies->capacity * sizeof *policies->states);
    heap_give(heap, policies, sizeof *policies);
}
