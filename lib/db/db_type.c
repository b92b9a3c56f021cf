/* db_type.c: see db_type.h. */
#include "db/db_type.h"

const char *
db_array_element(const char *p, char *to, size_t *len, bool *quoted)
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
