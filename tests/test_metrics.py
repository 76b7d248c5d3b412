"""What Prometheus reads: clean by its own tool, and bounded however many words people invent."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests import tiny
from tests.conftest import unavailable
from tests.e2e.running import Running, prepared, serving, upload

INVENTIVE = """
from sightloop import telemetry
for number in range(2000):
    telemetry.count_prediction(f"project {number}", f"class {number}", "fast")
print(telemetry.render().decode())
"""


def series(text: str, name: str) -> set[str]:
    """The label sets of one metric."""
    return set(re.findall(rf"^{name}(?:\{{(.*)\}})? ", text, re.MULTILINE))


def visited(running: Running, token: str) -> str:
    """The metrics after a few good requests and many strange ones."""
    with running.client(token) as client:
        upload(client, tiny.picture("red"))
        client.post("/api/v1/projects/paint/rescore")
        client.post("/api/v1/projects/paint/predict", files={"image": ("photo.jpg", tiny.picture("blue"))})
        for number in range(30):
            client.get(f"/api/v1/projects/nothing-{number}")
            client.get(f"/nowhere/{number}")
            client.request(f"BREW{number}", "/api/v1/projects")
        return client.get("/metrics").text


def test_promtool_finds_no_fault_in_what_a_busy_server_says(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        unavailable("promtool is not installed (Debian package prometheus)")
    token = prepared(tmp_path / "data")
    with serving(tmp_path / "data") as running:
        said = visited(running, token)
    checked = subprocess.run([str(promtool), "check", "metrics"], input=said, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    requests = series(said, "sightloop_http_requests_total")
    assert len(requests) < 12, requests
    assert not any("nothing-" in one or "nowhere" in one or "BREW" in one for one in requests)
    assert {'sightloop_jobs{state="queued"} 1.0', 'sightloop_jobs{state="running"} 0.0'} <= set(said.splitlines())
    assert 'project="paint"' in "".join(series(said, "sightloop_predictions_total"))
    assert {"decode", "infer", "queue"} == {
        stage(one) for one in series(said, "sightloop_inference_duration_seconds_count")
    }


def stage(labels: str) -> str:
    return labels.partition('stage="')[2].partition('"')[0]


def test_names_that_people_invent_do_not_multiply_without_end() -> None:
    said = subprocess.run([sys.executable, "-c", INVENTIVE], capture_output=True, text=True, check=True).stdout
    counted = series(said, "sightloop_predictions_total")
    assert len(counted) <= 501
    assert any('project="other"' in one for one in counted)
