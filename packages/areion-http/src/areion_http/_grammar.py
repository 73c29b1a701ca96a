"""The grammar of HTTP/1.1 as compiled patterns, each beside its section of the RFC.

Only patterns live here: no state, no decisions about what a match means. Quantifiers are possessive
(``++``), so that no input can make a match take more than linear time.
"""

from __future__ import annotations

import re
from typing import Final

# RFC 9110 §5.6.2: token = 1*tchar
TCHAR: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
TOKEN: Final = re.compile(TCHAR + rb"++\Z")

# RFC 9110 §5.5: field-value without CR, LF, NUL and the other controls; obs-text is kept as opaque bytes.
VALUE: Final = rb"[\t\x20-\x7e\x80-\xff]*+"
FIELD_LINE: Final = re.compile(rb"(" + TCHAR + rb"++):(" + VALUE + rb")\Z")

# RFC 3986 §3.3: path = *( "/" / pchar ). A '%' must start a triplet: see BAD_PERCENT.
PATH: Final = rb"[!$%&'()*+,\-./0-9:;=@A-Z_a-z~]"
_PLAIN: Final = rb"[!$&'()*+,\-./0-9:;=@A-Z_a-z~]"
# RFC 3986 §3.4: query = *( pchar / "/" / "?" ), and the characters that browsers send as they are
# (WHATWG URL, query percent-encode set); none of them can end the request line.
QUERY: Final = rb"[!$%&'()*+,\-./0-9:;=?@A-Z\[\\\]^_`a-z{|}~]"
ORIGIN_FORM: Final = re.compile(rb"(/" + PATH + rb"*+)(?:\?(" + QUERY + rb"*+))?+\Z")
BAD_PERCENT: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")

# RFC 9110 §7.2, RFC 3986 §3.2.2: Host = uri-host [ ":" port ]. The host is not empty (RFC 9110 §4.2.1), and
# holds no comma, though the grammar has one: some would read a list of two hosts.
_REG_NAME: Final = rb"(?:[!$&'()*+\-.0-9;=A-Z_a-z~]|%[0-9A-Fa-f]{2})++"
_IP_LITERAL: Final = rb"\[[0-9A-Fa-f:.]++\]"
HOST: Final = re.compile(rb"(?:" + _REG_NAME + rb"|" + _IP_LITERAL + rb")(?::([0-9]{0,5}+))?+\Z")
# RFC 9112 §3.2.2: absolute-form; user information is refused (RFC 9110 §4.2.4).
ABSOLUTE_FORM: Final = re.compile(
    rb"([Hh][Tt][Tt][Pp][Ss]?+)://([^/?#@]*+)(/" + PATH + rb"*+)?+(?:\?(" + QUERY + rb"*+))?+\Z"
)

# RFC 9112 §2.3: HTTP-version = "HTTP" "/" DIGIT "." DIGIT
VERSION: Final = re.compile(rb"HTTP/[0-9]\.[0-9]\Z")

# RFC 9110 §8.6: Content-Length = 1*DIGIT; 18 digits are beyond any body and within any integer type.
CONTENT_LENGTH: Final = re.compile(rb"[0-9]{1,18}\Z")

# RFC 9112 §7.1.1: chunk-ext = *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )
_QUOTED: Final = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*+"'
_BWS: Final = rb"[\t ]*+"
_CHUNK_EXTENSIONS: Final = (
    rb"(?:" + _BWS + rb";" + _BWS + TCHAR + rb"++"
    rb"(?:" + _BWS + rb"=" + _BWS + rb"(?:" + TCHAR + rb"++|" + _QUOTED + rb"))?+)*+"
)
# RFC 9112 §7.1: chunk = chunk-size [ chunk-ext ] CRLF; 15 hex digits stay within 63 bits.
CHUNK_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,15}+)(" + _CHUNK_EXTENSIONS + rb")\r\n")
# What the beginning of such a line can be.
CHUNK_LINE_BEGUN: Final = re.compile(rb"[0-9A-Fa-f]{1,15}+(?:[\t ;][\t\x20-\x7e\x80-\xff]*+)?+\r?+\Z")

# What may not stand in a line: controls other than tab.
CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
# What may never stand in a head: controls other than tab and the CR LF that end a line (RFC 9112 §2.2).
FORBIDDEN: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?=[^\n])")

_FRAMING_CONNECTION: Final = rb"[Nn][Ee][Cc][Tt][Ii][Oo][Nn]:"
_FRAMING_LENGTH: Final = rb"[Tt][Ee][Nn][Tt]-[Ll][Ee][Nn][Gg][Tt][Hh]:"
_OTHER: Final = TCHAR + rb"*+:" + VALUE
_UNUSUAL: Final = (
    rb"[TtEe](?:[Rr][Aa][Nn][Ss][Ff][Ee][Rr]-[Ee][Nn][Cc][Oo][Dd][Ii][Nn][Gg]|[Xx][Pp][Ee][Cc][Tt]):"
)


def usual_head(max_fields: int) -> re.Pattern[bytes]:
    """Compile the pattern of a whole head as nearly every client sends it.

    Groups: method, path, query, a mark for HTTP/1.0, one for Host as the first field, one for Host elsewhere,
    Connection, Content-Length. It does not match, and leaves the decision to the line-by-line parser, where a head
    is incomplete, wrong, or merely unusual: another form of target, a repeated framing field, an IP literal in
    Host, Transfer-Encoding, Expect.

    PERF: one match replaces a loop over the fields; the framing fields are told apart by first letter
    inside the same pass, since every further search over the head costs as much as a third of the match.
    """
    # A port is at most 65535 (RFC 9110 §4.2.1 leaves the range to the transport).
    port = rb"(?::(?:6(?:[0-4][0-9]{3}|5(?:[0-4][0-9]{2}|5(?:[0-2][0-9]|3[0-5])))|[0-5]?+[0-9]{0,4}+))?+"
    host = rb"[!$&'()*+\-.0-9;=A-Z_a-z~]++" + port
    field = (
        rb"(?:"
        rb"[!#$%&'*+\-.^_`|~0-9ABDFGI-SU-Zabdfgi-su-z]" + _OTHER +
        rb"|[Hh](?:[Oo][Ss][Tt]:(?(5)(?!))(?(6)(?!))[\t ]*+" + host + rb"[\t ]*+()"
        rb"|(?![Oo][Ss][Tt]:)" + _OTHER + rb")"
        rb"|[Cc](?:[Oo][Nn](?:"
        + _FRAMING_CONNECTION + rb"(?(7)(?!))[\t ]*+(" + VALUE + rb")"
        rb"|" + _FRAMING_LENGTH + rb"(?(8)(?!))[\t ]*+([0-9]{1,18}+)[\t ]*+"
        rb"|(?!" + _FRAMING_CONNECTION + rb"|" + _FRAMING_LENGTH + rb")" + _OTHER + rb")"
        rb"|(?![Oo][Nn])" + _OTHER + rb")"
        rb"|(?!" + _UNUSUAL + rb")[TtEe]" + _OTHER +
        rb")\r\n"
    )  # fmt: skip
    return re.compile(
        rb"(" + TCHAR + rb"++) (/" + _PLAIN + rb"*+(?:%[0-9A-Fa-f]{2}" + _PLAIN + rb"*+)*+)"
        rb"(?:\?(" + QUERY + rb"*+))?+ HTTP/1\.(?:1|(0))\r\n"
        # Nearly every client sends Host first, and spells it so: a fifth of a small head's match is saved.
        rb"(?:Host: " + host + rb"()\r\n)?+"
        rb"(?:" + field + rb"){0," + str(max_fields - 1).encode() + rb"}+"
        # Without Host the version decides whether that is right: that is for the line-by-line parser.
        rb"(?(5)\r\n|(?(6)\r\n|(?!)))"
    )
