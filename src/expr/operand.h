/* SPDX-License-Identifier: Apache-2.0 */
/* What can be compared: the fields of a record by name, and where their value is for each event. */
#ifndef SAKER_EXPR_OPERAND_H
#define SAKER_EXPR_OPERAND_H

#include <stdint.h>

#include "event/type.h"
#include "expr/expr.h"

enum class {
	CLASS_NONE, CLASS_NUM, CLASS_TEXT, CLASS_LIST, CLASS_ADDR, CLASS_BYTES, CLASS_EVENT, CLASSES
};

enum get {
	GET_HEAD4,	/* four bytes at off */
	GET_ASKED,	/* likewise, where the record has it: see WHO_SESSION */
	GET_NUM,	/* eight bytes at off, of them as many bits as the type has */
	GET_FIGURE,	/* likewise, none when it is unknown */
	GET_ERRNO, GET_FAILED,
	GET_TOLD,	/* likewise, but what its names mean an argument before it tells: see value_told */
	GET_COMM, GET_SPAN, GET_WIRE_ADDR, GET_SOCKADDR,
	GET_SHOWN,	/* the text that is shown of bytes */
	GET_PROCESS,	/* arg: enum process_part */
	GET_PARENT,	/* likewise, of the parent it has now */
	GET_ANCESTOR,	/* likewise, of the one at depth; while it is looked up, of any */
	GET_ANCESTORS,	/* likewise, each of them a value */
	GET_USER,	/* arg: enum user_part */
	GET_SINCE,	/* time from what lies at off to the event */
	GET_FD,		/* arg: enum fd_part; from a fact, or from fields of the event */
	GET_END,	/* arg: enum end_part, an address or port; likewise */
	GET_CGROUP,	/* path of its cgroup */
	GET_UNIT,	/* arg: enum unit_part; of that path */
	GET_CONTAINER,	/* arg: enum container_part */
	GET_OPEN,	/* arg: access mode that a set of flags has */
	GET_NEST,	/* two bytes at off */
	GET_SEQ,	/* which the kernel's filters come too early for */
	GET_ABI, GET_LANE, GET_HOSTNAME,
	GET_FLAWS,	/* names of the fields whose bits are set at off */
	GET_EVENT, GET_CATEGORY, GET_DIRECTION,
	GET_ARG,	/* args.NAME, until it is looked up */
	GET_RET,	/* likewise */
};

enum process_part {
	PART_PID, PART_NAME, PART_EXE, PART_CWD, PART_TTY, PART_ARGS, PART_EXELINE, PART_CMDLINE,
	PART_CHAIN, PART_PREVIOUS,	/* what it ran before */
	PART_SHA256,
	PART_DEV, PART_INO, PART_CTIME, PART_DELETED, PART_MEMFD, PART_UPPER,	/* of its executable */
};

/* Until a runtime's files were read, only the id is known, and the uid and class of its pod. */
enum container_part {
	PART_CONTAINER_ID, PART_CONTAINER_ENRICHMENT, PART_CONTAINER_NAME, PART_CONTAINER_IMAGE, PART_CONTAINER_REPOSITORY, PART_CONTAINER_TAG, PART_CONTAINER_DIGEST,
	PART_CONTAINER_IMAGE_ID, PART_CONTAINER_TYPE, PART_CONTAINER_OUTER, PART_CONTAINER_USER, PART_CONTAINER_CLAIMED,
	PART_CONTAINER_PRIVILEGED, PART_CONTAINER_HOST_PID, PART_CONTAINER_HOST_NETWORK, PART_CONTAINER_HOST_IPC,
	PART_CONTAINER_SANDBOX, PART_CONTAINER_START, PART_CONTAINER_DURATION, PART_CONTAINER_MOUNTS, PART_CONTAINER_LABELS,
	PART_CONTAINER_LABEL,	/* by its key in brackets */
	PART_POD_NAMESPACE, PART_POD_NAME, PART_POD_UID, PART_POD_SANDBOX, PART_POD_QOS, PART_POD_LABELS,
	PART_POD_LABEL,		/* likewise */
};

/* Of systemd; around the container of who is in one. */
enum unit_part { UNIT_NAME, UNIT_SLICE, UNIT_SESSION };

enum { OPERAND_DEPTH_MAX = 64 };	/* of an ancestor that is asked for by number */

enum fd_part {
	FD_NUM, FD_NAME, FD_FILENAME, FD_DIRECTORY, FD_TYPE, FD_TYPECHAR, FD_DEV, FD_INO,
	FD_L4PROTO, FD_FAMILY,
	FD_SOCKET_FAMILY, FD_SOCKET_TYPE, FD_PROTO, FD_STATE, FD_DELETED, FD_CREATED,
};

/* Which ends of a connection; ports are the same, plus END_PORT. */
enum end_part { END_LOCAL, END_REMOTE, END_SERVER, END_CLIENT, END_ANY, END_PORT = 8 };

/* Where the value of an operand is in the records of one event. */
struct access {
	uint8_t class, type, get, arg;
	uint8_t bits;		/* GET_NUM: 16, 32, 64; 0: as wide as the caller's registers */
	bool sign;
	bool dated;		/* of a time: since 1970, not since boot */
	uint8_t depth;		/* GET_ANCESTOR: 0 is the process itself, 1 who started it */
	const char *key;	/* GET_CONTAINER, of a label, with its closing bracket; the caller's */
	uint16_t off;
	uint16_t via;		/* functions of the text, see transform.h */
	uint16_t event;		/* where a field is on the right side, too: the event; else 0 */
	uint16_t remote;	/* GET_END: off of the other end or 0, in a call of the argument that may
				 * name it; GET_FD: off is a family's */
};

struct operand {
	const char *name;
	uint8_t class, type, get, arg;
	uint16_t off;
	const char *doc;
};

/* The operand of a name or alias; NULL when unknown. args.NAME is one operand, *arg is its NAME; of
 * proc.aname[2] *arg is what follows the bracket. */
const struct operand *operand_find(const char *name, const char **arg);

/* Whether a number may follow the name in brackets, and the one that does: -1 if it is none or too
 * large. */
bool operand_indexed(const struct operand *operand);

/* Whether a key must follow in brackets. */
bool operand_keyed(const struct operand *operand);

int operand_index(const char *arg);

/* Fill in where its value is; false when the event has none. */
bool operand_access(const struct operand *operand, const char *arg, unsigned id,
		    struct access *ret);

/* Which end the server is in this event: END_LOCAL, END_REMOTE, or END_ANY when ports have to tell. */
enum end_part end_of_server(unsigned id);

/* Whether only the files of a runtime tell it. */
bool access_asks_files(const struct access *access);

/* The name that may have been meant, NULL if none is near. buf holds it. */
const char *operand_nearest(const char *name, char buf[static 64]);

/* Of a type of number: its bits, 0 for as wide as registers. */
unsigned type_bits(enum type type);
bool type_signed(enum type type);

/* Bits that hold a choice rather than flags; 0 for none. */
uint64_t type_choice_bits(enum type type);

bool type_has_flags(enum type type);

/* Whether it is one of several values that have names. */
bool type_named(enum type type);

/* Of such a type the values whose names contain the text, at most max of them; how many there are. */
size_t type_names_with(enum type type, const char *part, uint64_t *values, size_t max);

/* Whether < means something. */
bool type_ordered(enum type type);

/* The value's name that may have been meant, NULL if none is near. */
const char *type_nearest(enum type type, const char *name);

#endif
