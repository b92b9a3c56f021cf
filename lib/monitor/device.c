/* device.c: see device.h, and sql/functions/snmp.sql. */
#include "monitor/device.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/jw.h"
#include "db/db.h"
#include "sql.h"

struct stored {
	const char *id, *name, *host, *version, *community, *security_name, *security_level,
	    *auth_protocol, *auth_password, *priv_protocol, *priv_password;
	const char *boot, *interfaces, *age_ms, *in_octets, *out_octets, *bits, *discontinuity,
	    *dropped;
	int64_t port, max_vars, clock_ms, uptime_ms;
	bool is_discovery_due;
};

static const struct db_col device_cols[] = {
	DB_COLS(stored, id, name, host, version, community, security_name, security_level,
	    auth_protocol, auth_password, priv_protocol, priv_password, port, max_vars,
	    is_discovery_due, boot, clock_ms, uptime_ms, interfaces, age_ms, in_octets, out_octets,
	    bits, discontinuity, dropped),
};

struct stored_interface {
	const char *device_id, *name, *status;
	int64_t number, if_index, speed;
};

static const struct db_col interface_cols[] = {
	DB_COLS(stored_interface, device_id, number, name, if_index, speed, status),
};

/* ---- loading ---- */

static enum rc
unseal(struct ctx *cx, const char *id, const char *column, const char *sealed, const char **ret)
{
	*ret = NULL;
	if (sealed == NULL || sealed[0] == '\0')
		return RC_OK;
	return crypt_unseal(cx, arena_printf(cx->mem, "snmp_devices:%s:%s", id, column), sealed,
	    ret);
}

/* The next number of an array's text: of each array, the same element. False: no more. */
static bool
next_numbers(const char **at, int64_t *ret, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *end;

		if (at[i] == NULL || *at[i] == '\0')
			return false;
		ret[i] = strtoll(at[i] + 1, &end, 10);
		if (end == at[i] + 1)
			return false;
		at[i] = end;
	}
	return true;
}

static struct device_interface *
interface_by_number(const struct device *d, int64_t number, size_t guess)
{
	for (size_t i = 0; i < d->ninterfaces; i++) {
		struct device_interface *f = &d->interfaces[(guess + i) % d->ninterfaces];

		if (f->number == number)
			return f;
	}
	return NULL;
}

static void
fill_bases(struct device *d, const struct stored *s)
{
	enum { NUMBER, AGE, IN, OUT, BITS, DISCONTINUITY, DROPPED };
	const char *arrays[] = { s->interfaces, s->age_ms, s->in_octets, s->out_octets, s->bits,
		s->discontinuity, s->dropped };
	int64_t v[countof(arrays)];

	for (size_t nth = 0; next_numbers(arrays, v, countof(arrays)); nth++) {
		struct device_interface *f = interface_by_number(d, v[NUMBER], nth);

		if (f == NULL)
			continue;
		f->has_base = true;
		f->base = (struct counter_reading){ .in = (uint64_t)v[IN],
			.out = (uint64_t)v[OUT],
			.bits = (int)v[BITS],
			.uptime_ms = s->uptime_ms - v[AGE],
			.discontinuity = v[DISCONTINUITY],
			.boot = s->boot,
			.clock_ms = s->clock_ms - v[AGE],
			.is_doubtful = v[DROPPED] > 0 };
	}
}

static enum rc
fill_device(struct ctx *cx, const struct stored *s, struct device *d)
{
	struct snmp_agent_conf *c = &d->conf;

	*d = (struct device){ .id = s->id,
		.name = s->name,
		.host = s->host,
		.port = s->port,
		.max_vars = s->max_vars,
		.is_discovery_due = s->is_discovery_due };
	*c = (struct snmp_agent_conf){ .version = s->version,
		.security_name = s->security_name,
		.security_level = s->security_level,
		.auth_protocol = s->auth_protocol,
		.priv_protocol = s->priv_protocol };
	TRY(unseal(cx, s->id, "community", s->community, &c->community));
	TRY(unseal(cx, s->id, "auth_password", s->auth_password, &c->auth_password));
	TRY(unseal(cx, s->id, "priv_password", s->priv_password, &c->priv_password));
	c->community = c->community != NULL ? c->community : "public";
	return RC_OK;
}

static enum rc
fill_interface(struct ctx *cx, const struct db_rows *rows, size_t i, struct device_interface *f)
{
	struct stored_interface s;

	TRY(db_scan(cx, rows, i, interface_cols, &s));
	*f = (struct device_interface){ .number = s.number,
		.name = s.name,
		.stored_status = s.status,
		.index = s.if_index,
		.speed = s.speed };
	return RC_OK;
}

/* Take the interfaces of a device off the front of those left: both are sorted by its id. */
static enum rc
fill_interfaces(struct ctx *cx, const struct db_rows *rows, struct device *d,
    struct device_interface *all, size_t *at)
{
	d->interfaces = &all[*at];
	while (*at < db_count(rows) && strcmp(db_text(rows, *at, "device_id"), d->id) == 0) {
		TRY(fill_interface(cx, rows, *at, &all[*at]));
		++*at;
	}
	d->ninterfaces = (size_t)(&all[*at] - d->interfaces);
	return RC_OK;
}

static enum rc
fill_devices(struct ctx *cx, const struct db_rows *rows, const struct db_rows *interfaces,
    struct device *devices)
{
	struct device_interface *all =
	    arena_alloc(cx->mem, (db_count(interfaces) + 1) * sizeof(*all));
	size_t at = 0;

	for (size_t i = 0; i < db_count(rows); i++) {
		struct stored s;

		TRY(db_scan(cx, rows, i, device_cols, &s));
		TRY(fill_device(cx, &s, &devices[i]));
		TRY(fill_interfaces(cx, interfaces, &devices[i], all, &at));
		fill_bases(&devices[i], &s);
	}
	return RC_OK;
}

enum rc
device_load(struct ctx *cx, bool everything, const char *only, struct device **ret, size_t *nret)
{
	struct db_rows *rows, *interfaces;
	struct device *devices;

	TRY(db_send_rows(cx, &SQL_snmp_due, &rows, V_BOOL(everything), V_TEXT(only)));
	TRY(db_send_rows(cx, &SQL_snmp_due_interfaces, &interfaces, V_BOOL(everything),
	    V_TEXT(only)));
	TRY(db_sync(cx));
	devices = arena_alloc(cx->mem, (db_count(rows) + 1) * sizeof(*devices));
	TRY(fill_devices(cx, rows, interfaces, devices));
	*ret = devices;
	*nret = db_count(rows);
	return RC_OK;
}

int64_t
device_speed(int64_t speed_bit, int64_t speed_mbit)
{
	if (speed_mbit > 1000000) /* D-Link sends bit/s in this gauge */
		return speed_mbit;
	if (speed_mbit > 0 &&
	    (speed_bit == 0 || speed_bit >= INT64_C(4294967295) || speed_mbit > 4294))
		return speed_mbit * 1000000;
	return speed_bit < INT64_C(4294967295) ? speed_bit : 0;
}

/* ---- storing ---- */

static const char *
status_text(int64_t status)
{
	return status == 1 ? "up" : status == 2 ? "down" : status == 3 ? "testing" : "unknown";
}

static void
write_states(struct jw *w, struct arena *mem, struct device *const *devices, size_t n)
{
	jw_arr(w, NULL);
	for (size_t i = 0; i < n; i++) {
		const struct device *d = devices[i];

		jw_obj(w, NULL);
		jw_str(w, "id", d->id);
		jw_i64(w, "at_ms", d->at_ms);
		jw_bool(w, "ok", d->is_up);
		jw_str(w, "error", d->error);
		jw_raw(w, "latency_ms",
		    d->is_up ? arena_printf(mem, "%.3f", d->latency_ms) : "null");
		jw_raw(w, "uptime_ms",
		    d->is_up ? arena_printf(mem, "%lld", (long long)d->uptime_ms) : "null");
		jw_i64(w, "max_vars", d->max_vars);
		jw_str(w, "sys_name", d->sys_name);
		jw_str(w, "sys_descr", d->sys_descr);
		jw_bool(w, "was_discovered", d->was_discovered);
		jw_end(w);
	}
	jw_end(w);
}

static void
write_row(struct jw *w, struct arena *mem, const struct device *d, const struct device_row *row)
{
	const int64_t speed = device_speed(row->speed_bit, row->speed_mbit);

	jw_obj(w, NULL);
	jw_str(w, "device_id", d->id);
	jw_str(w, "if_name", row->name);
	jw_i64(w, "if_index", row->index);
	jw_str(w, "if_descr", row->descr);
	jw_str(w, "if_alias", row->alias);
	jw_raw(w, "if_speed", speed > 0 ? arena_printf(mem, "%lld", (long long)speed) : "null");
	jw_str(w, "oper", status_text(row->oper));
	jw_str(w, "admin", row->admin >= 1 && row->admin <= 3 ? status_text(row->admin) : "up");
	jw_end(w);
}

static bool
write_rows(struct jw *w, struct arena *mem, struct device *const *devices, size_t n)
{
	bool any = false;

	jw_arr(w, NULL);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; devices[i]->was_discovered && k < devices[i]->nrows; k++)
			write_row(w, mem, devices[i], &devices[i]->rows[k]);
		any = any || devices[i]->was_discovered;
	}
	jw_end(w);
	return any;
}

/* The columns of readings, each the text of an array: of devices, then of their interfaces. */
enum reading_column {
	DEVICE,
	AT,
	CLOCK,
	UPTIME,
	FIRST,
	LAST,
	NUMBER,
	AGE,
	IN,
	OUT,
	BITS,
	DISCONTINUITY,
	DROPPED,
	SECONDS,
	IN_RATE,
	OUT_RATE,
	READING_COLUMNS
};

struct readings {
	struct sb columns[READING_COLUMNS];
	int64_t n; /* interfaces */
	const char *boot;
};

static void
add_text(struct sb *column, const char *value)
{
	sb_putc(column, column->len == 0 ? '{' : ',');
	sb_puts(column, value);
}

static void
add_number(struct sb *column, int64_t value)
{
	sb_putc(column, column->len == 0 ? '{' : ',');
	sb_i64(column, value);
}

static bool
is_read(const struct device_interface *f)
{
	return f->has_in && f->has_out;
}

/* The reading that the next one is compared with; NULL: there is none. */
static const struct counter_reading *
next_base(const struct device_interface *f)
{
	if (is_read(f) && f->verdict != COUNTER_DROP)
		return &f->now;
	return f->has_base && counter_is_usable(&f->base, &f->now) ? &f->base : NULL;
}

static void
add_reading(struct readings *r, const struct device *d, const struct device_interface *f,
    const struct counter_reading *base)
{
	const bool has_rate = is_read(f) && f->verdict == COUNTER_RATE;
	const bool is_doubtful = is_read(f) ? f->verdict == COUNTER_DROP : base->is_doubtful;
	struct sb *to = r->columns;

	add_number(&to[NUMBER], f->number);
	add_number(&to[AGE], d->clock_ms - base->clock_ms);
	add_number(&to[IN], (int64_t)base->in);
	add_number(&to[OUT], (int64_t)base->out);
	add_number(&to[BITS], base->bits);
	add_number(&to[DISCONTINUITY], base->discontinuity);
	add_number(&to[DROPPED], is_doubtful);
	add_number(&to[SECONDS], has_rate ? f->rates.seconds : 0);
	add_number(&to[IN_RATE], has_rate ? f->rates.in : 0);
	add_number(&to[OUT_RATE], has_rate ? f->rates.out : 0);
	r->boot = base->boot;
	r->n++;
}

static void
add_device(struct readings *r, const struct device *d)
{
	const int64_t first = r->n + 1;
	struct sb *to = r->columns;

	for (size_t i = 0; i < d->ninterfaces; i++) {
		const struct counter_reading *base = next_base(&d->interfaces[i]);

		if (base != NULL)
			add_reading(r, d, &d->interfaces[i], base);
	}
	if (r->n < first)
		return;
	add_text(&to[DEVICE], d->id);
	add_number(&to[AT], d->at_ms);
	add_number(&to[CLOCK], d->clock_ms);
	add_number(&to[UPTIME], d->uptime_ms);
	add_number(&to[FIRST], first);
	add_number(&to[LAST], r->n);
}

static enum rc
send_readings(struct ctx *cx, struct device *const *devices, size_t n)
{
	struct readings r = { 0 };
	struct db_val vals[READING_COLUMNS + 1];

	for (size_t c = 0; c < READING_COLUMNS; c++)
		r.columns[c] = sb_new(cx->mem);
	for (size_t i = 0; i < n; i++)
		if (devices[i]->is_up)
			add_device(&r, devices[i]);
	if (r.n == 0)
		return RC_OK;
	for (size_t c = 0; c < READING_COLUMNS; c++) {
		sb_putc(&r.columns[c], '}');
		vals[c] = V_TEXT(r.columns[c].buf);
	}
	vals[READING_COLUMNS] = V_TEXT(r.boot);
	return db_send_n(cx, &SQL_snmp_store_readings, DB_EXEC, NULL, vals, countof(vals));
}

/* Send the statuses that changed: few interfaces go up or down between two polls. */
static enum rc
send_statuses(struct ctx *cx, struct device *const *devices, size_t n)
{
	struct sb numbers = sb_new(cx->mem), statuses = sb_new(cx->mem);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; devices[i]->is_up && k < devices[i]->ninterfaces; k++) {
			const struct device_interface *f = &devices[i]->interfaces[k];

			if (!is_read(f) || f->status <= 0 ||
			    strcmp(f->stored_status, status_text(f->status)) == 0)
				continue;
			add_number(&numbers, f->number);
			add_text(&statuses, status_text(f->status));
		}
	if (numbers.len == 0)
		return RC_OK;
	sb_putc(&numbers, '}');
	sb_putc(&statuses, '}');
	return db_send_exec(cx, &SQL_snmp_store_statuses, V_TEXT(numbers.buf),
	    V_TEXT(statuses.buf));
}

enum rc
device_send(struct ctx *cx, struct device *const *devices, size_t n)
{
	struct sb states = sb_new(cx->mem), rows = sb_new(cx->mem);
	struct jw states_out = jw_new(&states), rows_out = jw_new(&rows);

	write_states(&states_out, cx->mem, devices, n);
	if (write_rows(&rows_out, cx->mem, devices, n))
		TRY(db_send_exec(cx, &SQL_snmp_discovered, V_TEXT(rows.buf), V_TEXT(states.buf)));
	TRY(db_send_exec(cx, &SQL_snmp_store, V_TEXT(states.buf)));
	TRY(send_statuses(cx, devices, n));
	return send_readings(cx, devices, n);
}
