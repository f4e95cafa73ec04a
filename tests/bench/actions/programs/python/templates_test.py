import unittest

from templates import TemplateError, apply_filters, look_up, names, render


class TemplateTest(unittest.TestCase):
    values = {"user": {"name": "ada <3", "age": 36, "email": None}, "city": "rome"}

    def test_render(self):
        self.assertEqual(render("{{user.name}} is {{ user.age }}", self.values), "ada <3 is 36")

    def test_filters(self):
        self.assertEqual(render("{{ city | title }}/{{ user.name|upper | escape }}", self.values), "Rome/ADA &lt;3")

    def test_none_is_empty(self):
        self.assertEqual(render("[{{ user.email.host }}]", self.values), "[]")

    def test_unknown_name(self):
        with self.assertRaisesRegex(TemplateError, "no phone in user.phone"):
            render("{{ user.phone }}", self.values)

    def test_unknown_filter(self):
        with self.assertRaises(TemplateError):
            apply_filters("x", ["reverse"])

    def test_look_up(self):
        self.assertEqual(look_up("user.age", self.values), 36)

    def test_names(self):
        self.assertEqual(names("{{ b }} {{ a.c | upper }} {{b}}"), ["a.c", "b"])
