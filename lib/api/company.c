/* company.c: the company that customers pay, and its logo. */
#include <sodium.h>
#include <string.h>

#include "api/api.h"
#include "base/png.h"
#include "sql.h"

enum { LOGO_MAX = 200000, BASE64_MAX = (LOGO_MAX + 2) / 3 * 4 };

/* clang-format off */
static const struct field logo_fields[] = {
	{ "png", FT_TEXT, FF_UPDATE | FF_NEEDED, .min = 4, .max = BASE64_MAX, .chars = "+/=",
	  .hint = "a PNG of at most 200 kB and 2000 pixels a side, as base64" },
};

static const struct field company_parts[] = {
	{ "name",     FT_TEXT },
	{ "phone",    FT_TEXT },
	{ "whatsapp", FT_TEXT },
	{ "address",  FT_TEXT },
	{ "logo",     FT_TEXT, FF_NULL, .hint = "its address" },
};

const struct op company_public_op = {
	.summary = "Who asks for the money: {name phone whatsapp address logo}",
	.answer = company_parts, .nanswer = countof(company_parts),
	.paced = true,
};
const struct op company_logo_op = {
	.summary = "The company's logo, an image/png; 404: there is none",
	.media = "image/png", .paced = true,
};
const struct op company_logo_save_op = {
	.summary = "Replace the company's logo",
	.fields = logo_fields, .nfields = countof(logo_fields), .flag = FF_UPDATE,
	.row = &setting_resource,
};
const struct op company_logo_delete_op = {
	.summary = "Remove the company's logo",
	.status = 204,
};
/* clang-format on */

enum rc
company_public(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;

	(void)rq;
	TRY(db_send_exec(cx, &SQL_public_read_pace, V_TEXT(cx->ip)));
	TRY(db_row(cx, &SQL_company_row, &rows));
	return op_answer(rs, 200, rows);
}

/* Decode base64, ignoring line ends; false: malformed. */
static bool
decode(struct arena *mem, const char *text, struct sb *ret)
{
	const size_t len = strlen(text);
	const char *end;
	size_t n;

	*ret = sb_new(mem);
	if (sodium_base642bin((unsigned char *)sb_room(ret, len + 1), len, text, len, "\n", &n,
		&end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    end != text + len)
		return false;
	sb_took(ret, n);
	return true;
}

/* A logo's address has its version, so that a browser may keep the image for long. */
enum rc
company_logo(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;

	(void)rq;
	TRY(db_row_if_any(cx, &SQL_company_logo_row, &rows));
	if (db_count(rows) == 0 || !decode(cx->mem, db_text(rows, 0, "png"), &rs->body))
		return FAIL(cx, RC_NOT_FOUND, "There is no logo.");
	rs->status = 200;
	rs->content_type = "image/png";
	rs->cache = "public, max-age=86400";
	return RC_OK;
}

static enum rc
check_logo(struct ctx *cx, const char *text)
{
	const char *fault;
	struct sb png;

	if (text == NULL)
		return err_field(cx, "png", "The png field is required.");
	if (!decode(cx->mem, text, &png))
		return err_field(cx, "png", "The png field must be base64.");
	if (png.len > LOGO_MAX)
		return err_field(cx, "png", "The image must be at most 200 kB.");
	fault = png_fault(cx->mem, (const unsigned char *)png.buf, png.len);
	return fault != NULL ? err_field(cx, "png", "The image %s", fault) : RC_OK;
}

enum rc
company_logo_save(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	struct db_rows *rows;
	struct cJSON *in;

	TRY(op_read(cx, &company_logo_save_op, rq, &in));
	TRY(check_logo(cx, shape_text(in, "png")));
	TRY(db_exec(cx, &SQL_company_logo_save, V_TEXT(shape_text(in, "png")), V_TEXT(cx->ip)));
	TRY(db_row(cx, &SQL_setting_row, &rows));
	return op_answer(rs, 200, rows);
}

enum rc
company_logo_delete(struct ctx *cx, const struct req *rq, struct resp *rs)
{
	(void)rq;
	TRY(db_exec(cx, &SQL_company_logo_save, V_NULL, V_TEXT(cx->ip)));
	rs->status = 204;
	return RC_OK;
}
