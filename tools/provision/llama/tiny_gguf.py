"""Writes a LLaMA of random weights as GGUF, small enough to make in a moment: `tiny_gguf.py FILE`.

Its text means nothing, but it is as good as any for what a server does with it. Tokens are the
printable ASCII characters, so that whatever it writes is text; the rows of all other tokens are
zero, so that the likeliest token is never one of them, and a text ends by its length alone.
"""

import sys

import gguf
import numpy as np

CONTEXT = 512
WIDTH, HEADS, LAYERS, INNER = 64, 4, 2, 128
SPECIAL = ["<unk>", "<s>", "</s>"]
CHAT = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:"


def vocabulary():
    kinds, texts = [], []
    for text in SPECIAL:
        texts.append(text)
        kinds.append(gguf.TokenType.UNKNOWN if text == "<unk>" else gguf.TokenType.CONTROL)
    for byte in range(256):
        texts.append(f"<0x{byte:02X}>")
        kinds.append(gguf.TokenType.BYTE)
    for code in range(33, 127):
        texts.append(chr(code))
        kinds.append(gguf.TokenType.NORMAL)
    texts.append("\u2581")  # how SentencePiece writes a blank
    kinds.append(gguf.TokenType.NORMAL)
    return texts, kinds


def main(path):
    random = np.random.default_rng(4)

    def weights(*shape, scale=0.25):
        return (random.standard_normal(shape) * scale).astype(np.float32)

    texts, kinds = vocabulary()
    first_printable = len(SPECIAL) + 256
    out = gguf.GGUFWriter(path, "llama")
    out.add_name("tiny")
    out.add_context_length(CONTEXT)
    out.add_embedding_length(WIDTH)
    out.add_block_count(LAYERS)
    out.add_feed_forward_length(INNER)
    out.add_head_count(HEADS)
    out.add_head_count_kv(HEADS)
    out.add_rope_dimension_count(WIDTH // HEADS)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_vocab_size(len(texts))
    out.add_tokenizer_model("llama")
    out.add_tokenizer_pre("default")
    out.add_token_list(texts)
    out.add_token_scores([0.0] * len(texts))
    out.add_token_types(kinds)
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    out.add_unk_token_id(0)
    out.add_add_space_prefix(False)
    out.add_chat_template(CHAT)
    out.add_tensor("token_embd.weight", weights(len(texts), WIDTH, scale=1.0))
    output = weights(len(texts), WIDTH, scale=0.4)
    output[:first_printable] = 0
    out.add_tensor("output.weight", output)
    out.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    for layer in range(LAYERS):
        name = f"blk.{layer}."
        out.add_tensor(name + "attn_norm.weight", np.ones(WIDTH, np.float32))
        out.add_tensor(name + "ffn_norm.weight", np.ones(WIDTH, np.float32))
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            out.add_tensor(f"{name}{part}.weight", weights(WIDTH, WIDTH))
        out.add_tensor(name + "ffn_gate.weight", weights(INNER, WIDTH))
        out.add_tensor(name + "ffn_up.weight", weights(INNER, WIDTH))
        out.add_tensor(name + "ffn_down.weight", weights(WIDTH, INNER))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


main(sys.argv[1])
