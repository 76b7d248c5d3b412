"""The `sightloop` command: finds each verb without importing it, and maps every error to one line and an exit code."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from sightloop import __version__
from sightloop.core.errors import Cancelled, GateRefused, SightloopError

LAZY = {
    "demo": ("demo:demo", "The whole loop on generated pictures, then the server."),
    "serve": ("serve:serve", "Run the server, and a worker beside it."),
    "worker": ("serve:worker", "Run a job worker until it is stopped."),
    "user": ("users:user", "Add accounts, list them, set passwords."),
    "token": ("users:token", "Create API tokens."),
    "project": ("projects:project", "Create, list, show and change projects and their members."),
    "import": ("pictures:import_", "Read a folder, a ZIP, a CSV or a JSONL file into a project."),
    "import-biosight": ("pictures:import_biosight", "Read a mongoexport dump of BioSight into a project."),
    "export": ("pictures:export", "Write a project's pictures as a ZIP of class folders."),
    "predict": ("look:predict", "Ask a project's model about pictures."),
    "data": ("look:data", "Check a folder before importing it, list a project's pictures."),
    "insights": ("insights:insights", "What a project's pictures are like."),
    "review": ("review:review", "Which pictures are most worth a person's look."),
    "similar": ("review:similar", "Which pictures look most like one."),
    "mask": ("masks:mask", "Save, draw and measure the masks of pictures."),
    "report": ("reporting:report", "What all masks of a project measure."),
    "train": ("training:train", "Train a model on a project's verified pictures."),
    "cascade": ("cascade:cascade", "Let a fast model answer where that is certified to cost little."),
    "pipeline": ("pipeline:pipeline", "Drift check, retraining and gate as stages on files, for DVC and CI."),
    "tune": ("tuning:tune", "Search the parameters that train the best model."),
    "drift": ("drift:drift", "Whether what comes in still looks like what was learnt from."),
    "wanted": ("wanted:wanted", "Labels that people are asked for."),
    "save-for-retrain": ("lessons:save_for_retrain", "Keep a picture with its mask for the next training."),
    "retrain": ("lessons:retrain", "Let the live model learn on from corrections."),
    "snapshots": ("snapshots:snapshots", "What versions learnt from, and what became of a picture."),
    "trash": ("trash:trash", "Delete pictures with a way back, or for good."),
    "replay": ("replay:replay", "Ask for a prediction again, with the version that gave it."),
    "evaluate": ("training:evaluate", "Score a model on held-out pictures or on a folder."),
    "models": ("models:models", "List, promote, roll back, export and import model versions."),
    "rollout": ("rollout:rollout", "What follows a promotion: the watch over a version, or its shadow."),
    "jobs": ("jobs:jobs", "List, show, cancel, try again and follow jobs."),
    "status": ("upkeep:status", "Whether database, store and worker work."),
    "storage": ("upkeep:storage", "What takes the space."),
    "check": ("upkeep:check", "Compare rows with files; --repair mends what can be mended."),
    "notices": ("notices:notices", "What the outside is told of drift, trainings, promotions and rollbacks, and whom."),
    "mirror": ("mirroring:mirror", "Send what changed to the MLflow server, now."),
    "backup": ("upkeep:backup", "Copy the database and every blob into a folder."),
    "restore": ("upkeep:restore", "Bring a backup back; --verify recomputes every hash."),
    "doctor": ("upkeep:doctor", "Look for what would keep Sightloop from working here."),
}
INTERRUPTED = 130


class LazyGroup(click.Group):
    """A group that knows the sentence of each command, and imports one only when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(LAZY)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in LAZY:
            return None
        module, _, attribute = LAZY[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"sightloop.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentence) for name, (_, sentence) in LAZY.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--data", type=click.Path(path_type=Path), help="The data folder; SIGHTLOOP_DATA or ./sightloop-data.")
@click.version_option(__version__, prog_name="sightloop")
@click.pass_context
def cli(ctx: click.Context, data: Path | None) -> None:
    """Image models that keep learning: import, train, serve, correct, promote."""
    ctx.obj = data


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with 0 ok, 1 failed, 2 usage, 3 gate refused, 130 interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """The exit code of `sightloop ARGUMENTS`; errors are one line and a hint on stderr."""
    try:
        result = cli.main(arguments, prog_name="sightloop", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return 1
    except OSError as error:
        return _failed(SightloopError(str(error), hint="sightloop doctor"))
    except SightloopError as error:
        return _failed(error)
    return result if isinstance(result, int) else 0


def _failed(error: SightloopError) -> int:
    prefix = "Stopped" if isinstance(error, Cancelled) else "Error"
    click.echo(f"{prefix}: {error.message}", err=True)
    if error.hint:
        click.echo(f"Hint: {error.hint}", err=True)
    return exit_code(error)


def exit_code(error: SightloopError) -> int:
    """The one table from errors to exit codes."""
    return 3 if isinstance(error, GateRefused) else 1
