/*
 * routes.c: every address of this program, in one table.
 *
 * Role: V any, O operator or admin, A admin. Ability of the token: READ to look, BILLING
 * and NETWORK to change, FULL for actions that no partial token may take: users, tokens,
 * passwords, settings, credentials. Addresses that the browser and the plan name
 * differently share one handler.
 */
#include "api/api.h"

enum {
	NOBODY = 0,
	V_ANY = P_VIEWER,
	V_READ = P_VIEWER | P_READ,
	V_FULL = P_VIEWER | P_FULL,
	O_READ = P_OPERATOR | P_READ,
	O_BILLING = P_OPERATOR | P_BILLING,
	O_NETWORK = P_OPERATOR | P_NETWORK,
	O_FULL = P_OPERATOR | P_FULL,
	A_READ = P_ADMIN | P_READ,
	A_BILLING = P_ADMIN | P_BILLING,
	A_NETWORK = P_ADMIN | P_NETWORK,
	A_FULL = P_ADMIN | P_FULL,
};

#define OP(method, path, perm, pool, fn)                                                           \
	{                                                                                          \
#fn, method, path, perm, POOL_##pool, fn, &fn##_op, NULL, NULL                     \
	}
/* An operation whose body is a file. */
#define OP_FILE(method, path, perm, pool, fn)                                                      \
	{                                                                                          \
#fn, method, path, perm, POOL_##pool, fn, &fn##_op, .file = true                   \
	}
#define VERB(method, path, perm, pool, verb, noun)                                                 \
	{                                                                                          \
#verb, method, path, perm, POOL_##pool, NULL, NULL, verb, &noun##_resource         \
	}
/* PUT and PATCH do the same; GET is the list and the row. */
#define OP_CHANGE(path, perm, pool, fn)                                                            \
	OP("PUT", path, perm, pool, fn), OP("PATCH", path, perm, pool, fn)
#define VERB_CHANGE(path, perm, pool, noun)                                                        \
	VERB("PUT", path, perm, pool, crud_update, noun),                                          \
	    VERB("PATCH", path, perm, pool, crud_update, noun)
#define VERB_READ(path, perm, pool, noun)                                                          \
	VERB("GET", path, perm, pool, crud_list, noun),                                            \
	    VERB("GET", path "/:id", perm, pool, crud_show, noun)

/* clang-format off */
const struct route api_routes[] = {
	OP("GET", "/api/health", NOBODY, FAST, meta_health),
	OP("GET", "/api/openapi.json", NOBODY, FAST, meta_openapi),
	OP("GET", "/api/meta", V_READ, FAST, meta_fields),

	OP("POST", "/api/login", NOBODY, LOGIN, auth_login),
	OP("POST", "/api/auth/login", NOBODY, LOGIN, auth_login),
	OP("POST", "/api/auth/register", NOBODY, LOGIN, auth_register),
	OP("POST", "/api/auth/forgot", NOBODY, LOGIN, auth_forgot),
	OP("POST", "/api/auth/reset", NOBODY, LOGIN, auth_reset),
	OP("POST", "/api/logout", V_ANY, FAST, auth_logout),
	OP("POST", "/api/auth/logout", V_ANY, FAST, auth_logout),
	OP("GET", "/api/me", V_READ, FAST, auth_me),
	OP("GET", "/api/auth/user", V_READ, FAST, auth_user),
	OP("PUT", "/api/auth/password", V_FULL, LOGIN, auth_password),
	OP("GET", "/api/auth/tokens", V_FULL, FAST, token_list),
	OP("POST", "/api/auth/tokens", V_FULL, FAST, token_create),
	OP("DELETE", "/api/auth/tokens/:id", V_FULL, FAST, token_delete),

	VERB_READ("/api/users", A_FULL, LOGIN, user),
	OP("POST", "/api/users", A_FULL, LOGIN, user_create),
	OP_CHANGE("/api/users/:id", A_FULL, LOGIN, user_update),
	OP("DELETE", "/api/users/:id", A_FULL, LOGIN, user_delete),

	OP("GET", "/api/search", V_READ, FAST, search_all),
	OP("GET", "/api/dashboard", V_READ, FAST, dashboard_show),
	OP("GET", "/api/dashboard/stats", V_READ, FAST, dashboard_stats),
	OP("GET", "/api/dashboard/recent-activities", V_READ, FAST, dashboard_activities),

	VERB_READ("/api/customers", V_READ, FAST, customer),
	VERB("POST", "/api/customers", O_BILLING, FAST, crud_create, customer),
	VERB_CHANGE("/api/customers/:id", O_BILLING, FAST, customer),
	OP("DELETE", "/api/customers/:id", O_BILLING, FAST, customer_archive),
	OP("GET", "/api/customers/:id/credits", V_READ, FAST, customer_credits),
	OP("POST", "/api/customers/:id/credits", A_BILLING, FAST, customer_credit_enter),

	OP("GET", "/api/customers/:id/charges", V_READ, FAST, charge_list),
	OP("POST", "/api/customers/:id/charges", O_BILLING, FAST, charge_create),
	OP("GET", "/api/customers/:id/history", V_READ, FAST, customer_history),

	VERB_READ("/api/packages", V_READ, FAST, package),
	VERB("POST", "/api/packages", A_BILLING, FAST, crud_create, package),
	OP_CHANGE("/api/packages/:id", A_BILLING, FAST, package_update),
	VERB("DELETE", "/api/packages/:id", A_BILLING, FAST, crud_delete, package),

	VERB_READ("/api/subscriptions", V_READ, FAST, subscription),
	OP("POST", "/api/subscriptions", O_BILLING, FAST, subscription_create),
	OP_CHANGE("/api/subscriptions/:id", O_BILLING, FAST, subscription_update),
	OP("DELETE", "/api/subscriptions/:id", O_BILLING, FAST, subscription_delete),
	OP("POST", "/api/subscriptions/:id/suspend", O_BILLING, FAST, subscription_suspend),
	OP("POST", "/api/subscriptions/:id/activate", O_BILLING, FAST, subscription_activate),
	OP("POST", "/api/subscriptions/:id/cancel", O_BILLING, FAST, subscription_cancel),
	OP("POST", "/api/subscriptions/:id/pause", O_BILLING, FAST, subscription_pause),
	OP("POST", "/api/subscriptions/:id/resume", O_BILLING, FAST, subscription_resume),
	OP("GET", "/api/subscriptions/:id/days", V_READ, FAST, day_list),
	OP("POST", "/api/subscriptions/:id/days", O_BILLING, FAST, day_add),
	OP("POST", "/api/subscriptions/:id/prepay", O_BILLING, FAST, subscription_prepay),
	OP("POST", "/api/subscriptions/:id/change", O_BILLING, FAST, subscription_change),
	OP("GET", "/api/subscriptions/:id/history", V_READ, FAST, subscription_history),
	OP("GET", "/api/subscriptions/:id/items", V_READ, FAST, item_list),
	OP("POST", "/api/subscriptions/:id/items", O_BILLING, FAST, item_create),
	OP_CHANGE("/api/subscriptions/:id/items/:itemId", O_BILLING, FAST, item_update),
	OP("DELETE", "/api/subscriptions/:id/items/:itemId", O_BILLING, FAST, item_remove),
	OP("GET", "/api/subscriptions/:id/credentials", O_FULL, FAST, subscription_credentials),

	VERB_READ("/api/invoices", V_READ, FAST, invoice),
	OP("POST", "/api/invoices", O_BILLING, FAST, invoice_create),
	OP_CHANGE("/api/invoices/:id", O_BILLING, FAST, invoice_update),
	OP("DELETE", "/api/invoices/:id", O_BILLING, FAST, invoice_cancel),
	OP("POST", "/api/invoices/:id/mark-paid", O_BILLING, FAST, invoice_mark_paid),
	OP("POST", "/api/invoices/bulk", O_BILLING, GATEWAY, invoice_bulk),
	OP("POST", "/api/subscriptions/bulk", O_BILLING, GATEWAY, subscription_bulk),
	OP_FILE("POST", "/api/import/customers", O_BILLING, GATEWAY, import_sheet),
	OP_FILE("POST", "/api/import/subscriptions", O_BILLING, GATEWAY, import_sheet),
	OP("GET", "/api/public/invoices/:id", NOBODY, FAST, invoice_public),
	OP("GET", "/api/invoices/:id/pdf", V_READ, GATEWAY, invoice_pdf),
	OP("GET", "/api/public/invoices/:id/pdf", NOBODY, GATEWAY, invoice_pdf_public),
	OP("GET", "/api/public/company", NOBODY, FAST, company_public),
	OP("GET", "/api/public/logo", NOBODY, FAST, company_logo),

	VERB_READ("/api/payments", V_READ, FAST, payment),
	OP("POST", "/api/payments", O_BILLING, FAST, payment_create),
	OP_CHANGE("/api/payments/:id", O_BILLING, FAST, payment_update),
	OP("DELETE", "/api/payments/:id", O_BILLING, FAST, payment_reverse),
	OP("POST", "/api/payments/:id/refund", A_BILLING, FAST, payment_refund),
	OP("GET", "/api/reports/revenue", O_READ, GATEWAY, report_revenue),
	OP("GET", "/api/reports/receivables", O_READ, GATEWAY, report_receivables),
	OP("GET", "/api/reports/tax", O_READ, GATEWAY, report_tax),
	OP("GET", "/api/reports/payments", O_READ, GATEWAY, report_payments),
	OP("GET", "/api/reports/subscribers", O_READ, GATEWAY, report_subscribers),
	OP("GET", "/api/customers/:id/statement", V_READ, GATEWAY, customer_statement),

	OP("POST", "/api/midtrans/snap-token", NOBODY, GATEWAY, midtrans_page),
	OP("POST", "/api/midtrans/create-token", O_BILLING, GATEWAY, midtrans_page),
	OP("POST", "/api/midtrans/notification", NOBODY, FAST, midtrans_notification),
	OP("POST", "/api/midtrans/webhook", NOBODY, FAST, midtrans_notification),
	OP("GET", "/api/midtrans/status/:orderId", O_READ, GATEWAY, midtrans_status),
	OP("POST", "/api/midtrans/cancel/:orderId", O_BILLING, GATEWAY, midtrans_cancel),
	OP("POST", "/api/midtrans/refund/:orderId", A_BILLING, GATEWAY, midtrans_refund),

	OP("GET", "/api/router-settings/test", O_READ, ROUTER, router_test_default),
	OP("GET", "/api/mikrotik/test", O_READ, ROUTER, router_test_default),
	OP("POST", "/api/router-settings/:id/test", O_NETWORK, ROUTER, router_test_one),
	VERB_READ("/api/router-settings", V_READ, FAST, router),
	OP("POST", "/api/router-settings", A_NETWORK, FAST, router_save),
	VERB_CHANGE("/api/router-settings/:id", A_NETWORK, FAST, router),
	OP("DELETE", "/api/router-settings/:id", A_NETWORK, FAST, router_delete),
	OP("GET", "/api/mikrotik/system", V_READ, ROUTER, mikrotik_system),
	OP("GET", "/api/mikrotik/interfaces", V_READ, ROUTER, mikrotik_interfaces),
	OP("GET", "/api/mikrotik/interface-traffic", V_READ, ROUTER, mikrotik_interface_traffic),
	OP("GET", "/api/mikrotik/profiles", V_READ, ROUTER, mikrotik_profiles),
	OP("GET", "/api/mikrotik/active", V_READ, ROUTER, mikrotik_active),
	OP("GET", "/api/mikrotik/hotspot-users", V_READ, ROUTER, mikrotik_hotspot_users),
	OP("GET", "/api/mikrotik/hotspot-active", V_READ, ROUTER, mikrotik_hotspot_active),
	OP("GET", "/api/mikrotik/dhcp-leases", V_READ, ROUTER, mikrotik_dhcp_leases),
	OP("GET", "/api/mikrotik/online-users", V_READ, ROUTER, mikrotik_online_users),
	OP("GET", "/api/mikrotik/traffic", V_READ, ROUTER, mikrotik_traffic),
	OP("GET", "/api/mikrotik/user-detail", V_READ, ROUTER, mikrotik_user_detail),
	OP("POST", "/api/mikrotik/disconnect", O_NETWORK, ROUTER, mikrotik_disconnect),
	OP("POST", "/api/mikrotik/disconnect-user", O_NETWORK, ROUTER, mikrotik_disconnect_user),
	OP("POST", "/api/mikrotik/toggle-user", O_NETWORK, ROUTER, mikrotik_user_toggle),
	OP("POST", "/api/mikrotik/create-user", O_NETWORK, ROUTER, mikrotik_user_create),
	OP("PUT", "/api/mikrotik/update-user", O_NETWORK, ROUTER, mikrotik_user_update),
	OP("DELETE", "/api/mikrotik/delete-user", O_NETWORK, ROUTER, mikrotik_user_delete),
	OP("GET", "/api/mikrotik/queues", V_READ, ROUTER, mikrotik_queues),
	OP("POST", "/api/mikrotik/queues", O_NETWORK, ROUTER, queue_create),
	OP("DELETE", "/api/mikrotik/queues/:id", O_NETWORK, ROUTER, queue_delete),
	OP("GET", "/api/mikrotik/secrets", V_READ, ROUTER, mikrotik_secrets),
	OP("POST", "/api/mikrotik/secrets", O_NETWORK, ROUTER, router_secret_create),
	OP_CHANGE("/api/mikrotik/secrets/:id", O_NETWORK, ROUTER, router_secret_update),
	OP("DELETE", "/api/mikrotik/secrets/:id", O_NETWORK, ROUTER, router_secret_delete),
	OP("POST", "/api/mikrotik/secrets/:id/enable", O_NETWORK, ROUTER, router_secret_enable),
	OP("POST", "/api/mikrotik/secrets/:id/disable", O_NETWORK, ROUTER, router_secret_disable),
	OP("POST", "/api/mikrotik/import-secrets", O_NETWORK, ROUTER, mikrotik_import_secrets),
	OP("GET", "/api/mikrotik/drift", V_READ, ROUTER, mikrotik_drift),
	OP("POST", "/api/mikrotik/drift/apply", O_NETWORK, ROUTER, mikrotik_drift_apply),
	OP("GET", "/api/public/isolir", NOBODY, FAST, isolir_show),
	OP("GET", "/api/subscriptions/:id/traffic", V_READ, FAST, subscription_traffic),
	OP("POST", "/api/mikrotik/sync-secret", O_NETWORK, ROUTER, mikrotik_sync_secret),
	OP("POST", "/api/mikrotik/sync-package", A_NETWORK, ROUTER, mikrotik_sync_package),
	VERB_READ("/api/mikrotik-secrets", V_READ, FAST, secret),
	VERB("POST", "/api/mikrotik-secrets", O_NETWORK, FAST, crud_create, secret),
	VERB_CHANGE("/api/mikrotik-secrets/:id", O_NETWORK, FAST, secret),
	OP("DELETE", "/api/mikrotik-secrets/:id", O_NETWORK, FAST, secret_delete),
	OP("POST", "/api/mikrotik-secrets/:id/sync", O_NETWORK, ROUTER, secret_sync),

	OP("GET", "/api/radius-settings", A_FULL, FAST, radius_show),
	OP("POST", "/api/radius-settings", A_FULL, FAST, radius_save),

	VERB_READ("/api/snmp-devices", V_READ, FAST, snmp_device),
	VERB("POST", "/api/snmp-devices", O_NETWORK, FAST, crud_create, snmp_device),
	VERB_CHANGE("/api/snmp-devices/:id", O_NETWORK, FAST, snmp_device),
	VERB("DELETE", "/api/snmp-devices/:id", O_NETWORK, FAST, crud_delete, snmp_device),
	OP("POST", "/api/snmp-devices/:id/discover", O_NETWORK, ROUTER, snmp_discover),
	OP("GET", "/api/snmp-devices/:id/interfaces", V_READ, FAST, snmp_interfaces),
	VERB("PATCH", "/api/snmp-interfaces/:id", O_NETWORK, FAST, crud_update, snmp_interface),
	OP("GET", "/api/snmp/bandwidth-history/:interfaceId", V_READ, FAST, snmp_bandwidth),
	VERB_READ("/api/ping-targets", V_READ, FAST, ping_target),
	VERB("POST", "/api/ping-targets", O_NETWORK, FAST, crud_create, ping_target),
	VERB_CHANGE("/api/ping-targets/:id", O_NETWORK, FAST, ping_target),
	VERB("DELETE", "/api/ping-targets/:id", O_NETWORK, FAST, crud_delete, ping_target),
	OP("POST", "/api/ping-targets/:id/ping-now", O_NETWORK, ROUTER, ping_now),
	OP("GET", "/api/ping-targets/:id/history", V_READ, FAST, ping_history),
	OP("GET", "/api/monitoring/dashboard", V_READ, FAST, monitoring_dashboard),
	OP("GET", "/api/monitoring/alerts", V_READ, FAST, monitoring_alerts),
	VERB_READ("/api/alerts", V_READ, FAST, alert),
	OP("POST", "/api/alerts/read-all", O_NETWORK, FAST, alert_read_all),
	OP("POST", "/api/alerts/:id/read", O_NETWORK, FAST, alert_read),
	VERB_READ("/api/maintenance-windows", V_READ, FAST, maintenance_window),
	VERB("POST", "/api/maintenance-windows", O_NETWORK, FAST, crud_create, maintenance_window),
	VERB_CHANGE("/api/maintenance-windows/:id", O_NETWORK, FAST, maintenance_window),
	VERB("DELETE", "/api/maintenance-windows/:id", O_NETWORK, FAST, crud_delete, maintenance_window),

	OP("GET", "/api/settings", V_FULL, FAST, setting_show),
	OP_CHANGE("/api/settings", A_FULL, FAST, setting_save),
	OP("PUT", "/api/settings/logo", A_FULL, FAST, company_logo_save),
	OP("DELETE", "/api/settings/logo", A_FULL, FAST, company_logo_delete),
	OP("POST", "/api/notification-settings/test", A_FULL, GATEWAY, notification_test),
	VERB_READ("/api/notification-settings", A_FULL, FAST, notification_setting),
	VERB("POST", "/api/notification-settings", A_FULL, FAST, crud_create, notification_setting),
	VERB_CHANGE("/api/notification-settings/:id", A_FULL, FAST, notification_setting),
	VERB("DELETE", "/api/notification-settings/:id", A_FULL, FAST, crud_delete,
	    notification_setting),
	OP("POST", "/api/message-templates/preview", A_FULL, FAST, template_preview),
	VERB_READ("/api/message-templates", A_READ, FAST, message_template),
	VERB_CHANGE("/api/message-templates/:id", A_FULL, FAST, message_template),
	VERB_READ("/api/messages", O_READ, FAST, message),
	OP("POST", "/api/messages/:id/resend", O_BILLING, FAST, message_resend),

	OP("POST", "/api/settings/preset", A_FULL, FAST, setting_preset),
	VERB_READ("/api/billing/runs", O_READ, FAST, run),
	OP("POST", "/api/billing/runs", A_BILLING, GATEWAY, run_start),
	OP("POST", "/api/billing/runs/:id/undo", A_BILLING, FAST, run_undo),
	OP("GET", "/api/billing/preview", O_READ, GATEWAY, run_preview),

	VERB_READ("/api/billing-logs", O_READ, FAST, billing_log),
	VERB_READ("/api/midtrans-logs", O_READ, FAST, midtrans_log),
	VERB_READ("/api/audit-logs", A_READ, FAST, audit_log),
};
/* clang-format on */

const size_t api_nroutes = countof(api_routes);
