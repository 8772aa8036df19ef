"""The weight names of ESM, as transformers writes them, for both versions."""

from dnalect.models.table import WeightTable

TABLE = WeightTable(
    names={
        "embeddings.words": "esm.embeddings.word_embeddings",
        "embeddings.positions": "esm.embeddings.position_embeddings",
        "embeddings.norm": "esm.embeddings.layer_norm",
        "layers.*.attention.query": "esm.encoder.layer.*.attention.self.query",
        "layers.*.attention.key": "esm.encoder.layer.*.attention.self.key",
        "layers.*.attention.value": "esm.encoder.layer.*.attention.self.value",
        "layers.*.attention.out": "esm.encoder.layer.*.attention.output.dense",
        "layers.*.attention_norm": "esm.encoder.layer.*.attention.LayerNorm",
        "layers.*.feed_forward.up": "esm.encoder.layer.*.intermediate.dense",
        "layers.*.feed_forward.down": "esm.encoder.layer.*.output.dense",
        "layers.*.feed_forward_norm": "esm.encoder.layer.*.LayerNorm",
        "final_norm": "esm.encoder.emb_layer_norm_after",
        "head.dense": "lm_head.dense",
        "head.norm": "lm_head.layer_norm",
        "head.decoder": "lm_head.decoder",
        "head.bias": "lm_head.bias",
    },
    copies={"lm_head.decoder.weight": "embeddings.words.weight"},
    # Version 2 has rotary positions, and keeps an unused table of learned ones.
    ignored=(
        "esm.embeddings.position_embeddings.weight",
        "esm.embeddings.position_ids",
        "esm.*rotary_embeddings.inv_freq",
        "esm.contact_head.*",
        "esm.pooler.dense.*",
    ),
)
