"""The pipeline as DVC runs it from a fresh clone: what runs again, what does not, what is tracked, what it decides."""

from __future__ import annotations

from sightloop.core.entities import Project
from tests.pipelines.conftest import LABELLED, Pipeline

BEHIND = ["check_drift", "prepare_retrain_data", "retrain", "evaluate", "promote"]


def test_a_second_run_does_nothing_behind_the_export_and_a_parameter_changes_the_decision(
    drifted: Project, pipeline: Pipeline
) -> None:
    assert pipeline.repro() == ["export", *BEHIND]
    assert pipeline.said("drift")["alarm"] is True
    assert pipeline.said("decision")["would"] is False
    assert f"{LABELLED} of 50 " in pipeline.said("decision")["sentence"]
    assert all(pipeline.said(name)["skipped"] for name in ("evaluation", "promotion"))

    pipeline.set(min_samples_for_retraining=10)
    assert pipeline.repro() == ["export", *BEHIND[1:]]
    assert pipeline.said("decision")["rule"] == "covariate"
    assert pipeline.said("evaluation")["n"] > 0
    assert pipeline.said("promotion")["verdict"] in ("promote", "refuse", "undecided")
    assert pipeline.repro() == ["export"]

    lock = (pipeline.folder / "dvc.lock").read_text()
    assert all(f"path: {name}\n" in lock for name in ("snapshot", "model", "candidate", "exported/rows"))
    pipeline.dvc("push", "--quiet")
    stored = {path.read_bytes() for path in (pipeline.folder / ".dvc_storage").rglob("*") if path.is_file()}
    assert (pipeline.folder / "candidate" / "model.bundle").read_bytes() in stored
    assert (pipeline.folder / "snapshot" / "manifest.jsonl").read_bytes() in stored
    assert not stored & {path.read_bytes() for path in (pipeline.folder / "exported" / "blobs").glob("??/*")}
