/* agenda_test.c -- what is due comes by time, and at one time in the order it was added. */
#include <criterion/criterion.h>

#include "base/prng.h"
#include "sim/agenda.h"

Test(sim_agenda, comes_by_time_then_by_order)
{
    enum { ITEMS = 2000, TIMES = 50 };
    struct agenda agenda = {0};
    struct agenda_item item, last = {.at_ns = -1};
    struct prng prng = {3};
    for (uint32_t i = 0; i < ITEMS; i++) {
        agenda_add(&agenda, (int64_t)prng_below(&prng, TIMES), 0, i, 0);
    }
    uint32_t count = 0;
    for (; agenda_take(&agenda, &item); count++) {
        cr_assert(item.at_ns >= last.at_ns);
        if (item.at_ns == last.at_ns) cr_assert(item.number > last.number);
        last = item;
    }
    cr_assert_eq(count, ITEMS);
    agenda_free(&agenda);
}
