/* account.c: reads jobs from the database and stores their results. */
#include "router/account.h"

#include <string.h>

#include "base/jw.h"
#include "db/db.h"
#include "sql.h"

/* The columns of a job as they are read; a struct account is made of them. */
struct claimed {
	const char *id, *wanted, *service, *username, *password, *password_place;
	const char *profile, *package_id, *local_address, *remote_address, *comment;
	const char *isolation, *isolation_names, *traces, *taken, *shared, *router_profile,
	    *bandwidth, *burst;
	int64_t generation, priority;
	bool kick, known, pending, imported;
};

static const struct db_col claimed_cols[] = {
	DB_COLS(claimed, id, generation, kick, wanted, service, username, password, password_place,
	    profile, package_id, local_address, remote_address, comment, known, pending, imported,
	    isolation, isolation_names, traces, taken, shared, router_profile, bandwidth, burst,
	    priority),
};

static enum account_wanted
wanted_of(const char *word)
{
	if (strcmp(word, "enabled") == 0)
		return WANTED_ON;
	return strcmp(word, "suspended") == 0 ? WANTED_CUT : WANTED_GONE;
}

static enum account_menu
menu_of(const char *service)
{
	if (strcmp(service, "static") == 0)
		return MENU_QUEUE;
	return strcmp(service, "hotspot") == 0 ? MENU_HOTSPOT : MENU_PPP;
}

/* Split a text into its lines, in place. */
static size_t
lines_of(struct arena *mem, const char *text, const char ***ret)
{
	char *rest = text != NULL && *text != '\0' ? arena_strdup(mem, text) : NULL;
	size_t n = 0;

	*ret = NULL;
	if (rest == NULL)
		return 0;
	for (const char *c = rest; *c != '\0'; c++)
		n += *c == '\n';
	*ret = arena_alloc(mem, (n + 1) * sizeof(**ret));
	n = 0;
	while (rest != NULL)
		(*ret)[n++] = strsep(&rest, "\n");
	return n;
}

/* Read "static 10.0.0.5 name", see account_states.traces. */
static struct account_trace
trace_of(struct arena *mem, const char *line)
{
	char *rest = arena_strdup(mem, line);
	const char *service = strsep(&rest, " ");
	const char *address = strsep(&rest, " ");
	struct account_trace t = { .menu = menu_of(service), .name = rest != NULL ? rest : "" };

	if (t.menu == MENU_QUEUE && address != NULL && strcmp(address, "-") != 0)
		t.address = address;
	return t;
}

static void
read_traces(struct arena *mem, const char *text, struct account *ret)
{
	const char **lines;

	ret->ntraces = lines_of(mem, text, &lines);
	ret->traces = arena_alloc(mem, (ret->ntraces + 1) * sizeof(*ret->traces));
	for (size_t i = 0; i < ret->ntraces; i++)
		ret->traces[i] = trace_of(mem, lines[i]);
}

static void
read_account(struct arena *mem, const struct claimed *c, struct account *ret)
{
	*ret = (struct account){
		.id = c->id,
		.generation = c->generation,
		.kick = c->kick,
		.wanted = wanted_of(c->wanted),
		.menu = menu_of(c->service),
		.service = c->service,
		.username = c->username,
		.sealed = c->password,
		.sealed_place = c->password_place,
		.profile = c->profile,
		.own_profile = c->profile == NULL && c->package_id != NULL,
		.package_id = c->package_id,
		.router_profile = c->router_profile,
		.bandwidth = c->bandwidth,
		.burst = c->burst,
		.priority = (int)c->priority,
		.local_address = c->local_address,
		.remote_address = c->remote_address,
		.comment = c->comment,
		.known = c->known,
		.pending = c->pending,
		.imported = c->imported,
		.isolation = c->isolation,
	};
	read_traces(mem, c->traces, ret);
	ret->noff_names = lines_of(mem, c->isolation_names, &ret->off_names);
	ret->ntaken = lines_of(mem, c->taken, &ret->taken);
	ret->nshared = lines_of(mem, c->shared, &ret->shared);
}

static enum rc
read_accounts(struct ctx *cx, const struct db_rows *rows, struct account **ret, size_t *nret)
{
	struct account *all = arena_alloc(cx->mem, (db_count(rows) + 1) * sizeof(*all));
	struct claimed c;

	for (size_t i = 0; i < db_count(rows); i++) {
		TRY(db_scan(cx, rows, i, claimed_cols, &c));
		read_account(cx->mem, &c, &all[i]);
	}
	*ret = all;
	*nret = db_count(rows);
	return RC_OK;
}

enum rc
account_claim(struct ctx *cx, const char *router_id, int most, const char *only,
    struct account **ret, size_t *nret)
{
	struct db_rows *rows;

	TRY(db_rows(cx, &SQL_account_claim, &rows, V_TEXT(router_id), V_I64(most), V_TEXT(only)));
	return read_accounts(cx, rows, ret, nret);
}

enum rc
account_compared(struct ctx *cx, const char *router_id, struct account **ret, size_t *nret)
{
	struct db_rows *rows;

	TRY(db_rows(cx, &SQL_account_compared, &rows, V_TEXT(router_id)));
	return read_accounts(cx, rows, ret, nret);
}

static const char *
trace_text(struct arena *mem, enum account_menu menu, const char *name, const char *address)
{
	if (menu == MENU_QUEUE)
		return arena_printf(mem, "static %s %s", address != NULL ? address : "-", name);
	return arena_printf(mem, "%s - %s", menu == MENU_HOTSPOT ? "hotspot" : "ppp", name);
}

/* True for a former address that stays blocked until the account is in service again. */
static bool
is_kept(const struct account *a, size_t i)
{
	const struct account_trace *t = &a->traces[i];

	if (!account_blocks(a, t->address) || account_address_same(t->address, a->remote_address))
		return false;
	for (size_t j = 0; j < i; j++) {
		if (account_address_same(t->address, a->traces[j].address))
			return false;
	}
	return true;
}

/* Write the places of an account that is as wanted: one object, and its blocked addresses. */
static void
write_traces(struct ctx *cx, struct jw *w, const struct account *a)
{
	jw_arr(w, "traces");
	if (a->wanted != WANTED_GONE)
		jw_str(w, NULL, trace_text(cx->mem, a->menu, a->username, a->remote_address));
	for (size_t i = 0; i < a->ntraces && a->wanted == WANTED_CUT; i++) {
		if (is_kept(a, i))
			jw_str(w, NULL,
			    trace_text(cx->mem, MENU_QUEUE, a->traces[i].name,
				a->traces[i].address));
	}
	jw_end(w);
}

static void
write_result(struct ctx *cx, struct jw *w, const struct account_result *r)
{
	jw_obj(w, NULL);
	jw_str(w, "id", r->id);
	jw_i64(w, "generation", r->generation);
	jw_bool(w, "ok", r->ok);
	jw_str(w, "error", r->error);
	if (r->ok && r->account != NULL)
		write_traces(cx, w, r->account);
	if (r->hint != NULL)
		jw_str(w, "hint", r->hint);
	jw_end(w);
}

enum rc
account_results(struct ctx *cx, const char *router_id, const struct account_result *results,
    size_t n)
{
	struct sb out = sb_new(cx->mem);
	struct jw w = jw_new(&out);
	bool hints = false;

	if (n == 0)
		return RC_OK;
	jw_arr(&w, NULL);
	for (size_t i = 0; i < n; i++) {
		write_result(cx, &w, &results[i]);
		hints = hints || results[i].hint != NULL;
	}
	jw_end(&w);
	TRY(db_exec(cx, &SQL_account_results, V_TEXT(router_id), V_TEXT(out.buf)));
	return hints ? db_exec(cx, &SQL_account_hints, V_TEXT(out.buf)) : RC_OK;
}

enum rc
account_stale(struct ctx *cx, const char *router_id, struct account_object *const *objs, size_t n)
{
	struct sb out = sb_new(cx->mem);
	struct jw w = jw_new(&out);
	struct db_rows *rows;

	if (n == 0)
		return RC_OK;
	jw_arr(&w, NULL);
	for (size_t i = 0; i < n; i++) {
		jw_obj(&w, NULL);
		jw_i64(&w, "n", (int64_t)i);
		jw_str(&w, "id", account_mark(cx->mem, objs[i]->comment));
		jw_str(&w, "name", objs[i]->name);
		jw_end(&w);
	}
	jw_end(&w);
	TRY(db_rows(cx, &SQL_account_stale, &rows, V_TEXT(router_id), V_TEXT(out.buf)));
	for (size_t i = 0; i < db_count(rows); i++) {
		struct account_object *o = objs[db_i64(rows, i, "n")];

		o->stale = true;
		o->reserved = db_bool(rows, i, "is_in_service");
		o->has_other_name = db_bool(rows, i, "has_other_name");
	}
	return RC_OK;
}

static const char *
ids_json(struct ctx *cx, const char *const *ids, size_t n)
{
	struct sb out = sb_new(cx->mem);
	struct jw w = jw_new(&out);

	jw_arr(&w, NULL);
	for (size_t i = 0; i < n; i++)
		jw_str(&w, NULL, ids[i]);
	jw_end(&w);
	return out.buf;
}

static const char *
strays_json(struct ctx *cx, struct account_object *const *objs, size_t n)
{
	static const char *const services[MENU__MAX] = { "pppoe", "hotspot", "static" };
	struct sb out = sb_new(cx->mem);
	struct jw w = jw_new(&out);

	jw_arr(&w, NULL);
	for (size_t i = 0; i < n; i++) {
		jw_obj(&w, NULL);
		jw_str(&w, "id", account_mark(cx->mem, objs[i]->comment));
		jw_str(&w, "service", services[objs[i]->menu]);
		jw_str(&w, "name", objs[i]->name);
		jw_end(&w);
	}
	jw_end(&w);
	return out.buf;
}

enum rc
account_found(struct ctx *cx, const char *router_id, const struct account_findings *f,
    struct account_found *ret)
{
	struct db_rows *rows;

	TRY(db_row(cx, &SQL_account_found, &rows, V_TEXT(router_id),
	    V_TEXT(ids_json(cx, f->accounts, f->naccounts)),
	    V_TEXT(ids_json(cx, f->packages, f->npackages)),
	    V_TEXT(strays_json(cx, f->strays, f->nstrays))));
	*ret = (struct account_found){ .different = db_i64(rows, 0, "different"),
		.profiles = db_i64(rows, 0, "profiles"),
		.misplaced = db_i64(rows, 0, "misplaced") };
	return RC_OK;
}
