"""What a live cascade does: who answers, and whether the audit of its fast answers still bears its promise out."""

from __future__ import annotations

from sightloop.core.entities import Json, ModelVersion
from sightloop.flows.services import Services
from sightloop.measure import deferral
from sightloop.store import cascades
from sightloop.store.cascades import Traffic

DAY = 86_400.0
LIVE_DAYS, AUDIT_DAYS = 7, 28  # an audit of 2 % needs some weeks to say anything


def live(services: Services, version: ModelVersion) -> Json:
    """Who answered the pictures of the last seven days: {since, answers, fast, accurate, human, audited}.

    Pictures from before the cascade was made are left out: they may have taught its members.
    """
    since, found = _lately(services, version, days=LIVE_DAYS)
    counts = {"fast": found.fast, "accurate": found.accurate, "human": found.human, "audited": found.audited}
    return {"since": since, "answers": found.answers, **counts}


def audit(services: Services, version: ModelVersion, promise: Json) -> Json:
    """Whether what the certificate `promise` says still holds, by the audited answers of the last four weeks.

    Returns {since, n, disagreements, low, high, verdict, sentence}: `low` and `high` bound the share of all answers in
    which the members disagree; the verdict is holds, undecided or broken; see `measure.deferral.renew`.
    """
    since, found = _lately(services, version, days=AUDIT_DAYS)
    share = found.fast / found.answers if found.answers else 0.0
    told = deferral.renew(
        found.audited, found.disagreed, share, epsilon=float(promise["epsilon"]), delta=float(promise["delta"])
    )
    told |= {} if found.answers else {"verdict": "undecided"}
    return {"since": since, **told, "sentence": sentence(told, found, promise)}


def sentence(told: Json, found: Traffic, promise: Json) -> str:
    """The verdict for people."""
    if not found.answers:
        return "No picture came in since this cascade was made, so nothing was audited yet."
    if not found.fast:
        return f"All {found.answers} answers came from the accurate member: there is nothing to audit."
    allowed = f"{promise['epsilon']:.2%}"
    seen = f"{told['disagreements']} of {told['n']} audited answers differ from the accurate member's"
    if told["verdict"] == "holds":
        return f"The promise holds: {seen}, at most {told['high']:.2%} of all answers, and {allowed} may."
    if told["verdict"] == "broken":
        return f"{seen}, at least {told['low']:.2%} of all answers, and {allowed} may: certify again with new pictures."
    return f"Not enough is audited to tell: {seen}; of all answers it may be {told['high']:.2%}, and {allowed} may."


def _lately(services: Services, version: ModelVersion, *, days: int) -> tuple[float, Traffic]:
    since = max(services.clock() - days * DAY, version.created_at)
    with services.db.connect() as db:
        return since, cascades.traffic(db, version.project_id, version.id, since=since)
