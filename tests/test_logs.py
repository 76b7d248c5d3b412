"""Every log line of every process is one JSON object of the same form."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from contextvars import copy_context

from sightloop import logs


def record(message: str, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("sightloop.test", logging.INFO, __file__, 1, message, None, None)
    made.__dict__.update(more)
    return made


def test_a_line_tells_when_how_serious_who_and_what() -> None:
    line = json.loads(logs.JsonLines().format(record("two\nlines", fields={"status": 200})))
    assert line.keys() == {"time", "level", "logger", "message", "status"}
    assert (line["message"], line["level"], line["status"]) == ("two\nlines", "INFO", 200)


def test_a_line_of_a_request_has_its_id_and_others_have_none() -> None:
    def inside() -> str:
        logs.REQUEST_ID.set("abcdefgh")
        return logs.JsonLines().format(record("x"))

    assert json.loads(copy_context().run(inside))["request_id"] == "abcdefgh"
    assert "request_id" not in json.loads(logs.JsonLines().format(record("x")))


def test_a_traceback_is_one_line_too() -> None:
    code = "from sightloop import logs\nlogs.configure('INFO')\nimport logging\n"
    code += "try:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.getLogger('x').exception('broken')\n"
    [line] = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    ).stderr.splitlines()
    assert "ZeroDivisionError" in json.loads(line)["traceback"]
