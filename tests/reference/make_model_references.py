"""Makes the small random models in tests/reference/models and what their origin computes from them.

Needed once, to make the references; tests read the files only. In an environment of its own:

    pip install torch transformers sentence-transformers onnx onnxscript
    python tests/reference/make_model_references.py

models/base is a BERT of two layers with random weights and a vocabulary of a hundred tokens. Each folder
beside it holds the files that differ: a test lays it over a copy of base. models/expected.json has the
vectors that sentence-transformers gives for each.
"""

import json
import pathlib
import shutil
import tempfile

import onnx
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer, models
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

HERE = pathlib.Path(__file__).parent / "models"
TOKEN_COUNT_MAX = 24
TEXTS = [
    "hello world",
    "",
    "a",
    "birds that cannot fly",
    "The QUICK brown fox, jumps over 13 lazy dogs!",
    "caf\u00e9 \u4f60\u597d \u0645\u0631\u062d\u0628\u0627",
    "one text that is far longer than the model reads, so that its end is cut off: " + "abc def " * 20,
]


def make_tokenizer(folder):
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += list(letters) + ["##" + letter for letter in letters] + list("0123456789.,:;!?-'")
    words += ["the", "that", "hello", "world", "bird", "##s", "fly", "query", "passage", "##ing", "can", "##not"]
    vocabulary = {word: i for i, word in enumerate(dict.fromkeys(words))}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=TOKEN_COUNT_MAX, pad_token="[PAD]", unk_token="[UNK]",
        cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"])
    fast.save_pretrained(folder)
    return len(vocabulary)


def make_base():
    folder = HERE / "base"
    folder.mkdir(parents=True)
    vocabulary_size = make_tokenizer(folder)
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=vocabulary_size, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=48, max_position_embeddings=40, initializer_range=0.3)
    model = BertModel(config, add_pooling_layer=False).eval()
    with torch.no_grad():  # norms and biases that are not ones and zeros
        for name, parameter in model.named_parameters():
            if "LayerNorm" in name or name.endswith("bias"):
                parameter += 0.2 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    (folder / "sentence_bert_config.json").write_text(
        json.dumps({"max_seq_length": TOKEN_COUNT_MAX, "do_lower_case": False}))
    return folder, model


def encode(folder):
    model = SentenceTransformer(str(folder), device="cpu")
    with torch.no_grad():
        return {
            "query": model.encode_query(TEXTS, batch_size=4).tolist(),
            "document": model.encode_document(TEXTS, batch_size=4).tolist(),
        }


def dense(in_features, out_features, activation, seed, **options):
    torch.manual_seed(seed)
    return models.Dense(in_features, out_features, activation_function=activation, **options)


def layer_norm(dimension, seed):
    torch.manual_seed(seed)
    module = models.LayerNorm(dimension)
    with torch.no_grad():
        module.norm.weight += 0.3 * torch.randn(dimension)
        module.norm.bias += 0.3 * torch.randn(dimension)
    return module


def make_modules(base, name, modules, **options):
    """Saves a whole model, keeps what differs from base, and returns its vectors."""
    with tempfile.TemporaryDirectory() as temporary:
        whole = pathlib.Path(temporary) / name
        transformer = models.Transformer(str(base), max_seq_length=TOKEN_COUNT_MAX)
        SentenceTransformer(modules=[transformer, *modules], device="cpu", **options).save(
            str(whole), create_model_card=False)
        overlay = HERE / name
        for file in whole.rglob("*"):
            relative = file.relative_to(whole)
            own = len(relative.parts) > 1 or relative.name in (
                "modules.json", "config_sentence_transformers.json")
            if file.is_file() and own:
                (overlay / relative).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, overlay / relative)
        return encode(whole)


def make_weights(base, name, state, split=False):
    """An overlay with other weights, and base's vectors with them (mean pooling, no modules.json)."""
    overlay = HERE / name
    overlay.mkdir()
    if split:
        names = sorted(state)
        half = len(names) // 2
        shards = {"model-00001-of-00002.safetensors": names[:half],
                  "model-00002-of-00002.safetensors": names[half:]}
        for shard, members in shards.items():
            save_file({n: state[n].contiguous() for n in members}, overlay / shard, {"format": "pt"})
        (overlay / "model.safetensors.index.json").write_text(json.dumps(
            {"weight_map": {n: shard for shard, members in shards.items() for n in members}}, indent=1))
        return None
    save_file(state, overlay / "model.safetensors", {"format": "pt"})
    with tempfile.TemporaryDirectory() as temporary:
        whole = pathlib.Path(temporary) / name
        shutil.copytree(base, whole)
        save_file({n: t.float() for n, t in state.items()}, whole / "model.safetensors", {"format": "pt"})
        return encode(whole)


def make_onnx(model, name):
    overlay = HERE / name / "onnx"
    overlay.mkdir(parents=True)

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.model(input_ids=input_ids, attention_mask=attention_mask,
                              token_type_ids=token_type_ids).last_hidden_state

    ids = torch.tensor([[2, 10, 11, 3], [2, 12, 3, 0]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("sequence", max=40)}
    torch.onnx.export(
        Encoder().eval(), (ids, mask, torch.zeros_like(ids)), str(overlay / "model.onnx"),
        input_names=["input_ids", "attention_mask", "token_type_ids"], output_names=["last_hidden_state"],
        dynamic_shapes=(axes, axes, axes), dynamo=True, external_data=False)
    strip(overlay / "model.onnx")


def strip(path):
    """Removes the exporter's stack traces, which are larger than the model."""
    proto = onnx.load(path)
    for item in [proto, proto.graph, *proto.graph.node, *proto.graph.value_info, *proto.graph.input,
                 *proto.graph.output, *proto.graph.initializer]:
        del item.metadata_props[:]
        item.ClearField("doc_string")
    del proto.graph.value_info[:]
    onnx.save(proto, path)


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    base, model = make_base()
    gelu, tanh = torch.nn.GELU(), torch.nn.Tanh()
    modes = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
    prompts = {"query": "query: ", "document": "that passage: "}
    cases = {
        "base": encode(base),
        "normalized": make_modules(base, "normalized", [models.Pooling(32, "cls"), models.Normalize()],
                                   similarity_fn_name="dot"),
        "joined": make_modules(base, "joined", [models.Pooling(32, modes)]),
        "dense": make_modules(base, "dense", [
            models.Pooling(32, ("mean", "max")), dense(64, 16, tanh, 1), layer_norm(16, 2),
            dense(16, 16, gelu, 3, use_residual=True), dense(16, 8, None, 4, bias=False, use_residual=True),
            models.Normalize()]),
        "prompts": make_modules(base, "prompts", [models.Pooling(32, "mean")], prompts=prompts),
        "prompts_left_out": make_modules(
            base, "prompts_left_out", [models.Pooling(32, modes, include_prompt=False)], prompts=prompts),
    }
    state = load_file(base / "model.safetensors")
    cases["f16"] = make_weights(base, "f16", {n: t.half() for n, t in state.items()})
    cases["bf16"] = make_weights(base, "bf16", {n: t.bfloat16() for n, t in state.items()})
    make_weights(base, "sharded", state, split=True)
    make_onnx(model, "onnx")
    rounded = {name: {role: [[round(x, 7) for x in row] for row in rows] for role, rows in case.items()}
               for name, case in cases.items()}
    lines = [json.dumps("texts") + ": " + json.dumps(TEXTS)]
    lines += [json.dumps(name) + ": " + json.dumps(case) for name, case in rounded.items()]
    (HERE / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
