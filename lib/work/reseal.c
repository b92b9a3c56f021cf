#include "work/reseal.h"

#include "base/crypt.h"
#include "base/daemon.h"
#include "db/db.h"
#include "sql.h"

/* Open one value with the key that fits, and seal it with the current one. */
static enum rc
reseal(struct ctx *cx, const char *place, const char *sealed, reseal_fn report, void *arg,
    struct reseal_report *rep)
{
	const char *plain, *fresh;

	rep->seen++;
	if (crypt_is_current(sealed))
		return RC_OK;
	if (crypt_unseal(cx, place, sealed, &plain) != RC_OK) {
		rep->failed++;
		report(arg, place);
		return RC_OK;
	}
	TRY(crypt_seal(cx, place, plain, &fresh));
	TRY(db_exec(cx, &SQL_seal_replace, V_TEXT(place), V_TEXT(sealed), V_TEXT(fresh)));
	rep->resealed++;
	return RC_OK;
}

enum rc
reseal_all(struct ctx *cx, reseal_fn report, void *arg, struct reseal_report *ret)
{
	struct reseal_report rep = { 0 };
	const char *after = "";
	struct db_rows *rows;

	do {
		TRY(db_rows(cx, &SQL_seal_after, &rows, V_TEXT(after)));
		for (size_t i = 0; i < db_count(rows); i++) {
			TRY(daemon_check_stop(cx));
			after = db_text(rows, i, "place");
			TRY(reseal(cx, after, db_text(rows, i, "sealed"), report, arg, &rep));
		}
	} while (db_count(rows) > 0);
	*ret = rep;
	return RC_OK;
}
