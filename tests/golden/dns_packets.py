#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""dns_packets.py CAPTURE.pcap > dns.packets - packets of the DNS, and what a reader must find in them.

What is sound is told by dnspython, never by saker: messages of dig and dnsmasq that CAPTURE holds, messages of
scapy, and messages of dnspython. What is broken is put together here byte by byte, so it is known where reading
must end; dnspython must refuse it, too, but for what it is known to let pass. Needs python3-dnspython and
python3-scapy.
"""
import random
import struct
import sys

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.update
from scapy.all import DNS, DNSQR, DNSRR, DNSRROPT, TCP, UDP, rdpcap

rng = random.Random(53)
seen = set()
FLAGS = ((0x400, "AA"), (0x200, "TC"), (0x100, "RD"), (0x80, "RA"), (0x40, "Z"), (0x20, "AD"), (0x10, "CD"))
OPCODES = {0: "QUERY", 1: "IQUERY", 2: "STATUS", 4: "NOTIFY", 5: "UPDATE", 6: "DSO"}
CLASSES = {1: "IN", 3: "CH", 4: "HS", 254: "NONE", 255: "ANY"}
LATER_TYPES = {128: "NXNAME"}
LATER_KEYS = {7: "dohpath", 8: "ohttp"}
CUT_CAPTURE, CUT_COUNT = 1, 2


def put(line):
    sys.stdout.write(line + "\n")


def packet(mode, wire, expected, note=None):
    key = (mode, wire)
    if key in seen:
        return
    seen.add(key)
    if note:
        put("# " + note)
    put(f"{mode} {wire.hex() or '-'}")
    put(expected)


# --- how an expectation is written


def type_text(number):
    return LATER_TYPES.get(number) or dns.rdatatype.to_text(number)


def class_text(number):
    return CLASSES.get(number, f"CLASS{number}")


def head(wire, rcode=None, edns=None):
    ident, bits, *counts = struct.unpack("!6H", wire[:12])
    opcode = bits >> 11 & 15
    rcode = bits & 15 if rcode is None else rcode
    flags = "|".join(name for bit, name in FLAGS if bits & bit) or "0"
    text = "response" if bits >> 15 else "query"
    text += f" {ident} {OPCODES.get(opcode, f'OPCODE{opcode}')} "
    try:
        text += dns.rcode.Rcode(rcode).name
    except ValueError:
        text += f"RCODE{rcode}"
    text += f" {flags} {'/'.join(map(str, counts))}"
    if edns:
        text += " edns={},{}{}".format(*edns[:2], ",DO" if edns[2] else "")
    return text


def whole(start, fault, cut, kept):
    text = start
    if fault:
        text += f' malformed="{fault}"'
    if cut:
        text += f" cut={cut}"
    return " | ".join([text] + kept)


# --- what dnspython finds


def name_text(name):
    return name.to_text(omit_final_dot=True)


def data_text(rd):
    kind = type_text(rd.rdtype)
    n = name_text
    if rd.rdclass not in (1, 0x8001) and kind in ("A", "AAAA", "SRV", "NAPTR", "HTTPS", "SVCB", "KX", "PX"):
        kind = "other"
    q = lambda b: '"' + dns.rdata._escapify(b) + '"'
    forms = {
        "A": lambda: rd.address,
        "AAAA": lambda: rd.address,
        "MX": lambda: f"{rd.preference} {n(rd.exchange)}",
        "AFSDB": lambda: f"{rd.subtype} {n(rd.hostname)}",
        "RT": lambda: f"{rd.preference} {n(rd.exchange)}",
        "KX": lambda: f"{rd.preference} {n(rd.exchange)}",
        "PX": lambda: f"{rd.preference} {n(rd.map822)} {n(rd.mapx400)}",
        "RP": lambda: f"{n(rd.mbox)} {n(rd.txt)}",
        "SOA": lambda: f"{n(rd.mname)} {n(rd.rname)} {rd.serial} {rd.refresh} {rd.retry} {rd.expire} {rd.minimum}",
        "SRV": lambda: f"{rd.priority} {rd.weight} {rd.port} {n(rd.target)}",
        "TXT": lambda: " ".join(q(s) for s in rd.strings),
        "SPF": lambda: " ".join(q(s) for s in rd.strings),
        "HINFO": lambda: f"{q(rd.cpu)} {q(rd.os)}",
        "NAPTR": lambda: f"{rd.order} {rd.preference} {q(rd.flags)} {q(rd.service)} {q(rd.regexp)} {n(rd.replacement)}",
        "CAA": lambda: f"{rd.flags} {rd.tag.decode()} {q(rd.value)}",
        "URI": lambda: f"{rd.priority} {rd.weight} {q(rd.target)}",
        "DS": lambda: f"{rd.key_tag} {rd.algorithm} {rd.digest_type} {rd.digest.hex()}",
        "CDS": lambda: f"{rd.key_tag} {rd.algorithm} {rd.digest_type} {rd.digest.hex()}",
        "SSHFP": lambda: f"{rd.algorithm} {rd.fp_type} {rd.fingerprint.hex()}",
        "TLSA": lambda: f"{rd.usage} {rd.selector} {rd.mtype} {rd.cert.hex()}",
        "SMIMEA": lambda: f"{rd.usage} {rd.selector} {rd.mtype} {rd.cert.hex()}",
        "SVCB": lambda: service_text(rd),
        "HTTPS": lambda: service_text(rd),
    }
    for plain in ("CNAME", "NS", "PTR", "DNAME"):
        forms[plain] = lambda: n(rd.target)
    if kind in forms:
        return forms[kind]()
    wire = rd.to_wire()
    return f"\\# {len(wire)} {wire.hex()}".rstrip()


def service_text(rd):
    text = f"{rd.priority} {name_text(rd.target)}"
    for key, value in sorted(rd.params.items()):
        shown = LATER_KEYS.get(key) or dns.rdtypes.svcbbase.key_to_text(key)
        text += " " + shown + ("" if value is None else "=" + value.to_text())
    return text


def found(wire):
    try:
        m = dns.message.from_wire(wire, one_rr_per_rrset=True)
    except (dns.exception.FormError, ValueError):
        # It wants more of an update than that it is well formed, and knows not every opcode.
        m = dns.message.from_wire(wire[:2] + bytes([wire[2] & 0x87]) + wire[3:], one_rr_per_rrset=True)
    edns = None
    if m.edns >= 0:
        edns = (m.edns, m.payload, bool(m.ednsflags & dns.flags.DO))
    kept = [f"{name_text(q.name)} {class_text(q.rdclass)} {type_text(q.rdtype)}" for q in m.sections[0]]
    for rrset in m.sections[1][:64]:
        rd = rrset[0] if len(rrset) else None
        # An update has records without data, told by a class that the set does not have.
        data = data_text(rd) if rd else "\\# 0"
        kind = rrset.deleting if getattr(rrset, "deleting", None) else rrset.rdclass
        kept.append(f"{name_text(rrset.name)} {rrset.ttl} {class_text(kind)} {type_text(rrset.rdtype)} {data}")
    return head(wire, int(m.rcode()), edns), kept, len(m.sections[1]) > 64


def sound(mode, wire, note=None):
    start, kept, more = found(wire)
    expected = whole(start, "", CUT_COUNT if more else 0, kept)
    packet(mode, (struct.pack("!H", len(wire)) if mode == "tcp" else b"") + wire, expected, note)


# --- sound packets


def captured(path):
    rest = {}
    for p in rdpcap(path):
        if UDP in p:
            sound("udp", bytes(p[UDP].payload))
        elif TCP in p and bytes(p[TCP].payload):
            key = (p[TCP].sport, p[TCP].dport)
            data = rest.get(key, b"") + bytes(p[TCP].payload)
            while len(data) >= 2 and len(data) >= 2 + struct.unpack("!H", data[:2])[0]:
                n = 2 + struct.unpack("!H", data[:2])[0]
                sound("tcp", data[2:n])
                data = data[n:]
            rest[key] = data


def of_scapy():
    for i, kind in enumerate(("A", "AAAA", "MX", "TXT", "PTR", "NS")):
        sound("udp", bytes(DNS(id=i, rd=i % 2, qd=DNSQR(qname=f"q{i}.example.net", qtype=kind))))
    for i in range(6):
        answers = DNSRR(rrname="scapy.example.net", rdata=f"198.51.100.{i}", ttl=i * 1000)
        for j in range(i):
            answers = answers / DNSRR(rrname="scapy.example.net", type="CNAME", rdata=f"c{j}.example.net", ttl=j)
        sound("udp", bytes(DNS(id=100 + i, qr=1, aa=i & 1, ancount=i + 1, qd=DNSQR(qname="scapy.example.net"),
                               an=answers, ar=DNSRROPT(rclass=1232 + i))))


RECORDS = """A 192.0.2.1|A 0.0.0.0|A 255.255.255.255|AAAA ::|AAAA 2001:db8::1|AAAA ::ffff:192.0.2.1
AAAA fe80:1:2:3:4:5:6:7|AAAA 1:0:0:2:0:0:0:3|CNAME target.example.com.|CNAME .|NS ns1.example.com.|PTR host.example.com.
DNAME other.example.com.|MX 0 .|MX 10 mail.example.com.|MX 65535 a.very.deep.name.of.mail.example.com.
TXT ""|TXT "a" "b" "c"|TXT "quote \\" and \\\\ and \\000\\255"|TXT "v=DKIM1; k=rsa; p=MIGf"|SPF "v=spf1 -all"
SRV 0 0 0 .|SRV 1 65535 443 srv.example.com.|SOA ns.example.com. hostmaster.example.com. 2026112301 7200 3600 1209600 300
SOA . . 0 0 0 0 4294967295|HINFO "PDP-11" "UNIX"|RP who\\.is.example.com. text.example.com.|AFSDB 1 afs.example.com.
RT 2 relay.example.com.|KX 1 kx.example.com.|PX 10 map.example.com. x400.example.com.
NAPTR 100 50 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .|CAA 0 issue "ca.example.net"|CAA 128 iodef "mailto:x@example.com"
CAA 0 issuewild ""|URI 10 1 "ftp://ftp.example.com/public"|DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
CDS 0 0 0 00|SSHFP 2 1 123456789abcdef67890123456789abcdef67890
TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef|SMIMEA 3 0 0 00ff
HTTPS 0 alias.example.com.|HTTPS 1 .|HTTPS 1 . alpn="h2,h3" ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1,2001:db8::2
HTTPS 16 svc.example.com. mandatory=alpn,port alpn=h3 port=8443|SVCB 1 dot.example.com. alpn=dot port=853
SVCB 2 . alpn=h2 no-default-alpn ech="AEX+DQBBAAAgACA="|SVCB 1 . key667="hello \\"x\\" \\210"|SVCB 1 . key7="/q{?dns}"|SVCB 1 . key8
DNSKEY 256 3 8 AwEAAcw=|NSEC next.example.com. A MX RRSIG|LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
TYPE65280 \\# 4 0a000001|TYPE65535 \\# 0|NSEC3PARAM 1 0 10 aabbccdd|EUI48 00-00-5e-00-53-2a|OPENPGPKEY AwEAAcw="""
NAMES = ("example.com.", "eXaMpLe.CoM.", ".", "_dmarc.example.com.", "a\\.b.example.com.", "sp\\032ace.example.com.",
         "\\000\\001\\255.example.com.", "x\\\\y.example.com.", "\\\"\\$\\(\\)\\;\\@.example.com.", "*.example.com.",
         "xn--bcher-kva.example.com.", "b\\195\\188cher.example.com.", "a" * 63 + ".example.com.",
         ".".join(["b" * 63] * 3 + ["c" * 61]) + ".", ".".join("d" * 127) + ".", "\\255" * 63 + ".example.com.")


def response(name, records, **options):
    q = dns.message.make_query(name, "A", **options)
    q.id = rng.randrange(65536)
    r = dns.message.make_response(q, recursion_available=rng.random() < 0.5)
    r.answer = [dns.rrset.from_text(dns.name.from_text(name), rng.randrange(1 << 31), "IN", *record.split(" ", 1))
                for record in records]
    if rng.random() < 0.3:
        r.flags |= rng.choice((dns.flags.AA, dns.flags.AD, dns.flags.CD))
    return r


def of_dnspython():
    records = RECORDS.replace("\n", "|").split("|")
    for record in records:
        sound("udp", response("example.com.", [record]).to_wire(), record.split()[0])
    for name in NAMES:
        sound("udp", response(name, ["CNAME " + name]).to_wire())
    for i in range(40):
        options = {} if i % 2 else {"use_edns": 0, "payload": 512 + 17 * i, "want_dnssec": i % 4 == 0}
        chosen = [rng.choice(records) for _ in range(rng.randrange(2, 9))]
        sound("tcp" if i % 5 == 0 else "udp", response(rng.choice(NAMES), chosen, **options).to_wire())


def of_header():
    for opcode in (1, 2, 3, 4, 6, 7, 15):
        wire = bytearray(dns.message.make_query("op.example.com.", "SOA").to_wire())
        wire[0:3] = bytes((0, opcode, wire[2] & 0x87 | opcode << 3))
        sound("udp", bytes(wire))
    for rcode in (*range(24), 100, 4095):
        r = response("rcode.example.com.", [], **({"use_edns": 0} if rcode > 15 else {}))
        r.set_rcode(rcode)
        sound("udp", r.to_wire())
    for bit in range(4, 11):
        sound("udp", struct.pack("!6H", 7, 0x8000 | 1 << bit, 0, 0, 0, 0))
    for kind in (1, 2, 28, 41, 65, 128, 252, 255, 257, 32768, 65280, 65535):
        if kind != 41:
            sound("udp", struct.pack("!6H", kind, 0x100, 1, 0, 0, 0) + b"\1q\0" + struct.pack("!2H", kind, 1))
    for kind in (1, 2, 3, 4, 254, 255, 0x8001):
        sound("udp", struct.pack("!6H", kind, 0x100, 1, 0, 0, 0) + b"\1c\0" + struct.pack("!2H", 16, kind))
    sound("udp", struct.pack("!6H", 9, 0x8400, 1, 1, 0, 0) + b"\7version\4bind\0\0\x10\0\3\xc0\x0c\0\x10\0\3\0\0\0\0\0\4\3abc")
    chaos = message([question()], [record(b"\0\1\2", klass=3), record(b"\0\1\2", kind=28, klass=4)])
    sound("udp", chaos, "data that the Internet's class alone has")
    multicast = message([question()], [record(klass=0x8001)])
    packet("udp", multicast, whole(head(multicast), "", 0, [Q, ANSWER.replace("IN", "CLASS32769")]), "by multicast")
    stateful = message(bits=6 << 11) + b"\0\1\0\4\0\0\x3a\x98"
    packet("udp", stateful, whole(head(stateful), "", 0, []), "no records, so no bytes behind the last of them")
    update = dns.update.Update("example.com.")
    update.id = 4
    update.add("new", 300, "A", "192.0.2.3")
    sound("udp", update.to_wire())


Q = "example.com IN A"
ANSWER = "example.com 300 IN A 192.0.2.1"


def question(name=b"\7example\3com\0", kind=1):
    return name + struct.pack("!2H", kind, 1)


def record(data=b"\xc0\0\2\1", owner=b"\xc0\x0c", kind=1, length=None, klass=1):
    return owner + struct.pack("!2HIH", kind, klass, 300, len(data) if length is None else length) + data


def message(*parts, counts=None, bits=0x8180):
    """Parts are a list of questions, of answers, of authority and of additional records."""
    lists = list(parts) + [[]] * (4 - len(parts))
    return struct.pack("!6H", 0x1234, bits, *(counts or map(len, lists))) + b"".join(b"".join(part) for part in lists)


def of_bounds():
    sound("udp", message([question()] * 16), "as many questions as are kept")
    sound("udp", message([question()], [record()] * 64), "as many answers as are kept")
    sound("udp", message([question()], [record()] * 65))
    sound("udp", message([question()], [record()] * 100, [], [record(b"", b"\0", 41, klass=512)]))
    sound("tcp", message([question()], [record()] * 300))
    sound("udp", message([question()], [], [record(b"\xc0\x0c", kind=2)] * 70, [record()] * 70))
    sound("udp", message([question()], chain(16)), "sixteen pointers")
    wire = message([question()], [record(), record(bytes(16), kind=28), record(b"\3www\xc0\x0c", kind=5)])
    start = head(wire)
    kept = ["example.com IN A", "example.com 300 IN A 192.0.2.1", "example.com 300 IN AAAA ::",
            "example.com 300 IN CNAME www.example.com"]
    ends = (29, 45, 73, len(wire))
    for n in (0, 1, 11, 12, 13, 20, 28, 29, 30, 40, 44, 45, 50, 60, 72, 73, 80, 84, 90):
        whole_ones = sum(end <= n for end in ends)
        packet(f"udp+{len(wire) - n}", wire[:n], whole(start if n >= 12 else "none", "", CUT_CAPTURE, kept[:whole_ones]))
    for n in (0, 1, 2, 13, 14, 31, 50):
        body = struct.pack("!H", len(wire)) + wire
        whole_ones = sum(end + 2 <= n for end in ends)
        packet("tcp", body[:n], whole("none" if n < 14 else start, "no message" if not n else "", n and CUT_CAPTURE,
                                      kept[:whole_ones]))
    packet("tcp", struct.pack("!H", len(wire)) + wire + b"\0\x20next", whole(start, "", 0, kept), "and the next begins")


# --- broken packets

KNOWN_LAX = ("compression pointer into the header", "too many compression pointers")


def broken(fault, wire, kept, note="", mode="udp", start=None, lax=False, edns=None):
    if len(wire) >= 12 and mode == "udp" and not lax and fault not in KNOWN_LAX:
        try:
            dns.message.from_wire(wire)
            sys.exit(f"dnspython takes this as sound: {fault}, {note}: {wire.hex()}")
        except dns.exception.DNSException:
            pass
    packet(mode, wire, whole(start or head(wire, edns=edns), fault, 0, kept), note or None)


def in_places(fault, name, note=""):
    """A broken name where names are: name is bytes, or is made from the place where it begins."""
    make = name if callable(name) else lambda at: name
    broken(fault, message([question(make(12))]), [], note)
    broken(fault, message([question(), question(make(29))]), [Q])
    broken(fault, message([question()], [record(owner=make(29))]), [Q])
    broken(fault, message([question()], [record(), record(owner=make(45))]), [Q, ANSWER])
    broken(fault, message([question()], [record(make(41), kind=5)]), [Q], "in data")
    broken(fault, message([question()], [record(), record(b"\0\5" + make(59), kind=15)]), [Q, ANSWER])
    broken(fault, message([question()], [record()], [record(make(57), kind=2)]), [Q, ANSWER], "in authority")
    broken(fault, message([question()], [record()], [], [record(owner=make(45))]), [Q, ANSWER], "in additional")


def pointer(at):
    return struct.pack("!H", 0xc000 | at)


def chain(hops):
    """Answers: the data of the first are pointers, each to the one before; the second's name takes so many."""
    data = pointer(12) + b"".join(pointer(41 + 2 * i) for i in range(hops - 2))
    return record(data, kind=65280), record(owner=pointer(41 + len(data) - 2))


def of_counts():
    for n in range(12):
        packet("tcp", struct.pack("!H", n) + bytes(n), whole("none", "wrong TCP length", 0, []))
    packet("tcp", b"\0\1" + message([question()]), whole("none", "wrong TCP length", 0, []))
    packet("udp", b"", whole("none", "no message", 0, []))
    for n in range(1, 12):
        packet("udp", message()[:n], whole("none", "header cut off", 0, []))
    fewer = "fewer records than counted"
    for more in (1, 2, 255, 65535):
        broken(fewer, message(counts=(more, 0, 0, 0)), [])
        broken(fewer, message([question()], counts=(1 + more & 65535 or 2, 0, 0, 0)), [Q])
        broken(fewer, message([question()], counts=(1, more, 0, 0)), [Q])
        broken(fewer, message([question()], [record()], counts=(1, max(more, 2), 0, 0)), [Q, ANSWER])
        broken(fewer, message([question()], [record()], counts=(1, 1, more, 0)), [Q, ANSWER])
        broken(fewer, message([question()], [record()], [record()], counts=(1, 1, 1, more)), [Q, ANSWER])
    after = "bytes after the last record"
    for rest in (b"\0", b"\0\0", b"junk", bytes(100), record()):
        broken(after, message([question()]) + rest, [Q], f"{len(rest)} bytes more")
        broken(after, message([question()], [record()]) + rest, [Q, ANSWER])
    broken(after, message() + b"GET / HTTP/1.1", [])


def of_lengths():
    wire = message([question()], [record(), record(b"\0\5\4mail\xc0\x0c", kind=15)])
    for n in range(13, len(wire)):
        if n in (29, 45):
            continue
        kept = [Q, ANSWER][:(n > 29) + (n > 45)]
        inside = 41 <= n < 45 or n >= 57
        broken("data beyond the message" if inside else "record cut off", wire[:n], kept)
    for length in (5, 6, 100, 32767, 65535):
        broken("data beyond the message", message([question()], [record(length=length)]), [Q])
        broken("data beyond the message", message([question()], [record()], [record(length=length)]), [Q, ANSWER])
        broken("data beyond the message", message([question()], [], [], [record(b"", b"\0", 41, length)]), [Q])


def of_names():
    for n in (64, 65, 100, 127, 128, 129, 191):
        broken("label too long", message([question(bytes([n]) + b"x" * n + b"\0")]), [])
    in_places("label too long", b"\x40" + b"x" * 64 + b"\0", "64 bytes")
    in_places("label too long", b"\x03www\x80x\0", "the other reserved kind")
    long = (b"\x3f" + b"x" * 63) * 3
    in_places("name too long", long + b"\x3e" + b"y" * 62 + b"\0", "256 bytes")
    in_places("name too long", b"\1a" * 127 + b"\1b\0", "many labels")
    broken("name too long", message([question(long + b"\0")], [record(owner=b"\x3f" + b"z" * 63 + b"\xc0\x0c")]),
           [".".join(["x" * 63] * 3) + " IN A"], "by what a pointer leads to")
    in_places("compression pointer into its own name", pointer, "to itself")
    in_places("compression pointer into its own name", lambda at: b"\3abc" + pointer(at), "to its first label")
    in_places("compression pointer into its own name", lambda at: b"\3abc\3def" + pointer(at + 4), "to its second label")
    broken("compression pointer into its own name",
           message([question()], [record(pointer(41), kind=65280), record(owner=pointer(41))]),
           [Q, "example.com 300 IN TYPE65280 \\# 2 c029"], "in two steps")
    in_places("compression pointer forward", lambda at: pointer(at + 2), "right behind itself")
    in_places("compression pointer forward", lambda at: b"\3www" + pointer(at + 40))
    in_places("compression pointer forward", b"\xff\xff", "as far as can be")
    for n in range(12):
        broken("compression pointer into the header", message([question(pointer(n))]), [])
    broken("compression pointer into the header", message([question()], [record(b"\3www" + pointer(2), kind=5)]), [Q])
    for hops in (17, 18, 40, 100):
        data = chain(hops)[0][12:]
        first = f"example.com 300 IN TYPE65280 \\# {len(data)} {data.hex()}"
        broken("too many compression pointers", message([question()], chain(hops)), [Q, first])


SERVICE = b"\0\1\0"
FORMS = (
    (1, b""), (1, b"\x0a"), (1, bytes(3)), (1, bytes(5)), (1, bytes(16)), (28, b""), (28, bytes(4)), (28, bytes(15)),
    (28, bytes(17)), (5, b""), (5, b"\3www"), (5, b"\3ww"), (5, b"\3www\0x"), (5, b"\xc0"), (2, b"\xc0\x0c\0"), (12, b""),
    (15, b""), (15, b"\0"), (15, b"\0\1"), (15, b"\0\1\1a"), (15, b"\0\1\0\0"), (16, b"\5abc"), (16, b"\3abc\4"),
    (33, bytes(5)), (33, bytes(6)), (33, bytes(8)), (6, b"\0\0" + bytes(19)), (6, b"\0\0" + bytes(21)), (6, b"\0"),
    (13, b"\1a"), (13, b"\1a\1b\1c"), (35, bytes(4)), (35, bytes(7)), (257, b""), (257, b"\0"), (257, b"\0\4iss"),
    (257, b"\0\0x"), (43, b"\0\1\5"), (44, b"\1"), (52, b"\3\1"), (256, b"\0\1\0"), (39, b"\1x"),
    (65, b"\0"), (65, b"\0\1"), (65, SERVICE + b"\0"), (65, SERVICE + b"\0\1\0"), (65, SERVICE + b"\0\1\0\5\2h2"),
    (65, SERVICE + b"\0\1\0\3\5h2"), (65, SERVICE + b"\0\3\0\1\1"), (65, SERVICE + b"\0\3\0\3\1\2\3"),
    (65, SERVICE + b"\0\4\0\3\1\2\3"), (65, SERVICE + b"\0\6\0\4\1\2\3\4"), (65, SERVICE + b"\0\0\0\1\1"),
    (65, SERVICE + b"\0\2\0\1\1"), (65, SERVICE + b"\0\3\0\2\1\1\0\1\0\3\2h2"), (64, SERVICE + b"\0\1\0\1"),
    (64, b"\0\1\3www"), (65, SERVICE + b"\0\1\0\1\0"),
)
LAX_FORMS = (
    (16, b""), (64, SERVICE + b"\0\1\0\3\2h2\0\1\0\3\2h3"),
    (257, b"\0\3a-bx"), (43, b"\0\1\5\1"), (44, b"\1\1"), (52, b"\3\1\1"), (65, SERVICE + b"\0\1\0\0"),
    (65, SERVICE + b"\0\4\0\0"), (64, SERVICE + b"\0\0\0\0"), (59, b"\0\1\5\1"),
)


def of_forms():
    fault = "data not of its type"
    for i, (kind, data) in enumerate(FORMS + LAX_FORMS):
        lax = i >= len(FORMS)
        broken(fault, message([question()], [record(), record(data, kind=kind)]), [Q, ANSWER], type_text(kind), lax=lax)
        if i % 4 == 0:
            broken(fault, message([question()], [], [record(data, kind=kind)], [record()]), [Q], lax=lax)
    opt = lambda data=b"", owner=b"\0": record(data, owner, 41, klass=1232)
    wrong = "wrong EDNS record"
    broken(wrong, message([question()], [opt()]), [Q], "no answer")
    broken(wrong, message([question()], [record(), opt()]), [Q, ANSWER])
    broken(wrong, message([question()], [], [opt()]), [Q], "no authority")
    broken(wrong, message([question()], [], [], [opt(owner=b"\xc0\x0c")]), [Q], "not the root's")
    broken(wrong, message([question()], [], [], [opt(owner=b"\1x\0")]), [Q])
    for other in ([opt()], [record(), opt()], [opt(), record()]):
        broken(wrong, message([question()], [record()], [], [opt()] + other), [Q, ANSWER], edns=(0, 1232, False))
    for data in (b"\0", b"\0\3\0", b"\0\3\0\1", b"\0\3\0\0\0", b"\0\3\xff\xffabc"):
        broken(fault, message([question()], [record()], [], [opt(data)]), [Q, ANSWER], "option", edns=(0, 1232, False))


def main():
    put("# What dns_packets.py made of real tools' messages. A line of how a packet came, and its bytes; then what it says.")
    captured(sys.argv[1])
    of_scapy()
    of_dnspython()
    of_header()
    of_bounds()
    put("# Broken from here on.")
    first = len(seen)
    of_counts()
    of_lengths()
    of_names()
    of_forms()
    put(f"# {first} sound or merely cut, {len(seen) - first} broken.")


main()
