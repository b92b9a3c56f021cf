/* setting.c: the owner's policies, one row. */
#include "api/api.h"
#include "api/form.h"
#include "api/money.h"
#include "base/jw.h"
#include "sql.h"

static const char *const cycles[] = { "rolling", "calendar", NULL };
static const char *const bill_modes[] = { "prepaid", "postpaid", NULL };
static const char *const policies[] = { "give_back", "restart", "keep", NULL };
static const char *const firsts[] = { "prorate", "full", "merge", NULL };
static const char *const arrears[] = { "stop", "bill", NULL };
static const char *const tax_modes[] = { "none", "exclusive", "inclusive", NULL };
static const char *const presets[] = { "prabayar 30 hari", "bulanan tanggal tetap", "pascabayar",
	NULL };
static const char *const modes[] = { "disable", "isolate", NULL };
static const char *const channels[] = { "credit_card", "bca_va", "bni_va", "bri_va", "cimb_va",
	"permata_va", "echannel", "other_va", "danamon_va", "bsi_va", "seabank_va", "saqu_va",
	"gopay", "shopeepay", "other_qris", "dana", "ovo", "indomaret", "alfamart", "akulaku",
	"kredivo", "bca_klikbca", "bca_klikpay", "bri_epay", "cimb_clicks", "danamon_online",
	"uob_ezpay", NULL };

static const char *const languages[] = { "id", "en", NULL };

/* clang-format off */
static const struct field fields[] = {
	{ "cycle",             FT_TEXT, FF_UPDATE | RO, .max = 16, .among = cycles,
	  .hint = "rolling: each period follows the last one; calendar: periods begin on the billing day" },
	{ "mode",              FT_TEXT, FF_UPDATE | RO, .max = 16, .among = bill_modes,
	  .hint = "prepaid: a period is billed ahead; postpaid: once it has passed" },
	{ "billing_day",       FT_INT,  FF_UPDATE | RO, 1, 28,
	  .hint = "the day of the month on which calendar periods begin" },
	{ "late_policy",       FT_TEXT, FF_UPDATE | RO, .max = 16, .among = policies,
	  .hint = "give_back: days off are added to the end; restart: a late payer has a whole period "
	          "from the day of payment; keep: days off inside a billed period are lost" },
	{ "first_period",      FT_TEXT, FF_UPDATE | RO, .max = 16, .among = firsts,
	  .hint = "what the part up to the first billing day costs: its share (prorate), the whole "
	          "price (full), or on one bill with the period after it (merge)" },
	{ "merge_days",        FT_INT,  FF_UPDATE | RO, 1, 31,
	  .hint = "parts shorter than this are merged" },
	{ "round_to",          FT_INT,  FF_UPDATE | RO, 1, 1000,
	  .hint = "shares of a price are rounded up to this: 1, 100, 500 or 1000 rupiah" },
	{ "lead_days",         FT_INT,  FF_UPDATE | RO, 0, 90,
	  .hint = "a period is billed so many days before its first day" },
	{ "due_days",          FT_INT,  FF_UPDATE | RO, 0, 60,
	  .hint = "a prepaid bill is due so many days after the day before its period" },
	{ "postpaid_due_days", FT_INT,  FF_UPDATE | RO, 0, 60,
	  .hint = "a postpaid bill is due so many days after its issue" },
	{ "first_due_days",    FT_INT,  FF_UPDATE | RO, 0, 60,
	  .hint = "a first bill is due so many days after its issue at the earliest" },
	{ "other_due_days",    FT_INT,  FF_UPDATE | RO, 0, 60,
	  .hint = "a bill without a period is due so many days after its issue" },
	{ "grace_days",        FT_INT,  FF_UPDATE | RO, 0, 90,
	  .hint = "a line is cut later than the due date by more than this" },
	{ "arrears",           FT_TEXT, FF_UPDATE | RO, .max = 16, .among = arrears,
	  .hint = "stop: a line cut for debt is not billed; bill: it is, under policy keep" },
	{ "arrears_max",       FT_INT,  FF_UPDATE | RO, 1, 12,
	  .hint = "and up to so many open bills" },
	{ "first_payment_first", FT_BOOL, FF_UPDATE | RO,
	  .hint = "a new line stays off until its first bill is paid" },
	{ "prorate_last",      FT_BOOL, FF_UPDATE | RO,
	  .hint = "where a calendar line ends, only the part used of an open bill stays due" },
	{ "tax_mode",          FT_TEXT, FF_UPDATE | RO, .max = 16, .among = tax_modes,
	  .hint = "none; exclusive: tax is added; inclusive: prices hold it" },
	{ "tax_rate",          FT_INT,  FF_UPDATE | RO, 0, 10000, .hint = "in 1/100 %: 1100 is 11%" },
	{ "tax_base",          FT_TEXT, FF_UPDATE | RO, 3, 9, .check = form_fraction,
	  .hint = "the taxed fraction of a price: 1/1, or 11/12" },
	{ "late_fee",          FT_MONEY, FF_UPDATE | RO, 0, MONEY_MAX,
	  .hint = "charged once for each overdue bill; 0: none" },
	{ "late_fee_percent",  FT_INT,  FF_UPDATE | RO, 0, 100,
	  .hint = "instead of an amount, a share of what is owed" },
	{ "late_fee_days",     FT_INT,  FF_UPDATE | RO, 0, 90,
	  .hint = "so many days after the due date" },
	{ "reactivation_fee",  FT_MONEY, FF_UPDATE | RO, 0, MONEY_MAX,
	  .hint = "charged when a line that was cut for debt returns; 0: none" },
	{ "suspend_min_amount", FT_MONEY, FF_UPDATE | RO, 0, MONEY_MAX,
	  .hint = "no line is cut for a bill of less than this" },
	{ "no_suspend_days",   FT_JSON, FF_UPDATE | RO,
	  .hint = "a list of weekdays (\"sunday\") and dates on which no line is cut" },
	{ "suspend_guard",     FT_INT,  FF_UPDATE | RO | FF_NULL, 0, 1000000,
	  .hint = "a night that would cut more lines cuts none and raises an alert; null: the greater "
	          "of 20 and a tenth of the active lines" },
	{ "promises_max",      FT_INT,  FF_UPDATE | RO, 0, 30,
	  .hint = "so many promises may be made for one bill" },
	{ "operator_discount_max", FT_MONEY, FF_UPDATE | RO, 0, MONEY_MAX,
	  .hint = "an operator may lower a bill by at most this" },
	{ "operator_days_max", FT_INT,  FF_UPDATE | RO, 0, 366,
	  .hint = "an operator may give a line at most so many days in a period" },
	{ "hold_nights",       FT_INT,  FF_UPDATE | RO, 0, 30,
	  .hint = "nights that an unanswered gateway may delay a suspension" },
	{ "suspend_mode",      FT_TEXT, FF_UPDATE | RO, .max = 16, .among = modes },
	{ "isolation_profile", FT_TEXT, FF_UPDATE | RO, 1, 63, .chars = "._-",
	  .hint = "for suspend_mode isolate" },
	{ "isolation_names",   FT_TEXT, FF_UPDATE | RO, 0, 500,
	  .hint = "profiles, by commas, that also mean off on adopted lines" },
	{ "remove_expired",    FT_BOOL, FF_UPDATE | RO,
	  .hint = "take expired accounts off the router" },
	{ "line_sample_minutes", FT_INT, FF_UPDATE | RO, 0, 60,
	  .hint = "sample the sessions of routers so often; 0: never" },
	{ "token_idle_days",   FT_INT,  FF_UPDATE | RO, 1, 3650,
	  .hint = "a token unused for so long ends" },
	{ "attempt_minutes",   FT_INT,  FF_UPDATE | RO, 15, 10080,
	  .hint = "life of a payment page" },
	{ "public_reads_per_minute",   FT_INT, FF_UPDATE | RO, 1, 1200,
	  .hint = "per address, and 30 at once" }, /* nginx refuses more */
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
	{ "latency_raise_ms",  FT_INT,  FF_UPDATE | RO, 1, 60000,
	  .hint = "ping targets slower than this raise high_latency" },
	{ "latency_clear_ms",  FT_INT,  FF_UPDATE | RO, 1, 60000, .hint = "and it ends below this" },
	{ "loss_raise_percent", FT_INT, FF_UPDATE | RO, 1, 100,
	  .hint = "packets lost in a hundred that raise packet_loss" },
	{ "loss_clear_percent", FT_INT, FF_UPDATE | RO, 0, 100, .hint = "and it ends at this" },
	{ "bandwidth_raise_percent", FT_INT, FF_UPDATE | RO, 1, 100,
	  .hint = "use of an interface's speed that raises bandwidth" },
	{ "bandwidth_clear_percent", FT_INT, FF_UPDATE | RO, 0, 100,
	  .hint = "and it ends below this" },
	{ "history_raw_days",  FT_INT,  FF_UPDATE | RO, 1, 366,
	  .hint = "every measurement is kept so long" },
	{ "history_5m_days",   FT_INT,  FF_UPDATE | RO, 1, 3660,
	  .hint = "values of 5 minutes are kept so long" },
	{ "history_1h_days",   FT_INT,  FF_UPDATE | RO, 1, 3660, .hint = "and those of an hour" },
	{ "company_name",      FT_TEXT, FF_UPDATE | FF_NULL, .max = 100,
	  .hint = "who asks for the money: on the pay page, papers and messages" },
	{ "company_name",      FT_TEXT, RO },
	{ "company_address",   FT_TEXT, FF_UPDATE | FF_NULL | FF_LINES, .max = 500 },
	{ "company_address",   FT_TEXT, RO },
	{ "company_phone",     FT_TEXT, FF_UPDATE | FF_NULL, .max = 20, .chars = "+- ()" },
	{ "company_phone",     FT_TEXT, RO },
	{ "company_whatsapp",  FT_TEXT, FF_UPDATE | FF_NULL, .max = 20, .chars = "+- ()",
	  .hint = "the pay page links to it with the number of the invoice" },
	{ "company_whatsapp",  FT_TEXT, RO },
	{ "company_receipt_footer", FT_TEXT, FF_UPDATE | FF_NULL | FF_LINES, .max = 300,
	  .hint = "the last lines of bills and receipts on paper" },
	{ "company_receipt_footer", FT_TEXT, RO },
	{ "company_whatsapp_text", FT_TEXT, FF_UPDATE | FF_NULL | FF_LINES, .max = 1000,
	  .hint = "what the console copies or sends by WhatsApp from a bill; it may hold {name}, "
	          "{invoice_number}, {outstanding}, {due_date}, {pay_url} and {company}" },
	{ "company_whatsapp_text", FT_TEXT, RO },
	{ "company_logo",      FT_TEXT, RO | FF_NULL,
	  .hint = "its address; PUT and DELETE /api/settings/logo change it" },
	{ "updated_at",        FT_TIME, RO },
};

const struct resource setting_resource = {
	.name = "setting",
	.label = "The settings",
	.table = "settings",
	.view = "setting_rows",
	.fields = fields, .nfields = countof(fields),
	.single = true,
};

const struct op setting_show_op = { .summary = "The policies", .row = &setting_resource };
const struct op setting_save_op = {
	.summary = "Change policies",
	.fields = fields, .nfields = countof(fields), .flag = FF_UPDATE,
	.row = &setting_resource,
};

static const struct field preset_fields[] = {
	{ "name",     FT_TEXT, FF_CREATE | FF_NEEDED, .max = 32, .among = presets },
	{ "packages", FT_BOOL, FF_CREATE, .dflt = "false",
	  .hint = "packages of 28 to 31 days become one month" },
};

static const struct field setting_preset_parts[] = {
	{ "packages_not_reached", FT_LIST },
};

const struct op setting_preset_op = {
	.summary = "Fill the policies of billing: {packages_not_reached}",
	.fields = preset_fields, .nfields = countof(preset_fields), .flag = FF_CREATE,
	.answer = setting_preset_parts, .nanswer = countof(setting_preset_parts),
};
/* clang-format on */

enum rc
setting_preset(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct jw w = jw_new(&rs->body);
	struct db_rows *rows;
	struct cJSON *in;

	TRY(op_read(cx, &setting_preset_op, rq, &in));
	TRY(db_row(cx, &SQL_setting_preset, &rows, V_TEXT(shape_text(in, "name")),
	    V_BOOL(shape_bool(in, "packages")), V_TEXT(cx->ip)));
	rs->status = 200;
	jw_obj(&w, NULL);
	jw_raw(&w, "packages_not_reached", db_text(rows, 0, "unreached"));
	jw_end(&w);
	return RC_OK;
}

enum rc
setting_show(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	(void)rq;
	return op_show(cx, rs, &SQL_setting_row);
}

enum rc
setting_save(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	struct cJSON *in;

	TRY(op_read(cx, &setting_save_op, rq, &in));
	TRY(db_exec(cx, &SQL_setting_save, V_TEXT(shape_json(cx, in)), V_TEXT(cx->ip)));
	TRY(db_row(cx, &SQL_setting_row, &rows));
	return op_answer(rs, 200, rows);
}
