"""Figure 5: rules learnt from a file, and the same file imported: production ranks the leads as the learner does."""

import csv
from pathlib import Path

import numpy as np
import pytest
from calibration.calibrate import Options, calibrate
from scipy.stats import spearmanr
from sodate.imports.mappingfile import read_mapping
from sodate.playbook.store import Definitions
from sodate_cli.imports.files import opened
from sodate_cli.imports.work import ImportTarget, run_import

from tests.functions.quick import QuickWorld

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "x-education.mapping.yaml"
REAL = ROOT.parent / "shared" / "data" / "leads_outcomes.csv"

#: All 5,500 take a minute and say the same.
LEADS = 1500


def test_the_stream_gives_imported_leads_the_points_that_were_learnt(world: QuickWorld, tmp_path: Path) -> None:
    if not REAL.is_file():
        print(f"the real leads are not at {REAL}: figure 5 was NOT checked here")
        pytest.skip(f"no {REAL}")
    copy = tmp_path / "leads.csv"
    copy.write_text("".join(REAL.read_text(encoding="utf-8").splitlines(keepends=True)[: 1 + LEADS]), encoding="utf-8")
    learnt = calibrate(Options(copy, target="Converted", mapping=EXAMPLE, folds=2, repeats=1), lambda line: None)
    Definitions().publish("rules", "default", dict(learnt.document), world.now)
    mapping = read_mapping("m.yaml", EXAMPLE.read_bytes())
    harness = ImportTarget("sodate-test", b"an-address-key", world.now, lambda: world.now)
    run_import(opened(str(copy)), mapping, harness, on_progress=lambda progress, survey: None)
    world._stream()

    rows = list(csv.DictReader(copy.read_text(encoding="utf-8").splitlines()))
    of_lead = {item["pk"]: int(item["total"]) for item in world.items("score")}
    by_id = {item["external"]["x-education"]: of_lead[item["pk"]] for item in world.items("profile")}
    given = np.array([by_id[row["Prospect ID"]] for row in rows])
    assert len(rows) == len(learnt.model.score) == LEADS
    assert spearmanr(given, learnt.model.score)[0] == pytest.approx(1.0, abs=1e-12)
    assert np.ptp(given - learnt.model.score) == 0
