"""The works in PyTorch's own layers: which layers, and how they follow one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlfun.benchmark.works import CLASSES, Work
from dlfun.models import CNN, RNN, VAE


def dense_layers(work: Work) -> dict[str, Any]:
    """Fully connected layers, and a head."""
    from torch.nn import Linear

    sizes = [_size(work), *getattr(work.shape, "widths", ())]
    hidden = {f"hidden_{i}": Linear(*sizes[i : i + 2]) for i in range(len(sizes) - 1)}
    return hidden | {"head": Linear(sizes[-1], CLASSES)}


def _size(work: Work) -> int:
    size = 1
    for axis in work.input:
        size *= axis
    return size


def dense(layers: Any, inputs: Any) -> Any:
    """Softmax regression, where there are no hidden layers."""
    return layers["head"](_hidden(layers, inputs.flatten(1)))


def _hidden(layers: Any, hidden: Any, residual: bool = False) -> Any:
    for i in range(len(layers) - 1):
        new = layers[f"hidden_{i}"](hidden).relu()
        hidden = hidden + new if residual and i and new.shape == hidden.shape else new
    return hidden


def residual(layers: Any, inputs: Any) -> Any:
    """The same, each layer but the first added to its input."""
    return layers["head"](_hidden(layers, inputs.flatten(1), residual=True))


def conv_layers(work: Work) -> dict[str, Any]:
    """Convolutions over one axis or two, hidden layers, and a head."""
    import torch
    from torch.nn import Conv1d, Conv2d, Linear

    shape = work.shape
    kind: Any = Conv1d if len(work.input) == 2 else Conv2d
    sizes = [work.input[-1], *shape.channels]
    layers: dict[str, Any] = {
        f"conv_{i}": kind(*sizes[i : i + 2], shape.kernels[i], shape.strides[i], shape.padding[i])
        for i in range(len(shape.channels))
    }
    with torch.no_grad():
        example = torch.zeros(1, work.input[-1], *work.input[:-1])
        widths = [_convolve(layers, example, shape).shape[1], *shape.dense]
    for i in range(len(shape.dense)):
        layers[f"dense_{i}"] = Linear(*widths[i : i + 2])
    return layers | {"head": Linear(widths[-1], CLASSES)}


def _convolve(layers: Any, hidden: Any, shape: Any) -> Any:
    from torch.nn import functional

    pool = functional.max_pool1d if hidden.ndim == 3 else functional.max_pool2d
    for i, size in enumerate(shape.pools):
        hidden = layers[f"conv_{i}"](hidden).relu()
        hidden = pool(hidden, size) if size > 1 else hidden
    return hidden.flatten(1)


def convolutional(shape: Any) -> Callable[..., Any]:
    """The forward pass of a CNN."""

    def forward(layers: Any, inputs: Any) -> Any:
        hidden = _convolve(layers, inputs, shape)
        for i in range(len(shape.dense)):
            hidden = layers[f"dense_{i}"](hidden).relu()
        return layers["head"](hidden)

    return forward


def recurrent_layers(work: Work) -> dict[str, Any]:
    """One recurrent layer, and a head on all states or the last."""
    from torch.nn import GRU, LSTM, Linear

    shape, (time, channels) = work.shape, work.input
    kind = {"gru": GRU, "lstm": LSTM}[shape.cell]
    width = shape.widths[0]
    layer = kind(channels, width, batch_first=True, bidirectional=shape.bidirectional)
    states = width * (2 if shape.bidirectional else 1)
    read = states * time if shape.readout == "all" else states
    return {"layer_0": layer, "head": Linear(read, CLASSES)}


def recurrent_all(layers: Any, inputs: Any) -> Any:
    """The head reads all states."""
    return layers["head"](layers["layer_0"](inputs)[0].flatten(1))


def recurrent_last(layers: Any, inputs: Any) -> Any:
    """The head reads the last state."""
    return layers["head"](layers["layer_0"](inputs)[0][:, -1])


def vae_layers(work: Work) -> dict[str, Any]:
    """Encoder, posterior, decoder, likelihood and read-out."""
    from torch.nn import Linear

    (size,), (width,), latent = work.input, work.shape.widths, work.shape.latent
    return {
        "encoder_0": Linear(size, width),
        "posterior": Linear(width, 2 * latent),
        "decoder_0": Linear(latent, width),
        "likelihood": Linear(width, size),
        "readout": Linear(latent, CLASSES),
    }


def variational(layers: Any, inputs: Any, noise: Any) -> tuple[Any, ...]:
    """Logits of the inputs, mean and log variance of the posterior, and the read-out's logits."""
    hidden = layers["encoder_0"](inputs).relu()
    mean, log_variance = layers["posterior"](hidden).chunk(2, -1)
    latent = mean + (0.5 * log_variance).exp() * noise
    decoded = layers["likelihood"](layers["decoder_0"](latent).relu())
    return decoded, mean, log_variance, layers["readout"](mean.detach())


def elbo_loss(inputs: Any, targets: Any, outputs: tuple[Any, ...]) -> Any:
    """The negative ELBO and the read-out's cross entropy, [batch]."""
    from torch.nn import functional

    decoded, mean, log_variance, readout = outputs
    wrong = functional.binary_cross_entropy_with_logits(decoded, inputs, reduction="none").sum(-1)
    kl = 0.5 * (log_variance.exp() + mean**2 - 1 - log_variance).sum(-1)
    return wrong + kl + functional.cross_entropy(readout, targets, reduction="none")


def layers_of(work: Work) -> dict[str, Any]:
    """The layers of a work by name."""
    make = {"cnn": conv_layers, "rnn": recurrent_layers, "vae": vae_layers}
    return make.get(work.model, dense_layers)(work)


def forward_of(work: Work) -> Callable[..., Any]:
    """(layers, inputs) -> outputs."""
    if isinstance(work.shape, CNN):
        return convolutional(work.shape)
    if isinstance(work.shape, RNN):
        return recurrent_all if work.shape.readout == "all" else recurrent_last
    if isinstance(work.shape, VAE):
        return variational
    return residual if getattr(work.shape, "residual", False) else dense
