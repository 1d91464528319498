"""What readers meet first, and what those find who check: front page, answers, ledger, numbers."""

import dataclasses
import json
import re
import shlex
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import click
import fake_results
import pytest
from bs4 import BeautifulSoup

from deblur_lib import papers, seals
from deblur_lib.book import answers, arranged, behind, checkable, front
from deblur_lib.cli import main
from deblur_lib.errors import BookError
from deblur_lib.records import write_json
from deblur_lib.report import budget, cells, checks, coverage, tables
from deblur_lib.report.floors import read_records
from deblur_lib.report.results import Results
from deblur_lib.runs import store

PAPER = papers.load("wan2023")
ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    *(f"book/{one.name}" for one in ROOT.glob("book/*.md")),
]


# --- the front page ------------------------------------------------------------------------------


def test_a_finding_tells_paper_sentence_verdict_budget_and_gain(results: Results) -> None:
    text = front.findings({"wan2023": results}, results.folder)
    assert text.startswith("- {doc}`wan2023 <notebooks/wan2023>`: ")
    assert " at demo, " in text
    assert re.search(r"at demo, [+−]\d\.\d\d\d? \[", text)
    assert re.search(r"\| wan2023 \| \{ref\}`[+−]\d\.\d\d <wan2023-wan2023>`", text)
    assert "profile demo: 600 steps a training, about " in text


def test_real_pictures_are_told_by_the_published_run_where_this_one_lacks_them(
    results: Results, tmp_path: Path
) -> None:
    theirs = fake_results.write_results(tmp_path / "wan2023" / "demo", pictures=False)
    shutil.copyfile(theirs / "rows.csv", theirs / checks.ROWS)
    write_json(theirs / checks.SETS, {"gopro_test": {"title": "GoPro, real pairs"}})
    seals.renew(theirs, checks.ROWS, checks.SETS)
    assert "real (" not in front.findings({"wan2023": results}, tmp_path / "none")
    text = front.findings({"wan2023": results}, tmp_path)
    assert "GoPro, real (6 scenes) |" in text
    told = (
        r"Gain on pairs made of real video, by the published run: GoPro, real "
        r"pairs: \+\d\.\d\d dB "
        r"\[.*\] \(3 trainings, 24 pictures, 6 scenes\)"
    )
    assert re.search(told, answers.box(results, PAPER, tmp_path))
    own = answers.gains(Results.load(theirs), PAPER, tmp_path)
    assert own[-1].startswith("Gain on pairs made of real video: GoPro")


def test_the_budget_is_that_of_runs_that_learned(results: Results) -> None:
    """A row with the weights of another tells their steps, and took no time."""
    first = dataclasses.replace(results.manifests[0], steps=600, seconds_training=300.0)
    adopted = dataclasses.replace(first, method="wan2023_dffm_mean", seconds_training=0.1)
    others = [dataclasses.replace(adopted, run=f"adopted-s{seed}", seed=seed) for seed in (0, 1)]
    mixed = SimpleNamespace(paper="wan2023", profile="demo", manifests=(first, *others))
    assert "about 5 minutes of" in budget.in_words(cast(Results, mixed))


def test_a_long_run_is_told_apart(results: Results) -> None:
    first = dataclasses.replace(results.manifests[0], steps=1600, seconds_training=300.0)
    long = dataclasses.replace(first, method="wan2023_long", steps=24_000, seconds_training=4500.0)
    mixed = SimpleNamespace(paper="wan2023", profile="study", manifests=(first, long))
    assert budget.in_words(cast(Results, mixed)) == (
        "profile study: 1,600 steps a training, about 5 minutes of 1 processor core, and "
        "24,000 steps a long run, about 75 minutes of 1 processor core"
    )


def test_budgets_of_two_profiles_are_not_mixed(results: Results) -> None:
    """A median over both would be the time of no training at all."""
    stored = []
    for profile, steps, seconds in (("study", 20_000, 1200.0), ("demo", 600, 30.0)):
        run = dataclasses.replace(results.manifests[0], steps=steps, seconds_training=seconds)
        stored.append(SimpleNamespace(paper="wan2023", profile=profile, manifests=(run,)))
    small, large = budget.in_words(*cast(list[Results], stored)).split("; ")
    assert small.startswith("profile demo: 600 steps a training, about 30 seconds")
    assert large.startswith("profile study: 20,000 steps a training, about 20 minutes")


def test_an_abbreviation_keeps_its_full_stop_before_a_verdict() -> None:
    assert answers.VERDICT.sub(r"\1 (\2).", "Lai et al. (claim C1: at demo)") == (
        "Lai et al. (claim C1: at demo)."
    )
    assert answers.VERDICT.sub(r"\1 (\2).", "It does. (claim C1)") == "It does (claim C1)."


def test_a_card_holds_question_answer_verdicts_and_coverage(results: Results) -> None:
    text = front.cards({"wan2023": results}, {"wan2023": "wan2023: is it?"})
    assert ":::{grid-item-card} wan2023: is it?" in text
    assert ":link: notebooks/wan2023" in text
    assert "of 38 printed numbers" in text
    bar = BeautifulSoup(answers.verdict_bar(results, PAPER), "html.parser")
    counted = [int(one.get_text().split()[0]) for one in bar.select("span")]
    assert sum(counted) == sum(not one.ours for one in papers.claims("wan2023"))


def test_a_chapter_begins_with_its_chart(tmp_path: Path) -> None:
    stored = Results.load(store.published_folder("wan2023", "study"))
    text = answers.key_figure(tmp_path, stored, PAPER)
    (address,) = re.findall(r"!\[Gain of each row of Table 2.*?\]\(/_generated/(\S+?)\)", text)
    assert (tmp_path / address).is_file()


def test_a_card_counts_the_numbers_that_the_ledger_shows() -> None:
    stored = Results.load(store.published_folder("lu2025", "demo"))  # counts beside the print
    found = coverage.entries(papers.load("lu2025"), stored)
    ours = sum(one["ours"] is not None for one in found)
    assert ours > sum(one["kind"] in cells.OURS for one in found)
    text = front.cards({"lu2025": stored}, {})
    assert f"- {ours} of {len(found)} printed numbers have one of ours beside them" in text


def test_chapters_come_in_the_order_of_their_years() -> None:
    names = front.in_order(dict.fromkeys(papers.names()))  # type: ignore[arg-type]
    years = [answers.year(papers.load(name)) for name in names]
    assert years == sorted(years)
    assert min(years) > 2000


def test_the_strip_shows_input_result_and_truth(results: Results, tmp_path: Path) -> None:
    text = front.strip(tmp_path, {"wan2023": results})
    alts = re.findall(r"!\[([^\]]+)\]\(/_generated/pictures/(strip-wan2023-\w+\.webp)\)", text)
    assert [alt for alt, _ in alts] == ["blurred input", PAPER.methods[-1].title, "sharp"] or len(
        alts
    ) == 3
    assert all((tmp_path / "pictures" / name).is_file() for _, name in alts)


# --- a chapter -----------------------------------------------------------------------------------


def notebook(*outputs: dict[str, Any]) -> dict[str, Any]:
    def code(source: str, *tags: str) -> dict[str, Any]:
        made = {"cell_type": "code", "source": source, "metadata": {"tags": list(tags)}}
        return made | {"outputs": list(outputs) if not tags else [], "id": source[:4]}

    title = {"cell_type": "markdown", "source": "# x: is it?\n\nText.", "metadata": {}, "id": "t"}
    return {
        "cells": [
            title,
            code('profile = "demo"\nseeds = []', "parameters"),
            code("seeds = [1]", "injected-parameters"),
            code('room.table("T2")'),
        ]
    }


def test_the_answer_stands_below_the_title_and_code_is_folded(results: Results) -> None:
    answer = answers.box(results, PAPER, results.folder)
    made = arranged.arrange(notebook(), answer, "wan2023")
    texts = [cell["source"] for cell in made["cells"]]
    assert texts[:2] == ["# x: is it?", answer]
    assert answer.startswith(":::{container} answer\n**")
    assert "| `profile` | 'demo' |\n| `seeds` | \\[1\\] |" in texts[3].replace("[1]", "\\[1\\]")
    assert made["cells"][-1]["metadata"]["tags"] == [arranged.CODE]
    assert not [one for one in texts if one.startswith(("profile", "seeds"))]


def test_numbers_of_ours_lead_to_the_scores_behind_them(results: Results) -> None:
    html = tables.styled(tables.compare(results, PAPER, "T2"))._repr_html_()
    shown = notebook({"output_type": "execute_result", "data": {"text/html": html}})
    assert arranged.tables_of(shown) == {"T_wan2023_T2"}
    made = arranged.arrange(shown, "x", "wan2023")
    soup = BeautifulSoup(made["cells"][-1]["outputs"][0]["data"]["text/html"], "html.parser")
    assert soup.find("style") is None
    row = soup.select_one('tr[data-row="wan2023_baseline"]')
    assert row is not None
    links = [one.get("href") for one in row.select("a.behind")]
    assert links == ["../numbers/wan2023.html#wan2023-wan2023-baseline"] * 2
    told = behind.page(PAPER, results)
    for one in soup.select("tr[data-row]"):
        assert f"({PAPER.id}-{one['data-row']})=" in told


def test_a_notebook_without_a_title_is_refused() -> None:
    with pytest.raises(BookError, match="begins with its title"):
        arranged.title_of({"cells": [{"source": "no title"}]})


# --- for those who check -------------------------------------------------------------------------


def test_the_page_behind_the_numbers_holds_every_score_and_run(results: Results) -> None:
    text = behind.page(PAPER, results)
    for manifest in results.manifests:
        assert manifest.run in text
    assert "deblur reproduce wan2023 --profile demo --set 'methods=" in text
    soup = BeautifulSoup(text, "html.parser")
    rows = results.rows
    mine = rows[(rows["method"] == "wan2023") & (rows["dataset"] == "gopro_test")]
    pictures = set(mine["picture"])
    found = {one.get_text() for one in soup.select("details tbody th")}
    assert pictures <= found
    value = mine[(mine["convention"] == "psnr-rgb") & (mine["seed"] == 1)]["value"].iloc[0]
    assert f"<td>{value:.2f}</td>" in text
    assert not re.search(r"<td>[01]\.\d{0,3}</td>", text)  # SSIM: four decimals, zeros too


COMMAND = re.compile(r"^(?:\w+=\S+ )?deblur (\w.*)$|`deblur (\w[^`]*)`", re.MULTILINE)


@pytest.mark.parametrize("place", ["behind the numbers", *DOCUMENTS])
def test_commands_that_are_told_are_taken(results: Results, place: str) -> None:
    """Verbs, options and whether words follow; not what they name."""
    text = (ROOT / place).read_text("utf-8") if place in DOCUMENTS else behind.page(PAPER, results)
    for fenced, inline in COMMAND.findall(text):
        command: click.Command = main
        words = shlex.split(" ".join((fenced or inline).split()), comments=True)
        while words and isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        _, left, _ = command.make_parser(click.Context(command)).parse_args(words)
        assert not left, f"deblur {fenced or inline}: no place for {left}"


def test_a_picture_of_any_name_stays_inside_its_cell(results: Results) -> None:
    rows = results.rows.replace({"picture": {"p00": "<b>\n```\nx"}})
    text = behind.page(PAPER, fake_results.with_rows(results, rows))
    assert "\n```\nx" not in text
    assert "&lt;b&gt; ``` x" in text


def test_the_ledger_lists_every_printed_number_with_a_way_to_its_table(results: Results) -> None:
    text = checkable.ledger({"wan2023": results}, {"wan2023": {"T_wan2023_T1"}})
    soup = BeautifulSoup(text, "html.parser")
    assert len(soup.select("tbody tr")) == len(papers.printed_cells("wan2023"))
    links = {str(one["href"]) for one in soup.select("a")}
    assert links == {"notebooks/wan2023.html#T_wan2023_T1_0", "notebooks/wan2023.html"}
    assert "Table 1: 10 of" in text or re.search(r"Table 1: \d+ of \d+ numbers", text)


def test_the_search_knows_printed_numbers_and_ours(results: Results, tmp_path: Path) -> None:
    checkable.write_index(tmp_path, {"wan2023": results}, {"wan2023": set()})
    text = (tmp_path / checkable.INDEX).read_text(encoding="utf-8")
    found = json.loads(text.removeprefix("window.deblurNumbers = ").rstrip().removesuffix(";"))
    assert len(found) == len(papers.printed_cells("wan2023"))
    assert [one for one in found if "31.95" in one[0] and one[3] == "notebooks/wan2023.html"]
    checkable.write_index(tmp_path, {"wan2023": results}, {})  # its chapter shows another budget
    assert '"budgets.html#wan2023-at-demo"' in (tmp_path / checkable.INDEX).read_text()


def test_the_checklist_is_filled_by_declarations_and_manifests(results: Results) -> None:
    text = checkable.checklist({"wan2023": results})
    assert "| How many trainings? | 15, seeds 0, 1, 2 |" in text
    assert f"{len([one for one in papers.claims('wan2023') if not one.ours])} claims with" in text
    assert "24 pictures of 6 photographs" in text
    assert all(line.rstrip(" |").count("|") == 2 for line in text.splitlines() if "?" in line)


def test_repetition_is_told_for_every_paper(results: Results, tmp_path: Path) -> None:
    text = checkable.repeats({"wan2023": results}, tmp_path)
    assert "| wan2023 | demo | none recorded | – | – |\n\n## wan2023, profile demo" in text
    assert "Not compared" in text


def test_the_head_counts_executions_that_did_other_sums() -> None:
    room = store.published_folder("sang2018", "demo").parent
    text = checkable.repeats({"sang2018": Results.load(room / "study")}, room.parent)
    records = [one for one in read_records(room / "demo") if one.moved]
    asked = {claim.claim for one in records for claim in one.claims}
    alike = asked - {claim for one in records for claim in one.differing}
    head = next(line for line in text.splitlines() if line.startswith("| sang2018 | demo |"))
    assert head.split(" | ")[2] == str(len(records)) != str(len(read_records(room / "demo")))
    assert head.split(" | ")[3].startswith(f"{len(alike)} of {len(asked)}")
    assert "| sang2018 | study | none recorded |" in text
    assert "## sang2018, profile study" not in text  # a heading over nothing


def test_executions_of_a_smaller_budget_are_told_too(tmp_path: Path) -> None:
    """The chapter shows study; the record stands beside demo."""
    room = store.published_folder("wan2023", "study").parent
    text = checkable.repeats({"wan2023": Results.load(room / "study")}, room.parent)
    assert "## wan2023, profile demo" in text
    records = json.loads((room / "demo" / "agreement.json").read_text())["records"]
    assert all(one["label"] in text for one in records)
