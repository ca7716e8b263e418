/* config_apply.h -- makes the settings count: hands them to whoever keeps a copy of them. */
#pragma once

#include "serve/config.h"
#include "serve/server.h"

void config_limits(const struct config *config, struct store_limits *limits);
void config_call_settings(const struct config *config, struct call_settings *filled);
/* One lane's share of maxmemory; 0: no limit. */
uint64_t config_memory_max(const struct config *config);

/* To the server's lane. At start, and after every change. */
void config_apply(struct server *server);
