/*
 * memory.h -- large blocks straight from the system: zeroed, returned at once when unmapped, in
 * huge pages where the system has them. Memory that the system refuses ends the process.
 */
#pragma once

#include "base/base.h"

void *memory_map(size_t size);
void memory_unmap(void *memory, size_t size); /* NULL is allowed */

uint64_t memory_machine_bytes(void); /* what this process may use: the machine's, or its cgroup's */
uint32_t memory_machine_cores(void); /* that this process may run on */
uint64_t memory_peak_rss_bytes(void); /* of this process, since it began */
uint64_t memory_rss_bytes(void);      /* now; 0: the system does not say */
