/* walk.c: see walk.h. */
#include "monitor/walk.h"

#include <string.h>

enum { AT_ONCE = 4, IF_TABLE = 2, IFX_TABLE = 31 };

/* ifTable 1.3.6.1.2.1.2.2.1.N, ifXTable 1.3.6.1.2.1.31.1.1.1.N */
static const struct {
	uint32_t table, column;
} columns[WALK_COLUMNS] = {
	[WALK_DESCR] = { IF_TABLE, 2 },
	[WALK_SPEED] = { IF_TABLE, 5 },
	[WALK_ADMIN] = { IF_TABLE, 7 },
	[WALK_OPER] = { IF_TABLE, 8 },
	[WALK_NAME] = { IFX_TABLE, 1 },
	[WALK_HIGH_SPEED] = { IFX_TABLE, 15 },
	[WALK_ALIAS] = { IFX_TABLE, 18 },
};

static struct snmp_oid
column_oid(enum walk_column c)
{
	if (columns[c].table == IF_TABLE)
		return (struct snmp_oid){ 10, { 1, 3, 6, 1, 2, 1, 2, 2, 1, columns[c].column } };
	return (struct snmp_oid){ 11, { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, columns[c].column } };
}

void
walk_begin(struct walk *w, struct arena *mem)
{
	*w = (struct walk){ .mem = mem };
	for (int c = 0; c < WALK_COLUMNS; c++)
		w->last[c] = -1;
}

size_t
walk_next(struct walk *w, struct snmp_oid *ret)
{
	w->count = 0;
	for (int c = 0; c < WALK_COLUMNS && w->count < AT_ONCE; c++) {
		struct snmp_oid o = column_oid((enum walk_column)c);

		if (w->is_over[c])
			continue;
		if (w->last[c] >= 0)
			o.sub[o.len++] = (uint32_t)w->last[c];
		ret[w->count] = o;
		w->asked[w->count++] = (enum walk_column)c;
	}
	return (size_t)w->count;
}

/* Find or make the row of an index; NULL: too many rows. */
static struct device_row *
row_of(struct walk *w, int64_t index)
{
	size_t at = w->nrows;

	while (at > 0 && w->rows[at - 1].index > index)
		at--;
	if (at > 0 && w->rows[at - 1].index == index)
		return &w->rows[at - 1];
	if (w->nrows == WALK_ROWS_MAX)
		return NULL;
	if (w->nrows == w->max) {
		struct device_row *bigger;

		w->max = w->max == 0 ? 64 : w->max * 2;
		bigger = arena_alloc(w->mem, w->max * sizeof(*bigger));
		if (w->nrows > 0)
			memcpy(bigger, w->rows, w->nrows * sizeof(*bigger));
		w->rows = bigger;
	}
	memmove(&w->rows[at + 1], &w->rows[at], (w->nrows - at) * sizeof(*w->rows));
	w->rows[at] = (struct device_row){ .index = index };
	w->nrows++;
	return &w->rows[at];
}

static void
set_value(struct walk *w, struct device_row *row, enum walk_column c, const struct snmp_var *v)
{
	const char **texts[WALK_COLUMNS] = { [WALK_DESCR] = &row->descr,
		[WALK_NAME] = &row->name,
		[WALK_ALIAS] = &row->alias };
	int64_t *numbers[WALK_COLUMNS] = { [WALK_SPEED] = &row->speed_bit,
		[WALK_ADMIN] = &row->admin,
		[WALK_OPER] = &row->oper,
		[WALK_HIGH_SPEED] = &row->speed_mbit };

	if (v->type == SNMP_TEXT && texts[c] != NULL)
		*texts[c] = arena_strdup(w->mem, v->text);
	if (v->type == SNMP_NUMBER && numbers[c] != NULL)
		*numbers[c] = (int64_t)v->number;
}

/* The requested column to which this name belongs; -1: none. */
static int
column_of(const struct walk *w, const struct snmp_oid *name)
{
	for (int i = 0; i < w->count; i++) {
		const struct snmp_oid o = column_oid(w->asked[i]);

		if (name->len == o.len + 1 &&
		    memcmp(name->sub, o.sub, o.len * sizeof(o.sub[0])) == 0)
			return (int)w->asked[i];
	}
	return -1;
}

void
walk_take(struct walk *w, const struct snmp_var *vars, size_t n)
{
	bool went_on[WALK_COLUMNS] = { false };

	for (size_t i = 0; i < n; i++) {
		const int c = column_of(w, &vars[i].name);
		const int64_t index = c >= 0 ? (int64_t)vars[i].name.sub[vars[i].name.len - 1] : -1;
		struct device_row *row;

		if (c < 0 || w->is_over[c] || vars[i].type == SNMP_ABSENT || index <= w->last[c])
			continue;
		row = row_of(w, index);
		if (row == NULL)
			continue;
		set_value(w, row, (enum walk_column)c, &vars[i]);
		w->last[c] = index;
		went_on[c] = true;
	}
	for (int i = 0; i < w->count; i++)
		w->is_over[w->asked[i]] = !went_on[w->asked[i]];
}

void
walk_skip(struct walk *w, size_t question)
{
	if (question < (size_t)w->count)
		w->is_over[w->asked[question]] = true;
}

static bool
is_empty(const char *text)
{
	return text == NULL || text[0] == '\0';
}

static void
name_row(struct walk *w, struct device_row *row)
{
	row->has_high_counters = !is_empty(row->name);
	if (is_empty(row->name))
		row->name = row->descr;
	if (is_empty(row->name))
		row->name = arena_printf(w->mem, "if%lld", (long long)row->index);
}

/* The position of the kept row with that name; n: there is none. */
static size_t
find_name(const struct walk *w, size_t n, const char *name)
{
	size_t i = 0;

	while (i < n && strcmp(w->rows[i].name, name) != 0)
		i++;
	return i;
}

void
walk_end(struct walk *w)
{
	enum { UP = 1 };
	size_t kept = 0;

	for (size_t i = 0; i < w->nrows; i++) {
		struct device_row *row = &w->rows[i];
		size_t same;

		name_row(w, row);
		same = find_name(w, kept, row->name);
		if (same == kept)
			w->rows[kept++] = *row;
		else if (row->oper == UP || w->rows[same].oper != UP)
			w->rows[same] = *row;
	}
	w->nrows = kept;
}
