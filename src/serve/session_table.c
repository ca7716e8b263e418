/* session_table.c -- which function answers which session command. */
#include "serve/acl_commands.h"
#include "serve/auth.h"
#include "serve/backup_command.h"
#include "serve/client.h"
#include "serve/cluster_admin.h"
#include "serve/cluster_command.h"
#include "serve/command_docs.h"
#include "serve/command_info.h"
#include "serve/config_command.h"
#include "serve/connection.h"
#include "serve/debug_command.h"
#include "serve/info.h"
#include "serve/latency.h"
#include "serve/memory_command.h"
#include "serve/monitor.h"
#include "serve/moves_command.h"
#include "serve/pubsub.h"
#include "serve/replication_command.h"
#include "serve/server_command.h"
#include "serve/slowlog.h"
#include "serve/told.h"
#include "serve/top_command.h"
#include "serve/transaction.h"
#include "serve/watching.h"

static const session_handler handlers[COMMAND_COUNT] = {
    [COMMAND_ACL_CAT] = acl_cat_command,
    [COMMAND_ACL_DELUSER] = acl_deluser_command,
    [COMMAND_ACL_DRYRUN] = acl_dryrun_command,
    [COMMAND_ACL_GENPASS] = acl_genpass_command,
    [COMMAND_ACL_GETUSER] = acl_getuser_command,
    [COMMAND_ACL_HELP] = help_command,
    [COMMAND_ACL_LIST] = acl_list_command,
    [COMMAND_ACL_LOAD] = acl_load_command,
    [COMMAND_ACL_LOG] = acl_log_command,
    [COMMAND_ACL_SAVE] = acl_save_command,
    [COMMAND_ACL_SETUSER] = acl_setuser_command,
    [COMMAND_ACL_USERS] = acl_users_command,
    [COMMAND_ACL_WHOAMI] = acl_whoami_command,
    [COMMAND_ASKING] = asking_command,
    [COMMAND_AUTH] = auth_command,
    [COMMAND_BGREWRITEAOF] = rewrite_command,
    [COMMAND_BACKUP_DONE] = backup_done_command,
    [COMMAND_BACKUP_FAILED] = backup_failed_command,
    [COMMAND_BACKUP_FILES] = backup_files_command,
    [COMMAND_BACKUP_HELP] = help_command,
    [COMMAND_BACKUP_PREPARE] = backup_prepare_command,
    [COMMAND_BACKUP_READ] = backup_read_command,
    [COMMAND_BACKUP_RUNNING] = backup_running_command,
    [COMMAND_BACKUP_START] = backup_start_command,
    [COMMAND_BGSAVE] = save_command,
    [COMMAND_CLIENT_GETNAME] = client_getname_command,
    [COMMAND_CLIENT_HELP] = help_command,
    [COMMAND_CLIENT_ID] = client_id_command,
    [COMMAND_CLIENT_INFO] = client_info_command,
    [COMMAND_CLIENT_KILL] = client_kill_command,
    [COMMAND_CLIENT_LIST] = client_list_command,
    [COMMAND_CLIENT_NO_EVICT] = client_no_evict_command,
    [COMMAND_CLIENT_NO_TOUCH] = client_no_touch_command,
    [COMMAND_CLIENT_PAUSE] = client_pause_command,
    [COMMAND_CLIENT_REPLY] = client_reply_command,
    [COMMAND_CLIENT_SETINFO] = client_setinfo_command,
    [COMMAND_CLIENT_SETNAME] = client_setname_command,
    [COMMAND_CLIENT_UNBLOCK] = client_unblock_command,
    [COMMAND_CLIENT_UNPAUSE] = client_unpause_command,
    [COMMAND_CLUSTER_COUNT_FAILURE_REPORTS] = cluster_command,
    [COMMAND_CLUSTER_HELP] = help_command,
    [COMMAND_CLUSTER_INFO] = cluster_command,
    [COMMAND_CLUSTER_KEYSLOT] = cluster_command,
    [COMMAND_CLUSTER_LINKS] = cluster_command,
    [COMMAND_CLUSTER_MYID] = cluster_command,
    [COMMAND_CLUSTER_MYSHARDID] = cluster_command,
    [COMMAND_CLUSTER_NODES] = cluster_command,
    [COMMAND_CLUSTER_REPLICAS] = cluster_command,
    [COMMAND_CLUSTER_SHARDS] = cluster_command,
    [COMMAND_CLUSTER_SLAVES] = cluster_command,
    [COMMAND_CLUSTER_SLOTS] = cluster_command,
    [COMMAND_CLUSTER_EXPLAIN] = cluster_admin_command,
    [COMMAND_CLUSTER_LEAVE] = cluster_admin_command,
    [COMMAND_CLUSTER_MEMBERS] = cluster_admin_command,
    [COMMAND_CLUSTER_REBALANCE] = cluster_admin_command,
    [COMMAND_CLUSTER_REMOVE] = cluster_admin_command,
    [COMMAND_CLUSTER_STATUS] = cluster_admin_command,
    [COMMAND_CLUSTER_MOVES] = cluster_moves_command,
    [COMMAND_CLUSTER_TABLE] = cluster_admin_command,
    [COMMAND_CLUSTER_TOP] = cluster_top_command,
#define REFUSED(id, words) [COMMAND_CLUSTER_##id] = cluster_refused_command,
#include "serve/cluster_refused.def"
#undef REFUSED
    [COMMAND_COMMAND] = command_command,
    [COMMAND_COMMAND_COUNT_OF] = command_command,
    [COMMAND_COMMAND_DOCS] = command_docs_command,
    [COMMAND_COMMAND_GETKEYSANDFLAGS] = command_getkeys_command,
    [COMMAND_COMMAND_GETKEYS] = command_getkeys_command,
    [COMMAND_COMMAND_HELP] = command_command,
    [COMMAND_COMMAND_INFO] = command_command,
    [COMMAND_COMMAND_LIST] = command_command,
    [COMMAND_CONFIG_GET] = config_command,
    [COMMAND_CONFIG_HELP] = config_command,
    [COMMAND_CONFIG_RESETSTAT] = config_command,
    [COMMAND_CONFIG_REWRITE] = config_command,
    [COMMAND_CONFIG_SET] = config_command,
    [COMMAND_CONFIG_TOLD] = told_command,
    [COMMAND_DEBUG] = debug_command,
    [COMMAND_DISCARD] = discard_command,
    [COMMAND_ECHO] = echo_command,
    [COMMAND_EXEC] = exec_command,
    [COMMAND_HELLO] = hello_command,
    [COMMAND_HOTKEYS_GET] = hotkeys_command,
    [COMMAND_HOTKEYS_HELP] = help_command,
    [COMMAND_HOTKEYS_RESET] = hotkeys_command,
    [COMMAND_INFO] = info_command,
    [COMMAND_LASTSAVE] = lastsave_command,
    [COMMAND_LATENCY_DOCTOR] = latency_command,
    [COMMAND_LATENCY_GRAPH] = latency_command,
    [COMMAND_LATENCY_HELP] = latency_command,
    [COMMAND_LATENCY_HISTOGRAM] = latency_command,
    [COMMAND_LATENCY_HISTORY] = latency_command,
    [COMMAND_LATENCY_LATEST] = latency_command,
    [COMMAND_LATENCY_RESET] = latency_command,
    [COMMAND_MEMORY_DOCTOR] = memory_command,
    [COMMAND_MEMORY_HELP] = memory_command,
    [COMMAND_MEMORY_MALLOC_STATS] = memory_command,
    [COMMAND_MEMORY_PURGE] = memory_command,
    [COMMAND_MEMORY_STATS] = memory_command,
    [COMMAND_MONITOR] = monitor_command,
    [COMMAND_MULTI] = multi_command,
    [COMMAND_PING] = ping_command,
    [COMMAND_PSUBSCRIBE] = psubscribe_command,
    [COMMAND_PUBLISH] = publish_command,
    [COMMAND_PUBSUB_CHANNELS] = pubsub_channels_command,
    [COMMAND_PUBSUB_HELP] = help_command,
    [COMMAND_PUBSUB_NUMPAT] = pubsub_numpat_command,
    [COMMAND_PUBSUB_NUMSUB] = pubsub_numsub_command,
    [COMMAND_PUBSUB_SHARDCHANNELS] = pubsub_shardchannels_command,
    [COMMAND_PUBSUB_SHARDNUMSUB] = pubsub_shardnumsub_command,
    [COMMAND_PUNSUBSCRIBE] = punsubscribe_command,
    [COMMAND_QUIT] = quit_command,
    [COMMAND_READONLY_ON] = readonly_command,
    [COMMAND_READWRITE] = readonly_command,
    [COMMAND_REPLICATION_HANDOVER] = handover_command,
    [COMMAND_REPLICATION_HELP] = help_command,
    [COMMAND_REPLICATION_MEMBERS] = members_command,
    [COMMAND_RESET] = reset_command,
    [COMMAND_ROLE] = role_command,
    [COMMAND_SAVE] = save_command,
    [COMMAND_SELECT] = select_command,
    [COMMAND_SHUTDOWN] = shutdown_command,
    [COMMAND_SLOWLOG_GET] = slowlog_command,
    [COMMAND_SLOWLOG_HELP] = slowlog_command,
    [COMMAND_SLOWLOG_LEN] = slowlog_command,
    [COMMAND_SLOWLOG_RESET] = slowlog_command,
    [COMMAND_SPUBLISH] = spublish_command,
    [COMMAND_SSUBSCRIBE] = ssubscribe_command,
    [COMMAND_SUBSCRIBE] = subscribe_command,
    [COMMAND_SUNSUBSCRIBE] = sunsubscribe_command,
    [COMMAND_TIME] = time_command,
    [COMMAND_UNSUBSCRIBE] = unsubscribe_command,
    [COMMAND_UNWATCH] = unwatch_command,
    [COMMAND_WAITAOF] = wait_command,
    [COMMAND_WAIT] = wait_command,
    [COMMAND_WATCH] = watch_command,
};

session_handler session_handler_of(enum command_id id)
{
    return handlers[id];
}
