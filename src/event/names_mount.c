/* SPDX-License-Identifier: Apache-2.0 */
#include "event/names.h"

#include <asm/fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/quota.h>

static const struct name mount_flags[] = {
	NAME(MS_MGC_VAL),
	NEWER(MS_NOUSER, 0x80000000),
	NAME(MS_RDONLY),
	NAME(MS_NOSUID),
	NAME(MS_NODEV),
	NAME(MS_NOEXEC),
	NAME(MS_SYNCHRONOUS),
	NAME(MS_REMOUNT),
	NAME(MS_MANDLOCK),
	NAME(MS_DIRSYNC),
	NAME(MS_NOSYMFOLLOW),
	NAME(MS_NOATIME),
	NAME(MS_NODIRATIME),
	NAME(MS_BIND),
	NAME(MS_MOVE),
	NAME(MS_REC),
	NAME(MS_SILENT),
	NAME(MS_POSIXACL),
	NAME(MS_UNBINDABLE),
	NAME(MS_PRIVATE),
	NAME(MS_SLAVE),
	NAME(MS_SHARED),
	NAME(MS_RELATIME),
	NAME(MS_KERNMOUNT),
	NAME(MS_I_VERSION),
	NAME(MS_STRICTATIME),
	NAME(MS_LAZYTIME),
	NAME(MS_SUBMOUNT),
	NAME(MS_NOREMOTELOCK),
	NAME(MS_NOSEC),
	NAME(MS_BORN),
	NAME(MS_ACTIVE),
};
NAMES(mount_flags);

static const struct name mount_attr_flags[] = {
	NAME(MOUNT_ATTR_RDONLY),
	NAME(MOUNT_ATTR_NOSUID),
	NAME(MOUNT_ATTR_NODEV),
	NAME(MOUNT_ATTR_NOEXEC),
	NAME(MOUNT_ATTR_NOATIME),
	NAME(MOUNT_ATTR_STRICTATIME),
	NAME(MOUNT_ATTR_NODIRATIME),
	NAME(MOUNT_ATTR_IDMAP),
	NAME(MOUNT_ATTR_NOSYMFOLLOW),
};
NAMES(mount_attr_flags);

static const struct name fsopen_flags[] = {
	NAME(FSOPEN_CLOEXEC),
};
NAMES(fsopen_flags);

static const struct name fsmount_flags[] = {
	NAME(FSMOUNT_CLOEXEC),
	NEWER(FSMOUNT_NAMESPACE, 2),
};
NAMES(fsmount_flags);

static const struct name fsconfig_cmd[] = {
	NAME(FSCONFIG_SET_FLAG),
	NAME(FSCONFIG_SET_STRING),
	NAME(FSCONFIG_SET_BINARY),
	NAME(FSCONFIG_SET_PATH),
	NAME(FSCONFIG_SET_PATH_EMPTY),
	NAME(FSCONFIG_SET_FD),
	NAME(FSCONFIG_CMD_CREATE),
	NAME(FSCONFIG_CMD_RECONFIGURE),
	NEWER(FSCONFIG_CMD_CREATE_EXCL, 8),
};
NAMES(fsconfig_cmd);

static const struct name fspick_flags[] = {
	NAME(FSPICK_CLOEXEC),
	NAME(FSPICK_SYMLINK_NOFOLLOW),
	NAME(FSPICK_NO_AUTOMOUNT),
	NAME(FSPICK_EMPTY_PATH),
};
NAMES(fspick_flags);

static const struct name move_mount_flags[] = {
	NAME(MOVE_MOUNT_F_SYMLINKS),
	NAME(MOVE_MOUNT_F_AUTOMOUNTS),
	NAME(MOVE_MOUNT_F_EMPTY_PATH),
	NAME(MOVE_MOUNT_T_SYMLINKS),
	NAME(MOVE_MOUNT_T_AUTOMOUNTS),
	NAME(MOVE_MOUNT_T_EMPTY_PATH),
	NAME(MOVE_MOUNT_SET_GROUP),
	NEWER(MOVE_MOUNT_BENEATH, 0x200),
};
NAMES(move_mount_flags);

static const struct name open_tree_flags[] = {
	NAME(OPEN_TREE_CLONE),
	NEWER(OPEN_TREE_NAMESPACE, 2),
	NAME(AT_SYMLINK_NOFOLLOW),
	NAME(AT_NO_AUTOMOUNT),
	NAME(AT_EMPTY_PATH),
	NAME(AT_RECURSIVE),
	NAME(OPEN_TREE_CLOEXEC),
};
NAMES(open_tree_flags);

static const struct name statmount_flags[] = {
	NEWER(STATMOUNT_BY_FD, 1),
};
NAMES(statmount_flags);

static const struct name listmount_flags[] = {
	NEWER(LISTMOUNT_REVERSE, 1),
};
NAMES(listmount_flags);

static const struct name quota_cmds[] = {
	NAME(Q_XGETQUOTA),
	NAME(Q_XSETQLIM),
	NAME(Q_XQUOTAON),
	NAME(Q_SETQUOTA),
	NAME(Q_XQUOTARM),
	NAME(Q_XGETNEXTQUOTA),
	NAME(Q_XGETQSTATV),
	NAME(Q_GETQUOTA),
	NAME(Q_GETNEXTQUOTA),
	NAME(Q_QUOTAOFF),
	NAME(Q_SETINFO),
	NAME(Q_XGETQSTAT),
	NAME(Q_GETINFO),
	NAME(Q_SYNC),
	NAME(Q_GETFMT),
	NAME(Q_XQUOTAOFF),
	NAME(Q_QUOTAON),
};
NAMES(quota_cmds);

static const struct name umount_flags[] = {
	{ 1, "MNT_FORCE" }, { 2, "MNT_DETACH" }, { 4, "MNT_EXPIRE" }, { 8, "UMOUNT_NOFOLLOW" },
};
NAMES(umount_flags);

static const struct name quota_types[] = {
	{ 0, "USRQUOTA" }, { 1, "GRPQUOTA" }, { 2, "PRJQUOTA" },
};
NAMES(quota_types);

/* The lower bits are a priority. */
static const struct name swap_flags[] = {
	{ 0x8000, "SWAP_FLAG_PREFER" },
	{ 0x10000, "SWAP_FLAG_DISCARD" },
	{ 0x20000, "SWAP_FLAG_DISCARD_ONCE" },
	{ 0x40000, "SWAP_FLAG_DISCARD_PAGES" },
};
NAMES(swap_flags);

/* File systems by the names that mount(8) uses. */
static const struct name fs_magic[] = {
	{ 0xef53, "ext4" }, { 0x58465342, "xfs" }, { 0x9123683e, "btrfs" },
	{ 0x794c7630, "overlay" }, { 0x01021994, "tmpfs" }, { 0x858458f6, "ramfs" },
	{ 0x9fa0, "proc" }, { 0x62656572, "sysfs" }, { 0x27e0eb, "cgroup" },
	{ 0x63677270, "cgroup2" }, { 0x1cd1, "devpts" }, { 0x6969, "nfs" },
	{ 0x65735546, "fuse" }, { 0xff534d42, "cifs" }, { 0xfe534d42, "smb2" },
	{ 0x01021997, "9p" }, { 0x00c36400, "ceph" }, { 0x5346414f, "afs" },
	{ 0xe0f5e1e2, "erofs" }, { 0x73717368, "squashfs" }, { 0x9660, "iso9660" },
	{ 0x15013346, "udf" }, { 0x4d44, "vfat" }, { 0x2011bab0, "exfat" },
	{ 0x5346544e, "ntfs" }, { 0x7366746e, "ntfs3" }, { 0xf2f52010, "f2fs" },
	{ 0x2fc12fc1, "zfs" }, { 0xca451a4e, "bcachefs" }, { 0x64626720, "debugfs" },
	{ 0x74726163, "tracefs" }, { 0xcafe4a11, "bpf" }, { 0x73636673, "securityfs" },
	{ 0xf97cff8c, "selinuxfs" }, { 0x43415d53, "smackfs" }, { 0x62656570, "configfs" },
	{ 0x958458f6, "hugetlbfs" }, { 0x19800202, "mqueue" }, { 0x6165676c, "pstore" },
	{ 0xde5e81e4, "efivarfs" }, { 0x42494e4d, "binfmt_misc" }, { 0x0187, "autofs" },
	{ 0x50495045, "pipefs" }, { 0x534f434b, "sockfs" }, { 0x09041934, "anon_inodefs" },
	{ 0x6e736673, "nsfs" }, { 0x50494446, "pidfs" }, { 0x5345434d, "secretmem" },
	{ 0x444d4142, "dmabuf" }, { 0x6c6f6f70, "binderfs" },
	{ 0xf15f, "ecryptfs" }, { 0x0bd00bd0, "lustre" }, { 0x786f4256, "vboxsf" },
	{ 0xbacbacbc, "vmhgfs" }, { 0x7461636f, "ocfs2" }, { 0x01161970, "gfs2" },
	{ 0x52654973, "reiserfs" }, { 0x3153464a, "jfs" }, { 0x3434, "nilfs2" },
	{ 0x28cd3d45, "cramfs" }, { 0x24051905, "ubifs" }, { 0x72b6, "jffs2" },
	{ 0x7655821, "resctrl" }, { 0x67596969, "rpc_pipefs" },
	{ 0x5dca2df5, "sdcardfs" }, { 0x1badface, "bfs" }, { 0x137f, "minix" },
	{ 0x00011954, "ufs" }, { 0x4244, "hfs" }, { 0x482b, "hfsplus" },
	{ 0x5a4f4653, "zonefs" }, { 0x6e667364, "nfsd" }, { 0x474d454d, "guest_memfd" },
	{ 0xaad7aaea, "panfs" }, { 0x47504653, "gpfs" }, { 0xabba1974, "xenfs" },
};
NAMES(fs_magic);
