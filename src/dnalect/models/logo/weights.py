"""LOGO's weight names: bert4keras layers, each with its weights in the order of creation."""

from dnalect.models.table import WeightTable

_ATTENTION = "Transformer-*-MultiHeadSelfAttention"
_FORWARD = "Transformer-*-FeedForward"

TABLE = WeightTable(
    names={
        "embeddings.words.weight": "Embedding-Token/0.embeddings",
        "embeddings.types.weight": "Embedding-Segment/0.embeddings",
        "embeddings.positions.weight": "Embedding-Position/0.embeddings",
        "embeddings.convolutions.*.conv.weight": "Embedding-Token-Conv1D-*/0.kernel",
        "embeddings.convolutions.*.conv.bias": "Embedding-Token-Conv1D-*/1.bias",
        "embeddings.norm.weight": "Embedding-Norm/1.gamma",
        "embeddings.norm.bias": "Embedding-Norm/0.beta",
        "embeddings.projection.weight": "Embedding-Mapping/0.kernel",
        "embeddings.projection.bias": "Embedding-Mapping/1.bias",
        "layers.*.attention.query.weight": f"{_ATTENTION}/0.kernel",
        "layers.*.attention.query.bias": f"{_ATTENTION}/1.bias",
        "layers.*.attention.key.weight": f"{_ATTENTION}/2.kernel",
        "layers.*.attention.key.bias": f"{_ATTENTION}/3.bias",
        "layers.*.attention.value.weight": f"{_ATTENTION}/4.kernel",
        "layers.*.attention.value.bias": f"{_ATTENTION}/5.bias",
        "layers.*.attention.out.weight": f"{_ATTENTION}/6.kernel",
        "layers.*.attention.out.bias": f"{_ATTENTION}/7.bias",
        "layers.*.attention_norm.weight": f"{_ATTENTION}-Norm/1.gamma",
        "layers.*.attention_norm.bias": f"{_ATTENTION}-Norm/0.beta",
        "layers.*.feed_forward.up.weight": f"{_FORWARD}/0.kernel",
        "layers.*.feed_forward.up.bias": f"{_FORWARD}/1.bias",
        "layers.*.feed_forward.down.weight": f"{_FORWARD}/2.kernel",
        "layers.*.feed_forward.down.bias": f"{_FORWARD}/3.bias",
        "layers.*.feed_forward.conv.weight": f"{_FORWARD}_Conv1D/0.kernel",
        "layers.*.feed_forward.conv.bias": f"{_FORWARD}_Conv1D/1.bias",
        "layers.*.feed_forward_norm.weight": f"{_FORWARD}-Norm/1.gamma",
        "layers.*.feed_forward_norm.bias": f"{_FORWARD}-Norm/0.beta",
        "head.dense.weight": "MLM-Dense/0.kernel",
        "head.dense.bias": "MLM-Dense/1.bias",
        "head.norm.weight": "MLM-Norm/1.gamma",
        "head.norm.bias": "MLM-Norm/0.beta",
        "head.bias": "MLM-Bias/0.bias",
    },
)
