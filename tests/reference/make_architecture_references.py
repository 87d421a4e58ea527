"""Makes the smallest random checkpoint of each architecture, and what the transformers package computes from it.

Needed once, to make the references; tests read the files only. In an environment of its own:

    pip install torch transformers sentence-transformers
    python tests/reference/make_architecture_references.py

architectures/<name>/ is a folder as its origin saves it, with the tokenizer of models/base. expected.json has,
for each, token ids (bare batches of mixed length, padded on either side) with the vectors of their real tokens'
mean and of the last real token, and texts with sentence-transformers' vectors.
"""

import json
import pathlib
import shutil

import torch
import transformers
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer, models

HERE = pathlib.Path(__file__).parent / "architectures"
TOKENIZER = pathlib.Path(__file__).parent / "models" / "base"
VOCABULARY = 110
POSITIONS = 40
TEXTS = [
    "hello world", "", "a", "birds that cannot fly", "The QUICK brown fox, jumps over 13 lazy dogs!",
    "one text that is far longer than the model reads, so that its end is cut off: " + "abc def " * 20,
]
SIZES = dict(vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
             intermediate_size=48, max_position_embeddings=POSITIONS, initializer_range=0.3)
AFTER_PADDING = dict(SIZES, max_position_embeddings=POSITIONS + 2, pad_token_id=1, type_vocab_size=1,
                     layer_norm_eps=1e-5)

CASES = {
    "bert": (transformers.BertConfig, dict(SIZES)),
    "distilbert": (transformers.DistilBertConfig, dict(
        vocab_size=VOCABULARY, dim=32, n_layers=2, n_heads=4, hidden_dim=48, max_position_embeddings=POSITIONS,
        initializer_range=0.3)),
    "roberta": (transformers.RobertaConfig, AFTER_PADDING),
    "xlm-roberta": (transformers.XLMRobertaConfig, AFTER_PADDING),
    "camembert": (transformers.CamembertConfig, AFTER_PADDING),
    # Long enough for distances that share a bucket.
    "mpnet": (transformers.MPNetConfig, dict(SIZES, max_position_embeddings=202, layer_norm_eps=1e-5)),
    # A window of 3 to each side, and a third layer that is global again.
    "modernbert": (transformers.ModernBertConfig, dict(
        SIZES, num_hidden_layers=4, local_attention=6, pad_token_id=0, cls_token_id=2, sep_token_id=3,
        bos_token_id=2, eos_token_id=3)),
    "nomic_bert": (transformers.NomicBertConfig, dict(SIZES)),
    "gte": (transformers.GteConfig, dict(SIZES, pad_token_id=0, type_vocab_size=1)),
    "qwen3": (transformers.Qwen3Config, dict(
        SIZES, num_key_value_heads=2, head_dim=16, pad_token_id=0, bos_token_id=None, eos_token_id=3,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6})),
}
PADDING = {"roberta": 1, "xlm-roberta": 1, "camembert": 1, "mpnet": 1}


def randomise(model, seed):
    """Norms and biases that are not ones and zeros; weights that spread the vectors."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1:
                parameter += 0.2 * torch.randn_like(parameter)
            elif "relative_attention_bias" in name:
                parameter.copy_(torch.randn_like(parameter))
            else:
                parameter.copy_(0.3 * torch.randn_like(parameter))


def longest(name):
    return 200 if name == "mpnet" else POSITIONS


def batches(name):
    """Batches of mixed length, with one row as long as the model reads."""
    generator = torch.Generator().manual_seed(5)
    draw = lambda count: torch.randint(5, VOCABULARY, (count,), generator=generator).tolist()
    return [[draw(7), draw(1), draw(longest(name)), draw(20)], [draw(3), draw(5)]]


def pad(rows, padding_id, side):
    length = max(map(len, rows))
    fill = lambda row, value: [value] * (length - len(row))
    place = (lambda row, extra: row + extra) if side == "right" else (lambda row, extra: extra + row)
    ids = [place(row, fill(row, padding_id)) for row in rows]
    mask = [place([1] * len(row), [0] * (length - len(row))) for row in rows]
    return torch.tensor(ids), torch.tensor(mask)


def run(model, rows, padding_id, side):
    ids, mask = pad(rows, padding_id, side)
    with torch.no_grad():
        tokens = model(input_ids=ids, attention_mask=mask).last_hidden_state
    weights = mask.unsqueeze(-1).float()
    mean = (tokens * weights).sum(1) / weights.sum(1)
    last = torch.stack([tokens[i, mask[i].nonzero().max()] for i in range(len(rows))])
    return {"ids": ids.tolist(), "mask": mask.tolist(), "mean": rounded(mean), "last": rounded(last)}


def rounded(tensor):
    return [[round(x, 6) for x in row] for row in tensor.tolist()]


def embed(folder, name):
    pooling = "lasttoken" if name == "qwen3" else "mean"
    transformer = models.Transformer(str(folder), max_seq_length=longest(name))
    if name == "qwen3":
        transformer.tokenizer.padding_side = "left"
    model = SentenceTransformer(modules=[transformer, models.Pooling(32, pooling)], device="cpu")
    with torch.no_grad():
        vectors = model.encode(TEXTS, batch_size=4, convert_to_tensor=True)
    return rounded(vectors)


def add_tokenizer(folder, name):
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TOKENIZER / file, folder / file)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config["model_max_length"] = longest(name)
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1))
    if name == "qwen3":
        (folder / "modules.json").write_text(json.dumps([
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]))
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(
            {"word_embedding_dimension": 32, "pooling_mode_lasttoken": True, "include_prompt": True}))


def make(name, config_class, options, seed):
    folder = HERE / name
    model = transformers.AutoModel.from_config(config_class(**options)).eval()
    randomise(model, seed)
    model.save_pretrained(folder)
    drop_unused(folder)
    add_tokenizer(folder, name)
    padding_id = PADDING.get(name, 0)
    # Where places are counted from the left, padding there would move the text.
    sides = ["right"] if name in ("bert", "distilbert") else ["right", "left"]
    return {"batches": [run(model, rows, padding_id, side) for rows in batches(name) for side in sides],
            "vectors": embed(folder, name)}


def drop_unused(folder):
    """The pooler that a bare model carries and an embedding does not use."""
    path = folder / "model.safetensors"
    save_file({n: t for n, t in load_file(path).items() if "pooler" not in n}, path, {"format": "pt"})


def make_overlay(base, name, files):
    """The same weights under other names or another configuration."""
    folder = HERE / name
    shutil.copytree(HERE / base, folder)
    for file, change in files.items():
        path = folder / file
        if file.endswith(".json"):
            path.write_text(json.dumps(change(json.loads(path.read_text())), indent=1))
        else:
            save_file(change(load_file(path)), path, {"format": "pt"})


def nomic_own(config):
    """The configuration that Nomic publishes its models with."""
    return {"model_type": "nomic_bert", "n_embd": 32, "n_head": 4, "n_layer": 2, "n_inner": 48,
            "n_positions": POSITIONS, "vocab_size": VOCABULARY, "type_vocab_size": 2,
            "layer_norm_epsilon": config["layer_norm_eps"], "rotary_emb_base": 1000, "rotary_emb_fraction": 1.0,
            "rotary_emb_interleaved": False, "activation_function": "swiglu", "prenorm": False, "causal": False,
            "qkv_proj_bias": False, "mlp_fc1_bias": False, "mlp_fc2_bias": False, "use_rms_norm": False,
            "rotary_scaling_factor": None, "max_trained_positions": 2048}


def new_config(config):
    return dict(config, model_type="new", pack_qkv=True, position_embedding_type="rope", rope_theta=160000.0,
                layer_norm_type="layer_norm", logn_attention_scale=False, rope_scaling=None)


def ntk(expected):
    """gte with stretched angles, which the transformers package does not have: its origin's model code is on the
    hub only. Written from the description of NTK-aware scaling: the base grows by the factor, and every speed
    shrinks by factor ** (2 / head size). The rest is the package's own model."""
    config = transformers.GteConfig(**CASES["gte"][1])
    model = transformers.AutoModel.from_config(config).eval()
    randomise(model, 77)
    base, factor, size = 10000.0, 4.0, 8
    speeds = 1.0 / ((base * factor) ** (torch.arange(0, size, 2, dtype=torch.float) / size) * factor ** (2 / size))
    model.rotary_emb.inv_freq = speeds
    folder = HERE / "new_ntk"
    model.save_pretrained(folder)
    drop_unused(folder)
    add_tokenizer(folder, "gte")
    path = folder / "config.json"
    own = new_config(json.loads(path.read_text()))
    own.pop("rope_parameters", None)
    own.update(rope_theta=base, rope_scaling={"type": "ntk", "factor": factor})
    path.write_text(json.dumps(own, indent=1))
    expected["new_ntk"] = {"batches": [run(model, rows, 0, side) for rows in batches("gte")
                                       for side in ("right", "left")]}


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    expected = {"texts": TEXTS}
    for seed, (name, (config_class, options)) in enumerate(CASES.items()):
        expected[name] = make(name, config_class, options, seed)
    make_overlay("roberta", "roberta_prefixed", {
        "model.safetensors": lambda state: {"roberta." + n: t for n, t in state.items()}})
    make_overlay("nomic_bert", "nomic_bert_own", {"config.json": nomic_own})
    make_overlay("gte", "new", {
        "config.json": new_config,
        "model.safetensors": lambda state: {"new." + n.removeprefix("new."): t for n, t in state.items()}})
    for name, same in (("roberta_prefixed", "roberta"), ("nomic_bert_own", "nomic_bert"), ("new", "gte")):
        expected[name] = expected[same]
    ntk(expected)
    lines = [json.dumps(name) + ": " + json.dumps(case) for name, case in expected.items()]
    (HERE / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
