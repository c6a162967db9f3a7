/* SPDX-License-Identifier: MIT */
/* The one place that reads clocks, so that CPU seconds are counted in one way. */
#ifndef ALCM_BASE_CLOCK_H
#define ALCM_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CPU time of the calling thread, nanoseconds. */
uint64_t clock_thread_cpu_ns(void);

/* Monotonic time, nanoseconds. */
uint64_t clock_wall_ns(void);

/* The same in milliseconds, as waits with a time-out take it (lock.h). */
static inline uint64_t clock_ms(void)
{
	return clock_wall_ns() / 1000000;
}

static inline struct timespec clock_at(uint64_t ms)
{
	return (struct timespec){ .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000 };
}

static inline double clock_seconds(uint64_t ns)
{
	return (double)ns * 1e-9;
}

#endif
