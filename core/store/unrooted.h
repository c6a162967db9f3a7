/* SPDX-License-Identifier: MIT */
/*
 * A look from outside a chroot(2). The kernel shows a process only its own root directory
 * and what lies below. If that root isn't a mount point, the process can't find out where
 * on its filesystem it is. A thread with another root directory can.
 */
#ifndef ALCM_STORE_UNROOTED_H
#define ALCM_STORE_UNROOTED_H

/*
 * Call fn(ctx) in a thread whose root directory is that of the mount namespace, and wait
 * for it to end. The thread shares all descriptors. fn() was not called after an error.
 * -EPERM: the process needs CAP_SYS_ADMIN and CAP_SYS_CHROOT. -ENOSYS: there is no /proc,
 * here or there. Other errors of pthread_create(3).
 */
int unrooted_call(void (*fn)(void *ctx), void *ctx);

#endif
