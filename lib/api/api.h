/*
 * api.h: every address of the product, with its rights, its input and its answer.
 *
 * routes.c is the table; each noun has a file with its field table, its resource and the
 * handlers of those verbs that do more than write a row. Each such handler NAME has a
 * struct op NAME_op, which describes its body and query: the same table checks the request
 * and describes it in OpenAPI.
 */
#ifndef API_API_H
#define API_API_H

#include "crud/crud.h"
#include "http/http.h"
#include "http/shape.h"

/* Rights of a role and of a token.  A route lists one of each; see routes.c. */
enum perm {
	P_VIEWER = 1 << 0,
	P_OPERATOR = 1 << 1,
	P_ADMIN = 1 << 2,
	P_READ = 1 << 3,    /* ability read: GET */
	P_BILLING = 1 << 4, /* ability billing: customers, packages, subscriptions, money */
	P_NETWORK = 1 << 5, /* ability network: routers, accounts, monitoring */
	P_FULL = 1 << 6,    /* ability *: all, and users, tokens, settings, credentials */
};

/* An operation: a verb with rules of its own. */
struct op {
	const char *summary;
	const struct field *fields; /* fields of the body; NULL: none */
	size_t nfields;
	enum fflag flag;            /* FF_CREATE or FF_UPDATE: which of the fields count */
	const struct field *params; /* fields of the query, besides those of a list */
	size_t nparams;
	const struct resource *row;  /* the answer is a row of this resource; NULL: see answer */
	const struct resource *list; /* the answer is a list of this resource */
	int status;                  /* status of success; 0: 200 */
	const struct field *answer;  /* the parts of an answer that is no row and no list */
	size_t nanswer;
	const char *media; /* media type of an answer; NULL: JSON */
	bool nullable;     /* the answer may be null */
	bool many;         /* the answer is an array */
	bool keyed;        /* takes an Idempotency-Key */
	bool dry_run;      /* takes dry_run: runs, answers, rolls back */
	bool paced;        /* nginx limits it by address, since it needs no token */
};

extern const struct resource user_resource, token_resource, customer_resource, credit_resource,
    package_resource, subscription_resource, invoice_resource, payment_resource, router_resource,
    radius_resource, setting_resource, billing_log_resource, audit_log_resource,
    midtrans_log_resource, notification_setting_resource, message_template_resource,
    message_resource, secret_resource, snmp_device_resource, snmp_interface_resource,
    ping_target_resource, alert_resource, maintenance_window_resource, day_resource, item_resource,
    charge_resource, run_resource, history_resource;
/* The report of a run. */
enum { BILLING_REPORT_PARTS = 6 };
extern const struct field billing_report_parts[BILLING_REPORT_PARTS];

/* The sentences of an alert, in each language. */
enum { ALERT_TEXT_PARTS = 2 };
extern const struct field alert_text_parts[ALERT_TEXT_PARTS];
/* The values of a subscription's status; NULL ends them. */
extern const char *const subscription_states[];

/* A handler and its op. */
#define API_OP(fn)                                                                                 \
	enum rc fn(struct ctx *, const struct req *, struct resp *);                               \
	extern const struct op fn##_op

API_OP(auth_login);
API_OP(auth_register);
API_OP(auth_forgot);
API_OP(auth_reset);
API_OP(auth_logout);
API_OP(auth_me);
API_OP(auth_user);
API_OP(auth_password);
API_OP(token_list);
API_OP(token_create);
API_OP(token_delete);
API_OP(user_create);
API_OP(user_update);
API_OP(user_delete);

API_OP(customer_archive);
API_OP(customer_credits);
API_OP(customer_credit_enter);
API_OP(package_update);

API_OP(subscription_create);
API_OP(subscription_update);
API_OP(subscription_delete);
API_OP(subscription_suspend);
API_OP(subscription_activate);
API_OP(subscription_cancel);
API_OP(subscription_credentials);
API_OP(subscription_pause);
API_OP(subscription_resume);
API_OP(subscription_prepay);
API_OP(subscription_change);
API_OP(subscription_history);
API_OP(customer_history);
API_OP(day_list);
API_OP(day_add);
API_OP(item_list);
API_OP(item_create);
API_OP(item_update);
API_OP(item_remove);
API_OP(charge_list);
API_OP(charge_create);
API_OP(run_preview);
API_OP(run_start);
API_OP(run_undo);

API_OP(invoice_create);
API_OP(invoice_update);
API_OP(invoice_cancel);
API_OP(invoice_mark_paid);
API_OP(invoice_public);
API_OP(invoice_pdf);
API_OP(invoice_pdf_public);
API_OP(payment_create);
API_OP(payment_reverse);
API_OP(payment_update);
API_OP(payment_refund);
API_OP(report_revenue);
API_OP(report_receivables);
API_OP(report_tax);
API_OP(report_payments);
API_OP(report_subscribers);
API_OP(customer_statement);

API_OP(midtrans_page);
API_OP(midtrans_notification);
API_OP(midtrans_status);
API_OP(midtrans_cancel);
API_OP(midtrans_refund);

API_OP(router_save);
API_OP(router_delete);
API_OP(router_test_one);
API_OP(router_test_default);
API_OP(mikrotik_interfaces);
API_OP(mikrotik_profiles);
API_OP(mikrotik_secrets);
API_OP(mikrotik_hotspot_users);
API_OP(mikrotik_dhcp_leases);
API_OP(mikrotik_active);
API_OP(mikrotik_hotspot_active);
API_OP(mikrotik_system);
API_OP(mikrotik_interface_traffic);
API_OP(mikrotik_online_users);
API_OP(mikrotik_traffic);
API_OP(mikrotik_user_detail);
API_OP(mikrotik_queues);
API_OP(mikrotik_disconnect);
API_OP(mikrotik_disconnect_user);
API_OP(mikrotik_user_toggle);
API_OP(mikrotik_user_create);
API_OP(mikrotik_user_update);
API_OP(mikrotik_user_delete);
API_OP(mikrotik_sync_package);
API_OP(mikrotik_sync_secret);
API_OP(mikrotik_import_secrets);
API_OP(mikrotik_drift);
API_OP(mikrotik_drift_apply);
API_OP(isolir_show);
API_OP(subscription_traffic);
API_OP(queue_create);
API_OP(queue_delete);
API_OP(router_secret_create);
API_OP(router_secret_update);
API_OP(router_secret_delete);
API_OP(router_secret_enable);
API_OP(router_secret_disable);
API_OP(secret_delete);
API_OP(secret_sync);
API_OP(radius_show);
API_OP(radius_save);

API_OP(snmp_discover);
API_OP(snmp_interfaces);
API_OP(snmp_bandwidth);
API_OP(ping_now);
API_OP(ping_history);
API_OP(monitoring_dashboard);
API_OP(monitoring_alerts);
API_OP(alert_read);
API_OP(alert_read_all);
API_OP(notification_test);
API_OP(template_preview);
API_OP(message_resend);

API_OP(invoice_bulk);
API_OP(subscription_bulk);
API_OP(import_sheet);
API_OP(search_all);
API_OP(company_public);
API_OP(company_logo);
API_OP(company_logo_save);
API_OP(company_logo_delete);
API_OP(setting_show);
API_OP(setting_save);
API_OP(setting_preset);
API_OP(dashboard_show);
API_OP(dashboard_stats);
API_OP(dashboard_activities);
API_OP(meta_health);
API_OP(meta_openapi);
API_OP(meta_fields);

extern const struct route api_routes[];
extern const size_t api_nroutes;

/* authenticate, run and refused of struct http_policy. */
enum rc api_authenticate(struct ctx *, const struct req *, uint32_t perm) _must_check_;
enum rc api_run(struct ctx *, const struct route *, const struct req *, struct resp *) _must_check_;
enum rc api_refused(struct ctx *, const struct req *) _must_check_;

/* Call this before a GET changes something: sets the actor, here and in the database. */
enum rc api_set_actor(struct ctx *) _must_check_;

/* Read the body of a request and check it against the op. */
enum rc op_read(struct ctx *, const struct op *, const struct req *,
    struct cJSON **ret) _must_check_;
/* Read the :id of the path and check that this customer or subscription exists; else 404. */
enum rc op_customer(struct ctx *, const struct req *, const char **ret) _must_check_;
enum rc op_subscription(struct ctx *, const struct req *, const char **ret) _must_check_;
/* Read a yes or no of the query; absent: no. */
enum rc op_flag(struct ctx *, const struct req *, const char *name, bool *ret) _must_check_;
/* dry_run of an act that reads it as a field of its body: the query may say it, too. */
extern const struct field op_dry_run_param[1];
enum rc op_dry_run(struct ctx *, const struct req *, struct cJSON *in) _must_check_;
/* Answer with the first row; with null when there is none. */
enum rc op_answer(struct resp *, int status, const struct db_rows *);
/* The description of the answer {"success": true}. */
extern const struct field op_success_parts[1];
/* Answer with all rows, as an array. */
enum rc op_array(struct resp *, const struct db_rows *);
/* Answer with the one row of a statement without parameters. */
enum rc op_show(struct ctx *, struct resp *, const struct db_stmt *) _must_check_;
/* Answer with the newest rows of a statement: ?limit= of them, at most 100. */
enum rc op_newest(struct ctx *, const struct req *, struct resp *,
    const struct db_stmt *) _must_check_;
/* Answer with a resource's rows of the customer or subscription in the path. */
enum rc op_list_of_customer(struct ctx *, const struct req *, struct resp *,
    const struct resource *) _must_check_;
enum rc op_list_of_subscription(struct ctx *, const struct req *, struct resp *,
    const struct resource *) _must_check_;
/* Run a statement on the :id of the path and a yes or no of the query; answer 204. */
enum rc op_end(struct ctx *, const struct req *, struct resp *, const struct db_stmt *,
    const char *flag) _must_check_;
/* Set a text in a body. */
void op_put(struct cJSON *in, const char *key, const char *val);

/* The route table as maps of nginx. */
void nginx_print(struct sb *);
enum rc nginx_print_isolir(struct ctx *, const struct conf *, struct sb *) _must_check_;

/* The OpenAPI 3.1 document of api_routes. */
const char *openapi_json(struct ctx *);
#endif
