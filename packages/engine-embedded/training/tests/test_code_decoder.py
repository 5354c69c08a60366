import torch

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
