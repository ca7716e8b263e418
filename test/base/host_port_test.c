/* host_port_test.c -- places as people write them. */
#include "base/host_port.h"

#include "test/rows.h"

/* clang-format off */
static const struct host_port_row {
    const char *why, *place;
    const char *host; /* NULL: it is none */
    uint16_t port;
} host_port_rows[] = {
    {"a name and a port",              "one:7400",           "one",      7400},
    {"an address",                     "10.0.0.1:1",         "10.0.0.1", 1},
    {"brackets go",                    "[::1]:65535",        "::1",      65535},
    {"colons want brackets",           "::1:7400",           NULL,       0},
    {"a port is needed",               "one",                NULL,       0},
    {"so is a host",                   ":7400",              NULL,       0},
    {"nothing is no place",            "",                   NULL,       0},
    {"port 0 is none",                 "one:0",              NULL,       0},
    {"a port has 16 bits",             "one:65536",          NULL,       0},
    {"a port is digits",               "one:74x",            NULL,       0},
};
/* clang-format on */

Test(host_port, is_split_at_its_last_colon)
{
    FOR_ROWS (row, host_port_rows) {
        struct slice host = {0};
        uint16_t port = 0;
        ROW_EQ(row, host_port_split(slice_text(row->place), &host, &port), row->host != NULL);
        if (row->host == NULL) continue;
        cr_expect(slice_eq(host, slice_text(row->host)), "%s", row->why);
        ROW_EQ(row, port, row->port);
    }
}
