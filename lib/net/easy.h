/*
 * easy.h: a handle of libcurl's easy interface that ends with its arena, and a text that
 * it sends; shared by HTTP and SMTP.
 */
#ifndef NET_EASY_H
#define NET_EASY_H

#include <curl/curl.h>
#include <stddef.h>

#include "base/arena.h"

/* The part of a text that libcurl has not taken yet. */
struct easy_text {
	const char *rest;
	size_t len;
};

CURL *easy_new(struct arena *life); /* NULL: libcurl has no memory */

/* CURLOPT_READFUNCTION over a struct easy_text. */
size_t easy_give(char *to, size_t size, size_t n, void *text);

#endif
