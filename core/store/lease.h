/* SPDX-License-Identifier: MIT */
/*
 * Whether anybody else has a file open or mapped, and keeping it so: a write lease
 * (fcntl(2), F_SETLEASE) is given only to the sole descriptor of a file. While it is held
 * others who open the file wait, until it is released or /proc/sys/fs/lease-break-time
 * (45 s) is over.
 */
#ifndef ALCM_STORE_LEASE_H
#define ALCM_STORE_LEASE_H

/*
 * Take the lease of the open file `fd`. 0: held. -EBUSY: somebody else has the file open
 * or mapped. -EOPNOTSUPP: nobody can tell here (a filesystem without leases; a file of
 * somebody else).
 */
int lease_take(int fd);

void lease_release(int fd);

#endif
