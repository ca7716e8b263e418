/* stray_test.c -- when a node that meets nobody asks why. */
#include "node/stray.h"

#include "test/core/registry/registry_fixture.h"
#include "test/rows.h"

/* A story: at this moment it is one; it asks. */
static const struct moment {
    const char *why;
    int64_t ms;
    bool is_one, asks;
} story[] = {
    {"links may come yet", 1000, true, false},
    {"it has waited", 4100, true, true},
    {"not again at once", 5000, true, false},
    {"again", 9200, true, true},
    {"more rarely", 14300, true, false},
    {"but again", 19300, true, true},
    {"somebody is met", 20000, false, false},
    {"and lost again: from the beginning", 21000, true, false},
    {"it has waited again", 24100, true, true},
};

Test(stray, asks_when_it_lasts_and_more_and_more_rarely)
{
    struct stray stray = {0};
    FOR_ROWS (row, story) {
        ROW_EQ(row, stray_step(&stray, row->is_one, (instant){row->ms * 1000000}), row->asks);
    }
}

Test(stray, is_who_has_no_links_or_is_elsewhere)
{
    struct registry *one = made_registry(1, 4, 1), *three = made_registry(3, 4, 3);
    struct registry_member self = *registry_member(three, (node_id){2});
    struct registry_member first = *registry_member(one, (node_id){1});
    cr_expect(!stray_is_one(three, &self, 1), "it has a link, and is where all look for it");
    cr_expect(stray_is_one(three, &self, 0), "it has none");
    self.peer_port++;
    cr_expect(stray_is_one(three, &self, 1), "it is elsewhere");
    cr_expect(!stray_is_one(one, &first, 0), "there is nobody else");
    registry_free(one);
    registry_free(three);
}
