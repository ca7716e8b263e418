#include "test/core/store/room_fixture.h"

#include <criterion/criterion.h>

void room_fixture(struct room *room)
{
    *room = (struct room){.prng = {7}};
    hash_secret_fill(&room->secret, 42);
    room->limits = (struct store_limits){.hash_max_listpack_entries = 128,
                                         .hash_max_listpack_value = 64,
                                         .set_max_intset_entries = 512,
                                         .set_max_listpack_entries = 128,
                                         .set_max_listpack_value = 64,
                                         .zset_max_listpack_entries = 128,
                                         .zset_max_listpack_value = 64,
                                         .list_max_listpack_size = -2,
                                         .list_packed_threshold = 1 << 30};
}

void room_fixture_check_empty(const struct room *room)
{
    cr_expect(room->heap.blocks_count == 0, "%llu blocks are left",
              (unsigned long long)room->heap.blocks_count);
    cr_expect(room->heap.used_bytes == 0, "%llu bytes are left",
              (unsigned long long)room->heap.used_bytes);
}
