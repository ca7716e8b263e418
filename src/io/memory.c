/* memory.c -- see memory.h. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/memory.h"

enum { HUGE_PAGE_BYTES = 2 << 20 };

NORETURN static void refused(size_t size)
{
    (void)fprintf(stderr,
                  "tutti: the system refused %zu bytes of memory: lower --memory or --workers, or "
                  "raise the limit (ulimit -v)\n",
                  size);
    _exit(EXIT_FAILURE);
}

void *memory_map(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) refused(size);
    if (size >= HUGE_PAGE_BYTES) (void)madvise(memory, size, MADV_HUGEPAGE);
    return memory;
}

void memory_unmap(void *memory, size_t size)
{
    if (memory == NULL) return;
    int failed = munmap(memory, size);
    ASSERT(failed == 0);
}

/* The limit of our control group, version 2; 0 where there is none. */
static uint64_t cgroup_limit_bytes(void)
{
    FILE *file = fopen("/sys/fs/cgroup/memory.max", "re");
    if (file == NULL) return 0;
    char text[32] = "";
    char *read = fgets(text, sizeof text, file);
    (void)fclose(file);
    return read == NULL ? 0 : strtoull(text, NULL, 10); /* "max" reads as 0 */
}

uint64_t memory_machine_bytes(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    ASSERT(pages > 0);
    uint64_t machine = (uint64_t)pages * (uint64_t)page_bytes;
    uint64_t limit = cgroup_limit_bytes();
    return limit == 0 ? machine : u64_min(machine, limit);
}

uint32_t memory_machine_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return (uint32_t)CPU_COUNT(&set);
}

uint64_t memory_peak_rss_bytes(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
    return (uint64_t)usage.ru_maxrss * 1024; /* Linux counts it in KiB */
}

uint64_t memory_rss_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) return 0;
    unsigned long long all, resident = 0;
    int count = fscanf(file, "%llu %llu", &all, &resident);
    (void)fclose(file);
    return count == 2 ? (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}
