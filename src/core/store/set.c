/*
 * set.c
 *
 * Invariants:
 *   I1  every member is there once, and in one form: integers in order, a pack, or a hash table.
 *   I2  a set of integers holds only what prints back as the member it was.
 *   I3  a form is left for a larger one, never for a smaller.
 */
#include "core/store/set.h"

#include "core/store/intset.h"
#include "core/store/pack.h"
#include "core/store/sized.h"

enum form { FORM_INTEGERS, FORM_PACK, FORM_TABLE };

struct big {
    struct table members; /* of sized bytes */
    uint64_t members_bytes;
};

struct set {
    enum form form;
    union {
        struct intset integers;
        struct pack *pack;
        struct big *big;
    };
};

/* --- members of a hash table ------------------------------------------------------------------ */

static uint64_t member_hash(const struct table *table, const void *item)
{
    const struct room *room = table->owner;
    return hash_bytes(&room->secret, sized_bytes(item));
}

static const struct table_kind members_kind = {.hash = member_hash};

static inline bool member_is(const void *item, const void *wanted)
{
    return slice_eq(sized_bytes(item), *(const struct slice *)wanted);
}

static struct big *big_new(struct room *room, uint64_t count)
{
    struct big *big = heap_take_zeroed(&room->heap, sizeof *big);
    table_init(&big->members, &room->heap, &members_kind, room);
    table_reserve(&big->members, count);
    return big;
}

static void big_insert(struct room *room, struct big *big, uint64_t hash, struct slice member)
{
    size_t size = sized_bytes_total(member.len);
    uint8_t *item = heap_take(&room->heap, size);
    sized_bytes_write(item, member);
    table_insert(&big->members, hash, item);
    big->members_bytes += heap_rounded_bytes(size);
}

static bool big_add(struct room *room, struct big *big, struct slice member)
{
    uint64_t hash = hash_bytes(&room->secret, member);
    if (table_find(&big->members, hash, member_is, &member, NULL) != NULL) return false;
    big_insert(room, big, hash, member);
    return true;
}

static void member_free(struct room *room, struct big *big, void *item)
{
    size_t size = sized_bytes_total(sized_bytes(item).len);
    big->members_bytes -= heap_rounded_bytes(size);
    heap_give(&room->heap, item, size);
}

static bool big_remove(struct room *room, struct big *big, struct slice member)
{
    uint64_t hash = hash_bytes(&room->secret, member);
    void *item = table_find(&big->members, hash, member_is, &member, NULL);
    if (item == NULL) return false;
    table_remove(&big->members, hash, item);
    member_free(room, big, item);
    return true;
}

static void big_free(struct room *room, struct big *big)
{
    struct table_walk walk = {0};
    for (void *item; (item = table_walk_next(&big->members, &walk)) != NULL;)
        member_free(room, big, item);
    table_release(&big->members);
    heap_give(&room->heap, big, sizeof *big);
}

static void big_drop(void *context, void *item)
{
    struct big *big = context;
    member_free(big->members.owner, big, item);
}

static bool big_has(const struct big *big, struct slice member)
{
    const struct room *room = big->members.owner;
    uint64_t hash = hash_bytes(&room->secret, member);
    return table_find(&big->members, hash, member_is, &member, NULL) != NULL;
}

/* --- the life of a set ------------------------------------------------------------------------ */

struct set *set_new(struct room *room)
{
    return heap_take_zeroed(&room->heap, sizeof(struct set));
}

static void members_free(struct room *room, struct set *set)
{
    switch (set->form) {
    case FORM_INTEGERS: intset_free(&room->heap, &set->integers); break;
    case FORM_PACK: pack_free(&room->heap, set->pack); break;
    case FORM_TABLE: big_free(room, set->big); break;
    }
}

void set_free(struct room *room, struct set *set)
{
    members_free(room, set);
    heap_give(&room->heap, set, sizeof *set);
}

bool set_free_some(struct room *room, struct set *set, uint32_t steps)
{
    if (set->form == FORM_TABLE) {
        struct table *members = &set->big->members;
        while (steps > 0 && table_drop_bucket(members, big_drop, set->big)) steps--;
        if (members->count > 0) return false;
    }
    set_free(room, set);
    return true;
}

struct set *set_copy(struct room *room, const struct set *set)
{
    struct set *copy = set_new(room);
    copy->form = set->form;
    switch (set->form) {
    case FORM_INTEGERS: copy->integers = intset_copy(&room->heap, &set->integers); break;
    case FORM_PACK: copy->pack = pack_copy(&room->heap, set->pack); break;
    case FORM_TABLE: {
        copy->big = big_new(room, set_count(set));
        struct set_walk walk = {0};
        for (struct slice member; set_walk_next(set, &walk, &member);)
            big_insert(room, copy->big, hash_bytes(&room->secret, member), member);
        break;
    }
    }
    return copy;
}

uint64_t set_count(const struct set *set)
{
    switch (set->form) {
    case FORM_INTEGERS: return set->integers.count;
    case FORM_PACK: return set->pack->count;
    case FORM_TABLE: break;
    }
    return set->big->members.count;
}

uint64_t set_bytes(const struct set *set)
{
    uint64_t bytes = heap_rounded_bytes(sizeof *set);
    switch (set->form) {
    case FORM_INTEGERS: return bytes + intset_bytes(&set->integers);
    case FORM_PACK: return bytes + pack_memory_bytes(set->pack);
    case FORM_TABLE: break;
    }
    return bytes + heap_rounded_bytes(sizeof *set->big) + table_bytes(&set->big->members) +
           set->big->members_bytes;
}

const char *set_encoding(const struct set *set)
{
    switch (set->form) {
    case FORM_INTEGERS: return "intset";
    case FORM_PACK: return "listpack";
    case FORM_TABLE: break;
    }
    return "hashtable";
}

/* --- from form to form ------------------------------------------------------------------------ */

static void become_table(struct room *room, struct set *set, uint64_t count)
{
    struct big *big = big_new(room, u64_max(count, set_count(set)));
    struct set_walk walk = {0};
    for (struct slice member; set_walk_next(set, &walk, &member);)
        big_insert(room, big, hash_bytes(&room->secret, member), member);
    members_free(room, set);
    set->form = FORM_TABLE;
    set->big = big;
}

static void become_pack(struct room *room, struct set *set)
{
    struct pack *pack = pack_new(&room->heap);
    struct set_walk walk = {0};
    for (struct slice member; set_walk_next(set, &walk, &member);)
        pack_append(&room->heap, &pack, member);
    members_free(room, set);
    set->form = FORM_PACK;
    set->pack = pack;
}

static uint64_t integers_max(const struct room *room)
{
    return u64_min(room->limits.set_max_intset_entries, INTSET_COUNT_MAX - 1);
}

/* May a member of `len` bytes join `count` others in a pack? */
static bool fits_pack(const struct room *room, uint64_t count, size_t len)
{
    return count < room->limits.set_max_listpack_entries &&
           len <= room->limits.set_max_listpack_value;
}

static size_t integer_text_bytes(int64_t value)
{
    char text[INTEGER_TEXT_MAX];
    return integer_format(value, text);
}

static bool integers_fit_pack(const struct room *room, const struct intset *integers)
{
    if (integers->count == 0) return true;
    size_t lowest = integer_text_bytes(intset_at(integers, 0));
    size_t highest = integer_text_bytes(intset_at(integers, integers->count - 1));
    return u64_max(lowest, highest) <= room->limits.set_max_listpack_value;
}

void set_expect(struct room *room, struct set *set, uint64_t count)
{
    bool over = false;
    switch (set->form) {
    case FORM_INTEGERS: over = count > integers_max(room); break;
    case FORM_PACK: over = count > room->limits.set_max_listpack_entries; break;
    case FORM_TABLE: break;
    }
    if (over) become_table(room, set, count);
}

/* --- changing --------------------------------------------------------------------------------- */

static bool integers_add(struct room *room, struct set *set, struct slice member)
{
    int64_t value;
    if (integer_parse(member, &value)) { /* [I2] */
        if (!intset_add(&room->heap, &set->integers, value)) return false;
        if (set->integers.count > integers_max(room)) become_table(room, set, 0);
        return true;
    }
    if (fits_pack(room, set->integers.count, member.len) &&
        integers_fit_pack(room, &set->integers)) {
        become_pack(room, set);
        pack_append(&room->heap, &set->pack, member);
        return true;
    }
    become_table(room, set, 0);
    return big_add(room, set->big, member);
}

static bool pack_add(struct room *room, struct set *set, struct slice member)
{
    if (pack_find(set->pack, 0, 1, member) != PACK_NONE) return false;
    if (fits_pack(room, set->pack->count, member.len) &&
        pack_has_room(set->pack, member.len + ELEMENT_HEAD_MAX)) {
        pack_append(&room->heap, &set->pack, member);
        return true;
    }
    become_table(room, set, 0);
    return big_add(room, set->big, member);
}

bool set_add(struct room *room, struct set *set, struct slice member)
{
    switch (set->form) {
    case FORM_INTEGERS: return integers_add(room, set, member);
    case FORM_PACK: return pack_add(room, set, member);
    case FORM_TABLE: break;
    }
    return big_add(room, set->big, member);
}

bool set_remove(struct room *room, struct set *set, struct slice member)
{
    int64_t value;
    uint32_t place;
    switch (set->form) {
    case FORM_INTEGERS:
        return integer_parse(member, &value) && intset_remove(&room->heap, &set->integers, value);
    case FORM_PACK:
        place = pack_find(set->pack, 0, 1, member);
        if (place == PACK_NONE) return false;
        pack_remove(&room->heap, &set->pack, place, 1);
        return true;
    case FORM_TABLE: break;
    }
    return big_remove(room, set->big, member);
}

/* --- reading ---------------------------------------------------------------------------------- */

bool set_has(const struct set *set, struct slice member)
{
    int64_t value;
    switch (set->form) {
    case FORM_INTEGERS: return integer_parse(member, &value) && intset_has(&set->integers, value);
    case FORM_PACK: return pack_find(set->pack, 0, 1, member) != PACK_NONE;
    case FORM_TABLE: break;
    }
    return big_has(set->big, member);
}

static struct slice integer_slice(int64_t value, char scratch[INTEGER_TEXT_MAX])
{
    return slice_of(scratch, integer_format(value, scratch));
}

bool set_walk_next(const struct set *set, struct set_walk *walk, struct slice *member)
{
    void *item;
    switch (set->form) {
    case FORM_INTEGERS:
        if (walk->at == set->integers.count) return false;
        *member = integer_slice(intset_at(&set->integers, walk->at++), walk->scratch);
        return true;
    case FORM_PACK:
        if (walk->at == pack_end(set->pack)) return false;
        *member = pack_get(set->pack, walk->at, walk->scratch);
        walk->at = pack_next(set->pack, walk->at);
        return true;
    case FORM_TABLE: break;
    }
    item = table_walk_next(&set->big->members, &walk->members);
    if (item != NULL) *member = sized_bytes(item);
    return item != NULL;
}

struct slice set_random(struct room *room, const struct set *set, char scratch[INTEGER_TEXT_MAX])
{
    if (set->form == FORM_TABLE) return sized_bytes(table_random(&set->big->members, &room->prng));
    uint32_t index = (uint32_t)prng_below(&room->prng, set_count(set));
    if (set->form == FORM_INTEGERS) return integer_slice(intset_at(&set->integers, index), scratch);
    return pack_get(set->pack, pack_at(set->pack, index), scratch);
}

struct visit {
    set_visit visit;
    void *context;
};

static void visit_item(void *context, void *item)
{
    const struct visit *visit = context;
    visit->visit(visit->context, sized_bytes(item));
}

uint64_t set_scan(const struct set *set, uint64_t cursor, set_visit visit, void *context)
{
    if (set->form == FORM_TABLE) {
        struct visit each = {visit, context};
        return table_scan(&set->big->members, cursor, visit_item, &each);
    }
    struct set_walk walk = {0};
    for (struct slice member; set_walk_next(set, &walk, &member);) visit(context, member);
    return 0;
}

/* --- as bytes --------------------------------------------------------------------------------- */

void set_encode(const struct set *set, struct buffer *out)
{
    put_varint(out, set_count(set));
    struct set_walk walk = {0};
    for (struct slice member; set_walk_next(set, &walk, &member);) put_sized(out, member);
}

struct set *set_decode(struct room *room, struct cursor *in)
{
    uint64_t count = cursor_varint(in);
    if (in->bad || count == 0 || count > cursor_left(in)) return NULL;
    struct set *set = set_new(room);
    set_expect(room, set, count);
    for (uint64_t i = 0; i < count; i++) {
        struct slice member = cursor_sized(in);
        if (in->bad || !set_add(room, set, member)) {
            set_free(room, set);
            return NULL;
        }
    }
    return set;
}

void set_digest(const struct set *set, uint8_t digest[20])
{
    struct set_walk walk = {0};
    for (struct slice member; set_walk_next(set, &walk, &member);) digest_add(digest, member);
}

/* --- checking --------------------------------------------------------------------------------- */

void set_check(const struct set *set)
{
    uint64_t count = 0, bytes = 0;
    struct set_walk walk = {0};
    for (struct slice member; set_walk_next(set, &walk, &member); count++) {
        ASSERT(set_has(set, member));
        bytes += heap_rounded_bytes(sized_bytes_total(member.len));
    }
    ASSERT(count == set_count(set)); /* [I1] */
    if (set->form == FORM_TABLE) ASSERT(bytes == set->big->members_bytes);
    if (set->form != FORM_INTEGERS) return;
    for (uint32_t i = 1; i < set->integers.count; i++)
        ASSERT(intset_at(&set->integers, i - 1) < intset_at(&set->integers, i));
}
