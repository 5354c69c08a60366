"""Every caption word is one token, and the fast tokenizer agrees with CLIP's."""

import random

from captions import all_words
from models import TEXT_LENGTH
from scenes import random_scene
from word_tokenizer import END, FastTokenizer, new_tokenizer


def test_known_words_are_one_token_each():
    tokenizer = FastTokenizer()
    assert all(len(tokenizer.word(word)) == 1 for word in all_words())


def test_unknown_words_fall_apart_but_never_fail():
    tokenizer = new_tokenizer()
    for prompt in ("A zebra", "Straße 日本 😀", "", "!!!", "x" * 500):
        ids = tokenizer(
            prompt, padding="max_length", max_length=TEXT_LENGTH, truncation=True
        ).input_ids
        assert len(ids) == TEXT_LENGTH and ids[-1] == tokenizer.convert_tokens_to_ids(END)


def test_training_sees_the_tokens_that_diffusers_will_make():
    clip, fast, rng = new_tokenizer(), FastTokenizer(), random.Random(3)
    for _ in range(500):
        scene, words = random_scene(rng)
        ids = clip(
            scene.caption, padding="max_length", max_length=TEXT_LENGTH, truncation=True
        ).input_ids
        assert ids == fast.encode(words)
