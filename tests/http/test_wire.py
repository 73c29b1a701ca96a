"""Raw requests and what must be answered: the table of the wire (RFC 9110, RFC 9112).

A case is written in one line: ``|`` stands for CR LF. Each is given whole, byte by byte, split at every point, and
behind a good request on the same connection; the outcome must be the same.
"""

import asyncio
import logging
from typing import NamedTuple

import pytest
from areion_http.config import HttpConfig
from areion_http.testing import MemoryServer, read_responses

GOOD = b"GET /good HTTP/1.1\r\nHost: a\r\n\r\n"
CONFIG = HttpConfig(
    max_request_line=300, max_head_size=600, max_fields=10, max_body_size=1000, max_trailer_size=100
)


class Case(NamedTuple):
    """What is sent, and what is answered.

    ``expected`` holds the statuses in order; ``!`` behind them: the server closes. ``says`` is the body of the last
    answer (the handler returns method, path, query and content) or a part of the reason of a refusal.
    """

    name: str
    section: str
    wire: bytes
    expected: str
    says: str | None = None


def case(name, section, wire, expected, says=None):
    return Case(name, section, wire.replace("|", "\r\n").encode("latin-1"), expected, says)


def get(name, section, fields, expected, says=None):
    """A GET with these fields behind Host."""
    return case(name, section, f"GET / HTTP/1.1|Host: a|{fields}|", expected, says)


def host(name, section, value, expected, says=None):
    return case(name, section, f"GET / HTTP/1.1|Host:{value}||", expected, says)


def target(name, section, value, expected, says=None):
    return case(name, section, f"GET {value} HTTP/1.1|Host: a||", expected, says)


def line(name, section, value, expected, says=None):
    return case(name, section, f"{value}|Host: a||", expected, says)


def length(name, section, value, content, expected, says=None):
    return case(name, section, f"POST / HTTP/1.1|Host: a|Content-Length:{value}||{content}", expected, says)


def coding(name, section, value, expected, says=None, content="5|hello|0||"):
    return case(
        name, section, f"POST / HTTP/1.1|Host: a|Transfer-Encoding:{value}||{content}", expected, says
    )


def chunks(name, section, content, expected, says=None):
    return coding(name, section, " chunked", expected, says, content)


REQUEST_LINES = [
    line("plain", "9112 §3", "GET / HTTP/1.1", "200", "GET / "),
    line("query", "9112 §3.2.1", "GET /a/b?c=d&e HTTP/1.1", "200", "GET /a/b?c=d&e "),
    line("empty query", "9112 §3.2.1", "GET /a? HTTP/1.1", "200", "GET /a? "),
    line("question marks in query", "3986 §3.4", "GET /a?b?c HTTP/1.1", "200", "GET /a?b?c "),
    line("other method", "9110 §9.1", "FROB / HTTP/1.1", "200", "FROB / "),
    line("lower-case method is another method", "9110 §9.1", "get / HTTP/1.1", "200", "get / "),
    line("every tchar in a method", "9110 §5.6.2", "!#$%&'*+-.^_`~09azAZ / HTTP/1.1", "200"),
    line("no version", "9112 §3", "GET /", "400!", "single spaces"),
    line("no target", "9112 §3", "GET HTTP/1.1", "400!", "single spaces"),
    line("method alone", "9112 §3", "GET", "400!", "single spaces"),
    line("two spaces before target", "9112 §3", "GET  / HTTP/1.1", "400!"),
    line("two spaces before version", "9112 §3", "GET /  HTTP/1.1", "400!"),
    line("space in front", "9112 §3", " GET / HTTP/1.1", "400!", ""),
    line("space behind", "9112 §3", "GET / HTTP/1.1 ", "400!"),
    line("tab for a space", "9112 §3", "GET\t/ HTTP/1.1", "400!"),
    line("tab for the second space", "9112 §3", "GET /\tHTTP/1.1", "400!"),
    line("vertical tab", "9112 §3", "GET\x0b/ HTTP/1.1", "400!", "0x0b"),
    line("form feed", "9112 §3", "GET /\x0c HTTP/1.1", "400!", "0x0c"),
    line("no-break space", "9112 §3", "GET\xa0/ HTTP/1.1", "400!"),
    line("space in target", "9112 §3.2", "GET /a b HTTP/1.1", "400!"),
    line("delimiter in method", "9110 §9.1", "GE(T / HTTP/1.1", "400!", "token"),
    line("colon in method", "9110 §9.1", "GET: / HTTP/1.1", "400!", "token"),
    line("slash in method", "9110 §9.1", "GE/T / HTTP/1.1", "400!", "token"),
    line("obs-text in method", "9110 §9.1", "G\xc9T / HTTP/1.1", "400!", "token"),
    line("empty method", "9112 §3", " / HTTP/1.1", "400!"),
    line("version 1.0", "9112 §2.3", "GET / HTTP/1.0", "200!", "GET / "),
    line("version 1.2", "9110 §15.6.6", "GET / HTTP/1.2", "505!", "HTTP/1.1"),
    line("version 2.0", "9110 §15.6.6", "GET / HTTP/2.0", "505!"),
    line("version 3.0", "9110 §15.6.6", "GET / HTTP/3.0", "505!"),
    line("version 0.9", "9110 §15.6.6", "GET / HTTP/0.9", "505!"),
    line("version 9.9", "9110 §15.6.6", "GET / HTTP/9.9", "505!"),
    line("lower-case version", "9112 §2.3", "GET / http/1.1", "400!", "HTTP/DIGIT.DIGIT"),
    line("mixed-case version", "9112 §2.3", "GET / Http/1.1", "400!"),
    line("version without minor", "9112 §2.3", "GET / HTTP/1", "400!"),
    line("version with a dot at the end", "9112 §2.3", "GET / HTTP/1.", "400!"),
    line("version with two-digit minor", "9112 §2.3", "GET / HTTP/1.10", "400!"),
    line("version with two-digit major", "9112 §2.3", "GET / HTTP/11.1", "400!"),
    line("version with leading zeros", "9112 §2.3", "GET / HTTP/01.01", "400!"),
    line("version with a space", "9112 §2.3", "GET / HTTP/ 1.1", "400!"),
    line("version with a comma", "9112 §2.3", "GET / HTTP/1,1", "400!"),
    line("version without slash", "9112 §2.3", "GET / HTTP1.1", "400!"),
    line("version with two slashes", "9112 §2.3", "GET / HTTP//1.1", "400!"),
    line("another protocol", "9112 §2.3", "GET / ICY/1.1", "400!"),
    line("version with a sign", "9112 §2.3", "GET / HTTP/+1.1", "400!"),
    line("version with other digits", "9112 §2.3", "GET / HTTP/1.\xb9", "400!"),
    case("HTTP/2 preface", "9113 §3.4", "PRI * HTTP/2.0||SM||", "505!"),
    case("TLS to the plain port", "9112 §2.2", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400!", "TLS"),
    case("binary garbage", "9112 §2.2", "\x80\x81\x00\xff\xfe||", "400!"),
    case("blanks only", "9112 §3", "   ||||", "400!"),
    case("HTTP/0.9", "9112 §2.3", "GET /|", "400!"),
    case("request line on two lines", "9112 §3", "GET|/ HTTP/1.1|Host: a||", "400!"),
    case("response in place of a request", "9112 §3", "HTTP/1.1 200 OK|Host: a||", "400!"),
]

EMPTY_LINES = [
    case("one empty line in front", "9112 §2.2", "|GET / HTTP/1.1|Host: a||", "200"),
    case("two empty lines in front", "9112 §2.2", "||GET / HTTP/1.1|Host: a||", "200"),
    case("three empty lines in front", "9112 §2.2", "|||GET / HTTP/1.1|Host: a||", "400!"),
    case("empty lines without end", "9112 §2.2", "||||||||", "400!"),
    case(
        "empty line between requests",
        "9112 §2.2",
        "GET / HTTP/1.1|Host: a|||GET /b HTTP/1.1|Host: a||",
        "200 200",
    ),
    case("empty line behind a body", "9112 §2.2", "POST / HTTP/1.1|Host: a|Content-Length: 2||hi|", "200"),
    case("one empty line alone", "9112 §2.2", "|", ""),
    case("LF in front", "9112 §2.2", "\nGET / HTTP/1.1|Host: a||", "400!", "LF without CR"),
    case("CR in front", "9112 §2.2", "\rGET / HTTP/1.1|Host: a||", "400!", "CR without LF"),
    case("CR CR LF in front", "9112 §2.2", "\r|GET / HTTP/1.1|Host: a||", "400!", "CR without LF"),
]

LINE_ENDS = [
    case("LF behind the request line", "9112 §2.2", "GET / HTTP/1.1\nHost: a||", "400!", "LF without CR"),
    case("LF behind a field", "9112 §2.2", "GET / HTTP/1.1|Host: a\nX: y||", "400!", "LF without CR"),
    case("LF only, everywhere", "9112 §2.2", "GET / HTTP/1.1\nHost: a\n\n", "400!", "LF without CR"),
    case("LF for the empty line", "9112 §2.2", "GET / HTTP/1.1|Host: a|\n", "400!", "LF without CR"),
    case("LF LF at the end", "9112 §2.2", "GET / HTTP/1.1|Host: a\n\n", "400!", "LF without CR"),
    case(
        "CR only behind the request line", "9112 §2.2", "GET / HTTP/1.1\rHost: a||", "400!", "CR without LF"
    ),
    case("CR only behind a field", "9112 §2.2", "GET / HTTP/1.1|Host: a\rX: y||", "400!", "CR without LF"),
    case("CR CR LF", "9112 §2.2", "GET / HTTP/1.1|Host: a\r|X: y||", "400!", "CR without LF"),
    case(
        "CR at the begin of a line", "9112 §2.2", "GET / HTTP/1.1|Host: a|\rX: y||", "400!", "CR without LF"
    ),
    case("CR in a value", "9110 §5.5", "GET / HTTP/1.1|Host: a|X: a\rb||", "400!", "CR without LF"),
    case(
        "CR at the end of a value", "9110 §5.5", "GET / HTTP/1.1|Host: a|X: a\r\r\n|", "400!", "CR without LF"
    ),
    case("LF CR", "9112 §2.2", "GET / HTTP/1.1\n\rHost: a||", "400!"),
    case("NUL in the request line", "9110 §5.5", "GET /\0 HTTP/1.1|Host: a||", "400!", "NUL"),
    case("NUL in the method", "9110 §5.5", "G\0T / HTTP/1.1|Host: a||", "400!", "NUL"),
    case("NUL in front", "9110 §5.5", "\0GET / HTTP/1.1|Host: a||", "400!", "NUL"),
    case("NUL in a name", "9110 §5.5", "GET / HTTP/1.1|Host: a|X\0: a||", "400!", "NUL"),
    case("NUL in a value", "9110 §5.5", "GET / HTTP/1.1|Host: a|X: a\0b||", "400!", "NUL"),
    case("NUL for the line end", "9110 §5.5", "GET / HTTP/1.1|Host: a\0|", "400!", "NUL"),
]

TARGETS = [
    target("percent-encoded", "3986 §2.1", "/a%20b%2Fc", "200", "GET /a b/c "),
    target("percent-encoded, lower case", "3986 §2.1", "/%c3%a9", "200"),
    target("percent-encoded NUL is the application's", "3986 §2.1", "/a%00b", "200"),
    target("percent-encoded CR LF is no line end", "3986 §2.1", "/a%0d%0aX:%20y", "200"),
    target("percent without digits", "3986 §2.1", "/a%", "400!", "two hex digits"),
    target("percent with one digit", "3986 §2.1", "/a%2", "400!", "two hex digits"),
    target("percent with no hex digit", "3986 §2.1", "/a%zz", "400!", "two hex digits"),
    target("percent, digit, other", "3986 §2.1", "/a%2x", "400!", "two hex digits"),
    target("percent and unicode escape", "3986 §2.1", "/%u0041", "400!", "two hex digits"),
    target("every path character", "3986 §3.3", "/-._~!$&'()*+,;=:@", "200"),
    target("slashes", "3986 §3.3", "//a//b/", "200", "GET //a//b/ "),
    target("dot segments stay", "3986 §3.3", "/a/../b", "200", "GET /a/../b "),
    target("matrix parameters", "3986 §3.3", "/a;v=1/b", "200"),
    target("characters that browsers leave in queries", "URL", "/a?b=[c]{d}^`e\\g", "200"),
    target("query with bare percent", "URL", "/a?b=100%", "200"),
    target("fragment", "9112 §3.2", "/a#b", "400!", "four forms"),
    target("fragment in query", "9112 §3.2", "/a?b#c", "400!", "four forms"),
    target("quote", "3986 §2", '/a"b', "400!"),
    target("angle brackets", "3986 §2", "/<a>", "400!"),
    target("backslash", "3986 §2", "/a\\b", "400!"),
    target("caret in path", "3986 §2", "/a^b", "400!"),
    target("brackets in path", "3986 §3.3", "/a[0]", "400!"),
    target("obs-text in path", "3986 §2", "/\xc3\xa9", "400!"),
    target("overlong UTF-8", "3986 §2", "/\xc0\xaf", "400!"),
    target("obs-text in query", "3986 §2", "/a?\xe9", "400!"),
    target("DEL", "3986 §2", "/a\x7f", "400!", "0x7f"),
    target("no slash", "9112 §3.2", "a", "400!", "four forms"),
    target("dot", "9112 §3.2", "./a", "400!", "four forms"),
    target("query only", "9112 §3.2", "?a", "400!", "four forms"),
    target("brackets behind slashes", "9112 §3.2", "//[", "400!", "four forms"),
    target("double-slash origin form is no authority", "9112 §3.2.1", "//b/c", "200", "GET //b/c "),
    # absolute-form
    target("absolute", "9112 §3.2.2", "http://b/c?d", "200", "GET /c?d "),
    target("absolute without path", "9112 §3.2.2", "http://b", "200", "GET / "),
    target("absolute, query without path", "9112 §3.2.2", "http://b?c", "200", "GET /?c "),
    target("absolute with port", "9112 §3.2.2", "http://b:8080/", "200"),
    target("absolute with empty port", "9112 §3.2.2", "http://b:/", "200"),
    target("absolute, upper-case scheme", "9110 §4.2.3", "HTTP://b/", "200"),
    target("absolute https", "9112 §3.2.2", "https://b/", "200"),
    target("absolute IPv6", "9112 §3.2.2", "http://[::1]:80/", "200"),
    target("absolute, empty host", "9110 §4.2.1", "http:///a", "400!", "authority"),
    target("absolute, port only", "9110 §4.2.1", "http://:80/", "400!", "authority"),
    target("absolute, user information", "9110 §4.2.4", "http://u:p@b/", "400!"),
    target("absolute, empty user information", "9110 §4.2.4", "http://@b/", "400!"),
    target("absolute, port too high", "9110 §4.2", "http://b:65536/", "400!"),
    target("absolute, port no number", "9110 §4.2", "http://b:8a/", "400!"),
    target("absolute, fragment", "9112 §3.2.2", "http://b/#c", "400!"),
    target("absolute, other scheme", "9112 §3.2.2", "ftp://b/", "400!", "four forms"),
    target("absolute, one slash", "9112 §3.2.2", "http:/b/", "400!", "four forms"),
    target("absolute, no slashes", "9112 §3.2.2", "http:b", "400!", "four forms"),
    target("absolute, bad percent", "3986 §2.1", "http://b/%zz", "400!"),
    case("absolute needs Host too", "9112 §3.2", "GET http://b/ HTTP/1.1||", "400!", "without a Host"),
    case("absolute wins over Host", "9112 §3.2.2", "GET http://b/c HTTP/1.1|Host: z||", "200", "GET /c "),
    case("absolute with bad Host", "9112 §3.2", "GET http://b/c HTTP/1.1|Host: z/||", "400!", "Host"),
    case(
        "absolute, OPTIONS without path",
        "9112 §3.2.4",
        "OPTIONS http://b HTTP/1.1|Host: b||",
        "200",
        "OPTIONS * ",
    ),
    case(
        "absolute, OPTIONS with query",
        "9112 §3.2.4",
        "OPTIONS http://b?c HTTP/1.1|Host: b||",
        "200",
        "OPTIONS /?c ",
    ),
    # authority-form
    case("authority for CONNECT", "9112 §3.2.3", "CONNECT b:443 HTTP/1.1|Host: b||", "501!", "tunnel"),
    case("authority IPv6", "9112 §3.2.3", "CONNECT [::1]:443 HTTP/1.1|Host: b||", "501!", "tunnel"),
    case("authority without port", "9112 §3.2.3", "CONNECT b HTTP/1.1|Host: b||", "400!", "host:port"),
    case(
        "authority, digits without port", "9112 §3.2.3", "CONNECT 443 HTTP/1.1|Host: b||", "400!", "host:port"
    ),
    case("authority, empty port", "9112 §3.2.3", "CONNECT b: HTTP/1.1|Host: b||", "400!", "host:port"),
    case(
        "authority, port too high", "9112 §3.2.3", "CONNECT b:99999 HTTP/1.1|Host: b||", "400!", "host:port"
    ),
    case("authority, bad IPv6", "9112 §3.2.3", "CONNECT [::z]:1 HTTP/1.1|Host: b||", "400!", "host:port"),
    case("authority with path", "9112 §3.2.3", "CONNECT b:1/ HTTP/1.1|Host: b||", "400!", "host:port"),
    case("authority with user", "9112 §3.2.3", "CONNECT u@b:1 HTTP/1.1|Host: b||", "400!", "host:port"),
    case("origin form for CONNECT", "9112 §3.2.3", "CONNECT /a HTTP/1.1|Host: b||", "400!", "host:port"),
    case(
        "absolute form for CONNECT",
        "9112 §3.2.3",
        "CONNECT http://b:1/ HTTP/1.1|Host: b||",
        "400!",
        "host:port",
    ),
    case("asterisk for CONNECT", "9112 §3.2.3", "CONNECT * HTTP/1.1|Host: b||", "400!", "host:port"),
    target("authority for GET", "9112 §3.2.3", "b:443", "400!", "four forms"),
    case("authority for OPTIONS", "9112 §3.2.3", "OPTIONS b:443 HTTP/1.1|Host: b||", "400!", "four forms"),
    # asterisk-form
    case("asterisk for OPTIONS", "9112 §3.2.4", "OPTIONS * HTTP/1.1|Host: a||", "200", "OPTIONS * "),
    target("asterisk for GET", "9112 §3.2.4", "*", "400!", "OPTIONS only"),
    case("asterisk for options", "9112 §3.2.4", "options * HTTP/1.1|Host: a||", "400!", "OPTIONS only"),
    case("two asterisks", "9112 §3.2.4", "OPTIONS ** HTTP/1.1|Host: a||", "400!", "four forms"),
    case("asterisk and query", "9112 §3.2.4", "OPTIONS *?a HTTP/1.1|Host: a||", "400!", "four forms"),
]

FIELDS = [
    get("value without blank", "9112 §5", "X:y|", "200"),
    get("empty value", "9110 §5.5", "X:|", "200"),
    get("blank value", "9110 §5.5", "X: \t |", "200"),
    get("tab around the value", "9110 §5.5", "X:\ty\t|", "200"),
    get("tab inside the value", "9110 §5.5", "X: a\tb|", "200"),
    get("obs-text in a value", "9110 §5.5", "X: caf\xe9|", "200"),
    get("every printable in a value", "9110 §5.5", "X: !\"#$%&'()*+,-./:;<=>?@[\\]^_`{}~|", "200"),
    get("every tchar in a name", "9110 §5.6.2", "!#$%&'*+-.^_`~09azAZ: y|", "200"),
    get("repeated field", "9110 §5.2", "X: 1|X: 2|", "200"),
    get(
        "names of any case", "9110 §5.1", "HOSTILE: y|cOnNeCtIoNs: y|content-lengthy: 3|TE: trailers|", "200"
    ),
    get("Expectation is another field", "9110 §5.1", "Expectations: z|Transfer-Encodings: z|", "200"),
    get("no colon", "9112 §5", "Nothing here|", "400!", "no colon"),
    get("empty name", "9112 §5", ": y|", "400!", "no name"),
    get("colon alone", "9112 §5", ":|", "400!", "no name"),
    get("blank before the colon", "9112 §5.1", "X : y|", "400!", "blanks between"),
    get("tab before the colon", "9112 §5.1", "X\t: y|", "400!", "blanks between"),
    get("blank inside a name", "9110 §5.1", "X Y: z|", "400!", "token"),
    get("delimiter in a name", "9110 §5.6.2", "X[]: z|", "400!", "token"),
    get("quote in a name", "9110 §5.6.2", 'X": z|', "400!", "token"),
    get("slash in a name", "9110 §5.6.2", "X/Y: z|", "400!", "token"),
    get("at in a name", "9110 §5.6.2", "X@Y: z|", "400!", "token"),
    get("brace in a name", "9110 §5.6.2", "{X}: z|", "400!", "token"),
    get("obs-text in a name", "9110 §5.6.2", "X\xe9: z|", "400!", "token"),
    get("UTF-8 byte-order mark", "9110 §5.6.2", "\xef\xbb\xbfX: z|", "400!", "token"),
    get("vertical tab in a value", "9110 §5.5", "X: a\x0bb|", "400!", "0x0b"),
    get("form feed in a value", "9110 §5.5", "X: \x0cb|", "400!", "0x0c"),
    get("bell in a value", "9110 §5.5", "X: \x07|", "400!", "0x07"),
    get("escape in a value", "9110 §5.5", "X: \x1b[0m|", "400!", "0x1b"),
    get("DEL in a value", "9110 §5.5", "X: \x7f|", "400!", "0x7f"),
    get("control in a name", "9110 §5.5", "X\x01: y|", "400!", "0x01"),
    get("obs-fold with a blank", "9112 §5.2", "X: a| b|", "400!", "folded"),
    get("obs-fold with a tab", "9112 §5.2", "X: a|\tb|", "400!", "folded"),
    get("obs-fold that is blank", "9112 §5.2", "X: a| |", "400!", "folded"),
    case("blank line in front of the fields", "9112 §2.2", "GET / HTTP/1.1| |Host: a||", "400!", "folded"),
    case("blank before the first field", "9112 §2.2", "GET / HTTP/1.1| Host: a||", "400!", "folded"),
    case("tab before the first field", "9112 §2.2", "GET / HTTP/1.1|\tHost: a||", "400!", "folded"),
    case("obs-fold of Host", "9112 §5.2", "GET / HTTP/1.1|Host:| a||", "400!", ""),
    case("as many fields as allowed", "431", "GET / HTTP/1.1|Host: a|" + "X: y|" * 9 + "|", "200"),
    case("a field too many", "6585 §5", "GET / HTTP/1.1|Host: a|" + "X: y|" * 10 + "|", "431!", "max_fields"),
    case("many fields", "6585 §5", "GET / HTTP/1.1|" + "X: y|" * 90, "431!", "max_fields"),
    case("head as large as allowed", "6585 §5", "GET / HTTP/1.1|Host: a|X: " + "y" * 568 + "||", "200"),
    case(
        "head a byte too large",
        "6585 §5",
        "GET / HTTP/1.1|Host: a|X: " + "y" * 569 + "||",
        "431!",
        "max_head_size",
    ),
    case("field without end", "6585 §5", "GET / HTTP/1.1|Host: a|X: " + "y" * 900, "431!", "max_head_size"),
    case("name without end", "6585 §5", "GET / HTTP/1.1|Host: a|" + "y" * 900, "431!", "max_head_size"),
    case("request line as long as allowed", "9112 §3", "GET /" + "a" * 286 + " HTTP/1.1|Host: a||", "200"),
    case(
        "request line a byte too long", "9110 §15.5.15", "GET /" + "a" * 287 + " HTTP/1.1|Host: a||", "414!"
    ),
    case("target without end", "9110 §15.5.15", "GET /" + "a" * 600, "414!", "max_request_line"),
    case("method without end", "9112 §3", "A" * 600, "400!", "no space"),
    case("method too long", "9112 §3", "A" * 400 + " / HTTP/1.1|Host: a||", "400!", "no space"),
]

HOSTS = [
    case("no Host in 1.1", "9112 §3.2", "GET / HTTP/1.1||", "400!", "without a Host"),
    case("no Host but others", "9112 §3.2", "GET / HTTP/1.1|X-Host: a||", "400!", "without a Host"),
    case("no Host in 1.0", "9112 §3.2", "GET / HTTP/1.0||", "200!"),
    case("two Hosts", "9112 §3.2", "GET / HTTP/1.1|Host: a|Host: b||", "400!", "more than one Host"),
    case("two equal Hosts", "9112 §3.2", "GET / HTTP/1.1|Host: a|Host: a||", "400!", "more than one Host"),
    case("two Hosts in 1.0", "9112 §3.2", "GET / HTTP/1.0|Host: a|host: a||", "400!", "more than one Host"),
    case("bad Host in 1.0", "9112 §3.2", "GET / HTTP/1.0|Host: a/b||", "400!", "host[:port]"),
    host("Host without blank", "9112 §3.2", "a", "200"),
    host("Host between blanks", "9110 §5.5", " \t a \t", "200"),
    host("port", "9110 §7.2", " a:8080", "200"),
    host("highest port", "9110 §7.2", " a:65535", "200"),
    host("empty port", "3986 §3.2.3", " a:", "200"),
    host("port with leading zeros", "3986 §3.2.3", " a:00080", "200"),
    host("IPv4", "3986 §3.2.2", " 127.0.0.1:80", "200"),
    host("IPv6", "3986 §3.2.2", " [::1]", "200"),
    host("IPv6 and port", "3986 §3.2.2", " [2001:db8::1]:443", "200"),
    host("IPv4 in IPv6", "3986 §3.2.2", " [::ffff:192.0.2.1]", "200"),
    host("underscore", "3986 §3.2.2", " a_b.example", "200"),
    host("percent-encoded", "3986 §3.2.2", " %41.example", "200"),
    host("dot at the end", "3986 §3.2.2", " example.com.", "200"),
    host("empty", "9110 §4.2.1", "", "400!", "host[:port]"),
    host("blank", "9110 §4.2.1", "  ", "400!", "host[:port]"),
    host("port only", "9110 §4.2.1", " :80", "400!", "host[:port]"),
    host("port too high", "9110 §7.2", " a:65536", "400!", "host[:port]"),
    host("port of six digits", "9110 §7.2", " a:000080", "400!", "host[:port]"),
    host("port no number", "9110 §7.2", " a:http", "400!", "host[:port]"),
    host("port with sign", "9110 §7.2", " a:+80", "400!", "host[:port]"),
    host("port behind blank", "9110 §7.2", " a :80", "400!", "host[:port]"),
    host("two ports", "9110 §7.2", " a:80:80", "400!", "host[:port]"),
    host("path", "9110 §7.2", " a/b", "400!", "host[:port]"),
    host("query", "9110 §7.2", " a?b", "400!", "host[:port]"),
    host("fragment", "9110 §7.2", " a#b", "400!", "host[:port]"),
    host("user information", "9110 §7.2", " u@a", "400!", "host[:port]"),
    host("scheme", "9110 §7.2", " http://a", "400!", "host[:port]"),
    host("comma", "9112 §3.2", " a,b", "400!", "host[:port]"),
    host("list", "9112 §3.2", " a, b", "400!", "host[:port]"),
    host("two words", "9112 §3.2", " a b", "400!", "host[:port]"),
    host("backslash", "9112 §3.2", " a\\b", "400!", "host[:port]"),
    host("quote", "9112 §3.2", ' "a"', "400!", "host[:port]"),
    host("obs-text", "9112 §3.2", " \xe9.example", "400!", "host[:port]"),
    host("bad percent", "3986 §2.1", " %zz", "400!", "host[:port]"),
    host("bare IPv6", "3986 §3.2.2", " ::1", "400!", "host[:port]"),
    host("open bracket", "3986 §3.2.2", " [::1", "400!", "host[:port]"),
    host("empty brackets", "3986 §3.2.2", " []", "400!", "host[:port]"),
    host("name in brackets", "3986 §3.2.2", " [a]", "400!", "host[:port]"),
    host("IPv4 in brackets", "3986 §3.2.2", " [127.0.0.1]", "400!", "host[:port]"),
    host("IPv6 with zone", "3986 §3.2.2", " [fe80::1%25eth0]", "400!", "host[:port]"),
    host("IPv6 with a group too many", "3986 §3.2.2", " [1:2:3:4:5:6:7:8:9]", "400!", "host[:port]"),
    host("text behind IPv6", "3986 §3.2.2", " [::1]a", "400!", "host[:port]"),
]

LENGTHS = [
    length("length", "9110 §8.6", " 5", "hello", "200", "POST / hello"),
    length("length zero", "9110 §8.6", " 0", "", "200", "POST / "),
    length("length between blanks", "9110 §5.5", "\t 5 \t", "hello", "200", "POST / hello"),
    length("length with leading zeros", "9110 §8.6", " 005", "hello", "200", "POST / hello"),
    length("two requests", "9112 §6.3", " 5", "helloGET /b HTTP/1.1|Host: a||", "200 200", "GET /b "),
    length("more than declared is the next request", "9112 §6.3", " 2", "hello|", "200 400!"),
    length("less than declared", "9112 §6.3", " 10", "hello", ""),
    length("no content yet", "9112 §6.3", " 5", "", ""),
    length("as much as allowed", "413", " 1000", "x" * 1000, "200"),
    length("a byte too much", "9110 §15.5.14", " 1001", "x" * 1001, "413", "1000"),
    length("far too much", "9110 §15.5.14", " 999999999", "", "413!", "1000"),
    length("18 digits", "9110 §8.6", " 999999999999999999", "", "413!"),
    length("19 digits", "9110 §8.6", " 1000000000000000000", "", "400!", "Content-Length"),
    length("20 digits", "9110 §8.6", " 99999999999999999999", "", "400!", "Content-Length"),
    length("64 bits and a little", "9110 §8.6", " 18446744073709551621", "hello", "400!", "Content-Length"),
    length("empty", "9110 §8.6", "", "hello", "400!", "Content-Length"),
    length("blank", "9110 §8.6", "  ", "hello", "400!", "Content-Length"),
    length("plus", "9110 §8.6", " +5", "hello", "400!", "Content-Length"),
    length("minus", "9110 §8.6", " -5", "hello", "400!", "Content-Length"),
    length("minus zero", "9110 §8.6", " -0", "", "400!", "Content-Length"),
    length("hexadecimal", "9110 §8.6", " 0x5", "hello", "400!", "Content-Length"),
    length("hex digits", "9110 §8.6", " a", "hellohello", "400!", "Content-Length"),
    length("octal prefix", "9110 §8.6", " 0o5", "hello", "400!", "Content-Length"),
    length("underscore", "9110 §8.6", " 1_0", "hellohello", "400!", "Content-Length"),
    length("fraction", "9110 §8.6", " 5.0", "hello", "400!", "Content-Length"),
    length("exponent", "9110 §8.6", " 5e0", "hello", "400!", "Content-Length"),
    length("blank inside", "9110 §8.6", " 1 0", "hellohello", "400!", "Content-Length"),
    length("superscript digit", "9110 §8.6", " \xb2", "he", "400!", "Content-Length"),
    length("other digits", "9110 §8.6", " \xd9\xa5", "hello", "400!", "Content-Length"),
    length("word", "9110 §8.6", " five", "hello", "400!", "Content-Length"),
    length("quoted", "9110 §8.6", ' "5"', "hello", "400!", "Content-Length"),
    length("semicolon", "9110 §8.6", " 5;a", "hello", "400!", "Content-Length"),
    length("list of equal values", "9112 §6.3", " 5, 5", "hello", "400!", "Content-Length"),
    length("list of other values", "9112 §6.3", " 5, 6", "hello", "400!", "Content-Length"),
    length("list with empty element", "9112 §6.3", " 5,", "hello", "400!", "Content-Length"),
    length("list with empty element in front", "9112 §6.3", " ,5", "hello", "400!", "Content-Length"),
    length("repeated, equal", "9112 §6.3", " 5|Content-Length: 5", "hello", "400!", "more than one"),
    length("repeated, other", "9112 §6.3", " 5|content-length: 6", "hello", "400!", "more than one"),
    length("repeated, one empty", "9112 §6.3", " 5|Content-Length:", "hello", "400!", "more than one"),
    length("blank before the colon", "9112 §5.1", " 5|Content-Length : 2", "hello", "400!", "blanks between"),
    length("folded", "9112 §5.2", "| 5", "hello", "400!"),
    length("vertical tab", "9110 §5.5", " \x0b5", "hello", "400!"),
    length("names of another field", "9110 §5.1", " 5|Content_Length: 9", "hello", "200", "POST / hello"),
    case(
        "lower-case name",
        "9110 §5.1",
        "POST / HTTP/1.1|host: a|content-length: 5||hello",
        "200",
        "POST / hello",
    ),
    case(
        "any-case name",
        "9110 §5.1",
        "POST / HTTP/1.1|hOsT: a|cOnTeNt-LeNgTh: 5||hello",
        "200",
        "POST / hello",
    ),
    case(
        "length before Host",
        "9110 §5.3",
        "POST / HTTP/1.1|Content-Length: 5|Host: a||hello",
        "200",
        "POST / hello",
    ),
    case("no length, no coding", "9112 §6.3", "POST / HTTP/1.1|Host: a||", "200", "POST / "),
    case(
        "GET with content", "9110 §9.3.1", "GET / HTTP/1.1|Host: a|Content-Length: 2||hi", "200", "GET / hi"
    ),
    case("OPTIONS with content", "9110 §9.3.7", "OPTIONS / HTTP/1.1|Host: a|Content-Length: 2||hi", "200"),
    case(
        "HEAD with content",
        "9110 §9.3.2",
        "HEAD / HTTP/1.1|Host: a|Content-Length: 2||hi" + "GET /b HTTP/1.1|Host: a||",
        "200 200",
        "GET /b ",
    ),
    case("1.0 with length", "9112 §6.3", "POST / HTTP/1.0|Content-Length: 2||hi", "200!", "POST / hi"),
    case(
        "a request in the content is no request",
        "9112 §6.3",
        "POST / HTTP/1.1|Host: a|Content-Length: 28||GET /x HTTP/1.1|Host: a||",
        "200",
        "POST / GET /x HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
]

CODINGS = [
    coding("chunked", "9112 §7.1", " chunked", "200", "POST / hello"),
    coding("upper case", "9112 §7", " CHUNKED", "200", "POST / hello"),
    coding("mixed case", "9112 §7", "\tChunKed ", "200", "POST / hello"),
    coding("without blank", "9112 §7", "chunked", "200", "POST / hello"),
    coding("unknown", "9112 §6.1", " gzip", "501!", "chunked"),
    coding("known before chunked", "9112 §6.1", " gzip, chunked", "501!", "chunked"),
    coding("two fields", "9112 §6.1", " gzip|Transfer-Encoding: chunked", "501!", "chunked"),
    coding("identity", "9112 §7", " identity", "501!", "chunked"),
    coding("x-chunked", "9112 §7", " xchunked", "501!", "chunked"),
    coding("chunked as a prefix", "9112 §7", " chunked-not", "501!"),
    coding("coding with parameters", "9112 §7", " a;b=c", "501!"),
    coding("empty", "9112 §6.1", "", "400!", "list of codings"),
    coding("comma only", "9112 §6.1", " ,", "400!", "list of codings"),
    coding("empty element in front", "9112 §6.1", " , chunked", "400!", "list of codings"),
    coding("empty element behind", "9112 §6.1", " chunked,", "400!", "list of codings"),
    coding("chunked twice", "9112 §6.1", " chunked, chunked", "400!", "once"),
    coding("chunked twice in two fields", "9112 §6.1", " chunked|transfer-encoding: chunked", "400!", "once"),
    coding("chunked not last", "9112 §6.3", " chunked, gzip", "400!", "last"),
    coding(
        "chunked not last in two fields", "9112 §6.3", " chunked|Transfer-Encoding: identity", "400!", "last"
    ),
    coding("chunked in the middle", "9112 §6.3", " a, chunked, b", "400!", "last"),
    coding("chunked with parameter", "9112 §7.1", " chunked;a=b", "400!", "parameters"),
    coding("quoted", "9112 §7", ' "chunked"', "400!", "list of codings"),
    coding("quote in front", "9112 §7", ' "chunked', "400!", "list of codings"),
    coding("two words", "9112 §7", " chunked foo", "400!", "list of codings"),
    coding("brackets", "9112 §7", " [chunked]", "400!", "list of codings"),
    coding("vertical tab", "9110 §5.5", " \x0bchunked", "400!", "0x0b"),
    coding("form feed", "9110 §5.5", " \x0cchunked", "400!", "0x0c"),
    coding("NUL behind", "9110 §5.5", " chunked\0", "400!", "NUL"),
    coding("CR behind", "9110 §5.5", " chunked\r", "400!", "CR without LF"),
    coding("obs-text", "9112 §7", " chunk\xebd", "400!", "list of codings"),
    coding("no-break space", "9112 §7", "\xa0chunked", "400!", "list of codings"),
    coding("folded", "9112 §5.2", "| chunked", "400!"),
    coding("folded behind a comma", "9112 §5.2", " gzip,| chunked", "400!"),
    coding("with length", "9112 §6.3", " chunked|Content-Length: 5", "400!", "both"),
    coding("with length zero", "9112 §6.3", " chunked|Content-Length: 0", "400!", "both"),
    coding("unknown with length", "9112 §6.3", " identity|Content-Length: 5", "400!", "both"),
    case(
        "length before coding",
        "9112 §6.3",
        "POST / HTTP/1.1|Host: a|Content-Length: 5|Transfer-Encoding: chunked||0||",
        "400!",
        "both",
    ),
    case(
        "smuggled behind both",
        "9112 §11.2",
        "POST / HTTP/1.1|Host: a|Content-Length: 6|Transfer-Encoding: chunked||0||GET /x HTTP/1.1|Host: a||",
        "400!",
        "both",
    ),
    case(
        "blank before the colon",
        "9112 §5.1",
        "POST / HTTP/1.1|Host: a|Transfer-Encoding : chunked|Content-Length: 5||hello",
        "400!",
        "blanks between",
    ),
    case(
        "in 1.0", "9112 §6.1", "POST / HTTP/1.0|Host: a|Transfer-Encoding: chunked||0||", "400!", "HTTP/1.0"
    ),
    case(
        "in 1.0, unknown",
        "9112 §6.1",
        "POST / HTTP/1.0|Host: a|Transfer-Encoding: gzip||",
        "400!",
        "HTTP/1.0",
    ),
    case(
        "in 1.0 with length",
        "9112 §6.1",
        "POST / HTTP/1.0|Host: a|Transfer-Encoding: chunked|Content-Length: 5||hello",
        "400!",
    ),
    case(
        "underscore name is another field",
        "9110 §5.1",
        "POST / HTTP/1.1|Host: a|Transfer_Encoding: chunked|Content-Length: 5||hello",
        "200",
        "POST / hello",
    ),
    case(
        "chunked GET",
        "9112 §6",
        "GET / HTTP/1.1|Host: a|Transfer-Encoding: chunked||2|hi|0||",
        "200",
        "GET / hi",
    ),
    case(
        "chunked, then another",
        "9112 §7.1",
        "POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||2|hi|0||GET /b HTTP/1.1|Host: a||",
        "200 200",
        "GET /b ",
    ),
]

CHUNKS = [
    chunks("several", "9112 §7.1", "5|hello|6| world|0||", "200", "POST / hello world"),
    chunks("none", "9112 §7.1", "0||", "200", "POST / "),
    chunks("upper-case size", "9112 §7.1", "A|helloworld|0||", "200", "POST / helloworld"),
    chunks("lower-case size", "9112 §7.1", "a|helloworld|0||", "200", "POST / helloworld"),
    chunks("leading zeros", "9112 §7.1", "005|hello|000||", "200", "POST / hello"),
    chunks("CR LF in the data", "9112 §7.1", "4|a|b|0||", "200", "POST / a\r\nb"),
    chunks("chunk-like data", "9112 §7.1", "5|0|||0||", "200", "POST / 0\r\n\r\n"),
    chunks("sixteen digits", "9112 §7.1", "0000000000000005|hello|0||", "400!", "size line"),
    chunks("size beyond 64 bits", "9112 §7.1", "FFFFFFFFFFFFFFFF0|hello|0||", "400!", "size line"),
    chunks("size of 63 bits", "9110 §15.5.14", "FFFFFFFFFFFFFFF|" + "x" * 1001, "413!"),
    chunks("more than allowed in one", "9110 §15.5.14", "3E9|" + "x" * 1001 + "|0||", "413"),
    chunks("more than allowed in several", "9110 §15.5.14", ("64|" + "x" * 100 + "|") * 11 + "0||", "413"),
    chunks("as much as allowed", "9110 §15.5.14", ("64|" + "x" * 100 + "|") * 10 + "0||", "200"),
    chunks("empty size", "9112 §7.1", "|hello|0||", "400!", "size line"),
    chunks("no hex digit", "9112 §7.1", "g|hello|0||", "400!", "size line"),
    chunks("0x", "9112 §7.1", "0x5|hello|0||", "400!", "size line"),
    chunks("plus", "9112 §7.1", "+5|hello|0||", "400!", "size line"),
    chunks("minus", "9112 §7.1", "-5|hello|0||", "400!", "size line"),
    chunks("minus zero", "9112 §7.1", "-0||", "400!", "size line"),
    chunks("underscore", "9112 §7.1", "1_0|hello world!!!!!|0||", "400!", "size line"),
    chunks("blank in front", "9112 §7.1", " 5|hello|0||", "400!", "size line"),
    chunks("tab in front", "9112 §7.1", "\t5|hello|0||", "400!", "size line"),
    chunks("blank behind", "9112 §7.1", "5 |hello|0||", "400!", "size line"),
    chunks("tab behind", "9112 §7.1", "5\t|hello|0||", "400!", "size line"),
    chunks("blank behind the last size", "9112 §7.1", "5|hello|0 ||", "400!", "size line"),
    chunks("blank inside", "9112 §7.1", "1 0|hello|0||", "400!", "size line"),
    chunks("fraction", "9112 §7.1", "5.0|hello|0||", "400!", "size line"),
    chunks("comma", "9112 §7.1", "5,5|hello|0||", "400!", "size line"),
    chunks("other digits", "9112 §7.1", "\xb2|he|0||", "400!", "size line"),
    chunks("NUL", "9112 §7.1", "5\0|hello|0||", "400!", "size line"),
    chunks("LF for CR LF behind the size", "9112 §2.2", "5\nhello|0||", "400!", "size line"),
    chunks("CR for CR LF behind the size", "9112 §2.2", "5\rhello|0||", "400!", "size line"),
    chunks("CR CR LF behind the size", "9112 §2.2", "5\r|hello|0||", "400!", "size line"),
    chunks("LF behind the data", "9112 §7.1", "5|hello\n0||", "400!", "after the data"),
    chunks("CR behind the data", "9112 §7.1", "5|hello\r0||", "400!", "after the data"),
    chunks("nothing behind the data", "9112 §7.1", "5|hello0||", "400!", "after the data"),
    chunks("data too long", "9112 §7.1", "5|hello!!|0||", "400!", "after the data"),
    chunks("data too short", "9112 §7.1", "6|hello|0||", "400!", "after the data"),
    chunks("blank behind the data", "9112 §7.1", "5|hello |0||", "400!", "after the data"),
    chunks("two line ends behind the data", "9112 §7.1", "5|hello||0||", "400!", "size line"),
    chunks("no last chunk", "9112 §7.1", "5|hello|", ""),
    chunks("last chunk without its end", "9112 §7.1", "5|hello|0|", ""),
    chunks("nothing", "9112 §7.1", "", ""),
    chunks("LF for the end", "9112 §2.2", "5|hello|0|\n", "400!", "field line"),
    chunks("LF LF for the end", "9112 §2.2", "5|hello|0\n\n", "400!", "size line"),
    chunks("more behind the end is the next request", "9112 §7.1", "0||X|", "200 400!"),
    # extensions
    chunks("extension", "9112 §7.1.1", "5;a=b|hello|0||", "200", "POST / hello"),
    chunks("extension without value", "9112 §7.1.1", "5;a|hello|0;z||", "200", "POST / hello"),
    chunks("extensions", "9112 §7.1.1", '5;a=b;c="d e";f|hello|0||', "200", "POST / hello"),
    chunks("extension with quoted pair", "9112 §7.1.1", '5;a="\\"\\\\;"|hello|0||', "200", "POST / hello"),
    chunks(
        "extension between blanks", "9112 §7.1.1", '5 ; a = b\t;\tc = "d"|hello|0||', "200", "POST / hello"
    ),
    chunks("extension, empty string", "9112 §7.1.1", '5;a=""|hello|0||', "200", "POST / hello"),
    chunks("extension without name", "9112 §7.1.1", "5;|hello|0||", "400!", "size line"),
    chunks("extension, two semicolons", "9112 §7.1.1", "5;;a|hello|0||", "400!", "size line"),
    chunks("extension, value without name", "9112 §7.1.1", "5;=b|hello|0||", "400!", "size line"),
    chunks("extension, no value behind the sign", "9112 §7.1.1", "5;a=|hello|0||", "400!", "size line"),
    chunks("extension, two values", "9112 §7.1.1", "5;a=b=c|hello|0||", "400!", "size line"),
    chunks("extension, bad name", "9112 §7.1.1", "5;a[=b|hello|0||", "400!", "size line"),
    chunks("extension, bad value", "9112 §7.1.1", "5;a=b[|hello|0||", "400!", "size line"),
    chunks("extension, open string", "9112 §7.1.1", '5;a="b|hello|0||', "400!", "size line"),
    chunks("extension, blank at the end", "9112 §7.1.1", "5;a |hello|0||", "400!", "size line"),
    chunks("extension, two words", "9112 §7.1.1", "5;a b|hello|0||", "400!", "size line"),
    chunks("extension, NUL", "9112 §7.1.1", "5;a\0|hello|0||", "400!", "size line"),
    chunks("extension, control", "9112 §7.1.1", '5;a="\x01"|hello|0||', "400!", "size line"),
    chunks("extension, LF", "9112 §7.1.1", "5;a\nhello|0||", "400!", "size line"),
    chunks("extension, LF at once", "9112 §7.1.1", "5;\nhello|0||", "400!", "size line"),
    chunks("extension, CR", "9112 §7.1.1", "5;a\rX|hello|0||", "400!", "size line"),
    chunks("extension, CR LF in a string", "9112 §7.1.1", '5;a="|"|hello|0||', "400!", "size line"),
    chunks(
        "extension as long as allowed", "9112 §7.1.1", "5;" + "a" * 254 + "|hello|0||", "200", "POST / hello"
    ),
    chunks("extension too long", "9112 §7.1.1", "5;" + "a" * 255 + "|hello|0||", "400!", "256"),
    chunks("extension without end", "9112 §7.1.1", "5;" + "a" * 400, "400!", "256"),
    chunks(
        "extensions of many chunks",
        "9112 §7.1.1",
        ("1;" + "a" * 250 + "|x|") * 66 + "0||",
        "400!",
        "extensions",
    ),
    # trailers
    chunks("trailer", "9112 §7.1.2", "5|hello|0|X-Sum: 1||", "200", "POST / hello"),
    chunks("trailers", "9112 §7.1.2", "5|hello|0|X: 1|X: 2|Y:||", "200", "POST / hello"),
    chunks("trailer as large as allowed", "9112 §7.1.2", "0|X: " + "y" * 95 + "||", "200"),
    chunks("trailer too large", "9112 §7.1.2", "0|X: " + "y" * 96 + "||", "431!", "max_trailer_size"),
    chunks("trailer without end", "9112 §7.1.2", "0|X: " + "y" * 200, "431!", "max_trailer_size"),
    chunks("too many trailers", "9112 §7.1.2", "0|" + "X:1|" * 11 + "|", "431!", "max_fields"),
    chunks("Content-Length as a trailer", "9110 §6.5.1", "0|Content-Length: 5||", "400!", "Content-Length"),
    chunks(
        "Transfer-Encoding as a trailer",
        "9110 §6.5.1",
        "0|transfer-encoding: chunked||",
        "400!",
        "transfer-encoding",
    ),
    chunks("Host as a trailer", "9110 §6.5.1", "0|Host: b||", "400!", "Host"),
    chunks("Connection as a trailer", "9110 §6.5.1", "0|Connection: close||", "400!", "Connection"),
    chunks("Trailer as a trailer", "9110 §6.5.1", "0|Trailer: x||", "400!", "Trailer"),
    chunks(
        "Content-Type as a trailer", "9110 §6.5.1", "0|Content-Type: text/plain||", "400!", "Content-Type"
    ),
    chunks("Authorization as a trailer", "9110 §6.5.1", "0|Authorization: x||", "400!", "Authorization"),
    chunks("trailer without colon", "9112 §7.1.2", "0|X||", "400!", "not a field line"),
    chunks("trailer with blank before the colon", "9112 §7.1.2", "0|X : 1||", "400!", "not a field line"),
    chunks("trailer without name", "9112 §7.1.2", "0|: 1||", "400!", "not a field line"),
    chunks("folded trailer", "9112 §5.2", "0|X: 1| 2||", "400!", "not a field line"),
    chunks("trailer with NUL", "9110 §5.5", "0|X: \0||", "400!"),
    chunks("trailer with LF", "9112 §2.2", "0|X: 1\nY: 2||", "400!"),
    chunks("trailer with CR", "9112 §2.2", "0|X: 1\rY: 2||", "400!"),
    chunks("trailer with control", "9110 §5.5", "0|X: \x07||", "400!"),
]

EXPECTATIONS = [
    case(
        "continue", "9110 §10.1.1", "POST / HTTP/1.1|Host: a|Content-Length: 5|Expect: 100-continue||", "100"
    ),
    case(
        "continue, any case",
        "9110 §10.1.1",
        "POST / HTTP/1.1|Host: a|Content-Length: 5|expect: 100-CONTINUE||",
        "100",
    ),
    case(
        "continue, chunked",
        "9110 §10.1.1",
        "POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked|Expect: 100-continue||",
        "100",
    ),
    case("continue without content", "9110 §10.1.1", "GET / HTTP/1.1|Host: a|Expect: 100-continue||", "200"),
    case(
        "continue, too large",
        "9110 §10.1.1",
        "POST / HTTP/1.1|Host: a|Content-Length: 1001|Expect: 100-continue||",
        "413!",
    ),
    case(
        "continue in 1.0",
        "9110 §10.1.1",
        "POST / HTTP/1.0|Host: a|Content-Length: 5|Expect: 100-continue||",
        "",
    ),
    case(
        "continue in 1.0 with content",
        "9110 §10.1.1",
        "POST / HTTP/1.0|Host: a|Content-Length: 2|Expect: 100-continue||hi",
        "200!",
        "POST / hi",
    ),
    case(
        "continue, bad framing",
        "9110 §10.1.1",
        "POST / HTTP/1.1|Host: a|Content-Length: x|Expect: 100-continue||",
        "400!",
    ),
    case(
        "continue, no Host",
        "9110 §10.1.1",
        "POST / HTTP/1.1|Content-Length: 2|Expect: 100-continue||hi",
        "400!",
    ),
    get("other expectation", "9110 §10.1.1", "Expect: 200-ok|", "417!", "100-continue"),
    get("expectation list", "9110 §10.1.1", "Expect: 100-continue, x|", "417!", "100-continue"),
    get("empty expectation", "9110 §10.1.1", "Expect:|", "417!", "100-continue"),
    get("quoted expectation", "9110 §10.1.1", 'Expect: "100-continue"|', "417!"),
    get("expectation with parameter", "9110 §10.1.1", "Expect: 100-continue;a|", "417!"),
]

CONNECTIONS = [
    case(
        "persists in 1.1",
        "9112 §9.3",
        "GET /a HTTP/1.1|Host: a||GET /b HTTP/1.1|Host: a||",
        "200 200",
        "GET /b ",
    ),
    get("close", "9112 §9.6", "Connection: close|", "200!"),
    get("close, any case", "9112 §9.6", "connection: CLOSE|", "200!"),
    get("close in a list", "9112 §9.6", "Connection: foo, Close ,bar|", "200!"),
    get("close in a second field", "9112 §9.6", "Connection: foo|Connection: close|", "200!"),
    get("close beside keep-alive", "9112 §9.3", "Connection: keep-alive, close|", "200!"),
    get("closed is another option", "9112 §9.6", "Connection: closed, not-close|", "200"),
    get("keep-alive", "9112 §9.3", "Connection: keep-alive|", "200"),
    get("empty Connection", "9112 §9.6", "Connection:|", "200"),
    get(
        "upgrade is ignored",
        "9110 §7.8",
        "Connection: upgrade|Upgrade: websocket|Sec-WebSocket-Version: 13|",
        "200",
    ),
    get(
        "h2c upgrade is ignored",
        "9110 §7.8",
        "Connection: Upgrade, HTTP2-Settings|Upgrade: h2c|HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA|",
        "200",
    ),
    case(
        "upgrade with content",
        "9110 §7.8",
        "POST / HTTP/1.1|Host: a|Connection: upgrade|Upgrade: x|Content-Length: 2||hi",
        "200",
        "POST / hi",
    ),
    case("close in 1.0", "9112 §9.3", "GET / HTTP/1.0|Connection: close||", "200!"),
    case(
        "keep-alive in 1.0",
        "9112 §9.3",
        "GET / HTTP/1.0|Connection: Keep-Alive||GET /b HTTP/1.0||",
        "200 200!",
        "GET /b ",
    ),
    case("keep-alive in a list in 1.0", "9112 §9.3", "GET / HTTP/1.0|Connection: foo, keep-alive||", "200"),
    case(
        "keep-alive and close in 1.0", "9112 §9.3", "GET / HTTP/1.0|Connection: keep-alive, close||", "200!"
    ),
    case("Keep-Alive field alone in 1.0", "9112 §9.3", "GET / HTTP/1.0|Keep-Alive: 5||", "200!"),
    case(
        "Proxy-Connection means nothing",
        "9112 §C.2.2",
        "GET / HTTP/1.0|Proxy-Connection: keep-alive||",
        "200!",
    ),
    case(
        "nothing behind close is read",
        "9112 §9.6",
        "GET /a HTTP/1.1|Host: a|Connection: close||GET /b HTTP/1.1|Host: a||",
        "200!",
        "GET /a ",
    ),
    case(
        "nothing behind a refusal is read", "9112 §9.6", "GET /a|Host: a||GET /b HTTP/1.1|Host: a||", "400!"
    ),
    case(
        "good ones in front of a bad one are answered",
        "9112 §9.3.2",
        "GET /a HTTP/1.1|Host: a||GET /b HTTP/1.1|Host: a||BAD|",
        "200 200 400!",
    ),
    case("HEAD", "9110 §9.3.2", "HEAD / HTTP/1.1|Host: a||", "200", ""),
    case(
        "HEAD between others",
        "9110 §9.3.2",
        "GET /a HTTP/1.1|Host: a||HEAD /b HTTP/1.1|Host: a||GET /c HTTP/1.1|Host: a||",
        "200 200 200",
        "GET /c ",
    ),
    case("HEAD in 1.0", "9110 §9.3.2", "HEAD / HTTP/1.0||", "200!", ""),
    case("TRACE is a method like others", "9110 §9.3.8", "TRACE / HTTP/1.1|Host: a||", "200"),
]

INCOMPLETE = [
    case(f"the first {count} bytes", "9112 §8", "GET /hello HTTP/1.1|Host: a|X: y||"[:count], "")
    for count in (1, 3, 4, 5, 10, 11, 15, 19, 20, 22, 25, 26, 30, 31)
]

GROUPS = {
    "request lines": REQUEST_LINES, "empty lines": EMPTY_LINES, "line ends": LINE_ENDS, "targets": TARGETS,
    "fields": FIELDS, "hosts": HOSTS, "lengths": LENGTHS, "codings": CODINGS, "chunks": CHUNKS,
    "expectations": EXPECTATIONS, "connections": CONNECTIONS, "incomplete": INCOMPLETE,
}  # fmt: skip
CASES = [case for group in GROUPS.values() for case in group]


def handler(request):
    query = request.get_raw_query_params()
    mark = "?" if query or request._query is not None else ""
    return f"{request.method} {request.path}{mark}{query} ".encode() + request.body


def methods_of(wire):
    """The methods of the requests that an answer to HEAD could belong to."""
    return [line.split(b" ")[0].decode("latin-1") for line in wire.split(b"\r\n") if b" HTTP/1." in line]


async def fed(server, pieces):
    """Feed pieces to a connection of its own."""
    connection = server.connect()
    for piece in pieces:
        connection.send(piece)
        if connection.protocol._task is not None:
            await asyncio.sleep(0)
    return connection


def outcome(connection, wire):
    """What was answered, the words of refusals left out: they name what was seen first; and whether it closed."""
    answers = read_responses(connection.take(), methods_of(wire))
    closed = connection.closed
    connection.lose()
    return [(answer.status, answer.body if answer.status < 400 else b"") for answer in answers], closed


def expected(case):
    statuses = [int(word) for word in case.expected.rstrip("!").split()]
    return statuses, case.expected.endswith("!")


@pytest.fixture
def quiet(caplog):
    caplog.set_level(logging.CRITICAL + 1, "areion.http")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.section} {case.name}")
async def test_whole(case, caplog):
    """A case that comes in one piece is answered as the table says; a refusal says why, here and in one line."""
    server = MemoryServer(handler, config=CONFIG)
    connection = server.connect()
    answers = read_responses(await connection.feed(case.wire), methods_of(case.wire))
    statuses, closes = expected(case)
    assert [answer.status for answer in answers] == statuses
    assert connection.closed == closes
    refused = [answer for answer in answers if answer.status >= 400]
    if case.says is not None:
        said = answers[-1].body.decode()
        assert case.says in said if refused else said == case.says
    for answer in refused:
        assert answer.body
        assert ("connection" in answer.headers) == closes
    for record in caplog.records:
        assert record.exc_info is None
        assert "\n" not in record.getMessage()
    if refused and refused[0].status != 413 and case.says != "tunnel":
        (record,) = caplog.records
        assert f"refused 192.0.2.1:50000 with {refused[0].status}: " in record.getMessage()
        assert refused[0].body.decode() in record.getMessage()
        assert ", at byte " in record.getMessage()
    connection.lose()


@pytest.mark.parametrize("group", GROUPS)
async def test_in_pieces(group, quiet):
    """Byte by byte, and split at any point, the outcome is that of the whole."""
    server = MemoryServer(handler, config=CONFIG)
    for case in GROUPS[group]:
        wire = case.wire
        whole = server.connect()
        whole.send(wire)
        ways = [[wire[i : i + 1] for i in range(len(wire))]]
        step = 1 if len(wire) < 250 else len(wire) // 50
        ways += [[wire[:at], wire[at:]] for at in range(1, len(wire), step)]
        connections = [await fed(server, pieces) for pieces in ways]
        for _ in range(12):
            await asyncio.sleep(0)
        reference = outcome(whole, wire)
        for connection, pieces in zip(connections, ways, strict=True):
            assert outcome(connection, wire) == reference, (case.name, pieces)
    for _ in range(3):
        await asyncio.sleep(0)
    assert server.connection_count == 0


@pytest.mark.parametrize("group", GROUPS)
async def test_behind_a_good_request(group, quiet):
    """A good request in front of a case, in the same bytes, is answered; the case then as if it were alone."""
    server = MemoryServer(handler, config=CONFIG)
    for case in GROUPS[group]:
        connection = server.connect()
        answers = read_responses(await connection.feed(GOOD + case.wire), methods_of(GOOD + case.wire))
        statuses, closes = expected(case)
        assert [answer.status for answer in answers] == [200, *statuses], case.name
        assert answers[0].body == b"GET /good "
        assert connection.closed == closes, case.name
        connection.lose()


@pytest.mark.parametrize("group", GROUPS)
async def test_a_good_request_after_a_case(group, quiet):
    """Where the connection stays open after a whole message, the next request is answered as the next request."""
    server = MemoryServer(handler, config=CONFIG)
    for case in GROUPS[group]:
        if case.expected.endswith("!") or case.expected in {"", "100"}:
            continue
        connection = server.connect()
        await connection.feed(case.wire)
        (answer,) = read_responses(await connection.feed(GOOD))
        assert (answer.status, answer.body) == (200, b"GET /good "), case.name
        connection.lose()


def test_the_table_is_large_and_nothing_is_in_it_twice():
    """More than 400 cases, each of its own."""
    assert len(CASES) > 400
    assert len({case.wire for case in CASES}) == len(CASES)
