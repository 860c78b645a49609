"""Flags that know their group and say in one line what is wrong with a value."""

from __future__ import annotations

from typing import Any

from absl import flags as absl_flags

from dlfun.config.parsers import Kind
from dlfun.errors import bad_value


class Flag(absl_flags.Flag):
    """A flag of a kind, in a group of the help; `usual` is its default in words."""

    def __init__(self, kind: Kind, name: str, default: Any, help: str, group: str, usual: str):
        self.kind, self.group, self.usual = kind, group, usual
        parser: Any = absl_flags.ArgumentParser()
        super().__init__(parser, None, name, default, help, boolean=not kind.form)

    def _parse(self, argument: Any) -> Any:
        try:
            return self.kind.parse(argument)
        except ValueError as error:
            raise bad_value(self.name, argument, error) from None

    def _parse_from_default(self, value: Any) -> Any:
        return value

    def lines(self) -> tuple[str, ...]:
        """The lines of a flagfile that give this flag its value; none if it has none."""
        return () if self.value is None else (self.line(self.value),)

    def line(self, value: Any) -> str:
        """The line of a flagfile that gives this flag a value."""
        if self.boolean:
            return f"--{self.name}" if value else f"--no{self.name}"
        return f"--{self.name}={self.kind.show(value)}"


class RepeatedFlag(Flag):
    """A flag that may be given many times; its value is the tuple of all."""

    value: Any

    def parse(self, argument: Any) -> None:
        """Adds one more value."""
        before = self.value if self.present and self.value else ()
        self.value = (*before, self._parse(argument))
        self.present += 1

    def lines(self) -> tuple[str, ...]:
        """One line a value."""
        return tuple(self.line(value) for value in self.value or ())


def flag_of(values: absl_flags.FlagValues, name: str) -> Flag:
    """The flag of a name, as `define` made it."""
    flag = values[name]
    assert isinstance(flag, Flag)
    return flag


def define(
    values: absl_flags.FlagValues,
    kind: Kind,
    name: str,
    default: Any,
    help: str,
    group: str,
    *,
    usual: str = "",
    repeated: bool = False,
) -> absl_flags.FlagHolder[Any]:
    """Adds a flag and returns its holder; `usual` is the default in words, if it needs any."""
    flag = (RepeatedFlag if repeated else Flag)(kind, name, default, help, group, usual)
    return absl_flags.DEFINE_flag(flag, values, module_name=__name__)


class StudyFlags(absl_flags.FlagValues):
    """The flags of a kind of study.

    Attributes:
      study: the kind.
    """

    study: str

    def __init__(self, study: str) -> None:
        super().__init__()
        self.__dict__["study"] = study  # a name that is no flag
        self.set_gnu_getopt(True)
