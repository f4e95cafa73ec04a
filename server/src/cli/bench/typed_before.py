"""A small shop inventory."""

from dataclasses import dataclass, field


@dataclass
class Item:
    name: str
    price: float
    count: int = 1
    tags: list[str] = field(default_factory=list)

    def is_available(self) -> bool:
        return self.count > 0


class Inventory:
    def __init__(self) -> None:
        self.items: list[Item] = []

    def add(self, item: Item) -> None:
        for known in self.items:
            if known.name == item.name:
                known.count += item.count
                return
        self.items.append(item)

    def find(self, name: str) -> Item | None:
        for item in self.items:
            if item.name == name:
                return item
        return None

    def total_value(self) -> float:
        """What all items together are worth."""
