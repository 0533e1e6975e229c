from benchmarks.fit_coverage import main


def test_the_benchmark_runs_and_says_what_was_covered(capsys):
    main(["--runs", "4", "--only", "usable, 60"])
    *_, row = capsys.readouterr().out.splitlines()
    *_, mean, _, plain, _ = row.split()
    assert row.startswith("usable, 60 prompts")
    assert 50 < float(plain) <= float(mean) <= 100
