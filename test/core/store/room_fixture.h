/* room_fixture.h -- a room without a store, with limits of compact forms as Redis has them. */
#pragma once

#include "core/store/room.h"

void room_fixture(struct room *room);
/* Everything that was taken has been given back. */
void room_fixture_check_empty(const struct room *room);
