/* SPDX-License-Identifier: Apache-2.0 */
#include "event/names.h"

#include <asm/fcntl.h>
#include <linux/ipc.h>
#include <linux/msg.h>
#include <linux/sem.h>
#include <linux/shm.h>

static const struct name ipc_op[] = {
	NAME(SEMOP),
	NAME(SEMGET),
	NAME(SEMCTL),
	NAME(SEMTIMEDOP),
	NAME(MSGSND),
	NAME(MSGRCV),
	NAME(MSGGET),
	NAME(MSGCTL),
	NAME(SHMAT),
	NAME(SHMDT),
	NAME(SHMGET),
	NAME(SHMCTL),
};
NAMES(ipc_op);

static const struct name ipcget_flags[] = {
	NAME(IPC_CREAT),
	NAME(IPC_EXCL),
	NAME(IPC_NOWAIT),
};
NAMES(ipcget_flags);

static const struct name msgop_flags[] = {
	NAME(IPC_NOWAIT),
	NAME(MSG_NOERROR),
	NAME(MSG_EXCEPT),
	NAME(MSG_COPY),
};
NAMES(msgop_flags);

static const struct name msg_cmd[] = {
	NAME(IPC_RMID),
	NAME(IPC_SET),
	NAME(IPC_STAT),
	NAME(IPC_INFO),
	NAME(MSG_STAT),
	NAME(MSG_INFO),
	NAME(MSG_STAT_ANY),
};
NAMES(msg_cmd);

static const struct name sem_cmd[] = {
	NAME(IPC_RMID),
	NAME(IPC_SET),
	NAME(IPC_STAT),
	NAME(IPC_INFO),
	NAME(GETPID),
	NAME(GETVAL),
	NAME(GETALL),
	NAME(GETNCNT),
	NAME(GETZCNT),
	NAME(SETVAL),
	NAME(SETALL),
	NAME(SEM_STAT),
	NAME(SEM_INFO),
	NAME(SEM_STAT_ANY),
};
NAMES(sem_cmd);

static const struct name shmget_flags[] = {
	NAME(IPC_CREAT),
	NAME(IPC_EXCL),
	NAME(SHM_HUGE_1GB),
	NAME(SHM_HUGE_2MB),
	NAME(SHM_HUGETLB),
	NAME(SHM_NORESERVE),
};
NAMES(shmget_flags);

static const struct name shmat_flags[] = {
	NAME(SHM_RDONLY),
	NAME(SHM_RND),
	NAME(SHM_REMAP),
	NAME(SHM_EXEC),
};
NAMES(shmat_flags);

static const struct name shm_cmd[] = {
	NAME(IPC_RMID),
	NAME(IPC_SET),
	NAME(IPC_STAT),
	NAME(IPC_INFO),
	NAME(SHM_LOCK),
	NAME(SHM_UNLOCK),
	NAME(SHM_STAT),
	NAME(SHM_INFO),
	NAME(SHM_STAT_ANY),
};
NAMES(shm_cmd);

/* 32-bit callers ask for the newer structs by this bit. */
static const struct name ipc_versions[] = { { 0x100, "IPC_64" } };
NAMES(ipc_versions);
