"""An unmodified public client of the Open Inference Protocol against the real server."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from starlette.testclient import TestClient
from tritonclient.utils import InferenceServerException

from sightloop.core.entities import Project
from sightloop.flows.services import Services
from sightloop.vision import encode
from tests.web.people import bearer
from tests.web.tiny_model import put_live

COLOURS = {"red": (220, 30, 30), "blue": (30, 30, 220)}
INFER = "/v2/models/paint/infer"


def painted(name: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.full((40, 60, 3), COLOURS[name], dtype=np.uint8)


def files(*names: str) -> np.ndarray[Any, np.dtype[np.object_]]:
    return np.array([encode.png(painted(name)) for name in names], dtype=np.object_)


def given(values: np.ndarray[Any, Any], *, binary: bool = True) -> triton.InferInput:
    name, kind = ("pixels", "UINT8") if values.dtype == np.uint8 else ("image", "BYTES")
    tensor = triton.InferInput(name, list(values.shape), kind)
    tensor.set_data_from_numpy(values, binary_data=binary)
    return tensor


@dataclass(frozen=True)
class Server:
    """A client, and the headers that let it in."""

    client: triton.InferenceServerClient
    headers: dict[str, str]

    def infer(self, values: np.ndarray[Any, Any], *, binary: bool = True, **more: Any) -> triton.InferResult:
        headers = dict(self.headers)  # the client writes into what it is given
        return self.client.infer("paint", [given(values, binary=binary)], headers=headers, **more)


@pytest.fixture
def server(
    listening: Callable[..., AbstractContextManager[tuple[str, int]]],
    services: Services,
    paint: Project,
    tmp_path: Path,
    token: Callable[..., str],
) -> Iterator[Server]:
    put_live(services, paint, tmp_path / "bundle")
    with listening() as (host, port), triton.InferenceServerClient(f"{host}:{port}") as client:
        yield Server(client, bearer(token("viewer", project="paint")))


def test_the_server_is_live_and_ready_for_a_client_without_a_token(server: Server) -> None:
    assert server.client.is_server_live()
    assert server.client.is_server_ready()
    assert "binary_tensor_data" in server.client.get_server_metadata()["extensions"]


def test_a_model_is_ready_for_who_may_see_its_project_and_for_nobody_else(
    server: Server, token: Callable[..., str]
) -> None:
    assert server.client.is_model_ready("paint", headers=server.headers)
    assert server.client.is_model_ready("paint", "1", headers=server.headers)
    assert not server.client.is_model_ready("paint", "2", headers=server.headers)
    assert not server.client.is_model_ready("paint", headers=bearer(token("maintainer")))
    assert not server.client.is_model_ready("paint")


def test_metadata_and_configuration_say_what_infer_takes_and_gives(server: Server) -> None:
    said = server.client.get_model_metadata("paint", headers=server.headers)
    assert (said["name"], said["versions"]) == ("paint", ["1"])
    assert [(one["name"], one["datatype"], one["shape"]) for one in said["outputs"]] == [
        ("probabilities", "FP32", [-1, 2]),
        ("prediction", "BYTES", [-1]),
        ("confidence", "FP32", [-1]),
    ]
    assert json.loads(said["parameters"]["classes"]) == ["red", "blue"]
    config = server.client.get_model_config("paint", "1", headers=server.headers)
    assert [one["data_type"] for one in config["input"]] == ["TYPE_STRING", "TYPE_UINT8"]


def test_the_index_lists_the_projects_of_the_caller(server: Server, token: Callable[..., str]) -> None:
    ask = server.client.get_model_repository_index
    assert ask(headers=server.headers) == [{"name": "paint", "version": "1", "state": "READY", "reason": ""}]
    assert ask(headers=bearer(token("maintainer"))) == []


def test_encoded_pictures_are_answered_in_their_order(server: Server) -> None:
    said = server.infer(files("red", "blue", "blue"), request_id="seven")
    assert said.as_numpy("prediction").tolist() == [b"red", b"blue", b"blue"]
    chances = said.as_numpy("probabilities")
    assert chances.shape == (3, 2)
    assert chances.dtype == np.float32
    np.testing.assert_allclose(chances.max(axis=1), said.as_numpy("confidence"))
    assert (said.get_response()["id"], said.get_response()["model_version"]) == ("seven", "1")


def test_pixels_get_the_answer_of_the_same_picture_as_a_file(server: Server) -> None:
    as_files = server.infer(files("blue", "red"))
    as_pixels = server.infer(np.stack([painted("blue"), painted("red")]))
    for name in ("probabilities", "confidence", "prediction"):
        np.testing.assert_array_equal(as_pixels.as_numpy(name), as_files.as_numpy(name))


def test_tensors_within_the_json_get_the_same_answer(server: Server) -> None:
    wanted = [triton.InferRequestedOutput(name, binary_data=False) for name in ("confidence", "prediction")]
    small = painted("red")[:4, :4][None]
    said = server.infer(small, binary=False, outputs=wanted)
    assert [one["name"] for one in said.get_response()["outputs"]] == ["confidence", "prediction"]
    assert said.as_numpy("prediction").tolist() == ["red"]
    np.testing.assert_array_equal(said.as_numpy("confidence"), server.infer(small).as_numpy("confidence"))
    texts = np.array([base64.b64encode(files("blue")[0]).decode()], dtype=np.object_)
    assert server.infer(texts, binary=False).as_numpy("prediction").tolist() == [b"blue"]


def test_one_output_may_be_binary_and_another_not(server: Server) -> None:
    wanted = [
        triton.InferRequestedOutput("prediction", binary_data=False),
        triton.InferRequestedOutput("probabilities", binary_data=True),
    ]
    said = server.infer(files("red"), outputs=wanted)
    assert said.as_numpy("probabilities").shape == (1, 2)
    assert said.as_numpy("prediction").tolist() == ["red"]
    assert said.as_numpy("confidence") is None


def test_a_version_can_be_named_and_an_unknown_one_is_an_error(server: Server) -> None:
    assert server.infer(files("red"), model_version="1").as_numpy("prediction").tolist() == [b"red"]
    with pytest.raises(InferenceServerException, match="9"):
        server.infer(files("red"), model_version="9")


def test_a_picture_that_cannot_be_read_is_named_by_its_place(server: Server) -> None:
    with pytest.raises(InferenceServerException, match="picture 1"):
        server.infer(np.array([files("red")[0], b"not a picture"], dtype=np.object_))


def test_without_a_token_the_client_reads_why(server: Server) -> None:
    with pytest.raises(InferenceServerException, match="Bearer"):
        server.client.infer("paint", [given(files("red"))])


@pytest.fixture
def asking(
    client: TestClient, services: Services, paint: Project, tmp_path: Path, token: Callable[..., str]
) -> TestClient:
    put_live(services, paint, tmp_path / "bundle")
    client.headers.update(bearer(token("viewer", project="paint")))
    return client


def tensor(**changes: Any) -> bytes:
    usual = {"name": "pixels", "datatype": "UINT8", "shape": [1, 1, 1, 3], "data": [255, 0, 0]}
    return json.dumps({"inputs": [{**usual, **changes}]}).encode()


JUNK = [
    b"", b"{", b"[]", b"[" * 100_000, b'{"inputs": []}', b'{"inputs": [1]}', b'{"inputs": [{}], "parameters": 3}',
    tensor(name="audio"), tensor(name=["pixels"]), tensor(datatype="FP32"), tensor(shape=[]), tensor(shape="1"),
    tensor(shape=[1, 1, 1, 4]), tensor(shape=[1, 2, 1, 3]), tensor(shape=[0, 1, 1, 3]), tensor(shape=[True, 1, 1, 3]),
    tensor(shape=[10**12, 10**12, 1, 3]), tensor(shape=[257, 1, 1, 3]), tensor(data=[256, 0, 0]),
    tensor(data=[-1, 0, 0]), tensor(data=[0.5, 0, 0]), tensor(data=["a", "b", "c"]), tensor(data=[[1], [2, 3]]),
    tensor(data=[10**30, 0, 0]), tensor(data=None), tensor(parameters={"binary_data_size": 3}),
    tensor(parameters={"shared_memory_region": "x"}), tensor(name="image", datatype="BYTES", shape=[1], data=["?"]),
    tensor(name="image", datatype="BYTES", shape=[1], data=[7]), tensor(name="image", datatype="BYTES", shape=[2, 2]),
    tensor()[:-1] + b', "outputs": [{"name": "mood"}]}',
    tensor()[:-1] + b', "outputs": [{"name": "prediction", "parameters": {"classification": 3}}]}',
]  # fmt: skip


@pytest.mark.parametrize("body", JUNK, ids=range(len(JUNK)))
def test_junk_is_refused_in_the_words_of_the_protocol(asking: TestClient, body: bytes) -> None:
    answer = asking.post(INFER, content=body)
    assert answer.status_code == 422, answer.text
    assert answer.json().keys() == {"error"}


@pytest.mark.parametrize("header", ["0", "-1", "x", "999999", "5"])
def test_a_header_length_that_does_not_fit_is_refused(asking: TestClient, header: str) -> None:
    answer = asking.post(INFER, content=tensor(), headers={"Inference-Header-Content-Length": header})
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("tail", [b"", b"\x01\x00", b"\xff\xff\xff\xffabc", b"\x01\x00\x00\x00a\x01"])
def test_a_binary_tensor_that_breaks_off_is_refused(asking: TestClient, tail: bytes) -> None:
    head = tensor(name="image", datatype="BYTES", shape=[1], parameters={"binary_data_size": len(tail)})
    answer = asking.post(INFER, content=head + tail, headers={"Inference-Header-Content-Length": str(len(head))})
    assert answer.status_code == 422, answer.text


def test_the_memory_that_requests_took_is_given_back(asking: TestClient) -> None:
    held = asking.app.state.desk.memory  # type: ignore[attr-defined]
    for body in (tensor(), b"{"):
        asking.post(INFER, content=body)
    assert held._held == 0


def test_a_project_without_a_model_is_not_ready(client: TestClient, paint: Project, token: Callable[..., str]) -> None:
    answer = client.get("/v2/models/paint/ready", headers=bearer(token("admin")))
    assert answer.status_code == 503
    assert "no model" in answer.json()["error"]
