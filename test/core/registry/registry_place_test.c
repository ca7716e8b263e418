/* registry_place_test.c -- whose address a node says is its own. */
#include "test/core/registry/registry_fixture.h"
#include "test/rows.h"

static const struct place_row {
    const char *why;
    uint32_t node;
    const char *host;
    uint16_t port;
    uint32_t lanes_count;
    uint32_t other; /* 0: nobody */
} rows[] = {
    {"the very place of another", 0, "10.9.0.2", 7000, 1, 2},
    {"its own", 2, "10.9.0.2", 7000, 4, 0},
    {"another machine", 0, "10.9.0.9", 7000, 1, 0},
    {"a lane of the other", 0, "10.9.0.2", 7003, 1, 2},
    {"behind its lanes", 0, "10.9.0.2", 7004, 1, 0},
    {"its lanes reach into the other's", 0, "10.9.0.2", 6998, 3, 2},
    {"they end before", 0, "10.9.0.2", 6998, 2, 0},
    {"one that is dead is not there", 0, "10.9.0.3", 7000, 1, 0},
    {"no port, no place", 0, "10.9.0.2", 0, 1, 0},
};

Test(registry, tells_who_has_a_place)
{
    struct registry *registry = made_registry(3, 4, 3);
    for (uint32_t node = 1; node <= 3; node++) {
        struct registry_member facts = *registry_member(registry, (node_id){node});
        char host[] = "10.9.0.0";
        host[sizeof host - 2] = (char)('0' + node);
        cr_assert(registry_text_set(&facts.peer_host, slice_text(host)));
        facts.peer_port = 7000;
        facts.lanes_count = 4;
        made_step(registry, &(struct registry_event){.kind = REGISTRY_MEMBER_FACTS,
                                                     .now_ms = 5,
                                                     .members = &facts,
                                                     .members_count = 1});
    }
    made_state(registry, 3, MEMBER_DEAD, 10);
    FOR_ROWS (row, rows) {
        struct registry_member place = {
            .node = {row->node}, .peer_port = row->port, .lanes_count = row->lanes_count};
        cr_assert(registry_text_set(&place.peer_host, slice_text(row->host)));
        const struct registry_member *other = registry_at_place(registry, &place);
        ROW_EQ(row, other == NULL ? 0 : other->node.n, row->other);
    }
    registry_free(registry);
}
