"""Makes tests/reference/static_embeddings/: tiny models in model2vec's layout, and the vectors that the
model2vec package gives for a few texts.

    python3 -m venv /tmp/reference && /tmp/reference/bin/pip install model2vec==0.10.0
    /tmp/reference/bin/python tests/reference/static_embeddings.py

Run once; the tests read what it wrote.
"""

import json
import shutil
from pathlib import Path

import numpy as np
from model2vec import StaticModel
from tokenizers import Tokenizer
from tokenizers.models import Unigram, WordPiece
from tokenizers.normalizers import BertNormalizer, NFKC
from tokenizers.pre_tokenizers import BertPreTokenizer, Metaspace

FOLDER = Path(__file__).parent / "static_embeddings"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "the", "pirate", "ship", "sail", "##s", "##ing", "at", "sea",
         "bird", "fly", "not", "can", ",", "."]
TEXTS = ["the pirate ship", "Birds can not fly.", "sailing, sails, sail", "at sea at sea at sea at sea",
         "zebra", "the zebra", "", "ship " * 40, "a\u0301 se\u0301a"]


def word_piece() -> Tokenizer:
    tokenizer = Tokenizer(WordPiece({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    return tokenizer


def unigram() -> Tokenizer:
    pieces = [("<unk>", 0.0)] + [("\u2581" + w if len(w) > 2 else w, -2.0 - i / 8) for i, w in enumerate(WORDS[4:])]
    tokenizer = Tokenizer(Unigram(pieces, unk_id=0, byte_fallback=False))
    tokenizer.normalizer = NFKC()
    tokenizer.pre_tokenizer = Metaspace()
    return tokenizer


def make(name: str, tokenizer: Tokenizer, rows: np.ndarray, **settings) -> None:
    folder = FOLDER / name
    model = StaticModel(rows, tokenizer, config={"model_type": "model2vec"}, **settings)
    model.save_pretrained(folder)
    for extra in ("README.md", "modules.json"):
        (folder / extra).unlink(missing_ok=True)
    loaded = StaticModel.from_pretrained(folder)
    vectors = loaded.encode(TEXTS).astype(np.float64)
    expected = {"texts": TEXTS, "vectors": vectors.tolist()}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    random = np.random.default_rng(7)
    rows = random.standard_normal((len(WORDS), 8))
    make("plain", word_piece(), rows.astype(np.float32), normalize=True)
    make("short", word_piece(), rows.astype(np.float32), normalize=False, max_length=3)
    make("half", word_piece(), rows.astype(np.float16), normalize=False)
    make("bytes", word_piece(), np.round(rows * 50).astype(np.int8), normalize=True)
    make("mapped", word_piece(), rows[:5].astype(np.float32), normalize=True,
         weights=random.uniform(0.1, 2.0, len(WORDS)), token_mapping=random.integers(0, 5, len(WORDS)))
    make("unigram", unigram(), random.standard_normal((16, 8)).astype(np.float32), normalize=True)


if __name__ == "__main__":
    main()
