"""Django's PostgreSQL, with a health check of connections that asks the server nothing."""

import select
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations


class Operations(DatabaseOperations):
    """Names statements that were prepared, too, where queries are looked at."""

    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> Any:
        if isinstance(cursor, base.ServerBindingCursor):
            return self.compose_sql(sql, params)
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that the server has closed is found by what the server said last: an end.

    Between transactions a server says nothing else that a connection could not be given up for.
    Django asks for an answer before every request instead, which costs as much as a query.
    """

    ops_class = Operations

    def is_usable(self) -> bool:
        """Whether the server has not ended the connection."""
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)
