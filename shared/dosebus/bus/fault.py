"""What may be said of an error: enough to find it, and nothing a message or row contained."""

import traceback

import psycopg
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError


def describe(error: BaseException) -> str:
    """The kind of error and its place. The text of most errors may quote patient data and is left out."""
    return f"{kind_of(error)} at {place_of(error)}"


def kind_of(error: BaseException) -> str:
    """The type of an error with the details that never quote data."""
    name = type(error).__name__
    if isinstance(error, ValidationError):
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        shown = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['type']}" for fault in faults[:5])
        return f"{name} ({shown})"
    driver = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(driver, psycopg.Error):
        details = ", ".join(detail for detail in (driver.sqlstate, driver.diag.constraint_name) if detail)
        return f"{type(driver).__name__} ({details})" if details else type(driver).__name__
    if isinstance(error, OSError):
        return f"{name} ({error.strerror or error.errno or ''})"
    return name


def place_of(error: BaseException) -> str:
    """Module and line where an error was raised, the innermost one inside DoseBus."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "dosebus" in frame.filename] or list(frames)
    if not ours:
        return "unknown place"
    return f"{ours[-1].filename.rpartition('/')[2]}:{ours[-1].lineno} {ours[-1].name}"


def is_outage(error: BaseException) -> bool:
    """Whether an error means that the database is away, so that it says nothing about the message."""
    if isinstance(error, PoolTimeoutError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    ):
        return True
    driver = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(driver, psycopg.OperationalError | psycopg.InterfaceError):
        state = driver.sqlstate
        return state is None or state[:2] in ("08", "53") or state in ("57P01", "57P02", "57P03")
    return False
