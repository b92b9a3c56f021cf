/*
 * routes.c: every address this program answers, in one table.
 *
 * Role: V any, O operator or admin, A admin.  Ability of the token: READ to
 * look, BILLING and NETWORK to change, FULL for what no partial token may do or
 * see: users, tokens, passwords, settings, credentials.
 * What the browser and the plan call by two names shares one handler.
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

#define OP(method, path, perm, fn)                                                                 \
	{                                                                                          \
		method, path, perm, fn, &fn##_op                                                   \
	}
#define OP_CHANGE(path, perm, fn) OP("PUT", path, perm, fn), OP("PATCH", path, perm, fn)

/* clang-format off */
const struct route api_routes[] = {
	OP("GET",  "/api/health",        NOBODY, meta_health),
	OP("GET",  "/api/openapi.json",  NOBODY, meta_openapi),
	OP("GET",  "/api/meta",          V_READ, meta_fields),

	OP("POST", "/api/login",         NOBODY, auth_login),
	OP("POST", "/api/auth/login",    NOBODY, auth_login),
	OP("POST", "/api/auth/register", NOBODY, auth_register),
	OP("POST", "/api/logout",        V_ANY,  auth_logout),
	OP("POST", "/api/auth/logout",   V_ANY,  auth_logout),
	OP("GET",  "/api/me",            V_READ, auth_me),
	OP("GET",  "/api/auth/user",     V_READ, auth_user),
	OP("PUT",  "/api/auth/password", V_FULL, auth_password),
	OP("GET",    "/api/auth/tokens",     V_FULL, token_list),
	OP("POST",   "/api/auth/tokens",     V_FULL, token_create),
	OP("DELETE", "/api/auth/tokens/:id", V_FULL, token_delete),

	CRUD_READ("/api/users", &user_resource, A_FULL),
	OP("POST",   "/api/users",       A_FULL, user_create),
	OP_CHANGE("/api/users/:id",      A_FULL, user_update),
	OP("DELETE", "/api/users/:id",   A_FULL, user_delete),

	OP("GET",  "/api/dashboard/stats",             V_READ, dashboard_stats),
	OP("GET",  "/api/dashboard/recent-activities", V_READ, dashboard_activities),

	CRUD_READ("/api/customers", &customer_resource, V_READ),
	{ "POST",  "/api/customers",     O_BILLING, crud_create, &customer_resource },
	{ "PUT",   "/api/customers/:id", O_BILLING, crud_update, &customer_resource },
	{ "PATCH", "/api/customers/:id", O_BILLING, crud_update, &customer_resource },
	OP("DELETE", "/api/customers/:id",         O_BILLING, customer_archive),
	OP("GET",    "/api/customers/:id/credits", V_READ,    customer_credits),
	OP("POST",   "/api/customers/:id/credits", A_BILLING, customer_credit_enter),

	CRUD_READ("/api/packages", &package_resource, V_READ),
	{ "POST",  "/api/packages",     A_BILLING, crud_create, &package_resource },
	OP_CHANGE("/api/packages/:id",  A_BILLING, package_update),
	{ "DELETE", "/api/packages/:id", A_BILLING, crud_delete, &package_resource },

	CRUD_READ("/api/subscriptions", &subscription_resource, V_READ),
	OP("POST",   "/api/subscriptions",                 O_BILLING, subscription_create),
	OP_CHANGE("/api/subscriptions/:id",                O_BILLING, subscription_update),
	OP("DELETE", "/api/subscriptions/:id",             O_BILLING, subscription_delete),
	OP("POST",   "/api/subscriptions/:id/suspend",     O_BILLING, subscription_suspend),
	OP("POST",   "/api/subscriptions/:id/activate",    O_BILLING, subscription_activate),
	OP("POST",   "/api/subscriptions/:id/cancel",      O_BILLING, subscription_cancel),
	OP("GET",    "/api/subscriptions/:id/credentials", O_FULL,    subscription_credentials),

	CRUD_READ("/api/invoices", &invoice_resource, V_READ),
	OP("POST",   "/api/invoices",               O_BILLING, invoice_create),
	OP_CHANGE("/api/invoices/:id",              O_BILLING, invoice_update),
	OP("DELETE", "/api/invoices/:id",           O_BILLING, invoice_cancel),
	OP("POST",   "/api/invoices/:id/mark-paid", O_BILLING, invoice_mark_paid),
	OP("GET",    "/api/public/invoices/:id",    NOBODY,    invoice_public),

	CRUD_READ("/api/payments", &payment_resource, V_READ),
	OP("POST",   "/api/payments",     O_BILLING, payment_create),
	OP("DELETE", "/api/payments/:id", A_BILLING, payment_reverse),

	OP("POST", "/api/midtrans/snap-token",      NOBODY,    midtrans_page),
	OP("POST", "/api/midtrans/create-token",    O_BILLING, midtrans_page),
	OP("POST", "/api/midtrans/notification",    NOBODY,    midtrans_notification),
	OP("POST", "/api/midtrans/webhook",         NOBODY,    midtrans_notification),
	OP("GET",  "/api/midtrans/status/:orderId", O_READ,    midtrans_status),
	OP("POST", "/api/midtrans/cancel/:orderId", O_BILLING, midtrans_cancel),
	OP("POST", "/api/midtrans/refund/:orderId", A_BILLING, midtrans_refund),

	OP("GET",  "/api/router-settings/test",     O_READ,    router_test_default),
	OP("GET",  "/api/mikrotik/test",            O_READ,    router_test_default),
	OP("POST", "/api/router-settings/:id/test", O_NETWORK, router_test_one),
	CRUD_READ("/api/router-settings", &router_resource, V_READ),
	OP("POST", "/api/router-settings",          A_NETWORK, router_save),
	{ "PUT",   "/api/router-settings/:id",      A_NETWORK, crud_update, &router_resource },
	{ "PATCH", "/api/router-settings/:id",      A_NETWORK, crud_update, &router_resource },
	OP("DELETE", "/api/router-settings/:id",    A_NETWORK, router_delete),
	OP("GET",  "/api/radius-settings",          A_FULL, radius_show),
	OP("POST", "/api/radius-settings",          A_FULL, radius_save),

	OP("GET",  "/api/settings",                 V_FULL, setting_show),
	OP_CHANGE("/api/settings",                  A_FULL, setting_save),
	OP("GET",  "/api/billing/preview",          O_READ, billing_rehearse),

	CRUD_READ("/api/billing-logs",  &billing_log_resource,  O_READ),
	CRUD_READ("/api/midtrans-logs", &midtrans_log_resource, O_READ),
	CRUD_READ("/api/audit-logs",    &audit_log_resource,    A_READ),
};
/* clang-format on */

const size_t api_nroutes = countof(api_routes);
