/*
 * routeros.h: a connection to one MikroTik router, by its API.
 *
 * No other file opens a router connection.  A handle is made once, opened
 * (connect, TLS, login) and used for many commands; it can be opened again
 * after it broke.  It ends with the arena it was made in, so no error path
 * leaks one of the router's 20 sessions.
 *
 *	ros = routeros_new(cx->mem, &target);
 *	TRY(routeros_open(cx, ros));
 *	cmd = ros_cmd_new(cx->mem, "/ppp/secret/print");
 *	ros_cmd_props(&cmd, ".id,name");
 *	TRY(routeros_run(cx, ros, &cmd, one_row, &list, &reply));
 *
 * Every failure to reach, understand or persuade the router is RC_UPSTREAM;
 * routeros_fault() tells them apart.  err.msg names the router and what
 * failed; neither it nor err.detail ever holds a password or an attribute we
 * sent, only the command's path.
 *
 * After a timeout, a closed connection or bytes that are not the protocol the
 * connection is worthless and is closed at once (routeros_alive() is false).
 * A trap leaves it in step and usable.
 *
 * Nothing waits for ever: connect_ms for name, TCP and TLS, login_ms for the
 * login, read_ms for each silence, total_ms for each command from its sending
 * to its !done, budget_ms for all of it together.
 *
 * Programs that use TLS ignore SIGPIPE.  One handle, one thread.
 */
#ifndef NET_ROUTEROS_H
#define NET_ROUTEROS_H

#include "base/ctx.h"
#include "net/ros_job.h"
#include "net/ros_target.h"

struct routeros;

/* Makes a closed handle. */
struct routeros *routeros_new(struct arena *life, const struct routeros_target *);

/* Connect and log in, after closing an open connection. Starts budget_ms. */
enum rc routeros_open(struct ctx *, struct routeros *) _must_check_;
void routeros_close(struct routeros *);

/* The last open made a TCP connection, though TLS or the login may have failed. */
bool routeros_reached(const struct routeros *);

/* Connected and in step; false once the kernel knows that the router hung up. Sends nothing. */
bool routeros_alive(struct routeros *);

/* Restart the budget: all following calls must end within ms; 0: no budget. */
void routeros_budget(struct routeros *, int ms);

/*
 * The failure of the last call, and the trap that caused it (kind TRAP_OTHER, category -1
 * when none did). The trap's text lives in the cx->mem of that call.
 */
enum routeros_fault routeros_fault(const struct routeros *);
const struct ros_trap *routeros_trap(const struct routeros *);
const char *routeros_fault_name(enum routeros_fault); /* "refused", "timeout" ... */

/*
 * Send one command and read its answer to the end.  row NULL drops rows, ret
 * NULL drops the reply.  run: a trap is a failure, RC_UPSTREAM with the
 * router's words.  ask: a trap is an answer, to be looked for in ret.
 */
enum rc routeros_run(struct ctx *, struct routeros *, const struct ros_cmd *, routeros_row_fn *row,
    void *arg, struct routeros_reply *ret) _must_check_;
enum rc routeros_ask(struct ctx *, struct routeros *, const struct ros_cmd *, routeros_row_fn *row,
    void *arg, struct routeros_reply *ret) _must_check_;

/* Apply the check of run to a reply of ask or of a job: RC_OK unless it has a trap. */
enum rc routeros_check(struct ctx *, struct routeros *, const struct ros_cmd *,
    const struct routeros_reply *) _must_check_;

/* Run a print.  optional: a router without the menu, which comes with a package, has no rows. */
enum rc routeros_print(struct ctx *, struct routeros *, const struct ros_cmd *, bool optional,
    routeros_row_fn *row, void *arg) _must_check_;
bool routeros_missing(const struct routeros_reply *); /* the router has no such menu */

/*
 * Many commands on one connection, ROS_WINDOW at a time under way, tagged;
 * the router may finish them in any order, so they must not depend on each
 * other.  RC_OK when all were answered: look for traps in each job's reply.
 * On failure reply.done tells which were finished; one that was sent but is
 * not done may or may not have happened.
 */
enum rc routeros_batch(struct ctx *, struct routeros *, struct routeros_job *,
    size_t n) _must_check_;

/* The router's version ("7.20.4 (stable)"); each connection asks the router once. */
enum rc routeros_version(struct ctx *, struct routeros *, const char **ret) _must_check_;

/* The first row of the answer, copied to cx->mem; nattrs 0 when there is none. */
enum rc routeros_one(struct ctx *, struct routeros *, const struct ros_cmd *,
    struct ros_row *ret) _must_check_;

/*
 * Find the ids of the rows of menu ("/ppp/secret") whose prop is exactly val. Use an id at
 * once and do not keep it: the router gives the id of a deleted row to another.
 */
struct routeros_ids {
	const char **id;
	size_t n;
};

enum rc routeros_ids(struct ctx *, struct routeros *, const char *menu, const char *prop,
    const char *val, struct routeros_ids *ret) _must_check_;

/* "verify", "pin", "adh", "none" as stored; false when it is none of them. */
bool routeros_tls_by_name(const char *name, enum routeros_tls *ret);

#endif
