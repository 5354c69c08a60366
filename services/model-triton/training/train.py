"""Trains the n-gram model of the demo: a byte-level BPE tokenizer and the text it was trained on, as tokens.

    tools/provision/triton.sh install          # prints a folder; its Python has what this needs
    <folder>/bin/python services/model-triton/training/train.py

Trained on Python files of this repository (MIT), in the order of their paths. Writes model/tokenizer.json
(Hugging Face tokenizers format) and model/tokens.npy; the same files give the same model.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SERVICE = Path(__file__).resolve().parents[1]
ROOT = SERVICE.parents[1]
SOURCES = ("services/model-diffusers/genfleet_model", "services/model-diffusers/tests")
VOCABULARY = 1024
END_OF_TEXT = "<|endoftext|>"


def main() -> None:
    """Trains and writes."""
    files = sorted(file for source in SOURCES for file in (ROOT / source).rglob("*.py"))
    texts = [file.read_text() for file in files]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    end = tokenizer.token_to_id(END_OF_TEXT)
    ids = [end]
    for text in texts:
        ids += [*tokenizer.encode(text).ids, end]
    tokenizer.save(str(SERVICE / "model/tokenizer.json"))
    np.save(SERVICE / "model/tokens.npy", np.array(ids, dtype=np.uint16))
    print(f"{len(files)} files, {len(ids)} tokens, vocabulary {tokenizer.get_vocab_size()}")


if __name__ == "__main__":
    main()
