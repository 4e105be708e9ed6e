"""The step that sends public sample lines through the chain, where their folder lies beside the project."""

import json
from pathlib import Path

from sakimori.run.demo.cast import ANALYST
from sakimori.run.demo.doors import expect, wait_for
from sakimori.run.demo.play import SAKURA, Play

_FOLDER = Path(__file__).parents[4] / "shared" / "imperva" / "samples"


def play_samples(play: Play) -> None:
    """Every sample line is stored or quarantined, and none of these years-old events blocks anybody."""
    lines = list(sample_lines(_FOLDER))
    play.measured["sample_lines"] = float(len(lines))
    if not lines:
        print("    (the folder with the public samples is not here: nothing to verify)", flush=True)
        return
    before = play.outside.blacklist(SAKURA)
    file = play.outside.do("lines", account=SAKURA, lines=lines)["file"]
    analyst = play.browser(ANALYST.login)
    wait_for(lambda: "Illegal Resource Access attack by" in analyst.text("/console/findings/"), f"{file} is searched")
    expect("不一致" not in analyst.text("/console/intake/"), "lines = rows + quarantined")
    expect(play.outside.blacklist(SAKURA) == before, "late events block nobody")


def sample_lines(folder: Path) -> list[str]:
    """Raw lines of the samples; empty where the folder is not there."""
    found = [json.loads(path.read_text())["input"]["message"] for path in sorted(folder.glob("sekoia/*.json"))]
    for path in sorted(folder.glob("elastic/*.log")):
        found += [line for line in path.read_text().partition("|==|\n")[2].splitlines() if line]
    return found
