"""Private PostgreSQL and Valkey for a checkout that has no services configured.

A *keeper* process starts the servers and serves as long as any client is connected; a
client is every process that called `provide()`. When the last one has gone, however it
went, the keeper stops the servers and ends.
"""

from evalsite.embedded.client import provide, serving
from evalsite.embedded.places import EmbeddedError

__all__ = ["EmbeddedError", "provide", "serving"]
