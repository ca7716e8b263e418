/* workload_kind.h -- the rows of workload.def. */
#pragma once

enum workload_kind {
#define WORKLOAD(id, name, help) WORKLOAD_##id,
#include "sim/workload.def"
#undef WORKLOAD
    WORKLOAD_KINDS_COUNT
};
