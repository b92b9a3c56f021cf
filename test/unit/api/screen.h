/*
 * screen.h: what a handler answers about the rows of a test, part by part.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include "rows.h"

#include <cJSON.h>

#include "api/api.h"

typedef enum rc (*screen_fn)(struct ctx *, const struct req *, struct resp *);

static inline void
forget(void *json)
{
	cJSON_Delete(json);
}

static inline const cJSON *
shown_for(screen_fn screen, const char *query)
{
	const struct req rq = { .method = "GET", .path = "", .query = query };
	struct resp rs = { .body = sb_new(cx.mem), .headers = sb_new(cx.mem) };
	cJSON *json;

	if (screen(&cx, &rq, &rs) != RC_OK)
		fail_msg("%s (%s)", cx.err.msg, cx.err.detail);
	json = cJSON_Parse(rs.body.buf);
	assert_non_null(json);
	arena_defer(cx.mem, forget, json);
	return json;
}

static inline const cJSON *
shown(screen_fn screen)
{
	return shown_for(screen, "");
}

/* The text of a part of the screen. */
static inline const char *
part(const cJSON *screen, const char *name)
{
	char *text = cJSON_PrintUnformatted(cJSON_GetObjectItem(screen, name));
	const char *kept;

	assert_non_null(text);
	kept = arena_strdup(cx.mem, text);
	cJSON_free(text);
	return kept;
}

/* One value of each row of a list, each with a blank before it. */
static inline const char *
column(const cJSON *screen, const char *list, const char *name)
{
	struct sb out = sb_new(cx.mem);
	const cJSON *row;

	cJSON_ArrayForEach (row, cJSON_GetObjectItem(screen, list)) {
		sb_putc(&out, ' ');
		sb_puts(&out, part(row, name));
	}
	return out.buf;
}

#define SHOWS(name, text) assert_string_equal(part(screen, name), text)

#endif
