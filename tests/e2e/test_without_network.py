"""Serving needs neither torch nor a network: proven by the modules it loads, and in a name space without a network."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

from sightloop.flows import projects
from sightloop.flows.access import OPERATOR
from tests import tiny
from tests.e2e.running import environment, opened, prepared
from tests.web.tiny_model import put_live

HEAVY = ("torch", "torchvision", "lightning", "timm", "matplotlib", "onnx", "onnxscript", "sklearn", "boto3", "psycopg")
SERVE = """
import json, sys
from pathlib import Path
from starlette.testclient import TestClient
from sightloop import wiring
from sightloop.settings import Settings
from sightloop.web.app import create_app
settings = Settings(data=Path(sys.argv[1]), workers=1)
services = wiring.build(settings)
with TestClient(create_app(services, settings), headers={"Authorization": f"Bearer {sys.argv[2]}"}) as client:
    given = {"image": ("photo.jpg", Path(sys.argv[3]).read_bytes())}
    answer = client.post("/api/v1/projects/paint/predict", files=given).json()
    stored = client.post("/api/v1/projects/paint/images", files=given).json()
    insights = client.get("/api/v1/projects/paint/insights").json()
services.close()
loaded = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps([answer["prediction"], stored["stored"], insights["images"], loaded]))
"""
WATCHED = """
import sys
def refuse(event, words):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        raise RuntimeError(f"{event} {words}")
sys.addaudithook(refuse)
from sightloop.cli.main import main
main()
"""


@cache
def cut_off() -> tuple[str, ...]:
    """The words that start a process without a network; none where this machine does not allow that."""
    words = ("unshare", "--net", "--map-root-user")
    try:
        return words if subprocess.run([*words, "true"], capture_output=True).returncode == 0 else ()
    except FileNotFoundError:
        return ()


def sightloop(data: Path, *words: str) -> str:
    """What a command says when there is no network; asking for one ends it, also where it cannot be taken away."""
    command = [*cut_off(), sys.executable, "-c", WATCHED, "--data", str(data), *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_server_answers_and_stores_without_loading_what_only_training_needs(tmp_path: Path) -> None:
    token = prepared(tmp_path / "data")
    (tmp_path / "photo.jpg").write_bytes(tiny.picture("red"))
    command = [sys.executable, "-c", SERVE, str(tmp_path / "data"), token, str(tmp_path / "photo.jpg")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr
    prediction, stored, images, loaded = json.loads(done.stdout)
    assert (prediction, stored, images) == ("red", 1, 1)
    assert {"onnxruntime", "fastapi"} <= set(loaded)
    assert not set(HEAVY) & set(loaded)


def test_pictures_are_imported_and_answered_without_a_network(tmp_path: Path) -> None:
    with opened(tmp_path / "data") as services:
        put_live(
            services,
            projects.create(services, user=OPERATOR, name="paint", classes=("red", "blue")),
            tmp_path / "bundle",
        )
    for colour in ("red", "blue"):
        (tmp_path / "pictures" / colour).mkdir(parents=True)
        (tmp_path / "pictures" / colour / "0.jpg").write_bytes(tiny.picture(colour))
    sightloop(tmp_path / "data", "import", "paint", str(tmp_path / "pictures"))
    [answer] = json.loads(
        sightloop(tmp_path / "data", "predict", "paint", str(tmp_path / "pictures" / "red" / "0.jpg"))
    )
    assert answer["prediction"] == "red"
    assert json.loads(sightloop(tmp_path / "data", "insights", "paint"))["images"] == 2
