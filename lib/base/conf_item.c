/* conf_item.c: the table of keys. */
#include <string.h>

#include "base/conf_int.h"

enum { NAME_MAX_LEN = 40 };

const struct conf_item conf_items[CONF__MAX] = {
	/* clang-format off */
	[CONF_APP_ENV] = { "APP_ENV", CT_CHOICE, .dflt = "production", .among = " local testing production ",
	    .help = "what may be taken lightly" },
	[CONF_APP_KEY] = { "APP_KEY", CT_TEXT, .dflt = "", .secret = true,
	    .help = "base64: and 32 bytes; seals every secret in the database" },
	[CONF_APP_PREVIOUS_KEYS] = { "APP_PREVIOUS_KEYS", CT_TEXT, .dflt = "", .secret = true,
	    .help = "keys of before, separated by commas: still open what they sealed" },
	[CONF_APP_URL] = { "APP_URL", CT_URL, .dflt = "http://localhost:8080",
	    .help = "where browsers reach this system" },
	[CONF_APP_TIMEZONE] = { "APP_TIMEZONE", CT_ZONE, .dflt = "Asia/Jakarta",
	    .help = "whose days are business days" },
	[CONF_APP_TODAY] = { "APP_TODAY", CT_DATE, .dflt = "",
	    .help = "the business date, instead of today; not in production" },
	[CONF_FRONTEND_URL] = { "FRONTEND_URL", CT_TEXT, .dflt = "",
	    .help = "origins that may call the API from a browser, separated by commas" },
	[CONF_ISOLIR_LISTEN] = { "ISOLIR_LISTEN", CT_LISTEN, .dflt = "",
	    .help = "[address:]port where routers send isolated customers" },
	[CONF_DATABASE_URL] = { "DATABASE_URL", CT_TEXT, .dflt = "", .secret = true,
	    .help = "any libpq conninfo or URI, naming no user" },
	[CONF_DB_HOST] = { "DB_HOST", CT_TEXT, .dflt = "127.0.0.1", .help = "without DATABASE_URL: its host" },
	[CONF_DB_PORT] = { "DB_PORT", CT_INT, 1, 65535, "5432", .help = "its port" },
	[CONF_DB_DATABASE] = { "DB_DATABASE", CT_TEXT, .dflt = "isp", .help = "its name" },
	[CONF_DB_USERNAME] = { "DB_USERNAME", CT_TEXT, .dflt = "", .help = "the owner, for ispctl alone" },
	[CONF_DB_PASSWORD] = { "DB_PASSWORD", CT_TEXT, .dflt = "", .secret = true, .help = "the password" },
	[CONF_API_SOCKET_DIR] = { "API_SOCKET_DIR", CT_TEXT, .dflt = "/run/isp-billing",
	    .help = "where isp-api makes a socket for each of its pools" },
	[CONF_API_FAST_WORKERS] = { "API_FAST_WORKERS", CT_INT, 0, 256, "0",
	    .help = "workers of the fast pool; 0: two for each core" },
	[CONF_API_LOGIN_WORKERS] = { "API_LOGIN_WORKERS", CT_INT, 1, 256, "2", .help = "of the login pool" },
	[CONF_API_ROUTER_WORKERS] = { "API_ROUTER_WORKERS", CT_INT, 1, 256, "4", .help = "of the router pool" },
	[CONF_API_GATEWAY_WORKERS] = { "API_GATEWAY_WORKERS", CT_INT, 1, 256, "4",
	    .help = "of the gateway pool" },
	[CONF_MIDTRANS_SERVER_KEY] = { "MIDTRANS_SERVER_KEY", CT_TEXT, .dflt = "", .secret = true,
	    .help = "without it there is no online payment" },
	[CONF_MIDTRANS_CLIENT_KEY] = { "MIDTRANS_CLIENT_KEY", CT_TEXT, .dflt = "",
	    .help = "what the payment page shows itself with" },
	[CONF_MIDTRANS_MERCHANT_ID] = { "MIDTRANS_MERCHANT_ID", CT_TEXT, .dflt = "",
	    .help = "whose money it is" },
	[CONF_MIDTRANS_IS_PRODUCTION] = { "MIDTRANS_IS_PRODUCTION", CT_BOOL, .dflt = "false",
	    .help = "real money, not the sandbox" },
	[CONF_MIDTRANS_SNAP_URL] = { "MIDTRANS_SNAP_URL", CT_TEXT, .dflt = "",
	    .help = "base with /snap/v1, instead of Midtrans' own" },
	[CONF_MIDTRANS_API_URL] = { "MIDTRANS_API_URL", CT_TEXT, .dflt = "",
	    .help = "base with /v2, instead of Midtrans' own" },
	[CONF_TELEGRAM_API_URL] = { "TELEGRAM_API_URL", CT_TEXT, .dflt = "https://api.telegram.org",
	    .help = "where bots are spoken to" },
	[CONF_TELEGRAM_BOT_TOKEN] = { "TELEGRAM_BOT_TOKEN", CT_TEXT, .dflt = "", .secret = true,
	    .help = "the bot, where a channel names none" },
	[CONF_TELEGRAM_CHAT_ID] = { "TELEGRAM_CHAT_ID", CT_TEXT, .dflt = "",
	    .help = "and whom it tells" },
	[CONF_MAIL_HOST] = { "MAIL_HOST", CT_TEXT, .dflt = "", .help = "the mail server" },
	[CONF_MAIL_PORT] = { "MAIL_PORT", CT_INT, 1, 65535, "587", .help = "its port" },
	[CONF_MAIL_USERNAME] = { "MAIL_USERNAME", CT_TEXT, .dflt = "", .help = "its user" },
	[CONF_MAIL_PASSWORD] = { "MAIL_PASSWORD", CT_TEXT, .dflt = "", .secret = true,
	    .help = "its password" },
	[CONF_MAIL_ENCRYPTION] = { "MAIL_ENCRYPTION", CT_CHOICE, .dflt = "tls",
	    .among = " tls ssl none ", .help = "tls (STARTTLS), ssl or none" },
	[CONF_MAIL_FROM_ADDRESS] = { "MAIL_FROM_ADDRESS", CT_TEXT, .dflt = "",
	    .help = "who writes" },
	[CONF_MAIL_FROM_NAME] = { "MAIL_FROM_NAME", CT_TEXT, .dflt = "ISP Billing",
	    .help = "by which name" },
	[CONF_MAIL_CA] = { "MAIL_CA", CT_TEXT, .dflt = "",
	    .help = "PEM file of the mail server's authority; empty: the system's" },
	[CONF_SNMP_TIMEOUT_MS] = { "SNMP_TIMEOUT_MS", CT_INT, 50, 60000, "1000",
	    .help = "how long a device may take to answer" },
	[CONF_MIKROTIK_HOST] = { "MIKROTIK_HOST", CT_TEXT, .dflt = "",
	    .help = "a first, active router for an empty database" },
	[CONF_MIKROTIK_PORT] = { "MIKROTIK_PORT", CT_INT, 1, 65535, "8728", .help = "its port" },
	[CONF_MIKROTIK_USERNAME] = { "MIKROTIK_USERNAME", CT_TEXT, .dflt = "admin", .help = "its user" },
	[CONF_MIKROTIK_PASSWORD] = { "MIKROTIK_PASSWORD", CT_TEXT, .dflt = "", .secret = true,
	    .help = "its password" },
	[CONF_MIKROTIK_SSL] = { "MIKROTIK_SSL", CT_BOOL, .dflt = "false", .help = "speak TLS to it" },
	/* clang-format on */
};

const struct conf_item *
conf_item_by_name(const char *name, size_t n)
{
	for (size_t i = 0; i < CONF__MAX; i++)
		if (strlen(conf_items[i].name) == n && strncmp(conf_items[i].name, name, n) == 0)
			return &conf_items[i];
	return NULL;
}

/* The number of letters to change, insert or delete between two names (Levenshtein). */
static size_t
distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_LEN + 1], n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (; *a != '\0'; a++) {
		size_t diagonal = row[0]++;

		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (*a != b[j - 1]);

			best = row[j] + 1 < best ? row[j] + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[n];
}

/* " (the nearest is NAME)", or "" where no name is similar. */
const char *
conf_item_nearest(struct ctx *cx, const char *name)
{
	size_t best = strlen(name) / 2 + 1;
	const char *found = NULL;

	for (size_t i = 0; i < CONF__MAX; i++) {
		size_t d = distance(name, conf_items[i].name);

		if (d < best)
			found = conf_items[i].name;
		best = d < best ? d : best;
	}
	return found != NULL ? arena_printf(cx->mem, " (the nearest is %s)", found) : "";
}

void
conf_describe(struct sb *out)
{
	for (size_t i = 0; i < CONF__MAX; i++)
		sb_printf(out, "  %-22s %s%s%s%s\n", conf_items[i].name, conf_items[i].help,
		    conf_items[i].dflt[0] != '\0' ? " (" : "", conf_items[i].dflt,
		    conf_items[i].dflt[0] != '\0' ? ")" : "");
}
