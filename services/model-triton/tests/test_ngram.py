"""python -m unittest discover -s services/model-triton/tests -t services/model-triton"""

import unittest
from pathlib import Path

import numpy as np

from genfleet_ngram import Generation, NgramModel, Sampling, TextStream, load_model

SERVICE = Path(__file__).resolve().parents[1]
PROMPT = "def load(self"


class NgramTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model, cls.tokenizer, cls.end_id = load_model(SERVICE / "model")

    def write(self, **settings):
        ids = self.tokenizer.encode(PROMPT).ids
        generation = Generation(self.model, self.end_id, ids, Sampling(**{"max_tokens": 30, **settings}))
        while generation.finish_reason is None:
            generation.step()
        return generation

    def test_probabilities_sum_to_one_and_prefer_what_was_seen(self):
        model = NgramModel(np.array([0, 1, 2, 0, 1, 2, 0, 1, 3]), vocabulary=4)
        for context in ([], [0], [0, 1], [1, 0, 1], [3, 3, 3]):
            self.assertAlmostEqual(model.probabilities(context).sum(), 1)
        self.assertEqual(int(np.argmax(model.probabilities([0, 1]))), 2)

    def test_same_seed_same_text(self):
        hot = {"temperature": 1.2, "seed": -7}
        self.assertEqual(self.write(**hot).ids, self.write(**hot).ids)
        texts = {tuple(self.write(temperature=1.2, seed=seed).ids) for seed in range(4)}
        self.assertGreater(len(texts), 1)

    def test_temperature_zero_takes_the_likeliest(self):
        greedy = self.write(temperature=0, seed=1).ids
        self.assertEqual(greedy, self.write(temperature=0, seed=2).ids)
        self.assertEqual(greedy, self.write(temperature=1, top_k=1, seed=3).ids)
        self.assertEqual(greedy, self.write(temperature=1, top_p=1e-9, seed=4).ids)

    def test_ends_by_length_and_by_stop(self):
        whole = self.write(temperature=0)
        self.assertEqual((len(whole.ids), whole.finish_reason), (30, "length"))
        stopped = self.write(temperature=0, stop_ids=[[1, 2, 3], whole.ids[5:7]])
        self.assertEqual((stopped.ids, stopped.finish_reason), (whole.ids[:7], "stop"))
        self.assertEqual(self.write(max_tokens=0).ids, [])

    def test_penalties_make_repetition_rarer(self):
        def repeated(ids):
            return len(ids) - len(set(ids))

        plain = self.write(temperature=0, max_tokens=60).ids
        punished = self.write(temperature=0, max_tokens=60, frequency_penalty=2, presence_penalty=2).ids
        self.assertLess(repeated(punished), repeated(plain))

    def test_stream_is_the_text_however_it_is_cut(self):
        text = "a — b ✓ end"
        ids = self.tokenizer.encode(text).ids
        for stops, include, wanted in (
            ([], False, text),
            (["✓ e"], False, "a — b "),
            (["✓ e", "nd"], True, "a — b ✓ e"),
        ):
            stream = TextStream(self.tokenizer, stops, include)
            pieces = []
            for count in range(1, len(ids) + 1):
                pieces.append(stream.piece(ids[:count], count == len(ids)))
                if stream.stopped:
                    break
            self.assertEqual("".join(pieces), wanted)
            self.assertNotIn("\ufffd", "".join(pieces))


if __name__ == "__main__":
    unittest.main()
