/*
 * page.h: Laravel's paginator, read from a query and written as JSON.
 *
 * page counts from 1, per_page is 1..100 (default 20). Bad values are RC_INVALID on their
 * name, and so is a page behind the first 100,000 rows: the database would walk all rows
 * before it, and filters and sorting find the same rows.
 */
#ifndef HTTP_PAGE_H
#define HTTP_PAGE_H

#include <stdbool.h>

#include "http/http.h"

struct page {
	int64_t page, per_page;
	int64_t total;
	bool total_is_estimate;
	bool has_sum; /* the sum of a column over all rows of the list, as sum_amount */
	int64_t sum;
};

enum rc page_read(struct ctx *, const struct req *, struct page *ret) _must_check_;
/* Write the whole answer; data is the JSON array of the rows, count their number. */
void page_write(struct ctx *, const struct req *, struct resp *, const struct page *,
    const char *data, size_t count);

#endif
