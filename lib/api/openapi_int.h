/* openapi_int.h: what openapi.c (operations), openapi_named.c and openapi_schema.c share. */
#ifndef API_OPENAPI_INT_H
#define API_OPENAPI_INT_H

#include "api/api.h"

struct jw;

/* Input and answer of a route, also where a verb of a resource serves it. */
struct op openapi_op(struct ctx *, const struct route *);
/* "customer_update", "invoice_mark_paid": of the operation, whatever its address. */
const char *openapi_name(struct ctx *, const struct route *);
/* Whether no earlier route has the same name. */
bool openapi_is_first(struct ctx *, const struct route *);

/* {"$ref": "#/components/NAME"} */
void openapi_ref(struct ctx *, struct jw *, const char *key, const char *name);
/* One field as a JSON Schema. */
void openapi_field(struct ctx *, struct jw *, const char *key, const struct field *);
/* Those of a table that have a flag, as the schema of an object; 0: all of them. */
void openapi_fields(struct ctx *, struct jw *, const char *key, const struct field *, size_t n,
    unsigned flag);
/* components.schemas */
void openapi_schemas(struct ctx *, struct jw *);

#endif
