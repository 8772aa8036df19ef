"""Pieces come back in order, a limited number of them under way, whichever worker dies."""

import random
import sys
from functools import partial

import pytest

from dnalect.core import engines, ray_pool
from dnalect.core.engines import Worker, in_order
from dnalect.core.errors import ConfigError, DnalectError, ModelError
from dnalect.core.kept import Form, Kept
from dnalect.core.ray_pool import AHEAD, DEATHS, TRIES, Actor, Places, RayPool, places_of, workers_of
from dnalect.core.reporter import Reporter, using
from dnalect.jobs.embed.options import Options as EmbedOptions
from dnalect.jobs.predict.options import Options as PredictOptions
from dnalect.jobs.scan.options import Options as ScanOptions
from dnalect.jobs.score_options import Options as ScoreOptions
from fake_ray import FakeRay

FORM = Form(lambda number: str(number).encode(), lambda data: int(data.decode()))
FACTS = {"model": "m"}


def squares(_options):
    return Worker(lambda number: FORM.pack(number * number), FACTS)


def pool_of(ray, workers=3, make=squares, facts=FACTS):
    return RayPool(ray, partial(ray.remote(Actor).options().remote, make, None, "."), workers, facts)


def pieces(count, asked=None):
    for number in range(count):
        if asked is not None:
            asked.append(number)
        yield str(number), number, f"piece {number}"


def square(number):
    return number * number


WHOLE = [(f"piece {number}", number * number) for number in range(200)]


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("seed", range(4))
def test_workers_give_what_this_process_gives(workers, seed):
    assert list(Kept().stream(pieces(200), square, FORM)) == WHOLE
    ray = FakeRay(seed=seed)
    pool = pool_of(ray, workers)
    assert list(Kept().stream(pieces(200), None, FORM, pool)) == WHOLE
    assert ray.hired == workers
    assert not ray.killed
    pool.close()
    assert sorted(ray.killed) == list(range(1, workers + 1))


@pytest.mark.parametrize("workers", [1, 4])
def test_a_limited_number_is_under_way(workers):
    asked, ray = [], FakeRay()
    pool = pool_of(ray, workers)
    for number, _ in enumerate(Kept().stream(pieces(200, asked), None, FORM, pool)):
        assert len(asked) <= number + AHEAD * workers
    assert ray.most <= (AHEAD + 1) * workers
    assert len(asked) == 200


def test_here_nothing_is_begun_ahead():
    asked = []
    for number, _ in enumerate(Kept().stream(pieces(9, asked), square, FORM)):
        assert len(asked) == number + 1


def test_the_first_is_waited_for_alone():
    asked = []
    stream = Kept().stream(pieces(9, asked), None, FORM, pool_of(FakeRay()), first_alone=True)
    assert next(stream) == WHOLE[0]
    assert asked == [0]
    assert next(stream) == WHOLE[1]
    assert len(asked) > 2
    assert list(stream) == WHOLE[2:9]


def test_in_order_waits_as_late_as_it_may():
    waited = []
    begun = ((number, lambda number=number: waited.append(number) or number) for number in range(5))
    stream = in_order(begun, 3)
    assert next(stream) == (0, 0)
    assert waited == [0]
    assert [each for each, _ in stream] == [1, 2, 3, 4]


@pytest.mark.parametrize("seed", range(6))
def test_what_a_dead_worker_had_is_computed_by_another(seed):
    chance = random.Random(seed)
    victims = set(chance.sample(range(200), 30))
    ray, told = FakeRay(lambda work, turn: work in victims and turn == 1, seed=seed), []
    with using(Reporter(False, told.append)):
        assert list(Kept().stream(pieces(200), None, FORM, pool_of(ray, 3))) == WHOLE
    assert ray.hired > 3
    assert told[0] == "a worker is gone; another one computes what it had in hand"


def test_workers_that_die_before_they_are_up_are_replaced():
    ray = FakeRay(starts=lambda number: number not in (1, 3))
    assert list(Kept().stream(pieces(200), None, FORM, pool_of(ray, 2))) == WHOLE


def test_a_piece_that_kills_its_workers_ends_the_run():
    ray = FakeRay(lambda work, turn: work == 7)
    with pytest.raises(DnalectError, match=rf"{TRIES} workers died over the same piece.*memory.*gone"):
        list(Kept().stream(pieces(200), None, FORM, pool_of(ray)))
    assert ray.turns["7"] == TRIES


def test_workers_that_never_come_up_end_the_run():
    ray = FakeRay(starts=lambda number: False)
    with pytest.raises(DnalectError, match=f"{DEATHS} workers died one after another"):
        list(Kept().stream(pieces(5), None, FORM, pool_of(ray)))


def test_what_a_worker_complains_of_is_raised_here():
    def make(_options):
        raise ModelError("there is no model here")

    with pytest.raises(ModelError, match="no model here"):
        list(Kept().stream(pieces(5), None, FORM, pool_of(FakeRay(), make=make)))

    def fail(number):
        raise ModelError(f"too long: {number}")

    with pytest.raises(ModelError, match="too long"):
        list(Kept().stream(pieces(5), None, FORM, pool_of(FakeRay(), make=lambda _: Worker(fail, FACTS))))


def test_a_worker_with_another_model_is_refused():
    with pytest.raises(ConfigError, match=r"another model than this process \(m there, n here\)"):
        list(Kept().stream(pieces(5), None, FORM, pool_of(FakeRay(), facts={"model": "n"})))


def test_nobody_is_told_of_a_wait_in_vain_twice(monkeypatch):
    monkeypatch.setattr(ray_pool, "PATIENCE", -1.0)
    told = []
    with using(Reporter(False, told.append)):
        list(Kept().stream(pieces(5), None, FORM, pool_of(FakeRay())))
    assert set(told) == {"no worker is up yet: Ray may have no room for one, or the model takes long to load"}


def test_pieces_of_workers_are_kept_and_taken_again(tmp_path, monkeypatch):
    monkeypatch.setattr("dnalect.core.kept.SECONDS", 0.0)
    facts = {"of": "this"}

    def stopping(number):
        if number == 40:
            raise ModelError("enough")
        return FORM.pack(number * number)

    kept = Kept(tmp_path / "out.part", "test", facts)
    ray = FakeRay()
    with pytest.raises(ModelError, match="enough"), using(Reporter(False, lambda _: None)), kept.opened():
        list(kept.stream(pieces(200), None, FORM, pool_of(ray, make=lambda _: Worker(stopping, FACTS))))
    there = len(list((tmp_path / "out.part").glob("*.kept")))
    assert 40 - AHEAD * 3 <= there <= 40
    ray, again = FakeRay(), Kept(tmp_path / "out.part", "test", facts)
    with again.opened():
        assert list(again.stream(pieces(200), None, FORM, pool_of(ray))) == WHOLE
    assert len(ray.turns) == 200 - there
    assert not (tmp_path / "out.part").exists()


@pytest.mark.parametrize(
    ("nodes", "device", "workers", "expected"),
    [
        ([{"CPU": 8}], "auto", None, Places(1, 8, "cpu")),
        ([{"CPU": 8}], "auto", 3, Places(3, 2, "cpu")),
        ([{"CPU": 2}] * 3, "auto", None, Places(3, 2, "cpu")),
        ([{"CPU": 1}] * 2, "cpu", 2, Places(2, 1, "cpu")),
        ([{"CPU": 4}, {"CPU": 2}, {}], "auto", 2, Places(2, 2, "cpu")),
        ([{"CPU": 16, "GPU": 4}, {"CPU": 32}], "auto", None, Places(4, 4, "cuda", 1)),
        ([{"CPU": 16, "GPU": 4}], "cuda", 2, Places(2, 4, "cuda", 1)),
        ([{"CPU": 2, "GPU": 4}], "auto", None, Places(4, 1, "cuda", 1)),
        ([{"CPU": 16, "GPU": 4}], "cpu", None, Places(1, 16, "cpu")),
    ],
)
def test_how_workers_share_machines(nodes, device, workers, expected):
    assert places_of(nodes, device, workers) == expected


@pytest.mark.parametrize(
    ("nodes", "device", "workers", "match"),
    [
        ([{"CPU": 2}], "cpu", 3, "2 processors for 3 workers"),
        ([{"CPU": 2}], "cuda", None, "0 GPUs for the workers"),
        ([{"CPU": 8, "GPU": 1}], "auto", 2, "1 GPUs for 2 workers"),
    ],
)
def test_too_many_workers_are_refused(nodes, device, workers, match):
    with pytest.raises(ConfigError, match=match):
        places_of(nodes, device, workers)


ASKED = [
    (ScoreOptions, {"reference": "g", "variants": "v"}),
    (ScanOptions, {"reference": "g", "outputs": ("o.bw",)}),
    (EmbedOptions, {"source": "s", "outputs": ("o.npz",)}),
    (PredictOptions, {"given": ("m", "s"), "outputs": ("-",)}),
]


@pytest.mark.parametrize(("kind", "told"), ASKED)
def test_options_of_an_engine_need_one(kind, told):
    assert kind(**told, engine="ray", workers=2, ray_address="a:1").engine == "ray"
    with pytest.raises(ConfigError, match="--workers is for --engine ray"):
        kind(**told, workers=2)
    with pytest.raises(ConfigError, match="--ray-address is for --engine ray"):
        kind(**told, ray_address="a:1")
    with pytest.raises(ConfigError, match="engine"):
        kind(**told, engine="dask")


@pytest.mark.parametrize(("kind", "told"), ASKED[:2])
def test_a_shard_has_no_engine(kind, told):
    with pytest.raises(ConfigError, match="both share a run out"):
        kind(**told, engine="ray", shard="1/2")


def test_without_ray_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    options = ScoreOptions("g", "v", engine="ray")
    with pytest.raises(ConfigError, match=r"pip install 'dnalect\[ray\]'"), workers_of(options, squares, FACTS):
        pass


def test_without_an_engine_there_are_no_workers():
    with workers_of(ScoreOptions("g", "v"), squares, FACTS) as pool:
        assert pool is None
    assert {"engine", "workers", "ray_address"} == engines.ENGINE


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1"])
def test_where_no_cluster_answers_it_is_said_at_once(address, monkeypatch):
    monkeypatch.setattr(ray_pool, "_ray", lambda: FakeRay(connected=False))
    options = ScoreOptions("g", "v", engine="ray", ray_address=address)
    with pytest.raises(ConfigError, match=rf"no Ray cluster answers at {address}"), workers_of(options, squares, FACTS):
        pass
