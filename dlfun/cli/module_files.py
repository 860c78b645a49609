"""Modules of the user's own that a command line names by file: these files are run.

--module=net.py:MixNet             a class, made without arguments
--module=mine=net.py:made          under another name: an instance, a function, a dlfun.model
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from dlfun.config.model_value import NAME, Model, make_model
from dlfun.config.parsers import Kind
from dlfun.errors import UserError, bad_value, first_line


class Address(NamedTuple):
    """Where a module is: the file, what it is called there, and in the record, if that differs."""

    file: str
    what: str
    name: str | None = None

    def __str__(self) -> str:
        """As the flag has it."""
        return f"{f'{self.name}=' if self.name else ''}{self.file}:{self.what}"


def parse(given: str) -> Address:
    """The address in a text.

    >>> parse("net.py:MixNet"), parse("mine = nets/net.py:made").name
    (Address(file='net.py', what='MixNet', name=None), 'mine')
    """
    name, sign, rest = given.strip().partition("=")
    if not sign or "/" in name or ":" in name:
        name, rest = "", given.strip()
    file, _, what = rest.strip().rpartition(":")
    if not file.endswith(".py") or not what.isidentifier():
        raise ValueError("must be FILE.py:NAME of a class, an instance or a function in that file")
    name = name.strip()
    if name and not NAME.fullmatch(name):
        raise ValueError(f"{name} is no name of a model")
    return Address(os.path.expanduser(file), what, name or None)


ADDRESS = Kind(parse, str, "[NAME=]FILE.py:CLASS")


def model_in(address: Address) -> Model:
    """The model that a file holds. The file is run.

    Raises:
      UserError: if it is not there, fails, or has no such module.
    """
    from flax import linen as nn

    found: Any = vars(ran(address)).get(address.what)
    if found is None:
        raise fault(address, f"has nothing called {address.what}; name what it defines")
    if callable(found) and not isinstance(found, nn.Module | Model):
        try:
            found = found()
        except Exception as error:  # whatever the user's code may raise
            raise fault(
                address,
                f"{address.what}() fails ({first_line(error)}); name an instance, or a function "
                "without arguments that makes one",
            ) from error
    if isinstance(found, Model) and found.module is not None:
        return Model(address.name, found.given, found.module) if address.name else found
    if not isinstance(found, nn.Module):
        raise fault(address, f"{address.what} is no Flax Linen module; name one")
    return make_model(found, address.name, {})


def ran(address: Address) -> ModuleType:
    """A file of Python, run as when it is imported, with its own folder to import from.

    Raises:
      UserError: if it is not there, or fails.
    """
    path = Path(address.file)
    if not path.is_file():
        raise fault(address, "there is no such file; name one that is there")
    name = re.sub(r"\W", "_", f"dlfun_user_{path.resolve()}")
    if name in sys.modules:  # several of its modules are named
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses, which Linen modules are, look for their names
    sys.path.insert(0, str(path.resolve().parent))
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what it prints is no answer of ours
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        why = f"{type(error).__name__}: {first_line(error)}"
        raise fault(address, f"fails when it is run ({why}); mend it") from error
    finally:
        with contextlib.suppress(ValueError):  # the file may have taken it out itself
            sys.path.remove(str(path.resolve().parent))
    return module


def fault(address: Address, why: str) -> UserError:
    """The error of a file that gives no module."""
    return bad_value("module", str(address), why)
