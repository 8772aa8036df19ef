"""Percentiles: of a table that came with the model, a coarse background, or one as large as was asked for."""

from collections.abc import Callable, Sequence

import numpy as np

from dnalect.core.records import Variant
from dnalect.core.reporter import phase
from dnalect.inference.background.draws import Draws
from dnalect.inference.background.quantiles import Floats, Numbers, Pool, pooled
from dnalect.inference.background.strata import STRUCTURES, Stratum, lengths_of, named, stratum
from dnalect.inference.background.tables import Table
from dnalect.inference.scorer import Measure

# A coarse background costs at most TIMES the scoring of the variants that it is for, or FLOOR multiply-adds, which
# are a few seconds of a core. Both are counted and not timed, so that the same file gives the same percentiles.
TIMES, FLOOR = 2, 200_000_000_000
# Structural variants are few in most files, and cost more each: what the file's own cost, and no fewer than are enough.
TIMES_STRUCTURES, FEWEST_STRUCTURES = 1, 48
# Draws of a group below which there is no percentile, and those that are enough.
LEAST = {"snv": 100}
MOST = {"snv": 12_288}
LEAST_OTHERS, MOST_OTHERS, MOST_BAND = 40, 1_000, 128
# Levels that stand for a background in a histogram.
LEVELS = (np.arange(99) + 0.5) / 99
# The pools of each group, and the bands of lengths without one.
Settled = tuple[dict[str, list[Pool]], dict[str, set[int]]]


class Background:
    """Percentiles of the scores of one measure.

    measure: what scores. snvs, others: background SNVs, and variants of every other group and band of lengths;
    None for what a table of the model has, else for a coarse background. snvs = 0: no percentiles, others = 0: of
    SNVs alone. seed: of the draws. notify: called with a sentence where there is no percentile.
    table: what came with the model. quiet: show no progress.
    blocks: what was drawn for the coarse ones, by group and band.
    """

    def __init__(
        self,
        measure: Measure,
        snvs: int | None = None,
        others: int | None = None,
        seed: int = 1,
        notify: Callable[[str], None] = lambda _: None,
        table: Table | None = None,
        quiet: bool = False,
    ):
        self.measure, self.snvs, self.others, self.seed = measure, snvs, others, seed
        self.notify, self.quiet = notify, quiet
        self.table = table if snvs is None and others is None and (table is None or table.seed == seed) else None
        self.pools: dict[str, list[Pool]] = {} if self.table is None else {p.group: [p] for p in self.table.pools}
        self.blocks: dict[tuple[str, int], int] = {}
        self._without: dict[str, set[int]] = {}
        self._draws: dict[tuple[str, int], Draws] = {}

    @property
    def off(self) -> bool:
        """Whether no percentiles are wanted."""
        return self.snvs == 0

    def percentiles(self, variants: Sequence[Variant], values: Sequence[float | None]) -> list[float | None]:
        """Return the percentile of each score (n,): (1 + number below + half the ties) / (N + 1).

        None of what is no number, and where there is no background. Draws what these variants need and nothing
        has drawn yet; a background that is there stays as it is, so that equal scores keep equal percentiles.
        """
        out = np.full(len(variants), np.nan)
        scores = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        if not self.off:
            self.prepare(variants)
            strata = [stratum(variant) for variant in variants]
            for pool, rows in self._by_pool(strata):
                lengths = np.array([strata[row].length for row in rows], dtype=np.int64)
                out[rows] = pool.percentiles(lengths, scores[rows])
        return [None if np.isnan(each) else float(each) for each in out]

    def planned(self, variants: Sequence[Variant]) -> list[Variant]:
        """Return the random variants that percentiles of these would have scored first; nothing is scored."""
        wanted = [(draws, number) for draws, count in self.wanted(variants) for number in range(draws.blocks, count)]
        return [each for draws, number in wanted for each in draws.variants(number)]

    def wanted(self, variants: Sequence[Variant]) -> list[tuple[Draws, int]]:
        """Return which draws percentiles of these need first, and of how many blocks; nothing is scored."""
        found: list[tuple[Draws, int]] = []
        if self.off or self.table is not None:
            return found
        strata = [stratum(variant) for variant in variants]
        for group, rows in self._wanted(strata).items():
            bands = {strata[row].band for row in rows}
            asked = self.snvs if group == "snv" else self.others
            if asked is not None:
                blocks = {band: -(-asked // self.of(group, band).size) for band in bands}
            elif group == "snv" or self.measure.draws_others:
                blocks = self._coarse_blocks(group, bands, [variants[row] for row in rows])
            else:
                continue
            found += [(self.of(group, band), count) for band, count in blocks.items()]
        return found

    @property
    def settled(self) -> Settled:
        """What later percentiles rest on, as it is now."""
        pools = {group: list(each) for group, each in self.pools.items()}
        return pools, {group: set(each) for group, each in self._without.items()}

    def settle(self, settled: Settled) -> None:
        """Rest percentiles on what another background of the same measure has settled."""
        self.pools, self._without = settled

    def alike(self, variants: Sequence[Variant]) -> Floats:
        """Return scores (n,) that stand for the backgrounds of these variants: LEVELS for each that has one."""
        found = [np.empty(0)]
        for pool, rows in self._by_pool([stratum(variant) for variant in variants]):
            lengths = [stratum(variants[row]).length for row in rows]
            known = {length: pool.alike(length, LEVELS) for length in set(lengths)}
            found += [known[length] for length in lengths]
        return np.concatenate(found)

    def count(self, kind: str) -> int:
        """Return the number of draws of a class of variants."""
        return sum(pool.count for group, pools in self.pools.items() for pool in pools if group.split("_")[0] == kind)

    def __str__(self) -> str:
        """What the percentiles rest on, for the provenance."""
        if self.off:
            return "none"
        if self.table is not None:
            return str(self.table)
        parts = [
            f"{pool.count:,} {named(pool.group, pool.low, pool.high)} (standard error up to {pool.error:.2g})"
            for pools in self.pools.values()
            for pool in pools
        ]
        asked = self.snvs is not None or self.others is not None
        return f"{'as asked for' if asked else 'coarse'}, seed {self.seed}: {', '.join(parts) or 'none'}"

    def _by_pool(self, strata: Sequence[Stratum]) -> list[tuple[Pool, Numbers]]:
        rows: dict[int, list[int]] = {}
        pools = [pool for each in self.pools.values() for pool in each]
        places = {group: [n for n, pool in enumerate(pools) if pool.group == group] for group in self.pools}
        known: dict[Stratum, int | None] = {}
        for row, each in enumerate(strata):
            if each not in known:
                fitting = (n for n in places.get(each.group, ()) if pools[n].low <= each.length <= pools[n].high)
                known[each] = next(fitting, None)
            if (number := known[each]) is not None:
                rows.setdefault(number, []).append(row)
        return [(pools[number], np.array(mine)) for number, mine in sorted(rows.items())]

    def prepare(self, variants: Sequence[Variant]) -> None:
        """Draw what these variants are compared with, unless that is settled."""
        if self.off:
            return
        strata = [stratum(variant) for variant in variants]
        for group, rows in self._wanted(strata).items():
            bands = {strata[row].band for row in rows}
            asked = self.snvs if group == "snv" else self.others
            mine = [variants[row] for row in rows]
            if self.table is not None:
                self._lack(group, bands, "the background that came with the model has none (--background-others 200)")
            elif asked is not None:
                self._as_asked(group, bands, asked)
            elif group != "snv" and not self.measure.draws_others:
                self._lack(group, bands, f"{self._price(group, mine, 200)}")
            else:
                self._coarse(group, bands, mine)

    def _wanted(self, strata: Sequence[Stratum]) -> dict[str, list[int]]:
        """Return the rows of each group that nothing is settled of."""
        wanted: dict[str, list[int]] = {}
        for row, each in enumerate(strata):
            if not self._settled(each):
                wanted.setdefault(each.group, []).append(row)
        return dict(sorted(wanted.items()))

    def _settled(self, each: Stratum) -> bool:
        pools = self.pools.get(each.group, ())
        return any(p.low <= each.length <= p.high for p in pools) or each.band in self._without.get(each.group, ())

    def _as_asked(self, group: str, bands: set[int], count: int) -> None:
        for band in sorted(bands):
            draws = self.of(group, band)
            with phase(f"background, {named(group, *lengths_of(band))}", count, "variants", quiet=self.quiet) as bar:
                found = draws.at_least(count, bar.update) if count else draws.cached[:0]
            if len(found):
                pool = pooled(group, lengths_of(band), found["length"].astype(np.int64), found["value"])
                self.pools.setdefault(group, []).append(pool)
            else:
                self._without.setdefault(group, set()).add(band)

    def _coarse(self, group: str, bands: set[int], variants: Sequence[Variant]) -> None:
        """Draw over all lengths from the least to the greatest that occur, twice as many of those that do."""
        least = LEAST.get(group, LEAST_OTHERS)
        blocks = self._coarse_blocks(group, bands, variants)
        draws = {band: self.of(group, band) for band in blocks}
        made = sum(len(draws[band].variants(n)) for band in draws for n in range(blocks[band]))
        if not blocks:
            self._lack(group, bands, self._price(group, variants, 1_000 if group == "snv" else 200))
            return
        low, high = lengths_of(min(draws))[0], lengths_of(max(draws))[1]
        with phase(f"background, {named(group, low, high)}", made, "variants", quiet=self.quiet) as bar:
            found = np.concatenate([draws[band].first(blocks[band], bar.update) for band in sorted(draws)])
        if len(found) < least:
            self._lack(group, bands, "too few of them have a score")
            return
        pool = pooled(group, (low, high), found["length"].astype(np.int64), found["value"])
        self.pools.setdefault(group, []).append(pool)
        self.blocks |= {(group, band): blocks[band] for band in draws}
        if beyond := {band for band in bands if lengths_of(band)[0] > high or lengths_of(band)[1] < low}:
            self._lack(group, beyond, self._price(group, [v for v in variants if stratum(v).band in beyond], 200))

    def _coarse_blocks(self, group: str, bands: set[int], variants: Sequence[Variant]) -> dict[int, int]:
        """Return how many blocks of each band a coarse background has; {} where too few can be afforded."""
        cost = self.measure.cost(variants)
        if group in STRUCTURES:
            blocks = self._afforded(group, bands, TIMES_STRUCTURES * cost, FEWEST_STRUCTURES)
        else:
            blocks = self._afforded(group, bands, max(FLOOR, TIMES * cost))
        made = sum(len(self.of(group, band).variants(n)) for band, count in blocks.items() for n in range(count))
        enough = made >= LEAST.get(group, LEAST_OTHERS)
        return {band: count for band, count in blocks.items() if count} if enough else {}

    def _afforded(self, group: str, bands: set[int], budget: int, least: int = 0) -> dict[int, int]:
        """Return how many blocks of each band, from the lowest to the highest, a budget in multiply-adds buys.

        least: variants that are drawn whatever they cost, and a block of each band.
        """
        span = range(min(bands), max(bands) + 1)
        blocks = dict.fromkeys(span, 0)
        ended: set[int] = set()
        spent = made = turn = 0
        most = MOST.get(group, MOST_OTHERS)
        while made < most and len(ended) < len(span):
            for band in span:
                if band in ended or (turn % 2 and band not in bands):
                    continue
                variants = self.of(group, band).variants(blocks[band])
                cost = self.measure.cost(variants)
                if spent + cost > budget and made >= least and (turn or not least):
                    return blocks
                spent, made = spent + cost, made + len(variants)
                blocks[band] += bool(variants)
                if not variants or (group != "snv" and self.of(group, band).size * blocks[band] >= MOST_BAND):
                    ended.add(band)
            turn += 1
        return blocks

    def of(self, group: str, band: int) -> Draws:
        """Return the random variants of a group and band of lengths."""
        if (group, band) not in self._draws:
            self._draws[group, band] = Draws(self.measure, group, band, self.seed, self.notify)
        return self._draws[group, band]

    def _lack(self, group: str, bands: set[int], why: str) -> None:
        """Say once that there is no background."""
        self._without.setdefault(group, set()).update(bands)
        low, high = lengths_of(min(bands))[0], lengths_of(max(bands))[1]
        self.notify(f"{named(group, low, high)} get no percentile: {why}")

    def _price(self, group: str, variants: Sequence[Variant], count: int) -> str:
        """Say what a background would cost."""
        flag = "--background" if group == "snv" else "--background-others"
        sample = self.of(group, stratum(variants[0]).band).variants(0)
        if not sample:
            return "the reference has none to compare with"
        times = self.measure.cost(sample) / len(sample) * count / max(1, self.measure.cost(variants))
        return f"{flag} {count} draws a background, at about {float(f'{times:.2g}'):,g} times the cost of scoring them"
