/* SPDX-License-Identifier: MIT */
/*
 * A look from outside a chroot(2). The kernel tells a process about its own root
 * directory and what lies below it only, so that one whose root is no mount point can't
 * learn where on its filesystem it is. A thread with a root directory of its own can.
 */
#ifndef ALCM_STORE_UNROOTED_H
#define ALCM_STORE_UNROOTED_H

/*
 * Call fn(ctx) in a thread whose root directory is that of the mount namespace, and wait
 * for its end. Descriptors are shared with it. -EPERM: this process may not (it needs
 * CAP_SYS_ADMIN and CAP_SYS_CHROOT); -ENOSYS: there is no /proc, here or there; other
 * errors of pthread_create(3). Then fn() was not called.
 */
int unrooted_call(void (*fn)(void *ctx), void *ctx);

#endif
