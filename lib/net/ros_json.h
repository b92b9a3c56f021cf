/*
 * ros_json.h: rows of a router as JSON.
 *
 * Names lose their leading dot and have "_" for "-". Known counts and flags become numbers
 * and booleans; all other values stay text, so that a user called 007 keeps the zeros.
 */
#ifndef NET_ROS_JSON_H
#define NET_ROS_JSON_H

#include "base/jw.h"
#include "net/ros_codec.h"

/* The row as an object; properties with odd names are left out. */
void ros_json_row(struct jw *, const struct ros_row *);

/* True for "true" and "yes"; false for anything else, and for NULL. */
bool ros_json_flag(const char *val);
/* Read a number of at most 18 digits; false for any other text. */
bool ros_json_number(const char *val, int64_t *ret);

#endif
