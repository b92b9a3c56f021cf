/* device.h: the SNMP devices in the database, and the results of a poll. */
#ifndef MONITOR_DEVICE_H
#define MONITOR_DEVICE_H

#include "monitor/counter.h"
#include "net/snmp.h"

/* A monitored interface: its stored values, and the values of this poll. */
struct device_interface {
	int64_t number; /* identifies it in the arrays of stored readings */
	const char *name, *stored_status;
	int64_t index, speed;
	bool has_base;
	struct counter_reading base;

	int bits; /* width of the counters to request */
	bool has_name, has_in, has_out, is_lost;
	struct counter_reading now;
	int64_t status; /* ifOperStatus; 0: not known */
	enum counter_verdict verdict;
	struct counter_rates rates;
};

/* A row of the device's interface tables, by its index. */
struct device_row {
	int64_t index;
	const char *name, *descr, *alias;
	int64_t speed_mbit, speed_bit, oper, admin;
	bool has_high_counters;
};

struct device {
	const char *id, *name, *host;
	int64_t port, max_vars;
	bool is_discovery_due;
	struct snmp_agent_conf conf;
	struct device_interface *interfaces;
	size_t ninterfaces;

	/* results of the poll */
	bool is_up;
	const char *error;
	int64_t uptime_ms, at_ms, clock_ms; /* of its end: CLOCK_REALTIME, and that of readings */
	double latency_ms;
	const char *sys_name, *sys_descr;
	bool was_discovered;
	struct device_row *rows;
	size_t nrows;
};

/*
 * Load the devices to poll, with their monitored interfaces: all active ones that were not polled
 * in the last 150 seconds.  everything: also those polled a moment ago.  only: this device alone,
 * active or not; NULL: all.
 */
enum rc device_load(struct ctx *, bool everything, const char *only, struct device **ret,
    size_t *nret) _must_check_;

/*
 * Queue the statements that store the results of these devices, one for each table: db_sync()
 * stores all of them or none.
 */
enum rc device_send(struct ctx *, struct device *const *, size_t n) _must_check_;

/* The speed in bit/s according to both gauges; 0: unknown. */
int64_t device_speed(int64_t speed_bit, int64_t speed_mbit);

#endif
