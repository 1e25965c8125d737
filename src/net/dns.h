/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a DNS message (RFC 1035, RFC 6891) out of a packet that nobody vouches for.
 *
 * Nothing is allocated and nothing is kept: all that was read is in the caller's struct. Compression
 * pointers lead backwards only, and at most DNS_HOPS_MAX of them make a name. Reading ends at the first
 * thing that is wrong, which malformed names; what was read before that stays.
 */
#ifndef SAKER_NET_DNS_H
#define SAKER_NET_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DNS_HEADER = 12,		/* bytes */
	DNS_MESSAGE_MAX = 65535,	/* bytes, without the two of the length that TCP puts before it */
	DNS_NAME_MAX = 255,		/* bytes of a name, not compressed, with the lengths of labels and the root */
	DNS_LABEL_MAX = 63,		/* bytes */
	DNS_HOPS_MAX = 16,		/* compression pointers of one name */
	DNS_QUESTIONS_MAX = 16,		/* kept of a message */
	DNS_ANSWERS_MAX = 64,		/* kept of a message */
	DNS_TEXT_MAX = 32768,		/* bytes of all names and data of a message, as text */
};

/* Bits of flags, at their places in the header. */
enum {
	DNS_AA = 0x0400,	/* the server has authority */
	DNS_TC = 0x0200,	/* the server cut its message off */
	DNS_RD = 0x0100,	/* recursion desired */
	DNS_RA = 0x0080,	/* recursion available */
	DNS_Z = 0x0040,		/* reserved, zero in good manners */
	DNS_AD = 0x0020,	/* authentic data */
	DNS_CD = 0x0010,	/* checking disabled */
};

/* What is wrong with a message, with the text that tells it. DNS_WELL_FORMED is 0. */
#define DNS_FAULTS(FAULT) \
	FAULT(WELL_FORMED, "") \
	FAULT(EMPTY, "no message")			/* no byte at all */ \
	FAULT(TOO_LONG, "message too long")		/* over 64 KiB */ \
	FAULT(TCP_LENGTH, "wrong TCP length")		/* holds not even a header */ \
	FAULT(HEADER_CUT, "header cut off") \
	FAULT(COUNT, "fewer records than counted") \
	FAULT(RECORD_CUT, "record cut off")		/* question or record runs beyond the message */ \
	FAULT(LABEL_TOO_LONG, "label too long")		/* 64 to 191: or of a kind that RFC 6891 5 leaves reserved */ \
	FAULT(NAME_TOO_LONG, "name too long") \
	FAULT(POINTER_LOOP, "compression pointer into its own name") \
	FAULT(POINTER_FORWARD, "compression pointer forward") \
	FAULT(POINTER_HEADER, "compression pointer into the header") \
	FAULT(TOO_MANY_HOPS, "too many compression pointers") \
	FAULT(DATA_LENGTH, "data beyond the message") \
	FAULT(DATA_FORM, "data not of its type")	/* too short, too long, or the parts do not fit in */ \
	FAULT(EDNS, "wrong EDNS record")		/* a second one, no root as its name, or not in additional */ \
	FAULT(TRAILING, "bytes after the last record")

enum dns_fault {
#define FAULT(name, text) DNS_##name,
	DNS_FAULTS(FAULT)
#undef FAULT
	DNS_FAULTS_COUNT
};

/* Why something is not here although the message may be well formed. Bits. */
enum {
	DNS_CUT_CAPTURE = 1,	/* less was captured than the message has, and reading came to that end */
	DNS_CUT_COUNT = 2,	/* there were more questions or answers than are kept */
	DNS_CUT_TEXT = 4,	/* there was more text than is kept: the last data may be short, later answers are not here */
};

/* Len bytes of printable ASCII in the message's text; a NUL follows. */
struct dns_text {
	uint32_t at, len;
};

struct dns_question {
	struct dns_text name;
	uint16_t type, class;	/* as sent: in multicast DNS the top bit of class asks for a unicast answer */
};

struct dns_answer {
	struct dns_text name, data;
	uint32_t ttl;		/* seconds, as sent */
	uint16_t type, class;	/* as sent: in multicast DNS the top bit of class flushes caches */
};

struct dns_edns {
	bool present, dnssec_ok;
	uint8_t version;
	uint16_t udp_size;	/* bytes that the sender takes */
};

/*
 * Names are labels with dots between and none at the end; the root is ".". A dot within a label is \., and so
 * are " $ ( ) ; @ \ written; bytes that are not printable, and space, are \DDD in decimal (RFC 1035 5.1).
 * Case is as it was sent, and resolvers randomise it: to find equals, compare what dns_fold() made of both.
 *
 * Data is what a zone file would hold, names in it as above: "10.0.0.1", "10 mail.example.org",
 * "\"v=spf1 -all\"", "1 . alpn=\"h2\"". Types unknown here, and classes but Internet, are
 * "\# 4 0a000001" (RFC 3597).
 *
 * Numbers of types, classes, opcodes, rcodes and flags have their names as values of T_dns_type and so on.
 */
struct dns_message {
	bool header;			/* whether there was one: if not, only malformed and cut mean anything */
	bool response;
	uint8_t opcode;
	uint8_t cut;			/* DNS_CUT_ bits */
	uint16_t id;
	uint16_t rcode;			/* with the upper bits that EDNS has */
	uint16_t flags;			/* DNS_AA and so on */
	enum dns_fault malformed;
	uint16_t question_count, answer_count, authority_count, additional_count;	/* what the header claims */
	unsigned questions_kept, answers_kept;
	struct dns_edns edns;		/* its record counts as an additional one, never as an answer */
	struct dns_question questions[DNS_QUESTIONS_MAX];
	struct dns_answer answers[DNS_ANSWERS_MAX];
	char text[DNS_TEXT_MAX];
};

/*
 * Read the message at bytes. Of its length bytes on the wire n were captured; where n is less and reading
 * comes to that end the message is cut, not malformed. With stream two bytes of length are before
 * the message, as TCP has them, and more messages or the begin of one may follow it.
 *
 * Returns how many bytes the message takes, those two included: more than length when the rest of it
 * is in segments to come (then it is cut, too). At least 1 unless length is 0.
 */
size_t dns_read(const void *bytes, size_t n, size_t length, bool stream, struct dns_message *ret);

/* The text of a question's or answer's name or data; valid as long as the message. */
static inline const char *dns_text(const struct dns_message *m, struct dns_text at)
{
	return m->text + at.at;
}

/* What is wrong, "" for DNS_WELL_FORMED. */
const char *dns_fault_text(enum dns_fault fault);

/* Make n bytes of a name lower case where they are ASCII letters: DNS compares names so (RFC 4343). */
void dns_fold(char *name, size_t n);

#endif
