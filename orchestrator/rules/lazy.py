"""A property that is worked out once, when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

_Value = TypeVar("_Value")


class lazy(Generic[_Value]):  # noqa: N801 - it is used as a decorator, like `property`
    """Keep what the method returns in place of itself.

    `functools.cached_property` takes a lock each time, which costs more than most facets do.
    """

    def __init__(self, work: Callable[[Any], _Value]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> lazy[_Value]: ...

    @overload
    def __get__(self, owner: object, kind: type) -> _Value: ...

    def __get__(self, owner: object | None, kind: type) -> lazy[_Value] | _Value:
        """Return the value, and let the next look-up find it without coming here."""
        if owner is None:
            return self
        value = owner.__dict__[self._work.__name__] = self._work(owner)
        return value
