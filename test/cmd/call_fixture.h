/*
 * call_fixture.h -- commands over a store of their own, as text in and text out, without a client.
 *
 * A line is a command as people type it: words parted by blanks; "…" keeps blanks and knows \n \r
 * \t \\ \" \xHH. What comes back is the reply with each line end as a blank, so that a row reads
 * "+OK", ":1", "$3 abc", "*2 $1 a $1 b", "$-1", "-ERR syntax error"; bytes that cannot be printed
 * are \xHH. It is good until the next call.
 */
#pragma once

#include "cmd/call.h"

struct call_fixture; /* opaque */

struct call_fixture *call_fixture_new(void); /* time stands at CALL_FIXTURE_NOW_MS */
void call_fixture_free(struct call_fixture *fixture);

#define CALL_FIXTURE_NOW_MS INT64_C(1700000000000)

/* Several commands, parted by " | ", may be given; the reply is the last one's. A reply to a call
 * that would block is "(blocks)", to a command that is none of a lane's "(no handler)". */
const char *call_fixture_run(struct call_fixture *fixture, const char *lines);

/* Of the last command: its events with their keys, "set:a expire:a", and what would be logged:
 * "" for nothing, "SET a 1", or what call_log_instead was given, parted by " | ". */
const char *call_fixture_events(struct call_fixture *fixture);
const char *call_fixture_logged(struct call_fixture *fixture);

void call_fixture_set_time(struct call_fixture *fixture, int64_t now_ms);
void call_fixture_set_protocol(struct call_fixture *fixture, uint8_t protocol); /* 2 or 3 */
struct store *call_fixture_store(struct call_fixture *fixture);
struct call_settings *call_fixture_settings(struct call_fixture *fixture);

struct call_row {
    const char *why;
    const char *setup; /* "": none */
    const char *command;
    const char *reply;
};

/* Each row on an empty store of its own. */
void call_fixture_rows(const struct call_row *rows, size_t count);

struct call_effect_row {
    const char *why;
    const char *setup;
    const char *command;
    const char *events;
    const char *logged;
};
void call_fixture_effect_rows(const struct call_effect_row *rows, size_t count);
