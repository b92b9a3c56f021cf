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
	int64_t port, max_vars;
	bool is_discovery_due;
};

static const struct db_col device_cols[] = {
	DB_COLS(stored, id, name, host, version, community, security_name, security_level,
	    auth_protocol, auth_password, priv_protocol, priv_password, port, max_vars,
	    is_discovery_due),
};

struct stored_interface {
	const char *device_id, *id, *name, *in_octets, *out_octets, *boot;
	int64_t if_index, speed, bits, uptime_ms, discontinuity, clock_ms;
	bool is_doubtful;
};

static const struct db_col interface_cols[] = {
	DB_COLS(stored_interface, device_id, id, name, in_octets, out_octets, boot, if_index, speed,
	    bits, uptime_ms, discontinuity, clock_ms, is_doubtful),
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

static enum rc
fill_device(struct ctx *cx, const struct db_rows *rows, size_t i, struct device *d)
{
	struct stored s;
	struct snmp_agent_conf *c = &d->conf;

	TRY(db_scan(cx, rows, i, device_cols, &s));
	*d = (struct device){ .id = s.id,
		.name = s.name,
		.host = s.host,
		.port = s.port,
		.max_vars = s.max_vars,
		.is_discovery_due = s.is_discovery_due };
	*c = (struct snmp_agent_conf){ .version = s.version,
		.security_name = s.security_name,
		.security_level = s.security_level,
		.auth_protocol = s.auth_protocol,
		.priv_protocol = s.priv_protocol };
	TRY(unseal(cx, s.id, "community", s.community, &c->community));
	TRY(unseal(cx, s.id, "auth_password", s.auth_password, &c->auth_password));
	TRY(unseal(cx, s.id, "priv_password", s.priv_password, &c->priv_password));
	c->community = c->community != NULL ? c->community : "public";
	return RC_OK;
}

static enum rc
fill_interface(struct ctx *cx, const struct db_rows *rows, size_t i, struct device_interface *f)
{
	struct stored_interface s;

	TRY(db_scan(cx, rows, i, interface_cols, &s));
	*f = (struct device_interface){ .id = s.id,
		.name = s.name,
		.index = s.if_index,
		.speed = s.speed,
		.has_base = s.boot != NULL };
	if (f->has_base)
		f->base = (struct counter_reading){ .in = strtoull(s.in_octets, NULL, 10),
			.out = strtoull(s.out_octets, NULL, 10),
			.bits = (int)s.bits,
			.uptime_ms = s.uptime_ms,
			.discontinuity = s.discontinuity,
			.boot = s.boot,
			.clock_ms = s.clock_ms,
			.is_doubtful = s.is_doubtful };
	return RC_OK;
}

/* Both results are sorted by the devices' ids. */
static enum rc
fill_interfaces(struct ctx *cx, const struct db_rows *rows, struct device *devices, size_t n)
{
	const size_t nrows = db_count(rows);
	struct device_interface *all = arena_alloc(cx->mem, (nrows + 1) * sizeof(*all));
	size_t i = 0;

	for (size_t k = 0; k < n; k++) {
		devices[k].interfaces = &all[i];
		while (i < nrows && strcmp(db_text(rows, i, "device_id"), devices[k].id) == 0) {
			TRY(fill_interface(cx, rows, i, &all[i]));
			i++;
		}
		devices[k].ninterfaces = (size_t)(&all[i] - devices[k].interfaces);
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
	for (size_t i = 0; i < db_count(rows); i++)
		TRY(fill_device(cx, rows, i, &devices[i]));
	TRY(fill_interfaces(cx, interfaces, devices, db_count(rows)));
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

/* The columns of the samples, each the text of an array: unnest() is faster than rows or JSON. */
struct samples {
	struct sb id, in, out, bits, uptime, discontinuity, clock, dropped, in_rate, out_rate,
	    seconds, status, at;
	const char *boot;
	size_t n, ndropped;
};

static struct samples
samples_new(struct arena *mem)
{
	struct samples s = { 0 };
	struct sb *columns[] = { &s.id, &s.in, &s.out, &s.bits, &s.uptime, &s.discontinuity,
		&s.clock, &s.dropped, &s.in_rate, &s.out_rate, &s.seconds, &s.status, &s.at };

	for (size_t i = 0; i < countof(columns); i++) {
		*columns[i] = sb_new(mem);
		sb_putc(columns[i], '{');
	}
	return s;
}

static void
add_unsigned(struct sb *column, size_t n, uint64_t value)
{
	sb_printf(column, n == 0 ? "%llu" : ",%llu", (unsigned long long)value);
}

static void
add_number(struct sb *column, size_t n, int64_t value)
{
	if (n > 0)
		sb_putc(column, ',');
	sb_i64(column, value);
}

static void
add_text(struct sb *column, size_t n, const char *value)
{
	if (n > 0)
		sb_putc(column, ',');
	sb_puts(column, value);
}

static void
add_rate(struct sb *column, size_t n, const struct device_interface *f, int64_t rate)
{
	if (f->verdict == COUNTER_RATE)
		add_number(column, n, rate);
	else
		add_text(column, n, "NULL");
}

static void
add_sample(struct samples *s, const struct device *d, const struct device_interface *f)
{
	add_text(&s->id, s->n, f->id);
	add_unsigned(&s->in, s->n, f->now.in);
	add_unsigned(&s->out, s->n, f->now.out);
	add_number(&s->bits, s->n, f->now.bits);
	add_number(&s->uptime, s->n, f->now.uptime_ms);
	add_number(&s->discontinuity, s->n, f->now.discontinuity);
	add_number(&s->clock, s->n, f->now.clock_ms);
	if (f->verdict == COUNTER_DROP)
		add_text(&s->dropped, s->ndropped++, f->id);
	add_rate(&s->in_rate, s->n, f, f->rates.in);
	add_rate(&s->out_rate, s->n, f, f->rates.out);
	add_number(&s->seconds, s->n, f->verdict == COUNTER_RATE ? f->rates.seconds : 0);
	add_text(&s->status, s->n, f->status > 0 ? status_text(f->status) : "NULL");
	add_number(&s->at, s->n, d->at_ms);
	s->boot = f->now.boot;
	s->n++;
}

static enum rc
send_samples(struct ctx *cx, struct samples *s)
{
	struct sb *columns[] = { &s->id, &s->in, &s->out, &s->bits, &s->uptime, &s->discontinuity,
		&s->clock, &s->dropped, &s->in_rate, &s->out_rate, &s->seconds, &s->status,
		&s->at };

	for (size_t i = 0; i < countof(columns); i++)
		sb_putc(columns[i], '}');
	return db_send_exec(cx, &SQL_snmp_store_samples, V_TEXT(s->id.buf), V_TEXT(s->in.buf),
	    V_TEXT(s->out.buf), V_TEXT(s->bits.buf), V_TEXT(s->uptime.buf),
	    V_TEXT(s->discontinuity.buf), V_TEXT(s->clock.buf), V_TEXT(s->dropped.buf),
	    V_TEXT(s->in_rate.buf), V_TEXT(s->out_rate.buf), V_TEXT(s->seconds.buf),
	    V_TEXT(s->status.buf), V_TEXT(s->at.buf), V_TEXT(s->boot));
}

static enum rc
send_all_samples(struct ctx *cx, struct device *const *devices, size_t n)
{
	struct samples s = samples_new(cx->mem);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; devices[i]->is_up && k < devices[i]->ninterfaces; k++)
			if (devices[i]->interfaces[k].has_in && devices[i]->interfaces[k].has_out)
				add_sample(&s, devices[i], &devices[i]->interfaces[k]);
	return s.n == 0 ? RC_OK : send_samples(cx, &s);
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
	return send_all_samples(cx, devices, n);
}
