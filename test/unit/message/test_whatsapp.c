/* Gateways for WhatsApp: what each is sent, and what its answer means. */
#include "channel_peer.h"

#define URL             "{\"url\":\"http://127.0.0.1:%d/send\"}"
#define META            "{\"preset\":\"meta\",\"number_id\":\"4\",\"url\":\"http://127.0.0.1:%d/\"}"
#define JSON            "Content-Type: application/json"
#define CODE(code, why) OK_JSON("{\"error\":{\"code\":" code ",\"message\":\"" why "\"}}")
#define NO(why)         OK_JSON("{\"status\":false,\"reason\":\"" why "\"}")

/* Send by a channel that has the secret TOK; the request. */
static const char *
sent(const char *config, const char *template, const char *values)
{
	static const struct turn turn = { OK_JSON("{\"status\":true}"), PEER_CLOSE };
	static struct world w;

	begin(&w, &turn, 1);
	assert_int_equal(crypt_seal(&w.cx, "notification_settings:c1:secret", "TOK",
			     &w.message.channel_secret),
	    RC_OK);
	w.message.wa_template = template;
	w.message.wa_values = values;
	send_over(&w, "whatsapp", config);
	assert_int_equal(w.got.outcome, OUTCOME_SENT);
	end(&w);
	return w.peer.received[0];
}

static void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no %s in %s", part, text);
}

/* Fonnte would fill in {name} itself. */
static void
fonnte_gets_a_form(void **state)
{
	const char *got =
	    sent("{\"preset\":\"fonnte\",\"url\":\"http://127.0.0.1:%d\"}", NULL, "[]");

	(void)state;
	assert_memory_equal(got, "POST /send HTTP/1.1\r\n", 21);
	assert_has(got, "\r\nAuthorization: TOK\r\n");
	assert_has(got, "\r\nContent-Type: application/x-www-form-urlencoded\r\n");
	assert_has(got, "\r\n\r\ntarget=628123456789&message=hello%20%28name%29%20%28token%29"
			"&countryCode=62");
}

static void
wablas_gets_a_form(void **state)
{
	const char *got =
	    sent("{\"preset\":\"wablas\",\"url\":\"http://127.0.0.1:%d//\"}", NULL, "[]");

	(void)state;
	assert_memory_equal(got, "POST /api/send-message HTTP/1.1\r\n", 33);
	assert_has(got, "\r\nAuthorization: TOK\r\n");
	assert_has(got, "\r\n\r\nphone=628123456789&message=hello%20");
}

/* The admin's own template and header; a value is no template again. */
static void
a_described_gateway_gets_its_own_body(void **state)
{
	const char *got = sent("{\"url\":\"http://127.0.0.1:%d/x\",\"auth\":\"X-Key: k-{token}\","
			       "\"body\":\"{\\\"to\\\":[\\\"{phone}\\\",7],"
			       "\\\"m\\\":{\\\"text\\\":\\\"{message}!\\\",\\\"on\\\":true}}\"}",
	    NULL, "[]");

	(void)state;
	assert_memory_equal(got, "POST /x HTTP/1.1\r\n", 18);
	assert_has(got, "\r\nX-Key: k-TOK\r\n");
	assert_has(got, "\r\nContent-Type: application/json\r\n");
	assert_has(got, "\r\n\r\n{\"to\":[\"628123456789\",7],"
			"\"m\":{\"text\":\"hello (name) (token)!\",\"on\":true}}");
}

/* A preset of another version is read as a gateway that its own fields describe. */
static void
an_unknown_preset_is_a_described_gateway(void **state)
{
	const char *got =
	    sent("{\"preset\":\"gone\",\"url\":\"http://127.0.0.1:%d/y\"}", NULL, "[]");

	(void)state;
	assert_memory_equal(got, "POST /y HTTP/1.1\r\n", 18);
	assert_has(got, "\r\nAuthorization: TOK\r\n");
	assert_has(got,
	    "\r\n\r\n{\"phone\":\"628123456789\",\"message\":\"hello (name) (token)\"}");
}

/* Meta refuses a parameter with line ends or runs of blanks, and an empty one. */
static void
meta_gets_its_template_with_our_parameters(void **state)
{
	const char *got = sent(META, "due", "[\" Citra\\n\\t A  B\",\"\",5]");

	(void)state;
	assert_memory_equal(got, "POST /4/messages HTTP/1.1\r\n", 27);
	assert_has(got, "\r\nAuthorization: Bearer TOK\r\n");
	assert_has(got, "\r\nContent-Type: application/json\r\n");
	assert_has(got,
	    "\r\n\r\n{\"messaging_product\":\"whatsapp\",\"to\":\"628123456789\","
	    "\"type\":\"template\",\"template\":{\"name\":\"due\",\"language\":{\"code\":\"id\"},"
	    "\"components\":[{\"type\":\"body\",\"parameters\":["
	    "{\"type\":\"text\",\"text\":\"Citra A B\"},{\"type\":\"text\",\"text\":\"-\"},"
	    "{\"type\":\"text\",\"text\":\"-\"}]}]}}");
	got = sent(META, "hello", "[]");
	assert_has(got, "\"template\":{\"name\":\"hello\",\"language\":{\"code\":\"id\"}}}");
}

static void
an_incomplete_channel_calls_nobody(void **state)
{
	static const struct turn turn = { OK_JSON("{\"status\":true}"), PEER_CLOSE };
	struct world w;

	(void)state;
	begin(&w, &turn, 1);
	send_over(&w, "whatsapp", "{\"preset\":\"wablas\",\"x\":%d}"); /* no url */
	assert_int_equal(w.got.outcome, OUTCOME_REFUSED);
	send_over(&w, "whatsapp", META); /* no template */
	assert_int_equal(w.got.outcome, OUTCOME_REFUSED);
	w.message.recipient = "";
	send_over(&w, "whatsapp", URL);
	assert_int_equal(w.got.outcome, OUTCOME_REFUSED);
	end(&w);
	assert_int_equal(w.peer.connections, 0);
}

static void
a_gateway_says_yes_in_its_own_way(void **state)
{
	static const struct judged all[] = {
		{ OK_JSON("{\"status\":true}"), OUTCOME_SENT, "", 0 },
		{ OK_JSON("{\"status\":1}"), OUTCOME_SENT, "", 0 },
		{ OK_JSON("{\"status\":200}"), OUTCOME_SENT, "", 0 },
		{ OK_JSON("{\"status\":\"TRUE\"}"), OUTCOME_SENT, "", 0 },
		{ OK_JSON("{\"status\":\"200\"}"), OUTCOME_SENT, "", 0 },
		{ OK_JSON("{\"status\":\"Success\"}"), OUTCOME_SENT, "", 0 },
		{ OK_JSON("{\"code\":\"SUCCESS\"}"), OUTCOME_SENT, "", 0 },
		{ ANSWER("201 Created\r\n" JSON, "{\"status\":true}"), OUTCOME_SENT, "", 0 },
		{ OK_JSON("{\"status\":true,\"id\":[\"77\",\"78\"]}"), OUTCOME_SENT, "77", 0 },
		{ OK_JSON("{\"status\":true,\"message_id\":\"m1\"}"), OUTCOME_SENT, "m1", 0 },
		{ OK_JSON("{\"status\":true,\"requestid\":\"r1\"}"), OUTCOME_SENT, "r1", 0 },
		{ OK_JSON("{\"messages\":[{\"id\":\"w.1\"}]}"), OUTCOME_SENT, "w.1", 0 },
		{ OK_JSON("{\"status\":true,\"data\":{\"messages\":[{\"id\":\"9\"}]}}"),
		    OUTCOME_SENT, "9", 0 },
	};

	(void)state;
	assert_all_judged("whatsapp", URL, all, countof(all));
}

static void
a_gateway_says_no_within_200(void **state)
{
	static const struct judged all[] = {
		{ NO("target invalid"), OUTCOME_REFUSED,
		    "The gateway refuses (200): target invalid", 0 },
		{ OK_JSON("{\"status\":2,\"message\":\"no such number\"}"), OUTCOME_REFUSED,
		    "The gateway refuses (200): no such number", 0 },
		{ OK_JSON("{\"status\":\"no\",\"Detail\":\"x\"}"), OUTCOME_REFUSED,
		    "The gateway refuses (200): x", 0 },
		{ OK_JSON("{\"status\":\"201\"}"), OUTCOME_REFUSED, NULL, 0 },
		{ OK_JSON("{\"code\":\"FAILURE\"}"), OUTCOME_REFUSED, NULL, 0 },
		{ OK_JSON("{}"), OUTCOME_REFUSED, NULL, 0 },
		{ NO("device is disconnected"), OUTCOME_DOWN, NULL, 0 },
		{ NO("Token invalid"), OUTCOME_DOWN, NULL, 0 },
		{ NO("out of quota"), OUTCOME_DOWN, NULL, 0 },
		{ NO("you were banned"), OUTCOME_DOWN, NULL, 0 },
	};

	(void)state;
	assert_all_judged("whatsapp", URL, all, countof(all));
}

static void
a_status_says_whether_to_try_again(void **state)
{
	static const struct judged all[] = {
		{ ANSWER("400 Bad\r\n" JSON, "{\"status\":true}"), OUTCOME_REFUSED, NULL, 0 },
		{ ANSWER("401 Who\r\n" JSON, "{}"), OUTCOME_DOWN, NULL, 0 },
		{ ANSWER("403 No\r\n" JSON, "{}"), OUTCOME_DOWN, NULL, 0 },
		{ ANSWER("429 Slow\r\nRetry-After: 7\r\n" JSON, "{}"), OUTCOME_RETRY, NULL, 7 },
		{ ANSWER("429 Slow\r\nRetry-After: 9999\r\n" JSON, "{}"), OUTCOME_RETRY, NULL,
		    3600 },
		{ ANSWER("500 Oops\r\nRetry-After: 7\r\n" JSON, "{\"status\":true}"),
		    OUTCOME_UNKNOWN, NULL, 0 },
		{ ANSWER("200 OK\r\n" JSON, "<html>"), OUTCOME_UNKNOWN, NULL, 0 },
		{ ANSWER("500 Oops\r\n" JSON, "<html>"), OUTCOME_UNKNOWN, NULL, 0 },
		{ ANSWER("400 Bad\r\n" JSON, "<html>"), OUTCOME_REFUSED,
		    "The gateway answered 400 without JSON", 0 },
		{ ANSWER("401 Who\r\n" JSON, "<html>"), OUTCOME_DOWN, NULL, 0 },
		{ ANSWER("403 No\r\n" JSON, "<html>"), OUTCOME_DOWN, NULL, 0 },
		{ ANSWER("404 None\r\n" JSON, "<html>"), OUTCOME_DOWN, NULL, 0 },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", OUTCOME_UNKNOWN, NULL, 0 },
	};

	(void)state;
	assert_all_judged("whatsapp", URL, all, countof(all));
}

static void
a_code_of_meta_says_whether_to_try_again(void **state)
{
	static const struct judged all[] = {
		{ CODE("131026", "not on WhatsApp"), OUTCOME_REFUSED,
		    "WhatsApp 131026: not on WhatsApp", 0 },
		{ OK_JSON("{\"error\":{}}"), OUTCOME_REFUSED, "WhatsApp 0: refused", 0 },
		{ CODE("1", "x"), OUTCOME_RETRY, NULL, 0 },
		{ CODE("131056", "pair limit"), OUTCOME_RETRY, NULL, 0 },
		{ CODE("10", "x"), OUTCOME_DOWN, NULL, 0 },
		{ CODE("190", "token expired"), OUTCOME_DOWN, NULL, 0 },
		{ CODE("133010", "x"), OUTCOME_DOWN, NULL, 0 },
		{ ANSWER("429 Slow\r\nRetry-After: 60\r\n" JSON, "{\"error\":{\"code\":130429}}"),
		    OUTCOME_RETRY, NULL, 60 },
	};

	(void)state;
	assert_all_judged("whatsapp", URL, all, countof(all));
}

static void
a_secret_that_no_key_opens_calls_nobody(void **state)
{
	(void)state;
	assert_foreign_secret_fails("whatsapp", URL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fonnte_gets_a_form),
		cmocka_unit_test(wablas_gets_a_form),
		cmocka_unit_test(an_unknown_preset_is_a_described_gateway),
		cmocka_unit_test(a_described_gateway_gets_its_own_body),
		cmocka_unit_test(meta_gets_its_template_with_our_parameters),
		cmocka_unit_test(an_incomplete_channel_calls_nobody),
		cmocka_unit_test(a_gateway_says_yes_in_its_own_way),
		cmocka_unit_test(a_gateway_says_no_within_200),
		cmocka_unit_test(a_status_says_whether_to_try_again),
		cmocka_unit_test(a_code_of_meta_says_whether_to_try_again),
		cmocka_unit_test(a_secret_that_no_key_opens_calls_nobody),
	};

	return cmocka_run_group_tests_name("whatsapp", tests, NULL, NULL);
}
