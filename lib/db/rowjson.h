/*
 * rowjson.h: rows to JSON by column type, streaming, no tree in memory.
 *
 * int2/4/8, numeric and float become numbers, bool true/false, json and jsonb
 * pass through, timestamptz becomes ISO 8601 UTC with Z (the session's zone is
 * UTC), text[] an array of texts, all else a text.  A column named
 * "customer.name" becomes {"customer": {"name": …}}: columns that share a
 * prefix stand together; when every column of a nested object is null the
 * object is null.
 */
#ifndef DB_ROWJSON_H
#define DB_ROWJSON_H

#include "base/sb.h"
#include "db/db.h"

void rowjson_object(struct sb *, const struct db_rows *, size_t row);
/* The same without its braces, so that the caller can add members. */
void rowjson_members(struct sb *, const struct db_rows *, size_t row);
void rowjson_array(struct sb *, const struct db_rows *);

#endif
