"""Media types by file name, from one fixed table: the same answer on every machine and Python version.

``mimetypes`` is not used, because it mixes in what the machine's own tables and registry say. A name tells
one type only: ``.tar.gz`` is ``application/gzip``, never a tar with a Content-Encoding, which a client would
undo.
"""

from __future__ import annotations

from typing import Final

DEFAULT_MEDIA_TYPE: Final = "application/octet-stream"

# Registered with IANA, or the de-facto name where nothing is registered. JavaScript: RFC 9239. Markdown: RFC
# 7763.
_TYPES: Final = {
    "application/atom+xml": "atom",
    "application/epub+zip": "epub",
    "application/geo+json": "geojson",
    "application/gzip": "gz tgz",
    "application/java-archive": "jar",
    "application/json": "json map",
    "application/json5": "json5",
    "application/jsonl": "jsonl ndjson",
    "application/ld+json": "jsonld",
    "application/manifest+json": "webmanifest",
    "application/msword": "doc dot",
    "application/pdf": "pdf",
    "application/pgp-signature": "sig",
    "application/postscript": "ps eps ai",
    "application/rss+xml": "rss",
    "application/rtf": "rtf",
    "application/sql": "sql",
    "application/toml": "toml",
    "application/vnd.android.package-archive": "apk",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.apple.mpegurl": "m3u8",
    "application/vnd.debian.binary-package": "deb",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-fontobject": "eot",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.rar": "rar",
    "application/vnd.sqlite3": "sqlite sqlite3",
    "application/wasm": "wasm",
    "application/x-7z-compressed": "7z",
    "application/x-bzip2": "bz2",
    "application/x-tar": "tar",
    "application/x-xz": "xz",
    "application/xhtml+xml": "xhtml xht",
    "application/xml": "xml xsl xsd",
    "application/xslt+xml": "xslt",
    "application/yaml": "yaml yml",
    "application/zip": "zip",
    "application/zstd": "zst",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/midi": "mid midi",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "oga ogg opus",
    "audio/wav": "wav",
    "audio/webm": "weba",
    "font/collection": "ttc",
    "font/otf": "otf",
    "font/ttf": "ttf",
    "font/woff": "woff",
    "font/woff2": "woff2",
    "image/apng": "apng",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/jpeg": "jpg jpeg jpe jfif",
    "image/jxl": "jxl",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/tiff": "tif tiff",
    "image/vnd.adobe.photoshop": "psd",
    "image/webp": "webp",
    "image/x-icon": "ico cur",
    "message/rfc822": "eml",
    "model/gltf+json": "gltf",
    "model/gltf-binary": "glb",
    "text/calendar": "ics",
    "text/css": "css",
    "text/csv": "csv",
    "text/html": "html htm",
    "text/javascript": "js mjs cjs",
    "text/markdown": "md markdown",
    "text/plain": "txt text log conf ini cfg env c h cc cpp hpp cs go java kt lua pl py pyi rb rs sh swift",
    "text/tab-separated-values": "tsv",
    "text/vcard": "vcf",
    "text/vtt": "vtt",
    "text/x-rst": "rst",
    "video/3gpp": "3gp",
    "video/mp2t": "ts",
    "video/mp4": "mp4 m4v",
    "video/mpeg": "mpeg mpg",
    "video/ogg": "ogv",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "video/x-msvideo": "avi",
}
_TYPE_OF: Final = {
    suffix: media_type for media_type, suffixes in _TYPES.items() for suffix in suffixes.split()
}


def guess_media_type(name: str) -> str:
    """Return the media type for a file's name, with ``; charset=utf-8`` for text.

    >>> guess_media_type("report.HTML"), guess_media_type("backup.tar.gz"), guess_media_type("Makefile")
    ('text/html; charset=utf-8', 'application/gzip', 'application/octet-stream')

    Args:
        name: A file's name or path; only the part after its last dot counts. A name that starts with its only
            dot (``.profile``) has no type.

    Returns:
        The value for a Content-Type field; ``application/octet-stream`` for what is unknown.
    """
    stem, dot, suffix = name.replace("\\", "/").rpartition("/")[2].rpartition(".")
    media_type = _TYPE_OF.get(suffix.lower(), DEFAULT_MEDIA_TYPE) if dot and stem else DEFAULT_MEDIA_TYPE
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type
