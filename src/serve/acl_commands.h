/* acl_commands.h -- ACL and its subcommands. HELP is help_command (connection.h). */
#pragma once

#include "serve/session.h"

void acl_cat_command(struct session_call *call);
void acl_deluser_command(struct session_call *call);
void acl_dryrun_command(struct session_call *call);
void acl_genpass_command(struct session_call *call);
void acl_getuser_command(struct session_call *call);
void acl_list_command(struct session_call *call);
void acl_load_command(struct session_call *call);
void acl_log_command(struct session_call *call);
void acl_save_command(struct session_call *call);
void acl_setuser_command(struct session_call *call);
void acl_users_command(struct session_call *call);
void acl_whoami_command(struct session_call *call);
