"""Which runs were made by other code than today's, and what becomes of them. No torch.

A run whose scoring code changed is scored again, which costs little. One whose training code
changed is refused, trained again or kept, as the request says (`train`): its numbers and those of
today's code are not of one experiment.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deblur_lib import catalogue, code
from deblur_lib.errors import UsageError
from deblur_lib.locks import held
from deblur_lib.records import Manifest, read_whole
from deblur_lib.runs import store
from deblur_lib.runs.plan import Plan, Run

# where a training tells by which code it was begun, and below which keys
TOLD: dict[str, tuple[str | int, ...]] = {
    "fit.json": ("settings", "code"),
    "resume-a.json": ("counters", "settings", "code"),
    "resume-b.json": ("counters", "settings", "code"),
    "manifest.json": (0, "code", "training"),  # all that a run with another one's weights has
}


OTHER = {
    "training": "trained by other code than today's",
    "scoring": "scored by other code than today's",
}
UNKNOWN = "code not recorded"


def today(network: str, discriminator: str = "") -> dict[str, str]:
    """Digests of the code that trains and that scores a network now.

    Args:
        network: catalogue name.
        discriminator: catalogue name of the second player, "" for none.
    """
    places = [catalogue.networks().get(network, ""), catalogue.discriminators().get(discriminator)]
    modules = [one.partition(":")[0] for one in places if one]
    return {"training": code.digest("training", *modules), "scoring": code.digest("scoring")}


def code_of(run: Run) -> dict[str, str]:
    """Digests of the code that would train and score a run now."""
    game = run.train.adversarial
    return today(str(run.method.network), game.discriminator if game else "")


def begun_by(folder: Path) -> str:
    """Digest of the code that trained a run, finished or not; "" where nothing tells."""
    for name, keys in TOLD.items():
        told: Any = read_whole(folder / name)
        try:
            for key in keys:
                told = told[key]
            return str(told)
        except (KeyError, TypeError, IndexError):
            continue
    return ""


def training_code(run: Run, plan: Plan) -> str:
    """Digest that the training of a run counts as: today's, or where it is kept its own."""
    kept = begun_by(store.run_folder(run.source or run)) if plan.request.train == "keep" else ""
    return kept or code_of(run)["training"]


def outdated(plan: Plan) -> list[Run]:
    """Runs of a plan whose training was done or begun by other code."""
    origins = [run.source for run in plan.runs if run.source]
    return [run for run in (*origins, *plan.runs) if _is_outdated(run)]


def _is_outdated(run: Run) -> bool:
    told = begun_by(store.run_folder(run))
    return bool(told) and told != code_of(run)["training"] and not run.released


def check(plan: Plan) -> None:
    """Refuse to go on beside runs that other code trained.

    Raises:
        UsageError: names the first one and the two ways on.
    """
    old = outdated(plan) if plan.request.train == "missing" else []
    if old:
        paper, profile = plan.paper.id, plan.profile.name
        again = f"`deblur reproduce {paper} --profile {profile} --set train="
        raise UsageError(
            f"{len(old)} of {len(plan.runs)} runs of {paper} at {profile} were trained by other "
            f"code than today's, first {old[0].id}; numbers of both make no table. Train them "
            f"again with {again}renew`, or keep them as they are with {again}keep`"
        )


def settle(plan: Plan) -> None:
    """Refuse runs that other code trained, or forget them where the request renews them."""
    check(plan)
    if plan.request.train == "renew":
        for run in outdated(plan):
            with held(store.run_folder(run), run.id):
                if _is_outdated(run):  # nobody else has begun it anew meanwhile
                    forget(store.run_folder(run))


def forget(folder: Path) -> None:
    """Let the training of a run begin anew."""
    for path in [*folder.glob("resume-*"), *map(folder.joinpath, ("fit.json", "manifest.json"))]:
        path.unlink(missing_ok=True)


def told_of(manifest: Manifest) -> list[str]:
    """What a reader should know of the code behind a run; nothing where it is today's."""
    game = manifest.train.get("adversarial") or {}
    now = today(manifest.network, str(game.get("discriminator", "")))
    if not manifest.code.get("training"):
        return [UNKNOWN]
    return [words for kind, words in OTHER.items() if manifest.code.get(kind) != now[kind]]


def are_current(manifests: Sequence[Manifest], train: str) -> bool:
    """False where a request would score or train some of these runs again.

    Args:
        manifests: of the runs.
        train: of the request.
    """
    told = {word for one in manifests for word in told_of(one)}
    return not told - {UNKNOWN} - ({OTHER["training"]} if train == "keep" else set())


def remark(manifests: Sequence[Manifest]) -> str:
    """The same of several runs, counted; "" where there is nothing to say."""
    told = Counter(word for one in manifests for word in told_of(one))
    return "; ".join(f"{count} of {len(manifests)} runs: {word}" for word, count in told.items())
