/* latency.h -- spikes: what took longer than latency-monitor-threshold, by event. */
#pragma once

#include "serve/session.h"

struct latency; /* opaque; in server->latency */
struct latency *latency_new(struct arena *arena);

/* An event took `took`: "command", "fast-command", "expire-cycle", … */
void latency_note(struct server *server, const char *name, duration took);

void latency_command(struct session_call *call); /* LATENCY … */
