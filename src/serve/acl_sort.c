/* acl_sort.c -- SORT with BY and GET: the one command that reads keys which its arguments do not
 * name. It needs the right to read every key. */
#include "cmd/call.h"
#include "serve/acl_impl.h"

static bool is_sort(const struct command *command)
{
    return command->id == COMMAND_SORT || command->id == COMMAND_SORT_RO;
}

/* "BY", "GET": the first such option. A BY without a star reads nothing. */
static const char *reading_option(const struct slice *argv, uint32_t argc)
{
    for (uint32_t i = 2; i + 1 < argc; i++) {
        if (word_is(argv[i], "GET")) return "GET";
        if (word_is(argv[i], "BY")) {
            i++;
            if (argv[i].len > 0 && memchr(argv[i].data, '*', argv[i].len) != NULL) return "BY";
        } else if (word_is(argv[i], "STORE")) {
            i++;
        } else if (word_is(argv[i], "LIMIT")) {
            i += 2;
        }
    }
    return NULL;
}

bool acl_allows_sort(struct reply *reply, const struct acl_user *user,
                     const struct command *command, const struct slice *argv, uint32_t argc)
{
    if (LIKELY(user->may_all) || !is_sort(command)) return true;
    const char *option = reading_option(argv, argc);
    if (option == NULL || acl_may_read_all(user, command, argv, argc)) return true;
    reply_error(reply, "ERR %s option of SORT denied due to insufficient ACL permissions.", option);
    return false;
}
