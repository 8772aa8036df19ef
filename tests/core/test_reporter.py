"""Long phases report through one door: a bar, plain lines, a function, or nothing."""

import io
import threading

import pytest

from dnalect.core import reporter
from dnalect.core.reporter import Reporter, duration, phase, quietly, say, show, track, using, warn


@pytest.fixture(autouse=True)
def as_a_command():
    with using(Reporter(say=show)):
        yield


class Clock:
    """A time that passes when told to."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(reporter, "time", made)
    return made


def test_a_short_phase_says_nothing_where_nothing_can_be_drawn_over(clock, capsys):
    for _ in track(range(9), "reading", "records"):
        clock.now += 1.0
    assert capsys.readouterr() == ("", "")


def test_a_long_phase_gets_a_line_after_ten_seconds_and_then_ever_more_rarely(clock, capsys):
    with phase("scoring", 600, "records") as bar:
        for _ in range(300):
            clock.now += 1.0
            bar.update(2)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "dnalect: scoring: 20 of 600 records (3%), about 5 min left"
    assert [int(line.split()[2]) for line in lines[:-1]] == [20, 40, 80, 160, 320]
    assert lines[-1] == "dnalect: scoring: 600 records in 5 min"


def test_what_was_done_before_does_not_count_for_the_time_left(clock):
    with phase("scanning", 1000, "bases", start=900) as bar:
        clock.now += 30.0
        bar.update(50)
        assert bar.state().left == pytest.approx(30.0)


def test_a_terminal_gets_a_bar_with_what_how_far_and_facts(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    with phase("pretraining", 4, "steps") as bar:
        bar._bar.mininterval = 0
        bar.update(3, loss="1.23")
        show("above the bar")
    drawn = stream.getvalue()
    for part in ("pretraining:  75%", "3/4", "loss=1.23"):
        assert part in drawn
    assert "dnalect: above the bar\n" in drawn


def test_a_phase_within_another_draws_no_bar_while_it_is_short(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    with phase("outer", 1), phase("inner", 5) as bar:
        bar.update(5)
    assert "outer" in stream.getvalue()
    assert "inner" not in stream.getvalue()


def test_a_function_hears_the_beginning_the_way_and_the_end(clock):
    heard = []
    with using(heard.append):
        for _ in track([1, 2, 3], "predicting"):
            clock.now += 1.0
    assert [(state.what, state.done, state.total, state.ended) for state in heard] == [
        ("predicting", done, 3, ended) for done, ended in [(0, False), (1, False), (2, False), (3, False), (3, True)]
    ]
    assert heard[1].left == pytest.approx(2.0)


@pytest.mark.parametrize("silent", [False, Reporter(state=False)])
def test_quiet_is_silent(silent, clock, capsys):
    with using(silent), phase("a", 9) as bar:
        clock.now += 60
        bar.update()
    with phase("b", 9, quiet=True) as bar:
        clock.now += 60
        bar.update()
    assert capsys.readouterr() == ("", "")


def test_an_interrupted_phase_is_not_called_done(clock, capsys):
    def items():
        yield 1
        clock.now += 20
        yield 2
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(track(items(), "scoring"))
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 s"),
        (42, "42 s"),
        (150, "2 min"),
        (5990, "1 h 40 min"),
        (7800, "2 h 10 min"),
        (200_000, "2 days"),
        (1e6, "12 days"),
    ],
)
def test_a_time_as_people_say_it(seconds, said):
    assert duration(seconds) == said


def test_each_thread_has_a_reporter_of_its_own(capsys):
    here, both = threading.Barrier(2), {}

    def job(name):
        states, notes, warnings = [], [], []
        with using(Reporter(states.append, notes.append, warnings.append)), phase(name, 2, "steps") as bar:
            here.wait(10)
            say(f"{name} says")
            warn(f"{name} warns")
            bar.update(2)
        both[name] = [str(states[-1].what), notes, warnings]

    threads = [threading.Thread(target=job, args=(name,)) for name in "ab"]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert both == {name: [name, [f"{name} says"], [f"{name} warns"]] for name in "ab"}
    assert capsys.readouterr() == ("", "")


def test_warnings_are_notes_where_nobody_hears_them_apart():
    heard = []
    with using(Reporter(say=heard.append)):
        warn("careful")
    assert heard == ["careful"]


def test_what_is_made_quietly_leaves_its_reader_as_it_was():
    heard = []

    def made():
        yield from track(range(2), "making")

    with using(heard.append):
        taken = quietly(made())
        assert next(taken) == 0
        list(track(range(1), "taking"))
        assert next(taken) == 1
    assert {state.what for state in heard} == {"taking"}
    with pytest.raises(StopIteration):
        next(taken)
