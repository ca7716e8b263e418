/* memory_test.c -- memory from the system, and what the system says of itself. */
#include "io/clock.h"
#include "io/memory.h"
#include "test/rows.h"

Test(memory, is_zeroed_and_writable)
{
    static const size_t sizes[] = {1, 4096, 4097, (2 << 20) + 1};
    for (size_t s = 0; s < COUNT_OF(sizes); s++) {
        uint8_t *memory = memory_map(sizes[s]);
        for (size_t i = 0; i < sizes[s]; i++) cr_assert_eq(memory[i], 0);
        memset(memory, 0xff, sizes[s]);
        memory_unmap(memory, sizes[s]);
    }
    memory_unmap(NULL, 0);
}

Test(memory, machine)
{
    cr_expect(memory_machine_bytes() > 1 << 20);
    cr_expect(memory_machine_cores() >= 1);
    cr_expect(memory_peak_rss_bytes() > 1 << 16);
    cr_expect(memory_peak_rss_bytes() <= 64 * memory_machine_bytes(), "it is in bytes");
}

Test(clock, goes_forward_and_names)
{
    instant before = clock_now(), after = clock_now();
    cr_expect(before.ns > 0 && after.ns >= before.ns);
    cr_expect(clock_cpu_process().ns >= 0);
    struct clock_stamp stamp = clock_stamp();
    size_t digits = strspn(stamp.text, "0123456789");
    cr_expect_eq(digits, strlen("20240131123456"), "%s", stamp.text);
    cr_expect_eq(stamp.text[digits], '_', "%s", stamp.text);
    cr_expect(strspn(stamp.text + digits + 1, "0123456789") > 0, "%s", stamp.text);
    cr_expect(strlen(stamp.text) < sizeof stamp.text - 1, "it is not cut: %s", stamp.text);
}
