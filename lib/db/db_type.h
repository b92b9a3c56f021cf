/*
 * db_type.h: the server's types and the texts of their values, for rowjson.c and
 * rowcsv.c.
 */
#ifndef DB_DB_TYPE_H
#define DB_DB_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Types as the server numbers them (pg_type.dat). */
enum {
	T_BOOL = 16,
	T_INT8 = 20,
	T_INT2 = 21,
	T_INT4 = 23,
	T_OID = 26,
	T_JSON = 114,
	T_FLOAT4 = 700,
	T_FLOAT8 = 701,
	T_INT4_ARRAY = 1007,
	T_TEXT_ARRAY = 1009,
	T_VARCHAR_ARRAY = 1015,
	T_INT8_ARRAY = 1016,
	T_DATE = 1082,
	T_TIMESTAMPTZ = 1184,
	T_NUMERIC = 1700,
	T_UUID = 2950,
	T_UUID_ARRAY = 2951,
	T_JSONB = 3802,
};

/* A timestamptz as a session in UTC writes it ("2026-01-31 10:00:00.5+00"); not infinity, not BC.
 */
static inline bool
db_is_utc_time(const char *val, size_t n)
{
	return n >= 22 && val[10] == ' ' && memcmp(val + n - 3, "+00", 3) == 0;
}

static inline bool
db_is_array(unsigned type)
{
	return type == T_TEXT_ARRAY || type == T_VARCHAR_ARRAY || type == T_UUID_ARRAY ||
	       type == T_INT4_ARRAY || type == T_INT8_ARRAY;
}

/*
 * Copy the next element of an array's text to `to`, which is as long as the text: without quotes
 * and backslashes.  *at begins as the text and moves on; false: no more.
 */
bool db_array_next(const char **at, char *to, size_t *len, bool *is_null);

#endif
