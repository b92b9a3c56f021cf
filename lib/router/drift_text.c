/* drift_text.c: prints a plan as a diff. */
#include "router/drift_int.h"

#include <string.h>

#include "net/ros_text.h"
#include "router/drift.h"

enum { NAME_FITS = 64 };

static const char *const kinds[] = { "missing", "extra", "changed", "session", "fault" };
static const char signs[] = "+-~!?";

static void
add_line(struct ctx *cx, struct drift *d, struct drift_line line)
{
	struct drift_line *more;

	if (d->nlines == d->room) {
		d->room = d->room == 0 ? 64 : d->room * 2;
		more = arena_alloc(cx->mem, d->room * sizeof(*more));
		if (d->nlines > 0)
			memcpy(more, d->lines, d->nlines * sizeof(*more));
		d->lines = more;
	}
	d->lines[d->nlines++] = line;
}

/* The value that a property has now. */
static const char *
found(const struct account_object *o, const char *key)
{
	static const struct account_object nothing = { 0 };
	const struct account_object *at = o != NULL ? o : &nothing;
	const struct {
		const char *key, *val;
	} props[] = {
		{ "name", at->name },
		{ "profile", at->profile },
		{ "comment", at->comment },
		{ "service", at->service },
		{ "local-address", at->local },
		{ "remote-address", at->address },
		{ "address", at->address },
		{ "target", at->address },
		{ "limit-uptime", at->limit_uptime },
		{ "max-limit", at->max_limit },
		{ "priority", at->priority },
		{ "burst-limit", at->burst_limit },
		{ "burst-threshold", at->burst_threshold },
		{ "burst-time", at->burst_time },
		{ "disabled", at->disabled ? "yes" : "no" },
	};

	for (size_t i = 0; i < countof(props); i++) {
		if (strcmp(props[i].key, key) == 0)
			return props[i].val != NULL ? props[i].val : "none";
	}
	return "unknown";
}

static const char *
shown(struct ctx *cx, const char *val)
{
	return ros_text_printable(cx->mem, val, NAME_FITS);
}

/* "profile: gold -> silver; disabled: no -> yes"; of a new object "profile: silver". */
static const char *
attrs_text(struct ctx *cx, const struct account_op *op)
{
	struct sb out = sb_new(cx->mem);

	for (size_t i = 0; i < op->nattrs; i++) {
		const char *key = op->attrs[i].key, *val = op->attrs[i].val;

		if (strcmp(key, "password") == 0)
			continue;
		sb_puts(&out, out.len > 0 ? "; " : "");
		if (op->act == ACT_UNSET)
			sb_printf(&out, "%s: %s -> none", val, shown(cx, found(op->on, val)));
		else if (op->act == ACT_SET)
			sb_printf(&out, "%s: %s -> %s", key, shown(cx, found(op->on, key)),
			    shown(cx, val));
		else
			sb_printf(&out, "%s: %s", key, shown(cx, val));
	}
	return out.buf;
}

static const char *
object_name(const struct account_object *o)
{
	return o->name != NULL ? o->name : o->address != NULL ? o->address : "";
}

static void
op_line(struct ctx *cx, struct drift *d, const struct task *t, const struct account_op *op)
{
	const char *name = op->on != NULL ? object_name(op->on) : t->a->username;
	enum drift_kind kind = op->act == ACT_ADD      ? DRIFT_MISSING
			       : op->act == ACT_REMOVE ? DRIFT_EXTRA
						       : DRIFT_CHANGED;

	add_line(cx, d,
	    (struct drift_line){ kind, account_menu_path[op->menu], shown(cx, name),
		kind == DRIFT_EXTRA ? "" : attrs_text(cx, op) });
}

void
drift_text_task(struct ctx *cx, struct drift *d, const struct task *t)
{
	const char *const faults[] = { t->plan.error, t->error, t->missing_feature };
	const char *menu = account_menu_path[t->a->menu], *name = shown(cx, t->a->username);

	for (size_t i = 0; i < t->plan.nops; i++)
		op_line(cx, d, t, &t->plan.ops[i]);
	for (size_t i = 0; i < countof(faults); i++) {
		if (faults[i] != NULL)
			add_line(cx, d, (struct drift_line){ DRIFT_FAULT, menu, name, faults[i] });
	}
	if (t->online)
		add_line(cx, d,
		    (struct drift_line){ DRIFT_SESSION, menu, name,
			"online though the account is off" });
}

void
drift_text_profile(struct ctx *cx, struct drift *d, const struct profile *p)
{
	const char *rate =
	    rate_limit(cx->mem, p->job->bandwidth, p->job->burst, (int)p->job->priority);
	const char *menu =
	    strcmp(p->job->service, "hotspot") == 0 ? "/ip/hotspot/user/profile" : "/ppp/profile";

	rate = rate != NULL ? rate : "malformed";
	add_line(cx, d,
	    (struct drift_line){ p->id == NULL ? DRIFT_MISSING : DRIFT_CHANGED, menu,
		shown(cx, p->name),
		p->id == NULL ? arena_printf(cx->mem, "rate-limit: %s", rate)
			      : arena_printf(cx->mem, "rate-limit: %s -> %s, with its addresses",
				    p->rate != NULL ? shown(cx, p->rate) : "none", rate) });
}

void
drift_text_unclaimed(struct ctx *cx, struct drift *d, const struct account_object *o)
{
	add_line(cx, d,
	    (struct drift_line){ DRIFT_EXTRA, account_menu_path[o->menu], shown(cx, object_name(o)),
		"its account is not on this router" });
}

void
drift_print(struct sb *out, const struct drift *d)
{
	sb_printf(out, "--- %s, as it is\n+++ %s, as the database has it\n", d->router_name,
	    d->router_name);
	for (size_t i = 0; i < d->nlines; i++) {
		const struct drift_line *l = &d->lines[i];

		sb_printf(out, "%c %s %s%s%s\n", signs[l->kind], l->menu, l->name,
		    l->text[0] != '\0' ? "  " : "", l->text);
	}
	sb_printf(out, "%zu difference%s, %zu account%s compared, %zu to be cut or removed\n",
	    d->nlines, d->nlines == 1 ? "" : "s", d->accounts, d->accounts == 1 ? "" : "s",
	    d->cuts);
}

void
drift_json(struct jw *w, const char *key, const char *refusal, const struct drift *d)
{
	jw_obj(w, key);
	jw_str(w, "router_id", d->router_id);
	jw_str(w, "router", d->router_name);
	jw_i64(w, "accounts", (int64_t)d->accounts);
	jw_i64(w, "cuts", (int64_t)d->cuts);
	jw_str(w, "refusal", refusal);
	jw_arr(w, "differences");
	for (size_t i = 0; i < d->nlines; i++) {
		const struct drift_line *l = &d->lines[i];

		jw_obj(w, NULL);
		jw_str(w, "kind", kinds[l->kind]);
		jw_str(w, "menu", l->menu);
		jw_str(w, "name", l->name);
		jw_str(w, "text", l->text);
		jw_end(w);
	}
	jw_end(w);
	jw_end(w);
}
