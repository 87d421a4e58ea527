"""Wrong input: one clear message with values and what to do, exit code 1 or 2, and nothing changed."""

import json
import os
import shutil
import sqlite3
import subprocess
import unittest
from pathlib import Path

from harness import ANIMALS, DEPS, MINILM, Scenario


class BadSources(Scenario):
    def test_missing_file_and_empty_pattern(self):
        self.fails("sources", "add", "x", "nowhere.csv", says="nowhere.csv")
        (self.folder / "empty").mkdir()
        self.fails("sources", "add", "x", "empty", says="empty")
        self.fails("sources", "add", "x", "empty/*.csv", says="*.csv")
        self.assertEqual(self.json_lines("sources", "list"), [])

    def test_broken_files_are_named(self):
        self.write("broken.parquet", b"PAR1 this is no parquet PAR1")
        self.fails("sources", "add", "x", "broken.parquet", says="broken.parquet")
        self.write("broken.json", '[{"a": 1}, {"a": ')
        self.fails("sources", "add", "x", "broken.json", says="broken.json")
        self.write("broken.csv", 'a,b\n1,2\n"unclosed,3\n4,5,6,7\n')
        self.fails("sources", "add", "x", "broken.csv", says="broken.csv")
        self.write("empty.csv", "")
        self.fails("sources", "add", "x", "empty.csv", says="empty.csv")
        self.write("header.csv", "id,text\n")
        self.fails("sources", "add", "x", "header.csv", says="no rows")
        self.write("data.xyz", "a,b\n1,2\n")
        self.fails("sources", "add", "x", "data.xyz", says=["data.xyz", "--format"])

    def test_files_of_different_schemas(self):
        self.write("one.csv", "id,text\n1,a\n")
        self.write("two.csv", "id,other\n2,b\n")
        self.fails("sources", "add", "x", "one.csv", "two.csv", says=["two.csv"])

    def test_unreadable_file(self):
        if os.geteuid() == 0:
            self.skipTest("root reads everything")
        path = self.write("secret.csv", "id\n1\n")
        path.chmod(0)
        self.fails("sources", "add", "x", "secret.csv", says="secret.csv")

    def test_a_file_that_is_gone_or_lost_a_column(self):
        path = self.add_animals()
        self.write_csv("animals.csv", ["id", "year"], [(name, year) for name, _, year in ANIMALS])
        self.fails("sql", "SELECT count(*) FROM animals", says=["animals", "text"])
        path.unlink()
        self.fails("sql", "SELECT count(*) FROM animals", says="animals.csv")

    def test_name_taken(self):
        path = self.add_animals()
        self.fails("sources", "add", "animals", path, says="exists")


class BadEmbedding(Scenario):
    def embed(self, *changes, says, code=1):
        options = {"--model": MINILM, "--columns": "text", "--key": "id"}
        options.update(dict(changes))
        flat = [word for pair in options.items() for word in pair]
        return self.fails("embed", "animals", *flat, says=says, code=code)

    def test_unknown_things_are_listed(self):
        self.add_animals()
        self.fails("embed", "nothing", "--model", MINILM, "--columns", "text", "--key", "id", says=["nothing", "animals"])
        self.embed(("--columns", "body"), says=["body", "text"])
        self.embed(("--key", "nr"), says=["nr", "id"])
        self.embed(("--model", "local:/no/such/model"), says="/no/such/model")
        self.embed(("--model", "nobody/no-such-model"), says="no-such-model")
        self.assertEqual(self.json_lines("tables", "list"), [])

    def test_keys(self):
        self.ok("sources", "add", "twice", self.write("twice.csv", "id,text\na,one\nb,two\na,three\n"))
        self.fails("embed", "twice", "--model", MINILM, "--columns", "text", "--key", "id", says=["a", "id"])
        self.ok("sources", "add", "nulls", self.write("nulls.csv", "id,text\na,one\n,two\n"))
        self.fails("embed", "nulls", "--model", MINILM, "--columns", "text", "--key", "id", says=["null", "id"])
        self.assertEqual(self.json_lines("tables", "list"), [])

    def test_nothing_but_empty_texts(self):
        self.ok("sources", "add", "void", self.write("void.csv", 'id,text\na,""\nb,\n'))
        self.fails("embed", "void", "--model", MINILM, "--columns", "text", "--key", "id", says="text")
        self.assertEqual(self.json_lines("tables", "list"), [])

    def copy_of_minilm(self):
        folder = self.folder / "model"
        shutil.copytree(DEPS / "models/all-MiniLM-L6-v2", folder)
        return folder

    def test_broken_models(self):
        self.add_animals()
        model = self.copy_of_minilm()
        weights = model / "model.safetensors"
        os.truncate(weights, weights.stat().st_size // 2)
        self.embed(("--model", f"local:{model}"), says="model.safetensors")
        shutil.copy(DEPS / "models/all-MiniLM-L6-v2/model.safetensors", weights)
        tokenizer = json.loads((model / "tokenizer.json").read_text())
        tokenizer["model"]["vocab"] = {}
        (model / "tokenizer.json").write_text(json.dumps(tokenizer))
        self.embed(("--model", f"local:{model}"), says="tokenizer.json")
        shutil.copy(DEPS / "models/all-MiniLM-L6-v2/tokenizer.json", model)
        config = json.loads((model / "config.json").read_text())
        (model / "config.json").write_text(json.dumps({**config, "model_type": "t5", "architectures": ["T5Model"]}))
        self.embed(("--model", f"local:{model}"), says=["t5", "bert"])
        (model / "config.json").write_text(json.dumps({**config, "hidden_size": 400}))
        self.embed(("--model", f"local:{model}"), says="400")

    def test_texts_that_are_strange_still_embed(self):
        rows = [["long", "word " * 200_000], ["control", "\x01\x02 \x7f"], ["emoji", "🦜 parrot"]]
        self.ok("sources", "add", "strange", self.write("strange.jsonl", "".join(
            json.dumps({"id": key, "text": text}) + "\n" for key, text in rows)))
        result = self.json("embed", "strange", "--model", MINILM, "--columns", "text", "--key", "id")
        self.assertEqual(result["embedded"] + result["failed"], 3)
        self.assertGreaterEqual(result["embedded"], 2)

    def test_disk_full_while_embedding(self):
        mount = self.folder / "small"
        mount.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount], capture_output=True)
        if made.returncode != 0:
            self.skipTest("cannot mount a small file system here")
        self.addCleanup(subprocess.run, ["umount", mount])
        rows = [[i, f"text number {i}"] for i in range(3000)]
        self.write_csv("many.csv", ["id", "text"], rows)
        environment = {"IOLITE_DB": str(mount / "db")}
        self.ok("sources", "add", "many", "many.csv", environment=environment)
        message = self.fails("embed", "many", "--model", MINILM, "--columns", "text", "--key", "id", environment=environment)
        self.assertRegex(message, "(?i)space|full")
        self.assertEqual(self.json_lines("tables", "list", environment=environment), [])
        rows = self.json_lines("sql", "SELECT count(*) n FROM many", environment=environment)
        self.assertEqual(rows, [{"n": 3000}])


class BadQueries(Scenario):
    def test_sql_with_the_place(self):
        self.add_animals()
        message = self.fails("sql", "SELECT year FRM animals", says="FRM")
        self.assertIn("^", message)
        self.fails("sql", "SELECT nothing FROM animals", says=["nothing", "Candidate bindings", "^"])
        self.fails("sql", "SELECT * FROM nowhere", says="nowhere")

    def test_search(self):
        self.embed_animals()
        self.fails("search", "nothing", "x", says="nothing")
        self.fails("search", "animals", "x", "--where", "year >>> 3", says="year >>> 3")
        self.fails("search", "animals", "x", "--where", "nothing = 1", says="nothing")
        self.fails("search", "animals", "x", "--where", "1=1) OR (1=1", says="1=1")
        self.fails("search", "animals", "x", "--select", "nothing", says=["nothing", "year"])
        self.fails("search", "animals", "x", "-k", "-1", code=2, says="-k")
        self.fails("search", "animals", "x", "-k", "many", code=2, says="many")
        self.fails("search", "animals", "--vector", "[1, 2]", says=["2", "384"])
        self.fails("search", "animals", "--vector", json.dumps([float("nan")] * 384), says="NaN")
        self.fails("search", "animals", "--vector", "[1, two]", says="two")
        self.fails("search", "animals", "--like", "unicorn", says="unicorn")
        self.fails("search", "animals", code=2, says="--vector")
        self.fails("search", "animals", "x", "--like", "bee", code=2)

    def test_search_without_vectors(self):
        self.add_animals()
        self.fails("search", "animals", "x", says=["animals", "iolite embed"])

    def test_wrong_use(self):
        self.fails("frobnicate", code=2)
        self.fails("sources", "add", code=2)
        self.fails("sql", "SELECT 1", "--output", "yaml", code=2, says="yaml")

    def test_unknown_names(self):
        self.add_animals()
        for command in (["tables", "describe", "x"], ["tables", "drop", "x"], ["jobs", "show", "x"], ["jobs", "cancel", "x"],
                        ["sources", "remove", "x"], ["models", "remove", "x"]):
            self.fails(*command, says="x")


class BadEvaluation(Scenario):
    """Runs need no table and no model: most mistakes can be made with files alone."""

    def setUp(self):
        super().setUp()
        self.write("good.run", "q1 Q0 a 1 2 t\nq1 Q0 b 2 1 t\n")
        self.write("qrels.tsv", "q1\ta\t1\nq2\tb\t1\n")

    def measure_fails(self, says, *arguments, **options):
        return self.fails("eval", *arguments, "--no-keep", says=says, **options)

    def test_judgements(self):
        self.write("empty.tsv", "query-id\tcorpus-id\tscore\n")
        self.measure_fails("holds no judgements", "run:good.run", "--qrels", "empty.tsv")
        self.measure_fails("nowhere.tsv", "run:good.run", "--qrels", "nowhere.tsv")
        self.write("words.tsv", "q1\ta\thigh\n")
        self.measure_fails("words.tsv:1", "run:good.run", "--qrels", "words.tsv")
        self.write("queries.tsv", "x1\tsome\n")
        self.measure_fails(["None of the 1 queries", "x1", "q1"], "run:good.run", "--qrels", "qrels.tsv", "--queries", "queries.tsv")

    def test_runs(self):
        self.write("ranks.run", "q1 Q0 a 1 2 t\nq1 Q0 b 1 1 t\n")
        self.measure_fails('ranks.run:2: query "q1" has rank 1 twice', "run:ranks.run", "--qrels", "qrels.tsv")
        self.write("documents.run", "q1 Q0 a 1 2 t\nq1 Q0 a 2 1 t\n")
        self.measure_fails('documents.run:2: query "q1" has document "a" twice', "run:documents.run", "--qrels", "qrels.tsv")
        self.write("empty.run", "")
        self.measure_fails("holds no run", "run:empty.run", "--qrels", "qrels.tsv")
        self.measure_fails("neither a kept run nor a run file", "run:nowhere", "--qrels", "qrels.tsv")

    def test_options(self):
        self.measure_fails("-k", "run:good.run", "--qrels", "qrels.tsv", "-k", "0", code=2)
        self.measure_fails("The cut-off 3 is given twice", "run:good.run", "--qrels", "qrels.tsv", "-k", "3,3")
        self.measure_fails("--qrels", "run:good.run", code=2)
        self.measure_fails("TARGET", "--qrels", "qrels.tsv", code=2)
        self.measure_fails('are called "good.run"', "run:good.run", "--compare", "run:good.run", "--qrels", "qrels.tsv")
        self.measure_fails("takes queries", "papers", "--qrels", "qrels.tsv")
        self.measure_fails('no option "fast"', "papers,fast", "--qrels", "qrels.tsv")
        self.measure_fails("confidence is 2", "run:good.run", "--compare", "run:good.run,name=b", "--qrels", "qrels.tsv", "--confidence", "2")
        self.measure_fails("There are ndcg@10", "run:good.run", "--qrels", "qrels.tsv", "--plot", "p.svg", "--plot-metric", "ndcg@3")
        self.write("queries.tsv", "q1\tsome\n")
        self.measure_fails('No query has a column "year"', "run:good.run", "--qrels", "qrels.tsv", "--queries", "queries.tsv", "--cohort", "year")
        self.fails("eval", "show", "eval-0", says="There is no run 'eval-0'")
        self.fails("eval", "export", "eval-0", "x.run", says="There is no run 'eval-0'")
        self.fails("eval", "remove", "eval-0", says="There is no run 'eval-0'")

    def test_ids_that_fit_nowhere_are_counted_and_named(self):
        self.write("queries.tsv", "q1\tsome\nq7\tnobody judged\n")
        self.write("strange.run", "q1 Q0 a 1 2 t\nq9 Q0 b 1 1 t\n")
        done = self.run_program("eval", "run:strange.run", "--qrels", "qrels.tsv", "--queries", "queries.tsv", "--output", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        figures = json.loads(done.stdout)
        self.assertEqual((figures["queries"], figures["queries_unjudged"]), (1, 1))
        self.assertEqual(figures["queries_unknown"], {"count": 1, "examples": ["q2"]})
        for words in ('1 query has no judgement and was not asked: "q7"', 'not in the file of queries: "q2"', 'is not asked: "q9"'):
            self.assertIn(words, done.stderr)

    def test_documents_that_a_table_lacks(self):
        self.embed_animals()
        self.write("queries.tsv", "q1\tsea robber\n")
        self.write("qrels.tsv", "q1\tpirate\t1\nq1\tkraken\t1\n")
        done = self.run_program("eval", "animals", "--qrels", "qrels.tsv", "--queries", "queries.tsv", "--output", "json")
        self.assertEqual(json.loads(done.stdout)["documents_unknown"], {"count": 1, "examples": ["kraken"]})
        self.assertIn('counts as not found: "kraken"', done.stderr)

    def test_labels(self):
        self.write_csv("truth.csv", ["id", "label"], [("1", "a")])
        self.write_csv("twice.csv", ["id", "label", "confidence"], [("1", "a", 2), ("1", "a", 1)])
        self.write_csv("sure.csv", ["id", "label", "confidence"], [("1", "a", 2)])
        for name in ("truth", "twice", "sure"):
            self.ok("sources", "add", name, f"{name}.csv")
        self.measure_fails('"1" twice', "labels", "twice", "--truth", "truth")
        self.measure_fails('confidence of row "1" is 2', "labels", "sure", "--truth", "truth")
        self.measure_fails('no column "kind"', "labels", "sure", "--truth", "truth", "--label", "kind")
        self.measure_fails("--confidence", "labels", "truth", "--truth", "truth", "--plot", "x.svg")
        self.measure_fails("absent", "labels", "absent", "--truth", "truth")
        self.measure_fails('no column "start"', "entities", "truth", "--truth", "truth")


class BadDatabases(Scenario):
    def test_newer_format(self):
        self.add_animals()
        with sqlite3.connect(self.database / "catalog.sqlite") as catalog:
            catalog.execute("PRAGMA user_version = 9999")
        self.fails("sources", "list", says=["9999", "newer"])

    def test_database_path_is_a_file(self):
        path = self.write("file", "x")
        self.fails("sources", "list", environment={"IOLITE_DB": str(path)}, says="file")

    def test_read_only_folder(self):
        self.add_animals()
        if os.geteuid() == 0:
            if subprocess.run(["mount", "--bind", "-o", "ro", self.database, self.database], capture_output=True).returncode != 0:
                self.skipTest("root writes everywhere and cannot mount here")
            self.addCleanup(subprocess.run, ["umount", self.database])
        else:
            self.database.chmod(0o555)
            self.addCleanup(self.database.chmod, 0o755)
        self.assertEqual(len(self.json_lines("sources", "list")), 1)
        self.assertEqual(self.json_lines("sql", "SELECT count(*) n FROM animals"), [{"n": 8}])
        self.fails("sources", "remove", "animals", says=str(self.database))

    def test_settings(self):
        self.add_animals()
        self.write("db/iolite.toml", "[threads]\ncuont = 1\n")
        self.fails("sources", "list", says=["cuont", "count"])
        self.write("db/iolite.toml", "[threads]\ncount = 'many'\n")
        self.fails("sources", "list", says=["count", "many"])
        self.write("db/iolite.toml", "")
        self.fails("sources", "list", environment={"IOLITE_THREADS__CUONT": "1"}, says="IOLITE_THREADS__CUONT")
        self.fails("sources", "list", "--set", "threads.count", says="threads.count")


if __name__ == "__main__":
    unittest.main(verbosity=1)
