/* world_system.c -- the small headers of io/ in a simulated world: clock, chance, lock, memory. */
#include <sys/mman.h>

#include "io/clock.h"
#include "io/lock.h"
#include "io/memory.h"
#include "io/process.h"
#include "io/random.h"
#include "sim/sim_impl.h"

enum { MACHINE_BYTES = 1 << 30, PROCESS_ID = 1 };

/* Looking at it takes time, so that a loop that waits for it ends. */
instant clock_now(void)
{
    struct host *host = sim_current_host;
    host->spent_ns += HOST_READ_COST_NS;
    return (instant){host_monotonic_ns(host)};
}

int64_t clock_unix_us(void)
{
    return host_wall_us(sim_current_host);
}

void clock_cpu_parts(duration *user, duration *system)
{
    *user = *system = (duration){0};
}

void clock_sleep(duration time)
{
    sim_current_host->spent_ns += time.ns;
}

void random_fill(void *to, size_t size)
{
    uint8_t *at = to;
    for (size_t i = 0; i < size; i++) at[i] = (uint8_t)prng_next(&sim_current_host->prng);
}

enum err lock_take(const char *path, struct lock *lock, uint32_t *holder, struct fault *fault)
{
    struct host *host = sim_current_host;
    *holder = 0;
    lock->fd = -1;
    if (host->locked) return fault_set(fault, ERR_EXISTS, "%s is locked", path);
    if (disk_find(&host->disk, path) == NULL) {
        (void)disk_create(&host->disk, path);
    }
    host->locked = true;
    lock->fd = 0;
    return ERR_OK;
}

void lock_drop(struct lock *lock)
{
    if (lock->fd >= 0) sim_current_host->locked = false;
    lock->fd = -1;
}

void *memory_map(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT(memory != MAP_FAILED);
    return memory;
}

void memory_unmap(void *memory, size_t size)
{
    if (memory != NULL) (void)munmap(memory, size);
}

uint64_t memory_machine_bytes(void)
{
    return MACHINE_BYTES;
}

uint64_t memory_peak_rss_bytes(void)
{
    return MACHINE_BYTES;
}

uint64_t memory_rss_bytes(void)
{
    return MACHINE_BYTES;
}

uint32_t process_own_id(void)
{
    return PROCESS_ID;
}
