"""The scale of a drawn chart: where a value stands, and which round values have a line."""

TOP, FLOOR = 14, 176  # where the highest tick and zero are drawn, in pixels of the chart's height
HEIGHT = FLOOR + 24
TICKS = 4


def y(value: float, most: int) -> float:
    """Return how far down the value stands when `most` stands at the top."""
    return round(FLOOR - (FLOOR - TOP) * value / most, 1)


def round_up(most: int) -> int:
    """Return 1, 2 or 5 times a power of ten that is not below `most`, and at least 2."""
    power = 1
    while True:
        for times in (1, 2, 5):
            if times * power >= max(most, 2):
                return times * power
        power *= 10


def ticks(most: int) -> list[tuple[float, int]]:
    """Return where the lines of a scale up to a rounded-up `most` stand, and their values."""
    wanted = next(parts for parts in (TICKS, 5, 2) if most % parts == 0)
    values = [most * part // wanted for part in range(wanted + 1)]
    return [(y(value, most), value) for value in values]
