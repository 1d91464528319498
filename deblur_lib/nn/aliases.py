"""Loading weight files that hold one tensor under two names, or layers that nobody uses."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

Renamer = Callable[..., None]
RENAMERS = "_renamers"  # attribute of a module that loads under other names


def on_loading(module: nn.Module, rename: Renamer) -> None:
    """Let a module rename the entries of state dicts before they are loaded.

    Args:
        module: whose entries are meant.
        rename: called with the module, the state dict, which it changes, and the module's prefix.
    """
    module.__dict__.setdefault(RENAMERS, []).append(rename)
    module.register_load_state_dict_pre_hook(rename)  # type: ignore[no-untyped-call]


def respelled(network: nn.Module, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict by the network's own names, as loading would see it; nothing is loaded."""
    names = dict(state)
    for path, module in network.named_modules():
        for rename in module.__dict__.get(RENAMERS, ()):
            rename(module, names, f"{path}." if path else "")
    return names


def accept_aliases(
    module: nn.Module, aliases: Mapping[str, str], *, drop: tuple[str, ...] = ()
) -> None:
    """Let a module load state dicts that use other names for its entries, strictly.

    Published networks often register a backbone twice: as a whole, and layer by layer. Here each
    tensor has one name; what stands under the other is taken where the first is missing.

    Args:
        module: entries of its state dict are meant, without the prefix of what holds it.
        aliases: beginning of a foreign name -> beginning of ours ("encoder.layer1." -> "conv2.").
        drop: beginnings of foreign names that are left out, after the aliases are settled.
    """
    on_loading(module, _renamer(aliases, drop))


def _renamer(aliases: Mapping[str, str], drop: tuple[str, ...]) -> Renamer:
    def rename(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
        for key in [key for key in state if key.startswith(prefix)]:
            local = key.removeprefix(prefix)
            foreign = next((one for one in aliases if local.startswith(one)), None)
            if foreign is not None:
                ours = f"{prefix}{aliases[foreign]}{local.removeprefix(foreign)}"
                state.setdefault(ours, state[key])
                del state[key]
            elif local.startswith(drop):
                del state[key]

    return rename
