"""Random models of the sizes that people ship, made once."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Model:
    """A class of transformers with its configuration's changes, and the task that it is exported for."""

    name: str
    kind: str
    config: str
    task: str
    changes: dict[str, Any]

    def make(self, cache: Path) -> Path:
        """Its folder, with weights in fp32."""
        folder = cache / self.name
        if not (folder / "config.json").exists():
            arguments = [self.kind, self.config, json.dumps(self.changes), str(folder)]
            subprocess.run([sys.executable, "-c", _MAKE, *arguments], check=True)
        return folder


_MAKE = """
import json, sys, torch, transformers
kind, config, changes, folder = sys.argv[1:]
torch.manual_seed(0)
model = getattr(transformers, kind)(getattr(transformers, config)(**json.loads(changes)))
model.float().save_pretrained(folder, max_shard_size="100GB")
"""

BERT = Model("bert-base", "BertModel", "BertConfig", "feature-extraction", {})
GPT2 = Model("gpt2", "GPT2LMHeadModel", "GPT2Config", "text-generation", {})
LLAMA = Model(
    "llama-0.8b",
    "LlamaForCausalLM",
    "LlamaConfig",
    "text-generation",
    {
        "hidden_size": 1536,
        "intermediate_size": 6144,
        "num_hidden_layers": 20,
        "num_attention_heads": 12,
        "num_key_value_heads": 12,
        "vocab_size": 32000,
        "max_position_embeddings": 2048,
    },
)

_TEXT = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "vocab_size": 120,
}
_FEATURES, _TOKENS = "feature-extraction", "text-generation"
# Ten families that both programs export; tiny, so that what a run costs by itself is what is seen.
SMALL = (
    Model("tiny-bert", "BertModel", "BertConfig", _FEATURES, _TEXT),
    Model("tiny-roberta", "RobertaForMaskedLM", "RobertaConfig", "fill-mask", _TEXT),
    Model("tiny-electra", "ElectraForTokenClassification", "ElectraConfig", "token-classification", _TEXT),
    Model("tiny-albert", "AlbertForSequenceClassification", "AlbertConfig", "text-classification", _TEXT),
    Model("tiny-mpnet", "MPNetForQuestionAnswering", "MPNetConfig", "question-answering", _TEXT),
    Model("tiny-llama", "LlamaForCausalLM", "LlamaConfig", _TOKENS, {**_TEXT, "max_position_embeddings": 256}),
    Model(
        "tiny-gpt2",
        "GPT2LMHeadModel",
        "GPT2Config",
        _TOKENS,
        {"n_embd": 32, "n_layer": 2, "n_head": 2, "vocab_size": 120},
    ),
    Model(
        "tiny-distilbert",
        "DistilBertModel",
        "DistilBertConfig",
        _FEATURES,
        {"dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 2, "vocab_size": 120},
    ),
    Model(
        "tiny-vit",
        "ViTForImageClassification",
        "ViTConfig",
        "image-classification",
        {**_TEXT, "image_size": 32, "patch_size": 8},
    ),
    Model(
        "tiny-resnet",
        "ResNetForImageClassification",
        "ResNetConfig",
        "image-classification",
        {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic"},
    ),
)


def small_bert(layers: int, width: int) -> Model:
    """A BERT to see how cost grows."""
    changes = {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": max(1, width // 64),
        "intermediate_size": 4 * width,
        "vocab_size": 1000,
    }
    return Model(f"bert-{layers}x{width}", "BertModel", "BertConfig", "feature-extraction", changes)


def weight_bytes(folder: Path) -> int:
    """Of the weights as they lie on the disk."""
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))
