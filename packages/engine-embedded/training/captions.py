"""English captions for scenes, in the many ways people write them.

A caption may leave facts out; which ones it tells is returned, because the text
encoder is taught to know what it was told and what not.
"""

from __future__ import annotations

import random

from shapes import COLOURS, PLURALS, SHAPES

COUNT_WORDS = {
    2: ("two", "two", "two", "2"),
    3: ("three", "three", "three", "3"),
    4: ("four", "four", "four", "4"),
}
SIZE_WORDS = {
    "small": ("small", "small", "tiny", "little"),
    "large": ("large", "big", "huge"),
    "normal": ("",),
}
RELATION_WORDS = {
    "above": ("above", "above", "over", "on top of"),
    "below": ("below", "below", "under", "beneath", "underneath"),
    "left of": ("left of", "to the left of"),
    "right of": ("right of", "to the right of"),
}
# "a circle at the top and a square at the bottom".
SIDES = {
    "above": ("at the top", "at the bottom"),
    "below": ("at the bottom", "at the top"),
    "left of": ("on the left", "on the right"),
    "right of": ("on the right", "on the left"),
}
# Two objects without a relation stand in reading order.
LIST_WORDS = ("and", "and", "next to", "beside", ",")
OPENINGS = (
    "a picture of",
    "an image of",
    "a drawing of",
    "a photo of",
    "a painting of",
    "an illustration of",
    "draw",
    "show me",
    "a photograph of",
    "picture of",
    "image of",
)
FILLERS = tuple(
    """
    simple nice minimal flat art style high quality beautiful detailed highly please vector
    clean digital masterpiece best ultra hd sharp poster design colorful graphic 4k 8k
    realistic photorealistic cartoon centered modern cute
    """.split()
)
EXTRA_WORDS = tuple(
    """
    grey shape shapes background colored coloured it is there are one scene object objects
    middle corner side canvas frame the this that has have for my your some very solid plain
    color colour backdrop geometric its dog cat man woman house tree sky car flower sun moon
    mountain sea low blurry ugly bad worst text watermark deformed no not without light dark
    """.split()
)


def _article(word: str) -> str:
    return "an" if word[:1] in "aeiou" else "a"


class _Writer:
    """Collects which facts a caption tells while it is being written."""

    def __init__(self, scene, rng: random.Random):
        self.scene, self.rng, self.told = scene, rng, set()
        # Most captions tell everything; the rest leave each fact out now and then.
        self.complete = rng.random() < 0.85

    def tells(self, fact: str) -> bool:
        if self.complete or self.rng.random() < 0.6:
            self.told.add(fact)
            return True
        return False

    def colour_word(self, colour: str) -> str:
        return "grey" if colour == "gray" and self.rng.random() < 0.4 else colour

    def thing(self, index: int, count: int = 1) -> str:
        """Size, colour and noun of one object, without an article."""
        item, words = self.scene.items[index], []
        if self.tells(f"size{index}"):
            words.append(self.rng.choice(SIZE_WORDS[item.size]))
        if self.tells(f"colour{index}"):
            words.append(self.colour_word(item.colour))
        noun = item.shape if count == 1 else PLURALS[item.shape]
        words.append(noun if self.tells(f"shape{index}") else ("shape" if count == 1 else "shapes"))
        return " ".join(word for word in words if word)

    def with_article(self, thing: str) -> str:
        roll = self.rng.random()
        if roll < 0.08:
            return thing
        if roll < 0.12:
            return "the " + thing
        if roll < 0.15:
            return "one " + thing
        return f"{_article(thing)} {thing}"

    def one(self) -> str:
        scene, text = self.scene, self.with_article(self.thing(0))
        if scene.position == "center":
            self.told.add("place")
            if self.rng.random() < 0.2:
                text += self.rng.choice((" in the center", " in the middle", " at the center"))
        elif self.tells("place"):
            corner = " corner" if " " in scene.position and self.rng.random() < 0.5 else ""
            opening = self.rng.choice((" at the ", " in the ", " on the ", " on the "))
            side = (
                " side" if scene.position in ("left", "right") and self.rng.random() < 0.2 else ""
            )
            text += opening + scene.position + corner + side
        return text

    def many(self) -> str:
        count = len(self.scene.items)
        self.told.update(("place", "count"))
        return f"{self.rng.choice(COUNT_WORDS[count])} {self.thing(0, count)}"

    def pair(self) -> str:
        relation = self.scene.relation
        first, second = (self.with_article(self.thing(index)) for index in (0, 1))
        self.told.update(("place", "count"))
        roll = self.rng.random()
        if relation == "left of" and roll < 0.3:
            return f"{first} {self.rng.choice(LIST_WORDS)} {second}"
        if roll > 0.92 and relation in ("above", "below"):
            return f"{second} with {first} {self.rng.choice(RELATION_WORDS[relation][:2])} it"
        if roll > 0.85:
            return f"{first} {SIDES[relation][0]} and {second} {SIDES[relation][1]}"
        return f"{first} {self.rng.choice(RELATION_WORDS[relation])} {second}"

    def background(self) -> str:
        word = self.colour_word(self.scene.background)
        noun = "background" if self.rng.random() < 0.93 else self.rng.choice(("backdrop", "canvas"))
        return f"{word} {noun}"


def write_caption(scene, rng: random.Random) -> tuple[list[str], set[str]]:
    """The caption's words and the facts it tells."""
    writer = _Writer(scene, rng)
    if rng.random() < 0.05:  # one fact alone, so that negative prompts mean something
        fact = rng.choice(("colour0", "shape0", "background"))
        text = {
            "colour0": writer.colour_word(scene.items[0].colour),
            "shape0": scene.items[0].shape
            if len(scene.items) == 1
            else PLURALS[scene.items[0].shape],
            "background": writer.background(),
        }[fact]
        if fact == "shape0" and scene.kind == "pair":
            text = scene.items[0].shape
        return text.split(), {fact}
    text = {"one": writer.one, "count": writer.many, "pair": writer.pair}[scene.kind]()
    if writer.tells("background") and rng.random() < 0.95:
        backdrop = writer.background()
        backdrop = f"{_article(backdrop)} {backdrop}" if rng.random() < 0.85 else backdrop
        if rng.random() < 0.08:
            text = f"{backdrop} with {text}"
        else:
            text += (
                rng.choice((" on ", " on ", " on ", " with ", " , ", " against ", " in front of "))
                + backdrop
            )
    else:
        writer.told.discard("background")
    if rng.random() < 0.2:
        text = f"{rng.choice(OPENINGS)} {text}"
    if rng.random() < 0.12:
        fillers = [_filler(rng) for _ in range(rng.randint(1, 4))]
        text += " , " + (" , " if rng.random() < 0.5 else " ").join(fillers)
    if rng.random() < 0.08:
        text += " ."
    return text.split(), writer.told


def _filler(rng: random.Random) -> str:
    """A word without meaning here: a usual one, or letters the vocabulary does not know."""
    if rng.random() < 0.8:
        return rng.choice(FILLERS)
    return "".join(rng.choice("abcdefghijklmnoprstuvwz") for _ in range(rng.randint(3, 8)))


def all_words() -> list[str]:
    """Every word a caption can hold, and those people are likely to add, sorted."""
    phrases: list[str] = [
        *COLOURS,
        *SHAPES,
        *PLURALS.values(),
        *OPENINGS,
        *FILLERS,
        *EXTRA_WORDS,
        *LIST_WORDS,
    ]
    for table in (COUNT_WORDS, SIZE_WORDS, RELATION_WORDS, SIDES):
        for entry in table.values():
            phrases.extend(entry)
    phrases += [
        "in the center of",
        "at",
        "on",
        "in front of",
        "against",
        "with",
        "top bottom left right",
    ]
    words = {word for phrase in phrases for word in phrase.split()}
    # Digits and signs are split off by the tokenizer and are single bytes already.
    return sorted(word for word in words if word.isalpha())
