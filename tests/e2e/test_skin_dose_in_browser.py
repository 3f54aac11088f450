"""The skin dose map in a real browser: drawn flat and on the body, its cursor equal to the array of the command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from dosebus_simulator.devices import devices_for
from dosebus_simulator.encode import encoded
from dosebus_simulator.projection import rf_study
from dosebus_simulator.projection_writer import write_only_report
from dosebus_simulator.visit import visit
from tests.e2e.conftest import CHROMIUM, PASSWORD, QUIET, WAIT_MS, Standalone, waiting_context, without_faults
from tests.integration.ground.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SOFTWARE_GL = (
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)
EVENTS = 24
LEAP = 5
"""So many cells the cursor goes with the shift key."""
COLOURS = """async canvas => {
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  const seen = new Map();
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4) {
    const colour = data.subarray(at, at + 4).join(",");
    seen.set(colour, (seen.get(colour) ?? 0) + 1);
  }
  return Object.fromEntries(seen);
}"""
NO_WEBGL = """
  const own = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind.startsWith("webgl") ? null : own.call(this, kind, ...rest);
  };"""
PIXEL = """(canvas, [x, y]) => {
  const ratio = canvas.width / canvas.clientWidth;
  return [...canvas.getContext("2d").getImageData(Math.round(x * ratio), Math.round(y * ratio), 1, 1).data];
}"""


@dataclass(frozen=True)
class Truth:
    """What the command computes of the file that was sent."""

    rows: int
    columns: int
    cells: dict[tuple[int, int], float]
    peak_gy: float
    page: str

    def dose(self, row: int, column: int) -> float:
        """The dose (Gy) of a cell."""
        return self.cells.get((row, column), 0.0)

    @property
    def peak(self) -> tuple[int, int]:
        """The cell with the largest dose."""
        return max(self.cells, key=lambda cell: (self.cells[cell], -cell[0], -cell[1]))


def write_report(path: Path) -> str:
    """A report of an Artis whose beams meet the torso from behind; gives its Study Instance UID."""
    artis = next(one for one in devices_for("RF") if "ARTIS" in (one.equipment.model or ""))
    study = rf_study(visit("RF", "skin dose", device=artis, child=False), None, EVENTS, 6.0)
    (report,) = study.projection_reports
    events = tuple(
        event.model_copy(
            update={
                "table_longitudinal_position_mm": 4.0 * (number % 5),
                "table_lateral_position_mm": 520.0 + 3 * number,
                "table_height_position_mm": 138.0,
            }
        )
        for number, event in enumerate(report.events)
    )
    moved = study.model_copy(update={"projection_reports": (report.model_copy(update={"events": events}),)})
    path.write_bytes(encoded(write_only_report(moved)))
    return moved.study_instance_uid


@pytest.fixture(scope="module")
def drawing_browser(browser: Browser) -> Iterator[Browser]:
    """A headless Chromium that draws WebGL in software, and everything else with it: twice the work of the other."""
    switches = [one for one in QUIET if one != "--disable-gpu"]
    started = browser.browser_type.launch(
        executable_path=CHROMIUM, args=[*switches, *SOFTWARE_GL], timeout=WAIT_MS
    )
    yield started
    started.close()


@pytest.fixture(scope="module")
def client(running: Standalone) -> Iterator[httpx.Client]:
    """A signed-in client without a browser."""
    with httpx.Client(base_url=running.url, timeout=120, follow_redirects=True) as opened:
        opened.post("/sign-in", data={"username": "admin", "password": PASSWORD})
        yield opened


@pytest.fixture(scope="module")
def truth(running: Standalone, client: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """A study that was sent, mapped, and computed again by the command."""
    path = tmp_path_factory.mktemp("skin") / "study.dcm"
    uid = write_report(path)
    running.dosebus("send", "--to", f"127.0.0.1:{running.dicom_port}", str(path))
    computed = json.loads(running.dosebus("skin", "--json", str(path)))
    rows, columns = computed["shape"]
    cells = {(row, column): gray for row, column, gray in computed["cells"]}
    page = _page_of(client, uid)
    return Truth(rows, columns, cells, computed["peak_gy"], page)


def _page_of(client: httpx.Client, uid: str) -> str:
    def is_mapped() -> bool:
        found = client.get(f"/study/{uid}")
        return found.status_code == 200 and client.get(f"{found.url.path}/skin/map.bin").status_code == 200

    assert eventually(is_mapped, 300), "the study was not mapped"
    return f"{client.get(f'/study/{uid}').url.path}/skin"


@contextmanager
def _signed_in(browser: Browser, running: Standalone, **options: bool) -> Iterator[Page]:
    """A page of a browser context of its own."""
    context = waiting_context(browser, **options)
    page = context.new_page()
    page.goto(f"{running.url}/sign-in")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{running.url}/")
    yield page
    context.close()


@pytest.fixture
def flat_page(page: Page, running: Standalone, truth: Truth) -> Page:
    """The page of the study with its flat map alone: a body that is drawn in software follows each step."""
    page.add_init_script(NO_WEBGL)
    page.goto(running.url + truth.page)
    expect(page.locator("[data-skin]")).to_have_attribute("data-phase", "drawn")
    return page


@pytest.fixture
def shown(drawing_browser: Browser, running: Standalone, truth: Truth) -> Iterator[Page]:
    """The page of the study with its map and its body drawn."""
    with _signed_in(drawing_browser, running) as signed_in, without_faults(signed_in) as page:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(running.url + truth.page)
        expect(page.locator("[data-skin]")).to_have_attribute("data-phase", "drawn")
        page.locator("[data-stage]").scroll_into_view_if_needed()
        expect(page.locator("[data-skin]")).to_have_attribute("data-body", "drawn")
        yield page


def at_cursor(page: Page) -> tuple[int, int, float]:
    """Row, column and dose (Gy) that the page says."""
    told = page.locator("[data-dose]")
    row, column, gray = (told.get_attribute(f"data-{name}") for name in ("row", "column", "gy"))
    assert None not in (row, column, gray)
    return int(row or ""), int(column or ""), float(gray or "")


def middle_of(flat: Locator, truth: Truth, row: int, across: int) -> tuple[float, float]:
    """The middle of a cell of the flat map, on its canvas."""
    size = float(flat.evaluate("canvas => canvas.clientWidth")) / truth.columns
    return (across + 0.5) * size, (row + 0.5) * size


def test_the_cursor_says_what_the_command_computes(flat_page: Page, truth: Truth) -> None:
    flat = flat_page.locator("[data-flat]")
    assert at_cursor(flat_page)[:2] == truth.peak
    assert at_cursor(flat_page)[2] == pytest.approx(truth.peak_gy, rel=1e-9)
    seen = {}
    for row in (truth.peak[0] - 12, truth.peak[0], truth.peak[0] + 5):
        for across in range(3, truth.columns, 9):
            x, y = middle_of(flat, truth, row, across)
            flat.hover(position={"x": x, "y": y})
            told_row, column, gray = at_cursor(flat_page)
            assert told_row == row
            assert gray == pytest.approx(truth.dose(row, column), rel=1e-9, abs=0)
            seen[row, column] = gray
    assert len(seen) == 3 * len(range(3, truth.columns, 9)), "each place is a cell of its own"
    assert sum(1 for gray in seen.values() if gray > 0) > 3
    assert 0.0 in seen.values()
    expect(flat_page.locator("[data-region]")).to_contain_text("Torso")


def test_the_flat_map_is_drawn_in_the_colours_of_the_scale(flat_page: Page, truth: Truth) -> None:
    flat = flat_page.locator("[data-flat]")
    for name in ("regions", "isodoses", "peak"):
        flat_page.locator(f"input[name={name}]").uncheck()
    row, column = truth.peak
    _row, leftmost = _hovered(flat_page, flat, truth, row, 0)
    place = (column - leftmost) % truth.columns
    assert _hovered(flat_page, flat, truth, row, place) == (row, column)
    x, y = middle_of(flat, truth, row, place)
    _hovered(flat_page, flat, truth, row, (place + truth.columns // 2) % truth.columns)
    assert flat.evaluate(PIXEL, [x, y]) == [255, 228, 130, 255], "the peak has the last colour"
    flat_page.get_by_label("Scale").select_option("grey")
    assert flat.evaluate(PIXEL, [x, y]) == [255, 255, 255, 255]
    flat_page.get_by_label("Level", exact=True).fill(str(truth.peak_gy * 2))
    flat_page.get_by_label("Level", exact=True).press("Enter")
    dark = flat.evaluate(PIXEL, [x, y])
    assert max(dark[:3]) < 200, "the peak lies below the window's middle"
    flat_page.get_by_role("button", name="Whole range").click()
    assert flat.evaluate(PIXEL, [x, y]) == [255, 255, 255, 255]
    assert len(flat.evaluate(COLOURS)) > 20


def _hovered(page: Page, flat: Locator, truth: Truth, row: int, across: int) -> tuple[int, int]:
    x, y = middle_of(flat, truth, row, across)
    flat.hover(position={"x": x, "y": y})
    return at_cursor(page)[:2]


def test_the_body_is_drawn_and_turns_and_its_cursor_is_the_same(shown: Page, truth: Truth) -> None:
    body = shown.locator("[data-stage] canvas")
    from_behind = body.evaluate(COLOURS)
    assert len(from_behind) > 50, "not blank"
    shown.get_by_role("button", name="Front", exact=True).click()
    assert eventually(lambda: body.evaluate(COLOURS) != from_behind)
    in_front = body.evaluate(COLOURS)
    body.focus()
    shown.keyboard.press("ArrowRight")
    assert eventually(lambda: body.evaluate(COLOURS) != in_front)
    shown.get_by_role("button", name="Back", exact=True).click()
    size = body.bounding_box()
    assert size is not None
    doses = set()
    for down in (0.5, 0.55, 0.6, 0.65):
        body.hover(position={"x": size["width"] / 2, "y": size["height"] * down})
        row, column, gray = at_cursor(shown)
        assert gray == pytest.approx(truth.dose(row, column), rel=1e-9, abs=0)
        doses.add((row, column))
    assert len(doses) > 2, "the cursor follows on the body"
    before = body.evaluate(COLOURS)
    shown.locator("[data-flat]").focus()
    for _ in range(6):
        shown.keyboard.press("Shift+ArrowDown")
    moved = eventually(lambda: body.evaluate(COLOURS) != before)
    assert moved, "and the body's mark follows on the flat map"


def test_keys_move_the_cursor_and_what_they_find_is_announced(flat_page: Page, truth: Truth) -> None:
    flat, said = flat_page.locator("[data-flat]"), flat_page.locator("[data-said]")
    flat.focus()
    row, column = truth.peak
    for key, to in (
        ("ArrowRight", (row, column + 1)),
        ("ArrowDown", (row + 1, column + 1)),
        ("p", (row, column)),
    ):
        flat_page.keyboard.press(key)
        told_row, told_column, gray = at_cursor(flat_page)
        assert (told_row, told_column) == (to[0], to[1] % truth.columns)
        assert gray == pytest.approx(truth.dose(told_row, told_column), rel=1e-9, abs=0)
        expect(said).to_contain_text(f"Row {told_row}, column {told_column}")
    leaps, steps = divmod(truth.columns, LEAP)
    for key, times in (("Shift+ArrowLeft", leaps), ("ArrowLeft", steps)):
        for _ in range(times):
            flat_page.keyboard.press(key)
    assert at_cursor(flat_page)[:2] == truth.peak, "once round the body"


def test_the_replay_adds_up_to_the_map(flat_page: Page, truth: Truth) -> None:
    slider = flat_page.locator("[data-step]")
    steps = int(slider.get_attribute("max") or "")
    assert 1 < steps <= EVENTS
    flat_page.locator("[data-mode]").select_option("single")
    parts = []
    for step in range(1, steps + 1):
        slider.fill(str(step))
        parts.append(at_cursor(flat_page)[2])
    assert sum(parts) == pytest.approx(truth.peak_gy, rel=1e-5)
    flat_page.locator("[data-mode]").select_option("cumulative")
    slider.fill("1")
    assert at_cursor(flat_page)[2] == pytest.approx(parts[0], rel=1e-6)
    expect(flat_page.locator("[data-step-link]")).to_have_attribute(
        "href", f"{truth.page.removesuffix('/skin')}#event-1"
    )
    play = flat_page.locator("[data-play]")
    play.press("Enter")
    expect(play).to_have_attribute("aria-pressed", "true")
    expect(play).to_have_attribute("aria-pressed", "false")
    expect(flat_page.locator("[data-step-at]")).to_have_text("All events on the map")
    assert at_cursor(flat_page)[2] == pytest.approx(truth.peak_gy, rel=1e-9)
    most = max(range(steps), key=parts.__getitem__)
    expect(flat_page.locator("[data-most]")).to_contain_text("gave most here")
    link = flat_page.locator("[data-most-link]")
    assert parts[most] > 0
    link.click()
    expect(flat_page.locator("tr:target")).to_be_visible()


def test_pictures_and_numbers_are_kept(flat_page: Page, truth: Truth) -> None:
    for name, begins in (("Image", b"\x89PNG"), ("CSV", b"\xef\xbb\xbf")):
        with flat_page.expect_download() as started:
            flat_page.get_by_role("button", name=name).or_(
                flat_page.get_by_role("link", name=name, exact=True)
            ).click()
        assert started.value.path().read_bytes().startswith(begins)


def test_a_new_map_comes_without_loading_the_page(flat_page: Page) -> None:
    # Whoever listens before the other page asks hears the answer.
    expect(flat_page.locator("[data-live-light].good")).to_be_attached()
    stamp = flat_page.locator("[data-stamp]")
    before = stamp.get_attribute("data-stamp")
    other = flat_page.context.new_page()
    other.goto(flat_page.url)
    other.get_by_role("button", name="Compute again").click()
    other.close()
    expect(stamp).not_to_have_attribute("data-stamp", before or "")


def test_axe_finds_no_serious_fault_and_nothing_is_wider_than_the_screen(shown: Page) -> None:
    axe = Axe()
    for width, scheme in ((1280, "light"), (390, "dark")):
        shown.set_viewport_size({"width": width, "height": 900})
        shown.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = axe.run(shown, None, {"resultTypes": ["violations"]}).response["violations"]
        assert [one["id"] for one in found if one["impact"] in {"serious", "critical"}] == [], (width, scheme)
        assert shown.evaluate("document.documentElement.scrollWidth") <= width


def test_without_webgl_the_flat_map_stays(browser: Browser, running: Standalone, truth: Truth) -> None:
    with _signed_in(browser, running) as page:
        page.add_init_script(NO_WEBGL)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(running.url + truth.page)
        page.locator("[data-stage]").scroll_into_view_if_needed()
        expect(page.locator("[data-stage]")).to_contain_text("WebGL")
        assert at_cursor(page)[2] == pytest.approx(truth.peak_gy, rel=1e-9)
        assert not any("phantom.js" in url for url in asked)


def test_without_script_there_is_a_picture_and_its_numbers(
    browser: Browser, running: Standalone, truth: Truth
) -> None:
    with _signed_in(browser, running, java_script_enabled=False) as page:
        page.goto(running.url + truth.page)
        picture = page.get_by_role("img", name="Map of the skin laid flat")
        expect(picture).to_be_visible()
        size = picture.bounding_box()
        assert size is not None
        assert size["height"] > 300
        expect(page.get_by_role("row", name="Torso, back")).to_contain_text(f"{truth.peak_gy:.3g}")
