/* stray.c -- see stray.h. */
#include "node/stray.h"

static const int64_t look_ns = 500000000, patience_ns = 3000000000;
static const int64_t pause_min_ns = 5000000000, pause_max_ns = 60000000000;

bool stray_is_one(const struct registry *registry, const struct registry_member *self,
                  uint32_t linked)
{
    uint32_t others = 0;
    struct fault known;
    struct registry_member facts = *self;
    const struct registry_event event = {
        .kind = REGISTRY_MEMBER_FACTS, .members = &facts, .members_count = 1};
    for (uint32_t i = 0; i < registry_members_count(registry); i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        others += member->state != MEMBER_REMOVED && !node_eq(member->node, self->node);
    }
    if (others == 0) return false;
    return linked == 0 || registry_may(registry, &event, &known) == ERR_OK;
}

bool stray_step(struct stray *stray, bool is_one, instant now)
{
    stray->look_at = (instant){now.ns + look_ns};
    if (!is_one) {
        *stray = (struct stray){.look_at = stray->look_at};
        return false;
    }
    if (stray->since.ns == 0) {
        stray->since = now;
        stray->ask_at = (instant){now.ns + patience_ns};
        stray->pause_ns = pause_min_ns;
    }
    if (now.ns < stray->ask_at.ns) return false;
    stray->ask_at = (instant){now.ns + stray->pause_ns};
    stray->pause_ns = (int64_t)u64_min((uint64_t)stray->pause_ns * 2, (uint64_t)pause_max_ns);
    return true;
}
