/*
 * evict_note.c -- how often keys are used, in the bits of their entries.
 *
 * For lfu: Morris's counter (1978) as Redis has it: the more it says, the less likely an access
 * raises it; and it falls by one for every so many minutes without any. For s3fifo: up to three.
 */
#include "core/store/policy_impl.h"

enum {
    TIME_MASK = (1 << ENTRY_TIME_BITS) - 1,
    MINUTE_MS = 60000,
    FREQUENCY_MAX = 255,
};

static uint64_t entry_idle_ms(const struct store *store, const struct entry *entry)
{
    return (uint64_t)((store->access_time - entry->time) & TIME_MASK) << ENTRY_TIME_SHIFT;
}

uint64_t entry_idle_seconds(const struct store *store, const struct entry *entry)
{
    return entry_idle_ms(store, entry) / 1000;
}

uint8_t entry_frequency(const struct store *store, const struct entry *entry)
{
    uint64_t decay_minutes = store->shared->room.limits.lfu_decay_minutes;
    if (decay_minutes == 0) return (uint8_t)entry->frequency;
    uint64_t lost = entry_idle_ms(store, entry) / MINUTE_MS / decay_minutes;
    return (uint8_t)(lost >= entry->frequency ? 0 : entry->frequency - lost);
}

/* True once in 1 + factor * (how far it is above the start). */
static bool frequency_rises(struct store *store, uint32_t frequency)
{
    if (frequency >= FREQUENCY_MAX) return false;
    uint64_t above = frequency > FREQUENCY_START ? frequency - FREQUENCY_START : 0;
    uint64_t of = above * store->shared->room.limits.lfu_log_factor + 1;
    return of == 1 || prng_below(&store->notes_prng, of) == 0;
}

void entry_note_frequency(struct store *store, struct entry *entry)
{
    if (store->notes_s3_frequency && entry->s3_frequency < S3_FREQUENCY_MAX) {
        entry->s3_frequency = (entry->s3_frequency + 1u) & 3u;
    }
    if (!store->notes_frequency) return;
    uint32_t frequency = entry_frequency(store, entry);
    frequency += frequency_rises(store, frequency);
    if (frequency != entry->frequency) entry->frequency = frequency & FREQUENCY_MAX;
}
