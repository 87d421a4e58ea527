"""Makes heads for the checkpoints of tests/reference/architectures, and what their origins compute with them.

Needed once, to make the references; tests read the files only. In an environment of its own, after
make_architecture_references.py:

    pip install torch transformers sentence-transformers
    python tests/reference/make_task_references.py

tasks/<architecture>_<task>/ holds config.json, the head's tensors, and an index that says which shard has what:
a test adds the architecture's own checkpoint as encoder.safetensors, and its tokenizer. expected.json has scores
of pairs (sentence-transformers), labels of texts and entities (transformers).
"""

import json
import pathlib
import shutil
import tempfile

import torch
import transformers
from safetensors.torch import load_file, save_file
from sentence_transformers import CrossEncoder

HERE = pathlib.Path(__file__).parent / "tasks"
ARCHITECTURES = pathlib.Path(__file__).parent / "architectures"
PREFIXES = ("bert.", "distilbert.", "roberta.", "mpnet.", "model.", "nomic_bert.", "gte.", "new.")
TYPED = ("bert", "nomic_bert")  # those with two token types
NAMES = ("bert", "distilbert", "roberta", "xlm-roberta", "camembert", "mpnet", "modernbert", "nomic_bert", "gte",
         "qwen3")
LONG = "abc def " * 20
PAIRS = [
    ["hello world", "birds that cannot fly"], ["a", ""], ["", "a"], ["", ""], ["fly", "The QUICK brown fox, 13!"],
    ["short", "a long text: " + LONG], ["a long query: " + LONG, "short"], [LONG, LONG + "and more"],
]
TEXTS = [
    "hello world", "", "a", "birds that cannot fly", "The QUICK brown fox, jumps over 13 lazy dogs!",
    "caf\u00e9 \u4f60\u597d: hello, that world - fly", "a text that is cut: " + LONG,
]
BIO = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG"]


def spread_head(model, seed):
    """A head whose logits differ from text to text."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if any(part in name for part in ("classifier", "head.", "score", "pooler")):
                parameter.copy_(0.5 * torch.randn_like(parameter) + (1.0 if "norm" in name else 0.0))


def strip(name):
    for prefix in PREFIXES:
        if name.startswith(prefix):
            return name[len(prefix):]
    return name


def assemble(architecture, folder):
    """The architecture's checkpoint and tokenizer, where only the head is missing."""
    shutil.copytree(ARCHITECTURES / architecture, folder)
    if architecture not in TYPED:
        path = folder / "tokenizer_config.json"
        config = json.loads(path.read_text())
        config["model_input_names"] = ["input_ids", "attention_mask"]
        path.write_text(json.dumps(config))


def keep(name, whole, encoder):
    """Writes what the encoder's own file does not have."""
    overlay = HERE / name
    overlay.mkdir(parents=True)
    shutil.copy(whole / "config.json", overlay / "config.json")
    state = load_file(whole / "model.safetensors")
    head = {strip(n): t for n, t in state.items() if strip(n) not in encoder}
    save_file(head, overlay / "head.safetensors", {"format": "pt"})
    places = {**{n: "encoder.safetensors" for n in encoder}, **{n: "head.safetensors" for n in head}}
    (overlay / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}, indent=1))


def make(name, architecture, auto_class, compute, seed, activation=None, **config):
    with tempfile.TemporaryDirectory() as temporary:
        whole = pathlib.Path(temporary) / "whole"
        assemble(architecture, whole)
        encoder = load_file(whole / "model.safetensors")
        model = auto_class.from_pretrained(whole, **config).eval()
        spread_head(model, seed)
        if activation:
            model.config.sentence_transformers = {"activation_fn": activation, "version": "5.0.0"}
        model.save_pretrained(whole)
        keep(name, whole, encoder)
        return compute(whole)


def score(whole):
    model = CrossEncoder(str(whole), device="cpu")
    scores = model.predict(PAIRS, batch_size=3, convert_to_tensor=True)
    if scores.dim() == 2:  # the second label says yes
        scores = torch.softmax(scores, -1)[:, 1]
    return [round(x, 6) for x in scores.tolist()]


def classify(function):
    def compute(whole):
        model = transformers.AutoModelForSequenceClassification.from_pretrained(whole).eval()
        tokenizer = transformers.AutoTokenizer.from_pretrained(whole)
        tokens = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt")
        with torch.no_grad():
            rows = function(model(**tokens).logits)
        return [[round(x, 6) for x in row] for row in rows.tolist()]
    return compute


def find(whole):
    model = transformers.AutoModelForTokenClassification.from_pretrained(whole).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(whole)
    found = {}
    for strategy in ("first", "average", "max"):
        pipe = transformers.pipeline("token-classification", model=model, tokenizer=tokenizer,
                                     aggregation_strategy=strategy, device="cpu")
        found[strategy] = [[{"label": entity["entity_group"], "begin": int(entity["start"]),
                             "end": int(entity["end"]), "text": text[entity["start"]:entity["end"]],
                             "confidence": round(float(entity["score"]), 6)} for entity in pipe(text)]
                           if text else [] for text in TEXTS]
    return found


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    text_class = transformers.AutoModelForSequenceClassification
    token_class = transformers.AutoModelForTokenClassification
    labels = lambda names: dict(num_labels=len(names), id2label=dict(enumerate(names)),
                                label2id={name: i for i, name in enumerate(names)})
    softmax = lambda logits: torch.softmax(logits, -1)
    expected = {"pairs": PAIRS, "texts": TEXTS}
    for seed, name in enumerate(NAMES):
        expected[f"{name}_rerank"] = make(f"{name}_rerank", name, text_class, score, 100 + seed, num_labels=1)
        expected[f"{name}_classification"] = make(
            f"{name}_classification", name, text_class, classify(softmax), 200 + seed,
            **labels(["red", "green", "blue"]))
        expected[f"{name}_entities"] = make(f"{name}_entities", name, token_class, find, 300 + seed, **labels(BIO))
    expected["bert_rerank_raw"] = make("bert_rerank_raw", "bert", text_class, score, 1, num_labels=1,
                                       activation="torch.nn.modules.linear.Identity")
    expected["bert_rerank_two"] = make("bert_rerank_two", "bert", text_class, score, 2, num_labels=2,
                                       activation="torch.nn.modules.linear.Identity")
    expected["bert_multi_label"] = make(
        "bert_multi_label", "bert", text_class, classify(torch.sigmoid), 3,
        problem_type="multi_label_classification", **labels(["1", "2", "3", "4"]))
    expected["bert_regression"] = make("bert_regression", "bert", text_class, classify(lambda x: x), 4,
                                       problem_type="regression", num_labels=1)
    expected["modernbert_mean"] = make("modernbert_mean", "modernbert", text_class, classify(softmax), 5,
                                       classifier_pooling="mean", **labels(["a", "b"]))
    lines = [json.dumps(name) + ": " + json.dumps(case) for name, case in expected.items()]
    (HERE / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
