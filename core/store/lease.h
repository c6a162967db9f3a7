/* SPDX-License-Identifier: MIT */
/*
 * Finding out whether a file is open or mapped elsewhere, and keeping others out while it
 * is changed. A write lease (fcntl(2), F_SETLEASE) is only granted to the sole descriptor
 * of a file. While it is held, other processes that open the file wait until it is
 * released, or until /proc/sys/fs/lease-break-time (45 s) is over.
 */
#ifndef ALCM_STORE_LEASE_H
#define ALCM_STORE_LEASE_H

/*
 * Take the lease of the open file `fd`. 0: held. -EBUSY: the file is open or mapped
 * elsewhere. -EOPNOTSUPP: unknown, because the filesystem has no leases or the file
 * belongs to another user.
 */
int lease_take(int fd);

void lease_release(int fd);

#endif
