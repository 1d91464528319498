"""One network that learns: its optimiser, a guarded update, and its state as named tensors."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from deblur_lib.nn import Deblurrer, frames_for
from deblur_lib.spec import Train
from deblur_lib.training.batch_norms import followed_apart, share_statistics
from deblur_lib.training.running_mean import RunningMean
from deblur_lib.training.team import Team

Parameters = list[nn.Parameter]
UNWATCHED = ("cuda",)  # devices that are never waited for: they judge by themselves what is finite


def _adam(params: Parameters, recipe: Train, fused: bool) -> torch.optim.Optimizer:
    return torch.optim.Adam(
        params, recipe.lr, recipe.betas, weight_decay=recipe.weight_decay, fused=fused
    )


def _adamw(params: Parameters, recipe: Train, fused: bool) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        params, recipe.lr, recipe.betas, weight_decay=recipe.weight_decay, fused=fused
    )


def _sgd(params: Parameters, recipe: Train, fused: bool) -> torch.optim.Optimizer:
    return torch.optim.SGD(
        params, recipe.lr, recipe.betas[0], weight_decay=recipe.weight_decay, fused=fused
    )


OPTIMISERS: dict[str, Callable[[Parameters, Train, bool], torch.optim.Optimizer]] = {
    "adam": _adam,
    "adamw": _adamw,
    "sgd": _sgd,
}


class Outputs(nn.Module):
    """A network whose forward pass gives a tuple.

    A module and not a method call, because Fabric enters the reduced precision in `forward` only.

    Args:
        module: the network.
        every: give all outputs of `forward_all`, where the network has them.
    """

    def __init__(self, module: nn.Module, *, every: bool) -> None:
        super().__init__()
        own = getattr(type(module), "forward_all", Deblurrer.forward_all)
        self.module, self.every = module, every and own is not Deblurrer.forward_all

    def forward(self, batch: Tensor) -> tuple[Tensor, ...]:
        """The outputs, coarse to fine."""
        call: Any = self.module.forward_all if self.every else self.module
        out = call(frames_for(self.module, batch))
        return out if isinstance(out, tuple) else (out,)


class Side:
    """A network under training, on one device or in equal copies on several.

    Args:
        fabric: runs the forward pass in the chosen precision; tells the devices.
        module: the network, already on its device and in its memory format.
        recipe: optimiser, decay, betas.
        factor: learning rate of this network over the recipe's.
        ema: decay of the running mean of its weights, 0 for none.
        compiled: let torch.compile fuse the forward and backward pass.
    """

    def __init__(
        self,
        fabric: Fabric,
        module: nn.Module,
        recipe: Train,
        *,
        factor: float = 1.0,
        ema: float = 0.0,
        compiled: bool = False,
    ) -> None:
        self.module = module
        self.mean = RunningMean(module, ema) if ema else None
        self.recipe = recipe
        self.factor = factor
        self.learning = {n: p for n, p in module.named_parameters() if p.requires_grad}
        self.team = Team.of(fabric)
        share_statistics(module, self.team)
        self._apart = followed_apart(module)
        self._watched = self.team.device.type not in UNWATCHED
        self._fabric = fabric
        outputs: nn.Module = Outputs(module, every=recipe.scales)
        if compiled:
            outputs = torch.compile(outputs)  # type: ignore[assignment]
        self._run = fabric.setup(outputs, move_to_device=False)
        self._buffers: list[tuple[Tensor, Tensor]] = []
        self._optimiser_name = ""
        self.use_optimiser(recipe.optimiser)

    @property
    def scored(self) -> Any:
        """What validation and checkpoints take: the running mean, or the network itself."""
        return self.mean.module if self.mean else self.module

    def use_optimiser(self, name: str) -> None:
        """Go on with this optimiser, a fresh one without moments where another was in use."""
        if name == self._optimiser_name:
            return
        params = list(self.learning.values())
        fused = params[0].device.type in ("cpu", "cuda")
        self.optimiser = OPTIMISERS[name](params, self.recipe, fused)
        if name == "sgd" and not self._watched:  # a first step left out would leave them unfilled
            for one in params:
                self.optimiser.state[one]["momentum_buffer"] = torch.zeros_like(one)
        self._stepper: Any = self._fabric.setup_optimizers(self.optimiser)
        self._optimiser_name = name

    def outputs(self, batch: Tensor) -> tuple[Tensor, ...]:
        """Forward pass in the chosen precision; outputs in float32, the full-size one last."""
        found: tuple[Tensor, ...] = self._run(batch)
        return found

    def begin(self, rate: float) -> None:
        """Clear the gradients, set the learning rate, remember the running statistics."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate * self.factor
        self.optimiser.zero_grad(set_to_none=True)
        self.remember()

    def remember(self) -> None:
        """Keep the running statistics, which a forward pass changes, as they are now."""
        self._buffers = [(one, one.clone()) for one in self.module.buffers()]

    def undo(self, spoilt: Tensor) -> None:
        """Put back the running statistics that `remember` kept, where `spoilt` () is true."""
        for buffer, before in self._buffers:
            buffer.copy_(torch.where(spoilt, before, buffer))

    def agree(self) -> None:
        """Give all processes the same running statistics."""
        self.team.mean(self._apart)

    def finish(self, loss: Tensor, after: Tensor | None = None) -> Tensor:
        """Update the weights, or leave all as it was when loss or gradients are not finite.

        Args:
            loss: (), of this process's part of the batch.
            after: () what an earlier update gave; where that is not finite, neither is this one.

        Returns:
            Norm of the whole batch's gradient before clipping, (); not finite where nothing was
            updated.
        """
        params = [one for one in self.learning.values() if one.grad is not None]
        slopes = [one.grad for one in params if one.grad is not None]
        loss = loss.detach().clone()
        self.team.mean([*slopes, loss, *self._apart])
        norm = torch.nn.utils.get_total_norm(slopes)
        spoilt = ~(norm + loss if after is None else norm + loss + after).isfinite()
        if not self._watched:
            self.undo(spoilt)
            self.optimiser.found_inf = spoilt.float()  # type: ignore[attr-defined]
            self._update(params, norm)
        elif bool(spoilt):
            self.undo(spoilt)
        else:
            self._update(params, norm)
        if self.mean:
            self.mean.follow(self.module)
        return norm.masked_fill(spoilt, math.nan)

    def _update(self, params: Parameters, norm: Tensor) -> None:
        if self.recipe.clip is not None:
            torch.nn.utils.clip_grads_with_norm_(params, self.recipe.clip, norm)
        self._stepper.step()

    def state(self, prefix: str) -> Iterator[tuple[str, Tensor]]:
        """Weights and optimiser moments by name."""
        for name, one in self.module.state_dict().items():
            yield f"{prefix}/weights/{name}", one
        for name, one in self.mean.state().items() if self.mean else ():
            yield f"{prefix}/mean/{name}", one
        for name, parameter in self.learning.items():
            for key, one in self.optimiser.state[parameter].items():
                if one is not None:
                    yield f"{prefix}/{key}/{name}", one

    def load_state(self, prefix: str, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `state` gave, in each parameter's own memory layout."""
        own = {
            tuple(name.split("/", 2)[1:]): one
            for name, one in tensors.items()
            if name.startswith(f"{prefix}/")
        }
        self.module.load_state_dict({n: one for (kind, n), one in own.items() if kind == "weights"})
        if self.mean:
            self.mean.load_state({n: one for (kind, n), one in own.items() if kind == "mean"})
        for (kind, name), one in own.items():
            if kind not in ("weights", "mean"):
                like = self.learning[name]
                alike = one.shape == like.shape  # a moment; else Adam's count of steps
                kept = (
                    torch.empty_like(like) if alike else torch.empty_like(one, device=like.device)
                )
                self.optimiser.state[like][kind] = kept.detach().copy_(one)


def parts_of(blurred: Tensor, sharp: Tensor, count: int) -> list[tuple[Tensor, Tensor]]:
    """A batch in `count` equal parts, whose gradients add up to the batch's."""
    return list(zip(blurred.chunk(count), sharp.chunk(count), strict=True))
