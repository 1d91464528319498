"""A chapter's first and last words, filled by stored rows: no number in them is typed."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from deblur_lib import papers
from deblur_lib.report import columns
from deblur_lib.report.budget import train_budget
from deblur_lib.report.expressions import keys
from deblur_lib.report.markup import escape
from deblur_lib.report.numbers import number
from deblur_lib.report.results import UNTOUCHED, VALIDATION, Results
from deblur_lib.report.rules import (
    CONTRADICTED,
    DIRECTION,
    ELSEWHERE,
    NOT_JUDGED,
    OTHER,
    SUPPORTED,
    UNTESTABLE,
    at,
)
from deblur_lib.report.scores import decibels, over_input
from deblur_lib.report.verdicts import NONE_OF_OURS, Judgement, judge, short, stood_in
from deblur_lib.spec import Check, Paper, Takeaway
from deblur_lib.spec.kinds import TITLES

FOR, AGAINST = (SUPPORTED, DIRECTION), (OTHER, CONTRADICTED)


def opening(results: Results | None, paper: Paper, *, where: str) -> str:
    """The question, what the paper claims, what was measured, what stays open, as Markdown.

    Args:
        results: stored rows; None where there are none.
        paper: the declaration.
        where: words for where the rows come from.
    """
    told = papers.summary(paper.id)
    judged = {one.claim.id: one for one in judge(results, paper)}
    parts = [f"**The question.** {escape(told.question)}", "**What the paper claims.**"]
    parts.append("\n".join(f"- {_claim(judged[name], results)}" for name in told.headline))
    if results is None:
        parts.append(f"**What was measured.** Nothing yet: {where}.")
        return "\n\n".join(parts) + "\n"
    parts += [
        f"**What was measured** ({escape(where)})**.**",
        "\n".join([*gains(results, paper, long=True), *pace(results, paper)]),
    ]
    parts.append(f"**What remains open.** {escape(_left(list(judged.values()), results.profile))}")
    return "\n\n".join(parts) + "\n"


def closing(results: Results | None, paper: Paper) -> str:
    """What a reader should take away, each sentence with the verdict that chose it, as Markdown."""
    judged = {one.claim.id: one for one in judge(results, paper)}
    return "\n".join(
        _takeaway(one, judged[one.claim], results) for one in papers.summary(paper.id).takeaways
    )


def _claim(one: Judgement, results: Results | None) -> str:
    stated = asked(one)
    if results is None:
        return stated
    return f"*{escape(one.told)}*: {stated} {escape(measured(one))}."


def asked(one: Judgement) -> str:
    """The statement of a claim, as Markdown; a question of ours says that it is one."""
    return ("Our question: " if one.claim.ours else "") + escape(one.claim.statement)


def measured(one: Judgement) -> str:
    """What decides a claim: effect and interval of its checks, else why there is none."""
    found = short(one).replace("\n", "; ") or one.ours.reason
    found = "; ".join(filter(None, (found, stood_in(one.claim))))
    elsewhere = (part.reason.rpartition("; ")[2] for part in one.our_parts)
    return "; ".join([found, *dict.fromkeys(told for told in elsewhere if ELSEWHERE in told)])


class ToldGain(NamedTuple):
    """Gain of a row over the blurred input in dB, with its interval over photographs, as texts.

    `where` names the pictures, and how they are scored where that is not by plain PSNR.
    """

    where: str
    mean: str
    low: str
    high: str
    photographs: int
    trainings: int


def gain_of(results: Results, paper: Paper, method: str, dataset: str) -> ToldGain | None:
    """Gain of a row on a data set by the PSNR of its tables; None where one was not scored."""
    asked = (columns.main_column(one, dataset, "psnr_db") for one in paper.tables)
    column = next(filter(None, asked), None)
    found = over_input(results, method, dataset, column.convention) if column else None
    if column is None or found is None:
        return None
    where = _told(found.mine.data)
    _, _, told = column.title.partition(", ")
    where += f" ({told.removesuffix(' [dB]')})" if told else ""
    return ToldGain(where, *decibels(found), found.bounds.units, len(found.seeds))


def gains(results: Results, paper: Paper, *, long: bool = False) -> Iterator[str]:
    """Gain of the paper's network, and of its long run, on each test set as bullets of Markdown."""
    told = papers.summary(paper.id)
    for own in _own(paper) if long else (told.own,):
        for dataset in told.datasets:
            method = told.trained_for.get(dataset, own) if own == told.own else own
            title = columns.method_of(paper, method).title
            title = escape(title + other_blur(results, paper, method))
            found = gain_of(results, paper, method, dataset)
            if found is None and own == told.own:
                yield f"- {title} was not scored on {escape(dataset)}."
            if found is None:
                continue
            many = f"{found.trainings} training" + ("s" if found.trainings > 1 else "")
            yield (
                f"- {title} on {escape(found.where)}: {found.mean} dB over the blurred input "
                f"({found.low} to {found.high} over {found.photographs} photographs; {many} of "
                f"{escape(train_budget(results, method))})."
            )


def _own(paper: Paper) -> list[str]:
    """The paper's own network and its long run."""
    return [papers.summary(paper.id).own, *(one.id for one in paper.methods if one.apart)]


def pace(results: Results, paper: Paper) -> Iterator[str]:
    """What each half of their steps brought to the paper's network and its long run, as bullets.

    A second half that still brings much says that the steps were too few; one that brings little
    says nothing, since the rate falls to nearly nothing in it.
    """
    curves = results.curves
    for method in _own(paper):
        mine = curves[curves["method"] == method]
        score = mine[mine["name"] == VALIDATION].groupby("step")["value"].mean()  # over seeds
        blurred = mine.loc[mine["name"] == UNTOUCHED, "value"]
        if len(score) < 2 or blurred.empty:
            continue
        middle = score.iloc[(len(score) - 1) // 2]
        first, second = (
            number(one, "psnr_db", sign=True)
            for one in (middle - blurred.iloc[0], score.iloc[-1] - middle)
        )
        title = columns.method_of(paper, method).title + other_blur(results, paper, method)
        yield (
            f"- {escape(title)} on its own validation pictures: "
            f"{first} dB by the first half of its {score.index[-1]:,} steps, {second} dB by the "
            "second."
        )


def other_blur(results: Results, paper: Paper, method: str) -> str:
    """What to say of a row that learnt from longer or shorter blur than the others, else ""."""
    profile = columns.profile_of(paper, results.profile)
    usual, mine = profile.data.get("blur"), profile.data_of.get(method, {}).get("blur")
    if not (isinstance(usual, float) and isinstance(mine, float)) or mine == usual:
        return ""
    return f" (trained on blur {number(mine / usual)} times as long as that of the test)"


def _left(judged: list[Judgement], profile: str) -> str:
    judged = [one for one in judged if not one.claim.ours]
    words = Counter(one.ours.verdict for one in judged)
    open_ones = words[NOT_JUDGED] + words[UNTESTABLE]
    clear = sum(words[word] for word in FOR + AGAINST)
    firm = words[SUPPORTED] + words[CONTRADICTED]
    about_print = sum(one.ours.reason == NONE_OF_OURS for one in judged)
    printed = f" ({about_print} of them about printed numbers alone)" if about_print else ""
    return (
        f"Of {len(judged)} claims {clear} got a verdict that points one way at {profile}, "
        f"{'all' if firm and firm == clear else firm or 'none'} of them firm; "
        f"{len(judged) - clear - open_ones} could not be told from chance, {words[NOT_JUDGED]} "
        f"were not judged{printed} and {words[UNTESTABLE]} cannot be tested here. The reasons "
        "stand in the table of claims."
    )


def _takeaway(told: Takeaway, one: Judgement, results: Results | None) -> str:
    verdict = one.our_parts[told.check - 1] if told.check else one.ours
    word = verdict.verdict
    text = told.holds if word in FOR else told.fails if word in AGAINST else told.open
    name = told.claim.rpartition("-")[2] + (f", check {told.check}" if told.check else "")
    whose = "our question" if one.claim.ours else "claim"
    found = effect(one, results, told.check)
    told_by = f"{at(word, one.profile)}, {found}" if found else at(word, one.profile)
    return f"- {text} ({whose} {name}: {escape(told_by)})"


def effect(one: Judgement, results: Results | None, check: int = 0) -> str:
    """The first effect that decides a claim, with its interval; "" where nothing was measured.

    Where a claim is asked of several kinds of pictures, it tells of which this is the effect.

    Args:
        one: the judged claim.
        results: the rows that judged it.
        check: number of the check that is asked about; 0 for all.
    """
    parts = list(zip(one.claim.our_checks, one.our_parts, strict=False))
    asked = parts[check - 1 : check] if check else parts
    word = asked[0][1].verdict if check else one.ours.verdict
    several = len({name for part, _ in parts for name in _datasets(part)}) > 1
    for part, verdict in asked:
        found = verdict.short.rpartition("measured ")[2] if verdict.verdict == word else ""
        if found and results is not None:
            where = [_pictures(results, name) for name in _datasets(part)] if several else []
            return " on ".join([found, *filter(None, [" and ".join(where)])])
    return ""


def _datasets(check: Check) -> list[str]:
    """The data sets whose scores a check names, once each."""
    named = (key.split(".") for key in keys(check.expr))
    return list(dict.fromkeys(parts[1] for parts in named if len(parts) == 4))


def _pictures(results: Results, dataset: str) -> str:
    """What stands for a printed data set: "generated motion"."""
    data = results.rows.loc[results.rows["dataset"] == dataset, "data"]
    return _told(str(data.iloc[0])) if len(data) else dataset


def _told(data: str) -> str:
    return TITLES.get(data.partition("/")[0], data)
