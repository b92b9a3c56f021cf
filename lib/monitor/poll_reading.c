/* poll_reading.c: the values to read of a device's interfaces, and the answers. */
#include "monitor/poll_int.h"

#include <string.h>

static struct snmp_oid
if_oid(uint32_t column, int64_t index)
{
	return (struct snmp_oid){ 11, { 1, 3, 6, 1, 2, 1, 2, 2, 1, column, (uint32_t)index } };
}

static struct snmp_oid
ifx_oid(uint32_t column, int64_t index)
{
	return (struct snmp_oid){ 12, { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, column, (uint32_t)index } };
}

static void
add_interface(struct job *j, struct device_interface *f)
{
	const int64_t i = f->index;
	const bool is_wide = f->bits == 64;
	struct question *q = &j->questions[j->nquestions];

	q[0] = (struct question){ is_wide ? ifx_oid(1, i) : if_oid(2, i), f, ASK_NAME };
	q[1] = (struct question){ is_wide ? ifx_oid(6, i) : if_oid(10, i), f, ASK_IN };
	q[2] = (struct question){ is_wide ? ifx_oid(10, i) : if_oid(16, i), f, ASK_OUT };
	q[3] = (struct question){ if_oid(8, i), f, ASK_STATUS };
	q[4] = (struct question){ ifx_oid(19, i), f, ASK_DISCONTINUITY };
	j->nquestions += QUESTIONS;
	f->has_name = f->has_in = f->has_out = f->is_lost = false;
}

/*
 * The width to try first: version 1 has no 64-bit counters; on other devices that had none
 * they are tried again after a reboot.
 */
static int
first_bits(const struct job *j, const struct device_interface *f)
{
	const bool rebooted = f->has_base && j->device->uptime_ms < f->base.uptime_ms;

	if (strcmp(j->device->conf.version, "1") == 0)
		return 32;
	return f->has_base && f->base.bits == 32 && !rebooted ? 32 : 64;
}

void
poll_reading_begin(struct job *j)
{
	struct device *d = j->device;

	j->questions =
	    arena_alloc(j->mem, (d->ninterfaces * QUESTIONS + 1) * sizeof(*j->questions));
	j->questions[0] =
	    (struct question){ { 9, { 1, 3, 6, 1, 2, 1, 1, 3, 0 } }, NULL, ASK_UPTIME };
	j->nquestions = 1;
	j->asked_from = j->asked = 0;
	for (size_t i = 0; i < d->ninterfaces; i++) {
		d->interfaces[i].bits = d->interfaces[i].bits != 0
					    ? d->interfaces[i].bits
					    : first_bits(j, &d->interfaces[i]);
		add_interface(j, &d->interfaces[i]);
	}
}

static void
take_number(struct job *j, const struct question *q, uint64_t value)
{
	struct device_interface *f = q->interface;

	switch (q->what) {
	case ASK_UPTIME:
		j->device->uptime_ms = (int64_t)value * 10;
		break;
	case ASK_IN:
		f->now.in = value;
		f->now.clock_ms = poll_clock_ms();
		f->has_in = true;
		break;
	case ASK_OUT:
		f->now.out = value;
		f->has_out = true;
		break;
	case ASK_STATUS:
		f->status = (int64_t)value;
		break;
	case ASK_DISCONTINUITY:
		f->now.discontinuity = (int64_t)value;
		break;
	default:
		break;
	}
}

/* The question of the current request that value number `nth` answers; NULL: none. */
static const struct question *
question_of(const struct job *j, const struct snmp_oid *name, size_t nth)
{
	for (size_t i = 0; i < j->asked; i++) { /* most agents answer in order */
		const struct question *q = &j->questions[j->asked_from + (nth + i) % j->asked];

		if (q->oid.len == name->len &&
		    memcmp(q->oid.sub, name->sub, name->len * sizeof(name->sub[0])) == 0)
			return q;
	}
	return NULL;
}

void
poll_reading_take(struct job *j, const struct snmp_reply *reply)
{
	for (size_t i = 0; i < reply->n; i++) {
		const struct snmp_var *v = &reply->vars[i];
		const struct question *q = question_of(j, &v->name, i);

		if (q == NULL)
			continue;
		if (q->what == ASK_NAME && v->type == SNMP_TEXT)
			q->interface->has_name = strcmp(v->text, q->interface->name) == 0;
		else if (v->type == SNMP_NUMBER)
			take_number(j, q, v->number);
	}
	j->asked_from += j->asked;
	j->asked = 0;
}

bool
poll_reading_moved(const struct device *d)
{
	for (size_t i = 0; i < d->ninterfaces; i++)
		if (!d->interfaces[i].has_name && !d->interfaces[i].is_lost)
			return true;
	return false;
}

void
poll_reading_drop_moved(struct device *d)
{
	for (size_t i = 0; i < d->ninterfaces; i++)
		if (!d->interfaces[i].has_name)
			d->interfaces[i].has_in = d->interfaces[i].has_out = false;
}

/* Does the interface have an ifName, but no 64-bit counters? */
static bool
is_narrow(const struct device_interface *f)
{
	return f->has_name && f->bits == 64 && !(f->has_in && f->has_out);
}

static struct question *
make_room(const struct job *j, size_t interfaces)
{
	const size_t n = j->nquestions + interfaces * QUESTIONS;
	struct question *bigger = arena_alloc(j->mem, n * sizeof(*bigger));

	return memcpy(bigger, j->questions, j->nquestions * sizeof(*bigger));
}

bool
poll_reading_retry_32_bit(struct job *j)
{
	struct device *d = j->device;
	size_t narrow = 0;

	for (size_t i = 0; i < d->ninterfaces; i++)
		narrow += is_narrow(&d->interfaces[i]);
	if (narrow == 0)
		return false;
	j->questions = make_room(j, narrow);
	for (size_t i = 0; i < d->ninterfaces; i++) {
		struct device_interface *f = &d->interfaces[i];

		if (!is_narrow(f))
			continue;
		f->bits = 32;
		add_interface(j, f);
		/* found by ifName, so the ifDescr that was asked for is not compared */
		j->questions[j->nquestions - QUESTIONS].oid = ifx_oid(1, f->index);
	}
	return true;
}
