import torch
from transformers import LlamaConfig, LlamaForCausalLM

from decoder import Decoder, Shape

SMALL = Shape(
    vocabulary=50, width=32, layers=2, heads=4, key_heads=2, head_width=8, feed_forward=48
)


def test_the_cache_changes_nothing():
    torch.manual_seed(1)
    model = Decoder(SMALL).eval()
    ids = torch.randint(0, 50, (1, 20))
    with torch.no_grad():
        whole = model(ids)
        past, parts = model.empty_cache(), []
        for part in ids.split([7, 1, 1, 11], dim=1):
            logits, fresh = model.step(part, past)
            parts.append(logits)
            past = torch.cat([past, fresh])
    assert past.shape == (20, 2, 2, 2, 8)
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-5, rtol=1e-4)


def test_no_position_sees_a_later_one():
    torch.manual_seed(2)
    model = Decoder(SMALL).eval()
    ids = torch.randint(0, 50, (1, 12))
    changed = ids.clone()
    changed[0, 8:] = (changed[0, 8:] + 1) % 50
    with torch.no_grad():
        torch.testing.assert_close(model(ids)[:, :8], model(changed)[:, :8])


LLAMA_NAMES = {
    "attention_norm": "input_layernorm",
    "query": "self_attn.q_proj",
    "key": "self_attn.k_proj",
    "value": "self_attn.v_proj",
    "attention_out": "self_attn.o_proj",
    "feed_norm": "post_attention_layernorm",
    "gate": "mlp.gate_proj",
    "up": "mlp.up_proj",
    "down": "mlp.down_proj",
}


def test_it_computes_what_transformers_llama_computes():
    torch.manual_seed(3)
    model = Decoder(SMALL).eval()
    llama = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=SMALL.vocabulary,
            hidden_size=SMALL.width,
            intermediate_size=SMALL.feed_forward,
            num_hidden_layers=SMALL.layers,
            num_attention_heads=SMALL.heads,
            num_key_value_heads=SMALL.key_heads,
            head_dim=SMALL.head_width,
            rms_norm_eps=SMALL.norm_epsilon,
            max_position_embeddings=SMALL.context,
            tie_word_embeddings=True,
        )
    ).eval()
    weights = {
        "model.embed_tokens.weight": model.embedding.weight,
        "lm_head.weight": model.embedding.weight,
        "model.norm.weight": model.norm.weight,
    }
    for layer, block in enumerate(model.blocks):
        for name, parameter in block.named_parameters():
            ours = name.removesuffix(".weight")
            weights[f"model.layers.{layer}.{LLAMA_NAMES[ours]}.weight"] = parameter
    llama.load_state_dict(weights)
    ids = torch.randint(0, SMALL.vocabulary, (2, 30))
    with torch.no_grad():
        torch.testing.assert_close(model(ids), llama(ids).logits, atol=1e-5, rtol=1e-4)
