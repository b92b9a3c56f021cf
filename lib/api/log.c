/* log.c: lists of logs. */
#include "api/api.h"

static const char *const events[] = { "create", "notification", "status_check", "cancel", "refund",
	NULL };

/* clang-format off */
static const struct field billing_fields[] = {
	{ "action",          FT_TEXT, RO | FF_FILTER, .max = 64 },
	{ "message",         FT_TEXT, RO },
	{ "customer_id",     FT_UUID, RO | FF_NULL | FF_FILTER },
	{ "subscription_id", FT_UUID, RO | FF_NULL | FF_FILTER },
	{ "invoice_id",      FT_UUID, RO | FF_NULL | FF_FILTER },
	{ "meta",            FT_JSON, RO | FF_NULL },
	{ "actor",           FT_TEXT, RO | FF_NULL | FF_FILTER, .max = 255 },
	{ "request_id",      FT_TEXT, RO | FF_NULL | FF_FILTER, .max = 64 },
	{ "created_at",      FT_TIME, RO | FF_SORT },
	{ "updated_at",      FT_TIME, RO },
	{ "customer.name", FT_TEXT, RO | FF_NULL },
	{ "subscription.mikrotik_username", FT_TEXT, RO | FF_NULL },
	{ "invoice.invoice_number", FT_TEXT, RO | FF_NULL },
	{ "customer_name",   FT_TEXT, RO | FF_NULL | FF_RARE },
};

static const struct field any_day = { "day", FT_TIME };

/* Filters by time: from one moment on, before another. */
static const struct filter log_filters[] = {
	{ "created_from", "created_at", ">=", &any_day },
	{ "created_to", "created_at", "<", &any_day },
};

static const struct field audit_fields[] = {
	{ "action",       FT_TEXT, RO | FF_FILTER, .max = 64 },
	{ "subject_type", FT_TEXT, RO | FF_NULL | FF_FILTER, .max = 64 },
	{ "subject_id",   FT_TEXT, RO | FF_NULL | FF_FILTER, .max = 64 },
	{ "user_id",      FT_UUID, RO | FF_NULL | FF_FILTER },
	{ "actor",        FT_TEXT, RO | FF_NULL | FF_FILTER, .max = 255 },
	{ "ip",           FT_TEXT, RO | FF_NULL | FF_FILTER, .max = 64 },
	{ "request_id",   FT_TEXT, RO | FF_NULL | FF_FILTER, .max = 64 },
	{ "meta",         FT_JSON, RO | FF_NULL },
	{ "created_at",   FT_TIME, RO | FF_SORT },
	{ "user.name", FT_TEXT, RO | FF_NULL },
};

static const struct field midtrans_fields[] = {
	{ "order_id",       FT_TEXT, RO | FF_FILTER, .max = 64 },
	{ "invoice_id",     FT_UUID, RO | FF_NULL | FF_FILTER },
	{ "transaction_id", FT_TEXT, RO | FF_NULL | FF_FILTER, .max = 64 },
	{ "event",          FT_TEXT, RO | FF_FILTER, .max = 16, .among = events },
	{ "status",         FT_TEXT, RO | FF_NULL | FF_FILTER, .max = 64 },
	{ "request",        FT_JSON, RO | FF_NULL },
	{ "response",       FT_JSON, RO | FF_NULL },
	{ "created_at",     FT_TIME, RO | FF_SORT },
	{ "updated_at",     FT_TIME, RO },
	{ "invoice.invoice_number", FT_TEXT, RO | FF_NULL },
};
/* clang-format on */

static const char *const billing_search[] = { "message", NULL };
static const char *const audit_search[] = { "actor", "action", NULL };
static const char *const midtrans_search[] = { "order_id", NULL };

const struct resource billing_log_resource = {
	.name = "billing_log",
	.label = "The entry",
	.table = "billing_logs",
	.view = "billing_log_rows",
	.search = billing_search,
	.fields = billing_fields,
	.nfields = countof(billing_fields),
	.counted = true,
	.filters = log_filters,
	.nfilters = countof(log_filters),
};

const struct resource audit_log_resource = {
	.name = "audit_log",
	.label = "The entry",
	.table = "audit_logs",
	.view = "audit_log_rows",
	.search = audit_search,
	.fields = audit_fields,
	.nfields = countof(audit_fields),
	.counted = true,
	.filters = log_filters,
	.nfilters = countof(log_filters),
};

const struct resource midtrans_log_resource = {
	.name = "midtrans_log",
	.label = "The entry",
	.table = "midtrans_logs",
	.view = "midtrans_log_rows",
	.search = midtrans_search,
	.fields = midtrans_fields,
	.nfields = countof(midtrans_fields),
	.counted = true,
	.filters = log_filters,
	.nfilters = countof(log_filters),
};
