"""How people sign in at this installation, as the settings say it."""

from dataclasses import dataclass, field
from datetime import timedelta

from api.signin.oidc import Provider, provider_of
from api.signin.passwords import Passwords
from api.signin.sessions import Lives
from config.settings import Settings


@dataclass(frozen=True, slots=True)
class WaysIn:
    """Passwords, sessions and the identity provider; `public_url` None: pages are where the request came."""

    lives: Lives = field(default_factory=Lives)
    passwords: Passwords = field(default_factory=Passwords)
    provider: Provider | None = None
    public_url: str | None = None


def ways_in(given: Settings) -> WaysIn:
    """Return what the settings say.

    Raises:
        ProviderUnusable: The provider's settings contradict each other or lack something.
    """
    lives = Lives(timedelta(hours=given.session_idle_hours), timedelta(hours=given.session_hours))
    return WaysIn(lives=lives, provider=provider_of(given), public_url=given.public_url)
