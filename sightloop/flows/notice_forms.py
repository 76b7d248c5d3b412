"""What a notice looks like outside: the JSON that is sent, its signature, and the mail that lies beside it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.charset import QP, Charset
from email.header import Header
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime
from typing import Any, Final

from sightloop.core.entities import Json
from sightloop.store.notices import Due

SENDER: Final = "Sightloop <sightloop@localhost>"
MAX_SUBJECT: Final = 200  # characters


def body(due: Due) -> bytes:
    """The JSON of a notice, the same for every target and every try: {id, at, kind, project, sentence, detail}."""
    told: Json = {"id": due.seq, "at": _when(due).isoformat(timespec="milliseconds").replace("+00:00", "Z")}
    told |= {name: getattr(due, name) for name in ("kind", "project", "sentence", "detail")}
    return json.dumps(told, ensure_ascii=False).encode()


def headers(due: Due, *, body: bytes, secret: str) -> Mapping[str, str]:
    """What goes with a webhook's body: what it is about, which delivery, and the HMAC-SHA256 of the body (RFC 2104)."""
    signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Sightloop",
        "X-Sightloop-Event": due.kind,
        "X-Sightloop-Delivery": f"{due.seq}-{due.target}",
        "X-Sightloop-Signature": f"sha256={signed}",
    }


def mail(due: Due) -> bytes:
    """The notice as a mail file (RFC 5322): its subject is the sentence; nobody is written to, a mailer adds that."""
    charset: Any = Charset("utf-8")  # as values of headers and charsets the stubs know text only
    charset.body_encoding = QP
    subject: Any = Header(" ".join(due.sentence.split())[:MAX_SUBJECT], header_name="Subject")
    made = MIMEText(_words(due), _charset=charset)
    made["From"] = SENDER
    made["Date"] = format_datetime(_when(due))
    made["Message-ID"] = f"<notice-{due.seq}@sightloop.localhost>"
    made["Subject"] = subject
    made["X-Sightloop-Event"] = due.kind
    return made.as_bytes(policy=compat32.clone(linesep="\r\n"))


def _words(due: Due) -> str:
    about = {"Project": due.project or "-", "What": due.kind, "When": f"{_when(due):%Y-%m-%d %H:%M} UTC"}
    listed = "\n".join(f"{name}: {value}" for name, value in about.items())
    figures = "\n".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in due.detail.items())
    return "\n\n".join(part for part in (due.sentence, listed, figures) if part) + "\n"


def _when(due: Due) -> datetime:
    return datetime.fromtimestamp(due.at, UTC)
