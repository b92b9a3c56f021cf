/* test_account_plan.c: (wanted, found) to commands, row by row of contract 6. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/sb.h"
#include "router/account.h"

#define ME    "11111111-1111-4111-8111-111111111111"
#define OTHER "22222222-2222-4222-8222-222222222222"

static const char *const menus[MENU__MAX] = { "ppp", "hotspot", "queue", "block", "block6" };
static const char *const acts[] = { "add", "set", "unset", "remove" };

static void
describe_ops(struct sb *out, const struct account_plan *p, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct account_op *op = &p->ops[i];

		sb_printf(out, "%s%s %s", op->skip_after_failure ? "" : "*", acts[op->act],
		    menus[op->menu]);
		if (op->on != NULL)
			sb_printf(out, " %s", op->on->id);
		for (size_t j = 0; j < op->nattrs; j++)
			sb_printf(out, " %s=%s", op->attrs[j].key, op->attrs[j].val);
		sb_puts(out, "; ");
	}
}

/*
 * A plan as one line, in the order it is carried out, "*" before what is done
 * whatever failed: "*set ppp *1 disabled=yes; *kick ppp ani; !error; ?warning; ".
 */
static const char *
described(const struct account_plan *p)
{
	struct sb out = sb_new(cx.mem);

	describe_ops(&out, p, 0, p->nops_before_kick);
	for (size_t i = 0; i < p->nkicks; i++)
		sb_printf(&out, "%skick %s %s; ", p->kick_always ? "*" : "",
		    menus[p->kicks[i].menu], p->kicks[i].name);
	describe_ops(&out, p, p->nops_before_kick, p->nops);
	if (p->error != NULL)
		sb_printf(&out, "!%s; ", p->error);
	if (p->warning != NULL)
		sb_printf(&out, "?%s; ", p->warning);
	return out.buf != NULL ? out.buf : "";
}

static struct account
ppp(enum account_wanted wanted)
{
	static struct account_trace trace;

	trace = (struct account_trace){ MENU_PPP, "ani", NULL };
	return (struct account){ .id = ME,
		.wanted = wanted,
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
fixed(enum account_wanted wanted)
{
	static struct account_trace trace;
	struct account a = ppp(wanted);

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
		.max_limit = "5000000/10000000",
		.priority = "8/8",
		.burst_limit = "0/0",
		.burst_threshold = "0/0",
		.burst_time = "0s/0s",
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

/* Plan for a with these two objects found (NULL: none), and describe the plan. */
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
	account_plan(cx.mem, "R1", a, objs, n, &plan);
	return described(&plan);
}

#define assert_plan(a, x, y, text) assert_string_equal(plan_of(&(a), x, y), text)

static void
new_ones_are_added(void **state)
{
	struct account a = ppp(WANTED_ON);

	(void)state;
	assert_plan(a, NULL, NULL,
	    "add ppp name=ani password=pw profile=home comment=isp:" ME
	    " disabled=no service=pppoe; ");
	a.comment = "Jl. Merdeka";
	a.remote_address = "10.1.1.1";
	assert_plan(a, NULL, NULL,
	    "add ppp name=ani password=pw profile=home comment=isp:" ME
	    " Jl. Merdeka disabled=no service=pppoe remote-address=10.1.1.1; ");
	a.local_address = "10.1.1.254";
	assert_plan(a, NULL, NULL,
	    "add ppp name=ani password=pw profile=home comment=isp:" ME
	    " Jl. Merdeka disabled=no service=pppoe local-address=10.1.1.254"
	    " remote-address=10.1.1.1; ");
	a.password = NULL;
	assert_plan(a, NULL, NULL, "!ani is not on R1 and its password is not known; ");
}

static void
suspended_are_disabled_then_kicked(void **state)
{
	struct account a = ppp(WANTED_CUT);
	struct account_object o = secret("ani", "isp:" ME);

	(void)state;
	assert_plan(a, &o, NULL, "*set ppp *1 disabled=yes; *kick ppp ani; ");
	o.disabled = true;
	assert_plan(a, &o, NULL, "*kick ppp ani; ");
	a.comment = "note";
	a.kick = true; /* its password may be another, too */
	assert_plan(a, &o, NULL, "*kick ppp ani; set ppp *1 password=pw comment=isp:" ME " note; ");
	assert_plan(a, NULL, NULL,
	    "*kick ppp ani; add ppp name=ani password=pw profile=home comment=isp:" ME
	    " note disabled=yes service=pppoe; ");
}

/*
 * Bug: a suspended customer stayed online for ever: the one command that disabled the
 * secret also named the profile of the package, which a person had removed from the
 * router. All other changes wait until the customer is cut off.
 */
static void
nothing_else_saves_from_suspension(void **state)
{
	struct account a = ppp(WANTED_CUT);
	struct account_object o = secret("ani", "isp:" ME);

	(void)state;
	o.profile = "*2"; /* so a secret names a profile that is gone */
	assert_plan(a, &o, NULL,
	    "*set ppp *1 disabled=yes; *kick ppp ani; set ppp *1 profile=home; ");
	a.profile = NULL;
	assert_plan(a, &o, NULL, "*set ppp *1 disabled=yes; *kick ppp ani; ");
}

/* Bug: the same with a name that a foreign secret has: the customer's old secret stayed enabled. */
static void
a_name_that_is_held_saves_from_no_suspension(void **state)
{
	struct account a = ppp(WANTED_CUT);
	struct account_object o = secret("old", "isp:" ME), boss = secret("ani", "the boss");
	struct account_trace traces[] = { { MENU_PPP, "old", NULL }, { MENU_PPP, "ani", NULL } };

	(void)state;
	a.traces = traces;
	a.ntraces = 2;
	boss.id = "*9";
	assert_plan(a, &o, &boss,
	    "*set ppp *1 disabled=yes; *kick ppp old; !ani exists on R1 and is not ours; ");
	a.isolation = "walled"; /* nobody is let into a garden under a wrong name */
	assert_plan(a, &o, &boss,
	    "*set ppp *1 disabled=yes; *kick ppp old; !ani exists on R1 and is not ours; ");
	boss.comment = "isp:" OTHER;
	assert_plan(a, &o, &boss,
	    "*set ppp *1 disabled=yes; *kick ppp old; "
	    "!ani on R1 still belongs to another account; ");
	boss.stale = true; /* it is taken over, and the old secret goes */
	a.isolation = NULL;
	assert_plan(a, &o, &boss,
	    "*remove ppp *1; *set ppp *9 disabled=yes; *kick ppp old; *kick ppp ani; "
	    "set ppp *9 comment=isp:" ME "; ");
	a.password = NULL; /* the password of boss must not open this account */
	assert_plan(a, &o, &boss,
	    "*remove ppp *1; *set ppp *9 disabled=yes; *kick ppp old; *kick ppp ani; "
	    "!ani is not on R1 and its password is not known; ");
}

/* A password that no key opened kept its customer online: it is needed for other things. */
static void
a_locked_password_is_asked_for_where_it_is_needed(void **state)
{
	struct account a = ppp(WANTED_CUT);
	struct account_object o = secret("ani", "isp:" ME);

	(void)state;
	a.password = NULL;
	a.password_unreadable = true;
	assert_plan(a, &o, NULL, "*set ppp *1 disabled=yes; *kick ppp ani; ");
	a.kick = true;
	assert_plan(a, &o, NULL,
	    "*set ppp *1 disabled=yes; *kick ppp ani; !" ACCOUNT_PASSWORD_UNREADABLE "; ");
	assert_plan(a, NULL, NULL, "*kick ppp ani; !" ACCOUNT_PASSWORD_UNREADABLE "; ");
	a.isolation = "walled";
	assert_plan(a, &o, NULL,
	    "*set ppp *1 profile=walled; *kick ppp ani; !" ACCOUNT_PASSWORD_UNREADABLE "; ");
	a.wanted = WANTED_ON;
	a.kick = false;
	o.disabled = true; /* a customer who has paid is let in, and the plan has the error */
	assert_plan(a, &o, NULL, "set ppp *1 disabled=no; !" ACCOUNT_PASSWORD_UNREADABLE "; ");
}

static void
isolated_are_walled_in_at_once(void **state)
{
	struct account a = ppp(WANTED_CUT);
	struct account_object o = secret("ani", "isp:" ME);

	(void)state;
	a.isolation = "walled";
	a.kick = true;
	assert_plan(a, &o, NULL, "*set ppp *1 password=pw profile=walled; *kick ppp ani; ");
	o.disabled = true;
	assert_plan(a, &o, NULL,
	    "*set ppp *1 password=pw profile=walled disabled=no; *kick ppp ani; ");
	o.disabled = false;
	a.comment = "note";
	assert_plan(a, &o, NULL,
	    "*set ppp *1 password=pw profile=walled; *kick ppp ani; "
	    "set ppp *1 comment=isp:" ME " note; ");
	a.comment = NULL;
	a.remote_address = "10.1.1.1"; /* a session with the old address would go on in there */
	assert_plan(a, &o, NULL,
	    "*set ppp *1 disabled=yes; *kick ppp ani; "
	    "set ppp *1 password=pw profile=walled disabled=no remote-address=10.1.1.1; ");
	a.remote_address = NULL;
	assert_plan(a, NULL, NULL,
	    "*kick ppp ani; add ppp name=ani password=pw profile=walled comment=isp:" ME
	    " disabled=no service=pppoe; ");
}

static void
restored_without_a_kick(void **state)
{
	struct account a = ppp(WANTED_ON);
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
	struct account a = ppp(WANTED_ON);
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
	struct account a = ppp(WANTED_ON);
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
a_foreign_object_is_left_alone(void **state)
{
	struct account a = ppp(WANTED_ON), gone = ppp(WANTED_GONE);
	struct account_object o = secret("ani", "the boss");

	(void)state;
	assert_plan(a, &o, NULL, "!ani exists on R1 and is not ours; ");
	assert_plan(gone, &o, NULL, "");
	o.comment = NULL;
	assert_plan(a, &o, NULL, "!ani exists on R1 and is not ours; ");
	o.comment = "isp:" ME "x"; /* looks like a mark, and is none */
	assert_plan(a, &o, NULL, "!ani exists on R1 and is not ours; ");
	o.comment = "isp:" ME;
	o.dynamic = true;
	assert_plan(a, &o, NULL, "!ani exists on R1 and is not ours; ");
	o.dynamic = false;
	o.comment = "isp:" OTHER;
	assert_plan(a, &o, NULL, "!ani on R1 still belongs to another account; ");
	assert_plan(gone, &o, NULL, "");
}

static void
a_name_left_by_another_is_taken_over(void **state)
{
	struct account a = ppp(WANTED_ON), gone = ppp(WANTED_GONE);
	struct account_object o = secret("ani", "isp:" OTHER);

	(void)state;
	assert_plan(a, &o, NULL, "!ani on R1 still belongs to another account; ");
	o.stale = true;
	assert_plan(a, &o, NULL, "set ppp *1 password=pw comment=isp:" ME "; kick ppp ani; ");
	/* and the other way round: the one who left finds it taken, and kicks nobody */
	assert_plan(gone, &o, NULL, "");
}

/*
 * Bug: two accounts that swapped their names while the router was down each waited for the
 * other. Each account in service takes the object that has its name by now, and leaves its
 * former object, which is promised to the other, alone.
 */
static void
a_promised_object_is_left_alone(void **state)
{
	struct account a = ppp(WANTED_ON);
	struct account_object own = secret("old", "isp:" ME), other = secret("ani", "isp:" OTHER);
	struct account_trace traces[] = { { MENU_PPP, "old", NULL }, { MENU_PPP, "ani", NULL } };

	(void)state;
	a.traces = traces;
	a.ntraces = 2;
	other.id = "*9";
	own.stale = own.reserved = true;
	other.stale = other.reserved = true;
	assert_plan(a, &own, &other, "set ppp *9 password=pw comment=isp:" ME "; kick ppp ani; ");
	assert_plan(a, &own, NULL,
	    "add ppp name=ani password=pw profile=home comment=isp:" ME
	    " disabled=no service=pppoe; ");
}

static void
imported_ones_are_adopted(void **state)
{
	struct account a = ppp(WANTED_ON);
	struct account_object o = secret("ani", "by hand");

	(void)state;
	a.imported = true;
	a.comment = "by hand";
	assert_plan(a, &o, NULL, "set ppp *1 password=pw comment=isp:" ME " by hand; ");
	a.wanted = WANTED_CUT;
	assert_plan(a, &o, NULL,
	    "*set ppp *1 disabled=yes; *kick ppp ani; set ppp *1 comment=isp:" ME " by hand; ");
}

/* Off as it was found: absent, disabled or in a profile that says so, until it changes here. */
static void
imported_ones_are_off_in_any_way(void **state)
{
	struct account a = ppp(WANTED_CUT);
	struct account_object o = secret("ani", "by hand");
	const char *names[] = { "isolir" };

	(void)state;
	a.imported = true;
	a.off_names = names;
	a.noff_names = 1;
	assert_plan(a, NULL, NULL, "");
	o.profile = "ISOLIR";
	assert_plan(a, &o, NULL, "");
	o.profile = "home";
	o.disabled = true;
	assert_plan(a, &o, NULL, "");
	a.pending = true;
	assert_plan(a, &o, NULL, "*kick ppp ani; set ppp *1 comment=isp:" ME "; ");
	a.imported = false;
	a.pending = false;
	assert_plan(a, NULL, NULL,
	    "*kick ppp ani; add ppp name=ani password=pw profile=home comment=isp:" ME
	    " disabled=yes service=pppoe; ");
}

/* Mikhmon's way to switch a user off: it is left so, and taken back with the service. */
static void
a_spent_hotspot_user_is_off_until_service_resumes(void **state)
{
	struct account a = ppp(WANTED_CUT);
	struct account_object o = secret("ani", "2026-01-31 10:15:00");
	struct account_trace trace = { MENU_HOTSPOT, "ani", NULL };

	(void)state;
	a.imported = true;
	a.menu = o.menu = MENU_HOTSPOT;
	a.traces = &trace;
	o.service = NULL;
	o.limit_uptime = "1s";
	assert_plan(a, &o, NULL, "");
	a.wanted = WANTED_ON;
	o.comment = "isp:" ME;
	assert_plan(a, &o, NULL, "set hotspot *1 password=pw limit-uptime=0s; ");
}

/*
 * Bug: an imported account was renamed to the name of a foreign secret and took that over;
 * its own stayed enabled for ever. The account's object is the one under the name with
 * which it was imported, and no other.
 */
static void
imported_ones_are_what_was_found(void **state)
{
	struct account a = ppp(WANTED_ON), gone = ppp(WANTED_GONE);
	struct account_object o = secret("old", "by hand"), boss = secret("ani", "the boss");
	struct account_trace traces[] = { { MENU_PPP, "old", NULL }, { MENU_PPP, "ani", NULL } };

	(void)state;
	boss.id = "*9";
	a.imported = gone.imported = true;
	a.traces = gone.traces = traces;
	a.ntraces = gone.ntraces = 2;
	assert_plan(a, &o, NULL,
	    "set ppp *1 name=ani password=pw comment=isp:" ME "; kick ppp old; kick ppp ani; ");
	assert_plan(a, &o, &boss, "!ani exists on R1 and is not ours; ");
	a.wanted = WANTED_CUT;
	assert_plan(a, &o, &boss,
	    "*set ppp *1 disabled=yes; *kick ppp old; !ani exists on R1 and is not ours; ");
	assert_plan(gone, &o, &boss, "*remove ppp *1; *kick ppp old; ");
}

static void
absent_are_removed_and_kicked(void **state)
{
	struct account a = ppp(WANTED_GONE);
	struct account_object o = secret("ani", "isp:" ME);

	(void)state;
	assert_plan(a, &o, NULL, "*remove ppp *1; *kick ppp ani; ");
	assert_plan(a, NULL, NULL, "*kick ppp ani; ");
}

static void
another_service_leaves_the_old_menu(void **state)
{
	struct account a = ppp(WANTED_ON);
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
	struct account a = fixed(WANTED_ON);
	struct account_object q = queue();

	(void)state;
	assert_plan(a, NULL, NULL,
	    "add queue name=ani target=10.0.0.5 max-limit=5M/10M priority=8/8 comment=isp:" ME
	    "; ");
	assert_plan(a, &q, NULL, "");
	q.disabled = true; /* a queue that was switched off by hand limits nobody */
	assert_plan(a, &q, NULL, "set queue *2 disabled=no; ");
	a.bandwidth = "fast";
	assert_plan(a, NULL, NULL, "!the bandwidth or burst of the package is malformed; ");
	a.remote_address = NULL;
	assert_plan(a, NULL, NULL, "!a static account needs a remote_address; ");
}

/* Rates by their numbers, in the spelling of the router; each that differs, and no other. */
static void
the_rates_of_a_queue(void **state)
{
	struct account a = fixed(WANTED_ON);
	struct account_object q = queue();

	(void)state;
	q.max_limit = "5000000/20000000";
	assert_plan(a, &q, NULL, "set queue *2 max-limit=5M/10M; ");
	q = queue();
	q.priority = "1/1";
	assert_plan(a, &q, NULL, "set queue *2 priority=8/8; ");
	q = queue();
	a.burst = "20M/10M 8M/4M 90/10";
	assert_plan(a, &q, NULL,
	    "set queue *2 burst-limit=10M/20M burst-threshold=4M/8M burst-time=10s/90s; ");
	q.burst_limit = "10000000/20000000";
	q.burst_threshold = "4000000/8000000";
	q.burst_time = "10s/1m30s";
	assert_plan(a, &q, NULL, "");
	q.burst_time = "10s/1m31s";
	assert_plan(a, &q, NULL, "set queue *2 burst-time=10s/90s; ");
	a.burst = NULL; /* what is no longer sold is taken back */
	assert_plan(a, &q, NULL,
	    "set queue *2 burst-limit=0/0 burst-threshold=0/0 burst-time=0s/0s; ");
	q.max_limit = q.burst_limit = q.burst_threshold = q.burst_time = NULL;
	assert_plan(a, &q, NULL, "set queue *2 max-limit=5M/10M; ");
}

static void
static_blocked_before_all_else(void **state)
{
	struct account a = fixed(WANTED_CUT);
	struct account_object q = queue(), e = entry("isp:" ME);

	(void)state;
	assert_plan(a, &q, NULL,
	    "*add block list=isp-blocked address=10.0.0.5 comment=isp:" ME "; ");
	assert_plan(a, &q, &e, "");
	a.remote_address = "2001:db8::5";
	a.ntraces = 0;
	assert_plan(a, NULL, NULL,
	    "*add block6 list=isp-blocked address=2001:db8::5 comment=isp:" ME
	    "; add queue name=ani target=2001:db8::5 max-limit=5M/10M priority=8/8 comment=isp:" ME
	    "; ");
}

/*
 * Bug: a static customer stayed online when the queue could not be corrected, because the
 * block came after it.
 */
static void
nothing_else_saves_a_static_one(void **state)
{
	struct account a = fixed(WANTED_CUT);
	struct account_object foreign = queue();

	(void)state;
	foreign.comment = "the boss";
	assert_plan(a, &foreign, NULL,
	    "*add block list=isp-blocked address=10.0.0.5 comment=isp:" ME
	    "; !ani exists on R1 and is not ours; ");
	a.bandwidth = "fast";
	assert_plan(a, NULL, NULL,
	    "*add block list=isp-blocked address=10.0.0.5 comment=isp:" ME
	    "; !the bandwidth or burst of the package is malformed; ");
	a.remote_address = NULL; /* gone from the database, not from the device */
	assert_plan(a, NULL, NULL,
	    "*add block list=isp-blocked address=10.0.0.5 comment=isp:" ME
	    "; !a static account needs a remote_address; ");
}

/* Bug: an entry that a person had disabled counted as a block. */
static void
a_disabled_entry_blocks_nobody(void **state)
{
	struct account a = fixed(WANTED_CUT);
	struct account_object e = entry("isp:" OTHER);

	(void)state;
	a.bandwidth = "fast";
	e.disabled = true;
	assert_plan(a, &e, NULL,
	    "*set block *3 disabled=no; !the bandwidth or burst of the package is malformed; ");
	e.comment = "by hand";
	assert_plan(a, &e, NULL,
	    "!R1: the entry of 10.0.0.5 in isp-blocked is disabled and not ours; ");
}

static void
static_unblocked_after_the_queue(void **state)
{
	struct account a = fixed(WANTED_ON);
	struct account_object e = entry("isp:" OTHER), foreign = entry("isp:x by hand");

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
	struct account a = fixed(WANTED_GONE);
	struct account_object q = queue(), e = entry("isp:" ME);

	(void)state;
	assert_plan(a, &q, NULL,
	    "*add block list=isp-blocked address=10.0.0.5 comment=isp:" ME "; remove queue *2; ");
	assert_plan(a, &q, &e, "remove queue *2; ");
	/* An address written into the queue by hand may be another customer's by now. */
	q.address = "10.0.0.77/32,ether2";
	assert_plan(a, &q, &e, "remove queue *2; ");
	/* Somebody removed the queue: the device is there as before. */
	assert_plan(a, NULL, NULL,
	    "*add block list=isp-blocked address=10.0.0.5 comment=isp:" ME "; ");
	a.taken = taken;
	a.ntaken = 1;
	assert_plan(a, &q, NULL, "remove queue *2; ");
}

/*
 * Bug: the address of a suspended customer was changed, and the block of the old one
 * removed: the device, which still used the old one, was online without limit. The block
 * is removed when the customer is in service again, or with the account that takes the
 * address.
 */
static void
an_old_address_stays_blocked_until_service_resumes(void **state)
{
	const char *taken[] = { "10.0.0.5" };
	struct account_trace traces[] = { { MENU_QUEUE, "ani", "10.0.0.5" },
		{ MENU_QUEUE, "old", "10.0.0.5" }, { MENU_QUEUE, "ani", "10.0.0.6" } };
	struct account a = fixed(WANTED_CUT);
	struct account_object e = entry("isp:" ME);

	(void)state;
	a.traces = traces;
	a.ntraces = countof(traces);
	a.remote_address = "10.0.0.6";
	a.bandwidth = "fast"; /* to see no queue */
#define FAST "!the bandwidth or burst of the package is malformed; "
	assert_plan(a, NULL, NULL,
	    "*add block list=isp-blocked address=10.0.0.6 comment=isp:" ME
	    "; *add block list=isp-blocked address=10.0.0.5 comment=isp:" ME "; " FAST);
	assert_plan(a, &e, NULL,
	    "*add block list=isp-blocked address=10.0.0.6 comment=isp:" ME "; " FAST);
	a.taken = taken;
	a.ntaken = 1;
	assert_plan(a, NULL, NULL,
	    "*add block list=isp-blocked address=10.0.0.6 comment=isp:" ME "; " FAST);
	taken[0] = "10.0.0.6"; /* its own, which a PPP account in service has as well */
	assert_plan(a, &e, NULL, FAST);

	a = fixed(WANTED_ON);
	a.traces = traces;
	a.ntraces = countof(traces);
	a.remote_address = "10.0.0.6";
#define QUEUE_6                                                                                    \
	"add queue name=ani target=10.0.0.6 max-limit=5M/10M priority=8/8 comment=isp:" ME "; "
	assert_plan(a, &e, NULL, QUEUE_6 "remove block *3; ");
	taken[0] = "10.0.0.5";
	a.shared = taken; /* by an account that is suspended too, and found it blocked */
	a.nshared = 1;
	assert_plan(a, &e, NULL, QUEUE_6);
}

/* With another kind of plan the queue leaves; a suspended customer's only after its block. */
static void
a_queue_left_behind_is_blocked_first(void **state)
{
	struct account a = ppp(WANTED_CUT);
	struct account_trace traces[] = { { MENU_QUEUE, "ani", "10.0.0.5" },
		{ MENU_PPP, "ani", NULL } };
	struct account_object q = queue(), e = entry("isp:" ME);

	(void)state;
	a.traces = traces;
	a.ntraces = 2;
	assert_plan(a, &q, NULL,
	    "*add block list=isp-blocked address=10.0.0.5 comment=isp:" ME
	    "; *kick ppp ani; remove queue *2; add ppp name=ani password=pw profile=home"
	    " comment=isp:" ME " disabled=yes service=pppoe; ");
	a.wanted = WANTED_ON;
	assert_plan(a, &q, &e,
	    "remove queue *2; add ppp name=ani password=pw profile=home comment=isp:" ME
	    " disabled=no service=pppoe; remove block *3; ");
}

/* Bug: there was room for 16 commands; further names were left for later, and never done. */
static void
many_traces_are_no_trouble(void **state)
{
	enum { MANY = 100 };
	static struct account_trace traces[MANY];
	static struct account_object objs[MANY], *all[MANY];
	struct account a = ppp(WANTED_GONE);
	struct account_plan plan;

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		traces[i] =
		    (struct account_trace){ MENU_PPP, arena_printf(cx.mem, "u%zu", i), NULL };
		objs[i] = secret(traces[i].name, "isp:" ME);
		all[i] = &objs[i];
	}
	a.traces = traces;
	a.ntraces = MANY;
	account_plan(cx.mem, "R1", &a, all, MANY, &plan);
	assert_int_equal(plan.nops, MANY);
	assert_int_equal(plan.nkicks, MANY);
	assert_null(plan.error);
}

static void
marks(void **state)
{
	(void)state;
	assert_string_equal(account_mark(cx.mem, "isp:" ME), ME);
	assert_string_equal(account_mark(cx.mem, "isp:" ME " the rest"), ME);
	assert_null(account_mark(cx.mem, "isp:" ME "the rest"));
	assert_null(account_mark(cx.mem, "isp:"));
	assert_null(account_mark(cx.mem, "isp:uplink of the boss"));
	assert_null(account_mark(cx.mem, "x isp:" ME));
	assert_null(account_mark(cx.mem, NULL));
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
	for (int n = 40; n < 50; n++) { /* as long as an address may be, and longer */
		const char *text = arena_printf(cx.mem, "::%0*d", n, 1);

		assert_true(account_address_same(text, text));
		assert_false(account_address_same(text, "::1"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_ones_are_added),
		cmocka_unit_test(suspended_are_disabled_then_kicked),
		cmocka_unit_test(nothing_else_saves_from_suspension),
		cmocka_unit_test(a_name_that_is_held_saves_from_no_suspension),
		cmocka_unit_test(a_locked_password_is_asked_for_where_it_is_needed),
		cmocka_unit_test(isolated_are_walled_in_at_once),
		cmocka_unit_test(restored_without_a_kick),
		cmocka_unit_test(renamed_by_the_mark),
		cmocka_unit_test(addresses_are_set_and_cleared),
		cmocka_unit_test(a_foreign_object_is_left_alone),
		cmocka_unit_test(a_name_left_by_another_is_taken_over),
		cmocka_unit_test(a_promised_object_is_left_alone),
		cmocka_unit_test(imported_ones_are_adopted),
		cmocka_unit_test(imported_ones_are_off_in_any_way),
		cmocka_unit_test(a_spent_hotspot_user_is_off_until_service_resumes),
		cmocka_unit_test(imported_ones_are_what_was_found),
		cmocka_unit_test(absent_are_removed_and_kicked),
		cmocka_unit_test(another_service_leaves_the_old_menu),
		cmocka_unit_test(static_queues),
		cmocka_unit_test(the_rates_of_a_queue),
		cmocka_unit_test(static_blocked_before_all_else),
		cmocka_unit_test(nothing_else_saves_a_static_one),
		cmocka_unit_test(a_disabled_entry_blocks_nobody),
		cmocka_unit_test(static_unblocked_after_the_queue),
		cmocka_unit_test(static_removed_after_the_block),
		cmocka_unit_test(an_old_address_stays_blocked_until_service_resumes),
		cmocka_unit_test(a_queue_left_behind_is_blocked_first),
		cmocka_unit_test(many_traces_are_no_trouble),
		cmocka_unit_test(marks),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests_name("account_plan", tests, setup, teardown);
}
