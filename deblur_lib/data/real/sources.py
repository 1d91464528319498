"""Declared real data sets: what each should look like on disk, and under which terms. No torch.

Nothing is downloaded. A user gives the folder; layouts are tried in order, counts and, for GoPro,
the kind of average are checked.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from deblur_lib.data.real.layouts import FIELDS, Layout


@dataclass(frozen=True)
class Source:
    """A real data set.

    Attributes:
        id: data id without split.
        title: name shown to readers.
        licence: terms of use.
        page: official page.
        layouts: ways it lies on disk, official first.
        counts: official number of pairs by split.
        size: width and height of every picture, None where they vary.
        sequences: by split, pairs of each scene and the number of its first frame.
        fields: regular expression of `{scene}`, `{frame}` and other parts of the templates.
        scene_in_name: regular expression whose group is the scene, where no folder tells it.
        averaging: "linear" or "gamma" where the folder must hold that kind of average.
        held_out: training scenes used for validation and left out of training.
        test_scenes: scenes of the test split where one folder holds both.
        reference: frame name that is no test pair (a pair of two sharp pictures).
        checksums: first digits of the MD5 of some blurred pictures, by pair name.
        note: what readers should know.
    """

    id: str
    title: str
    licence: str
    page: str
    layouts: tuple[Layout, ...]
    counts: Mapping[str, int]
    size: tuple[int, int] | None = None
    sequences: Mapping[str, Mapping[str, tuple[int, int]]] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=lambda: dict(FIELDS))
    scene_in_name: str = ""
    averaging: str = ""
    held_out: tuple[str, ...] = ()
    test_scenes: frozenset[str] = frozenset()
    reference: str = ""
    checksums: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


GOPRO_TRAIN = {
    "GOPR0372_07_00": (100, 47),
    "GOPR0372_07_01": (75, 601),
    "GOPR0374_11_00": (150, 1),
    "GOPR0374_11_01": (80, 203),
    "GOPR0374_11_02": (100, 541),
    "GOPR0374_11_03": (48, 2481),
    "GOPR0378_13_00": (110, 41),
    "GOPR0379_11_00": (100, 188),
    "GOPR0380_11_00": (60, 134),
    "GOPR0384_11_01": (100, 951),
    "GOPR0384_11_02": (100, 1301),
    "GOPR0384_11_03": (100, 2101),
    "GOPR0384_11_04": (100, 2801),
    "GOPR0385_11_00": (100, 101),
    "GOPR0386_11_00": (100, 247),
    "GOPR0477_11_00": (80, 1),
    "GOPR0857_11_00": (100, 1),
    "GOPR0868_11_01": (100, 221),
    "GOPR0868_11_02": (100, 681),
    "GOPR0871_11_01": (100, 181),
    "GOPR0881_11_00": (100, 1),
    "GOPR0884_11_00": (100, 186),
}
GOPRO_TEST = {
    "GOPR0384_11_00": (100, 1),
    "GOPR0384_11_05": (100, 4001),
    "GOPR0385_11_01": (100, 3011),
    "GOPR0396_11_00": (100, 1),
    "GOPR0410_11_00": (134, 101),
    "GOPR0854_11_00": (100, 1),
    "GOPR0862_11_00": (77, 1),
    "GOPR0868_11_00": (100, 1),
    "GOPR0869_11_00": (100, 1),
    "GOPR0871_11_00": (100, 1),
    "GOPR0881_11_01": (100, 201),
}
# copies in circulation; their folder names do not tell which average they hold
GOPRO_COPIES = (
    Layout(
        "<split>/{blur,sharp}/<scene>_<frame>, as MIMO-UNet regroups it",
        "{split}/blur/{scene}_{frame}",
        "{split}/sharp/{scene}_{frame}",
    ),
    Layout(
        "<split>/{input,target}/<scene>-<frame>, as MPRNet regroups it",
        "{split}/input/{scene}-{frame}",
        "{split}/target/{scene}-{frame}",
    ),
    Layout(
        "<split>/{blur,sharp}/<scene>/<frame>, as DeblurGAN-v2 regroups it",
        "{split}/blur/{scene}/{frame}",
        "{split}/sharp/{scene}/{frame}",
    ),
    Layout(
        "<split>_GT and <split>_GT_blurred, as KAIR regroups it",
        "{split}_GT_blurred/{scene}/{frame}",
        "{split}_GT/{scene}/{frame}",
    ),
)


def _gopro(averaging: str, folder: str, checksums: Mapping[str, str], note: str) -> Source:
    official = Layout(
        f"official: <split>/<scene>/{{{folder},sharp}}/<frame>",
        f"{{split}}/{{scene}}/{folder}/{{frame}}",
        "{split}/{scene}/sharp/{frame}",
    )
    return Source(
        id=f"gopro-{averaging}",
        title=f"GoPro, {folder} pictures",
        licence="CC BY 4.0",
        page="https://seungjunnah.github.io/Datasets/gopro",
        layouts=(official, *GOPRO_COPIES),
        counts={"train": 2103, "test": 1111},
        size=(1280, 720),
        sequences={"train": GOPRO_TRAIN, "test": GOPRO_TEST},
        fields={"scene": r"GOPR\d{4}_\d{2}_\d{2}", "frame": r"\d+"},
        averaging=averaging,
        held_out=("GOPR0380_11_00", "GOPR0857_11_00"),
        checksums=checksums,
        note=note,
    )


def _realblur(kind: str, folder: str) -> Source:
    return Source(
        id=f"realblur-{kind.lower()}",
        title=f"RealBlur-{kind}",
        licence="CC BY 4.0",
        page="https://cg.postech.ac.kr/research/realblur",
        layouts=(
            Layout(
                f"official: {folder}/<scene>/{{blur,gt}}",
                f"{folder}/{{scene}}/blur/blur_{{frame}}",
                f"{folder}/{{scene}}/gt/gt_{{frame}}",
            ),
            Layout(
                "<scene>/{blur,gt}",
                "{scene}/blur/blur_{frame}",
                "{scene}/gt/gt_{frame}",
            ),
        ),
        counts={"train": 3758, "test": 980},
        fields={"scene": r"scene\d{3}", "frame": r"\d+"},
        held_out=("scene001", "scene003", "scene004", "scene005", "scene007", "scene008"),
        test_scenes=frozenset(f"scene{number:03d}" for number in REALBLUR_TEST),
        reference="1",
        note="frame 1 of each scene is a pair of two sharp pictures; the test split leaves it out",
    )


REALBLUR_TEST = (
    *(2, 6, 11, 15, 17, 24, 44, 47, 50, 56, 59, 71, 75, 85, 94, 97, 100, 101, 103, 105, 107, 108),
    *(112, 118, 120, 122, 125, 129, 130, 141, 142, 149, 155, 159, 162, 173, 176, 188, 194, 204),
    *(205, 206, 207, 208, 209, 218, 223, 230, 232, 234),
)

HIDE = Source(
    id="hide",
    title="HIDE",
    licence="research release, no licence text found",
    page="https://github.com/joanshen0508/HA_deblur",
    layouts=(
        Layout("official: test/<distance>/ and GT/", "{split}/{part}/{frame}", "GT/{frame}", True),
        Layout(
            "official: HIDE_dataset/test/<distance>/ and HIDE_dataset/GT/",
            "HIDE_dataset/{split}/{part}/{frame}",
            "HIDE_dataset/GT/{frame}",
            True,
        ),
        Layout("{input,target}, as MPRNet regroups it", "input/{frame}", "target/{frame}"),
        Layout("{blur,sharp}, as Stripformer regroups it", "blur/{frame}", "sharp/{frame}"),
    ),
    counts={"test": 2025},
    size=(1280, 720),
    fields={"part": r"test-(?:close-ups|long-shot)", "frame": r"[^/]+"},
    scene_in_name=r"from(GOPR\d+)",
    note="no paper here trains on HIDE",
)


def _lai(kind: str, blurred: str) -> Source:
    return Source(
        id=f"lai-{kind}",
        title=f"Lai et al. 2016, {kind} synthetic blur",
        licence="academic use, no licence text found",
        page="https://wslai.net/publications/deblur_study",
        layouts=(
            Layout(
                f"official: {kind}/ and ground_truth/",
                f"{kind}/{{scene}}_{blurred}_{{frame}}",
                "ground_truth/{scene}",
            ),
        ),
        counts={"test": 100},
        fields={"scene": r"(?:manmade|natural|people|saturated|text)_\d{2}", "frame": r"\d{2}"},
        note="blurred and sharp pictures are displaced; plain scores are dominated by that",
    )


DVD = Source(
    id="dvd",
    title="DeepVideoDeblurring",
    licence="academic use, see the disclaimer in the archive",
    page="https://www.cs.ubc.ca/labs/imager/tr/2017/DeepVideoDeblurring",
    layouts=(
        Layout(
            "official: quantitative_datasets/<video>/{input,GT}",
            "quantitative_datasets/{scene}/input/{frame}",
            "quantitative_datasets/{scene}/GT/{frame}",
        ),
        Layout("<video>/{input,GT}", "{scene}/input/{frame}", "{scene}/GT/{frame}"),
    ),
    counts={"train": 5708, "test": 1000},
    fields={"scene": r"[^/]+", "frame": r"\d+"},
    test_scenes=frozenset(f"IMG_{number:04d}" for number in (3, 21, 30, 31, 32, 33, 37, 39, 49))
    | {"720p_240fps_2"},
)

REDS = Source(
    id="reds",
    title="REDS",
    licence="CC BY 4.0",
    page="https://seungjunnah.github.io/Datasets/reds",
    layouts=(
        Layout(
            "official: <split>/<split>_{blur,sharp}/<clip>",
            "{split}/{split}_blur/{scene}/{frame}",
            "{split}/{split}_sharp/{scene}/{frame}",
        ),
    ),
    counts={"train": 24000, "val": 3000},
    size=(1280, 720),
    fields={"scene": r"\d{3}", "frame": r"\d{8}"},
)

REDS_180P = dataclasses.replace(
    REDS,
    id="reds-180p",
    title="REDS at 320x180",
    layouts=(
        Layout(
            "<split>/<clip>/{blur,sharp}",
            "{split}/{scene}/blur/{frame}",
            "{split}/{scene}/sharp/{frame}",
        ),
    ),
    size=(320, 180),
    note="both sides of REDS made smaller by four",
)

SOURCES: dict[str, Source] = {
    source.id: source
    for source in (
        _gopro(
            "linear",
            "blur",
            {"GOPR0384_11_00/000001": "87da9476", "GOPR0384_11_00/000014": "0b059e60"},
            "blurred pictures are means of stored values; nearly all papers use this variant",
        ),
        _gopro(
            "gamma",
            "blur_gamma",
            {},
            "blurred pictures are means in linear light; DeepDeblur alone uses this variant",
        ),
        HIDE,
        _realblur("J", "RealBlur-J_ECC_IMCORR_centroid_itensity_ref"),
        _realblur("R", "RealBlur-R_BM3D_ECC_IMCORR_centroid_itensity_ref"),
        _lai("uniform", "kernel"),
        _lai("nonuniform", "gyro"),
        DVD,
        REDS,
        REDS_180P,
    )
}
