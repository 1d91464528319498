"""The second player as a recipe declares it: what it is built with and what it is shown."""

import torch
from torch import Tensor, nn

from deblur_lib import catalogue
from deblur_lib.errors import DeclarationError
from deblur_lib.nn import frames_for
from deblur_lib.spec import Adversarial

SINGLE, JOINED = 3, 6  # channels of a picture, and of a picture joined with its blurred one


def build_critic(game: Adversarial) -> nn.Module:
    """Build the declared discriminator with fresh weights; a conditional one for six channels.

    Raises:
        DeclarationError: conditional, and the discriminator has no option `channels`.
        UsageError: unknown discriminator or option.
    """
    if not game.conditional:
        return catalogue.build_discriminator(game.discriminator, **game.options)
    if "channels" not in catalogue.discriminator_signature(game.discriminator):
        able = [
            name
            for name in catalogue.discriminators()
            if "channels" in catalogue.discriminator_signature(name)
        ]
        raise DeclarationError(
            f"a conditional game needs a discriminator with the option `channels`, got "
            f"{game.discriminator!r}, which has none; take one of {', '.join(able)}, or declare "
            "conditional=False"
        )
    return catalogue.build_discriminator(game.discriminator, **{"channels": JOINED, **game.options})


def check_critic(critic: nn.Module, game: Adversarial) -> None:
    """Refuse a critic for other channels than the game shows; one that tells none judges three.

    Raises:
        DeclarationError: its `channels` are not 6 in a conditional game or not 3 in another.
    """
    needed = JOINED if game.conditional else SINGLE
    came = getattr(critic, "channels", SINGLE)
    if came != needed:
        raise DeclarationError(
            f"a game with conditional={game.conditional} needs a discriminator of {needed} "
            f"channels, got {type(critic).__name__} of {came}; set its option `channels` to "
            f"{needed}, or change `conditional`"
        )


def joined(critic: nn.Module, blurred: Tensor, picture: Tensor) -> Tensor:
    """What a conditional critic sees: the blurred picture, then the judged one.

    Args:
        critic: a network of single pictures.
        blurred: (B, 3, H, W), or (B, T, 3, H, W) for clips, of which it gets the middle frame.
        picture: (B, 3, H, W), restored or sharp.

    Returns:
        (B, 6, H, W); the gradient reaches `picture` as if it stood alone.
    """
    return torch.cat((frames_for(critic, blurred), picture), dim=1)
