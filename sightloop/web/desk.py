"""What every handler needs, made once per application."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Concatenate, ParamSpec, TypeVar

from fastapi import Depends, Request

from sightloop.core.entities import Json, User
from sightloop.core.permissions import Action
from sightloop.flows.predict import Target
from sightloop.flows.services import Services
from sightloop.settings import Settings
from sightloop.web.brief import Brief
from sightloop.web.estimating import Estimator
from sightloop.web.pool import Pool
from sightloop.web.sampling import Sampler
from sightloop.web.session import Caller, Sessions
from sightloop.web.uploads import Memory

P = ParamSpec("P")
T = TypeVar("T")

THREADS, WAITING = 32, 256
HASHING, HASHES_WAITING = 2, 64
COMPUTING, COMPUTATIONS_WAITING = 4, 64  # drawing a PNG of 50 megapixels takes 0.7 GB


@dataclass
class Desk:
    """Services, settings, threads and sessions of one application; `draining` once it was asked to stop."""

    services: Services
    settings: Settings
    pool: Pool = field(default_factory=lambda: Pool(threads=THREADS, waiting=WAITING))
    hashing: Pool = field(default_factory=lambda: Pool(threads=HASHING, waiting=HASHES_WAITING))
    computing: Pool = field(default_factory=lambda: Pool(threads=COMPUTING, waiting=COMPUTATIONS_WAITING))
    planning: Pool = field(default_factory=lambda: Pool(threads=1, waiting=4))
    memory: Memory = field(default_factory=Memory)
    targets: Brief[tuple[str, str, str], Target] = field(default_factory=Brief)
    states: Brief[str, Json] = field(default_factory=Brief)
    sizes: Brief[str, Json] = field(default_factory=lambda: Brief(60.0))
    sampler: Sampler = field(default_factory=Sampler)
    draining: bool = False
    sessions: Sessions = field(init=False)
    estimator: Estimator = field(init=False)

    def __post_init__(self) -> None:
        self.estimator = Estimator(self.services.data / "cache" / "plans")
        self.sessions = Sessions(self.services, self.pool, secure=self.settings.secure_cookies)

    async def ask(self, flow: Callable[Concatenate[Services, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `flow` answers, computed in a thread; raises Overloaded when too many wait already."""
        return await self.pool.run(functools.partial(flow, self.services, *args, **kwargs))

    async def ask_hashing(self, flow: Callable[Concatenate[Services, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `ask`, for flows that hash a password: at most two at once, never in the way of the others."""
        return await self.hashing.run(functools.partial(flow, self.services, *args, **kwargs))

    async def ask_computing(self, flow: Callable[Concatenate[Services, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `ask`, for flows that take seconds or much memory: at most four at once, never in the way of others."""
        return await self.computing.run(functools.partial(flow, self.services, *args, **kwargs))


class Needs:
    """A dependency that gives the signed-in user and checks a token's scope."""

    def __init__(self, action: Action) -> None:
        self.action: Action = action

    async def __call__(self, request: Request) -> User:
        caller: Caller = request.state.caller
        caller.need(self.action)
        return caller.user


async def _desk(request: Request) -> Desk:
    found: Desk = request.app.state.desk
    return found


async def _session(request: Request) -> Caller:
    """The caller, who must have signed in with a password."""
    caller: Caller = request.state.caller
    caller.need_session()
    return caller


async def _anybody(request: Request) -> User:
    caller: Caller = request.state.caller
    return caller.user


def client_address(request: Request) -> str:
    """The network address that throttling counts by."""
    return request.client.host if request.client else ""


AtDesk = Annotated[Desk, Depends(_desk)]
BySession = Annotated[Caller, Depends(_session)]
Anybody = Annotated[User, Depends(_anybody)]
Viewer = Annotated[User, Depends(Needs("view"))]
Exporter = Annotated[User, Depends(Needs("export"))]
Labeller = Annotated[User, Depends(Needs("label"))]
Uploader = Annotated[User, Depends(Needs("upload"))]
Trainer = Annotated[User, Depends(Needs("train"))]
Promoter = Annotated[User, Depends(Needs("promote"))]
Manager = Annotated[User, Depends(Needs("manage"))]
Administrator = Annotated[User, Depends(Needs("administer"))]
