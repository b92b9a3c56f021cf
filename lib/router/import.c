/* import.c: see import.h. */
#include "router/import.h"

#include <string.h>

#include "base/crypt.h"
#include "base/jw.h"
#include "base/utf8.h"
#include "db/db.h"
#include "net/ros_json.h"
#include "net/ros_text.h"
#include "router/account.h"
#include "router/link.h"
#include "sql.h"

enum { BUDGET_MS = 60000, NAME_MAX_CHARS = 64, ERRORS_MAX = 1000, NAME_FITS = 40 };

/* An import: its rows, and the counts for the caller. */
struct importing {
	struct sb out;
	struct jw w;
	bool hotspot;
	struct import_report *report;
};

static void
add_error(struct ctx *cx, struct importing *im, const char *name, const char *why)
{
	struct import_report *r = im->report;

	if (r->nerrors < ERRORS_MAX)
		r->errors[r->nerrors++] = arena_printf(cx->mem, "%s: %s",
		    ros_text_printable(cx->mem, name, NAME_FITS), why);
}

/* The reason why an object cannot become an account; NULL when it can. */
static const char *
fault_of(struct ctx *cx, const struct importing *im, const struct ros_row *row, const char *name)
{
	const char *service = ros_row_get(row, "service");

	if (name[0] == '\0' || utf8_length(name) > NAME_MAX_CHARS || utf8_has_control(name, false))
		return "the name is empty, too long or holds control characters";
	if (im->hotspot || service == NULL || strcmp(service, "any") == 0 ||
	    strcmp(service, "pppoe") == 0)
		return NULL;
	return arena_printf(cx->mem, "service %.*s is not driven by this system",
	    (int)utf8_cut(service, 20), service);
}

/* The password; hidden ones print as stars, or not at all. */
static const char *
password_of(const struct ros_row *row)
{
	const char *val = ros_row_get(row, "password");

	return val == NULL || strspn(val, "*") == strlen(val) ? NULL : val;
}

static void
put_text(struct jw *w, const char *key, const struct ros_row *row, const char *name)
{
	const char *val = ros_row_get(row, name);

	jw_str(w, key, val != NULL && val[0] != '\0' ? val : NULL);
}

static void
put_comment(struct ctx *cx, struct jw *w, const struct ros_row *row)
{
	const char *val = ros_row_get(row, "comment");

	if (val != NULL && account_mark(cx->mem, val) != NULL)
		val = NULL; /* the marked account no longer exists */
	jw_str(w, "comment", val != NULL && val[0] != '\0' ? val : NULL);
}

static enum rc
put_row(struct ctx *cx, struct importing *im, const struct ros_row *row, const char *name)
{
	const char *id = crypt_uuid(cx), *sealed = NULL, *plain = password_of(row);
	const char *service = ros_row_get(row, "service");

	if (plain != NULL)
		TRY(crypt_seal(cx, arena_printf(cx->mem, "mikrotik_secrets:%s:password", id), plain,
		    &sealed));
	jw_obj(&im->w, NULL);
	jw_str(&im->w, "id", id);
	jw_str(&im->w, "username", name);
	jw_str(&im->w, "password", sealed);
	jw_str(&im->w, "service", im->hotspot ? "hotspot" : service != NULL ? service : "any");
	put_text(&im->w, "profile", row, "profile");
	put_text(&im->w, "local_address", row, "local-address");
	put_text(&im->w, "remote_address", row, im->hotspot ? "address" : "remote-address");
	put_comment(cx, &im->w, row);
	jw_bool(&im->w, "disabled",
	    ros_json_flag(ros_row_get(row, "disabled")) ||
		(im->hotspot && account_is_uptime_used_up(ros_row_get(row, "limit-uptime"))));
	put_text(&im->w, "mikrotik_id", row, ".id");
	jw_end(&im->w);
	return RC_OK;
}

static enum rc
read_row(struct ctx *cx, const struct ros_row *row, void *arg)
{
	struct importing *im = arg;
	const char *name = ros_row_get(row, "name"), *fault;

	if (name == NULL || (im->hotspot && strcmp(name, "default-trial") == 0))
		return RC_OK; /* the router's own object */
	im->report->total++;
	fault = fault_of(cx, im, row, name);
	if (fault == NULL)
		return put_row(cx, im, row, name);
	add_error(cx, im, name, fault);
	return RC_OK;
}

static enum rc
read_menu(struct ctx *cx, struct routeros *ros, const char *path, const char *props,
    struct importing *im)
{
	struct ros_cmd cmd = ros_cmd_new(cx->mem, path);

	ros_cmd_props(&cmd, props);
	return routeros_print(cx, ros, &cmd, im->hotspot, read_row, im);
}

static enum rc
read_all(struct ctx *cx, struct routeros *ros, struct importing *im)
{
	TRY(read_menu(cx, ros, "/ppp/secret/print",
	    ".id,name,password,service,profile,local-address,remote-address,disabled,comment", im));
	im->hotspot = true;
	return read_menu(cx, ros, "/ip/hotspot/user/print",
	    ".id,name,password,profile,address,disabled,comment,limit-uptime", im);
}

static enum rc
store_accounts(struct ctx *cx, const char *router_id, const char *json, struct import_report *ret)
{
	struct db_rows *rows;

	TRY(db_row(cx, &SQL_account_import, &rows, V_TEXT(router_id), V_TEXT(json)));
	ret->imported = db_i64(rows, 0, "imported");
	ret->adopted = db_i64(rows, 0, "adopted");
	ret->skipped = ret->total - ret->imported - ret->adopted;
	return RC_OK;
}

enum rc
import_secrets(struct ctx *cx, const char *router_id, struct import_report *ret)
{
	struct importing im = { .out = sb_new(cx->mem), .report = ret };
	struct routeros *ros;
	enum rc rc;

	*ret = (struct import_report){ 0 };
	ret->errors = arena_alloc(cx->mem, ERRORS_MAX * sizeof(*ret->errors));
	im.w = jw_new(&im.out);
	jw_arr(&im.w, NULL);
	if (router_id == NULL)
		TRY(router_default(cx, &router_id));
	TRY(link_connect(cx, router_id, BUDGET_MS, &ros));
	rc = read_all(cx, ros, &im);
	routeros_close(ros);
	TRY(rc);
	jw_end(&im.w);
	return store_accounts(cx, router_id, im.out.buf, ret);
}
