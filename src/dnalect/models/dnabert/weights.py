"""BERT's weight names, as transformers writes them: DNABERT's own, and GROVER's."""

from dnalect.models.table import WeightTable

TABLE = WeightTable(
    names={
        "embeddings.words": "bert.embeddings.word_embeddings",
        "embeddings.positions": "bert.embeddings.position_embeddings",
        "embeddings.types": "bert.embeddings.token_type_embeddings",
        "embeddings.norm": "bert.embeddings.LayerNorm",
        "layers.*.attention.query": "bert.encoder.layer.*.attention.self.query",
        "layers.*.attention.key": "bert.encoder.layer.*.attention.self.key",
        "layers.*.attention.value": "bert.encoder.layer.*.attention.self.value",
        "layers.*.attention.out": "bert.encoder.layer.*.attention.output.dense",
        "layers.*.attention_norm": "bert.encoder.layer.*.attention.output.LayerNorm",
        "layers.*.feed_forward.up": "bert.encoder.layer.*.intermediate.dense",
        "layers.*.feed_forward.down": "bert.encoder.layer.*.output.dense",
        "layers.*.feed_forward_norm": "bert.encoder.layer.*.output.LayerNorm",
        "head.dense": "cls.predictions.transform.dense",
        "head.norm": "cls.predictions.transform.LayerNorm",
        "head.decoder": "cls.predictions.decoder",
        "head.bias": "cls.predictions.bias",
    },
    copies={
        "cls.predictions.decoder.weight": "embeddings.words.weight",
        "cls.predictions.decoder.bias": "head.bias",
    },
    ignored=("bert.pooler.dense.*", "bert.embeddings.position_ids", "cls.seq_relationship.*"),
    renamed={".LayerNorm.gamma": ".LayerNorm.weight", ".LayerNorm.beta": ".LayerNorm.bias"},
)
