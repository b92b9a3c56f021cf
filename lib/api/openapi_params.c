/* openapi_params.c: the parameters of a route, in its path and in its query. */
#include <string.h>

#include "api/openapi_int.h"

static void
put_param(struct jw *w, const char *in, const struct field *f)
{
	jw_obj(w, NULL);
	jw_str(w, "name", f->name);
	jw_str(w, "in", in);
	if (strcmp(in, "path") == 0)
		jw_bool(w, "required", true);
	openapi_field(w, "schema", f);
	jw_end(w);
}

/* Every :name of the path; all are ids of rows, but those of tokens are numbers. */
static void
put_path_params(struct ctx *cx, struct jw *w, const char *path)
{
	bool token = strstr(path, "/tokens/") != NULL;

	for (const char *at = strchr(path, ':'); at != NULL; at = strchr(at + 1, ':')) {
		char *name = arena_strdup(cx->mem, at + 1);

		name[strcspn(name, "/")] = '\0';
		put_param(w, "path",
		    &(const struct field){ name, token ? FT_INT : FT_UUID, 0, 1, INT32_MAX });
	}
}

/* "name" and "-name" of every field that sorts. */
static void
put_sort(struct ctx *cx, struct jw *w, const struct resource *res)
{
	jw_obj(w, NULL);
	jw_str(w, "name", "sort");
	jw_str(w, "in", "query");
	jw_obj(w, "schema");
	jw_str(w, "type", "string");
	jw_arr(w, "enum");
	for (size_t i = 0; i < res->nfields; i++) {
		if ((res->fields[i].flags & FF_SORT) == 0)
			continue;
		jw_str(w, NULL, res->fields[i].name);
		jw_str(w, NULL, arena_printf(cx->mem, "-%s", res->fields[i].name));
	}
	jw_end(w);
	jw_end(w);
	jw_end(w);
}

static void
put_filters(struct jw *w, const struct resource *res)
{
	for (size_t i = 0; i < res->nfields; i++) {
		struct field f = res->fields[i];

		if ((f.flags & FF_FILTER) == 0)
			continue;
		f.dflt = NULL;
		f.flags = 0;
		put_param(w, "query", &f);
	}
	for (size_t i = 0; i < res->nfilters; i++) {
		struct field f = *res->filters[i].form;

		f.name = res->filters[i].param;
		put_param(w, "query", &f);
	}
}

static void
put_list_params(struct ctx *cx, struct jw *w, const struct resource *res)
{
	static const struct field page[] = {
		{ "page", FT_INT, 0, 1, 1000000000, .dflt = "1" },
		{ "per_page", FT_INT, 0, 1, 100, .dflt = "20" },
	};

	for (size_t i = 0; i < countof(page); i++)
		put_param(w, "query", &page[i]);
	if (res->search != NULL)
		put_param(w, "query", &(const struct field){ "search", FT_TEXT, .max = 255 });
	if (res->hidden_param != NULL)
		put_param(w, "query", &(const struct field){ res->hidden_param, FT_BOOL });
	put_sort(cx, w, res);
	put_filters(w, res);
}

void
openapi_params(struct ctx *cx, struct jw *w, const struct route *rt, const struct op *op)
{
	jw_arr(w, "parameters");
	put_path_params(cx, w, rt->path);
	for (size_t i = 0; i < op->nparams; i++)
		put_param(w, "query", &op->params[i]);
	if (op->list != NULL)
		put_list_params(cx, w, op->list);
	jw_end(w);
}
