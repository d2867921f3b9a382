"""The self-service terminal: a subscriber's visit, the bill, the receipt, the screens."""

__version__ = "0.1.0"
