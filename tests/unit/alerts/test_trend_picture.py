"""The picture of a trend is a sound PNG that shows what it says."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dosebus_alerts.picture import BAR, HEIGHT, LEVEL, PALETTE, SUM, WIDTH, TrendPoint, trend_picture

DAY = date(2026, 5, 4)


def opened(points: list[TrendPoint], level: float) -> Image.Image:
    picture = Image.open(BytesIO(trend_picture(points, level)))
    picture.load()
    return picture


def rows_of(picture: Image.Image, colour: int) -> list[int]:
    pixels = picture.convert("RGB").load()
    return [y for y in range(HEIGHT) if any(pixels[x, y] == PALETTE[colour] for x in range(WIDTH))]


def test_the_sum_climbs_over_the_level() -> None:
    points = [TrendPoint(DAY, 0.8, 0.8), TrendPoint(DAY + timedelta(days=9), 1.5, 2.3)]
    picture = opened(points, 2.0)
    assert picture.size == (WIDTH, HEIGHT)
    level = rows_of(picture, LEVEL)
    sums = rows_of(picture, SUM)
    assert min(sums) < min(level) < max(level) < max(sums)
    assert min(rows_of(picture, BAR)) > min(sums)


def test_a_bound_reaches_above_the_sum() -> None:
    plain = rows_of(
        opened([TrendPoint(DAY, 1.0, 1.0), TrendPoint(DAY + timedelta(days=9), 1.0, 1.5)], 3.0), SUM
    )
    points = [TrendPoint(DAY, 1.0, 1.0), TrendPoint(DAY + timedelta(days=9), 1.0, 1.5, 2.8)]
    assert min(rows_of(opened(points, 3.0), SUM)) < min(plain)


points = st.lists(
    st.builds(
        TrendPoint,
        st.integers(0, 400).map(lambda days: DAY + timedelta(days=days)),
        st.floats(0, 1e6),
        st.floats(0, 1e6),
    ),
    min_size=1,
    max_size=12,
)


@given(points, st.floats(1e-6, 1e6))
@settings(max_examples=15, deadline=None)
def test_whatever_the_doses_it_is_a_picture_and_always_the_same(told: list[TrendPoint], level: float) -> None:
    assert opened(told, level).size == (WIDTH, HEIGHT)
    assert trend_picture(told, level) == trend_picture(told, level)
    assert len(trend_picture(told, level)) < 10_000
