/*
 * log_scan.h -- reading a folder's log from a record on, over all its segments, to where it ends or
 * where it is damaged: what log_recover and log_repair share.
 */
#pragma once

#include "lane/log_files.h"
#include "lane/log_segment.h"

enum log_damage {
    LOG_DAMAGE_NONE,
    LOG_DAMAGE_START, /* the first segment begins behind what is needed */
    LOG_DAMAGE_INSIDE,
    LOG_DAMAGE_UNCLEAR /* segment `file` has needed records, but no header */
};

struct log_scan {
    struct arena *arena; /* owned */
    struct log_files files;
    uint32_t first; /* the first file that is needed */
    uint32_t file;  /* where reading ended */
    enum log_damage damage;
    struct log_segment segment; /* how `file` was read; its bytes are gone */
    struct log_found found;
    char text[512]; /* about the damage */
};

/* ERR_OK with damage too: look there. log_scan_free is due in any case. */
MUST_USE enum err log_scan(const char *folder, uint64_t after, log_visit visit, void *context,
                           struct log_scan *scan, struct fault *fault);
void log_scan_free(struct log_scan *scan);
