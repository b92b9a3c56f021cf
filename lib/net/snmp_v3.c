/*
 * snmp_v3.c: an agent of version 3: its discovery, then a session of net-snmp's single-session
 * API with a socket of its own; see snmp_int.h.
 */
#include "net/snmp_int.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"

enum { DATAGRAM = 2048 };

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

static bool
watch(struct snmp_agent *a)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = a };

	return epoll_ctl(a->engine->epoll, EPOLL_CTL_ADD, a->fd, &ev) == 0;
}

/*
 * Open net-snmp's session on a connected socket, so that the kernel drops packets from
 * other addresses.  Returns why it cannot be opened, or NULL.
 */
static const char *
open_session(struct snmp_agent *a)
{
	netsnmp_session s;

	snmp_sess_init(&s);
	s.timeout = a->conf.timeout_ms * 1000L;
	s.retries = SNMP_TRIES - 1;
	s.callback = on_answer;
	s.callback_magic = a;
	if (!snmp_session_fill(a, &s))
		return "its passwords do not fit its protocols";
	a->session = snmp_sess_open(&s);
	if (a->session == NULL)
		return SNMP_NO_SOCKET;
	snmp_sess_session(a->session)->flags |= SNMP_FLAGS_DONT_PROBE;
	a->fd = snmp_sess_transport(a->session)->sock;
	if (connect(a->fd, (const void *)&a->conf.to, snmp_address_len(&a->conf.to)) != 0 ||
	    !watch(a))
		return SNMP_NO_SOCKET;
	return NULL;
}

/* ---- discovery of the engine id ---- */

bool
snmp_v3_open(struct snmp_agent *a)
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
	const char *why;

	if (len <= 0 || !snmp_discover_read(msg, (size_t)len, a->discover_id, &a->engine_id))
		return;
	close(a->fd);
	a->fd = -1;
	if (has_duplicate_engine_id(a)) {
		a->engine_id.len = 0;
		snmp_finish_request(a, SNMP_REFUSED, "another device has the same engine id");
		return;
	}
	why = open_session(a);
	if (why != NULL) {
		snmp_finish_request(a, SNMP_REFUSED, why);
		return;
	}
	note_clock(&a->engine_id);
	submit(a);
}

/* ---- asking ---- */

static void
send_pdu(struct snmp_agent *a, netsnmp_pdu *pdu, const struct snmp_oid *oids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		oid name[SNMP_OID_MAX];

		for (uint32_t k = 0; k < oids[i].len; k++)
			name[k] = oids[i].sub[k];
		snmp_add_null_var(pdu, name, oids[i].len);
	}
	snmp_free_pdu(a->request.pdu); /* of a request that was not sent: its discovery failed */
	a->request.pdu = pdu;
	if (a->session != NULL)
		submit(a);
	else
		send_discovery(a);
}

void
snmp_v3_ask(struct snmp_agent *a, enum snmp_kind kind, const struct snmp_oid *oids, size_t n,
    int rows)
{
	netsnmp_pdu *pdu = snmp_pdu_create(kind);

	if (kind == PDU_BULK) {
		pdu->non_repeaters = 0;
		pdu->max_repetitions = rows;
	}
	send_pdu(a, pdu, oids, n);
}

void
snmp_v3_timeout(struct snmp_agent *a, int64_t now)
{
	if (a->session != NULL) {
		snmp_sess_timeout(a->session);
		a->due_at = now + SNMP_SWEEP_MS;
	} else if (a->tries < SNMP_TRIES) {
		send_discovery(a);
	} else {
		snmp_finish_request(a, SNMP_SILENT, "no answer");
	}
}

/* ---- receiving ---- */

static void
read_session(struct snmp_agent *a)
{
	netsnmp_large_fd_set *set = &a->engine->readable;

	netsnmp_large_fd_setfd(a->fd, set);
	(void)snmp_sess_read2(a->session, set);
	netsnmp_large_fd_clr(a->fd, set);
}

void
snmp_v3_receive(struct snmp_watch *w)
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

/* ---- the end ---- */

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
snmp_v3_close(struct snmp_agent *a)
{
	if (a->session != NULL)
		close_session(a);
	else if (a->fd >= 0)
		close(a->fd);
	snmp_free_pdu(a->request.pdu);
}
