/* fd.h: close a descriptor at the end of its block: _cleanup_(fd_closep) int fd = -1; */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <unistd.h>

static inline void
fd_closep(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#endif
