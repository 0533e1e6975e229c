import pytest

from arenas.votes.files import VoteFileError, read_votes


def write(folder, text):
    path = folder / "votes.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_times_are_seconds_or_written_out_and_utc_where_no_zone_is_named(tmp_path):
    head = "model_a,model_b,winner,tstamp\n"
    times = [
        "1704164645",
        "2024-01-02T03:04:05Z",
        "2024-01-02 03:04:05",
        "",
        "2024-01-02T05:04:05+02",
    ]
    votes = read_votes(write(tmp_path, head + "".join(f"x,y,tie,{time}\n" for time in times)))
    seconds = votes["tstamp"].dt.epoch("s").to_list()
    assert seconds == [1704164645, 1704164645, 1704164645, None, 1704164645]


@pytest.mark.parametrize(
    "time",
    ["noon", "1e300", "-1", "nan", "inf", "0001-01-01", "0001-01-01T00:00:00+02"],
)
def test_a_time_that_no_vote_can_have_is_named_by_its_row(tmp_path, time):
    votes = f"model_a,model_b,winner,tstamp\nx,y,tie,0\nx,y,tie,{time}\n"
    with pytest.raises(VoteFileError) as refused:
        read_votes(write(tmp_path, votes))
    assert str(refused.value) == f"row 3: '{time}' is not a time from 1970 to 9999"


@pytest.mark.parametrize("time", ["1700000000000", "253402300800"])
def test_milliseconds_are_told_from_seconds(tmp_path, time):
    with pytest.raises(VoteFileError, match="seconds since 1970 are expected"):
        read_votes(write(tmp_path, f"model_a,model_b,winner,tstamp\nx,y,tie,{time}\n"))


def test_numbers_and_empty_cells_of_prompts_and_raters_are_read_as_text_and_none(tmp_path):
    votes = read_votes(write(tmp_path, "model_a,model_b,winner,prompt,rater\n1,2,tie,3,\n"))
    assert votes.row(0, named=True) == {
        "row": 2,
        "model_a": "1",
        "model_b": "2",
        "winner": "tie",
        "prompt": "3",
        "rater": None,
    }


def test_a_truth_is_filtered_however_it_is_spelt(tmp_path):
    votes = "model_a,model_b,winner,anony\nx,y,tie,True\nx,x,tie,False\n"
    assert len(read_votes(write(tmp_path, votes), where=["anony=true"])) == 1
    with pytest.raises(VoteFileError) as refused:
        read_votes(write(tmp_path, votes))
    assert refused.value.row == 3
