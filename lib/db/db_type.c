/* db_type.c: see db_type.h. */
#include "db/db_type.h"

/* Copy the element at p; returns its end: a comma or the closing brace. */
static const char *
element(const char *p, char *to, size_t *len, bool *quoted)
{
	*quoted = *p == '"';
	*len = 0;
	if (!*quoted) {
		while (*p != ',' && *p != '}' && *p != '\0')
			to[(*len)++] = *p++;
		return p;
	}
	for (p++; *p != '"' && *p != '\0'; p++) {
		if (*p == '\\')
			p++;
		to[(*len)++] = *p;
	}
	return *p == '"' ? p + 1 : p;
}

bool
db_array_next(const char **at, char *to, size_t *len, bool *is_null)
{
	const char *p = *at;
	bool quoted;

	if (*p == '{' || *p == ',')
		p++;
	if (*p == '}' || *p == '\0')
		return false;
	*at = element(p, to, len, &quoted);
	*is_null = !quoted && *len == 4 && memcmp(to, "NULL", 4) == 0;
	return true;
}
