/* A client against a router of two screens: routeros.c and, behind it, ros_talk.c. */
#include "unit.h"

#include <string.h>

#include "base/clock.h"
#include "net/ros_peer.h"
#include "net/routeros.h"

#define LOGGED_IN                                                                                  \
	{                                                                                          \
		.listen = 1, .say = "!done\n"                                                      \
	}
#define LOGIN_RECEIVED "/login|=name=api|=password=s3cret\n"

struct fix {
	struct ctx cx;
	struct peer *peer;
	struct routeros *ros;
	struct routeros_target target;
	char received[8192];
	size_t received_len; /* of all, also what did not fit */
};

static int
setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	f->cx.mem = arena_new(4096);
	f->target = peer_target();
	*state = f;
	return 0;
}

/* Close the client, end the peer; what the peer received is then in received. */
static const char *
hang_up(struct fix *f)
{
	if (f->ros != NULL)
		routeros_close(f->ros);
	if (f->peer != NULL)
		f->received_len = peer_stop(f->peer, f->received, sizeof(f->received));
	f->peer = NULL;
	return f->received;
}

static int
teardown(void **state)
{
	struct fix *f = *state;

	(void)hang_up(f);
	arena_free(f->cx.mem);
	free(f);
	return 0;
}

/* Start a peer and open a connection to it. */
static enum rc
dial(struct fix *f, const struct turn *turns)
{
	f->peer = peer_start(turns, NULL);
	f->target.port = f->peer->port;
	f->ros = routeros_new(f->cx.mem, &f->target);
	return routeros_open(&f->cx, f->ros);
}

static void
dial_ok(struct fix *f, const struct turn *turns)
{
	if (dial(f, turns) != RC_OK)
		fail_msg("%s (%s)", f->cx.err.msg, f->cx.err.detail);
}

static enum rc
run(struct fix *f, const char *path, struct routeros_reply *ret)
{
	struct ros_cmd c = ros_cmd_new(f->cx.mem, path);

	ros_cmd_set(&c, "comment", "Rahasia");
	return routeros_run(&f->cx, f->ros, &c, NULL, NULL, ret);
}

/* A failure: its kind, the router's name in its text, no secret anywhere. */
static void
assert_fault(struct fix *f, enum rc rc, enum routeros_fault fault, const char *text)
{
	assert_int_equal(rc, RC_UPSTREAM);
	if (routeros_fault(f->ros) != fault || strstr(f->cx.err.msg, text) == NULL)
		fail_msg("%s: %s", routeros_fault_name(routeros_fault(f->ros)), f->cx.err.msg);
	assert_non_null(strstr(f->cx.err.msg, "router Main "));
	assert_null(strstr(f->cx.err.msg, "s3cret"));
	assert_null(strstr(f->cx.err.detail, "s3cret"));
	assert_null(strstr(f->cx.err.detail, "Rahasia"));
}

static void
assert_dead(struct fix *f)
{
	assert_false(routeros_alive(f->ros));
	assert_fault(f, run(f, "/after", NULL), ROS_CLOSED, "it is not connected");
}

/* --------------------------------------------------------------- in order */

static enum rc
collect(struct ctx *cx, const struct ros_row *row, void *arg)
{
	(void)cx;
	sb_printf(arg, "%s=%s;", ros_row_get(row, ".id"), ros_row_get(row, "name"));
	return RC_OK;
}

static void
logs_in_and_reads_rows(void **state)
{
	static const struct turn turns[] = {
		LOGGED_IN,
		{ .listen = 1, .say = "!re|=.id=*1|=name=a\n!re|=name=b|=.id=*2|=x=y\n!done\n" },
		{ .listen = 1, .say = "!done|=ret=*1F\n", .end = PEER_HOLD },
	};
	struct fix *f = *state;
	struct sb rows = sb_new(f->cx.mem);
	struct ros_cmd c = ros_cmd_new(f->cx.mem, "/ppp/secret/print");
	struct routeros_reply reply;

	dial_ok(f, turns);
	assert_true(routeros_alive(f->ros));
	ros_cmd_props(&c, ".id,name");
	ros_cmd_where(&c, "service", "pppoe");
	assert_int_equal(routeros_run(&f->cx, f->ros, &c, collect, &rows, &reply), RC_OK);
	assert_string_equal(rows.buf, "*1=a;*2=b;");
	assert_int_equal(reply.rows, 2);
	assert_null(reply.ret);
	assert_int_equal(run(f, "/ppp/secret/add", &reply), RC_OK);
	assert_string_equal(reply.ret, "*1F");
	assert_true(routeros_alive(f->ros));
	assert_string_equal(hang_up(f),
	    LOGIN_RECEIVED "/ppp/secret/print|=.proplist=.id,name|?service=pppoe\n"
			   "/ppp/secret/add|=comment=Rahasia\n");
	assert_false(routeros_alive(f->ros));
}

/* !done follows !trap: stopping at the trap gave later answers to the wrong command. */
static void
a_trap_leaves_the_stream_in_step(void **state)
{
	static const struct turn turns[] = {
		LOGGED_IN,
		{ .listen = 1,
		    .say = "!trap|=category=1|=message=invalid value for argument profile\n"
			   "!trap|=message=failure: already have such entry\n!done\n" },
		{ .listen = 1, .say = "!trap|=message=not enough permissions (9)\n!done\n" },
		{ .listen = 1, .say = "!trap\n!done\n" },
		{ .listen = 1, .say = "!done|=ret=*7\n", .end = PEER_HOLD },
	};
	struct fix *f = *state;
	struct ros_cmd c = ros_cmd_new(f->cx.mem, "/one");
	struct routeros_reply reply;

	dial_ok(f, turns);
	assert_int_equal(routeros_ask(&f->cx, f->ros, &c, NULL, NULL, &reply), RC_OK);
	assert_int_equal(reply.ntraps, 2);
	assert_int_equal(reply.traps[1].kind, TRAP_EXISTS);
	assert_fault(f, routeros_check(&f->cx, f->ros, &c, &reply), ROS_TRAP,
	    "refused (/one): invalid value for argument profile");
	assert_int_equal(routeros_trap(f->ros)->kind, TRAP_BAD_VALUE);
	assert_string_equal(routeros_trap(f->ros)->arg, "profile");
	assert_int_equal(routeros_trap(f->ros)->category, 1);
	assert_fault(f, run(f, "/two", NULL), ROS_PERMISSION, "not enough permissions (9)");
	assert_fault(f, run(f, "/three", NULL), ROS_TRAP, "no reason given");
	assert_int_equal(run(f, "/four", &reply), RC_OK);
	assert_string_equal(reply.ret, "*7");
	assert_int_equal(routeros_fault(f->ros), ROS_OK);
	assert_int_equal(routeros_trap(f->ros)->category, -1);
}

/* !empty (7.18) broke five other clients; the next new word must not break this one. */
static void
skips_words_it_does_not_know(void **state)
{
	static const struct turn turns[] = {
		LOGGED_IN,
		{ .listen = 1, .say = "!empty\n!done\n" },
		{ .listen = 1,
		    .say = "\n!news|=a=b\n!re|=name=x\n!progress\n!done|=ret=1\n",
		    .end = PEER_HOLD },
	};
	struct fix *f = *state;
	struct routeros_reply reply;

	dial_ok(f, turns);
	assert_int_equal(run(f, "/a", &reply), RC_OK);
	assert_int_equal(reply.rows, 0);
	assert_int_equal(run(f, "/b", &reply), RC_OK);
	assert_int_equal(reply.rows, 1);
}

static void
understands_a_router_that_drips(void **state)
{
	static const struct turn turns[] = {
		{ .listen = 1, .say = "!done\n", .drip = 1, .pause_ms = 1 },
		{ .listen = 1,
		    .say = "!re|=.id=*1|=name=a\n!re|=.id=*2|=name=b\n!done\n",
		    .drip = 1,
		    .pause_ms = 1,
		    .end = PEER_HOLD },
	};
	struct fix *f = *state;
	struct sb rows = sb_new(f->cx.mem);
	struct ros_cmd c = ros_cmd_new(f->cx.mem, "/p");

	dial_ok(f, turns);
	assert_int_equal(routeros_run(&f->cx, f->ros, &c, collect, &rows, NULL), RC_OK);
	assert_string_equal(rows.buf, "*1=a;*2=b;");
}

static enum rc
refuse_second(struct ctx *cx, const struct ros_row *row, void *arg)
{
	int *seen = arg;

	(void)row;
	return ++*seen == 2 ? FAIL(cx, RC_CONFLICT, "enough") : RC_OK;
}

static void
a_failing_row_function_ends_the_reading_only(void **state)
{
	static const struct turn turns[] = {
		LOGGED_IN,
		{ .listen = 1, .say = "!re|=n=1\n!re|=n=2\n!re|=n=3\n!done\n" },
		{ .listen = 1, .say = "!done|=ret=ok\n", .end = PEER_HOLD },
	};
	struct fix *f = *state;
	struct ros_cmd c = ros_cmd_new(f->cx.mem, "/p");
	struct routeros_reply reply;
	int seen = 0;

	dial_ok(f, turns);
	assert_int_equal(routeros_run(&f->cx, f->ros, &c, refuse_second, &seen, NULL), RC_CONFLICT);
	assert_string_equal(f->cx.err.msg, "enough");
	assert_int_equal(seen, 2);
	assert_int_equal(run(f, "/next", &reply), RC_OK);
	assert_string_equal(reply.ret, "ok");
}

/* A sentence larger than any socket buffer, to a router that reads late. */
static void
sends_what_does_not_fit_at_once(void **state)
{
	static const struct turn turns[] = {
		LOGGED_IN,
		{ .pause_ms = 1000, .raw = "\0\0", .raw_len = 2 },
		{ .listen = 1, .say = "!done|=ret=ok\n", .end = PEER_HOLD },
	};
	struct fix *f = *state;
	struct ros_cmd c = ros_cmd_new(f->cx.mem, "/p");
	char *big = memset(arena_alloc(f->cx.mem, (8 << 20) + 1), 'x', 8 << 20);
	struct routeros_reply reply;

	f->target.read_ms = f->target.total_ms = 60000; /* on a busy machine */
	ros_cmd_set(&c, "v", big);
	dial_ok(f, turns);
	assert_int_equal(routeros_run(&f->cx, f->ros, &c, NULL, NULL, &reply), RC_OK);
	(void)hang_up(f);
	assert_int_equal(f->received_len, strlen(LOGIN_RECEIVED) + strlen("/p|=v=\n") + (8 << 20));
}

static void
a_malformed_command_is_never_sent(void **state)
{
	static const struct turn turns[] = { { .listen = 1, .say = "!done\n", .end = PEER_HOLD } };
	struct fix *f = *state;
	struct ros_cmd c = ros_cmd_new(f->cx.mem, "/p q");

	dial_ok(f, turns);
	assert_int_equal(routeros_run(&f->cx, f->ros, &c, NULL, NULL, NULL), RC_INTERNAL);
	assert_true(routeros_alive(f->ros));
	assert_string_equal(hang_up(f), LOGIN_RECEIVED);
}

/* ------------------------------------------------------------------ logins */

/* Before 6.43: 00 and the MD5 of a zero byte, the password and the challenge. */
static void
answers_the_challenge_of_an_old_router(void **state)
{
	static const struct turn turns[] = {
		{ .listen = 1, .say = "!done|=ret=00112233445566778899aabbccddeeff\n" },
		{ .listen = 1, .say = "!done\n", .end = PEER_HOLD },
	};
	struct fix *f = *state;

	dial_ok(f, turns);
	assert_string_equal(hang_up(f),
	    LOGIN_RECEIVED "/login|=name=api|=response=00893eff3c6efac21cc3bef7b1a0efab4b\n");
}

static void
an_odd_challenge_is_no_login(void **state)
{
	static const struct turn turns[] = {
		{ .listen = 1, .say = "!done|=ret=0011\n", .end = PEER_HOLD },
	};
	struct fix *f = *state;

	assert_fault(f, dial(f, turns), ROS_PROTOCOL, "an odd challenge");
	assert_dead(f);
}

/* clang-format off */
static const struct {
	const char *say;
	enum routeros_fault fault;
	const char *text;
} refusals[] = {
	{ "!trap|=message=invalid user name or password (6)\n!done\n", ROS_LOGIN,
	  "refused the login: invalid user name or password (6)" },
	/* It says the same of a user who is disabled: who only reads "password" looks long. */
	{ "!trap|=message=invalid user name or password (6)\n!done\n", ROS_LOGIN,
	  "(6); is the user disabled, or without the policy api?" },
	{ "!trap|=message=cannot log in\n!done\n", ROS_LOGIN, "cannot log in" },
	{ "!trap|=message=not enough permissions (9)\n!done\n", ROS_PERMISSION, "(9)" },
	{ "!fatal|too many commands before login\n", ROS_LOGIN, "too many commands" },
	{ "!fatal|not logged in\n", ROS_LOGIN, "not logged in" },
	{ "!fatal|rebooting\n", ROS_CLOSED, "closed the connection: rebooting" },
	{ "!trap|=message=bad password s3cret\n!done\n", ROS_LOGIN, "(hidden)" },
	{ "!trap|=message=two\tparts\n!done\n", ROS_LOGIN, "two\\x09parts" },
	{ "", ROS_CLOSED, "is our address allowed?" },
};
/* clang-format on */

static void
refused_logins_differ_by_cause(void **state)
{
	struct fix *f = *state;

	for (size_t i = 0; i < countof(refusals); i++) {
		struct turn turns[] = {
			{ .listen = 1, .say = refusals[i].say, .end = PEER_HANG_UP },
		};

		assert_fault(f, dial(f, turns), refusals[i].fault, refusals[i].text);
		assert_dead(f);
		(void)hang_up(f);
	}
}

/* ---------------------------------------------------------- out of order */

static void
refused_and_unreachable_differ(void **state)
{
	struct fix *f = *state;

	f->target.port = 1; /* where nobody listens, and no other test does */
	f->ros = routeros_new(f->cx.mem, &f->target);
	assert_fault(f, routeros_open(&f->cx, f->ros), ROS_REFUSED, "refused the connection");
	f->target.host = "fe80::1"; /* link-local without a link: nothing is sent */
	f->ros = routeros_new(f->cx.mem, &f->target);
	assert_fault(f, routeros_open(&f->cx, f->ros), ROS_UNREACHABLE, "cannot be reached");
}

/* Each way of taking too long ends in time, and leaves nothing to go on with. */
static void
a_slow_router_holds_no_call_for_long(void **state)
{
	static const struct {
		struct turn turns[2];
		int read_ms, total_ms, budget_ms;
		int least, most;
		const char *text;
	} cases[] = {
		{ { LOGGED_IN, { .listen = 1, .end = PEER_HOLD } }, 150, 20000, 0, 149, 15000,
		    "(/p): it fell silent" },
		{ { LOGGED_IN, { .listen = 1, .say = "!re|=n=1\n", .end = PEER_HOLD } }, 150, 20000,
		    0, 149, 15000, "it fell silent" },
		{ { LOGGED_IN, { .listen = 1,
				   .say = "!re|=n=1\n",
				   .drip = 1,
				   .pause_ms = 20,
				   .endless = true } },
		    2500, 3500, 0, 3499, 15000, "it took too long" }, /* never silent for long */
		{ { LOGGED_IN, { .listen = 1, .say = "!re|=n=1\n", .endless = true } }, 20000, 300,
		    0, 299, 15000, "it took too long" },
		{ { LOGGED_IN, { .listen = 1, .end = PEER_HOLD } }, 20000, 20000, 200, 190, 15000,
		    "it took too long" },
	};
	struct fix *f = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		long start;

		f->target.read_ms = cases[i].read_ms;
		f->target.total_ms = cases[i].total_ms;
		f->target.max_rows = SIZE_MAX;
		f->target.max_bytes = SIZE_MAX;
		dial_ok(f, cases[i].turns);
		routeros_budget(f->ros, cases[i].budget_ms);
		start = clock_ms();
		assert_fault(f, run(f, "/p", NULL), ROS_TIMEOUT, cases[i].text);
		assert_in_range(clock_ms() - start, cases[i].least, cases[i].most);
		routeros_budget(f->ros, 0);
		assert_dead(f);
		(void)hang_up(f);
	}
}

static enum rc
dawdle(struct ctx *cx, const struct ros_row *row, void *arg)
{
	size_t *rows = arg;

	(void)cx;
	(void)row;
	return ++*rows % 500 == 0 && usleep(3000) != 0 ? RC_INTERNAL : RC_OK;
}

/* We are slower than it is, so that there is always something to read and never to wait for. */
static void
a_router_that_never_pauses_ends_in_time(void **state)
{
	struct fix *f = *state;
	struct sb say = sb_new(f->cx.mem);
	struct turn turns[] = { LOGGED_IN, { .listen = 1, .endless = true } };
	struct ros_cmd c = ros_cmd_new(f->cx.mem, "/p");
	long start;
	size_t rows = 0;

	for (int i = 0; i < 5000; i++)
		sb_puts(&say, "!re|=n=1\n");
	turns[1].say = say.buf;
	f->target.total_ms = 300;
	f->target.max_rows = f->target.max_bytes = SIZE_MAX;
	dial_ok(f, turns);
	start = clock_ms();
	assert_fault(f, routeros_run(&f->cx, f->ros, &c, dawdle, &rows, NULL), ROS_TIMEOUT,
	    "it took too long");
	assert_in_range(clock_ms() - start, 299, 15000);
	assert_dead(f);
}

static void
a_silent_login_ends_in_time(void **state)
{
	static const struct turn turns[] = { { .listen = 1, .end = PEER_HOLD } };
	struct fix *f = *state;
	int64_t start = clock_ms();

	f->target.login_ms = 150;
	assert_fault(f, dial(f, turns), ROS_TIMEOUT, "did not answer in time (login)");
	assert_in_range(clock_ms() - start, 149, 15000);
	(void)hang_up(f);
	f->target.login_ms = 20000;
	f->target.budget_ms = 100;
	start = clock_ms();
	assert_fault(f, dial(f, turns), ROS_TIMEOUT, "did not answer in time (login)");
	assert_in_range(clock_ms() - start, 99, 15000);
}

/* clang-format off */
static const struct {
	struct turn turn;
	enum routeros_fault fault;
	const char *text;
} spoilers[] = {
	{ { .listen = 1, .say = "!re|=n=1\n", .end = PEER_HANG_UP }, ROS_CLOSED, "end of conn" },
	{ { .listen = 1, .raw = "\x03!r", .raw_len = 3, .end = PEER_HANG_UP }, ROS_CLOSED, "end" },
	{ { .listen = 1, .raw = "HTTP/1.1 400 \r\n\r\n", .raw_len = 17, .end = PEER_HANG_UP },
	  ROS_CLOSED, "end" },
	{ { .listen = 1, .raw = "\xFF", .raw_len = 1, .end = PEER_HOLD }, ROS_PROTOCOL,
	  "reserved" },
	{ { .listen = 1, .raw = "\x02ok\0", .raw_len = 4, .end = PEER_HOLD }, ROS_PROTOCOL,
	  "a reply without !" },
	{ { .listen = 1, .say = "!done|.tag=1\n", .end = PEER_HOLD }, ROS_PROTOCOL,
	  "an answer to nothing" },
	{ { .listen = 1, .say = "!done\n!done\n", .end = PEER_HOLD }, ROS_PROTOCOL,
	  "an answer to nothing" },
	{ { .listen = 1, .raw = "\x05!done\0\x05!do", .raw_len = 11, .end = PEER_HOLD },
	  ROS_PROTOCOL, "more than was asked for" },
	{ { .listen = 1, .say = "!fatal|going down\n", .end = PEER_HANG_UP }, ROS_CLOSED,
	  "going down" },
	{ { .listen = 1, .say = "!re|=n=1\n!re|=n=2\n!re|=n=3\n!re|=n=4\n!done\n",
	    .end = PEER_HOLD }, ROS_PROTOCOL, "too many rows" },
	{ { .listen = 1, .say = "!news|=n=1\n", .endless = true }, ROS_PROTOCOL,
	  "too many bytes" },
};
/* clang-format on */

static void
faults_that_spoil_a_connection(void **state)
{
	struct fix *f = *state;

	f->target.max_rows = 3;
	f->target.max_bytes = 100000;
	for (size_t i = 0; i < countof(spoilers); i++) {
		struct turn turns[] = { LOGGED_IN, spoilers[i].turn };

		dial_ok(f, turns);
		assert_fault(f, run(f, "/p", NULL), spoilers[i].fault, spoilers[i].text);
		assert_dead(f);
		(void)hang_up(f);
	}
}

static void
a_goodbye_after_the_answer_spoils_no_answer(void **state)
{
	static const struct turn turns[] = {
		LOGGED_IN,
		{ .listen = 1, .say = "!done|=ret=*1\n!fatal|rebooting\n", .end = PEER_HANG_UP },
	};
	struct fix *f = *state;
	struct routeros_reply reply;

	dial_ok(f, turns);
	assert_int_equal(run(f, "/p", &reply), RC_OK);
	assert_string_equal(reply.ret, "*1");
	assert_false(routeros_alive(f->ros));
}

static void
opens_again_after_an_idle_connection_was_cut(void **state)
{
	static const struct turn turns[] = {
		{ .listen = 1, .say = "!done\n", .end = PEER_AGAIN },
		LOGGED_IN,
		{ .listen = 1, .say = "!done|=ret=ok\n", .end = PEER_HOLD },
	};
	struct fix *f = *state;
	struct routeros_reply reply;

	dial_ok(f, turns);
	for (int i = 0; i < 2000 && routeros_alive(f->ros); i++)
		(void)usleep(10000);
	assert_fault(f, run(f, "/p", NULL), ROS_CLOSED, "while nothing was asked");
	assert_int_equal(routeros_open(&f->cx, f->ros), RC_OK);
	assert_int_equal(run(f, "/p", &reply), RC_OK);
	assert_string_equal(reply.ret, "ok");
	assert_string_equal(hang_up(f), LOGIN_RECEIVED LOGIN_RECEIVED "/p|=comment=Rahasia\n");
}

/* ------------------------------------------------------------------ batches */

enum { JOBS = 40 };

static enum rc
note_tag(struct ctx *cx, const struct ros_row *row, void *arg)
{
	(void)cx;
	*(unsigned *)arg = row->tag;
	return RC_OK;
}

/* The answers to the jobs first..last, last first, their rows interleaved before them. */
static const char *
backwards(struct arena *mem, int first, int last)
{
	struct sb s = sb_new(mem);

	for (int i = first; i <= last; i++)
		sb_printf(&s, "!re|.tag=%d|=n=%d\n", i, i);
	for (int i = last; i >= first; i--) {
		if (i % 5 == 0)
			sb_printf(&s, "!trap|=message=no such item|.tag=%d\n", i);
		sb_printf(&s, "!done|=ret=*%d|.tag=%d\n", i, i);
	}
	return s.buf;
}

static void
make_jobs(struct fix *f, struct routeros_job jobs[JOBS], unsigned tags[JOBS])
{
	for (int i = 0; i < JOBS; i++) {
		jobs[i] = (struct routeros_job){ .row = note_tag, .arg = &tags[i] };
		jobs[i].cmd = ros_cmd_new(f->cx.mem, "/set");
		ros_cmd_set(&jobs[i].cmd, "n", arena_printf(f->cx.mem, "%d", i + 1));
	}
}

static void
a_batch_is_answered_in_any_order(void **state)
{
	struct fix *f = *state;
	struct turn turns[] = {
		LOGGED_IN,
		{ .listen = 16, .say = backwards(f->cx.mem, 1, 16) },
		{ .listen = 16, .say = backwards(f->cx.mem, 17, 32) },
		{ .listen = 8, .say = backwards(f->cx.mem, 33, 40) },
		{ .listen = 2, .say = "!done|.tag=42\n!done|.tag=41\n", .end = PEER_HOLD },
	};
	struct routeros_job jobs[JOBS];
	unsigned tags[JOBS];

	make_jobs(f, jobs, tags);
	dial_ok(f, turns);
	assert_int_equal(routeros_batch(&f->cx, f->ros, jobs, JOBS), RC_OK);
	for (int i = 0; i < JOBS; i++) {
		assert_true(jobs[i].reply.done);
		assert_int_equal(tags[i], i + 1);
		assert_string_equal(jobs[i].reply.ret, arena_printf(f->cx.mem, "*%d", i + 1));
		assert_int_equal(jobs[i].reply.ntraps, (i + 1) % 5 == 0);
	}
	assert_int_equal(routeros_check(&f->cx, f->ros, &jobs[4].cmd, &jobs[4].reply), RC_UPSTREAM);
	assert_int_equal(routeros_trap(f->ros)->kind, TRAP_NO_ITEM);
	assert_int_equal(routeros_batch(&f->cx, f->ros, jobs, 2), RC_OK); /* with new tags */
	assert_int_equal(routeros_batch(&f->cx, f->ros, jobs, 0), RC_OK);
	assert_non_null(strstr(hang_up(f), "/set|=n=40|.tag=40\n/set|=n=1|.tag=41\n"));
}

static void
a_broken_batch_reports_done_commands(void **state)
{
	static const struct turn turns[] = {
		LOGGED_IN,
		{ .listen = 16, .say = "!done|.tag=2\n!done|.tag=1\n", .end = PEER_HANG_UP },
	};
	struct fix *f = *state;
	struct routeros_job jobs[JOBS];
	unsigned tags[JOBS];

	make_jobs(f, jobs, tags);
	dial_ok(f, turns);
	assert_fault(f, routeros_batch(&f->cx, f->ros, jobs, JOBS), ROS_CLOSED, "Main");
	assert_true(jobs[0].reply.done && jobs[1].reply.done);
	assert_false(jobs[2].reply.done);
	assert_true(jobs[15].sent);
	assert_false(jobs[20].sent);
	assert_dead(f);
}

static void
a_batch_wants_its_own_tags(void **state)
{
	static const char *const answers[] = { "!done\n", "!done|.tag=3\n",
		"!done|.tag=1\n!done|.tag=1\n", "!re|.tag=x|=a=b\n" };
	struct fix *f = *state;
	struct routeros_job jobs[JOBS];
	unsigned tags[JOBS];

	for (size_t i = 0; i < countof(answers); i++) {
		struct turn turns[] = {
			LOGGED_IN,
			{ .listen = 2, .say = answers[i], .end = PEER_HOLD },
		};

		make_jobs(f, jobs, tags);
		dial_ok(f, turns);
		assert_fault(f, routeros_batch(&f->cx, f->ros, jobs, 2), ROS_PROTOCOL,
		    "an answer to nothing that was asked");
		(void)hang_up(f);
	}
}

/* ----------------------------------------------------------------- look-ups */

static void
looks_ids_up_by_name(void **state)
{
	static const struct turn turns[] = {
		LOGGED_IN,
		{ .listen = 1, .say = "!re|=.id=*C2A|=name=budi\n!done\n" },
		{ .listen = 1, .say = "!empty\n!done\n" },
		{ .listen = 1,
		    .say = "!re|=.id=*1|=name=Budi\n!re|=.id=x|=name=budi\n"
			   "!re|=name=budi\n!re\n!done\n" },
		{ .listen = 1,
		    .say = "!re|=.id=*1|=name=budi\n!re|=.id=*0|=name=budi\n!done\n",
		    .end = PEER_HOLD },
	};
	struct fix *f = *state;
	struct ctx *cx = &f->cx;
	struct routeros_ids ids;

	dial_ok(f, turns);
	assert_int_equal(routeros_ids(cx, f->ros, "/ppp/secret", "name", "budi", &ids), RC_OK);
	assert_int_equal(ids.n, 1);
	assert_string_equal(ids.id[0], "*C2A");
	for (int i = 0; i < 2; i++) { /* no row, and rows of other names or without an id */
		assert_int_equal(routeros_ids(cx, f->ros, "/ppp/secret", "name", "budi", &ids),
		    RC_OK);
		assert_int_equal(ids.n, 0);
	}
	assert_int_equal(routeros_ids(cx, f->ros, "/ppp/active", "name", "budi", &ids), RC_OK);
	assert_int_equal(ids.n, 2);
	assert_string_equal(ids.id[1], "*0");
	assert_non_null(strstr(hang_up(f),
	    LOGIN_RECEIVED "/ppp/secret/print|=.proplist=.id,name|?name=budi\n"));
}

/* A job that ends by an error closes nothing by hand. */
static void
a_connection_ends_with_its_arena(void **state)
{
	static const struct turn turns[] = {
		{ .listen = 1, .say = "!done\n", .end = PEER_NEXT },
		{ .listen = 1, .say = "!done\n", .end = PEER_HOLD },
	};
	struct fix *f = *state;

	dial_ok(f, turns);
	arena_reset(f->cx.mem);
	f->ros = routeros_new(f->cx.mem, &f->target);
	assert_int_equal(routeros_open(&f->cx, f->ros), RC_OK); /* the peer was left */
}

static void
asks_for_the_version_once(void **state)
{
	static const struct turn turns[] = {
		LOGGED_IN,
		{ .listen = 1, .say = "!re|=version=7.20.4 (stable)\n!done\n" },
		{ .listen = 1, .say = "!empty\n!done\n", .end = PEER_HOLD },
	};
	struct fix *f = *state;
	struct ros_cmd c = ros_cmd_new(f->cx.mem, "/none");
	struct ros_row row;
	const char *version;

	dial_ok(f, turns);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(routeros_version(&f->cx, f->ros, &version), RC_OK);
		assert_string_equal(version, "7.20.4 (stable)");
	}
	assert_int_equal(routeros_one(&f->cx, f->ros, &c, &row), RC_OK);
	assert_int_equal(row.nattrs, 0);
}

static void
names_of_tls_modes(void **state)
{
	enum routeros_tls tls;

	(void)state;
	assert_true(routeros_tls_by_name("verify", &tls) && tls == ROS_TLS_VERIFY);
	assert_true(routeros_tls_by_name("pin", &tls) && tls == ROS_TLS_PIN);
	assert_true(routeros_tls_by_name("adh", &tls) && tls == ROS_TLS_ADH);
	assert_true(routeros_tls_by_name("none", &tls) && tls == ROS_TLS_NONE);
	assert_false(routeros_tls_by_name("", &tls));
	assert_false(routeros_tls_by_name("off", &tls));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(logs_in_and_reads_rows),
		T(a_trap_leaves_the_stream_in_step),
		T(skips_words_it_does_not_know),
		T(understands_a_router_that_drips),
		T(a_failing_row_function_ends_the_reading_only),
		T(sends_what_does_not_fit_at_once),
		T(a_malformed_command_is_never_sent),
		T(answers_the_challenge_of_an_old_router),
		T(an_odd_challenge_is_no_login),
		T(refused_logins_differ_by_cause),
		T(refused_and_unreachable_differ),
		T(a_slow_router_holds_no_call_for_long),
		T(a_router_that_never_pauses_ends_in_time),
		T(a_silent_login_ends_in_time),
		T(faults_that_spoil_a_connection),
		T(a_goodbye_after_the_answer_spoils_no_answer),
		T(opens_again_after_an_idle_connection_was_cut),
		T(a_batch_is_answered_in_any_order),
		T(a_broken_batch_reports_done_commands),
		T(a_batch_wants_its_own_tags),
		T(looks_ids_up_by_name),
		T(a_connection_ends_with_its_arena),
		T(asks_for_the_version_once),
		T(names_of_tls_modes),
	};

	return cmocka_run_group_tests_name("routeros", tests, NULL, NULL);
}
