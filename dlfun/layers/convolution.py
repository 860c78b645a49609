"""Convolution over any number of axes, with its own gradient.

XLA's own convolution has an automatic gradient that misses the fast path inside a compiled loop
on a CPU, and becomes a grouped convolution when kernels are mapped over members. Written as
matrix products of shifted views, forward and backward, it has neither trouble. There are several
ways to do so, which differ in speed and memory and never in meaning:

patches: one product of all patches.
chunks: the same, for as many examples at a time as fit in a core's cache.
shifts: a product for each position of the window, without patches in memory.
xla: XLA's own convolution and automatic gradient, the only way with forward-mode derivatives.
"""

import functools
import string
from collections.abc import Callable, Sequence

import jax
from flax import linen as nn
from jax import lax
from jax import numpy as jnp

from dlfun.errors import ArgumentError
from dlfun.layers.arguments import entries, name_of, numbers, per_axis, whole
from dlfun.layers.windows import Padding, Window, make_window, patches, shifted
from dlfun.types import CONVOLUTIONS
from dlfun.words import plural

FORWARD_BYTES, BACKWARD_BYTES = 4 << 20, 1 << 20
"""Patches in memory at a time, of all that one layer of one member makes, by measurement."""

FORWARD_MODE = (
    "convolution with its own gradient has no forward-mode derivative; "
    "use XLA's convolution: way='xla', or of a study the option convolution=xla"
)


def convolve(
    inputs: jax.Array,
    kernel: jax.Array,
    strides: int | Sequence[int] | None = None,
    padding: Padding = "VALID",
    dilation: int | Sequence[int] | None = None,
    way: str = "patches",
) -> jax.Array:
    """Cross-correlation of inputs with a kernel, the convolution of the field.

    Args:
      inputs: [batch, *spatial, channels]; integers become what the kernel is.
      kernel: [*window, channels, features].
      strides, dilation: one number for all spatial axes, or for each; None is 1 everywhere.
      padding: as Flax has it: SAME, SAME_LOWER, VALID, the zeros on both sides of all spatial
        axes, or for each axis one such number or (low, high).
      way: one of `dlfun.types.CONVOLUTIONS`.

    Returns:
      [batch, *out, features].

    Raises:
      ArgumentError: if the axes of inputs, kernel and numbers do not go together, an argument is
        none that is known, or the window is larger than the padded input.
      TypeError: in forward-mode differentiation of any way but xla.

    >>> convolve(jnp.arange(5.0)[None, :, None], jnp.ones((3, 1, 1)))[0, :, 0].tolist()
    [3.0, 6.0, 9.0]
    """
    name_of("convolution", way, CONVOLUTIONS)
    inputs, kernel = of_one_type(inputs, kernel)
    window = make_window(inputs.shape[1:-1], kernel.shape[:-2], strides, padding, dilation)
    if way == "xla":
        return _xla(inputs, kernel, window)
    try:
        return _own(window, way, inputs, kernel)
    except TypeError as error:
        if "forward-mode" in str(error):
            raise TypeError(FORWARD_MODE) from error
        raise


def of_one_type(inputs: jax.Array, kernel: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Inputs and kernel as arrays of one type, if they go together."""
    kernel = numbers(kernel, "[*window, channels, features]", name="kernel")
    text = f"[batch, *spatial, channels] for a kernel {list(kernel.shape)}"
    inputs = numbers(inputs, text, kernel.ndim)
    if inputs.shape[-1] != kernel.shape[-2]:
        raise ArgumentError(
            f"inputs {list(inputs.shape)}: have {plural(inputs.shape[-1], 'channel')}, and "
            "the kernel "
            f"{list(kernel.shape)} is for {kernel.shape[-2]}"
        )
    dtype = jnp.result_type(inputs, kernel)
    return inputs.astype(dtype), kernel.astype(dtype)


def _xla(inputs: jax.Array, kernel: jax.Array, window: Window) -> jax.Array:
    axes = string.digits[: len(window.size)]
    return lax.conv_general_dilated(
        inputs,
        kernel,
        window.strides,
        window.padding,
        rhs_dilation=window.dilation,
        dimension_numbers=(f"N{axes}C", f"{axes}IO", f"N{axes}C"),
    )


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _own(window: Window, way: str, inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    if way == "shifts":
        flat = kernel.reshape(-1, *kernel.shape[-2:])
        products = [view @ flat[i] for i, view in enumerate(shifted(inputs, window))]
        return functools.reduce(jnp.add, products)
    matrix = kernel.reshape(-1, kernel.shape[-1])

    def product(some: jax.Array) -> jax.Array:
        return patches(some, window) @ matrix

    if way == "patches":
        return product(inputs)
    return _in_chunks(product, inputs, _patch_bytes(inputs, kernel, window), FORWARD_BYTES)


def _forward(window: Window, way: str, inputs: jax.Array, kernel: jax.Array) -> tuple:
    return _own(window, way, inputs, kernel), (inputs, kernel)


def _backward(window: Window, way: str, kept: tuple, gradient: jax.Array) -> tuple:
    inputs, kernel = kept
    return (
        _input_gradient(window, way, inputs, kernel, gradient),
        _kernel_gradient(window, way, inputs, kernel, gradient),
    )


_own.defvjp(_forward, _backward)


def _input_gradient(
    window: Window, way: str, inputs: jax.Array, kernel: jax.Array, gradient: jax.Array
) -> jax.Array:
    """A forward convolution of the gradient with the flipped, transposed kernel.

    Under strides that would mostly multiply zeros: there it is one product, and shifted sums.
    """
    if any(stride > 1 for stride in window.strides):
        matrix = kernel.reshape(-1, kernel.shape[-1])
        back = jax.linear_transpose(lambda x: patches(x, window), inputs)
        return back(gradient @ matrix.T)[0]
    axes = tuple(range(len(window.size)))
    flipped = jnp.swapaxes(jnp.flip(kernel, axes), -1, -2)
    pads = [
        (span - 1 - low, n + low - out)
        for span, (low, _), n, out in zip(
            window.spans, window.padding, inputs.shape[1:-1], gradient.shape[1:-1], strict=True
        )
    ]
    # Padding wider than the window would have to be cut from the gradient.
    cut = lax.pad(gradient, jnp.zeros((), gradient.dtype), _margins(pads, min))
    wide = window._replace(padding=tuple((max(low, 0), max(high, 0)) for low, high in pads))
    return _own(wide, way, cut, flipped)


def _margins(pads: list[tuple[int, int]], pick: Callable) -> list[tuple[int, int, int]]:
    return [(0, 0, 0), *((pick(low, 0), pick(high, 0), 0) for low, high in pads), (0, 0, 0)]


def _kernel_gradient(
    window: Window, way: str, inputs: jax.Array, kernel: jax.Array, gradient: jax.Array
) -> jax.Array:
    features = kernel.shape[-1]
    if way == "shifts":
        flat = gradient.reshape(-1, features)
        views = [view.reshape(-1, view.shape[-1]) for view in shifted(inputs, window)]
        return jnp.stack([view.T @ flat for view in views]).reshape(kernel.shape)

    def product(some: tuple[jax.Array, jax.Array]) -> jax.Array:
        flat = patches(some[0], window).reshape(-1, kernel.size // features)
        return flat.T @ some[1].reshape(-1, features)

    size = _patch_bytes(inputs, kernel, window)
    count = 1 if way == "patches" else _chunks(inputs.shape[0], size, BACKWARD_BYTES)
    if count == 1:
        return product((inputs, gradient)).reshape(kernel.shape)
    parts = jax.tree.map(lambda a: a.reshape(count, -1, *a.shape[1:]), (inputs, gradient))
    zeros = jnp.zeros((kernel.size // features, features), gradient.dtype)
    total, _ = lax.scan(lambda sum, part: (sum + product(part), None), zeros, parts)
    return total.reshape(kernel.shape)


def _patch_bytes(inputs: jax.Array, kernel: jax.Array, window: Window) -> int:
    """Size of all patches of the inputs."""
    views = jax.eval_shape(lambda x: patches(x, window), inputs)
    return views.size * views.dtype.itemsize


def _chunks(batch: int, size: int, limit: int) -> int:
    """The least number of equal chunks, of at most 64, which brings their size under the limit."""
    divisors = [n for n in range(1, max(min(batch, 64), 1) + 1) if batch % n == 0]
    return next((n for n in divisors if size <= limit * n), divisors[-1])


def _in_chunks(
    function: Callable[[jax.Array], jax.Array], inputs: jax.Array, size: int, limit: int
) -> jax.Array:
    count = _chunks(inputs.shape[0], size, limit)
    if count == 1:
        return function(inputs)
    outputs = lax.map(function, inputs.reshape(count, -1, *inputs.shape[1:]))
    return outputs.reshape(-1, *outputs.shape[2:])


class Conv(nn.Module):
    """`flax.linen.Conv` with the same parameters: kernel [*window, channels, features], bias.

    Works over as many axes as `window` has numbers; one number is a single axis. Of strides,
    padding and dilation it takes what `convolve` takes. `way` is one of
    `dlfun.types.CONVOLUTIONS`.
    """

    features: int
    window: int | Sequence[int]
    strides: int | Sequence[int] | None = None
    padding: Padding = "SAME"
    dilation: int | Sequence[int] | None = None
    way: str = "patches"

    @nn.compact
    def __call__(self, inputs: jax.Array) -> jax.Array:
        """inputs [batch, *spatial, channels] -> [batch, *out, features].

        Raises:
          ArgumentError: as `convolve` does, before there are parameters.
        """
        axes = len(entries(self.window, 1))
        window = per_axis("window", self.window, max(axes, 1))
        inputs = numbers(inputs, f"[batch, *spatial, channels] for a window {window}", axes + 2)
        features = whole("features", self.features)
        make_window(inputs.shape[1:-1], window, self.strides, self.padding, self.dilation)
        shape = (*window, inputs.shape[-1], features)
        kernel = self.param("kernel", nn.initializers.lecun_normal(), shape)
        bias = self.param("bias", nn.initializers.zeros, (features,))
        outputs = convolve(inputs, kernel, self.strides, self.padding, self.dilation, self.way)
        return outputs + bias.reshape((1,) * (outputs.ndim - 1) + (-1,))
