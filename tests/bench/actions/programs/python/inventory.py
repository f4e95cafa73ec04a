"""A small stock book: what lies on the shelves and what it is worth."""
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal


class OutOfStock(Exception):
    """More was asked for than there is."""


def to_money(value):
    """Rounds to whole cents, half a cent up."""
    return Decimal(value).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


class Inventory:
    def __init__(self):
        self.quantities = defaultdict(int)
        self.prices = {}

    def receive(self, name, quantity, price=None):
        """Puts so many pieces on the shelf; the newest price counts."""
        if quantity <= 0:
            raise ValueError(f"quantity must be positive, not {quantity}")
        self.quantities[name] += quantity
        if price is not None:
            self.prices[name] = to_money(price)

    def take(self, name, quantity):
        """Takes pieces from the shelf and returns how many are left."""
        available = self.quantities.get(name, 0)
        if quantity > available:
            raise OutOfStock(f"{name}: {available} left, {quantity} wanted")
        self.quantities[name] = available - quantity
        if self.quantities[name] == 0:
            del self.quantities[name]
            return 0
        return self.quantities[name]

    def value(self):
        """What everything is worth together."""
        total = Decimal("0")
        for name, quantity in self.quantities.items():
            total += self.prices.get(name, Decimal("0")) * quantity
        return to_money(total)

    def low_stock(self, limit):
        """Names with at most `limit` pieces, the scarcest first."""
        low = [(quantity, name) for name, quantity in self.quantities.items() if quantity <= limit]
        return [name for _, name in sorted(low)]
