"""Write docs/reference and ui/openapi.json from the code; with --check say which is out of date and leave with 1."""

from __future__ import annotations

import argparse
import inspect
import json
import sys
import tempfile
import typing
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import click
from fastapi import FastAPI
from fastapi.routing import APIRoute
from prometheus_client.metrics import MetricWrapperBase

from sightloop import families, telemetry, wiring
from sightloop.cli import main as command_line
from sightloop.core import errors, permissions
from sightloop.families import parameters
from sightloop.settings import Settings
from sightloop.web import errors as web_errors
from sightloop.web.api import predict
from sightloop.web.app import create_app
from sightloop.web.desk import Needs
from sightloop.web.guard import PUBLIC

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "reference"
DOCUMENT = ROOT / "ui" / "openapi.json"
NOTE = "<!-- Written by docs/generate.py from the code; do not edit. -->"
NONE = "–"
VARIES = {"workers": "one per core"}  # defaults that depend on the machine
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def pages() -> dict[str, str]:
    """Every generated page by its file name."""
    made: dict[str, Callable[[], str]] = {
        "settings.md": settings,
        "cli.md": commands,
        "metrics.md": metrics,
        "families.md": model_families,
        "api.md": api,
        "errors.md": error_tree,
    }
    return {name: f"{NOTE}\n{make().strip()}\n" for name, make in made.items()}


def settings() -> str:
    """Every SIGHTLOOP_ variable."""
    rows = [
        (f"`SIGHTLOOP_{name.upper()}`", _default(name, field), _kind(field), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return f"""# Settings

Read once at start from the environment; nothing else reads it. A value can also be kept in a file that
`SIGHTLOOP_<NAME>_FILE` names, as secrets should be. A setting that does not fit stops the program with exit code 2.

{_table(("variable", "default", "takes", "meaning"), rows)}
"""


def _default(name: str, field: Any) -> str:
    value = VARIES.get(name, field.default)
    if value is None or value == ():
        return NONE
    text = f"`{str(value).lower() if isinstance(value, bool) else value}`" if name not in VARIES else str(value)
    return text + (f" ({value >> 20} MiB)" if name.endswith("_bytes") else "")


def _kind(field: Any) -> str:
    kind = next(one for one in (*typing.get_args(field.annotation), field.annotation) if one is not type(None))
    if typing.get_origin(field.annotation) is typing.Literal:
        return ", ".join(f"`{choice}`" for choice in typing.get_args(field.annotation))
    if typing.get_origin(field.annotation) is tuple:
        return "a JSON list"
    words = {Path: "a path", str: "text", int: "a whole number", float: "a number", bool: "`true` or `false`"}
    bounds = [_bound(one) for one in field.metadata if _bound(one)]
    return " ".join([words[kind], ", ".join(bounds)]).strip()


def _bound(rule: Any) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    return " ".join(f"{sign} {getattr(rule, name)}" for name, sign in signs.items() if hasattr(rule, name))


def commands() -> str:
    """Every command with its options."""
    with click.Context(command_line.cli, info_name="sightloop") as context:
        parts = [part for name in command_line.LAZY for part in _command(name, context)]
        silent = [name for name, one in walk(context) if "--json" not in flags(one) and not _is_group(one)]
    but = " and ".join(f"`{name}`" for name in silent)
    return f"""# Command line

`sightloop --data DIR COMMAND` works on that data folder; without it, on `SIGHTLOOP_DATA` or `./sightloop-data`.
Every command takes `--help`, and every command but {but} takes `--json`.
Results go to stdout, progress and errors to stderr. Exit codes: 0 done, 1 failed,
2 usage, 3 a gate refused, {command_line.INTERRUPTED} interrupted.

{chr(10).join(parts)}
"""


def walk(context: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Every command below a group's context by its full name, groups included."""
    group = context.command
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if command is not None:
                below = click.Context(command, info_name=name, parent=context)
                yield below.command_path, command
                yield from walk(below)


def _is_group(command: click.Command) -> bool:
    return isinstance(command, click.Group)


def flags(command: click.Command) -> set[str]:
    """The flags of a command as they are typed."""
    return {flag for option in command.params for flag in (*option.opts, *option.secondary_opts)}


def _command(name: str, parent: click.Context, level: int = 2) -> Iterator[str]:
    group = parent.command
    command = group.get_command(parent, name) if isinstance(group, click.Group) else None
    if command is None:
        return
    context = click.Context(command, info_name=name, parent=parent)
    yield f"{'#' * level} {context.command_path}\n\n{inspect.cleandoc(command.help or '')}\n"
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            yield from _command(below, context, level + 1)
        return
    yield f"```text\n{context.command_path} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    rows = [
        (f"`{record[0]}`", record[1])
        for option in command.params
        if isinstance(option, click.Option) and "--json" not in option.opts
        if (record := option.get_help_record(context))
    ]
    if rows:
        yield _table(("option", "meaning"), rows) + "\n"


def metrics() -> str:
    """Every metric of our own."""
    own = [value for value in vars(telemetry).values() if isinstance(value, MetricWrapperBase)]
    rows = [(f"`{_exposed(one)}`", str(one._type), _labels(one), str(one._documentation)) for one in own]
    seconds = ", ".join(f"{edge:g}" for edge in telemetry.SECONDS)
    return f"""# Metrics

`GET /metrics`, Prometheus text format, for this machine or with `Authorization: Bearer $SIGHTLOOP_METRICS_TOKEN`.

{_table(("metric", "type", "labels", "meaning"), rows)}

Histograms have `_bucket`, `_sum` and `_count`. Their edges in seconds:
{seconds}.

After {telemetry.MAX_SERIES} sets of labels that people choose, further ones are counted as `other`. Beside these are
`process_*` and `python_*` of the Prometheus client.
"""


def _labels(metric: MetricWrapperBase) -> str:
    return ", ".join(f"`{label}`" for label in metric._labelnames) or NONE


def _exposed(metric: MetricWrapperBase) -> str:
    return f"{metric._name}_total" if metric._type == "counter" else str(metric._name)


def model_families() -> str:
    """Every family with its parameters."""
    common = {spec.name: spec for spec in fields(parameters.Common)}
    parts = []
    for name in families.NAMES:
        kind = parameters.PARAMS[name]
        own = [one for one in fields(kind) if one.name not in common or one.default != common[one.name].default]
        parts.append(f"## {name}\n\n{inspect.getdoc(kind)}\n\n{_parameters(own)}\n")
    return f"""# Model families

`sightloop train PROJECT --family NAME`, with parameters as flags or in `--config FILE` (JSON or TOML), or
`POST /api/v1/projects/PROJECT/trainings` with `{{"family": NAME, "params": {{…}}}}`. Families need the extra `train`.
An unknown parameter, or a value out of range, is refused by name before anything is queued.

## Every family

{_parameters(fields(parameters.Common))}

{chr(10).join(parts)}
"""


def _parameters(specs: Iterable[Field[Any]]) -> str:
    rows = [(f"`{one.name}`", _value(one.default), _range(one), one.metadata["help"]) for one in specs]
    return _table(("parameter", "default", "takes", "meaning"), rows)


def _value(value: object) -> str:
    if value is None or value == "":
        return NONE
    return f"`{str(value).lower() if isinstance(value, bool) else f'{value:g}' if isinstance(value, float) else value}`"


def _range(spec: Field[Any]) -> str:
    rules = spec.metadata
    if "choices" in rules:
        named = [f"`{choice}`" for choice in rules["choices"] if choice]
        return ", ".join([*named, *(["`last_N_blocks`"] if rules["pattern"] else [])])
    if "low" in rules:
        return f"{_number(rules['low'])} to {_number(rules['high'])}"
    return "`true` or `false`" if isinstance(spec.default, bool) else "text" if spec.default else "one or three numbers"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


@contextmanager
def application() -> Iterator[FastAPI]:
    """The web application over an empty data folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        given = Settings(data=Path(folder), database_url=None, blobs_url=None, workers=1)
        services = wiring.build(given)
        try:
            yield create_app(services, given)
        finally:
            services.close()


def api() -> str:
    """Every route with the least role that may ask."""
    with application() as app:
        document = app.openapi()
        roles = needed_roles(app)
    tagged: dict[str, list[Sequence[str]]] = {}
    for path, operations in document["paths"].items():
        for method in sorted(operations, key=lambda one: METHODS.index(one.upper())):
            operation = operations[method]
            who = roles.get((method.upper(), path), "anybody" if path in PUBLIC else NONE)
            tagged.setdefault(operation["tags"][0], []).append((f"`{method.upper()} {path}`", who, _what(operation)))
    parts = [f"## {tag}\n\n{_table(('route', 'least role', 'what it does'), rows)}\n" for tag, rows in tagged.items()]
    return f"""# API

A running server describes itself at `/docs` (for people) and `/openapi.json` (for programs); this is the overview.
The role is the one in the project, or of the account where no project is named; `password` needs a session that began
with a password, not a token. An object that is not yours answers 404. Send `X-Sightloop: 1` with whatever changes
something by cookie. Errors are `application/problem+json`: see [errors](errors.md).

{chr(10).join(parts)}
"""


def needed_roles(app: FastAPI) -> dict[tuple[str, str], str]:
    """The least role for each (method, path) of the API: a role, "password", "signed in" or "anybody"."""
    found = {("POST", predict.PATH): str(permissions.NEEDED["view"])}
    for route in app.routes:
        if isinstance(route, APIRoute):
            calls = [one.call for one in route.dependant.dependencies]
            who = "anybody" if route.path in PUBLIC else _role(calls)
            found.update({(method, route.path): who for method in route.methods or ()})
    return found


def _role(calls: Iterable[Any]) -> str:
    for call in calls:
        if isinstance(call, Needs):
            return permissions.NEEDED[call.action]
        if getattr(call, "__name__", "") == "_session":
            return "password"
    return "signed in"


def _what(operation: Any) -> str:
    asked = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
    sentence = " ".join(operation["description"].split())
    return sentence + (f" Query: {', '.join(f'`{name}`' for name in asked)}." if asked else "")


def _first_sentence(call: Any) -> str:
    return (inspect.getdoc(call) or "").partition("\n")[0]


def error_tree() -> str:
    """Every error with its HTTP status and exit code."""
    rows = [
        (f"{'↳ ' * depth}`{kind.__name__}`", str(web_errors.status_of(kind("-"))), _code(kind), _first_sentence(kind))
        for kind, depth in _below(errors.SightloopError)
    ]
    edge = [
        (f"`{kind.__name__}`", str(kind(1).status_code), NONE, _first_sentence(kind))
        for kind in (web_errors.TooLarge, web_errors.TooSlow)
    ]
    return f"""# Errors

Every error says what happened, with the offending value, and most say in a hint what to do. On the command line that is
one line and a hint on stderr; over HTTP it is `application/problem+json` (RFC 9457) with `title`, `status`, `detail`,
`hint` and `request_id`. 429 and 503 carry `Retry-After`; 409 carries `current`, the value that won.

{_table(("error", "HTTP status", "exit code", "meaning"), [*rows, *edge])}

A body that does not fit the documented shape answers 422 with one line per field. Anything unforeseen answers 500, says
nothing of its inside, and is logged under the request id. On the command line a usage error leaves with 2 and Ctrl-C
with {command_line.INTERRUPTED}.
"""


def _code(kind: type[errors.SightloopError]) -> str:
    return str(command_line.exit_code(kind("-")))


def _below(kind: type[errors.SightloopError], depth: int = 0) -> Iterator[tuple[type[errors.SightloopError], int]]:
    """The public errors below `kind`, each with its depth; what has no public name is skipped, what is below it not."""
    for one in kind.__subclasses__():
        if one.__module__ != errors.__name__:
            continue
        public = not one.__name__.startswith("_")
        if public:
            yield one, depth
        yield from _below(one, depth + public)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {line} |" for line in lines)])


def openapi() -> str:
    """The OpenAPI document, from which the web page's types are made."""
    with application() as app:
        return json.dumps(app.openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def files() -> dict[Path, str]:
    """Every generated file: the pages of the reference and the OpenAPI document."""
    return {**{FOLDER / name: text for name, text in pages().items()}, DOCUMENT: openapi()}


def out_of_date() -> list[str]:
    """The generated files that differ from what the code says."""
    wanted = files()
    there = {path: path.read_text(encoding="utf-8") for path in (*FOLDER.glob("*.md"), DOCUMENT) if path.is_file()}
    wrong = [path for path in {*wanted, *there} if wanted.get(path) != there.get(path)]
    return sorted(path.relative_to(ROOT).as_posix() for path in wrong)


def main() -> int:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; leave with 1 where a file is out of date")
    if parser.parse_args().check:
        wrong = out_of_date()
        sys.stderr.writelines(f"{name} is out of date: python docs/generate.py\n" for name in wrong)
        return 1 if wrong else 0
    for path, text in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
