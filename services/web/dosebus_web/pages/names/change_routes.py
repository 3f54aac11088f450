"""Changes of standard names: each is one step of the history, written to the audit log, and counts at once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, UploadFile
from fastapi.responses import Response

from dosebus.store.transaction import Transaction
from dosebus_web.auth.gate import AdminWrites
from dosebus_web.language import gettext as _
from dosebus_web.pages.names import edits, exchange, store, volume
from dosebus_web.pages.names.chapters import NameId, Of, path_of, refused
from dosebus_web.pages.names.mapping import RawKey, RefusedError
from dosebus_web.pages.names.store import Chapter, Deed, Make
from dosebus_web.web import Here, Web

router = APIRouter()
LONGEST = 200
Line = Annotated[str, Form(max_length=LONGEST)]
Lines = Annotated[list[str] | None, Form()]
MOST_ROWS = 500


def _clean(name: str) -> str:
    """A standard name as it is kept. Raises HTTPException 400 for none."""
    text = " ".join(name.split())
    if not text or len(text) > LONGEST or "\0" in text:
        raise HTTPException(400, _("A standard name has 1 to 200 characters."))
    return text


def _change(here: Web, chapter: Chapter, deed: Deed, make: Make) -> None:
    try:
        with here.database.transaction() as tx:
            store.change(tx, chapter, deed, make)
    except RefusedError as error:
        raise refused(error) from error


def _raw(chapter: Chapter, text: str) -> tuple[list[str], str]:
    """Sources and raw name of a form's `source,source|raw name`. Raises HTTPException 400."""
    given, bar, raw_name = text.partition("|")
    sources = given.split(",")
    if not bar or not raw_name.strip() or not {*sources} <= {one.name for one in volume.sources_of(chapter)}:
        raise HTTPException(400, _("The form holds a raw name that cannot be read."))
    return sources, raw_name.strip()


def _chosen(chosen: list[str] | None, only: str, count: int) -> list[int]:
    """The rows of a form that are meant: one by its button, else those that are ticked."""
    numbers = [only] if only else (chosen or [])
    if count > MOST_ROWS or any(not one.isdigit() or int(one) >= count for one in numbers):
        raise HTTPException(400, _("The form cannot be read. Go back, reload the page and send it again."))
    return [int(one) for one in dict.fromkeys(numbers)]


def _rows(
    tx: Transaction, chapter: Chapter, raw: list[str], name: list[str], wanted: list[int]
) -> list[edits.Wish]:
    if len(raw) != len(name):
        raise HTTPException(400, _("The form cannot be read. Go back, reload the page and send it again."))
    pairs = [(_raw(chapter, raw[one]), name[one]) for one in wanted]
    keys = store.keys_of(tx.connection, [raw_name for (_sources, raw_name), _name in pairs])
    return [
        edits.Wish((source, keys[text]), text, given)
        for (sources, text), given in pairs
        for source in sources
    ]


@router.post("/names/{modality}/{kind}/map")
def map_raw_names(
    *,
    session: AdminWrites,
    here: Here,
    chapter: Of,
    raw: Lines = None,
    name: Lines = None,
    chosen: Lines = None,
    only: Annotated[str, Form(max_length=6)] = "",
) -> Response:
    """Map the chosen raw names, each to the standard name beside it."""
    wanted = _chosen(chosen, only, len(raw or []))
    try:
        with here.database.transaction() as tx:
            wishes = [
                edits.Wish(one.key, one.raw_name, _clean(one.name))
                for one in _rows(tx, chapter, raw or [], name or [], wanted)
            ]
            names = sorted({one.name for one in wishes})
            deed = Deed(session.account.username, "map", ", ".join(names))
            store.change(tx, chapter, deed, lambda state, fresh: edits.assign(state, wishes, fresh))
    except RefusedError as error:
        raise refused(error) from error
    return here.pages.redirect(path_of(chapter, "/unmapped"), {"done": "saved" if wishes else None})


@router.post("/names/{modality}/{kind}/reject")
def reject_suggestions(
    *,
    session: AdminWrites,
    here: Here,
    chapter: Of,
    raw: Lines = None,
    suggested: Lines = None,
    chosen: Lines = None,
    only: Annotated[str, Form(max_length=6)] = "",
) -> Response:
    """Turn suggestions down: they are not made again."""
    wanted = _chosen(chosen, only, len(raw or []))
    with here.database.transaction() as tx:
        rows = _rows(tx, chapter, raw or [], suggested or [], wanted)
        pairs = {one.key: one.name for one in rows}
        deed = Deed(session.account.username, "reject", ", ".join(sorted({*pairs.values()})))
        store.change(tx, chapter, deed, lambda state, _fresh: edits.reject(state, pairs))
    return here.pages.redirect(path_of(chapter, "/unmapped"), {"done": "saved"})


@router.post("/names/{modality}/{kind}/create")
def create_name(session: AdminWrites, here: Here, chapter: Of, name: Line) -> Response:
    """A new standard name."""
    text = _clean(name)
    deed = Deed(session.account.username, "create", text)
    _change(here, chapter, deed, lambda state, fresh: edits.create(state, text, fresh))
    return here.pages.redirect(path_of(chapter), {"done": "added"})


@router.post("/names/{modality}/{kind}/name/{name_id}/rename")
def rename(session: AdminWrites, here: Here, chapter: Of, name_id: NameId, name: Line) -> Response:
    """Call a standard name otherwise."""
    text = _clean(name)
    deed = Deed(session.account.username, "rename", text)
    _change(here, chapter, deed, lambda state, _fresh: edits.rename(state, name_id, text))
    return here.pages.redirect(path_of(chapter, f"/name/{name_id}"), {"done": "saved"})


@router.post("/names/{modality}/{kind}/name/{name_id}/merge")
def merge(
    session: AdminWrites, here: Here, chapter: Of, name_id: NameId, into: Annotated[int, Form(ge=1, lt=2**63)]
) -> Response:
    """Give all raw names to another standard name, and end this one."""
    subject = _name_of(here, chapter, into)
    deed = Deed(session.account.username, "merge", subject)
    _change(here, chapter, deed, lambda state, _fresh: edits.merge(state, name_id, into))
    return here.pages.redirect(path_of(chapter, f"/name/{into}"), {"done": "saved"})


@router.post("/names/{modality}/{kind}/name/{name_id}/raws")
def change_raws(
    *,
    session: AdminWrites,
    here: Here,
    chapter: Of,
    name_id: NameId,
    deed: Annotated[str, Form(pattern="^(split|unmap)$")],
    raw: Lines = None,
    name: Line = "",
) -> Response:
    """Give the chosen raw names to another standard name, or to none."""
    username, pairs = session.account.username, [_raw(chapter, one) for one in (raw or [])[:MOST_ROWS]]
    target = _clean(name) if deed == "split" else _name_of(here, chapter, name_id)
    try:
        with here.database.transaction() as tx:
            keys = store.keys_of(tx.connection, [text for _sources, text in pairs])
            wanted: list[RawKey] = [(source, keys[text]) for sources, text in pairs for source in sources]
            makes: dict[str, Make] = {
                "split": lambda state, fresh: edits.split(state, name_id, wanted, target, fresh),
                "unmap": lambda state, _fresh: edits.unmap(
                    state, [one for one in wanted if one in state.raws_of(name_id)]
                ),
            }
            store.change(tx, chapter, Deed(username, deed, target), makes[deed])
    except RefusedError as error:
        raise refused(error) from error
    return here.pages.redirect(path_of(chapter, f"/name/{name_id}"), {"done": "saved"})


@router.post("/names/{modality}/{kind}/name/{name_id}/delete")
def delete(session: AdminWrites, here: Here, chapter: Of, name_id: NameId) -> Response:
    """End a standard name; its raw names are unmapped."""
    deed = Deed(session.account.username, "delete", _name_of(here, chapter, name_id))
    _change(here, chapter, deed, lambda state, _fresh: edits.delete(state, name_id))
    return here.pages.redirect(path_of(chapter), {"done": "deleted"})


@router.post("/names/{modality}/{kind}/history/{change_id}/undo")
def undo(session: AdminWrites, here: Here, chapter: Of, change_id: NameId) -> Response:
    """Turn a change round. Raises HTTPException 404, 409."""
    try:
        with here.database.transaction() as tx:
            store.undo(tx, chapter, change_id, session.account.username)
    except LookupError as error:
        raise HTTPException(404) from error
    except RefusedError as error:
        raise refused(error) from error
    return here.pages.redirect(path_of(chapter, "/history"), {"done": "saved"})


@router.post("/names/import")
def import_mapping(
    *,
    session: AdminWrites,
    here: Here,
    file: UploadFile,
    replace: Annotated[bool, Form()] = False,
) -> Response:
    """Take over a mapping. What is mapped otherwise here stays so, unless `replace`. Raises HTTPException 400."""
    try:
        lines = exchange.read(file.file.read())
    except exchange.FileError as error:
        raise HTTPException(400, str(error)) from error
    with here.database.transaction() as tx:
        keys = store.keys_of(tx.connection, [one.raw_name for one in lines])
        wishes: dict[Chapter, list[edits.Wish]] = {}
        for one in lines:
            key = (one.source, keys[one.raw_name])
            wishes.setdefault(one.chapter, []).append(edits.Wish(key, one.raw_name, _clean(one.name)))
        deed = Deed(session.account.username, "import", file.filename or "")
        for chapter, wanted in wishes.items():
            store.change(tx, chapter, deed, _taking_over(wanted, replace=replace))
    return here.pages.redirect("/names/ct/study", {"done": "saved"})


def _taking_over(wishes: list[edits.Wish], *, replace: bool) -> Make:
    return lambda state, fresh: edits.take_over(state, wishes, fresh, replace=replace)


def _name_of(here: Web, chapter: Chapter, name_id: int) -> str:
    """A standard name by its id. Raises HTTPException 409 when it is gone."""
    with here.database.reading() as connection:
        state = store.read(connection, chapter)
    if name_id not in state.names:
        raise refused(RefusedError("unknown"))
    return state.names[name_id]
