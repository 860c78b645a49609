"""Libraries of trackers kept from printing, warning and waiting while a study has the word."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Iterator, Mapping

PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
GLANCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}
"""MLflow asks a server that is away for minutes, unless its variables say otherwise: how often
again, and for how many seconds, it is to ask; and the same to see whether anybody answers."""


@contextlib.contextmanager
def quiet(patience: Mapping[str, str] = PATIENCE) -> Iterator[None]:
    """While it lasts, libraries say nothing, and give up soon."""
    before = logging.root.manager.disable
    added = {name: value for name, value in patience.items() if name not in os.environ}
    os.environ.update(added)
    logging.disable(logging.ERROR)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        for name in added:
            os.environ.pop(name, None)
