import unittest
from datetime import date

from work_calendar import WorkCalendar, describe


class WorkCalendarTest(unittest.TestCase):
    def setUp(self):
        self.calendar = WorkCalendar(["2024-05-01", "2024-05-09"])

    def test_weekend_and_holiday_are_free(self):
        days = [date(2024, 5, day) for day in (1, 3, 4, 5, 6)]
        self.assertEqual([self.calendar.is_working_day(day) for day in days], [False, True, False, False, True])

    def test_add(self):
        self.assertEqual(self.calendar.add_working_days(date(2024, 4, 30), 3), date(2024, 5, 6))

    def test_add_backwards(self):
        self.assertEqual(self.calendar.add_working_days(date(2024, 5, 10), -2), date(2024, 5, 7))

    def test_between(self):
        self.assertEqual(self.calendar.working_days_between(date(2024, 5, 6), date(2024, 5, 13)), 4)

    def test_between_backwards(self):
        self.assertEqual(self.calendar.working_days_between(date(2024, 5, 13), date(2024, 5, 6)), -4)

    def test_last_working_day(self):
        self.assertEqual(self.calendar.last_working_day(2024, 6), date(2024, 6, 28))

    def test_describe(self):
        self.assertEqual([describe(n) for n in (None, 0, 1, 7, 15)], ["open", "0 days", "1 day", "1 week", "2 weeks and 1 day"])
