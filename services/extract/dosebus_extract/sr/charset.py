"""Text of a data set by its Specific Character Set (PS3.3 C.12.1.1.2)."""

from __future__ import annotations

from typing import Final, TypeAlias

Charset: TypeAlias = tuple[str, ...]
"""Python codecs in the order of Specific Character Set."""

DEFAULT: Final[Charset] = ("iso8859",)
_PLAIN: Final = {
    (): DEFAULT,
    ("",): DEFAULT,
    ("ISO_IR 6",): DEFAULT,
    ("ISO_IR 100",): ("latin_1",),
    ("ISO_IR 192",): ("UTF8",),
}


def charset_of(raw: bytes | None) -> Charset:
    """The codecs that a Specific Character Set value names; wrong ones are read as pydicom would."""
    if raw is None:
        return DEFAULT
    terms = tuple(term.strip(" \0") for term in raw.decode("ascii", "replace").split("\\"))
    if terms in _PLAIN:
        return _PLAIN[terms]
    from pydicom.charset import convert_encodings

    try:
        return tuple(convert_encodings(list(terms))) or DEFAULT
    except (LookupError, ValueError):
        return DEFAULT


def decode(raw: bytes, charset: Charset, *, person_name: bool = False) -> str:
    """The text, without padding; undecodable bytes are replaced."""
    if raw.isascii() and b"\x1b" not in raw and charset[0] in {"iso8859", "latin_1", "UTF8"}:
        return raw.decode("ascii").strip(" \0")
    if len(charset) == 1 and b"\x1b" not in raw:
        return raw.decode(charset[0], "replace").strip(" \0")
    from pydicom.charset import decode_bytes
    from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

    return decode_bytes(raw, list(charset), PN_DELIMS if person_name else TEXT_VR_DELIMS).strip(" \0")
