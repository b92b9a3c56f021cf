/* openapi_int.h: shared by openapi.c (operations), openapi_named.c and openapi_schema.c. */
#ifndef API_OPENAPI_INT_H
#define API_OPENAPI_INT_H

#include "api/api.h"

struct jw;

/* Input and answer of a route, also where a verb of a resource serves it. */
struct op openapi_op(struct ctx *, const struct route *);
/* The name of an operation, independent of its address: "customer_update", "invoice_mark_paid". */
const char *openapi_name(struct ctx *, const struct route *);
/* True when no earlier route has the same name. */
bool openapi_is_first(struct ctx *, const struct route *);

/* {"$ref": "#/components/NAME"} */
void openapi_ref(struct ctx *, struct jw *, const char *key, const char *name);
/* One field as a JSON Schema. */
void openapi_field(struct ctx *, struct jw *, const char *key, const struct field *);
/* The fields of a table with a flag (0: all), as the schema of an object. */
void openapi_fields(struct ctx *, struct jw *, const char *key, const struct field *, size_t n,
    unsigned flag);
/* components.schemas */
void openapi_schemas(struct ctx *, struct jw *);

#endif
