"""The code model's tokenizer: byte-level byte pairs over pieces that suit source code.

python bpe.py            learns it from the training part of the corpus
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from workspace import WORK

ENTRIES = 4_096
EOF, PREFIX, SUFFIX, MIDDLE = range(4)
SPECIAL_TOKENS = ("<eof>", "<fim_prefix>", "<fim_suffix>", "<fim_middle>")
# Newlines and indentation are pieces of their own, so that a prompt that ends where an editor's
# cursor stands ends where a token ends. Only ASCII classes: engines differ about the others.
PIECES = r"\n+| ?[A-Za-z_]+| ?[0-9]| ?[^ \t\n\r\f\vA-Za-z_0-9]+| +|[\t\r\f\v]+"
TOKENIZER_FILE = WORK / "tokenizer.json"


def texts(part: str) -> list[str]:
    """The files of one part of the corpus."""
    return [json.loads(line)["text"] for line in (WORK / f"{part}.jsonl").open()]


def learn(documents: Iterator[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=ENTRIES,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer


def load() -> Tokenizer:
    return Tokenizer.from_file(str(TOKENIZER_FILE))


def main() -> None:
    documents = texts("training")
    tokenizer = learn(iter(documents))
    tokenizer.save(str(TOKENIZER_FILE), pretty=False)
    sample = "".join(documents[:200])
    tokens = len(tokenizer.encode(sample).ids)
    print(
        f"{tokenizer.get_vocab_size()} entries, {len(sample.encode()) / tokens:.2f} bytes a token"
    )


if __name__ == "__main__":
    main()
