import unittest

from csv_lines import CsvError, format_line, parse_line, parse_table, quote


class CsvTest(unittest.TestCase):
    def test_plain(self):
        self.assertEqual(parse_line("a,b,,c"), ["a", "b", "", "c"])

    def test_quoted(self):
        self.assertEqual(parse_line('"a,b","say ""hi"""'), ["a,b", 'say "hi"'])

    def test_open_quote(self):
        with self.assertRaises(CsvError):
            parse_line('"a,b')

    def test_quote(self):
        self.assertEqual(quote('a"b'), '"a""b"')
        self.assertEqual(quote("plain"), "plain")

    def test_format(self):
        self.assertEqual(format_line([1, "x,y", "z"]), '1,"x,y",z')

    def test_table(self):
        self.assertEqual(parse_table("id,name\n1,Ada\n2,Bob"), [{"id": "1", "name": "Ada"}, {"id": "2", "name": "Bob"}])

    def test_empty_table(self):
        self.assertEqual(parse_table(""), [])

    def test_ragged_table(self):
        with self.assertRaisesRegex(CsvError, "line 3 has 1 fields, not 2"):
            parse_table("a,b\n1,2\n3")
