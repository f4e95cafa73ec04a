import unittest
from decimal import Decimal

from inventory import Inventory, OutOfStock, to_money


class InventoryTest(unittest.TestCase):
    def setUp(self):
        self.stock = Inventory()
        self.stock.receive("bolt", 10, "0.105")
        self.stock.receive("nut", 4, "0.05")

    def test_money_is_rounded_half_up(self):
        self.assertEqual(to_money("2.675"), Decimal("2.68"))

    def test_receive_adds_up(self):
        self.stock.receive("bolt", 5)
        self.assertEqual(self.stock.quantities["bolt"], 15)

    def test_receive_wants_a_positive_quantity(self):
        with self.assertRaises(ValueError):
            self.stock.receive("bolt", 0)

    def test_take_returns_what_is_left(self):
        self.assertEqual(self.stock.take("bolt", 3), 7)

    def test_take_all_removes_the_name(self):
        self.assertEqual(self.stock.take("nut", 4), 0)
        self.assertNotIn("nut", self.stock.quantities)

    def test_take_too_much(self):
        with self.assertRaises(OutOfStock):
            self.stock.take("nut", 5)

    def test_take_unknown(self):
        with self.assertRaises(OutOfStock):
            self.stock.take("washer", 1)

    def test_value(self):
        self.assertEqual(self.stock.value(), Decimal("1.30"))

    def test_low_stock(self):
        self.stock.receive("pin", 1)
        self.assertEqual(self.stock.low_stock(4), ["pin", "nut"])
