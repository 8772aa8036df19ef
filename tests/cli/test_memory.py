"""Scoring streams: memory doesn't grow with the number of records."""

import os
import subprocess
import sys

import numpy as np
import pytest


def peak(reference, variants, model, out) -> int:
    """Score in a process of its own and return its peak resident size in KiB."""
    command = [sys.executable, "-m", "dnalect", "score", reference, variants, "--model", model, "-o", out]
    process = subprocess.Popen([*map(str, command), "--background", "0"], stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_maxrss


@pytest.mark.slow
def test_three_million_records_take_no_more_memory_than_thirty_thousand(tmp_path, model_folder):
    rng = np.random.default_rng(5)
    bases = rng.choice(list("ACGT"), 1_000_000)
    (tmp_path / "slice.fa").write_text(">slice\n" + "".join(bases) + "\n")
    peaks = {}
    for stride in (100, 1):
        path = tmp_path / f"{stride}.vcf"
        with path.open("w") as lines:
            lines.write("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
            for n in range(0, len(bases), stride):
                for alt in "ACGT".replace(bases[n], ""):
                    lines.write(f"slice\t{n + 1}\t.\t{bases[n]}\t{alt}\t.\t.\t.\n")
        peaks[stride] = peak(tmp_path / "slice.fa", path, model_folder, tmp_path / f"{stride}.out.vcf.gz")
    assert peaks[1] < 1.1 * peaks[100]
