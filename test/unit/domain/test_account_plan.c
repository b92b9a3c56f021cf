/* test_account_plan.c: (wish, found) to commands, row by row of contract 6. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/sb.h"
#include "domain/account.h"

#define ME    "11111111-1111-4111-8111-111111111111"
#define OTHER "22222222-2222-4222-8222-222222222222"

static struct arena *mem;

static int
setup(void **state)
{
	(void)state;
	mem = arena_new(4096);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(mem);
	return 0;
}

static const char *const menus[MENU__MAX] = { "ppp", "hotspot", "queue", "block", "block6" };
static const char *const acts[] = { "add", "set", "unset", "remove" };

/* A plan as one line: "set ppp *1 disabled=yes; kick ppp ani; !error; ?warning". */
static const char *
told(const struct account_plan *p)
{
	struct sb out = sb_new(mem);

	for (size_t i = 0; i < p->nops; i++) {
		const struct account_op *op = &p->ops[i];

		sb_printf(&out, "%s %s", acts[op->act], menus[op->menu]);
		if (op->on != NULL)
			sb_printf(&out, " %s", op->on->id);
		for (size_t j = 0; j < op->nattrs; j++)
			sb_printf(&out, " %s=%s", op->attrs[j].key, op->attrs[j].val);
		sb_puts(&out, "; ");
	}
	for (size_t i = 0; i < p->nkicks; i++)
		sb_printf(&out, "kick %s %s; ", menus[p->kicks[i].menu], p->kicks[i].name);
	if (p->error != NULL)
		sb_printf(&out, "!%s; ", p->error);
	if (p->warning != NULL)
		sb_printf(&out, "?%s; ", p->warning);
	return out.buf != NULL ? out.buf : "";
}

static struct account
ppp(enum account_wish wish)
{
	static struct account_trace trace;

	trace = (struct account_trace){ MENU_PPP, "ani", NULL };
	return (struct account){ .id = ME,
		.wish = wish,
		.menu = MENU_PPP,
		.service = "pppoe",
		.username = "ani",
		.password = "pw",
		.profile = "home",
		.traces = &trace,
		.ntraces = 1,
		.priority = 8 };
}

static struct account_object
secret(const char *name, const char *comment)
{
	return (struct account_object){ .menu = MENU_PPP,
		.id = "*1",
		.name = name,
		.service = "pppoe",
		.profile = "home",
		.comment = comment };
}

static struct account
fixed(enum account_wish wish)
{
	static struct account_trace trace;
	struct account a = ppp(wish);

	trace = (struct account_trace){ MENU_QUEUE, "ani", "10.0.0.5" };
	a.menu = MENU_QUEUE;
	a.service = "static";
	a.remote_address = "10.0.0.5";
	a.bandwidth = "10M/5M";
	a.traces = &trace;
	return a;
}

static struct account_object
queue(void)
{
	return (struct account_object){ .menu = MENU_QUEUE,
		.id = "*2",
		.name = "ani",
		.address = "10.0.0.5/32",
		.comment = "isp:" ME };
}

static struct account_object
entry(const char *comment)
{
	return (struct account_object){ .menu = MENU_BLOCK,
		.id = "*3",
		.address = "10.0.0.5",
		.comment = comment };
}

/* What is planned for a with these two found (NULL: nothing). */
static const char *
plan_of(const struct account *a, struct account_object *x, struct account_object *y)
{
	struct account_object *objs[2];
	struct account_plan plan;
	size_t n = 0;

	if (x != NULL)
		objs[n++] = x;
	if (y != NULL)
		objs[n++] = y;
	account_plan(mem, "R1", a, objs, n, &plan);
	return told(&plan);
}

#define assert_plan(a, x, y, text) assert_string_equal(plan_of(&(a), x, y), text)

static void
new_ones_are_added(void **state)
{
	struct account a = ppp(WISH_ENABLED);

	(void)state;
	assert_plan(a, NULL, NULL,
	    "add ppp name=ani password=pw profile=home comment=isp:" ME
	    " disabled=no service=pppoe; ");
	a.comment = "Jl. Merdeka";
	a.remote_address = "10.1.1.1";
	assert_plan(a, NULL, NULL,
	    "add ppp name=ani password=pw profile=home comment=isp:" ME
	    " Jl. Merdeka disabled=no service=pppoe remote-address=10.1.1.1; ");
	a.password = NULL;
	assert_plan(a, NULL, NULL, "!ani is not on R1 and its password is not known; ");
}

static void
suspended_are_disabled_then_kicked(void **state)
{
	struct account a = ppp(WISH_SUSPENDED);
	struct account_object o = secret("ani", "isp:" ME);

	(void)state;
	assert_plan(a, &o, NULL, "set ppp *1 password=pw disabled=yes; kick ppp ani; ");
	o.disabled = true;
	a.password = NULL;
	assert_plan(a, &o, NULL, "kick ppp ani; ");
	a.isolation = "walled";
	assert_plan(a, &o, NULL, "set ppp *1 profile=walled disabled=no; kick ppp ani; ");
}

static void
a_missing_profile_does_not_save_from_suspension(void **state)
{
	struct account a = ppp(WISH_SUSPENDED);
	struct account_object o = secret("ani", "isp:" ME);

	(void)state;
	a.profile = NULL;
	assert_plan(a, &o, NULL, "set ppp *1 password=pw disabled=yes; kick ppp ani; ");
}

static void
restored_without_a_kick(void **state)
{
	struct account a = ppp(WISH_ENABLED);
	struct account_object o = secret("ani", "isp:" ME " note");

	(void)state;
	o.disabled = true;
	a.comment = "note";
	assert_plan(a, &o, NULL, "set ppp *1 password=pw disabled=no; ");
	o.profile = "walled";
	assert_plan(a, &o, NULL, "set ppp *1 password=pw profile=home disabled=no; kick ppp ani; ");
}

static void
renamed_by_the_mark(void **state)
{
	struct account a = ppp(WISH_ENABLED);
	struct account_object o = secret("old", "isp:" ME);
	struct account_trace traces[] = { { MENU_PPP, "old", NULL }, { MENU_PPP, "ani", NULL } };

	(void)state;
	a.traces = traces;
	a.ntraces = 2;
	assert_plan(a, &o, NULL, "set ppp *1 name=ani password=pw; kick ppp old; kick ppp ani; ");
	/* the reply was lost: renamed already, but the old session may still be there */
	o.name = "ani";
	a.kick = true;
	assert_plan(a, &o, NULL, "set ppp *1 password=pw; kick ppp ani; kick ppp old; ");
}

static void
addresses_are_set_and_cleared(void **state)
{
	struct account a = ppp(WISH_ENABLED);
	struct account_object o = secret("ani", "isp:" ME);

	(void)state;
	o.address = "10.0.0.5";
	a.remote_address = "10.0.0.5";
	assert_plan(a, &o, NULL, "set ppp *1 password=pw; ");
	a.remote_address = NULL;
	assert_plan(a, &o, NULL,
	    "set ppp *1 password=pw; unset ppp *1 value-name=remote-address; kick ppp ani; ");
	a.remote_address = "2001:DB8::1";
	o.address = "2001:db8:0::1";
	assert_plan(a, &o, NULL, "set ppp *1 password=pw; ");
}

static void
what_is_not_ours_is_left_alone(void **state)
{
	struct account a = ppp(WISH_ENABLED), gone = ppp(WISH_ABSENT);
	struct account_object o = secret("ani", "the boss");

	(void)state;
	assert_plan(a, &o, NULL, "!ani exists on R1 and is not ours; ");
	assert_plan(gone, &o, NULL, "");
	o.comment = NULL;
	assert_plan(a, &o, NULL, "!ani exists on R1 and is not ours; ");
	o.comment = "isp:" ME "x";
	assert_plan(a, &o, NULL, "!ani on R1 still belongs to another account; ");
	o.comment = "isp:" ME;
	o.dynamic = true;
	assert_plan(a, &o, NULL, "!ani exists on R1 and is not ours; ");
}

static void
a_name_left_by_another_is_taken_over(void **state)
{
	struct account a = ppp(WISH_ENABLED), gone = ppp(WISH_ABSENT);
	struct account_object o = secret("ani", "isp:" OTHER);

	(void)state;
	assert_plan(a, &o, NULL, "!ani on R1 still belongs to another account; ");
	o.stale = true;
	assert_plan(a, &o, NULL, "set ppp *1 password=pw comment=isp:" ME "; kick ppp ani; ");
	/* and the other way round: the one who left finds it taken, and kicks nobody */
	assert_plan(gone, &o, NULL, "");
}

static void
imported_ones_are_adopted(void **state)
{
	struct account a = ppp(WISH_ENABLED);
	struct account_object o = secret("ani", "by hand");

	(void)state;
	a.imported = true;
	a.comment = "by hand";
	assert_plan(a, &o, NULL, "set ppp *1 password=pw comment=isp:" ME " by hand; ");
}

static void
absent_are_removed_and_kicked(void **state)
{
	struct account a = ppp(WISH_ABSENT);
	struct account_object o = secret("ani", "isp:" ME);

	(void)state;
	assert_plan(a, &o, NULL, "remove ppp *1; kick ppp ani; ");
	assert_plan(a, NULL, NULL, "kick ppp ani; ");
}

static void
another_service_leaves_the_old_menu(void **state)
{
	struct account a = ppp(WISH_ENABLED);
	struct account_object o = secret("ani", "isp:" ME);

	(void)state;
	a.menu = MENU_HOTSPOT;
	a.service = "hotspot";
	a.profile = "isp-home";
	assert_plan(a, &o, NULL,
	    "remove ppp *1; add hotspot name=ani password=pw profile=isp-home comment=isp:" ME
	    " disabled=no; kick ppp ani; ");
}

static void
static_queues(void **state)
{
	struct account a = fixed(WISH_ENABLED);
	struct account_object q = queue();

	(void)state;
	assert_plan(a, NULL, NULL,
	    "add queue name=ani target=10.0.0.5 max-limit=5M/10M priority=8/8 comment=isp:" ME
	    "; ");
	assert_plan(a, &q, NULL,
	    "set queue *2 max-limit=5M/10M priority=8/8 burst-limit=0/0 burst-threshold=0/0"
	    " burst-time=0s/0s; ");
	a.bandwidth = "fast";
	assert_plan(a, NULL, NULL, "!the bandwidth or burst of the package is malformed; ");
	a.remote_address = NULL;
	assert_plan(a, NULL, NULL, "!a static account needs a remote_address; ");
}

static void
static_blocked_before_all_else(void **state)
{
	struct account a = fixed(WISH_SUSPENDED);
	struct account_object q = queue(), e = entry("isp:" ME);

	(void)state;
	assert_plan(a, &q, NULL,
	    "add block list=isp-blocked address=10.0.0.5 comment=isp:" ME
	    "; set queue *2 max-limit=5M/10M priority=8/8 burst-limit=0/0 burst-threshold=0/0"
	    " burst-time=0s/0s; ");
	assert_plan(a, &q, &e,
	    "set queue *2 max-limit=5M/10M priority=8/8 burst-limit=0/0 burst-threshold=0/0"
	    " burst-time=0s/0s; ");
	a.remote_address = "2001:db8::5";
	assert_plan(a, NULL, NULL,
	    "add block6 list=isp-blocked address=2001:db8::5 comment=isp:" ME
	    "; add queue name=ani target=2001:db8::5 max-limit=5M/10M priority=8/8 comment=isp:" ME
	    "; ");
}

static void
static_unblocked_after_the_queue(void **state)
{
	struct account a = fixed(WISH_ENABLED);
	struct account_object e = entry("isp:" OTHER), foreign = entry("by hand");

	(void)state;
	assert_plan(a, NULL, &e,
	    "add queue name=ani target=10.0.0.5 max-limit=5M/10M priority=8/8 comment=isp:" ME
	    "; remove block *3; ");
	assert_plan(a, NULL, &foreign,
	    "add queue name=ani target=10.0.0.5 max-limit=5M/10M priority=8/8 comment=isp:" ME
	    "; ?R1: 10.0.0.5 is in isp-blocked and the entry is not ours; ");
}

static void
static_removed_after_the_block(void **state)
{
	const char *taken[] = { "10.0.0.5" };
	struct account a = fixed(WISH_ABSENT);
	struct account_object q = queue(), e = entry("isp:" ME);

	(void)state;
	assert_plan(a, &q, NULL,
	    "add block list=isp-blocked address=10.0.0.5/32 comment=isp:" ME "; remove queue *2; ");
	assert_plan(a, &q, &e, "remove queue *2; ");
	a.taken = taken;
	a.ntaken = 1;
	assert_plan(a, &q, NULL, "remove queue *2; ");
}

static void
an_old_address_does_not_stay_blocked(void **state)
{
	struct account_trace traces[] = { { MENU_QUEUE, "ani", "10.0.0.5" } };
	struct account a = fixed(WISH_SUSPENDED);
	struct account_object e = entry("isp:" ME), q = queue();

	(void)state;
	a.traces = traces;
	a.remote_address = "10.0.0.6";
	assert_plan(a, &q, &e,
	    "add block list=isp-blocked address=10.0.0.6 comment=isp:" ME
	    "; set queue *2 target=10.0.0.6 max-limit=5M/10M priority=8/8 burst-limit=0/0"
	    " burst-threshold=0/0 burst-time=0s/0s; remove block *3; ");
}

static void
marks(void **state)
{
	(void)state;
	assert_string_equal(account_mark(mem, "isp:" ME), ME);
	assert_string_equal(account_mark(mem, "isp:" ME " the rest"), ME);
	assert_null(account_mark(mem, "isp:" ME "the rest"));
	assert_null(account_mark(mem, "isp:"));
	assert_null(account_mark(mem, "x isp:" ME));
	assert_null(account_mark(mem, NULL));
}

static void
addresses(void **state)
{
	(void)state;
	assert_true(account_address_same("10.0.0.5", "10.0.0.5/32"));
	assert_true(account_address_same("2001:db8::1/128", "2001:0db8::1"));
	assert_true(account_address_same("pool1", "pool1"));
	assert_true(account_address_same(NULL, NULL));
	assert_false(account_address_same("10.0.0.5", "10.0.0.5/24"));
	assert_false(account_address_same("10.0.0.5", NULL));
	assert_false(account_address_same("10.0.0.5", "10.0.0.50"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_ones_are_added),
		cmocka_unit_test(suspended_are_disabled_then_kicked),
		cmocka_unit_test(a_missing_profile_does_not_save_from_suspension),
		cmocka_unit_test(restored_without_a_kick),
		cmocka_unit_test(renamed_by_the_mark),
		cmocka_unit_test(addresses_are_set_and_cleared),
		cmocka_unit_test(what_is_not_ours_is_left_alone),
		cmocka_unit_test(a_name_left_by_another_is_taken_over),
		cmocka_unit_test(imported_ones_are_adopted),
		cmocka_unit_test(absent_are_removed_and_kicked),
		cmocka_unit_test(another_service_leaves_the_old_menu),
		cmocka_unit_test(static_queues),
		cmocka_unit_test(static_blocked_before_all_else),
		cmocka_unit_test(static_unblocked_after_the_queue),
		cmocka_unit_test(static_removed_after_the_block),
		cmocka_unit_test(an_old_address_does_not_stay_blocked),
		cmocka_unit_test(marks),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests_name("account_plan", tests, setup, teardown);
}
