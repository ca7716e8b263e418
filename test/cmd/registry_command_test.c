/* registry_command_test.c -- the registry as rows in a store. */
#include "cmd/registry.h"
#include "test/cmd/call_fixture.h"
#include "test/core/registry/registry_fixture.h"
#include "test/rows.h"

/* As somebody would type it. */
static const char *say(struct call_fixture *fixture, const struct registry_event *event)
{
    struct buffer bytes = {0}, line = {0};
    registry_event_write(event, &bytes);
    buffer_append_format(&line, "REGISTRY APPLY \"");
    for (size_t i = 0; i < bytes.len; i++) buffer_append_format(&line, "\\x%02x", bytes.data[i]);
    buffer_append_format(&line, "\"%c", 0);
    const char *reply = call_fixture_run(fixture, (const char *)line.data);
    buffer_free(&bytes);
    buffer_free(&line);
    return reply;
}

static void expect_like(struct call_fixture *fixture, const struct registry *registry)
{
    const struct registry *kept = cmd_registry_of(call_fixture_store(fixture));
    cr_assert(registry_epoch(registry) == 0 || kept != NULL);
    if (kept == NULL) return;
    struct buffer mine = made_bytes(registry), theirs = made_bytes(kept);
    cr_assert(slice_eq(buffer_slice(&mine), buffer_slice(&theirs)));
    buffer_free(&mine);
    buffer_free(&theirs);
}

Test(registry_command, keeps_the_registry_in_rows)
{
    struct call_fixture *fixture = call_fixture_new();
    struct registry *registry = registry_new();
    struct random random = {11};
    for (uint32_t i = 0; i < 300; i++) {
        struct registry_member member;
        struct registry_event event = made_random_event(&random, registry, &member);
        uint64_t epoch = registry_epoch(registry);
        registry_step(registry, &event);
        const char *reply = say(fixture, &event);
        bool changed = registry_epoch(registry) != epoch;
        cr_assert(changed == (reply[0] == '*'), "%s", reply);
        cr_assert(changed == (*call_fixture_logged(fixture) != '\0'));
        if (i % 3 == 0) store_set_companion(call_fixture_store(fixture), NULL, NULL);
        expect_like(fixture, registry);
    }
    registry_free(registry);
    call_fixture_free(fixture);
}

Test(registry_command, says_what_came_of_it)
{
    struct call_fixture *fixture = call_fixture_new();
    struct registry_member member = made_member(1, "", "");
    struct registry_event event = {.kind = REGISTRY_FORM,
                                   .cluster = 1,
                                   .shards_count = 4,
                                   .replicas = 3,
                                   .members = &member,
                                   .members_count = 1};
    cr_expect_str_eq(say(fixture, &event), "*2 :1 :0");
    event.kind = REGISTRY_JOIN;
    cr_expect_str_eq(say(fixture, &event), "*2 :2 :2");
    cr_expect_str_eq(say(fixture, &event), "*2 :3 :3");
    event =
        (struct registry_event){.kind = REGISTRY_MEMBER_STATE, .node = {9}, .state = MEMBER_ALIVE};
    cr_expect_str_eq(say(fixture, &event), "-ERR node 9 is no member of this cluster");
    call_fixture_free(fixture);
}

/* Rows that others have taken away, or changed, are not what is in memory. */
Test(registry_command, follows_its_rows)
{
    struct call_fixture *fixture = call_fixture_new();
    struct registry_member member = made_member(1, "", "");
    struct registry_event event = {.kind = REGISTRY_FORM,
                                   .shards_count = 4,
                                   .replicas = 3,
                                   .members = &member,
                                   .members_count = 1};
    (void)say(fixture, &event);
    cr_assert(cmd_registry_of(call_fixture_store(fixture)) != NULL);
    (void)call_fixture_run(fixture, "HSET registry cluster x");
    cr_expect(cmd_registry_of(call_fixture_store(fixture)) == NULL);
    event.kind = REGISTRY_JOIN;
    cr_expect(strncmp(say(fixture, &event), "-ERR the registry's rows", 24) == 0);
    (void)call_fixture_run(fixture, "DEL registry");
    cr_expect(cmd_registry_of(call_fixture_store(fixture)) == NULL);
    cr_expect_str_eq(say(fixture, &event), "-ERR the cluster is not formed yet");
    cr_expect_str_eq(call_fixture_run(fixture, "REGISTRY READ x"), "-ERR syntax error");
    cr_expect_str_eq(call_fixture_run(fixture, "REGISTRY APPLY x"),
                     "-ERR that is no event of the registry");
    call_fixture_free(fixture);
}
