"""What dnalect uses of Ray, in one process, with workers that finish in random order and die when they are told to."""

import itertools
import pickle
import random

from dnalect.core.ray_pool import IN_HAND


class FakeRay:
    """In place of the module. Calls are done when someone waits.

    dies: called with each piece and how often it was begun; true for one whose worker dies over it. starts: false for
    a worker, by its number, that dies before it is up. through: what a piece goes through on its way to a worker.
    busy: whether a worker computes now.
    """

    class exceptions:
        class RayError(Exception): ...

        class RayTaskError(RayError): ...

        class ActorDiedError(RayError): ...

    def __init__(
        self,
        dies=lambda work, turn: False,
        starts=lambda number: True,
        seed=1,
        through=lambda work: work,
        connected=True,
    ):
        self.dies, self.starts, self.random, self.through = dies, starts, random.Random(seed), through
        self.turns, self.calls, self.results, self.killed = {}, {}, {}, []
        self.hired, self.serial, self.most = 0, itertools.count(), 0
        self.busy, self.connected = False, connected

    def is_initialized(self):
        return self.connected

    def nodes(self):
        return [{"Alive": True, "Resources": {"CPU": 4.0}}, {"Alive": False, "Resources": {"CPU": 4.0}}]

    def remote(self, kind):
        return _Class(self, kind)

    def begun(self, actor, method, args):
        ref = next(self.serial)
        self.calls[ref] = (actor, method, self.through(args))
        mine = [each for each, how, _ in self.calls.values() if each is actor and how == "compute"]
        assert len(mine) <= IN_HAND
        self.most = max(self.most, len(self.calls) + len(self.results))
        return ref

    def wait(self, refs, num_returns, timeout):
        assert refs
        assert len(set(refs)) == len(refs)
        if not set(refs) & self.results.keys() and timeout:
            oldest = {actor: ref for ref, (actor, *_) in reversed(self.calls.items())}
            self._do(self.random.choice(sorted(oldest.values())))
        ready = [ref for ref in refs if ref in self.results][:num_returns]
        return ready, [ref for ref in refs if ref not in ready]

    def _do(self, ref):
        actor, method, args = self.calls.pop(ref)
        if method == "begin":
            self.results[ref] = actor.inside.begin() if self.starts(actor.number) else self.exceptions.ActorDiedError()
            return
        if not actor.dead:
            key = str(args[0])
            self.turns[key] = self.turns.get(key, 0) + 1
            actor.dead = self.dies(args[0], self.turns[key])
        if actor.dead:
            self.results[ref] = self.exceptions.ActorDiedError("gone")
            return
        self.busy = True
        self.results[ref] = actor.inside.compute(*args)
        self.busy = False

    def get(self, ref):
        found = self.results.pop(ref)
        if isinstance(found, self.exceptions.RayError):
            raise found
        return found

    def kill(self, actor):
        self.killed.append(actor.number)


def pickled(work):
    """Return what comes of something that goes to another process."""
    return pickle.loads(pickle.dumps(work))


class _Class:
    def __init__(self, ray, kind):
        self.ray, self.kind = ray, kind

    def options(self, **_told):
        return self

    def remote(self, *args):
        self.ray.hired += 1
        return _Actor(self.ray, self.kind(*self.ray.through(args)), self.ray.hired)


class _Actor:
    def __init__(self, ray, inside, number):
        self.ray, self.inside, self.number, self.dead = ray, inside, number, False

    def __getattr__(self, method):
        return _Remote(self, method)


class _Remote:
    def __init__(self, actor, method):
        self.actor, self.method = actor, method

    def remote(self, *args):
        return self.actor.ray.begun(self.actor, self.method, args)
