"""What the study of tracks is asked for."""

from typing import Annotated, Literal

from annotated_types import Interval
from pydantic import Strict
from typing_extensions import Doc

from dnalect.core import MODEL, OUTPUT, Command, Device, Dtype, File, Flag, Natural, Positive, config

SHARES = (0.01, 0.1, 1.0)
# Proteins that read the bases themselves, of those with most peaks; Orc4 and Tfc3 mark origins and genes of tRNAs.
FACTORS = (
    *("Reb1", "Abf1", "Fkh1", "Fhl1", "Cin5", "Sok2", "Dat1", "Mig2", "Mcm1", "Rap1", "Rox1", "Gzf3", "Orc4"),
    *("Mig1", "Ume6", "Phd1", "Pdr1", "Sko1", "Sfl1", "War1", "Tbf1", "Hms2", "Tfc3", "Rsc3", "Cbf1", "Hsf1"),
)


@config
class Tracks:
    """A trunk that was pretrained, and the same from random weights."""

    data: Annotated[File, Doc("Folder with genomes/ and annotation/.")]
    out: Annotated[File, OUTPUT, Doc("Folder of the runs, of tracks.tsv and tracks.png; what is there is kept.")]
    model: Annotated[str, MODEL, Doc("The trunk.")] = "duplex-yeast"
    shares: Annotated[
        tuple[Annotated[float, Interval(gt=0, le=1)], ...],
        Strict(False),
        Flag("--share"),
        Doc("Of the training windows, repeatable."),
    ] = SHARES
    seeds: Annotated[
        tuple[int, ...], Strict(False), Flag("--seed"), Doc("Of runs, repeatable; all of the data take the first two.")
    ] = (1, 2, 3)
    motifs: Annotated[str, Doc("MEME file of known motifs, of the factors' names.")] = (
        "src/dnalect/demo_data/yeast_motifs.meme.gz"
    )
    bin: Annotated[Positive, Doc("Bases of a bin.")] = 32
    window: Annotated[Positive, Doc("Bases of a window.")] = 2048
    layer: Annotated[Natural | None, Doc("Of the trunk, that the head reads [default: the last].")] = None
    passes: Annotated[Positive | None, Doc("Over the windows [default: by the share and the trunk].")] = None
    batch: Annotated[Positive | None, Doc("Windows a step [default: by the share].")] = None
    looked: Annotated[float, Interval(gt=0, le=1), Doc("Share of the windows of chrXIII to stop by.")] = 0.5
    limit: Annotated[Annotated[float, Interval(gt=0, le=1e6)] | None, Doc("Seconds after which no run begins.")] = None
    part: Annotated[Literal["both", "runs", "figures"], Doc("Make the runs, or judge those that are there.")] = "both"
    device: Device = "auto"
    dtype: Dtype = "float32"
    command: Command = ""
