/* acl_fixture.h -- an ACL with its server, and two clients that say ACL commands as text. */
#pragma once

#include "serve/acl_impl.h"
#include "serve/config.h"
#include "serve/session_impl.h"

struct acl_fixture {
    struct arena *arena;
    struct config config;
    struct server server;
    struct session client, other; /* both the default user */
    struct buffer reply;
};

struct acl_fixture *acl_fixture(void);
/* The same with settings and user lines, as in a configuration file. */
struct acl_fixture *acl_fixture_with(const char *config);
void acl_fixture_free(struct acl_fixture *fixture);

/* What a client's line is answered, with a blank for each line end; good until the next. */
const char *acl_fixture_run(struct acl_fixture *fixture, struct session *session, const char *line);
/* As ACL LIST shows it; NULL: there is no such user. */
const char *acl_fixture_describe(struct acl_fixture *fixture, const char *name);
/* May the user run this line? */
enum acl_verdict acl_fixture_check(struct acl_fixture *fixture, const char *name, const char *line,
                                   uint32_t *position);
