"""Events that carry nothing."""

from __future__ import annotations


class Plain:
    """An event that carries nothing: two of a kind are equal. Half of all are, and a dataclass takes 0.5 ms of
    the start to make."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
