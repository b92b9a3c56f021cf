/* crud_int.h: the statements that crud_sql.c composes for crud.c, crud_list.c and crud_total.c. */
#ifndef CRUD_CRUD_INT_H
#define CRUD_CRUD_INT_H

#include "crud/crud.h"

enum { CRUD_FILTERS_MAX = 60 };

/*
 * The most rows of which a list tells the exact number, and the most that are all sorted to show a
 * page of them.
 */
enum { TOTAL_EXACT_MAX = 100000, SORTED_MAX = 250000 };

enum crud_verb {
	CRUD_SHOW,   /* $1 id */
	CRUD_CREATE, /* $1 the row as jsonb, id included */
	CRUD_UPDATE, /* $1 id, $2 the changes as jsonb */
	CRUD_DELETE, /* $1 id */
	CRUD_AUDIT,  /* $1 id, $2 user, $3 actor, $4 action, $5 ip, $6 request, $7 meta */
	CRUD_LOCKED, /* $1 id: the current row of the table, locked */
	CRUD__MAX
};

/* The properties by which the statements of one list differ from another's. */
struct list_key {
	const struct resource *r;
	uint64_t filters;      /* bit i: the i-th filter is given (crud_filter()) */
	uint64_t many;         /* bit i: its value is an array */
	const char *condition; /* its column, of crud_list_where(); NULL: none */
	const char *sort;      /* column; a constant of the resource */
	bool down;             /* sort descending */
	bool search;           /* there is a search: its pattern follows the filters' parameters */
	bool words;            /* it is a regular expression for the beginning of words */
	bool digits;           /* the next parameter has the digits of a phone number */
	bool number;           /* the next parameter has the beginning of a number */
	bool hidden;           /* show the hidden rows instead of the visible ones */
};

/*
 * Parameters: the value of the condition, the given filters in order, the pattern,
 * then for rows limit and offset.
 */
struct list_stmts {
	struct db_stmt rows;
	struct db_stmt sorted;   /* the same, of few rows */
	struct db_stmt count;    /* one row: total */
	struct db_stmt estimate; /* EXPLAIN (FORMAT JSON) of all rows */
	bool exact;              /* count reads row_counts: too cheap to be remembered */
};

/* One list being read. */
struct listing {
	struct list_key key;
	struct page page;
	struct db_val vals[CRUD_FILTERS_MAX + 5];
	size_t nvals;     /* without limit and offset */
	int64_t estimate; /* of the total, the planner's or a remembered one; 0: not asked for */
};

/* The total of a list: its query, from sending to result. */
struct total_query {
	const char *hash;      /* of the parameters */
	int64_t since;         /* when it was sent */
	struct db_rows *count; /* NULL: the total is remembered */
};

/* The filter with this index: FF_FILTER fields first, then .filters; false behind the last. */
bool crud_filter(const struct resource *, size_t i, struct filter *ret);

/* Memory of statements, which live as long as the process; a name as SQL has it. */
struct arena *crud_sql_memory(void);
void crud_put_name(struct sb *, const char *name);
const char *crud_quoted(const char *name);

/* The statements of a list, named by this number. */
struct list_stmts crud_compose_list(const struct list_key *, unsigned number);

const struct list_stmts *crud_list_stmts(const struct list_key *);
const struct db_stmt *crud_stmt(const struct resource *, enum crud_verb);
const struct db_stmt *crud_child_stmt(const struct child *);

/* Answer with the whole list as CSV. */
enum rc crud_csv(struct ctx *, struct listing *, struct resp *) _must_check_;

/* Take the remembered total for the number of a list's rows, or ask the planner for it. */
enum rc crud_total_estimate(struct ctx *, const struct list_stmts *, struct listing *) _must_check_;

/* Queue the count of a list, unless its total is remembered; after db_sync() take the total. */
enum rc crud_total_send(struct ctx *, const struct list_stmts *, struct listing *,
    struct total_query *ret) _must_check_;
enum rc crud_total_take(struct ctx *, const struct list_stmts *, struct listing *,
    const struct total_query *) _must_check_;

#endif
