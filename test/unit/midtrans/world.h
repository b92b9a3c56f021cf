/*
 * world.h: Midtrans as a web server of one screen, and an order of ours, new for each test.
 *
 * The service has transactions of its own: a test commits its rows, and they are gone when the next
 * begins.  rows_open() and rows_close() stand around all of them.
 */
#ifndef WORLD_H
#define WORLD_H

#include "rows.h"

#include <cJSON.h>

#include "base/conf.h"
#include "midtrans/message.h"
#include "midtrans/midtrans.h"
#include "net/http_peer.h"

#define ANSWER(code, body)                                                                         \
	{                                                                                          \
		.say = "HTTP/1.1 " code " X\r\nContent-Type: application/json\r\n"                 \
		       "Connection: close\r\n\r\n" body,                                           \
		.end = PEER_CLOSE                                                                  \
	}
#define LOST                                                                                       \
	{                                                                                          \
		.end = PEER_CLOSE                                                                  \
	}
#define MADE ANSWER("201", "{\"token\":\"tok\",\"redirect_url\":\"https://pay.example/tok\"}")
#define NONE ANSWER("404", "{\"status_code\":\"404\",\"status_message\":\"doesn't exist\"}")
#define KEY  "SB-Mid-server-unit"

static struct conf conf;
static struct peer peer;
static bool listening;

/* Midtrans, and a client that knows where it is. */
static inline void
answering(const struct turn *turns, size_t n)
{
	peer = (struct peer){ .turns = turns, .nturns = n };
	peer_start(&peer);
	listening = true;
	conf.val[CONF_MIDTRANS_SNAP_URL] =
	    arena_printf(cx.mem, "http://127.0.0.1:%d/snap/v1", peer.port);
	conf.val[CONF_MIDTRANS_API_URL] =
	    arena_printf(cx.mem, "http://127.0.0.1:%d/v2/", peer.port);
	cx.midtrans = midtrans_client_new(cx.mem, &conf);
}

#define ANSWERING(turns) answering(turns, countof(turns))

/* The peer ends, so that its requests are whole. */
static inline void
hang_up(void)
{
	if (listening)
		peer_stop(&peer);
	listening = false;
}

static inline void
clear(void)
{
	(void)sql("TRUNCATE customers, packages, midtrans_events CASCADE");
}

static inline int
begin(void **state)
{
	(void)state;
	for (int i = 0; i < CONF__MAX; i++)
		conf.val[i] = "";
	conf.val[CONF_MIDTRANS_SERVER_KEY] = KEY;
	conf.val[CONF_MIDTRANS_CLIENT_KEY] = "client";
	conf.val[CONF_APP_URL] = "https://isp.example";
	cx.conf = &conf;
	cx.actor = (struct actor){ .name = "unit" };
	cx.request_id = cx.ip = "";
	cx.err = (struct err){ 0 };
	clear();
	return 0;
}

static inline int
end(void **state)
{
	(void)state;
	hang_up();
	cx.err = (struct err){ 0 };
	clear();
	arena_reset(cx.mem);
	return 0;
}

#define MIDTRANS_TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

/* With a page that was made; the order's id. */
static inline const char *
an_order(void)
{
	return sql(
	    "INSERT INTO midtrans_attempts (invoice_id, attempt, order_id, amount, calls, state,"
	    " snap_token, redirect_url, expires_at, next_check_at)"
	    " VALUES ('%s', 1, 'unit-order', 150000, 1, 'open', 'tok', 'https://pay.example/tok',"
	    " now() + interval '1 day', now() + interval '1 minute') RETURNING order_id AS v",
	    an_invoice());
}

static inline const char *
attempt_of(const char *order_id)
{
	return sql("SELECT id AS v FROM midtrans_attempts WHERE order_id = '%s'", order_id);
}

/* "open 1": its state, and the calls that may have made it. */
static inline const char *
attempt_is(int n)
{
	return sql(
	    "SELECT concat_ws(' ', state, calls) AS v FROM midtrans_attempts WHERE attempt = %d",
	    n);
}

static inline const char *
notice_of(const char *transaction, const char *order_id, const char *status, const char *code)
{
	return arena_printf(cx.mem,
	    "{\"order_id\":\"%s\",\"transaction_id\":\"%s\",\"transaction_status\":\"%s\","
	    "\"status_code\":\"%s\",\"gross_amount\":\"150000.00\",\"payment_type\":\"qris\","
	    "\"currency\":\"IDR\",\"signature_key\":\"%s\"}",
	    order_id, transaction, status, code,
	    midtrans_signature(&cx, order_id, code, "150000.00", KEY));
}

static inline const char *
notice(const char *order_id, const char *status, const char *code)
{
	return notice_of("T-1", order_id, status, code);
}

static inline enum rc
notify(const char *text)
{
	cJSON *body = cJSON_Parse(text);
	enum rc rc;

	cx.err = (struct err){ 0 };
	rc = midtrans_take_notification(&cx, body, text);
	cJSON_Delete(body);
	return rc;
}

/* An order, paid by notification. */
static inline const char *
a_paid_order(void)
{
	const char *order = an_order();

	assert_int_equal(notify(notice(order, "settlement", "200")), RC_OK);
	return order;
}

/* An answer about a transaction of the order. */
#define ABOUT(id, status, code)                                                                    \
	ANSWER("200", "{\"status_code\":\"" code "\",\"order_id\":\"unit-order\","                 \
		      "\"transaction_id\":\"" id "\",\"transaction_status\":\"" status             \
		      "\",\"gross_amount\":\"150000.00\"}")
#define STATUS(status) ABOUT("T-9", status, "200")

/* "GET unit-order/status, POST T-9/cancel": the requests that came, in their order. */
static inline const char *
requests(void)
{
	struct sb list = sb_new(cx.mem);

	for (int i = 0; i < peer.requests && i < 8; i++) {
		const char *line = peer.received[i], *path = strchr(line, ' ') + 1;
		size_t prefix = strncmp(path, "/v2/", 4) == 0 ? 4 : 0;

		sb_printf(&list, "%s%.*s %.*s", i > 0 ? ", " : "", (int)(path - 1 - line), line,
		    (int)strcspn(path + prefix, " "), path + prefix);
	}
	return list.buf;
}

#endif
