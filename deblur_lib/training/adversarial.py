"""The adversarial training step: a generator and a critic (or several in one module) take turns.

Health stands in the log: "critic/real" and "critic/fake" (mean logits), "critic/gradient",
"gradient" and "spread" (standard deviation within the restored pictures over that within the sharp
ones). Training stops as collapsed after `COLLAPSED` steps in a row with a spread below `FLAT`
(pictures without content) or with a generator gradient below `DEAD` (nothing left to follow).
"""

import math
from collections.abc import Mapping
from functools import partial

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from deblur_lib.losses import weighted
from deblur_lib.nn import Deblurrer
from deblur_lib.spec import Train
from deblur_lib.training.critics import check_critic, joined
from deblur_lib.training.feeding import sent
from deblur_lib.training.gan_losses import (
    CRITIC_LOSSES,
    GENERATOR_LOSSES,
    Scores,
    gradient_penalty,
)
from deblur_lib.training.side import Side, parts_of

COLLAPSED = 500  # steps in a row; a fresh generator may be flat for the first few dozen
FLAT = 0.01
DEAD = 1e-12

Values = dict[str, Tensor]


class Adversary:
    """Train the critic `critic_steps` times on a batch, then the generator once on the same batch.

    What the generator minimises is the sum of its named losses and the weighted adversarial one
    (li2026, Eq. (21)).

    Args:
        fabric: device and precision.
        network: the generator, already on its device.
        critic: picture in, logits out (a tuple where it holds several critics; their losses are
            averaged). In a conditional game it sees the blurred picture as well.
        recipe: must declare `adversarial`; `clip` holds for both players.
        compiled: see `Side`; the generator alone.

    Raises:
        DeclarationError: the critic is for other channels than the game shows.
    """

    def __init__(
        self,
        fabric: Fabric,
        network: Deblurrer,
        critic: nn.Module,
        recipe: Train,
        *,
        compiled: bool = False,
    ) -> None:
        assert recipe.adversarial is not None
        self.fabric, self.recipe, self.game = fabric, recipe, recipe.adversarial
        check_critic(critic, self.game)
        self.generator = Side(fabric, network, recipe, ema=recipe.ema, compiled=compiled)
        self.critic = Side(fabric, critic, recipe, factor=(self.game.lr or recipe.lr) / recipe.lr)
        self.team = self.generator.team
        self._means = {"real": torch.empty(0, 0), "fake": torch.empty(0, 0)}  # (critics, pool)
        self._collapsed = 0

    @property
    def scored(self) -> Deblurrer:
        """The generator whose weights count: the running mean where the recipe keeps one."""
        scored: Deblurrer = self.generator.scored
        return scored

    def use_optimiser(self, name: str) -> None:
        """Go on with this optimiser for both players, without moments where another was in use."""
        self.generator.use_optimiser(name)
        self.critic.use_optimiser(name)

    def step(self, blurred: Tensor, sharp: Tensor, rate: float) -> Values:
        """Do one step of each player; a player whose values are not finite is left as it was.

        Args:
            blurred: (B, 3, H, W), or (B, T, 3, H, W) for clips.
            sharp: (B, 3, H, W).
            rate: learning rate of the generator in this step.

        Returns:
            The health values and losses, each () and detached; the generator does not move where
            the critic's are not finite, nor does the critic any more.
        """
        parts = parts_of(blurred, sharp, self.recipe.accumulate)
        self.generator.begin(rate)
        kept = self.generator.outputs(blurred) if len(parts) == 1 else None
        values: Values = {}
        for _ in range(self.game.critic_steps):
            values = self._teach_critic(parts, kept, rate, values.get("critic/gradient"))
        return values | self._teach_generator(parts, kept, values["critic/gradient"])

    def _judge(
        self, picture: Tensor, blurred: Tensor, *, exact: bool = False
    ) -> tuple[Tensor, ...]:
        """Logits of every critic; `exact` leaves the reduced precision aside."""
        if self.game.conditional:
            picture = joined(self.critic.module, blurred, picture)
        if not exact:
            return self.critic.outputs(picture)
        out = self.critic.module(picture)
        return out if isinstance(out, tuple) else (out,)

    def _teach_critic(
        self,
        parts: list[tuple[Tensor, Tensor]],
        kept: tuple[Tensor, ...] | None,
        rate: float,
        before: Tensor | None,
    ) -> Values:
        self.critic.begin(rate)
        sums: Values = {}
        for blurred, sharp in parts:
            with torch.no_grad():
                fake = (kept or self.generator.outputs(blurred))[-1].detach()
            named = self._critic_loss(blurred, sharp, fake)
            self.fabric.backward(named["critic/loss"] / len(parts))
            _add(sums, named, len(parts))
        return {"critic/gradient": self.critic.finish(sums["critic/loss"], before), **sums}

    def _critic_loss(self, blurred: Tensor, sharp: Tensor, fake: Tensor) -> Values:
        reals, fakes = self._judge(sharp, blurred), self._judge(fake, blurred)
        means = self._running("real", reals), self._running("fake", fakes)
        losses = [
            CRITIC_LOSSES[self.game.loss](Scores(*four))
            for four in zip(reals, fakes, *means, strict=True)
        ]
        named = {
            "critic/real": torch.stack([one.mean() for one in reals]).mean(),
            "critic/fake": torch.stack([one.mean() for one in fakes]).mean(),
            "critic/loss": torch.stack(losses).mean(),
        }
        if self.game.loss == "wgan_gp":
            places = self._places(len(sharp))
            judge = partial(self._judge, blurred=blurred, exact=True)
            slope = gradient_penalty(judge, sharp, fake, places)
            named["critic/penalty"] = slope
            named["critic/loss"] = named["critic/loss"] + self.game.penalty * slope
        return named

    def _places(self, count: int) -> Tensor:
        """Random places between real and fake pictures, (B, 1, 1, 1), drawn for the whole batch."""
        drawn = torch.rand(count * self.team.size, 1, 1, 1)
        drawn = self.team.of_first(sent(drawn, self.team.device))
        return drawn[self.team.rank * count :][:count]

    def _running(self, which: str, logits: tuple[Tensor, ...]) -> Tensor:
        """Mean logit of each critic over its last `pool` batches, this one included, (critics,)."""
        now = torch.stack([one.detach().float().mean() for one in logits])[:, None]  # (critics, 1)
        if self.game.loss != "ragan_ls":
            return now[:, 0]
        self.team.mean([now])
        before, usable = self._means[which].to(now), now.isfinite().all()
        if not before.numel():
            before = now.new_full((len(logits), self.game.pool), math.nan)
        pool = torch.where(usable, torch.cat((before[:, 1:], now), dim=1), before)
        self._means[which] = pool
        return torch.where(usable, pool.nanmean(dim=1), now[:, 0])

    def _teach_generator(
        self,
        parts: list[tuple[Tensor, Tensor]],
        kept: tuple[Tensor, ...] | None,
        before: Tensor,
    ) -> Values:
        self.critic.remember()
        self._freeze(True)
        sums: Values = {}
        for blurred, sharp in parts:
            outputs = kept or self.generator.outputs(blurred)
            named = self._generator_loss(outputs, blurred, sharp)
            self.fabric.backward(named["loss"] / len(parts))
            named["spread"] = _spread(outputs[-1].detach()) / (_spread(sharp) + 1e-6)
            _add(sums, named, len(parts))
        self._freeze(False)
        norm = self.generator.finish(sums["loss"], before)
        self.critic.agree()
        self.critic.undo(~norm.isfinite())
        return {"gradient": norm, **sums}

    def _generator_loss(
        self, outputs: tuple[Tensor, ...], blurred: Tensor, sharp: Tensor
    ) -> Values:
        content, named = outputs[-1].new_zeros(()), Values()
        if self.recipe.loss:
            content, named = weighted(outputs, sharp, self.recipe.loss, scales=self.recipe.scales)
        fakes = self._judge(outputs[-1], blurred)
        pool = self._means["real"]  # (critics, pool); empty unless the loss is relativistic
        means = pool.nanmean(dim=1) if pool.numel() else content.new_zeros(len(fakes))
        fooled = torch.stack(
            [GENERATOR_LOSSES[self.game.loss](*two) for two in zip(fakes, means, strict=True)]
        ).mean()
        parts = {f"loss/{name}": value for name, value in named.items()}
        return {**parts, "loss/adversarial": fooled, "loss": content + self.game.weight * fooled}

    def _freeze(self, frozen: bool) -> None:
        for one in self.critic.learning.values():
            one.requires_grad_(not frozen)

    def watch(self, values: Mapping[str, float]) -> str:
        """Count the steps in a row that teach nothing; what is wrong after `COLLAPSED` of them."""
        flat, dead = values["spread"] < FLAT, values["gradient"] < DEAD
        self._collapsed = self._collapsed + 1 if flat or dead else 0
        if self._collapsed < COLLAPSED:
            return ""
        what = "restored pictures have no content" if flat else "the generator has no gradient"
        return (
            f"{what} since {self._collapsed} steps (spread {values['spread']:.3g}, gradient "
            f"{values['gradient']:.3g}); another seed, a smaller rate or a smaller weight of the "
            "adversarial term may help"
        )

    def state(self) -> dict[str, Tensor]:
        """Weights and moments of both players, running means, steps of collapse."""
        held = {**dict(self.generator.state("network")), **dict(self.critic.state("critic"))}
        held |= {f"means/{name}": one for name, one in self._means.items()}
        return held | {"collapsed": torch.tensor(self._collapsed)}

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `state` gave."""
        self.generator.load_state("network", tensors)
        self.critic.load_state("critic", tensors)
        self._means = {name: tensors[f"means/{name}"] for name in self._means}
        self._collapsed = int(tensors["collapsed"])


def _add(sums: Values, named: Values, count: int) -> None:
    for name, value in named.items():
        sums[name] = sums.get(name, torch.zeros_like(value)) + value.detach() / count


def _spread(pictures: Tensor) -> Tensor:
    return pictures.std(dim=(-2, -1)).mean()
