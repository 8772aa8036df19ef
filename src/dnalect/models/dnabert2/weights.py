"""DNABERT-2's weight names: MosaicBERT's, with one projection for query, key and value."""

from dnalect.models.table import WeightTable

TABLE = WeightTable(
    names={
        "embeddings.words": "bert.embeddings.word_embeddings",
        "embeddings.types": "bert.embeddings.token_type_embeddings",
        "embeddings.norm": "bert.embeddings.LayerNorm",
        "layers.*.attention.qkv": "bert.encoder.layer.*.attention.self.Wqkv",
        "layers.*.attention.out": "bert.encoder.layer.*.attention.output.dense",
        "layers.*.attention_norm": "bert.encoder.layer.*.attention.output.LayerNorm",
        "layers.*.feed_forward.up": "bert.encoder.layer.*.mlp.gated_layers",
        "layers.*.feed_forward.down": "bert.encoder.layer.*.mlp.wo",
        "layers.*.feed_forward_norm": "bert.encoder.layer.*.mlp.layernorm",
        "head.dense": "cls.predictions.transform.dense",
        "head.norm": "cls.predictions.transform.LayerNorm",
        "head.bias": "cls.predictions.decoder.bias",
    },
    copies={"cls.predictions.decoder.weight": "embeddings.words.weight"},
    ignored=("bert.pooler.dense.*", "bert.embeddings.position_ids"),
)
