/* snmp.c: see snmp.h; version 3 by net-snmp's single-session API, with epoll. */
#include <net-snmp/library/large_fd_set.h>
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "net/snmp_int.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"

enum { EVENTS = 64, SWEEP_MS = 20, DATAGRAM = 2048 };

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

	*e = (struct snmp_engine){ .life = cx->mem, .scratch = arena_new(65536) };
	e->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (e->epoll < 0)
		return FAIL(cx, RC_INTERNAL, "epoll: %s", strerrordesc_np(errno));
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

/* ---- the library's callback ---- */

/* The reason of a Report: usmStats 1.3.6.1.6.3.15.1.1.N.0. */
static void
note_report(struct snmp_agent *a, const netsnmp_pdu *pdu)
{
	static const char *const reasons[] = { "", "it does not support this security level",
		"its clock and ours differ (not in the time window)", "it does not know this user",
		"it does not know its own engine id",
		"the authentication password or protocol is wrong",
		"the privacy password or protocol is wrong" };
	const netsnmp_variable_list *vp = pdu->variables;
	size_t n = vp != NULL && vp->name_length >= 10 ? vp->name[9] : 0;

	(void)snprintf(a->report, sizeof(a->report), "%s",
	    n > 0 && n < countof(reasons) ? reasons[n] : "it refused the request");
}

static void
take_reply(struct snmp_agent *a, const netsnmp_pdu *pdu)
{
	if (pdu->errstat != SNMP_ERR_NOERROR) {
		a->reply.status = pdu->errstat;
		a->reply.index = pdu->errindex;
		snmp_finish_request(a, SNMP_FAULT, snmp_errstring((int)pdu->errstat));
		return;
	}
	snmp_take_values(a->engine->scratch, pdu, &a->reply);
	snmp_finish_request(a, SNMP_REPLIED, NULL);
}

/* Some versions of net-snmp pass the Report only here. */
static void
refuse_request(struct snmp_agent *a, const netsnmp_pdu *pdu)
{
	if (a->report[0] == '\0' && pdu != NULL)
		note_report(a, pdu);
	snmp_finish_request(a, SNMP_REFUSED,
	    a->report[0] != '\0' ? a->report : "it refused the request");
}

/*
 * net-snmp calls twice around a Report, in an order that differs between its versions: the
 * call at the Report itself ends no request, and neither does RESEND and the like.
 */
static int
on_answer(int operation, netsnmp_session *session, int reqid, netsnmp_pdu *pdu, void *magic)
{
	struct snmp_agent *a = magic;

	(void)session, (void)reqid;
	if (a->is_closing || a->is_answered || !a->request.is_open)
		return 1;
	if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE && pdu->command == SNMP_MSG_REPORT)
		note_report(a, pdu);
	else if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE)
		take_reply(a, pdu);
	else if (operation == NETSNMP_CALLBACK_OP_TIMED_OUT)
		snmp_finish_request(a, SNMP_SILENT, a->report[0] != '\0' ? a->report : "no answer");
	else if (operation == NETSNMP_CALLBACK_OP_SEND_FAILED)
		snmp_finish_request(a, SNMP_SILENT, "the request could not be sent");
	else if (operation == NETSNMP_CALLBACK_OP_SEC_ERROR)
		refuse_request(a, pdu);
	return 1;
}

/* ---- sessions ---- */

socklen_t
snmp_address_len(const struct sockaddr_storage *to)
{
	return to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static bool
watch(struct snmp_agent *a)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = a };

	return epoll_ctl(a->engine->epoll, EPOLL_CTL_ADD, a->fd, &ev) == 0;
}

/*
 * Open net-snmp's session on a connected socket, so that the kernel drops packets from
 * other addresses.
 */
static bool
open_session(struct snmp_agent *a)
{
	netsnmp_session s;

	snmp_sess_init(&s);
	s.timeout = a->conf.timeout_ms * 1000L;
	s.retries = SNMP_TRIES - 1;
	s.callback = on_answer;
	s.callback_magic = a;
	if (!snmp_session_fill(a, &s))
		return false;
	a->session = snmp_sess_open(&s);
	if (a->session == NULL)
		return false;
	snmp_sess_session(a->session)->flags |= SNMP_FLAGS_DONT_PROBE;
	a->fd = snmp_sess_transport(a->session)->sock;
	return connect(a->fd, (const void *)&a->conf.to, snmp_address_len(&a->conf.to)) == 0 &&
	       watch(a);
}

/* ---- discovery of the engine id ---- */

static bool
open_discovery(struct snmp_agent *a)
{
	a->fd = socket(a->conf.to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return a->fd >= 0 &&
	       connect(a->fd, (const void *)&a->conf.to, snmp_address_len(&a->conf.to)) == 0 &&
	       watch(a) && getrandom(&a->discover_id, sizeof(a->discover_id), 0) > 0;
}

static void
send_discovery(struct snmp_agent *a)
{
	unsigned char msg[SNMP_DISCOVER_LEN];

	snmp_discover_write(msg, a->discover_id);
	(void)send(a->fd, msg, sizeof(msg), MSG_DONTWAIT); /* a lost packet is sent again */
	a->tries++;
	a->due_at = clock_ms() + a->conf.timeout_ms;
}

/*
 * Give net-snmp the agent's clock, so that the first request is in its time window: without
 * it the agent refuses that request to tell its clock, and the request is sent again. The
 * clock is not authenticated: where it is wrong, net-snmp asks for an authenticated one.
 */
static void
note_clock(const struct snmp_engine_id *id)
{
	(void)set_enginetime(id->id, (u_int)id->len, id->boots, id->seconds, FALSE);
}

/* Two agents with the same engine id would share net-snmp's clock and keys, and fail by turns. */
static bool
has_duplicate_engine_id(const struct snmp_agent *a)
{
	for (const struct snmp_agent *b = a->engine->first; b != NULL; b = b->next)
		if (b != a && b->engine_id.len == a->engine_id.len && a->engine_id.len > 0 &&
		    memcmp(a->engine_id.id, b->engine_id.id, a->engine_id.len) == 0)
			return true;
	return false;
}

static void
submit(struct snmp_agent *a)
{
	if (snmp_sess_async_send(a->session, a->request.pdu, on_answer, a) == 0) {
		snmp_free_pdu(a->request.pdu);
		snmp_finish_request(a, SNMP_SILENT, "the request could not be sent");
	}
	a->request.pdu = NULL;
	a->due_at = clock_ms() + a->conf.timeout_ms;
}

static void
take_discovery(struct snmp_agent *a)
{
	unsigned char msg[DATAGRAM];
	ssize_t len = recv(a->fd, msg, sizeof(msg), MSG_DONTWAIT);

	if (len <= 0 || !snmp_discover_read(msg, (size_t)len, a->discover_id, &a->engine_id))
		return;
	close(a->fd);
	a->fd = -1;
	if (has_duplicate_engine_id(a)) {
		a->engine_id.len = 0;
		snmp_finish_request(a, SNMP_REFUSED, "another device has the same engine id");
	} else if (!open_session(a)) {
		snmp_finish_request(a, SNMP_REFUSED, "its passwords do not fit its protocols");
	} else {
		note_clock(&a->engine_id);
		submit(a);
	}
}

/* ---- receiving ---- */

static void
read_session(struct snmp_agent *a)
{
	netsnmp_large_fd_set *set = &a->engine->readable;

	netsnmp_large_fd_setfd(a->fd, set);
	(void)snmp_sess_read2(a->session, set);
	if (a->fd < (int)set->lfs_setsize)
		netsnmp_large_fd_clr(a->fd, set);
}

/* Receive on the socket of one agent, of version 3. */
static void
receive(struct snmp_watch *w)
{
	struct snmp_agent *a = (void *)w;
	struct snmp_engine *e = a->engine;

	if (a->session == NULL)
		take_discovery(a);
	else
		read_session(a);
	if (a->is_answered)
		snmp_give_answer(a);
	arena_reset(e->scratch);
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
	*a = (struct snmp_agent){ .watch = { receive },
		.engine = e,
		.mem = mem,
		.conf = *conf,
		.answer = answer,
		.owner = owner,
		.fd = -1,
		.due_at = INT64_MAX };
	put_in_list(a);
	if (snmp_session_is_v3(a) ? open_discovery(a) : snmp_plain_open(a))
		return a;
	*why = "no socket could be opened to it";
	snmp_agent_close(a);
	return NULL;
}

/*
 * Take the login of a closed session out of net-snmp's list of users, which it searches from
 * the start for each packet.
 */
static void
forget_user(const struct snmp_agent *a)
{
	struct usmUser *user =
	    usm_get_user(a->engine_id.id, a->engine_id.len, a->conf.security_name);

	if (user == NULL)
		return;
	(void)usm_remove_user(user);
	(void)usm_free_user(user);
}

static void
close_session(struct snmp_agent *a)
{
	(void)snmp_sess_close(a->session); /* calls on_answer() for open requests */
	forget_user(a);
}

void
snmp_agent_close(struct snmp_agent *a)
{
	a->is_closing = true;
	snmp_plain_close(a);
	if (a->session != NULL)
		close_session(a);
	else if (a->fd >= 0)
		close(a->fd);
	if (a->request.pdu != NULL)
		snmp_free_pdu(a->request.pdu);
	if (a->prev != NULL)
		a->prev->next = a->next;
	else
		a->engine->first = a->next;
	if (a->next != NULL)
		a->next->prev = a->prev;
	arena_free(a->mem);
}

static void
send_pdu(struct snmp_agent *a, netsnmp_pdu *pdu, const struct snmp_oid *oids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		oid name[SNMP_OID_MAX];

		for (uint32_t k = 0; k < oids[i].len; k++)
			name[k] = oids[i].sub[k];
		snmp_add_null_var(pdu, name, oids[i].len);
	}
	a->request.pdu = pdu;
	if (a->session != NULL)
		submit(a);
	else
		send_discovery(a);
}

static void
send_request(struct snmp_agent *a, enum snmp_kind kind, const struct snmp_oid *oids, size_t n,
    int rows)
{
	netsnmp_pdu *pdu;

	a->request = (struct request){ .is_open = true };
	a->report[0] = '\0';
	a->tries = 0;
	if (a->socket != NULL) {
		snmp_plain_ask(a, kind, oids, n, rows);
		return;
	}
	pdu = snmp_pdu_create(kind);
	if (kind == PDU_BULK) {
		pdu->non_repeaters = 0;
		pdu->max_repetitions = rows;
	}
	send_pdu(a, pdu, oids, n);
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

/* The current try has timed out: net-snmp, or the discovery, sends again or gives up. */
static void
check_timeout(struct snmp_agent *a, int64_t now)
{
	if (!a->request.is_open || a->is_answered || now < a->due_at)
		return;
	if (a->socket != NULL) {
		snmp_plain_timeout(a);
	} else if (a->session != NULL) {
		snmp_sess_timeout(a->session);
		a->due_at = now + SWEEP_MS;
	} else if (a->tries < SNMP_TRIES) {
		send_discovery(a);
	} else {
		snmp_finish_request(a, SNMP_SILENT, "no answer");
	}
}

static void
sweep_agents(struct snmp_engine *e, int64_t now)
{
	struct snmp_agent *next;

	if (now < e->swept_at + SWEEP_MS)
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

void
snmp_engine_step(struct snmp_engine *e, int wait_ms)
{
	struct epoll_event events[EVENTS];
	int n;

	snmp_plain_flush(e);
	n = epoll_wait(e->epoll, events, EVENTS, wait_ms < SWEEP_MS ? wait_ms : SWEEP_MS);
	for (int i = 0; i < n; i++) {
		struct snmp_watch *w = events[i].data.ptr;

		w->receive(w);
	}
	sweep_agents(e, clock_ms());
	snmp_plain_flush(e);
}
