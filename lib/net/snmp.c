/* snmp.c: see snmp.h; what all versions share. */
#include <net-snmp/library/large_fd_set.h>
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "net/snmp_int.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"

enum { EVENTS = 64 };

/* ---- the engine ---- */

static void
set_library_up(void)
{
	static const int off[] = { NETSNMP_DS_LIB_DONT_READ_CONFIGS,
		NETSNMP_DS_LIB_DONT_PERSIST_STATE, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD,
		NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, NETSNMP_DS_LIB_DONT_LOAD_HOST_FILES };

	setenv("MIBS", "", 1);
	setenv("MIBDIRS", "", 1);
	setenv("SNMPCONFPATH", "/nonexistent", 1);
	for (size_t i = 0; i < countof(off); i++)
		netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, off[i], 1);
	(void)netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, 7); /* it logs without limit */
	init_snmp("snmp-poller");
}

static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

enum rc
snmp_engine_open(struct ctx *cx, struct snmp_engine **ret)
{
	struct snmp_engine *e = arena_alloc(cx->mem, sizeof(*e));

	*e = (struct snmp_engine){ .life = cx->mem };
	e->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (e->epoll < 0)
		return FAIL(cx, RC_INTERNAL, "epoll: %s", strerrordesc_np(errno));
	e->scratch = arena_new(65536);
	raise_file_limit();
	set_library_up();
	netsnmp_large_fd_set_init(&e->readable, FD_SETSIZE);
	*ret = e;
	return RC_OK;
}

void
snmp_engine_close(struct snmp_engine *e)
{
	while (e->first != NULL)
		snmp_agent_close(e->first);
	snmp_plain_close_sockets(e);
	netsnmp_large_fd_set_cleanup(&e->readable);
	close(e->epoll);
	arena_free(e->scratch);
}

socklen_t
snmp_address_len(const struct sockaddr_storage *to)
{
	return to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

/* ---- ending a request ---- */

void
snmp_finish_request(struct snmp_agent *a, enum snmp_outcome outcome, const char *why)
{
	if (a->is_closing || a->is_answered || !a->request.is_open)
		return;
	a->is_answered = true;
	a->reply.outcome = outcome;
	a->reply.why = why;
}

/* Called outside the library, whose callers still walk their lists when a callback returns. */
void
snmp_give_answer(struct snmp_agent *a)
{
	struct snmp_reply reply = a->reply;

	a->is_answered = a->request.is_open = false;
	a->reply = (struct snmp_reply){ 0 };
	a->answer(a->owner, &reply);
}

/* ---- agents ---- */

static void
put_in_list(struct snmp_agent *a)
{
	a->next = a->engine->first;
	if (a->next != NULL)
		a->next->prev = a;
	a->engine->first = a;
}

struct snmp_agent *
snmp_agent_open(struct snmp_engine *e, const struct snmp_agent_conf *conf, snmp_answer answer,
    void *owner, const char **why)
{
	struct arena *mem;
	struct snmp_agent *a;

	*why = snmp_session_fault(conf);
	if (*why != NULL)
		return NULL;
	mem = arena_new(2048);
	a = arena_alloc(mem, sizeof(*a));
	*a = (struct snmp_agent){ .watch = { snmp_v3_receive },
		.engine = e,
		.mem = mem,
		.conf = *conf,
		.answer = answer,
		.owner = owner,
		.fd = -1,
		.due_at = INT64_MAX };
	put_in_list(a);
	if (snmp_session_is_v3(a) ? snmp_v3_open(a) : snmp_plain_open(a))
		return a;
	*why = SNMP_NO_SOCKET;
	snmp_agent_close(a);
	return NULL;
}

void
snmp_agent_close(struct snmp_agent *a)
{
	a->is_closing = true;
	snmp_plain_close(a);
	snmp_v3_close(a);
	if (a->prev != NULL)
		a->prev->next = a->next;
	else
		a->engine->first = a->next;
	if (a->next != NULL)
		a->next->prev = a->prev;
	arena_free(a->mem);
}

static void
send_request(struct snmp_agent *a, enum snmp_kind kind, const struct snmp_oid *oids, size_t n,
    int rows)
{
	a->request.is_open = true;
	a->report[0] = '\0';
	a->tries = 0;
	if (a->socket != NULL)
		snmp_plain_ask(a, kind, oids, n, rows);
	else
		snmp_v3_ask(a, kind, oids, n, rows);
}

void
snmp_agent_get(struct snmp_agent *a, const struct snmp_oid *oids, size_t n)
{
	send_request(a, PDU_GET, oids, n, 0);
}

void
snmp_agent_bulk(struct snmp_agent *a, const struct snmp_oid *oids, size_t n, int rows)
{
	const bool is_v1 = strcmp(a->conf.version, "1") == 0;

	send_request(a, is_v1 ? PDU_NEXT : PDU_BULK, oids, n, rows);
}

/* ---- a step ---- */

static void
check_timeout(struct snmp_agent *a, int64_t now)
{
	if (!a->request.is_open || a->is_answered || now < a->due_at)
		return;
	if (a->socket != NULL)
		snmp_plain_timeout(a);
	else
		snmp_v3_timeout(a, now);
}

static void
sweep_agents(struct snmp_engine *e, int64_t now)
{
	struct snmp_agent *next;

	if (now < e->swept_at + SNMP_SWEEP_MS)
		return;
	e->swept_at = now;
	for (struct snmp_agent *a = e->first; a != NULL; a = next) {
		next = a->next;
		check_timeout(a, now);
		if (a->is_answered) {
			snmp_give_answer(a);
			arena_reset(e->scratch);
		}
	}
}

/*
 * Read all answers that have come, and return the moment up to which that is so: an agent is silent
 * if its time was up by then. A flood holds up nobody for longer than an answer of each agent.
 */
static int64_t
read_answers(struct snmp_engine *e, int wait_ms)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(e->epoll, events, EVENTS, wait_ms);
	const int64_t moment = clock_ms();

	for (int reads = 0; n > 0 && reads < SNMP_SLOTS / EVENTS; reads++) {
		for (int i = 0; i < n; i++) {
			struct snmp_watch *w = events[i].data.ptr;

			w->receive(w);
		}
		n = n == EVENTS ? epoll_wait(e->epoll, events, EVENTS, 0) : 0;
	}
	return moment;
}

void
snmp_engine_step(struct snmp_engine *e, int wait_ms)
{
	snmp_plain_flush(e);
	sweep_agents(e, read_answers(e, wait_ms < SNMP_SWEEP_MS ? wait_ms : SNMP_SWEEP_MS));
	snmp_plain_flush(e);
}
