"""From compact storage to what a model reads."""

from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from dlfun.objectives.tasks import task_of
from dlfun.scaling import Scaling
from dlfun.types import Batch, Spec

COMPUTE = {"float32": jnp.float32, "bfloat16": jnp.bfloat16, "float64": jnp.float64}
STORED = {"float32": jnp.float32, "bfloat16": jnp.float32, "float64": jnp.float64}


def prepare(
    inputs: jax.Array, spec: Spec, precision: str, scaling: Scaling | None = None
) -> jax.Array:
    """Stored inputs [batch, *shape] as scaled or standardised floats; ids as int32."""
    dtype = COMPUTE[precision]
    if spec.vocabulary:
        return inputs.astype(jnp.int32)
    if scaling is not None and scaling.inputs is not None:
        return scaling.inputs.standardised(inputs.astype(STORED[precision])).astype(dtype)
    return inputs.astype(dtype) * jnp.asarray(spec.scale, dtype)


def prepare_batch(batch: Batch, spec: Spec, precision: str) -> Batch:
    """The batch with its inputs prepared and regression targets in the stored precision."""
    targets = batch.targets
    if task_of(spec).numbers:
        targets = targets.astype(STORED[precision])
    inputs = prepare(batch.inputs, spec, precision, batch.scaling)
    return batch._replace(inputs=inputs, targets=targets)


def seen(inputs: Any, spec: Spec, scaling: Scaling | None) -> np.ndarray:
    """Stored inputs [n, *shape] as a model sees them: float32, of a text ids."""
    stored = np.asarray(inputs)
    if spec.vocabulary:
        return stored
    if scaling is not None and scaling.inputs is not None:
        return scaling.inputs.standardised(stored).astype(np.float32)
    return stored.astype(np.float32) * np.float32(spec.scale)
