"""Uses the official SDK as a person would; prints what it saw as JSON. Arguments: base URL, model."""

import json
import sys

import openai

base_url, model = sys.argv[1:]
client = openai.OpenAI(base_url=base_url, api_key="unused", max_retries=0)
ask = {"model": model, "prompt": "def add(a, b):\n", "max_tokens": 24, "temperature": 0}
seen = {"models": [each.id for each in client.models.list()]}

whole = client.completions.create(**ask)
seen["whole"] = {"text": whole.choices[0].text, "usage": whole.usage.model_dump(include={"completion_tokens"})}

pieces = []
for chunk in client.completions.create(**ask, stream=True, stream_options={"include_usage": True}):
    if chunk.choices:
        pieces.append(chunk.choices[0].text)
    else:
        seen["streamed_usage"] = chunk.usage.completion_tokens
seen["streamed"] = "".join(pieces)
seen["pieces"] = len(pieces)

messages = [{"role": "user", "content": "Hello"}]
chat = client.chat.completions.create(model=model, messages=messages, max_tokens=8, temperature=0)
seen["chat"] = chat.choices[0].message.content
seen["chat_streamed"] = "".join(
    chunk.choices[0].delta.content or ""
    for chunk in client.chat.completions.create(
        model=model, messages=messages, max_tokens=8, temperature=0, stream=True
    )
)

refusals = {}
for name, change in {
    "NotFoundError": {"model": "gpt-9"},
    "BadRequestError": {"temperature": 9},
}.items():
    try:
        client.completions.create(**{**ask, **change})
    except openai.APIStatusError as error:
        refusals[name] = [type(error).__name__, error.status_code, error.code]
seen["refusals"] = refusals
print(json.dumps(seen))
