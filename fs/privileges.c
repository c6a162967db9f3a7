/* SPDX-License-Identifier: MIT */
/*
 * Root's capabilities: dropped once at the start, and two of them raised for single
 * calls. Capabilities belong to threads, so raising one affects only the current request.
 */
#include "privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAP(no) ((uint64_t)1 << (no))

/*
 * For files of callers: owners, modes, devices, access to all of them, and creating as
 * that caller. CAP_LEASE is for the leases of conversions, CAP_SETFCAP for copying a
 * program with its capabilities, and CAP_FSETID keeps setgid bits that a caller may set.
 */
#define ALWAYS                                                                \
	(CAP(CAP_CHOWN) | CAP(CAP_DAC_OVERRIDE) | CAP(CAP_DAC_READ_SEARCH) |      \
		CAP(CAP_FOWNER) | CAP(CAP_FSETID) | CAP(CAP_LEASE) | CAP(CAP_MKNOD) | \
		CAP(CAP_SETFCAP) | CAP(CAP_SETUID) | CAP(CAP_SETGID))
#define AT_TIMES (CAP(CAP_SYS_ADMIN) | CAP(CAP_SYS_RESOURCE))

struct caps {
	uint64_t effective, permitted, inheritable;
};

static int get_caps(struct caps *caps)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];

	*caps = (struct caps){ 0 };
	if (syscall(SYS_capget, &head, d))
		return -errno;
	caps->effective = (uint64_t)d[1].effective << 32 | d[0].effective;
	caps->permitted = (uint64_t)d[1].permitted << 32 | d[0].permitted;
	caps->inheritable = (uint64_t)d[1].inheritable << 32 | d[0].inheritable;
	return 0;
}

static int set_caps(const struct caps *caps)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = {
		{ (uint32_t)caps->effective, (uint32_t)caps->permitted,
			(uint32_t)caps->inheritable },
		{ (uint32_t)(caps->effective >> 32), (uint32_t)(caps->permitted >> 32),
			(uint32_t)(caps->inheritable >> 32) },
	};

	return syscall(SYS_capset, &head, d) ? -errno : 0;
}

int privileges_drop(const struct fs *fs)
{
	struct caps caps;
	int err;

	/* An ordinary user's daemon has nothing to drop, and unmounts by fusermount3, which
	   is setuid. */
	if (!fs->is_root)
		return 0;
	/* Without CAP_SETPCAP (a container) there is less to drop. */
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (!((ALWAYS | AT_TIMES) & CAP(cap)))
			(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	}
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	err = get_caps(&caps);
	if (err)
		return err;
	caps.permitted &= ALWAYS | AT_TIMES;
	caps.effective = caps.permitted & ALWAYS;
	caps.inheritable = 0;
	err = set_caps(&caps);
	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err = -errno;
	/* Core files and debuggers would show every user's data. */
	if (!err && !fs->opt.debug && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		err = -errno;
	return err;
}

void privileges_raise(const struct fs *fs, enum privilege privilege)
{
	static const uint64_t wanted[] = {
		[PRIVILEGE_ADMIN] = CAP(CAP_SYS_ADMIN),
		[PRIVILEGE_RESOURCE] = CAP(CAP_SYS_RESOURCE),
		[PRIVILEGE_ACCESS] = CAP(CAP_DAC_OVERRIDE),
	};
	struct caps caps;

	if (!fs->is_root || get_caps(&caps))
		return;
	caps.effective |= caps.permitted & wanted[privilege];
	(void)set_caps(&caps);
}

void privileges_lower(const struct fs *fs)
{
	struct caps caps;

	if (!fs->is_root || get_caps(&caps))
		return;
	caps.effective &= ~AT_TIMES;
	(void)set_caps(&caps);
}
