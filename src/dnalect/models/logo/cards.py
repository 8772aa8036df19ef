"""The published LOGO checkpoints (Yang 2022)."""

from dnalect.models.published import PublishedCard

_FILES = {3: "LOGO_3_gram_2_layer_8_heads_256_dim_weights_18-0.8937.hdf5"}
_FILES |= {5: "LOGO_5_gram_2_layer_8_heads_256_dim_weights_32-0.885107.hdf5"}
_PARAMETERS = {3: 1_729_546, 5: 2_116_546}


def _card(n: int) -> PublishedCard:
    return PublishedCard(
        name=f"logo-{n}",
        family="logo",
        source=f"github.com/melobio/LOGO, 99_PreTrain_Model_Weight/{_FILES[n]}",
        parameters=_PARAMETERS[n],
        sizes={"vocabulary": 5**n + 13},
        tokenizer=f"{n}-grams side by side",
        context_tokens=512,
        context_bases=512 * n,
        species="Homo sapiens",
        assembly="GRCh37",
        year=2022,
        licence="MIT",
        paper="Yang et al. 2022, Nucleic Acids Research 50(14), doi:10.1093/nar/gkac326",
        notes=(
            "made for windows of 1,000 bases",
            "not on the hub: hdf5 weights (h5py reads them) and a config.json to write beside them",
            "its pretraining script lets a token attend to itself and those before it only",
            "no checkpoint exists of a LOGO with region, chromatin and conservation heads",
        ),
    )


CARDS = tuple(map(_card, _PARAMETERS))
