/*
 * backup_command.h -- BACKUP: copies of the data, written while it is served.
 *
 * START writes into a folder of the node's machine that the caller names. What is gathered from
 * several nodes goes another way: PREPARE writes into the node's own folder, FILES tells what is
 * there, READ gives it piece by piece, and DONE removes it. What an earlier gathering has left
 * behind the next PREPARE removes.
 */
#pragma once

#include "serve/session.h"

void backup_start_command(struct session_call *call);
void backup_prepare_command(struct session_call *call);
void backup_running_command(struct session_call *call);
void backup_failed_command(struct session_call *call);
void backup_files_command(struct session_call *call);
void backup_read_command(struct session_call *call);
void backup_done_command(struct session_call *call);
