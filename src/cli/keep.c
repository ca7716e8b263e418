/* keep.c -- see keep.h. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/exit.h"
#include "cli/help.h"
#include "cli/keep.h"
#include "cli/keep_online.h"
#include "cli/tame.h"
#include "node/backup.h"
#include "node/doctor.h"

#define DATA_STANDARD "tutti-data"

struct words {
    const char *folder; /* the one word that is no option */
    const char *data, *from;
    bool repair, give_up, help;
};

static enum err parse(int argc, char **argv, struct words *words, struct fault *fault)
{
    for (int at = 0; at < argc; at++) {
        const char *typed = argv[at];
        if (strcmp(typed, "--help") == 0 || strcmp(typed, "-h") == 0) {
            words->help = true;
        } else if (strcmp(typed, "--repair") == 0) {
            words->repair = true;
        } else if (strcmp(typed, "--give-up") == 0) {
            words->give_up = true;
        } else if (strncmp(typed, "--from=", strlen("--from=")) == 0) {
            words->from = typed + strlen("--from=");
        } else if (strcmp(typed, "--from") == 0) {
            if (at + 1 == argc) return fault_set(fault, ERR_USAGE, "--from needs HOST:PORT");
            words->from = argv[++at];
        } else if (strncmp(typed, "--data=", strlen("--data=")) == 0) {
            words->data = typed + strlen("--data=");
        } else if (strcmp(typed, "--data") == 0) {
            if (at + 1 == argc) return fault_set(fault, ERR_USAGE, "--data needs a folder");
            words->data = argv[++at];
        } else if (typed[0] == '-') {
            return fault_set(fault, ERR_USAGE, "there is no option %s; see --help", typed);
        } else if (words->folder != NULL) {
            return fault_set(fault, ERR_USAGE, "one folder is enough: %s, or %s?", words->folder,
                             typed);
        } else {
            words->folder = typed;
        }
    }
    if (words->data != NULL && words->from != NULL) {
        return fault_set(fault, ERR_USAGE, "give --data or --from, not both");
    }
    if (words->data == NULL) words->data = getenv("TUTTI_DATA");
    if (words->data == NULL) words->data = DATA_STANDARD;
    return ERR_OK;
}

static int tell(enum err err, const struct buffer *out, const struct fault *fault)
{
    bool written = out->len == 0 ||
                   (fwrite(out->data, 1, out->len, stdout) == out->len && fflush(stdout) == 0);
    if (err == ERR_OK) return written ? EXIT_DONE : EXIT_FAILED;
    struct buffer text = {0};
    tame_append(&text, slice_text(fault->text));
    (void)fprintf(stderr, "tutti: %.*s\n", (int)text.len, (const char *)text.data);
    buffer_free(&text);
    if (err == ERR_USAGE) return EXIT_USAGE;
    return err == ERR_EXISTS ? EXIT_EXISTS : EXIT_FAILED;
}

enum task { TASK_BACKUP, TASK_RESTORE, TASK_DOCTOR };

static enum err run(enum task task, const struct words *words, struct buffer *out,
                    struct fault *fault)
{
    if (words->folder == NULL && task != TASK_DOCTOR) {
        return fault_set(fault, ERR_USAGE, "which folder is the backup? See 'tutti help %s'",
                         task == TASK_BACKUP ? "backup" : "restore");
    }
    if ((words->repair || words->give_up) && task != TASK_DOCTOR) {
        return fault_set(fault, ERR_USAGE, "there is no option --%s",
                         words->repair ? "repair" : "give-up");
    }
    if (words->from != NULL && task != TASK_BACKUP) {
        return fault_set(fault, ERR_USAGE, "there is no option --from");
    }
    if (words->from != NULL) return backup_online(words->from, words->folder, out, fault);
    switch (task) {
    case TASK_BACKUP: return node_backup(words->data, words->folder, out, fault);
    case TASK_RESTORE: return node_restore(words->folder, words->data, out, fault);
    case TASK_DOCTOR: break;
    }
    const char *data = words->folder == NULL ? words->data : words->folder;
    enum doctor_way way = words->repair ? DOCTOR_REPAIRS : DOCTOR_LOOKS;
    return node_doctor(data, words->give_up ? DOCTOR_GIVES_UP : way, out, fault);
}

static int perform(enum task task, int argc, char **argv, void (*help)(struct buffer *out))
{
    struct words words = {0};
    struct buffer out = {0};
    struct fault fault = {0};
    enum err err = parse(argc, argv, &words, &fault);
    if (err == ERR_OK && words.help) {
        help(&out);
    } else if (err == ERR_OK) {
        err = run(task, &words, &out, &fault);
    }
    int status = tell(err, &out, &fault);
    buffer_free(&out);
    return status;
}

int backup_main(int argc, char **argv)
{
    return perform(TASK_BACKUP, argc, argv, help_backup);
}

int restore_main(int argc, char **argv)
{
    return perform(TASK_RESTORE, argc, argv, help_restore);
}

int doctor_main(int argc, char **argv)
{
    return perform(TASK_DOCTOR, argc, argv, help_doctor);
}
