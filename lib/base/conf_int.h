/* conf_int.h: the table of keys, as conf.c, conf_item.c and conf_check.c share it. */
#ifndef BASE_CONF_INT_H
#define BASE_CONF_INT_H

#include "base/conf.h"

enum conf_type { CT_TEXT, CT_INT, CT_BOOL, CT_DATE, CT_ZONE, CT_CHOICE, CT_URL, CT_LISTEN };

struct conf_item {
	const char *name;
	enum conf_type type;
	int64_t min, max; /* of a number */
	const char *dflt;
	const char *among; /* of a choice, between spaces */
	bool secret;       /* never shown, not even in an error */
	const char *help;
};

extern const struct conf_item conf_items[CONF__MAX];

/* NULL: no key has this name. */
const struct conf_item *conf_item_by_name(const char *name, size_t n);

/* " (the nearest is NAME)", or "" where no known name is similar; lives in cx->mem. */
const char *conf_item_nearest(struct ctx *, const char *name);

/* where: the file that holds the value, or "environment". */
enum rc conf_item_check(struct ctx *, const char *where, const struct conf_item *,
    const char *val) _must_check_;

#endif
