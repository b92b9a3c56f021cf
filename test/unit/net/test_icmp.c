/* Echo requests to loopback addresses; all of 127.0.0.0/8 answers. */
#include "refuse.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/icmp_int.h"
#include "net/resolve.h"

enum {
	MANY = 500,
	PATIENT_MS = 10000, /* more than a busy machine needs for an answer */
	SILENT_MS = 300,    /* where no answer comes */
};

static struct ctx cx;
static struct icmp *engine;

static int
begin(void **state)
{
	(void)state;
	cx = (struct ctx){ .mem = arena_new(65536) };
	return icmp_open(&cx, &engine) == RC_OK ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	icmp_close(engine);
	arena_free(cx.mem);
	return 0;
}

static struct icmp_probe
probe(const char *address, int count)
{
	struct icmp_probe p = { .count = count, .gap_ms = 10, .timeout_ms = PATIENT_MS };

	assert_true(resolve_numeric(address, &p.to));
	return p;
}

/* Until so many probes have ended, or 30 s; how many have, with any that ended beyond those. */
static size_t
run(size_t n)
{
	struct icmp_probe *done[64];
	const int64_t until = clock_ms() + 30000;
	size_t ended = 0;

	while (ended < n && clock_ms() < until)
		ended += icmp_step(engine, 50, done, 64);
	return ended + icmp_step(engine, 0, done, 64);
}

static void
a_host_that_answers(void **state)
{
	struct icmp_probe p = probe("127.9.9.9", 4);

	(void)state;
	icmp_start(engine, &p);
	assert_int_equal(run(1), 1);
	assert_int_equal(p.sent, 4);
	assert_int_equal(p.received, 4);
	assert_true(p.min_ms <= p.mean_ms && p.mean_ms <= p.max_ms && p.max_ms < PATIENT_MS);
	assert_true(p.jitter_ms <= p.max_ms);
}

static void
version_6(void **state)
{
	struct icmp_probe p = probe("::1", 2);

	(void)state;
	icmp_start(engine, &p);
	assert_int_equal(run(1), 1);
	assert_int_equal(p.received, 2);
}

static void
note_signal(int number)
{
	(void)number;
}

/* A pinger that has to end does not wait for late answers. */
static void
a_signal_ends_the_wait(void **state)
{
	const struct sigaction act = { .sa_handler = note_signal };
	const struct itimerval each = { { .tv_usec = 100 * 1000 }, { .tv_usec = 100 * 1000 } };
	const struct itimerval never = { { 0 }, { 0 } };
	const int64_t began = clock_ms();
	struct icmp_probe *done[1];

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &act, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &each, NULL), 0); /* one may come before the wait */
	assert_int_equal(icmp_step(engine, 20000, done, 1), 0);
	assert_in_range(clock_ms() - began, 90, 15000);
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
}

/* A broadcast address of a network that we have no part in: the kernel refuses to send. */
static void
an_unsendable_request_is_lost_with_its_reason(void **state)
{
	struct icmp_probe p = probe("255.255.255.255", 2);

	(void)state;
	p.timeout_ms = SILENT_MS;
	icmp_start(engine, &p);
	assert_int_equal(run(1), 1);
	assert_int_equal(p.sent, 2);
	assert_int_equal(p.received, 0);
	assert_int_not_equal(p.error, 0);
}

static void
many_at_once(void **state)
{
	static struct icmp_probe all[MANY];
	int64_t began = clock_ms();

	(void)state;
	for (int i = 0; i < MANY; i++) {
		all[i] = probe(arena_printf(cx.mem, "127.8.%d.%d", i / 250, i % 250 + 1), 2);
		all[i].gap_ms = 100;
		icmp_start(engine, &all[i]);
	}
	assert_int_equal(run(MANY), MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(all[i].received, 2);
	assert_true(clock_ms() - began < 25000); /* one after the other they take 50 s */
}

/* More than are sent in short calls. */
static void
thousands_at_once(void **state)
{
	enum { THOUSANDS = 4096 };
	static struct icmp_probe all[THOUSANDS];

	(void)state;
	for (int i = 0; i < THOUSANDS; i++) {
		all[i] = probe(arena_printf(cx.mem, "127.7.%d.%d", i / 250, i % 250 + 1), 1);
		icmp_start(engine, &all[i]);
	}
	assert_int_equal(run(THOUSANDS), THOUSANDS);
	for (int i = 0; i < THOUSANDS; i++)
		assert_true(all[i].received == 1 && all[i].mean_ms >= 0);
}

/* Times of all kinds in one engine: none ends before its own, and none is forgotten. */
static void
time_outs_of_all_kinds(void **state)
{
	static const int order[] = { 3, 0, 7, 5, 1, 6, 2, 4, 3, 3 };
	struct icmp_probe all[countof(order)], *done[1];
	const int64_t began = clock_ms();

	(void)state;
	for (size_t i = 0; i < countof(order); i++) {
		all[i] = probe("255.255.255.255", 1 + order[i] % 2);
		all[i].timeout_ms = 50 + 20 * order[i];
		icmp_start(engine, &all[i]);
	}
	for (size_t i = 0; i < countof(order); i++) {
		assert_int_equal(icmp_step(engine, 3000, done, 1), 1);
		assert_int_equal(done[0]->sent, done[0]->count);
		assert_in_range(clock_ms() - began, done[0]->timeout_ms + 10 * (done[0]->count - 1),
		    30000);
		done[0]->count = 0; /* each once */
	}
	for (size_t i = 0; i < countof(order); i++)
		assert_int_equal(all[i].count, 0);
}

static void
requests_keep_their_gap(void **state)
{
	struct icmp_probe p = probe("127.0.0.1", 3);
	int64_t began = clock_ms();

	(void)state;
	p.gap_ms = 100;
	icmp_start(engine, &p);
	assert_int_equal(run(1), 1);
	assert_in_range(clock_ms() - began, 200, 20000);
}

/*
 * Bug: after the first round the pinger woke for each host that became due, and for each reply:
 * 1,000 times in a round, and a part of its processor's time.
 */
static void
events_due_together_share_a_wake(void **state)
{
	static struct icmp_probe all[MANY];
	struct icmp_probe *done[MANY];
	size_t ended = 0;
	int wakes = 0;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		all[i] = probe("255.255.255.255", 1);
		all[i].timeout_ms = SILENT_MS;
		icmp_start(engine, &all[i]);
		usleep(70);
	}
	for (; ended < MANY; wakes++)
		ended += icmp_step(engine, 3000, done, MANY);
	assert_in_range(wakes, 1, MANY / 3);
}

static void
a_probe_can_be_used_again(void **state)
{
	struct icmp_probe p = probe("127.0.0.1", 1);

	(void)state;
	for (int i = 0; i < 3; i++) {
		icmp_start(engine, &p);
		assert_int_equal(run(1), 1);
		assert_int_equal(p.received, 1);
	}
	assert_int_equal(run(0), 0);
}

/* A step sleeps until something ends, or its time is over: a pinger uses no processor meanwhile. */
static void
a_step_waits(void **state)
{
	struct icmp_probe p = probe("240.0.0.1", 1), *done[1];
	int64_t began = clock_ms();

	(void)state;
	assert_int_equal(icmp_step(engine, 100, done, 1), 0);
	assert_in_range(clock_ms() - began, 99, 15000);
	p.timeout_ms = 100;
	icmp_start(engine, &p);
	began = clock_ms();
	assert_int_equal(icmp_step(engine, 20000, done, 1), 1);
	assert_in_range(clock_ms() - began, 0, 15000);
	assert_ptr_equal(done[0], &p);
}

/* Run in a process in which such a call fails with that error; it returns 0 when all is well. */
static void
in_a_child(unsigned call, int error, int (*f)(int error))
{
	int status = -1;
	const pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(call == 0 || refuse_call(call, (unsigned)error) ? f(error) : 99);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Each of two requests is tried for its time-out, which the last one then has for its answer. */
static int
ask_with_full_queue(int error)
{
	const int64_t began = clock_ms();
	struct icmp_probe p = probe("127.9.9.9", 2);

	p.timeout_ms = 50;
	icmp_start(engine, &p);
	if (run(1) != 1 || p.sent != 2 || p.received != 0 || p.error != error)
		return 1;
	return clock_ms() - began >= 149 ? 0 : 2;
}

/* Bug: a request was tried again every 2 ms without end while the queue was full. */
static void
a_queue_that_stays_full_is_an_error(void **state)
{
	static const int errors[] = { ENOBUFS, EAGAIN, ENOMEM, EINTR };

	(void)state;
	for (size_t i = 0; i < countof(errors); i++)
		in_a_child(SYS_sendmmsg, errors[i], ask_with_full_queue);
}

/* A machine without IPv6 asks hosts of IPv4, and says of the others why it does not. */
static void
a_machine_without_version_6(void **state)
{
	struct icmp_probe p = probe("::1", 2), q = probe("127.0.0.1", 1);

	(void)state;
	assert_int_equal(close(engine->fd[V6]), 0);
	engine->fd[V6] = -1;
	p.timeout_ms = SILENT_MS;
	icmp_start(engine, &p);
	icmp_start(engine, &q);
	assert_int_equal(run(2), 2);
	assert_int_equal(p.sent, 2);
	assert_int_equal(p.error, EAFNOSUPPORT);
	assert_int_equal(q.received, 1);
}

static int
open_engine(int error)
{
	struct icmp *other = NULL;
	const enum rc rc = icmp_open(&cx, &other);

	if (error == EAFNOSUPPORT)
		return rc == RC_OK && other->fd[V4] == -1 && other->fd[V6] == -1 ? 0 : 1;
	return rc == RC_INTERNAL && other == NULL &&
		       strstr(cx.err.msg, error == EPERM ? "CAP_NET_RAW" : strerrordesc_np(error))
		   ? 0
		   : 2;
}

static int
open_without_luck(int error)
{
	return open_engine(error) == 2 && strstr(cx.err.msg, "no random numbers") != NULL ? 0 : 3;
}

/* The error names what the machine refuses; a family that it does not know is no error. */
static void
an_engine_that_cannot_be_opened_says_why(void **state)
{
	(void)state;
	in_a_child(SYS_socket, EPERM, open_engine);
	in_a_child(SYS_socket, EMFILE, open_engine);
	in_a_child(SYS_socket, EAFNOSUPPORT, open_engine);
	in_a_child(SYS_setsockopt, ENOMEM, open_engine);
	in_a_child(SYS_getrandom, ENOSYS, open_without_luck);
}

/* Descriptor 0 is one, too, where a program has no standard input. */
static int
ask_by_descriptor_0(int error)
{
	struct icmp_probe p = probe("127.0.0.1", 1);

	(void)error;
	icmp_close(engine);
	(void)close(STDIN_FILENO);
	if (icmp_open(&cx, &engine) != RC_OK || engine->fd[V4] != STDIN_FILENO)
		return 1;
	icmp_start(engine, &p);
	if (run(1) != 1 || p.received != 1)
		return 2;
	icmp_close(engine);
	return fcntl(STDIN_FILENO, F_GETFD) == -1 ? 0 : 3;
}

static void
a_program_without_standard_input_asks(void **state)
{
	(void)state;
	in_a_child(0, 0, ask_by_descriptor_0);
}

static int
keep_rights(int error)
{
	(void)error;
	return icmp_drop_privileges(&cx) == RC_INTERNAL &&
		       strstr(cx.err.msg, geteuid() == 0 ? "being root" : "capabilities")
		   ? 0
		   : 1;
}

static int
give_rights_up(int error)
{
	struct icmp *other;

	(void)error;
	if (icmp_drop_privileges(&cx) != RC_OK || geteuid() == 0 || getegid() == 0 ||
	    getgroups(0, NULL) != 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 1;
	return icmp_open(&cx, &other) == RC_INTERNAL && strstr(cx.err.msg, "CAP_NET_RAW") ? 0 : 2;
}

static void
rights_are_given_up_for_good(void **state)
{
	(void)state;
	in_a_child(0, 0, give_rights_up);
	if (geteuid() != 0)
		return;
	in_a_child(SYS_setresuid, EPERM, keep_rights);
	in_a_child(SYS_setresgid, EPERM, keep_rights);
	in_a_child(SYS_setgroups, EPERM, keep_rights);
}

/* An engine gives its descriptors back. */
static void
an_engine_leaves_nothing(void **state)
{
	struct icmp *other;
	int next;

	(void)state;
	next = dup(STDERR_FILENO);
	(void)close(next);
	assert_int_equal(icmp_open(&cx, &other), RC_OK);
	icmp_close(other);
	assert_int_equal(dup(STDERR_FILENO), next);
	(void)close(next);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_host_that_answers, begin, end),
		cmocka_unit_test_setup_teardown(version_6, begin, end),
		cmocka_unit_test_setup_teardown(an_unsendable_request_is_lost_with_its_reason,
		    begin, end),
		cmocka_unit_test_setup_teardown(many_at_once, begin, end),
		cmocka_unit_test_setup_teardown(thousands_at_once, begin, end),
		cmocka_unit_test_setup_teardown(time_outs_of_all_kinds, begin, end),
		cmocka_unit_test_setup_teardown(requests_keep_their_gap, begin, end),
		cmocka_unit_test_setup_teardown(events_due_together_share_a_wake, begin, end),
		cmocka_unit_test_setup_teardown(a_probe_can_be_used_again, begin, end),
		cmocka_unit_test_setup_teardown(a_step_waits, begin, end),
		cmocka_unit_test_setup_teardown(a_signal_ends_the_wait, begin, end),
		cmocka_unit_test_setup_teardown(a_queue_that_stays_full_is_an_error, begin, end),
		cmocka_unit_test_setup_teardown(a_machine_without_version_6, begin, end),
		cmocka_unit_test_setup_teardown(an_engine_that_cannot_be_opened_says_why, begin,
		    end),
		cmocka_unit_test_setup_teardown(a_program_without_standard_input_asks, begin, end),
		cmocka_unit_test_setup_teardown(rights_are_given_up_for_good, begin, end),
		cmocka_unit_test_setup_teardown(an_engine_leaves_nothing, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
