/* monitor.h -- MONITOR: what others say, as it is run. */
#pragma once

#include "serve/dispatch.h"

void monitor_feed(struct server *server, const struct session *session,
                  const struct request *request);
void monitor_command(struct session_call *call);
