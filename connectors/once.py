"""A value that an object looks up once, however many threads ask for it."""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")
_LOCKS = "_once_locks"
_guard = threading.Lock()


class once(Generic[T]):  # noqa: N801 - used as a decorator
    """A property computed on first use: threads wait for it, other objects and other properties do not.

    A failure is not kept: the next one who asks tries again.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> "once[T]": ...

    @overload
    def __get__(self, owner: object, kind: type) -> T: ...

    def __get__(self, owner: Any, kind: type) -> Any:
        """Return the value, which from then on stands in the object's own dictionary."""
        if owner is None:
            return self
        with _guard:
            locks = owner.__dict__.setdefault(_LOCKS, {})
            lock = locks.setdefault(self._name, threading.RLock())
        with lock:
            known = owner.__dict__
            if self._name not in known:
                known[self._name] = self._compute(owner)
            return known[self._name]
