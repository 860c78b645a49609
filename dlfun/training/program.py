"""A jitted function whose tracing, lowering and compilation are kept apart from its calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax


class Phases(NamedTuple):
    """Seconds of each step from a Python function to an executable."""

    trace: float = 0.0
    lower: float = 0.0
    compile: float = 0.0

    @property
    def total(self) -> float:
        """All of them."""
        return sum(self)


class Program:
    """A jitted function that keeps its compilation apart from its calls.

    Attributes:
      traces: how often the function was traced, which the tests hold to one per Settings.
      phases: seconds spent so far on tracing, lowering and compiling.
    """

    def __init__(self, function: Callable[..., Any], **jit_options: Any) -> None:
        def traced(*args: Any) -> Any:
            self.traces += 1
            return function(*args)

        self.traces = 0
        self.phases = Phases()
        self._jitted = jax.jit(traced, **jit_options)
        self._compiled: dict[Any, Any] = {}

    def compiled(self, *args: Any) -> Any:
        """The executable for arguments (arrays, or their shapes) like these, made once."""
        return self.lowered(*args)()

    def lowered(self, *args: Any) -> Callable[[], Any]:
        """The same, traced and lowered now; what it returns compiles, in any thread, if need be."""
        leaves, structure = jax.tree.flatten(args)
        shapes = (structure, tuple((leaf.shape, leaf.dtype) for leaf in leaves))
        if shapes in self._compiled:
            return lambda: self._compiled[shapes]
        began = time.perf_counter()
        traced = self._jitted.trace(*args)
        seen = time.perf_counter()
        lowered = traced.lower()
        self._spend(trace=seen - began, lower=time.perf_counter() - seen)

        def compile() -> Any:
            began = time.perf_counter()
            self._compiled[shapes] = lowered.compile()
            self._spend(compile=time.perf_counter() - began)
            return self._compiled[shapes]

        return compile

    def _spend(self, **seconds: float) -> None:
        self.phases = Phases(*map(sum, zip(self.phases, Phases(**seconds), strict=True)))

    def __call__(self, *args: Any) -> Any:
        """The result of the compiled function."""
        return self.compiled(*args)(*args)


def bytes_needed(compiled: Any) -> int:
    """What one device must hold to run a compiled program, by XLA's own account.

    Arguments and results count once where a result takes the place of an argument.
    """
    found = compiled.memory_analysis()
    return (
        found.argument_size_in_bytes
        + found.output_size_in_bytes
        - found.alias_size_in_bytes
        + found.temp_size_in_bytes
        + found.generated_code_size_in_bytes
    )
