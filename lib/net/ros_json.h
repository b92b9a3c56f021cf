/*
 * ros_json.h: rows of a router as JSON.
 *
 * Names lose the dot in front and have "_" for "-".  Properties known to be
 * counts or flags become numbers and booleans; all others stay text, so that a
 * user called 007 keeps the zeros.
 */
#ifndef NET_ROS_JSON_H
#define NET_ROS_JSON_H

#include "base/jw.h"
#include "net/ros_codec.h"

/* The row as an object; properties with odd names are left out. */
void ros_json_row(struct jw *, const struct ros_row *);

/* "true" and "yes" are true; NULL and all else are not. */
bool ros_json_flag(const char *val);
/* Digits as a number of at most 18 digits; false when it is none. */
bool ros_json_number(const char *val, int64_t *ret);

#endif
