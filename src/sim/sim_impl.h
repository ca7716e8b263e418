/*
 * sim_impl.h -- inside of a simulated run; see sim.h.
 *
 * sim.c has the agenda and the calls of programs, host.c the nodes' lives, net.c the connections,
 * disk.c the disks, fault.c what goes wrong; world_*.c are the headers of io/ over these.
 *
 * The headers of io/ know no world, so one pointer says whose turn it is: sim_current_host, set
 * around each call into a node and by nothing else. It is the only state that is not reached by an
 * argument.
 */
#pragma once

#include "base/buffer.h"
#include "io/io.h"
#include "serve/config.h"
#include "sim/agenda.h"
#include "sim/disk.h"
#include "sim/plan.h"
#include "sim/sim.h"

#define SIM_NS_PER_US INT64_C(1000)
#define SIM_NS_PER_MS INT64_C(1000000)
#define SIM_NS_PER_S  INT64_C(1000000000)

enum { SIM_PORT = 6379, SIM_PEER_PORT = 7400, SIM_OPEN_FILES_MAX = 64 };

enum sim_happening {              /* kinds of the agenda's items */
                     SIM_TURN,    /* number: host and lane; detail: the turn's generation */
                     SIM_ARRIVAL, /* number: direction; detail: connection */
                     SIM_WINDOW,  /* the same: there may be room to send again */
                     SIM_SYN,     /* detail: connection */
                     SIM_SYN_ACK,
                     SIM_LETTER,    /* number: from, and to; detail: the datagram */
                     SIM_DISK_DONE, /* detail: the operation */
                     SIM_BOOT,      /* number: host; detail: its boot */
                     SIM_FAULT,     /* number: of the plan */
                     SIM_FAULT_OVER,
                     SIM_CLIENT_TIMER, /* number: client; detail: tag */
                     SIM_HEAL,
                     SIM_MEMBERS, /* who is no member shall be one again */
                     SIM_GROW,    /* who joins or leaves is looked after */
                     SIM_END,
                     SIM_SWEEP /* connections that are over are freed */
};

/* --- hosts -------------------------------------------------------------------------------------
 */

struct sim_file { /* open by the calls of file.h */
    struct inode *inode;
    uint64_t offset;
};

struct sim_lane_run { /* one lane of a host's node */
    struct node_lane *lane;
    struct io *io;
    instant deadline;
    int64_t turn_at_ns; /* true time; INT64_MAX: none is wanted */
    uint64_t turn;      /* the generation of the turn that counts */
    int64_t busy_until_ns;
};

enum host_state { HOST_DOWN, HOST_UP };
enum host_belongs { /* to the cluster */
                    HOST_INSIDE,
                    HOST_OUTSIDE, /* its node does not run */
                    HOST_JOINING, /* the same, and it asks to be let in */
                    HOST_LEAVING,
                    HOST_LOST /* off for good, and to be removed */
};

struct sim_asked {   /* the root's leader, for a change of the registry */
    uint64_t ticket; /* 0: nothing */
    uint32_t host;
    uint64_t boot; /* of that host */
};

enum { HOST_READ_COST_NS = 100 }; /* what a look at the clock takes */

struct host {
    struct sim *sim;
    uint32_t number;
    node_id node_id; /* of the node that last ran here */
    enum host_state state;
    enum host_belongs belongs;
    struct sim_asked asked;
    bool has_power; /* its kernel answers, node or not */
    bool dying;     /* its node is being freed: nothing it does has an effect */
    uint64_t boots_count;
    struct config config; /* its own copy */
    struct node *node;
    struct node_options options;
    struct sim_lane_run lanes[SIM_LANES_MAX];
    uint32_t lanes_count; /* made */
    struct prng prng;     /* what its node gets by chance */
    struct io_address address;
    struct fault fault; /* why it last failed */
    struct disk disk;
    struct sim_file files[SIM_OPEN_FILES_MAX];
    bool locked;
    /* clocks: monotonic ns at the true time `clock_since_ns` */
    int64_t clock_base_ns, clock_since_ns;
    int64_t drift_ppm;
    int64_t wall_us;  /* Unix time at true time 0 */
    int64_t spent_ns; /* within the turn that runs */
    /* what is wrong with it now */
    int64_t paused_until_ns;
    int64_t disk_busy_until_ns;
    uint32_t disk_slowness; /* times as slow; 1: well */
    bool disk_fails;        /* the next write ends in EIO */
    bool wants_person;      /* what says who it is was hurt, and not its data */
    bool disk_damaged;      /* since the start: its node may refuse to start */
    bool off_for_good;      /* in the liveness phase */
    bool cut_off_by_crash;  /* a crash waits for the next completion of its disk */
    enum disk_loss crash_loss;
    int64_t crash_back_ns;     /* how long it stays away */
    uint32_t cut_to, cut_from; /* hosts: bits */
    bool cut_clients_in, cut_clients_out;
    int64_t slow_link_ns;
};

extern struct host *sim_current_host;

void host_init(struct sim *sim, uint32_t number);
void host_free(struct host *host);
void host_boot(struct host *host);
/* The node's process is gone: what it sent is on its way, its connections are closed. */
void host_kill(struct host *host, const char *why);
/* The machine is off: un-flushed writes are lost as `loss` says, connections know nothing. */
void host_cut_power(struct host *host, enum disk_loss loss);
void host_boot_after(struct host *host, int64_t ns);
/* NULL: the host is down, or has it not. */
struct shard *host_shard(const struct host *host, shard_id shard);
bool host_leads(const struct host *host, shard_id shard);
void host_turn(struct host *host, uint32_t lane, uint64_t turn);
/* At the true time `at_ns`, or when it is wanted earlier already. */
void host_want_turn(struct host *host, uint32_t lane, int64_t at_ns);
int64_t host_monotonic_ns(const struct host *host);
int64_t host_wall_us(const struct host *host);
void host_set_drift(struct host *host, int64_t ppm);

/* --- the network (net.c) -----------------------------------------------------------------------
 */

enum { NET_CLIENTS = SIM_HOSTS_MAX }; /* the place of client 0; hosts are 0 … */

enum end_owner {
    END_GONE,    /* nobody: what arrives is answered by a reset */
    END_WAITING, /* of a listener's backlog */
    END_NODE,
    END_CLIENT
};

enum segment_kind { SEGMENT_BYTES, SEGMENT_END, SEGMENT_RESET };

struct segment {
    struct segment *next;
    int64_t arrives_at_ns;
    enum segment_kind kind;
    size_t len, used;
    uint8_t bytes[];
};

struct segments {
    struct segment *first, *last;
};

struct end {
    enum end_owner owner;
    uint32_t place;
    struct io *io; /* of END_WAITING (the listener's) and END_NODE */
    io_handle handle;
    uint32_t client;
    uint64_t tag;
    struct io_address address;
    struct segments received;
    size_t received_bytes;
    bool ended, reset; /* has arrived */
    bool lingers;      /* closed gently: what arrives is dropped, without a word */
    bool wants_room;   /* a send was short */
};

struct pipe { /* what one end has sent, on its way to the other */
    struct segments segments;
    int64_t last_arrival_ns;
    size_t bytes;
    uint32_t tries;
    bool due;  /* an arrival is in the agenda */
    bool over; /* an end or a reset is in it: nothing more */
};

struct connection {
    uint64_t id;          /* 0: free. Slot and serial */
    struct end ends[2];   /* [0] has connected */
    struct pipe pipes[2]; /* [i]: from ends[i] */
    bool open;            /* for ends[0] */
    uint32_t tries;
    struct io_address to;
};

struct letter {                     /* a datagram */
    struct letter *next, *previous; /* of those under way; next also of those that have come */
    uint32_t from_place, to_place;
    struct io_address from, to;
    size_t len;
    uint8_t bytes[];
};

struct net {
    struct letter *letters; /* under way */
    struct connection **connections;
    uint32_t count;
    uint32_t *free_slots;
    uint32_t free_count;
    uint64_t serial;
    uint16_t next_port;
};

struct listener_place { /* what the network asks a host for */
    struct io *io;
    io_handle handle;
};

struct connection *net_find(struct sim *sim, uint64_t id); /* NULL: it is over */
struct connection *net_connect(struct sim *sim, uint32_t from_place, const struct io_address *from,
                               const struct io_address *to);
/* How much of it fits into the window; all of it for clients. */
size_t net_send(struct sim *sim, struct connection *connection, uint32_t from, struct slice bytes);
/* `bytes` of what end has received are read. */
void net_consumed(struct sim *sim, struct connection *connection, uint32_t end, size_t bytes);
/* By the end's owner, who has no more to do with it. */
void net_close(struct sim *sim, struct connection *connection, uint32_t end, bool gently);
void net_arrival(struct sim *sim, uint64_t id, uint32_t from);
void net_window(struct sim *sim, uint64_t id, uint32_t to);
void net_syn(struct sim *sim, uint64_t id);
void net_syn_ack(struct sim *sim, uint64_t id, bool accepted);
/* A box between them forgets it. What is on its way to one side arrives, `late_ns` later. */
void net_break(struct sim *sim, struct connection *connection, uint32_t late_end, int64_t late_ns);
/* A datagram: it arrives once, late, or never. */
void net_post(struct sim *sim, uint32_t from_place, const struct io_address *from,
              const struct io_address *to, struct slice bytes);
void net_letter(struct sim *sim, struct letter *letter);
void net_power_lost(struct sim *sim, struct host *host);
void net_free(struct sim *sim);
void net_sweep(struct sim *sim);

/* --- what net.c wants of the io of a lane (world_socket.c) --------------------------------------
 */

/* A listener of the host on this address; false: none. */
MUST_USE bool io_find_listener(struct host *host, const struct io_address *to, uint64_t chance,
                               struct listener_place *listener);
MUST_USE bool io_offer(struct io *io, io_handle listener, uint64_t connection); /* false: full */
void io_end_changed(struct io *io, io_handle handle); /* received, ended, reset, has room */
void io_connected(struct io *io, io_handle handle, enum err err, int error_number);
void io_letter(struct host *host, struct letter *letter); /* takes it */
void io_disk_done(struct sim *sim, uint64_t operation);
void io_power_lost(struct io *io, enum disk_loss loss);
struct host *io_host(const struct io *io);

/* --- the run -----------------------------------------------------------------------------------
 */

struct sim_network { /* drawn for the run */
    int64_t latency_ns, jitter_ns;
    uint32_t loss_per_million; /* of segments, which then come a retransmission later */
    size_t window_bytes;
};

struct sim_disks { /* drawn for the run */
    int64_t latency_ns, jitter_ns;
    int64_t ns_per_kib;
};

struct sim {
    struct sim_options options;
    struct agenda agenda;
    int64_t now_ns;
    bool over, live_phase, failed;
    char property[64];
    struct buffer why;
    const struct sim_program *program;
    void *program_self;
    struct prng program_prng, net_prng, disk_prng, fault_prng;
    struct host hosts[SIM_HOSTS_MAX];
    uint32_t hosts_count, lanes_count, shards_count;
    bool settled;         /* the cluster's own settings are drawn */
    uint32_t healed;      /* hosts that stay well in the liveness phase: bits */
    uint32_t broken;      /* … and that stay broken: bits */
    struct config config; /* of all hosts */
    int64_t drift_ppm_max;
    struct net net;
    struct sim_network network;
    struct sim_disks disks;
    struct plan plan;
    uint64_t turns_count, generation;
    uint64_t trace_hash;
};

/* Every setting, drawn within its row's range. */
void settings_draw(struct config *config, struct prng *prng);
/* Where a host listens, and who its peers are, if they are in a list. */
void settings_of_host(struct config *config, const struct sim *sim, uint32_t host, bool is_listed);
void settings_no_lease(struct config *config);
int64_t settings_drift_ppm(const struct config *config); /* that leases allow for */

void sim_happen(struct sim *sim, int64_t at_ns, enum sim_happening kind, uint32_t number,
                uint64_t detail);
void sim_tell(struct sim *sim, const struct sim_event *event); /* the program */
/* What counts for the trace's hash whether it is printed or not. */
void sim_note(struct sim *sim, uint64_t what);

void fault_begin(struct sim *sim, uint32_t number);
void fault_over(struct sim *sim, uint32_t number, uint64_t flap);
void fault_heal(struct sim *sim);
void fault_members_return(struct sim *sim);

/* Who joins, leaves, or is lost and removed. */
void grow_begin(struct sim *sim, const struct plan_fault *fault);
void grow_look(struct sim *sim);
uint32_t grow_members(const struct sim *sim); /* hosts whose nodes are members: bits */
/* The time is over: so is the run, when all is as it shall be. */
void calm_look(struct sim *sim);
