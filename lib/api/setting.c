/* setting.c: the owner's policies, one row. */
#include "api/api.h"
#include "sql.h"

static const char *const modes[] = { "disable", "isolate", NULL };
static const char *const channels[] = { "credit_card", "bca_va", "bni_va", "bri_va", "cimb_va",
	"permata_va", "echannel", "other_va", "danamon_va", "bsi_va", "seabank_va", "saqu_va",
	"gopay", "shopeepay", "other_qris", "dana", "ovo", "indomaret", "alfamart", "akulaku",
	"kredivo", "bca_klikbca", "bca_klikpay", "bri_epay", "cimb_clicks", "danamon_online",
	"uob_ezpay", NULL };

static const char *const languages[] = { "id", "en", NULL };

/* clang-format off */
static const struct field fields[] = {
	{ "lead_days",         FT_INT,  FF_UPDATE | RO, 0, 90,
	  .hint = "invoice so many days before the end" },
	{ "grace_days",        FT_INT,  FF_UPDATE | RO, 0, 90,
	  .hint = "suspend later than the due date by more than this" },
	{ "hold_nights",       FT_INT,  FF_UPDATE | RO, 0, 30,
	  .hint = "nights an unanswered gateway may delay a suspension" },
	{ "suspend_mode",      FT_TEXT, FF_UPDATE | RO, .max = 16, .among = modes },
	{ "isolation_profile", FT_TEXT, FF_UPDATE | RO, 1, 63, .chars = "._-",
	  .hint = "for suspend_mode isolate" },
	{ "remove_expired",    FT_BOOL, FF_UPDATE | RO,
	  .hint = "take expired accounts off the router" },
	{ "line_sample_minutes", FT_INT, FF_UPDATE | RO, 0, 60,
	  .hint = "sample the sessions of routers so often; 0: never" },
	{ "token_idle_days",   FT_INT,  FF_UPDATE | RO, 1, 3650,
	  .hint = "a token unused for so long ends" },
	{ "attempt_minutes",   FT_INT,  FF_UPDATE | RO, 15, 10080,
	  .hint = "life of a payment page" },
	{ "public_reads_per_minute",   FT_INT, FF_UPDATE | RO, 1, 1200,
	  .hint = "per address, and 30 at once" }, /* nginx refuses what is beyond that */
	{ "public_tokens_per_minute",  FT_INT, FF_UPDATE | RO, 1, 1200,
	  .hint = "per address, and 30 at once" },
	{ "invoice_tokens_per_minute", FT_INT, FF_UPDATE | RO, 1, 1200, .hint = "per invoice" },
	{ "enabled_payments",  FT_LIST, FF_UPDATE | RO | FF_NULL, 1, 40, .among = channels,
	  .hint = "null: all the gateway offers" },
	{ "message_language",  FT_TEXT, FF_UPDATE | RO, .max = 2, .among = languages },
	{ "quiet_from_hour",   FT_INT,  FF_UPDATE | RO, 0, 23,
	  .hint = "customers get no message from this hour; the same as until: at any hour" },
	{ "quiet_until_hour",  FT_INT,  FF_UPDATE | RO, 0, 23 },
	{ "message_day_first", FT_INT,  FF_UPDATE | RO, 1, 100000,
	  .hint = "customers a WhatsApp number writes to on its first day; a quarter more each day" },
	{ "message_day_most",  FT_INT,  FF_UPDATE | RO, 1, 100000, .hint = "and at most" },
	{ "private_peers",     FT_BOOL, FF_UPDATE | RO,
	  .hint = "webhooks and gateways may have private addresses" },
	{ "restore_proof_days", FT_INT, FF_UPDATE | RO, 1, 365,
	  .hint = "without a proven restore for so long: an alert" },
	{ "company_name",      FT_TEXT, FF_UPDATE | RO, .max = 100,
	  .hint = "who asks for the money: on the pay page, papers and messages" },
	{ "company_address",   FT_TEXT, FF_UPDATE | RO | FF_LINES, .max = 500 },
	{ "company_phone",     FT_TEXT, FF_UPDATE | RO, .max = 20, .chars = "+- ()" },
	{ "company_whatsapp",  FT_TEXT, FF_UPDATE | RO, .max = 20, .chars = "+- ()",
	  .hint = "the pay page links to it with the number of the invoice" },
	{ "updated_at",        FT_TIME, RO },
};

const struct resource setting_resource = {
	.name = "setting",
	.label = "The settings",
	.table = "settings",
	.view = "setting_rows",
	.fields = fields,
	.nfields = countof(fields),
};

const struct op setting_show_op = { .summary = "The policies", .row = &setting_resource };
const struct op setting_save_op = {
	.summary = "Change policies",
	.fields = fields, .nfields = countof(fields), .flag = FF_UPDATE,
	.row = &setting_resource,
};
/* clang-format on */

enum rc
setting_show(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;

	(void)rq;
	TRY(db_query0(cx, &SQL_setting_row, &rows));
	return op_answer(rs, 200, rows);
}

enum rc
setting_save(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	struct cJSON *in;

	TRY(op_read(cx, &setting_save_op, rq, &in));
	TRY(db_query(cx, &SQL_setting_save, &rows, V_TEXT(shape_json(cx, in)), V_TEXT(cx->ip)));
	TRY(db_query0(cx, &SQL_setting_row, &rows));
	return op_answer(rs, 200, rows);
}
