"""The settings that a study's bits depend on: JAX's, Flax's and NumPy's, set by the study itself.

They are global, and whoever calls a study from Python may have set them for programs of their own.
A script sets them for its process; a call has them for as long as it lasts.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

OF_THREADS: Mapping[str, Any] = {
    "default_prng_impl": "threefry2x32",
    "threefry_partitionable": True,
    "enable_custom_prng": False,
    "legacy_prng_key": "allow",
    "numpy_dtype_promotion": "standard",
    "softmax_custom_jvp": False,
    "allow_f16_reductions": True,
    "default_device": None,
    "disable_jit": False,
    "debug_nans": False,
    "debug_infs": False,
    "debug_key_reuse": False,
    "transfer_guard": "allow",
}
"""Settings of JAX that have a context of this name. `fixed` has two more."""

OF_PROCESS: Mapping[str, Any] = {
    "jax_random_seed_offset": 0,
    "jax_high_dynamic_range_gumbel": False,
    "jax_threefry_gpu_kernel_lowering": False,
    "jax_use_direct_linearize": True,
    "jax_error_checking_behavior_nan": "ignore",
    "jax_error_checking_behavior_divide": "ignore",
    "jax_error_checking_behavior_oob": "ignore",
}
"""Settings of JAX that have none."""

OF_COMPILER: Mapping[str, Any] = {
    "jax_disable_most_optimizations": False,
    "jax_optimization_level": "UNKNOWN",
    "jax_exec_time_optimization_effort": 0.0,
}
"""Settings of compilation. They are what the environment says, to a call as to a script."""

FLAX: Mapping[str, Any] = {
    "flax_fix_rng_separator": False,
    "flax_return_frozendict": False,
    "flax_preserve_adopted_names": False,
}

RECORDED = (
    "default_prng_impl",
    "threefry_partitionable",
    "enable_x64",
    "default_matmul_precision",
)

FLAGS = ("XLA_FLAGS", "LIBTPU_INIT_ARGS")
"""Variables that compilers read once, when JAX starts; a record holds them."""


def fixed(precision: str = "float32", matmul_precision: str = "default") -> dict[str, Any]:
    """The settings of JAX that have contexts, for a study of these precisions."""
    products = os.environ.get("JAX_DEFAULT_MATMUL_PRECISION") or None
    if matmul_precision != "default":
        products = matmul_precision
    wide = precision == "float64"
    return {**OF_THREADS, "enable_x64": wide, "default_matmul_precision": products}


def settle(precision: str, matmul_precision: str) -> None:
    """Sets them for this process, whose compilation is as the environment says already."""
    known = fixed(precision, matmul_precision)
    _update({f"jax_{name}": value for name, value in known.items()} | dict(OF_PROCESS))
    _update_flax(FLAX)


@contextlib.contextmanager
def settled(precision: str = "float32", matmul_precision: str = "default") -> Iterator[None]:
    """Sets all of them for as long as it lasts; then they are again as they were."""
    import jax
    import numpy as np

    with contextlib.ExitStack() as stack:
        stack.enter_context(np.errstate(all="warn", under="ignore"))
        for name, value in fixed(precision, matmul_precision).items():
            if hasattr(jax, name):
                stack.enter_context(getattr(jax, name)(value))
        wanted = dict(OF_PROCESS) | {n: _of_environment(n, v) for n, v in OF_COMPILER.items()}
        stack.callback(_update, _update(wanted))
        stack.callback(_update_flax, _update_flax(FLAX))
        yield


def in_force() -> dict[str, Any]:
    """What a record keeps of them: name -> value, of all that studies may differ in."""
    import jax

    known = jax.config.values
    own = {f"jax_{name}": known[f"jax_{name}"] for name in RECORDED}
    unusual = {n: known[n] for n, usual in OF_COMPILER.items() if known.get(n, usual) != usual}
    return own | unusual | {name: os.environ[name] for name in FLAGS if os.environ.get(name)}


def _of_environment(name: str, usual: Any) -> Any:
    """What JAX makes of the environment variable of a setting."""
    text = os.environ.get(name.upper(), "")
    if not text:
        return usual
    if isinstance(usual, bool):
        return text.lower() in ("1", "true", "t", "yes", "y", "on")
    return type(usual)(text)


def _update(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Changes the settings of JAX that are otherwise, if it has them; what these were before."""
    import jax

    known = jax.config.values
    before = {n: known[n] for n, value in wanted.items() if n in known and known[n] != value}
    for name in before:
        jax.config.update(name, wanted[name])
    return before


def _update_flax(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The same of Flax."""
    import flax

    known = {name: getattr(flax.config, name) for name in wanted if hasattr(flax.config, name)}
    before = {name: value for name, value in known.items() if value != wanted[name]}
    for name in before:
        flax.config.update(name, wanted[name])
    return before
