"""Printed cells and claims: data files of a room, checked when read."""

import dataclasses
import re
from typing import Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from deblur_lib.spec.ground import STRICT


@dataclass(frozen=True, config=STRICT)
class PrintedCell:
    """One number printed in the paper.

    Attributes:
        table: table id ("T1").
        method: method id.
        dataset: data set name.
        metric: metric name.
        printed: the text exactly as in the source, blanks included.
        value: the number it stands for.
        flags: reasons for caution.
    """

    table: str
    method: str
    dataset: str
    metric: str
    printed: str
    value: float
    flags: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name of the cell in claim expressions: "T1.gopro_test.psnr_db.wan2023"."""
        return f"{self.table}.{self.dataset}.{self.metric}.{self.method}"


@dataclass(frozen=True, config=STRICT)
class Check:
    """One testable part of a claim.

    Attributes:
        expr: arithmetic over cell keys (+ - * /, parentheses, max(), min(), numbers), e.g.
            "T1.gopro_test.psnr_db.wan2023 - T1.gopro_test.psnr_db.dmphn".
        relation: eq (|expr - stated| <= tol), gt, lt, ge, le (against `stated`).
        stated: the number the paper states, 0 for plain orderings.
        tol: tolerance of eq.
        scope: "printed": only arithmetic on the printed tables; "both": also on our rows;
            "ours": only on our rows or on measured costs.
        margin: how far beyond `stated` the effect must lie where the words promise size ("a clear
            step"); the bound is ours and the claim's note says so.
        module: module that the check is about; where it never left its start, nothing is judged.
        about: "loss" or "size" where the rows differ in it on purpose; rows of an ablation that
            differ otherwise are not judged.
    """

    expr: str
    relation: Literal["eq", "gt", "lt", "ge", "le"]
    stated: float = 0.0
    tol: float = 0.0
    scope: Literal["printed", "both", "ours"] = "both"
    margin: float = Field(default=0.0, ge=0)
    module: str = ""
    about: tuple[Literal["loss", "size"], ...] = ()

    @model_validator(mode="after")
    def _margin_has_a_side(self) -> "Check":
        if self.margin and self.relation == "eq":
            raise ValueError("a margin belongs to gt, lt, ge or le; eq states its size")
        return self


@dataclass(frozen=True, config=STRICT)
class Claim:
    """One statement of the paper that can be held against numbers, or a note why it cannot.

    Attributes:
        id: "wan2023-C01".
        section: where it stands: "2.4 and 3", or in words, "abstract".
        statement: the claim in our words.
        ours: True for a question of ours that this place raises and the paper does not answer in
            words; it is judged like a claim and never counted among the paper's.
        kind: arithmetic, ordering, efficiency, structural or visual.
        checks: its testable parts; all must hold.
        untestable: why no number can decide it ("" when checks exist).
        note: remarks for readers.
        stand_ins: our row that takes the place of a printed one where our rows are judged, by
            method id: {"deblurgan_v2": "li2026_none"} where the printed row differs in more than
            the claim is about.
    """

    id: str
    section: str
    statement: str
    kind: Literal["arithmetic", "ordering", "efficiency", "structural", "visual"]
    checks: tuple[Check, ...] = ()
    untestable: str = ""
    note: str = ""
    ours: bool = False
    stand_ins: dict[str, str] = Field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where it stands, for readers: "section 2.4 and 3", "abstract", "our question to ..."."""
        where = f"section {self.section}" if self.section[:1].isdigit() else self.section
        return f"our question to {where}" if self.ours else where

    @property
    def our_checks(self) -> tuple[Check, ...]:
        """The checks that our rows decide, stand-ins in place."""
        return tuple(
            dataclasses.replace(one, expr=self._ours(one.expr))
            for one in self.checks
            if one.scope != "printed"
        )

    def _ours(self, expr: str) -> str:
        for printed, ours in self.stand_ins.items():
            expr = re.sub(rf"\.{printed}\b", f".{ours}", expr)
        return expr

    @model_validator(mode="after")
    def _testable_or_not(self) -> "Claim":
        if bool(self.checks) == bool(self.untestable):
            raise ValueError(f"{self.id}: give checks, or say in `untestable` why there are none")
        return self
