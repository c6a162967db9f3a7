/* SPDX-License-Identifier: MIT */
/* The one place where time is read, so that CPU seconds are counted in one way. */
#ifndef ALCM_BASE_CLOCK_H
#define ALCM_BASE_CLOCK_H

#include <stdint.h>

/* CPU time of the calling thread, nanoseconds. */
uint64_t clock_thread_cpu_ns(void);

/* Monotonic time, nanoseconds. */
uint64_t clock_wall_ns(void);

#endif
