/* SPDX-License-Identifier: MIT */
/*
 * Operations on extended attributes: the store's own, and the virtual ones that show a
 * file's metrics.
 *
 *   name                         get                     set, remove        listed
 *   user.alcm.profile of a dir   the profile that holds  checked, stored    no
 *                                there, inherited or own
 *   user.alcm.verdict            as stored               dropped, -EPERM    no
 *   other user.alcm.*            made for this call      -EPERM             no
 *   trusted.*                    with CAP_SYS_ADMIN      the same           to root only
 *   security.*                   as stored               with CAP_SYS_ADMIN yes
 *   system.posix_acl_access      as stored               as the caller      yes
 *   all others                   as stored               as stored          yes
 *
 * What isn't listed isn't copied by cp -a, rsync -X or tar. Otherwise a restored file
 * would claim metrics of another one, or its copying would fail with -EPERM.
 *
 * To add a virtual attribute of a file, write a function that shows it and add a row to
 * `virtuals`; the manual page lists them. A value may have ALCM_FIGURES_BYTES; anything
 * longer is a document (documents.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "caller.h"
#include "content.h"
#include "documents.h"
#include "mount_log.h"
#include "op.h"
#include "path.h"
#include "policy.h"
#include "privileges.h"

#define PREFIX "user.alcm."

static int show_ratio(const struct alcm_info *info, char *out, size_t n)
{
	return snprintf(out, n, "%.6g", info->ratio);
}

static int show_stored_size(const struct alcm_info *info, char *out, size_t n)
{
	return snprintf(out, n, "%llu", (unsigned long long)info->stored_bytes);
}

static int show_codec(const struct alcm_info *info, char *out, size_t n)
{
	return snprintf(out, n, "%s", info->codec);
}

static int show_caq(const struct alcm_info *info, char *out, size_t n)
{
	return snprintf(out, n, "%.6g", info->caq);
}

static int show_cpu_seconds(const struct alcm_info *info, char *out, size_t n)
{
	return snprintf(out, n, "%.9f", info->cpu_seconds);
}

static int show_profile(const struct alcm_info *info, char *out, size_t n)
{
	return snprintf(out, n, "%s", info->profile);
}

/* For programs that sum up files; the others are for people. */
static int show_figures(const struct alcm_info *info, char *out, size_t n)
{
	return alcm_figures_text(info, out, n);
}

static const struct {
	const char *name;
	int (*show)(const struct alcm_info *info, char *out, size_t n);
} virtuals[] = {
	{ "ratio", show_ratio },
	{ "stored_size", show_stored_size },
	{ "codec", show_codec },
	{ "caq", show_caq },
	{ "cpu_seconds", show_cpu_seconds },
	{ "profile", show_profile },
	{ "figures", show_figures },
};

static bool is_virtual(const char *name)
{
	return strncmp(name, PREFIX, strlen(PREFIX)) == 0;
}

/* Make a virtual attribute's value as text; its length, or a negative errno. */
static int show(struct fs *fs, struct inode *inode, int fd, const char *name, char *out,
	size_t n)
{
	struct alcm_info info;

	if (strcmp(name, ALCM_VERDICT_XATTR) == 0) {
		ssize_t len = getxattr(fd_path(fd), name, out, n);

		return len < 0 ? -errno : (int)len;
	}
	name += strlen(PREFIX);
	if (S_ISDIR(inode->id.type)) {
		struct alcm_profile profile;

		if (strcmp(name, "profile") != 0)
			return -ENODATA;
		policy_profile(fs, inode, &profile);
		return snprintf(out, n, "%s", profile.name);
	}
	if (!S_ISREG(inode->id.type) || inode->admin)
		return -ENODATA;
	if (strcmp(name, "state") == 0)
		return snprintf(out, n, "%s", content_state_name(fs, inode, fd));
	if (strcmp(name, "why") == 0)
		return content_why(fs, inode, fd, out, n);
	for (size_t i = 0; i < sizeof(virtuals) / sizeof(virtuals[0]); i++) {
		int err;

		if (strcmp(name, virtuals[i].name) != 0)
			continue;
		err = content_info(fs, inode, fd, &info);
		return err ? err : virtuals[i].show(&info, out, n);
	}
	return -ENODATA;
}

/* size 0 asks for the length alone. */
static void reply_value(fuse_req_t req, const char *value, ssize_t len, size_t size)
{
	if (len < 0)
		reply_result(req, (int)len);
	else if (!size)
		fuse_reply_xattr(req, (size_t)len);
	else if ((size_t)len > size)
		reply_result(req, -ERANGE);
	else
		fuse_reply_buf(req, value, (size_t)len);
}

/* Raise the privilege that an attribute needs; the kernel has already required it of the
   caller. True: lower it afterwards. */
static bool raise_for(const struct fs *fs, const char *name, bool change)
{
	bool raise = strncmp(name, "trusted.", 8) == 0 ||
		(change && strncmp(name, "security.", 9) == 0);

	if (raise)
		privileges_raise(fs, PRIVILEGE_ADMIN);
	return raise;
}

/* Get a virtual attribute: a document, or a short text. `*out` is the caller's. */
static ssize_t get_virtual(fuse_req_t req, struct inode *inode, int fd, const char *name,
	char **out)
{
	struct fs *fs = req_fs(req);
	uid_t uid = fuse_req_ctx(req)->uid;
	ssize_t n = document_get(fs, inode, fd, name + strlen(PREFIX),
		!uid || uid == geteuid(), out);

	if (n != -ENODATA)
		return n;
	*out = malloc(ALCM_FIGURES_BYTES);
	return *out ? show(fs, inode, fd, name, *out, ALCM_FIGURES_BYTES) : -ENOMEM;
}

static ssize_t get_stored(struct fs *fs, int fd, const char *name, size_t size,
	char **out)
{
	bool raised;
	ssize_t n;

	*out = malloc(size + 1);
	if (!*out)
		return -ENOMEM;
	raised = raise_for(fs, name, false);
	n = getxattr(fd_path(fd), name, *out, size);
	n = n < 0 ? -errno : n;
	if (raised)
		privileges_lower(fs);
	return n;
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct fs *fs = req_fs(req);
	struct inode *inode = inode_from(fs, ino);
	char *value = NULL;
	int fd, err = inode_pin(fs, inode, &fd);
	ssize_t n = err;

	if (!err) {
		n = is_virtual(name) ? get_virtual(req, inode, fd, name, &value)
							 : get_stored(fs, fd, name, size, &value);
		inode_unpin(fs, inode);
	}
	reply_value(req, value, n, size);
	alcm_free_text(value);
}

/* Remove names from a list that aren't shown (a directory's own profile). */
static ssize_t without_virtual(char *list, ssize_t n)
{
	ssize_t kept = 0;

	for (ssize_t at = 0; at < n;) {
		ssize_t len = (ssize_t)strlen(list + at) + 1;

		if (!is_virtual(list + at)) {
			memmove(list + kept, list + at, (size_t)len);
			kept += len;
		}
		at += len;
	}
	return kept;
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	enum { LIST_MAX = 64 << 10 };
	struct fs *fs = req_fs(req);
	struct inode *inode = inode_from(fs, ino);
	char *buf = malloc(LIST_MAX);
	int fd, err = buf ? inode_pin(fs, inode, &fd) : -ENOMEM;
	ssize_t n = err;

	if (!err) {
		/* Only root may see trusted attributes. */
		bool is_root = !fuse_req_ctx(req)->uid;

		if (is_root)
			privileges_raise(fs, PRIVILEGE_ADMIN);
		n = listxattr(fd_path(fd), buf, LIST_MAX);
		if (is_root)
			privileges_lower(fs);
		n = n < 0 ? -errno : without_virtual(buf, n);
		inode_unpin(fs, inode);
	}
	reply_value(req, buf, n, size);
	free(buf);
}

/* Whether an attribute may be changed. 1: yes, in the store; otherwise the answer is the
   result. */
static int may_change(const struct inode *inode, const char *name)
{
	if (inode->admin)
		return -EROFS;
	if (is_virtual(name) && (!S_ISDIR(inode->id.type) || strcmp(name, POLICY_XATTR) != 0))
		return -EPERM;
	return 1;
}

/*
 * Set an attribute in the store. The /proc path of an O_PATH descriptor leads to the file
 * itself, even if that is a symlink. An ACL is set as the caller: one who isn't in the
 * file's group must lose its setgid bit.
 */
static int set_in_store(fuse_req_t req, int fd, const char *name, const char *value,
	size_t size, int flags)
{
	bool by_caller = strcmp(name, "system.posix_acl_access") == 0, raised = false;
	struct fs *fs = req_fs(req);
	struct caller caller;
	int err = 0;

	if (by_caller)
		err = caller_enter(req, &caller);
	else
		raised = raise_for(fs, name, true);
	if (!err && setxattr(fd_path(fd), name, value, size, flags))
		err = -errno;
	if (by_caller)
		caller_leave(&caller);
	else if (raised)
		privileges_lower(fs);
	return err;
}

void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
	size_t size, int flags)
{
	struct fs *fs = req_fs(req);
	struct inode *inode = inode_from(fs, ino);
	int fd, err = may_change(inode, name);

	/* Copied from a store. It may not hold for this file, so it is dropped silently. */
	if (err == -EPERM && strcmp(name, ALCM_VERDICT_XATTR) == 0)
		err = 0;
	if (err > 0 && is_virtual(name)) {
		struct alcm_profile profile;
		struct alcm_diag diag = { 0 };

		if (policy_parse(value, size, &profile, &diag)) {
			fs_log(fs, ALCM_LOG_WARNING, "setting %s: %s", POLICY_XATTR, diag.cause);
			err = -EINVAL;
		}
	}
	if (err > 0)
		err = inode_pin(fs, inode, &fd) ? -ESTALE : 1;
	if (err > 0) {
		err = set_in_store(req, fd, name, value, size, flags);
		inode_unpin(fs, inode);
	}
	reply_result(req, err);
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct fs *fs = req_fs(req);
	struct inode *inode = inode_from(fs, ino);
	int fd, err = may_change(inode, name);
	bool raised;

	if (err > 0)
		err = inode_pin(fs, inode, &fd) ? -ESTALE : 1;
	if (err > 0) {
		raised = raise_for(fs, name, true);
		err = removexattr(fd_path(fd), name) ? -errno : 0;
		if (raised)
			privileges_lower(fs);
		inode_unpin(fs, inode);
	}
	reply_result(req, err);
}
