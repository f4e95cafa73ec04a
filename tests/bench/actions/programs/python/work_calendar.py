"""Working days: weekends and holidays are free."""
import datetime
from calendar import monthrange

SATURDAY = 5


class WorkCalendar:
    def __init__(self, holidays=()):
        self.holidays = {datetime.date.fromisoformat(text) for text in holidays}

    def is_working_day(self, day):
        return day.weekday() < SATURDAY and day not in self.holidays

    def add_working_days(self, day, count):
        """The working day that lies `count` working days after `day`, or before it where count is negative."""
        step = datetime.timedelta(days=1 if count >= 0 else -1)
        remaining = abs(count)
        while remaining > 0:
            day += step
            if self.is_working_day(day):
                remaining -= 1
        return day

    def working_days_between(self, start, end):
        """How many working days lie from `start` up to, but without, `end`."""
        if end < start:
            return -self.working_days_between(end, start)
        days = (end - start).days
        return sum(self.is_working_day(start + datetime.timedelta(days=offset)) for offset in range(days))

    def last_working_day(self, year, month):
        """The last working day of a month."""
        day = datetime.date(year, month, monthrange(year, month)[1])
        while not self.is_working_day(day):
            day -= datetime.timedelta(days=1)
        return day


def describe(days):
    """A number of days in words."""
    if days is None:
        return "open"
    weeks, rest = divmod(days, 7)
    parts = []
    if weeks:
        parts.append(f"{weeks} week" + ("s" if weeks > 1 else ""))
    if rest or not weeks:
        parts.append(f"{rest} day" + ("s" if rest != 1 else ""))
    return " and ".join(parts)
