/*
 * safety.h -- what must hold of all replicas of a run together, looked at after each turn of a lane
 * (Ongaro and Ousterhout 2014, figure 3):
 *
 *   election safety       at most one leader a term
 *   promises              a term that is durable never goes back, nor does a vote change in it
 *   leader completeness   a leader's log has what was committed in earlier terms
 *   log matching, state machine safety
 *                         what is committed at an index is one entry, on all hosts, for ever
 *   commit                never goes back while the node lives
 *   state                 stores at one position of the log have one digest
 */
#pragma once

#include "sim/sim.h"

struct safety; /* opaque */

struct safety *safety_new(void);
void safety_free(struct safety *safety); /* NULL is allowed */
void safety_turned(struct safety *safety, struct sim *sim, uint32_t host, uint32_t number);
void safety_gone(struct safety *safety, uint32_t host); /* what its memory had is void */
