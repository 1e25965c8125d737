/* SPDX-License-Identifier: Apache-2.0 */
#include "event/names.h"

#include <asm/fcntl.h>
#include <linux/close_range.h>
#include <linux/eventpoll.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/fanotify.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/inotify.h>
#include <linux/memfd.h>
#include <linux/openat2.h>
#include <linux/pidfd.h>
#include <linux/signalfd.h>
#include <linux/stat.h>
#include <linux/xattr.h>

static const struct name open_flags[] = {
	NAME(O_CREAT),
	NAME(O_CLOEXEC),
	NAME(O_EXCL),
	NAME(O_NOCTTY),
	NAME(O_TRUNC),
	NAME(O_APPEND),
	NAME(O_NONBLOCK),
	NAME(O_SYNC),
	NAME(O_DSYNC),
	NAME(O_DIRECT),
	NAME(O_LARGEFILE),
	NAME(O_TMPFILE),
	NAME(O_DIRECTORY),
	NAME(O_NOFOLLOW),
	NAME(O_NOATIME),
	NAME(O_PATH),
	{ FASYNC, "O_ASYNC" },
	NEWER(OPENAT2_REGULAR, 0x100000000),
	NEWER(O_EMPTYPATH, 0x4000000),
};
NAMES(open_flags);

static const struct name open_modes[] = {
	NAME(O_RDONLY),
	NAME(O_WRONLY),
	NAME(O_RDWR),
	NAME(O_ACCMODE),
};
NAMES(open_modes);

static const struct name resolve_flags[] = {
	NAME(RESOLVE_NO_XDEV),
	NAME(RESOLVE_NO_MAGICLINKS),
	NAME(RESOLVE_NO_SYMLINKS),
	NAME(RESOLVE_BENEATH),
	NAME(RESOLVE_IN_ROOT),
	NAME(RESOLVE_CACHED),
};
NAMES(resolve_flags);

static const struct name at_flags[] = {
	NAME(AT_SYMLINK_NOFOLLOW),
	NAME(AT_SYMLINK_FOLLOW),
	NAME(AT_NO_AUTOMOUNT),
	NAME(AT_EMPTY_PATH),
	NAME(AT_STATX_FORCE_SYNC),
	NAME(AT_STATX_DONT_SYNC),
	NAME(AT_RECURSIVE),
};
NAMES(at_flags);

static const struct name unlink_flags[] = {
	NAME(AT_REMOVEDIR),
};
NAMES(unlink_flags);

static const struct name faccess_flags[] = {
	NAME(AT_SYMLINK_NOFOLLOW),
	NAME(AT_EACCESS),
	NAME(AT_EMPTY_PATH),
};
NAMES(faccess_flags);

static const struct name handle_flags[] = {
	NEWER(AT_HANDLE_MNT_ID_UNIQUE, 1),
	NEWER(AT_HANDLE_CONNECTABLE, 2),
	NEWER(AT_HANDLE_FID, 0x200),
	NAME(AT_SYMLINK_FOLLOW),
	NAME(AT_EMPTY_PATH),
};
NAMES(handle_flags);

static const struct name execveat_flags[] = {
	NAME(AT_SYMLINK_NOFOLLOW),
	NAME(AT_EMPTY_PATH),
	NEWER(AT_EXECVE_CHECK, 0x10000),
};
NAMES(execveat_flags);

static const struct name whence[] = {
	NAME(SEEK_SET),
	NAME(SEEK_CUR),
	NAME(SEEK_END),
	NAME(SEEK_DATA),
	NAME(SEEK_HOLE),
};
NAMES(whence);

static const struct name fcntl_cmd[] = {
	NAME(F_DUPFD),
	NAME(F_GETFD),
	NAME(F_SETFD),
	NAME(F_GETFL),
	NAME(F_SETFL),
	NAME(F_GETLK),
	NAME(F_SETLK),
	NAME(F_SETLKW),
	NAME(F_SETOWN),
	NAME(F_GETOWN),
	NAME(F_SETSIG),
	NAME(F_GETSIG),
	NAME(F_SETOWN_EX),
	NAME(F_GETOWN_EX),
	NAME(F_GETOWNER_UIDS),
	NAME(F_OFD_GETLK),
	NAME(F_OFD_SETLK),
	NAME(F_OFD_SETLKW),
	NAME(F_SETLEASE),
	NAME(F_GETLEASE),
	NAME(F_NOTIFY),
	NEWER(F_DUPFD_QUERY, 0x403),
	NEWER(F_CREATED_QUERY, 0x404),
	NAME(F_CANCELLK),
	NAME(F_DUPFD_CLOEXEC),
	NAME(F_SETPIPE_SZ),
	NAME(F_GETPIPE_SZ),
	NAME(F_ADD_SEALS),
	NAME(F_GET_SEALS),
	NAME(F_GET_RW_HINT),
	NAME(F_SET_RW_HINT),
	NAME(F_GET_FILE_RW_HINT),
	NAME(F_SET_FILE_RW_HINT),
	NEWER(F_GETDELEG, 0x40f),
	NEWER(F_SETDELEG, 0x410),
};
NAMES(fcntl_cmd);

static const struct name flock_ops[] = {
	NAME(LOCK_SH),
	NAME(LOCK_EX),
	NAME(LOCK_UN),
	NAME(LOCK_MAND),
	NAME(LOCK_READ),
	NAME(LOCK_WRITE),
	NAME(LOCK_NB),
};
NAMES(flock_ops);

static const struct name close_range_flags[] = {
	NAME(CLOSE_RANGE_UNSHARE),
	NAME(CLOSE_RANGE_CLOEXEC),
};
NAMES(close_range_flags);

static const struct name rename_flags[] = {
	NAME(RENAME_NOREPLACE),
	NAME(RENAME_EXCHANGE),
	NAME(RENAME_WHITEOUT),
};
NAMES(rename_flags);

static const struct name fallocate_mode[] = {
	NAME(FALLOC_FL_KEEP_SIZE),
	NAME(FALLOC_FL_PUNCH_HOLE),
	NAME(FALLOC_FL_NO_HIDE_STALE),
	NAME(FALLOC_FL_COLLAPSE_RANGE),
	NAME(FALLOC_FL_ZERO_RANGE),
	NAME(FALLOC_FL_INSERT_RANGE),
	NAME(FALLOC_FL_UNSHARE_RANGE),
	NEWER(FALLOC_FL_WRITE_ZEROES, 0x80),
};
NAMES(fallocate_mode);

static const struct name fadvise[] = {
	NAME(POSIX_FADV_NORMAL),
	NAME(POSIX_FADV_RANDOM),
	NAME(POSIX_FADV_SEQUENTIAL),
	NAME(POSIX_FADV_WILLNEED),
	NAME(POSIX_FADV_DONTNEED),
	NAME(POSIX_FADV_NOREUSE),
};
NAMES(fadvise);

static const struct name rwf_flags[] = {
	NAME(RWF_HIPRI),
	NAME(RWF_DSYNC),
	NAME(RWF_SYNC),
	NAME(RWF_NOWAIT),
	NAME(RWF_APPEND),
	NEWER(RWF_NOAPPEND, 0x20),
	NEWER(RWF_ATOMIC, 0x40),
	NEWER(RWF_DONTCACHE, 0x80),
	NEWER(RWF_NOSIGNAL, 0x100),
};
NAMES(rwf_flags);

static const struct name statx_mask[] = {
	NAME(STATX_BASIC_STATS),
	NEWER(STATX_SUBVOL, 0x8000),
	NAME(STATX_BTIME),
	NAME(STATX_MTIME),
	NAME(STATX_NLINK),
	NAME(STATX_UID),
	NAME(STATX_SIZE),
	NAME(STATX_DIOALIGN),
	NAME(STATX_GID),
	NEWER(STATX_MNT_ID_UNIQUE, 0x4000),
	NAME(STATX_MODE),
	NAME(STATX_ATIME),
	NEWER(STATX_WRITE_ATOMIC, 0x10000),
	NAME(STATX_MNT_ID),
	NEWER(STATX_DIO_READ_ALIGN, 0x20000),
	NAME(STATX_CTIME),
	NAME(STATX_BLOCKS),
	NAME(STATX_INO),
	NAME(STATX_TYPE),
};
NAMES(statx_mask);

static const struct name xattr_flags[] = {
	NAME(XATTR_CREATE),
	NAME(XATTR_REPLACE),
};
NAMES(xattr_flags);

static const struct name memfd_flags[] = {
	NAME(MFD_HUGE_1GB),
	NAME(MFD_HUGE_2MB),
	NAME(MFD_ALLOW_SEALING),
	NAME(MFD_HUGETLB),
	NEWER(MFD_NOEXEC_SEAL, 8),
	NAME(MFD_CLOEXEC),
	NEWER(MFD_EXEC, 0x10),
};
NAMES(memfd_flags);

static const struct name epoll_op[] = {
	NAME(EPOLL_CTL_ADD),
	NAME(EPOLL_CTL_DEL),
	NAME(EPOLL_CTL_MOD),
};
NAMES(epoll_op);

static const struct name epoll_events[] = {
	NAME(EPOLLIN),
	NAME(EPOLLPRI),
	NAME(EPOLLOUT),
	NAME(EPOLLERR),
	NAME(EPOLLHUP),
	NAME(EPOLLNVAL),
	NAME(EPOLLRDNORM),
	NAME(EPOLLRDBAND),
	NAME(EPOLLWRNORM),
	NAME(EPOLLWRBAND),
	NAME(EPOLLMSG),
	NAME(EPOLLRDHUP),
	NAME(EPOLLEXCLUSIVE),
	NAME(EPOLLWAKEUP),
	NAME(EPOLLONESHOT),
	NAME(EPOLLET),
};
NAMES(epoll_events);

static const struct name inotify_mask[] = {
	NAME(IN_ALL_EVENTS),
	NAME(IN_CLOSE),
	NAME(IN_MOVE),
	NAME(IN_MOVED_TO),
	NAME(IN_ISDIR),
	NAME(IN_DONT_FOLLOW),
	NAME(IN_DELETE),
	NAME(IN_CLOSE_WRITE),
	NAME(IN_MOVED_FROM),
	NAME(IN_ONLYDIR),
	NAME(IN_OPEN),
	NAME(IN_UNMOUNT),
	NAME(IN_CLOSE_NOWRITE),
	NAME(IN_MODIFY),
	NAME(IN_MOVE_SELF),
	NAME(IN_IGNORED),
	NAME(IN_CREATE),
	NAME(IN_EXCL_UNLINK),
	NAME(IN_DELETE_SELF),
	NAME(IN_MASK_ADD),
	NAME(IN_ONESHOT),
	NAME(IN_ACCESS),
	NAME(IN_ATTRIB),
	NAME(IN_MASK_CREATE),
	NAME(IN_Q_OVERFLOW),
};
NAMES(inotify_mask);

static const struct name fanotify_init_flags[] = {
	NAME(FAN_REPORT_DFID_NAME),
	NAME(FAN_REPORT_DFID_NAME_TARGET),
	NAME(FAN_REPORT_PIDFD),
	NAME(FAN_CLOEXEC),
	NAME(FAN_UNLIMITED_QUEUE),
	NAME(FAN_REPORT_TARGET_FID),
	NEWER(FAN_REPORT_MNT, 0x4000),
	NEWER(FAN_REPORT_FD_ERROR, 0x2000),
	NAME(FAN_REPORT_TID),
	NAME(FAN_REPORT_DIR_FID),
	NAME(FAN_REPORT_FID),
	NAME(FAN_NONBLOCK),
	NAME(FAN_REPORT_NAME),
	NAME(FAN_UNLIMITED_MARKS),
	NAME(FAN_ENABLE_AUDIT),
};
NAMES(fanotify_init_flags);

static const struct name fanotify_classes[] = {
	NAME(FAN_CLASS_NOTIF),
	NAME(FAN_CLASS_CONTENT),
	NAME(FAN_CLASS_PRE_CONTENT),
};
NAMES(fanotify_classes);

static const struct name fanotify_mark_flags[] = {
	NAME(FAN_MARK_INODE),
	NAME(FAN_MARK_ADD),
	NAME(FAN_MARK_REMOVE),
	NAME(FAN_MARK_DONT_FOLLOW),
	NAME(FAN_MARK_ONLYDIR),
	NAME(FAN_MARK_MOUNT),
	NAME(FAN_MARK_IGNORED_MASK),
	NAME(FAN_MARK_IGNORED_SURV_MODIFY),
	NAME(FAN_MARK_FLUSH),
	NAME(FAN_MARK_FILESYSTEM),
	NEWER(FAN_MARK_MNTNS, 0x110),
	NAME(FAN_MARK_EVICTABLE),
	NAME(FAN_MARK_IGNORE),
};
NAMES(fanotify_mark_flags);

static const struct name fanotify_mask[] = {
	NAME(FAN_CLOSE),
	NAME(FAN_MOVE),
	NAME(FAN_ACCESS),
	NAME(FAN_MODIFY),
	NAME(FAN_ATTRIB),
	NAME(FAN_CLOSE_WRITE),
	NAME(FAN_CLOSE_NOWRITE),
	NAME(FAN_OPEN),
	NAME(FAN_MOVED_FROM),
	NAME(FAN_MOVED_TO),
	NAME(FAN_CREATE),
	NAME(FAN_DELETE),
	NAME(FAN_DELETE_SELF),
	NAME(FAN_MOVE_SELF),
	NAME(FAN_OPEN_EXEC),
	NAME(FAN_Q_OVERFLOW),
	NAME(FAN_FS_ERROR),
	NAME(FAN_OPEN_PERM),
	NAME(FAN_ACCESS_PERM),
	NAME(FAN_OPEN_EXEC_PERM),
	NEWER(FAN_PRE_ACCESS, 0x100000),
	NEWER(FAN_MNT_ATTACH, 0x1000000),
	NEWER(FAN_MNT_DETACH, 0x2000000),
	NAME(FAN_EVENT_ON_CHILD),
	NAME(FAN_RENAME),
	NAME(FAN_ONDIR),
};
NAMES(fanotify_mask);

static const struct name access_mode[] = {
	{ 4, "R_OK" }, { 2, "W_OK" }, { 1, "X_OK" }, { 0, "F_OK" },
};
NAMES(access_mode);

static const struct name file_types[] = {
	{ 0100000, "S_IFREG" }, { 0040000, "S_IFDIR" }, { 0120000, "S_IFLNK" },
	{ 0020000, "S_IFCHR" }, { 0060000, "S_IFBLK" }, { 0010000, "S_IFIFO" },
	{ 0140000, "S_IFSOCK" },
};
NAMES(file_types);

static const struct name mode_bits[] = {
	{ 04000, "S_ISUID" }, { 02000, "S_ISGID" }, { 01000, "S_ISVTX" }, { 0700, "S_IRWXU" },
	{ 0400, "S_IRUSR" }, { 0200, "S_IWUSR" }, { 0100, "S_IXUSR" }, { 0070, "S_IRWXG" },
	{ 0040, "S_IRGRP" }, { 0020, "S_IWGRP" }, { 0010, "S_IXGRP" }, { 0007, "S_IRWXO" },
	{ 0004, "S_IROTH" }, { 0002, "S_IWOTH" }, { 0001, "S_IXOTH" },
};
NAMES(mode_bits);

static const struct name splice_flags[] = {
	{ 1, "SPLICE_F_MOVE" }, { 2, "SPLICE_F_NONBLOCK" }, { 4, "SPLICE_F_MORE" },
	{ 8, "SPLICE_F_GIFT" },
};
NAMES(splice_flags);

static const struct name sync_range_flags[] = {
	{ 1, "SYNC_FILE_RANGE_WAIT_BEFORE" },
	{ 2, "SYNC_FILE_RANGE_WRITE" },
	{ 4, "SYNC_FILE_RANGE_WAIT_AFTER" },
};
NAMES(sync_range_flags);

/* Each call has its own names for the flags that new descriptors share. */
static const struct name dup3_flags[] = { { O_CLOEXEC, "O_CLOEXEC" } };
NAMES(dup3_flags);

static const struct name pipe_flags[] = {
	{ O_CLOEXEC, "O_CLOEXEC" }, { O_NONBLOCK, "O_NONBLOCK" }, { O_DIRECT, "O_DIRECT" },
	{ O_EXCL, "O_NOTIFICATION_PIPE" },
};
NAMES(pipe_flags);

static const struct name eventfd_flags[] = {
	{ 1, "EFD_SEMAPHORE" }, { O_CLOEXEC, "EFD_CLOEXEC" }, { O_NONBLOCK, "EFD_NONBLOCK" },
};
NAMES(eventfd_flags);

static const struct name signalfd_flags[] = {
	{ O_CLOEXEC, "SFD_CLOEXEC" }, { O_NONBLOCK, "SFD_NONBLOCK" },
};
NAMES(signalfd_flags);

static const struct name epoll_flags[] = { { O_CLOEXEC, "EPOLL_CLOEXEC" } };
NAMES(epoll_flags);

static const struct name inotify_flags[] = {
	{ O_CLOEXEC, "IN_CLOEXEC" }, { O_NONBLOCK, "IN_NONBLOCK" },
};
NAMES(inotify_flags);
