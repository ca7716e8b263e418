/* completion.c -- completion for bash. See help.h. */
#include "cli/help.h"
#include "cli/help_rows.h"
#include "cli/option_rows.h"
#include "cli/start_rows.h"

static void text(struct buffer *out, const char *more)
{
    buffer_append(out, slice_text(more));
}

/* "words field: csv: …": an operator with an argument ends in its colon. */
static void operator_words(struct buffer *out, const struct help_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *colon = rows[i].word[0] == '\0' ? "" : ":";
        buffer_append_format(out, "%s%s%s", i == 0 ? "" : " ", rows[i].name, colon);
    }
}

static void value_case(struct buffer *out, const char *option, const char *choices)
{
    if (choices[0] == '\0') return;
    buffer_append_format(out, "        --%s) ", option);
    if (strcmp(choices, "FILE") == 0) {
        text(out, "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$current\"))");
    } else if (strcmp(choices, "DIR") == 0) {
        text(out, "compopt -o filenames; COMPREPLY=($(compgen -d -- \"$current\"))");
    } else {
        text(out, "_tutti_words '");
        if (strcmp(choices, "MAP") == 0) {
            operator_words(out, help_maps, HELP_MAPS_COUNT);
        } else if (strcmp(choices, "REDUCE") == 0) {
            operator_words(out, help_reduces, HELP_REDUCES_COUNT);
        } else {
            text(out, choices);
        }
        text(out, "'");
    }
    text(out, "; return ;;\n");
}

static void start(struct buffer *out)
{
    struct start_row rows[START_ROWS_MAX];
    size_t count = start_rows(rows);
    text(out, "    start)\n        case $before in\n");
    for (size_t i = 0; i < count; i++) value_case(out, rows[i].text, rows[i].choices);
    text(out, "        esac\n        _tutti_words '");
    for (size_t i = 0; i < count; i++) {
        buffer_append_format(out, "%s--%s", i == 0 ? "" : " ", rows[i].text);
    }
    text(out, "' ;;\n");
}

void help_completion(struct buffer *out)
{
    text(out, "# bash completion of tutti. Made by `tutti help --completion`; do not edit.\n"
              "_tutti_words() {\n"
              "    COMPREPLY=($(compgen -W \"$1\" -- \"$current\"))\n"
              "    # What ends in a colon goes on.\n"
              "    [[ ${COMPREPLY[0]-} != *: ]] || compopt -o nospace\n"
              "}\n\n"
              "_tutti() {\n"
              "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
              "    COMPREPLY=()\n"
              "    if ((COMP_CWORD == 1)); then\n"
              "        _tutti_words '");
    for (size_t i = 0; i < HELP_COMMANDS_COUNT; i++) {
        buffer_append_format(out, "%s ", help_commands[i].name);
    }
    text(out, "--version'\n"
              "        return\n"
              "    fi\n"
              "    case ${COMP_WORDS[1]} in\n"
              "    help) _tutti_words '");
    for (size_t i = 0; i < HELP_COMMANDS_COUNT; i++) {
        if (i == HELP_COMMAND_help) continue;
        buffer_append_format(out, "%s%s", i == 0 ? "" : " ", help_commands[i].name);
    }
    text(out, "' ;;\n"
              "    policy) _tutti_words 'list get set del explain --host --port --user --password' "
              ";;\n");
    for (enum cluster_verb verb = 0; verb < VERBS_COUNT; verb++) {
        buffer_append_format(out, "%s%s", verb == 0 ? "    " : "|", cluster_verbs[verb].name);
    }
    text(out, ") _tutti_words '--json --watch --host --port --user --password-file --node --data "
              "--dry-run --pause --slots --force --help' ;;\n");
    text(out, "    backup) _tutti_words '--from --data --help' ;;\n"
              "    restore) _tutti_words '--data --help' ;;\n"
              "    doctor) _tutti_words '--repair --data --help' ;;\n");
    start(out);
    text(out, "    *)\n        case $before in\n");
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        value_case(out, option_rows[i].text, option_rows[i].choices);
    }
    text(out, "        esac\n        _tutti_words '");
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        buffer_append_format(out, "%s--%s", i == 0 ? "" : " ", option_rows[i].text);
    }
    text(out, "' ;;\n    esac\n}\n\ncomplete -F _tutti tutti\n");
}
