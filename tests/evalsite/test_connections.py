import select

import pytest
from django.db import connection, connections

pytestmark = pytest.mark.django_db


def test_a_connection_that_the_server_ended_is_not_used_again() -> None:
    other = connections.create_connection("default")
    other.ensure_connection()
    assert other.connection is not None
    try:
        assert other.is_usable()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [other.connection.info.backend_pid])
        select.select([other.connection.fileno()], [], [], 30)
        assert not other.is_usable()
    finally:
        other.connection.close()
