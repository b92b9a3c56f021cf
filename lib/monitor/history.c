/* history.c: see history.h, and sql/functions/history.sql. */
#include "monitor/history.h"

#include "base/log.h"
#include "db/db.h"
#include "sql.h"

enum rc
history_begin(struct ctx *cx, const char *program)
{
	struct db_rows *rows;

	TRY(db_row(cx, &SQL_history_lock, &rows, V_TEXT(program)));
	if (!db_bool(rows, 0, "locked"))
		return FAIL(cx, RC_RETRY, "another %s is running", program);
	return db_exec(cx, &SQL_history_make);
}

enum rc
history_end(struct ctx *cx)
{
	struct db_rows *rows;
	const char *name;

	for (;;) {
		if (db_row(cx, &SQL_history_drop, &rows) != RC_OK) {
			log_err(LOG_WARN, "history_drop", cx);
			return RC_OK;
		}
		name = db_text(rows, 0, "name");
		if (name == NULL)
			return RC_OK;
		log_event(LOG_INFO, "history_dropped", "partition", name, NULL);
	}
}
