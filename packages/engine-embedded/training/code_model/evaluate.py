"""Measures the exported code model on files and packages that it never saw.

    python evaluate.py [--model ../../code-model] [--gaps 400]

What is measured is the file that is committed, run by ONNX Runtime: its weights are rounded.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from bpe import EOF, texts
from workspace import MODEL_FOLDER

PARTS = {"held_out_files": "held-out files", "held_out_package": "held-out packages"}
PREFIX_CHARACTERS, SUFFIX_CHARACTERS = 1_500, 600
SHORTEST_LINE = 12
LONGEST_FILL = 48


class Model:
    def __init__(self, folder: Path):
        self.manifest = json.loads((folder / "genfleet.json").read_text())
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(folder / "decoder.onnx", options)

    def ids(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def read(self, ids: list[int], past: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Log-probabilities [n, vocabulary] after each of the ids, and the cache."""
        facts = self.manifest
        shape = (0, facts["layers"], 2, facts["key_heads"], facts["head_width"])
        before = np.zeros(shape, np.float32) if past is None else past
        logits, fresh = self.session.run(None, {"ids": np.array([ids], np.int64), "past": before})
        shifted = logits[0] - logits[0].max(-1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)), np.concatenate(
            [before, fresh]
        )

    def gap_prompt(self, prefix: list[int], suffix: str) -> list[int]:
        head, tail = self.manifest["fim"]["template"].split("{prefix}")
        return [
            *self.ids(head.replace("{suffix}", suffix)),
            *prefix,
            *self.ids(tail.replace("{suffix}", suffix)),
        ]

    def nats(self, before: list[int], ids: list[int]) -> float:
        """What `ids` cost after `before`."""
        logprobs, _ = self.read([*before, *ids][:-1])
        rows = np.arange(len(before) - 1, len(before) + len(ids) - 1)
        return float(-logprobs[rows, ids].sum())

    def greedy(self, prompt: list[int]) -> str:
        """What the model writes until it ends, or is longer than what is measured here."""
        written: list[int] = []
        logprobs, past = self.read(prompt)
        while len(written) < LONGEST_FILL:
            following = int(logprobs[-1].argmax())
            if following == EOF:
                break
            written.append(following)
            logprobs, past = self.read([following], past)
        return self.tokenizer.decode(written)


@dataclass
class Loss:
    tokens: int = 0
    bytes: int = 0
    nats: float = 0.0
    right: int = 0

    def line(self, name: str) -> str:
        per_token, bits = self.nats / self.tokens, self.nats / self.bytes / np.log(2)
        share = 100 * self.right / self.tokens
        return f"| {name} | {self.tokens:,} | {per_token:.3f} | {bits:.3f} | {share:.1f} % |"


def loss_over(model: Model, documents: list[str]) -> Loss:
    """Every token is read with at least half a context before it, or all that the file has."""
    context = model.manifest["context_tokens"]
    loss = Loss()
    for document in documents:
        ids = [EOF, *model.ids(document)]
        loss.bytes += len(document.encode())
        for start in range(0, max(1, len(ids) - 1), context // 2):
            window = ids[start : start + context + 1]
            # The first window counts whole, each other one only in what the last did not read.
            first = 0 if start == 0 else context // 2
            expected = np.array(window[1:])[first:]
            if not len(expected):
                break
            logprobs = model.read(window[:-1])[0][first:]
            loss.tokens += len(expected)
            loss.nats -= float(logprobs[np.arange(len(expected)), expected].sum())
            loss.right += int((logprobs.argmax(-1) == expected).sum())
    return loss


@dataclass(frozen=True)
class Gap:
    prefix: str
    middle: str
    suffix: str


def gaps(documents: list[str], count: int) -> list[Gap]:
    """Ends of lines: from some character of a line to its end, as one has it while typing."""
    rng = random.Random(0)
    found: list[Gap] = []
    while len(found) < count:
        document = rng.choice(documents)
        lines = document.splitlines(keepends=True)
        number = rng.randrange(len(lines))
        line = lines[number].rstrip("\n")
        body = len(line) - len(line.lstrip())
        if len(line) - body < SHORTEST_LINE:
            continue
        start = sum(map(len, lines[:number]))
        cut = start + rng.randrange(body, len(line) - 1)
        end = start + len(line)
        prefix, suffix = document[:cut][-PREFIX_CHARACTERS:], document[end:][:SUFFIX_CHARACTERS]
        found.append(Gap(prefix, document[cut:end], suffix))
    return found


def measure_gaps(model: Model, found: list[Gap]) -> dict[str, float]:
    exact, line, right_without, characters, nats, nats_without = 0, 0, 0, 0, 0.0, 0.0
    for gap in found:
        prefix, middle = model.ids(gap.prefix), model.ids(gap.middle)
        template = model.gap_prompt(prefix, gap.suffix)
        filled = model.greedy(template)
        exact += filled == gap.middle
        line += filled.split("\n")[0] == gap.middle
        right_without += model.greedy(prefix or [EOF]).split("\n")[0] == gap.middle
        characters += len(gap.middle)
        nats += model.nats(template, middle)
        nats_without += model.nats(prefix or [EOF], middle)
    return {
        "filled exactly, %": 100 * exact / len(found),
        "filled exactly, stopped at the line's end, %": 100 * line / len(found),
        "the same from the prefix alone, %": 100 * right_without / len(found),
        "nats per character of the middle": nats / characters,
        "the same from the prefix alone": nats_without / characters,
    }


def chosen(documents: list[str], count: int) -> list[str]:
    step = len(documents) / count if 0 < count < len(documents) else 1
    return [documents[int(n * step)] for n in range(int(len(documents) / step))]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, default=MODEL_FOLDER)
    parser.add_argument("--gaps", type=int, default=200, help="of each part")
    parser.add_argument("--files", type=int, default=60, help="of each part, evenly chosen; 0: all")
    arguments = parser.parse_args()
    model = Model(arguments.model)
    parts = {part: chosen(texts(part), arguments.files) for part in PARTS}
    print("| | tokens | nats per token | bits per byte | next token right |")
    print("| --- | --- | --- | --- | --- |")
    for part, name in PARTS.items():
        print(loss_over(model, parts[part]).line(name), flush=True)
    for part, name in PARTS.items():
        measured = measure_gaps(model, gaps(parts[part], arguments.gaps))
        print(f"\n{arguments.gaps} ends of lines of the {name}:")
        for title, value in measured.items():
            print(f"- {title}: {value:.3g}", flush=True)


if __name__ == "__main__":
    main()
