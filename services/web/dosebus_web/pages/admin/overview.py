"""The doors of the administration."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from dosebus_web.auth.gate import Admin
from dosebus_web.language import marked
from dosebus_web.web import Here

router = APIRouter()
DOORS = (
    ("/admin/users", marked("Users and tokens"), marked("Who may sign in, and what they may do.")),
    ("/admin/nodes", marked("DICOM nodes"), marked("Archives that can be asked for studies.")),
    ("/names", marked("Standard names"), marked("One name for what devices and people call differently.")),
    ("/admin/devices", marked("Devices"), marked("What they are called, and which modality they count as.")),
    (
        "/admin/reading",
        marked("Rules on reading"),
        marked("Devices that are ignored, names by UID, what is deleted after reading."),
    ),
    ("/admin/people", marked("Patients"), marked("What is kept of them, and who is none.")),
    (
        "/admin/rederivation",
        marked("Re-derivation"),
        marked("Read archived objects again, and compare before anything changes."),
    ),
    (
        "/admin/skin",
        marked("Skin dose maps"),
        marked("Which systems are mapped, with which offsets, by which method."),
    ),
    ("/admin/alerts", marked("Alert levels and recipients"), marked("When to warn, and whom.")),
    ("/admin/home", marked("Home page"), marked("Which periods it counts, and when a device is silent.")),
    ("/objects", marked("Objects set aside"), marked("What gave no record, and why.")),
    ("/services", marked("Services and queues"), marked("How every part is; dead letters.")),
    ("/admin/audit", marked("Audit log"), marked("Who did what.")),
)


@router.get("/admin")
def show_doors(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """Where things are administered."""
    return here.pages.render(request, "pages/admin/overview.html", {"doors": DOORS})
