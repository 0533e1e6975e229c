"""The end of a rater's part in an arena, and the way back to the platform that sent them."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from arenas.definitions.models import Arena
from arenas.raters.models import Participation

State = Participation.State


@dataclass(frozen=True, slots=True)
class WayBack:
    """The code that tells a platform how a part ended, and the address that takes it there."""

    platform: str
    code: str
    url: str


def end(participation: Participation, state: str, *, now: datetime) -> None:
    """Close the part in this state; one that was done before stays done since then."""
    participation.state = state
    participation.ended_at = participation.ended_at or now
    participation.save(update_fields=["state", "ended_at"])


def find_way_back(arena: Arena, state: str) -> WayBack | None:
    """Where a part that ended so leads; nowhere where no platform sent the rater."""
    platform = arena.voting.platform
    if platform is None:
        return None
    codes = {
        State.DECLINED: platform.screen_out_code,
        State.SCREENED_OUT: platform.screen_out_code,
        State.INATTENTIVE: platform.attention_code,
        State.VOTING: platform.completion_code,
    }
    code = codes.get(State(state))
    if code is None:
        return None
    return WayBack(platform.name, code, platform.return_url.replace("{code}", quote(code)))
