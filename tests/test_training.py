"""The commands train and simulate, as users run them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from screen.rank.figures import plot_recall
from screen.rank.model import load_model

if TYPE_CHECKING:
    from tests.conftest import Invoke, MadeStudy, MakeStudy

pytestmark = pytest.mark.database

MORE = pytest.mark.slow(reason="more of training on studies")

LABELS = Path(__file__).resolve().parent.parent / "labels"
EXCERPTS = (LABELS / "excerpts.jsonl").read_text(encoding="utf-8").splitlines()
COPIES = {
    row["copy_of"]: line
    for line in (LABELS / "damaged.jsonl").read_text(encoding="utf-8").splitlines()
    if (row := json.loads(line))
}
PNG, SVG = b"\x89PNG", b"<?xml"


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 90 passages, a third of them with a damaged copy."""
    chosen = EXCERPTS[1::9][:90]
    copies = [COPIES[json.loads(line)["id"]] for line in chosen[::3]]
    path = tmp_path_factory.mktemp("labels") / "mine.jsonl"
    path.write_text("\n".join([*chosen, *copies]), encoding="utf-8")
    return path


def make_small(patches: pytest.MonkeyPatch) -> None:
    """Let models count n-grams in fewer columns and be measured on fewer resamples, and so sooner.

    Such a model can be read only where this is in force; the one that ships cannot.
    """
    patches.setattr("screen.rank.classifier._HASHES", 2**12)
    patches.setattr("screen.rank.calibration._RESAMPLES", 100)


@pytest.fixture(scope="module")
def trained(labels: Path, tmp_path_factory: pytest.TempPathFactory, invoke: "Invoke") -> Path:
    folder = tmp_path_factory.mktemp("models") / "mine"
    with pytest.MonkeyPatch.context() as patches:
        make_small(patches)
        done = invoke("train", labels, "-o", folder)
    assert done.exit_code == 0, done.output
    assert "90 passages" in done.stdout
    return folder


@pytest.fixture
def model(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small model, and what it takes to read it."""
    make_small(monkeypatch)
    return trained


@pytest.fixture(scope="module")
def screened(make_study: "MakeStudy", invoke: "Invoke") -> "MadeStudy":
    """A study of the texts of corpus/."""
    texts = sorted((LABELS.parent / "corpus" / "papers").glob("*.txt"))
    study = make_study({path.name: path.read_bytes() for path in texts})
    assert invoke("run", study.folder).exit_code == 0
    return study


def test_a_model_comes_with_a_card_for_people_and_one_for_programs(model: Path) -> None:
    card = load_model(model).card
    assert (card["name"], card["passages"], card["family"]) == ("mine", 90, "airway")
    assert 15 <= card["copies"] <= 40
    assert card["data"][0]["name"] == "mine.jsonl"
    for found in card["cross_validated"].values():
        assert found["recall"]["low"] <= found["recall"]["value"] <= found["recall"]["high"]
        error = found["calibration_error"]
        assert 0 <= error["low"] <= error["value"] + 0.05
        assert sum(part["count"] for part in found["bins"]) == 90
        assert {"recall_25", "wss_95", "atd", "loss"} <= set(found["screening"])
    words = (model / "card.md").read_text(encoding="utf-8")
    assert card["sha256"] in words
    assert card["libraries"]["scikit-learn"] in words
    assert (model / "calibration.png").read_bytes().startswith(PNG)


@pytest.mark.slow(reason="trains twice")
def test_the_same_labels_and_seed_give_the_same_files(
    model: Path, labels: Path, tmp_path: Path, invoke: "Invoke"
) -> None:
    assert invoke("train", labels, "-o", tmp_path / "mine").exit_code == 0
    for path in model.iterdir():
        assert (tmp_path / "mine" / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_model_of_ones_own_orders_a_study(
    model: Path, make_study: "MakeStudy", invoke: "Invoke"
) -> None:
    study = make_study({"a.txt": "1.2供心切取 供体确认脑死亡后行气管插管,接呼吸机,正中开胸。"})
    settings = study.folder / "study.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('# model = "default"', f'model = "{model}"'), encoding="utf-8")
    assert invoke("run", study.folder, "--workers", "1").exit_code == 0
    queue = json.loads(invoke("queue", study.folder, "--json").stdout)
    assert queue["model"] == load_model(model).label
    assert queue["problematic"] > 0.5


@MORE
def test_a_study_can_be_learned_from(
    screened: "MadeStudy", invoke: "Invoke", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = screened.copy(tmp_path / "study").folder
    settings = (study / "study.toml").read_text(encoding="utf-8")
    (study / "study.toml").write_text(settings.replace("# every = 20", "every = 0"), "utf-8")
    queue = invoke("queue", study, "-n", "100", "--json").stdout.splitlines()
    verdicts = [
        {"hit_id": row["id"], "judgement": 2 if row["code"] else 0}
        for row in map(json.loads, queue)
    ]
    (tmp_path / "v.jsonl").write_text("\n".join(map(json.dumps, verdicts)), encoding="utf-8")
    assert invoke("import-verdicts", study, tmp_path / "v.jsonl", "--reviewer", "A").exit_code == 0
    make_small(monkeypatch)
    done = invoke("train", study, "-o", tmp_path / "model")
    assert done.exit_code == 0, done.output
    card = load_model(tmp_path / "model").card
    assert card["passages"] == len(verdicts)
    assert card["data"][0]["name"] == study.name


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (['{"code": 7, "text": "x"}'], "labels.jsonl:1: 'code' is 7, not 0, 1 or 2"),
        (['{"code": 2, "text": "甲"}', '{"code": 2, "text": "乙"}'], "all of code 2"),
        (['{"code": 2, "text": "甲"}', '{"code": 0, "text": "甲"}'], "labels.jsonl:2: code 0"),
        (['{"code": 2, "text": "甲"}', '{"code": 0, "text": "乙"}'], "at least 4"),
        (["nothing"], "labels.jsonl:1: not JSON"),
        ([], "holds no judgements"),
    ],
)
def test_labels_that_cannot_be_learned_from_are_one_line_with_the_row(
    rows: list[str], words: str, tmp_path: Path, invoke: "Invoke"
) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join(rows), encoding="utf-8")
    done = invoke("train", path, "-o", tmp_path / "model")
    assert done.exit_code == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "model").exists()


def test_labels_in_another_encoding_are_one_line_with_the_row(
    tmp_path: Path, invoke: "Invoke"
) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_bytes('{"code": 2, "text": "供体"}'.encode("gb18030"))
    done = invoke("train", path, "-o", tmp_path / "model")
    assert done.exit_code == 2
    assert "labels.jsonl:1: not UTF-8" in done.stderr


def test_nothing_to_learn_from_is_wrong_use(tmp_path: Path, invoke: "Invoke") -> None:
    assert invoke("train", "-o", tmp_path / "model").exit_code == 2


# ---- simulate --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gold") / "gold.jsonl"
    path.write_text("\n".join(EXCERPTS[4::14]), encoding="utf-8")
    return path


@pytest.fixture
def few_shipped(gold: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no more labels ship than twice those of `gold`, which are among them."""
    path = gold.with_name("shipped.jsonl")
    path.write_text("\n".join(EXCERPTS[4::7]), encoding="utf-8")
    monkeypatch.setattr("screen.study.ranking.find_shipped_labels", lambda pack: path)


def simulate(invoke: "Invoke", *arguments: str | Path) -> dict[str, Any]:
    done = invoke("simulate", *arguments)
    assert done.exit_code == 0, done.output
    output = Path(arguments[arguments.index("-o") + 1])
    result: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return result


@pytest.mark.usefixtures("few_shipped")
def test_orders_are_compared_as_numbers_curves_and_a_figure(
    gold: Path, model: Path, tmp_path: Path, invoke: "Invoke"
) -> None:
    targets = LABELS.parent / "corpus" / "targets.txt"
    result = simulate(
        invoke, "--gold", gold, "--model", model, "--targets", targets, "--seeds", "2",
        "--every", "25", "-o", tmp_path / "s.json", "--plot", tmp_path / "s.svg",
    )  # fmt: skip
    assert list(result["orders"]) == ["cold", "learning", "rules", "published", "random"]
    assert result["like_shipped"] == result["items"] > 50
    for found in result["orders"].values():
        assert len(found["replays"]) == 2
    losses = {name: found["mean"]["loss"] for name, found in result["orders"].items()}
    assert losses["cold"] < losses["random"]
    for replay in result["replays"]:
        assert len(replay["recall"]) == len(replay["items"]) == result["items"] - 2
        assert replay["recall"][-1] == 1
    assert (tmp_path / "s.svg").read_bytes().startswith(SVG)


@pytest.mark.parametrize(("suffix", "start"), [(".png", PNG), (".svg", SVG)])
def test_the_same_figure_has_the_same_bytes(suffix: str, start: bytes, tmp_path: Path) -> None:
    drawn = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}{suffix}"
        plot_recall(path, {"cold": [[0.5, 1.0]], "random": [[0.0, 0.5, 1.0]]}, "title")
        drawn.append(path.read_bytes())
    assert drawn[0] == drawn[1]
    assert drawn[0].startswith(start)


@MORE
def test_papers_of_a_study_can_be_replayed(
    screened: "MadeStudy", invoke: "Invoke", tmp_path: Path
) -> None:
    wanted = {path.name for path in screened.papers.iterdir()}
    rows = (LABELS / "papers.jsonl").read_text(encoding="utf-8").splitlines()
    gold = tmp_path / "papers.jsonl"
    chosen = [row for row in rows if json.loads(row)["file"] in wanted]
    gold.write_text("\n".join(chosen), encoding="utf-8")
    result = simulate(
        invoke, "--gold", gold, "--study", screened.folder, "--order", "cold", "--order", "random",
        "-o", tmp_path / "s.json",
    )  # fmt: skip
    assert result["items"] == len(chosen)
    assert result["orders"]["cold"]["mean"]["loss"] < 0.1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--plot", "figure.pdf"], "written as .png or .svg"),
        (["--order", "published"], "needs its target phrases"),
        (["--model", "nowhere"], "no model 'nowhere'"),
        (["--pack", "donor-consent"], "no model ships for the pack"),
    ],
)
@pytest.mark.usefixtures("few_shipped")
def test_what_cannot_be_simulated_is_one_line(
    gold: Path, more: list[str], words: str, invoke: "Invoke"
) -> None:
    done = invoke("simulate", "--gold", gold, *more)
    assert done.exit_code == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("few_shipped")
def test_judgements_of_one_kind_cannot_be_simulated(tmp_path: Path, invoke: "Invoke") -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text('{"code": 0, "text": "甲"}\n{"code": 0, "text": "乙"}\n', encoding="utf-8")
    done = invoke("simulate", "--gold", path)
    assert done.exit_code == 2
    assert "needs items of code 1 and above, and others" in done.stderr
