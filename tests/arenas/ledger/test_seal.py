import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from arenas.definitions.models import Arena, Registration
from arenas.ledger.chain import BrokenLedger, merkle_root
from arenas.ledger.models import Block
from arenas.ledger.seal import seal, verify
from arenas.votes.models import Vote
from tests import factories
from tests.factories import NOW, add_votes, cast_votes, make_rater


def run(sql: str, *params: int | None) -> None:
    """What somebody with access to the database could do behind the site's back."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def flipped(column: str) -> str:
    """The column with every bit of one byte turned: never what it was."""
    return f"set_byte({column}, 5, get_byte({column}, 5) # 255)"


def sealed_numbers() -> list[int]:
    kinds = (Vote, Registration)
    return sorted(n for kind in kinds for n in kind.objects.values_list("seq", flat=True) if n)


def seal_in_blocks(arena: Arena, blocks: int = 3) -> None:
    for _ in range(blocks):
        cast_votes(arena, make_rater(), ["model_a", "tie"])
        seal(NOW)


def test_sealing_numbers_all_rows_from_one_on(world: Arena) -> None:
    seal_in_blocks(world)
    rows = Vote.objects.count() + Registration.objects.count()
    assert sealed_numbers() == list(range(1, rows + 1))


def test_sealing_again_without_new_rows_makes_no_block(world: Arena) -> None:
    seal_in_blocks(world)
    assert seal(NOW) == 0
    assert Block.objects.count() == 3


def test_every_block_holds_the_digest_of_the_one_before(world: Arena) -> None:
    seal_in_blocks(world)
    for block, following in itertools.pairwise(Block.objects.all()):
        assert bytes(following.previous) == bytes(block.digest)
        assert following.first_seq == block.last_seq + 1


def test_an_untouched_ledger_verifies(world: Arena) -> None:
    seal_in_blocks(world)
    assert verify() == Vote.objects.count() + Registration.objects.count()


def test_an_empty_ledger_verifies(db: None) -> None:
    assert verify() == 0


def test_a_row_that_waits_for_its_number_is_no_fault(world: Arena) -> None:
    seal_in_blocks(world)
    cast_votes(world, make_rater(), ["tie"])
    verify()


@pytest.mark.parametrize(
    "change", ["winner = 'both_bad'", "rater_kind = 'judge'", "created_at = now()"]
)
def test_a_changed_vote_is_named(world: Arena, change: str) -> None:
    seal_in_blocks(world)
    vote = Vote.objects.order_by("seq")[2]
    run(f"UPDATE arenas_vote SET {change} WHERE id = %s", vote.pk)
    with pytest.raises(BrokenLedger, match=rf"\brow {vote.seq}\b"):
        verify()


def test_a_flipped_byte_in_a_digest_is_named(world: Arena) -> None:
    seal_in_blocks(world)
    vote = Vote.objects.order_by("seq")[2]
    run(f"UPDATE arenas_vote SET digest = {flipped('digest')} WHERE id = %s", vote.pk)
    with pytest.raises(BrokenLedger, match=rf"\brow {vote.seq}\b"):
        verify()


def test_a_deleted_row_is_noticed(world: Arena) -> None:
    seal_in_blocks(world)
    vote = Vote.objects.order_by("seq")[2]
    run("DELETE FROM arenas_vote WHERE id = %s", vote.pk)
    with pytest.raises(BrokenLedger, match="rows are missing between"):
        verify()


@pytest.mark.parametrize("column", ["root", "previous", "digest"])
def test_a_changed_block_is_named(world: Arena, column: str) -> None:
    seal_in_blocks(world)
    block = Block.objects.all()[1]
    run(f"UPDATE arenas_block SET {column} = {flipped(column)} WHERE id = %s", block.pk)
    with pytest.raises(BrokenLedger, match=f"block {block.first_seq}–{block.last_seq}"):
        verify()


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_deleted_block_is_noticed(world: Arena, position: int) -> None:
    seal_in_blocks(world)
    run("DELETE FROM arenas_block WHERE id = %s", Block.objects.all()[position].pk)
    with pytest.raises(BrokenLedger, match="missing"):
        verify()


def test_exchanged_rows_are_noticed(world: Arena) -> None:
    seal_in_blocks(world)
    first, second = Vote.objects.order_by("seq")[:2]
    run("UPDATE arenas_vote SET seq = NULL WHERE id = %s", first.pk)
    run("UPDATE arenas_vote SET seq = %s WHERE id = %s", first.seq, second.pk)
    run("UPDATE arenas_vote SET seq = %s WHERE id = %s", second.seq, first.pk)
    with pytest.raises(BrokenLedger, match="is not as sealed"):
        verify()


def test_the_root_tells_leaves_from_nodes_and_orders() -> None:
    one, two, three = (bytes([n]) * 32 for n in range(3))
    assert merkle_root([one, two]) != merkle_root([two, one])
    assert merkle_root([one, two, three]) != merkle_root([merkle_root([one, two]), three])


@pytest.mark.django_db(transaction=True)
def test_sealers_at_the_same_time_number_every_row_once() -> None:
    arena = factories.make_arena(None)
    add_votes(arena, [("ant", "bee", "tie")] * 40)

    def work(_: int) -> int:
        try:
            return seal(NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        sealed = list(pool.map(work, range(4)))
    assert sum(sealed) == 43
    assert sealed_numbers() == list(range(1, 44))
    assert verify() == 43
